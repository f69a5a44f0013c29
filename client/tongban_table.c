#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/tongban_term.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "proto/timestamp.h"

void table_init(struct table *t)
{
    *t = (struct table){.columns = 0};
}

void table_column(struct table *t, const char *title, unsigned least)
{
    if (t->columns < TABLE_COLUMNS)
        t->column[t->columns++] = (struct table_column){.title = title, .least = least};
}

void table_hide(struct table *t, enum table_hide hide)
{
    if (t->columns)
        t->column[t->columns - 1].hide = hide;
}

void table_paint(struct table *t, const char *(*paint)(const char *cell))
{
    if (t->columns)
        t->column[t->columns - 1].paint = paint;
}

/* no-color.org: set and not empty means no. */
static bool shows_colours(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

/* Control characters of a text from the server must not steer the clerk's terminal. */
static char *copy_clean(const char *text)
{
    char *copy = strdup(text);
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
    return copy;
}

int table_row(struct table *t, const char *const *cells)
{
    if (t->rows == t->room) {
        size_t room = t->room ? t->room * 2 : 16;
        char **cell = realloc(t->cell, room * TABLE_COLUMNS * sizeof *cell);
        if (!cell)
            return TB_ENOMEM;
        t->cell = cell;
        t->room = room;
    }
    char **row = t->cell + t->rows * TABLE_COLUMNS;
    for (unsigned i = 0; i < TABLE_COLUMNS; i++)
        row[i] = NULL;
    t->rows++;
    for (unsigned i = 0; i < t->columns; i++)
        if (!(row[i] = copy_clean(cells[i] ? cells[i] : "")))
            return TB_ENOMEM;
    return 0;
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->rows * TABLE_COLUMNS; i++)
        free(t->cell[i]);
    free(t->cell);
    table_init(t);
}

int text_fit(const char *text, unsigned columns, struct buf *out)
{
    size_t len = strlen(text), at = 0, keep = 0;
    if (text_width(text, len) <= columns)
        return buf_append(out, text, len);
    if (!columns)
        return 0;
    while (at < len && text_next(text, len, &at) >= 0 && text_width(text, at) < columns)
        keep = at;
    int rc = buf_append(out, text, keep);
    return rc ? rc : buf_append_str(out, "…");
}

static unsigned cell_width(const char *cell)
{
    return cell ? text_width(cell, strlen(cell)) : 0;
}

enum { COMFORT = 20 };   /* a cell that may be cut is readable with this many columns */
#define HIDDEN UINT_MAX /* width of a column that is left out */

static unsigned line_width(const struct table *t, const unsigned *width, bool readable)
{
    unsigned total = 0, shown = 0;
    for (unsigned i = 0; i < t->columns; i++) {
        unsigned enough = t->column[i].least > COMFORT ? t->column[i].least : COMFORT;
        if (width[i] == HIDDEN)
            continue;
        total += readable && t->column[i].least && width[i] > enough ? enough : width[i];
        shown++;
    }
    return total + (shown ? (shown - 1) * TABLE_GAP : 0);
}

static bool says_nothing(const struct table *t, unsigned column)
{
    for (size_t r = 0; r < t->rows; r++) {
        const char *cell = t->cell[r * TABLE_COLUMNS + column];
        if (cell && cell[0] && strcmp(cell, "-") != 0)
            return false;
    }
    return t->rows > 0;
}

/* Leaves out columns from the right until the line fits: whole, or with readable cells.  False when it never does. */
static bool hide_narrow(const struct table *t, unsigned *width, unsigned limit, bool readable)
{
    for (unsigned i = t->columns; i-- > 0 && line_width(t, width, readable) > limit;)
        if (t->column[i].hide == HIDE_NARROW)
            width[i] = HIDDEN;
    return line_width(t, width, readable) <= limit;
}

