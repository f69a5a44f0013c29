/* The tick: a new calendar, rows of before, damaged and waiting cases; and that the cached clocks are the computed ones in any history. */
#include "halls.h"

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "proto/timestamp.h"

static unsigned count_recalculated(struct halls *h, int hall, const char *no)
{
    struct case_row row = halls_row(h, hall, no);
    struct event_row *events = NULL;
    size_t count = 0;
    unsigned found = 0;
    OK(event_list(store_sync_view(h->hall[hall].store), row.id, &events, &count));
    for (size_t i = 0; i < count; i++)
        found += events[i].type == ENTRY_CASE_RECALCULATED;
    free(events);
    case_row_clear(&row);
    return found;
}

static void test_new_calendar(void **state)
{
    (void)state;
    struct halls h;
    struct office_tick sum = {.moved = 0};
    char moved[CASE_NO_TEXT], same[CASE_NO_TEXT], many[250][CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-12-01 09:00");
    halls_intake(&h, "X1", same);
    halls_at(&h, "2026-12-30 09:00");
    halls_intake(&h, "X1", moved);
    for (size_t i = 0; i < 250; i++) /* more than one run */
        halls_intake(&h, "X5", many[i]);
    halls_exchange(&h);
    halls_assert_due(&h, HOME, moved, "2027-01-06", CLOCK_NOTICE); /* as if 1 January were a working day */
    struct case_row row = halls_row(&h, HOME, moved);
    assert_true(row.due_provisional);
    case_row_clear(&row);
    halls_calendar(&h, "2027-01-01\tholiday\t元旦\n2027-12-25\tholiday\t测试\n");
    for (int side = 0; side < HALLS; side++) {
        sum = (struct office_tick){.moved = 0};
        halls_tick(&h, side, &sum);
        assert_int_equal(sum.recalculated, 252);
        assert_int_equal(sum.moved, 1);
        assert_int_equal(sum.total, 1);
        halls_assert_due(&h, side, moved, "2027-01-07", CLOCK_NOTICE);
        halls_assert_due(&h, side, same, "2026-12-08", CLOCK_NOTICE);
        row = halls_row(&h, side, moved);
        assert_false(row.due_provisional);
        case_row_clear(&row);
        assert_int_equal(count_recalculated(&h, side, moved), 1);
        assert_int_equal(count_recalculated(&h, side, same), 0);
        halls_tick(&h, side, &sum); /* the same calendar again: nothing */
        assert_int_equal(sum.recalculated, 252);
    }
    /* and the law goes by the new day */
    halls_at(&h, "2027-01-07 23:59");
    sum = (struct office_tick){.moved = 0};
    halls_tick(&h, HOME, &sum);
    assert_int_equal(halls_state(&h, HOME, moved), CASE_RECEIVED);
    halls_at(&h, "2027-01-08 00:01");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(halls_state(&h, HOME, moved), CASE_ACCEPTED);
    halls_drop(&h);
}

/* The row as the first version of the schema kept it: nothing cached but the date by the old rule, and no calendar on record. */
static int forget(struct store_db *db, void *context)
{
    struct case_row row;
    struct calendar_state state = {.done = true};
    int rc = case_get(db, context, &row);
    if (rc)
        return rc;
    row.rule = row.due_clock = row.clock_from = row.stop_until = row.tick_day = 0;
    rc = date_parse("2026-11-30", &row.due_day);
    rc = rc ? rc : case_update(db, &row);
    case_row_clear(&row);
    return rc ? rc : calendar_state_put(db, &state);
}

static void test_rows_of_before(void **state)
{
    (void)state;
    struct halls h;
    struct office_tick sum = {.moved = 0};
    char no[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X2", no);
    halls_exchange(&h);
    OK(halls_run(&h, HOME, forget, no));
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.moved, 1);
    halls_assert_due(&h, HOME, no, "2026-11-23", CLOCK_NOTICE); /* its own rule, read from the item */
    halls_at(&h, "2026-11-24 00:01");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.deemed, 1);
    halls_drop(&h);
}

