/* The engine's rules, walked over the whole table of state × event, and its ways of failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/peer/engine.h"
#include "proto/limits.h"

static struct engine_report ok(uint64_t count)
{
    return (struct engine_report){.problem = -1, .number = -1, .count = count};
}

static struct engine_report failed(int rc, int problem, int64_t number)
{
    return (struct engine_report){.rc = rc, .problem = problem, .number = number};
}

static struct engine in_state(enum engine_state state)
{
    struct engine e;
    engine_init(&e, 1000);
    e.state = state;
    e.last_ok = 1000;
    e.work = false;
    e.wake_at = state == ENGINE_IDLE || state == ENGINE_BACKOFF ? 50000 : INT64_MAX;
    return e;
}

/* What each event does in each state when all is well and one message waits. */
static const struct {
    enum engine_event event;
    enum engine_action action[ENGINE_STATES];
    enum engine_state next[ENGINE_STATES];
} rows[] = {
    {ENGINE_WAKE,
     {ENGINE_BUILD, ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_NOTHING},
     {ENGINE_BUILDING, ENGINE_BUILDING, ENGINE_POSTING, ENGINE_APPLYING, ENGINE_BACKOFF}},
    {ENGINE_BUILT,
     {ENGINE_NOTHING, ENGINE_POST, ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_NOTHING},
     {ENGINE_IDLE, ENGINE_POSTING, ENGINE_POSTING, ENGINE_APPLYING, ENGINE_BACKOFF}},
    {ENGINE_ANSWERED,
     {ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_APPLY, ENGINE_NOTHING, ENGINE_NOTHING},
     {ENGINE_IDLE, ENGINE_BUILDING, ENGINE_APPLYING, ENGINE_APPLYING, ENGINE_BACKOFF}},
    {ENGINE_APPLIED,
     {ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_NOTHING, ENGINE_NOTHING},
     {ENGINE_IDLE, ENGINE_BUILDING, ENGINE_POSTING, ENGINE_IDLE, ENGINE_BACKOFF}},
};

static void every_event_in_every_state(void **unused)
{
    (void)unused;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (int s = 0; s < ENGINE_STATES; s++) {
            struct engine e = in_state((enum engine_state)s);
            struct engine_report report = ok(1);
            assert_int_equal(engine_step(&e, rows[r].event, &report, 2000, 0), rows[r].action[s]);
            assert_int_equal(e.state, rows[r].next[s]);
        }
}

/* Retry-After of the peer is waited for at least, and never longer than the cap of our own backoff. */
static void waits_as_told(void **unused)
{
    (void)unused;
    static const struct {
        int64_t told, least, most;
    } cases[] = {{0, LIMIT_BACKOFF_FIRST_MS / 2, LIMIT_BACKOFF_FIRST_MS},
                 {7000, 7000, 7000}, {INT64_C(86400000), LIMIT_BACKOFF_CAP_MS, LIMIT_BACKOFF_CAP_MS}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct engine e = in_state(ENGINE_POSTING);
        struct engine_report report = failed(TB_ETEMP, PROBLEM_TOO_OFTEN, -1);
        report.wait_ms = cases[i].told;
        assert_int_equal(engine_step(&e, ENGINE_ANSWERED, &report, 2000, 77), ENGINE_NOTHING);
        assert_false(e.alarm);
        assert_in_range(e.wake_at - 2000, cases[i].least, cases[i].most);
        struct mover m;
        mover_init(&m, 0);
        m.state = MOVER_PATCHING;
        struct mover_report refused = {.rc = TB_ETEMP, .wait_ms = cases[i].told};
        assert_int_equal(mover_step(&m, MOVER_PATCHED, &refused, 2000, 77), MOVER_NOTHING);
        assert_in_range(m.wake_at - 2000, cases[i].least, cases[i].most);
    }
}

