#include "daemon/base/log_events.h"

#include <string.h>

const struct log_event_row log_events[] = {
#define EVENT(word, level, area, cause, id, title, title_zh, meaning, action, meaning_zh, action_zh) \
    {#word, LOG_LEVEL_##level, LOG_##area, LOG_BY_##cause, id, title, title_zh, meaning, action, meaning_zh, action_zh},
#define FACT(word, level, area, cause, title, title_zh) \
    {#word, LOG_LEVEL_##level, LOG_##area, LOG_BY_##cause, "", title, title_zh, "", "", "", ""},
#include "daemon/base/log_events.inc"
#undef EVENT
#undef FACT
};
const size_t log_event_count = sizeof log_events / sizeof log_events[0];

const struct log_event_row *log_event_row(const char *word)
{
    for (size_t i = 0; i < log_event_count; i++)
        if (!strcmp(word, log_events[i].word))
            return &log_events[i];
    return NULL;
}
