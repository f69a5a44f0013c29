/* service: one running office — store, lanes, listeners and drivers, tied to one loop, from start to the last byte.
 *
 * The order of a life: store open → own catalogue published → lanes and listeners → drivers → READY; on SIGTERM: no new connections,
 * open requests finish, drivers stop, the store finishes what is queued.  SIGHUP reads certificates anew. */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include "daemon/base/config.h"

/* Runs until it is told to stop.  0 after a clean stop; otherwise `p` has the words. */
int service_run(const struct config *config, struct problem *p) TB_MUST_USE;

#endif
