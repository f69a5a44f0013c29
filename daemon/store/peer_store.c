/* peer_store: rows of the exchange — peers, our messages, their messages, receipts in both directions. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

void peer_row_clear(struct peer_row *row)
{
    if (!row)
        return;
    free(row->their_cosignature);
    row->their_cosignature = NULL;
}

int peer_get(struct store_db *db, const char *office, struct peer_row *row)
{
    struct peer_row found;
    memset(&found, 0, sizeof found);
    int64_t no;
    int rc = db_peer_no(db, office, true, &no);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    memcpy(found.office, office, OFFICE_TEXT);
    found.next_seq = 1;
    struct db_query q = q_start(db, SQL_PEER_GET);
    q_text(&q, office);
    if (q_next(&q)) {
        found.next_seq = q_get_int(&q, 0);
        found.sent.seq = q_get_int(&q, 1);
        q_get_bytes(&q, 2, found.sent.hash.b, sizeof found.sent.hash.b);
        found.received.seq = q_get_int(&q, 3);
        q_get_bytes(&q, 4, found.received.hash.b, sizeof found.received.hash.b);
        found.acked_size = (uint64_t)q_get_int(&q, 5);
        found.their_size = (uint64_t)q_get_int(&q, 6);
        q_get_bytes(&q, 7, found.their_root.b, sizeof found.their_root.b);
        found.their_cosignature = q_get_new_text(&q, 8, NULL);
        found.last_exchange = q_get_int(&q, 9);
        found.last_idle = q_get_int(&q, 10);
    }
    rc = q_end(&q);
    if (rc)
        peer_row_clear(&found);
    else
        *row = found;
    return rc;
}

int peer_put(struct store_db *db, const struct peer_row *row)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_PEER_PUT);
    q_text(&q, row->office);
    q_int(&q, row->sent.seq);
    q_hash(&q, &row->sent.hash);
    q_int(&q, row->received.seq);
    q_hash(&q, &row->received.hash);
    q_int(&q, (int64_t)row->acked_size);
    q_int(&q, (int64_t)row->their_size);
    q_hash(&q, &row->their_root);
    q_text(&q, row->their_cosignature);
    q_int(&q, row->last_exchange);
    q_int(&q, row->last_idle);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

static int key_of(struct store_db *db, const char *peer, bool make, int64_t n, int64_t *key)
{
    int64_t no;
    if (n < 0)
        return TB_EINVAL;
    int rc = db_peer_no(db, peer, make, &no);
    return rc ? rc : db_direction_key(no, (uint64_t)n, key);
}

/* ---- our messages ---- */

static int last_key(struct store_db *db, const char *peer, int64_t *key)
{
    return key_of(db, peer, false, (INT64_C(1) << DB_DIRECTION_BITS) - 1, key);
}

