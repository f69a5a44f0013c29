#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/item.h"
#include "proto/licence.h"
#include "proto/strict_json.h"
#include "proto/text.h"
#include "proto/timestamp.h"

void case_fact_clear(struct case_fact *fact)
{
    entry_clear(&fact->entry);
    buf_free(&fact->line);
}

int case_fact_read(struct store_db *db, const struct office *office, const struct event_row *event, struct case_fact *fact)
{
    (void)office;
    *fact = (struct case_fact){.event = *event};
    buf_init(&fact->line, LIMIT_ENTRY_BYTES);
    int rc;
    if (event->own) {
        fact->index = (uint64_t)event->ref;
        rc = store_entry_line(db, fact->index, &fact->line);
    } else {
        struct inbox_row row;
        rc = inbox_get(db, event->peer, event->ref, &row);
        if (!rc) {
            fact->index = row.index;
            rc = buf_append(&fact->line, row.line, row.len);
            inbox_clear(&row);
        }
    }
    if (!rc)
        rc = entry_decode(fact->line.data, fact->line.len, &fact->entry, NULL);
    if (rc)
        case_fact_clear(fact);
    return rc == TB_EMALFORMED || rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
}

/* How the body of each entry type enters the content: the whole body under `name`, or its members one by one. */
static const struct {
    enum entry_type type;
    const char *name; /* NULL: member by member */
} fold_rules[] = {
    {ENTRY_CASE_INTAKEN, NULL},          {ENTRY_CASE_SUBMITTED, NULL},       {ENTRY_CASE_MATERIAL, NULL},
    {ENTRY_CASE_COMPARED, NULL},         {ENTRY_CASE_ACCEPTED, "acceptance"}, {ENTRY_CASE_NOTICE, "notice"},
    {ENTRY_CASE_SUPPLEMENTED, NULL},     {ENTRY_CASE_REFUSED, "refusal"},    {ENTRY_CASE_DECIDED, "decision"},
    {ENTRY_CASE_DELIVERY, "delivery_request"}, {ENTRY_CASE_DELIVERED, "delivered"}, {ENTRY_CASE_WITHDRAWN, "withdrawal"},
    {ENTRY_CASE_COMPLETED, "completion"}, {ENTRY_CASE_ABANDONED, "withdrawal"}, {ENTRY_CASE_CORRECTED, NULL},
    {ENTRY_CASE_DEEMED, "acceptance"},   {ENTRY_CASE_TOLERATED, "tolerance"},  {ENTRY_CASE_CURED, "cure"},
    {ENTRY_CASE_REVOKED, "revocation"},  {ENTRY_CASE_LAPSED, "withdrawal"},    {ENTRY_CASE_REVIEW, "review"},
    {ENTRY_CASE_SPECIAL, "special"},     {ENTRY_CASE_RESUMED, "special_result"}, {ENTRY_CASE_EXTENDED, "extension"},
    {ENTRY_CASE_RETURNED, "return"},     {ENTRY_CASE_ABORTED, "termination"},
};

static int fold_member(json_t *content, const char *key, json_t *value, bool replace)
{
    json_t *have = json_object_get(content, key);
    if (!replace && !strcmp(key, "materials") && json_is_array(have) && json_is_array(value))
        return json_array_extend(have, value) ? TB_ENOMEM : 0;
    /* a copy of the list: later facts extend it */
    json_t *kept = json_is_array(value) ? json_copy(value) : json_incref(value);
    return json_object_set_new(content, key, kept) ? TB_ENOMEM : 0;
}

/* What was wrong stays in its entry; the content is what is right now. */
static bool is_shown(const struct entry *entry, const char *key)
{
    return entry->type != ENTRY_CASE_CORRECTED || strcmp(key, "what") != 0;
}

static int fold_fact(json_t *content, const struct entry *entry)
{
    for (size_t i = 0; i < sizeof fold_rules / sizeof fold_rules[0]; i++) {
        if (fold_rules[i].type != entry->type)
            continue;
        if (fold_rules[i].name)
            return json_object_set(content, fold_rules[i].name, entry->body) ? TB_ENOMEM : 0;
        /* the forwarded application repeats what intake recorded; supplements add to it */
        bool replace = entry->type == ENTRY_CASE_INTAKEN || entry->type == ENTRY_CASE_SUBMITTED;
        const char *key;
        json_t *value;
        json_object_foreach(entry->body, key, value) {
            int rc = is_shown(entry, key) ? fold_member(content, key, value, replace) : 0;
            if (rc)
                return rc;
        }
        return 0;
    }
    return 0;
}

