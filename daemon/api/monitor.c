#include "daemon/api/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/backup_run.h"
#include "daemon/api/retention_run.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/world.h"
#include "proto/timestamp.h"

enum {
    LOOK_EVERY_MS = 60 * 1000,
    PATIENCE_MS = 3 * 1000,        /* for a reader; then what is known without it is told */
    RECENT_MS = 60 * 60 * 1000,
    MS_PER_DAY = 24 * 3600 * 1000
};

/* A counter that should stand still: a change counts for an hour. */
struct alert {
    enum metric metric;
    int64_t seen, changed_ms;
};
enum { ALERT_DIFFERENCES, ALERT_UNTRUSTED, ALERT_LOG_LOST, ALERTS };

struct waiter {
    void (*done)(void *context, const json_t *status);
    void *context;
    struct waiter *next;
};

struct monitor {
    struct control_parts parts;
    uv_timer_t timer, patience;
    unsigned handles;
    struct office_question question; /* one at a time */
    struct store_command touch;      /* the same way through the writer as everybody's */
    bool asking, touching, stopping;
    int64_t touched_ms;              /* monotonic: when the touch was given to the writer */
    struct alert alerts[ALERTS];
    struct findings findings;
    struct waiter *waiters;
};

static struct monitor *of_question(struct store_query *query)
{
    return (struct monitor *)((char *)query - offsetof(struct monitor, question));
}

static struct monitor *of_touch(struct store_command *command)
{
    return (struct monitor *)((char *)command - offsetof(struct monitor, touch));
}

static int64_t now_ms(void)
{
    return world_real()->now_ms(world_real()->context);
}

static int64_t monotonic_ms(void)
{
    return world_real()->monotonic_ms(world_real()->context);
}

static void maybe_free(struct monitor *monitor)
{
    if (!monitor->handles && !monitor->asking && !monitor->touching)
        free(monitor);
}

/* ---- what was found ---- */

static void began(const struct finding *finding)
{
    static const enum log_level levels[] = {
        [FINDING_ERROR] = LOG_LEVEL_ERR, [FINDING_WARNING] = LOG_LEVEL_WARNING, [FINDING_NOTICE] = LOG_LEVEL_NOTICE};
    const struct finding_type *type = finding_type(finding->id);
    LOG(levels[type->level], LOG_MAIN, "finding_began", LOG_TEXT("finding", type->name), LOG_TEXT("peer", finding->about),
        LOG_INT("number", finding->number));
}

static void tell_changes(const struct findings *before, const struct findings *now)
{
    for (size_t i = 0; i < now->count; i++)
        if (!findings_find(before, now->list[i].id, now->list[i].about))
            began(&now->list[i]);
    for (size_t i = 0; i < before->count; i++)
        if (!findings_find(now, before->list[i].id, before->list[i].about))
            LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "finding_ended", LOG_TEXT("finding", finding_type(before->list[i].id)->name),
                LOG_TEXT("peer", before->list[i].about));
}

static bool is_recent(struct monitor *monitor, int which)
{
    struct alert *alert = &monitor->alerts[which];
    int64_t value = metric_get(alert->metric), now = monotonic_ms();
    if (value != alert->seen)
        alert->changed_ms = now;
    alert->seen = value;
    return alert->changed_ms && now - alert->changed_ms < RECENT_MS;
}

/* null when no reader answered: unknown is not none. */
static json_t *member_json(const json_t *peers, int64_t value)
{
    return peers ? json_integer((json_int_t)value) : json_null();
}

static int64_t member_int(const json_t *peers, const char *office, const char *name)
{
    size_t i;
    const json_t *peer;
    json_array_foreach(peers, i, peer)
    {
        const char *code = json_string_value(json_object_get(peer, "office"));
        if (code && !strcmp(code, office))
            return json_integer_value(json_object_get(peer, name));
    }
    return 0;
}

