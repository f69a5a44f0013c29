/* Our own entries, which came back from a counterpart: what each of them did to cases and registers is done again.  Nothing is asked
 * and nothing decided: it happened. */
#include "daemon/office/recover.h"

#include <string.h>

#include "daemon/office/register.h"
#include "proto/case_law.h"
#include "proto/item.h"
#include "proto/timestamp.h"

/* ---- a case ---- */

static int keep_event(struct store_db *db, const struct office *office, const struct case_row *row, const struct entry *entry,
                      uint64_t index)
{
    struct event_row event = {.rev = entry->rev, .own = true, .ref = (int64_t)index, .type = entry->type, .verdict = -1};
    const struct document_row *document = document_of_act(office, row, entry);
    bool numbered = document && json_object_get(entry->body, "document_no");
    int rc = 0;
    memcpy(event.peer, office->code, OFFICE_TEXT);
    if (numbered) { /* the number was given: it is counted, and not given again */
        char number[DOCUMENT_NO_TEXT];
        rc = document_next_number(db, office, document, entry->at, number);
    }
    if (!rc && document)
        rc = document_keep_act(db, row, document, entry, index);
    if (!rc)
        rc = event_add(db, row->id, &event);
    if (!rc)
        rc = result_keep(db, row->id, entry->body);
    if (!rc)
        rc = look_keep(db, row->id, entry->body);
    /* a counterpart that has them will be asked for what is not here any more */
    const json_t *materials = json_object_get(entry->body, "materials"), *result = json_object_get(entry->body, "result");
    json_t *one = result ? json_pack("[O]", result) : NULL;
    size_t missing = 0;
    if (!rc)
        rc = materials_await(db, row->id, materials, &missing);
    if (!rc && one)
        rc = materials_await(db, row->id, one, &missing);
    json_decref(one);
    bool travels = case_side_of(office, row) == CASE_SIDE_INTAKE || entry->type == ENTRY_CASE_DECIDED;
    return rc || !travels ? rc : materials_send(db, entry->to, index, entry->body);
}

static int copy_text(const json_t *object, const char *key, char **out)
{
    const char *text = json_string_value(json_object_get(object, key));
    *out = strdup(text ? text : "");
    return *out ? 0 : TB_ENOMEM;
}

static int fill_row(struct store_db *db, const struct office *office, const struct entry *entry, struct case_row *row)
{
    const json_t *item = json_object_get(entry->body, "item"), *applicant = json_object_get(entry->body, "applicant");
    const char *code = json_string_value(json_object_get(item, "code"));
    const char *handed_in = json_string_value(json_object_get(entry->body, "handed_in_at"));
    const struct office_staff *staff = office_staff(office, entry->staff);
    json_t *stored = NULL;
    int64_t found;
    bool current;
    if (!code || strlen(code) >= sizeof row->item)
        return TB_EMALFORMED;
    memcpy(row->case_no, entry->case_no, CASE_NO_TEXT);
    memcpy(row->home, entry->to, OFFICE_TEXT);
    memcpy(row->intake, office->code, OFFICE_TEXT);
    memcpy(row->item, code, strlen(code) + 1);
    row->item_version = json_integer_value(json_object_get(item, "version"));
    row->times[TIME_HANDED_IN] = entry->at;
    if (handed_in && timestamp_parse(handed_in, &row->times[TIME_HANDED_IN]))
        return TB_EMALFORMED;
    if (staff) {
        memcpy(row->window, staff->window, sizeof row->window);
        memcpy(row->township, staff->township, sizeof row->township);
    }
    int rc = item_find(db, row->home, row->item, row->item_version, &found, &current, &stored);
    if (!rc)
        row->rule = notice_rule_of(stored);
    json_decref(stored);
    rc = rc == TB_ENOTFOUND ? 0 : rc;
    rc = rc ? rc : copy_text(applicant, "name", &row->applicant);
    return rc ? rc : copy_text(json_object_get(applicant, "certificate"), "number", &row->number);
}

