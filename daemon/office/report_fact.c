/* report_fact: one case as reports see it — from its row, and by replaying its entries; the two must agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/clock.h"
#include "proto/text.h"
#include "proto/timestamp.h"
#include "proto/strict_json.h"

int fact_begin(struct fact_maker *maker, struct store_db *db, const struct office *office, unsigned needs)
{
    *maker = (struct fact_maker){.db = db, .office = office, .needs = needs, .items = json_object()};
    buf_init(&maker->row_name, LIMIT_NAME_BYTES * 2);
    buf_init(&maker->entry_name, LIMIT_NAME_BYTES * 2);
    return maker->items ? 0 : TB_ENOMEM;
}

void fact_end(struct fact_maker *maker)
{
    json_decref(maker->items);
    maker->items = NULL;
    buf_free(&maker->row_name);
    buf_free(&maker->entry_name);
}

/* ---- what both paths share ---- */

static int set_item(struct fact_maker *maker, struct report_case *c)
{
    char key[96];
    (void)snprintf(key, sizeof key, "%s/%s/%lld", c->home, c->item, (long long)c->item_version);
    json_t *shown = json_object_get(maker->items, key);
    if (!shown) {
        int64_t version;
        bool current;
        json_t *item = NULL;
        int rc = item_find(maker->db, c->home, c->item, c->item_version, &version, &current, &item);
        if (rc && rc != TB_ENOTFOUND)
            return rc;
        shown =
            json_pack("{s:s, s:s, s:s, s:i}", "name", strict_json_peek(item, "name"), "department", strict_json_peek(item, "department"),
                      "mode", strict_json_peek(item, "mode"), "rule", item ? (int)notice_rule_of(item) : 0);
        json_decref(item);
        if (!shown || json_object_set_new(maker->items, key, shown))
            return TB_ENOMEM;
    }
    c->item_name = strict_json_peek(shown, "name");
    c->department = strict_json_peek(shown, "department");
    c->mode = strict_json_peek(shown, "mode");
    c->notice_rule = json_integer_value(json_object_get(shown, "rule"));
    return 0;
}

static int set_applicant(struct buf *masked, const char *name, struct report_case *c)
{
    buf_clear(masked);
    int rc = name && name[0] ? text_mask_name(name, masked) : 0;
    c->applicant = masked->len ? masked->data : "";
    return rc;
}

static void take_clock(struct report_case *c, enum report_clock which, const struct clock *clock)
{
    c->due[which] = clock->runs ? clock->due_day : 0;
    c->ended[which] = clock->runs ? clock->ended_day : 0;
}

/* What the lists cache of the clock that runs now, and — where a report looks at them — the three clocks whole (proto/clock.h). */
static int set_clocks(struct fact_maker *maker, const struct case_row *row, struct report_case *c)
{
    struct clock_facts facts;
    struct clock clocks[CLOCKS];
    const struct world *world = store_world(maker->db);
    int64_t today = timestamp_day(world->now_ms(world->context));
    c->due_day = row->due_day;
    c->due_from = row->clock_from;
    c->due_clock = row->due_clock >= 0 && row->due_clock < CLOCKS ? clock_rows[row->due_clock].name : "";
    c->due_provisional = row->due_provisional != 0;
    c->stopped = row->stop_until && today <= row->stop_until;
    if (!(maker->needs & REPORT_NEEDS_CLOCKS))
        return 0;
    int rc = case_facts(maker->db, maker->office, row, NULL, true, &facts);
    if (!rc)
        rc = clock_compute(maker->office->calendar, &facts, maker->office->limits, today, clocks);
    if (rc)
        return rc;
    take_clock(c, REPORT_DECISION, &clocks[CLOCK_DECISION]);
    take_clock(c, REPORT_DELIVERY, &clocks[CLOCK_DELIVERY]);
    /* The home side's first word must come within the first days: what a supplement adds afterwards does not excuse a late notice, and a
     * deemed acceptance, which is dated back, is not a word in time. */
    int64_t first_word = facts.answered_at;
    facts.noticed_at = facts.supplemented_at = 0;
    rc = clock_compute(maker->office->calendar, &facts, maker->office->limits, today, clocks);
    if (rc)
        return rc;
    take_clock(c, REPORT_NOTICE, &clocks[CLOCK_NOTICE]);
    c->ended[REPORT_NOTICE] = first_word ? timestamp_day(first_word) : c->times[TIME_CLOSED] ? timestamp_day(c->times[TIME_CLOSED]) : 0;
    return 0;
}

static int64_t time_of(const json_t *body, const char *key)
{
    int64_t ms = 0;
    const char *text = json_string_value(json_object_get(body, key));
    return text && !timestamp_parse(text, &ms) ? ms : 0;
}

