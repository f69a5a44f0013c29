/* Clocks and phases from facts: every rule of counting, against counting by hand (domain.md 5.1, 5.3, 7). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/clock.h"
#include "proto/timestamp.h"

static struct calendar *calendar;
static const int steps[STEP_LIMITS] = {1, 2, 1, 1};

static int load(void **state)
{
    (void)state;
    static char text[64 * 1024];
    FILE *file = fopen(TONGBAN_SOURCE_DIR "/config/calendar/holidays.tsv", "r");
    if (!file)
        return -1;
    size_t len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    return calendar_parse(text, len, &calendar, NULL);
}

static int unload(void **state)
{
    (void)state;
    calendar_free(calendar);
    return 0;
}

static int64_t day_of(const char *date)
{
    int64_t day = 0;
    assert_int_equal(date_parse(date, &day), 0);
    return day;
}

/* Noon of a day, ms. */
static int64_t at(const char *date)
{
    return date_start_ms(day_of(date)) + 12 * 3600 * 1000;
}

static void assert_day(int64_t day, const char *date)
{
    char text[DATE_TEXT] = "-";
    if (day)
        date_format(day, text);
    assert_string_equal(text, date);
}

static struct clock_limit working(int days)
{
    return (struct clock_limit){.any = true, .days = days};
}

static struct clock_limit calendar_days(int days)
{
    return (struct clock_limit){.any = true, .calendar_days = true, .days = days};
}

static void assert_decision(const struct clock_facts *facts, const char *due)
{
    struct clock clocks[CLOCKS], current;
    enum clock_kind kind;
    assert_int_equal(clock_compute(calendar, facts, steps, day_of("2026-06-01"), clocks), 0);
    assert_day(clocks[CLOCK_DECISION].due_day, due);
    assert_int_equal(clock_current(calendar, facts, &current, &kind), 0);
    assert_int_equal(kind, clocks[CLOCK_DECISION].runs ? CLOCK_DECISION : CLOCKS);
    assert_int_equal(current.due_day, clocks[CLOCK_DECISION].due_day);
}

static void test_decision(void **state)
{
    (void)state;
    struct clock_facts f = {.state = CASE_ACCEPTED};
    f.times[TIME_ACCEPTED] = at("2026-02-13");
    assert_decision(&f, "-"); /* an item without limits has no clock */
    f.statutory = working(20);
    assert_decision(&f, "2026-03-19");
    f.promised = working(5);
    assert_decision(&f, "2026-02-27");
    /* a promise in working days that a long holiday pushes past the law in calendar days: the earlier one */
    f.statutory = calendar_days(10);
    assert_decision(&f, "2026-02-24"); /* 23 February is a day off */
    f.promised = calendar_days(60);
    f.statutory = working(20);
    assert_decision(&f, "2026-03-19");
    /* the extension, in the item's unit and in another one */
    f.promised.any = false;
    f.extension = working(10);
    assert_decision(&f, "2026-04-02");
    f.extension = calendar_days(10);
    assert_decision(&f, "2026-03-30"); /* from the 19th ten days: Sunday the 29th, so Monday */
}

static void test_stops(void **state)
{
    (void)state;
    struct clock_facts f = {.state = CASE_UNDER_REVIEW, .statutory = working(10)};
    f.times[TIME_ACCEPTED] = at("2026-03-02");
    assert_decision(&f, "2026-03-16");
    /* four days out: from the day after the begin to the end */
    f.stops[0] = (struct clock_stop){.begin = at("2026-03-04"), .end = at("2026-03-10"), .announced = working(20)};
    f.stop_count = 1;
    assert_decision(&f, "2026-03-20");
    /* the same days again, and an overlapping pair: no day is left out twice */
    f.stops[1] = (struct clock_stop){.begin = at("2026-03-05"), .end = at("2026-03-09"), .announced = working(20)};
    f.stop_count = 2;
    assert_decision(&f, "2026-03-20");
    f.stops[1] = (struct clock_stop){.begin = at("2026-03-09"), .end = at("2026-03-12"), .announced = working(20)};
    assert_decision(&f, "2026-03-24");
    /* no longer than announced */
    f.stop_count = 1;
    f.stops[0].announced = working(2);
    assert_decision(&f, "2026-03-18");
    f.stops[0].announced = calendar_days(3); /* Saturday the 7th, so Monday the 9th: three working days */
    assert_decision(&f, "2026-03-19");
    /* while it goes on: what was announced, grey until then, then running again */
    f.state = CASE_SPECIAL;
    f.stops[0] = (struct clock_stop){.begin = at("2026-03-04"), .announced = working(3)};
    assert_decision(&f, "2026-03-19");
    struct clock clocks[CLOCKS];
    assert_int_equal(clock_compute(calendar, &f, steps, day_of("2026-03-09"), clocks), 0);
    assert_true(clocks[CLOCK_DECISION].stopped && clocks[CLOCK_DECISION].provisional);
    assert_int_equal(clocks[CLOCK_DECISION].light, LIGHT_GREY);
    assert_day(clocks[CLOCK_SPECIAL].due_day, "2026-03-09");
    assert_int_equal(clocks[CLOCK_SPECIAL].light, LIGHT_RED);
    assert_int_equal(clock_compute(calendar, &f, steps, day_of("2026-03-10"), clocks), 0);
    assert_false(clocks[CLOCK_DECISION].stopped);
    /* a suspension in a limit of calendar days takes out days off, too */
    f.statutory = calendar_days(15);
    f.stops[0] = (struct clock_stop){.begin = at("2026-03-04"), .end = at("2026-03-10"), .announced = working(20)};
    f.state = CASE_UNDER_REVIEW;
    assert_decision(&f, "2026-03-23");
}

