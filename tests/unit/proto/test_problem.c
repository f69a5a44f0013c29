#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/problem.h"
#include "proto/text.h"

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_type *type = problem_type((enum problem_id)i);
        char urn[100];
        assert_true(type->name[0] && type->title[0] && type->remedy[0]);
        assert_true(type->status >= 400 && type->status < 600 && type->code < 0);
        assert_int_equal(strspn(type->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(type->name));
        assert_int_equal(problem_by_name(type->name), i);
        (void)snprintf(urn, sizeof urn, "urn:tongban:problem:%s", type->name);
        assert_int_equal(problem_by_name(urn), i);
    }
    assert_int_equal(problem_by_name("urn:tongban:problem:"), -1);
    assert_int_equal(problem_by_name("nothing"), -1);
    assert_int_equal(problem_by_name(""), -1);
}

static void test_set(void **state)
{
    (void)state;
    struct problem p;
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(problem_set(NULL, PROBLEM_FIELD, "/a", "b"), TB_EMALFORMED);
    assert_int_equal(problem_set(&p, PROBLEM_NO_AUTHORISATION, NULL, "%d", 5), TB_EREFUSED);
    assert_string_equal(p.field, "");
    assert_string_equal(p.detail, "5");
    assert_int_equal(p.number, -1);
    assert_int_equal(problem_set(&p, PROBLEM_FIELD, longer, "%s", longer), TB_EMALFORMED);
    assert_int_equal(strlen(p.field), sizeof p.field - 1);
    assert_int_equal(strlen(p.detail), sizeof p.detail - 1);
}

/* Every code a function may return has a problem with the same class of answer. */
static void test_from_code(void **state)
{
    (void)state;
    for (int code = TB_EBEHIND; code < 0; code++) {
        struct problem p = {.id = PROBLEM_COUNT};
        assert_true(problem_from_code(&p, code) < 0);
        assert_in_range(p.id, 0, PROBLEM_COUNT - 1);
        assert_true(p.detail[0] != '\0');
        assert_string_not_equal(err_text(code), "unknown error");
        assert_int_not_equal(err_class(code), ERR_CLASS_OK);
    }
    assert_string_equal(err_text(-1000), "unknown error");
    assert_int_equal(err_class(-1000), ERR_CLASS_PERMANENT);
    assert_int_equal(err_class(0), ERR_CLASS_OK);
    assert_int_equal(err_class(TB_ETEMP), ERR_CLASS_TEMPORARY);
    assert_int_equal(err_class(TB_EFULL), ERR_CLASS_ALARM);
    assert_int_equal(err_class(TB_EDUPLICATE), ERR_CLASS_DUPLICATE);
}

static void test_document(void **state)
{
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        struct problem p, back;
        (void)problem_set(&p, (enum problem_id)i, "/items/3/名", "the detail “%s”", "引号\"\\");
        p.number = i % 2 ? 42 : -1;
        json_t *doc = problem_to_json(&p);
        assert_non_null(doc);
        assert_int_equal(json_integer_value(json_object_get(doc, "status")), problem_type(p.id)->status);
        assert_non_null(json_object_get(doc, "remedy"));
        problem_from_json(&back, doc);
        assert_int_equal(back.id, p.id);
        assert_string_equal(back.field, p.field);
        assert_string_equal(back.detail, p.detail);
        assert_int_equal(back.number, p.number);
        json_decref(doc);
    }
    struct problem p;
    (void)problem_set(&p, PROBLEM_SEQUENCE, NULL, "gap");
    p.number = 7;
    json_t *doc = problem_to_json(&p);
    assert_int_equal(json_integer_value(json_object_get(doc, "expected")), 7);
    assert_null(json_object_get(doc, "size"));
    assert_null(json_object_get(doc, "field"));
    json_decref(doc);
}

/* A peer's document may be anything. */
static void test_strange_documents(void **state)
{
    (void)state;
    static const char *const docs[] = {"{}",
                                       "[]",
                                       "7",
                                       "null",
                                       "{\"type\":7,\"detail\":[]}",
                                       "{\"type\":\"urn:other:x\",\"detail\":\"d\"}",
                                       "{\"type\":\"urn:tongban:problem:busy\",\"size\":\"7\"}"};
    for (size_t i = 0; i < sizeof docs / sizeof docs[0]; i++) {
        json_t *doc = json_loads(docs[i], JSON_DECODE_ANY, NULL);
        struct problem p = {.id = PROBLEM_COUNT, .number = 5};
        problem_from_json(&p, doc);
        assert_int_equal(p.id, i == 6 ? PROBLEM_BUSY : PROBLEM_INTERNAL);
        assert_int_equal(p.number, -1);
        json_decref(doc);
    }
    /* A long detail in hanzi is cut at a character, or the document could not be made again. */
    char detail[1200] = "";
    for (int i = 0; i < 300; i++)
        memcpy(detail + 3 * i, "办", 4);
    for (int shift = 0; shift < 3; shift++) {
        struct problem p;
        json_t *doc = json_pack("{s:s, s:s, s:s}", "type", "field", "field", detail, "detail", detail + 3);
        char field[1210];
        (void)snprintf(field, sizeof field, "%.*s%s", shift, "xx", detail);
        (void)problem_set(&p, PROBLEM_FIELD, field, "%s", field);
        assert_true(strlen(p.field) > sizeof p.field - 4 && strlen(p.detail) > sizeof p.detail - 4);
        assert_true(text_valid_utf8(p.detail, strlen(p.detail)));
        assert_true(text_valid_utf8(p.field, strlen(p.field)));
        problem_from_json(&p, doc);
        json_decref(doc);
        doc = problem_to_json(&p);
        assert_non_null(doc);
        assert_non_null(json_object_get(doc, "field"));
        json_decref(doc);
    }
    /* Half characters in the middle, from a quotation cut by bytes. */
    struct problem p;
    (void)problem_set(&p, PROBLEM_FIELD, "/\xe5\x8a/x", "no member '%.4s' here\xff", "办办");
    assert_string_equal(p.field, "/?"
                                 "?/x");
    assert_string_equal(p.detail, "no member '办?' here?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_from_code),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_strange_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