static void peer_facts(struct monitor *monitor, struct finding_peer *out, const json_t *peers)
{
    const struct control_parts *parts = &monitor->parts;
    for (size_t i = 0; i < parts->office->peer_count; i++) {
        struct control_exchange exchange;
        const char *code = parts->office->peers[i].code;
        /* what nobody can tell now is taken to be as it was: a finding does not end because a reader is silent */
        const struct finding *old = peers ? NULL : findings_find(&monitor->findings, FINDING_QUEUE_OLD, code);
        int64_t oldest_s = peers ? member_int(peers, code, "oldest_unsent_s") : old ? old->number : 0;
        parts->wiring.exchange(parts->wiring.context, i, &exchange);
        out[i] = (struct finding_peer){.alarm = exchange.alarm, .paused = exchange.paused, .material_stuck = exchange.material_stuck,
                                       .failures = exchange.failures, .failing_since_ms = exchange.failing_since_ms,
                                       .oldest_unsent_s = oldest_s, .refused = exchange.refused, .skew_ms = exchange.skew_ms};
        memcpy(out[i].office, code, sizeof out[i].office);
    }
}

static void look(struct monitor *monitor, const json_t *peers)
{
    const struct control_parts *parts = &monitor->parts;
    struct findings before = monitor->findings;
    struct store_stats stats;
    struct finding_peer *facts_of_peers = calloc(parts->office->peer_count + 1, sizeof *facts_of_peers);
    if (!facts_of_peers)
        return; /* in a minute */
    store_stats(parts->store, &stats);
    peer_facts(monitor, facts_of_peers, peers);
    struct retention_state retention = retention_run_state(parts->retention);
    struct finding_facts facts = {
        .store_failed = stats.failed != 0,
        .disk_low = stats.disk_low,
        .draining = parts->wiring.draining(parts->wiring.context),
        .ledger_closed = metric_get(METRIC_LEDGER_CLOSED) > 0,
        .ledger_behind = metric_get(METRIC_LEDGER_BEHIND),
        .tallies_differ = is_recent(monitor, ALERT_DIFFERENCES),
        .untrusted = is_recent(monitor, ALERT_UNTRUSTED),
        .log_lost = is_recent(monitor, ALERT_LOG_LOST),
        .writer_silent_ms = monitor->touching ? monotonic_ms() - monitor->touched_ms : 0,
        .writer_queue = (int64_t)stats.queue,
        .certificate_days = parts->wiring.certificate_days(parts->wiring.context),
        .calendar_days = calendar_last_day(parts->office->calendar) - now_ms() / MS_PER_DAY,
        .hooks_failing = metric_get(METRIC_HOOK_FAILING),
        .backup_wanted = backup_run_wanted(parts->backups),
        .backup_failed = backup_run_failed(parts->backups),
        .backup_same_disk = backup_run_same_disk(parts->backups),
        .backup_days = backup_run_days(parts->backups, now_ms()),
        .retention_failed = retention.failed,
        .retention_due = retention.due,
        .retention_days = retention.due_days,
        .crls_outdated = metric_get(METRIC_CRL_OUTDATED),
        .peers = facts_of_peers,
        .peer_count = parts->office->peer_count,
    };
    findings_update(&monitor->findings, &facts, now_ms());
    int64_t bad = 0;
    for (size_t i = 0; i < monitor->findings.count; i++)
        bad += finding_type(monitor->findings.list[i].id)->level != FINDING_NOTICE;
    metric_set(METRIC_FINDINGS, bad);
    metric_set(METRIC_BACKUP_AGE_S, !facts.backup_wanted ? -1 : facts.backup_days > INT32_MAX ? INT32_MAX : facts.backup_days * 86400);
    metric_set(METRIC_BACKUP_SAME_DISK, facts.backup_same_disk);
    tell_changes(&before, &monitor->findings);
    free(facts_of_peers);
}

/* ---- the document ---- */

static json_t *time_json(int64_t ms)
{
    char text[TIMESTAMP_TEXT];
    if (!ms)
        return json_null();
    timestamp_format(ms, text);
    return json_string(text);
}

