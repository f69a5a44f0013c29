#include "daemon/base/sd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

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

static const char kept[] = "kept-";

/* "kept-window-192.0.2.10-7401": says for what it was kept, so that another address is another name; ':' may not stand in one. */
static void kept_name(const char *name, const char *address, uint16_t port, char out[SD_SOCKET_NAME])
{
    (void)snprintf(out, SD_SOCKET_NAME, "%s%.20s-%.50s-%u", kept, name, address, port);
    for (char *c = strchr(out, ':'); c; c = strchr(c, ':'))
        *c = '.';
}

static int find_named(const struct sd_sockets *sockets, const char *name)
{
    for (int n = 0; n < sockets->count; n++)
        if (strcmp(sockets->names[n], name) == 0)
            return n;
    return -1;
}

static void take(struct sd_sockets *sockets, int n, int *fd)
{
    sockets->taken++;
    sockets->names[n][0] = '\0';
    *fd = SD_LISTEN_FDS_START + n;
}

int sd_sockets_find(struct sd_sockets *sockets, const char *name, const char *address, uint16_t port, int *fd)
{
    char ours[SD_SOCKET_NAME];
    *fd = -1;
    int n = find_named(sockets, name);
    if (n >= 0) {
        if (sd_is_socket_inet(SD_LISTEN_FDS_START + n, 0, 0, 1, port) <= 0)
            return TB_ECONFLICT;
        take(sockets, n, fd);
        return 0;
    }
    kept_name(name, address, port, ours);
    n = find_named(sockets, ours);
    if (n >= 0 && sd_is_socket_inet(SD_LISTEN_FDS_START + n, 0, 0, 1, port) > 0)
        take(sockets, n, fd);
    return 0;
}

void sd_sockets_keep(const char *name, const char *address, uint16_t port, int fd)
{
    char ours[SD_SOCKET_NAME], text[2 * SD_SOCKET_NAME];
    kept_name(name, address, port, ours);
    (void)snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s", ours);
    (void)sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}

int sd_sockets_clear(struct sd_sockets *sockets)
{
    int left = sockets->count - sockets->taken;
    for (int n = 0; n < sockets->count; n++) {
        if (strncmp(sockets->names[n], kept, sizeof kept - 1) == 0) {
            (void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", sockets->names[n]);
            (void)close(SD_LISTEN_FDS_START + n);
            left--;
        }
        free(sockets->names[n]);
    }
    free(sockets->names);
    *sockets = (struct sd_sockets){0};
    return left;
}

int sd_tell_journal(const struct iovec *fields, int count)
{
    return sd_journal_sendv(fields, count) < 0 ? TB_EIO : 0;
}
