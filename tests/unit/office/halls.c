#include "halls.h"

#include "proto/strict_json.h"
#include "proto/timestamp.h"
#include "tests/support/sim_vfs.h"

static const char *const codes[HALLS] = {"330483", "320623"};

const char *const halls_items[] = {
    "{}",
    "{\"notice_rule\":\"ONSPOT_DEEMED\"}",
    "{\"notice_rule\":\"ONSPOT_ZJ\",\"overdue_supplement\":\"WITHDRAWN\"}",
    "{\"notice_rule\":\"MARKET_3WD\",\"extension\":{\"days\":3,\"unit\":\"working_day\"}}",
    "{\"notice_rule\":\"NONE\",\"extension\":null}",
    "{\"promised_limit\":{\"days\":30,\"unit\":\"calendar_day\"}}",
    NULL};

struct halls_grant halls_grant = {"*", "INOPD", 30000};

static int64_t now_ms(void *context)
{
    return ((struct hall *)context)->both->now;
}

static void random_bytes(void *context, void *out, size_t len)
{
    struct halls *h = ((struct hall *)context)->both;
    for (size_t i = 0; i < len; i++) {
        h->random = h->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(h->random >> 56);
    }
}

static json_t *make_item(unsigned number, const char *elements)
{
    static const char usual[] =
        "{\"code\":\"X%u\",\"version\":1,\"name\":\"测试事项\",\"name_en\":\"test_item\",\"category\":\"测试\",\"department\":\"测试局\","
        "\"task_type\":\"01\",\"subject\":\"P\",\"mode\":\"LOCAL\",\"steps\":\"INOPD\",\"in_person\":false,\"materials\":["
        "{\"name\":\"申请表\",\"form\":\"F\",\"required\":true},{\"name\":\"照片\",\"form\":\"P\",\"required\":true,\"deferrable\":true}],"
        "\"statutory_limit\":{\"days\":20,\"unit\":\"working_day\"},\"promised_limit\":{\"days\":10,\"unit\":\"working_day\"},"
        "\"project_type\":\"committed\",\"fee\":\"0\",\"result\":\"证\",\"legal_basis\":\"行政许可法\",\"effective_from\":\"2020-01-01\","
        "\"approximate\":[]}";
    char text[2048];
    (void)snprintf(text, sizeof text, usual, number);
    json_error_t error;
    json_t *item = json_loads(text, 0, &error), *more = json_loads(elements, 0, &error);
    assert_non_null(item);
    if (!more)
        fail_msg("%s: %s", elements, error.text);
    OK(json_object_update(item, more));
    json_decref(more);
    struct problem p;
    if (item_check(item, &p))
        fail_msg("%s %s", p.field, p.detail);
    return item;
}

static struct calendar *read_calendar(const char *more, uint8_t digest[32])
{
    static char text[64 * 1024];
    FILE *file = fopen(TONGBAN_SOURCE_DIR "/config/calendar/holidays.tsv", "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text / 2, file);
    (void)fclose(file);
    memcpy(text + len, more, strlen(more) + 1);
    struct calendar *calendar = NULL;
    struct problem p;
    if (calendar_parse(text, strlen(text), &calendar, &p))
        fail_msg("%s", p.detail);
    OK(suite_hash(suite_by_name("intl"), text, strlen(text), NULL, 0, NULL, 0, digest));
    return calendar;
}

static void make_office(struct hall *hall, int id, const char *const *elements, bool acceptance)
{
    struct office *office = calloc(1, sizeof *office);
    assert_non_null(office);
    hall->office = office;
    memcpy(office->code, codes[id], OFFICE_TEXT);
    (void)snprintf(office->name, sizeof office->name, "%s", codes[id]);
    office->suite = suite_by_name("intl");
    office->peers = calloc(1, sizeof *office->peers);
    office->staff = calloc(2, sizeof *office->staff);
    office->grants = calloc(1, sizeof *office->grants);
    office->items = json_array();
    assert_true(office->peers && office->staff && office->grants && office->items);
    office->peer_count = 1;
    memcpy(office->peers[0].code, codes[1 - id], OFFICE_TEXT);
    office->peers[0].key = hall->both->hall[1 - id].signer.vkey;
    office->staff_count = 2;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(office->staff[i].id, STAFF_TEXT, "%s:000%d", office->code, i + 1);
        (void)snprintf(office->staff[i].role, sizeof office->staff[i].role, "%s", i ? "handler" : "window");
    }
    for (unsigned i = 0; id == HOME && elements[i]; i++)
        OK(json_array_append_new(office->items, make_item(i + 1, elements[i])));
    office->grant_count = id == HOME;
    struct authorisation_row *grant = &office->grants[0];
    (void)snprintf(grant->id, sizeof grant->id, "0190a1b2-0000-7000-8000-%s%s", office->code, office->code);
    memcpy(grant->principal, office->code, OFFICE_TEXT);
    memcpy(grant->delegate, office->peers[0].code, OFFICE_TEXT);
    memcpy(grant->steps, halls_grant.steps, strlen(halls_grant.steps) + 1);
    grant->items = id == HOME ? strdup(halls_grant.items) : NULL;
    grant->from_day = 18000;
    grant->until_day = halls_grant.until_day;
    grant->acceptance = acceptance;
    (void)snprintf(grant->announcement, sizeof grant->announcement, "桐政办发〔2021〕6号");
    for (int i = 0; i < STEP_LIMITS; i++)
        office->limits[i] = step_limits[i].days;
    office->calendar = read_calendar("", office->calendar_digest);
}

