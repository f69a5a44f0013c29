/* An older copy goes on: what the counterparts gave back is put into the tables (daemon/office/recover.h). */
#include "daemon/store/witness.h"

#include <string.h>

#include "daemon/store/retention_rows.h"
#include "daemon/store/store_internal.h"

int recover_begin(struct store_db *db, const struct ledger_graft *graft, const struct ledger_frontier *frontier, const char *note,
                  const char *cosignatures)
{
    struct db_query q;
    int rc = 0;
    if (!db->in_command || frontier->size <= db->frontier.size)
        return TB_EINVAL;
    for (size_t i = 0; i < graft->room && !rc; i++) {
        const struct graft_node *node = &graft->slots[i];
        if (!node->used || node->index >> 56)
            continue;
        q = q_start(db, SQL_NODE_PUT);
        q_int(&q, db_node_key(node->level, node->index));
        q_hash(&q, &node->hash);
        rc = q_run(&q, NULL);
    }
    if (rc)
        return rc;
    q = q_start(db, SQL_GAP_PUT);
    q_int(&q, (int64_t)db->frontier.size);
    q_int(&q, (int64_t)frontier->size);
    q_int(&q, store_now(db));
    rc = q_run(&q, NULL);
    if (rc)
        return rc;
    q = q_start(db, SQL_CHECKPOINT_TAKE);
    q_int(&q, (int64_t)frontier->size);
    q_text(&q, note);
    q_text(&q, cosignatures);
    rc = q_run(&q, NULL);
    if (!rc) {
        db->recovering = true;
        db->frontier = *frontier;
    }
    return rc;
}

static int raise_seq(struct store_db *db, int64_t peer_no, int64_t next)
{
    struct db_query q = q_start(db, SQL_PEER_RAISE_SEQ);
    q_int(&q, peer_no);
    q_int(&q, next);
    return q_run(&q, NULL);
}

static int keep_message(struct store_db *db, uint64_t index, const struct entry *entry)
{
    int64_t peer_no;
    int rc = db_peer_no(db, entry->to, true, &peer_no);
    if (!rc)
        rc = db_queue_message(db, entry, index);
    return rc ? rc : raise_seq(db, peer_no, entry->seq + 1);
}

static int put_line(struct store_db *db, uint64_t index, int64_t at, const char *line, size_t len)
{
    struct ledger_hash leaf;
    int rc = ledger_leaf(db->options->signer->suite, line, len, &leaf);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_ENTRY_ADD);
    q_int(&q, (int64_t)index);
    q_int(&q, at);
    q_hash(&q, &leaf);
    q_blob(&q, line, len);
    return q_run(&q, NULL);
}

int recover_entry(struct store_db *db, uint64_t index, const struct entry *entry, const char *line, size_t len)
{
    if (!db->recovering)
        return TB_EINVAL;
    int rc = put_line(db, index, entry->at, line, len);
    return rc || !entry->seq ? rc : keep_message(db, index, entry);
}

int recover_skip_cases(struct store_db *db, int64_t day, int64_t count)
{
    struct db_query q = q_start(db, SQL_CASE_SERIAL_SKIP);
    q_int(&q, day);
    q_int(&q, count);
    return q_run(&q, NULL);
}

int recover_skip_documents(struct store_db *db, const char *kind, int year, int64_t count)
{
    struct db_query q = q_start(db, SQL_DOCUMENT_SERIAL_SKIP);
    q_text(&q, kind);
    q_int(&q, year);
    q_int(&q, count);
    return q_run(&q, NULL);
}

int recover_skip_objects(struct store_db *db, enum register_kind_id kind, int year, int64_t count)
{
    struct db_query q = q_start(db, SQL_OBJECT_SERIAL_SKIP);
    q_int(&q, kind);
    q_int(&q, year);
    q_int(&q, count);
    return q_run(&q, NULL);
}

/* ---- what nobody can prove any more is written again ---- */

static int move_ref(struct store_db *db, enum sql_id id, int64_t of, uint64_t index, uint64_t again)
{
    struct db_query q = q_start(db, id);
    q_int(&q, of);
    q_int(&q, (int64_t)index);
    q_int(&q, (int64_t)again);
    return q_run(&q, NULL);
}

static int move_key(struct store_db *db, enum sql_id id, int64_t key, uint64_t again)
{
    struct db_query q = q_start(db, id);
    q_int(&q, key);
    q_int(&q, (int64_t)again);
    return q_run(&q, NULL);
}

