/* Walks the whole tables of the registers, and holds docs/reference/registers.md to them:
 *     unit_proto_test_register --write docs/reference/registers.md */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/register.h"
#include "tests/unit/page.h"

static const unsigned parties[] = {REGISTER_OWNER, REGISTER_OTHER};
static const unsigned roles[] = {CASE_ROLE_WINDOW, CASE_ROLE_HANDLER, CASE_ROLE_SYSTEM, CASE_ROLE_LIAISON, 0, 8, 32, (unsigned)-1};

/* ---- the tables ---- */

static void test_tables_are_sound(void **state)
{
    (void)state;
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        assert_ptr_equal(register_by_name(kind->name), kind);
        assert_ptr_equal(register_by_entry(kind->entry), kind);
        assert_true(entry_type_is_act(kind->entry) && entry_type_is_message(kind->entry));
        assert_true(kind->state_count > 1 && kind->state_count <= REGISTER_STATES_MAX);
        assert_string_equal(kind->states[REGISTER_NONE].name, "none");
        uint32_t reached = REGISTER_FROM(REGISTER_NONE), left = 0;
        for (size_t i = 0; i < kind->act_count; i++) {
            const struct register_act *act = &kind->acts[i];
            assert_ptr_equal(register_act_by_name(kind, act->name), act); /* names are unique in a register */
            assert_true(act->by && !(act->by & ~3u) && act->roles && act->from && act->law && act->law[0] && act->zh[0]);
            assert_int_equal(act->from >> kind->state_count, 0);
            assert_true(act->to == REGISTER_SAME || (act->to > 0 && (size_t)act->to < kind->state_count));
            /* what makes an object is done by its owner, and only makes */
            if (act->from & REGISTER_FROM(REGISTER_NONE)) {
                assert_int_equal(act->from, REGISTER_FROM(REGISTER_NONE));
                assert_int_equal(act->by, REGISTER_OWNER);
                assert_null(act->under);
            }
            if (kind->scope == REGISTER_ALL)
                assert_int_equal(act->by, REGISTER_OWNER);
            reached |= act->to > 0 ? REGISTER_FROM(act->to) : 0;
            reached |= act->branch.member ? REGISTER_FROM(act->branch.to) : 0;
            left |= act->from;
        }
        for (size_t s = 0; s < kind->state_count; s++) {
            assert_int_equal(register_state_by_name(kind, kind->states[s].name), (int)s);
            assert_true(reached >> s & 1);                           /* no state is unreachable … */
            assert_int_equal(left >> s & 1, !kind->states[s].final); /* … none is a trap, and nothing follows a final one */
            if (kind->states[s].final)
                assert_int_equal(kind->states[s].turn, 0);
        }
    }
    assert_null(register_by_name("none"));
    assert_null(register_by_name(NULL));
    assert_null(register_by_entry(ENTRY_CASE_SUBMITTED));
}

/* Every kind × act × party × role × state: possible exactly when the row says so, and refused with the right words otherwise. */
static void test_every_combination(void **state)
{
    (void)state;
    size_t possible = 0, refused = 0;
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        for (size_t i = 0; i < kind->act_count; i++)
            for (size_t a = 0; a < sizeof parties / sizeof parties[0]; a++)
                for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++)
                    for (int s = -1; s <= (int)kind->state_count; s++) {
                        const struct register_act *act = &kind->acts[i], *found = NULL;
                        struct problem p = {.number = -1};
                        int rc = register_find_act(kind, act->name, parties[a], roles[r], s, &found, &p);
                        bool known = s >= 0 && s < (int)kind->state_count;
                        bool party = act->by & parties[a], role = (act->roles & roles[r]) != 0;
                        bool from = known && act->from >> s & 1;
                        if (known && party && role && from) {
                            assert_int_equal(rc, 0);
                            assert_ptr_equal(found, act);
                            possible++;
                            continue;
                        }
                        refused++;
                        assert_true(rc < 0);
                        assert_null(found);
                        assert_int_equal(p.id, !known ? PROBLEM_NOT_FOUND : !party || !role ? PROBLEM_NOT_ALLOWED : PROBLEM_TRANSITION);
                    }
    }
    assert_true(possible > 100 && refused > 1000);
}

