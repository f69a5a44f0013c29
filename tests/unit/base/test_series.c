/* Series: closed sets of labels, buckets, the text, updates from many threads; docs/reference/metrics.md comes from the tables here. */
#include <ctype.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../page.h"
#include "daemon/base/metrics.h"
#include "daemon/base/process.h"
#include "daemon/base/series.h"

#define PAGE "reference/metrics.md"

static const struct {
    const char *kind, *first, *second, *name, *help;
    int64_t scale;
} rows[SERIES] = {
#define S(constant, kind, scale, first, second, name, help) {#kind, #first, #second, name, help, scale},
    SERIES_TABLE(S)
#undef S
};
static const struct {
    const char *constant, *name, *values;
} labels[SERIES_LABELS] = {
#define L(constant, name, values) {#constant, name, values},
    SERIES_LABEL_TABLE(L)
#undef L
};
static const struct {
    const char *kind, *name, *help;
} plain[] = {
#define M(constant, kind, name, help) {#kind, name, help},
    METRIC_TABLE(M)
#undef M
};
static const struct {
    const char *kind, *name, *help;
} process[] = {
#define P(constant, kind, scale, name, help) {#kind, name, help},
    PROCESS_TABLE(P)
#undef P
};

static char *text_of(struct buf *out)
{
    buf_init(out, PAGE_BYTES);
    assert_int_equal(series_print(out), 0);
    return out->data;
}

static bool ends(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);
    return len >= n && !strcmp(text + len - n, end);
}

static void names_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERIES; i++) {
        for (const char *c = rows[i].name; *c; c++)
            assert_true(islower((unsigned char)*c) || *c == '_');
        assert_int_equal(ends(rows[i].name, "_total"), !strcmp(rows[i].kind, "counter"));
        /* what is kept in a smaller unit is shown in the base unit and says so */
        assert_true(rows[i].scale == 1 || ends(rows[i].name, "_seconds"));
        assert_null(strpbrk(rows[i].help, "\n\\"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rows[i].name, rows[k].name);
        for (size_t k = 0; k < sizeof plain / sizeof plain[0]; k++)
            assert_string_not_equal(rows[i].name, plain[k].name);
    }
}

static void labels_are_closed_sets(void **state)
{
    (void)state;
    const char *const peers[] = {"330483", "320623"};
    series_set_peers(peers, 2);
    assert_int_equal(series_value(LABEL_PEER, "320623"), 1);
    assert_int_equal(series_value(LABEL_PEER, "33048"), SERIES_NONE);
    assert_int_equal(series_value(LABEL_LISTENER, "admin"), 2);
    assert_int_equal(series_value(LABEL_LISTENER, "adm"), SERIES_NONE);
    assert_int_equal(series_value(LABEL_LIGHT, "none"), 0);
    assert_int_equal(series_value(LABEL_ALARM, "clock"), ALARM_CLOCK);
    assert_int_equal(series_value(LABEL_VERDICT, "duplicate"), TAKEN_DUPLICATE);
    assert_int_equal(series_value(LABEL_CERTIFICATE, "staff-authority"), CERTIFICATE_STAFF_AUTHORITY);
    series_add(SERIES_PEER_TAKEN, 2, 0, 1); /* outside: nothing happens */
    series_add(SERIES_PEER_TAKEN, SERIES_NONE, 0, 1);
    series_add(SERIES_PEER_TAKEN, 1, 4, 1);
    series_observe(SERIES_REQUEST, SERIES_NONE, 1);
    series_add((enum series)SERIES, 0, 0, 1);
    series_add(SERIES_PEER_TAKEN, 1, TAKEN_DUPLICATE, 7);
    assert_int_equal(series_get(SERIES_PEER_TAKEN, 1, TAKEN_DUPLICATE), 7);
    for (unsigned first = 0; first < 2; first++)
        for (unsigned second = 0; second < 4; second++)
            assert_int_equal(series_get(SERIES_PEER_TAKEN, first, second), first == 1 && second == 3 ? 7 : 0);
    /* as many as the configuration may name, each with its own place */
    char codes[LIMIT_PEERS + 1][7];
    const char *many[LIMIT_PEERS + 1];
    for (int i = 0; i <= LIMIT_PEERS; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "%06d", i);
        many[i] = codes[i];
    }
    series_set_peers(many, LIMIT_PEERS + 1);
    assert_int_equal(series_value(LABEL_PEER, "000032"), SERIES_NONE);
    for (unsigned i = 0; i < LIMIT_PEERS; i++)
        for (unsigned kind = 0; kind < SERIES_ALARMS; kind++)
            series_set(SERIES_PEER_ALARM, i, kind, i * 100 + kind);
    for (unsigned i = 0; i < LIMIT_PEERS; i++)
        for (unsigned kind = 0; kind < SERIES_ALARMS; kind++)
            assert_int_equal(series_get(SERIES_PEER_ALARM, i, kind), i * 100 + kind);
    series_set_peers(peers, 2);
}

