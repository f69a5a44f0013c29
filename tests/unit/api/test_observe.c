/* Observe: a clock that is set is a jump, one that drifts or a process that waits is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/api/observe.h"

static int64_t wall, monotonic;

static int64_t now_ms(void *context)
{
    (void)context;
    return wall;
}

static int64_t monotonic_ms(void *context)
{
    (void)context;
    return monotonic;
}

static const struct world world = {.now_ms = now_ms, .monotonic_ms = monotonic_ms};

static int64_t pass(struct observe *observe, int64_t on_the_wall, int64_t in_truth)
{
    wall += on_the_wall;
    monotonic += in_truth;
    return observe_clock(observe, &world);
}

static void jumps_are_seen(void **state)
{
    (void)state;
    struct observe observe = {.wall_ms = 0};
    wall = INT64_C(1795641904587);
    monotonic = 77;
    assert_int_equal(observe_clock(&observe, &world), 0); /* nothing to compare with */
    assert_int_equal(pass(&observe, 60000, 60000), 0);
    assert_int_equal(pass(&observe, 60030, 60000), 0); /* slewed by ntpd: 500 ppm */
    assert_int_equal(pass(&observe, 600000, 600000), 0); /* the loop was late */
    assert_int_equal(pass(&observe, 60000 + LIMIT_CLOCK_JUMP_MS, 60000), 0);
    assert_int_equal(pass(&observe, 60000 + 3600000, 60000), 3600000);
    assert_int_equal(pass(&observe, 60000, 60000), 0); /* told once */
    assert_int_equal(pass(&observe, 60000 - 86400000, 60000), -86400000);
    assert_int_equal(pass(&observe, 60000, 60000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(jumps_are_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
