#include "daemon/api/retention_run.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/world.h"
#include "proto/timestamp.h"

enum {
    FIRST_LOOK_MS = 5 * 1000, /* not in the rush of the start */
    LOOK_EVERY_MS = 60 * 1000,
    DAY_S = 24 * 60 * 60
};

/* One pass over all cases. */
struct pass {
    struct office_retention r; /* first member */
    struct retention_run *run;
    struct lane_job job;         /* writes the archives of what was picked */
    struct problem kept;         /* why the first case stays */
    bool erases;
    void (*done)(void *context, const struct office_retention *pass, int rc);
    void *context;
};

struct retention_run {
    struct control_parts parts;
    atomic_bool stop;            /* for the archives under way */
    uv_timer_t timer;
    unsigned handles, passes;
    bool erasing, looking, stopping;
    int64_t started_ms, looked_ms, tried_ms;
    struct retention_state state;
};

static int64_t now_ms(void)
{
    return world_real()->now_ms(world_real()->context);
}

static void maybe_free(struct retention_run *run)
{
    if (!run->handles && !run->passes)
        free(run);
}

/* ---- one pass ---- */

static void set_failed(struct retention_run *run, bool failed)
{
    run->state.failed = failed;
    metric_set(METRIC_RETENTION_FAILED, failed);
}

static void learn(struct retention_run *run, const struct pass *pass, int rc)
{
    const struct office_retention *r = &pass->r;
    struct retention_state *state = &run->state;
    if (pass->erases)
        set_failed(run, rc || r->kept);
    if (rc)
        return;
    state->looked = true;
    state->due = r->left;
    state->due_days = r->left_days;
    state->last = r->last;
    if (pass->erases)
        state->last = (struct retention_sweep){.began = r->began, .ended = now_ms(), .cases = r->cases, .kept = r->kept};
    metric_set(METRIC_RETENTION_DUE, r->left);
    metric_set(METRIC_RETENTION_AGE_S, r->left_days * DAY_S);
    metric_set(METRIC_RETENTION_SWEPT, state->last.ended / 1000);
}

static void tell(const struct pass *pass, int rc)
{
    const struct office_retention *r = &pass->r;
    if (rc)
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "retention_failed", LOG_INT("cases", r->cases), LOG_TEXT("detail", r->problem.detail));
    else
        LOG(LOG_LEVEL_INFO, LOG_OFFICE, "retention_swept", LOG_INT("cases", r->cases), LOG_INT("lines", r->lines),
            LOG_INT("materials", r->files), LOG_INT("kept", r->kept), LOG_INT("ms", now_ms() - r->began));
    if (r->kept)
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "retention_kept", LOG_INT("cases", r->kept), LOG_TEXT("detail", pass->kept.detail));
}

static void finish(struct pass *pass, int rc)
{
    struct retention_run *run = pass->run;
    if (rc && pass->r.problem.id == PROBLEM_COUNT)
        (void)problem_from_code(&pass->r.problem, rc);
    if (pass->erases) {
        run->erasing = false;
        if (!run->stopping)
            tell(pass, rc);
    }
    if (!run->stopping)
        learn(run, pass, rc);
    pass->done(pass->context, &pass->r, rc);
    office_retention_clear(&pass->r);
    free(pass);
    run->passes--;
    maybe_free(run);
}

/* ---- archives, between picking and erasing ---- */

static bool told_to_stop(void *context)
{
    return atomic_load(&((struct retention_run *)context)->stop);
}

static struct pass *pass_of(struct lane_job *job)
{
    return (struct pass *)(void *)((char *)job - offsetof(struct pass, job));
}

/* On a lane: the store's own threads wait for nothing here. */
static void archive_work(struct lane_job *job)
{
    struct pass *pass = pass_of(job);
    const struct control_parts *parts = &pass->run->parts;
    struct office_archive archive = {.office = parts->office, .materials = parts->materials, .directory = parts->config->retention.archive,
                                     .at_ms = now_ms(), .stopped = told_to_stop, .context = pass->run};
    struct problem p = {.number = -1};
    int rc = store_reader_open(parts->store, &archive.reader, &p);
    for (size_t i = 0; i < pass->r.pick_count; i++) {
        if (!rc && told_to_stop(pass->run))
            rc = problem_from_code(&p, TB_ECLOSED);
        int one = rc ? rc : office_archive_case(&archive, &pass->r.picks[i], &p);
        if (one && !pass->kept.detail[0])
            pass->kept = p;
    }
    store_reader_close(archive.reader);
}

/* The plan is read beside the writer's work. */
static int submit(struct pass *pass)
{
    struct store *store = pass->run->parts.store;
    return pass->r.act == RETENTION_PLAN ? store_read(store, &pass->r.query) : store_submit(store, &pass->r.command);
}

static void archive_done(struct lane_job *job)
{
    struct pass *pass = pass_of(job);
    pass->r.act = RETENTION_ERASE;
    int rc = pass->run->stopping ? TB_ECLOSED : submit(pass);
    if (rc)
        finish(pass, rc);
}

