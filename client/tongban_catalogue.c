#include <stdlib.h>
#include <string.h>

#include "client/tongban_catalogue.h"
#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/item.h"
#include "proto/limits.h"

/* ---- reading, with its mistakes told ---- */

struct complaints {
    const struct client *client;
    json_t *errors; /* for --json */
};

static void tell(void *context, const char *file, int line, const char *pointer, const char *message)
{
    struct complaints *c = context;
    if (c->client->json) {
        json_t *error = json_pack("{s:s, s:i, s:s, s:s}", "file", file, "line", line, "field", pointer, "message", message);
        (void)json_array_append_new(c->errors, error);
        return;
    }
    if (line)
        (void)printf("%s:%d: %s: ", file, line, _("error"));
    else
        (void)printf("%s: %s: ", file, _("error"));
    (void)printf(pointer[0] ? "%s: %s\n" : "%s%s\n", pointer, detail_text(message));
}

/* Reads what is to be published or compared: it must be without a mistake. */
static int read_good(struct client *client, const char *const *paths, unsigned count, struct catalogue_set *set)
{
    struct complaints c = {client, json_array()};
    int status = !c.errors || catalogue_read(paths, count, tell, &c, set) ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
    if (!status && set->errors) {
        if (client->json) {
            json_t *doc = json_pack("{s:O}", "errors", c.errors);
            term_json(doc);
            json_decref(doc);
        } else {
            (void)printf(ngettext("%zu mistake; nothing was done.\n", "%zu mistakes; nothing was done.\n", set->errors), set->errors);
        }
        catalogue_set_free(set);
        status = EXIT_REFUSED;
    }
    json_decref(c.errors);
    return status;
}

/* ---- lint ---- */

struct lint {
    const struct client *client;
    const struct catalogue_set *set;
    const char *code;
    json_t *warnings;
    size_t count, unchecked;
};

static int warn(void *context, const char *pointer, enum item_advice advice, const char *about)
{
    struct lint *l = context;
    const char *file;
    int line = catalogue_line(l->set, l->code, pointer, &file);
    char text[512];
    if (advice == ITEM_ADVICE_APPROXIMATE) {
        l->unchecked++; /* counted, not listed: a sample catalogue has hundreds */
        return 0;
    }
    l->count++;
    (void)snprintf(text, sizeof text, "%s%s%.200s", item_advice_text(advice, !l->client->json && lang_zh()), about[0] ? ": " : "", about);
    if (l->client->json) {
        json_t *warning = json_pack("{s:s, s:i, s:s, s:s, s:s}", "file", file, "line", line, "code", l->code, "field", pointer, "message",
                                    text);
        return json_array_append_new(l->warnings, warning) ? TB_ENOMEM : 0;
    }
    (void)printf("%s:%d: %s: %s: %s\n", file, line, _("warning"), l->code, text);
    return 0;
}

static int lint_items(struct lint *l)
{
    size_t i;
    const json_t *item;
    int rc = 0;
    json_array_foreach(l->set->items, i, item)
    {
        l->code = json_string_value(json_object_get(item, "code"));
        if (!rc && !item_check(item, NULL)) /* what is wrong was told as an error */
            rc = item_advice_each(item, warn, l);
    }
    return rc;
}

int catalogue_lint(struct client *client, const struct args *args)
{
    struct catalogue_set set = {0};
    struct complaints c = {client, json_array()};
    struct lint l = {.client = client, .set = &set, .warnings = json_array()};
    int rc = c.errors && l.warnings ? catalogue_read(args->positional, args->count, tell, &c, &set) : TB_ENOMEM;
    if (!rc)
        rc = lint_items(&l);
    bool bad = set.errors || (args_option(args, "strict") && l.count);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : bad ? EXIT_REFUSED : EXIT_DONE;
    if (!rc && client->json) {
        json_t *doc = json_pack("{s:I, s:I, s:O, s:O, s:I}", "items", (json_int_t)json_array_size(set.items), "files",
                                (json_int_t)set.files, "errors", c.errors, "warnings", l.warnings, "approximate", (json_int_t)l.unchecked);
        term_json(doc);
        json_decref(doc);
    } else if (!rc) {
        (void)printf(_("Items: %zu, files: %zu, errors: %zu, warnings: %zu; elements still to be checked by a person: %zu\n"),
                     json_array_size(set.items), set.files, set.errors, l.count, l.unchecked);
        if (!bad)
            term_next(_("see what would change with tongban catalogue diff, then tongban catalogue publish"));
    }
    catalogue_set_free(&set);
    json_decref(c.errors);
    json_decref(l.warnings);
    return status;
}

