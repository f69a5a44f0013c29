#include "tests/simulation/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_acked_clear(struct sim_acked *acked)
{
    free(acked->body);
    free(acked->answer);
    acked->body = acked->answer = NULL;
}

/* Bodies that staff would send; %s is a material, random ones are wrong on purpose now and then. */
static const struct {
    const char *action, *body;
} bodies[] = {
    {"accept", "{}"},
    {"accept", "{\"remark\":\"齐全\"}"},
    {"notice", "{\"defects\":[{\"material\":\"照片\",\"defect\":\"模糊\",\"standard\":\"清晰\",\"cure\":\"重拍\"}],\"deadline\":\"2026-12-31\"}"},
    {"notice", "{}"},
    {"supplement", "{\"materials\":[{\"name\":\"照片\",\"form\":\"copy\"%s}]}"},
    {"refuse", "{\"reason_class\":\"INCOMPLETE\",\"reason\":\"逾期未补正\",\"legal_basis\":\"行政许可法第三十二条\"}"},
    {"grant", "{\"result\":{\"name\":\"居民身份证\",\"number\":\"A1\"%s}}"},
    {"deny", "{\"reason\":\"不符合条件\",\"legal_basis\":\"居民身份证法\"}"},
    {"delivery", "{\"way\":\"pickup\",\"place\":\"intake\",\"documents\":[{\"name\":\"居民身份证\",\"number\":\"A1\",\"copies\":1}]}"},
    {"deliver", "{\"way\":\"direct\",\"place\":\"如东窗口\",\"documents\":[{\"name\":\"居民身份证\",\"number\":\"A1\",\"copies\":1}],"
                "\"received_at\":\"2026-11-23T10:00:00.000+08:00\",\"recipient\":\"张三\",\"server\":\"320623:0001\"}"},
    {"complete", "{}"},
    {"withdraw", "{\"reason\":\"申请人要求\"}"},
    {"forward", "{}"},
    {"compare", "{\"comparison\":{\"result\":\"match\",\"score\":93,\"device\":\"d1\"}}"},
    {"abandon", "{\"reason\":\"申请人未到\"}"},
    {"material", "{\"materials\":[{\"name\":\"户口簿\",\"form\":\"original\",\"original_seen\":true%s}]}"},
    {"correct", "{\"what\":\"姓名\",\"remark\":\"当场更正\"}"},
    {"tolerate", "{\"gaps\":[{\"material\":\"照片\"}],\"deadline\":\"2026-11-24\"}"},
    {"tolerate", "{\"gaps\":[{\"material\":\"申请表\"}],\"deadline\":\"2026-12-31\"}"},
    {"notice", "{\"defects\":[{\"material\":\"照片\",\"defect\":\"缺\",\"standard\":\"有\",\"cure\":\"交\"}],\"deadline\":\"2026-11-23\"}"},
    {"cure", "{}"},
    {"revoke", "{\"reason\":\"未补齐\",\"legal_basis\":\"规定11\"}"},
    {"review", "{\"kind\":\"form_check\",\"officers\":[{\"name\":\"甲\"}]}"},
    {"review", "{\"kind\":\"substantive_review\",\"officers\":[{\"name\":\"甲\"},{\"name\":\"乙\"}]}"},
    {"special", "{\"kind\":\"hearing\",\"basis\":\"46\",\"days\":3,\"unit\":\"calendar_day\"}"},
    {"resume", "{\"result\":\"完成\"}"},
    {"extend", "{\"reason\":\"疑难\",\"approver\":\"局长\",\"days\":5}"},
    {"return", "{\"reason_class\":\"WRONG_ITEM\",\"reason\":\"选错\",\"agreed\":true}"},
    {"abort", "{\"reason_class\":\"OTHER\",\"reason\":\"其他\",\"approver\":\"局长\"}"},
    {"deem", "{}"},
    {"received", "{}"},
    {"nonsense", "{\"a\":1}"},
};

static const char intake_body[] =
    "{\"item\":{\"office\":\"%s\",\"code\":\"%s\"},\"applicant\":{\"kind\":\"person\",\"name\":\"测𠮷%u\",\"certificate\":{\"type\":\"citizen-id\","
    "\"number\":\"33048318500101001X\"},\"mobile\":\"13900001234\"},\"materials\":[{\"name\":\"申请表\",\"form\":\"form\"%s}],"
    "\"delivery\":{\"way\":\"pickup\",\"place\":\"intake\"},\"forward\":%s}";

/* A material that is here: put in now, or one that no office has. */
static void material_member(struct sim_node *node, char out[96])
{
    struct sim *sim = node->sim;
    out[0] = '\0';
    if (!sim_chance(&sim->rng, 350))
        return;
    struct sim_material *m = sim_material_make(sim, node->id);
    if (!m)
        return;
    (void)snprintf(out, 96, ",\"sha256\":\"%s\"", m->sha256);
    if (sim_chance(&sim->rng, 30))
        return; /* named but never uploaded: must be refused */
    struct office_arrival arrival;
    office_arrival_init(&arrival, node->office);
    memcpy(arrival.material.sha256, m->sha256, sizeof m->sha256);
    arrival.material.size = SIM_MATERIAL_BYTES;
    memcpy(arrival.material.type, "application/pdf", sizeof "application/pdf");
    int rc = sim_commit(node, &arrival.command);
    office_arrival_clear(&arrival);
    if (node->store && rc)
        sim_fail(sim, "a material cannot be stored: %s", err_text(rc));
}

