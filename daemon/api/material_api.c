#include "daemon/api/material_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "proto/limits.h"

/* How often a long PATCH is made durable on its way, and how soon a full lane is tried again. */
enum { CHECKPOINT_BYTES = 64 * 1024 * 1024, LANE_RETRY_MS = 5 };

/* ---- one operation ---- */

struct material_wait *material_wait_new(struct material_api *api, struct exchange *x, enum material_act act, const char *sha256)
{
    const struct tls_identity *who = exchange_identity(x);
    struct material_wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return NULL;
    const char *owner = !who || who->kind == TLS_NOBODY ? "" : who->kind == TLS_STAFF ? who->staff : who->office;
    wait->api = api;
    wait->fd = -1;
    wait->problem.number = -1;
    wait->ask.act = act;
    (void)snprintf(wait->ask.sha256, sizeof wait->ask.sha256, "%s", sha256);
    (void)snprintf(wait->ask.owner, sizeof wait->ask.owner, "%s", owner);
    wait->ask.source = api->options.source ? api->options.source(api->options.context, who) : FAIR_OWN;
    return wait;
}

void material_wait_free(struct material_wait *wait)
{
    if (!wait)
        return;
    if (wait->fd >= 0)
        close(wait->fd);
    material_unkeep(&wait->keep);
    suite_stream_free(wait->chunk);
    free(wait->block);
    free(wait);
}

void material_api_answer(struct material_wait *wait, int rc, const struct problem *p)
{
    if (rc && p)
        wait->problem = *p;
    else if (rc)
        (void)problem_from_code(&wait->problem, rc);
    wait->answered(wait, rc);
}

void material_wait_may(struct material_wait *wait, struct exchange *x, void (*answered)(struct material_wait *wait, int rc))
{
    wait->answered = answered;
    wait->api->options.may(wait->api->options.context, x, &wait->ask, wait);
}

static void lane_work(struct lane_job *job)
{
    struct material_wait *wait = (struct material_wait *)job;
    wait->work(wait);
}

static void lane_done(struct lane_job *job)
{
    struct material_wait *wait = (struct material_wait *)job;
    wait->worked(wait, wait->rc);
}

static void pending_retry(uv_timer_t *timer)
{
    struct material_api *api = timer->data;
    /* all of them: the first may wait for room in the share of its source, others need not wait for that */
    for (struct material_wait **at = &api->pending; *at;) {
        struct material_wait *wait = *at, *next = wait->next;
        if (lane_submit(api->options.lanes, LANE_SLOW, &wait->job))
            at = &wait->next;
        else
            *at = next;
    }
    if (!api->pending)
        (void)uv_timer_stop(timer);
}

void material_wait_run(struct material_wait *wait, void (*work)(struct material_wait *wait),
                       void (*worked)(struct material_wait *wait, int rc))
{
    struct material_api *api = wait->api;
    wait->work = work;
    wait->worked = worked;
    wait->rc = 0;
    wait->job = (struct lane_job){.work = lane_work, .done = lane_done, .fair.source = wait->ask.source};
    if (!lane_submit(api->options.lanes, LANE_SLOW, &wait->job))
        return;
    struct material_wait **last = &api->pending;
    while (*last)
        last = &(*last)->next;
    wait->next = NULL;
    *last = wait;
    (void)uv_timer_start(&api->timer, pending_retry, LANE_RETRY_MS, LANE_RETRY_MS);
}

/* ---- uploads: the backend of tus ---- */

/* The end of an operation that is not a begin or write: tells tus, forgets. */
static void upload_finish(struct material_wait *wait, int rc)
{
    struct tus_request *r = wait->r;
    if (rc)
        r->problem = wait->problem;
    if (rc && wait->problem.id == PROBLEM_DISK_LOW)
        metric_add(METRIC_DISK_LOW_REFUSED, 1);
    r->backend_state = NULL;
    material_wait_free(wait);
    tus_done(r, rc);
}

