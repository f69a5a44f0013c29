/* report_api: one page of a report (GET /window/v1/reports/{name}).
 *
 * Pages are computed one at a time, so that however many supervisors ask at once, a reader stays free for the lists of the windows.
 * Nobody has two in a row while somebody else waits. */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

struct api_report {
    struct office_report report; /* first member */
    struct exchange *x;
    struct api *api;
    const struct office_staff *staff;
    struct api_report *next;
};

static void inquiry_free(struct api_report *inquiry)
{
    office_report_clear(&inquiry->report);
    free(inquiry);
}

/* Puts the first of somebody else before those of `staff`. */
static void change_turn(struct api *api, const struct office_staff *staff)
{
    struct api_report **at = &api->report_first;
    while (*at && !strcmp((*at)->staff->id, staff->id))
        at = &(*at)->next;
    struct api_report *other = *at;
    if (!other || at == &api->report_first)
        return;
    *at = other->next;
    if (!*at)
        api->report_last = at;
    other->next = api->report_first;
    api->report_first = other;
}

/* Computes the first of the queue; one that the store does not take is answered, and the next one tried. */
static void start_first(struct api *api)
{
    while (api->report_first) {
        struct api_report *inquiry = api->report_first;
        struct problem p = {.number = -1};
        if (store_read(api->store, &inquiry->report.query) == 0)
            return;
        api->report_first = inquiry->next;
        api->report_count--;
        (void)problem_set(&p, PROBLEM_BUSY, "", "the store has %d questions waiting", LIMIT_STORE_READ_QUEUE);
        exchange_answer_problem(inquiry->x, &p);
        exchange_release(inquiry->x);
        inquiry_free(inquiry);
    }
}

static void inquiry_done(struct store_query *query, int rc)
{
    struct api_report *inquiry = (struct api_report *)query;
    struct api *api = inquiry->api;
    api->report_first = inquiry->next;
    api->report_count--;
    change_turn(api, inquiry->staff);
    if (rc < 0)
        api_answer_failure(inquiry->x, &inquiry->report.problem, rc);
    else
        exchange_answer_json(inquiry->x, 200, inquiry->report.answer);
    exchange_release(inquiry->x);
    inquiry_free(inquiry);
    start_first(api);
}

static void enqueue(struct api *api, struct api_report *inquiry)
{
    if (!api->report_first)
        api->report_last = &api->report_first;
    *api->report_last = inquiry;
    api->report_last = &inquiry->next;
    if (++api->report_count == 1)
        start_first(api);
}

static int read_day(struct exchange *x, const char *name, const char *field, int64_t *day, struct problem *p)
{
    const char *text = exchange_query(x, name);
    if (!text || !text[0])
        return 0;
    /* 0 means "not given": the calendar of reports begins later */
    if (date_parse(text, day) || *day <= 0)
        return problem_set(p, PROBLEM_FIELD, field, "a date must look like 2026-02-14");
    return 0;
}

static int read_quarter(struct exchange *x, struct office_report *q, struct problem *p)
{
    const char *text = exchange_query(x, "quarter");
    if (!text || !text[0])
        return 0;
    if (q->from || q->to)
        return problem_set(p, PROBLEM_FIELD, "/quarter", "a quarter and dates cannot both be given");
    if (report_quarter(text, &q->from, &q->to) || q->from <= 0)
        return problem_set(p, PROBLEM_FIELD, "/quarter", "a quarter must look like 2026Q4");
    return 0;
}

static int read_desk(struct exchange *x, struct office_report *q, struct problem *p)
{
    const char *by = exchange_query(x, "by");
    int rc = office_desk_read(q->office, exchange_query(x, "window"), exchange_query(x, "township"), &q->desk, p);
    if (!rc && (q->desk.window[0] || q->desk.township[0]) && !report_has_desks(q->report))
        rc = problem_set(p, PROBLEM_FIELD, "/window", "the report %s is not made from cases: it has no windows", q->report->name);
    if (rc || !by || !by[0])
        return rc;
    if (!report_adds_by(q->report, by))
        return problem_set(p, PROBLEM_FIELD, "/by", "the report %s cannot be added up by %s", q->report->name, by);
    memcpy(q->by, by, strlen(by) + 1);
    return 0;
}

static int read_parameters(struct exchange *x, struct office_report *q, struct problem *p)
{
    const char *office = exchange_query(x, "office"), *item = exchange_query(x, "item"), *cursor = exchange_query(x, "cursor");
    const char *verify = exchange_query(x, "verify");
    int rc = read_day(x, "from", "/from", &q->from, p);
    if (!rc)
        rc = read_day(x, "to", "/to", &q->to, p);
    if (!rc)
        rc = read_quarter(x, q, p);
    if (!rc)
        rc = read_desk(x, q, p);
    if (rc)
        return rc;
    if (office && office[0]) {
        if (!office_valid(office))
            return problem_set(p, PROBLEM_FIELD, "/office", "an office is six digits");
        memcpy(q->other, office, OFFICE_TEXT);
    }
    if (item && strlen(item) >= sizeof q->item)
        return problem_set(p, PROBLEM_FIELD, "/item", "%s is longer than %zu bytes", "item", sizeof q->item - 1);
    if (item)
        memcpy(q->item, item, strlen(item) + 1);
    if (cursor && (strspn(cursor, "0123456789") != strlen(cursor) || strlen(cursor) > 18))
        return problem_set(p, PROBLEM_FIELD, "/cursor", "the cursor is not one of this report");
    q->cursor = cursor ? strtoll(cursor, NULL, 10) : 0;
    q->verify = verify && !strcmp(verify, "1");
    return 0;
}

static unsigned waiting_of(const struct api *api, const struct office_staff *staff)
{
    unsigned count = 0;
    const struct api_report *inquiry = api->report_first;
    for (unsigned i = 0; i < api->report_count; i++, inquiry = inquiry->next)
        count += !strcmp(inquiry->staff->id, staff->id);
    return count;
}

void api_report_get(struct exchange *x, void *context)
{
    struct api *api = context;
    struct problem p = {.number = -1};
    const char *name = exchange_param(x, "name");
    const struct office_staff *staff = api_staff(x, api);
    if (!staff)
        return;
    const struct report *report = report_find(name);
    if (!report) {
        (void)problem_set(&p, PROBLEM_NOT_FOUND, "", "there is no report %.40s", name ? name : "");
        exchange_answer_problem(x, &p);
        return;
    }
    bool room = api->report_count < LIMIT_REPORTS_WAITING && waiting_of(api, staff) < LIMIT_REPORTS_WAITING_OF_ONE;
    struct api_report *inquiry = room ? calloc(1, sizeof *inquiry) : NULL;
    if (!inquiry) {
        (void)problem_set(&p, PROBLEM_BUSY, "", "%u pages of reports are waiting", api->report_count);
        exchange_answer_problem(x, &p);
        return;
    }
    office_report_init(&inquiry->report, api->office, report);
    if (read_parameters(x, &inquiry->report, &p)) {
        exchange_answer_problem(x, &p);
        inquiry_free(inquiry);
        return;
    }
    inquiry->x = x;
    inquiry->api = api;
    inquiry->staff = staff;
    inquiry->report.query.done = inquiry_done;
    inquiry->report.query.fair.source = fair_staff(staff->id);
    exchange_hold(x);
    enqueue(api, inquiry);
}
