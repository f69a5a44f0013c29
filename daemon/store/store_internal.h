/* store_internal: what store.c, batch.c, writer.c and readers.c share. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "daemon/base/idle.h"
#include "daemon/store/db.h"
#include "daemon/store/vfs_count.h"

enum { STORE_READERS_MAX = 8, STORE_PATH_BYTES = 1024 };

struct copy_job;
struct store {
    struct store_options options;     /* with copies of directory and office */
    char directory[STORE_PATH_BYTES];
    char path[STORE_PATH_BYTES];      /* of the database */
    char office[OFFICE_TEXT];
    char vfs_name[48];                /* of our own; the readers open with it too */
    struct vfs_count *vfs;
    int lock_fd;                      /* file "lock": this process alone has the store; −1 */
    struct store_db writer;           /* the writer thread's, or the caller's of store_run_batch */
    struct ledger_frontier begun;     /* the frontier that the present transaction began with */
    int64_t next_passive;             /* WAL bytes from which a checkpoint is tried again */
    int64_t next_floor_ms;            /* when the disk floor is looked at again */
    bool disk_low;                    /* writer's view */
    int failed;                       /* writer's view: code that stopped writing */

    atomic_bool closed;               /* nothing may be appended: the ledger is behind what others have seen of it */

    pthread_mutex_t lock;             /* everything below */
    pthread_cond_t work, copied;      /* each with one thread that waits (daemon/base/idle.h) */
    struct idle_pool read_idle;
    bool started, stopping;
    struct copy_job *copy;            /* being made (copy.c), or NULL */
    struct fair_queue commands, queries; /* of struct store_command, struct store_query */
    pthread_t writer_thread, reader_thread[STORE_READERS_MAX];
    unsigned readers;
    struct store_stats stats;
};

/* batch.c: one transaction; sets rc in each command.  Writer thread (or the caller without threads). */
int batch_run(struct store *store, struct store_command *first);
/* Between batches: checkpoint of the WAL when it is large; `idle`: empties it, and tries to write again after a full disk. */
void batch_maintain(struct store *store, bool idle);
/* Copies what the writer knows into store->stats; takes the lock. */
void batch_publish(struct store *store);

/* copy.c, writer thread: the next step of a copy when its time has come; `stop`: its end. */
void copy_turn(struct store *store, bool stop);
/* When that time is.  With the lock, while there is a copy. */
struct timespec copy_due(const struct store *store);

void *writer_main(void *store);
void *reader_main(void *store);

#endif
