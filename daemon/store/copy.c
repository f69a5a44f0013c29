#include "daemon/store/copy.h"

#include <time.h>

#include "daemon/store/store_internal.h"

enum { NS_PER_S = 1000000000, LOOK_NS = 200 * 1000000, FASTEST = 1 << 30 /* bytes a second */ };

struct copy_job {
    const char *path;
    uint64_t rate;
    sqlite3 *to;
    sqlite3_backup *backup;
    /* under the store's lock */
    struct timespec due; /* monotonic: of the next step */
    int64_t done, of;    /* pages */
    bool cancelled, ended;
    int rc;
};

static struct timespec later(struct timespec t, int64_t ns)
{
    ns += t.tv_nsec;
    t.tv_sec += ns / NS_PER_S;
    t.tv_nsec = ns % NS_PER_S;
    return t;
}

static struct timespec now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

/* Not db_code: a copy that fails says nothing about the store. */
static int code_of(int sqlite_rc)
{
    switch (sqlite_rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return 0;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TB_ETEMP;
    case SQLITE_NOMEM:
        return TB_ENOMEM;
    case SQLITE_FULL:
        return TB_EFULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TB_ECORRUPT;
    default:
        return TB_EIO;
    }
}

/* The copy is synced once, when it is whole; until then nobody may use it. */
static int open_copy(struct store *store, struct copy_job *job)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = code_of(sqlite3_open_v2(job->path, &job->to, flags, NULL));
    if (!rc)
        rc = code_of(sqlite3_exec(job->to,
                                  "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; "
                                  "PRAGMA cache_size = -1024;",
                                  NULL, NULL, NULL));
    if (rc)
        return rc;
    job->backup = sqlite3_backup_init(job->to, "main", store->writer.handle, "main");
    return job->backup ? 0 : code_of(sqlite3_errcode(job->to));
}

static int step(struct store *store, struct copy_job *job, bool *over)
{
    int rc = job->backup ? 0 : open_copy(store, job);
    if (rc)
        return rc;
    int sqlite_rc = sqlite3_backup_step(job->backup, LIMIT_BACKUP_STEP_PAGES);
    *over = sqlite_rc == SQLITE_DONE;
    rc = code_of(sqlite_rc);
    return rc == TB_ETEMP ? 0 : rc;
}

static int close_copy(struct copy_job *job, int rc)
{
    int ended = job->backup ? code_of(sqlite3_backup_finish(job->backup)) : 0;
    job->backup = NULL;
    int closed = code_of(sqlite3_close(job->to));
    job->to = NULL;
    return rc ? rc : ended ? ended : closed;
}

/* With the lock. */
static bool is_due(const struct copy_job *job)
{
    struct timespec t = now();
    return job->due.tv_sec < t.tv_sec || (job->due.tv_sec == t.tv_sec && job->due.tv_nsec <= t.tv_nsec);
}

void copy_turn(struct store *store, bool stop)
{
    pthread_mutex_lock(&store->lock);
    struct copy_job *job = store->copy;
    bool cancelled = job && (job->cancelled || stop), turn = job && (cancelled || is_due(job));
    pthread_mutex_unlock(&store->lock);
    if (!turn)
        return;
    bool over = false;
    int rc = cancelled ? TB_ECLOSED : step(store, job, &over);
    int64_t of = job->backup ? sqlite3_backup_pagecount(job->backup) : 0;
    int64_t done = job->backup ? of - sqlite3_backup_remaining(job->backup) : 0;
    over = over || rc;
    if (over)
        rc = close_copy(job, rc);
    int64_t bytes = (int64_t)LIMIT_BACKUP_STEP_PAGES * DB_PAGE_BYTES;
    pthread_mutex_lock(&store->lock);
    /* SQLite begins anew when a transaction is undone that did not fit into the cache: faster each time, so that it ends. */
    if (job->rate && done < job->done && job->rate < FASTEST)
        job->rate *= 2;
    job->done = done;
    job->of = of;
    job->due = later(now(), job->rate ? bytes * NS_PER_S / (int64_t)job->rate : 0);
    if (over) {
        job->rc = rc;
        job->ended = true;
        store->copy = NULL;
        pthread_cond_signal(&store->copied);
    }
    pthread_mutex_unlock(&store->lock);
}

struct timespec copy_due(const struct store *store)
{
    return store->copy->due;
}

/* Without threads: the caller is the writer. */
static int copy_alone(struct store *store, struct copy_job *job)
{
    bool over = false;
    int rc = 0;
    while (!rc && !over)
        rc = step(store, job, &over);
    return close_copy(job, rc);
}

int store_copy(struct store *store, const struct store_copy *copy)
{
    struct copy_job job = {.path = copy->path, .rate = copy->bytes_per_second, .due = now()};
    pthread_mutex_lock(&store->lock);
    bool alone = !store->started;
    int rc = store->stopping ? TB_ECLOSED : store->copy ? TB_ETEMP : 0;
    if (rc || alone) {
        pthread_mutex_unlock(&store->lock);
        return rc ? rc : copy_alone(store, &job);
    }
    store->copy = &job; /* cppcheck-suppress autoVariables ; the writer lets go of it before it is marked as ended */
    pthread_cond_signal(&store->work);
    while (!job.ended) {
        struct timespec until = later(now(), LOOK_NS);
        (void)pthread_cond_timedwait(&store->copied, &store->lock, &until);
        int64_t done = job.done, of = job.of;
        pthread_mutex_unlock(&store->lock);
        bool stopped = copy->stopped && copy->stopped(copy->context);
        if (copy->progress && of)
            copy->progress(copy->context, done * DB_PAGE_BYTES, of * DB_PAGE_BYTES);
        pthread_mutex_lock(&store->lock);
        job.cancelled = job.cancelled || stopped;
    }
    rc = job.rc;
    pthread_mutex_unlock(&store->lock);
    return rc;
}
