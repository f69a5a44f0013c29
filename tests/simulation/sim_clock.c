/* The clocks once more, as slowly and plainly as docs/explanation/clocks.md and the law say them: what happened is read from the lines of
 * the ledgers, days are walked one by one, working days are looked up in the text of the calendar.  Nothing here calls proto/clock. */
#include "tests/simulation/sim.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h" /* the names of what a row caches */
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { SPECIALS = 64, DELIVERY_WITHIN = 10, MOMENTS = 5 };

/* So many days, and of which sort. */
struct span {
    bool given, calendar;
    int64_t days;
};

/* What the entries of one case say, as moments in ms (0: not so far) and days. */
struct story {
    const struct sim_item *item;
    int64_t handed_in, sent, received, accepted, decided, delivered, closed;
    int64_t noticed, supplemented, tolerated, cured, answered, delivery;
    int64_t supplement_until, tolerance_until;
    int64_t deemed_at, deemed_until;
    struct {
        int64_t begin, end, last; /* last: of the days that do not count */
        struct span announced;
    } special[SPECIALS];
    size_t specials;
    struct span extension;
    char authorisation[UUID_TEXT];
};

struct reckoned {
    bool runs;
    int64_t from, due, stop_until, ended;
    bool provisional;
};

/* ---- days ---- */

bool sim_day_works(const char *calendar, int64_t day)
{
    char date[DATE_TEXT + 2];
    date_format(day, date);
    const char *line = strstr(calendar, date);
    if (line)
        return !strncmp(line + DATE_TEXT, "workday", 7);
    int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday; 0 is Monday */
    return weekday < 5;
}

