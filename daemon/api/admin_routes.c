#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/base/metrics.h"
#include "daemon/base/process.h"
#include "proto/limits.h"


/* ---- GET /healthz: one command through the writer and one query through a reader, that both do nothing ---- */

struct health {
    struct store_command command; /* first member */
    struct store_query query;
    struct api *api;
    struct exchange *x;
    int64_t started_ms;
    int64_t write_ms, read_ms; /* −1 while it has not answered well */
    unsigned waiting;
};

static int64_t monotonic(const struct api *api)
{
    return api->world->monotonic_ms(api->world->context);
}

static json_t *peers_json(const struct api *api)
{
    json_t *peers = json_array();
    for (size_t i = 0; peers && i < api->peer_count; i++) {
        struct api_peer_status status;
        const char *code = api->peers[i].peer->code;
        if (!api->peer_status || !api->peer_status(api->peer_status_context, code, &status))
            continue;
        (void)json_array_append_new(peers, json_pack("{sssssIsIsI}", "office", code, "state",
                                                     status.alarm          ? "alarm"
                                                     : status.failures > 0 ? "retrying"
                                                                           : "ok",
                                                     "failures", (json_int_t)status.failures, "last_exchange_ms",
                                                     (json_int_t)status.last_exchange_ms, "skew_ms", (json_int_t)status.skew_ms));
    }
    return peers;
}

static void health_answer(struct health *health)
{
    struct api *api = health->api;
    struct store_stats stats;
    store_stats(api->store, &stats);
    const char *status = "ok";
    if (health->write_ms < 0 || health->read_ms < 0 || stats.failed != 0)
        status = "failed";
    else if (stats.disk_low)
        status = "disk-low";
    else if (api->stopping)
        status = "stopping";
    /* a peer that is away is shown but does not make this office unwell */
    json_t *doc = json_pack("{sss{sIsI}sssosb}", "status", status, "store", "write_ms", (json_int_t)health->write_ms, "read_ms",
                            (json_int_t)health->read_ms, "version", TONGBAN_VERSION, "peers", peers_json(api), "disk_low", stats.disk_low);
    if (doc)
        exchange_answer_json(health->x, strcmp(status, "ok") == 0 ? 200 : 503, doc);
    else
        api_answer_failure(health->x, NULL, TB_ENOMEM);
    json_decref(doc);
}

static void health_back(struct health *health)
{
    if (--health->waiting > 0)
        return;
    health_answer(health);
    exchange_release(health->x);
    free(health);
}

static int touch_command(struct store_db *db, struct store_command *command)
{
    (void)command;
    (void)store_ledger_size(db);
    return 0;
}

static int touch_query(struct store_db *db, struct store_query *query)
{
    (void)query;
    (void)store_ledger_size(db);
    return 0;
}

static void wrote(struct store_command *command, int rc)
{
    struct health *health = (struct health *)command;
    if (rc == 0)
        health->write_ms = monotonic(health->api) - health->started_ms;
    health_back(health);
}

static void was_read(struct store_query *query, int rc)
{
    struct health *health = (struct health *)((char *)query - offsetof(struct health, query));
    if (rc == 0)
        health->read_ms = monotonic(health->api) - health->started_ms;
    health_back(health);
}

void api_healthz(struct exchange *x, void *context)
{
    struct api *api = context;
    struct health *health = calloc(1, sizeof *health);
    if (!health) {
        api_answer_failure(x, NULL, TB_ENOMEM);
        return;
    }
    health->api = api;
    health->x = x;
    health->started_ms = monotonic(api);
    health->write_ms = health->read_ms = -1;
    health->command = (struct store_command){.run = touch_command, .done = wrote};
    health->query = (struct store_query){.run = touch_query, .done = was_read};
    health->waiting = 3;
    exchange_hold(x);
    if (store_submit(api->store, &health->command) != 0)
        health->waiting--;
    if (store_read(api->store, &health->query) != 0)
        health->waiting--;
    health_back(health);
}

/* ---- GET /metrics ---- */

struct scrape {
    struct office_question question; /* first member: for the age of what waits for the peers */
    struct exchange *x;
    struct api *api;
    int (*ask)(struct store_db *db, struct store_query *query);
    struct process_figures process;
    bool read;
};

/* The reader's thread also reads /proc, which the loop may not. */
static int scrape_run(struct store_db *db, struct store_query *query)
{
    struct scrape *scrape = (struct scrape *)query;
    process_read(&scrape->process);
    scrape->read = true;
    return scrape->ask(db, query);
}

int api_metrics_print(struct api *api, const json_t *peers, const struct process_figures *process, struct buf *out)
{
    observe_scrape(api, peers);
    int rc = metrics_print(out);
    return rc ? rc : process_print(process, out);
}

static void scrape_answer(struct scrape *scrape, int rc)
{
    struct buf text;
    const json_t *peers = rc == 0 ? json_object_get(scrape->question.answer, "peers") : NULL;
    buf_init(&text, METRICS_BYTES_MAX);
    rc = api_metrics_print(scrape->api, peers, scrape->read ? &scrape->process : NULL, &text);
    if (rc == 0)
        exchange_answer(scrape->x, 200, "text/plain; version=0.0.4; charset=utf-8", text.data, text.len);
    else
        api_answer_failure(scrape->x, NULL, rc);
    buf_free(&text);
}

static void scrape_done(struct store_query *query, int rc)
{
    struct scrape *scrape = (struct scrape *)query;
    scrape_answer(scrape, rc);
    exchange_release(scrape->x);
    office_question_clear(&scrape->question);
    free(scrape);
}

static void get_metrics(struct exchange *x, void *context)
{
    struct api *api = context;
    struct scrape *scrape = calloc(1, sizeof *scrape);
    if (!scrape) {
        api_answer_failure(x, NULL, TB_ENOMEM);
        return;
    }
    scrape->x = x;
    scrape->api = api;
    office_question_init(&scrape->question, api->office, ASK_OFFICE, NULL);
    scrape->question.query.done = scrape_done;
    scrape->ask = scrape->question.query.run;
    scrape->question.query.run = scrape_run;
    exchange_hold(x);
    int rc = store_read(api->store, &scrape->question.query);
    if (rc < 0)
        scrape_done(&scrape->question.query, rc); /* the numbers are wanted most when the store is not well */
}

const struct http_route api_admin_routes[] = {
    {.method = HTTP_GET, .pattern = "/healthz", .body = HTTP_BODY_NONE, .handle = api_healthz},
    {.method = HTTP_GET, .pattern = "/healthz/live", .body = HTTP_BODY_NONE, .handle = health_live},
    {.method = HTTP_GET, .pattern = "/healthz/ready", .body = HTTP_BODY_NONE, .handle = health_ready},
    {.method = HTTP_GET, .pattern = "/healthz/peer", .body = HTTP_BODY_NONE, .handle = health_peer},
    {.method = HTTP_GET, .pattern = "/metrics", .body = HTTP_BODY_NONE, .handle = get_metrics},
};
const size_t api_admin_route_count = sizeof api_admin_routes / sizeof api_admin_routes[0];
