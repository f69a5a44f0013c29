#include "proto/clock.h"

#include <string.h>

#include "proto/timestamp.h"

enum { DELIVERY_DAYS = 10, ADVANCE_MAX = 6000 };

const struct clock_row clock_rows[CLOCKS] = {
    [CLOCK_NOTICE] = {"acceptance", "受理", "行政许可法 32(4)", -1},
    [CLOCK_SUPPLEMENT] = {"supplement", "补正", "行政许可法 32(4)", -1},
    [CLOCK_DECISION] = {"decision", "决定", "行政许可法 42", -1},
    [CLOCK_TOLERANCE] = {"tolerance", "容缺补齐", "浙江省保障“最多跑一次”改革规定 11", -1},
    [CLOCK_SPECIAL] = {"special", "特别程序", "行政许可法 45", -1},
    [CLOCK_DELIVERY] = {"delivery", "送达", "行政许可法 44", -1},
    [CLOCK_FORWARD] = {"step_forward", "收件推送", "", LIMIT_STEP_FORWARD},
    [CLOCK_RECHECK] = {"step_recheck", "属地复核", "", LIMIT_STEP_RECHECK},
    [CLOCK_RESULT] = {"step_result", "结果寄送", "", LIMIT_STEP_RESULT},
};

/* ---- facts ---- */

static struct clock_limit limit_of(const json_t *doc)
{
    struct clock_limit limit = {.any = json_is_object(doc)};
    const char *unit = json_string_value(json_object_get(doc, "unit"));
    limit.days = (int)json_integer_value(json_object_get(doc, "days"));
    limit.calendar_days = unit && strcmp(unit, "calendar_day") == 0;
    return limit;
}

void clock_use_item(struct clock_facts *facts, const json_t *item)
{
    facts->rule = notice_rule_of(item);
    facts->statutory = limit_of(json_object_get(item, "statutory_limit"));
    facts->promised = limit_of(json_object_get(item, "promised_limit"));
}

static int64_t date_member(const json_t *body, const char *key)
{
    int64_t day = 0;
    const char *text = json_string_value(json_object_get(body, key));
    return text && date_parse(text, &day) == 0 ? day : 0;
}

static void answered(struct clock_facts *facts, int64_t at)
{
    if (!facts->answered_at)
        facts->answered_at = at;
}

bool clock_wants(enum entry_type type)
{
    switch (type) {
    case ENTRY_CASE_ACCEPTED:
    case ENTRY_CASE_DEEMED:
    case ENTRY_CASE_REFUSED:
    case ENTRY_CASE_RETURNED:
    case ENTRY_CASE_NOTICE:
    case ENTRY_CASE_SUPPLEMENTED:
    case ENTRY_CASE_TOLERATED:
    case ENTRY_CASE_CURED:
    case ENTRY_CASE_SPECIAL:
    case ENTRY_CASE_RESUMED:
    case ENTRY_CASE_EXTENDED:
    case ENTRY_CASE_DELIVERY:
        return true;
    default:
        return false;
    }
}

static void add_special(struct clock_facts *facts, const struct entry *entry)
{
    struct clock_stop *last = facts->stop_count ? &facts->stops[facts->stop_count - 1] : NULL;
    if (entry->type == ENTRY_CASE_RESUMED) {
        if (last && !last->end)
            last->end = entry->at;
        return;
    }
    if (facts->stop_count < CLOCK_STOPS)
        facts->stops[facts->stop_count++] =
            (struct clock_stop){.begin = entry->at, .announced = limit_of(entry->body)};
}

