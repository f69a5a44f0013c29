#include "daemon/office/office_internal.h"

#include <string.h>

#include "daemon/base/metrics.h"
#include "proto/timestamp.h"

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
    enum case_todo todo = case_state_todo(state);
    enum case_side side = case_side_of(office, row);
    enum case_todo ours = side == CASE_SIDE_INTAKE ? TODO_WINDOW : TODO_HANDLER;
    if (todo == TODO_BOTH || (case_is_local(row) && todo != TODO_NONE))
        return todo == TODO_BOTH ? ours : todo;
    return todo == ours ? ours : TODO_NONE;
}

unsigned case_once_done(const struct case_row *row)
{
    return (row->noticed ? ONCE_NOTICE : 0U) | (row->shifted & SHIFT_EXTENDED ? ONCE_EXTENSION : 0U);
}

void case_mark(struct case_row *row, enum entry_type type)
{
    if (type == ENTRY_CASE_NOTICE)
        row->noticed = 1;
    if (type == ENTRY_CASE_EXTENDED)
        row->shifted |= SHIFT_EXTENDED;
    if (type == ENTRY_CASE_SPECIAL)
        row->shifted |= SHIFT_SPECIAL;
}

int64_t case_moment(const struct entry *entry)
{
    int64_t at;
    const char *text = json_string_value(json_object_get(entry->body, "accepted_at"));
    bool back_dated = entry->type == ENTRY_CASE_DEEMED && text && timestamp_parse(text, &at) == 0 && at < entry->at;
    return back_dated ? at : entry->at;
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

int case_append(struct store_db *db, const struct office *office, struct case_row *row, struct entry *entry, uint64_t *index)
{
    memcpy(entry->case_no, row->case_no, sizeof entry->case_no);
    if (entry_type_is_message(entry->type) && !case_is_local(row))
        memcpy(entry->to, case_other(office, row), OFFICE_TEXT);
    uint64_t at;
    int rc = entry->to[0] ? materials_word(office, entry) : 0;
    if (rc)
        return rc;
    const struct document_row *document = document_of_act(office, row, entry);
    rc = document ? document_number_act(db, office, row, document, entry) : 0;
    if (!rc)
        rc = store_append(db, entry, &at, NULL);
    if (!rc && document)
        rc = document_keep_act(db, row, document, entry, at);
    if (rc)
        return rc;
    struct event_row event = {.rev = entry->rev, .own = true, .ref = (int64_t)at, .type = entry->type, .verdict = -1};
    memcpy(event.peer, office->code, OFFICE_TEXT);
    rc = event_add(db, row->id, &event);
    rc = rc ? rc : result_keep(db, row->id, entry->body);
    if (!rc && entry->type != ENTRY_CASE_VIEWED)
        rc = look_keep(db, row->id, entry->body);
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
    int rc = case_find_transition("received", CASE_SIDE_HOME, CASE_ROLE_SYSTEM, row->state, case_once_done(row), &move, NULL);
    if (rc)
        return rc;
    int64_t now = store_now(db);
    char text[TIMESTAMP_TEXT];
    timestamp_format(now, text);
    struct entry entry = {.type = move->entry, .rev = row->rev + 1, .at = now};
    entry.body = json_pack("{s:s}", "received_at", text);
    if (!entry.body)
        return TB_ENOMEM;
    rc = case_append(db, office, row, &entry, NULL);
    if (!rc) {
        case_confirm(office, row, move->to, entry.rev, move->time, now);
        rc = case_set_due(db, office, row, NULL);
    }
    if (!rc && !case_is_local(row))
        metric_add(METRIC_CASES_RECEIVED, 1);
    entry_clear(&entry);
    return rc;
}
