/* material_api: materials over HTTP — tus (net/tus.h) joined to the files (store/material.h) by the slow lane.
 *
 * One serves both the window and the peer listener.
 * Who may do what, and the row of a stored material, are the caller's: `may` is asked before each
 * operation, `stored` is told when a material is whole; both answer by material_api_answer, at once or later, exactly once.  A material
 * counts as stored for its sender only after `stored` was answered, so `stored` has to commit the row; it is asked again whenever somebody
 * asks for a whole material (the process may have died between file and row) and has to be idempotent.
 * Everything here runs on the loop thread.  Lane threads do the disk: about 1.1 MiB of memory per PATCH under way. */
#ifndef API_MATERIAL_API_H
#define API_MATERIAL_API_H

#include "daemon/net/http_server.h"
#include "daemon/net/lane.h"
#include "daemon/store/material.h"

struct material_api;
struct material_wait; /* something waits for an answer of the caller */

enum material_act { MATERIAL_CREATE, MATERIAL_STATE, MATERIAL_WRITE, MATERIAL_DISCARD, MATERIAL_READ };
struct material_ask {
    enum material_act act;
    char sha256[MATERIAL_NAME_TEXT];  /* not checked before `may`: a name from outside */
    int64_t length;                   /* create and stored; else 0 */
    char type[MATERIAL_TYPE_TEXT];    /* create (as announced) and stored; else "" */
    char owner[MATERIAL_OWNER_TEXT];  /* staff id or office code from the certificate */
    uint16_t source;                  /* in whose turn it waits (daemon/base/fair_queue.h) */
};

struct material_api_options {
    uv_loop_t *loop;
    struct lanes *lanes;              /* borrowed */
    struct material_store *files;     /* borrowed */
    void *context;
    uint16_t (*source)(void *context, const struct tls_identity *who); /* NULL: everything waits in one turn */
    /* May this person or office do this?  `x` is alive during the call; `ask` is until the answer. */
    void (*may)(void *context, struct exchange *x, const struct material_ask *ask, struct material_wait *wait);
    /* The material is whole on the disk: commit its row, then answer. */
    void (*stored)(void *context, const struct material_ask *ask, struct material_wait *wait);
};

/* *out is new. */
int material_api_new(const struct material_api_options *options, struct material_api **out) TB_MUST_USE;
/* Its listener is closed and the lanes are stopped: finishes what could not be handed to a lane any more.  The loop has to run once more.
 * NULL is accepted. */
void material_api_close(struct material_api *api);
/* rc 0, or a failure with words in `p` (NULL: the words of the code). */
void material_api_answer(struct material_wait *wait, int rc, const struct problem *p);

/* To be called from the handlers of a route table:
 *   OPTIONS, POST …/materials                             material_api_options_request, material_api_create
 *   OPTIONS, HEAD, PATCH, DELETE …/materials/{sha256}     material_api_options_request, _head, _patch (STREAMED, tus_sink), _delete
 *   GET …/materials/{sha256}                              material_api_get: the bytes in pieces, type by their beginning; `may` audits */
void material_api_options_request(struct material_api *api, struct exchange *x);
void material_api_create(struct material_api *api, struct exchange *x);
void material_api_head(struct material_api *api, struct exchange *x);
void material_api_patch(struct material_api *api, struct exchange *x);
void material_api_delete(struct material_api *api, struct exchange *x);
void material_api_get(struct material_api *api, struct exchange *x);

#endif
