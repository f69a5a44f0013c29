#include "proto/case_machine.h"

#include <stdio.h>
#include <string.h>

int case_state_by_name(const char *name)
{
    for (int state = 0; name && state < CASE_STATES; state++)
        if (strcmp(case_states[state].name, name) == 0)
            return state;
    return -1;
}

int case_role_by_name(const char *name)
{
    if (name && strcmp(name, "window") == 0)
        return CASE_ROLE_WINDOW;
    if (name && strcmp(name, "handler") == 0)
        return CASE_ROLE_HANDLER;
    if (name && strcmp(name, "liaison") == 0)
        return CASE_ROLE_LIAISON;
    return -1;
}

/* Exactly one known role: an unknown one (−1, all bits) must not look like every role at once. */
static bool is_role(unsigned role)
{
    return role == CASE_ROLE_WINDOW || role == CASE_ROLE_HANDLER || role == CASE_ROLE_LIAISON || role == CASE_ROLE_SYSTEM;
}

static bool possible_from(const struct case_transition *row, enum case_state state)
{
    return (unsigned)state < CASE_STATES && (row->from >> state & 1);
}

/* What this row may do only once. */
static unsigned once(const struct case_transition *row)
{
    return row->entry == ENTRY_CASE_NOTICE ? ONCE_NOTICE : row->entry == ENTRY_CASE_EXTENDED ? ONCE_EXTENSION : 0;
}

/* "received, supplemented" */
static void list_states(uint64_t from, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (int state = 0; state < CASE_STATES; state++) {
        if (!(from >> state & 1))
            continue;
        int n = snprintf(out + len, size - len, "%s%s", len ? ", " : "", case_states[state].name);
        if (n < 0 || (size_t)n >= size - len)
            return;
        len += (size_t)n;
    }
}

static const char *role_names(unsigned roles)
{
    switch (roles) {
    case CASE_ROLE_WINDOW:
        return "window";
    case CASE_ROLE_HANDLER:
        return "handler";
    case CASE_ROLE_SYSTEM:
        return "the system itself";
    default:
        return "window or handler";
    }
}

static int refuse_state(const char *what, uint64_t from, enum case_state state, struct problem *p)
{
    char names[256];
    list_states(from, names, sizeof names);
    return problem_set(p, PROBLEM_TRANSITION, "", "%s is possible from: %s; the case is %s", what, names,
                       (unsigned)state < CASE_STATES ? case_states[state].name : "in no known state");
}

static int refuse_role(const struct case_transition *row, enum case_side side, struct problem *p)
{
    if (row->side != side)
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "%s is done at the %s side by the role %s", row->action,
                           row->side == CASE_SIDE_HOME ? "home" : "intake", role_names(row->roles));
    return problem_set(p, PROBLEM_NOT_ALLOWED, "", "%s needs the role %s", row->action, role_names(row->roles));
}

int case_find_transition(const char *action, enum case_side side, unsigned role, enum case_state state, unsigned done,
                         const struct case_transition **out, struct problem *p)
{
    const struct case_transition *other = NULL, *mine = NULL;
    uint64_t from = 0;
    for (size_t i = 0; action && i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        if (strcmp(row->action, action) != 0)
            continue;
        if (row->side != side || !is_role(role) || !(row->roles & role)) {
            if (!other || row->side == side) /* the nearest row explains best */
                other = row;
            continue;
        }
        mine = row;
        from |= row->from;
        if (once(row) & done)
            return row->entry == ENTRY_CASE_NOTICE
                       ? problem_set(p, PROBLEM_NOTICE_ONCE, "", "the one-time notice of this case was given")
                       : problem_set(p, PROBLEM_STEP_DONE, "", "the limit is extended once only (行政许可法 42)");
        if (possible_from(row, state)) {
            *out = row;
            return 0;
        }
    }
    if (mine)
        return refuse_state(mine->action, from, state, p);
    if (other)
        return refuse_role(other, side, p);
    return problem_set(p, PROBLEM_NOT_FOUND, "", "there is no such action");
}

int case_find_by_entry(enum entry_type type, enum case_side side, enum case_state state, const json_t *body,
                       const struct case_transition **out, struct problem *p)
{
    const char *outcome = json_string_value(json_object_get(body, "outcome"));
    uint64_t from = 0;
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        if (row->entry != type || row->side != side)
            continue;
        if (type == ENTRY_CASE_DECIDED && (!outcome || strcmp(outcome, row->action) != 0))
            continue; /* grant and deny share one type; the outcome is the action's word */
        from |= row->from;
        if (possible_from(row, state)) {
            *out = row;
            return 0;
        }
    }
    if (from)
        return refuse_state(entry_type_text(type), from, state, p);
    return problem_set(p, PROBLEM_TRANSITION, "", "%s is not an act of the %s side",
                       (unsigned)type < ENTRY_TYPES ? entry_type_text(type) : "this type",
                       side == CASE_SIDE_HOME ? "home" : "intake");
}

const struct case_transition *case_home_move(enum entry_type type, enum case_state state, const json_t *body)
{
    const char *outcome = json_string_value(json_object_get(body, "outcome"));
    const struct case_transition *first = NULL;
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *row = &case_transitions[i];
        if (row->side != CASE_SIDE_HOME || row->entry != type)
            continue;
        if (type == ENTRY_CASE_DECIDED && (!outcome || strcmp(outcome, row->action) != 0))
            continue;
        if (possible_from(row, state))
            return row;
        if (!first)
            first = row;
    }
    return first;
}

enum case_todo case_state_todo(enum case_state state)
{
    for (size_t i = 0; i < case_transition_count; i++)
        if (case_transitions[i].to == state)
            return case_transitions[i].todo;
    return TODO_NONE;
}

size_t case_possible(enum case_side side, unsigned role, enum case_state state, unsigned done, const char **out,
                     size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < case_transition_count && count < max; i++) {
        const struct case_transition *row = &case_transitions[i];
        if (row->side != side || !is_role(role) || !(row->roles & role) || !possible_from(row, state))
            continue;
        if (once(row) & done)
            continue;
        out[count++] = row->action;
    }
    return count;
}
