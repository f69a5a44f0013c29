/* material_internal: one operation on a material, shared by material_api.c (uploads) and material_download.c. */
#ifndef API_MATERIAL_INTERNAL_H
#define API_MATERIAL_INTERNAL_H

#include "daemon/api/material_api.h"
#include "daemon/net/tus.h"
#include "proto/suite_stream.h"

enum { MATERIAL_READ_BYTES = 256 * 1024 };

struct material_api {
    struct material_api_options options;
    struct tus *tus;
    uv_timer_t timer;              /* runs while jobs wait for room in the lane */
    struct material_wait *pending;
};

/* One operation.  A PATCH keeps its own from begin to end; at most one job of it is under way. */
struct material_wait {
    struct lane_job job;           /* first: the lane gives this address back */
    struct material_api *api;
    struct material_wait *next;    /* in pending */
    struct material_ask ask;
    struct tus_request *r;         /* uploads */
    void (*answered)(struct material_wait *wait, int rc);
    void (*work)(struct material_wait *wait);            /* lane thread */
    void (*worked)(struct material_wait *wait, int rc);  /* loop thread */
    int rc;
    struct problem problem;
    struct material_state state;
    struct material_keep keep;     /* from the look at the disk until the row is committed */
    struct suite_stream *chunk;    /* over the bytes of this PATCH when it has a checksum, or of this GET */
    /* PATCH */
    struct material_upload *upload;
    const void *bytes;
    size_t len;
    bool has_checksum, cut;
    int64_t acknowledged;
    uint8_t checksum[SUITE_HASH_BYTES];
    /* GET */
    struct exchange *x;
    int fd;
    uint8_t *block;
    size_t filled, sent;
    int64_t at;
    const char *type;
    bool busy, closed, begun;
};

/* New, with the asker's name; NULL without memory. */
struct material_wait *material_wait_new(struct material_api *api, struct exchange *x, enum material_act act, const char *sha256);
void material_wait_free(struct material_wait *wait);
/* Asks the caller; `answered` is called with what it says. */
void material_wait_may(struct material_wait *wait, struct exchange *x, void (*answered)(struct material_wait *wait, int rc));
/* Runs `work` on the slow lane, then `worked` here with wait->rc.  Never fails: what finds no room waits for some. */
void material_wait_run(struct material_wait *wait, void (*work)(struct material_wait *wait),
                       void (*worked)(struct material_wait *wait, int rc));

#endif
