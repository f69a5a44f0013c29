/* log: one event per line for whoever is called at night; ids only, never personal data.
 *
 * A line is a JSON document on stderr, or a record of the journal with upper-case fields when stderr is the journal (log_journal.h).
 * Levels: err = somebody must act; warning = it may become so; notice = a state changed; info = one line per message or request;
 * debug = free.  Every event word is a row of log_events.inc.  Text from outside is escaped and cut at LIMIT_LOG_TEXT_BYTES.
 * Thread-safe; a failing sink is switched off, never fatal. */
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

/* Below `level` nothing is written, except in areas with a level of their own; info at the start.  Any thread, at any time. */
void log_set_level(enum log_level level);
/* A level for one area; -1: that of log_set_level again. */
void log_set_area_level(enum log_area area, int level);
/* The level that holds in `area` now; the general one for LOG_AREAS. */
enum log_level log_level_of(enum log_area area);
int log_level_by_name(const char *name); /* or -1 */
int log_area_by_name(const char *name);  /* or -1 */
const char *log_level_name(enum log_level level);
const char *log_area_name(enum log_area area);
bool log_enabled(enum log_level level, enum log_area area);
/* Looks once whether stderr is the journal; before the first thread.  Without it lines are JSON. */
void log_start(void);
/* {"t":"…","level":"info","area":"peer","event":"batch_delivered",fields…}: `event` is a stable word, lower case with underscores. */
void log_event(enum log_level level, enum log_area area, const char *event, const struct log_field *fields);
/* Between the two, lines of this thread are written some together, instead of each by itself: around a loop that does nothing but
 * write lines, so that none waits for anything. */
void log_hold(void);
void log_release(void);
/* At least one field: LOG(LOG_LEVEL_INFO, LOG_MAIN, "started", LOG_INT("pid", getpid())); */
#define LOG(level, area, event, ...) \
    do { \
        if (log_enabled(level, area)) \
            log_event(level, area, event, (const struct log_field[]){__VA_ARGS__, LOG_END}); \
    } while (0)

/* Lines that outsiders can cause, by what causes them: L(CONSTANT, lines a minute, "name"). */
#define LOG_LIMIT_TABLE(L)                    \
    L(ACCEPT, 6, "accept")                    \
    L(HANDSHAKE, 10, "handshake")             \
    L(BAD_REQUEST, 10, "bad_request")         \
    L(REQUEST_REFUSED, 300, "request_refused") \
    L(PROGRESS, 30, "progress")               \
    L(MATERIAL, 120, "material")              \
    L(MATERIAL_READ, 600, "material_read")    \
    L(DISK, 10, "disk")                       \
    L(CONTROL, 10, "control")                 \
    L(BATCH, 30, "batch")                     \
    L(TALLIES, 10, "tallies")                 \
    L(EXCHANGE, 60, "exchange")               \
    L(TOO_OFTEN, 6, "too_often")              \
    L(CONNECTIONS, 6, "connections")          \
    L(CONTRADICTS, 30, "contradicts")
enum log_limit_id {
#define L(constant, per_minute, name) LOG_LIMIT_##constant,
    LOG_LIMIT_TABLE(L)
#undef L
        LOG_LIMITS
};
/* Like LOG, at most so many times a minute; what is left out is counted and told by log_tell_suppressed. */
#define LOG_LIMITED(limit, level, area, event, ...) \
    do { \
        if (log_enabled(level, area) && log_limit_take(limit)) \
            log_event(level, area, event, (const struct log_field[]){__VA_ARGS__, LOG_END}); \
    } while (0)
bool log_limit_take(enum log_limit_id limit);
/* One line `lines_suppressed` for each limit that has left lines out since the last call.  Once a minute and at the end; one thread. */
void log_tell_suppressed(void);

/* The meter under a limit: true at most `per_minute` times a minute. */
struct log_limit {
    int64_t window;
    unsigned count;
};
bool log_limit_pass(struct log_limit *limit, unsigned per_minute);

#endif
