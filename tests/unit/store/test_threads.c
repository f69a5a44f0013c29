/* The threads: many submitters, one writer, readers beside it; full queues, deadlines, the disk floor, stopping. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/store/db.h"
#include "fixture.h"

enum { SUBMITTERS = 4, EACH = 300 };

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    f->options.world = world_real();
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

struct job {
    struct store_command command;
    int64_t n;
    atomic_int done;
    int rc;
};

static int job_run(struct store_db *db, struct store_command *command)
{
    struct job *job = (struct job *)command;
    int rc = fixture_append(db, "320623", job->n, 200, NULL);
    return rc ? rc : job->n % 7 == 0 ? TB_EREFUSED : 0;
}

static void job_done(struct store_command *command, int rc)
{
    struct job *job = (struct job *)command;
    job->rc = rc;
    atomic_fetch_add(&job->done, 1);
}

struct submitter {
    struct store *store;
    struct job *jobs;
    pthread_t thread;
};

static void *submit_all(void *argument)
{
    struct submitter *s = argument;
    for (int i = 0; i < EACH; i++) {
        int rc;
        while ((rc = store_submit(s->store, &s->jobs[i].command)) == TB_ETEMP)
            usleep(100);
        if (rc)
            return s;
        if (i % 50 == 0)
            usleep(500);
    }
    return NULL;
}

struct look {
    struct store_query query;
    const struct note_signer *signer;
    atomic_int done;
    int rc;
    uint64_t size;
};

/* One snapshot: the last checkpoint fits the entries, and a proof from it verifies. */
static int look_run(struct store_db *db, struct store_query *query)
{
    struct look *look = (struct look *)query;
    struct buf note, line;
    buf_init(&note, LIMIT_NOTE_BYTES);
    buf_init(&line, LIMIT_ENTRY_BYTES);
    uint64_t size = 0;
    int rc = store_checkpoint(db, false, &size, &note);
    if (rc == TB_ENOTFOUND) {
        buf_free(&note);
        return store_ledger_size(db) ? TB_ECORRUPT : 0;
    }
    struct checkpoint checkpoint;
    struct ledger_hash leaf;
    struct ledger_path path;
    uint64_t index = size / 3;
    if (!rc)
        rc = checkpoint_verify(&look->signer->vkey, note.data, note.len, &checkpoint);
    if (!rc && store_ledger_size(db) != size)
        rc = TB_ECORRUPT;
    if (!rc)
        rc = store_entry_line(db, index, &line);
    if (!rc)
        rc = ledger_leaf(look->signer->suite, line.data, line.len, &leaf);
    if (!rc)
        rc = store_prove_inclusion(db, index, size, &path);
    if (!rc)
        rc = ledger_verify_inclusion(look->signer->suite, index, size, &leaf, path.hash, path.count, &checkpoint.root);
    /* A reader cannot write. */
    if (!rc && fixture_append(db, NULL, 1, 1, NULL) != TB_EINVAL)
        rc = TB_ETRUST;
    look->size = size;
    buf_free(&note);
    buf_free(&line);
    return rc;
}

static void look_done(struct store_query *query, int rc)
{
    struct look *look = (struct look *)query;
    look->rc = rc;
    atomic_fetch_add(&look->done, 1);
}

static void await(atomic_int *value, int wanted)
{
    for (int i = 0; i < 20000 && atomic_load(value) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(value), wanted);
}

/* What one question ends with. */
static int answer(struct fixture *f, int (*run)(struct store_db *db, struct store_query *query))
{
    struct look look;
    memset(&look, 0, sizeof look);
    look.query.run = run;
    look.query.done = look_done;
    look.signer = &f->signer;
    OK(store_read(f->store, &look.query));
    await(&look.done, 1);
    return look.rc;
}

static atomic_int commits_told;

static void committed(void *context)
{
    (void)context;
    atomic_fetch_add(&commits_told, 1);
}

