#include "daemon/store/vfs_count.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/series.h"
#include "daemon/base/world.h"

struct vfs_count {
    sqlite3_vfs vfs; /* a copy of the parent's with our name, size and xOpen */
    sqlite3_vfs *parent;
    sqlite3_io_methods methods[4]; /* by iVersion of the parent's files */
    char name[64];
    atomic_uint_fast64_t syncs;
};

/* Some frames of a WAL: a header of 24 bytes and a page each. */
enum { GATHER_BYTES = 32 * 1024, FRAME_HEADER_BYTES = 24 };

struct file {
    sqlite3_file base;
    struct vfs_count *owner;
    sqlite3_file *real; /* stands behind this struct */
    /* Of a WAL: what was written and is not passed on yet, `len` bytes that belong at `at`.  SQLite writes a frame in two calls, and the
     * frames of a commit one behind the other; the last one says so and takes all of them along. */
    bool gathers, commits; /* the frame that is being written ends a transaction */
    unsigned char *bytes; /* owned */
    int len;
    sqlite3_int64 at, next; /* next: behind the last write */
    sqlite3_int64 lost; /* from here on nothing is in the file, `failed` says why; until it is written anew */
    int failed;
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

/* Passes on what was gathered.  What cannot be written is lost, as with any write; but of these SQLite had been told that they were
 * done, so nothing that would build on them is. */
static int pass_on(sqlite3_file *f)
{
    struct file *file = (struct file *)f;
    int rc = file->len ? file->real->pMethods->xWrite(file->real, file->bytes, file->len, file->at) : SQLITE_OK;
    if (rc != SQLITE_OK && file->at < file->lost) {
        file->lost = file->at;
        file->failed = rc;
    }
    file->len = 0;
    return rc;
}

/* The header of a frame that ends a transaction: the size of the database stands in it. */
static bool is_commit(const unsigned char *header, sqlite3_int64 at)
{
    return at > 0 && (header[4] | header[5] | header[6] | header[7]);
}

static int f_write(sqlite3_file *f, const void *in, int n, sqlite3_int64 at)
{
    struct file *file = (struct file *)f;
    int rc = SQLITE_OK;
    file->commits = n == FRAME_HEADER_BYTES ? is_commit(in, at) : file->commits && at == file->next;
    file->next = at + n;
    if (file->len && (at != file->at + file->len || n > GATHER_BYTES - file->len))
        rc = pass_on(f);
    if (rc != SQLITE_OK)
        return rc;
    if (at > file->lost)
        return file->failed;
    file->lost = INT64_MAX;
    if (file->gathers && !file->bytes)
        file->bytes = malloc(GATHER_BYTES);
    if (!file->bytes || n > GATHER_BYTES)
        return file->real->pMethods->xWrite(file->real, in, n, at);
    if (!file->len)
        file->at = at;
    memcpy(file->bytes + file->len, in, (size_t)n);
    file->len += n;
    return file->commits && n != FRAME_HEADER_BYTES ? pass_on(f) : SQLITE_OK;
}

static int f_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    struct file *file = (struct file *)f;
    int rc = pass_on(f);
    if (rc == SQLITE_OK && at + n > file->lost)
        rc = file->failed;
    return rc == SQLITE_OK ? file->real->pMethods->xRead(file->real, out, n, at) : rc;
}

