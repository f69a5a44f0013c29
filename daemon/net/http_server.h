/* http_server: an HTTP/1.1 listener on the loop, with or without mutual TLS, that hands whole requests to handlers.
 *
 * A *listener* owns a socket, a TLS context and a route table.  A *connection* (opaque) owns the socket, the TLS pump
 * and the parser. An *exchange* is one request and its answer: it is valid from the handler's call until it is answered
 * completely or its connection is gone, in which case `closed` is called; a handler that answers later holds it with
 * exchange_hold and asks exchange_alive before it answers.  Everything here runs on the loop thread; nothing blocks. No
 * pipelining: the next request is read after the answer is written.  Limits and timers: LIMIT_HTTP_*. */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "proto/buf.h"
#include "proto/problem.h"

/* Who stands at the other end, from the verified certificate (SAN URI urn:tongban:office:<code> or
 * urn:tongban:staff:<office>:<number>). */
enum tls_identity_kind { TLS_NOBODY, TLS_OFFICE, TLS_STAFF };
struct tls_identity {
    enum tls_identity_kind kind;
    char office[7];
    char staff[20];     /* "320623:0007" */
    char authority[65]; /* SHA-256 hex of the certificate of the authority that verified the chain (trust anchor):
                           pinning */
    char certificate[65]; /* SHA-256 hex of the certificate itself */
    int64_t not_after;  /* ms */
};

struct exchange;
struct http_listener;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_METHODS };
enum http_body { HTTP_BODY_NONE, HTTP_BODY_BUFFERED, HTTP_BODY_STREAMED };

/* Streamed bodies: bytes are borrowed for the call.  Return 0 to go on, 1 to pause (exchange_resume_body later),
 * negative to refuse (the handler has answered or answers with the code's problem; the connection closes afterwards).
 */
struct http_sink {
    int (*data)(struct exchange *x, const void *bytes, size_t len);
    void (*end)(struct exchange *x); /* whole body arrived */
};

struct http_route {
    enum http_method method;
    const char *pattern; /* "/window/v1/cases/{no}/actions/{action}"; {name} matches one segment */
    enum http_body body;
    size_t body_max;          /* bytes, for buffered; streamed bodies are bounded by the sink */
    const char *content_type; /* required media type of the body, or NULL */
    /* Called when the head (streamed) or the whole request (buffered, none) is there.  Must answer now or later. */
    void (*handle)(struct exchange *x, void *context);
    const struct http_sink *sink; /* for HTTP_BODY_STREAMED: used after `handle` returned without an answer */
};

struct http_listener_options {
    const char *name;                /* "window", "peer", "admin": in logs and metrics */
    const char *address;             /* numeric IPv4 or IPv6 */
    uint16_t port;                   /* 0: any, see http_listener_port */
    int fd;                          /* a listening socket to use instead of address and port, taken over; 0: none */
    struct tls_context *tls;         /* borrowed, NULL for plain HTTP; see tls.h */
    const struct http_route *routes; /* static, count of them */
    size_t route_count;
    void *context;          /* given to handlers */
    size_t max_connections; /* 0: LIMIT_HTTP_CONNECTIONS; beyond it the oldest without a request is closed for a new one */
    size_t max_of_one;      /* of one address, of one certificate; 0: LIMIT_HTTP_CONNECTIONS_OF_ONE */
    /* Decides whether this identity may use this listener at all (after the handshake); NULL accepts.  A refusal is
     * answered with the problem on the first request, then the connection closes. */
    int (*admit)(const struct tls_identity *who, void *context, struct problem *p);
    /* Decides about each request by how much its sender asks, also when no route fits (exchange_route is NULL then, or its body does
     * not fit); NULL allows.  A refusal is answered with the problem; the connection stays. */
    int (*allow)(struct exchange *x, void *context, struct problem *p);
    const char *known;      /* file that keeps known.h's addresses over a restart, written when it closes; copied, NULL: none */
    unsigned timer_divisor; /* for tests: all time limits are divided by it; 0 and 1 are real time */
};

/* Binds and listens; connections come when the loop runs.  The options are copied, what they point to is borrowed. *out
 * is new. */
int http_listener_open(uv_loop_t *loop, const struct http_listener_options *options, struct http_listener **out,
                       struct problem *p) TB_MUST_USE;
