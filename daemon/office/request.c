#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/item.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* What the acts of one request share while they run. */
struct act {
    struct store_db *db;
    const struct office *office;
    struct office_request *request;
    const struct case_transition *move;
    struct case_row row;
    struct entry entry;       /* body is a borrowed reference of the request's body, or owned through entry_clear */
    enum case_side side;
    int64_t now;
};

static int64_t now_ms(struct store_db *db)
{
    return store_world(db)->now_ms(store_world(db)->context);
}

/* 行政复议法 20, 行政诉讼法 46: a refusal names the remedies, also when the officer forgot to. */
static const char remedies_text[] = "如不服本决定，可以自收到之日起六十日内申请行政复议，或者自收到之日起六个月内向人民法院提起行政诉讼。";

static int set_actor(struct act *a)
{
    const struct office_staff *staff = a->request->staff;
    memcpy(a->entry.staff, staff->id, sizeof a->entry.staff);
    memcpy(a->entry.role, staff->role, sizeof a->entry.role);
    a->entry.type = a->move->entry;
    a->entry.at = a->now;
    a->entry.body = json_incref(a->request->body);
    return 0;
}

/* The delegate's steps need an authorisation of the principal in force now (行政许可法 24). */
static int authorise(struct act *a, struct problem *p)
{
    if (a->side == CASE_SIDE_HOME)
        return 0;
    int rc = 0;
    if (a->move->step != STEP_NONE)
        rc = authority_find(a->db, a->office, a->row.home, a->row.item, a->move->step, a->now, a->entry.authorisation, p);
    if (!rc)
        rc = authority_check_body(a->db, a->office, a->row.home, a->office->code, a->row.item, a->request->body, a->now, p);
    return rc;
}

static int find_item(struct act *a, struct problem *p)
{
    json_t *item = json_object_get(a->request->body, "item"), *stored = NULL;
    const char *home = NULL, *code = NULL;
    int64_t version = 0, found = 0;
    int rc = item ? strict_json_text(item, "/item", "office", true, OFFICE_LEN, &home, p)
                  : problem_set(p, PROBLEM_FIELD, "/item", "the item is missing");
    if (!rc)
        rc = strict_json_text(item, "/item", "code", true, sizeof a->row.item - 1, &code, p);
    if (!rc)
        rc = strict_json_int(item, "/item", "version", false, 1, INT32_MAX, 0, &version, p);
    if (rc)
        return rc;
    if (!office_peer(a->office, home))
        return problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/office", "office %s is not a counterpart of this office", home);
    rc = catalogue_offered(a->db, home, code, timestamp_day(a->now), &found, &stored, NULL);
    if (rc == TB_ENOTFOUND)
        rc = problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/code", "office %s has no item %s", home, code);
    else if (!rc && version && version != found)
        rc = problem_set(p, PROBLEM_ITEM_RETIRED, "/item/version", "version %lld of %s is not the one in force", (long long)version, code);
    if (!rc && !item_in_force(stored, timestamp_day(a->now)))
        rc = problem_set(p, PROBLEM_ITEM_RETIRED, "/item/code", "item %s is not in force today", code);
    if (!rc) {
        memcpy(a->row.home, home, OFFICE_TEXT);
        memcpy(a->row.intake, a->office->code, OFFICE_TEXT);
        memcpy(a->row.item, code, strlen(code) + 1);
        a->row.item_version = found;
        /* the case pins version and name: what the applicant was told */
        if (json_object_set_new(item, "version", json_integer(found)) ||
            json_object_set(item, "name", json_object_get(stored, "name")))
            rc = TB_ENOMEM;
    }
    json_decref(stored);
    return rc;
}

static int copy_applicant(struct act *a)
{
    const json_t *applicant = json_object_get(a->request->body, "applicant");
    const char *name = json_string_value(json_object_get(applicant, "name"));
    const char *number = json_string_value(json_object_get(json_object_get(applicant, "certificate"), "number"));
    a->row.applicant = strdup(name ? name : "");
    a->row.number = strdup(number ? number : "");
    return a->row.applicant && a->row.number ? 0 : TB_ENOMEM;
}

static int number_case(struct act *a, struct problem *p)
{
    uint32_t serial;
    int64_t day = timestamp_day(a->now);
    int rc = case_serial_next(a->db, day, &serial);
    if (!rc)
        rc = case_no_make(a->office->code, day, serial, a->row.case_no);
    return rc == TB_ELIMIT ? problem_set(p, PROBLEM_BUSY, NULL, "the case numbers of this day are used up") : rc;
}

