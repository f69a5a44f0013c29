/* joint_internal: what joint.c (opening, withdrawing, following) and joint_run.c (opening legs, closing) share. */
#ifndef OFFICE_JOINT_INTERNAL_H
#define OFFICE_JOINT_INTERNAL_H

#include "daemon/office/office_internal.h"
#include "daemon/store/joint_rows.h"

/* A joint case while it is worked on. */
struct joint_work {
    struct store_db *db;
    const struct office *office;
    const struct office_staff *staff; /* who opens it; NULL: the system goes on with it */
    int64_t now;
    struct joint_row row;
    struct joint_leg_row legs[LIMIT_JOINT_LEGS];
    size_t count;
    json_t *opened; /* body of joint.opened, owned */
};
/* Reads rows and the body of joint.opened.  On success the caller clears with joint_work_clear. */
int joint_work_load(struct joint_work *w, int64_t joint_id) TB_MUST_USE;
void joint_work_clear(struct joint_work *w);
/* Only the states, as the fold takes them. */
void joint_work_legs(const struct joint_work *w, struct joint_leg out[LIMIT_JOINT_LEGS]);
/* Appends an entry of the office's own about the joint case. */
int joint_work_append(struct joint_work *w, enum entry_type type, json_t *body, uint64_t *index) TB_MUST_USE;
/* Opens what can be opened, gives up what never can, and closes the joint case when nothing is left.  `strict`: a leg that cannot be opened
 * is the caller's refusal (nothing was answered yet); else it counts as refused, for the reason that is kept. */
int joint_advance(struct joint_work *w, bool strict, struct problem *p) TB_MUST_USE;

#endif
