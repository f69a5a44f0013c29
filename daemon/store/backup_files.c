/* backup_files: small work on files for backups, throttled. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/backup_internal.h"
#include "proto/suite_stream.h"

enum { BLOCK_BYTES = 256 * 1024, NS_PER_S = 1000000000, NAP_NS = 50 * 1000000, WALK_FILES = 16 };

int path_join(const char *base, const char *name, char out[BACKUP_PATH])
{
    int n = snprintf(out, BACKUP_PATH, "%s/%s", base, name);
    return n > 0 && n < BACKUP_PATH ? 0 : TB_ELIMIT;
}

int path_of_material(const char *base, const char *sha256, char out[BACKUP_PATH])
{
    int n = snprintf(out, BACKUP_PATH, "%s/materials/%.2s/%s", base, sha256, sha256);
    return n > 0 && n < BACKUP_PATH ? 0 : TB_ELIMIT;
}

bool backup_on_same_disk(const char *directory, const char *store)
{
    struct stat of_backup, of_store;
    return stat(directory, &of_backup) == 0 && stat(store, &of_store) == 0 && of_backup.st_dev == of_store.st_dev;
}

int file_problem(struct problem *p, const char *what, const char *path)
{
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    (void)problem_set(p, PROBLEM_BACKUP, "", "%s %s: %s", what, path, strerrordesc_np(error));
    return full ? TB_EFULL : TB_EIO;
}

int make_directory(const char *path, struct problem *p)
{
    return mkdir(path, 0700) && errno != EEXIST ? file_problem(p, "cannot make", path) : 0;
}

int sync_path(const char *path, struct problem *p)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) ? file_problem(p, "cannot sync", path) : 0;
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

static int sync_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)walk;
    (void)info;
    return (kind == FTW_D || kind == FTW_DP || kind == FTW_F) && sync_path(path, NULL) ? -1 : 0;
}

static int sync_directory(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    return kind == FTW_F ? 0 : sync_one(path, info, kind, walk);
}

int sync_tree(const char *path, bool files, struct problem *p)
{
    return nftw(path, files ? sync_one : sync_directory, WALK_FILES, FTW_PHYS | FTW_DEPTH) ? file_problem(p, "cannot sync", path) : 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

int remove_tree(const char *path, struct problem *p)
{
    bool failed = nftw(path, remove_one, WALK_FILES, FTW_PHYS | FTW_DEPTH) && errno != ENOENT;
    return failed ? file_problem(p, "cannot remove", path) : 0;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int pace_take(struct backup_pace *pace, size_t bytes)
{
    if (pace->stopped && pace->stopped(pace->context))
        return TB_ECLOSED;
    if (!pace->bytes_per_second)
        return 0;
    if (!pace->began_ns)
        pace->began_ns = now_ns();
    pace->bytes += (int64_t)bytes;
    for (;;) {
        double wanted = (double)pace->bytes / (double)pace->bytes_per_second * NS_PER_S;
        int64_t ahead = (int64_t)wanted - (now_ns() - pace->began_ns);
        if (ahead <= 0)
            break;
        struct timespec nap = {.tv_nsec = ahead < NAP_NS ? ahead : NAP_NS};
        (void)nanosleep(&nap, NULL);
        if (pace->stopped && pace->stopped(pace->context))
            return TB_ECLOSED;
    }
    if (pace->bytes > (int64_t)pace->bytes_per_second * 2) { /* what was waited for once gives no right to a burst */
        pace->began_ns = now_ns();
        pace->bytes = 0;
    }
    return 0;
}

void pace_tell(const struct backup_pace *pace, const char *step, int64_t done, int64_t of)
{
    if (pace->progress)
        pace->progress(pace->context, step, done, of);
}

static void to_hex(const uint8_t hash[SUITE_HASH_BYTES], char hex[65])
{
    for (size_t i = 0; i < SUITE_HASH_BYTES; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

/* Reads a whole file in blocks: into the stream, or into the file `to`. */
static int pump(int fd, struct suite_stream *stream, int to, struct backup_pace *pace, int64_t *size)
{
    char *block = malloc(BLOCK_BYTES);
    int rc = block ? 0 : TB_ENOMEM;
    *size = 0;
    while (!rc) {
        ssize_t n = read(fd, block, BLOCK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            rc = n ? TB_EIO : 0;
            break;
        }
        *size += n;
        rc = pace_take(pace, (size_t)n);
        if (!rc && stream)
            rc = suite_stream_update(stream, block, (size_t)n);
        for (ssize_t done = 0; !rc && to >= 0 && done < n;) {
            ssize_t written = write(to, block + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR)
                rc = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? TB_EFULL : TB_EIO;
            done += written > 0 ? written : 0;
        }
    }
    free(block);
    return rc;
}

int file_hash(const char *path, struct backup_pace *pace, char hex[65], int64_t *size)
{
    struct suite_stream *stream = NULL;
    uint8_t hash[SUITE_HASH_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? TB_ENOTFOUND : TB_EIO;
    int rc = suite_stream_new(&stream);
    if (!rc)
        rc = pump(fd, stream, -1, pace, size);
    if (!rc)
        rc = suite_stream_final(stream, hash);
    if (!rc)
        to_hex(hash, hex);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* the windows' pages stay in memory */
    (void)close(fd);
    suite_stream_free(stream);
    return rc;
}

int file_copy(const char *from, const char *to, struct backup_pace *pace, struct problem *p)
{
    int64_t size;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return errno == ENOENT ? TB_ENOTFOUND : file_problem(p, "cannot read", from);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = out < 0 ? file_problem(p, "cannot make", to) : pump(in, NULL, out, pace, &size);
    if (out >= 0 && rc && rc != TB_ECLOSED)
        rc = file_problem(p, "cannot copy to", to);
    if (!rc && fsync(out))
        rc = file_problem(p, "cannot sync", to);
    if (!rc)
        (void)posix_fadvise(out, 0, 0, POSIX_FADV_DONTNEED); /* so that reading it back asks the disk */
    (void)close(in);
    if (out >= 0 && close(out) && !rc)
        rc = file_problem(p, "cannot close", to);
    if (rc && out >= 0)
        (void)unlink(to);
    return rc;
}

int file_write(const char *path, const char *text, size_t len, struct problem *p)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = fd < 0 ? file_problem(p, "cannot make", path) : 0;
    while (!rc && len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = file_problem(p, "cannot write", path);
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    if (!rc && fsync(fd))
        rc = file_problem(p, "cannot sync", path);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}
