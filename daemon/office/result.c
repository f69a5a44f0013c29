/* 审批结果互认: what is known here of a document or licence, with its proof.  The ledgers answer, not the link. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/timestamp.h"

int result_keep(struct store_db *db, int64_t case_id, const json_t *body)
{
    const char *numbers[] = {json_string_value(json_object_get(body, "document_no")),
                             json_string_value(json_object_get(json_object_get(body, "result"), "number"))};
    int rc = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !rc; i++)
        if (numbers[i] && numbers[i][0])
            rc = result_number_add(db, case_id, numbers[i]);
    return rc;
}

/* What one question looks for and has found. */
struct search {
    struct store_db *db;
    struct office_question *q;
    const struct case_row *row;
    const struct document_entry *kept; /* documents of this case */
    size_t kept_count;
    json_t *rows;
};

static const struct office_contact *contact_of(const struct office *office, const char *code, const char **name)
{
    const struct office_peer *peer = office_peer(office, code);
    bool ours = !strcmp(office->code, code);
    *name = ours ? office->name : peer ? peer->name : code;
    return ours ? &office->contact : peer ? &peer->contact : NULL;
}

static json_t *whom_json(const struct office *office, const char *code)
{
    const char *name;
    const struct office_contact *contact = contact_of(office, code, &name);
    return json_pack("{s:s, s:s, s:s}", "office", code, "name", name, "phone", contact ? contact->phone : "");
}

/* In force on this day, as far as this office knows: "void", "revoked", "expired", "not_yet", "in_force". */
static const char *standing(const struct search *s, const struct paper *paper, const struct document_entry *entry, const json_t *result)
{
    char today[DATE_TEXT];
    const char *from = json_string_value(json_object_get(result, "valid_from"));
    const char *until = json_string_value(json_object_get(result, "valid_until"));
    enum entry_type type = paper->act.type;
    bool acceptance = type == ENTRY_CASE_ACCEPTED || type == ENTRY_CASE_TOLERATED || type == ENTRY_CASE_DEEMED;
    date_format(timestamp_day(store_now(s->db)), today);
    if (entry && entry->voided_at)
        return "void";
    if (acceptance && s->row->state == CASE_REVOKED)
        return "revoked";
    if (until && strcmp(until, today) < 0)
        return "expired";
    return from && strcmp(from, today) > 0 ? "not_yet" : "in_force";
}

static int add_found(const struct search *s, const struct paper *paper, const struct document_entry *entry, const char *number)
{
    const struct office *office = s->q->office;
    const struct document_row *document = paper->document;
    const char *issuer = document->issuer == DOCUMENT_BY_INTAKE ? s->row->intake
                         : document->issuer == DOCUMENT_BY_HOME ? s->row->home
                                                                : paper->act.from;
    const json_t *result = json_object_get(paper->act.body, "result");
    json_t *listed = NULL, *entries = json_array();
    int rc = entries ? case_list_row(s->db, office, s->q->staff, s->row, &listed) : TB_ENOMEM;
    rc = rc ? rc : event_proof(s->db, office, s->row, &paper->event, entries);
    json_t *found =
        rc ? NULL
           : json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:s, s:o, s:O, s:O, s:O}", "number", number, "kind", document->id, "title",
                       document->zh, "case", s->row->case_no, "issuer", whom_json(office, issuer), "issued_here",
                       !strcmp(issuer, office->code), "standing", standing(s, paper, entry, result), "at",
                       office_time_json(entry && document->at_print ? entry->issued_at : paper->act.at), "item",
                       json_object_get(listed, "item"), "applicant", json_object_get(listed, "applicant"), "entries", entries);
    if (found && result)
        (void)json_object_set(found, "result", (json_t *)(uintptr_t)result);
    if (found && entry && entry->voided_at)
        (void)json_object_set_new(found, "void", json_pack("{s:o, s:s}", "at", office_time_json(entry->voided_at), "reason",
                                                           entry->void_reason));
    json_decref(listed);
    json_decref(entries);
    return rc ? rc : found && !json_array_append_new(s->rows, found) ? 0 : TB_ENOMEM;
}

