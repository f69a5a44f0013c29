/* Files of cases: cells that come back exactly, rows of hostile files, columns and documents, the reference page.  Written anew by
 *     unit_proto_test_case_file --write docs/reference/case-file.md */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/case_file.h"
#include "proto/limits.h"
#include "proto/row_text.h"
#include "proto/strict_json.h"
#include "tests/unit/page.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

/* ---- cells ---- */

static void test_cells(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},           {"张三", "张三"},       {"a\tb", "a\\tb"},     {"a\nb\r", "a\\nb\\r"}, {"C:\\t", "C:\\\\t"},   {"=1+1", "'=1+1"},
        {"+86 1", "'+86 1"}, {"-5", "'-5"},          {"@SUM", "'@SUM"},      {"\tx", "'\\tx"},       {"\rx", "'\\rx"},       {"\nx", "'\\nx"},
        {"'x", "''x"},      {"\"x\"", "'\"x\""},   {"＝1", "'＝1"},        {"＋1", "'＋1"},        {"－1", "'－1"},        {"＠1", "'＠1"},
        {"a=b", "a=b"},     {"[1]", "[1]"},
        {"1E+17", "'1E+17"}, {"3.2e+5", "'3.2e+5"}, {"E+17", "E+17"},     {"1E+", "1E+"},         {"1E+1x", "1E+1x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf cell;
        buf_init(&cell, 100);
        assert_int_equal(row_cell_write(rows[i][0], strlen(rows[i][0]), &cell), 0);
        assert_string_equal(cell.len ? cell.data : "", rows[i][1]);
        size_t len = cell.len;
        assert_int_equal(row_cell_read(cell.data, &len), 0);
        assert_int_equal(len, strlen(rows[i][0]));
        assert_true(!len || !memcmp(cell.data, rows[i][0], len));
        buf_free(&cell);
    }
}

/* What a spreadsheet program makes of a cell, and what means nothing. */
static void test_cells_of_others(void **state)
{
    static const char *const good[][2] = {{"\"a\"", "a"}, {"\"[{\"\"n\"\":1}]\"", "[{\"n\":1}]"}, {"\"\"", ""}, {"\"'=1\"", "=1"}};
    static const char *const bad[] = {"\\", "a\\x", "\\0", "\"", "\"a", "\"a\"b", "\"a\"b\"", "\"\"\""};
    char cell[64];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(cell, sizeof cell, "%s", good[i][0]);
        size_t len = strlen(cell);
        assert_int_equal(row_cell_read(cell, &len), 0);
        assert_int_equal(len, strlen(good[i][1]));
        assert_true(!len || !memcmp(cell, good[i][1], len));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(cell, sizeof cell, "%s", bad[i]);
        size_t len = strlen(cell);
        assert_int_equal(row_cell_read(cell, &len), TB_EMALFORMED);
    }
}

static void test_any_text_comes_back(void **state)
{
    static const char *const pieces[] = {"=", "+", "-", "@", "\t", "\n", "\r", "\\", "'", "\"", "＝", "－", "张", "𠮷", "a", " ", "t", "n"};
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char text[64] = "";
        size_t len = 0;
        for (uint32_t n = random_below(8); n-- > 0; len = strlen(text))
            (void)snprintf(text + len, sizeof text - len, "%s", pieces[random_below(sizeof pieces / sizeof pieces[0])]);
        struct buf cell;
        buf_init(&cell, 200);
        assert_int_equal(row_cell_write(text, len, &cell), 0);
        size_t got = cell.len;
        if (got) {
            assert_null(memchr(cell.data, '\t', got));
            assert_null(memchr(cell.data, '\n', got));
            assert_null(memchr(cell.data, '\r', got));
            assert_null(strchr("=+-@\"", cell.data[0]));
            assert_int_equal(row_cell_read(cell.data, &got), 0);
        }
        assert_int_equal(got, len);
        assert_true(!len || !memcmp(cell.data, text, len));
        buf_free(&cell);
    }
}

static void test_split(void **state)
{
    char line[] = "a\t\tb\t";
    char *cell[3];
    size_t len[3];
    (void)state;
    assert_int_equal(row_split(line, strlen(line), cell, len, 3), 4);
    assert_true(len[0] == 1 && len[1] == 0 && len[2] == 1 && cell[2][0] == 'b');
    assert_int_equal(row_split(line, 0, cell, len, 3), 1);
}

