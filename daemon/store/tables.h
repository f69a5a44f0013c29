/* tables: typed access to the rows, used inside commands and queries.  One struct per row, one function per statement;
 * no policy.
 *
 * Text and blobs of a row are copied into fixed arrays or owned by the row (row_clear).  Times are ms since 1970, 0 for
 * "not yet". */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "daemon/store/staff_rows.h"
#include "daemon/store/store.h"
#include "proto/case_machine.h"
#include "proto/message.h"
#include "proto/register.h"

struct authorisation_row;

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
    /* cached from times and entries (proto/clock.h) */
    int64_t rule;       /* enum notice_rule of the pinned item */
    int64_t due_clock;  /* enum clock_kind that due_day belongs to */
    int64_t clock_from; /* its first day */
    int64_t stop_until; /* stopped up to and with that day; 0: runs; INT64_MAX: for as long as it takes */
    int64_t shifted;    /* bits of enum case_shift */
    int64_t tick_day;   /* the system looks at the case from that day on; 0: never */
    /* of the member of staff who took it in, at that moment; "" not known, and of what a counterpart took in */
    char window[STAFF_WINDOW_BYTES + 1], township[TOWNSHIP_LEN + 1];
    enum case_state stored_state; /* local_state as the store had it: tells case_update what is worth a try */
};
/* Why the limit of the decision is not simply counted from the acceptance: then the entries have to be read. */
enum case_shift { SHIFT_EXTENDED = 1, SHIFT_SPECIAL = 2 };
void case_row_clear(struct case_row *row);
int case_serial_next(struct store_db *db, int64_t day, uint32_t *serial) TB_MUST_USE;
int case_insert(struct store_db *db,
                struct case_row *row) TB_MUST_USE; /* sets id; TB_ECONFLICT when the number exists */
int case_update(struct store_db *db, const struct case_row *row) TB_MUST_USE;
int case_get(struct store_db *db, const char *case_no, struct case_row *row) TB_MUST_USE; /* TB_ENOTFOUND */

/* Writes applicant and number, which case_update leaves alone: they are corrected once in a thousand cases. */
int case_set_applicant(struct store_db *db, const struct case_row *row) TB_MUST_USE;
/* Cases that the system has to look at on `day`, in the order of tick day and id, beginning after the given ones.  *rows owned. */
int case_list_due(struct store_db *db, int64_t day, int64_t after_day, int64_t after_id, unsigned limit,
                  struct case_row **rows, size_t *count) TB_MUST_USE;
/* Open cases with a greater id, upwards.  *rows owned. */
int case_list_open_after(struct store_db *db, int64_t id, unsigned limit, struct case_row **rows,
                         size_t *count) TB_MUST_USE;

/* The calendar that the dates of the cases were computed with. */
struct calendar_state {
    uint8_t digest[32];
    int64_t reached; /* id of the last case that was computed anew */
    bool done;
    int64_t changed; /* cases whose date moved, so far */
};
int calendar_state_get(struct store_db *db, struct calendar_state *state) TB_MUST_USE; /* TB_ENOTFOUND */
int calendar_state_put(struct store_db *db, const struct calendar_state *state) TB_MUST_USE;