static json_t *findings_json(const struct findings *findings)
{
    static const char *const levels[] = {[FINDING_ERROR] = "error", [FINDING_WARNING] = "warning", [FINDING_NOTICE] = "notice"};
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        const struct finding_type *type = finding_type(finding->id);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:o, s:s, s:s, s:s}", "finding", type->name, "level",
                                                    levels[type->level], "about", finding->about, "number", (json_int_t)finding->number,
                                                    "since", time_json(finding->since_ms), "title", type->title, "remedy", type->remedy,
                                                    "page", type->page));
    }
    return list;
}

static const char *state_of(const struct control_exchange *exchange)
{
    return exchange->paused ? "paused" : exchange->alarm ? "alarm" : exchange->failures ? "retrying" : "ok";
}

static json_t *peers_json(const struct monitor *monitor, const json_t *asked)
{
    const struct control_parts *parts = &monitor->parts;
    json_t *list = json_array();
    for (size_t i = 0; i < parts->office->peer_count; i++) {
        const struct office_peer *peer = &parts->office->peers[i];
        struct control_exchange exchange;
        parts->wiring.exchange(parts->wiring.context, i, &exchange);
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:I, s:I, s:I, s:I}", "office", peer->code, "name", peer->name,
                            "state", state_of(&exchange), "unsent", member_json(asked, member_int(asked, peer->code, "unsent")), "oldest_unsent_s",
                            member_json(asked, member_int(asked, peer->code, "oldest_unsent_s")), "last_exchange",
                            time_json(exchange.last_exchange_ms), "failing_since", time_json(exchange.failing_since_ms), "failures",
                            (json_int_t)exchange.failures, "detail", exchange.detail ? exchange.detail : "", "skew_ms",
                            (json_int_t)exchange.skew_ms, "messages", (json_int_t)exchange.messages, "materials",
                            (json_int_t)exchange.materials, "retries", (json_int_t)exchange.retries));
    }
    return list;
}

static json_t *retention_json(const struct monitor *monitor)
{
    struct retention_state s = retention_run_state(monitor->parts.retention);
    json_t *due = s.looked ? json_integer((json_int_t)s.due) : json_null();
    return json_pack("{s:b, s:o, s:o, s:I, s:I}", "sweep", s.sweeps, "due", due, "last",
                     time_json(s.last.ended), "erased", (json_int_t)s.last.cases, "kept", (json_int_t)s.last.kept);
}

static json_t *status_json(const struct monitor *monitor, const json_t *asked)
{
    const struct control_parts *parts = &monitor->parts;
    struct store_stats stats;
    store_stats(parts->store, &stats);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:b}, s:I, s:I, s:{s:I, s:I}, s:{s:I, s:I}, s:o}", "office",
        parts->office->code, "name", parts->office->name, "version", TONGBAN_VERSION, "state",
        parts->wiring.draining(parts->wiring.context) ? "draining" : "running", "started", time_json(parts->started_ms), "time",
        time_json(now_ms()), "findings", findings_json(&monitor->findings), "peers", peers_json(monitor, asked), "store", "disk_free_bytes",
        (json_int_t)metric_get(METRIC_DISK_FREE_BYTES), "disk_floor_bytes", (json_int_t)parts->config->store.disk_floor_bytes, "wal_bytes",
        (json_int_t)stats.wal_bytes, "queue", (json_int_t)stats.queue, "ledger_size", (json_int_t)metric_get(METRIC_LEDGER_SIZE), "failed",
        stats.failed != 0, "certificate_days", (json_int_t)parts->wiring.certificate_days(parts->wiring.context), "calendar_days",
        (json_int_t)(calendar_last_day(parts->office->calendar) - now_ms() / MS_PER_DAY), "hooks", "failing",
        (json_int_t)metric_get(METRIC_HOOK_FAILING), "behind", (json_int_t)metric_get(METRIC_HOOK_BEHIND), "cases", "taken",
        (json_int_t)metric_get(METRIC_CASES_TAKEN), "received", (json_int_t)metric_get(METRIC_CASES_RECEIVED), "retention",
        retention_json(monitor));
}

/* ---- looking ---- */