/* The first failure of each active state leads to a backoff and forgets what was forced. */
static void failures_back_off(void **unused)
{
    (void)unused;
    static const struct {
        enum engine_state state;
        enum engine_event event;
    } active[] = {{ENGINE_BUILDING, ENGINE_BUILT}, {ENGINE_POSTING, ENGINE_ANSWERED}, {ENGINE_APPLYING, ENGINE_APPLIED}};
    for (size_t i = 0; i < 3; i++) {
        struct engine e = in_state(active[i].state);
        struct engine_report report = failed(TB_ETEMP, -1, -1);
        e.force_old = 7;
        e.force_after = 8;
        assert_int_equal(engine_step(&e, active[i].event, &report, 2000, 0), ENGINE_NOTHING);
        assert_int_equal(e.state, ENGINE_BACKOFF);
        assert_false(e.alarm);
        assert_int_equal(e.wake_at, 2000 + LIMIT_BACKOFF_FIRST_MS / 2);
        assert_true(e.force_old == UINT64_MAX && e.force_after == -1);
        /* a commit does not shorten it, the timer ends it, a word from outside ends it */
        struct engine early = e, word = e;
        assert_int_equal(engine_step(&early, ENGINE_WAKE, NULL, 2001, 0), ENGINE_NOTHING);
        assert_int_equal(early.wake_at, e.wake_at);
        word.forced = true;
        assert_int_equal(engine_step(&word, ENGINE_WAKE, NULL, 2001, 0), ENGINE_BUILD);
        assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, e.wake_at, 0), ENGINE_BUILD);
    }
}

static void every_problem_has_its_class(void **unused)
{
    (void)unused;
    for (int id = 0; id < PROBLEM_COUNT; id++) {
        if (id == PROBLEM_CHECKPOINT || id == PROBLEM_SEQUENCE)
            continue;
        int status = problem_type((enum problem_id)id)->status;
        bool temporary = status == 408 || status == 429 || status >= 500;
        struct engine e = in_state(ENGINE_POSTING);
        struct engine_report report = failed(problem_type((enum problem_id)id)->code, id, -1);
        assert_int_equal(engine_step(&e, ENGINE_ANSWERED, &report, 2000, UINT32_MAX), ENGINE_NOTHING);
        assert_int_equal(e.alarm, !temporary);
        if (!temporary)
            assert_int_equal(e.wake_at, 2000 + LIMIT_BACKOFF_CAP_MS);
        else
            assert_true(e.wake_at <= 2000 + LIMIT_BACKOFF_FIRST_MS);
    }
}

static void an_answer_that_does_not_verify_is_an_alarm(void **unused)
{
    (void)unused;
    struct engine e = in_state(ENGINE_POSTING);
    struct engine_report report = failed(TB_ETRUST, -1, -1);
    assert_int_equal(engine_step(&e, ENGINE_ANSWERED, &report, 2000, 0), ENGINE_NOTHING);
    assert_true(e.alarm);
    assert_int_equal(e.permanent, 1);
}

static void conflicts_are_corrected_at_once_but_not_for_ever(void **unused)
{
    (void)unused;
    struct engine e = in_state(ENGINE_POSTING);
    struct engine_report conflict = failed(TB_ECONFLICT, PROBLEM_CHECKPOINT, 1200), gap = failed(TB_ECONFLICT, PROBLEM_SEQUENCE, 42);
    struct engine_report built = ok(0);
    for (int i = 0; i < ENGINE_CORRECTIONS; i++) {
        assert_int_equal(engine_step(&e, ENGINE_ANSWERED, i % 2 ? &gap : &conflict, 2000, 0), ENGINE_BUILD);
        assert_true(e.force_old == 1200);
        assert_int_equal(e.force_after, i ? 41 : -1);
        /* a correction is sent even when nothing waits */
        assert_int_equal(engine_step(&e, ENGINE_BUILT, &built, 2000, 0), ENGINE_POST);
    }
    assert_int_equal(engine_step(&e, ENGINE_ANSWERED, &conflict, 2000, 0), ENGINE_NOTHING);
    assert_int_equal(e.state, ENGINE_BACKOFF);
    /* two busy offices: soon again, and nobody is called */
    assert_true(e.wake_at <= 2000 + LIMIT_BACKOFF_FIRST_MS);
    assert_false(e.alarm);
    /* a conflict that does not say where is a failure */
    struct engine mute = in_state(ENGINE_POSTING);
    struct engine_report nowhere = failed(TB_ECONFLICT, PROBLEM_SEQUENCE, 0);
    assert_int_equal(engine_step(&mute, ENGINE_ANSWERED, &nowhere, 2000, 0), ENGINE_NOTHING);
    assert_int_equal(mute.state, ENGINE_BACKOFF);
}