/* ---- rows ---- */

/* The rows of a file as "LINE:TEXT|", errors as "LINE!CODE|", given in pieces of `piece` bytes. */
static void rows_of(const char *bytes, size_t len, size_t piece, struct buf *out)
{
    struct row_reader r;
    row_reader_init(&r);
    buf_clear(out);
    int rc = 0;
    for (size_t at = 0; at < len;) {
        size_t n = len - at < piece ? len - at : piece, used = 0;
        rc = row_reader_feed(&r, bytes + at, n, &used);
        assert_true(rc >= 0 && used <= n && (used > 0 || rc == 1));
        at += used;
        if (rc)
            assert_int_equal(r.error ? buf_printf(out, "%u!%d|", (unsigned)r.row_line, r.error)
                                     : buf_printf(out, "%u:%.*s|", (unsigned)r.row_line, (int)r.row.len, r.row.data), 0);
    }
    while ((rc = row_reader_end(&r)) == 1)
        assert_int_equal(r.error ? buf_printf(out, "%u!%d|", (unsigned)r.row_line, r.error)
                                 : buf_printf(out, "%u:%.*s|", (unsigned)r.row_line, (int)r.row.len, r.row.data), 0);
    assert_int_equal(rc, 0);
    row_reader_free(&r);
}

static void test_rows(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"\n\r\n", ""},
        {"\xEF\xBB\xBF", ""},
        {"\xEF\xBB", ""},
        {"\xEF\xBB\xBF" "a\tb\r\n1\t2\r\n", "1:a\tb|2:1\t2|"},
        {"\xEF\xBB" "a\n", "1:\xEF\xBB" "a|"},
        {"a\n\n\nb", "1:a|4:b|"},
        {"\n a\n\t\n", "2:a|3:\t|"},
        {"a\rb\n", "1:a\rb|"},
        {"{}", "1:{}|"},
        {"\xEF\xBB\xBF[\n{\"a\":\"}\\\"\"},\n{\n\"b\":[{}]}\n]\n", "2:{\"a\":\"}\\\"\"}|3:{\n\"b\":[{}]}|"},
        {"{\"a\":1}\n{\"a\":2}\n", "1:{\"a\":1}|2:{\"a\":2}|"},
        {"[{}x\n{}]", "1:{}|1!-3|2:{}|"},
        {"[1,2,{}]", "1!-3|1:{}|"},
        {"{\"a\":\"x\n{}\n", "1!-3|2:{}|"}, /* an open string ends with its line */
        {"{\"a\":1\n", "1!-3|"},
        {"[\"a\"", "1!-3|"},
    };
    struct buf got;
    (void)state;
    buf_init(&got, 100000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 40; piece += 3) {
            rows_of(rows[i][0], strlen(rows[i][0]), piece, &got);
            assert_string_equal(got.len ? got.data : "", rows[i][1]);
        }
    }
    rows_of("[{}\0{}]", 7, 3, &got);
    assert_string_equal(got.data, "1:{}|1!-3|1:{}|");
    buf_free(&got);
}

/* A row that is too long is one error; memory stays within the limit, and the next row is read. */
static void test_long_rows(void **state)
{
    enum { LONG = 3 * LIMIT_CASE_ROW_BYTES };
    char *bytes = malloc(LONG + 32);
    struct buf got;
    (void)state;
    assert_non_null(bytes);
    buf_init(&got, 1000);
    memset(bytes, 'x', LONG);
    memcpy(bytes + LONG, "\nb\n", 3);
    rows_of(bytes, LONG + 3, 65536, &got);
    assert_string_equal(got.data, "1!-4|2:b|");
    memcpy(bytes, "{\"a\":\"", 6);
    memcpy(bytes + LONG, "\"}\n{}", 5);
    rows_of(bytes, LONG + 5, 65536, &got);
    assert_string_equal(got.data, "1!-4|2:{}|");
    free(bytes);
    buf_free(&got);
}

/* ---- columns and documents ---- */

