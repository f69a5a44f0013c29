/* problem: what a person or a program is told when something is refused (RFC 9457).
 *
 * Every kind of refusal is one row of PROBLEM_TABLE: stable name, HTTP status, exit status of the command line, title, and what
 * to do.  The `type` member on the wire is "urn:tongban:problem:<name>".  A `struct problem` is a row plus the detail of this
 * case; it never carries personal data. */
#ifndef PROTO_PROBLEM_H
#define PROTO_PROBLEM_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/err.h"

/* P(CONSTANT, "name", http status, err code, "title", "what to do").  Titles and remedies are gettext message ids. */
#define PROBLEM_TABLE(P)                                                                                               \
    P(INTERNAL, "internal", 500, TB_EIO, "The service failed", "Try again; if it stays, tell the operator")            \
    P(MALFORMED, "malformed", 400, TB_EMALFORMED, "The request cannot be read", "Correct the marked field and send it again") \
    P(TOO_LARGE, "too-large", 413, TB_ELIMIT, "The request is too large", "Send less at once; the limit stands in the detail") \
    P(NOT_FOUND, "not-found", 404, TB_ENOTFOUND, "There is no such thing", "Check the number or code")                 \
    P(NOT_ALLOWED, "not-allowed", 403, TB_EDENIED, "You may not do this", "Ask a colleague whose role may; the detail names the role") \
    P(METHOD, "method-not-allowed", 405, TB_EMALFORMED, "This method does not fit here", "See the Allow header")       \
    P(UNSUPPORTED_TYPE, "unsupported-type", 415, TB_EMALFORMED, "This type of content is not taken", "Send PDF, OFD, JPEG, PNG or TIFF; requests as JSON") \
    P(NOT_IMPLEMENTED, "not-implemented", 501, TB_EUNSUPPORTED, "This is not supported", "Send the request without it") \
    P(VERSION, "http-version", 505, TB_EUNSUPPORTED, "Only HTTP/1.1 is spoken here", "Use HTTP/1.1")                   \
    P(TIMEOUT, "timeout", 408, TB_ETIMEOUT, "The request came too slowly", "Send it again")                            \
    P(BUSY, "busy", 503, TB_ETEMP, "Too much work is waiting", "Try again after the time in Retry-After")              \
    P(STOPPING, "stopping", 503, TB_ETEMP, "The service is stopping", "Try again in a moment")                         \
    P(DISK_LOW, "disk-low", 503, TB_EFULL, "The disk is nearly full; no new intake is taken", "Tell the operator to free space; cases already taken go on") \
    P(STORE_FAILED, "store-failed", 503, TB_EIO, "The store cannot write", "Nothing was taken. Tell the operator; the log names the cause") \
    P(STORE_DAMAGED, "store-damaged", 500, TB_ECORRUPT, "What the store keeps of this is damaged", "Nothing of it is shown or sent. Tell the operator; the log names what it is; everything else goes on") \
    P(BACKUP, "backup-failed", 500, TB_EIO, "The backup cannot be made or read", "The detail says why; what it began is removed, the office goes on") \
    P(KEY_REUSED, "idempotency-key-reused", 409, TB_ECONFLICT, "This idempotency key was used for another request", "Use a new key for a new request") \
    P(KEY_MISSING, "idempotency-key-missing", 400, TB_EMALFORMED, "The request needs an Idempotency-Key header", "Send a new random key with each new request, the same key with each repetition") \
    P(ITEM_UNKNOWN, "item-unknown", 404, TB_ENOTFOUND, "This item is not in the catalogue", "Look it up with: tongban item list") \
    P(ITEM_RETIRED, "item-retired", 409, TB_EREFUSED, "This version of the item is no longer in force", "Use the version that `tongban item show` names") \
    P(NO_AUTHORISATION, "no-authorisation", 403, TB_EREFUSED, "No authorisation in force covers this step", "The home side decides this step; ask its liaison for an authorisation (行政许可法 24)") \
    P(TRANSITION, "transition", 409, TB_EREFUSED, "The case is not in a state for this", "`tongban case show` says what can be done next") \
    P(FIELD, "field", 422, TB_EMALFORMED, "A field is missing or wrong", "Correct the field that the detail names")   \
    P(MATERIAL_MISSING, "material-missing", 409, TB_EREFUSED, "A material is not here", "Upload it first with: tongban material add") \
    P(MATERIAL_MISMATCH, "material-mismatch", 422, TB_EMALFORMED, "The bytes do not match their name", "Upload the file again") \
    P(MATERIAL_EMPTY, "material-empty", 422, TB_EMALFORMED, "The file is empty", "Scan the page again")               \
    P(CHECKSUM, "checksum-mismatch", 460, TB_EMALFORMED, "A piece of the upload arrived damaged", "Send this piece again; nothing of it was kept") \
    P(UPLOAD_OFFSET, "upload-offset", 409, TB_ECONFLICT, "The upload continues at another place", "Ask for the offset with HEAD and go on from there") \
    P(UPLOAD_BUSY, "upload-busy", 423, TB_ETEMP, "This upload is being written by another connection", "Wait for it, then go on") \
    P(UNTRUSTED, "untrusted", 403, TB_ETRUST, "A signature, proof or certificate does not verify", "Check the pinned keys and authorities of both sides") \
    P(WRONG_OFFICE, "wrong-office", 403, TB_EDENIED, "This certificate does not stand for that office", "Use the certificate of the office that sends") \
    P(FORK, "ledger-fork", 409, TB_ETRUST, "The ledger does not extend the one last seen", "Stop and compare both ledgers; do not restore over it") \
    P(CHECKPOINT, "checkpoint-conflict", 409, TB_ECONFLICT, "The consistency proof starts at another size", "Prove from the size given in `size`") \
    P(SEQUENCE, "sequence-gap", 409, TB_ECONFLICT, "A message before this one is missing", "Send from the number given in `expected`") \
    P(SEQUENCE_REUSED, "sequence-reused", 409, TB_ECONFLICT, "This message number was used for other content", "Compare both ledgers; alarm") \
    P(FUTURE, "from-the-future", 422, TB_EMALFORMED, "The message is dated in the future", "Check the clocks of both offices") \
    P(STEP_DONE, "already-done", 409, TB_EREFUSED, "This was done before", "Nothing more to do")                      \
    P(NOTICE_ONCE, "one-notice-only", 409, TB_EREFUSED, "Only one notice may be given for a case", "Decide with what is there (行政许可法 32(4))") \
    P(ITEM_VERSION, "item-version", 409, TB_EREFUSED, "This version of the item was published with other content", "Raise the version by one: cases keep the version that the applicant was told") \
    P(CATALOGUE_UNCHANGED, "catalogue-unchanged", 409, TB_EREFUSED, "Nothing in the catalogue would change", "See what differs with: tongban catalogue diff") \
    P(TOO_OFTEN, "too-often", 429, TB_ETEMP, "This was asked too often", "Wait for the seconds in Retry-After and ask again") \
    P(MAINTENANCE, "maintenance", 503, TB_ETEMP, "Intake is closed for maintenance", "Keep the application and send it again later; cases already taken go on")     \
    P(BEHIND, "ledger-behind", 503, TB_EBEHIND, "The ledger is behind what a counterpart has seen of it; nothing can be recorded", "An older copy was restored; the operator sees with `tongbanctl recover` what comes back")

