/* What single actions check and fill in: the texts that the law wants, the dates that the office computes, the bounds of the item. */
#include "daemon/office/act.h"

#include <stdlib.h>
#include <string.h>

#include "proto/case_law.h"
#include "proto/clock.h"
#include "proto/item.h"
#include "proto/timestamp.h"

/* ---- what single actions do beside the row of the table ---- */

static int find_item_of(struct act *a, json_t **item)
{
    int64_t version;
    bool current;
    return item_find(a->db, a->row.home, a->row.item, a->row.item_version, &version, &current, item);
}

/* Forwarding sends the whole application as it stands now: the fold of what the window recorded. */
static int prepare_forward(struct act *a, struct problem *p)
{
    static const char *const members[] = {"item", "applicant", "agent",        "materials", "comparison", "delivery",
                                          "form", "remark",    "handed_in_at", "late",      NULL};
    json_t *content = NULL, *item = NULL;
    int rc = case_fold(a->db, a->office, &a->row, &content);
    if (rc)
        return rc;
    json_t *body = json_object();
    for (size_t i = 0; body && members[i]; i++) {
        json_t *value = json_object_get(content, members[i]);
        if (value)
            (void)json_object_set(body, members[i], value);
    }
    json_decref(content);
    if (!body)
        return TB_ENOMEM;
    json_decref(a->request->body);
    a->request->body = body;
    rc = find_item_of(a, &item);
    if (!rc)
        rc = item_lacks(item, body, &a->lacks);
    json_decref(item);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    return materials_attach(a->db, json_object_get(body, "materials"), p);
}

static int prepare_materials(struct act *a, struct problem *p)
{
    json_t *item = NULL, *materials = json_object_get(a->request->body, "materials");
    int rc = find_item_of(a, &item);
    if (!rc)
        rc = item_check_licences(item, materials, p);
    json_decref(item);
    return rc && rc != TB_ENOTFOUND ? rc : materials_attach(a->db, materials, p);
}

/* Nothing is accepted or decided on papers that are still on the way. */
static int prepare_accept(struct act *a, struct problem *p)
{
    size_t waiting = 0;
    int rc = material_waits(a->db, a->row.id, &waiting);
    if (!rc && waiting)
        rc = problem_set(p, PROBLEM_MATERIAL_MISSING, NULL, "%zu materials of this case are still on the way", waiting);
    return rc;
}

static int fill(json_t *body, const char *key, const char *text)
{
    if (json_object_get(body, key))
        return 0;
    return json_object_set_new(body, key, json_string(text)) ? TB_ENOMEM : 0;
}

/* The acceptance notice says until when it will be decided. */
static int prepare_acceptance(struct act *a, struct problem *p)
{
    int rc = prepare_accept(a, p);
    return rc || !a->office->papers.numbering ? rc : document_promise(a->db, a->office, &a->row, a->now, a->request->body);
}

/* The article that the class of the reason rests on, where the officer names none. */
static int prepare_class(struct act *a, struct problem *p)
{
    json_t *body = a->request->body;
    (void)p;
    const struct reason_class *class =
        reason_class_find(entry_type_text(a->move->entry), json_string_value(json_object_get(body, "reason_class")));
    return class && class->law[0] ? fill(body, "legal_basis", class->law) : 0;
}

/* 行政许可法 38: a refusal names the article and the remedies, also when the officer forgot to. */
static int prepare_refuse(struct act *a, struct problem *p)
{
    int rc = prepare_class(a, p);
    return rc ? rc : fill(a->request->body, "remedies", document_remedies(a->office));
}

static int prepare_decision(struct act *a, struct problem *p)
{
    bool grant = !strcmp(a->move->action, "grant");
    int rc = prepare_accept(a, p);
    if (!rc && json_object_set_new(a->request->body, "outcome", json_string(grant ? "grant" : "deny")))
        rc = TB_ENOMEM;
    if (!rc && !grant)
        rc = prepare_refuse(a, p);
    if (!rc)
        rc = material_attach_one(a->db, json_object_get(a->request->body, "result"), "/result", p);
    return rc;
}

