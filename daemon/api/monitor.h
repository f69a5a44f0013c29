/* monitor: looks each minute whether anything is wrong at this office, remembers since when, and says so in the log when it begins and
 * when it is over (proto/finding.h).  It asks the writer and a reader the way everybody else does, so it sees what they see.
 * Loop thread. */
#ifndef API_MONITOR_H
#define API_MONITOR_H

#include "daemon/api/control.h"
#include "proto/finding.h"

struct monitor;
/* *out is new; monitor_stop ends it. */
int monitor_start(const struct control_parts *parts, struct monitor **out) TB_MUST_USE;
/* Frees later, from the loop.  NULL does nothing. */
void monitor_stop(struct monitor *monitor);

/* What stands now: looks once more first.  `done` comes from the loop, exactly once, with an error code when the store does not answer
 * (the findings then say so).  The document is borrowed for the call: {"office", "state", "findings":[…], "peers":[…], …}, as
 * docs/reference/tongbanctl.md has it. */
int monitor_ask(struct monitor *monitor, void (*done)(void *context, const json_t *status), void *context) TB_MUST_USE;

#endif
