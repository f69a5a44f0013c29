/* http: talking to the office's server — HTTPS with the clerk's certificate and one pinned authority — and uploading.
 *
 * A request that may be repeated (GET, HEAD, and POST with an Idempotency-Key) is repeated when the connection breaks,
 * at most LIMIT_CLIENT_RETRIES times.  The key of a POST stays in a small file until the server has answered, so that
 * the same command typed again after a crash is the same request to the server. */
#ifndef CLIENT_TONGBAN_HTTP_H
#define CLIENT_TONGBAN_HTTP_H

#include <stdint.h>

#include "client/tongban.h"
#include "proto/uuid.h"

enum { SHA256_HEX = 65 };

struct http_request {
    const char *method;
    const char *path;           /* from the first slash, escaped */
    const char *const *headers; /* further header lines, NULL-terminated, or NULL */
    const char *body;           /* or NULL */
    size_t body_len;
    const char *type; /* of the body */
    bool repeat;      /* may be sent again when the connection breaks */
    int (*event)(void *context, const char *bytes,
                 size_t len); /* takes a streamed answer; non-zero ends it.  Or NULL */
    void *context;
};

struct http_answer {
    long status;
    struct buf body;
    json_t *doc;           /* owned; the body when it is JSON, else NULL */
    int64_t upload_offset; /* -1 when the header is missing */
    bool replayed;
};

/* A handle for the configuration's server; nothing is sent.  *out is new (http_close, NULL accepted); `config` must
 * outlive it. */
int http_open(const struct client_config *config, struct http **out, struct problem *p) TB_MUST_USE;
void http_close(struct http *http);
/* Sends and waits.  0 when there was an answer of any status; TB_ETRUST or TB_ECLOSED with the reason in `p->detail`;
 * TB_EMALFORMED for an answer that cannot be read. */
int http_send(struct http *http, const struct http_request *request, struct http_answer *answer,
              struct problem *p) TB_MUST_USE;
void http_answer_free(struct http_answer *answer);

/* GET of a JSON document.  0 with *out new, or an exit status after having told the user. */
int http_get(struct client *client, const char *path, json_t **out) TB_MUST_USE;
/* POST of a document under an idempotency key that survives a crash.  The same returns as http_get. */
int http_post(struct client *client, const char *path, const json_t *doc, json_t **out) TB_MUST_USE;
/* Tells the user about a failed http_send / an answer that is not 2xx; returns the exit status. */
int http_report(const struct client *client, int code, const struct problem *p);
int http_refused(const struct client *client, const struct http_answer *answer);
/* Appends `text` percent-encoded. */
int http_escape(const char *text, struct buf *out) TB_MUST_USE;

/* ---- the key of an unanswered request ---- */

/* The key kept for this request (server, path, body), or a new one that is now kept.  Never fails for want of a
 * directory: then the key is good for this run only and *path is NULL.  *path is new. */
int state_key(const char *server, const char *path, const char *body, size_t len, char key[UUID_TEXT],
              char **state) TB_MUST_USE;
/* The server has answered: forget the key.  Frees `state`; NULL is accepted. */
void state_forget(char *state);
void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX]);

/* ---- uploads ---- */

/* Where an upload stands; moved only by the two functions below, which decide what follows from an answer. */
struct upload_plan {
    int64_t length, offset;
    unsigned failures; /* in a row without progress */
};
enum upload_step { UPLOAD_SEND, UPLOAD_ASK, UPLOAD_WAIT, UPLOAD_DONE, UPLOAD_GIVE_UP };
/* What to do after `code` (0 or an http_send error) and HTTP `status` with the offset header (-1 none). */
enum upload_step upload_after(struct upload_plan *plan, int code, long status, int64_t offset);
/* Bytes of the next piece. */
size_t upload_piece(const struct upload_plan *plan);

struct upload_file {
    char sha256[SHA256_HEX];
    int64_t size;
    const char *type; /* static media type */
};
/* Media type from the first bytes; NULL when it is none that is taken. */
const char *upload_type(const unsigned char *head, size_t len);
/* Reads, hashes and uploads the file, with a progress bar.  0, or an exit status after having told the user. */
int upload_send(struct client *client, const char *path, struct upload_file *out) TB_MUST_USE;

#endif
