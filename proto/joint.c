#include "proto/joint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/codes.h"

const struct joint_word joint_rules[JOINT_RULES] = {
#define R(constant, name, en, zh) {name, en, zh, false},
    JOINT_RULE_TABLE(R)
#undef R
};
const struct joint_word joint_leg_states[LEG_STATES] = {
#define L(constant, name, en, zh, settled) {name, en, zh, settled},
    JOINT_LEG_TABLE(L)
#undef L
};
const struct joint_word joint_states[JOINT_STATES] = {
#define J(constant, name, en, zh) {name, en, zh, true},
    JOINT_STATE_TABLE(J)
#undef J
};

int joint_rule_by_name(const char *name)
{
    for (int rule = 0; name && rule < JOINT_RULES; rule++)
        if (!strcmp(joint_rules[rule].name, name))
            return rule;
    return -1;
}

/* ---- the fold ---- */

static uint32_t bit(size_t i)
{
    return UINT32_C(1) << i;
}

static uint32_t in_state(const struct joint_leg *legs, size_t count, enum joint_leg_state state)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++)
        if (legs[i].state == state)
            bits |= bit(i);
    return bits;
}

uint32_t joint_ready(const struct joint_leg *legs, size_t count)
{
    uint32_t granted = in_state(legs, count, LEG_GRANTED), ready = 0;
    for (size_t i = 0; i < count; i++)
        if (legs[i].state == LEG_WAITING && !(legs[i].after & ~granted))
            ready |= bit(i);
    return ready;
}

uint32_t joint_lost(const struct joint_leg *legs, size_t count)
{
    uint32_t gone = in_state(legs, count, LEG_REFUSED) | in_state(legs, count, LEG_WITHDRAWN) | in_state(legs, count, LEG_STOPPED);
    uint32_t lost = 0, before;
    do {
        before = lost;
        for (size_t i = 0; i < count; i++)
            if (legs[i].state == LEG_WAITING && legs[i].after & (gone | lost))
                lost |= bit(i);
    } while (lost != before); /* what waits for a lost one is lost */
    return lost;
}

/* The rule over legs that are all settled: `granted` says which. */
static enum joint_state by_rule(enum joint_rule rule, uint32_t granted, uint32_t all, uint32_t required)
{
    switch (rule) {
    case JOINT_RULE_REQUIRED_GRANTED:
        if (required & ~granted)
            return JOINT_REFUSED;
        return granted == all ? JOINT_GRANTED : JOINT_PARTLY;
    case JOINT_RULE_ANY_GRANTED:
        return granted ? JOINT_GRANTED : JOINT_REFUSED;
    case JOINT_RULE_ALL_DECIDED:
        return granted == all ? JOINT_GRANTED : granted ? JOINT_PARTLY : JOINT_REFUSED;
    default:
        return granted == all ? JOINT_GRANTED : JOINT_REFUSED;
    }
}

enum joint_state joint_fold(enum joint_rule rule, const struct joint_leg *legs, size_t count, bool withdrawn,
                            enum joint_state *outlook)
{
    uint32_t all = 0, required = 0, granted = in_state(legs, count, LEG_GRANTED), undecided = in_state(legs, count, LEG_OPEN);
    uint32_t waiting = in_state(legs, count, LEG_WAITING);
    for (size_t i = 0; i < count; i++) {
        all |= bit(i);
        required |= legs[i].required ? bit(i) : 0;
    }
    /* what is withdrawn opens nothing more, and what hangs on a refused leg never comes */
    uint32_t hoped = granted | undecided | (withdrawn ? 0 : waiting & ~joint_lost(legs, count));
    enum joint_state worst = by_rule(rule, granted, all, required), best = by_rule(rule, hoped, all, required);
    if (withdrawn && worst != JOINT_GRANTED)
        worst = JOINT_WITHDRAWN;
    if (withdrawn && best != JOINT_GRANTED)
        best = JOINT_WITHDRAWN;
    if (outlook)
        *outlook = best == worst ? best : JOINT_RUNNING;
    return undecided | waiting ? JOINT_RUNNING : worst;
}

