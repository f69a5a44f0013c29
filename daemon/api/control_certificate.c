/* control_certificate: the certificates in use, and reading them anew (tongbanctl certificate, reload). */
#include <stdlib.h>

#include "daemon/api/control_internal.h"

static json_t *row_json(const struct control_certificate *one)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "use", one->use, "office", one->office,
                            "file", one->file, "subject", one->info.subject, "issuer", one->info.issuer, "urn",
                            one->info.urn, "fingerprint", one->info.fingerprint, "not_before",
                            (json_int_t)one->info.not_before_ms, "not_after", (json_int_t)one->info.not_after_ms);
    if (row && one->key && json_object_set_new(row, "key", json_string(one->key)))
        return NULL;
    if (row && one->crl &&
        json_object_set_new(row, "crl",
                            json_pack("{s:s, s:I, s:I, s:b}", "file", one->crl, "made",
                                      (json_int_t)one->crl_info.made_ms, "next", (json_int_t)one->crl_info.next_ms,
                                      "outdated", one->crl_outdated)))
        return NULL;
    return row;
}

void control_certificate_list(struct control_ask *ask, json_t *request)
{
    (void)request;
    const struct control_service *service = &ask->parts->service;
    const struct control_certificate *all = NULL;
    size_t count = service->certificates(service->context, &all);
    json_t *rows = json_array();
    for (size_t i = 0; i < count && rows; i++)
        (void)json_array_append_new(rows, row_json(&all[i]));
    control_answer(ask, json_pack("{s:s, s:o*}", "office", ask->parts->office->code, "rows", rows));
}

struct reload_ask {
    struct control_reload wait; /* first member */
    struct control_ask *ask;
};

static void reloaded(struct control_reload *wait, const struct problem *failed)
{
    struct control_ask *ask = ((struct reload_ask *)wait)->ask;
    if (failed)
        control_refuse(ask, failed);
    else
        control_answer(ask, json_pack("{s:{s:b}}", "done", "reloaded", 1));
}

void control_reload(struct control_ask *ask, json_t *request)
{
    (void)request;
    const struct control_service *service = &ask->parts->service;
    struct reload_ask *state = ask->state = calloc(1, sizeof *state);
    struct problem p = {.number = -1};
    if (!state) {
        (void)problem_from_code(&p, TB_ENOMEM);
        control_refuse(ask, &p);
        return;
    }
    *state = (struct reload_ask){.wait = {.done = reloaded}, .ask = ask};
    service->reload(service->context, &state->wait);
}
