/* archive_file: the file of one archive (proto/archive.h) — written beside its name, synced, then renamed, so that what has the name is
 * whole.  Blocks on the disk: never on the loop or the writer. */
#ifndef STORE_ARCHIVE_FILE_H
#define STORE_ARCHIVE_FILE_H

#include "daemon/store/material.h"
#include "proto/archive.h"

struct archive_file {
    int directory, fd;                     /* −1 none */
    char name[ARCHIVE_NAME_TEXT], partial[ARCHIVE_NAME_TEXT];
    struct suite_stream *digest;
    int error;                             /* errno of the first failure */
};
/* In `directory`, which exists; the rest of one that failed before is written over. */
int archive_file_open(struct archive_file *file, const char *directory, const char *no) TB_MUST_USE;
/* archive.put; `context` is the file. */
int archive_file_put(void *context, const void *bytes, size_t len) TB_MUST_USE;
/* The bytes of a material whose _begin was called.  TB_ENOTFOUND, TB_ECLOSED when `stopped` says so. */
int archive_file_material(struct archive *archive, struct material_store *materials, const char *sha256, bool (*stopped)(void *context),
                          void *context) TB_MUST_USE;
/* keep: syncs and gives it its name, `sha256` is that of the whole file; else nothing is left. */
int archive_file_close(struct archive_file *file, bool keep, char sha256[ARCHIVE_DIGEST_TEXT]) TB_MUST_USE;

#endif
