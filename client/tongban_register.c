/* The registers on the command line: `tongban KIND ACT …`, `tongban KIND list`, `tongban KIND show NO`, all from proto/register.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

enum { LABEL = 18, CELL_BYTES = 4096 };

const struct option register_act_options[] = {{"file", "BODY.json", N_("take the fields from this document")},
                                              {"yes", NULL, N_("do not ask for missing fields")},
                                              {NULL, NULL, NULL}};
/* What makes a new object takes these, too. */
const struct option register_open_options[] = {{"file", "BODY.json", N_("take the fields from this document")},
                                               {"yes", NULL, N_("do not ask for missing fields")},
                                               {"case", "NO", N_("case it is about")},
                                               {"office", "CODE", N_("the other office, where there are several")},
                                               {NULL, NULL, NULL}};
const struct option register_list_options[] = {{"case", "NO", N_("only what is about this case")},
                                               {"open", NULL, N_("only what is not finished")},
                                               {"limit", "N", N_("at most this many rows")},
                                               {"print", NULL, N_("as a Markdown page, to be printed")},
                                               {NULL, NULL, NULL}};

bool register_opens(const struct register_act *act)
{
    return act->from & REGISTER_FROM(REGISTER_NONE);
}

bool register_typed(const struct register_act *act)
{
    return (act->roles & (unsigned)(CASE_ROLE_WINDOW | CASE_ROLE_HANDLER)) != 0;
}

bool register_command_find(int argc, char *const *argv, struct register_command *out)
{
    const struct register_kind *kind = argc > 0 ? register_by_name(argv[0]) : NULL;
    const struct register_act *act = kind && argc > 1 ? register_act_by_name(kind, argv[1]) : NULL;
    bool list = kind && argc > 1 && !strcmp(argv[1], "list"), show = kind && argc > 1 && !strcmp(argv[1], "show");
    if (!list && !show && !(act && register_typed(act)))
        return false;
    *out = (struct register_command){.kind = kind, .act = act, .list = list};
    out->options = list ? register_list_options : show ? NULL : register_opens(act) ? register_open_options : register_act_options;
    return true;
}

/* ---- words ---- */

/* Columns of the content in a list: what a terminal of usual width can hold. */
enum { LIST_COLUMNS = 6 };

static const char *state_word(const struct register_kind *kind, const char *name)
{
    int state = register_state_by_name(kind, name);
    return state < 0 ? name : lang_pick(kind->states[state].en, kind->states[state].zh);
}

/* The field that a member of the content comes from, or NULL. */
static const struct case_field *content_field(const struct register_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->act_count; i++)
        for (const struct case_field *f = kind->acts[i].under ? NULL : kind->acts[i].fields; f && f->name; f++)
            if (!strcmp(f->name, name))
                return f;
    return NULL;
}

/* The act whose data stand under this name, or NULL. */
static const struct register_act *content_act(const struct register_kind *kind, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < kind->act_count; i++) {
        const char *under = kind->acts[i].under;
        if (under && !strncmp(under, name, len) && (!under[len] || !strcmp(under + len, "[]")))
            return &kind->acts[i];
    }
    return NULL;
}

static void content_label(const struct register_kind *kind, const char *name, char *out, size_t size)
{
    const struct register_act *act = content_act(kind, name);
    if (act)
        (void)snprintf(out, size, "%s", lang_pick(act->name, act->zh));
    else
        view_label(name, content_field(kind, name), out, size);
}

/* A cell of a list: a value in one line, a list as its length. */
static const char *cell_text(const struct register_kind *kind, const char *name, const json_t *value, struct buf *out)
{
    const struct register_act *act = content_act(kind, name);
    struct case_field whole = {.name = name, .kind = FIELD_OBJECT, .members = act ? act->fields : NULL};
    const struct case_field *field = act ? &whole : content_field(kind, name);
    buf_clear(out);
    if (!value)
        return "-";
    int rc = json_is_array(value) ? buf_printf(out, "%zu", json_array_size(value)) : view_value(value, field, out);
    return rc || !out->len ? "-" : out->data;
}

