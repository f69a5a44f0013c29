/* register: what the two offices keep together beside the cases (台账), as tables; pure.
 *
 * An authorisation (授权), a delegated step (委托环节), a transfer of paper (材料移交), a problem (问题处置), an address (通讯录),
 * a pre-check (资料预审), a note (办件交流) and a rating (好差评) are *objects*: each has a number, an owner, a counterpart and a life of
 * a few states.  A *kind* is one row of `register_kinds` with a table of states and a table of acts: which party (the owner's
 * office or the other one) in which role may do it from which states, what it has to say, which state follows.  Dispatch, checks, the
 * command line, docs/reference/registers.md and the exhaustive test come from these rows.  Adding a register is adding rows.
 *
 * Every act is an entry: {"no","act","data"}.  The state and the content of an object are the fold of its acts in the order of
 * their revisions; the revisions are given by one office, the *authority* of the object: the home side of the case it is about, or else
 * its owner (docs/decisions/0010-registers.md). */
#ifndef PROTO_REGISTER_H
#define PROTO_REGISTER_H

#include "proto/case_machine.h"

/* The number is stored: only append. */
enum register_kind_id {
    REGISTER_AUTHORISATION, /* 授权 */
    REGISTER_STEP,          /* 委托环节 */
    REGISTER_TRANSFER,      /* 材料移交 */
    REGISTER_PROBLEM,       /* 问题处置 */
    REGISTER_CONTACT,       /* 通讯录 */
    REGISTER_PRECHECK,      /* 资料预审 */
    REGISTER_NOTE,          /* 办件交流 */
    REGISTER_RATING,        /* 好差评 */
    REGISTER_KINDS
};

/* Who the two parties of an object are.  Bits. */
enum register_party { REGISTER_OWNER = 1, REGISTER_OTHER = 2, REGISTER_BOTH = 3 };

/* What an object stands between. */
enum register_scope {
    REGISTER_OFFICES, /* this office and one counterpart */
    REGISTER_CASE,    /* the two sides of a case; the case's revisions number its acts */
    REGISTER_ANY,     /* a case when one is named, else two offices */
    REGISTER_ALL      /* the owner and every counterpart: only the owner acts */
};

struct register_state {
    const char *name, *en, *zh;
    unsigned turn; /* register_party bits: who has to act */
    bool final;
};

enum { REGISTER_NONE = 0, REGISTER_SAME = -1, REGISTER_STATES_MAX = 16 };
#define REGISTER_FROM(state) (UINT32_C(1) << (state))

/* A different state follows when the data say so: a whole number of at most `most`, or a list that is not empty. */
struct register_branch {
    const char *member; /* NULL: none */
    int64_t most;
    int to;
};

struct register_act {
    const char *name; /* word on the command line and in the API */
    const char *zh;
    const char *help; /* one English line, gettext id */
    unsigned by;      /* register_party bits */
    unsigned roles;   /* case_role bits; CASE_ROLE_SYSTEM: nobody types it */
    uint32_t from;    /* REGISTER_FROM bits; REGISTER_FROM(REGISTER_NONE): it makes the object */
    int to;           /* a state, or REGISTER_SAME */
    const struct case_field *fields; /* members of its data, NULL-name terminated */
    /* Where the data go in the content: NULL: member by member; "name": under it; "name[]": the next element of that list. */
    const char *under;
    struct register_branch branch;
    const char *law; /* article or rule carried out */
};

struct register_kind {
    const char *name, *en, *zh;
    char letter;
    enum entry_type entry;
    enum register_scope scope;
    const struct register_state *states; /* states[REGISTER_NONE] is "none" */
    size_t state_count;
    const struct register_act *acts;
    size_t act_count;
    const char *const *columns; /* members of the content that a list shows; NULL terminated; never personal */
    bool supervised; /* a supervisor (督考) may read it: it speaks of the offices, not of an applicant */
    /* Rules between the members of an act's data and the content so far (NULL while it is being made); NULL: none. */
    int (*check)(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p);
};
extern const struct register_kind register_kinds[REGISTER_KINDS];

const struct register_kind *register_by_name(const char *name); /* or NULL */
const struct register_kind *register_by_entry(enum entry_type type); /* or NULL */
int register_state_by_name(const struct register_kind *kind, const char *name); /* or −1 */
const struct register_act *register_act_by_name(const struct register_kind *kind, const char *name); /* or NULL */

enum { REGISTER_NO_TEXT = 28 };
/* Number of an object: letter, office, year, serial: "A330483-2026-12".  TB_ELIMIT beyond 999,999,999 in a year. */
int register_no_make(const struct register_kind *kind, const char *office, int year, int64_t serial,
                     char out[REGISTER_NO_TEXT]) TB_MUST_USE;
/* 0 when `no` is a number of this kind, with the owner in `office`; TB_EMALFORMED. */
int register_no_read(const struct register_kind *kind, const char *no, char office[OFFICE_TEXT]) TB_MUST_USE;

/* The act by name for this party and role in this state.  PROBLEM_NOT_FOUND: no such act; PROBLEM_NOT_ALLOWED: another party or
 * role does it; PROBLEM_TRANSITION: not now, the detail names the states. */
int register_find_act(const struct register_kind *kind, const char *name, unsigned party, unsigned role, int state,
                      const struct register_act **out, struct problem *p) TB_MUST_USE;
/* Acts possible now, at most max. */
size_t register_possible(const struct register_kind *kind, unsigned party, unsigned role, int state, const char **out, size_t max);
/* Checks the data of an act: members, forms, rules between them and with the content so far (NULL: none yet).  0, or TB_EMALFORMED with
 * field and remedy. */
int register_check(const struct register_kind *kind, const struct register_act *act, const json_t *content, const json_t *data,
                   struct problem *p) TB_MUST_USE;
/* State after the act. */
int register_next(const struct register_act *act, const json_t *data, int state);
/* Puts the data of an act into the content.  TB_ENOMEM. */
int register_fold(const struct register_act *act, const json_t *data, json_t *content) TB_MUST_USE;

/* The delegable step by its word: "original" is STEP_ORIGINAL; STEP_NONE for none. */
enum case_step register_step(const char *word);

/* ---- originals (原件): the ledger of paper that has to balance ---- */

/* Where the originals of one case are, by count.  kept = here + there + moving + lost + returned, always. */
struct originals {
    int64_t kept;      /* taken from the applicant, at either side */
    int64_t returned;  /* handed back */
    int64_t at_intake, at_home;
    int64_t moving;    /* sent and not yet opened */
    int64_t lost;
    bool balanced;     /* no office gave away what it did not have */
};
/* Originals that a list of papers names. */
int64_t originals_listed(const json_t *content);
/* Originals of the list that were not in the bag when it was opened; *extra: in it beside the list. */
int64_t originals_missed(const json_t *content, int64_t *extra);
/* Adds one transfer (its content, owner's side and state) to the sums. */
void originals_add(struct originals *sums, const json_t *content, enum case_side owner, int state);

#endif
