/* copy: a consistent copy of the live database, made by the writer itself in small steps between its batches (anchors.md 8.8).
 *
 * A backup from another connection starts again at each commit; what the same connection commits meanwhile is taken into the copy.  So
 * the copy is the database as it was between two batches, at the moment the last step ended, and nobody waits longer than one step. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "daemon/store/store.h"

struct store_copy {
    const char *path;            /* of a file that is not there yet */
    uint64_t bytes_per_second;   /* 0: as fast as it goes */
    bool (*stopped)(void *context);                              /* asked now and then; true ends the copy with TB_ECLOSED */
    void (*progress)(void *context, int64_t done, int64_t of);   /* bytes */
    void *context;
};
/* Blocks the calling thread, which is none of the store's, until the copy is there; it is not synced.  One at a time (TB_ETEMP).  Without
 * threads the caller itself does the steps.  TB_EFULL, TB_EIO: of the copy's disk; the store goes on. */
int store_copy(struct store *store, const struct store_copy *copy) TB_MUST_USE;

#endif
