#include "daemon/office/joint_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/item.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

static int need_window(const struct office_request *request, struct problem *p)
{
    if (case_role_by_name(request->staff->role) == CASE_ROLE_WINDOW)
        return 0;
    return problem_set(p, PROBLEM_NOT_ALLOWED, NULL, "a joint case is opened and withdrawn by the role window");
}

static int answer(struct joint_work *w, struct office_request *request, int status)
{
    json_t *doc = NULL;
    int rc = joint_document(w->db, w->office, w->row.id, &doc);
    if (rc)
        return rc;
    request->answer = json_dumps(doc, JSON_COMPACT);
    request->status = status;
    json_decref(doc);
    return request->answer ? 0 : TB_ENOMEM;
}

/* ---- opening: one intake for all legs ---- */

/* The item's template in force; it is the opening office's own, like the window that takes the application. */
static int find_template(struct joint_work *w, json_t *body, json_t **out, struct problem *p)
{
    json_t *item = json_object_get(body, "item"), *stored = NULL;
    const char *code = NULL, *office = NULL;
    int64_t version = 0;
    int rc = item ? strict_json_text(item, "/item", "code", true, sizeof w->row.item - 1, &code, p)
                  : problem_set(p, PROBLEM_FIELD, "/item", "the item is missing");
    if (!rc)
        rc = strict_json_text(item, "/item", "office", false, OFFICE_LEN, &office, p);
    if (!rc && office && strcmp(office, w->office->code))
        rc = problem_set(p, PROBLEM_FIELD, "/item/office", "a joint case is opened at the office whose item it is: %s", office);
    if (rc)
        return rc;
    rc = catalogue_offered(w->db, w->office->code, code, timestamp_day(w->now), &version, &stored, NULL);
    if (rc == TB_ENOTFOUND)
        rc = problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/code", "office %s has no item %s", w->office->code, code);
    else if (!rc)
        rc = catalogue_check_force(stored, code, timestamp_day(w->now), p);
    if (!rc && !json_object_get(stored, "legs"))
        rc = problem_set(p, PROBLEM_FIELD, "/item/code", "item %s has no legs: take it in with tongban case new", code);
    if (!rc) {
        memcpy(w->row.item, code, strlen(code) + 1);
        w->row.item_version = version;
        w->row.rule = (enum joint_rule)joint_rule_by_name(json_string_value(json_object_get(stored, "joint_rule")));
        w->row.title = strdup(json_string_value(json_object_get(stored, "name")));
        if (!w->row.title || json_object_set_new(item, "office", json_string(w->office->code)) ||
            json_object_set_new(item, "version", json_integer(version)) ||
            json_object_set(item, "name", json_object_get(stored, "name")))
            rc = TB_ENOMEM;
    }
    if (rc)
        json_decref(stored);
    else
        *out = stored;
    return rc;
}

/* Whether this leg could be opened today: better said at the counter than when its turn comes.  Completes the leg of the master. */
static int check_leg(struct joint_work *w, const json_t *application, const json_t *offices, json_t *leg, struct problem *p)
{
    const char *office = joint_leg_office(leg, w->office->code, offices), *code = json_string_value(json_object_get(leg, "item"));
    json_t *stored = NULL;
    int64_t version = 0;
    char id[UUID_TEXT];
    if (!office)
        return problem_set(p, PROBLEM_FIELD, "/offices", "say which office it is, six digits: offices.%s, or --%s-office",
                           json_string_value(json_object_get(leg, "office")), json_string_value(json_object_get(leg, "office")));
    bool here = !strcmp(office, w->office->code);
    if (!here && !office_peer(w->office, office))
        return problem_set(p, PROBLEM_FIELD, "/offices", "office %s is not a counterpart of this office", office);
    int rc = catalogue_offered(w->db, office, code, timestamp_day(w->now), &version, &stored, NULL);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/code", "office %s has no item %s", office, code);
    if (!rc)
        rc = catalogue_check_force(stored, code, timestamp_day(w->now), p);
    if (!rc && json_object_get(stored, "legs"))
        rc = problem_set(p, PROBLEM_FIELD, "/item/code", "item %s has legs itself; a leg is one decision", code);
    if (!rc && !here)
        rc = authority_find(w->db, w->office, office, code, STEP_INTAKE, w->now, 0, id, p);
    if (!rc && !here)
        rc = authority_check_body(w->db, w->office, office, w->office->code, code, application, w->now, 0, p);
    json_t *name = json_string(office); /* the template's word may lie in the member that is replaced */
    if (!rc && (!name || json_object_set(leg, "office", name) || json_object_set_new(leg, "version", json_integer(version)) ||
                json_object_set(leg, "title", json_object_get(stored, "name"))))
        rc = TB_ENOMEM;
    json_decref(name);
    json_decref(stored);
    return rc;
}

