/* Questions about the registers: lists, one object with its history, the steps and the originals of a case. */
#include "daemon/office/register.h"

#include <stdlib.h>
#include <string.h>

#include "proto/access.h"
#include "proto/light.h"
#include "proto/strict_json.h"
#include "proto/text.h"
#include "proto/timestamp.h"

static json_t *acts_json(const struct office *office, const struct office_staff *staff, const struct object_row *row)
{
    const struct register_kind *kind = &register_kinds[row->kind];
    const char *words[16];
    int role = staff ? case_role_by_name(staff->role) : -1;
    json_t *acts = json_array();
    /* what the authority did not take is not there: nothing can follow */
    size_t count = role < 0 || row->local_state == REGISTER_NONE ? 0
                            : register_possible(kind, deed_party(row, office->code), (unsigned)role, row->local_state, words,
                                                sizeof words / sizeof words[0]);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(acts, json_string(words[i]));
    return acts;
}

/* The light of what is due; an authorisation that holds until a day is no task. */
static const char *light_here(const struct office *office, const struct object_row *row, int64_t now)
{
    bool task = row->open && register_kinds[row->kind].states[row->local_state].turn;
    return task ? light_text(light_of(office->calendar, timestamp_day(row->opened), row->due_day, timestamp_day(now), false)) : "";
}

int register_summary(const struct office *office, const struct office_staff *staff, const struct object_row *row, int64_t now, json_t **out)
{
    const struct register_kind *kind = &register_kinds[row->kind];
    const struct register_state *state = &kind->states[row->local_state];
    char opened[TIMESTAMP_TEXT], changed[TIMESTAMP_TEXT];
    timestamp_format(row->opened, opened);
    timestamp_format(row->changed, changed);
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:o, s:b, s:o}", "no", row->no, "kind",
                            kind->name, "owner", row->owner, "other", row->other, "case", row->case_no, "uuid", row->uuid, "state",
                            state->name, "state_text", state->zh, "state_confirmed", kind->states[row->state].name, "pending",
                            (int)(row->pending > 0), "open", (int)row->open, "opened", opened, "changed", changed, "light",
                            light_here(office, row, now), "due",
                            office_date_json(row->due_day), "turn", (int)row->turn, "acts", acts_json(office, staff, row));
    if (!doc)
        return TB_ENOMEM;
    *out = doc;
    return 0;
}

/* Names of people outside the offices stay masked: whoever has to see them opens the case, which is recorded. */
static int mask_people(json_t *content)
{
    static const char *const people[] = {"recipient", NULL};
    const char *key;
    json_t *value;
    size_t i;
    int rc = 0;
    for (size_t k = 0; people[k] && json_is_object(content); k++) {
        const char *name = json_string_value(json_object_get(content, people[k]));
        struct buf masked;
        if (!name)
            continue;
        buf_init(&masked, LIMIT_NAME_BYTES * 2);
        rc = text_mask_name(name, &masked);
        if (!rc && json_object_set_new(content, people[k], json_stringn(masked.len ? masked.data : "", masked.len)))
            rc = TB_ENOMEM;
        buf_free(&masked);
        if (rc)
            return rc;
    }
    if (json_is_object(content))
        json_object_foreach(content, key, value) rc = rc ? rc : mask_people(value);
    json_array_foreach(content, i, value) rc = rc ? rc : mask_people(value);
    return rc;
}

static int read_content(const struct object_row *row, json_t **content)
{
    int rc = strict_json_parse(row->doc, strlen(row->doc), content, NULL);
    if (rc)
        return TB_ECORRUPT;
    rc = mask_people(*content);
    if (rc)
        json_decref(*content);
    return rc;
}

/* ---- who may read ---- */

/* A supervisor reads what speaks of the offices, not what clerks write to each other about an applicant. */
static bool may_read(const struct office_question *q, int kind)
{
    return kind < 0 || register_kinds[kind].supervised || !q->staff || access_may(q->staff->role, ACCESS_KIND_REGISTER_PERSONS);
}

static int refuse_reader(struct office_question *q)
{
    return problem_set(&q->problem, PROBLEM_NOT_ALLOWED, NULL, "%s needs the role %s", "a register", "window or handler");
}

/* ---- lists ---- */

