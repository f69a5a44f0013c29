/* look: a member of staff fetches personal data otherwise than by opening a case — its proof bundle, or a material.
 *
 * It is a view like any other: an entry `case.viewed` that says what was seen, committed before the data leave (domain.md 4.9).  Nothing is
 * put together: who fetches twice has looked twice. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/store/joint_rows.h"
#include "proto/strict_json.h"

int look_keep(struct store_db *db, int64_t case_id, const json_t *body)
{
    const char *key;
    json_t *value;
    size_t i;
    int rc = 0;
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        json_t *one;
        if (!strcmp(key, "sha256") && json_is_string(value) && json_string_length(value) == 2 * SUITE_HASH_BYTES)
            rc = material_case_add(db, json_string_value(value), case_id);
        else if (json_is_object(value))
            rc = look_keep(db, case_id, value);
        else if (json_is_array(value))
            json_array_foreach(value, i, one) rc = rc || !json_is_object(one) ? rc : look_keep(db, case_id, one);
        if (rc)
            return rc;
    }
    return 0;
}

static int fill(const struct office_look *look, int64_t at, struct entry *view)
{
    *view = (struct entry){.type = ENTRY_CASE_VIEWED, .at = at};
    memcpy(view->staff, look->staff->id, sizeof view->staff);
    memcpy(view->role, look->staff->role, sizeof view->role);
    view->body = look->sha256[0] ? json_pack("{s:s, s:s}", "what", "material", "sha256", look->sha256)
                                 : json_pack("{s:s}", "what", "proof");
    return view->body ? 0 : TB_ENOMEM;
}

/* Of a case with its event, who looked is part of who did what; `row` NULL: of no case, or of the joint case `case_no`. */
static int record(struct store_db *db, const struct office_look *look, struct case_row *row, const char *case_no)
{
    struct entry view;
    int rc = fill(look, store_now(db), &view);
    if (!rc && case_no)
        memcpy(view.case_no, case_no, sizeof view.case_no);
    if (!rc)
        rc = row ? case_append(db, look->office, row, &view, NULL) : store_append(db, &view, NULL, NULL);
    entry_clear(&view);
    return rc;
}

static int look_at_proof(struct store_db *db, struct office_look *look)
{
    struct case_row row;
    struct joint_row joint;
    int rc = case_get(db, look->case_no, &row);
    if (!rc) {
        rc = record(db, look, &row, NULL);
        case_row_clear(&row);
        return rc;
    }
    if (rc == TB_ENOTFOUND)
        rc = joint_get(db, look->case_no, &joint);
    if (rc == TB_ENOTFOUND)
        return problem_set(&look->problem, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", look->case_no);
    if (rc)
        return rc;
    joint_row_clear(&joint);
    return record(db, look, NULL, look->case_no);
}

/* A view of each case that lists it; of none yet when it was only uploaded. */
static int look_at_material(struct store_db *db, struct office_look *look)
{
    int64_t cases[LIMIT_MATERIAL_VIEWS];
    struct material_row material;
    size_t count = 0;
    int rc = material_get(db, look->sha256, &material);
    if (rc == TB_ENOTFOUND)
        return problem_set(&look->problem, PROBLEM_NOT_FOUND, NULL, "no such material");
    if (!rc)
        rc = material_cases(db, look->sha256, cases, LIMIT_MATERIAL_VIEWS, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_row row;
        rc = case_get_by_id(db, cases[i], &row);
        if (rc)
            break;
        rc = record(db, look, &row, NULL);
        case_row_clear(&row);
    }
    return rc || count ? rc : record(db, look, NULL, NULL);
}

static int look_run(struct store_db *db, struct store_command *command)
{
    struct office_look *look = (struct office_look *)command;
    look->problem.id = PROBLEM_COUNT;
    int rc = look->sha256[0] ? look_at_material(db, look) : look_at_proof(db, look);
    if (rc)
        office_problem(&look->problem, rc);
    return rc;
}

int office_look_init(struct office_look *look, const struct office *office, const struct office_staff *staff, const char *case_no,
                     const char *sha256, struct problem *p)
{
    const char *why = "";
    *look = (struct office_look){
        .command = {.run = look_run}, .office = office, .staff = staff, .problem = {.id = PROBLEM_COUNT, .number = -1}};
    if (sha256) {
        if (strlen(sha256) != sizeof look->sha256 - 1)
            return problem_set(p, PROBLEM_NOT_FOUND, NULL, "no such material");
        memcpy(look->sha256, sha256, sizeof look->sha256);
        return 0;
    }
    if (!case_no || code_check(CODE_CASE_NO, case_no, &why))
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "not a case number: %s", why);
    memcpy(look->case_no, case_no, CASE_NO_TEXT);
    return 0;
}