/* ---- diff ---- */

/* The row of the table that a path of a difference ends at: "fee", "contact/phone", "materials/name/form", "materials/name". */
static const struct item_element *row_of(const char *path, struct item_element *entry)
{
    char name[64];
    const char *last = strrchr(path, '/');
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "/"), path);
    const struct item_element *e = item_element_find(name);
    if (!e || !last || !e->members)
        return e;
    for (const struct item_element *m = e->members; m->name; m++)
        if (!strcmp(m->name, last + 1) && (e->form == ITEM_OBJECT || strchr(path, '/') != last))
            return m;
    *entry = *e; /* a whole entry of the list */
    entry->form = ITEM_OBJECT;
    return entry;
}

static void print_value(const struct item_element *e, const json_t *value)
{
    struct buf text;
    buf_init(&text, VALUE_BYTES);
    if (!value || !e || (e->form == ITEM_OBJECTS && json_is_string(json_array_get(value, 0)))) {
        size_t i; /* left out; or the order of a list, told by its names */
        const json_t *name;
        json_array_foreach((json_t *)value, i, name)(void) printf("%s%s", i ? _("; ") : "", json_string_value(name));
        (void)fputs(json_array_size(value) ? "" : _("(none)"), stdout);
    } else {
        int rc = view_element(e, value, &text);
        (void)fputs(!rc && text.len ? text.data : _("(none)"), stdout);
    }
    buf_free(&text);
}

static void print_element(const json_t *row)
{
    struct item_element entry;
    const struct item_element *e = row_of(view_text(row, "path"), &entry);
    (void)printf("      %s: ", lang_pick(view_text(row, "label"), view_text(row, "zh")));
    print_value(e, json_object_get(row, "old"));
    (void)fputs(" → ", stdout);
    print_value(e, json_object_get(row, "new"));
    (void)putchar('\n');
}

static void print_items(const char *sign, const json_t *list)
{
    size_t i, k;
    const json_t *item, *row;
    json_array_foreach((json_t *)list, i, item)
    {
        (void)printf("  %s %s %s", sign, view_text(item, "code"), view_text(item, "name"));
        if (json_object_get(item, "from"))
            (void)printf(_("  version %lld → %lld"), (long long)json_integer_value(json_object_get(item, "from")),
                         (long long)json_integer_value(json_object_get(item, "to")));
        if (view_text(item, "reason")[0])
            (void)printf("  (%s)", view_text(item, "reason"));
        (void)putchar('\n');
        json_array_foreach(json_object_get(item, "elements"), k, row) print_element(row);
    }
}

/* A first edition has a hundred items: the history shows the first few of a long list. */
static void print_some(const char *sign, const json_t *items, size_t most)
{
    size_t count = json_array_size(items);
    json_t *some = most && count > most ? json_array() : NULL;
    for (size_t i = 0; some && i < most; i++)
        (void)json_array_append(some, json_array_get(items, i));
    print_items(sign, some ? some : items);
    if (some)
        (void)printf(_("  %s and %zu more (--json has all; a code as argument shows one)\n"), sign, count - most);
    json_decref(some);
}

static void print_diff(const json_t *diff, size_t most)
{
    print_some("+", json_object_get(diff, "added"), most);
    print_some("-", json_object_get(diff, "removed"), most);
    print_some("~", json_object_get(diff, "changed"), most);
    (void)printf(_("%zu added, %zu withdrawn, %zu changed\n"), json_array_size(json_object_get(diff, "added")),
                 json_array_size(json_object_get(diff, "removed")), json_array_size(json_object_get(diff, "changed")));
}

/* What the office offers now. */
static int fetch_published(struct client *client, const char *office, json_t **items)
{
    char path[96];
    json_t *doc;
    (void)snprintf(path, sizeof path, "/window/v1/catalogue?office=%.6s", office);
    int status = http_get(client, path, &doc);
    if (status)
        return status;
    json_t *list = json_object_get(doc, "items"), *item;
    size_t i;
    bool good = json_is_array(list);
    json_array_foreach(list, i, item) good = good && view_text(item, "code")[0] && json_is_string(json_object_get(item, "name")) &&
                                             json_is_integer(json_object_get(item, "version"));
    if (good)
        *items = json_incref(list);
    else
        status = report_local(client, REPORT_ANSWER, "%s", "items");
    json_decref(doc);
    return status;
}

