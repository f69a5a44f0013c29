/* contact find: whom to ring about an item today — the officer, the liaison, the head of the window, the coordinating office. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/tongban_http.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/timestamp.h"

/* The chain of asking, nearest first (domain: officer, liaison, head of the window, coordinating office). */
static const char *const chain[] = {"officer", "liaison", "window_head", "coordinating_office"};
enum { CHAIN = sizeof chain / sizeof chain[0] };

static bool covers(const char *items, const char *code, const char *category)
{
    if (!items[0] || !strcmp(items, "*"))
        return true;
    for (const char *at = items; *at;) {
        size_t len = strcspn(at, ",");
        if (len == strlen(code) && !strncmp(at, code, len))
            return true;
        if (category[0] && len == strlen(category) + 6 && !strncmp(at, "class:", 6) && !strncmp(at + 6, category, len - 6))
            return true;
        at += len + (at[len] == ',');
    }
    return false;
}

static bool away_today(const json_t *row, int64_t today)
{
    const json_t *absence = json_object_get(row, "absence");
    int64_t from, until;
    return !strcmp(view_text(row, "state"), "away") && !date_parse(view_text(absence, "from"), &from) &&
           !date_parse(view_text(absence, "until"), &until) && from <= today && today <= until;
}

static int add_row(struct table *t, const json_t *row, bool away)
{
    const char *cells[] = {view_office(view_text(row, "owner")),
                           view_value_word("function", view_text(row, "function")),
                           view_text(row, away ? "deputy" : "name"), view_text(row, away ? "deputy_phone" : "phone"),
                           view_text(row, "duty_hours"), view_text(row, "department"), away ? _("deputy: away today") : ""};
    return table_row(t, cells);
}

/* In the order of the chain; somebody away without a deputy is passed over. */
static int pick(const json_t *rows, const char *office, const char *code, const char *category, int64_t today, struct table *t,
                json_t *found)
{
    size_t i;
    json_t *row;
    int rc = 0;
    for (size_t c = 0; c < CHAIN; c++)
        json_array_foreach(rows, i, row)
        {
            bool away = away_today(row, today);
            if (rc || strcmp(view_text(row, "function"), chain[c]) != 0 || !json_is_true(json_object_get(row, "open")) ||
                (office[0] && strcmp(view_text(row, "owner"), office) != 0) || !covers(view_text(row, "items"), code, category) ||
                (away && !view_text(row, "deputy")[0]))
                continue;
            rc = json_array_append(found, row) ? TB_ENOMEM : add_row(t, row, away);
        }
    return rc;
}

int contact_find(struct client *client, const struct args *args)
{
    const char *code = args->positional[0], *office = args_option(args, "office");
    json_t *item = NULL, *rows = NULL, *found = json_array();
    struct table t;
    table_init(&t);
    table_column(&t, _("By"), 0);
    table_column(&t, _("Function"), 0);
    table_column(&t, _("Name"), 0);
    table_column(&t, _("Telephone"), 0);
    table_column(&t, _("Duty hours"), 0);
    table_column(&t, _("Department"), 6);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("Remark"), 0);
    table_hide(&t, HIDE_EMPTY);
    int status = found ? view_item(client, code, office, NULL, &item) : report_local(client, REPORT_MEMORY, NULL);
    status = status ? status : view_rows(client, "/window/v1/registers/contact?limit=100&open=1", 0, &rows);
    int rc = status ? 0
                    : pick(rows, view_text(item, "office"), code, view_text(item, "category"),
                           timestamp_day((int64_t)time(NULL) * 1000), &t,
                           found);
    size_t count = json_array_size(found);
    if (!status && !rc && client->json)
        view_json_rows(json_incref(found));
    else if (!status && !rc && count)
        rc = table_print(&t) || (term_next(_("ring in this order; what stays open goes on the register: tongban problem raise")), 0);
    else if (!status && !rc)
        (void)printf("%s\n", _("Nobody is listed for this item. The office lists its people with: tongban contact add"));
    if (status || rc || client->json || !count)
        table_free(&t);
    json_decref(item);
    json_decref(rows);
    json_decref(found);
    return status ? status : rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}
