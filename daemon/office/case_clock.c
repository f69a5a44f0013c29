/* The clocks of a case: facts out of row, item and entries, into what the row caches and what a question shows. */
#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/timestamp.h"

/* The present state is about entries: what was asked, what came back, what shifts the decision. */
static bool needs_entries(const struct case_row *row)
{
    switch (row->state) {
    case CASE_SUPPLEMENT_ASKED:
    case CASE_SUPPLEMENTED:
    case CASE_TOLERATED:
        return true;
    default:
        return row->shifted && clock_of_state(row->state) == CLOCK_DECISION;
    }
}

/* 行政许可法 24: with an authorisation that includes acceptance the delegate's receipt is the home side's. */
static int read_authority(struct store_db *db, const struct entry *entry, struct clock_facts *facts)
{
    struct authorisation_row row;
    if (!entry->authorisation[0])
        return 0; /* also of a local case: nothing is entrusted */
    int rc = authorisation_get(db, entry->authorisation, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    facts->delegated = row.acceptance != 0;
    authorisation_row_clear(&row);
    return 0;
}

static int read_entries(struct store_db *db, const struct office *office, const struct case_row *row, bool whole,
                        struct clock_facts *facts)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = event_list(db, row->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        bool authority = whole && (events[i].type == ENTRY_CASE_SUBMITTED || events[i].type == ENTRY_CASE_INTAKEN);
        if (!event_stands(&events[i]) || (!authority && !clock_wants(events[i].type)))
            continue;
        struct case_fact fact;
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        if (authority)
            rc = read_authority(db, &fact.entry, facts);
        clock_add_entry(facts, &fact.entry);
        case_fact_clear(&fact);
    }
    free(events);
    return rc;
}

int case_facts(struct store_db *db, const struct office *office, const struct case_row *row, const struct entry *now, bool whole,
               struct clock_facts *facts)
{
    /* the window of a local case (本地办件) is the office itself: what it took in, the office has received */
    *facts = (struct clock_facts){.state = row->state, .rule = (enum notice_rule)row->rule, .delegated = case_is_local(row)};
    memcpy(facts->times, row->times, sizeof facts->times);
    int rc = 0;
    if (whole || clock_of_state(row->state) == CLOCK_DECISION) {
        int64_t version;
        bool current;
        json_t *item = NULL;
        rc = item_find(db, row->home, row->item, row->item_version, &version, &current, &item);
        if (!rc)
            clock_use_item(facts, item);
        json_decref(item);
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    if (!rc && (whole || needs_entries(row)))
        rc = read_entries(db, office, row, whole, facts);
    if (!rc && now && clock_wants(now->type))
        clock_add_entry(facts, now);
    return rc;
}

/* At the home side: the first day on which silence or a missed deadline may mean something.  The earliest possible one: when it has come,
 * case_tick looks closer. */
static int tick_day(const struct office *office, const struct case_row *row, struct clock_facts *facts, int64_t *day)
{
    int64_t last = 0, receipt;
    int rc = 0;
    if (case_side_of(office, row) == CASE_SIDE_HOME && row->state == CASE_RECEIVED) {
        facts->delegated = true; /* whether it is so is read when it matters */
        rc = clock_deemed(office->calendar, facts, &last, &receipt);
    } else if (case_side_of(office, row) == CASE_SIDE_HOME && row->state == CASE_SUPPLEMENT_ASKED) {
        last = facts->supplement_deadline;
    }
    *day = last ? last + 1 : 0;
    return rc;
}

int case_set_due(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *now)
{
    struct clock_facts facts;
    struct clock clock;
    enum clock_kind kind;
    int rc = case_facts(db, office, row, now, false, &facts);
    if (!rc)
        rc = clock_current(office->calendar, &facts, &clock, &kind);
    if (rc)
        return rc;
    bool runs = kind != CLOCKS;
    row->due_clock = runs ? (int64_t)kind : 0;
    row->due_day = runs ? clock.due_day : 0;
    row->due_provisional = runs && clock.provisional;
    row->clock_from = runs ? clock.from_day : 0;
    row->stop_until = runs ? clock.stop_until : 0;
    return tick_day(office, row, &facts, &row->tick_day);
}

enum light case_light(const struct office *office, const struct case_row *row, int64_t today)
{
    bool stopped = row->stop_until && today <= row->stop_until;
    return light_of(office->calendar, row->clock_from, row->due_day, today, stopped);
}

/* ---- the document ---- */

static json_t *clock_json(const struct office *office, enum clock_kind kind, const struct clock *clock, int64_t today)
{
    int64_t day = clock->ended_day ? clock->ended_day : today;
    return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:b, s:b, s:o, s:I, s:I, s:s}", "clock", clock_rows[kind].name, "name",
                     clock_rows[kind].zh, "law", clock_rows[kind].law, "step", (int)(clock_rows[kind].step >= 0), "from",
                     office_date_json(clock->from_day), "due", office_date_json(clock->due_day), "provisional", (int)clock->provisional,
                     "stopped", (int)clock->stopped, "ended", office_date_json(clock->ended_day), "left", (json_int_t)clock->left,
                     "overdue", (json_int_t)light_overdue(office->calendar, clock->due_day, day), "light", light_text(clock->light));
}

