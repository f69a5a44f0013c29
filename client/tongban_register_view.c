/* The registers as people read them: lists, one object with its history, what comes next. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

enum { LABEL = 18, CELL_BYTES = 4096 };

/* ---- words ---- */

const char *register_state_word(const struct register_kind *kind, const char *name)
{
    int state = register_state_by_name(kind, name);
    return state < 0 ? name : lang_pick(kind->states[state].en, kind->states[state].zh);
}

/* The field that a member of the content comes from, or NULL: of the act `first` that made the object when that has it. */
static const struct case_field *content_field(const struct register_kind *kind, const struct register_act *first, const char *name)
{
    const struct case_field *found = NULL;
    for (size_t i = 0; i < kind->act_count; i++)
        for (const struct case_field *f = kind->acts[i].under ? NULL : kind->acts[i].fields; f && f->name; f++)
            if (!strcmp(f->name, name) && (!found || &kind->acts[i] == first))
                found = f;
    return found;
}

/* What all words for it end with: 留存清单 and 移交清单 are 清单 in a list that shows both. */
static void common_word(const struct register_kind *kind, const char *name, char *word)
{
    for (size_t i = 0; i < kind->act_count; i++)
        for (const struct case_field *f = kind->acts[i].under ? NULL : kind->acts[i].fields; f && f->name; f++) {
            size_t have = strlen(word), len = f->zh && !strcmp(f->name, name) ? strlen(f->zh) : 0, same = 0;
            while (same < have && same < len && word[have - same - 1] == f->zh[len - same - 1])
                same++;
            while (same && (word[have - same] & 0xC0) == 0x80)
                same--; /* not within a character */
            if (same)
                memmove(word, word + have - same, same + 1);
        }
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

static void content_label(const struct register_kind *kind, const struct register_act *first, const char *name, char *out, size_t size)
{
    const struct register_act *act = content_act(kind, name);
    if (act)
        (void)snprintf(out, size, "%s", lang_pick(act->name, act->zh));
    else
        view_label(name, content_field(kind, first, name), out, size);
}

/* Of a list the name of its first element, and how many there are. */
static int list_text(const json_t *list, struct buf *out)
{
    const char *key;
    json_t *value;
    size_t count = json_array_size(list);
    json_object_foreach(json_array_get(list, 0), key, value)
    {
        if (json_is_string(value))
            return buf_printf(out, count > 1 ? _("%s and others (%zu)") : "%s", json_string_value(value), count);
    }
    return buf_printf(out, "%zu", count);
}

const char *register_cell(const struct register_kind *kind, const char *name, const json_t *value, struct buf *out)
{
    const struct register_act *act = content_act(kind, name);
    struct case_field whole = {.name = name, .kind = FIELD_OBJECT, .members = act ? act->fields : NULL};
    const struct case_field *field = act ? &whole : content_field(kind, NULL, name);
    buf_clear(out);
    if (!value)
        return "-";
    int rc = json_is_array(value) ? list_text(value, out) : view_value(value, field, out);
    return rc || !out->len ? "-" : out->data;
}

/* The columns that say something in words, two at most; else the first that says anything. */
const char *register_about(const json_t *row, struct buf *out)
{
    const struct register_kind *kind = register_by_name(view_text(row, "kind"));
    struct buf cell;
    unsigned said = 0;
    buf_init(&cell, VALUE_BYTES);
    buf_clear(out);
    int rc = kind ? buf_append_str(out, lang_pick(kind->en, kind->zh)) : 0;
    for (size_t pass = 0; kind && pass < 2 && !said; pass++)
        for (size_t c = 0; kind->columns[c] && said < (pass ? 1U : 2U); c++) {
            const struct case_field *field = content_field(kind, NULL, kind->columns[c]);
            const char *text = register_cell(kind, kind->columns[c], json_object_get(row, kind->columns[c]), &cell);
            if (rc || !strcmp(text, "-") || (!pass && !(field && (field->kind == FIELD_TEXT || field->kind == FIELD_ARRAY))))
                continue;
            rc = buf_printf(out, "%s%s", said++ ? " " : _(": "), text);
        }
    buf_free(&cell);
    return rc || !out->len ? "" : out->data;
}

/* ---- list ---- */

/* Dates, numbers and words of a table are short and never cut; a text is. */
static unsigned least_of(const struct case_field *field)
{
    enum case_field_kind kind = field ? field->kind : FIELD_TEXT;
    return kind == FIELD_DATE || kind == FIELD_ENUM || kind == FIELD_BOOL || kind == FIELD_INT ? 0 : 8;
}

enum { FIRST = 3, BESIDE = 2 }; /* number, state, counterpart; two columns of the content before the case */

static void list_columns(const struct register_kind *kind, struct table *t, size_t *count)
{
    char label[TABLE_COLUMNS][64];
    static char kept[TABLE_COLUMNS][64]; /* titles are borrowed by the table */
    size_t n = 0;
    table_init(t);
    table_column(t, _("Number"), 0);
    table_column(t, _("State"), 0);
    table_column(t, kind->scope == REGISTER_ALL ? _("Office") : _("With"), 0);
    table_hide(t, HIDE_NARROW);
    for (; n < TABLE_COLUMNS - FIRST - 1 && kind->columns[n]; n++) {
        content_label(kind, NULL, kind->columns[n], label[n], sizeof label[n]);
        if (lang_zh() && !content_act(kind, kind->columns[n]))
            common_word(kind, kind->columns[n], label[n]);
        memcpy(kept[n], label[n], sizeof kept[n]);
        if (n == BESIDE) {
            table_column(t, _("Case"), 0);
            table_hide(t, HIDE_NARROW);
        }
        table_column(t, kept[n], least_of(content_field(kind, NULL, kind->columns[n])));
        table_hide(t, n < BESIDE ? HIDE_EMPTY : HIDE_NARROW);
    }
    if (n <= BESIDE) {
        table_column(t, _("Case"), 0);
        table_hide(t, HIDE_NARROW);
    }
    *count = n;
}

static int list_row(const struct register_kind *kind, const json_t *row, size_t columns, struct table *t)
{
    struct buf text[TABLE_COLUMNS];
    const char *cells[TABLE_COLUMNS] = {view_text(row, "no"), register_state_word(kind, view_text(row, "state"))};
    const char *other = view_text(row, "other"), *about = view_text(row, "case");
    size_t at = FIRST;
    cells[FIRST - 1] = view_office(kind->scope == REGISTER_ALL || !other[0] ? view_text(row, "owner") : other);
    for (size_t c = 0; c < columns; c++) {
        if (c == BESIDE)
            cells[at++] = about[0] ? about : "-";
        buf_init(&text[c], CELL_BYTES);
        cells[at++] = register_cell(kind, kind->columns[c], json_object_get(row, kind->columns[c]), &text[c]);
    }
    if (columns <= BESIDE)
        cells[at] = about[0] ? about : "-";
    int rc = table_row(t, cells);
    for (size_t c = 0; c < columns; c++)
        buf_free(&text[c]);
    return rc;
}

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

/* The address book is read aloud: function, name, telephone and hours stand whole; who is away says so beside the name. */
static int contact_rows(const json_t *rows, struct table *t)
{
    const struct register_kind *kind = &register_kinds[REGISTER_CONTACT];
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(t);
    table_column(t, _("Number"), 0);
    table_hide(t, HIDE_NARROW);
    table_column(t, _("Function"), 0);
    table_column(t, _("Name"), 0);
    table_column(t, _("Telephone"), 0);
    table_column(t, _("Duty hours"), 0);
    table_column(t, _("Department"), 8);
    table_hide(t, HIDE_NARROW);
    table_column(t, _("Deputy"), 0);
    table_hide(t, HIDE_NARROW);
    table_column(t, _("Items"), 6);
    table_hide(t, HIDE_NARROW);
    json_array_foreach(rows, i, row)
    {
        char name[400], deputy[400];
        bool listed = !strcmp(view_text(row, "state"), "listed");
        (void)snprintf(name, sizeof name, listed ? "%s" : lang_zh() ? "%s（%s）" : "%s (%s)", view_text(row, "name"),
                       register_state_word(kind, view_text(row, "state")));
        (void)snprintf(deputy, sizeof deputy, "%s%s%s", view_text(row, "deputy"), view_text(row, "deputy_phone")[0] ? " " : "",
                       view_text(row, "deputy_phone"));
        const char *cells[] = {view_text(row, "no"), view_value_word("function", view_text(row, "function")), name, view_text(row, "phone"),
                               view_text(row, "duty_hours"), view_text(row, "department"), deputy, view_text(row, "items")};
        rc = rc ? rc : table_row(t, cells);
    }
    return rc;
}

static int list_print(const struct register_kind *kind, const json_t *rows, bool page)
{
    struct table t;
    size_t i, columns;
    json_t *row;
    int rc = 0;
    if (kind == &register_kinds[REGISTER_CONTACT]) {
        rc = contact_rows(rows, &t);
    } else {
        list_columns(kind, &t, &columns);
        json_array_foreach(rows, i, row) rc = rc ? rc : list_row(kind, row, columns, &t);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : page ? table_page(kind, &t) : table_print(&t);
}

/* How the first entry of an empty register is made. */
static void list_empty(const struct register_kind *kind)
{
    char next[160];
    (void)printf(_("Nothing is on the register %s.\n"), lang_pick(kind->en, kind->zh));
    if (kind == &register_kinds[REGISTER_AUTHORISATION]) {
        term_next(_("tongban report authorisation also shows those of the configuration; a new one: tongban authorisation offer"));
        return;
    }
    for (size_t i = 0; i < kind->act_count; i++)
        if (register_opens(&kind->acts[i]) && register_typed(&kind->acts[i])) {
            (void)snprintf(next, sizeof next, lang_zh() ? "tongban %s %s（%s）" : "tongban %s %s", kind->name, kind->acts[i].name,
                           kind->acts[i].zh);
            term_next(next);
            return;
        }
}

int register_list(struct client *client, const struct register_kind *kind, const struct args *args)
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
    char next[96];
    (void)snprintf(next, sizeof next, "tongban %s show %.28s", kind->name, count == 1 ? view_text(json_array_get(rows, 0), "no") : _("NO"));
    json_decref(rows);
    if (rc)
        return report_local(client, REPORT_MEMORY, NULL);
    if (page)
        return EXIT_DONE;
    if (!count)
        list_empty(kind);
    else
        term_next(next);
    return EXIT_DONE;
}

/* ---- show ---- */

/* What usually follows what is finished by itself. */
static const struct {
    enum register_kind_id kind;
    const char *state, *next;
} follows[] = {{REGISTER_TRANSFER, "kept", N_("when it goes by mail: tongban transfer pack --case %s")},
               {REGISTER_TRANSFER, "opened", N_("tongban case originals %s shows where each original is")},
               {REGISTER_STEP, "done", N_("tongban case steps %s")}};

static void next_finished(const struct register_kind *kind, const json_t *doc)
{
    const char *about = view_text(doc, "case"), *state = view_text(doc, "state");
    for (size_t i = 0; i < sizeof follows / sizeof follows[0]; i++)
        if (&register_kinds[follows[i].kind] == kind && !strcmp(follows[i].state, state) && about[0]) {
            view_next(gettext(follows[i].next), about);
            return;
        }
    if (about[0])
        view_next(_("nothing: it is finished. The case: tongban case show %s"), about);
    else
        term_next(_("nothing: it is finished"));
}

enum { ALSO = 16 };

const struct register_act *register_usual_act(const struct register_kind *kind, const json_t *doc)
{
    int state = register_state_by_name(kind, view_text(doc, "state"));
    const struct register_act *first = NULL;
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(doc, "acts"), i, word)
    {
        const struct register_act *act = json_is_string(word) ? register_act_by_name(kind, json_string_value(word)) : NULL;
        if (act && act->to != REGISTER_SAME && act->to != state)
            return act;
        first = first ? first : act;
    }
    return first;
}

