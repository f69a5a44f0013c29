/* staff_store: rows of enrolled staff, and of where who sat. */
#include "daemon/store/staff_rows.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"

int staff_put(struct store_db *db, const struct staff_row *row)
{
    struct db_query q = q_start(db, SQL_STAFF_PUT);
    q_text(&q, row->staff);
    q_text(&q, row->name);
    q_text(&q, row->role);
    q_text(&q, row->window);
    q_text(&q, row->township);
    q_text(&q, row->certificate);
    q_int(&q, row->state);
    q_text(&q, row->reason);
    q_int(&q, row->changed);
    q_int(&q, row->changed_by);
    return q_run(&q, NULL);
}

static void read_row(struct db_query *q, struct staff_row *row)
{
    int c = 0;
    memset(row, 0, sizeof *row);
    q_get_text(q, c++, row->staff, sizeof row->staff);
    q_get_text(q, c++, row->name, sizeof row->name);
    q_get_text(q, c++, row->role, sizeof row->role);
    q_get_text(q, c++, row->window, sizeof row->window);
    q_get_text(q, c++, row->township, sizeof row->township);
    q_get_text(q, c++, row->certificate, sizeof row->certificate);
    row->state = (enum staff_state)q_get_int(q, c++);
    q_get_text(q, c++, row->reason, sizeof row->reason);
    row->changed = q_get_int(q, c++);
    row->changed_by = q_get_int(q, c++);
}

int staff_get(struct store_db *db, const char *staff, struct staff_row *row)
{
    bool found = false;
    struct db_query q = q_start(db, SQL_STAFF_GET);
    q_text(&q, staff);
    while (q_next(&q)) {
        read_row(&q, row);
        found = true;
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int staff_count(struct store_db *db, int64_t *count)
{
    *count = 0;
    struct db_query q = q_start(db, SQL_STAFF_COUNT);
    while (q_next(&q))
        *count = q_get_int(&q, 0);
    return q_end(&q);
}

int staff_list(struct store_db *db, struct staff_row **rows, size_t *count)
{
    int64_t room = 0;
    *rows = NULL;
    *count = 0;
    int rc = staff_count(db, &room);
    if (rc)
        return rc;
    struct staff_row *found = calloc((size_t)room + 1, sizeof *found);
    size_t n = 0;
    if (!found)
        return TB_ENOMEM;
    struct db_query q = q_start(db, SQL_STAFF_LIST);
    q_int(&q, room);
    while (q_next(&q))
        read_row(&q, &found[n++]);
    rc = q_end(&q);
    if (rc) {
        free(found);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

int desk_add(struct store_db *db, const struct desk_row *row)
{
    struct db_query q = q_start(db, SQL_DESK_ADD);
    q_int(&q, row->entry);
    q_text(&q, row->staff);
    q_text(&q, row->window);
    q_text(&q, row->township);
    return q_run(&q, NULL);
}

int desk_last(struct store_db *db, const char *staff, int64_t before, struct desk_row *row)
{
    bool found = false;
    struct db_query q = q_start(db, SQL_DESK_LAST);
    q_text(&q, staff);
    q_int(&q, before);
    while (q_next(&q)) {
        memset(row, 0, sizeof *row);
        row->entry = q_get_int(&q, 0);
        q_get_text(&q, 1, row->staff, sizeof row->staff);
        q_get_text(&q, 2, row->window, sizeof row->window);
        q_get_text(&q, 3, row->township, sizeof row->township);
        found = true;
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}