/* The port it is bound to, or 0 when the socket is gone. */
uint16_t http_listener_port(const struct http_listener *listener);
/* Its listening socket, borrowed. */
int http_listener_fd(const struct http_listener *listener);
/* Stops accepting; connections finish their exchange, idle ones close.  `done` is called asynchronously, once, when the
 * last is gone (at the latest after grace_ms, when the rest is cut).  Frees the listener. */
void http_listener_close(struct http_listener *listener, uint64_t grace_ms, void (*done)(void *context), void *context);
/* Certificates were replaced: new connections use the new context, old ones keep theirs. */
void http_listener_set_tls(struct http_listener *listener, struct tls_context *tls);

struct http_listener_stats {
    uint64_t accepted, refused_handshakes, requests, bad_requests, timeouts;
    size_t open;
};
/* Counts since the listener was opened; `open` is now. */
void http_listener_stats(const struct http_listener *listener, struct http_listener_stats *out);

/* --- an exchange --- */
enum { EXCHANGE_ABOUT_TEXT = 40 };
enum http_method exchange_method(const struct exchange *x);
const char *exchange_path(const struct exchange *x); /* decoded, no query */
const struct http_route *exchange_route(const struct exchange *x); /* that the request took, or NULL */
const char *exchange_param(const struct exchange *x,
                           const char *name); /* {name} of the pattern, percent-decoded, or NULL */
const char *exchange_query(const struct exchange *x,
                           const char *name); /* query parameter, percent-decoded UTF-8, or NULL */
const char *exchange_header(const struct exchange *x, const char *name); /* case-insensitive, or NULL */
int64_t exchange_content_length(const struct exchange *x);               /* −1 when there is none */
const struct tls_identity *exchange_identity(const struct exchange *x);
const char *exchange_body(const struct exchange *x, size_t *len); /* buffered body, borrowed */
char *exchange_take_body(struct exchange *x,
                         size_t *len); /* buffered body, new: free() it, and hold the exchange until then, which counts for its memory */
const char *exchange_request_id(const struct exchange *x); /* a trace (proto/trace.h): X-Request-Id if it is one, else made here */
/* The number of the case or object that this is about, for the log line of the answer: one that was found here, never bytes
 * from outside as they came. */
void exchange_set_about(struct exchange *x, const char *no);
void *exchange_listener_context(const struct exchange *x);
/* The handler's own state; `closed` is called exactly once when the exchange ends for whatever reason (answered or
 * cut). */
void exchange_set_user(struct exchange *x, void *user, void (*closed)(struct exchange *x, void *user));
void *exchange_user(const struct exchange *x);
/* Keeps the memory of the exchange valid across asynchronous work.  Each hold needs one release. */
void exchange_hold(struct exchange *x);
void exchange_release(struct exchange *x);
/* False when the connection is gone or an answer was given: then answering functions do nothing. */
bool exchange_alive(const struct exchange *x);

/* Headers of the answer, before answering.  Values are checked: no CR, LF, NUL. */
int exchange_add_header(struct exchange *x, const char *name, const char *value) TB_MUST_USE;
/* Answers with a copy of the bytes.  HEAD sends none.  Content-Length is always right. */
void exchange_answer(struct exchange *x, int status, const char *content_type, const void *body, size_t len);
void exchange_answer_json(struct exchange *x, int status, const json_t *doc); /* borrowed */
void exchange_answer_problem(struct exchange *x,
                             const struct problem *p); /* application/problem+json; Retry-After on 503 and 429 */
/* An answer in pieces, e.g. server-sent events: Transfer-Encoding: chunked.  `writable` is called after a refused
 * write, when the queue has drained below the low mark; never from inside exchange_write.  exchange_write returns
 * TB_ETEMP above the high mark (nothing taken), TB_ECLOSED when the peer is gone. */
int exchange_stream_begin(struct exchange *x, int status, const char *content_type,
                          void (*writable)(struct exchange *x)) TB_MUST_USE;
int exchange_write(struct exchange *x, const void *bytes, size_t len) TB_MUST_USE;
void exchange_stream_end(struct exchange *x);
/* Ends it without its last chunk and closes: the peer must see that this was not all. */
void exchange_stream_abort(struct exchange *x);
/* Streamed body: goes on after the sink paused. */
void exchange_resume_body(struct exchange *x);

#endif
