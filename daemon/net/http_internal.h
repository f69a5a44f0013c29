/* http_internal: what the parts of the HTTP server share; nobody outside daemon/net includes it.
 *
 *   http_server.c    listener: open, accept, close, the list of connections that want to be run
 *   http_crowd.c     who has to go when there are too many, whose handshake goes first, what bodies may take
 *   conn.c           connection: handles, socket and TLS input and output, timers, closing
 *   http_request.c   states of a request: head → route → body → handler → answer → next
 *   exchange.c       the handler's view: what was asked, and answering
 *   http_target.c    path, query, route patterns
 *   http1.c          the head, from bytes
 *
 * Loop rules.  `conn_run` is the one place where a connection moves; it is called from the loop only (socket, write
 * completion, timer, the listener's ready list), never from inside a function that a handler calls: those change the
 * exchange and `conn_wake` the connection.  So a handler's callbacks never run inside its own calls.  Memory of a
 * connection goes when its last handle has closed; `closing` is looked at first in each callback. */
#ifndef NET_HTTP_INTERNAL_H
#define NET_HTTP_INTERNAL_H

#include <sys/queue.h>

#include "daemon/net/crowd.h"
#include "daemon/net/http1.h"
#include "daemon/net/http_server.h"
#include "daemon/net/known.h"
#include "daemon/net/tls_internal.h"
#include "proto/limits.h"
#include "proto/trace.h"

#define HTTP_READ_BYTES   (64 * 1024)        /* one read from the socket, one piece of plaintext */
#define HTTP_ANSWER_BYTES (64 * 1024 * 1024) /* largest answer that is not streamed */
#define HTTP_HEADER_BYTES (8 * 1024)         /* headers that a handler adds */
#define HTTP_LINGER_MS    2000               /* after our last byte: time for the peer to read it and close */
#define HTTP_LINGER_BYTES (1024 * 1024)      /* and what we throw away meanwhile */
#define HTTP_SEGMENTS     16                 /* of a path */
#define HTTP_TURN_BYTES   (256 * 1024)       /* read from one connection before the others have their turn */
#define HTTP_UNSENT_BYTES (128 * 1024)       /* that the kernel keeps for a peer that does not read */
#define HTTP_SHAKES       4                  /* handshakes, one signature each, in one turn of the loop */
#define HTTP_HELD_MS      1000               /* a connection that no memory could be had for is tried again */
#define HTTP_SHAKING_MS   2000               /* a handshake older than this gives its place to a newcomer */

/* --- target --- */
struct http_target {
    char *path;                      /* decoded; owned, one allocation for everything here */
    char *segments;                  /* the same with '/' replaced by NUL */
    uint16_t segment[HTTP_SEGMENTS]; /* offsets into segments */
    unsigned segment_count;
    char *query; /* decoded, name NUL value NUL … */
    size_t query_len;
};
/* Takes the target apart.  TB_EMALFORMED on bad escapes, encoded slashes or control characters, dot segments, bad
 * UTF-8. */
int http_target_parse(const char *raw, struct http_target *out) TB_MUST_USE;
void http_target_free(struct http_target *target);
bool http_target_matches(const struct http_target *target, const char *pattern);
const char *http_target_param(const struct http_target *target, const char *pattern, const char *name);
const char *http_target_query(const struct http_target *target, const char *name);

extern const char *const http_method_names[HTTP_METHODS];