static int run_request(struct sim_node *node, struct sim_acked *act, struct office_request *request)
{
    struct problem problem;
    const struct office_staff *staff = office_staff(node->office, act->staff);
    if (act->kind == OFFICE_REGISTER) {
        int rc = office_request_register(request, node->office, staff, act->key, act->register_kind,
                                         act->object_no[0] ? act->object_no : NULL, act->action, act->body, strlen(act->body), &problem);
        return rc ? rc : sim_commit(node, &request->command);
    }
    int rc =
        office_request_init(request, node->office, act->kind, staff, act->key,
                            act->kind == OFFICE_INTAKE ? NULL : act->case_no,
                            act->kind == OFFICE_INTAKE ? NULL : act->action, act->body, strlen(act->body), &problem);
    if (rc)
        return rc;
    return sim_commit(node, &request->command);
}

/* Sends what is pending; an answer makes it acknowledged, a power cut leaves it pending, a refusal ends it. */
static void send_pending(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct sim_acked *act = &node->pending;
    struct office_request request = {0};
    bool loss = (sim->plant == SIM_PLANT_LOSS && act->kind == OFFICE_INTAKE && sim->intakes == 1) ||
                (sim->plant == SIM_PLANT_ACT && act->kind == OFFICE_REGISTER && sim->acts == 2);
    if (loss) {
        act->answer = strdup("{}"); /* acknowledges without having committed */
    } else {
        int rc = run_request(node, act, &request);
        if (!node->store) {
            office_request_clear(&request);
            return;
        }
        if (rc) {
            sim_trace(sim, "office %d refuses %s %s%s: %s %s", node->id, act->action, act->case_no, act->object_no,
                      request.problem.field, request.problem.detail);
            if (err_class(rc) != ERR_CLASS_PERMANENT)
                sim_fail(sim, "a request ends with %s: %s", err_text(rc), request.problem.detail);
            office_request_clear(&request);
            sim_acked_clear(act);
            node->has_pending = false;
            return;
        }
        act->answer = request.answer;
        request.answer = NULL;
        office_request_clear(&request);
    }
    sim_trace(sim, "office %d: %s %s done", node->id, act->kind == OFFICE_INTAKE ? "intake" : act->action,
              act->kind == OFFICE_REGISTER ? act->answer : act->case_no);
    if (act->kind == OFFICE_REGISTER)
        sim->acts++;
    if (act->kind == OFFICE_INTAKE)
        sim->intakes++;
    if (act->kind == OFFICE_JOINT)
        sim->joints++;
    if (sim->acked_count % 64 == 0)
        sim->acked = realloc(sim->acked, (sim->acked_count + 64) * sizeof *sim->acked);
    sim->acked[sim->acked_count++] = *act;
    node->has_pending = false;
    sim_wake(node);
}

void sim_repeat(struct sim *sim, const struct sim_acked *acked)
{
    struct sim_node *node = &sim->node[acked->node];
    struct office_request request = {0};
    struct sim_acked again = *acked;
    if (!node->store || node->closed || acked->forgotten || sim->now - acked->at > LIMIT_IDEMPOTENCY_KEEP_MS - 60 * 1000)
        return; /* answers are not kept for ever */
    int rc = run_request(node, &again, &request);
    if (!node->store) {
        office_request_clear(&request);
        return;
    }
    if (rc)
        sim_fail(sim, "a repeated request is refused: %s", request.problem.detail);
    else if (!request.replayed || strcmp(request.answer, acked->answer) != 0)
        sim_fail(sim, "lost: the acknowledged request %s of office %d is not known any more", acked->key, acked->node);
    office_request_clear(&request);
}

static bool pick_case(struct sim_node *node, bool handler, char case_no[CASE_NO_TEXT])
{
    struct case_filter filter = {.state = -1, .limit = 50};
    if (!sim_chance(&node->sim->rng, 200)) {
        filter.todo_only = true;
        filter.todo = handler ? TODO_HANDLER : TODO_WINDOW;
    }
    struct case_row *rows = NULL;
    size_t count = 0;
    int64_t next;
    if (case_list(store_sync_view(node->store), &filter, &rows, &count, &next) || !count) {
        case_rows_free(rows, count);
        return false;
    }
    memcpy(case_no, rows[sim_below(&node->sim->rng, count)].case_no, CASE_NO_TEXT);
    case_rows_free(rows, count);
    return true;
}

