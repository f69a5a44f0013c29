#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/uuid.h"

static void test_v7(void **state)
{
    (void)state;
    /* RFC 9562 A.6 */
    static const uint8_t random[10] = {0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F};
    char text[UUID_TEXT];
    uuid_v7(0x017F22E279B0, random, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(uuid_valid(text));
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    uuid_v7(INT64_MAX, ones, text);
    assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
    char later[UUID_TEXT];
    for (int64_t ms = 1795397400123; ms < 1795397400123 + 1000; ms++) { /* text order is time order */
        uuid_v7(ms, ones, text);
        uuid_v7(ms + 1, random, later);
        assert_true(strcmp(text, later) < 0);
    }
}

static void test_valid(void **state)
{
    (void)state;
    char good[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        static const char bad[] = "G-A \xff";
        char kept = good[i];
        for (size_t k = 0; k < sizeof bad; k++) {
            if (bad[k] == kept)
                continue;
            good[i] = bad[k];
            assert_false(uuid_valid(good));
        }
        good[i] = kept;
    }
    assert_true(uuid_valid(good));
    assert_false(uuid_valid(""));
    assert_false(uuid_valid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"));
    assert_false(uuid_valid("{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_v7), cmocka_unit_test(test_valid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
