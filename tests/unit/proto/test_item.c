/* One item that passes, every way of spoiling it, and the two catalogues of config/catalogue as the build makes them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/item.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

static const char good[] =
    "{\"code\":\"GA01\",\"version\":1,\"name\":\"居民身份证换领\",\"name_en\":\"id_card_renew\",\"category\":"
    "\"户籍身份证\","
    "\"department\":\"桐乡市公安局\",\"task_type\":\"20\",\"subject\":\"PE\",\"mode\":\"PROXY\",\"alternative\":"
    "\"LOCAL\","
    "\"steps\":\"INOPD\",\"in_person\":true,\"materials\":[{\"name\":\"原居民身份证\",\"form\":\"O\",\"required\":true}"
    "],"
    "\"statutory_limit\":{\"days\":20,\"unit\":\"working_day\"},\"statutory_note\":\"可延长\","
    "\"promised_limit\":{\"days\":20,\"unit\":\"working_day\"},\"project_type\":\"committed\",\"fee\":\"20元/证\","
    "\"result\":\"居民身份证\",\"legal_basis\":\"居民身份证法第10条\",\"effective_from\":\"2026-01-01\","
    "\"effective_to\":\"2026-12-31\",\"approximate\":[\"promised_limit\"]}";

static json_t *read_json(const char *text)
{
    json_error_t error;
    json_t *doc = json_loads(text, JSON_DECODE_ANY, &error);
    if (!doc)
        fail_msg("%s: %s", text, error.text);
    return doc;
}

/* `member` of the good item becomes `value` (JSON text, NULL: left out). */
static json_t *spoil(const char *member, const char *value)
{
    json_t *item = read_json(good);
    if (value)
        assert_int_equal(json_object_set_new(item, member, read_json(value)), 0);
    else
        assert_int_equal(json_object_del(item, member), 0);
    return item;
}

static void test_good(void **state)
{
    (void)state;
    static const char *const variants[][2] = {{"statutory_limit", "null"},
                                              {"promised_limit", "null"},
                                              {"promised_limit", "{\"days\":0,\"unit\":\"working_day\"}"},
                                              {"promised_limit", "{\"days\":30,\"unit\":\"calendar_day\"}"},
                                              {"statutory_note", NULL},
                                              {"alternative", NULL},
                                              {"effective_to", NULL},
                                              {"approximate", "[]"},
                                              {"materials", "[]"},
                                              {"code", "\"11370881004339634T437201705400101\""},
                                              {"steps", "\"I\""}};
    json_t *item = read_json(good);
    struct problem p;
    assert_int_equal(item_check(item, &p), 0);
    json_decref(item);
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        item = spoil(variants[i][0], variants[i][1]);
        if (item_check(item, &p))
            fail_msg("%s: %s", variants[i][0], p.detail);
        json_decref(item);
    }
}

