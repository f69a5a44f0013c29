/* manager: what systemd is told as time passes — the line of `systemctl status`, and the watchdog.
 *
 * The watchdog hears from us only while the loop turns (its timer runs there) and the writer does: the writer shows a sign of life at
 * least once a second, also when there is nothing to write.  Without a watchdog there is no timer.  Loop thread throughout. */
#ifndef DAEMON_MANAGER_H
#define DAEMON_MANAGER_H

#include <stdbool.h>

#include "daemon/api/api.h"

enum {
    MANAGER_LINE = 200,
    MANAGER_STORE_END_MS = 120 * 1000, /* the end of the store: what is queued, the write-ahead log */
    MANAGER_WRITER_MS = 3000           /* three signs of life of the writer: less silence means nothing, however short the interval */
};

struct manager {
    const struct api *api;
    uv_timer_t watchdog; /* runs while its data is set */
    int64_t silence_ms;  /* of the writer, after which the watchdog is not fed */
    bool silent;
    char line[MANAGER_LINE];
};

/* The api is borrowed until manager_stop. */
void manager_start(struct manager *manager, const struct api *api);
/* The present line, for READY=1; borrowed until the next call. */
const char *manager_line(struct manager *manager);
/* Tells the line when it has changed. */
void manager_refresh(struct manager *manager);
/* A manager that was not started is left alone. */
void manager_stop(struct manager *manager);

#endif
