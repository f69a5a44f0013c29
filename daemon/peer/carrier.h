/* carrier: requests to one counterpart over HTTPS — libcurl's multi interface on our loop (anchors.md 5).
 *
 * One carrier per peer.  It trusts only the authority pinned to that peer, shows our gateway's certificate, and demands
 * the office's name in the server's certificate.  Certificates are kept as bytes, so that no file is read on the loop.
 * All functions: loop thread. */
#ifndef PEER_CARRIER_H
#define PEER_CARRIER_H

#include <stdbool.h>
#include <uv.h>

#include "daemon/net/tls_crl.h"
#include "proto/buf.h"
#include "proto/codes.h"
#include "proto/err.h"
#include "proto/message.h"

struct carrier;

/* PEM bytes: borrowed, copied by the carrier. */
struct carrier_identity {
    const char *authority;   /* what the peer's server must chain to */
    const char *certificate; /* ours */
    const char *key;
    const char *crl;         /* revocation lists of that authority, or NULL */
    struct tls_crl_policy crl_policy;
};

enum { CARRIER_DETAIL_TEXT = 128 };
enum carrier_method { CARRIER_POST, CARRIER_HEAD, CARRIER_PATCH, CARRIER_GET };

/* One request, owned by the caller until `done`, which is called exactly once and never from inside carrier_send. */
struct carrier_request {
    enum carrier_method method;
    const char *url;              /* copied */
    const char *const *headers;   /* NULL-terminated, copied; may be NULL */
    const void *body;             /* borrowed until done */
    size_t body_len;
    size_t answer_max;            /* bytes of the answer's body that are taken */
    bool material;                /* limited by stall, not by total time */
    void (*done)(struct carrier_request *request);
    void *user;
    /* results */
    int rc;                       /* 0: an answer with `status` is there.  TB_ETRUST, TB_ELIMIT, TB_ETIMEOUT, TB_ETEMP, TB_ECLOSED */
    long status;
    struct buf answer;            /* carrier_request_clear */
    char detail[CARRIER_DETAIL_TEXT]; /* rc < 0: in the library's words, "" */
    char content_type[64];
    int64_t date_s;               /* the peer's clock, seconds since 1970; −1 */
    int64_t upload_offset;        /* −1 */
    char frontier[PARCEL_FRONTIER_TEXT], others[PARCEL_OTHERS_TEXT]; /* headers Tongban-Frontier, -Others, "" without */
    int64_t retry_after_s;        /* 0: not said */
    /* internal */
    void *easy;
    void *list;
    struct carrier *carrier;
    struct carrier_request *next;
};

/* Once, before any thread: libcurl's own start and the check that the library is not older than what we were built for. */
int carrier_global_start(void) TB_MUST_USE;

/* Attaches to the loop; speaks as `office` with the given certificate.  *out is new; end it with carrier_stop.  Loop thread. */
int carrier_start(uv_loop_t *loop, const char *office, const struct carrier_identity *identity, struct carrier **out) TB_MUST_USE;
/* New certificates: for requests sent from now on; none of them goes over a connection that was made before. */
int carrier_set_identity(struct carrier *carrier, const struct carrier_identity *identity) TB_MUST_USE;
int carrier_send(struct carrier *carrier, struct carrier_request *request) TB_MUST_USE;
void carrier_request_clear(struct carrier_request *request);
/* Ends requests with TB_ECLOSED (their `done` is called now), closes connections; `done` comes from the loop when all is freed. */
void carrier_stop(struct carrier *carrier, void (*done)(void *context), void *context);

#endif
