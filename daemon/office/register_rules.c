/* What single registers need beside their rows, and what follows from cases for them. */
#include "daemon/office/register.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* Which of the halls' own limits a step asked of the delegate runs under (domain: 1 for form and result, 2 where originals move). */
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

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
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
        if (strcmp(step_clocks[i].step, text_of(data, "step")) != 0)
            continue;
        int days = d->office->limits[step_clocks[i].limit];
        int rc = calendar_add(d->office->calendar, timestamp_day(d->now), days > 0 ? (unsigned)days : 0, &day, &provisional);
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
        int rc = fill(data, "in_name", "principal");
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

/* Nobody may authorise for items that are not its own: competence does not move, and nothing is passed on (行政许可法 24). */
static int check_offer(struct deed *d, const json_t *data, struct problem *p)
{
    const char *items = text_of(data, "items");
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
            return rc == TB_ENOTFOUND
                       ? problem_set(p, PROBLEM_ITEM_UNKNOWN, "/items", "office %s has no item %s", d->object.owner, code)
                       : rc;
        at += len + (at[len] == ',');
    }
    return 0;
}

/* A step is asked for by the home side, from the side that took the case in, and only under an authorisation in force. */
static int check_step(struct deed *d, const json_t *data, struct problem *p)
{
    const struct case_row *about = &d->about;
    bool ours = !d->entry.from[0];
    enum case_step step = register_step(text_of(d->object.id ? d->content : data, "step"));
    int64_t at = ours ? d->now : d->entry.at, handed_in = about->times[TIME_HANDED_IN];
    char id[UUID_TEXT];
    if (strcmp(d->object.owner, about->home) != 0)
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "only the home side, %s, asks for steps of its case: nothing is passed on",
                           about->home);
    if (!strcmp(about->home, about->intake))
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "the case was taken in by the office that decides: there is nobody to ask");
    if (!d->object.id) {
        int rc = authorisation_find(d->db, about->home, about->intake, about->item, step, at, handed_in, id);
        return rc == TB_ENOTFOUND ? problem_set(p, PROBLEM_NO_AUTHORISATION, "", "office %s is not authorised for step %c of item %s",
                                                about->intake, (char)step, about->item)
                                  : rc;
    }
    if (!ours && d->entry.staff[0] && json_object_get(data, "entry"))
        return problem_set(p, PROBLEM_FIELD, "/entry", "what stands for evidence is not typed by staff");
    if (strcmp(d->act->name, "done") != 0 && strcmp(d->act->name, "acknowledge") != 0)
        return 0; /* to fail, return or void a step needs no authorisation */
    if (ours)
        return authority_find(d->db, d->office, about->home, about->item, step, at, handed_in, d->entry.authorisation, p);
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
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "the case stays at this office: there is nobody to send papers to");
    enum case_side side = strcmp(d->object.owner, d->about.home) ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
    int rc = register_originals(d, side, &sums, &packed);
    int64_t here = (side == CASE_SIDE_HOME ? sums.at_home : sums.at_intake) - packed, wanted = originals_listed(data);
    if (!rc && wanted > here)
        rc = problem_set(p, PROBLEM_TRANSITION, "/documents",
                         "%lld originals are listed, %lld of this case are held here; record what was left with: tongban transfer keep",
                         (long long)wanted, (long long)here);
    return rc;
}

