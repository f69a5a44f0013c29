#include "tests/simulation/sim.h"
#include "tests/support/sim_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"

static int64_t world_now(void *context)
{
    struct sim_node *node = context;
    return node->sim->now + node->skew;
}

static int64_t world_monotonic(void *context)
{
    struct sim_node *node = context;
    return node->sim->now;
}

static void world_random(void *context, void *out, size_t len)
{
    struct sim_node *node = context;
    unsigned char *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (unsigned char)sim_random(&node->sim->rng);
}

static const char *const office_codes[SIM_NODES] = {"320623", "330483"};

/* The rules about notice, supplement and limits, each once and mixed (domain.md 5.2); the law's numbers stand here a second time. */
static const struct sim_item items[] = {
    {"GA01", "ONSPOT_DEEMED", "WITHDRAWN", 0, 0, 60, 20, true, false, true},
    {"GA02", "PERMIT_5WD", "REFUSE", 5, 5, 20, 5, false, false, false},
    {"GA03", "MARKET_3WD", "NONE", 3, -1, 30, 0, true, false, false},
    {"GA04", "ONSPOT_ZJ", "WITHDRAWN", 0, 5, 20, 15, false, true, true},
    {"GA05", "NONE", "REFUSE", -1, -1, 0, 7, false, false, false},
};

const struct sim_item *sim_item_find(const char *code)
{
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (!strcmp(items[i].code, code))
            return &items[i];
    return NULL;
}

const char *sim_item_pick(struct sim *sim)
{
    if (sim_chance(&sim->rng, 20))
        return "XX99";
    return items[sim_chance(&sim->rng, 150) ? 0 : sim_below(&sim->rng, sizeof items / sizeof items[0])].code;
}

static const char item_text[] =
    "{\"code\":\"GA01\",\"version\":1,\"name\":\"居民身份证换领\",\"name_en\":\"id_card_renew\",\"category\":\"户籍身份证\",\"department\":\"公安局\","
    "\"task_type\":\"20\",\"subject\":\"P\",\"mode\":\"PROXY\",\"steps\":\"INOPD\",\"in_person\":true,\"materials\":[{\"name\":\"申请表\",\"form\":\"F\","
    "\"required\":true},{\"name\":\"照片\",\"form\":\"P\",\"required\":true,\"deferrable\":true}],\"notice_rule\":\"ONSPOT_DEEMED\","
    "\"overdue_supplement\":\"WITHDRAWN\",\"statutory_limit\":{\"days\":60,\"unit\":\"calendar_day\"},\"promised_limit\":{\"days\":20,\"unit\":\"working_day\"},"
    "\"project_type\":\"committed\",\"fee\":\"20元/证\",\"result\":\"居民身份证\",\"legal_basis\":\"居民身份证法第10-12条\","
    "\"effective_from\":\"2026-01-01\",\"approximate\":[\"promised_limit\"]}";

const char sim_calendar[] = "date\tkind\tname\n2026-10-01\tholiday\t国庆节\n2026-10-10\tworkday\t国庆节\n";

static json_t *limit_json(int days, bool calendar)
{
    return days > 0 ? json_pack("{s:i, s:s}", "days", days, "unit", calendar ? "calendar_day" : "working_day") : json_null();
}

static int make_items(struct office *office)
{
    json_t *joint = NULL;
    int rc = strict_json_parse(sim_joint_item, strlen(sim_joint_item), &joint, NULL);
    office->items = rc ? NULL : json_pack("[o]", joint);
    for (size_t i = 0; i < sizeof items / sizeof items[0] && !rc; i++) {
        json_t *item = NULL;
        rc = strict_json_parse(item_text, sizeof item_text - 1, &item, NULL);
        if (!rc && (json_object_set_new(item, "code", json_string(items[i].code)) ||
                    json_object_set_new(item, "notice_rule", json_string(items[i].notice_rule)) ||
                    json_object_set_new(item, "overdue_supplement", json_string(items[i].overdue)) ||
                    json_object_set_new(item, "statutory_limit", limit_json(items[i].statutory, items[i].statutory_calendar)) ||
                    json_object_set_new(item, "promised_limit", limit_json(items[i].promised, items[i].promised_calendar)) ||
                    json_array_append_new(office->items, item)))
            rc = TB_ENOMEM;
    }
    return rc ? rc : office->items ? 0 : TB_ENOMEM;
}

