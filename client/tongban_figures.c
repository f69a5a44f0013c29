#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_figures.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

/* ---- fetching ---- */

static void view_free(struct figures_view *view)
{
    report_end(&view->run);
    report_end(&view->stored);
    json_decref(view->first);
    json_decref(view->last);
    json_decref(view->differences);
}

static int put_parameter(struct buf *path, const char *name, const char *value)
{
    if (!value || !value[0])
        return 0;
    int rc = buf_printf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
    return rc ? rc : http_escape(value, path);
}

/* The period of the later pages is that of the first one: a report that runs past midnight stays the same report. */
static int page_path(const struct figures_view *view, const struct args *args, bool verify, struct buf *path)
{
    static const char *const passed[] = {"office", "item", "window", "township", "by"};
    int rc = buf_printf(path, "/window/v1/reports/%s", view->run.report->name);
    for (size_t i = 0; i < sizeof passed / sizeof passed[0] && !rc; i++)
        rc = put_parameter(path, passed[i], args_option(args, passed[i]));
    if (!rc)
        rc = put_parameter(path, "from", view->first ? view_text(view->first, "from") : args_option(args, "from"));
    if (!rc)
        rc = put_parameter(path, "to", view->first ? view_text(view->first, "to") : args_option(args, "to"));
    if (!rc && !view->first)
        rc = put_parameter(path, "quarter", args_option(args, "quarter"));
    if (!rc && verify)
        rc = put_parameter(path, "verify", "1");
    return rc ? rc : put_parameter(path, "cursor", view_text(view->last, "next"));
}

static int take_page(struct figures_view *view, const json_t *doc, bool verify)
{
    const json_t *checked = json_object_get(doc, "checked"), *differences = json_object_get(doc, "differences");
    int rc = report_merge(&view->run, json_object_get(doc, "rows"));
    if (rc || !verify)
        return rc;
    rc = report_merge(&view->stored, json_object_get(doc, "stored"));
    view->cases += json_integer_value(json_object_get(checked, "cases"));
    view->objects += json_integer_value(json_object_get(checked, "objects"));
    view->entries += json_integer_value(json_object_get(checked, "entries"));
    view->differ += json_integer_value(json_object_get(checked, "differ"));
    if (!rc && json_array_extend(view->differences, (json_t *)(uintptr_t)differences))
        rc = TB_EMALFORMED;
    return rc;
}

static int fetch(struct client *client, const struct args *args, bool verify, struct figures_view *view)
{
    struct progress bar;
    int status = EXIT_DONE;
    progress_start(&bar, client, _("report"), 100);
    while (!status && (!view->last || view_text(view->last, "next")[0])) {
        struct buf path;
        json_t *doc = NULL;
        buf_init(&path, 4096);
        status = page_path(view, args, verify, &path) ? report_local(client, REPORT_MEMORY, NULL) : http_get(client, path.data, &doc);
        buf_free(&path);
        if (status)
            break;
        int rc = take_page(view, doc, verify);
        const json_t *progress = json_object_get(doc, "progress");
        int64_t of = json_integer_value(json_object_get(progress, "of"));
        bool further = strcmp(view_text(doc, "next"), view_text(view->last, "next")) != 0 || !view->last;
        if (of > 0)
            progress_at(&bar, 100 * json_integer_value(json_object_get(progress, "done")) / of);
        if (!view->first)
            view->first = json_incref(doc);
        json_decref(view->last);
        view->last = doc;
        if (rc || (!further && view_text(doc, "next")[0]))
            status = rc == TB_ENOMEM ? report_local(client, REPORT_MEMORY, NULL) : report_local(client, REPORT_ANSWER, "%s", "rows");
    }
    progress_end(&bar);
    return status;
}

