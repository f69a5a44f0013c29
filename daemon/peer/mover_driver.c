/* The materials' half of the driver: tus 1.0 towards the peer (docs/protocol.md, "Materials"). */
#include "daemon/peer/driver_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"

enum { TUS_ANSWER_MAX = 64 * 1024, HEADER_MAX = 256 };

static void set_move_url(struct driver *driver, bool resource)
{
    (void)snprintf(driver->move_url, sizeof driver->move_url, "%s/peer/v1/materials%s%s", driver->url, resource ? "/" : "",
                   resource ? driver->question.material.sha256 : "");
}

/* ---- ASK ---- */

static void question_done(struct store_query *query, int rc)
{
    struct driver *driver = ((struct office_material_question *)query)->user;
    struct mover_report report = {.rc = rc, .length = driver->question.material.size};
    if (!driver_came_back(driver))
        mover_drive(driver, MOVER_ASKED, &report);
}

static int start_ask(struct driver *driver)
{
    office_material_question_init(&driver->question, driver->options.office);
    memcpy(driver->question.peer, driver->options.peer->code, sizeof driver->question.peer);
    memcpy(driver->question.behind, driver->stuck, sizeof driver->stuck);
    driver->question.query.done = question_done;
    driver->question.query.fair.source = driver_source(driver);
    driver->question.user = driver;
    driver->under_way++;
    int rc = store_read(driver->options.store, &driver->question.query);
    if (rc < 0)
        driver->under_way--;
    return rc;
}

/* ---- HEAD, POST, PATCH ---- */

static int send_move(struct driver *driver, enum carrier_method method, const char *const *headers, const void *body, size_t len,
                     void (*done)(struct carrier_request *request))
{
    struct carrier_request *move = &driver->move;
    move->method = method;
    move->url = driver->move_url;
    move->headers = headers;
    move->body = body;
    move->body_len = len;
    move->answer_max = TUS_ANSWER_MAX;
    move->material = method == CARRIER_PATCH;
    move->done = done;
    move->user = driver;
    return carrier_send(driver->carrier, move);
}

static void moved(struct carrier_request *request, enum mover_event event)
{
    struct driver *driver = request->user;
    int problem;
    int64_t number;
    if (driver->stopping)
        return;
    struct mover_report report = {.rc = request->rc, .offset = request->upload_offset, .wait_ms = request->retry_after_s * 1000};
    if (report.rc == 0) {
        driver_take_date(driver, request->date_s);
        if (request->status < 200 || request->status > 299)
            report.rc = driver_refusal(request, &problem, &number);
        else if (request->upload_offset < 0)
            report.rc = TB_EMALFORMED;
    }
    mover_drive(driver, event, &report);
}

static void head_done(struct carrier_request *request)
{
    moved(request, MOVER_HEAD);
}

static void create_done(struct carrier_request *request)
{
    /* tus leaves the offset out of the answer to a creation: then it is 0 */
    if (request->rc == 0 && request->status == 201 && request->upload_offset < 0)
        request->upload_offset = 0;
    moved(request, MOVER_CREATED);
}

static void patch_done(struct carrier_request *request)
{
    moved(request, MOVER_PATCHED);
}

static int start_head(struct driver *driver)
{
    static const char *const headers[] = {"Tus-Resumable: 1.0.0", NULL};
    set_move_url(driver, true);
    return send_move(driver, CARRIER_HEAD, headers, NULL, 0, head_done);
}

static int add_metadata(struct buf *b, const char *key, const char *value)
{
    int rc = buf_append_str(b, key);
    if (!rc)
        rc = buf_append_str(b, " ");
    return rc ? rc : base64_encode(value, strlen(value), b);
}

static int start_create(struct driver *driver)
{
    const struct material_row *material = &driver->question.material;
    char length[HEADER_MAX];
    struct buf metadata;
    buf_init(&metadata, HEADER_MAX);
    (void)snprintf(length, sizeof length, "Upload-Length: %" PRId64, material->size);
    int rc = buf_append_str(&metadata, "Upload-Metadata: ");
    if (!rc)
        rc = add_metadata(&metadata, "sha256", material->sha256);
    if (!rc)
        rc = buf_append_str(&metadata, ",");
    if (!rc)
        rc = add_metadata(&metadata, "type", material->type);
    if (!rc) {
        const char *headers[] = {"Tus-Resumable: 1.0.0", length, metadata.data, NULL};
        set_move_url(driver, false);
        rc = send_move(driver, CARRIER_POST, headers, NULL, 0, create_done);
    }
    buf_free(&metadata);
    return rc;
}

static void piece_work(struct lane_job *job)
{
    struct driver_piece *piece = (struct driver_piece *)job;
    struct driver *driver = (struct driver *)((char *)piece - offsetof(struct driver, piece));
    int fd = -1;
    piece->len = 0;
    piece->rc = driver->options.open_material(driver->options.context, driver->question.material.sha256, &fd);
    while (piece->rc == 0 && piece->len < LIMIT_MATERIAL_CHUNK_BYTES) {
        ssize_t n = pread(fd, piece->bytes + piece->len, (size_t)LIMIT_MATERIAL_CHUNK_BYTES - piece->len,
                          (off_t)(piece->offset + (int64_t)piece->len));
        if (n < 0)
            piece->rc = TB_EIO;
        if (n <= 0)
            break;
        piece->len += (size_t)n;
    }
    if (piece->rc == 0 && piece->len == 0)
        piece->rc = TB_ECORRUPT; /* shorter than the row says */
    if (fd >= 0)
        (void)close(fd);
}

