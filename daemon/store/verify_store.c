/* verify_store: bounded pieces of the tables as they lie there, for a verification that goes on by cursor. */
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

int entry_raw_scan(struct store_db *db, uint64_t first, unsigned limit, int (*row)(void *context, const struct entry_raw *raw),
                   void *context)
{
    struct db_query q = q_start(db, SQL_ENTRY_RAW);
    q_int(&q, (int64_t)first);
    q_int(&q, limit);
    while (q_next(&q)) {
        struct entry_raw raw = {.index = (uint64_t)q_get_int(&q, 0), .hashes = sqlite3_column_blob(q.statement, 1),
                                .hashes_len = (size_t)sqlite3_column_bytes(q.statement, 1), .line = sqlite3_column_blob(q.statement, 2),
                                .len = (size_t)sqlite3_column_bytes(q.statement, 2)};
        int one = raw.hashes && raw.line ? row(context, &raw) : TB_ECORRUPT;
        if (one && !q.rc)
            q.rc = one;
    }
    return q_end(&q);
}

int store_checkpoint_parts(struct store_db *db, uint64_t size, struct buf *note, struct buf *cosignatures)
{
    struct db_query q = q_start(db, SQL_CHECKPOINT_AT);
    q_int(&q, (int64_t)size);
    bool found = q_next(&q);
    if (found) {
        q_get_append(&q, 1, note);
        q_get_append(&q, 2, cosignatures);
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int material_scan(struct store_db *db, const char *after, unsigned limit, int (*row)(void *context, const struct material_row *row),
                  void *context)
{
    struct db_query q = q_start(db, SQL_MATERIAL_SCAN);
    q_text(&q, after);
    q_int(&q, limit);
    while (q_next(&q)) {
        struct material_row found = {.size = q_get_int(&q, 1), .at = q_get_int(&q, 3)};
        q_get_text(&q, 0, found.sha256, sizeof found.sha256);
        q_get_text(&q, 2, found.type, sizeof found.type);
        int one = q.rc ? q.rc : row(context, &found);
        if (one && !q.rc)
            q.rc = one;
    }
    return q_end(&q);
}

int material_count(struct store_db *db, int64_t *count)
{
    struct db_query q = q_start(db, SQL_MATERIAL_COUNT);
    int64_t found = q_next(&q) ? q_get_int(&q, 0) : 0;
    int rc = q_end(&q);
    if (!rc)
        *count = found;
    return rc;
}