static void copy_word(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len >= size) {
        /* a cut in the middle of a character would not be UTF-8 any more */
        for (len = size - 1; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
            len--;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

static void take_delivered(const json_t *body, struct report_case *c)
{
    bool mail = !strcmp(strict_json_peek(body, "way"), "mail") || strict_json_peek(body, "tracking_no")[0];
    c->received_at = time_of(body, "received_at");
    c->mailed = mail;
    c->mail_refused = mail && strict_json_peek(body, "refusal_reason")[0];
    copy_word(c->carrier, sizeof c->carrier, strict_json_peek(body, "carrier"));
    copy_word(c->tracking_no, sizeof c->tracking_no, strict_json_peek(body, "tracking_no"));
}

/* What an entry says beside its move: the part that no column of the row holds. */
static void take_particulars(const struct entry *entry, struct report_case *c)
{
    const json_t *body = entry->body;
    switch (entry->type) {
    case ENTRY_CASE_INTAKEN:
    case ENTRY_CASE_SUBMITTED:
        c->materials = (int64_t)json_array_size(json_object_get(body, "materials"));
        c->late = json_is_true(json_object_get(body, "late"));
        if (!c->staff[0]) /* who forwards it later did not take it in */
            copy_word(c->staff, sizeof c->staff, entry->staff);
        break;
    case ENTRY_CASE_NOTICE:
        if (!c->notice_at)
            c->notice_at = entry->at;
        if (date_parse(strict_json_peek(body, "deadline"), &c->deadline_day))
            c->deadline_day = 0;
        break;
    case ENTRY_CASE_SUPPLEMENTED:
        if (!c->supplemented_at)
            c->supplemented_at = entry->at;
        break;
    case ENTRY_CASE_REFUSED:
        c->refused = 1;
        break;
    case ENTRY_CASE_DECIDED:
        c->granted = !strcmp(strict_json_peek(body, "outcome"), "grant");
        c->denied = !c->granted;
        break;
    case ENTRY_CASE_DELIVERY:
        copy_word(c->mail_place, sizeof c->mail_place, strict_json_peek(body, "place"));
        if (!strcmp(strict_json_peek(body, "way"), "mail"))
            c->mail_asked_at = entry->at;
        break;
    case ENTRY_CASE_DELIVERED:
        take_delivered(body, c);
        break;
    default:
        break;
    }
}

/* ---- from the row ---- */

static bool holds_particulars(unsigned needs, enum entry_type type)
{
    switch (type) {
    case ENTRY_CASE_INTAKEN:
    case ENTRY_CASE_SUBMITTED:
        return needs & REPORT_NEEDS_APPLICATION;
    case ENTRY_CASE_NOTICE:
    case ENTRY_CASE_SUPPLEMENTED:
    case ENTRY_CASE_REFUSED:
    case ENTRY_CASE_DECIDED:
    case ENTRY_CASE_DELIVERY:
    case ENTRY_CASE_DELIVERED:
        return needs & REPORT_NEEDS_EVENTS;
    default:
        return false;
    }
}

static int read_particulars(struct fact_maker *maker, int64_t case_id, struct report_case *c)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = case_events(maker->db, case_id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        bool taken = event_stands(&events[i]) || events[i].type == ENTRY_CASE_SUBMITTED;
        if (!taken || !holds_particulars(maker->needs, events[i].type))
            continue;
        rc = case_fact_read(maker->db, maker->office, &events[i], &fact);
        if (rc)
            break;
        take_particulars(&fact.entry, c);
        case_fact_clear(&fact);
    }
    free(events);
    return rc;
}

int fact_from_row(struct fact_maker *maker, const struct case_row *row, struct report_case *out)
{
    *out = (struct report_case){.state = row->local_state, .item_version = row->item_version, .notices = row->noticed};
    memcpy(out->case_no, row->case_no, sizeof out->case_no);
    memcpy(out->home, row->home, sizeof out->home);
    memcpy(out->intake, row->intake, sizeof out->intake);
    memcpy(out->item, row->item, sizeof out->item);
    memcpy(out->times, row->times, sizeof out->times);
    memcpy(out->window, row->window, sizeof out->window);
    memcpy(out->township, row->township, sizeof out->township);
    int rc = set_item(maker, out);
    if (!rc)
        rc = set_applicant(&maker->row_name, row->applicant, out);
    if (!rc && (maker->needs & (REPORT_NEEDS_EVENTS | REPORT_NEEDS_APPLICATION)))
        rc = read_particulars(maker, row->id, out);
    if (!rc && (maker->needs & REPORT_NEEDS_ORIGINALS))
        rc = object_originals(maker->db, maker->office, row, false, &out->originals);
    return rc ? rc : set_clocks(maker, row, out);
}

/* ---- from the entries alone ---- */

/* Window and township: where our ledger said, before the intake, that its member of staff sat. */
static int replay_desk(struct fact_maker *maker, const struct case_fact *fact, struct report_case *c)
{
    struct desk_row desk;
    bool intake = fact->entry.type == ENTRY_CASE_INTAKEN || fact->entry.type == ENTRY_CASE_SUBMITTED;
    if (!intake || !fact->event.own || !fact->entry.staff[0] || c->state != CASE_NONE)
        return 0;
    int rc = desk_from_entries(maker->db, fact->entry.staff, fact->event.ref, &desk);
    memcpy(c->window, desk.window, sizeof c->window);
    memcpy(c->township, desk.township, sizeof c->township);
    return rc;
}

/* The move that an entry is in this state; of an entry that crossed another one, what it is by itself; NULL for a record that moves
 * nothing. */
static const struct case_transition *move_of(const struct entry *entry, enum case_side side, enum case_state state)
{
    const struct case_transition *lawful;
    if (case_find_by_entry(entry->type, side, state, entry->body, &lawful, NULL) == 0)
        return lawful;
    const char *outcome = json_string_value(json_object_get(entry->body, "outcome"));
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *move = &case_transitions[i];
        if (move->entry != entry->type || move->side != side)
            continue;
        if (entry->type != ENTRY_CASE_DECIDED || (outcome && !strcmp(outcome, move->action)))
            return move;
    }
    return NULL;
}

