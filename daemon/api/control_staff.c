/* control_staff: enrolling, changing, suspending staff; the list; who saw whose data (tongbanctl staff, audit views). */
#include <stdlib.h>

#include "daemon/api/control_internal.h"
#include "daemon/base/log.h"
#include "daemon/office/staff.h"
#include "proto/strict_json.h"

static void refuse_code(struct control_ask *ask, int rc)
{
    struct problem p = {.number = -1};
    (void)problem_from_code(&p, rc);
    control_refuse(ask, &p);
}

static void act_done(struct store_command *command, int rc)
{
    struct office_staff_act *act = (struct office_staff_act *)command;
    struct control_ask *ask = act->user;
    struct problem p = act->problem;
    json_t *done = NULL;
    if (rc < 0) {
        office_problem(&p, rc);
    } else {
        office_staff_act_apply(act);
        LOG(LOG_LEVEL_NOTICE, LOG_API, "staff_changed", LOG_TEXT("staff", act->staff),
            LOG_TEXT("act", strict_json_peek(act->body, "act")), LOG_INT("uid", act->by));
        done = json_pack("{s:o}", "done", office_staff_act_answer(act));
    }
    office_staff_act_clear(act);
    if (rc < 0)
        control_refuse(ask, &p);
    else
        control_answer(ask, done);
}

void control_staff_act(struct control_ask *ask, json_t *request)
{
    struct problem p = {.number = -1};
    struct office_staff_act *act = ask->state = calloc(1, sizeof *act);
    int rc = act ? office_staff_act_init(act, ask->parts->office, json_incref(request), ask->uid, &p) : problem_from_code(&p, TB_ENOMEM);
    if (rc) {
        control_refuse(ask, &p);
        return;
    }
    act->command.done = act_done;
    act->user = ask;
    rc = store_submit(ask->parts->store, &act->command);
    if (rc) {
        office_staff_act_clear(act);
        refuse_code(ask, rc);
    }
}

static void list_done(struct store_query *query, int rc)
{
    struct office_staff_list *list = (struct office_staff_list *)query;
    if (rc < 0)
        refuse_code(list->user, rc);
    else
        control_answer(list->user, list->answer);
}

void control_staff_list(struct control_ask *ask, json_t *request)
{
    (void)request;
    struct office_staff_list *list = ask->state = calloc(1, sizeof *list);
    int rc = TB_ENOMEM;
    if (list) {
        office_staff_list_init(list, ask->parts->office);
        list->query.done = list_done;
        list->user = ask;
        rc = store_read(ask->parts->store, &list->query);
    }
    if (rc)
        refuse_code(ask, rc);
}

static void audit_done(struct store_query *query, int rc)
{
    struct office_audit *audit = (struct office_audit *)query;
    if (rc < 0)
        refuse_code(audit->user, rc);
    else
        control_answer(audit->user, audit->answer);
}

static void ask_audit(struct control_ask *ask, json_t *request, int type)
{
    struct problem p = {.number = -1};
    struct office_audit *audit = ask->state = calloc(1, sizeof *audit);
    int rc = audit ? office_audit_init(audit, ask->parts->office, request, type, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc) {
        audit->query.done = audit_done;
        audit->user = ask;
        rc = store_read(ask->parts->store, &audit->query);
        if (rc)
            (void)problem_from_code(&p, rc);
    }
    if (rc)
        control_refuse(ask, &p);
}

void control_audit_views(struct control_ask *ask, json_t *request)
{
    ask_audit(ask, request, ENTRY_CASE_VIEWED);
}

void control_audit_search(struct control_ask *ask, json_t *request)
{
    ask_audit(ask, request, -1);
}
