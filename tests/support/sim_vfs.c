#include "tests/support/sim_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, FILES = 8, PATH = 128, ROOM_FIRST = 64 * 1024 };

struct image {
    uint8_t *bytes;
    size_t size, room; /* bytes beyond `size` are zero */
};

struct sim_inode {
    char path[PATH];     /* "" free */
    bool exists;         /* as programs see it */
    bool durable_exists; /* as the disk would show it after a power cut, at the least */
    struct image live, durable;
    uint8_t *dirty;                /* a byte per sector of live */
    size_t dirty_first, dirty_end; /* sectors */
};

struct sim_disk {
    char name[PATH];
    bool used, off;
    uint64_t random, operations, epoch;
    uint64_t off_after; /* operations left, UINT64_MAX none */
    enum sim_fault fault;
    uint64_t fault_after, fault_times, faults;
    struct sim_inode inode[FILES];
};

struct sim_handle {
    sqlite3_file base;
    struct sim_disk *disk; /* NULL: a nameless temporary file */
    struct sim_inode *inode;
    uint64_t epoch;
    struct sim_inode own; /* of the nameless */
    bool delete_on_close;
};

static struct sim_disk disks[SIM_DISKS];

static uint64_t next_random(struct sim_disk *disk)
{
    disk->random += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    uint64_t z = disk->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static struct sim_disk *disk_named(const char *name)
{
    for (int i = 0; i < SIM_DISKS; i++)
        if (disks[i].used && !strcmp(disks[i].name, name))
            return &disks[i];
    return NULL;
}

static struct sim_disk *disk_of_path(const char *path)
{
    for (int i = 0; i < SIM_DISKS; i++) {
        size_t len = strlen(disks[i].name);
        if (disks[i].used && !strncmp(disks[i].name, path, len) && path[len] == '/')
            return &disks[i];
    }
    return NULL;
}

static struct sim_inode *inode_of(struct sim_disk *disk, const char *path, bool make)
{
    struct sim_inode *vacant = NULL;
    for (int i = 0; i < FILES; i++) {
        if (!strcmp(disk->inode[i].path, path))
            return &disk->inode[i];
        if (!disk->inode[i].path[0] && !vacant)
            vacant = &disk->inode[i];
    }
    if (!make || !vacant || strlen(path) >= PATH)
        return NULL;
    memcpy(vacant->path, path, strlen(path) + 1);
    return vacant;
}

static void inode_free(struct sim_inode *inode)
{
    free(inode->live.bytes);
    free(inode->durable.bytes);
    free(inode->dirty);
    memset(inode, 0, sizeof *inode);
}

static bool image_room(struct image *image, size_t size)
{
    if (size <= image->room)
        return true;
    size_t room = image->room ? image->room : ROOM_FIRST;
    while (room < size)
        room *= 2;
    uint8_t *bytes = realloc(image->bytes, room);
    if (!bytes)
        return false;
    memset(bytes + image->room, 0, room - image->room);
    image->bytes = bytes;
    image->room = room;
    return true;
}

static void image_cut(struct image *image, size_t size)
{
    if (size < image->size)
        memset(image->bytes + size, 0, image->size - size);
    image->size = size;
}

static bool inode_room(struct sim_inode *inode, size_t size)
{
    size_t before = inode->live.room;
    if (!image_room(&inode->live, size))
        return false;
    if (inode->live.room != before) {
        uint8_t *dirty = realloc(inode->dirty, inode->live.room / SECTOR);
        if (!dirty)
            return false;
        memset(dirty + before / SECTOR, 0, (inode->live.room - before) / SECTOR);
        inode->dirty = dirty;
    }
    return true;
}

static void mark(struct sim_inode *inode, size_t from, size_t end)
{
    size_t first = from / SECTOR, last = (end + SECTOR - 1) / SECTOR;
    if (first >= last)
        return;
    memset(inode->dirty + first, 1, last - first);
    if (inode->dirty_first == inode->dirty_end) {
        inode->dirty_first = first;
        inode->dirty_end = last;
        return;
    }
    if (first < inode->dirty_first)
        inode->dirty_first = first;
    if (last > inode->dirty_end)
        inode->dirty_end = last;
}

/* Brings unsynced sectors to the platter: all, or those that `disk`'s luck chooses. */
static bool settle(struct sim_inode *inode, struct sim_disk *luck)
{
    /* 0 nothing, 1 everything, 2 sector by sector, 3 pages of 4 KiB whole */
    unsigned manner = luck ? (unsigned)(next_random(luck) % 4) : 1;
    size_t size = inode->live.size;
    if (manner == 0)
        size = inode->durable.size;
    else if (manner >= 2 && luck && inode->live.size > inode->durable.size)
        size = inode->durable.size + (size_t)(next_random(luck) % (inode->live.size - inode->durable.size + 1));
    else if (manner >= 2 && luck && (next_random(luck) & 1))
        size = inode->durable.size;
    if (!image_room(&inode->durable, inode->live.room > inode->durable.room ? inode->live.room : inode->durable.room))
        return false;
    bool keep = manner == 1;
    size_t written = inode->dirty_end * SECTOR, end = written > inode->durable.size ? written : inode->durable.size;
    for (size_t s = inode->dirty_first; s < inode->dirty_end; s++) {
        if (luck && (manner == 2 || (manner == 3 && (s % 8 == 0 || s == inode->dirty_first))))
            keep = next_random(luck) & 1;
        if (inode->dirty[s] && keep && (s + 1) * SECTOR <= inode->live.room)
            memcpy(inode->durable.bytes + s * SECTOR, inode->live.bytes + s * SECTOR, SECTOR);
        inode->dirty[s] = 0;
    }
    inode->dirty_first = inode->dirty_end = 0;
    /* Bytes behind the end read as zero when the file grows over them again: only those can differ that a sector just brought, or
     * that were before the end until now. */
    inode->durable.size = size;
    if (end > inode->durable.room)
        end = inode->durable.room;
    if (end > size)
        memset(inode->durable.bytes + size, 0, end - size);
    return true;
}

static void power_off(struct sim_disk *disk)
{
    if (disk->off)
        return;
    disk->off = true;
    disk->epoch++;
    for (int i = 0; i < FILES; i++) {
        struct sim_inode *inode = &disk->inode[i];
        if (!inode->path[0])
            continue;
        if (inode->exists != inode->durable_exists && (next_random(disk) & 1)) {
            inode->durable_exists = inode->exists; /* the directory was written by itself */
        }
        if (inode->exists && !settle(inode, disk))
            abort(); /* the harness has no memory */
        if (!inode->durable_exists) {
            inode_free(inode);
            continue;
        }
        inode->exists = true;
        if (!inode_room(inode, inode->durable.size ? inode->durable.size : 1))
            abort();
        memset(inode->live.bytes, 0, inode->live.room);
        if (inode->durable.size)
            memcpy(inode->live.bytes, inode->durable.bytes, inode->durable.size);
        inode->live.size = inode->durable.size;
    }
}

/* Counts a changing operation.  0: go on; else the error to return.  *dying: the power goes with this operation. */
static int operation(struct sim_disk *disk, bool grows, int full, int error, bool *dying)
{
    *dying = false;
    if (!disk)
        return SQLITE_OK;
    if (disk->off)
        return error;
    disk->operations++;
    if (disk->off_after != UINT64_MAX && disk->off_after-- == 0) {
        disk->off_after = UINT64_MAX;
        *dying = true;
        return SQLITE_OK;
    }
    if (disk->fault == SIM_FAULT_NONE)
        return SQLITE_OK;
    if (disk->fault == SIM_FAULT_FULL && !grows)
        return SQLITE_OK;
    if (disk->fault_after) {
        disk->fault_after--;
        return SQLITE_OK;
    }
    if (!disk->fault_times)
        return SQLITE_OK;
    if (disk->fault_times != UINT64_MAX)
        disk->fault_times--;
    disk->faults++;
    return disk->fault == SIM_FAULT_FULL ? full : error;
}

/* ---- files ---- */

static bool gone(const struct sim_handle *h)
{
    return h->disk && (h->disk->off || h->epoch != h->disk->epoch);
}

static int f_close(sqlite3_file *f)
{
    struct sim_handle *h = (struct sim_handle *)f;
    if (!h->disk)
        inode_free(&h->own);
    else if (h->delete_on_close && !gone(h))
        inode_free(h->inode);
    return SQLITE_OK;
}

static int f_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    struct sim_handle *h = (struct sim_handle *)f;
    if (gone(h) || n < 0 || at < 0)
        return SQLITE_IOERR_READ;
    const struct image *live = &h->inode->live;
    size_t want = (size_t)n, from = (size_t)at;
    size_t have = from < live->size ? live->size - from : 0;
    if (have > want)
        have = want;
    if (have)
        memcpy(out, live->bytes + from, have);
    memset((uint8_t *)out + have, 0, want - have);
    return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int f_write(sqlite3_file *f, const void *in, int n, sqlite3_int64 at)
{
    struct sim_handle *h = (struct sim_handle *)f;
    bool dying;
    if (gone(h) || n <= 0 || at < 0)
        return SQLITE_IOERR_WRITE;
    size_t end = (size_t)at + (size_t)n;
    int rc = operation(h->disk, end > h->inode->live.size, SQLITE_FULL, SQLITE_IOERR_WRITE, &dying);
    if (rc != SQLITE_OK)
        return rc;
    if (!inode_room(h->inode, end))
        return SQLITE_IOERR_NOMEM;
    memcpy(h->inode->live.bytes + at, in, (size_t)n);
    if (end > h->inode->live.size)
        h->inode->live.size = end;
    mark(h->inode, (size_t)at, end);
    if (dying) {
        power_off(h->disk);
        return SQLITE_IOERR_WRITE;
    }
    return SQLITE_OK;
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct sim_handle *h = (struct sim_handle *)f;
    bool dying;
    if (gone(h) || size < 0)
        return SQLITE_IOERR_TRUNCATE;
    int rc = operation(h->disk, false, SQLITE_FULL, SQLITE_IOERR_TRUNCATE, &dying);
    if (rc != SQLITE_OK)
        return rc;
    if ((size_t)size < h->inode->live.size) {
        mark(h->inode, (size_t)size, h->inode->live.size);
        image_cut(&h->inode->live, (size_t)size);
    }
    if (dying) {
        power_off(h->disk);
        return SQLITE_IOERR_TRUNCATE;
    }
    return SQLITE_OK;
}

static int f_sync(sqlite3_file *f, int flags)
{
    struct sim_handle *h = (struct sim_handle *)f;
    bool dying;
    (void)flags;
    if (gone(h))
        return SQLITE_IOERR_FSYNC;
    int rc = operation(h->disk, false, SQLITE_FULL, SQLITE_IOERR_FSYNC, &dying);
    if (rc != SQLITE_OK || !h->disk)
        return rc;
    /* The power may go before the sync, or after it and before anybody hears of it. */
    if (!dying || (next_random(h->disk) & 1)) {
        if (!settle(h->inode, NULL))
            return SQLITE_IOERR_NOMEM;
        h->inode->durable_exists = true;
    }
    if (dying) {
        power_off(h->disk);
        return SQLITE_IOERR_FSYNC;
    }
    return SQLITE_OK;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
    struct sim_handle *h = (struct sim_handle *)f;
    if (gone(h))
        return SQLITE_IOERR_FSTAT;
    *size = (sqlite3_int64)h->inode->live.size;
    return SQLITE_OK;
}

static int f_lock(sqlite3_file *f, int level)
{
    (void)f;
    (void)level;
    return SQLITE_OK;
}

static int f_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
    (void)f;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int f_sector(sqlite3_file *f)
{
    (void)f;
    return 4096;
}

static int f_traits(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as the Unix VFS says of every disk */
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_lock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
};

/* ---- the VFS ---- */

static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *flags_out)
{
    struct sim_handle *h = (struct sim_handle *)f;
    bool dying = false;
    (void)vfs;
    memset(h, 0, sizeof *h);
    if (!name) {
        h->inode = &h->own;
        h->base.pMethods = &methods;
        return SQLITE_OK;
    }
    struct sim_disk *disk = disk_of_path(name);
    if (!disk || disk->off)
        return SQLITE_CANTOPEN;
    struct sim_inode *inode = inode_of(disk, name, false);
    bool read_only = disk->fault == SIM_FAULT_READ_ONLY && !disk->fault_after && disk->fault_times;
    if (!inode || !inode->exists) {
        if (!(flags & SQLITE_OPEN_CREATE) || read_only)
            return SQLITE_CANTOPEN;
        int rc = operation(disk, true, SQLITE_CANTOPEN, SQLITE_CANTOPEN, &dying);
        if (rc != SQLITE_OK)
            return rc;
        inode = inode_of(disk, name, true);
        if (!inode)
            return SQLITE_CANTOPEN;
        inode->exists = true;
        image_cut(&inode->live, 0);
        /* A file of that name that was deleted without a sync cannot come back any more in its old form. */
        inode->durable.size = 0;
        inode->durable_exists = false;
    }
    if (dying) {
        power_off(disk);
        return SQLITE_CANTOPEN;
    }
    h->disk = disk;
    h->inode = inode;
    h->epoch = disk->epoch;
    h->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    h->base.pMethods = &methods;
    if (flags_out)
        *flags_out = read_only ? (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY : flags;
    return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    (void)vfs;
    struct sim_disk *disk = disk_of_path(name);
    if (!disk)
        return SQLITE_IOERR_DELETE;
    struct sim_inode *inode = inode_of(disk, name, false);
    bool dying;
    if (!inode || !inode->exists)
        return disk->off ? SQLITE_IOERR_DELETE : SQLITE_IOERR_DELETE_NOENT;
    int rc = operation(disk, false, SQLITE_FULL, SQLITE_IOERR_DELETE, &dying);
    if (rc != SQLITE_OK)
        return rc;
    inode->exists = false;
    if (sync_directory && !dying)
        inode->durable_exists = false;
    if (!inode->durable_exists)
        inode_free(inode);
    if (dying) {
        power_off(disk);
        return SQLITE_IOERR_DELETE;
    }
    return SQLITE_OK;
}

static int v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)flags;
    struct sim_disk *disk = disk_of_path(name);
    if (!disk || disk->off)
        return SQLITE_IOERR_ACCESS;
    struct sim_inode *inode = inode_of(disk, name, false);
    *out = inode && inode->exists;
    return SQLITE_OK;
}

