/* account: who did what on a case, on the screen and as a Markdown page for the file. */
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_figures.h"
#include "client/tongban_term.h"
#include "client/tongban_track.h"
#include "client/tongban_view.h"
#include "proto/limits.h"
#include "proto/register.h"

enum { LABEL = 16, LINE_CELLS = 9 };

struct cells {
    char n[12], at[20], arrived[20], office[80], who[200], what[200], under[300], verdict[160], proof[120];
};

static const char *office_text(const char *code, char *out, size_t size)
{
    const char *name = code[0] ? office_name(code) : NULL;
    (void)snprintf(out, size, "%s%s%s", name ? name : "", name ? " " : "", code);
    return out;
}

static const char *step_word(const char *step)
{
    static const struct {
        char step;
        const char *text;
    } words[] = {{STEP_INTAKE, N_("intake")},
                 {STEP_NOTICE, N_("one-time notice")},
                 {STEP_ORIGINAL, N_("original verification")},
                 {STEP_PERSON, N_("person comparison")},
                 {STEP_DELIVERY, N_("result delivery")}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (step[0] == words[i].step)
            return gettext(words[i].text);
    return step;
}

/* What happened: the action in Chinese as the state machine words it, or the type; of a register its act and number. */
static void what_text(const json_t *row, char *out, size_t size)
{
    const char *action = view_text(row, "action"), *no = view_text(json_object_get(row, "register"), "no");
    const struct case_transition *known = action[0] ? action_find(action) : NULL;
    char word[160];
    if (known && lang_zh())
        (void)snprintf(out, size, "%s", known->zh);
    else
        (void)snprintf(out, size, "%s%s%s", track_row_word(row, word, sizeof word), no[0] ? " " : "", no);
}

/* "A330483-2026-1 桐政办发〔2021〕6号, 2021-03-12–2031-03-11, 收件": number in the register, announcement, period,
 * step. */
static void under_text(const json_t *row, char *out, size_t size)
{
    const json_t *authorisation = json_object_get(row, "authorisation");
    out[0] = '\0';
    if (json_is_object(authorisation))
        (void)snprintf(out, size, "%s%s%s %s–%s %s", view_text(authorisation, "no"),
                       view_text(authorisation, "no")[0] ? " " : "", view_text(authorisation, "announcement"),
                       view_text(authorisation, "from"), view_text(authorisation, "until"),
                       step_word(view_text(row, "step")));
}

static void verdict_text_of(const json_t *row, char *out, size_t size)
{
    const char *verdict = view_text(row, "verdict"), *problem = view_text(row, "problem");
    int id = problem[0] ? problem_by_name(problem) : -1;
    if (id >= 0)
        (void)snprintf(out, size, "%s: %s", gettext("refused"), gettext(problem_type((enum problem_id)id)->title));
    else
        (void)snprintf(out, size, "%s", verdict[0] ? view_word(verdict) : "");
}

static void read_cells(const json_t *row, struct cells *c)
{
    const json_t *ledger = json_object_get(row, "ledger");
    const char *role = view_text(row, "role");
    (void)snprintf(c->n, sizeof c->n, "%lld", (long long)json_integer_value(json_object_get(row, "n")));
    (void)term_time(json_object_get(row, "at"), c->at);
    if (!json_is_string(json_object_get(row, "at")))
        (void)snprintf(c->at, sizeof c->at, "-");
    (void)snprintf(c->arrived, sizeof c->arrived, "%s", "-");
    if (json_is_string(json_object_get(row, "arrived")))
        (void)term_time(json_object_get(row, "arrived"), c->arrived);
    (void)office_text(view_text(row, "office"), c->office, sizeof c->office);
    (void)snprintf(c->who, sizeof c->who, "%s%s%s%s%s",
                   view_text(row, "staff")[0] ? view_text(row, "staff") : _("the system itself"),
                   view_text(row, "name")[0] ? " " : "", view_text(row, "name"), role[0] ? " " : "",
                   role[0] ? view_word(role) : "");
    what_text(row, c->what, sizeof c->what);
    under_text(row, c->under, sizeof c->under);
    verdict_text_of(row, c->verdict, sizeof c->verdict);
    (void)snprintf(c->proof, sizeof c->proof, "%lld/%lld %.12s…",
                   (long long)json_integer_value(json_object_get(ledger, "index")),
                   (long long)json_integer_value(json_object_get(ledger, "checkpoint")), view_text(ledger, "leaf"));
}

static const char *const titles[LINE_CELLS] = {N_("No."),    N_("Time"),    N_("Arrived"),
                                               N_("Office"), N_("Staff"),   N_("What happened"),
                                               N_("Under"),  N_("Verdict"), N_("Entry/size, leaf")};

static void list_cells(const struct cells *c, const char *out[LINE_CELLS])
{
    const char *const all[LINE_CELLS] = {c->n,    c->at,    c->arrived, c->office, c->who,
                                         c->what, c->under, c->verdict, c->proof};
    memcpy(out, all, sizeof all);
}

static int print_rows(const json_t *rows)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    for (int n = 0; n < LINE_CELLS; n++) {
        bool whole = n < 3 || n == LINE_CELLS - 1, aside = n == 2 || n == 3 || n >= 6; /* on a narrow terminal: who did what, when */
        table_column(&t, gettext(titles[n]), whole ? 0 : 6);
        table_hide(&t, aside ? HIDE_NARROW : HIDE_NEVER);
    }
    json_array_foreach(rows, i, row)
    {
        struct cells c;
        const char *cells[LINE_CELLS];
        read_cells(row, &c);
        list_cells(&c, cells);
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

static void print_flags(const json_t *flags)
{
    size_t i;
    json_t *flag;
    (void)printf("\n%s\n", json_array_size(flags) ? _("To be looked at:") : _("Nothing stands out."));
    json_array_foreach(flags, i, flag)
    {
        char text[1000];
        struct buf lines;
        buf_init(&lines, sizeof text * 2);
        (void)snprintf(text, sizeof text, _("  line %lld: %s (%s)\n"), (long long)json_integer_value(json_object_get(flag, "line")),
                       lang_zh() ? view_text(flag, "zh") : view_text(flag, "en"), view_text(flag, "law"));
        (void)fputs(text_wrap(text, term_width(), 0, 4, &lines) ? text : lines.data, stdout);
        buf_free(&lines);
    }
}

/* ---- Markdown ---- */

static int put_md(struct buf *out, const char *text)
{
    int rc = 0;
    for (; *text && !rc; text++) {
        if (strchr("|\\`*_<>[]", *text))
            rc = buf_append(out, "\\", 1);
        rc = rc ? rc : buf_append(out, text, 1);
    }
    return rc;
}

static int md_line(struct buf *out, const char *const *cells)
{
    int rc = buf_append(out, "|", 1);
    for (int n = 0; n < LINE_CELLS && !rc; n++) {
        rc = buf_append(out, " ", 1);
        rc = rc ? rc : put_md(out, cells[n]);
        rc = rc ? rc : buf_append_str(out, " |");
    }
    return rc ? rc : buf_append(out, "\n", 1);
}

static int md_rows(const json_t *rows, struct buf *out)
{
    const char *words[LINE_CELLS];
    size_t i;
    json_t *row;
    for (int n = 0; n < LINE_CELLS; n++)
        words[n] = gettext(titles[n]);
    int rc = md_line(out, words);
    rc = rc ? rc : buf_append_str(out, "| ---: | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    json_array_foreach(rows, i, row)
    {
        struct cells c;
        const char *cells[LINE_CELLS];
        read_cells(row, &c);
        list_cells(&c, cells);
        rc = rc ? rc : md_line(out, cells);
    }
    return rc;
}

static int md_flags(const json_t *flags, struct buf *out)
{
    size_t i;
    json_t *flag;
    int rc = buf_printf(out, "\n## %s\n\n", json_array_size(flags) ? _("To be looked at:") : _("Nothing stands out."));
    json_array_foreach(flags, i, flag)
    {
        rc = rc ? rc : buf_printf(out, "- %lld: ", (long long)json_integer_value(json_object_get(flag, "line")));
        rc = rc ? rc : put_md(out, lang_zh() ? view_text(flag, "zh") : view_text(flag, "en"));
        rc = rc ? rc : buf_append_str(out, " (");
        rc = rc ? rc : put_md(out, view_text(flag, "law"));
        rc = rc ? rc : buf_append_str(out, ")\n");
    }
    return rc;
}

static int markdown(const json_t *doc, struct buf *out)
{
    const json_t *item = json_object_get(doc, "item");
    int rc = buf_printf(out, "# %s %s\n\n", _("Who did what on the case"), view_text(doc, "case"));
    rc = rc ? rc : put_md(out, view_text(item, "code"));
    rc = rc ? rc : buf_append(out, " ", 1);
    rc = rc ? rc : put_md(out, view_text(item, "name"));
    rc = rc ? rc
            : buf_printf(out, " · %s → %s · %s\n\n", view_text(doc, "intake"), view_text(doc, "home"),
                         view_state(view_text(doc, "state")));
    rc = rc ? rc : md_rows(json_object_get(doc, "rows"), out);
    rc = rc ? rc : md_flags(json_object_get(doc, "flags"), out);
    return rc ? rc
              : buf_printf(out, "\n%s\n",
                           _("Each line is one entry of a ledger; the proof bundle of the case proves it with "
                             "tongban-verify case."));
}

static void print_head(const json_t *doc)
{
    char text[500], office[100];
    const json_t *item = json_object_get(doc, "item");
    term_pair(_("Case"), LABEL, view_text(doc, "case"));
    (void)snprintf(text, sizeof text, "%s %s", view_text(item, "code"), view_text(item, "name"));
    term_pair(_("Item"), LABEL, text);
    term_pair(_("State"), LABEL, view_state(view_text(doc, "state")));
    term_pair(_("Taken in at"), LABEL, office_text(view_text(doc, "intake"), office, sizeof office));
    term_pair(_("Decided at"), LABEL, office_text(view_text(doc, "home"), office, sizeof office));
    (void)putchar('\n');
}

static int write_page(const struct client *client, const json_t *doc, const char *path)
{
    struct buf out;
    buf_init(&out, LIMIT_CLIENT_ANSWER_BYTES);
    int status = markdown(doc, &out) ? report_local(client, REPORT_MEMORY, NULL) : figures_write(client, path, &out);
    buf_free(&out);
    if (!status && !client->json && strcmp(path, "-") != 0)
        (void)printf(_("The report stands in %s.\n"), path);
    return status;
}

int case_accountability(struct client *client, const struct args *args)
{
    const char *no = args->positional[0], *out = args_option(args, "out");
    char path[80];
    json_t *doc;
    int status = view_check_no(client, no);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/accountability", no);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    if (out)
        status = write_page(client, doc, out);
    else if (!client->json) {
        print_head(doc);
        if (print_rows(json_object_get(doc, "rows")))
            status = report_local(client, REPORT_MEMORY, NULL);
        print_flags(json_object_get(doc, "flags"));
    }
    if (!status && client->json)
        term_json(doc);
    else if (!status && (!out || strcmp(out, "-") != 0))
        view_next(_("a colleague of window or handler proves each line: tongban case proof %s --out %s.json, then "
                    "tongban-verify case "
                    "%s.json"),
                  no);
    json_decref(doc);
    return status;
}
