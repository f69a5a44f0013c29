/* Entries: exact bytes out, the same bytes' meaning in, and each member altered is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/entry.h"
#include "proto/limits.h"

#define ID  "01939f3a-7b2c-7def-8123-456789abcdef"
#define ID2 "01939f3a-7b2c-7def-8123-456789abcdee"

static char case_no[CASE_NO_TEXT];

static int setup(void **state)
{
    (void)state;
    return case_no_make("320623", 20780, 12, case_no);
}

static struct entry sample(void)
{
    struct entry e = {.type = ENTRY_CASE_SUBMITTED,
                      .id = ID,
                      .from = "320623",
                      .to = "330483",
                      .seq = 42,
                      .at = 1795397400123,
                      .rev = 3,
                      .staff = "320623:0007",
                      .role = "window",
                      .authorisation = ID2};
    memcpy(e.case_no, case_no, sizeof case_no);
    e.body = json_pack("{s:s, s:i}", "name", "张三", "n", 1);
    return e;
}

static void test_exact_bytes(void **state)
{
    (void)state;
    struct entry e = sample();
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    assert_int_equal(entry_encode(&e, &line), 0);
    char expected[1024];
    (void)snprintf(expected, sizeof expected,
                   "{\"v\":1,\"type\":\"case.submitted\",\"id\":\"" ID
                   "\",\"from\":\"320623\",\"to\":\"330483\",\"seq\":42,"
                   "\"at\":\"2026-11-23T09:30:00.123+08:00\",\"case\":\"%s\",\"rev\":3,"
                   "\"actor\":{\"staff\":\"320623:0007\",\"role\":\"window\"},\"authorisation\":\"" ID2 "\","
                   "\"body\":{\"name\":\"张三\",\"n\":1}}",
                   case_no);
    assert_string_equal(line.data, expected);
    struct entry back;
    struct problem p;
    assert_int_equal(entry_decode(line.data, line.len, &back, &p), 0);
    assert_int_equal(back.type, e.type);
    assert_string_equal(back.id, e.id);
    assert_string_equal(back.from, e.from);
    assert_string_equal(back.to, e.to);
    assert_int_equal(back.seq, 42);
    assert_int_equal(back.at, e.at);
    assert_string_equal(back.case_no, case_no);
    assert_int_equal(back.rev, 3);
    assert_string_equal(back.staff, e.staff);
    assert_string_equal(back.role, e.role);
    assert_string_equal(back.authorisation, e.authorisation);
    assert_true(json_equal(back.body, e.body));
    entry_clear(&back);
    assert_int_equal(entry_peek(line.data, line.len, &back), 0);
    assert_int_equal(back.type, e.type);
    assert_string_equal(back.id, e.id);
    assert_string_equal(back.from, e.from);
    assert_string_equal(back.to, e.to);
    assert_int_equal(back.seq, 42);
    assert_int_equal(back.at, e.at);
    assert_string_equal(back.case_no, case_no);
    assert_null(back.body);
    const char *end = strstr(line.data, ",\"case\"");
    for (const char *cut = line.data; cut < end; cut++)
        assert_int_equal(entry_peek(line.data, (size_t)(cut - line.data), &back), TB_EMALFORMED);
    entry_clear(&e);
    entry_clear(NULL);
    buf_free(&line);
}

static void test_smallest(void **state)
{
    (void)state;
    struct entry e = {.type = ENTRY_OFFICE_STARTED, .id = ID, .from = "320623", .at = 0, .body = json_object()};
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    assert_int_equal(entry_encode(&e, &line), 0);
    assert_string_equal(line.data, "{\"v\":1,\"type\":\"office.started\",\"id\":\"" ID
                                   "\",\"from\":\"320623\",\"at\":\"1970-01-01T08:00:00.000+08:00\",\"body\":{}}");
    entry_clear(&e);
    buf_free(&line);
}

/* A message about a case that nobody else has a part in has neither receiver nor number; no other message goes without. */
static void test_local(void **state)
{
    (void)state;
    struct entry e = sample(), back;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    e.to[0] = '\0';
    e.seq = 0;
    for (int type = 0; type < ENTRY_TYPES; type++) {
        bool about_case = !strncmp(entry_type_text((enum entry_type)type), "case.", 5);
        bool own = !entry_type_is_message((enum entry_type)type) && type != ENTRY_RECEIPT;
        e.type = (enum entry_type)type;
        buf_clear(&line);
        assert_int_equal(entry_encode(&e, &line), about_case || own || entry_type_is_act(e.type) ? 0 : TB_EINVAL);
        if (!line.len)
            continue;
        assert_int_equal(entry_decode(line.data, line.len, &back, NULL), 0);
        assert_string_equal(back.to, "");
        assert_int_equal(back.seq, 0);
        entry_clear(&back);
        assert_int_equal(entry_peek(line.data, line.len, &back), 0);
        assert_int_equal(back.type, type);
        assert_string_equal(back.to, "");
    }
    entry_clear(&e);
    buf_free(&line);
}

