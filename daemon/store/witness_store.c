#include "daemon/store/witness.h"

#include <string.h>

#include "daemon/store/store_internal.h"
#include "proto/retention.h"

static int keys_of(struct store_db *db, const char *peer, int64_t after, int64_t *first, int64_t *last)
{
    int64_t no;
    if (after < 0)
        return TB_EINVAL;
    int rc = db_peer_no(db, peer, false, &no);
    if (!rc)
        rc = db_direction_key(no, (uint64_t)after, first);
    return rc ? rc : db_direction_key(no, (UINT64_C(1) << DB_DIRECTION_BITS) - 1, last);
}

/* ---- of a counterpart's ledger ---- */

int witness_put(struct store_db *db, const char *peer, uint64_t size, uint64_t old_size, const struct ledger_path *consistency,
                const struct ledger_frontier *frontier)
{
    int64_t key, last;
    int rc = size > INT64_MAX || old_size > INT64_MAX ? TB_ELIMIT : keys_of(db, peer, (int64_t)size, &key, &last);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_WITNESS_PUT);
    q_int(&q, key);
    q_int(&q, (int64_t)old_size);
    q_blob(&q, consistency->hash, consistency->count * sizeof consistency->hash[0]);
    q_blob(&q, frontier->peak, frontier->peaks * sizeof frontier->peak[0]);
    return q_run(&q, NULL);
}

static void read_checkpoint(struct db_query *q, struct witness_checkpoint *row)
{
    *row = (struct witness_checkpoint){.size = (uint64_t)DB_KEY_N(q_get_int(q, 0)), .old_size = (uint64_t)q_get_int(q, 2)};
    row->note = (const char *)sqlite3_column_text(q->statement, 1);
    row->consistency = sqlite3_column_blob(q->statement, 3);
    row->consistency_len = (size_t)sqlite3_column_bytes(q->statement, 3);
    row->frontier = sqlite3_column_blob(q->statement, 4);
    row->frontier_len = (size_t)sqlite3_column_bytes(q->statement, 4);
}

int witness_checkpoints(struct store_db *db, const char *peer, uint64_t after, unsigned most,
                        int (*row)(void *context, const struct witness_checkpoint *row), void *context)
{
    int64_t first, last;
    int rc = after > INT64_MAX ? TB_EINVAL : keys_of(db, peer, (int64_t)after, &first, &last);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    struct db_query q = q_start(db, SQL_WITNESS_CHECKPOINTS);
    q_int(&q, first);
    q_int(&q, last);
    q_int(&q, most);
    int told = 0;
    while (!told && q_next(&q)) {
        struct witness_checkpoint found;
        read_checkpoint(&q, &found);
        told = found.note ? row(context, &found) : TB_ECORRUPT;
    }
    rc = q_end(&q);
    return rc ? rc : told < 0 ? told : 0;
}

static int each_entry(struct store_db *db, enum sql_id id, const char *peer, int64_t after, unsigned most,
                      int (*row)(void *context, const struct witness_entry *row), void *context)
{
    int64_t first, last;
    int rc = keys_of(db, peer, after, &first, &last);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    struct db_query q = q_start(db, id);
    q_int(&q, first);
    q_int(&q, last);
    q_int(&q, most);
    int told = 0;
    while (!told && q_next(&q)) {
        q_check_leaf(&q, 4, 5);
        struct witness_entry found = {.seq = DB_KEY_N(q_get_int(&q, 0)),
                                      .index = (uint64_t)q_get_int(&q, 1),
                                      .size = (uint64_t)q_get_int(&q, 2),
                                      .path = sqlite3_column_blob(q.statement, 3),
                                      .path_len = (size_t)sqlite3_column_bytes(q.statement, 3),
                                      .line = sqlite3_column_blob(q.statement, 4),
                                      .len = (size_t)sqlite3_column_bytes(q.statement, 4)};
        /* what is left of an erased line is nothing that its writer could prove */
        if (!q.rc && retention_is_erased(found.line, found.len))
            continue;
        told = q.rc ? q.rc : row(context, &found);
    }
    rc = q_end(&q);
    return rc ? rc : told < 0 ? told : 0;
}

int witness_messages(struct store_db *db, const char *peer, int64_t after, unsigned most,
                     int (*row)(void *context, const struct witness_entry *row), void *context)
{
    return each_entry(db, SQL_WITNESS_MESSAGES, peer, after, most, row, context);
}

int witness_receipts(struct store_db *db, const char *peer, int64_t after, unsigned most,
                     int (*row)(void *context, const struct witness_entry *row), void *context)
{
    return each_entry(db, SQL_WITNESS_RECEIPTS, peer, after, most, row, context);
}