/* The next half: archives of what was picked; or the next page. */
static int go_on(struct pass *pass)
{
    const struct control_parts *parts = &pass->run->parts;
    if (pass->r.act == RETENTION_PICK && pass->r.pick_count) {
        pass->job = (struct lane_job){.work = archive_work, .done = archive_done};
        return lane_submit(parts->lanes, LANE_SLOW, &pass->job);
    }
    if (pass->r.act == RETENTION_ERASE)
        pass->r.act = RETENTION_PICK;
    return submit(pass);
}

static void page_done(struct pass *pass, int rc)
{
    if (!rc && pass->run->stopping)
        rc = TB_ECLOSED;
    bool more = pass->r.more || pass->r.pick_count;
    if (!rc && more && !(rc = go_on(pass))) /* a page at a time: other work goes between */
        return;
    finish(pass, rc);
}

static void command_done(struct store_command *command, int rc)
{
    page_done((struct pass *)command, rc);
}

static void query_done(struct store_query *query, int rc)
{
    page_done((struct pass *)(void *)((char *)query - offsetof(struct pass, r.query)), rc);
}

int retention_run_ask(struct retention_run *run, enum retention_act act,
                      void (*done)(void *context, const struct office_retention *pass, int rc), void *context, struct problem *p)
{
    bool erases = act == RETENTION_RUN;
    if (run->stopping)
        return problem_set(p, PROBLEM_STOPPING, "", "the daemon stops");
    if (erases && run->erasing)
        return problem_set(p, PROBLEM_BUSY, "", "what is over its retention is being erased");
    struct pass *pass = calloc(1, sizeof *pass);
    if (!pass)
        return problem_from_code(p, TB_ENOMEM);
    *pass = (struct pass){.run = run, .erases = erases, .done = done, .context = context};
    office_retention_init(&pass->r, run->parts.office, erases && run->parts.config->retention.archive ? RETENTION_PICK : act);
    pass->r.materials = run->parts.materials;
    pass->r.command.done = command_done;
    pass->r.query.done = query_done;
    int rc = submit(pass);
    if (rc) {
        office_retention_clear(&pass->r);
        free(pass);
        return problem_from_code(p, rc);
    }
    run->passes++;
    run->erasing = run->erasing || erases;
    return 0;
}

/* ---- by night ---- */

static void looked(void *context, const struct office_retention *pass, int rc)
{
    struct retention_run *run = context;
    (void)pass;
    (void)rc;
    run->looking = false;
}

/* A first night begins at its hour; one that was missed or interrupted is made up for. */
static bool sweep_is_due(const struct retention_run *run, int64_t due)
{
    const struct retention_sweep *last = &run->state.last;
    bool interrupted = last->began > last->ended;
    int64_t since = last->ended ? last->ended : run->started_ms;
    return run->parts.config->retention.sweep && run->state.looked && !run->erasing && (interrupted || since < due) && run->tried_ms < due;
}

static void on_look(uv_timer_t *timer)
{
    struct retention_run *run = timer->data;
    struct problem p = {.number = -1};
    int64_t now = now_ms(), due = timestamp_last_due(run->parts.config->retention.at, now);
    if (run->looking || run->stopping || store_ledger_is_closed(run->parts.store))
        return;
    bool sweep = sweep_is_due(run, due);
    if (!sweep && run->looked_ms >= due)
        return;
    *(sweep ? &run->tried_ms : &run->looked_ms) = now;
    run->looking = retention_run_ask(run, sweep ? RETENTION_RUN : RETENTION_PLAN, looked, run, &p) == 0;
    if (!run->looking && sweep) {
        set_failed(run, true);
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "retention_failed", LOG_INT("cases", 0), LOG_TEXT("detail", p.detail));
    } else if (run->looking && !sweep && run->parts.config->retention.sweep) {
        (void)uv_timer_start(&run->timer, on_look, FIRST_LOOK_MS, LOOK_EVERY_MS); /* what is to be erased is known in a moment */
    }
}

struct retention_state retention_run_state(const struct retention_run *run)
{
    struct retention_state state = {.sweeps = false};
    if (run)
        state = run->state;
    state.sweeps = run && run->parts.config->retention.sweep;
    return state;
}

/* ---- life ---- */

int retention_run_start(const struct control_parts *parts, struct retention_run **out)
{
    struct retention_run *run = calloc(1, sizeof *run);
    if (!run)
        return TB_ENOMEM;
    run->parts = *parts;
    run->started_ms = now_ms();
    metric_set(METRIC_RETENTION_SWEEP, parts->config->retention.sweep);
    (void)uv_timer_init(parts->loop, &run->timer); /* cannot fail */
    run->timer.data = run;
    run->handles = 1;
    (void)uv_timer_start(&run->timer, on_look, FIRST_LOOK_MS, LOOK_EVERY_MS);
    *out = run;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct retention_run *run = handle->data;
    run->handles--;
    maybe_free(run);
}

void retention_run_stop(struct retention_run *run)
{
    if (!run)
        return;
    run->stopping = true;
    atomic_store(&run->stop, true);
    uv_close((uv_handle_t *)&run->timer, on_closed);
}
