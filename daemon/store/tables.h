/* tables: typed access to the rows, used inside commands and queries.  One struct per row, one function per statement;
 * no policy.
 *
 * Text and blobs of a row are copied into fixed arrays or owned by the row (row_clear).  Times are ms since 1970, 0 for
 * "not yet". */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "daemon/store/store.h"
#include "proto/case_machine.h"
#include "proto/message.h"

/* ---- cases ---- */

/* What lists and the machine need of a case.  Its content — applicant, materials, decision — is the fold of its entries
 * and stands nowhere else. */
struct case_row {
    int64_t id; /* rowid */
    char case_no[CASE_NO_TEXT];
    char home[OFFICE_TEXT], intake[OFFICE_TEXT];
    char item[64]; /* code at the home side */
    int64_t item_version;
    enum case_state state;       /* confirmed by the home side */
    enum case_state local_state; /* with our own messages that have no verdict yet */
    int64_t pending;             /* our messages about it without a verdict */
    int64_t rev;
    int64_t noticed; /* a notice was given */
    int64_t times[CASE_TIMES];
    int64_t due_day; /* days since 1970, 0 none */
    int64_t due_provisional;
    enum case_todo todo;      /* of this office, now */
    char *applicant, *number; /* owned, for search and (masked) lists */
};
void case_row_clear(struct case_row *row);
int case_serial_next(struct store_db *db, int64_t day, uint32_t *serial) TB_MUST_USE;
int case_insert(struct store_db *db,
                struct case_row *row) TB_MUST_USE; /* sets id; TB_ECONFLICT when the number exists */
int case_update(struct store_db *db, const struct case_row *row) TB_MUST_USE;
int case_get(struct store_db *db, const char *case_no, struct case_row *row) TB_MUST_USE; /* TB_ENOTFOUND */

struct case_filter {
    const char *query; /* NULL, or case number, whole name or whole certificate number */
    int state;         /* local_state, −1 any */
    bool open_only;
    bool todo_only; /* ordered by due date; `todo` says whose */
    enum case_todo todo;
    int64_t cursor; /* id to continue below (lists), or offset (to-do); 0 from the start */
    unsigned limit;
};
/* *rows owned: case_rows_free. */
int case_list(struct store_db *db, const struct case_filter *filter, struct case_row **rows, size_t *count,
              int64_t *next) TB_MUST_USE;
void case_rows_free(struct case_row *rows, size_t count);

/* Events: the entries about a case, own and received. */
struct event_row {
    int64_t n;   /* local order */
    int64_t rev; /* 0 while the home side has not said */
    bool own;    /* in our ledger at `ref`, else message `ref` (seq) of peer */
    int64_t ref;
    char peer[OFFICE_TEXT]; /* writer, when not own */
    enum entry_type type;
    int verdict; /* enum verdict, −1 none yet */
};
int event_add(struct store_db *db, int64_t case_id, const struct event_row *event) TB_MUST_USE;
/* Sets rev and verdict of our own message when its receipt came. */
int event_settle(struct store_db *db, int64_t case_id, uint64_t own_index, int64_t rev,
                 enum verdict verdict) TB_MUST_USE;
/* In the order of the timeline: rev, then local order for what has none. */
int event_list(struct store_db *db, int64_t case_id, struct event_row **rows, size_t *count) TB_MUST_USE;

/* ---- peers and their messages ---- */
struct peer_row {
    char office[OFFICE_TEXT];
    int64_t next_seq;      /* our next message to it */
    struct tally sent;     /* after the last message it receipted */
    struct tally received; /* after the last message of it that we receipted */
    uint64_t acked_size;   /* size of our ledger that it last acknowledged */
    uint64_t their_size;   /* size of its ledger that we last verified … */
    struct ledger_hash their_root;
    char *their_cosignature; /* owned: our signature line over that checkpoint, or NULL */
    int64_t last_exchange;   /* ms */
};
void peer_row_clear(struct peer_row *row);
int peer_get(struct store_db *db, const char *office,
             struct peer_row *row) TB_MUST_USE; /* makes the row in a command, zeros in a query */
/* Writes everything but next_seq, which belongs to store_append: a row that was read before an append may be written
 * after it. */
int peer_put(struct store_db *db, const struct peer_row *row) TB_MUST_USE;

/* Our messages, in order.  Stops at max_count or max_bytes (but gives at least one). *lines: owned array, each line
 * owned. */
struct outgoing {
    int64_t seq;
    uint64_t index;
    char *line;
    size_t len;
};
int outbox_read(struct store_db *db, const char *peer, int64_t after_seq, size_t max_count, size_t max_bytes,
                struct outgoing **rows, size_t *count) TB_MUST_USE;
