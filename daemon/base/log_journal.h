/* log_journal: log events as records of the systemd journal (systemd.journal-fields(7)).
 *
 * A record has MESSAGE (a line for people), PRIORITY, MESSAGE_ID when the event is one to act on (log_events.h), TONGBAN_EVENT,
 * TONGBAN_AREA, and each field under its name in capitals: `peer` is TONGBAN_PEER.  Any thread. */
#ifndef BASE_LOG_JOURNAL_H
#define BASE_LOG_JOURNAL_H

#include <stddef.h>

#include "daemon/base/log.h"

/* True when $JOURNAL_STREAM names the device and inode of file descriptor 2: systemd.exec(5). */
bool log_journal_is_stderr(void);
/* 0, or TB_EIO when the journal did not take it. */
int log_journal_write(enum log_level level, enum log_area area, const char *event, const struct log_field *fields) TB_MUST_USE;

/* ---- between here and its test ---- */

#define LOG_RECORD_FIELDS 24U
#define LOG_RECORD_BYTES 6144U
/* The fields of a record, each "NAME=value", one after the other in `bytes`. */
struct log_record {
    char bytes[LOG_RECORD_BYTES];
    size_t at[LOG_RECORD_FIELDS], len[LOG_RECORD_FIELDS], count, used;
};
/* What does not fit whole is left out; MESSAGE, PRIORITY, TONGBAN_EVENT and TONGBAN_AREA always fit. */
void log_record_make(enum log_level level, enum log_area area, const char *event, const struct log_field *fields,
                     struct log_record *out);

#endif
