/* backup_check: the database of a backup, looked at as a file of its own: by SQLite, and by hashing its ledger again.  Knows only tables
 * that every schema has had, so that a backup of an older version can be checked. */
#include <stdio.h>
#include <string.h>

#include "daemon/store/backup_internal.h"
#include "proto/retention.h"

enum { TELL_ENTRIES = 1024, PROGRESS_OPS = 10000 };

static int code_of(sqlite3 *db, int sqlite_rc, struct problem *p)
{
    int kind = sqlite_rc & 0xff;
    int rc = kind == SQLITE_NOMEM ? TB_ENOMEM : kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ? TB_ECORRUPT : TB_EIO;
    (void)problem_set(p, PROBLEM_BACKUP, "", "the database of the backup: %s", db ? sqlite3_errmsg(db) : err_text(rc));
    return rc;
}

int check_open(const char *path, sqlite3 **out, struct problem *p)
{
    int sqlite_rc = sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (sqlite_rc == SQLITE_OK)
        sqlite_rc = sqlite3_exec(*out, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -1024;", NULL, NULL,
                                 NULL);
    if (sqlite_rc == SQLITE_OK)
        return 0;
    int rc = code_of(*out, sqlite_rc, p);
    sqlite3_close(*out);
    *out = NULL;
    return rc;
}

/* The first text that the statement gives; "" without a row. */
static int first_text(sqlite3 *db, const char *sql, char *out, size_t size, struct problem *p)
{
    sqlite3_stmt *q = NULL;
    out[0] = '\0';
    int sqlite_rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (sqlite_rc == SQLITE_OK)
        sqlite_rc = sqlite3_step(q);
    if (sqlite_rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(q, 0);
        (void)snprintf(out, size, "%s", text ? (const char *)text : "");
    }
    int rc = sqlite_rc == SQLITE_ROW || sqlite_rc == SQLITE_DONE ? 0 : code_of(db, sqlite_rc, p);
    sqlite3_finalize(q);
    return rc;
}

static int first_int(sqlite3 *db, const char *sql, int64_t *out, struct problem *p)
{
    sqlite3_stmt *q = NULL;
    int sqlite_rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (sqlite_rc == SQLITE_OK)
        sqlite_rc = sqlite3_step(q);
    int rc = sqlite_rc == SQLITE_ROW ? 0 : code_of(db, sqlite_rc, p);
    if (!rc)
        *out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return rc;
}

static int on_progress(void *context)
{
    const struct backup_pace *pace = context;
    return pace->stopped && pace->stopped(pace->context);
}

int check_file(sqlite3 *db, struct backup_pace *pace, struct problem *p)
{
    char said[200], table[64] = "";
    if (pace)
        sqlite3_progress_handler(db, PROGRESS_OPS, on_progress, pace);
    int rc = first_text(db, "PRAGMA quick_check(1)", said, sizeof said, p);
    if (!rc && strcmp(said, "ok") != 0) {
        (void)problem_set(p, PROBLEM_BACKUP, "", "the database is damaged: %s", said);
        rc = TB_ECORRUPT;
    }
    if (!rc)
        rc = first_text(db, "PRAGMA foreign_key_check", table, sizeof table, p);
    if (!rc && table[0]) {
        (void)problem_set(p, PROBLEM_BACKUP, "", "the database is damaged: a row of %s names another that is not there", table);
        rc = TB_ECORRUPT;
    }
    return rc;
}

/* ---- the ledger ---- */

static int damaged(struct problem *p, const char *what, uint64_t at)
{
    (void)problem_set(p, PROBLEM_BACKUP, "", "the ledger is damaged: %s at entry %llu", what, (unsigned long long)at);
    return TB_ECORRUPT;
}

static int take_line(const struct suite *suite, sqlite3_stmt *q, struct ledger_frontier *frontier, struct problem *p)
{
    struct ledger_hash leaf, completed[LEDGER_LEVELS];
    unsigned count = 0;
    const void *hashes = sqlite3_column_blob(q, 1), *line = sqlite3_column_blob(q, 2);
    size_t hashes_len = (size_t)sqlite3_column_bytes(q, 1), line_len = (size_t)sqlite3_column_bytes(q, 2);
    uint64_t at = frontier->size;
    if ((uint64_t)sqlite3_column_int64(q, 0) != at || !hashes || !line)
        return damaged(p, "a line is missing", at);
    int rc = retention_leaf(suite, line, line_len, hashes, hashes_len, &leaf);
    if (!rc)
        rc = ledger_append(suite, frontier, &leaf, completed, &count);
    if (!rc && (hashes_len != count * sizeof completed[0] || memcmp(hashes, completed, hashes_len) != 0))
        rc = damaged(p, "the line is not the one that was hashed", at);
    return rc;
}