static int list_row(struct office_question *q, int64_t now, const struct object_row *row, json_t *list)
{
    json_t *doc = NULL, *content = NULL;
    int rc = register_summary(q->office, q->staff, row, now, &doc);
    if (!rc)
        rc = read_content(row, &content);
    const char *const *columns = register_kinds[row->kind].columns;
    for (size_t i = 0; !rc && columns[i]; i++)
        if (json_object_get(content, columns[i]) && json_object_set(doc, columns[i], json_object_get(content, columns[i])))
            rc = TB_ENOMEM;
    if (!rc && json_array_append(list, doc))
        rc = TB_ENOMEM;
    json_decref(doc);
    json_decref(content);
    return rc;
}

static int find_case_id(struct store_db *db, struct office_question *q, struct case_row *row)
{
    int rc = case_get(db, q->case_no, row);
    return rc == TB_ENOTFOUND ? problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", q->case_no)
                              : rc;
}

int ask_registers(struct store_db *db, struct office_question *q)
{
    if (!may_read(q, q->register_kind))
        return refuse_reader(q);
    struct object_filter filter = {.kind = q->register_kind, .open_only = q->open_only, .cursor = q->cursor, .limit = q->limit};
    struct case_row about = {.id = 0};
    filter.turn = q->register_kind < 0 && !q->case_no[0];
    int rc = q->case_no[0] ? find_case_id(db, q, &about) : 0;
    filter.case_id = about.id;
    case_row_clear(&about);
    struct object_row *rows = NULL;
    size_t count = 0;
    int64_t next = 0;
    if (!rc)
        rc = object_list(db, &filter, &rows, &count, &next);
    json_t *list = json_array();
    for (size_t i = 0; i < count && !rc; i++)
        if (may_read(q, (int)rows[i].kind))
            rc = list ? list_row(q, store_now(db), &rows[i], list) : TB_ENOMEM;
    object_rows_free(rows, count);
    char cursor[24];
    (void)snprintf(cursor, sizeof cursor, "%lld", (long long)next);
    if (!rc)
        q->answer = json_pack("{s:O, s:s?}", "rows", list, "next", next ? cursor : NULL);
    json_decref(list);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}

/* ---- one object ---- */

static int history_row(const struct case_fact *fact, json_t *list)
{
    const struct entry *entry = &fact->entry;
    char at[TIMESTAMP_TEXT];
    timestamp_format(entry->at, at);
    const char *verdict = fact->event.verdict >= 0 ? verdict_text((enum verdict)fact->event.verdict) : fact->event.rev ? "done" : "";
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:s, s:s}", "act",
                            json_string_value(json_object_get(entry->body, "act")), "at", at, "from", entry->from, "staff",
                            entry->staff, "role", entry->role, "rev", (json_int_t)fact->event.rev, "verdict", verdict, "pending",
                            (int)(!fact->event.rev && fact->event.verdict < 0), "authorisation", entry->authorisation, "id", entry->id);
    return row && !json_array_append_new(list, row) ? 0 : TB_ENOMEM;
}

static int history_of(struct store_db *db, const struct office *office, const struct object_row *object, json_t *list)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = object_event_list(db, object->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        rc = history_row(&fact, list);
        case_fact_clear(&fact);
    }
    free(events);
    return rc;
}

int ask_register(struct store_db *db, struct office_question *q)
{
    struct object_row row;
    if (!may_read(q, q->register_kind))
        return refuse_reader(q);
    int rc = object_get(db, q->object_no, &row);
    if (rc == TB_ENOTFOUND || (!rc && (int)row.kind != q->register_kind)) {
        if (!rc)
            object_row_clear(&row);
        return problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL, "%s is not known at this office", q->object_no);
    }
    if (rc)
        return rc;
    json_t *doc = NULL, *content = NULL, *history = json_array();
    rc = register_summary(q->office, q->staff, &row, store_now(db), &doc);
    if (!rc)
        rc = read_content(&row, &content);
    if (!rc)
        rc = history ? history_of(db, q->office, &row, history) : TB_ENOMEM;
    if (!rc && (json_object_set(doc, "data", content) || json_object_set(doc, "history", history)))
        rc = TB_ENOMEM;
    object_row_clear(&row);
    json_decref(content);
    json_decref(history);
    if (rc)
        json_decref(doc);
    else
        q->answer = doc;
    return rc;
}

