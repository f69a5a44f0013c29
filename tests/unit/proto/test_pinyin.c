/* Initials of names of items as clerks type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/pinyin.h"

static void test_match(void **state)
{
    (void)state;
    static const struct {
        const char *text, *query;
        bool found;
    } rows[] = {
        {"居民身份证换领", "jmsfz", true},    {"居民身份证换领", "SFZ", true},        {"居民身份证换领", "hl", true},
        {"居民身份证换领", "jmsfzhl", true},  {"居民身份证换领", "jmsfzhlx", false},  {"居民身份证换领", "jms fz", false},
        {"居民身份证换领", "", false},        {"居民身份证换领", "居民", false},      {"", "j", false},
        {"补领、换领机动车行驶证", "blhl", true}, {"80周岁以上老年人高龄津贴", "80zs", true}, {"参保人员", "cb", true},
        {"长期居住", "cq", true},             {"成长", "cz", true},                   {"重度残疾", "zd", true},
        {"重新申领", "cx", true},             {"调动", "dd", true},                   {"会计证", "kj", true},
        {"A类b证", "alb", true},              {"\xE4\xB8", "a", false},               {"㐀居民", "jm", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (pinyin_match(rows[i].text, rows[i].query) != rows[i].found)
            fail_msg("%s with %s", rows[i].text, rows[i].query);
}

/* A text longer than what is looked at, a query longer than any text. */
static void test_long(void **state)
{
    (void)state;
    char text[4000], query[4000];
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "居", 4);
    memset(query, 'j', sizeof query);
    query[400] = '\0';
    assert_true(pinyin_match(text, query));
    query[400] = 'j';
    query[401] = '\0';
    assert_false(pinyin_match(text, query));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_match), cmocka_unit_test(test_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
