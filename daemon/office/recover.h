/* recover: how an office that was restored from an older copy finds out, and takes back what its counterparts have
 * (docs/explanation/ledger.md, docs/decisions/0018).
 *
 * A *recovery* is filled by daemon/recovery.c from the answers of the counterparts, one page after the other (recover_read.c, loop thread),
 * judged by a query (recover_look) and planned or applied by a command.  Nothing of what it holds is believed before recover_plan. */
#ifndef OFFICE_RECOVER_H
#define OFFICE_RECOVER_H

#include "daemon/office/office.h"
#include "proto/ledger_graft.h"

/* An entry of ours that a counterpart has: a message, or a receipt. */
struct recover_entry {
    uint64_t index, size;
    struct ledger_hash *path; /* owned; NULL once recover_plan has verified it: what keeps it is not believed */
    unsigned path_count;
    char *line; /* owned */
    size_t len;
    struct entry entry; /* read by recover_plan, without the body: many are kept at once */
    const struct office_peer *from;
};
struct recover_checkpoint {
    uint64_t size, old_size;
    char *note; /* owned */
    struct ledger_path consistency;
    uint8_t *frontier; /* owned, or NULL */
    size_t frontier_len;
    struct ledger_hash root; /* set by recover_plan */
};

enum recover_answer { RECOVER_SILENT, RECOVER_TOLD, RECOVER_CANNOT_TELL }; /* the last: an older program */

struct recover_peer {
    const struct office_peer *peer;
    enum recover_answer answer;
    bool without;      /* the operator goes on without it: what of it is not to be believed, or does not come, is passed over */
    /* its summary */
    uint64_t size;     /* of our ledger; 0: it has never seen it */
    char *note;        /* owned; our checkpoint of that size with its cosignature, or NULL */
    bool frontier;
    char *others;      /* owned; proofs from what the others have seen, or NULL */
    int64_t received, receipted;
    /* where its pages begin: recover_look */
    int64_t sent, receipted_to, taken;
    uint64_t their_size;
    struct ledger_hash their_root;
    /* its pages */
    struct recover_entry *entries; /* owned */
    size_t entry_count, entry_room;
    struct recover_checkpoint *checkpoints; /* owned, by size */
    size_t checkpoint_count, checkpoint_room;
    struct parcel **parcels; /* owned: its messages to us */
    size_t parcel_count, parcel_room, message_count;
    size_t bytes;            /* of entries and parcels */
};

enum recover_standing {
    RECOVER_WHOLE,   /* nobody has seen more, or other, than is here */
    RECOVER_BEHIND,  /* a checkpoint of ours is larger than the ledger */
    RECOVER_FORKED   /* a checkpoint of ours says otherwise than the ledger */
};

struct recover_sum {
    uint64_t size, seen;            /* of the ledger here; as the counterparts have seen it */
    size_t messages, receipts;      /* of ours, that come back */
    uint64_t lost;                  /* entries of ours that nobody has: what never left this office */
    size_t theirs;                  /* messages of the counterparts that are taken again */
    size_t refused;                 /* parts of answers that were passed over */
    size_t repeated;                /* entries of before the copy that had to be written again to be proved */
    size_t differing, unapplied;    /* taken otherwise than our receipt says; an entry that fits no case here */
    size_t materials;               /* that the entries name and that are not here */
};

struct office_recovery {
    struct store_query look;        /* first member: recover_look */
    struct store_command command;   /* plans, and applies when `apply` is set */
    const struct office *office;
    struct recover_peer *peers;     /* owned, in the order of office->peers */
    size_t peer_count;
    bool apply;
    int64_t uid;                    /* who said so */
    /* results */
    enum recover_standing standing;
    struct recover_sum sum;
    const struct recover_peer *blamed; /* whose answer was not believed; NULL: no single one's */
    bool hides;                     /* it has seen more than it shows */
    struct problem problem;         /* when the command failed */
    char (*changed)[CASE_NO_TEXT];  /* owned: for watchers */
    size_t changed_count;
    char (*lacking)[CASE_NO_TEXT];  /* owned: an act of this office was done that is lost, as our own receipts show */
    size_t lacking_count;
    void *user;
};
void office_recovery_init(struct office_recovery *r, const struct office *office);
void office_recovery_clear(struct office_recovery *r);
/* The command of what was fetched; `done` is the caller's. */
void office_recovery_prepare(struct office_recovery *r, bool apply_it, int64_t uid);
struct office_recovery *office_recovery_of(struct store_command *command);

/* ---- recover_read.c: answers of GET /peer/v1/witness… ---- */
int recover_read_summary(struct recover_peer *peer, const char *text, size_t len) TB_MUST_USE;
/* *next: where the following page begins, −1 when this was the last one. */
int recover_read_entries(struct recover_peer *peer, const char *text, size_t len, int64_t *next) TB_MUST_USE;
int recover_read_checkpoints(struct recover_peer *peer, const char *text, size_t len, int64_t *next) TB_MUST_USE;
/* A page of the counterpart's messages; takes `bytes`. */
int recover_read_outbox(struct recover_peer *peer, char *bytes, size_t len, int64_t *next) TB_MUST_USE;

/* ---- recover_plan.c ---- */
struct recover_plan {
    struct ledger_graft graft;
    struct ledger_frontier frontier;
    const struct recover_peer *newest; /* has seen most */
    struct recover_entry **entries;    /* owned array, by index */
    size_t count;
};
/* Verifies everything and works out what comes back.  Writes nothing.  The caller clears *plan, also after an error. */
int recover_plan(struct store_db *db, struct office_recovery *r, struct recover_plan *plan) TB_MUST_USE;
void recover_plan_clear(struct recover_plan *plan);

/* ---- recover_own.c ---- */
/* What an entry of ours did to cases and registers, done again.  A permanent refusal: it fits nothing here. */
int recover_own(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index) TB_MUST_USE;

#endif
