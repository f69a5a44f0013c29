/* Admission: the burst, the rate after it, each sender and class for itself, and a table that does not grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "daemon/api/admission.h"
#include "proto/limits.h"

enum { RATE = 50, BURST = RATE * LIMIT_ADMISSION_BURST_S };

static struct admission *admission;

static int setup(void **state)
{
    (void)state;
    return admission_new(RATE, 4 * RATE, &admission);
}

static int teardown(void **state)
{
    (void)state;
    admission_free(admission);
    return 0;
}

/* How many are allowed at this moment. */
static unsigned allowed(const char *name, bool peer, enum admission_class class, int64_t now)
{
    unsigned n = 0;
    while (n < 100000 && !admission_ask(admission, name, peer, class, now))
        n++;
    return n;
}

static void burst_then_rate(void **state)
{
    (void)state;
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1000), BURST);
    assert_int_equal(admission_ask(admission, "320623:0007", false, ADMISSION_READ, 1000), 1); /* Retry-After */
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1500), RATE / 2);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1500), 0);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1519), 0);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1520), 1);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 100000000), BURST); /* not more after a long rest */
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 5), 0);             /* nor when time goes back */
}

static void each_for_itself(void **state)
{
    (void)state;
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1000), BURST);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_CHANGE, 1000), BURST);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_FILE, 1000), BURST);
    assert_int_equal(allowed("320623:0008", false, ADMISSION_READ, 1000), BURST);
    assert_int_equal(allowed("330483", true, ADMISSION_CHANGE, 1000), 4 * BURST);
    assert_int_equal(allowed("320623:0007", false, ADMISSION_READ, 1000), 0);
}

/* One a second: the wait is a whole second and right. */
static void slow_rate(void **state)
{
    (void)state;
    struct admission *slow;
    assert_int_equal(admission_new(1, 1, &slow), 0);
    for (int i = 0; i < LIMIT_ADMISSION_BURST_S; i++)
        assert_int_equal(admission_ask(slow, "a", false, ADMISSION_READ, 0), 0);
    unsigned wait = admission_ask(slow, "a", false, ADMISSION_READ, 0);
    assert_in_range(wait, 1, 2);
    assert_int_equal(admission_ask(slow, "a", false, ADMISSION_READ, wait * 1000), 0);
    admission_free(slow);
}

/* More names than places: the memory is what it was, and whoever asked last is still counted. */
static void many_names(void **state)
{
    (void)state;
    char name[24];
    for (int i = 0; i < 10 * LIMIT_ADMISSION_NAMES; i++) {
        (void)snprintf(name, sizeof name, "320623:%06d", i);
        assert_int_equal(admission_ask(admission, name, false, ADMISSION_READ, i), 0);
    }
    int64_t now = 10 * LIMIT_ADMISSION_NAMES;
    assert_int_equal(allowed(name, false, ADMISSION_READ, now), BURST - 1);
    assert_int_equal(allowed(name, false, ADMISSION_READ, now), 0);
}

static void classes(void **state)
{
    (void)state;
    assert_int_equal(admission_class(true, "/window/v1/cases"), ADMISSION_READ);
    assert_int_equal(admission_class(false, "/window/v1/cases"), ADMISSION_CHANGE);
    assert_int_equal(admission_class(false, "/peer/v1/messages"), ADMISSION_CHANGE);
    assert_int_equal(admission_class(true, "/peer/v1/materials/{sha256}"), ADMISSION_FILE);
    assert_int_equal(admission_class(false, "/window/v1/materials/{sha256}"), ADMISSION_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(burst_then_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(each_for_itself, setup, teardown),
        cmocka_unit_test(slow_rate), cmocka_unit_test_setup_teardown(many_names, setup, teardown), cmocka_unit_test(classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
