#include "daemon/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/backup_internal.h"
#include "daemon/store/migrate.h"
#include "daemon/store/store_internal.h"

enum {
    WAL_RESET_FIRST = 3007000,
    WAL_RESET_FIXED = 3051003,
    WAL_RESET_FIXED_50 = 3050007,
    WAL_RESET_FIXED_44 = 3044006
};

/* anchors 8.2: with one connection that writes and checkpoints the bug cannot occur; the operator shall know why nobody
 * else may. */
static bool has_wal_reset_bug(int version)
{
    if (version < WAL_RESET_FIRST || version >= WAL_RESET_FIXED)
        return false;
    return !(version >= WAL_RESET_FIXED_50 && version < 3051000) &&
           !(version >= WAL_RESET_FIXED_44 && version < 3045000);
}

int store_lock(const char *directory, int *fd, struct problem *p)
{
    char path[STORE_PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%.*s/lock", STORE_PATH_BYTES, directory);
    int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0)
        return problem_set(p, PROBLEM_STORE_FAILED, "", "The store's directory cannot be used: %s", strerrordesc_np(errno));
    if (flock(opened, LOCK_EX | LOCK_NB)) {
        (void)close(opened);
        (void)problem_set(p, PROBLEM_STORE_FAILED, "", "Another tongband has the store %s", directory);
        return TB_ECONFLICT;
    }
    *fd = opened;
    return 0;
}

/* A restore that was interrupted left no office.db; a new, empty one would begin a second ledger. */
static int check_whole(const char *directory, struct problem *p)
{
    char path[STORE_PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%.*s/" STORE_RESTORING, STORE_PATH_BYTES, directory);
    if (access(path, F_OK) != 0)
        return 0;
    (void)problem_set(p, PROBLEM_STORE_FAILED, "", "A restore into %s was interrupted; do it again: tongband --restore", directory);
    return TB_ECONFLICT;
}

static int check_office(struct store *store, struct problem *p)
{
    struct store_db *db = &store->writer;
    const char *suite = suite_name(store->options.signer->suite);
    char office[OFFICE_TEXT] = "", found_suite[16] = "";
    bool found = false;
    struct db_query q = q_start(db, SQL_META_GET);
    if (q_next(&q)) {
        found = true;
        q_get_text(&q, 0, office, sizeof office);
        q_get_text(&q, 1, found_suite, sizeof found_suite);
    }
    int rc = q_end(&q);
    if (!rc && !found) {
        const struct world *world = store->options.world;
        q = q_start(db, SQL_META_PUT);
        q_text(&q, store->office);
        q_text(&q, suite);
        q_int(&q, world->now_ms(world->context));
        rc = q_run(&q, NULL);
    }
    if (rc) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The database cannot be used: %s", sqlite3_errmsg(db->handle));
    } else if (found && (strcmp(office, store->office) || strcmp(found_suite, suite))) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The database belongs to office %s (suite %s), not to %s (suite %s)",
                    office, found_suite, store->office, suite);
        rc = TB_ECONFLICT;
    }
    return rc;
}

static int open_database(struct store *store, struct problem *p)
{
    struct store_db *db = &store->writer;
    db->store = store;
    db->options = &store->options;
    int rc = db_open(db, store->path, store->vfs_name, true, p);
    if (!rc)
        rc = store_migrate(db, store->path, store_migrations, store_migration_count, p);
    if (!rc)
        rc = db_prepare(db, p);
    if (!rc)
        rc = check_office(store, p);
    if (!rc)
        rc = db_ledger_load(db, p);
    return rc;
}

static int init_threads(struct store *store)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&store->lock, NULL))
        return TB_ENOMEM;
    if (pthread_condattr_init(&attributes))
        return TB_ENOMEM;
    int rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (!rc)
        rc = pthread_cond_init(&store->work, &attributes);
    if (!rc)
        rc = pthread_cond_init(&store->copied, &attributes);
    pthread_condattr_destroy(&attributes);
    return rc ? TB_ENOMEM : 0;
}

static int init_names(struct store *store, const struct store_options *options)
{
    if (!options->directory || !options->office || !options->signer || !options->world ||
        !office_valid(options->office) || options->readers > STORE_READERS_MAX ||
        strlen(options->directory) + 16 > sizeof store->directory)
        return TB_EINVAL;
    store->options = *options;
    snprintf(store->directory, sizeof store->directory, "%s", options->directory);
    snprintf(store->path, sizeof store->path, "%.*s/office.db", (int)sizeof store->path - 16, options->directory);
    snprintf(store->vfs_name, sizeof store->vfs_name, "tongban-%p", (void *)store);
    memcpy(store->office, options->office, OFFICE_TEXT);
    store->options.directory = store->directory;
    store->options.office = store->office;
    fair_init(&store->commands, LIMIT_STORE_QUEUE, LIMIT_STORE_QUEUE_OF_ONE);
    fair_init(&store->queries, LIMIT_STORE_READ_QUEUE, LIMIT_STORE_READ_QUEUE_OF_ONE);
    store->next_passive = LIMIT_WAL_PASSIVE_BYTES;
    return 0;
}

static int init_options(struct store *store, const struct store_options *options)
{
    char materials[STORE_PATH_BYTES + 16];
    int rc = init_names(store, options);
    if (rc)
        return rc;
    (void)snprintf(materials, sizeof materials, "%s/materials", store->directory);
    if (options->vfs)
        return 0; /* no real directory */
    /* a read-only disk is told here: SQLite would say no more than that it cannot open the file */
    return (mkdir(materials, 0700) && errno != EEXIST) || access(options->directory, W_OK) ? TB_EIO : 0;
}

