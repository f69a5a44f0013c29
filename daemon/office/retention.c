#include "daemon/office/retention.h"

#include <stddef.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/store/retention_rows.h"
#include "proto/retention.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { SHOWN = 10, YEAR_DAYS = 365, PAGE_IDS = 4096, RULE_TEXT = 24 };

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

/* The entry says which file was written before. */
static int erase(struct store_db *db, const struct retention_pick *pick, const char *rule, int64_t now, int64_t *lines, int64_t *materials)
{
    const struct retention_case *c = &pick->row;
    struct entry entry = {.type = ENTRY_CASE_ERASED, .at = now};
    int rc = retention_erase(db, c, now, rule, lines, materials);
    if (rc)
        return rc;
    memcpy(entry.case_no, c->case_no, sizeof entry.case_no);
    entry.body = json_pack("{s:s, s:I, s:I}", "retention", rule, "lines", (json_int_t)*lines, "materials", (json_int_t)*materials);
    if (entry.body && pick->archive[0] && json_object_set_new(entry.body, "archive", json_string(pick->archive)))
        rc = TB_ENOMEM;
    rc = rc ? rc : entry.body ? store_append(db, &entry, NULL, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

/* Whether the case is due; 0 days: not.  Without its rule nothing is erased. */
static int days_over(struct store_db *db, const struct retention_case *c, int64_t now, char rule[RULE_TEXT], int64_t *days)
{
    int64_t version;
    bool current;
    json_t *item = NULL;
    *days = 0;
    int rc = item_find(db, c->home, c->item, c->item_version, &version, &current, &item);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    const char *word = strict_json_peek(item, "retention");
    (void)snprintf(rule, RULE_TEXT, "%s", word[0] ? word : "10y");
    unsigned years = retention_years(rule);
    int64_t last = years ? retention_last_day(timestamp_day(c->closed), years) : INT64_MAX;
    if (timestamp_day(now) > last)
        *days = timestamp_day(now) - last;
    json_decref(item);
    return 0;
}

static int one_case(struct store_db *db, struct office_retention *r, const struct retention_pick *pick, int64_t now)
{
    char rule[RULE_TEXT];
    int64_t days, lines = 0, materials = 0, bytes = 0;
    bool erasing = r->act == RETENTION_RUN || (r->act == RETENTION_ERASE && pick->archived);
    int rc = days_over(db, &pick->row, now, rule, &days);
    if (rc || !days)
        return rc;
    if (r->act == RETENTION_PICK) {
        r->picks[r->pick_count++] = *pick;
        return 0;
    }
    rc = retention_material_bytes(db, pick->row.id, &bytes);
    if (!rc && erasing)
        rc = erase(db, pick, rule, now, &lines, &materials);
    if (rc)
        return rc;
    r->cases += erasing;
    r->lines += lines;
    r->files += materials;
    r->kept += r->act == RETENTION_ERASE && !erasing;
    r->left += !erasing;
    r->left_days = !erasing && days > r->left_days ? days : r->left_days;
    return erasing || r->act == RETENTION_PLAN ? note(r, &pick->row, rule, lines, materials, bytes) : 0;
}

/* Three years are the least of any rule: what was closed later is not looked at. */
static int64_t floor_of(int64_t now)
{
    return now - (int64_t)RETENTION_FLOOR_YEARS * YEAR_DAYS * 86400 * 1000;
}

static int look_at_page(struct store_db *db, struct office_retention *r, int64_t now)
{
    struct retention_case rows[RETENTION_PAGE];
    size_t count = 0;
    int64_t span, until = r->after + PAGE_IDS;
    int rc = retention_span(db, &span);
    if (!rc)
        rc = retention_closed(db, r->after, until, floor_of(now), RETENTION_PAGE, rows, &count);
    r->pick_count = 0;
    for (size_t i = 0; i < count && !rc; i++)
        rc = one_case(db, r, &(struct retention_pick){.row = rows[i]}, now);
    r->after = count == RETENTION_PAGE ? rows[count - 1].id : until;
    r->more = r->after < span;
    return rc;
}

/* What was picked may be held by now, or have a message under way: it is asked for again. */
static int erase_picks(struct store_db *db, struct office_retention *r, int64_t now)
{
    int rc = 0;
    for (size_t i = 0; i < r->pick_count && !rc; i++) {
        struct retention_case again;
        size_t count = 0;
        int64_t id = r->picks[i].row.id;
        rc = retention_closed(db, id - 1, id, floor_of(now), 1, &again, &count);
        if (!rc && count)
            rc = one_case(db, r, &r->picks[i], now);
    }
    r->pick_count = 0;
    return rc;
}

/* The pass stands in its row from its first page on; without `ended` it was interrupted. */
static int note_pass(struct store_db *db, struct office_retention *r, int64_t now, bool over)
{
    struct retention_sweep sweep = {.began = r->began, .ended = over ? now : r->last.ended, .cases = r->cases, .kept = r->kept};
    return retention_sweep_put(db, &sweep);
}

static int sweep(struct store_db *db, struct office_retention *r)
{
    int64_t now = store_now(db), before = r->cases;
    bool first = !r->began, writes = r->act != RETENTION_PLAN;
    int rc = first ? retention_sweep_get(db, &r->last) : 0;
    if (first)
        r->began = now;
    if (!rc && first && writes)
        rc = note_pass(db, r, now, false);
    if (!rc && writes)
        rc = retention_unlink(db, r->materials); /* of the page before, which is committed */
    if (!rc)
        rc = r->act == RETENTION_ERASE ? erase_picks(db, r, now) : look_at_page(db, r, now);
    r->more = r->more || r->cases > before; /* once more, to unlink their files */
    if (!rc && writes && !r->more && !r->pick_count)
        rc = note_pass(db, r, now, true);
    return rc;
}

static int carry_out(struct store_db *db, struct office_retention *r)
{
    r->problem = (struct problem){.id = PROBLEM_COUNT, .number = -1};
    int rc = !r->rules ? TB_ENOMEM : r->act < RETENTION_HOLD ? sweep(db, r) : retention_hold_act(db, r);
    if (rc)
        office_problem(&r->problem, rc);
    return rc;
}

static int run(struct store_db *db, struct store_command *command)
{
    return carry_out(db, (struct office_retention *)command);
}

static int look(struct store_db *db, struct store_query *query)
{
    return carry_out(db, (struct office_retention *)((char *)query - offsetof(struct office_retention, query)));
}

void office_retention_init(struct office_retention *r, const struct office *office, enum retention_act act)
{
    *r = (struct office_retention){.command = {.run = run}, .query = {.run = look}, .office = office, .act = act, .rules = json_object(),
                                   .problem = {.id = PROBLEM_COUNT, .number = -1}};
}

void office_retention_clear(struct office_retention *r)
{
    json_decref(r->rules);
    r->rules = NULL;
}
