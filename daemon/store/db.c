#include "daemon/store/db.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "proto/retention.h"

enum { READ, WRITE };
static const struct {
    const char *name, *text;
    int who;
} statements[SQL_COUNT] = {
#define S(id, class, sql) [SQL_##id] = {#id, sql, class},
    STATEMENT_TABLE(S)
#undef S
};

enum { WRITER_CACHE_KIB = 4096, READER_CACHE_KIB = 1024, BUSY_MS = 100, PROGRESS_OPS = 2000 };

int db_code(struct store_db *db, int sqlite_rc)
{
    int code = TB_EIO;
    switch (sqlite_rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return TB_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TB_ETEMP;
    case SQLITE_INTERRUPT:
        return TB_ETIMEOUT;
    case SQLITE_CONSTRAINT:
        return TB_ECONFLICT;
    case SQLITE_TOOBIG:
        return TB_ELIMIT;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
        return TB_EINVAL;
    case SQLITE_FULL:
        code = TB_EFULL;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        code = TB_ECORRUPT;
        break;
    case SQLITE_IOERR:
        if (sqlite_rc == SQLITE_IOERR_NOMEM)
            return TB_ENOMEM;
        break;
    default:
        break;
    }
    if (!db->fatal)
        db->fatal = code;
    return code;
}

int db_exec(struct store_db *db, const char *sql)
{
    return db_code(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

int db_pragma_int(struct store_db *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW)
            *out = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? TB_ENOTFOUND : db_code(db, rc);
}

static int on_progress(void *context)
{
    const struct store_db *db = context;
    const struct world *world = db->options->world;
    return db->deadline_ms && world->monotonic_ms(world->context) > db->deadline_ms;
}

static int on_wal(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct store_db *db = context;
    (void)handle;
    (void)name;
    db->wal_frames = pages;
    return SQLITE_OK;
}

static int set_pragmas(struct store_db *db, const char *vfs)
{
    int rc = db_code(db, sqlite3_extended_result_codes(db->handle, 1));
    if (!rc)
        rc = db_code(db, sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL));
    if (!rc)
        rc = db_code(db, sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL));
    if (!rc)
        rc = db_code(db, sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL));
    if (!rc)
        rc = db_code(db, sqlite3_busy_timeout(db->handle, BUSY_MS));
    /* A VFS of ours has no shared memory: with exclusive locking set before the file is looked at, WAL needs none. */
    if (!rc && vfs && db->writable)
        rc = db_exec(db, "PRAGMA locking_mode = EXCLUSIVE;");
    if (!rc)
        rc = db_exec(
            db,
            "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;");
    if (rc || !db->writable)
        return rc;
    char text[96];
    sqlite3_snprintf(sizeof text, text, "PRAGMA page_size = %d; PRAGMA cache_size = -%d;", DB_PAGE_BYTES,
                     WRITER_CACHE_KIB);
    rc = db_exec(db, text);
    /* A new file becomes a WAL database through a rollback journal.  EXTRA syncs the directory after that journal's
     * removal: if it came back after a power cut it would undo the change, and the WAL with all that was committed
     * would be ignored. */
    if (!rc)
        rc = db_exec(db, "PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA "
                         "wal_autocheckpoint = 0; PRAGMA secure_delete = ON;");
    if (!rc)
        sqlite3_wal_hook(db->handle, on_wal, db);
    return rc;
}

int db_open(struct store_db *db, const char *path, const char *vfs, bool writable, struct problem *p)
{
    struct store *store = db->store;
    const struct store_options *options = db->options;
    memset(db, 0, sizeof *db);
    db->store = store;
    db->options = options;
    db->writable = writable;
    db->node = calloc(DB_NODE_CACHE, sizeof *db->node);
    if (!db->node)
        return problem_from_code(p, TB_ENOMEM);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    int rc = db_code(db, sqlite3_open_v2(path, &db->handle, flags, vfs));
    if (!rc)
        rc = set_pragmas(db, options->vfs);
    if (!rc && !writable) {
        char text[64];
        sqlite3_snprintf(sizeof text, text, "PRAGMA cache_size = -%d; PRAGMA query_only = ON;", READER_CACHE_KIB);
        rc = db_exec(db, text);
        sqlite3_progress_handler(db->handle, PROGRESS_OPS, on_progress, db);
    }
    if (rc) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The database cannot be opened: %s",
                    db->handle ? sqlite3_errmsg(db->handle) : err_text(rc));
        db_close(db);
    }
    return rc;
}