int store_open(const struct store_options *options, struct store **out, struct problem *p)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return problem_from_code(p, TB_ENOMEM);
    store->lock_fd = -1;
    int rc = init_threads(store);
    if (rc) {
        free(store);
        return problem_from_code(p, rc);
    }
    rc = init_options(store, options);
    if (rc)
        problem_set(p, PROBLEM_STORE_FAILED, "", "The store's directory cannot be used: %s",
                    rc == TB_EIO ? strerrordesc_np(errno) : err_text(rc));
    if (!rc && !options->vfs && !(rc = store_lock(store->directory, &store->lock_fd, p)))
        rc = check_whole(store->directory, p);
    if (!rc && (rc = vfs_count_open(store->vfs_name, options->vfs, &store->vfs)))
        problem_from_code(p, rc);
    if (!rc)
        rc = open_database(store, p);
    if (rc) {
        store_close(store);
        return rc;
    }
    LOG(LOG_LEVEL_INFO, LOG_STORE, "opened", LOG_TEXT("sqlite", sqlite3_libversion()),
        LOG_INT("entries", store->writer.frontier.size));
    if (has_wal_reset_bug(sqlite3_libversion_number()))
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "sqlite_wal_reset_range", LOG_TEXT("sqlite", sqlite3_libversion()),
            LOG_TEXT("rule", "no other program may open the live database"));
    batch_publish(store);
    *out = store;
    return 0;
}

/* The copy's schema must be ours: its statements are prepared as they are. */
static int check_copy(struct store *store, struct problem *p)
{
    struct store_db *db = &store->writer;
    int64_t version = 0;
    db->store = store;
    db->options = &store->options;
    int rc = db_open(db, store->path, store->vfs_name, false, p);
    if (!rc)
        rc = db_pragma_int(db, "PRAGMA user_version", &version);
    if (!rc && version != (int64_t)store_migration_count) {
        (void)problem_set(p, PROBLEM_STORE_FAILED, "", "The copy has schema %lld, this program writes %u", (long long)version,
                          store_migration_count);
        rc = TB_EUNSUPPORTED;
    }
    return rc;
}

int store_open_copy(const struct store_options *options, struct store **out, struct problem *p)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return problem_from_code(p, TB_ENOMEM);
    store->lock_fd = -1;
    int rc = init_threads(store);
    if (rc) {
        free(store);
        return problem_from_code(p, rc);
    }
    rc = init_names(store, options);
    if (!rc)
        rc = vfs_count_open(store->vfs_name, NULL, &store->vfs);
    rc = rc ? problem_from_code(p, rc) : check_copy(store, p);
    if (rc) {
        store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

int store_start(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    int rc = store->started ? TB_EINVAL : 0;
    if (!rc) {
        store->started = true;
        store->stopping = false;
    }
    pthread_mutex_unlock(&store->lock);
    if (rc)
        return rc;
    if (pthread_create(&store->writer_thread, NULL, writer_main, store)) {
        store->started = false;
        return TB_ENOMEM;
    }
    (void)pthread_setname_np(store->writer_thread, "writer");
    /* A VFS without shared memory admits no second connection. */
    unsigned wanted = store->options.vfs ? 0 : store->options.readers;
    unsigned made = 0;
    while (made < wanted && !pthread_create(&store->reader_thread[made], NULL, reader_main, store))
        made++;
    pthread_mutex_lock(&store->lock);
    store->readers = made;
    pthread_mutex_unlock(&store->lock);
    if (made < wanted) {
        store_stop(store);
        return TB_ENOMEM;
    }
    return 0;
}

void store_stop(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    bool started = store->started;
    unsigned readers = store->readers;
    store->stopping = true;
    pthread_cond_signal(&store->work);
    idle_call_all(&store->read_idle);
    pthread_mutex_unlock(&store->lock);
    if (!started)
        return;
    /* The readers first: the writer's last checkpoint then meets no snapshot. */
    for (unsigned i = 0; i < readers; i++)
        pthread_join(store->reader_thread[i], NULL);
    pthread_join(store->writer_thread, NULL);
    pthread_mutex_lock(&store->lock);
    store->started = store->stopping = false;
    store->readers = 0;
    pthread_mutex_unlock(&store->lock);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_stop(store);
    db_close(&store->writer);
    vfs_count_close(store->vfs);
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);
    pthread_cond_destroy(&store->work);
    pthread_cond_destroy(&store->copied);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

int store_run_batch(struct store *store, struct store_command *first)
{
    for (struct store_command *c = first; c; c = c->next)
        c->store = store;
    int rc = batch_run(store, first);
    batch_maintain(store, false);
    return rc;
}

struct store_db *store_sync_view(struct store *store)
{
    return &store->writer;
}

void store_stats(struct store *store, struct store_stats *out)
{
    pthread_mutex_lock(&store->lock);
    *out = store->stats;
    out->queue = store->commands.count;
    pthread_mutex_unlock(&store->lock);
}

const char *store_directory(const struct store *store)
{
    return store->directory;
}

const struct world *store_world(struct store_db *db)
{
    return db->options->world;
}

int64_t store_now(struct store_db *db)
{
    const struct world *world = store_world(db);
    return world->now_ms(world->context);
}

const char *store_office(struct store_db *db)
{
    return db->options->office;
}

const struct note_signer *store_previous_signer(struct store_db *db)
{
    return db->options->previous_signer;
}

const struct note_signer *store_signer(struct store_db *db)
{
    return db->options->signer;
}
