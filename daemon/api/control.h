/* control: the Unix socket of tongbanctl.  One line of JSON in, one out, then it is closed (docs/reference/tongbanctl.md);
 * long work sends lines of progress before.
 *
 * Only root, the user the daemon runs as and members of its group by their primary group get an answer (SO_PEERCRED).  Loop thread. */
#ifndef API_CONTROL_H
#define API_CONTROL_H

#include <uv.h>

#include "daemon/base/config.h"
#include "daemon/net/lane.h"
#include "daemon/net/tls_crl.h"
#include "daemon/net/tls_info.h"
#include "daemon/office/office.h"

/* One certificate in use; texts borrowed from the configuration, until the next reload. */
struct control_certificate {
    const char *use;    /* "window", "gateway" (server), "gateway-client", "staff-authority", "peer-authority" */
    const char *office; /* whose: ours, or the peer's code */
    const char *file;
    const char *key;    /* file of its key, or NULL */
    const char *crl;    /* file of its revocation list, or NULL */
    struct tls_info info;
    struct tls_crl_info crl_info;
    bool crl_outdated;
};

/* Waits for a reload; owned by who waits. */
struct control_reload {
    void (*done)(struct control_reload *wait, const struct problem *failed); /* NULL: everything was read anew and is in use */
    struct control_reload *next;
};

/* What only the wiring can do. */
struct control_service {
    void *context;
    size_t (*certificates)(void *context, const struct control_certificate **out);
    void (*reload)(void *context, struct control_reload *wait); /* `done` exactly once, perhaps at once */
};

struct material_store;
struct monitor;
struct backup_run;
struct retention_run;
/* How the exchange with one counterpart goes. */
struct control_exchange {
    bool alarm;               /* the last failure will not pass by itself */
    bool paused, material_stuck;
    bool refused;             /* the messages' half of the alarm */
    unsigned failures;        /* in a row */
    const char *detail;       /* why, in words; until the next turn of the loop; "" */
    int64_t failing_since_ms; /* wall clock, 0 none */
    int64_t last_exchange_ms; /* wall clock, 0 never since the start */
    int64_t skew_ms;
    uint64_t batches, messages, materials, retries;
};

/* What only the wiring can do, because drivers and listeners stand beside api and not below it.  `peer` counts as office->peers. */
struct control_wiring {
    void *context;
    void (*exchange)(void *context, size_t peer, struct control_exchange *out);
    void (*pause)(void *context, size_t peer, bool paused);
    void (*retry)(void *context, size_t peer);
    void (*drain)(void *context, bool on); /* refuse intake, go on with everything else */
    bool (*draining)(void *context);
    /* How our ledger stands to what the counterparts have seen of it; with `apply`, what they have is taken back. */
    void (*recover)(void *context, bool apply, const char *without, int64_t uid,
                    void (*done)(void *context, json_t *answer, const struct problem *p), void *done_context);
    int (*metrics)(void *context, struct buf *out); /* as at /metrics */
    int64_t (*certificate_days)(void *context); /* left of the first of ours that expires */
};

/* The parts of the running daemon that commands work with; all borrowed. */
struct control_parts {
    uv_loop_t *loop;
    struct lanes *lanes;
    struct store *store;
    struct material_store *materials;
    struct office *office;
    const struct config *config;
    const struct note_signer *signer, *previous_signer; /* the key before a rotation, or NULL */
    struct monitor *monitor;
    struct backup_run *backups;
    struct retention_run *retention;
    struct control_wiring wiring;
    int64_t started_ms; /* wall clock */
    struct control_service service;
};

struct control;
/* Binds `path`, replacing a socket that a daemon before left there.  *out is new; control_stop ends it. */
int control_start(const struct control_parts *parts, const char *path, struct control **out, struct problem *p) TB_MUST_USE;
/* Ends listening and all connections; frees later, from the loop.  NULL does nothing. */
void control_stop(struct control *control);

#endif
