/* control_retention: what is over its retention, and erasing it (tongbanctl retention). */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/control_internal.h"
#include "daemon/api/retention_run.h"
#include "daemon/base/log.h"
#include "proto/strict_json.h"
#include "proto/text.h"

static void note(const struct control_ask *ask, enum retention_act act)
{
    LOG(LOG_LEVEL_NOTICE, LOG_API, "retention", LOG_INT("act", act), LOG_INT("uid", ask->uid));
}

/* ---- a pass over all cases ---- */

static void pass_done(void *context, const struct office_retention *pass, int rc)
{
    struct control_ask *ask = context;
    json_t *rows = json_array(), *row;
    const char *key;
    json_object_foreach(pass->rules, key, row)
        (void)json_array_append(rows, row);
    if (rc < 0) {
        json_decref(rows);
        control_refuse(ask, &pass->problem);
        return;
    }
    if (pass->act != RETENTION_PLAN)
        note(ask, RETENTION_RUN);
    control_answer(ask, json_pack("{s:o, s:I}", "rows", rows, "kept", (json_int_t)pass->kept));
}

static void start_pass(struct control_ask *ask, enum retention_act act)
{
    struct problem p = {.number = -1};
    if (retention_run_ask(ask->parts->retention, act, pass_done, ask, &p) != 0)
        control_refuse(ask, &p);
}

void control_retention_plan(struct control_ask *ask, json_t *request)
{
    (void)request;
    start_pass(ask, RETENTION_PLAN);
}

void control_retention_run(struct control_ask *ask, json_t *request)
{
    (void)request;
    start_pass(ask, RETENTION_RUN);
}

/* ---- one case ---- */

static void hold_done(struct store_command *command, int rc)
{
    struct office_retention *r = (struct office_retention *)command;
    struct control_ask *ask = r->user;
    struct problem p = r->problem;
    enum retention_act act = r->act;
    office_retention_clear(r);
    if (rc < 0) {
        office_problem(&p, rc);
        control_refuse(ask, &p);
        return;
    }
    note(ask, act);
    control_answer(ask, json_pack("{s:[]}", "rows"));
}

static void start_hold(struct control_ask *ask, json_t *request, enum retention_act act)
{
    struct problem p = {.number = -1};
    const char *no = "", *reason = "";
    struct office_retention *r = ask->state = calloc(1, sizeof *r + LIMIT_HOLD_REASON_BYTES + 1);
    int rc = r ? strict_json_text(request, "", "case", true, CASE_NO_LEN, &no, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc)
        rc = strict_json_text(request, "", "reason", true, LIMIT_HOLD_REASON_BYTES, &reason, &p);
    if (!rc && text_check_name(reason, LIMIT_HOLD_REASON_BYTES))
        rc = problem_set(&p, PROBLEM_FIELD, "/reason", "%s: one line without blanks around it", "reason");
    if (rc) {
        control_refuse(ask, &p);
        return;
    }
    office_retention_init(r, ask->parts->office, act);
    r->uid = ask->uid;
    r->user = ask;
    r->command.done = hold_done;
    r->reason = memcpy(r + 1, reason, strlen(reason) + 1);
    memcpy(r->case_no, no, strlen(no) + 1);
    rc = store_submit(ask->parts->store, &r->command);
    if (rc) {
        office_retention_clear(r);
        (void)problem_from_code(&p, rc);
        control_refuse(ask, &p);
    }
}

void control_retention_hold(struct control_ask *ask, json_t *request)
{
    start_hold(ask, request, RETENTION_HOLD);
}

void control_retention_release(struct control_ask *ask, json_t *request)
{
    start_hold(ask, request, RETENTION_RELEASE);
}

static void refuse_code(struct control_ask *ask, int rc)
{
    struct problem p = {.number = -1};
    (void)problem_from_code(&p, rc);
    control_refuse(ask, &p);
}

static void holds_done(struct store_query *query, int rc)
{
    struct office_holds *holds = (struct office_holds *)query;
    if (rc < 0)
        refuse_code(holds->user, rc);
    else
        control_answer(holds->user, holds->answer);
}

void control_retention_holds(struct control_ask *ask, json_t *request)
{
    (void)request;
    struct office_holds *holds = ask->state = calloc(1, sizeof *holds);
    int rc = TB_ENOMEM;
    if (holds) {
        office_holds_init(holds);
        holds->query.done = holds_done;
        holds->user = ask;
        rc = store_read(ask->parts->store, &holds->query);
    }
    if (rc)
        refuse_code(ask, rc);
}
