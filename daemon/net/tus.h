/* tus: the server side of resumable upload, tus 1.0.0 with creation, checksum and expiration (https://tus.io/protocols/resumable-upload).
 *
 * It reads and answers the requests; where bytes go is a *backend*, whose operations are asynchronous because a disk is not for the loop
 * thread.  An upload is named by the SHA-256 of the whole file (docs/protocol.md "Materials"), given in Upload-Metadata.  Bytes of a PATCH
 * gather in two blocks: one is being written while the other fills, and when both are full the body pauses — so an upload costs the same
 * memory whatever its size.  When a connection breaks, what came whole is written and the client goes on from there.
 * Everything here runs on the loop thread. */
#ifndef NET_TUS_H
#define NET_TUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/net/http_server.h"

enum { TUS_NAME_TEXT = 65, TUS_TYPE_TEXT = 32, TUS_LOCATION_BYTES = 256, TUS_BLOCK_BYTES = 512 * 1024 };

struct tus;

/* One request.  The backend reads what was asked, fills in what it found, and calls tus_done. */
struct tus_request {
    struct exchange *x;            /* held; ask exchange_alive when it matters */
    char sha256[TUS_NAME_TEXT];
    char type[TUS_TYPE_TEXT];      /* asked in create; found by state */
    int64_t length;                /* asked in create; found otherwise */
    int64_t offset;                /* where begin is to continue; found: where it does (also when begin refuses) */
    int64_t expires_at;            /* found: ms, 0 for none */
    bool complete;                 /* found: the file is here, whole and known to whoever must know */
    bool has_checksum;             /* of the bytes of this PATCH */
    uint8_t checksum[32];
    bool cut;                      /* for end: the connection broke; nobody will be answered */
    struct problem problem;        /* filled by the backend with a failing rc */
    void *backend_state;           /* the backend's, from a successful begin to the end of `end` */
};

/* Each operation calls tus_done exactly once; until then the request stays valid.  write and end never call it from inside. */
struct tus_backend {
    /* Creates or finds: fills length, offset, expires_at, complete. */
    void (*create)(void *context, struct tus_request *r);
    /* Fills the same; TB_ENOTFOUND. */
    void (*state)(void *context, struct tus_request *r);
    /* Claims the upload for writing at r->offset. */
    void (*begin)(void *context, struct tus_request *r);
    /* Appends; the bytes stay as they are until tus_done.  After a failure only `end` follows. */
    void (*write)(void *context, struct tus_request *r, const void *bytes, size_t len);
    /* No more bytes of this request: checks the checksum (a cut or failing one drops the bytes of this request), makes the rest durable,
     * fills offset and complete, gives the claim back — whatever the outcome.  `failed` is the rc of the write that failed, or 0. */
    void (*end)(void *context, struct tus_request *r, int failed);
    /* Removes an unfinished upload. */
    void (*discard)(void *context, struct tus_request *r);
};

struct tus_options {
    const struct tus_backend *backend; /* static */
    void *context;
    int64_t max_bytes;
    unsigned max_writers;          /* PATCHes at the same time; beyond it `busy` */
    unsigned max_writers_of_one;   /* of them with one name in the certificate; 0: as many as there are */
};
int tus_new(const struct tus_options *options, struct tus **out) TB_MUST_USE;
/* No request of it may be alive.  NULL is accepted. */
void tus_free(struct tus *tus);
/* Loop thread: the operation that the backend was asked for is over. */
void tus_done(struct tus_request *r, int rc);
/* PATCHes under way. */
unsigned tus_writers(const struct tus *tus);

/* Handlers, to be called from those of a route table: OPTIONS and POST on a path of the caller's; OPTIONS, HEAD, PATCH and DELETE on
 * <that path>/{sha256}.  PATCH is HTTP_BODY_STREAMED with tus_sink, the others take no body. */
void tus_handle_options(struct tus *tus, struct exchange *x);
void tus_handle_create(struct tus *tus, struct exchange *x);
void tus_handle_head(struct tus *tus, struct exchange *x);
void tus_handle_patch(struct tus *tus, struct exchange *x);
void tus_handle_delete(struct tus *tus, struct exchange *x);
extern const struct http_sink tus_sink;

/* ---- the forms of headers, pure ---- */
/* "sha256 <b64>,type <b64>": the two members we need, each once; others are let pass.  TB_EMALFORMED. */
int tus_parse_metadata(const char *text, char sha256[TUS_NAME_TEXT], char type[TUS_TYPE_TEXT], struct problem *p) TB_MUST_USE;
/* A decimal number without sign or leading zeros, up to INT64_MAX.  NULL is refused too. */
int tus_parse_number(const char *text, int64_t *out) TB_MUST_USE;
/* "sha256 <b64 of 32 bytes>". */
int tus_parse_checksum(const char *text, uint8_t out[32], struct problem *p) TB_MUST_USE;
/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
enum { TUS_DATE_TEXT = 30 };
void tus_format_date(int64_t ms, char out[TUS_DATE_TEXT]);

#endif
