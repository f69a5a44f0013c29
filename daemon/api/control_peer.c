/* control_peer: status; counterparts listed, tested, paused; what waits for them; intake closed for maintenance. */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/control_internal.h"
#include "daemon/api/monitor.h"
#include "daemon/base/log.h"
#include "daemon/base/world.h"
#include "daemon/office/queue.h"
#include "proto/strict_json.h"

enum { WATCH_EVERY_MS = 50, TEST_MS = 40 * 1000, DRAIN_EVERY_MS = 1000, DRAIN_TELL_MS = 10 * 1000 };

static void refuse_code(struct control_ask *ask, int rc)
{
    struct problem p = {.number = -1};
    (void)problem_from_code(&p, rc);
    control_refuse(ask, &p);
}

static int64_t monotonic_ms(void)
{
    return world_real()->monotonic_ms(world_real()->context);
}

/* ---- status, peer list ---- */

static void status_told(void *context, const json_t *status)
{
    struct control_ask *ask = context;
    if (status)
        control_answer(ask, json_deep_copy(status));
    else
        refuse_code(ask, TB_ENOMEM);
}

void control_status(struct control_ask *ask, json_t *request)
{
    (void)request;
    int rc = monitor_ask(ask->parts->monitor, status_told, ask);
    if (rc)
        refuse_code(ask, rc);
}

/* ---- one counterpart ---- */

/* The counterpart that `office` of the request names; all = an empty one is lawful and gives *out = peer_count. */
static int read_peer(struct control_ask *ask, json_t *request, bool all, size_t *out, struct problem *p)
{
    static const char *const known[] = {"office", "material", "end", NULL};
    const struct office *office = ask->parts->office;
    const char *code = NULL;
    int rc = strict_json_only(request, "", known, p);
    if (!rc)
        rc = strict_json_text(request, "", "office", !all, OFFICE_LEN, &code, p);
    for (*out = 0; !rc && *out < office->peer_count; ++*out)
        if (code && !strcmp(office->peers[*out].code, code))
            return 0;
    return rc || !code ? rc : problem_set(p, PROBLEM_NOT_FOUND, "/office", "there is no counterpart '%s'", code);
}

static bool is_paused(const struct control_ask *ask, size_t peer)
{
    const struct control_wiring *wiring = &ask->parts->wiring;
    struct control_exchange exchange;
    wiring->exchange(wiring->context, peer, &exchange);
    return exchange.paused;
}

static void answer_peer(struct control_ask *ask, size_t peer)
{
    const char *office = ask->parts->office->peers[peer].code;
    control_answer(ask, json_pack("{s:{s:s, s:b}}", "done", "office", office, "paused", is_paused(ask, peer)));
}

static void pause_peer(struct control_ask *ask, json_t *request, bool paused)
{
    struct problem p = {.number = -1};
    const struct control_wiring *wiring = &ask->parts->wiring;
    size_t peer;
    if (read_peer(ask, request, false, &peer, &p) != 0) {
        control_refuse(ask, &p);
        return;
    }
    wiring->pause(wiring->context, peer, paused);
    LOG(LOG_LEVEL_NOTICE, LOG_PEER, paused ? "peer_paused" : "peer_resumed", LOG_TEXT("peer", ask->parts->office->peers[peer].code),
        LOG_INT("uid", ask->uid));
    answer_peer(ask, peer);
}

void control_peer_pause(struct control_ask *ask, json_t *request)
{
    pause_peer(ask, request, true);
}

void control_peer_resume(struct control_ask *ask, json_t *request)
{
    pause_peer(ask, request, false);
}

void control_queue_retry(struct control_ask *ask, json_t *request)
{
    struct problem p = {.number = -1};
    const struct control_wiring *wiring = &ask->parts->wiring;
    size_t peer, count = ask->parts->office->peer_count;
    if (read_peer(ask, request, true, &peer, &p) != 0) {
        control_refuse(ask, &p);
        return;
    }
    size_t first = peer < count ? peer : 0, behind = peer < count ? peer + 1 : count;
    json_int_t spoken = 0, paused = 0;
    for (size_t i = first; i < behind; i++) {
        bool held = is_paused(ask, i);
        paused += held;
        spoken += !held;
        if (!held)
            wiring->retry(wiring->context, i);
    }
    control_answer(ask, json_pack("{s:{s:I, s:I}}", "done", "peers", spoken, "paused", paused));
}

/* ---- peer test: the real exchange, now, and how it ended ---- */

struct watch_timer {
    uv_timer_t timer; /* first member */
    struct control_ask *ask;
    size_t peer;
    int64_t began_ms, rounds;
    uint64_t batches, retries;
    json_t *answer; /* once it is known; owned until it is sent */
    int64_t left;   /* of a drain: what was told last, and when */
    int64_t told_ms;
};

