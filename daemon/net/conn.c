#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/series.h"
#include "daemon/base/world.h"
#include "daemon/net/http_internal.h"

/* --- closing --- */

static void conn_on_closed(uv_handle_t *handle)
{
    struct http_conn *c = handle->data;
    if (--c->handles)
        return;
    struct http_listener *listener = c->listener;
    TAILQ_REMOVE(&listener->conns, c, link);
    crowd_leave(listener->addresses, c->address);
    crowd_leave(listener->certificates, c->certificate);
    tls_session_free(c->tls);
    buf_free(&c->pending);
    buf_free(&c->plain);
    buf_free(&c->out);
    buf_free(&c->wire);
    free(c);
    listener_forget(listener);
}

void conn_close(struct http_conn *c)
{
    if (c->closing)
        return;
    c->closing = true;
    listener_unqueue(c);
    crowd_unmark(c);
    struct exchange *x = c->exchange;
    c->exchange = NULL;
    if (x)
        exchange_end(x);
    uv_close((uv_handle_t *)&c->tcp, conn_on_closed);
    uv_close((uv_handle_t *)&c->timer, conn_on_closed);
}

void conn_retire(struct http_conn *c, bool waited)
{
    bool idle = c->state == CONN_IDLE && !c->pending.len && !c->plain.len;
    bool fresh = !c->keep_alive; /* known from the first request on */
    if ((idle && (waited || !fresh)) || (waited && c->state == CONN_HANDSHAKE))
        conn_close(c);
}

void conn_wake(struct http_conn *c)
{
    c->again = true;
    if (!c->closing && !c->running)
        listener_queue(c);
}

void conn_set_state(struct http_conn *c, enum conn_state state)
{
    c->state = state;
    c->since = uv_now(c->listener->loop);
    c->body_due = conn_due_first(c, LIMIT_HTTP_BODY_STALL_MS);
    crowd_mark(c);
    if (state != CONN_IDLE)
        return;
    /* an idle connection keeps no buffer */
    buf_free(&c->out);
    c->out_done = 0;
    if (!c->writing)
        buf_free(&c->wire);
    if (!c->plain.len)
        buf_free(&c->plain);
}

size_t conn_queued(const struct http_conn *c)
{
    return c->out.len - c->out_done + c->wire.len;
}

/* --- timers: one per connection, re-armed when it fires rather than at each event --- */

uint64_t conn_due_first(const struct http_conn *c, uint64_t stall)
{
    return (uv_now(c->listener->loop) + listener_ms(c->listener, stall)) * 1000;
}

uint64_t conn_due_next(const struct http_conn *c, uint64_t due, size_t bytes, uint64_t rate, uint64_t stall)
{
    uint64_t most = conn_due_first(c, stall);
    due += (uint64_t)bytes * 1000 * 1000 / rate / c->listener->timer_divisor;
    return due < most ? due : most;
}

static uint64_t conn_read_deadline(const struct http_conn *c)
{
    const struct http_listener *l = c->listener;
    switch (c->state) {
    case CONN_HANDSHAKE:
        return c->since + listener_ms(l, LIMIT_HTTP_HANDSHAKE_MS);
    case CONN_IDLE:
        if (c->deaf_until)
            return c->deaf_until;
        return c->since + listener_ms(l, LIMIT_HTTP_IDLE_MS);
    case CONN_HEAD:
        return c->since + listener_ms(l, LIMIT_HTTP_HEAD_MS);
    case CONN_BODY:
        return c->exchange->body_paused ? 0 : c->body_due / 1000;
    case CONN_WORK:
        return 0;
    case CONN_LINGER:
        return c->since + listener_ms(l, HTTP_LINGER_MS);
    }
    return 0;
}

static uint64_t conn_write_deadline(const struct http_conn *c)
{
    return c->writing ? c->write_due / 1000 : 0;
}

/* The kernel took more of what is being written. */
static void conn_count_written(struct http_conn *c, size_t left)
{
    if (left >= c->write_left)
        return;
    c->write_due = conn_due_next(c, c->write_due, c->write_left - left, LIMIT_HTTP_WRITE_MIN_RATE, LIMIT_HTTP_WRITE_STALL_MS);
    c->write_left = left;
}

static void conn_on_timer(uv_timer_t *timer);

static void conn_arm(struct http_conn *c)
{
    uint64_t due = conn_read_deadline(c), write = conn_write_deadline(c), now = uv_now(c->listener->loop);
    if (!due || (write && write < due))
        due = write;
    if (!due || (c->timer_due && c->timer_due <= due))
        return; /* nothing to wait for, or the timer looks again before that */
    c->timer_due = due;
    (void)uv_timer_start(&c->timer, conn_on_timer, due > now ? due - now : 0, 0);
}

