/* flow: a table whose lines do not fit the terminal, written record by record: each value behind its title, as many in a line as fit. */
#include <string.h>

#include "client/tongban_term.h"
#include "proto/limits.h"
#include "proto/text.h"

enum { READABLE = 12, INDENT = 2 }; /* a text cut to fewer columns says too little */

static unsigned width_of(const char *text)
{
    return text ? text_width(text, strlen(text)) : 0;
}

static bool is_empty(const char *cell)
{
    return !cell || !cell[0] || !strcmp(cell, "-");
}

bool table_fits(const struct table *t, unsigned limit)
{
    unsigned total = 0;
    for (unsigned i = 0; i < t->columns; i++) {
        unsigned widest = width_of(t->column[i].title), least = t->column[i].least;
        bool shown = t->column[i].hide == HIDE_NEVER;
        for (size_t r = 0; r < t->rows; r++) {
            const char *cell = t->cell[r * TABLE_COLUMNS + i];
            unsigned width = width_of(cell);
            widest = width > widest ? width : widest;
            shown = shown || !is_empty(cell);
        }
        unsigned enough = least > READABLE ? least : READABLE;
        if (shown)
            total += (total ? TABLE_GAP : 0) + (least && widest > enough ? enough : widest);
    }
    return !limit || total <= limit;
}

/* One "title value" behind what the line has already, or on a line of its own. */
static int put_pair(const char *title, const char *value, unsigned limit, unsigned *used, struct buf *out)
{
    unsigned wanted = width_of(title) + 1 + width_of(value);
    int rc = 0;
    if (*used > INDENT && *used + TABLE_GAP + wanted > limit) {
        rc = buf_printf(out, "\n%*s", INDENT, "");
        *used = INDENT;
    } else if (*used > INDENT) {
        rc = buf_printf(out, "%*s", TABLE_GAP, "");
        *used += TABLE_GAP;
    }
    rc = rc ? rc : buf_printf(out, "%s ", title);
    rc = rc ? rc : text_wrap(value, limit, *used + width_of(title) + 1, INDENT, out);
    *used += wanted;
    return rc;
}

int table_flow(const struct table *t, unsigned limit, struct buf *out)
{
    int rc = 0;
    for (size_t r = 0; r < t->rows && !rc; r++) {
        char *const *row = t->cell + r * TABLE_COLUMNS;
        unsigned used = 0, i = 0;
        /* what the record is begins its line without a title, as far as it needs no cutting */
        for (; i < t->columns && i < 2 && !t->column[i].least && !is_empty(row[i]) && !rc; i++) {
            rc = buf_printf(out, "%*s%s", i ? TABLE_GAP : 0, "", row[i]);
            used += (i ? TABLE_GAP : 0) + width_of(row[i]);
        }
        if (!rc && i) {
            rc = buf_printf(out, "\n%*s", INDENT, "");
            used = INDENT;
        }
        for (; i < t->columns && !rc; i++)
            if (!is_empty(row[i]))
                rc = put_pair(t->column[i].title, row[i], limit, &used, out);
        rc = rc ? rc : buf_append_str(out, "\n");
    }
    return rc;
}

int table_print_whole(struct table *t)
{
    unsigned limit = term_width();
    if (table_fits(t, limit))
        return table_print(t);
    struct buf out;
    buf_init(&out, LIMIT_CLIENT_ANSWER_BYTES);
    int rc = table_flow(t, limit, &out);
    if (!rc)
        (void)fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    table_free(t);
    return rc;
}