/* A directory or some files may hold a part of the catalogue: what is not in them is then no removal. */
static void only_known(json_t *items, const struct catalogue_set *set)
{
    for (size_t i = json_array_size(items); i-- > 0;)
        if (!json_object_get(set->places, view_text(json_array_get(items, i), "code")))
            (void)json_array_remove(items, i);
}

int catalogue_diff(struct client *client, const struct args *args)
{
    struct catalogue_set before = {0}, after = {0};
    json_t *old_items = NULL, *diff = NULL;
    bool two = args->count == 2;
    int status = read_good(client, &args->positional[two], 1, &after);
    if (status)
        return status;
    if (two) {
        status = read_good(client, args->positional, 1, &before);
        old_items = status ? NULL : json_incref(before.items);
    } else {
        status = client_open(client);
        status = status ? status : fetch_published(client, after.office, &old_items);
        if (!status && !args_option(args, "whole"))
            only_known(old_items, &after);
    }
    if (!status && item_diff(old_items, after.items, &diff))
        status = report_local(client, REPORT_MEMORY, NULL);
    if (!status && client->json)
        term_json(diff);
    else if (!status)
        print_diff(diff, 0);
    if (!status && !client->json && !two)
        term_next(item_diff_empty(diff) ? _("nothing; this is what is published") : _("tongban catalogue publish"));
    json_decref(diff);
    json_decref(old_items);
    catalogue_set_free(&before);
    catalogue_set_free(&after);
    return status;
}

/* ---- publish and retire ---- */

/* Of the items of the files those that differ from what is published.  With `bump` their versions are raised where they have to be. */
static int changed_items(const struct catalogue_set *set, const json_t *published, bool bump, json_t *out)
{
    size_t i, k;
    json_t *item, *have;
    int rc = 0;
    json_array_foreach(set->items, i, item)
    {
        const json_t *now = NULL;
        json_t *rows = NULL;
        json_array_foreach((json_t *)published, k, have)
        {
            if (!strcmp(view_text(have, "code"), view_text(item, "code")))
                now = have;
        }
        rc = rc || !now ? rc : item_diff_elements(now, item, &rows);
        json_int_t last = json_integer_value(json_object_get(now, "version"));
        bool same = now && !json_array_size(rows) && json_integer_value(json_object_get(item, "version")) <= last;
        json_decref(rows);
        if (rc || same)
            continue;
        if (bump && now && json_integer_value(json_object_get(item, "version")) <= last)
            rc = json_object_set_new(item, "version", json_integer(last + 1)) ? TB_ENOMEM : 0;
        if (!rc && json_array_append(out, item))
            rc = TB_ENOMEM;
    }
    return rc;
}

static int print_publication(const struct client *client, const json_t *answer)
{
    if (client->json) {
        term_json(answer);
        return EXIT_DONE;
    }
    const json_t *peer;
    size_t i;
    print_diff(json_object_get(answer, "changes"), 0);
    (void)printf(_("Edition %lld is published; on its way to:"), (long long)json_integer_value(json_object_get(answer, "edition")));
    json_array_foreach(json_object_get(answer, "peers"), i, peer)
    {
        const char *name = office_name(view_text(peer, "office"));
        (void)printf(" %s%s%s", view_text(peer, "office"), name ? " " : "", name ? name : "");
    }
    (void)putchar('\n');
    term_next(_("tongban catalogue history shows when each counterpart has taken it; only then does its window offer it"));
    return EXIT_DONE;
}

static int post(struct client *client, const json_t *body)
{
    json_t *answer;
    int status = http_post(client, "/window/v1/catalogue", body, &answer);
    if (status)
        return status;
    status = print_publication(client, answer);
    json_decref(answer);
    return status;
}

/* --dry-run: what would be published. */
static int try_only(const struct client *client, const json_t *published, const struct catalogue_set *set)
{
    json_t *diff = NULL, *known = json_copy((json_t *)(uintptr_t)published);
    if (known)
        only_known(known, set);
    if (!known || item_diff(known, set->items, &diff)) {
        json_decref(known);
        return report_local(client, REPORT_MEMORY, NULL);
    }
    if (client->json)
        term_json(diff);
    else
        print_diff(diff, 0);
    json_decref(known);
    json_decref(diff);
    return EXIT_DONE;
}