/* --- exchange --- */
struct http_conn;
struct exchange {
    unsigned references;
    struct http_conn *conn; /* NULL once ended */
    struct http1 *head;
    const struct http_route *route; /* NULL until routed */
    void *context;
    enum http_method method;
    struct http_target target;
    struct tls_identity identity;
    struct buf body; /* buffered */
    int64_t body_left;
    struct crowd_share body_share; /* until the last who holds the exchange lets go, and so the body */
    struct problem *refusal; /* owned: answered when the body is through, which is dropped; so the connection can stay */
    struct buf headers; /* lines that the handler added */
    void *user;
    void (*closed)(struct exchange *x, void *user);
    void (*writable)(struct exchange *x);
    char request_id[TRACE_TEXT];
    char about[EXCHANGE_ABOUT_TEXT]; /* case or object, "" while unknown */
    const char *refused;             /* name of the problem of the answer, static; or NULL */
    bool answered;  /* an answer stands in the output, or a stream has begun */
    bool streaming; /* begun, not ended */
    bool blocked;   /* exchange_write refused: `writable` is owed */
    bool body_paused;
    bool streamed;    /* a stream has begun: its length is no time that it took */
    int64_t began_us; /* of the first byte, for the figures */
    bool limited; /* refused because its sender asks too often */
};
struct exchange *exchange_new(struct http_conn *conn);
/* The answer is out or the connection is gone: tells the handler, drops the connection's reference. */
void exchange_end(struct exchange *x);

/* --- connection --- */
TAILQ_HEAD(http_conn_list, http_conn);
enum conn_state {
    CONN_HANDSHAKE,
    CONN_IDLE, /* no byte of a request yet */
    CONN_HEAD,
    CONN_BODY,
    CONN_WORK,  /* the handler has everything; its answer is awaited or being written */
    CONN_LINGER /* our last byte is out; waiting for the peer to close */
};

struct http_conn {
    TAILQ_ENTRY(http_conn) link;
    TAILQ_ENTRY(http_conn) ready_link;
    TAILQ_ENTRY(http_conn) spare_link;
    struct http_conn_list *queue; /* it waits to be run in: ready or shakes */
    struct http_conn_list *spare; /* it has no request and may be closed for a newcomer: idle or shaking */
    struct crowd_group *address, *certificate;
    struct http_listener *listener;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    unsigned handles;
    struct tls_session *tls; /* NULL: plain */
    struct tls_identity identity;
    enum conn_state state;
    bool closing;
    bool running, again; /* in conn_run; something changed meanwhile */
    bool reading;        /* uv_read is on */
    bool writing;        /* `write` is in flight and owns the bytes of `wire` */
    bool eof;            /* the peer will send no more */
    bool admitted;
    bool known; /* somebody came in from its address lately */
    bool keep_alive;
    bool shut;                 /* uv_shutdown was called */
    bool said_goodbye;         /* close_notify was written, or TLS is not to be spoken any more */
    struct exchange *exchange; /* of the request being read or answered */
    struct buf pending;        /* bytes from the socket that nobody has taken yet */
    struct buf plain;          /* decrypted bytes that nobody has taken yet */
    struct buf out;            /* answer bytes, plain */
    size_t out_done;
    struct buf wire; /* bytes for the socket */
    const char *in;  /* plain connections: slice being read; TLS has its own */
    size_t in_len;
    uint64_t since;     /* loop time at which the state began */
    uint64_t deaf_until; /* loop ms; 0: it is listened to.  After 429, so that who does not obey costs no more than who does */
    uint64_t paused_at; /* of a body, by us */
    uint64_t body_due;  /* loop time in us by which more of a body is due; each byte puts it off */
    uint64_t write_due; /* the same of what the peer has to read; 0: it has read all */
    size_t write_left;
    size_t turn_bytes; /* read since the others had their turn */
    uint64_t timer_due; /* 0: not running */
    size_t lingered;
    int64_t began_us; /* for the figures */
};

/* Takes the connection that the listener's socket has ready; without memory it stays there and the listener is held. */
void conn_accept(struct http_listener *listener);
/* Moves the connection as far as it goes with the given bytes from the socket (or none). */
void conn_run(struct http_conn *c, const char *bytes, size_t len);
/* Asks for conn_run soon, from the loop. */
void conn_wake(struct http_conn *c);
/* Cuts it now: ends the exchange, closes the handles. */
void conn_close(struct http_conn *c);
void conn_set_state(struct http_conn *c, enum conn_state state);
/* The listener closes: without a request it closes now, otherwise after its answer.  One that has not asked anything yet is given the time
 * to, unless it was `waited` for already. */
