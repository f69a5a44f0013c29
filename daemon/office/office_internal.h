/* office_internal: what the files of daemon/office share and nobody else may use. */
#ifndef OFFICE_INTERNAL_H
#define OFFICE_INTERNAL_H

#include "daemon/office/office.h"
#include "proto/report.h"

/* ---- office.c: times in answers ---- */

/* "2026-11-23T09:30:00.123+08:00" of ms, "2026-11-23" of a day; null for 0.  New references. */
json_t *office_time_json(int64_t ms);
json_t *office_date_json(int64_t day);

/* ---- case_file.c: moving a case, and what follows from a move ---- */

/* The side whose rows of the table are ours now.  At a local case (本地办件) it is the window's until the case is forwarded, then the home
 * side's, whose rows name both roles where both may act. */
enum case_side case_side_of(const struct office *office, const struct case_row *row);
/* Intake and home side are the same office: no message leaves, no authorisation is needed (own competence, 行政许可法 24). */
bool case_is_local(const struct case_row *row);
/* The other office of the case; of a local one this office. */
const char *case_other(const struct office *office, const struct case_row *row);
/* Whose turn it is here when the case is in `state`: read off the transition table. */
enum case_todo case_todo_here(const struct office *office, const struct case_row *row, enum case_state state);
/* Records that `row` made a confirmed move of the home side: state, revision, time, turn.  Older revisions only set their time. */
void case_confirm(const struct office *office, struct case_row *row, enum case_state to, int64_t rev, enum case_time time, int64_t at);
/* What the law allows once and was done: bits of enum case_once. */
unsigned case_once_done(const struct case_row *row);
/* What the row keeps of an entry that took effect: that the notice was given, that the limit was shifted. */
void case_mark(struct case_row *row, enum entry_type type);
/* The moment that an entry gives to the case's times: a deemed acceptance is dated back to the receipt (行政许可法 32(4)). */
int64_t case_moment(const struct entry *entry);
/* At the home side: message and all materials are there — signed moment of its own.  Appends case.received. */
int case_mark_received(struct store_db *db, const struct office *office, struct case_row *row) TB_MUST_USE;
/* Appends an entry about a case and its event; fills to/seq when it is a message.  *index may be NULL. */
int case_append(struct store_db *db, const struct office *office, struct case_row *row, struct entry *entry, uint64_t *index) TB_MUST_USE;

/* ---- case_clock.c: the clocks of a case ---- */

struct clock_facts;
/* Facts of a case from its row, its item and — with `whole`, or when its state needs them — its entries.  `now`: an entry that takes effect
 * in this command and cannot be read yet, or NULL.  `delegated` is filled in only when whole. */
int case_facts(struct store_db *db, const struct office *office, const struct case_row *row, const struct entry *now, bool whole,
               struct clock_facts *facts) TB_MUST_USE;
/* The clock that runs from here: sets what the row caches of it, and when the system looks at the case (行政许可法 32(4), 42, 44, 45). */
int case_set_due(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *now) TB_MUST_USE;
/* Light of the row's clock as of a day. */
enum light case_light(const struct office *office, const struct case_row *row, int64_t today);
/* All clocks and phases of a case as a document.  New reference. */
int case_clocks(struct store_db *db, const struct office *office, const struct case_row *row, int64_t now, json_t **out) TB_MUST_USE;

/* ---- tick.c: what the law does by itself ---- */

/* At the home side: deemed acceptance and deemed withdrawal of this case, when they are due now.  Appends the entry and moves the row,
 * which the caller writes; *moved says whether anything changed in the row. */
int case_tick(struct store_db *db, const struct office *office, struct case_row *row, int64_t now, bool *moved) TB_MUST_USE;
/* ---- request.c: what the window does, also for a joint case ---- */

/* Takes an application in and forwards it, in the caller's transaction; `staff` NULL: the system, on with what a window took in.  Fills in
 * the body.  A refusal (problem in p) has written nothing.  The caller clears *row. */
int case_intake(struct store_db *db, const struct office *office, const struct office_staff *staff, json_t *body, struct case_row *row,
                struct problem *p) TB_MUST_USE;
/* The next case number of the day of `now`. */
int case_number(struct store_db *db, const struct office *office, int64_t now, char out[CASE_NO_TEXT], struct problem *p) TB_MUST_USE;
/* One action on a case, the same way. */
int case_act(struct store_db *db, const struct office *office, const struct office_staff *staff, const char *case_no, const char *action,
             json_t *body, struct problem *p) TB_MUST_USE;

/* ---- joint.c: joint cases that this office opened ---- */