static int take_application(struct fact_maker *maker, const struct entry *entry, struct report_case *c)
{
    const json_t *item = json_object_get(entry->body, "item");
    const json_t *applicant = json_object_get(entry->body, "applicant");
    copy_word(c->home, sizeof c->home, strict_json_peek(item, "office"));
    copy_word(c->item, sizeof c->item, strict_json_peek(item, "code"));
    memcpy(c->intake, entry->from, sizeof c->intake);
    c->item_version = json_integer_value(json_object_get(item, "version"));
    c->times[TIME_HANDED_IN] = time_of(entry->body, "handed_in_at");
    return set_applicant(&maker->entry_name, strict_json_peek(applicant, "name"), c);
}

static int replay(struct fact_maker *maker, const struct entry *entry, struct case_row *copy, struct report_case *c)
{
    const char *corrected = strict_json_peek(json_object_get(entry->body, "applicant"), "name");
    int rc = 0;
    if (entry->type == ENTRY_CASE_CORRECTED && corrected[0])
        rc = set_applicant(&maker->entry_name, corrected, c);
    if (entry->type == ENTRY_CASE_INTAKEN || entry->type == ENTRY_CASE_SUBMITTED)
        rc = take_application(maker, entry, c);
    /* of a case of one office alone the window's part ends with the forwarding */
    bool at_window = !strcmp(c->home, c->intake) && (c->state == CASE_NONE || c->state == CASE_INTAKEN);
    bool home = !strcmp(entry->from, c->home) && !at_window;
    const struct case_transition *move = move_of(entry, home ? CASE_SIDE_HOME : CASE_SIDE_INTAKE, c->state);
    if (!rc && move) {
        if (move->to != CASE_STATES)
            c->state = move->to;
        if (move->time != TIME_NONE && !c->times[move->time])
            c->times[move->time] = case_moment(entry);
        if (entry->type == ENTRY_CASE_NOTICE)
            c->notices++;
        case_mark(copy, entry->type);
    }
    if (!rc)
        take_particulars(entry, c);
    return rc;
}

static int replay_fact(struct fact_maker *maker, const struct case_fact *fact, struct case_row *copy, struct report_case *c)
{
    int rc = replay_desk(maker, fact, c);
    return rc ? rc : replay(maker, &fact->entry, copy, c);
}

int fact_from_entries(struct fact_maker *maker, const struct case_row *row, struct report_case *out, size_t *entries)
{
    struct event_row *events = NULL;
    size_t count = 0;
    struct case_row copy = {.id = row->id};
    *out = (struct report_case){.applicant = ""};
    memcpy(out->case_no, row->case_no, sizeof out->case_no);
    int rc = case_events(maker->db, row->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        rc = case_fact_read(maker->db, maker->office, &events[i], &fact);
        if (rc)
            break;
        (*entries)++;
        if (strcmp(fact.entry.case_no, row->case_no) || fact.entry.type != events[i].type)
            rc = TB_ECORRUPT;
        /* what was not taken did not happen, but for the application: it was handed in all the same */
        else if (event_stands(&events[i]) || fact.entry.type == ENTRY_CASE_SUBMITTED)
            rc = replay_fact(maker, &fact, &copy, out);
        case_fact_clear(&fact);
    }
    free(events);
    /* the clock that runs now, from what the entries say and nothing else */
    memcpy(copy.home, out->home, sizeof copy.home);
    memcpy(copy.intake, out->intake, sizeof copy.intake);
    memcpy(copy.item, out->item, sizeof copy.item);
    memcpy(copy.times, out->times, sizeof copy.times);
    copy.item_version = out->item_version;
    if (!rc)
        rc = set_item(maker, out);
    copy.rule = out->notice_rule;
    copy.state = copy.local_state = row->pending ? row->state : out->state;
    if (row->pending)
        out->state = row->local_state;
    if (!rc)
        rc = case_set_due(maker->db, maker->office, &copy, NULL);
    if (!rc)
        rc = set_clocks(maker, &copy, out);
    if (row->pending)
        out->due_day = row->due_day;
    if (!rc && (maker->needs & REPORT_NEEDS_ORIGINALS))
        rc = object_originals(maker->db, maker->office, &copy, true, &out->originals);
    return rc;
}
