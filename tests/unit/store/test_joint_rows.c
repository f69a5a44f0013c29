/* Rows of joint cases and of their legs: what they store, what they say when there is nothing. */
#include "fixture.h"

#include "daemon/store/joint_rows.h"

static struct joint_row a_joint(unsigned serial)
{
    struct joint_row row = {.item_version = 2, .rule = JOINT_RULE_ALL_DECIDED, .entry = 77, .opened = 1000 + serial};
    OK(case_no_make("330483", 20780, serial, row.joint_no));
    memcpy(row.item, "LB01", 5);
    row.title = strdup("户口迁移");
    row.applicant = strdup(serial % 2 ? "张三" : "李四");
    row.number = strdup("33048318500101001X");
    return row;
}

static int rows(struct store_db *db, void *context)
{
    struct joint_row row = a_joint(1), got;
    (void)context;
    assert_int_equal(joint_get(db, row.joint_no, &got), TB_ENOTFOUND);
    OK(joint_insert(db, &row));
    assert_true(row.id > 0);
    OK(joint_get(db, row.joint_no, &got));
    assert_true(got.id == row.id && got.item_version == 2 && got.rule == JOINT_RULE_ALL_DECIDED && got.state == JOINT_RUNNING);
    assert_true(!got.withdrawn && !got.ended && got.entry == 77 && got.opened == 1001 && !got.closed);
    assert_string_equal(got.item, "LB01");
    assert_string_equal(got.title, "户口迁移");
    assert_string_equal(got.applicant, "张三");
    joint_row_clear(&got);
    row.state = JOINT_PARTLY;
    row.withdrawn = 80;
    row.ended = 90;
    row.closed = 5000;
    OK(joint_update(db, &row));
    OK(joint_get_by_id(db, row.id, &got));
    assert_true(got.state == JOINT_PARTLY && got.withdrawn == 80 && got.ended == 90 && got.closed == 5000);
    joint_row_clear(&got);
    assert_int_equal(joint_get_by_id(db, 99, &got), TB_ENOTFOUND);
    row.id = 99;
    assert_int_equal(joint_update(db, &row), TB_ENOTFOUND);
    assert_int_equal(joint_insert(db, &row), TB_ECONFLICT); /* the number is taken */
    joint_row_clear(&row);
    return 0;
}

static size_t listed(struct store_db *db, const char *query, bool open, int64_t cursor, unsigned limit, int64_t *next)
{
    struct joint_row *found = NULL;
    size_t count = 0;
    OK(joint_list(db, query, open, cursor, limit, &found, &count, next));
    for (size_t i = 1; i < count; i++)
        assert_true(found[i].id < found[i - 1].id);
    joint_rows_free(found, count);
    return count;
}

static int lists(struct store_db *db, void *context)
{
    int64_t next = 0;
    (void)context;
    assert_int_equal(listed(db, NULL, false, 0, 20, &next), 0);
    for (unsigned i = 1; i <= 5; i++) {
        struct joint_row row = a_joint(i);
        OK(joint_insert(db, &row));
        row.state = i == 5 ? JOINT_GRANTED : JOINT_RUNNING;
        OK(joint_update(db, &row));
        joint_row_clear(&row);
    }
    assert_int_equal(listed(db, NULL, false, 0, 2, &next), 2);
    assert_int_equal(next, 4);
    assert_int_equal(listed(db, NULL, false, next, 2, &next), 2);
    assert_int_equal(listed(db, NULL, false, next, 2, &next), 1);
    assert_int_equal(next, 0);
    assert_int_equal(listed(db, NULL, true, 0, 1000, &next), 4);
    assert_int_equal(listed(db, "张三", false, 0, 20, &next), 3);
    assert_int_equal(listed(db, "张三", true, 0, 20, &next), 2);
    assert_int_equal(listed(db, "33048318500101001X", false, 0, 0, &next), 1);
    assert_int_equal(listed(db, "nobody", false, 0, 20, &next), 0);
    return 0;
}

static int64_t a_case(struct store_db *db, unsigned serial)
{
    struct case_row row = {.item_version = 1, .state = CASE_FORWARDED, .local_state = CASE_FORWARDED, .home = "320623", .intake = "330483"};
    OK(case_no_make("330483", 20780, serial, row.case_no));
    OK(case_insert(db, &row));
    return row.id;
}

static int legs(struct store_db *db, void *context)
{
    struct joint_row joint = a_joint(1);
    struct joint_leg_row leg = {.leg = {LEG_WAITING, 5, true}, .reason = ""}, got[LIMIT_JOINT_LEGS];
    size_t count = 99, n = 99;
    int64_t id = 0, case_id = a_case(db, 9);
    (void)context;
    OK(joint_insert(db, &joint));
    OK(joint_leg_list(db, joint.id, got, &count));
    assert_int_equal(count, 0);
    for (size_t i = 0; i < LIMIT_JOINT_LEGS; i++)
        OK(joint_leg_put(db, joint.id, i, &leg));
    assert_int_equal(joint_leg_put(db, joint.id, LIMIT_JOINT_LEGS, &leg), TB_EINVAL);
    assert_int_equal(joint_leg_put(db, 0, 0, &leg), TB_EINVAL);
    assert_int_equal(joint_leg_of(db, case_id, &id, &n), TB_ENOTFOUND);
    leg.leg.state = LEG_OPEN;
    leg.case_id = case_id;
    leg.opened = 1234;
    leg.due_day = 20800;
    leg.due_provisional = true;
    (void)snprintf(leg.reason, sizeof leg.reason, "why");
    OK(joint_leg_put(db, joint.id, 15, &leg));
    OK(joint_leg_of(db, case_id, &id, &n));
    assert_true(id == joint.id && n == 15);
    assert_int_equal(joint_leg_put(db, joint.id, 14, &leg), TB_ECONFLICT); /* one case, one leg */
    OK(joint_leg_list(db, joint.id, got, &count));
    assert_int_equal(count, LIMIT_JOINT_LEGS);
    assert_true(got[14].case_id == 0 && got[14].leg.after == 5 && got[14].leg.required && got[14].leg.state == LEG_WAITING);
    assert_true(got[15].case_id == case_id && got[15].opened == 1234 && got[15].due_day == 20800 && got[15].due_provisional);
    assert_string_equal(got[15].reason, "why");
    OK(joint_leg_list(db, joint.id + 1, got, &count)); /* the next one's legs are not ours */
    assert_int_equal(count, 0);
    joint_row_clear(&joint);
    return 0;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    fixture_open(f);
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

#define IN_COMMAND(name)                                                                                               \
    static void name##_in_a_command(void **state)                                                                      \
    {                                                                                                                  \
        OK(fixture_run(*state, name, *state));                                                                         \
    }
IN_COMMAND(rows)
IN_COMMAND(lists)
IN_COMMAND(legs)

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name##_in_a_command, make, drop)
    const struct CMUnitTest tests[] = {T(rows), T(lists), T(legs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