enum problem_id {
#define P(constant, name, status, code, title, remedy) PROBLEM_##constant,
    PROBLEM_TABLE(P)
#undef P
    PROBLEM_COUNT
};

struct problem_type {
    const char *name;
    int status;
    int code;
    const char *title;
    const char *remedy;
};

struct problem {
    enum problem_id id;
    char field[64];   /* JSON pointer of the offending member, or "" */
    char detail[320]; /* UTF-8, no personal data */
    int64_t number;   /* `size` or `expected` of the exchange problems; seconds to wait of TOO_OFTEN and BUSY; else -1 */
};

/* The row of `id`.  Static.  Any thread. */
const struct problem_type *problem_type(enum problem_id id);
/* Row of a wire `type` (with or without the urn prefix), or -1. */
int problem_by_name(const char *type);
/* Fills `p` (may be NULL) and returns the err code of the row, so that `return problem_set(...)` reads well. */
int problem_set(struct problem *p, enum problem_id id, const char *field, const char *format, ...) TB_PRINTF(4, 5);
/* The problem that fits a bare err code, for failures that have no better words. */
int problem_from_code(struct problem *p, int code);
#ifdef __clang_analyzer__
/* The static analyser cannot see into problem.c that a problem is never success. */
#define problem_set(...) ((void)(problem_set)(__VA_ARGS__), TB_EMALFORMED)
#define problem_from_code(...) ((void)(problem_from_code)(__VA_ARGS__), TB_EIO)
#endif
/* The document of RFC 9457 with the members type, title, status, detail, field, remedy, (size|expected).  New reference; NULL
 * without memory. */
json_t *problem_to_json(const struct problem *p);
/* Reads a document of a peer; unknown types become PROBLEM_INTERNAL with the given detail cut. */
void problem_from_json(struct problem *p, const json_t *doc);

#endif