static void heartbeats(void **unused)
{
    (void)unused;
    struct engine_report none = ok(0);
    struct engine never;
    engine_init(&never, 1000);
    assert_int_equal(engine_step(&never, ENGINE_WAKE, NULL, 1000, 0), ENGINE_BUILD);
    assert_int_equal(engine_step(&never, ENGINE_BUILT, &none, 1000, 0), ENGINE_POST);
    assert_int_equal(engine_step(&never, ENGINE_ANSWERED, &none, 1010, 0), ENGINE_APPLY);
    assert_int_equal(engine_step(&never, ENGINE_APPLIED, &none, 1020, 0), ENGINE_NOTHING);
    assert_int_equal(never.wake_at, 1020 + LIMIT_HEARTBEAT_MS);
    /* an empty build soon after is not sent and does not postpone the heartbeat */
    assert_int_equal(engine_step(&never, ENGINE_WAKE, NULL, 5000, 0), ENGINE_BUILD);
    assert_int_equal(engine_step(&never, ENGINE_BUILT, &none, 5000, 0), ENGINE_NOTHING);
    assert_int_equal(never.state, ENGINE_IDLE);
    assert_int_equal(never.wake_at, 1020 + LIMIT_HEARTBEAT_MS);
    /* when due, it is */
    assert_int_equal(engine_step(&never, ENGINE_WAKE, NULL, never.wake_at, 0), ENGINE_BUILD);
    assert_int_equal(engine_step(&never, ENGINE_BUILT, &none, 1020 + LIMIT_HEARTBEAT_MS, 0), ENGINE_POST);
}

static void a_commit_during_the_flight_is_not_forgotten(void **unused)
{
    (void)unused;
    static const enum engine_event flight[] = {ENGINE_BUILT, ENGINE_ANSWERED, ENGINE_APPLIED};
    for (size_t when = 0; when < 3; when++) {
        struct engine e = in_state(ENGINE_IDLE);
        struct engine_report none = ok(0);
        e.forced = true;
        assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 2000, 0), ENGINE_BUILD);
        enum engine_action last = ENGINE_BUILD;
        for (size_t i = 0; i < 3; i++) {
            if (i == when)
                assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 2000, 0), ENGINE_NOTHING);
            last = engine_step(&e, flight[i], &none, 2000, 0);
        }
        assert_int_equal(last, ENGINE_BUILD);
    }
    /* also while an empty batch was being built that is not sent */
    struct engine e = in_state(ENGINE_BUILDING);
    struct engine_report none = ok(0);
    assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 2000, 0), ENGINE_NOTHING);
    assert_int_equal(engine_step(&e, ENGINE_BUILT, &none, 2000, 0), ENGINE_BUILD);
}

static void backoff_grows_to_the_cap(void **unused)
{
    (void)unused;
    int64_t wait = LIMIT_BACKOFF_FIRST_MS;
    for (unsigned n = 1; n < 40; n++) {
        assert_int_equal(engine_backoff_ms(n, 0), wait / 2);
        assert_int_equal(engine_backoff_ms(n, (uint32_t)(wait - wait / 2)), wait / 2 * 2);
        for (uint32_t random = 1; random; random <<= 1) {
            int64_t ms = engine_backoff_ms(n, random);
            assert_true(ms >= wait / 2 && ms <= wait);
        }
        wait = wait * 2 < LIMIT_BACKOFF_CAP_MS ? wait * 2 : LIMIT_BACKOFF_CAP_MS;
    }
    assert_true(engine_backoff_ms(UINT32_MAX, 0) <= LIMIT_BACKOFF_CAP_MS);
}

