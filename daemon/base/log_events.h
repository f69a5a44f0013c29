/* log_events: what each event of the log means and, where somebody must act, what to do — one table, log_events.inc.
 *
 * From it come MESSAGE_ID of the journal's records, the catalogues that `journalctl -x` shows (systemd/tongban.catalog,
 * systemd/tongban.zh_CN.catalog), and the pages docs/reference/events.md and docs/zh/events.md.  A lint compares it with every LOG( in
 * the program. */
#ifndef BASE_LOG_EVENTS_H
#define BASE_LOG_EVENTS_H

#include <stddef.h>

#include "daemon/base/log.h"

/* Who can cause such a line. */
enum log_cause {
    LOG_BY_MACHINE,  /* disk, clock, the program itself */
    LOG_BY_OPERATOR, /* configuration, files, signals, tongbanctl */
    LOG_BY_STAFF,    /* a request with the certificate of a member of staff */
    LOG_BY_PEER,     /* a request or answer of a counterpart */
    LOG_BY_ANYONE    /* whoever reaches the port */
};

struct log_event_row {
    const char *word;
    enum log_level level; /* the gravest with which it is written */
    enum log_area area;
    enum log_cause cause;
    const char *message_id;      /* 32 hexadecimal digits, fixed for ever; "" when there is nothing to act on */
    const char *title, *title_zh; /* what happened, in a few words */
    const char *meaning, *action, *meaning_zh, *action_zh; /* "" when there is nothing to act on */
};
extern const struct log_event_row log_events[];
extern const size_t log_event_count;

/* The row of an event, or NULL. */
const struct log_event_row *log_event_row(const char *word);

#endif
