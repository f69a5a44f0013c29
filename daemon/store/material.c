#include "daemon/store/material_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "proto/limits.h"

enum { SIDECAR_BYTES = 1024, MATERIAL_HEAD_BYTES = 8, MATERIAL_DIRECTORY_TEXT = 3 };

static const struct {
    const char *type;
    const char *magic;
    size_t len;
} material_types[] = {
    {"application/pdf", "%PDF-", 5},      {"application/ofd", "PK\003\004", 4}, {"image/jpeg", "\xFF\xD8\xFF", 3},
    {"image/png", "\x89PNG", 4},          {"image/tiff", "II*\0", 4},           {"image/tiff", "MM\0*", 4},
};
enum { MATERIAL_TYPES = sizeof material_types / sizeof material_types[0] };

bool material_name_valid(const char *sha256)
{
    return sha256 && strspn(sha256, "0123456789abcdef") == MATERIAL_NAME_TEXT - 1 && !sha256[MATERIAL_NAME_TEXT - 1];
}

bool material_type_known(const char *type)
{
    for (size_t i = 0; i < MATERIAL_TYPES; i++)
        if (!strcmp(material_types[i].type, type))
            return true;
    return false;
}

const char *material_type_of(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < MATERIAL_TYPES; i++)
        if (len >= material_types[i].len && !memcmp(head, material_types[i].magic, material_types[i].len))
            return material_types[i].type;
    return NULL;
}

const char *material_read_type(int fd)
{
    uint8_t head[MATERIAL_HEAD_BYTES];
    ssize_t n = pread(fd, head, sizeof head, 0);
    return n > 0 ? material_type_of(head, (size_t)n) : NULL;
}

void upload_file_name(const char *sha256, const char *suffix, char out[UPLOAD_FILE_NAME])
{
    (void)snprintf(out, UPLOAD_FILE_NAME, "%s%s", sha256, suffix);
}

void upload_free(struct material_upload *upload)
{
    if (!upload)
        return;
    if (upload->fd >= 0)
        close(upload->fd);
    suite_stream_free(upload->running);
    suite_stream_free(upload->marked);
    free(upload);
}

void upload_describe(const struct material_upload *upload, struct material_state *out)
{
    *out = (struct material_state){.length = upload->length, .offset = upload->acknowledged,
                                   .expires_at = upload->created + LIMIT_UPLOAD_EXPIRES_MS};
    memcpy(out->type, upload->type, sizeof out->type);
    memcpy(out->owner, upload->owner, sizeof out->owner);
}

int upload_sidecar_write(struct material_upload *upload, int64_t offset, struct problem *p)
{
    const struct material_disk *disk = &upload->store->disk;
    char name[UPLOAD_FILE_NAME], temporary[UPLOAD_FILE_NAME], text[SIDECAR_BYTES];
    upload_file_name(upload->sha256, ".json", name);
    upload_file_name(upload->sha256, ".tmp", temporary);
    json_t *doc = json_pack("{s:I, s:s, s:s, s:I, s:I}", "length", (json_int_t)upload->length, "type", upload->type, "owner",
                            upload->owner, "created", (json_int_t)upload->created, "offset", (json_int_t)offset);
    if (!doc)
        return problem_from_code(p, TB_ENOMEM);
    size_t len = json_dumpb(doc, text, sizeof text, JSON_COMPACT);
    json_decref(doc);
    if (!len || len > sizeof text)
        return problem_from_code(p, TB_EINVAL);
    int fd;
    int rc = disk_create(disk, disk->uploads, temporary, &fd, p);
    if (rc)
        return rc;
    rc = disk_write(disk, fd, 0, text, len, p);
    if (!rc)
        rc = disk_sync(disk, fd, p);
    close(fd);
    if (!rc)
        rc = disk_rename(disk, disk->uploads, temporary, disk->uploads, name, p);
    if (!rc)
        rc = disk_sync_directory(disk, disk->uploads, p);
    return rc;
}

