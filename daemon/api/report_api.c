/* report_api: one page of a report (GET /window/v1/reports/{name}). */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

struct inquiry {
    struct office_report report; /* first member */
    struct exchange *x;
};

static void inquiry_done(struct store_query *query, int rc)
{
    struct inquiry *inquiry = (struct inquiry *)query;
    if (rc < 0)
        api_answer_failure(inquiry->x, &inquiry->report.problem, rc);
    else
        exchange_answer_json(inquiry->x, 200, inquiry->report.answer);
    exchange_release(inquiry->x);
    office_report_clear(&inquiry->report);
    free(inquiry);
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

static int read_parameters(struct exchange *x, struct office_report *q, struct problem *p)
{
    const char *office = exchange_query(x, "office"), *item = exchange_query(x, "item"), *cursor = exchange_query(x, "cursor");
    const char *verify = exchange_query(x, "verify");
    int rc = read_day(x, "from", "/from", &q->from, p);
    if (!rc)
        rc = read_day(x, "to", "/to", &q->to, p);
    if (!rc)
        rc = read_quarter(x, q, p);
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

void api_report_get(struct exchange *x, void *context)
{
    struct api *api = context;
    struct problem p = {.number = -1};
    const char *name = exchange_param(x, "name");
    if (!api_staff(x, api))
        return;
    const struct report *report = report_find(name);
    if (!report) {
        (void)problem_set(&p, PROBLEM_NOT_FOUND, "", "there is no report %.40s", name ? name : "");
        exchange_answer_problem(x, &p);
        return;
    }
    struct inquiry *inquiry = calloc(1, sizeof *inquiry);
    if (!inquiry) {
        api_answer_failure(x, NULL, TB_ENOMEM);
        return;
    }
    office_report_init(&inquiry->report, api->office, report);
    int rc = read_parameters(x, &inquiry->report, &p);
    if (rc == 0) {
        inquiry->x = x;
        inquiry->report.query.done = inquiry_done;
        exchange_hold(x);
        if (store_read(api->store, &inquiry->report.query) == 0)
            return;
        (void)problem_set(&p, PROBLEM_BUSY, "", "the store has %d questions waiting", LIMIT_STORE_READ_QUEUE);
        exchange_release(x);
    }
    exchange_answer_problem(x, &p);
    office_report_clear(&inquiry->report);
    free(inquiry);
}