static int f_close(sqlite3_file *f)
{
    sqlite3_file *real = real_of(f);
    (void)pass_on(f); /* of no commit: those are passed on */
    free(((struct file *)f)->bytes);
    ((struct file *)f)->bytes = NULL;
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int f_sync(sqlite3_file *f, int flags)
{
    atomic_fetch_add_explicit(&((struct file *)f)->owner->syncs, 1, memory_order_relaxed);
    int64_t began = world_figure_us();
    int rc = pass_on(f);
    if (rc == SQLITE_OK)
        rc = real_of(f)->pMethods->xSync(real_of(f), flags);
    series_observe(SERIES_FSYNC, 0, world_figure_us() - began);
    return rc;
}

/* What looks at the file, or changes its length, sees all that was written. */
#define PASS_BEHIND(name, method, parameters, arguments)                                                               \
    static int name parameters                                                                                         \
    {                                                                                                                  \
        sqlite3_file *r = real_of(f);                                                                                  \
        int rc = pass_on(f);                                                                                           \
        return rc == SQLITE_OK ? r->pMethods->method arguments : rc;                                                   \
    }
PASS_BEHIND(f_truncate, xTruncate, (sqlite3_file * f, sqlite3_int64 size), (r, size))
PASS_BEHIND(f_size, xFileSize, (sqlite3_file * f, sqlite3_int64 *size), (r, size))
PASS_BEHIND(f_control, xFileControl, (sqlite3_file * f, int op, void *arg), (r, op, arg))
#undef PASS_BEHIND

#define PASS(result, name, method, parameters, arguments)                                                              \
    static result name parameters                                                                                      \
    {                                                                                                                  \
        sqlite3_file *r = real_of(f);                                                                                  \
        return r->pMethods->method arguments;                                                                          \
    }
PASS(int, f_lock, xLock, (sqlite3_file * f, int level), (r, level))
PASS(int, f_unlock, xUnlock, (sqlite3_file * f, int level), (r, level))
PASS(int, f_reserved, xCheckReservedLock, (sqlite3_file * f, int *out), (r, out))
PASS(int, f_sector, xSectorSize, (sqlite3_file * f), (r))
PASS(int, f_traits, xDeviceCharacteristics, (sqlite3_file * f), (r))
PASS(int, f_shm_map, xShmMap, (sqlite3_file * f, int page, int size, int extend, void volatile **out),
     (r, page, size, extend, out))
PASS(int, f_shm_lock, xShmLock, (sqlite3_file * f, int offset, int n, int flags), (r, offset, n, flags))
PASS(int, f_shm_unmap, xShmUnmap, (sqlite3_file * f, int remove), (r, remove))
PASS(int, f_fetch, xFetch, (sqlite3_file * f, sqlite3_int64 at, int n, void **out), (r, at, n, out))
PASS(int, f_unfetch, xUnfetch, (sqlite3_file * f, sqlite3_int64 at, void *page), (r, at, page))
#undef PASS

static void f_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static const sqlite3_io_methods all_methods = {
    .iVersion = 3,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
    .xFetch = f_fetch,
    .xUnfetch = f_unfetch,
};

static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *flags_out)
{
    struct vfs_count *owner = (struct vfs_count *)vfs;
    struct file *file = (struct file *)f;
    file->owner = owner;
    file->real = (sqlite3_file *)(file + 1);
    file->base.pMethods = NULL;
    file->gathers = (flags & SQLITE_OPEN_WAL) != 0;
    file->bytes = NULL;
    file->len = 0;
    file->at = file->next = 0;
    file->commits = false;
    file->lost = INT64_MAX;
    file->failed = SQLITE_OK;
    int rc = owner->parent->xOpen(owner->parent, name, file->real, flags, flags_out);
    /* SQLite closes what has methods, even when the open failed; so do we, through f_close. */
    if (file->real->pMethods) {
        int version = file->real->pMethods->iVersion;
        file->base.pMethods = &owner->methods[version < 1 ? 1 : version > 3 ? 3 : version];
    }
    return rc;
}

/* The other calls of a VFS get the VFS itself as an argument: the parent must see its own. */
static int v_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    sqlite3_vfs *parent = ((struct vfs_count *)vfs)->parent;
    return parent->xDelete(parent, name, sync_dir);
}

static int v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    sqlite3_vfs *parent = ((struct vfs_count *)vfs)->parent;
    return parent->xAccess(parent, name, flags, out);
}

static int v_full_pathname(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
    sqlite3_vfs *parent = ((struct vfs_count *)vfs)->parent;
    return parent->xFullPathname(parent, name, n, out);
}

int vfs_count_open(const char *name, const char *parent, struct vfs_count **out)
{
    /* Before anything else of SQLite; later it changes nothing.  Nobody asks how much memory it has, and counting takes a lock at each
     * piece. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_vfs *under = sqlite3_vfs_find(parent);
    struct vfs_count *vfs = calloc(1, sizeof *vfs);
    if (!under || !vfs || strlen(name) >= sizeof vfs->name) {
        free(vfs);
        return under ? TB_ENOMEM : TB_EINVAL;
    }
    memcpy(vfs->name, name, strlen(name) + 1);
    vfs->parent = under;
    /* Time, sleep and randomness do not look at the VFS they get; they stay the parent's. */
    vfs->vfs = *under;
    vfs->vfs.pNext = NULL;
    vfs->vfs.zName = vfs->name;
    vfs->vfs.szOsFile = (int)sizeof(struct file) + under->szOsFile;
    vfs->vfs.xOpen = v_open;
    vfs->vfs.xDelete = v_delete;
    vfs->vfs.xAccess = v_access;
    vfs->vfs.xFullPathname = v_full_pathname;
    for (int version = 0; version <= 3; version++) {
        vfs->methods[version] = all_methods;
        vfs->methods[version].iVersion = version;
    }
    int rc = sqlite3_vfs_register(&vfs->vfs, 0);
    if (rc != SQLITE_OK) {
        free(vfs);
        return TB_ENOMEM;
    }
    *out = vfs;
    return 0;
}

uint64_t vfs_count_syncs(struct vfs_count *vfs)
{
    return atomic_load_explicit(&vfs->syncs, memory_order_relaxed);
}

void vfs_count_close(struct vfs_count *vfs)
{
    if (!vfs)
        return;
    sqlite3_vfs_unregister(&vfs->vfs);
    free(vfs);
}
