#include "daemon/recovery_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 1100, TEXT_BYTES = 256 };

static bool path_of(const char *directory, const char *name, char out[PATH_BYTES])
{
    int n = snprintf(out, PATH_BYTES, "%s/%s", directory, name);
    return n > 0 && n < PATH_BYTES;
}

/* The text of a small file; false without it. */
static bool read_text(const char *directory, const char *name, char out[TEXT_BYTES])
{
    char path[PATH_BYTES];
    out[0] = '\0';
    int fd = path_of(directory, name, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    ssize_t got = read(fd, out, TEXT_BYTES - 1);
    (void)close(fd);
    out[got > 0 ? got : 0] = '\0';
    return true;
}

static int write_text(const char *directory, const char *name, const char *text)
{
    char path[PATH_BYTES];
    size_t len = strlen(text);
    int fd = path_of(directory, name, path) ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) : -1;
    if (fd < 0)
        return TB_EIO;
    bool whole = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && whole ? 0 : TB_EIO;
}

/* Which file the database is: a copy of it is another one. */
static int identify(const char *directory, char out[TEXT_BYTES])
{
    char path[PATH_BYTES];
    struct statx info;
    if (!path_of(directory, "office.db", path) || statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &info) != 0)
        return TB_EIO;
    bool birth = info.stx_mask & STATX_BTIME;
    (void)snprintf(out, TEXT_BYTES, "inode %llu born %lld.%09u\n", (unsigned long long)info.stx_ino,
                   birth ? (long long)info.stx_btime.tv_sec : 0LL, birth ? info.stx_btime.tv_nsec : 0U);
    return 0;
}

/* The number behind the word "size" of the mark, which may say more. */
static int64_t size_in(const char *text)
{
    const char *at = strstr(text, "size");
    at = at ? at + strcspn(at, "0123456789") : "";
    return *at ? strtoll(at, NULL, 10) : -1;
}

void recovery_place_look(const char *directory, uint64_t ledger_size, struct recovery_place *out)
{
    char place[TEXT_BYTES], now[TEXT_BYTES], mark[TEXT_BYTES];
    *out = (struct recovery_place){.size = -1};
    if (read_text(directory, "restored", mark)) {
        *out = (struct recovery_place){.restored = true, .size = size_in(mark)};
        return;
    }
    if (!ledger_size || identify(directory, now) != 0)
        return;
    if (read_text(directory, "place", place) && strcmp(place, now) != 0) {
        *out = (struct recovery_place){.restored = true, .size = (int64_t)ledger_size};
        /* kept: at the next start the database may have grown, which the copy had not */
        (void)!recovery_place_mark(directory, (int64_t)ledger_size);
    }
}

int recovery_place_settle(const char *directory)
{
    char now[TEXT_BYTES], path[PATH_BYTES], have[TEXT_BYTES];
    int rc = identify(directory, now);
    if (!rc && (!read_text(directory, "place", have) || strcmp(have, now) != 0))
        rc = write_text(directory, "place", now);
    if (!rc && (!path_of(directory, "restored", path) || (unlink(path) != 0 && errno != ENOENT)))
        rc = TB_EIO;
    return rc;
}

int recovery_place_mark(const char *directory, int64_t size)
{
    char text[TEXT_BYTES];
    (void)snprintf(text, sizeof text, "size %lld\n", (long long)size);
    return write_text(directory, "restored", text);
}
