#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongban_figures.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

const char *figures_title(const struct report_column *column, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", lang_zh() ? column->zh : column->name);
    for (char *c = out; *c; c++)
        *c = (char)(*c == '_' ? ' ' : *c);
    return out;
}

/* One word of the tables; a state, an office or anything else as it is called elsewhere. */
static const char *word_text(const char *word)
{
    const struct report_word *found = report_word_find(word);
    if (found)
        return lang_pick(found->en, found->zh);
    return case_state_by_name(word) >= 0 ? view_state(word) : word;
}

/* "330483 home": each word by itself. */
static int words_text(const char *words, struct buf *out)
{
    int rc = 0;
    for (bool first = true; *words && !rc; first = false) {
        char word[64];
        size_t len = strcspn(words, " ");
        (void)snprintf(word, sizeof word, "%.*s", (int)len, words);
        rc = first ? 0 : buf_append(out, " ", 1);
        rc = rc ? rc : buf_append_str(out, len < sizeof word ? word_text(word) : word);
        words += len + (words[len] == ' ');
    }
    return rc;
}

static const char *state_text(const struct report *report, const char *name)
{
    const struct register_kind *kind = report_register(report);
    int state = kind ? register_state_by_name(kind, name) : -1;
    return state < 0 ? name : lang_pick(kind->states[state].en, kind->states[state].zh);
}

int figures_cell(const struct report *report, const struct report_column *column, const json_t *cell, struct buf *out)
{
    const char *text = json_string_value(cell);
    if (json_is_integer(cell))
        return buf_printf(out, "%lld", (long long)json_integer_value(cell));
    if (!text)
        return 0;
    if (column->type == REPORT_WORD)
        return words_text(text, out);
    return buf_append_str(out, column->type == REPORT_STATE    ? state_text(report, text)
                               : column->type == REPORT_CHOICE ? view_value_word(column->name, text)
                                                               : text);
}

/* ---- CSV ---- */

static int csv_line(const struct report_run *run, const json_t *row, struct buf *cell, struct buf *out)
{
    int rc = 0;
    for (const struct report_column *c = run->report->columns; c->name && !rc; c++) {
        char title[96];
        buf_clear(cell);
        rc = row ? figures_cell(run->report, c, json_object_get(row, c->name), cell)
                 : buf_append_str(cell, figures_title(c, title, sizeof title));
        rc = rc ? rc : report_csv_cell(cell->len ? cell->data : "", c == run->report->columns, out);
    }
    return rc ? rc : buf_append_str(out, "\r\n");
}

int figures_csv(const struct report_run *run, bool bom, struct buf *out)
{
    struct buf cell;
    size_t i;
    json_t *row;
    buf_init(&cell, VALUE_BYTES);
    int rc = bom ? buf_append_str(out, "\xEF\xBB\xBF") : 0;
    rc = rc ? rc : csv_line(run, NULL, &cell, out);
    json_array_foreach(run->rows, i, row) rc = rc ? rc : csv_line(run, row, &cell, out);
    buf_free(&cell);
    return rc;
}

/* ---- JSON ---- */

json_t *figures_json(const struct figures_view *view)
{
    static const char *const kept[] = {"report", "office", "from", "to", "today", NULL};
    json_t *doc = json_object();
    for (size_t i = 0; doc && kept[i]; i++)
        (void)json_object_set(doc, kept[i], json_object_get(view->first, kept[i]));
    const json_t *begun = json_object_get(view->first, "checkpoint"), *ended = json_object_get(view->last, "checkpoint");
    if (!doc || json_object_set_new(doc, "checkpoint", json_deep_copy(ended)) ||
        /* the ledger grew while the pages came: the figures are not those of one moment, and the document says so */
        json_object_set_new(doc, "begun", json_equal(begun, ended) ? json_null() : json_deep_copy(begun)) ||
        json_object_set(doc, "rows", view->run.rows) ||
        json_object_set_new(doc, "totals", report_totals(view->run.report, view->run.rows))) {
        json_decref(doc);
        return NULL;
    }
    return doc;
}

