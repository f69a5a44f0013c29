/* What the clerk sees: widths, tables, language, exit statuses, progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/tongban_term.h"
#include "proto/text.h"

static void check_fit(const char *text, unsigned columns, const char *want)
{
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(text_fit(text, columns, &out), 0);
    assert_string_equal(out.len ? out.data : "", want);
    assert_true(!out.len || text_width(out.data, out.len) <= columns);
    buf_free(&out);
}

static void test_fit(void **state)
{
    (void)state;
    check_fit("居民身份证", 10, "居民身份证");
    check_fit("居民身份证", 9, "居民身份…");
    check_fit("居民身份证", 8, "居民身…");
    check_fit("居民", 1, "…");
    check_fit("居民", 0, "");
    check_fit("𠮷田", 3, "𠮷…");
    check_fit("abc", 3, "abc");
    check_fit("", 3, "");
}

/* What does not fit is written record by record: everything is there, no line is too long, titles stand only before what has a value. */
static void test_flow(void **state)
{
    (void)state;
    struct table t;
    struct buf out;
    buf_init(&out, 10000);
    table_init(&t);
    table_column(&t, "日期", 0);
    table_column(&t, "编号", 0);
    table_column(&t, "事项", 6);
    table_column(&t, "补录", 0);
    table_column(&t, "空", 0);
    table_hide(&t, HIDE_EMPTY);
    assert_true(table_fits(&t, 40));
    const char *one[] = {"2026-11-23", "A1", "居民身份证遗失补领", "否", ""}, *two[] = {"2026-11-24", "B2", "换领", "是", "-"};
    assert_int_equal(table_row(&t, one), 0);
    assert_int_equal(table_row(&t, two), 0);
    /* 10 + 2 + 4 + 2 + 12 of the text + 2 + 4: the empty column takes nothing */
    assert_true(table_fits(&t, 0) && table_fits(&t, 36) && !table_fits(&t, 35));
    assert_int_equal(table_flow(&t, 30, &out), 0);
    assert_string_equal(out.data, "2026-11-23  A1\n  事项 居民身份证遗失补领\n  补录 否\n2026-11-24  B2\n  事项 换领  补录 是\n");
    for (unsigned limit = 20; limit < 60; limit++) {
        buf_clear(&out);
        assert_int_equal(table_flow(&t, limit, &out), 0);
        for (const char *line = out.data; *line; line += strcspn(line, "\n") + 1)
            assert_true(text_width(line, strcspn(line, "\n")) <= limit);
    }
    buf_free(&out);
    table_free(&t);
}

static void test_table(void **state)
{
    (void)state;
    struct table t;
    struct buf out;
    buf_init(&out, 10000);
    table_init(&t);
    table_column(&t, "编码", 0);
    table_column(&t, "事项", 6);
    table_column(&t, "N", 0);
    const char *one[] = {"GA01", "居民身份证换领", "2"}, *two[] = {"B", "x\n\033[2J", NULL}, *three[] = {"", "", ""};
    assert_int_equal(table_row(&t, one), 0);
    assert_int_equal(table_row(&t, two), 0);
    assert_int_equal(table_row(&t, three), 0);
    assert_int_equal(table_write(&t, 0, &out), 0);
    assert_string_equal(out.data, "编码  事项            N\nGA01  居民身份证换领  2\nB     x  [2J\n\n");
    buf_clear(&out);
    assert_int_equal(table_write(&t, 15, &out), 0);
    assert_string_equal(out.data, "编码  事项    N\nGA01  居民…   2\nB     x  [2J\n\n");
    buf_clear(&out);
    /* narrower than the least widths: nothing is cut below them */
    assert_int_equal(table_write(&t, 5, &out), 0);
    assert_non_null(strstr(out.data, "GA01  居民…   2"));
    buf_free(&out);
    table_free(&t);
}

static void check_hidden(unsigned limit, const char *expected)
{
    struct table t;
    struct buf out;
    buf_init(&out, 10000);
    table_init(&t);
    table_column(&t, "编号", 0);
    table_column(&t, "空", 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, "事由", 4);
    table_column(&t, "甲", 0);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, "乙", 0);
    table_hide(&t, HIDE_NARROW);
    const char *one[] = {"C1", "-", "照片标准", "a", "b"}, *two[] = {"C2", "", "原件", "c", "-"};
    assert_int_equal(table_row(&t, one), 0);
    assert_int_equal(table_row(&t, two), 0);
    assert_int_equal(table_write(&t, limit, &out), 0);
    assert_string_equal(out.data, expected);
    buf_free(&out);
    table_free(&t);
}

