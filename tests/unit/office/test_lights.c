/* The counts by light are those that one gets by looking at each open case, on any day, at both sides. */
#include "halls.h"

#include "daemon/office/office_internal.h"
#include "proto/timestamp.h"

static struct office_lights count(struct halls *h, int hall)
{
    struct office_lights lights;
    office_lights_init(&lights, h->hall[hall].office);
    OK(lights.query.run(store_sync_view(h->hall[hall].store), &lights.query));
    return lights;
}

/* By the lights that lists show; the number of cases that are open. */
static int64_t compare(struct halls *h, int hall)
{
    struct office_lights lights = count(h, hall);
    int64_t want[LIGHTS] = {0}, sum = 0;
    struct case_row *rows = NULL;
    size_t found = 0;
    OK(case_list_open_after(store_sync_view(h->hall[hall].store), 0, 1000, &rows, &found));
    for (size_t i = 0; i < found; i++)
        want[case_light(h->hall[hall].office, &rows[i], timestamp_day(h->now))]++;
    case_rows_free(rows, found);
    for (unsigned light = 0; light < LIGHTS; light++) {
        assert_int_equal(lights.cases[light], want[light]);
        sum += lights.cases[light];
    }
    assert_int_equal(sum, found);
    return sum;
}

static void test_cases(void **state)
{
    (void)state;
    struct halls h;
    char no[6][CASE_NO_TEXT];
    int64_t seen[LIGHTS] = {0};
    halls_make(&h, halls_items, false, "2026-03-02 09:00");
    assert_int_equal(compare(&h, HOME), 0);
    for (size_t i = 0; i < 6; i++) {
        static const char *const items[] = {"X1", "X3", "X4", "X5", "X6", "X1"};
        halls_at(&h, i < 3 ? "2026-03-02 09:00" : "2026-03-04 09:00");
        halls_intake(&h, items[i], no[i]);
    }
    halls_exchange(&h);
    OK(halls_act(&h, HOME, "handler", no[1], "accept", "{}"));
    OK(halls_act(&h, HOME, "handler", no[0], "notice", NOTICE("2026-03-20")));
    halls_exchange(&h);
    for (int day = 4; day < 31; day++) {
        char when[32];
        (void)snprintf(when, sizeof when, "2026-03-%02d 10:00", day);
        halls_at(&h, when);
        if (day == 16) {
            OK(halls_act(&h, INTAKE, "window", no[5], "withdraw", "{'reason':'不办了'}"));
            halls_exchange(&h);
        }
        assert_int_equal(compare(&h, HOME), day < 16 ? 6 : 5); /* what is closed is not counted */
        compare(&h, INTAKE);
        struct office_lights lights = count(&h, HOME);
        for (unsigned light = 0; light < LIGHTS; light++)
            seen[light] += lights.cases[light];
    }
    assert_true(seen[LIGHT_GREEN] && seen[LIGHT_RED] && seen[LIGHT_YELLOW]);
    halls_drop(&h);
}

static void test_steps(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], body[128], step[REGISTER_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-03-02 09:00");
    halls_intake(&h, "X5", no);
    halls_exchange(&h);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'step':'original'}}", no);
    OK(halls_register(&h, HOME, "handler", "step", NULL, "request", body, step));
    halls_exchange(&h);
    struct object_row row = halls_object(&h, INTAKE, step);
    assert_int_not_equal(row.due_day, 0);
    object_row_clear(&row);
    struct office_lights lights = count(&h, INTAKE);
    int64_t sum = 0;
    for (unsigned light = 0; light < LIGHTS; light++)
        sum += lights.steps[light];
    assert_int_equal(sum, 1);
    halls_at(&h, "2026-06-30 09:00");
    lights = count(&h, INTAKE);
    assert_int_equal(lights.steps[LIGHT_RED], 1);
    halls_drop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
