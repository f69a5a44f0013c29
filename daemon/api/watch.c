#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/base/metrics.h"
#include "proto/access.h"
#include "proto/limits.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { WATCH_COMMENT_MS = 15 * 1000, WATCH_EVENT_BYTES = 1024 };

struct watcher {
    struct office_question question; /* first member: the state is asked anew at each change */
    struct watch *watch;
    struct exchange *x;
    const struct office_staff *staff;
    char case_no[CASE_NO_TEXT];
    bool streaming;  /* the head of the answer is out */
    bool asking;     /* the question is at the store */
    bool again;      /* another change came meanwhile */
    bool gone;       /* the client is gone; freed when the question comes back */
    struct watcher *next;
};

struct watch {
    struct api *api;
    uv_timer_t timer; /* runs only while somebody watches */
    struct watcher *watchers;
    size_t count;
    size_t alive;     /* watchers not yet freed */
    bool stopping, timer_gone;
};

static void watch_maybe_free(struct watch *watch)
{
    if (watch->stopping && watch->timer_gone && watch->alive == 0)
        free(watch);
}

static void watcher_free(struct watcher *watcher)
{
    struct watch *watch = watcher->watch;
    watch->alive--;
    free(watcher);
    watch_maybe_free(watch);
}

static void watcher_closed(struct exchange *x, void *user)
{
    struct watcher *watcher = user;
    struct watch *watch = watcher->watch;
    (void)x;
    for (struct watcher **at = &watch->watchers; *at; at = &(*at)->next)
        if (*at == watcher) {
            *at = watcher->next;
            break;
        }
    watch->count--;
    metric_set(METRIC_WATCHERS, (int64_t)watch->count);
    if (watch->count == 0 && !watch->stopping)
        (void)uv_timer_stop(&watch->timer);
    watcher->gone = true;
    if (!watcher->asking)
        watcher_free(watcher);
}

static void watcher_ask(struct watcher *watcher);

/* A client that does not read fast enough for one line is cut: it comes back and starts from the state then. */
static void watcher_send(struct watcher *watcher, const struct buf *text)
{
    if (exchange_write(watcher->x, text->data, text->len) != 0)
        exchange_stream_end(watcher->x);
}

static int make_event(const struct watcher *watcher, const json_t *row, struct buf *out)
{
    char at[TIMESTAMP_TEXT];
    const struct world *world = watcher->watch->api->world;
    timestamp_format(world->now_ms(world->context), at);
    json_t *data = json_pack("{ssssss}", "case", watcher->case_no, "state", json_string_value(json_object_get(row, "state")), "at", at);
    if (!data || json_object_set(data, "rev", json_object_get(row, "rev")) != 0) {
        json_decref(data);
        return TB_ENOMEM;
    }
    int rc = buf_append_str(out, "event: state\ndata: ");
    if (!rc)
        rc = strict_json_dump(data, out);
    if (!rc)
        rc = buf_append_str(out, "\n\n");
    json_decref(data);
    return rc;
}

static void watcher_answer(struct watcher *watcher, int rc)
{
    const json_t *row = json_array_get(json_object_get(watcher->question.answer, "rows"), 0);
    const char *case_no = json_string_value(json_object_get(row, "case"));
    struct problem p = watcher->question.problem;
    if (rc == 0 && (!case_no || strcmp(case_no, watcher->case_no) != 0))
        rc = problem_set(&p, PROBLEM_NOT_FOUND, "", "case %.21s is not here", watcher->case_no);
    if (rc == 0 && watcher->watch->stopping)
        rc = problem_set(&p, PROBLEM_STOPPING, "", "the service is stopping");
    if (rc == 0 && !watcher->streaming) {
        rc = exchange_stream_begin(watcher->x, 200, "text/event-stream", NULL);
        watcher->streaming = rc == 0;
    }
    if (rc < 0 && !watcher->streaming) {
        api_answer_failure(watcher->x, &p, rc);
        return;
    }
    struct buf text;
    buf_init(&text, WATCH_EVENT_BYTES);
    if (rc == 0 && make_event(watcher, row, &text) == 0)
        watcher_send(watcher, &text);
    buf_free(&text);
}

static void watcher_told(struct store_query *query, int rc)
{
    struct watcher *watcher = (struct watcher *)query;
    struct exchange *x = watcher->x;
    watcher->asking = false;
    if (!watcher->gone) {
        /* answering may close the exchange, which frees the watcher: `asking` holds it until we are done here */
        watcher->asking = true;
        watcher_answer(watcher, rc);
        watcher->asking = false;
    }
    office_question_clear(&watcher->question);
    bool gone = watcher->gone;
    if (gone)
        watcher_free(watcher);
    else if (watcher->again && watcher->streaming)
        watcher_ask(watcher);
    exchange_release(x);
}

/* Whether the person may still follow the case, as last said about that number. */
static bool watcher_may(const struct watcher *watcher)
{
    const struct office_staff *then = watcher->staff, *now = then ? office_staff(watcher->watch->api->office, then->id) : NULL;
    return now && !now->suspended && access_may(now->role, ACCESS_KIND_CASE_TRACE) && !strcmp(now->certificate, then->certificate);
}

