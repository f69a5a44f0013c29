/* office_internal: what the files of daemon/office share and nobody else may use. */
#ifndef OFFICE_INTERNAL_H
#define OFFICE_INTERNAL_H

#include "daemon/office/office.h"

/* ---- case_file.c: moving a case, and what follows from a move ---- */

enum case_side case_side_of(const struct office *office, const struct case_row *row);
/* The other office of the case. */
const char *case_other(const struct office *office, const struct case_row *row);
/* Whose turn it is here when the case is in `state`: read off the transition table. */
enum case_todo case_todo_here(const struct office *office, const struct case_row *row, enum case_state state);
/* Records that `row` made a confirmed move of the home side: state, revision, time, turn.  Older revisions only set their time. */
void case_confirm(const struct office *office, struct case_row *row, enum case_state to, int64_t rev, enum case_time time, int64_t at);
/* Clock that runs from here: sets due_day and due_provisional (行政许可法 32(4), 42, 44; domain.md 7). */
int case_set_due(struct store_db *db, const struct office *office, struct case_row *row) TB_MUST_USE;
/* At the home side: message and all materials are there — signed moment of its own.  Appends case.received. */
int case_mark_received(struct store_db *db, const struct office *office, struct case_row *row) TB_MUST_USE;
/* Appends an entry about a case and its event; fills to/seq when it is a message.  *index may be NULL. */
int case_append(struct store_db *db, const struct office *office, struct case_row *row, struct entry *entry, uint64_t *index) TB_MUST_USE;

/* ---- case_fold.c: the case as the fold of its entries ---- */

/* An entry about a case together with its place. */
struct case_fact {
    struct event_row event;
    struct entry entry;
    struct buf line;          /* raw bytes */
    uint64_t index;           /* in the writer's ledger */
};
void case_fact_clear(struct case_fact *fact);
int case_fact_read(struct store_db *db, const struct office *office, const struct event_row *event, struct case_fact *fact) TB_MUST_USE;
/* Content of the case: applicant, agent, materials (all of them), comparison, delivery, form, notice, decision…  New reference. */
int case_fold(struct store_db *db, const struct office *office, const struct case_row *row, json_t **content) TB_MUST_USE;
/* The row as a document: numbers, state, times, due, actions, next.  No personal data.  New reference. */
int case_summary(struct store_db *db, const struct office *office, const struct office_staff *staff,
                 const struct case_row *row, json_t **out) TB_MUST_USE;
/* Summary plus content: the case document of docs/protocol.md. */
int case_document(struct store_db *db, const struct office *office, const struct office_staff *staff,
                  const struct case_row *row, json_t **out) TB_MUST_USE;
/* One masked row of a list. */
int case_list_row(struct store_db *db, const struct office *office, const struct office_staff *staff,
                  const struct case_row *row, json_t **out) TB_MUST_USE;

/* ---- materials.c ---- */

/* Checks that each listed material with a sha256 is here and completes its size and type from what is stored. */
int materials_attach(struct store_db *db, json_t *materials, struct problem *p) TB_MUST_USE;
/* The same for the one result document of a decision. */
int material_attach_one(struct store_db *db, json_t *object, const char *field, struct problem *p) TB_MUST_USE;
/* Registers what our message `index` lists to be sent, once the peer has taken the message. */
int materials_send(struct store_db *db, const char *peer, uint64_t index, const json_t *body) TB_MUST_USE;
/* Registers waits for those that are not here. *waiting is raised by their number. */
int materials_await(struct store_db *db, int64_t case_id, const json_t *materials, size_t *waiting) TB_MUST_USE;

/* ---- authority.c: may this step be done by the delegate ---- */

/* Authorisation in force now for item × step from the home side to us; its id. */
int authority_find(struct store_db *db, const struct office *office, const char *home, const char *item, enum case_step step, int64_t at,
                   char id[UUID_TEXT], struct problem *p) TB_MUST_USE;
/* Extra steps that a body uses beside its own: original verification and person comparison. */
int authority_check_body(struct store_db *db, const struct office *office, const char *home, const char *delegate, const char *item,
                         const json_t *body, int64_t at, struct problem *p) TB_MUST_USE;
/* At the home side: the authorisation that a received entry names must be ours, of that delegate, and have covered item and step then. */
int authority_verify(struct store_db *db, const struct office *office, const struct entry *entry, const char *item, enum case_step step,
                     struct problem *p) TB_MUST_USE;

/* ---- catalogue.c: what is published, by us or by a peer ---- */

/* Who published an edition, and when. */
struct catalogue_author {
    int64_t at;
    const char *staff, *role; /* "": nobody, from the configured files */
};
/* Items that an office offers now: a new array. */
int catalogue_items(struct store_db *db, const char *office, json_t **items) TB_MUST_USE;
/* The version of an item that an office offers on `day`: the newest, or while that has not begun yet, the highest older one in force.
 * *next (may be NULL): the version that comes later, 0 when none.  The document is a new reference that must not be changed. */
int catalogue_offered(struct store_db *db, const char *office, const char *code, int64_t day, int64_t *version, json_t **doc,
                      int64_t *next) TB_MUST_USE;
/* Keeps a checked edition: its items become the current ones of that office, and what changed is noted.  A version that was published
 * with other content is refused.  `changes` (may be NULL): new reference to the differences. */
int catalogue_take(struct store_db *db, const struct suite *suite, const json_t *edition, const struct catalogue_author *author,
                   json_t **changes, struct problem *p) TB_MUST_USE;
/* What a member of staff publishes (OFFICE_PUBLISH): fills status and answer of the request. */
int catalogue_publish(struct store_db *db, struct office_request *request, int64_t now, struct problem *p) TB_MUST_USE;
/* At the start: publishes what changed in the configured files since the last one. */
int catalogue_start(struct store_db *db, struct office_start *start) TB_MUST_USE;

/* ---- catalogue_question.c: what is asked about catalogues ---- */
int ask_items(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_item(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_catalogue(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_catalogue_history(struct store_db *db, struct office_question *q) TB_MUST_USE;

/* ---- start.c: what is granted, by us or by a peer ---- */

/* Checks and keeps an authorisation (行政许可法 24: the entrusted body and the content are announced). */
int authorisation_keep(struct store_db *db, const json_t *body, const char *principal, const char *delegate, struct problem *p) TB_MUST_USE;

/* ---- shared small things ---- */

/* Appends a case number to the list of changed cases (ignored without memory: watchers only). */
void changed_add(char (**list)[CASE_NO_TEXT], size_t *count, const char *case_no);
/* Cosigns a peer's verified checkpoint and keeps it as last seen. */
int peer_remember(struct store_db *db, struct peer_row *row, const struct parcel *parcel) TB_MUST_USE;
/* Keeps the peer's cosignature of our checkpoint of `size`, if it verifies. */
int peer_take_cosignature(struct store_db *db, const struct office_peer *peer, uint64_t size, const char *line) TB_MUST_USE;

#endif