static int v_full_pathname(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
    (void)vfs;
    if (n < 1 || strlen(name) >= (size_t)n)
        return SQLITE_CANTOPEN;
    memcpy(out, name, strlen(name) + 1);
    return SQLITE_OK;
}

static int v_random(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    memset(out, 42, n > 0 ? (size_t)n : 0);
    return n;
}

static int v_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int v_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    *out = 2461368.5; /* 2026-11-23 */
    return SQLITE_OK;
}

static int v_last_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    if (n > 0)
        *out = '\0';
    return 0;
}

static sqlite3_vfs sim = {
    .iVersion = 1,
    .szOsFile = (int)sizeof(struct sim_handle),
    .mxPathname = PATH,
    .zName = "sim",
    .xOpen = v_open,
    .xDelete = v_delete,
    .xAccess = v_access,
    .xFullPathname = v_full_pathname,
    .xRandomness = v_random,
    .xSleep = v_sleep,
    .xCurrentTime = v_time,
    .xGetLastError = v_last_error,
};

/* ---- control ---- */

void sim_disk_format(const char *name, uint64_t seed)
{
    static bool registered;
    if (!registered) {
        if (sqlite3_vfs_register(&sim, 0) != SQLITE_OK)
            abort();
        registered = true;
    }
    struct sim_disk *disk = disk_named(name);
    for (int i = 0; i < SIM_DISKS && !disk && seed; i++)
        if (!disks[i].used)
            disk = &disks[i];
    if (!disk) {
        if (seed)
            abort(); /* more disks than the harness has */
        return;
    }
    uint64_t epoch = disk->epoch;
    for (int i = 0; i < FILES; i++)
        inode_free(&disk->inode[i]);
    memset(disk, 0, sizeof *disk);
    disk->epoch = epoch + 1; /* handles of before stay dead */
    if (!seed)
        return;
    if (strlen(name) >= sizeof disk->name)
        abort();
    memcpy(disk->name, name, strlen(name) + 1);
    disk->used = true;
    disk->random = seed;
    disk->off_after = UINT64_MAX;
}

