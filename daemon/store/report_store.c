/* report_store: bounded pieces of the ledger, the authorisations and the items, for queries that go on by cursor. */
#include <stdio.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

/* The text of a column for the time of one row; NULL fails the query. */
static const char *borrow_text(struct db_query *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q->statement, column);
    if (!text && !q->rc)
        q->rc = TB_ENOMEM;
    return text;
}

int entry_scan(struct store_db *db, uint64_t first, uint64_t last, int64_t since,
               int (*line)(void *context, uint64_t index, const char *text, size_t len), void *context)
{
    struct db_query q = q_start(db, SQL_ENTRY_SCAN);
    q_int(&q, (int64_t)first);
    q_int(&q, (int64_t)last);
    q_int(&q, since);
    while (q_next(&q)) {
        const void *bytes = sqlite3_column_blob(q.statement, 1);
        int len = sqlite3_column_bytes(q.statement, 1);
        int rc = bytes && len > 0 ? line(context, (uint64_t)q_get_int(&q, 0), bytes, (size_t)len) : TB_ECORRUPT;
        if (rc < 0 && !q.rc)
            q.rc = rc;
    }
    return q_end(&q);
}

int inbox_scan(struct store_db *db, const char *peer, int64_t after, unsigned limit,
               int (*line)(void *context, int64_t seq, const char *text, size_t len), void *context, int64_t *last)
{
    int64_t no, from = 0, to = 0, at = after;
    int rc = db_peer_no(db, peer, false, &no);
    if (!rc)
        rc = db_direction_key(no, (uint64_t)after, &from);
    if (!rc)
        rc = db_direction_key(no, (UINT64_C(1) << DB_DIRECTION_BITS) - 1, &to);
    if (rc) {
        if (rc == TB_ENOTFOUND)
            *last = after; /* nothing ever came from it */
        return rc == TB_ENOTFOUND ? 0 : rc;
    }
    struct db_query q = q_start(db, SQL_INBOX_SCAN);
    q_int(&q, from);
    q_int(&q, to);
    q_int(&q, limit);
    while (q_next(&q)) {
        const void *bytes = sqlite3_column_blob(q.statement, 1);
        int len = sqlite3_column_bytes(q.statement, 1);
        at = DB_KEY_N(q_get_int(&q, 0));
        int one = bytes && len > 0 ? line(context, at, bytes, (size_t)len) : TB_ECORRUPT;
        if (one < 0 && !q.rc)
            q.rc = one;
    }
    rc = q_end(&q);
    if (!rc)
        *last = at;
    return rc;
}

int authorisation_scan(struct store_db *db, int64_t first, unsigned limit,
                       int (*row)(void *context, const struct authorisation_row *row), void *context, int64_t *last)
{
    int64_t at = first;
    struct db_query q = q_start(db, SQL_AUTHORISATION_SCAN);
    q_int(&q, first);
    q_int(&q, limit);
    while (q_next(&q)) {
        struct authorisation_row one = {.from_day = q_get_int(&q, 5), .until_day = q_get_int(&q, 6), .acceptance = q_get_int(&q, 7),
                                        .registered = q_get_int(&q, 10)};
        q_get_text(&q, 0, one.id, sizeof one.id);
        q_get_text(&q, 1, one.principal, sizeof one.principal);
        q_get_text(&q, 2, one.delegate, sizeof one.delegate);
        q_get_text(&q, 3, one.steps, sizeof one.steps);
        one.items = q_get_new_text(&q, 4, NULL);
        q_get_text(&q, 8, one.announcement, sizeof one.announcement);
        at = q_get_int(&q, 9);
        int rc = q.rc ? 0 : one.items ? row(context, &one) : TB_ENOMEM;
        if (rc < 0)
            q.rc = rc;
        authorisation_row_clear(&one);
    }
    int rc = q_end(&q);
    if (!rc)
        *last = at;
    return rc;
}

int item_scan(struct store_db *db, int64_t first, unsigned limit, int (*row)(void *context, const struct item_scan_row *row),
              void *context, int64_t *last)
{
    int64_t at = first;
    struct db_query q = q_start(db, SQL_ITEM_SCAN);
    q_int(&q, first);
    q_int(&q, limit);
    while (q_next(&q)) {
        struct item_scan_row one = {.version = q_get_int(&q, 2), .edition = q_get_int(&q, 3), .json = borrow_text(&q, 4),
                                    .office_edition = q_get_int(&q, 5), .newest = q_get_int(&q, 6) != 0};
        q_get_text(&q, 1, one.office, sizeof one.office);
        at = q_get_int(&q, 0);
        int rc = q.rc ? 0 : row(context, &one);
        if (rc < 0)
            q.rc = rc;
    }
    int rc = q_end(&q);
    if (!rc)
        *last = at;
    return rc;
}
