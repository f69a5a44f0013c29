/* Reports: every row of the table over made-up facts, with figures computed by hand; periods, rates, merging, CSV, and the reference page.
 * docs/reference/reports.md is written anew by
 *     unit_proto_test_report --write docs/reference/reports.md */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/access.h"
#include "proto/liability.h"
#include "proto/limits.h"
#include "proto/report.h"
#include "proto/timestamp.h"
#include "tests/unit/page.h"
#include "tests/unit/proto/days.h"

static struct report_case make(const char *no, const char *intake, const char *handed_in)
{
    struct report_case c = {.item_version = 1, .item_name = "居民身份证换领", .department = "公安局", .mode = "PROXY", .applicant = "张*",
                            .state = CASE_RECEIVED, .materials = 2};
    (void)snprintf(c.case_no, sizeof c.case_no, "%s", no);
    (void)snprintf(c.intake, sizeof c.intake, "%s", intake);
    (void)snprintf(c.home, sizeof c.home, "%s", strcmp(intake, "330483") ? "330483" : "320623");
    (void)snprintf(c.item, sizeof c.item, "GA01");
    c.times[TIME_HANDED_IN] = at(handed_in);
    return c;
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

static void add(struct report_run *run, const struct report_case *c)
{
    struct report_fact fact = {.source = REPORT_CASES, .one = c};
    assert_int_equal(report_add(run, &fact), 0);
}

static const char *cell(const struct report_run *run, size_t row, const char *column)
{
    static char number[24];
    const json_t *value = json_object_get(json_array_get(run->rows, row), column);
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        return number;
    }
    return json_is_string(value) ? json_string_value(value) : "null";
}

/* The value of a measure, "" when the row is not there. */
static const char *value_of(const struct report_run *run, const char *section, const char *key, const char *measure)
{
    for (size_t i = 0; i < json_array_size(run->rows); i++)
        if (!strcmp(cell(run, i, "section"), section) && !strcmp(cell(run, i, "key"), key) && !strcmp(cell(run, i, "measure"), measure))
            return cell(run, i, "value");
    return "";
}

static void test_table_is_whole(void **state)
{
    (void)state;
    assert_true(report_count >= 9);
    for (size_t i = 0; i < report_count; i++) {
        const struct report *r = &reports[i];
        unsigned columns = 0;
        assert_ptr_equal(report_find(r->name), r);
        assert_true(r->zh[0] && r->help[0] && r->basis[0] && r->feeds->row);
        for (const struct report_column *c = r->columns; c->name; c++, columns++) {
            assert_true(c->zh[0]);
            for (const struct report_column *d = r->columns; d != c; d++)
                assert_string_not_equal(c->name, d->name);
        }
        assert_in_range(columns, 1, 16); /* what a table of the program holds */
        if (r->sort)
            assert_true(!r->sums);
    }
    for (size_t i = 0; i < report_word_count; i++)
        assert_ptr_equal(report_word_find(report_words[i].word), &report_words[i]);
    assert_null(report_find("none"));
    assert_null(report_find(NULL));
}