static void one_ok_ends_the_backoff(void **unused)
{
    (void)unused;
    struct engine e = in_state(ENGINE_POSTING);
    struct engine_report bad = failed(TB_ETEMP, -1, -1), good = ok(3);
    for (unsigned n = 1; n <= 10; n++) {
        assert_int_equal(engine_step(&e, ENGINE_ANSWERED, &bad, 0, 0), ENGINE_NOTHING);
        assert_int_equal(e.failures, n);
        assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, e.wake_at, 0), ENGINE_BUILD);
        assert_int_equal(engine_step(&e, ENGINE_BUILT, &good, 0, 0), ENGINE_POST);
    }
    assert_int_equal(engine_step(&e, ENGINE_ANSWERED, &good, 0, 0), ENGINE_APPLY);
    assert_int_equal(engine_step(&e, ENGINE_APPLIED, &good, 9, 0), ENGINE_BUILD);
    assert_int_equal(e.failures, 0);
    assert_int_equal(e.messages, 3);
    assert_int_equal(e.batches, 1);
}

/* ---- mover ---- */

static struct mover mover_in(enum mover_state state)
{
    struct mover m;
    mover_init(&m, 1000);
    m.state = state;
    m.work = false;
    m.length = 100;
    m.offset = 10;
    m.wake_at = state == MOVER_BACKOFF ? 50000 : INT64_MAX;
    return m;
}

static const struct {
    enum mover_event event;
    enum mover_state takes;
    struct mover_report report;
    enum mover_action action;
    enum mover_state next;
} moves[] = {
    {MOVER_WAKE, MOVER_IDLE, {0}, MOVER_ASK, MOVER_ASKING},
    {MOVER_ASKED, MOVER_ASKING, {.length = 100}, MOVER_DO_HEAD, MOVER_HEADING},
    {MOVER_ASKED, MOVER_ASKING, {.rc = TB_ENOTFOUND}, MOVER_NOTHING, MOVER_IDLE},
    {MOVER_ASKED, MOVER_ASKING, {.rc = TB_ETEMP}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_HEAD, MOVER_HEADING, {.offset = 0}, MOVER_DO_PATCH, MOVER_PATCHING},
    {MOVER_HEAD, MOVER_HEADING, {.offset = 100}, MOVER_DO_DONE, MOVER_FINISHING},
    {MOVER_HEAD, MOVER_HEADING, {.offset = 101}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_HEAD, MOVER_HEADING, {.offset = -1}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_HEAD, MOVER_HEADING, {.rc = TB_ENOTFOUND}, MOVER_DO_CREATE, MOVER_CREATING},
    {MOVER_HEAD, MOVER_HEADING, {.rc = TB_EDENIED}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_CREATED, MOVER_CREATING, {.offset = 0}, MOVER_DO_PATCH, MOVER_PATCHING},
    {MOVER_CREATED, MOVER_CREATING, {.offset = 100}, MOVER_DO_DONE, MOVER_FINISHING},
    {MOVER_CREATED, MOVER_CREATING, {.rc = TB_ENOTFOUND}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_PATCHED, MOVER_PATCHING, {.offset = 50}, MOVER_DO_PATCH, MOVER_PATCHING},
    {MOVER_PATCHED, MOVER_PATCHING, {.offset = 100}, MOVER_DO_DONE, MOVER_FINISHING},
    {MOVER_PATCHED, MOVER_PATCHING, {.offset = 10}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_PATCHED, MOVER_PATCHING, {.rc = TB_ECONFLICT}, MOVER_NOTHING, MOVER_BACKOFF},
    {MOVER_DONE, MOVER_FINISHING, {0}, MOVER_ASK, MOVER_ASKING},
    {MOVER_DONE, MOVER_FINISHING, {.rc = TB_ETEMP}, MOVER_NOTHING, MOVER_BACKOFF},
};

