/* queue: what still has to go to the counterparts, for the operator — kinds, numbers and ages, never contents. */
#ifndef OFFICE_QUEUE_H
#define OFFICE_QUEUE_H

#include "daemon/office/office.h"

/* A store query: {"rows":[{peer, seq, type, case, at, age_s}], "materials":[{peer, material, size, at, parked}], "more":bool}; the
 * oldest first, at most LIMIT_LIST_PAGE of each. */
struct office_queue {
    struct store_query query;
    const struct office *office;
    size_t peer;             /* of office->peers; peer_count: all */
    json_t *answer;          /* owned */
    void *user;
};
void office_queue_init(struct office_queue *queue, const struct office *office, size_t peer);

/* A store command: a material that waits for a counterpart is not tried again, or again is.  rc TB_ENOTFOUND when it waits for none. */
struct office_park {
    struct store_command command;
    const struct office *office;
    size_t peer;             /* as above */
    char sha256[65];
    bool parked;
    size_t count;            /* counterparts for which it waits */
    void *user;
};
int office_park_init(struct office_park *park, const struct office *office, size_t peer, const char *sha256, bool parked,
                     struct problem *p) TB_MUST_USE;

#endif
