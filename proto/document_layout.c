#include "proto/document_layout.h"

#include <string.h>

#include "proto/text.h"

enum { GAP = 2, CELL_LEAST = 6, BLANK_COLUMNS = 24, HANG_FROM = 40 };

static void put(struct sheet *s, const char *bytes, size_t len)
{
    if (!s->rc)
        s->rc = buf_append(s->out, bytes, len);
}

static void put_text(struct sheet *s, const char *text)
{
    put(s, text, strlen(text));
}

static void put_blanks(struct sheet *s, unsigned count)
{
    while (count-- && !s->rc)
        put(s, " ", 1);
}

/* A tab or what else steers a printer is a blank; in Markdown the user's characters stay characters. */
static void put_clean(struct sheet *s, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !s->rc; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (s->form == DOCUMENT_MARKDOWN && c && strchr("\\`*_[]<>|#", c))
            put(s, "\\", 1);
        put(s, c < 0x20 || c == 0x7f ? " " : &bytes[i], 1);
    }
}

/* A value inside a line of Markdown: its line ends become breaks. */
static void put_value(struct sheet *s, const char *text)
{
    while (*text && !s->rc) {
        size_t len = strcspn(text, "\n");
        put_clean(s, text, len);
        text += len;
        if (*text) {
            put_text(s, "<br>");
            text++;
        }
    }
}

/* Marks that do not begin a line. */
static bool closes(int32_t code)
{
    static const int32_t marks[] = {0x3001, 0x3002, 0xFF0C, 0xFF1B, 0xFF1A, 0xFF09, 0x300B, 0x201D, 0xFF01, 0xFF1F, 0x3015};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (marks[i] == code)
            return true;
    return false;
}

size_t sheet_piece(const char *text, unsigned columns, size_t *at)
{
    size_t len = strlen(text), end = *at, blank = 0, from = *at;
    unsigned used = 0;
    bool over = false;
    while (end < len && text[end] != '\n') {
        size_t next = end;
        int32_t code = text_next(text, len, &next);
        if (code < 0)
            next = end + 1; /* not UTF-8: a byte is a column, and nothing is lost */
        unsigned width = code < 0 ? 1 : text_width(text + end, next - end);
        if (used + width > columns && end > from && !(columns >= HANG_FROM && closes(code) && used <= columns)) {
            over = true;
            break;
        }
        if (code == ' ')
            blank = end;
        used += width;
        end = next;
    }
    /* an opening bracket belongs to what follows */
    static const char *const openers[] = {"（", "“", "《", "〔"};
    for (size_t i = 0; over && i < sizeof openers / sizeof openers[0]; i++)
        if (end - from > 3 && !memcmp(text + end - 3, openers[i], 3))
            end -= 3;
    /* words of letters stay whole when there is a blank in the second half of the line */
    if (over && blank > from && text[end] != ' ' && (unsigned char)text[end] < 0x80 &&
        text_width(text + from, blank - from) * 2 > columns)
        end = blank;
    *at = end;
    if (*at < len && (text[*at] == '\n' || text[*at] == ' '))
        ++*at;
    return end - from;
}

/* The text in lines of at most `columns`, the second and later ones behind `indent` blanks. */
static void put_wrapped(struct sheet *s, const char *text, unsigned indent, unsigned columns)
{
    size_t at = 0, len = strlen(text);
    bool first = true;
    do {
        size_t from = at, piece = sheet_piece(text, columns, &at);
        if (!first)
            put_blanks(s, piece ? indent : 0);
        put_clean(s, text + from, piece);
        put(s, "\n", 1);
        first = false;
    } while (at < len && !s->rc);
}

void sheet_gap(struct sheet *s)
{
    if (s->form != DOCUMENT_HTML)
        put(s, "\n", 1);
}

void sheet_begin(struct sheet *s, const char *title, const char *picture)
{
    if (s->form == DOCUMENT_HTML)
        html_begin(s, title, picture);
}

