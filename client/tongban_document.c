/* case documents, document, void-document: the written documents of a case (文书). */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/document.h"
#include "proto/register.h"

static const char *title_of(const json_t *row)
{
    const struct document_row *document = document_by_id(view_text(row, "kind"));
    return document ? lang_pick(document->en, document->zh) : view_text(row, "title");
}

static int rows_print(const json_t *rows)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Kind"), 0);
    table_column(&t, _("Document"), 0);
    table_column(&t, _("Document number"), 0);
    table_column(&t, _("Printed"), 0);
    table_column(&t, _("Void"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("Date"), 0);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("Issued by"), 6);
    table_hide(&t, HIDE_NARROW);
    json_array_foreach(rows, i, row)
    {
        char printed[24], date[12];
        const char *issuer = view_text(row, "issuer"), *name = office_name(issuer), *number = view_text(row, "number");
        (void)snprintf(printed, sizeof printed, "%lld", (long long)json_integer_value(json_object_get(row, "printed")));
        (void)snprintf(date, sizeof date, "%.10s", view_text(row, "date"));
        bool is_void = json_is_true(json_object_get(row, "void"));
        const char *cells[] = {view_text(row, "kind"), title_of(row), number[0] ? number : "-", printed, is_void ? _("yes") : "-", date,
                               name ? name : issuer};
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

/* The first that should be printed now; else any. */
static void documents_next(const json_t *rows, const char *no)
{
    const json_t *row;
    size_t i;
    char text[160];
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
    {
        if (!json_is_true(json_object_get(row, "proposed")))
            continue;
        (void)snprintf(text, sizeof text, lang_zh() ? "tongban case document %.21s %.31s --out %s（%s）"
                                             : "tongban case document %.21s %.31s --out %s (%s)",
                       no, view_text(row, "kind"), _("FILE"), title_of(row));
        term_next(text);
        return;
    }
    view_next(_("tongban case document %s KIND --out FILE"), no);
}

int case_documents(struct client *client, const struct args *args)
{
    char path[80];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/documents", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    const json_t *rows = json_object_get(doc, "rows");
    if (client->json) {
        term_json(doc);
    } else if (!json_array_size(rows)) {
        (void)printf("%s\n", _("The case has no documents yet."));
    } else {
        if (rows_print(rows))
            status = report_local(client, REPORT_MEMORY, NULL);
        else
            documents_next(rows, args->positional[0]);
    }
    json_decref(doc);
    return status;
}

/* The id goes into the path of a request: only what an id can have. */
static int check_kind(const struct client *client, const char *kind)
{
    struct problem p;
    if (document_by_id(kind))
        return EXIT_DONE;
    (void)problem_set(&p, PROBLEM_NOT_FOUND, NULL, "there is no document of this kind; `tongban case documents` lists them");
    return report_problem(client, &p);
}

static int write_text(const struct client *client, const char *path, const char *text)
{
    size_t len = strlen(text);
    if (!path || !strcmp(path, "-"))
        return fwrite(text, 1, len, stdout) == len && !fflush(stdout) ? EXIT_DONE
                                                                      : report_local(client, REPORT_FILE, "-: %s", strerror(errno));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); /* it names a person */
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!file)
        return report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
    bool good = fwrite(text, 1, len, file) == len;
    good = !fclose(file) && good;
    return good ? EXIT_DONE : report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
}

static int put_option(json_t *body, const char *name, const char *value)
{
    return value && json_object_set_new(body, name, json_string(value)) ? TB_ENOMEM : 0;
}

static int post(struct client *client, const struct args *args, const char *verb, const json_t *body, json_t **doc)
{
    char path[128];
    int status = view_check_no(client, args->positional[0]);
    status = status ? status : check_kind(client, args->positional[1]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/documents/%.31s/%s", args->positional[0], args->positional[1], verb);
    return status ? status : http_post(client, path, body, doc);
}

int case_document(struct client *client, const struct args *args)
{
    const char *out = args_option(args, "out"), *format = args_option(args, "format");
    json_t *body = json_object(), *doc = NULL;
    if (!body || put_option(body, "format", format) || put_option(body, "number", args_option(args, "number")))
        return json_decref(body), report_local(client, REPORT_USAGE, "--format --number");
    int status = post(client, args, "print", body, &doc);
    json_decref(body);
    if (status)
        return status;
    const char *text = view_text(doc, "text"), *number = view_text(doc, "number");
    if (client->json && !out)
        term_json(doc);
    else
        status = write_text(client, out, text);
    if (!status && out && client->json) {
        (void)json_object_del(doc, "text");
        (void)json_object_set_new(doc, "file", json_string(out));
        term_json(doc);
    } else if (!status && out && strcmp(out, "-") != 0) {
        (void)printf(_("The %s %s stands in %s.\n"), title_of(doc), number, out);
        if (json_is_true(json_object_get(doc, "reprint")))
            (void)printf(_("It is print number %lld and marked so.\n"), (long long)json_integer_value(json_object_get(doc, "print")));
        if (view_text(doc, "step")[0])
            view_next(_("print it, seal it, hand it over and let it be signed for; then tongban step done %s"), view_text(doc, "step"));
        else
            term_next(_("print it, seal it, hand it over and let it be signed for"));
    }
    json_decref(doc);
    return status;
}

int case_void_document(struct client *client, const struct args *args)
{
    const char *reason = args_option(args, "reason");
    char *typed = NULL;
    if (!reason && (!ask_possible(client) || ask_text(_("Why is it void?"), true, &typed)))
        return report_local(client, REPORT_USAGE, "%s", _("say why with --reason TEXT"));
    json_t *body = json_object(), *doc = NULL;
    int rc = !body || put_option(body, "reason", reason ? reason : typed) || put_option(body, "number", args_option(args, "number"));
    free(typed);
    if (rc)
        return json_decref(body), report_local(client, REPORT_USAGE, "--reason --number");
    int status = post(client, args, "void", body, &doc);
    json_decref(body);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        char next[128];
        (void)printf(_("The %s %s is void; its number stays used.\n"), title_of(doc), view_text(doc, "number"));
        (void)snprintf(next, sizeof next, "tongban case document %.21s %.31s --out %s", args->positional[0], args->positional[1],
                       _("FILE"));
        term_next(next);
    }
    json_decref(doc);
    return EXIT_DONE;
}

