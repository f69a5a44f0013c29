/* health: three questions that a supervisor asks from outside, each answered by the way that the work itself takes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/api/api.h"
#include "proto/limits.h"

enum { DETAIL_BYTES = 160 };

/* ---- the document ---- */

struct health_report {
    json_t *checks;
    bool failed;
};

static void note(struct health_report *report, const char *check, bool ok, const char *format, ...) TB_PRINTF(4, 5);
static void note(struct health_report *report, const char *check, bool ok, const char *format, ...)
{
    char detail[DETAIL_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    report->failed = report->failed || !ok;
    (void)json_array_append_new(report->checks, json_pack("{s:s, s:b, s:s}", "check", check, "ok", (int)ok, "detail", detail));
}

/* Takes what was noted. */
static void answer(struct exchange *x, struct health_report *report)
{
    json_t *doc = json_pack("{s:s, s:o}", "status", report->failed ? "failed" : "ok", "checks", report->checks);
    if (doc)
        exchange_answer_json(x, report->failed ? 503 : 200, doc);
    else
        api_answer_failure(x, NULL, TB_ENOMEM);
    json_decref(doc);
}

static int64_t monotonic(const struct api *api)
{
    return api->world->monotonic_ms(api->world->context);
}

/* ---- live: is it better to end this process and start another? ---- */

void health_live(struct exchange *x, void *context)
{
    const struct api *api = context;
    struct health_report report = {.checks = json_array()};
    struct store_stats stats;
    store_stats(api->store, &stats);
    int64_t age = monotonic(api) - stats.heartbeat_ms;
    note(&report, "loop", true, "it answers");
    note(&report, "writer", age < LIMIT_HEALTH_STALL_MS, "last turn %lld ms ago, may be %d", (long long)age, LIMIT_HEALTH_STALL_MS);
    answer(x, &report);
}

/* ---- ready: can this office take work? ---- */

struct probe {
    struct store_command command; /* first member */
    uv_timer_t timer;
    struct api *api;
    struct exchange *x; /* NULL once answered */
    int64_t started_ms;
    bool written, timer_gone;
};

static void ready_answer(struct api *api, struct exchange *x, bool wrote, const char *how)
{
    struct health_report report = {.checks = json_array()};
    struct store_stats stats;
    store_stats(api->store, &stats);
    note(&report, "store", wrote && stats.failed == 0, "%s", stats.failed ? err_text(stats.failed) : how);
    note(&report, "disk", !stats.disk_low, "%s", stats.disk_low ? "under the floor: no intake is taken" : "above the floor");
    bool listening = api->observe.listeners == api->observe.listeners_wanted && !api->stopping;
    note(&report, "listeners", listening, "%u of %u bound%s", api->observe.listeners, api->observe.listeners_wanted,
         api->stopping ? ", stopping" : "");
    answer(x, &report);
}

static void probe_maybe_free(struct probe *probe)
{
    if (probe->written && probe->timer_gone)
        free(probe);
}

static void probe_timer_gone(uv_handle_t *handle)
{
    struct probe *probe = handle->data;
    probe->timer_gone = true;
    probe_maybe_free(probe);
}

static void probe_answer(struct probe *probe, bool wrote, const char *how)
{
    struct exchange *x = probe->x;
    probe->x = NULL;
    ready_answer(probe->api, x, wrote, how);
    exchange_release(x);
    uv_close((uv_handle_t *)&probe->timer, probe_timer_gone);
}

static int probe_run(struct store_db *db, struct store_command *command)
{
    (void)command;
    return store_probe(db);
}

static void probe_written(struct store_command *command, int rc)
{
    struct probe *probe = (struct probe *)command;
    struct api *api = probe->api;
    char how[DETAIL_BYTES];
    int64_t now = monotonic(api);
    api->observe.probing--;
    if (rc == 0)
        api->observe.probed_ms = now;
    (void)snprintf(how, sizeof how, "committed in %lld ms", (long long)(now - probe->started_ms));
    probe->written = true;
    if (probe->x)
        probe_answer(probe, rc == 0, rc ? err_text(rc) : how);
    else
        probe_maybe_free(probe);
}

static void probe_late(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    char how[DETAIL_BYTES];
    (void)snprintf(how, sizeof how, "the writer did not commit within %d ms", LIMIT_HEALTH_WAIT_MS);
    probe_answer(probe, false, how);
}

static struct probe *probe_new(struct api *api, struct exchange *x)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return NULL;
    *probe = (struct probe){.command = {.run = probe_run, .done = probe_written}, .api = api, .x = x, .started_ms = monotonic(api)};
    if (store_submit(api->store, &probe->command) != 0) {
        free(probe);
        return NULL;
    }
    api->observe.probing++;
    (void)uv_timer_init(api->loop, &probe->timer); /* these cannot fail for lawful arguments */
    probe->timer.data = probe;
    (void)uv_timer_start(&probe->timer, probe_late, LIMIT_HEALTH_WAIT_MS, 0);
    exchange_hold(x);
    return probe;
}

