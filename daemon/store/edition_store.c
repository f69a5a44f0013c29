/* edition_store: the history of editions, where ours have got to, and what the configured files said last. */
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

int history_put(struct store_db *db, const struct history_row *row)
{
    struct db_query q = q_start(db, SQL_HISTORY_PUT);
    q_text(&q, row->office);
    q_int(&q, row->edition);
    q_int(&q, row->at);
    q_text(&q, row->staff);
    q_text(&q, row->note);
    q_text(&q, row->changes);
    return q_run(&q, NULL);
}

int history_each(struct store_db *db, const char *office, int64_t before, int (*row)(void *context, const struct history_row *row),
                 void *context)
{
    struct db_query q = q_start(db, SQL_HISTORY_EACH);
    bool more = true;
    q_text(&q, office);
    q_int(&q, before);
    while (more && q_next(&q)) {
        struct history_row found = {.id = q_get_int(&q, 0), .edition = q_get_int(&q, 2), .at = q_get_int(&q, 3)};
        q_get_text(&q, 1, found.office, sizeof found.office);
        q_get_text(&q, 4, found.staff, sizeof found.staff);
        found.note = (const char *)sqlite3_column_text(q.statement, 5);
        found.changes = (const char *)sqlite3_column_text(q.statement, 6);
        if (!q.rc && (!found.note || !found.changes))
            q.rc = TB_ENOMEM;
        if (!q.rc) {
            int rc = row(context, &found);
            q.rc = rc < 0 ? rc : 0;
            more = rc == 0;
        }
    }
    return q_end(&q);
}

static int read_number(struct db_query *q, int64_t *out)
{
    int64_t found = 0;
    if (q_next(q))
        found = q_get_int(q, 0);
    int rc = q_end(q);
    if (!rc)
        *out = found;
    return rc;
}

int history_last(struct store_db *db, const char *office, int64_t *edition)
{
    struct db_query q = q_start(db, SQL_HISTORY_LAST);
    q_text(&q, office);
    return read_number(&q, edition);
}

int edition_sent(struct store_db *db, const char *peer, int64_t edition, uint64_t index)
{
    int64_t no;
    int rc = db_peer_no(db, peer, true, &no);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_EDITION_SENT);
    q_int(&q, no);
    q_int(&q, edition);
    q_int(&q, (int64_t)index);
    return q_run(&q, NULL);
}

int edition_settle(struct store_db *db, const char *peer, uint64_t index, enum verdict verdict, int64_t at, const char *problem)
{
    int64_t no;
    int rc = db_peer_no(db, peer, true, &no);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_EDITION_SETTLE);
    q_int(&q, no);
    q_int(&q, (int64_t)index);
    q_int(&q, verdict);
    q_int(&q, at);
    q_text(&q, problem);
    return q_run(&q, NULL);
}

int edition_states(struct store_db *db, int64_t edition, int (*row)(void *context, const struct edition_state *state), void *context)
{
    struct db_query q = q_start(db, SQL_EDITION_STATES);
    q_int(&q, edition);
    while (q_next(&q)) {
        struct edition_state state = {.edition = q_get_int(&q, 1), .verdict = (int)q_get_int(&q, 2), .at = q_get_int(&q, 3)};
        q_get_text(&q, 0, state.office, sizeof state.office);
        state.problem = (const char *)sqlite3_column_text(q.statement, 4);
        if (!q.rc && !state.problem)
            q.rc = TB_ENOMEM;
        if (!q.rc) {
            int rc = row(context, &state);
            q.rc = rc < 0 ? rc : 0;
        }
    }
    return q_end(&q);
}

int catalogue_files_get(struct store_db *db, struct buf *out)
{
    size_t before = out->len;
    struct db_query q = q_start(db, SQL_FILES_GET);
    bool any = q_next(&q);
    if (any)
        q_get_append(&q, 0, out);
    int rc = q_end(&q);
    if (rc)
        out->len = before;
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

int catalogue_files_put(struct store_db *db, const char *json)
{
    struct db_query q = q_start(db, SQL_FILES_PUT);
    q_text(&q, json);
    return q_run(&q, NULL);
}
