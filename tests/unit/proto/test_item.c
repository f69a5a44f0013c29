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
        {"materials", "[{\"name\":\"a\",\"form\":\"O\"}]", "/materials/0/required"},
        {"materials", "[{\"name\":\"a\",\"form\":\"Q\",\"required\":true}]", "/materials/0/form"},
        {"materials", "[{\"name\":\"\",\"form\":\"O\",\"required\":true}]", "/materials/0/name"},
        {"materials", "[{\"name\":\"a\",\"form\":\"O\",\"required\":true,\"x\":1}]", "/materials/0/x"},
        {"materials", "[{\"name\":\"a\",\"form\":\"O\",\"required\":true,\"needed_when\":\"b\"}]", "/materials/0/needed_when"},
        {"materials", "[{\"name\":\"a\",\"form\":\"O\",\"required\":true},{\"name\":\"a\",\"form\":\"C\",\"required\":true}]", "/materials/1"},
        {"materials", "[{\"name\":\"a\",\"form\":\"E\",\"required\":true,\"licence\":\"yes\"}]", "/materials/0/licence"},
        {"materials", "[{\"name\":\"a\",\"form\":\"E\",\"required\":true,\"shared\":true,\"licence\":\"seen\"}]", "/materials/0/licence"},
        {"materials", "[{\"name\":\"a\",\"form\":\"E\",\"required\":true,\"shared\":false,\"licence\":\"fetched\"}]", "/materials/0/licence"},
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
        {"approximate", "[\"nothing\"]", "/approximate/0"},
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

static int count_mistake(void *context, const struct problem *p)
{
    unsigned *count = context;
    assert_true(p->field[0] == '/' || !p->field[0]);
    return ++*count == 100 ? 7 : 0;
}

/* All mistakes at once: what is missing, what is unknown, what does not fit; across elements only when each is good. */
static void test_every_mistake(void **state)
{
    (void)state;
    json_t *item = read_json(good), *list = json_array();
    unsigned count = 0;
    assert_int_equal(item_check_each(item, count_mistake, &count), 0);
    assert_int_equal(count, 0);
    (void)json_object_set_new(item, "statutory_limit", read_json("{\"days\":1,\"unit\":\"working_day\"}"));
    (void)json_object_set_new(item, "effective_to", json_string("2025-01-01"));
    assert_int_equal(item_check_each(item, count_mistake, &count), 0);
    assert_int_equal(count, 2);
    (void)json_object_del(item, "fee");
    (void)json_object_set_new(item, "unknown", json_true());
    (void)json_object_set_new(item, "mode", json_true());
    count = 0;
    assert_int_equal(item_check_each(item, count_mistake, &count), 0);
    assert_int_equal(count, 3);
    count = 99;
    assert_int_equal(item_check_each(item, count_mistake, &count), 7);
    count = 0;
    assert_int_equal(item_check_each(list, count_mistake, &count), 0);
    assert_int_equal(count, 1);
    json_decref(item);
    json_decref(list);
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
    assert_true(item_begins_after(item, day - 1));
    assert_false(item_begins_after(item, day));
    assert_false(item_begins_after(empty, day));
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
    (void)json_object_set_new(edition, "note", json_string("年度调整"));
    (void)json_object_set_new(edition, "retired", read_json("[{\"code\":\"GA99\",\"reason\":\"已取消\"}]"));
    assert_int_equal(catalogue_check(edition, &p), 0);
    static const char *const more[][2] = {{"note", "\"\""}, {"note", "1"}, {"retired", "{}"}, {"retired", "[{\"code\":\"A\"}]"}};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        json_t *copy = json_copy(edition);
        (void)json_object_set_new(copy, more[i][0], read_json(more[i][1]));
        assert_int_equal(catalogue_check(copy, &p), TB_EMALFORMED);
        json_decref(copy);
    }
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

/* ---- every row of the table: values that pass and values that do not ---- */

static json_t *whole_object(const struct item_element *members);

