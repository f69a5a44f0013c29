#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/net/tus.h"
#include "proto/limits.h"
#include "proto/trace.h"

/* ---- who asks ---- */

static struct api_peer *find_peer(const struct api *api, const char *office)
{
    for (size_t i = 0; i < api->peer_count; i++)
        if (strcmp(api->peers[i].peer->code, office) == 0)
            return &api->peers[i];
    return NULL;
}

int api_admit_peer(const struct tls_identity *who, void *context, struct problem *p)
{
    const struct api *api = context;
    const struct api_peer *peer = who->kind == TLS_OFFICE ? find_peer(api, who->office) : NULL;
    int rc = 0;
    if (who->kind != TLS_OFFICE)
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "", "the peer API is for certificates of offices");
    else if (!peer)
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "", "office %.6s is no counterpart of ours", who->office);
    else if (!tls_pinned(&peer->authority, who->authority))
        rc = problem_set(p, PROBLEM_UNTRUSTED, "", "another authority than the one pinned to office %.6s", who->office);
    if (rc < 0)
        metric_add(METRIC_API_DENIED, 1);
    return rc;
}

struct api_peer *api_peer_of(struct exchange *x, struct api *api)
{
    const struct tls_identity *who = exchange_identity(x);
    struct problem p = {.number = -1};
    int rc = who ? api_admit_peer(who, api, &p) : problem_set(&p, PROBLEM_UNTRUSTED, "", "no certificate");
    if (rc == 0)
        return find_peer(api, who->office);
    exchange_answer_problem(x, &p);
    return NULL;
}

uint16_t api_source(const struct api *api, const struct tls_identity *who)
{
    const struct api_peer *peer = who && who->kind == TLS_OFFICE ? find_peer(api, who->office) : NULL;
    if (peer)
        return fair_peer((unsigned)(peer - api->peers));
    return who && who->kind == TLS_STAFF ? fair_staff(who->staff) : FAIR_OWN;
}

/* ---- POST /peer/v1/messages ----
 *
 * What we saw last of the peer's ledger (query) → decode and verify against it (FAST lane) → take in (command) → answer (query). */

struct intake {
    struct office_seen seen; /* one after the other: each has what the completion needs first */
    struct lane_job check;
    struct office_inbound inbound;
    struct office_answer answer;
    struct api *api;
    struct api_peer *peer;
    struct exchange *x;
    char *body; /* owned until decoded */
    size_t body_len;
    char *frontier, *others; /* owned: what the headers said, or NULL */
    struct parcel *parcel; /* owned until the inbound takes it */
    struct problem problem;
    int rc;
    uint16_t source, messages; /* whose turn, and how much of it */
};

static void intake_free(struct intake *intake)
{
    intake->peer->busy = false;
    exchange_release(intake->x);
    parcel_free(intake->parcel);
    free(intake->body);
    free(intake->frontier);
    free(intake->others);
    free(intake);
}

static void intake_fail(struct intake *intake, int rc)
{
    office_problem(&intake->problem, rc);
    if (rc == TB_ETRUST)
        metric_add(METRIC_PEER_UNTRUSTED, 1);
    /* two offices that speak at the same time correct each other with these: nothing that anybody has to read */
    bool correction = intake->problem.id == PROBLEM_CHECKPOINT || intake->problem.id == PROBLEM_SEQUENCE;
    LOG_LIMITED(LOG_LIMIT_BATCH, rc == TB_ETRUST ? LOG_LEVEL_ERR : correction ? LOG_LEVEL_DEBUG : LOG_LEVEL_NOTICE, LOG_PEER,
                "batch_refused", LOG_TEXT("peer", intake->peer->peer->code), LOG_TEXT("problem", problem_type(intake->problem.id)->name),
                LOG_TEXT("error", err_text(rc)), LOG_TEXT("request", exchange_request_id(intake->x)));
    api_answer_failure(intake->x, &intake->problem, rc);
    intake_free(intake);
}

static void answer_done(struct store_query *query, int rc)
{
    struct intake *intake = ((struct office_answer *)query)->user;
    if (rc == 0 && intake->answer.frontier.len)
        rc = exchange_add_header(intake->x, "Tongban-Frontier", intake->answer.frontier.data);
    if (rc == 0 && intake->answer.others.len)
        rc = exchange_add_header(intake->x, "Tongban-Others", intake->answer.others.data);
    rc = rc == TB_ECLOSED ? 0 : rc; /* nobody waits any more: what was taken is taken */
    if (rc == 0) {
        exchange_answer(intake->x, 200, "application/x-ndjson", intake->answer.out.data, intake->answer.out.len);
        office_answer_clear(&intake->answer);
        office_inbound_clear(&intake->inbound);
        intake->parcel = NULL;
        intake_free(intake);
        return;
    }
    intake->problem = intake->answer.problem;
    office_answer_clear(&intake->answer);
    office_inbound_clear(&intake->inbound);
    intake_fail(intake, rc);
}

