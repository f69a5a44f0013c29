/* Who saw whose data, and what of it: the entries case.viewed of the own ledger, the newest first. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/staff.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

static int add_view(struct office_view_list *list, const struct buf *line, bool *older)
{
    struct entry entry;
    int rc = entry_decode(line->data, line->len, &entry, NULL) ? TB_ECORRUPT : 0;
    if (rc)
        return rc;
    *older = entry.at < list->since;
    bool wanted = entry.type == ENTRY_CASE_VIEWED && !*older && (!list->staff[0] || !strcmp(list->staff, entry.staff)) &&
                  (!list->case_no[0] || !strcmp(list->case_no, entry.case_no));
    const struct office_staff *staff = wanted ? office_staff(list->office, entry.staff) : NULL;
    const char *what = wanted ? strict_json_peek(entry.body, "what") : "";
    if (wanted)
        rc = json_array_append_new(list->rows, json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "at", office_time_json(entry.at), "staff",
                                                         entry.staff, "name", staff ? staff->name : "", "role", entry.role,
                                                         "case", entry.case_no, "what", what[0] ? what : "case", "material",
                                                         strict_json_peek(entry.body, "sha256")));
    entry_clear(&entry);
    return rc ? TB_ENOMEM : 0;
}

static int scan(struct store_db *db, struct office_view_list *list, uint64_t size)
{
    uint64_t index = list->before && list->before < size ? list->before : size;
    unsigned looked = 0;
    bool older = false;
    int rc = 0;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    while (index && !rc && !older && looked < LIMIT_AUDIT_ENTRIES && json_array_size(list->rows) < LIMIT_LIST_PAGE) {
        buf_clear(&line);
        rc = store_entry_line(db, --index, &line);
        looked++;
        if (!rc)
            rc = add_view(list, &line, &older);
        rc = rc == TB_ENOTFOUND ? 0 : rc; /* lost with a restore */
    }
    buf_free(&line);
    list->next = older ? 0 : index;
    return rc;
}

static int views_run(struct store_db *db, struct store_query *query)
{
    struct office_view_list *list = (struct office_view_list *)query;
    uint64_t size = 0;
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES * 2);
    int rc = store_checkpoint(db, false, &size, &note);
    buf_free(&note);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    list->rows = json_array();
    rc = list->rows ? scan(db, list, size) : TB_ENOMEM;
    if (!rc) {
        list->answer = json_pack("{s:O, s:I}", "rows", list->rows, "next", (json_int_t)list->next);
        rc = list->answer ? 0 : TB_ENOMEM;
    }
    json_decref(list->rows);
    list->rows = NULL;
    return rc;
}

int office_view_list_init(struct office_view_list *list, const struct office *office, const json_t *request, struct problem *p)
{
    static const char *const known[] = {"staff", "case", "since", "before", NULL};
    const char *staff = NULL, *case_no = NULL, *since = NULL, *why;
    int64_t before = 0, day = 0;
    *list = (struct office_view_list){.query = {.run = views_run}, .office = office};
    int rc = strict_json_only(request, "", known, p);
    if (!rc)
        rc = strict_json_text(request, "", "staff", false, STAFF_TEXT - OFFICE_TEXT - 1, &staff, p);
    if (!rc)
        rc = strict_json_text(request, "", "case", false, CASE_NO_TEXT - 1, &case_no, p);
    if (!rc)
        rc = strict_json_text(request, "", "since", false, DATE_TEXT - 1, &since, p);
    if (!rc)
        rc = strict_json_int(request, "", "before", false, 0, INT64_MAX, 0, &before, p);
    if (!rc && case_no && code_check(CODE_CASE_NO, case_no, &why))
        rc = problem_set(p, PROBLEM_FIELD, "/case", "not a case number");
    if (!rc && since && date_parse(since, &day))
        rc = problem_set(p, PROBLEM_FIELD, "/since", "a date must look like 2026-02-14");
    if (rc)
        return rc;
    if (staff)
        (void)snprintf(list->staff, sizeof list->staff, "%s:%.12s", office->code, staff);
    if (case_no)
        memcpy(list->case_no, case_no, strlen(case_no) + 1);
    list->since = since ? date_start_ms(day) : INT64_MIN;
    list->before = (uint64_t)before;
    return 0;
}
