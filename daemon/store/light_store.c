/* light_store: reads the rows of light_rows.h. */
#include "daemon/store/light_rows.h"

#include "daemon/store/db.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

int light_case_groups(struct store_db *db, void (*each)(void *context, const struct light_group *group), void *context)
{
    struct db_query q = q_start(db, SQL_CASE_LIGHTS);
    q_int(&q, LIMIT_LIGHT_ROWS);
    while (q_next(&q)) {
        struct light_group group = {q_get_int(&q, 0), q_get_int(&q, 1), q_get_int(&q, 2), q_get_int(&q, 3)};
        each(context, &group);
    }
    return q_end(&q);
}

int light_objects(struct store_db *db, enum register_kind_id kind,
                  void (*each)(void *context, const struct light_group *group, unsigned state), void *context)
{
    struct db_query q = q_start(db, SQL_OBJECT_LIGHTS);
    q_int(&q, kind);
    q_int(&q, LIMIT_LIGHT_ROWS);
    while (q_next(&q)) {
        struct light_group group = {.from = timestamp_day(q_get_int(&q, 0)), .due = q_get_int(&q, 1), .count = 1};
        each(context, &group, (unsigned)q_get_int(&q, 2));
    }
    return q_end(&q);
}
