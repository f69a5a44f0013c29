/* verify: the whole store against itself — every line of the ledger against its hash and its checkpoints, what the counterparts sent
 * against their proofs, every row against the entries it is a fold of — in pages on a reader, so that it can be done while the office
 * serves.
 *
 * A page is one query; between two of them nothing is held.  Files of materials are not read here: a page names the materials whose files
 * the caller has to look at. */
#ifndef OFFICE_VERIFY_H
#define OFFICE_VERIFY_H

#include "daemon/office/office.h"
#include "proto/difference.h"

struct office_verify {
    struct store_query query;
    const struct office *office;

    /* of the page: cleared when the next one starts */
    json_t *differences;        /* owned: [{"difference", "where", "detail"}] */
    struct material_row *materials; /* owned: files to be looked at */
    size_t material_count;
    const char *phase;          /* "ledger", "messages", "tables", "materials" */
    int64_t done, of;
    bool over;                  /* this was the last page */

    /* of the whole, so far */
    int64_t entries, messages, receipts, cases, objects, checkpoints;
    int64_t began;            /* when the first line was walked over */
    int64_t erasures, erased; /* before that: entries that order one; cases that count as erased */
    json_t *holds;            /* owned: case -> what its last entry says, while the ledger is walked over */

    /* where it goes on */
    unsigned step;
    struct ledger_frontier frontier;
    uint64_t gap_at;            /* how far a gap of the ledger was looked at (ledger.recovered) */
    size_t peer;
    int64_t seq;
    struct tally tally;
    uint64_t checkpoint_size;   /* the counterpart's checkpoint that was verified last … */
    struct ledger_hash checkpoint_root;
    int64_t cursor;
    char sha256[65];
    void *user;
};
void office_verify_init(struct office_verify *verify, const struct office *office);
void office_verify_clear(struct office_verify *verify);
/* A difference as a document; new reference. */
json_t *verify_difference(enum difference difference, const char *where, const char *detail);

#endif