/* Leaves out what may be left out: rather a column than the end of a cell, but none in vain. */
static void hide(const struct table *t, unsigned *width, unsigned limit)
{
    unsigned tried[TABLE_COLUMNS];
    for (unsigned i = 0; i < t->columns; i++)
        if (t->column[i].hide != HIDE_NEVER && says_nothing(t, i))
            width[i] = HIDDEN;
    memcpy(tried, width, sizeof tried);
    if (limit && hide_narrow(t, tried, limit, false))
        memcpy(width, tried, sizeof tried);
    else if (limit)
        (void)hide_narrow(t, width, limit, true);
}

/* Takes columns from the widest cell that may be cut until the line fits. */
static void shrink(const struct table *t, unsigned *width, unsigned limit)
{
    while (line_width(t, width, false) > limit) {
        unsigned widest = TABLE_COLUMNS;
        for (unsigned i = 0; i < t->columns; i++)
            if (width[i] != HIDDEN && t->column[i].least && width[i] > t->column[i].least &&
                (widest == TABLE_COLUMNS || width[i] > width[widest]))
                widest = i;
        if (widest == TABLE_COLUMNS)
            return;
        width[widest]--;
    }
}

static int write_line(const struct table *t, const unsigned *width, char *const *row, bool header, struct buf *out)
{
    unsigned blanks = 0;
    int rc = 0;
    for (unsigned i = 0; i < t->columns && !rc; i++) {
        const char *cell = header ? t->column[i].title : row[i];
        if (width[i] == HIDDEN)
            continue;
        size_t before = out->len, after = before;
        if (cell && cell[0]) {
            for (; blanks && !rc; blanks--)
                rc = buf_append(out, " ", 1);
            const char *paint = t->colour && !header && t->column[i].paint ? t->column[i].paint(cell) : NULL;
            if (paint)
                rc = rc ? rc : buf_append_str(out, paint);
            before = out->len;
            rc = rc ? rc : text_fit(cell, width[i], out);
            after = out->len;
            if (paint)
                rc = rc ? rc : buf_append_str(out, "\033[0m");
        }
        unsigned used = after > before ? text_width(out->data + before, after - before) : 0;
        blanks += (used < width[i] ? width[i] - used : 0) + TABLE_GAP;
    }
    return rc ? rc : buf_append(out, "\n", 1);
}

int table_write(const struct table *t, unsigned limit, struct buf *out)
{
    unsigned width[TABLE_COLUMNS] = {0};
    for (unsigned i = 0; i < t->columns; i++) {
        width[i] = cell_width(t->column[i].title);
        for (size_t r = 0; r < t->rows; r++) {
            unsigned w = cell_width(t->cell[r * TABLE_COLUMNS + i]);
            width[i] = w > width[i] ? w : width[i];
        }
    }
    hide(t, width, limit);
    if (limit)
        shrink(t, width, limit);
    int rc = write_line(t, width, NULL, true, out);
    for (size_t r = 0; r < t->rows && !rc; r++)
        rc = write_line(t, width, t->cell + r * TABLE_COLUMNS, false, out);
    return rc;
}

/* A bar would end the cell; the rest of what Markdown reads is harmless in a cell of a code, a date or a name. */
static int markdown_cell(const char *cell, struct buf *out)
{
    int rc = buf_append_str(out, " ");
    for (const char *at = cell && cell[0] ? cell : "-"; *at && !rc;) {
        size_t n = strcspn(at, "|\\<*_`");
        rc = buf_append(out, at, n);
        at += n;
        if (!rc && *at)
            rc = buf_printf(out, "\\%c", *at++);
    }
    return rc ? rc : buf_append_str(out, " |");
}

