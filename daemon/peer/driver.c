#include "daemon/peer/driver_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/series.h"
#include "proto/strict_json.h"
#include "proto/trace.h"

enum { SKEW_WARNING_MS = 60 * 1000, SKEW_LOG_EVERY_MS = 10 * 60 * 1000, REFUSAL_BYTES_MAX = 64 * 1024 };

static void drive(struct driver *driver, enum engine_event event, const struct engine_report *report);

uint32_t driver_random(const struct driver *driver)
{
    uint32_t random;
    driver->options.world->random(driver->options.world->context, &random, sizeof random);
    return random;
}

int64_t driver_now(const struct driver *driver)
{
    return driver->options.world->monotonic_ms(driver->options.world->context);
}

uint16_t driver_source(const struct driver *driver)
{
    return fair_peer((unsigned)(driver->options.peer - driver->options.office->peers));
}

static void report_failure(struct driver *driver, int rc, const struct problem *p)
{
    const struct world *world = driver->options.world;
    driver->last_rc = rc;
    if (!driver->failing_since_ms)
        driver->failing_since_ms = world->now_ms(world->context);
    const char *words = driver->post.rc < 0 && driver->post.detail[0] ? driver->post.detail : p ? problem_type(p->id)->title : err_text(rc);
    (void)snprintf(driver->last_detail, sizeof driver->last_detail, "%s", words);
    metric_add(METRIC_PEER_FAILURES, 1);
    if (rc == TB_ETRUST)
        metric_add(METRIC_PEER_UNTRUSTED, 1);
    enum log_level level = driver->engine.alarm ? LOG_LEVEL_ERR : LOG_LEVEL_WARNING;
    /* once when it begins to fail, then only now and then: an outage may last ten days */
    if (driver->engine.failures > 3 && driver->engine.failures % 60 != 0)
        level = LOG_LEVEL_DEBUG;
    LOG_LIMITED(LOG_LIMIT_EXCHANGE, level, LOG_PEER, "exchange_failed", LOG_TEXT("peer", driver->options.peer->code), LOG_TEXT("error", err_text(rc)),
        LOG_TEXT("problem", p ? problem_type(p->id)->name : ""), LOG_INT("failures", driver->engine.failures),
        LOG_INT("wait_ms", driver->engine.wake_at == INT64_MAX ? 0 : driver->engine.wake_at - driver_now(driver)));
}

/* ---- timer ---- */

static void on_timer(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    int64_t now = driver_now(driver);
    if (driver->stopping)
        return;
    if (now >= driver->engine.wake_at)
        drive(driver, ENGINE_WAKE, NULL);
    if (now >= driver->mover.wake_at)
        mover_drive(driver, MOVER_WAKE, NULL);
    driver_schedule(driver);
}

void driver_schedule(struct driver *driver)
{
    int64_t at = driver->engine.wake_at < driver->mover.wake_at ? driver->engine.wake_at : driver->mover.wake_at;
    if (driver->stopping)
        return;
    if (at == INT64_MAX || driver->held) {
        (void)uv_timer_stop(&driver->timer);
        return;
    }
    int64_t wait = at - driver_now(driver);
    uv_update_time(driver->options.loop);
    (void)uv_timer_start(&driver->timer, on_timer, wait > 0 ? (uint64_t)wait : 1, 0);
}

/* ---- BUILD ---- */

static void batch_built(struct store_query *query, int rc)
{
    struct driver *driver = ((struct office_batch *)query)->user;
    struct engine_report report = {.rc = rc, .problem = -1, .number = -1, .count = driver->batch.count};
    if (driver_came_back(driver))
        return;
    drive(driver, ENGINE_BUILT, &report);
    if (rc == TB_ECONFLICT && driver->options.conflict)
        driver->options.conflict(driver->options.context);
    if (rc < 0)
        report_failure(driver, rc, NULL);
}

static int start_build(struct driver *driver)
{
    driver->post.rc = 0; /* what the last one said is over */
    office_batch_clear(&driver->batch);
    office_batch_init(&driver->batch, driver->options.office, driver->options.peer->code);
    driver->batch.query.done = batch_built;
    driver->batch.query.fair.source = driver_source(driver);
    driver->batch.force_old = driver->engine.force_old;
    driver->batch.force_after = driver->engine.force_after;
    driver->batch.user = driver;
    driver->under_way++;
    int rc = store_read(driver->options.store, &driver->batch.query);
    if (rc < 0)
        driver->under_way--;
    return rc;
}

/* ---- POST and its answer ---- */

