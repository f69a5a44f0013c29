#include "proto/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/document_layout.h"
#include "proto/document_query.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "proto/timestamp.h"

enum { VALUE_BYTES = LIMIT_TEXT_BYTES + 1024, PATH_BYTES = 64 };

/* ---- the table ---- */

const struct document_row *document_by_id(const char *id)
{
    for (size_t i = 0; id && i < document_table_count; i++)
        if (!strcmp(document_table[i].id, id))
            return &document_table[i];
    return NULL;
}

int document_form_by_name(const char *name)
{
    static const char *const names[DOCUMENT_FORMS] = {"text", "markdown", "html"};
    for (int i = 0; name && i < DOCUMENT_FORMS; i++)
        if (!strcmp(names[i], name))
            return i;
    return name ? -1 : DOCUMENT_TEXT;
}

/* Whether the list "a|b" has the word. */
static bool listed(const char *list, const char *word, size_t len)
{
    for (const char *at = list; len;) {
        size_t n = strcspn(at, "|");
        if (n == len && !memcmp(at, word, n))
            return true;
        if (!at[n])
            return false;
        at += n + 1;
    }
    return false;
}

bool document_made_by(const struct document_row *row, enum entry_type type, const json_t *body)
{
    const char *text = entry_type_text(type), *outcome = json_string_value(json_object_get(body, "outcome"));
    return listed(row->made_by, text, strlen(text)) && (!row->outcome || (outcome && !strcmp(outcome, row->outcome)));
}

const struct document_row *document_by_entry(enum entry_type type, const json_t *body)
{
    for (size_t i = 0; i < document_table_count; i++)
        if (document_made_by(&document_table[i], type, body))
            return &document_table[i];
    return NULL;
}

bool document_issued_here(const struct document_row *row, enum case_side side, enum case_side actor)
{
    switch (row->issuer) {
    case DOCUMENT_BY_INTAKE:
        return side == CASE_SIDE_INTAKE;
    case DOCUMENT_BY_HOME:
        return side == CASE_SIDE_HOME;
    default:
        return side == actor;
    }
}

int document_number(const struct document_row *row, const char *prefix, int year, int64_t serial, char out[DOCUMENT_NO_TEXT])
{
    if (serial < 1 || serial > 999999 || year < 1000 || year > 9999 || strlen(prefix) > DOCUMENT_PREFIX_BYTES)
        return TB_ELIMIT;
    (void)snprintf(out, DOCUMENT_NO_TEXT, "%s%s〔%04d〕%06d号", prefix, row->word, year, (int)serial);
    return 0;
}

int document_year(int64_t at)
{
    char text[TIMESTAMP_TEXT];
    timestamp_format(at, text);
    return (int)strtol(text, NULL, 10);
}

size_t document_place(const char *office_name)
{
    static const char *const ends[] = {"市", "县", "区"};
    size_t best = 0;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const char *at = strstr(office_name, ends[i]);
        size_t len = at ? (size_t)(at - office_name) : 0;
        if (len && (!best || len + strlen(ends[i]) < best)) /* not as the first character: 市场监管局 */
            best = len + strlen(ends[i]);
    }
    return best;
}

/* ---- values of the source ---- */

/* "case/applicant/name" below `source`; NULL when a member is not there, null or an empty text or list. */
static const json_t *value_at(const json_t *source, const char *path, size_t len)
{
    const json_t *at = source;
    char key[PATH_BYTES];
    while (len && at) {
        size_t n = 0;
        while (n < len && path[n] != '/')
            n++;
        if (n >= sizeof key)
            return NULL;
        memcpy(key, path, n);
        key[n] = '\0';
        at = json_object_get(at, key);
        path += n;
        len -= n;
        if (len) {
            path++;
            len--;
        }
    }
    if (!at || json_is_null(at) || (json_is_string(at) && !json_string_length(at)) ||
        (json_is_array(at) && !json_array_size(at)))
        return NULL;
    return at;
}

const json_t *document_value(const json_t *source, const char *path)
{
    for (const char *at = path; at;) {
        size_t n = strcspn(at, "|");
        const json_t *value = value_at(source, at, n);
        if (value)
            return value;
        at = at[n] ? at + n + 1 : NULL;
    }
    return NULL;
}

