/* The law by the clock: deemed acceptance, deemed withdrawal, tolerance, special procedures, the extension (domain.md 5, 10). */
#include "halls.h"

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "proto/clock.h"
#include "proto/timestamp.h"

static const char *light_at(struct halls *h, int hall, const char *no)
{
    struct case_row row = halls_row(h, hall, no);
    enum light light = case_light(h->hall[hall].office, &row, timestamp_day(h->now));
    case_row_clear(&row);
    return light_text(light);
}

static void assert_time(struct halls *h, int hall, const char *no, enum case_time time, const char *when)
{
    struct case_row row = halls_row(h, hall, no);
    char text[TIMESTAMP_TEXT];
    timestamp_format(row.times[time], text);
    text[16] = '\0';
    text[10] = ' ';
    assert_string_equal(text, when);
    case_row_clear(&row);
}

/* Rows of the rules: when the last day is, and what the minute before and after it bring. */
static void test_deemed(void **state)
{
    (void)state;
    static const struct {
        const char *item, *handed_in, *due, *last; /* last: last day of the notice; NULL: never deemed */
    } rows[] = {
        {"X1", "2026-09-30 16:00", "2026-10-13", "2026-10-13"}, /* over the National Day holiday, with its make-up Saturday */
        {"X1", "2026-02-13 16:00", "2026-02-27", "2026-02-27"}, /* Friday before a make-up Saturday, then Spring Festival */
        {"X1", "2026-05-08 16:00", "2026-05-14", "2026-05-14"}, /* Friday before a make-up Saturday */
        {"X2", "2026-11-23 16:00", "2026-11-23", "2026-11-23"}, /* real estate: on the spot, or accepted */
        {"X2", "2026-11-21 16:00", "2026-11-23", "2026-11-23"}, /* handed in on a Saturday */
        {"X3", "2026-11-23 16:00", "2026-11-23", "2026-11-30"}, /* Zhejiang: told on the spot; silence counts after five days */
        {"X4", "2026-11-23 16:00", "2026-11-26", NULL},         /* market registration: three days, never deemed */
        {"X5", "2026-11-23 16:00", "-", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct halls h;
        struct office_tick sum = {.deemed = 0};
        char no[CASE_NO_TEXT], late[CASE_NO_TEXT], when[24];
        halls_make(&h, halls_items, false, rows[i].handed_in);
        halls_intake(&h, rows[i].item, no);
        halls_intake(&h, rows[i].item, late);
        halls_exchange(&h);
        assert_int_equal(halls_state(&h, HOME, no), CASE_RECEIVED);
        halls_assert_due(&h, HOME, no, rows[i].due, CLOCK_NOTICE);
        halls_assert_due(&h, INTAKE, no, rows[i].due, CLOCK_NOTICE);
        if (!rows[i].last) {
            halls_at(&h, "2027-03-01 00:01");
            halls_tick(&h, HOME, &sum);
            assert_int_equal(sum.deemed, 0);
            assert_int_equal(halls_state(&h, HOME, no), CASE_RECEIVED);
            halls_drop(&h);
            continue;
        }
        /* at 23:59 of the last day the notice is in time */
        (void)snprintf(when, sizeof when, "%s 23:59", rows[i].last);
        halls_at(&h, when);
        halls_tick(&h, HOME, &sum);
        assert_int_equal(sum.deemed, 0);
        OK(halls_act(&h, HOME, "handler", no, "notice", NOTICE("2027-06-30")));
        /* at 00:01 it is too late, also before the system has looked */
        h.now += 2 * 60 * 1000;
        assert_int_equal(halls_act(&h, HOME, "handler", late, "notice", NOTICE("2027-06-30")), TB_EREFUSED);
        assert_int_equal(h.problem.id, PROBLEM_TRANSITION);
        assert_int_equal(halls_act(&h, HOME, "handler", late, "refuse", REFUSAL), TB_EREFUSED);
        assert_int_equal(halls_state(&h, HOME, late), CASE_RECEIVED); /* a refused act writes nothing */
        halls_tick(&h, INTAKE, &sum);
        assert_int_equal(sum.deemed, 0); /* never at the other side */
        halls_tick(&h, HOME, &sum);
        halls_tick(&h, HOME, &sum); /* again changes nothing */
        assert_int_equal(sum.deemed, 1);
        halls_exchange(&h);
        for (int side = 0; side < HALLS; side++) {
            assert_int_equal(halls_state(&h, side, late), CASE_ACCEPTED);
            assert_int_equal(halls_state(&h, side, no), CASE_SUPPLEMENT_ASKED);
            assert_time(&h, side, late, TIME_ACCEPTED, rows[i].handed_in); /* back-dated to the receipt */
        }
        json_t *doc = halls_ask(&h, INTAKE, ASK_TIMELINE, late);
        json_t *row = json_array_get(json_object_get(doc, "rows"), 2);
        assert_string_equal(json_string_value(json_object_get(row, "type")), "case.deemed");
        assert_string_equal(json_string_value(json_object_get(json_object_get(row, "summary"), "until")), rows[i].last);
        json_decref(doc);
        OK(halls_act(&h, HOME, "handler", late, "grant", "{}"));
        halls_drop(&h);
    }
}

/* An act of a handler past the last day works on the case as the law has made it. */
static void test_act_after_deemed(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X1", no);
    halls_exchange(&h);
    halls_at(&h, "2026-12-01 09:00");
    assert_int_equal(halls_act(&h, HOME, "handler", no, "accept", "{}"), TB_EREFUSED);
    OK(halls_act(&h, HOME, "handler", no, "deny", "{'reason':'不符合条件'}"));
    halls_exchange(&h);
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_DENIED);
    assert_time(&h, INTAKE, no, TIME_ACCEPTED, "2026-11-23 09:00");
    halls_drop(&h);
}

