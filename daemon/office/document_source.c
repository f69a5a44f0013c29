#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/case_law.h"
#include "proto/licence.h"
#include "proto/item.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* ---- which documents a case has ---- */

void papers_free(struct paper *papers, size_t count)
{
    for (size_t i = 0; papers && i < count; i++)
        entry_clear(&papers[i].act);
    free(papers);
}

static struct paper *made_before(struct paper *papers, size_t count, const struct document_row *document)
{
    for (size_t i = 0; i < count; i++)
        if (papers[i].document == document)
            return &papers[i];
    return NULL;
}

/* Any row may come of this type; only then the entry is read. */
static bool makes_any(enum entry_type type)
{
    for (size_t i = 0; i < document_table_count; i++)
        if (strstr(document_table[i].made_by, entry_type_text(type)))
            return true;
    return false;
}

static int add_papers(const struct event_row *event, const struct entry *act, bool local, struct paper **papers, size_t *count)
{
    for (size_t i = 0; i < document_table_count; i++) {
        const struct document_row *document = &document_table[i];
        if ((local && document->between) || !document_made_by(document, act->type, act->body))
            continue;
        struct paper *before = document->at_print ? made_before(*papers, *count, document) : NULL;
        if (before && act->type == ENTRY_CASE_INTAKEN) { /* taking in came first, whatever the order of revisions is by now */
            entry_clear(&before->act);
            before->act = *act;
            json_incref(act->body);
        }
        if (before)
            continue;
        struct paper *more = realloc(*papers, (*count + 1) * sizeof *more);
        if (!more)
            return TB_ENOMEM;
        *papers = more;
        more[*count] = (struct paper){.document = document, .event = *event, .act = *act};
        json_incref(act->body);
        ++*count;
    }
    return 0;
}

int papers_collect(struct store_db *db, const struct office *office, const struct case_row *row, struct paper **papers, size_t *count)
{
    struct event_row *events = NULL;
    size_t n = 0;
    *papers = NULL;
    *count = 0;
    int rc = event_list(db, row->id, &events, &n);
    for (size_t i = 0; i < n && !rc; i++) {
        struct case_fact fact;
        if (!event_stands(&events[i]) || !makes_any(events[i].type))
            continue;
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        rc = add_papers(&events[i], &fact.entry, case_is_local(row), papers, count);
        case_fact_clear(&fact);
    }
    free(events);
    if (rc) {
        papers_free(*papers, *count);
        *papers = NULL;
        *count = 0;
    }
    return rc;
}

bool paper_owns(const struct paper *paper, const struct document_entry *row)
{
    bool own = paper->document->at_print || paper->event.own;
    int64_t ref = paper->document->at_print ? DOCUMENT_REF_PRINT : paper->event.ref;
    return !strcmp(row->kind, paper->document->id) && row->own == own && row->ref == ref;
}

size_t paper_latest(const struct paper *paper, const struct document_entry *rows, size_t count)
{
    while (count && !paper_owns(paper, &rows[count - 1]))
        count--;
    return count;
}

enum case_side paper_actor(const struct case_row *row, const struct paper *paper)
{
    return strcmp(paper->act.from, row->home) ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
}

/* ---- what stands on them ---- */

static json_t *side_json(const struct office *office, const char *code)
{
    const struct office_peer *peer = strcmp(code, office->code) ? office_peer(office, code) : NULL;
    bool ours = !strcmp(code, office->code);
    const struct office_contact *contact = ours ? &office->contact : peer ? &peer->contact : NULL;
    json_t *side = json_pack("{s:s, s:s}", "code", code, "name", ours ? office->name : peer ? peer->name : code);
    if (side && contact) {
        (void)json_object_set_new(side, "phone", json_string(contact->phone));
        (void)json_object_set_new(side, "complaint", json_string(contact->complaint));
        (void)json_object_set_new(side, "address", json_string(contact->address));
    }
    return side;
}

/* A colleague by name, one of the other side by number. */
static json_t *officer_json(const struct office *office, const char *id)
{
    const struct office_staff *staff = id[0] ? office_staff(office, id) : NULL;
    if (staff && staff->name[0])
        return json_sprintf("%s（%s）", staff->name, id);
    return json_string(id[0] ? id : "系统自动办理");
}

static json_t *act_json(const struct office *office, const struct entry *act)
{
    char length[32];
    json_t *doc = json_copy(act->body);
    item_limit_text(act->body, true, length, sizeof length); /* "5个工作日", of a special procedure or an extension */
    if (doc && length[0] && json_object_set_new(doc, "length", json_string(length))) {
        json_decref(doc);
        return NULL;
    }
    if (doc && (json_object_set_new(doc, "at", office_time_json(act->at)) ||
                json_object_set_new(doc, "officer", officer_json(office, act->staff)))) {
        json_decref(doc);
        doc = NULL;
    }
    return doc;
}

