/* What a recovery holds while it writes (recover.c); writer thread, inside one command. */
#ifndef OFFICE_RECOVER_WORK_H
#define OFFICE_RECOVER_WORK_H

#include "daemon/office/office_internal.h"
#include "daemon/office/recover.h"
#include "daemon/store/witness.h"

struct recover_side {
    struct peer_row row;       /* kept while entries are taken back, then put */
    struct receipt ahead;      /* the receipt of ours, given to it, that speaks of its next message; lines NULL: none read yet */
    size_t ahead_at;           /* where in the plan the next one is looked for */
    struct receipt *fresh;     /* owned: over messages for which no receipt of ours left this office */
    size_t fresh_count;
};
struct recover_work {
    struct store_db *db;
    struct office_recovery *r;
    const struct recover_plan *plan;
    struct recover_side *sides; /* owned, in the order of r->peers */
};

/* recover_take.c: the entry number `at` of the plan, with everything that came before it. */
int recover_take_back(struct recover_work *w, size_t at) TB_MUST_USE;

/* What the store has to know of an entry that is, or was, written again (recover_after.c). */
int recover_as_repeated(struct recover_work *w, const struct entry *entry, struct repeated *out) TB_MUST_USE;

/* recover_after.c, once all came back.
 * Messages and receipts of before the copy that nobody could prove any more. */
int recover_repeat_unproved(struct recover_work *w) TB_MUST_USE;
/* For the messages that were taken without one. */
int recover_give_receipts(struct recover_work *w) TB_MUST_USE;
/* What follows from what came back, and is lost itself. */
int recover_follow(struct recover_work *w) TB_MUST_USE;

#endif