void health_ready(struct exchange *x, void *context)
{
    struct api *api = context;
    int64_t age = monotonic(api) - api->observe.probed_ms;
    char how[DETAIL_BYTES];
    if (api->observe.probed_ms && age < LIMIT_HEALTH_PROBE_MS) {
        (void)snprintf(how, sizeof how, "committed %lld ms ago", (long long)age);
        ready_answer(api, x, true, how);
    } else if (api->observe.probing >= LIMIT_HEALTH_WAITING || !probe_new(api, x)) {
        ready_answer(api, x, false, "the writer takes no command");
    }
}

/* ---- peer: does the exchange with every counterpart work? ---- */

/* Seconds of `within`, LIMIT_HEALTH_PEER_S without one, 0 for a bad one. */
static int64_t asked_within(struct exchange *x)
{
    const char *text = exchange_query(x, "within");
    int64_t value = 0;
    if (!text)
        return LIMIT_HEALTH_PEER_S;
    for (; *text >= '0' && *text <= '9' && value <= LIMIT_HEALTH_PEER_MAX_S; text++)
        value = value * 10 + (*text - '0');
    return *text || value > LIMIT_HEALTH_PEER_MAX_S ? 0 : value;
}

static void note_peer(struct health_report *report, const struct api *api, const char *code, int64_t within_s)
{
    struct api_peer_status status;
    bool known = api->peer_status && api->peer_status(api->peer_status_context, code, &status);
    int64_t age_s = known ? (monotonic(api) - status.last_ok_ms) / 1000 : 0; /* a clock that is set changes nothing here */
    const char *failure = !known || !status.last_rc ? "no failure" : err_text(status.last_rc);
    if (!known)
        note(report, code, false, "no exchange runs");
    else if (status.paused)
        note(report, code, false, "paused by an operator");
    else if (status.alarm)
        note(report, code, false, "alarm, will not pass by itself: %s", failure);
    else if (!status.last_ok_ms)
        note(report, code, false, "no verified exchange since the start (%s)", failure);
    else if (age_s >= within_s)
        note(report, code, false, "last verified exchange %lld s ago, may be %lld (%s)", (long long)age_s, (long long)within_s, failure);
    else
        note(report, code, true, "last verified exchange %lld s ago", (long long)age_s);
}

void health_peer(struct exchange *x, void *context)
{
    const struct api *api = context;
    struct problem p = {.number = -1};
    int64_t within_s = asked_within(x);
    if (within_s < 1) {
        (void)problem_set(&p, PROBLEM_FIELD, "/within", "seconds, 1 to %d", LIMIT_HEALTH_PEER_MAX_S);
        exchange_answer_problem(x, &p);
        return;
    }
    struct health_report report = {.checks = json_array()};
    for (size_t i = 0; i < api->peer_count; i++)
        note_peer(&report, api, api->peers[i].peer->code, within_s);
    answer(x, &report);
}
