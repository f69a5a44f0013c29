/* control_retention: what is over its retention, and erasing it (tongbanctl retention). */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/control_internal.h"
#include "daemon/base/log.h"
#include "daemon/office/retention.h"
#include "proto/strict_json.h"

static void done(struct store_command *command, int rc)
{
    struct office_retention *r = (struct office_retention *)command;
    struct control_ask *ask = r->user;
    if (!rc && r->more && !(rc = store_submit(ask->parts->store, command))) /* a page at a time: other work goes between */
        return;
    struct problem p = r->problem;
    json_t *rows = json_array(), *row;
    const char *key;
    json_object_foreach(r->rules, key, row)
        (void)json_array_append(rows, row);
    office_retention_clear(r);
    if (rc < 0) {
        json_decref(rows);
        office_problem(&p, rc);
        control_refuse(ask, &p);
        return;
    }
    if (r->act != RETENTION_PLAN)
        LOG(LOG_LEVEL_NOTICE, LOG_API, "retention", LOG_INT("act", r->act), LOG_INT("uid", ask->uid));
    control_answer(ask, json_pack("{s:o}", "rows", rows));
}

static void start(struct control_ask *ask, json_t *request, enum retention_act act)
{
    struct problem p = {.number = -1};
    const char *no = "", *reason = "";
    bool named = act >= RETENTION_HOLD;
    struct office_retention *r = ask->state = calloc(1, sizeof *r + LIMIT_NAME_BYTES + 1);
    int rc = r ? 0 : problem_from_code(&p, TB_ENOMEM);
    if (!rc && named)
        rc = strict_json_text(request, "", "case", true, CASE_NO_LEN, &no, &p);
    if (!rc && act == RETENTION_HOLD)
        rc = strict_json_text(request, "", "reason", true, LIMIT_NAME_BYTES, &reason, &p);
    if (rc) {
        control_refuse(ask, &p);
        return;
    }
    office_retention_init(r, ask->parts->office, act);
    r->materials = ask->parts->materials;
    r->uid = ask->uid;
    r->user = ask;
    r->command.done = done;
    r->reason = memcpy(r + 1, reason, strlen(reason) + 1);
    memcpy(r->case_no, no, strlen(no) + 1);
    rc = store_submit(ask->parts->store, &r->command);
    if (rc) {
        office_retention_clear(r);
        (void)problem_from_code(&p, rc);
        control_refuse(ask, &p);
    }
}

void control_retention_plan(struct control_ask *ask, json_t *request)
{
    start(ask, request, RETENTION_PLAN);
}

void control_retention_run(struct control_ask *ask, json_t *request)
{
    start(ask, request, RETENTION_RUN);
}

void control_retention_hold(struct control_ask *ask, json_t *request)
{
    start(ask, request, RETENTION_HOLD);
}

void control_retention_release(struct control_ask *ask, json_t *request)
{
    start(ask, request, RETENTION_RELEASE);
}
