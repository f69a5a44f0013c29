/* log: one JSON line per event on stderr (journald takes them as they are); ids only, never personal data.
 *
 * Levels: err = somebody must act; warning = it may become so; notice = a state changed; info = one line per message; debug = free.
 * Text from outside is escaped and cut at LIMIT_LOG_TEXT_BYTES.  Thread-safe; a failing sink is switched off, never fatal. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

enum log_level { LOG_LEVEL_ERR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_area { LOG_MAIN, LOG_CONFIG, LOG_STORE, LOG_LEDGER, LOG_OFFICE, LOG_NET, LOG_TLS, LOG_PEER, LOG_API, LOG_MATERIAL, LOG_AREAS };

/* A typed field; end the list with LOG_END. */
struct log_field {
    const char *name;
    enum { LOG_F_END, LOG_F_TEXT, LOG_F_INT } kind;
    const char *text;
    int64_t number;
};
#define LOG_TEXT(n, v) ((struct log_field){.name = (n), .kind = LOG_F_TEXT, .text = (v)})
#define LOG_INT(n, v) ((struct log_field){.name = (n), .kind = LOG_F_INT, .number = (int64_t)(v)})
#define LOG_END ((struct log_field){.kind = LOG_F_END})

/* Below `level` nothing is written; info at the start.  Any thread. */
void log_set_level(enum log_level level);
int log_level_by_name(const char *name); /* or -1 */
bool log_enabled(enum log_level level);
/* {"t":"…","level":"info","area":"peer","event":"batch_delivered",fields…}: `event` is a stable word, lower case with underscores. */
void log_event(enum log_level level, enum log_area area, const char *event, const struct log_field *fields);
/* At least one field: LOG(LOG_LEVEL_INFO, LOG_MAIN, "started", LOG_INT("pid", getpid())); */
#define LOG(level, area, event, ...) \
    do { \
        if (log_enabled(level)) \
            log_event(level, area, event, (const struct log_field[]){__VA_ARGS__, LOG_END}); \
    } while (0)
/* For what outsiders can trigger: true at most `per_minute` times a minute for this site. */
struct log_limit {
    int64_t window;
    unsigned count;
};
bool log_limit_pass(struct log_limit *limit, unsigned per_minute);

#endif
