/* sd: what the service manager is told (sd_notify) and what it hands over (listening sockets, the watchdog's interval); without systemd
 * every call does nothing.
 *
 * Order of a life: sd_tell_ready once the listeners accept; sd_tell_reloading and sd_tell_ready around a reload;
 * sd_tell_stopping at the first moment of the end.  Any thread.  A manager that cannot be reached is not our failure. */
#ifndef BASE_SD_H
#define BASE_SD_H

#include <stdint.h>
#include <sys/uio.h>

#include "proto/err.h"

/* Start-up or reload is finished; `status` is the line that `systemctl status` shows. */
void sd_tell_ready(const char *status);
void sd_tell_reloading(void);
void sd_tell_stopping(void);
/* One line for `systemctl status`; no personal data. */
void sd_tell_status(const char *format, ...) TB_PRINTF(1, 2);
/* The end, or the start, takes up to `ms` more: the manager waits so long from now (EXTEND_TIMEOUT_USEC). */
void sd_tell_patience(int64_t ms);
/* Keeps the watchdog quiet (WatchdogSec=); to be called more often than every sd_watchdog_ms, 0 when no watchdog watches this process. */
void sd_tell_alive(void);
int64_t sd_watchdog_ms(void);

/* Listening sockets that the manager hands over: of socket units, by their FileDescriptorName=, and those that the daemon before this one
 * left with it (sd_sockets_keep), which listen on while nobody is there.  Looked at once, at the start, by one thread. */
enum { SD_SOCKET_NAME = 100 };
struct sd_sockets {
    char **names; /* owned */
    int count;
    int taken;
};
void sd_sockets_take(struct sd_sockets *out);
/* The socket called `name` or kept under it for this address and port; −1 when there is none: *fd is the caller's.  TB_ECONFLICT when that
 * of the socket unit does not listen on TCP `port` (0: any). */
int sd_sockets_find(struct sd_sockets *sockets, const char *name, const char *address, uint16_t port, int *fd) TB_MUST_USE;
/* Leaves a listening socket with the manager (FileDescriptorStoreMax=) for the next daemon. */
void sd_sockets_keep(const char *name, const char *address, uint16_t port, int fd);
/* Gives up what was kept for an address that is no longer configured.  How many sockets of units nobody asked for: whoever connects to them
 * would wait for ever. */
int sd_sockets_clear(struct sd_sockets *sockets);
/* A record of the journal, each part "NAME=value".  TB_EIO when the journal did not take it. */
int sd_tell_journal(const struct iovec *fields, int count) TB_MUST_USE;

#endif