static void refused_encode(struct entry e)
{
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    assert_int_equal(buf_append_str(&line, "kept"), 0);
    assert_int_equal(entry_encode(&e, &line), TB_EINVAL);
    assert_string_equal(line.data, "kept");
    buf_free(&line);
}

static void test_encode_refuses(void **state)
{
    (void)state;
    struct entry good = sample(), e;
#define WITH(change) (e = good, change, refused_encode(e))
    WITH(e.seq = 0);
    WITH(e.seq = -1);
    WITH(e.to[0] = '\0');
    WITH(memcpy(e.to, e.from, sizeof e.to));
    WITH(e.from[0] = 'x');
    WITH(e.id[0] = '"');
    WITH(e.type = ENTRY_TYPES);
    WITH(e.type = ENTRY_CASE_INTAKEN);
    WITH(e.type = ENTRY_RECEIPT);
    WITH(e.case_no[0] = '\0');
    WITH(e.case_no[3] ^= 1);
    WITH(e.staff[3] = '"');
    WITH(e.staff[0] = '\0');
    WITH(e.role[0] = '\0');
    WITH(e.role[0] = '"');
    WITH(e.authorisation[0] = 'G');
    WITH(e.rev = -1);
    WITH(e.body = NULL);
    entry_clear(&good);
}

static void test_too_long(void **state)
{
    (void)state;
    struct entry e = sample();
    char *text = malloc(LIMIT_ENTRY_BYTES + 1);
    assert_non_null(text);
    memset(text, 'a', LIMIT_ENTRY_BYTES);
    text[LIMIT_ENTRY_BYTES] = '\0';
    (void)json_object_set_new(e.body, "long", json_string(text));
    struct buf line;
    buf_init(&line, 2 * LIMIT_ENTRY_BYTES);
    assert_int_equal(entry_encode(&e, &line), TB_ELIMIT);
    assert_int_equal(line.len, 0);
    struct entry back;
    assert_int_equal(entry_decode(text, LIMIT_ENTRY_BYTES + 1, &back, NULL), TB_ELIMIT);
    free(text);
    entry_clear(&e);
    buf_free(&line);
}

