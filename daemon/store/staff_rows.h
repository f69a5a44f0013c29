/* staff_rows: staff that was enrolled, or suspended, while the daemon runs (tongbanctl), used inside commands and queries; no policy. */
#ifndef STORE_STAFF_ROWS_H
#define STORE_STAFF_ROWS_H

#include "daemon/store/store.h"
#include "proto/limits.h"

enum staff_state { STAFF_WORKS, STAFF_SUSPENDED, STAFF_ENDED };
enum { STAFF_WINDOW_BYTES = 60, TOWNSHIP_LEN = 9, CERTIFICATE_LEN = 64 };

struct staff_row {
    char staff[STAFF_TEXT];                 /* "320623:0007" */
    char name[LIMIT_NAME_BYTES + 1];
    char role[12];
    char window[STAFF_WINDOW_BYTES + 1];    /* "" none */
    char township[TOWNSHIP_LEN + 1];        /* GB/T 2260 and 10114, "" none */
    char certificate[CERTIFICATE_LEN + 1];  /* SHA-256 in hex: no other opens anything; "": of the configuration */
    enum staff_state state;
    char reason[LIMIT_NAME_BYTES + 1];      /* of the last change, "" none */
    int64_t changed;                        /* ms */
    int64_t changed_by;                     /* user id of who changed it */
};
/* Adds the row, or replaces the one of the same number. */
int staff_put(struct store_db *db, const struct staff_row *row) TB_MUST_USE;
int staff_get(struct store_db *db, const char *staff, struct staff_row *row) TB_MUST_USE; /* TB_ENOTFOUND */
/* All, in the order of their enrolment; *rows is new (free).  At most LIMIT_STAFF, and those of the configuration. */
int staff_list(struct store_db *db, struct staff_row **rows, size_t *count) TB_MUST_USE;
int staff_count(struct store_db *db, int64_t *count) TB_MUST_USE;

/* Where somebody sits since the entry `entry` (staff.placed) of our ledger. */
struct desk_row {
    int64_t entry;
    char staff[STAFF_TEXT];
    char window[STAFF_WINDOW_BYTES + 1];    /* "" none */
    char township[TOWNSHIP_LEN + 1];        /* "" none */
};
int desk_add(struct store_db *db, const struct desk_row *row) TB_MUST_USE;
/* The last one of this member of staff before the entry `before`; TB_ENOTFOUND. */
int desk_last(struct store_db *db, const char *staff, int64_t before, struct desk_row *row) TB_MUST_USE;

#endif