/* One line for each message that was new. */
static void log_fates(const struct office_inbound *inbound)
{
    log_hold();
    for (size_t i = 0; i < inbound->fate_count; i++) {
        const struct office_fate *fate = &inbound->fates[i];
        char trace[TRACE_TEXT];
        trace_of_id(fate->id, trace);
        LOG(LOG_LEVEL_INFO, LOG_PEER, "message_taken", LOG_TEXT("request", trace), LOG_TEXT("peer", inbound->peer->code),
            LOG_TEXT("entry", fate->id), LOG_TEXT("type", fate->type), LOG_TEXT("case", fate->case_no), LOG_TEXT("verdict", fate->verdict),
            LOG_TEXT("problem", fate->problem));
    }
    log_release();
}

static void inbound_done(struct store_command *command, int rc)
{
    struct intake *intake = ((struct office_inbound *)command)->user;
    struct office_inbound *inbound = &intake->inbound;
    intake->problem = inbound->problem;
    if (inbound->differs) {
        metric_add(METRIC_PEER_DIFFERENCES, 1);
        LOG_LIMITED(LOG_LIMIT_TALLIES, LOG_LEVEL_ERR, LOG_PEER, "tallies_differ", LOG_TEXT("peer", inbound->peer->code), LOG_TEXT("seen_in", "batch"));
    }
    if (rc == 0 && inbound->discord.count) {
        metric_add(METRIC_PEER_CONTRADICTIONS, (int64_t)inbound->discord.count);
        LOG_LIMITED(LOG_LIMIT_CONTRADICTS, LOG_LEVEL_ERR, LOG_PEER, "peer_contradicts", LOG_TEXT("peer", inbound->peer->code), LOG_TEXT("seen_in", "batch"),
            LOG_TEXT("what", discord_words[inbound->discord.what]), LOG_TEXT("about", inbound->discord.about),
            LOG_INT("revision", inbound->discord.rev), LOG_INT("count", inbound->discord.count));
    }
    if (rc == 0) {
        log_fates(inbound);
        metric_add(METRIC_PEER_BATCHES_TAKEN, 1);
        metric_add(METRIC_PEER_MESSAGES_TAKEN, (int64_t)inbound->applied);
        metric_add(METRIC_PEER_MESSAGES_REFUSED, (int64_t)inbound->refused);
        metric_add(METRIC_PEER_MESSAGES_INVALID, (int64_t)inbound->invalid);
        metric_add(METRIC_PEER_DUPLICATES, (int64_t)inbound->duplicates);
        observe_inbound(intake->api, inbound);
        watch_notify_all(intake->api->watch, (const char(*)[CASE_NO_TEXT])inbound->changed, inbound->changed_count);
        intake->answer.query.done = answer_done;
        intake->answer.query.fair.source = intake->source;
        intake->answer.user = intake;
        rc = store_read(intake->api->store, &intake->answer.query);
        if (rc == 0)
            return;
        (void)problem_from_code(&intake->problem, rc);
        office_answer_clear(&intake->answer);
    }
    office_inbound_clear(inbound);
    intake_fail(intake, rc);
}

static void check_work(struct lane_job *job)
{
    struct intake *intake = (struct intake *)((char *)job - offsetof(struct intake, check));
    const struct office_peer *peer = intake->peer->peer;
    char *body = intake->body;
    struct problem *p = &intake->problem;
    intake->body = NULL;
    int rc = parcel_decode(body, intake->body_len, &intake->parcel, p);
    if (rc == 0)
        rc = parcel_take_frontier(intake->parcel, intake->frontier);
    if (rc == 0)
        rc = parcel_take_others(intake->parcel, intake->others);
    const struct parcel *parcel = intake->parcel;
    if (rc == 0 && strcmp(parcel->from, peer->code) != 0)
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "/from", "the certificate stands for office %s", peer->code);
    if (rc == 0 && strcmp(parcel->to, intake->api->office->code) != 0)
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "/to", "this is office %s", intake->api->office->code);
    if (rc == 0 && parcel->old_size != intake->seen.size) {
        rc = problem_set(p, PROBLEM_CHECKPOINT, "/old", "last seen is size %llu", (unsigned long long)intake->seen.size);
        p->number = (int64_t)intake->seen.size;
    }
    if (rc == 0)
        rc = parcel_verify(intake->parcel, office_peer_key(peer), parcel->old_size ? &intake->seen.root : NULL, p);
    intake->rc = rc;
}