static void conn_timed_out(struct http_conn *c)
{
    if (c->state != CONN_IDLE && c->state != CONN_LINGER) {
        c->listener->stats.timeouts++;
        metric_add(METRIC_HTTP_TIMEOUTS, 1);
    }
    if (c->state == CONN_HEAD || c->state == CONN_BODY)
        request_timeout(c);
    else
        conn_close(c);
}

static void conn_on_timer(uv_timer_t *timer)
{
    struct http_conn *c = timer->data;
    if (c->closing)
        return;
    c->timer_due = 0;
    uint64_t now = uv_now(c->listener->loop);
    if (c->deaf_until && c->deaf_until <= now) {
        c->deaf_until = 0;
        conn_run(c, NULL, 0);
        return; /* which armed the timer again */
    }
    uint64_t read = conn_read_deadline(c);
    if (c->writing) {
        conn_count_written(c, uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp));
        if (conn_write_deadline(c) <= now) {
            c->listener->stats.timeouts++;
            metric_add(METRIC_HTTP_TIMEOUTS, 1);
            conn_close(c); /* it does not read: no use in telling it */
            return;
        }
    }
    if (read && read <= now)
        conn_timed_out(c);
    if (!c->closing)
        conn_arm(c);
}

/* --- output --- */

static void conn_on_written(uv_write_t *request, int status)
{
    struct http_conn *c = request->data;
    c->writing = false;
    if (c->closing)
        return;
    if (status) {
        conn_close(c);
        return;
    }
    conn_count_written(c, 0);
    if (c->state == CONN_IDLE)
        buf_free(&c->wire);
    else
        buf_clear(&c->wire);
    if (c->tls)
        tls_output_freeze(c->tls, false);
    conn_run(c, NULL, 0);
}

/* Sends `wire`: at once as far as the kernel takes it, the rest queued.  False when it is not all gone. */
static bool conn_send_wire(struct http_conn *c)
{
    uv_stream_t *stream = (uv_stream_t *)&c->tcp;
    uv_buf_t bytes = uv_buf_init(c->wire.data, (unsigned)c->wire.len);
    int n = uv_try_write(stream, &bytes, 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_close(c);
        return false;
    }
    size_t sent = n > 0 ? (size_t)n : 0;
    c->write_left = c->wire.len;
    if (c->write_due)
        conn_count_written(c, c->wire.len - sent);
    if (sent == c->wire.len) {
        buf_clear(&c->wire);
        return true;
    }
    bytes = uv_buf_init(c->wire.data + sent, (unsigned)(c->wire.len - sent));
    c->write.data = c;
    if (uv_write(&c->write, stream, &bytes, 1, conn_on_written)) {
        conn_close(c);
        return false;
    }
    c->writing = true;
    c->write_left = bytes.len;
    if (!c->write_due)
        c->write_due = conn_due_first(c, LIMIT_HTTP_WRITE_STALL_MS);
    if (c->tls)
        tls_output_freeze(c->tls, true);
    return false;
}

/* Encrypts as much of `out` as `wire` takes. */
static void conn_encrypt(struct http_conn *c)
{
    enum tls_step step = TLS_DONE;
    while (step == TLS_DONE && c->out_done < c->out.len) {
        size_t n = 0;
        step = tls_pump(c->tls, TLS_OP_WRITE, c->out.data + c->out_done, c->out.len - c->out_done, &n);
        if (step == TLS_DONE)
            c->out_done += n;
    }
    if (c->out_done == c->out.len) {
        buf_clear(&c->out);
        c->out_done = 0;
    }
    if (step == TLS_FAILED)
        conn_close(c);
}

/* Leaves `out` and `wire` empty, or a write in flight, or the connection closing. */
static void conn_flush(struct http_conn *c)
{
    while (!c->closing && !c->writing && conn_queued(c)) {
        if (c->out.len && c->tls) {
            conn_encrypt(c);
        } else if (c->out.len && !c->wire.len) {
            struct buf filled = c->out;
            c->out = c->wire;
            c->wire = filled;
        }
        if (c->closing || (c->wire.len && !conn_send_wire(c)))
            return;
    }
}

/* --- input --- */

static void conn_give(struct http_conn *c, const char *bytes, size_t len)
{
    c->in = bytes;
    c->in_len = len;
    if (c->tls)
        tls_input_give(c->tls, bytes, len);
}

static size_t conn_left(const struct http_conn *c)
{
    return c->tls ? tls_input_left(c->tls) : c->in_len;
}

/* End of the peer's bytes, in order (close_notify or FIN). */
static void conn_peer_done(struct http_conn *c)
{
    c->eof = true;
    c->keep_alive = false;
    if (c->state != CONN_WORK || !c->exchange || c->exchange->streaming)
        conn_close(c);
}