int outbox_read(struct store_db *db, const char *peer, int64_t after_seq, size_t max_count, size_t max_bytes,
                struct outgoing **rows, size_t *count)
{
    int64_t after = 0, last = 0;
    int rc = key_of(db, peer, false, after_seq, &after);
    if (!rc)
        rc = last_key(db, peer, &last);
    if (rc == TB_ENOTFOUND || (!rc && !max_count)) {
        *rows = NULL;
        *count = 0;
        return 0;
    }
    if (rc)
        return rc;
    if (max_count > LIMIT_BATCH_MESSAGES)
        max_count = LIMIT_BATCH_MESSAGES;
    struct outgoing *found = calloc(max_count, sizeof *found);
    if (!found)
        return TB_ENOMEM;
    size_t n = 0, bytes = 0;
    struct db_query q = q_start(db, SQL_OUTBOX_READ);
    q_int(&q, after);
    q_int(&q, last);
    q_int(&q, (int64_t)max_count);
    while (n < max_count && q_next(&q)) {
        size_t len = (size_t)sqlite3_column_bytes(q.statement, 2);
        if (n && bytes + len > max_bytes)
            break;
        q_check_leaf(&q, 2, 3);
        found[n].seq = DB_KEY_N(q_get_int(&q, 0));
        found[n].index = (uint64_t)q_get_int(&q, 1);
        found[n].line = q_get_new_text(&q, 2, &found[n].len);
        if (!found[n].line && !q.rc)
            q.rc = db_code(db, SQLITE_CORRUPT); /* a message without its entry */
        bytes += len;
        n++;
    }
    rc = q_end(&q);
    if (rc) {
        outgoing_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

void outgoing_free(struct outgoing *rows, size_t count)
{
    if (!rows)
        return;
    for (size_t i = 0; i < count; i++)
        free(rows[i].line);
    free(rows);
}

int outbox_index(struct store_db *db, const char *peer, int64_t seq, uint64_t *index, struct ledger_hash *leaf,
                 char case_no[CASE_NO_TEXT], int64_t *at)
{
    int64_t key = 0;
    bool found = false;
    int rc = key_of(db, peer, false, seq, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_OUTBOX_INDEX);
    q_int(&q, key);
    if (q_next(&q)) {
        const void *hashes = sqlite3_column_blob(q.statement, 3);
        found = hashes && sqlite3_column_bytes(q.statement, 3) >= SUITE_HASH_BYTES;
        if (!found)
            q.rc = db_code(db, SQLITE_CORRUPT); /* a message without its entry */
        if (found && leaf)
            memcpy(leaf->b, hashes, sizeof leaf->b);
        if (index)
            *index = (uint64_t)q_get_int(&q, 0);
        if (case_no)
            q_get_text(&q, 1, case_no, CASE_NO_TEXT);
        if (at)
            *at = q_get_int(&q, 2);
    }
    rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int outbox_oldest(struct store_db *db, const char *peer, int64_t acked_seq, int64_t *seq, int64_t *at)
{
    int64_t after = 0, last = 0, key = 0, time = 0;
    int rc = key_of(db, peer, false, acked_seq, &after);
    if (!rc)
        rc = last_key(db, peer, &last);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_OUTBOX_OLDEST);
    q_int(&q, after);
    q_int(&q, last);
    if (q_next(&q)) {
        key = q_get_int(&q, 0);
        time = q_get_int(&q, 1);
    }
    rc = q_end(&q);
    if (rc || !key)
        return rc ? rc : TB_ENOTFOUND;
    *seq = DB_KEY_N(key);
    *at = time;
    return 0;
}

/* ---- their messages ---- */

/* Binds key, leaf, index, tree size, path, line. */
static void bind_received(struct db_query *q, int64_t key, const struct inbox_row *row)
{
    q_int(q, key);
    q_hash(q, &row->leaf);
    q_int(q, (int64_t)row->index);
    q_int(q, (int64_t)row->tree_size);
    q_blob(q, row->path.hash, row->path.count * sizeof row->path.hash[0]);
    q_blob(q, row->line, row->len);
}

/* Reads leaf, index, tree size, path, line. */
static void read_received(struct db_query *q, struct inbox_row *row)
{
    q_check_leaf(q, 4, 0);
    q_get_bytes(q, 0, row->leaf.b, sizeof row->leaf.b);
    row->index = (uint64_t)q_get_int(q, 1);
    row->tree_size = (uint64_t)q_get_int(q, 2);
    q_get_path(q, 3, &row->path);
    row->line = q_get_new_text(q, 4, &row->len);
}

int inbox_add(struct store_db *db, const struct inbox_row *row)
{
    int64_t key = 0;
    if (row->seq < 1 || row->path.count > LEDGER_PATH_MAX)
        return TB_EINVAL;
    int rc = key_of(db, row->peer, true, row->seq, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_INBOX_ADD);
    bind_received(&q, key, row);
    rc = q_run(&q, NULL);
    if (!rc)
        db->received = true;
    return rc;
}

void inbox_clear(struct inbox_row *row)
{
    if (!row)
        return;
    free((void *)(uintptr_t)row->line);
    row->line = NULL;
    row->len = 0;
}

/* Our receipt over message `seq`, or TB_ENOTFOUND while there is none. */
static int receipt_of(struct store_db *db, const char *peer, int64_t seq, uint64_t *receipt_index)
{
    int64_t key = 0, lowest = 0, last = -1, index = 0;
    int rc = key_of(db, peer, false, seq, &key);
    if (!rc)
        rc = key_of(db, peer, false, 0, &lowest);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_INBOX_RECEIPT_GET);
    q_int(&q, key);
    q_int(&q, lowest);
    if (q_next(&q)) {
        last = q_get_int(&q, 0);
        index = q_get_int(&q, 1);
    }
    rc = q_end(&q);
    if (rc || last < seq)
        return rc ? rc : TB_ENOTFOUND;
    *receipt_index = (uint64_t)index;
    return 0;
}

int inbox_get(struct store_db *db, const char *peer, int64_t seq, struct inbox_row *row)
{
    struct inbox_row found;
    memset(&found, 0, sizeof found);
    int64_t key = 0;
    int rc = key_of(db, peer, false, seq, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_INBOX_GET);
    q_int(&q, key);
    bool any = q_next(&q);
    if (any)
        read_received(&q, &found);
    rc = q_end(&q);
    if (!rc && !any)
        rc = TB_ENOTFOUND;
    if (!rc) {
        rc = receipt_of(db, peer, seq, &found.receipt_index);
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    if (rc) {
        inbox_clear(&found);
        return rc;
    }
    memcpy(found.peer, peer, OFFICE_TEXT);
    found.seq = seq;
    *row = found;
    return 0;
}

int inbox_find(struct store_db *db, const char *peer, int64_t seq, struct ledger_hash *leaf, uint64_t *receipt_index)
{
    struct ledger_hash hash;
    uint64_t receipt = 0;
    int64_t key = 0;
    int rc = key_of(db, peer, false, seq, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_INBOX_LEAF);
    q_int(&q, key);
    bool any = q_next(&q);
    if (any)
        q_get_bytes(&q, 0, hash.b, sizeof hash.b);
    rc = q_end(&q);
    if (rc || !any)
        return rc ? rc : TB_ENOTFOUND;
    rc = receipt_of(db, peer, seq, &receipt);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    *leaf = hash;
    *receipt_index = receipt;
    return 0;
}

int inbox_set_receipt(struct store_db *db, const char *peer, int64_t first, int64_t last, uint64_t receipt_index)
{
    int64_t key = 0;
    if (first < 1 || last < first)
        return TB_EINVAL;
    int rc = key_of(db, peer, true, first, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_INBOX_RECEIPT_ADD);
    q_int(&q, key);
    q_int(&q, last);
    q_int(&q, (int64_t)receipt_index);
    return q_run(&q, NULL);
}

int receipt_add(struct store_db *db, const struct inbox_row *row, int64_t first, int64_t last)
{
    int64_t key = 0;
    if (first < 1 || last < first || row->path.count > LEDGER_PATH_MAX)
        return TB_EINVAL;
    int rc = key_of(db, row->peer, true, first, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_RECEIPT_ADD);
    bind_received(&q, key, row);
    q_int(&q, last);
    rc = q_run(&q, NULL);
    if (!rc)
        db->received = true;
    return rc;
}

int receipt_get(struct store_db *db, const char *peer, int64_t seq, struct inbox_row *row)
{
    struct inbox_row found;
    memset(&found, 0, sizeof found);
    int64_t key = 0, lowest = 0, last = -1;
    int rc = key_of(db, peer, false, seq, &key);
    if (!rc)
        rc = key_of(db, peer, false, 0, &lowest);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_RECEIPT_GET);
    q_int(&q, key);
    q_int(&q, lowest);
    if (q_next(&q)) {
        last = q_get_int(&q, 6);
        if (last >= seq) {
            read_received(&q, &found);
            found.seq = DB_KEY_N(q_get_int(&q, 5));
        }
    }
    rc = q_end(&q);
    if (!rc && last < seq)
        rc = TB_ENOTFOUND;
    if (rc) {
        inbox_clear(&found);
        return rc;
    }
    memcpy(found.peer, peer, OFFICE_TEXT);
    *row = found;
    return 0;
}

/* ---- their checkpoints ---- */

int peer_checkpoint_add(struct store_db *db, const char *peer, uint64_t size, const char *note, size_t len)
{
    int64_t key = 0;
    int rc = size > INT64_MAX ? TB_ELIMIT : key_of(db, peer, true, (int64_t)size, &key);
    if (rc)
        return rc;
    char *text = strndup(note, len);
    if (!text)
        return TB_ENOMEM;
    struct db_query q = q_start(db, SQL_PEER_CHECKPOINT_ADD);
    q_int(&q, key);
    q_text(&q, text);
    rc = q_run(&q, NULL);
    free(text);
    return rc;
}

int peer_checkpoint_get(struct store_db *db, const char *peer, uint64_t size, struct buf *note)
{
    int64_t key = 0;
    int rc = size > INT64_MAX ? TB_ENOTFOUND : key_of(db, peer, false, (int64_t)size, &key);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_PEER_CHECKPOINT_GET);
    q_int(&q, key);
    bool any = q_next(&q);
    if (any)
        q_get_append(&q, 0, note);
    rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}