int driver_refusal(const struct carrier_request *request, int *problem, int64_t *number)
{
    static const char media[] = "application/problem+json";
    long status = request->status;
    struct problem p = {.id = PROBLEM_INTERNAL, .number = -1};
    json_t *doc = NULL;
    *problem = -1;
    *number = -1;
    if (strncmp(request->content_type, media, sizeof media - 1) == 0 && request->answer.len > 0 &&
        request->answer.len <= REFUSAL_BYTES_MAX && strict_json_parse(request->answer.data, request->answer.len, &doc, NULL) == 0) {
        problem_from_json(&p, doc);
        json_decref(doc);
        /* a document of a kind that we do not know says no more than its status */
        if (p.id != PROBLEM_INTERNAL || status >= 500) {
            *problem = (int)p.id;
            *number = p.number;
            return problem_type(p.id)->code;
        }
    }
    if (status == 408 || status == 429 || status >= 500)
        return TB_ETEMP;
    switch (status) {
    case 404:
        return TB_ENOTFOUND;
    case 403:
        return TB_EDENIED;
    case 409:
        return TB_ECONFLICT;
    case 413:
        return TB_ELIMIT;
    case 423:
        return TB_ETEMP;
    default:
        return TB_EMALFORMED;
    }
}

void driver_take_date(struct driver *driver, int64_t date_s)
{
    const struct world *world = driver->options.world;
    if (date_s < 0)
        return;
    /* `Date` has whole seconds: half of one is the best guess */
    int64_t skew = date_s * 1000 + 500 - world->now_ms(world->context);
    int64_t size = skew < 0 ? -skew : skew;
    int64_t now = driver_now(driver);
    engine_take_skew(&driver->engine, skew, now);
    if (size > SKEW_WARNING_MS && (driver->skew_logged_at == 0 || now - driver->skew_logged_at >= SKEW_LOG_EVERY_MS)) {
        driver->skew_logged_at = now;
        LOG_LIMITED(LOG_LIMIT_EXCHANGE, LOG_LEVEL_WARNING, LOG_PEER, "clock_skew", LOG_TEXT("peer", driver->options.peer->code), LOG_INT("skew_ms", skew));
    }
}

static void check_work(struct lane_job *job)
{
    struct driver_check *check = (struct driver_check *)job;
    struct driver *driver = (struct driver *)((char *)check - offsetof(struct driver, check));
    const struct office_peer *peer = driver->options.peer;
    char *bytes = check->bytes;
    struct parcel *parcel = NULL;
    check->bytes = NULL;
    int rc = parcel_decode(bytes, check->len, &parcel, &check->problem);
    if (rc < 0) {
        check->rc = rc;
        return;
    }
    rc = parcel_take_frontier(parcel, driver->post.frontier);
    rc = rc ? rc : parcel_take_others(parcel, driver->post.others);
    /* The proof must start where we said that we are, else an older or shorter ledger could pass as the first one seen. */
    if (!rc && (strcmp(parcel->from, peer->code) != 0 || strcmp(parcel->to, driver->options.office->code) != 0))
        rc = problem_set(&check->problem, PROBLEM_WRONG_OFFICE, "/from", "the answer is not from %s to us", peer->code);
    else if (!rc && parcel->old_size != driver->batch.their_size)
        rc = problem_set(&check->problem, PROBLEM_UNTRUSTED, "/old", "the answer proves from another size");
    else if (!rc)
        rc = parcel_verify(parcel, office_peer_key(peer), parcel->old_size ? &driver->batch.their_root : NULL, &check->problem);
    if (rc < 0)
        parcel_free(parcel);
    else
        check->parcel = parcel;
    check->rc = rc;
}

static void answered(struct driver *driver, int rc, int problem, int64_t number, const struct problem *p)
{
    bool conflict = problem == PROBLEM_FORK || (problem == PROBLEM_CHECKPOINT && number >= 0 && (uint64_t)number > driver->batch.size);
    struct engine_report report = {.rc = rc, .problem = problem, .number = number, .wait_ms = driver->post.retry_after_s * 1000};
    drive(driver, ENGINE_ANSWERED, &report);
    if (conflict && driver->options.conflict)
        driver->options.conflict(driver->options.context);
    if (rc < 0 && driver->engine.state == ENGINE_BACKOFF)
        report_failure(driver, rc, p);
}

