/* accountability: who did what on a case (责任追溯), from the entries of both sides.
 *
 * Lines stand in the order in which this office wrote or took them.  When an entry of the counterpart arrived is the
 * time of the receipt that we gave for it, and the other way round.  Nothing of the applicant is in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/liability.h"
#include "proto/timestamp.h"

struct line {
    struct account_line account;
    int64_t order; /* local order of the event */
    json_t *doc;   /* owned */
};

struct history {
    struct store_db *db;
    struct office_question *q;
    struct case_row row;
    const char *other;
    uint64_t newest, cosigned; /* sizes of our checkpoints */
    struct line *lines;        /* owned */
    size_t count;
    struct object_row *rows;     /* owned: the objects that are about the case … */
    struct object_fact *objects; /* owned: … and what they say */
    size_t object_count;
};

static int read_own_entry(struct store_db *db, uint64_t index, struct entry *entry)
{
    struct buf text;
    buf_init(&text, LIMIT_ENTRY_BYTES);
    int rc = store_entry_line(db, index, &text);
    if (!rc && entry_decode(text.data, text.len, entry, NULL))
        rc = TB_ECORRUPT;
    buf_free(&text);
    return rc;
}

/* When the other side had our message, and what it found wrong with it; both from its receipt. */
static int read_receipt(struct history *h, int64_t seq, int64_t *arrived, json_t **problem)
{
    struct inbox_row row;
    struct entry entry;
    int rc = receipt_get(h->db, h->other, seq, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = entry_decode(row.line, row.len, &entry, NULL) ? TB_ECORRUPT : 0;
    inbox_clear(&row);
    if (rc)
        return rc;
    *arrived = entry.at;
    const json_t *verdicts = json_object_get(entry.body, "verdicts");
    int64_t first = json_integer_value(json_object_get(entry.body, "first"));
    const json_t *verdict = seq >= first ? json_array_get(verdicts, (size_t)(seq - first)) : NULL;
    *problem = json_incref(json_object_get(verdict, "problem"));
    entry_clear(&entry);
    return 0;
}

static const char *problem_name(const json_t *problem)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    int id = type ? problem_by_name(type) : -1;
    return id < 0 ? "" : problem_type((enum problem_id)id)->name;
}

static int leaf_text(const struct suite *suite, const struct buf *line, char out[2 * 32 + 1])
{
    struct ledger_hash leaf;
    int rc = ledger_leaf(suite, line->data, line->len, &leaf);
    for (size_t i = 0; i < sizeof leaf.b && !rc; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", leaf.b[i]);
    return rc;
}

static const struct case_transition *move_of(const struct entry *entry, enum case_side side)
{
    const char *outcome = json_string_value(json_object_get(entry->body, "outcome"));
    for (size_t i = 0; i < case_transition_count; i++)
        if (case_transitions[i].entry == entry->type && case_transitions[i].side == side &&
            (entry->type != ENTRY_CASE_DECIDED || (outcome && !strcmp(outcome, case_transitions[i].action))))
            return &case_transitions[i];
    return NULL;
}

static int authorisation_json(struct store_db *db, const char *id, json_t **out)
{
    struct authorisation_row row;
    char no[REGISTER_NO_TEXT] = "";
    char from[DATE_TEXT], until[DATE_TEXT];
    *out = NULL;
    if (!id[0]) {
        *out = json_null();
        return 0;
    }
    int rc = authorisation_get(db, id, &row);
    if (rc == TB_ENOTFOUND) {
        *out = json_pack("{s:s}", "id", id);
        return *out ? 0 : TB_ENOMEM;
    }
    if (rc)
        return rc;
    rc = row.registered ? object_grant_no(db, id, no) : 0;
    if (rc && rc != TB_ENOTFOUND) {
        authorisation_row_clear(&row);
        return rc;
    }
    date_format(row.from_day, from);
    date_format(row.until_day, until);
    *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", row.id, "no", no, "principal", row.principal,
                     "delegate", row.delegate, "announcement", row.announcement, "from", from, "until", until);
    authorisation_row_clear(&row);
    return *out ? 0 : TB_ENOMEM;
}

/* Arrival at the other side, the checkpoint of the writer that the line can be proved under, and why it was refused. */
static int place_line(struct history *h, const struct case_fact *fact, int64_t *arrived, uint64_t *size,
                      json_t **problem)
{
    const struct event_row *event = &fact->event;
    struct inbox_row inbox;
    struct entry receipt;
    if (event->own) {
        *size = h->cosigned > fact->index ? h->cosigned : h->newest;
        return fact->entry.seq ? read_receipt(h, fact->entry.seq, arrived, problem) : 0;
    }
    int rc = inbox_get(h->db, event->peer, event->ref, &inbox);
    if (rc)
        return rc;
    *size = inbox.tree_size;
    rc = read_own_entry(h->db, inbox.receipt_index, &receipt);
    inbox_clear(&inbox);
    if (rc)
        return rc;
    *arrived = receipt.at;
    entry_clear(&receipt);
    return 0;
}

