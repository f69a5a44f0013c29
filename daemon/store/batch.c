/* batch: group commit — many commands, one transaction, one signature, one sync. */
#include <string.h>
#include <sys/statvfs.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/series.h"
#include "daemon/store/store_internal.h"

enum { FLOOR_EVERY_MS = 1000 };

static int64_t monotonic(const struct store *store)
{
    return store->options.world->monotonic_ms(store->options.world->context);
}

static void look_at_floor(struct store *store)
{
    int64_t now = monotonic(store);
    if (now < store->next_floor_ms)
        return;
    store->next_floor_ms = now + FLOOR_EVERY_MS;
    struct statvfs fs;
    /* Where the directory is not a real one (simulation) there is no floor either. */
    bool known = !statvfs(store->directory, &fs);
    uint64_t left = known ? (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize : 0;
    bool low = known && left < store->options.disk_floor_bytes;
    metric_set(METRIC_DISK_FREE_BYTES, (int64_t)left);
    metric_set(METRIC_DISK_TOTAL_BYTES, known ? (int64_t)((uint64_t)fs.f_blocks * (uint64_t)fs.f_frsize) : 0);
    metric_set(METRIC_DISK_FLOOR_BYTES, (int64_t)store->options.disk_floor_bytes);
    if (low != store->disk_low)
        LOG(low ? LOG_LEVEL_ERR : LOG_LEVEL_NOTICE, LOG_STORE, low ? "disk_low" : "disk_ok",
            LOG_INT("floor", store->options.disk_floor_bytes));
    store->disk_low = low;
}

static void run_one(struct store *store, struct store_command *command)
{
    struct store_db *db = &store->writer;
    if (command->intake && store->disk_low) {
        command->rc = TB_EFULL;
        return;
    }
    struct ledger_frontier before = db->frontier;
    int rc = db_simple(db, SQL_SAVEPOINT);
    if (rc) {
        /* Without a savepoint nothing can be undone alone: the whole transaction has to go. */
        if (!db->fatal)
            db->fatal = rc;
        command->rc = rc;
        return;
    }
    db->broken = 0;
    db->recovering = false;
    db->in_command = true;
    db->trace = command->trace;
    rc = command->run(db, command);
    db->trace = NULL;
    db->in_command = false;
    if (rc >= 0 && db->broken)
        rc = db->broken;
    command->rc = rc < 0 ? rc : 0;
    if (db->fatal || sqlite3_get_autocommit(db->handle))
        return;
    if (command->rc) {
        int undone = db_simple(db, SQL_SAVEPOINT_ROLLBACK);
        db->frontier = before;
        db_forget(db);
        if (undone && !db->fatal)
            db->fatal = undone;
    }
    rc = db_simple(db, SQL_SAVEPOINT_RELEASE);
    if (rc && !db->fatal)
        db->fatal = rc;
}

static int commit(struct store *store)
{
    struct store_db *db = &store->writer;
    int rc = 0;
    if (db->frontier.size != store->begun.size)
        rc = db_ledger_checkpoint(db);
    return rc ? rc : db_simple(db, SQL_COMMIT);
}

static void note_failure(struct store *store, int rc)
{
    if (rc == TB_ETEMP)
        LOG(LOG_LEVEL_ERR, LOG_STORE, "database_busy", LOG_TEXT("cause", "somebody else has opened the live file"));
    /* Memory and contention pass by themselves; a full disk until something can be written; the rest stays until
     * restart. */
    if (rc != TB_EFULL && rc != TB_EIO && rc != TB_ECORRUPT)
        return;
    metric_add(METRIC_STORE_FAILED, 1);
    if (store->failed != rc)
        LOG(LOG_LEVEL_ERR, LOG_STORE, "writing_failed", LOG_TEXT("cause", err_text(rc)),
            LOG_TEXT("detail", sqlite3_errmsg(store->writer.handle)));
    if (!store->failed || store->failed == TB_EFULL)
        store->failed = rc;
}

/* Undoes the transaction whatever state it is in. */
static void undo(struct store *store)
{
    struct store_db *db = &store->writer;
    if (!sqlite3_get_autocommit(db->handle) && db_simple(db, SQL_ROLLBACK))
        note_failure(store, TB_EIO);
    db->frontier = store->begun;
    db_forget(db);
}

static int fail_all(struct store *store, struct store_command *first, int rc)
{
    for (struct store_command *c = first; c; c = c->next)
        c->rc = rc;
    batch_publish(store);
    return rc;
}

int batch_run(struct store *store, struct store_command *first)
{
    struct store_db *db = &store->writer;
    look_at_floor(store);
    if (store->failed && store->failed != TB_EFULL)
        return fail_all(store, first, store->failed);
    db->fatal = 0;
    db->received = false;
    store->begun = db->frontier;
    uint64_t commands = 0;
    int rc = db_simple(db, SQL_BEGIN_WRITE);
    for (struct store_command *c = first; c && !rc; c = c->next) {
        run_one(store, c);
        commands++;
        /* SQLite itself ends the transaction after some errors; what came before is gone then too. */
        if (db->fatal || sqlite3_get_autocommit(db->handle))
            rc = db->fatal ? db->fatal : c->rc ? c->rc : TB_EIO;
    }
    int64_t began = world_figure_us();
    if (!rc)
        rc = commit(store);
    if (rc) {
        undo(store);
        note_failure(store, rc);
        return fail_all(store, first, rc);
    }
    series_observe(SERIES_COMMIT, 0, world_figure_us() - began);
    if (store->failed)
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "writing_again", LOG_TEXT("after", err_text(store->failed)));
    store->failed = 0;
    uint64_t entries = db->frontier.size - store->begun.size;
    pthread_mutex_lock(&store->lock);
    metric_set(METRIC_LEDGER_SIZE, (int64_t)store->writer.frontier.size);
    store->stats.commits++;
    store->stats.commands += commands;
    store->stats.entries += entries;
    store->stats.signatures += entries > 0;
    pthread_mutex_unlock(&store->lock);
    batch_publish(store);
    return 0;
}

