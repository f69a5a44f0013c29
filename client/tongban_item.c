#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_catalogue.h"
#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/item.h"
#include "proto/limits.h"

const char *view_limit(const json_t *limit, char *out, size_t size)
{
    item_limit_text(limit, lang_zh(), out, size);
    return out[0] ? out : "-";
}

const char *view_office(const char *code)
{
    const char *name = code ? office_name(code) : NULL;
    return name ? name : code ? code : "";
}

struct filter {
    const char *name, *value;
};

static int fetch_items(struct client *client, const struct filter *filters, size_t count, json_t **rows)
{
    struct buf path;
    buf_init(&path, 4096);
    int rc = buf_append_str(&path, "/window/v1/items?limit=100");
    for (size_t i = 0; i < count && !rc; i++) {
        if (!filters[i].value)
            continue;
        rc = buf_printf(&path, "&%s=", filters[i].name);
        rc = rc ? rc : http_escape(filters[i].value, &path);
    }
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : view_rows(client, path.data, 0, rows);
    buf_free(&path);
    return status;
}

int view_items(struct client *client, const char *query, const char *office, json_t **rows)
{
    struct filter filters[] = {{"q", query}, {"office", office}};
    return fetch_items(client, filters, sizeof filters / sizeof filters[0], rows);
}

/* Of our own items: which counterparts do not offer this version yet. */
static void taken_cell(const json_t *row, char *out, size_t size)
{
    const json_t *peer;
    size_t i, used = 0;
    out[0] = '\0';
    json_array_foreach(json_object_get(row, "peers"), i, peer)
    {
        const char *state = view_text(peer, "state");
        if (!strcmp(state, "taken"))
            continue; /* the rule; only what is not so is worth a place on the line */
        const char *word = !strcmp(state, "refused") ? _("refused") : _("not yet acknowledged");
        int n = snprintf(out + used, size - used, "%s%s %s", used ? ", " : "", view_text(peer, "office"), word);
        used += n > 0 && (size_t)n < size - used ? (size_t)n : 0;
    }
}

/* The name, with what a clerk has to know about its period. */
static void name_cell(const json_t *row, char *out, size_t size)
{
    const json_t *next = json_object_get(row, "next");
    const char *name = view_text(row, "name");
    if (json_is_object(next))
        (void)snprintf(out, size, _("%s (version %lld from %s)"), name, (long long)json_integer_value(json_object_get(next, "version")),
                       view_text(next, "effective_from"));
    else
        (void)snprintf(out, size, json_is_false(json_object_get(row, "in_force")) ? _("%s (not in force)") : "%s", name);
}

int item_list(struct client *client, const struct args *args)
{
    json_t *rows, *row;
    struct filter filters[] = {{"q", args->count ? args->positional[0] : NULL},
                               {"office", args_option(args, "office")},
                               {"subject", args_option(args, "subject")},
                               {"mode", args_option(args, "mode")},
                               {"category", args_option(args, "category")},
                               {"department", args_option(args, "department")}};
    int status = fetch_items(client, filters, sizeof filters / sizeof filters[0], &rows);
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
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("Mode"), 0);
    table_column(&t, _("Limit"), 0);
    table_column(&t, _("At the counterparts"), 12);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("Materials"), 0);
    table_hide(&t, HIDE_NARROW);
    size_t i;
    int rc = 0;
    json_array_foreach(rows, i, row)
    {
        char limit[64], materials[24], taken[256], name[1024];
        taken_cell(row, taken, sizeof taken);
        name_cell(row, name, sizeof name);
        (void)snprintf(materials, sizeof materials, "%lld",
                       (long long)json_integer_value(json_object_get(row, "materials")));
        const char *cells[] = {view_text(row, "code"),
                               name,
                               view_office(view_text(row, "office")),
                               view_text(row, "department"),
                               item_word("mode", view_text(row, "mode"), lang_zh()),
                               view_limit(json_object_get(row, "promised_limit"), limit, sizeof limit),
                               taken,
                               materials};
        rc = rc ? rc : table_row(&t, cells);
    }
    size_t count = json_array_size(rows);
    char next[128];
    (void)snprintf(next, sizeof next, "tongban item show %.50s --office %.6s", view_text(json_array_get(rows, 0), "code"),
                   view_text(json_array_get(rows, 0), "office"));
    json_decref(rows);
    if (!count) {
        table_free(&t);
        (void)printf("%s\n", _("No item was found."));
        term_next(_("tongban item list without a word shows all; a part of the name or the initials of its pinyin will do"));
        return EXIT_DONE;
    }
    if (rc || table_print(&t))
        return report_local(client, REPORT_MEMORY, NULL);
    (void)printf(ngettext("%zu item\n", "%zu items\n", count), count);
    term_next(count == 1 ? next : _("tongban item show CODE --office OFFICE; then tongban case new"));
    return EXIT_DONE;
}

