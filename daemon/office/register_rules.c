/* What single registers need beside their rows, and what follows from cases for them. */
#include "daemon/office/register.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* Which of the halls' own limits a step asked of the delegate runs under (domain: 1 for form and result, 2 where
 * originals move). */
static const struct {
    const char *step;
    enum step_limit limit;
} step_clocks[] = {{"intake", LIMIT_STEP_FORWARD},
                   {"notice", LIMIT_STEP_RESULT},
                   {"original", LIMIT_STEP_ORIGINALS},
                   {"person", LIMIT_STEP_FORWARD},
                   {"delivery", LIMIT_STEP_RESULT}};

static bool is_act(const struct deed *d, enum register_kind_id kind, const char *act)
{
    return d->kind == &register_kinds[kind] && !strcmp(d->act->name, act);
}

/* ---- what the office fills in ---- */

static int fill(json_t *data, const char *name, const char *value)
{
    return json_object_get(data, name) ? 0 : json_object_set_new(data, name, json_string(value)) ? TB_ENOMEM : 0;
}

static int fill_step_due(struct deed *d, json_t *data)
{
    char text[DATE_TEXT];
    int64_t day;
    bool provisional;
    for (size_t i = 0; i < sizeof step_clocks / sizeof step_clocks[0]; i++) {
        if (strcmp(step_clocks[i].step, strict_json_peek(data, "step")) != 0)
            continue;
        int days = d->office->limits[step_clocks[i].limit];
        int rc =
            calendar_add(d->office->calendar, timestamp_day(d->now), days > 0 ? (unsigned)days : 0, &day, &provisional);
        if (rc)
            return rc;
        date_format(day, text);
        return fill(data, "due", text);
    }
    return 0; /* register_check names the wrong word */
}

int deed_prepare(struct deed *d, json_t *data, struct problem *p)
{
    char today[DATE_TEXT];
    date_format(timestamp_day(d->now), today);
    if (is_act(d, REGISTER_AUTHORISATION, "offer")) {
        int rc = fill(data, "in_name", "principal_by_delegate");
        return rc ? rc : fill(data, "open_cases", "finish");
    }
    /* what stands for evidence is not typed */
    if (d->kind == &register_kinds[REGISTER_STEP] && json_object_get(data, "entry"))
        return problem_set(p, PROBLEM_FIELD, "/entry", "the office fills it in; give the evidence itself");
    if (is_act(d, REGISTER_STEP, "request"))
        return fill_step_due(d, data);
    if (is_act(d, REGISTER_TRANSFER, "send"))
        return fill(data, "posted_on", today);
    return materials_attach(d->db, json_object_get(data, "materials"), p);
}

/* ---- rules ---- */

/* Nobody may authorise for items that are not its own: competence does not move, and nothing is passed on (行政许可法
 * 24). */
static int check_offer(struct deed *d, const json_t *data, struct problem *p)
{
    const char *items = strict_json_peek(data, "items");
    int64_t version;
    bool current;
    if (!strcmp(items, "*"))
        return 0;
    for (const char *at = items; *at;) {
        char code[64];
        size_t len = strcspn(at, ",");
        json_t *item = NULL;
        int rc = 0;
        if (len >= sizeof code)
            return problem_set(p, PROBLEM_FIELD, "/items", "a code has at most %zu characters", sizeof code - 1);
        memcpy(code, at, len);
        code[len] = '\0';
        if (strncmp(code, "class:", 6) != 0)
            rc = item_find(d->db, d->object.owner, code, 0, &version, &current, &item);
        json_decref(item);
        if (rc)
            return rc == TB_ENOTFOUND ? problem_set(p, PROBLEM_ITEM_UNKNOWN, "/items", "office %s has no item %s",
                                                    d->object.owner, code)
                                      : rc;
        at += len + (at[len] == ',');
    }
    return 0;
}

