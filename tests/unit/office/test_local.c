/* Local cases (本地办件) and the legs of joint cases under the law: what time does when one office is both sides. */
#include "halls.h"

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "proto/timestamp.h"

#define GAPS "{'gaps':[{'material':'照片'}],'deadline':'2026-12-11'}"

static const char *const items[] = {
    "{}",
    "{\"notice_rule\":\"ONSPOT_ZJ\",\"overdue_supplement\":\"WITHDRAWN\"}",
    "{\"notice_rule\":\"MARKET_3WD\"}",
    "{\"mode\":\"JOINT\",\"joint_rule\":\"ALL_GRANTED\",\"legs\":[{\"name\":\"a\",\"office\":\"intake\",\"item\":\"X2\"},"
    "{\"name\":\"b\",\"office\":\"intake\",\"item\":\"X1\"},{\"name\":\"c\",\"office\":\"intake\",\"item\":\"X1\",\"after\":[\"a\"]}]}",
    NULL};

/* 行政许可法 32(4): its own window received it, with or without an authorisation of anybody. */
static void test_silence(void **state)
{
    (void)state;
    struct halls h;
    char permit[CASE_NO_TEXT], market[CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    halls_local(&h, "X1", permit);
    halls_local(&h, "X3", market);
    halls_at(&h, "2026-12-08 23:59");
    halls_tick(&h, HOME, NULL);
    assert_int_equal(halls_state(&h, HOME, permit), CASE_RECEIVED);
    halls_at(&h, "2026-12-09 00:00");
    halls_tick(&h, HOME, NULL);
    assert_int_equal(halls_state(&h, HOME, permit), CASE_ACCEPTED);
    assert_int_equal(halls_state(&h, HOME, market), CASE_RECEIVED);
    struct case_row row = halls_row(&h, HOME, permit);
    assert_int_equal(row.times[TIME_ACCEPTED], row.times[TIME_HANDED_IN]);
    case_row_clear(&row);
    json_t *clocks = halls_ask(&h, HOME, ASK_CLOCKS, permit);
    assert_string_equal(json_string_value(json_object_get(clocks, "receipt")), "intake");
    json_decref(clocks);
    halls_drop(&h);
}

/* Nobody else has to be heard before a deadline counts. */
static void test_deadlines(void **state)
{
    (void)state;
    struct halls h;
    char lapsed[CASE_NO_TEXT], revoked[CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    halls_local(&h, "X2", lapsed);
    halls_local(&h, "X1", revoked);
    OK(halls_act(&h, HOME, "handler", lapsed, "notice", NOTICE("2026-12-11")));
    OK(halls_act(&h, HOME, "handler", revoked, "tolerate", GAPS));
    halls_at(&h, "2026-12-11 23:59");
    halls_tick(&h, HOME, NULL);
    assert_int_equal(halls_state(&h, HOME, lapsed), CASE_SUPPLEMENT_ASKED);
    assert_int_not_equal(halls_act(&h, HOME, "handler", revoked, "revoke", "{'reason':'未补齐','legal_basis':'规定'}"), 0);
    halls_at(&h, "2026-12-12 00:00");
    halls_tick(&h, HOME, NULL);
    assert_int_equal(halls_state(&h, HOME, lapsed), CASE_DEEMED_WITHDRAWN);
    OK(halls_act(&h, HOME, "handler", revoked, "revoke", "{'reason':'未补齐','legal_basis':'规定'}"));
    assert_int_equal(halls_state(&h, HOME, revoked), CASE_REVOKED);
    halls_drop(&h);
}

static void assert_legs(struct halls *h, const char *no, const char *whole, const char *const states[3])
{
    json_t *doc = halls_ask(h, HOME, ASK_JOINT, no);
    assert_string_equal(json_string_value(json_object_get(doc, "state")), whole);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(doc, "legs"), i), "state")), states[i]);
    json_decref(doc);
}

static void leg_case(struct halls *h, const char *no, size_t n, char out[CASE_NO_TEXT])
{
    json_t *doc = halls_ask(h, HOME, ASK_JOINT, no);
    const char *text = json_string_value(json_object_get(json_array_get(json_object_get(doc, "legs"), n), "case"));
    assert_non_null(text);
    memcpy(out, text, CASE_NO_TEXT);
    json_decref(doc);
}

/* A deemed acceptance leaves a leg open; a deemed withdrawal ends it and what waited for it; a revocation is a refusal. */
static void test_legs(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], a[CASE_NO_TEXT], b[CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    halls_joint(&h, "X4", no);
    leg_case(&h, no, 0, a);
    leg_case(&h, no, 1, b);
    OK(halls_act(&h, HOME, "handler", a, "notice", NOTICE("2026-12-11")));
    halls_at(&h, "2026-12-09 09:00");
    halls_tick(&h, HOME, NULL);
    assert_int_equal(halls_state(&h, HOME, b), CASE_ACCEPTED);
    assert_legs(&h, no, "running", (const char *const[]){"open", "open", "waiting"});
    halls_at(&h, "2026-12-12 09:00");
    halls_tick(&h, HOME, NULL);
    assert_int_equal(halls_state(&h, HOME, a), CASE_DEEMED_WITHDRAWN);
    assert_legs(&h, no, "running", (const char *const[]){"withdrawn", "open", "stopped"});
    OK(halls_act(&h, HOME, "handler", b, "grant", "{}"));
    assert_legs(&h, no, "refused", (const char *const[]){"withdrawn", "granted", "stopped"});
    halls_joint(&h, "X4", no);
    leg_case(&h, no, 1, b);
    OK(halls_act(&h, HOME, "handler", b, "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-12-14'}"));
    halls_at(&h, "2026-12-15 09:00");
    OK(halls_act(&h, HOME, "handler", b, "revoke", "{'reason':'未补齐','legal_basis':'规定'}"));
    assert_legs(&h, no, "running", (const char *const[]){"open", "refused", "waiting"});
    halls_drop(&h);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_silence), cmocka_unit_test(test_deadlines), cmocka_unit_test(test_legs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
