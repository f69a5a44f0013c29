#include "daemon/api/backup_run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/world.h"
#include "daemon/office/verify_run.h"
#include "proto/timestamp.h"

enum {
    FIRST_LOOK_MS = 5 * 1000, /* a night that was missed is not made up for in the rush of the start */
    LOOK_EVERY_MS = 60 * 1000,
    MS_PER_DAY = 24 * 60 * 60 * 1000,
    TELL_EVERY_MS = 500,
    STEP_TEXT = 16
};

struct backup_run {
    struct control_parts parts;
    uv_timer_t timer;
    uv_async_t async;
    unsigned handles;
    int64_t newest_ms;  /* verified, in the configured directory; 0 none */
    int64_t tried_ms;   /* the last backup by night */
    bool failed, stopping;
    bool same_disk;     /* of the configured directory and the store, as last looked at */

    /* of the backup under way */
    bool running, verifying;
    pthread_t thread;
    char directory[BACKUP_PATH];
    struct backup_asker asker;
    struct backup_pace pace;
    struct backup_outcome outcome;
    struct verify_outcome verified;
    struct problem problem;
    int rc;
    bool beside_store;  /* what same_disk will be */
    int64_t began_ms, told_ms;
    atomic_bool stop;
    pthread_mutex_t lock; /* what follows: written by the thread */
    char step[STEP_TEXT];
    int64_t done, of;
    bool ended;
};

static int64_t now_ms(void)
{
    return world_real()->now_ms(world_real()->context);
}

static int64_t monotonic_ms(void)
{
    return world_real()->monotonic_ms(world_real()->context);
}

/* ---- the thread ---- */

static bool told_to_stop(void *context)
{
    return atomic_load(&((struct backup_run *)context)->stop);
}

static void told_progress(void *context, const char *step, int64_t done, int64_t of)
{
    struct backup_run *run = context;
    pthread_mutex_lock(&run->lock);
    (void)snprintf(run->step, sizeof run->step, "%s", step);
    run->done = done;
    run->of = of;
    pthread_mutex_unlock(&run->lock);
    (void)uv_async_send(&run->async);
}

/* Whether the backup goes to where those of the nights go. */
static bool is_configured(const struct backup_run *run)
{
    const char *configured = run->parts.config->backup.directory;
    return configured && !strcmp(run->directory, configured);
}

static int make(struct backup_run *run)
{
    const struct config *config = run->parts.config;
    run->beside_store = backup_on_same_disk(run->directory, config->store.directory);
    return backup_make(run->parts.store, run->directory, is_configured(run) ? config->backup.keep : 0, &run->pace, &run->outcome,
                       &run->problem);
}

static int verify(struct backup_run *run)
{
    const struct control_parts *parts = &run->parts;
    if (!run->directory[0])
        return verify_store(parts->store, parts->office, &run->pace, &run->verified, &run->problem);
    struct backup_keys keys = {.now = &parts->signer->vkey, .before = parts->previous_signer ? &parts->previous_signer->vkey : NULL};
    return verify_backup(run->directory, parts->office, parts->signer, &keys, &run->pace, &run->verified, &run->problem);
}

static void *work(void *argument)
{
    struct backup_run *run = argument;
    run->rc = run->verifying ? verify(run) : make(run);
    pthread_mutex_lock(&run->lock);
    run->ended = true;
    pthread_mutex_unlock(&run->lock);
    (void)uv_async_send(&run->async);
    return NULL;
}

/* ---- the end of one ---- */

static json_t *outcome_json(const struct backup_run *run)
{
    const struct backup_outcome *o = &run->outcome;
    return json_pack("{s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}}", "done", "path", o->path, "ledger_size",
                     (json_int_t)o->manifest.ledger_size, "cases", (json_int_t)o->manifest.cases, "database_bytes",
                     (json_int_t)o->manifest.database_bytes, "materials", (json_int_t)o->manifest.materials, "material_bytes",
                     (json_int_t)o->material_bytes, "linked", (json_int_t)o->linked, "removed", (json_int_t)o->removed, "ms",
                     (json_int_t)(monotonic_ms() - run->began_ms), "fault_count", (json_int_t)o->manifest.faults, "faults", o->faults);
}

