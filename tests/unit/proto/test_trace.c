/* Request ids: made, taken from outside only in their form and near now, and at the beginning of entries' ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/trace.h"

#define NOW INT64_C(0x019a3f5c8f21)

static void makes_the_front_of_a_uuid(void **state)
{
    (void)state;
    char trace[TRACE_TEXT], again[TRACE_TEXT] = "";
    trace_make(NOW, (const uint8_t[2]){0xfc, 0x4e}, trace);
    assert_string_equal(trace, "019a3f5c-8f21-7c4e");
    assert_true(trace_take(trace, NOW, again));
    assert_string_equal(again, trace);
    assert_true(trace_take("019a3f5c-8f21-7c4e-8123-0123456789ab", NOW, again));
    assert_string_equal(again, trace);
}

static void refuses_other_forms_and_times(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "my.id-1", "33048318500101001X", "019a3f5c-8f21-7c4", "019a3f5c-8f21-7c4e-", "019a3f5c-8f21-4c4e",
                                      "019A3F5C-8F21-7C4E", "019a3f5c_8f21-7c4e", "019a3f5c-8f21-7c4e-8123-0123456789az",
                                      "019a3f5c-8f21-7c4e-8123-0123456789ab0", "\xe5\xbc\xa0\xe4\xb8\x89"};
    char out[TRACE_TEXT] = "unchanged";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(trace_take(bad[i], NOW, out));
    assert_false(trace_take(NULL, NOW, out));
    const char *good = "019a3f5c-8f21-7c4e";
    assert_false(trace_take(good, NOW + LIMIT_TRACE_AGE_MS + 1, out));
    assert_false(trace_take(good, NOW - LIMIT_TRACE_AGE_MS - 1, out));
    assert_string_equal(out, "unchanged");
    assert_true(trace_take(good, NOW + LIMIT_TRACE_AGE_MS, out));
    assert_true(trace_take(good, NOW - LIMIT_TRACE_AGE_MS, out));
}

static void marks_ids(void **state)
{
    (void)state;
    char id[UUID_TEXT], trace[TRACE_TEXT];
    const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uuid_v7(NOW + 5, random, id);
    char before[UUID_TEXT];
    memcpy(before, id, sizeof id);
    trace_mark_id(NULL, id);
    trace_mark_id("", id);
    assert_string_equal(id, before);
    trace_mark_id("019a3f5c-8f21-7c4e", id);
    assert_true(uuid_valid(id));
    assert_string_equal(id + 18, before + 18); /* what makes it unique stays ours */
    trace_of_id(id, trace);
    assert_string_equal(trace, "019a3f5c-8f21-7c4e");
    trace_of_id("", trace);
    assert_string_equal(trace, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_front_of_a_uuid),
        cmocka_unit_test(refuses_other_forms_and_times),
        cmocka_unit_test(marks_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
