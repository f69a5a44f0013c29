/* The registers between two offices: when an authorisation covers a step, what follows by itself, what an object takes, what a counterpart
 * that breaks the rules gets, and what a failing disk leaves. */
#include "halls.h"

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "proto/timestamp.h"
#include "tests/support/sim_vfs.h"

#define HANDED "{'handed_over':{'document':'告知书','way':'direct','received_at':'2026-11-23T10:00:00+08:00','recipient':'张三','server':'顾'}}"

/* Two offices whose configuration authorises nothing (or all steps). */
static void begin(struct halls *h, bool configured, const char *when)
{
    halls_grant = (struct halls_grant){.items = configured ? "*" : "ZZ", .steps = "INOPD", .until_day = 30000};
    halls_make(h, halls_items, false, when);
}

/* The home side offers, the intake side accepts; the number. */
static void authorise(struct halls *h, const char *members, char no[REGISTER_NO_TEXT])
{
    char body[512];
    (void)snprintf(body, sizeof body, "{'data':{'from':'2026-01-01','announcement':'公告1号',%s}}", members);
    if (halls_register(h, HOME, "handler", "authorisation", NULL, "offer", body, no))
        fail_msg("%s %s", h->problem.field, h->problem.detail);
    halls_exchange(h);
    OK(halls_register(h, INTAKE, "handler", "authorisation", no, "accept", "{}", NULL));
    halls_exchange(h);
}

static void assert_state(struct halls *h, const char *no, const char *state)
{
    for (int i = 0; i < HALLS; i++) {
        struct object_row row = halls_object(h, i, no);
        assert_string_equal(register_kinds[row.kind].states[row.state].name, state);
        assert_string_equal(register_kinds[row.kind].states[row.local_state].name, state);
        assert_int_equal(row.pending, 0);
        object_row_clear(&row);
    }
}

static void do_act(struct halls *h, int hall, const char *kind, const char *no, const char *act, const char *body)
{
    if (halls_register(h, hall, "handler", kind, no, act, body, NULL))
        fail_msg("%s %s: %s %s", kind, act, h->problem.field, h->problem.detail);
}

static void refused(struct halls *h, int hall, const char *role, const char *kind, const char *no, const char *act, const char *body,
                    enum problem_id problem)
{
    uint64_t before = store_ledger_size(store_sync_view(h->hall[hall].store));
    int rc = halls_register(h, hall, role, kind, no, act, body, NULL);
    assert_true(rc < 0);
    if (h->problem.id != problem)
        fail_msg("%s %s: %s %s", kind, act, h->problem.field, h->problem.detail);
    assert_int_equal(store_ledger_size(store_sync_view(h->hall[hall].store)), before);
}

static bool covered(struct halls *h, int hall, const char *item, enum case_step step)
{
    char id[UUID_TEXT];
    int rc = authorisation_find(store_sync_view(h->hall[hall].store), "330483", "320623", item, step, h->now, 0, id);
    assert_true(!rc || rc == TB_ENOTFOUND);
    return !rc;
}

/* ---- authorisations ---- */

static void test_expires_at_midnight(void **state)
{
    (void)state;
    struct halls h;
    char no[REGISTER_NO_TEXT], offered[REGISTER_NO_TEXT];
    begin(&h, false, "2026-11-23 09:00");
    assert_false(covered(&h, INTAKE, "X1", STEP_INTAKE));
    authorise(&h, "'items':'X1','steps':'I','until':'2026-11-23'", no);
    do_act(&h, HOME, "authorisation", NULL, "offer",
           "{'data':{'from':'2026-01-01','until':'2026-11-23','announcement':'a','items':'*','steps':'N'}}");
    OK(halls_register(&h, HOME, "handler", "authorisation", NULL, "offer",
                      "{'data':{'from':'2026-01-01','until':'2026-11-24','announcement':'a','items':'*','steps':'N'}}", offered));
    assert_true(covered(&h, INTAKE, "X1", STEP_INTAKE) && covered(&h, HOME, "X1", STEP_INTAKE));
    assert_false(covered(&h, INTAKE, "X2", STEP_INTAKE));
    assert_false(covered(&h, INTAKE, "X1", STEP_NOTICE));
    halls_at(&h, "2026-11-23 23:59");
    for (int i = 0; i < HALLS; i++)
        halls_tick(&h, i, NULL);
    assert_state(&h, no, "active");
    assert_true(covered(&h, INTAKE, "X1", STEP_INTAKE));
    halls_at(&h, "2026-11-24 00:00");
    assert_false(covered(&h, INTAKE, "X1", STEP_INTAKE)); /* also before anybody looked */
    halls_tick(&h, INTAKE, NULL);
    assert_state(&h, no, "active"); /* whose authorisation it is says so */
    uint64_t size = store_ledger_size(store_sync_view(h.hall[HOME].store));
    halls_tick(&h, HOME, NULL);
    halls_tick(&h, HOME, NULL);
    assert_int_equal(store_ledger_size(store_sync_view(h.hall[HOME].store)), size + 2); /* once each, the offer too, the later one not */
    halls_exchange(&h);
    assert_state(&h, no, "expired");
    assert_state(&h, offered, "offered");
    halls_drop(&h);
}

