#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/net/tus.h"
#include "proto/access.h"
#include "proto/case_machine.h"
#include "proto/limits.h"
#include "proto/register.h"

/* ---- who asks ---- */

int api_admit_window(const struct tls_identity *who, void *context, struct problem *p)
{
    const struct api *api = context;
    if (who->kind != TLS_STAFF || !tls_pinned(&api->staff_authority, who->authority)) {
        metric_add(METRIC_API_DENIED, 1);
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "the window API is for staff certificates of this office");
    }
    if (strcmp(who->office, api->office->code) != 0) {
        metric_add(METRIC_API_DENIED, 1);
        return problem_set(p, PROBLEM_WRONG_OFFICE, "", "the certificate is of a member of staff of another office");
    }
    return 0;
}

int api_check_staff(const struct tls_identity *who, const struct api *api, struct problem *p)
{
    if (!who)
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "no certificate");
    union {
        const struct api *in;
        void *out;
    } context = {.in = api}; /* the listener's callback takes a plain pointer; it only reads */
    int rc = api_admit_window(who, context.out, p);
    if (rc)
        return rc;
    const struct office_staff *staff = office_staff(api->office, who->staff);
    bool other = staff && staff->certificate[0] && strcmp(staff->certificate, who->certificate) != 0;
    if (staff && !staff->suspended && !other)
        return 0;
    metric_add(METRIC_API_DENIED, 1);
    if (other && !staff->suspended)
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "this certificate of %s was replaced by another one", who->staff);
    return problem_set(p, PROBLEM_NOT_ALLOWED, "", staff ? "%s is suspended" : "%s is not known here", who->staff);
}

