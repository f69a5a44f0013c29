/* GET /peer/v1/witness…: what this office keeps of the asking counterpart's own ledger, and our messages to it from any number on. */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/office/witness.h"
#include "proto/strict_json.h"

struct asking {
    struct office_witness witness;
    struct office_batch batch;     /* asked instead, for the outbox */
    struct exchange *x;
};

static void asking_end(struct asking *asking, int rc)
{
    struct problem p = {.number = -1};
    if (rc) {
        (void)problem_from_code(&p, rc);
        exchange_answer_problem(asking->x, &p);
    }
    office_witness_clear(&asking->witness);
    office_batch_clear(&asking->batch);
    exchange_release(asking->x);
    free(asking);
}

static void witness_done(struct store_query *query, int rc)
{
    struct asking *asking = ((struct office_witness *)query)->user;
    if (!rc)
        exchange_answer_json(asking->x, 200, asking->witness.answer);
    asking_end(asking, rc);
}

static void outbox_done(struct store_query *query, int rc)
{
    struct asking *asking = ((struct office_batch *)query)->user;
    if (!rc)
        exchange_answer(asking->x, 200, "application/x-ndjson", asking->batch.out.data, asking->batch.out.len);
    asking_end(asking, rc);
}

/* A number in the query string; 0 without it, −1 when it is none. */
static int64_t number_of(const struct exchange *x, const char *name)
{
    const char *text = exchange_query(x, name);
    if (!text)
        return 0;
    size_t digits = strspn(text, "0123456789");
    return digits && digits < 16 && !text[digits] ? strtoll(text, NULL, 10) : -1;
}

static void ask(struct exchange *x, struct api *api, const char *list)
{
    const struct api_peer *peer = api_peer_of(x, api);
    struct problem p = {.number = -1};
    int64_t after = number_of(x, "after"), old = number_of(x, "old");
    size_t which = 0;
    while (which < WITNESS_LISTS && strcmp(witness_list_names[which], list) != 0)
        which++;
    bool outbox = !strcmp(list, "outbox");
    if (!peer)
        return;
    if (after < 0 || old < 0 || (which == WITNESS_LISTS && !outbox)) {
        (void)problem_set(&p, after < 0 || old < 0 ? PROBLEM_FIELD : PROBLEM_NOT_FOUND, "", "there is no such list or place in it");
        exchange_answer_problem(x, &p);
        return;
    }
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking) {
        (void)problem_from_code(&p, TB_ENOMEM);
        exchange_answer_problem(x, &p);
        return;
    }
    asking->x = x;
    exchange_hold(x);
    office_witness_init(&asking->witness, api->office, peer->peer->code, outbox ? WITNESS_SUMMARY : (enum witness_list)which, after);
    office_batch_init(&asking->batch, api->office, peer->peer->code);
    asking->batch.force_after = after;
    asking->batch.force_old = (uint64_t)old;
    asking->witness.query.done = witness_done;
    asking->batch.query.done = outbox_done;
    asking->witness.user = asking->batch.user = asking;
    int rc = store_read(api->store, outbox ? &asking->batch.query : &asking->witness.query);
    if (rc)
        asking_end(asking, rc);
}

/* ---- materials that it lost ---- */

struct sending {
    struct office_resend resend; /* first member */
    struct exchange *x;
};

static void resend_done(struct store_command *command, int rc)
{
    struct sending *sending = (struct sending *)command;
    json_t *doc = json_pack("{s:I}", "sent", (json_int_t)sending->resend.sent);
    if (rc)
        api_answer_failure(sending->x, &sending->resend.problem, rc);
    else
        exchange_answer_json(sending->x, 200, doc);
    json_decref(doc);
    exchange_release(sending->x);
    office_resend_clear(&sending->resend);
    free(sending);
}

void api_witness_materials(struct exchange *x, void *context)
{
    struct api *api = context;
    const struct api_peer *peer = api_peer_of(x, api);
    struct problem p = {.number = -1};
    json_t *body = NULL;
    size_t len = 0;
    if (!peer)
        return;
    const char *bytes = exchange_body(x, &len);
    int rc = strict_json_parse(bytes ? bytes : "", len, &body, &p);
    struct sending *sending = rc ? NULL : calloc(1, sizeof *sending);
    if (sending) {
        sending->x = x;
        exchange_hold(x);
        office_resend_init(&sending->resend, peer->peer->code, body);
        sending->resend.command.done = resend_done;
        rc = store_submit(api->store, &sending->resend.command);
        if (!rc)
            return;
        exchange_release(x);
        office_resend_clear(&sending->resend);
        free(sending);
        (void)problem_from_code(&p, rc);
    } else if (!rc) {
        json_decref(body);
        (void)problem_from_code(&p, TB_ENOMEM);
    }
    exchange_answer_problem(x, &p);
}

void api_witness(struct exchange *x, void *context)
{
    ask(x, context, "");
}

void api_witness_list(struct exchange *x, void *context)
{
    const char *list = exchange_param(x, "list");
    ask(x, context, list && *list ? list : "?");
}
