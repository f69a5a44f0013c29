#include "daemon/net/tus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TUS_VERSION "1.0.0"

/* Room that must be left before more of the body is asked for: the largest piece that the listener hands over at once, and some. */
enum { TUS_PIECE_BYTES = 128 * 1024, TUS_NUMBER_TEXT = 24 };

struct tus {
    struct tus_options options;
    unsigned writers;
    struct tus_work *writing; /* those that count among the writers */
};

enum tus_step { TUS_CREATING, TUS_ASKING, TUS_DISCARDING, TUS_BEGINNING, TUS_WRITING, TUS_ENDING };

struct tus_block {
    uint8_t *bytes;
    size_t len;
};

/* A request with what the backend need not see.  It lives until its exchange is closed and no operation is under way. */
struct tus_work {
    struct tus_request r;          /* first: tus_done gets this address */
    struct tus *tus;
    enum tus_step step;
    bool busy;                     /* the backend has it */
    bool closed;                   /* the exchange is over */
    bool writer;                   /* counts among tus->writers */
    struct tus_work *next;         /* in tus->writing */
    bool ended;                    /* the whole body is here, or no more will come */
    bool paused;
    bool finished;                 /* the backend's `end` is over, or was never needed */
    int failed;                    /* rc of the write that failed; nothing is written after it */
    int64_t came;                  /* bytes of this PATCH */
    int64_t room;                  /* bytes that the upload still takes; −1 before begin said so */
    struct tus_block fill, out;
};

int tus_new(const struct tus_options *options, struct tus **out)
{
    struct tus *tus = calloc(1, sizeof *tus);
    if (!tus)
        return TB_ENOMEM;
    tus->options = *options;
    *out = tus;
    return 0;
}

void tus_free(struct tus *tus)
{
    free(tus);
}

unsigned tus_writers(const struct tus *tus)
{
    return tus->writers;
}

/* ---- life of a request ---- */

static void writer_enter(struct tus_work *w)
{
    w->writer = true;
    w->next = w->tus->writing;
    w->tus->writing = w;
    w->tus->writers++;
}

static void writer_leave(struct tus_work *w)
{
    struct tus_work **at = &w->tus->writing;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->tus->writers--;
}

/* Whether this sender has all the PATCHes under way that one may have. */
static bool writer_has_share(const struct tus_work *w)
{
    const struct tls_identity *me = exchange_identity(w->r.x);
    unsigned count = 0, most = w->tus->options.max_writers_of_one;
    for (const struct tus_work *other = w->tus->writing; other && most; other = other->next) {
        const struct tls_identity *who = exchange_identity(other->r.x);
        count += who->kind == me->kind && !strcmp(who->office, me->office) && !strcmp(who->staff, me->staff);
    }
    return most && count >= most;
}

static void work_free_if_over(struct tus_work *w)
{
    if (!w->closed || w->busy || !w->finished)
        return;
    if (w->writer)
        writer_leave(w);
    struct exchange *x = w->r.x;
    free(w->fill.bytes);
    free(w->out.bytes);
    free(w);
    exchange_release(x);
}

static void work_pump(struct tus_work *w);

static void work_closed(struct exchange *x, void *user)
{
    struct tus_work *w = user;
    (void)x;
    w->closed = true;
    if (!w->ended) {
        w->ended = true;
        w->r.cut = true;
    }
    work_pump(w);
    work_free_if_over(w);
}

/* The request as far as it is common to all; NULL when it was answered already. */
static struct tus_work *work_new(struct tus *tus, struct exchange *x)
{
    const char *version = exchange_header(x, "Tus-Resumable");
    struct problem p;
    if (!version || strcmp(version, TUS_VERSION)) {
        if (!exchange_add_header(x, "Tus-Version", TUS_VERSION))
            exchange_answer(x, 412, NULL, "", 0);
        else
            exchange_answer(x, 500, NULL, "", 0);
        return NULL;
    }
    struct tus_work *w = calloc(1, sizeof *w);
    if (!w || exchange_add_header(x, "Tus-Resumable", TUS_VERSION)) {
        free(w);
        (void)problem_from_code(&p, TB_ENOMEM);
        exchange_answer_problem(x, &p);
        return NULL;
    }
    const char *name = exchange_param(x, "sha256");
    if (name && strlen(name) < sizeof w->r.sha256)
        memcpy(w->r.sha256, name, strlen(name) + 1);
    w->tus = tus;
    w->r.x = x;
    w->r.problem.number = -1;
    w->room = -1;
    w->finished = true;
    exchange_hold(x);
    exchange_set_user(x, w, work_closed);
    return w;
}

static void work_answer_problem(struct tus_work *w)
{
    exchange_answer_problem(w->r.x, &w->r.problem);
}

static int add_number(struct exchange *x, const char *name, int64_t value)
{
    char text[TUS_NUMBER_TEXT];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    return exchange_add_header(x, name, text);
}

