/* What a question about a document's number says while time goes by: in force, revoked, expired. */
#include "halls.h"

static const char *const items[] = {"{}", NULL};

/* Two offices that number their documents. */
static void make(struct halls *h)
{
    halls_make(h, items, false, "2026-11-23 09:00");
    for (int hall = 0; hall < HALLS; hall++) {
        h->hall[hall].office->papers.numbering = true;
        (void)snprintf(h->hall[hall].office->papers.prefix, sizeof h->hall[hall].office->papers.prefix, "%s", hall == HOME ? "桐政服" : "东政服");
    }
}

/* The number of the document that an act made. */
static void number_of(struct halls *h, const char *no, const char *kind, char out[128])
{
    json_t *doc = halls_ask(h, HOME, ASK_DOCUMENTS, no), *row;
    size_t i;
    out[0] = '\0';
    json_array_foreach(json_object_get(doc, "rows"), i, row)
        if (!strcmp(json_string_value(json_object_get(row, "kind")), kind))
            (void)snprintf(out, 128, "%s", json_string_value(json_object_get(row, "number")));
    json_decref(doc);
    assert_true(out[0]);
}

static void assert_standing(struct halls *h, int hall, const char *number, const char *standing)
{
    struct office_question question;
    office_question_init(&question, h->hall[hall].office, ASK_RESULT, &h->hall[hall].office->staff[1]);
    (void)snprintf(question.text, sizeof question.text, "%s", number);
    OK(question.query.run(store_sync_view(h->hall[hall].store), &question.query));
    const json_t *rows = json_object_get(question.answer, "rows");
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "standing")), standing);
    office_question_clear(&question);
}

/* 容缺受理 whose gap was not closed: its notice stands until the day of the revocation, and the revocation itself stays. */
static void test_a_revoked_one(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], acceptance[128], revocation[128];
    make(&h);
    halls_intake(&h, "X1", no);
    halls_exchange(&h);
    OK(halls_act(&h, HOME, "handler", no, "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-11-27'}"));
    halls_exchange(&h);
    number_of(&h, no, "tolerant_acceptance", acceptance);
    halls_at(&h, "2026-11-28 09:00");
    assert_standing(&h, HOME, acceptance, "in_force");
    OK(halls_act(&h, HOME, "handler", no, "revoke", "{'reason':'未补齐','legal_basis':'规定11'}"));
    assert_standing(&h, HOME, acceptance, "revoked");
    assert_standing(&h, INTAKE, acceptance, "in_force"); /* not told yet */
    halls_exchange(&h);
    assert_standing(&h, INTAKE, acceptance, "revoked");
    number_of(&h, no, "revocation", revocation);
    assert_standing(&h, HOME, revocation, "in_force");
    halls_drop(&h);
}

static void test_an_expired_one(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], number[128];
    make(&h);
    halls_intake(&h, "X1", no);
    halls_exchange(&h);
    OK(halls_act(&h, HOME, "handler", no, "accept", "{}"));
    OK(halls_act(&h, HOME, "handler", no, "grant",
                 "{'result':{'name':'许可证','number':'JZ-3','valid_from':'2026-12-01','valid_until':'2026-12-10'}}"));
    halls_exchange(&h);
    number_of(&h, no, "decision_grant", number);
    static const struct {
        const char *when, *standing;
    } days[] = {{"2026-11-30 23:59", "not_yet"}, {"2026-12-01 00:00", "in_force"}, {"2026-12-10 23:59", "in_force"},
                {"2026-12-11 00:00", "expired"}};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        halls_at(&h, days[i].when);
        for (int hall = 0; hall < HALLS; hall++) {
            assert_standing(&h, hall, number, days[i].standing);
            assert_standing(&h, hall, "JZ-3", days[i].standing);
        }
    }
    halls_drop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_revoked_one), cmocka_unit_test(test_an_expired_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