int catalogue_publish(struct client *client, const struct args *args)
{
    struct catalogue_set set = {0};
    json_t *published = NULL, *items = json_array(), *body = NULL;
    struct problem p = {.number = -1};
    int status = read_good(client, args->positional, args->count, &set);
    if (!status)
        status = fetch_published(client, client->config->office, &published);
    if (!status && changed_items(&set, published, args_option(args, "bump") != NULL, items))
        status = report_local(client, REPORT_MEMORY, NULL);
    if (!status && !json_array_size(items)) {
        (void)problem_set(&p, PROBLEM_CATALOGUE_UNCHANGED, NULL, "%zu items are published like this already", json_array_size(set.items));
        status = report_problem(client, &p);
    } else if (!status && args_option(args, "dry-run")) {
        status = try_only(client, published, &set);
    } else if (!status) {
        body = json_pack("{s:s, s:s*, s:O}", "office", set.office, "note", args_option(args, "note"), "items", items);
        status = body ? post(client, body) : report_local(client, REPORT_USAGE, "%s", _("a name is not UTF-8"));
    }
    json_decref(body);
    json_decref(items);
    json_decref(published);
    catalogue_set_free(&set);
    return status;
}

int catalogue_retire(struct client *client, const struct args *args)
{
    const char *reason = args_option(args, "reason");
    if (!reason || !reason[0])
        return report_local(client, REPORT_USAGE, "%s", _("say why with --reason TEXT: the counterparts and the ledger keep it"));
    json_t *body = json_pack("{s:s, s:s, s:[{s:s, s:s, s:s*}]}", "office", client->config->office, "note", reason, "retire", "code",
                             args->positional[0], "reason", reason, "last_day", args_option(args, "last-day"));
    int status = body ? post(client, body) : report_local(client, REPORT_USAGE, "%s", _("a name is not UTF-8"));
    json_decref(body);
    return status;
}

/* ---- history ---- */

static const char *taken_text(const char *state)
{
    return !strcmp(state, "taken")     ? _("taken")
           : !strcmp(state, "refused") ? _("refused")
           : !strcmp(state, "waiting") ? _("not yet acknowledged")
                                       : state;
}

static void print_edition(const json_t *row)
{
    char at[20];
    const json_t *peer;
    size_t i;
    const char *staff = view_text(row, "staff"), *name = office_name(view_text(row, "office"));
    (void)printf(_("%s  %s %s  edition %lld  by %s"), term_time(json_object_get(row, "published"), at), view_text(row, "office"),
                 name ? name : "", (long long)json_integer_value(json_object_get(row, "edition")),
                 staff[0] ? staff : _("the configured files"));
    (void)printf("%s%s\n", view_text(row, "note")[0] ? "  " : "", view_text(row, "note"));
    print_diff(json_object_get(row, "changes"), 10);
    json_array_foreach(json_object_get(row, "peers"), i, peer)
    {
        (void)printf("  %s: %s", view_text(peer, "office"), taken_text(view_text(peer, "state")));
        if (view_text(peer, "at")[0])
            (void)printf(" %s", term_time(json_object_get(peer, "at"), at));
        const char *problem = view_text(peer, "problem");
        (void)printf("%s%s\n", problem[0] ? "  " : "", problem[0] ? detail_text(problem) : "");
    }
    (void)putchar('\n');
}

int catalogue_history(struct client *client, const struct args *args)
{
    struct buf path;
    json_t *rows = NULL;
    const char *office = args_option(args, "office"), *limit = args_option(args, "limit");
    char *end = NULL;
    long most = limit ? strtol(limit, &end, 10) : 20;
    if (limit && (!*limit || *end || most < 1 || most > 100000))
        return report_local(client, REPORT_USAGE, "--limit N");
    buf_init(&path, 4096);
    int rc = buf_append_str(&path, "/window/v1/catalogue/history?limit=20");
    if (!rc && office)
        rc = buf_append_str(&path, "&office=");
    if (!rc && office)
        rc = http_escape(office, &path);
    if (!rc && args->count)
        rc = buf_append_str(&path, "&code=");
    if (!rc && args->count)
        rc = http_escape(args->positional[0], &path);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : view_rows(client, path.data, (size_t)most, &rows);
    buf_free(&path);
    if (status)
        return status;
    if (client->json) {
        view_json_rows(rows);
        return EXIT_DONE;
    }
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) print_edition(row);
    (void)printf(ngettext("%zu edition\n", "%zu editions\n", json_array_size(rows)), json_array_size(rows));
    json_decref(rows);
    term_next(_("tongban item show CODE --office OFFICE --version N shows a version as it was"));
    return EXIT_DONE;
}
