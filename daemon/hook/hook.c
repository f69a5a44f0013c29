#include "daemon/hook/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/hook/hook_internal.h"

/* Each hook goes round: place → ask → check → run → keep → ask …; idle at the end of the feed, waiting after a failure. */
enum { FEED_WAIT = 7 }; /* waits of a feed that cannot be read: as after so many failures */

enum hook_step { STEP_IDLE, STEP_PLACE, STEP_ASK, STEP_CHECK, STEP_RUN, STEP_WAIT, STEP_GONE };

struct hook {
    struct hooks *hooks;
    enum hook_step step;
    bool again;                  /* news came while it was busy */
    hook_name name;
    char *path;                  /* owned */
    struct hook_place place;     /* kept in the store */
    unsigned failures;           /* of the present event */
    const char *refused;         /* static: why the file may not be run, or NULL */
    struct office_feed feed;     /* the present event */
    struct office_hook_place keep;
    struct lane_job check;
    struct hook_process process;
    uv_timer_t timer;
};

struct hooks {
    struct hooks_options options;
    struct hook *hooks;          /* owned */
    size_t count, alive;
    bool stopping;
    void (*done)(void *context);
    void *context;
};

static void hook_ask(struct hook *hook);
static void hook_check(struct hook *hook);
static void hook_place(struct hook *hook, bool begin);

static void show_metrics(const struct hooks *hooks)
{
    int64_t behind = 0, failing = 0;
    for (size_t i = 0; i < hooks->count; i++) {
        int64_t one = metric_get(METRIC_LEDGER_SIZE) - hooks->hooks[i].place.index;
        behind = one > behind ? one : behind;
        failing += hooks->hooks[i].failures > 0;
    }
    metric_set(METRIC_HOOK_BEHIND, behind);
    metric_set(METRIC_HOOK_FAILING, failing);
}

/* ---- the end ---- */

static void hooks_free(struct hooks *hooks)
{
    void (*done)(void *) = hooks->done;
    void *context = hooks->context;
    for (size_t i = 0; i < hooks->count; i++)
        free(hooks->hooks[i].path);
    free(hooks->hooks);
    free(hooks);
    done(context);
}

static void timer_closed(uv_handle_t *handle)
{
    struct hook *hook = handle->data;
    office_feed_clear(&hook->feed);
    if (--hook->hooks->alive == 0)
        hooks_free(hook->hooks);
}

static void hook_end(struct hook *hook)
{
    hook->step = STEP_GONE;
    uv_close((uv_handle_t *)&hook->timer, timer_closed);
}

/* True when it was told to stop and is at an end now. */
static bool ends_here(struct hook *hook)
{
    if (hook->hooks->stopping)
        hook_end(hook);
    return hook->hooks->stopping;
}

/* ---- waiting ---- */

static void on_timer(uv_timer_t *timer)
{
    struct hook *hook = timer->data;
    if (hook->feed.found)
        hook_check(hook);
    else
        hook_place(hook, true);
}

/* After `failures` failures of the same event; the store's own failures wait as after the first. */
static void hook_wait(struct hook *hook, unsigned failures)
{
    uint64_t wait = LIMIT_HOOK_RETRY_FIRST_MS;
    for (unsigned i = 1; i < failures && wait < LIMIT_HOOK_RETRY_CAP_MS; i++)
        wait *= 2;
    hook->step = STEP_WAIT;
    (void)uv_timer_start(&hook->timer, on_timer, wait < LIMIT_HOOK_RETRY_CAP_MS ? wait : LIMIT_HOOK_RETRY_CAP_MS, 0);
}

static void hook_failed(struct hook *hook, const char *detail, int64_t status)
{
    const struct world *world = world_real();
    hook->failures++;
    metric_add(METRIC_HOOK_FAILURES, 1);
    metric_set(METRIC_HOOK_LAST_FAILURE, world->now_ms(world->context) / 1000);
    LOG(LOG_LEVEL_WARNING, LOG_OFFICE, "hook_failed", LOG_TEXT("hook", hook->name), LOG_TEXT("entry", hook->feed.id),
        LOG_TEXT("detail", detail), LOG_INT("status", status), LOG_INT("attempt", hook->failures));
    show_metrics(hook->hooks);
    hook_wait(hook, hook->failures);
}

/* ---- keep ---- */

static void place_done(struct store_command *command, int rc)
{
    struct hook *hook = ((struct office_hook_place *)command)->user;
    bool begin = hook->keep.begin;
    if (ends_here(hook))
        return;
    if (rc && !begin) { /* taken, but not written down: it comes again */
        hook_failed(hook, err_text(rc), 0);
        return;
    }
    if (rc) {
        hook_wait(hook, 1);
        return;
    }
    hook->place = hook->keep.place;
    hook->failures = 0;
    hook_ask(hook);
}

static void hook_place(struct hook *hook, bool begin)
{
    hook->step = STEP_PLACE;
    office_hook_place_init(&hook->keep, hook->name, begin);
    hook->keep.place = begin ? hook->place : hook->feed.place;
    hook->keep.user = hook;
    hook->keep.command.done = place_done;
    if (store_submit(hook->hooks->options.store, &hook->keep.command) != 0 && !ends_here(hook))
        hook_wait(hook, 1);
}

/* ---- run ---- */

static void process_done(struct hook_process *process)
{
    struct hook *hook = process->user;
    if (process->status == 0) {
        hook_place(hook, false);
        return;
    }
    if (!ends_here(hook))
        hook_failed(hook, process->timed_out ? "timed out" : process->signal ? "ended by a signal" : "exit status",
                    process->signal ? process->signal : process->status);
}