static json_t *phase_json(const struct phase *phase)
{
    json_t *doc = json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I}", "phase", phase->name, "name", phase->zh, "side",
                            phase_sides[phase->side], "from", office_time_json(phase->from), "to", office_time_json(phase->to), "days",
                            (json_int_t)phase->days, "over", (json_int_t)phase->over);
    if (doc)
        (void)json_object_set_new(doc, "limit", phase->limit < 0 ? json_null() : json_integer(phase->limit));
    return doc;
}

static int add_phases(json_t *doc, const struct phase *phases, size_t count)
{
    json_t *list = json_array(), *delay = json_object();
    int64_t over[PHASE_SIDES] = {0};
    int rc = list && delay ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++) {
        over[phases[i].side] += phases[i].over;
        rc = json_array_append_new(list, phase_json(&phases[i])) ? TB_ENOMEM : 0;
    }
    for (size_t side = 0; side < PHASE_SIDES && !rc; side++)
        rc = json_object_set_new(delay, phase_sides[side], json_integer(over[side])) ? TB_ENOMEM : 0;
    if (!rc && (json_object_set(doc, "phases", list) || json_object_set(doc, "delay", delay)))
        rc = TB_ENOMEM;
    json_decref(list);
    json_decref(delay);
    return rc;
}

/* The worst of the case's own clock and of its running clocks decides who has to know. */
static json_t *escalation_json(const struct office *office, const struct clock clocks[CLOCKS], int64_t today)
{
    int level = 0;
    for (int i = 0; i < CLOCKS; i++) {
        if (!clocks[i].runs || clocks[i].ended_day)
            continue;
        int one = escalation_of(clocks[i].light, light_overdue(office->calendar, clocks[i].due_day, today));
        level = one > level ? one : level;
    }
    if (!level)
        return json_null();
    const struct escalation_row *row = &escalations[level - 1];
    return json_pack("{s:i, s:s, s:s}", "level", level, "who", row->name, "name", row->zh);
}

int case_clocks(struct store_db *db, const struct office *office, const struct case_row *row, int64_t now, json_t **out)
{
    struct clock_facts facts;
    struct clock clocks[CLOCKS];
    struct phase phases[CLOCK_PHASES];
    size_t count = 0;
    int64_t today = timestamp_day(now);
    int rc = case_facts(db, office, row, NULL, true, &facts);
    if (!rc)
        rc = clock_compute(office->calendar, &facts, office->limits, today, clocks);
    if (!rc)
        rc = clock_phases(office->calendar, &facts, office->limits, now, phases, &count);
    if (rc)
        return rc;
    json_t *list = json_array();
    for (int i = 0; i < CLOCKS && !rc; i++)
        if (clocks[i].runs)
            rc = json_array_append_new(list, clock_json(office, (enum clock_kind)i, &clocks[i], today)) ? TB_ENOMEM : 0;
    json_t *doc = rc ? NULL
                     : json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:O, s:o}", "case", row->case_no, "state",
                                 case_states[row->state].name, "state_text", case_states[row->state].zh, "today", office_date_json(today),
                                 "light", light_text(case_light(office, row, today)), "rule", notice_rules[facts.rule].name, "receipt",
                                 facts.delegated ? "intake" : "home", "clocks", list, "escalation", escalation_json(office, clocks, today));
    if (!rc && !doc)
        rc = TB_ENOMEM;
    if (!rc)
        rc = add_phases(doc, phases, count);
    json_decref(list);
    if (rc)
        json_decref(doc);
    else
        *out = doc;
    return rc;
}
