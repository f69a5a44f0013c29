/* Walks the whole table of the case machine, and holds docs/reference/case-machine.md to the tables:
 *     test_case_machine --write docs/reference/case-machine.md */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/case_law.h"
#include "proto/case_machine.h"
#include "proto/light.h"
#include "proto/limits.h"
#include "tests/unit/page.h"


static const unsigned all_roles[] = {CASE_ROLE_WINDOW, CASE_ROLE_HANDLER, CASE_ROLE_SYSTEM};
static const enum case_side sides[] = {CASE_SIDE_INTAKE, CASE_SIDE_HOME};

/* What the table says, found the dull way. */
static const struct case_transition *naive(const char *action, enum case_side side, unsigned role,
                                           enum case_state state)
{
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        if (!strcmp(row->action, action) && row->side == side && (row->roles & role) &&
            (row->from & (UINT64_C(1) << state)))
            return row;
    }
    return NULL;
}

static bool role_has_action(const char *action, enum case_side side, unsigned role)
{
    for (size_t i = 0; i < case_transition_count; i++)
        if (!strcmp(case_transitions[i].action, action) && case_transitions[i].side == side &&
            (case_transitions[i].roles & role))
            return true;
    return false;
}

static bool in_list(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(word, list[i]))
            return true;
    return false;
}

static unsigned check_one(const char *action, enum case_side side, unsigned role, enum case_state state, unsigned done)
{
    const struct case_transition *want = naive(action, side, role, state), *got = NULL;
    const char *words[32];
    struct problem p = {.id = PROBLEM_COUNT};
    size_t count = case_possible(side, role, state, done, words, 32);
    int rc = case_find_transition(action, side, role, state, done, &got, &p);
    bool notice = !strcmp(action, "notice") && (done & ONCE_NOTICE);
    bool extension = !strcmp(action, "extend") && (done & ONCE_EXTENSION);
    if ((notice || extension) && role_has_action(action, side, role)) {
        assert_int_equal(rc, TB_EREFUSED);
        assert_int_equal(p.id, notice ? PROBLEM_NOTICE_ONCE : PROBLEM_STEP_DONE);
    } else if (want) {
        assert_int_equal(rc, 0);
        assert_ptr_equal(got, want);
    } else if (role_has_action(action, side, role)) {
        assert_int_equal(rc, TB_EREFUSED);
        assert_int_equal(p.id, PROBLEM_TRANSITION);
        assert_non_null(strstr(p.detail, case_states[state].name));
    } else {
        assert_int_equal(rc, TB_EDENIED);
        assert_int_equal(p.id, PROBLEM_NOT_ALLOWED);
    }
    if (rc)
        assert_null(got);
    assert_int_equal(in_list(action, words, count), rc == 0);
    return rc == 0;
}

static void test_every_combination(void **state)
{
    (void)state;
    unsigned walked = 0, lawful = 0;
    for (size_t i = 0; i < case_transition_count; i++)
        for (int s = 0; s < CASE_STATES; s++)
            for (size_t r = 0; r < 3; r++)
                for (size_t d = 0; d < 2; d++)
                    for (unsigned done = 0; done < 4; done++, walked++)
                        lawful +=
                            check_one(case_transitions[i].action, sides[d], all_roles[r], (enum case_state)s, done);
    print_message("%u combinations, %u lawful\n", walked, lawful);
    assert_true(lawful > 0 && lawful < walked / 4);
}

static void test_roles_are_exact(void **state)
{
    (void)state;
    const struct case_transition *row = NULL;
    struct problem p;
    static const unsigned wrong[] = {0, 3, 7, 8, (unsigned)-1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(case_find_transition("accept", CASE_SIDE_HOME, wrong[i], CASE_RECEIVED, false, &row, &p),
                         TB_EDENIED);
        assert_int_equal(case_possible(CASE_SIDE_HOME, wrong[i], CASE_RECEIVED, false, (const char *[1]){0}, 1), 0);
    }
    assert_int_equal(case_find_transition("fly", CASE_SIDE_HOME, CASE_ROLE_HANDLER, CASE_RECEIVED, false, &row, &p),
                     TB_ENOTFOUND);
    assert_int_equal(case_find_transition(NULL, CASE_SIDE_HOME, CASE_ROLE_HANDLER, CASE_RECEIVED, false, &row, &p),
                     TB_ENOTFOUND);
    assert_int_equal(
        case_find_transition("accept", CASE_SIDE_HOME, CASE_ROLE_HANDLER, (enum case_state)99, false, &row, &p),
        TB_EREFUSED);
    /* Separation: who handles does not take in; the home side's window does not decide; nobody plays the system. */
    assert_int_equal(case_possible(CASE_SIDE_INTAKE, CASE_ROLE_HANDLER, CASE_INTAKEN, false, (const char *[8]){0}, 8),
                     0);
    assert_int_equal(case_find_transition("grant", CASE_SIDE_HOME, CASE_ROLE_WINDOW, CASE_ACCEPTED, false, &row, &p),
                     TB_EDENIED);
    assert_int_equal(
        case_find_transition("received", CASE_SIDE_HOME, CASE_ROLE_HANDLER, CASE_FORWARDED, false, &row, &p),
        TB_EDENIED);
    assert_int_equal(case_find_transition("deliver", CASE_SIDE_HOME, CASE_ROLE_WINDOW, CASE_GRANTED, false, &row, &p),
                     0);
    assert_int_equal(case_role_by_name("window"), CASE_ROLE_WINDOW);
    assert_int_equal(case_role_by_name("handler"), CASE_ROLE_HANDLER);
    assert_int_equal(case_role_by_name("system"), -1);
    assert_int_equal(case_role_by_name(NULL), -1);
    /* The list stops at its end. */
    assert_int_equal(case_possible(CASE_SIDE_HOME, CASE_ROLE_HANDLER, CASE_RECEIVED, false, (const char *[2]){0}, 2),
                     2);
}