/* A case handed in while it was in force goes on afterwards, or not: for every way in which it ends. */
static void test_open_cases(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *act, *body;
        bool goes_on;
    } rows[] = {
        {"finish", "suspend", "{'data':{'reason':'核查'}}", true},
        {"stop", "suspend", "{'data':{'reason':'核查'}}", false},
        {"finish", "revoke", "{'data':{'reason':'终止'}}", true},
        {"stop", "revoke", "{'data':{'reason':'终止'}}", false},
        {"finish", "revoke", "{'data':{'reason':'终止','open_cases':'stop'}}", false},
        {"stop", "revoke", "{'data':{'reason':'终止','open_cases':'finish'}}", true},
        {"finish", NULL, NULL, true},
        {"stop", NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct halls h;
        char no[REGISTER_NO_TEXT], members[128], number[CASE_NO_TEXT];
        begin(&h, false, "2026-11-23 09:00");
        (void)snprintf(members, sizeof members, "'items':'*','steps':'INOPD','until':'2026-11-24','open_cases':'%s'", rows[i].rule);
        authorise(&h, members, no);
        halls_intake(&h, "X1", number);
        halls_exchange(&h);
        OK(halls_act(&h, HOME, "handler", number, "notice", NOTICE("2026-12-31")));
        h.now += 1000;
        if (rows[i].act)
            do_act(&h, HOME, "authorisation", no, rows[i].act, rows[i].body);
        else
            halls_at(&h, "2026-11-25 09:00");
        halls_tick(&h, HOME, NULL);
        halls_exchange(&h);
        h.now += 1000;
        assert_false(covered(&h, INTAKE, "X1", STEP_INTAKE));
        int rc = halls_act(&h, INTAKE, "window", number, "supplement", SUPPLEMENT);
        if (rows[i].goes_on) {
            OK(rc);
            halls_exchange(&h);
            assert_int_equal(halls_state(&h, HOME, number), CASE_SUPPLEMENTED);
        } else {
            assert_int_equal(rc, TB_EREFUSED);
            assert_int_equal(h.problem.id, PROBLEM_NO_AUTHORISATION);
        }
        halls_drop(&h);
    }
}

static void test_classes_of_items(void **state)
{
    (void)state;
    struct halls h;
    char no[REGISTER_NO_TEXT];
    begin(&h, false, "2026-11-23 09:00");
    authorise(&h, "'items':'class:测','steps':'I','until':'2031-01-01'", no);
    authorise(&h, "'items':'class:测试事项','steps':'I','until':'2031-01-01'", no);
    authorise(&h, "'items':'class:','steps':'I','until':'2031-01-01'", no);
    assert_false(covered(&h, INTAKE, "X1", STEP_INTAKE)); /* a category is meant whole */
    authorise(&h, "'items':'X3,class:测试','steps':'I','until':'2031-01-01'", no);
    for (int i = 0; i < HALLS; i++) {
        assert_true(covered(&h, i, "X1", STEP_INTAKE) && covered(&h, i, "X3", STEP_INTAKE));
        assert_false(covered(&h, i, "X9", STEP_INTAKE)); /* no item of the principal's */
    }
    refused(&h, HOME, "handler", "authorisation", NULL, "offer",
            "{'data':{'from':'2026-01-01','until':'2031-01-01','announcement':'a','items':'X9','steps':'I'}}", PROBLEM_ITEM_UNKNOWN);
    halls_drop(&h);
}

/* The application was under way when the home side suspended. */
static void test_suspended_while_a_message_is_under_way(void **state)
{
    (void)state;
    static const char *const rules[] = {"finish", "stop"};
    for (int i = 0; i < 2; i++) {
        struct halls h;
        char no[REGISTER_NO_TEXT], members[128], before[CASE_NO_TEXT], after[CASE_NO_TEXT];
        begin(&h, false, "2026-11-23 09:00");
        (void)snprintf(members, sizeof members, "'items':'*','steps':'INOPD','until':'2031-01-01','open_cases':'%s'", rules[i]);
        authorise(&h, members, no);
        h.now += 1000;
        halls_intake(&h, "X1", before);
        h.now += 1000;
        do_act(&h, HOME, "authorisation", no, "suspend", "{'data':{'reason':'核查'}}");
        h.now += 1000;
        halls_intake(&h, "X1", after); /* in ignorance of it */
        halls_exchange(&h);
        assert_int_equal(halls_state(&h, HOME, before), CASE_RECEIVED); /* it was in force when it was handed in */
        struct case_row row;
        assert_int_equal(case_get(store_sync_view(h.hall[HOME].store), after, &row), TB_ENOTFOUND);
        row = halls_row(&h, INTAKE, after);
        assert_int_equal(row.pending, 0);
        case_row_clear(&row);
        h.now += 1000;
        do_act(&h, HOME, "authorisation", no, "resume", "{}");
        halls_exchange(&h);
        halls_intake(&h, "X1", after);
        halls_exchange(&h);
        assert_int_equal(halls_state(&h, HOME, after), CASE_RECEIVED);
        halls_drop(&h);
    }
}

