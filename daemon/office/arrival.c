#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

/* The last material of an application is here: that moment makes it received (电子签名法 11). */
static int complete_case(struct store_db *db, struct office_arrival *arrival, int64_t case_id)
{
    struct case_row row;
    int rc = case_get_by_id(db, case_id, &row);
    if (rc)
        return rc;
    if (case_side_of(arrival->office, &row) == CASE_SIDE_HOME && row.state == CASE_FORWARDED) {
        rc = case_mark_received(db, arrival->office, &row);
        if (!rc)
            rc = case_update(db, &row);
    }
    changed_add(&arrival->changed, &arrival->changed_count, row.case_no);
    case_row_clear(&row);
    return rc;
}

static int arrival_run(struct store_db *db, struct store_command *command)
{
    struct office_arrival *arrival = (struct office_arrival *)command;
    if (arrival->sent_to[0])
        return material_out_done(db, arrival->sent_to, arrival->material.sha256);
    int64_t *cases = NULL;
    size_t count = 0;
    if (!arrival->material.at)
        arrival->material.at = store_now(db);
    int rc = material_put(db, &arrival->material);
    if (!rc)
        rc = material_arrived(db, arrival->material.sha256, &cases, &count);
    for (size_t i = 0; i < count && !rc; i++)
        rc = complete_case(db, arrival, cases[i]);
    free(cases);
    return rc;
}

void office_arrival_init(struct office_arrival *arrival, const struct office *office)
{
    *arrival = (struct office_arrival){.command = {.run = arrival_run}, .office = office};
}

void office_arrival_clear(struct office_arrival *arrival)
{
    free(arrival->changed);
    arrival->changed = NULL;
    arrival->changed_count = 0;
}

static int question_run(struct store_db *db, struct store_query *query)
{
    struct office_material_question *q = (struct office_material_question *)query;
    if (!q->sha256[0])
        return material_out_next(db, q->peer, q->behind, &q->material);
    int rc = material_get(db, q->sha256, &q->material);
    if (!rc) {
        q->found = true;
        return 0;
    }
    return rc == TB_ENOTFOUND ? material_expected(db, q->sha256) : rc;
}

void office_material_question_init(struct office_material_question *question, const struct office *office)
{
    *question = (struct office_material_question){.query = {.run = question_run}, .office = office};
}