void register_tail(const struct register_kind *kind, const json_t *doc)
{
    struct also words[ALSO];
    size_t i, count = 0;
    json_t *word;
    char text[160];
    const char *no = view_text(doc, "no");
    bool ours = json_is_true(json_object_get(doc, "turn")), open = json_is_true(json_object_get(doc, "open"));
    int state = register_state_by_name(kind, view_text(doc, "state"));
    unsigned turn = state < 0 ? 0 : kind->states[state].turn;
    /* what the delegate hands over it prints first */
    bool print = open && ours && !strcmp(view_text(json_object_get(doc, "data"), "step"), "notice");
    const struct register_act *next = open && ours && !print ? register_usual_act(kind, doc) : NULL;
    json_array_foreach(json_object_get(doc, "acts"), i, word)
    {
        const struct register_act *act = json_is_string(word) ? register_act_by_name(kind, json_string_value(word)) : NULL;
        if (act && act != next && count < ALSO)
            words[count++] = (struct also){act->name, act->zh};
    }
    if (next) {
        (void)snprintf(text, sizeof text, lang_zh() ? "tongban %s %s %s（%s）" : "tongban %s %s %s", kind->name, next->name, no, next->zh);
        term_next(text);
    } else if (print) {
        view_next(_("print what is to be handed over: tongban case documents %s"), view_text(doc, "case"));
    } else if (!open) {
        next_finished(kind, doc);
    } else {
        term_next(turn ? _("nothing here; the other side acts") : _("nothing has to be done now"));
    }
    (void)snprintf(text, sizeof text, "tongban %s %s %.28s", kind->name, count == 1 ? words[0].word : _("ACT"), no);
    if (count == 1)
        view_also(&(struct also){text, words[0].zh}, 1, "");
    else
        view_also(words, count, text);
}