static int run(struct hall *hall, struct store_command *command)
{
    command->next = NULL;
    int rc = store_run_batch(hall->store, command);
    return rc ? rc : command->rc;
}

static void open_store(struct hall *hall)
{
    struct store_options options = {
        .directory = hall->directory, .office = hall->office->code, .signer = &hall->signer, .world = &hall->world, .vfs = "sim"};
    struct problem p;
    OK(store_open(&options, &hall->store, &p));
}

void halls_reopen(struct halls *h, int at)
{
    open_store(&h->hall[at]);
}

void halls_restart(struct halls *h, int at)
{
    struct hall *hall = &h->hall[at];
    store_close(hall->store);
    sim_disk_power_on(hall->directory);
    open_store(hall);
}

void halls_make(struct halls *h, const char *const *elements, bool acceptance, const char *when)
{
    memset(h, 0, sizeof *h);
    h->random = 7;
    halls_at(h, when);
    for (int i = 0; i < HALLS; i++) {
        struct hall *hall = &h->hall[i];
        uint8_t secret[SUITE_SECRET_MAX];
        char name[32];
        hall->both = h;
        (void)snprintf(hall->directory, sizeof hall->directory, "/hall%d", i);
        sim_disk_format(hall->directory, 1); /* a disk in memory: thousands of commits, no waiting for a real one */
        memset(secret, 7 + i, sizeof secret);
        (void)snprintf(name, sizeof name, "tongban/%s", codes[i]);
        OK(note_signer_make(suite_by_name("intl"), name, secret, &hall->signer));
        hall->world = (struct world){.now_ms = now_ms, .monotonic_ms = now_ms, .random = random_bytes, .context = hall};
    }
    for (int i = 0; i < HALLS; i++) {
        struct hall *hall = &h->hall[i];
        make_office(hall, i, elements, acceptance);
        open_store(hall);
        struct office_start start;
        office_start_init(&start, hall->office);
        OK(run(hall, &start.command));
    }
    halls_exchange(h);
    for (int i = 0; i < HALLS; i++)
        halls_tick(h, i, NULL);
}

void halls_drop(struct halls *h)
{
    for (int i = 0; i < HALLS; i++) {
        store_close(h->hall[i].store);
        office_free(h->hall[i].office);
        sim_disk_format(h->hall[i].directory, 0);
    }
}

void halls_at(struct halls *h, const char *when)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.10sT%.5s:00+08:00", when, when[10] ? when + 11 : "00:00");
    OK(timestamp_parse(text, &h->now));
}

struct closure {
    struct store_command command; /* first member */
    int (*body)(struct store_db *db, void *context);
    void *context;
};

static int run_closure(struct store_db *db, struct store_command *command)
{
    struct closure *closure = (struct closure *)command;
    return closure->body(db, closure->context);
}

int halls_run(struct halls *h, int hall, int (*body)(struct store_db *db, void *context), void *context)
{
    struct closure closure = {.command = {.run = run_closure}, .body = body, .context = context};
    return run(&h->hall[hall], &closure.command);
}

/* ---- the link ---- */

enum { BATCH = 64 }; /* messages */

static struct parcel *arrive(struct buf *out, const struct buf *frontier, const struct note_vkey *key, const struct ledger_hash *old_root)
{
    struct parcel *parcel = NULL;
    struct problem p;
    size_t len;
    char *bytes = buf_take(out, &len);
    OK(parcel_decode(bytes, len, &parcel, &p));
    OK(parcel_take_frontier(parcel, frontier->len ? frontier->data : NULL));
    if (parcel_verify(parcel, key, parcel->old_size ? old_root : NULL, &p))
        fail_msg("%s", p.detail);
    return parcel;
}