static void test_notice(void **state)
{
    (void)state;
    struct clock clock;
    enum clock_kind kind;
    struct clock_facts f = {.state = CASE_RECEIVED, .rule = NOTICE_RULE_PERMIT_5WD};
    f.times[TIME_HANDED_IN] = at("2026-09-30");
    f.times[TIME_RECEIVED] = at("2026-10-09");
    assert_int_equal(clock_current(calendar, &f, &clock, &kind), 0);
    assert_int_equal(kind, CLOCK_NOTICE);
    assert_day(clock.due_day, "2026-10-13"); /* conservatively from the window */
    int64_t last, receipt;
    assert_int_equal(clock_deemed(calendar, &f, &last, &receipt), 0);
    assert_day(last, "2026-10-15"); /* silence counts from the home side's receipt */
    assert_int_equal(receipt, f.times[TIME_RECEIVED]);
    f.delegated = true;
    assert_int_equal(clock_deemed(calendar, &f, &last, &receipt), 0);
    assert_day(last, "2026-10-13");
    assert_int_equal(receipt, f.times[TIME_HANDED_IN]);
    /* told on the second day, supplemented two weeks later: three days are left */
    f.state = CASE_SUPPLEMENTED;
    f.noticed_at = at("2026-10-09");
    f.supplemented_at = at("2026-10-23");
    assert_int_equal(clock_current(calendar, &f, &clock, &kind), 0);
    assert_day(clock.due_day, "2026-10-28");
    /* told on the last day: still a day to look at it */
    f.noticed_at = at("2026-10-13");
    assert_int_equal(clock_current(calendar, &f, &clock, &kind), 0);
    assert_day(clock.due_day, "2026-10-26");
    f.rule = NOTICE_RULE_NONE;
    assert_int_equal(clock_current(calendar, &f, &clock, &kind), 0);
    assert_int_equal(kind, CLOCKS);
    assert_int_equal(clock_deemed(calendar, &f, &last, &receipt), 0);
    assert_int_equal(last, 0);
}

static void test_ends(void **state)
{
    (void)state;
    struct clock clocks[CLOCKS];
    struct clock_facts f = {.state = CASE_COMPLETED, .statutory = working(5)};
    f.times[TIME_HANDED_IN] = at("2026-03-02");
    f.times[TIME_SENT] = at("2026-03-04");
    f.times[TIME_RECEIVED] = at("2026-03-04");
    f.answered_at = f.times[TIME_ACCEPTED] = at("2026-03-05");
    f.times[TIME_DECIDED] = at("2026-03-16");
    f.delivery_at = at("2026-03-17");
    f.times[TIME_DELIVERED] = f.times[TIME_CLOSED] = at("2026-03-20");
    assert_int_equal(clock_compute(calendar, &f, steps, day_of("2026-12-01"), clocks), 0);
    assert_int_equal(clocks[CLOCK_DECISION].left, -2); /* as of its end, not of today */
    assert_int_equal(clocks[CLOCK_DECISION].light, LIGHT_RED);
    assert_int_equal(clocks[CLOCK_NOTICE].light, LIGHT_NONE);
    assert_int_equal(clocks[CLOCK_FORWARD].light, LIGHT_RED); /* a day late */
    assert_int_equal(clocks[CLOCK_RECHECK].light, LIGHT_NONE);
    assert_int_equal(clocks[CLOCK_RESULT].light, LIGHT_NONE);
    assert_day(clocks[CLOCK_DELIVERY].due_day, "2026-03-30");
    for (int i = 0; i < CLOCKS; i++)
        assert_true(!clocks[i].runs || clocks[i].ended_day);
    struct phase phases[CLOCK_PHASES];
    size_t count = 0;
    int64_t over[PHASE_SIDES] = {0};
    assert_int_equal(clock_phases(calendar, &f, steps, at("2026-12-01"), phases, &count), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(phases[i].to >= phases[i].from && phases[i].zh[0] && phases[i].name[0]);
        over[phases[i].side] += phases[i].over;
    }
    assert_int_equal(over[PHASE_INTAKE], 1);
    assert_int_equal(over[PHASE_LINK], 0);
    assert_int_equal(over[PHASE_HOME], 2);
    assert_int_equal(over[PHASE_APPLICANT], 0);
}