/* Intake, with or without forwarding in the same breath: one entry, one new case. */
static int run_intake(struct act *a, struct problem *p)
{
    json_t *body = a->request->body;
    bool forward = true;
    int rc = strict_json_bool(body, "", "forward", true, &forward, p);
    if (rc)
        return rc;
    (void)json_object_del(body, "forward");
    rc = case_find_transition(forward ? "submit" : "intake", CASE_SIDE_INTAKE,
                              (unsigned)case_role_by_name(a->request->staff->role), CASE_NONE, false, &a->move, p);
    if (!rc)
        rc = find_item(a, p);
    char text[TIMESTAMP_TEXT];
    timestamp_format(a->now, text);
    if (!rc && !json_object_get(body, "handed_in_at") && json_object_set_new(body, "handed_in_at", json_string(text)))
        rc = TB_ENOMEM;
    if (!rc)
        rc = case_check_body(a->move->entry, body, p);
    if (!rc)
        rc = authorise(a, p);
    if (!rc)
        rc = materials_attach(a->db, json_object_get(body, "materials"), p);
    if (!rc)
        rc = number_case(a, p);
    if (!rc)
        rc = copy_applicant(a);
    if (rc)
        return rc;
    int64_t handed_in = a->now;
    if (timestamp_parse(json_string_value(json_object_get(body, "handed_in_at")), &handed_in) || handed_in > a->now)
        return problem_set(p, PROBLEM_FIELD, "/handed_in_at", "the time of handing in must be a time in the past");
    a->row.times[TIME_HANDED_IN] = handed_in;
    if (forward)
        a->row.times[TIME_SENT] = a->now;
    a->row.state = a->row.local_state = a->move->to;
    a->row.pending = forward ? 1 : 0;
    a->row.todo = case_todo_here(a->office, &a->row, a->move->to);
    rc = case_set_due(a->db, a->office, &a->row);
    if (!rc)
        rc = case_insert(a->db, &a->row);
    if (!rc)
        rc = set_actor(a);
    if (!rc)
        rc = case_append(a->db, a->office, &a->row, &a->entry, NULL);
    return rc;
}

/* ---- what single actions do beside the row of the table ---- */

/* Forwarding sends the whole application as it stands now: the fold of what the window recorded. */
static int prepare_forward(struct act *a, struct problem *p)
{
    static const char *const members[] = {"item", "applicant", "agent",        "materials", "comparison", "delivery",
                                          "form", "remark",    "handed_in_at", "late",      NULL};
    json_t *content = NULL;
    int rc = case_fold(a->db, a->office, &a->row, &content);
    if (rc)
        return rc;
    json_t *body = json_object();
    for (size_t i = 0; body && members[i]; i++) {
        json_t *value = json_object_get(content, members[i]);
        if (value)
            (void)json_object_set(body, members[i], value);
    }
    json_decref(content);
    if (!body)
        return TB_ENOMEM;
    json_decref(a->request->body);
    a->request->body = body;
    return materials_attach(a->db, json_object_get(body, "materials"), p);
}

static int prepare_materials(struct act *a, struct problem *p)
{
    return materials_attach(a->db, json_object_get(a->request->body, "materials"), p);
}

/* Nothing is accepted or decided on papers that are still on the way. */
static int prepare_accept(struct act *a, struct problem *p)
{
    size_t waiting = 0;
    int rc = material_waits(a->db, a->row.id, &waiting);
    if (!rc && waiting)
        rc = problem_set(p, PROBLEM_MATERIAL_MISSING, NULL, "%zu materials of this case are still on the way", waiting);
    return rc;
}

static int prepare_refuse(struct act *a, struct problem *p)
{
    (void)p;
    if (json_object_get(a->request->body, "remedies"))
        return 0;
    return json_object_set_new(a->request->body, "remedies", json_string(remedies_text)) ? TB_ENOMEM : 0;
}

static int prepare_decision(struct act *a, struct problem *p)
{
    bool grant = !strcmp(a->move->action, "grant");
    int rc = prepare_accept(a, p);
    if (!rc && json_object_set_new(a->request->body, "outcome", json_string(grant ? "grant" : "deny")))
        rc = TB_ENOMEM;
    if (!rc && !grant)
        rc = prepare_refuse(a, p);
    if (!rc)
        rc = material_attach_one(a->db, json_object_get(a->request->body, "result"), "/result", p);
    return rc;
}

static const struct {
    const char *action;
    int (*prepare)(struct act *a, struct problem *p);
} preparations[] = {
    {"forward", prepare_forward}, {"material", prepare_materials}, {"supplement", prepare_materials}, {"accept", prepare_accept},
    {"refuse", prepare_refuse},   {"grant", prepare_decision},     {"deny", prepare_decision},
};

