#include "daemon/office/office_internal.h"

#include <string.h>

#include "proto/timestamp.h"

static int refuse(struct problem *p, const char *home, const char *item, enum case_step step)
{
    return problem_set(p, PROBLEM_NO_AUTHORISATION, NULL, "office %s has not authorised step %c of item %s at that time", home, (char)step,
                       item);
}

int authority_find(struct store_db *db, const struct office *office, const char *home, const char *item, enum case_step step, int64_t at,
                   int64_t handed_in, char id[UUID_TEXT], struct problem *p)
{
    int rc = authorisation_find(db, home, office->code, item, step, at, handed_in, id);
    return rc == TB_ENOTFOUND ? refuse(p, home, item, step) : rc;
}

/* Which further steps a body shows to have been done. */
static bool uses_step(const json_t *body, enum case_step step)
{
    if (step == STEP_PERSON)
        return json_is_object(json_object_get(body, "comparison"));
    size_t i;
    json_t *material;
    json_array_foreach(json_object_get(body, "materials"), i, material)
        if (json_is_true(json_object_get(material, "original_seen")))
            return true;
    return false;
}

int authority_check_body(struct store_db *db, const struct office *office, const char *home, const char *delegate, const char *item,
                         const json_t *body, int64_t at, int64_t handed_in, struct problem *p)
{
    static const enum case_step extra[] = {STEP_ORIGINAL, STEP_PERSON};
    (void)office;
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        char id[UUID_TEXT];
        if (!uses_step(body, extra[i]))
            continue;
        int rc = authorisation_find(db, home, delegate, item, extra[i], at, handed_in, id);
        if (rc)
            return rc == TB_ENOTFOUND ? refuse(p, home, item, extra[i]) : rc;
    }
    return 0;
}

int authority_verify(struct store_db *db, const struct office *office, const struct entry *entry, const char *item, enum case_step step,
                     int64_t handed_in, struct problem *p)
{
    struct authorisation_row row;
    int rc = authorisation_get(db, entry->authorisation, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? refuse(p, office->code, item, step) : rc;
    bool valid = !strcmp(row.principal, office->code) && !strcmp(row.delegate, entry->from);
    if (valid)
        rc = authorisation_covers(db, &row, item, step, entry->at, handed_in, &valid);
    authorisation_row_clear(&row);
    return rc ? rc : valid ? 0 : refuse(p, office->code, item, step);
}
