/* A copy of the database while others write: commits, commands that are undone, one so large that the cache spills before it is undone. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/store/backup_internal.h"
#include "daemon/store/copy.h"
#include "daemon/store/db.h"
#include "fixture.h"

enum { COMMANDS = 30000, SEED = 2000, REFUSE_EACH = 7, LARGE_EACH = 150, LARGE_ROWS = 64,
       LARGE_BYTES = 100 * 1000, RATE = 8 * 1024 * 1024 };

struct job {
    struct store_command command;
    int64_t n;
    atomic_int *done;
};

static int job_run(struct store_db *db, struct store_command *command)
{
    struct job *job = (struct job *)command;
    bool large = job->n % LARGE_EACH == 0;
    int rc = 0;
    for (int i = 0; i < (large ? LARGE_ROWS : 1) && !rc; i++)
        rc = fixture_append(db, "320623", job->n, large ? LARGE_BYTES : 200, NULL);
    return rc ? rc : large || job->n % REFUSE_EACH == 0 ? TB_EREFUSED : 0;
}

static void job_done(struct store_command *command, int rc)
{
    (void)rc;
    atomic_fetch_add(((struct job *)command)->done, 1);
}

static int seed(struct store_db *db, void *context)
{
    (void)context;
    int rc = 0;
    for (int i = 0; i < SEED && !rc; i++)
        rc = fixture_append(db, "320623", i, 2000, NULL);
    return rc;
}

struct writer {
    struct store *store;
    pthread_t thread;
    atomic_int done, stop;
    int sent;
};

static void *write_on(void *argument)
{
    struct writer *w = argument;
    struct job *jobs = calloc(COMMANDS, sizeof *jobs);
    for (int i = 0; i < COMMANDS && !atomic_load(&w->stop); i++) {
        jobs[i] = (struct job){.command = {.run = job_run, .done = job_done}, .n = i, .done = &w->done};
        while (store_submit(w->store, &jobs[i].command))
            usleep(100);
        w->sent++;
        usleep(300);
    }
    while (atomic_load(&w->done) < w->sent)
        usleep(1000);
    free(jobs);
    return NULL;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    f->options.world = world_real();
    fixture_open(f);
    OK(fixture_run(f, seed, NULL));
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

/* The copy is a database of its own whose ledger fits its checkpoint; returns the ledger's size. */
static int64_t check(const struct fixture *f, const char *path)
{
    struct backup_pace pace = {.bytes_per_second = 0};
    struct backup_keys keys = {.now = &f->signer.vkey};
    struct backup_manifest *m = calloc(1, sizeof *m);
    struct problem p = {.number = -1};
    sqlite3 *db = NULL;
    OK(check_open(path, &db, &p));
    OK(check_file(db, &pace, &p));
    if (check_ledger(db, &keys, &pace, m, &p))
        fail_msg("%s", p.detail);
    sqlite3_close(db);
    int64_t size = m->ledger_size;
    free(m);
    return size;
}

static void a_copy_under_load_is_whole(void **state)
{
    struct fixture *f = *state;
    char path[300];
    struct writer w = {.store = f->store};
    fixture_path(f, "copy.db", path);
    OK(store_start(f->store));
    OK(pthread_create(&w.thread, NULL, write_on, &w));
    struct store_copy copy = {.path = path, .bytes_per_second = RATE};
    OK(store_copy(f->store, &copy));
    int during = atomic_load(&w.done);
    atomic_store(&w.stop, 1);
    pthread_join(w.thread, NULL);
    store_stop(f->store);
    int64_t size = check(f, path), live = (int64_t)fixture_check_ledger(store_sync_view(f->store), &f->signer);
    printf("%d commands during the copy; %lld entries in it, %lld in the store\n", during, (long long)size, (long long)live);
    assert_true(during > LARGE_EACH);
    assert_true(size > SEED && size <= live);
}

static bool at_once(void *context)
{
    ++*(int *)context;
    return true;
}

static void a_copy_is_given_up(void **state)
{
    struct fixture *f = *state;
    char path[300];
    int asked = 0;
    fixture_path(f, "copy.db", path);
    OK(store_start(f->store));
    struct store_copy copy = {.path = path, .bytes_per_second = 100 * 1000, .stopped = at_once, .context = &asked};
    assert_int_equal(store_copy(f->store, &copy), TB_ECLOSED);
    assert_true(asked > 0);
    unlink(path);
    copy = (struct store_copy){.path = path}; /* and the next one works */
    OK(store_copy(f->store, &copy));
    store_stop(f->store);
    assert_int_equal(check(f, path), SEED);
}

static void a_copy_that_cannot_be_written_harms_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_stats stats;
    struct store_copy copy = {.path = "/proc/nothing/copy.db"};
    OK(store_start(f->store));
    assert_int_equal(store_copy(f->store, &copy), TB_EIO);
    store_stop(f->store);
    store_stats(f->store, &stats);
    assert_int_equal(stats.failed, 0);
    OK(fixture_run(f, seed, NULL));
}

static void without_threads_the_caller_copies(void **state)
{
    struct fixture *f = *state;
    char path[300];
    fixture_path(f, "copy.db", path);
    struct store_copy copy = {.path = path};
    OK(store_copy(f->store, &copy));
    assert_int_equal(check(f, path), SEED);
}

static void one_process_has_the_store(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    struct problem p = {.number = -1};
    assert_int_equal(store_open(&f->options, &second, &p), TB_ECONFLICT);
    assert_non_null(strstr(p.detail, "Another tongband"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {T(a_copy_under_load_is_whole), T(a_copy_is_given_up), T(a_copy_that_cannot_be_written_harms_nothing),
                                       T(without_threads_the_caller_copies), T(one_process_has_the_store)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