static const char whole[] =
    "{\"case\":\"320623261126000000011\",\"home\":\"330483\",\"intake\":\"320623\",\"state\":\"received\",\"actions\":[\"withdraw\"],"
    "\"item\":{\"office\":\"330483\",\"code\":\"GA01\",\"version\":1,\"name\":\"居民身份证\"},\"due\":{\"date\":\"2026-12-03\",\"provisional\":false},"
    "\"applicant\":{\"kind\":\"person\",\"name\":\"张三\",\"certificate\":{\"type\":\"citizen-id\",\"number\":\"33048318500101001X\"},"
    "\"mobile\":\"13900001234\"},\"materials\":[{\"name\":\"原证\\t=1\",\"form\":\"original\",\"original_seen\":true,\"here\":true}],"
    "\"comparison\":{\"result\":\"match\",\"score\":93},\"form\":{\"a\":[1,\"二\"]},\"remark\":\"=1+1\\n第二行\\\\\",\"late\":true,"
    "\"handed_in_at\":\"2026-11-26T05:13:56.222+08:00\",\"times\":{\"sent\":\"2026-11-26T05:13:56.222+08:00\"},\"light\":null,"
    "\"numbers\":[{\"system\":\"社保系统\",\"value\":\"A1\"},{\"system\":\"公安\",\"value\":\"B2\"}]}";

static json_t *parsed(const char *text)
{
    json_t *doc = NULL;
    struct problem p;
    if (strict_json_parse(text, strlen(text), &doc, &p))
        fail_msg("%s", p.detail);
    return doc;
}

static json_t *through_cells(const json_t *doc)
{
    json_t *back = json_object();
    struct problem p = {.detail = ""};
    for (int i = 0; i < CASE_COLUMNS; i++) {
        struct buf raw, cell;
        buf_init(&raw, LIMIT_CASE_ROW_BYTES);
        buf_init(&cell, LIMIT_CASE_ROW_BYTES);
        assert_int_equal(case_cell(&case_columns[i], doc, &raw), 0);
        assert_int_equal(row_cell_write(raw.len ? raw.data : "", raw.len, &cell), 0);
        size_t len = cell.len;
        if (len) {
            assert_int_equal(row_cell_read(cell.data, &len), 0);
            cell.data[len] = '\0';
        }
        if (case_cell_put(&case_columns[i], len ? cell.data : "", len, back, &p))
            fail_msg("%s: %s", case_columns[i].name, p.detail);
        buf_free(&raw);
        buf_free(&cell);
    }
    return back;
}

static void test_a_case_comes_back(void **state)
{
    json_t *doc = parsed(whole), *shown = case_export(doc), *back = through_cells(shown);
    json_t *body = NULL, *numbers = NULL, *body2 = NULL, *numbers2 = NULL;
    struct problem p = {.detail = ""};
    (void)state;
    json_t *material = json_array_get(json_object_get(doc, "materials"), 0);
    assert_null(json_object_get(json_array_get(json_object_get(shown, "materials"), 0), "here")); /* what only the office knows */
    assert_int_equal(json_object_del(material, "here"), 0);
    assert_null(json_object_get(shown, "actions"));
    assert_null(json_object_get(shown, "light"));
    assert_non_null(json_object_get(shown, "due"));
    if (case_import(shown, &body, &numbers, &p) || case_import(back, &body2, &numbers2, &p))
        fail_msg("%s %s", p.field, p.detail);
    assert_true(json_equal(body, body2));
    assert_true(json_equal(numbers, numbers2));
    assert_int_equal(json_array_size(numbers), 2);
    assert_null(json_object_get(json_object_get(body, "item"), "version"));
    static const char *const same[] = {"applicant", "materials", "comparison", "form", "remark", "late", "handed_in_at"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_true(json_equal(json_object_get(body, same[i]), json_object_get(doc, same[i])));
    assert_int_equal(json_object_size(body), 8); /* the item, and these */
    json_t *all[] = {doc, shown, back, body, numbers, body2, numbers2};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        json_decref(all[i]);
}

/* What may stand in a text of a case: everything printable, line ends, tabs. */
static void random_text(char *out, size_t size, bool lines)
{
    static const char *const pieces[] = {"=", "+", "-", "@", "\\", "'", "\"", "＝", "张", "𠮷", "a", "t", "n", "{", "]", ","};
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t n = 1 + random_below(9); n-- > 0; len = strlen(out))
        (void)snprintf(out + len, size - len, "%s",
                       lines && !random_below(6) ? "\n" : pieces[random_below(sizeof pieces / sizeof pieces[0])]);
}