int witness_latest(struct store_db *db, const char *peer, uint64_t *size, bool *frontier, struct buf *note)
{
    int64_t first, last;
    bool any = false;
    int rc = keys_of(db, peer, 0, &first, &last);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_WITNESS_LATEST);
    q_int(&q, first);
    q_int(&q, last);
    if (q_next(&q)) {
        struct witness_checkpoint found;
        read_checkpoint(&q, &found);
        any = true;
        *size = found.size;
        *frontier = found.frontier != NULL;
        q_get_append(&q, 1, note);
    }
    rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

int witness_others_put(struct store_db *db, const char *peer, const char *others)
{
    struct db_query q = q_start(db, SQL_OTHERS_PUT);
    q_text(&q, peer);
    q_text(&q, others);
    return q_run(&q, NULL);
}

int witness_others_get(struct store_db *db, const char *peer, struct buf *others)
{
    struct db_query q = q_start(db, SQL_OTHERS_GET);
    q_text(&q, peer);
    if (q_next(&q))
        q_get_append(&q, 0, others);
    return q_end(&q);
}

/* ---- materials ---- */

int witness_missing(struct store_db *db, const char *peer, unsigned most, int (*row)(void *context, const char *sha256), void *context)
{
    char sha256[65] = "", before[65] = "";
    int told = 0;
    struct db_query q = q_start(db, SQL_MATERIAL_MISSING);
    q_text(&q, peer);
    q_text(&q, "");
    q_int(&q, most);
    while (!told && q_next(&q)) {
        q_get_text(&q, 0, sha256, sizeof sha256);
        told = q.rc || !strcmp(sha256, before) ? 0 : row(context, sha256);
        memcpy(before, sha256, sizeof before);
    }
    int rc = q_end(&q);
    return rc ? rc : told < 0 ? told : 0;
}

int witness_resend(struct store_db *db, const char *peer, const char *sha256)
{
    enum { OF_NO_MESSAGE = 0 }; /* no message is entry 0: that is the office's first start */
    struct db_query q = q_start(db, SQL_MATERIAL_SHARED);
    q_text(&q, sha256);
    q_text(&q, peer);
    bool shared = q_next(&q);
    int rc = q_end(&q);
    if (rc || !shared)
        return rc ? rc : TB_ENOTFOUND;
    rc = material_out_add(db, peer, OF_NO_MESSAGE, sha256);
    return rc ? rc : material_out_settle(db, peer, OF_NO_MESSAGE, true);
}

/* ---- of our own ---- */

void store_close_ledger(struct store *store, bool closed)
{
    atomic_store(&store->closed, closed);
}

bool store_ledger_is_closed(struct store *store)
{
    return atomic_load(&store->closed);
}

bool db_ledger_closed(const struct store_db *db)
{
    return db->store && !db->recovering && atomic_load(&db->store->closed);
}

int store_gap_before(struct store_db *db, uint64_t size, uint64_t *first, uint64_t *until)
{
    *first = *until = 0;
    if (!size)
        return 0;
    struct db_query q = q_start(db, SQL_GAP_AT);
    q_int(&q, (int64_t)size - 1);
    if (q_next(&q)) {
        *first = (uint64_t)q_get_int(&q, 0);
        *until = (uint64_t)q_get_int(&q, 1);
    }
    return q_end(&q);
}

int64_t db_node_key(unsigned level, uint64_t index)
{
    return (int64_t)(((uint64_t)(level + 1) << 56) | index);
}

int db_gap_node(struct store_db *db, unsigned level, uint64_t index, struct ledger_hash *out)
{
    uint64_t first, until, leaf = ((index + 1) << level) - 1;
    bool found = false;
    int rc = store_gap_before(db, leaf + 1, &first, &until);
    if (rc || leaf >= until || index >> 56)
        return rc ? rc : TB_ECORRUPT;
    struct db_query q = q_start(db, SQL_NODE_GET);
    q_int(&q, db_node_key(level, index));
    if (q_next(&q)) {
        found = true;
        q_get_bytes(&q, 0, out->b, sizeof out->b);
    }
    rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int store_checkpoint_covering(struct store_db *db, uint64_t index, uint64_t most, uint64_t *size, struct buf *note)
{
    bool found = false;
    struct db_query q = q_start(db, SQL_CHECKPOINT_COVERING);
    q_int(&q, (int64_t)index);
    q_int(&q, (int64_t)most);
    if (q_next(&q)) {
        found = true;
        *size = (uint64_t)q_get_int(&q, 0);
        q_get_append(&q, 1, note);
        q_get_append(&q, 2, note);
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int store_frontier_at(struct store_db *db, uint64_t size, struct ledger_frontier *frontier)
{
    struct ledger_nodes nodes = store_nodes(db);
    return size > store_ledger_size(db) ? TB_EINVAL : ledger_frontier_load(&nodes, size, frontier);
}

int store_root_at(struct store_db *db, uint64_t size, struct ledger_hash *root)
{
    struct ledger_frontier frontier;
    int rc = store_frontier_at(db, size, &frontier);
    return rc ? rc : ledger_root(db->options->signer->suite, &frontier, root);
}
