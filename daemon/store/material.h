/* material: the files of the materials (scans) and of their unfinished uploads; the rows stand in tables.h.
 *
 * A *material* is a whole, verified file named by its SHA-256: <dir>/materials/ab/<sha256>.  An *upload* is one that is still growing:
 * <dir>/uploads/<sha256>.part with a *sidecar* <sha256>.json (length, type, owner, time of creation, acknowledged offset).  The
 * *acknowledged* offset is on the disk and survives a power cut; bytes behind it may be lost and are dropped at the next start.
 *
 * Every function blocks on the disk and is for lane threads (or the start); all may be called from any of them at the same time.  An
 * upload has one writer, who claims it with upload_begin and gives it back with upload_end.  No file is ever in memory whole.
 * A process that dies at any point leaves the old state or the new one: an upload exists when its sidecar does, a material when it was
 * renamed to its name; whatever else is left over is removed at the next start. */
#ifndef STORE_MATERIAL_H
#define STORE_MATERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/world.h"
#include "proto/problem.h"

enum { MATERIAL_NAME_TEXT = 65, MATERIAL_TYPE_TEXT = 32, MATERIAL_OWNER_TEXT = 32 };

struct material_store;
struct material_upload; /* claimed by one writer */

struct material_options {
    const char *directory;      /* exists; "materials" and "uploads" are made in it */
    uint64_t disk_floor_bytes;  /* an upload that would leave less than this free is refused */
    const struct world *world;  /* borrowed for the store's life */
    /* Asked before each operation that changes the disk or makes it durable; a positive errno makes it fail (a write after half of its
     * bytes).  NULL outside tests. */
    int (*fault)(void *context, const char *operation);
    void *fault_context;
};

struct material_state {
    int64_t length;
    int64_t offset;             /* acknowledged; equals length when complete */
    int64_t expires_at;         /* ms; 0 when complete */
    bool complete;              /* a material, no longer an upload */
    char type[MATERIAL_TYPE_TEXT];
    char owner[MATERIAL_OWNER_TEXT];
};

/* Makes the directories, walks the uploads: expired ones and left-overs are removed, the others can continue. */
int material_store_open(const struct material_options *options, struct material_store **out, struct problem *p) TB_MUST_USE;
/* No upload may be claimed any more.  NULL is accepted. */
void material_store_close(struct material_store *store);
/* Unfinished uploads now. */
size_t material_store_uploads(struct material_store *store);
/* Removes expired uploads that nobody is writing; returns how many.  Each creation does it too. */
size_t material_store_sweep(struct material_store *store);

/* 64 lower-case hexadecimal digits: nothing else ever becomes part of a path. */
bool material_name_valid(const char *sha256);
bool material_type_known(const char *type);
/* The type that the first bytes of a file show (static text), or NULL:
 * %PDF-, PK\3\4 for OFD (GB/T 33190), FF D8 FF, 89 PNG, II*\0 or MM\0*. */
const char *material_type_of(const uint8_t *head, size_t len);

/* Starts an upload, or finds the one of the same length and type, or the whole material (out->complete).  Refused with words: 0 bytes
 * (material-empty), more than LIMIT_MATERIAL_BYTES, unknown type, LIMIT_UPLOADS_OPEN, no room above the disk floor (disk-low), another
 * length or type than the upload that is there (upload-offset), a whole material that is of another type. */
int material_upload_create(struct material_store *store, const char *sha256, int64_t length, const char *type, const char *owner,
                           struct material_state *out, struct problem *p) TB_MUST_USE;
/* Of an upload or a whole material.  TB_ENOTFOUND, also for an expired upload. */
int material_upload_state(struct material_store *store, const char *sha256, struct material_state *out, struct problem *p) TB_MUST_USE;
/* Ends an unfinished upload and removes its bytes; only its owner may. */
int material_upload_delete(struct material_store *store, const char *sha256, const char *owner, struct problem *p) TB_MUST_USE;

/* Claims an upload to write on at `offset`.  upload-busy when another has it, upload-offset when it continues elsewhere (state->offset says
 * where: `state` is filled whenever the upload exists).  After a restart the bytes already there are hashed again first. */
int material_upload_begin(struct material_store *store, const char *sha256, int64_t offset, struct material_upload **out,
                          struct material_state *state, struct problem *p) TB_MUST_USE;
/* Appends.  TB_ELIMIT beyond the length (nothing taken).  On failure everything since the last checkpoint is gone. */
int material_upload_write(struct material_upload *upload, const void *bytes, size_t len, struct problem *p) TB_MUST_USE;
int64_t material_upload_offset(const struct material_upload *upload);
/* Makes what was written durable, then records the offset: from here on it is acknowledged.  Not for the last byte: an acknowledged
 * offset that equals the length means a whole, verified material, so only upload_finish gets there. */
int material_upload_checkpoint(struct material_upload *upload, struct problem *p) TB_MUST_USE;
/* Drops what was written since the last checkpoint: a damaged chunk. */
int material_upload_truncate(struct material_upload *upload, struct problem *p) TB_MUST_USE;
/* All bytes are written: checks them against the name and the type and turns the upload into a material.  material-mismatch and
 * unsupported-type end the upload and remove it; a failing disk leaves it as it was at the last checkpoint. */
int material_upload_finish(struct material_upload *upload, struct problem *p) TB_MUST_USE;
/* Gives the claim back; what was not checkpointed is dropped.  NULL is accepted. */
void material_upload_end(struct material_upload *upload);

/* Opens a whole material for reading; the caller closes *fd.  TB_ENOTFOUND. */
int material_open_read(struct material_store *store, const char *sha256, int *fd, int64_t *size) TB_MUST_USE;
/* Type by its first bytes (static text), or NULL. */
const char *material_read_type(int fd);
/* While it is kept a material is not deleted: from before somebody looks at the disk until the row of what was seen is committed.
 * Waits for a deletion under way.  The caller owns `keep`; material_unkeep before it goes, which does nothing with one never kept. */
struct material_keep {
    struct material_store *store; /* NULL: not kept */
    struct material_keep *next;
    char sha256[MATERIAL_NAME_TEXT];
};
void material_keep(struct material_store *store, struct material_keep *keep, const char *sha256);
void material_unkeep(struct material_keep *keep);
/* Removes a whole material.  TB_ENOTFOUND; TB_ETEMP while it is kept.  One thread at a time. */
int material_delete(struct material_store *store, const char *sha256) TB_MUST_USE;

#endif
