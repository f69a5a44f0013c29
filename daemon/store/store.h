/* store: the office's memory — one writer thread, group commit, read-only readers (design.md 3, anchors.md 8).
 *
 * A *command* is what one request wants to change: its `run` is called on the writer thread inside a savepoint of the transaction that
 * it shares with whatever else was waiting; entries it appends go to the ledger in the same transaction; the checkpoint is signed and
 * stored before the commit; only after the commit is `done` posted.  A *query* runs on a reader thread with its own read-only connection.
 * Nothing else ever opens the live file.  store_run_batch is the same machinery without threads, for tools and the simulation. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/fair_queue.h"
#include "daemon/base/world.h"
#include "proto/entry.h"
#include "proto/note.h"
#include "proto/problem.h"
#include "proto/trace.h"

struct store;
struct store_db; /* a connection: the writer's inside a command, a reader's inside a query */

struct store_options {
    const char *directory;           /* exists; "office.db" and "materials/" are made in it */
    const char *office;              /* six digits; a file of another office is refused */
    const struct note_signer *signer;/* borrowed for the store's life */
    const struct note_signer *previous_signer; /* signs too, after a rotation; or NULL */
    const struct world *world;
    uint64_t disk_floor_bytes;       /* free space under which commands marked `intake` are refused */
    unsigned readers;                /* reader threads */
    const char *vfs;                 /* SQLite VFS name, NULL for the system's: the simulation and the fault tests bring their own */
    /* Posts fn(arg) to the thread that wants completions (loop_post); NULL: `done` is called on the worker thread. */
    int (*post)(void *post_context, void (*fn)(void *), void *arg);
    void *post_context;
    /* Called (through post) after a commit that appended entries or received messages: the engine looks for work. */
    void (*committed)(void *context);
    void *committed_context;
};

struct store_command {
    /* Writer thread, inside a savepoint: a negative return undoes what it wrote. */
    int (*run)(struct store_db *db, struct store_command *command);
    /* After the commit: rc of run, or the commit's failure: then nothing was kept, except that after a failed sync (TB_EIO, which stops
     * writing) a restart may find the whole transaction.  Exactly once. */
    void (*done)(struct store_command *command, int rc);
    bool intake;        /* refused with TB_EFULL under the disk floor */
    struct fair_item fair; /* whose turn it takes, and how much of it; zero: our own, and small */
    char trace[TRACE_TEXT]; /* ids of the entries it makes begin with it; "" for none */
    int rc;             /* internal */
    struct store_command *next;
    struct store *store;
};

struct store_query {
    int (*run)(struct store_db *db, struct store_query *query); /* reader thread */
    void (*done)(struct store_query *query, int rc);
    struct fair_item fair; /* as of a command */
    int rc;
    struct store_query *next;
    struct store *store;
};

/* Opens or makes the database, migrates it (a copy is kept beside it first), checks that the ledger's end fits its checkpoint, starts no
 * thread.  TB_ECORRUPT, TB_EIO, TB_ECONFLICT (other office, newer schema), each with words in `p`. */
int store_open(const struct store_options *options, struct store **out, struct problem *p) TB_MUST_USE;
/* The same of a copy that nobody writes to, with the schema of this program: nothing is made, locked or migrated; only for
 * store_reader_open.  TB_EUNSUPPORTED for an older schema. */
int store_open_copy(const struct store_options *options, struct store **out, struct problem *p) TB_MUST_USE;
/* Starts writer and readers. */
int store_start(struct store *store) TB_MUST_USE;
/* Finishes what is queued, stops the threads, checkpoints the WAL. */
void store_stop(struct store *store);
void store_close(struct store *store);

/* Any thread.  TB_ETEMP when the queue, or the share of this source in it, is full; TB_ECLOSED when the threads do not run: `done` will
 * not be called. */