static bool holds(const json_t *source, const char *condition)
{
    if (!condition)
        return true;
    if (condition[0] == '!')
        return !document_value(source, condition + 1);
    size_t n = strcspn(condition, "=");
    const json_t *value = value_at(source, condition, n);
    if (!condition[n])
        return value != NULL;
    const char *text = json_string_value(value);
    return text && !strcmp(text, condition + n + 1);
}

static const char *in_words(const struct document_word *words, const char *word)
{
    for (; words && words->word; words++)
        if (!strcmp(words->word, word))
            return words->zh;
    return word;
}

/* "2026-11-23" or a time → "2026年11月23日", with "09时30分".  What is neither stays as it is. */
static int append_date(const char *text, bool moment, struct buf *out)
{
    char full[TIMESTAMP_TEXT];
    int64_t number;
    if (!timestamp_parse(text, &number))
        timestamp_format(number, full); /* Beijing time, whatever offset it was said in */
    else if (!date_parse(text, &number))
        (void)snprintf(full, sizeof full, "%.10sT", text);
    else
        return buf_append_str(out, text);
    int rc = buf_printf(out, "%.4s年%.2s月%.2s日", full, full + 5, full + 8);
    return rc || !moment || strlen(full) < 16 ? rc : buf_printf(out, "%.2s时%.2s分", full + 11, full + 14);
}

static int append_value(const struct document_part *part, const json_t *value, struct buf *out)
{
    const char *text = json_string_value(value);
    if (text && (part->kind == PART_DATE || part->kind == PART_MOMENT))
        return append_date(text, part->kind == PART_MOMENT, out);
    if (text)
        return buf_append_str(out, part->kind == PART_WORD ? in_words(part->words, text) : text);
    if (json_is_integer(value))
        return buf_printf(out, "%lld", (long long)json_integer_value(value));
    return json_is_boolean(value) ? buf_append_str(out, json_is_true(value) ? "是" : "否") : 0;
}

/* ---- rendering ---- */

struct drawing {
    struct sheet sheet;
    const struct document_row *row;
    const json_t *source;
    struct problem *p;
    struct buf value; /* of the part at hand */
};

/* Contacts come from the configuration, everything else from the case: the detail says where to look. */
static int missing(const struct drawing *d, const char *label, const char *of)
{
    const char *path = of ? of : ""; /* a part that takes nothing from the case */
    bool contact = !strncmp(path, "home/", 5) || !strncmp(path, "intake/", 7);
    char field[PATH_BYTES];
    (void)snprintf(field, sizeof field, "/%.*s", (int)(strcspn(path, "|") < sizeof field - 2 ? strcspn(path, "|") : sizeof field - 2),
                   path);
    if (contact)
        return problem_set(d->p, PROBLEM_FIELD, field,
                           "the %s cannot be printed without %s: the operator enters it in the configuration (documents, peers)",
                           d->row->zh, label);
    return problem_set(d->p, PROBLEM_FIELD, field, "the %s cannot be printed without %s, which the case does not have", d->row->zh,
                       label);
}

/* {path} in a sentence. */
static int fill_sentence(struct drawing *d, const char *text)
{
    buf_clear(&d->value);
    while (*text) {
        size_t len = strcspn(text, "{");
        int rc = buf_append(&d->value, text, len);
        text += len;
        if (rc || !*text)
            return rc;
        size_t n = strcspn(text, "}");
        const json_t *value = value_at(d->source, text + 1, n - 1);
        if (!json_is_string(value)) {
            char path[PATH_BYTES];
            (void)snprintf(path, sizeof path, "%.*s", (int)(n - 1), text + 1);
            return missing(d, path, path);
        }
        rc = buf_append_str(&d->value, json_string_value(value));
        if (rc)
            return rc;
        text += text[n] ? n + 1 : n;
    }
    return 0;
}

/* What becomes of a material: kept, or given back after it was compared. */
static const char *fate(const json_t *material)
{
    const char *form = json_string_value(json_object_get(material, "form"));
    bool seen = json_is_true(json_object_get(material, "original_seen"));
    if (!form || !strcmp(form, "electronic"))
        return "电子存档";
    if (!strcmp(form, "original"))
        return "收存";
    return seen ? "收存，原件已核对退还" : "收存";
}

