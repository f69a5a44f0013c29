/* The reference pages that come from tables: limits, problems, elements of an item.  Written anew by
 *     unit_proto_test_reference --write docs/reference */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/item.h"
#include "proto/limits.h"
#include "proto/problem.h"

#define PAGES TONGBAN_SOURCE_DIR "/docs/reference"

enum { PAGE_BYTES = 256 * 1024 };

static void put(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_str(out, text), 0);
}

/* A cell of a table: a bar would end it. */
static void put_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            put(out, "\\");
        assert_int_equal(buf_append(out, text, 1), 0);
    }
    put(out, " | ");
}

/* "524,288,000": read by people. */
static void put_number(struct buf *out, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)value);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            put(out, ",");
        assert_int_equal(buf_append(out, digits + i, 1), 0);
    }
    put(out, " | ");
}

static void write_limits(struct buf *out)
{
    static const struct {
        const char *name;
        int64_t value;
        const char *unit, *reason;
    } rows[] = {
#define LIMIT(name, value, unit, reason) {#name, (value), unit, reason},
        LIMIT_TABLE(LIMIT)
#undef LIMIT
    };
    put(out, "# Limits\n\nEverything that somebody outside can make long, deep, many or slow has a named maximum. "
             "This page is made from the\n"
             "table `proto/limits.h` by its unit test (`unit_proto_test_reference --write docs/reference`); the test fails when\n"
             "they differ. Do not edit by hand. Beyond a limit comes a problem document ([problems](problems.md)), mostly\n"
             "`too-large`, `field`, `timeout` or `busy`.\n\n| limit | value | unit | for |\n| --- | ---: | --- | --- |\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(out, "| `");
        put(out, rows[i].name);
        put(out, "` | ");
        put_number(out, rows[i].value);
        put_cell(out, rows[i].unit);
        put_cell(out, rows[i].reason);
        out->len--; /* the blank after the last bar */
        put(out, "\n");
    }
}

static void write_problems(struct buf *out)
{
    put(out, "# Problems\n\nEvery refusal is a document of RFC 9457, `application/problem+json`. This page is made from the table\n"
             "`proto/problem.h` by its unit test (`unit_proto_test_reference --write docs/reference`); the test fails when they\n"
             "differ. Do not edit by hand.\n\n| member | meaning |\n| --- | --- |\n"
             "| `type` | `urn:tongban:problem:` and the name of the table below; stable, for programs |\n"
             "| `title` | the sentence of the table |\n| `status` | the HTTP status; in a receipt, where there is no HTTP answer, the same number |\n"
             "| `detail` | what was wrong this time; never a person's name or number |\n| `remedy` | what to do |\n"
             "| `field` | JSON pointer of the member that was wrong, or the name of a header; only when there is one |\n"
             "| `size` | only `checkpoint-conflict`: prove consistency from this size |\n"
             "| `expected` | only `sequence-gap`: the number of the next message |\n\n"
             "| name | status | title | what to do |\n| --- | ---: | --- | --- |\n");
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_type *type = problem_type((enum problem_id)i);
        put(out, "| `");
        put(out, type->name);
        put(out, "` | ");
        put_number(out, type->status);
        put_cell(out, type->title);
        put_cell(out, type->remedy);
        out->len--;
        put(out, "\n");
    }
}