static int make_office(struct sim_node *node)
{
    struct office *office = calloc(1, sizeof *office);
    if (!office)
        return TB_ENOMEM;
    node->office = office;
    memcpy(office->code, office_codes[node->id], OFFICE_TEXT);
    (void)snprintf(office->name, sizeof office->name, "%s", office_codes[node->id]);
    office->papers.numbering = true;
    (void)snprintf(office->papers.prefix, sizeof office->papers.prefix, "%s", node->id ? "桐政服" : "东政服");
    (void)snprintf(office->papers.seal, sizeof office->papers.seal, "行政审批专用章");
    (void)snprintf(office->papers.intake_seal, sizeof office->papers.intake_seal, "收件专用章");
    office->suite = suite_by_name("intl");
    office->peers = calloc(1, sizeof *office->peers);
    office->staff = calloc(2, sizeof *office->staff);
    office->grants = calloc(1, sizeof *office->grants);
    if (!office->peers || !office->staff || !office->grants)
        return TB_ENOMEM;
    office->peer_count = 1;
    memcpy(office->peers[0].code, office_codes[1 - node->id], OFFICE_TEXT);
    office->peers[0].key = node->sim->node[1 - node->id].signer.vkey;
    office->staff_count = 2;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(office->staff[i].id, STAFF_TEXT, "%s:000%d", office->code, i + 1);
        (void)snprintf(office->staff[i].role, sizeof office->staff[i].role, "%s", i ? "handler" : "window");
    }
    office->grant_count = !node->sim->ungranted;
    struct authorisation_row *grant = &office->grants[0];
    (void)snprintf(grant->id, sizeof grant->id, "0190a1b2-0000-7000-8000-%s%s", office->code, office->code);
    memcpy(grant->principal, office->code, OFFICE_TEXT);
    memcpy(grant->delegate, office->peers[0].code, OFFICE_TEXT);
    memcpy(grant->steps, "INOPD", 6);
    grant->items = office->grant_count ? strdup("*") : NULL;
    grant->from_day = 18000;
    grant->until_day = node->sim->grant_until;
    (void)snprintf(grant->announcement, sizeof grant->announcement, "桐政办发〔2021〕6号");
    int rc = make_items(office);
    if (!rc)
        rc = calendar_parse(sim_calendar, sizeof sim_calendar - 1, &office->calendar, NULL);
    for (int i = 0; i < STEP_LIMITS; i++)
        office->limits[i] = step_limits[i].days;
    return rc ? rc : office->items && (grant->items || !office->grant_count) ? 0 : TB_ENOMEM;
}

int sim_node_make(struct sim *sim, int id)
{
    struct sim_node *node = &sim->node[id];
    *node = (struct sim_node){.sim = sim, .id = id, .signer = node->signer};
    node->world = (struct world){world_now, world_monotonic, world_random, node};
    node->skew = (int64_t)sim_below(&sim->rng, 20000) - 10000;
    (void)snprintf(node->disk, sizeof node->disk, "/sim%d", id);
    /* both keys are needed before the first office is made */
    for (int i = 0; i < SIM_NODES && !id; i++) {
        uint8_t secret[SUITE_SECRET_MAX];
        char name[32];
        (void)snprintf(name, sizeof name, "tongban/%s", office_codes[i]);
        for (size_t k = 0; k < sizeof secret; k++)
            secret[k] = (uint8_t)sim_random(&sim->rng);
        int rc = note_signer_make(suite_by_name("intl"), name, secret, &sim->node[i].signer);
        if (rc)
            return rc;
    }
    sim_disk_format(node->disk, sim_random(&sim->rng));
    return make_office(node);
}

