/* Every statement of the daemon goes by an index: none reads a table from end to end or sorts what it read, but for those of a short table,
 * each with its reason.  What is asked of SQLite is the plan of exactly the text that the daemon prepares. */
#include "daemon/store/db.h"
#include "fixture.h"

struct text {
    const char *name, *sql;
};

static const struct text texts[SQL_COUNT] = {
#define S(name, who, text) [SQL_##name] = {#name, text},
    STATEMENT_TABLE(S)
#undef S
};

/* Bounded without an index.  Nothing about cases stands here. */
static const struct {
    enum sql_id id;
    const char *step, *why;
} allowed[] = {
    {SQL_CHECKPOINT_LAST, "SCAN checkpoint", "from its end, one row"},
    {SQL_CHECKPOINT_COSIGNED, "SCAN checkpoint USING INDEX checkpoint_cosigned", "from its end, one row"},
    {SQL_AUTHORISATION_FIND, "USE TEMP B-TREE FOR ORDER BY", "those between two offices"},
    {SQL_ITEM_EACH, "SCAN i USING INDEX sqlite_autoindex_item_1", "the whole catalogue is what was asked for"},
    {SQL_STAFF_LIST, "SCAN staff", "all that were enrolled, LIMIT_STAFF at most"},
    {SQL_STAFF_COUNT, "SCAN staff USING COVERING INDEX sqlite_autoindex_staff_1", "LIMIT_STAFF at most"},
    {SQL_HOLD_COUNT, "SCAN retention_hold", "LIMIT_HOLDS at most, when one more is held"},
    {SQL_MATERIAL_MISSING, "SCAN w USING COVERING INDEX sqlite_autoindex_material_wait_1", "what is waited for"},
    {SQL_RESULT_FIND, "UNION USING TEMP B-TREE", "the cases of one number"},
    {SQL_EDITION_STATES, "SCAN p USING COVERING INDEX sqlite_autoindex_peer_1", "counterparts, and editions sent to them"},
};

static bool is_bad(const char *step)
{
    if (!strncmp(step, "SCAN ", 5))
        return !strstr(step, "CONSTANT ROW");
    return strstr(step, "TEMP B-TREE") || strstr(step, "AUTOMATIC");
}

static bool is_allowed(enum sql_id id, const char *step)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (allowed[i].id == id && !strcmp(allowed[i].step, step))
            return true;
    return false;
}

static unsigned bad_steps(sqlite3 *handle, enum sql_id id)
{
    char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", texts[id].sql);
    sqlite3_stmt *statement = NULL;
    unsigned bad = 0;
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(statement, 3);
        if (!is_bad(step) || is_allowed(id, step))
            continue;
        print_error("%s: %s\n", texts[id].name, step);
        bad++;
    }
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return bad;
}

static void test_no_scan(void **state)
{
    (void)state;
    struct fixture f;
    unsigned bad = 0;
    fixture_make(&f, NULL);
    fixture_open(&f);
    for (int id = 0; id < SQL_COUNT; id++)
        bad += bad_steps(store_sync_view(f.store)->handle, (enum sql_id)id);
    assert_int_equal(bad, 0);
    fixture_drop(&f);
}

/* The page of the to-do list and the sweeps begin where the one before ended, in one step without another. */
static void test_keyset(void **state)
{
    (void)state;
    static const struct {
        enum sql_id id;
        const char *step;
    } wanted[] = {
        {SQL_CASE_LIST_TODO, "SEARCH cases USING INDEX cases_todo (todo=? AND due_order>?)"},
        {SQL_CASE_TODO_DESK, "SEARCH cases USING INDEX cases_desk_todo (todo=? AND desk=? AND due_order>?)"},
        {SQL_CASE_TODO_TOWNSHIP, "SEARCH cases USING INDEX cases_township_todo (todo=? AND township=? AND due_order>?)"},
        {SQL_CASE_LIST_DESK, "SEARCH cases USING INDEX cases_desk (desk=? AND rowid<?)"},
        {SQL_CASE_LIST_TOWNSHIP, "SEARCH cases USING INDEX cases_township (township=? AND rowid<?)"},
        {SQL_DESK_LAST, "SEARCH staff_desk USING INDEX staff_desk_staff (staff=? AND rowid<?)"},
        {SQL_CASE_LIGHTS, "SEARCH cases USING COVERING INDEX cases_light (open=?)"},
        {SQL_OBJECT_LIGHTS, "SEARCH object USING INDEX object_due (kind=?)"},
        {SQL_CASE_TICK, "SEARCH cases USING INDEX cases_tick (tick_day>? AND tick_day<?)"},
        {SQL_OBJECT_LIST_TURN, "SEARCH object USING INDEX object_turn_due (<expr>>?)"},
        {SQL_OBJECT_LIST_DUE, "SEARCH object USING INDEX object_due (kind=? AND due_day>? AND due_day<?)"},
    };
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", texts[wanted[i].id].sql);
        sqlite3_stmt *statement = NULL;
        assert_int_equal(sqlite3_prepare_v2(store_sync_view(f.store)->handle, sql, -1, &statement, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(statement, 3), wanted[i].step);
        assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
        sqlite3_finalize(statement);
        sqlite3_free(sql);
    }
    fixture_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_scan),
        cmocka_unit_test(test_keyset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
