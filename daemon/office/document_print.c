#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* What one request about a document works on. */
struct desk {
    struct store_db *db;
    const struct office *office;
    const struct office_staff *staff;
    struct case_row *row;
    const struct document_row *document;
    enum case_side side;
    int64_t now;
    struct paper *papers;
    size_t paper_count;
    struct document_entry *rows;
    size_t row_count;
    bool moved;                /* in the list: papers have been packed for the case */
    const struct paper *paper; /* the one that is meant */
    struct document_entry entry; /* its row; id 0: not kept yet; void_reason borrowed */
};

static void desk_clear(struct desk *desk)
{
    papers_free(desk->papers, desk->paper_count);
    documents_free(desk->rows, desk->row_count);
}

static int desk_open(struct desk *desk)
{
    desk->side = case_side_of(desk->office, desk->row);
    int rc = papers_collect(desk->db, desk->office, desk->row, &desk->papers, &desk->paper_count);
    return rc ? rc : document_list(desk->db, desk->row->id, &desk->rows, &desk->row_count);
}

/* Who may print it here; a local case (本地办件) has both sides in one office. */
static unsigned printers(const struct desk *desk, const struct document_row *document)
{
    if (case_is_local(desk->row))
        return document->intake_roles | document->home_roles;
    return desk->side == CASE_SIDE_HOME ? document->home_roles : document->intake_roles;
}

/* Who answers for its number here. */
static unsigned voiders(const struct desk *desk)
{
    bool window = case_is_local(desk->row) ? desk->document->issuer == DOCUMENT_BY_INTAKE : desk->side == CASE_SIDE_INTAKE;
    return window ? (unsigned)CASE_ROLE_WINDOW : (unsigned)CASE_ROLE_HANDLER;
}

static bool may(const struct office_staff *staff, unsigned roles)
{
    int role = staff ? case_role_by_name(staff->role) : -1;
    return role > 0 && (roles & (unsigned)role);
}

/* ---- the list ---- */

/* Papers have been packed for this case. */
static int has_moved(struct store_db *db, const struct case_row *row, bool *moved)
{
    struct object_filter filter = {.kind = REGISTER_TRANSFER, .case_id = row->id, .limit = 1};
    struct object_row *rows = NULL;
    size_t count = 0;
    int rc = object_list(db, &filter, &rows, &count, &filter.cursor);
    *moved = count > 0;
    object_rows_free(rows, count);
    return rc;
}

/* Whether whoever looks should print it now.  What goes with no step — a letter, a power of attorney — is for whoever needs it, and the
 * list of a transfer for papers that move. */
static bool is_proposed(const struct desk *desk, const struct document_row *document, const struct document_entry *entry)
{
    bool on_demand = document->at_print && document->step == STEP_NONE;
    if ((entry && (entry->printed || entry->voided_at)) || !may(desk->staff, printers(desk, document)))
        return false;
    return !on_demand || (!strcmp(document->id, "transfer_list") && desk->moved);
}

static int add_row(const struct desk *desk, const struct paper *paper, const struct document_entry *entry, json_t *list)
{
    const struct document_row *document = paper->document;
    const char *said = json_string_value(json_object_get(paper->act.body, "document_no"));
    char at[TIMESTAMP_TEXT];
    timestamp_format(entry ? entry->issued_at : paper->act.at, at);
    const char *issuer = document->issuer == DOCUMENT_BY_INTAKE ? desk->row->intake
                         : document->issuer == DOCUMENT_BY_HOME ? desk->row->home
                                                                : paper->act.from;
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:b}", "kind", document->id, "title", document->zh, "number",
                            entry                              ? entry->number
                            : said && !document->at_print      ? said
                                                               : "",
                            "date", at, "issuer", issuer, "printed", (json_int_t)(entry ? entry->printed : 0), "void",
                            entry && entry->voided_at, "printable", (int)may(desk->staff, printers(desk, document)),
                            "proposed", (int)is_proposed(desk, document, entry));
    if (row && entry && entry->voided_at)
        (void)json_object_set_new(row, "void_reason", json_string(entry->void_reason));
    if (row && entry && entry->replaces[0])
        (void)json_object_set_new(row, "replaces", json_string(entry->replaces));
    return row && !json_array_append_new(list, row) ? 0 : TB_ENOMEM;
}

