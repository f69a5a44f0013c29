#include "daemon/api/observe.h"

#include <stdlib.h>

#include "daemon/api/api.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/process.h"
#include "daemon/net/tls.h"
#include "proto/timestamp.h"

enum { MS_PER_DAY = 24 * 3600 * 1000, SKEW_ALARM_MS = 60 * 1000 };

void observe_start(struct api *api, const char *commit)
{
    const char *codes[LIMIT_PEERS];
    unsigned count = api->peer_count < LIMIT_PEERS ? (unsigned)api->peer_count : LIMIT_PEERS;
    for (unsigned i = 0; i < count; i++)
        codes[i] = api->office->peers[i].code;
    series_set_peers(codes, count);
    process_set_build(TONGBAN_VERSION, commit, store_library(), tls_library());
}

/* ---- every minute ---- */

int64_t observe_clock(struct observe *observe, const struct world *world)
{
    int64_t wall = world->now_ms(world->context), monotonic = world->monotonic_ms(world->context);
    int64_t jump = observe->wall_ms ? wall - observe->wall_ms - (monotonic - observe->monotonic_ms) : 0;
    observe->wall_ms = wall;
    observe->monotonic_ms = monotonic;
    return jump > LIMIT_CLOCK_JUMP_MS || jump < -LIMIT_CLOCK_JUMP_MS ? jump : 0;
}

struct counting {
    struct office_lights lights; /* first member */
    struct api *api;
};

static void lights_counted(struct store_query *query, int rc)
{
    struct counting *counting = (struct counting *)query;
    for (unsigned light = 0; light < LIGHTS && rc == 0; light++) {
        unsigned at = light == LIGHT_NONE ? 0 : series_value(LABEL_LIGHT, light_text((enum light)light));
        series_set(SERIES_CASES_OPEN, at, 0, counting->lights.cases[light]);
        series_set(SERIES_STEPS_OPEN, at, 0, counting->lights.steps[light]);
    }
    counting->api->observe.counting = false;
    free(counting);
}

static void count_lights(struct api *api)
{
    struct counting *counting = api->observe.counting ? NULL : calloc(1, sizeof *counting);
    if (!counting)
        return; /* the minute before is not done yet, or no memory: the next minute */
    office_lights_init(&counting->lights, api->office);
    counting->lights.query.done = lights_counted;
    counting->api = api;
    api->observe.counting = store_read(api->store, &counting->lights.query) == 0;
    if (!api->observe.counting)
        free(counting);
}

void observe_minute(struct api *api)
{
    int64_t jump = observe_clock(&api->observe, api->world);
    if (jump) {
        metric_add(METRIC_CLOCK_JUMPS, 1);
        metric_set(METRIC_CLOCK_JUMP_S, jump / 1000);
        LOG(LOG_LEVEL_WARNING, LOG_MAIN, "clock_jumped", LOG_INT("ms", jump));
    }
    count_lights(api);
}

/* ---- counterparts ---- */

static void set_tallies(const struct api *api, unsigned peer, bool differ)
{
    series_set(SERIES_PEER_TALLIES_EQUAL, peer, 0, !differ);
    series_set(SERIES_PEER_TALLIES_CHECKED, peer, 0, api->world->now_ms(api->world->context));
}

void observe_inbound(const struct api *api, const struct office_inbound *inbound)
{
    unsigned peer = series_value(LABEL_PEER, inbound->peer->code);
    series_add(SERIES_PEER_TAKEN, peer, TAKEN_ACCEPTED, (int64_t)inbound->applied);
    series_add(SERIES_PEER_TAKEN, peer, TAKEN_REFUSED, (int64_t)inbound->refused);
    series_add(SERIES_PEER_TAKEN, peer, TAKEN_INVALID, (int64_t)inbound->invalid);
    series_add(SERIES_PEER_TAKEN, peer, TAKEN_DUPLICATE, (int64_t)inbound->duplicates);
    set_tallies(api, peer, inbound->differs);
}

