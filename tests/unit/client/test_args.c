/* Words of the command line, and fields that become a body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/tongban.h"

static const struct option known[] = {{"office", "CODE", ""}, {"open", NULL, ""}, {NULL, NULL, NULL}};

static int parse(bool fields, struct args *out, int argc, const char *const *words)
{
    struct problem p;
    char *argv[8];
    for (int i = 0; i < argc; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    return args_parse(argc, argv, known, fields, out, &p);
}
#define PARSE(fields, out, ...)                                                                                        \
    parse(fields, out, (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(char *)), (const char *const[]){__VA_ARGS__})

static void test_words(void **state)
{
    (void)state;
    struct args args = {.count = 99};
    assert_int_equal(PARSE(false, &args, "--office", "330483", "张三", "--open", "--", "--x"), 0);
    assert_int_equal(args.count, 2);
    assert_string_equal(args.positional[1], "--x");
    assert_string_equal(args_option(&args, "office"), "330483");
    assert_non_null(args_option(&args, "open"));
    assert_null(args_option(&args, "ope"));
    assert_int_equal(PARSE(false, &args, "--office=1", "--office=2"), 0);
    assert_string_equal(args_option(&args, "office"), "2");
    assert_int_equal(PARSE(false, &args, "--json", "--config", "f", "-"), 0);
    assert_int_equal(args.count, 1);
}

static void test_wrong_words(void **state)
{
    (void)state;
    struct args args = {.count = 99};
    assert_int_equal(PARSE(false, &args, "--nothing"), TB_EMALFORMED);
    assert_int_equal(PARSE(false, &args, "--office"), TB_EMALFORMED);
    assert_int_equal(PARSE(false, &args, "--open=1"), TB_EMALFORMED);
    assert_int_equal(PARSE(false, &args, "-o", "1"), TB_EMALFORMED);
    assert_int_equal(args.count, 99); /* outputs only on success */
    assert_int_equal(PARSE(true, &args, "--result.name", "x"), 0);
    assert_int_equal(PARSE(true, &args, "--result.name"), TB_EMALFORMED);
}

static const struct case_field result_fields[] = {
    {.name = "name", .kind = FIELD_TEXT, .required = true}, {.name = "sha256", .kind = FIELD_SHA256}, {.name = NULL}};
static const struct case_field fields[] = {
    {.name = "reason_class", .kind = FIELD_ENUM, .required = true, .values = "a|b"},
    {.name = "result", .kind = FIELD_OBJECT, .required = true, .members = result_fields},
    {.name = "missing", .kind = FIELD_ARRAY, .members = result_fields},
    {.name = "words", .kind = FIELD_ARRAY},
    {.name = "pages", .kind = FIELD_INT},
    {.name = "seen", .kind = FIELD_BOOL},
    {.name = NULL}};

static int visit(void *context, json_t *parent, const char *name, const char *value, struct problem *p)
{
    (void)p;
    (void)snprintf(context, 32, "%s", value);
    return json_object_set_new(parent, name, json_string("done"));
}

static void test_fields(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"reason-class", "a"},  {"result.name", "证"}, {"missing.name", "甲"}, {"missing.sha256", "@a.pdf"},
        {"missing.name", "乙"}, {"words", "x"},        {"words", "y"},         {"pages", "-3"},
        {"seen", "yes"}};
    struct problem p;
    json_t *body = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(fields_set(fields, body, rows[i][0], rows[i][1], &p), 0);
    char file[32] = "", *text;
    assert_int_equal(fields_files(fields, body, visit, file, &p), 0);
    assert_string_equal(file, "@a.pdf");
    text = json_dumps(body, JSON_COMPACT);
    assert_string_equal(
        text, "{\"reason_class\":\"a\",\"result\":{\"name\":\"证\"},\"missing\":[{\"name\":\"甲\",\"sha256\":\"done\"},"
              "{\"name\":\"乙\"}],\"words\":[\"x\",\"y\"],\"pages\":-3,\"seen\":true}");
    free(text);
    json_decref(body);
}

static void test_wrong_fields(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"nothing", "a"},        {"result", "a"},
                                          {"result.nothing", "a"}, {"pages", "3x"},
                                          {"pages", ""},           {"seen", "perhaps"},
                                          {"reason_class.x", "a"}, {"", "a"},
                                          {"result.", "a"},        {"pages", "99999999999999999999"},
                                          {"result.name", "\xFF"}};
    struct problem p;
    json_t *body = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(fields_set(fields, body, rows[i][0], rows[i][1], &p), TB_EMALFORMED);
    json_decref(body);
}

static void test_missing(void **state)
{
    (void)state;
    struct problem p;
    json_t *body = json_object();
    char path[64];
    const struct case_field *field;
    assert_true(fields_missing(fields, body, path, sizeof path, &field));
    assert_string_equal(path, "reason_class");
    assert_int_equal(fields_set(fields, body, path, "a", &p), 0);
    assert_true(fields_missing(fields, body, path, sizeof path, &field));
    assert_string_equal(path, "result.name");
    assert_int_equal(fields_set(fields, body, path, "x", &p), 0);
    assert_false(fields_missing(fields, body, path, sizeof path, &field));
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_wrong_words),
                                       cmocka_unit_test(test_fields), cmocka_unit_test(test_wrong_fields),
                                       cmocka_unit_test(test_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
