/* Lights, the chain of reporting, and the limits of the halls' steps: every threshold from both sides. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/light.h"
#include "proto/timestamp.h"

static struct calendar *calendar;

static int load(void **state)
{
    (void)state;
    static char text[64 * 1024];
    FILE *file = fopen(TONGBAN_SOURCE_DIR "/config/calendar/holidays.tsv", "r");
    if (!file)
        return -1;
    size_t len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    return calendar_parse(text, len, &calendar, NULL);
}

static int unload(void **state)
{
    (void)state;
    calendar_free(calendar);
    return 0;
}

static int64_t day_of(const char *date)
{
    int64_t day = 0;
    assert_int_equal(date_parse(date, &day), 0);
    return day;
}

/* The thresholds said again the dull way, over every day of clocks of every length. */
static enum light naive(int64_t all, int64_t left)
{
    if (left <= 0)
        return LIGHT_RED;
    if (left <= 1 || left * 5 <= all)
        return LIGHT_YELLOW;
    return left * 2 <= all ? LIGHT_BLUE : LIGHT_GREEN;
}

static void test_thresholds(void **state)
{
    (void)state;
    int64_t from = day_of("2026-09-18");
    unsigned seen[LIGHTS] = {0};
    for (unsigned all = 0; all <= 60; all++) {
        int64_t due;
        bool provisional;
        assert_int_equal(calendar_add(calendar, from, all, &due, &provisional), 0);
        for (int64_t today = from; today <= due + 20; today++) {
            enum light light = light_of(calendar, from, due, today, false);
            assert_int_equal(light, naive(all, calendar_between(calendar, today, due)));
            assert_int_equal(light == LIGHT_RED, today >= due);
            assert_int_equal(light_of(calendar, from, due, today, true), LIGHT_GREY);
            seen[light]++;
        }
    }
    assert_true(seen[LIGHT_GREEN] && seen[LIGHT_BLUE] && seen[LIGHT_YELLOW] && seen[LIGHT_RED]);
    assert_int_equal(light_of(calendar, from, 0, from, false), LIGHT_NONE);
    assert_int_equal(light_of(calendar, from, 0, from, true), LIGHT_NONE);
    /* before it begins it is green */
    assert_int_equal(light_of(calendar, from, from + 30, from - 5, false), LIGHT_GREEN);
}

static void test_examples(void **state)
{
    (void)state;
    static const struct {
        const char *from, *due, *today, *light, *zh;
        int64_t overdue;
        int level;
    } rows[] = {
        {"2026-09-30", "2026-10-13", "2026-09-30", "green", "绿", 0, 0}, /* six days: 8, 9, 10 (make-up), 12, 13 … */
        {"2026-09-30", "2026-10-13", "2026-10-07", "green", "绿", 0, 0}, /* the holiday takes nothing */
        {"2026-09-30", "2026-10-13", "2026-10-10", "blue", "蓝", 0, 0},
        {"2026-09-30", "2026-10-13", "2026-10-12", "yellow", "黄", 0, 1},
        {"2026-09-30", "2026-10-13", "2026-10-13", "red", "红", 0, 2},
        {"2026-09-30", "2026-10-13", "2026-10-14", "red", "红", 1, 3},
        {"2026-09-30", "2026-10-13", "2026-10-16", "red", "红", 3, 4},
        {"2026-09-30", "2026-10-13", "2026-10-27", "red", "红", 10, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t today = day_of(rows[i].today), due = day_of(rows[i].due);
        enum light light = light_of(calendar, day_of(rows[i].from), due, today, false);
        assert_string_equal(light_text(light), rows[i].light);
        assert_string_equal(light_zh(light), rows[i].zh);
        assert_int_equal(light_overdue(calendar, due, today), rows[i].overdue);
        assert_int_equal(escalation_of(light, light_overdue(calendar, due, today)), rows[i].level);
    }
}

static void test_tables(void **state)
{
    (void)state;
    for (int light = LIGHT_NONE + 1; light < LIGHTS; light++) {
        assert_true(light_text((enum light)light)[0] && light_zh((enum light)light)[0]);
        assert_int_equal(light_by_text(light_text((enum light)light)), light);
    }
    assert_string_equal(light_text(LIGHTS), "");
    assert_string_equal(light_zh((enum light)-1), "");
    assert_int_equal(light_by_text("pink"), LIGHT_NONE);
    assert_int_equal(light_by_text(""), LIGHT_NONE);
    assert_int_equal(light_by_text(NULL), LIGHT_NONE);
    /* who is told later is told of worse */
    for (int i = 0; i < ESCALATION_LEVELS; i++) {
        assert_true(escalations[i].name[0] && escalations[i].zh[0] && escalations[i].en[0]);
        if (i)
            assert_true(escalations[i].overdue > escalations[i - 1].overdue ||
                        escalations[i].from == LIGHT_RED);
    }
    assert_int_equal(escalation_of(LIGHT_GREY, 100), 0);
    assert_int_equal(escalation_of(LIGHT_GREEN, 0), 0);
    static const int days[STEP_LIMITS] = {1, 2, 1, 1};
    for (int i = 0; i < STEP_LIMITS; i++) {
        assert_int_equal(step_limits[i].days, days[i]);
        assert_true(step_limits[i].name[0] && step_limits[i].zh[0] && step_limits[i].en[0]);
        assert_true(step_limits[i].days <= STEP_LIMIT_DAYS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