/* The row of one direction of one counterpart that names the entry. */
static int move_place(struct store_db *db, enum sql_id id, int64_t peer_no, int64_t n, uint64_t again)
{
    int64_t key;
    int rc = db_direction_key(peer_no, (uint64_t)n, &key);
    return rc ? rc : move_key(db, id, key, again);
}

static int move_message(struct store_db *db, int64_t peer_no, int64_t case_id, const struct entry *entry, uint64_t index, uint64_t again)
{
    int rc = move_place(db, SQL_REPEAT_OUTBOX, peer_no, entry->seq, again);
    if (!rc)
        rc = move_ref(db, SQL_REPEAT_MATERIAL, peer_no, index, again);
    if (!rc)
        rc = move_ref(db, SQL_REPEAT_EDITION, peer_no, index, again);
    if (!rc)
        rc = move_key(db, SQL_REPEAT_OBJECT_EVENT, (int64_t)index, again);
    if (rc || !case_id)
        return rc;
    rc = move_ref(db, SQL_REPEAT_EVENT, case_id, index, again);
    return rc ? rc : move_ref(db, SQL_REPEAT_DOCUMENT, case_id, index, again);
}

/* What refers to entry `index` refers to `again` from now on. */
static int refer(struct store_db *db, const struct repeated *of, uint64_t index, uint64_t again)
{
    int64_t peer_no;
    int rc = db_peer_no(db, of->entry->to, false, &peer_no);
    if (!rc)
        rc = of->entry->seq ? move_message(db, peer_no, of->case_id, of->entry, index, again)
                            : move_place(db, SQL_REPEAT_RECEIPT, peer_no, of->receipt_first, again);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_REPEAT_ADD);
    q_int(&q, (int64_t)index);
    q_int(&q, (int64_t)again);
    return q_run(&q, NULL);
}

int recover_repeat(struct store_db *db, uint64_t index, const struct repeated *of)
{
    uint64_t again;
    if (!db->recovering)
        return TB_EINVAL;
    int rc = db_ledger_repeat(db, index, of->entry->at, &again);
    return rc ? rc : refer(db, of, index, again);
}

/* Where the message or receipt stands that is here under the same number; 0: none is. */
static int place_of(struct store_db *db, const struct repeated *of, uint64_t *index)
{
    struct ledger_hash leaf;
    int64_t peer_no, key;
    int rc = of->entry->seq ? db_peer_no(db, of->entry->to, false, &peer_no)
                            : inbox_find(db, of->entry->to, of->receipt_first, &leaf, index);
    if (!rc && of->entry->seq)
        rc = db_direction_key(peer_no, (uint64_t)of->entry->seq, &key);
    if (rc || !of->entry->seq)
        return rc == TB_ENOTFOUND ? 0 : rc;
    struct db_query q = q_start(db, SQL_OUTBOX_INDEX);
    q_int(&q, key);
    if (q_next(&q))
        *index = (uint64_t)q_get_int(&q, 0);
    return q_end(&q);
}

int recover_repeated(struct store_db *db, uint64_t again, const struct repeated *of, const char *line, size_t len, bool *known)
{
    struct ledger_hash here, leaf;
    uint64_t index = 0;
    *known = false;
    if (!db->recovering)
        return TB_EINVAL;
    int rc = place_of(db, of, &index);
    if (rc || !index)
        return rc;
    rc = store_entry_leaf(db, index, &here);
    if (!rc)
        rc = ledger_leaf(db->options->signer->suite, line, len, &leaf);
    if (rc || memcmp(here.b, leaf.b, sizeof here.b) != 0)
        return rc;
    *known = true;
    rc = put_line(db, again, of->entry->at, line, len);
    return rc ? rc : refer(db, of, index, again);
}

int store_next_repeat(struct store_db *db, int64_t after, uint64_t *index, uint64_t *again)
{
    bool any;
    struct db_query q = q_start(db, SQL_REPEAT_NEXT);
    q_int(&q, after);
    any = q_next(&q);
    if (any) {
        *index = (uint64_t)q_get_int(&q, 0);
        *again = (uint64_t)q_get_int(&q, 1);
    }
    int rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

int store_repeated(struct store_db *db, uint64_t index, uint64_t *again, uint64_t *first)
{
    *again = *first = 0;
    struct db_query q = q_start(db, SQL_REPEAT_GET);
    q_int(&q, (int64_t)index);
    if (q_next(&q)) {
        *again = (uint64_t)q_get_int(&q, 0);
        *first = (uint64_t)q_get_int(&q, 1);
    }
    return q_end(&q);
}