/* A value that fits the row. */
static json_t *fitting(const struct item_element *e)
{
    char word[64];
    switch (e->form) {
    case ITEM_CODE:
        return json_sprintf("%.*s", e->least, "0123456789ABCDEFGHIJ0123456789abcdefghij-.012345678");
    case ITEM_OFFICE:
        return json_string("330483");
    case ITEM_TEXT:
        return json_string("文字 text");
    case ITEM_WORD:
    case ITEM_WORDS:
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(e->values, "|"), e->values);
        return e->form == ITEM_WORD ? json_string(word) : json_pack("[s]", word);
    case ITEM_LETTERS:
        return json_string(e->values);
    case ITEM_BOOL:
        return json_false(); /* of `required` too, so that needed_when may stand beside it */
    case ITEM_NUMBER:
        return json_integer(e->most);
    case ITEM_LIMIT:
        return json_pack("{s:i, s:s}", "days", 3, "unit", "working_day");
    case ITEM_DATE:
        return json_string("2026-02-28");
    case ITEM_OBJECT:
        return whole_object(e->members);
    case ITEM_OBJECTS:
        return json_pack("[o]", whole_object(e->members));
    case ITEM_TEXTS:
        return json_pack("[s, s]", "甲", "乙");
    case ITEM_ELEMENTS:
        return json_pack("[s]", "fee");
    case ITEM_FORMS:
        break;
    }
    fail();
    return NULL;
}

static json_t *whole_object(const struct item_element *members)
{
    json_t *object = json_object();
    for (const struct item_element *e = members; e->name; e++)
        assert_int_equal(json_object_set_new(object, e->name, fitting(e)), 0);
    return object;
}

static const char *const unfit[ITEM_FORMS][5] = {
    [ITEM_CODE] = {"\"\"", "7", "\"a b\"", "\"012345678901234567890123456789012345678901234567890\"", "null"},
    [ITEM_OFFICE] = {"\"33048\"", "330483", "\"3304830\"", "null", "[]"},
    [ITEM_TEXT] = {"\"\"", "1", "\"a\\tb\"", "null", "[]"},
    [ITEM_WORD] = {"\"\"", "\"nothing\"", "1", "null", "[]"},
    [ITEM_LETTERS] = {"\"\"", "\"Z\"", "1", "null", "[]"},
    [ITEM_BOOL] = {"0", "\"true\"", "null", "[]", "{}"},
    [ITEM_NUMBER] = {"-1", "2147483648", "\"1\"", "null", "1.5"},
    [ITEM_LIMIT] = {"3", "{\"days\":3}", "{\"days\":-1,\"unit\":\"working_day\"}", "{\"days\":1,\"unit\":\"week\"}", "[]"},
    [ITEM_DATE] = {"\"2026-02-30\"", "\"today\"", "1", "null", "[]"},
    [ITEM_OBJECT] = {"\"text\"", "{\"unknown\":\"x\"}", "null", "[]", "1"},
    [ITEM_OBJECTS] = {"{}", "[\"text\"]", "[{\"unknown\":\"x\"}]", "null", "1"},
    [ITEM_TEXTS] = {"\"text\"", "[1]", "[\"\"]", "[\"a\",\"a\"]", "null"},
    [ITEM_WORDS] = {"\"pickup\"", "[]", "[\"nothing\"]", "[\"pickup\",\"pickup\"]", "null"},
    [ITEM_ELEMENTS] = {"\"fee\"", "[\"nothing\"]", "[1]", "[\"fee\",\"fee\"]", "null"},
};

/* Spoils each member of `object` (the item itself, or an object within it) in every way of its form. */
static void spoil_members(json_t *item, json_t *object, const struct item_element *members)
{
    struct problem p;
    for (const struct item_element *e = members; e->name; e++) {
        json_t *good_value = json_incref(json_object_get(object, e->name));
        if (e->members)
            spoil_members(item, e->form == ITEM_OBJECT ? good_value : json_array_get(good_value, 0), e->members);
        for (size_t i = 0; i < sizeof unfit[0] / sizeof unfit[0][0]; i++) {
            assert_int_equal(json_object_set_new(object, e->name, read_json(unfit[e->form][i])), 0);
            if (item_check(item, &p) != TB_EMALFORMED || !strstr(p.field, e->name))
                fail_msg("%s takes %s (%s)", e->name, unfit[e->form][i], p.field);
        }
        (void)json_object_del(object, e->name);
        bool together = !strcmp(e->name, "legs") || !strcmp(e->name, "joint_rule"); /* neither without the other */
        assert_int_equal(item_check(item, &p) == 0, !(e->flags & ITEM_REQUIRED) && !together);
        assert_int_equal(json_object_set_new(object, e->name, good_value), 0);
        if (item_check(item, &p))
            fail_msg("%s: %s", e->name, p.detail);
    }
}

