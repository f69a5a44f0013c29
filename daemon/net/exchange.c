#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/log.h"
#include "daemon/base/world.h"
#include "daemon/net/http_internal.h"

enum { MAINTENANCE_S = 60 }; /* of an intake that an operator closed */

/* --- life --- */

struct exchange *exchange_new(struct http_conn *conn)
{
    struct exchange *x = calloc(1, sizeof *x);
    struct http1 *head = http1_new();
    if (!x || !head) {
        http1_free(head);
        free(x);
        return NULL;
    }
    x->references = 1;
    x->conn = conn;
    x->head = head;
    x->context = conn->listener->context;
    x->began_us = world_figure_us();
    buf_init(&x->headers, HTTP_HEADER_BYTES);
    return x;
}

void exchange_hold(struct exchange *x)
{
    x->references++;
}

void exchange_release(struct exchange *x)
{
    if (--x->references)
        return;
    http1_free(x->head);
    http_target_free(&x->target);
    free(x->refusal);
    buf_free(&x->body);
    crowd_give_back(&x->body_share);
    buf_free(&x->headers);
    free(x);
}

void exchange_end(struct exchange *x)
{
    x->conn = NULL;
    x->streaming = false;
    void (*closed)(struct exchange *, void *) = x->closed;
    x->closed = NULL;
    if (closed)
        closed(x, x->user);
    exchange_release(x);
}

bool exchange_alive(const struct exchange *x)
{
    return x->conn && !x->answered;
}

/* --- what was asked --- */

enum http_method exchange_method(const struct exchange *x)
{
    return x->method;
}

const struct http_route *exchange_route(const struct exchange *x)
{
    return x->route;
}

const char *exchange_path(const struct exchange *x)
{
    return x->target.path;
}

const char *exchange_param(const struct exchange *x, const char *name)
{
    return x->route ? http_target_param(&x->target, x->route->pattern, name) : NULL;
}

const char *exchange_query(const struct exchange *x, const char *name)
{
    return http_target_query(&x->target, name);
}

const char *exchange_header(const struct exchange *x, const char *name)
{
    return http1_header(x->head, name);
}

int64_t exchange_content_length(const struct exchange *x)
{
    return http1_content_length(x->head);
}

const struct tls_identity *exchange_identity(const struct exchange *x)
{
    return &x->identity;
}

const char *exchange_body(const struct exchange *x, size_t *len)
{
    if (len)
        *len = x->body.len;
    return x->body.data ? x->body.data : "";
}

char *exchange_take_body(struct exchange *x, size_t *len)
{
    return buf_take(&x->body, len);
}

const char *exchange_request_id(const struct exchange *x)
{
    return x->request_id;
}

void exchange_set_about(struct exchange *x, const char *no)
{
    (void)snprintf(x->about, sizeof x->about, "%s", no ? no : "");
}

/* The one line about a request.  The address that was asked for may hold anything: the route's pattern stands for it. */
static void exchange_log(const struct exchange *x, int status)
{
    const struct http_listener *l = x->conn->listener;
    bool act = x->method != HTTP_GET && x->method != HTTP_HEAD && x->method != HTTP_PATCH && x->identity.kind == TLS_STAFF;
    const struct log_field fields[] = {LOG_TEXT("request", x->request_id),
                                       LOG_TEXT("listener", l->name),
                                       LOG_TEXT("method", http_method_names[x->method]),
                                       LOG_TEXT("route", x->route ? x->route->pattern : ""),
                                       LOG_INT("status", status),
                                       LOG_TEXT("staff", x->identity.kind == TLS_STAFF ? x->identity.staff : ""),
                                       LOG_TEXT("peer", x->identity.kind == TLS_OFFICE ? x->identity.office : ""),
                                       LOG_TEXT("about", x->about),
                                       LOG_TEXT("problem", x->refused ? x->refused : ""),
                                       LOG_END};
    if (!l->tls) /* of this machine, every few seconds */
        return;
    if (status < 400 && act)
        log_event(LOG_LEVEL_INFO, LOG_API, "request_done", fields);
    else if (status < 400)
        log_event(LOG_LEVEL_DEBUG, LOG_API, "request_read", fields);
    else if (log_enabled(LOG_LEVEL_INFO, LOG_API) && log_limit_take(LOG_LIMIT_REQUEST_REFUSED))
        log_event(LOG_LEVEL_INFO, LOG_API, "request_refused", fields);
}

