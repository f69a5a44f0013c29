/* Who may move which materials, and what happens when one is here: joins material_api to the office's rules. */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/material_api.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/net/tus.h"

/* ---- may ---- */

struct permission {
    struct office_material_question question; /* first member */
    struct material_wait *wait;
};

static void permission_told(struct store_query *query, int rc)
{
    struct permission *permission = (struct permission *)query;
    struct problem p = {.number = -1};
    if (rc == TB_ENOTFOUND)
        rc = problem_set(&p, PROBLEM_NOT_FOUND, "", "this material is not expected from office %s", permission->question.peer);
    else if (rc < 0)
        (void)problem_from_code(&p, rc);
    material_api_answer(permission->wait, rc, rc < 0 ? &p : NULL);
    free(permission);
}

/* An office gets only in what a message of it has listed. */
static int ask_expected(struct api *api, const char *office, const struct material_ask *ask, struct material_wait *wait, struct problem *p)
{
    if (!material_name_valid(ask->sha256))
        return problem_set(p, PROBLEM_NOT_FOUND, "", "not the name of a material");
    struct permission *permission = calloc(1, sizeof *permission);
    if (!permission)
        return problem_from_code(p, TB_ENOMEM);
    office_material_question_init(&permission->question, api->office);
    memcpy(permission->question.peer, office, sizeof permission->question.peer);
    memcpy(permission->question.sha256, ask->sha256, sizeof permission->question.sha256);
    permission->question.query.done = permission_told;
    permission->question.query.fair.source = ask->source;
    permission->wait = wait;
    int rc = store_read(api->store, &permission->question.query);
    if (rc == 0)
        return 0;
    free(permission);
    return problem_from_code(p, rc);
}

/* ---- reading is a view ---- */

struct reading {
    struct office_look look; /* first member */
    struct material_wait *wait;
};

static void reading_kept(struct store_command *command, int rc)
{
    struct reading *reading = (struct reading *)command;
    if (rc < 0)
        office_problem(&reading->look.problem, rc);
    material_api_answer(reading->wait, rc, rc < 0 ? &reading->look.problem : NULL);
    free(reading);
}

/* The entry comes first, then the bytes. */
static int keep_reading(struct api *api, struct exchange *x, const struct material_ask *ask, struct material_wait *wait, struct problem *p)
{
    const struct tls_identity *who = exchange_identity(x);
    LOG_LIMITED(LOG_LIMIT_MATERIAL_READ, LOG_LEVEL_NOTICE, LOG_API, "material_read", LOG_TEXT("staff", who->staff),
                LOG_TEXT("material", ask->sha256), LOG_TEXT("request", exchange_request_id(x)));
    struct reading *reading = calloc(1, sizeof *reading);
    if (!reading)
        return problem_from_code(p, TB_ENOMEM);
    int rc = office_look_init(&reading->look, api->office, office_staff(api->office, who->staff), NULL, ask->sha256, p);
    if (!rc) {
        reading->look.command.done = reading_kept;
        reading->wait = wait;
        if (store_submit(api->store, &reading->look.command) == 0)
            return 0;
        rc = problem_set(p, PROBLEM_BUSY, "", "the store has %d requests waiting", LIMIT_STORE_QUEUE);
    }
    free(reading);
    return rc;
}

static void may(void *context, struct exchange *x, const struct material_ask *ask, struct material_wait *wait)
{
    struct api *api = context;
    const struct tls_identity *who = exchange_identity(x);
    struct problem p = {.number = -1};
    int rc;
    if (who && who->kind == TLS_OFFICE) {
        rc = api_admit_peer(who, api, &p);
        if (rc == 0)
            rc = ask_expected(api, who->office, ask, wait, &p);
        if (rc == 0)
            return; /* permission_told answers */
    } else {
        rc = api_check_access(x, api, &p);
        if (rc == 0 && ask->act == MATERIAL_READ) {
            rc = keep_reading(api, x, ask, wait, &p);
            if (rc == 0)
                return; /* reading_kept answers */
        }
    }
    material_api_answer(wait, rc, rc < 0 ? &p : NULL);
}

/* ---- stored ---- */

struct arrival {
    struct office_arrival arrival; /* first member */
    struct api *api;
    struct material_wait *wait;
};

static void arrival_done(struct store_command *command, int rc)
{
    struct arrival *arrival = (struct arrival *)command;
    if (rc == 0)
        watch_notify_all(arrival->api->watch, (const char(*)[CASE_NO_TEXT])arrival->arrival.changed, arrival->arrival.changed_count);
    material_api_answer(arrival->wait, rc, NULL);
    office_arrival_clear(&arrival->arrival);
    free(arrival);
}

static void stored(void *context, const struct material_ask *ask, struct material_wait *wait)
{
    struct api *api = context;
    struct arrival *arrival = calloc(1, sizeof *arrival);
    if (!arrival) {
        material_api_answer(wait, TB_ENOMEM, NULL);
        return;
    }
    office_arrival_init(&arrival->arrival, api->office);
    struct material_row *row = &arrival->arrival.material;
    memcpy(row->sha256, ask->sha256, sizeof row->sha256);
    memcpy(row->type, ask->type, sizeof row->type);
    row->size = ask->length;
    row->at = api->world->now_ms(api->world->context);
    arrival->arrival.command.done = arrival_done;
    arrival->arrival.command.fair.source = ask->source;
    arrival->api = api;
    arrival->wait = wait;
    int rc = store_submit(api->store, &arrival->arrival.command);
    if (rc < 0) {
        material_api_answer(wait, rc, NULL);
        office_arrival_clear(&arrival->arrival);
        free(arrival);
    }
}

static uint16_t source(void *context, const struct tls_identity *who)
{
    return api_source(context, who);
}

int api_start_materials(struct api *api, struct material_store *files)
{
    struct material_api_options options = {
        .loop = api->loop, .lanes = api->lanes, .files = files, .context = api, .source = source, .may = may, .stored = stored};
    return material_api_new(&options, &api->materials);
}

/* ---- routes: handlers know the struct api, material_api knows only itself ---- */

void api_material_options(struct exchange *x, void *context)
{
    material_api_options_request(((struct api *)context)->materials, x);
}

void api_material_create(struct exchange *x, void *context)
{
    material_api_create(((struct api *)context)->materials, x);
}

void api_material_head(struct exchange *x, void *context)
{
    material_api_head(((struct api *)context)->materials, x);
}

void api_material_patch(struct exchange *x, void *context)
{
    material_api_patch(((struct api *)context)->materials, x);
}

void api_material_delete(struct exchange *x, void *context)
{
    material_api_delete(((struct api *)context)->materials, x);
}

void api_material_get(struct exchange *x, void *context)
{
    material_api_get(((struct api *)context)->materials, x);
}
