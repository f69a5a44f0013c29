/* What the law does by itself, and what a new calendar does to dates. */
#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

/* Of one run; more wait for the next, so that staff never waits for the calendar. */
enum { TICK_CASES = 200 };

static int append_own(struct store_db *db, const struct office *office, struct case_row *row, const struct case_transition *move,
                      int64_t now, json_t *body)
{
    struct entry entry = {.type = move->entry, .rev = row->rev + 1, .at = now, .body = body};
    int rc = body ? 0 : TB_ENOMEM;
    if (!rc)
        rc = case_check_body(entry.type, body, NULL);
    if (!rc)
        rc = case_append(db, office, row, &entry, NULL);
    if (!rc) {
        case_confirm(office, row, move->to, entry.rev, move->time, case_moment(&entry));
        rc = case_set_due(db, office, row, NULL);
    }
    entry_clear(&entry);
    return rc;
}

/* 行政许可法 32(4), 不动产登记暂行条例 17: not told in time, accepted from the day of receipt on. */
static int deem(struct store_db *db, const struct office *office, struct case_row *row, int64_t now, bool *moved)
{
    struct clock_facts facts;
    const struct case_transition *move = NULL;
    int64_t last, receipt;
    int rc = case_facts(db, office, row, NULL, true, &facts);
    if (!rc)
        rc = clock_deemed(office->calendar, &facts, &last, &receipt);
    if (rc)
        return rc;
    *moved = true;
    if (!last || timestamp_day(now) <= last) { /* the receipt of the home side counts, which came later */
        row->tick_day = last ? last + 1 : 0;
        return 0;
    }
    rc = case_find_transition("deem", CASE_SIDE_HOME, CASE_ROLE_SYSTEM, row->state, case_once_done(row), &move, NULL);
    if (rc)
        return rc;
    char until[DATE_TEXT], at[TIMESTAMP_TEXT];
    date_format(last, until);
    timestamp_format(receipt, at);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s}", "rule", notice_rules[facts.rule].name, "accepted_at", at, "until", until,
                             "receipt", facts.delegated ? "intake" : "home", "law", notice_rules[facts.rule].law);
    if (body && office->papers.numbering) /* the acceptance notice says until when it will be decided */
        rc = document_promise(db, office, row, receipt, body);
    if (rc)
        json_decref(body);
    return rc ? rc : append_own(db, office, row, move, now, body);
}

/* What the applicant handed in at the other hall on the last day may still be on the way: nothing lapses before that office has said, after
 * the deadline by any clock, that nothing of its own waits. */
static int heard_since(struct store_db *db, const struct office *office, const struct case_row *row, int64_t deadline, bool *heard)
{
    struct peer_row peer;
    *heard = !strcmp(row->intake, office->code);
    if (*heard)
        return 0;
    int rc = peer_get(db, row->intake, &peer);
    if (rc)
        return rc;
    *heard = peer.last_idle >= date_start_ms(deadline + 1) + LIMIT_FUTURE_MS;
    peer_row_clear(&peer);
    return 0;
}

