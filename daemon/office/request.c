#include "daemon/office/act.h"

#include <stdlib.h>
#include <string.h>

#include "proto/access.h"
#include "proto/case_law.h"
#include "daemon/store/joint_rows.h"
#include "proto/item.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

static int set_actor(struct act *a)
{
    const struct office_staff *staff = a->request->staff;
    if (staff) {
        memcpy(a->entry.staff, staff->id, sizeof a->entry.staff);
        memcpy(a->entry.role, staff->role, sizeof a->entry.role);
    }
    a->entry.type = a->move->entry;
    a->entry.at = a->now;
    a->entry.body = json_incref(a->request->body);
    return 0;
}

/* The system goes on with what a window took in, and a channel takes in: as the window would.  Which channel it was stands in the entry, as
 * the role of its actor. */
static unsigned role_of(const struct act *a)
{
    const struct office_staff *staff = a->request->staff;
    if (!staff || (a->request->kind == OFFICE_INTAKE && access_is_channel(staff->role)))
        return CASE_ROLE_WINDOW;
    int role = case_role_by_name(staff->role);
    return role > 0 ? (unsigned)role : 0;
}

/* The delegate's steps need an authorisation of the principal in force now (行政许可法 24). */
static int authorise(struct act *a, struct problem *p)
{
    if (a->side == CASE_SIDE_HOME || case_is_local(&a->row))
        return 0;
    int rc = 0;
    if (a->move->step != STEP_NONE)
        rc = authority_find(a->db, a->office, a->row.home, a->row.item, a->move->step, a->now, a->row.times[TIME_HANDED_IN],
                            a->entry.authorisation, p);
    if (!rc)
        rc = authority_check_body(a->db, a->office, a->row.home, a->office->code, a->row.item, a->request->body, a->now,
                                  a->row.times[TIME_HANDED_IN], p);
    return rc;
}

