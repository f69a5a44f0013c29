/* retention_run: passes over what is over its retention — each night, and when an operator asks.
 *
 * A night begins with a look that changes nothing; where the configuration says so it goes on with erasing.  A page is one command of the
 * writer, other work goes in between; one pass that erases at a time.  A pass that was interrupted is begun again after the start.
 * Loop thread. */
#ifndef API_RETENTION_RUN_H
#define API_RETENTION_RUN_H

#include "daemon/api/control.h"
#include "daemon/office/retention.h"

struct retention_run;
/* *out is new; retention_run_stop ends it. */
int retention_run_start(const struct control_parts *parts, struct retention_run **out) TB_MUST_USE;
/* Frees later, from the loop.  Before store_stop.  NULL does nothing. */
void retention_run_stop(struct retention_run *run);

/* RETENTION_PLAN or RETENTION_RUN over all cases.  `done` comes exactly once, from the loop; `pass` is borrowed for the call; a negative
 * `rc` has its words in pass->problem. */
int retention_run_ask(struct retention_run *run, enum retention_act act,
                      void (*done)(void *context, const struct office_retention *pass, int rc), void *context,
                      struct problem *p) TB_MUST_USE;

/* What is known since the last look. */
struct retention_state {
    bool sweeps;                  /* by night */
    bool failed;                  /* the last pass that was to erase ended early, or left cases without an archive */
    bool looked;                  /* the numbers below are known */
    int64_t due, due_days;        /* cases over their retention that are still here, and how long the oldest */
    struct retention_sweep last;
};
/* NULL: all zero. */
struct retention_state retention_run_state(const struct retention_run *run);

#endif
