/* light: how much time a clock has left, as a colour that a hall reads at a glance (预警灯, domain.md 6.3); pure.
 *
 * A light is computed from three days and a calendar, never stored: green, blue, yellow, red, or grey while the clock stands still.
 * The same colours are used for the limit of the law and for the small limits of the halls' own steps.  Who is told how far up when
 * a light has burnt for how long is one table (逐级上报), and so are the halls' step limits, which an office may configure.
 *
 * Terms: *left* is the number of working days after today up to and with the due day; *overdue* is the same number past it. */
#ifndef PROTO_LIGHT_H
#define PROTO_LIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/calendar.h"

/* L(CONSTANT, "name", "中文", at most this share of the working days left in percent, or at most so many working days).  The first row
 * that holds wins; rows from bad to good.  Red begins on the due day itself ("due or overdue"): from then on nothing is left to plan
 * with, and the last day is a day to act, not to look at.  The day after it is a breach, which `overdue` counts. */
#define LIGHT_TABLE(L)                                                                                                 \
    L(NONE, "", "", -1, -1)                                                                                            \
    L(RED, "red", "红", 0, 0)                                                                                          \
    L(YELLOW, "yellow", "黄", 20, 1)                                                                                   \
    L(BLUE, "blue", "蓝", 50, -1)                                                                                      \
    L(GREEN, "green", "绿", 100, -1)                                                                                   \
    L(GREY, "grey", "灰", -1, -1)

enum light {
    LIGHT_NONE, /* no clock runs */
    LIGHT_GREEN,
    LIGHT_BLUE,
    LIGHT_YELLOW,
    LIGHT_RED,
    LIGHT_GREY, /* the clock is stopped: supplement, special procedure */
    LIGHTS
};

/* The light of a clock that began on from_day and is due on due_day (0: no clock runs).  Percentages are of working days. */
enum light light_of(const struct calendar *calendar, int64_t from_day, int64_t due_day, int64_t today, bool stopped);
/* "green" …; "" for none; static. */
const char *light_text(enum light light);
/* 绿 …; "" for none; static. */
const char *light_zh(enum light light);
/* LIGHT_NONE for an unknown word. */
enum light light_by_text(const char *text);
/* Working days past the due day; 0 when it is not past, or no clock runs. */
int64_t light_overdue(const struct calendar *calendar, int64_t due_day, int64_t today);

/* The chain of reporting (domain.md 6.3): each level is told from this light and so many working days overdue on. */
struct escalation_row {
    const char *name, *en, *zh;
    enum light from;
    int64_t overdue;
};
enum { ESCALATION_LEVELS = 5 };
extern const struct escalation_row escalations[ESCALATION_LEVELS];
/* The highest level that has to know, 1 … ESCALATION_LEVELS; 0: nobody. */
int escalation_of(enum light light, int64_t overdue);

/* Limits of the halls' own steps in working days (domain.md 6.1).  `name` is the configuration key below `limits`. */
enum step_limit { LIMIT_STEP_FORWARD, LIMIT_STEP_ORIGINALS, LIMIT_STEP_RECHECK, LIMIT_STEP_RESULT, STEP_LIMITS };
enum { STEP_LIMIT_DAYS_MAX = 60 };
struct step_limit_row {
    const char *name, *en, *zh;
    int days; /* default, working days */
};
extern const struct step_limit_row step_limits[STEP_LIMITS];

#endif
