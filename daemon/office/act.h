/* act: one request of staff while it runs in its command — shared by request.c (which moves the case) and act_prepare.c (what single
 * actions check and fill in before).  Writer thread; nothing here outlives the command. */
#ifndef OFFICE_ACT_H
#define OFFICE_ACT_H

#include "daemon/office/office_internal.h"

/* What the acts of one request share while they run. */
struct act {
    struct store_db *db;
    const struct office *office;
    struct office_request *request;
    const struct case_transition *move;
    struct case_row row;
    struct entry entry;       /* body is a borrowed reference of the request's body, or owned through entry_clear */
    enum case_side side;
    json_t *lacks;            /* owned: what the application lacks of the item's list, NULL for nothing */
    bool leg;                 /* of a joint case: its application was checked as a whole */
    int64_t now;
};

/* What the action of `a->move` checks and fills in beside the row of the table, before the body is checked. */
int act_prepare(struct act *a, struct problem *p) TB_MUST_USE;

#endif