/* Two cases of a quarter's first and last day count; one a minute before and one after do not. */
static void test_quarter_borders(void **state)
{
    (void)state;
    struct report_run run;
    int64_t from, to;
    assert_int_equal(report_quarter("2026Q4", &from, &to), 0);
    assert_int_equal(from, day("2026-10-01"));
    assert_int_equal(to, day("2026-12-31"));
    assert_int_equal(report_quarter("2024Q1", &from, &to), 0);
    assert_int_equal(to, day("2024-03-31"));
    const char *const bad[] = {"2026Q5", "2026Q0", "2026q1", "26Q1", "2026Q", "2026Q44", "2026-4", "Q4", "", "٢026Q1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(report_quarter(bad[i], &from, &to), TB_EMALFORMED);
    assert_int_equal(report_quarter(NULL, &from, &to), TB_EMALFORMED);

    begin(&run, "daily", "2026-10-01", "2026-12-31", "2027-01-05");
    const char *const times[] = {"2026-09-30T23:59", "2026-10-01T00:00", "2026-12-31T23:59", "2027-01-01T00:00"};
    for (size_t i = 0; i < 4; i++) {
        struct report_case c = make("a", i % 2 ? "320623" : "330483", times[i]);
        add(&run, &c);
    }
    assert_int_equal(report_finish(&run), 0);
    assert_int_equal(json_array_size(run.rows), 2);
    assert_string_equal(cell(&run, 0, "day"), "2026-10-01");
    assert_string_equal(cell(&run, 0, "remote"), "1");
    assert_string_equal(cell(&run, 1, "day"), "2026-12-31");
    assert_string_equal(cell(&run, 1, "local"), "1");
    json_t *totals = report_totals(run.report, run.rows);
    assert_int_equal(json_integer_value(json_object_get(totals, "total")), 2);
    assert_int_equal(json_integer_value(json_object_get(totals, "rows")), 2);
    json_decref(totals);
    report_end(&run);
}

static void test_periods(void **state)
{
    (void)state;
    int64_t today = day("2026-11-25"), from = 0, to = 0;
    struct problem p;
    report_period(report_find("intake"), today, &from, &to);
    assert_int_equal(from, day("2026-11-01"));
    assert_int_equal(to, today);
    from = to = 0;
    report_period(report_find("meeting"), today, &from, &to);
    assert_int_equal(from, day("2026-10-01"));
    from = 0;
    to = day("2026-01-01");
    report_period(report_find("meeting"), today, &from, &to);
    assert_int_equal(from, day("2026-01-01"));
    from = to = 0;
    report_period(report_find("figures"), today, &from, &to);
    assert_int_equal(report_check_period(from, to, &p), 0);
    assert_int_equal(to - from + 1, LIMIT_REPORT_DAYS);
    assert_int_equal(report_check_period(from - 1, to, &p), TB_EMALFORMED);
    assert_string_equal(p.field, "/from");
    assert_int_equal(report_check_period(today, today, &p), 0);
    assert_int_equal(report_check_period(today, today - 1, &p), TB_EMALFORMED);
    assert_string_equal(p.field, "/to");
}

/* A case from acceptance to decision over the eight days of National Day: 2026-09-30 to 2026-10-09. */
static void test_meeting(void **state)
{
    (void)state;
    struct report_run run;
    begin(&run, "meeting", "2026-10-01", "2026-12-31", "2027-01-10");
    /* decided after two working days: 10-08 and 10-09 (10-01 … 10-07 are off) */
    struct report_case a = make("1", "320623", "2026-09-30");
    a.state = CASE_COMPLETED;
    a.times[TIME_ACCEPTED] = at("2026-09-30");
    a.times[TIME_DECIDED] = at("2026-10-09");
    a.granted = 1;
    a.due[REPORT_NOTICE] = day("2026-10-13");
    a.due[REPORT_DECISION] = day("2026-10-08"); /* one day late */
    a.ended[REPORT_NOTICE] = day("2026-09-30");
    a.ended[REPORT_DECISION] = day("2026-10-09");
    add(&run, &a);
    /* after one working day, with a notice */
    struct report_case b = make("2", "330483", "2026-11-02");
    b.state = CASE_DENIED;
    b.notices = 1;
    b.notice_at = at("2026-11-03");
    b.times[TIME_ACCEPTED] = at("2026-11-05");
    b.times[TIME_DECIDED] = at("2026-11-06");
    b.denied = 1;
    b.due[REPORT_NOTICE] = day("2026-11-09");
    b.due[REPORT_DECISION] = day("2026-12-03");
    b.ended[REPORT_NOTICE] = day("2026-11-03");
    b.ended[REPORT_DECISION] = day("2026-11-06");
    add(&run, &b);
    /* not accepted */
    struct report_case c = make("3", "320623", "2026-12-31");
    c.state = CASE_REFUSED;
    c.times[TIME_DECIDED] = at("2026-12-31");
    c.refused = 1;
    c.mode = "";
    c.mail_asked_at = at("2026-12-31");
    (void)snprintf(c.mail_place, sizeof c.mail_place, "intake");
    c.due[REPORT_DELIVERY] = day("2026-12-31"); /* nothing delivered ten days later */
    add(&run, &c);
    assert_int_equal(report_finish(&run), 0);

    assert_string_equal(value_of(&run, "volume", "all", "cases"), "2"); /* a was handed in the quarter before */
    assert_string_equal(value_of(&run, "direction", "remote", "cases"), "1");
    assert_string_equal(value_of(&run, "direction", "local", "cases"), "1");
    assert_string_equal(value_of(&run, "mode", "PROXY", "cases"), "1");
    assert_string_equal(value_of(&run, "mode", "unknown", "cases"), "1");
    assert_string_equal(value_of(&run, "speed", "all", "average_days"), "1.50 (3/2)");
    assert_string_equal(value_of(&run, "speed", "330483", "average_days"), "2.00 (2/1)");
    assert_string_equal(value_of(&run, "supplement", "all", "supplement_rate"), "50.0% (1/2)");
    assert_string_equal(value_of(&run, "refusal", "all", "refusal_rate"), "50.0% (1/2)"); /* b accepted, c refused; a accepted before */
    assert_string_equal(value_of(&run, "overdue", "330483 home", "decision"), "1/1");
    assert_string_equal(value_of(&run, "overdue", "320623 home", "decision"), "0/1");
    assert_string_equal(value_of(&run, "overdue", "330483 home", "acceptance"), "0/1");
    assert_string_equal(value_of(&run, "overdue", "320623 intake", "delivery"), "1/1");
    assert_string_equal(value_of(&run, "mail", "all", "undelivered_rate"), "100.0% (1/1)");
    assert_string_equal(value_of(&run, "rating", "all", "ratings"), "0");
    report_end(&run);
}

/* No case at all: each section says so, nothing is divided. */
static void test_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < report_count; i++) {
        struct report_run run;
        begin(&run, reports[i].name, "2026-10-01", "2026-12-31", "2026-12-31");
        assert_int_equal(report_finish(&run), 0);
        bool meeting = !strcmp(reports[i].name, "meeting");
        assert_int_equal(json_array_size(run.rows), meeting ? 13 : 0);
        size_t counted = 0;
        for (size_t n = 0; n < json_array_size(run.rows); n++) {
            /* what has a register counts nothing, instead of knowing nothing */
            bool data = strcmp(cell(&run, n, "measure"), "no_data") != 0;
            assert_string_equal(cell(&run, n, "value"), data ? "0" : "");
            counted += data;
        }
        assert_int_equal(counted, meeting ? 4 : 0);
        report_end(&run);
    }
}