void clock_add_entry(struct clock_facts *facts, const struct entry *entry)
{
    const char *place;
    switch (entry->type) {
    case ENTRY_CASE_ACCEPTED:
    case ENTRY_CASE_DEEMED:
    case ENTRY_CASE_REFUSED:
    case ENTRY_CASE_RETURNED:
        answered(facts, entry->at);
        break;
    case ENTRY_CASE_NOTICE:
        answered(facts, entry->at);
        facts->noticed_at = entry->at;
        facts->supplement_deadline = date_member(entry->body, "deadline");
        break;
    case ENTRY_CASE_SUPPLEMENTED:
        if (facts->noticed_at && !facts->supplemented_at)
            facts->supplemented_at = entry->at;
        break;
    case ENTRY_CASE_TOLERATED:
        answered(facts, entry->at);
        facts->tolerated_at = entry->at;
        facts->tolerance_deadline = date_member(entry->body, "deadline");
        break;
    case ENTRY_CASE_CURED:
        facts->cured_at = entry->at;
        break;
    case ENTRY_CASE_SPECIAL:
    case ENTRY_CASE_RESUMED:
        add_special(facts, entry);
        break;
    case ENTRY_CASE_EXTENDED:
        facts->extension = limit_of(entry->body);
        break;
    case ENTRY_CASE_DELIVERY:
        facts->delivery_at = entry->at;
        place = json_string_value(json_object_get(entry->body, "place"));
        facts->home_delivers = place && strcmp(place, "home") == 0;
        break;
    default:
        break;
    }
}

/* ---- counting ---- */

/* On a day off the limit ends on the next working day. */
static void roll(const struct calendar *calendar, int64_t *day, bool *provisional)
{
    while (!calendar_is_working_day(calendar, *day))
        ++*day;
    if (*day > calendar_last_day(calendar))
        *provisional = true;
}

/* Last day that a special procedure takes out of the count: its end, or what was announced when it lasts longer. */
static int stop_last_day(const struct calendar *calendar, const struct clock_stop *stop, int64_t *last, bool *provisional)
{
    int64_t begin = timestamp_day(stop->begin);
    int rc = clock_advance(calendar, NULL, begin, stop->announced, last, provisional);
    if (!rc && stop->end && timestamp_day(stop->end) < *last) {
        *last = timestamp_day(stop->end);
        *provisional = false;
    }
    return rc;
}

struct stopped_days {
    int64_t after[CLOCK_STOPS], last[CLOCK_STOPS]; /* days d with after < d <= last do not count */
    size_t count;
};

static int stopped_days(const struct calendar *calendar, const struct clock_facts *facts, struct stopped_days *out)
{
    out->count = 0;
    for (size_t i = 0; facts && i < facts->stop_count; i++) {
        bool provisional = false;
        int rc = stop_last_day(calendar, &facts->stops[i], &out->last[i], &provisional);
        if (rc)
            return rc;
        out->after[i] = timestamp_day(facts->stops[i].begin);
        out->count++;
    }
    return 0;
}

/* A day in two procedures at once is left out once. */
static bool is_stopped_day(const struct stopped_days *stops, int64_t day)
{
    for (size_t i = 0; i < stops->count; i++)
        if (stops->after[i] < day && day <= stops->last[i])
            return true;
    return false;
}

int clock_advance(const struct calendar *calendar, const struct clock_facts *facts, int64_t day, struct clock_limit limit,
                  int64_t *out, bool *provisional)
{
    struct stopped_days stops = {.count = 0};
    int rc = facts && facts->stop_count ? stopped_days(calendar, facts, &stops) : 0;
    if (rc)
        return rc;
    bool unsure = false;
    if (!stops.count && !limit.calendar_days) {
        rc = limit.days < 0 ? TB_EINVAL : calendar_add(calendar, day, (unsigned)limit.days, &day, &unsure);
        if (rc)
            return rc;
    } else {
        int n = limit.days;
        for (unsigned walked = 0; n > 0; walked++) {
            if (walked > (CLOCK_STOPS + 2) * ADVANCE_MAX)
                return TB_EINVAL;
            day++;
            if (!is_stopped_day(&stops, day) && (limit.calendar_days || calendar_is_working_day(calendar, day)))
                n--;
        }
        unsure = day > calendar_last_day(calendar);
    }
    roll(calendar, &day, &unsure);
    *out = day;
    *provisional = unsure;
    return 0;
}

