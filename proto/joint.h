/* joint: a joint case (多地联办, 一件事) — one intake, several legs, one state that is the fold of theirs; pure.
 *
 * A *leg* (环节) is an ordinary case at one office, with its own number, clock and decision.  The *master* (主办件) is nobody's decision:
 * it opens legs as those before them are granted, and says by its item's rule where the whole stands (行政许可法 26; 国办发〔2020〕35号,
 * 多地联办).  The *template* is the element `legs` of a service item of mode JOINT.  Nothing here knows a clock or a store. */
#ifndef PROTO_JOINT_H
#define PROTO_JOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/case_machine.h"
#include "proto/limits.h"
#include "proto/problem.h"

/* R(CONSTANT, "WORD", "English", "中文"): when the whole is achieved.  The number is stored: only append. */
#define JOINT_RULE_TABLE(R)                                                                                            \
    R(ALL_GRANTED, "ALL_GRANTED", "every leg is granted", "全部环节准予")                                              \
    R(REQUIRED_GRANTED, "REQUIRED_GRANTED", "every required leg is granted", "必办环节全部准予")                       \
    R(ANY_GRANTED, "ANY_GRANTED", "one leg is granted", "任一环节准予")                                                \
    R(ALL_DECIDED, "ALL_DECIDED", "every leg is decided", "全部环节作出决定")

/* L(CONSTANT, "name", "English", "中文", settled).  The number is stored: only append. */
#define JOINT_LEG_TABLE(L)                                                                                             \
    L(WAITING, "waiting", "waits for an earlier leg", "待前序环节", false)                                             \
    L(OPEN, "open", "in progress", "办理中", false)                                                                    \
    L(GRANTED, "granted", "granted", "准予", true)                                                                     \
    L(REFUSED, "refused", "refused", "未准予", true)                                                                   \
    L(WITHDRAWN, "withdrawn", "withdrawn", "已撤回", true)                                                             \
    L(STOPPED, "stopped", "never opened", "未启动", true)

/* J(CONSTANT, "name", "English", "中文").  The number is stored: only append. */
#define JOINT_STATE_TABLE(J)                                                                                           \
    J(RUNNING, "running", "in progress", "办理中")                                                                     \
    J(GRANTED, "granted", "done: granted", "办结（准予）")                                                             \
    J(PARTLY, "partly", "done: granted in part", "办结（部分准予）")                                                   \
    J(REFUSED, "refused", "done: not granted", "办结（未准予）")                                                       \
    J(WITHDRAWN, "withdrawn", "withdrawn", "已撤回")

enum joint_rule {
#define R(constant, name, en, zh) JOINT_RULE_##constant,
    JOINT_RULE_TABLE(R)
#undef R
    JOINT_RULES
};
enum joint_leg_state {
#define L(constant, name, en, zh, settled) LEG_##constant,
    JOINT_LEG_TABLE(L)
#undef L
    LEG_STATES
};
enum joint_state {
#define J(constant, name, en, zh) JOINT_##constant,
    JOINT_STATE_TABLE(J)
#undef J
    JOINT_STATES
};

struct joint_word {
    const char *name, *en, *zh;
    bool settled; /* of a leg: nothing changes it any more */
};
extern const struct joint_word joint_rules[JOINT_RULES], joint_leg_states[LEG_STATES], joint_states[JOINT_STATES];
int joint_rule_by_name(const char *name); /* or -1 */
#define JOINT_RULE_WORDS "ALL_GRANTED|REQUIRED_GRANTED|ANY_GRANTED|ALL_DECIDED"

struct joint_leg {
    enum joint_leg_state state;
    uint32_t after; /* bit i: only when leg i is granted */
    bool required;  /* counts for REQUIRED_GRANTED */
};

/* Bits of the waiting legs that can be opened now: every leg before them is granted. */
uint32_t joint_ready(const struct joint_leg *legs, size_t count);
/* Bits of the waiting legs that can never be opened: a leg before them is refused, withdrawn or itself never opened. */
uint32_t joint_lost(const struct joint_leg *legs, size_t count);
/* The state of the whole.  RUNNING while a leg is open or waits; then by the rule, or WITHDRAWN when the applicant took it back and the
 * rule is not met.  *outlook (may be NULL): what it will be whatever the open legs bring, or RUNNING when that still depends on them. */
enum joint_state joint_fold(enum joint_rule rule, const struct joint_leg *legs, size_t count, bool withdrawn,
                            enum joint_state *outlook);
/* What a leg is after its case was seen in `state` at revision `rev`, with or without messages on the way.  A settled leg stays: a
 * decision once made is not undone by the delivery that follows it.  A submission that the home side did not take is a refusal. */
enum joint_leg_state joint_leg_of_case(enum joint_leg_state before, enum case_state state, int64_t rev, bool pending);

/* Checks the element `legs`: 1 to LIMIT_JOINT_LEGS objects {"name","office","item","after"?,"limit"?,"required"?,"materials"?,"passes"?};
 * names unique, `after` names other legs without a circle, `passes` names legs that are granted by then; office is "intake",
 * "applicant", "other" or six digits.  TB_EMALFORMED with the member. */
int joint_check_legs(const json_t *legs, struct problem *p) TB_MUST_USE;
/* A checked template as legs that all wait; returns their number. */
size_t joint_read_legs(const json_t *legs, struct joint_leg out[LIMIT_JOINT_LEGS]);
/* The office of a leg: `intake` itself, six digits of the template, or what `offices` ({"applicant","other"}, may be NULL) says; NULL when
 * that is missing or no office.  Borrowed. */
const char *joint_leg_office(const json_t *leg, const char *intake, const json_t *offices);

#endif
