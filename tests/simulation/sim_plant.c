/* Faults that are planted behind an office's back, to see that the checks find them (a test of the test).  Each is done to both offices
 * alike or travels to the other one, so that comparing the two is not enough. */
#include "tests/simulation/sim.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/office/register.h"
#include "proto/clock.h"
#include "proto/strict_json.h"

/* What a planted command works on. */
struct planting {
    struct store_command command; /* first member */
    struct sim_node *node;
    struct case_row row;
};

static int plant_row(struct store_db *db, struct store_command *command)
{
    (void)command;
    for (int kind = 0; kind < REGISTER_KINDS; kind++) {
        struct object_filter filter = {.kind = kind, .limit = 1};
        struct object_row *rows = NULL;
        size_t count = 0;
        int64_t next;
        int rc = object_list(db, &filter, &rows, &count, &next);
        if (!rc && count) {
            rows[0].state = rows[0].local_state = rows[0].state == 1 ? 2 : 1;
            rc = object_update(db, &rows[0]);
        }
        object_rows_free(rows, count);
        if (rc || count)
            return rc;
    }
    return 0;
}

void sim_plant_row(struct sim *sim)
{
    struct store_command command = {.run = plant_row};
    (void)sim_commit(&sim->node[0], &command);
}

/* ---- a clock that is off by one day ---- */

/* Most seeds have had a fitting case by then; for the others a less fitting one will do. */
static bool is_late(const struct sim *sim)
{
    return sim->now > INT64_C(1795393800000) + INT64_C(60) * 24 * 3600 * 1000;
}

static bool clock_suits(const struct sim *sim, const struct case_row *row)
{
    bool shifted = row->shifted && row->due_clock == CLOCK_DECISION, asked = row->state == CASE_SUPPLEMENT_ASKED;
    return is_late(sim) ? shifted || asked : sim->seed % 2 ? shifted : asked;
}