struct case_filter {
    const char *query; /* NULL, or case number, whole name or whole certificate number */
    int state;         /* local_state, −1 any */
    bool open_only;
    bool todo_only; /* ordered by due date; `todo` says whose */
    enum case_todo todo;
    const char *window, *township; /* NULL any: only what was taken in there */
    int64_t cursor; /* where the page before ended (its `next`); 0 from the start */
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
/* It took effect, or waits for its verdict.  What this office numbered itself stands, whatever the other one says of it. */
static inline bool event_stands(const struct event_row *event)
{
    return event->verdict <= VERDICT_DONE || (event->own && event->rev > 0);
}
int event_add(struct store_db *db, int64_t case_id, const struct event_row *event) TB_MUST_USE;
/* Sets rev and verdict of our own message when its receipt came. */
int event_settle(struct store_db *db, int64_t case_id, uint64_t own_index, int64_t rev,
                 enum verdict verdict) TB_MUST_USE;
/* In the order of the timeline: rev, then local order for what has none. */
int event_list(struct store_db *db, int64_t case_id, struct event_row **rows, size_t *count) TB_MUST_USE;

/* ---- written documents ---- */

enum { DOCUMENT_REF_PRINT = -1 }; /* `ref` of what is numbered at its first print */

struct document_entry {
    int64_t id;
    char kind[32];
    bool own;    /* with `ref` the event that makes it; true, DOCUMENT_REF_PRINT: none */
    int64_t ref;
    char number[128];
    char replaces[128]; /* number of the void one that it stands for, or "" */
    int64_t issued_at;
    int64_t printed;    /* how often */
    int64_t voided_at;  /* 0: valid */
    char *void_reason;  /* owned */
};
void documents_free(struct document_entry *rows, size_t count);
/* The next number of a kind in a year: without gaps, because it is given back with the savepoint. */
int document_serial_next(struct store_db *db, const char *kind, int year, int64_t *serial) TB_MUST_USE;
int document_add(struct store_db *db, int64_t case_id, struct document_entry *row) TB_MUST_USE; /* sets id */
int document_count_print(struct store_db *db, int64_t id) TB_MUST_USE;
/* TB_ENOTFOUND when it is void already. */
int document_void(struct store_db *db, int64_t id, int64_t at, const char *reason) TB_MUST_USE;
/* Of a case, oldest first. *rows owned: documents_free. */
int document_list(struct store_db *db, int64_t case_id, struct document_entry **rows, size_t *count) TB_MUST_USE;

/* That an entry of the case names this number; once. */
int result_number_add(struct store_db *db, int64_t case_id, const char *number) TB_MUST_USE;
/* Cases that name it, or have a document with it: at most `most`. */
int result_number_find(struct store_db *db, const char *number, int64_t *ids, size_t most, size_t *count) TB_MUST_USE;

/* ---- reports (report_store.c): bounded pieces of long lists, for queries that go on by cursor ---- */

/* Highest id of a case, 0 without any. */
int case_max_id(struct store_db *db, int64_t *id) TB_MUST_USE;
/* Cases with first < id <= last that were handed in before `until` and not closed before `since` (ms), by id.  *rows owned. */
int case_scan(struct store_db *db, int64_t first, int64_t last, int64_t since, int64_t until, struct case_row **rows,
              size_t *count) TB_MUST_USE;
/* The next `limit` open ones behind id `first`. */
int case_scan_open(struct store_db *db, int64_t first, unsigned limit, struct case_row **rows, size_t *count) TB_MUST_USE;
/* TB_ENOTFOUND when our entry `own_index`, or the message `seq` of a peer, is no event of the case. */
int event_find(struct store_db *db, int64_t case_id, uint64_t own_index) TB_MUST_USE;
int event_find_theirs(struct store_db *db, int64_t case_id, const char *peer, int64_t seq) TB_MUST_USE;
/* The next `limit` messages of a peer behind `after`; *last becomes the number of the last one given. */
int inbox_scan(struct store_db *db, const char *peer, int64_t after, unsigned limit,
               int (*line)(void *context, int64_t seq, const char *text, size_t len), void *context, int64_t *last) TB_MUST_USE;
/* Our entries first <= index < last that were written at `since` (ms) or later; a negative return of `line` stops. */
int entry_scan(struct store_db *db, uint64_t first, uint64_t last, int64_t since,
               int (*line)(void *context, uint64_t index, const char *text, size_t len), void *context) TB_MUST_USE;
/* The next `limit` entries from `first` on as they lie there, nothing checked; all borrowed for the call. */
struct entry_raw {
    uint64_t index;
    const void *hashes;
    const char *line;
    size_t hashes_len, len;
};
int entry_raw_scan(struct store_db *db, uint64_t first, unsigned limit, int (*row)(void *context, const struct entry_raw *raw),
                   void *context) TB_MUST_USE;
/* Checkpoint of exactly this size, and its cosignatures apart. */
int store_checkpoint_parts(struct store_db *db, uint64_t size, struct buf *note, struct buf *cosignatures) TB_MUST_USE;
/* The next `limit` materials behind this name, by name; how many there may be. */
struct material_row;
int material_scan(struct store_db *db, const char *after, unsigned limit, int (*row)(void *context, const struct material_row *row),
                  void *context) TB_MUST_USE;
int material_count(struct store_db *db, int64_t *count) TB_MUST_USE;
/* The next `limit` authorisations behind id `first`; *last becomes the id of the last one given. */
int authorisation_scan(struct store_db *db, int64_t first, unsigned limit,
                       int (*row)(void *context, const struct authorisation_row *row), void *context, int64_t *last) TB_MUST_USE;
/* The same of all versions of all items: the newest edition that has this one, that of its office, whether a later version is known. */
struct item_scan_row {
    char office[OFFICE_TEXT];
    int64_t version, edition, office_edition;
    bool newest;
    const char *json;
};
int item_scan(struct store_db *db, int64_t first, unsigned limit, int (*row)(void *context, const struct item_scan_row *row),
              void *context, int64_t *last) TB_MUST_USE;

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
    int64_t last_idle;       /* ms: its last exchange without a message: nothing of its own waited then */
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
/* Place and leaf of our message, the case it is about ("" when none), and when it was written.  Outputs may be NULL. */
int outbox_index(struct store_db *db, const char *peer, int64_t seq, uint64_t *index, struct ledger_hash *leaf,
                 char case_no[CASE_NO_TEXT], int64_t *at) TB_MUST_USE;
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
    int64_t registered; /* offered and accepted: holds only while a span of it is open; else for its whole period */
    int64_t finish;     /* open cases go on after its end */
};
void authorisation_row_clear(struct authorisation_row *row);
int authorisation_put(struct store_db *db, const struct authorisation_row *row) TB_MUST_USE;
int authorisation_get(struct store_db *db, const char *id, struct authorisation_row *row) TB_MUST_USE;
/* One that covers item and step and was in force at the moment `at` — or, where it lets open cases finish, when the case was handed in
 * (`handed_in`, 0: not a case yet).  Its id, and the row when `row` is not NULL (authorisation_row_clear).  TB_ENOTFOUND. */
