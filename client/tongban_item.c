#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"

static const char *mode_text(const char *mode)
{
    if (!mode)
        return "";
    if (!strcmp(mode, "ONLINE"))
        return _("online");
    if (!strcmp(mode, "PROXY"))
        return _("collected for the home side");
    if (!strcmp(mode, "LOCAL"))
        return _("accepted here by authorisation");
    if (!strcmp(mode, "JOINT"))
        return _("joint");
    return mode;
}

static const char *form_text(const char *form)
{
    static const struct {
        char letter;
        const char *text;
    } forms[] = {{'F', N_("form")},
                 {'O', N_("original")},
                 {'C', N_("copy")},
                 {'P', N_("photo")},
                 {'E', N_("electronic, checked by the service")},
                 {'S', N_("taken on the spot")},
                 {'I', N_("seen only")}};
    for (size_t i = 0; form && i < sizeof forms / sizeof forms[0]; i++)
        if (form[0] == forms[i].letter && !form[1])
            return gettext(forms[i].text);
    return form ? form : "";
}

const char *view_limit(const json_t *limit, char *out, size_t size)
{
    const char *unit = json_string_value(json_object_get(limit, "unit"));
    json_int_t days = json_integer_value(json_object_get(limit, "days"));
    if (!json_is_object(limit))
        return json_is_string(limit) ? json_string_value(limit) : "-";
    if (!days)
        return _("at once");
    (void)snprintf(out, size, unit && !strcmp(unit, "calendar_day") ? _("%lld days") : _("%lld working days"),
                   (long long)days);
    return out;
}

const char *view_office(const char *code)
{
    const char *name = code ? office_name(code) : NULL;
    return name ? name : code ? code : "";
}

int view_items(struct client *client, const char *query, const char *office, json_t **rows)
{
    struct buf path;
    buf_init(&path, 4096);
    int rc = buf_append_str(&path, "/window/v1/items?limit=100");
    if (!rc && query)
        rc = buf_append_str(&path, "&q=");
    if (!rc && query)
        rc = http_escape(query, &path);
    if (!rc && office)
        rc = buf_append_str(&path, "&office=");
    if (!rc && office)
        rc = http_escape(office, &path);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : view_rows(client, path.data, 0, rows);
    buf_free(&path);
    return status;
}

int item_list(struct client *client, const struct args *args)
{
    json_t *rows, *row;
    int status = view_items(client, args->count ? args->positional[0] : NULL, args_option(args, "office"), &rows);
    if (status)
        return status;
    if (client->json) {
        view_json_rows(rows);
        return EXIT_DONE;
    }
    struct table t;
    table_init(&t);
    table_column(&t, _("Code"), 0);
    table_column(&t, _("Item"), 16);
    table_column(&t, _("Home side"), 0);
    table_column(&t, _("Department"), 12);
    table_column(&t, _("Mode"), 8);
    table_column(&t, _("Limit"), 0);
    table_column(&t, _("Materials"), 0);
    size_t i;
    int rc = 0;
    json_array_foreach(rows, i, row)
    {
        char limit[64], materials[24];
        (void)snprintf(materials, sizeof materials, "%lld",
                       (long long)json_integer_value(json_object_get(row, "materials")));
        const char *cells[] = {view_text(row, "code"),
                               view_text(row, "name"),
                               view_office(view_text(row, "office")),
                               view_text(row, "department"),
                               mode_text(view_text(row, "mode")),
                               view_limit(json_object_get(row, "promised_limit"), limit, sizeof limit),
                               materials};
        rc = rc ? rc : table_row(&t, cells);
    }
    size_t count = json_array_size(rows);
    json_decref(rows);
    if (rc || table_print(&t))
        return report_local(client, REPORT_MEMORY, NULL);
    (void)printf(ngettext("%zu item\n", "%zu items\n", count), count);
    term_next(_("tongban item show CODE --office OFFICE; then tongban case new"));
    return EXIT_DONE;
}

