/* case_machine: what may happen to a case (办件), as tables (行政许可法, domain.md 5 and 9); pure.
 *
 * CASE_STATE_TABLE lists the states.  `case_transitions` lists every lawful move: who (role) at which side may do which action from
 * which states, what it needs (authorised step, fields), which entry states it, what state follows, and what it does to the clocks.
 * Dispatch, validation, the CLI's help, docs/reference/case-machine.md and the exhaustive test come from these rows.  Adding a rule
 * is adding a row.  The home side (属地) is the authority for the state; the intake side (收件地) sends facts and requests. */
#ifndef PROTO_CASE_MACHINE_H
#define PROTO_CASE_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/entry.h"
#include "proto/problem.h"

/* S(CONSTANT, "name", "English", "中文", final).  The number is stored: only append. */
#define CASE_STATE_TABLE(S)                                                                                            \
    S(NONE, "none", "not there", "无", false)                                                                          \
    S(INTAKEN, "intaken", "taken in", "已收件", false)                                                                 \
    S(FORWARDED, "forwarded", "forwarded", "已推送", false)                                                            \
    S(RECEIVED, "received", "received", "属地已接收", false)                                                           \
    S(SUPPLEMENT_ASKED, "supplement_asked", "supplement asked", "待补正", false)                                       \
    S(SUPPLEMENTED, "supplemented", "supplemented", "已补正", false)                                                   \
    S(ACCEPTED, "accepted", "accepted", "已受理", false)                                                               \
    S(REFUSED, "refused", "not accepted", "不予受理", false)                                                           \
    S(GRANTED, "granted", "granted", "准予", false)                                                                    \
    S(DENIED, "denied", "denied", "不予许可", false)                                                                   \
    S(DELIVERING, "delivering", "being delivered", "送达中", false)                                                    \
    S(DELIVERED, "delivered", "delivered", "已送达", false)                                                            \
    S(COMPLETED, "completed", "completed", "已办结", true)                                                             \
    S(WITHDRAWN, "withdrawn", "withdrawn", "已撤回", true)                                                             \
    S(ABANDONED, "abandoned", "not forwarded", "未推送作废", true)                                                     \
    S(TOLERATED, "tolerated", "accepted with gaps", "容缺受理", false)                                                 \
    S(UNDER_REVIEW, "under_review", "under review", "审查中", false)                                                   \
    S(SPECIAL, "special_procedure", "special procedure", "特别程序", false)                                            \
    S(REVOKED, "acceptance_revoked", "acceptance revoked", "撤销受理", false)                                          \
    S(DEEMED_WITHDRAWN, "deemed_withdrawn", "deemed withdrawn", "视为撤回", true)                                      \
    S(RETURNED, "returned", "returned", "退件", true)                                                                  \
    S(ABORTED, "aborted", "aborted", "异常终止", true)

enum case_state {
#define S(constant, name, en, zh, final) CASE_##constant,
    CASE_STATE_TABLE(S)
#undef S
    CASE_STATES
};

struct case_state_row {
    const char *name, *en, *zh;
    bool final;
};
extern const struct case_state_row case_states[CASE_STATES];
int case_state_by_name(const char *name); /* or -1 */

enum case_side { CASE_SIDE_INTAKE, CASE_SIDE_HOME };
/* Bits.  A liaison acts in registers only. */
enum case_role { CASE_ROLE_WINDOW = 1, CASE_ROLE_HANDLER = 2, CASE_ROLE_SYSTEM = 4, CASE_ROLE_LIAISON = 16 };
int case_role_by_name(const char *name); /* "window" | "handler" | "liaison"; or -1 */

/* The five delegable steps (授权); a letter as in items.tsv, 0 for none. */
enum case_step { STEP_NONE = 0, STEP_INTAKE = 'I', STEP_NOTICE = 'N', STEP_ORIGINAL = 'O', STEP_PERSON = 'P', STEP_DELIVERY = 'D' };

/* Which of the case's times an action sets. */
enum case_time {
    TIME_NONE,
    TIME_HANDED_IN,
    TIME_SENT,
    TIME_RECEIVED,
    TIME_ACCEPTED,
    TIME_DECIDED,
    TIME_DELIVERED,
    TIME_CLOSED,
    CASE_TIMES
};