void sim_disk_copy(const char *from, const char *to)
{
    sim_disk_format(to, 1);
    struct sim_disk *source = disk_named(from), *target = disk_named(to);
    for (int i = 0; source && target && i < FILES; i++) {
        const struct sim_inode *file = &source->inode[i];
        char path[2 * PATH];
        if (!file->path[0] || !file->exists)
            continue;
        (void)snprintf(path, sizeof path, "%s%s", to, file->path + strlen(from));
        struct sim_inode *copy = inode_of(target, path, true);
        if (!copy || !inode_room(copy, file->live.size) || !image_room(&copy->durable, copy->live.room))
            abort();
        if (file->live.size) {
            memcpy(copy->live.bytes, file->live.bytes, file->live.size);
            memcpy(copy->durable.bytes, file->live.bytes, file->live.size);
        }
        copy->live.size = copy->durable.size = file->live.size;
        copy->exists = copy->durable_exists = true;
    }
}

void sim_disk_power_off(const char *name)
{
    struct sim_disk *disk = disk_named(name);
    if (disk)
        power_off(disk);
}

void sim_disk_power_off_after(const char *name, uint64_t operations)
{
    struct sim_disk *disk = disk_named(name);
    if (disk && !disk->off)
        disk->off_after = operations;
}

void sim_disk_power_on(const char *name)
{
    struct sim_disk *disk = disk_named(name);
    if (disk) {
        disk->off = false;
        disk->off_after = UINT64_MAX;
    }
}

