#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/series.h"
#include "daemon/base/world.h"
#include "daemon/net/http_internal.h"

const char *const http_method_names[HTTP_METHODS] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

bool request_wants(const struct http_conn *c)
{
    switch (c->state) {
    case CONN_IDLE:
        return !c->deaf_until;
    case CONN_HEAD:
        return true;
    case CONN_BODY:
        return c->exchange->body_left > 0 && !c->exchange->body_paused && !c->exchange->answered;
    case CONN_WORK:
        return c->exchange->streaming; /* to notice the end of the peer; its bytes are thrown away */
    case CONN_HANDSHAKE:
    case CONN_LINGER:
        break;
    }
    return false;
}

/* Answers before the handler was asked; the state waits for the answer to be out. */
static void request_refuse(struct http_conn *c, const struct problem *p)
{
    conn_set_state(c, CONN_WORK);
    exchange_answer_problem(c->exchange, p);
}

void request_timeout(struct http_conn *c)
{
    struct problem p;
    if (!exchange_alive(c->exchange)) {
        conn_close(c);
        return;
    }
    c->keep_alive = false;
    (void)problem_set(&p, PROBLEM_TIMEOUT, NULL, "the %s did not arrive in time",
                      c->state == CONN_HEAD ? "head" : "body");
    request_refuse(c, &p);
    conn_run(c, NULL, 0);
}

/* --- from the head to the handler --- */

static void request_make_id(struct http_listener *listener, struct exchange *x)
{
    const struct world *world = world_real();
    int64_t now = world->now_ms(world->context);
    if (trace_take(http1_header(x->head, "X-Request-Id"), now, x->request_id))
        return;
    /* splitmix64 from a random start: unlike its neighbours, not secret */
    uint64_t z = (listener->id_state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    const uint8_t random[2] = {(uint8_t)(z >> 40), (uint8_t)(z >> 48)};
    trace_make(now, random, x->request_id);
}

static int request_admit(struct http_conn *c, struct problem *p)
{
    struct http_listener *l = c->listener;
    if (c->tls && tls_session_recheck(c->tls, l->tls)) {
        c->keep_alive = false;
        return problem_set(p, PROBLEM_NOT_ALLOWED, NULL,
                           "the certificate opens nothing here any more: it is revoked, or its authority is gone");
    }
    if (!c->admitted && l->admit) {
        *p = (struct problem){.number = -1};
        int rc = l->admit(&c->identity, l->context, p);
        if (rc) {
            c->keep_alive = false;
            return rc;
        }
    }
    c->admitted = true;
    return 0;
}

/* 405, naming the methods that would fit (RFC 9110 15.5.6). */
static int request_refuse_method(struct exchange *x, unsigned allowed, struct problem *p)
{
    struct buf names;
    buf_init(&names, 64);
    int rc = 0;
    for (unsigned m = 0; m < HTTP_METHODS && !rc; m++)
        if (allowed & (1U << m))
            rc = buf_printf(&names, "%s%s", names.len ? ", " : "", http_method_names[m]);
    if (!rc)
        rc = exchange_add_header(x, "Allow", names.data);
    rc = rc ? problem_from_code(p, rc) : problem_set(p, PROBLEM_METHOD, NULL, "allowed: %s", names.data);
    buf_free(&names);
    return rc;
}

/* The route of this path and method; a GET route also answers HEAD.  405 names what would fit. */
static int request_route(struct http_conn *c, struct problem *p)
{
    struct http_listener *l = c->listener;
    struct exchange *x = c->exchange;
    const struct http_route *get = NULL;
    unsigned allowed = 0;
    for (size_t i = 0; i < l->route_count; i++) {
        const struct http_route *route = &l->routes[i];
        if (!http_target_matches(&x->target, route->pattern))
            continue;
        if (route->method == x->method) {
            x->route = route;
            return 0;
        }
        if (route->method == HTTP_GET)
            get = route;
        allowed |= 1U << route->method;
    }
    if (x->method == HTTP_HEAD && get) {
        x->route = get;
        return 0;
    }
    if (!allowed)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such path");
    return request_refuse_method(x, allowed, p);
}

static bool request_type_fits(const char *given, const char *wanted)
{
    size_t len = given ? strcspn(given, "; \t") : 0;
    return given && len == strlen(wanted) && !strncasecmp(given, wanted, len);
}

static int request_check_body(const struct exchange *x, struct problem *p)
{
    const struct http_route *route = x->route;
    if (!x->body_left)
        return 0;
    if (route->body == HTTP_BODY_NONE)
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "this request takes no body");
    size_t max = route->body_max ? route->body_max : LIMIT_HTTP_BODY_BYTES;
    if (route->body == HTTP_BODY_BUFFERED && (uint64_t)x->body_left > max)
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "at most %zu bytes", max);
    if (route->content_type && !request_type_fits(http1_header(x->head, "Content-Type"), route->content_type))
        return problem_set(p, PROBLEM_UNSUPPORTED_TYPE, NULL, "Content-Type must be %s", route->content_type);
    return 0;
}