static void watch_closed(uv_handle_t *handle)
{
    struct watch_timer *watch = (struct watch_timer *)handle;
    control_answer(watch->ask, watch->answer);
    free(watch);
}

/* Takes `answer`. */
static void watch_end(struct watch_timer *watch, json_t *answer)
{
    watch->answer = answer;
    uv_close((uv_handle_t *)&watch->timer, watch_closed);
}

static int watch_begin(struct control_ask *ask, size_t peer, uv_timer_cb look, unsigned every_ms)
{
    struct watch_timer *watch = calloc(1, sizeof *watch);
    if (!watch)
        return TB_ENOMEM;
    *watch = (struct watch_timer){.ask = ask, .peer = peer, .began_ms = monotonic_ms(), .left = -1};
    const struct control_wiring *wiring = &ask->parts->wiring;
    struct control_exchange exchange = {.alarm = false};
    if (peer < ask->parts->office->peer_count)
        wiring->exchange(wiring->context, peer, &exchange);
    watch->told_ms = watch->began_ms;
    watch->batches = exchange.batches;
    watch->retries = exchange.failures;
    (void)uv_timer_init(ask->parts->loop, &watch->timer); /* cannot fail */
    (void)uv_timer_start(&watch->timer, look, 0, every_ms);
    return 0;
}

static void test_look(uv_timer_t *timer)
{
    struct watch_timer *watch = (struct watch_timer *)timer;
    const struct control_wiring *wiring = &watch->ask->parts->wiring;
    struct control_exchange exchange;
    int64_t took = monotonic_ms() - watch->began_ms;
    wiring->exchange(wiring->context, watch->peer, &exchange);
    bool well = exchange.batches > watch->batches, failed = exchange.failures > watch->retries, late = took >= TEST_MS;
    if (!well && !failed && !late && !exchange.paused && !control_gone(watch->ask))
        return;
    const char *detail = well ? "" : failed ? exchange.detail : exchange.paused ? "the exchange was paused meanwhile" : "no answer yet";
    watch_end(watch, json_pack("{s:{s:s, s:b, s:I, s:s, s:I}}", "done", "office", watch->ask->parts->office->peers[watch->peer].code, "ok",
                               well, "ms", (json_int_t)took, "detail", detail, "skew_ms", (json_int_t)exchange.skew_ms));
}

void control_peer_test(struct control_ask *ask, json_t *request)
{
    struct problem p = {.number = -1};
    const struct control_wiring *wiring = &ask->parts->wiring;
    size_t peer;
    int rc = read_peer(ask, request, false, &peer, &p);
    if (!rc && is_paused(ask, peer))
        rc = problem_set(&p, PROBLEM_TRANSITION, "/office", "the exchange with this counterpart is paused");
    if (!rc && watch_begin(ask, peer, test_look, WATCH_EVERY_MS) != 0)
        rc = problem_from_code(&p, TB_ENOMEM);
    if (rc)
        control_refuse(ask, &p);
    else
        wiring->retry(wiring->context, peer);
}

/* ---- queue list ---- */

/* Why what waits is not taken: the counterparts that fail or are paused. */
static json_t *held_json(const struct control_ask *ask, size_t only)
{
    const struct control_wiring *wiring = &ask->parts->wiring;
    const struct office *office = ask->parts->office;
    json_t *list = json_array();
    for (size_t i = 0; i < office->peer_count; i++) {
        struct control_exchange exchange;
        wiring->exchange(wiring->context, i, &exchange);
        if ((only < office->peer_count && only != i) || (!exchange.failures && !exchange.paused))
            continue;
        (void)json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:I, s:s}", "peer", office->peers[i].code, "paused", exchange.paused,
                                                    "refused", exchange.refused, "failures", (json_int_t)exchange.failures, "detail",
                                                    exchange.detail ? exchange.detail : ""));
    }
    return list;
}

static void queue_done(struct store_query *query, int rc)
{
    struct office_queue *queue = (struct office_queue *)query;
    struct control_ask *ask = queue->user;
    if (rc < 0) {
        refuse_code(ask, rc);
        return;
    }
    (void)json_object_set_new(queue->answer, "held", held_json(ask, queue->peer));
    control_answer(ask, queue->answer);
}

void control_queue_list(struct control_ask *ask, json_t *request)
{
    struct problem p = {.number = -1};
    size_t peer;
    struct office_queue *queue = ask->state = calloc(1, sizeof *queue);
    int rc = queue ? read_peer(ask, request, true, &peer, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc) {
        office_queue_init(queue, ask->parts->office, peer);
        queue->query.done = queue_done;
        queue->user = ask;
        rc = store_read(ask->parts->store, &queue->query);
        if (rc)
            (void)problem_from_code(&p, rc);
    }
    if (rc)
        control_refuse(ask, &p);
}