static void check_work(struct lane_job *job)
{
    struct hook *hook = (struct hook *)((char *)job - offsetof(struct hook, check));
    hook->refused = hook_directory_check(hook->hooks->options.directory);
    if (!hook->refused)
        hook->refused = hook_file_check(hook->path);
}

static void check_done(struct lane_job *job)
{
    struct hook *hook = (struct hook *)((char *)job - offsetof(struct hook, check));
    if (ends_here(hook))
        return;
    if (hook->refused) {
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "hook_refused", LOG_TEXT("hook", hook->name), LOG_TEXT("detail", hook->refused));
        hook_failed(hook, hook->refused, 0);
        return;
    }
    hook->step = STEP_RUN;
    metric_add(METRIC_HOOK_RUNS, 1);
    hook_process_start(&hook->process, hook->hooks->options.loop, &hook->feed, hook->failures + 1);
}

static void hook_check(struct hook *hook)
{
    hook->step = STEP_CHECK;
    hook->check = (struct lane_job){.work = check_work, .done = check_done};
    if (lane_submit(hook->hooks->options.lanes, LANE_SLOW, &hook->check) != 0)
        hook_wait(hook, 1);
}

/* ---- ask ---- */

static void asked(struct store_query *query, int rc)
{
    struct hook *hook = ((struct office_feed *)query)->user;
    if (ends_here(hook))
        return;
    if (rc) { /* a line that cannot be read is an operator's business, and is tried for ever */
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "hook_feed_failed", LOG_TEXT("hook", hook->name), LOG_TEXT("detail", err_text(rc)));
        hook->feed.found = false;
        hook->failures = 1;
        hook_wait(hook, FEED_WAIT);
        return;
    }
    if (!hook->feed.found)
        hook->place = hook->feed.place; /* nothing to tell between there and here */
    show_metrics(hook->hooks);
    if (hook->feed.found) {
        hook_check(hook);
        return;
    }
    hook->step = STEP_IDLE;
    if (hook->feed.more || hook->again)
        hook_ask(hook);
}

static void hook_ask(struct hook *hook)
{
    hook->step = STEP_ASK;
    hook->again = false;
    office_feed_clear(&hook->feed);
    office_feed_init(&hook->feed, hook->hooks->options.office, &hook->place);
    hook->feed.user = hook;
    hook->feed.query.done = asked;
    if (store_read(hook->hooks->options.store, &hook->feed.query) != 0 && !ends_here(hook))
        hook_wait(hook, 1);
}

/* ---- the module's functions ---- */

static int hook_init(struct hooks *hooks, struct hook *hook, const char *name)
{
    const struct hooks_options *options = &hooks->options;
    hook->hooks = hooks;
    memcpy(hook->name, name, sizeof hook->name);
    if (asprintf(&hook->path, "%s/%s", options->directory, name) < 0) {
        hook->path = NULL;
        return TB_ENOMEM;
    }
    hook->process = (struct hook_process){.name = hook->name, .path = hook->path, .directory = options->directory,
                                          .office = options->office->code, .timeout_s = options->timeout_s,
                                          .done = process_done, .user = hook};
    return 0;
}

int hooks_start(const struct hooks_options *options, struct hooks **out)
{
    hook_name names[LIMIT_HOOKS];
    const char *refused = hook_directory_check(options->directory);
    if (refused)
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "hooks_refused", LOG_TEXT("directory", options->directory), LOG_TEXT("detail", refused));
    size_t count = refused ? 0 : hook_directory_list(options->directory, names);
    struct hooks *hooks = calloc(1, sizeof *hooks);
    if (!hooks || !(hooks->hooks = calloc(count + 1, sizeof *hooks->hooks))) {
        free(hooks);
        return TB_ENOMEM;
    }
    hooks->options = *options;
    hooks->count = hooks->alive = count;
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++)
        rc = hook_init(hooks, &hooks->hooks[i], names[i]);
    if (rc) {
        for (size_t i = 0; i < count; i++)
            free(hooks->hooks[i].path);
        free(hooks->hooks);
        free(hooks);
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        struct hook *hook = &hooks->hooks[i];
        (void)uv_timer_init(options->loop, &hook->timer); /* cannot fail */
        hook->timer.data = hook;
        LOG(LOG_LEVEL_NOTICE, LOG_OFFICE, "hook", LOG_TEXT("hook", hook->name));
        hook_place(hook, true);
    }
    *out = hooks;
    return 0;
}

void hooks_wake(struct hooks *hooks)
{
    if (!hooks || hooks->stopping)
        return;
    for (size_t i = 0; i < hooks->count; i++) {
        hooks->hooks[i].again = true;
        if (hooks->hooks[i].step == STEP_IDLE)
            hook_ask(&hooks->hooks[i]);
    }
    show_metrics(hooks);
}

void hooks_stop(struct hooks *hooks, void (*done)(void *context), void *context)
{
    hooks->stopping = true;
    hooks->done = done;
    hooks->context = context;
    if (!hooks->alive) {
        hooks_free(hooks);
        return;
    }
    for (size_t i = 0, count = hooks->count; i < count; i++) {
        struct hook *hook = &hooks->hooks[i];
        if (hook->step == STEP_IDLE || hook->step == STEP_WAIT)
            hook_end(hook);
        else if (hook->step == STEP_RUN)
            hook_process_stop(&hook->process);
    }
}
