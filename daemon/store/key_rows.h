/* key_rows: ledger keys, of this office and accepted ones of counterparts, used inside commands and queries; no policy. */
#ifndef STORE_KEY_ROWS_H
#define STORE_KEY_ROWS_H

#include "daemon/store/store.h"
#include "proto/note.h"

enum { ROTATION_BYTES = 2048 }; /* a rotation has less than 1 KiB */

struct key_row {
    char office[OFFICE_TEXT];
    char vkey[NOTE_VKEY_TEXT];
    char rotation[ROTATION_BYTES];
    int64_t since; /* ms */
    int64_t accepted_by;
};
int key_add(struct store_db *db, const struct key_row *row) TB_MUST_USE;
/* Calls `each` for the keys of an office, the oldest first; another result than 0 of it ends the walk and is returned. */
int key_walk(struct store_db *db, const char *office, int (*each)(const struct key_row *row, void *context), void *context) TB_MUST_USE;

#endif