/* ---- the delegated steps of a case ---- */

/* What the intake side showed with the application itself is a step that was done in one breath with it. */
static int shown_step(json_t *list, const struct case_row *row, const char *step, const char *task, json_t *evidence)
{
    char at[TIMESTAMP_TEXT];
    timestamp_format(row->times[TIME_HANDED_IN], at);
    json_t *doc =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "no", "", "step", step, "task", task, "owner", row->home, "other",
                  row->intake, "state", "done", "state_text", "已完成", "opened", at, "data", evidence ? evidence : json_object());
    return doc && !json_array_append_new(list, doc) ? 0 : TB_ENOMEM;
}

static int shown_steps(struct store_db *db, struct office_question *q, const struct case_row *row, json_t *list)
{
    json_t *content = NULL, *material;
    size_t i;
    int rc = case_fold(db, q->office, row, &content);
    if (!rc)
        rc = shown_step(list, row, "intake", "", NULL);
    json_array_foreach(json_object_get(content, "materials"), i, material)
    {
        if (rc || !json_is_true(json_object_get(material, "original_seen")))
            continue;
        const char *name = json_string_value(json_object_get(material, "name")),
                   *sha256 = json_string_value(json_object_get(material, "sha256"));
        json_t *one = json_pack("{s:s, s:b, s:s*}", "material", name ? name : "", "agrees", 1, "sha256", sha256);
        rc = shown_step(list, row, "original", name ? name : "", json_pack("{s:[o]}", "originals", one));
    }
    json_t *comparison = json_object_get(content, "comparison");
    if (!rc && comparison)
        rc = shown_step(list, row, "person", "", json_pack("{s:O}", "comparison", comparison));
    json_decref(content);
    return rc;
}

static int requested_steps(struct store_db *db, struct office_question *q, const struct case_row *about, json_t *list)
{
    struct object_filter filter = {.kind = REGISTER_STEP, .case_id = about->id, .limit = LIMIT_LIST_PAGE};
    size_t shown = json_array_size(list);
    int rc = 0;
    do { /* a page holds what else there is about the case, too */
        struct object_row *rows = NULL;
        size_t count = 0;
        rc = object_list(db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc; i++) {
            json_t *doc = NULL, *content = NULL;
            rc = register_summary(q->office, q->staff, &rows[i], store_now(db), &doc);
            if (!rc)
                rc = read_content(&rows[i], &content);
            if (!rc && (json_object_set(doc, "step", json_object_get(content, "step")) || json_object_set(doc, "data", content) ||
                        json_array_insert(list, shown, doc))) /* oldest first */
                rc = TB_ENOMEM;
            json_decref(doc);
            json_decref(content);
        }
        object_rows_free(rows, count);
    } while (filter.cursor && !rc);
    return rc;
}

int ask_steps(struct store_db *db, struct office_question *q)
{
    struct case_row row;
    int rc = find_case_id(db, q, &row);
    if (rc)
        return rc;
    json_t *list = json_array();
    rc = list ? 0 : TB_ENOMEM;
    if (!rc && strcmp(row.home, row.intake) != 0)
        rc = shown_steps(db, q, &row, list);
    if (!rc)
        rc = requested_steps(db, q, &row, list);
    if (!rc)
        q->answer = json_pack("{s:s, s:O, s:n}", "case", row.case_no, "rows", list, "next");
    json_decref(list);
    case_row_clear(&row);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}

/* ---- originals ---- */

int ask_originals(struct store_db *db, struct office_question *q)
{
    struct deed d = {.db = db, .office = q->office};
    struct originals sums;
    int64_t packed;
    int rc = find_case_id(db, q, &d.about);
    if (!rc)
        rc = register_originals(&d, case_side_of(q->office, &d.about), &sums, &packed);
    if (!rc)
        q->answer = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "case", d.about.case_no, "home", d.about.home,
                              "intake", d.about.intake, "kept", (json_int_t)sums.kept, "at_intake", (json_int_t)sums.at_intake,
                              "at_home", (json_int_t)sums.at_home, "moving", (json_int_t)sums.moving, "lost", (json_int_t)sums.lost,
                              "returned", (json_int_t)sums.returned, "balanced", (int)sums.balanced);
    deed_clear(&d);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}
