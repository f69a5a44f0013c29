#include "proto/light.h"

#include <string.h>

static const struct {
    const char *name, *zh;
} words[LIGHTS] = {
#define L(constant, name, zh, percent, days) [LIGHT_##constant] = {name, zh},
    LIGHT_TABLE(L)
#undef L
};

/* From bad to good: the first that holds wins. */
static const struct {
    enum light light;
    int percent, days;
} thresholds[] = {
#define L(constant, name, zh, percent, days) {LIGHT_##constant, percent, days},
    LIGHT_TABLE(L)
#undef L
};

enum light light_of(const struct calendar *calendar, int64_t from_day, int64_t due_day, int64_t today, bool stopped)
{
    if (!due_day)
        return LIGHT_NONE;
    if (stopped)
        return LIGHT_GREY;
    int64_t all = calendar_between(calendar, from_day, due_day), left = calendar_between(calendar, today, due_day);
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        bool share = thresholds[i].percent >= 0 && left * 100 <= all * thresholds[i].percent;
        if (share || (thresholds[i].days >= 0 && left <= thresholds[i].days))
            return thresholds[i].light;
    }
    return LIGHT_GREEN; /* a clock that has not begun yet has more than everything left */
}

const char *light_text(enum light light)
{
    return (unsigned)light < LIGHTS ? words[light].name : "";
}

const char *light_zh(enum light light)
{
    return (unsigned)light < LIGHTS ? words[light].zh : "";
}

enum light light_by_text(const char *text)
{
    for (int light = LIGHT_NONE + 1; text && light < LIGHTS; light++)
        if (strcmp(words[light].name, text) == 0)
            return (enum light)light;
    return LIGHT_NONE;
}

int64_t light_overdue(const struct calendar *calendar, int64_t due_day, int64_t today)
{
    int64_t over = due_day && today > due_day ? calendar_between(calendar, due_day, today) : 0;
    return over > 0 ? over : 0;
}

const struct escalation_row escalations[ESCALATION_LEVELS] = {
    {"officer", "officer in charge", "经办人", LIGHT_YELLOW, 0},
    {"liaison", "liaison of the office", "联络员", LIGHT_RED, 0},
    {"window_head", "head of the window", "窗口负责人", LIGHT_RED, 1},
    {"coordinating_office", "coordinating office", "政务(数据)办/行政审批局", LIGHT_RED, 3},
    {"meeting", "regular meeting of both sides", "例会", LIGHT_RED, 10},
};

int escalation_of(enum light light, int64_t overdue)
{
    int level = 0;
    for (int i = 0; i < ESCALATION_LEVELS; i++) {
        bool burns = light == escalations[i].from || (light == LIGHT_RED && escalations[i].from == LIGHT_YELLOW);
        if (burns && overdue >= escalations[i].overdue)
            level = i + 1;
    }
    return level;
}

/* Published practice of an offline "全区通办" (domain.md 6.1): forwarded within one working day, originals posted within two, checked again
 * within one, the result posted within one. */
const struct step_limit_row step_limits[STEP_LIMITS] = {
    [LIMIT_STEP_FORWARD] = {"forward", "intake forwards to the home side", "收件推送", 1},
    [LIMIT_STEP_ORIGINALS] = {"originals", "intake posts the paper originals", "原件寄递", 2},
    [LIMIT_STEP_RECHECK] = {"recheck", "home side checks again and answers", "属地复核", 1},
    [LIMIT_STEP_RESULT] = {"result", "result is posted or handed over", "结果寄送", 1},
};
