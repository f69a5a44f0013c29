#include "daemon/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/world.h"
#include "daemon/office/witness.h"

enum { ASK_AGAIN_MS = 5 * 1000, SUSPECT_EVERY_MS = 60 * 1000, URL_BYTES = 512 };

/* What is asked of one counterpart, one after the other. */
enum step { STEP_SUMMARY, STEP_MESSAGES, STEP_RECEIPTS, STEP_CHECKPOINTS, STEP_OUTBOX, STEPS };
static const char *const step_names[STEPS] = {"", "/messages", "/receipts", "/checkpoints", "/outbox"};

struct asker {
    struct recovery *recovery;
    struct carrier *carrier;
    struct carrier_request request;
    char url[URL_BYTES];
    unsigned n; /* of office->peers */
    enum step step;
    bool without; /* the operator goes on without it */
    int rc;       /* of the pages */
    struct office_missing missing;
    char *body;   /* owned: names of materials, being sent */
};

/* An operator who waits. */
struct question {
    recovery_told *done;
    void *context;
    bool apply;
    int64_t uid;
};

struct recovery {
    struct recovery_options options;
    enum recovery_state state;
    struct asker *askers;
    unsigned waiting;        /* askers that are on their way */
    struct office_recovery r;
    bool busy;               /* r is in use */
    struct question question;
    json_t *answer;          /* owned: what the operator is told once materials were asked for */
    uv_timer_t timer;
    unsigned handles;
    int64_t suspected_ms;
    struct lane_job settle;
    bool settling, stopping;
    void (*stopped)(void *context);
    void *stopped_context;
};

static void check(struct recovery *rec);
static void on_timer(uv_timer_t *timer);

static int64_t monotonic_ms(void)
{
    return world_real()->monotonic_ms(world_real()->context);
}

enum recovery_state recovery_state(const struct recovery *rec)
{
    return rec ? rec->state : RECOVERY_OPEN;
}

/* ---- open and closed ---- */

static void settle_work(struct lane_job *job)
{
    const struct recovery *rec = (struct recovery *)((char *)job - offsetof(struct recovery, settle));
    if (recovery_place_settle(rec->options.config->store.directory) != 0)
        LOG(LOG_LEVEL_WARNING, LOG_STORE, "place_not_written", LOG_TEXT("directory", rec->options.config->store.directory));
}

static void settle_done(struct lane_job *job)
{
    ((struct recovery *)((char *)job - offsetof(struct recovery, settle)))->settling = false;
}

static void settle(struct recovery *rec)
{
    rec->settle = (struct lane_job){.work = settle_work, .done = settle_done};
    if (!rec->settling)
        rec->settling = lane_submit(rec->options.lanes, LANE_SLOW, &rec->settle) == 0;
}

static void mark_work(struct lane_job *job)
{
    const struct recovery *rec = (struct recovery *)((char *)job - offsetof(struct recovery, settle));
    (void)!recovery_place_mark(rec->options.config->store.directory, (int64_t)rec->options.opened_size);
}

static const char *const state_words[] = {
    [RECOVERY_OPEN] = "open", [RECOVERY_ASKING] = "asking", [RECOVERY_BEHIND] = "behind", [RECOVERY_FORKED] = "forked"};