/* One cell, new. */
static int cell_text(const struct document_column *column, const json_t *element, size_t number, char **out, bool *lacks)
{
    struct buf text;
    buf_init(&text, VALUE_BYTES);
    int rc = buf_append_str(&text, "");
    for (const char *at = column->name; at && !rc && !text.len;) {
        size_t n = strcspn(at, "|");
        const json_t *value = *at == '=' || *at == '#' || *at == '~' ? NULL : value_at(element, at, n);
        const struct document_part plain = {.kind = column->words ? PART_WORD : PART_FIELD, .words = column->words};
        if (*at == '#')
            rc = buf_printf(&text, "%zu", number);
        else if (*at == '~')
            rc = buf_append_str(&text, fate(element));
        else if (*at == '=')
            rc = buf_append(&text, at + 1, n - 1);
        else if (value)
            rc = append_value(&plain, value, &text);
        at = at[n] ? at + n + 1 : NULL;
    }
    *lacks = column->required && !text.len;
    if (rc)
        buf_free(&text);
    else
        *out = buf_take(&text, NULL);
    return rc;
}

static void free_cells(char **cells, size_t count)
{
    for (size_t i = 0; cells && i < count; i++)
        free(cells[i]);
    free(cells);
}

static int draw_list(struct drawing *d, const struct document_part *part, const json_t *list)
{
    const char *titles[SHEET_COLUMNS];
    size_t columns = 0, rows = json_array_size(list);
    for (const struct document_column *c = part->columns; c->name && columns < SHEET_COLUMNS; c++)
        titles[columns++] = c->zh;
    if (!rows || rows > LIMIT_CASE_MATERIALS * 2)
        return rows ? TB_ELIMIT : missing(d, part->label, part->path);
    char **cells = calloc(rows * columns, sizeof *cells);
    int rc = cells ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < rows * columns && !rc; i++) {
        bool lacks;
        rc = cell_text(&part->columns[i % columns], json_array_get(list, i / columns), i / columns + 1, &cells[i], &lacks);
        if (!rc && lacks)
            rc = missing(d, titles[i % columns], part->path);
    }
    if (!rc) {
        const char *const *borrowed = (const char *const *)cells;
        if (d->sheet.form == DOCUMENT_TEXT && part->label)
            sheet_gap(&d->sheet);
        sheet_pair(&d->sheet, part->label, "");
        if (part->kind == PART_TABLE)
            sheet_table(&d->sheet, titles, borrowed, columns, rows);
        for (size_t r = 0; part->kind == PART_BLOCKS && r < rows; r++)
            sheet_block(&d->sheet, r + 1, titles, borrowed + r * columns, columns);
        sheet_gap(&d->sheet);
        rc = d->sheet.rc;
    }
    free_cells(cells, rows * columns);
    return rc;
}

/* Body, seal and date: what makes it a certificate (行政许可法 32, last sentence). */
static int draw_seal(struct drawing *d, const struct document_part *part)
{
    const json_t *body = document_value(d->source, part->path), *seal = document_value(d->source, "seal");
    const json_t *at = document_value(d->source, "issued_at");
    if (!json_is_string(body))
        return missing(d, "印章机关", part->path);
    if (!json_is_string(seal))
        return missing(d, "印章", "seal");
    if (!json_is_string(at))
        return missing(d, "日期", "issued_at");
    buf_clear(&d->value);
    sheet_gap(&d->sheet);
    sheet_right(&d->sheet, json_string_value(body));
    int rc = buf_printf(&d->value, "（加盖：%s）", json_string_value(seal));
    if (!rc)
        sheet_right(&d->sheet, d->value.data);
    buf_clear(&d->value);
    rc = rc ? rc : append_date(json_string_value(at), false, &d->value);
    if (!rc)
        sheet_right(&d->sheet, d->value.data);
    sheet_gap(&d->sheet);
    return rc ? rc : d->sheet.rc;
}

static int draw_part(struct drawing *d, const struct document_part *part)
{
    if (!holds(d->source, part->only))
        return 0;
    int rc = 0;
    const json_t *value = part->path ? document_value(d->source, part->path) : NULL;
    switch (part->kind) {
    case PART_SENTENCE:
        rc = fill_sentence(d, part->label);
        if (!rc)
            sheet_paragraph(&d->sheet, d->value.data);
        return rc ? rc : d->sheet.rc;
    case PART_BLANK:
        sheet_blank(&d->sheet, part->label);
        return d->sheet.rc;
    case PART_SEAL:
        return draw_seal(d, part);
    default:
        break;
    }
    if (!value && !part->otherwise)
        return missing(d, part->label, part->path);
    if (!value && !part->otherwise[0])
        return 0;
    if (value && (part->kind == PART_TABLE || part->kind == PART_BLOCKS))
        return json_is_array(value) ? draw_list(d, part, value) : missing(d, part->label, part->path);
    buf_clear(&d->value);
    rc = value ? append_value(part, value, &d->value) : buf_append_str(&d->value, part->otherwise);
    if (!rc && !d->value.len)
        return missing(d, part->label, part->path); /* an object where a text is needed */
    if (!rc)
        sheet_pair(&d->sheet, part->label, d->value.data);
    return rc ? rc : d->sheet.rc;
}

