/* observe: what the metrics and the health checks want to know and nothing else needs — certificates, calendar, clock, lights, and what
 * the last probe of the store said.
 *
 * Loop thread throughout.  `observe_minute` looks at what is too dear for every scrape; `observe_scrape` brings the gauges up to date just
 * before they are printed. */
#ifndef API_OBSERVE_H
#define API_OBSERVE_H

#include <jansson.h>

#include "daemon/base/series.h"
#include "daemon/base/world.h"

struct api;
struct exchange;
struct office_inbound;

struct observe {
    int64_t certificates[SERIES_CERTIFICATES]; /* notAfter, ms; 0 unknown */
    int64_t authorities[LIMIT_PEERS];          /* of the counterparts, in the order of the configuration */
    int64_t wall_ms, monotonic_ms;             /* both clocks at the last look; 0 before the first */
    bool counting;                             /* the lights are being counted */
    unsigned listeners;                        /* bound; 0 while starting and stopping */
    unsigned listeners_wanted;
    int64_t probed_ms;                         /* monotonic time of the last good commit of a probe, 0 never */
    unsigned probing;                          /* probes that wait for the writer */
};

/* Names the counterparts to the metrics and what was built; before anything is counted. */
void observe_start(struct api *api, const char *commit);
/* How far the wall clock left the monotonic one since the last call, ms; 0 at the first and within LIMIT_CLOCK_JUMP_MS. */
int64_t observe_clock(struct observe *observe, const struct world *world);
/* Every minute: the clock, and the lights through a reader. */
void observe_minute(struct api *api);
/* A batch of a counterpart was taken. */
void observe_inbound(const struct api *api, const struct office_inbound *inbound);
/* Whole days until the first of our own certificates expires. */
int64_t observe_certificate_days(const struct api *api);
/* `peers`: those of the office document, with what waits for them; NULL when the store did not answer. */
void observe_scrape(struct api *api, const json_t *peers);

/* ---- health.c: GET /healthz/live, /healthz/ready, /healthz/peer of the admin listener ---- */
void health_live(struct exchange *x, void *context);
void health_ready(struct exchange *x, void *context);
void health_peer(struct exchange *x, void *context);

#endif
