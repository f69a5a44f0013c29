/* Joint cases: every combination of legs against the words of the rules, every template that must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/joint.h"

/* ---- the fold, against the futures that are possible ---- */

enum { LEGS = 4 };

/* What the rules say, in other words than the code: legs all settled. */
static enum joint_state ended(enum joint_rule rule, const struct joint_leg *legs, size_t count, bool withdrawn)
{
    size_t granted = 0, missed_required = 0;
    for (size_t i = 0; i < count; i++) {
        granted += legs[i].state == LEG_GRANTED;
        missed_required += legs[i].required && legs[i].state != LEG_GRANTED;
    }
    enum joint_state state = JOINT_STATES;
    if (granted == count)
        state = JOINT_GRANTED;
    else if (rule == JOINT_RULE_ALL_GRANTED)
        state = JOINT_REFUSED;
    else if (rule == JOINT_RULE_REQUIRED_GRANTED)
        state = missed_required ? JOINT_REFUSED : JOINT_PARTLY;
    else if (rule == JOINT_RULE_ANY_GRANTED)
        state = granted ? JOINT_GRANTED : JOINT_REFUSED;
    else
        state = granted ? JOINT_PARTLY : JOINT_REFUSED;
    return withdrawn && state != JOINT_GRANTED ? JOINT_WITHDRAWN : state;
}

/* Naive: one leg at a time, looked up one by one. */
static bool is_ready(const struct joint_leg *legs, size_t count, size_t n)
{
    bool ready = legs[n].state == LEG_WAITING;
    for (size_t k = 0; k < count; k++)
        ready = ready && (!(legs[n].after >> k & 1) || legs[k].state == LEG_GRANTED);
    return ready;
}

static bool is_lost(const struct joint_leg *legs, size_t count, size_t n)
{
    if (legs[n].state != LEG_WAITING)
        return false;
    for (size_t k = 0; k < count; k++)
        if (legs[n].after >> k & 1 && (legs[k].state == LEG_REFUSED || legs[k].state == LEG_WITHDRAWN || legs[k].state == LEG_STOPPED ||
                                       is_lost(legs, count, k)))
            return true;
    return false;
}

/* Plays every future; the set of the states in which it can end, as bits. */
static unsigned futures(enum joint_rule rule, struct joint_leg *legs, size_t count, bool withdrawn)
{
    struct joint_leg next[LEGS];
    memcpy(next, legs, count * sizeof *legs);
    for (size_t i = 0; i < count; i++)
        if (next[i].state == LEG_WAITING && (withdrawn || is_lost(legs, count, i)))
            next[i].state = LEG_STOPPED;
    for (size_t i = 0; i < count; i++)
        if (is_ready(next, count, i))
            next[i].state = LEG_OPEN;
    for (size_t i = 0; i < count; i++) {
        if (next[i].state != LEG_OPEN)
            continue;
        next[i].state = LEG_GRANTED;
        unsigned ends = futures(rule, next, count, withdrawn);
        next[i].state = LEG_REFUSED; /* withdrawn counts alike: by_rule only asks what is granted */
        return ends | futures(rule, next, count, withdrawn);
    }
    return 1u << ended(rule, next, count, withdrawn);
}

static void check_fold(enum joint_rule rule, struct joint_leg *legs, size_t count, bool withdrawn)
{
    bool settled = true;
    for (size_t i = 0; i < count; i++)
        settled = settled && legs[i].state != LEG_OPEN && legs[i].state != LEG_WAITING;
    enum joint_state outlook = JOINT_STATES, state = joint_fold(rule, legs, count, withdrawn, &outlook);
    unsigned ends = futures(rule, legs, count, withdrawn);
    assert_int_equal(state, settled ? ended(rule, legs, count, withdrawn) : JOINT_RUNNING);
    if (outlook == JOINT_RUNNING)
        assert_true(ends & (ends - 1)); /* more than one */
    else
        assert_int_equal(ends, 1u << outlook);
    assert_int_equal(joint_fold(rule, legs, count, withdrawn, NULL), state);
}

/* Legs of states, required and after written as numbers; an edge only from an earlier leg to a later one, so no circle. */
static void fill(struct joint_leg *legs, size_t count, unsigned states, unsigned required, unsigned edges)
{
    for (size_t i = 0; i < count; i++, states /= LEG_STATES) {
        legs[i] = (struct joint_leg){.state = (enum joint_leg_state)(states % LEG_STATES), .required = required >> i & 1};
        for (size_t k = 0; k < i; k++, edges >>= 1)
            legs[i].after |= edges & 1 ? UINT32_C(1) << k : 0;
    }
}