int document_rows(struct store_db *db, const struct office *office, const struct office_staff *staff, const struct case_row *row,
                  json_t **out)
{
    struct case_row shown = *row; /* the rows are only read */
    struct desk desk = {.db = db, .office = office, .staff = staff, .row = &shown};
    json_t *list = json_array();
    int rc = list ? desk_open(&desk) : TB_ENOMEM;
    if (!rc)
        rc = has_moved(db, row, &desk.moved);
    for (size_t i = 0; i < desk.paper_count && !rc; i++) {
        bool any = false;
        for (size_t k = 0; k < desk.row_count && !rc; k++)
            if (paper_owns(&desk.papers[i], &desk.rows[k])) {
                any = true;
                rc = add_row(&desk, &desk.papers[i], &desk.rows[k], list);
            }
        if (!any && !rc)
            rc = add_row(&desk, &desk.papers[i], NULL, list);
    }
    if (!rc)
        *out = json_pack("{s:s, s:O}", "case", row->case_no, "rows", list);
    json_decref(list);
    desk_clear(&desk);
    return rc ? rc : *out ? 0 : TB_ENOMEM;
}

/* ---- which document is meant ---- */

/* With `number` the one that has it; else the newest of its kind. */
static int choose(struct desk *desk, const char *number, struct problem *p)
{
    for (size_t i = desk->paper_count; i-- > 0 && !desk->paper;) {
        const struct paper *paper = &desk->papers[i];
        const char *said = json_string_value(json_object_get(paper->act.body, "document_no"));
        if (paper->document != desk->document)
            continue;
        size_t latest = paper_latest(paper, desk->rows, desk->row_count);
        while (number && latest && (!paper_owns(paper, &desk->rows[latest - 1]) || strcmp(desk->rows[latest - 1].number, number)))
            latest--;
        if (number && !latest && (desk->document->at_print || !said || strcmp(said, number)))
            continue;
        desk->paper = paper;
        if (latest)
            desk->entry = desk->rows[latest - 1];
    }
    if (desk->paper)
        return 0;
    if (number)
        return problem_set(p, PROBLEM_NOT_FOUND, "/number", "the case has no %s with this number", desk->document->zh);
    return problem_set(p, PROBLEM_NOT_FOUND, NULL, "the case has no %s yet; `tongban case documents` lists what it has",
                       desk->document->zh);
}

static int desk_find(struct desk *desk, struct office_request *request, struct problem *p)
{
    const char *number = NULL;
    desk->document = document_by_id(request->action);
    if (!desk->document)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "there is no document of this kind; `tongban case documents` lists them");
    int rc = strict_json_text(request->body, "", "number", false, DOCUMENT_NO_TEXT - 1, &number, p);
    return rc ? rc : choose(desk, number, p);
}

static int refuse_role(const struct document_row *document, bool printing, unsigned intake, unsigned home, struct problem *p)
{
    const char *roles = intake && home ? "the window at either side or the handler at the home side"
                        : intake       ? "the window at the intake side"
                                       : "the handler at the home side";
    if (printing)
        return problem_set(p, PROBLEM_NOT_ALLOWED, NULL, "printing the %s is for %s", document->zh, roles);
    return problem_set(p, PROBLEM_NOT_ALLOWED, NULL, "declaring the %s void is for %s", document->zh, roles);
}

/* ---- printing ---- */

/* The row that this print belongs to: kept before, new with its number, or new in place of a void one. */
static int take_entry(struct desk *desk, bool chosen_by_number, struct problem *p)
{
    const struct document_row *document = desk->document;
    struct document_entry *entry = &desk->entry;
    const char *said = json_string_value(json_object_get(desk->paper->act.body, "document_no"));
    bool ours = document_is_ours(desk->office, desk->row, document, paper_actor(desk->row, desk->paper));
    if (entry->id && (!entry->voided_at || chosen_by_number || !ours))
        return document_count_print(desk->db, entry->id);
    struct document_entry fresh = {.own = document->at_print || desk->paper->event.own,
                                   .ref = document->at_print ? DOCUMENT_REF_PRINT : desk->paper->event.ref,
                                   .issued_at = document->at_print || entry->id ? desk->now : desk->paper->act.at,
                                   .printed = 1};
    memcpy(fresh.kind, document->id, strlen(document->id) + 1);
    int rc = 0;
    if (document->word[0] && (document->at_print || entry->id))
        rc = document_next_number(desk->db, desk->office, document, desk->now, fresh.number);
    else if (said && strlen(said) < sizeof fresh.number)
        memcpy(fresh.number, said, strlen(said) + 1);
    else if (document->word[0])
        rc = problem_set(p, PROBLEM_FIELD, "/document_no",
                         "the act carries no document number: its office does not number its documents; ask it for the paper");
    if (!rc && entry->id)
        memcpy(fresh.replaces, entry->number, sizeof fresh.replaces);
    if (!rc)
        rc = document_add(desk->db, desk->row->id, &fresh);
    if (!rc) {
        fresh.printed = 0; /* raised by the caller, as for one kept before */
        *entry = fresh;
    }
    return rc;
}