int api_check_access(struct exchange *x, const struct api *api, struct problem *p)
{
    static const char *const methods[HTTP_METHODS] = {[HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
                                                      [HTTP_PUT] = "PUT",     [HTTP_PATCH] = "PATCH",   [HTTP_DELETE] = "DELETE",
                                                      [HTTP_OPTIONS] = "OPTIONS"};
    const struct tls_identity *who = exchange_identity(x);
    const struct http_route *route = exchange_route(x);
    int rc = api_check_staff(who, api, p);
    if (rc)
        return rc;
    rc = access_check(office_staff(api->office, who->staff)->role, route ? methods[route->method] : "", route ? route->pattern : "", p);
    if (rc)
        metric_add(METRIC_API_DENIED, 1);
    return rc;
}

const struct office_staff *api_staff(struct exchange *x, struct api *api)
{
    const struct tls_identity *who = exchange_identity(x);
    struct problem p = {.number = -1};
    if (api_check_access(x, api, &p) == 0)
        return office_staff(api->office, who->staff);
    exchange_answer_problem(x, &p);
    return NULL;
}

void api_answer_failure(struct exchange *x, const struct problem *p, int rc)
{
    struct problem words = {.number = -1};
    if (p && p->id < PROBLEM_COUNT && p->id != PROBLEM_INTERNAL && problem_type(p->id)->code == rc)
        words = *p;
    else
        (void)problem_from_code(&words, rc);
    exchange_answer_problem(x, &words);
}

/* ---- commands ---- */

struct call {
    struct office_request request; /* first member */
    struct exchange *x;
    struct api *api;
};

static void call_done(struct store_command *command, int rc)
{
    struct call *call = (struct call *)command;
    struct office_request *request = &call->request;
    exchange_set_about(call->x, rc < 0 ? request->case_no : request->changed_case);
    if (rc < 0) {
        if (request->kind != OFFICE_VIEW)
            metric_add(rc == TB_EFULL ? METRIC_DISK_LOW_REFUSED : METRIC_ACTIONS_REFUSED, 1);
        api_answer_failure(call->x, &request->problem, rc);
    } else {
        if (request->replayed) {
            metric_add(METRIC_API_REPLAYED, 1);
            if (exchange_alive(call->x) && exchange_add_header(call->x, "Idempotent-Replayed", "true") != 0)
                LOG(LOG_LEVEL_WARNING, LOG_API, "header_lost", LOG_TEXT("request", exchange_request_id(call->x)));
        } else if (request->kind != OFFICE_VIEW) {
            bool intake = request->kind == OFFICE_INTAKE || request->kind == OFFICE_JOINT;
            metric_add(intake ? METRIC_CASES_TAKEN : METRIC_ACTIONS_DONE, 1);
        }
        exchange_answer(call->x, request->status, "application/json", request->answer, request->answer ? strlen(request->answer) : 0);
        if (request->changed_case[0])
            watch_notify(call->api->watch, request->changed_case);
        watch_notify_all(call->api->watch, (const char(*)[CASE_NO_TEXT])request->changed, request->changed_count);
    }
    exchange_release(call->x);
    office_request_clear(request);
    free(call);
}

/* A key is opaque, but it goes into a row and a log line: printable ASCII only. */
static int check_key(const char *key, struct problem *p)
{
    if (!key || !*key)
        return problem_set(p, PROBLEM_KEY_MISSING, "", "no Idempotency-Key header");
    size_t len = strlen(key);
    if (len > LIMIT_IDEMPOTENCY_KEY_BYTES)
        return problem_set(p, PROBLEM_MALFORMED, "", "Idempotency-Key is longer than %d bytes", LIMIT_IDEMPOTENCY_KEY_BYTES);
    for (size_t i = 0; i < len; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return problem_set(p, PROBLEM_MALFORMED, "", "Idempotency-Key has characters other than printable ASCII");
    return 0;
}

static void start_call(struct exchange *x, struct api *api, enum office_kind kind)
{
    const struct office_staff *staff = api_staff(x, api);
    struct problem p = {.number = -1};
    const char *key = "";
    size_t len = 0;
    if (!staff)
        return;
    if (kind != OFFICE_VIEW) {
        key = exchange_header(x, "Idempotency-Key");
        if (check_key(key, &p) != 0) {
            exchange_answer_problem(x, &p);
            return;
        }
    }
    if (api->draining && (kind == OFFICE_INTAKE || kind == OFFICE_JOINT)) {
        (void)problem_set(&p, PROBLEM_MAINTENANCE, "", "an operator closed the intake of this office");
        exchange_answer_problem(x, &p);
        return;
    }
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        api_answer_failure(x, NULL, TB_ENOMEM);
        return;
    }
    const char *body = kind == OFFICE_VIEW ? NULL : exchange_body(x, &len);
    const char *word = exchange_param(x, kind == OFFICE_ACTION ? "action" : "kind");
    int rc = kind == OFFICE_REGISTER
                 ? office_request_register(&call->request, api->office, staff, key, exchange_param(x, "kind"), exchange_param(x, "object"),
                                           exchange_param(x, "act"), body, len, &p)
                 : office_request_init(&call->request, api->office, kind, staff, key, exchange_param(x, "no"), word, body, len, &p);
    if (rc == 0) {
        call->x = x;
        call->api = api;
        call->request.command.done = call_done;
        call->request.command.fair.source = fair_staff(staff->id);
        memcpy(call->request.command.trace, exchange_request_id(x), TRACE_TEXT);
        exchange_hold(x);
        rc = store_submit(api->store, &call->request.command);
        if (rc == 0)
            return;
        (void)problem_set(&p, PROBLEM_BUSY, "", "the store has %d requests waiting", LIMIT_STORE_QUEUE);
        exchange_release(x);
        office_request_clear(&call->request);
    }
    exchange_answer_problem(x, &p);
    free(call);
}

/* An act of a register goes the same way; the path names register, object and act. */
static void post_act(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_REGISTER);
}

static void post_case(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_INTAKE);
}

static void post_catalogue(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_PUBLISH);
}

static void post_action(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_ACTION);
}

static void post_print(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_PRINT);
}

static void post_void(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_VOID);
}

static void post_number(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_NUMBER);
}

static void post_joint(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_JOINT);
}

static void post_joint_withdraw(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_JOINT_WITHDRAW);
}

static void get_case(struct exchange *x, void *context)
{
    start_call(x, context, OFFICE_VIEW);
}

/* ---- questions ---- */

struct inquiry {
    struct office_question question; /* first member */
    struct exchange *x;
    int (*run)(struct store_db *db, struct store_query *query); /* of the question */
    char *text;                                                 /* owned: the answer */
};

