/* Reports made from the registers: objects made up here, figures computed by hand; and what an accountability report says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/liability.h"
#include "proto/limits.h"
#include "proto/report.h"
#include "proto/timestamp.h"
#include "tests/unit/proto/days.h"

enum { ACTS = 8 };
struct made {
    struct report_object object;
    struct report_act acts[ACTS];
    json_t *content;
};

/* An object of 330483 about a case of that home side taken in at 320623, in a state, as this JSON says. */
static void make(struct made *m, enum register_kind_id kind, const char *state, const char *opened, const char *content)
{
    const struct register_kind *row = &register_kinds[kind];
    *m = (struct made){.content = json_loads(content, 0, NULL)};
    assert_non_null(m->content);
    assert_true(register_state_by_name(row, state) >= 0);
    m->object = (struct report_object){.kind = row,
                                       .no = "X330483-2026-1",
                                       .owner = "330483",
                                       .other = "320623",
                                       .case_no = "330483202611020000010",
                                       .home = "330483",
                                       .intake = "320623",
                                       .item = "GA01",
                                       .uuid = "u",
                                       .state = register_state_by_name(row, state),
                                       .opened = at(opened),
                                       .changed = at(opened),
                                       .content = m->content,
                                       .acts = m->acts,
                                       .spans = "",
                                       .cover = ""};
    m->object.confirmed = m->object.state;
}

static void act(struct made *m, const char *name, const char *when)
{
    const struct register_act *found = register_act_by_name(m->object.kind, name);
    assert_non_null(found);
    assert_true(m->object.act_count < ACTS);
    m->acts[m->object.act_count++] = (struct report_act){.act = found, .at = at(when)};
    m->object.changed = at(when);
}

static void begin(struct report_run *run, const char *name, const char *from, const char *to, const char *today)
{
    const struct report *report = report_find(name);
    assert_non_null(report);
    assert_int_equal(report_begin(run, report), 0);
    run->calendar = calendar;
    run->us = "330483";
    run->from = day(from);
    run->to = day(to);
    run->today = day(today);
}

static void add(struct report_run *run, const struct made *m)
{
    struct report_fact fact = {.source = REPORT_OBJECTS, .object = &m->object};
    assert_int_equal(report_add(run, &fact), 0);
}

static void drop(struct made *m)
{
    json_decref(m->content);
}

static const char *cell(const struct report_run *run, size_t row, const char *column)
{
    static char number[4][24];
    static unsigned n;
    const json_t *value = json_object_get(json_array_get(run->rows, row), column);
    if (!json_is_integer(value))
        return json_is_string(value) ? json_string_value(value) : "null";
    n = (n + 1) % 4;
    (void)snprintf(number[n], sizeof number[n], "%lld", (long long)json_integer_value(value));
    return number[n];
}

static const char *value_of(const struct report_run *run, const char *section, const char *key, const char *measure)
{
    for (size_t i = 0; i < json_array_size(run->rows); i++)
        if (!strcmp(cell(run, i, "section"), section) && !strcmp(cell(run, i, "key"), key) && !strcmp(cell(run, i, "measure"), measure))
            return cell(run, i, "value");
    return "";
}

/* ---- lists ---- */

