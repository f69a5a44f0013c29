#include "daemon/store/archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_BYTES = 256 * 1024 };

static int fail(struct archive_file *file)
{
    file->error = file->error ? file->error : errno;
    return file->error == ENOSPC || file->error == EDQUOT ? TB_EFULL : TB_EIO;
}

static void close_both(struct archive_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    if (file->directory >= 0)
        (void)close(file->directory);
    file->fd = file->directory = -1;
    suite_stream_free(file->digest);
    file->digest = NULL;
}

int archive_file_open(struct archive_file *file, const char *directory, const char *no)
{
    *file = (struct archive_file){.fd = -1};
    (void)snprintf(file->name, sizeof file->name, "%.40s.tar", no);
    (void)snprintf(file->partial, sizeof file->partial, ".partial-%.40s.tar", no);
    file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->directory >= 0)
        file->fd = openat(file->directory, file->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = file->fd < 0 ? fail(file) : suite_stream_new(&file->digest);
    if (rc)
        close_both(file);
    return rc;
}

int archive_file_put(void *context, const void *bytes, size_t len)
{
    struct archive_file *file = context;
    const char *at = bytes;
    int rc = suite_stream_update(file->digest, bytes, len);
    while (!rc && len) {
        ssize_t n = write(file->fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(file);
        at += n;
        len -= (size_t)n;
    }
    return rc;
}

int archive_file_material(struct archive *archive, struct material_store *materials, const char *sha256, bool (*stopped)(void *context),
                          void *context)
{
    int fd = -1;
    int64_t size;
    char *block = malloc(BLOCK_BYTES);
    int rc = block ? material_open_read(materials, sha256, &fd, &size) : TB_ENOMEM;
    while (!rc) {
        ssize_t n = read(fd, block, BLOCK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            rc = n < 0 ? TB_EIO : 0;
            break;
        }
        rc = stopped && stopped(context) ? TB_ECLOSED : archive_material_bytes(archive, block, (size_t)n);
    }
    if (fd >= 0)
        (void)close(fd);
    free(block);
    return rc;
}

static int publish(struct archive_file *file, char sha256[ARCHIVE_DIGEST_TEXT])
{
    uint8_t hash[SUITE_HASH_BYTES];
    int rc = suite_stream_final(file->digest, hash);
    for (size_t i = 0; i < sizeof hash && !rc; i++)
        (void)snprintf(sha256 + 2 * i, 3, "%02x", hash[i]);
    if (rc)
        return rc;
    if (fsync(file->fd) || renameat(file->directory, file->partial, file->directory, file->name) || fsync(file->directory))
        return fail(file);
    return 0;
}

int archive_file_close(struct archive_file *file, bool keep, char sha256[ARCHIVE_DIGEST_TEXT])
{
    if (file->fd < 0)
        return 0;
    int rc = keep ? publish(file, sha256) : 0;
    if (!keep || rc)
        (void)unlinkat(file->directory, file->partial, 0);
    close_both(file);
    return rc;
}