static int request_check(struct http_conn *c, struct problem *p)
{
    struct exchange *x = c->exchange;
    int rc = http_target_parse(http1_target(x->head), &x->target);
    if (rc)
        return problem_set(p, rc == TB_ENOMEM ? PROBLEM_INTERNAL : PROBLEM_MALFORMED, NULL,
                           "the request target cannot be read");
    rc = request_route(c, p);
    return rc ? rc : request_check_body(x, p);
}

/* What was refused for its number only: a small body is read and dropped, so that the next request needs no new handshake. */
static void request_refuse_late(struct http_conn *c, const struct problem *p)
{
    struct exchange *x = c->exchange;
    x->limited = true;
    bool read = x->route && x->route->body == HTTP_BODY_BUFFERED;
    bool small = read && x->body_left <= LIMIT_HTTP_BODY_BYTES && !http1_expects_continue(x->head);
    if (x->body_left && small)
        x->refusal = malloc(sizeof *x->refusal);
    if (x->refusal)
        *x->refusal = *p;
    else
        request_refuse(c, p);
}

/* True when its sender asks too often. */
static bool request_limited(struct http_conn *c)
{
    const struct http_listener *l = c->listener;
    struct problem p = {.number = -1};
    if (!l->allow || !l->allow(c->exchange, l->context, &p))
        return false;
    request_refuse_late(c, &p);
    return true;
}