static void conn_tls_failed(struct http_conn *c)
{
    if (c->state == CONN_HANDSHAKE) {
        c->listener->stats.refused_handshakes++;
        metric_add(METRIC_TLS_FAILED, 1);
        LOG_LIMITED(LOG_LIMIT_HANDSHAKE, LOG_LEVEL_WARNING, LOG_TLS, "handshake_refused", LOG_TEXT("listener", c->listener->name),
                    LOG_TEXT("reason", tls_session_reason(c->tls)));
    }
    if (!c->writing && c->wire.len)
        (void)conn_send_wire(c); /* the alert, as far as it goes */
    conn_close(c);
}

static bool conn_handshake(struct http_conn *c)
{
    if (!c->tls) {
        if (tls_session_new(c->listener->tls, &c->wire, &c->tls)) {
            conn_close(c);
            return false;
        }
        tls_input_give(c->tls, c->in, c->in_len);
    }
    switch (tls_pump(c->tls, TLS_OP_HANDSHAKE, NULL, 0, NULL)) {
    case TLS_DONE:
        if (tls_session_identity(c->tls, &c->identity)) {
            conn_tls_failed(c);
            return false;
        }
        metric_add(METRIC_TLS_HANDSHAKES, 1);
        series_observe(SERIES_HANDSHAKE, 0, world_figure_us() - c->began_us);
        conn_flush(c);
        if (!c->closing && !crowd_take_certificate(c))
            conn_close(c);
        if (!c->closing)
            crowd_know(c);
        if (!c->closing)
            conn_set_state(c, CONN_IDLE);
        return true;
    case TLS_WANT_SPACE:
        conn_flush(c);
        return !c->writing && !c->closing;
    case TLS_WANT_INPUT:
        return false;
    case TLS_END:
    case TLS_FAILED:
        conn_tls_failed(c);
        break;
    }
    return false;
}

static bool conn_read_clear(struct http_conn *c)
{
    char *clear = c->listener->clear;
    size_t have = 0, n = 0;
    enum tls_step step = TLS_DONE;
    while (have < HTTP_READ_BYTES) {
        step = tls_pump(c->tls, TLS_OP_READ, clear + have, HTTP_READ_BYTES - have, &n);
        if (step != TLS_DONE)
            break;
        have += n;
    }
    if (have) { /* an end or a failure comes again at the next call */
        size_t used = request_feed(c, clear, have);
        if (!c->closing && used < have && buf_append(&c->plain, clear + used, have - used))
            conn_close(c);
        return true;
    }
    if (step == TLS_END)
        conn_peer_done(c);
    else if (step == TLS_FAILED)
        conn_tls_failed(c);
    else if (step == TLS_WANT_SPACE)
        return !c->writing; /* the flush makes room */
    return false;
}

static bool conn_read(struct http_conn *c)
{
    size_t used;
    if (!request_wants(c))
        return false;
    if (c->plain.len) {
        used = request_feed(c, c->plain.data, c->plain.len);
        buf_consume(&c->plain, used);
        return used > 0;
    }
    if (c->tls)
        return conn_read_clear(c);
    if (!c->in_len)
        return false;
    used = request_feed(c, c->in, c->in_len);
    c->in += used;
    c->in_len -= used;
    return used > 0;
}

static void conn_on_shutdown(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status; /* the linger timer ends it in any case */
}

/* Says goodbye, then throws away what still comes, so that our answer is not lost to a reset. */
static bool conn_linger(struct http_conn *c)
{
    c->lingered += conn_left(c);
    conn_give(c, NULL, 0);
    if (c->tls && !c->said_goodbye && !c->writing) {
        c->said_goodbye = true;
        (void)tls_pump(c->tls, TLS_OP_SHUTDOWN, NULL, 0, NULL);
        return true;
    }
    if (c->writing)
        return false;
    if (c->eof || c->lingered > HTTP_LINGER_BYTES) {
        conn_close(c);
        return false;
    }
    if (!c->shut) {
        c->shut = true;
        if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, conn_on_shutdown))
            conn_close(c);
    }
    return false;
}

/* One round.  True when something moved and another round may move more. */
static bool conn_step(struct http_conn *c)
{
    bool moved = false;
    conn_flush(c);
    if (c->closing)
        return false;
    if (c->state == CONN_LINGER)
        return conn_linger(c);
    if (c->state == CONN_HANDSHAKE)
        return conn_handshake(c);
    moved = conn_read(c);
    if (!c->closing)
        moved = request_advance(c) || moved;
    return moved;
}

static void conn_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    const struct http_conn *c = handle->data;
    (void)suggested;
    *out = uv_buf_init(c->listener->cipher, HTTP_READ_BYTES); /* used up before the next read begins */
}

static void conn_stop_reading(struct http_conn *c)
{
    if (c->reading)
        (void)uv_read_stop((uv_stream_t *)&c->tcp);
    c->reading = false;
}