static void test_decode_refuses(void **state)
{
    (void)state;
    /* from the good line below: this piece replaced by that one */
    static const struct {
        const char *piece, *by, *field;
    } rows[] = {
        {"\"v\":1", "\"v\":2", "/v"},
        {"\"v\":1,", "", "/v"},
        {"case.submitted", "case.unknown", "/type"},
        {"case.submitted", "receipt", NULL},
        {"case.submitted", "case.intaken", NULL},
        {"\"type\":\"case.submitted\",", "", "/type"},
        {ID, "01939F3A-7b2c-7def-8123-456789abcdef", "/id"},
        {ID, "1", "/id"},
        {"\"320623\"", "\"32062\"", "/from"},
        {"\"320623\"", "320623", "/from"},
        {"\"330483\"", "\"320623\"", "/to"},
        {",\"to\":\"330483\"", "", "/to"},
        {"\"330483\"", "\"\"", "/to"},
        {"\"330483\"", "null", "/to"},
        {"\"seq\":42", "\"seq\":0", "/seq"},
        {"\"seq\":42", "\"seq\":-3", "/seq"},
        {"\"seq\":42", "\"seq\":\"42\"", "/seq"},
        {"\"seq\":42", "\"seq\":42.0", ""},
        {"\"seq\":42", "\"seq\":99999999999999999999", ""},
        {"\"seq\":42,", "", "/seq"},
        {"\"seq\":42", "\"seq\":42,\"seq\":42", ""},
        {"2026-11-23T", "2026-11-31T", "/at"},
        {"2026-11-23T", "2026-11-23 ", "/at"},
        {"\"rev\":3", "\"rev\":0", "/rev"},
        {"\"rev\":3", "\"rev\":3,\"extra\":1", "/extra"},
        {"\"rev\":3", "\"Rev\":3", "/Rev"},
        {"\"staff\":\"320623:0007\",", "", "/actor/staff"},
        {"320623:0007", "320623:00/07", "/actor/staff"},
        {"320623:0007", "320623", "/actor/staff"},
        {"\"window\"", "\"Window\"", "/actor/role"},
        {"\"window\"", "\"window\",\"x\":1", "/actor/x"},
        {"{\"staff\"", "[{\"staff\"", ""},
        {"\"window\"}", "\"window\\u0000\"}", ""},
        {"\"body\":{}", "\"body\":[]", "/body"},
        {",\"body\":{}", "", "/body"},
        {"\"body\":{}", "\"body\":{\"a\":\"\\ud800\"}", ""},
        {"\"body\":{}", "\"body\":{\"a\":\"\xff\"}", ""},
        {"\"body\":{}", "\"body\":{}\n", ""},
        {"\"body\":{}", "\r\"body\":{}", ""},
        {"\"body\":{}}", "\"body\":{}}}", ""},
        {"\"from\":\"320623\",\"to\":\"330483\"", "\"to\":\"330483\",\"from\":\"320623\"", ""},
    };
    char good[1024];
    (void)snprintf(good, sizeof good,
                   "{\"v\":1,\"type\":\"case.submitted\",\"id\":\"" ID
                   "\",\"from\":\"320623\",\"to\":\"330483\",\"seq\":42,"
                   "\"at\":\"2026-11-23T09:30:00.123+08:00\",\"case\":\"%s\",\"rev\":3,"
                   "\"actor\":{\"staff\":\"320623:0007\",\"role\":\"window\"},\"body\":{}}",
                   case_no);
    struct entry e;
    struct problem p;
    assert_int_equal(entry_decode(good, strlen(good), &e, &p), 0);
    entry_clear(&e);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bad[1100];
        const char *at = strstr(good, rows[i].piece);
        assert_non_null(at);
        int n = snprintf(bad, sizeof bad, "%.*s%s%s", (int)(at - good), good, rows[i].by, at + strlen(rows[i].piece));
        memset(&p, 0, sizeof p);
        int rc = entry_decode(bad, (size_t)n, &e, &p);
        if (rc != TB_EMALFORMED || (rows[i].field && strcmp(p.field, rows[i].field)) || !p.detail[0])
            fail_msg("%s -> %s: rc %d field \"%s\" detail \"%s\"", rows[i].piece, rows[i].by, rc, p.field, p.detail);
    }
    /* every cut */
    for (size_t n = 0; n < strlen(good); n++)
        assert_int_equal(entry_decode(good, n, &e, NULL), TB_EMALFORMED);
    /* a wrong check digit */
    char *digit = strstr(good, case_no) + CASE_NO_LEN - 1;
    *digit = *digit == '9' ? '0' : (char)(*digit + 1);
    assert_int_equal(entry_decode(good, strlen(good), &e, &p), TB_EMALFORMED);
    assert_string_equal(p.field, "/case");
}

static void test_types(void **state)
{
    (void)state;
    for (int i = 0; i < ENTRY_TYPES; i++) {
        assert_int_equal(entry_type_by_text(entry_type_text((enum entry_type)i)), i);
        struct entry e = sample();
        e.type = (enum entry_type)i;
        if (!entry_type_is_message(e.type)) {
            e.seq = 0;
            if (i != ENTRY_RECEIPT)
                e.to[0] = '\0';
        }
        struct buf line;
        buf_init(&line, LIMIT_ENTRY_BYTES);
        assert_int_equal(entry_encode(&e, &line), 0);
        struct entry back;
        assert_int_equal(entry_decode(line.data, line.len, &back, NULL), 0);
        assert_int_equal(back.type, i);
        entry_clear(&back);
        entry_clear(&e);
        buf_free(&line);
    }
    assert_int_equal(entry_type_by_text("case"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_bytes),    cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_local), cmocka_unit_test(test_encode_refuses), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_decode_refuses), cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