/* Template and rule belong together, and to a joint item. */
static void test_joint_item(void **state)
{
    (void)state;
    static const char legs[] = "[{\"name\":\"a\",\"office\":\"intake\",\"item\":\"P1\"}]";
    static const struct {
        const char *mode, *legs, *rule, *field;
    } rows[] = {
        {"\"JOINT\"", legs, "\"ALL_GRANTED\"", NULL},
        {"\"JOINT\"", legs, "\"ALL_DECIDED\"", NULL},
        {"\"JOINT\"", NULL, NULL, NULL},
        {"\"PROXY\"", legs, "\"ALL_GRANTED\"", "/mode"},
        {"\"JOINT\"", legs, NULL, "/joint_rule"},
        {"\"JOINT\"", NULL, "\"ALL_GRANTED\"", "/legs"},
        {"\"JOINT\"", legs, "\"MOST_GRANTED\"", "/joint_rule"},
        {"\"JOINT\"", "[]", "\"ALL_GRANTED\"", "/legs"},
        {"\"JOINT\"", "[{\"name\":\"a\",\"office\":\"intake\",\"item\":\"P1\",\"after\":[\"a\"]}]", "\"ALL_GRANTED\"",
         "/legs/0/after"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem p = {.field = ""};
        json_t *item = spoil("mode", rows[i].mode);
        if (rows[i].legs)
            assert_int_equal(json_object_set_new(item, "legs", read_json(rows[i].legs)), 0);
        if (rows[i].rule)
            assert_int_equal(json_object_set_new(item, "joint_rule", read_json(rows[i].rule)), 0);
        int rc = item_check(item, &p);
        if (rc != (rows[i].field ? TB_EMALFORMED : 0) || (rc && strcmp(p.field, rows[i].field)))
            fail_msg("row %zu: rc %d field %s (%s)", i, rc, p.field, p.detail);
        json_decref(item);
    }
}

static void test_spoiled(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        /* member, value, field of the problem */
        {"unknown", "1", "/unknown"},
        {"Name", "\"a\"", "/Name"},
        {"code", "\"\"", "/code"},
        {"code", "\"GA 01\"", "/code"},
        {"code", "\"123456789012345678901234567890123456789012345678901\"", "/code"},
        {"version", "0", "/version"},
        {"version", "\"1\"", "/version"},
        {"version", "2147483648", "/version"},
        {"name", "\"\"", "/name"},
        {"name", "\"a\\u0000b\"", "/name"},
        {"name", "\"a\\nb\"", "/name"},
        {"task_type", "20", "/task_type"},
        {"task_type", "\"1\"", "/task_type"},
        {"task_type", "\"01|02\"", "/task_type"},
        {"subject", "\"PP\"", "/subject"},
        {"subject", "\"X\"", "/subject"},
        {"mode", "\"online\"", "/mode"},
        {"mode", "\"\"", "/mode"},
        {"alternative", "\"\"", "/alternative"},
        {"steps", "\"INX\"", "/steps"},
        {"steps", "\"\"", "/steps"},
        {"in_person", "\"Y\"", "/in_person"},
        {"materials", "{}", "/materials"},
        {"materials", "[{\"name\":\"a\",\"form\":\"O\"}]", "/materials/0"},
        {"materials", "[{\"name\":\"a\",\"form\":\"Q\",\"required\":true}]", "/materials/0"},
        {"materials", "[{\"name\":\"\",\"form\":\"O\",\"required\":true}]", "/materials/0"},
        {"materials", "[{\"name\":\"a\",\"form\":\"O\",\"required\":true,\"x\":1}]", "/materials/0"},
        {"materials", "[\"a\"]", "/materials/0"},
        {"statutory_limit", "20", "/statutory_limit"},
        {"statutory_limit", "{\"days\":20}", "/statutory_limit"},
        {"statutory_limit", "{\"days\":-1,\"unit\":\"working_day\"}", "/statutory_limit"},
        {"statutory_limit", "{\"days\":1001,\"unit\":\"working_day\"}", "/statutory_limit"},
        {"statutory_limit", "{\"days\":20,\"unit\":\"WD\"}", "/statutory_limit"},
        {"statutory_limit", "{\"days\":20,\"unit\":\"working_day\",\"note\":\"x\"}", "/statutory_limit"},
        {"statutory_limit", "{\"days\":19,\"unit\":\"working_day\"}", "/promised_limit"},
        {"promised_limit", "{\"days\":21,\"unit\":\"working_day\"}", "/promised_limit"},
        {"project_type", "\"1\"", "/project_type"},
        {"fee", "0", "/fee"},
        {"effective_from", "\"2026-02-30\"", "/effective_from"},
        {"effective_from", "20260101", "/effective_from"},
        {"effective_to", "\"2025-12-31\"", "/effective_to"},
        {"effective_to", "null", "/effective_to"},
        {"approximate", "[\"nothing\"]", "/approximate"},
        {"approximate", "\"fee\"", "/approximate"},
    };
    struct problem p;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_error_t error;
        json_t *item = read_json(good);
        json_t *value = json_loads(rows[i][1], JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        assert_int_equal(json_object_set_new(item, rows[i][0], value), 0);
        int rc = item_check(item, &p);
        if (rc != TB_EMALFORMED || strcmp(p.field, rows[i][2]) != 0)
            fail_msg("%s = %s: rc %d, field %s", rows[i][0], rows[i][1], rc, p.field);
        json_decref(item);
    }
    assert_int_equal(item_check(NULL, NULL), TB_EMALFORMED);
}

/* Leaving out or nulling any element: required ones are missed, no element takes null but the limits. */
static void test_every_element(void **state)
{
    (void)state;
    json_t *whole = read_json(good), *value;
    const char *key;
    struct problem p;
    unsigned optional = 0;
    json_object_foreach(whole, key, value)
    {
        json_t *item = spoil(key, NULL);
        optional += item_check(item, &p) == 0;
        json_decref(item);
        item = spoil(key, "null");
        assert_int_equal(item_check(item, &p) == 0, strstr(key, "_limit") != NULL);
        json_decref(item);
    }
    assert_int_equal(optional, 3); /* alternative, statutory_note, effective_to */
    json_decref(whole);
}