static struct clock_limit working_days(int days)
{
    return (struct clock_limit){.any = true, .days = days};
}

static int set_due(const struct calendar *calendar, const struct clock_facts *facts, int64_t from, int64_t count_from,
                   struct clock_limit limit, struct clock *out)
{
    out->runs = true;
    out->from_day = from;
    return clock_advance(calendar, facts, count_from, limit, &out->due_day, &out->provisional);
}

static int64_t day_or_none(int64_t ms)
{
    return ms ? timestamp_day(ms) : 0;
}

static int64_t first_of(int64_t a, int64_t b)
{
    return !a ? b : !b || a < b ? a : b;
}

/* ---- the clocks ---- */

static int notice_clock(const struct calendar *calendar, const struct clock_facts *f, struct clock *out)
{
    int days = notice_rules[f->rule].notice_days;
    if (days < 0 || !f->times[TIME_HANDED_IN])
        return 0;
    /* While the applicant supplements, the home side waits: those days are not its own. */
    struct clock_facts pause = {.stop_count = 0};
    if (f->noticed_at && f->supplemented_at) {
        pause.stops[0] = (struct clock_stop){.begin = f->noticed_at, .end = f->supplemented_at};
        pause.stops[0].announced = (struct clock_limit){.any = true, .calendar_days = true};
        pause.stops[0].announced.days = (int)(timestamp_day(f->supplemented_at) - timestamp_day(f->noticed_at));
        pause.stop_count = pause.stops[0].announced.days > 0 && pause.stops[0].announced.days < ADVANCE_MAX;
    }
    int64_t from = timestamp_day(f->times[TIME_HANDED_IN]);
    int rc = set_due(calendar, &pause, from, from, working_days(days), out);
    /* What came back is to be answered on a day of its own, also where the first days were used up. */
    if (!rc && f->supplemented_at) {
        struct clock again = {.due_day = 0};
        int64_t back = timestamp_day(f->supplemented_at);
        rc = set_due(calendar, NULL, from, back, working_days(days > 0), &again);
        if (!rc && again.due_day > out->due_day)
            *out = again;
    }
    if (f->noticed_at && !f->supplemented_at)
        out->stop_until = INT64_MAX;
    out->ended_day = day_or_none(first_of(f->times[TIME_ACCEPTED], first_of(f->times[TIME_DECIDED], f->times[TIME_CLOSED])));
    return rc;
}

static void deadline_clock(int64_t began, int64_t deadline, int64_t ended, const struct calendar *calendar, struct clock *out)
{
    if (!began || !deadline)
        return;
    *out = (struct clock){.runs = true, .from_day = timestamp_day(began), .due_day = deadline, .ended_day = day_or_none(ended),
                          .provisional = deadline > calendar_last_day(calendar)};
}

/* 行政许可法 42, 45: the earlier of promise and law; the extension and the special procedures shift both. */
static int decision_clock(const struct calendar *calendar, const struct clock_facts *f, struct clock *out)
{
    const struct clock_limit *limits[] = {&f->promised, &f->statutory};
    if (!f->times[TIME_ACCEPTED])
        return 0;
    int64_t from = timestamp_day(f->times[TIME_ACCEPTED]);
    for (size_t i = 0; i < 2; i++) {
        struct clock one = {.due_day = 0};
        if (!limits[i]->any)
            continue;
        struct clock_limit whole = *limits[i];
        bool together = f->extension.any && f->extension.calendar_days == whole.calendar_days;
        if (together)
            whole.days += f->extension.days;
        int rc = set_due(calendar, f, from, from, whole, &one);
        if (!rc && f->extension.any && !together)
            rc = set_due(calendar, f, from, one.due_day, f->extension, &one);
        if (rc)
            return rc;
        if (!out->runs || one.due_day < out->due_day)
            *out = one;
    }
    if (!out->runs)
        return 0;
    const struct clock_stop *last = f->stop_count ? &f->stops[f->stop_count - 1] : NULL;
    if (last && !last->end) {
        bool unsure = false;
        int rc = stop_last_day(calendar, last, &out->stop_until, &unsure);
        if (rc)
            return rc;
        out->provisional = true; /* it may end earlier than announced */
    }
    out->ended_day = day_or_none(first_of(f->times[TIME_DECIDED], f->times[TIME_CLOSED]));
    return 0;
}