static int64_t date_of(const json_t *body, const char *key)
{
    int64_t day = 0;
    const char *text = json_string_value(json_object_get(body, key));
    return text && date_parse(text, &day) == 0 ? day : 0; /* a wrong one is refused by the check of the body */
}

/* A deadline gives the applicant at least today. */
static int check_deadline(const struct act *a, struct problem *p)
{
    int64_t day = date_of(a->request->body, "deadline");
    if (day && day < timestamp_day(a->now))
        return problem_set(p, PROBLEM_FIELD, "/deadline", "the deadline lies in the past");
    return 0;
}

/* What would be right about a material stands in the item; the officer says it only where the item does not. */
static int fill_standards(json_t *list, const json_t *item)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "material"));
        json_t *standard = name ? json_object_get(item_material(item, name), "standard") : NULL;
        if (json_is_string(standard) && !json_object_get(one, "standard") && json_object_set(one, "standard", standard))
            return TB_ENOMEM;
    }
    return 0;
}

static int prepare_notice(struct act *a, struct problem *p)
{
    json_t *item = NULL;
    int rc = check_deadline(a, p);
    if (!rc)
        rc = find_item_of(a, &item);
    if (!rc)
        rc = fill(a->request->body, "consequence", overdue_rules[overdue_rule_of(item)].consequence);
    if (!rc)
        rc = fill_standards(json_object_get(a->request->body, "defects"), item);
    json_decref(item);
    return rc;
}

/* 容缺受理: only what the item lists as deferrable may be missing, and the deadline is told with its consequence. */
static int prepare_tolerate(struct act *a, struct problem *p)
{
    json_t *item = NULL, *gap;
    int rc = prepare_accept(a, p);
    if (!rc)
        rc = check_deadline(a, p);
    if (!rc)
        rc = find_item_of(a, &item);
    size_t i;
    json_array_foreach(json_object_get(a->request->body, "gaps"), i, gap) {
        char field[64];
        const char *name = json_string_value(json_object_get(gap, "material"));
        if (rc || !name)
            continue;
        (void)snprintf(field, sizeof field, "/gaps/%zu/material", i);
        if (!material_is_deferrable(item, name))
            rc = problem_set(p, PROBLEM_FIELD, field, "the item does not list this material as one that may come later");
    }
    if (!rc)
        rc = fill_standards(json_object_get(a->request->body, "gaps"), item);
    json_decref(item);
    if (!rc && a->office->papers.numbering)
        rc = document_promise(a->db, a->office, &a->row, a->now, a->request->body);
    return rc ? rc : fill(a->request->body, "consequence", case_tolerance_consequence);
}

/* The applicant has until the deadline: before it is over nothing is revoked. */
static int prepare_revoke(struct act *a, struct problem *p)
{
    struct clock_facts facts;
    int rc = case_facts(a->db, a->office, &a->row, NULL, true, &facts);
    if (!rc && timestamp_day(a->now) <= facts.tolerance_deadline) {
        char date[DATE_TEXT];
        date_format(facts.tolerance_deadline, date);
        rc = problem_set(p, PROBLEM_TRANSITION, "", "the applicant has time until %s; only then may the acceptance be revoked", date);
    }
    return rc ? rc : prepare_refuse(a, p);
}

static struct clock_limit limit_in(const json_t *body)
{
    const char *unit = json_string_value(json_object_get(body, "unit"));
    return (struct clock_limit){.any = true,
                                .days = (int)json_integer_value(json_object_get(body, "days")),
                                .calendar_days = unit && !strcmp(unit, "calendar_day")};
}

static int set_date(json_t *body, const char *key, int64_t day)
{
    char date[DATE_TEXT];
    date_format(day, date);
    return json_object_set_new(body, key, json_string(date)) ? TB_ENOMEM : 0;
}

