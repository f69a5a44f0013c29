/* driver_internal: what the two halves of the driver share and nobody else may use. */
#ifndef PEER_DRIVER_INTERNAL_H
#define PEER_DRIVER_INTERNAL_H

#include "daemon/peer/driver.h"
#include "proto/limits.h"

enum { DRIVER_BASE_MAX = 384, DRIVER_URL_MAX = 512 };

/* Decodes and verifies the peer's answer on the FAST lane. */
struct driver_check {
    struct lane_job job;
    char *bytes; /* owned until decoded */
    size_t len;
    struct parcel *parcel; /* result, owned */
    struct problem problem;
    int rc;
};

/* Reads the next piece of a material on the SLOW lane. */
struct driver_piece {
    struct lane_job job;
    int64_t offset;
    char *bytes; /* owned, LIMIT_MATERIAL_CHUNK_BYTES while a material moves */
    size_t len;
    int rc;
};

struct driver {
    struct driver_options options;
    unsigned label;            /* its place among the labels of the metrics */
    char url[DRIVER_BASE_MAX]; /* without a slash at the end */
    struct carrier *carrier;
    uv_timer_t timer;
    bool stopping, held;
    bool carrier_gone, timer_gone;
    unsigned under_way; /* queries, commands, lane jobs whose completion will still come */
    void (*stopped)(void *context);
    void *stopped_context;
    int64_t last_exchange_ms, skew_logged_at;
    int last_rc;
    char last_detail[CARRIER_DETAIL_TEXT];
    int64_t failing_since_ms;
    /* messages */
    struct engine engine;
    struct office_batch batch;
    char post_url[DRIVER_URL_MAX];
    struct carrier_request post;
    struct driver_check check;
    struct office_outcome outcome;
    /* materials */
    struct mover mover;
    struct office_material_question question;
    char stuck[65];          /* the last material that failed, or "" */
    struct carrier_request move;
    char move_url[DRIVER_URL_MAX];
    struct driver_piece piece;
    struct office_arrival arrival;
};

uint32_t driver_random(const struct driver *driver);
/* In whose name its work waits (daemon/base/fair_queue.h): the counterpart's, as what that one sends us. */
uint16_t driver_source(const struct driver *driver);
int64_t driver_now(const struct driver *driver);
/* Sets the timer to the earlier of both halves' wake_at. */
void driver_schedule(struct driver *driver);
/* A completion came: true when the driver is stopping and the caller must only clean up.  Pairs with ++under_way. */
bool driver_came_back(struct driver *driver);
/* Frees the driver when it was stopped and nothing is under way any more. */
void driver_maybe_free(struct driver *driver);
void driver_take_date(struct driver *driver, int64_t date_s);
/* Code of a peer's answer that is not 2xx; its problem document, if any, in *problem and *number (−1 otherwise). */
int driver_refusal(const struct carrier_request *request, int *problem, int64_t *number);
void mover_drive(struct driver *driver, enum mover_event event, const struct mover_report *report);

#endif
