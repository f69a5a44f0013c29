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

/* One pass over the lines.  first <= index < until: the next gap, whose entries were lost and came back in part only (ledger_gap). */
struct rehash {
    sqlite3 *db;
    const struct suite *suite;
    struct problem *p;
    struct ledger_frontier frontier;
    uint64_t first, until;
};

static int64_t node_key(unsigned level, uint64_t index)
{
    return (int64_t)(((uint64_t)(level + 1) << 56) | index);
}

/* A complete subtree: with the entry that completed it, or among those that are kept of a gap. */
static int node_read(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    const struct rehash *r = context;
    sqlite3_stmt *q = NULL;
    size_t at = (size_t)level * sizeof out->b;
    int sqlite_rc = sqlite3_prepare_v2(r->db, "SELECT substr(hashes, ?1, ?2) FROM entry WHERE idx = ?3 AND length(hashes) >= ?1 + ?2 - 1 "
                                              "UNION ALL SELECT hash FROM ledger_node WHERE key = ?4", -1, &q, NULL);
    if (sqlite_rc == SQLITE_OK) {
        (void)sqlite3_bind_int64(q, 1, (sqlite3_int64)at + 1); /* cannot fail: the statement has four */
        (void)sqlite3_bind_int64(q, 2, (sqlite3_int64)sizeof out->b);
        (void)sqlite3_bind_int64(q, 3, (sqlite3_int64)(((index + 1) << level) - 1));
        (void)sqlite3_bind_int64(q, 4, node_key(level, index));
        sqlite_rc = sqlite3_step(q);
    }
    int rc = sqlite_rc == SQLITE_ROW ? 0 : sqlite_rc == SQLITE_DONE ? TB_ENOTFOUND : code_of(r->db, sqlite_rc, r->p);
    if (!rc && sqlite3_column_bytes(q, 0) != (int)sizeof out->b)
        rc = TB_ECORRUPT;
    if (!rc)
        memcpy(out->b, sqlite3_column_blob(q, 0), sizeof out->b);
    sqlite3_finalize(q);
    return rc;
}