static void test_table(void **state)
{
    (void)state;
    json_t *item = whole_object(item_elements);
    struct problem p = {.detail = ""};
    /* what legs mean to each other is more than the table says */
    assert_int_equal(json_object_set_new(item, "mode", json_string("JOINT")), 0);
    assert_int_equal(json_object_set_new(item, "legs", read_json("[{\"name\":\"甲\",\"office\":\"intake\",\"item\":\"X1\",\"after\":[],"
                                                                 "\"limit\":{\"days\":3,\"unit\":\"working_day\"},\"required\":true,"
                                                                 "\"materials\":[\"乙\"],\"passes\":[]}]")), 0);
    if (item_check(item, &p))
        fail_msg("%s: %s", p.field, p.detail);
    spoil_members(item, item, item_elements);
    for (const struct item_element *e = item_elements; e->name; e++) {
        assert_ptr_equal(item_element_find(e->name), e); /* no name twice */
        assert_true(e->label && e->label[0] && e->zh && e->zh[0] && e->help && e->help[0]);
        assert_true(e->form < ITEM_FORMS && (e->form != ITEM_OBJECTS || !e->members[0].name || (e->members[0].flags & ITEM_REQUIRED)));
    }
    assert_null(item_element_find("nothing"));
    json_decref(item);
}

/* An edition of a program that knew nothing of the later elements. */
static void test_defaults(void **state)
{
    (void)state;
    json_t *old = read_json(good);
    struct problem p;
    for (const struct item_element *e = item_elements; e->name; e++)
        if (!(e->flags & ITEM_REQUIRED))
            (void)json_object_del(old, e->name);
    assert_int_equal(item_check(old, &p), 0);
    json_decref(old);
}

/* ---- differences ---- */

static json_t *diff_of(const char *member, const char *old_value, const char *new_value)
{
    json_t *before = read_json(good), *after = read_json(good), *rows = NULL;
    if (old_value)
        (void)json_object_set_new(before, member, read_json(old_value));
    if (new_value)
        (void)json_object_set_new(after, member, read_json(new_value));
    assert_int_equal(item_diff_elements(before, after, &rows), 0);
    json_decref(before);
    json_decref(after);
    return rows;
}

static void test_diff_elements(void **state)
{
    (void)state;
    static const struct {
        const char *member, *before, *after, *path, *change, *zh;
    } rows[] = {
        {"fee", "\"0\"", "\"20元\"", "fee", "changed", "收费标准"},
        {"fee_basis", NULL, "\"发改价格〔2003〕2322号\"", "fee_basis", "added", "收费依据"},
        {"conditions", "[\"甲\"]", NULL, "conditions", "removed", "受理条件"},
        {"contact", "{\"phone\":\"1\"}", "{\"phone\":\"2\"}", "contact/phone", "changed", "咨询方式 · 咨询电话"},
        {"materials", "[{\"name\":\"甲\",\"form\":\"O\",\"required\":true}]", "[{\"name\":\"甲\",\"form\":\"C\",\"required\":true}]",
         "materials/甲/form", "changed", "申请材料 · 甲 · 材料形式"},
        {"materials", "[]", "[{\"name\":\"乙\",\"form\":\"O\",\"required\":true}]", "materials/乙", "added", "申请材料 · 乙"},
        {"materials", "[{\"name\":\"乙\",\"form\":\"O\",\"required\":true}]", "[]", "materials/乙", "removed", "申请材料 · 乙"},
        {"materials", "[{\"name\":\"甲\",\"form\":\"O\",\"required\":true},{\"name\":\"乙\",\"form\":\"O\",\"required\":true}]",
         "[{\"name\":\"乙\",\"form\":\"O\",\"required\":true},{\"name\":\"甲\",\"form\":\"O\",\"required\":true}]", "materials", "changed",
         "申请材料"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *diff = diff_of(rows[i].member, rows[i].before, rows[i].after), *row = json_array_get(diff, 0);
        if (json_array_size(diff) != 1 || strcmp(json_string_value(json_object_get(row, "path")), rows[i].path) != 0 ||
            strcmp(json_string_value(json_object_get(row, "change")), rows[i].change) != 0 ||
            strcmp(json_string_value(json_object_get(row, "zh")), rows[i].zh) != 0)
            fail_msg("row %zu: %s", i, json_dumps(diff, 0));
        assert_int_equal(!json_object_get(row, "old"), !strcmp(rows[i].change, "added"));
        assert_int_equal(!json_object_get(row, "new"), !strcmp(rows[i].change, "removed"));
        json_decref(diff);
    }
    json_t *same = diff_of("version", "1", "2"); /* the number alone is no change */
    assert_int_equal(json_array_size(same), 0);
    json_decref(same);
}

/* Every element that is changed is found, with its words. */
static void test_diff_table(void **state)
{
    (void)state;
    json_t *whole = whole_object(item_elements);
    for (const struct item_element *e = item_elements; e->name; e++) {
        json_t *other = json_deep_copy(whole), *rows = NULL;
        (void)json_object_del(other, e->name);
        assert_int_equal(item_diff_elements(whole, other, &rows), 0);
        bool version = !strcmp(e->name, "version");
        assert_int_equal(json_array_size(rows), version ? 0 : 1);
        if (!version)
            assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "label")), e->label);
        json_decref(rows);
        json_decref(other);
    }
    json_decref(whole);
}