/* Every stop that a case can have, one after the other: the count ends, and fits a count by hand. */
static void test_many_stops(void **state)
{
    (void)state;
    struct clock_facts f = {.state = CASE_UNDER_REVIEW, .statutory = working(20)};
    f.times[TIME_ACCEPTED] = at("2026-03-02");
    int64_t day = day_of("2026-03-02"), left = 20;
    for (size_t i = 0; i < CLOCK_STOPS; i++) {
        f.stops[i].begin = date_start_ms(day + 3 * (int64_t)i) + 1;
        f.stops[i].end = date_start_ms(day + 3 * (int64_t)i + 2) + 1;
        f.stops[i].announced = working(1000);
        f.stop_count++;
    }
    while (left > 0) {
        day++;
        int64_t since = day - day_of("2026-03-02");
        bool out = since % 3 != 0 && since < 3 * CLOCK_STOPS;
        left -= !out && calendar_is_working_day(calendar, day);
    }
    char text[DATE_TEXT];
    date_format(day, text);
    assert_decision(&f, text);
    struct entry more = {.type = ENTRY_CASE_SPECIAL, .at = at("2026-06-01"), .body = NULL};
    clock_add_entry(&f, &more); /* one more than there is room for changes nothing */
    assert_int_equal(f.stop_count, CLOCK_STOPS);
    assert_int_equal(clock_advance(calendar, NULL, 0, working(-1), &left, &(bool){false}), TB_EINVAL);
}

static void test_law_tables(void **state)
{
    (void)state;
    json_t *item = json_pack("{s:s, s:s, s:n, s:[{s:s, s:b}, {s:s}]}", "notice_rule", "ONSPOT_ZJ", "overdue_supplement", "WITHDRAWN",
                             "extension", "materials", "name", "照片", "deferrable", 1, "name", "申请表");
    assert_int_equal(notice_rule_of(item), NOTICE_RULE_ONSPOT_ZJ);
    assert_int_equal(overdue_rule_of(item), OVERDUE_WITHDRAWN);
    assert_true(material_is_deferrable(item, "照片"));
    assert_false(material_is_deferrable(item, "申请表"));
    assert_false(material_is_deferrable(item, "护照"));
    assert_false(material_is_deferrable(item, NULL));
    int days;
    bool in_calendar_days;
    assert_false(extension_of(item, &days, &in_calendar_days));
    assert_int_equal(json_object_del(item, "extension"), 0);
    assert_true(extension_of(item, &days, &in_calendar_days));
    assert_true(days == 10 && !in_calendar_days); /* 行政许可法 42 */
    json_decref(item);
    assert_int_equal(notice_rule_of(NULL), NOTICE_RULE_PERMIT_5WD);
    assert_int_equal(overdue_rule_of(NULL), OVERDUE_REFUSE);
    for (int i = 0; i < NOTICE_RULES; i++)
        assert_true(notice_rules[i].name[0] && notice_rules[i].zh[0] && notice_rules[i].law[0] &&
                    notice_rules[i].deemed_days >= -1 && notice_rules[i].notice_days >= -1);
    /* every class that a body may name has its words and its article */
    static const enum entry_type with_class[] = {ENTRY_CASE_REFUSED, ENTRY_CASE_RETURNED, ENTRY_CASE_ABORTED};
    size_t classes = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct case_field *field = case_fields(with_class[i]);
        while (field->name && strcmp(field->name, "reason_class") != 0)
            field++;
        assert_non_null(field->name);
        for (const char *at = field->values; *at; classes++) {
            char word[64];
            size_t len = strcspn(at, "|");
            (void)snprintf(word, sizeof word, "%.*s", (int)len, at);
            const struct reason_class *row = reason_class_find(entry_type_text(with_class[i]), word);
            assert_true(row && row->zh[0] && (row->law[0] || !strcmp(row->name, "OTHER")));
            at += len + (at[len] == '|');
        }
    }
    assert_int_equal(classes, reason_class_count);
    assert_null(reason_class_find("case.refused", "BORED"));
    assert_null(reason_class_find(NULL, "OTHER"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decision), cmocka_unit_test(test_stops),      cmocka_unit_test(test_notice),
        cmocka_unit_test(test_ends),     cmocka_unit_test(test_many_stops), cmocka_unit_test(test_law_tables),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