static void everything_is_done_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    f->options.committed = committed;
    atomic_store(&commits_told, 0);
    fixture_open(f);
    OK(store_start(f->store));
    assert_int_equal(store_start(f->store), TB_EINVAL);
    struct submitter submitters[SUBMITTERS];
    for (int s = 0; s < SUBMITTERS; s++) {
        submitters[s].store = f->store;
        submitters[s].jobs = calloc(EACH, sizeof(struct job));
        for (int i = 0; i < EACH; i++) {
            struct job *job = &submitters[s].jobs[i];
            job->command.run = job_run;
            job->command.done = job_done;
            job->n = s * 1000 + i;
        }
        OK(pthread_create(&submitters[s].thread, NULL, submit_all, &submitters[s]));
    }
    struct look looks[100];
    uint64_t last = 0;
    for (int i = 0; i < 100; i++) {
        memset(&looks[i], 0, sizeof looks[i]);
        looks[i].query.run = look_run;
        looks[i].query.done = look_done;
        looks[i].signer = &f->signer;
        OK(store_read(f->store, &looks[i].query));
        await(&looks[i].done, 1);
        OK(looks[i].rc);
        assert_true(looks[i].size >= last);
        last = looks[i].size;
    }
    uint64_t kept = 0;
    for (int s = 0; s < SUBMITTERS; s++) {
        void *failed;
        pthread_join(submitters[s].thread, &failed);
        assert_null(failed);
    }
    store_stop(f->store);
    for (int s = 0; s < SUBMITTERS; s++) {
        for (int i = 0; i < EACH; i++) {
            struct job *job = &submitters[s].jobs[i];
            assert_int_equal(atomic_load(&job->done), 1);
            assert_int_equal(job->rc, job->n % 7 ? 0 : TB_EREFUSED);
            kept += job->rc == 0;
        }
    }
    struct store_stats stats;
    store_stats(f->store, &stats);
    assert_int_equal(stats.entries, kept);
    assert_int_equal(stats.commands, SUBMITTERS * EACH);
    assert_int_equal(stats.signatures, atomic_load(&commits_told));
    assert_true(stats.commits < SUBMITTERS * EACH); /* they shared transactions */
    assert_int_equal(stats.wal_bytes, 0);           /* emptied at the stop */
    assert_int_equal(fixture_check_ledger(store_sync_view(f->store), &f->signer), kept);
    struct job late;
    memset(&late, 0, sizeof late);
    assert_int_equal(store_submit(f->store, &late.command), TB_ECLOSED);
    assert_int_equal(store_read(f->store, &looks[0].query), TB_ECLOSED);
    for (int s = 0; s < SUBMITTERS; s++)
        free(submitters[s].jobs);
}

static atomic_bool held, holding;

static int hold(struct store_db *db, struct store_command *command)
{
    (void)db;
    (void)command;
    atomic_store(&holding, true);
    while (atomic_load(&held))
        usleep(500);
    return 0;
}

static void a_full_queue_is_said_at_once(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    OK(store_start(f->store));
    struct job *jobs = calloc(LIMIT_STORE_QUEUE + 2, sizeof *jobs);
    atomic_store(&held, true);
    atomic_store(&holding, false);
    jobs[0].command.run = hold;
    jobs[0].command.done = job_done;
    OK(store_submit(f->store, &jobs[0].command));
    while (!atomic_load(&holding))
        usleep(500);
    for (int i = 1; i <= LIMIT_STORE_QUEUE + 1; i++) {
        jobs[i].command.run = job_run;
        jobs[i].command.done = job_done;
        jobs[i].n = i;
        assert_int_equal(store_submit(f->store, &jobs[i].command), i <= LIMIT_STORE_QUEUE ? 0 : TB_ETEMP);
    }
    struct store_stats stats;
    store_stats(f->store, &stats);
    assert_int_equal(stats.queue, LIMIT_STORE_QUEUE);
    atomic_store(&held, false);
    store_stop(f->store); /* finishes what is queued */
    for (int i = 0; i <= LIMIT_STORE_QUEUE + 1; i++)
        assert_int_equal(atomic_load(&jobs[i].done), i <= LIMIT_STORE_QUEUE);
    free(jobs);
}