static void check_done(struct lane_job *job)
{
    struct intake *intake = (struct intake *)((char *)job - offsetof(struct intake, check));
    struct api *api = intake->api;
    if (intake->rc < 0) {
        intake_fail(intake, intake->rc);
        return;
    }
    intake->messages = (uint16_t)intake->parcel->count; /* at most LIMIT_BATCH_MESSAGES */
    office_answer_init(&intake->answer, api->office, intake->parcel);
    office_inbound_init(&intake->inbound, api->office, intake->peer->peer, intake->parcel, &intake->seen.root);
    intake->parcel = NULL;
    intake->inbound.command.done = inbound_done;
    intake->inbound.command.fair = (struct fair_item){.source = intake->source, .cost = intake->messages};
    intake->inbound.user = intake;
    int rc = store_submit(api->store, &intake->inbound.command);
    if (rc < 0) {
        office_inbound_clear(&intake->inbound);
        office_answer_clear(&intake->answer);
        (void)problem_from_code(&intake->problem, rc);
        intake_fail(intake, rc);
    }
}

static void seen_done(struct store_query *query, int rc)
{
    struct intake *intake = ((struct office_seen *)query)->user;
    if (rc == 0) {
        intake->check = (struct lane_job){.work = check_work, .done = check_done, .fair.source = intake->source};
        rc = lane_submit(intake->api->lanes, LANE_FAST, &intake->check);
    }
    if (rc < 0)
        intake_fail(intake, rc);
}

static void post_messages(struct exchange *x, void *context)
{
    struct api *api = context;
    struct api_peer *peer = api_peer_of(x, api);
    struct problem p = {.number = -1};
    if (!peer)
        return;
    if (store_ledger_is_closed(api->store)) { /* no receipt can be written, and our checkpoint is older than the one that it knows */
        (void)problem_from_code(&p, TB_EBEHIND);
        exchange_answer_problem(x, &p);
        return;
    }
    if (peer->busy) {
        (void)problem_set(&p, PROBLEM_BUSY, "", "another batch of this office is being taken");
        exchange_answer_problem(x, &p);
        return;
    }
    struct intake *intake = calloc(1, sizeof *intake);
    if (!intake || !(intake->body = exchange_take_body(x, &intake->body_len))) {
        (void)(intake ? problem_set(&p, PROBLEM_MALFORMED, "", "the body is empty") : problem_from_code(&p, TB_ENOMEM));
        exchange_answer_problem(x, &p);
        free(intake);
        return;
    }
    intake->api = api;
    intake->peer = peer;
    intake->x = x;
    intake->problem.number = -1;
    const char *frontier = exchange_header(x, "Tongban-Frontier");
    const char *others = exchange_header(x, "Tongban-Others");
    intake->frontier = frontier ? strdup(frontier) : NULL; /* without memory: as if it had not come */
    intake->others = others ? strdup(others) : NULL;
    peer->busy = true;
    exchange_hold(x);
    office_seen_init(&intake->seen, api->office, peer->peer->code);
    intake->source = fair_peer((unsigned)(peer - api->peers));
    intake->seen.query.fair.source = intake->source;
    intake->seen.query.done = seen_done;
    intake->seen.user = intake;
    if (store_read(api->store, &intake->seen.query) != 0) {
        (void)problem_set(&intake->problem, PROBLEM_BUSY, "", "the store has %d questions waiting", LIMIT_STORE_READ_QUEUE);
        intake_fail(intake, TB_ETEMP);
    }
}

const struct http_route api_peer_routes[] = {
    {.method = HTTP_POST, .pattern = "/peer/v1/messages", .body = HTTP_BODY_BUFFERED, .body_max = LIMIT_HTTP_PEER_BODY_BYTES,
     .content_type = "application/x-ndjson", .handle = post_messages},
    {.method = HTTP_GET, .pattern = "/peer/v1/witness", .body = HTTP_BODY_NONE, .handle = api_witness},
    {.method = HTTP_GET, .pattern = "/peer/v1/witness/{list}", .body = HTTP_BODY_NONE, .handle = api_witness_list},
    {.method = HTTP_POST, .pattern = "/peer/v1/witness/materials", .body = HTTP_BODY_BUFFERED, .body_max = LIMIT_HTTP_BODY_BYTES,
     .content_type = "application/json", .handle = api_witness_materials},
    API_MATERIAL_ROUTES("/peer/v1"),
};
const size_t api_peer_route_count = sizeof api_peer_routes / sizeof api_peer_routes[0];