static void a_gauge_without_a_value_is_not_shown(void **state)
{
    (void)state;
    struct buf out;
    assert_null(strstr(text_of(&out), "\ntongban_calendar_left_seconds "));
    buf_free(&out);
    series_set(SERIES_CALENDAR_LEFT, 0, 0, -86400);
    assert_non_null(strstr(text_of(&out), "\ntongban_calendar_left_seconds -86400\n"));
    buf_free(&out);
    series_unset(SERIES_CALENDAR_LEFT, 0, 0);
    assert_null(strstr(text_of(&out), "\ntongban_calendar_left_seconds "));
    buf_free(&out);
}

static void small_units_become_base_units(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "0"}, {1, "0.001"}, {-85, "-0.085"}, {1500, "1.5"}, {-2000, "-2"}, {1795641904587, "1795641904.587"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char want[80];
        struct buf out;
        series_set(SERIES_PEER_SKEW, 0, 0, cases[i].ms);
        (void)snprintf(want, sizeof want, "\ntongban_peer_skew_seconds{peer=\"330483\"} %s\n", cases[i].text);
        assert_non_null(strstr(text_of(&out), want));
        buf_free(&out);
    }
}

static void buckets_are_cumulative(void **state)
{
    (void)state;
    struct series_sample sample = {.sum = 0};
    struct buf out;
    series_observe(SERIES_DELIVERY, 0, 100);     /* on the bound: in it */
    series_observe(SERIES_DELIVERY, 0, 101);
    series_observe(SERIES_DELIVERY, 0, -5);      /* the clock was set back: no time */
    series_gather(SERIES_DELIVERY, &sample, INT64_C(20) * 24 * 3600 * 1000);
    assert_int_equal(series_count(SERIES_DELIVERY, 0), 3);
    series_merge(SERIES_DELIVERY, 0, &sample);
    assert_int_equal(series_count(SERIES_DELIVERY, 0), 4);
    assert_int_equal(series_count(SERIES_DELIVERY, 1), 0);
    const char *text = text_of(&out);
    assert_non_null(strstr(text, "seconds_bucket{peer=\"330483\",le=\"0.1\"} 2\n"));
    assert_non_null(strstr(text, "seconds_bucket{peer=\"330483\",le=\"0.25\"} 3\n"));
    assert_non_null(strstr(text, "seconds_bucket{peer=\"330483\",le=\"864000\"} 3\n"));
    assert_non_null(strstr(text, "seconds_bucket{peer=\"330483\",le=\"+Inf\"} 4\n"));
    assert_non_null(strstr(text, "tongban_peer_delivery_seconds_sum{peer=\"330483\"} 1728000.201\n"));
    assert_non_null(strstr(text, "tongban_peer_delivery_seconds_count{peer=\"330483\"} 4\n"));
    assert_non_null(strstr(text, "tongban_store_commit_seconds_bucket{le=\"0.0001\"} 0\n"));
    assert_non_null(strstr(text, "\ntongban_store_commit_seconds_count 0\n"));
    buf_free(&out);
    buf_init(&out, 100);
    assert_int_equal(series_print(&out), TB_ELIMIT);
    buf_free(&out);
}

enum { THREADS = 4, TURNS = 20000 };

