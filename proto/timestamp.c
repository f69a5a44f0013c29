#include "proto/timestamp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS    INT64_C(86400000)
#define ZONE_MS   (INT64_C(8) * 3600 * 1000) /* China Standard Time, no summer time since 1991 */
#define FIRST_DAY INT64_C(-25567)            /* 1900-01-01 */
#define LAST_DAY  INT64_C(2932896)           /* 9999-12-31 */

/* Days since 1970-01-01 of a valid civil date.  The year is counted from March, so that the leap day is its last. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t from_march = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 306 + 5) / 10 + day - 1 - 719468;
}

static bool leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    /* the estimate is at most one year too late */
    int y = (int)(1970 + days / 365);
    while (days_from_civil(y, 1, 1) > days)
        y--;
    int rest = (int)(days - days_from_civil(y, 1, 1));
    int m = 1;
    while (rest >= month_days(y, m))
        rest -= month_days(y, m++);
    *year = y;
    *month = m;
    *day = rest + 1;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Reads exactly n digits. */
static bool digits(const char **at, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return true;
}

static bool literal(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *day)
{
    int y, m, d;
    if (!digits(at, 4, &y) || !literal(at, '-') || !digits(at, 2, &m) || !literal(at, '-') || !digits(at, 2, &d))
        return false;
    if (y < 1900 || m < 1 || m > 12 || d < 1 || d > month_days(y, m))
        return false;
    *day = days_from_civil(y, m, d);
    return true;
}

static bool read_fraction(const char **at, int *ms)
{
    *ms = 0;
    if (!literal(at, '.'))
        return true;
    int scale = 100, n = 0;
    for (; n < 3 && **at >= '0' && **at <= '9'; n++, scale /= 10)
        *ms += (*(*at)++ - '0') * scale;
    return n > 0;
}

static bool read_offset(const char **at, int *minutes)
{
    *minutes = 0;
    if (literal(at, 'Z'))
        return true;
    int sign = **at == '-' ? -1 : 1, h, m;
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!digits(at, 2, &h) || !literal(at, ':') || !digits(at, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

int timestamp_parse(const char *text, int64_t *ms)
{
    const char *at = text;
    int64_t day;
    int h, m, s, fraction, offset;
    if (!read_date(&at, &day) || !literal(&at, 'T') || !digits(&at, 2, &h) || !literal(&at, ':') ||
        !digits(&at, 2, &m) || !literal(&at, ':') || !digits(&at, 2, &s) || !read_fraction(&at, &fraction) ||
        !read_offset(&at, &offset) || *at || h > 23 || m > 59 || s > 59)
        return TB_EMALFORMED;
    int64_t made = day * DAY_MS + ((int64_t)h * 60 + m - offset) * 60000 + (int64_t)s * 1000 + fraction;
    /* what we take we must be able to write again in our own zone */
    int64_t local = timestamp_day(made);
    if (local < FIRST_DAY || local > LAST_DAY)
        return TB_EMALFORMED;
    *ms = made;
    return 0;
}

int64_t timestamp_day(int64_t ms)
{
    int64_t day = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        day--;
        rest += DAY_MS;
    }
    return rest + ZONE_MS >= DAY_MS ? day + 1 : day;
}

/* The last `n` digits of a number, and where to go on. */
static char *put_digits(char *to, unsigned value, int n)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + n;
}

void timestamp_format(int64_t ms, char out[TIMESTAMP_TEXT])
{
    int64_t local = clamp(ms, FIRST_DAY * DAY_MS - ZONE_MS, (LAST_DAY + 1) * DAY_MS - ZONE_MS - 1) + ZONE_MS;
    int64_t day = timestamp_day(local - ZONE_MS);
    unsigned rest = (unsigned)(local - day * DAY_MS);
    date_format(day, out);
    char *to = out + DATE_TEXT - 1;
    *to++ = 'T';
    to = put_digits(to, rest / 3600000, 2);
    *to++ = ':';
    to = put_digits(to, rest / 60000 % 60, 2);
    *to++ = ':';
    to = put_digits(to, rest / 1000 % 60, 2);
    *to++ = '.';
    to = put_digits(to, rest % 1000, 3);
    memcpy(to, "+08:00", sizeof "+08:00");
}

int date_parse(const char *text, int64_t *day)
{
    const char *at = text;
    int64_t made;
    if (!read_date(&at, &made) || *at)
        return TB_EMALFORMED;
    *day = made;
    return 0;
}

void date_format(int64_t day, char out[DATE_TEXT])
{
    int y, m, d;
    civil_from_days(clamp(day, FIRST_DAY, LAST_DAY), &y, &m, &d);
    out = put_digits(out, (unsigned)y, 4);
    *out++ = '-';
    out = put_digits(out, (unsigned)m, 2);
    *out++ = '-';
    *put_digits(out, (unsigned)d, 2) = '\0';
}

int64_t date_start_ms(int64_t day)
{
    return clamp(day, FIRST_DAY, LAST_DAY) * DAY_MS - ZONE_MS;
}

int64_t timestamp_last_due(const char *at, int64_t now_ms)
{
    const int64_t minute_ms = 60 * 1000, day_ms = 24 * 60 * minute_ms, offset_ms = 8 * 60 * minute_ms;
    int64_t minute = strtol(at, NULL, 10) * 60 + strtol(at + 3, NULL, 10);
    int64_t local = now_ms + offset_ms, due = local - local % day_ms + minute * minute_ms;
    return (due > local ? due - day_ms : due) - offset_ms;
}