/* "one of A, B", "a list of at most 20 texts": what the check of a row takes. */
static void put_form(struct buf *out, const struct item_element *e)
{
    char text[96] = "";
    static const char *const forms[ITEM_FORMS] = {
        [ITEM_OFFICE] = "six digits", [ITEM_TEXT] = "text",   [ITEM_BOOL] = "`true` or `false`", [ITEM_LIMIT] = "limit or `null`",
        [ITEM_DATE] = "date",         [ITEM_OBJECT] = "object", [ITEM_ELEMENTS] = "list of element names"};
    if (e->form == ITEM_CODE)
        (void)snprintf(text, sizeof text, "code of %d to %d characters", e->least, e->most);
    else if (e->form == ITEM_NUMBER && e->most == INT32_MAX)
        (void)snprintf(text, sizeof text, "number from %d", e->least);
    else if (e->form == ITEM_NUMBER)
        (void)snprintf(text, sizeof text, "number %d … %d", e->least, e->most);
    else if (e->form == ITEM_OBJECTS)
        (void)snprintf(text, sizeof text, "list of at most %d objects", e->most);
    else if (e->form == ITEM_TEXTS)
        (void)snprintf(text, sizeof text, "list of at most %d texts", e->most);
    if (e->values) {
        put(out, e->form == ITEM_LETTERS ? "letters out of `" : e->form == ITEM_WORDS ? "list of `" : "`");
        for (const char *c = e->values; *c; c++)
            put(out, *c == '|' ? "` `" : (char[2]){*c, '\0'});
        put(out, "` | ");
        return;
    }
    put_cell(out, forms[e->form] ? forms[e->form] : text);
}

static void write_elements(struct buf *out, const struct item_element *elements)
{
    put(out, "| element | 中文 | form | needed | when left out | meaning |\n| --- | --- | --- | --- | --- | --- |\n");
    for (const struct item_element *e = elements; e->name; e++) {
        put(out, "| `");
        put(out, e->name);
        put(out, "` | ");
        put_cell(out, e->zh);
        put_form(out, e);
        put_cell(out, e->flags & ITEM_REQUIRED ? "yes" : e->flags & ITEM_WANTED ? "wanted" : "no");
        put_cell(out, e->fallback ? e->fallback : "");
        put_cell(out, e->help);
        out->len--;
        put(out, "\n");
    }
}

static void write_item(struct buf *out)
{
    put(out, "# Elements of a service item\n\n"
             "The elements (实施清单要素) of one item as it stands in a catalogue file and in a `catalogue.published` entry. This page is\n"
             "made from the table `proto/item_elements.c` by its unit test (`unit_proto_test_reference --write docs/reference`); the test\n"
             "fails when they differ. Do not edit by hand.\n\n"
             "*Wanted* elements may be left out, but a window will miss them: `tongban catalogue lint` says so. Unknown elements are\n"
             "errors. A *limit* is `{days: N, unit: working_day}` or `calendar_day`; `days: 0` is on the spot. The elements of a list of\n"
             "objects are told apart by their first member, those of a list of texts by themselves; none may stand there twice.\n\n");
    write_elements(out, item_elements);
    for (const struct item_element *e = item_elements; e->name; e++)
        if (e->members) {
            put(out, "\n## Members of `");
            put(out, e->name);
            put(out, "`\n\n");
            write_elements(out, e->members);
        }
}

static const struct {
    const char *name;
    void (*write)(struct buf *out);
} pages[] = {{"limits.md", write_limits}, {"problems.md", write_problems}, {"item.md", write_item}};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct buf want, have;
        char path[512];
        buf_init(&want, PAGE_BYTES);
        buf_init(&have, PAGE_BYTES);
        pages[i].write(&want);
        (void)snprintf(path, sizeof path, "%s/%s", PAGES, pages[i].name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_int_equal(buf_reserve(&have, want.len + 1), 0);
        have.len = fread(have.data, 1, want.len + 1, file);
        (void)fclose(file);
        if (have.len != want.len || memcmp(have.data, want.data, want.len) != 0)
            fail_msg("docs/reference/%s differs from its table: run this test with --write docs/reference", pages[i].name);
        buf_free(&want);
        buf_free(&have);
    }
}

static int write_pages(const char *directory)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct buf page;
        char path[512];
        buf_init(&page, PAGE_BYTES);
        pages[i].write(&page);
        (void)snprintf(path, sizeof path, "%s/%s", directory, pages[i].name);
        FILE *file = fopen(path, "w");
        bool good = file && fwrite(page.data, 1, page.len, file) == page.len;
        if (file && fclose(file))
            good = false;
        buf_free(&page);
        if (!good)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_pages(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