static int special_clock(const struct calendar *calendar, const struct clock_facts *f, struct clock *out)
{
    if (!f->stop_count)
        return 0;
    const struct clock_stop *last = &f->stops[f->stop_count - 1];
    int64_t begin = timestamp_day(last->begin);
    out->ended_day = day_or_none(first_of(last->end, first_of(f->times[TIME_DECIDED], f->times[TIME_CLOSED])));
    return set_due(calendar, NULL, begin, begin, last->announced, out);
}

static int delivery_clock(const struct calendar *calendar, const struct clock_facts *f, struct clock *out)
{
    if (!f->times[TIME_DECIDED])
        return 0;
    int64_t from = timestamp_day(f->times[TIME_DECIDED]);
    out->ended_day = day_or_none(first_of(f->times[TIME_DELIVERED], f->times[TIME_CLOSED]));
    return set_due(calendar, NULL, from, from, working_days(DELIVERY_DAYS), out);
}

static int step_clock(const struct calendar *calendar, int64_t began, int64_t ended, int days, struct clock *out)
{
    if (!began)
        return 0;
    out->ended_day = day_or_none(ended);
    return set_due(calendar, NULL, timestamp_day(began), timestamp_day(began), working_days(days), out);
}

static int64_t recheck_end(const struct clock_facts *f)
{
    return first_of(first_of(f->answered_at, f->times[TIME_CLOSED]),
                    first_of(f->noticed_at, first_of(f->times[TIME_ACCEPTED], f->times[TIME_DECIDED])));
}

int clock_compute(const struct calendar *calendar, const struct clock_facts *f, const int steps[STEP_LIMITS], int64_t today,
                  struct clock out[CLOCKS])
{
    memset(out, 0, CLOCKS * sizeof *out);
    int rc = notice_clock(calendar, f, &out[CLOCK_NOTICE]);
    deadline_clock(f->noticed_at, f->supplement_deadline,
                   first_of(f->supplemented_at, first_of(f->times[TIME_DECIDED], f->times[TIME_CLOSED])), calendar,
                   &out[CLOCK_SUPPLEMENT]);
    deadline_clock(f->tolerated_at, f->tolerance_deadline,
                   first_of(f->cured_at, first_of(f->times[TIME_DECIDED], f->times[TIME_CLOSED])), calendar, &out[CLOCK_TOLERANCE]);
    if (!rc)
        rc = decision_clock(calendar, f, &out[CLOCK_DECISION]);
    if (!rc)
        rc = special_clock(calendar, f, &out[CLOCK_SPECIAL]);
    if (!rc)
        rc = delivery_clock(calendar, f, &out[CLOCK_DELIVERY]);
    if (!rc)
        rc = step_clock(calendar, f->times[TIME_HANDED_IN], first_of(f->times[TIME_SENT], f->times[TIME_CLOSED]),
                        steps[LIMIT_STEP_FORWARD], &out[CLOCK_FORWARD]);
    if (!rc)
        rc = step_clock(calendar, f->times[TIME_RECEIVED], recheck_end(f), steps[LIMIT_STEP_RECHECK], &out[CLOCK_RECHECK]);
    if (!rc)
        rc = step_clock(calendar, f->times[TIME_DECIDED],
                        first_of(f->delivery_at, first_of(f->times[TIME_DELIVERED], f->times[TIME_CLOSED])),
                        steps[LIMIT_STEP_RESULT], &out[CLOCK_RESULT]);
    for (int i = 0; i < CLOCKS && !rc; i++)
        if (out[i].runs)
            clock_look(calendar, &out[i], today);
    return rc;
}