static int plant_clock(struct store_db *db, struct store_command *command)
{
    struct planting *p = (struct planting *)command;
    struct case_row row;
    int rc = case_get(db, p->row.case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc; /* a local case of the other office */
    row.due_day++;
    rc = case_update(db, &row);
    case_row_clear(&row);
    return rc;
}

/* ---- a second notice (行政许可法 32(4)) ---- */

static bool notice_suits(const struct sim *sim, const struct case_row *row)
{
    return row->noticed || (is_late(sim) && row->rev > 0);
}

static const char notice_body[] = "{\"defects\":[{\"material\":\"照片\",\"defect\":\"缺\",\"standard\":\"有\",\"cure\":\"交\"}],"
                                  "\"deadline\":\"2027-12-31\",\"consequence\":\"依法处理\"}";

/* As the home side; `rev` is one more than the last when all is well. */
static int give_notice(struct store_db *db, const struct planting *p, struct case_row *row, int64_t rev)
{
    const struct office *office = p->node->office;
    struct entry entry = {.type = ENTRY_CASE_NOTICE, .at = store_now(db), .rev = rev};
    memcpy(entry.staff, office->staff[1].id, sizeof entry.staff);
    memcpy(entry.role, office->staff[1].role, sizeof entry.role);
    int rc = strict_json_parse(notice_body, sizeof notice_body - 1, &entry.body, NULL);
    if (!rc)
        rc = case_append(db, office, row, &entry, NULL);
    if (!rc) {
        case_mark(row, entry.type);
        case_confirm(office, row, CASE_SUPPLEMENT_ASKED, entry.rev, TIME_NONE, entry.at);
        rc = case_set_due(db, office, row, NULL);
    }
    entry_clear(&entry);
    return rc;
}

static int plant_notice(struct store_db *db, struct store_command *command)
{
    struct planting *p = (struct planting *)command;
    struct case_row row;
    int rc = case_get(db, p->row.case_no, &row);
    if (rc)
        return rc;
    for (bool second = row.noticed != 0, again = true; again && !rc; second = true) {
        again = !second;
        rc = give_notice(db, p, &row, row.rev + 1);
    }
    if (!rc)
        rc = case_update(db, &row);
    case_row_clear(&row);
    return rc;
}

/* ---- a revision that was given before, and one left out (decision 1) ---- */

static bool revision_suits(const struct sim *sim, const struct case_row *row)
{
    (void)sim;
    return row->state == CASE_RECEIVED && strcmp(row->home, row->intake) != 0;
}

static int plant_revision(struct store_db *db, struct store_command *command)
{
    struct planting *p = (struct planting *)command;
    struct case_row row;
    int rc = case_get(db, p->row.case_no, &row);
    if (rc)
        return rc;
    rc = give_notice(db, p, &row, p->node->sim->plant == SIM_PLANT_GAP ? row.rev + 2 : row.rev);
    if (!rc)
        rc = case_update(db, &row);
    case_row_clear(&row);
    return rc;
}

/* ---- a step that nobody authorised (行政许可法 24) ---- */

static bool grant_suits(const struct sim *sim, const struct case_row *row)
{
    (void)sim;
    return row->rev > 0 && strcmp(row->home, row->intake) != 0;
}

/* The right under which the application was taken in, without that step. */
static int plant_grant(struct store_db *db, struct store_command *command)
{
    struct planting *p = (struct planting *)command;
    struct event_row *events = NULL;
    struct case_fact fact;
    struct authorisation_row right;
    size_t count = 0;
    int rc = event_list(db, p->row.id, &events, &count);
    if (!rc && count)
        rc = case_fact_read(db, p->node->office, &events[0], &fact);
    free(events);
    if (rc || !count)
        return rc;
    rc = authorisation_get(db, fact.entry.authorisation, &right);
    case_fact_clear(&fact);
    if (rc)
        return rc;
    for (char *step = right.steps; *step; step++)
        if (*step == STEP_INTAKE)
            *step = STEP_DELIVERY;
    rc = authorisation_put(db, &right);
    authorisation_row_clear(&right);
    return rc;
}

/* ---- originals that are handed back and were never kept ---- */

static int plant_originals(struct store_db *db, struct store_command *command)
{
    struct planting *p = (struct planting *)command;
    struct deed d = {.db = db, .office = p->node->office, .kind = &register_kinds[REGISTER_TRANSFER], .now = store_now(db)};
    struct problem problem = {.number = -1};
    d.act = register_act_by_name(d.kind, "hand-back");
    json_t *data = json_pack("{s:[{s:s, s:i}], s:s, s:s, s:s}", "documents", "name", "护照", "originals", 2, "recipient", "张三",
                             "received_at", "2026-11-23T10:00:00+08:00", "server", "顾");
    int rc = data && d.act ? case_get(db, p->row.case_no, &d.about) : TB_ENOMEM;
    if (!rc) {
        d.object.case_id = d.about.id;
        memcpy(d.object.case_no, d.about.case_no, CASE_NO_TEXT);
        memcpy(d.object.owner, d.office->code, OFFICE_TEXT);
        memcpy(d.object.other, d.office->peers[0].code, OFFICE_TEXT);
        rc = deed_write(&d, data, &problem);
    }
    json_decref(data);
    deed_clear(&d);
    return rc;
}

/* ---- when there is a case for it ---- */

static const struct {
    enum sim_plant plant;
    bool (*suits)(const struct sim *sim, const struct case_row *row);
    int (*run)(struct store_db *db, struct store_command *command);
    bool both; /* offices; else only the home side, and the messages tell the other one */
} plants[] = {
    {SIM_PLANT_CLOCK, clock_suits, plant_clock, true},
    {SIM_PLANT_NOTICE, notice_suits, plant_notice, false},
    {SIM_PLANT_GRANT, grant_suits, plant_grant, false},
    {SIM_PLANT_ORIGINALS, grant_suits, plant_originals, false},
    {SIM_PLANT_REPEAT, revision_suits, plant_revision, false},
    {SIM_PLANT_GAP, revision_suits, plant_revision, false},
};

static bool find_case(struct sim_node *node, bool (*suits)(const struct sim *, const struct case_row *), struct case_row *out)
{
    struct case_filter filter = {.state = -1, .limit = LIMIT_LIST_PAGE};
    bool found = false;
    do {
        struct case_row *rows = NULL;
        size_t count = 0;
        if (case_list(store_sync_view(node->store), &filter, &rows, &count, &filter.cursor))
            return false;
        for (size_t i = 0; i < count && !found; i++) {
            found = !rows[i].pending && !strcmp(rows[i].home, node->office->code) && suits(node->sim, &rows[i]);
            if (found)
                *out = rows[i];
        }
        case_rows_free(rows, count);
    } while (filter.cursor && !found);
    out->applicant = out->number = NULL;
    return found;
}

bool sim_plant_year(struct sim *sim)
{
    for (size_t i = 0; i < sizeof plants / sizeof plants[0] && !sim->planted; i++)
        for (int n = 0; n < SIM_NODES && plants[i].plant == sim->plant && !sim->planted; n++) {
            struct planting planting = {.command = {.run = plants[i].run}, .node = &sim->node[n]};
            if (!find_case(&sim->node[n], plants[i].suits, &planting.row))
                continue;
            sim->planted = true;
            int rc = sim_commit(&sim->node[n], &planting.command);
            if (!rc && plants[i].both)
                rc = sim_commit(&sim->node[1 - n], &planting.command);
            if (rc)
                sim_fail(sim, "the fault cannot be planted: %s", err_text(rc));
            sim_wake(&sim->node[n]);
        }
    return sim->planted;
}