/* A page that says 0 of 0 is not divided; thirds are rounded to the nearest tenth. */
static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *measure;
        int count, of;
        const char *value;
    } rows[] = {{"supplement_rate", 0, 0, "-"},       {"supplement_rate", 1, 3, "33.3% (1/3)"}, {"supplement_rate", 2, 3, "66.7% (2/3)"},
                {"average_days", 0, 0, "-"},          {"average_days", 5, 3, "1.67 (5/3)"},     {"average_days", 0, 4, "0.00 (0/4)"},
                {"cases", 7, 0, "7"},                 {"decision", 0, 0, "-"},                  {"decision", 2, 9, "2/9"},
                {"refusal_rate", 1, 8, "12.5% (1/8)"}, {"average_days", 1, 200, "0.01 (1/200)"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        begin(&run, "meeting", "2026-10-01", "2026-12-31", "2026-12-31");
        json_t *page = json_pack("[{s:s, s:s, s:s, s:s, s:i, s:i, s:n}]", "section", "speed", "key", "all", "label", "", "measure",
                                 rows[i].measure, "count", rows[i].count, "of", rows[i].of, "value");
        assert_int_equal(report_merge(&run, page), 0);
        assert_int_equal(report_finish(&run), 0);
        assert_string_equal(value_of(&run, "speed", "all", rows[i].measure), rows[i].value);
        json_decref(page);
        report_end(&run);
    }
}

/* Pages merged give what one run gives, in whatever order they come. */
static void test_merge(void **state)
{
    (void)state;
    const char *const names[] = {"meeting", "figures", "daily", "intake"};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        struct report_run whole, pages[3], merged;
        begin(&whole, names[n], "2026-10-01", "2026-12-31", "2026-12-31");
        begin(&merged, names[n], "2026-10-01", "2026-12-31", "2026-12-31");
        for (int k = 0; k < 3; k++)
            begin(&pages[k], names[n], "2026-10-01", "2026-12-31", "2026-12-31");
        for (int i = 0; i < 30; i++) {
            char date[24], no[24];
            (void)snprintf(date, sizeof date, "2026-%02d-%02d", 10 + i % 3, 1 + i);
            (void)snprintf(no, sizeof no, "%02d", i);
            struct report_case c = make(no, i % 4 ? "320623" : "330483", date);
            c.notices = i % 5 == 0;
            add(&whole, &c);
            add(&pages[i / 10], &c);
        }
        for (int k = 2; k >= 0; k--) {
            assert_int_equal(report_merge(&merged, pages[k].rows), 0);
            report_end(&pages[k]);
        }
        assert_int_equal(report_finish(&whole), 0);
        assert_int_equal(report_finish(&merged), 0);
        assert_true(json_array_size(whole.rows) > 0);
        assert_true(json_equal(whole.rows, merged.rows));
        report_end(&whole);
        report_end(&merged);
    }
}

