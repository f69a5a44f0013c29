/* backup: copies of the whole store — database, materials and what proves them — as directories that can be restored.
 *
 * A *backup* is a directory OFFICE-TIME with office.db, materials/ab/SHA256, materials.list (a line "SHA256 SIZE" for each) and
 * manifest.json, which names the office, the schema, the ledger's size with its signed checkpoint, and the hashes of the other two files.
 * It is written under a name that begins with ".partial-" and gets its own only when everything was read back and verified: what has the
 * name is whole.  A material that is missing or damaged in the store is a *fault*: it is named in the manifest, the rest is backed up, and
 * the backup does not count as verified.
 *
 * Every function blocks on the disk and is for a thread of its own, or for a program without a loop. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <jansson.h>

#include "daemon/store/store.h"

enum { BACKUP_PATH = 1024, BACKUP_FORMAT = 1, BACKUP_TIME_TEXT = 20, BACKUP_VERSION_TEXT = 40 };

/* How fast, and what is told meanwhile. */
struct backup_pace {
    uint64_t bytes_per_second;                 /* 0: as fast as it goes */
    bool (*stopped)(void *context);            /* asked often; true ends the work with TB_ECLOSED */
    /* `step`: "database", "ledger", "materials"; in bytes, entries, files. */
    void (*progress)(void *context, const char *step, int64_t done, int64_t of);
    void *context;
    int64_t began_ns, bytes;                   /* internal */
};

/* Of the office's ledger: the present one, and the one before a rotation or NULL; borrowed. */
struct backup_keys {
    const struct note_vkey *now, *before;
};

struct backup_manifest {
    char office[OFFICE_TEXT], version[BACKUP_VERSION_TEXT];
    int64_t schema, made_ms, ledger_size, cases, materials, faults;
    int64_t database_bytes;
    char database_sha256[65], list_sha256[65];
    char checkpoint[LIMIT_NOTE_BYTES];         /* note of that size, "" for an empty ledger */
};

struct backup_outcome {
    char path[BACKUP_PATH];
    struct backup_manifest manifest;
    int64_t material_bytes, linked;            /* linked: materials that took no room */
    int64_t erased;                            /* materials that were erased while the backup ran */
    int64_t removed;                           /* older backups */
    json_t *faults;                            /* owned, at most LIMIT_BACKUP_FAULTS: [{"material", "fault", "kept"}] */
};
void backup_outcome_clear(struct backup_outcome *outcome);

/* Backs the running store up into a new directory in `directory`, which exists.  Of the verified backups there the `keep` newest stay, and
 * as many of those with faults; 0: all.  Rests of interrupted backups of this office are removed first. */
int backup_make(struct store *store, const char *directory, unsigned keep, struct backup_pace *pace, struct backup_outcome *out,
                struct problem *p) TB_MUST_USE;
/* When the newest verified backup in `directory` was made.  TB_ENOTFOUND. */
int backup_newest(const char *directory, const char *office, int64_t *made_ms) TB_MUST_USE;

/* Whether both lie on one file system, so that one damage takes both and materials are linked, not copied; false when one is away. */
bool backup_on_same_disk(const char *directory, const char *store);

/* Reads a backup's manifest; refused with words when there is none, or the format is unknown. */
int backup_manifest_read(const char *path, struct backup_manifest *out, struct problem *p) TB_MUST_USE;
/* Verifies a backup: its files against the manifest, the database by SQLite's own checks, every line of the ledger against the checkpoint
 * signed by one of `keys`, every material against its name.  `out->faults` gets what is wrong with materials; anything else is an error
 * with words in `p`. */
int backup_verify(const char *path, const char *office, const struct backup_keys *keys, struct backup_pace *pace,
                  struct backup_outcome *out, struct problem *p) TB_MUST_USE;

/* The file of a material under base/materials: *fault is "missing", "damaged" or NULL. */
int backup_look_at_material(const char *base, const char *sha256, int64_t size, struct backup_pace *pace, const char **fault) TB_MUST_USE;

struct restore_options {
    const char *from, *to;      /* a backup; the store's directory */
    const char *office;
    struct backup_keys keys;
    int64_t now_ms;
    bool force;                 /* what is in the store is moved aside instead of refusing */
};
/* Puts a backup in the place of the store of a stopped daemon, verified before and as it is copied, and leaves the mark "restored"
 * ({"time", "ledger_size", "restored_at"}) beside it: the office stays closed until the counterparts have been asked.  A restore that was
 * interrupted leaves a directory that store_open refuses, and can be done again. */
int backup_restore(const struct restore_options *options, struct backup_pace *pace, struct backup_outcome *out,
                   struct problem *p) TB_MUST_USE;

#endif