static const char *step_text(enum case_step step, char out[2])
{
    out[0] = (char)step;
    out[1] = '\0';
    return out;
}

/* ---- acts of the registers about the case ---- */

static int read_objects(struct history *h)
{
    struct object_filter filter = {.kind = -1, .case_id = h->row.id, .limit = LIMIT_LIST_PAGE};
    do {
        struct object_row *rows = NULL;
        size_t count = 0;
        int rc = object_list(h->db, &filter, &rows, &count, &filter.cursor);
        if (rc)
            return rc;
        struct object_row *more = realloc(h->rows, (h->object_count + count + 1) * sizeof *more);
        if (!more) {
            object_rows_free(rows, count);
            return TB_ENOMEM;
        }
        h->rows = more;
        memcpy(h->rows + h->object_count, rows, count * sizeof *rows);
        h->object_count += count;
        free(rows); /* their texts moved */
    } while (filter.cursor);
    h->objects = calloc(h->object_count ? h->object_count : 1, sizeof *h->objects);
    int rc = h->objects ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < h->object_count && !rc; i++)
        rc = object_fact_from_row(h->db, h->q->office, 0, &h->rows[i], &h->objects[i]);
    return rc;
}

static void free_objects(struct history *h)
{
    for (size_t i = 0; h->objects && i < h->object_count; i++)
        object_fact_clear(&h->objects[i]);
    free(h->objects);
    object_rows_free(h->rows, h->object_count);
}

/* What an act of a register is: of which object, which act, and — when the other side did a delegated step by it —
 * which step. */
static void take_act(const struct history *h, const struct entry *entry, struct account_line *line)
{
    const char *no = json_string_value(json_object_get(entry->body, "no")),
               *act = json_string_value(json_object_get(entry->body, "act"));
    const struct register_kind *kind = register_by_entry(entry->type);
    if (!kind || !no || !act)
        return;
    line->act = register_act_by_name(kind, act);
    for (size_t i = 0; line->act && i < h->object_count; i++)
        if (!strcmp(h->rows[i].no, no))
            line->object = &h->objects[i].object;
    bool step = line->object && kind == &register_kinds[REGISTER_STEP] && (!strcmp(act, "done") || !strcmp(act, "acknowledge"));
    if (step && line->side == CASE_SIDE_INTAKE)
        line->step = register_step(json_string_value(json_object_get(line->object->content, "step")));
}

static json_t *act_json(const struct account_line *line)
{
    if (!line->object)
        return json_null();
    const struct report_object *o = line->object;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", o->kind->name, "no", o->no, "act", line->act->name,
                     "kind_zh", o->kind->zh, "act_zh", line->act->zh, "state", o->kind->states[o->state].name);
}

static int make_line(struct history *h, const struct case_fact *fact, struct line *line)
{
    const struct entry *entry = &fact->entry;
    enum case_side side = strcmp(entry->from, h->row.home) ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
    const struct case_transition *move = move_of(entry, side);
    const struct office_staff *staff = entry->staff[0] ? office_staff(h->q->office, entry->staff) : NULL;
    json_t *problem = NULL, *authorisation = NULL;
    int64_t arrived = 0;
    uint64_t size = 0;
    char leaf[2 * 32 + 1] = "", step[2];
    int rc = place_line(h, fact, &arrived, &size, &problem);
    line->order = fact->event.n;
    if (!rc)
        rc = leaf_text(h->q->office->suite, &fact->line, leaf);
    if (!rc)
        rc = authorisation_json(h->db, entry->authorisation, &authorisation);
    line->account = (struct account_line){.type = entry->type,
                                          .side = side,
                                          .at = entry->at,
                                          .step = move && side == CASE_SIDE_INTAKE ? move->step : STEP_NONE,
                                          .verdict = fact->event.verdict,
                                          .problem = problem_name(problem),
                                          .authorised = entry->authorisation[0] != '\0'};
    take_act(h, entry, &line->account);
    if (!rc)
        line->doc = json_pack(
            "{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:O, s:s, s:s, s:I, s:{s:s, s:I, s:s, s:I}, s:o}",
            "at", office_time_json(entry->at), "arrived", office_time_json(arrived), "office", entry->from, "side",
            side == CASE_SIDE_HOME ? "home" : "intake", "staff", entry->staff, "name", staff ? staff->name : "", "role",
            entry->role, "type", entry_type_text(entry->type), "action", move ? move->action : "", "register",
            act_json(&line->account), "step", step_text(line->account.step, step), "authorisation", authorisation,
            "verdict", fact->event.verdict >= 0 ? verdict_text((enum verdict)fact->event.verdict) : "", "problem",
            line->account.problem, "rev", (json_int_t)fact->event.rev, "ledger", "office", entry->from, "index",
            (json_int_t)fact->index, "leaf", leaf, "checkpoint", (json_int_t)size, "summary", fact_summary(entry));
    json_decref(problem);
    json_decref(authorisation);
    return rc ? rc : line->doc ? 0 : TB_ENOMEM;
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int read_lines(struct history *h)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = case_events(h->db, h->row.id, &events, &count);
    if (rc)
        return rc;
    h->lines = calloc(count ? count : 1, sizeof *h->lines);
    rc = h->lines ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        rc = case_fact_read(h->db, h->q->office, &events[i], &fact);
        if (rc)
            break;
        rc = make_line(h, &fact, &h->lines[h->count++]);
        case_fact_clear(&fact);
    }
    free(events);
    if (!rc)
        qsort(h->lines, h->count, sizeof *h->lines, compare_lines);
    return rc;
}