static void test_period(void **state)
{
    (void)state;
    int64_t day = 0;
    json_t *item = read_json(good), *open = spoil("effective_to", NULL), *empty = json_object();
    assert_int_equal(date_parse("2026-01-01", &day), 0);
    assert_false(item_in_force(item, day - 1));
    assert_true(item_in_force(item, day));
    assert_true(item_in_force(item, day + 364));
    assert_false(item_in_force(item, day + 365));
    assert_true(item_in_force(open, day + 10000));
    assert_false(item_in_force(empty, day));
    json_decref(item);
    json_decref(open);
    json_decref(empty);
}

static void test_edition(void **state)
{
    (void)state;
    json_t *item = read_json(good), *items = json_array();
    (void)json_array_append(items, item);
    json_t *edition = json_pack("{s:s, s:i, s:s, s:o}", "office", "330483", "edition", 1, "published",
                                "2026-01-01T00:00:00.000+08:00", "items", items);
    struct problem p;
    assert_int_equal(catalogue_check(edition, &p), 0);
    (void)json_object_set_new(edition, "published", json_string("2026-01-01"));
    assert_int_equal(catalogue_check(edition, &p), 0);
    static const char *const heads[][2] = {
        {"office", "\"33048\""}, {"edition", "0"}, {"published", "\"today\""}, {"items", "{}"}, {"x", "1"}};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        json_t *copy = json_copy(edition);
        (void)json_object_set_new(copy, heads[i][0], read_json(heads[i][1]));
        assert_int_equal(catalogue_check(copy, &p), TB_EMALFORMED);
        (void)json_object_del(copy, heads[i][0]);
        assert_int_equal(catalogue_check(copy, &p), strcmp(heads[i][0], "x") ? TB_EMALFORMED : 0);
        json_decref(copy);
    }
    (void)json_array_append(items, item);
    assert_int_equal(catalogue_check(edition, &p), TB_EMALFORMED);
    assert_string_equal(p.field, "/items/1/code");
    (void)json_array_set_new(items, 1, spoil("fee", NULL));
    assert_int_equal(catalogue_check(edition, &p), TB_EMALFORMED);
    assert_string_equal(p.field, "/items/1/fee");
    for (int i = 2; i <= LIMIT_CATALOGUE_ITEMS; i++)
        (void)json_array_append(items, item);
    assert_int_equal(catalogue_check(edition, &p), TB_EMALFORMED);
    assert_string_equal(p.field, "/items");
    assert_int_equal(catalogue_check(NULL, NULL), TB_EMALFORMED);
    json_decref(edition);
    json_decref(item);
}

static void test_catalogues(void **state)
{
    (void)state;
    static const char *const paths[] = {CATALOGUE_330483, CATALOGUE_320623};
    const char *department[2] = {NULL, NULL};
    json_t *docs[2];
    for (size_t i = 0; i < 2; i++) {
        json_error_t error;
        struct problem p = {.detail = ""};
        docs[i] = json_load_file(paths[i], JSON_REJECT_DUPLICATES, &error);
        if (!docs[i])
            fail_msg("%s: %s", paths[i], error.text);
        if (catalogue_check(docs[i], &p))
            fail_msg("%s%s: %s", paths[i], p.field, p.detail);
        json_t *items = json_object_get(docs[i], "items");
        assert_int_equal(json_array_size(items), 95);
        department[i] = json_string_value(json_object_get(json_array_get(items, 0), "department"));
        char *text = json_dumps(docs[i], JSON_COMPACT);
        assert_true(strlen(text) < LIMIT_ENTRY_BYTES);
        free(text);
    }
    /* Each side names its own department (domain.md 3, warning 3). */
    assert_string_not_equal(department[0], department[1]);
    json_decref(docs[0]);
    json_decref(docs[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),   cmocka_unit_test(test_spoiled), cmocka_unit_test(test_every_element),
        cmocka_unit_test(test_period), cmocka_unit_test(test_edition), cmocka_unit_test(test_catalogues),
        cmocka_unit_test(test_joint_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