static int begin(struct client *client, const struct args *args, struct figures_view *view)
{
    /* the register of single applications, added up, is a report of its own */
    bool added = args_option(args, "by") && !strcmp(args->positional[0], "intake");
    const struct report *report = report_find(added ? "desks" : args->positional[0]);
    int64_t from, to;
    *view = (struct figures_view){.differences = json_array()};
    if (!report)
        return report_local(client, REPORT_USAGE, _("there is no report \"%s\"; `tongban report list` names them"), args->positional[0]);
    /* dates are looked at before anything is asked */
    const char *const dates[] = {"from", "to"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = args_option(args, dates[i]);
        if (text && date_parse(text, &from))
            return report_local(client, REPORT_USAGE, _("--%s %s: a date must look like 2026-02-14"), dates[i], text);
    }
    const char *quarter = args_option(args, "quarter");
    if (quarter && report_quarter(quarter, &from, &to))
        return report_local(client, REPORT_USAGE, _("--quarter %s: a quarter must look like 2026Q4"), quarter);
    if (quarter && (args_option(args, "from") || args_option(args, "to")))
        return report_local(client, REPORT_USAGE, "%s", _("--quarter and --from or --to cannot both be given"));
    if (!view->differences || report_begin(&view->run, report) || report_begin(&view->stored, report))
        return report_local(client, REPORT_MEMORY, NULL);
    return EXIT_DONE;
}

/* ---- report NAME ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = text ? strlen(text) : 0, tail = strlen(end);
    return len >= tail && !strcmp(text + len - tail, end);
}

static void moved_line(const struct figures_view *view)
{
    const json_t *begun = json_object_get(view->first, "checkpoint"), *ended = json_object_get(view->last, "checkpoint");
    char text[300];
    (void)snprintf(text, sizeof text, _("Computed from the entries of ledger %s up to size %lld, root %s.\n"),
                   view_text(view->last, "office"), (long long)json_integer_value(json_object_get(ended, "size")),
                   view_text(ended, "root"));
    struct buf lines;
    buf_init(&lines, VALUE_BYTES);
    (void)fputs(text_wrap(text, term_width(), 0, 0, &lines) ? text : lines.data, stdout);
    buf_free(&lines);
    if (!json_equal(begun, ended))
        (void)printf(_("The ledger grew meanwhile, from size %lld on.\n"), (long long)json_integer_value(json_object_get(begun, "size")));
}

static void check_next(const struct figures_view *view)
{
    char next[160];
    (void)snprintf(next, sizeof next, "tongban report check %s --from %s --to %s", view->run.report->name, view_text(view->first, "from"),
                   view_text(view->first, "to"));
    term_next(next);
}

static int show_json(const struct client *client, const struct figures_view *view, const char *path)
{
    struct buf out;
    json_t *doc = figures_json(view);
    char *text = doc ? json_dumps(doc, JSON_INDENT(2)) : NULL;
    buf_init(&out, LIMIT_REPORT_BYTES);
    int rc = text ? buf_append_str(&out, text) : TB_ENOMEM;
    rc = rc ? rc : buf_append(&out, "\n", 1);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : figures_write(client, path, &out);
    buf_free(&out);
    free(text);
    json_decref(doc);
    return status;
}

static int show_csv(const struct client *client, const struct figures_view *view, bool bom, const char *path)
{
    struct buf out;
    buf_init(&out, LIMIT_REPORT_BYTES);
    int status = figures_csv(&view->run, bom, &out) ? report_local(client, REPORT_MEMORY, NULL) : figures_write(client, path, &out);
    buf_free(&out);
    return status;
}

static int show(struct client *client, const struct args *args, const struct figures_view *view)
{
    const char *path = args_option(args, "out");
    bool csv = args_option(args, "csv") || args_option(args, "bom"), json = !csv && (client->json || ends_with(path, ".json"));
    if (json || csv || path) {
        int status = json ? show_json(client, view, path) : show_csv(client, view, args_option(args, "bom") != NULL, path);
        if (!status && path && strcmp(path, "-") && !client->json) {
            (void)printf(_("The report stands in %s.\n"), path);
            check_next(view);
        }
        return status;
    }
    if (figures_print(view))
        return report_local(client, REPORT_MEMORY, NULL);
    moved_line(view);
    check_next(view);
    return EXIT_DONE;
}

int figures_show(struct client *client, const struct args *args)
{
    struct figures_view view;
    int status = begin(client, args, &view);
    if (!status)
        status = fetch(client, args, false, &view);
    if (!status && report_finish(&view.run))
        status = report_local(client, REPORT_MEMORY, NULL);
    if (!status)
        status = show(client, args, &view);
    view_free(&view);
    return status;
}

/* ---- report check NAME ---- */

