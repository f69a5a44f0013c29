#include <errno.h>
#include <stdlib.h>
#include <stdint.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"
#include "proto/strict_json.h"

enum { ROWS_MOST = 10000, LABEL = 18 };

const char *view_text(const json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));
    return text ? text : "";
}

int view_rows(struct client *client, const char *path, size_t most, json_t **rows)
{
    json_t *all = json_array();
    char *cursor = NULL;
    int status = all ? EXIT_DONE : report_local(client, REPORT_MEMORY, NULL);
    while (!status) {
        struct buf page;
        json_t *doc = NULL;
        buf_init(&page, 8192);
        int rc = buf_append_str(&page, path);
        rc = rc || !cursor ? rc : buf_append_str(&page, "&cursor=");
        rc = rc || !cursor ? rc : http_escape(cursor, &page);
        status = rc ? report_local(client, REPORT_MEMORY, NULL) : http_get(client, page.data, &doc);
        buf_free(&page);
        if (status)
            break;
        json_t *some = json_object_get(doc, "rows");
        const char *next = json_string_value(json_object_get(doc, "next"));
        if (!json_is_array(some) || json_array_extend(all, some))
            status = report_local(client, REPORT_ANSWER, "%s", "rows");
        free(cursor);
        cursor = next && json_array_size(some) ? strdup(next) : NULL;
        json_decref(doc);
        if (!cursor || json_array_size(all) >= (most ? most : ROWS_MOST))
            break;
    }
    free(cursor);
    if (status) {
        json_decref(all);
        return status;
    }
    while (most && json_array_size(all) > most)
        (void)json_array_remove(all, json_array_size(all) - 1);
    *rows = all;
    return EXIT_DONE;
}

void view_json_rows(json_t *rows)
{
    json_t *doc = json_pack("{s:o}", "rows", rows);
    term_json(doc);
    json_decref(doc);
}

const char *view_state(const char *name)
{
    int state = case_state_by_name(name);
    return state < 0 ? name : lang_pick(case_states[state].en, case_states[state].zh);
}

int view_check_no(const struct client *client, const char *no)
{
    const char *why;
    struct problem p;
    if (!code_check(CODE_CASE_NO, no, &why))
        return EXIT_DONE;
    (void)problem_set(&p, PROBLEM_FIELD, "case", "%s", why);
    return report_problem(client, &p);
}

/* An office as people call it, with its code. */
static const char *office_line(const char *code, char *out, size_t size)
{
    const char *name = code[0] ? office_name(code) : NULL;
    (void)snprintf(out, size, name ? "%s %s" : "%s%s", code, name ? name : "");
    return out;
}

static void person_lines(const char *who, const json_t *person)
{
    char text[700];
    if (!json_is_object(person))
        return;
    const json_t *certificate = json_object_get(person, "certificate");
    (void)snprintf(text, sizeof text, "%s  %s %s  %s", view_text(person, "name"),
                   view_word(view_text(certificate, "type")), view_text(certificate, "number"),
                   view_text(person, "mobile"));
    term_pair(who, LABEL, text);
}

/* The identifiers, too long for a column and never broken, so that they can be copied; an older program of the other office got them in the
 * remark. */
static void licence_lines(const json_t *materials)
{
    size_t i;
    const json_t *m;
    bool first = true;
    json_array_foreach((json_t *)materials, i, m)
    {
        const char *id = view_text(m, "licence_id");
        if (!id[0])
            continue;
        bool remark = json_is_true(json_object_get(m, "licence_in_remark"));
        if (first)
            (void)printf("\n%s\n", _("E-licences (number of the material, identifier):"));
        (void)printf("%zu  %s%s%s\n", i + 1, id, remark ? "\n   " : "", remark ? _("the other office has it in the remark") : "");
        first = false;
    }
}

