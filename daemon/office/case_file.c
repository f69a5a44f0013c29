#include "daemon/office/office_internal.h"

#include <string.h>

#include "daemon/base/metrics.h"
#include "proto/timestamp.h"

/* 行政许可法 32(4): the one-time notice within five days; 44: the result delivered within ten. */
enum { NOTICE_WORKING_DAYS = 5, DELIVERY_WORKING_DAYS = 10 };

static int64_t now_ms(struct store_db *db)
{
    return store_world(db)->now_ms(store_world(db)->context);
}

enum case_side case_side_of(const struct office *office, const struct case_row *row)
{
    if (strcmp(row->home, office->code))
        return CASE_SIDE_INTAKE;
    bool at_window = row->local_state == CASE_NONE || row->local_state == CASE_INTAKEN;
    return case_is_local(row) && at_window ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
}

bool case_is_local(const struct case_row *row)
{
    return !strcmp(row->home, row->intake);
}

const char *case_other(const struct office *office, const struct case_row *row)
{
    return case_side_of(office, row) == CASE_SIDE_HOME ? row->intake : row->home;
}

enum case_todo case_todo_here(const struct office *office, const struct case_row *row, enum case_state state)
{
    enum case_todo todo = TODO_NONE;
    for (size_t i = 0; i < case_transition_count; i++)
        if (case_transitions[i].to == state) {
            todo = case_transitions[i].todo;
            break;
        }
    enum case_side side = case_side_of(office, row);
    bool ours = (todo == TODO_WINDOW && side == CASE_SIDE_INTAKE) || (todo == TODO_HANDLER && side == CASE_SIDE_HOME);
    return ours || case_is_local(row) ? todo : TODO_NONE;
}

void case_confirm(const struct office *office, struct case_row *row, enum case_state to, int64_t rev, enum case_time time, int64_t at)
{
    if (time != TIME_NONE && !row->times[time])
        row->times[time] = at;
    if (rev <= row->rev)
        return; /* a later move of the home side is known already */
    row->rev = rev;
    if (to == CASE_STATES)
        return;
    row->state = to;
    if (!row->pending)
        row->local_state = to;
    row->todo = case_todo_here(office, row, row->local_state);
}

/* Limit of the pinned item version in force: the earlier of promised and statutory (domain.md 4.1). */
static int limit_due(const struct office *office, const json_t *item, int64_t from_day, int64_t *due, bool *provisional, bool *any)
{
    static const char *const names[] = {"promised_limit", "statutory_limit"};
    *any = false;
    for (size_t i = 0; i < 2; i++) {
        const json_t *limit = json_object_get(item, names[i]);
        if (!json_is_object(limit))
            continue;
        int64_t days = json_integer_value(json_object_get(limit, "days"));
        const char *unit = json_string_value(json_object_get(limit, "unit"));
        int64_t day;
        bool unsure = false;
        if (unit && !strcmp(unit, "calendar_day")) {
            day = from_day + days;
        } else {
            int rc = calendar_add(office->calendar, from_day, (unsigned)days, &day, &unsure);
            if (rc)
                return rc;
        }
        if (!*any || day < *due) {
            *due = day;
            *provisional = unsure;
        }
        *any = true;
    }
    return 0;
}

static int decision_due(struct store_db *db, const struct office *office, struct case_row *row, int64_t *due, bool *provisional, bool *any)
{
    int64_t version;
    bool current;
    json_t *item = NULL;
    int rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
    if (!rc)
        rc = limit_due(office, item, timestamp_day(row->times[TIME_ACCEPTED]), due, provisional, any);
    json_decref(item);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

int case_set_due(struct store_db *db, const struct office *office, struct case_row *row)
{
    int64_t due = 0;
    bool provisional = false, any = false;
    int rc = 0;
    switch (row->state) {
    case CASE_FORWARDED:
    case CASE_RECEIVED:
    case CASE_SUPPLEMENTED:
        any = true;
        rc = calendar_add(office->calendar, timestamp_day(row->times[TIME_HANDED_IN]), NOTICE_WORKING_DAYS, &due, &provisional);
        break;
    case CASE_ACCEPTED:
        rc = decision_due(db, office, row, &due, &provisional, &any);
        break;
    case CASE_GRANTED:
    case CASE_DENIED:
    case CASE_DELIVERING:
        any = true;
        rc = calendar_add(office->calendar, timestamp_day(row->times[TIME_DECIDED]), DELIVERY_WORKING_DAYS, &due, &provisional);
        break;
    default:
        break;
    }
    if (rc)
        return rc;
    row->due_day = any ? due : 0;
    row->due_provisional = any && provisional;
    return 0;
}

int case_append(struct store_db *db, const struct office *office, struct case_row *row, struct entry *entry, uint64_t *index)
{
    memcpy(entry->case_no, row->case_no, sizeof entry->case_no);
    if (entry_type_is_message(entry->type) && !case_is_local(row))
        memcpy(entry->to, case_other(office, row), OFFICE_TEXT);
    uint64_t at;
    int rc = store_append(db, entry, &at, NULL);
    if (rc)
        return rc;
    struct event_row event = {.rev = entry->rev, .own = true, .ref = (int64_t)at, .type = entry->type, .verdict = -1};
    memcpy(event.peer, office->code, OFFICE_TEXT);
    rc = event_add(db, row->id, &event);
    /* what the home side was handed at its own counter stays there: the intake side is told, not sent it */
    bool travels = entry->to[0] && (case_side_of(office, row) == CASE_SIDE_INTAKE || entry->type == ENTRY_CASE_DECIDED);
    if (!rc && travels)
        rc = materials_send(db, entry->to, at, entry->body);
    if (!rc && index)
        *index = at;
    return rc;
}

int case_mark_received(struct store_db *db, const struct office *office, struct case_row *row)
{
    const struct case_transition *move = NULL;
    int rc = case_find_transition("received", CASE_SIDE_HOME, CASE_ROLE_SYSTEM, row->state, row->noticed, &move, NULL);
    if (rc)
        return rc;
    int64_t now = now_ms(db);
    char text[TIMESTAMP_TEXT];
    timestamp_format(now, text);
    struct entry entry = {.type = move->entry, .rev = row->rev + 1, .at = now};
    entry.body = json_pack("{s:s}", "received_at", text);
    if (!entry.body)
        return TB_ENOMEM;
    rc = case_append(db, office, row, &entry, NULL);
    if (!rc) {
        case_confirm(office, row, move->to, entry.rev, move->time, now);
        rc = case_set_due(db, office, row);
    }
    if (!rc && !case_is_local(row))
        metric_add(METRIC_CASES_RECEIVED, 1);
    entry_clear(&entry);
    return rc;
}
