/* liability: what in the history of a case was not as the law wants it (责任追溯; 行政许可法 72, 74; 浙江"最多跑一次"规定 43); pure.
 *
 * A flag is a row of `liabilities`: its law, its words, and a function that finds the lines of the history that show it.  A flag is an
 * observation for the supervisor, not a finding: whether somebody is liable is decided by people (domain.md 6.3). */
#ifndef PROTO_LIABILITY_H
#define PROTO_LIABILITY_H

#include "proto/calendar.h"
#include "proto/report.h"

/* One entry of the history. */
struct account_line {
    enum entry_type type;
    enum case_side side;     /* of the office that wrote it */
    enum case_step step;     /* that it did for the other side, or STEP_NONE */
    int64_t at;              /* ms, writer's clock */
    int verdict;             /* enum verdict of the receiver, −1 none (yet) */
    const char *problem;     /* name of the problem it was refused with, or "" */
    bool authorised;         /* it names an authorisation */
    /* of an act of a register: the act, and the object as it is now (borrowed); else NULL */
    const struct register_act *act;
    const struct report_object *object;
};

struct account {
    const struct report_case *facts; /* with clocks */
    const struct account_line *lines;
    size_t count;
    const struct calendar *calendar;
    int64_t today;
};

struct liability {
    const char *name, *en, *zh, *law;
    bool (*shows)(const struct account *account, size_t line); /* whether this line shows it */
};
extern const struct liability liabilities[];
extern const size_t liability_count;

#endif
