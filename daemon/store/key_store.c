#include "daemon/store/key_rows.h"

#include "daemon/store/db.h"

int key_add(struct store_db *db, const struct key_row *row)
{
    struct db_query q = q_start(db, SQL_KEY_ADD);
    q_text(&q, row->office);
    q_text(&q, row->vkey);
    q_text(&q, row->rotation);
    q_int(&q, row->since);
    q_int(&q, row->accepted_by);
    return q_run(&q, NULL);
}

int key_walk(struct store_db *db, const char *office, int (*each)(const struct key_row *row, void *context),
             void *context)
{
    struct key_row row;
    int result = 0;
    struct db_query q = q_start(db, SQL_KEY_LIST);
    q_text(&q, office);
    while (q_next(&q)) {
        q_get_text(&q, 0, row.office, sizeof row.office);
        q_get_text(&q, 1, row.vkey, sizeof row.vkey);
        q_get_text(&q, 2, row.rotation, sizeof row.rotation);
        row.since = q_get_int(&q, 3);
        row.accepted_by = q_get_int(&q, 4);
        result = result ? result : each(&row, context);
    }
    int rc = q_end(&q);
    return rc ? rc : result;
}
