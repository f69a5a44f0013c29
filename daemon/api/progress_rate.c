/* Nobody learns by trying: how often one certificate may ask for progress, and how often anybody may ask about one case. */
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"

/* Counts one more question under this name; false when there were `most` in the window of time, or too many names are counted. */
static bool count_one(struct api_rate *rate, const char *name, unsigned most, int64_t now)
{
    size_t place = LIMIT_PROGRESS_SLOTS;
    for (size_t i = 0; i < LIMIT_PROGRESS_SLOTS; i++) {
        bool running = rate->slots[i].count && now - rate->slots[i].from < LIMIT_PROGRESS_MS;
        if (running && !strcmp(rate->slots[i].name, name))
            return rate->slots[i].count < most && ++rate->slots[i].count;
        if (!running && place == LIMIT_PROGRESS_SLOTS)
            place = i;
    }
    if (place == LIMIT_PROGRESS_SLOTS)
        return false;
    (void)snprintf(rate->slots[place].name, sizeof rate->slots[place].name, "%s", name);
    rate->slots[place].from = now;
    rate->slots[place].count = 1;
    return true;
}

int api_progress_allowed(struct api *api, const struct office_staff *staff, const char *case_no, struct problem *p)
{
    int64_t now = api->world->monotonic_ms(api->world->context);
    char name[sizeof api->progress.slots[0].name];
    (void)snprintf(name, sizeof name, "case %.30s", case_no ? case_no : "");
    bool of_client = count_one(&api->progress, staff->id, LIMIT_PROGRESS_CLIENT, now);
    if (of_client && count_one(&api->progress, name, LIMIT_PROGRESS_CASE, now))
        return 0;
    metric_add(METRIC_PROGRESS_LIMITED, 1);
    LOG_LIMITED(LOG_LIMIT_PROGRESS, LOG_LEVEL_NOTICE, LOG_API, "progress_limited", LOG_TEXT("staff", staff->id),
                LOG_TEXT("by", of_client ? "case" : "certificate"));
    return of_client ? problem_set(p, PROBLEM_TOO_OFTEN, "", "at most %d questions about one case in %d seconds", LIMIT_PROGRESS_CASE,
                                   LIMIT_PROGRESS_MS / 1000)
                     : problem_set(p, PROBLEM_TOO_OFTEN, "", "at most %d questions of one certificate in %d seconds", LIMIT_PROGRESS_CLIENT,
                                   LIMIT_PROGRESS_MS / 1000);
}