/* An application that was taken in and forwarded: the case was lost with its intake, or stood at the window. */
static int submitted(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index)
{
    struct case_row row;
    uint32_t serial;
    memset(&row, 0, sizeof row);
    int rc = case_get(db, entry->case_no, &row);
    bool fresh = rc == TB_ENOTFOUND;
    if (fresh)
        rc = fill_row(db, office, entry, &row);
    row.state = row.local_state = CASE_FORWARDED;
    row.pending = 1;
    if (!row.times[TIME_SENT])
        row.times[TIME_SENT] = entry->at;
    row.todo = case_todo_here(office, &row, row.local_state);
    if (!rc)
        rc = case_set_due(db, office, &row, NULL);
    if (!rc)
        rc = fresh ? case_insert(db, &row) : case_update(db, &row);
    if (!rc && fresh)
        rc = case_serial_next(db, timestamp_day(entry->at), &serial);
    if (!rc)
        rc = keep_event(db, office, &row, entry, index);
    if (!rc)
        rc = joint_leg_again(db, office, &row, entry);
    case_row_clear(&row);
    return rc;
}

/* The row of the table that the entry stands for: what our own messages had made of the case then may not be settled yet, so
 * the state of the counterpart's last word does as well. */
static const struct case_transition *move_of(const struct entry *entry, const struct case_row *row)
{
    const enum case_state states[] = {row->local_state, row->state};
    const struct case_transition *move = NULL;
    for (size_t i = 0; i < 2; i++)
        if (case_find_by_entry(entry->type, CASE_SIDE_INTAKE, states[i], entry->body, &move, NULL) == 0)
            return move;
    return NULL;
}

static int on_case(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index)
{
    struct case_row row;
    if (entry->type == ENTRY_CASE_SUBMITTED)
        return submitted(db, office, entry, index);
    int rc = case_get(db, entry->case_no, &row);
    if (rc)
        return rc;
    const struct case_transition *move =
        entry->rev ? case_home_move(entry->type, row.state, entry->body) : move_of(entry, &row);
    if (!move) {
        case_row_clear(&row);
        return TB_EREFUSED;
    }
    case_mark(&row, entry->type);
    if (entry->rev) {
        case_confirm(office, &row, move->to, entry->rev, move->time, case_moment(entry));
    } else {
        if (move->time != TIME_NONE && !row.times[move->time])
            row.times[move->time] = entry->at;
        if (move->to != CASE_STATES)
            row.local_state = move->to;
        row.pending++;
        row.todo = case_todo_here(office, &row, row.local_state);
    }
    rc = case_set_due(db, office, &row, entry);
    if (!rc)
        rc = keep_event(db, office, &row, entry, index);
    if (!rc)
        rc = case_update(db, &row);
    case_row_clear(&row);
    return rc;
}

/* ---- what is about no case ---- */

static int on_catalogue(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index)
{
    const struct catalogue_author author = {.at = entry->at, .staff = entry->staff, .role = entry->role};
    int64_t number = json_integer_value(json_object_get(entry->body, "edition")), have = 0;
    uint8_t digest[32];
    int rc = edition_get(db, office->code, &have, digest);
    rc = rc == TB_ENOTFOUND ? 0 : rc;
    if (!rc && number > have) /* the copies for further counterparts say the same */
        rc = catalogue_take(db, office->suite, entry->body, &author, NULL, NULL);
    return rc ? rc : edition_sent(db, entry->to, number, index);
}

int recover_own(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index)
{
    if (entry->type == ENTRY_CATALOGUE)
        return on_catalogue(db, office, entry, index);
    if (entry->type == ENTRY_AUTHORISATION)
        return authorisation_keep(db, entry->body, office->code, entry->to, NULL);
    if (entry_type_is_act(entry->type))
        return register_again(db, office, entry, index);
    return entry->case_no[0] ? on_case(db, office, entry, index) : TB_EREFUSED;
}