/* ---- list ---- */

/* The register on paper: a heading and the whole table.  Frees the table. */
static int table_page(const struct register_kind *kind, struct table *t)
{
    struct buf out;
    buf_init(&out, LIMIT_CLIENT_ANSWER_BYTES);
    int rc = buf_printf(&out, lang_zh() ? "# %s登记表\n\n" : "# Register: %s\n\n", lang_pick(kind->en, kind->zh));
    rc = rc ? rc : table_markdown(t, &out);
    if (!rc)
        (void)fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    table_free(t);
    return rc;
}

static int list_print(const struct register_kind *kind, const json_t *rows, bool page)
{
    struct table t;
    struct buf text[TABLE_COLUMNS];
    char label[TABLE_COLUMNS][64];
    size_t i, columns = 0;
    json_t *row;
    int rc = 0;
    while (columns < LIST_COLUMNS && kind->columns[columns])
        columns++;
    table_init(&t);
    table_column(&t, _("Number"), 0);
    table_column(&t, _("State"), 0);
    for (size_t c = 0; c < columns; c++) {
        buf_init(&text[c], CELL_BYTES);
        content_label(kind, kind->columns[c], label[c], sizeof label[c]);
        table_column(&t, label[c], 4);
    }
    table_column(&t, kind->scope == REGISTER_ALL ? _("Office") : _("With"), 0);
    table_column(&t, _("Case"), 0);
    json_array_foreach(rows, i, row)
    {
        const char *cells[TABLE_COLUMNS] = {view_text(row, "no"), state_word(kind, view_text(row, "state"))};
        for (size_t c = 0; c < columns; c++)
            cells[2 + c] = cell_text(kind, kind->columns[c], json_object_get(row, kind->columns[c]), &text[c]);
        const char *other = view_text(row, "other"), *about = view_text(row, "case");
        cells[2 + columns] = kind->scope == REGISTER_ALL || !other[0] ? view_text(row, "owner") : other;
        cells[3 + columns] = about[0] ? about : "-";
        rc = rc ? rc : table_row(&t, cells);
    }
    for (size_t c = 0; c < columns; c++)
        buf_free(&text[c]);
    if (rc)
        table_free(&t);
    return rc ? rc : page ? table_page(kind, &t) : table_print(&t);
}

static int register_list(struct client *client, const struct register_kind *kind, const struct args *args)
{
    const char *about = args_option(args, "case"), *limit = args_option(args, "limit");
    char path[160];
    json_t *rows;
    long most = limit ? strtol(limit, NULL, 10) : 100;
    if (most < 1 || most > 10000)
        return report_local(client, REPORT_USAGE, "--limit %s", limit);
    int status = about ? view_check_no(client, about) : EXIT_DONE;
    (void)snprintf(path, sizeof path, "/window/v1/registers/%s?limit=%ld%s%s%s", kind->name,
                   most < LIMIT_LIST_PAGE ? most : (long)LIMIT_LIST_PAGE, about ? "&case=" : "", about ? about : "",
                   args_option(args, "open") ? "&open=1" : "");
    status = status ? status : view_rows(client, path, (size_t)most, &rows);
    if (status)
        return status;
    if (client->json) {
        view_json_rows(rows);
        return EXIT_DONE;
    }
    size_t count = json_array_size(rows);
    bool page = args_option(args, "print") != NULL;
    int rc = count || page ? list_print(kind, rows, page) : 0;
    json_decref(rows);
    if (rc)
        return report_local(client, REPORT_MEMORY, NULL);
    char next[96];
    (void)snprintf(next, sizeof next, "tongban %s show NO", kind->name);
    if (page)
        return EXIT_DONE;
    if (!count)
        (void)printf("%s\n", _("Nothing is on this register."));
    else
        term_next(next);
    return EXIT_DONE;
}

/* ---- show ---- */