static void test_diff(void **state)
{
    (void)state;
    json_t *one = read_json(good), *two = spoil("code", "\"GA02\""), *changed = spoil("fee", "\"0\""), *three = spoil("code", "\"GA03\"");
    (void)json_object_set_new(changed, "version", json_integer(2));
    json_t *before = json_pack("[O, O]", one, two), *after = json_pack("[O, O]", three, changed), *diff = NULL;
    assert_int_equal(item_diff(before, after, &diff), 0);
    assert_false(item_diff_empty(diff));
    const json_t *row = json_array_get(json_object_get(diff, "changed"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "from")), 1);
    assert_int_equal(json_integer_value(json_object_get(row, "to")), 2);
    assert_int_equal(json_array_size(json_object_get(row, "elements")), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(diff, "added"), 0), "code")), "GA03");
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(diff, "removed"), 0), "code")), "GA02");
    json_decref(diff);
    json_t *turned = json_pack("[O, O]", two, one);
    assert_int_equal(item_diff(before, turned, &diff), 0);
    assert_true(item_diff_empty(diff));
    json_decref(diff);
    json_t *raised = spoil("version", "2"), *higher = json_pack("[O, O]", raised, two);
    assert_int_equal(item_diff(before, higher, &diff), 0);
    assert_int_equal(json_array_size(json_object_get(diff, "changed")), 1); /* a number that was raised says: take this instead */
    json_decref(diff);
    assert_int_equal(item_diff(higher, before, &diff), 0);
    assert_true(item_diff_empty(diff));
    json_decref(diff);
    json_decref(raised);
    json_decref(higher);
    json_decref(turned);
    json_decref(before);
    json_decref(after);
    json_decref(one);
    json_decref(two);
    json_decref(three);
    json_decref(changed);
}

/* ---- advice ---- */

static int count_advice(void *context, const char *pointer, enum item_advice advice, const char *about)
{
    unsigned *counts = context;
    assert_true(pointer[0] == '/' && about);
    assert_true(item_advice_text(advice, true)[0] && item_advice_text(advice, false)[0]);
    counts[advice]++;
    return 0;
}

static int stop_advice(void *context, const char *pointer, enum item_advice advice, const char *about)
{
    (void)context, (void)pointer, (void)advice, (void)about;
    return 7;
}

static void test_advice(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value;
        enum item_advice advice;
    } rows[] = {
        {"conditions", NULL, ITEM_ADVICE_MISSING},
        {"fee_basis", NULL, ITEM_ADVICE_FEE_BASIS},
        {"materials", "[{\"name\":\"甲\",\"form\":\"C\",\"required\":true}]", ITEM_ADVICE_ORIGINAL},
        {"promised_limit", "{\"days\":3,\"unit\":\"calendar_day\"}", ITEM_ADVICE_UNITS},
        {"materials", "[{\"name\":\"甲\",\"form\":\"O\",\"required\":false,\"needed_when\":\"代办\",\"deferrable\":true}]",
         ITEM_ADVICE_DEFERRABLE},
        {"materials", "[{\"name\":\"甲\",\"form\":\"O\",\"required\":false}]", ITEM_ADVICE_CONDITION},
        {"approximate", "[\"fee\"]", ITEM_ADVICE_APPROXIMATE},
    };
    json_t *whole = whole_object(item_elements);
    unsigned none[ITEM_ADVICES] = {0};
    (void)json_object_set_new(whole, "approximate", json_array());
    (void)json_object_set_new(whole, "materials", read_json("[{\"name\":\"甲\",\"form\":\"O\",\"required\":true}]"));
    assert_int_equal(item_advice_each(whole, count_advice, none), 0);
    for (size_t i = 0; i < ITEM_ADVICES; i++)
        assert_int_equal(none[i], 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *item = json_deep_copy(whole);
        unsigned counts[ITEM_ADVICES] = {0};
        if (rows[i].value)
            (void)json_object_set_new(item, rows[i].member, read_json(rows[i].value));
        else
            (void)json_object_del(item, rows[i].member);
        assert_int_equal(item_advice_each(item, count_advice, counts), 0);
        if (counts[rows[i].advice] != 1)
            fail_msg("row %zu: %u", i, counts[rows[i].advice]);
        assert_int_equal(item_advice_each(item, stop_advice, NULL), 7);
        json_decref(item);
    }
    json_decref(whole);
}