/* Recorded at the window before the case was forwarded: an act that is possible only until then. */
static bool comes_first(const struct event_row *event)
{
    const uint64_t before = CASE_FROM(NONE) | CASE_FROM(INTAKEN);
    bool found = false;
    if (event->rev || !event->own || entry_type_is_message(event->type))
        return false;
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *move = &case_transitions[i];
        if (move->entry == event->type && (move->from & ~before))
            return false;
        found = found || move->entry == event->type;
    }
    return found;
}

int case_events(struct store_db *db, int64_t case_id, struct event_row **rows, size_t *count)
{
    struct event_row *listed = NULL;
    size_t n = 0, at = 0;
    int rc = event_list(db, case_id, &listed, &n);
    struct event_row *ordered = rc ? NULL : calloc(n ? n : 1, sizeof *ordered);
    if (!rc && !ordered)
        rc = TB_ENOMEM;
    for (int first = 1; first >= 0 && !rc; first--)
        for (size_t i = 0; i < n; i++)
            if (comes_first(&listed[i]) == (first == 1))
                ordered[at++] = listed[i];
    free(listed);
    if (rc)
        return rc;
    *rows = ordered;
    *count = n;
    return 0;
}

int case_fold(struct store_db *db, const struct office *office, const struct case_row *row, json_t **content)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = case_events(db, row->id, &events, &count);
    if (rc)
        return rc;
    json_t *doc = json_object();
    if (!doc)
        rc = TB_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        if (!event_stands(&events[i]) || events[i].type == ENTRY_CASE_VIEWED)
            continue; /* the home side did not take it, or it says nothing about the case itself */
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        rc = fold_fact(doc, &fact.entry);
        case_fact_clear(&fact);
    }
    free(events);
    if (rc)
        json_decref(doc);
    else
        *content = doc;
    return rc;
}

static const char *const time_names[CASE_TIMES] = {[TIME_HANDED_IN] = "handed_in", [TIME_SENT] = "sent",
                                                   [TIME_RECEIVED] = "received",   [TIME_ACCEPTED] = "accepted",
                                                   [TIME_DECIDED] = "decided",     [TIME_DELIVERED] = "delivered",
                                                   [TIME_CLOSED] = "closed"};

static json_t *times_json(const struct case_row *row)
{
    json_t *times = json_object();
    for (int i = TIME_HANDED_IN; times && i < CASE_TIMES; i++) {
        char text[TIMESTAMP_TEXT];
        if (!row->times[i])
            continue;
        timestamp_format(row->times[i], text);
        (void)json_object_set_new(times, time_names[i], json_string(text));
    }
    return times;
}

static json_t *due_json(const struct case_row *row)
{
    if (!row->due_day || row->due_clock >= CLOCKS)
        return json_null();
    char text[DATE_TEXT];
    date_format(row->due_day, text);
    return json_pack("{s:s, s:b, s:s}", "date", text, "provisional", (int)row->due_provisional, "what", clock_rows[row->due_clock].name);
}

static json_t *actions_json(const struct office *office, const struct office_staff *staff, const struct case_row *row)
{
    const char *words[32];
    json_t *actions = json_array();
    int role = staff ? case_role_by_name(staff->role) : -1;
    if (role < 0)
        return actions;
    size_t count = case_possible(case_side_of(office, row), (unsigned)role, row->local_state, case_once_done(row), words, 32);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(actions, json_string(words[i]));
    return actions;
}

int case_summary(struct store_db *db, const struct office *office, const struct office_staff *staff,
                 const struct case_row *row, json_t **out)
{
    int64_t today = timestamp_day(store_now(db));
    json_t *doc = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:I}, s:s, s:s, s:s, s:b, s:I, s:o, s:o, s:s, s:o, s:s}", "case", row->case_no,
                            "home", row->home, "intake", row->intake, "item", "office", row->home, "code", row->item, "version",
                            (json_int_t)row->item_version, "state", case_states[row->local_state].name, "state_text",
                            case_states[row->local_state].zh, "state_confirmed", case_states[row->state].name, "pending", row->pending > 0,
                            "rev", (json_int_t)row->rev, "times", times_json(row), "due", due_json(row), "light",
                            light_text(case_light(office, row, today)), "actions",
                            actions_json(office, staff, row), "turn",
                            row->todo == TODO_WINDOW ? "window" : row->todo == TODO_HANDLER ? "handler" : "other");
    if (!doc)
        return TB_ENOMEM;
    *out = doc;
    return 0;
}