/* Six days without a link: with the authority to accept the applicant's day at the window counts, without it the arrival; both are kept. */
static void test_link_down(void **state)
{
    (void)state;
    for (int acceptance = 0; acceptance < 2; acceptance++) {
        struct halls h;
        struct office_tick sum = {.deemed = 0};
        char no[CASE_NO_TEXT];
        halls_make(&h, halls_items, acceptance, "2026-11-02 10:00");
        halls_intake(&h, "X1", no);
        halls_at(&h, "2026-11-10 10:00"); /* six working days later */
        halls_exchange(&h);
        halls_assert_due(&h, HOME, no, "2026-11-09", CLOCK_NOTICE); /* shown conservatively */
        assert_string_equal(light_at(&h, HOME, no), "red");
        assert_string_equal(light_at(&h, INTAKE, no), "red");
        json_t *doc = halls_ask(&h, HOME, ASK_CLOCKS, no), *row;
        size_t i;
        bool link = false;
        json_array_foreach(json_object_get(doc, "phases"), i, row) if (!strcmp(json_string_value(json_object_get(row, "phase")), "link"))
        {
            link = true;
            assert_int_equal(json_integer_value(json_object_get(row, "over")), 6);
        }
        assert_true(link);
        assert_string_equal(json_string_value(json_object_get(doc, "receipt")), acceptance ? "intake" : "home");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(doc, "delay"), "link")), 6);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(doc, "delay"), "home")), 0);
        json_decref(doc);
        halls_tick(&h, HOME, &sum);
        assert_int_equal(sum.deemed, acceptance);
        if (!acceptance) {
            assert_int_equal(halls_state(&h, HOME, no), CASE_RECEIVED);
            halls_at(&h, "2026-11-17 23:59");
            halls_tick(&h, HOME, &sum);
            assert_int_equal(sum.deemed, 0);
            halls_at(&h, "2026-11-18 00:01");
            halls_tick(&h, HOME, &sum);
        }
        assert_int_equal(sum.deemed, 1);
        assert_time(&h, HOME, no, TIME_ACCEPTED, acceptance ? "2026-11-02 10:00" : "2026-11-10 10:00");
        assert_time(&h, HOME, no, TIME_HANDED_IN, "2026-11-02 10:00");
        assert_time(&h, HOME, no, TIME_SENT, "2026-11-02 10:00");
        assert_time(&h, HOME, no, TIME_RECEIVED, "2026-11-10 10:00");
        halls_drop(&h);
    }
}

