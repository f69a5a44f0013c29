/* foreign_store: numbers under which line systems know a case. */
#include <stdlib.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

int foreign_find(struct store_db *db, const char *system, const char *value, char case_no[CASE_NO_TEXT])
{
    bool found = false;
    struct db_query q = q_start(db, SQL_FOREIGN_FIND);
    q_text(&q, value);
    q_text(&q, system);
    if (q_next(&q)) {
        found = true;
        q_get_text(&q, 0, case_no, CASE_NO_TEXT);
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int foreign_add(struct store_db *db, int64_t case_id, const char *system, const char *value, const char *staff)
{
    struct db_query q = q_start(db, SQL_FOREIGN_ADD);
    q_int(&q, case_id);
    q_text(&q, system);
    q_text(&q, value);
    q_text(&q, staff);
    q_int(&q, store_now(db));
    return q_run(&q, NULL);
}

int foreign_remove(struct store_db *db, int64_t case_id, const char *system, const char *value)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_FOREIGN_REMOVE);
    q_int(&q, case_id);
    q_text(&q, system);
    q_text(&q, value);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

int foreign_list(struct store_db *db, int64_t case_id, int (*row)(void *context, const char *system, const char *value), void *context)
{
    struct db_query q = q_start(db, SQL_FOREIGN_LIST);
    q_int(&q, case_id);
    while (q_next(&q)) {
        char *system = q_get_new_text(&q, 0, NULL), *value = q_get_new_text(&q, 1, NULL);
        int rc = system && value ? row(context, system, value) : TB_ENOMEM;
        free(system);
        free(value);
        if (rc < 0 && !q.rc)
            q.rc = rc;
    }
    return q_end(&q);
}