/* A batch that proves on from what the other side saw last. */
static void build(struct hall *from, struct hall *to, unsigned messages, struct office_batch *batch, struct office_seen *seen)
{
    office_seen_init(seen, to->office, from->office->code);
    OK(seen->query.run(store_sync_view(to->store), &seen->query));
    office_batch_init(batch, from->office, to->office->code);
    batch->max_messages = messages;
    batch->max_bytes = LIMIT_BATCH_BYTES;
    batch->force_old = seen->size;
    batch->force_after = -1;
    OK(batch->query.run(store_sync_view(from->store), &batch->query));
}

/* One exchange from `from`; how many messages it carried. */
static size_t send(struct hall *from, struct hall *to, unsigned messages, bool answered)
{
    struct office_batch batch;
    struct office_seen seen;
    build(from, to, messages, &batch, &seen);
    size_t count = batch.count;
    struct parcel *parcel = arrive(&batch.out, &batch.frontier, &from->signer.vkey, &seen.root);
    struct office_answer answer;
    office_answer_init(&answer, to->office, parcel);
    struct office_inbound inbound;
    office_inbound_init(&inbound, to->office, &to->office->peers[0], parcel, &seen.root);
    if (run(to, &inbound.command))
        fail_msg("%s", inbound.problem.detail);
    if (inbound.discord.count)
        to->told = inbound.discord;
    office_inbound_clear(&inbound);
    if (!answered) {
        office_answer_clear(&answer);
        office_batch_clear(&batch);
        return count;
    }
    OK(answer.query.run(store_sync_view(to->store), &answer.query));
    struct parcel *back = arrive(&answer.out, &answer.frontier, &to->signer.vkey, &batch.their_root);
    office_answer_clear(&answer);
    struct office_outcome outcome;
    office_outcome_init(&outcome, from->office, &from->office->peers[0], back, &batch);
    if (run(from, &outcome.command))
        fail_msg("%s", outcome.problem.detail);
    if (outcome.discord.count)
        from->heard = outcome.discord;
    office_outcome_clear(&outcome);
    office_batch_clear(&batch);
    return count;
}

void halls_exchange(struct halls *h)
{
    while (send(&h->hall[INTAKE], &h->hall[HOME], BATCH, true) + send(&h->hall[HOME], &h->hall[INTAKE], BATCH, true))
        continue;
}

void halls_send(struct halls *h, int from)
{
    halls_send_part(h, from, BATCH, true);
}

void halls_send_part(struct halls *h, int from, unsigned messages, bool answered)
{
    (void)send(&h->hall[from], &h->hall[1 - from], messages, answered);
}

/* ---- requests ---- */

static int request(struct halls *h, int at, enum office_kind kind, const char *role, const char *no, const char *action, const char *body,
                   char changed[CASE_NO_TEXT])
{
    struct hall *hall = &h->hall[at];
    struct office_request r = {0};
    char key[32], text[4096];
    size_t len = strlen(body);
    assert_true(len < sizeof text);
    for (size_t i = 0; i <= len; i++)
        text[i] = (char)(body[i] == '\'' ? '"' : body[i]);
    (void)snprintf(key, sizeof key, "key-%u", ++hall->keys);
    const struct office_staff *staff = &hall->office->staff[strcmp(role, "handler") == 0];
    h->problem = (struct problem){.id = PROBLEM_COUNT};
    OK(office_request_init(&r, hall->office, kind, staff, key, no, action, text, len, &h->problem));
    int rc = run(hall, &r.command);
    if (rc)
        h->problem = r.problem;
    else if (changed && kind == OFFICE_JOINT)
        (void)snprintf(changed, CASE_NO_TEXT, "%.21s", strstr(r.answer, "\"joint\":\"") + 9);
    else if (changed)
        memcpy(changed, r.changed_case, CASE_NO_TEXT);
    office_request_clear(&r);
    return rc;
}

