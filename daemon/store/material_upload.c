#include "daemon/store/material_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/limits.h"

enum { REHASH_BYTES = 256 * 1024 };

/* Hashes the acknowledged bytes again: after a restart the running state is gone. */
static int upload_rehash(struct material_upload *upload, struct problem *p)
{
    uint8_t *block = malloc(REHASH_BYTES);
    struct suite_stream *stream = NULL;
    int rc = block ? suite_stream_new(&stream) : TB_ENOMEM;
    for (int64_t at = 0; !rc && at < upload->acknowledged;) {
        int64_t left = upload->acknowledged - at;
        ssize_t n = pread(upload->fd, block, left < REHASH_BYTES ? (size_t)left : REHASH_BYTES, at);
        if (n < 0 && errno == EINTR)
            continue;
        rc = n <= 0 ? TB_EIO : suite_stream_update(stream, block, (size_t)n);
        at += n;
    }
    free(block);
    if (rc) {
        suite_stream_free(stream);
        return problem_from_code(p, rc);
    }
    suite_stream_free(upload->marked);
    upload->marked = stream;
    return 0;
}

/* Back to the acknowledged offset, in the file and in the hash. */
static int upload_back_to_mark(struct material_upload *upload, struct problem *p)
{
    int rc = 0;
    upload->offset = upload->acknowledged;
    suite_stream_free(upload->running);
    upload->running = NULL;
    if (!upload->marked)
        rc = upload_rehash(upload, p);
    if (!rc && suite_stream_copy(upload->marked, &upload->running))
        rc = problem_from_code(p, TB_ENOMEM);
    if (!rc)
        rc = disk_truncate(&upload->store->disk, upload->fd, upload->acknowledged, p);
    return rc;
}

static void upload_unclaim(struct material_upload *upload)
{
    if (upload->fd >= 0)
        close(upload->fd);
    upload->fd = -1;
    suite_stream_free(upload->running);
    upload->running = NULL;
    if (upload->gone) {
        upload_free(upload);
        return;
    }
    pthread_mutex_lock(&upload->store->lock);
    upload->claimed = false;
    pthread_mutex_unlock(&upload->store->lock);
}

int material_upload_begin(struct material_store *store, const char *sha256, int64_t offset, struct material_upload **out,
                          struct material_state *state, struct problem *p)
{
    char name[UPLOAD_FILE_NAME];
    int rc = material_upload_state(store, sha256, state, p);
    if (rc)
        return rc;
    if (state->complete)
        return problem_set(p, PROBLEM_UPLOAD_OFFSET, NULL, "the material is here, whole");
    pthread_mutex_lock(&store->lock);
    struct material_upload *upload = store->uploads;
    while (upload && strcmp(upload->sha256, sha256))
        upload = upload->next;
    if (!upload) {
        rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such upload");
    } else if (upload->claimed) {
        rc = problem_set(p, PROBLEM_UPLOAD_BUSY, NULL, "the upload is being written");
    } else {
        upload_describe(upload, state);
        if (offset != upload->acknowledged)
            rc = problem_set(p, PROBLEM_UPLOAD_OFFSET, "Upload-Offset", "the upload continues at %lld", (long long)upload->acknowledged);
        else
            upload->claimed = true;
    }
    pthread_mutex_unlock(&store->lock);
    if (rc)
        return rc;
    upload_file_name(sha256, ".part", name);
    upload->fd = openat(store->disk.uploads, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    rc = upload->fd < 0 ? disk_problem(p, errno, "open") : upload_back_to_mark(upload, p);
    if (rc) {
        upload_unclaim(upload);
        return rc;
    }
    *out = upload;
    return 0;
}

int material_upload_write(struct material_upload *upload, const void *bytes, size_t len, struct problem *p)
{
    if (upload->gone || !upload->running)
        return problem_from_code(p, TB_EINVAL);
    if ((uint64_t)len > (uint64_t)(upload->length - upload->offset))
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "more bytes than the announced %lld", (long long)upload->length);
    int rc = disk_write(&upload->store->disk, upload->fd, upload->offset, bytes, len, p);
    if (!rc && suite_stream_update(upload->running, bytes, len))
        rc = problem_from_code(p, TB_ENOMEM);
    if (rc) {
        (void)!upload_back_to_mark(upload, NULL); /* the first failure is the one to tell */
        return rc;
    }
    upload->offset += (int64_t)len;
    return 0;
}

