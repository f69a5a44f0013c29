/* engine: when to speak to a counterpart, and what to do with how that ended — pure (design.md 4).
 *
 * One engine per peer and direction.  It knows nothing of sockets or the store: the driver (and the simulation) tells
 * it what happened and does what it answers.  One batch is in flight at most; a failure that may pass is tried again
 * for ever, with exponential backoff and jitter up to LIMIT_BACKOFF_CAP_MS; a permanent one is an alarm and waits for
 * the cap before it is tried again, because its cause is outside. Materials move by the second half, alongside, one at
 * a time. */
#ifndef PEER_ENGINE_H
#define PEER_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/problem.h"

/* What the driver reports. */
enum engine_event {
    ENGINE_WAKE,      /* start, a commit, or the timer at `wake_at` */
    ENGINE_BUILT,     /* the batch is built: rc, count */
    ENGINE_ANSWERED,  /* the POST ended: rc (0: an answer is there and verified), problem id or −1, number */
    ENGINE_APPLIED    /* the answer is committed: rc */
};
/* What the driver must do next (exactly this one thing). */
enum engine_action {
    ENGINE_NOTHING,   /* wait for `wake_at` or a commit */
    ENGINE_BUILD,     /* build the next batch (heartbeat allowed); use force_old / force_after */
    ENGINE_POST,      /* send what was built */
    ENGINE_APPLY,     /* commit the verified answer */
};

struct engine_report {
    int rc;
    int problem;      /* enum problem_id of the peer's refusal, −1 none */
    int64_t number;   /* its `size` or `expected` */
    uint64_t count;   /* messages in the batch */
    int64_t wait_ms;  /* the peer's Retry-After, 0 none: waited for at least, up to the cap of the backoff */
};

enum engine_state { ENGINE_IDLE, ENGINE_BUILDING, ENGINE_POSTING, ENGINE_APPLYING, ENGINE_BACKOFF, ENGINE_STATES };

/* How often a conflict about sizes or numbers is answered by another batch at once before we wait like after a failure. */
enum { ENGINE_CORRECTIONS = 4 };

struct engine {
    enum engine_state state;
    bool work;               /* something was committed since the last build began */
    bool forced;             /* speak now: an operator's or a test's word */
    bool paused;             /* an operator's word: nothing more is sent; what was sent before ends as it would */
    unsigned failures;       /* in a row */
    unsigned corrections;    /* rebuilds at once since the last applied answer; bounded by ENGINE_CORRECTIONS */
    int64_t wake_at;         /* monotonic ms, INT64_MAX for never */
    int64_t last_ok;         /* monotonic ms of the last applied answer, 0 never */
    uint64_t force_old;      /* UINT64_MAX none */
    int64_t force_after;     /* −1 none */
    uint64_t in_flight;      /* messages */
    bool alarm;              /* the last failure was permanent */
    int64_t skew_ms;         /* the peer's clock minus ours, when it last answered … */
    int64_t skew_at;         /* … at this monotonic ms, 0 never */
    /* counters */
    uint64_t batches, messages, retries, permanent;
};

/* An engine that has not spoken yet and wants to at `now` (ms). */
void engine_init(struct engine *engine, int64_t now);
/* Paused, the engine answers ENGINE_WAKE with ENGINE_NOTHING and has no `wake_at`; ENGINE_WAKE after the end of the pause goes on. */
void engine_pause(struct engine *engine, bool paused);
/* The next ENGINE_WAKE speaks at once, even if there is nothing to send and the last failure was just now. */
void engine_force(struct engine *engine);
/* Feeds one event; `random` is 32 fresh random bits for the jitter.  Returns what to do. */
enum engine_action engine_step(struct engine *engine, enum engine_event event, const struct engine_report *report,
                               int64_t now, uint32_t random) TB_MUST_USE;
/* What an answer said about the peer's clock. */
void engine_take_skew(struct engine *engine, int64_t skew_ms, int64_t now);
/* The difference as far as it is known: 0 when the last answer is older than LIMIT_PEER_SKEW_MS. */
int64_t engine_skew_ms(const struct engine *engine, int64_t now);
/* Backoff before try n (1 …), ms: LIMIT_BACKOFF_FIRST_MS·2^(n−1) capped, of which the upper half is jitter. */
int64_t engine_backoff_ms(unsigned failures, uint32_t random);

/* Materials: the same shape.  ASK which is next → HEAD (offset) → CREATE when unknown → PATCH until whole → DONE (commit) → ASK … */
enum mover_event { MOVER_WAKE, MOVER_ASKED, MOVER_HEAD, MOVER_CREATED, MOVER_PATCHED, MOVER_DONE };
enum mover_action { MOVER_NOTHING, MOVER_ASK, MOVER_DO_HEAD, MOVER_DO_CREATE, MOVER_DO_PATCH, MOVER_DO_DONE };
enum mover_state { MOVER_IDLE, MOVER_ASKING, MOVER_HEADING, MOVER_CREATING, MOVER_PATCHING, MOVER_FINISHING, MOVER_BACKOFF, MOVER_STATES };
struct mover_report {
    int rc;             /* MOVER_ASKED: TB_ENOTFOUND when nothing waits; MOVER_HEAD: TB_ENOTFOUND when the peer does not know it */
    int64_t offset;     /* bytes the peer has */
    int64_t length;     /* of the material, from MOVER_ASKED */
    int64_t wait_ms;    /* as above */
};
struct mover {
    enum mover_state state;
    bool work, paused;
    unsigned failures;
    int64_t wake_at, offset, length;
    bool alarm;
    uint64_t moved, retries;
};
void mover_init(struct mover *mover, int64_t now);
/* Paused, the mover answers MOVER_WAKE with MOVER_NOTHING and has no `wake_at`; MOVER_WAKE after the end of the pause asks at once. */
void mover_pause(struct mover *mover, bool paused, int64_t now);
/* The wait of a failure is over; of one that is under way nothing changes. */
void mover_force(struct mover *mover, int64_t now);
enum mover_action mover_step(struct mover *mover, enum mover_event event, const struct mover_report *report,
                             int64_t now, uint32_t random) TB_MUST_USE;

#endif