/* Whose turn it is, for the to-do list.  TODO_BOTH stands in rows of the table only: the intake side's window and the home side's handler
 * each have something to do (容缺受理: materials are missing, and the case goes on). */
enum case_todo { TODO_NONE, TODO_WINDOW, TODO_HANDLER, TODO_BOTH };

/* What the law allows once, as bits: the one-time notice (行政许可法 32(4)) and the extension of the decision (42). */
enum case_once { ONCE_NOTICE = 1, ONCE_EXTENSION = 2 };

#define CASE_FROM(state) (UINT64_C(1) << CASE_##state)

struct case_transition {
    const char *action;       /* word on the command line and in the API: "accept" */
    const char *zh;           /* 中文 */
    const char *help;         /* one English line, gettext id */
    enum case_side side;
    unsigned roles;           /* bits */
    uint64_t from;            /* CASE_FROM bits */
    enum case_state to;       /* CASE_STATES = unchanged */
    enum case_step step;      /* needs an authorisation in force when the acting side is not the home side */
    enum entry_type entry;
    enum case_time time;
    enum case_todo todo;      /* whose turn it is afterwards (at the side that holds that role) */
    const char *law;          /* article carried out */
};
extern const struct case_transition case_transitions[];
extern const size_t case_transition_count;

/* Fields of the body of each entry type, checked alike by the window API and by the receiving peer. */
enum case_field_kind {
    FIELD_TEXT,
    FIELD_NAME,
    FIELD_DATE,
    FIELD_BOOL,
    FIELD_INT,
    FIELD_OBJECT,
    FIELD_ARRAY,
    FIELD_ENUM,
    FIELD_CODE,
    FIELD_SHA256,
    FIELD_TIME
};
struct case_field {
    const char *name;
    enum case_field_kind kind;
    bool required;
    const char *values;               /* FIELD_ENUM: "a|b|c"; FIELD_CODE: code kind name; FIELD_INT: "min|max" */
    const struct case_field *members; /* FIELD_OBJECT, FIELD_ARRAY (of objects): NULL-name terminated; NULL: a free object */
    const char *help;                 /* gettext id; also the question asked by `tongban case new` */
    const char *zh;
};
/* Members of the body of an entry type (NULL-name terminated), or NULL when the type is not about a case. */
const struct case_field *case_fields(enum entry_type type);
/* Checks `body` against the members: unknown members, missing ones, wrong forms; rules between fields (agent needs power of attorney,
 * a refusal needs a reason class, a delivery its receipt fields, 送达回证).  0, or TB_EMALFORMED with field and remedy. */
int case_check_body(enum entry_type type, const json_t *body, struct problem *p) TB_MUST_USE;
/* The first half of it, for any table of members: unknown ones, missing ones, wrong forms.  0, or TB_EMALFORMED. */
int case_check_fields(const struct case_field *fields, const json_t *object, struct problem *p) TB_MUST_USE;

/* The row for `action` at this side from this state by this role.  TB_ENOTFOUND: no such action; TB_EDENIED: the role may not;
 * TB_EREFUSED: not from this state (detail names the states it is possible from); NOTICE_ONCE when `done` (enum case_once) holds
 * ONCE_NOTICE and the action is a second notice, STEP_DONE for a second extension. */
int case_find_transition(const char *action, enum case_side side, unsigned role, enum case_state state, unsigned done,
                         const struct case_transition **out, struct problem *p) TB_MUST_USE;
/* The row that a message of `type` from the given side means in `state` (role already checked by its sender). */
int case_find_by_entry(enum entry_type type, enum case_side side, enum case_state state, const json_t *body,
                       const struct case_transition **out, struct problem *p) TB_MUST_USE;
/* Actions possible now, as the words a clerk would type; count at most max. */
size_t case_possible(enum case_side side, unsigned role, enum case_state state, unsigned done, const char **out, size_t max);
/* What a message of the home side makes of the case: the row for the state it is in, else the first row of that entry — the home side is
 * the authority, so it is never refused for what we knew.  NULL: not an act of the home side. */
const struct case_transition *case_home_move(enum entry_type type, enum case_state state, const json_t *body);
/* Whose turn it is in a state: what the rows that lead to it say. */
enum case_todo case_state_todo(enum case_state state);

#endif