int upload_files_remove(const struct material_store *store, const char *sha256, struct problem *p)
{
    char name[UPLOAD_FILE_NAME];
    upload_file_name(sha256, ".json", name);
    int rc = disk_remove(&store->disk, store->disk.uploads, name, p);
    if (rc)
        return rc;
    upload_file_name(sha256, ".part", name);
    return disk_remove(&store->disk, store->disk.uploads, name, p);
}

/* Under the lock.  The link that points to the upload, or to the end. */
static struct material_upload **upload_link(struct material_store *store, const char *sha256)
{
    struct material_upload **link = &store->uploads;
    while (*link && strcmp((*link)->sha256, sha256))
        link = &(*link)->next;
    return link;
}

void upload_unlist(struct material_upload *upload)
{
    struct material_store *store = upload->store;
    pthread_mutex_lock(&store->lock);
    struct material_upload **link = upload_link(store, upload->sha256);
    if (*link == upload) {
        *link = upload->next;
        store->count--;
        metric_set(METRIC_UPLOADS_OPEN, (int64_t)store->count);
    }
    pthread_mutex_unlock(&store->lock);
}

/* ---- start ---- */

static int sidecar_member(const json_t *doc, const char *key, char *out, size_t out_len)
{
    const char *text = json_string_value(json_object_get(doc, key));
    if (!text || strlen(text) >= out_len)
        return TB_ECORRUPT;
    memcpy(out, text, strlen(text) + 1);
    return 0;
}

/* Reads the sidecar of `sha256`; *out is new.  Anything wrong is TB_ECORRUPT: then nothing of the upload can be used. */
static int upload_load(struct material_store *store, const char *sha256, struct material_upload **out)
{
    char name[UPLOAD_FILE_NAME];
    struct buf text;
    struct stat st;
    json_t *doc = NULL;
    buf_init(&text, SIDECAR_BYTES);
    struct material_upload *upload = calloc(1, sizeof *upload);
    int rc = upload ? 0 : TB_ENOMEM;
    if (rc)
        goto out;
    upload->store = store;
    upload->fd = -1;
    memcpy(upload->sha256, sha256, sizeof upload->sha256);
    upload_file_name(sha256, ".json", name);
    rc = disk_read_small(store->disk.uploads, name, &text);
    if (rc)
        goto out;
    rc = TB_ECORRUPT;
    doc = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(doc) || sidecar_member(doc, "type", upload->type, sizeof upload->type) ||
        sidecar_member(doc, "owner", upload->owner, sizeof upload->owner))
        goto out;
    upload->length = json_integer_value(json_object_get(doc, "length"));
    upload->created = json_integer_value(json_object_get(doc, "created"));
    upload->acknowledged = json_integer_value(json_object_get(doc, "offset"));
    upload_file_name(sha256, ".part", name);
    if (fstatat(store->disk.uploads, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) || upload->length <= 0 ||
        upload->length > LIMIT_MATERIAL_BYTES || upload->acknowledged < 0 || upload->acknowledged > upload->length)
        goto out;
    if (st.st_size < upload->acknowledged)
        upload->acknowledged = st.st_size; /* a disk that lied: the client goes on from what is there */
    *out = upload;
    upload = NULL;
    rc = 0;
out:
    json_decref(doc);
    buf_free(&text);
    upload_free(upload);
    return rc;
}