static void turn(struct recovery *rec, enum recovery_state state)
{
    enum recovery_state before = rec->state;
    const struct recover_sum *sum = &rec->r.sum;
    if (state == before)
        return;
    rec->state = state;
    metric_set(METRIC_LEDGER_CLOSED, state != RECOVERY_OPEN);
    metric_set(METRIC_LEDGER_BEHIND, state == RECOVERY_BEHIND ? (int64_t)(sum->seen - sum->size) : state == RECOVERY_FORKED);
    store_close_ledger(rec->options.store, state != RECOVERY_OPEN);
    LOG(state == RECOVERY_OPEN ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERR, LOG_STORE, "ledger_standing", LOG_TEXT("state", state_words[state]),
        LOG_INT("size", (int64_t)sum->size), LOG_INT("seen", (int64_t)sum->seen));
    if (before == RECOVERY_OPEN && !rec->options.place.restored && !rec->settling) { /* what was written since the start must not stay */
        rec->settle = (struct lane_job){.work = mark_work, .done = settle_done};
        rec->settling = lane_submit(rec->options.lanes, LANE_SLOW, &rec->settle) == 0;
        rec->options.place = (struct recovery_place){.restored = true, .size = (int64_t)rec->options.opened_size};
    }
    if (state == RECOVERY_OPEN || before == RECOVERY_OPEN)
        rec->options.turned(rec->options.context, state == RECOVERY_OPEN);
}

/* Something was recorded after the restore: it cannot be put before what the counterparts have seen. */
static bool is_written_on(const struct recovery *rec)
{
    const struct recovery_place *place = &rec->options.place;
    return place->restored && place->size >= 0 && rec->r.sum.size > (uint64_t)place->size;
}

/* ---- the answer to an operator ---- */

static json_t *peers_json(const struct recovery *rec)
{
    static const char *const words[] = {[RECOVER_SILENT] = "silent", [RECOVER_TOLD] = "told", [RECOVER_CANNOT_TELL] = "cannot-tell"};
    json_t *list = json_array();
    for (size_t i = 0; i < rec->r.peer_count; i++) {
        const struct recover_peer *peer = &rec->r.peers[i];
        const char *answer = peer->answer == RECOVER_SILENT && rec->askers[i].without ? "without" : words[peer->answer];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:b}", "office", peer->peer->code, "answer", answer, "seen",
                                                    (json_int_t)peer->size, "keeps", (int)peer->frontier));
    }
    return list;
}

/* Cases in which an act of this office has to be recorded again; the sum says how many there are. */
static json_t *lacking_json(const struct recovery *rec)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rec->r.lacking_count && i < LIMIT_RECOVER_NAMED; i++)
        (void)json_array_append_new(list, json_string(rec->r.lacking[i]));
    return list;
}

static json_t *answer_json(const struct recovery *rec, bool planned, bool applied)
{
    const struct recover_sum *sum = &rec->r.sum;
    json_t *doc = json_pack("{s:s, s:I, s:I, s:b, s:b, s:o}", "state", state_words[rec->state], "size", (json_int_t)sum->size, "seen",
                            (json_int_t)sum->seen, "written_on", (int)is_written_on(rec), "applied", (int)applied, "peers",
                            peers_json(rec));
    if (doc && planned)
        (void)json_object_set_new(doc, "sum",
                                  json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "messages", (json_int_t)sum->messages,
                                            "receipts", (json_int_t)sum->receipts, "lost", (json_int_t)sum->lost, "theirs",
                                            (json_int_t)sum->theirs, "repeated", (json_int_t)sum->repeated, "refused",
                                            (json_int_t)sum->refused, "differing", (json_int_t)sum->differing, "unapplied",
                                            (json_int_t)sum->unapplied, "materials", (json_int_t)sum->materials, "lacking",
                                            (json_int_t)rec->r.lacking_count));
    if (doc && applied)
        (void)json_object_set_new(doc, "lacking", lacking_json(rec));
    return json_pack("{s:o}", "done", doc);
}

static void part_gone(void *context)
{
    struct recovery *rec = context;
    if (--rec->handles == 0 && rec->stopping)
        rec->stopped(rec->stopped_context);
}

/* Connections are kept only while something is asked. */
static void stop_carriers(struct recovery *rec)
{
    for (size_t i = 0; i < rec->options.office->peer_count; i++) {
        struct carrier *carrier = rec->askers[i].carrier;
        rec->askers[i].carrier = NULL;
        if (carrier)
            carrier_stop(carrier, part_gone, rec);
        carrier_request_clear(&rec->askers[i].request);
    }
}