static void test_possible_agrees_with_find(void **state)
{
    (void)state;
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        for (int s = 0; s < (int)kind->state_count; s++)
            for (size_t a = 0; a < 2; a++) {
                const char *words[32];
                size_t count = register_possible(kind, parties[a], CASE_ROLE_HANDLER, s, words, 32), want = 0;
                for (size_t i = 0; i < kind->act_count; i++) {
                    const struct register_act *found;
                    want += !register_find_act(kind, kind->acts[i].name, parties[a], CASE_ROLE_HANDLER, s, &found, NULL);
                }
                assert_int_equal(count, want);
                assert_true(register_possible(kind, parties[a], CASE_ROLE_HANDLER, s, words, 0) == 0);
            }
    }
}

/* ---- numbers ---- */

static void test_numbers(void **state)
{
    (void)state;
    const struct register_kind *kind = &register_kinds[REGISTER_PROBLEM];
    char no[REGISTER_NO_TEXT], office[OFFICE_TEXT];
    assert_int_equal(register_no_make(kind, "330483", 2026, 12, no), 0);
    assert_string_equal(no, "P330483-2026-12");
    assert_int_equal(register_no_read(kind, no, office), 0);
    assert_string_equal(office, "330483");
    assert_int_equal(register_no_make(kind, "330483", 2026, 999999999, no), 0);
    assert_int_equal(register_no_read(kind, no, office), 0);
    assert_int_equal(register_no_make(kind, "330483", 2026, 1000000000, no), TB_ELIMIT);
    assert_true(register_no_make(kind, "33048", 2026, 1, no) < 0);
    assert_true(register_no_make(kind, "330483", 2026, 0, no) < 0);
    static const char *const bad[] = {"",
                                      "P330483-2026-",
                                      "P330483-2026-0",
                                      "P330483-2026-01",
                                      "A330483-2026-1",
                                      "P33048-2026-1",
                                      "P330483_2026-1",
                                      "P330483-26-1",
                                      "P330483-2026-1x",
                                      "P330483-2026-1234567890",
                                      "P33048X-2026-1",
                                      "p330483-2026-1",
                                      "P330483-2026-1 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(register_no_read(kind, bad[i], office), TB_EMALFORMED);
    assert_int_equal(register_no_read(kind, NULL, office), TB_EMALFORMED);
}

/* ---- fold and data ---- */

static json_t *json(const char *text)
{
    json_t *doc = json_loads(text, 0, NULL);
    assert_non_null(doc);
    return doc;
}

static const struct register_act *act_of(enum register_kind_id kind, const char *name)
{
    const struct register_act *act = register_act_by_name(&register_kinds[kind], name);
    assert_non_null(act);
    return act;
}

static void test_fold(void **state)
{
    (void)state;
    json_t *content = json_object(), *raise = json("{\"class\":\"other\",\"subject\":\"a\"}"), *one = json("{\"measure\":\"x\"}"),
           *two = json("{\"measure\":\"y\"}"), *take = json("{\"responsible\":\"z\"}");
    assert_int_equal(register_fold(act_of(REGISTER_PROBLEM, "raise"), raise, content), 0);
    assert_int_equal(register_fold(act_of(REGISTER_PROBLEM, "take"), take, content), 0);
    assert_int_equal(register_fold(act_of(REGISTER_PROBLEM, "measure"), one, content), 0);
    assert_int_equal(register_fold(act_of(REGISTER_PROBLEM, "measure"), two, content), 0);
    json_t *want = json("{\"class\":\"other\",\"subject\":\"a\",\"handling\":{\"responsible\":\"z\"},\"measures\":[{\"measure\":\"x\"},"
                        "{\"measure\":\"y\"}]}");
    assert_true(json_equal(content, want));
    json_decref(content);
    json_decref(raise);
    json_decref(one);
    json_decref(two);
    json_decref(take);
    json_decref(want);
}

/* No act puts its data where a member of the content stands already. */
static void test_names_do_not_collide(void **state)
{
    (void)state;
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        for (size_t i = 0; i < kind->act_count; i++) {
            const char *under = kind->acts[i].under;
            if (!under)
                continue;
            size_t len = strcspn(under, "[");
            for (size_t a = 0; a < kind->act_count; a++)
                for (const struct case_field *f = kind->acts[a].under ? NULL : kind->acts[a].fields; f && f->name; f++)
                    assert_false(strlen(f->name) == len && !memcmp(f->name, under, len));
        }
    }
}

