/* Catalogue files: what the writer writes the reader reads back, whatever text stands in it; every mistake has its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tongban_catalogue.h"
#include "proto/limits.h"

static char path[] = "/tmp/tongban-catalogue-XXXXXX";

static void write_text(const char *text, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

struct mistake {
    unsigned count;
    int line;
    char pointer[100], words[300];
};

/* Keeps the first one. */
static void keep(void *context, const char *file, int line, const char *pointer, const char *message)
{
    struct mistake *m = context;
    assert_string_equal(file, path);
    if (m->count++)
        return;
    m->line = line;
    (void)snprintf(m->pointer, sizeof m->pointer, "%s", pointer);
    (void)snprintf(m->words, sizeof m->words, "%s", message);
}

static json_t *item_with(const char *text)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:[{s:s, s:s, s:b, s:s}], s:n, s:{s:i, s:s}, "
                     "s:s, s:s, s:s, s:s, s:s, s:[s, s], s:[]}",
                     "code", "XX01", "version", 3, "name", text, "name_en", text, "category", text, "department", text, "task_type",
                     "20", "subject", "P", "mode", "PROXY", "steps", "INOPD", "in_person", 1, "materials", "name", text, "form", "F", "required", 1,
                     "standard", text, "statutory_limit", "promised_limit", "days", 5, "unit", "working_day", "project_type", "committed",
                     "fee", text, "result", text, "legal_basis", text, "effective_from", "2026-01-01", "conditions", text, "第二条",
                     "approximate");
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {"居民身份证换领", "plain text", "yes", "No", "null", "~", "0", "-1", "007", "1.5", "2026-01-01", "- dash",
                                        "a: b", "a #b", "#a", "'quoted'", "\"double\" \\ back", "[list]", "{map}", "& anchor", "* alias",
                                        "! tag", "% percent", "@ at", "` tick", "| bar", "> fold", "? key", ", comma", "trailing ", " leading",
                                        "a:", "true", "0x1F", "〔2003〕2322号", "表情😀", "—", "a\tb"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *item = item_with(texts[i]), *items = json_pack("[O]", item);
        struct catalogue_set set;
        struct mistake m = {0};
        struct buf text;
        const char *const files[] = {path};
        buf_init(&text, 65536);
        assert_int_equal(catalogue_yaml("330483", items, "made", &text), 0);
        write_text(text.data, text.len);
        assert_int_equal(catalogue_read(files, 1, keep, &m, &set), 0);
        if (!json_equal(json_array_get(set.items, 0), item))
            fail_msg("%s came back otherwise:\n%s", texts[i], text.data);
        /* a tab is a control character: written and read, but no text of an item */
        if ((m.count != 0) != (strchr(texts[i], '\t') != NULL))
            fail_msg("%s: %s", texts[i], m.words);
        assert_string_equal(set.office, "330483");
        catalogue_set_free(&set);
        buf_free(&text);
        json_decref(items);
        json_decref(item);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *pointer, *words;
    } rows[] = {
        {"office: 330483\nitems:\n  - code: A\n    version: x\n", 4, "/version", "a number"},
        {"office: 330483\nitems:\n  - code: A\n    contact:\n      phone: 1\n", 3, "/version", "missing"},
        {"office: 33\nitems:\n  - code: A\n", 1, "/office", "six digits"},
        {"items:\n  - code: A\n", 1, "/office", "six digits"},
        {"office: 330483\nitems: []\n", 2, "/items", "at least one"},
        {"office: 330483\nitems: [\n", 3, "", "not YAML"},
        {"- a\n", 1, "", "mapping"},
        {"office: 330483\noffice: 320623\n", 2, "", "twice"},
        {"office: 330483\nitems:\n  - 1\n", 3, "", "object"},
        {"office: 330483\nitems:\n  - code: A\n  - code: A\n", 3, "/version", "missing"},
        {"\xff\xfe\xff", 1, "", "not YAML"},
        {"", 1, "", "mapping"},
    };
    const char *const files[] = {path};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalogue_set set;
        struct mistake m = {0};
        write_text(rows[i].text, strlen(rows[i].text));
        assert_int_equal(catalogue_read(files, 1, keep, &m, &set), 0);
        if (!m.count || set.errors != m.count || m.line != rows[i].line || strcmp(m.pointer, rows[i].pointer) != 0 ||
            !strstr(m.words, rows[i].words))
            fail_msg("row %zu: %u mistakes, line %d, '%s', %s", i, m.count, m.line, m.pointer, m.words);
        catalogue_set_free(&set);
    }
}

static void test_lines(void **state)
{
    (void)state;
    static const char text[] = "office: 330483\nitems:\n  - code: A\n    version: 1\n    contact:\n      phone: \"1\"\n";
    const char *const files[] = {path};
    const char *file;
    struct catalogue_set set;
    struct mistake m = {0};
    write_text(text, sizeof text - 1);
    assert_int_equal(catalogue_read(files, 1, keep, &m, &set), 0);
    assert_int_equal(catalogue_line(&set, "A", "/version", &file), 4);
    assert_int_equal(catalogue_line(&set, "A", "/contact/phone", &file), 6);
    assert_int_equal(catalogue_line(&set, "A", "/contact/hours", &file), 5);
    assert_int_equal(catalogue_line(&set, "A", "/fee", &file), 3);
    assert_string_equal(file, path);
    catalogue_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_lines)};
    int file = mkstemp(path);
    if (file < 0 || close(file))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
