/* hook_store: how far each program of the hook directory was told. */
#include "daemon/store/db.h"
#include "daemon/store/tables.h"

int hook_get(struct store_db *db, const char *name, struct hook_place *place)
{
    bool found = false;
    struct db_query q = q_start(db, SQL_HOOK_GET);
    q_text(&q, name);
    if (q_next(&q)) {
        found = true;
        *place = (struct hook_place){.index = q_get_int(&q, 0), .ahead = q_get_int(&q, 1), .part = q_get_int(&q, 2)};
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int hook_put(struct store_db *db, const char *name, const struct hook_place *place)
{
    struct db_query q = q_start(db, SQL_HOOK_PUT);
    q_text(&q, name);
    q_int(&q, place->index);
    q_int(&q, place->ahead);
    q_int(&q, place->part);
    return q_run(&q, NULL);
}