static void test_lapse(void **state)
{
    (void)state;
    struct halls h;
    struct office_tick sum = {.lapsed = 0};
    char silent[CASE_NO_TEXT], late[CASE_NO_TEXT], kept[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X3", silent);
    halls_intake(&h, "X3", late);
    halls_intake(&h, "X1", kept); /* REFUSE: the handler decides */
    halls_exchange(&h);
    const char *const all[] = {silent, late, kept};
    for (size_t i = 0; i < 3; i++)
        OK(halls_act(&h, HOME, "handler", all[i], "notice", NOTICE("2026-12-04")));
    assert_int_equal(halls_act(&h, HOME, "handler", silent, "notice", NOTICE("2026-12-04")), TB_EREFUSED);
    assert_int_equal(h.problem.id, PROBLEM_NOTICE_ONCE);
    halls_exchange(&h);
    halls_assert_due(&h, HOME, silent, "2026-12-04", CLOCK_SUPPLEMENT);
    assert_string_equal(light_at(&h, HOME, silent), "grey");
    halls_at(&h, "2026-12-04 23:00");
    OK(halls_act(&h, INTAKE, "window", late, "supplement", SUPPLEMENT)); /* in time, but the link is down */
    halls_tick(&h, HOME, &sum);
    halls_at(&h, "2026-12-08 09:00");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.lapsed, 0); /* nothing lapses before the other side was heard from */
    assert_string_equal(light_at(&h, HOME, kept), "red");
    struct case_row row = halls_row(&h, HOME, kept);
    assert_int_equal(row.todo, TODO_HANDLER); /* from now on it is the handler's turn */
    assert_int_equal(row.state, CASE_SUPPLEMENT_ASKED);
    case_row_clear(&row);
    /* what works one way says nothing about the other, nor does the exchange that brings the late one */
    halls_send(&h, HOME);
    halls_at(&h, "2026-12-09 09:00");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.lapsed, 0);
    halls_send(&h, INTAKE);
    halls_at(&h, "2026-12-10 09:00");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.lapsed, 0);
    halls_exchange(&h); /* nothing waits any more */
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.lapsed, 1);
    halls_exchange(&h);
    for (int side = 0; side < HALLS; side++) {
        assert_int_equal(halls_state(&h, side, silent), CASE_DEEMED_WITHDRAWN);
        assert_int_equal(halls_state(&h, side, late), CASE_SUPPLEMENTED);
    }
    OK(halls_act(&h, HOME, "handler", kept, "refuse", REFUSAL));
    OK(halls_act(&h, HOME, "handler", late, "accept", "{}"));
    /* a supplement that meets the lapsed case is refused, and says so */
    assert_int_equal(halls_act(&h, INTAKE, "window", silent, "supplement", SUPPLEMENT), TB_EREFUSED);
    halls_drop(&h);
}

