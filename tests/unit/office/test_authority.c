/* Every state × action × role × side × authorisation, as a request to an office (行政许可法 24): what the table and the authorisation allow
 * is done, everything else is refused for the right reason and writes nothing. */
#include "halls.h"

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "proto/timestamp.h"

/* A lawful body for each action. */
static const struct {
    const char *action, *body;
} bodies[] = {
    {"material", "{'materials':[{'name':'照片','form':'original'}]}"},
    {"correct", "{'what':'备注','remark':'更正'}"},
    {"compare", "{'comparison':{'result':'match','score':93}}"},
    {"forward", "{}"},
    {"abandon", "{'reason':'申请人未到'}"},
    {"supplement", "{'materials':[{'name':'照片','form':'original'}]}"},
    {"deliver", "{'way':'direct','place':'窗口','documents':[{'name':'证'}],'received_at':'2026-11-23T10:00:00+08:00','recipient':'张三','server':'李四'}"},
    {"withdraw", "{'reason':'不办了'}"},
    {"accept", "{}"},
    {"tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-12-31'}"},
    {"cure", "{}"},
    {"revoke", "{'reason':'未补齐','legal_basis':'规定11'}"},
    {"notice", "{'defects':[{'material':'照片','defect':'缺','standard':'一寸','cure':'补交'}],'deadline':'2026-12-31'}"},
    {"return", "{'reason_class':'DUPLICATE','reason':'重复','agreed':true}"},
    {"refuse", "{'reason_class':'INCOMPLETE','reason':'不全','legal_basis':'行政许可法32'}"},
    {"review", "{'kind':'substantive_review','officers':[{'name':'甲'},{'name':'乙'}]}"},
    {"special", "{'kind':'hearing','basis':'46','days':5,'unit':'working_day'}"},
    {"resume", "{'result':'听证笔录'}"},
    {"extend", "{'reason':'疑难','approver':'局长','days':5}"},
    {"abort", "{'reason_class':'OTHER','reason':'其他','approver':'局长'}"},
    {"grant", "{}"},
    {"deny", "{'reason':'不符合'}"},
    {"delivery", "{'way':'pickup','place':'intake','documents':[{'name':'证'}]}"},
    {"complete", "{}"},
    {"received", "{'received_at':'2026-11-23T10:00:00+08:00'}"},
    {"deem", "{}"},
    {"lapse", "{}"},
};

static const struct grant_variant {
    const char *name, *items, *steps;
    const char *until;
    enum case_step right; /* step that it covers today; STEP_NONE: none, 0xff: all */
} variants[] = {
    {"none", ",ZZ,", "INOPD", "2031-01-01", STEP_NONE},
    {"expired", "*", "INOPD", "2026-11-22", STEP_NONE},
    {"right", "*", "INOPD", "2026-11-23", (enum case_step)0xff},
    {"other step", "*", "N", "2031-01-01", STEP_NOTICE},
    {"only intake", "*", "I", "2031-01-01", STEP_INTAKE},
};

enum { BODIES = sizeof bodies / sizeof bodies[0], CASES_MOST = BODIES * CASE_STATES * 2 };

struct make {
    struct halls *h;
    int hall;
    enum case_state state;
    unsigned serial;
    char no[CASE_NO_TEXT];
    char nos[HALLS][CASES_MOST][CASE_NO_TEXT];
    unsigned used[HALLS];
};

static int make_case(struct store_db *db, struct make *m)
{
    const struct office *office = m->h->hall[m->hall].office;
    struct case_row row = {.item_version = 1, .state = m->state, .local_state = m->state, .rev = 3};
    struct entry entry = {.type = ENTRY_CASE_INTAKEN, .at = m->h->now};
    memcpy(row.home, "330483", 7);
    memcpy(row.intake, "320623", 7);
    memcpy(row.item, "X1", 3);
    for (int i = TIME_HANDED_IN; i <= TIME_ACCEPTED; i++)
        row.times[i] = m->h->now;
    int rc = case_no_make("320623", timestamp_day(m->h->now), ++m->serial, row.case_no);
    memcpy(m->no, row.case_no, CASE_NO_TEXT);
    row.applicant = strdup("张三");
    row.number = strdup("33048318500101001X");
    entry.body = json_loads("{\"item\":{\"office\":\"330483\",\"code\":\"X1\",\"version\":1},"
                            "\"applicant\":{\"kind\":\"person\",\"name\":\"张三\","
                            "\"certificate\":{\"type\":\"citizen-id\",\"number\":\"33048318500101001X\"}},\"handed_in_at\":"
                            "\"2026-11-23T09:00:00.000+08:00\"}", 0, NULL);
    rc = rc ? rc : case_set_due(db, office, &row, NULL);
    rc = rc ? rc : case_insert(db, &row);
    rc = rc ? rc : case_append(db, office, &row, &entry, NULL); /* what forwarding reads */
    entry_clear(&entry);
    case_row_clear(&row);
    return rc;
}

/* All cases of one office in one commit, in the order in which they are used. */
static int make_cases(struct store_db *db, void *context)
{
    struct make *m = context;
    unsigned n = 0;
    int rc = 0;
    for (size_t a = 0; a < BODIES && !rc; a++)
        for (int s = CASE_INTAKEN; s < CASE_STATES && !rc; s++)
            for (int handler = 0; handler < 2 && !rc; handler++) {
                m->state = (enum case_state)s;
                rc = make_case(db, m);
                memcpy(m->nos[m->hall][n++], m->no, CASE_NO_TEXT);
            }
    return rc;
}

