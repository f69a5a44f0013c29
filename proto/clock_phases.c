/* Who caused which delay: the case cut into stretches, each with the side that is answerable for it (domain.md 6.3, 行政许可法 72). */
#include "proto/clock.h"

#include "proto/timestamp.h"

const char *const phase_sides[PHASE_SIDES] = {
    [PHASE_INTAKE] = "intake", [PHASE_LINK] = "link", [PHASE_HOME] = "home", [PHASE_APPLICANT] = "applicant", [PHASE_SPECIAL] = "special"};

struct cutter {
    const struct calendar *calendar;
    const struct clock_facts *facts;
    int64_t now;
    struct phase *out;
    size_t count;
};

static int64_t first_of(int64_t a, int64_t b)
{
    return !a ? b : !b || a < b ? a : b;
}

/* When the case was over, for a stretch that nothing else ended. */
static int64_t over_at(const struct clock_facts *f)
{
    return first_of(f->times[TIME_DECIDED], f->times[TIME_CLOSED]);
}

static struct phase *cut(struct cutter *c, const char *name, const char *zh, enum phase_side side, int64_t from, int64_t to, int64_t limit)
{
    if (!from || c->count == CLOCK_PHASES)
        return NULL;
    struct phase *p = &c->out[c->count++];
    int64_t end = to ? to : c->now;
    *p = (struct phase){.name = name, .zh = zh, .side = side, .from = from, .to = to, .limit = limit};
    p->days = calendar_between(c->calendar, timestamp_day(from), timestamp_day(end));
    if (p->days < 0) /* two clocks that disagree a little */
        p->days = 0;
    return p;
}

/* The limit in working days, as the calendar has it: a limit in calendar days is what it holds of working days. */
static int64_t in_working_days(const struct cutter *c, int64_t from, struct clock_limit limit, int *rc)
{
    int64_t day = 0;
    bool provisional;
    if (!limit.any)
        return -1;
    if (!limit.calendar_days)
        return limit.days;
    *rc = clock_advance(c->calendar, NULL, timestamp_day(from), limit, &day, &provisional);
    return *rc ? -1 : calendar_between(c->calendar, timestamp_day(from), day);
}

/* Working days of the special procedures; no day counts twice, and none beyond what was announced. */
static int special_days(const struct cutter *c, int64_t from, int64_t end, int64_t *days)
{
    struct clock_limit one = {.any = true, .days = 1};
    int64_t day = timestamp_day(from), last = timestamp_day(end), counted = 0;
    while (day < last) {
        bool provisional;
        int rc = clock_advance(c->calendar, c->facts, day, one, &day, &provisional);
        if (rc)
            return rc;
        counted += day <= last;
    }
    *days = calendar_between(c->calendar, timestamp_day(from), last) - counted;
    return 0;
}

static int cut_decision(struct cutter *c)
{
    const struct clock_facts *f = c->facts;
    int64_t from = f->times[TIME_ACCEPTED], to = over_at(f), taken = 0;
    int rc = 0;
    if (!from)
        return 0;
    int64_t promise = in_working_days(c, from, f->promised, &rc), law = in_working_days(c, from, f->statutory, &rc);
    int64_t limit = promise < 0 || (law >= 0 && law < promise) ? law : promise;
    if (limit >= 0 && f->extension.any)
        limit += in_working_days(c, from, f->extension, &rc);
    struct phase *p = cut(c, "decision", "审查决定", PHASE_HOME, from, to, limit);
    if (!rc && p && f->stop_count)
        rc = special_days(c, from, to ? to : c->now, &taken);
    if (p && !rc)
        p->days -= taken;
    for (size_t i = 0; i < f->stop_count && !rc; i++) {
        const struct clock_stop *stop = &f->stops[i];
        limit = in_working_days(c, stop->begin, stop->announced, &rc);
        (void)cut(c, "special", "特别程序", PHASE_SPECIAL, stop->begin, first_of(stop->end, to), limit);
    }
    return rc;
}

int clock_phases(const struct calendar *calendar, const struct clock_facts *f, const int steps[STEP_LIMITS], int64_t now,
                 struct phase out[CLOCK_PHASES], size_t *count)
{
    struct cutter c = {.calendar = calendar, .facts = f, .now = now, .out = out};
    int64_t over = over_at(f), accepted = first_of(f->times[TIME_ACCEPTED], over);
    int64_t notice_days = notice_rules[f->rule].notice_days;
    int64_t told = f->tolerated_at ? first_of(f->tolerated_at, accepted) : accepted;
    (void)cut(&c, "intake", "收件推送", PHASE_INTAKE, f->times[TIME_HANDED_IN], first_of(f->times[TIME_SENT], f->times[TIME_CLOSED]),
              steps[LIMIT_STEP_FORWARD]);
    (void)cut(&c, "link", "传输", PHASE_LINK, f->times[TIME_SENT], first_of(f->times[TIME_RECEIVED], over), 0);
    struct phase *check = cut(&c, "check", "属地复核", PHASE_HOME, f->times[TIME_RECEIVED], first_of(f->noticed_at, told), notice_days);
    if (check && f->answered_at && check->to && f->answered_at > check->to)
        check->to = f->answered_at; /* deemed: accepted from receipt on, but answered only then */
    if (check && check->to)
        check->days = calendar_between(calendar, timestamp_day(check->from), timestamp_day(check->to));
    (void)cut(&c, "supplement", "补正", PHASE_APPLICANT, f->noticed_at, first_of(f->supplemented_at, over),
              f->supplement_deadline ? calendar_between(calendar, timestamp_day(f->noticed_at), f->supplement_deadline) : -1);
    (void)cut(&c, "recheck", "补正后复核", PHASE_HOME, f->supplemented_at, told > f->supplemented_at ? told : over, notice_days);
    int rc = cut_decision(&c);
    (void)cut(&c, "gaps", "容缺补齐", PHASE_APPLICANT, f->tolerated_at, first_of(f->cured_at, over),
              f->tolerance_deadline ? calendar_between(calendar, timestamp_day(f->tolerated_at), f->tolerance_deadline) : -1);
    int64_t delivered = first_of(f->times[TIME_DELIVERED], f->times[TIME_CLOSED]);
    (void)cut(&c, "result", "制作送交结果", PHASE_HOME, f->times[TIME_DECIDED], first_of(f->delivery_at, delivered),
              steps[LIMIT_STEP_RESULT]);
    (void)cut(&c, "delivery", "送达", f->home_delivers ? PHASE_HOME : PHASE_INTAKE, f->delivery_at, delivered, 10);
    for (size_t i = 0; i < c.count; i++) {
        int64_t beyond = c.out[i].limit >= 0 ? c.out[i].days - c.out[i].limit : 0;
        c.out[i].over = beyond > 0 ? beyond : 0;
    }
    *count = c.count;
    return rc;
}