int table_markdown(const struct table *t, struct buf *out)
{
    int rc = 0;
    for (size_t r = 0; r < t->rows + 2 && !rc; r++) {
        rc = buf_append_str(out, "|");
        for (unsigned i = 0; i < t->columns && !rc; i++) {
            if (t->column[i].hide != HIDE_NEVER && says_nothing(t, i))
                continue;
            rc = r == 1 ? buf_append_str(out, " --- |")
                        : markdown_cell(r ? t->cell[(r - 2) * TABLE_COLUMNS + i] : t->column[i].title, out);
        }
        rc = rc ? rc : buf_append_str(out, "\n");
    }
    return rc;
}

unsigned term_width(void)
{
    struct winsize size;
    if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 20)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    return n >= 20 && n <= 1000 ? (unsigned)n : 0;
}

int table_print(struct table *t)
{
    struct buf out;
    buf_init(&out, LIMIT_CLIENT_ANSWER_BYTES);
    t->colour = shows_colours();
    int rc = table_write(t, term_width(), &out);
    if (!rc)
        (void)fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    table_free(t);
    return rc;
}

static bool is_among(const char *set, int32_t code)
{
    for (size_t at = 0, len = strlen(set); at < len;)
        if (text_next(set, len, &at) == code)
            return true;
    return false;
}

/* Whether a line may end between these code points: not before what closes the text, not behind what opens it. */
static bool may_break(int32_t before, int32_t code)
{
    enum { FIRST_WIDE = 0x2E80 };
    if (is_among("，。；：、！？）〕》”’…,.;:!?)]", code) || is_among("（〔《“‘([", before))
        return false;
    return before == ' ' || before >= FIRST_WIDE || code >= FIRST_WIDE;
}

int text_wrap(const char *text, unsigned columns, unsigned used, unsigned indent, struct buf *out)
{
    size_t len = strlen(text), line = 0, at = 0, cut = 0;
    int32_t before = -1;
    int rc = 0;
    unsigned room = columns > indent + 8 ? columns - indent : 0, left = columns > used + 8 ? columns - used : room;
    while (room && at < len && !rc) {
        size_t from = at;
        int32_t c = text_next(text, len, &at);
        if (c < 0)
            break;
        if (from > line && before >= 0 && c != ' ' && may_break(before, c))
            cut = from;
        before = c;
        if (text_width(text + line, at - line) <= left || (c == ' '))
            continue;
        size_t end = cut > line ? cut : from, shown = end;
        while (shown > line && text[shown - 1] == ' ')
            shown--;
        if (end == line)
            continue; /* one code point wider than the line */
        rc = buf_append(out, text + line, shown - line);
        rc = rc ? rc : buf_printf(out, "\n%*s", (int)indent, "");
        line = at = end;
        before = -1;
        left = room;
    }
    return rc ? rc : buf_append(out, text + line, len - line);
}

void term_pair(const char *label, unsigned columns, const char *value)
{
    if (!value || !value[0])
        return;
    char *clean = copy_clean(value);
    struct buf out;
    unsigned used = text_width(label, strlen(label)), start = used < columns ? columns : used + 1;
    buf_init(&out, LIMIT_CLIENT_ANSWER_BYTES);
    if (clean && text_wrap(clean, term_width(), start, columns, &out))
        buf_clear(&out);
    (void)printf("%s%*s%s\n", label, (int)(start - used), "", out.len ? out.data : clean ? clean : "");
    buf_free(&out);
    free(clean);
}

void term_next(const char *sentence)
{
    if (sentence && sentence[0])
        (void)printf(_("Next: %s\n"), sentence);
}

void term_json(const json_t *doc)
{
    (void)json_dumpf(doc, stdout, JSON_INDENT(2));
    (void)fputc('\n', stdout);
}

const char *term_time(const json_t *value, char out[20])
{
    const char *text = json_string_value(value);
    int64_t ms;
    char full[TIMESTAMP_TEXT];
    if (!text || timestamp_parse(text, &ms))
        return "-";
    timestamp_format(ms, full);
    (void)snprintf(out, 20, "%.10s %.5s", full, full + 11);
    return out;
}
