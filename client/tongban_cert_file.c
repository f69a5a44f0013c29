/* Files of keys and certificates: new ones never over another, replaced ones whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/tongban_cert.h"

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n <= 0)
            return TB_EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : TB_EIO;
}

int cert_file_new(const char *path, mode_t mode, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == EEXIST ? TB_ECONFLICT : TB_EIO;
    int rc = fchmod(fd, mode) == 0 ? write_all(fd, bytes, len) : TB_EIO;
    if (close(fd) != 0)
        rc = TB_EIO;
    if (rc)
        (void)unlink(path);
    return rc;
}

/* The directory's own write, so that a name is there after a power cut. */
static int sync_directory(const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    int len = snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = len > 0 && (size_t)len < sizeof directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = fd >= 0 && fsync(fd) == 0 ? 0 : TB_EIO;
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

int cert_file_replace(const char *path, mode_t mode, const char *bytes, size_t len)
{
    char name[4096];
    int used = snprintf(name, sizeof name, "%s.new", path);
    if (used < 0 || (size_t)used >= sizeof name)
        return TB_ELIMIT;
    (void)unlink(name); /* of a run that was cut short */
    struct stat before;
    bool there = stat(path, &before) == 0;
    int rc = cert_file_new(name, 0600, bytes, len);
    if (!rc && there && chown(name, before.st_uid, before.st_gid) != 0 && (before.st_uid != geteuid() || before.st_gid != getegid()))
        rc = TB_EDENIED;
    if (!rc && chmod(name, there ? before.st_mode & 07777 : mode) != 0)
        rc = TB_EIO;
    if (rc)
        (void)unlink(name);
    if (!rc && rename(name, path) != 0) {
        (void)unlink(name);
        rc = TB_EIO;
    }
    return rc ? rc : sync_directory(path);
}

int cert_file_read(const char *path, struct buf *out)
{
    char piece[8192];
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = fd < 0 ? (errno == ENOENT ? TB_ENOTFOUND : TB_EIO) : 0;
    ssize_t n = 1;
    while (!rc && n > 0) {
        n = read(fd, piece, sizeof piece);
        rc = n < 0 ? TB_EIO : buf_append(out, piece, (size_t)n);
    }
    if (fd >= 0)
        (void)close(fd);
    return rc;
}
