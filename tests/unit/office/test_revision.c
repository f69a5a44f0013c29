/* A home side that numbers wrongly, and verdicts that do not fit what was numbered (decision 1): nothing is lost, nothing is
 * numbered twice, and an operator hears of it. */
#include "tests/unit/office/halls.h"

#include "daemon/office/office_internal.h"

/* Every kind of verdict about a message that this office or the other one numbers. */
static void test_verdicts(void **state)
{
    (void)state;
    enum { FITS = DISCORDS };
    static const struct {
        bool we_number, taken;
        enum verdict verdict;
        int64_t said, ours;
        int discord;
        int64_t rev;
    } rows[] = {
        {true, false, VERDICT_DONE, 0, 7, FITS, 0},
        {true, false, VERDICT_DONE, 7, 7, FITS, 0},
        {true, false, VERDICT_DONE, 8, 7, DISCORD_OTHER, 0},
        {true, true, VERDICT_DONE, 6, 7, DISCORD_OTHER, 0},
        {true, false, VERDICT_REFUSED, 0, 7, DISCORD_REFUSED, 0},
        {true, false, VERDICT_INVALID, 8, 7, DISCORD_REFUSED, 0},
        {false, false, VERDICT_DONE, 5, 0, FITS, 5},
        {false, false, VERDICT_DONE, 0, 0, DISCORD_UNNUMBERED, 0},
        {false, true, VERDICT_DONE, 5, 0, DISCORD_TAKEN, 0},
        {false, false, VERDICT_REFUSED, 0, 0, FITS, 0},
        {false, false, VERDICT_REFUSED, 5, 0, DISCORD_SURPLUS, 0},
        {false, false, VERDICT_INVALID, 5, 0, DISCORD_SURPLUS, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct office_discord discord = {.count = 0};
        struct receipt_line line = {.verdict = rows[i].verdict, .rev = rows[i].said};
        assert_int_equal(revision_of_verdict(&discord, &line, rows[i].we_number, rows[i].ours, rows[i].taken, "N"), rows[i].rev);
        assert_int_equal(discord.count, rows[i].discord != FITS);
        if (discord.count) {
            assert_int_equal(discord.what, rows[i].discord);
            assert_string_equal(discord.about, "N");
        }
    }
    for (int i = 0; i < DISCORDS; i++)
        assert_non_null(discord_words[i]);
}

struct miscount {
    const char *no;
    int64_t by;
};

/* As a program that has lost count. */
static int miscount(struct store_db *db, void *context)
{
    const struct miscount *m = context;
    struct case_row row;
    int rc = case_get(db, m->no, &row);
    if (rc)
        return rc;
    row.rev += m->by;
    rc = case_update(db, &row);
    case_row_clear(&row);
    return rc;
}

static void begin(struct halls *h, char no[CASE_NO_TEXT], int64_t by)
{
    struct miscount m = {no, by};
    halls_make(h, halls_items, false, "2026-11-23 09:00");
    halls_intake(h, "X1", no);
    halls_exchange(h);
    assert_int_equal(halls_state(h, INTAKE, no), CASE_RECEIVED);
    assert_int_equal(h->hall[INTAKE].told.count + h->hall[HOME].heard.count, 0);
    OK(halls_run(h, HOME, miscount, &m));
}

static size_t rows_with_revision(struct halls *h, int hall, const char *no, json_int_t rev)
{
    json_t *doc = halls_ask(h, hall, ASK_TIMELINE, no), *row;
    size_t i, n = 0;
    json_array_foreach(json_object_get(doc, "rows"), i, row)
        n += json_integer_value(json_object_get(row, "rev")) == rev;
    json_decref(doc);
    return n;
}

/* A message of that type from the other office is in the store, whatever became of it. */
static bool is_kept(struct halls *h, int hall, const char *type)
{
    struct store_db *db = store_sync_view(h->hall[hall].store);
    struct inbox_row kept;
    bool found = false;
    for (int64_t seq = 1; !inbox_get(db, h->hall[1 - hall].office->code, seq, &kept); seq++) {
        found = found || strstr(kept.line, type);
        inbox_clear(&kept);
    }
    return found;
}

static void test_a_repeated_revision(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT];
    begin(&h, no, -1);
    OK(halls_act(&h, HOME, "handler", no, "notice", NOTICE("2026-12-10"))); /* revision 2 once more */
    halls_exchange(&h);
    assert_int_equal(h.hall[INTAKE].told.what, DISCORD_TAKEN);
    assert_int_equal(h.hall[INTAKE].told.count, 1);
    assert_int_equal(h.hall[INTAKE].told.rev, 2);
    assert_string_equal(h.hall[INTAKE].told.about, no);
    assert_int_equal(h.hall[HOME].heard.what, DISCORD_REFUSED);
    assert_int_equal(h.hall[HOME].heard.rev, 2);
    /* nothing moved at the intake side, and the message is kept there with its verdict */
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_RECEIVED);
    assert_int_equal(rows_with_revision(&h, INTAKE, no, 2), 1);
    assert_true(is_kept(&h, INTAKE, "\"case.notice\""));
    /* what the home side decided stands at the home side, its clock too: the other office cannot undo it */
    assert_int_equal(halls_state(&h, HOME, no), CASE_SUPPLEMENT_ASKED);
    halls_assert_due(&h, HOME, no, "2026-12-10", CLOCK_SUPPLEMENT);
    halls_calendar(&h, "2026-12-31\tholiday\t元旦\n");
    halls_tick(&h, HOME, NULL); /* reckoned anew from the entries */
    halls_assert_due(&h, HOME, no, "2026-12-10", CLOCK_SUPPLEMENT);
    halls_drop(&h);
}

