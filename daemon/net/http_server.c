#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/series.h"
#include "daemon/base/world.h"
#include "daemon/net/http_internal.h"

#define HTTP_BACKLOG 1024

uint64_t listener_ms(const struct http_listener *listener, uint64_t limit)
{
    uint64_t ms = limit / listener->timer_divisor;
    return ms ? ms : 1;
}

const char *listener_date(struct http_listener *listener)
{
    const struct world *world = world_real();
    int64_t second = world->now_ms(world->context) / 1000;
    if (second != listener->date_second) {
        static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        time_t t = (time_t)second;
        struct tm tm = {0};
        (void)gmtime_r(&t, &tm);
        (void)snprintf(listener->date, sizeof listener->date, "%s, %02u %s %04u %02u:%02u:%02u GMT",
                       days[tm.tm_wday % 7], (unsigned)tm.tm_mday % 32, months[tm.tm_mon % 12],
                       (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 24, (unsigned)tm.tm_min % 60,
                       (unsigned)tm.tm_sec % 61);
        listener->date_second = second;
    }
    return listener->date;
}

/* --- the end of a listener --- */

static void listener_free(struct http_listener *l)
{
    tls_context_unref(l->tls);
    free(l->name);
    free(l->cipher);
    free(l->clear);
    free(l->known);
    free(l->known_path);
    crowd_unref(l->addresses);
    crowd_unref(l->certificates);
    free(l);
}

static void listener_on_closed(uv_handle_t *handle)
{
    struct http_listener *l = handle->data;
    if (--l->handles)
        return;
    void (*done)(void *) = l->done;
    void *context = l->done_context;
    listener_free(l);
    if (done)
        done(context);
}

static void listener_close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, listener_on_closed);
}

static void listener_finish(struct http_listener *l)
{
    if (!l->closing || l->stats.open)
        return;
    listener_close_handle(&l->tcp);
    listener_close_handle(&l->turn);
    listener_close_handle(&l->grace);
    listener_close_handle(&l->retry);
}

static void listener_on_grace(uv_timer_t *timer)
{
    struct http_listener *l = timer->data;
    struct http_conn *c;
    uint64_t left_ms = l->grace_ms;
    TAILQ_FOREACH(c, &l->conns, link)
    {
        if (left_ms)
            conn_retire(c, true);
        else
            conn_close(c); /* leaves the list only when its handles have closed */
    }
    l->grace_ms = 0;
    if (left_ms)
        (void)uv_timer_start(&l->grace, listener_on_grace, left_ms, 0);
}

void http_listener_close(struct http_listener *l, uint64_t grace_ms, void (*done)(void *context), void *context)
{
    struct http_conn *c;
    if (l->closing)
        return;
    l->closing = true;
    l->done = done;
    l->done_context = context;
    if (l->known_path)
        known_save(l->known, l->known_path, uv_now(l->loop), world_real()->now_ms(world_real()->context));
    listener_close_handle(&l->tcp);
    TAILQ_FOREACH(c, &l->conns, link)
    conn_retire(c, false);
    uint64_t first_ms = listener_ms(l, LIMIT_STOP_FRESH_MS);
    first_ms = first_ms < grace_ms ? first_ms : grace_ms;
    l->grace_ms = grace_ms - first_ms;
    (void)uv_timer_start(&l->grace, listener_on_grace, first_ms, 0);
    listener_finish(l);
}

/* --- accepting --- */

static void listener_take(struct http_listener *l)
{
    if (l->stats.open >= l->max_connections && !crowd_make_room(l))
        listener_hold(l); /* all have a request: libuv stops accepting until we take it; the rest waits in the backlog */
    else
        conn_accept(l);
}

static void listener_on_retry(uv_timer_t *timer)
{
    struct http_listener *l = timer->data;
    if (!l->held || l->closing)
        return;
    l->held = false;
    listener_take(l);
}

void listener_hold(struct http_listener *l)
{
    l->held = true;
    (void)uv_timer_start(&l->retry, listener_on_retry, listener_ms(l, HTTP_HELD_MS), 0);
}

static void listener_on_connection(uv_stream_t *stream, int status)
{
    struct http_listener *l = stream->data;
    if (l->closing)
        return;
    if (status < 0) {
        /* out of descriptors: libuv has closed the newcomer with its spare one, so this does not spin */
        LOG_LIMITED(LOG_LIMIT_ACCEPT, LOG_LEVEL_ERR, LOG_NET, "accept_failed", LOG_TEXT("listener", l->name),
                    LOG_TEXT("reason", uv_strerror(status)));
        return;
    }
    listener_take(l);
}

void listener_forget(struct http_listener *l)
{
    l->stats.open--;
    metric_add(METRIC_HTTP_CONNECTIONS_OPEN, -1);
    if (l->held && !l->closing) {
        l->held = false;
        conn_accept(l);
    }
    listener_finish(l);
}

/* --- the ready list --- */

static void listener_on_idle(uv_idle_t *idle)
{
    struct http_listener *l = idle->data;
    struct http_conn *c;
    /* only those that stand there now: who is woken meanwhile waits for the next turn of the loop */
    for (size_t n = l->ready_count; n && (c = TAILQ_FIRST(&l->ready)) != NULL; n--) {
        listener_unqueue(c);
        conn_run(c, NULL, 0);
    }
    /* a handshake costs a thousand times what a request does: few at a time, so that requests do not wait for a storm of them */
    for (unsigned n = 0; n < HTTP_SHAKES && (c = crowd_next_shake(l, n)) != NULL; n++) {
        listener_unqueue(c);
        conn_run(c, NULL, 0);
    }
    if (TAILQ_EMPTY(&l->ready) && TAILQ_EMPTY(&l->shakes) && TAILQ_EMPTY(&l->known_shakes))
        (void)uv_idle_stop(idle);
}