static void set_alarms(unsigned peer, const struct api_peer_status *status)
{
    bool differ = series_get(SERIES_PEER_TALLIES_CHECKED, peer, 0) && !series_get(SERIES_PEER_TALLIES_EQUAL, peer, 0);
    bool wrong[SERIES_ALARMS] = {
        [ALARM_UNREACHABLE] = status->failures > 0 && !status->refused,
        [ALARM_REFUSED] = status->refused && status->last_rc != TB_ETRUST,
        [ALARM_UNTRUSTED] = status->refused && status->last_rc == TB_ETRUST,
        [ALARM_MATERIAL] = status->material_stuck,
        [ALARM_TALLIES] = differ,
        [ALARM_CLOCK] = status->skew_ms > SKEW_ALARM_MS || status->skew_ms < -SKEW_ALARM_MS,
    };
    for (unsigned kind = 0; kind < SERIES_ALARMS; kind++)
        series_set(SERIES_PEER_ALARM, peer, kind, wrong[kind]);
    series_set(SERIES_PEER_FAILURES_NOW, peer, 0, status->failures);
    series_set(SERIES_PEER_SKEW, peer, 0, status->skew_ms);
}

static void set_peers(const struct api *api, const json_t *peers)
{
    const json_t *peer;
    int64_t oldest = 0;
    size_t i;
    json_array_foreach(peers, i, peer) {
        const char *code = json_string_value(json_object_get(peer, "office"));
        unsigned at = series_value(LABEL_PEER, code ? code : "");
        int64_t age = json_integer_value(json_object_get(peer, "oldest_unsent_s"));
        series_set(SERIES_PEER_QUEUE, at, 0, json_integer_value(json_object_get(peer, "unsent")));
        series_set(SERIES_PEER_QUEUE_AGE, at, 0, age);
        oldest = age > oldest ? age : oldest;
    }
    metric_set(METRIC_PEER_OLDEST_UNSENT_S, oldest);
    for (i = 0; i < api->peer_count; i++) {
        struct api_peer_status status;
        const char *code = api->peers[i].peer->code;
        if (api->peer_status && api->peer_status(api->peer_status_context, code, &status))
            set_alarms(series_value(LABEL_PEER, code), &status);
    }
}

/* ---- what runs out ---- */

int64_t observe_certificate_days(const struct api *api)
{
    int64_t first = INT64_MAX, now = api->world->now_ms(api->world->context);
    for (unsigned i = 0; i <= CERTIFICATE_GATEWAY; i++)
        if (api->observe.certificates[i] && api->observe.certificates[i] < first)
            first = api->observe.certificates[i];
    return first == INT64_MAX ? 0 : (first - now) / MS_PER_DAY;
}

static void set_expiry(const struct api *api, int64_t now)
{
    const struct observe *observe = &api->observe;
    for (unsigned i = 0; i < SERIES_CERTIFICATES; i++)
        if (observe->certificates[i])
            series_set(SERIES_CERTIFICATE_LEFT, i, 0, (observe->certificates[i] - now) / 1000);
    for (unsigned i = 0; i < api->peer_count && i < LIMIT_PEERS; i++)
        if (observe->authorities[i])
            series_set(SERIES_AUTHORITY_LEFT, i, 0, (observe->authorities[i] - now) / 1000);
    series_set(SERIES_CALENDAR_LEFT, 0, 0, (date_start_ms(calendar_last_day(api->office->calendar) + 1) - now) / 1000);
}

void observe_scrape(struct api *api, const json_t *peers)
{
    struct store_stats stats;
    store_stats(api->store, &stats);
    metric_set(METRIC_STORE_COMMANDS, (int64_t)stats.commands);
    metric_set(METRIC_STORE_COMMITS, (int64_t)stats.commits);
    metric_set(METRIC_STORE_FSYNCS, (int64_t)stats.fsyncs);
    metric_set(METRIC_LEDGER_SIGNATURES, (int64_t)stats.signatures);
    metric_set(METRIC_STORE_QUEUE, (int64_t)stats.queue);
    metric_set(METRIC_STORE_WAL_BYTES, (int64_t)stats.wal_bytes);
    metric_set(METRIC_WATCHERS, (int64_t)watch_count(api->watch));
    set_peers(api, peers);
    set_expiry(api, api->world->now_ms(api->world->context));
}
