/* The course of a joint case: legs open when those before them are granted, and the last one that is settled closes it.  Everything happens
 * in the transaction that learned of the decision, so a kill in the middle leaves either all of it or nothing. */
#include "daemon/office/joint_internal.h"

#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

int joint_work_load(struct joint_work *w, int64_t joint_id)
{
    struct buf line;
    struct entry entry = {0};
    buf_init(&line, LIMIT_ENTRY_BYTES);
    int rc = joint_get_by_id(w->db, joint_id, &w->row);
    if (!rc)
        rc = joint_leg_list(w->db, joint_id, w->legs, &w->count);
    if (!rc)
        rc = store_entry_line(w->db, (uint64_t)w->row.entry, &line);
    if (!rc)
        rc = entry_decode(line.data, line.len, &entry, NULL);
    if (!rc)
        w->opened = json_incref(entry.body);
    if (!rc && json_array_size(json_object_get(w->opened, "legs")) != w->count)
        rc = TB_ECORRUPT;
    entry_clear(&entry);
    buf_free(&line);
    if (rc)
        joint_work_clear(w);
    return rc == TB_EMALFORMED || rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
}

void joint_work_clear(struct joint_work *w)
{
    joint_row_clear(&w->row);
    json_decref(w->opened);
    w->opened = NULL;
}

void joint_work_legs(const struct joint_work *w, struct joint_leg out[LIMIT_JOINT_LEGS])
{
    for (size_t i = 0; i < w->count; i++)
        out[i] = w->legs[i].leg;
}

int joint_work_append(struct joint_work *w, enum entry_type type, json_t *body, uint64_t *index)
{
    struct entry entry = {.type = type, .at = w->now, .body = body};
    if (!body)
        return TB_ENOMEM;
    memcpy(entry.case_no, w->row.joint_no, CASE_NO_TEXT);
    if (w->staff) {
        memcpy(entry.staff, w->staff->id, sizeof entry.staff);
        memcpy(entry.role, w->staff->role, sizeof entry.role);
    }
    return store_append(w->db, &entry, index, NULL);
}

static const json_t *leg_of(const struct joint_work *w, size_t n)
{
    return json_array_get(json_object_get(w->opened, "legs"), n);
}

/* ---- the application of one leg ---- */

static bool wants(const json_t *leg, const json_t *material)
{
    const json_t *names = json_object_get(leg, "materials");
    if (!names)
        return true; /* the template leaves it to the whole */
    for (size_t i = 0; i < json_array_size(names); i++)
        if (json_equal(json_array_get(names, i), json_object_get(material, "name")))
            return true;
    return false;
}

