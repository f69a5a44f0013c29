#include "daemon/manager.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/sd.h"
#include "proto/timestamp.h"

/* ---- the line ---- */

/* 0 in order, 1 not reached, 2 refused for a reason that waiting does not mend. */
static int trouble(const struct api_peer_status *status)
{
    return status->refused ? 2 : status->failures > 0 || !status->last_exchange_ms ? 1 : 0;
}

static void describe_peers(const struct api *api, char *out, size_t size)
{
    const struct office_peer *worst = NULL;
    struct api_peer_status status, shown = {0};
    for (size_t i = 0; i < api->peer_count; i++) {
        if (!api->peer_status(api->peer_status_context, api->peers[i].peer->code, &status))
            continue;
        if (trouble(&status) <= (worst ? trouble(&shown) : 0))
            continue;
        worst = api->peers[i].peer;
        shown = status;
    }
    if (!worst) {
        (void)snprintf(out, size, "%zu of %zu counterparts in order", api->peer_count, api->peer_count);
        return;
    }
    char since[TIMESTAMP_TEXT] = "the start";
    if (shown.last_exchange_ms)
        timestamp_format(shown.last_exchange_ms, since);
    (void)snprintf(out, size, "counterpart %s %s since %.19s", worst->code, shown.refused ? "refuses" : "not reached", since);
}

static void describe(const struct api *api, char out[MANAGER_LINE])
{
    struct store_stats store;
    char peers[MANAGER_LINE / 2];
    store_stats(api->store, &store);
    describe_peers(api, peers, sizeof peers);
    (void)snprintf(out, MANAGER_LINE, "%s; write queue %llu; %s",
                   store.failed     ? "CANNOT WRITE"
                   : store.disk_low ? "disk nearly full, no intake"
                                    : "running",
                   (unsigned long long)store.queue, peers);
}

const char *manager_line(struct manager *manager)
{
    describe(manager->api, manager->line);
    return manager->line;
}

void manager_refresh(struct manager *manager)
{
    char line[MANAGER_LINE];
    describe(manager->api, line);
    if (strcmp(line, manager->line) == 0)
        return;
    memcpy(manager->line, line, sizeof line);
    sd_tell_status("%s", line);
}

/* ---- the watchdog ---- */

static void on_watchdog(uv_timer_t *timer)
{
    struct manager *manager = timer->data;
    const struct world *world = manager->api->world;
    struct store_stats store;
    store_stats(manager->api->store, &store);
    int64_t silent_ms = world->monotonic_ms(world->context) - store.heartbeat_ms;
    if (silent_ms <= manager->silence_ms)
        sd_tell_alive();
    else if (!manager->silent) /* said once: if it stays so, the service manager kills us, and the core shows where it stood */
        LOG(LOG_LEVEL_ERR, LOG_STORE, "writer_silent", LOG_INT("ms", silent_ms));
    manager->silent = silent_ms > manager->silence_ms;
}

void manager_start(struct manager *manager, const struct api *api)
{
    int64_t interval_ms = sd_watchdog_ms(), half_ms = interval_ms / 2;
    *manager = (struct manager){.api = api, .silence_ms = half_ms > MANAGER_WRITER_MS ? half_ms : MANAGER_WRITER_MS};
    if (interval_ms <= 0)
        return;
    (void)uv_timer_init(api->loop, &manager->watchdog); /* these two cannot fail for lawful arguments */
    manager->watchdog.data = manager;
    (void)uv_timer_start(&manager->watchdog, on_watchdog, 0, (uint64_t)(half_ms > 0 ? half_ms : 1));
}

void manager_stop(struct manager *manager)
{
    if (manager->watchdog.data && !uv_is_closing((uv_handle_t *)&manager->watchdog))
        uv_close((uv_handle_t *)&manager->watchdog, NULL);
}