int64_t material_upload_offset(const struct material_upload *upload)
{
    return upload->offset;
}

int material_upload_checkpoint(struct material_upload *upload, struct problem *p)
{
    struct suite_stream *marked = NULL;
    if (upload->gone || upload->offset == upload->acknowledged)
        return 0;
    if (!upload->running || upload->offset == upload->length)
        return problem_from_code(p, TB_EINVAL);
    int rc = suite_stream_copy(upload->running, &marked) ? problem_from_code(p, TB_ENOMEM) : 0;
    if (!rc)
        rc = disk_sync(&upload->store->disk, upload->fd, p);
    if (!rc)
        rc = upload_sidecar_write(upload, upload->offset, p);
    if (rc) {
        /* After a failed sync nobody knows what the disk has of the new bytes: they do not count.  The sidecar may name the new offset
         * already; then a restart finds a shorter file and believes that. */
        suite_stream_free(marked);
        (void)!upload_back_to_mark(upload, NULL);
        return rc;
    }
    suite_stream_free(upload->marked);
    upload->marked = marked;
    pthread_mutex_lock(&upload->store->lock);
    upload->acknowledged = upload->offset;
    pthread_mutex_unlock(&upload->store->lock);
    return 0;
}

int material_upload_truncate(struct material_upload *upload, struct problem *p)
{
    return upload->gone ? problem_from_code(p, TB_EINVAL) : upload_back_to_mark(upload, p);
}

/* The upload is over, for good reasons or bad ones. */
static void upload_over(struct material_upload *upload)
{
    upload_unlist(upload);
    upload->gone = true;
}

static int upload_publish(struct material_upload *upload, struct problem *p)
{
    const struct material_disk *disk = &upload->store->disk;
    char directory[3], part[UPLOAD_FILE_NAME], sidecar[UPLOAD_FILE_NAME];
    int fd;
    (void)snprintf(directory, sizeof directory, "%.2s", upload->sha256);
    upload_file_name(upload->sha256, ".part", part);
    upload_file_name(upload->sha256, ".json", sidecar);
    int rc = disk_sync(disk, upload->fd, p);
    if (rc)
        return rc;
    rc = disk_make_directory(disk, disk->materials, directory, &fd, p);
    if (rc)
        return rc;
    rc = disk_rename(disk, disk->uploads, part, fd, upload->sha256, p);
    if (!rc) {
        upload_over(upload);
        rc = disk_sync_directory(disk, fd, p);
    }
    if (!rc)
        (void)!disk_remove(disk, disk->uploads, sidecar, NULL); /* left over, it is removed at the next start */
    close(fd);
    return rc;
}

int material_upload_finish(struct material_upload *upload, struct problem *p)
{
    uint8_t hash[SUITE_HASH_BYTES];
    char text[MATERIAL_NAME_TEXT];
    if (upload->gone || !upload->running || upload->offset != upload->length)
        return problem_from_code(p, TB_EINVAL);
    int rc = suite_stream_final(upload->running, hash);
    suite_stream_free(upload->running);
    upload->running = NULL;
    if (rc)
        return problem_from_code(p, rc);
    for (size_t i = 0; i < sizeof hash; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
    const char *type = material_read_type(upload->fd);
    if (strcmp(text, upload->sha256))
        rc = problem_set(p, PROBLEM_MATERIAL_MISMATCH, NULL, "SHA-256 is %s", text);
    else if (!type || strcmp(type, upload->type))
        rc = problem_set(p, PROBLEM_UNSUPPORTED_TYPE, "type", "announced as %s, begins like %s", upload->type,
                         type ? type : "nothing we take");
    if (rc) {
        (void)!upload_files_remove(upload->store, upload->sha256, NULL);
        upload_over(upload);
        return rc;
    }
    rc = upload_publish(upload, p);
    if (rc && !upload->gone)
        (void)!upload_back_to_mark(upload, NULL);
    return rc;
}

void material_upload_end(struct material_upload *upload)
{
    if (!upload)
        return;
    if (!upload->gone && upload->offset != upload->acknowledged)
        (void)!upload_back_to_mark(upload, NULL); /* a tail that stays is cut at the next begin */
    upload_unclaim(upload);
}