/* OFFICE_JOINT, OFFICE_JOINT_WITHDRAW: sets the request's status and answer. */
int joint_run(struct store_db *db, struct office_request *request, struct problem *p) TB_MUST_USE;
/* A case may have been decided: when it is a leg of a joint case, the joint case goes on — legs open, others never will, it closes.  Costs
 * nothing for cases that were not decided. */
int joint_follow(struct store_db *db, const struct office *office, const struct case_row *row) TB_MUST_USE;
/* After a recovery: the application of the entry, our own, was made for a leg that is not opened in the joint case as it is here.  Without
 * this the leg would be opened once more, and its office would have the application twice. */
int joint_leg_again(struct store_db *db, const struct office *office, const struct case_row *row, const struct entry *entry) TB_MUST_USE;
/* What a received application says about its joint case must fit its sender. */
int joint_check_claim(const json_t *body, const char *from, struct problem *p) TB_MUST_USE;

/* ---- joint_view.c ---- */

/* The joint case as docs/protocol.md has it: state, legs, no personal data.  New reference. */
int joint_document(struct store_db *db, const struct office *office, int64_t joint_id, json_t **out) TB_MUST_USE;
/* ASK_JOINT, ASK_JOINTS. */
int ask_joint(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_joints(struct store_db *db, struct office_question *q) TB_MUST_USE;

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
/* The events of a case in the order in which they made it: what the window recorded before it forwarded (no revision, never a message)
 * stands first, then the home side's revisions, then what has none yet.  *rows owned (free). */
int case_events(struct store_db *db, int64_t case_id, struct event_row **rows, size_t *count) TB_MUST_USE;
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

/* ---- desk.c: where who sat ---- */

/* Before a case is taken in: sets window and township of its row, and says in the ledger where the member of staff sits, when that is
 * new. */
int desk_take(struct store_db *db, const struct office_staff *staff, int64_t at, struct case_row *row) TB_MUST_USE;
/* What our ledger said before the entry `before` about where that member of staff sits; ends with "" when it said nothing. */
int desk_from_entries(struct store_db *db, const char *staff, int64_t before, struct desk_row *desk) TB_MUST_USE;

/* ---- look.c: views of proofs and materials ---- */

/* That an entry of the case names these materials: whoever reads one has looked at the case. */
int look_keep(struct store_db *db, int64_t case_id, const json_t *body) TB_MUST_USE;

/* ---- report_fact.c: one case as reports see it, by two paths ---- */

struct fact_maker {
    struct store_db *db;
    const struct office *office;
    unsigned needs;           /* enum report_need */
    json_t *items;            /* owned: "office/code/version" → what reports show of it */
    struct buf row_name, entry_name; /* owned: masked applicants of the facts made last */
};
int fact_begin(struct fact_maker *maker, struct store_db *db, const struct office *office, unsigned needs) TB_MUST_USE;
void fact_end(struct fact_maker *maker);
/* From the stored row, and from those entries that hold what the row does not.  Texts live until the next fact of the same path. */
int fact_from_row(struct fact_maker *maker, const struct case_row *row, struct report_case *out) TB_MUST_USE;
/* From the entries alone: every one is read and the case machine replayed; of the row only its id and number are used, and whether a
 * message of ours waits for its verdict (then the confirmed state is the row's).  *entries grows by what was read.  TB_ECORRUPT when an
 * entry is about another case. */
int fact_from_entries(struct fact_maker *maker, const struct case_row *row, struct report_case *out, size_t *entries) TB_MUST_USE;

/* ---- report_object.c: one object of a register as reports see it, by two paths ---- */

struct object_fact {
    struct report_object object; /* borrows from the rest, and from the row */
    json_t *content;             /* owned */
    struct report_act *acts;     /* owned */
    struct buf spans, cover;     /* owned */
    struct case_row about;       /* owned: the case it is about, id 0 none */
    char owner[OFFICE_TEXT], other[OFFICE_TEXT], case_no[CASE_NO_TEXT], uuid[UUID_TEXT];
};
/* From the stored row and, where `needs` says so, the times of its acts.  The caller clears it, also after an error. */
int object_fact_from_row(struct store_db *db, const struct office *office, unsigned needs, const struct object_row *row,
                         struct object_fact *fact) TB_MUST_USE;
/* From its acts alone, in our ledger and in what the counterparts sent; of the row only id, number and case.  *entries grows. */
int object_fact_from_acts(struct store_db *db, const struct office *office, const struct object_row *row, struct object_fact *fact,
                          size_t *entries) TB_MUST_USE;
void object_fact_clear(struct object_fact *fact);
/* The balance of the originals of a case, from the rows of its transfers or from their acts. */
int object_originals(struct store_db *db, const struct office *office, const struct case_row *about, bool replayed,
                     struct originals *out) TB_MUST_USE;

/* ---- report_walk.c: entries in the order of their ledgers, and whether the rows know what they say ---- */

struct walk {
    struct store_db *db;
    const struct office *office;
    int64_t since; /* ms: older entries are left out */
    /* An entry that its case, the authorisations or the items do not know; `entry` says which one. */
    void (*differ)(void *context, const char *case_no, const char *what, const char *row, const char *entry);
    void *context;
    size_t entries; /* result: read so far */
};
/* Our entries first <= index < last. */
int walk_ledger(struct walk *walk, uint64_t first, uint64_t last) TB_MUST_USE;
/* The next `limit` messages of a peer behind `after`; *last as inbox_scan. */
int walk_inbox(struct walk *walk, const char *peer, int64_t after, unsigned limit, int64_t *last) TB_MUST_USE;

/* ---- foreign_number.c ---- */

/* `numbers` of the case document: [{system, value}], left out when there are none. */
int case_add_numbers(struct store_db *db, const struct case_row *row, json_t *doc) TB_MUST_USE;
/* OFFICE_NUMBER: body {"system","value","remove"?}. */
int number_run(struct store_db *db, struct office_request *request, struct problem *p) TB_MUST_USE;

/* ---- question.c, accountability.c ---- */

/* What a line about an entry may show to anybody: no names, no numbers of persons.  New reference. */
json_t *fact_summary(const struct entry *entry);
/* Who did what on a case, when, under which authorisation, where it is proved; and what was not as the law wants it. */
int ask_accountability(struct store_db *db, struct office_question *q) TB_MUST_USE;

/* ---- materials.c ---- */

/* Checks that each listed material with a sha256 is here and completes its size and type from what is stored. */
int materials_attach(struct store_db *db, json_t *materials, struct problem *p) TB_MUST_USE;
/* The same for the one result document of a decision. */
int material_attach_one(struct store_db *db, json_t *object, const char *field, struct problem *p) TB_MUST_USE;
/* Registers what our message `index` lists to be sent, once the peer has taken the message. */
/* The identifier of an e-licence as the receiver's program takes it (proto/licence.h): changes `materials` of the entry's body. */
int materials_word(const struct office *office, const struct entry *entry) TB_MUST_USE;
int materials_send(struct store_db *db, const char *peer, uint64_t index, const json_t *body) TB_MUST_USE;
/* Registers waits for those that are not here. *waiting is raised by their number. */
int materials_await(struct store_db *db, int64_t case_id, const json_t *materials, size_t *waiting) TB_MUST_USE;

/* ---- authority.c: may this step be done by the delegate ---- */

/* Authorisation in force at `at` for item × step from the home side to us — or when the case was handed in (0: not a case yet), where it
 * lets open cases finish; its id. */
int authority_find(struct store_db *db, const struct office *office, const char *home, const char *item, enum case_step step, int64_t at,
                   int64_t handed_in, char id[UUID_TEXT], struct problem *p) TB_MUST_USE;
/* Extra steps that a body uses beside its own: original verification and person comparison. */
int authority_check_body(struct store_db *db, const struct office *office, const char *home, const char *delegate, const char *item,
                         const json_t *body, int64_t at, int64_t handed_in, struct problem *p) TB_MUST_USE;
/* At the home side: the authorisation that a received entry names must be ours, of that delegate, and have covered item and step then. */
int authority_verify(struct store_db *db, const struct office *office, const struct entry *entry, const char *item, enum case_step step,
                     int64_t handed_in, struct problem *p) TB_MUST_USE;

/* ---- inbound.c ---- */

/* A message that was taken before a restore is taken again where it was taken then.  `in` has the counterpart, the parcel, and in `given`
 * what our receipt said of it: done with that revision, or not done.  *verdict: what it does now (the caller decrefs its problem, also
 * after a failure). */
int inbound_again(struct store_db *db, struct office_inbound *in, const struct parcel_line *line, int64_t seq,
                  struct receipt_line *verdict) TB_MUST_USE;
/* Appends the receipt of a counterpart's messages. */
int receipt_append(struct store_db *db, const char *peer, const struct receipt *receipt) TB_MUST_USE;

/* ---- revision.c: revisions that do not fit ---- */

void discord_note(struct office_discord *discord, enum discord what, const char *about, int64_t rev);
/* At the intake side, of a revision that the home side gives: *taken — an effect on the case has it; *gap — between it and the home side's
 * one before are more than our own messages can explain.  The home side's come in order; between them stand only ours, whose number may
 * still be on its way. */
int revision_look(struct store_db *db, int64_t case_id, int64_t rev, bool *taken, bool *gap) TB_MUST_USE;
/* The revision that a verdict gives our message, 0 when it gives none or one that does not fit, which is noted.  `ours`: the revision
 * that this office gave it itself, when it numbers; `taken`: something else has the one of the verdict. */
int64_t revision_of_verdict(struct office_discord *discord, const struct receipt_line *line, bool we_number, int64_t ours, bool taken,
                            const char *about);

/* ---- register_act.c, register_rules.c: objects beside the cases ---- */

/* An act of staff (OFFICE_REGISTER); the object after it in *out (object_row_clear). */
int register_request(struct store_db *db, struct office_request *request, struct object_row *out, struct problem *p) TB_MUST_USE;
/* An act of the counterpart: fills the verdict when it is done; a refusal is the return code and its problem.  verdict->rev, when it is not
 * 0, is the revision that our receipt gave it before a restore. */
int register_take(struct store_db *db, const struct office *office, const struct entry *entry, int64_t now, struct receipt_line *verdict,
                  char changed[CASE_NO_TEXT], struct problem *p) TB_MUST_USE;
/* The counterpart's verdict about our message at `index`, when it was an act. */
int register_settle(struct store_db *db, const struct office *office, const char *peer, uint64_t index, const struct receipt_line *line,
                    struct office_discord *discord,
                    char changed[CASE_NO_TEXT]) TB_MUST_USE;
/* What the case's entry, just kept together with `row`, means for its delegated steps: asked for, done, void.  `row` is in the store, and
 * follows. */
int register_follow(struct store_db *db, const struct office *office, struct case_row *row, const struct entry *entry) TB_MUST_USE;
/* The same for a case that a recovery has taken back, whose own entries from index `since` on came back or not: what is there is left. */
int register_follow_again(struct store_db *db, const struct office *office, struct case_row *row, uint64_t since) TB_MUST_USE;
/* The open step that asks for what this entry of the home side issued to be handed over; no[0] = 0: none. */
int register_step_open(struct store_db *db, const struct case_row *row, const char *entry_id, char no[REGISTER_NO_TEXT]) TB_MUST_USE;
/* What time does to objects: authorisations of this office whose period is over expire. */
int register_tick(struct store_db *db, const struct office *office, int64_t now) TB_MUST_USE;
/* ---- register_view.c ---- */
/* Number, state, dates, light and possible acts; no content.  New reference. */
int register_summary(const struct office *office, const struct office_staff *staff, const struct object_row *row, int64_t now,
                     json_t **out) TB_MUST_USE;
int ask_registers(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_register(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_steps(struct store_db *db, struct office_question *q) TB_MUST_USE;
int ask_originals(struct store_db *db, struct office_question *q) TB_MUST_USE;

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
/* PROBLEM_ITEM_RETIRED unless what is offered on `day` is in force then; says from when it is, where it has not begun. */
int catalogue_check_force(const json_t *item, const char *code, int64_t day, struct problem *p) TB_MUST_USE;
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

/* ---- document.c: numbers of written documents (文书), given with the act ---- */

/* Whether this office numbers the document of an act of `actor`: at a local case (本地办件) it is both sides. */
bool document_is_ours(const struct office *office, const struct case_row *row, const struct document_row *document,
                      enum case_side actor);
/* The document that this entry makes and that our side numbers with the act, or NULL. */
const struct document_row *document_of_act(const struct office *office, const struct case_row *row, const struct entry *entry);
/* The officer does not type what the office gives: PROBLEM_FIELD. */
int document_check_typed(const struct office *office, const struct document_row *document, const json_t *body,
                         struct problem *p) TB_MUST_USE;
/* Number and seal into the body, before it is signed. */
int document_number_act(struct store_db *db, const struct office *office, const struct case_row *row,
                        const struct document_row *document, struct entry *entry) TB_MUST_USE;
/* The seal of this office at that side of a case: it decides, or its windows take in and hand over. */
const char *document_seal(const struct office *office, enum case_side side);
/* Keeps the document of our entry `index`. */
int document_keep_act(struct store_db *db, const struct case_row *row, const struct document_row *document, const struct entry *entry,
                      uint64_t index) TB_MUST_USE;
/* Takes the next serial of the kind in the year of `at`. */
int document_next_number(struct store_db *db, const struct office *office, const struct document_row *document, int64_t at,
                         char out[DOCUMENT_NO_TEXT]) TB_MUST_USE;
/* Promised and statutory dates of an acceptance at `at` into its body, as far as the pinned item has limits (行政许可法 42). */
int document_promise(struct store_db *db, const struct office *office, const struct case_row *row, int64_t at, json_t *body) TB_MUST_USE;
/* 行政复议法 20, 行政诉讼法 46, with the bodies. */
const char *document_remedies(const struct office *office);

/* ---- document_source.c: which documents a case has, and what stands on them ---- */

/* A document that an event makes. */
struct paper {
    const struct document_row *document;
    struct event_row event;
    struct entry act;        /* owned (papers_free) */
};
/* In the order of the timeline. */
int papers_collect(struct store_db *db, const struct office *office, const struct case_row *row, struct paper **papers,
                   size_t *count) TB_MUST_USE;
void papers_free(struct paper *papers, size_t count);
/* The part of `document` rows that belongs to the paper: last index + 1 of them, or 0. */
size_t paper_latest(const struct paper *paper, const struct document_entry *rows, size_t count);
bool paper_owns(const struct paper *paper, const struct document_entry *row);
enum case_side paper_actor(const struct case_row *row, const struct paper *paper);
/* The source of document_render for one print; `entry` is the document's row.  New reference. */
int paper_source(struct store_db *db, const struct office *office, const struct office_staff *staff, const struct case_row *row,
                 const struct paper *paper, const struct document_entry *entry, int64_t print, int64_t at, json_t **source) TB_MUST_USE;

/* For the applicant to ask with; both sides can compute it, and it never changes (until the number of the certificate is corrected). */
int case_query_code(const struct office *office, const struct case_row *row, char out[QUERY_CODE_TEXT]) TB_MUST_USE;

/* ---- document_print.c: printing and declaring void ---- */

/* {"case","rows":[…]} of GET …/documents. */
int document_rows(struct store_db *db, const struct office *office, const struct office_staff *staff, const struct case_row *row,
                  json_t **out) TB_MUST_USE;
/* One print, with its entry.  *answer: what is kept for repetitions, without the text, new. */
int document_print(struct store_db *db, struct office_request *request, struct case_row *row, int64_t now, json_t **answer,
                   struct problem *p) TB_MUST_USE;
/* The text of the print that `answer` speaks of, into it. */
int document_print_text(struct store_db *db, struct office_request *request, struct case_row *row, json_t *answer,
                        struct problem *p) TB_MUST_USE;
int document_declare_void(struct store_db *db, struct office_request *request, struct case_row *row, int64_t now, json_t **answer,
                          struct problem *p) TB_MUST_USE;

/* ---- progress.c: what an applicant may ask ---- */
int ask_progress(struct store_db *db, struct office_question *q) TB_MUST_USE;
/* The case whose number and code these are.  A wrong code and an unknown case are one answer. */
int case_find_by_code(struct store_db *db, struct office_question *q, struct case_row *row) TB_MUST_USE;

/* ---- result.c: what is known here of a document ---- */
int ask_result(struct store_db *db, struct office_question *q) TB_MUST_USE;
/* Keeps the numbers that an entry of the case names. */
int result_keep(struct store_db *db, int64_t case_id, const json_t *body) TB_MUST_USE;

/* ---- question.c: proofs, as in a bundle ---- */
/* Appends the lines of an event of the case, and its receipt, with their proofs. */
int event_proof(struct store_db *db, const struct office *office, const struct case_row *row, const struct event_row *event,
                json_t *entries) TB_MUST_USE;
/* Appends {"office","vkey"}. */
int add_vkey(json_t *offices, const char *office, const struct note_vkey *key) TB_MUST_USE;

/* ---- shared small things ---- */

/* Appends a case number to the list of changed cases (ignored without memory: watchers only). */
void changed_add(char (**list)[CASE_NO_TEXT], size_t *count, const char *case_no);
/* What became of a message, from its entry (zero when it was none) and its line of the receipt. */
void fate_fill(struct office_fate *fate, const struct entry *entry, const struct receipt_line *line);
/* Cosigns a peer's verified checkpoint and keeps it as last seen. */
int peer_remember(struct store_db *db, struct peer_row *row, const struct parcel *parcel) TB_MUST_USE;
/* Keeps the peer's cosignature of our checkpoint of `size`, if it verifies. */
int peer_take_cosignature(struct store_db *db, const struct office_peer *peer, uint64_t size, const char *line) TB_MUST_USE;

#endif
