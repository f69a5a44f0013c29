#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/buf.h"

static void test_append(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_null(b.data);
    assert_int_equal(buf_append(&b, NULL, 0), 0);
    for (int i = 0; i < 250; i++)
        assert_int_equal(buf_append(&b, "abcd", 4), 0);
    assert_int_equal(b.len, 1000);
    assert_int_equal(strlen(b.data), 1000);
    assert_int_equal(buf_append(&b, "", 0), 0);
    assert_int_equal(buf_append(&b, "e", 1), TB_ELIMIT);
    assert_int_equal(b.len, 1000);
    assert_true(b.cap <= 1001);
    buf_free(&b);
    assert_int_equal(buf_append_str(&b, "again"), 0);
    assert_string_equal(b.data, "again");
    buf_free(&b);
    buf_free(NULL);
}

static void test_limits(void **state)
{
    (void)state;
    for (size_t max = 0; max < 600; max++) {
        struct buf b;
        buf_init(&b, max);
        assert_int_equal(buf_reserve(&b, max + 1), TB_ELIMIT);
        assert_int_equal(buf_reserve(&b, SIZE_MAX), TB_ELIMIT);
        size_t taken = 0;
        while (buf_append(&b, "x", 1) == 0)
            taken++;
        assert_int_equal(taken, max);
        assert_int_equal(buf_reserve(&b, 0), 0);
        assert_int_equal(b.data[b.len], '\0');
        buf_free(&b);
    }
    /* One byte more than fits must not wrap around the size. */
    struct buf b;
    buf_init(&b, 16);
    assert_int_equal(buf_append_str(&b, "12345678"), 0);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 4), TB_ELIMIT);
    assert_string_equal(b.data, "12345678");
    buf_free(&b);
}

static void test_printf(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 20);
    assert_int_equal(buf_printf(&b, "%s-%d", "办件", 7), 0);
    assert_string_equal(b.data, "办件-7");
    assert_int_equal(buf_printf(&b, "%020d", 1), TB_ELIMIT);
    assert_string_equal(b.data, "办件-7");
    assert_int_equal(buf_printf(&b, "%012d", 1), 0);
    assert_int_equal(b.len, 20);
    buf_free(&b);
}

static void test_consume_take(void **state)
{
    (void)state;
    struct buf b;
    size_t len = 9;
    buf_init(&b, 100);
    assert_null(buf_take(&b, &len));
    assert_int_equal(len, 0);
    buf_consume(&b, 3);
    assert_int_equal(buf_append_str(&b, "abcdef"), 0);
    buf_consume(&b, 0);
    buf_consume(&b, 2);
    assert_string_equal(b.data, "cdef");
    buf_consume(&b, 100);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
    assert_int_equal(buf_append_str(&b, "xyz"), 0);
    buf_clear(&b);
    assert_string_equal(b.data, "");
    assert_int_equal(buf_append_str(&b, "kept"), 0);
    char *text = buf_take(&b, &len);
    assert_string_equal(text, "kept");
    assert_int_equal(len, 4);
    assert_null(b.data);
    free(text);
    assert_int_equal(buf_append_str(&b, "new"), 0);
    free(buf_take(&b, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_consume_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