/* Every suspension counts, however many there were. */
static void test_many_suspensions(void **state)
{
    (void)state;
    struct halls h;
    char no[REGISTER_NO_TEXT];
    begin(&h, false, "2026-11-23 09:00");
    authorise(&h, "'items':'*','steps':'I','until':'2031-01-01'", no);
    for (int i = 0; i < 2 * 80 + 1; i++) {
        h.now += 1000;
        do_act(&h, HOME, "authorisation", no, i % 2 ? "resume" : "suspend", i % 2 ? "{}" : "{'data':{'reason':'x'}}");
        h.now += 1000;
        assert_int_equal(covered(&h, HOME, "X1", STEP_INTAKE), i % 2);
    }
    halls_exchange(&h);
    assert_state(&h, no, "suspended");
    assert_false(covered(&h, INTAKE, "X1", STEP_INTAKE));
    halls_drop(&h);
}

/* The delegate's intake is the home side's receipt of it: the same dates as with an authorisation from the configuration. */
static void test_acceptance_reaches_the_clock(void **state)
{
    (void)state;
    struct case_row row[3];
    for (int i = 0; i < 3; i++) { /* registered with acceptance, registered without, configured with */
        struct halls h;
        char no[REGISTER_NO_TEXT], number[CASE_NO_TEXT];
        halls_grant = (struct halls_grant){.items = i == 2 ? "*" : "ZZ", .steps = "INOPD", .until_day = 30000};
        halls_make(&h, halls_items, i == 2, "2026-11-23 09:00");
        if (i == 0)
            authorise(&h, "'items':'*','steps':'INOPD','until':'2031-01-01','acceptance':true", no);
        if (i == 1)
            authorise(&h, "'items':'*','steps':'INOPD','until':'2031-01-01','acceptance':false", no);
        halls_intake(&h, "X2", number);
        halls_at(&h, "2026-11-26 09:00"); /* three days without a link */
        halls_exchange(&h);
        halls_at(&h, "2026-12-03 00:00");
        halls_tick(&h, HOME, NULL);
        halls_exchange(&h);
        row[i] = halls_row(&h, HOME, number);
        struct case_row there = halls_row(&h, INTAKE, number);
        assert_int_equal(there.due_day, row[i].due_day);
        case_row_clear(&there);
        halls_drop(&h);
    }
    assert_int_equal(row[0].state, row[2].state);
    assert_int_equal(row[0].due_day, row[2].due_day);
    assert_int_equal(row[0].times[TIME_ACCEPTED], row[2].times[TIME_ACCEPTED]);
    assert_true(row[0].state != row[1].state || row[0].due_day != row[1].due_day ||
                row[0].times[TIME_ACCEPTED] != row[1].times[TIME_ACCEPTED]);
    for (int i = 0; i < 3; i++)
        case_row_clear(&row[i]);
}

/* ---- steps ---- */

static void test_due_over_holidays(void **state)
{
    (void)state;
    static const struct {
        const char *when, *step, *due;
    } rows[] = {
        {"2026-09-30 16:00", "person", "2026-10-08"},   /* 国庆节 ends on the 7th */
        {"2026-09-30 16:00", "original", "2026-10-09"}, /* two days */
        {"2026-10-09 16:00", "person", "2026-10-10"},   /* a Saturday that is worked on */
        {"2026-10-10 16:00", "person", "2026-10-12"},
        {"2026-09-24 16:00", "delivery", "2026-09-28"}, /* 中秋节 and a weekend */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct halls h;
        char no[REGISTER_NO_TEXT], number[CASE_NO_TEXT], body[128], due[DATE_TEXT];
        begin(&h, true, rows[i].when);
        halls_intake(&h, "X1", number);
        halls_exchange(&h);
        (void)snprintf(body, sizeof body, "{'case':'%s','data':{'step':'%s'}}", number, rows[i].step);
        OK(halls_register(&h, HOME, "handler", "step", NULL, "request", body, no));
        halls_exchange(&h);
        for (int at = 0; at < HALLS; at++) {
            struct object_row row = halls_object(&h, at, no);
            date_format(row.due_day, due);
            assert_string_equal(due, rows[i].due);
            assert_int_equal(row.turn, at == INTAKE);
            object_row_clear(&row);
        }
        halls_drop(&h);
    }
}