static bool rated_is(const struct deed *d, const json_t *content, const char *office)
{
    return !strcmp(strcmp(text_of(content, "about"), "home_department") ? d->about.intake : d->about.home, office);
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
    if (is_act(d, REGISTER_CONTACT, "away") && strcmp(text_of(data, "until"), text_of(data, "from")) < 0)
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
static size_t spans_of(const struct deed *d, const struct register_move *moves, size_t count, struct authorisation_span *spans)
{
    int active = register_state_by_name(d->kind, "active");
    size_t n = 0;
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        /* nothing is accepted before it was offered, whatever the other clock says */
        int64_t at = moves[i].at > d->object.opened ? moves[i].at : d->object.opened;
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

static int put_authorisation(struct deed *d, const struct authorisation_span *spans, size_t count)
{
    const json_t *revocation = json_object_get(d->content, "revocation");
    const char *rule = text_of(revocation, "open_cases")[0] ? text_of(revocation, "open_cases") : text_of(d->content, "open_cases");
    struct authorisation_row row = {
        .registered = 1, .finish = strcmp(rule, "stop") != 0, .acceptance = json_is_true(json_object_get(d->content, "acceptance"))};
    memcpy(row.id, d->object.uuid, sizeof row.id);
    memcpy(row.principal, d->object.owner, OFFICE_TEXT);
    memcpy(row.delegate, d->object.other, OFFICE_TEXT);
    (void)snprintf(row.steps, sizeof row.steps, "%s", text_of(d->content, "steps"));
    (void)snprintf(row.announcement, sizeof row.announcement, "%s", text_of(d->content, "announcement"));
    int rc = date_parse(text_of(d->content, "from"), &row.from_day);
    rc = rc ? rc : date_parse(text_of(d->content, "until"), &row.until_day);
    row.items = rc ? NULL : strdup(text_of(d->content, "items"));
    if (!rc)
        rc = row.items ? authorisation_put(d->db, &row) : TB_ENOMEM;
    if (!rc)
        rc = authorisation_spans_put(d->db, row.id, spans, count);
    authorisation_row_clear(&row);
    return rc;
}

static int authorisation_effect(struct deed *d, const struct register_move *moves, size_t count)
{
    struct authorisation_span *spans = calloc(count + 1, sizeof *spans);
    size_t n = spans ? spans_of(d, moves, count, spans) : 0;
    int rc = !spans ? TB_ENOMEM : n ? put_authorisation(d, spans, n) : 0; /* none: never accepted */
    free(spans);
    return rc;
}

int deed_effect(struct deed *d, const struct register_move *moves, size_t count)
{
    return d->kind == &register_kinds[REGISTER_AUTHORISATION] ? authorisation_effect(d, moves, count) : 0;
}

/* ---- what follows from a case ---- */

static int start_deed(struct deed *d, struct store_db *db, const struct office *office, const struct case_row *row, const char *act)
{
    *d = (struct deed){.db = db, .office = office, .kind = &register_kinds[REGISTER_STEP]};
    d->now = store_world(db)->now_ms(store_world(db)->context);
    d->act = register_act_by_name(d->kind, act);
    int rc = case_get_by_id(db, row->id, &d->about);
    d->object.case_id = row->id;
    memcpy(d->object.case_no, row->case_no, CASE_NO_TEXT);
    return rc;
}

/* The home side asks its delegate to hand over what it has just issued — where it has authorised it; else it does so itself. */
static int ask_step(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *entry, const char *step)
{
    struct deed d;
    char id[UUID_TEXT];
    int rc = authorisation_find(db, row->home, row->intake, row->item, register_step(step), entry->at, row->times[TIME_HANDED_IN], id);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = start_deed(&d, db, office, row, "request");
    memcpy(d.object.owner, row->home, OFFICE_TEXT);
    memcpy(d.object.other, row->intake, OFFICE_TEXT);
    json_t *data = json_pack("{s:s, s:s}", "step", step, "entry", entry->id);
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
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "document", text_of(first, "name"), "way", text_of(body, "way"), "received_at",
                  text_of(body, "received_at"), "recipient", text_of(body, "recipient"), "server", text_of(body, "server"));
    json_t *reason = json_object_get(body, "refusal_reason");
    json_t *witness = json_object_get(json_array_get(json_object_get(body, "witnesses"), 0), "name");
    if (handed && reason)
        (void)json_object_set(handed, "refusal_reason", reason);
    if (handed && witness)
        (void)json_object_set(handed, "witness", witness);
    return json_pack("{s:o, s:s}", "handed_over", handed, "entry", entry->id);
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
    bool meant = !rc && (!step || !strcmp(text_of(d.content, "step"), step)) && d.act->from >> d.object.local_state & 1;
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

static json_t *void_reason(const char *text)
{
    return json_pack("{s:s}", "reason", text);
}

int register_follow(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *entry)
{
    bool home = case_side_of(office, row) == CASE_SIDE_HOME;
    if (!strcmp(row->home, row->intake))
        return 0;
    if (!home)
        return entry->type == ENTRY_CASE_DELIVERED ? end_steps(db, office, row, "delivery", "done", delivery_evidence(entry), entry)
                                                   : 0;
    if (entry->type == ENTRY_CASE_NOTICE)
        return ask_step(db, office, row, entry, "notice");
    if (entry->type == ENTRY_CASE_DELIVERY && !strcmp(text_of(entry->body, "place"), "intake"))
        return ask_step(db, office, row, entry, "delivery");
    if (entry->type == ENTRY_CASE_DELIVERED && !strcmp(entry->from, office->code))
        return end_steps(db, office, row, "delivery", "void", void_reason("属地已自行送达"), entry);
    if (case_states[row->state].final)
        return end_steps(db, office, row, NULL, "void", void_reason("办件已终结"), entry);
    return 0;
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
    struct object_filter filter = {.kind = REGISTER_AUTHORISATION, .open_only = true, .limit = LIMIT_LIST_PAGE};
    do {
        struct object_row *rows = NULL;
        size_t count = 0;
        int rc = object_list(db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc; i++)
            if (!strcmp(rows[i].owner, office->code) && rows[i].due_day && rows[i].due_day < timestamp_day(now))
                rc = expire(db, office, rows[i].no, now);
        object_rows_free(rows, count);
        if (rc)
            return rc;
    } while (filter.cursor);
    return 0;
}