static int endless(struct store_db *db, struct store_query *query)
{
    (void)query;
    return db_code(
        db, sqlite3_exec(db->handle,
                         "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c", NULL,
                         NULL, NULL));
}

static void a_slow_query_is_ended(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    OK(store_start(f->store));
    assert_int_equal(answer(f, endless), TB_ETIMEOUT);
    OK(answer(f, look_run));
}

/* From now on no statement can be prepared, which a reader does at its first use: also not the one that ends its transaction. */
static int nothing_more(struct store_db *db, struct store_query *query)
{
    (void)query;
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_SQL_LENGTH, 1);
    return 0;
}

static void a_transaction_that_cannot_be_ended(void **state)
{
    struct fixture *f = *state;
    f->options.readers = 1;
    fixture_open(f);
    OK(store_start(f->store));
    assert_int_equal(answer(f, nothing_more), TB_EIO);
    OK(answer(f, look_run));
}

static void under_the_floor_only_intake_is_refused(void **state)
{
    struct fixture *f = *state;
    f->options.disk_floor_bytes = UINT64_MAX;
    fixture_open(f);
    OK(store_start(f->store));
    struct job intake, other;
    memset(&intake, 0, sizeof intake);
    memset(&other, 0, sizeof other);
    intake.command.run = other.command.run = job_run;
    intake.command.done = other.command.done = job_done;
    intake.command.intake = true;
    intake.n = other.n = 1;
    OK(store_submit(f->store, &intake.command));
    OK(store_submit(f->store, &other.command));
    await(&intake.done, 1);
    await(&other.done, 1);
    assert_int_equal(intake.rc, TB_EFULL);
    OK(other.rc);
    struct store_stats stats;
    store_stats(f->store, &stats);
    assert_true(stats.disk_low);
    OK(stats.failed);
}

struct posted {
    pthread_mutex_t lock;
    void (*fn[64])(void *);
    void *argument[64];
    int count;
};

static int post(void *context, void (*fn)(void *), void *argument)
{
    struct posted *posted = context;
    pthread_mutex_lock(&posted->lock);
    int rc = posted->count < 64 ? 0 : TB_ENOMEM;
    if (!rc) {
        posted->fn[posted->count] = fn;
        posted->argument[posted->count++] = argument;
    }
    pthread_mutex_unlock(&posted->lock);
    return rc;
}

static void completions_travel_by_post(void **state)
{
    struct fixture *f = *state;
    struct posted posted = {.lock = PTHREAD_MUTEX_INITIALIZER};
    f->options.post = post;
    f->options.post_context = &posted;
    fixture_open(f);
    OK(store_start(f->store));
    struct job job;
    memset(&job, 0, sizeof job);
    job.command.run = job_run;
    job.command.done = job_done;
    job.n = 1;
    struct look look;
    memset(&look, 0, sizeof look);
    look.query.run = look_run;
    look.query.done = look_done;
    look.signer = &f->signer;
    OK(store_submit(f->store, &job.command));
    OK(store_read(f->store, &look.query));
    store_stop(f->store);
    assert_int_equal(atomic_load(&job.done) + atomic_load(&look.done), 0);
    for (int i = 0; i < posted.count; i++)
        posted.fn[i](posted.argument[i]);
    assert_int_equal(atomic_load(&job.done), 1);
    assert_int_equal(atomic_load(&look.done), 1);
    OK(job.rc);
    OK(look.rc);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {T(everything_is_done_once_and_in_order), T(a_full_queue_is_said_at_once),
                                       T(a_slow_query_is_ended), T(a_transaction_that_cannot_be_ended),
                                       T(under_the_floor_only_intake_is_refused),
                                       T(completions_travel_by_post)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