/* Reader thread: a long list is written out here, where the others do not wait for it, and not on the loop. */
static int inquiry_run(struct store_db *db, struct store_query *query)
{
    struct inquiry *inquiry = (struct inquiry *)query;
    int rc = inquiry->run(db, query);
    if (rc < 0)
        return rc;
    inquiry->text = json_dumps(inquiry->question.answer, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(inquiry->question.answer);
    inquiry->question.answer = NULL;
    return inquiry->text ? rc : TB_ENOMEM;
}

static void inquiry_done(struct store_query *query, int rc)
{
    struct inquiry *inquiry = (struct inquiry *)query;
    if (rc < 0)
        api_answer_failure(inquiry->x, &inquiry->question.problem, rc);
    else
        exchange_answer(inquiry->x, 200, "application/json", inquiry->text, strlen(inquiry->text));
    exchange_release(inquiry->x);
    office_question_clear(&inquiry->question);
    free(inquiry->text);
    free(inquiry);
}

static int read_number(struct exchange *x, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *out, struct problem *p)
{
    const char *text = exchange_query(x, name);
    char *end;
    *out = fallback;
    if (!text || !*text)
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || strspn(text, "0123456789") != strlen(text) || value < min || value > max)
        return problem_set(p, PROBLEM_FIELD, "", "%s must be a number from %lld to %lld", name, (long long)min, (long long)max);
    *out = value;
    return 0;
}