static void test_branches(void **state)
{
    (void)state;
    const struct register_kind *rating = &register_kinds[REGISTER_RATING], *transfer = &register_kinds[REGISTER_TRANSFER];
    for (int level = 1; level <= 5; level++) {
        json_t *data = json_pack("{s:i}", "level", level);
        assert_string_equal(rating->states[register_next(act_of(REGISTER_RATING, "record"), data, 0)].name,
                            level <= 2 ? "bad" : "rated");
        json_decref(data);
    }
    json_t *none = json("{\"differences\":[]}"), *some = json("{\"differences\":[{}]}");
    assert_string_equal(transfer->states[register_next(act_of(REGISTER_TRANSFER, "open"), none, 2)].name, "opened");
    assert_string_equal(transfer->states[register_next(act_of(REGISTER_TRANSFER, "open"), some, 2)].name, "differs");
    json_decref(none);
    json_decref(some);
    json_t *empty = json_object();
    assert_int_equal(register_next(act_of(REGISTER_PROBLEM, "meet"), empty, 3), 3);
    json_decref(empty);
}

/* Evidence belongs to its step: each step is done with its own, and refused without. */
static void test_evidence(void **state)
{
    (void)state;
    static const struct {
        const char *step, *data, *field; /* field NULL: taken */
    } rows[] = {
        {"intake", "{}", NULL},
        {"original", "{}", "/originals"},
        {"original", "{\"originals\":[{\"material\":\"a\",\"agrees\":true,\"after\":\"kept\",\"seen_by\":\"b\"}]}", NULL},
        {"original", "{\"originals\":[{\"material\":\"a\",\"agrees\":true,\"after\":\"lost\",\"seen_by\":\"b\"}]}",
         "/originals/0/after"},
        {"person", "{}", "/comparison"},
        {"person", "{\"comparison\":{\"result\":\"match\",\"officer\":\"a\"}}", NULL},
        {"person", "{\"comparison\":{\"result\":\"manual\",\"officer\":\"a\"}}", "/comparison/reason"},
        {"person", "{\"comparison\":{\"result\":\"match\",\"officer\":\"a\",\"score\":101}}", "/comparison/score"},
        {"person", "{\"comparison\":{\"result\":\"match\",\"officer\":\"a\",\"image\":\"0\"}}", "/comparison/image"},
        {"notice", "{}", "/handed_over"},
        {"delivery", "{\"entry\":\"x\"}", NULL},
    };
    const struct register_kind *kind = &register_kinds[REGISTER_STEP];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *content = json_pack("{s:s}", "step", rows[i].step), *data = json(rows[i].data);
        struct problem p = {.number = -1};
        int rc = register_check(kind, act_of(REGISTER_STEP, "done"), content, data, &p);
        if (rows[i].field) {
            assert_int_equal(rc, TB_EMALFORMED);
            assert_string_equal(p.field, rows[i].field);
        } else {
            assert_int_equal(rc, 0);
        }
        json_decref(content);
        json_decref(data);
    }
    static const char letters[] = "INOPD";
    static const char *const words[] = {"intake", "notice", "original", "person", "delivery"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(register_step(words[i]), letters[i]);
    assert_int_equal(register_step("nothing"), STEP_NONE);
    assert_int_equal(register_step(NULL), STEP_NONE);
}

