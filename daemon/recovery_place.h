/* recovery_place: whether the store's directory may be an older copy.  Two files stand in it beside the database: `place` says which file
 * the database is (inode and time of birth), so that a copy is noticed; `restored` is made by who restores one ("size N" entries, or
 * empty), and stays until the counterparts have been asked.  Reads and writes files: at the start, or on a lane. */
#ifndef DAEMON_RECOVERY_PLACE_H
#define DAEMON_RECOVERY_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

struct recovery_place {
    bool restored;    /* it may be an older copy */
    int64_t size;     /* entries of the ledger when it was restored, −1 not known */
};
/* `ledger_size`: entries now. */
void recovery_place_look(const char *directory, uint64_t ledger_size, struct recovery_place *out);
/* Nobody has seen more than is here: the directory is the office's own. */
int recovery_place_settle(const char *directory) TB_MUST_USE;
/* From now on it counts as restored, with this many entries. */
int recovery_place_mark(const char *directory, int64_t size) TB_MUST_USE;

#endif