/* The documents of the case that have this number; with no number all that have one. */
static int search_paper(const struct search *s, const struct paper *paper)
{
    const char *wanted = s->q->text, *said = json_string_value(json_object_get(paper->act.body, "document_no"));
    const char *licence = json_string_value(json_object_get(json_object_get(paper->act.body, "result"), "number"));
    bool any = false;
    int rc = 0;
    for (size_t i = 0; i < s->kept_count && !rc; i++) {
        const struct document_entry *entry = &s->kept[i];
        if (!paper_owns(paper, entry) || !entry->number[0])
            continue;
        bool is_it = !wanted[0] || !strcmp(entry->number, wanted) || (licence && !strcmp(licence, wanted));
        if (is_it)
            rc = add_found(s, paper, entry, entry->number);
        any = any || is_it;
    }
    if (rc || any || paper->document->at_print)
        return rc;
    bool is_it = !wanted[0] ? said || licence : (said && !strcmp(said, wanted)) || (licence && !strcmp(licence, wanted));
    return is_it ? add_found(s, paper, NULL, said ? said : licence) : 0;
}

static int search_case(struct store_db *db, struct office_question *q, const struct case_row *row, json_t *rows)
{
    struct paper *papers = NULL;
    struct document_entry *kept = NULL;
    size_t paper_count = 0, kept_count = 0;
    int rc = papers_collect(db, q->office, row, &papers, &paper_count);
    rc = rc ? rc : document_list(db, row->id, &kept, &kept_count);
    const struct search s = {.db = db, .q = q, .row = row, .kept = kept, .kept_count = kept_count, .rows = rows};
    for (size_t i = 0; i < paper_count && !rc; i++)
        rc = search_paper(&s, &papers[i]);
    papers_free(papers, paper_count);
    documents_free(kept, kept_count);
    return rc;
}

static int search_number(struct store_db *db, struct office_question *q, json_t *rows)
{
    int64_t ids[LIMIT_RESULT_CASES];
    size_t count = 0;
    int rc = result_number_find(db, q->text, ids, LIMIT_RESULT_CASES, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_row row;
        rc = case_get_by_id(db, ids[i], &row);
        if (rc)
            break;
        rc = search_case(db, q, &row, rows);
        case_row_clear(&row);
    }
    return rc;
}

/* What the QR code names: all documents of that case; a wrong code finds nothing. */
static int search_code(struct store_db *db, struct office_question *q, json_t *rows)
{
    struct case_row row;
    int rc = case_find_by_code(db, q, &row);
    if (rc == TB_ENOTFOUND) {
        q->problem = (struct problem){.id = PROBLEM_COUNT};
        return 0;
    }
    rc = rc ? rc : search_case(db, q, &row, rows);
    case_row_clear(&row);
    return rc;
}

/* Who would know: the office that the case number begins with, else every counterpart. */
static int add_whom(const struct office_question *q, json_t *ask)
{
    int rc = 0;
    for (size_t i = 0; i < q->office->peer_count && !rc; i++) {
        const char *code = q->office->peers[i].code;
        bool named = !q->case_no[0] || !strncmp(q->case_no, code, OFFICE_LEN) || !strncmp(q->case_no, q->office->code, OFFICE_LEN);
        if (named && json_array_append_new(ask, whom_json(q->office, code)))
            rc = TB_ENOMEM;
    }
    return rc;
}

static int add_keys(struct store_db *db, const struct office *office, json_t *offices)
{
    int rc = add_vkey(offices, office->code, &store_signer(db)->vkey);
    for (size_t i = 0; i < office->peer_count && !rc; i++)
        rc = add_vkey(offices, office->peers[i].code, office_peer_key(&office->peers[i]));
    return rc;
}

int ask_result(struct store_db *db, struct office_question *q)
{
    json_t *rows = json_array(), *ask = json_array(), *offices = json_array();
    int rc = rows && ask && offices ? 0 : TB_ENOMEM;
    if (!rc && !q->text[0] && !q->case_no[0])
        rc = problem_set(&q->problem, PROBLEM_FIELD, "", "say which: number, or case and code");
    if (!rc)
        rc = q->case_no[0] ? search_code(db, q, rows) : search_number(db, q, rows);
    if (!rc && !json_array_size(rows))
        rc = add_whom(q, ask);
    if (!rc && json_array_size(rows))
        rc = add_keys(db, q->office, offices);
    if (!rc)
        q->answer = json_pack("{s:b, s:O, s:O, s:O}", "known", json_array_size(rows) > 0, "rows", rows, "ask", ask, "offices", offices);
    json_decref(rows);
    json_decref(ask);
    json_decref(offices);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}