static void next_acts(const struct register_kind *kind, const json_t *doc)
{
    struct buf text;
    size_t i;
    json_t *word;
    int rc = 0;
    buf_init(&text, CELL_BYTES);
    json_array_foreach(json_object_get(doc, "acts"), i, word)
    {
        const char *name = json_string_value(word);
        const struct register_act *act = register_act_by_name(kind, name);
        rc = rc || !act || !text.len ? rc : buf_append_str(&text, _("; "));
        rc = rc || !act ? rc : buf_printf(&text, "tongban %s %s %s", kind->name, name, view_text(doc, "no"));
        rc = rc || !act || !lang_zh() ? rc : buf_printf(&text, "（%s）", act->zh);
    }
    bool ours = json_is_true(json_object_get(doc, "turn"));
    int state = register_state_by_name(kind, view_text(doc, "state"));
    unsigned turn = state < 0 ? 0 : kind->states[state].turn;
    if (!json_is_true(json_object_get(doc, "open")))
        term_next(_("nothing: it is finished"));
    else if (!turn)
        term_next(_("nothing has to be done now"));
    else if (!ours)
        term_next(_("nothing here; the other side acts"));
    else if (!strcmp(view_text(json_object_get(doc, "data"), "step"), "notice"))
        view_next(_("print what is to be handed over: tongban case documents %s"), view_text(doc, "case"));
    if (!rc && text.len && ours)
        term_next(text.data);
    else if (!rc && text.len)
        (void)printf(_("Also possible: %s\n"), text.data);
    buf_free(&text);
}

/* The head of an object: what an act answers, too. */
static void show_head(const struct register_kind *kind, const json_t *doc)
{
    char text[160];
    (void)snprintf(text, sizeof text, "%s %s", view_text(doc, "no"), lang_pick(kind->en, kind->zh));
    term_pair(_("Number"), LABEL, text);
    (void)snprintf(text, sizeof text, "%s%s", state_word(kind, view_text(doc, "state")),
                   json_is_true(json_object_get(doc, "pending")) ? _(" (waits for the other side's receipt)") : "");
    term_pair(_("State"), LABEL, text);
    const char *other = view_text(doc, "other");
    (void)snprintf(text, sizeof text, "%s%s%s", view_text(doc, "owner"), other[0] ? " → " : "", other);
    term_pair(_("Between"), LABEL, text);
    term_pair(_("Case"), LABEL, view_text(doc, "case"));
    term_pair(_("Due"), LABEL, view_text(doc, "due"));
}

static void show_content(const struct register_kind *kind, const json_t *data)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)data, key, value)
    {
        const struct register_act *act = content_act(kind, key);
        struct case_field whole = {.name = key, .kind = FIELD_OBJECT, .members = act ? act->fields : NULL};
        const struct case_field *field = act ? &whole : content_field(kind, key);
        char label[128];
        content_label(kind, key, label, sizeof label);
        for (size_t i = 0, n = json_is_array(value) ? json_array_size(value) : 1; i < n; i++) {
            struct buf text;
            buf_init(&text, VALUE_BYTES);
            if (!view_value(json_is_array(value) ? json_array_get(value, i) : value, field, &text) && text.len)
                term_pair(i ? "" : label, LABEL, text.data);
            buf_free(&text);
        }
    }
}

static int show_history(const struct register_kind *kind, const json_t *history)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Time"), 0);
    table_column(&t, _("Act"), 0);
    table_column(&t, _("Staff"), 0);
    table_column(&t, _("Receipt"), 8);
    json_array_foreach(history, i, row)
    {
        char at[20];
        const struct register_act *act = register_act_by_name(kind, view_text(row, "act"));
        const char *staff = view_text(row, "staff"), *verdict = view_text(row, "verdict");
        const char *cells[] = {term_time(json_object_get(row, "at"), at), act ? lang_pick(act->name, act->zh) : view_text(row, "act"),
                               staff[0] ? staff : view_text(row, "from"),
                               json_is_true(json_object_get(row, "pending")) ? _("waits") : view_word(verdict)};
        rc = rc ? rc : table_row(&t, cells);
    }
    (void)putchar('\n');
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