void sheet_end(struct sheet *s)
{
    if (s->form == DOCUMENT_HTML)
        html_end(s);
}

void sheet_title(struct sheet *s, const char *title)
{
    if (s->form == DOCUMENT_HTML) {
        html_title(s, title);
        return;
    }
    unsigned width = text_width(title, strlen(title));
    if (s->form == DOCUMENT_MARKDOWN)
        put_text(s, "# ");
    else
        put_blanks(s, width < DOCUMENT_COLUMNS ? (DOCUMENT_COLUMNS - width) / 2 : 0);
    put_clean(s, title, strlen(title));
    put_text(s, "\n\n");
}

void sheet_right(struct sheet *s, const char *text)
{
    if (s->form == DOCUMENT_HTML) {
        html_right(s, text);
        return;
    }
    unsigned width = text_width(text, strlen(text));
    if (s->form == DOCUMENT_TEXT)
        put_blanks(s, width < DOCUMENT_COLUMNS ? DOCUMENT_COLUMNS - width : 0);
    put_clean(s, text, strlen(text));
    put_text(s, s->form == DOCUMENT_MARKDOWN ? "\n\n" : "\n");
}

void sheet_pair(struct sheet *s, const char *label, const char *value)
{
    if (s->form == DOCUMENT_HTML) {
        html_pair(s, label, value);
        return;
    }
    if (s->form == DOCUMENT_MARKDOWN) {
        put_text(s, "- **");
        put_text(s, label);
        put_text(s, "**：");
        put_value(s, value);
        put(s, "\n", 1);
        return;
    }
    unsigned used = text_width(label, strlen(label)) + 2;
    put_text(s, label);
    put_text(s, "：");
    if (!value[0]) {
        put(s, "\n", 1);
        return;
    }
    put_blanks(s, used < s->label ? s->label - used : 0);
    unsigned indent = used < s->label ? s->label : used;
    put_wrapped(s, value, indent, DOCUMENT_COLUMNS > indent + CELL_LEAST ? DOCUMENT_COLUMNS - indent : CELL_LEAST);
}

void sheet_blank(struct sheet *s, const char *label)
{
    if (s->form == DOCUMENT_HTML) {
        html_blank(s, label);
        return;
    }
    if (s->form == DOCUMENT_MARKDOWN)
        put_text(s, "- **");
    put_text(s, label);
    put_text(s, s->form == DOCUMENT_MARKDOWN ? "**：" : "：");
    for (unsigned i = 0; i < BLANK_COLUMNS; i++)
        put_text(s, s->form == DOCUMENT_MARKDOWN ? "\\_" : "_");
    put(s, "\n", 1);
}

void sheet_paragraph(struct sheet *s, const char *text)
{
    if (s->form == DOCUMENT_HTML) {
        html_paragraph(s, text);
        return;
    }
    if (s->form == DOCUMENT_MARKDOWN) {
        put(s, "\n", 1);
        put_value(s, text);
        put_text(s, "\n\n");
        return;
    }
    put_wrapped(s, text, 0, DOCUMENT_COLUMNS);
}

/* ---- tables ---- */

static bool column_used(const char *const *cells, size_t columns, size_t rows, size_t column)
{
    for (size_t r = 0; r < rows; r++)
        if (cells[r * columns + column][0])
            return true;
    return false;
}

static unsigned widest_line(const char *text)
{
    unsigned most = 0;
    for (;;) {
        size_t len = strcspn(text, "\n");
        unsigned width = text_width(text, len);
        most = width > most ? width : most;
        if (!text[len])
            return most;
        text += len + 1;
    }
}

/* Takes columns from the widest until the line fits. */
static void fit(unsigned *width, size_t columns)
{
    for (;;) {
        unsigned total = 0;
        size_t widest = 0, used = 0;
        for (size_t c = 0; c < columns; c++) {
            total += width[c];
            used += width[c] != 0;
            if (width[c] > width[widest])
                widest = c;
        }
        if (!used || total + (unsigned)(used - 1) * GAP <= DOCUMENT_COLUMNS || width[widest] <= CELL_LEAST)
            return;
        width[widest]--;
    }
}