void outgoing_free(struct outgoing *rows, size_t count);
/* Place and leaf of our message, and the case it is about ("" when none).  Outputs may be NULL. */
int outbox_index(struct store_db *db, const char *peer, int64_t seq, uint64_t *index, struct ledger_hash *leaf,
                 char case_no[CASE_NO_TEXT]) TB_MUST_USE;
/* Seq and time of the oldest message without a receipt; TB_ENOTFOUND when none. */
int outbox_oldest(struct store_db *db, const char *peer, int64_t acked_seq, int64_t *seq, int64_t *at) TB_MUST_USE;

/* A received message, kept byte for byte with its proof. */
struct inbox_row {
    char peer[OFFICE_TEXT];
    int64_t seq;
    struct ledger_hash leaf;
    uint64_t index, tree_size; /* in the peer's ledger; the checkpoint of that size is kept (peer_checkpoint_*) */
    struct ledger_path path;
    const char *line;
    size_t len;             /* borrowed for inbox_add; owned (inbox_clear) from inbox_get */
    uint64_t receipt_index; /* our receipt entry */
};
int inbox_add(struct store_db *db, const struct inbox_row *row) TB_MUST_USE;
int inbox_get(struct store_db *db, const char *peer, int64_t seq, struct inbox_row *row) TB_MUST_USE;
void inbox_clear(struct inbox_row *row);
/* Leaf and receipt of a message that we had before. */
int inbox_find(struct store_db *db, const char *peer, int64_t seq, struct ledger_hash *leaf,
               uint64_t *receipt_index) TB_MUST_USE;
int inbox_set_receipt(struct store_db *db, const char *peer, int64_t first, int64_t last,
                      uint64_t receipt_index) TB_MUST_USE;
/* A peer's receipt over our messages first…last, kept byte for byte with its proof. */
int receipt_add(struct store_db *db, const struct inbox_row *row, int64_t first, int64_t last) TB_MUST_USE;
int receipt_get(struct store_db *db, const char *peer, int64_t seq, struct inbox_row *row) TB_MUST_USE;
int peer_checkpoint_add(struct store_db *db, const char *peer, uint64_t size, const char *note, size_t len) TB_MUST_USE;
int peer_checkpoint_get(struct store_db *db, const char *peer, uint64_t size, struct buf *note) TB_MUST_USE;

/* ---- idempotency of the window API ---- */
/* 0 and the stored answer; TB_ENOTFOUND; TB_ECONFLICT when the key was used with another request hash. */
int idempotency_get(struct store_db *db, const char *staff, const char *key, const uint8_t request_hash[32],
                    int *status, struct buf *body) TB_MUST_USE;
int idempotency_put(struct store_db *db, const char *staff, const char *key, const uint8_t request_hash[32], int status,
                    const char *body) TB_MUST_USE;

/* ---- catalogue and authorisations ---- */
int item_put(struct store_db *db, const char *office, const char *code, int64_t version, int64_t edition,
             const char *json, const char *name) TB_MUST_USE;
/* version 0: the newest one of the office's newest edition.  JSON text appended to out. */
int item_get(struct store_db *db, const char *office, const char *code, int64_t version, int64_t *found_version,
             bool *current, struct buf *out) TB_MUST_USE;
/* The same, parsed; a new reference that must not be changed (the writer keeps the ones that are asked for all day). */
int item_find(struct store_db *db, const char *office, const char *code, int64_t version, int64_t *found_version,
              bool *current, json_t **doc) TB_MUST_USE;
/* The highest version that ever was, 0 when there was none. */
int item_highest(struct store_db *db, const char *office, const char *code, int64_t *version) TB_MUST_USE;
struct item_row {
    char office[OFFICE_TEXT];
    int64_t edition;
    int64_t since;    /* edition since which this version is offered; 0: from before this was noted */
    const char *json; /* borrowed */
};
/* Calls row(context, item) for each item of the newest editions, ordered; a negative return stops. */
int item_each(struct store_db *db, const char *office, int (*row)(void *context, const struct item_row *item), void *context) TB_MUST_USE;
int edition_get(struct store_db *db, const char *office, int64_t *edition,
                uint8_t digest[32]) TB_MUST_USE; /* TB_ENOTFOUND */
int edition_put(struct store_db *db, const char *office, int64_t edition, const uint8_t digest[32]) TB_MUST_USE;