static void test_tolerance(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], other[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X1", no);
    halls_intake(&h, "X1", other);
    halls_exchange(&h);
    assert_int_equal(halls_act(&h, HOME, "handler", no, "tolerate", "{'gaps':[{'material':'申请表'}],'deadline':'2026-11-27'}"),
                     TB_EMALFORMED);
    assert_string_equal(h.problem.field, "/gaps/0/material");
    assert_int_equal(halls_act(&h, HOME, "handler", no, "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-11-20'}"), TB_EMALFORMED);
    assert_string_equal(h.problem.field, "/deadline");
    OK(halls_act(&h, HOME, "handler", no, "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-11-27'}"));
    OK(halls_act(&h, HOME, "handler", other, "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-11-27'}"));
    halls_exchange(&h);
    halls_assert_due(&h, INTAKE, no, "2026-11-27", CLOCK_TOLERANCE);
    struct case_row row = halls_row(&h, INTAKE, no);
    assert_int_equal(row.todo, TODO_WINDOW);
    case_row_clear(&row);
    assert_int_equal(halls_act(&h, HOME, "handler", no, "grant", "{}"), TB_EREFUSED);
    OK(halls_act(&h, INTAKE, "window", no, "supplement", SUPPLEMENT));
    halls_exchange(&h);
    assert_int_equal(halls_state(&h, HOME, no), CASE_TOLERATED); /* the handler confirms */
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_TOLERATED);
    OK(halls_act(&h, HOME, "window", no, "supplement", SUPPLEMENT)); /* the applicant may choose either hall */
    OK(halls_act(&h, HOME, "handler", no, "cure", "{}"));
    halls_exchange(&h);
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_ACCEPTED);
    halls_assert_due(&h, INTAKE, no, "2026-12-07", CLOCK_DECISION);
    assert_time(&h, INTAKE, no, TIME_ACCEPTED, "2026-11-23 09:00");
    /* revoked only when the deadline is over, with reasons, and handed over */
    assert_int_equal(halls_act(&h, HOME, "handler", other, "revoke", "{'reason':'未补齐','legal_basis':'规定11'}"), TB_EREFUSED);
    halls_at(&h, "2026-11-28 09:00");
    assert_string_equal(light_at(&h, HOME, other), "red");
    OK(halls_act(&h, HOME, "handler", other, "revoke", "{'reason':'未补齐','legal_basis':'规定11'}"));
    halls_exchange(&h);
    assert_int_equal(halls_state(&h, INTAKE, other), CASE_REVOKED);
    assert_int_equal(halls_act(&h, HOME, "handler", other, "complete", "{}"), TB_EREFUSED);
    OK(halls_act(&h, HOME, "handler", other, "delivery", "{'way':'pickup','place':'intake','documents':[{'name':'撤销受理决定书'}]}"));
    halls_drop(&h);
}