/* What the disk said about the upload; a whole material is told to the caller first. */
static void upload_found(struct material_wait *wait, int rc)
{
    struct tus_request *r = wait->r;
    if (rc) {
        upload_finish(wait, rc);
        return;
    }
    r->length = wait->state.length;
    r->offset = wait->state.offset;
    r->expires_at = wait->state.expires_at;
    r->complete = wait->state.complete;
    if (!r->complete) {
        upload_finish(wait, 0);
        return;
    }
    wait->ask.length = wait->state.length;
    memcpy(wait->ask.type, wait->state.type, sizeof wait->ask.type);
    wait->answered = upload_finish;
    wait->api->options.stored(wait->api->options.context, &wait->ask, wait);
}

static struct material_wait *upload_wait(struct material_api *api, struct tus_request *r, enum material_act act)
{
    struct material_wait *wait = material_wait_new(api, r->x, act, r->sha256);
    if (!wait) {
        int rc = problem_from_code(&r->problem, TB_ENOMEM);
        tus_done(r, rc);
        return NULL;
    }
    wait->r = r;
    return wait;
}

static void create_work(struct material_wait *wait)
{
    const struct material_ask *ask = &wait->ask;
    material_keep(wait->api->options.files, &wait->keep, ask->sha256);
    wait->rc = material_upload_create(wait->api->options.files, ask->sha256, ask->length, ask->type, ask->owner, &wait->state,
                                      &wait->problem);
}

static void create_allowed(struct material_wait *wait, int rc)
{
    if (rc)
        upload_finish(wait, rc);
    else
        material_wait_run(wait, create_work, upload_found);
}

static void backend_create(void *context, struct tus_request *r)
{
    struct material_wait *wait = upload_wait(context, r, MATERIAL_CREATE);
    if (!wait)
        return;
    wait->ask.length = r->length;
    (void)snprintf(wait->ask.type, sizeof wait->ask.type, "%s", r->type);
    material_wait_may(wait, r->x, create_allowed);
}

static void state_work(struct material_wait *wait)
{
    material_keep(wait->api->options.files, &wait->keep, wait->ask.sha256);
    wait->rc = material_upload_state(wait->api->options.files, wait->ask.sha256, &wait->state, &wait->problem);
}

static void state_allowed(struct material_wait *wait, int rc)
{
    if (rc)
        upload_finish(wait, rc);
    else
        material_wait_run(wait, state_work, upload_found);
}

static void backend_state(void *context, struct tus_request *r)
{
    struct material_wait *wait = upload_wait(context, r, MATERIAL_STATE);
    if (wait)
        material_wait_may(wait, r->x, state_allowed);
}

static void discard_work(struct material_wait *wait)
{
    wait->rc = material_upload_delete(wait->api->options.files, wait->ask.sha256, wait->ask.owner, &wait->problem);
}

static void discard_allowed(struct material_wait *wait, int rc)
{
    if (rc)
        upload_finish(wait, rc);
    else
        material_wait_run(wait, discard_work, upload_finish);
}

static void backend_discard(void *context, struct tus_request *r)
{
    struct material_wait *wait = upload_wait(context, r, MATERIAL_DISCARD);
    if (wait)
        material_wait_may(wait, r->x, discard_allowed);
}

/* ---- PATCH ---- */

static void begin_work(struct material_wait *wait)
{
    if (wait->has_checksum && suite_stream_new(&wait->chunk)) {
        wait->rc = problem_from_code(&wait->problem, TB_ENOMEM);
        return;
    }
    wait->rc = material_upload_begin(wait->api->options.files, wait->ask.sha256, wait->acknowledged, &wait->upload, &wait->state,
                                     &wait->problem);
}

static void begin_worked(struct material_wait *wait, int rc)
{
    struct tus_request *r = wait->r;
    r->length = wait->state.length;
    r->offset = wait->state.offset;
    r->expires_at = wait->state.expires_at;
    if (rc) {
        upload_finish(wait, rc);
        return;
    }
    r->backend_state = wait;
    tus_done(r, 0);
}

