#include "daemon/office/retention.h"

#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/store/retention_rows.h"
#include "proto/retention.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { PAGE = 20, SHOWN = 10, YEAR_DAYS = 365 };

static void add(json_t *row, const char *key, int64_t value)
{
    (void)json_object_set_new(row, key, json_integer(json_integer_value(json_object_get(row, key)) + value));
}

static int note(struct office_retention *r, const struct retention_case *c, const char *rule, int64_t lines, int64_t materials,
                int64_t bytes)
{
    char key[96];
    (void)snprintf(key, sizeof key, "%s %s", c->item, rule);
    json_t *row = json_object_get(r->rules, key);
    if (!row) {
        row = json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:[]}", "item", c->item, "retention", rule, "cases", 0, "lines", 0, "materials", 0,
                        "bytes", 0, "first");
        if (!row || json_object_set_new(r->rules, key, row))
            return TB_ENOMEM;
    }
    add(row, "cases", 1);
    add(row, "lines", lines);
    add(row, "materials", materials);
    add(row, "bytes", bytes);
    json_t *first = json_object_get(row, "first");
    return json_array_size(first) < SHOWN && json_array_append_new(first, json_string(c->case_no)) ? TB_ENOMEM : 0;
}

static int erase(struct store_db *db, const struct retention_case *c, const char *rule, int64_t now, int64_t *lines, int64_t *materials)
{
    struct entry entry = {.type = ENTRY_CASE_ERASED, .at = now};
    int rc = retention_erase(db, c, now, rule, lines, materials);
    if (rc)
        return rc;
    memcpy(entry.case_no, c->case_no, sizeof entry.case_no);
    entry.body = json_pack("{s:s, s:I, s:I}", "retention", rule, "lines", (json_int_t)*lines, "materials", (json_int_t)*materials);
    rc = entry.body ? store_append(db, &entry, NULL, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

static int one_case(struct store_db *db, struct office_retention *r, const struct retention_case *c, int64_t now)
{
    int64_t version, lines = 0, materials = 0, bytes = 0;
    bool current;
    json_t *item = NULL;
    int rc = item_find(db, c->home, c->item, c->item_version, &version, &current, &item);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc; /* without its rule nothing is erased */
    const char *rule = strict_json_peek(item, "retention");
    rule = rule[0] ? rule : "10y";
    unsigned years = retention_years(rule);
    bool due = years && timestamp_day(now) > retention_last_day(timestamp_day(c->closed), years);
    if (due)
        rc = retention_material_bytes(db, c->id, &bytes);
    if (due && !rc && r->act == RETENTION_RUN)
        rc = erase(db, c, rule, now, &lines, &materials);
    if (due && !rc)
        rc = note(r, c, rule, lines, materials, bytes);
    json_decref(item);
    return rc;
}

static int sweep(struct store_db *db, struct office_retention *r)
{
    struct retention_case rows[PAGE];
    size_t count = 0;
    int64_t now = store_now(db), floor = now - (int64_t)RETENTION_FLOOR_YEARS * YEAR_DAYS * 86400 * 1000;
    int rc = r->act == RETENTION_RUN ? retention_unlink(db, r->materials) : 0; /* of the page before, which is committed */
    if (!rc)
        rc = retention_closed(db, r->after, floor, PAGE, rows, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = one_case(db, r, &rows[i], now);
        r->after = rows[i].id;
    }
    r->more = count > 0;
    return rc;
}

static int hold(struct store_db *db, struct office_retention *r)
{
    struct case_row row;
    int changes = 1;
    int rc = case_get(db, r->case_no, &row);
    if (rc)
        return rc != TB_ENOTFOUND ? rc
                                  : problem_set(&r->problem, PROBLEM_NOT_FOUND, "/case", "case %s is not known at this office", r->case_no);
    rc = r->act == RETENTION_HOLD ? retention_hold_put(db, row.id, store_now(db), r->uid, r->reason)
                                  : retention_hold_drop(db, row.id, &changes);
    case_row_clear(&row);
    return rc || changes ? rc : problem_set(&r->problem, PROBLEM_STEP_DONE, "/case", "case %s is not held", r->case_no);
}

static int run(struct store_db *db, struct store_command *command)
{
    struct office_retention *r = (struct office_retention *)command;
    r->problem = (struct problem){.id = PROBLEM_COUNT, .number = -1};
    int rc = !r->rules ? TB_ENOMEM : r->act <= RETENTION_RUN ? sweep(db, r) : hold(db, r);
    if (rc)
        office_problem(&r->problem, rc);
    return rc;
}

void office_retention_init(struct office_retention *r, const struct office *office, enum retention_act act)
{
    *r = (struct office_retention){.command = {.run = run}, .office = office, .act = act, .rules = json_object(),
                                   .problem = {.id = PROBLEM_COUNT, .number = -1}};
}

void office_retention_clear(struct office_retention *r)
{
    json_decref(r->rules);
    r->rules = NULL;
}