static void every_combination(size_t count, const unsigned *wanted, size_t wanteds)
{
    unsigned states = 1, edges = 1u << (count * (count - 1) / 2);
    struct joint_leg legs[LEGS];
    for (size_t i = 0; i < count; i++)
        states *= LEG_STATES;
    for (unsigned s = 0; s < states; s++)
        for (unsigned e = 0; e < edges; e++)
            for (size_t w = 0; w < wanteds; w++) {
                fill(legs, count, s, wanted[w], e);
                for (size_t n = 0; n < count; n++) {
                    assert_int_equal(joint_ready(legs, count) >> n & 1, is_ready(legs, count, n));
                    assert_int_equal(joint_lost(legs, count) >> n & 1, is_lost(legs, count, n));
                }
                for (unsigned rule = 0; rule < JOINT_RULES; rule++) {
                    check_fold((enum joint_rule)rule, legs, count, false);
                    check_fold((enum joint_rule)rule, legs, count, true);
                }
            }
}

static void fold_of_up_to_three(void **state)
{
    static const unsigned wanted[] = {0, 1, 2, 3, 4, 5, 6, 7};
    (void)state;
    for (size_t count = 1; count <= 3; count++)
        every_combination(count, wanted, 1u << count);
}

static void fold_of_four(void **state)
{
    static const unsigned wanted[] = {5};
    (void)state;
    every_combination(4, wanted, 1);
}

static void a_circle_neither_opens_nor_hangs(void **state)
{
    (void)state;
    struct joint_leg legs[2] = {{LEG_WAITING, 2, true}, {LEG_WAITING, 1, true}};
    assert_int_equal(joint_ready(legs, 2), 0);
    assert_int_equal(joint_lost(legs, 2), 0);
    legs[0].after = 3;
    legs[1].state = LEG_REFUSED;
    assert_int_equal(joint_lost(legs, 2), 1);
}

/* ---- a leg and its case ---- */

static void a_leg_follows_its_case(void **state)
{
    (void)state;
    for (int before = 0; before < LEG_STATES; before++)
        for (int s = 0; s < CASE_STATES; s++)
            for (int rev = 0; rev < 2; rev++)
                for (int pending = 0; pending < 2; pending++) {
                    enum joint_leg_state want = LEG_OPEN;
                    if (before != LEG_OPEN)
                        want = (enum joint_leg_state)before;
                    else if (s == CASE_GRANTED)
                        want = LEG_GRANTED;
                    else if (s == CASE_DENIED || s == CASE_REFUSED || s == CASE_REVOKED || (s == CASE_FORWARDED && !rev && !pending))
                        want = LEG_REFUSED;
                    else if (case_states[s].final && s != CASE_COMPLETED)
                        want = LEG_WITHDRAWN;
                    assert_int_equal(joint_leg_of_case((enum joint_leg_state)before, (enum case_state)s, rev, pending), want);
                }
    assert_int_equal(joint_leg_of_case(LEG_OPEN, CASE_STATES, 1, false), LEG_OPEN);
}

static void words(void **state)
{
    (void)state;
    for (int rule = 0; rule < JOINT_RULES; rule++)
        assert_int_equal(joint_rule_by_name(joint_rules[rule].name), rule);
    assert_int_equal(joint_rule_by_name("ALL"), -1);
    assert_int_equal(joint_rule_by_name(NULL), -1);
    for (int s = 0; s < LEG_STATES; s++)
        assert_true(joint_leg_states[s].settled == (s != LEG_WAITING && s != LEG_OPEN));
}

/* ---- templates ---- */

static json_t *parse(const char *text)
{
    char doubled[8192];
    size_t len = strlen(text);
    json_t *doc;
    assert_true(len < sizeof doubled);
    for (size_t i = 0; i <= len; i++)
        doubled[i] = text[i] == '\'' ? '"' : text[i];
    doc = json_loadb(doubled, len, JSON_DECODE_ANY, NULL);
    assert_non_null(doc);
    return doc;
}