static int prepare_one(struct store_db *db, int i)
{
    return sqlite3_prepare_v3(db->handle, statements[i].text, -1, SQLITE_PREPARE_PERSISTENT, &db->statement[i], NULL);
}

int db_prepare(struct store_db *db, struct problem *p)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        int sqlite_rc = prepare_one(db, i);
        if (sqlite_rc != SQLITE_OK) {
            problem_set(p, PROBLEM_STORE_FAILED, "", "Statement %s does not fit the database: %s", statements[i].name,
                        sqlite3_errmsg(db->handle));
            /* A statement that the schema does not know means that the file's schema is not what its version says. */
            return (sqlite_rc & 0xff) == SQLITE_ERROR ? TB_ECORRUPT : db_code(db, sqlite_rc);
        }
        sqlite3_finalize(db->statement[i]); /* most are never asked for between two starts, and each takes some KB */
        db->statement[i] = NULL;
    }
    return 0;
}

void db_close(struct store_db *db)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(db->statement[i]);
        db->statement[i] = NULL;
    }
    sqlite3_close(db->handle);
    db->handle = NULL;
    db_forget_items(db);
    free(db->item);
    db->item = NULL;
    free(db->node);
    db->node = NULL;
}

void db_forget_items(struct store_db *db)
{
    for (size_t i = 0; db->item && i < DB_ITEM_CACHE; i++) {
        json_decref(db->item[i].doc);
        db->item[i].doc = NULL;
    }
}

void db_forget(struct store_db *db)
{
    db->peers = 0;
    db_forget_items(db);
    memset(db->node, 0, DB_NODE_CACHE * sizeof *db->node);
}

int db_simple(struct store_db *db, enum sql_id id)
{
    struct db_query q = q_start(db, id);
    return q_run(&q, NULL);
}

/* ---- queries ---- */

struct db_query q_start(struct store_db *db, enum sql_id id)
{
    struct db_query q = {.db = db};
    if (!db->writable && statements[id].who == WRITE) {
        q.rc = TB_EINVAL; /* a write statement on a reader */
        return q;
    }
    int sqlite_rc = db->statement[id] ? SQLITE_OK : prepare_one(db, (int)id);
    if (sqlite_rc != SQLITE_OK)
        q.rc = db_code(db, sqlite_rc);
    q.statement = db->statement[id];
    return q;
}

static void bound(struct db_query *q, int sqlite_rc)
{
    if (!q->rc && sqlite_rc != SQLITE_OK)
        q->rc = db_code(q->db, sqlite_rc);
}

void q_int(struct db_query *q, int64_t value)
{
    if (!q->rc)
        bound(q, sqlite3_bind_int64(q->statement, ++q->bound, value));
}

void q_text(struct db_query *q, const char *text)
{
    if (!q->rc)
        bound(q, text ? sqlite3_bind_text64(q->statement, ++q->bound, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8)
                      : sqlite3_bind_null(q->statement, ++q->bound));
}

void q_blob(struct db_query *q, const void *bytes, size_t len)
{
    if (!q->rc)
        bound(q, len ? sqlite3_bind_blob64(q->statement, ++q->bound, bytes, len, SQLITE_STATIC)
                     : sqlite3_bind_zeroblob(q->statement, ++q->bound, 0));
}

void q_hash(struct db_query *q, const struct ledger_hash *hash)
{
    q_blob(q, hash->b, sizeof hash->b);
}

bool q_next(struct db_query *q)
{
    if (q->rc)
        return false;
    int sqlite_rc = sqlite3_step(q->statement);
    if (sqlite_rc == SQLITE_ROW)
        return true;
    if (sqlite_rc != SQLITE_DONE)
        q->rc = db_code(q->db, sqlite_rc);
    return false;
}

void *q_room(struct db_query *q, void *rows, size_t n, size_t *room, size_t row_size)
{
    if (n < *room)
        return rows;
    size_t wanted = *room ? 2 * *room : 8;
    void *more = realloc(rows, wanted * row_size);
    if (more)
        *room = wanted;
    else
        q->rc = TB_ENOMEM;
    return more;
}

int q_end(struct db_query *q)
{
    if (q->statement)
        sqlite3_reset(q->statement); /* repeats the error that q_next has kept */
    return q->rc;
}

int q_run(struct db_query *q, int *changes)
{
    while (q_next(q))
        continue;
    if (!q->rc && changes)
        *changes = sqlite3_changes(q->db->handle);
    return q_end(q);
}