static int print_differences(const json_t *differences)
{
    struct table t;
    size_t i;
    json_t *one;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Case or number"), 0);
    table_column(&t, _("Fact"), 0);
    table_column(&t, _("As stored"), 8);
    table_column(&t, _("By the entries"), 8);
    json_array_foreach(differences, i, one)
    {
        const char *cells[] = {view_text(one, "case"), view_text(one, "field"), view_text(one, "row"), view_text(one, "entries")};
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc) {
        table_free(&t);
        return rc;
    }
    return table_print(&t);
}

static int check_json(const struct figures_view *view, bool agree)
{
    json_t *doc = figures_json(view);
    if (!doc)
        return TB_ENOMEM;
    (void)json_object_set_new(doc, "agree", json_boolean(agree));
    (void)json_object_set_new(doc, "checked", json_pack("{s:I, s:I, s:I, s:I}", "cases", (json_int_t)view->cases, "objects",
                                                        (json_int_t)view->objects, "entries", (json_int_t)view->entries, "differ",
                                                        (json_int_t)view->differ));
    (void)json_object_set(doc, "differences", view->differences);
    if (!agree)
        (void)json_object_set(doc, "stored", view->stored.rows);
    term_json(doc);
    json_decref(doc);
    return 0;
}

static int show_check(const struct client *client, const struct figures_view *view)
{
    bool figures = json_equal(view->run.rows, view->stored.rows), agree = figures && !view->differ;
    int rc = 0;
    if (client->json) {
        rc = check_json(view, agree);
        return rc ? report_local(client, REPORT_MEMORY, NULL) : agree ? EXIT_DONE : EXIT_REFUSED;
    }
    if (agree)
        (void)printf(_("The report agrees with the ledger. Replayed: cases %lld, objects of the registers %lld; entries read: %lld.\n"),
                     (long long)view->cases, (long long)view->objects, (long long)view->entries);
    else
        (void)printf(_("The report does not agree with the ledger. Differences: %lld; cases: %lld, objects of the registers: %lld.\n"),
                     (long long)view->differ, (long long)view->cases, (long long)view->objects);
    if (view->differ)
        rc = print_differences(view->differences);
    if (!figures)
        (void)printf("%s\n", _("The figures themselves differ; --json shows both."));
    if (rc)
        return report_local(client, REPORT_MEMORY, NULL);
    moved_line(view);
    term_next(agree ? _("tongban report NAME --csv --bom --out FILE, for the meeting")
                    : _("tell the operator: the ledger is right, the stored rows are not; tongban case accountability NO shows a case"));
    return agree ? EXIT_DONE : EXIT_REFUSED;
}

int figures_check(struct client *client, const struct args *args)
{
    struct figures_view view;
    int status = begin(client, args, &view);
    if (!status)
        status = fetch(client, args, true, &view);
    if (!status && (report_finish(&view.run) || report_finish(&view.stored)))
        status = report_local(client, REPORT_MEMORY, NULL);
    if (!status)
        status = show_check(client, &view);
    view_free(&view);
    return status;
}

/* ---- report list ---- */

int figures_list(struct client *client, const struct args *args)
{
    struct table t;
    int rc = 0;
    (void)args;
    if (client->json) {
        json_t *rows = json_array();
        for (size_t i = 0; rows && i < report_count; i++)
            (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "name", reports[i].name, "zh", reports[i].zh, "help",
                                                        reports[i].help, "basis", reports[i].basis));
        view_json_rows(rows);
        return EXIT_DONE;
    }
    table_init(&t);
    table_column(&t, _("Report"), 0);
    table_column(&t, _("What it shows"), 16);
    for (size_t i = 0; i < report_count && !rc; i++) {
        const char *cells[] = {reports[i].name, lang_zh() ? reports[i].zh : reports[i].help};
        rc = table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    if (rc || table_print(&t))
        return report_local(client, REPORT_MEMORY, NULL);
    term_next(_("tongban report NAME --quarter 2026Q4"));
    return EXIT_DONE;
}
