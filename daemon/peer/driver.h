/* driver: carries out what the engine decides for one counterpart — queries, HTTPS, verification off the loop, commits.
 *
 * One driver per configured peer.  The messages' half is in driver.c, the materials' half in mover_driver.c.  Loop thread throughout. */
#ifndef PEER_DRIVER_H
#define PEER_DRIVER_H

#include <uv.h>

#include "daemon/base/world.h"
#include "daemon/net/lane.h"
#include "daemon/office/office.h"
#include "daemon/peer/carrier.h"
#include "daemon/peer/engine.h"

struct driver;

struct driver_options { /* everything borrowed for the driver's life */
    uv_loop_t *loop;
    struct lanes *lanes;
    struct store *store;
    const struct office *office;
    const struct office_peer *peer;
    const struct world *world;
    const char *url;                   /* "https://host:port", with or without a slash at the end */
    struct carrier_identity identity;  /* PEM bytes, only for the call */
    /* Opens a stored material for reading; SLOW lane. */
    int (*open_material)(void *context, const char *sha256, int *fd);
    /* Cases that changed, for watchers. */
    void (*changed)(void *context, const char (*cases)[CASE_NO_TEXT], size_t count);
    /* The counterpart has seen more of our ledger than we have, or something else; may be NULL. */
    void (*conflict)(void *context);
    bool held;                         /* begins held: driver_hold */
    void *context;
};

struct driver_stats {
    enum engine_state state;
    unsigned failures;        /* in a row */
    bool alarm;               /* the last failure will not pass by itself */
    bool refused, material_stuck; /* which of both halves says so */
    int64_t last_exchange_ms; /* wall clock, 0 never since the start */
    int64_t last_ok_ms;       /* the same on the monotonic clock */
    int64_t skew_ms;          /* the peer's clock minus ours; 0 when it has not answered for LIMIT_PEER_SKEW_MS */
    uint64_t batches, messages, materials, retries;
    int last_rc;              /* of the last failure, 0 none */
    const char *last_detail;  /* why, in words, until the next call into the driver; "" */
    int64_t failing_since_ms; /* wall clock of the first failure since an exchange succeeded, 0 none */
    bool paused;
};

/* Starts the exchange with one counterpart on the loop.  *out is new.  Loop thread. */
int driver_start(const struct driver_options *options, struct driver **out) TB_MUST_USE;
/* Something was committed. */
void driver_wake(struct driver *driver);
/* An operator's word; nothing is lost by it, and a restart forgets it. */
void driver_pause(struct driver *driver, bool paused);
/* Held it begins nothing, whatever an operator says: our own ledger may be behind. */
void driver_hold(struct driver *driver, bool held);
/* Speaks at once: waits of failures are over. */
void driver_retry(struct driver *driver);
int driver_set_identity(struct driver *driver, const struct carrier_identity *identity) TB_MUST_USE;
void driver_stats(const struct driver *driver, struct driver_stats *out);
/* Cuts what is under way (it is repeated after the next start) and frees; `done` comes from the loop. */
void driver_stop(struct driver *driver, void (*done)(void *context), void *context);

#endif