static void mover_table(void **unused)
{
    (void)unused;
    for (size_t r = 0; r < sizeof moves / sizeof moves[0]; r++)
        for (int s = 0; s < MOVER_STATES; s++) {
            struct mover m = mover_in((enum mover_state)s);
            enum mover_action action = mover_step(&m, moves[r].event, &moves[r].report, 2000, 0);
            if ((enum mover_state)s == moves[r].takes) {
                assert_int_equal(action, moves[r].action);
                assert_int_equal(m.state, moves[r].next);
            } else {
                assert_int_equal(action, MOVER_NOTHING);
                assert_int_equal(m.state, s);
            }
        }
}

static void mover_classes(void **unused)
{
    (void)unused;
    static const struct {
        int rc;
        bool alarm;
    } cases[] = {{TB_ETEMP, false},    {TB_ETIMEOUT, false},   {TB_ECLOSED, false}, {TB_ENOTFOUND, false},
                 {TB_ECONFLICT, false}, {TB_EMALFORMED, true}, {TB_ETRUST, true},   {TB_EDENIED, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mover m = mover_in(MOVER_PATCHING);
        struct mover_report report = {.rc = cases[i].rc};
        assert_int_equal(mover_step(&m, MOVER_PATCHED, &report, 2000, 0), MOVER_NOTHING);
        assert_int_equal(m.alarm, cases[i].alarm);
        if (cases[i].alarm)
            assert_int_equal(m.wake_at, 2000 + LIMIT_BACKOFF_FIRST_MS / 2); /* with another material, when there is one */
        /* the wait holds against commits and ends by the clock */
        assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2001, 0), MOVER_NOTHING);
        assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, m.wake_at, 0), MOVER_ASK);
    }
}

static void mover_remembers_work(void **unused)
{
    (void)unused;
    struct mover m = mover_in(MOVER_ASKING);
    struct mover_report none = {.rc = TB_ENOTFOUND};
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_NOTHING);
    assert_int_equal(mover_step(&m, MOVER_ASKED, &none, 2000, 0), MOVER_ASK);
    m = mover_in(MOVER_CREATING);
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_NOTHING);
    assert_int_equal(mover_step(&m, MOVER_CREATED, &none, 2000, 0), MOVER_ASK);
}

/* A pause begins nothing, loses nothing, asks for no timer, and its end speaks at once. */
static void a_pause_holds_and_forgets_nothing(void **unused)
{
    (void)unused;
    const enum engine_state resting[] = {ENGINE_IDLE, ENGINE_BACKOFF};
    for (size_t i = 0; i < 2; i++) {
        struct engine e = in_state(resting[i]);
        engine_pause(&e, true);
        assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 60000, 0), ENGINE_NOTHING);
        assert_true(e.wake_at == INT64_MAX && e.work);
        engine_pause(&e, false);
        assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 60001, 0), ENGINE_BUILD);
        struct engine_report none = ok(0);
        assert_int_equal(engine_step(&e, ENGINE_BUILT, &none, 60002, 0), ENGINE_POST);
    }
    /* what was built when the word came may hold what was committed after it */
    struct engine e = in_state(ENGINE_BUILDING);
    struct engine_report two = ok(2);
    engine_pause(&e, true);
    assert_int_equal(engine_step(&e, ENGINE_BUILT, &two, 2000, 0), ENGINE_NOTHING);
    assert_true(e.state == ENGINE_IDLE && e.wake_at == INT64_MAX && e.work);
    engine_pause(&e, false);
    assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 2001, 0), ENGINE_BUILD);
    /* what is in flight ends, and nothing follows it */
    e = in_state(ENGINE_APPLYING);
    struct engine_report well = ok(0);
    e.in_flight = 3;
    engine_pause(&e, true);
    assert_int_equal(engine_step(&e, ENGINE_APPLIED, &well, 2000, 0), ENGINE_NOTHING);
    assert_int_equal(e.state, ENGINE_IDLE);
    struct mover m = mover_in(MOVER_IDLE);
    m.paused = true;
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_NOTHING);
    assert_true(m.wake_at == INT64_MAX);
    m.paused = false;
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_ASK);
}

