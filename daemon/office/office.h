/* office: what each request means, inside one transaction — the business of one county hall.
 *
 * An `office` is the immutable knowledge of one side: its code, calendar, staff, peers and their keys.  A *request* is
 * one thing a staff member wants (intake, an action of the case machine, an unmasked view, an
 * edition of the catalogue); an *inbound* is a verified
 * batch of a peer; an *outcome* is a peer's verified answer to our batch; an *arrival* is a material that is now here.
 * Each is a store command: verify, deduplicate, decide, write effect and entry in one savepoint.  *Questions* are store
 * queries that build documents.  No sockets, no threads, no clock of its own: the simulation runs this code unchanged.
 */
#ifndef OFFICE_OFFICE_H
#define OFFICE_OFFICE_H

#include "daemon/base/series.h"
#include "daemon/store/staff_rows.h"
#include "daemon/store/store.h"
#include "daemon/store/tables.h"
#include "proto/calendar.h"
#include "proto/document.h"
#include "proto/document_query.h"
#include "proto/light.h"
#include "proto/message.h"
#include "proto/report.h"

/* How applicants reach a side; printed on documents; "" for unknown. */
enum { OFFICE_PHONE_BYTES = 60 };
struct office_contact {
    char phone[OFFICE_PHONE_BYTES + 1], complaint[OFFICE_PHONE_BYTES + 1];
    char address[LIMIT_NAME_BYTES + 1];
};

/* A key of a counterpart that was accepted; never changed and never freed before the office. */
struct office_key {
    struct note_vkey key;
    struct office_key *next;
};

struct office_peer {
    char code[OFFICE_TEXT];
    char name[LIMIT_NAME_BYTES + 1];
    struct office_contact contact;
    struct note_vkey key; /* of the configuration; what counts: office_peer_key */
    _Atomic(struct office_key *) accepted; /* the last one first */
    bool licences; /* its program knows e-licences; else they are told as proto/licence.h says */
};

struct office_staff {
    char id[STAFF_TEXT];     /* "320623:0007" */
    char name[LIMIT_NAME_BYTES + 1];
    char role[12];
    char window[STAFF_WINDOW_BYTES + 1]; /* name of the window, "" none */
    char township[TOWNSHIP_LEN + 1];     /* 镇街, "" none */
    char certificate[CERTIFICATE_LEN + 1]; /* SHA-256: no other opens anything; "": any that the authority gave this number */
    bool suspended;
};

/* What was last said about somebody enrolled while the daemon runs, or of the configuration and suspended.  Never
 * changed and never freed before the office: requests of other threads point to it. */
struct office_member {
    struct office_staff staff;
    struct office_member *next;
};

/* Sizes of our ledger that a counterpart was last shown in a batch or answer: it may have seen them, though it has not said so. */
enum { OFFICE_SHOWN = 2 };
struct office_shown {
    _Atomic uint64_t size[OFFICE_SHOWN]; /* the newest first */
};

/* What this office writes on the documents that it issues. */
struct office_papers {
    bool numbering;                 /* it numbers them; else officers type the numbers */
    char prefix[DOCUMENT_PREFIX_BYTES + 1];
    char seal[LIMIT_NAME_BYTES + 64], intake_seal[LIMIT_NAME_BYTES + 64];
    char remedies[3 * LIMIT_NAME_BYTES]; /* 救济途径 with the bodies; "": the general words */
};

struct office {
    char code[OFFICE_TEXT];
    char name[LIMIT_NAME_BYTES + 1];
    struct office_contact contact;
    struct office_papers papers;
    const struct suite *suite;
    struct calendar *calendar;      /* owned */
    uint8_t calendar_digest[32];    /* SHA-256 of its file: another one makes the dates of open cases be computed anew */
    int limits[STEP_LIMITS];        /* of the halls' own steps, working days */
    struct office_peer *peers;      /* owned */
    size_t peer_count;
    struct office_shown *shown;     /* owned, one for each of them; NULL: not noted */
    struct office_staff *staff;     /* owned */
    size_t staff_count;
    _Atomic(struct office_member *) enrolled; /* owned, the newest first; only the loop thread adds */
    size_t enrolled_count;          /* of them; the loop thread's */
    json_t *items;                  /* owned: our own catalogue, checked */
    struct authorisation_row *grants; /* owned: what we allow our delegates */
    size_t grant_count;
};
void office_free(struct office *office);
/* The ledger key that counts for a counterpart now: of the configuration, or accepted since.  Any thread. */
const struct note_vkey *office_peer_key(const struct office_peer *peer);
const struct office_peer *office_peer(const struct office *office, const char *code);
const struct office_staff *office_staff(const struct office *office, const char *id);