static void test_random_cases_come_back(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        char name[64], remark[64], address[64], key[64];
        json_t *doc = parsed(whole), *body = NULL, *numbers = NULL, *body2 = NULL, *numbers2 = NULL;
        struct problem p = {.detail = ""};
        random_text(name, sizeof name, false);
        random_text(remark, sizeof remark, true);
        random_text(address, sizeof address, true);
        random_text(key, sizeof key, false);
        (void)json_object_set_new(json_object_get(doc, "applicant"), "name", json_string(name));
        (void)json_object_set_new(json_object_get(doc, "applicant"), "address", json_string(address));
        (void)json_object_set_new(doc, "remark", json_string(remark));
        (void)json_object_set_new(doc, "form", json_pack("{s:s, s:i}", key, remark, "n", -(int)random_below(1000)));
        if (random_below(2))
            (void)json_object_del(doc, "numbers");
        json_t *shown = case_export(doc), *back = through_cells(shown);
        if (case_import(shown, &body, &numbers, &p) || case_import(back, &body2, &numbers2, &p))
            fail_msg("round %u: %s %s", round, p.field, p.detail);
        assert_true(json_equal(body, body2) && json_equal(numbers, numbers2));
        assert_true(json_equal(json_object_get(body, "form"), json_object_get(doc, "form")));
        json_t *all[] = {doc, shown, back, body, numbers, body2, numbers2};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            json_decref(all[i]);
    }
}

static void test_bad_cells(void **state)
{
    static const char *const rows[][3] = {
        {"comparison_score", "1x", "/comparison/score"}, {"comparison_score", "99999999999999999999", "/comparison/score"},
        {"comparison_score", "+1", "/comparison/score"}, {"late", "yes", "/late"},
        {"materials", "[", "/materials"},               {"form", "{},\"x\":1", "/form"},
        {"form", "{\"a\":1,\"a\":2}", "/form"},         {"more_numbers", "[{\"system\":\"a\",\"value\":\"1\"}]", "/numbers"},
        {"more_numbers", "{}", "/numbers"},             {"remark", "\xFF", "/remark"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *doc = json_object();
        struct problem p = {.detail = ""};
        int column = case_column_find(rows[i][0]);
        assert_true(column >= 0);
        assert_int_equal(case_cell_put(&case_columns[column], rows[i][1], strlen(rows[i][1]), doc, &p), TB_EMALFORMED);
        assert_string_equal(p.field, rows[i][2]);
        json_decref(doc);
    }
}

static void test_bad_documents(void **state)
{
    static const char *const rows[][2] = {
        {"{\"actions\":[]}", "/actions"},           {"{\"nubmers\":[]}", "/nubmers"}, {"{}", "/item"},
        {"{\"numbers\":{}}", "/item"},              {"{\"materials\":[{\"file\":\"x\"}]}", "/item"},
    };
    static const char *const numbers[][2] = {
        {"{}", "/numbers"}, {"[{\"system\":\"a\"}]", "/numbers/0/value"}, {"[{\"system\":\"a\",\"value\":\"1\",\"x\":1}]", "/numbers/0/value"},
        {"[{\"system\":\"a\",\"value\":\"33048318500101001X\"}]", "/numbers/0/value"}, {"[1]", "/numbers/0/system"},
    };
    json_t *body, *list;
    struct problem p = {.detail = ""};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *doc = parsed(rows[i][0]);
        assert_int_equal(case_import(doc, &body, &list, &p), TB_EMALFORMED);
        assert_string_equal(p.field, rows[i][1]);
        json_decref(doc);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_t *from = parsed(whole), *doc = case_export(from);
        (void)json_object_set_new(doc, "numbers", json_loads(numbers[i][0], 0, NULL));
        assert_int_equal(case_import(doc, &body, &list, &p), TB_EMALFORMED);
        assert_string_equal(p.field, numbers[i][1]);
        json_decref(from);
        json_decref(doc);
    }
}