/* ---- the table ---- */

/* A value says its numerator and denominator itself. */
static bool is_shown(const struct report *report, const struct report_column *column)
{
    if (column->type != REPORT_COUNT)
        return true;
    for (const struct report_column *c = report->columns; c->name; c++)
        if (c->type == REPORT_VALUE)
            return false;
    return true;
}

static int table_cell(const struct report *report, const struct report_column *column, const json_t *cell, struct buf *out)
{
    if (column->type == REPORT_FLAG)
        return buf_append_str(out, json_integer_value(cell) ? _("yes") : _("no"));
    return figures_cell(report, column, cell, out);
}

static int table_fill(const struct report_run *run, struct table *t)
{
    struct buf text[TABLE_COLUMNS];
    size_t i;
    json_t *row;
    int rc = 0;
    for (unsigned n = 0; n < TABLE_COLUMNS; n++)
        buf_init(&text[n], VALUE_BYTES);
    json_array_foreach(run->rows, i, row)
    {
        const char *cells[TABLE_COLUMNS] = {NULL};
        unsigned n = 0;
        for (const struct report_column *c = run->report->columns; c->name && !rc && n < TABLE_COLUMNS; c++) {
            if (!is_shown(run->report, c))
                continue;
            buf_clear(&text[n]);
            rc = table_cell(run->report, c, json_object_get(row, c->name), &text[n]);
            cells[n] = text[n].len ? text[n].data : "";
            n++;
        }
        rc = rc ? rc : table_row(t, cells);
    }
    for (unsigned n = 0; n < TABLE_COLUMNS; n++)
        buf_free(&text[n]);
    return rc;
}

static void totals_line(const struct report_run *run)
{
    json_t *totals = report_totals(run->report, run->rows);
    size_t count = json_array_size(run->rows);
    (void)printf(ngettext("Total: %zu row", "Total: %zu rows", count), count);
    for (const struct report_column *c = run->report->columns; totals && c->name; c++) {
        char title[96];
        const json_t *sum = json_object_get(totals, c->name);
        if (sum)
            (void)printf("%s%s %lld", _(", "), figures_title(c, title, sizeof title), (long long)json_integer_value(sum));
    }
    (void)putchar('\n');
    json_decref(totals);
}

int figures_print(const struct figures_view *view)
{
    const struct report_run *run = &view->run;
    struct table t;
    int rc = 0;
    (void)printf("%s  %s  %s–%s\n", lang_zh() ? run->report->zh : run->report->name, view_text(view->first, "office"),
                 view_text(view->first, "from"), view_text(view->first, "to"));
    if (json_array_size(run->rows)) {
        /* the table borrows its titles until it is printed */
        char titles[TABLE_COLUMNS][96];
        unsigned n = 0;
        table_init(&t);
        for (const struct report_column *c = run->report->columns; c->name && n < TABLE_COLUMNS; c++)
            if (is_shown(run->report, c)) {
                table_column(&t, figures_title(c, titles[n], sizeof titles[n]), c->type == REPORT_TEXT && strcmp(c->name, "case") ? 6 : 0);
                table_hide(&t, HIDE_EMPTY);
                n++;
            }
        rc = table_fill(run, &t);
        if (rc)
            table_free(&t);
        rc = rc ? rc : table_print_whole(&t);
    }
    totals_line(run);
    return rc;
}

/* ---- files ---- */

int figures_write(const struct client *client, const char *path, const struct buf *bytes)
{
    if (!path || !strcmp(path, "-"))
        return fwrite(bytes->data, 1, bytes->len, stdout) == bytes->len && !fflush(stdout) ? EXIT_DONE : EXIT_UNREACHABLE;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!file)
        return report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
    bool good = fwrite(bytes->data, 1, bytes->len, file) == bytes->len;
    good = !fclose(file) && good;
    return good ? EXIT_DONE : report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
}
