#include "daemon/base/sd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

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

void sd_tell_patience(int64_t ms)
{
    (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRId64, ms * 1000);
}

int64_t sd_watchdog_ms(void)
{
    uint64_t interval_us = 0;
    return sd_watchdog_enabled(0, &interval_us) > 0 ? (int64_t)(interval_us / 1000) : 0;
}

void sd_sockets_take(struct sd_sockets *out)
{
    *out = (struct sd_sockets){0};
    /* unset: what we start must not take them for its own */
    int count = sd_listen_fds_with_names(1, &out->names);
    out->count = count > 0 ? count : 0;
}

int sd_sockets_find(struct sd_sockets *sockets, const char *name, uint16_t port, int *fd)
{
    *fd = -1;
    int n = 0;
    while (n < sockets->count && strcmp(sockets->names[n], name) != 0)
        n++;
    if (n == sockets->count)
        return 0;
    if (sd_is_socket_inet(SD_LISTEN_FDS_START + n, 0, 0, 1, port) <= 0)
        return TB_ECONFLICT;
    sockets->taken++;
    *fd = SD_LISTEN_FDS_START + n;
    return 0;
}

int sd_sockets_clear(struct sd_sockets *sockets)
{
    int left = sockets->count - sockets->taken;
    for (int n = 0; n < sockets->count; n++)
        free(sockets->names[n]);
    free(sockets->names);
    *sockets = (struct sd_sockets){0};
    return left;
}