static void test_invariants(void **state)
{
    (void)state;
    /* States from which a final state can be reached, by repeating until nothing changes. */
    bool ends[CASE_STATES];
    for (int s = 0; s < CASE_STATES; s++)
        ends[s] = case_states[s].final;
    for (int round = 0; round < CASE_STATES; round++)
        for (size_t i = 0; i < case_transition_count; i++)
            for (int s = 0; s < CASE_STATES; s++)
                if ((case_transitions[i].from >> s & 1) && case_transitions[i].to != CASE_STATES &&
                    ends[case_transitions[i].to])
                    ends[s] = true;
    enum case_todo todo[CASE_STATES];
    bool reached[CASE_STATES] = {[CASE_NONE] = true};
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        assert_true(row->action[0] && row->zh[0] && row->help[0] && row->law[0]);
        assert_true(row->from != 0 && row->from < UINT64_C(1) << CASE_STATES);
        assert_true(row->roles != 0 && row->roles < 8);
        assert_non_null(case_fields(row->entry));
        assert_true(row->to != CASE_NONE);
        /* A delegated step is the intake side's; the home side needs no authorisation of its own. */
        assert_true(row->step == STEP_NONE || row->side == CASE_SIDE_INTAKE);
        /* What the other side has to know is a message; what it does not know of stays at the intake side. */
        bool private = row->side == CASE_SIDE_INTAKE && !(row->from & ~(CASE_FROM(NONE) | CASE_FROM(INTAKEN))) &&
                       row->to != CASE_FORWARDED;
        assert_int_equal(entry_type_is_message(row->entry), !private);
        for (int s = 0; s < CASE_STATES; s++)
            assert_false((row->from >> s & 1) && case_states[s].final);
        if (row->to == CASE_STATES)
            continue;
        /* The to-do list and the counterpart look a row up by its state or entry: all rows must answer alike. */
        if (reached[row->to])
            assert_int_equal(todo[row->to], row->todo);
        todo[row->to] = row->todo;
        reached[row->to] = true;
        if (case_states[row->to].final)
            assert_int_equal(row->time, TIME_CLOSED);
        /* A grant and a denial share an entry and are told apart by it; a supplement moves a case that waited for it, and nothing when it
         * was accepted with gaps: from no state both rows are possible. */
        for (size_t j = 0; j < i; j++)
            if (case_transitions[j].entry == row->entry && row->entry != ENTRY_CASE_DECIDED) {
                assert_int_equal(case_transitions[j].time, row->time);
                assert_true(case_transitions[j].to == row->to || case_transitions[j].side != row->side ||
                            !(case_transitions[j].from & row->from));
            }
    }
    for (int s = 0; s < CASE_STATES; s++) {
        if (!ends[s] || !reached[s])
            fail_msg("%s: %s", case_states[s].name, ends[s] ? "is never reached" : "has no way out");
        assert_int_equal(case_state_by_name(case_states[s].name), s);
    }
    assert_int_equal(case_state_by_name("nowhere"), -1);
    assert_int_equal(case_state_by_name(NULL), -1);
}