/* A step ends with its case, also when a hundred other things about the case came later; and it is shown. */
static void test_a_step_behind_a_page(void **state)
{
    (void)state;
    struct halls h;
    char no[REGISTER_NO_TEXT], number[CASE_NO_TEXT], body[256];
    begin(&h, true, "2026-11-23 09:00");
    halls_intake(&h, "X1", number);
    halls_exchange(&h);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'step':'person'}}", number);
    OK(halls_register(&h, HOME, "handler", "step", NULL, "request", body, no));
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'x'}}", number);
    for (int i = 0; i < LIMIT_LIST_PAGE + 5; i++)
        do_act(&h, HOME, "note", NULL, "write", body);
    halls_exchange(&h);
    for (int at = 0; at < HALLS; at++) {
        json_t *answer = halls_ask(&h, at, ASK_STEPS, number), *row;
        bool found = false;
        size_t i;
        json_array_foreach(json_object_get(answer, "rows"), i, row)
            found = found || !strcmp(json_string_value(json_object_get(row, "no")), no);
        assert_true(found);
        json_decref(answer);
    }
    OK(halls_act(&h, INTAKE, "window", number, "withdraw", "{'reason':'不办了'}"));
    halls_exchange(&h);
    assert_state(&h, no, "void");
    halls_drop(&h);
}

static void test_evidence_is_not_typed(void **state)
{
    (void)state;
    struct halls h;
    char no[REGISTER_NO_TEXT], number[CASE_NO_TEXT], body[256];
    begin(&h, true, "2026-11-23 09:00");
    halls_intake(&h, "X1", number);
    halls_exchange(&h);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'step':'notice'}}", number);
    OK(halls_register(&h, HOME, "handler", "step", NULL, "request", body, no));
    halls_exchange(&h);
    refused(&h, INTAKE, "window", "step", no, "done", "{'data':{'entry':'x'}}", PROBLEM_FIELD);
    refused(&h, INTAKE, "window", "step", no, "done", "{}", PROBLEM_FIELD);
    OK(halls_register(&h, INTAKE, "window", "step", no, "done", "{'data':" HANDED "}", NULL));
    halls_exchange(&h);
    assert_state(&h, no, "done");
    halls_drop(&h);
}

/* ---- what an object is about ---- */

/* Nothing is written to an office that does not have the case, or about a case that has only one side. */
static void test_nobody_to_write_to(void **state)
{
    (void)state;
    struct halls h;
    char body[512], no[REGISTER_NO_TEXT], local[CASE_NO_TEXT] = "", kept[CASE_NO_TEXT] = "";
    begin(&h, true, "2026-11-23 09:00");
    for (int at = 0; at < HALLS; at++) {
        struct office_request r = {0};
        const struct office *office = h.hall[at].office;
        static const char intake[] = "{\"item\":{\"office\":\"330483\",\"code\":\"X1\"},"
                                     "\"applicant\":{\"kind\":\"person\",\"name\":\"张三\",\"certificate\":"
                                     "{\"type\":\"citizen-id\",\"number\":\"33048318500101001X\"}},\"materials\":[{\"name\":\"申请表\",\"form\":\"form\"}],"
                                     "\"forward\":false}";
        OK(office_request_init(&r, office, OFFICE_INTAKE, &office->staff[0], "first", NULL, NULL, intake, sizeof intake - 1, &h.problem));
        r.command.next = NULL;
        OK(store_run_batch(h.hall[at].store, &r.command));
        OK(r.command.rc);
        memcpy(at == HOME ? local : kept, r.changed_case, CASE_NO_TEXT);
        office_request_clear(&r);
    }
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'x'}}", kept);
    refused(&h, INTAKE, "window", "note", NULL, "write", body, PROBLEM_TRANSITION);
    OK(halls_act(&h, INTAKE, "window", kept, "forward", "{}"));
    OK(halls_register(&h, INTAKE, "window", "note", NULL, "write", body, no)); /* it follows the case */
    halls_exchange(&h);
    assert_state(&h, no, "asked");
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'x'}}", local);
    refused(&h, HOME, "handler", "note", NULL, "write", body, PROBLEM_NOT_ALLOWED);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'class':'other','subject':'x'}}", local);
    refused(&h, HOME, "handler", "problem", NULL, "raise", body, PROBLEM_NOT_ALLOWED);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'documents':[{'name':'a','originals':1}]}}", local);
    do_act(&h, HOME, "transfer", NULL, "keep", body);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'documents':[{'name':'a','originals':1}],'bag':'b','packed_by':'c'}}", local);
    refused(&h, HOME, "handler", "transfer", NULL, "pack", body, PROBLEM_NOT_ALLOWED);
    halls_drop(&h);
}

/* ---- originals ---- */

static int64_t sum_of(struct halls *h, int hall, const char *number, const char *place)
{
    json_t *answer = halls_ask(h, hall, ASK_ORIGINALS, number);
    assert_true(json_is_true(json_object_get(answer, "balanced")));
    int64_t n = json_integer_value(json_object_get(answer, place));
    json_decref(answer);
    return n;
}

