#include "proto/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/timestamp.h"

struct exception {
    int64_t day;
    bool works;
    unsigned line; /* where it stands, for the message about a second one */
};

struct calendar {
    int64_t last_day;
    size_t count;
    struct exception exceptions[]; /* by day */
};

/* Far beyond every date that timestamp.h can write; keeps day arithmetic from overflowing. */
enum { CALENDAR_DAYS = 4000000 };

static int compare_exceptions(const void *a, const void *b)
{
    const struct exception *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->line < y->line ? -1 : 1;
}

static bool field_is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* "2026-02-14\tworkday\t春节" */
static int parse_line(const char *line, size_t len, unsigned number, struct exception *out, struct problem *p)
{
    const char *first = memchr(line, '\t', len);
    const char *second = first ? memchr(first + 1, '\t', len - (size_t)(first + 1 - line)) : NULL;
    if (!second || memchr(second + 1, '\t', len - (size_t)(second + 1 - line)))
        return problem_set(p, PROBLEM_FIELD, "", "line %u: needs three fields with a tab between them", number);
    char date[DATE_TEXT] = "";
    int64_t day = 0;
    if (first - line != DATE_TEXT - 1)
        return problem_set(p, PROBLEM_FIELD, "", "line %u: the date must look like 2026-02-14", number);
    memcpy(date, line, DATE_TEXT - 1);
    if (date_parse(date, &day))
        return problem_set(p, PROBLEM_FIELD, "", "line %u: there is no such date", number);
    size_t kind_len = (size_t)(second - first - 1);
    bool works = field_is(first + 1, kind_len, "workday");
    if (!works && !field_is(first + 1, kind_len, "holiday"))
        return problem_set(p, PROBLEM_FIELD, "", "line %u: the kind must be holiday or workday", number);
    *out = (struct exception){.day = day, .works = works, .line = number};
    return 0;
}

static int64_t end_of_year(int64_t day)
{
    char date[DATE_TEXT];
    int64_t last = day;
    date_format(day, date);
    memcpy(date + 4, "-12-31", 6);
    return date_parse(date, &last) ? day : last;
}

static int check_doubles(const struct calendar *calendar, struct problem *p)
{
    for (size_t i = 1; i < calendar->count; i++)
        if (calendar->exceptions[i].day == calendar->exceptions[i - 1].day)
            return problem_set(p, PROBLEM_FIELD, "", "line %u: the date stands in line %u already",
                               calendar->exceptions[i].line, calendar->exceptions[i - 1].line);
    return 0;
}

int calendar_parse(const char *text, size_t len, struct calendar **out, struct problem *p)
{
    static const char header[] = "date\tkind\tname";
    if (len > LIMIT_CONFIG_BYTES)
        return problem_set(p, PROBLEM_TOO_LARGE, "", "a calendar has at most %d bytes", LIMIT_CONFIG_BYTES);
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    struct calendar *calendar = calloc(1, sizeof *calendar + lines * sizeof calendar->exceptions[0]);
    if (!calendar)
        return TB_ENOMEM;
    int rc = 0;
    unsigned number = 0;
    for (size_t at = 0; at < len && !rc;) {
        const char *line = text + at;
        const char *end = memchr(line, '\n', len - at);
        size_t line_len = end ? (size_t)(end - line) : len - at;
        at += line_len + (end != NULL);
        number++;
        if (number == 1)
            rc = field_is(line, line_len, header)
                     ? 0
                     : problem_set(p, PROBLEM_FIELD, "",
                                   "line 1: must be the header date, kind, name with tabs between them");
        else
            rc = parse_line(line, line_len, number, &calendar->exceptions[calendar->count++], p);
    }
    if (!rc && number == 0)
        rc = problem_set(p, PROBLEM_FIELD, "", "line 1: the calendar is empty");
    if (!rc) {
        qsort(calendar->exceptions, calendar->count, sizeof calendar->exceptions[0], compare_exceptions);
        rc = check_doubles(calendar, p);
    }
    if (rc) {
        calendar_free(calendar);
        return rc;
    }
    calendar->last_day = calendar->count ? end_of_year(calendar->exceptions[calendar->count - 1].day) : -CALENDAR_DAYS;
    *out = calendar;
    return 0;
}

void calendar_free(struct calendar *calendar)
{
    free(calendar);
}

static int compare_day(const void *key, const void *element)
{
    int64_t day = *(const int64_t *)key, other = ((const struct exception *)element)->day;
    return day < other ? -1 : day > other;
}

bool calendar_is_working_day(const struct calendar *calendar, int64_t day)
{
    const struct exception *found =
        bsearch(&day, calendar->exceptions, calendar->count, sizeof calendar->exceptions[0], compare_day);
    if (found)
        return found->works;
    int64_t weekday = ((day + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 is Sunday */
    return weekday >= 1 && weekday <= 5;
}

int64_t calendar_last_day(const struct calendar *calendar)
{
    return calendar->last_day;
}

int calendar_add(const struct calendar *calendar, int64_t day, unsigned n, int64_t *out, bool *provisional)
{
    if (n > 1000 || day < -CALENDAR_DAYS || day > CALENDAR_DAYS)
        return TB_EINVAL;
    while (n > 0) {
        day++;
        if (calendar_is_working_day(calendar, day))
            n--;
    }
    *out = day;
    *provisional = day > calendar->last_day;
    return 0;
}

/* Mondays to Fridays from a fixed Monday on up to and with `day`; only differences mean anything. */
static int64_t weekdays_until(int64_t day)
{
    int64_t since = day + 4 + 7 * (int64_t)(CALENDAR_DAYS / 7); /* 1969-12-29 was a Monday: day -3; never negative here */
    int64_t week = (since - 1) / 7, in_week = (since - 1) % 7 + 1; /* 1 is Monday … 7 is Sunday */
    return week * 5 + (in_week < 5 ? in_week : 5);
}

static int64_t clamp_day(int64_t day)
{
    return day < -CALENDAR_DAYS / 2 ? -CALENDAR_DAYS / 2 : day > CALENDAR_DAYS ? CALENDAR_DAYS : day;
}

int64_t calendar_between(const struct calendar *calendar, int64_t a, int64_t b)
{
    a = clamp_day(a);
    b = clamp_day(b);
    if (b < a)
        return -calendar_between(calendar, b, a);
    int64_t days = weekdays_until(b) - weekdays_until(a);
    for (size_t i = 0; i < calendar->count; i++) {
        const struct exception *e = &calendar->exceptions[i];
        if (e->day <= a || e->day > b)
            continue;
        int64_t weekday = ((e->day + 4) % 7 + 7) % 7;
        bool usual = weekday >= 1 && weekday <= 5;
        days += (int64_t)e->works - (int64_t)usual;
    }
    return days;
}
