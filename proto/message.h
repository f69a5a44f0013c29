/* message: the documents that two offices exchange (docs/protocol.md, "Exchange"), pure.
 *
 * A *batch* is one POST: NDJSON with a header line (checkpoint, consistency proof, cosignature, tallies, one index and path per
 * message) and then the raw entry lines.  An *answer* is the same shape around receipt entries.  Both are decoded as *unverified*
 * and become usable only through parcel_verify, which checks the checkpoint's signature, its consistency with the size last seen,
 * and every line's inclusion.  Whether "last seen" is right is the store's knowledge: it compares `old_size`/`old_root` later. */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "proto/entry.h"
#include "proto/ledger_graft.h"
#include "proto/note.h"

struct tally {             /* running hash of one direction: h(n) = node(h(n−1), leaf(n)), h(0) = 32 zero bytes */
    int64_t seq;
    struct ledger_hash hash;
};

struct parcel_line {
    const char *line;      /* borrowed from the parcel's bytes */
    size_t len;
    uint64_t index;        /* in the sender's ledger */
    struct ledger_path path;
    struct ledger_hash leaf; /* filled by parcel_verify */
    int status;            /* parcel_verify: 0, or TB_ETRUST when this line's proof fails (the others still count) */
    struct entry entry;    /* owned, read by parcel_verify … */
    int entry_rc;          /* … when this is 0: the line may be no entry at all.  See parcel_entry */
};

/* One batch or one answer. */
struct parcel {
    char from[OFFICE_TEXT], to[OFFICE_TEXT];
    char *bytes;                    /* owned: the whole body */
    size_t bytes_len;
    char *note;                     /* owned: sender's checkpoint note */
    size_t note_len;
    uint64_t old_size;              /* consistency is proved from this size … */
    struct ledger_path consistency;
    uint64_t seen_size;             /* size of *your* ledger that I last verified, 0 never */
    char *cosignature;              /* owned: my signature line over your checkpoint of seen_size, or NULL */
    struct tally sent, received;    /* my view of both directions before this parcel */
    struct parcel_line *lines;      /* owned array */
    size_t count;
    struct checkpoint checkpoint;   /* valid after parcel_verify */
    /* What the sender's ledger can be gone on with at that size (the header Tongban-Frontier), owned: NULL without it, and after
     * parcel_verify when it does not give the checkpoint's root. */
    struct ledger_frontier *frontier;
    uint8_t *frontier_bytes;        /* owned, as they came */
    size_t frontier_len;
    /* Proofs that lead from what other counterparts of the sender have seen to this checkpoint (the header Tongban-Others), owned; kept as
     * they are, for the sender alone can verify them.  NULL without the header, or when it has not its form. */
    char *others;
};

/* A frontier as the header has it, and one that came so to be verified with the parcel; text NULL or nonsense: none. */
enum { PARCEL_FRONTIER_TEXT = (LEDGER_FRONTIER_BYTES + 2) / 3 * 4 + 1 };
int parcel_frontier_text(const struct ledger_frontier *frontier, struct buf *out) TB_MUST_USE;
int parcel_take_frontier(struct parcel *parcel, const char *text) TB_MUST_USE;
/* "SIZE BASE64 SIZE BASE64 …": consistency proofs from these sizes. */
enum { PARCEL_OTHERS_TEXT = 4096 };
int parcel_others_add(uint64_t size, const struct ledger_path *path, struct buf *out) TB_MUST_USE;
/* Reads one; *at goes on.  TB_ENOTFOUND at the end, TB_EMALFORMED. */
int parcel_others_next(const char **at, uint64_t *size, struct ledger_path *path) TB_MUST_USE;
int parcel_take_others(struct parcel *parcel, const char *text) TB_MUST_USE;

/* What the encoder takes for one line. */
struct parcel_source {
    char from[OFFICE_TEXT], to[OFFICE_TEXT];
    const char *note;
    size_t note_len;
    uint64_t old_size;
    const struct ledger_path *consistency;
    uint64_t seen_size;
    const char *cosignature; /* or NULL */
    struct tally sent, received;
    const struct parcel_line *lines;
    size_t count;
};

/* Appends header and lines.  TB_EINVAL for a wrong office, no note or a line with a newline; TB_ELIMIT; `out` is then as before. */
int parcel_encode(const struct parcel_source *source, struct buf *out) TB_MUST_USE;
/* Takes ownership of `bytes` in every case.  *out is new (parcel_free).  TB_EMALFORMED, TB_ELIMIT, TB_ENOMEM. */
int parcel_decode(char *bytes, size_t len, struct parcel **out, struct problem *p) TB_MUST_USE;
/* Verifies against the sender's key and the root last seen (NULL when old_size is 0).  Sets leaf, status and entry of each
 * line.
 * TB_ETRUST when the checkpoint, its origin or its consistency fails.  CPU work: off the loop thread. */
int parcel_verify(struct parcel *parcel, const struct note_vkey *key, const struct ledger_hash *old_root, struct problem *p) TB_MUST_USE;
/* A parcel that is kept for long lets the bodies of its lines go; parcel_entry reads them anew. */
void parcel_let_go(struct parcel *parcel);
/* What a verified line says: a copy that shares the body; entry_clear it.  As entry_decode when it is no entry. */
int parcel_entry(const struct parcel_line *line, struct entry *out, struct problem *p) TB_MUST_USE;
void parcel_free(struct parcel *parcel);

/* Verdicts of a receipt. */
enum verdict { VERDICT_DONE, VERDICT_REFUSED, VERDICT_INVALID };
const char *verdict_text(enum verdict verdict);

struct receipt_line {
    struct ledger_hash leaf;  /* of the message: what exactly was received */
    enum verdict verdict;
    int64_t rev;              /* revision of the case at the home side after it; 0 when none */
    char state[24];           /* home side's state of the case after it, or "" */
    json_t *problem;          /* owned; RFC 9457, for refused and invalid */
};
struct receipt {
    int64_t first, last;      /* seq range of the direction sender → receiver */
    struct tally tally;       /* after `last` */
    struct receipt_line *lines; /* owned, last − first + 1 */
};
/* Body of a receipt entry: {"first","last","tally","verdicts":[{leaf,verdict,rev?,state?,problem?}]}.  New reference. */
int receipt_to_json(const struct receipt *receipt, json_t **out) TB_MUST_USE;
int receipt_from_json(const json_t *body, struct receipt *out, struct problem *p) TB_MUST_USE;
void receipt_clear(struct receipt *receipt);

/* One step of a tally. */
int tally_step(const struct suite *suite, struct tally *tally, const struct ledger_hash *leaf) TB_MUST_USE;
/* Whether two offices disagree about what one direction has carried: the same number of messages, another hash.  A hash of zeros with
 * messages is a sender that was asked to begin elsewhere and does not know it. */
bool tally_conflict(const struct tally *mine, const struct tally *theirs);

#endif