/* What says nothing goes always; on a narrow terminal the last that may go goes first, and only then a cell is cut. */
static void test_hidden_columns(void **state)
{
    (void)state;
    check_hidden(0, "编号  事由      甲  乙\nC1    照片标准  a   b\nC2    原件      c   -\n");
    check_hidden(22, "编号  事由      甲  乙\nC1    照片标准  a   b\nC2    原件      c   -\n");
    check_hidden(21, "编号  事由      甲\nC1    照片标准  a\nC2    原件      c\n");
    check_hidden(14, "编号  事由\nC1    照片标准\nC2    原件\n");
    check_hidden(12, "编号  事由\nC1    照片…\nC2    原件\n");
}

static void check_wrap(const char *text, unsigned columns, unsigned used, unsigned indent, const char *expected)
{
    struct buf out;
    buf_init(&out, 10000);
    assert_int_equal(text_wrap(text, columns, used, indent, &out), 0);
    assert_string_equal(out.len ? out.data : "", expected);
    buf_free(&out);
}

static void test_wrap(void **state)
{
    (void)state;
    check_wrap("", 20, 0, 2, "");
    check_wrap("one two three", 0, 0, 2, "one two three");
    check_wrap("one two three four", 10, 0, 0, "one two\nthree four");
    check_wrap("one two three four", 12, 4, 1, "one two\n three four");
    check_wrap("人、证、照一致，原件齐全", 16, 0, 2, "人、证、照一致，\n  原件齐全");
    /* closing punctuation never begins a line, opening never ends one */
    check_wrap("一二三四五六。七", 12, 0, 0, "一二三四五\n六。七");
    check_wrap("一二三四五（六）", 12, 0, 0, "一二三四五\n（六）");
    /* a word longer than the line is broken where the line ends; a terminal that is too narrow is left alone */
    check_wrap("abcdefghijklmnop", 10, 0, 0, "abcdefghij\nklmnop");
    check_wrap("abc def", 5, 0, 0, "abc def");
    check_wrap("\xff\xfe", 20, 0, 0, "\xff\xfe");
}

static void test_language(void **state)
{
    (void)state;
    static const struct {
        const char *language, *lc_all, *lc_messages, *lang;
        bool zh;
    } rows[] = {
        {NULL, NULL, NULL, NULL, false},          {NULL, NULL, NULL, "zh_CN.UTF-8", true},
        {NULL, "C", NULL, "zh_CN.UTF-8", false},  {NULL, "", "", "zh_CN", true},
        {NULL, NULL, "zh_CN.UTF-8", "C", true},   {NULL, "zh_CN.GB18030", NULL, NULL, true},
        {"zh_CN:en", NULL, NULL, "C", false},     {"zh_CN:en", NULL, NULL, "C.UTF-8", true},
        {"en", NULL, NULL, "zh_CN.UTF-8", false}, {"zh", NULL, NULL, NULL, false},
        {NULL, NULL, NULL, "de_DE.UTF-8", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(lang_wants_zh(rows[i].language, rows[i].lc_all, rows[i].lc_messages, rows[i].lang),
                         rows[i].zh);
}

static void test_exit(void **state)
{
    (void)state;
    for (int id = 0; id < PROBLEM_COUNT; id++) {
        int status = report_exit(problem_type((enum problem_id)id)->code);
        assert_true(status >= EXIT_REFUSED && status <= EXIT_NOT_ALLOWED);
        assert_int_not_equal(status, EXIT_USAGE); /* what a server says is never our usage */
    }
    assert_int_equal(report_exit(problem_type(PROBLEM_TRANSITION)->code), EXIT_REFUSED);
    assert_int_equal(report_exit(problem_type(PROBLEM_NOT_ALLOWED)->code), EXIT_NOT_ALLOWED);
    assert_int_equal(report_exit(problem_type(PROBLEM_UNTRUSTED)->code), EXIT_UNREACHABLE);
    assert_int_equal(report_exit(0), EXIT_DONE);
}

static void test_progress(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    for (unsigned width = 1; width < 120; width++) {
        buf_clear(&out);
        assert_int_equal(progress_line("居民身份证异地受理登记表.pdf", 1, 3, width, &out), 0);
        if (width > 4)
            assert_true(text_width(out.data, out.len) <= width);
        assert_non_null(strstr(out.data, "33%"));
    }
    buf_clear(&out);
    assert_int_equal(progress_line("a", 0, 0, 79, &out), 0);
    assert_non_null(strstr(out.data, "100%"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fit), cmocka_unit_test(test_flow), cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_hidden_columns),
                                       cmocka_unit_test(test_wrap),
                                       cmocka_unit_test(test_language), cmocka_unit_test(test_exit),
                                       cmocka_unit_test(test_progress)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