/* Whoever sends much and fast lets the others have their turn; it goes on with the ready list. */
static void conn_yield(struct http_conn *c)
{
    c->turn_bytes = 0;
    conn_stop_reading(c);
    listener_queue(c);
}

/* The bytes wait until the listener has time for a handshake. */
static void conn_shake_later(struct http_conn *c, const char *bytes, size_t len)
{
    if (buf_append(&c->pending, bytes, len)) {
        conn_close(c);
        return;
    }
    conn_stop_reading(c);
    listener_queue(c);
}

static void conn_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct http_conn *c = stream->data;
    if (c->closing || n == 0)
        return;
    if (n > 0 && c->state == CONN_HANDSHAKE) {
        conn_shake_later(c, bytes->base, (size_t)n);
    } else if (n > 0) {
        c->turn_bytes += (size_t)n;
        conn_run(c, bytes->base, (size_t)n);
        if (!c->closing && c->turn_bytes >= HTTP_TURN_BYTES)
            conn_yield(c);
    } else if (n == UV_EOF) {
        conn_peer_done(c);
        if (!c->closing)
            conn_run(c, NULL, 0);
    } else {
        conn_close(c);
    }
}

/* After a run: whether to read on, and until when to wait. */
static void conn_settle(struct http_conn *c)
{
    bool paused = c->state == CONN_BODY && c->exchange->body_paused;
    bool want = !c->eof && !c->deaf_until && !c->pending.len && !c->plain.len && !paused;
    if (want && !c->reading && uv_read_start((uv_stream_t *)&c->tcp, conn_on_alloc, conn_on_read)) {
        conn_close(c);
        return;
    }
    if (want)
        c->reading = true;
    else
        conn_stop_reading(c);
    conn_arm(c);
    if (c->state == CONN_IDLE && c->listener->held)
        (void)crowd_make_room(c->listener); /* may close this one */
}

void conn_run(struct http_conn *c, const char *bytes, size_t len)
{
    if (c->closing || c->running)
        return;
    bool kept = c->pending.len > 0;
    if (kept && len && buf_append(&c->pending, bytes, len)) {
        conn_close(c);
        return;
    }
    if (kept) {
        bytes = c->pending.data;
        len = c->pending.len;
    }
    c->running = true;
    conn_give(c, bytes, len);
    bool moved = true;
    while (!c->closing && (moved || c->again)) {
        c->again = false;
        moved = conn_step(c);
    }
    if (!c->closing)
        conn_flush(c);
    if (!c->writing && !conn_queued(c))
        c->write_due = 0; /* the peer has read all */
    size_t left = conn_left(c);
    conn_give(c, NULL, 0);
    c->running = false;
    if (c->closing)
        return;
    if (kept)
        buf_consume(&c->pending, len - left);
    if (kept && !left)
        buf_free(&c->pending);
    if (!kept && left && buf_append(&c->pending, bytes + len - left, left))
        conn_close(c);
    else
        conn_settle(c);
}

/* --- beginning --- */

void conn_accept(struct http_listener *listener)
{
    struct http_conn *c = calloc(1, sizeof *c);
    if (!c) {
        listener_hold(listener);
        return;
    }
    c->listener = listener;
    c->began_us = world_figure_us();
    c->tcp.data = c->timer.data = c;
    buf_init(&c->pending, 4 * HTTP_READ_BYTES);
    buf_init(&c->plain, 2 * HTTP_READ_BYTES);
    buf_init(&c->out, HTTP_ANSWER_BYTES + HTTP_READ_BYTES);
    buf_init(&c->wire, listener->tls ? TLS_OUT_BYTES : HTTP_ANSWER_BYTES + HTTP_READ_BYTES);
    if (uv_tcp_init(listener->loop, &c->tcp)) {
        free(c);
        listener_hold(listener);
        return;
    }
    (void)uv_timer_init(listener->loop, &c->timer); /* cannot fail */
    c->handles = 2;
    listener->stats.open++;
    listener->stats.accepted++;
    metric_add(METRIC_HTTP_CONNECTIONS_OPEN, 1);
    metric_add(METRIC_HTTP_CONNECTIONS, 1);
    TAILQ_INSERT_TAIL(&listener->conns, c, link);
    if (uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&c->tcp)) {
        conn_close(c);
        return;
    }
    if (!crowd_take_address(c)) {
        conn_close(c);
        return;
    }
    int fd, unsent = HTTP_UNSENT_BYTES;
    if (!uv_fileno((uv_handle_t *)&c->tcp, &fd)) /* memory of the kernel, which nobody else bounds */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    (void)uv_tcp_nodelay(&c->tcp, 1);
    conn_set_state(c, listener->tls ? CONN_HANDSHAKE : CONN_IDLE);
    conn_settle(c);
}
