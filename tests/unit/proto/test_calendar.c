#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/calendar.h"
#include "proto/limits.h"
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
    struct problem p;
    return calendar_parse(text, len, &calendar, &p);
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

static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        unsigned n;
        const char *to;
    } rows[] = {{"2021-03-12", 5, "2021-03-19"},  {"2021-04-30", 5, "2021-05-11"}, {"2021-09-30", 5, "2021-10-13"},
                {"2021-09-24", 20, "2021-10-27"}, {"2024-02-02", 5, "2024-02-08"}, {"2024-02-09", 5, "2024-02-22"},
                {"2024-09-27", 10, "2024-10-16"}, {"2025-01-24", 5, "2025-02-07"}, {"2025-01-27", 20, "2025-03-03"},
                {"2025-09-26", 5, "2025-10-10"},  {"2025-09-30", 1, "2025-10-09"}, {"2026-02-13", 5, "2026-02-27"},
                {"2026-02-13", 20, "2026-03-19"}, {"2026-04-30", 1, "2026-05-06"}, {"2026-09-18", 10, "2026-10-09"},
                {"2026-09-18", 0, "2026-09-18"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t day = 0;
        bool provisional = true;
        assert_int_equal(calendar_add(calendar, day_of(rows[i].from), rows[i].n, &day, &provisional), 0);
        char text[DATE_TEXT];
        date_format(day, text);
        assert_string_equal(text, rows[i].to);
        assert_false(provisional);
    }
}

static void test_provisional(void **state)
{
    (void)state;
    int64_t day = 0;
    bool provisional = false;
    assert_int_equal(calendar_last_day(calendar), day_of("2026-12-31"));
    assert_int_equal(calendar_add(calendar, day_of("2026-12-30"), 5, &day, &provisional), 0);
    assert_int_equal(day, day_of("2027-01-06"));
    assert_true(provisional);
    assert_int_equal(calendar_add(calendar, day_of("2026-12-30"), 1, &day, &provisional), 0);
    assert_int_equal(day, day_of("2026-12-31"));
    assert_false(provisional);
    day = 5;
    assert_int_equal(calendar_add(calendar, 0, 1001, &day, &provisional), TB_EINVAL);
    assert_int_equal(calendar_add(calendar, INT64_MAX, 1, &day, &provisional), TB_EINVAL);
    assert_int_equal(calendar_add(calendar, INT64_MIN, 1, &day, &provisional), TB_EINVAL);
    assert_int_equal(day, 5);
}

/* Working days per year, counted independently in domain.md 7. */
static void test_years(void **state)
{
    (void)state;
    static const int want[] = {249, 250, 249, 249, 251, 248, 248};
    for (int year = 2020; year <= 2026; year++) {
        char first[16], last[16];
        int count = 0;
        (void)snprintf(first, sizeof first, "%d-01-01", year);
        (void)snprintf(last, sizeof last, "%d-12-31", year);
        for (int64_t day = day_of(first); day <= day_of(last); day++)
            count += calendar_is_working_day(calendar, day);
        assert_int_equal(count, want[year - 2020]);
    }
    /* Before 1970, too: a Sunday. */
    assert_false(calendar_is_working_day(calendar, day_of("1969-12-28")));
    assert_true(calendar_is_working_day(calendar, day_of("1969-12-29")));
}

static void test_bad_files(void **state)
{
    (void)state;
#define HEADER "date\tkind\tname\n"
    static const struct {
        const char *text, *says;
    } rows[] = {{"", "line 1"},
                {"2026-01-01\tholiday\t元旦\n", "line 1"},
                {"date kind name\n", "line 1"},
                {HEADER "2026-01-01\tholiday\n", "line 2: needs three"},
                {HEADER "2026-01-01\tholiday\ta\tb\n", "line 2: needs three"},
                {HEADER "\n", "line 2: needs three"},
                {HEADER "2026-01-01\tholiday\ta\n2026-1-01\tholiday\ta\n", "line 3: the date must"},
                {HEADER "2026-02-30\tholiday\ta\n", "line 2: there is no such date"},
                {HEADER "2026-02-03\tHoliday\ta\n", "line 2: the kind"},
                {HEADER "2026-02-03\tholidays\ta\n", "line 2: the kind"},
                {HEADER "2026-02-03\tholiday\ta\n2026-02-04\tholiday\ta\n2026-02-03\tworkday\tb\n",
                 "line 4: the date stands in line 2"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct calendar *out = NULL;
        struct problem p = {0};
        assert_int_equal(calendar_parse(rows[i].text, strlen(rows[i].text), &out, &p), TB_EMALFORMED);
        assert_null(out);
        if (!strstr(p.detail, rows[i].says))
            fail_msg("\"%s\" does not say \"%s\"", p.detail, rows[i].says);
    }
    struct calendar *out = NULL;
    assert_int_equal(calendar_parse(HEADER, (size_t)LIMIT_CONFIG_BYTES + 1, &out, NULL), TB_ELIMIT);
    assert_int_equal(calendar_parse("x", 1, &out, NULL), TB_EMALFORMED);
    /* Without a final newline, and with no entries: everything is provisional. */
    assert_int_equal(calendar_parse("date\tkind\tname", 14, &out, NULL), 0);
    int64_t day = 0;
    bool provisional = false;
    assert_int_equal(calendar_add(out, 20000, 1, &day, &provisional), 0);
    assert_true(provisional);
    calendar_free(out);
    calendar_free(NULL);
}

/* Against counting day by day, and as the inverse of calendar_add. */
static void test_between(void **state)
{
    (void)state;
    int64_t first = day_of("2025-12-20"), last = day_of("2026-11-01");
    for (int64_t a = first; a < last; a += 3) {
        int64_t count = 0;
        assert_int_equal(calendar_between(calendar, a, a), 0);
        for (int64_t b = a + 1; b < last; b++) {
            count += calendar_is_working_day(calendar, b);
            assert_int_equal(calendar_between(calendar, a, b), count);
            assert_int_equal(calendar_between(calendar, b, a), -count);
        }
        for (unsigned n = 0; n < 100; n++) {
            int64_t day;
            bool provisional;
            assert_int_equal(calendar_add(calendar, a, n, &day, &provisional), 0);
            assert_int_equal(calendar_between(calendar, a, day), n);
        }
    }
    /* also before 1970 and far beyond every date, without a wait or an overflow */
    int64_t old = day_of("1969-12-01"), count = 0;
    for (int64_t b = old + 1; b < old + 100; b++) {
        count += calendar_is_working_day(calendar, b);
        assert_int_equal(calendar_between(calendar, old, b), count);
    }
    assert_true(calendar_between(calendar, INT64_MIN, INT64_MAX) > 0);
    assert_true(calendar_between(calendar, INT64_MAX, INT64_MIN) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_provisional),
        cmocka_unit_test(test_years),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
