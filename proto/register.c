#include "proto/register.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/access.h"
#include "proto/limits.h"

const struct register_kind *register_by_name(const char *name)
{
    for (size_t i = 0; name && i < REGISTER_KINDS; i++)
        if (!strcmp(register_kinds[i].name, name))
            return &register_kinds[i];
    return NULL;
}

const struct register_kind *register_by_entry(enum entry_type type)
{
    for (size_t i = 0; i < REGISTER_KINDS; i++)
        if (register_kinds[i].entry == type)
            return &register_kinds[i];
    return NULL;
}

int register_state_by_name(const struct register_kind *kind, const char *name)
{
    for (size_t i = 0; name && i < kind->state_count; i++)
        if (!strcmp(kind->states[i].name, name))
            return (int)i;
    return -1;
}

const struct register_act *register_act_by_name(const struct register_kind *kind, const char *name)
{
    for (size_t i = 0; name && i < kind->act_count; i++)
        if (!strcmp(kind->acts[i].name, name))
            return &kind->acts[i];
    return NULL;
}

/* ---- numbers ---- */

int register_no_make(const struct register_kind *kind, const char *office, int year, int64_t serial, char out[REGISTER_NO_TEXT])
{
    if (!office_valid(office) || year < 1970 || year > 9999 || serial < 1)
        return TB_EINVAL;
    if (serial > 999999999)
        return TB_ELIMIT;
    (void)snprintf(out, REGISTER_NO_TEXT, "%c%s-%d-%lld", kind->letter, office, year, (long long)serial);
    return 0;
}

int register_no_read(const struct register_kind *kind, const char *no, char office[OFFICE_TEXT])
{
    char code[OFFICE_TEXT];
    size_t len = no ? strlen(no) : 0;
    if (len < 14 || len >= REGISTER_NO_TEXT || no[0] != kind->letter || no[7] != '-' || no[12] != '-')
        return TB_EMALFORMED;
    memcpy(code, no + 1, OFFICE_LEN);
    code[OFFICE_LEN] = '\0';
    size_t serial = strspn(no + 13, "0123456789");
    if (!office_valid(code) || strspn(no + 8, "0123456789") != 4 || no[13 + serial] || serial > 9 || no[13] == '0')
        return TB_EMALFORMED;
    memcpy(office, code, OFFICE_TEXT);
    return 0;
}

/* ---- what may be done ---- */

static const char *party_text(unsigned by)
{
    return by == REGISTER_OWNER ? "the office that opened it" : by == REGISTER_OTHER ? "the other office" : "either office";
}

/* Of people; what only the system does has no other name. */
static const char *roles_text(unsigned roles, char out[64])
{
    access_role_names(roles, out, 64);
    return out[0] ? out : "the system itself";
}

static int refuse_state(const struct register_kind *kind, const struct register_act *act, int state, struct problem *p)
{
    char names[200];
    size_t len = 0;
    names[0] = '\0';
    for (size_t i = 0; i < kind->state_count; i++)
        if (act->from >> i & 1 && len < sizeof names)
            len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", kind->states[i].name);
    return problem_set(p, PROBLEM_TRANSITION, "", "%s is possible from: %s; it is %s", act->name, names, kind->states[state].name);
}

int register_find_act(const struct register_kind *kind, const char *name, unsigned party, unsigned role, int state,
                      const struct register_act **out, struct problem *p)
{
    const struct register_act *act = register_act_by_name(kind, name);
    char names[64];
    if (!act || state < 0 || (size_t)state >= kind->state_count)
        return problem_set(p, PROBLEM_NOT_FOUND, "", "there is no such act");
    if (!(act->by & party))
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "%s is done by %s", act->name, party_text(act->by));
    if (!(act->roles & role))
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "%s needs the role %s", act->name, roles_text(act->roles, names));
    if (!(act->from >> state & 1))
        return refuse_state(kind, act, state, p);
    *out = act;
    return 0;
}

size_t register_possible(const struct register_kind *kind, unsigned party, unsigned role, int state, const char **out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < kind->act_count && count < max; i++) {
        const struct register_act *act = &kind->acts[i];
        if (act->by & party && act->roles & role && state >= 0 && act->from >> state & 1)
            out[count++] = act->name;
    }
    return count;
}

int register_check(const struct register_kind *kind, const struct register_act *act, const json_t *content, const json_t *data,
                   struct problem *p)
{
    int rc = case_check_fields(act->fields, data, p);
    return rc || !kind->check ? rc : kind->check(act, content, data, p);
}

/* ---- what follows ---- */

int register_next(const struct register_act *act, const json_t *data, int state)
{
    const json_t *member = act->branch.member ? json_object_get(data, act->branch.member) : NULL;
    if (json_array_size(member) || (json_is_integer(member) && json_integer_value(member) <= act->branch.most))
        return act->branch.to;
    return act->to == REGISTER_SAME ? state : act->to;
}

static int fold_list(const char *under, const json_t *data, json_t *content)
{
    char name[32];
    size_t len = strlen(under) - 2;
    if (len >= sizeof name)
        return TB_EINVAL;
    memcpy(name, under, len);
    name[len] = '\0';
    json_t *list = json_object_get(content, name), *copy = json_copy((json_t *)(uintptr_t)data);
    if (!list && json_object_set_new(content, name, list = json_array())) {
        json_decref(copy);
        return TB_ENOMEM;
    }
    return json_array_append_new(list, copy) ? TB_ENOMEM : 0;
}

int register_fold(const struct register_act *act, const json_t *data, json_t *content)
{
    const char *under = act->under;
    if (!under)
        return json_object_update(content, (json_t *)(uintptr_t)data) ? TB_ENOMEM : 0;
    size_t len = strlen(under);
    if (len > 2 && !strcmp(under + len - 2, "[]"))
        return fold_list(under, data, content);
    return json_object_set_new(content, under, json_copy((json_t *)(uintptr_t)data)) ? TB_ENOMEM : 0;
}