static void log_outcome(const struct backup_run *run)
{
    const struct backup_outcome *o = &run->outcome;
    if (run->rc == TB_ECLOSED || (run->rc && told_to_stop((void *)(uintptr_t)run)))
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "backup_stopped", LOG_TEXT("path", o->path));
    else if (run->rc)
        LOG(LOG_LEVEL_ERR, LOG_STORE, "backup_failed", LOG_TEXT("path", o->path), LOG_TEXT("detail", run->problem.detail));
    else if (o->manifest.faults)
        LOG(LOG_LEVEL_ERR, LOG_STORE, "backup_faults", LOG_TEXT("path", o->path), LOG_INT("faults", o->manifest.faults),
            LOG_TEXT("material", json_string_value(json_object_get(json_array_get(o->faults, 0), "material"))));
    else
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "backup_made", LOG_TEXT("path", o->path), LOG_INT("entries", o->manifest.ledger_size),
            LOG_INT("materials", o->manifest.materials), LOG_INT("bytes", o->manifest.database_bytes + o->material_bytes),
            LOG_INT("ms", monotonic_ms() - run->began_ms));
}

static void finish_verify(struct backup_run *run)
{
    const struct verify_outcome *v = &run->verified;
    if (run->rc)
        LOG(LOG_LEVEL_WARNING, LOG_STORE, "verify_failed", LOG_TEXT("detail", run->problem.detail));
    else if (v->differences)
        LOG(LOG_LEVEL_ERR, LOG_STORE, "verify_differs", LOG_INT("differences", v->differences));
    else
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "verified", LOG_INT("entries", v->entries), LOG_INT("materials", v->materials));
    run->asker.done(run->asker.context, run->rc ? NULL : verify_outcome_json(v), &run->problem);
    verify_outcome_clear(&run->verified);
}

static void finish(struct backup_run *run)
{
    (void)pthread_join(run->thread, NULL);
    run->running = false;
    if (run->verifying) {
        finish_verify(run);
        return;
    }
    log_outcome(run);
    bool here = is_configured(run);
    if (here && !told_to_stop(run))
        run->failed = run->rc || run->outcome.manifest.faults;
    if (here)
        run->same_disk = run->beside_store;
    if (!run->rc && !run->outcome.manifest.faults && here)
        run->newest_ms = run->outcome.manifest.made_ms;
    if (run->asker.done)
        run->asker.done(run->asker.context, run->rc ? NULL : outcome_json(run), &run->problem);
    backup_outcome_clear(&run->outcome);
}

static void on_async(uv_async_t *async)
{
    struct backup_run *run = async->data;
    char step[STEP_TEXT];
    if (!run->running)
        return;
    pthread_mutex_lock(&run->lock);
    int64_t done = run->done, of = run->of;
    bool ended = run->ended;
    memcpy(step, run->step, sizeof step);
    pthread_mutex_unlock(&run->lock);
    if (run->asker.gone && run->asker.gone(run->asker.context))
        atomic_store(&run->stop, true);
    if (ended)
        finish(run);
    else if (run->asker.progress && step[0] && monotonic_ms() - run->told_ms >= TELL_EVERY_MS) {
        run->told_ms = monotonic_ms();
        run->asker.progress(run->asker.context, step, done, of);
    }
}

/* ---- the beginning ---- */

