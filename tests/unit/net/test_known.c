/* The addresses that came in lately: remembered for their time, in a table that does not grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/net/known.h"
#include "proto/limits.h"

static void remembered_for_its_time(void **state)
{
    (void)state;
    struct known *known = known_new();
    assert_non_null(known);
    assert_false(known_has(known, "192.0.2.1", 5));
    known_add(known, "192.0.2.1", 5);
    assert_true(known_has(known, "192.0.2.1", 5));
    assert_false(known_has(known, "192.0.2.10", 5));
    assert_true(known_has(known, "192.0.2.1", 5 + LIMIT_HTTP_KNOWN_MS - 1));
    assert_false(known_has(known, "192.0.2.1", 5 + LIMIT_HTTP_KNOWN_MS));
    known_add(known, "192.0.2.1", 5 + LIMIT_HTTP_KNOWN_MS);
    assert_true(known_has(known, "192.0.2.1", 5 + LIMIT_HTTP_KNOWN_MS));
    free(known);
}

static void more_than_there_are_places(void **state)
{
    (void)state;
    struct known *known = known_new();
    char address[48];
    unsigned still = 0;
    assert_non_null(known);
    for (unsigned i = 0; i < 4 * LIMIT_HTTP_KNOWN_ADDRESSES; i++) {
        (void)snprintf(address, sizeof address, "2001:db8::%x", i);
        known_add(known, address, i);
        assert_true(known_has(known, address, i));
        known_add(known, "192.0.2.1", i); /* who comes again and again is not pushed out */
    }
    for (unsigned i = 0; i < 4 * LIMIT_HTTP_KNOWN_ADDRESSES; i++) {
        (void)snprintf(address, sizeof address, "2001:db8::%x", i);
        still += known_has(known, address, 0x10000);
    }
    assert_in_range(still, LIMIT_HTTP_KNOWN_ADDRESSES / 2, LIMIT_HTTP_KNOWN_ADDRESSES);
    assert_true(known_has(known, "192.0.2.1", 0x10000));
    free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(remembered_for_its_time), cmocka_unit_test(more_than_there_are_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
