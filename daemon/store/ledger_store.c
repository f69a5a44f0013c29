/* ledger_store: the ledger's rows.  Mathematics stands in proto/ledger.h; here are only the places where nodes are
 * kept. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/witness.h"
#include "proto/retention.h"

enum { START_RECHECK = 100, PRUNE_ROWS = 2000, HEAD_BYTES = 512, COSIGNATURE_BYTES = 8192 };

static const struct suite *suite_of(const struct store_db *db)
{
    return db->options->signer->suite;
}

/* ---- nodes ---- */

static int node_read(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    struct store_db *db = context;
    if (level >= LEDGER_LEVELS || index >> (62 - level))
        return TB_EINVAL;
    uint64_t key = ((uint64_t)(level + 1) << 56) | (index & ((UINT64_C(1) << 56) - 1));
    struct db_node *slot = &db->node[(key * UINT64_C(0x9E3779B97F4A7C15)) >> 54];
    if (slot->key == key && !(index >> 56)) {
        *out = slot->hash;
        return 0;
    }
    uint64_t leaf = ((index + 1) << level) - 1;
    bool found = false;
    struct ledger_hash hash;
    struct db_query q = q_start(db, SQL_ENTRY_HASHES);
    q_int(&q, (int64_t)leaf);
    if (q_next(&q)) {
        const uint8_t *bytes = sqlite3_column_blob(q.statement, 0);
        size_t len = (size_t)sqlite3_column_bytes(q.statement, 0);
        if (bytes && len % SUITE_HASH_BYTES == 0 && len / SUITE_HASH_BYTES > level) {
            memcpy(hash.b, bytes + (size_t)level * SUITE_HASH_BYTES, SUITE_HASH_BYTES);
            found = true;
        }
    }
    int rc = q_end(&q);
    if (!rc && !found)
        rc = db_gap_node(db, level, index, &hash); /* a proof asks only for what a tree of that size has */
    if (rc)
        return rc;
    if (!(index >> 56)) {
        slot->key = key;
        slot->hash = hash;
    }
    *out = hash;
    return 0;
}

static struct ledger_nodes nodes_of(struct store_db *db)
{
    return (struct ledger_nodes){.node = node_read, .context = db};
}

struct ledger_nodes store_nodes(struct store_db *db)
{
    return nodes_of(db);
}

uint64_t store_ledger_size(struct store_db *db)
{
    if (db->writable)
        return db->frontier.size;
    if (db->deadline_ms && db->seen_size) /* the query reads one snapshot, and each proof asks */
        return db->seen_size;
    uint64_t size = 0;
    struct db_query q = q_start(db, SQL_ENTRY_LAST);
    if (q_next(&q) && sqlite3_column_type(q.statement, 0) == SQLITE_INTEGER)
        size = (uint64_t)q_get_int(&q, 0) + 1;
    if (q_end(&q))
        return 0;
    db->seen_size = size;
    return size;
}

int store_prove_inclusion(struct store_db *db, uint64_t index, uint64_t size, struct ledger_path *out)
{
    if (size > store_ledger_size(db))
        return TB_EINVAL;
    struct ledger_nodes nodes = nodes_of(db);
    return ledger_prove_inclusion(suite_of(db), &nodes, index, size, out);
}

int store_prove_consistency(struct store_db *db, uint64_t old_size, uint64_t new_size, struct ledger_path *out)
{
    if (new_size > store_ledger_size(db))
        return TB_EINVAL;
    struct ledger_nodes nodes = nodes_of(db);
    return ledger_prove_consistency(suite_of(db), &nodes, old_size, new_size, out);
}

/* ---- append ---- */

static int complete(struct store_db *db, struct entry *entry)
{
    const struct world *world = db->options->world;
    if (!entry->at)
        entry->at = world->now_ms(world->context);
    if (!entry->id[0]) {
        uint8_t random[10];
        world->random(world->context, random, sizeof random);
        uuid_v7(entry->at, random, entry->id);
        trace_mark_id(db->trace, entry->id);
    }
    if (!entry->from[0])
        memcpy(entry->from, db->options->office, OFFICE_TEXT);
    if (!entry_type_is_message(entry->type))
        return 0;
    if (!entry->to[0]) /* stays in this office; entry_encode refuses what has to go to somebody */
        return 0;
    int64_t peer_no;
    int rc = db_peer_no(db, entry->to, true, &peer_no);
    if (rc)
        return rc;
    int64_t seq = 0;
    struct db_query q = q_start(db, SQL_PEER_NEXT_SEQ);
    q_int(&q, peer_no);
    if (q_next(&q))
        seq = q_get_int(&q, 0);
    rc = q_end(&q);
    if (!rc && seq <= 0)
        rc = TB_ECORRUPT;
    if (rc)
        return rc;
    entry->seq = seq;
    q = q_start(db, SQL_PEER_TAKE_SEQ);
    q_int(&q, peer_no);
    return q_run(&q, NULL);
}

