/* The addresses that came in lately: remembered for their time, in a table that does not grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

static const int64_t wall = 1760000000000;

static void kept_over_a_restart(void **state)
{
    (void)state;
    char path[] = "/tmp/known-XXXXXX";
    struct known *known = known_new(), *later = known_new();
    struct stat info;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && known && later);
    (void)close(fd);
    (void)unlink(path);
    known_load(known, path, 7, wall); /* the first start */
    known_add(known, "192.0.2.9", 0); /* too old when it is written */
    known_add(known, "192.0.2.1", 1000);
    known_add(known, "2001:db8::1", LIMIT_HTTP_KNOWN_MS);
    known_save(known, path, LIMIT_HTTP_KNOWN_MS, wall);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* the machine was started, too: its clock begins anew */
    known_load(later, path, 500, wall + 999);
    assert_true(known_has(later, "192.0.2.1", 500) && known_has(later, "2001:db8::1", 500));
    assert_false(known_has(later, "192.0.2.9", 500));
    free(later);
    later = known_new();
    assert_non_null(later);
    known_load(later, path, 3 * LIMIT_HTTP_KNOWN_MS, wall + 1000); /* this one's day is over */
    assert_false(known_has(later, "192.0.2.1", 3 * LIMIT_HTTP_KNOWN_MS));
    assert_true(known_has(later, "2001:db8::1", 3 * LIMIT_HTTP_KNOWN_MS + LIMIT_HTTP_KNOWN_MS - 1001));
    assert_false(known_has(later, "2001:db8::1", 3 * LIMIT_HTTP_KNOWN_MS + LIMIT_HTTP_KNOWN_MS - 1000));
    (void)unlink(path);
    free(known);
    free(later);
}

static void write_lines(const char *path, const char *text, unsigned times)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    while (times--)
        (void)fputs(text, file);
    (void)fclose(file);
}

static void what_is_wrong_in_the_file_is_passed_over(void **state)
{
    (void)state;
    static const char *const wrong[] = {"192.0.2.1", "192.0.2.1\n", "192.0.2.1 \n", "192.0.2.1 1760000000000", "192.0.2.1 1760000000000x\n",
                                        "192.0.2.1 1760000000001\n", "192.0.2.1 -9223372036854775808\n", "192.0.2.1 0\n", " 1760000000000\n",
                                        "window.example 1760000000000\n", "192.0.2.1000 1760000000000\n", "\xff\xfe\n"};
    char path[] = "/tmp/known-XXXXXX";
    struct known *known = known_new();
    int fd = mkstemp(path);
    assert_true(fd >= 0 && known);
    (void)close(fd);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_lines(path, wrong[i], 1);
        known_load(known, path, 5, wall);
        assert_false(known_has(known, "192.0.2.1", 5));
        assert_false(known_has(known, "window.example", 5));
    }
    write_lines(path, "a long line without an end", LIMIT_HTTP_KNOWN_ADDRESSES * 10);
    known_load(known, path, 5, wall);
    write_lines(path, "\n", LIMIT_HTTP_KNOWN_ADDRESSES); /* no more lines than there are places */
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    (void)fputs("192.0.2.1 1760000000000\n", file);
    (void)fclose(file);
    known_load(known, path, 5, wall);
    assert_false(known_has(known, "192.0.2.1", 5));
    known_load(known, "/tmp", 5, wall);
    (void)unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    known_load(known, path, 5, wall);
    (void)unlink(path);
    free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(remembered_for_its_time), cmocka_unit_test(more_than_there_are_places),
                                       cmocka_unit_test(kept_over_a_restart), cmocka_unit_test(what_is_wrong_in_the_file_is_passed_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
