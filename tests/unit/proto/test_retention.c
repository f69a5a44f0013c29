/* Ends of retention at the edges of the calendar, and what is left of a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/limits.h"
#include "proto/retention.h"
#include "proto/timestamp.h"

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *closed, *last;
        unsigned years;
    } rows[] = {
        {"2026-11-25", "2036-11-25", 10}, {"2024-02-29", "2034-02-28", 10}, {"2024-02-29", "2028-02-29", 4},
        {"2026-02-28", "2036-02-28", 10}, {"2026-12-31", "2056-12-31", 30}, {"2026-01-01", "2029-01-01", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t closed, last;
        assert_int_equal(date_parse(rows[i].closed, &closed), 0);
        assert_int_equal(date_parse(rows[i].last, &last), 0);
        assert_int_equal(retention_last_day(closed, rows[i].years), last);
    }
}

static void test_classes(void **state)
{
    (void)state;
    assert_int_equal(retention_years("10y"), 10);
    assert_int_equal(retention_years("30y"), 30);
    assert_int_equal(retention_years("permanent"), 0);
    assert_int_equal(retention_years("nonsense"), 0);
    assert_int_equal(retention_years(NULL), 0);
}

static void test_redact(void **state)
{
    (void)state;
    const char *line = "{\"v\":1,\"type\":\"case.decided\","
                       "\"body\":{\"outcome\":\"grant\",\"words\":\"Zhang San\",\"data\":{\"phone\":\"139\"}}}";
    struct buf out;
    buf_init(&out, LIMIT_ENTRY_BYTES);
    assert_false(retention_is_erased(line, strlen(line)));
    assert_int_equal(retention_redact(line, strlen(line), 0, "10y", &out), 0);
    assert_true(retention_is_erased(out.data, out.len));
    assert_non_null(strstr(out.data, "grant"));
    assert_null(strstr(out.data, "Zhang"));
    assert_null(strstr(out.data, "139"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends), cmocka_unit_test(test_classes), cmocka_unit_test(test_redact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
