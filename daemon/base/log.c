#include "daemon/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log_journal.h"
#include "daemon/base/metrics.h"
#include "daemon/base/world.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "proto/timestamp.h"

enum { LINE_BYTES = 4096, LINE_TAIL = 2 /* "}\n" always fits */ };

static const char *const level_names[] = {"err", "warning", "notice", "info", "debug"};
static const char *const area_names[LOG_AREAS] = {"main", "config", "store", "ledger", "office",
                                                  "net",  "tls",    "peer",  "api",    "material"};

static _Atomic int current_level = LOG_LEVEL_INFO;
static _Atomic int area_levels[LOG_AREAS]; /* level + 1; 0: the general one */
static _Atomic bool sink_off;
static bool to_journal;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

void log_set_area_level(enum log_area area, int level)
{
    if ((unsigned)area < LOG_AREAS && level >= -1 && level <= LOG_LEVEL_DEBUG)
        atomic_store_explicit(&area_levels[area], level + 1, memory_order_relaxed);
}

enum log_level log_level_of(enum log_area area)
{
    int own = (unsigned)area < LOG_AREAS ? atomic_load_explicit(&area_levels[area], memory_order_relaxed) : 0;
    return (enum log_level)(own ? own - 1 : atomic_load_explicit(&current_level, memory_order_relaxed));
}

static int find_name(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return i;
    return -1;
}

int log_level_by_name(const char *name)
{
    return find_name(name, level_names, (int)(sizeof level_names / sizeof level_names[0]));
}

int log_area_by_name(const char *name)
{
    return find_name(name, area_names, LOG_AREAS);
}

const char *log_level_name(enum log_level level)
{
    return level_names[(unsigned)level <= LOG_LEVEL_DEBUG ? level : LOG_LEVEL_DEBUG];
}

const char *log_area_name(enum log_area area)
{
    return area_names[(unsigned)area < LOG_AREAS ? area : LOG_MAIN];
}

bool log_enabled(enum log_level level, enum log_area area)
{
    return level <= log_level_of(area) && !atomic_load_explicit(&sink_off, memory_order_relaxed);
}

void log_start(void)
{
    to_journal = log_journal_is_stderr();
}

/* A line under construction.  Pieces that do not fit whole are left out, so the line stays valid JSON. */
struct line {
    char bytes[LINE_BYTES];
    size_t len;
};

static bool line_put(struct line *line, const char *bytes, size_t len)
{
    if (len > sizeof line->bytes - LINE_TAIL - line->len)
        return false;
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
    return true;
}

static bool line_put_text(struct line *line, const char *text)
{
    return line_put(line, text, strlen(text));
}

/* Whether the character goes into the line as it is. */
static bool is_plain(int32_t c)
{
    return c >= 0x20 && c != '"' && c != '\\' && (c < 0x7f || c >= 0xa0) && c != 0x2028 && c != 0x2029;
}

/* A character that is not plain, or what is no UTF-8 at all (-1). */
static bool line_put_escaped(struct line *line, int32_t c)
{
    char escape[8];
    int n;
    if (c < 0)
        return line_put_text(line, "\\ufffd");
    if (c == '"' || c == '\\')
        n = snprintf(escape, sizeof escape, "\\%c", (char)c);
    else
        n = snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c & 0xffff);
    return line_put(line, escape, (size_t)n);
}

/* `text` as a string of JSON: what is plain is copied in runs, for every request writes lines; the rest is escaped, broken UTF-8 is
 * U+FFFD. */
static bool line_put_string(struct line *line, const char *text)
{
    if (!text)
        return line_put_text(line, "null");
    size_t len = strnlen(text, LIMIT_LOG_TEXT_BYTES + 4), at = 0, run = 0; /* a whole character across the cut */
    size_t cut = len > LIMIT_LOG_TEXT_BYTES ? LIMIT_LOG_TEXT_BYTES : len;
    if (!line_put_text(line, "\""))
        return false;
    while (at < cut) {
        at += text_plain(text + at, cut - at);
        if (at == cut)
            break;
        size_t next = at;
        int32_t c = text_next(text, len, &next);
        if (c >= 0 && next > cut) /* it stands across the cut: left out rather than broken */
            break;
        if (!is_plain(c)) {
            next = c < 0 ? at + 1 : next;
            if (!line_put(line, text + run, at - run) || !line_put_escaped(line, c))
                return false;
            run = next;
        }
        at = next;
    }
    return line_put(line, text + run, at - run) && line_put_text(line, len > cut ? "…\"" : "\"");
}

static bool line_put_number(struct line *line, int64_t number)
{
    char digits[24];
    return line_put(line, digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, number));
}