static int insert_line(struct store_db *db, int64_t at, const struct buf *line, uint64_t *index, struct ledger_hash *leaf)
{
    const struct suite *suite = suite_of(db);
    struct ledger_hash completed[LEDGER_LEVELS];
    struct ledger_frontier next = db->frontier;
    unsigned count = 0;
    int rc = ledger_leaf(suite, line->data, line->len, leaf);
    if (!rc)
        rc = ledger_append(suite, &next, leaf, completed, &count);
    if (rc)
        return rc;
    *index = db->frontier.size;
    struct db_query q = q_start(db, SQL_ENTRY_ADD);
    q_int(&q, (int64_t)*index);
    q_int(&q, at);
    q_blob(&q, completed, count * sizeof completed[0]);
    q_blob(&q, line->data, line->len);
    rc = q_run(&q, NULL);
    if (!rc)
        db->frontier = next;
    return rc;
}

int db_queue_message(struct store_db *db, const struct entry *entry, uint64_t index)
{
    int64_t peer_no, key = 0;
    int rc = db_peer_no(db, entry->to, false, &peer_no);
    if (!rc)
        rc = db_direction_key(peer_no, (uint64_t)entry->seq, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_OUTBOX_ADD);
    q_int(&q, key);
    q_int(&q, (int64_t)index);
    q_int(&q, entry->at);
    /* an act is found by its object, not by the case it may be about */
    q_text(&q, entry_type_is_act(entry->type) ? "" : entry->case_no);
    return q_run(&q, NULL);
}

int store_append(struct store_db *db, struct entry *entry, uint64_t *index, struct ledger_hash *leaf)
{
    struct ledger_hash hash;
    uint64_t at = 0;
    if (!db->in_command)
        return TB_EINVAL;
    if (db_ledger_closed(db))
        return db->broken = TB_EBEHIND;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    int rc = complete(db, entry);
    if (!rc)
        rc = entry_encode(entry, &line);
    if (!rc)
        rc = insert_line(db, entry->at, &line, &at, &hash);
    if (!rc && entry->seq)
        rc = db_queue_message(db, entry, at);
    buf_free(&line);
    /* A number was perhaps taken already: the command may not be kept, even when it overlooks this. */
    if (rc && !db->broken)
        db->broken = rc;
    if (!rc && index)
        *index = at;
    if (!rc && leaf)
        *leaf = hash;
    return rc;
}

int db_ledger_repeat(struct store_db *db, uint64_t index, int64_t at, uint64_t *again)
{
    struct ledger_hash leaf;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    int rc = store_entry_line(db, index, &line);
    if (!rc)
        rc = insert_line(db, at, &line, again, &leaf);
    buf_free(&line);
    return rc;
}