/* Ends what was begun, and answers the operator when one waits: takes `answer`. */
static void finish(struct recovery *rec, json_t *answer, const struct problem *p)
{
    struct question question = rec->question;
    rec->question = (struct question){.done = NULL};
    rec->busy = false;
    office_recovery_clear(&rec->r);
    if (!rec->stopping)
        stop_carriers(rec);
    if (question.done)
        question.done(question.context, answer, p);
    else
        json_decref(answer);
    if (rec->stopping)
        return;
    if (rec->state == RECOVERY_ASKING)
        (void)uv_timer_start(&rec->timer, on_timer, ASK_AGAIN_MS, 0);
}

static void finish_problem(struct recovery *rec, enum problem_id id, const char *words)
{
    struct problem p = {.number = -1};
    (void)problem_set(&p, id, "", "%s", words);
    finish(rec, NULL, &p);
}

/* ---- materials that are not here any more ---- */

static int request(struct asker *asker, const char *list, int64_t after, uint64_t old, void (*done)(struct carrier_request *request));

static void asked_for(struct asker *asker)
{
    struct recovery *rec = asker->recovery;
    free(asker->body);
    asker->body = NULL;
    asker->request.body = NULL;
    asker->request.body_len = 0;
    json_decref(asker->missing.list);
    asker->missing.list = NULL;
    if (--rec->waiting > 0 || rec->stopping)
        return;
    json_t *answer = rec->answer;
    rec->answer = NULL;
    finish(rec, answer, NULL);
}

static void materials_done(struct carrier_request *done)
{
    asked_for(done->user); /* who does not answer is asked again with the next --apply */
}

static void missing_done(struct store_query *query, int rc)
{
    struct asker *asker = ((struct office_missing *)query)->user;
    json_t *doc = !rc && json_array_size(asker->missing.list) && !asker->recovery->stopping
                      ? json_pack("{s:O}", "sha256", asker->missing.list)
                      : NULL;
    asker->body = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    if (!asker->body || request(asker, "/materials", 0, 0, materials_done) != 0)
        asked_for(asker);
}

/* Asks each counterpart for the materials of the cases with it, then answers the operator: takes `answer`. */
static void ask_materials(struct recovery *rec, json_t *answer)
{
    rec->answer = answer;
    rec->waiting = 1;
    for (size_t i = 0; i < rec->r.peer_count; i++) {
        struct asker *asker = &rec->askers[i];
        office_missing_init(&asker->missing, rec->r.peers[i].peer->code);
        asker->missing.query.done = missing_done;
        asker->missing.user = asker;
        rec->waiting++;
        if (rec->r.peers[i].answer != RECOVER_TOLD || store_read(rec->options.store, &asker->missing.query) != 0)
            rec->waiting--;
    }
    if (--rec->waiting > 0)
        return;
    rec->answer = NULL;
    finish(rec, answer, NULL);
}

/* ---- pages ---- */

static void command_done(struct store_command *command, int rc)
{
    struct recovery *rec = office_recovery_of(command)->user;
    bool applied = !rc && rec->r.apply;
    if (rc) {
        office_problem(&rec->r.problem, rc);
        struct problem p = rec->r.problem;
        LOG(LOG_LEVEL_ERR, LOG_STORE, "recovery_failed", LOG_TEXT("error", err_text(rc)), LOG_TEXT("detail", p.detail));
        finish(rec, NULL, &p);
        return;
    }
    if (applied && !rec->stopping) {
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "ledger_recovered", LOG_INT("first", (int64_t)rec->r.sum.size),
            LOG_INT("until", (int64_t)rec->r.sum.seen), LOG_INT("lost", (int64_t)rec->r.sum.lost), LOG_INT("uid", rec->r.uid));
        rec->options.changed(rec->options.context, (const char(*)[CASE_NO_TEXT])rec->r.changed, rec->r.changed_count);
        rec->options.place = (struct recovery_place){.size = -1};
        settle(rec);
        turn(rec, RECOVERY_OPEN);
    }
    if (applied && !rec->stopping)
        ask_materials(rec, answer_json(rec, true, applied));
    else
        finish(rec, answer_json(rec, true, applied), NULL);
}

