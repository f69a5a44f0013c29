/* result check: whether a document that somebody shows is known here, and in force. */
#include <stdint.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/document_query.h"
#include "proto/limits.h"

enum { LABEL = 16 };

static const struct {
    const char *name, *text;
} standings[] = {{"in_force", N_("in force")},
                 {"void", N_("VOID: no longer valid")},
                 {"revoked", N_("REVOKED: no longer valid")},
                 {"expired", N_("EXPIRED: its validity has ended")},
                 {"not_yet", N_("not yet in force")}};

static const char *standing_word(const char *name)
{
    for (size_t i = 0; i < sizeof standings / sizeof standings[0]; i++)
        if (!strcmp(standings[i].name, name))
            return gettext(standings[i].text);
    return name;
}

static void show_row(const json_t *row)
{
    const json_t *issuer = json_object_get(row, "issuer"), *item = json_object_get(row, "item"), *voided = json_object_get(row, "void");
    const json_t *applicant = json_object_get(row, "applicant"), *result = json_object_get(row, "result");
    const struct document_row *document = document_by_id(view_text(row, "kind"));
    char text[400], at[20];
    term_pair(_("Document number"), LABEL, view_text(row, "number"));
    term_pair(_("Document"), LABEL, document ? lang_pick(document->en, document->zh) : view_text(row, "title"));
    term_pair(_("Standing"), LABEL, standing_word(view_text(row, "standing")));
    if (voided)
        term_pair(_("Void since"), LABEL, term_time(json_object_get(voided, "at"), at));
    if (voided)
        term_pair(_("Reason"), LABEL, view_text(voided, "reason"));
    (void)snprintf(text, sizeof text, "%s %s", view_text(issuer, "office"), view_text(issuer, "name"));
    term_pair(_("Issued by"), LABEL, text);
    term_pair(_("Date"), LABEL, term_time(json_object_get(row, "at"), at));
    (void)snprintf(text, sizeof text, "%s %s", view_text(item, "code"), view_text(item, "name"));
    term_pair(_("Item"), LABEL, text);
    term_pair(_("Applicant"), LABEL, view_text(applicant, "name"));
    if (result) {
        (void)snprintf(text, sizeof text, "%s %s", view_text(result, "name"), view_text(result, "number"));
        term_pair(_("Result"), LABEL, text);
    }
    if (view_text(result, "valid_until")[0])
        term_pair(_("Valid until"), LABEL, view_text(result, "valid_until"));
    term_pair(_("Case"), LABEL, view_text(row, "case"));
    size_t entries = json_array_size(json_object_get(row, "entries"));
    (void)printf(ngettext("Proved by %zu entry of the ledgers.\n", "Proved by %zu entries of the ledgers.\n", entries), entries);
    if (!json_is_true(json_object_get(row, "issued_here")))
        (void)printf(_("Whether it was declared void later, only the office that issued it knows: %s, %s\n"), view_text(issuer, "name"),
                     view_text(issuer, "phone"));
}

static int show(const json_t *doc)
{
    const json_t *one, *rows = json_object_get(doc, "rows");
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)rows, i, one)
    {
        if (i)
            (void)printf("\n");
        show_row(one);
    }
    if (i) {
        view_next(_("tongban case proof %s --out FILE"), view_text(json_array_get(rows, 0), "case"));
        return EXIT_DONE;
    }
    (void)printf("%s\n", _("This is not known here. That alone does not make it a forgery: ask the office that is named on it."));
    json_array_foreach(json_object_get(doc, "ask"), i, one)
        (void)printf("  %s %s  %s\n", view_text(one, "office"), view_text(one, "name"), view_text(one, "phone"));
    return EXIT_REFUSED;
}

/* Brackets of the keyboard stand for those of a number: [2026] is 〔2026〕. */
static int escape_number(const char *number, struct buf *path)
{
    int rc = 0;
    for (; *number && !rc; number++) {
        const char one[2] = {*number, '\0'};
        rc = http_escape(*number == '[' ? "〔" : *number == ']' ? "〕" : one, path);
    }
    return rc;
}

int result_check(struct client *client, const struct args *args)
{
    char no[CASE_NO_TEXT], code[QUERY_CODE_TEXT];
    json_t *doc = NULL;
    struct buf path;
    buf_init(&path, 4 * LIMIT_NAME_BYTES);
    int rc = document_query_read(args->positional[0], no, code)
                 ? buf_append_str(&path, "/window/v1/results?number=")
                 : buf_printf(&path, "/window/v1/results?case=%s&code=%s", no, code);
    if (!rc && path.data[path.len - 1] == '=')
        rc = escape_number(args->positional[0], &path);
    int status = rc ? report_local(client, REPORT_USAGE, "%s", _("this is too long for the number of a document")) : EXIT_DONE;
    status = status ? status : http_get(client, path.data, &doc);
    buf_free(&path);
    if (status)
        return status;
    if (client->json)
        term_json(doc);
    status = client->json ? (json_is_true(json_object_get(doc, "known")) ? EXIT_DONE : EXIT_REFUSED) : show(doc);
    json_decref(doc);
    return status;
}