/* A step is asked for by the home side, from the side that took the case in, and only under an authorisation in force.
 */
static int check_step(struct deed *d, const json_t *data, struct problem *p)
{
    const struct case_row *about = &d->about;
    bool ours = !d->entry.from[0];
    enum case_step step = register_step(strict_json_peek(d->object.id ? d->content : data, "step"));
    int64_t at = ours ? d->now : d->entry.at, handed_in = about->times[TIME_HANDED_IN];
    char id[UUID_TEXT];
    if (strcmp(d->object.owner, about->home) != 0)
        return problem_set(p, PROBLEM_NOT_ALLOWED, "",
                           "only the home side, %s, asks for steps of its case: nothing is passed on", about->home);
    if (!strcmp(about->home, about->intake))
        return problem_set(p, PROBLEM_NOT_ALLOWED, "",
                           "the case was taken in by the office that decides: there is nobody to ask");
    if (!d->object.id) {
        int rc = authorisation_find(d->db, about->home, about->intake, about->item, step, at, handed_in, id);
        return rc == TB_ENOTFOUND
                   ? problem_set(p, PROBLEM_NO_AUTHORISATION, "", "office %s is not authorised for step %c of item %s",
                                 about->intake, (char)step, about->item)
                   : rc;
    }
    if (!ours && d->entry.staff[0] && json_object_get(data, "entry"))
        return problem_set(p, PROBLEM_FIELD, "/entry", "what stands for evidence is not typed by staff");
    if (strcmp(d->act->name, "done") != 0 && strcmp(d->act->name, "acknowledge") != 0)
        return 0; /* to fail, return or void a step needs no authorisation */
    if (ours)
        return authority_find(d->db, d->office, about->home, about->item, step, at, handed_in, d->entry.authorisation,
                              p);
    return authority_verify(d->db, d->office, &d->entry, about->item, step, handed_in, p);
}

int register_originals(struct deed *d, enum case_side side, struct originals *sums, int64_t *packed)
{
    struct object_filter filter = {.kind = REGISTER_TRANSFER, .case_id = d->about.id, .limit = LIMIT_LIST_PAGE};
    *sums = (struct originals){.balanced = true};
    *packed = 0;
    do {
        struct object_row *rows = NULL;
        size_t count = 0;
        int rc = object_list(d->db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc; i++) {
            enum case_side owner = strcmp(rows[i].owner, d->about.home) ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
            const char *state = register_kinds[REGISTER_TRANSFER].states[rows[i].local_state].name;
            json_t *content = NULL;
            rc = strict_json_parse(rows[i].doc, strlen(rows[i].doc), &content, NULL);
            if (!rc)
                originals_add(sums, content, owner, rows[i].local_state);
            if (!rc && owner == side && (!strcmp(state, "packed") || !strcmp(state, "came_back")))
                *packed += originals_listed(content);
            json_decref(content);
        }
        object_rows_free(rows, count);
        if (rc)
            return rc;
    } while (filter.cursor);
    return 0;
}

/* No office sends or hands back an original that it does not have. */
static int check_transfer(struct deed *d, const json_t *data, struct problem *p)
{
    struct originals sums;
    int64_t packed;
    if (d->object.id || is_act(d, REGISTER_TRANSFER, "keep"))
        return 0;
    if (!d->object.other[0] && is_act(d, REGISTER_TRANSFER, "pack"))
        return problem_set(p, PROBLEM_NOT_ALLOWED, "",
                           "the case stays at this office: there is nobody to send papers to");
    enum case_side side = strcmp(d->object.owner, d->about.home) ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
    int rc = register_originals(d, side, &sums, &packed);
    int64_t here = (side == CASE_SIDE_HOME ? sums.at_home : sums.at_intake) - packed, wanted = originals_listed(data);
    if (!rc && wanted > here)
        rc = problem_set(p, PROBLEM_TRANSITION, "/documents",
                         "%lld originals are listed, %lld of this case are held here; record what was left with: "
                         "tongban transfer keep",
                         (long long)wanted, (long long)here);
    return rc;
}