/* The head of an object: what an act answers, too. */
void register_head(const struct register_kind *kind, const json_t *doc)
{
    char text[160];
    (void)snprintf(text, sizeof text, "%s %s", view_text(doc, "no"), lang_pick(kind->en, kind->zh));
    term_pair(_("Number"), LABEL, text);
    (void)snprintf(text, sizeof text, "%s%s", register_state_word(kind, view_text(doc, "state")),
                   json_is_true(json_object_get(doc, "pending")) ? _(" (waits for the other side's receipt)") : "");
    term_pair(_("State"), LABEL, text);
    const char *other = view_text(doc, "other"), *owner = view_text(doc, "owner");
    (void)snprintf(text, sizeof text, "%s %s%s%s%s%s", owner, view_office(owner), other[0] ? " → " : "", other, other[0] ? " " : "",
                   other[0] ? view_office(other) : "");
    term_pair(_("Between"), LABEL, text);
    term_pair(_("Case"), LABEL, view_text(doc, "case"));
    term_pair(_("Due"), LABEL, view_text(doc, "due"));
}

static void show_content(const struct register_kind *kind, const json_t *data, const struct register_act *first)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)data, key, value)
    {
        const struct register_act *act = content_act(kind, key);
        struct case_field whole = {.name = key, .kind = FIELD_OBJECT, .members = act ? act->fields : NULL};
        const struct case_field *field = act ? &whole : content_field(kind, first, key);
        char label[128];
        if (!strcmp(key, "entry") || !strcmp(key, "due")) /* an id says nothing to people; the due date stands in the head */
            continue;
        content_label(kind, first, key, label, sizeof label);
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

int register_show(struct client *client, const struct register_kind *kind, const char *no)
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
        register_head(kind, doc);
        const json_t *history = json_object_get(doc, "history");
        show_content(kind, json_object_get(doc, "data"), register_act_by_name(kind, view_text(json_array_get(history, 0), "act")));
        rc = show_history(kind, history);
        register_tail(kind, doc);
    }
    json_decref(doc);
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}
