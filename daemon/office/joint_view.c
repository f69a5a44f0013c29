/* Joint cases as documents: where the whole stands, and each leg with the state and the clock of its case. */
#include "daemon/office/joint_internal.h"

#include <string.h>

#include "proto/text.h"
#include "proto/timestamp.h"

static int put(json_t *object, const char *key, json_t *value)
{
    return value && !json_object_set_new(object, key, value) ? 0 : TB_ENOMEM;
}

/* Until its case is opened a leg shows the version of the day of the application; the case pins the one that it is decided by. */
static int pin_item(const struct joint_work *w, const struct case_row *row, json_t *item)
{
    int64_t version;
    bool current;
    json_t *stored = NULL;
    int rc = item_find(w->db, row->home, row->item, row->item_version, &version, &current, &stored);
    json_t *name = json_object_get(stored, "name");
    if (json_object_set_new(item, "version", json_integer((json_int_t)row->item_version)) || (name && json_object_set(item, "name", name)))
        rc = rc ? rc : TB_ENOMEM;
    json_decref(stored);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* What the case of a leg says of itself; members that a case summary gets later come along. */
static int add_case(const struct joint_work *w, const struct joint_leg_row *leg, json_t *out)
{
    static const char *const taken[][2] = {{"case", "case"},   {"state", "case_state"},     {"state_text", "case_state_text"},
                                           {"due", "due"},     {"pending", "case_pending"}, {"turn", "turn"},
                                           {"light", "light"}, {"actions", "actions"}};
    struct case_row row;
    json_t *summary = NULL;
    if (!leg->case_id)
        return 0;
    int rc = case_get_by_id(w->db, leg->case_id, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
    rc = case_summary(w->db, w->office, w->staff, &row, &summary);
    if (!rc)
        rc = pin_item(w, &row, json_object_get(out, "item"));
    case_row_clear(&row);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0] && !rc; i++)
        if (json_object_get(summary, taken[i][0]) && json_object_set(out, taken[i][1], json_object_get(summary, taken[i][0])))
            rc = TB_ENOMEM;
    json_decref(summary);
    return rc;
}

/* The names of the legs that a waiting leg waits for. */
static json_t *waits_for(const struct joint_work *w, size_t n)
{
    json_t *names = json_array();
    const json_t *legs = json_object_get(w->opened, "legs");
    for (size_t k = 0; names && k < w->count && w->legs[n].leg.state == LEG_WAITING; k++)
        if (w->legs[n].leg.after >> k & 1 && w->legs[k].leg.state != LEG_GRANTED)
            (void)json_array_append(names, json_object_get(json_array_get(legs, k), "name"));
    return names;
}

static int leg_json(const struct joint_work *w, size_t n, json_t **out)
{
    const struct joint_leg_row *row = &w->legs[n];
    const json_t *leg = json_array_get(json_object_get(w->opened, "legs"), n), *after = json_object_get(leg, "after");
    const struct joint_word *word = &joint_leg_states[row->leg.state];
    char date[DATE_TEXT];
    json_t *doc = json_pack("{s:I, s:O, s:O, s:{s:O, s:O, s:O, s:O}, s:b, s:o}", "n", (json_int_t)n + 1, "name",
                            json_object_get(leg, "name"), "office", json_object_get(leg, "office"), "item", "office",
                            json_object_get(leg, "office"), "code", json_object_get(leg, "item"), "version",
                            json_object_get(leg, "version"), "name", json_object_get(leg, "title"), "required", (int)row->leg.required,
                            "after", after ? json_incref((json_t *)(uintptr_t)after) : json_array());
    json_t *now = json_pack("{s:s, s:s, s:n, s:o, s:o}", "state", word->name, "state_text", word->zh, "case", "opened_at",
                            office_time_json(row->opened), "waits_for", waits_for(w, n));
    if (doc && (!now || json_object_update(doc, now))) {
        json_decref(doc);
        doc = NULL;
    }
    json_decref(now);
    int rc = doc ? add_case(w, row, doc) : TB_ENOMEM;
    if (!rc && json_is_object(json_object_get(leg, "limit")))
        rc = json_object_set(doc, "limit", json_object_get(leg, "limit")) ? TB_ENOMEM : 0;
    if (!rc && row->due_day) {
        bool late = row->leg.state == LEG_OPEN && row->due_day < timestamp_day(store_now(w->db));
        date_format(row->due_day, date);
        rc = put(doc, "limit_due", json_pack("{s:s, s:b, s:b}", "date", date, "provisional", row->due_provisional, "overdue", late));
    }
    if (!rc && row->reason[0])
        rc = put(doc, "reason", json_string(row->reason));
    if (rc)
        json_decref(doc);
    else
        *out = doc;
    return rc;
}