static void test_bad_pages(void **state)
{
    (void)state;
    const char *const bad[] = {"{}", "[1]", "[[]]", "[{}]", "[{\"day\":\"2026-11-01\",\"local\":\"1\",\"remote\":0,\"total\":1}]",
                               "[{\"day\":5,\"local\":1,\"remote\":0,\"total\":1}]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct report_run run;
        json_t *page = json_loads(bad[i], 0, NULL);
        begin(&run, "daily", "2026-10-01", "2026-12-31", "2026-12-31");
        assert_int_equal(report_merge(&run, page), TB_EMALFORMED);
        assert_int_equal(report_merge(&run, NULL), TB_EMALFORMED);
        json_decref(page);
        report_end(&run);
    }
}

static void test_filters(void **state)
{
    (void)state;
    struct report_run run;
    struct report_case a = make("1", "320623", "2026-11-02"), b = make("2", "330503", "2026-11-02");
    begin(&run, "intake", "2026-11-01", "2026-11-30", "2026-11-30");
    run.office = "320623";
    add(&run, &a);
    add(&run, &b);
    assert_int_equal(json_array_size(run.rows), 1);
    assert_string_equal(cell(&run, 0, "applicant"), "张*");
    report_end(&run);
    begin(&run, "intake", "2026-11-01", "2026-11-30", "2026-11-30");
    run.item = "GA02";
    add(&run, &a);
    assert_int_equal(json_array_size(run.rows), 0);
    report_end(&run);
}