static void material_lines(const json_t *materials)
{
    struct table t;
    size_t i;
    json_t *m;
    int rc = 0;
    if (!json_array_size(materials))
        return;
    table_init(&t);
    table_column(&t, _("No."), 0);
    table_column(&t, _("Material"), 16);
    table_column(&t, _("Form"), 0);
    table_column(&t, _("Original seen"), 0);
    table_column(&t, _("File"), 0);
    json_array_foreach(materials, i, m)
    {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        bool scan = view_text(m, "sha256")[0];
        const char *file = !scan ? "-" : json_is_true(json_object_get(m, "here")) ? _("here") : _("on its way");
        const char *cells[] = {number, view_text(m, "name"), view_word(view_text(m, "form")),
                               json_is_true(json_object_get(m, "original_seen")) ? _("yes") : "-", file};
        rc = rc ? rc : table_row(&t, cells);
    }
    (void)putchar('\n');
    if (rc || table_print(&t))
        table_free(&t);
    licence_lines(materials);
}

static void time_lines(const json_t *times)
{
    static const struct {
        const char *key, *label;
    } rows[] = {{"handed_in", N_("Handed in")}, {"sent", N_("Sent")},       {"received", N_("Received")},
                {"accepted", N_("Accepted")},   {"decided", N_("Decided")}, {"delivered", N_("Delivered")},
                {"closed", N_("Closed")}};
    char text[20];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (json_is_string(json_object_get(times, rows[i].key)))
            term_pair(gettext(rows[i].label), LABEL, term_time(json_object_get(times, rows[i].key), text));
}

/* One member of an object; the elements of a list stand below each other. */
static void member_lines(const char *key, const json_t *value, const struct case_field *fields)
{
    char name[128], label[132];
    const struct case_field *f = fields;
    while (f && f->name && strcmp(f->name, key) != 0)
        f++;
    if (f && !f->name)
        f = NULL;
    view_label(key, f, name, sizeof name);
    (void)snprintf(label, sizeof label, "  %s", name);
    for (size_t i = 0, n = json_is_array(value) ? json_array_size(value) : 1; i < n; i++) {
        struct buf text;
        buf_init(&text, VALUE_BYTES);
        if (!view_value(json_is_array(value) ? json_array_get(value, i) : value, f, &text) && text.len)
            term_pair(i ? "" : label, LABEL + 4, text.data);
        buf_free(&text);
    }
}

/* A small object as "name: value" lines: notice, decision, delivery, whose members the case machine's tables name. */
static void object_lines(const char *label, const json_t *object, const struct case_field *fields)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object) || !json_object_size(object))
        return;
    (void)printf("%s\n", label);
    json_object_foreach((json_t *)(uintptr_t)object, key, value) member_lines(key, value, fields);
}

void view_lacks(const json_t *lacks)
{
    size_t i;
    json_t *one;
    json_array_foreach(lacks, i, one)
    {
        char text[1200];
        const char *standard = view_text(one, "standard");
        bool unseen = !strcmp(view_text(one, "lack"), "original_unseen");
        bool licence = !strcmp(view_text(one, "lack"), "licence_unseen");
        (void)snprintf(text, sizeof text, "%s%s%s%s%s", view_text(one, "material"),
                       unseen                                           ? _(": the original was not seen")
                       : licence                                          ? _(": the e-licence was not seen, its identifier is missing")
                       : json_is_true(json_object_get(one, "deferrable")) ? _(": not there; may come later")
                                                                        : _(": not there"),
                       standard[0] ? lang_pick(" (", "（") : "", standard, standard[0] ? lang_pick(")", "）") : "");
        term_pair(i ? "" : _("Form check"), LABEL, text);
    }
}