static int resolve(struct joint_work *w, const json_t *template, const json_t *application, const json_t *offices, json_t **out,
                   struct problem *p)
{
    json_t *legs = json_array(), *one;
    size_t i;
    int rc = legs ? 0 : TB_ENOMEM;
    json_array_foreach(json_object_get(template, "legs"), i, one)
    {
        struct problem why = {.id = PROBLEM_COUNT, .number = -1};
        json_t *leg = rc ? NULL : json_copy(one);
        if (rc)
            break;
        rc = leg && !json_array_append_new(legs, leg) ? check_leg(w, application, offices, leg, &why) : TB_ENOMEM;
        if (rc && why.id < PROBLEM_COUNT)
            rc = problem_set(p, why.id, why.field, "leg %s: %s", json_string_value(json_object_get(leg, "name")), why.detail);
    }
    if (rc)
        json_decref(legs);
    else
        *out = legs;
    return rc;
}

static int check_offices(const json_t *offices, struct problem *p)
{
    static const char *const known[] = {"applicant", "other", NULL};
    const char *key;
    json_t *value;
    int rc = !offices || json_is_object(offices) ? 0 : problem_set(p, PROBLEM_FIELD, "/offices", "an object is needed");
    if (!rc && offices)
        rc = strict_json_only(offices, "/offices", known, p);
    json_object_foreach((json_t *)(uintptr_t)offices, key, value)
        if (!rc && (!json_string_value(value) || !office_valid(json_string_value(value))))
            rc = problem_set(p, PROBLEM_FIELD, "/offices", "an office has six digits");
    return rc;
}

/* The application as one whole: what every leg gets is checked once, here. */
static int check_application(struct joint_work *w, json_t *body, struct problem *p)
{
    char text[TIMESTAMP_TEXT];
    int64_t at = w->now;
    int rc = 0;
    timestamp_format(w->now, text);
    if (json_object_get(body, "joint"))
        rc = problem_set(p, PROBLEM_FIELD, "/joint", "there is no such member; check its spelling");
    else if (!json_object_get(body, "handed_in_at") && json_object_set_new(body, "handed_in_at", json_string(text)))
        rc = TB_ENOMEM;
    if (!rc)
        rc = case_check_body(ENTRY_CASE_SUBMITTED, body, p);
    if (!rc && (timestamp_parse(json_string_value(json_object_get(body, "handed_in_at")), &at) || at > w->now))
        rc = problem_set(p, PROBLEM_FIELD, "/handed_in_at", "the time of handing in must be a time in the past");
    return rc ? rc : materials_attach(w->db, json_object_get(body, "materials"), p);
}

static int copy_applicant(struct joint_work *w, const json_t *body)
{
    const json_t *applicant = json_object_get(body, "applicant");
    w->row.applicant = strdup(json_string_value(json_object_get(applicant, "name")));
    w->row.number = strdup(json_string_value(json_object_get(json_object_get(applicant, "certificate"), "number")));
    return w->row.applicant && w->row.number ? 0 : TB_ENOMEM;
}