/* What stands above the parts: the marks of a copy that is not the first or not valid, the title, the number. */
static int draw_head(struct drawing *d)
{
    const json_t *void_at = document_value(d->source, "void/at"), *number = document_value(d->source, "number");
    json_int_t n = json_integer_value(document_value(d->source, "print/n"));
    const char *printed = json_string_value(document_value(d->source, "print/at"));
    int rc = 0;
    if (json_is_string(void_at)) {
        const char *reason = json_string_value(document_value(d->source, "void/reason"));
        buf_clear(&d->value);
        rc = buf_append_str(&d->value, "【作废】本文书已于");
        rc = rc ? rc : append_date(json_string_value(void_at), true, &d->value);
        rc = rc ? rc : buf_printf(&d->value, "作废，不再有效。原因：%s", reason ? reason : "");
        if (!rc)
            sheet_paragraph(&d->sheet, d->value.data);
    }
    if (!rc && n > 1) {
        buf_clear(&d->value);
        rc = buf_printf(&d->value, "（补印：第%lld次打印，补印时间", (long long)n);
        rc = rc ? rc : append_date(printed ? printed : "", true, &d->value);
        rc = rc ? rc : buf_append_str(&d->value, "；文号和落款日期不变）");
        if (!rc)
            sheet_paragraph(&d->sheet, d->value.data);
    }
    if (rc)
        return rc;
    sheet_title(&d->sheet, d->row->zh);
    if (d->row->word[0] && !json_is_string(number))
        return missing(d, "文号", "number");
    if (d->row->word[0])
        sheet_right(&d->sheet, json_string_value(number));
    const json_t *replaced = document_value(d->source, "replaces");
    if (json_is_string(replaced)) {
        buf_clear(&d->value);
        rc = buf_printf(&d->value, "本文书代替已作废的%s。", json_string_value(replaced));
        if (!rc)
            sheet_paragraph(&d->sheet, d->value.data);
    }
    sheet_gap(&d->sheet);
    return rc ? rc : d->sheet.rc;
}

/* The page with the QR code of case number and query code; a form without a case has none. */
static int begin_page(struct drawing *d)
{
    const char *number = json_string_value(document_value(d->source, "case/case"));
    const char *code = json_string_value(document_value(d->source, "query"));
    char text[QUERY_TEXT];
    buf_clear(&d->value);
    bool any = d->sheet.form == DOCUMENT_HTML && !document_query_text(number, code, text);
    int rc = any ? document_query_svg(text, &d->value) : 0;
    if (!rc)
        sheet_begin(&d->sheet, d->row->zh, any ? d->value.data : NULL);
    return rc ? rc : d->sheet.rc;
}

int document_render(const struct document_row *row, enum document_form form, const json_t *source, struct buf *out, struct problem *p)
{
    struct drawing d = {.sheet = {.form = form, .out = out}, .row = row, .source = source, .p = p};
    size_t before = out->len;
    for (size_t i = 0; i < row->part_count; i++) {
        const struct document_part *part = &row->parts[i];
        if (part->kind == PART_SENTENCE || part->kind == PART_BLANK || part->kind == PART_SEAL)
            continue;
        unsigned width = text_width(part->label, strlen(part->label)) + 2;
        d.sheet.label = width > d.sheet.label ? width : d.sheet.label;
    }
    buf_init(&d.value, 2 * VALUE_BYTES);
    int rc = begin_page(&d);
    rc = rc ? rc : draw_head(&d);
    for (size_t i = 0; i < row->part_count && !rc; i++)
        rc = draw_part(&d, &row->parts[i]);
    if (!rc)
        sheet_end(&d.sheet);
    rc = rc ? rc : d.sheet.rc;
    buf_free(&d.value);
    if (rc) {
        out->len = before; /* nothing of a document that is not whole */
        if (out->data)
            out->data[before] = '\0';
    }
    return rc;
}