/* Asked for on Friday 2026-11-20, due on Monday. */
static void test_steps(void **state)
{
    (void)state;
    static const struct {
        const char *state, *ended, *today, *light, *late;
    } rows[] = {{"requested", NULL, "2026-11-23", "red", "0"},  {"requested", NULL, "2026-11-25", "red", "2"},
                {"acknowledged", NULL, "2026-11-20", "yellow", "0"}, {"done", "2026-11-23", "2026-12-31", "", "0"},
                {"done", "2026-11-24", "2026-12-31", "", "1"},  {"failed", "2026-11-30", "2026-12-31", "", "5"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        struct made m;
        make(&m, REGISTER_STEP, rows[i].state, "2026-11-20", "{\"step\":\"delivery\"}");
        m.object.due_day = day("2026-11-23");
        if (rows[i].ended)
            m.object.changed = at(rows[i].ended);
        begin(&run, "step", "2026-11-01", "2026-11-30", rows[i].today);
        add(&run, &m);
        assert_int_equal(json_array_size(run.rows), 1);
        assert_string_equal(cell(&run, 0, "light"), rows[i].light);
        assert_string_equal(cell(&run, 0, "days_late"), rows[i].late);
        assert_string_equal(cell(&run, 0, "ended"), rows[i].ended ? rows[i].ended : "null");
        assert_string_equal(cell(&run, 0, "office"), "320623");
        report_end(&run);
        drop(&m);
    }
}

static void test_step_sums(void **state)
{
    (void)state;
    struct report_run run;
    begin(&run, "delegation", "2026-10-01", "2026-12-31", "2026-12-31");
    static const struct {
        const char *state, *opened, *changed;
    } rows[] = {{"requested", "2026-11-20", "2026-11-20"}, /* late: open */
                {"done", "2026-11-20", "2026-11-23"},
                {"done", "2026-11-20", "2026-11-24"}, /* late */
                {"failed", "2026-11-20", "2026-11-21"},
                {"void", "2026-10-01T00:00", "2026-11-21"},
                {"done", "2026-09-30T23:59", "2026-10-02"}, /* the quarter before */
                {"done", "2027-01-01T00:00", "2027-01-01"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        make(&m, REGISTER_STEP, rows[i].state, rows[i].opened, "{\"step\":\"notice\"}");
        m.object.changed = at(rows[i].changed);
        m.object.due_day = day("2026-11-23");
        add(&run, &m);
        drop(&m);
    }
    assert_int_equal(report_finish(&run), 0);
    assert_int_equal(json_array_size(run.rows), 1);
    static const char *const want[][2] = {{"step", "notice"}, {"office", "320623"}, {"requested", "5"}, {"open", "1"},
                                          {"done", "2"},      {"failed", "1"},      {"void", "1"},      {"late", "2"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_string_equal(cell(&run, 0, want[i][0]), want[i][1]);
    report_end(&run);
}

/* Posted on Wednesday 2026-09-30; National Day until 2026-10-07.  Two working days later is Friday 2026-10-09. */
static void test_transfers(void **state)
{
    (void)state;
    static const char mail[] = "\"bag\":\"B1\",\"documents\":[{\"name\":\"户口簿\",\"originals\":2},{\"name\":\"照片\",\"originals\":0}],"
                               "\"mail\":{\"carrier\":\"EMS\",\"tracking_no\":\"EE123456785CN\",\"posted_on\":\"2026-09-30\"%s}";
    char sent[600], opened[900], expected[600];
    (void)snprintf(expected, sizeof expected, mail, ",\"expected_on\":\"2026-10-08\"");
    (void)snprintf(sent, sizeof sent, mail, "");
    (void)snprintf(opened, sizeof opened,
                   "{%s,\"opening\":{\"opened_by\":\"陆文斌\",\"second\":\"缪建国\",\"seal_intact\":true,\"differences\":[{\"name\":\"户口簿\","
                   "\"listed\":2,\"found\":1}]}}",
                   expected);
    struct report_run run;
    struct made m;
    char text[700];
    begin(&run, "transfer", "2026-09-01", "2026-10-31", "2026-10-12");
    (void)snprintf(text, sizeof text, "{%s}", sent);
    make(&m, REGISTER_TRANSFER, "sent", "2026-09-29", text);
    add(&run, &m);
    drop(&m);
    make(&m, REGISTER_TRANSFER, "differs", "2026-09-29", opened);
    act(&m, "open", "2026-10-10");
    add(&run, &m);
    drop(&m);
    make(&m, REGISTER_TRANSFER, "kept", "2026-09-01T00:00", "{\"documents\":[{\"name\":\"户口簿\",\"originals\":2}]}");
    add(&run, &m);
    drop(&m);
    make(&m, REGISTER_TRANSFER, "kept", "2026-08-31T23:59", "{\"documents\":[{\"name\":\"户口簿\",\"originals\":2}]}");
    add(&run, &m); /* over before the period */
    drop(&m);
    assert_int_equal(json_array_size(run.rows), 3);
    static const char *const want[][4] = {
        {"route", "330483 320623", "330483 320623", "applicant 330483"},
        {"documents", "户口簿; 照片", "户口簿; 照片", "户口簿"},
        {"originals", "2", "2", "2"},
        {"posted", "2026-09-30", "2026-09-30", "null"},
        {"opened", "null", "2026-10-10", "null"},
        {"opened_by", "", "陆文斌, 缪建国", ""},
        {"differences", "0", "1", "0"},
        {"state", "sent", "differs", "kept"},
        /* 10-08, 10-09, the make-up Saturday 10-10 and Monday 10-12 */
        {"days", "4", "3", "null"},
        {"days_late", "2", "2", "0"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        for (size_t row = 0; row < 3; row++)
            assert_string_equal(cell(&run, row, want[i][0]), want[i][row + 1]);
    report_end(&run);

    static const struct {
        const char *state, *today, *status;
    } rows[] = {{"sent", "2026-10-09", "mail_under_way"}, {"sent", "2026-10-10", "mail_overdue"}, {"opened", "2026-12-31", "mail_received"},
                {"lost", "2026-12-31", "mail_lost"},      {"written_off", "2026-12-31", "mail_lost"}, {"came_back", "2026-12-31", "mail_back"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&run, "mail", "2026-09-30", "2026-09-30", rows[i].today);
        make(&m, REGISTER_TRANSFER, rows[i].state, "2026-09-29", text);
        add(&run, &m);
        assert_string_equal(cell(&run, 0, "status"), rows[i].status);
        assert_string_equal(cell(&run, 0, "what"), "mail_papers");
        assert_string_equal(cell(&run, 0, "by"), "home");
        assert_string_equal(cell(&run, 0, "direction"), "remote");
        report_end(&run);
        begin(&run, "mail", "2026-10-01", "2026-10-31", rows[i].today);
        add(&run, &m);
        assert_int_equal(json_array_size(run.rows), 0); /* posted the day before */
        report_end(&run);
        drop(&m);
    }
}

static void test_originals(void **state)
{
    (void)state;
    static const struct {
        struct originals sums;
        enum case_state state;
        const char *balanced;
    } rows[] = {{{.balanced = true}, CASE_ACCEPTED, NULL},
                {{.kept = 3, .at_home = 1, .at_intake = 1, .moving = 1, .balanced = true}, CASE_ACCEPTED, "balanced"},
                {{.kept = 3, .at_home = 1, .returned = 2, .balanced = true}, CASE_COMPLETED, "not_returned"},
                {{.kept = 3, .returned = 2, .lost = 1, .balanced = true}, CASE_COMPLETED, "balanced"},
                {{.kept = 1, .returned = 2, .at_home = -1, .balanced = false}, CASE_ACCEPTED, "unbalanced"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        struct report_case c = {.originals = rows[i].sums, .state = rows[i].state, .applicant = ""};
        c.times[TIME_HANDED_IN] = at("2026-11-02");
        struct report_fact fact = {.source = REPORT_CASES, .one = &c};
        begin(&run, "originals", "2016-12-01", "2026-11-25", "2026-11-25");
        assert_int_equal(report_add(&run, &fact), 0);
        assert_int_equal(json_array_size(run.rows), rows[i].balanced ? 1 : 0);
        if (rows[i].balanced)
            assert_string_equal(cell(&run, 0, "balanced"), rows[i].balanced);
        report_end(&run);
    }
}

static void test_problems(void **state)
{
    (void)state;
    struct report_run run;
    struct made m;
    begin(&run, "problem", "2026-10-01", "2026-12-31", "2026-11-25");
    make(&m, REGISTER_PROBLEM, "measured", "2026-09-30",
         "{\"class\":\"delay\",\"subject\":\"=等候\",\"handling\":{\"responsible\":\"陆文斌\",\"due\":\"2026-11-24\"},"
         "\"measures\":[{\"measure\":\"一\"},{\"measure\":\"二\"}],\"meeting\":{\"meeting\":\"2026-12-20\"}}");
    add(&run, &m);
    static const char *const want[][2] = {{"office", "330483"}, {"class", "delay"},     {"responsible", "陆文斌"}, {"measure", "二"},
                                          {"due", "2026-11-24"}, {"meeting", "2026-12-20"}, {"result", ""},     {"days_late", "1"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_string_equal(cell(&run, 0, want[i][0]), want[i][1]);
    report_end(&run);
    drop(&m);
}

static void test_ratings(void **state)
{
    (void)state;
    struct report_run run;
    struct made m;
    begin(&run, "rating", "2026-10-01", "2026-12-31", "2026-12-31");
    make(&m, REGISTER_RATING, "put_right", "2026-09-30T23:59", "{\"about\":\"home_department\",\"level\":1,\"channel\":\"qr\"}");
    add(&run, &m); /* the quarter before */
    drop(&m);
    make(&m, REGISTER_RATING, "put_right", "2026-10-01T00:00", "{\"about\":\"home_department\",\"level\":1,\"channel\":\"qr\"}");
    act(&m, "record", "2026-10-01T00:00");
    act(&m, "call-back", "2026-10-08");
    act(&m, "put-right", "2026-10-09");
    add(&run, &m);
    drop(&m);
    make(&m, REGISTER_RATING, "rated", "2026-12-31T23:59", "{\"about\":\"intake_window\",\"level\":5,\"channel\":\"default\"}");
    add(&run, &m);
    drop(&m);
    assert_int_equal(json_array_size(run.rows), 2);
    assert_string_equal(cell(&run, 0, "office"), "330483");
    assert_string_equal(cell(&run, 0, "call_days"), "1"); /* seven days off */
    assert_string_equal(cell(&run, 0, "fix_days"), "2");
    assert_string_equal(cell(&run, 0, "counted"), "1");
    assert_string_equal(cell(&run, 1, "office"), "320623");
    assert_string_equal(cell(&run, 1, "counted"), "0");
    assert_string_equal(cell(&run, 1, "called"), "null");
    report_end(&run);
}

static void test_contacts(void **state)
{
    (void)state;
    struct report_run run;
    struct made m;
    begin(&run, "contact", "2016-12-01", "2026-11-25", "2026-11-25");
    make(&m, REGISTER_CONTACT, "away", "2021-01-01",
         "{\"name\":\"陆文斌\",\"function\":\"liaison\",\"department\":\"政务办\",\"phone\":\"0573\",\"deputy\":\"钱\",\"deputy_phone\":\"1\","
         "\"absence\":{\"from\":\"2026-11-20\",\"until\":\"2026-12-05\"}}");
    add(&run, &m);
    assert_string_equal(cell(&run, 0, "absence"), "2026-11-20..2026-12-05");
    m.object.state = register_state_by_name(m.object.kind, "listed");
    add(&run, &m);
    assert_string_equal(cell(&run, 1, "absence"), "");
    m.object.state = register_state_by_name(m.object.kind, "removed");
    add(&run, &m);
    assert_int_equal(json_array_size(run.rows), 2);
    report_end(&run);
    drop(&m);
}

#define GRANT "{\"items\":\"*\",\"steps\":\"INOPD\",\"acceptance\":true,\"from\":\"2026-01-01\",\"until\":\"%s\",\"announcement\":\"公告7号\"," \
              "\"in_name\":\"principal\",\"open_cases\":\"finish\"%s}"

static void test_authorisations(void **state)
{
    (void)state;
    static const struct {
        const char *state, *until, *more, *status, *rule;
    } rows[] = {{"offered", "2026-12-31", "", "awaits_acceptance", "finish"},
                {"active", "2026-12-31", "", "in_force", "finish"},
                {"active", "2026-11-25", "", "in_force", "finish"},
                {"active", "2026-11-24", "", "expired", "finish"}, /* its last day is over, the clock has not ticked yet */
                {"suspended", "2026-12-31", "", "suspended", "finish"},
                {"revoked", "2026-12-31", ",\"revocation\":{\"open_cases\":\"stop\"}", "revoked", "stop"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        struct made m;
        char text[500];
        (void)snprintf(text, sizeof text, GRANT, rows[i].until, rows[i].more);
        make(&m, REGISTER_AUTHORISATION, rows[i].state, "2025-12-20", text);
        m.object.spans = "2026-01-01..";
        begin(&run, "authorisation", "2026-01-01", "2026-11-25", "2026-11-25");
        add(&run, &m);
        assert_string_equal(cell(&run, 0, "status"), rows[i].status);
        assert_string_equal(cell(&run, 0, "open_cases"), rows[i].rule);
        assert_string_equal(cell(&run, 0, "spans"), "2026-01-01..");
        assert_string_equal(cell(&run, 0, "acceptance"), "1");
        /* the same one as a row of the table of authorisations is not a second one */
        struct report_grant grant = {.id = "u", .principal = "330483", .delegate = "320623", .steps = "I", .items = "*", .announcement = "",
                                     .from_day = day("2026-01-01"), .until_day = day("2026-12-31"), .registered = true};
        struct report_fact fact = {.source = REPORT_GRANTS, .grant = &grant};
        assert_int_equal(report_add(&run, &fact), 0);
        assert_int_equal(json_array_size(run.rows), 1);
        report_end(&run);
        drop(&m);
    }
}

static void test_overdue(void **state)
{
    (void)state;
    static const struct {
        enum register_kind_id kind;
        const char *state, *content, *light, *office, *side, *level;
    } rows[] = {
        {REGISTER_STEP, "requested", "{\"step\":\"notice\"}", "red", "320623", "intake", "window_head"},
        {REGISTER_STEP, "done", "{\"step\":\"notice\"}", NULL, NULL, NULL, NULL},
        {REGISTER_PROBLEM, "taken", "{}", "red", "320623", "intake", "window_head"},
        {REGISTER_PROBLEM, "measured", "{}", "red", "330483", "home", "window_head"}, /* to be confirmed by who raised it */
        {REGISTER_TRANSFER, "sent", "{\"mail\":{\"posted_on\":\"2026-11-02\",\"expected_on\":\"2026-11-25\"}}", "red", "320623", "intake", "liaison"},
        {REGISTER_TRANSFER, "packed", "{}", NULL, NULL, NULL, NULL},
        {REGISTER_AUTHORISATION, "offered", "{}", NULL, NULL, NULL, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        struct made m;
        make(&m, rows[i].kind, rows[i].state, "2026-11-02", rows[i].content);
        m.object.due_day = day("2026-11-24");
        begin(&run, "overdue", "2016-12-01", "2026-11-25", "2026-11-25");
        add(&run, &m);
        assert_int_equal(json_array_size(run.rows), rows[i].light ? 1 : 0);
        if (rows[i].light) {
            assert_string_equal(cell(&run, 0, "light"), rows[i].light);
            assert_string_equal(cell(&run, 0, "office"), rows[i].office);
            assert_string_equal(cell(&run, 0, "side"), rows[i].side);
            assert_string_equal(cell(&run, 0, "level"), rows[i].level);
            assert_string_equal(cell(&run, 0, "clock"), m.object.kind->name);
            assert_string_equal(cell(&run, 0, "no"), m.object.no);
        }
        report_end(&run);
        drop(&m);
    }
}

/* ---- the quarterly meeting ---- */

static void rate(struct report_run *run, const char *about, int level, const char *channel, const char *when, bool called)
{
    char text[160];
    struct made m;
    (void)snprintf(text, sizeof text, "{\"about\":\"%s\",\"level\":%d,\"channel\":\"%s\"}", about, level, channel);
    make(&m, REGISTER_RATING, level > 2 ? "rated" : called ? "called_back" : "bad", when, text);
    act(&m, "record", when);
    if (called)
        act(&m, "call-back", when);
    add(run, &m);
    drop(&m);
}

static void test_meeting_ratings(void **state)
{
    (void)state;
    struct report_run run;
    begin(&run, "meeting", "2026-10-01", "2026-12-31", "2027-01-10");
    rate(&run, "home_department", 5, "qr", "2026-10-01T00:00", false);
    rate(&run, "home_department", 1, "qr", "2026-12-31T23:59", true);
    rate(&run, "home_department", 2, "pc", "2026-11-11", false);
    rate(&run, "home_department", 5, "default", "2026-11-11", false); /* nobody rated */
    rate(&run, "home_department", 1, "qr", "2026-09-30T23:59", true);
    rate(&run, "home_department", 1, "qr", "2027-01-01T00:00", true);
    rate(&run, "intake_window", 4, "tablet", "2026-11-11", false);
    assert_int_equal(report_finish(&run), 0);
    assert_string_equal(value_of(&run, "rating", "330483 home", "ratings"), "3");
    assert_string_equal(value_of(&run, "rating", "330483 home", "average_level"), "2.67 (8/3)");
    assert_string_equal(value_of(&run, "rating", "330483 home", "bad_rate"), "66.7% (2/3)");
    assert_string_equal(value_of(&run, "rating", "330483 home", "called_back_rate"), "50.0% (1/2)");
    assert_string_equal(value_of(&run, "rating", "330483 home", "put_right_rate"), "0.0% (0/2)");
    assert_string_equal(value_of(&run, "rating", "320623 intake", "average_level"), "4.00 (4/1)");
    assert_string_equal(value_of(&run, "rating", "320623 intake", "called_back_rate"), ""); /* none was bad */
    report_end(&run);
}

static void test_meeting_problems(void **state)
{
    (void)state;
    static const char question[] = "{\"class\":\"mail\",\"subject\":\"x\",\"due\":\"2026-12-30\",\"meeting\":{\"meeting\":\"2027-01-12\","
                                   "\"question\":\"是否更换寄递企业\"}}";
    struct report_run run;
    struct made m;
    begin(&run, "meeting", "2026-10-01", "2026-12-31", "2027-01-10");
    make(&m, REGISTER_PROBLEM, "taken", "2026-08-01", question);
    m.object.due_day = day("2026-12-30");
    act(&m, "meet", "2026-12-31T23:59");
    add(&run, &m); /* raised before, open, late, put on the agenda in the quarter */
    drop(&m);
    make(&m, REGISTER_PROBLEM, "closed", "2026-10-01T00:00", "{\"class\":\"mail\",\"subject\":\"y\",\"due\":\"2026-10-05\"}");
    m.object.changed = at("2026-12-31T23:59");
    add(&run, &m);
    m.object.changed = at("2027-01-01T00:00"); /* at the end of the quarter it was open */
    m.object.due_day = day("2027-02-01");
    add(&run, &m);
    drop(&m);
    make(&m, REGISTER_PROBLEM, "raised", "2027-01-01T00:00", "{\"class\":\"mail\",\"subject\":\"z\"}");
    add(&run, &m);
    drop(&m);
    assert_int_equal(report_finish(&run), 0);
    assert_string_equal(value_of(&run, "problem", "mail", "problems_raised"), "2");
    assert_string_equal(value_of(&run, "problem", "mail", "problems_solved"), "1");
    assert_string_equal(value_of(&run, "problem", "mail", "problems_open"), "2");
    assert_string_equal(value_of(&run, "problem", "mail", "problems_late"), "1");
    size_t agenda = 0;
    for (size_t i = 0; i < json_array_size(run.rows); i++)
        if (!strcmp(cell(&run, i, "section"), "agenda") && ++agenda) {
            assert_string_equal(cell(&run, i, "key"), "X330483-2026-1");
            assert_string_equal(cell(&run, i, "label"), "2027-01-12 是否更换寄递企业");
        }
    assert_int_equal(agenda, 1);
    report_end(&run);
}

/* A label longer than its room ends between two characters. */
static void test_long_question(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct report_run run;
        struct made m;
        char question[1600] = "", text[2000];
        size_t len = shift;
        memset(question, 'x', shift);
        for (; len < 1200; len += strlen("题"))
            memcpy(question + len, "题", strlen("题") + 1);
        (void)snprintf(text, sizeof text, "{\"class\":\"other\",\"meeting\":{\"meeting\":\"2026-12-12\",\"question\":\"%s\"}}", question);
        begin(&run, "meeting", "2026-10-01", "2026-12-31", "2026-12-31");
        make(&m, REGISTER_PROBLEM, "raised", "2026-11-11", text);
        add(&run, &m);
        assert_true(strlen(cell(&run, 0, "label")) > 500);
        report_end(&run);
        drop(&m);
    }
}

static void test_meeting_others(void **state)
{
    (void)state;
    struct report_run run;
    struct made m;
    char text[500];
    begin(&run, "meeting", "2026-10-01", "2026-12-31", "2026-12-31");
    static const struct {
        const char *state, *due, *changed;
    } steps[] = {{"done", "2026-10-01", "2026-10-08"}, /* late */
                 {"done", "2026-12-30", "2026-12-30"},
                 {"requested", "2026-12-30", "2026-11-02"}, /* late, open */
                 {"requested", "2026-12-31", "2026-11-02"}, /* its day is not over */
                 {"void", "2026-11-20", "2026-11-20"},      /* withdrawn in time: not missed */
                 {"done", "2026-09-30", "2026-10-08"},
                 {"requested", "2027-01-01", "2026-11-02"}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        make(&m, REGISTER_STEP, steps[i].state, "2026-09-01", "{\"step\":\"intake\"}");
        m.object.due_day = day(steps[i].due);
        m.object.changed = at(steps[i].changed);
        add(&run, &m);
        drop(&m);
    }
    static const char *const bags[][2] = {{"lost", "2026-10-01"}, {"opened", "2026-12-31"}, {"written_off", "2026-09-30"}};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(text, sizeof text, "{\"mail\":{\"posted_on\":\"%s\"}}", bags[i][1]);
        make(&m, REGISTER_TRANSFER, bags[i][0], "2026-09-29", text);
        add(&run, &m);
        drop(&m);
    }
    (void)snprintf(text, sizeof text, GRANT, "2030-12-31", "");
    make(&m, REGISTER_AUTHORISATION, "suspended", "2026-09-30", text);
    act(&m, "offer", "2026-09-30T23:59");
    act(&m, "accept", "2026-10-01T00:00");
    act(&m, "suspend", "2026-11-02");
    act(&m, "resume", "2026-11-03");
    act(&m, "suspend", "2026-12-31T23:59");
    add(&run, &m);
    drop(&m);
    struct report_grant grant = {.id = "c", .principal = "330483", .delegate = "320623", .steps = "I", .items = "*", .announcement = "公告",
                                 .from_day = day("2021-01-01"), .until_day = day("2026-12-31")};
    struct report_fact fact = {.source = REPORT_GRANTS, .grant = &grant};
    assert_int_equal(report_add(&run, &fact), 0);
    assert_int_equal(report_finish(&run), 0);
    assert_string_equal(value_of(&run, "step", "320623 taking_in", "late_steps"), "2/3");
    assert_string_equal(value_of(&run, "mail", "mail_papers", "lost_rate"), "50.0% (1/2)");
    assert_string_equal(value_of(&run, "authorisation", "X330483-2026-1", "granted"), "");
    assert_string_equal(value_of(&run, "authorisation", "X330483-2026-1", "accepted"), "1");
    assert_string_equal(value_of(&run, "authorisation", "X330483-2026-1", "suspended"), "2");
    assert_string_equal(value_of(&run, "authorisation", "X330483-2026-1", "resumed"), "1");
    assert_string_equal(value_of(&run, "authorisation", "330483", "ends"), "1");
    assert_string_equal(value_of(&run, "authorisation", "330483", "begins"), "");
    report_end(&run);
}

/* ---- filters, merging, the check ---- */

static void test_filters_and_refused(void **state)
{
    (void)state;
    struct report_run run;
    struct made m;
    make(&m, REGISTER_PROBLEM, "raised", "2026-11-02", "{\"class\":\"mail\",\"subject\":\"x\"}");
    static const struct {
        const char *office, *item;
        size_t rows;
    } filters[] = {{"", "", 1}, {"320623", "", 1}, {"330503", "", 0}, {"", "GA01", 1}, {"", "GA09", 0}};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        begin(&run, "problem", "2026-11-01", "2026-11-30", "2026-11-30");
        run.office = filters[i].office;
        run.item = filters[i].item;
        add(&run, &m);
        assert_int_equal(json_array_size(run.rows), filters[i].rows);
        report_end(&run);
    }
    /* the act that made it was refused: there is no such object */
    m.object.state = REGISTER_NONE;
    for (size_t i = 0; i < report_count; i++) {
        begin(&run, reports[i].name, "2026-11-01", "2026-11-30", "2026-11-30");
        add(&run, &m);
        assert_int_equal(json_array_size(run.rows), 0);
        report_end(&run);
    }
    drop(&m);
}

/* Every report takes every object in every state, with nothing in it. */
static void test_every_state(void **state)
{
    (void)state;
    for (size_t r = 0; r < report_count; r++)
        for (int kind = 0; kind < REGISTER_KINDS; kind++)
            for (size_t s = 1; s < register_kinds[kind].state_count; s++) {
                struct report_run run, merged;
                struct made m;
                if (!(reports[r].registers >> kind & 1))
                    continue;
                make(&m, (enum register_kind_id)kind, register_kinds[kind].states[s].name, "2026-11-02", "{}");
                begin(&run, reports[r].name, "2026-10-01", "2026-12-31", "2026-12-31");
                begin(&merged, reports[r].name, "2026-10-01", "2026-12-31", "2026-12-31");
                add(&run, &m);
                assert_int_equal(report_merge(&merged, run.rows), 0); /* the cells have the form of their columns */
                assert_int_equal(report_finish(&run), 0);
                report_end(&run);
                report_end(&merged);
                drop(&m);
            }
}

static void differ(void *context, const char *field, const char *row, const char *entries)
{
    (void)row;
    (void)entries;
    assert_int_equal(buf_printf(context, "%s ", field), 0);
}

static void test_compare(void **state)
{
    (void)state;
    struct made a, b;
    struct buf out;
    buf_init(&out, 4096);
    make(&a, REGISTER_PROBLEM, "raised", "2026-11-02", "{\"class\":\"mail\",\"subject\":\"x\",\"due\":\"2026-11-03\"}");
    make(&b, REGISTER_PROBLEM, "raised", "2026-11-02", "{\"subject\":\"x\",\"class\":\"mail\",\"due\":\"2026-11-03\"}");
    assert_int_equal(report_compare_objects(&a.object, &b.object, differ, &out), 0);
    drop(&b);
    make(&b, REGISTER_PROBLEM, "taken", "2026-11-03", "{\"class\":\"mail\",\"subject\":\"y\",\"handling\":{}}");
    b.object.owner = "1";
    b.object.other = "2";
    b.object.case_no = "3";
    b.object.uuid = "4";
    b.object.due_day = 5;
    b.object.pending = 6;
    b.object.spans = "7";
    b.object.cover = "8";
    assert_int_equal(report_compare_objects(&a.object, &b.object, differ, &out), 15);
    assert_string_equal(out.data, "owner other case uuid state confirmed spans cover opened changed due pending subject handling due ");
    drop(&a);
    drop(&b);
    buf_free(&out);
}

/* ---- what was not as it should be ---- */

static void test_liabilities(void **state)
{
    (void)state;
    struct report_case c = {.state = CASE_ACCEPTED, .originals = {.balanced = true}};
    struct account_line lines[2] = {{.verdict = -1, .problem = "", .authorised = true}, {.verdict = -1, .problem = "", .authorised = true}};
    struct account account = {.facts = &c, .lines = lines, .count = 1, .calendar = calendar, .today = day("2026-11-23")};
    struct made m;

    make(&m, REGISTER_STEP, "requested", "2026-11-20", "{\"step\":\"notice\"}");
    m.object.due_day = day("2026-11-23");
    lines[0].object = &m.object;
    lines[0].type = ENTRY_STEP_ACT;
    lines[0].act = register_act_by_name(m.object.kind, "request");
    assert_false(shows("step-late", &account, 0));
    account.today = day("2026-11-24");
    assert_true(shows("step-late", &account, 0));
    m.object.state = register_state_by_name(m.object.kind, "done"); /* then the line that ended it shows it */
    assert_false(shows("step-late", &account, 0));
    lines[0].act = register_act_by_name(m.object.kind, "done");
    lines[0].at = at("2026-11-23T23:59");
    assert_false(shows("step-late", &account, 0));
    lines[0].at = at("2026-11-24T00:00");
    assert_true(shows("step-late", &account, 0));
    lines[0].verdict = 1;
    assert_false(shows("step-late", &account, 0));
    lines[0].problem = "no-authorisation"; /* done without one: the home side refused the act */
    assert_true(shows("no-authorisation", &account, 0));
    assert_false(shows("refused", &account, 0));
    lines[0].verdict = -1;
    lines[0].problem = "";
    lines[0].act = register_act_by_name(m.object.kind, "void");
    assert_false(shows("step-late", &account, 0));
    drop(&m);

    make(&m, REGISTER_RATING, "bad", "2026-11-20", "{\"level\":1}");
    lines[0].act = register_act_by_name(m.object.kind, "record");
    account.today = day("2026-11-23"); /* Monday: one working day */
    assert_false(shows("rating-not-called", &account, 0));
    account.today = day("2026-11-24");
    assert_true(shows("rating-not-called", &account, 0));
    m.object.state = register_state_by_name(m.object.kind, "called_back");
    assert_false(shows("rating-not-called", &account, 0));
    lines[0].act = register_act_by_name(m.object.kind, "call-back");
    lines[0].at = at("2026-11-24");
    assert_true(shows("rating-not-called", &account, 0));
    lines[0].at = at("2026-11-23");
    assert_false(shows("rating-not-called", &account, 0));
    drop(&m);

    make(&m, REGISTER_TRANSFER, "kept", "2026-11-20", "{}");
    lines[0].act = lines[1].act = register_act_by_name(m.object.kind, "keep");
    lines[1].object = &m.object;
    account.count = 2;
    assert_false(shows("originals-open", &account, 1));
    c.originals = (struct originals){.kept = 1, .lost = 1, .balanced = true};
    assert_true(shows("originals-open", &account, 1));
    assert_false(shows("originals-open", &account, 0)); /* the newest line only */
    c.originals = (struct originals){.kept = 1, .at_intake = 1, .balanced = true};
    assert_false(shows("originals-open", &account, 1));
    c.state = CASE_COMPLETED;
    assert_true(shows("originals-open", &account, 1));
    c.state = CASE_ACCEPTED;
    c.originals = (struct originals){.kept = 1, .returned = 2, .at_intake = -1, .balanced = false};
    assert_true(shows("originals-open", &account, 1));
    drop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),           cmocka_unit_test(test_step_sums),      cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_originals),       cmocka_unit_test(test_problems),       cmocka_unit_test(test_ratings),
        cmocka_unit_test(test_contacts),        cmocka_unit_test(test_authorisations), cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_meeting_ratings), cmocka_unit_test(test_meeting_problems), cmocka_unit_test(test_long_question),
        cmocka_unit_test(test_meeting_others),  cmocka_unit_test(test_filters_and_refused), cmocka_unit_test(test_every_state),
        cmocka_unit_test(test_compare),         cmocka_unit_test(test_liabilities),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