static int copy_text(char *out, size_t size, const char *text, const char *name, struct problem *p)
{
    size_t len = text ? strlen(text) : 0;
    if (len >= size)
        return problem_set(p, PROBLEM_FIELD, "", "%s is longer than %zu bytes", name, size - 1);
    if (len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
    return 0;
}

static int read_register(struct exchange *x, struct office_question *question, struct problem *p)
{
    const char *name = exchange_param(x, "kind");
    const struct register_kind *kind = register_by_name(name);
    question->register_kind = kind ? (int)(kind - register_kinds) : -1;
    return name && !kind ? problem_set(p, PROBLEM_NOT_FOUND, "", "there is no such register") : 0;
}

/* What narrows a list of items. */
static int read_item_filters(struct exchange *x, struct office_question *question, struct problem *p)
{
    int rc = copy_text(question->subject, sizeof question->subject, exchange_query(x, "subject"), "subject", p);
    if (!rc)
        rc = copy_text(question->mode, sizeof question->mode, exchange_query(x, "mode"), "mode", p);
    if (!rc)
        rc = copy_text(question->category, sizeof question->category, exchange_query(x, "category"), "category", p);
    if (!rc)
        rc = copy_text(question->department, sizeof question->department, exchange_query(x, "department"), "department", p);
    if (!rc && question->subject[0] && strcmp(question->subject, "P") != 0 && strcmp(question->subject, "E") != 0)
        rc = problem_set(p, PROBLEM_FIELD, "", "subject must be P or E");
    return rc;
}

static int read_parameters(struct exchange *x, struct office_question *question, struct problem *p)
{
    int64_t limit;
    const char *state = exchange_query(x, "state"), *open = exchange_query(x, "open");
    /* the office in the path counts before the one in the query */
    const char *office = exchange_param(x, "office") ? exchange_param(x, "office") : exchange_query(x, "office");
    bool number = exchange_query(x, "number") != NULL; /* of a document */
    const char *code = exchange_param(x, "code") ? exchange_param(x, "code") : exchange_query(x, "code");
    int rc = read_number(x, "limit", 1, LIMIT_LIST_PAGE, 20, &limit, p);
    if (!rc)
        rc = read_number(x, "cursor", 0, INT64_MAX, 0, &question->cursor, p);
    if (!rc)
        rc = read_number(x, "version", 1, INT32_MAX, 0, &question->item_version, p);
    const char *case_no = exchange_param(x, "no") ? exchange_param(x, "no") : exchange_query(x, "case");
    if (!rc)
        rc = copy_text(question->case_no, sizeof question->case_no, case_no, "the case number", p);
    if (!rc)
        rc = copy_text(question->object_no, sizeof question->object_no, exchange_param(x, "object"), "the number", p);
    if (!rc)
        rc = read_register(x, question, p);
    if (!rc)
        rc = copy_text(question->item_office, sizeof question->item_office, office, "office", p);
    if (!rc)
        rc = copy_text(question->item_code, sizeof question->item_code, code, "the item's code", p);
    if (!rc)
        rc = read_item_filters(x, question, p);
    if (!rc)
        rc = office_desk_read(question->office, exchange_query(x, "window"), exchange_query(x, "township"), &question->desk, p);
    if (!rc)
        rc = copy_text(question->text, sizeof question->text, exchange_query(x, number ? "number" : "q"), number ? "number" : "q", p);
    if (!rc)
        rc = copy_text(question->system, sizeof question->system, exchange_query(x, "system"), "system", p);
    if (rc)
        return rc;
    question->limit = (unsigned)limit;
    question->open_only = open && strcmp(open, "1") == 0;
    question->state = -1;
    if (state && *state) {
        question->state = case_state_by_name(state);
        if (question->state < 0)
            return problem_set(p, PROBLEM_FIELD, "", "there is no such state");
    }
    return 0;
}

static void ask(struct exchange *x, struct api *api, enum office_ask what)
{
    const struct office_staff *staff = api_staff(x, api);
    struct problem p = {.number = -1};
    if (!staff)
        return;
    struct inquiry *inquiry = calloc(1, sizeof *inquiry);
    if (!inquiry) {
        api_answer_failure(x, NULL, TB_ENOMEM);
        return;
    }
    office_question_init(&inquiry->question, api->office, what, staff);
    int rc = read_parameters(x, &inquiry->question, &p);
    if (rc == 0) {
        inquiry->x = x;
        inquiry->run = inquiry->question.query.run;
        inquiry->question.query.run = inquiry_run;
        inquiry->question.query.done = inquiry_done;
        inquiry->question.query.fair.source = fair_staff(staff->id);
        exchange_hold(x);
        if (store_read(api->store, &inquiry->question.query) == 0)
            return;
        (void)problem_set(&p, PROBLEM_BUSY, "", "the store has %d questions waiting", LIMIT_STORE_READ_QUEUE);
        exchange_release(x);
    }
    exchange_answer_problem(x, &p);
    office_question_clear(&inquiry->question);
    free(inquiry);
}

static void get_office(struct exchange *x, void *context)
{
    ask(x, context, ASK_OFFICE);
}

static void get_items(struct exchange *x, void *context)
{
    ask(x, context, ASK_ITEMS);
}

static void get_item(struct exchange *x, void *context)
{
    ask(x, context, ASK_ITEM);
}

static void get_catalogue(struct exchange *x, void *context)
{
    ask(x, context, ASK_CATALOGUE);
}

static void get_catalogue_history(struct exchange *x, void *context)
{
    ask(x, context, ASK_CATALOGUE_HISTORY);
}

static void get_cases(struct exchange *x, void *context)
{
    ask(x, context, ASK_CASES);
}

static void get_timeline(struct exchange *x, void *context)
{
    ask(x, context, ASK_TIMELINE);
}

static void get_clocks(struct exchange *x, void *context)
{
    ask(x, context, ASK_CLOCKS);
}

struct look {
    struct office_look look; /* first member */
    struct exchange *x;
    struct api *api;
};

/* The view is committed: now it may be seen. */
static void bundle_looked(struct store_command *command, int rc)
{
    struct look *look = (struct look *)command;
    if (rc < 0)
        api_answer_failure(look->x, &look->look.problem, rc);
    else if (exchange_alive(look->x))
        ask(look->x, look->api, ASK_BUNDLE);
    exchange_release(look->x);
    free(look);
}

static void get_bundle(struct exchange *x, void *context)
{
    struct api *api = context;
    const struct office_staff *staff = api_staff(x, api);
    struct problem p = {.number = -1};
    if (!staff)
        return;
    struct look *look = calloc(1, sizeof *look);
    int rc = look ? office_look_init(&look->look, api->office, staff, exchange_param(x, "no"), NULL, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc) {
        look->x = x;
        look->api = api;
        look->look.command.done = bundle_looked;
        exchange_hold(x);
        if (store_submit(api->store, &look->look.command) == 0)
            return;
        (void)problem_set(&p, PROBLEM_BUSY, "", "the store has %d requests waiting", LIMIT_STORE_QUEUE);
        exchange_release(x);
    }
    exchange_answer_problem(x, &p);
    free(look);
}

static void get_documents(struct exchange *x, void *context)
{
    ask(x, context, ASK_DOCUMENTS);
}

static void get_accountability(struct exchange *x, void *context)
{
    ask(x, context, ASK_ACCOUNTABILITY);
}

static void get_report(struct exchange *x, void *context)
{
    api_report_get(x, context);
}

static void get_todo(struct exchange *x, void *context)
{
    ask(x, context, ASK_TODO);
}

static void get_progress(struct exchange *x, void *context)
{
    struct api *api = context;
    const struct office_staff *staff = api_staff(x, api);
    struct problem p = {.number = -1};
    if (!staff)
        return;
    if (api_progress_allowed(api, staff, exchange_query(x, "case"), &p))
        exchange_answer_problem(x, &p);
    else
        ask(x, api, ASK_PROGRESS);
}

static void get_results(struct exchange *x, void *context)
{
    ask(x, context, ASK_RESULT);
}

static void get_registers(struct exchange *x, void *context)
{
    ask(x, context, ASK_REGISTERS);
}

static void get_register(struct exchange *x, void *context)
{
    ask(x, context, ASK_REGISTER);
}

static void get_steps(struct exchange *x, void *context)
{
    ask(x, context, ASK_STEPS);
}

static void get_originals(struct exchange *x, void *context)
{
    ask(x, context, ASK_ORIGINALS);
}

static void get_joints(struct exchange *x, void *context)
{
    ask(x, context, ASK_JOINTS);
}

static void get_joint(struct exchange *x, void *context)
{
    ask(x, context, ASK_JOINT);
}

static void get_events(struct exchange *x, void *context)
{
    struct api *api = context;
    const struct office_staff *staff = api_staff(x, api);
    if (staff)
        watch_begin(x, api, staff, exchange_param(x, "no"));
}

#define CASE "/window/v1/cases/{no}"
#define GET(path, handler) {.method = HTTP_GET, .pattern = path, .body = HTTP_BODY_NONE, .handle = handler}
#define POST(path, handler) \
    {.method = HTTP_POST, .pattern = path, .body = HTTP_BODY_BUFFERED, .body_max = LIMIT_CASE_BODY_BYTES, \
     .content_type = "application/json", .handle = handler}
const struct http_route api_window_routes[] = {
    GET("/window/v1/office", get_office),
    GET("/window/v1/items", get_items),
    GET("/window/v1/items/{office}/{code}", get_item),
    GET("/window/v1/catalogue", get_catalogue),
    /* an edition is one entry of the ledger, so its items may be as large as one */
    {.method = HTTP_POST, .pattern = "/window/v1/catalogue", .body = HTTP_BODY_BUFFERED, .body_max = LIMIT_ENTRY_BYTES,
     .content_type = "application/json", .handle = post_catalogue},
    GET("/window/v1/catalogue/history", get_catalogue_history),
    POST("/window/v1/cases", post_case),
    GET("/window/v1/cases", get_cases),
    GET(CASE, get_case),
    POST(CASE "/actions/{action}", post_action),
    POST(CASE "/numbers", post_number),
    GET(CASE "/timeline", get_timeline),
    GET(CASE "/clocks", get_clocks),
    GET(CASE "/events", get_events),
    GET(CASE "/bundle", get_bundle),
    GET(CASE "/steps", get_steps),
    GET(CASE "/originals", get_originals),
    GET(CASE "/documents", get_documents),
    POST(CASE "/documents/{kind}/print", post_print),
    POST(CASE "/documents/{kind}/void", post_void),
    GET("/window/v1/progress", get_progress),
    GET("/window/v1/results", get_results),
    GET("/window/v1/todo", get_todo),
    GET("/window/v1/registers", get_registers),
    GET("/window/v1/registers/{kind}", get_registers),
    POST("/window/v1/registers/{kind}/acts/{act}", post_act),
    GET("/window/v1/registers/{kind}/{object}", get_register),
    POST("/window/v1/registers/{kind}/{object}/acts/{act}", post_act),
    POST("/window/v1/joint", post_joint),
    GET("/window/v1/joint", get_joints),
    GET("/window/v1/joint/{no}", get_joint),
    POST("/window/v1/joint/{no}/withdraw", post_joint_withdraw),
    GET(CASE "/accountability", get_accountability),
    GET("/window/v1/reports/{name}", get_report),
    API_MATERIAL_ROUTES("/window/v1"),
    GET("/window/v1/materials/{sha256}", api_material_get),
    GET("/healthz", api_healthz),
};
const size_t api_window_route_count = sizeof api_window_routes / sizeof api_window_routes[0];
