/* control_recover: a ledger that was restored from an older copy, and its witnesses. */
#include "daemon/api/control_internal.h"
#include "proto/strict_json.h"

static void recover_told(void *context, json_t *answer, const struct problem *p)
{
    struct control_ask *ask = context;
    if (answer)
        control_answer(ask, answer);
    else
        control_refuse(ask, p);
}

/* {"apply":true} takes back what the counterparts have; {"without":"330483"} does not wait for this one. */
void control_recover(struct control_ask *ask, json_t *request)
{
    static const char *const known[] = {"apply", "without", NULL};
    const struct control_wiring *wiring = &ask->parts->wiring;
    struct problem p = {.number = -1};
    const char *without = NULL;
    int rc = strict_json_only(request, "", known, &p);
    if (!rc)
        rc = strict_json_text(request, "", "without", false, OFFICE_LEN, &without, &p);
    if (!rc && without && !office_peer(ask->parts->office, without))
        rc = problem_set(&p, PROBLEM_NOT_FOUND, "/without", "there is no counterpart '%s'", without);
    if (rc)
        control_refuse(ask, &p);
    else
        wiring->recover(wiring->context, json_is_true(json_object_get(request, "apply")), without, ask->uid, recover_told, ask);
}