/* Until when the applicant has to be told (行政许可法 32(4) and what differs from it); where no rule fixes it, as 32(4). */
static int notice_due(const struct office *office, const struct case_row *row, const json_t *item, char out[DATE_TEXT])
{
    int days = notice_rules[notice_rule_of(item)].notice_days;
    int64_t day = timestamp_day(row->times[TIME_HANDED_IN]);
    bool provisional;
    if (days < 0)
        days = notice_rules[NOTICE_RULE_PERMIT_5WD].notice_days;
    int rc = days ? calendar_add(office->calendar, day, (unsigned)days, &day, &provisional) : 0;
    if (!rc)
        date_format(day, out);
    return rc;
}

/* What the register says of it: the row has only what deciding needs.  *content stays NULL for one of the configuration. */
static int registered_content(struct store_db *db, const char *uuid, json_t **content)
{
    struct object_filter filter = {.kind = REGISTER_AUTHORISATION, .limit = LIMIT_LIST_PAGE};
    do {
        struct object_row *rows = NULL;
        size_t count = 0;
        int rc = object_list(db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc && !*content; i++)
            if (!strcmp(rows[i].uuid, uuid) && strict_json_parse(rows[i].doc, strlen(rows[i].doc), content, NULL))
                rc = TB_ECORRUPT;
        object_rows_free(rows, count);
        if (rc)
            return rc;
    } while (filter.cursor && !*content);
    return 0;
}

/* The authorisation as its register has it.  *content stays NULL when it is not known here.  New reference. */
static int authorisation_content(struct store_db *db, const char *id, json_t **content)
{
    struct authorisation_row row;
    int rc = id[0] ? authorisation_get(db, id, &row) : TB_ENOTFOUND;
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    char from[DATE_TEXT], until[DATE_TEXT];
    date_format(row.from_day, from);
    date_format(row.until_day, until);
    rc = row.registered ? registered_content(db, id, content) : 0;
    if (!rc && !*content)
        *content = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "announcement", row.announcement, "items", row.items, "steps", row.steps,
                             "from", from, "until", until, "acceptance", (int)(row.acceptance != 0));
    authorisation_row_clear(&row);
    return rc ? rc : *content ? 0 : TB_ENOMEM;
}

static int authorisation_json(struct store_db *db, const char *id, json_t **out)
{
    json_t *content = NULL;
    int rc = authorisation_content(db, id, &content);
    if (!rc && content)
        rc = document_authorisation(content, out);
    json_decref(content);
    return rc;
}

/* 行政许可法 24: what the delegate prints says so, unless the authorisation wants the principal's name alone.  It is that of the day of the
 * act: a reprint says what the first print said. */
static int is_entrusted(struct store_db *db, const struct office *office, const struct case_row *row, const struct paper *paper,
                        bool *entrusted)
{
    json_t *content = NULL;
    char id[UUID_TEXT];
    *entrusted = case_side_of(office, row) == CASE_SIDE_INTAKE && !case_is_local(row);
    if (!*entrusted || paper->document->step == STEP_NONE)
        return 0;
    int rc =
        authorisation_find(db, row->home, row->intake, row->item, paper->document->step, paper->act.at, row->times[TIME_HANDED_IN], id);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = authorisation_content(db, id, &content);
    *entrusted = !content || document_names_delegate(content);
    json_decref(content);
    return rc;
}

/* Seal of the number: in the signed body of the act, or ours when we number it at the print. */
static const char *seal_of(const struct office *office, enum case_side side, const struct paper *paper,
                           const struct document_entry *entry)
{
    const char *said = json_string_value(json_object_get(paper->act.body, "seal"));
    if (paper->document->at_print)
        return paper->document->issuer == DOCUMENT_BY_INTAKE ? document_seal(office, CASE_SIDE_INTAKE) : "";
    if (said && !entry->replaces[0])
        return said;
    if (strcmp(paper->act.from, office->code) != 0)
        return said ? said : "";
    return document_seal(office, side);
}

/* What was handed in at the intake, without later supplements: a reprint says what the first print said. */
static json_t *taken_json(struct store_db *db, const struct office *office, const struct case_row *row)
{
    struct event_row *events = NULL;
    size_t n = 0;
    json_t *taken = json_array();
    int rc = taken ? event_list(db, row->id, &events, &n) : TB_ENOMEM;
    for (size_t i = 0; i < n && !rc; i++) {
        struct case_fact fact;
        enum entry_type type = events[i].type;
        if (type != ENTRY_CASE_INTAKEN && type != ENTRY_CASE_MATERIAL && type != ENTRY_CASE_SUBMITTED)
            continue;
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        json_t *materials = json_object_get(fact.entry.body, "materials");
        bool whole = type == ENTRY_CASE_SUBMITTED; /* repeats what was recorded before */
        if (whole)
            rc = json_array_clear(taken);
        if (!rc && json_is_array(materials))
            rc = json_array_extend(taken, materials);
        case_fact_clear(&fact);
        if (whole)
            break;
    }
    free(events);
    if (rc) {
        json_decref(taken);
        return NULL;
    }
    /* an identifier of an e-licence is printed with the remarks, whichever way it was sent */
    json_t *told = NULL;
    if (licence_in_remark(taken, &told))
        told = NULL;
    json_decref(taken);
    return told;
}