static void put_row(struct sheet *s, const char *const *cells, const unsigned *width, size_t columns)
{
    size_t at[SHEET_COLUMNS] = {0};
    bool more = true;
    while (more && !s->rc) {
        unsigned blanks = 0;
        more = false;
        for (size_t c = 0; c < columns; c++) {
            if (!width[c])
                continue;
            size_t from = at[c], piece = sheet_piece(cells[c], width[c], &at[c]);
            unsigned used = text_width(cells[c] + from, piece);
            if (piece) {
                put_blanks(s, blanks);
                put_clean(s, cells[c] + from, piece);
                blanks = 0;
            }
            blanks += (used < width[c] ? width[c] - used : 0) + GAP;
            more = more || cells[c][at[c]];
        }
        put(s, "\n", 1);
    }
}

static void put_markdown_row(struct sheet *s, const char *const *cells, const unsigned *width, size_t columns)
{
    put(s, "|", 1);
    for (size_t c = 0; c < columns; c++) {
        if (!width[c])
            continue;
        put(s, " ", 1);
        put_value(s, cells[c]);
        put_text(s, " |");
    }
    put(s, "\n", 1);
}

void sheet_table(struct sheet *s, const char *const *titles, const char *const *cells, size_t columns, size_t rows)
{
    if (s->form == DOCUMENT_HTML) {
        html_table(s, titles, cells, columns, rows);
        return;
    }
    unsigned width[SHEET_COLUMNS] = {0};
    for (size_t c = 0; c < columns && c < SHEET_COLUMNS; c++) {
        if (!column_used(cells, columns, rows, c))
            continue;
        width[c] = text_width(titles[c], strlen(titles[c]));
        for (size_t r = 0; r < rows; r++) {
            unsigned one = widest_line(cells[r * columns + c]);
            width[c] = one > width[c] ? one : width[c];
        }
    }
    if (s->form == DOCUMENT_TEXT) {
        fit(width, columns);
        put_row(s, titles, width, columns);
        for (size_t r = 0; r < rows; r++)
            put_row(s, cells + r * columns, width, columns);
        return;
    }
    put(s, "\n", 1);
    put_markdown_row(s, titles, width, columns);
    put(s, "|", 1);
    for (size_t c = 0; c < columns; c++)
        if (width[c])
            put_text(s, " --- |");
    put(s, "\n", 1);
    for (size_t r = 0; r < rows; r++)
        put_markdown_row(s, cells + r * columns, width, columns);
    put(s, "\n", 1);
}

void sheet_block(struct sheet *s, size_t number, const char *const *titles, const char *const *cells, size_t columns)
{
    if (s->form == DOCUMENT_HTML) {
        html_block(s, number, titles, cells, columns);
        return;
    }
    for (size_t c = 0; c < columns && !s->rc; c++) {
        if (!cells[c][0])
            continue;
        if (s->form == DOCUMENT_MARKDOWN) {
            s->rc = c ? buf_append_str(s->out, "   - ") : buf_printf(s->out, "%zu. ", number);
            put_text(s, titles[c]);
            put_text(s, "：");
            put_value(s, cells[c]);
            put(s, "\n", 1);
            continue;
        }
        s->rc = c ? buf_append_str(s->out, "    ") : buf_printf(s->out, "%2zu. ", number);
        unsigned used = text_width(titles[c], strlen(titles[c])) + 2, indent = used > 10 ? used + 4 : 14;
        put_text(s, titles[c]);
        put_text(s, "：");
        put_blanks(s, indent - 4 - used);
        put_wrapped(s, cells[c], indent, DOCUMENT_COLUMNS - indent);
    }
}