static void misfit(struct db_query *q)
{
    /* A value of the wrong size in a STRICT table with checks: the file is damaged. */
    if (!q->rc)
        q->rc = db_code(q->db, SQLITE_CORRUPT);
}

int64_t q_get_int(struct db_query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

void q_get_text(struct db_query *q, int column, char *out, size_t out_size)
{
    const unsigned char *text = sqlite3_column_text(q->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, column);
    if (len >= out_size || (len && !text)) {
        misfit(q);
        len = 0;
    }
    if (len)
        memcpy(out, text, len);
    memset(out + len, 0, out_size - len);
}

void q_get_bytes(struct db_query *q, int column, void *out, size_t len)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    if (!bytes || (size_t)sqlite3_column_bytes(q->statement, column) != len)
        misfit(q);
    else
        memcpy(out, bytes, len);
}

char *q_get_new_text(struct db_query *q, int column, size_t *len)
{
    if (sqlite3_column_type(q->statement, column) == SQLITE_NULL)
        return NULL;
    const void *bytes = sqlite3_column_blob(q->statement, column);
    size_t n = (size_t)sqlite3_column_bytes(q->statement, column);
    char *text = bytes || !n ? malloc(n + 1) : NULL;
    if (!text) {
        if (!q->rc)
            q->rc = TB_ENOMEM;
        return NULL;
    }
    if (n)
        memcpy(text, bytes, n);
    text[n] = '\0';
    if (len)
        *len = n;
    return text;
}

void q_get_path(struct db_query *q, int column, struct ledger_path *out)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, column);
    out->count = 0;
    if (len % SUITE_HASH_BYTES || len / SUITE_HASH_BYTES > LEDGER_PATH_MAX || (len && !bytes)) {
        misfit(q);
        return;
    }
    if (len)
        memcpy(out->hash, bytes, len);
    out->count = (unsigned)(len / SUITE_HASH_BYTES);
}

void q_get_append(struct db_query *q, int column, struct buf *out)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    int len = sqlite3_column_bytes(q->statement, column);
    if (!q->rc && len > 0)
        q->rc = bytes ? buf_append(out, bytes, (size_t)len) : TB_ENOMEM;
}

void q_check_leaf(struct db_query *q, int line_column, int leaf_column)
{
    struct ledger_hash leaf;
    const void *line = sqlite3_column_blob(q->statement, line_column),
               *stored = sqlite3_column_blob(q->statement, leaf_column);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, line_column);
    if (q->rc)
        return;
    if (!line || !stored || sqlite3_column_bytes(q->statement, leaf_column) < (int)sizeof leaf.b) {
        misfit(q);
        return;
    }
    q->rc = ledger_leaf(q->db->options->signer->suite, line, len, &leaf);
    if (!q->rc && memcmp(leaf.b, stored, sizeof leaf.b) && !retention_is_erased(line, len)) {
        /* One damaged line is an alarm, but no reason to stop the office: not a fatal error of the connection. */
        LOG(LOG_LEVEL_ERR, LOG_STORE, "stored_line_damaged", LOG_TEXT("statement", sqlite3_sql(q->statement)));
        q->rc = TB_ECORRUPT;
    }
}

/* ---- keys ---- */

int db_peer_no(struct store_db *db, const char *office, bool make, int64_t *no)
{
    if (strlen(office) != OFFICE_LEN)
        return TB_EINVAL;
    for (unsigned i = 0; i < db->peers; i++) {
        if (!strcmp(db->peer[i].office, office)) {
            *no = db->peer[i].no;
            return 0;
        }
    }
    int64_t found = 0;
    struct db_query q = q_start(db, SQL_PEER_NO);
    q_text(&q, office);
    if (q_next(&q))
        found = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc && !found && make && db->in_command) {
        q = q_start(db, SQL_PEER_MAKE);
        q_text(&q, office);
        rc = q_run(&q, NULL);
        found = sqlite3_last_insert_rowid(db->handle);
    }
    if (rc)
        return rc;
    if (!found)
        return TB_ENOTFOUND;
    if (db->peers < DB_PEER_CACHE) {
        memcpy(db->peer[db->peers].office, office, OFFICE_TEXT);
        db->peer[db->peers++].no = found;
    }
    *no = found;
    return 0;
}

int db_direction_key(int64_t peer_no, uint64_t n, int64_t *key)
{
    if (n >> DB_DIRECTION_BITS)
        return TB_ELIMIT;
    *key = peer_no * (INT64_C(1) << DB_DIRECTION_BITS) + (int64_t)n;
    return 0;
}