static void check_done(struct lane_job *job)
{
    struct driver_check *check = (struct driver_check *)job;
    struct driver *driver = (struct driver *)((char *)check - offsetof(struct driver, check));
    if (driver->stopping) {
        parcel_free(check->parcel);
        check->parcel = NULL;
    }
    if (driver_came_back(driver))
        return;
    answered(driver, check->rc, -1, -1, check->rc < 0 ? &check->problem : NULL);
}

static void post_done(struct carrier_request *request)
{
    struct driver *driver = request->user;
    int rc = request->rc, problem = -1;
    int64_t number = -1;
    if (driver->stopping)
        return;
    if (rc == 0) {
        driver_take_date(driver, request->date_s);
        if (request->status != 200)
            rc = driver_refusal(request, &problem, &number);
    }
    if (rc == 0) {
        driver->check = (struct driver_check){.job = {.work = check_work, .done = check_done, .fair.source = driver_source(driver)}};
        driver->check.bytes = buf_take(&request->answer, &driver->check.len);
        rc = driver->check.bytes ? lane_submit(driver->options.lanes, LANE_FAST, &driver->check.job) : TB_EMALFORMED;
        if (rc == 0) {
            driver->under_way++;
            return;
        }
        free(driver->check.bytes);
        driver->check.bytes = NULL;
    }
    struct problem p = {.id = problem >= 0 ? (enum problem_id)problem : PROBLEM_INTERNAL, .number = -1};
    answered(driver, rc, problem, number, problem >= 0 ? &p : NULL);
}

static int start_post(struct driver *driver)
{
    char frontier[sizeof "Tongban-Frontier: " + PARCEL_FRONTIER_TEXT], others[sizeof "Tongban-Others: " + PARCEL_OTHERS_TEXT];
    const struct office_batch *batch = &driver->batch;
    const char *headers[] = {"Content-Type: application/x-ndjson", "Accept: application/x-ndjson", NULL, NULL, NULL};
    struct carrier_request *post = &driver->post;
    if (batch->frontier.len) {
        (void)snprintf(frontier, sizeof frontier, "Tongban-Frontier: %s", batch->frontier.data);
        headers[2] = frontier;
    }
    if (batch->frontier.len && batch->others.len) {
        (void)snprintf(others, sizeof others, "Tongban-Others: %s", batch->others.data);
        headers[3] = others;
    }
    office_batch_shown(batch);
    post->method = CARRIER_POST;
    post->url = driver->post_url;
    post->headers = headers;
    post->body = driver->batch.out.data;
    post->body_len = driver->batch.out.len;
    post->answer_max = LIMIT_PEER_ANSWER_BYTES;
    post->done = post_done;
    post->user = driver;
    metric_add(METRIC_PEER_BATCHES_SENT, 1);
    return carrier_send(driver->carrier, post);
}

/* ---- APPLY ---- */

/* What an applied answer says, for the metrics. */
static void count_outcome(const struct driver *driver, const struct office_outcome *outcome)
{
    const struct world *world = driver->options.world;
    int64_t now = world->now_ms(world->context);
    series_set(SERIES_PEER_LAST_EXCHANGE, driver->label, 0, now);
    series_set(SERIES_PEER_TALLIES_EQUAL, driver->label, 0, !outcome->differs);
    series_set(SERIES_PEER_TALLIES_CHECKED, driver->label, 0, now);
    series_merge(SERIES_DELIVERY, driver->label, &outcome->waited);
    for (unsigned verdict = 0; verdict <= VERDICT_INVALID; verdict++)
        series_add(SERIES_PEER_DELIVERIES, driver->label, verdict, (int64_t)outcome->verdicts[verdict]);
}

/* One line for each of our messages that now has its receipt. */
static void log_fates(const struct office_outcome *outcome)
{
    log_hold();
    for (size_t i = 0; i < outcome->fate_count; i++) {
        const struct office_fate *fate = &outcome->fates[i];
        char trace[TRACE_TEXT];
        trace_of_id(fate->id, trace);
        LOG(LOG_LEVEL_INFO, LOG_PEER, "message_settled", LOG_TEXT("request", trace), LOG_TEXT("peer", outcome->peer->code),
            LOG_TEXT("entry", fate->id), LOG_TEXT("type", fate->type), LOG_TEXT("case", fate->case_no), LOG_TEXT("verdict", fate->verdict),
            LOG_TEXT("problem", fate->problem));
    }
    log_release();
}