/* In `done`, a command's problem is the words for its failure; problem.id == PROBLEM_COUNT means that the failure came from the store
 * (disk low, commit failed, stopping) and problem_from_code(rc) has the words.  office_problem settles which. */
void office_problem(struct problem *problem, int rc);

/* ---- commands of staff ---- */

/* OFFICE_PRINT, OFFICE_VOID: of the document whose id is `action`. */
enum office_kind {
    OFFICE_INTAKE,
    OFFICE_ACTION,
    OFFICE_VIEW,
    OFFICE_REGISTER,
    OFFICE_PRINT,
    OFFICE_VOID,
    OFFICE_JOINT,
    OFFICE_JOINT_WITHDRAW,
    OFFICE_PUBLISH,
    OFFICE_NUMBER
};

struct office_request {
    struct store_command command;   /* first member; its `run` is set by office_request_init, `done` by the caller */
    const struct office *office;
    enum office_kind kind;
    const struct office_staff *staff;
    char key[LIMIT_IDEMPOTENCY_KEY_BYTES + 1];  /* "" for OFFICE_VIEW */
    uint8_t request_hash[32];
    char case_no[CASE_NO_TEXT];     /* OFFICE_ACTION, OFFICE_VIEW; of the joint case: OFFICE_JOINT_WITHDRAW */
    char action[DOCUMENT_ID_TEXT];  /* OFFICE_ACTION, OFFICE_REGISTER; a document's id for OFFICE_PRINT, OFFICE_VOID */
    char register_kind[16];         /* OFFICE_REGISTER: name of the register … */
    char object_no[REGISTER_NO_TEXT]; /* … and of the object, "" to make one */
    json_t *body;                   /* owned */
    /* results, valid in `done` */
    int status;                     /* HTTP status of an answer; 0: see problem */
    char *answer;                   /* owned JSON text */
    bool replayed;                  /* the stored answer of an earlier identical request */
    struct problem problem;         /* when rc < 0 */
    char changed_case[CASE_NO_TEXT];/* for watchers */
    char (*changed)[CASE_NO_TEXT];  /* owned: further ones, of a joint case */
    size_t changed_count;
    void *user;
};
/* Parses and checks the form of the request (loop thread; no store).  `path` and `body` make the request hash.  Takes nothing. */
int office_request_init(struct office_request *request, const struct office *office, enum office_kind kind,
                        const struct office_staff *staff, const char *key, const char *case_no, const char *action,
                        const char *body, size_t body_len, struct problem *p) TB_MUST_USE;
/* The same for an act of a register: `no` NULL makes a new object.  body: {"case"?,"office"?,"data"?}. */
int office_request_register(struct office_request *request, const struct office *office, const struct office_staff *staff, const char *key,
                            const char *kind, const char *no, const char *act, const char *body, size_t body_len,
                            struct problem *p) TB_MUST_USE;
void office_request_clear(struct office_request *request);

/* A view of personal data that is no command of its own: the proof of a case, or a material.  What is seen is answered after the commit. */
struct office_look {
    struct store_command command;   /* first member; `done` is the caller's */
    const struct office *office;
    const struct office_staff *staff;
    char case_no[CASE_NO_TEXT];     /* whose proof; or "" … */
    char sha256[65];                /* … and this material */
    struct problem problem;         /* when rc < 0 */
    void *user;
};
/* With `sha256` NULL the proof of the case.  Loop thread. */
int office_look_init(struct office_look *look, const struct office *office, const struct office_staff *staff, const char *case_no,
                     const char *sha256, struct problem *p) TB_MUST_USE;