/* An event that points nowhere: as a line that the disk has lost. */
static int damage(struct store_db *db, void *context)
{
    struct case_row row;
    struct event_row event = {.rev = 9, .own = true, .ref = 999999, .type = ENTRY_CASE_NOTICE, .verdict = -1};
    int rc = case_get(db, context, &row);
    if (!rc)
        rc = event_add(db, row.id, &event);
    if (!rc)
        case_row_clear(&row);
    return rc;
}

static void test_a_damaged_case(void **state)
{
    (void)state;
    struct halls h;
    struct office_tick sum = {.deemed = 0};
    char damaged[CASE_NO_TEXT], good[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    halls_intake(&h, "X1", damaged);
    halls_intake(&h, "X1", good);
    halls_exchange(&h);
    OK(halls_run(&h, HOME, damage, damaged));
    halls_at(&h, "2026-12-01 09:00");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.deemed, 1);
    assert_int_equal(sum.damaged, 1);
    assert_int_equal(halls_state(&h, HOME, good), CASE_ACCEPTED);
    assert_int_equal(halls_state(&h, HOME, damaged), CASE_RECEIVED);
    assert_int_equal(halls_act(&h, HOME, "handler", damaged, "accept", "{}"), TB_ECORRUPT);
    halls_drop(&h);
}

/* More cases that cannot be moved yet than one run looks at: those behind them are moved all the same. */
static void test_nothing_is_held_up(void **state)
{
    (void)state;
    struct halls h;
    struct office_tick sum = {.lapsed = 0};
    char no[CASE_NO_TEXT];
    halls_make(&h, halls_items, false, "2026-11-23 09:00");
    static char waiting[230][CASE_NO_TEXT];
    for (unsigned i = 0; i < 230; i++)
        halls_intake(&h, "X3", waiting[i]);
    halls_exchange(&h);
    for (unsigned i = 0; i < 230; i++)
        OK(halls_act(&h, HOME, "handler", waiting[i], "notice", NOTICE("2026-11-24")));
    halls_intake(&h, "X1", no);
    halls_exchange(&h);
    halls_at(&h, "2026-12-01 09:00");
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.lapsed, 0); /* the other side was not heard from */
    assert_int_equal(sum.deemed, 1);
    halls_exchange(&h);
    halls_tick(&h, HOME, &sum);
    assert_int_equal(sum.lapsed, 230);
    halls_drop(&h);
}

/* ---- what is cached is what would be computed ---- */

static void assert_cache(struct halls *h, int hall, const char *no)
{
    struct case_row row = halls_row(h, hall, no), again = row;
    OK(case_set_due(store_sync_view(h->hall[hall].store), h->hall[hall].office, &again, NULL));
    assert_int_equal(row.due_day, again.due_day);
    assert_int_equal(row.due_clock, again.due_clock);
    assert_int_equal(row.due_provisional, again.due_provisional);
    assert_int_equal(row.clock_from, again.clock_from);
    assert_int_equal(row.stop_until, again.stop_until);
    /* the current clock of the whole facts is the cached one */
    struct clock_facts facts;
    struct clock clock;
    enum clock_kind kind;
    OK(case_facts(store_sync_view(h->hall[hall].store), h->hall[hall].office, &row, NULL, true, &facts));
    OK(clock_current(h->hall[hall].office->calendar, &facts, &clock, &kind));
    assert_int_equal(kind == CLOCKS ? 0 : clock.due_day, row.due_day);
    case_row_clear(&row);
}