static bool rated_is(const struct deed *d, const json_t *content, const char *office)
{
    return !strcmp(strcmp(strict_json_peek(content, "about"), "home_department") ? d->about.intake : d->about.home,
                   office);
}

static int check_rating(struct deed *d, const json_t *data, struct problem *p)
{
    (void)data;
    const char *actor = d->entry.from[0] ? d->entry.from : d->office->code;
    if (!d->object.id || rated_is(d, d->content, actor))
        return 0;
    return problem_set(p, PROBLEM_NOT_ALLOWED, "", "the side that was rated calls back and puts right");
}

/* Who writes wants somebody to read it. */
static int check_reader(struct deed *d, const json_t *data, struct problem *p)
{
    (void)data;
    return d->object.other[0]
               ? 0
               : problem_set(p, PROBLEM_NOT_ALLOWED, "", "the case stays at this office: there is nobody to write to");
}

static int check_away(struct deed *d, const json_t *data, struct problem *p)
{
    if (is_act(d, REGISTER_CONTACT, "away") &&
        strcmp(strict_json_peek(data, "until"), strict_json_peek(data, "from")) < 0)
        return problem_set(p, PROBLEM_FIELD, "/until", "the absence ends before it begins");
    return 0;
}

static int check_authorisation(struct deed *d, const json_t *data, struct problem *p)
{
    return is_act(d, REGISTER_AUTHORISATION, "offer") ? check_offer(d, data, p) : 0;
}

int deed_check(struct deed *d, const json_t *data, struct problem *p)
{
    static int (*const checks[REGISTER_KINDS])(struct deed *, const json_t *, struct problem *) = {
        [REGISTER_AUTHORISATION] = check_authorisation,
        [REGISTER_STEP] = check_step,
        [REGISTER_TRANSFER] = check_transfer,
        [REGISTER_PROBLEM] = check_reader,
        [REGISTER_CONTACT] = check_away,
        [REGISTER_NOTE] = check_reader,
        [REGISTER_RATING] = check_rating,
    };
    size_t kind = (size_t)(d->kind - register_kinds);
    return checks[kind] ? checks[kind](d, data, p) : 0;
}

bool deed_turn(const struct deed *d)
{
    return d->kind != &register_kinds[REGISTER_RATING] || rated_is(d, d->content, d->office->code);
}

/* ---- effects ---- */

/* "in force" has begun and ended: the spans in which steps are covered. */
static size_t spans_of(const struct object_row *object, const struct register_move *moves, size_t count, struct authorisation_span *spans)
{
    int active = register_state_by_name(&register_kinds[REGISTER_AUTHORISATION], "active");
    size_t n = 0;
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        /* nothing is accepted before it was offered, whatever the other clock says */
        int64_t at = moves[i].at > object->opened ? moves[i].at : object->opened;
        if (moves[i].state == active && !open) {
            spans[n++] = (struct authorisation_span){.from = at};
            open = true;
        } else if (moves[i].state != active && open) {
            /* never shorter than nothing: the two clocks differ */
            spans[n - 1].until = at > spans[n - 1].from ? at : spans[n - 1].from + 1;
            open = false;
        }
    }
    return n;
}

