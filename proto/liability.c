#include "proto/liability.h"

#include <string.h>

#include "proto/light.h"
#include "proto/message.h"
#include "proto/timestamp.h"

static bool taken(const struct account_line *line)
{
    return line->verdict <= VERDICT_DONE;
}

/* The line is the first of its type that was taken. */
static bool first_of(const struct account *a, size_t n, enum entry_type type)
{
    if (a->lines[n].type != type || !taken(&a->lines[n]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (a->lines[i].type == type && taken(&a->lines[i]))
            return false;
    return true;
}

static bool later_than(const struct account *a, size_t n, enum report_clock clock)
{
    int64_t due = a->facts->due[clock];
    return due && timestamp_day(a->lines[n].at) > due;
}

static bool notice_late(const struct account *a, size_t n)
{
    return first_of(a, n, ENTRY_CASE_NOTICE) && later_than(a, n, REPORT_NOTICE);
}

/* Nothing was said in time, neither that it was complete nor what was missing. */
static bool not_told(const struct account *a, size_t n)
{
    bool answer = first_of(a, n, ENTRY_CASE_ACCEPTED) || first_of(a, n, ENTRY_CASE_TOLERATED) || first_of(a, n, ENTRY_CASE_REFUSED);
    bool deemed = first_of(a, n, ENTRY_CASE_DEEMED);
    return deemed || (answer && !a->facts->notices && later_than(a, n, REPORT_NOTICE));
}

static bool decision_late(const struct account *a, size_t n)
{
    return first_of(a, n, ENTRY_CASE_DECIDED) && later_than(a, n, REPORT_DECISION);
}

static bool decision_missing(const struct account *a, size_t n)
{
    const struct report_case *c = a->facts;
    return first_of(a, n, ENTRY_CASE_ACCEPTED) && !c->times[TIME_DECIDED] && !case_states[c->state].final &&
           c->due[REPORT_DECISION] && a->today > c->due[REPORT_DECISION];
}

static bool delivery_late(const struct account *a, size_t n)
{
    return first_of(a, n, ENTRY_CASE_DELIVERED) && later_than(a, n, REPORT_DELIVERY);
}

static bool no_authorisation(const struct account *a, size_t n)
{
    const struct account_line *line = &a->lines[n];
    bool delegated = line->side == CASE_SIDE_INTAKE && line->step != STEP_NONE;
    return !strcmp(line->problem, "no-authorisation") || (delegated && !line->authorised);
}

static bool second_notice(const struct account *a, size_t n)
{
    return a->lines[n].type == ENTRY_CASE_NOTICE && n > 0 && !first_of(a, n, ENTRY_CASE_NOTICE);
}

static bool refused_message(const struct account *a, size_t n)
{
    return !taken(&a->lines[n]) && !no_authorisation(a, n) && !second_notice(a, n);
}

static bool forwarded_late(const struct account *a, size_t n)
{
    int64_t in = a->facts->times[TIME_HANDED_IN];
    return first_of(a, n, ENTRY_CASE_SUBMITTED) && in &&
           calendar_between(a->calendar, timestamp_day(in), timestamp_day(a->lines[n].at)) > step_limits[LIMIT_STEP_FORWARD].days;
}

static bool entered_late(const struct account *a, size_t n)
{
    return a->facts->late && first_of(a, n, ENTRY_CASE_SUBMITTED);
}

static bool is_act(const struct account_line *line, enum register_kind_id kind, const char *act)
{
    return line->object && line->act && line->object->kind == &register_kinds[kind] && (!act || !strcmp(line->act->name, act));
}

static bool object_open(const struct report_object *o)
{
    return !o->kind->states[o->state].final;
}

/* On the request while nothing came, later on the line that ended it. */
static bool step_late(const struct account *a, size_t n)
{
    const struct account_line *line = &a->lines[n];
    if (!is_act(line, REGISTER_STEP, NULL) || !taken(line) || !line->object->due_day)
        return false;
    if (!strcmp(line->act->name, "request"))
        return object_open(line->object) && a->today > line->object->due_day;
    bool ends = line->object->kind->states[line->act->to == REGISTER_SAME ? 0 : line->act->to].final;
    return ends && strcmp(line->act->name, "void") != 0 && timestamp_day(line->at) > line->object->due_day;
}

/* Not called within its working day, or called later. */
static bool rating_not_called(const struct account *a, size_t n)
{
    const struct account_line *line = &a->lines[n];
    if (!is_act(line, REGISTER_RATING, NULL) || !taken(line))
        return false;
    const struct report_object *o = line->object;
    bool bad = !strcmp(o->kind->states[o->state].name, "bad");
    int64_t end = 0;
    if (!strcmp(line->act->name, "record") && bad)
        end = a->today;
    else if (!strcmp(line->act->name, "call-back"))
        end = timestamp_day(line->at);
    return end && calendar_between(a->calendar, timestamp_day(o->opened), end) > RATING_CALL_DAYS;
}

/* On the newest line about the papers: an office gave away what it did not have, some are lost, or the case is over and some are held. */
static bool originals_open(const struct account *a, size_t n)
{
    const struct originals *s = &a->facts->originals;
    bool held = s->at_intake + s->at_home + s->moving > 0;
    if (!is_act(&a->lines[n], REGISTER_TRANSFER, NULL) || !taken(&a->lines[n]))
        return false;
    for (size_t i = n + 1; i < a->count; i++)
        if (is_act(&a->lines[i], REGISTER_TRANSFER, NULL) && taken(&a->lines[i]))
            return false;
    return !s->balanced || s->lost > 0 || (case_states[a->facts->state].final && held);
}

const struct liability liabilities[] = {
    {"notice-late", "the one-time notice came after its five days", "一次性告知超过法定期限", "行政许可法 32(4), 72", notice_late},
    {"not-told", "neither notice nor acceptance in five days: accepted from the day of receipt", "逾期未告知，视为受理",
     "行政许可法 32(4), 72", not_told},
    {"second-notice", "a further notice after the one", "重复告知", "行政许可法 32(4), 72", second_notice},
    {"decision-late", "the decision came after its limit", "超期作出决定", "行政许可法 42, 74；浙江\"最多跑一次\"规定 43", decision_late},
    {"decision-missing", "the limit has passed without a decision", "逾期未作出决定", "行政许可法 42, 74；浙江\"最多跑一次\"规定 43",
     decision_missing},
    {"delivery-late", "the result was delivered after its ten days", "超期送达", "行政许可法 44", delivery_late},
    {"no-authorisation", "a delegated step without an authorisation", "无授权办理委托环节", "行政许可法 24", no_authorisation},
    {"refused", "a message that the other side did not take", "对方未予接收", "实施方案 三(三) 责任追溯", refused_message},
    {"forwarded-late", "forwarded later than one working day after it was handed in", "收件后推送超过一个工作日", "实施方案 三(三) 异地收件",
     forwarded_late},
    {"step-late", "a delegated step after its day, or not done at all", "委托环节超期", "行政许可法 24；实施方案 三(三)", step_late},
    {"rating-not-called", "a bad rating that was not called back within a working day", "差评未按时回访", "GB/T 39735-2020",
     rating_not_called},
    {"originals-open", "originals are lost, do not balance, or are held after the end of the case", "原件不平衡、遗失或办结后未退还",
     "行政许可法 31；快递暂行条例 27", originals_open},
    {"entered-late", "entered after an outage, later than it was handed in", "故障后补录", "实施方案 三(三) 异地收件", entered_late},
};
const size_t liability_count = sizeof liabilities / sizeof liabilities[0];