static int record(struct desk *desk, enum entry_type type, json_t *body)
{
    struct entry entry = {.type = type, .at = desk->now, .body = body};
    if (!body)
        return TB_ENOMEM;
    memcpy(entry.staff, desk->staff->id, sizeof entry.staff);
    memcpy(entry.role, desk->staff->role, sizeof entry.role);
    int rc = case_append(desk->db, desk->office, desk->row, &entry, NULL);
    entry_clear(&entry);
    return rc;
}

static int check_printer(struct desk *desk, struct problem *p)
{
    const struct document_row *document = desk->document;
    if (!may(desk->staff, printers(desk, document)))
        return refuse_role(document, true, document->intake_roles, document->home_roles, p);
    /* the words "受…委托" on it must be true today (行政许可法 24) */
    char id[UUID_TEXT];
    if (desk->side == CASE_SIDE_HOME || document->step == STEP_NONE || document->issuer == DOCUMENT_BY_INTAKE)
        return 0;
    return authority_find(desk->db, desk->office, desk->row->home, desk->row->item, document->step, desk->now,
                          desk->row->times[TIME_HANDED_IN], id, p);
}

static int check_form(const json_t *body, const char **form, struct problem *p)
{
    *form = "text";
    int rc = strict_json_text(body, "", "format", false, 20, form, p);
    if (!rc && !*form)
        *form = "text";
    if (!rc && document_form_by_name(*form) < 0)
        rc = problem_set(p, PROBLEM_FIELD, "/format", "format is text, markdown or html");
    return rc;
}

static int check_members_known(const json_t *body, const char *const *known, struct problem *p)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i]) {
            char field[64];
            (void)snprintf(field, sizeof field, "/%.40s", key);
            return problem_set(p, PROBLEM_FIELD, field, "there is no such member; check its spelling");
        }
    }
    return 0;
}

int document_print(struct store_db *db, struct office_request *request, struct case_row *row, int64_t now, json_t **answer,
                   struct problem *p)
{
    static const char *const known[] = {"format", "number", NULL};
    struct desk desk = {.db = db, .office = request->office, .staff = request->staff, .row = row, .now = now};
    const char *form;
    char at[TIMESTAMP_TEXT];
    timestamp_format(now, at);
    int rc = check_members_known(request->body, known, p);
    if (!rc)
        rc = check_form(request->body, &form, p);
    if (!rc)
        rc = desk_open(&desk);
    if (!rc)
        rc = desk_find(&desk, request, p);
    if (!rc)
        rc = check_printer(&desk, p);
    if (!rc)
        rc = take_entry(&desk, json_object_get(request->body, "number") != NULL, p);
    json_int_t print = (json_int_t)desk.entry.printed + 1;
    char step[REGISTER_NO_TEXT] = "";
    if (!rc && desk.side == CASE_SIDE_INTAKE && desk.document->step == STEP_NOTICE)
        rc = register_step_open(db, row, desk.paper->act.id, step);
    if (!rc) {
        json_t *body = json_pack("{s:s, s:I}", "kind", desk.document->id, "print", print);
        if (body && desk.entry.number[0])
            (void)json_object_set_new(body, "number", json_string(desk.entry.number));
        if (body && desk.entry.replaces[0])
            (void)json_object_set_new(body, "replaces", json_string(desk.entry.replaces));
        rc = record(&desk, ENTRY_DOCUMENT_PRINTED, body);
    }
    if (!rc) {
        *answer = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:s, s:s}", "case", row->case_no, "kind", desk.document->id, "title",
                            desk.document->zh, "number", desk.entry.number, "print", print, "reprint", print > 1, "void",
                            desk.entry.voided_at != 0, "at", at, "format", form);
        if (*answer && desk.entry.replaces[0])
            (void)json_object_set_new(*answer, "replaces", json_string(desk.entry.replaces));
        if (*answer && step[0]) /* handing it over is asked of this office: its evidence is the end of that step */
            (void)json_object_set_new(*answer, "step", json_string(step));
        rc = *answer ? 0 : TB_ENOMEM;
    }
    desk_clear(&desk);
    return rc;
}