enum joint_leg_state joint_leg_of_case(enum joint_leg_state before, enum case_state state, int64_t rev, bool pending)
{
    if (before != LEG_OPEN)
        return before;
    switch (state) {
    case CASE_GRANTED:
        return LEG_GRANTED;
    case CASE_DENIED:
    case CASE_REFUSED:
    case CASE_REVOKED:
        return LEG_REFUSED;
    case CASE_FORWARDED: /* has its verdict and no revision: it was not taken */
        return !rev && !pending ? LEG_REFUSED : LEG_OPEN;
    case CASE_COMPLETED: /* closes what was decided before: the decision counts */
        return LEG_OPEN;
    default:
        return (unsigned)state < CASE_STATES && case_states[state].final ? LEG_WITHDRAWN : LEG_OPEN;
    }
}

/* ---- the template ---- */

static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && text[0] && strlen(text) == json_string_length(value) ? text : NULL;
}

static int index_of(const json_t *legs, const char *name)
{
    for (size_t i = 0; name && i < json_array_size(legs); i++) {
        const char *other = text_of(json_object_get(json_array_get(legs, i), "name"));
        if (other && !strcmp(other, name))
            return (int)i;
    }
    return -1;
}

/* Bits of the legs that a member names; the names are known. */
static uint32_t named(const json_t *legs, const json_t *names)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        int at = index_of(legs, text_of(json_array_get(names, i)));
        if (at >= 0)
            bits |= bit((size_t)at);
    }
    return bits;
}

/* The problem of one member of one leg. */
static int TB_PRINTF(4, 5) bad(struct problem *p, size_t at, const char *member, const char *why, ...)
{
    char field[64], detail[256];
    va_list args;
    (void)snprintf(field, sizeof field, "/legs/%zu%s%s", at, member[0] ? "/" : "", member);
    va_start(args, why);
    (void)vsnprintf(detail, sizeof detail, why, args);
    va_end(args);
    return problem_set(p, PROBLEM_FIELD, field, "%s", detail);
}

static int check_members(const json_t *leg, size_t at, struct problem *p)
{
    static const char *const known[] = {"name", "office", "item", "after", "limit", "required", "materials", "passes"};
    const char *key;
    json_t *value;
    if (!json_is_object(leg))
        return bad(p, at, "", "a leg is an object with name, office and item");
    json_object_foreach((json_t *)(uintptr_t)leg, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found = found || !strcmp(known[i], key);
        if (!found)
            return bad(p, at, "", "there is no member '%.40s' of a leg; check its spelling", key);
    }
    return 0;
}

static int check_limit(const json_t *limit, size_t at, struct problem *p)
{
    const json_t *days = json_object_get(limit, "days");
    const char *unit = text_of(json_object_get(limit, "unit"));
    if (!limit)
        return 0;
    if (!json_is_object(limit) || json_object_size(limit) != 2 || !json_is_integer(days) || json_integer_value(days) < 1 ||
        json_integer_value(days) > LIMIT_LEG_DAYS || !unit || (strcmp(unit, "working_day") && strcmp(unit, "calendar_day")))
        return bad(p, at, "limit", "days from 1 to %d and unit working_day or calendar_day are needed", LIMIT_LEG_DAYS);
    return 0;
}

/* A list of short texts; each one the name of a leg when `legs` is given. */
static int check_names(const json_t *list, const json_t *legs, size_t at, const char *member, struct problem *p)
{
    if (!list)
        return 0;
    if (!json_is_array(list) || json_array_size(list) > (legs ? LIMIT_JOINT_LEGS : LIMIT_CASE_MATERIALS))
        return bad(p, at, member, "a list of %s is needed", legs ? "names of legs" : "names of materials");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = text_of(json_array_get(list, i));
        if (!name || strlen(name) > LIMIT_NAME_BYTES)
            return bad(p, at, member, "a list of %s is needed", legs ? "names of legs" : "names of materials");
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(list, k), json_array_get(list, i)))
                return bad(p, at, member, "'%.60s' stands there twice", name);
        if (legs && index_of(legs, name) < 0)
            return bad(p, at, member, "there is no leg '%.60s'", name);
        if (legs && (size_t)index_of(legs, name) == at)
            return bad(p, at, member, "leg '%.60s' cannot wait for itself", name);
    }
    return 0;
}

