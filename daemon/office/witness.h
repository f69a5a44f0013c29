/* witness: what a counterpart may ask back of its own ledger (docs/explanation/ledger.md, "When a ledger was restored"). */
#ifndef OFFICE_WITNESS_H
#define OFFICE_WITNESS_H

#include "daemon/office/office.h"

enum witness_list { WITNESS_SUMMARY, WITNESS_MESSAGES, WITNESS_RECEIPTS, WITNESS_CHECKPOINTS, WITNESS_LISTS };
/* "messages"; "" for the summary. */
extern const char *const witness_list_names[WITNESS_LISTS];

struct office_witness {
    struct store_query query;   /* first member; `done` is the caller's */
    const struct office *office;
    char peer[OFFICE_TEXT];     /* who asks */
    enum witness_list list;
    int64_t after;              /* of a list: the number or size that the page begins behind */
    json_t *answer;             /* result, owned */
    void *user;
};
void office_witness_init(struct office_witness *witness, const struct office *office, const char *peer, enum witness_list list,
                         int64_t after);
void office_witness_clear(struct office_witness *witness);

/* The counterpart has lost materials that it had: they are sent again, those that are here and belong to a case with it. */
struct office_resend {
    struct store_command command; /* first member; `done` is the caller's */
    char peer[OFFICE_TEXT];
    json_t *body;                 /* owned: {"sha256":["…"]} */
    struct problem problem;       /* when rc < 0 */
    size_t sent;                  /* result */
    void *user;
};
/* Takes `body`. */
void office_resend_init(struct office_resend *resend, const char *peer, json_t *body);
void office_resend_clear(struct office_resend *resend);

/* What this office waits for from a counterpart. */
struct office_missing {
    struct store_query query;     /* first member */
    char peer[OFFICE_TEXT];
    json_t *list;                 /* result, owned: at most LIMIT_BATCH_MESSAGES names */
    void *user;
};
void office_missing_init(struct office_missing *missing, const char *peer);

#endif