static void test_a_revision_left_out(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT];
    begin(&h, no, 3);
    OK(halls_act(&h, HOME, "handler", no, "accept", "{}"));
    halls_exchange(&h);
    /* the home side has decided: it is taken; what stands before it is missed */
    assert_int_equal(h.hall[INTAKE].told.what, DISCORD_GAP);
    assert_int_equal(h.hall[INTAKE].told.rev, 6);
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_ACCEPTED);
    assert_int_equal(h.hall[HOME].heard.count, 0);
    /* and it is said once */
    h.hall[INTAKE].told.count = 0;
    OK(halls_act(&h, HOME, "handler", no, "extend", "{'reason':'疑难','approver':'局长','days':5}"));
    halls_exchange(&h);
    assert_int_equal(h.hall[INTAKE].told.count, 0);
    halls_drop(&h);
}

static size_t refused_rows(struct halls *h, int hall, const char *no)
{
    json_t *doc = halls_ask(h, hall, ASK_TIMELINE, no), *row;
    size_t i, n = 0;
    json_array_foreach(json_object_get(doc, "rows"), i, row)
        n += strcmp(json_string_value(json_object_get(row, "verdict")), "done") != 0 && json_integer_value(json_object_get(row, "rev")) > 0;
    json_decref(doc);
    return n;
}

static void test_acts_of_a_register(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], body[128], note[REGISTER_NO_TEXT];
    for (int left_out = 0; left_out < 2; left_out++) {
        begin(&h, no, left_out ? 1 : -1);
        (void)snprintf(body, sizeof body, "{'case':'%s','data':{'class':'other','subject':'一'}}", no);
        OK(halls_register(&h, HOME, "handler", "problem", NULL, "raise", body, note));
        halls_exchange(&h);
        assert_int_equal(h.hall[INTAKE].told.what, left_out ? DISCORD_GAP : DISCORD_TAKEN);
        assert_int_equal(h.hall[INTAKE].told.count, 1);
        assert_int_equal(h.hall[HOME].heard.count, !left_out);
        if (!left_out) {
            assert_int_equal(h.hall[HOME].heard.what, DISCORD_REFUSED);
            assert_string_equal(h.hall[HOME].heard.about, note);
            struct object_row object = halls_object(&h, HOME, note);
            assert_true(object.open); /* it stands, and its history says that the other office did not take it */
            object_row_clear(&object);
            assert_int_equal(refused_rows(&h, HOME, no), 1);
        }
        halls_drop(&h);
    }
}

/* Messages that cross: what waits for its number explains a number that is not there yet. */
static void test_what_is_on_its_way(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT];
    begin(&h, no, 0);
    OK(halls_act(&h, HOME, "handler", no, "notice", NOTICE("2026-12-10")));
    halls_exchange(&h);
    OK(halls_act(&h, INTAKE, "window", no, "supplement", SUPPLEMENT));
    halls_send(&h, INTAKE); /* the receipt comes back, the home side's next word does not */
    OK(halls_act(&h, HOME, "handler", no, "accept", "{}"));
    halls_exchange(&h);
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_ACCEPTED);
    assert_int_equal(h.hall[INTAKE].told.count + h.hall[INTAKE].heard.count, 0);
    assert_int_equal(h.hall[HOME].told.count + h.hall[HOME].heard.count, 0);
    halls_drop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),           cmocka_unit_test(test_a_repeated_revision), cmocka_unit_test(test_a_revision_left_out),
        cmocka_unit_test(test_acts_of_a_register), cmocka_unit_test(test_what_is_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