int halls_register(struct halls *h, int at, const char *role, const char *kind, const char *no, const char *act, const char *body,
                   char made[REGISTER_NO_TEXT])
{
    struct hall *hall = &h->hall[at];
    struct office_request r = {0};
    char key[32], text[4096];
    size_t len = strlen(body);
    assert_true(len < sizeof text);
    for (size_t i = 0; i <= len; i++)
        text[i] = (char)(body[i] == '\'' ? '"' : body[i]);
    (void)snprintf(key, sizeof key, "key-%u", ++hall->keys);
    h->problem = (struct problem){.id = PROBLEM_COUNT};
    OK(office_request_register(&r, hall->office, &hall->office->staff[strcmp(role, "handler") == 0], key, kind, no, act, text, len,
                               &h->problem));
    int rc = run(hall, &r.command);
    if (rc)
        h->problem = r.problem;
    if (!rc && made) {
        json_t *answer = json_loads(r.answer, 0, NULL);
        (void)snprintf(made, REGISTER_NO_TEXT, "%s", json_string_value(json_object_get(answer, "no")));
        json_decref(answer);
    }
    office_request_clear(&r);
    return rc;
}

struct object_row halls_object(struct halls *h, int hall, const char *no)
{
    struct object_row row;
    OK(object_get(store_sync_view(h->hall[hall].store), no, &row));
    return row;
}

static const char *take_in(struct halls *h, int hall, enum office_kind kind, const char *item, char no[CASE_NO_TEXT])
{
    char body[1024];
    (void)snprintf(body, sizeof body,
                   "{'item':{'office':'330483','code':'%s'},'applicant':{'kind':'person','name':'张三','certificate':"
                   "{'type':'citizen-id','number':'33048318500101001X'}},'materials':[{'name':'申请表','form':'form'}]}",
                   item);
    if (request(h, hall, kind, "window", NULL, NULL, body, no))
        fail_msg("%s %s", h->problem.field, h->problem.detail);
    return no;
}

const char *halls_intake(struct halls *h, const char *item, char no[CASE_NO_TEXT])
{
    return take_in(h, INTAKE, OFFICE_INTAKE, item, no);
}

const char *halls_local(struct halls *h, const char *item, char no[CASE_NO_TEXT])
{
    return take_in(h, HOME, OFFICE_INTAKE, item, no);
}

const char *halls_joint(struct halls *h, const char *item, char no[CASE_NO_TEXT])
{
    return take_in(h, HOME, OFFICE_JOINT, item, no);
}

int halls_act(struct halls *h, int hall, const char *role, const char *no, const char *action, const char *body)
{
    return request(h, hall, OFFICE_ACTION, role, no, action, body, NULL);
}

void halls_tick(struct halls *h, int hall, struct office_tick *sum)
{
    struct office_tick tick;
    bool more;
    office_tick_init(&tick, h->hall[hall].office);
    do {
        OK(run(&h->hall[hall], &tick.command));
        if (sum) {
            sum->deemed += tick.deemed;
            sum->lapsed += tick.lapsed;
            sum->damaged += tick.damaged;
            sum->recalculated += tick.recalculated;
            sum->moved += tick.moved;
            sum->total = tick.calendar_done ? tick.total : sum->total;
        }
        more = tick.more;
        office_tick_go_on(&tick);
    } while (more);
    office_tick_clear(&tick);
}

struct case_row halls_row(struct halls *h, int hall, const char *no)
{
    struct case_row row;
    OK(case_get(store_sync_view(h->hall[hall].store), no, &row));
    return row;
}

json_t *halls_ask(struct halls *h, int hall, enum office_ask ask, const char *no)
{
    struct office_question question;
    office_question_init(&question, h->hall[hall].office, ask, &h->hall[hall].office->staff[1]);
    if (no)
        memcpy(question.case_no, no, CASE_NO_TEXT);
    if (question.query.run(store_sync_view(h->hall[hall].store), &question.query))
        fail_msg("%s", question.problem.detail);
    return question.answer;
}

void halls_calendar(struct halls *h, const char *more_lines)
{
    for (int i = 0; i < HALLS; i++) {
        struct office *office = h->hall[i].office;
        calendar_free(office->calendar);
        office->calendar = read_calendar(more_lines, office->calendar_digest);
    }
}

enum case_state halls_state(struct halls *h, int hall, const char *no)
{
    struct case_row row = halls_row(h, hall, no);
    case_row_clear(&row);
    return row.state;
}

void halls_assert_due(struct halls *h, int hall, const char *no, const char *date, enum clock_kind clock)
{
    struct case_row row = halls_row(h, hall, no);
    char text[DATE_TEXT] = "-";
    if (row.due_day)
        date_format(row.due_day, text);
    assert_string_equal(text, date);
    assert_int_equal(row.due_clock, row.due_day ? clock : 0);
    case_row_clear(&row);
}