static void test_columns(void **state)
{
    (void)state;
    assert_true((int)CASE_COLUMNS <= (int)LIMIT_CASE_FILE_COLUMNS);
    for (int i = 0; i < CASE_COLUMNS; i++) {
        assert_int_equal(case_column_find(case_columns[i].name), i);
        assert_int_equal(case_column_find(case_columns[i].zh), i);
    }
    assert_int_equal(case_column_find("nothing"), -1);
    assert_string_equal(case_columns[case_column_at("/applicant/certificate/number")].name, "certificate_number");
    assert_string_equal(case_columns[case_column_at("/materials/3/form")].name, "materials");
    assert_string_equal(case_columns[case_column_at("/numbers/0/value")].name, "number");
    assert_string_equal(case_columns[case_column_at("/numbers/4/value")].name, "more_numbers");
    assert_int_equal(case_column_at("/nothing"), -1);
    assert_int_equal(case_column_at("/remarks"), -1);
}

/* ---- the page ---- */

static void put(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_str(out, text), 0);
}

static void write_page(struct buf *out)
{
    static const char *const kinds[] = {"text", "whole number", "`true` or `false`", "JSON", "JSON"};
    static const char *const uses[] = {"written only", "taken", "**needed**"};
    put(out, "# File of cases\n\nWhat `tongban case export` writes and `tongban case import` reads; how it is used: "
             "[exchange case files](../how-to/exchange-case-files.md). Made from `proto/case_file.h`.\n\n"
             "*written only*: the export says it, the import passes it over. *needed*: a file for the import has this column, and a row this "
             "cell. Columns may come in any order and may be named by their Chinese title; one that is not here is an error.\n\n"
             "| column | title | cell | import | in JSON | meaning |\n| --- | --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < CASE_COLUMNS; i++) {
        const struct case_column *c = &case_columns[i];
        char line[400];
        (void)snprintf(line, sizeof line, "| `%s` | %s | %s | %s | `%s` | %s |\n", c->name, c->zh, kinds[c->kind], uses[c->use],
                       c->path, c->help);
        put(out, line);
    }
    put(out,
        "\n## TSV\n\nUTF-8, one case a line, cells between tabs; the first line names the columns. A byte order mark, CRLF and empty lines are "
        "passed over. An empty cell says nothing.\n\n"
        "- A backslash, a tab, a line feed and a carriage return are written `\\\\`, `\\t`, `\\n`, `\\r`. No other backslash is taken.\n"
        "- A text that begins with `=` `+` `-` `@`, with `＝` `＋` `－` `＠`, with a tab, a line end, `\"` or `'` has a `'` in front, so that no "
        "spreadsheet program takes it for a formula; one that looks like `3.2E+17`, too. The import takes one leading `'` away.\n"
        "- A text cell that looks like `3.20623E+17` is refused: a spreadsheet program has rounded a long number, and its last digits are gone.\n"
        "- A cell in quotation marks is one that a spreadsheet program has quoted; `\"\"` inside is `\"`.\n\n"
        "So every text comes back as it was.\n\n## JSON\n\n"
        "The export writes a list, one case a line. The import takes such a list, objects one after the other, or one object in the form of "
        "`tongban case new --file`; its `file` members are not taken. The members of a case have the names of the column *in JSON*: "
        "`item.office` is the member `office` of `item`, `numbers.0.value` the `value` of the first of `numbers`.\n\n"
        "## The key of a row\n\nThe `Idempotency-Key` is the SHA-256, in hexadecimal, of three lines (the last one without its end): "
        "`tongban case import`, the application as JSON without `forward`, the list of numbers as JSON (`[]` without one); both without blanks, "
        "members in the order of their names, UTF-8 not escaped.\n\n"
        "Lengths and counts have limits: `CASE_…` in [limits](limits.md).\n");
}

static void test_page(void **state)
{
    (void)state;
    page_check("reference/case-file.md", write_page);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--write"))
        return page_write(argv[2], write_page);
    const char *seed = getenv("TONGBAN_SEED");
    random_state = seed ? (uint32_t)strtoul(seed, NULL, 10) : (uint32_t)time(NULL);
    print_message("TONGBAN_SEED=%u\n", random_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),      cmocka_unit_test(test_cells_of_others),        cmocka_unit_test(test_any_text_comes_back),
        cmocka_unit_test(test_split),      cmocka_unit_test(test_rows),                   cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_columns),    cmocka_unit_test(test_a_case_comes_back),      cmocka_unit_test(test_random_cases_come_back),
        cmocka_unit_test(test_bad_cells),  cmocka_unit_test(test_bad_documents),          cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
