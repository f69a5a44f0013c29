/* Holds: cases that are not erased while a review or a suit needs them.  A row of the table, and the entry of our own ledger that proves
 * who said so, when and why. */
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/retention.h"

/* The entry; `hold->at` is another time than `now` for one that is written down later. */
static int append(struct store_db *db, enum entry_type type, struct retention_hold *hold, int64_t now)
{
    struct entry entry = {.type = type, .at = now};
    uint64_t index = 0;
    memcpy(entry.case_no, hold->case_no, sizeof entry.case_no);
    entry.body = json_pack("{s:s, s:I}", "reason", hold->reason, "uid", (json_int_t)hold->uid);
    int rc = entry.body ? 0 : TB_ENOMEM;
    if (!rc && hold->at != now && json_object_set_new(entry.body, "since", office_time_json(hold->at)))
        rc = TB_ENOMEM;
    if (!rc)
        rc = store_append(db, &entry, &index, NULL);
    entry_clear(&entry);
    hold->entry = (int64_t)index;
    return rc;
}

static int put(struct store_db *db, struct retention_hold *hold, struct problem *p)
{
    int64_t count = 0;
    bool over = false;
    int rc = retention_is_over(db, hold->case_id, &over);
    if (!rc && over)
        return problem_set(p, PROBLEM_STEP_DONE, "/case", "case %s was erased already", hold->case_no);
    if (!rc)
        rc = retention_hold_count(db, &count);
    if (!rc && count >= LIMIT_HOLDS)
        return problem_set(p, PROBLEM_TOO_LARGE, "/case", "%d cases are held already", LIMIT_HOLDS);
    if (!rc)
        rc = append(db, ENTRY_CASE_HELD, hold, hold->at);
    return rc ? rc : retention_hold_put(db, hold);
}

static int drop(struct store_db *db, struct retention_hold *hold, struct problem *p)
{
    int changes = 0;
    int rc = retention_hold_drop(db, hold->case_id, &changes);
    if (!rc && !changes)
        return problem_set(p, PROBLEM_STEP_DONE, "/case", "case %s is not held", hold->case_no);
    return rc ? rc : append(db, ENTRY_CASE_RELEASED, hold, hold->at);
}

int retention_hold_act(struct store_db *db, struct office_retention *r)
{
    struct case_row row;
    int rc = case_get(db, r->case_no, &row);
    if (rc == TB_ENOTFOUND)
        return problem_set(&r->problem, PROBLEM_NOT_FOUND, "/case", "case %s is not known at this office", r->case_no);
    if (rc)
        return rc;
    struct retention_hold hold = {.case_id = row.id, .at = store_now(db), .uid = r->uid};
    case_row_clear(&row);
    memcpy(hold.case_no, r->case_no, sizeof hold.case_no);
    (void)snprintf(hold.reason, sizeof hold.reason, "%s", r->reason);
    return r->act == RETENTION_HOLD ? put(db, &hold, &r->problem) : drop(db, &hold, &r->problem);
}

int retention_hold_start(struct store_db *db)
{
    struct retention_hold hold = {.case_id = 0};
    int64_t now = store_now(db);
    int rc = 0;
    while (!rc && !(rc = retention_hold_next(db, hold.case_id, &hold))) {
        if (hold.entry >= 0)
            continue;
        rc = append(db, ENTRY_CASE_HELD, &hold, now);
        if (!rc)
            rc = retention_hold_put(db, &hold);
    }
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* ---- the list ---- */

static int list_run(struct store_db *db, struct store_query *query)
{
    struct office_holds *holds = (struct office_holds *)query;
    struct retention_hold hold = {.case_id = 0};
    json_t *rows = json_array();
    int rc = rows ? 0 : TB_ENOMEM;
    while (!rc && !(rc = retention_hold_next(db, hold.case_id, &hold))) {
        json_t *row = json_pack("{s:s, s:o, s:I, s:s, s:I}", "case", hold.case_no, "since", office_time_json(hold.at), "uid",
                                (json_int_t)hold.uid, "reason", hold.reason, "entry", (json_int_t)hold.entry);
        rc = json_array_append_new(rows, row) ? TB_ENOMEM : 0;
    }
    holds->answer = rc == TB_ENOTFOUND ? json_pack("{s:O}", "rows", rows) : NULL;
    json_decref(rows);
    return rc == TB_ENOTFOUND ? (holds->answer ? 0 : TB_ENOMEM) : rc;
}

void office_holds_init(struct office_holds *holds)
{
    *holds = (struct office_holds){.query = {.run = list_run}};
}