int authorisation_find(struct store_db *db, const char *principal, const char *delegate, const char *item, enum case_step step, int64_t at,
                       int64_t handed_in, char id[UUID_TEXT]) TB_MUST_USE;
/* The same question about this one. */
int authorisation_covers(struct store_db *db, const struct authorisation_row *row, const char *item, enum case_step step, int64_t at,
                         int64_t handed_in, bool *covers) TB_MUST_USE;
/* Replaces the spans of time in which a registered one held. */
struct authorisation_span {
    int64_t from, until; /* ms; until 0: open */
};
int authorisation_spans_put(struct store_db *db, const char *id, const struct authorisation_span *spans, size_t count) TB_MUST_USE;
/* The first `room` of them, in order. */
int authorisation_spans_get(struct store_db *db, const char *id, struct authorisation_span *spans, size_t room, size_t *count) TB_MUST_USE;

/* ---- registers (proto/register.h) ---- */
struct object_row {
    int64_t id; /* rowid */
    char no[REGISTER_NO_TEXT];
    enum register_kind_id kind;
    char owner[OFFICE_TEXT], other[OFFICE_TEXT];
    int64_t case_id; /* 0: about no case */
    char case_no[CASE_NO_TEXT];
    char uuid[UUID_TEXT]; /* of the entry that made it */
    int state;            /* as the authority has it */
    int local_state;      /* with our own acts that have no verdict yet */
    int64_t pending;
    int64_t rev;
    int64_t opened, changed; /* ms */
    int64_t due_day;
    bool open, turn;
    char *doc; /* owned: the fold of its acts */
};
void object_row_clear(struct object_row *row);
int object_serial_next(struct store_db *db, enum register_kind_id kind, int year, int64_t *serial) TB_MUST_USE;
int object_insert(struct store_db *db, struct object_row *row) TB_MUST_USE; /* sets id; TB_ECONFLICT when the number exists */
int object_update(struct store_db *db, const struct object_row *row) TB_MUST_USE;
int object_get(struct store_db *db, const char *no, struct object_row *row) TB_MUST_USE; /* TB_ENOTFOUND */
int object_get_by_id(struct store_db *db, int64_t id, struct object_row *row) TB_MUST_USE;
/* Whether an object of the kind was made by the entry with this id. */
int object_uuid_known(struct store_db *db, enum register_kind_id kind, const char *uuid, bool *known) TB_MUST_USE;