/* ---- originals ---- */

/* Whatever the states, what was kept is somewhere: kept = intake + home + moving + lost + returned. */
static void test_originals_balance(void **state)
{
    (void)state;
    const struct register_kind *kind = &register_kinds[REGISTER_TRANSFER];
    json_t *plain = json("{\"documents\":[{\"name\":\"a\",\"originals\":2},{\"name\":\"b\",\"originals\":3}]}");
    json_t *differs =
        json("{\"documents\":[{\"name\":\"a\",\"originals\":5}],\"opening\":{\"differences\":[{\"listed\":5,\"found\":3}]}}");
    json_t *settled =
        json("{\"documents\":[{\"name\":\"a\",\"originals\":5}],\"opening\":{\"differences\":[{\"listed\":5,\"found\":3}]},"
             "\"settlement\":{\"recovered\":1}}");
    const json_t *contents[] = {plain, differs, settled};
    for (int side = 0; side < 2; side++)
        for (int s = 1; s < (int)kind->state_count; s++)
            for (size_t c = 0; c < 3; c++) {
                struct originals sums = {.balanced = true};
                originals_add(&sums, plain, (enum case_side)side, register_state_by_name(kind, "kept"));
                assert_int_equal(sums.kept, 5);
                originals_add(&sums, contents[c], (enum case_side)side, s);
                assert_int_equal(sums.kept, sums.at_intake + sums.at_home + sums.moving + sums.lost + sums.returned);
                assert_true(sums.balanced);
            }
    struct originals sums = {.balanced = true};
    originals_add(&sums, plain, CASE_SIDE_INTAKE, register_state_by_name(kind, "sent"));
    assert_false(sums.balanced); /* gave away what it did not have */
    sums = (struct originals){.balanced = true};
    originals_add(&sums, plain, CASE_SIDE_INTAKE, register_state_by_name(kind, "kept"));
    originals_add(&sums, settled, CASE_SIDE_INTAKE, register_state_by_name(kind, "settled"));
    assert_int_equal(sums.at_intake, 1);
    assert_int_equal(sums.at_home, 3);
    assert_int_equal(sums.lost, 1);
    json_decref(plain);
    json_decref(differs);
    json_decref(settled);
}

/* ---- the page ---- */

static void put(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_str(out, text), 0);
}

static void put_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            put(out, "\\");
        assert_int_equal(buf_append(out, text, 1), 0);
    }
    put(out, " | ");
}

static const char *party_word(unsigned by)
{
    return by == REGISTER_OWNER ? "owner" : by == REGISTER_OTHER ? "other" : by == REGISTER_BOTH ? "either" : "nobody";
}

static const char *role_word(unsigned bits)
{
    bool window = bits & CASE_ROLE_WINDOW, handler = bits & CASE_ROLE_HANDLER;
    if (bits & CASE_ROLE_LIAISON)
        return window ? "window, handler, liaison" : "handler, liaison";
    return window && handler ? "window, handler" : window ? "window" : handler ? "handler" : "system";
}

static void write_diagram(const struct register_kind *kind, struct buf *out)
{
    put(out, "```mermaid\nstateDiagram-v2\n");
    for (size_t s = 1; s < kind->state_count; s++)
        assert_int_equal(buf_printf(out, "    state \"%s %s\" as %s\n", kind->states[s].zh, kind->states[s].name, kind->states[s].name),
                         0);
    for (size_t i = 0; i < kind->act_count; i++) {
        const struct register_act *act = &kind->acts[i];
        for (size_t s = 0; s < kind->state_count; s++) {
            if (!(act->from >> s & 1))
                continue;
            const char *from = s ? kind->states[s].name : "[*]";
            size_t to = act->to == REGISTER_SAME ? s : (size_t)act->to;
            assert_int_equal(buf_printf(out, "    %s --> %s: %s (%s)\n", from, kind->states[to].name, act->name, party_word(act->by)),
                             0);
            if (act->branch.member)
                assert_int_equal(buf_printf(out, "    %s --> %s: %s, by %s\n", from, kind->states[act->branch.to].name, act->name,
                                            act->branch.member),
                                 0);
        }
    }
    put(out, "```\n");
}