/* ---- exchange with a peer ---- */

/* What a counterpart says against a numbering of acts that stands (revision.c); for an operator. */
enum discord {
    DISCORD_TAKEN,      /* a revision that was given before */
    DISCORD_GAP,        /* an effect before it never came */
    DISCORD_UNNUMBERED, /* done, but no revision */
    DISCORD_REFUSED,    /* an act that this office decided and numbered is not taken */
    DISCORD_OTHER,      /* another revision for it than ours */
    DISCORD_SURPLUS,    /* refused, with a revision */
    DISCORDS
};
extern const char *const discord_words[DISCORDS];
struct office_discord {
    size_t count;
    enum discord what;              /* of the first one */
    int64_t rev;
    char about[CASE_NO_TEXT + REGISTER_NO_TEXT]; /* number of the case or object */
};

/* What became of one message, for the log of both sides; no word of its content. */
struct office_fate {
    char id[UUID_TEXT];             /* of the entry; "" when it was none */
    char case_no[CASE_NO_TEXT];
    const char *type, *verdict, *problem; /* static; "" */
};

/* A peer's batch, already verified (parcel_verify) on a lane. */
struct office_inbound {
    struct store_command command;
    const struct office *office;
    const struct office_peer *peer;
    struct parcel *parcel;          /* owned, verified */
    struct ledger_hash old_root;    /* the root that the consistency was verified against: compared with the stored one */
    struct problem problem;         /* when rc < 0: sequence-gap, checkpoint-conflict, ledger-fork, store … */
    size_t applied, duplicates, refused, invalid;
    bool again;                     /* what we had taken before a restore: what we did then follows from our own entries */
    const struct receipt_line *given; /* `again`: what our receipt said of the message; NULL when no receipt of it left this office */
    bool differs;                   /* reconciliation: the tallies of a direction differ at the same message; for an operator */
    struct office_discord discord;
    struct office_fate *fates;      /* owned: of the new messages */
    size_t fate_count;
    char (*changed)[CASE_NO_TEXT];  /* owned: cases that changed, for watchers */
    size_t changed_count;
    void *user;
};
void office_inbound_init(struct office_inbound *inbound, const struct office *office, const struct office_peer *peer, struct parcel *parcel,
                         const struct ledger_hash *old_root);
void office_inbound_clear(struct office_inbound *inbound);

/* What verification of a peer's parcel needs to know beforehand: the root of the peer's ledger at old_size, from the peer row. */
struct office_seen {
    struct store_query query;
    const struct office *office;
    char peer[OFFICE_TEXT];
    uint64_t size;
    struct ledger_hash root;
    void *user;
};
void office_seen_init(struct office_seen *seen, const struct office *office, const char *peer);

/* The answer to an inbound that was committed (or was all duplicates): receipts first…last, proofs, checkpoint, cosignature. */
struct office_answer {
    struct store_query query;
    const struct office *office;
    char peer[OFFICE_TEXT];
    int64_t first, last;            /* seqs of the batch; first > last: heartbeat */
    uint64_t seen_size;             /* of our ledger, as the caller said */
    struct buf out;                 /* owned: NDJSON */
    struct buf frontier, others;    /* owned: headers that go with it */
    struct problem problem;
    void *user;
};
void office_answer_init(struct office_answer *answer, const struct office *office, const struct parcel *parcel);
void office_answer_clear(struct office_answer *answer);

/* The next batch for a peer.  count 0: nothing waits (`out` then is a heartbeat, always valid to send). */
struct office_batch {
    struct store_query query;
    const struct office *office;
    char peer[OFFICE_TEXT];
    uint64_t force_old;             /* UINT64_MAX, or the size that the peer named in checkpoint-conflict */
    int64_t force_after;            /* −1, or the seq before the one it named in sequence-gap */
    size_t max_messages, max_bytes;
    /* results */
    struct buf out;
    struct buf frontier, others;    /* headers that go with it */
    int64_t first, last;
    size_t count;
    uint64_t size;                  /* our checkpoint */
    uint64_t their_size;            /* for verifying the answer … */
    struct ledger_hash their_root;
    void *user;
};
void office_batch_init(struct office_batch *batch, const struct office *office, const char *peer);
/* It is being sent: the counterpart may see this size. */
void office_batch_shown(const struct office_batch *batch);
void office_batch_clear(struct office_batch *batch);