static int prepare(struct act *a, struct problem *p)
{
    for (size_t i = 0; i < sizeof preparations / sizeof preparations[0]; i++)
        if (!strcmp(preparations[i].action, a->move->action))
            return preparations[i].prepare(a, p);
    return 0;
}

/* Effect of an action on the row: the home side's moves are confirmed at once, the intake side's wait for a verdict. */
static int settle_action(struct act *a)
{
    const struct case_transition *move = a->move;
    if (move->entry == ENTRY_CASE_NOTICE)
        a->row.noticed = 1;
    if (a->side == CASE_SIDE_HOME) {
        case_confirm(a->office, &a->row, move->to, a->entry.rev, move->time, a->now);
    } else {
        if (move->time != TIME_NONE && !a->row.times[move->time])
            a->row.times[move->time] = a->now;
        if (move->to != CASE_STATES)
            a->row.local_state = move->to;
        if (entry_type_is_message(move->entry))
            a->row.pending++;
        else if (move->to != CASE_STATES)
            a->row.state = move->to; /* nobody else has to agree before it is forwarded */
        a->row.todo = case_todo_here(a->office, &a->row, a->row.local_state);
    }
    return case_set_due(a->db, a->office, &a->row);
}

static int run_action(struct act *a, struct problem *p)
{
    struct office_request *request = a->request;
    int rc = case_get(a->db, request->case_no, &a->row);
    if (rc)
        return rc == TB_ENOTFOUND ? problem_set(p, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", request->case_no) : rc;
    a->side = case_side_of(a->office, &a->row);
    rc = case_find_transition(request->action, a->side, (unsigned)case_role_by_name(request->staff->role),
                              a->row.local_state, a->row.noticed, &a->move, p);
    if (!rc)
        rc = prepare(a, p);
    if (!rc)
        rc = case_check_body(a->move->entry, request->body, p);
    if (!rc)
        rc = authorise(a, p);
    if (!rc)
        rc = set_actor(a);
    if (!rc) {
        a->entry.rev = a->side == CASE_SIDE_HOME ? a->row.rev + 1 : 0;
        rc = case_append(a->db, a->office, &a->row, &a->entry, NULL);
    }
    if (!rc)
        rc = settle_action(a);
    if (!rc)
        rc = case_update(a->db, &a->row);
    return rc;
}

/* Each unmasked view of a person's papers is an entry (domain.md 4.9). */
static int run_view(struct act *a, struct problem *p)
{
    int rc = case_get(a->db, a->request->case_no, &a->row);
    if (rc)
        return rc == TB_ENOTFOUND
                   ? problem_set(p, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", a->request->case_no)
                   : rc;
    struct entry view = {.type = ENTRY_CASE_VIEWED, .at = a->now, .body = json_object()};
    memcpy(view.staff, a->request->staff->id, sizeof view.staff);
    memcpy(view.role, a->request->staff->role, sizeof view.role);
    memcpy(view.case_no, a->row.case_no, sizeof view.case_no);
    rc = view.body ? store_append(a->db, &view, NULL, NULL) : TB_ENOMEM;
    entry_clear(&view);
    json_t *doc = NULL;
    if (!rc)
        rc = case_document(a->db, a->office, a->request->staff, &a->row, &doc);
    if (!rc) {
        a->request->answer = json_dumps(doc, JSON_COMPACT);
        a->request->status = 200;
        rc = a->request->answer ? 0 : TB_ENOMEM;
    }
    json_decref(doc);
    return rc;
}

/* The answer of an act: numbers and state, no personal data — it is kept for repetitions. */
static int answer_act(struct act *a)
{
    json_t *doc = NULL;
    int rc = case_summary(a->db, a->office, a->request->staff, &a->row, &doc);
    if (rc)
        return rc;
    a->request->answer = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    if (!a->request->answer)
        return TB_ENOMEM;
    a->request->status = a->request->kind == OFFICE_INTAKE ? 201 : 200;
    memcpy(a->request->changed_case, a->row.case_no, CASE_NO_TEXT);
    return idempotency_put(a->db, a->request->staff->id, a->request->key, a->request->request_hash, a->request->status, a->request->answer);
}

static int run_publish(struct act *a, struct problem *p)
{
    struct office_request *request = a->request;
    int rc = catalogue_publish(a->db, request, a->now, p);
    return rc ? rc : idempotency_put(a->db, request->staff->id, request->key, request->request_hash, request->status, request->answer);
}

/* 0: go on; TB_EDUPLICATE: the stored answer is in the request. */
static int replay(struct act *a, struct problem *p)
{
    struct buf body;
    buf_init(&body, LIMIT_ENTRY_BYTES);
    int status = 0;
    int rc = idempotency_get(a->db, a->request->staff->id, a->request->key, a->request->request_hash, &status, &body);
    if (rc == TB_ENOTFOUND) {
        rc = 0;
    } else if (rc == TB_ECONFLICT) {
        rc = problem_set(p, PROBLEM_KEY_REUSED, NULL, "the key %s belongs to another request", a->request->key);
    } else if (!rc) {
        a->request->status = status;
        a->request->answer = buf_take(&body, NULL);
        a->request->replayed = true;
        rc = TB_EDUPLICATE;
    }
    buf_free(&body);
    return rc;
}

static int request_run(struct store_db *db, struct store_command *command)
{
    struct office_request *request = (struct office_request *)command;
    struct act act = {.db = db, .office = request->office, .request = request, .now = now_ms(db)};
    struct problem *p = &request->problem;
    p->id = PROBLEM_COUNT;
    int rc;
    if (request->kind == OFFICE_VIEW) {
        rc = run_view(&act, p);
    } else {
        rc = replay(&act, p);
        if (!rc && request->kind == OFFICE_PUBLISH)
            rc = run_publish(&act, p);
        else if (!rc)
            rc = request->kind == OFFICE_INTAKE ? run_intake(&act, p) : run_action(&act, p);
        if (!rc && request->kind != OFFICE_PUBLISH)
            rc = answer_act(&act);
        if (rc == TB_EDUPLICATE)
            rc = 0;
    }
    if (rc && p->id == PROBLEM_COUNT)
        (void)problem_from_code(p, rc);
    entry_clear(&act.entry);
    case_row_clear(&act.row);
    return rc;
}

static int hash_request(struct office_request *request, const char *body, size_t len)
{
    char head[128];
    int n = snprintf(head, sizeof head, "%d %s %s\n", (int)request->kind, request->case_no, request->action);
    return suite_hash(request->office->suite, head, (size_t)n, body, len, NULL, 0, request->request_hash);
}

static int check_key(const char *key, struct problem *p)
{
    if (!key || !key[0])
        return problem_set(p, PROBLEM_KEY_MISSING, NULL, "no Idempotency-Key");
    size_t len = strlen(key);
    if (len > LIMIT_IDEMPOTENCY_KEY_BYTES)
        return problem_set(p, PROBLEM_MALFORMED, "Idempotency-Key", "at most %d characters", (int)LIMIT_IDEMPOTENCY_KEY_BYTES);
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x21 || key[i] > 0x7e)
            return problem_set(p, PROBLEM_MALFORMED, "Idempotency-Key", "only printable ASCII characters");
    return 0;
}

int office_request_init(struct office_request *request, const struct office *office, enum office_kind kind,
                        const struct office_staff *staff, const char *key, const char *case_no, const char *action,
                        const char *body, size_t body_len, struct problem *p)
{
    *request = (struct office_request){.command = {.run = request_run, .intake = kind == OFFICE_INTAKE},
                                       .office = office,
                                       .kind = kind,
                                       .staff = staff,
                                       .problem = {.id = PROBLEM_COUNT, .number = -1}};
    int rc = 0;
    const char *why = "";
    if (kind != OFFICE_VIEW)
        rc = check_key(key, p);
    if (!rc && kind != OFFICE_VIEW)
        memcpy(request->key, key, strlen(key) + 1);
    if (!rc && (kind == OFFICE_ACTION || kind == OFFICE_VIEW)) {
        if (!case_no || code_check(CODE_CASE_NO, case_no, &why))
            rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "not a case number: %s", why);
        else
            memcpy(request->case_no, case_no, CASE_NO_TEXT);
    }
    if (!rc && kind == OFFICE_ACTION) {
        if (!action || strlen(action) >= sizeof request->action)
            rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such action");
        else
            memcpy(request->action, action, strlen(action) + 1);
    }
    if (!rc && kind != OFFICE_VIEW) {
        rc = hash_request(request, body, body_len);
        if (!rc && body_len)
            rc = strict_json_parse(body, body_len, &request->body, p);
        else if (!rc)
            rc = (request->body = json_object()) ? 0 : TB_ENOMEM;
    }
    if (rc)
        office_request_clear(request);
    return rc;
}

void office_request_clear(struct office_request *request)
{
    json_decref(request->body);
    request->body = NULL;
    free(request->answer);
    request->answer = NULL;
}
