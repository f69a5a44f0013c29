/* Whether the hourly look sees that the file of a revocation list is another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/trust.c" /* wiring: no library holds it */

static void set_time(const char *file, time_t s)
{
    const struct timeval times[2] = {{.tv_sec = s}, {.tv_sec = s}};
    assert_int_equal(utimes(file, times), 0);
}

static void test_changed_gone_and_come(void **state)
{
    (void)state;
    char staff[] = "/tmp/tongban-trust-XXXXXX", peer[] = "/tmp/tongban-trust-XXXXXX";
    int one = mkstemp(staff), two = mkstemp(peer);
    assert_true(one >= 0 && two >= 0);
    struct config_peer peers[2] = {{.office = NULL}, {.crl = peer}}; /* the first counterpart has no list */
    struct config config = {.window = {.crl = staff}, .peers = peers, .peer_count = 2};
    set_time(staff, 1000);
    set_time(peer, 2000);
    struct timespec seen[3] = {changed_at(staff), changed_at(NULL), changed_at(peer)};
    struct trust trust = {.peer_count = 2, .seen = seen};
    assert_false(trust_changed(&config, &trust));
    set_time(peer, 2001);
    assert_true(trust_changed(&config, &trust));
    set_time(peer, 2000);
    assert_false(trust_changed(&config, &trust));
    assert_int_equal(unlink(staff), 0);
    assert_true(trust_changed(&config, &trust));
    assert_int_equal(unlink(peer), 0);
    (void)close(one);
    (void)close(two);
}

static void test_the_oldest_list_counts(void **state)
{
    (void)state;
    struct control_certificate certificates[] = {
        {.use = "window", .office = "330483"},
        {.use = "staff-authority", .office = "330483", .crl = "a", .crl_info = {.made_ms = (int64_t)100 * MS_A_DAY}},
        {.use = "peer-authority", .office = "320623", .crl = "b", .crl_info = {.made_ms = (int64_t)60 * MS_A_DAY}},
    };
    struct trust trust = {.policy = {.max_age_ms = (int64_t)35 * MS_A_DAY}, .certificates = certificates, .certificate_count = 3};
    trust_look(&trust, (int64_t)101 * MS_A_DAY);
    assert_false(certificates[1].crl_outdated);
    assert_true(certificates[2].crl_outdated);
    assert_int_equal(metric_get(METRIC_CRL_OUTDATED), 1);
    assert_int_equal(metric_get(METRIC_CRL_AGE_S), 41 * 86400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_gone_and_come),
        cmocka_unit_test(test_the_oldest_list_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