static int send_piece(struct driver *driver)
{
    char offset[HEADER_MAX];
    (void)snprintf(offset, sizeof offset, "Upload-Offset: %" PRId64, driver->piece.offset);
    const char *headers[] = {"Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream", offset, NULL};
    set_move_url(driver, true);
    return send_move(driver, CARRIER_PATCH, headers, driver->piece.bytes, driver->piece.len, patch_done);
}

static void piece_done(struct lane_job *job)
{
    struct driver_piece *piece = (struct driver_piece *)job;
    struct driver *driver = (struct driver *)((char *)piece - offsetof(struct driver, piece));
    if (driver_came_back(driver))
        return;
    struct mover_report report = {.rc = piece->rc};
    if (report.rc == 0)
        report.rc = send_piece(driver);
    if (report.rc < 0)
        mover_drive(driver, MOVER_PATCHED, &report);
}

static int start_patch(struct driver *driver)
{
    if (!driver->piece.bytes)
        driver->piece.bytes = malloc(LIMIT_MATERIAL_CHUNK_BYTES);
    if (!driver->piece.bytes)
        return TB_ENOMEM;
    driver->piece.job = (struct lane_job){.work = piece_work, .done = piece_done, .fair.source = driver_source(driver)};
    driver->piece.offset = driver->mover.offset;
    driver->under_way++;
    int rc = lane_submit(driver->options.lanes, LANE_SLOW, &driver->piece.job);
    if (rc < 0)
        driver->under_way--;
    return rc;
}

/* ---- DONE ---- */

static void arrival_done(struct store_command *command, int rc)
{
    struct office_arrival *arrival = (struct office_arrival *)command;
    struct driver *driver = arrival->user;
    struct mover_report report = {.rc = rc};
    office_arrival_clear(arrival);
    if (driver_came_back(driver))
        return;
    if (rc == 0)
        LOG(LOG_LEVEL_INFO, LOG_PEER, "material_delivered", LOG_TEXT("peer", driver->options.peer->code),
            LOG_TEXT("material", driver->question.material.sha256), LOG_INT("bytes", driver->question.material.size));
    mover_drive(driver, MOVER_DONE, &report);
}

static int start_done(struct driver *driver)
{
    office_arrival_init(&driver->arrival, driver->options.office);
    driver->arrival.material = driver->question.material;
    memcpy(driver->arrival.sent_to, driver->options.peer->code, sizeof driver->arrival.sent_to);
    driver->arrival.command.done = arrival_done;
    driver->arrival.command.fair.source = driver_source(driver);
    driver->arrival.user = driver;
    driver->under_way++;
    int rc = store_submit(driver->options.store, &driver->arrival.command);
    if (rc < 0) {
        driver->under_way--;
        office_arrival_clear(&driver->arrival);
    }
    return rc;
}

/* ---- the mover ---- */

/* One that cannot be sent must not hold up the others. */
static void set_aside(struct driver *driver, int rc)
{
    memcpy(driver->stuck, driver->question.material.sha256, sizeof driver->stuck);
    if (driver->mover.failures <= 3 || driver->mover.failures % 60 == 0)
        LOG_LIMITED(LOG_LIMIT_EXCHANGE, driver->mover.alarm ? LOG_LEVEL_ERR : LOG_LEVEL_WARNING, LOG_PEER, "material_failed",
            LOG_TEXT("peer", driver->options.peer->code), LOG_TEXT("material", driver->stuck), LOG_TEXT("error", err_text(rc)),
            LOG_INT("failures", driver->mover.failures));
}

void mover_drive(struct driver *driver, enum mover_event event, const struct mover_report *report)
{
    static const struct {
        int (*start)(struct driver *driver);
        enum mover_event end;
    } actions[] = {
        [MOVER_NOTHING] = {NULL, MOVER_WAKE},           [MOVER_ASK] = {start_ask, MOVER_ASKED},
        [MOVER_DO_HEAD] = {start_head, MOVER_HEAD},     [MOVER_DO_CREATE] = {start_create, MOVER_CREATED},
        [MOVER_DO_PATCH] = {start_patch, MOVER_PATCHED}, [MOVER_DO_DONE] = {start_done, MOVER_DONE},
    };
    struct mover_report failed = {0};
    if (driver->held && event == MOVER_WAKE)
        return;
    while (!driver->stopping) {
        enum mover_action action = mover_step(&driver->mover, event, report, driver_now(driver), driver_random(driver));
        if (report && report->rc < 0 && event != MOVER_ASKED && driver->mover.state == MOVER_BACKOFF)
            set_aside(driver, report->rc);
        if (action == MOVER_NOTHING)
            break;
        failed.rc = actions[action].start(driver);
        if (failed.rc == 0)
            break;
        event = actions[action].end;
        report = &failed;
    }
    if (driver->mover.state == MOVER_IDLE || driver->mover.state == MOVER_BACKOFF) {
        free(driver->piece.bytes); /* 8 MiB only while something moves */
        driver->piece.bytes = NULL;
    }
    driver_schedule(driver);
}