static void request_begin(struct http_conn *c)
{
    struct exchange *x = c->exchange;
    struct problem p;
    c->listener->stats.requests++;
    metric_add(METRIC_HTTP_REQUESTS, 1);
    c->keep_alive = http1_keep_alive(x->head);
    for (unsigned m = 0; m < HTTP_METHODS; m++)
        if (!strcmp(http1_method(x->head), http_method_names[m]))
            x->method = (enum http_method)m;
    x->body_left = http1_content_length(x->head) > 0 ? http1_content_length(x->head) : 0;
    x->identity = c->identity;
    request_make_id(c->listener, x);
    bool refused = request_admit(c, &p) != 0;
    if (!refused) { /* who is admitted is counted, whatever it asks for */
        refused = request_check(c, &p) != 0;
        if (request_limited(c)) {
            refused = false;
            if (!x->refusal)
                return;
        }
    }
    if (refused) {
        request_refuse(c, &p);
        return;
    }
    bool streamed = x->route->body == HTTP_BODY_STREAMED;
    if (!x->refusal && !streamed && crowd_reserve(x, (size_t)x->body_left, &p)) {
        request_refuse(c, &p);
        return;
    }
    conn_set_state(c, CONN_BODY);
    buf_init(&x->body, (size_t)(streamed ? 0 : x->body_left));
    if (streamed)
        x->route->handle(x, x->context);
    else if (!x->refusal && x->body_left && x->body_left <= LIMIT_HTTP_BODY_BYTES && buf_reserve(&x->body, (size_t)x->body_left))
        conn_close(c);
    if (!c->closing && x->body_left && !x->answered && http1_expects_continue(x->head) &&
        buf_append_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n"))
        conn_close(c);
}

static size_t request_head(struct http_conn *c, const char *bytes, size_t len)
{
    struct problem p;
    size_t used = 0;
    int rc = http1_feed(c->exchange->head, bytes, len, &used, &p);
    if (rc == 1) {
        request_begin(c);
    } else if (rc < 0) {
        c->listener->stats.bad_requests++;
        metric_add(METRIC_HTTP_REFUSED, 1);
        LOG_LIMITED(LOG_LIMIT_BAD_REQUEST, LOG_LEVEL_WARNING, LOG_NET, "bad_request", LOG_TEXT("listener", c->listener->name),
                    LOG_TEXT("reason", p.detail));
        request_make_id(c->listener, c->exchange);
        c->keep_alive = false;
        request_refuse(c, &p);
        return len; /* never looked at again */
    }
    return used;
}

/* --- the body --- */

static size_t request_body(struct http_conn *c, const char *bytes, size_t len)
{
    struct exchange *x = c->exchange;
    size_t n = (uint64_t)x->body_left < len ? (size_t)x->body_left : len;
    struct problem p;
    x->body_left -= (int64_t)n;
    c->body_due = conn_due_next(c, c->body_due, n, LIMIT_HTTP_BODY_MIN_RATE, LIMIT_HTTP_BODY_STALL_MS);
    if (x->route->body == HTTP_BODY_STREAMED) {
        int rc = x->route->sink->data(x, bytes, n);
        x->body_paused = rc > 0;
        c->paused_at = uv_now(c->listener->loop);
        if (rc < 0 && exchange_alive(x)) {
            c->keep_alive = false;
            (void)problem_from_code(&p, rc);
            request_refuse(c, &p);
        }
    } else if (!x->refusal && buf_append(&x->body, bytes, n)) {
        conn_close(c);
    }
    return n;
}

size_t request_feed(struct http_conn *c, const char *bytes, size_t len)
{
    size_t taken = 0;
    while (taken < len && !c->closing && request_wants(c)) {
        switch (c->state) {
        case CONN_IDLE:
            c->exchange = exchange_new(c);
            if (!c->exchange) {
                conn_close(c);
                break;
            }
            conn_set_state(c, CONN_HEAD);
            break;
        case CONN_HEAD:
            taken += request_head(c, bytes + taken, len - taken);
            break;
        case CONN_BODY:
            taken += request_body(c, bytes + taken, len - taken);
            break;
        case CONN_WORK: /* a stream: whoever talks meanwhile has lost step */
            c->keep_alive = false;
            taken = len;
            break;
        case CONN_HANDSHAKE:
        case CONN_LINGER:
            return taken;
        }
    }
    return taken;
}

/* --- onwards --- */

static void request_finish(struct http_conn *c)
{
    struct exchange *x = c->exchange;
    bool keep = c->keep_alive && !c->eof && !c->listener->closing;
    if (!x->streamed)
        series_observe(SERIES_REQUEST, c->listener->label, world_figure_us() - x->began_us);
    c->exchange = NULL;
    if (keep && x->limited)
        c->deaf_until = uv_now(c->listener->loop) + listener_ms(c->listener, LIMIT_HTTP_REFUSED_PAUSE_MS);
    conn_set_state(c, keep ? CONN_IDLE : CONN_LINGER);
    exchange_end(x);
}

bool request_advance(struct http_conn *c)
{
    struct exchange *x = c->exchange;
    if (!x)
        return false;
    if (c->state == CONN_BODY && (x->answered || (!x->body_left && !x->body_paused))) {
        conn_set_state(c, CONN_WORK);
        if (x->answered)
            return true;
        if (x->refusal)
            exchange_answer_problem(x, x->refusal);
        else if (x->route->body == HTTP_BODY_STREAMED)
            x->route->sink->end(x);
        else
            x->route->handle(x, x->context);
        return true;
    }
    if (c->state != CONN_WORK)
        return false;
    if (x->streaming && x->blocked && conn_queued(c) <= LIMIT_HTTP_WRITE_QUEUE_BYTES / 2) {
        x->blocked = false;
        if (x->writable)
            x->writable(x);
        return true;
    }
    if (!x->answered || x->streaming || conn_queued(c) || c->writing)
        return false;
    request_finish(c);
    return true;
}