/* Upload-Offset, and Upload-Expires while the upload is unfinished. */
static int add_progress(struct tus_work *w)
{
    char date[TUS_DATE_TEXT];
    int rc = add_number(w->r.x, "Upload-Offset", w->r.offset);
    if (!rc && !w->r.complete && w->r.expires_at > 0) {
        tus_format_date(w->r.expires_at, date);
        rc = exchange_add_header(w->r.x, "Upload-Expires", date);
    }
    return rc;
}

/* Answers with the status, or with a failure when a header did not fit. */
static void work_answer(struct tus_work *w, int status, int rc)
{
    if (!exchange_alive(w->r.x))
        return;
    if (rc) {
        (void)problem_from_code(&w->r.problem, rc);
        work_answer_problem(w);
    } else {
        exchange_answer(w->r.x, status, NULL, "", 0);
    }
}

/* ---- writing ---- */

static int block_alloc(struct tus_block *b)
{
    b->bytes = malloc(TUS_BLOCK_BYTES);
    return b->bytes ? 0 : TB_ENOMEM;
}

static void work_ask(struct tus_work *w, enum tus_step step)
{
    const struct tus_backend *backend = w->tus->options.backend;
    w->step = step;
    w->busy = true;
    if (step == TUS_WRITING)
        backend->write(w->tus->options.context, &w->r, w->out.bytes, w->out.len);
    else
        backend->end(w->tus->options.context, &w->r, w->failed);
}

static void work_resume(struct tus_work *w)
{
    if (w->paused && !w->ended && TUS_BLOCK_BYTES - w->fill.len >= TUS_PIECE_BYTES) {
        w->paused = false;
        exchange_resume_body(w->r.x);
    }
}

/* Gives the backend its next piece of work, if it is free and there is one. */
static void work_pump(struct tus_work *w)
{
    if (w->busy || w->finished || w->room < 0)
        return;
    bool full = TUS_BLOCK_BYTES - w->fill.len < TUS_PIECE_BYTES;
    bool write = !w->failed && w->fill.len && (full || w->ended);
    if (write && w->r.cut && w->r.has_checksum)
        write = false; /* a chunk that cannot be checked any more goes as a whole */
    if (write) {
        struct tus_block filled = w->fill;
        w->fill = w->out;
        w->fill.len = 0;
        w->out = filled;
        if (!w->fill.bytes && block_alloc(&w->fill)) {
            w->out = w->fill;
            w->fill = filled;
            w->failed = problem_from_code(&w->r.problem, TB_ENOMEM);
        } else {
            work_ask(w, TUS_WRITING);
            work_resume(w);
            return;
        }
    }
    if (w->failed || w->ended)
        work_ask(w, TUS_ENDING);
}

static void done_begin(struct tus_work *w, int rc)
{
    int64_t body = exchange_content_length(w->r.x);
    if (rc) {
        if (rc == TB_ECONFLICT && exchange_alive(w->r.x) && add_number(w->r.x, "Upload-Offset", w->r.offset))
            (void)problem_from_code(&w->r.problem, TB_ENOMEM);
        work_answer_problem(w);
        return;
    }
    w->finished = false;
    w->room = w->r.length - w->r.offset;
    if (body > w->room || w->came > w->room)
        w->failed = problem_set(&w->r.problem, PROBLEM_TOO_LARGE, NULL, "only %lld bytes are missing", (long long)w->room);
    work_pump(w);
    work_resume(w);
}

static void done_end(struct tus_work *w, int rc)
{
    w->finished = true;
    w->fill.len = 0;
    if (w->failed || rc)
        work_answer_problem(w);
    else if (exchange_alive(w->r.x))
        work_answer(w, 204, add_progress(w));
}

static void done_create(struct tus_work *w, int rc)
{
    char location[TUS_LOCATION_BYTES];
    if (rc) {
        work_answer_problem(w);
        return;
    }
    if (!exchange_alive(w->r.x))
        return;
    int len = snprintf(location, sizeof location, "%s/%s", exchange_path(w->r.x), w->r.sha256);
    rc = len < 0 || len >= TUS_LOCATION_BYTES ? TB_ELIMIT : exchange_add_header(w->r.x, "Location", location);
    if (!rc)
        rc = add_progress(w);
    work_answer(w, 201, rc);
}

static void done_state(struct tus_work *w, int rc)
{
    if (rc) {
        work_answer_problem(w);
        return;
    }
    if (!exchange_alive(w->r.x))
        return;
    rc = add_progress(w);
    if (!rc)
        rc = add_number(w->r.x, "Upload-Length", w->r.length);
    work_answer(w, 200, rc);
}

void tus_done(struct tus_request *r, int rc)
{
    struct tus_work *w = (struct tus_work *)r;
    w->busy = false;
    switch (w->step) {
    case TUS_CREATING:
        done_create(w, rc);
        break;
    case TUS_ASKING:
        done_state(w, rc);
        break;
    case TUS_DISCARDING:
        if (rc)
            work_answer_problem(w);
        else
            work_answer(w, 204, 0);
        break;
    case TUS_BEGINNING:
        done_begin(w, rc);
        break;
    case TUS_WRITING:
        w->out.len = 0;
        w->failed = rc;
        work_pump(w);
        work_resume(w);
        break;
    case TUS_ENDING:
        done_end(w, rc);
        break;
    }
    work_free_if_over(w);
}