static void test_by_entry(void **state)
{
    (void)state;
    unsigned walked = 0, lawful = 0;
    json_t *grant = json_pack("{s:s}", "outcome", "grant"), *deny = json_pack("{s:s}", "outcome", "deny");
    for (int type = 0; type < ENTRY_TYPES; type++)
        for (int s = 0; s < CASE_STATES; s++)
            for (size_t d = 0; d < 2; d++, walked++) {
                const struct case_transition *want = NULL, *got = NULL;
                struct problem p = {.id = PROBLEM_COUNT};
                for (size_t i = case_transition_count; i-- > 0;)
                    if ((int)case_transitions[i].entry == type && case_transitions[i].side == sides[d] &&
                        (case_transitions[i].from >> s & 1) && strcmp(case_transitions[i].action, "deny"))
                        want = &case_transitions[i];
                int rc = case_find_by_entry((enum entry_type)type, sides[d], (enum case_state)s, grant, &got, &p);
                assert_int_equal(rc, want ? 0 : TB_EREFUSED);
                assert_ptr_equal(got, want);
                lawful += !rc;
            }
    print_message("%u entries in states, %u lawful\n", walked, lawful);
    const struct case_transition *row = NULL;
    assert_int_equal(case_find_by_entry(ENTRY_CASE_SUBMITTED, CASE_SIDE_INTAKE, CASE_NONE, NULL, &row, NULL), 0);
    assert_int_equal(row->to, CASE_FORWARDED);
    assert_int_equal(case_find_by_entry(ENTRY_CASE_DECIDED, CASE_SIDE_HOME, CASE_ACCEPTED, deny, &row, NULL), 0);
    assert_int_equal(row->to, CASE_DENIED);
    assert_int_equal(case_find_by_entry(ENTRY_CASE_DECIDED, CASE_SIDE_HOME, CASE_ACCEPTED, NULL, &row, NULL),
                     TB_EREFUSED);
    assert_int_equal(case_find_by_entry(ENTRY_CASE_ACCEPTED, CASE_SIDE_INTAKE, CASE_RECEIVED, NULL, &row, NULL),
                     TB_EREFUSED);
    assert_int_equal(case_find_by_entry(ENTRY_CASE_SUBMITTED, CASE_SIDE_INTAKE, CASE_FORWARDED, NULL, &row, NULL),
                     TB_EREFUSED);
    json_decref(grant);
    json_decref(deny);
}

/* ---- the page ---- */

static const char *step_name(enum case_step step)
{
    switch (step) {
    case STEP_INTAKE:
        return "I 收件受理";
    case STEP_NOTICE:
        return "N 一次性告知";
    case STEP_ORIGINAL:
        return "O 原件核验";
    case STEP_PERSON:
        return "P 人证比对";
    case STEP_DELIVERY:
        return "D 结果送达";
    default:
        return "—";
    }
}

static void put(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_str(out, text), 0);
}

#define PUT(out, ...) assert_int_equal(buf_printf(out, __VA_ARGS__), 0)

static void write_roles(struct buf *out, unsigned roles)
{
    static const char *const names[] = {"window", "handler", "system"};
    bool first = true;
    for (unsigned i = 0; i < 3; i++) {
        if (!(roles >> i & 1))
            continue;
        PUT(out, "%s%s", first ? "" : ", ", names[i]);
        first = false;
    }
}

static void write_drawing(struct buf *out)
{
    put(out, "```mermaid\nstateDiagram-v2\n");
    for (int s = 1; s < CASE_STATES; s++)
        PUT(out, "    state \"%s %s\" as %s\n", case_states[s].zh, case_states[s].name, case_states[s].name);
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        for (int s = 0; s < CASE_STATES; s++)
            if (row->from >> s & 1)
                PUT(out, "    %s --> %s: %s%s\n", s == CASE_NONE ? "[*]" : case_states[s].name,
                    case_states[row->to == CASE_STATES ? (enum case_state)s : row->to].name, row->action,
                    row->side == CASE_SIDE_HOME ? " (home)" : "");
    }
    for (int s = 0; s < CASE_STATES; s++)
        if (case_states[s].final)
            PUT(out, "    %s --> [*]\n", case_states[s].name);
    put(out, "```\n\n");
}

static void write_transitions(struct buf *out)
{
    static const char *const times[CASE_TIMES] = {"—",        "handed in", "sent",      "received",
                                                  "accepted", "decided",   "delivered", "closed"};
    put(out, "## Actions\n\n| action | 中文 | side | role | from | to | step | entry | time set | law |\n"
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        PUT(out, "| `%s` %s | %s | %s | ", row->action, row->help, row->zh,
            row->side == CASE_SIDE_HOME ? "home 属地" : "intake 收件地");
        write_roles(out, row->roles);
        put(out, " | ");
        bool first = true;
        for (int s = 0; s < CASE_STATES; s++)
            if (row->from >> s & 1) {
                PUT(out, "%s%s", first ? "" : ", ", case_states[s].name);
                first = false;
            }
        PUT(out, " | %s | %s | `%s` | %s | %s |\n", row->to == CASE_STATES ? "unchanged" : case_states[row->to].name,
            step_name(row->step), entry_type_text(row->entry), times[row->time], row->law);
    }
}