static void assert_sums(struct halls *h, const char *number, int64_t intake, int64_t home, int64_t moving, int64_t lost, int64_t returned)
{
    for (int i = 0; i < HALLS; i++) {
        assert_int_equal(sum_of(h, i, number, "at_intake"), intake);
        assert_int_equal(sum_of(h, i, number, "at_home"), home);
        assert_int_equal(sum_of(h, i, number, "moving"), moving);
        assert_int_equal(sum_of(h, i, number, "lost"), lost);
        assert_int_equal(sum_of(h, i, number, "returned"), returned);
        assert_int_equal(sum_of(h, i, number, "kept"), intake + home + moving + lost + returned);
    }
}

static void test_originals(void **state)
{
    (void)state;
    struct halls h;
    char body[512], bag[REGISTER_NO_TEXT], second[REGISTER_NO_TEXT], number[CASE_NO_TEXT];
    begin(&h, true, "2026-11-23 09:00");
    halls_intake(&h, "X1", number);
    halls_exchange(&h);
#define PAPERS(count, more) \
    ((void)snprintf(body, sizeof body, "{'case':'%s','data':{'documents':[{'name':'户口簿','originals':%d}]%s}}", number, count, more), body)
#define BAG ",'bag':'F1','packed_by':'顾'"
#define BACK ",'recipient':'张三','received_at':'2026-11-23T10:00:00+08:00','server':'顾'"
#define SEND "{'data':{'carrier':'EMS','tracking_no':'EE123456785CN'}}"
#define OPENED(listed, found) \
    "{'data':{'opened_by':'陆','second':'沈','seal_intact':true,'differences':[{'name':'户口簿','listed':" listed ",'found':" found "}]}}"
    do_act(&h, INTAKE, "transfer", NULL, "keep", PAPERS(5, ""));
    assert_int_equal(sum_of(&h, INTAKE, number, "at_intake"), 5); /* here, before the home side knows */
    OK(halls_register(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(3, BAG), bag));
    refused(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(3, BAG), PROBLEM_TRANSITION); /* the same once more */
    refused(&h, INTAKE, "window", "transfer", NULL, "hand-back", PAPERS(3, BACK), PROBLEM_TRANSITION);
    OK(halls_register(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(2, BAG), second));
    refused(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(1, BAG), PROBLEM_TRANSITION);
    do_act(&h, INTAKE, "transfer", second, "unpack", "{'data':{'reason':'不寄了'}}");
    halls_exchange(&h);
    assert_sums(&h, number, 5, 0, 0, 0, 0);
    do_act(&h, INTAKE, "transfer", bag, "send", SEND);
    halls_exchange(&h);
    assert_sums(&h, number, 2, 0, 3, 0, 0);
    refused(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(3, BAG), PROBLEM_TRANSITION); /* a second bag of what is on its way */
    refused(&h, HOME, "handler", "transfer", bag, "open", OPENED("2", "1"), PROBLEM_FIELD);
    do_act(&h, HOME, "transfer", bag, "open", OPENED("3", "1"));
    halls_exchange(&h);
    assert_sums(&h, number, 2, 1, 0, 2, 0);
    refused(&h, INTAKE, "window", "transfer", bag, "settle", "{'data':{'explanation':'x','recovered':3}}", PROBLEM_FIELD);
    do_act(&h, INTAKE, "transfer", bag, "settle", "{'data':{'explanation':'x','recovered':2}}");
    halls_exchange(&h);
    assert_sums(&h, number, 4, 1, 0, 0, 0);
    /* lost, found, lost for good: what turned up is back at the sender's */
    OK(halls_register(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(4, BAG), bag));
    do_act(&h, INTAKE, "transfer", bag, "send", SEND);
    halls_exchange(&h);
    do_act(&h, HOME, "transfer", bag, "lose", "{'data':{'reason':'x'}}");
    halls_exchange(&h);
    assert_sums(&h, number, 0, 1, 0, 4, 0);
    do_act(&h, INTAKE, "transfer", bag, "find", "{}");
    do_act(&h, INTAKE, "transfer", bag, "lose", "{'data':{'reason':'x'}}");
    refused(&h, INTAKE, "window", "transfer", bag, "write-off", "{'data':{'explanation':'x','recovered':5}}", PROBLEM_FIELD);
    do_act(&h, INTAKE, "transfer", bag, "write-off", "{'data':{'explanation':'x','recovered':1}}");
    halls_exchange(&h);
    assert_sums(&h, number, 1, 1, 0, 3, 0);
    /* one more in the bag than on its list: it was the sender's */
    do_act(&h, INTAKE, "transfer", NULL, "keep", PAPERS(1, ""));
    OK(halls_register(&h, INTAKE, "window", "transfer", NULL, "pack", PAPERS(1, BAG), bag));
    do_act(&h, INTAKE, "transfer", bag, "send", SEND);
    halls_exchange(&h);
    do_act(&h, HOME, "transfer", bag, "open", OPENED("1", "2"));
    halls_exchange(&h);
    assert_sums(&h, number, 0, 3, 0, 3, 0);
    do_act(&h, HOME, "transfer", NULL, "hand-back", PAPERS(3, BACK));
    halls_exchange(&h);
    assert_sums(&h, number, 0, 0, 0, 3, 3);
    halls_drop(&h);
}