static int check_office(const json_t *leg, size_t at, struct problem *p)
{
    const char *office = text_of(json_object_get(leg, "office"));
    if (office && (office_valid(office) || !strcmp(office, "intake") || !strcmp(office, "applicant") || !strcmp(office, "other")))
        return 0;
    return bad(p, at, "office", "it must be intake, applicant, other or an office of six digits");
}

static int check_code(const json_t *leg, size_t at, struct problem *p)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    const char *code = text_of(json_object_get(leg, "item"));
    if (code && strlen(code) <= 50 && strspn(code, allowed) == strlen(code))
        return 0;
    return bad(p, at, "item", "the code of the item that this leg is");
}

static int check_leg(const json_t *legs, size_t at, struct problem *p)
{
    const json_t *leg = json_array_get(legs, at), *required = json_object_get(leg, "required");
    int rc = check_members(leg, at, p);
    const char *name = rc ? NULL : text_of(json_object_get(leg, "name"));
    if (!rc && (!name || strlen(name) > LIMIT_NAME_BYTES))
        rc = bad(p, at, "name", "a leg needs a name of at most %d bytes", LIMIT_NAME_BYTES);
    if (!rc && index_of(legs, name) != (int)at)
        rc = bad(p, at, "name", "a leg '%.60s' stands there already", name);
    if (!rc)
        rc = check_office(leg, at, p);
    if (!rc)
        rc = check_code(leg, at, p);
    if (!rc && required && !json_is_boolean(required))
        rc = bad(p, at, "required", "true or false is needed");
    if (!rc)
        rc = check_limit(json_object_get(leg, "limit"), at, p);
    if (!rc)
        rc = check_names(json_object_get(leg, "materials"), NULL, at, "materials", p);
    if (!rc)
        rc = check_names(json_object_get(leg, "after"), legs, at, "after", p);
    return rc ? rc : check_names(json_object_get(leg, "passes"), legs, at, "passes", p);
}

/* Everything before each leg, however far; a leg that comes before itself closes a circle. */
static int check_order(const json_t *legs, size_t count, struct problem *p)
{
    uint32_t before[LIMIT_JOINT_LEGS] = {0};
    for (size_t i = 0; i < count; i++)
        before[i] = named(legs, json_object_get(json_array_get(legs, i), "after"));
    for (size_t round = 0; round < count; round++)
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < count; k++)
                if (before[i] & bit(k))
                    before[i] |= before[k];
    for (size_t i = 0; i < count; i++) {
        const json_t *leg = json_array_get(legs, i);
        const char *name = text_of(json_object_get(leg, "name"));
        if (before[i] & bit(i))
            return bad(p, i, "after", "leg '%.60s' waits for itself in a circle", name);
        if (named(legs, json_object_get(leg, "passes")) & ~before[i])
            return bad(p, i, "passes", "leg '%.60s' passes the result of a leg that it does not wait for", name);
    }
    return 0;
}

int joint_check_legs(const json_t *legs, struct problem *p)
{
    size_t count = json_array_size(legs);
    if (!json_is_array(legs) || !count || count > LIMIT_JOINT_LEGS)
        return problem_set(p, PROBLEM_FIELD, "/legs", "a list of 1 to %d legs is needed", LIMIT_JOINT_LEGS);
    for (size_t i = 0; i < count; i++) {
        int rc = check_leg(legs, i, p);
        if (rc)
            return rc;
    }
    return check_order(legs, count, p);
}

size_t joint_read_legs(const json_t *legs, struct joint_leg out[LIMIT_JOINT_LEGS])
{
    size_t count = json_array_size(legs) > LIMIT_JOINT_LEGS ? LIMIT_JOINT_LEGS : json_array_size(legs);
    for (size_t i = 0; i < count; i++) {
        const json_t *leg = json_array_get(legs, i);
        out[i] = (struct joint_leg){.state = LEG_WAITING,
                                    .after = named(legs, json_object_get(leg, "after")),
                                    .required = !json_is_false(json_object_get(leg, "required"))};
    }
    return count;
}

const char *joint_leg_office(const json_t *leg, const char *intake, const json_t *offices)
{
    const char *office = text_of(json_object_get(leg, "office"));
    if (office && !strcmp(office, "intake"))
        return intake;
    if (office && !office_valid(office))
        office = text_of(json_object_get(offices, office));
    return office && office_valid(office) ? office : NULL;
}
