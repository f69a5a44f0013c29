/* material_disk: the few operations on the disk that material.c is made of, each with the hook that lets a test fail it. */
#ifndef STORE_MATERIAL_DISK_H
#define STORE_MATERIAL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store/material.h"
#include "proto/buf.h"

struct material_disk {
    int (*fault)(void *context, const char *operation);
    void *fault_context;
    int root;       /* directory handles: all names are relative to them, so that no path is ever built from outside */
    int materials;
    int uploads;
};

/* Our code for an errno; fills `p` (disk-low, store-failed).  The failing name never goes into words. */
int disk_problem(struct problem *p, int error, const char *operation);
int disk_make_directory(const struct material_disk *disk, int at, const char *name, int *fd, struct problem *p) TB_MUST_USE;
int disk_create(const struct material_disk *disk, int at, const char *name, int *fd, struct problem *p) TB_MUST_USE;
int disk_write(const struct material_disk *disk, int fd, int64_t at, const void *bytes, size_t len, struct problem *p) TB_MUST_USE;
int disk_truncate(const struct material_disk *disk, int fd, int64_t size, struct problem *p) TB_MUST_USE;
/* Data and what is needed to find it again. */
int disk_sync(const struct material_disk *disk, int fd, struct problem *p) TB_MUST_USE;
int disk_sync_directory(const struct material_disk *disk, int fd, struct problem *p) TB_MUST_USE;
int disk_rename(const struct material_disk *disk, int from, const char *old_name, int to, const char *new_name,
                struct problem *p) TB_MUST_USE;
/* 0 also when there is none. */
int disk_remove(const struct material_disk *disk, int at, const char *name, struct problem *p) TB_MUST_USE;
/* Whole small file of ours, NUL behind it is not written.  TB_ENOTFOUND, TB_ELIMIT. */
int disk_read_small(int at, const char *name, struct buf *out) TB_MUST_USE;
/* Free bytes for us. */
int disk_free_bytes(const struct material_disk *disk, uint64_t *out, struct problem *p) TB_MUST_USE;

#endif