static int register_show(struct client *client, const struct register_kind *kind, const char *no)
{
    char path[128];
    json_t *doc;
    char owner[OFFICE_TEXT];
    if (register_no_read(kind, no, owner))
        return report_local(client, REPORT_USAGE, _("%s is not a number of this register"), no);
    (void)snprintf(path, sizeof path, "/window/v1/registers/%s/%s", kind->name, no);
    int status = http_get(client, path, &doc);
    if (status)
        return status;
    int rc = 0;
    if (client->json) {
        term_json(doc);
    } else {
        show_head(kind, doc);
        show_content(kind, json_object_get(doc, "data"));
        rc = show_history(kind, json_object_get(doc, "history"));
        next_acts(kind, doc);
    }
    json_decref(doc);
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

/* ---- acts ---- */

/* {"case"?,"office"?,"data"} of the options and of the fields. */
static int build_body(struct client *client, const struct register_command *command, const struct args *args, json_t **out)
{
    static const char *const envelope[] = {"case", "office", NULL};
    const char *file = args_option(args, "file");
    bool opens = register_opens(command->act);
    json_t *data = NULL, *body = json_object();
    int status = file ? view_read_json(client, file, &data) : EXIT_DONE;
    if (!status && (!body || (!data && !(data = json_object()))))
        status = report_local(client, REPORT_MEMORY, NULL);
    status = status ? status : action_options_take(client, args, command->act->fields, opens ? envelope : NULL, data);
    if (!status && ask_possible(client) && !args_option(args, "yes"))
        status = action_ask_missing(client, command->act->fields, data);
    if (!status && json_object_set(body, "data", data))
        status = report_local(client, REPORT_MEMORY, NULL);
    for (size_t i = 0; !status && opens && envelope[i]; i++)
        if (args_option(args, envelope[i]))
            (void)json_object_set_new(body, envelope[i], json_string(args_option(args, envelope[i])));
    json_decref(data);
    if (status)
        json_decref(body);
    else
        *out = body;
    return status;
}

static int register_act(struct client *client, const struct register_command *command, const struct args *args)
{
    const struct register_kind *kind = command->kind;
    const char *no = args->count ? args->positional[0] : NULL;
    bool opens = register_opens(command->act);
    char path[160], owner[OFFICE_TEXT];
    json_t *body = NULL, *doc = NULL;
    if (args->count != (opens ? 0 : 1))
        return report_local(client, REPORT_USAGE, opens ? "tongban %s %s" : "tongban %s %s NO", kind->name, command->act->name);
    if (!opens && register_no_read(kind, no, owner))
        return report_local(client, REPORT_USAGE, _("%s is not a number of this register"), no);
    int status = build_body(client, command, args, &body);
    status = status ? status : client_open(client);
    status = status ? status : view_upload_fields(client, command->act->fields, json_object_get(body, "data"));
    (void)snprintf(path, sizeof path, "/window/v1/registers/%s%s%s/acts/%s", kind->name, opens ? "" : "/", opens ? "" : no,
                   command->act->name);
    status = status ? status : http_post(client, path, body, &doc);
    json_decref(body);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        (void)printf(lang_zh() ? "%s：已办\n" : "%s: done\n", lang_pick(command->act->name, command->act->zh));
        show_head(kind, doc);
        next_acts(kind, doc);
    }
    json_decref(doc);
    return EXIT_DONE;
}

int register_run(struct client *client, const struct register_command *command, const struct args *args)
{
    if (command->act)
        return register_act(client, command, args);
    int status = client_open(client);
    if (status)
        return status;
    if (command->list)
        return args->count ? report_local(client, REPORT_USAGE, "tongban %s list", command->kind->name)
                           : register_list(client, command->kind, args);
    return args->count == 1 ? register_show(client, command->kind, args->positional[0])
                            : report_local(client, REPORT_USAGE, "tongban %s show NO", command->kind->name);
}

/* ---- what waits ---- */

int register_todo(struct client *client, json_t **rows)
{
    return view_rows(client, "/window/v1/registers?limit=100", 0, rows);
}