/* ---- queue park: {"material":…, "office"?, "end"?:true} ---- */

static void park_done(struct store_command *command, int rc)
{
    struct office_park *park = (struct office_park *)command;
    struct control_ask *ask = park->user;
    const struct control_wiring *wiring = &ask->parts->wiring;
    struct problem p = {.number = -1};
    if (rc == TB_ENOTFOUND)
        (void)problem_set(&p, PROBLEM_NOT_FOUND, "/material", "this material does not wait for a counterpart");
    else if (rc < 0)
        (void)problem_from_code(&p, rc);
    if (rc < 0) {
        control_refuse(ask, &p);
        return;
    }
    LOG(LOG_LEVEL_NOTICE, LOG_PEER, park->parked ? "material_parked" : "material_unparked", LOG_TEXT("material", park->sha256),
        LOG_INT("uid", ask->uid));
    for (size_t i = 0; !park->parked && i < ask->parts->office->peer_count; i++)
        wiring->retry(wiring->context, i);
    control_answer(ask, json_pack("{s:{s:s, s:b, s:I}}", "done", "material", park->sha256, "parked", park->parked, "peers",
                                  (json_int_t)park->count));
}

void control_queue_park(struct control_ask *ask, json_t *request)
{
    struct problem p = {.number = -1};
    const char *sha256 = NULL;
    bool end = false;
    size_t peer = 0;
    struct office_park *park = ask->state = calloc(1, sizeof *park);
    int rc = park ? strict_json_text(request, "", "material", true, 64, &sha256, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc)
        rc = strict_json_bool(request, "", "end", false, &end, &p);
    if (!rc)
        rc = read_peer(ask, request, true, &peer, &p);
    if (!rc)
        rc = office_park_init(park, ask->parts->office, peer, sha256, !end, &p);
    if (!rc) {
        park->command.done = park_done;
        park->user = ask;
        rc = store_submit(ask->parts->store, &park->command);
        if (rc)
            (void)problem_from_code(&p, rc);
    }
    if (rc)
        control_refuse(ask, &p);
}

/* ---- drain ---- */

/* How many messages wait for counterparts, told by the monitor; the drain ends when there are none. */
static void drain_told(void *context, const json_t *status)
{
    struct watch_timer *watch = context;
    const json_t *peer, *peers = json_object_get(status, "peers");
    int64_t left = 0, now = monotonic_ms();
    bool known = json_array_size(peers) == watch->ask->parts->office->peer_count;
    size_t i;
    json_array_foreach(peers, i, peer)
    {
        known = known && json_is_integer(json_object_get(peer, "unsent"));
        left += json_integer_value(json_object_get(peer, "unsent"));
    }
    left = known || left || watch->left < 0 ? left : watch->left;
    bool gone = control_gone(watch->ask);
    if ((!known || left) && !gone) {
        /* the same again now and then: a client that hears nothing gives up, and one that left is noticed by it */
        if ((known && left != watch->left) || now - watch->told_ms >= DRAIN_TELL_MS) {
            control_progress(watch->ask, json_pack("{s:s, s:I}", "step", "waiting", "messages", (json_int_t)left));
            watch->told_ms = now;
        }
        watch->left = left;
        (void)uv_timer_again(&watch->timer);
        return;
    }
    watch_end(watch, json_pack("{s:{s:b, s:I}}", "done", "draining", true, "unsent", (json_int_t)left));
}

static void drain_look(uv_timer_t *timer)
{
    struct watch_timer *watch = (struct watch_timer *)timer;
    (void)uv_timer_stop(timer); /* until the answer is there */
    if (control_gone(watch->ask) || monitor_ask(watch->ask->parts->monitor, drain_told, watch) != 0)
        watch_end(watch, NULL);
}

/* {"end":true} opens intake again; {"wait":true} answers when every message is delivered. */
void control_drain(struct control_ask *ask, json_t *request)
{
    static const char *const known[] = {"end", "wait", NULL};
    struct problem p = {.number = -1};
    bool end = false, wait = false;
    const struct control_wiring *wiring = &ask->parts->wiring;
    if (strict_json_only(request, "", known, &p) || strict_json_bool(request, "", "end", false, &end, &p) ||
        strict_json_bool(request, "", "wait", false, &wait, &p)) {
        control_refuse(ask, &p);
        return;
    }
    wiring->drain(wiring->context, !end);
    LOG(LOG_LEVEL_NOTICE, LOG_MAIN, end ? "intake_opened" : "intake_closed", LOG_INT("uid", ask->uid));
    if (end || !wait)
        control_answer(ask, json_pack("{s:{s:b}}", "done", "draining", !end));
    else if (watch_begin(ask, ask->parts->office->peer_count, drain_look, DRAIN_EVERY_MS) != 0)
        refuse_code(ask, TB_ENOMEM);
}