void listener_queue(struct http_conn *c)
{
    struct http_listener *l = c->listener;
    if (c->queue)
        return;
    c->queue = c->state != CONN_HANDSHAKE ? &l->ready : c->known ? &l->known_shakes : &l->shakes;
    TAILQ_INSERT_TAIL(c->queue, c, ready_link);
    l->ready_count += c->queue == &l->ready;
    (void)uv_idle_start(&l->turn, listener_on_idle); /* does nothing when it runs */
}

void listener_unqueue(struct http_conn *c)
{
    struct http_listener *l = c->listener;
    if (!c->queue)
        return;
    TAILQ_REMOVE(c->queue, c, ready_link);
    l->ready_count -= c->queue == &l->ready;
    c->queue = NULL;
}

/* --- opening --- */

static int listener_bind(struct http_listener *l, const struct http_listener_options *o, struct problem *p)
{
    if (o->fd > 0) {
        int rc = uv_tcp_open(&l->tcp, o->fd);
        if (!rc)
            rc = uv_listen((uv_stream_t *)&l->tcp, HTTP_BACKLOG, listener_on_connection);
        return rc ? problem_set(p, PROBLEM_INTERNAL, NULL, "cannot listen on the socket handed over: %s", uv_strerror(rc)) : 0;
    }
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    const struct sockaddr *address = NULL;
    if (!uv_ip4_addr(o->address, o->port, &v4))
        address = (const struct sockaddr *)&v4;
    else if (!uv_ip6_addr(o->address, o->port, &v6))
        address = (const struct sockaddr *)&v6;
    else
        return problem_set(p, PROBLEM_FIELD, NULL, "'%s' is not a numeric address", o->address);
    int rc = uv_tcp_bind(&l->tcp, address, 0);
    if (!rc)
        rc = uv_listen((uv_stream_t *)&l->tcp, HTTP_BACKLOG, listener_on_connection);
    if (rc)
        return problem_set(p, PROBLEM_INTERNAL, NULL, "cannot listen on %s port %u: %s", o->address, o->port,
                           uv_strerror(rc));
    return 0;
}

int http_listener_open(uv_loop_t *loop, const struct http_listener_options *o, struct http_listener **out,
                       struct problem *p)
{
    struct http_listener *l = calloc(1, sizeof *l);
    if (!l)
        return problem_from_code(p, TB_ENOMEM);
    l->loop = loop;
    l->name = strdup(o->name ? o->name : "");
    l->label = series_value(LABEL_LISTENER, o->name ? o->name : "");
    l->cipher = malloc(HTTP_READ_BYTES);
    l->clear = malloc(HTTP_READ_BYTES);
    l->routes = o->routes;
    l->route_count = o->route_count;
    l->context = o->context;
    l->admit = o->admit;
    l->allow = o->allow;
    l->max_connections = o->max_connections ? o->max_connections : LIMIT_HTTP_CONNECTIONS;
    l->timer_divisor = o->timer_divisor ? o->timer_divisor : 1;
    l->tls = tls_context_ref(o->tls);
    l->date_second = -1;
    TAILQ_INIT(&l->conns);
    TAILQ_INIT(&l->ready);
    TAILQ_INIT(&l->shakes);
    TAILQ_INIT(&l->known_shakes);
    TAILQ_INIT(&l->idle);
    TAILQ_INIT(&l->shaking);
    TAILQ_INIT(&l->known_shaking);
    l->known = known_new();
    l->known_path = o->known ? strdup(o->known) : NULL;
    l->addresses = crowd_new();
    l->certificates = crowd_new();
    l->max_of_one = o->max_of_one ? o->max_of_one : LIMIT_HTTP_CONNECTIONS_OF_ONE;
    int rc = uv_random(NULL, NULL, &l->id_state, sizeof l->id_state, 0, NULL);
    if (rc || !l->name || !l->cipher || !l->clear || !l->known || !l->addresses || !l->certificates || uv_tcp_init(loop, &l->tcp)) {
        listener_free(l);
        return problem_from_code(p, TB_ENOMEM);
    }
    (void)uv_idle_init(loop, &l->turn); /* these three cannot fail */
    (void)uv_timer_init(loop, &l->grace);
    (void)uv_timer_init(loop, &l->retry);
    l->handles = 4;
    l->tcp.data = l->turn.data = l->grace.data = l->retry.data = l;
    rc = listener_bind(l, o, p);
    if (rc) {
        l->closing = true;
        listener_finish(l);
        return rc;
    }
    if (l->known_path)
        known_load(l->known, l->known_path, uv_now(loop), world_real()->now_ms(world_real()->context));
    *out = l;
    return 0;
}

uint16_t http_listener_port(const struct http_listener *l)
{
    struct sockaddr_storage address;
    int len = (int)sizeof address;
    memset(&address, 0, sizeof address);
    if (uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&address, &len))
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&address)->sin6_port
                                               : ((const struct sockaddr_in *)&address)->sin_port);
}

int http_listener_fd(const struct http_listener *l)
{
    uv_os_fd_t fd = -1;
    (void)uv_fileno((const uv_handle_t *)&l->tcp, &fd); /* bound: there is one */
    return fd;
}

void http_listener_set_tls(struct http_listener *l, struct tls_context *tls)
{
    struct tls_context *old = l->tls;
    l->tls = tls_context_ref(tls);
    tls_context_unref(old);
}

void http_listener_stats(const struct http_listener *l, struct http_listener_stats *out)
{
    *out = l->stats;
}