/* The document's row as the answer names it: the print may be told again long after. */
static int find_printed(struct desk *desk, const char *number, struct problem *p)
{
    int rc = choose(desk, number[0] ? number : NULL, p);
    if (rc || !desk->entry.id || !strcmp(desk->entry.number, number))
        return rc;
    return TB_ECORRUPT;
}

int document_print_text(struct store_db *db, struct office_request *request, struct case_row *row, json_t *answer, struct problem *p)
{
    struct desk desk = {.db = db, .office = request->office, .staff = request->staff, .row = row};
    const char *number = json_string_value(json_object_get(answer, "number"));
    const char *form = json_string_value(json_object_get(answer, "format"));
    const char *at = json_string_value(json_object_get(answer, "at"));
    json_t *source = NULL;
    struct buf text;
    buf_init(&text, DOCUMENT_BYTES);
    desk.document = document_by_id(request->action);
    bool whole = desk.document && number && form && document_form_by_name(form) >= 0 && at && !timestamp_parse(at, &desk.now);
    int rc = whole ? desk_open(&desk) : TB_ECORRUPT;
    if (!rc)
        rc = find_printed(&desk, number, p);
    if (!rc)
        rc = paper_source(db, request->office, request->staff, row, desk.paper, &desk.entry,
                          json_integer_value(json_object_get(answer, "print")), desk.now, &source);
    if (!rc)
        rc = document_render(desk.document, (enum document_form)document_form_by_name(form), source, &text, p);
    if (!rc && json_object_set_new(answer, "text", json_stringn(text.data, text.len)))
        rc = TB_ENOMEM;
    json_decref(source);
    buf_free(&text);
    desk_clear(&desk);
    return rc;
}

/* ---- void ---- */

int document_declare_void(struct store_db *db, struct office_request *request, struct case_row *row, int64_t now, json_t **answer,
                          struct problem *p)
{
    static const char *const known[] = {"reason", "number", NULL};
    struct desk desk = {.db = db, .office = request->office, .staff = request->staff, .row = row, .now = now};
    const char *reason = NULL;
    char at[TIMESTAMP_TEXT];
    timestamp_format(now, at);
    int rc = check_members_known(request->body, known, p);
    if (!rc)
        rc = strict_json_text(request->body, "", "reason", true, LIMIT_TEXT_BYTES, &reason, p);
    if (!rc)
        rc = desk_open(&desk);
    if (!rc)
        rc = desk_find(&desk, request, p);
    /* the side that gave the number, and there who answers for it */
    if (!rc && (!desk.document->word[0] || !document_is_ours(desk.office, row, desk.document, paper_actor(row, desk.paper)) ||
                !may(desk.staff, voiders(&desk))))
        rc = refuse_role(desk.document, false,
                         desk.document->issuer == DOCUMENT_BY_HOME ? 0u : (unsigned)CASE_ROLE_WINDOW,
                         desk.document->issuer == DOCUMENT_BY_INTAKE ? 0u : (unsigned)CASE_ROLE_HANDLER, p);
    if (!rc && !desk.entry.id)
        rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "the %s of this case has no number yet, so there is nothing to declare void",
                         desk.document->zh);
    if (!rc && desk.entry.voided_at)
        rc = problem_set(p, PROBLEM_STEP_DONE, NULL, "%s is void already", desk.entry.number);
    if (!rc) {
        json_t *body = json_pack("{s:s, s:s, s:s}", "kind", desk.document->id, "number", desk.entry.number, "reason", reason);
        rc = body ? case_check_body(ENTRY_DOCUMENT_VOIDED, body, p) : TB_ENOMEM;
        if (rc)
            json_decref(body);
        else
            rc = record(&desk, ENTRY_DOCUMENT_VOIDED, body);
    }
    if (!rc)
        rc = document_void(db, desk.entry.id, now, reason);
    if (!rc) {
        *answer = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "case", row->case_no, "kind", desk.document->id, "title",
                            desk.document->zh, "number", desk.entry.number, "void", 1, "at", at);
        rc = *answer ? 0 : TB_ENOMEM;
    }
    desk_clear(&desk);
    return rc;
}