/* What the table says, found the dull way. */
static const struct case_transition *lawful_row(const char *action, enum case_side side, unsigned role, enum case_state state)
{
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        if (!strcmp(row->action, action) && row->side == side && (row->roles & role) && (row->from >> state & 1))
            return row;
    }
    return NULL;
}

static bool role_has(const char *action, enum case_side side, unsigned role)
{
    for (size_t i = 0; i < case_transition_count; i++)
        if (!strcmp(case_transitions[i].action, action) && case_transitions[i].side == side && (case_transitions[i].roles & role))
            return true;
    return false;
}

/* The steps that the body shows beside the row's own. */
static enum case_step body_step(const char *action)
{
    return !strcmp(action, "compare") ? STEP_PERSON : STEP_NONE;
}

static bool covers(const struct grant_variant *variant, enum case_step step)
{
    return step == STEP_NONE || variant->right == step || variant->right == (enum case_step)0xff;
}

/* The home side's notices and its request for a delivery ask the delegate for the step, where it is authorised: one entry more. */
static bool asks_delegate(const struct grant_variant *variant, const char *action, enum case_side side)
{
    bool notice = !strcmp(action, "notice") || !strcmp(action, "special") || !strcmp(action, "extend");
    enum case_step step = notice ? STEP_NOTICE : !strcmp(action, "delivery") ? STEP_DELIVERY : STEP_NONE;
    return side == CASE_SIDE_HOME && step != STEP_NONE && covers(variant, step);
}

static bool check_one(struct halls *h, const struct grant_variant *variant, struct make *make, size_t action, int hall, bool handler,
                      enum case_state state)
{
    enum case_side side = hall == HOME ? CASE_SIDE_HOME : CASE_SIDE_INTAKE;
    unsigned role = handler ? CASE_ROLE_HANDLER : CASE_ROLE_WINDOW;
    const char *word = bodies[action].action;
    const struct case_transition *row = lawful_row(word, side, role, state);
    memcpy(make->no, make->nos[hall][make->used[hall]++], CASE_NO_TEXT);
    uint64_t before = store_ledger_size(store_sync_view(h->hall[hall].store));
    int rc = halls_act(h, hall, handler ? "handler" : "window", make->no, word, bodies[action].body);
    bool authorised = side == CASE_SIDE_HOME || (row && covers(variant, row->step) && covers(variant, body_step(word)));
    if (row && authorised) {
        if (rc)
            fail_msg("%s, %s at %s by %s from %s: %s %s", variant->name, word, hall == HOME ? "home" : "intake",
                     handler ? "handler" : "window", case_states[state].name, h->problem.field, h->problem.detail);
    } else if (row) {
        assert_int_equal(rc, TB_EREFUSED);
        assert_int_equal(h->problem.id, PROBLEM_NO_AUTHORISATION);
    } else {
        assert_int_equal(rc, role_has(word, side, role) ? TB_EREFUSED : TB_EDENIED);
        assert_int_equal(h->problem.id, role_has(word, side, role) ? PROBLEM_TRANSITION : PROBLEM_NOT_ALLOWED);
    }
    struct case_row after = halls_row(h, hall, make->no);
    if (rc) {
        assert_int_equal(store_ledger_size(store_sync_view(h->hall[hall].store)), before);
        assert_int_equal(after.local_state, state);
    } else {
        assert_int_equal(store_ledger_size(store_sync_view(h->hall[hall].store)), before + 1 + asks_delegate(variant, word, side));
        assert_int_equal(after.local_state, row->to == CASE_STATES ? state : row->to);
    }
    case_row_clear(&after);
    return rc == 0;
}

static void test_every_combination(void **unused)
{
    (void)unused;
    static const char *const items[] = {"{}", NULL};
    unsigned walked = 0, lawful = 0;
    for (size_t i = 0; i < case_transition_count; i++) { /* no action without a body here */
        size_t known = 0;
        while (known < BODIES && strcmp(bodies[known].action, case_transitions[i].action) != 0)
            known++;
        assert_true(known < BODIES || (case_transitions[i].from & CASE_FROM(NONE)));
    }
    for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
        struct halls h;
        static struct make make;
        make = (struct make){.h = &h};
        halls_grant = (struct halls_grant){.items = variants[v].items, .steps = variants[v].steps};
        OK(date_parse(variants[v].until, &halls_grant.until_day));
        halls_make(&h, items, false, "2026-11-23 09:00");
        for (make.hall = 0; make.hall < HALLS; make.hall++)
            OK(halls_run(&h, make.hall, make_cases, &make));
        for (size_t a = 0; a < BODIES; a++)
            for (int s = CASE_INTAKEN; s < CASE_STATES; s++)
                for (int hall = 0; hall < HALLS; hall++)
                    for (int handler = 0; handler < 2; handler++, walked++)
                        lawful += check_one(&h, &variants[v], &make, a, hall, handler, (enum case_state)s);
        halls_drop(&h);
    }
    print_message("%u combinations, %u lawful\n", walked, lawful);
    assert_true(lawful > 200 && lawful < walked / 8);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_combination)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