/* The result of an earlier leg, as a material; it may still be on its way here, its digest, size and type are in the decision. */
static int pass_result(struct joint_work *w, size_t from, json_t *materials)
{
    struct case_row row;
    json_t *content = NULL;
    if (!w->legs[from].case_id)
        return 0;
    int rc = case_get_by_id(w->db, w->legs[from].case_id, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
    rc = case_fold(w->db, w->office, &row, &content);
    case_row_clear(&row);
    const json_t *result = json_object_get(json_object_get(content, "decision"), "result");
    if (!rc && json_is_object(result)) {
        static const char *const kept[] = {"name", "sha256", "type", "size"};
        const char *number = json_string_value(json_object_get(result, "number"));
        json_t *material = json_pack("{s:s}", "form", "electronic");
        for (size_t i = 0; material && i < sizeof kept / sizeof kept[0]; i++)
            if (json_object_get(result, kept[i]))
                (void)json_object_set(material, kept[i], json_object_get(result, kept[i]));
        if (material && number)
            (void)json_object_set_new(material, "remark", json_sprintf("文号 %s", number));
        rc = material && !json_array_append_new(materials, material) ? 0 : TB_ENOMEM;
    }
    json_decref(content);
    return rc;
}

static int leg_materials(struct joint_work *w, const json_t *leg, json_t *body)
{
    json_t *list = json_array(), *material, *name;
    size_t i;
    int rc = list && !json_object_set_new(body, "materials", list) ? 0 : TB_ENOMEM;
    json_array_foreach(json_object_get(json_object_get(w->opened, "application"), "materials"), i, material)
        if (!rc && wants(leg, material) && json_array_append(list, material))
            rc = TB_ENOMEM;
    json_array_foreach(json_object_get(leg, "passes"), i, name)
        for (size_t k = 0; k < w->count && !rc; k++)
            if (json_equal(json_object_get(leg_of(w, k), "name"), name))
                rc = pass_result(w, k, list);
    if (!rc && !json_array_size(list))
        (void)json_object_del(body, "materials");
    return rc;
}

/* 浙江省保障“最多跑一次”改革规定 5: after a unified intake all agencies are deemed to have received at once; one that follows another has
 * received when the earlier one reports that it is done. */
static json_t *handed_in(const struct joint_work *w, size_t n)
{
    char text[TIMESTAMP_TEXT];
    if (!w->legs[n].leg.after)
        return json_incref(json_object_get(json_object_get(w->opened, "application"), "handed_in_at"));
    timestamp_format(w->now, text);
    return json_string(text);
}

static int leg_body(struct joint_work *w, size_t n, json_t **out)
{
    static const char *const shared[] = {"applicant", "agent", "comparison", "delivery", "form", "remark", "late"};
    const json_t *leg = leg_of(w, n), *application = json_object_get(w->opened, "application"), *limit = json_object_get(leg, "limit");
    json_t *body = json_pack("{s:{s:O, s:O}, s:o, s:{s:s, s:s, s:O, s:I, s:I}}", "item", "office", json_object_get(leg, "office"), "code",
                             json_object_get(leg, "item"), "handed_in_at", handed_in(w, n), "joint", "id", w->row.joint_no, "title",
                             w->row.title, "leg", json_object_get(leg, "name"), "n", (json_int_t)n + 1, "of", (json_int_t)w->count);
    if (!body)
        return TB_ENOMEM;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (json_object_get(application, shared[i]))
            (void)json_object_set(body, shared[i], json_object_get(application, shared[i]));
    if (json_is_object(limit))
        (void)json_object_set(json_object_get(body, "joint"), "limit", (json_t *)(uintptr_t)limit);
    int rc = leg_materials(w, leg, body);
    if (rc)
        json_decref(body);
    else
        *out = body;
    return rc;
}

/* ---- opening ---- */

static int set_limit(struct joint_work *w, size_t n)
{
    const json_t *limit = json_object_get(leg_of(w, n), "limit");
    const char *unit = json_string_value(json_object_get(limit, "unit"));
    int64_t days = json_integer_value(json_object_get(limit, "days")), from = timestamp_day(w->now);
    struct joint_leg_row *leg = &w->legs[n];
    if (!unit || days < 1)
        return 0;
    if (strcmp(unit, "working_day")) {
        leg->due_day = from + days;
        return 0;
    }
    return calendar_add(w->office->calendar, from, (unsigned)days, &leg->due_day, &leg->due_provisional);
}

static int mark_open(struct joint_work *w, size_t n, int64_t case_id)
{
    struct joint_leg_row *leg = &w->legs[n];
    leg->leg.state = LEG_OPEN;
    leg->case_id = case_id;
    leg->opened = w->now;
    return set_limit(w, n);
}

/* A refusal of the rules, as against a failure of the store or of memory. */
static bool is_refusal(int rc)
{
    return rc == TB_EREFUSED || rc == TB_EDENIED || rc == TB_EMALFORMED || rc == TB_ENOTFOUND || rc == TB_ELIMIT;
}

static int open_leg(struct joint_work *w, size_t n, bool strict, struct problem *p)
{
    struct joint_leg_row *leg = &w->legs[n];
    struct problem why = {.id = PROBLEM_COUNT, .number = -1};
    struct case_row row;
    json_t *body = NULL;
    int rc = leg_body(w, n, &body);
    if (rc)
        return rc;
    rc = case_intake(w->db, w->office, w->staff, body, &row, &why);
    json_decref(body);
    if (!rc) {
        rc = mark_open(w, n, row.id);
        case_row_clear(&row);
    } else if (is_refusal(rc) && why.id < PROBLEM_COUNT) {
        if (strict)
            return problem_set(p, why.id, why.field, "leg %s: %s", json_string_value(json_object_get(leg_of(w, n), "name")), why.detail);
        leg->leg.state = LEG_REFUSED;
        (void)snprintf(leg->reason, sizeof leg->reason, "%s", why.detail);
        rc = 0;
    }
    return rc ? rc : joint_leg_put(w->db, w->row.id, n, leg);
}

int joint_leg_again(struct store_db *db, const struct office *office, const struct case_row *row, const struct entry *entry)
{
    const json_t *claim = json_object_get(entry->body, "joint");
    struct joint_work w = {.db = db, .office = office, .now = entry->at};
    struct joint_row joint;
    int64_t n = json_integer_value(json_object_get(claim, "n"));
    if (!claim)
        return 0;
    int rc = joint_get(db, strict_json_peek(claim, "id"), &joint);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc; /* opened after the copy as well: what the leg was is a case of its own now */
    int64_t joint_id = joint.id;
    joint_row_clear(&joint);
    rc = joint_work_load(&w, joint_id);
    if (rc)
        return rc;
    if (n >= 1 && (uint64_t)n <= w.count && w.legs[n - 1].leg.state == LEG_WAITING) {
        rc = mark_open(&w, (size_t)n - 1, row->id);
        if (!rc)
            rc = joint_leg_put(db, joint_id, (size_t)n - 1, &w.legs[n - 1]);
    }
    joint_work_clear(&w);
    return rc;
}

static int stop_legs(struct joint_work *w, uint32_t which, const char *reason)
{
    int rc = 0;
    for (size_t n = 0; n < w->count && !rc; n++) {
        if (!(which >> n & 1) || w->legs[n].leg.state != LEG_WAITING)
            continue;
        w->legs[n].leg.state = LEG_STOPPED;
        (void)snprintf(w->legs[n].reason, sizeof w->legs[n].reason, "%s", reason);
        rc = joint_leg_put(w->db, w->row.id, n, &w->legs[n]);
    }
    return rc;
}

/* ---- closing ---- */

static json_t *closed_body(struct joint_work *w)
{
    json_t *legs = json_array();
    for (size_t n = 0; legs && n < w->count; n++) {
        struct case_row row;
        json_t *leg = json_pack("{s:O, s:s}", "name", json_object_get(leg_of(w, n), "name"), "state",
                                joint_leg_states[w->legs[n].leg.state].name);
        if (leg && w->legs[n].case_id && !case_get_by_id(w->db, w->legs[n].case_id, &row)) {
            (void)json_object_set_new(leg, "case", json_string(row.case_no));
            case_row_clear(&row);
        }
        if (leg && w->legs[n].reason[0])
            (void)json_object_set_new(leg, "reason", json_string(w->legs[n].reason));
        (void)json_array_append_new(legs, leg);
    }
    return json_pack("{s:s, s:s, s:o}", "state", joint_states[w->row.state].name, "rule", joint_rules[w->row.rule].name, "legs", legs);
}

static int close_when_done(struct joint_work *w)
{
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    joint_work_legs(w, legs);
    enum joint_state state = joint_fold(w->row.rule, legs, w->count, w->row.withdrawn > 0, NULL);
    if (state == JOINT_RUNNING || w->row.state != JOINT_RUNNING)
        return 0;
    w->row.state = state;
    w->row.closed = w->now;
    json_t *body = closed_body(w);
    uint64_t index = 0;
    int rc = joint_work_append(w, ENTRY_JOINT_CLOSED, body, &index);
    w->row.ended = (int64_t)index;
    json_decref(body);
    return rc ? rc : joint_update(w->db, &w->row);
}

int joint_advance(struct joint_work *w, bool strict, struct problem *p)
{
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    int rc = w->row.withdrawn ? stop_legs(w, UINT32_MAX, "the joint case was withdrawn") : 0;
    for (;;) {
        joint_work_legs(w, legs);
        if (!rc)
            rc = stop_legs(w, joint_lost(legs, w->count), "a leg before it was not granted");
        uint32_t ready = joint_ready(legs, w->count);
        if (rc || w->row.withdrawn || !ready)
            break;
        /* one that could not be opened may take others with it: look again */
        for (size_t n = 0; n < w->count && !rc; n++)
            if (ready >> n & 1)
                rc = open_leg(w, n, strict, p);
    }
    return rc ? rc : close_when_done(w);
}
