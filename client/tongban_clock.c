/* Clocks and lights of a case as a clerk reads them: which limits run, what is left, who took how long. */
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/light.h"

const char *view_light(const char *word)
{
    enum light light = light_by_text(word);
    return lang_zh() ? light_zh(light) : light_text(light);
}

const char *view_light_colour(const char *cell)
{
    static const char *const colours[LIGHTS] = {[LIGHT_GREEN] = "\033[32m", [LIGHT_BLUE] = "\033[34m", [LIGHT_YELLOW] = "\033[33m",
                                                [LIGHT_RED] = "\033[1;31m", [LIGHT_GREY] = "\033[90m"};
    for (int light = LIGHT_NONE + 1; light < LIGHTS; light++)
        if (!strcmp(cell, light_text((enum light)light)) || !strcmp(cell, light_zh((enum light)light)))
            return colours[light];
    return NULL;
}

/* The server's word, which is Chinese, or our own in English. */
static const char *named(const json_t *row, const char *word)
{
    return lang_zh() ? view_text(row, "name") : view_word(word);
}

/* "3 days left", "2 days over", "stopped". */
static void left_text(const json_t *row, char *out, size_t size)
{
    long long left = (long long)json_integer_value(json_object_get(row, "left"));
    long long over = (long long)json_integer_value(json_object_get(row, "overdue"));
    if (json_is_string(json_object_get(row, "ended")))
        (void)snprintf(out, size, over ? _("ended, %lld over") : _("ended"), over);
    else if (json_is_true(json_object_get(row, "stopped")))
        (void)snprintf(out, size, "%s", _("stopped"));
    else if (over)
        (void)snprintf(out, size, _("%lld over"), over);
    else
        (void)snprintf(out, size, "%lld", left);
}

static int clocks_print(const json_t *rows)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Clock"), 0);
    table_column(&t, _("From"), 0);
    table_column(&t, _("Due"), 0);
    table_column(&t, _("Days left"), 0);
    table_column(&t, _("Light"), 0);
    table_paint(&t, view_light_colour);
    table_column(&t, _("Law"), 8);
    json_array_foreach(rows, i, row)
    {
        char left[64], due[32];
        const char *light = view_light(view_text(row, "light"));
        left_text(row, left, sizeof left);
        (void)snprintf(due, sizeof due, "%.10s%s", view_text(row, "due"), json_is_true(json_object_get(row, "provisional")) ? "?" : "");
        const char *cells[] = {named(row, view_text(row, "clock")), view_text(row, "from"), due, left, light[0] ? light : "-",
                               view_text(row, "law")};
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

static int phases_print(const json_t *rows)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Phase"), 0);
    table_column(&t, _("By"), 0);
    table_column(&t, _("From"), 0);
    table_column(&t, _("Until"), 0);
    table_column(&t, _("Days"), 0);
    table_column(&t, _("Limit"), 0);
    table_column(&t, _("Over"), 0);
    json_array_foreach(rows, i, row)
    {
        char from[20], to[20], days[24], limit[24] = "-", over[24] = "-";
        const json_t *allowed = json_object_get(row, "limit");
        long long beyond = (long long)json_integer_value(json_object_get(row, "over"));
        (void)snprintf(days, sizeof days, "%lld", (long long)json_integer_value(json_object_get(row, "days")));
        if (json_is_integer(allowed))
            (void)snprintf(limit, sizeof limit, "%lld", (long long)json_integer_value(allowed));
        if (beyond)
            (void)snprintf(over, sizeof over, "%lld", beyond);
        const char *cells[] = {named(row, view_text(row, "phase")),
                               view_word(view_text(row, "side")),
                               term_time(json_object_get(row, "from"), from),
                               json_is_string(json_object_get(row, "to")) ? term_time(json_object_get(row, "to"), to) : _("goes on"),
                               days,
                               limit,
                               over};
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

static int clocks_show(const json_t *doc)
{
    const json_t *escalation = json_object_get(doc, "escalation");
    const char *no = view_text(doc, "case");
    term_pair(_("Case"), 18, no);
    term_pair(_("State"), 18, view_state(view_text(doc, "state")));
    term_pair(_("Light"), 18, view_light(view_text(doc, "light")));
    term_pair(_("Receipt counts at"), 18, view_word(view_text(doc, "receipt")));
    if (json_is_object(escalation))
        term_pair(_("Has to know"), 18, named(escalation, view_text(escalation, "who")));
    (void)putchar('\n');
    int rc = clocks_print(json_object_get(doc, "clocks"));
    (void)putchar('\n');
    rc = rc ? rc : phases_print(json_object_get(doc, "phases"));
    int state = case_state_by_name(view_text(doc, "state"));
    if (state >= 0 && case_states[state].final)
        view_next(_("the case is closed. Its proof: tongban case proof %s --out %s.json"), no);
    else
        view_next("tongban case show %s", no);
    return rc;
}

int case_clocks_show(struct client *client, const struct args *args)
{
    char path[80];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/clocks", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    if (client->json)
        term_json(doc);
    else if (clocks_show(doc))
        status = report_local(client, REPORT_MEMORY, NULL);
    json_decref(doc);
    return status;
}