static void an_operator_ends_the_wait_of_a_failure(void **unused)
{
    (void)unused;
    struct engine e = in_state(ENGINE_BACKOFF);
    assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 2000, 0), ENGINE_NOTHING);
    engine_force(&e);
    assert_int_equal(engine_step(&e, ENGINE_WAKE, NULL, 2000, 0), ENGINE_BUILD);
}

/* A material that waits for its next try when the exchange is paused goes on with it. */
static void a_pause_does_not_strand_a_material(void **unused)
{
    (void)unused;
    struct mover m = mover_in(MOVER_BACKOFF);
    mover_pause(&m, true, 2000);
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_NOTHING);
    assert_true(m.wake_at == INT64_MAX);
    mover_pause(&m, false, 3000);
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 3000, 0), MOVER_ASK);
}

/* A time to wake in the past, of a mover that does not wait, would start the timer again and again. */
static void an_operator_ends_the_wait_of_a_material(void **unused)
{
    (void)unused;
    struct mover m = mover_in(MOVER_BACKOFF);
    mover_force(&m, 2000);
    assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_ASK);
    const enum mover_state busy[] = {MOVER_ASKING, MOVER_HEADING, MOVER_CREATING, MOVER_PATCHING, MOVER_FINISHING};
    for (size_t i = 0; i < sizeof busy / sizeof busy[0]; i++) {
        m = mover_in(busy[i]);
        mover_force(&m, 2000);
        assert_int_equal(mover_step(&m, MOVER_WAKE, NULL, 2000, 0), MOVER_NOTHING);
        assert_true(m.work && m.wake_at == INT64_MAX);
        mover_pause(&m, false, 2000);
        assert_true(m.wake_at == INT64_MAX);
    }
}

/* Nobody can say for ever that the clock of a counterpart that is away is wrong. */
static void a_difference_of_clocks_ages(void **state)
{
    (void)state;
    struct engine e = in_state(ENGINE_IDLE);
    assert_int_equal(engine_skew_ms(&e, 5000), 0);
    engine_take_skew(&e, -30000, 5000);
    assert_int_equal(engine_skew_ms(&e, 5000), -30000);
    assert_int_equal(engine_skew_ms(&e, 5000 + LIMIT_PEER_SKEW_MS - 1), -30000);
    assert_int_equal(engine_skew_ms(&e, 5000 + LIMIT_PEER_SKEW_MS), 0);
    engine_take_skew(&e, 9000, 5000 + 2 * LIMIT_PEER_SKEW_MS);
    assert_int_equal(engine_skew_ms(&e, 5000 + 2 * LIMIT_PEER_SKEW_MS), 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state),
        cmocka_unit_test(waits_as_told),
        cmocka_unit_test(failures_back_off),
        cmocka_unit_test(every_problem_has_its_class),
        cmocka_unit_test(an_answer_that_does_not_verify_is_an_alarm),
        cmocka_unit_test(conflicts_are_corrected_at_once_but_not_for_ever),
        cmocka_unit_test(heartbeats),
        cmocka_unit_test(a_commit_during_the_flight_is_not_forgotten),
        cmocka_unit_test(backoff_grows_to_the_cap),
        cmocka_unit_test(one_ok_ends_the_backoff),
        cmocka_unit_test(mover_table),
        cmocka_unit_test(mover_classes),
        cmocka_unit_test(mover_remembers_work),
        cmocka_unit_test(a_pause_holds_and_forgets_nothing),
        cmocka_unit_test(an_operator_ends_the_wait_of_a_failure),
        cmocka_unit_test(a_pause_does_not_strand_a_material),
        cmocka_unit_test(an_operator_ends_the_wait_of_a_material),
        cmocka_unit_test(a_difference_of_clocks_ages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