static void *count(void *argument)
{
    (void)argument;
    for (int i = 0; i < TURNS; i++) {
        series_observe(SERIES_FSYNC, 0, i);
        series_add(SERIES_PEER_DELIVERIES, 1, 2, 1);
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(series_count(SERIES_FSYNC, 0), THREADS * TURNS);
    assert_int_equal(series_get(SERIES_PEER_DELIVERIES, 1, 2), THREADS * TURNS);
}

static void the_process_is_read(void **state)
{
    (void)state;
    struct process_figures figures;
    struct buf out;
    process_read(&figures);
    assert_in_range(figures.value[PROCESS_RESIDENT], 500 * 1024, 1024 * 1024 * 1024);
    assert_in_range(figures.value[PROCESS_OPEN_FDS], 3, 1000);
    assert_in_range(figures.value[PROCESS_THREADS], 1, 4); /* a sanitizer may have one of its own */
    assert_true(figures.value[PROCESS_CPU] >= 0);
    assert_true(figures.value[PROCESS_START] > INT64_C(1600000000000));
    figures.value[PROCESS_MAX_FDS] = -1; /* cannot be read: not shown */
    process_set_build("1.2.3", "", "3.40.1", "3.0.0");
    buf_init(&out, PAGE_BYTES);
    assert_int_equal(process_print(&figures, &out), 0);
    assert_null(strstr(out.data, "process_max_fds"));
    assert_non_null(strstr(out.data, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total "));
    assert_non_null(strstr(out.data, "tongban_build_info{version=\"1.2.3\",commit=\"\",sqlite=\"3.40.1\",openssl=\"3.0.0\"} 1\n"));
    buf_free(&out);
}

/* ---- the page ---- */

static void put(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_str(out, text), 0);
}

static const char *name_of(const char *constant)
{
    for (size_t i = 0; i < SERIES_LABELS; i++)
        if (!strcmp(labels[i].constant, constant))
            return labels[i].name;
    return "";
}

static void write_page(struct buf *out)
{
    put(out, "# Metrics\n\nEverything that `/metrics` of the admin listener shows, in the Prometheus text format 0.0.4\n"
             "([how to read it](../how-to/read-metrics-and-log.md), [the alarms](alarms.md)). Made from the tables\n"
             "`daemon/base/metrics.h`, `series.h` and `process.h` by a unit test (`unit_base_test_series --write\n"
             "docs/reference/metrics.md`), which fails when they differ. Do not edit by hand.\n\n"
             "Units are seconds and bytes. A counter begins at 0 with the process. A gauge that has no value yet is not shown.\n"
             "Labels take their values from closed sets; no metric names a person or a case.\n\n"
             "## Labels\n\n| label | of | values |\n| --- | --- | --- |\n");
    for (size_t i = 1; i < SERIES_LABELS; i++) {
        put(out, "| `");
        put(out, labels[i].name);
        put(out, "` | ");
        for (size_t k = 0, n = 0; k < SERIES; k++)
            if (!strcmp(rows[k].first, labels[i].constant) || !strcmp(rows[k].second, labels[i].constant)) {
                put(out, n++ ? ", `" : "`");
                put(out, rows[k].name);
                put(out, "`");
            }
        put(out, " | ");
        put(out, labels[i].values[0] ? labels[i].values : "the codes of the counterparts in the configuration");
        put(out, " |\n");
    }
    put(out, "\n## With labels or buckets\n\nA histogram `x` is shown as `x_bucket{le=…}`, `x_sum` and `x_count`.\n\n"
             "| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < SERIES; i++) {
        const char *first = name_of(rows[i].first), *second = name_of(rows[i].second);
        assert_int_equal(buf_printf(out, "| `tongban_%s` | %s | %s%s%s | %s |\n", rows[i].name, rows[i].kind, first, second[0] ? ", " : "",
                                    second, rows[i].help),
                         0);
    }
    put(out, "\n## Plain\n\n| metric | kind | meaning |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        assert_int_equal(buf_printf(out, "| `tongban_%s` | %s | %s |\n", plain[i].name, plain[i].kind, plain[i].help), 0);
    put(out, "\n## The process\n\n| metric | kind | meaning |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof process / sizeof process[0]; i++)
        assert_int_equal(buf_printf(out, "| `%s` | %s | %s |\n", process[i].name, process[i].kind, process[i].help), 0);
    put(out, "| `tongban_build_info` | gauge | always 1; the labels `version`, `commit`, `sqlite`, `openssl` say what runs |\n");
}

static void the_page_is_as_the_tables(void **state)
{
    (void)state;
    page_check(PAGE, write_page);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--write"))
        return page_write(argv[2], write_page);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_well_formed),
        cmocka_unit_test(labels_are_closed_sets),
        cmocka_unit_test(a_gauge_without_a_value_is_not_shown),
        cmocka_unit_test(small_units_become_base_units),
        cmocka_unit_test(buckets_are_cumulative),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(the_process_is_read),
        cmocka_unit_test(the_page_is_as_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