static void test_decision_clock(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], calendar_days[CASE_NO_TEXT], none[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X4", no);
    halls_intake(&h, "X6", calendar_days);
    halls_intake(&h, "X5", none);
    halls_exchange(&h);
    OK(halls_act(&h, HOME, "handler", no, "accept", "{}"));
    OK(halls_act(&h, HOME, "handler", calendar_days, "accept", "{}"));
    OK(halls_act(&h, HOME, "handler", none, "accept", "{}"));
    halls_assert_due(&h, HOME, no, "2026-12-07", CLOCK_DECISION);             /* promised ten, law twenty */
    halls_assert_due(&h, HOME, calendar_days, "2026-12-21", CLOCK_DECISION);  /* law: 20 working days; promised 30 calendar days: 23rd */
    OK(halls_act(&h, HOME, "handler", no, "review", "{'kind':'substantive_review','officers':[{'name':'甲'},{'name':'乙'}]}"));
    halls_at(&h, "2026-11-25 09:00");
    OK(halls_act(&h, HOME, "handler", no, "special", "{'kind':'hearing','basis':'行政许可法46','days':4,'unit':'working_day'}"));
    halls_exchange(&h);
    for (int side = 0; side < HALLS; side++) {
        halls_assert_due(&h, side, no, "2026-12-11", CLOCK_DECISION); /* four days more, as announced */
        assert_string_equal(light_at(&h, side, no), "grey");
    }
    assert_int_equal(halls_act(&h, HOME, "handler", no, "grant", "{}"), TB_EREFUSED);
    assert_int_equal(halls_act(&h, HOME, "handler", no, "extend", "{'reason':'疑难','approver':'局长','days':3}"), TB_EREFUSED);
    halls_at(&h, "2026-11-27 09:00"); /* it ends after two days: the others come back */
    OK(halls_act(&h, HOME, "handler", no, "resume", "{'result':'听证笔录'}"));
    halls_assert_due(&h, HOME, no, "2026-12-09", CLOCK_DECISION);
    assert_int_equal(halls_act(&h, HOME, "handler", no, "extend", "{'reason':'疑难','approver':'局长','days':4}"), TB_EMALFORMED);
    assert_string_equal(h.problem.field, "/days");
    assert_int_equal(halls_act(&h, HOME, "handler", no, "extend", "{'reason':'疑难','days':3}"), TB_EMALFORMED);
    assert_string_equal(h.problem.field, "/approver");
    assert_int_equal(halls_act(&h, HOME, "handler", none, "extend", "{'reason':'疑难','approver':'局长','days':3}"), TB_EREFUSED);
    OK(halls_act(&h, HOME, "handler", no, "extend", "{'reason':'疑难','approver':'局长','days':3}"));
    halls_assert_due(&h, HOME, no, "2026-12-14", CLOCK_DECISION);
    assert_int_equal(halls_act(&h, HOME, "handler", no, "extend", "{'reason':'疑难','approver':'局长','days':1}"), TB_EREFUSED);
    assert_int_equal(h.problem.id, PROBLEM_STEP_DONE);
    /* a procedure that lasts longer than announced stops the clock no longer than was announced */
    OK(halls_act(&h, HOME, "handler", no, "special", "{'kind':'test','basis':'检测','days':1,'unit':'working_day'}"));
    halls_assert_due(&h, HOME, no, "2026-12-15", CLOCK_DECISION);
    halls_at(&h, "2026-12-10 09:00");
    assert_string_not_equal(light_at(&h, HOME, no), "grey");
    OK(halls_act(&h, HOME, "handler", no, "resume", "{'result':'合格'}"));
    halls_assert_due(&h, HOME, no, "2026-12-15", CLOCK_DECISION);
    halls_exchange(&h);
    halls_assert_due(&h, INTAKE, no, "2026-12-15", CLOCK_DECISION);
    /* after the limit no extension */
    halls_at(&h, "2026-12-22 09:00");
    assert_int_equal(halls_act(&h, HOME, "handler", calendar_days, "extend", "{'reason':'疑难','approver':'局长','days':3}"), TB_EREFUSED);
    OK(halls_act(&h, HOME, "handler", no, "grant", "{}"));
    halls_exchange(&h);
    json_t *doc = halls_ask(&h, INTAKE, ASK_CLOCKS, no), *row;
    size_t i;
    unsigned seen = 0;
    json_array_foreach(json_object_get(doc, "phases"), i, row)
    {
        const char *phase = json_string_value(json_object_get(row, "phase"));
        if (!strcmp(phase, "decision")) {
            assert_int_equal(json_integer_value(json_object_get(row, "limit")), 13);
            assert_int_equal(json_integer_value(json_object_get(row, "days")), 18);
            assert_int_equal(json_integer_value(json_object_get(row, "over")), 5);
            seen++;
        }
        if (!strcmp(phase, "special"))
            seen += 2;
    }
    assert_int_equal(seen, 5);
    json_decref(doc);
    halls_drop(&h);
}

static void test_return_and_abort(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], second[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X1", no);
    halls_intake(&h, "X1", second);
    halls_exchange(&h);
    assert_int_equal(halls_act(&h, HOME, "handler", no, "return", "{'reason_class':'DUPLICATE','reason':'重复','agreed':false}"),
                     TB_EMALFORMED);
    assert_string_equal(h.problem.field, "/agreed");
    OK(halls_act(&h, HOME, "handler", no, "return", "{'reason_class':'DUPLICATE','reason':'重复','agreed':true}"));
    assert_int_equal(halls_act(&h, HOME, "handler", second, "abort", "{'reason_class':'DEATH','reason':'死亡'}"), TB_EMALFORMED);
    OK(halls_act(&h, HOME, "handler", second, "accept", "{}"));
    OK(halls_act(&h, HOME, "handler", second, "abort", "{'reason_class':'DEATH','reason':'死亡','approver':'局长'}"));
    halls_exchange(&h);
    assert_int_equal(halls_state(&h, INTAKE, no), CASE_RETURNED);
    assert_int_equal(halls_state(&h, INTAKE, second), CASE_ABORTED);
    halls_drop(&h);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deemed),
        cmocka_unit_test(test_act_after_deemed),
        cmocka_unit_test(test_link_down),
        cmocka_unit_test(test_lapse),
        cmocka_unit_test(test_tolerance),
        cmocka_unit_test(test_decision_clock),
        cmocka_unit_test(test_return_and_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
