/* The table of holds against the entries that held and released, both ways. */
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/verify_internal.h"
#include "daemon/store/retention_rows.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { TYPE_WITHIN = 40 }; /* bytes: an entry of ours begins with its version and type */

/* The last one counts. */
static int keep(struct verify_page *page, const struct entry *entry, int64_t index)
{
    json_t *holds = page->v->holds;
    int64_t at = entry->at;
    const char *since = strict_json_peek(entry->body, "since");
    if (entry->type == ENTRY_CASE_RELEASED) {
        (void)json_object_del(holds, entry->case_no);
        return 0;
    }
    if (json_object_size(holds) >= LIMIT_HOLDS) /* a row of it will be told */
        return 0;
    if (since[0] && timestamp_parse(since, &at))
        at = 0;
    json_t *said = json_pack("{s:I, s:I, s:I, s:s}", "entry", (json_int_t)index, "at", (json_int_t)at, "uid",
                             json_integer_value(json_object_get(entry->body, "uid")), "reason", strict_json_peek(entry->body, "reason"));
    return json_object_set_new(holds, entry->case_no, said) ? TB_ENOMEM : 0;
}

int verify_hold_line(struct verify_page *page, int64_t index, const char *line, size_t len)
{
    struct entry entry;
    size_t within = len < TYPE_WITHIN ? len : TYPE_WITHIN;
    if (!page->v->holds && !(page->v->holds = json_object()))
        return TB_ENOMEM;
    if (!memmem(line, within, "\"case.held\"", 11) && !memmem(line, within, "\"case.released\"", 15))
        return 0;
    if (entry_decode(line, len, &entry, NULL)) /* its hash told */
        return 0;
    int rc = entry.type == ENTRY_CASE_HELD || entry.type == ENTRY_CASE_RELEASED ? keep(page, &entry, index) : 0;
    entry_clear(&entry);
    return rc;
}

/* What the row says otherwise than the entry; NULL: nothing. */
static const char *fault_of(const struct retention_hold *hold, const json_t *said)
{
    if (!said)
        return "entry";
    if (json_integer_value(json_object_get(said, "entry")) != hold->entry)
        return "entry";
    if (json_integer_value(json_object_get(said, "at")) != hold->at)
        return "at";
    if (json_integer_value(json_object_get(said, "uid")) != hold->uid)
        return "uid";
    return strcmp(strict_json_peek(said, "reason"), hold->reason) != 0 ? "reason" : NULL;
}

int verify_hold_rows(struct verify_page *page)
{
    struct retention_hold hold = {.case_id = 0};
    json_t *holds = page->v->holds, *said;
    const char *case_no;
    int rc = 0;
    while (!rc && !(rc = retention_hold_next(page->db, hold.case_id, &hold))) {
        const char *fault = fault_of(&hold, json_object_get(holds, hold.case_no));
        if (fault)
            verify_differ(page, DIFFERENCE_HOLD_UNSAID, hold.case_no, fault);
        (void)json_object_del(holds, hold.case_no);
    }
    json_object_foreach(holds, case_no, said)
        verify_differ(page, DIFFERENCE_HOLD_LOST, case_no, "row");
    return rc == TB_ENOTFOUND ? 0 : rc;
}