/* The peer's verified answer: receipts are applied, its checkpoint and cosignature kept. */
struct office_outcome {
    struct store_command command;
    const struct office *office;
    const struct office_peer *peer;
    struct parcel *parcel;          /* owned, verified */
    uint64_t our_size;              /* the checkpoint we sent */
    struct ledger_hash old_root;
    struct problem problem;
    int64_t acked_seq;              /* after it */
    size_t settled;                 /* messages settled by it */
    size_t verdicts[VERDICT_INVALID + 1]; /* of them */
    struct series_sample waited;    /* how long they were on the way, ms */
    bool differs;                   /* as above */
    struct office_discord discord;
    struct office_fate *fates;      /* owned: of our messages that it settles */
    size_t fate_count;
    char (*changed)[CASE_NO_TEXT];
    size_t changed_count;
    void *user;
};
void office_outcome_init(struct office_outcome *outcome, const struct office *office, const struct office_peer *peer, struct parcel *parcel,
                         const struct office_batch *batch);
void office_outcome_clear(struct office_outcome *outcome);

/* ---- materials ---- */
struct office_arrival {
    struct store_command command;
    const struct office *office;
    struct material_row material;
    char sent_to[OFFICE_TEXT];      /* set instead when a peer has it now: forgets that it must be sent */
    char (*changed)[CASE_NO_TEXT];
    size_t changed_count;
    void *user;
};
void office_arrival_init(struct office_arrival *arrival, const struct office *office);
void office_arrival_clear(struct office_arrival *arrival);
/* The next material that a peer has to get, TB_ENOTFOUND in rc when none; also answers whether one is expected from it. */
struct office_material_question {
    struct store_query query;
    const struct office *office;
    char peer[OFFICE_TEXT];
    char sha256[65];                /* "" : next to send; else: is it expected here (rc 0), or here already (found) */
    char behind[65];                /* next to send: one that failed, the others go first; or "" */
    struct material_row material;
    bool found;
    void *user;
};
void office_material_question_init(struct office_material_question *question, const struct office *office);

/* ---- start ---- */
/* Publishes what changed in the configured catalogue files, and new authorisations, to the peers, and writes `office.started`. */
struct office_start {
    struct store_command command;
    const struct office *office;
    int64_t edition;                /* result */
    size_t published, granted;
    size_t skipped;                 /* changed items of the files whose version is not newer than the published one: not taken */
    char skipped_code[64];          /* the last of them */
};
void office_start_init(struct office_start *start, const struct office *office);

/* ---- windows and townships (desk.c) ---- */

/* Narrows lists and reports to what was taken in there; "" any. */
struct office_desk {
    char window[STAFF_WINDOW_BYTES + 1];
    char township[TOWNSHIP_LEN + 1];
};
/* Takes them from a request; NULL or "" any. */
int office_desk_read(const struct office *office, const char *window, const char *township, struct office_desk *desk,
                     struct problem *p) TB_MUST_USE;

/* ---- reports and accountability: figures and who did what, without clear names ---- */

/* One page of a report (proto/report.h).  A page ends after LIMIT_REPORT_PAGE_MS or LIMIT_REPORT_ROWS; whoever asks goes on with the
 * cursor and merges.  The answer names the checkpoint that it was computed at.  With `verify` each case is computed twice in the same read
 * transaction, from its stored row and by replaying its entries; then our ledger and what the peers sent are walked for entries that no
 * row knows. */