int sim_node_start(struct sim_node *node)
{
    struct store_options options = {.directory = node->disk,
                                    .office = node->office->code,
                                    .signer = &node->signer,
                                    .world = &node->world,
                                    .vfs = "sim"};
    struct problem problem = {0};
    node->epoch = ++node->sim->requests;
    node->woken = 0;
    int rc = store_open(&options, &node->store, &problem);
    if (rc) {
        sim_fail(node->sim, "office %d: %s (%s)", node->id, problem.detail, err_text(rc));
        return rc;
    }
    sim_trace(node->sim, "office %d starts with %llu entries", node->id,
              (unsigned long long)store_ledger_size(store_sync_view(node->store)));
    if (node->closed) {
        sim_image_started(node);
        return 0;
    }
    sim_check_commit(node);
    return sim_node_open(node);
}

int sim_node_open(struct sim_node *node)
{
    struct office_start start;
    office_start_init(&start, node->office);
    int rc = sim_commit(node, &start.command);
    if (!node->store)
        return 0; /* the power went again; a restart is planned */
    sim_tick(node);
    if (!node->store)
        return 0;
    engine_init(&node->engine, node->sim->now);
    mover_init(&node->mover, node->sim->now);
    sim_wake(node);
    return rc;
}

static void drop_batch(struct sim_node *node)
{
    if (node->batch_live)
        office_batch_clear(&node->batch);
    node->batch_live = false;
    parcel_free(node->answer);
    node->answer = NULL;
    node->request = 0;
}

void sim_node_count(struct sim_node *node)
{
    node->sim->batches += node->engine.batches;
    node->sim->retries += node->engine.retries;
    node->sim->moved += node->mover.moved;
    node->engine.batches = node->engine.retries = node->mover.moved = 0;
}

void sim_node_off(struct sim_node *node)
{
    sim_node_count(node);
    sim_disk_power_off(node->disk);
    store_close(node->store);
    node->store = NULL;
    drop_batch(node);
    node->piece = 0;
    sim_disk_power_on(node->disk);
}

void sim_node_crash(struct sim_node *node)
{
    sim_trace(node->sim, "office %d loses power", node->id);
    node->sim->crashes++;
    sim_node_off(node);
    /* a cut that was set up before the calm may fall into it: then only a short one */
    bool brief = sim_chance(&node->sim->rng, 800) || node->sim->calm;
    int64_t away = (int64_t)sim_below(&node->sim->rng, brief ? 30 * 1000 : 6 * 3600 * 1000);
    sim_push(node->sim, (struct sim_event){.at = node->sim->now + 1 + away, .kind = SIM_RESTART, .node = node->id});
}

void sim_node_free(struct sim_node *node)
{
    drop_batch(node);
    if (node->store)
        store_close(node->store);
    node->store = NULL;
    if (node->has_pending)
        sim_acked_clear(&node->pending);
    free(node->known_note);
    office_free(node->office);
    sim_disk_format(node->disk, 0);
}

void sim_tick(struct sim_node *node)
{
    if (node->closed)
        return;
    bool more = true;
    struct office_tick tick;
    office_tick_init(&tick, node->office);
    while (node->store && more) {
        uint64_t size = node->size;
        int rc = sim_commit(node, &tick.command);
        more = tick.more;
        if (node->store && rc)
            sim_fail(node->sim, "the tick of office %d fails: %s", node->id, err_text(rc));
        if (node->store && (tick.deemed || tick.lapsed || tick.moved)) {
            sim_trace(node->sim, "office %d: %zu deemed, %zu lapsed, %zu recalculated", node->id, tick.deemed, tick.lapsed, tick.moved);
            node->sim->deemed += tick.deemed;
            node->sim->lapsed += tick.lapsed;
        }
        if (node->store && node->size != size) /* as the store tells the engine of every commit: also an authorisation that ended is news */
            sim_wake(node);
        office_tick_go_on(&tick);
    }
    office_tick_clear(&tick);
}