/* The last day of the last year that the calendar speaks of. */
static int64_t published_until(const char *calendar)
{
    char last[DATE_TEXT] = "0000-12-31";
    int64_t day = 0;
    for (const char *line = strchr(calendar, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
        if (memcmp(line + 1, last, 4) > 0)
            memcpy(last, line + 1, 4);
    return date_parse(last, &day) ? 0 : day;
}

static struct span days(int64_t n, bool calendar)
{
    return (struct span){.given = true, .calendar = calendar, .days = n};
}

static int64_t day_of(int64_t ms)
{
    return ms ? timestamp_day(ms) : 0;
}

static bool in_special(const struct story *s, int64_t day)
{
    for (size_t i = 0; s && i < s->specials; i++)
        if (day > day_of(s->special[i].begin) && day <= s->special[i].last)
            return true;
    return false;
}

/* From the day after `day` on; the days of the special procedures of `s` (may be NULL) do not count; never ends on a day off. */
static int64_t walk(const char *calendar, const struct story *s, int64_t day, struct span span)
{
    int64_t left = span.days;
    while (left > 0) {
        day++;
        if (!in_special(s, day) && (span.calendar || sim_day_works(calendar, day)))
            left--;
    }
    while (!sim_day_works(calendar, day))
        day++;
    return day;
}

/* A special procedure ends as announced, or before. */
static void end_specials(const char *calendar, struct story *s)
{
    for (size_t i = 0; i < s->specials; i++) {
        int64_t announced = walk(calendar, NULL, day_of(s->special[i].begin), s->special[i].announced);
        int64_t end = day_of(s->special[i].end);
        s->special[i].last = end && end < announced ? end : announced;
    }
}

/* Working days after `from` up to and with `to`. */
static int64_t working_days(const char *calendar, int64_t from, int64_t to)
{
    int64_t n = 0;
    for (int64_t day = from + 1; day <= to; day++)
        n += sim_day_works(calendar, day);
    return n;
}

static int64_t earliest(const int64_t moments[MOMENTS])
{
    int64_t first = 0;
    for (size_t i = 0; i < MOMENTS; i++)
        if (moments[i] && (!first || moments[i] < first))
            first = moments[i];
    return day_of(first);
}
#define EARLIEST(...) earliest((const int64_t[MOMENTS]){__VA_ARGS__})

/* ---- the story of a case ---- */

static int64_t moment(const json_t *object, const char *key)
{
    int64_t ms = 0;
    const char *text = json_string_value(json_object_get(object, key));
    return text && !timestamp_parse(text, &ms) ? ms : 0;
}

static int64_t date(const json_t *object, const char *key)
{
    int64_t day = 0;
    const char *text = json_string_value(json_object_get(object, key));
    return text && !date_parse(text, &day) ? day : 0;
}

static struct span span_of(const json_t *body)
{
    const char *unit = json_string_value(json_object_get(body, "unit"));
    return days(json_integer_value(json_object_get(body, "days")), unit && !strcmp(unit, "calendar_day"));
}

static void once(int64_t *moment_of, int64_t at)
{
    if (!*moment_of)
        *moment_of = at;
}

/* The moments that the four times and their successors are, by the word of the entry. */
static void tell_moment(struct story *s, const char *type, int64_t at)
{
    const struct {
        const char *type;
        int64_t *moment;
    } words[] = {
        {"case.submitted", &s->sent},       {"case.received", &s->received},   {"case.accepted", &s->accepted},
        {"case.tolerated", &s->accepted},   {"case.decided", &s->decided},     {"case.refused", &s->decided},
        {"case.revoked", &s->decided},      {"case.delivered", &s->delivered}, {"case.completed", &s->closed},
        {"case.withdrawn", &s->closed},     {"case.abandoned", &s->closed},    {"case.lapsed", &s->closed},
        {"case.returned", &s->closed},      {"case.aborted", &s->closed},      {"case.accepted", &s->answered},
        {"case.deemed", &s->answered},      {"case.refused", &s->answered},    {"case.returned", &s->answered},
        {"case.notice", &s->answered},      {"case.tolerated", &s->answered},  {"case.notice", &s->noticed},
        {"case.tolerated", &s->tolerated},  {"case.cured", &s->cured},         {"case.delivery", &s->delivery},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(words[i].type, type))
            once(words[i].moment, at);
}

static void tell(struct story *s, const json_t *entry)
{
    const char *type = json_string_value(json_object_get(entry, "type")), *right;
    const json_t *body = json_object_get(entry, "body");
    int64_t at = moment(entry, "at");
    if (!type)
        return;
    tell_moment(s, type, at);
    if (!strcmp(type, "case.intaken") || !strcmp(type, "case.submitted")) {
        int64_t handed_in = moment(body, "handed_in_at");
        once(&s->handed_in, handed_in ? handed_in : at);
        right = json_string_value(json_object_get(entry, "authorisation"));
        if (right && strlen(right) < sizeof s->authorisation)
            memcpy(s->authorisation, right, strlen(right) + 1);
    } else if (!strcmp(type, "case.notice")) {
        s->supplement_until = date(body, "deadline");
    } else if (!strcmp(type, "case.supplemented") && s->noticed) {
        once(&s->supplemented, at);
    } else if (!strcmp(type, "case.tolerated")) {
        s->tolerance_until = date(body, "deadline");
    } else if (!strcmp(type, "case.deemed")) {
        s->deemed_at = at;
        s->deemed_until = date(body, "until");
        once(&s->accepted, moment(body, "accepted_at"));
    } else if (!strcmp(type, "case.extended")) {
        s->extension = span_of(body);
    } else if (!strcmp(type, "case.special") && s->specials < SPECIALS) {
        s->special[s->specials].begin = at;
        s->special[s->specials++].announced = span_of(body);
    } else if (!strcmp(type, "case.resumed") && s->specials) {
        once(&s->special[s->specials - 1].end, at);
    }
}

static int read_line(struct sim_node *node, const struct event_row *event, json_t **entry)
{
    struct store_db *db = store_sync_view(node->store);
    struct inbox_row row;
    struct buf line;
    int rc;
    if (!event->own) {
        rc = inbox_get(db, event->peer, event->ref, &row);
        if (!rc) {
            rc = strict_json_parse(row.line, row.len, entry, NULL);
            inbox_clear(&row);
        }
        return rc;
    }
    buf_init(&line, LIMIT_ENTRY_BYTES);
    rc = store_entry_line(db, (uint64_t)event->ref, &line);
    if (!rc)
        rc = strict_json_parse(line.data, line.len, entry, NULL);
    buf_free(&line);
    return rc;
}

static bool read_story(struct sim_node *node, const struct case_row *row, struct story *s)
{
    struct event_row *events = NULL;
    size_t count = 0;
    *s = (struct story){.item = sim_item_find(row->item)};
    int rc = event_list(store_sync_view(node->store), row->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        json_t *entry = NULL;
        if (events[i].verdict > VERDICT_DONE && events[i].type != ENTRY_CASE_SUBMITTED)
            continue; /* not taken; but that it was handed in and sent stays a fact */
        rc = read_line(node, &events[i], &entry);
        if (!rc)
            tell(s, entry);
        json_decref(entry);
    }
    free(events);
    if (rc || !s->item)
        sim_fail(node->sim, "the entries of case %s at office %d cannot be read: %s", row->case_no, node->id, err_text(rc));
    return !rc && s->item;
}

/* ---- the clocks ---- */

static void acceptance(const char *calendar, const struct story *s, struct reckoned *out)
{
    int64_t limit = s->item->notice_days, from = day_of(s->handed_in), notice = day_of(s->noticed), back = day_of(s->supplemented);
    if (limit < 0 || !from)
        return;
    *out = (struct reckoned){.runs = true, .from = from, .due = walk(calendar, NULL, from, days(limit, false))};
    out->ended = EARLIEST(s->accepted, s->decided, s->closed);
    if (notice && !back)
        out->stop_until = INT64_MAX;
    if (!back)
        return;
    /* on the spot: on the day it came back, or the next one that works; else what was left, one day at least */
    int64_t left = limit ? limit - working_days(calendar, from, notice) : 0;
    int64_t again = walk(calendar, NULL, back, days(limit && left < 1 ? 1 : left, false));
    out->due = again > out->due ? again : out->due;
}

static void decision(const char *calendar, const struct story *s, struct reckoned *out)
{
    const struct span limits[] = {
        {s->item->promised > 0, s->item->promised_calendar, s->item->promised},
        {s->item->statutory > 0, s->item->statutory_calendar, s->item->statutory},
    };
    if (!s->accepted)
        return;
    for (size_t i = 0; i < 2; i++) {
        int64_t due;
        if (!limits[i].given)
            continue;
        if (s->extension.given && s->extension.calendar == limits[i].calendar)
            due = walk(calendar, s, day_of(s->accepted), days(limits[i].days + s->extension.days, limits[i].calendar));
        else
            due = walk(calendar, s, day_of(s->accepted), limits[i]);
        if (s->extension.given && s->extension.calendar != limits[i].calendar)
            due = walk(calendar, s, due, s->extension);
        if (!out->runs || due < out->due)
            *out = (struct reckoned){.runs = true, .due = due};
    }
    out->from = day_of(s->accepted);
    out->ended = EARLIEST(s->decided, s->closed);
    if (s->specials && !s->special[s->specials - 1].end)
        out->stop_until = s->special[s->specials - 1].last;
}

static struct reckoned until(int64_t began, int64_t due, int64_t ended)
{
    return (struct reckoned){.runs = began && due, .from = day_of(began), .due = due, .ended = ended};
}

static struct reckoned step(const char *calendar, int64_t began, int64_t limit, int64_t ended)
{
    return until(began, began ? walk(calendar, NULL, day_of(began), days(limit, false)) : 0, ended);
}

static void reckon(const struct sim_node *node, const struct story *s, struct reckoned out[CLOCKS])
{
    const char *calendar = node->sim->calendar;
    const int *limits = node->office->limits;
    int64_t last = published_until(calendar);
    memset(out, 0, CLOCKS * sizeof *out);
    acceptance(calendar, s, &out[CLOCK_NOTICE]);
    decision(calendar, s, &out[CLOCK_DECISION]);
    out[CLOCK_SUPPLEMENT] = until(s->noticed, s->supplement_until, EARLIEST(s->supplemented, s->decided, s->closed));
    out[CLOCK_TOLERANCE] = until(s->tolerated, s->tolerance_until, EARLIEST(s->cured, s->decided, s->closed));
    if (s->specials) {
        int64_t begin = s->special[s->specials - 1].begin;
        out[CLOCK_SPECIAL] = until(begin, walk(calendar, NULL, day_of(begin), s->special[s->specials - 1].announced),
                                   EARLIEST(s->special[s->specials - 1].end, s->decided, s->closed));
    }
    out[CLOCK_DELIVERY] = step(calendar, s->decided, DELIVERY_WITHIN, EARLIEST(s->delivered, s->closed));
    out[CLOCK_FORWARD] = step(calendar, s->handed_in, limits[LIMIT_STEP_FORWARD], EARLIEST(s->sent, s->closed));
    out[CLOCK_RECHECK] = step(calendar, s->received, limits[LIMIT_STEP_RECHECK],
                              EARLIEST(s->answered, s->closed, s->noticed, s->accepted, s->decided));
    out[CLOCK_RESULT] = step(calendar, s->decided, limits[LIMIT_STEP_RESULT], EARLIEST(s->delivery, s->delivered, s->closed));
    for (int i = 0; i < CLOCKS; i++)
        out[i].provisional = out[i].runs && (out[i].due > last || (i == CLOCK_DECISION && out[i].stop_until));
}

/* The one that stands in lists; CLOCKS: none. */
static int shown(enum case_state state, const struct reckoned all[CLOCKS])
{
    int which = CLOCKS;
    switch (state) {
    case CASE_INTAKEN:
    case CASE_FORWARDED:
    case CASE_RECEIVED:
    case CASE_SUPPLEMENTED:
        which = CLOCK_NOTICE;
        break;
    case CASE_SUPPLEMENT_ASKED:
        which = CLOCK_SUPPLEMENT;
        break;
    case CASE_ACCEPTED:
    case CASE_UNDER_REVIEW:
    case CASE_SPECIAL:
        which = CLOCK_DECISION;
        break;
    case CASE_TOLERATED: /* the earlier of two */
        which = CLOCK_DECISION;
        if (all[CLOCK_TOLERANCE].runs && (!all[which].runs || all[CLOCK_TOLERANCE].due < all[which].due))
            which = CLOCK_TOLERANCE;
        break;
    case CASE_GRANTED:
    case CASE_DENIED:
    case CASE_REFUSED:
    case CASE_REVOKED:
    case CASE_DELIVERING:
        which = CLOCK_DELIVERY;
        break;
    default:
        break;
    }
    return which != CLOCKS && all[which].runs ? which : CLOCKS;
}

static void check_row(struct sim_node *node, const struct case_row *row, const struct reckoned all[CLOCKS])
{
    int which = shown(row->state, all);
    struct reckoned want = {.runs = false};
    if (which != CLOCKS)
        want = all[which];
    if (which == CLOCK_SUPPLEMENT)
        want.stop_until = want.due;
    int64_t kind = which == CLOCKS ? 0 : which;
    if (row->due_day != want.due || row->due_clock != kind || row->clock_from != want.from || row->stop_until != want.stop_until ||
        (row->due_provisional != 0) != want.provisional)
        sim_fail(node->sim,
                 "case %s (%s) is due on day %lld at office %d (clock %lld from %lld, stopped until %lld), counted day by day on %lld "
                 "(clock %lld from %lld, stopped until %lld)",
                 row->case_no, case_states[row->state].name, (long long)row->due_day, node->id, (long long)row->due_clock,
                 (long long)row->clock_from, (long long)row->stop_until, (long long)want.due, (long long)kind, (long long)want.from,
                 (long long)want.stop_until);
}

static void check_page_row(struct sim_node *node, const char *case_no, int kind, const json_t *page, const struct reckoned *want)
{
    int64_t today = timestamp_day(node->sim->now + node->skew);
    bool stopped = !want->ended && want->stop_until && today <= want->stop_until;
    if (!want->runs != !page)
        sim_fail(node->sim, "the %s clock of case %s %s at office %d", clock_rows[kind].name, case_no, page ? "runs" : "does not run",
                 node->id);
    else if (page && (date(page, "from") != want->from || date(page, "due") != want->due || date(page, "ended") != want->ended ||
                      json_is_true(json_object_get(page, "stopped")) != stopped ||
                      json_is_true(json_object_get(page, "provisional")) != want->provisional ||
                      json_integer_value(json_object_get(page, "overdue")) !=
                          working_days(node->sim->calendar, want->due, want->ended ? want->ended : today)))
        sim_fail(node->sim, "the %s clock of case %s at office %d is not what counting day by day gives: due on day %lld, counted %lld",
                 clock_rows[kind].name, case_no, node->id, (long long)date(page, "due"), (long long)want->due);
}

/* The page of the clocks, all of them. */
static void check_page(struct sim_node *node, const struct case_row *row, const struct reckoned all[CLOCKS])
{
    struct office_question question;
    office_question_init(&question, node->office, ASK_CLOCKS, &node->office->staff[0]);
    memcpy(question.case_no, row->case_no, CASE_NO_TEXT);
    if (question.query.run(store_sync_view(node->store), &question.query))
        sim_fail(node->sim, "office %d has no clocks of %s: %s", node->id, row->case_no, question.problem.detail);
    for (int kind = 0; kind < CLOCKS && !node->sim->failure[0]; kind++) {
        const json_t *found = NULL, *one;
        size_t i;
        json_array_foreach(json_object_get(question.answer, "clocks"), i, one)
            if (!strcmp(json_string_value(json_object_get(one, "clock")), clock_rows[kind].name))
                found = one;
        check_page_row(node, row->case_no, kind, found, &all[kind]);
    }
    json_decref(question.answer);
}

/* ---- what silence means ---- */

static bool delegate_accepts(struct sim_node *node, const struct case_row *row, const struct story *s)
{
    struct authorisation_row right;
    if (!strcmp(row->home, row->intake))
        return true; /* its own window */
    if (!s->authorisation[0] || authorisation_get(store_sync_view(node->store), s->authorisation, &right))
        return false;
    bool accepts = right.acceptance != 0;
    authorisation_row_clear(&right);
    return accepts;
}

static void check_silence(struct sim_node *node, const struct case_row *row, const struct story *s)
{
    struct sim *sim = node->sim;
    int64_t receipt = delegate_accepts(node, row, s) ? s->handed_in : s->received, today = timestamp_day(sim->now + node->skew);
    int64_t last = receipt && s->item->deemed_days >= 0 ? walk(sim->calendar, NULL, day_of(receipt), days(s->item->deemed_days, false)) : 0;
    if (s->deemed_at && (!last || day_of(s->deemed_at) <= last || s->deemed_until != last || s->accepted != receipt))
        sim_fail(sim, "case %s was deemed accepted on day %lld, the last day to speak was %lld (told: %lld)", row->case_no,
                 (long long)day_of(s->deemed_at), (long long)last, (long long)s->deemed_until);
    /* the tick of the next midnight has passed both, the last day and the arrival */
    if (sim->year && row->state == CASE_RECEIVED && last && !strcmp(row->home, node->office->code) && today > last + 1 &&
        today > day_of(s->received) + 1)
        sim_fail(sim, "case %s still waits on day %lld, silence meant acceptance after %lld", row->case_no, (long long)today,
                 (long long)last);
    if (sim->year && row->state == CASE_SUPPLEMENT_ASKED && s->item->lapses && !strcmp(row->home, node->office->code) &&
        today > s->supplement_until + 4)
        sim_fail(sim, "case %s still waits on day %lld for a supplement due on %lld", row->case_no, (long long)today,
                 (long long)s->supplement_until);
}

static void check_case(struct sim_node *node, const struct case_row *row)
{
    struct story story;
    struct reckoned all[CLOCKS];
    if (row->pending || !read_story(node, row, &story))
        return;
    end_specials(node->sim->calendar, &story);
    reckon(node, &story, all);
    for (int i = 0; i < CLOCKS; i++)
        node->sim->dates += all[i].runs;
    node->sim->moved_dates += story.supplemented || story.specials || story.extension.given || story.tolerated;
    check_row(node, row, all);
    if (!node->sim->failure[0])
        check_page(node, row, all);
    if (!node->sim->failure[0])
        check_silence(node, row, &story);
}

void sim_check_clocks(struct sim_node *node)
{
    struct case_filter filter = {.state = -1, .limit = LIMIT_LIST_PAGE};
    do {
        struct case_row *rows = NULL;
        size_t count = 0;
        int64_t next = 0;
        if (case_list(store_sync_view(node->store), &filter, &rows, &count, &next)) {
            sim_fail(node->sim, "the cases of office %d cannot be listed", node->id);
            return;
        }
        for (size_t i = 0; i < count && !node->sim->failure[0]; i++)
            check_case(node, &rows[i]);
        case_rows_free(rows, count);
        filter.cursor = next;
    } while (filter.cursor && !node->sim->failure[0]);
}