static bool material_exists(const struct material_store *store, const char *sha256)
{
    char path[UPLOAD_FILE_NAME];
    struct stat st;
    (void)snprintf(path, sizeof path, "%.2s/%s", sha256, sha256);
    return !fstatat(store->disk.materials, path, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

/* One file of the uploads directory: a sidecar is taken or removed with its bytes; others go when no sidecar speaks for them. */
static int start_one(struct material_store *store, const char *file, struct problem *p)
{
    char sha256[MATERIAL_NAME_TEXT], sidecar[UPLOAD_FILE_NAME];
    const char *suffix = strchr(file, '.');
    if (!suffix || suffix - file != MATERIAL_NAME_TEXT - 1)
        return 0; /* not ours */
    memcpy(sha256, file, MATERIAL_NAME_TEXT - 1);
    sha256[MATERIAL_NAME_TEXT - 1] = '\0';
    if (!material_name_valid(sha256))
        return 0;
    if (!strcmp(suffix, ".tmp"))
        return disk_remove(&store->disk, store->disk.uploads, file, p);
    if (!strcmp(suffix, ".part")) {
        upload_file_name(sha256, ".json", sidecar);
        return faccessat(store->disk.uploads, sidecar, F_OK, 0) ? disk_remove(&store->disk, store->disk.uploads, file, p) : 0;
    }
    if (strcmp(suffix, ".json"))
        return 0;
    struct material_upload *upload = NULL;
    int rc = upload_load(store, sha256, &upload);
    if (rc == TB_ENOMEM || rc == TB_EIO)
        return problem_from_code(p, rc);
    bool expired = upload && upload->created + LIMIT_UPLOAD_EXPIRES_MS < store->world->now_ms(store->world->context);
    if (rc || expired || material_exists(store, sha256)) {
        upload_free(upload);
        return upload_files_remove(store, sha256, p);
    }
    upload->next = store->uploads;
    store->uploads = upload;
    store->count++;
    metric_set(METRIC_UPLOADS_OPEN, (int64_t)store->count);
    return 0;
}

static int start_walk(struct material_store *store, struct problem *p)
{
    int rc = 0;
    int fd = openat(store->disk.uploads, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        rc = disk_problem(p, errno, "open");
        if (fd >= 0)
            close(fd);
        return rc;
    }
    for (struct dirent *entry; !rc && (entry = readdir(directory));)
        rc = start_one(store, entry->d_name, p);
    closedir(directory);
    return rc;
}

int material_store_open(const struct material_options *options, struct material_store **out, struct problem *p)
{
    struct material_store *store = calloc(1, sizeof *store);
    if (!store)
        return problem_from_code(p, TB_ENOMEM);
    *store = (struct material_store){
        .disk = {.fault = options->fault, .fault_context = options->fault_context, .root = -1, .materials = -1, .uploads = -1},
        .world = options->world, .disk_floor_bytes = options->disk_floor_bytes};
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_cond_init(&store->deleted, NULL);
    int rc = 0;
    store->disk.root = open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->disk.root < 0)
        rc = disk_problem(p, errno, "open");
    if (!rc)
        rc = disk_make_directory(&store->disk, store->disk.root, "materials", &store->disk.materials, p);
    if (!rc)
        rc = disk_make_directory(&store->disk, store->disk.root, "uploads", &store->disk.uploads, p);
    if (!rc)
        rc = start_walk(store, p);
    if (rc) {
        material_store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

void material_store_close(struct material_store *store)
{
    if (!store)
        return;
    while (store->uploads) {
        struct material_upload *next = store->uploads->next;
        upload_free(store->uploads);
        store->uploads = next;
    }
    int handles[] = {store->disk.uploads, store->disk.materials, store->disk.root};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        if (handles[i] >= 0)
            close(handles[i]);
    pthread_cond_destroy(&store->deleted);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

size_t material_store_uploads(struct material_store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t count = store->count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* Claims `upload` (under the lock: its list membership is sure) to remove it, then removes it.  A disk that fails leaves it claimed by
 * nobody and in the list. */
static int upload_discard_claimed(struct material_upload *upload, struct problem *p)
{
    int rc = upload_files_remove(upload->store, upload->sha256, p);
    if (rc) {
        pthread_mutex_lock(&upload->store->lock);
        upload->claimed = false;
        pthread_mutex_unlock(&upload->store->lock);
        return rc;
    }
    upload_unlist(upload);
    upload_free(upload);
    return 0;
}

size_t material_store_sweep(struct material_store *store)
{
    size_t swept = 0;
    int64_t now = store->world->now_ms(store->world->context);
    for (;;) {
        pthread_mutex_lock(&store->lock);
        struct material_upload *upload = store->uploads;
        while (upload && (upload->claimed || upload->created + LIMIT_UPLOAD_EXPIRES_MS >= now))
            upload = upload->next;
        if (upload)
            upload->claimed = true;
        pthread_mutex_unlock(&store->lock);
        if (!upload || upload_discard_claimed(upload, NULL))
            return swept;
        swept++;
    }
}

/* ---- create, state, delete ---- */

/* The whole material as a state; TB_ENOTFOUND when it is not here. */
static int material_describe(struct material_store *store, const char *sha256, struct material_state *out)
{
    int fd;
    int64_t size;
    int rc = material_open_read(store, sha256, &fd, &size);
    if (rc)
        return rc;
    const char *type = material_read_type(fd);
    close(fd);
    *out = (struct material_state){.length = size, .offset = size, .complete = true};
    (void)snprintf(out->type, sizeof out->type, "%s", type ? type : "");
    return 0;
}

/* A material may be seen before its name is durable (a cut between rename and sync): sure before anybody builds on it. */
static int material_settle(struct material_store *store, const char *sha256, struct problem *p)
{
    char directory[MATERIAL_DIRECTORY_TEXT];
    int fd;
    (void)snprintf(directory, sizeof directory, "%.2s", sha256);
    int rc = disk_make_directory(&store->disk, store->disk.materials, directory, &fd, p);
    if (rc)
        return rc;
    rc = disk_sync_directory(&store->disk, fd, p);
    close(fd);
    return rc;
}

static int create_check(struct material_store *store, const char *sha256, int64_t length, const char *type, const char *owner,
                        struct problem *p)
{
    if (!material_name_valid(sha256))
        return problem_set(p, PROBLEM_MALFORMED, "sha256", "a material is named by 64 lower-case hexadecimal digits");
    if (!material_type_known(type))
        return problem_set(p, PROBLEM_UNSUPPORTED_TYPE, "type", "only PDF, OFD, JPEG, PNG and TIFF are taken");
    if (length == 0)
        return problem_set(p, PROBLEM_MATERIAL_EMPTY, "length", "0 bytes");
    if (length < 0 || length > LIMIT_MATERIAL_BYTES)
        return problem_set(p, PROBLEM_TOO_LARGE, "length", "a material has at most %lld bytes", (long long)LIMIT_MATERIAL_BYTES);
    if (strlen(owner) >= MATERIAL_OWNER_TEXT)
        return problem_from_code(p, TB_EINVAL);
    uint64_t free_bytes = 0;
    int rc = disk_free_bytes(&store->disk, &free_bytes, p);
    if (!rc && free_bytes < store->disk_floor_bytes + (uint64_t)length)
        return problem_set(p, PROBLEM_DISK_LOW, NULL, "no room for %lld bytes above the floor", (long long)length);
    return rc;
}

/* Puts a new, claimed upload into the list (*fresh), or describes the one that is there. */
static int create_list(struct material_store *store, struct material_upload *made, struct material_state *out, bool *fresh,
                       struct material_upload **replaced, struct problem *p)
{
    int rc = 0;
    pthread_mutex_lock(&store->lock);
    struct material_upload *there = *upload_link(store, made->sha256);
    bool expired = there && there->created + LIMIT_UPLOAD_EXPIRES_MS < made->created;
    if (there && there->length == made->length && !strcmp(there->type, made->type) && !expired) {
        upload_describe(there, out);
    } else if (there && there->claimed) {
        rc = problem_set(p, PROBLEM_UPLOAD_BUSY, NULL, "an upload of this name with another length or type is being written");
    } else if (there && !expired && strcmp(there->owner, made->owner)) {
        rc = problem_set(p, PROBLEM_UPLOAD_OFFSET, NULL, "somebody else began this upload with another length or type");
    } else if (there) {
        there->claimed = true; /* a wrong declaration of one's own must not stand in the way of the right one for a week */
        *replaced = there;
    } else if (store->count >= LIMIT_UPLOADS_OPEN) {
        rc = problem_set(p, PROBLEM_BUSY, NULL, "%d uploads are unfinished already", (int)LIMIT_UPLOADS_OPEN);
    } else {
        made->claimed = true;
        made->next = store->uploads;
        store->uploads = made;
        store->count++;
        metric_set(METRIC_UPLOADS_OPEN, (int64_t)store->count);
        *fresh = true;
    }
    pthread_mutex_unlock(&store->lock);
    return rc;
}

static int create_files(struct material_upload *upload, struct problem *p)
{
    const struct material_disk *disk = &upload->store->disk;
    char name[UPLOAD_FILE_NAME];
    int fd;
    upload_file_name(upload->sha256, ".part", name);
    int rc = disk_create(disk, disk->uploads, name, &fd, p);
    if (rc)
        return rc;
    close(fd);
    return upload_sidecar_write(upload, 0, p);
}

int material_upload_create(struct material_store *store, const char *sha256, int64_t length, const char *type, const char *owner,
                           struct material_state *out, struct problem *p)
{
    struct material_state state = {0};
    (void)material_store_sweep(store); /* what nobody continued makes room, and does not count against LIMIT_UPLOADS_OPEN for years */
    int rc = create_check(store, sha256, length, type, owner, p);
    if (rc)
        return rc;
    rc = material_describe(store, sha256, &state);
    if (!rc && strcmp(state.type, type))
        return problem_set(p, PROBLEM_UNSUPPORTED_TYPE, "type", "the material is here and of another type");
    if (!rc && state.length != length)
        return problem_set(p, PROBLEM_MATERIAL_MISMATCH, "length", "the material is here and of another length");
    if (!rc)
        rc = material_settle(store, sha256, p);
    else if (rc != TB_ENOTFOUND)
        rc = problem_from_code(p, rc);
    if (rc != TB_ENOTFOUND) {
        if (!rc)
            *out = state;
        return rc;
    }

    struct material_upload *made = calloc(1, sizeof *made);
    if (!made)
        return problem_from_code(p, TB_ENOMEM);
    *made = (struct material_upload){.store = store, .fd = -1, .length = length, .created = store->world->now_ms(store->world->context)};
    memcpy(made->sha256, sha256, sizeof made->sha256);
    (void)snprintf(made->type, sizeof made->type, "%s", type);
    (void)snprintf(made->owner, sizeof made->owner, "%s", owner);
    bool fresh = false;
    struct material_upload *replaced = NULL;
    rc = create_list(store, made, &state, &fresh, &replaced, p);
    if (!rc && replaced) {
        rc = upload_discard_claimed(replaced, p);
        if (!rc)
            rc = create_list(store, made, &state, &fresh, &replaced, p);
    }
    if (!rc && fresh) {
        upload_describe(made, &state);
        rc = create_files(made, p);
        if (rc) {
            /* nothing was promised; what cannot be removed now is removed at the next start */
            (void)!upload_files_remove(store, sha256, NULL);
            upload_unlist(made);
        } else {
            pthread_mutex_lock(&store->lock);
            made->claimed = false;
            pthread_mutex_unlock(&store->lock);
        }
    }
    if (rc || !fresh)
        upload_free(made);
    if (!rc)
        *out = state;
    return rc;
}

int material_upload_state(struct material_store *store, const char *sha256, struct material_state *out, struct problem *p)
{
    if (!material_name_valid(sha256))
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such upload");
    int rc = TB_ENOTFOUND;
    pthread_mutex_lock(&store->lock);
    struct material_upload *upload = *upload_link(store, sha256);
    if (upload && upload->created + LIMIT_UPLOAD_EXPIRES_MS >= store->world->now_ms(store->world->context)) {
        upload_describe(upload, out);
        rc = 0;
    }
    pthread_mutex_unlock(&store->lock);
    if (rc)
        rc = material_describe(store, sha256, out);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such upload");
    return rc ? problem_from_code(p, rc) : 0;
}

int material_upload_delete(struct material_store *store, const char *sha256, const char *owner, struct problem *p)
{
    int rc = 0;
    pthread_mutex_lock(&store->lock);
    struct material_upload *upload = material_name_valid(sha256) ? *upload_link(store, sha256) : NULL;
    if (!upload)
        rc = problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such upload");
    else if (strcmp(upload->owner, owner))
        rc = problem_set(p, PROBLEM_NOT_ALLOWED, NULL, "somebody else began this upload");
    else if (upload->claimed)
        rc = problem_set(p, PROBLEM_UPLOAD_BUSY, NULL, "the upload is being written");
    else
        upload->claimed = true;
    pthread_mutex_unlock(&store->lock);
    return rc ? rc : upload_discard_claimed(upload, p);
}

/* ---- whole materials ---- */

int material_open_read(struct material_store *store, const char *sha256, int *fd, int64_t *size)
{
    char path[UPLOAD_FILE_NAME];
    struct stat st;
    if (!material_name_valid(sha256))
        return TB_ENOTFOUND;
    (void)snprintf(path, sizeof path, "%.2s/%s", sha256, sha256);
    int opened = openat(store->disk.materials, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (opened < 0)
        return errno == ENOENT ? TB_ENOTFOUND : errno == EMFILE || errno == ENFILE ? TB_ETEMP : TB_EIO;
    if (fstat(opened, &st) || !S_ISREG(st.st_mode)) {
        close(opened);
        return TB_EIO;
    }
    *fd = opened;
    *size = st.st_size;
    return 0;
}

void material_keep(struct material_store *store, struct material_keep *keep, const char *sha256)
{
    if (keep->store)
        return;
    (void)snprintf(keep->sha256, sizeof keep->sha256, "%s", sha256);
    pthread_mutex_lock(&store->lock);
    while (!strcmp(store->deleting, keep->sha256))
        (void)pthread_cond_wait(&store->deleted, &store->lock);
    keep->next = store->kept;
    store->kept = keep;
    keep->store = store;
    pthread_mutex_unlock(&store->lock);
}

void material_unkeep(struct material_keep *keep)
{
    struct material_store *store = keep->store;
    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    struct material_keep **at = &store->kept;
    while (*at != keep)
        at = &(*at)->next;
    *at = keep->next;
    pthread_mutex_unlock(&store->lock);
    keep->store = NULL;
}

/* Claims the name for the deletion, unless somebody keeps it. */
static int delete_begin(struct material_store *store, const char *sha256)
{
    pthread_mutex_lock(&store->lock);
    const struct material_keep *keep = store->kept;
    while (keep && strcmp(keep->sha256, sha256) != 0)
        keep = keep->next;
    if (!keep)
        (void)snprintf(store->deleting, sizeof store->deleting, "%s", sha256);
    pthread_mutex_unlock(&store->lock);
    return keep ? TB_ETEMP : 0;
}

static void delete_end(struct material_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->deleting[0] = '\0';
    (void)pthread_cond_broadcast(&store->deleted);
    pthread_mutex_unlock(&store->lock);
}

static int delete_file(struct material_store *store, const char *sha256)
{
    char directory[MATERIAL_DIRECTORY_TEXT];
    int fd;
    if (!material_exists(store, sha256))
        return TB_ENOTFOUND;
    (void)snprintf(directory, sizeof directory, "%.2s", sha256);
    int rc = disk_make_directory(&store->disk, store->disk.materials, directory, &fd, NULL);
    if (rc)
        return rc;
    rc = disk_remove(&store->disk, fd, sha256, NULL);
    if (!rc)
        rc = disk_sync_directory(&store->disk, fd, NULL);
    close(fd);
    return rc;
}

int material_delete(struct material_store *store, const char *sha256)
{
    if (!material_name_valid(sha256))
        return TB_ENOTFOUND;
    int rc = delete_begin(store, sha256);
    if (rc)
        return rc;
    rc = delete_file(store, sha256);
    delete_end(store);
    return rc;
}
