#include "daemon/store/material_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A write of this much begins to go to the disk at once.  Else a material of 100 MB goes out whole at its sync, and the sync of every
 * intake waits behind it (docs/explanation/overload.md). */
enum { DISK_BEGIN_BYTES = 64 * 1024 };

static int disk_fault(const struct material_disk *disk, const char *operation)
{
    return disk->fault ? disk->fault(disk->fault_context, operation) : 0;
}

int disk_problem(struct problem *p, int error, const char *operation)
{
    if (error == ENOSPC || error == EDQUOT)
        return problem_set(p, PROBLEM_DISK_LOW, NULL, "no room for the material");
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return problem_set(p, PROBLEM_BUSY, NULL, "too many files are open");
    return problem_set(p, PROBLEM_STORE_FAILED, NULL, "%s of a material failed (errno %d)", operation, error);
}

int disk_make_directory(const struct material_disk *disk, int at, const char *name, int *fd, struct problem *p)
{
    int opened = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0 && errno == ENOENT) {
        int error = disk_fault(disk, "mkdir");
        if (!error && mkdirat(at, name, 0700) && errno != EEXIST)
            error = errno;
        if (error)
            return disk_problem(p, error, "mkdir");
        int rc = disk_sync_directory(disk, at, p);
        if (rc)
            return rc;
        opened = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (opened < 0)
        return disk_problem(p, errno, "open");
    *fd = opened;
    return 0;
}

int disk_create(const struct material_disk *disk, int at, const char *name, int *fd, struct problem *p)
{
    int error = disk_fault(disk, "create");
    if (error)
        return disk_problem(p, error, "create");
    int opened = openat(at, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (opened < 0)
        return disk_problem(p, errno, "create");
    *fd = opened;
    return 0;
}

int disk_write(const struct material_disk *disk, int fd, int64_t at, const void *bytes, size_t len, struct problem *p)
{
    int error = disk_fault(disk, "write");
    size_t want = error ? len / 2 : len;
    const char *from = bytes;
    int64_t begin = at;
    while (want) {
        ssize_t n = pwrite(fd, from, want, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_problem(p, n ? errno : EIO, "write");
        from += n;
        want -= (size_t)n;
        at += n;
    }
    if (!error && len >= DISK_BEGIN_BYTES) /* only a hint: disk_sync is what holds */
        (void)sync_file_range(fd, begin, (off_t)len, SYNC_FILE_RANGE_WRITE);
    return error ? disk_problem(p, error, "write") : 0;
}

int disk_truncate(const struct material_disk *disk, int fd, int64_t size, struct problem *p)
{
    int error = disk_fault(disk, "truncate");
    if (!error && ftruncate(fd, size))
        error = errno;
    return error ? disk_problem(p, error, "truncate") : 0;
}

int disk_sync(const struct material_disk *disk, int fd, struct problem *p)
{
    int error = disk_fault(disk, "sync");
    if (!error && fdatasync(fd))
        error = errno;
    return error ? disk_problem(p, error, "sync") : 0;
}

int disk_sync_directory(const struct material_disk *disk, int fd, struct problem *p)
{
    int error = disk_fault(disk, "sync directory");
    if (!error && fsync(fd))
        error = errno;
    return error ? disk_problem(p, error, "sync directory") : 0;
}

int disk_rename(const struct material_disk *disk, int from, const char *old_name, int to, const char *new_name, struct problem *p)
{
    int error = disk_fault(disk, "rename");
    if (!error && renameat(from, old_name, to, new_name))
        error = errno;
    return error ? disk_problem(p, error, "rename") : 0;
}

int disk_remove(const struct material_disk *disk, int at, const char *name, struct problem *p)
{
    int error = disk_fault(disk, "remove");
    if (!error && unlinkat(at, name, 0) && errno != ENOENT)
        error = errno;
    return error ? disk_problem(p, error, "remove") : 0;
}

int disk_read_small(int at, const char *name, struct buf *out)
{
    int rc = 0;
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? TB_ENOTFOUND : TB_EIO;
    for (;;) {
        char block[512];
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            rc = n ? TB_EIO : 0;
            break;
        }
        rc = buf_append(out, block, (size_t)n);
        if (rc)
            break;
    }
    close(fd);
    return rc;
}

int disk_free_bytes(const struct material_disk *disk, uint64_t *out, struct problem *p)
{
    struct statvfs fs;
    if (fstatvfs(disk->root, &fs))
        return disk_problem(p, errno, "statvfs");
    *out = (uint64_t)fs.f_bavail * fs.f_frsize;
    return 0;
}