static void test_random_histories(void **state)
{
    (void)state;
    static const struct {
        const char *action, *body;
    } acts[] = {
        {"accept", "{}"},
        {"notice", NOTICE("2027-01-15")},
        {"supplement", SUPPLEMENT},
        {"tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2027-01-20'}"},
        {"cure", "{}"},
        {"revoke", "{'reason':'未补齐','legal_basis':'规定11'}"},
        {"review", "{'kind':'form_check','officers':[{'name':'甲'}]}"},
        {"special", "{'kind':'hearing','basis':'行政许可法46','days':4,'unit':'working_day'}"},
        {"special", "{'kind':'appraisal','basis':'鉴定','days':9,'unit':'calendar_day'}"},
        {"resume", "{'result':'完成'}"},
        {"extend", "{'reason':'疑难','approver':'局长','days':2}"},
        {"grant", "{}"},
        {"deny", "{'reason':'不符合'}"},
        {"refuse", REFUSAL},
        {"withdraw", "{'reason':'不办了'}"},
        {"abort", "{'reason_class':'OTHER','reason':'其他','approver':'局长'}"},
        {"delivery", "{'way':'pickup','place':'intake','documents':[{'name':'证'}]}"},
    };
    static const char *const codes[] = {"X1", "X2", "X3", "X4", "X5", "X6"};
    enum { CASES = 60, ACTS = sizeof acts / sizeof acts[0] };
    struct halls h;
    char no[CASES][CASE_NO_TEXT];
    unsigned lawful = 0, states[CASE_STATES] = {0};
    uint64_t random = 1;
    halls_make(&h, halls_items, true, "2026-11-23 09:00");
    for (size_t i = 0; i < CASES; i++)
        halls_intake(&h, codes[i % 6], no[i]);
    for (unsigned step = 0; step < 4000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        size_t which = (random >> 33) % CASES, act = (random >> 42) % ACTS;
        int side = random >> 60 & 1;
        bool handler = side == HOME && (random >> 61 & 3);
        if (step % 5 == 0)
            h.now += (int64_t)(random >> 54) * 60 * 1000 / 4;
        if (step % 7 == 0)
            halls_exchange(&h);
        if (step % 97 == 0)
            halls_tick(&h, HOME, NULL);
        struct case_row row;
        if (case_get(store_sync_view(h.hall[side].store), no[which], &row))
            continue;
        /* what is possible, but its end only now and then */
        const char *words[32];
        size_t count = case_possible(side == HOME ? CASE_SIDE_HOME : CASE_SIDE_INTAKE, handler ? CASE_ROLE_HANDLER : CASE_ROLE_WINDOW,
                                     row.local_state, 0, words, 32);
        case_row_clear(&row);
        for (size_t i = 0; i < ACTS && count && step % 4; i++, act = (act + 1) % ACTS)
            if (!strcmp(acts[act].action, words[(random >> 20) % count]))
                break;
        bool ends = strstr("grant deny refuse withdraw abort", acts[act].action) != NULL;
        if (ends && (random >> 10 & 7))
            continue;
        lawful += halls_act(&h, side, handler ? "handler" : "window", no[which], acts[act].action, acts[act].body) == 0;
        assert_cache(&h, side, no[which]);
        states[halls_state(&h, side, no[which])]++;
    }
    halls_exchange(&h);
    for (size_t i = 0; i < CASES; i++) {
        assert_cache(&h, HOME, no[i]);
        assert_cache(&h, INTAKE, no[i]);
        struct case_row a = halls_row(&h, HOME, no[i]), b = halls_row(&h, INTAKE, no[i]);
        assert_int_equal(a.state, b.state);
        assert_int_equal(a.due_day, b.due_day);
        assert_int_equal(a.stop_until, b.stop_until);
        case_row_clear(&a);
        case_row_clear(&b);
    }
    print_message("%u lawful acts\n", lawful);
    assert_true(lawful > 60);
    assert_true(states[CASE_SPECIAL] && states[CASE_TOLERATED] && states[CASE_SUPPLEMENTED] && states[CASE_UNDER_REVIEW]);
    halls_drop(&h);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_calendar),
        cmocka_unit_test(test_rows_of_before),
        cmocka_unit_test(test_a_damaged_case),
        cmocka_unit_test(test_nothing_is_held_up),
        cmocka_unit_test(test_random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