static int64_t wal_bytes(const struct store *store)
{
    int64_t page = DB_PAGE_BYTES + 24; /* a frame: page and header */
    return store->writer.wal_frames * page;
}

static void checkpoint_wal(struct store *store, int mode)
{
    struct store_db *db = &store->writer;
    int frames = 0, done = 0;
    int sqlite_rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, &frames, &done);
    if (sqlite_rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
        db->wal_frames = 0;
    if (sqlite_rc != SQLITE_OK && (sqlite_rc & 0xff) != SQLITE_BUSY)
        note_failure(store, db_code(db, sqlite_rc));
    /* When readers held it back, trying again at once would be in vain: wait for as much again. */
    bool whole = sqlite_rc == SQLITE_OK && done >= frames;
    store->next_passive = LIMIT_WAL_PASSIVE_BYTES + (whole ? 0 : wal_bytes(store));
}

static void probe(struct store *store)
{
    struct store_db *db = &store->writer;
    db->fatal = 0;
    int rc = db_simple(db, SQL_BEGIN_WRITE);
    if (!rc)
        rc = db_simple(db, SQL_PROBE);
    if (!rc)
        rc = db_simple(db, SQL_COMMIT);
    if (rc) {
        if (!sqlite3_get_autocommit(db->handle) && db_simple(db, SQL_ROLLBACK))
            note_failure(store, TB_EIO);
        note_failure(store, rc);
        return;
    }
    LOG(LOG_LEVEL_NOTICE, LOG_STORE, "writing_again", LOG_TEXT("after", err_text(store->failed)));
    store->failed = 0;
}

void batch_maintain(struct store *store, bool idle)
{
    if (idle)
        look_at_floor(store);
    if (idle && store->failed == TB_EFULL)
        probe(store);
    if (store->failed == TB_EIO || store->failed == TB_ECORRUPT) {
        batch_publish(store);
        return;
    }
    if (idle && wal_bytes(store))
        checkpoint_wal(store, SQLITE_CHECKPOINT_TRUNCATE);
    else if (wal_bytes(store) >= store->next_passive)
        checkpoint_wal(store, SQLITE_CHECKPOINT_PASSIVE);
    batch_publish(store);
}

void batch_publish(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    store->stats.fsyncs = vfs_count_syncs(store->vfs);
    store->stats.wal_bytes = (uint64_t)wal_bytes(store);
    store->stats.heartbeat_ms = monotonic(store);
    store->stats.failed = store->failed;
    store->stats.disk_low = store->disk_low;
    pthread_mutex_unlock(&store->lock);
}