/* One edition as it was published: the row of its history. */
struct history_row {
    int64_t id;
    char office[OFFICE_TEXT];
    int64_t edition, at;
    char staff[STAFF_TEXT]; /* "": from the configured files */
    const char *note, *changes; /* borrowed; JSON of item_diff */
};
int history_put(struct store_db *db, const struct history_row *row) TB_MUST_USE;
/* Newest first, of one office or (NULL) of all, ids below `before`.  A positive return of `row` ends it. */
int history_each(struct store_db *db, const char *office, int64_t before, int (*row)(void *context, const struct history_row *row),
                 void *context) TB_MUST_USE;
/* The newest edition that has a history, 0 for none. */
int history_last(struct store_db *db, const char *office, int64_t *edition) TB_MUST_USE;

/* An edition of ours at one counterpart. */
struct edition_state {
    char office[OFFICE_TEXT];
    int64_t edition;
    int verdict;         /* enum verdict, -1 none yet */
    int64_t at;          /* of the receipt, 0 none yet */
    const char *problem; /* borrowed; title of the refusal, or "" */
};
int edition_sent(struct store_db *db, const char *peer, int64_t edition, uint64_t index) TB_MUST_USE;
/* The counterpart has spoken about our entry `index`; does nothing when that was no edition. */
int edition_settle(struct store_db *db, const char *peer, uint64_t index, enum verdict verdict, int64_t at,
                   const char *problem) TB_MUST_USE;
/* Ordered by office and edition; edition 0: all. */
int edition_states(struct store_db *db, int64_t edition, int (*row)(void *context, const struct edition_state *state),
                   void *context) TB_MUST_USE;

/* What the configured files said when they were last looked at: JSON text appended to out; TB_ENOTFOUND. */
int catalogue_files_get(struct store_db *db, struct buf *out) TB_MUST_USE;
int catalogue_files_put(struct store_db *db, const char *json) TB_MUST_USE;

struct authorisation_row {
    char id[UUID_TEXT];
    char principal[OFFICE_TEXT], delegate[OFFICE_TEXT];
    char steps[8];
    char *items;                 /* owned: "*" or ",CODE,CODE," */
    int64_t from_day, until_day; /* inclusive */
    int64_t acceptance;
    char announcement[128];
};
void authorisation_row_clear(struct authorisation_row *row);
int authorisation_put(struct store_db *db, const struct authorisation_row *row) TB_MUST_USE;
int authorisation_get(struct store_db *db, const char *id, struct authorisation_row *row) TB_MUST_USE;
/* One in force on `day` that covers item and step; TB_ENOTFOUND. */
int authorisation_find(struct store_db *db, const char *principal, const char *delegate, const char *item,
                       enum case_step step, int64_t day, char id[UUID_TEXT]) TB_MUST_USE;

/* ---- materials ---- */
struct material_row {
    char sha256[65];
    int64_t size;
    char type[32];
    int64_t at;
};
int material_put(struct store_db *db, const struct material_row *row) TB_MUST_USE;               /* idempotent */
int material_get(struct store_db *db, const char *sha256, struct material_row *row) TB_MUST_USE; /* TB_ENOTFOUND */
/* A case at the home side that waits for materials: (case_id, sha256). */
int material_wait_add(struct store_db *db, int64_t case_id, const char *sha256) TB_MUST_USE;
/* The material came: forgets its waits and lists the cases that wait for nothing more. *case_ids owned (free). */
int material_arrived(struct store_db *db, const char *sha256, int64_t **case_ids, size_t *count) TB_MUST_USE;
int material_waits(struct store_db *db, int64_t case_id, size_t *count) TB_MUST_USE;
int case_get_by_id(struct store_db *db, int64_t id, struct case_row *row) TB_MUST_USE;
/* Materials that a peer has to get from us: listed by our message `index`, sent once the peer took that message,
 * dropped when it refused it. */
int material_out_add(struct store_db *db, const char *peer, uint64_t index, const char *sha256) TB_MUST_USE;
int material_out_settle(struct store_db *db, const char *peer, uint64_t index, bool wanted) TB_MUST_USE;
/* The next to be sent after `behind` ("": from the first), or the first again when that was the last.  TB_ENOTFOUND when none waits. */
int material_out_next(struct store_db *db, const char *peer, const char *behind, struct material_row *row) TB_MUST_USE;
int material_out_done(struct store_db *db, const char *peer, const char *sha256) TB_MUST_USE;
/* A material is expected at all (listed in a case or created by a clerk): uploads from a peer of others are refused. */
int material_expected(struct store_db *db, const char *sha256) TB_MUST_USE;

#endif