static void write_fields(const struct case_field *fields, const char *prefix, struct buf *out)
{
    for (; fields->name; fields++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", fields->name);
        assert_int_equal(buf_printf(out, "| `%s` | ", name), 0);
        put_cell(out, fields->zh ? fields->zh : "");
        put_cell(out, fields->values ? fields->values : "");
        put_cell(out, fields->required ? "yes" : "");
        put_cell(out, fields->help);
        out->len--; /* no blank at the end of the line */
        put(out, "\n");
        if (fields->members)
            write_fields(fields->members, name, out);
    }
}

static void write_acts(const struct register_kind *kind, struct buf *out)
{
    put(out, "\n| act | 中文 | who | role | from | to | rule |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < kind->act_count; i++) {
        const struct register_act *act = &kind->acts[i];
        assert_int_equal(buf_printf(out, "| `%s` | %s | %s | %s | ", act->name, act->zh, party_word(act->by), role_word(act->roles)),
                         0);
        const char *sep = "";
        for (size_t s = 0; s < kind->state_count; s++)
            if (act->from >> s & 1) {
                assert_int_equal(buf_printf(out, "%s%s", sep, s ? kind->states[s].name : "(new)"), 0);
                sep = ", ";
            }
        assert_int_equal(buf_printf(out, " | %s", act->to == REGISTER_SAME ? "(same)" : kind->states[act->to].name), 0);
        if (act->branch.member)
            assert_int_equal(buf_printf(out, " or %s", kind->states[act->branch.to].name), 0);
        put(out, " | ");
        put_cell(out, act->law);
        out->len--;
        put(out, "\n");
    }
    for (size_t i = 0; i < kind->act_count; i++) {
        const struct register_act *act = &kind->acts[i];
        bool again = false; /* several acts share a form */
        for (size_t k = 0; k < i; k++)
            again = again || kind->acts[k].fields == act->fields;
        if (again)
            continue;
        put(out, "\nData of");
        for (size_t k = i; k < kind->act_count; k++)
            if (kind->acts[k].fields == act->fields)
                assert_int_equal(buf_printf(out, "%s `%s`", k == i ? "" : ",", kind->acts[k].name), 0);
        put(out, ":\n\n| member | 中文 | values | needed | meaning |\n| --- | --- | --- | --- | --- |\n");
        write_fields(act->fields, "", out);
    }
}

static const char *const scopes[] = {"two offices", "the two sides of a case",
                                     "the two sides of a case when one is named, else two offices", "the owner and every counterpart"};

static void write_page(struct buf *out)
{
    put(out,
        "# Registers\n\nMade from the tables `proto/register_kinds.c` and `proto/register_fields.c` by the unit test of the registers\n"
        "(`test_register --write FILE`); the test fails when this page and the tables differ. Do not edit by hand. What a register "
        "is,\n"
        "and who decides when both sides act at once: [explanation/registers.md](../explanation/registers.md).\n\n"
        "*Owner* is the office that opened the object, *other* its counterpart. Numbers are letter, owner, year, serial:\n"
        "`P330483-2026-12`.\n");
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        assert_int_equal(buf_printf(out, "\n## %s `%s`\n\nEntries `%s`; numbers begin with %c; between %s.\n\n", kind->zh, kind->name,
                                    entry_type_text(kind->entry), kind->letter, scopes[kind->scope]),
                         0);
        write_diagram(kind, out);
        write_acts(kind, out);
    }
}

static void test_page(void **state)
{
    (void)state;
    page_check("reference/registers.md", write_page);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return page_write(argv[2], write_page);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_sound),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_possible_agrees_with_find),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_names_do_not_collide),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_originals_balance),
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
