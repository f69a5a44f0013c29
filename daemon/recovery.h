/* recovery: asks the counterparts what they have seen of our ledger, keeps the office closed while it is behind that, and takes back what
 * they have (docs/how-to/disk-trouble.md, "Restore").  Loop thread. */
#ifndef DAEMON_RECOVERY_H
#define DAEMON_RECOVERY_H

#include "daemon/base/config.h"
#include "daemon/net/lane.h"
#include "daemon/office/recover.h"
#include "daemon/peer/carrier.h"
#include "daemon/recovery_place.h"

enum recovery_state {
    RECOVERY_OPEN,
    RECOVERY_ASKING, /* closed: the store was restored, and not every counterpart has answered */
    RECOVERY_BEHIND, /* closed: a counterpart has seen more */
    RECOVERY_FORKED  /* closed: a counterpart has seen something else, or this office wrote on after the restore */
};

struct recovery_options { /* borrowed */
    uv_loop_t *loop;
    struct lanes *lanes;
    struct store *store;
    const struct office *office;
    const struct config *config;
    uint64_t opened_size;            /* entries of the ledger before anything was written at this start */
    struct recovery_place place;
    struct carrier_identity (*identity)(void *context, unsigned peer);
    /* The office may work, or may not any more. */
    void (*turned)(void *context, bool open);
    void (*changed)(void *context, const char (*cases)[CASE_NO_TEXT], size_t count);
    void *context;
};
struct recovery;
/* Asks at once.  *out is new (recovery_free, after the loop). */
int recovery_start(const struct recovery_options *options, struct recovery **out) TB_MUST_USE;
/* A counterpart said that it has seen more or other than we sent. */
void recovery_suspect(struct recovery *recovery);
enum recovery_state recovery_state(const struct recovery *recovery);

/* An operator's question: how do we stand, what comes back; with `apply` it is taken.  `without`: a counterpart that is not waited for, or
 * NULL.  `done` is called once, with a new reference or NULL and the problem. */
typedef void recovery_told(void *context, json_t *answer, const struct problem *p);
void recovery_ask(struct recovery *recovery, bool apply, const char *without, int64_t uid, recovery_told *done, void *context);

/* Ends requests; `done` comes from the loop. */
void recovery_stop(struct recovery *recovery, void (*done)(void *context), void *context);
void recovery_free(struct recovery *recovery);

#endif