static void begin_allowed(struct material_wait *wait, int rc)
{
    if (rc)
        upload_finish(wait, rc);
    else
        material_wait_run(wait, begin_work, begin_worked);
}

static void backend_begin(void *context, struct tus_request *r)
{
    struct material_wait *wait = upload_wait(context, r, MATERIAL_WRITE);
    if (!wait)
        return;
    wait->acknowledged = r->offset;
    wait->has_checksum = r->has_checksum;
    memcpy(wait->checksum, r->checksum, sizeof wait->checksum);
    material_wait_may(wait, r->x, begin_allowed);
}

static void write_work(struct material_wait *wait)
{
    wait->rc = material_upload_write(wait->upload, wait->bytes, wait->len, &wait->problem);
    if (!wait->rc && wait->chunk && suite_stream_update(wait->chunk, wait->bytes, wait->len))
        wait->rc = problem_from_code(&wait->problem, TB_ENOMEM);
    int64_t offset = material_upload_offset(wait->upload);
    /* A chunk with a checksum has to stay droppable until its end; and the last byte is for `finish` alone. */
    if (!wait->rc && !wait->chunk && offset - wait->acknowledged >= CHECKPOINT_BYTES && offset < wait->state.length) {
        wait->rc = material_upload_checkpoint(wait->upload, &wait->problem);
        if (!wait->rc)
            wait->acknowledged = offset;
    }
}

static void write_worked(struct material_wait *wait, int rc)
{
    if (rc)
        wait->r->problem = wait->problem;
    tus_done(wait->r, rc);
}

static void backend_write(void *context, struct tus_request *r, const void *bytes, size_t len)
{
    struct material_wait *wait = r->backend_state;
    (void)context;
    wait->bytes = bytes;
    wait->len = len;
    material_wait_run(wait, write_work, write_worked);
}

/* 0, or the checksum problem when the bytes of this PATCH are not what they should be. */
static int chunk_check(struct material_wait *wait)
{
    uint8_t hash[SUITE_HASH_BYTES];
    if (!wait->chunk)
        return 0;
    if (suite_stream_final(wait->chunk, hash))
        return problem_from_code(&wait->problem, TB_ENOMEM);
    if (wait->cut || memcmp(hash, wait->checksum, sizeof hash))
        return problem_set(&wait->problem, PROBLEM_CHECKSUM, "Upload-Checksum", "the bytes of this PATCH have another SHA-256");
    return 0;
}

static void end_work(struct material_wait *wait)
{
    struct material_upload *upload = wait->upload;
    int64_t offset = material_upload_offset(upload);
    wait->rc = chunk_check(wait);
    if (wait->rc) {
        struct problem why = wait->problem;
        if (!material_upload_truncate(upload, &wait->problem))
            wait->problem = why;
    } else if (offset == wait->state.length) {
        material_keep(wait->api->options.files, &wait->keep, wait->ask.sha256);
        wait->rc = material_upload_finish(upload, &wait->problem);
        wait->state.complete = !wait->rc;
    } else {
        wait->rc = material_upload_checkpoint(upload, &wait->problem);
    }
    wait->state.offset = offset;
    material_upload_end(upload);
    wait->upload = NULL;
}