/* Every counterpart has sent its pages. */
static void pages_there(struct recovery *rec)
{
    for (size_t i = 0; i < rec->r.peer_count; i++)
        if (rec->askers[i].rc && !rec->askers[i].without) {
            finish_problem(rec, rec->askers[i].rc == TB_ELIMIT ? PROBLEM_TOO_LARGE : PROBLEM_BUSY,
                           rec->askers[i].rc == TB_ELIMIT ? "more was lost than can be taken back at once (LIMIT_RECOVER_ROWS): "
                                                            "restore a newer copy"
                                                          : "a counterpart stopped answering; try again");
            return;
        }
    office_recovery_prepare(&rec->r, rec->question.apply, rec->question.uid);
    rec->r.command.done = command_done;
    if (store_submit(rec->options.store, &rec->r.command) != 0)
        finish_problem(rec, PROBLEM_BUSY, "the writer has too much to do");
}

static void asker_ended(struct asker *asker)
{
    struct recovery *rec = asker->recovery;
    if (--rec->waiting == 0 && !rec->stopping)
        pages_there(rec);
}

static int take_page(struct asker *asker, int64_t *next)
{
    struct recover_peer *peer = &asker->recovery->r.peers[asker->n];
    struct carrier_request *request = &asker->request;
    size_t len = request->answer.len;
    if (asker->step == STEP_CHECKPOINTS)
        return recover_read_checkpoints(peer, request->answer.data, len, next);
    if (asker->step != STEP_OUTBOX)
        return recover_read_entries(peer, request->answer.data, len, next);
    char *bytes = buf_take(&request->answer, &len);
    return bytes ? recover_read_outbox(peer, bytes, len, next) : TB_EMALFORMED;
}

static int64_t first_place(const struct asker *asker)
{
    const struct office_recovery *r = &asker->recovery->r;
    const struct recover_peer *peer = &r->peers[asker->n];
    const int64_t places[STEPS] = {[STEP_MESSAGES] = peer->sent, [STEP_RECEIPTS] = peer->receipted_to,
                                   [STEP_CHECKPOINTS] = (int64_t)r->sum.size, [STEP_OUTBOX] = peer->taken};
    return places[asker->step];
}

static void get(struct asker *asker, int64_t after);

static void page_done(struct carrier_request *request)
{
    struct asker *asker = request->user;
    int64_t next = -1;
    asker->rc = request->rc ? request->rc : request->status == 200 && request->answer.len ? take_page(asker, &next) : TB_ETEMP;
    if (!asker->rc && next >= 0) {
        get(asker, next);
    } else if (!asker->rc && asker->step + 1 < STEPS) {
        asker->step = (enum step)(asker->step + 1);
        get(asker, first_place(asker));
    } else {
        asker_ended(asker);
    }
}

static int request(struct asker *asker, const char *list, int64_t after, uint64_t old, void (*done)(struct carrier_request *request))
{
    static const char *const headers[] = {"Accept: application/json, application/x-ndjson", NULL};
    static const char *const posted[] = {"Accept: application/json", "Content-Type: application/json", NULL};
    const char *url = asker->recovery->options.config->peers[asker->n].url;
    size_t len = strlen(url);
    while (len && url[len - 1] == '/')
        len--;
    int n = snprintf(asker->url, sizeof asker->url, "%.*s/peer/v1/witness%s?after=%lld&old=%llu", (int)len, url, list, (long long)after,
                     (unsigned long long)old);
    if (n < 0 || n >= (int)sizeof asker->url)
        return TB_ELIMIT;
    asker->request.method = asker->body ? CARRIER_POST : CARRIER_GET;
    asker->request.url = asker->url;
    asker->request.headers = asker->body ? posted : headers;
    asker->request.body = asker->body;
    asker->request.body_len = asker->body ? strlen(asker->body) : 0;
    asker->request.answer_max = LIMIT_PEER_ANSWER_BYTES;
    asker->request.done = done;
    asker->request.user = asker;
    return carrier_send(asker->carrier, &asker->request);
}