void conn_retire(struct http_conn *c, bool waited);
/* The time until which nothing may come, and how far `bytes` put it off: at least `rate` bytes/s on average, with `stall` ms in hand. */
uint64_t conn_due_first(const struct http_conn *c, uint64_t stall);
uint64_t conn_due_next(const struct http_conn *c, uint64_t due, size_t bytes, uint64_t rate, uint64_t stall);
/* Bytes that wait for the peer. */
size_t conn_queued(const struct http_conn *c);

/* --- request states --- */
/* Takes plaintext; returns how much it took.  Less than all: it waits for something else first. */
size_t request_feed(struct http_conn *c, const char *bytes, size_t len);
/* True when request_feed would take bytes now. */
bool request_wants(const struct http_conn *c);
/* Moves on without bytes: the body is whole, the answer is out.  True when something moved. */
bool request_advance(struct http_conn *c);
/* Too slow: answers 408 where somebody may listen. */
void request_timeout(struct http_conn *c);

/* --- crowds --- */
/* Puts the connection among those that may be closed for a newcomer, or takes it out, as its state says. */
void crowd_mark(struct http_conn *c);
void crowd_unmark(struct http_conn *c);
/* Closes one that has no request.  False when there is none. */
bool crowd_make_room(struct http_listener *listener);
/* Counts the new connection by its address, later by its certificate.  False: there are too many of it, and this one has to go. */
bool crowd_take_address(struct http_conn *c);
bool crowd_take_certificate(struct http_conn *c);
/* Somebody came in from the address of this connection. */
void crowd_know(struct http_conn *c);
/* The next handshake to be run, or NULL; `turn` counts those of this turn of the loop. */
struct http_conn *crowd_next_shake(struct http_listener *listener, unsigned turn);
/* Reserves memory for the body of a request; the last `exchange_release` gives it back. */
int crowd_reserve(struct exchange *x, size_t bytes, struct problem *p) TB_MUST_USE;

/* --- listener --- */
struct http_listener {
    uv_loop_t *loop;
    uv_tcp_t tcp;
    uv_idle_t turn; /* runs the ready list before the loop waits again */
    uv_timer_t grace;
    uv_timer_t retry; /* while held */
    unsigned handles;
    char *name;
    unsigned label; /* its place among the labels of the metrics */
    struct tls_context *tls;
    const struct http_route *routes;
    size_t route_count;
    void *context;
    size_t max_connections, max_of_one;
    int (*admit)(const struct tls_identity *who, void *context, struct problem *p);
    int (*allow)(struct exchange *x, void *context, struct problem *p);
    unsigned timer_divisor;
    bool closing, held; /* held: a connection waits for room or memory, and libuv accepts no other */
    uint64_t grace_ms;  /* from the end of the first wait on; 0: it is over */
    void (*done)(void *context);
    void *done_context;
    struct http_conn_list conns;
    struct http_conn_list ready, shakes, known_shakes; /* to be run: those with something to do, those that shake hands */
    size_t ready_count;                                /* of ready */
    struct http_conn_list idle, shaking, known_shaking; /* may be closed for a newcomer, the oldest first */
    size_t shaking_count;                               /* of shaking */
    struct known *known;                                /* addresses */
    char *known_path;                                   /* or NULL */
    struct crowd *addresses, *certificates;
    struct http_listener_stats stats;
    char *cipher, *clear; /* HTTP_READ_BYTES each, for the one connection that runs */
    uint64_t id_state;    /* request ids */
    int64_t date_second;
    char date[40];
};
/* The ready list: runs the connection before the loop waits again. */
void listener_queue(struct http_conn *c);
void listener_unqueue(struct http_conn *c);
/* A connection is gone for good: its memory is about to go. */
void listener_forget(struct http_listener *listener);
/* A connection cannot be taken now: it is as soon as another is gone, and tried every HTTP_HELD_MS, as there may be no other. */
void listener_hold(struct http_listener *listener);
/* A limit in loop milliseconds (tests shorten them all by the same divisor). */
uint64_t listener_ms(const struct http_listener *listener, uint64_t limit);
const char *listener_date(struct http_listener *listener);

#endif
