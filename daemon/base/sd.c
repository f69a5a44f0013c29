#include "daemon/base/sd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "daemon/base/world.h"

void sd_tell_ready(const char *status)
{
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void sd_tell_reloading(void)
{
    const struct world *world = world_real();
    /* MONOTONIC_USEC lets the manager match this to its own reload request (Type=notify-reload) */
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, world->monotonic_ms(world->context) * 1000);
}

void sd_tell_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void sd_tell_status(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)sd_notifyf(0, "STATUS=%s", line);
}

void sd_tell_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

int sd_tell_journal(const struct iovec *fields, int count)
{
    return sd_journal_sendv(fields, count) < 0 ? TB_EIO : 0;
}