/* The master: its entry, its row, its legs, all waiting. */
static int insert_all(struct joint_work *w, const json_t *template)
{
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    uint64_t index = 0;
    int rc = joint_work_append(w, ENTRY_JOINT_OPENED, w->opened, &index);
    w->row.entry = (int64_t)index;
    w->row.opened = w->now;
    w->row.state = JOINT_RUNNING;
    if (!rc)
        rc = joint_insert(w->db, &w->row);
    w->count = joint_read_legs(json_object_get(template, "legs"), legs);
    for (size_t n = 0; n < w->count && !rc; n++) {
        w->legs[n] = (struct joint_leg_row){.leg = legs[n]};
        rc = joint_leg_put(w->db, w->row.id, n, &w->legs[n]);
    }
    return rc;
}

static int open_joint(struct joint_work *w, struct office_request *request, struct problem *p)
{
    json_t *body = request->body, *template = NULL, *legs = NULL;
    json_t *offices = json_incref(json_object_get(body, "offices"));
    (void)json_object_del(body, "offices");
    int rc = check_offices(offices, p);
    if (!rc)
        rc = find_template(w, body, &template, p);
    if (!rc)
        rc = check_application(w, body, p);
    if (!rc)
        rc = resolve(w, template, body, offices, &legs, p);
    if (!rc)
        rc = case_number(w->db, w->office, w->now, w->row.joint_no, p);
    if (!rc)
        rc = copy_applicant(w, body);
    if (!rc) {
        w->opened = json_pack("{s:O, s:s, s:O, s:O}", "item", json_object_get(body, "item"), "rule", joint_rules[w->row.rule].name, "legs",
                              legs, "application", body);
        rc = w->opened ? insert_all(w, template) : TB_ENOMEM;
    }
    if (!rc)
        rc = joint_advance(w, true, p);
    json_decref(offices);
    json_decref(template);
    json_decref(legs);
    return rc ? rc : answer(w, request, 201);
}

/* ---- withdrawing ---- */

/* A leg that may still be taken back is; one that was decided meanwhile stays decided (行政许可法 29). */
static int withdraw_leg(struct joint_work *w, struct office_request *request, size_t n)
{
    const struct case_transition *move = NULL;
    struct problem ignored = {.number = -1};
    struct case_row row;
    int rc = case_get_by_id(w->db, w->legs[n].case_id, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
    rc = case_find_transition("withdraw", case_side_of(w->office, &row), CASE_ROLE_WINDOW, row.local_state, case_once_done(&row), &move,
                              &ignored);
    if (rc == TB_EREFUSED || rc == TB_EDENIED) {
        rc = 0;
    } else if (!rc) {
        json_t *body = json_copy(request->body);
        rc = body ? case_act(w->db, w->office, w->staff, row.case_no, "withdraw", body, &ignored) : TB_ENOMEM;
        json_decref(body);
        changed_add(&request->changed, &request->changed_count, row.case_no);
    }
    case_row_clear(&row);
    return rc;
}

static int withdraw_joint(struct joint_work *w, struct office_request *request, struct problem *p)
{
    struct joint_row row;
    int rc = joint_get(w->db, request->case_no, &row);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "joint case %s is not known at this office", request->case_no);
    int64_t id = rc ? 0 : row.id;
    if (!rc) {
        joint_row_clear(&row);
        rc = joint_work_load(w, id);
    }
    if (!rc)
        rc = case_check_body(ENTRY_CASE_WITHDRAWN, request->body, p);
    if (!rc && w->row.state != JOINT_RUNNING)
        rc = problem_set(p, PROBLEM_TRANSITION, NULL, "the joint case is closed: %s", joint_states[w->row.state].name);
    if (!rc && w->row.withdrawn)
        rc = problem_set(p, PROBLEM_STEP_DONE, NULL, "the joint case was withdrawn before; its legs are still being closed");
    uint64_t index = 0;
    if (!rc)
        rc = joint_work_append(w, ENTRY_JOINT_WITHDRAWN, request->body, &index);
    w->row.withdrawn = (int64_t)index;
    if (!rc)
        rc = joint_update(w->db, &w->row);
    for (size_t n = 0; n < w->count && !rc; n++)
        if (w->legs[n].leg.state == LEG_OPEN)
            rc = withdraw_leg(w, request, n);
    if (rc)
        return rc;
    joint_work_clear(w); /* local legs have moved it on already */
    rc = joint_work_load(w, id);
    if (!rc)
        rc = joint_advance(w, false, p);
    return rc ? rc : answer(w, request, 200);
}