static void watcher_ask(struct watcher *watcher)
{
    struct api *api = watcher->watch->api;
    struct exchange *x = watcher->x; /* ending it may free the watcher */
    if (watcher->streaming && !watcher_may(watcher)) {
        exchange_stream_end(x);
        return;
    }
    office_question_init(&watcher->question, api->office, ASK_CASES, watcher->staff);
    memcpy(watcher->question.text, watcher->case_no, sizeof watcher->case_no);
    watcher->question.state = -1;
    watcher->question.limit = 1;
    watcher->question.query.done = watcher_told;
    watcher->question.query.fair.source = watcher->staff ? fair_staff(watcher->staff->id) : FAIR_OWN;
    watcher->again = false;
    exchange_hold(x);
    if (store_read(api->store, &watcher->question.query) == 0) {
        watcher->asking = true;
        return;
    }
    office_question_clear(&watcher->question);
    if (watcher->streaming)
        exchange_stream_end(x);
    else
        api_answer_failure(x, NULL, TB_ETEMP);
    exchange_release(x);
}

static void on_comment(uv_timer_t *timer)
{
    struct watch *watch = timer->data;
    for (struct watcher *watcher = watch->watchers, *next; watcher; watcher = next) {
        next = watcher->next;
        if (watcher->streaming && (!watcher_may(watcher) || exchange_write(watcher->x, ":\n\n", 3) != 0))
            exchange_stream_end(watcher->x);
    }
}

static size_t watchers_of(const struct watch *watch, const struct office_staff *staff)
{
    size_t count = 0;
    for (const struct watcher *watcher = watch->watchers; watcher; watcher = watcher->next)
        count += watcher->staff && !strcmp(watcher->staff->id, staff->id);
    return count;
}

void watch_begin(struct exchange *x, struct api *api, const struct office_staff *staff, const char *case_no)
{
    struct watch *watch = api->watch;
    struct problem p = {.number = -1};
    const char *why;
    struct watcher *watcher = NULL;
    if (code_check(CODE_CASE_NO, case_no, &why) != 0)
        (void)problem_set(&p, PROBLEM_NOT_FOUND, "", "not a case number");
    else if (!watch || watch->stopping)
        (void)problem_set(&p, PROBLEM_STOPPING, "", "the service is stopping");
    else if (watch->count >= LIMIT_WATCHERS)
        (void)problem_set(&p, PROBLEM_BUSY, "", "%d clients follow cases already", LIMIT_WATCHERS);
    else if (watchers_of(watch, staff) >= LIMIT_WATCHERS_OF_ONE)
        (void)problem_set(&p, PROBLEM_BUSY, "", "this certificate follows %d cases already", LIMIT_WATCHERS_OF_ONE);
    else if (!(watcher = calloc(1, sizeof *watcher)))
        (void)problem_from_code(&p, TB_ENOMEM);
    if (!watcher) {
        exchange_answer_problem(x, &p);
        return;
    }
    watcher->watch = watch;
    watcher->x = x;
    watcher->staff = staff;
    memcpy(watcher->case_no, case_no, CASE_NO_TEXT);
    watcher->next = watch->watchers;
    watch->watchers = watcher;
    watch->alive++;
    if (watch->count++ == 0)
        (void)uv_timer_start(&watch->timer, on_comment, WATCH_COMMENT_MS, WATCH_COMMENT_MS);
    metric_set(METRIC_WATCHERS, (int64_t)watch->count);
    exchange_set_user(x, watcher, watcher_closed);
    watcher_ask(watcher);
}

void watch_notify(struct watch *watch, const char *case_no)
{
    if (!watch || watch->stopping)
        return;
    for (struct watcher *watcher = watch->watchers, *next; watcher; watcher = next) {
        next = watcher->next;
        if (strcmp(watcher->case_no, case_no) != 0)
            continue;
        if (watcher->asking)
            watcher->again = true;
        else if (watcher->streaming)
            watcher_ask(watcher);
    }
}

void watch_notify_all(struct watch *watch, const char (*cases)[CASE_NO_TEXT], size_t count)
{
    for (size_t i = 0; i < count; i++)
        watch_notify(watch, cases[i]);
}

size_t watch_count(const struct watch *watch)
{
    return watch ? watch->count : 0;
}

int watch_start(struct api *api, struct watch **out)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return TB_ENOMEM;
    watch->api = api;
    (void)uv_timer_init(api->loop, &watch->timer); /* cannot fail */
    watch->timer.data = watch;
    *out = watch;
    return 0;
}

static void timer_gone(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    watch->timer_gone = true;
    watch_maybe_free(watch);
}

void watch_stop(struct watch *watch)
{
    if (!watch || watch->stopping)
        return;
    watch->stopping = true;
    for (struct watcher *watcher = watch->watchers, *next; watcher; watcher = next) {
        next = watcher->next;
        if (watcher->streaming)
            exchange_stream_end(watcher->x);
    }
    uv_close((uv_handle_t *)&watch->timer, timer_gone);
}