int store_submit(struct store *store, struct store_command *command) TB_MUST_USE;
int store_read(struct store *store, struct store_query *query) TB_MUST_USE;
/* One transaction over the list, in the calling thread, without `done` and `post` (they are the caller's): sets rc in each.  Returns 0 when
 * committed.  Only when the threads are not running. */
int store_run_batch(struct store *store, struct store_command *first) TB_MUST_USE;
/* A further read-only connection, for long work on a thread of the caller's own; each query is a read transaction.  store_reader_close
 * before store_close. */
int store_reader_open(struct store *store, struct store_db **out, struct problem *p) TB_MUST_USE;
int store_reader_run(struct store_db *reader, struct store_query *query) TB_MUST_USE;
void store_reader_close(struct store_db *reader);
/* The writer's connection for reading between batches; only when the threads are not running. */
struct store_db *store_sync_view(struct store *store);

/* While closed nothing is appended: a command that tries fails with TB_EBEHIND, everything else goes on.  Any thread. */
void store_close_ledger(struct store *store, bool closed);
bool store_ledger_is_closed(struct store *store);

/* Health, for /healthz: appends nothing, but goes through the writer's queue, a savepoint and a rollback. */
struct store_stats {
    uint64_t commits, commands, entries, fsyncs, signatures;
    uint64_t wal_bytes, queue;
    int64_t heartbeat_ms;    /* monotonic time of the writer's last turn */
    int failed;              /* 0, or the err code that stopped writing (TB_EFULL, TB_EIO, TB_ECORRUPT) */
    bool disk_low;
};
void store_stats(struct store *store, struct store_stats *out);
/* Inside a command: writes one row, so that its commit is a real one and syncs. */
int store_probe(struct store_db *db) TB_MUST_USE;
/* Version of SQLite; static. */
const char *store_library(void);
const char *store_directory(const struct store *store);

/* ---- inside a command or query: ledger (ledger_store.c) ---- */

/* Completes the entry (id, from, at where zero; seq when it is a message), appends it.  `index`, `leaf` may be NULL. */
int store_append(struct store_db *db, struct entry *entry, uint64_t *index, struct ledger_hash *leaf) TB_MUST_USE;
/* Line of an own entry; new bytes in *line. */
int store_entry_line(struct store_db *db, uint64_t index, struct buf *line) TB_MUST_USE;
/* What stands before the body of an own entry (entry_peek), of the line as it is stored: its bytes are not held against the leaf. */
int store_entry_head(struct store_db *db, uint64_t index, struct entry *head) TB_MUST_USE;
/* Latest stored checkpoint: note text appended to `note` (with the cosignature when `cosigned_only`). TB_ENOTFOUND on an empty ledger. */
int store_checkpoint(struct store_db *db, bool cosigned_only, uint64_t *size, struct buf *note) TB_MUST_USE;
/* Checkpoint of exactly this size, with cosignatures if any. */
int store_checkpoint_at(struct store_db *db, uint64_t size, struct buf *note) TB_MUST_USE;
/* Keeps a signature line ("— name base64\n", verified by the caller) with the checkpoint, one per name; checkpoints that nobody cosigned
 * and that are older than the cosigned one before go.  TB_ENOTFOUND when there is no such checkpoint (any more). */
int store_add_cosignature(struct store_db *db, uint64_t size, const char *line) TB_MUST_USE;
int store_prove_inclusion(struct store_db *db, uint64_t index, uint64_t size, struct ledger_path *out) TB_MUST_USE;
int store_prove_consistency(struct store_db *db, uint64_t old_size, uint64_t new_size, struct ledger_path *out) TB_MUST_USE;
uint64_t store_ledger_size(struct store_db *db);

/* What the store was opened with; borrowed. */
const struct world *store_world(struct store_db *db);
/* Its clock: ms since 1970. */
int64_t store_now(struct store_db *db);
const char *store_office(struct store_db *db);
const struct note_signer *store_signer(struct store_db *db);
const struct note_signer *store_previous_signer(struct store_db *db); /* or NULL */

#endif