void *exchange_listener_context(const struct exchange *x)
{
    return x->context;
}

void exchange_set_user(struct exchange *x, void *user, void (*closed)(struct exchange *x, void *user))
{
    x->user = user;
    x->closed = closed;
}

void *exchange_user(const struct exchange *x)
{
    return x->user;
}

void exchange_resume_body(struct exchange *x)
{
    if (!x->body_paused)
        return;
    x->body_paused = false;
    if (x->conn) {
        x->conn->body_due += (uv_now(x->conn->listener->loop) - x->conn->paused_at) * 1000; /* the pause was ours */
        conn_wake(x->conn);
    }
}

/* --- answering --- */

int exchange_add_header(struct exchange *x, const char *name, const char *value)
{
    if (!exchange_alive(x))
        return TB_ECLOSED;
    for (const char *c = value; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return TB_EINVAL;
    if (!*name || strpbrk(name, ": \r\n\t"))
        return TB_EINVAL;
    return buf_printf(&x->headers, "%s: %s\r\n", name, value);
}

static const char *exchange_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {{200, "OK"},
                 {201, "Created"},
                 {202, "Accepted"},
                 {204, "No Content"},
                 {206, "Partial Content"},
                 {304, "Not Modified"},
                 {400, "Bad Request"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {408, "Request Timeout"},
                 {409, "Conflict"},
                 {410, "Gone"},
                 {412, "Precondition Failed"},
                 {413, "Content Too Large"},
                 {415, "Unsupported Media Type"},
                 {422, "Unprocessable Content"},
                 {423, "Locked"},
                 {429, "Too Many Requests"},
                 {460, "Checksum Mismatch"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"},
                 {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return known[i].reason;
    return "Answer";
}

/* Writes the head of an answer into the connection's output.  length < 0: chunked. */
static int exchange_write_head(struct exchange *x, int status, const char *content_type, int64_t length)
{
    struct http_conn *c = x->conn;
    char framing[48] = "";
    if (x->body_left > 0)
        c->keep_alive = false; /* the rest of the body will not be read */
    if (length < 0)
        (void)snprintf(framing, sizeof framing, "Transfer-Encoding: chunked\r\n");
    else if (status != 204 && status != 304)
        (void)snprintf(framing, sizeof framing, "Content-Length: %lld\r\n", (long long)length);
    bool close = !c->keep_alive || c->eof || c->listener->closing;
    return buf_printf(
        &c->out, "HTTP/1.1 %d %s\r\nDate: %s\r\n%s%s%s%sCache-Control: no-store\r\nX-Request-Id: %s\r\n%s%s\r\n",
        status, exchange_reason(status), listener_date(c->listener), framing, content_type ? "Content-Type: " : "",
        content_type ? content_type : "", content_type ? "\r\n" : "", x->request_id,
        close ? "Connection: close\r\n" : "", x->headers.data ? x->headers.data : "");
}

void exchange_answer(struct exchange *x, int status, const char *content_type, const void *body, size_t len)
{
    if (!exchange_alive(x))
        return;
    struct http_conn *c = x->conn;
    bool none = status == 204 || status == 304;
    bool bare = none || x->method == HTTP_HEAD;
    size_t before = c->out.len;
    int rc =
        len > HTTP_ANSWER_BYTES ? TB_ELIMIT : exchange_write_head(x, status, none ? NULL : content_type, (int64_t)len);
    if (!rc && !bare)
        rc = buf_append(&c->out, body, len);
    if (rc) { /* nothing half-said: the head is taken back and the connection closes */
        static const char sorry[] =
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        c->out.len = before;
        c->keep_alive = false;
        if (buf_append(&c->out, sorry, sizeof sorry - 1))
            c->out.len = before;
    }
    x->answered = true;
    exchange_log(x, status);
    conn_wake(c);
}

void exchange_answer_json(struct exchange *x, int status, const json_t *doc)
{
    if (!exchange_alive(x))
        return;
    char *text = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        exchange_answer(x, status, "application/json", text, strlen(text));
    else
        exchange_answer(x, 500, NULL, "", 0);
    free(text);
}

/* Seconds after which asking again makes sense, or 0: trying again does not help. */
static int64_t exchange_wait_s(const struct problem *p)
{
    int status = problem_type(p->id)->status;
    if ((p->id == PROBLEM_TOO_OFTEN || p->id == PROBLEM_BUSY) && p->number > 0)
        return p->number;
    if (p->id == PROBLEM_MAINTENANCE)
        return MAINTENANCE_S;
    return status == 503 ? 1 : status == 429 ? LIMIT_PROGRESS_MS / 1000 : 0;
}

void exchange_answer_problem(struct exchange *x, const struct problem *p)
{
    if (!exchange_alive(x))
        return;
    int status = problem_type(p->id)->status;
    int64_t wait_s = exchange_wait_s(p);
    struct problem words = *p;
    if (wait_s > 0)
        words.number = -1; /* it stands in the header */
    json_t *doc = problem_to_json(&words);
    if (doc && json_object_set_new(doc, "instance", json_sprintf("urn:tongban:request:%s", x->request_id))) {
        json_decref(doc);
        doc = NULL;
    }
    x->refused = problem_type(p->id)->name;
    char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    char wait[24];
    (void)snprintf(wait, sizeof wait, "%lld", (long long)wait_s);
    int rc = wait_s > 0 ? exchange_add_header(x, "Retry-After", wait) : 0;
    if (text && !rc)
        exchange_answer(x, status, "application/problem+json", text, strlen(text));
    else
        exchange_answer(x, status, NULL, "", 0);
    free(text);
}

int exchange_stream_begin(struct exchange *x, int status, const char *content_type,
                          void (*writable)(struct exchange *x))
{
    if (!exchange_alive(x))
        return TB_ECLOSED;
    size_t before = x->conn->out.len;
    int rc = exchange_write_head(x, status, content_type, -1);
    if (rc) {
        x->conn->out.len = before;
        return rc;
    }
    x->answered = x->streaming = x->streamed = true;
    exchange_log(x, status);
    x->writable = writable;
    conn_wake(x->conn);
    return 0;
}

int exchange_write(struct exchange *x, const void *bytes, size_t len)
{
    struct http_conn *c = x->conn;
    if (!c || !x->streaming)
        return TB_ECLOSED;
    if (conn_queued(c) >= LIMIT_HTTP_WRITE_QUEUE_BYTES) {
        x->blocked = true;
        conn_wake(c);
        return TB_ETEMP;
    }
    if (!len || x->method == HTTP_HEAD)
        return 0; /* an empty chunk would end the stream */
    size_t before = c->out.len;
    int rc = buf_printf(&c->out, "%zx\r\n", len);
    if (!rc)
        rc = buf_append(&c->out, bytes, len);
    if (!rc)
        rc = buf_append(&c->out, "\r\n", 2);
    if (rc)
        c->out.len = before;
    conn_wake(c);
    return rc;
}

void exchange_stream_end(struct exchange *x)
{
    struct http_conn *c = x->conn;
    if (!c || !x->streaming)
        return;
    x->streaming = false;
    if (x->method != HTTP_HEAD && buf_append(&c->out, "0\r\n\r\n", 5))
        c->keep_alive = false; /* without memory the stream ends unfinished, and the peer sees it */
    conn_wake(c);
}

void exchange_stream_abort(struct exchange *x)
{
    struct http_conn *c = x->conn;
    if (!c || !x->streaming)
        return;
    x->streaming = false;
    c->keep_alive = false;
    conn_wake(c);
}
