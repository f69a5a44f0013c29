/* Metrics: the table's names follow the Prometheus rules, and every row is printed once with its value. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/metrics.h"

static const struct {
    const char *kind, *name, *help;
} rows[] = {
#define M(constant, kind, name, help) {#kind, name, help},
    METRIC_TABLE(M)
#undef M
};

static void names_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRICS; i++) {
        for (const char *c = rows[i].name; *c; c++)
            assert_true(islower((unsigned char)*c) || *c == '_');
        size_t len = strlen(rows[i].name);
        bool total = len > 6 && !strcmp(rows[i].name + len - 6, "_total");
        assert_int_equal(total, !strcmp(rows[i].kind, "counter"));
        assert_null(strpbrk(rows[i].help, "\n\\"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rows[i].name, rows[k].name);
    }
}

static void prints_every_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRICS; i++)
        metric_set((enum metric)i, (int64_t)i + 1);
    metric_add(METRIC_UPLOADS_OPEN, 5);
    metric_add(METRIC_UPLOADS_OPEN, -5);
    metric_add(METRICS, 1); /* outside the table: nothing happens */
    assert_int_equal(metric_get(METRICS), 0);
    struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(metrics_print(&out), 0);
    for (unsigned i = 0; i < METRICS; i++) {
        char line[160];
        (void)snprintf(line, sizeof line, "# TYPE tongban_%s %s\ntongban_%s %u\n", rows[i].name, rows[i].kind, rows[i].name, i + 1);
        assert_non_null(strstr(out.data, line));
    }
    buf_free(&out);
    buf_init(&out, 100);
    assert_int_equal(metrics_print(&out), TB_ELIMIT);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_well_formed),
        cmocka_unit_test(prints_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
