/* days: the calendar of the tree and times written as text, for the tests of reports. */
#ifndef UNIT_DAYS_H
#define UNIT_DAYS_H

#include <stdio.h>
#include <string.h>

#include "proto/calendar.h"
#include "proto/liability.h"
#include "proto/timestamp.h"

static struct calendar *calendar;

static int load(void **state)
{
    (void)state;
    static char text[64 * 1024];
    FILE *file = fopen(TONGBAN_SOURCE_DIR "/config/calendar/holidays.tsv", "r");
    if (!file)
        return -1;
    size_t len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    return calendar_parse(text, len, &calendar, NULL);
}

static int unload(void **state)
{
    (void)state;
    calendar_free(calendar);
    return 0;
}

static int64_t day(const char *text)
{
    int64_t out = 0;
    assert_int_equal(date_parse(text, &out), 0);
    return out;
}

/* Noon of a day, or "2026-11-23T23:59". */
static int64_t at(const char *text)
{
    char whole[40];
    int64_t ms = 0;
    (void)snprintf(whole, sizeof whole, "%s%s:00+08:00", text, strlen(text) == 10 ? "T12:00" : "");
    assert_int_equal(timestamp_parse(whole, &ms), 0);
    return ms;
}

/* Whether the accountability report points at this line of the account with that flag. */
static bool shows(const char *flag, const struct account *account, size_t line)
{
    for (size_t i = 0; i < liability_count; i++)
        if (!strcmp(liabilities[i].name, flag))
            return liabilities[i].shows(account, line);
    fail_msg("no flag %s", flag);
    return false;
}

#endif
