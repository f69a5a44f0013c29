/* Records of the journal: which fields, and that whatever text comes stays inside its own one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/log_events.h"
#include "daemon/base/log_journal.h"
#include "proto/limits.h"

static struct log_record record;

static void make(enum log_level level, enum log_area area, const char *event, const struct log_field *fields)
{
    log_record_make(level, area, event, fields, &record);
}

/* The value of a field; NULL when it is not there; fails when it is there twice. */
static const char *value(const char *name)
{
    static char text[LOG_RECORD_BYTES];
    const char *found = NULL;
    size_t len = strlen(name);
    for (size_t i = 0; i < record.count; i++) {
        const char *part = record.bytes + record.at[i];
        if (record.len[i] <= len || strncmp(part, name, len) || part[len] != '=')
            continue;
        assert_null(found);
        (void)snprintf(text, sizeof text, "%.*s", (int)(record.len[i] - len - 1), part + len + 1);
        found = text;
    }
    return found;
}

static void has_the_fields_of_an_event(void **state)
{
    (void)state;
    const struct log_field fields[] = {LOG_TEXT("peer", "330483"), LOG_INT("failures", 3), LOG_TEXT("problem", NULL), LOG_END};
    make(LOG_LEVEL_WARNING, LOG_PEER, "exchange_failed", fields);
    assert_string_equal(value("MESSAGE"), "exchange_failed: the exchange with a counterpart fails (peer=330483, failures=3, problem=)");
    assert_string_equal(value("PRIORITY"), "4");
    assert_string_equal(value("TONGBAN_EVENT"), "exchange_failed");
    assert_string_equal(value("TONGBAN_AREA"), "peer");
    assert_string_equal(value("TONGBAN_PEER"), "330483");
    assert_string_equal(value("TONGBAN_FAILURES"), "3");
    assert_string_equal(value("MESSAGE_ID"), log_event_row("exchange_failed")->message_id);
    make(LOG_LEVEL_ERR, LOG_STORE, "opened", NULL);
    assert_string_equal(value("MESSAGE"), "opened: the database is open");
    assert_string_equal(value("PRIORITY"), "3");
    assert_null(value("MESSAGE_ID"));
}

static void text_stays_in_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a\nPRIORITY=0\nMESSAGE=forged", "a\\u000aPRIORITY=0\\u000aMESSAGE=forged"},
        {"张三", "张三"},
        {"\xff\xc0\xaf", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\x1b[31m\x7f\xc2\x85", "\\u001b[31m\\u007f\\u0085"},
        {"%s%n", "%s%n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct log_field fields[] = {LOG_TEXT("reason", rows[i].in), LOG_END};
        make(LOG_LEVEL_WARNING, LOG_NET, "bad_request", fields);
        assert_string_equal(value("TONGBAN_REASON"), rows[i].out);
        assert_string_equal(value("PRIORITY"), "4");
        assert_non_null(value("MESSAGE"));
        assert_null(memchr(record.bytes, '\n', record.used));
    }
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    char text[4 * LIMIT_LOG_TEXT_BYTES] = "x";
    for (size_t i = 1; i + 4 < sizeof text; i += 3)
        memcpy(text + i, "张", 4);
    struct log_field fields[40];
    for (size_t i = 0; i < 39; i++)
        fields[i] = LOG_TEXT("reason", text);
    fields[39] = LOG_END;
    make(LOG_LEVEL_WARNING, LOG_NET, "bad_request", fields);
    assert_in_range(record.count, 5, LOG_RECORD_FIELDS);
    assert_in_range(record.used, 500, LOG_RECORD_BYTES);
    size_t cut = record.len[5] - strlen("TONGBAN_REASON=");
    assert_in_range(cut, LIMIT_LOG_TEXT_BYTES - 3, LIMIT_LOG_TEXT_BYTES + strlen("…"));
    char controls[LIMIT_LOG_TEXT_BYTES + 1];
    memset(controls, 1, sizeof controls - 1);
    controls[sizeof controls - 1] = '\0';
    fields[0] = LOG_TEXT("reason", controls);
    fields[1] = LOG_END;
    make(LOG_LEVEL_WARNING, LOG_NET, "bad_request", fields);
    assert_int_equal(strlen(value("TONGBAN_REASON")), 6 * LIMIT_LOG_TEXT_BYTES);
}

static void knows_whether_stderr_is_the_journal(void **state)
{
    (void)state;
    struct stat st;
    char text[64];
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_false(log_journal_is_stderr());
    (void)snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
    assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
    assert_false(log_journal_is_stderr());
    (void)snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
    assert_true(log_journal_is_stderr());
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_fields_of_an_event),
        cmocka_unit_test(text_stays_in_its_field),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(knows_whether_stderr_is_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
