#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

const char *view_row_applicant(const json_t *row)
{
    const json_t *applicant = json_object_get(row, "applicant");
    return json_is_object(applicant) ? view_text(applicant, "name") : view_text(row, "applicant");
}

const char *view_row_item(const json_t *row, char *out, size_t size)
{
    const json_t *item = json_object_get(row, "item");
    if (json_is_object(item))
        (void)snprintf(out, size, "%s %s", view_text(item, "code"), view_text(item, "name"));
    else
        (void)snprintf(out, size, "%s %s", view_text(row, "item"), view_text(row, "name"));
    return out;
}

const char *view_row_due(const json_t *row, char *out, size_t size)
{
    const json_t *due = json_object_get(row, "due");
    const char *date = json_is_object(due) ? view_text(due, "date") : view_text(row, "due");
    bool provisional = json_is_true(json_object_get(json_is_object(due) ? due : row, "provisional"));
    (void)snprintf(out, size, "%s%s", date[0] ? date : "-", date[0] && provisional ? "?" : "");
    return out;
}

const char *view_row_light(const json_t *row)
{
    const char *light = view_light(view_text(row, "light"));
    return light[0] ? light : "-";
}

static int rows_print(const json_t *rows)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Case"), 0);
    table_column(&t, _("State"), 9);
    table_column(&t, _("Item"), 6);
    table_column(&t, _("Applicant"), 4);
    table_column(&t, lang_pick("Light", "灯"), 0);
    table_paint(&t, view_light_colour);
    table_column(&t, _("Due"), 0);
    table_column(&t, _("Handed in"), 0);
    table_hide(&t, HIDE_NARROW);
    json_array_foreach(rows, i, row)
    {
        char item[400], due[32], at[20];
        const json_t *handed_in = json_object_get(row, "handed_in");
        if (!handed_in)
            handed_in = json_object_get(json_object_get(row, "times"), "handed_in");
        const char *cells[] = {view_text(row, "case"),           view_state(view_text(row, "state")),
                               view_row_item(row, item, sizeof item), view_row_applicant(row),
                               view_row_light(row),                   view_row_due(row, due, sizeof due),
                               term_time(handed_in, at)};
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

static int rows_show(struct client *client, json_t *rows)
{
    if (client->json) {
        view_json_rows(rows);
        return EXIT_DONE;
    }
    size_t count = json_array_size(rows);
    char no[CASE_NO_TEXT];
    (void)snprintf(no, sizeof no, "%s", view_text(json_array_get(rows, 0), "case"));
    int rc = count ? rows_print(rows) : 0;
    json_decref(rows);
    if (rc)
        return report_local(client, REPORT_MEMORY, NULL);
    if (!count)
        (void)printf("%s\n", _("No case was found."));
    else
        (void)printf(ngettext("%zu case\n", "%zu cases\n", count), count);
    if (count == 1)
        view_next("tongban case show %s", no);
    else
        term_next(count ? _("tongban case show NO")
                        : _("tongban case new takes an application in; tongban case list without a word lists all"));
    return EXIT_DONE;
}

int case_rows_asked(struct client *client, const struct args *args, json_t **rows)
{
    const char *state = args_option(args, "state"), *limit = args_option(args, "limit");
    struct buf path;
    long most = limit ? strtol(limit, NULL, 10) : 20;
    if (most < 1 || most > 10000)
        return report_local(client, REPORT_USAGE, "--limit %s", limit);
    if (state && case_state_by_name(state) < 0)
        return report_local(client, REPORT_USAGE, _("%s is not a state; `tongban case list --json` shows their names"),
                            state);
    buf_init(&path, 4096);
    int rc = buf_printf(&path, "/window/v1/cases?limit=%ld", most < LIMIT_LIST_PAGE ? most : (long)LIMIT_LIST_PAGE);
    if (!rc && args->count)
        rc = buf_append_str(&path, "&q=");
    if (!rc && args->count)
        rc = http_escape(args->positional[0], &path);
    if (!rc && state)
        rc = buf_printf(&path, "&state=%s", state);
    if (!rc && args_option(args, "open"))
        rc = buf_append_str(&path, "&open=1");
    if (!rc)
        rc = view_desk_query(args, &path);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : view_rows(client, path.data, (size_t)most, rows);
    buf_free(&path);
    return status;
}

int case_list(struct client *client, const struct args *args)
{
    json_t *rows = NULL;
    int status = case_rows_asked(client, args, &rows);
    return status ? status : rows_show(client, rows);
}

int case_show(struct client *client, const struct args *args)
{
    char path[64];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    if (client->json)
        term_json(doc);
    else
        view_case(client, doc, false);
    json_decref(doc);
    return EXIT_DONE;
}

/* The bundle goes out byte for byte: its entries are what was signed. */
static int write_bundle(const struct client *client, const char *path, const struct buf *bytes)
{
    if (!path || !strcmp(path, "-"))
        return fwrite(bytes->data, 1, bytes->len, stdout) == bytes->len && !fflush(stdout) ? EXIT_DONE
                                                                                           : EXIT_UNREACHABLE;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!file)
        return report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
    bool good = fwrite(bytes->data, 1, bytes->len, file) == bytes->len;
    good = !fclose(file) && good;
    return good ? EXIT_DONE : report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
}

