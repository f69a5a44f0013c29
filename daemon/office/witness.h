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
void office_witness_init(struct office_witness *witness, const struct office *office, const char *peer, enum witness_list list, int64_t after);
void office_witness_clear(struct office_witness *witness);

#endif