int sim_commit(struct sim_node *node, struct store_command *command)
{
    struct sim *sim = node->sim;
    if (!sim->calm && sim_chance(&sim->rng, 2))
        sim_disk_power_off_after(node->disk, sim_below(&sim->rng, 12)); /* somewhere in the middle of this commit or a later one */
    command->next = NULL;
    sim->written = true;
    int rc = store_run_batch(node->store, command);
    if (rc) {
        if (!sim_disk_is_off(node->disk))
            sim_fail(sim, "office %d: a commit failed with the power on: %s", node->id, err_text(rc));
        else
            sim_node_crash(node);
        return rc;
    }
    sim_check_commit(node);
    return command->rc;
}

void sim_wake(struct sim_node *node)
{
    static const enum sim_event_kind kinds[] = {SIM_ENGINE, SIM_MOVER};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        sim_push(node->sim, (struct sim_event){.at = node->sim->now, .kind = kinds[i], .node = node->id, .epoch = node->epoch, .value = 1});
        node->woken++;
    }
}

/* ---- what the engine orders ---- */

static void build(struct sim_node *node)
{
    drop_batch(node);
    office_batch_init(&node->batch, node->office, node->office->peers[0].code);
    node->batch_live = true;
    node->batch.force_old = node->engine.force_old;
    node->batch.force_after = node->engine.force_after;
    node->batch.max_messages = 1 + (size_t)sim_below(&node->sim->rng, 20); /* other cuts than at the first try */
    struct engine_report report = {.problem = -1, .number = -1};
    report.rc = node->batch.query.run(store_sync_view(node->store), &node->batch.query);
    report.count = node->batch.count;
    sim_engine(node, ENGINE_BUILT, &report);
}

/* What the office can show of its ledger goes beside the body. */
static char *header(const struct buf *text)
{
    return text->len ? strndup(text->data, text->len) : NULL;
}

static void post(struct sim_node *node)
{
    struct sim *sim = node->sim;
    node->request = ++sim->requests;
    sim_push(sim, (struct sim_event){.at = sim->now + LIMIT_PEER_ANSWER_MS, .kind = SIM_ANSWER, .node = node->id, .epoch = node->epoch,
                                     .number = node->request, .rc = TB_ETIMEOUT, .problem = -1, .value = -1});
    if (sim->cut || sim_chance(&sim->rng, sim->loss))
        return;
    unsigned copies = 1 + sim_chance(&sim->rng, sim->loss);
    for (unsigned i = 0; i < copies; i++) {
        struct sim_event event = {.kind = SIM_REQUEST,
                                  .node = 1 - node->id,
                                  .epoch = node->epoch,
                                  .number = node->request,
                                  .len = node->batch.out.len};
        event.at = sim->now + 1 + (int64_t)sim_below(&sim->rng, sim_chance(&sim->rng, 900) ? 300 : 90 * 1000);
        event.bytes = malloc(event.len);
        if (!event.bytes)
            exit(70);
        memcpy(event.bytes, node->batch.out.data, event.len);
        event.frontier = header(&node->batch.frontier);
        event.what = sim_chance(&sim->rng, sim->loss / 4);
        if (event.what) /* what TLS would never let through */
            event.bytes[sim_below(&sim->rng, event.len)] ^= (char)(1 << sim_below(&sim->rng, 8));
        sim_push(sim, event);
    }
}

