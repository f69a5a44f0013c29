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

static void views_done(struct store_query *query, int rc)
{
    struct office_view_list *views = (struct office_view_list *)query;
    if (rc < 0)
        refuse_code(views->user, rc);
    else
        control_answer(views->user, views->answer);
}

void control_audit_views(struct control_ask *ask, json_t *request)
{
    struct problem p = {.number = -1};
    struct office_view_list *views = ask->state = calloc(1, sizeof *views);
    int rc = views ? office_view_list_init(views, ask->parts->office, request, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc) {
        views->query.done = views_done;
        views->user = ask;
        rc = store_read(ask->parts->store, &views->query);
        if (rc)
            (void)problem_from_code(&p, rc);
    }
    if (rc)
        control_refuse(ask, &p);
}
