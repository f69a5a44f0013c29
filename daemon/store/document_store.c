/* document_store: serial numbers and rows of written documents. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

void documents_free(struct document_entry *rows, size_t count)
{
    for (size_t i = 0; rows && i < count; i++)
        free(rows[i].void_reason);
    free(rows);
}

int document_serial_next(struct store_db *db, const char *kind, int year, int64_t *serial)
{
    int64_t n = 0;
    struct db_query q = q_start(db, SQL_DOCUMENT_SERIAL);
    q_text(&q, kind);
    q_int(&q, year);
    while (q_next(&q))
        n = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc)
        *serial = n;
    return rc;
}

int document_add(struct store_db *db, int64_t case_id, struct document_entry *row)
{
    struct db_query q = q_start(db, SQL_DOCUMENT_ADD);
    q_int(&q, case_id);
    q_text(&q, row->kind);
    q_int(&q, row->own);
    q_int(&q, row->ref);
    q_text(&q, row->number);
    q_text(&q, row->replaces);
    q_int(&q, row->issued_at);
    q_int(&q, row->printed);
    int rc = q_run(&q, NULL);
    if (!rc)
        row->id = sqlite3_last_insert_rowid(db->handle);
    return rc;
}

int document_count_print(struct store_db *db, int64_t id)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_DOCUMENT_PRINTED);
    q_int(&q, id);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

int document_void(struct store_db *db, int64_t id, int64_t at, const char *reason)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_DOCUMENT_VOID);
    q_int(&q, id);
    q_int(&q, at);
    q_text(&q, reason);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

static void read_document(struct db_query *q, struct document_entry *row)
{
    int c = 0;
    memset(row, 0, sizeof *row);
    row->id = q_get_int(q, c++);
    q_get_text(q, c++, row->kind, sizeof row->kind);
    row->own = q_get_int(q, c++) != 0;
    row->ref = q_get_int(q, c++);
    q_get_text(q, c++, row->number, sizeof row->number);
    q_get_text(q, c++, row->replaces, sizeof row->replaces);
    row->issued_at = q_get_int(q, c++);
    row->printed = q_get_int(q, c++);
    row->voided_at = q_get_int(q, c++);
    row->void_reason = q_get_new_text(q, c++, NULL);
}

int document_list(struct store_db *db, int64_t case_id, struct document_entry **rows, size_t *count)
{
    struct document_entry *found = NULL;
    size_t n = 0, room = 0;
    struct db_query q = q_start(db, SQL_DOCUMENT_LIST);
    q_int(&q, case_id);
    while (q_next(&q)) {
        struct document_entry *more = q_room(&q, found, n, &room, sizeof *found);
        if (!more)
            break;
        found = more;
        read_document(&q, &found[n++]);
    }
    int rc = q_end(&q);
    if (rc) {
        documents_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

int result_number_add(struct store_db *db, int64_t case_id, const char *number)
{
    struct db_query q = q_start(db, SQL_RESULT_ADD);
    q_text(&q, number);
    q_int(&q, case_id);
    return q_run(&q, NULL);
}

int result_number_find(struct store_db *db, const char *number, int64_t *ids, size_t most, size_t *count)
{
    size_t n = 0;
    struct db_query q = q_start(db, SQL_RESULT_FIND);
    q_text(&q, number);
    q_int(&q, (int64_t)most);
    while (q_next(&q))
        ids[n++] = q_get_int(&q, 0);
    *count = n;
    return q_end(&q);
}