/* 形式审查: what is missing is said and taken in all the same; a way of delivery that the item does not offer would disappoint. */
static int check_form(struct act *a, const json_t *item, struct problem *p)
{
    const char *way = json_string_value(json_object_get(json_object_get(a->request->body, "delivery"), "way"));
    if (way && !item_delivers(item, way))
        return problem_set(p, PROBLEM_FIELD, "/delivery/way", "this item is not delivered that way: %s", way);
    int rc = item_check_licences(item, json_object_get(a->request->body, "materials"), p);
    return rc ? rc : item_lacks(item, a->request->body, &a->lacks);
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
    if (strcmp(home, a->office->code) && !office_peer(a->office, home))
        return problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/office", "office %s is not a counterpart of this office", home);
    rc = catalogue_offered(a->db, home, code, timestamp_day(a->now), &found, &stored, NULL);
    if (rc == TB_ENOTFOUND)
        rc = problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/code", "office %s has no item %s", home, code);
    else if (!rc && version && version != found)
        rc = problem_set(p, PROBLEM_ITEM_RETIRED, "/item/version", "version %lld of %s is not the one in force", (long long)version, code);
    if (!rc)
        rc = catalogue_check_force(stored, code, timestamp_day(a->now), p);
    if (!rc && json_object_get(stored, "legs"))
        rc = problem_set(p, PROBLEM_FIELD, "/item/code", "item %s has legs: take it in with tongban joint new", code);
    if (!rc) {
        memcpy(a->row.home, home, OFFICE_TEXT);
        memcpy(a->row.intake, a->office->code, OFFICE_TEXT);
        memcpy(a->row.item, code, strlen(code) + 1);
        a->row.item_version = found;
        a->row.rule = notice_rule_of(stored);
        /* the case pins version and name: what the applicant was told */
        if (json_object_set_new(item, "version", json_integer(found)) ||
            json_object_set(item, "name", json_object_get(stored, "name")))
            rc = TB_ENOMEM;
    }
    if (!rc && !a->leg)
        rc = check_form(a, stored, p);
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

int case_number(struct store_db *db, const struct office *office, int64_t now, char out[CASE_NO_TEXT], struct problem *p)
{
    uint32_t serial;
    int64_t day = timestamp_day(now);
    int rc = case_serial_next(db, day, &serial);
    if (!rc)
        rc = case_no_make(office->code, day, serial, out);
    return rc == TB_ELIMIT ? problem_set(p, PROBLEM_BUSY, NULL, "the case numbers of this day are used up") : rc;
}

/* Intake and home side are one office: what is forwarded is received once its materials are here. */
static int receive_here(struct act *a)
{
    size_t waiting = 0;
    int rc = materials_await(a->db, a->row.id, json_object_get(a->request->body, "materials"), &waiting);
    if (rc || waiting)
        return rc;
    rc = case_mark_received(a->db, a->office, &a->row);
    return rc ? rc : case_update(a->db, &a->row);
}

/* Intake, with or without forwarding in the same breath: one entry, one new case. */
static int run_intake(struct act *a, struct problem *p)
{
    json_t *body = a->request->body;
    bool forward = true;
    int rc = strict_json_bool(body, "", "forward", true, &forward, p);
    if (!rc && !a->leg && json_object_get(body, "joint"))
        rc = problem_set(p, PROBLEM_FIELD, "/joint", "a leg is opened by its joint case; see: tongban joint new");
    if (rc)
        return rc;
    (void)json_object_del(body, "forward");
    rc = case_find_transition(forward ? "submit" : "intake", CASE_SIDE_INTAKE, role_of(a), CASE_NONE, 0, &a->move, p);
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
    if (!rc && !a->leg)
        rc = materials_attach(a->db, json_object_get(body, "materials"), p);
    if (!rc)
        rc = case_number(a->db, a->office, a->now, a->row.case_no, p);
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
    bool sent = forward && !case_is_local(&a->row);
    a->row.pending = sent ? 1 : 0;
    a->row.rev = a->entry.rev = forward && !sent ? 1 : 0;
    a->row.todo = case_todo_here(a->office, &a->row, a->move->to);
    rc = case_set_due(a->db, a->office, &a->row, NULL);
    if (!rc && a->request->staff)
        rc = desk_take(a->db, a->request->staff, a->now, &a->row);
    if (!rc)
        rc = case_insert(a->db, &a->row);
    if (!rc)
        rc = set_actor(a);
    if (!rc)
        rc = case_append(a->db, a->office, &a->row, &a->entry, NULL);
    return rc || sent || !forward ? rc : receive_here(a);
}

/* ---- actions ---- */

/* Effect of an action on the row: the home side's moves are confirmed at once, the intake side's wait for a verdict. */
static int settle_action(struct act *a)
{
    const struct case_transition *move = a->move;
    case_mark(&a->row, move->entry);
    if (a->entry.rev) {
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
    return case_set_due(a->db, a->office, &a->row, NULL);
}

/* The case of the request; a joint case has a number of the same form. */
static int find_case(struct act *a, struct problem *p)
{
    struct joint_row joint;
    int rc = case_get(a->db, a->request->case_no, &a->row);
    if (rc != TB_ENOTFOUND)
        return rc;
    rc = joint_get(a->db, a->request->case_no, &joint);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", a->request->case_no);
    if (!rc) {
        joint_row_clear(&joint);
        rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "%s is a joint case; see: tongban joint show", a->request->case_no);
    }
    return rc;
}

static int run_action(struct act *a, struct problem *p)
{
    struct office_request *request = a->request;
    int rc = find_case(a, p);
    if (rc)
        return rc;
    a->side = case_side_of(a->office, &a->row);
    /* What the law did by itself comes first, also in the minute before the system gets to it. */
    bool moved = false;
    if (a->side == CASE_SIDE_HOME)
        rc = case_tick(a->db, a->office, &a->row, a->now, &moved);
    if (rc)
        return rc;
    rc = case_find_transition(request->action, a->side, role_of(a), a->row.local_state, case_once_done(&a->row), &a->move, p);
    if (!rc)
        rc = act_prepare(a, p);
    if (!rc) {
        const struct entry act = {.type = a->move->entry, .body = request->body};
        rc = document_check_typed(a->office, document_of_act(a->office, &a->row, &act), request->body, p);
    }
    if (!rc)
        rc = case_check_body(a->move->entry, request->body, p);
    if (!rc)
        rc = authorise(a, p);
    if (!rc)
        rc = set_actor(a);
    if (!rc) {
        /* of a local case every message is the home side's word as well */
        bool ours = a->side == CASE_SIDE_HOME || (case_is_local(&a->row) && entry_type_is_message(a->move->entry));
        a->entry.rev = ours ? a->row.rev + 1 : 0;
        rc = case_append(a->db, a->office, &a->row, &a->entry, NULL);
    }
    if (!rc)
        rc = settle_action(a);
    if (!rc)
        rc = case_update(a->db, &a->row);
    if (!rc && a->move->entry == ENTRY_CASE_CORRECTED)
        rc = case_set_applicant(a->db, &a->row);
    if (!rc && case_is_local(&a->row) && a->move->entry == ENTRY_CASE_SUBMITTED)
        rc = receive_here(a);
    if (!rc)
        rc = register_follow(a->db, a->office, &a->row, &a->entry);
    return rc ? rc : joint_follow(a->db, a->office, &a->row);
}

/* The answer is kept for repetitions of the same request. */
static int keep_stored(struct act *a)
{
    struct office_request *request = a->request;
    return idempotency_put(a->db, request->staff->id, request->key, request->request_hash, request->status, request->answer);
}

/* Makes the document the answer.  Takes `doc`. */
static int keep_answer(struct act *a, json_t *doc, int status)
{
    struct buf text;
    buf_init(&text, LIMIT_ENTRY_BYTES);
    int rc = strict_json_dump(doc, &text);
    json_decref(doc);
    if (!rc) {
        a->request->answer = buf_take(&text, NULL);
        a->request->status = status;
        rc = keep_stored(a);
    }
    buf_free(&text);
    return rc;
}

/* An act of a register; its answer is kept for repetitions like that of an act on a case. */
static int run_register(struct act *a, struct problem *p)
{
    struct object_row object = {.id = 0};
    json_t *doc = NULL;
    int rc = register_request(a->db, a->request, &object, p);
    if (!rc)
        rc = register_summary(a->office, a->request->staff, &object, a->now, &doc);
    object_row_clear(&object);
    return rc ? rc : keep_answer(a, doc, a->request->object_no[0] ? 200 : 201);
}

/* An act inside the transaction of another one. */
static int run_inner(struct act *a, int (*run)(struct act *a, struct problem *p), struct case_row *row, struct problem *p)
{
    int rc = run(a, p);
    entry_clear(&a->entry);
    json_decref(a->lacks);
    if (rc || !row)
        case_row_clear(&a->row);
    else
        *row = a->row;
    return rc;
}

int case_intake(struct store_db *db, const struct office *office, const struct office_staff *staff, json_t *body, struct case_row *row,
                struct problem *p)
{
    struct office_request request = {.office = office, .kind = OFFICE_INTAKE, .staff = staff, .body = body};
    struct act act = {.db = db, .office = office, .request = &request, .leg = true, .now = store_now(db)};
    return run_inner(&act, run_intake, row, p);
}

int case_act(struct store_db *db, const struct office *office, const struct office_staff *staff, const char *case_no, const char *action,
             json_t *body, struct problem *p)
{
    struct office_request request = {.office = office, .kind = OFFICE_ACTION, .staff = staff, .body = body};
    struct act act = {.db = db, .office = office, .request = &request, .now = store_now(db)};
    (void)snprintf(request.case_no, sizeof request.case_no, "%s", case_no);
    (void)snprintf(request.action, sizeof request.action, "%s", action);
    return run_inner(&act, run_action, NULL, p);
}

/* Each unmasked view of a person's papers is an entry (domain.md 4.9). */
static int run_view(struct act *a, struct problem *p)
{
    int rc = find_case(a, p);
    if (rc)
        return rc;
    struct entry view = {.type = ENTRY_CASE_VIEWED, .at = a->now, .body = json_object()};
    memcpy(view.staff, a->request->staff->id, sizeof view.staff);
    memcpy(view.role, a->request->staff->role, sizeof view.role);
    /* with its event: who looked is part of who did what (责任追溯) */
    rc = view.body ? case_append(a->db, a->office, &a->row, &view, NULL) : TB_ENOMEM;
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

/* Printing and declaring void: facts about paper, whatever state the case is in. */
static int run_paper(struct act *a, struct problem *p)
{
    struct office_request *request = a->request;
    json_t *answer = NULL;
    int rc = case_get(a->db, request->case_no, &a->row);
    if (rc)
        return rc == TB_ENOTFOUND
                   ? problem_set(p, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", request->case_no)
                   : rc;
    rc = request->kind == OFFICE_PRINT ? document_print(a->db, request, &a->row, a->now, &answer, p)
                                       : document_declare_void(a->db, request, &a->row, a->now, &answer, p);
    if (rc)
        return rc;
    return keep_answer(a, answer, 200);
}

/* What is kept for repetitions has no personal data (decision 3); the text of a print is made again from the facts. */
static int add_print_text(struct act *a, struct problem *p)
{
    struct office_request *request = a->request;
    json_t *answer = NULL;
    int rc = strict_json_parse(request->answer, strlen(request->answer), &answer, NULL);
    if (!rc && !a->row.id)
        rc = case_get(a->db, request->case_no, &a->row);
    if (!rc)
        rc = document_print_text(a->db, request, &a->row, answer, p);
    if (!rc) {
        free(request->answer);
        request->answer = json_dumps(answer, JSON_COMPACT);
        rc = request->answer ? 0 : TB_ENOMEM;
    }
    json_decref(answer);
    return rc;
}

/* The answer of an act: numbers and state, no personal data — it is kept for repetitions. */
static int answer_act(struct act *a)
{
    json_t *doc = NULL;
    int rc = case_summary(a->db, a->office, a->request->staff, &a->row, &doc);
    if (rc)
        return rc;
    const struct document_row *document = document_of_act(a->office, &a->row, &a->entry);
    const json_t *number = document ? json_object_get(a->entry.body, "document_no") : NULL;
    if (json_is_string(number))
        (void)json_object_set_new(doc, "document",
                                  json_pack("{s:s, s:s, s:O}", "kind", document->id, "title", document->zh, "number", number));
    if (a->lacks && json_object_set(doc, "lacks", a->lacks))
        return json_decref(doc), TB_ENOMEM;
    if (a->request->kind == OFFICE_INTAKE) { /* for the applicant, also where nobody prints a receipt */
        char code[QUERY_CODE_TEXT] = "";
        rc = case_query_code(a->office, &a->row, code);
        if (rc || json_object_set_new(doc, "query", json_string(code)))
            return json_decref(doc), rc ? rc : TB_ENOMEM;
    }
    memcpy(a->request->changed_case, a->row.case_no, CASE_NO_TEXT);
    return keep_answer(a, doc, a->request->kind == OFFICE_INTAKE ? 201 : 200);
}

static int run_case(struct act *a, struct problem *p)
{
    int rc = a->request->kind == OFFICE_INTAKE ? run_intake(a, p) : run_action(a, p);
    return rc ? rc : answer_act(a);
}

static int run_publish(struct act *a, struct problem *p)
{
    struct office_request *request = a->request;
    int rc = catalogue_publish(a->db, request, a->now, p);
    return rc ? rc : keep_stored(a);
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
    struct act act = {.db = db, .office = request->office, .request = request, .now = store_now(db)};
    struct problem *p = &request->problem;
    p->id = PROBLEM_COUNT;
    int rc;
    if (request->kind == OFFICE_VIEW) {
        rc = run_view(&act, p);
    } else {
        bool paper = request->kind == OFFICE_PRINT || request->kind == OFFICE_VOID;
        bool joint = request->kind == OFFICE_JOINT || request->kind == OFFICE_JOINT_WITHDRAW;
        rc = replay(&act, p);
        if (!rc && joint) {
            rc = joint_run(db, request, p);
            rc = rc ? rc : keep_stored(&act);
        } else if (!rc && paper) {
            rc = run_paper(&act, p);
        } else if (!rc && request->kind == OFFICE_PUBLISH) {
            rc = run_publish(&act, p);
        } else if (!rc && request->kind == OFFICE_NUMBER) {
            rc = number_run(db, request, p);
            rc = rc ? rc : keep_stored(&act);
        } else if (!rc) {
            rc = request->kind == OFFICE_REGISTER ? run_register(&act, p) : run_case(&act, p);
        }
        if (rc == TB_EDUPLICATE)
            rc = 0;
        if (!rc && request->kind == OFFICE_PRINT)
            rc = add_print_text(&act, p);
    }
    if (rc && p->id == PROBLEM_COUNT)
        (void)problem_from_code(p, rc);
    entry_clear(&act.entry);
    case_row_clear(&act.row);
    json_decref(act.lacks);
    return rc;
}

static int hash_request(struct office_request *request, const char *body, size_t len)
{
    char head[128];
    int n = snprintf(head, sizeof head, "%d %s%s%s %s\n", (int)request->kind, request->case_no, request->register_kind, request->object_no,
                     request->action);
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

static int take_body(struct office_request *request, const char *body, size_t body_len, struct problem *p)
{
    int rc = hash_request(request, body, body_len);
    if (!rc && body_len)
        rc = strict_json_parse(body, body_len, &request->body, p);
    else if (!rc)
        rc = (request->body = json_object()) ? 0 : TB_ENOMEM;
    return rc;
}

int office_request_register(struct office_request *request, const struct office *office, const struct office_staff *staff, const char *key,
                            const char *kind, const char *no, const char *act, const char *body, size_t body_len, struct problem *p)
{
    const struct register_kind *found = register_by_name(kind);
    char owner[OFFICE_TEXT];
    *request = (struct office_request){.command = {.run = request_run},
                                       .office = office,
                                       .kind = OFFICE_REGISTER,
                                       .staff = staff,
                                       .problem = {.id = PROBLEM_COUNT, .number = -1}};
    int rc = check_key(key, p);
    if (!rc)
        memcpy(request->key, key, strlen(key) + 1);
    if (!rc && (!found || !register_act_by_name(found, act)))
        rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "there is no such act");
    if (!rc && no && register_no_read(found, no, owner))
        rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "it is not a number of this register: it looks like %c330483-2026-1", found->letter);
    if (rc)
        return rc;
    (void)snprintf(request->register_kind, sizeof request->register_kind, "%s", kind);
    (void)snprintf(request->action, sizeof request->action, "%s", act);
    (void)snprintf(request->object_no, sizeof request->object_no, "%s", no ? no : "");
    rc = take_body(request, body, body_len, p);
    if (!rc && !json_is_object(request->body))
        rc = problem_set(p, PROBLEM_MALFORMED, NULL, "an object is needed");
    if (rc)
        office_request_clear(request);
    return rc;
}

int office_request_init(struct office_request *request, const struct office *office, enum office_kind kind,
                        const struct office_staff *staff, const char *key, const char *case_no, const char *action,
                        const char *body, size_t body_len, struct problem *p)
{
    bool intake = kind == OFFICE_INTAKE || kind == OFFICE_JOINT;
    *request = (struct office_request){.command = {.run = request_run, .intake = intake},
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
    if (!rc && !intake && kind != OFFICE_PUBLISH) {
        if (!case_no || code_check(CODE_CASE_NO, case_no, &why))
            rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "not a case number: %s", why);
        else
            memcpy(request->case_no, case_no, CASE_NO_TEXT);
    }
    if (!rc && (kind == OFFICE_ACTION || kind == OFFICE_PRINT || kind == OFFICE_VOID)) {
        if (!action || strlen(action) >= sizeof request->action)
            rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, kind == OFFICE_ACTION ? "no such action" : "no such document");
        else
            memcpy(request->action, action, strlen(action) + 1);
    }
    if (!rc && kind != OFFICE_VIEW) {
        rc = take_body(request, body, body_len, p);
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
    free(request->changed);
    request->changed = NULL;
    request->changed_count = 0;
}
