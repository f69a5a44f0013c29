/* material_internal: what material.c (the store and its uploads) shares with material_upload.c (one writer on one upload). */
#ifndef STORE_MATERIAL_INTERNAL_H
#define STORE_MATERIAL_INTERNAL_H

#include <pthread.h>

#include "daemon/store/material_disk.h"
#include "proto/suite_stream.h"

struct material_upload {
    struct material_store *store;
    struct material_upload *next;
    char sha256[MATERIAL_NAME_TEXT];
    char type[MATERIAL_TYPE_TEXT];
    char owner[MATERIAL_OWNER_TEXT];
    int64_t length, created;
    /* under the store's lock */
    bool claimed;
    int64_t acknowledged;
    /* the claimer's own */
    bool gone;                      /* finished or discarded: upload_end frees it */
    int fd;                         /* −1 while not claimed */
    int64_t offset;                 /* written */
    struct suite_stream *running;   /* over [0, offset), NULL when it has to be made again */
    struct suite_stream *marked;    /* over [0, acknowledged), NULL likewise */
};

struct material_store {
    struct material_disk disk;
    const struct world *world;
    uint64_t disk_floor_bytes;
    pthread_mutex_t lock;           /* the list and the fields named above; never held across the disk */
    struct material_upload *uploads;
    struct material_keep *kept;     /* borrowed */
    char deleting[MATERIAL_NAME_TEXT]; /* whose file goes just now, "" none … */
    pthread_cond_t deleted;         /* … and when it is gone */
    size_t count;
};

enum { UPLOAD_FILE_NAME = 80 };
/* "<sha256><suffix>" */
void upload_file_name(const char *sha256, const char *suffix, char out[UPLOAD_FILE_NAME]);
/* Writes the sidecar with this offset so that the old or the new one is there at any moment. */
int upload_sidecar_write(struct material_upload *upload, int64_t offset, struct problem *p) TB_MUST_USE;
/* Removes sidecar, then bytes. */
int upload_files_remove(const struct material_store *store, const char *sha256, struct problem *p) TB_MUST_USE;
/* Takes a claimed upload out of the list; the claimer still holds it. */
void upload_unlist(struct material_upload *upload);
void upload_free(struct material_upload *upload);
void upload_describe(const struct material_upload *upload, struct material_state *out);

#endif