bool sim_disk_is_off(const char *name)
{
    const struct sim_disk *disk = disk_named(name);
    return disk && disk->off;
}

uint64_t sim_disk_operations(const char *name)
{
    const struct sim_disk *disk = disk_named(name);
    return disk ? disk->operations : 0;
}

void sim_disk_fault(const char *name, enum sim_fault fault, uint64_t operations, uint64_t times)
{
    struct sim_disk *disk = disk_named(name);
    if (disk) {
        disk->fault = fault;
        disk->fault_after = operations;
        disk->fault_times = times;
        disk->faults = 0;
    }
}

uint64_t sim_disk_faults(const char *name)
{
    const struct sim_disk *disk = disk_named(name);
    return disk ? disk->faults : 0;
}

static struct sim_inode *file_at(const char *path)
{
    struct sim_disk *disk = disk_of_path(path);
    struct sim_inode *inode = disk ? inode_of(disk, path, false) : NULL;
    return inode && inode->exists ? inode : NULL;
}

size_t sim_file_size(const char *path)
{
    const struct sim_inode *inode = file_at(path);
    return inode ? inode->live.size : 0;
}

bool sim_file_flip(const char *path, size_t offset, unsigned bit)
{
    struct sim_inode *inode = file_at(path);
    if (!inode || offset >= inode->live.size)
        return false;
    inode->live.bytes[offset] ^= (uint8_t)(1u << (bit % 8));
    if (offset < inode->durable.size)
        inode->durable.bytes[offset] ^= (uint8_t)(1u << (bit % 8));
    return true;
}
