#include "daemon/base/log_journal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log_events.h"
#include "daemon/base/sd.h"
#include "proto/limits.h"
#include "proto/text.h"

#define VALUE_BYTES (LIMIT_LOG_TEXT_BYTES * 6U + 4)
#define MESSAGE_BYTES 1024U

bool log_journal_is_stderr(void)
{
    const char *given = getenv("JOURNAL_STREAM");
    struct stat st;
    char mine[64];
    if (!given || fstat(STDERR_FILENO, &st))
        return false;
    (void)snprintf(mine, sizeof mine, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return !strcmp(given, mine);
}

/* Text from outside: one line, valid UTF-8, cut at a character. */
static void clean(const char *text, char out[VALUE_BYTES])
{
    size_t len = strnlen(text, LIMIT_LOG_TEXT_BYTES + 4), at = 0, to = 0;
    size_t cut = len > LIMIT_LOG_TEXT_BYTES ? LIMIT_LOG_TEXT_BYTES : len;
    while (at < cut) {
        size_t from = at;
        int32_t c = text_next(text, len, &at);
        if (c >= 0 && at > cut)
            break;
        if (c < 0) {
            at = from + 1;
            to += (size_t)snprintf(out + to, VALUE_BYTES - to, "\xEF\xBF\xBD");
        } else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029) {
            to += (size_t)snprintf(out + to, VALUE_BYTES - to, "\\u%04x", (unsigned)c);
        } else {
            memcpy(out + to, text + from, at - from);
            to += at - from;
        }
    }
    (void)snprintf(out + to, VALUE_BYTES - to, "%s", len > cut ? "…" : "");
}

static void value_of(const struct log_field *field, char out[VALUE_BYTES])
{
    if (field->kind == LOG_F_INT)
        (void)snprintf(out, VALUE_BYTES, "%" PRId64, field->number);
    else
        clean(field->text ? field->text : "", out);
}

static void TB_PRINTF(2, 3) record_add(struct log_record *r, const char *format, ...)
{
    size_t room = sizeof r->bytes - r->used;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->bytes + r->used, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room || r->count == LOG_RECORD_FIELDS)
        return;
    r->at[r->count] = r->used;
    r->len[r->count++] = (size_t)n;
    r->used += (size_t)n;
}

/* "exchange_failed: the exchange with a counterpart fails (peer=330483, failures=3)" */
static void add_message(struct log_record *r, const char *event, const struct log_event_row *row, const struct log_field *fields)
{
    char text[MESSAGE_BYTES], value[VALUE_BYTES];
    int n = snprintf(text, sizeof text, "%.64s%s%s", event, row ? ": " : "", row ? row->title : "");
    size_t at = (size_t)n;
    const char *before = " (";
    for (; fields && fields->kind != LOG_F_END; fields++) {
        value_of(fields, value);
        if (at + strlen(fields->name) + strlen(value) + 5 >= sizeof text)
            break;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s=%s", before, fields->name, value);
        before = ", ";
    }
    record_add(r, "MESSAGE=%s%s", text, before[0] == ',' ? ")" : "");
}

void log_record_make(enum log_level level, enum log_area area, const char *event, const struct log_field *fields,
                     struct log_record *out)
{
    static const int priorities[] = {3, 4, 5, 6, 7}; /* syslog's */
    const struct log_event_row *row = log_event_row(event);
    char value[VALUE_BYTES], name[48];
    out->count = out->used = 0;
    add_message(out, event, row, fields);
    record_add(out, "PRIORITY=%d", priorities[level]);
    record_add(out, "TONGBAN_EVENT=%.64s", event);
    record_add(out, "TONGBAN_AREA=%s", log_area_name(area));
    if (row && row->message_id[0])
        record_add(out, "MESSAGE_ID=%s", row->message_id);
    for (; fields && fields->kind != LOG_F_END; fields++) {
        size_t i = 0;
        for (; fields->name[i] && i + 1 < sizeof name; i++)
            name[i] = (char)toupper((unsigned char)fields->name[i]);
        name[i] = '\0';
        value_of(fields, value);
        record_add(out, "TONGBAN_%s=%s", name, value);
    }
}

int log_journal_write(enum log_level level, enum log_area area, const char *event, const struct log_field *fields)
{
    struct log_record record;
    struct iovec parts[LOG_RECORD_FIELDS];
    log_record_make(level, area, event, fields, &record);
    for (size_t i = 0; i < record.count; i++)
        parts[i] = (struct iovec){.iov_base = record.bytes + record.at[i], .iov_len = record.len[i]};
    return sd_tell_journal(parts, (int)record.count);
}
