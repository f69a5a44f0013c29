#include "daemon/office/office_internal.h"

#include <string.h>

#include "proto/clock.h"
#include "proto/timestamp.h"

static const char general_remedies[] = "如不服本决定，可以自收到之日起六十日内申请行政复议，或者自收到之日起六个月内向人民法院提起行政诉讼。";

const char *document_remedies(const struct office *office)
{
    return office->papers.remedies[0] ? office->papers.remedies : general_remedies;
}

bool document_is_ours(const struct office *office, const struct case_row *row, const struct document_row *document,
                      enum case_side actor)
{
    return case_is_local(row) || document_issued_here(document, case_side_of(office, row), actor);
}

const struct document_row *document_of_act(const struct office *office, const struct case_row *row, const struct entry *entry)
{
    enum case_side here = case_side_of(office, row);
    for (size_t i = 0; i < document_table_count; i++) {
        const struct document_row *document = &document_table[i];
        if (!document->at_print && document_is_ours(office, row, document, here) &&
            document_made_by(document, entry->type, entry->body))
            return document;
    }
    return NULL;
}

int document_check_typed(const struct office *office, const struct document_row *document, const json_t *body, struct problem *p)
{
    static const char *const given[] = {"document_no", "seal"};
    for (size_t i = 0; document && office->papers.numbering && i < sizeof given / sizeof given[0]; i++)
        if (json_object_get(body, given[i])) {
            char field[32];
            (void)snprintf(field, sizeof field, "/%s", given[i]);
            return problem_set(p, PROBLEM_FIELD, field, "the office numbers and seals its documents itself: leave it out");
        }
    return 0;
}

int document_next_number(struct store_db *db, const struct office *office, const struct document_row *document, int64_t at,
                         char out[DOCUMENT_NO_TEXT])
{
    int64_t serial = 0;
    int year = document_year(at);
    int rc = document_serial_next(db, document->id, year, &serial);
    return rc ? rc : document_number(document, office->papers.prefix, year, serial, out);
}

const char *document_seal(const struct office *office, enum case_side side)
{
    return side == CASE_SIDE_HOME ? office->papers.seal : office->papers.intake_seal;
}

int document_number_act(struct store_db *db, const struct office *office, const struct case_row *row,
                        const struct document_row *document, struct entry *entry)
{
    char number[DOCUMENT_NO_TEXT];
    if (!office->papers.numbering)
        return 0;
    if (!entry->at)
        entry->at = store_now(db);
    int rc = document_next_number(db, office, document, entry->at, number);
    if (!rc && json_object_set_new(entry->body, "document_no", json_string(number)))
        rc = TB_ENOMEM;
    const char *seal = document_seal(office, case_side_of(office, row));
    if (!rc && seal[0] && json_object_set_new(entry->body, "seal", json_string(seal)))
        rc = TB_ENOMEM;
    return rc;
}

int document_keep_act(struct store_db *db, const struct case_row *row, const struct document_row *document, const struct entry *entry,
                      uint64_t index)
{
    const char *number = json_string_value(json_object_get(entry->body, "document_no"));
    struct document_entry kept = {.own = true, .ref = (int64_t)index, .issued_at = entry->at};
    if (!number || strlen(number) >= sizeof kept.number)
        return 0; /* typed by an officer, or not at all: printed as the act says */
    memcpy(kept.kind, document->id, strlen(document->id) + 1);
    memcpy(kept.number, number, strlen(number) + 1);
    return document_add(db, row->id, &kept);
}

/* One limit of the item, counted from the day of acceptance. */
static int promise_one(const struct office *office, struct clock_limit limit, int64_t from_day, const char *name, json_t *body)
{
    int64_t day;
    bool provisional;
    char text[DATE_TEXT];
    if (!limit.any || json_object_get(body, name))
        return 0;
    int rc = clock_advance(office->calendar, NULL, from_day, limit, &day, &provisional);
    if (rc)
        return rc;
    date_format(day, text);
    return json_object_set_new(body, name, json_string(text)) ? TB_ENOMEM : 0;
}

int document_promise(struct store_db *db, const struct office *office, const struct case_row *row, int64_t at, json_t *body)
{
    struct clock_facts facts = {.rule = NOTICE_RULE_PERMIT_5WD};
    int64_t version;
    bool current;
    json_t *item = NULL;
    int rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    clock_use_item(&facts, item);
    json_decref(item);
    rc = promise_one(office, facts.promised, timestamp_day(at), "promised", body);
    return rc ? rc : promise_one(office, facts.statutory, timestamp_day(at), "statutory", body);
}