int case_proof(struct client *client, const struct args *args)
{
    const char *out = args_option(args, "out");
    char path[80];
    struct http_answer answer;
    struct problem p;
    int status = view_check_no(client, args->positional[0]);
    if (status)
        return status;
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/bundle", args->positional[0]);
    struct http_request request = {.method = "GET", .path = path, .repeat = true};
    int rc = http_send(client->http, &request, &answer, &p);
    if (rc)
        return http_report(client, rc, &p);
    if (answer.status != 200)
        status = http_refused(client, &answer);
    else
        status = write_bundle(client, out, &answer.body);
    http_answer_free(&answer);
    if (!status && out && client->json) {
        json_t *doc = json_pack("{s:s, s:s}", "case", args->positional[0], "file", out);
        term_json(doc);
        json_decref(doc);
    } else if (!status && out) {
        (void)printf(_("The proof stands in %s.\n"), out);
        term_next(_("tongban-verify case --key VKEY --key VKEY FILE, with the key that each office gave you"));
    }
    return status;
}

int office_show(struct client *client, const struct args *args)
{
    json_t *doc, *peer;
    (void)args;
    int status = http_get(client, "/window/v1/office", &doc);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
        json_decref(doc);
        return EXIT_DONE;
    }
    char text[200], at[20];
    const json_t *staff = json_object_get(doc, "staff");
    (void)snprintf(text, sizeof text, "%s %s", view_text(doc, "office"), view_text(doc, "name"));
    term_pair(_("Office"), 12, text);
    (void)snprintf(text, sizeof text, "%s %s (%s)", view_text(staff, "id"), view_text(staff, "name"),
                   view_word(view_text(staff, "role")));
    term_pair(_("Staff"), 12, text);
    size_t i;
    struct table t;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Other office"), 8);
    table_column(&t, _("Last exchange"), 0);
    table_column(&t, _("Oldest unsent (s)"), 0);
    json_array_foreach(json_object_get(doc, "peers"), i, peer)
    {
        char unsent[24] = "-";
        const json_t *oldest = json_object_get(peer, "oldest_unsent_s");
        if (json_is_integer(oldest))
            (void)snprintf(unsent, sizeof unsent, "%lld", (long long)json_integer_value(oldest));
        (void)snprintf(text, sizeof text, "%s %s", view_text(peer, "office"), view_text(peer, "name"));
        const char *cells[] = {text, term_time(json_object_get(peer, "last_exchange"), at), unsent};
        rc = rc ? rc : table_row(&t, cells);
    }
    bool supervises = !strcmp(view_text(staff, "role"), "supervisor"); /* sees figures, no cases */
    json_decref(doc);
    if (rc || table_print(&t))
        return report_local(client, REPORT_MEMORY, NULL);
    term_next(supervises ? "tongban report list" : "tongban todo");
    return EXIT_DONE;
}