int view_item(struct client *client, const char *code, const char *office, const char *version, json_t **item)
{
    struct buf path;
    json_t *rows = NULL, *row;
    char found[OFFICE_TEXT] = "";
    if (!office) {
        /* only one office offers it, or the clerk has to say which */
        int status = view_items(client, code, NULL, &rows);
        if (status)
            return status;
        size_t i, count = 0;
        json_array_foreach(rows, i, row) if (!strcmp(view_text(row, "code"), code))
        {
            (void)snprintf(found, sizeof found, "%s", view_text(row, "office"));
            count++;
        }
        json_decref(rows);
        if (count > 1)
            return report_local(client, REPORT_USAGE, _("%s: offered by %zu offices; add --office CODE"), code, count);
        struct problem p;
        if (!count)
            return problem_set(&p, PROBLEM_ITEM_UNKNOWN, NULL, "%s", code), report_problem(client, &p);
        office = found;
    }
    buf_init(&path, 2048);
    int rc = buf_append_str(&path, "/window/v1/items/");
    rc = rc ? rc : http_escape(office, &path);
    rc = rc ? rc : buf_append_str(&path, "/");
    rc = rc ? rc : http_escape(code, &path);
    rc = rc || !version ? rc : buf_append_str(&path, "?version=");
    rc = rc || !version ? rc : http_escape(version, &path);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : http_get(client, path.data, item);
    buf_free(&path);
    return status;
}

int item_show(struct client *client, const struct args *args)
{
    json_t *item, *material;
    int status =
        view_item(client, args->positional[0], args_option(args, "office"), args_option(args, "version"), &item);
    if (status)
        return status;
    if (client->json) {
        term_json(item);
        json_decref(item);
        return EXIT_DONE;
    }
    char text[128], version[32];
    enum { LABEL = 18 };
    (void)snprintf(version, sizeof version, "%lld", (long long)json_integer_value(json_object_get(item, "version")));
    term_pair(_("Code"), LABEL, view_text(item, "code"));
    term_pair(_("Version"), LABEL, version);
    term_pair(_("Item"), LABEL, view_text(item, "name"));
    term_pair(_("Home side"), LABEL, view_office(view_text(item, "office")));
    term_pair(_("Department"), LABEL, view_text(item, "department"));
    term_pair(_("Mode"), LABEL, mode_text(view_text(item, "mode")));
    term_pair(_("Statutory limit"), LABEL, view_limit(json_object_get(item, "statutory_limit"), text, sizeof text));
    term_pair(_("Promised limit"), LABEL, view_limit(json_object_get(item, "promised_limit"), text, sizeof text));
    term_pair(_("Fee"), LABEL, view_text(item, "fee"));
    term_pair(_("Result"), LABEL, view_text(item, "result"));
    term_pair(_("Legal basis"), LABEL, view_text(item, "legal_basis"));
    struct table t;
    table_init(&t);
    table_column(&t, _("No."), 0);
    table_column(&t, _("Material"), 16);
    table_column(&t, _("Form"), 8);
    table_column(&t, _("Needed"), 0);
    size_t i;
    int rc = 0;
    json_array_foreach(json_object_get(item, "materials"), i, material)
    {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        bool needed = !json_is_false(json_object_get(material, "required"));
        const char *cells[] = {number, view_text(material, "name"), form_text(view_text(material, "form")),
                               needed ? _("yes") : _("no")};
        rc = rc ? rc : table_row(&t, cells);
    }
    (void)putchar('\n');
    if (rc || table_print(&t))
        status = report_local(client, REPORT_MEMORY, NULL);
    bool joint = json_is_array(json_object_get(item, "legs"));
    if (!status && joint)
        status = joint_template(client, item);
    if (joint)
        (void)snprintf(text, sizeof text, "tongban joint new --item %s%s%s", view_text(item, "code"),
                       joint_needs(item, "applicant") ? " --applicant-office CODE" : "",
                       joint_needs(item, "other") ? " --other-office CODE" : "");
    else
        (void)snprintf(text, sizeof text, "tongban case new --item %s --office %s", view_text(item, "code"), view_text(item, "office"));
    json_decref(item);
    if (!status)
        term_next(text);
    return status;
}