/* `directory` "": the running store itself. */
static int begin(struct backup_run *run, const char *directory, bool verifying, const struct backup_asker *asker, struct problem *p)
{
    if (run->running)
        return problem_set(p, PROBLEM_BUSY, "", "a backup or a verification is under way");
    if (run->stopping)
        return problem_set(p, PROBLEM_STOPPING, "", "the daemon stops");
    if (!directory)
        return problem_set(p, PROBLEM_FIELD, "/out", "no directory: name one with --out, or as backup.directory in the configuration");
    if ((directory[0] && directory[0] != '/') || strlen(directory) >= sizeof run->directory)
        return problem_set(p, PROBLEM_FIELD, "/out", "the directory must be an absolute name");
    (void)snprintf(run->directory, sizeof run->directory, "%s", directory);
    run->asker = asker ? *asker : (struct backup_asker){.context = NULL};
    run->verifying = verifying;
    run->pace = (struct backup_pace){.bytes_per_second = run->parts.config->backup.bytes_per_second, .stopped = told_to_stop,
                                     .progress = told_progress, .context = run};
    run->problem = (struct problem){.number = -1};
    run->ended = false;
    run->step[0] = '\0';
    run->began_ms = monotonic_ms();
    atomic_store(&run->stop, false);
    if (pthread_create(&run->thread, NULL, work, run) != 0)
        return problem_from_code(p, TB_ENOMEM);
    (void)pthread_setname_np(run->thread, "backup");
    run->running = true;
    return 0;
}

int backup_run_ask(struct backup_run *run, const char *directory, const struct backup_asker *asker, struct problem *p)
{
    return begin(run, directory ? directory : run->parts.config->backup.directory, false, asker, p);
}

int backup_run_verify(struct backup_run *run, const char *path, const struct backup_asker *asker, struct problem *p)
{
    return begin(run, path ? path : "", true, asker, p);
}

/* ---- by night ---- */

static void on_look(uv_timer_t *timer)
{
    struct backup_run *run = timer->data;
    const struct config_backup *config = &run->parts.config->backup;
    struct problem p = {.number = -1};
    if (run->running)
        (void)uv_async_send(&run->async); /* whoever waits for a long step hears that it is still going on */
    int64_t now = now_ms(), due = config->directory ? timestamp_last_due(config->at, now) : 0;
    if (!config->directory || run->running || run->stopping || run->newest_ms >= due || run->tried_ms >= due)
        return;
    run->tried_ms = now;
    if (begin(run, config->directory, false, NULL, &p) != 0) {
        run->failed = true;
        LOG(LOG_LEVEL_ERR, LOG_STORE, "backup_failed", LOG_TEXT("path", config->directory), LOG_TEXT("detail", p.detail));
    }
}

/* ---- for the findings ---- */

bool backup_run_wanted(const struct backup_run *run)
{
    return run && run->parts.config->backup.directory;
}

bool backup_run_failed(const struct backup_run *run)
{
    return run && run->failed;
}

bool backup_run_same_disk(const struct backup_run *run)
{
    return run && run->same_disk && !run->parts.config->backup.same_disk_ok;
}

int64_t backup_run_days(const struct backup_run *run, int64_t now)
{
    return run && run->newest_ms ? (now - run->newest_ms) / MS_PER_DAY : INT64_MAX;
}

/* ---- life ---- */

int backup_run_start(const struct control_parts *parts, struct backup_run **out)
{
    struct backup_run *run = calloc(1, sizeof *run);
    if (!run)
        return TB_ENOMEM;
    run->parts = *parts;
    const char *directory = parts->config->backup.directory;
    if (directory && backup_newest(directory, parts->office->code, &run->newest_ms) != 0)
        run->newest_ms = 0;
    run->same_disk = directory && backup_on_same_disk(directory, parts->config->store.directory);
    if (pthread_mutex_init(&run->lock, NULL) || uv_async_init(parts->loop, &run->async, on_async) != 0) {
        free(run);
        return TB_ENOMEM;
    }
    (void)uv_timer_init(parts->loop, &run->timer); /* cannot fail */
    run->async.data = run->timer.data = run;
    run->handles = 2;
    (void)uv_timer_start(&run->timer, on_look, FIRST_LOOK_MS, LOOK_EVERY_MS);
    *out = run;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct backup_run *run = handle->data;
    if (--run->handles)
        return;
    pthread_mutex_destroy(&run->lock);
    free(run);
}

void backup_run_stop(struct backup_run *run)
{
    if (!run)
        return;
    run->stopping = true;
    if (run->running) {
        atomic_store(&run->stop, true);
        finish(run);
    }
    uv_close((uv_handle_t *)&run->timer, on_closed);
    uv_close((uv_handle_t *)&run->async, on_closed);
}
