/* staff: enrolling, suspending and ending members of staff while the daemon runs (tongbanctl), and who saw whose data.
 *
 * Who stands in the configuration is what it says there, but may be suspended, resumed and ended here: a row of that number counts before
 * the file, until it is resumed.  Each change is a row of the store and an entry `staff.changed` of the office's own ledger, in one
 * transaction; after the commit the loop thread makes it count. */
#ifndef OFFICE_STAFF_H
#define OFFICE_STAFF_H

#include "daemon/office/office.h"

struct office_staff_act {
    struct store_command command;   /* first member; `done` is the caller's */
    struct office *office;
    int act;                        /* row of the table of acts */
    char staff[STAFF_TEXT];
    json_t *body;                   /* owned: the members that were given */
    int64_t by;                     /* user id at the socket */
    struct office_member *member;   /* owned until it is applied */
    struct problem problem;         /* when rc < 0 */
    void *user;
};
/* Takes `body`: {"act", "id", …}.  Loop thread. */
int office_staff_act_init(struct office_staff_act *act, struct office *office, json_t *body, int64_t by, struct problem *p) TB_MUST_USE;
/* After the commit, on the loop thread: from now on requests are judged by it. */
void office_staff_act_apply(struct office_staff_act *act);
/* {"id", "name", "role", "window", "township", "certificate", "state", …} of the row as it is now; new. */
json_t *office_staff_act_answer(const struct office_staff_act *act);
void office_staff_act_clear(struct office_staff_act *act);

struct office_staff_found {
    size_t shadowed;  /* enrolled, and the configuration has the number too */
    size_t overruled; /* of the configuration, and suspended or ended here */
};
/* Before the threads start: makes known what the store says of staff. */
int office_staff_load(struct office *office, struct store_db *db, struct office_staff_found *found) TB_MUST_USE;

/* Everybody, of the configuration and enrolled: {"rows":[…]}. */
struct office_staff_list {
    struct store_query query;
    const struct office *office;
    json_t *answer;                 /* owned */
    void *user;
};
void office_staff_list_init(struct office_staff_list *list, const struct office *office);

/* Entries of the own ledger, the newest first, a part of it at a time: {"rows":[{index, at, type, staff, name, role, case, to}], "next"};
 * `next` is the `before` of the following part, 0 at the end.  Of case.viewed also `what` was seen and which
 * `material`; of case.held and case.released `reason` and `uid`. */
struct office_audit {
    struct store_query query;
    const struct office *office;
    int type;                       /* of entries, −1 any */
    char staff[STAFF_TEXT], case_no[CASE_NO_TEXT]; /* "" any */
    int64_t since, until;           /* ms */
    uint64_t before, next;
    json_t *rows;                   /* while it runs */
    json_t *answer;                 /* owned */
    void *user;
};
/* With type −1 the request may name one. */
int office_audit_init(struct office_audit *audit, const struct office *office, const json_t *request, int type,
                      struct problem *p) TB_MUST_USE;

#endif
