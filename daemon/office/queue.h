/* queue: what still has to go to the counterparts, for the operator — kinds, numbers and ages, never contents. */
#ifndef OFFICE_QUEUE_H
#define OFFICE_QUEUE_H

#include "daemon/office/office.h"

/* A store query: {"rows":[{peer, seq, type, case, at, age_s}], "materials":[{peer, material, size, at}], "more":bool}; the oldest first,
 * at most LIMIT_LIST_PAGE of each. */
struct office_queue {
    struct store_query query;
    const struct office *office;
    size_t peer;             /* of office->peers; peer_count: all */
    json_t *answer;          /* owned */
    void *user;
};
void office_queue_init(struct office_queue *queue, const struct office *office, size_t peer);

#endif