int register_cover(const struct object_row *object, const json_t *content, const struct register_move *moves, size_t count,
                   struct authorisation_row *row, struct authorisation_span **spans, size_t *span_count)
{
    const json_t *revocation = json_object_get(content, "revocation");
    const char *rule = strict_json_peek(revocation, "open_cases")[0] ? strict_json_peek(revocation, "open_cases")
                                                                     : strict_json_peek(content, "open_cases");
    *row = (struct authorisation_row){.items = NULL};
    *span_count = 0;
    *spans = calloc(count + 1, sizeof **spans);
    if (!*spans)
        return TB_ENOMEM;
    *span_count = spans_of(object, moves, count, *spans);
    if (!*span_count)
        return 0;
    row->registered = 1;
    row->finish = strcmp(rule, "stop") != 0;
    row->acceptance = json_is_true(json_object_get(content, "acceptance"));
    (void)snprintf(row->id, sizeof row->id, "%s", object->uuid);
    (void)snprintf(row->principal, sizeof row->principal, "%s", object->owner);
    (void)snprintf(row->delegate, sizeof row->delegate, "%s", object->other);
    (void)snprintf(row->steps, sizeof row->steps, "%s", strict_json_peek(content, "steps"));
    (void)snprintf(row->announcement, sizeof row->announcement, "%s", strict_json_peek(content, "announcement"));
    int rc = date_parse(strict_json_peek(content, "from"), &row->from_day);
    rc = rc ? rc : date_parse(strict_json_peek(content, "until"), &row->until_day);
    if (rc)
        return rc;
    row->items = strdup(strict_json_peek(content, "items"));
    return row->items ? 0 : TB_ENOMEM;
}

static int authorisation_effect(struct deed *d, const struct register_move *moves, size_t count)
{
    struct authorisation_span *spans = NULL;
    struct authorisation_row row;
    size_t n = 0;
    int rc = register_cover(&d->object, d->content, moves, count, &row, &spans, &n);
    if (!rc && n) /* else it was never accepted */
        rc = authorisation_put(d->db, &row);
    if (!rc && n)
        rc = authorisation_spans_put(d->db, row.id, spans, n);
    free(spans);
    authorisation_row_clear(&row);
    return rc;
}

int deed_effect(struct deed *d, const struct register_move *moves, size_t count)
{
    return d->kind == &register_kinds[REGISTER_AUTHORISATION] ? authorisation_effect(d, moves, count) : 0;
}

/* ---- what follows from a case ---- */

static int start_deed(struct deed *d, struct store_db *db, const struct office *office, const struct case_row *row,
                      const char *act)
{
    *d = (struct deed){.db = db, .office = office, .kind = &register_kinds[REGISTER_STEP]};
    d->now = store_now(db);
    d->act = register_act_by_name(d->kind, act);
    int rc = case_get_by_id(db, row->id, &d->about);
    d->object.case_id = row->id;
    memcpy(d->object.case_no, row->case_no, CASE_NO_TEXT);
    return rc;
}

/* What is to be handed over: "延期通知书 桐政服延〔2026〕000001号"; NULL when the entry makes no document. */
static json_t *task_of(const struct office *office, const struct case_row *row, const struct entry *entry)
{
    const struct document_row *document = document_of_act(office, row, entry);
    const char *number = strict_json_peek(entry->body, "document_no");
    return document ? json_sprintf("%s%s%s", document->zh, number[0] ? " " : "", number) : NULL;
}

/* The home side asks its delegate to hand over what it has just issued — where it has authorised it; else it does so
 * itself. */
static int ask_step(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *entry,
                    const char *step)
{
    struct deed d;
    char id[UUID_TEXT];
    int rc = authorisation_find(db, row->home, row->intake, row->item, register_step(step), entry->at,
                                row->times[TIME_HANDED_IN], id);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = start_deed(&d, db, office, row, "request");
    memcpy(d.object.owner, row->home, OFFICE_TEXT);
    memcpy(d.object.other, row->intake, OFFICE_TEXT);
    json_t *data = json_pack("{s:s, s:s}", "step", step, "entry", entry->id), *task = task_of(office, row, entry);
    if (data && task)
        (void)json_object_set(data, "task", task);
    json_decref(task);
    if (!rc)
        rc = data ? fill_step_due(&d, data) : TB_ENOMEM;
    if (!rc)
        rc = deed_write(&d, data, NULL);
    row->rev = d.about.rev;
    json_decref(data);
    deed_clear(&d);
    return rc;
}

