/* Log lines: always one valid JSON document per line whatever the text, cut, rate-limited, and never fatal. */
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "proto/limits.h"

static int saved_stderr;
static char captured[65536];
static int pipe_read;

static void capture_start(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    pipe_read = ends[0];
}

static json_t *capture_end(void)
{
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    ssize_t n = read(pipe_read, captured, sizeof captured - 1);
    close(pipe_read);
    captured[n > 0 ? n : 0] = '\0';
    if (n <= 0)
        return NULL;
    assert_int_equal(captured[n - 1], '\n');
    assert_null(memchr(captured, '\n', (size_t)n - 1));
    json_t *doc = json_loads(captured, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    return doc;
}

static void writes_stable_members(void **state)
{
    (void)state;
    capture_start();
    LOG(LOG_LEVEL_NOTICE, LOG_PEER, "batch_delivered", LOG_TEXT("peer", "330483"), LOG_INT("count", INT64_MIN));
    json_t *doc = capture_end();
    assert_string_equal(json_string_value(json_object_get(doc, "level")), "notice");
    assert_string_equal(json_string_value(json_object_get(doc, "area")), "peer");
    assert_string_equal(json_string_value(json_object_get(doc, "event")), "batch_delivered");
    assert_string_equal(json_string_value(json_object_get(doc, "peer")), "330483");
    assert_true(json_integer_value(json_object_get(doc, "count")) == INT64_MIN);
    const char *t = json_string_value(json_object_get(doc, "t"));
    assert_int_equal(strlen(t), 29);
    assert_string_equal(t + 23, "+08:00");
    json_decref(doc);
}

static void escapes_whatever_comes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a\"b\\c", "a\"b\\c"},
        {"line\nbreak\r\ttab", "line\nbreak\r\ttab"},
        {"\x1b[31mred\x7f", "\x1b[31mred\x7f"},
        {"𠮷田 张三", "𠮷田 张三"},
        {"\xff\xfe", "\uFFFD\uFFFD"},
        {"\xc0\xaf", "\uFFFD\uFFFD"},
        {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
        {"cut\xe5\xbc", "cut\uFFFD\uFFFD"},
        {"\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        capture_start();
        LOG(LOG_LEVEL_ERR, LOG_API, "text", LOG_TEXT("v", rows[i].in));
        json_t *doc = capture_end();
        assert_string_equal(json_string_value(json_object_get(doc, "v")), rows[i].out);
        for (const char *c = captured; c[1]; c++)
            assert_true((unsigned char)*c >= 0x20 && (unsigned char)*c != 0x7f);
        json_decref(doc);
    }
    capture_start();
    LOG(LOG_LEVEL_ERR, LOG_API, "text", LOG_TEXT("v", NULL));
    json_t *doc = capture_end();
    assert_true(json_is_null(json_object_get(doc, "v")));
    json_decref(doc);
}

static void cuts_long_text_at_a_character(void **state)
{
    (void)state;
    char text[4 * LIMIT_LOG_TEXT_BYTES] = "x"; /* the x shifts the three-byte characters across the limit */
    for (size_t i = 1; i + 4 < sizeof text; i += 3)
        memcpy(text + i, "张", 4);
    capture_start();
    LOG(LOG_LEVEL_ERR, LOG_API, "text", LOG_TEXT("v", text));
    json_t *doc = capture_end();
    const char *v = json_string_value(json_object_get(doc, "v"));
    assert_in_range(strlen(v), LIMIT_LOG_TEXT_BYTES - 3, LIMIT_LOG_TEXT_BYTES + strlen("…"));
    assert_string_equal(v + strlen(v) - 3, "…");
    assert_null(strstr(v, "\uFFFD"));
    json_decref(doc);
}

static void leaves_out_fields_that_do_not_fit(void **state)
{
    (void)state;
    char text[LIMIT_LOG_TEXT_BYTES + 1];
    memset(text, 0x01, sizeof text - 1); /* six bytes each when escaped */
    text[sizeof text - 1] = '\0';
    struct log_field fields[40];
    for (size_t i = 0; i < 39; i++) {
        static char names[39][8];
        (void)snprintf(names[i], sizeof names[i], "f%zu", i);
        fields[i] = LOG_TEXT(names[i], text);
    }
    fields[39] = LOG_END;
    capture_start();
    log_event(LOG_LEVEL_ERR, LOG_API, "many", fields);
    json_t *doc = capture_end();
    assert_in_range(json_object_size(doc), 5, 20);
    json_decref(doc);
}

static void keeps_quiet_below_the_level(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_WARNING);
    assert_true(log_enabled(LOG_LEVEL_ERR, LOG_MAIN));
    assert_false(log_enabled(LOG_LEVEL_NOTICE, LOG_MAIN));
    capture_start();
    LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "quiet", LOG_INT("n", 1));
    log_event(LOG_LEVEL_INFO, LOG_MAIN, "quiet", NULL);
    assert_null(capture_end());
    log_set_level(LOG_LEVEL_INFO);
    assert_int_equal(log_level_by_name("warning"), LOG_LEVEL_WARNING);
    assert_int_equal(log_level_by_name("loud"), -1);
}