int joint_run(struct store_db *db, struct office_request *request, struct problem *p)
{
    struct joint_work w = {.db = db, .office = request->office, .staff = request->staff, .now = store_now(db)};
    int rc = need_window(request, p);
    if (!rc)
        rc = request->kind == OFFICE_JOINT ? open_joint(&w, request, p) : withdraw_joint(&w, request, p);
    joint_work_clear(&w);
    return rc;
}

/* ---- following ---- */

/* Delivery and closing come after a decision; when the decision itself was not seen, the case's entries tell it. */
static int decided_before(struct store_db *db, const struct office *office, const struct case_row *row, enum case_state *state)
{
    json_t *content = NULL;
    int rc = case_fold(db, office, row, &content);
    const char *outcome = json_string_value(json_object_get(json_object_get(content, "decision"), "outcome"));
    if (!rc && outcome)
        *state = !strcmp(outcome, "grant") ? CASE_GRANTED : CASE_DENIED;
    else if (!rc && json_object_get(content, "refusal"))
        *state = CASE_REFUSED;
    else if (!rc && *state == CASE_COMPLETED)
        *state = CASE_WITHDRAWN; /* closed without a decision */
    json_decref(content);
    return rc;
}

static bool is_after_decision(enum case_state state)
{
    return state == CASE_DELIVERING || state == CASE_DELIVERED || state == CASE_COMPLETED;
}

int joint_follow(struct store_db *db, const struct office *office, const struct case_row *row)
{
    struct joint_work w = {.db = db, .office = office, .now = store_now(db)};
    enum case_state state = row->state;
    int64_t joint_id = 0;
    size_t n = 0;
    if (!row->id || strcmp(row->intake, office->code))
        return 0;
    if (!is_after_decision(state) && joint_leg_of_case(LEG_OPEN, state, row->rev, row->pending > 0) == LEG_OPEN)
        return 0; /* nothing that a joint case waits for: no look into the store */
    int rc = joint_leg_of(db, row->id, &joint_id, &n);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = joint_work_load(&w, joint_id);
    if (rc)
        return rc;
    struct joint_leg_row *leg = n < w.count ? &w.legs[n] : NULL;
    if (leg && leg->leg.state == LEG_OPEN && is_after_decision(state))
        rc = decided_before(db, office, row, &state);
    enum joint_leg_state next = leg ? joint_leg_of_case(leg->leg.state, state, row->rev, row->pending > 0) : LEG_OPEN;
    if (!rc && leg && next != leg->leg.state) {
        leg->leg.state = next;
        if (next == LEG_REFUSED && !row->rev)
            (void)snprintf(leg->reason, sizeof leg->reason, "the home side did not take the application");
        rc = joint_leg_put(db, joint_id, n, leg);
        if (!rc)
            rc = joint_advance(&w, false, NULL);
    }
    joint_work_clear(&w);
    return rc;
}

int joint_check_claim(const json_t *body, const char *from, struct problem *p)
{
    const json_t *joint = json_object_get(body, "joint");
    const char *id = json_string_value(json_object_get(joint, "id"));
    if (!joint || (id && !strncmp(id, from, OFFICE_LEN)))
        return 0;
    return problem_set(p, PROBLEM_FIELD, "/joint/id", "a joint case of office %s begins with its code", from);
}