void view_case(const struct client *client, const json_t *doc, bool brief)
{
    char text[300], side[64];
    const json_t *item = json_object_get(doc, "item"), *due = json_object_get(doc, "due");
    term_pair(_("Case"), LABEL, view_text(doc, "case"));
    (void)snprintf(text, sizeof text, "%s%s", view_state(view_text(doc, "state")),
                   json_is_true(json_object_get(doc, "pending")) ? _(" (waits for the other side's receipt)") : "");
    term_pair(_("State"), LABEL, text);
    /* the answer to a step names the item by its code alone */
    const char *name = view_text(item, "name");
    (void)snprintf(text, sizeof text, "%s%s%s", view_text(item, "code"), name[0] ? " " : "", name);
    term_pair(_("Item"), LABEL, text);
    size_t i;
    json_t *number;
    json_array_foreach(json_object_get(doc, "numbers"), i, number) {
        (void)snprintf(text, sizeof text, "%s  %s", view_text(number, "system"), view_text(number, "value"));
        term_pair(i ? "" : _("Line system"), LABEL, text);
    }
    const json_t *joint = json_object_get(doc, "joint");
    if (json_is_object(joint)) {
        (void)snprintf(text, sizeof text, _("%s, leg %d of %d: %s (%s)"), view_text(joint, "id"),
                       (int)json_integer_value(json_object_get(joint, "n")), (int)json_integer_value(json_object_get(joint, "of")),
                       view_text(joint, "leg"), view_text(joint, "title"));
        term_pair(_("Joint case"), LABEL, text);
    }
    if (json_is_object(due)) {
        (void)snprintf(text, sizeof text, "%s %s%s", view_text(due, "date"), view_word(view_text(due, "what")),
                       json_is_true(json_object_get(due, "provisional")) ? _(" (provisional)") : "");
        term_pair(_("Due"), LABEL, text);
    }
    term_pair(_("Light"), LABEL, view_light(view_text(doc, "light")));
    view_lacks(json_object_get(doc, "lacks"));
    if (!brief) {
        term_pair(_("Taken in at"), LABEL, office_line(view_text(doc, "intake"), side, sizeof side));
        term_pair(_("Home side"), LABEL, office_line(view_text(doc, "home"), side, sizeof side));
        person_lines(_("Applicant"), json_object_get(doc, "applicant"));
        person_lines(_("Agent"), json_object_get(doc, "agent"));
        time_lines(json_object_get(doc, "times"));
        object_lines(_("Person comparison"), json_object_get(doc, "comparison"),
                     view_members(case_fields(ENTRY_CASE_SUBMITTED), "comparison"));
        object_lines(_("Delivery wanted"), json_object_get(doc, "delivery"),
                     view_members(case_fields(ENTRY_CASE_SUBMITTED), "delivery"));
        object_lines(_("Acceptance"), json_object_get(doc, "acceptance"), case_fields(ENTRY_CASE_ACCEPTED));
        object_lines(_("One-time notice"), json_object_get(doc, "notice"), case_fields(ENTRY_CASE_NOTICE));
        object_lines(_("Acceptance with gaps"), json_object_get(doc, "tolerance"), case_fields(ENTRY_CASE_TOLERATED));
        object_lines(_("Gaps closed"), json_object_get(doc, "cure"), case_fields(ENTRY_CASE_CURED));
        object_lines(_("Revocation"), json_object_get(doc, "revocation"), case_fields(ENTRY_CASE_REVOKED));
        object_lines(_("Review"), json_object_get(doc, "review"), case_fields(ENTRY_CASE_REVIEW));
        object_lines(_("Special procedure"), json_object_get(doc, "special"), case_fields(ENTRY_CASE_SPECIAL));
        object_lines(_("Its result"), json_object_get(doc, "special_result"), case_fields(ENTRY_CASE_RESUMED));
        object_lines(_("Extension"), json_object_get(doc, "extension"), case_fields(ENTRY_CASE_EXTENDED));
        object_lines(_("Return"), json_object_get(doc, "return"), case_fields(ENTRY_CASE_RETURNED));
        object_lines(_("Termination"), json_object_get(doc, "termination"), case_fields(ENTRY_CASE_ABORTED));
        object_lines(_("Refusal"), json_object_get(doc, "refusal"), case_fields(ENTRY_CASE_REFUSED));
        object_lines(_("Decision"), json_object_get(doc, "decision"), case_fields(ENTRY_CASE_DECIDED));
        object_lines(_("Delivery asked for"), json_object_get(doc, "delivery_request"),
                     case_fields(ENTRY_CASE_DELIVERY));
        object_lines(_("Receipt of delivery"), json_object_get(doc, "delivered"), case_fields(ENTRY_CASE_DELIVERED));
        object_lines(_("Withdrawal"), json_object_get(doc, "withdrawal"), case_fields(ENTRY_CASE_WITHDRAWN));
        material_lines(json_object_get(doc, "materials"));
    }
    const json_t *paper = json_object_get(doc, "document");
    if (json_is_object(paper)) {
        const struct document_row *row = document_by_id(view_text(paper, "kind"));
        (void)snprintf(text, sizeof text, "%s %s", row ? lang_pick(row->en, row->zh) : view_text(paper, "title"),
                       view_text(paper, "number"));
        term_pair(_("Document"), LABEL, text);
    }
    view_case_next(client, doc, brief);
}