/* 行政许可法 45: the announced end is computed, never typed. */
static int prepare_special(struct act *a, struct problem *p)
{
    json_t *body = a->request->body;
    struct clock_limit limit = limit_in(body);
    struct clock_facts facts;
    int64_t until;
    bool provisional;
    if (limit.days < 1 || limit.days > 1000)
        return problem_set(p, PROBLEM_FIELD, "/days", "say how long it takes: 1 to 1000 days");
    int rc = case_facts(a->db, a->office, &a->row, NULL, true, &facts);
    if (!rc && facts.stop_count == CLOCK_STOPS)
        rc = problem_set(p, PROBLEM_STEP_DONE, "", "a case has at most %d special procedures", (int)CLOCK_STOPS);
    if (!rc)
        rc = clock_advance(a->office->calendar, NULL, timestamp_day(a->now), limit, &until, &provisional);
    return rc ? rc : set_date(body, "until", until);
}

/* 行政许可法 42: once, before the limit is over, no longer than the item allows, approved, and the new day is told. */
static int prepare_extend(struct act *a, struct problem *p)
{
    json_t *body = a->request->body, *item = NULL;
    int most;
    bool calendar_days, any;
    int rc = find_item_of(a, &item);
    if (rc)
        return rc;
    any = extension_of(item, &most, &calendar_days);
    json_decref(item);
    if (!any)
        return problem_set(p, PROBLEM_TRANSITION, "", "this item allows no extension");
    if (!a->row.due_day || a->row.due_clock != CLOCK_DECISION)
        return problem_set(p, PROBLEM_TRANSITION, "", "this item sets no limit that could be extended");
    if (timestamp_day(a->now) > a->row.due_day)
        return problem_set(p, PROBLEM_TRANSITION, "", "the limit is over: it can only be extended before");
    struct clock_limit limit = limit_in(body);
    if (limit.days < 1 || limit.days > most)
        return problem_set(p, PROBLEM_FIELD, "/days", "this item allows 1 to %d days more", most);
    const char *unit = calendar_days ? "calendar_day" : "working_day";
    const char *given = json_string_value(json_object_get(body, "unit"));
    if (given && strcmp(given, unit) != 0)
        return problem_set(p, PROBLEM_FIELD, "/unit", "this item counts its extension in %s", unit);
    struct clock_facts facts;
    struct clock clock;
    enum clock_kind kind;
    rc = fill(body, "unit", unit);
    if (!rc)
        rc = case_facts(a->db, a->office, &a->row, NULL, true, &facts);
    if (rc)
        return rc;
    limit.calendar_days = calendar_days;
    facts.extension = limit;
    rc = clock_current(a->office->calendar, &facts, &clock, &kind);
    return rc ? rc : set_date(body, "due", clock.due_day);
}

/* What is corrected is what the case is found by. */
static int prepare_correct(struct act *a, struct problem *p)
{
    const json_t *applicant = json_object_get(a->request->body, "applicant");
    int rc = case_check_body(ENTRY_CASE_CORRECTED, a->request->body, p);
    if (rc || !applicant)
        return rc;
    char *name = strdup(json_string_value(json_object_get(applicant, "name")));
    char *number = strdup(json_string_value(json_object_get(json_object_get(applicant, "certificate"), "number")));
    if (!name || !number) {
        free(name);
        free(number);
        return TB_ENOMEM;
    }
    free(a->row.applicant);
    free(a->row.number);
    a->row.applicant = name;
    a->row.number = number;
    return 0;
}

static const struct {
    const char *action;
    int (*prepare)(struct act *a, struct problem *p);
} preparations[] = {
    {"forward", prepare_forward}, {"material", prepare_materials}, {"supplement", prepare_materials}, {"accept", prepare_acceptance},
    {"refuse", prepare_refuse},   {"grant", prepare_decision},     {"deny", prepare_decision},         {"notice", prepare_notice},
    {"tolerate", prepare_tolerate}, {"revoke", prepare_revoke},    {"special", prepare_special},       {"extend", prepare_extend},
    {"correct", prepare_correct}, {"cure", prepare_accept},           {"return", prepare_class},         {"abort", prepare_class},
};

int act_prepare(struct act *a, struct problem *p)
{
    if (!json_is_object(a->request->body))
        return 0; /* nothing can be filled in; the check of the body has the words */
    for (size_t i = 0; i < sizeof preparations / sizeof preparations[0]; i++)
        if (!strcmp(preparations[i].action, a->move->action))
            return preparations[i].prepare(a, p);
    return 0;
}