/* ---- pages ---- */

static void expect(const struct buf *page, const json_t *item, const char *text)
{
    if (!text || !strstr(page->data, text))
        fail_msg("%s: no '%s' in:\n%s", json_string_value(json_object_get(item, "code")), text ? text : "", page->data);
}

/* Both pages of an item name what is in it; nothing of the document breaks the form of the page. */
static void check_pages(const json_t *item)
{
    struct buf page;
    size_t i;
    const json_t *material;
    buf_init(&page, 256 * 1024);
    assert_int_equal(item_guide(item, "示例办公室", &page), 0);
    static const char *const named[] = {"name", "code", "department", "result", "effective_from"};
    for (i = 0; i < sizeof named / sizeof named[0]; i++)
        expect(&page, item, json_string_value(json_object_get(item, named[i])));
    for (const char *line = page.data; (line = strstr(line, "\n|")); line++) {
        unsigned bars = 0; /* a row of the materials has ten bars that are not escaped, one of the basics three */
        for (const char *c = line + 1; *c && *c != '\n'; c++)
            bars += *c == '|' && c[-1] != '\\';
        assert_true(bars == 3 || bars == 10);
    }
    buf_clear(&page);
    assert_int_equal(item_manual(item, "示例办公室", &page), 0);
    json_array_foreach(json_object_get(item, "materials"), i, material)
    {
        char head[64];
        (void)snprintf(head, sizeof head, "### %zu. ", i + 1);
        expect(&page, item, head);
    }
    expect(&page, item, "一次性告知");
    buf_free(&page);
}

static void test_pages(void **state)
{
    (void)state;
    static const char *const rules[][2] = {{"\"PERMIT_5WD\"", "行政许可法第32条"},
                                           {"\"ONSPOT_DEEMED\"", "不动产登记暂行条例第17条"},
                                           {"\"ONSPOT_ZJ\"", "最多跑一次"},
                                           {"\"MARKET_3WD\"", "市场主体登记管理条例第19条"},
                                           {"\"NONE\"", "无特别规定"}};
    struct buf page;
    buf_init(&page, 256 * 1024);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        json_t *item = spoil("notice_rule", rules[i][0]);
        buf_clear(&page);
        assert_int_equal(item_manual(item, "甲", &page), 0);
        expect(&page, item, rules[i][1]);
        json_decref(item);
    }
    json_t *whole = whole_object(item_elements), *odd = spoil("name", "\"a|b*c_<d>[e]#`\\\\\"");
    check_pages(whole);
    buf_clear(&page);
    assert_int_equal(item_guide(odd, "甲", &page), 0);
    expect(&page, odd, "a\\|b\\*c\\_\\<d\\>\\[e\\]\\#\\`\\\\");
    buf_free(&page);
    buf_init(&page, 100); /* too small: nothing is left in it */
    assert_int_equal(item_guide(whole, "甲", &page), TB_ELIMIT);
    assert_int_equal(page.len, 0);
    buf_free(&page);
    json_decref(whole);
    json_decref(odd);
}

static void test_words(void **state)
{
    (void)state;
    char text[64];
    json_t *limit = read_json("{\"days\":3,\"unit\":\"calendar_day\"}"), *none = json_null();
    assert_string_equal(item_word("mode", "PROXY", true), "异地代收代办");
    assert_string_equal(item_word("mode", "OTHER", true), "OTHER");
    assert_string_equal(item_limit_text(limit, true, text, sizeof text), "3日");
    assert_string_equal(item_limit_text(limit, false, text, sizeof text), "3 days");
    assert_string_equal(item_limit_text(none, true, text, sizeof text), "");
    json_decref(limit);
    /* each word of a WORD row that people read has words in both languages */
    for (const struct item_element *e = item_elements; e->name; e++)
        for (const char *at = e->form == ITEM_WORD ? e->values : ""; *at;) {
            char word[64];
            size_t n = strcspn(at, "|");
            (void)snprintf(word, sizeof word, "%.*s", (int)n, at);
            if (!strcmp(item_word(e->name, word, true), word))
                fail_msg("%s: %s has no words", e->name, word);
            at += at[n] ? n + 1 : n;
        }
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
        size_t k;
        const json_t *item;
        json_array_foreach(items, k, item) check_pages(item);
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
        cmocka_unit_test(test_table),  cmocka_unit_test(test_defaults), cmocka_unit_test(test_every_mistake),
        cmocka_unit_test(test_diff_elements),
        cmocka_unit_test(test_diff_table), cmocka_unit_test(test_diff), cmocka_unit_test(test_advice),
        cmocka_unit_test(test_pages),  cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