int view_item(struct client *client, const char *code, const char *office, const char *version, json_t **item)
{
    struct buf path;
    json_t *rows = NULL, *row;
    char found[OFFICE_TEXT] = "", several[400];
    if (!office) {
        /* only one office offers it, or the clerk has to say which */
        int status = view_items(client, code, NULL, &rows);
        if (status)
            return status;
        size_t i, count = 0, used = 0;
        several[0] = '\0';
        json_array_foreach(rows, i, row) if (!strcmp(view_text(row, "code"), code))
        {
            (void)snprintf(found, sizeof found, "%s", view_text(row, "office"));
            int n = snprintf(several + used, sizeof several - used, "%s--office %s %s", count++ ? _(", ") : "", found, view_office(found));
            used += n > 0 && (size_t)n < sizeof several - used ? (size_t)n : 0;
        }
        json_decref(rows);
        if (count > 1)
            return report_local(client, REPORT_USAGE, _("%s: offered by %zu offices; add one of: %s"), code, count, several);
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

/* ---- one item: every element that it has, by the table ---- */

static int object_value(const json_t *object, const struct item_element *members, struct buf *out)
{
    int rc = 0;
    size_t before = out->len;
    for (const struct item_element *e = members; e->name && !rc; e++) {
        const json_t *value = json_object_get(object, e->name);
        if (!value)
            continue;
        rc = buf_printf(out, "%s%s ", out->len > before ? _(", ") : "", lang_pick(e->label, e->zh));
        rc = rc ? rc : view_element(e, value, out);
    }
    return rc;
}

static int letters_value(const struct item_element *e, const char *letters, struct buf *out)
{
    int rc = 0;
    for (const char *c = letters; c && *c && !rc; c++) {
        char letter[2] = {*c, '\0'};
        rc = buf_printf(out, "%s%s", c == letters ? "" : _(", "), item_word(e->name, letter, lang_zh()));
    }
    return rc;
}

/* One entry of a list. */
static int entry_value(const struct item_element *e, const json_t *entry, struct buf *out)
{
    const char *text = json_string_value(entry);
    const struct item_element *about = e->form == ITEM_ELEMENTS && text ? item_element_find(text) : NULL;
    if (e->members)
        return object_value(entry, e->members, out);
    return buf_append_str(out, about                   ? lang_pick(about->label, about->zh)
                               : !text                 ? ""
                               : e->form == ITEM_WORDS ? item_word(e->name, text, lang_zh())
                                                       : text);
}

int view_element(const struct item_element *e, const json_t *value, struct buf *out)
{
    char limit[64];
    size_t i;
    const json_t *entry;
    const char *text = json_string_value(value);
    int rc = 0;
    if (e->form == ITEM_LIMIT)
        return buf_append_str(out, view_limit(value, limit, sizeof limit));
    if (json_is_boolean(value))
        return buf_append_str(out, json_is_true(value) ? _("yes") : _("no"));
    if (json_is_integer(value))
        return buf_printf(out, "%lld", (long long)json_integer_value(value));
    if (e->form == ITEM_LETTERS)
        return letters_value(e, text, out);
    if (json_is_object(value))
        return e->members ? object_value(value, e->members, out) : 0;
    json_array_foreach((json_t *)value, i, entry)
    {
        rc = rc || !i ? rc : buf_append_str(out, _("; "));
        rc = rc ? rc : entry_value(e, entry, out);
    }
    return rc || !text ? rc : buf_append_str(out, e->form == ITEM_WORD ? item_word(e->name, text, lang_zh()) : text);
}

enum { LABEL = 24 };

static int show_members(const json_t *object, const struct item_element *members)
{
    int rc = 0;
    for (const struct item_element *e = members; e->name && !rc; e++) {
        const json_t *value = json_object_get(object, e->name), *part;
        struct buf text;
        size_t i;
        if (!value || !strcmp(e->name, "materials"))
            continue;
        buf_init(&text, VALUE_BYTES);
        if (e->form == ITEM_OBJECT)
            rc = show_members(value, e->members);
        else if (e->form == ITEM_OBJECTS)
            json_array_foreach((json_t *)value, i, part) rc = rc ? rc : show_members(part, e->members);
        else
            rc = view_element(e, value, &text);
        if (!rc && text.len)
            term_pair(lang_pick(e->label, e->zh), LABEL, text.data);
        buf_free(&text);
    }
    return rc;
}

/* What is checked about each material, whole: it is what the clerk reads out. */
static void show_standards(const json_t *materials)
{
    const json_t *material;
    size_t i;
    bool first = true;
    json_array_foreach((json_t *)materials, i, material)
    {
        char text[1024];
        const char *standard = view_text(material, "standard");
        if (!standard[0])
            continue;
        (void)snprintf(text, sizeof text, "%zu  %s", i + 1, standard);
        term_pair(first ? _("Standards") : "", 10, text);
        first = false;
    }
}

static const char *licence_word(const json_t *material)
{
    return item_licence_of(material) == ITEM_LICENCE_NONE ? "" : item_word("licence", view_text(material, "licence"), lang_zh());
}

static int show_materials(const json_t *materials)
{
    struct table t;
    size_t i;
    const json_t *material;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("No."), 0);
    table_column(&t, _("Material"), 16);
    table_column(&t, _("Form"), 8);
    table_column(&t, _("Needed"), 8);
    table_column(&t, _("Deferrable"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("E-licence"), 8);
    table_hide(&t, HIDE_EMPTY);
    json_array_foreach((json_t *)materials, i, material)
    {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        const char *when = view_text(material, "needed_when");
        const char *cells[] = {number,
                               view_text(material, "name"),
                               item_word("form", view_text(material, "form"), lang_zh()),
                               when[0] ? when : json_is_false(json_object_get(material, "required")) ? _("no") : _("yes"),
                               json_is_true(json_object_get(material, "deferrable")) ? _("yes") : "",
                               licence_word(material)};
        rc = rc ? rc : table_row(&t, cells);
    }
    (void)putchar('\n');
    rc = rc ? (table_free(&t), rc) : table_print(&t);
    show_standards(materials);
    return rc;
}

int item_show(struct client *client, const struct args *args)
{
    json_t *item;
    char text[128];
    int status =
        view_item(client, args->positional[0], args_option(args, "office"), args_option(args, "version"), &item);
    if (status)
        return status;
    if (client->json) {
        term_json(item);
        json_decref(item);
        return EXIT_DONE;
    }
    term_pair(_("Home side"), LABEL, view_office(view_text(item, "office")));
    if (show_members(item, item_elements) || show_materials(json_object_get(item, "materials")))
        status = report_local(client, REPORT_MEMORY, NULL);
    bool joint = json_is_array(json_object_get(item, "legs"));
    if (!status && joint)
        status = joint_template(client, item);
    if (joint)
        (void)snprintf(text, sizeof text, "tongban joint new --item %.50s%s%s", view_text(item, "code"),
                       joint_needs(item, "applicant") ? " --applicant-office CODE" : "",
                       joint_needs(item, "other") ? " --other-office CODE" : "");
    else
        (void)snprintf(text, sizeof text, "tongban case new --item %.50s --office %.6s", view_text(item, "code"),
                       view_text(item, "office"));
    if (!status)
        term_next(text);
    json_decref(item);
    return status;
}

/* ---- pages for people ---- */

static int write_page(struct client *client, const char *path, const struct buf *page)
{
    FILE *file = path ? fopen(path, "w") : stdout;
    bool good = file && fwrite(page->data, 1, page->len, file) == page->len;
    if (path && file && fclose(file))
        good = false;
    return good ? EXIT_DONE : report_local(client, REPORT_FILE, "%s: %s", path ? path : "-", strerror(errno));
}

typedef int (*page_writer)(const json_t *item, const char *office, struct buf *out);

static int page_run(struct client *client, const struct args *args, page_writer write)
{
    json_t *item;
    struct buf page;
    const char *out = args_option(args, "out");
    int status =
        view_item(client, args->positional[0], args_option(args, "office"), args_option(args, "version"), &item);
    if (status)
        return status;
    buf_init(&page, LIMIT_CONFIG_BYTES);
    if (write(item, view_office(view_text(item, "office")), &page)) {
        status = report_local(client, REPORT_MEMORY, NULL);
    } else if (client->json) {
        json_t *doc = json_pack("{s:O, s:O, s:O, s:s}", "office", json_object_get(item, "office"), "code", json_object_get(item, "code"),
                                "version", json_object_get(item, "version"), "markdown", page.data);
        term_json(doc);
        json_decref(doc);
    } else {
        status = write_page(client, out, &page);
    }
    if (!status && out && !client->json) {
        (void)printf(_("%s is written.\n"), out);
        term_next(_("read it through; elements marked 待核实 have to be checked by the department first"));
    }
    buf_free(&page);
    json_decref(item);
    return status;
}

int item_guide_run(struct client *client, const struct args *args)
{
    return page_run(client, args, item_guide);
}

int item_manual_run(struct client *client, const struct args *args)
{
    return page_run(client, args, item_manual);
}