static void get(struct asker *asker, int64_t after)
{
    const struct recover_peer *peer = &asker->recovery->r.peers[asker->n];
    asker->rc = request(asker, step_names[asker->step], after, peer->their_size, page_done);
    if (asker->rc)
        asker_ended(asker);
}

static void send_step(struct asker *asker)
{
    asker->step = STEP_MESSAGES;
    get(asker, first_place(asker));
}

static void fetch(struct recovery *rec)
{
    rec->waiting = 1;
    for (size_t i = 0; i < rec->r.peer_count; i++) {
        rec->askers[i].rc = 0;
        rec->r.peers[i].without = rec->askers[i].without;
        if (rec->r.peers[i].answer != RECOVER_TOLD || !rec->r.peers[i].note)
            continue;
        rec->waiting++;
        send_step(&rec->askers[i]);
    }
    if (--rec->waiting == 0)
        pages_there(rec);
}

/* ---- how we stand ---- */

static bool all_answered(const struct recovery *rec)
{
    for (size_t i = 0; i < rec->r.peer_count; i++)
        if (rec->r.peers[i].answer == RECOVER_SILENT && !rec->askers[i].without)
            return false;
    return true;
}

static void look_done(struct store_query *query, int rc)
{
    struct recovery *rec = ((struct office_recovery *)query)->user;
    bool all = all_answered(rec);
    if (rc || rec->stopping) {
        finish_problem(rec, PROBLEM_BUSY, "the ledger could not be read");
        return;
    }
    if (rec->r.standing == RECOVER_FORKED) {
        turn(rec, RECOVERY_FORKED);
    } else if (rec->r.standing == RECOVER_BEHIND) {
        turn(rec, is_written_on(rec) ? RECOVERY_FORKED : RECOVERY_BEHIND);
    } else if (all) {
        rec->options.place = (struct recovery_place){.size = -1};
        settle(rec);
        turn(rec, RECOVERY_OPEN);
    }
    /* turned from open, it is known only now what was written since the start */
    if (rec->state == RECOVERY_BEHIND && is_written_on(rec))
        turn(rec, RECOVERY_FORKED);
    bool wanted = rec->question.done && rec->state == RECOVERY_BEHIND;
    if (wanted && rec->question.apply && !all)
        finish_problem(rec, PROBLEM_BEHIND, "not every counterpart answers: wait for it, or name it with --without");
    else if (rec->question.apply && rec->state == RECOVERY_FORKED)
        finish_problem(rec, PROBLEM_BEHIND,
                       "entries were recorded after the restore: restore the copy again; then nothing is recorded before it is asked");
    else if (wanted)
        fetch(rec);
    else if (rec->question.apply && rec->state == RECOVERY_OPEN)
        ask_materials(rec, answer_json(rec, false, false));
    else
        finish(rec, answer_json(rec, false, false), NULL);
}

static void summaries_there(struct recovery *rec)
{
    rec->r.look.done = look_done;
    if (store_read(rec->options.store, &rec->r.look) != 0)
        finish_problem(rec, PROBLEM_BUSY, "the store has too much to do");
}

static void summary_done(struct carrier_request *request)
{
    struct asker *asker = request->user;
    struct recovery *rec = asker->recovery;
    struct recover_peer *peer = &rec->r.peers[asker->n];
    if (!request->rc && request->status == 200 && request->answer.len)
        (void)!recover_read_summary(peer, request->answer.data, request->answer.len);
    else if (!request->rc && (request->status == 404 || request->status == 405))
        peer->answer = RECOVER_CANNOT_TELL;
    if (--rec->waiting == 0 && !rec->stopping)
        summaries_there(rec);
}