static void apply(struct sim_node *node)
{
    struct office_outcome outcome;
    struct engine_report report = {.problem = -1, .number = -1};
    office_outcome_init(&outcome, node->office, &node->office->peers[0], node->answer, &node->batch);
    node->answer = NULL;
    report.rc = sim_commit(node, &outcome.command);
    if (report.rc < 0)
        sim_trace(node->sim, "office %d cannot apply an answer: %s", node->id, outcome.problem.detail);
    if (outcome.discord.count)
        sim_fail(node->sim, "office %d hears %s (revision %lld of %s)", node->id, discord_words[outcome.discord.what],
                 (long long)outcome.discord.rev, outcome.discord.about);
    if (outcome.differs)
        sim_fail(node->sim, "office %d counts other messages than its peer", node->id);
    office_outcome_clear(&outcome);
    if (!node->store)
        return;
    sim_mover(node, MOVER_WAKE, NULL);
    if (node->store)
        sim_engine(node, ENGINE_APPLIED, &report);
}

void sim_engine(struct sim_node *node, enum engine_event event, const struct engine_report *report)
{
    if (report && report->rc < 0 && report->rc != TB_ETIMEOUT && report->rc != TB_ECLOSED)
        sim_trace(node->sim, "office %d, event %d of the engine: %s", node->id, (int)event, err_text(report->rc));
    enum engine_action action = engine_step(&node->engine, event, report, node->sim->now, (uint32_t)sim_random(&node->sim->rng));
    switch (action) {
    case ENGINE_BUILD:
        build(node);
        return;
    case ENGINE_POST:
        post(node);
        return;
    case ENGINE_APPLY:
        apply(node);
        return;
    default:
        if (node->engine.wake_at != INT64_MAX)
            sim_push(node->sim, (struct sim_event){.at = node->engine.wake_at, .kind = SIM_ENGINE, .node = node->id, .epoch = node->epoch});
    }
}

/* As parcel_verify.  An idle exchange repeats the checkpoint of the one before, byte for byte, and most exchanges of a virtual day
 * are idle: what was verified once is not verified again, or the seeds would take minutes more. */
static int verify(struct sim_node *node, struct parcel *parcel, const struct ledger_hash *old_root, struct problem *p)
{
    if (!parcel->count && !parcel->consistency.count && old_root && node->known_note && !strcmp(node->known_note, parcel->note) &&
        parcel->old_size == node->known.size && !memcmp(old_root, &node->known.root, sizeof *old_root)) {
        parcel->checkpoint = node->known;
        return 0;
    }
    int rc = parcel_verify(parcel, &node->office->peers[0].key, old_root, p);
    char *note = rc ? NULL : strdup(parcel->note);
    if (note) {
        free(node->known_note);
        node->known_note = note;
        node->known = parcel->checkpoint;
    }
    return rc;
}

/* ---- a batch arrives, as peer routes take it ---- */

static int receive(struct sim_node *node, struct sim_event *event, struct buf *out, char **frontier, struct problem *p)
{
    const struct office_peer *peer = &node->office->peers[0];
    struct parcel *parcel = NULL;
    char *bytes = event->bytes;
    event->bytes = NULL;
    int rc = parcel_decode(bytes, event->len, &parcel, p);
    if (!rc)
        rc = parcel_take_frontier(parcel, event->frontier);
    if (rc) {
        parcel_free(parcel);
        return rc;
    }
    struct office_seen seen;
    office_seen_init(&seen, node->office, peer->code);
    rc = seen.query.run(store_sync_view(node->store), &seen.query);
    if (!rc && strcmp(parcel->from, peer->code))
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, NULL, "not that office");
    if (!rc && seen.size != parcel->old_size) {
        rc = problem_set(p, PROBLEM_CHECKPOINT, NULL, "last seen %llu", (unsigned long long)seen.size);
        p->number = (int64_t)seen.size;
    }
    if (!rc)
        rc = verify(node, parcel, seen.size ? &seen.root : NULL, p);
    if (rc) {
        parcel_free(parcel);
        return rc;
    }
    struct office_answer answer;
    office_answer_init(&answer, node->office, parcel);
    struct office_inbound inbound;
    office_inbound_init(&inbound, node->office, peer, parcel, &seen.root);
    rc = sim_commit(node, &inbound.command);
    if (node->store && rc) {
        office_problem(&inbound.problem, rc);
        *p = inbound.problem;
    }
    if (node->store && !rc)
        rc = answer.query.run(store_sync_view(node->store), &answer.query);
    if (node->store && !rc)
        rc = buf_append(out, answer.out.data, answer.out.len);
    if (node->store && !rc)
        *frontier = header(&answer.frontier);
    bool news = inbound.applied > 0;
    const struct office_discord *discord = &inbound.discord;
    if (discord->count && !(discord->what == DISCORD_GAP && sim_image_lost_before(node->sim, discord->about, discord->rev)))
        sim_fail(node->sim, "office %d is told %s (revision %lld of %s)", node->id, discord_words[discord->what],
                 (long long)discord->rev, discord->about);
    if (inbound.differs && !event->what)
        sim_fail(node->sim, "office %d counts other messages than its peer", node->id);
    office_inbound_clear(&inbound);
    office_answer_clear(&answer);
    if (node->store && news)
        sim_wake(node);
    return rc;
}