void clock_look(const struct calendar *calendar, struct clock *clock, int64_t today)
{
    int64_t day = clock->ended_day ? clock->ended_day : today;
    clock->stopped = !clock->ended_day && clock->stop_until && today <= clock->stop_until;
    clock->left = calendar_between(calendar, day, clock->due_day);
    if (clock->ended_day)
        clock->light = clock->ended_day > clock->due_day ? LIGHT_RED : LIGHT_NONE;
    else
        clock->light = light_of(calendar, clock->from_day, clock->due_day, today, clock->stopped);
}

enum clock_kind clock_of_state(enum case_state state)
{
    static const struct {
        enum case_state state;
        enum clock_kind clock;
    } rows[] = {
        {CASE_INTAKEN, CLOCK_NOTICE},      {CASE_FORWARDED, CLOCK_NOTICE},    {CASE_RECEIVED, CLOCK_NOTICE},
        {CASE_SUPPLEMENTED, CLOCK_NOTICE}, {CASE_SUPPLEMENT_ASKED, CLOCK_SUPPLEMENT},
        {CASE_ACCEPTED, CLOCK_DECISION},   {CASE_UNDER_REVIEW, CLOCK_DECISION}, {CASE_SPECIAL, CLOCK_DECISION},
        {CASE_TOLERATED, CLOCK_DECISION},  {CASE_GRANTED, CLOCK_DELIVERY},    {CASE_DENIED, CLOCK_DELIVERY},
        {CASE_REFUSED, CLOCK_DELIVERY},    {CASE_REVOKED, CLOCK_DELIVERY},    {CASE_DELIVERING, CLOCK_DELIVERY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].state == state)
            return rows[i].clock;
    return CLOCKS;
}

int clock_current(const struct calendar *calendar, const struct clock_facts *f, struct clock *out, enum clock_kind *kind)
{
    struct clock clock = {.runs = false};
    enum clock_kind which = clock_of_state(f->state);
    int rc = 0;
    switch (which) {
    case CLOCK_NOTICE:
        rc = notice_clock(calendar, f, &clock);
        break;
    case CLOCK_SUPPLEMENT: /* the applicant's days: the home side's clock stands still until they are over */
        deadline_clock(f->noticed_at, f->supplement_deadline, 0, calendar, &clock);
        clock.stop_until = f->supplement_deadline;
        break;
    case CLOCK_DECISION:
        rc = decision_clock(calendar, f, &clock);
        break;
    case CLOCK_DELIVERY:
        rc = delivery_clock(calendar, f, &clock);
        break;
    default:
        break;
    }
    if (!rc && f->state == CASE_TOLERATED) {
        struct clock gap = {.runs = false};
        deadline_clock(f->tolerated_at, f->tolerance_deadline, 0, calendar, &gap);
        if (gap.runs && (!clock.runs || gap.due_day < clock.due_day)) {
            clock = gap;
            which = CLOCK_TOLERANCE;
        }
    }
    if (rc)
        return rc;
    *out = clock;
    *kind = clock.runs ? which : CLOCKS;
    return 0;
}

int clock_deemed(const struct calendar *calendar, const struct clock_facts *f, int64_t *last_day, int64_t *receipt)
{
    int days = notice_rules[f->rule].deemed_days;
    int64_t from = f->delegated ? f->times[TIME_HANDED_IN] : f->times[TIME_RECEIVED];
    bool provisional;
    if (days < 0 || !from) {
        *last_day = 0;
        *receipt = 0;
        return 0;
    }
    *receipt = from;
    return clock_advance(calendar, NULL, timestamp_day(from), working_days(days), last_day, &provisional);
}