int case_query_code(const struct office *office, const struct case_row *row, char out[QUERY_CODE_TEXT])
{
    uint8_t digest[32];
    static const char what[] = "tongban query code\n";
    const char *number = row->number ? row->number : "";
    int rc = suite_hash(office->suite, what, sizeof what - 1, row->case_no, strlen(row->case_no), number, strlen(number), digest);
    if (!rc)
        (void)snprintf(out, QUERY_CODE_TEXT, "%02X%02X%02X%02X", digest[0], digest[1], digest[2], digest[3]);
    return rc;
}

/* Sheets of paper that go with the case: what is electronic is not in the bag. */
static json_t *totals_json(const json_t *taken)
{
    json_int_t originals = 0, copies = 0;
    size_t i;
    json_t *material;
    json_array_foreach(taken, i, material)
    {
        const char *form = json_string_value(json_object_get(material, "form"));
        originals += form && (!strcmp(form, "original") || !strcmp(form, "form"));
        copies += form && !strcmp(form, "copy");
    }
    return json_pack("{s:o, s:o}", "originals", json_sprintf("%lld份", (long long)originals), "copies",
                     json_sprintf("%lld份", (long long)copies));
}

static int set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) ? TB_ENOMEM : 0;
}

/* What the print is: number, seal, date, how often, whether it is void. */
static int set_print(struct store_db *db, const struct office *office, const struct office_staff *staff, const struct case_row *row,
                     const struct paper *paper, const struct document_entry *entry, int64_t print, int64_t at, json_t *source)
{
    char query[QUERY_CODE_TEXT] = "";
    bool entrusted = false;
    int rc = case_query_code(office, row, query);
    rc = rc ? rc : is_entrusted(db, office, row, paper, &entrusted);
    rc = rc ? rc : set(source, "number", json_string(entry->number));
    rc = rc ? rc : set(source, "replaces", json_string(entry->replaces));
    rc = rc ? rc : set(source, "seal", json_string(seal_of(office, case_side_of(office, row), paper, entry)));
    rc = rc ? rc : set(source, "issued_at", office_time_json(entry->issued_at));
    rc = rc ? rc : set(source, "query", json_string(query));
    rc = rc ? rc
            : set(source, "print",
                  json_pack("{s:I, s:o, s:o, s:s}", "n", (json_int_t)print, "at", office_time_json(at), "officer",
                            officer_json(office, staff->id), "here", case_side_of(office, row) == CASE_SIDE_HOME ? "home" : "intake"));
    if (!rc && entrusted)
        rc = set(json_object_get(source, "print"), "entrusted", json_true());
    if (!rc && entry->voided_at)
        rc = set(source, "void", json_pack("{s:o, s:s}", "at", office_time_json(entry->voided_at), "reason", entry->void_reason));
    return rc;
}

int paper_source(struct store_db *db, const struct office *office, const struct office_staff *staff, const struct case_row *row,
                 const struct paper *paper, const struct document_entry *entry, int64_t print, int64_t at, json_t **source)
{
    json_t *doc = json_object(), *content = NULL, *item = NULL, *authorisation = NULL;
    char due[DATE_TEXT];
    int64_t version;
    bool current;
    int rc = doc ? case_document(db, office, staff, row, &content) : TB_ENOMEM;
    rc = rc ? rc : set(doc, "case", content);
    rc = rc ? rc : set(doc, "taken", taken_json(db, office, row));
    rc = rc ? rc : set(doc, "totals", totals_json(json_object_get(doc, "taken")));
    rc = rc ? rc : set(doc, "act", act_json(office, &paper->act));
    if (!rc)
        rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
    rc = rc == TB_ENOTFOUND ? 0 : rc ? rc : set(doc, "item", item);
    if (case_is_local(row))
        rc = rc ? rc : set(doc, "local", json_true());
    rc = rc ? rc : set(doc, "home", side_json(office, row->home));
    rc = rc ? rc : set(doc, "intake", side_json(office, row->intake));
    json_t *actor = side_json(office, paper->act.from);
    bool by_home = paper_actor(row, paper) == CASE_SIDE_HOME;
    if (!actor || json_object_set_new(actor, "side", json_string(by_home ? "home" : "intake")))
        rc = rc ? rc : TB_ENOMEM;
    rc = json_object_set_new(doc, "actor", actor) && !rc ? TB_ENOMEM : rc;
    rc = rc ? rc : authorisation_json(db, paper->act.authorisation, &authorisation);
    if (!rc && authorisation)
        rc = set(doc, "authorisation", authorisation);
    rc = rc ? rc : notice_due(office, row, item, due);
    rc = rc ? rc : set(doc, "notice_due", json_string(due));
    rc = rc ? rc : set_print(db, office, staff, row, paper, entry, print, at, doc);
    if (rc)
        json_decref(doc);
    else
        *source = doc;
    return rc;
}