/* The members that the list and the whole document share. */
static json_t *head_json(const struct office *office, const struct joint_row *row, const struct joint_leg *legs, size_t count)
{
    enum joint_state outlook = row->state;
    size_t granted = 0, settled = 0;
    for (size_t n = 0; n < count; n++) {
        granted += legs[n].state == LEG_GRANTED;
        settled += joint_leg_states[legs[n].state].settled;
    }
    (void)joint_fold(row->rule, legs, count, row->withdrawn > 0, &outlook);
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:I, s:s}, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:{s:I, s:I, s:I}}", "joint", row->joint_no,
                     "title", row->title, "item", "office", office->code, "code", row->item, "version", (json_int_t)row->item_version,
                     "name", row->title, "rule", joint_rules[row->rule].name, "state", joint_states[row->state].name, "state_text",
                     joint_states[row->state].zh, "outlook", joint_states[outlook].name, "withdrawn", row->withdrawn > 0, "opened_at",
                     office_time_json(row->opened), "closed_at", office_time_json(row->closed), "progress", "granted", (json_int_t)granted,
                     "settled", (json_int_t)settled, "of", (json_int_t)count);
}

static int document(struct joint_work *w, json_t **out)
{
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    joint_work_legs(w, legs);
    json_t *doc = head_json(w->office, &w->row, legs, w->count), *list = json_array();
    int rc = doc && list && !json_object_set(doc, "legs", list) ? 0 : TB_ENOMEM;
    for (size_t n = 0; n < w->count && !rc; n++) {
        json_t *leg = NULL;
        rc = leg_json(w, n, &leg);
        if (!rc && json_array_append_new(list, leg))
            rc = TB_ENOMEM;
    }
    json_decref(list);
    if (rc)
        json_decref(doc);
    else
        *out = doc;
    return rc;
}

int joint_document(struct store_db *db, const struct office *office, int64_t joint_id, json_t **out)
{
    struct joint_work w = {.db = db, .office = office};
    int rc = joint_work_load(&w, joint_id);
    if (!rc)
        rc = document(&w, out);
    joint_work_clear(&w);
    return rc;
}

static int add_masked(json_t *doc, const struct joint_row *row)
{
    struct buf name, number;
    buf_init(&name, LIMIT_NAME_BYTES * 2);
    buf_init(&number, LIMIT_NAME_BYTES);
    int rc = text_mask_name(row->applicant, &name);
    if (!rc)
        rc = text_mask_number(row->number, &number);
    if (!rc)
        rc = put(doc, "applicant", json_pack("{s:s, s:s}", "name", name.len ? name.data : "", "number", number.len ? number.data : ""));
    buf_free(&name);
    buf_free(&number);
    return rc;
}

int ask_joint(struct store_db *db, struct office_question *q)
{
    struct joint_row row;
    struct joint_work w = {.db = db, .office = q->office, .staff = q->staff};
    int rc = joint_get(db, q->case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND
                   ? problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL, "joint case %s is not known at this office", q->case_no)
                   : rc;
    rc = joint_work_load(&w, row.id);
    if (!rc)
        rc = document(&w, &q->answer);
    if (!rc)
        rc = add_masked(q->answer, &row);
    joint_work_clear(&w);
    joint_row_clear(&row);
    return rc;
}

int ask_joints(struct store_db *db, struct office_question *q)
{
    struct joint_row *rows = NULL;
    struct joint_leg_row legs[LIMIT_JOINT_LEGS];
    struct joint_leg states[LIMIT_JOINT_LEGS];
    size_t count = 0;
    int64_t next = 0;
    char cursor[24];
    int rc = joint_list(db, q->text[0] ? q->text : NULL, q->open_only, q->cursor, q->limit, &rows, &count, &next);
    json_t *list = json_array();
    for (size_t i = 0; i < count && !rc; i++) {
        size_t n = 0;
        rc = list ? joint_leg_list(db, rows[i].id, legs, &n) : TB_ENOMEM;
        for (size_t k = 0; k < n; k++)
            states[k] = legs[k].leg;
        json_t *row = rc ? NULL : head_json(q->office, &rows[i], states, n);
        if (!rc)
            rc = row ? add_masked(row, &rows[i]) : TB_ENOMEM;
        if (!rc ? json_array_append_new(list, row) : (json_decref(row), 0))
            rc = TB_ENOMEM;
    }
    joint_rows_free(rows, count);
    (void)snprintf(cursor, sizeof cursor, "%lld", (long long)next);
    if (!rc)
        q->answer = json_pack("{s:O, s:s?}", "rows", list, "next", next ? cursor : NULL);
    json_decref(list);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}