static void outcome_done(struct store_command *command, int rc)
{
    struct office_outcome *outcome = (struct office_outcome *)command;
    struct driver *driver = outcome->user;
    const struct world *world = driver->options.world;
    struct problem p = outcome->problem;
    size_t settled = outcome->settled;
    bool differs = outcome->differs;
    struct office_discord discord = outcome->discord;
    if (rc == 0)
        count_outcome(driver, outcome);
    if (rc == 0 && outcome->changed_count > 0)
        driver->options.changed(driver->options.context, (const char(*)[CASE_NO_TEXT])outcome->changed, outcome->changed_count);
    if (rc == 0)
        log_fates(outcome);
    office_outcome_clear(outcome);
    if (driver_came_back(driver))
        return;
    if (differs) {
        metric_add(METRIC_PEER_DIFFERENCES, 1);
        LOG_LIMITED(LOG_LIMIT_TALLIES, LOG_LEVEL_ERR, LOG_PEER, "tallies_differ", LOG_TEXT("peer", driver->options.peer->code), LOG_TEXT("seen_in", "answer"));
    }
    if (rc == 0 && discord.count) {
        metric_add(METRIC_PEER_CONTRADICTIONS, (int64_t)discord.count);
        LOG_LIMITED(LOG_LIMIT_CONTRADICTS, LOG_LEVEL_ERR, LOG_PEER, "peer_contradicts", LOG_TEXT("peer", driver->options.peer->code), LOG_TEXT("seen_in", "answer"),
            LOG_TEXT("what", discord_words[discord.what]), LOG_TEXT("about", discord.about), LOG_INT("revision", discord.rev),
            LOG_INT("count", discord.count));
    }
    struct engine_report report = {.rc = rc, .problem = -1, .number = -1};
    if (rc == 0) {
        if (driver->engine.failures > 0)
            LOG_LIMITED(LOG_LIMIT_EXCHANGE, LOG_LEVEL_NOTICE, LOG_PEER, "exchange_restored", LOG_TEXT("peer", driver->options.peer->code),
                LOG_INT("failures", driver->engine.failures));
        driver->last_exchange_ms = world->now_ms(world->context);
        driver->last_rc = 0;
        driver->last_detail[0] = 0;
        driver->failing_since_ms = 0;
        metric_add(METRIC_PEER_MESSAGES_SENT, (int64_t)settled);
        LOG(LOG_LEVEL_DEBUG, LOG_PEER, "batch_delivered", LOG_TEXT("peer", driver->options.peer->code),
            LOG_INT("messages", driver->batch.count), LOG_INT("settled", settled));
    }
    drive(driver, ENGINE_APPLIED, &report);
    if (rc < 0) {
        office_problem(&p, rc);
        report_failure(driver, rc, &p);
    } else if (settled > 0) { /* the peer now knows which materials to expect */
        mover_drive(driver, MOVER_WAKE, NULL);
    }
}

static int start_apply(struct driver *driver)
{
    struct parcel *parcel = driver->check.parcel;
    driver->check.parcel = NULL;
    office_outcome_init(&driver->outcome, driver->options.office, driver->options.peer, parcel, &driver->batch);
    driver->outcome.command.done = outcome_done;
    driver->outcome.command.fair.source = driver_source(driver);
    driver->outcome.user = driver;
    driver->under_way++;
    int rc = store_submit(driver->options.store, &driver->outcome.command);
    if (rc < 0) {
        driver->under_way--;
        office_outcome_clear(&driver->outcome);
    }
    return rc;
}

/* ---- the engine ---- */

static void drive(struct driver *driver, enum engine_event event, const struct engine_report *report)
{
    struct engine_report failed = {.problem = -1, .number = -1};
    if (driver->held && event == ENGINE_WAKE)
        return;
    /* A start that fails is reported as its own end; the engine then waits, so this turns at most twice. */
    while (!driver->stopping) {
        enum engine_action action = engine_step(&driver->engine, event, report, driver_now(driver), driver_random(driver));
        if (action == ENGINE_BUILD) {
            failed.rc = start_build(driver);
            event = ENGINE_BUILT;
        } else if (action == ENGINE_POST) {
            failed.rc = start_post(driver);
            event = ENGINE_ANSWERED;
        } else if (action == ENGINE_APPLY) {
            failed.rc = start_apply(driver);
            event = ENGINE_APPLIED;
        } else {
            break;
        }
        if (failed.rc == 0)
            break;
        report = &failed;
    }
    driver_schedule(driver);
}

void driver_wake(struct driver *driver)
{
    if (!driver->stopping)
        drive(driver, ENGINE_WAKE, NULL);
}

