/* vfs_count: a SQLite VFS that passes everything to another one, counts the syncs, and gathers the frames of a commit into few writes.
 *
 * "fsyncs per message" is a figure that we publish; it is counted where it happens and not guessed. */
#ifndef STORE_VFS_COUNT_H
#define STORE_VFS_COUNT_H

#include <stdint.h>

#include "proto/err.h"

struct vfs_count; /* opaque */

/* Registers a VFS called `name` (copied) over `parent` (NULL: the default).  *out is new. */
int vfs_count_open(const char *name, const char *parent, struct vfs_count **out) TB_MUST_USE;
/* Any thread. */
uint64_t vfs_count_syncs(struct vfs_count *vfs);
/* After the last file of it is closed.  NULL is accepted. */
void vfs_count_close(struct vfs_count *vfs);

#endif
