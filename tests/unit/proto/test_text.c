#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/text.h"

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "é", "张", "𠮷", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(text_valid_utf8(good[i], strlen(good[i])));
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xe5\xbc",
                                      "\xf0\xa0\xae",
                                      "\xe5(\xa0",
                                      "a\xc3",
                                      "\xd5\xc5\xc8\xfd" /* GB18030 */};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (text_valid_utf8(bad[i], strlen(bad[i])))
            fail_msg("bad UTF-8 %zu passed", i);
    /* The length counts, not the NUL. */
    assert_false(text_valid_utf8("张", 2));
    assert_true(text_valid_utf8("\0", 1));
    /* All code points there and back. */
    for (int32_t code = 0x80; code <= 0x10ffff; code += 7) {
        char text[4];
        size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4, at = 0;
        int32_t rest = code;
        for (size_t i = len - 1; i > 0; i--, rest >>= 6)
            text[i] = (char)(0x80 | (rest & 0x3f));
        text[0] = (char)((len == 2 ? 0xc0 : len == 3 ? 0xe0 : 0xf0) | rest);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        assert_int_equal(text_next(text, len, &at), surrogate ? -1 : code);
        assert_int_equal(at, surrogate ? 0 : len);
    }
}

/* Each byte at each place of a text that is plain but for it; never beyond the length. */
static void test_plain(void **state)
{
    (void)state;
    char text[27];
    for (size_t at = 0; at + 1 < sizeof text; at++)
        for (int byte = 0; byte < 256; byte++) {
            memset(text, 'z', sizeof text - 1);
            text[sizeof text - 1] = '"';
            text[at] = (char)byte;
            bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
            assert_int_equal(text_plain(text, sizeof text), plain ? sizeof text - 1 : at);
            assert_int_equal(text_plain(text, at), at);
        }
    /* what stands before it in the same word does not hide it */
    for (int byte = 0; byte < 256; byte++)
        for (int next = 0; next < 256; next++) {
            const char pair[] = {' ', (char)byte, (char)next, '~', 'a', 'b', 'c', 'd'};
            size_t expected = 1;
            while (expected < 3 && (unsigned char)pair[expected] >= 0x20 && (unsigned char)pair[expected] < 0x7f && pair[expected] != '"' &&
                   pair[expected] != '\\')
                expected++;
            assert_int_equal(text_plain(pair, sizeof pair), expected == 3 ? sizeof pair : expected);
        }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"张三",
                                       "阿卜杜热西提·买买提",
                                       "㛃",
                                       "𠮷野",
                                       "𬭊",
                                       "𱁬",
                                       "John Q Smith",
                                       "如东县行政审批局",
                                       "豈",
                                       "葛\xf3\xa0\x84\x80",
                                       "O'Neill-Müller",
                                       "桐乡(集团)有限公司"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (text_check_name(good[i], 300))
            fail_msg("%s refused", good[i]);
    static const char *const bad[] = {"",
                                      " 张三",
                                      "张三 ",
                                      "张  三",
                                      "张\t三",
                                      "张三\n",
                                      "张\xe3\x80\x80三",   /* U+3000 */
                                      "张\xc2\xa0三",       /* U+00A0 */
                                      "张\xe2\x80\x8b三",   /* zero-width space */
                                      "张\xe2\x80\xae三",   /* direction override */
                                      "\xef\xbb\xbf张三",   /* byte order mark */
                                      "张\xee\xa0\x80",     /* U+E800, private use */
                                      "张\xf3\xb0\x80\x80", /* plane 15 */
                                      "张\xf4\x80\x80\x80", /* plane 16 */
                                      "张\xf1\x80\x80\x80", /* plane 4 */
                                      "张\xef\xbf\xbd",     /* U+FFFD */
                                      "张\xef\xbf\xbf",     /* noncharacter */
                                      "张\xf0\xaf\xbf\xbf", /* U+2FFFF */
                                      "张\xc2\x85",         /* C1 control */
                                      "张\x7f",
                                      "\xd5\xc5\xc8\xfd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (text_check_name(bad[i], 300) != TB_EMALFORMED)
            fail_msg("bad name %zu passed", i);
    assert_int_equal(text_check_name("张三", 6), 0);
    assert_int_equal(text_check_name("张三", 5), TB_ELIMIT);
}

static void check_mask(int (*mask)(const char *, struct buf *), const char *text, const char *want)
{
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(mask(text, &out), 0);
    assert_string_equal(out.len ? out.data : "", want);
    buf_free(&out);
}

static void test_masks(void **state)
{
    (void)state;
    check_mask(text_mask_name, "张三", "张*");
    check_mask(text_mask_name, "欧阳娜娜", "欧阳**");
    check_mask(text_mask_name, "欧阳", "欧*");
    check_mask(text_mask_name, "张", "*");
    check_mask(text_mask_name, "", "");
    check_mask(text_mask_name, "𠮷野家", "𠮷**");
    check_mask(text_mask_name, "葛\xf3\xa0\x84\x80力", "葛\xf3\xa0\x84\x80*");
    check_mask(text_mask_name, "阿卜杜热西提·买买提江", "阿********");
    check_mask(text_mask_number, "33048318500101001X", "3304**********001X");
    check_mask(text_mask_number, "E12345678", "*********");
    check_mask(text_mask_number, "12345678901", "***********");
    check_mask(text_mask_number, "123456789012", "1234****9012");
    check_mask(text_mask_number, "证件号码一二三四五六七八", "************");
    check_mask(text_mask_mobile, "13912341234", "139****1234");
    check_mask(text_mask_mobile, "1391234", "*******");
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(text_mask_name("\xff", &out), TB_EMALFORMED);
    assert_int_equal(text_mask_number("\xff", &out), TB_EMALFORMED);
    assert_int_equal(out.len, 0);
    buf_free(&out);
    buf_init(&out, 10);
    assert_int_equal(text_mask_number("33048318500101001X", &out), TB_ELIMIT);
    buf_free(&out);
}

static void test_width(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned width;
    } rows[] = {{"", 0},
                {"abc", 3},
                {"张三", 4},
                {"𠮷", 2},
                {"𱁬", 2},
                {"·", 1},
                {"é", 1},
                {"e\xcc\x81", 1},
                {"Ａ", 2},
                {"한", 2},
                {"葛\xf3\xa0\x84\x80", 2},
                {"a\x1b", 1},
                {"\xff\xff", 2},
                {"，", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_width(rows[i].text, strlen(rows[i].text)) != rows[i].width)
            fail_msg("%s is %u wide", rows[i].text, text_width(rows[i].text, strlen(rows[i].text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
