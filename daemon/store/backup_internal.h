/* backup_internal: what backup*.c and restore.c share — small work on files, each with its words in a problem. */
#ifndef STORE_BACKUP_INTERNAL_H
#define STORE_BACKUP_INTERNAL_H

#include <sqlite3.h>

#include "daemon/store/backup.h"

#define BACKUP_DATABASE "office.db"
#define BACKUP_LIST     "materials.list"
#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_PARTIAL  ".partial-"
#define STORE_RESTORING "restoring"
#define STORE_RESTORED  "restored"

/* ---- backup_files.c ---- */

/* "base/name"; TB_ELIMIT. */
int path_join(const char *base, const char *name, char out[BACKUP_PATH]) TB_MUST_USE;
/* "base/materials/ab/abcd…" */
int path_of_material(const char *base, const char *sha256, char out[BACKUP_PATH]) TB_MUST_USE;
/* A failure of the operating system with our code. */
int file_problem(struct problem *p, const char *what, const char *path);
int make_directory(const char *path, struct problem *p) TB_MUST_USE;
/* A file or a directory itself, durable. */
int sync_path(const char *path, struct problem *p) TB_MUST_USE;
/* A directory with all directories and, with `files`, all files in it. */
int sync_tree(const char *path, bool files, struct problem *p) TB_MUST_USE;
/* 0 also when there is none. */
int remove_tree(const char *path, struct problem *p) TB_MUST_USE;
/* Waits as long as `bytes` may take; TB_ECLOSED when told to stop. */
int pace_take(struct backup_pace *pace, size_t bytes) TB_MUST_USE;
void pace_tell(const struct backup_pace *pace, const char *step, int64_t done, int64_t of);
/* SHA-256 of a file in hexadecimal, and its size.  TB_ENOTFOUND. */
int file_hash(const char *path, struct backup_pace *pace, char hex[65], int64_t *size) TB_MUST_USE;
/* Copies to a new file and syncs it. */
int file_copy(const char *from, const char *to, struct backup_pace *pace, struct problem *p) TB_MUST_USE;
int file_write(const char *path, const char *text, size_t len, struct problem *p) TB_MUST_USE;

/* ---- backup_check.c: the database of a backup ---- */

/* Opens the database of a backup read-only. */
int check_open(const char *path, sqlite3 **out, struct problem *p) TB_MUST_USE;
/* SQLite's checks of the file and of its foreign keys. */
int check_file(sqlite3 *db, struct problem *p) TB_MUST_USE;
/* Hashes every line of the ledger again; fills size, checkpoint, schema, cases and office of the manifest. */
int check_ledger(sqlite3 *db, const struct note_vkey *key, struct backup_pace *pace, struct backup_manifest *out,
                 struct problem *p) TB_MUST_USE;
/* The materials that the database says are here, by their hash. */
int check_materials(sqlite3 *db, int (*row)(void *context, const char *sha256, int64_t size), void *context, int64_t *count) TB_MUST_USE;

/* ---- backup_manifest.c ---- */

int manifest_write(const char *directory, const struct backup_outcome *outcome, struct problem *p) TB_MUST_USE;
int fault_add(struct backup_outcome *outcome, const char *sha256, const char *fault, bool kept) TB_MUST_USE;
/* Calls `row` for each line of materials.list. */
int list_read(const char *path, int (*row)(void *context, const char *sha256, int64_t size), void *context, struct problem *p) TB_MUST_USE;

/* ---- store.c ---- */
/* Takes the store's lock for this process; *fd is closed to give it back.  TB_ECONFLICT when another one has it. */
int store_lock(const char *directory, int *fd, struct problem *p) TB_MUST_USE;

#endif