/* `peers`: what a reader says of the queues, NULL when none answered. */
static void look_done(struct monitor *monitor, const json_t *peers)
{
    struct waiter *waiters = monitor->waiters;
    monitor->waiters = NULL;
    (void)uv_timer_stop(&monitor->patience);
    if (!monitor->stopping)
        look(monitor, peers);
    json_t *status = waiters ? status_json(monitor, peers) : NULL;
    while (waiters) {
        struct waiter *waiter = waiters;
        waiters = waiter->next;
        waiter->done(waiter->context, status);
        free(waiter);
    }
    json_decref(status);
}

static void question_done(struct store_query *query, int rc)
{
    (void)rc; /* without an answer there are no numbers of the queues; the rest is known all the same */
    struct monitor *monitor = of_question(query);
    look_done(monitor, json_object_get(monitor->question.answer, "peers"));
    office_question_clear(&monitor->question);
    monitor->asking = false;
    maybe_free(monitor);
}

static void on_patience(uv_timer_t *timer)
{
    look_done(timer->data, NULL); /* the reader may still be writing its answer */
}

static int touch_run(struct store_db *db, struct store_command *command)
{
    (void)command;
    (void)store_ledger_size(db);
    return 0;
}

static void touch_done(struct store_command *command, int rc)
{
    (void)rc;
    struct monitor *monitor = of_touch(command);
    monitor->touching = false;
    maybe_free(monitor);
}

static void start_look(struct monitor *monitor)
{
    if (!monitor->touching) {
        monitor->touch = (struct store_command){.run = touch_run, .done = touch_done};
        monitor->touched_ms = monotonic_ms();
        monitor->touching = store_submit(monitor->parts.store, &monitor->touch) == 0;
    }
    if (!monitor->asking) {
        office_question_init(&monitor->question, monitor->parts.office, ASK_OFFICE, NULL);
        monitor->question.query.done = question_done;
        monitor->asking = store_read(monitor->parts.store, &monitor->question.query) == 0;
    }
    /* whoever asks while others wait does not put their answer off */
    if (!monitor->asking || !uv_is_active((const uv_handle_t *)&monitor->patience))
        (void)uv_timer_start(&monitor->patience, on_patience, monitor->asking ? PATIENCE_MS : 0, 0);
}

static void on_minute(uv_timer_t *timer)
{
    start_look(timer->data);
}

int monitor_ask(struct monitor *monitor, void (*done)(void *context, const json_t *status), void *context)
{
    struct waiter *waiter = monitor->stopping ? NULL : calloc(1, sizeof *waiter);
    if (!waiter)
        return TB_ENOMEM;
    *waiter = (struct waiter){.done = done, .context = context, .next = monitor->waiters};
    monitor->waiters = waiter;
    start_look(monitor);
    return 0;
}

/* ---- life ---- */

int monitor_start(const struct control_parts *parts, struct monitor **out)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (!monitor)
        return TB_ENOMEM;
    monitor->parts = *parts;
    monitor->alerts[ALERT_DIFFERENCES].metric = METRIC_PEER_DIFFERENCES;
    monitor->alerts[ALERT_UNTRUSTED].metric = METRIC_PEER_UNTRUSTED;
    monitor->alerts[ALERT_LOG_LOST].metric = METRIC_LOG_LINES_LOST;
    (void)uv_timer_init(parts->loop, &monitor->timer); /* cannot fail */
    (void)uv_timer_init(parts->loop, &monitor->patience);
    monitor->timer.data = monitor->patience.data = monitor;
    monitor->handles = 2;
    (void)uv_timer_start(&monitor->timer, on_minute, LOOK_EVERY_MS, LOOK_EVERY_MS);
    *out = monitor;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct monitor *monitor = handle->data;
    monitor->handles--;
    maybe_free(monitor);
}

void monitor_stop(struct monitor *monitor)
{
    if (!monitor)
        return;
    monitor->stopping = true;
    look_done(monitor, NULL); /* whoever waits is told now */
    uv_close((uv_handle_t *)&monitor->timer, on_closed);
    uv_close((uv_handle_t *)&monitor->patience, on_closed);
}
