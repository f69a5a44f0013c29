/* readers: queries on read-only connections, off the loop.  Each query is one read transaction with a deadline, so that
 * no reader holds a snapshot that the writer's checkpoint would have to wait for. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/store/store_internal.h"

static void complete(void *argument)
{
    struct store_query *query = argument;
    query->done(query, query->rc);
}

static int run_query(struct store_db *db, struct store_query *query)
{
    const struct world *world = db->options->world;
    db->fatal = 0;
    db->seen_size = 0;
    int rc = db_simple(db, SQL_BEGIN_READ);
    if (rc)
        return rc;
    db->deadline_ms = world->monotonic_ms(world->context) + LIMIT_STORE_READ_MS;
    rc = query->run(db, query);
    db->deadline_ms = 0;
    if (rc >= 0 && db->fatal)
        rc = db->fatal;
    if (!sqlite3_get_autocommit(db->handle) && db_simple(db, SQL_ROLLBACK) && rc >= 0)
        rc = TB_EIO;
    return rc;
}

/* The next question, so that no source has all the readers; when we stop, whatever is left.  With the lock. */
int store_reader_open(struct store *store, struct store_db **out, struct problem *p)
{
    struct store_db *db = calloc(1, sizeof *db);
    if (!db)
        return problem_from_code(p, TB_ENOMEM);
    db->store = store;
    db->options = &store->options;
    int rc = db_open(db, store->path, store->vfs_name, false, p);
    if (!rc)
        rc = db_prepare(db, p);
    if (rc) {
        store_reader_close(db);
        return rc;
    }
    *out = db;
    return 0;
}

int store_reader_run(struct store_db *reader, struct store_query *query)
{
    query->store = reader->store;
    return run_query(reader, query);
}

void store_reader_close(struct store_db *reader)
{
    if (!reader)
        return;
    db_close(reader);
    free(reader);
}

static struct store_query *take(struct store *store)
{
    unsigned most = store->options.readers > 1 ? store->options.readers - 1 : 1;
    struct fair_item *item = fair_take(&store->queries, store->stopping ? 0 : most);
    return item ? (struct store_query *)((char *)item - offsetof(struct store_query, fair)) : NULL;
}

void *reader_main(void *argument)
{
    struct store *store = argument;
    struct store_db db = {.store = store, .options = &store->options};
    struct idle_thread idle = IDLE_THREAD;
    bool open = false;
    pthread_mutex_lock(&store->lock);
    for (;;) {
        struct store_query *query;
        while (!(query = take(store)) && !store->stopping)
            idle_wait(&store->read_idle, &idle, &store->lock);
        uint16_t source = query ? query->fair.source : FAIR_OWN;
        pthread_mutex_unlock(&store->lock);
        if (!query)
            break;
        int rc = 0;
        if (!open) {
            rc = db_open(&db, store->path, store->vfs_name, false, NULL);
            open = !rc;
        }
        query->rc = rc ? rc : run_query(&db, query);
        if (open && !sqlite3_get_autocommit(db.handle)) { /* its transaction cannot be ended: the connection is, and with it the snapshot */
            db_close(&db);
            open = false;
        }
        if (!store->options.post || store->options.post(store->options.post_context, complete, query))
            complete(query);
        pthread_mutex_lock(&store->lock);
        fair_done(&store->queries, source);
        if (store->queries.count)
            idle_call(&store->read_idle); /* what had to wait for its source to come back */
    }
    if (open)
        db_close(&db);
    return NULL;
}

int store_read(struct store *store, struct store_query *query)
{
    query->next = NULL;
    query->store = store;
    query->rc = 0;
    int rc = 0;
    pthread_mutex_lock(&store->lock);
    if (!store->started || store->stopping)
        rc = TB_ECLOSED;
    else if (!store->readers)
        rc = TB_EUNSUPPORTED;
    else
        rc = fair_put(&store->queries, &query->fair);
    if (!rc)
        idle_call(&store->read_idle);
    pthread_mutex_unlock(&store->lock);
    return rc;
}
