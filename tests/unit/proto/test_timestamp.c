/* Times: every day of 400 years against a counting calendar, both directions; bad texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/timestamp.h"

static void test_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T08:00:00.000+08:00", 0},
        {"2026-11-23T09:30:00.123+08:00", 1795397400123},
        {"2026-11-23T01:30:00.123Z", 1795397400123},
        {"2026-11-22T20:00:00.123-05:30", 1795397400123},
        {"2026-11-23T09:30:00.1+08:00", 1795397400100},
        {"2026-11-23T09:30:00.12+08:00", 1795397400120},
        {"2026-11-23T09:30:00+08:00", 1795397400000},
        {"2024-02-29T12:00:00+08:00", 1709179200000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"9999-12-31T23:59:59.999+08:00", 253402271999999},
        {"1900-01-01T00:00:00+08:00", -2209017600000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 12345;
        assert_int_equal(timestamp_parse(rows[i].text, &ms), 0);
        if (ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
        char text[TIMESTAMP_TEXT];
        timestamp_format(ms, text);
        assert_int_equal(strlen(text), TIMESTAMP_TEXT - 1);
        int64_t again;
        assert_int_equal(timestamp_parse(text, &again), 0);
        assert_true(again == ms);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23T09:30:00",
        "2026-11-23 09:30:00Z",
        "2026-11-23t09:30:00Z",
        "2026-11-23T09:30:00z",
        "2026-11-23T09:30Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:60:00Z",
        "2026-11-23T09:30:60Z",
        "2026-11-23T09:30:00.Z",
        "2026-11-23T09:30:00.1234Z",
        "2026-11-23T09:30:00+8:00",
        "2026-11-23T09:30:00+0800",
        "2026-11-23T09:30:00+24:00",
        "2026-11-23T09:30:00+08:60",
        "2026-11-23T09:30:00+08:00x",
        "1899-12-31T23:59:59Z",
        "1900-01-01T00:00:00+09:00",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59Z",
        "+2026-11-23T09:30:00Z",
        "-026-11-23T09:30:00Z",
        " 2026-11-23T09:30:00Z",
        "2026-11-23T09:30:00Z ",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 77;
        if (timestamp_parse(rows[i], &ms) != TB_EMALFORMED || ms != 77)
            fail_msg("%s was taken", rows[i]);
    }
    static const char *const dates[] = {"",           "2026-11-3",  "2026-11-031", "26-11-03",
                                        "2026/11/03", "2026-02-30", "1899-12-31",  "2026-11-03 "};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        int64_t day;
        assert_int_equal(date_parse(dates[i], &day), TB_EMALFORMED);
    }
}

static void test_every_day(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t count = -25567;
    for (int y = 1900; y < 2300; y++)
        for (int m = 1; m <= 12; m++) {
            int days = lengths[m - 1] + (m == 2 && ((y % 4 == 0 && y % 100) || y % 400 == 0));
            for (int d = 1; d <= days; d++, count++) {
                char text[40], back[DATE_TEXT];
                (void)snprintf(text, sizeof text, "%04d-%02d-%02d", y, m, d);
                int64_t day;
                assert_int_equal(date_parse(text, &day), 0);
                assert_true(day == count);
                date_format(day, back);
                assert_string_equal(back, text);
                assert_true(timestamp_day(date_start_ms(day)) == day);
                assert_true(timestamp_day(date_start_ms(day) - 1) == day - 1);
            }
        }
}

static void test_extremes(void **state)
{
    (void)state;
    char text[TIMESTAMP_TEXT], date[DATE_TEXT];
    timestamp_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999+08:00");
    timestamp_format(INT64_MIN, text);
    assert_string_equal(text, "1900-01-01T00:00:00.000+08:00");
    date_format(INT64_MAX, date);
    assert_string_equal(date, "9999-12-31");
    date_format(INT64_MIN, date);
    assert_string_equal(date, "1900-01-01");
    assert_true(timestamp_day(INT64_MAX) > 0);
    assert_true(timestamp_day(INT64_MIN) < 0);
    assert_true(date_start_ms(INT64_MAX) > 0);
    assert_true(timestamp_day(-1) == 0); /* 07:59:59.999 in China */
    assert_true(timestamp_day(-28800001) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_bad),
                                       cmocka_unit_test(test_every_day), cmocka_unit_test(test_extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