int view_read_json(const struct client *client, const char *path, json_t **out)
{
    struct problem p;
    FILE *file = !strcmp(path, "-") ? stdin : fopen(path, "rb");
    if (!file)
        return report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
    char *text = malloc(LIMIT_CASE_BODY_BYTES + 1);
    size_t len = text ? fread(text, 1, LIMIT_CASE_BODY_BYTES + 1, file) : 0;
    bool broken = ferror(file);
    if (file != stdin)
        (void)fclose(file);
    int status = EXIT_DONE;
    if (!text || broken) {
        status = report_local(client, REPORT_FILE, "%s: %s", path, text ? strerror(EIO) : strerror(ENOMEM));
    } else if (len > LIMIT_CASE_BODY_BYTES) {
        (void)problem_set(&p, PROBLEM_TOO_LARGE, NULL, "%s: larger than %d bytes", path, LIMIT_CASE_BODY_BYTES);
        status = report_problem(client, &p);
    } else if (strict_json_parse(text, len, out, &p)) {
        status = report_problem(client, &p);
    }
    free(text);
    return status;
}

struct upload_visit {
    struct client *client;
    int status;
};

static int upload_visit(void *context, json_t *parent, const char *name, const char *value, struct problem *p)
{
    struct upload_visit *visit = context;
    struct upload_file file;
    (void)p;
    visit->status = upload_send(visit->client, value[0] == '@' ? value + 1 : value, &file);
    if (visit->status)
        return TB_EIO;
    if (json_object_set_new(parent, name, json_string(file.sha256)) ||
        json_object_set_new(parent, "size", json_integer(file.size)) ||
        json_object_set_new(parent, "type", json_string(file.type)))
        return TB_ENOMEM;
    return 0;
}

/* size and type stand beside the digest only where the table has them. */
static void drop_unknown(const struct case_field *fields, json_t *body)
{
    static const char *const extra[] = {"size", "type"};
    json_t *element;
    size_t i;
    bool digest = false, has[2] = {false, false};
    for (const struct case_field *f = fields; f && f->name; f++) {
        digest = digest || f->kind == FIELD_SHA256;
        has[0] = has[0] || !strcmp(f->name, extra[0]);
        has[1] = has[1] || !strcmp(f->name, extra[1]);
        json_t *value = json_object_get(body, f->name);
        if (f->members && json_is_object(value))
            drop_unknown(f->members, value);
        if (f->members && json_is_array(value))
            json_array_foreach(value, i, element) drop_unknown(f->members, element);
    }
    for (i = 0; i < 2 && digest; i++)
        if (!has[i])
            (void)json_object_del(body, extra[i]);
}

int view_upload_fields(struct client *client, const struct case_field *fields, json_t *body)
{
    struct upload_visit visit = {.client = client, .status = EXIT_DONE};
    struct problem p;
    int rc = fields_files(fields, body, upload_visit, &visit, &p);
    drop_unknown(fields, body);
    if (visit.status)
        return visit.status;
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}