void sim_on_request(struct sim_node *node, struct sim_event *event)
{
    struct sim *sim = node->sim;
    if (sim->cut)
        return;
    struct sim_event reply = {.at = sim->now + 1 +
                                    (int64_t)sim_below(&sim->rng, sim_chance(&sim->rng, 900) ? 300 : 90 * 1000),
                              .kind = SIM_ANSWER,
                              .node = 1 - node->id,
                              .epoch = event->epoch,
                              .number = event->number,
                              .problem = -1,
                              .value = -1};
    struct buf out;
    buf_init(&out, LIMIT_PEER_ANSWER_BYTES);
    if (!node->store || node->closed) {
        reply.rc = TB_ECLOSED;
    } else {
        struct problem problem = {.id = PROBLEM_INTERNAL, .number = -1};
        reply.rc = receive(node, event, &out, &reply.frontier, &problem);
        if (!node->store) {
            buf_free(&out);
            free(reply.frontier);
            return; /* power cut before the answer */
        }
        if (reply.rc) {
            sim_trace(sim, "office %d refuses a batch: %s: %s", node->id, problem_type(problem.id)->name, problem.detail);
            reply.problem = (int)problem.id;
            reply.value = problem.number;
        }
        if (!sim->calm && sim_chance(&sim->rng, 6)) {
            sim_node_crash(node); /* between commit and answer */
            buf_free(&out);
            free(reply.frontier);
            return;
        }
    }
    reply.bytes = buf_take(&out, &reply.len);
    buf_free(&out);
    if (sim_chance(&sim->rng, sim->loss)) {
        free(reply.bytes);
        free(reply.frontier);
    } else {
        sim_push(sim, reply);
    }
}

void sim_on_answer(struct sim_node *node, struct sim_event *event)
{
    if (event->number != node->request)
        return; /* given up before, or a second copy */
    node->request = 0;
    struct engine_report report = {.rc = event->rc, .problem = event->problem, .number = event->value, .count = node->batch.count};
    if (!event->rc) {
        struct problem problem;
        struct parcel *parcel = NULL;
        char *bytes = event->bytes;
        event->bytes = NULL;
        report.rc = parcel_decode(bytes, event->len, &parcel, &problem);
        if (!report.rc)
            report.rc = parcel_take_frontier(parcel, event->frontier);
        if (!report.rc && parcel->old_size != node->batch.their_size)
            report.rc = TB_ETEMP;
        if (!report.rc)
            report.rc = verify(node, parcel, node->batch.their_size ? &node->batch.their_root : NULL, &problem);
        if (report.rc)
            parcel_free(parcel);
        else
            node->answer = parcel;
    }
    sim_engine(node, ENGINE_ANSWERED, &report);
}
