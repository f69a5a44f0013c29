/* joint_rows: typed access to the rows of joint cases and their legs, used inside commands and queries; no policy.
 *
 * A joint case is a row here only at the office that opened it.  Its content — applicant, materials, resolved legs — is the body of its
 * entry joint.opened and stands nowhere else (decision 2).  Times are ms since 1970, days are days since 1970, 0 for "not yet". */
#ifndef STORE_JOINT_ROWS_H
#define STORE_JOINT_ROWS_H

#include "daemon/store/store.h"
#include "proto/joint.h"

struct joint_row {
    int64_t id; /* rowid */
    char joint_no[CASE_NO_TEXT];
    char item[64];
    int64_t item_version;
    enum joint_rule rule;
    enum joint_state state;
    int64_t entry;               /* place of joint.opened in the ledger */
    int64_t withdrawn;           /* of joint.withdrawn: the applicant took it back, nothing more is opened; 0 not */
    int64_t ended;               /* of joint.closed; 0 not yet */
    int64_t opened, closed;      /* ms */
    char *title;                 /* owned: name of the item */
    char *applicant, *number;    /* owned, for search and (masked) lists */
};
void joint_row_clear(struct joint_row *row);
int joint_insert(struct store_db *db, struct joint_row *row) TB_MUST_USE; /* sets id */
/* Writes what changes: state, withdrawn, ended, closed. */
int joint_update(struct store_db *db, const struct joint_row *row) TB_MUST_USE;
int joint_get(struct store_db *db, const char *joint_no, struct joint_row *row) TB_MUST_USE; /* TB_ENOTFOUND */
int joint_get_by_id(struct store_db *db, int64_t id, struct joint_row *row) TB_MUST_USE;
/* Newest first below `cursor` (0 from the start).  `query` NULL, or a joint case's number, a whole name, a whole certificate number.  *rows
 * owned: joint_rows_free. */
int joint_list(struct store_db *db, const char *query, bool open_only, int64_t cursor, unsigned limit, struct joint_row **rows,
               size_t *count, int64_t *next) TB_MUST_USE;
void joint_rows_free(struct joint_row *rows, size_t count);

struct joint_leg_row {
    struct joint_leg leg;
    int64_t case_id;         /* 0 while it was not opened */
    int64_t opened;          /* ms */
    int64_t due_day;         /* by the template's limit, 0 none */
    bool due_provisional;
    char reason[320];        /* why it was not opened, or "" */
};
int joint_leg_put(struct store_db *db, int64_t joint_id, size_t n, const struct joint_leg_row *row) TB_MUST_USE;
/* All legs in the order of the template. */
int joint_leg_list(struct store_db *db, int64_t joint_id, struct joint_leg_row rows[LIMIT_JOINT_LEGS], size_t *count) TB_MUST_USE;
/* The joint case and place of the leg that a case is; TB_ENOTFOUND when it is none. */
int joint_leg_of(struct store_db *db, int64_t case_id, int64_t *joint_id, size_t *n) TB_MUST_USE;

#endif