static void check(struct recovery *rec)
{
    rec->busy = true;
    (void)uv_timer_stop(&rec->timer);
    office_recovery_init(&rec->r, rec->options.office);
    rec->r.user = rec;
    rec->waiting = 1;
    for (unsigned i = 0; i < rec->r.peer_count; i++) {
        struct asker *asker = &rec->askers[i];
        struct carrier_identity identity = rec->options.identity(rec->options.context, i);
        asker->step = STEP_SUMMARY;
        if (carrier_start(rec->options.loop, rec->r.peers[i].peer->code, &identity, &asker->carrier) != 0)
            continue;
        rec->handles++;
        rec->waiting++;
        if (request(asker, "", 0, 0, summary_done) != 0)
            rec->waiting--;
    }
    if (--rec->waiting == 0)
        summaries_there(rec);
}

static void on_timer(uv_timer_t *timer)
{
    struct recovery *rec = timer->data;
    if (!rec->busy && !rec->stopping)
        check(rec);
}

void recovery_suspect(struct recovery *rec)
{
    if (!rec || rec->stopping || rec->busy || rec->state != RECOVERY_OPEN ||
        (rec->suspected_ms && monotonic_ms() - rec->suspected_ms < SUSPECT_EVERY_MS))
        return;
    rec->suspected_ms = monotonic_ms();
    check(rec);
}

void recovery_ask(struct recovery *rec, bool apply, const char *without, int64_t uid, recovery_told *done, void *context)
{
    struct problem p = {.number = -1};
    for (size_t i = 0; without && i < rec->options.office->peer_count; i++)
        if (!strcmp(rec->options.office->peers[i].code, without))
            rec->askers[i].without = true;
    if (rec->question.done || rec->stopping) {
        (void)problem_set(&p, PROBLEM_BUSY, "", "somebody else asks this just now");
        done(context, NULL, &p);
        return;
    }
    rec->question = (struct question){.done = done, .context = context, .apply = apply, .uid = uid};
    if (!rec->busy)
        check(rec); /* else what is under way answers */
}

/* ---- life ---- */

int recovery_start(const struct recovery_options *options, struct recovery **out)
{
    struct recovery *rec = calloc(1, sizeof *rec);
    size_t count = options->office->peer_count;
    if (!rec || !(rec->askers = calloc(count + 1, sizeof *rec->askers))) {
        free(rec);
        return TB_ENOMEM;
    }
    rec->options = *options;
    for (unsigned i = 0; i < count; i++) {
        rec->askers[i].recovery = rec;
        rec->askers[i].n = i;
    }
    (void)uv_timer_init(options->loop, &rec->timer); /* cannot fail */
    rec->timer.data = rec;
    rec->handles = 1;
    (void)uv_timer_start(&rec->timer, on_timer, 0, 0);
    if (options->place.restored)
        turn(rec, RECOVERY_ASKING);
    else
        settle(rec); /* a copy of the directory will be known by it */
    *out = rec;
    return 0;
}

static void timer_gone(uv_handle_t *handle)
{
    part_gone(handle->data);
}

void recovery_stop(struct recovery *rec, void (*done)(void *context), void *context)
{
    rec->stopping = true;
    rec->stopped = done;
    rec->stopped_context = context;
    stop_carriers(rec);
    uv_close((uv_handle_t *)&rec->timer, timer_gone);
    struct question question = rec->question;
    struct problem p = {.number = -1};
    rec->question.done = NULL;
    (void)problem_set(&p, PROBLEM_STOPPING, "", "the daemon is stopping");
    if (question.done)
        question.done(question.context, NULL, &p);
}

void recovery_free(struct recovery *rec)
{
    if (!rec)
        return;
    office_recovery_clear(&rec->r);
    for (size_t i = 0; i < rec->options.office->peer_count; i++) {
        json_decref(rec->askers[i].missing.list);
        free(rec->askers[i].body);
    }
    json_decref(rec->answer);
    free(rec->askers);
    free(rec);
}