/* ---- what an object takes ---- */

/* What is refused for its size leaves nothing: no entry, no event, no revision; and the object can be ended. */
static void test_an_object_is_limited(void **state)
{
    (void)state;
    struct halls h;
    char no[REGISTER_NO_TEXT], number[CASE_NO_TEXT], body[4000], text[3000];
    begin(&h, true, "2026-11-23 09:00");
    halls_intake(&h, "X1", number);
    halls_exchange(&h);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'x'}}", number);
    OK(halls_register(&h, HOME, "handler", "note", NULL, "write", body, no));
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)snprintf(body, sizeof body, "{'data':{'text':'%s'}}", text);
    int taken = 0;
    while (!halls_register(&h, HOME, "handler", "note", no, "add", body, NULL))
        taken++;
    assert_in_range(taken, LIMIT_OBJECT_BYTES / 3100, LIMIT_OBJECT_BYTES / 3000);
    assert_int_equal(h.problem.id, PROBLEM_TOO_LARGE);
    struct case_row before = halls_row(&h, HOME, number);
    refused(&h, HOME, "handler", "note", no, "add", body, PROBLEM_TOO_LARGE);
    struct case_row after = halls_row(&h, HOME, number);
    assert_int_equal(before.rev, after.rev);
    case_row_clear(&before);
    case_row_clear(&after);
    halls_exchange(&h);
    refused(&h, INTAKE, "window", "note", no, "answer", body, PROBLEM_TOO_LARGE);
    do_act(&h, HOME, "note", no, "close", "{}");
    halls_exchange(&h);
    assert_state(&h, no, "closed");
    halls_drop(&h);
}

/* ---- a counterpart that breaks the rules ---- */

struct hostile {
    struct halls *h;
    int hall;
    const char *text; /* the entry */
    int64_t seq;
    int rc;
    struct problem problem;
};

/* As take_line does: the message is judged, then kept. */
static int take(struct store_db *db, void *context)
{
    struct hostile *t = context;
    const struct office *office = t->h->hall[t->hall].office;
    struct entry entry;
    struct receipt_line verdict = {.rev = 0};
    struct inbox_row row = {.seq = t->seq, .line = (char *)(uintptr_t)t->text, .len = strlen(t->text)};
    char changed[CASE_NO_TEXT];
    OK(entry_decode(t->text, row.len, &entry, &t->problem));
    memcpy(row.peer, office->peers[0].code, OFFICE_TEXT);
    OK(ledger_leaf(office->suite, t->text, row.len, &row.leaf));
    t->rc = register_take(db, office, &entry, t->h->now, &verdict, changed, &t->problem);
    entry_clear(&entry);
    return inbox_add(db, &row);
}

static int say(struct hostile *t, const char *kind, const char *number, int64_t rev, const char *no, const char *act, const char *data)
{
    char text[1024], about[64] = "", at[TIMESTAMP_TEXT];
    const struct office *office = t->h->hall[t->hall].office;
    if (number)
        (void)snprintf(about, sizeof about, "\"case\":\"%s\",", number);
    timestamp_format(t->h->now, at);
    t->seq++;
    (void)snprintf(text, sizeof text,
                   "{\"v\":1,\"type\":\"%s.act\",\"id\":\"018f0000-0000-7000-8000-%012lld\",\"from\":\"%s\",\"to\":\"%s\","
                   "\"seq\":%lld,\"at\":\"%s\",%s\"rev\":%lld,"
                   "\"actor\":{\"staff\":\"%s:0101\",\"role\":\"handler\"},\"body\":{\"no\":\"%s\",\"act\":\"%s\",\"data\":%s}}",
                   kind, (long long)t->seq, office->peers[0].code, office->code, (long long)t->seq, at, about, (long long)rev,
                   office->peers[0].code, no, act, data);
    t->text = text;
    t->problem = (struct problem){.id = PROBLEM_COUNT};
    OK(halls_run(t->h, t->hall, take, t));
    return t->rc ? (int)t->problem.id : -1;
}

