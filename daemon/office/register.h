/* register: what acts on the objects of the registers (proto/register.h) mean at this office; internal to daemon/office.
 *
 * A *deed* is one act while it is done: the object, the case it is about, the entry.  register_act.c moves objects by the tables alone;
 * register_rules.c holds what single kinds need beside their rows — who may authorise what, which step is covered, whether the originals
 * are here — and what follows from an act elsewhere.  Writer thread, inside a command's savepoint. */
#ifndef OFFICE_REGISTER_H
#define OFFICE_REGISTER_H

#include "daemon/office/office_internal.h"

struct deed {
    struct store_db *db;
    const struct office *office;
    const struct register_kind *kind;
    const struct register_act *act;
    struct object_row object; /* id 0: being made */
    struct case_row about;    /* when object.case_id */
    json_t *content;          /* owned: the object's content before the act, after it once it is kept; or NULL */
    struct entry entry;
    int64_t now;
};
void deed_clear(struct deed *d);
/* The object by its number, its case and content.  PROBLEM_NOT_FOUND. */
int deed_load(struct deed *d, const char *no, struct problem *p) TB_MUST_USE;
/* The other office of the object; "" when there is none. */
const char *deed_other(const struct deed *d);
unsigned deed_party(const struct object_row *object, const char *office);
/* Writes the act as an entry and keeps what follows; `act`, parties and `data` are checked.  `entry` has actor and authorisation. */
int deed_write(struct deed *d, json_t *data, struct problem *p) TB_MUST_USE;

/* An act of ours that came back after a restore: kept as it was, without asking whether it may be done. */
int register_again(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index) TB_MUST_USE;

/* ---- register_fold.c ---- */

/* A change of state, for the effects. */
struct register_move {
    int state;
    int64_t at;
};
/* An object as its acts make it, and nothing else. */
struct register_replay {
    json_t *content; /* owned */
    int local, confirmed;
    int64_t pending, changed;
    struct buf doc;              /* `content` as text */
    bool misfit;                 /* the fresh act does not follow from the state that it meets */
    struct register_move *moves; /* owned: confirmed changes of state, in order */
    size_t move_count;
    struct report_act *acts; /* owned: those that took effect, in order */
    size_t act_count, act_room;
    size_t entries, standing; /* read, with those that were refused; without them */
    /* by the act that made it */
    char owner[OFFICE_TEXT], other[OFFICE_TEXT], case_no[CASE_NO_TEXT], uuid[UUID_TEXT];
    int64_t opened;
};
/* The acts in the order of their revisions; `fresh` is the event whose `entry` is not in the store yet, or NULL.  Writes nothing.
 * TB_EINVAL: another act has the revision of `fresh`.  The caller clears *out, also after an error. */
int register_replay(struct store_db *db, const struct office *office, const struct register_kind *kind, int64_t object_id,
                    const struct event_row *fresh, const struct entry *entry, struct register_replay *out) TB_MUST_USE;
void register_replay_clear(struct register_replay *replay);
/* The day until which something has to be done, or holds; 0 none. */
int64_t register_due(const json_t *content);

/* ---- register_rules.c ---- */

/* What an accepted authorisation means for the steps it covers: uuid, parties and time of the offer of `object`, its content, its confirmed
 * changes of state.  0 spans: it was never in force.  row->items (authorisation_row_clear) and *spans (free) are new. */
int register_cover(const struct object_row *object, const json_t *content, const struct register_move *moves, size_t count,
                   struct authorisation_row *row, struct authorisation_span **spans, size_t *span_count) TB_MUST_USE;
/* Completes what the clerk left out: dates, names of rules, sizes of files. */
int deed_prepare(struct deed *d, json_t *data, struct problem *p) TB_MUST_USE;
/* Rules that need more than the object: items, authorisations, the case, other objects.  Also asked for the counterpart's acts that
 * this office numbers. */
int deed_check(struct deed *d, const json_t *data, struct problem *p) TB_MUST_USE;
/* What the new state of the object means elsewhere; `moves` are its confirmed changes of state in order. */
int deed_effect(struct deed *d, const struct register_move *moves, size_t count) TB_MUST_USE;
/* Sums of the originals of the case `about`, and how many of them are packed at `side` already. */
int register_originals(struct deed *d, enum case_side side, struct originals *sums, int64_t *packed) TB_MUST_USE;
/* Whether it is really this office's turn, where the state alone does not say. */
bool deed_turn(const struct deed *d);

#endif
