/* entry: one line of JSON, the unit of the ledger (docs/protocol.md, "Entries").
 *
 * An entry is written once by the office that states the fact and kept byte for byte by both sides; nothing is ever re-serialised
 * for hashing.  With `to` and `seq` it is a message of one direction; without `to` it is the office's own record.  What would be a
 * message about a case stays a record when intake and home side are one office (本地办件).  Pure. */
#ifndef PROTO_ENTRY_H
#define PROTO_ENTRY_H

#include <jansson.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/codes.h"
#include "proto/problem.h"
#include "proto/uuid.h"

enum { STAFF_TEXT = 20, ENTRY_VERSION = 1 };

/* E(CONSTANT, "type", is a message of the exchange) */
#define ENTRY_TYPE_TABLE(E)                                                                                            \
    E(CASE_INTAKEN, "case.intaken", false)                                                                             \
    E(CASE_MATERIAL, "case.material", false)                                                                           \
    E(CASE_COMPARED, "case.compared", false)                                                                           \
    E(CASE_ABANDONED, "case.abandoned", false)                                                                         \
    E(CASE_VIEWED, "case.viewed", false)                                                                               \
    E(CASE_SUBMITTED, "case.submitted", true)                                                                          \
    E(CASE_RECEIVED, "case.received", true)                                                                            \
    E(CASE_ACCEPTED, "case.accepted", true)                                                                            \
    E(CASE_NOTICE, "case.notice", true)                                                                                \
    E(CASE_SUPPLEMENTED, "case.supplemented", true)                                                                    \
    E(CASE_REFUSED, "case.refused", true)                                                                              \
    E(CASE_DECIDED, "case.decided", true)                                                                              \
    E(CASE_DELIVERY, "case.delivery", true)                                                                            \
    E(CASE_DELIVERED, "case.delivered", true)                                                                          \
    E(CASE_WITHDRAWN, "case.withdrawn", true)                                                                          \
    E(CASE_COMPLETED, "case.completed", true)                                                                          \
    E(CATALOGUE, "catalogue.published", true)                                                                          \
    E(AUTHORISATION, "authorisation.granted", true)                                                                    \
    E(RECEIPT, "receipt", false)                                                                                       \
    E(OFFICE_STARTED, "office.started", false)                                                                         \
    E(ALARM, "alarm", false)                                                                                           \
    E(AUTHORISATION_ACT, "authorisation.act", true)                                                                    \
    E(STEP_ACT, "step.act", true)                                                                                      \
    E(TRANSFER_ACT, "transfer.act", true)                                                                              \
    E(PROBLEM_ACT, "problem.act", true)                                                                                \
    E(CONTACT_ACT, "contact.act", true)                                                                                \
    E(PRECHECK_ACT, "precheck.act", true)                                                                              \
    E(NOTE_ACT, "note.act", true)                                                                                      \
    E(RATING_ACT, "rating.act", true)                                                                                  \
    E(DOCUMENT_PRINTED, "document.printed", false)                                                                     \
    E(DOCUMENT_VOIDED, "document.voided", false)                                                                       \
    E(CASE_CORRECTED, "case.corrected", false)                                                                         \
    E(CASE_DEEMED, "case.deemed", true)                                                                                \
    E(CASE_TOLERATED, "case.tolerated", true)                                                                          \
    E(CASE_CURED, "case.cured", true)                                                                                  \
    E(CASE_REVOKED, "case.revoked", true)                                                                              \
    E(CASE_LAPSED, "case.lapsed", true)                                                                                \
    E(CASE_REVIEW, "case.review", true)                                                                                \
    E(CASE_SPECIAL, "case.special", true)                                                                              \
    E(CASE_RESUMED, "case.resumed", true)                                                                              \
    E(CASE_EXTENDED, "case.extended", true)                                                                            \
    E(CASE_RETURNED, "case.returned", true)                                                                            \
    E(CASE_ABORTED, "case.aborted", true)                                                                              \
    E(CASE_RECALCULATED, "case.recalculated", false)\
    E(JOINT_OPENED, "joint.opened", false)                                                                             \
    E(JOINT_WITHDRAWN, "joint.withdrawn", false)                                                                       \
    E(JOINT_CLOSED, "joint.closed", false)                                                                             \
    E(STAFF_CHANGED, "staff.changed", false)                                                                           \
    E(STAFF_PLACED, "staff.placed", false)                                                                             \
    E(LEDGER_KEY_ROTATED, "ledger.key_rotated", false)                                                                 \
    E(LEDGER_RECOVERED, "ledger.recovered", false)                                                                     \
    E(CASE_ERASED, "case.erased", false)                                                                               \
    E(CASE_HELD, "case.held", false)                                                                                   \
    E(CASE_RELEASED, "case.released", false)

enum entry_type {
#define E(constant, text, message) ENTRY_##constant,
    ENTRY_TYPE_TABLE(E)
#undef E
    ENTRY_TYPES
};

/* "case.submitted"; static; "" for no type. */
const char *entry_type_text(enum entry_type type);
int entry_type_by_text(const char *text); /* or -1 */
bool entry_type_is_message(enum entry_type type);
/* An act of a register (register.h): it may carry a revision without a case, and stays here when there is nobody to send it to. */
bool entry_type_is_act(enum entry_type type);

struct entry {
    enum entry_type type;
    char id[UUID_TEXT];
    char from[OFFICE_TEXT];
    char to[OFFICE_TEXT];       /* "" for the office's own record; also of a message about a case that nobody else has a part in */
    int64_t seq;                /* 1 …; 0 when not a message */
    int64_t at;                 /* ms, the writer's clock */
    char case_no[CASE_NO_TEXT]; /* "" when about no case */
    int64_t rev;                /* home side's revision of the case after this entry; 0 when the home side did not write it */
    char staff[STAFF_TEXT];     /* "320623:0007"; "" for the system */
    char role[12];              /* "window", "handler", …; "" for the system */
    char authorisation[UUID_TEXT]; /* id of the authorisation the step was done under, or "" */
    json_t *body;               /* owned reference, an object */
};

/* Appends the line (without newline) to `line`.  TB_ELIMIT beyond LIMIT_ENTRY_BYTES. */
int entry_encode(const struct entry *entry, struct buf *line) TB_MUST_USE;
/* Reads a line strictly: unknown members, missing ones and wrong forms are TB_EMALFORMED.  Signatures are not this function's
 * business.  On success the caller owns entry->body: entry_clear. */
int entry_decode(const char *line, size_t len, struct entry *out, struct problem *p) TB_MUST_USE;
/* Of a line that entry_encode wrote and the ledger holds: type, id, from, to, seq, at and case, without a look at the rest; `body` stays
 * NULL.  TB_EMALFORMED for any other text. */
int entry_peek(const char *line, size_t len, struct entry *out) TB_MUST_USE;
void entry_clear(struct entry *entry);

#endif