/* The home side numbers what is about its case: at the intake side its word counts, but not against the table. */
static void test_a_hostile_home_side(void **state)
{
    (void)state;
    struct halls h;
    char body[256], mine[REGISTER_NO_TEXT], number[CASE_NO_TEXT];
    begin(&h, true, "2026-11-23 09:00");
    halls_intake(&h, "X1", number);
    halls_exchange(&h);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'x'}}", number);
    OK(halls_register(&h, INTAKE, "window", "note", NULL, "write", body, mine));
    halls_exchange(&h);
    struct object_row row = halls_object(&h, INTAKE, mine);
    int64_t rev = row.rev;
    object_row_clear(&row);
    OK(halls_act(&h, HOME, "handler", number, "notice", NOTICE("2026-12-31"))); /* revision + 1, and + 2 a step */
    halls_exchange(&h);
    struct hostile t = {.h = &h, .hall = INTAKE, .seq = 1000};
    static const char text[] = "{\"text\":\"y\"}";
    assert_int_equal(say(&t, "note", number, 1, mine, "answer", text), PROBLEM_TRANSITION);  /* before it was written */
    assert_int_equal(say(&t, "note", number, rev + 1, mine, "answer", text), PROBLEM_FIELD); /* that of the case's notice */
    assert_int_equal(say(&t, "note", number, rev + 2, mine, "answer", text), PROBLEM_FIELD); /* that of a step */
    assert_int_equal(say(&t, "note", number, rev, mine, "answer", text), PROBLEM_FIELD);     /* that of another act */
    assert_int_equal(say(&t, "note", number, rev + 3, mine, "close", "{}"), PROBLEM_NOT_ALLOWED);
    assert_int_equal(say(&t, "note", number, rev + 3, mine, "write", text), PROBLEM_NOT_ALLOWED);
    assert_int_equal(say(&t, "note", number, rev + 3, "N320623-2026-77", "write", text), PROBLEM_NOT_FOUND); /* in our name */
    assert_int_equal(say(&t, "note", number, rev + 5, "N330483-2026-1", "answer", text), PROBLEM_NOT_FOUND);
    assert_int_equal(say(&t, "note", number, rev + 5, "N330483-2026-1", "write", text), -1);
    assert_int_equal(say(&t, "note", number, rev + 6, "N330483-2026-1", "write", "{\"text\":\"z\"}"), PROBLEM_TRANSITION);
    assert_int_equal(say(&t, "note", number, rev + 4, "N330483-2026-1", "add", text), PROBLEM_TRANSITION); /* before it was there */
    assert_int_equal(say(&t, "step", number, rev + 7, "S330483-2026-9", "request", "{\"step\":\"person\"}"), -1);
    assert_int_equal(say(&t, "step", number, rev + 8, "S330483-2026-9", "done", "{}"), PROBLEM_NOT_ALLOWED);
    assert_int_equal(say(&t, "step", number, rev + 8, "S330483-2026-9", "void", "{\"reason\":\"x\"}"), -1);
    assert_int_equal(say(&t, "step", number, rev + 9, "S330483-2026-9", "void", "{\"reason\":\"x\"}"), PROBLEM_TRANSITION);
    assert_int_equal(say(&t, "step", number, INT64_MAX, "S330483-2026-10", "request", "{\"step\":\"person\"}"), -1);
    /* our own act is still on its way: what does not fit may follow from it, and waits for its revision */
    OK(halls_register(&h, INTAKE, "window", "note", mine, "add", "{'data':{'text':'w'}}", NULL));
    assert_int_equal(say(&t, "note", number, rev + 20, mine, "answer", text), -1);
    row = halls_object(&h, INTAKE, mine);
    assert_int_equal(row.pending, 1);
    assert_string_equal(register_kinds[row.kind].states[row.local_state].name, "asked");
    object_row_clear(&row);
    /* an authorisation is not resumed into force that nobody accepted */
    assert_int_equal(say(&t, "authorisation", NULL, 1, "A330483-2026-50", "offer",
                         "{\"items\":\"*\",\"steps\":\"I\",\"from\":\"2026-01-01\",\"until\":\"2031-01-01\",\"announcement\":\"a\"}"), -1);
    assert_int_equal(say(&t, "authorisation", NULL, 2, "A330483-2026-50", "resume", "{}"), PROBLEM_TRANSITION);
    assert_int_equal(say(&t, "authorisation", NULL, 2, "A330483-2026-50", "accept", "{}"), PROBLEM_NOT_ALLOWED);
    row = halls_object(&h, INTAKE, "A330483-2026-50");
    assert_string_equal(register_kinds[row.kind].states[row.state].name, "offered");
    assert_int_equal(row.rev, 1);
    object_row_clear(&row);
    halls_drop(&h);
}