/* Rendered here, from what the server says of something that is no case.  Takes `source`. */
static int print_here(struct client *client, const struct args *args, const struct document_row *row, json_t *source, const char *next)
{
    const char *out = args_option(args, "out"), *format = args_option(args, "format");
    struct buf text;
    struct problem p = {.number = -1};
    int status = EXIT_DONE;
    buf_init(&text, DOCUMENT_BYTES);
    if (!source)
        status = report_local(client, REPORT_MEMORY, NULL);
    else if (document_render(row, (enum document_form)document_form_by_name(format), source, &text, &p))
        status = report_problem(client, &p);
    else if (client->json)
        term_json(json_object_set_new(source, "text", json_stringn(text.data, text.len)) ? NULL : source);
    else
        status = write_text(client, out, text.data);
    json_decref(source);
    buf_free(&text);
    if (!status && out && !client->json && strcmp(out, "-") != 0)
        term_next(next);
    return status;
}

static int check_format(const struct client *client, const struct args *args)
{
    const char *format = args_option(args, "format");
    return document_form_by_name(format) >= 0 ? EXIT_DONE : report_local(client, REPORT_USAGE, "--format %s", format);
}

/* The agent needs the power before there is a case: the same form with lines for the persons. */
int item_form(struct client *client, const struct args *args)
{
    json_t *item = NULL;
    int status = check_format(client, args);
    status = status ? status : view_item(client, args->positional[0], args_option(args, "office"), NULL, &item);
    if (status)
        return status;
    json_t *source = json_pack("{s:{s:{s:s, s:s}}}", "case", "item", "name", view_text(item, "name"), "code", view_text(item, "code"));
    json_decref(item);
    return print_here(client, args, document_by_id("power_of_attorney"), source,
                      _("let it be filled in and signed, scan it; then tongban case new"));
}

/* The full name of an office as this office's server has it. */
static json_t *named_office(const json_t *here, const char *code)
{
    size_t i;
    json_t *peer;
    const char *name = !strcmp(view_text(here, "office"), code) ? view_text(here, "name") : "";
    json_array_foreach(json_object_get(here, "peers"), i, peer)
        if (!strcmp(view_text(peer, "office"), code))
            name = view_text(peer, "name");
    return json_pack("{s:s}", "name", name[0] ? name : code);
}

/* 行政许可法 24: the letter of an authorisation in the register, also before it is accepted: both sides sign it. */
int authorisation_letter(struct client *client, const struct args *args)
{
    const struct register_kind *kind = &register_kinds[REGISTER_AUTHORISATION];
    char path[96], owner[OFFICE_TEXT];
    json_t *doc = NULL, *words = NULL, *here = NULL;
    int status = check_format(client, args);
    if (!status && register_no_read(kind, args->positional[0], owner))
        status = report_local(client, REPORT_USAGE, _("%s is not a number of this register"), args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/registers/%s/%.27s", kind->name, args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    status = status ? status : http_get(client, "/window/v1/office", &here);
    if (status)
        return json_decref(doc), status;
    json_t *source = NULL;
    if (!document_authorisation(json_object_get(doc, "data"), &words) &&
        !json_object_set_new(words, "no", json_string(view_text(doc, "no"))) &&
        !json_object_set_new(words, "state", json_string(view_text(doc, "state_text"))))
        source = json_pack("{s:O, s:o, s:o}", "authorisation", words, "home", named_office(here, view_text(doc, "owner")), "intake",
                           named_office(here, view_text(doc, "other")));
    json_decref(here);
    json_decref(words);
    json_decref(doc);
    return print_here(client, args, document_by_id("authorisation_letter"), source,
                      _("let both offices sign and seal it, and announce it"));
}

/* ---- what is to be printed now ---- */

/* The document of the home side's act that brought the case into this state. */
static const struct document_row *document_of_state(int state)
{
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *t = &case_transitions[i];
        if (t->side != CASE_SIDE_HOME || (int)t->to != state)
            continue;
        json_t *body = json_pack("{s:s}", "outcome", t->action);
        const struct document_row *row = document_by_entry(t->entry, body);
        json_decref(body);
        if (row && !row->at_print && row->issuer == DOCUMENT_BY_HOME)
            return row;
    }
    return NULL;
}

const struct document_row *document_waiting(const char *office, const json_t *doc, bool after_act)
{
    const struct document_row *made = document_by_id(view_text(json_object_get(doc, "document"), "kind"));
    int state = case_state_by_name(view_text(doc, "state"));
    if (made && made->issuer == DOCUMENT_BY_ACTOR)
        return made; /* who delivers lets the receipt be signed */
    if (strcmp(office, view_text(doc, "intake")) != 0)
        return NULL; /* what the home side issues is handed over by the intake window */
    if (state == CASE_INTAKEN || state == CASE_FORWARDED)
        return after_act ? document_by_id("intake_receipt") : NULL;
    return document_of_state(state);
}