/* The first gap that does not end before the tree as it is now; first = until = 0 for none, as in every older schema. */
static int next_gap(struct rehash *r)
{
    int64_t there = 0, first = 0, until = 0;
    char sql[120];
    r->first = r->until = 0;
    int rc = first_int(r->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'ledger_gap'", &there, r->p);
    if (rc || !there)
        return rc;
    (void)snprintf(sql, sizeof sql, "SELECT coalesce(min(first), 0) FROM ledger_gap WHERE until > %lld", (long long)r->frontier.size);
    rc = first_int(r->db, sql, &first, r->p);
    (void)snprintf(sql, sizeof sql, "SELECT coalesce(min(until), 0) FROM ledger_gap WHERE until > %lld", (long long)r->frontier.size);
    if (!rc)
        rc = first_int(r->db, sql, &until, r->p);
    r->first = (uint64_t)first;
    r->until = (uint64_t)until;
    return rc;
}

/* Goes on behind the gap, in the tree that the counterparts gave back; the entries before it must be the beginning of that tree. */
static int pass_gap(struct rehash *r)
{
    struct ledger_nodes nodes = {.node = node_read, .context = r};
    struct ledger_frontier behind;
    struct ledger_hash old_root, new_root;
    struct ledger_path path = {.count = 0};
    int rc = ledger_frontier_load(&nodes, r->until, &behind);
    if (!rc)
        rc = ledger_root(r->suite, &r->frontier, &old_root);
    if (!rc)
        rc = ledger_root(r->suite, &behind, &new_root);
    if (!rc)
        rc = ledger_prove_consistency(r->suite, &nodes, r->first, r->until, &path);
    if (!rc)
        rc = ledger_verify_consistency(r->suite, r->first, r->until, &old_root, &new_root, path.hash, path.count);
    if (rc == TB_ENOTFOUND || rc == TB_ETRUST || rc == TB_ECORRUPT)
        return damaged(r->p, "what was taken back from the counterparts does not continue it", r->first);
    if (rc)
        return rc;
    r->frontier = behind;
    return next_gap(r);
}

/* A line that came back: the entries beside it are lost, so it has only its own hash to fit. */
static int take_lone(const struct rehash *r, uint64_t at, const void *line, size_t line_len, const void *hashes, size_t hashes_len)
{
    struct ledger_hash leaf;
    int rc = retention_leaf(r->suite, line, line_len, hashes, hashes_len, &leaf);
    if (!rc && (hashes_len != sizeof leaf.b || memcmp(hashes, leaf.b, sizeof leaf.b) != 0))
        rc = damaged(r->p, "the line is not the one that was hashed", at);
    return rc;
}

static int take_line(struct rehash *r, sqlite3_stmt *q)
{
    struct ledger_hash leaf, completed[LEDGER_LEVELS];
    unsigned count = 0;
    const void *hashes = sqlite3_column_blob(q, 1), *line = sqlite3_column_blob(q, 2);
    size_t hashes_len = (size_t)sqlite3_column_bytes(q, 1), line_len = (size_t)sqlite3_column_bytes(q, 2);
    uint64_t at = (uint64_t)sqlite3_column_int64(q, 0);
    bool there = hashes && line;
    int rc = 0;
    if (there && r->until && r->frontier.size == r->first) {
        if (at < r->until)
            return take_lone(r, at, line, line_len, hashes, hashes_len);
        rc = pass_gap(r);
    }
    if (!rc && (!there || at != r->frontier.size))
        rc = damaged(r->p, "a line is missing", r->frontier.size);
    if (!rc)
        rc = retention_leaf(r->suite, line, line_len, hashes, hashes_len, &leaf);
    if (!rc)
        rc = ledger_append(r->suite, &r->frontier, &leaf, completed, &count);
    if (!rc && (hashes_len != count * sizeof completed[0] || memcmp(hashes, completed, hashes_len) != 0))
        rc = damaged(r->p, "the line is not the one that was hashed", at);
    return rc;
}

static int rehash(struct rehash *r, struct backup_pace *pace)
{
    sqlite3_stmt *q = NULL;
    int64_t of = 0, done = 0;
    ledger_frontier_init(&r->frontier);
    int rc = first_int(r->db, "SELECT count(*) FROM entry", &of, r->p);
    if (!rc)
        rc = next_gap(r);
    if (rc)
        return rc;
    int sqlite_rc = sqlite3_prepare_v2(r->db, "SELECT idx, hashes, line FROM entry ORDER BY idx", -1, &q, NULL);
    if (sqlite_rc == SQLITE_OK)
        while (!rc && (sqlite_rc = sqlite3_step(q)) == SQLITE_ROW) {
            rc = take_line(r, q);
            if (!rc)
                rc = pace_take(pace, (size_t)sqlite3_column_bytes(q, 2));
            if (++done % TELL_ENTRIES == 0)
                pace_tell(pace, "ledger", done, of);
        }
    if (!rc && sqlite_rc != SQLITE_DONE)
        rc = code_of(r->db, sqlite_rc, r->p);
    sqlite3_finalize(q);
    pace_tell(pace, "ledger", done, of);
    return rc;
}

int check_ledger(sqlite3 *db, const struct backup_keys *keys, struct backup_pace *pace, struct backup_manifest *out, struct problem *p)
{
    struct rehash r = {.db = db, .suite = keys->now->suite, .p = p};
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
        rc = rehash(&r, pace);
    if (rc)
        return rc;
    out->ledger_size = (int64_t)r.frontier.size;
    if (!r.frontier.size)
        return out->checkpoint[0] ? damaged(p, "a checkpoint without entries", 0) : 0;
    rc = ledger_root(keys->now->suite, &r.frontier, &root);
    size_t len = strlen(out->checkpoint);
    int signed_rc = checkpoint_verify(keys->now, out->checkpoint, len, &checkpoint);
    if (signed_rc && keys->before) /* the key was rotated since */
        signed_rc = checkpoint_verify(keys->before, out->checkpoint, len, &checkpoint);
    if (!rc && signed_rc)
        rc = damaged(p, "the last checkpoint is not signed by the configured key, nor by one before it that the key file has",
                     r.frontier.size);
    else if (!rc && (checkpoint.size != r.frontier.size || memcmp(root.b, checkpoint.root.b, sizeof root.b) != 0))
        rc = damaged(p, "the entries do not give the root of the last checkpoint", r.frontier.size);
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
