/* db: a SQLite connection with its prepared statements, and the only place that knows SQLite's calling rules.
 *
 * All SQL texts stand in statements.h; a connection prepares what it may use when it opens, so that a schema error stops the start and
 * not the tenth hour.  A statement in use is a `struct db_query`: bind with q_int, q_text, q_blob in the order of the parameters, then
 * q_run (no rows wanted) or q_next per row and q_end.  Errors stick in the query, so only the last call needs a look.  A connection
 * belongs to one thread; a statement may not be used again while its rows are being read. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "daemon/store/statements.h"
#include "daemon/store/store.h"

/* The page size is chosen by measurement with lines of 4.5 KB (tests/bench/bench_ledger.c). */
enum { DB_PAGE_BYTES = 4096, DB_PEER_CACHE = 64, DB_NODE_CACHE = 1024, DB_DIRECTION_BITS = 40 };

struct db_peer {
    char office[OFFICE_TEXT];
    int64_t no;
};

struct db_node {
    uint64_t key; /* level and index, 0 empty */
    struct ledger_hash hash;
};

/* An item as parsed; `asked` is the version asked for, 0 for the newest. */
enum { DB_ITEM_CACHE = 64 };
struct db_item {
    char office[OFFICE_TEXT];
    char code[64];
    int64_t asked, found;
    bool current;
    json_t *doc;                      /* owned; NULL: empty slot */
};

struct store_db {
    sqlite3 *handle;
    sqlite3_stmt *statement[SQL_COUNT];
    bool writable;
    bool in_command;
    const char *trace;                /* of the command that runs, borrowed; or NULL */
    struct store *store;              /* borrowed */
    const struct store_options *options;
    struct ledger_frontier frontier;  /* writer: of the transaction as far as it got */
    int broken;                       /* writer: this command may not be kept whatever `run` returns */
    int fatal;                        /* err code of a failure of disk or file since it was last cleared */
    bool received;                    /* writer: the transaction received messages */
    bool recovering;                  /* writer: this command may write although the ledger is closed */
    struct db_peer peer[DB_PEER_CACHE];
    unsigned peers;
    int64_t deadline_ms;              /* reader: end of the present query, monotonic; 0 none */
    uint64_t seen_size;               /* reader: of the ledger, in the present query; 0 not asked yet */
    int64_t wal_frames;               /* writer: from the WAL hook */
    struct db_node *node;             /* owned, DB_NODE_CACHE of them */
    struct db_item *item;             /* writer: owned, DB_ITEM_CACHE of them: the items that windows ask for all day */
};

/* Forgets the items: one was put, or a transaction is undone. */
void db_forget_items(struct store_db *db);

/* Opens `path` and sets the pragmas of anchors 8; statements are not prepared yet. `db` is zeroed first. */
int db_open(struct store_db *db, const char *path, const char *vfs, bool writable, struct problem *p) TB_MUST_USE;
/* Proves at the start that every statement fits the schema.  None is kept: each connection prepares what it is asked for, once. */
int db_prepare(struct store_db *db, struct problem *p) TB_MUST_USE;
/* NULL-safe members; may be called on a half-opened connection. */
void db_close(struct store_db *db);
/* Forgets what was cached from a transaction that is being undone. */
void db_forget(struct store_db *db);
/* Err code of a SQLite result code; remembers the fatal ones in db->fatal. */
int db_code(struct store_db *db, int sqlite_rc);
/* One or more statements without parameters, at open and in migrations only. */
int db_exec(struct store_db *db, const char *sql) TB_MUST_USE;
/* First column of the first row. */
int db_pragma_int(struct store_db *db, const char *sql, int64_t *out) TB_MUST_USE;
/* Runs a prepared statement without parameters and rows (BEGIN, COMMIT, …). */
int db_simple(struct store_db *db, enum sql_id id) TB_MUST_USE;

struct db_query {
    struct store_db *db;
    sqlite3_stmt *statement;
    int bound;
    int rc;      /* first error, an err code */
};

/* Begins to use a statement; a write statement on a reader fails with TB_EINVAL. */
struct db_query q_start(struct store_db *db, enum sql_id id);
/* Bind the next parameter. */
void q_int(struct db_query *q, int64_t value);
void q_text(struct db_query *q, const char *text); /* NULL gives NULL; borrowed until the query's end */
void q_blob(struct db_query *q, const void *bytes, size_t len);
void q_hash(struct db_query *q, const struct ledger_hash *hash);
/* Runs to the end; 0 or the error.  *changes (may be NULL): rows changed. */
int q_run(struct db_query *q, int *changes) TB_MUST_USE;
/* True when there is a row to read. */
bool q_next(struct db_query *q);
/* Makes room for one more row after `n` in an array that grows: the array, moved perhaps; NULL fails the query with TB_ENOMEM and leaves
 * the old one. */
void *q_room(struct db_query *q, void *rows, size_t n, size_t *room, size_t row_size);
/* Resets the statement; the query's error or 0. */
int q_end(struct db_query *q) TB_MUST_USE;

/* Columns of the present row.  The copying ones fail the query with TB_ECORRUPT when the stored value does not fit. */
int64_t q_get_int(struct db_query *q, int column);
void q_get_text(struct db_query *q, int column, char *out, size_t out_size);
void q_get_bytes(struct db_query *q, int column, void *out, size_t len);
/* New, NUL-terminated; NULL for NULL. */
char *q_get_new_text(struct db_query *q, int column, size_t *len);
void q_get_path(struct db_query *q, int column, struct ledger_path *out);
void q_get_append(struct db_query *q, int column, struct buf *out);

/* Fails the query with TB_ECORRUPT when the bytes of one column are not the leaf that another one begins with: what leaves the store is
 * what was stored, or an error. */
void q_check_leaf(struct db_query *q, int line_column, int leaf_column);

/* peer_no of an office: from the cache, the table, or (on the writer, with `make`) a new row. TB_ENOTFOUND. */
int db_peer_no(struct store_db *db, const char *office, bool make, int64_t *no) TB_MUST_USE;
/* peer_no * 2^40 + n; TB_ELIMIT when n does not fit. */
int db_direction_key(int64_t peer_no, uint64_t n, int64_t *key) TB_MUST_USE;
#define DB_KEY_N(key) ((key) & ((INT64_C(1) << DB_DIRECTION_BITS) - 1))

/* Puts the few events of one case or object into the order of the timeline; SQLite would make a sorter for them (case_store.c). */
struct event_row;
void event_sort(struct event_row *rows, size_t count);

/* Ledger state of the writer's connection (ledger_store.c). */
int db_ledger_load(struct store_db *db, struct problem *p) TB_MUST_USE;
/* Signs and stores the checkpoint of the present tree. */
int db_ledger_checkpoint(struct store_db *db) TB_MUST_USE;

/* Writes the line of an entry once more at the end; nothing refers to it yet. */
int db_ledger_repeat(struct store_db *db, uint64_t index, int64_t at, uint64_t *again) TB_MUST_USE;
/* A message of ours waits for its counterpart. */
int db_queue_message(struct store_db *db, const struct entry *entry, uint64_t index) TB_MUST_USE;

/* Key of a subtree in ledger_node. */
int64_t db_node_key(unsigned level, uint64_t index);
/* witness_store.c: whether nothing may be appended; a node whose last leaf was lost (TB_ENOTFOUND when it is not known, TB_ECORRUPT when
 * nothing was lost there). */
bool db_ledger_closed(const struct store_db *db);
int db_gap_node(struct store_db *db, unsigned level, uint64_t index, struct ledger_hash *out) TB_MUST_USE;

#endif
