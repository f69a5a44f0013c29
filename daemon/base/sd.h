/* sd: what the service manager is told (sd_notify); without systemd every call does nothing.
 *
 * Order of a life: sd_tell_ready once the listeners accept; sd_tell_reloading and sd_tell_ready around a reload;
 * sd_tell_stopping at the first moment of the end.  Any thread.  A manager that cannot be reached is not our failure. */
#ifndef BASE_SD_H
#define BASE_SD_H

#include <sys/uio.h>

#include "proto/err.h"

/* Start-up or reload is finished; `status` is the line that `systemctl status` shows. */
void sd_tell_ready(const char *status);
void sd_tell_reloading(void);
void sd_tell_stopping(void);
/* One line for `systemctl status`; no personal data. */
void sd_tell_status(const char *format, ...) TB_PRINTF(1, 2);
/* Keeps the watchdog quiet (WatchdogSec=). */
void sd_tell_alive(void);
/* A record of the journal, each part "NAME=value".  TB_EIO when the journal did not take it. */
int sd_tell_journal(const struct iovec *fields, int count) TB_MUST_USE;

#endif
