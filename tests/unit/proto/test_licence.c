/* E-licences: the check of the identifier in a body, the way through a remark and back, the item's word about them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/case_machine.h"
#include "proto/item.h"
#include "proto/licence.h"
#include "proto/limits.h"

#define ID "1.2.156.3005.2.11100000000013127D031.11330483MB0000019A.20240000001.001.H"

/* ' for " */
static json_t *read_json(const char *text)
{
    char *copy = strdup(text);
    json_error_t error;
    for (char *at = copy; at && *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *doc = copy ? json_loads(copy, JSON_DECODE_ANY, &error) : NULL;
    if (!doc)
        fail_msg("%s: %s", text, error.text);
    free(copy);
    return doc;
}

static void test_the_body(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {ID, NULL, NULL},
        {"1.2.156.3005.2.11100000000013127D031.11330483MB0000019A.20240000001.001.G", "/materials/0/licence_id", "check character"},
        {"1.2.156.3005.3.11100000000013127D031.11330483MB0000019A.20240000001.001.H", "/materials/0/licence_id", "starts with"},
        {"1.2.156.3005.2.11100000000013127D31.11330483MB0000019A.20240000001.001.H", "/materials/0/licence_id", "licence type"},
        {"1.2.156.3005.2.11100000000013127D031.1133048.20240000001.001.H", "/materials/0/licence_id", "issuer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem p = {.field = ""};
        json_t *body = json_pack("{s:[{s:s, s:s, s:s}]}", "materials", "name", "营业执照", "form", "electronic", "licence_id", rows[i][0]);
        for (int later = 0; later < 2; later++) {
            int rc = case_check_body(later ? ENTRY_CASE_SUPPLEMENTED : ENTRY_CASE_MATERIAL, body, &p);
            if (rc != (rows[i][1] ? TB_EMALFORMED : 0) || (rc && (strcmp(p.field, rows[i][1]) != 0 || !strstr(p.detail, rows[i][2]))))
                fail_msg("row %zu: rc %d %s %s", i, rc, p.field, p.detail);
        }
        json_decref(body);
    }
}

static void test_through_a_remark_and_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "[]", "[{'name':'a','licence_id':'" ID "'},{'name':'b','remark':'x'}]", "[{'name':'a','remark':'原件在窗口；另附','licence_id':'" ID "'}]",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *given = read_json(rows[i]), *kept = read_json(rows[i]), *told = NULL, *one;
        assert_int_equal(licence_in_remark(given, &told), 0);
        assert_false(licence_any(told));
        assert_true(json_equal(given, kept));
        assert_int_equal(licence_from_remark(told), 0);
        size_t k;
        json_array_foreach(told, k, one)
        {
            assert_int_equal(json_is_true(json_object_get(one, "licence_in_remark")), json_object_get(one, "licence_id") != NULL);
            (void)json_object_del(one, "licence_in_remark");
        }
        assert_true(json_equal(told, kept));
        json_decref(given);
        json_decref(kept);
        json_decref(told);
    }
}

/* What a person wrote in a remark is never taken for one. */
static void test_remarks_that_are_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "[{'name':'a','remark':'电子证照标识 '}]", "[{'name':'a','remark':'电子证照标识 1.2.156.3005.2.x'}]",
        "[{'name':'a','remark':'见电子证照标识 " ID "'}]", "[{'name':'a','remark':'电子证照标识 " ID ID ID "'}]",
        "[{'name':'a','remark':'电子证照标识 " ID "','licence_id':'" ID "'}]", "[{'name':'a','remark':5},7,null]", "{}", "null",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *given = read_json(rows[i]), *kept = read_json(rows[i]);
        assert_int_equal(licence_from_remark(given), 0);
        if (!json_equal(given, kept))
            fail_msg("row %zu", i);
        json_decref(given);
        json_decref(kept);
    }
}

/* Whatever passes the check still passes it in the form for an older program. */
static void test_room_in_the_remark(void **state)
{
    (void)state;
    char *remark = malloc(LIMIT_TEXT_BYTES + 1);
    assert_non_null(remark);
    memset(remark, 'x', LIMIT_TEXT_BYTES);
    bool taken = false, refused = false;
    for (size_t len = LIMIT_TEXT_BYTES - 150; len <= LIMIT_TEXT_BYTES; len++) {
        struct problem p = {.field = ""};
        json_t *told = NULL;
        json_t *list = json_pack("[{s:s, s:s, s:s#, s:s}]", "name", "a", "form", "copy", "remark", remark, (int)len, "licence_id", ID);
        json_t *body = json_pack("{s:O}", "materials", list);
        int rc = case_check_body(ENTRY_CASE_MATERIAL, body, &p);
        if (rc)
            assert_string_equal(p.field, "/materials/0/remark");
        refused = refused || rc;
        taken = taken || !rc;
        assert_int_equal(licence_in_remark(list, &told), 0);
        assert_int_equal(json_object_set_new(body, "materials", told), 0);
        if (!rc)
            assert_int_equal(case_check_body(ENTRY_CASE_MATERIAL, body, &p), 0);
        json_decref(list);
        json_decref(body);
    }
    assert_true(taken && refused);
    free(remark);
}