#define A "{'name':'a','office':'intake','item':'P1'}"
static const struct {
    const char *legs, *field; /* NULL: taken */
} templates[] = {
    {"[" A "]", NULL},
    {"[" A ",{'name':'b','office':'other','item':'P-2.x','after':['a'],'passes':['a'],'required':false,'materials':['户口簿'],"
     "'limit':{'days':15,'unit':'working_day'}},{'name':'c','office':'330503','item':'P','after':['b'],'passes':['a','b']}]", NULL},
    {"[{'name':'b','office':'intake','item':'P1','after':['a']}," A "]", NULL}, /* the order is free */
    {"[]", "/legs"},
    {"{}", "/legs"},
    {"'a'", "/legs"},
    {"[1]", "/legs/0"},
    {"[{}]", "/legs/0/name"},
    {"[{'name':'','office':'intake','item':'P'}]", "/legs/0/name"},
    {"[{'name':1,'office':'intake','item':'P'}]", "/legs/0/name"},
    {"[" A "," A "]", "/legs/1/name"},
    {"[{'name':'a','office':'home','item':'P'}]", "/legs/0/office"},
    {"[{'name':'a','office':'33048','item':'P'}]", "/legs/0/office"},
    {"[{'name':'a','item':'P'}]", "/legs/0/office"},
    {"[{'name':'a','office':'other'}]", "/legs/0/item"},
    {"[{'name':'a','office':'other','item':'P 1'}]", "/legs/0/item"},
    {"[{'name':'a','office':'other','item':'P','surprise':1}]", "/legs/0"},
    {"[{'name':'a','office':'other','item':'P','required':'yes'}]", "/legs/0/required"},
    {"[{'name':'a','office':'other','item':'P','limit':5}]", "/legs/0/limit"},
    {"[{'name':'a','office':'other','item':'P','limit':{'days':0,'unit':'working_day'}}]", "/legs/0/limit"},
    {"[{'name':'a','office':'other','item':'P','limit':{'days':1001,'unit':'working_day'}}]", "/legs/0/limit"},
    {"[{'name':'a','office':'other','item':'P','limit':{'days':1,'unit':'weeks'}}]", "/legs/0/limit"},
    {"[{'name':'a','office':'other','item':'P','limit':{'days':1}}]", "/legs/0/limit"},
    {"[{'name':'a','office':'other','item':'P','limit':{'days':1,'unit':'working_day','x':1}}]", "/legs/0/limit"},
    {"[{'name':'a','office':'other','item':'P','materials':'x'}]", "/legs/0/materials"},
    {"[{'name':'a','office':'other','item':'P','materials':['x','x']}]", "/legs/0/materials"},
    {"[{'name':'a','office':'other','item':'P','materials':[1]}]", "/legs/0/materials"},
    {"[{'name':'a','office':'other','item':'P','after':'a'}]", "/legs/0/after"},
    {"[{'name':'a','office':'other','item':'P','after':['a']}]", "/legs/0/after"},
    {"[{'name':'a','office':'other','item':'P','after':['b']}]", "/legs/0/after"},
    {"[" A ",{'name':'b','office':'other','item':'P','after':['a','a']}]", "/legs/1/after"},
    {"[" A ",{'name':'b','office':'other','item':'P','passes':['a']}]", "/legs/1/passes"},
    {"[{'name':'a','office':'other','item':'P','after':['c']},{'name':'b','office':'other','item':'P','after':['a']},"
     "{'name':'c','office':'other','item':'P','after':['b']}]", "/legs/0/after"},
    {"[" A ",{'name':'b','office':'other','item':'P','after':['c']},{'name':'c','office':'other','item':'P','after':['b']}]",
     "/legs/1/after"},
};

static void every_template(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        struct problem p = {.id = PROBLEM_COUNT};
        json_t *legs = parse(templates[i].legs);
        int rc = joint_check_legs(legs, &p);
        if (rc != (templates[i].field ? TB_EMALFORMED : 0) || (rc && strcmp(p.field, templates[i].field)))
            fail_msg("%s: rc %d field %s (%s)", templates[i].legs, rc, p.field, p.detail);
        json_decref(legs);
    }
}

static json_t *many(size_t count)
{
    json_t *legs = json_array();
    for (size_t i = 0; i < count; i++) {
        char name[32], before[32];
        (void)snprintf(name, sizeof name, "n%zu", i);
        (void)snprintf(before, sizeof before, "n%zu", i - 1);
        json_t *leg = json_pack("{s:s, s:s, s:s}", "name", name, "office", "intake", "item", "P");
        if (i)
            (void)json_object_set_new(leg, "after", json_pack("[s]", before));
        (void)json_array_append_new(legs, leg);
    }
    return legs;
}

static void as_many_as_the_limit_says(void **state)
{
    (void)state;
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    for (size_t count = 1; count <= 100; count++) {
        json_t *list = many(count);
        assert_int_equal(joint_check_legs(list, NULL), count <= LIMIT_JOINT_LEGS ? 0 : TB_EMALFORMED);
        assert_int_equal(joint_read_legs(list, legs), count < LIMIT_JOINT_LEGS ? count : LIMIT_JOINT_LEGS);
        json_decref(list);
    }
}

static void reading_a_template(void **state)
{
    (void)state;
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    json_t *list = parse(templates[1].legs), *offices = parse("{'other':'320623','applicant':'x'}");
    assert_int_equal(joint_read_legs(list, legs), 3);
    assert_true(legs[0].after == 0 && legs[1].after == 1 && legs[2].after == 2);
    assert_true(legs[0].required && !legs[1].required && legs[2].required);
    assert_int_equal(joint_ready(legs, 3), 1);
    assert_string_equal(joint_leg_office(json_array_get(list, 0), "330483", offices), "330483");
    assert_string_equal(joint_leg_office(json_array_get(list, 1), "330483", offices), "320623");
    assert_string_equal(joint_leg_office(json_array_get(list, 2), "330483", offices), "330503");
    assert_null(joint_leg_office(json_array_get(list, 1), "330483", NULL));
    json_t *applicant = parse("{'office':'applicant'}");
    assert_null(joint_leg_office(applicant, "330483", offices));
    json_decref(applicant);
    json_decref(offices);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fold_of_up_to_three), cmocka_unit_test(fold_of_four),
        cmocka_unit_test(a_circle_neither_opens_nor_hangs), cmocka_unit_test(a_leg_follows_its_case), cmocka_unit_test(words),
        cmocka_unit_test(every_template), cmocka_unit_test(as_many_as_the_limit_says), cmocka_unit_test(reading_a_template)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
