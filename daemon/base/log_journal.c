#include "daemon/base/log_journal.h"

#include <ctype.h>
#include <inttypes.h>
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
    for (;;) {
        size_t from = at;
        at += text_plain(text + at, cut - at);
        memcpy(out + to, text + from, at - from);
        to += at - from;
        if (at == cut)
            break;
        from = at;
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
    const char *tail = len > cut ? "…" : "";
    memcpy(out + to, tail, strlen(tail) + 1);
}

static void value_of(const struct log_field *field, char out[VALUE_BYTES])
{
    if (field->kind == LOG_F_INT)
        (void)snprintf(out, VALUE_BYTES, "%" PRId64, field->number);
    else
        clean(field->text ? field->text : "", out);
}

/* One field of these texts, one behind the other, up to a NULL; left out when it does not fit whole.  No printf: each case of each day
 * writes several records. */
static void record_add(struct log_record *r, const char *const *texts)
{
    size_t used = r->used;
    if (r->count == LOG_RECORD_FIELDS)
        return;
    for (; *texts; texts++) {
        size_t len = strlen(*texts);
        if (len >= sizeof r->bytes - used)
            return;
        memcpy(r->bytes + used, *texts, len);
        used += len;
    }
    r->at[r->count] = r->used;
    r->len[r->count++] = used - r->used;
    r->used = used;
}
#define RECORD_ADD(record, ...) record_add(record, (const char *const[]){__VA_ARGS__, NULL})

/* Appends what fits. */
static void message_put(char text[MESSAGE_BYTES], size_t *at, const char *more)
{
    size_t len = strnlen(more, MESSAGE_BYTES - 1 - *at);
    memcpy(text + *at, more, len);
    *at += len;
    text[*at] = '\0';
}

/* "exchange_failed: the exchange with a counterpart fails (peer=330483, failures=3)" */
static void add_message(struct log_record *r, const char *event, const struct log_event_row *row, const struct log_field *fields)
{
    char text[MESSAGE_BYTES], value[VALUE_BYTES];
    size_t at = 0;
    message_put(text, &at, event);
    message_put(text, &at, row ? ": " : "");
    message_put(text, &at, row ? row->title : "");
    const char *before = " (";
    for (; fields && fields->kind != LOG_F_END; fields++) {
        value_of(fields, value);
        if (at + strlen(fields->name) + strlen(value) + 5 >= sizeof text)
            break;
        const char *const parts[] = {before, fields->name, "=", value};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            message_put(text, &at, parts[i]);
        before = ", ";
    }
    RECORD_ADD(r, "MESSAGE=", text, before[0] == ',' ? ")" : "");
}

void log_record_make(enum log_level level, enum log_area area, const char *event, const struct log_field *fields,
                     struct log_record *out)
{
    static const char *const priorities[] = {"3", "4", "5", "6", "7"}; /* syslog's */
    const struct log_event_row *row = log_event_row(event);
    char value[VALUE_BYTES], name[48], word[65] = "";
    memcpy(word, event, strnlen(event, sizeof word - 1));
    out->count = out->used = 0;
    add_message(out, word, row, fields);
    RECORD_ADD(out, "PRIORITY=", priorities[level]);
    RECORD_ADD(out, "TONGBAN_EVENT=", word);
    RECORD_ADD(out, "TONGBAN_AREA=", log_area_name(area));
    if (row && row->message_id[0])
        RECORD_ADD(out, "MESSAGE_ID=", row->message_id);
    for (; fields && fields->kind != LOG_F_END; fields++) {
        size_t i = 0;
        for (; fields->name[i] && i + 1 < sizeof name; i++)
            name[i] = (char)toupper((unsigned char)fields->name[i]);
        name[i] = '\0';
        value_of(fields, value);
        RECORD_ADD(out, "TONGBAN_", name, "=", value);
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