static void write_fields(struct buf *out, const struct case_field *fields, const char *prefix)
{
    static const char *const kinds[] = {"text", "name", "date",   "true/false", "whole number", "object",
                                        "list", "word", "number", "SHA-256",    "time"};
    for (; fields->name; fields++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s%s", prefix, fields->name, fields->kind == FIELD_ARRAY ? "[]" : "");
        PUT(out, "| `%s` | %s | %s", path, fields->zh, kinds[fields->kind]);
        for (const char *c = fields->values ? fields->values : ""; *c; c++)
            PUT(out, "%s%s%.1s", c == fields->values ? ": " : "",
                *c == '|' ? (fields->kind == FIELD_INT ? " to " : ", ") : "", *c == '|' ? "" : c);
        PUT(out, " | %s | %s |\n", fields->required ? "yes" : "", fields->help);
        if (fields->members) {
            size_t len = strlen(path);
            (void)snprintf(path + len, sizeof path - len, ".");
            write_fields(out, fields->members, path);
        }
    }
}

static void write_days(struct buf *out, int days)
{
    if (days < 0)
        put(out, "—");
    else
        PUT(out, "%d", days);
}

static void write_rules(struct buf *out)
{
    put(out, "\n## Notice rules\n\nWorking days, 0 = the day itself, — = never. An item names its rule in `notice_rule`; see "
             "[clocks](../explanation/clocks.md).\n\n| rule | 中文 | notice within | silence is acceptance after | law |\n"
             "| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < NOTICE_RULES; i++) {
        PUT(out, "| `%s` | %s | ", notice_rules[i].name, notice_rules[i].zh);
        write_days(out, notice_rules[i].notice_days);
        put(out, " | ");
        write_days(out, notice_rules[i].deemed_days);
        PUT(out, " | %s |\n", notice_rules[i].law);
    }
    put(out, "\n## Overdue supplements\n\n| `overdue_supplement` | 中文 | the notice tells | law |\n| --- | --- | --- | --- |\n");
    for (int i = 0; i < OVERDUE_RULES; i++)
        PUT(out, "| `%s` | %s | %s | %s |\n", overdue_rules[i].name, overdue_rules[i].zh, overdue_rules[i].consequence, overdue_rules[i].law);
    put(out, "\n## Classes of reasons\n\n| entry | class | 中文 | article that the office fills in |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < reason_class_count; i++)
        PUT(out, "| `%s` | `%s` | %s | %s |\n", reason_classes[i].document, reason_classes[i].name, reason_classes[i].zh,
            reason_classes[i].law);
    put(out, "\nThe office fills in the remedies, with the bodies of its own place (行政复议法 20, 行政诉讼法 46).\n");
    put(out, "\n## Chain of reporting\n\n| level | who | 中文 | from | working days overdue |\n| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < ESCALATION_LEVELS; i++)
        PUT(out, "| %d | `%s` | %s | %s | %lld |\n", i + 1, escalations[i].name, escalations[i].zh, light_text(escalations[i].from),
            (long long)escalations[i].overdue);
}

static void write_page(struct buf *out)
{
    put(out, "# The case machine\n\nMade from the tables `proto/case_transitions.c` and `proto/case_fields.c` by the "
             "unit test of the case machine\n"
             "(`test_case_machine --write FILE`); the test fails when this page and the tables differ. Do not edit by "
             "hand.\n\n"
             "The home side (属地) is the authority for the state. An action of the intake side (收件地) that needs a "
             "*step* is done under\n"
             "an authorisation of the home side (授权) in force at that moment (行政许可法 24).\n\n");
    write_drawing(out);
    put(out, "## States\n\n| state | 中文 | English | final |\n| --- | --- | --- | --- |\n");
    for (int s = 0; s < CASE_STATES; s++)
        PUT(out, "| `%s` | %s | %s | %s |\n", case_states[s].name, case_states[s].zh, case_states[s].en,
            case_states[s].final ? "yes" : "");
    put(out, "\n");
    write_transitions(out);
    put(out, "\n## Bodies of the entries\n\nUnknown members are refused. *needed*: must be there; further rules "
             "between members are in "
             "`proto/case_check.c`.\n");
    for (int type = 0; type < ENTRY_TYPES; type++) {
        if (!case_fields((enum entry_type)type))
            continue;
        PUT(out, "\n### `%s`%s\n\n| member | 中文 | form | needed | meaning |\n| --- | --- | --- | --- | --- |\n",
            entry_type_text((enum entry_type)type),
            entry_type_is_message((enum entry_type)type) ? "" : " (own record, not sent)");
        write_fields(out, case_fields((enum entry_type)type), "");
    }
    write_rules(out);
}

static void test_page(void **state)
{
    (void)state;
    page_check("reference/case-machine.md", write_page);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return page_write(argv[2], write_page);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_roles_are_exact),
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_by_entry),
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