static int find_overdue_rule(struct store_db *db, const struct case_row *row, enum overdue_rule *rule)
{
    int64_t version;
    bool current;
    json_t *item = NULL;
    int rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
    *rule = rc ? OVERDUE_REFUSE : overdue_rule_of(item);
    json_decref(item);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* 逾期未补正: withdrawn where the item says so; else the handler decides, and from now on it is his turn. */
static int lapse(struct store_db *db, const struct office *office, struct case_row *row, int64_t now, bool *moved)
{
    const struct case_transition *move = NULL;
    enum overdue_rule rule;
    bool heard = false;
    int64_t deadline = row->due_day; /* of the clock of this state */
    int rc = find_overdue_rule(db, row, &rule);
    if (!rc && rule != OVERDUE_WITHDRAWN) {
        row->todo = TODO_HANDLER;
        row->tick_day = 0;
        *moved = true;
        return 0;
    }
    if (!rc)
        rc = heard_since(db, office, row, deadline, &heard);
    if (rc || !heard)
        return rc; /* looked at again in a minute */
    rc = case_find_transition("lapse", CASE_SIDE_HOME, CASE_ROLE_SYSTEM, row->state, case_once_done(row), &move, NULL);
    if (rc)
        return rc;
    *moved = true;
    char date[DATE_TEXT];
    date_format(deadline, date);
    return append_own(db, office, row, move, now,
                      json_pack("{s:s, s:s, s:s}", "rule", overdue_rules[rule].name, "deadline", date, "law", overdue_rules[rule].law));
}

int case_tick(struct store_db *db, const struct office *office, struct case_row *row, int64_t now, bool *moved)
{
    *moved = false;
    if (!row->tick_day || timestamp_day(now) < row->tick_day || case_side_of(office, row) != CASE_SIDE_HOME)
        return 0;
    switch (row->state) {
    case CASE_RECEIVED:
        return deem(db, office, row, now, moved);
    case CASE_SUPPLEMENT_ASKED:
        return lapse(db, office, row, now, moved);
    default:
        row->tick_day = 0;
        *moved = true;
        return 0;
    }
}

/* ---- a new calendar ---- */

static int note_recalculated(struct store_db *db, const struct office *office, struct case_row *row, int64_t was, enum clock_kind kind)
{
    char before[DATE_TEXT], after[DATE_TEXT], hex[65];
    for (size_t i = 0; i < sizeof office->calendar_digest; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", office->calendar_digest[i]);
    struct entry entry = {.type = ENTRY_CASE_RECALCULATED};
    entry.body = json_pack("{s:s, s:b, s:s}", "what", clock_rows[kind].name, "provisional", (int)row->due_provisional, "calendar", hex);
    int rc = entry.body ? 0 : TB_ENOMEM;
    if (!rc && was) {
        date_format(was, before);
        rc = json_object_set_new(entry.body, "was", json_string(before)) ? TB_ENOMEM : 0;
    }
    if (!rc && row->due_day) {
        date_format(row->due_day, after);
        rc = json_object_set_new(entry.body, "now", json_string(after)) ? TB_ENOMEM : 0;
    }
    if (!rc)
        rc = case_append(db, office, row, &entry, NULL);
    entry_clear(&entry);
    return rc;
}

static int recalculate_one(struct store_db *db, struct office_tick *tick, struct case_row *row)
{
    const struct office *office = tick->office;
    int64_t was = row->due_day, provisional = row->due_provisional, version;
    bool current;
    json_t *item = NULL;
    int rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
    if (!rc)
        row->rule = notice_rule_of(item); /* also for the rows of before this was kept */
    json_decref(item);
    rc = rc == TB_ENOTFOUND ? 0 : rc;
    if (!rc)
        rc = case_set_due(db, office, row, NULL);
    if (rc)
        return rc;
    tick->recalculated++;
    if (row->due_day != was || row->due_provisional != provisional) {
        rc = note_recalculated(db, office, row, was, (enum clock_kind)row->due_clock);
        tick->moved++;
        changed_add(&tick->changed, &tick->changed_count, row->case_no);
    }
    return rc ? rc : case_update(db, row);
}

/* One case whose stored lines are damaged must not keep the law from all others.  Nothing of it was written: the facts are read first. */
static int skip_damaged(struct store_db *db, struct office_tick *tick, int rc, uint64_t size)
{
    if (rc != TB_ECORRUPT || store_ledger_size(db) != size)
        return rc;
    tick->damaged++;
    return 0;
}

static int recalculate(struct store_db *db, struct office_tick *tick)
{
    struct calendar_state state = {.reached = 0};
    struct case_row *rows = NULL;
    size_t count = 0;
    int rc = calendar_state_get(db, &state);
    bool same = !rc && !memcmp(state.digest, tick->office->calendar_digest, sizeof state.digest);
    if (same && state.done)
        return 0;
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    if (!same) {
        state = (struct calendar_state){.reached = 0};
        memcpy(state.digest, tick->office->calendar_digest, sizeof state.digest);
    }
    rc = case_list_open_after(db, state.reached, TICK_CASES, &rows, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        uint64_t size = store_ledger_size(db);
        state.reached = rows[i].id;
        rc = skip_damaged(db, tick, recalculate_one(db, tick, &rows[i]), size);
    }
    case_rows_free(rows, count);
    state.done = count < TICK_CASES;
    state.changed += (int64_t)tick->moved;
    tick->calendar_done = state.done;
    tick->total = state.changed;
    tick->more = !state.done;
    return rc ? rc : calendar_state_put(db, &state);
}

static int move_due(struct store_db *db, struct office_tick *tick, struct case_row *row, int64_t now)
{
    enum case_state was = row->state;
    bool moved;
    int rc = case_tick(db, tick->office, row, now, &moved);
    if (!rc && moved)
        rc = case_update(db, row);
    if (rc || row->state == was)
        return rc;
    tick->deemed += row->state == CASE_ACCEPTED;
    tick->lapsed += row->state == CASE_DEEMED_WITHDRAWN;
    changed_add(&tick->changed, &tick->changed_count, row->case_no);
    const struct entry lapsed = {.type = ENTRY_CASE_LAPSED};
    if (case_states[row->state].final)
        rc = register_follow(db, tick->office, row, &lapsed);
    return rc ? rc : joint_follow(db, tick->office, row);
}

static int tick_run(struct store_db *db, struct store_command *command)
{
    struct office_tick *tick = (struct office_tick *)command;
    int64_t now = store_now(db);
    struct case_row *rows = NULL;
    size_t count = 0;
    int rc = recalculate(db, tick);
    if (rc || tick->more)
        return rc; /* what is due by the old calendar may not be due by the new one */
    rc = case_list_due(db, timestamp_day(now), tick->after_day, tick->after_id, TICK_CASES, &rows, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        tick->after_day = rows[i].tick_day;
        tick->after_id = rows[i].id;
        uint64_t size = store_ledger_size(db);
        rc = skip_damaged(db, tick, move_due(db, tick, &rows[i], now), size);
    }
    case_rows_free(rows, count);
    tick->more = count == TICK_CASES;
    if (!rc && !tick->more)
        rc = register_tick(db, tick->office, now);
    return rc;
}

void office_tick_init(struct office_tick *tick, const struct office *office)
{
    *tick = (struct office_tick){.command = {.run = tick_run}, .office = office};
}

void office_tick_go_on(struct office_tick *tick)
{
    struct office_tick next;
    office_tick_init(&next, tick->office);
    next.command.done = tick->command.done;
    next.after_day = tick->after_day;
    next.after_id = tick->after_id;
    next.user = tick->user;
    office_tick_clear(tick);
    *tick = next;
}

void office_tick_clear(struct office_tick *tick)
{
    free(tick->changed);
    tick->changed = NULL;
    tick->changed_count = 0;
}