void driver_pause(struct driver *driver, bool paused)
{
    engine_pause(&driver->engine, paused);
    mover_pause(&driver->mover, paused, driver_now(driver));
    driver_wake(driver);
    mover_drive(driver, MOVER_WAKE, NULL);
}

void driver_hold(struct driver *driver, bool held)
{
    driver->held = held;
    if (held || driver->stopping)
        return;
    driver_retry(driver);
}

void driver_retry(struct driver *driver)
{
    driver->stuck[0] = 0;
    mover_force(&driver->mover, driver_now(driver));
    engine_force(&driver->engine);
    driver_wake(driver);
    mover_drive(driver, MOVER_WAKE, NULL);
}

/* ---- life ---- */

int driver_set_identity(struct driver *driver, const struct carrier_identity *identity)
{
    int rc = carrier_set_identity(driver->carrier, identity);
    if (rc)
        return rc;
    driver->engine.forced = true; /* what was refused a moment ago may be taken now, and the other way round */
    driver_wake(driver);
    return 0;
}

void driver_stats(const struct driver *driver, struct driver_stats *out)
{
    *out = (struct driver_stats){
        .state = driver->engine.state,
        .failures = driver->engine.failures,
        .alarm = driver->engine.alarm || driver->mover.alarm,
        .refused = driver->engine.alarm,
        .material_stuck = driver->mover.alarm,
        .last_exchange_ms = driver->last_exchange_ms,
        .last_ok_ms = driver->engine.last_ok,
        .skew_ms = engine_skew_ms(&driver->engine, driver_now(driver)),
        .batches = driver->engine.batches,
        .messages = driver->engine.messages,
        .materials = driver->mover.moved,
        .retries = driver->engine.retries + driver->mover.retries,
        .last_rc = driver->last_rc,
        .last_detail = driver->last_detail,
        .failing_since_ms = driver->failing_since_ms,
        .paused = driver->engine.paused,
    };
}

int driver_start(const struct driver_options *options, struct driver **out)
{
    size_t url_len = strlen(options->url);
    while (url_len > 0 && options->url[url_len - 1] == '/')
        url_len--;
    if (url_len >= DRIVER_BASE_MAX)
        return TB_ELIMIT;
    struct driver *driver = calloc(1, sizeof *driver);
    if (!driver)
        return TB_ENOMEM;
    driver->options = *options;
    driver->held = options->held;
    driver->label = series_value(LABEL_PEER, options->peer->code);
    memcpy(driver->url, options->url, url_len);
    (void)snprintf(driver->post_url, sizeof driver->post_url, "%.*s/peer/v1/messages", (int)url_len, options->url);
    int rc = carrier_start(options->loop, options->peer->code, &options->identity, &driver->carrier);
    if (rc < 0) {
        free(driver);
        return rc;
    }
    driver->options.identity = (struct carrier_identity){0}; /* the caller's bytes were only lent */
    (void)uv_timer_init(options->loop, &driver->timer); /* cannot fail */
    driver->timer.data = driver;
    engine_init(&driver->engine, driver_now(driver));
    mover_init(&driver->mover, driver_now(driver));
    *out = driver;
    drive(driver, ENGINE_WAKE, NULL);
    mover_drive(driver, MOVER_WAKE, NULL);
    return 0;
}

void driver_maybe_free(struct driver *driver)
{
    if (!driver->stopping || driver->under_way > 0 || !driver->carrier_gone || !driver->timer_gone)
        return;
    office_batch_clear(&driver->batch);
    parcel_free(driver->check.parcel);
    free(driver->check.bytes);
    free(driver->piece.bytes);
    carrier_request_clear(&driver->post);
    carrier_request_clear(&driver->move);
    void (*stopped)(void *) = driver->stopped;
    void *context = driver->stopped_context;
    free(driver);
    if (stopped)
        stopped(context);
}

bool driver_came_back(struct driver *driver)
{
    driver->under_way--;
    if (!driver->stopping)
        return false;
    driver_maybe_free(driver);
    return true;
}

static void carrier_gone(void *context)
{
    struct driver *driver = context;
    driver->carrier_gone = true;
    driver_maybe_free(driver);
}

static void timer_gone(uv_handle_t *handle)
{
    struct driver *driver = handle->data;
    driver->timer_gone = true;
    driver_maybe_free(driver);
}

void driver_stop(struct driver *driver, void (*done)(void *context), void *context)
{
    driver->stopping = true;
    driver->stopped = done;
    driver->stopped_context = context;
    uv_close((uv_handle_t *)&driver->timer, timer_gone);
    carrier_stop(driver->carrier, carrier_gone, driver);
}