static void test_supplement(void **state)
{
    (void)state;
    static const struct {
        const char *notice, *deadline, *done;
        enum case_state state;
        const char *days, *in_time;
    } rows[] = {{"2026-09-30", "2026-10-08", "2026-10-08", CASE_SUPPLEMENTED, "1", "in_time"},
                {"2026-09-30", "2026-10-08", "2026-10-09", CASE_SUPPLEMENTED, "2", "too_late"},
                {"2026-09-30", "2026-12-31", NULL, CASE_SUPPLEMENT_ASKED, "null", "waiting"},
                {"2026-09-30", "2026-10-08", NULL, CASE_SUPPLEMENT_ASKED, "null", "missed"},
                {"2026-09-30", "2026-10-08", NULL, CASE_REFUSED, "null", "not_supplemented"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        struct report_case c = make("1", "320623", "2026-09-29");
        begin(&run, "supplement", "2026-09-01", "2026-12-31", "2026-11-25");
        c.notice_at = at(rows[i].notice);
        c.deadline_day = day(rows[i].deadline);
        c.supplemented_at = rows[i].done ? at(rows[i].done) : 0;
        c.state = rows[i].state;
        add(&run, &c);
        assert_int_equal(json_array_size(run.rows), 1);
        assert_string_equal(cell(&run, 0, "days"), rows[i].days);
        assert_string_equal(cell(&run, 0, "in_time"), rows[i].in_time);
        report_end(&run);
    }
}

static void test_mail(void **state)
{
    (void)state;
    struct report_run run;
    begin(&run, "mail", "2026-10-01", "2026-10-31", "2026-11-25");
    struct report_case c = make("1", "320623", "2026-09-01");
    add(&run, &c); /* never by mail */
    assert_int_equal(json_array_size(run.rows), 0);
    c.mail_asked_at = at("2026-09-30");
    c.mailed = 1;
    c.received_at = at("2026-10-09");
    c.times[TIME_DELIVERED] = at("2026-10-09");
    (void)snprintf(c.mail_place, sizeof c.mail_place, "intake");
    (void)snprintf(c.tracking_no, sizeof c.tracking_no, "EE123456785CN");
    add(&run, &c);
    assert_string_equal(cell(&run, 0, "days"), "2");
    assert_string_equal(cell(&run, 0, "by"), "intake");
    assert_string_equal(cell(&run, 0, "status"), "mail_received");
    c.mail_refused = 1;
    add(&run, &c);
    assert_string_equal(cell(&run, 1, "status"), "mail_refused");
    struct report_case w = make("2", "320623", "2026-10-01");
    w.mail_asked_at = at("2026-10-10");
    w.due[REPORT_DELIVERY] = day("2026-11-25");
    add(&run, &w);
    assert_string_equal(cell(&run, 2, "status"), "mail_under_way");
    w.due[REPORT_DELIVERY] = day("2026-11-24");
    add(&run, &w);
    assert_string_equal(cell(&run, 3, "status"), "mail_overdue");
    assert_string_equal(cell(&run, 3, "received"), "null");
    report_end(&run);
}

static void test_overdue(void **state)
{
    (void)state;
    static const struct {
        enum case_state state;
        const char *due, *light, *left, *office, *level;
        bool stopped;
    } rows[] = {{CASE_RECEIVED, "2026-11-25", "red", "0", "330483", "liaison", false},
                {CASE_RECEIVED, "2026-11-26", "yellow", "1", "330483", "officer", false},
                {CASE_RECEIVED, "2026-11-24", "red", "-1", "330483", "window_head", false},
                {CASE_DELIVERING, "2026-11-11", "red", "-10", "320623", "meeting", false},
                {CASE_RECEIVED, "2026-12-31", NULL, NULL, NULL, NULL, false}, /* green */
                {CASE_SUPPLEMENT_ASKED, "2026-11-24", NULL, NULL, NULL, NULL, true},
                {CASE_COMPLETED, "2026-11-24", NULL, NULL, NULL, NULL, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct report_run run;
        struct report_case c = make("1", "320623", "2026-11-02");
        begin(&run, "overdue", "2026-01-01", "2026-11-25", "2026-11-25");
        c.state = rows[i].state;
        c.due_day = day(rows[i].due);
        c.stopped = rows[i].stopped;
        c.due_from = day("2026-11-02");
        c.due_clock = "decision";
        add(&run, &c);
        assert_int_equal(json_array_size(run.rows), rows[i].light ? 1 : 0);
        if (rows[i].light) {
            assert_string_equal(cell(&run, 0, "light"), rows[i].light);
            assert_string_equal(cell(&run, 0, "left"), rows[i].left);
            assert_string_equal(cell(&run, 0, "office"), rows[i].office);
            assert_string_equal(cell(&run, 0, "level"), rows[i].level);
        }
        report_end(&run);
    }
}

static void test_figures(void **state)
{
    (void)state;
    struct report_run run;
    begin(&run, "figures", "2016-12-01", "2026-11-25", "2026-11-25");
    const char *const days[] = {"2026-11-25", "2026-11-01", "2026-01-01", "2025-12-31", "2026-11-26"};
    for (size_t i = 0; i < 5; i++) {
        struct report_case c = make("1", "320623", days[i]);
        add(&run, &c);
    }
    struct report_item item = {.office = "330483", .code = "GA01", .name = "x", .mode = "PROXY", .department = "",
                               .effective_from = "2021-01-01", .version = 1, .edition = 2, .office_edition = 2, .newest = true};
    struct report_fact fact = {.source = REPORT_ITEMS, .item = &item};
    assert_int_equal(report_add(&run, &fact), 0);
    item.edition = 1; /* withdrawn */
    assert_int_equal(report_add(&run, &fact), 0);
    assert_int_equal(report_finish(&run), 0);
    assert_string_equal(cell(&run, 0, "section"), "volume");
    assert_string_equal(cell(&run, 0, "today"), "1");
    assert_string_equal(cell(&run, 0, "month"), "2");
    assert_string_equal(cell(&run, 0, "year"), "3");
    assert_string_equal(cell(&run, 0, "total"), "4");
    size_t last = json_array_size(run.rows) - 1;
    assert_string_equal(cell(&run, last, "section"), "offered");
    assert_string_equal(cell(&run, last, "total"), "1");
    report_end(&run);
}

static void test_registers(void **state)
{
    (void)state;
    struct report_run run;
    struct report_grant grant = {.id = "i", .principal = "330483", .delegate = "320623", .steps = "INOPD", .items = "*",
                                 .announcement = "桐政办发〔2021〕6号", .from_day = day("2026-01-01"), .until_day = day("2026-11-24")};
    struct report_fact fact = {.source = REPORT_GRANTS, .grant = &grant};
    begin(&run, "authorisation", "2026-01-01", "2026-11-25", "2026-11-25");
    assert_int_equal(report_add(&run, &fact), 0);
    grant.until_day = day("2026-11-25");
    assert_int_equal(report_add(&run, &fact), 0);
    grant.from_day = day("2026-11-26");
    grant.until_day = day("2026-12-25");
    assert_int_equal(report_add(&run, &fact), 0); /* not in the period */
    assert_int_equal(json_array_size(run.rows), 2);
    assert_string_equal(cell(&run, 0, "status"), "expired");
    assert_string_equal(cell(&run, 1, "status"), "in_force");
    report_end(&run);

    static const struct {
        int64_t version, edition;
        bool newest;
        const char *change, *status;
    } items[] = {{1, 3, true, "item_new", "in_force"},
                 {2, 3, true, "item_changed", "in_force"},
                 {1, 2, true, "item_new", "item_withdrawn"},
                 {1, 2, false, "item_new", "item_replaced"}};
    begin(&run, "catalogue", "2016-12-01", "2026-11-25", "2026-11-25");
    for (size_t i = 0; i < 4; i++) {
        struct report_item item = {.office = "330483", .code = "GA01", .name = "x", .mode = "PROXY", .department = "",
                                   .effective_from = "2021-01-01", .version = items[i].version, .edition = items[i].edition,
                                   .office_edition = 3, .newest = items[i].newest};
        struct report_fact one = {.source = REPORT_ITEMS, .item = &item};
        assert_int_equal(report_add(&run, &one), 0);
        assert_string_equal(cell(&run, i, "change"), items[i].change);
        assert_string_equal(cell(&run, i, "status"), items[i].status);
    }
    report_end(&run);
}

static void differ(void *context, const char *field, const char *row, const char *entries)
{
    struct buf *out = context;
    assert_int_equal(buf_printf(out, "%s %s %s\n", field, row, entries), 0);
}

/* Each fact that both paths know is compared. */
static void test_compare(void **state)
{
    (void)state;
    struct report_case a = make("1", "320623", "2026-11-02"), b = a;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(report_compare(&a, &b, differ, &out), 0);
    b.times[TIME_ACCEPTED] = at("2026-11-03");
    assert_int_equal(report_compare(&a, &b, differ, &out), 1);
    assert_string_equal(out.data, "accepted - 2026-11-03T12:00:00.000+08:00\n");
    b.state = CASE_ACCEPTED;
    b.notices = 1;
    b.item_version = 2;
    b.due_day = 5;
    b.applicant = "李*";
    memcpy(b.home, "330503", OFFICE_TEXT);
    memcpy(b.intake, "330509", OFFICE_TEXT);
    (void)snprintf(b.item, sizeof b.item, "GA02");
    assert_int_equal(report_compare(&a, &b, differ, &out), 9);
    b = a;
    b.originals = (struct originals){.kept = 1, .returned = 2, .at_intake = 3, .at_home = 4, .moving = 5, .lost = 6};
    assert_int_equal(report_compare(&a, &b, differ, &out), 6);
    b = a;
    for (int i = TIME_HANDED_IN; i < CASE_TIMES; i++)
        b.times[i] += 1;
    assert_int_equal(report_compare(&a, &b, differ, &out), CASE_TIMES - 1);
    buf_free(&out);
}

static void test_csv(void **state)
{
    (void)state;
    static const struct {
        const char *text, *cell;
    } rows[] = {{"", ""},
                {"a", "a"},
                {"a,b", "\"a,b\""},
                {"say \"x\"", "\"say \"\"x\"\"\""},
                {"two\nlines", "\"two\nlines\""},
                {"cr\r", "\"cr\r\""},
                {"=1+1", "\"'=1+1\""},
                {"+86", "\"'+86\""},
                {"-1+cmd|' /C calc'!A0", "\"'-1+cmd|' /C calc'!A0\""},
                {"@SUM(A1)", "\"'@SUM(A1)\""},
                {"\t=1", "\"'\t=1\""},
                {"-", "\"'-\""},
                {"-3", "-3"}, /* a number stays one */
                {"-3.5", "-3.5"},
                {"张*", "张*"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 256);
        assert_int_equal(report_csv_cell(rows[i].text, true, &out), 0);
        assert_string_equal(out.len ? out.data : "", rows[i].cell);
        assert_int_equal(report_csv_cell("z", false, &out), 0);
        assert_string_equal(out.data + strlen(rows[i].cell), ",z");
        buf_free(&out);
    }
}

/* ---- what was not as the law wants it ---- */

static void test_liabilities(void **state)
{
    (void)state;
    struct report_case c = make("1", "320623", "2026-11-02");
    c.due[REPORT_NOTICE] = day("2026-11-09");
    c.due[REPORT_DECISION] = day("2026-11-20");
    c.due[REPORT_DELIVERY] = day("2026-11-30");
    static const struct {
        const char *flag;
        enum entry_type type;
        const char *good, *bad; /* the last day that is right, the first that is not */
    } rows[] = {{"notice-late", ENTRY_CASE_NOTICE, "2026-11-09T23:59", "2026-11-10T00:00"},
                {"not-told", ENTRY_CASE_ACCEPTED, "2026-11-09T23:59", "2026-11-10T00:00"},
                {"not-told", ENTRY_CASE_REFUSED, "2026-11-09T23:59", "2026-11-10T00:00"},
                {"decision-late", ENTRY_CASE_DECIDED, "2026-11-20T23:59", "2026-11-21T00:00"},
                {"delivery-late", ENTRY_CASE_DELIVERED, "2026-11-30T23:59", "2026-12-01T00:00"},
                {"forwarded-late", ENTRY_CASE_SUBMITTED, "2026-11-03T23:59", "2026-11-04T00:00"}};
    struct account_line lines[2] = {{.verdict = -1, .problem = "", .authorised = true}, {.verdict = -1, .problem = "", .authorised = true}};
    struct account account = {.facts = &c, .lines = lines, .count = 1, .calendar = calendar, .today = day("2026-11-20")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lines[0].type = rows[i].type;
        lines[0].at = at(rows[i].good);
        assert_false(shows(rows[i].flag, &account, 0));
        lines[0].at = at(rows[i].bad);
        assert_true(shows(rows[i].flag, &account, 0));
        lines[0].verdict = 1; /* refused by the other side: it did not happen */
        assert_false(shows(rows[i].flag, &account, 0));
        assert_true(shows("refused", &account, 0));
        lines[0].verdict = -1;
    }
    c.state = CASE_ACCEPTED;
    lines[0] = (struct account_line){.type = ENTRY_CASE_ACCEPTED, .at = at("2026-11-09"), .verdict = -1, .problem = ""};
    assert_false(shows("decision-missing", &account, 0));
    account.today = day("2026-11-21");
    assert_true(shows("decision-missing", &account, 0));

    account.count = 2;
    lines[0].type = lines[1].type = ENTRY_CASE_NOTICE;
    lines[0].at = lines[1].at = at("2026-11-03");
    assert_false(shows("second-notice", &account, 0));
    assert_true(shows("second-notice", &account, 1));
    lines[1].verdict = 1; /* tried and refused: seen all the same */
    assert_true(shows("second-notice", &account, 1));

    lines[0] = (struct account_line){.type = ENTRY_CASE_DELIVERED, .side = CASE_SIDE_INTAKE, .step = STEP_DELIVERY, .at = at("2026-11-03"),
                                     .verdict = -1, .problem = "", .authorised = true};
    assert_false(shows("no-authorisation", &account, 0));
    lines[0].authorised = false;
    assert_true(shows("no-authorisation", &account, 0));
    lines[0] = (struct account_line){.type = ENTRY_CASE_DELIVERED, .verdict = 1, .problem = "no-authorisation", .authorised = true};
    assert_true(shows("no-authorisation", &account, 0));
    assert_false(shows("refused", &account, 0));
    lines[0] = (struct account_line){.type = ENTRY_CASE_SUBMITTED, .verdict = 0, .problem = "", .authorised = true};
    assert_false(shows("entered-late", &account, 0));
    c.late = 1;
    assert_true(shows("entered-late", &account, 0));
}

/* ---- the reference page ---- */

static const char *const types[] = {
#define T(constant, name) name,
    REPORT_TYPE_TABLE(T)
#undef T
};

static void put(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_str(out, text), 0);
}

static void put_row(struct buf *out, const char *a, const char *b, const char *c, const char *d)
{
    assert_int_equal(buf_printf(out, "| `%s` | %s | %s | %s |\n", a, b, c, d), 0);
}

static void write_page(struct buf *out)
{
    put(out, "# Reports\n\nRegisters and figures (台账, 统计, 例会材料), who may ask for what, and what an accountability report points at. "
             "This page is made from\nthe tables `proto/report_rows.c`, `proto/access.h` and `proto/liability.c` by "
             "`unit_proto_test_report --write docs/reference/reports.md`; the\ntest fails when they differ. Do not edit by hand. "
             "How to use them: [for staff and supervisors](../zh/reports.md), [for the quarterly meeting](../how-to/quarterly-meeting.md).\n\n"
             "Every figure is computed from entries when it is asked for; nothing is counted in advance. A *sums* report comes in pages whose "
             "rows with\nequal texts are added up by whoever asked (`tongban` does); a *list* grows. `count` cells are added up, a `value` is "
             "made from `count` and\n`of` at the end. A clock counts in the period in which it had to be met. Names of persons are masked for "
             "every role.\n");
    for (size_t i = 0; i < report_count; i++) {
        const struct report *r = &reports[i];
        assert_int_equal(buf_printf(out, "\n## `%s` %s\n\n%s. %s; %s. Basis: %s.\n\n| column | 列名 | type |\n| --- | --- | --- |\n", r->name,
                                    r->zh,
                                    r->help, r->sums ? "Sums" : "List",
                                    r->span == REPORT_SPAN_MONTH     ? "by default this month"
                                    : r->span == REPORT_SPAN_QUARTER ? "by default this quarter"
                                                                     : "by default everything up to today",
                                    r->basis),
                         0);
        for (const struct report_column *c = r->columns; c->name; c++)
            assert_int_equal(buf_printf(out, "| `%s` | %s | %s |\n", c->name, c->zh, types[c->type]), 0);
    }
    put(out, "\n## Words in cells\n\n| word | English | 中文 |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < report_word_count; i++)
        assert_int_equal(buf_printf(out, "| `%s` | %s | %s |\n", report_words[i].word, report_words[i].en, report_words[i].zh),
                         0);
    put(out, "\n## Who may ask for what\n\n| route | kind | roles | 中文 |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < access_route_count; i++) {
        char route[128], roles[64];
        const struct access_kind_row *kind = &access_kinds[access_routes[i].kind];
        (void)snprintf(route, sizeof route, "%s %s", access_routes[i].method, access_routes[i].pattern);
        access_role_names(kind->roles, roles, sizeof roles);
        put_row(out, route, kind->what, roles[0] ? roles : "any certificate of the office", kind->zh);
    }
    put(out, "\n## What an accountability report points at\n\nObservations from the entries, each with its line; whether somebody is "
             "liable is decided by people.\n\n| flag | English | 中文 | law |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < liability_count; i++)
        put_row(out, liabilities[i].name, liabilities[i].en, liabilities[i].zh, liabilities[i].law);
}

static void test_page(void **state)
{
    (void)state;
    page_check("reference/reports.md", write_page);
}

/* Narrowed to a window or township, and added up by the desk alone. */
static void test_desks(void **state)
{
    (void)state;
    static const struct {
        const char *staff, *window, *township;
    } desks[] = {{"330483:0001", "一号窗口", "330483101"}, {"330483:0002", "一号窗口", "330483101"}, {"330483:0003", "二号窗口", "330483101"},
                 {"330483:0004", "", ""}};
    static const struct {
        const char *window, *township, *by;
        size_t rows;
        int cases;
    } want[] = {{"", "", "", 4, 4},          {"", "", "window", 3, 4},           {"", "", "township", 2, 4},
                {"", "", "staff", 4, 4},     {"一号窗口", "", "", 2, 2},         {"一号窗口", "", "window", 1, 2},
                {"", "330483101", "", 3, 3}, {"二号窗口", "330483101", "", 1, 1}, {"二号窗口", "330483102", "", 0, 0}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct report_run run;
        json_int_t cases = 0;
        begin(&run, "desks", "2026-11-01", "2026-11-30", "2026-12-01");
        run.window = want[i].window;
        run.township = want[i].township;
        run.by = want[i].by;
        for (size_t n = 0; n < 4; n++) {
            struct report_case c = make("a", "330483", "2026-11-02"), theirs = make("b", "320623", "2026-11-02");
            (void)snprintf(c.staff, sizeof c.staff, "%s", desks[n].staff);
            (void)snprintf(c.window, sizeof c.window, "%s", desks[n].window);
            (void)snprintf(c.township, sizeof c.township, "%s", desks[n].township);
            add(&run, &c);
            add(&run, &theirs);
        }
        assert_int_equal(report_finish(&run), 0);
        assert_int_equal(json_array_size(run.rows), want[i].rows);
        for (size_t n = 0; n < want[i].rows; n++)
            cases += json_integer_value(json_object_get(json_array_get(run.rows, n), "cases"));
        assert_int_equal(cases, want[i].cases);
        report_end(&run);
    }
    assert_true(report_has_desks(report_find("step")));
    assert_false(report_has_desks(report_find("contact")));
    assert_false(report_has_desks(report_find("catalogue")));
    assert_true(report_adds_by(report_find("desks"), "staff"));
    assert_false(report_adds_by(report_find("desks"), "cases"));
    assert_false(report_adds_by(report_find("daily"), "staff"));
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return page_write(argv[2], write_page);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_whole), cmocka_unit_test(test_quarter_borders), cmocka_unit_test(test_periods),
        cmocka_unit_test(test_meeting),        cmocka_unit_test(test_nothing),         cmocka_unit_test(test_values),
        cmocka_unit_test(test_merge),          cmocka_unit_test(test_bad_pages),       cmocka_unit_test(test_filters),
        cmocka_unit_test(test_supplement),     cmocka_unit_test(test_mail),            cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_figures),        cmocka_unit_test(test_registers),       cmocka_unit_test(test_compare),
        cmocka_unit_test(test_csv),            cmocka_unit_test(test_liabilities),     cmocka_unit_test(test_page),
        cmocka_unit_test(test_desks),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