/* Mostly what the case allows now, sometimes anything. */
static size_t pick_action(struct sim_node *node, const char *case_no, bool handler)
{
    struct sim *sim = node->sim;
    struct case_row row;
    const char *words[32];
    size_t count = 0;
    if (!case_get(store_sync_view(node->store), case_no, &row)) {
        bool at_window = strcmp(row.home, node->office->code) || (!strcmp(row.home, row.intake) && row.local_state == CASE_INTAKEN);
        enum case_side side = at_window ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
        unsigned done = (row.noticed ? ONCE_NOTICE : 0U) | (row.shifted & SHIFT_EXTENDED ? ONCE_EXTENSION : 0U);
        count = case_possible(side, handler ? CASE_ROLE_HANDLER : CASE_ROLE_WINDOW, row.local_state, done, words, 32);
        case_row_clear(&row);
    }
    size_t start = (size_t)sim_below(&sim->rng, sizeof bodies / sizeof bodies[0]);
    if (!count || sim_chance(&sim->rng, 150))
        return start;
    const char *word = words[sim_below(&sim->rng, count)];
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        size_t at = (start + i) % (sizeof bodies / sizeof bodies[0]);
        if (!strcmp(bodies[at].action, word))
            return at;
    }
    return start;
}

static bool make_action(struct sim_node *node, struct sim_acked *act, char body[2048])
{
    bool handler = sim_chance(&node->sim->rng, 600);
    char material[96];
    if (!pick_case(node, handler, act->case_no))
        return false;
    act->kind = OFFICE_ACTION;
    act->staff = node->office->staff[handler ? 1 : 0].id;
    size_t at = pick_action(node, act->case_no, handler);
    (void)snprintf(act->action, sizeof act->action, "%s", bodies[at].action);
    material_member(node, material);
    if (!node->store)
        return false;
    const char *hole = strstr(bodies[at].body, "%s");
    if (hole)
        (void)snprintf(body, 2048, "%.*s%s%s", (int)(hole - bodies[at].body), bodies[at].body, material, hole + 2);
    else
        (void)snprintf(body, 2048, "%s", bodies[at].body);
    return true;
}

static bool make_register(struct sim_node *node, struct sim_acked *act, char body[2048])
{
    char material[96];
    material_member(node, material);
    return node->store && sim_make_register(node, act, material, body, 2048);
}

static bool make_intake(struct sim_node *node, struct sim_acked *act, char body[2048])
{
    struct sim *sim = node->sim;
    char material[96];
    material_member(node, material);
    if (!node->store)
        return false;
    act->staff = node->office->staff[0].id;
    /* a joint case is known to its own office only: whether it is lost says nothing */
    if (!sim->ungranted && !sim->imaged && sim_chance(&sim->rng, 150) && sim_make_joint(node, act, material, body, 2048))
        return true;
    act->kind = OFFICE_INTAKE;
    /* a case of one's own now and then */
    const char *home = sim_chance(&sim->rng, 150) ? node->office->code : node->office->peers[0].code;
    const char *code = sim_item_pick(sim);
    unsigned person = (unsigned)sim_below(&sim->rng, 1000);
    (void)snprintf(body, 2048, intake_body, home, code, person, material, sim_chance(&sim->rng, 700) ? "true" : "false");
    return true;
}

void sim_on_clerk(struct sim_node *node)
{
    struct sim *sim = node->sim;
    if (node->store && node->closed) {
        sim_image_try(node);
        if (node->has_pending)
            sim_push(sim, (struct sim_event){.at = sim->now + 60 * 1000, .kind = SIM_CLERK, .node = node->id});
        return;
    }
    if (!node->store || node->has_pending) {
        if (node->store)
            send_pending(node);
        if (node->has_pending || (!node->store && !sim->calm))
            sim_push(sim, (struct sim_event){.at = sim->now + 60 * 1000, .kind = SIM_CLERK, .node = node->id});
        return;
    }
    if (sim->calm)
        return;
    if (sim->acked_count && sim_chance(&sim->rng, 80)) {
        sim_repeat(sim, &sim->acked[sim_below(&sim->rng, sim->acked_count)]);
        return;
    }
    struct sim_acked act = {.node = node->id};
    char body[2048];
    (void)snprintf(act.key, sizeof act.key, "key-%u", ++sim->keys);
    uint64_t what = sim_below(&sim->rng, 100);
    bool busy = sim->seed % 3 == 0; /* with the registers */
    if (!(what < (busy ? 75 : 40) ? make_register : what < (busy ? 85 : 60) ? make_intake : make_action)(node, &act, body))
        return;
    if (sim->year)
        sim_year_dates(sim, body);
    act.at = sim->now;
    act.body = strdup(body);
    node->pending = act;
    node->has_pending = true;
    send_pending(node);
    if (node->has_pending)
        sim_push(sim, (struct sim_event){.at = sim->now + 60 * 1000, .kind = SIM_CLERK, .node = node->id});
    else if (sim->plant == SIM_PLANT_DOUBLE && act.kind == OFFICE_INTAKE && node->store && sim->intakes == 1 &&
             !strcmp(sim->acked[sim->acked_count - 1].key, act.key)) {
        /* one application, taken in twice under two keys: an effect done twice */
        struct sim_acked twice = sim->acked[sim->acked_count - 1];
        struct office_request request = {0};
        (void)snprintf(twice.key, sizeof twice.key, "twice");
        (void)run_request(node, &twice, &request);
        office_request_clear(&request);
    }
}