/* The form check: what the item says, what was handed in, what is lacking. */
static void test_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *wanted, *handed, *lack;
    } rows[] = {
        {"'form':'E'", NULL, NULL},
        {"'form':'E','licence':'fetched'", NULL, NULL},
        {"'form':'O','licence':'fetched'", NULL, NULL},
        {"'form':'O','licence':'none'", NULL, "missing"},
        {"'form':'E','licence':'seen'", NULL, "missing"},
        {"'form':'E','licence':'seen'", "'form':'electronic'", "licence_unseen"},
        {"'form':'O','licence':'seen'", "'form':'original','original_seen':true", "licence_unseen"},
        {"'form':'O','licence':'seen'", "'form':'electronic','licence_id':'" ID "'", NULL},
        {"'form':'E','licence':'seen'", "'form':'electronic','licence_id':'" ID "'", NULL},
        {"'form':'O'", "'form':'copy','licence_id':'" ID "'", "original_unseen"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[600];
        json_t *lacks = NULL;
        (void)snprintf(text, sizeof text, "{'materials':[{'name':'a','required':true,%s}]}", rows[i].wanted);
        json_t *item = read_json(text);
        (void)snprintf(text, sizeof text, rows[i].handed ? "{'materials':[{'name':'a',%s}]}" : "{}", rows[i].handed);
        json_t *application = read_json(text);
        assert_int_equal(item_lacks(item, application, &lacks), 0);
        const char *lack = json_string_value(json_object_get(json_array_get(lacks, 0), "lack"));
        if ((lack != NULL) != (rows[i].lack != NULL) || (lack && strcmp(lack, rows[i].lack) != 0))
            fail_msg("row %zu: %s", i, lack ? lack : "nothing");
        json_decref(item);
        json_decref(application);
        json_decref(lacks);
    }
}

/* A licence alone, without a scan, only where the item speaks of one. */
static void test_alone(void **state)
{
    (void)state;
    static const struct {
        const char *licence, *handed;
        bool refused;
    } rows[] = {
        {"none", "'name':'a','form':'electronic','licence_id':'" ID "'", true},
        {"none", "'name':'a','form':'original','licence_id':'" ID "'", false},
        {"none", "'name':'a','form':'electronic','licence_id':'" ID "','sha256':'0'", false},
        {"none", "'name':'a','form':'electronic'", false},
        {"seen", "'name':'a','form':'electronic','licence_id':'" ID "'", false},
        {"fetched", "'name':'a','form':'electronic','licence_id':'" ID "'", false},
        {"fetched", "'name':'b','form':'electronic','licence_id':'" ID "'", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem p = {.field = ""};
        char text[600];
        (void)snprintf(text, sizeof text, "{'materials':[{'name':'a','form':'E','licence':'%s'}]}", rows[i].licence);
        json_t *item = read_json(text);
        (void)snprintf(text, sizeof text, "[{%s}]", rows[i].handed);
        json_t *materials = read_json(text);
        int rc = item_check_licences(item, materials, &p);
        if ((rc != 0) != rows[i].refused || (rc && strcmp(p.field, "/materials/0/sha256") != 0))
            fail_msg("row %zu: %d %s", i, rc, p.field);
        json_decref(item);
        json_decref(materials);
    }
}

static void test_items_without(void **state)
{
    (void)state;
    json_t *items = read_json("[{'code':'A','materials':[{'name':'a','licence':'seen'},{'name':'b'}]},{'code':'B'}]");
    json_t *wanted = read_json("[{'code':'A','materials':[{'name':'a'},{'name':'b'}]},{'code':'B'}]");
    json_t *kept = json_deep_copy(items), *plain = licence_items_without(items);
    assert_true(json_equal(plain, wanted));
    assert_true(json_equal(items, kept));
    json_decref(items);
    json_decref(wanted);
    json_decref(kept);
    json_decref(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_body),           cmocka_unit_test(test_through_a_remark_and_back),
        cmocka_unit_test(test_remarks_that_are_none), cmocka_unit_test(test_room_in_the_remark),
        cmocka_unit_test(test_lacks),              cmocka_unit_test(test_alone),
        cmocka_unit_test(test_items_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