struct office_report {
    struct store_query query;
    const struct office *office;
    const struct report *report;
    char other[OFFICE_TEXT], item[64]; /* only this counterpart, this item; "" all */
    struct office_desk desk;           /* only what was taken in there */
    char by[12];                       /* column to add up by, "" all */
    int64_t from, to;                  /* days; 0: the report's usual period */
    int64_t cursor;                    /* 0 from the start */
    bool verify;
    json_t *answer;                    /* owned result */
    struct problem problem;
    void *user;
};
void office_report_init(struct office_report *question, const struct office *office, const struct report *report);
void office_report_clear(struct office_report *question);

/* ---- time ---- */
/* What the passing of time does to cases, at most a bounded number at once: first the dates of open cases under a new calendar, then
 * deemed acceptance (行政许可法 32(4)) and deemed withdrawal at the home side.  Run every minute and at the start; running it again, or at
 * any other moment, changes nothing more. */
struct office_tick {
    struct store_command command;
    const struct office *office;
    size_t deemed, lapsed;           /* results: cases moved */
    size_t recalculated;             /* cases looked at under a new calendar … */
    size_t moved;                    /* … whose date changed */
    size_t damaged;                  /* cases left alone because what is stored of them cannot be read */
    bool calendar_done;              /* the last case of a new calendar was done now: `total` of its cases changed */
    int64_t total;
    bool more;                       /* there is more to look at now: office_tick_go_on, and run it again */
    int64_t after_day, after_id;     /* the last one looked at: what cannot be moved yet holds up nothing */
    char (*changed)[CASE_NO_TEXT];   /* owned: for watchers */
    size_t changed_count;
    void *user;
};
void office_tick_init(struct office_tick *tick, const struct office *office);
/* Makes the same tick ready for what is left. */
void office_tick_go_on(struct office_tick *tick);
void office_tick_clear(struct office_tick *tick);

/* How many open cases and delegated steps burn with which light today; names none of them. */
struct office_lights {
    struct store_query query;
    const struct office *office;
    int64_t cases[LIGHTS], steps[LIGHTS]; /* results */
    void *user;
};
void office_lights_init(struct office_lights *lights, const struct office *office);

/* ---- questions of staff: documents as docs/protocol.md, "Window API" ---- */
enum office_ask {
    ASK_OFFICE,
    ASK_ITEMS,
    ASK_ITEM,
    ASK_CASES,
    ASK_TIMELINE,
    ASK_BUNDLE,
    ASK_TODO,
    ASK_HEALTH,
    ASK_REGISTERS,
    ASK_REGISTER,
    ASK_STEPS,
    ASK_ORIGINALS,
    ASK_DOCUMENTS,
    ASK_CLOCKS,
    ASK_JOINT,
    ASK_JOINTS,
    ASK_ACCOUNTABILITY,
    ASK_CATALOGUE,
    ASK_CATALOGUE_HISTORY,
    ASK_PROGRESS, /* of case_no, with the query code in item_code */
    ASK_RESULT    /* of the number in text; or of case_no, as above */
};
struct office_question {
    struct store_query query;
    const struct office *office;
    enum office_ask ask;
    const struct office_staff *staff;
    char case_no[CASE_NO_TEXT];
    char item_office[OFFICE_TEXT], item_code[64];
    int64_t item_version;
    char text[LIMIT_NAME_BYTES + 1]; /* q= */
    char system[LIMIT_FOREIGN_SYSTEM_BYTES + 1]; /* q= is the number of this line system, and nothing else */
    char subject[4], mode[8];        /* of items: letter P or E, word of the mode; "" any */
    char category[LIMIT_NAME_BYTES + 1], department[LIMIT_NAME_BYTES + 1]; /* of items: part of them; "" any */
    int state;                       /* −1 any */
    struct office_desk desk;         /* of cases */
    bool open_only;
    int register_kind;               /* −1 any: what this office has to act on, or everything about case_no */
    char object_no[REGISTER_NO_TEXT];
    int64_t cursor;
    unsigned limit;
    json_t *answer;                  /* owned result */
    struct problem problem;
    void *user;
};
void office_question_init(struct office_question *question, const struct office *office, enum office_ask ask,
                          const struct office_staff *staff);
void office_question_clear(struct office_question *question);

#endif