static int sink_data(struct exchange *x, const void *bytes, size_t len)
{
    struct tus_work *w = exchange_user(x);
    if (!w)
        return TB_ECLOSED;
    if (w->failed)
        return 1; /* the answer is on its way: what comes meanwhile is not wanted */
    w->came += (int64_t)len;
    if (len > TUS_BLOCK_BYTES - w->fill.len)
        return TB_ELIMIT; /* the listener never hands over so much; refused rather than believed */
    memcpy(w->fill.bytes + w->fill.len, bytes, len);
    w->fill.len += len;
    work_pump(w);
    w->paused = TUS_BLOCK_BYTES - w->fill.len < TUS_PIECE_BYTES;
    return w->paused ? 1 : 0;
}

static void sink_end(struct exchange *x)
{
    struct tus_work *w = exchange_user(x);
    if (!w || w->ended)
        return;
    w->ended = true;
    work_pump(w);
}

const struct http_sink tus_sink = {.data = sink_data, .end = sink_end};

/* ---- handlers ---- */

void tus_handle_options(struct tus *tus, struct exchange *x)
{
    int rc = exchange_add_header(x, "Tus-Resumable", TUS_VERSION);
    if (!rc)
        rc = exchange_add_header(x, "Tus-Version", TUS_VERSION);
    if (!rc)
        rc = exchange_add_header(x, "Tus-Extension", "creation,checksum,expiration");
    if (!rc)
        rc = exchange_add_header(x, "Tus-Checksum-Algorithm", "sha256");
    if (!rc)
        rc = add_number(x, "Tus-Max-Size", tus->options.max_bytes);
    exchange_answer(x, rc ? 500 : 204, NULL, "", 0);
}

void tus_handle_create(struct tus *tus, struct exchange *x)
{
    struct tus_work *w = work_new(tus, x);
    if (!w)
        return;
    struct problem *p = &w->r.problem;
    int rc = 0;
    if (tus_parse_number(exchange_header(x, "Upload-Length"), &w->r.length))
        rc = problem_set(p, PROBLEM_MALFORMED, "Upload-Length", "must be the number of bytes");
    else if (w->r.length > tus->options.max_bytes)
        rc = problem_set(p, PROBLEM_TOO_LARGE, "Upload-Length", "at most %lld bytes", (long long)tus->options.max_bytes);
    else
        rc = tus_parse_metadata(exchange_header(x, "Upload-Metadata"), w->r.sha256, w->r.type, p);
    if (rc) {
        work_answer_problem(w);
        return;
    }
    w->step = TUS_CREATING;
    w->busy = true;
    tus->options.backend->create(tus->options.context, &w->r);
}

void tus_handle_head(struct tus *tus, struct exchange *x)
{
    struct tus_work *w = work_new(tus, x);
    if (!w)
        return;
    w->step = TUS_ASKING;
    w->busy = true;
    tus->options.backend->state(tus->options.context, &w->r);
}

void tus_handle_delete(struct tus *tus, struct exchange *x)
{
    struct tus_work *w = work_new(tus, x);
    if (!w)
        return;
    w->step = TUS_DISCARDING;
    w->busy = true;
    tus->options.backend->discard(tus->options.context, &w->r);
}

static int patch_check(struct tus_work *w)
{
    struct exchange *x = w->r.x;
    struct problem *p = &w->r.problem;
    const char *type = exchange_header(x, "Content-Type");
    const char *checksum = exchange_header(x, "Upload-Checksum");
    if (!type || strcasecmp(type, "application/offset+octet-stream"))
        return problem_set(p, PROBLEM_UNSUPPORTED_TYPE, "Content-Type", "must be application/offset+octet-stream");
    if (tus_parse_number(exchange_header(x, "Upload-Offset"), &w->r.offset))
        return problem_set(p, PROBLEM_MALFORMED, "Upload-Offset", "must be a number of bytes");
    if (exchange_content_length(x) > w->tus->options.max_bytes)
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "at most %lld bytes", (long long)w->tus->options.max_bytes);
    if (checksum) {
        w->r.has_checksum = true;
        int rc = tus_parse_checksum(checksum, w->r.checksum, p);
        if (rc)
            return rc;
    }
    if (w->tus->writers >= w->tus->options.max_writers || writer_has_share(w))
        return problem_set(p, PROBLEM_BUSY, NULL, "%u uploads are being written", w->tus->writers);
    return block_alloc(&w->fill) ? problem_from_code(p, TB_ENOMEM) : 0;
}

void tus_handle_patch(struct tus *tus, struct exchange *x)
{
    struct tus_work *w = work_new(tus, x);
    if (!w)
        return;
    if (patch_check(w)) {
        work_answer_problem(w);
        return;
    }
    writer_enter(w);
    w->step = TUS_BEGINNING;
    w->busy = true;
    tus->options.backend->begin(tus->options.context, &w->r);
}