static int lines_json(const struct history *h, json_t **out)
{
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < h->count; i++)
        if (json_object_set_new(h->lines[i].doc, "n", json_integer((json_int_t)i + 1)) ||
            json_array_append(rows, h->lines[i].doc)) {
            json_decref(rows);
            return TB_ENOMEM;
        }
    *out = rows;
    return rows ? 0 : TB_ENOMEM;
}

static int flags_json(struct history *h, const struct report_case *facts, json_t **out)
{
    struct account_line *lines = calloc(h->count ? h->count : 1, sizeof *lines);
    json_t *flags = json_array();
    const struct world *world = store_world(h->db);
    struct account account = {.facts = facts,
                              .lines = lines,
                              .count = h->count,
                              .calendar = h->q->office->calendar,
                              .today = timestamp_day(world->now_ms(world->context))};
    int rc = lines && flags ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < h->count && !rc; i++)
        lines[i] = h->lines[i].account;
    for (size_t f = 0; f < liability_count && !rc; f++)
        for (size_t i = 0; i < h->count && !rc; i++)
            if (liabilities[f].shows(&account, i) &&
                json_array_append_new(flags, json_pack("{s:s, s:s, s:s, s:s, s:I}", "flag", liabilities[f].name, "en",
                                                       liabilities[f].en, "zh", liabilities[f].zh, "law",
                                                       liabilities[f].law, "line", (json_int_t)i + 1)))
                rc = TB_ENOMEM;
    free(lines);
    if (rc)
        json_decref(flags);
    else
        *out = flags;
    return rc;
}

static json_t *day_json(int64_t day)
{
    char text[DATE_TEXT];
    if (!day)
        return json_null();
    date_format(day, text);
    return json_string(text);
}

static int read_checkpoints(struct history *h)
{
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = store_checkpoint(h->db, false, &h->newest, &note);
    buf_clear(&note);
    if (!rc)
        rc = store_checkpoint(h->db, true, &h->cosigned, &note);
    buf_free(&note);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

int ask_accountability(struct store_db *db, struct office_question *q)
{
    struct history h = {.db = db, .q = q};
    struct fact_maker maker = {.db = db};
    struct report_case facts;
    json_t *lines = NULL, *flags = NULL;
    int rc = case_get(db, q->case_no, &h.row);
    if (rc)
        return rc == TB_ENOTFOUND ? problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL,
                                                "case %s is not known at this office", q->case_no)
                                  : rc;
    h.other = case_other(q->office, &h.row);
    rc = fact_begin(&maker, db, q->office,
                    REPORT_NEEDS_EVENTS | REPORT_NEEDS_APPLICATION | REPORT_NEEDS_CLOCKS | REPORT_NEEDS_ORIGINALS);
    if (!rc)
        rc = fact_from_row(&maker, &h.row, &facts);
    if (!rc)
        rc = read_checkpoints(&h);
    if (!rc)
        rc = read_objects(&h);
    if (!rc)
        rc = read_lines(&h);
    if (!rc)
        rc = flags_json(&h, &facts, &flags);
    if (!rc)
        rc = lines_json(&h, &lines);
    if (!rc) {
        q->answer =
            json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:I, s:s, s:s}, s:{s:o, s:o, s:o}, s:O, s:O}", "case",
                      h.row.case_no, "home", h.row.home, "intake", h.row.intake, "state",
                      case_states[h.row.local_state].name, "item", "code", h.row.item, "version",
                      (json_int_t)h.row.item_version, "name", facts.item_name, "department", facts.department, "due",
                      "notice", day_json(facts.due[REPORT_NOTICE]), "decision", day_json(facts.due[REPORT_DECISION]),
                      "delivery", day_json(facts.due[REPORT_DELIVERY]), "rows", lines, "flags", flags);
        rc = q->answer ? 0 : TB_ENOMEM;
    }
    json_decref(lines);
    json_decref(flags);
    for (size_t i = 0; i < h.count; i++)
        json_decref(h.lines[i].doc);
    free(h.lines);
    free_objects(&h);
    fact_end(&maker);
    case_row_clear(&h.row);
    return rc;
}