static void end_worked(struct material_wait *wait, int rc)
{
    if (!rc && wait->state.complete) {
        metric_add(METRIC_MATERIALS_RECEIVED, 1);
        metric_add(METRIC_MATERIALS_BYTES, wait->state.length);
        LOG_LIMITED(LOG_LIMIT_MATERIAL, LOG_LEVEL_INFO, LOG_MATERIAL, "material_stored", LOG_TEXT("sha256", wait->ask.sha256),
                    LOG_INT("bytes", wait->state.length), LOG_TEXT("from", wait->ask.owner),
                    LOG_TEXT("request", exchange_request_id(wait->r->x)));
    } else if (rc == TB_EMALFORMED && wait->problem.id != PROBLEM_CHECKSUM) {
        metric_add(METRIC_MATERIALS_REFUSED, 1);
        LOG_LIMITED(LOG_LIMIT_MATERIAL, LOG_LEVEL_NOTICE, LOG_MATERIAL, "material_refused", LOG_TEXT("sha256", wait->ask.sha256),
                    LOG_TEXT("problem", problem_type(wait->problem.id)->name), LOG_TEXT("from", wait->ask.owner),
                    LOG_TEXT("request", exchange_request_id(wait->r->x)));
    } else if (rc == TB_EIO || rc == TB_EFULL) {
        LOG_LIMITED(LOG_LIMIT_DISK, LOG_LEVEL_ERR, LOG_MATERIAL, "material_disk_failed", LOG_TEXT("detail", wait->problem.detail));
    }
    upload_found(wait, rc);
}

static void failed_work(struct material_wait *wait)
{
    /* a failing write dropped its bytes already; others were refused before any was written */
    material_upload_end(wait->upload);
    wait->upload = NULL;
}

static void failed_worked(struct material_wait *wait, int rc)
{
    struct tus_request *r = wait->r;
    (void)rc;
    if (r->problem.id == PROBLEM_DISK_LOW || r->problem.id == PROBLEM_STORE_FAILED)
        LOG_LIMITED(LOG_LIMIT_DISK, LOG_LEVEL_ERR, LOG_MATERIAL, "material_disk_failed", LOG_TEXT("detail", r->problem.detail));
    r->backend_state = NULL;
    material_wait_free(wait);
    tus_done(r, 0); /* the words of the first failure stand in the request */
}

static void backend_end(void *context, struct tus_request *r, int failed)
{
    struct material_wait *wait = r->backend_state;
    (void)context;
    wait->cut = r->cut;
    if (failed)
        material_wait_run(wait, failed_work, failed_worked);
    else
        material_wait_run(wait, end_work, end_worked);
}

static const struct tus_backend backend = {.create = backend_create, .state = backend_state, .begin = backend_begin,
                                           .write = backend_write, .end = backend_end, .discard = backend_discard};

/* ---- life ---- */

int material_api_new(const struct material_api_options *options, struct material_api **out)
{
    struct material_api *api = calloc(1, sizeof *api);
    if (!api)
        return TB_ENOMEM;
    api->options = *options;
    const struct tus_options tus = {.backend = &backend, .context = api, .max_bytes = LIMIT_MATERIAL_BYTES,
                                    .max_writers = LIMIT_UPLOADS_ACTIVE, .max_writers_of_one = LIMIT_UPLOADS_ACTIVE_OF_ONE};
    int rc = tus_new(&tus, &api->tus);
    if (!rc && uv_timer_init(options->loop, &api->timer))
        rc = TB_ENOMEM;
    if (rc) {
        tus_free(api->tus);
        free(api);
        return rc;
    }
    api->timer.data = api;
    *out = api;
    return 0;
}

static void api_closed(uv_handle_t *handle)
{
    struct material_api *api = handle->data;
    tus_free(api->tus);
    free(api);
}

void material_api_close(struct material_api *api)
{
    if (!api)
        return;
    while (api->pending) {
        struct material_wait *wait = api->pending;
        api->pending = wait->next;
        wait->work(wait);
        wait->worked(wait, wait->rc);
    }
    uv_close((uv_handle_t *)&api->timer, api_closed);
}

/* ---- handlers ---- */

void material_api_options_request(struct material_api *api, struct exchange *x)
{
    tus_handle_options(api->tus, x);
}

void material_api_create(struct material_api *api, struct exchange *x)
{
    tus_handle_create(api->tus, x);
}

void material_api_head(struct material_api *api, struct exchange *x)
{
    tus_handle_head(api->tus, x);
}

void material_api_patch(struct material_api *api, struct exchange *x)
{
    tus_handle_patch(api->tus, x);
}

void material_api_delete(struct material_api *api, struct exchange *x)
{
    tus_handle_delete(api->tus, x);
}