struct object_filter {
    int kind;        /* −1 any (with case_id or turn) */
    int64_t case_id; /* > 0: only of this case */
    bool turn;       /* only where this office has to act */
    bool open_only;
    int64_t cursor;  /* id to continue below; 0 from the newest */
    unsigned limit;
};
/* Newest first; with `turn` (and no case) by due day before that.  *rows owned: object_rows_free. */
int object_list(struct store_db *db, const struct object_filter *filter, struct object_row **rows, size_t *count,
                int64_t *next) TB_MUST_USE;
void object_rows_free(struct object_row *rows, size_t count);
/* Open ones of a kind whose due day is before `day`, in the order of due day and id, beginning after the given ones.  *rows owned. */
int object_list_due(struct store_db *db, enum register_kind_id kind, int64_t day, int64_t after_day, int64_t after_id, unsigned limit,
                    struct object_row **rows, size_t *count) TB_MUST_USE;
/* For reports: the highest id, and the rows first < id <= last that were opened before `until` and are open or were changed since
 * `since` (ms). */
int object_max_id(struct store_db *db, int64_t *id) TB_MUST_USE;
int object_scan(struct store_db *db, int64_t first, int64_t last, int64_t since, int64_t until, struct object_row **rows,
                size_t *count) TB_MUST_USE;
/* The number of the authorisation with this uuid; TB_ENOTFOUND when it is not one of the register. */
int object_grant_no(struct store_db *db, const char *uuid, char no[REGISTER_NO_TEXT]) TB_MUST_USE;

/* Acts on an object, own and received; `type` of event_row is not kept. */
int object_event_add(struct store_db *db, int64_t object_id, const struct event_row *event) TB_MUST_USE;
/* The object whose act stands at this index of our ledger; TB_ENOTFOUND. */
int object_event_own(struct store_db *db, uint64_t index, int64_t *event_id, int64_t *object_id) TB_MUST_USE;
int object_event_settle(struct store_db *db, int64_t event_id, int64_t rev, int verdict) TB_MUST_USE;
/* In the order of revisions, then local order for what has none. */
int object_event_list(struct store_db *db, int64_t object_id, struct event_row **rows, size_t *count) TB_MUST_USE;
/* A material that an object shows and that is not here yet: uploads of it are expected. */
int object_wait_add(struct store_db *db, int64_t object_id, const char *sha256) TB_MUST_USE;

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
/* Those that may go now, in order, at most `limit`. */
int material_out_list(struct store_db *db, const char *peer, unsigned limit,
                      int (*row)(void *context, const struct material_row *material, bool parked), void *context) TB_MUST_USE;
/* A parked one is not given by material_out_next.  TB_ENOTFOUND when it does not wait for this counterpart. */
int material_out_park(struct store_db *db, const char *peer, const char *sha256, bool parked) TB_MUST_USE;
int material_out_done(struct store_db *db, const char *peer, const char *sha256) TB_MUST_USE;
/* Which cases list a material. */
int material_case_add(struct store_db *db, const char *sha256, int64_t case_id) TB_MUST_USE;
/* The first `most` of them by id. */
int material_cases(struct store_db *db, const char *sha256, int64_t *cases, size_t most, size_t *count) TB_MUST_USE;
/* A material is expected at all (listed in a case or created by a clerk): uploads from a peer of others are refused. */
int material_expected(struct store_db *db, const char *sha256) TB_MUST_USE;

/* ---- numbers of line systems ---- */

/* The case that has this number; TB_ENOTFOUND. */
int foreign_find(struct store_db *db, const char *system, const char *value, char case_no[CASE_NO_TEXT]) TB_MUST_USE;
int foreign_add(struct store_db *db, int64_t case_id, const char *system, const char *value, const char *staff) TB_MUST_USE;
int foreign_remove(struct store_db *db, int64_t case_id, const char *system, const char *value) TB_MUST_USE; /* TB_ENOTFOUND */
int foreign_list(struct store_db *db, int64_t case_id, int (*row)(void *context, const char *system, const char *value),
                 void *context) TB_MUST_USE;

/* ---- hooks ---- */

/* How far a program was told of the ledger; what the numbers mean: daemon/office/feed.h. */
struct hook_place {
    int64_t index, ahead, part;
};
int hook_get(struct store_db *db, const char *name, struct hook_place *place) TB_MUST_USE; /* TB_ENOTFOUND */
int hook_put(struct store_db *db, const char *name, const struct hook_place *place) TB_MUST_USE;

#endif