static void each_area_may_have_a_level(void **state)
{
    (void)state;
    log_set_area_level(LOG_PEER, LOG_LEVEL_DEBUG);
    log_set_area_level(LOG_NET, LOG_LEVEL_ERR);
    assert_true(log_enabled(LOG_LEVEL_DEBUG, LOG_PEER));
    assert_false(log_enabled(LOG_LEVEL_DEBUG, LOG_STORE));
    assert_true(log_enabled(LOG_LEVEL_INFO, LOG_STORE));
    assert_false(log_enabled(LOG_LEVEL_WARNING, LOG_NET));
    assert_int_equal(log_level_of(LOG_PEER), LOG_LEVEL_DEBUG);
    assert_int_equal(log_level_of(LOG_AREAS), LOG_LEVEL_INFO);
    log_set_level(LOG_LEVEL_WARNING); /* the areas keep theirs */
    assert_true(log_enabled(LOG_LEVEL_DEBUG, LOG_PEER));
    assert_false(log_enabled(LOG_LEVEL_INFO, LOG_STORE));
    log_set_area_level(LOG_PEER, -1);
    log_set_area_level(LOG_NET, -1);
    log_set_area_level(LOG_AREAS, LOG_LEVEL_DEBUG); /* no area: nothing */
    assert_int_equal(log_level_of(LOG_PEER), LOG_LEVEL_WARNING);
    log_set_level(LOG_LEVEL_INFO);
    for (int i = 0; i < LOG_AREAS; i++)
        assert_int_equal(log_area_by_name(log_area_name((enum log_area)i)), i);
    assert_int_equal(log_area_by_name("everything"), -1);
}

static void tells_what_it_left_out(void **state)
{
    (void)state;
    int64_t before = metric_get(METRIC_LOG_LINES_SUPPRESSED);
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; i++)
        passed += log_limit_take(LOG_LIMIT_ACCEPT);
    assert_in_range(passed, 6, 12);
    assert_int_equal(metric_get(METRIC_LOG_LINES_SUPPRESSED), before + 1000 - passed);
    capture_start();
    log_tell_suppressed();
    json_t *doc = capture_end();
    assert_string_equal(json_string_value(json_object_get(doc, "event")), "lines_suppressed");
    assert_string_equal(json_string_value(json_object_get(doc, "limit")), "accept");
    assert_int_equal(json_integer_value(json_object_get(doc, "count")), 1000 - passed);
    json_decref(doc);
    capture_start();
    log_tell_suppressed();
    assert_null(capture_end());
}

static void limits_a_site(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; i++)
        passed += log_limit_pass(&limit, 5);
    assert_in_range(passed, 5, 10); /* 10 only when the minute turned in between */
    limit.window -= 1;              /* a minute later */
    assert_true(log_limit_pass(&limit, 5));
}

/* Lines that are held come out whole, all, in order, and at the latest when they are released; a write holds whole lines only. */
static void writes_held_lines_together(void **state)
{
    enum { LINES = 100 };
    (void)state;
    capture_start();
    assert_int_equal(fcntl(pipe_read, F_SETFL, O_NONBLOCK), 0);
    char byte;
    log_hold();
    LOG(LOG_LEVEL_NOTICE, LOG_PEER, "message_settled", LOG_INT("n", 0));
    ssize_t early = read(pipe_read, &byte, 1);
    for (int i = 1; i < LINES; i++)
        LOG(LOG_LEVEL_NOTICE, LOG_PEER, "message_settled", LOG_INT("n", i), LOG_TEXT("reason", "0123456789"));
    ssize_t before = read(pipe_read, captured, sizeof captured - 1);
    log_release();
    ssize_t rest = read(pipe_read, captured + before, sizeof captured - 1 - (size_t)before);
    LOG(LOG_LEVEL_NOTICE, LOG_PEER, "message_settled", LOG_INT("n", LINES));
    ssize_t after = read(pipe_read, captured + before + rest, sizeof captured - 1 - (size_t)(before + rest));
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    close(pipe_read);
    assert_int_equal(early, -1);
    assert_true(before > 0 && rest > 0 && after > 0);
    assert_int_equal(captured[before - 1], '\n');
    captured[before + rest + after] = '\0';
    const char *at = captured;
    for (int i = 0; i <= LINES; i++) {
        json_t *doc = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
        assert_int_equal(json_integer_value(json_object_get(doc, "n")), i);
        json_decref(doc);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
}

static void a_broken_sink_is_not_fatal(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    capture_start();
    close(pipe_read);
    int64_t lost = metric_get(METRIC_LOG_LINES_LOST);
    LOG(LOG_LEVEL_ERR, LOG_MAIN, "nobody_reads", LOG_INT("n", 1));
    bool still_on = log_enabled(LOG_LEVEL_ERR, LOG_MAIN);
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    assert_false(still_on);
    assert_int_equal(metric_get(METRIC_LOG_LINES_LOST), lost + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_stable_members),
        cmocka_unit_test(escapes_whatever_comes),
        cmocka_unit_test(cuts_long_text_at_a_character),
        cmocka_unit_test(leaves_out_fields_that_do_not_fit),
        cmocka_unit_test(keeps_quiet_below_the_level),
        cmocka_unit_test(limits_a_site),
        cmocka_unit_test(each_area_may_have_a_level),
        cmocka_unit_test(tells_what_it_left_out),
        cmocka_unit_test(writes_held_lines_together),
        cmocka_unit_test(a_broken_sink_is_not_fatal), /* last: it switches the log off */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