static void line_add_field(struct line *line, const struct log_field *field)
{
    size_t before = line->len;
    if (!(line_put_text(line, ",\"") && line_put_text(line, field->name) && line_put_text(line, "\":") &&
          (field->kind == LOG_F_INT ? line_put_number(line, field->number) : line_put_string(line, field->text))))
        line->len = before;
}

/* Lines of this thread that wait for log_release. */
static _Thread_local struct {
    bool on;
    int64_t lines;
    size_t len;
    char bytes[LINE_BYTES];
} held;

/* Whole lines, one write: those of several threads do not mix in a pipe, which takes PIPE_BUF at once. */
static void sink_write(const char *bytes, size_t len, int64_t lines)
{
    while (len) {
        ssize_t n = write(STDERR_FILENO, bytes, len);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            metric_add(METRIC_LOG_LINES_LOST, lines);
            if (errno != EAGAIN)
                atomic_store(&sink_off, true);
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

static void held_write(void)
{
    if (held.len)
        sink_write(held.bytes, held.len, held.lines);
    held.len = 0;
    held.lines = 0;
}

void log_hold(void)
{
    held.on = true;
}

void log_release(void)
{
    held.on = false;
    held_write();
}

static void put_line(const char *bytes, size_t len)
{
    if (!held.on) {
        sink_write(bytes, len, 1);
        return;
    }
    if (len > sizeof held.bytes - held.len)
        held_write();
    memcpy(held.bytes + held.len, bytes, len);
    held.len += len;
    held.lines++;
}

static void write_json(enum log_level level, enum log_area area, const char *event, const struct log_field *fields)
{
    struct line line;
    line.len = 0; /* the bytes are written before they are read */
    char now[TIMESTAMP_TEXT];
    const struct world *world = world_real();
    timestamp_format(world->now_ms(world->context), now);
    const char *const head[] = {"{\"t\":\"", now, "\",\"level\":\"", log_level_name(level), "\",\"area\":\"", log_area_name(area),
                                "\",\"event\":\"", event, "\""};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        (void)line_put_text(&line, head[i]);
    for (; fields && fields->kind != LOG_F_END; fields++)
        line_add_field(&line, fields);
    line.bytes[line.len++] = '}';
    line.bytes[line.len++] = '\n';
    put_line(line.bytes, line.len);
}

void log_event(enum log_level level, enum log_area area, const char *event, const struct log_field *fields)
{
    if (!log_enabled(level, area))
        return;
    if (!to_journal)
        write_json(level, area, event, fields);
    else if (log_journal_write(level, area, event, fields))
        metric_add(METRIC_LOG_LINES_LOST, 1);
}

static struct {
    struct log_limit meter;
    unsigned suppressed;
} limits[LOG_LIMITS];

static const struct {
    unsigned per_minute;
    const char *name;
} limit_rows[LOG_LIMITS] = {
#define L(constant, per_minute, name) {per_minute, name},
    LOG_LIMIT_TABLE(L)
#undef L
};

bool log_limit_take(enum log_limit_id limit)
{
    if (log_limit_pass(&limits[limit].meter, limit_rows[limit].per_minute))
        return true;
    (void)__atomic_fetch_add(&limits[limit].suppressed, 1, __ATOMIC_RELAXED);
    metric_add(METRIC_LOG_LINES_SUPPRESSED, 1);
    return false;
}

void log_tell_suppressed(void)
{
    for (size_t i = 0; i < LOG_LIMITS; i++) {
        unsigned count = __atomic_exchange_n(&limits[i].suppressed, 0, __ATOMIC_RELAXED);
        if (count)
            LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "lines_suppressed", LOG_TEXT("limit", limit_rows[i].name), LOG_INT("count", count),
                LOG_INT("per_minute", limit_rows[i].per_minute));
    }
}

bool log_limit_pass(struct log_limit *limit, unsigned per_minute)
{
    const struct world *world = world_real();
    int64_t window = world->monotonic_ms(world->context) / 60000 + 1; /* never the 0 of a fresh site */
    int64_t seen = __atomic_load_n(&limit->window, __ATOMIC_RELAXED);
    /* whoever moves the window on resets the count; a line too many at the turn of the minute does no harm */
    if (seen != window && __atomic_compare_exchange_n(&limit->window, &seen, window, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        __atomic_store_n(&limit->count, 0, __ATOMIC_RELAXED);
    if (__atomic_load_n(&limit->count, __ATOMIC_RELAXED) >= per_minute)
        return false;
    return __atomic_fetch_add(&limit->count, 1, __ATOMIC_RELAXED) < per_minute;
}
