/* witness: what this office keeps of a counterpart's ledger and can give back to it; and how its own ledger takes back what it lost.
 *
 * Rows and places only; what is believed is decided in daemon/office/recover.c. */
#ifndef STORE_WITNESS_H
#define STORE_WITNESS_H

#include "daemon/store/tables.h"
#include "proto/ledger_graft.h"

/* ---- of a counterpart's ledger ---- */

/* What came with the checkpoint of this size, which is stored already. */
int witness_put(struct store_db *db, const char *peer, uint64_t size, uint64_t old_size, const struct ledger_path *consistency,
                const struct ledger_frontier *frontier) TB_MUST_USE;

/* A kept checkpoint of a counterpart; pointers are borrowed for the call. */
struct witness_checkpoint {
    uint64_t size, old_size;
    const char *note;
    const void *consistency, *frontier; /* frontier NULL: it came without */
    size_t consistency_len, frontier_len;
};
/* An entry of a counterpart's with its proof. */
struct witness_entry {
    int64_t seq; /* of the message; of a receipt the first message it covers */
    uint64_t index, size;
    const void *path;
    size_t path_len;
    const char *line;
    size_t len;
};
/* Those of greater sizes (numbers), at most `most`; a negative return of `row` stops, a positive one ends. */
int witness_checkpoints(struct store_db *db, const char *peer, uint64_t after, unsigned most,
                        int (*row)(void *context, const struct witness_checkpoint *row), void *context) TB_MUST_USE;
int witness_messages(struct store_db *db, const char *peer, int64_t after, unsigned most,
                     int (*row)(void *context, const struct witness_entry *row), void *context) TB_MUST_USE;
int witness_receipts(struct store_db *db, const char *peer, int64_t after, unsigned most,
                     int (*row)(void *context, const struct witness_entry *row), void *context) TB_MUST_USE;
/* What came with its newest checkpoint about its other counterparts (parcel_others_next); "" nothing. */
int witness_others_put(struct store_db *db, const char *peer, const char *others) TB_MUST_USE;
int witness_others_get(struct store_db *db, const char *peer, struct buf *others) TB_MUST_USE;
/* The newest kept checkpoint: TB_ENOTFOUND. */
int witness_latest(struct store_db *db, const char *peer, uint64_t *size, bool *frontier, struct buf *note) TB_MUST_USE;

/* ---- materials ---- */

/* Those that cases with this office wait for, each once, at most `most` of them. */
int witness_missing(struct store_db *db, const char *peer, unsigned most, int (*row)(void *context, const char *sha256),
                    void *context) TB_MUST_USE;
/* Sends a material to a counterpart (again).  TB_ENOTFOUND: it is not here, or no case between the two offices lists it. */
int witness_resend(struct store_db *db, const char *peer, const char *sha256) TB_MUST_USE;

/* ---- of our own ---- */

/* The gap that begins last before `size`; *until 0: none. */
int store_gap_before(struct store_db *db, uint64_t size, uint64_t *first, uint64_t *until) TB_MUST_USE;
/* The newest checkpoint that covers entry `index` and is not larger than `most`. */
int store_checkpoint_covering(struct store_db *db, uint64_t index, uint64_t most, uint64_t *size, struct buf *note) TB_MUST_USE;
/* What our ledger was like when it had `size` entries. */
int store_frontier_at(struct store_db *db, uint64_t size, struct ledger_frontier *frontier) TB_MUST_USE;
int store_root_at(struct store_db *db, uint64_t size, struct ledger_hash *root) TB_MUST_USE;
/* The first repeated entry behind `after`; TB_ENOTFOUND. */
int store_next_repeat(struct store_db *db, int64_t after, uint64_t *index, uint64_t *again) TB_MUST_USE;
/* *again: the entry that repeats this one; *first: the one that this one repeats; each 0 when there is none (entry 0 is never repeated: it
 * is the office's first start). */
int store_repeated(struct store_db *db, uint64_t index, uint64_t *again, uint64_t *first) TB_MUST_USE;
/* Our own nodes, for a graft; valid inside the command. */
struct ledger_nodes store_nodes(struct store_db *db);

/* Inside one command, in this order: everything before it is below `size` of the ledger as it is.
 *
 * The ledger goes on at the size of the frontier, whose checkpoint is `note` with the cosignatures `cosignatures`. */
int recover_begin(struct store_db *db, const struct ledger_graft *graft, const struct ledger_frontier *frontier, const char *note,
                  const char *cosignatures) TB_MUST_USE;
/* An entry that came back; a message of ours goes into the outbox again. */
int recover_entry(struct store_db *db, uint64_t index, const struct entry *entry, const char *line, size_t len) TB_MUST_USE;
/* A message or receipt of before the copy, whose place nobody can prove to its counterpart any more because the entries beside it are lost,
 * is written once more, byte by byte, and what refers to it refers to the new entry. */
struct repeated {
    const struct entry *entry; /* what stands there */
    int64_t case_id;           /* of its case, or 0 */
    int64_t receipt_first;     /* the first message that a receipt speaks of, else 0 */
};
int recover_repeat(struct store_db *db, uint64_t index, const struct repeated *of) TB_MUST_USE;
/* An earlier recovery from the same copy had done that, and what it wrote at `again` comes back: *known, and all is as it was then. */
int recover_repeated(struct store_db *db, uint64_t again, const struct repeated *of, const char *line, size_t len,
                     bool *known) TB_MUST_USE;
/* Numbers that lost entries may have used are not given again. */
int recover_skip_cases(struct store_db *db, int64_t day, int64_t count) TB_MUST_USE;
int recover_skip_documents(struct store_db *db, const char *kind, int year, int64_t count) TB_MUST_USE;
int recover_skip_objects(struct store_db *db, enum register_kind_id kind, int year, int64_t count) TB_MUST_USE;

#endif
