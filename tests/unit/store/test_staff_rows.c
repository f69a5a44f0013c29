/* Rows of enrolled staff: what they store, what a change replaces, what they say when there is nobody. */
#include "fixture.h"

#include "daemon/store/staff_rows.h"

static struct staff_row somebody(const char *staff)
{
    struct staff_row row = {.state = STAFF_WORKS, .changed = 1000, .changed_by = 998};
    (void)snprintf(row.staff, sizeof row.staff, "%s", staff);
    (void)snprintf(row.name, sizeof row.name, "卢小兰");
    (void)snprintf(row.role, sizeof row.role, "window");
    (void)snprintf(row.window, sizeof row.window, "三号窗口");
    (void)snprintf(row.township, sizeof row.township, "330483101");
    memset(row.certificate, 'a', CERTIFICATE_LEN);
    return row;
}

/* Member by member: between them there may be anything. */
static void same_desk(const struct desk_row *got, const struct desk_row *wanted)
{
    assert_int_equal(got->entry, wanted->entry);
    assert_string_equal(got->staff, wanted->staff);
    assert_string_equal(got->window, wanted->window);
    assert_string_equal(got->township, wanted->township);
}

static int rows(struct store_db *db, void *context)
{
    (void)context;
    struct staff_row row = somebody("330483:0301"), other = somebody("330483:0302"), got, *all;
    size_t count;
    int64_t number;
    assert_int_equal(staff_get(db, row.staff, &got), TB_ENOTFOUND);
    OK(staff_list(db, &all, &count));
    assert_int_equal(count, 0);
    free(all);
    OK(staff_put(db, &row));
    OK(staff_put(db, &other));
    OK(staff_get(db, row.staff, &got));
    assert_memory_equal(&got, &row, sizeof got);
    row.state = STAFF_SUSPENDED;
    row.changed = 2000;
    row.changed_by = 0;
    (void)snprintf(row.reason, sizeof row.reason, "调离");
    memset(row.certificate, 'b', CERTIFICATE_LEN);
    OK(staff_put(db, &row)); /* the same number: replaced, and it keeps its place */
    OK(staff_count(db, &number));
    assert_int_equal(number, 2);
    OK(staff_list(db, &all, &count));
    assert_int_equal(count, 2);
    assert_memory_equal(&all[0], &row, sizeof row);
    assert_memory_equal(&all[1], &other, sizeof other);
    free(all);
    memset(other.certificate, 0, sizeof other.certificate); /* of the configuration: nothing is enrolled */
    OK(staff_put(db, &other));
    OK(staff_get(db, other.staff, &got));
    assert_memory_equal(&got, &other, sizeof got);
    return 0;
}

static int desks(struct store_db *db, void *context)
{
    (void)context;
    struct desk_row got, row = {.entry = 4, .staff = "330483:0301", .window = "一号窗口", .township = "330483101"};
    assert_int_equal(desk_last(db, row.staff, INT64_MAX, &got), TB_ENOTFOUND);
    OK(desk_add(db, &row));
    struct desk_row later = row, other = {.entry = 6, .staff = "330483:0302", .window = "", .township = "330483102"};
    later.entry = 9;
    (void)snprintf(later.window, sizeof later.window, "二号窗口");
    OK(desk_add(db, &later));
    OK(desk_add(db, &other));
    OK(desk_last(db, row.staff, INT64_MAX, &got));
    same_desk(&got, &later);
    OK(desk_last(db, row.staff, 9, &got)); /* before the later entry: where one sat then */
    same_desk(&got, &row);
    assert_int_equal(desk_last(db, row.staff, 4, &got), TB_ENOTFOUND);
    OK(desk_last(db, other.staff, INT64_MAX, &got));
    same_desk(&got, &other);
    return 0;
}

static int refused(struct store_db *db, void *context)
{
    (void)context;
    struct staff_row row = somebody("330483:0301");
    row.certificate[10] = '\0';
    return staff_put(db, &row); /* the table itself wants a whole fingerprint */
}

static void test_staff(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    OK(fixture_run(&f, rows, NULL));
    OK(fixture_run(&f, desks, NULL));
    assert_true(fixture_run(&f, refused, NULL) < 0);
    fixture_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_staff)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