int register_todo_print(const json_t *rows)
{
    struct table t;
    struct buf acts;
    size_t i, k;
    json_t *row, *word;
    int rc = 0;
    buf_init(&acts, CELL_BYTES);
    table_init(&t);
    table_column(&t, _("Number"), 0);
    table_column(&t, _("Register"), 0);
    table_column(&t, _("State"), 0);
    table_column(&t, _("Case"), 0);
    table_column(&t, _("Due"), 0);
    table_column(&t, _("Can be done"), 12);
    json_array_foreach(rows, i, row)
    {
        const struct register_kind *kind = register_by_name(view_text(row, "kind"));
        const char *about = view_text(row, "case"), *due = view_text(row, "due");
        buf_clear(&acts);
        json_array_foreach(json_object_get(row, "acts"), k, word)
        {
            const struct register_act *act = kind ? register_act_by_name(kind, json_string_value(word)) : NULL;
            rc = rc || !act ? rc : buf_printf(&acts, lang_zh() ? "%s%s(%s)" : "%s%s", acts.len ? " " : "", act->name, act->zh);
        }
        const char *cells[] = {view_text(row, "no"),
                               kind ? lang_pick(kind->en, kind->zh) : view_text(row, "kind"),
                               kind ? state_word(kind, view_text(row, "state")) : "",
                               about[0] ? about : "-",
                               due[0] ? due : "-",
                               acts.len ? acts.data : "-"};
        rc = rc ? rc : table_row(&t, cells);
    }
    buf_free(&acts);
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

/* ---- the steps and the originals of a case ---- */

static int steps_print(const json_t *rows)
{
    const struct register_kind *kind = &register_kinds[REGISTER_STEP];
    struct table t;
    struct buf text;
    size_t i;
    json_t *row;
    int rc = 0;
    buf_init(&text, CELL_BYTES);
    table_init(&t);
    table_column(&t, _("Number"), 0);
    table_column(&t, _("Step"), 0);
    table_column(&t, _("State"), 0);
    table_column(&t, _("Due"), 0);
    table_column(&t, _("What"), 12);
    json_array_foreach(rows, i, row)
    {
        const json_t *data = json_object_get(row, "data");
        const char *no = view_text(row, "no"), *due = view_text(row, "due"), *task = view_text(row, "task");
        const json_t *evidence = json_object_get(data, "evidence");
        buf_clear(&text);
        if (!task[0])
            task = view_text(data, "task");
        if (evidence)
            task = cell_text(kind, "evidence", evidence, &text);
        const char *cells[] = {no[0] ? no : "-", view_value_word("step", view_text(row, "step")),
                               state_word(kind, view_text(row, "state")), due[0] ? due : "-", task};
        rc = rc ? rc : table_row(&t, cells);
    }
    buf_free(&text);
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

int case_steps(struct client *client, const struct args *args)
{
    char path[64];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/steps", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    const json_t *rows = json_object_get(doc, "rows");
    int rc = 0;
    if (client->json)
        term_json(doc);
    else if (!json_array_size(rows))
        (void)printf("%s\n", _("This case has no delegated step."));
    else
        rc = steps_print(rows);
    if (!client->json && json_array_size(rows))
        term_next("tongban step show NO");
    json_decref(doc);
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

int case_originals(struct client *client, const struct args *args)
{
    static const struct {
        const char *key, *label;
    } sums[] = {{"kept", N_("Left by the applicant")},
                {"at_intake", N_("At the intake side")},
                {"at_home", N_("At the home side")},
                {"moving", N_("On their way")},
                {"lost", N_("Lost")},
                {"returned", N_("Handed back")}};
    char path[64], text[32];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/originals", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
            (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json_object_get(doc, sums[i].key)));
            term_pair(gettext(sums[i].label), LABEL + 6, text);
        }
        bool balanced = json_is_true(json_object_get(doc, "balanced"));
        (void)printf("%s\n", balanced ? _("The ledger of originals balances.")
                                      : _("The ledger of originals does not balance: compare the transfer lists."));
        view_next(_("tongban transfer list --case %s"), args->positional[0]);
    }
    json_decref(doc);
    return EXIT_DONE;
}