int store_entry_line(struct store_db *db, uint64_t index, struct buf *line)
{
    if (index > INT64_MAX)
        return TB_ENOTFOUND;
    bool found = false;
    struct db_query q = q_start(db, SQL_ENTRY_LINE);
    q_int(&q, (int64_t)index);
    if (q_next(&q)) {
        found = true;
        q_check_leaf(&q, 0, 1);
        q_get_append(&q, 0, line);
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int store_entry_head(struct store_db *db, uint64_t index, struct entry *head)
{
    if (index > INT64_MAX)
        return TB_ENOTFOUND;
    int seen = TB_ENOTFOUND;
    struct db_query q = q_start(db, SQL_ENTRY_HEAD);
    q_int(&q, (int64_t)index);
    q_int(&q, HEAD_BYTES);
    if (q_next(&q)) {
        const void *bytes = sqlite3_column_blob(q.statement, 0);
        seen = bytes ? entry_peek(bytes, (size_t)sqlite3_column_bytes(q.statement, 0), head) : TB_EMALFORMED;
    }
    int rc = q_end(&q);
    return rc ? rc : seen;
}

/* ---- checkpoints ---- */

int db_ledger_checkpoint(struct store_db *db)
{
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    struct ledger_hash root;
    int rc = ledger_root(suite_of(db), &db->frontier, &root);
    if (!rc)
        rc = checkpoint_sign(db->options->signer, db->frontier.size, &root, &note);
    if (!rc && db->options->previous_signer)
        rc = checkpoint_sign_also(db->options->previous_signer, &note);
    if (!rc) {
        struct db_query q = q_start(db, SQL_CHECKPOINT_ADD);
        q_int(&q, (int64_t)db->frontier.size);
        q_text(&q, note.data);
        rc = q_run(&q, NULL);
    }
    buf_free(&note);
    return rc;
}

/* Reads the row that `q` stands for: size, note, cosignatures. */
static int checkpoint_row(struct db_query *q, uint64_t *size, struct buf *note)
{
    bool found = false;
    size_t before = note->len;
    uint64_t n = 0;
    if (q_next(q)) {
        found = true;
        n = (uint64_t)q_get_int(q, 0);
        q_get_append(q, 1, note);
        q_get_append(q, 2, note);
    }
    int rc = q_end(q);
    if (!rc && !found)
        return TB_ENOTFOUND;
    if (rc) {
        note->len = before;
        return rc;
    }
    if (size)
        *size = n;
    return 0;
}

int store_checkpoint(struct store_db *db, bool cosigned_only, uint64_t *size, struct buf *note)
{
    struct db_query q = q_start(db, cosigned_only ? SQL_CHECKPOINT_COSIGNED : SQL_CHECKPOINT_LAST);
    return checkpoint_row(&q, size, note);
}

int store_checkpoint_at(struct store_db *db, uint64_t size, struct buf *note)
{
    if (size > INT64_MAX)
        return TB_ENOTFOUND;
    struct db_query q = q_start(db, SQL_CHECKPOINT_AT);
    q_int(&q, (int64_t)size);
    return checkpoint_row(&q, NULL, note);
}

static int cosigned_before(struct store_db *db, uint64_t size, int64_t *out)
{
    struct db_query q = q_start(db, SQL_CHECKPOINT_COSIGNED_BEFORE);
    q_int(&q, (int64_t)size);
    int64_t found = q_next(&q) ? q_get_int(&q, 0) : 0; /* NULL reads as 0 */
    int rc = q_end(&q);
    if (!rc)
        *out = found;
    return rc;
}

/* Checkpoints that nobody cosigned go, one generation late: with several peers an older one may still come back
 * cosigned. */
static int prune(struct store_db *db, uint64_t size)
{
    int64_t last = 0, before = 0;
    int rc = cosigned_before(db, size, &last);
    if (!rc && last)
        rc = cosigned_before(db, (uint64_t)last, &before);
    if (rc || !last)
        return rc;
    struct db_query q = q_start(db, SQL_CHECKPOINT_PRUNE);
    q_int(&q, before);
    q_int(&q, last);
    q_int(&q, PRUNE_ROWS);
    return q_run(&q, NULL);
}

/* Replaces the line of the same key name ("— name …"), else adds it. */
static int merge_line(const char *old, const char *line, struct buf *out)
{
    const char *name_end = strchr(line + strlen("— "), ' ');
    if (!name_end)
        return TB_EMALFORMED;
    size_t prefix = (size_t)(name_end - line) + 1;
    int rc = 0;
    for (const char *at = old; *at && !rc;) {
        const char *end = strchr(at, '\n');
        size_t len = end ? (size_t)(end - at) + 1 : strlen(at);
        if (len < prefix || memcmp(at, line, prefix))
            rc = buf_append(out, at, len);
        at += len;
    }
    return rc ? rc : buf_append_str(out, line);
}

int store_add_cosignature(struct store_db *db, uint64_t size, const char *line)
{
    size_t len = strlen(line);
    if (size > INT64_MAX || strncmp(line, "— ", strlen("— ")) || line[len - 1] != '\n' ||
        strchr(line, '\n') != line + len - 1)
        return TB_EMALFORMED;
    char *old = NULL;
    struct db_query q = q_start(db, SQL_CHECKPOINT_AT);
    q_int(&q, (int64_t)size);
    if (q_next(&q))
        old = q_get_new_text(&q, 2, NULL);
    int rc = q_end(&q);
    if (!rc && !old)
        rc = TB_ENOTFOUND;
    struct buf merged;
    buf_init(&merged, COSIGNATURE_BYTES);
    if (!rc)
        rc = merge_line(old, line, &merged);
    if (!rc) {
        q = q_start(db, SQL_CHECKPOINT_COSIGN);
        q_int(&q, (int64_t)size);
        q_text(&q, merged.data);
        rc = q_run(&q, NULL);
    }
    if (!rc)
        rc = prune(db, size);
    buf_free(&merged);
    free(old);
    return rc;
}

/* ---- at start ---- */

/* Hashes the last entries again, from the stored frontier before them, and compares every node on the way. */
static int recheck_tail(struct store_db *db, struct ledger_frontier *frontier, uint64_t size)
{
    const struct suite *suite = suite_of(db);
    struct db_query q = q_start(db, SQL_ENTRY_TAIL);
    q_int(&q, (int64_t)frontier->size);
    while (q_next(&q)) {
        struct ledger_hash leaf, completed[LEDGER_LEVELS];
        unsigned count = 0;
        const void *hashes = sqlite3_column_blob(q.statement, 1), *line = sqlite3_column_blob(q.statement, 2);
        size_t hashes_len = (size_t)sqlite3_column_bytes(q.statement, 1),
               line_len = (size_t)sqlite3_column_bytes(q.statement, 2);
        if ((uint64_t)q_get_int(&q, 0) != frontier->size || !hashes || !line)
            q.rc = TB_ECORRUPT;
        else if (!(q.rc = retention_leaf(suite, line, line_len, hashes, hashes_len, &leaf)) &&
                 !(q.rc = ledger_append(suite, frontier, &leaf, completed, &count)) &&
                 (hashes_len != count * sizeof completed[0] || memcmp(hashes, completed, hashes_len)))
            q.rc = TB_ECORRUPT;
    }
    int rc = q_end(&q);
    return rc ? rc : frontier->size == size ? 0 : TB_ECORRUPT;
}

int db_ledger_load(struct store_db *db, struct problem *p)
{
    ledger_frontier_init(&db->frontier);
    struct db_query q = q_start(db, SQL_ENTRY_LAST);
    uint64_t size = 0;
    if (q_next(&q) && sqlite3_column_type(q.statement, 0) == SQLITE_INTEGER)
        size = (uint64_t)q_get_int(&q, 0) + 1;
    int rc = q_end(&q);
    struct buf note;
    buf_init(&note, 4 * LIMIT_NOTE_BYTES);
    uint64_t noted = 0;
    if (!rc)
        rc = store_checkpoint(db, false, &noted, &note);
    if (rc == TB_ENOTFOUND)
        rc = 0;
    if (!rc && noted != size) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The ledger has %llu entries, but its last checkpoint says %llu",
                    (unsigned long long)size, (unsigned long long)noted);
        rc = TB_ECORRUPT;
    } else if (rc) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The end of the ledger cannot be read: %s", err_text(rc));
    } else if (size) {
        struct checkpoint checkpoint;
        struct ledger_hash root;
        struct ledger_frontier frontier;
        struct ledger_nodes nodes = nodes_of(db);
        uint64_t from = size > START_RECHECK ? size - START_RECHECK : 0, gap = 0, until = 0;
        const char *what = "The last checkpoint is not signed by the configured key. In a copy of before a change of the key it is that "
                           "one's: put the key file back that has both, the one of before `tongbanctl key retire`";
        rc = checkpoint_verify(&db->options->signer->vkey, note.data, note.len, &checkpoint);
        if (rc == TB_ETRUST && db->options->previous_signer) /* the key was rotated while the daemon stood */
            rc = checkpoint_verify(&db->options->previous_signer->vkey, note.data, note.len, &checkpoint);
        if (!rc)
            rc = store_gap_before(db, size, &gap, &until);
        if (!rc) {
            from = until > from ? until : from; /* entries that are lost cannot be hashed again */
            what = "The ledger is damaged: the stored hashes do not fit the last entries";
            rc = ledger_frontier_load(&nodes, from, &frontier);
        }
        if (!rc)
            rc = recheck_tail(db, &frontier, size);
        if (!rc)
            rc = ledger_root(suite_of(db), &frontier, &root);
        if (!rc && (checkpoint.size != size || memcmp(root.b, checkpoint.root.b, sizeof root.b))) {
            what = "The ledger is damaged: the last entries do not give the root of the last checkpoint";
            rc = TB_ECORRUPT;
        }
        if (!rc)
            db->frontier = frontier;
        else
            problem_set(p, PROBLEM_STORE_FAILED, "", "%s", what);
        if (rc && rc != TB_EIO && rc != TB_ENOMEM && rc != TB_ETEMP)
            rc = TB_ECORRUPT;
    }
    buf_free(&note);
    return rc;
}
