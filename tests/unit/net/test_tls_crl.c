/* When a revocation list is outdated; files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/net/tls_crl.h"

static void test_outdated_by_our_age_or_by_its_own_date(void **state)
{
    (void)state;
    const int64_t day = 86400000;
    const struct tls_crl_policy policy = {.max_age_ms = 35 * day};
    static const struct {
        int64_t made, next, now;
        bool outdated;
    } cases[] = {
        {0, 0, 35, false}, {0, 0, 36, true}, {0, 30, 30, false}, {0, 30, 31, true}, {0, 90, 36, true}, {10, 0, 45, false}, {10, 40, 5, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_crl_info info = {.made_ms = cases[i].made * day, .next_ms = cases[i].next * day};
        assert_int_equal(tls_crl_outdated(&info, &policy, cases[i].now * day), cases[i].outdated);
    }
}

static void test_files_that_are_no_list(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "garbage\n", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"};
    char name[] = "/tmp/tongban-crl-XXXXXX", *pem = NULL;
    struct tls_crl_info info;
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct problem p = {.number = -1};
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
        assert_int_not_equal(tls_crl_load(name, name, &pem, &info, &p), 0);
        assert_null(pem);
        assert_non_null(strstr(p.detail, "revocation list"));
    }
    (void)close(fd);
    (void)unlink(name);
    struct problem p = {.number = -1};
    assert_int_not_equal(tls_crl_load(name, name, &pem, &info, &p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outdated_by_our_age_or_by_its_own_date),
        cmocka_unit_test(test_files_that_are_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