/* The receipt of a delivery is the evidence of the step that asked for it. */
static json_t *delivery_evidence(const struct entry *entry)
{
    const json_t *body = entry->body, *first = json_array_get(json_object_get(body, "documents"), 0);
    json_t *handed =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "document", strict_json_peek(first, "name"), "way",
                  strict_json_peek(body, "way"), "received_at", strict_json_peek(body, "received_at"), "recipient",
                  strict_json_peek(body, "recipient"), "server", strict_json_peek(body, "server"));
    json_t *reason = json_object_get(body, "refusal_reason");
    json_t *witness = json_object_get(json_array_get(json_object_get(body, "witnesses"), 0), "name");
    if (handed && reason)
        (void)json_object_set(handed, "refusal_reason", reason);
    if (handed && witness)
        (void)json_object_set(handed, "witness", witness);
    return json_pack("{s:o, s:s}", "handed_over", handed, "entry", entry->id);
}

/* The step of the case that was asked for by this entry; no[0] 0 when there is none. */
static int find_step(struct store_db *db, const struct case_row *row, const char *entry_id, bool open_only, char no[REGISTER_NO_TEXT])
{
    struct object_filter filter = {
        .kind = REGISTER_STEP, .case_id = row->id, .open_only = open_only, .limit = LIMIT_LIST_PAGE};
    int rc = 0;
    no[0] = '\0';
    do { /* a page holds what else there is about the case, too */
        struct object_row *rows = NULL;
        size_t count = 0;
        rc = object_list(db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc && !no[0]; i++) {
            json_t *content = NULL;
            rc = strict_json_parse(rows[i].doc, strlen(rows[i].doc), &content, NULL);
            if (!rc && !strcmp(strict_json_peek(content, "entry"), entry_id))
                memcpy(no, rows[i].no, REGISTER_NO_TEXT);
            json_decref(content);
        }
        object_rows_free(rows, count);
    } while (filter.cursor && !rc && !no[0]);
    return rc;
}

int register_step_open(struct store_db *db, const struct case_row *row, const char *entry_id, char no[REGISTER_NO_TEXT])
{
    return find_step(db, row, entry_id, true, no);
}

static int end_step(struct store_db *db, const struct office *office, struct case_row *row, const char *no, const char *step,
                    const char *act, json_t *data, const struct entry *entry)
{
    struct deed d;
    int rc = start_deed(&d, db, office, row, act);
    if (!rc) {
        case_row_clear(&d.about);
        rc = deed_load(&d, no, NULL);
    }
    bool meant = !rc && (!step || !strcmp(strict_json_peek(d.content, "step"), step)) && d.act->from >> d.object.local_state & 1;
    if (meant && !strcmp(act, "done"))
        memcpy(d.entry.authorisation, entry->authorisation, sizeof d.entry.authorisation);
    if (meant)
        rc = deed_write(&d, data, NULL);
    if (meant && d.about.rev > row->rev)
        row->rev = d.about.rev;
    deed_clear(&d);
    return rc;
}

/* Ends the open steps of the case (of one kind, or all) with this act. */
static int end_steps(struct store_db *db, const struct office *office, struct case_row *row, const char *step, const char *act,
                     json_t *data, const struct entry *entry)
{
    struct object_filter filter = {.kind = REGISTER_STEP, .case_id = row->id, .open_only = true, .limit = LIMIT_LIST_PAGE};
    int rc = data ? 0 : TB_ENOMEM;
    do { /* a page holds what else there is about the case, too: it may have no step */
        struct object_row *rows = NULL;
        size_t count = 0;
        rc = rc ? rc : object_list(db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc; i++)
            rc = end_step(db, office, row, rows[i].no, step, act, data, entry);
        object_rows_free(rows, count);
    } while (filter.cursor && !rc);
    json_decref(data);
    return rc;
}

static const char case_over[] = "办件已终结";

