/* proto/document_query: the text of the QR code, and its picture, decoded module by module where the standard fixes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/document_query.h"

static void case_no(char out[CASE_NO_TEXT])
{
    assert_int_equal(case_no_make("320623", 20780, 123, out), 0);
}

static void test_text_and_back(void **state)
{
    (void)state;
    char number[CASE_NO_TEXT], text[QUERY_TEXT], again[CASE_NO_TEXT], code[QUERY_CODE_TEXT], padded[QUERY_TEXT + 8];
    case_no(number);
    assert_int_equal(document_query_text(number, "1A2B3C4D", text), 0);
    assert_int_equal(strncmp(text, "tongban:320623", 14), 0);
    (void)snprintf(padded, sizeof padded, " %s\r\n", text);
    assert_int_equal(document_query_read(padded, again, code), 0);
    assert_string_equal(again, number);
    assert_string_equal(code, "1A2B3C4D");
    static const char *const codes[] = {"", "1a2b3c4d", "1A2B3C4", "1A2B3C4D5", "1A2B3C4G", "1A2B3C4\"", NULL};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(document_query_text(number, codes[i], text), TB_EMALFORMED);
    assert_int_equal(document_query_text(NULL, "1A2B3C4D", text), TB_EMALFORMED);
    assert_int_equal(document_query_text("320623\"><script>", "1A2B3C4D", text), TB_EMALFORMED);
}

static void test_what_is_no_such_text(void **state)
{
    (void)state;
    char number[CASE_NO_TEXT], text[QUERY_TEXT], again[CASE_NO_TEXT], code[QUERY_CODE_TEXT];
    case_no(number);
    assert_int_equal(document_query_text(number, "1A2B3C4D", text), 0);
    for (size_t cut = 0; cut < strlen(text); cut++) {
        char part[QUERY_TEXT];
        memcpy(part, text, sizeof part);
        part[cut] = '\0';
        assert_int_equal(document_query_read(part, again, code), TB_EMALFORMED);
        memcpy(part, text, sizeof part);
        part[cut] = '\x01';
        assert_int_equal(document_query_read(part, again, code), TB_EMALFORMED);
    }
}

static void test_picture(void **state)
{
    (void)state;
    struct buf out, small;
    buf_init(&out, 64 * 1024);
    assert_int_equal(document_query_svg("tongban:320623261123000000122?q=1A2B3C4D", &out), 0);
    assert_int_equal(strncmp(out.data, "<svg ", 5), 0);
    assert_non_null(strstr(out.data, "M4 4h7v1h-7z")); /* the finder pattern, behind the quiet zone of four modules */
    buf_free(&out);
    buf_init(&small, 200);
    assert_int_equal(document_query_svg("tongban:", &small), TB_ELIMIT);
    buf_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_back),
        cmocka_unit_test(test_what_is_no_such_text),
        cmocka_unit_test(test_picture),
    };
    return cmocka_run_group_tests_name("document_query", tests, NULL, NULL);
}
