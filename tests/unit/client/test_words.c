/* Values of a case as a clerk reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/tongban_term.h"
#include "client/tongban_view.h"

static void check(const struct case_field *fields, const char *name, const char *json, const char *wanted)
{
    struct buf out;
    const struct case_field *field = fields;
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    while (field && field->name && strcmp(field->name, name) != 0)
        field++;
    buf_init(&out, VALUE_BYTES);
    assert_int_equal(view_value(value, field && field->name ? field : NULL, &out), 0);
    assert_string_equal(out.len ? out.data : "", wanted);
    buf_free(&out);
    json_decref(value);
}

static void test_values(void **state)
{
    (void)state;
    const struct case_field *delivered = case_fields(ENTRY_CASE_DELIVERED), *decided = case_fields(ENTRY_CASE_DECIDED);
    check(delivered, "way", "\"left_in_place\"", "left in place");
    check(delivered, "way", "\"electronic\"", "electronically");
    check(delivered, "place", "\"mail\"", "mail"); /* free text stays as it was typed, whatever it says … */
    check(delivered, "server", "\"grant\"", "grant"); /* … and is never taken for a word of the tables */
    check(delivered, "no-such-field", "\"direct\"", "direct");
    check(delivered, "received_at", "\"2026-11-24T10:22:58.000+08:00\"", "2026-11-24 10:22");
    check(delivered, "received_at", "\"yesterday\"", "yesterday");
    check(decided, "result", "{\"name\":\"证\",\"sha256\":\"0123456789abcdef0123\",\"size\":12,\"type\":\"application/pdf\"}",
          "name 证, sha256 0123456789ab…");
    check(decided, "result", "{\"name\":\"证\",\"type\":\"paper\"}", "name 证, type paper");
    check(NULL, "", "true", "yes");
    check(NULL, "", "42", "42");
    check(NULL, "", "null", "");
    check(NULL, "", "{\"free_member\":{\"deep\":1}}", "free member deep 1");
}

static void test_members(void **state)
{
    (void)state;
    const struct case_field *submitted = case_fields(ENTRY_CASE_SUBMITTED);
    assert_non_null(view_members(submitted, "delivery"));
    assert_null(view_members(submitted, "remark"));
    assert_null(view_members(submitted, "no-such"));
    assert_null(view_members(NULL, "delivery"));
}

static void test_unknown_words_stay(void **state)
{
    (void)state;
    assert_string_equal(view_word("no-such-word"), "no-such-word");
    assert_string_equal(view_word(""), "");
    assert_string_equal(view_word("hmt-permit"), "travel permit of Hong Kong, Macao or Taiwan residents");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_members),
                                       cmocka_unit_test(test_unknown_words_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