static int mark_one(struct store_db *db, json_t *material)
{
    const char *sha256 = json_string_value(json_object_get(material, "sha256"));
    struct material_row row;
    int rc = sha256 ? material_get(db, sha256, &row) : TB_ENOTFOUND;
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    return sha256 && json_object_set_new(material, "here", json_boolean(!rc)) ? TB_ENOMEM : 0;
}

static int mark_here(struct store_db *db, json_t *content)
{
    size_t i;
    json_t *material;
    int rc = mark_one(db, json_object_get(json_object_get(content, "decision"), "result"));
    json_array_foreach(json_object_get(content, "materials"), i, material)
        rc = rc ? rc : mark_one(db, material);
    return rc;
}

/* What the application lacks, until it was accepted: for the window to ask for, and for the notice to name. */
static int add_lacks(struct store_db *db, const struct case_row *row, json_t *doc)
{
    const uint64_t before = CASE_FROM(INTAKEN) | CASE_FROM(FORWARDED) | CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENT_ASKED) |
                            CASE_FROM(SUPPLEMENTED) | CASE_FROM(TOLERATED);
    int64_t version;
    bool current;
    json_t *item = NULL, *lacks = NULL;
    if (!(before >> row->local_state & 1) || json_object_get(doc, "joint"))
        return 0;
    int rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
    if (!rc)
        rc = item_lacks(item, doc, &lacks);
    if (!rc && lacks && json_object_set(doc, "lacks", lacks))
        rc = TB_ENOMEM;
    json_decref(lacks);
    json_decref(item);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

int case_document(struct store_db *db, const struct office *office, const struct office_staff *staff,
                  const struct case_row *row, json_t **out)
{
    json_t *content = NULL, *doc = NULL;
    int rc = case_fold(db, office, row, &content);
    if (!rc)
        rc = licence_from_remark(json_object_get(content, "materials"));
    if (!rc)
        rc = mark_here(db, content);
    if (!rc)
        rc = case_summary(db, office, staff, row, &doc);
    /* the content's `item` carries the name; numbers and state come from the row */
    const json_t *name = json_object_get(json_object_get(content, "item"), "name");
    if (!rc && json_is_string(name))
        (void)json_object_set_new(json_object_get(doc, "item"), "name", json_copy((json_t *)name));
    if (!rc && json_object_update_missing(doc, content))
        rc = TB_ENOMEM;
    if (!rc)
        rc = add_lacks(db, row, doc);
    if (!rc)
        rc = case_add_numbers(db, row, doc);
    json_decref(content);
    if (rc)
        json_decref(doc);
    else
        *out = doc;
    return rc;
}

/* The name as the pinned version has it; an item that is not here any more goes without. */
static int name_item(struct store_db *db, const struct case_row *row, json_t *item)
{
    struct buf text;
    int64_t version;
    bool current;
    json_t *stored = NULL;
    buf_init(&text, LIMIT_ENTRY_BYTES);
    int rc = item_get(db, row->home, row->item, row->item_version, &version, &current, &text);
    if (!rc)
        rc = strict_json_parse(text.data, text.len, &stored, NULL);
    json_t *name = json_object_get(stored, "name");
    if (!rc && name && json_object_set(item, "name", name))
        rc = TB_ENOMEM;
    json_decref(stored);
    buf_free(&text);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

int case_list_row(struct store_db *db, const struct office *office, const struct office_staff *staff,
                  const struct case_row *row, json_t **out)
{
    json_t *doc = NULL;
    int rc = case_summary(db, office, staff, row, &doc);
    if (rc)
        return rc;
    struct buf name, number;
    buf_init(&name, LIMIT_NAME_BYTES * 2);
    buf_init(&number, LIMIT_NAME_BYTES);
    rc = name_item(db, row, json_object_get(doc, "item"));
    if (!rc)
        rc = text_mask_name(row->applicant ? row->applicant : "", &name);
    if (!rc)
        rc = text_mask_number(row->number ? row->number : "", &number);
    if (!rc)
        rc = json_object_set_new(
                 doc, "applicant",
                 json_pack("{s:s, s:s}", "name", name.len ? name.data : "", "number", number.len ? number.data : ""))
                 ? TB_ENOMEM
                 : 0;
    buf_free(&name);
    buf_free(&number);
    if (rc)
        json_decref(doc);
    else
        *out = doc;
    return rc;
}