static int rehash(sqlite3 *db, const struct suite *suite, struct backup_pace *pace, struct ledger_frontier *frontier, struct problem *p)
{
    sqlite3_stmt *q = NULL;
    int64_t of = 0;
    ledger_frontier_init(frontier);
    int rc = first_int(db, "SELECT count(*) FROM entry", &of, p);
    if (rc)
        return rc;
    int sqlite_rc = sqlite3_prepare_v2(db, "SELECT idx, hashes, line FROM entry ORDER BY idx", -1, &q, NULL);
    if (sqlite_rc == SQLITE_OK)
        while (!rc && (sqlite_rc = sqlite3_step(q)) == SQLITE_ROW) {
            rc = take_line(suite, q, frontier, p);
            if (!rc)
                rc = pace_take(pace, (size_t)sqlite3_column_bytes(q, 2));
            if (frontier->size % TELL_ENTRIES == 0)
                pace_tell(pace, "ledger", (int64_t)frontier->size, of);
        }
    if (!rc && sqlite_rc != SQLITE_DONE)
        rc = code_of(db, sqlite_rc, p);
    sqlite3_finalize(q);
    pace_tell(pace, "ledger", (int64_t)frontier->size, of);
    return rc;
}

int check_ledger(sqlite3 *db, const struct backup_keys *keys, struct backup_pace *pace, struct backup_manifest *out, struct problem *p)
{
    struct ledger_frontier frontier;
    struct ledger_hash root;
    struct checkpoint checkpoint;
    int rc = first_text(db, "SELECT office FROM meta", out->office, sizeof out->office, p);
    if (!rc)
        rc = first_int(db, "PRAGMA user_version", &out->schema, p);
    if (!rc)
        rc = first_int(db, "SELECT count(*) FROM cases", &out->cases, p);
    if (!rc)
        rc = first_text(db, "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", out->checkpoint, sizeof out->checkpoint, p);
    if (!rc)
        rc = rehash(db, keys->now->suite, pace, &frontier, p);
    if (rc)
        return rc;
    out->ledger_size = (int64_t)frontier.size;
    if (!frontier.size)
        return out->checkpoint[0] ? damaged(p, "a checkpoint without entries", 0) : 0;
    rc = ledger_root(keys->now->suite, &frontier, &root);
    size_t len = strlen(out->checkpoint);
    int signed_rc = checkpoint_verify(keys->now, out->checkpoint, len, &checkpoint);
    if (signed_rc && keys->before) /* the key was rotated since */
        signed_rc = checkpoint_verify(keys->before, out->checkpoint, len, &checkpoint);
    if (!rc && signed_rc)
        rc = damaged(p, "the last checkpoint is not signed by the configured key", frontier.size);
    else if (!rc && (checkpoint.size != frontier.size || memcmp(root.b, checkpoint.root.b, sizeof root.b) != 0))
        rc = damaged(p, "the entries do not give the root of the last checkpoint", frontier.size);
    return rc;
}

/* ---- materials ---- */

int check_materials(sqlite3 *db, int (*row)(void *context, const char *sha256, int64_t size), void *context, int64_t *count)
{
    sqlite3_stmt *q = NULL;
    int rc = first_int(db, "SELECT count(*) FROM material", count, NULL);
    int sqlite_rc = rc ? SQLITE_DONE : sqlite3_prepare_v2(db, "SELECT sha256, size FROM material ORDER BY sha256", -1, &q, NULL);
    if (sqlite_rc == SQLITE_OK)
        while (!rc && (sqlite_rc = sqlite3_step(q)) == SQLITE_ROW) {
            const char *sha256 = (const char *)sqlite3_column_text(q, 0);
            rc = sha256 ? row(context, sha256, sqlite3_column_int64(q, 1)) : TB_ENOMEM;
        }
    if (!rc && sqlite_rc != SQLITE_DONE)
        rc = TB_EIO;
    sqlite3_finalize(q);
    return rc;
}