/* What the home side did not take is not open, waits for nobody, and is not begun again under its number. */
static void test_what_was_not_taken(void **state)
{
    (void)state;
    struct halls h;
    char body[256], no[REGISTER_NO_TEXT], auth[REGISTER_NO_TEXT], number[CASE_NO_TEXT];
    begin(&h, false, "2026-11-23 09:00");
    authorise(&h, "'items':'*','steps':'INOPD','until':'2031-01-01','open_cases':'stop'", auth);
    h.now += 1000;
    do_act(&h, HOME, "authorisation", auth, "suspend", "{'data':{'reason':'x'}}");
    h.now += 1000;
    halls_intake(&h, "X1", number); /* will be refused */
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'x'}}", number);
    OK(halls_register(&h, INTAKE, "window", "note", NULL, "write", body, no));
    halls_exchange(&h);
    struct object_row row = halls_object(&h, INTAKE, no);
    assert_int_equal(row.state, REGISTER_NONE);
    assert_int_equal(row.pending, 0);
    assert_false(row.open || row.turn);
    assert_int_equal(row.changed, row.opened);
    object_row_clear(&row);
    refused(&h, INTAKE, "window", "note", no, "write", "{'data':{'text':'x'}}", PROBLEM_TRANSITION);
    refused(&h, INTAKE, "window", "note", NULL, "write", body, PROBLEM_TRANSITION); /* the home side does not have the case */
    halls_drop(&h);
}

/* ---- the disk ---- */

/* The power goes in the 1st, 2nd, … operation of an act: afterwards its entry, its object and the case's revision are there, or nothing. */
static void power_cut(const char *kind, const char *act, const char *data, unsigned *none, unsigned *whole)
{
    struct halls h;
    char number[CASE_NO_TEXT], text[512], no[REGISTER_NO_TEXT];
    begin(&h, true, "2026-11-23 09:00");
    halls_intake(&h, "X1", number);
    halls_exchange(&h);
    for (uint64_t n = 0;; n++) {
        struct case_row before = halls_row(&h, HOME, number);
        uint64_t size = store_ledger_size(store_sync_view(h.hall[HOME].store));
        struct object_filter filter = {
            .kind = (int)(register_by_name(kind) - register_kinds), .case_id = before.id, .limit = LIMIT_LIST_PAGE};
        struct object_row *rows = NULL;
        size_t count = 0, later = 0;
        int64_t next;
        OK(object_list(store_sync_view(h.hall[HOME].store), &filter, &rows, &count, &next));
        object_rows_free(rows, count);
        (void)snprintf(text, sizeof text, "{'case':'%s','data':%s}", number, data);
        sim_disk_power_off_after(h.hall[HOME].directory, n);
        int rc = halls_register(&h, HOME, "handler", kind, NULL, act, text, no);
        bool off = sim_disk_is_off(h.hall[HOME].directory);
        sim_disk_power_off(h.hall[HOME].directory);
        halls_restart(&h, HOME);
        struct case_row after = halls_row(&h, HOME, number);
        OK(object_list(store_sync_view(h.hall[HOME].store), &filter, &rows, &later, &next));
        uint64_t grown = store_ledger_size(store_sync_view(h.hall[HOME].store)) - size;
        assert_true(grown == 0 || grown == 1);
        assert_int_equal(later - count, grown);
        assert_int_equal(after.rev - before.rev, grown);
        if (!rc)
            assert_int_equal(grown, 1); /* acknowledged */
        for (size_t i = 0; i < later; i++) {
            struct event_row *events = NULL;
            size_t acts = 0;
            OK(object_event_list(store_sync_view(h.hall[HOME].store), rows[i].id, &events, &acts));
            assert_int_equal(acts, 1);
            assert_true(rows[i].state > REGISTER_NONE && strlen(rows[i].doc) > 2);
            free(events);
        }
        *(grown ? whole : none) += 1;
        object_rows_free(rows, later);
        case_row_clear(&before);
        case_row_clear(&after);
        if (!off)
            break;
    }
    halls_exchange(&h);
    halls_drop(&h);
}

static void test_power_cuts(void **state)
{
    (void)state;
    unsigned none = 0, whole = 0;
    power_cut("note", "write", "{'text':'x'}", &none, &whole);
    power_cut("step", "request", "{'step':'person'}", &none, &whole);
    power_cut("transfer", "keep", "{'documents':[{'name':'a','originals':1}]}", &none, &whole);
    power_cut("problem", "raise", "{'class':'other','subject':'x'}", &none, &whole);
    print_message("%u cuts left nothing, %u the whole act\n", none, whole);
    assert_true(none > 10 && whole >= 3);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expires_at_midnight),
        cmocka_unit_test(test_open_cases),
        cmocka_unit_test(test_classes_of_items),
        cmocka_unit_test(test_suspended_while_a_message_is_under_way),
        cmocka_unit_test(test_many_suspensions),
        cmocka_unit_test(test_acceptance_reaches_the_clock),
        cmocka_unit_test(test_due_over_holidays),
        cmocka_unit_test(test_a_step_behind_a_page),
        cmocka_unit_test(test_evidence_is_not_typed),
        cmocka_unit_test(test_nobody_to_write_to),
        cmocka_unit_test(test_originals),
        cmocka_unit_test(test_an_object_is_limited),
        cmocka_unit_test(test_a_hostile_home_side),
        cmocka_unit_test(test_what_was_not_taken),
        cmocka_unit_test(test_power_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
