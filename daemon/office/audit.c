/* Who did or saw what: the entries of the own ledger, the newest first. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/staff.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

static bool is_wanted(const struct office_audit *audit, const struct entry *entry)
{
    return (audit->type < 0 || (int)entry->type == audit->type) && entry->at < audit->until &&
           (!audit->staff[0] || !strcmp(audit->staff, entry->staff)) && (!audit->case_no[0] || !strcmp(audit->case_no, entry->case_no));
}

/* Why a case is held or released, and which user of the machine said so. */
static int add_hold(json_t *row, const struct entry *entry)
{
    if (entry->type != ENTRY_CASE_HELD && entry->type != ENTRY_CASE_RELEASED)
        return 0;
    json_t *uid = json_object_get(entry->body, "uid"), *since = json_object_get(entry->body, "since");
    int failed = json_object_set_new(row, "reason", json_string(strict_json_peek(entry->body, "reason"))) ||
                 json_object_set(row, "uid", uid) || (since && json_object_set(row, "since", since));
    return failed ? TB_ENOMEM : 0;
}

/* Of a view also what was seen, of a hold why; else no word of the entry's content. */
static json_t *row_of(const struct office_audit *audit, const struct entry *entry, uint64_t index)
{
    const struct office_staff *staff = entry->staff[0] ? office_staff(audit->office, entry->staff) : NULL;
    json_t *row = json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "index", (json_int_t)index, "at", office_time_json(entry->at),
                            "type", entry_type_text(entry->type), "staff", entry->staff, "name", staff ? staff->name : "", "role", entry->role,
                            "case", entry->case_no, "to", entry->to);
    if (row && entry->type == ENTRY_CASE_VIEWED) {
        const char *what = strict_json_peek(entry->body, "what");
        if (json_object_set_new(row, "what", json_string(what[0] ? what : "case")) ||
            json_object_set_new(row, "material", json_string(strict_json_peek(entry->body, "sha256")))) {
            json_decref(row);
            row = NULL;
        }
    }
    if (row && add_hold(row, entry)) {
        json_decref(row);
        row = NULL;
    }
    return row;
}

static int add_entry(struct office_audit *audit, const struct buf *line, uint64_t index, bool *older)
{
    struct entry entry;
    int rc = entry_decode(line->data, line->len, &entry, NULL) ? TB_ECORRUPT : 0;
    if (rc)
        return rc;
    *older = entry.at < audit->since;
    if (!*older && is_wanted(audit, &entry))
        rc = json_array_append_new(audit->rows, row_of(audit, &entry, index));
    entry_clear(&entry);
    return rc ? TB_ENOMEM : 0;
}

static int scan(struct store_db *db, struct office_audit *audit, uint64_t size)
{
    uint64_t index = audit->before && audit->before < size ? audit->before : size;
    unsigned looked = 0;
    bool older = false;
    int rc = 0;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    while (index && !rc && !older && looked < LIMIT_AUDIT_ENTRIES && json_array_size(audit->rows) < LIMIT_LIST_PAGE) {
        buf_clear(&line);
        rc = store_entry_line(db, --index, &line);
        looked++;
        if (!rc)
            rc = add_entry(audit, &line, index, &older);
        rc = rc == TB_ENOTFOUND ? 0 : rc; /* lost with a restore */
    }
    buf_free(&line);
    audit->next = older ? 0 : index;
    return rc;
}

static int audit_run(struct store_db *db, struct store_query *query)
{
    struct office_audit *audit = (struct office_audit *)query;
    uint64_t size = 0;
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES * 2);
    int rc = store_checkpoint(db, false, &size, &note);
    buf_free(&note);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    audit->rows = json_array();
    rc = audit->rows ? scan(db, audit, size) : TB_ENOMEM;
    if (!rc) {
        audit->answer = json_pack("{s:O, s:I}", "rows", audit->rows, "next", (json_int_t)audit->next);
        rc = audit->answer ? 0 : TB_ENOMEM;
    }
    json_decref(audit->rows);
    audit->rows = NULL;
    return rc;
}

/* A day of the request; absent: `none`. */
static int read_day(const json_t *request, const char *name, int64_t none, int64_t *out, struct problem *p)
{
    const char *text = NULL;
    int64_t day = 0;
    char field[16];
    int rc = strict_json_text(request, "", name, false, DATE_TEXT - 1, &text, p);
    (void)snprintf(field, sizeof field, "/%s", name);
    if (!rc && text && date_parse(text, &day))
        rc = problem_set(p, PROBLEM_FIELD, field, "a date must look like 2026-02-14");
    *out = text && !rc ? date_start_ms(day) : none;
    return rc;
}

int office_audit_init(struct office_audit *audit, const struct office *office, const json_t *request, int type, struct problem *p)
{
    static const char *const known[] = {"type", "staff", "case", "since", "until", "before", NULL};
    const char *staff = NULL, *case_no = NULL, *wanted = NULL, *why;
    int64_t before = 0;
    *audit = (struct office_audit){.query = {.run = audit_run}, .office = office};
    int rc = strict_json_only(request, "", known, p);
    if (!rc)
        rc = strict_json_text(request, "", "staff", false, STAFF_TEXT - OFFICE_TEXT - 1, &staff, p);
    if (!rc)
        rc = strict_json_text(request, "", "case", false, CASE_NO_TEXT - 1, &case_no, p);
    if (!rc)
        rc = strict_json_text(request, "", "type", false, LIMIT_NAME_BYTES, &wanted, p);
    if (!rc)
        rc = read_day(request, "since", INT64_MIN, &audit->since, p);
    if (!rc)
        rc = read_day(request, "until", INT64_MAX, &audit->until, p);
    if (!rc)
        rc = strict_json_int(request, "", "before", false, 0, INT64_MAX, 0, &before, p);
    if (!rc && case_no && code_check(CODE_CASE_NO, case_no, &why))
        rc = problem_set(p, PROBLEM_FIELD, "/case", "not a case number");
    if (!rc && wanted && (type >= 0 || (type = entry_type_by_text(wanted)) < 0))
        rc = problem_set(p, PROBLEM_FIELD, "/type", "there is no such kind of entry");
    if (rc)
        return rc;
    if (staff)
        (void)snprintf(audit->staff, sizeof audit->staff, "%s:%.12s", office->code, staff);
    if (case_no)
        memcpy(audit->case_no, case_no, strlen(case_no) + 1);
    audit->type = type;
    audit->before = (uint64_t)before;
    return 0;
}
