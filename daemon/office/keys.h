/* keys: the ledger's key of this office changes, and a counterpart's new one is accepted (docs/how-to/rotate-the-ledger-key.md).
 *
 * Ours changes at a start whose key file names a new key and, below it, the one of before: an entry `ledger.key_rotated` says so with both
 * signatures.  A counterpart's is pinned by the configuration; what was accepted since is a chain of rotations that begins there. */
#ifndef OFFICE_KEYS_H
#define OFFICE_KEYS_H

#include "daemon/office/office.h"
#include "daemon/store/key_rows.h"

/* Writer, inside the start: notes our key, and its rotation.  TB_ETRUST when the key changed without the one of before. */
int office_keys_start(struct store_db *db) TB_MUST_USE;
/* At the start, before anybody asks: takes the accepted keys of all counterparts. */
int office_keys_load(struct office *office, struct store_db *db) TB_MUST_USE;

struct office_key_accept {
    struct store_command command; /* first member */
    const struct office_peer *peer;
    struct key_row row;
    struct office_key *made;      /* of the loop until it is applied */
    struct problem problem;
    void *user;
};
/* Checks the rotation against the pinned key; *next is the key that it names. */
int office_key_accept_init(struct office_key_accept *act, const struct office *office, const char *peer, const char *rotation, int64_t by,
                           struct note_vkey *next, struct problem *p) TB_MUST_USE;
/* Loop thread, after the commit: counts from now on. */
void office_key_accept_apply(struct office_key_accept *act, struct office *office);
void office_key_accept_clear(struct office_key_accept *act);

#endif