static json_t *void_reason(const char *text)
{
    return json_pack("{s:s}", "reason", text);
}

/* 32(4), 42, 45: what the applicant has to be told in writing while the case goes on, and what he may fetch at home.  NULL: nothing is
 * asked of the delegate. */
static const char *asked_by(const struct entry *entry)
{
    if (entry->type == ENTRY_CASE_NOTICE || entry->type == ENTRY_CASE_SPECIAL || entry->type == ENTRY_CASE_EXTENDED)
        return "notice";
    bool delivery = entry->type == ENTRY_CASE_DELIVERY && !strcmp(strict_json_peek(entry->body, "place"), "intake");
    return delivery ? "delivery" : NULL;
}

int register_follow(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *entry)
{
    bool home = case_side_of(office, row) == CASE_SIDE_HOME;
    if (!strcmp(row->home, row->intake))
        return 0;
    if (!home)
        return entry->type == ENTRY_CASE_DELIVERED
                   ? end_steps(db, office, row, "delivery", "done", delivery_evidence(entry), entry)
                   : 0;
    if (asked_by(entry))
        return ask_step(db, office, row, entry, asked_by(entry));
    if (entry->type == ENTRY_CASE_DELIVERED && !strcmp(entry->from, office->code))
        return end_steps(db, office, row, "delivery", "void", void_reason("属地已自行送达"), entry);
    if (case_states[row->state].final)
        return end_steps(db, office, row, NULL, "void", void_reason(case_over), entry);
    return 0;
}

/* An act of ours; what was asked for by it is not asked for twice. */
static int follow_once(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *entry)
{
    char no[REGISTER_NO_TEXT] = "";
    int rc = asked_by(entry) ? find_step(db, row, entry->id, false, no) : 0;
    return rc || no[0] ? rc : register_follow(db, office, row, entry);
}

int register_follow_again(struct store_db *db, const struct office *office, struct case_row *row, uint64_t since)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = event_list(db, row->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        if (!events[i].own || (uint64_t)events[i].ref < since || !event_stands(&events[i]))
            continue;
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        rc = follow_once(db, office, row, &fact.entry);
        case_fact_clear(&fact);
    }
    free(events);
    /* a message of the other side may have ended the case */
    bool over = !case_is_local(row) && case_side_of(office, row) == CASE_SIDE_HOME && case_states[row->state].final;
    return rc || !over ? rc : end_steps(db, office, row, NULL, "void", void_reason(case_over), NULL);
}

/* ---- time ---- */

static int expire(struct store_db *db, const struct office *office, const char *no, int64_t now)
{
    struct deed d = {.db = db, .office = office, .kind = &register_kinds[REGISTER_AUTHORISATION], .now = now};
    json_t *data = json_object();
    d.act = register_act_by_name(d.kind, "expire");
    int rc = data ? deed_load(&d, no, NULL) : TB_ENOMEM;
    if (!rc && d.act->from >> d.object.local_state & 1)
        rc = deed_write(&d, data, NULL);
    json_decref(data);
    deed_clear(&d);
    return rc;
}

int register_tick(struct store_db *db, const struct office *office, int64_t now)
{
    int64_t day = INT64_MIN, id = 0;
    size_t count = LIMIT_LIST_PAGE;
    int rc = 0;
    while (count == LIMIT_LIST_PAGE && !rc) {
        struct object_row *rows = NULL;
        count = 0;
        rc = object_list_due(db, REGISTER_AUTHORISATION, timestamp_day(now), day, id, LIMIT_LIST_PAGE, &rows, &count);
        for (size_t i = 0; i < count && !rc; i++) {
            day = rows[i].due_day;
            id = rows[i].id;
            if (!strcmp(rows[i].owner, office->code)) /* the other's ends with its own word */
                rc = expire(db, office, rows[i].no, now);
        }
        object_rows_free(rows, count);
    }
    return rc;
}
