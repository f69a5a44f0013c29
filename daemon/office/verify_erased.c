/* What was erased against the entries that ordered it, both ways. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/verify_internal.h"
#include "daemon/store/retention_rows.h"
#include "proto/retention.h"

/* Whether the case counts as erased; a case that is not known does not. */
static int is_over(struct verify_page *page, const char *case_no, bool *over)
{
    struct case_row row;
    *over = false;
    int rc = case_get(page->db, case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = retention_is_over(page->db, row.id, over);
    case_row_clear(&row);
    return rc;
}

/* What is erased while this goes on is not counted: its entry may stand behind what was walked over. */
static int64_t began(struct verify_page *page)
{
    if (!page->v->began)
        page->v->began = store_now(page->db);
    return page->v->began;
}

int verify_erased_line(struct verify_page *page, const char *place, int64_t number, const char *line, size_t len)
{
    struct entry entry;
    bool over = false;
    (void)began(page);
    /* nearly no line is either: the words are looked for before it is read */
    if ((!memmem(line, len, "\"erased\":", 9) && !memmem(line, len, "\"case.erased\"", 13)) || entry_decode(line, len, &entry, NULL))
        return 0;
    bool orders = entry.type == ENTRY_CASE_ERASED && !strcmp(place, page->v->office->code);
    bool erased = json_is_string(json_object_get(entry.body, "erased"));
    int rc = (orders || erased) && entry.case_no[0] ? is_over(page, entry.case_no, &over) : 0;
    page->v->erasures += orders && entry.at <= began(page);
    if (!rc && erased && !over)
        verify_differ_at(page, DIFFERENCE_ERASED, place, number, "line");
    else if (!rc && orders && !over)
        verify_differ(page, DIFFERENCE_NOT_ERASED, entry.case_no, "not begun");
    entry_clear(&entry);
    return rc;
}

/* ---- the other way: from the row to the lines ---- */

static int event_line(struct verify_page *page, const struct event_row *event, struct buf *line)
{
    struct inbox_row row;
    buf_clear(line);
    if (event->own)
        return store_entry_line(page->db, (uint64_t)event->ref, line);
    int rc = inbox_get(page->db, event->peer, event->ref, &row);
    if (!rc) {
        rc = buf_append(line, row.line, row.len);
        inbox_clear(&row);
    }
    return rc;
}

static int check_lines(struct verify_page *page, const struct retention_case *c)
{
    struct event_row *events = NULL;
    size_t count = 0;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    int rc = event_list(page->db, c->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        if (events[i].type == ENTRY_CASE_VIEWED)
            continue;
        rc = event_line(page, &events[i], &line);
        if (!rc && !retention_is_erased(line.data, line.len))
            verify_differ(page, DIFFERENCE_NOT_ERASED, c->case_no, entry_type_text(events[i].type));
        rc = rc == TB_ENOTFOUND || rc == TB_ECORRUPT ? 0 : rc; /* told where the lines are walked over */
    }
    free(events);
    buf_free(&line);
    return rc;
}

static int check_case(struct verify_page *page, const struct retention_case *c)
{
    struct case_row row;
    int64_t materials = 0;
    int rc = case_get(page->db, c->case_no, &row);
    if (rc)
        return rc;
    bool named = (row.applicant && row.applicant[0]) || (row.number && row.number[0]);
    case_row_clear(&row);
    if (named)
        verify_differ(page, DIFFERENCE_NOT_ERASED, c->case_no, "row");
    rc = retention_material_bytes(page->db, c->id, &materials);
    if (!rc && materials)
        verify_differ(page, DIFFERENCE_NOT_ERASED, c->case_no, "materials");
    return rc ? rc : check_lines(page, c);
}

int verify_step_erased(struct verify_page *page, bool *over)
{
    struct office_verify *v = page->v;
    struct retention_case c;
    int64_t at = 0;
    int rc = 0;
    v->phase = "tables";
    while (!rc && !verify_spent(page)) {
        rc = retention_erased_next(page->db, v->cursor, &c, &at);
        if (rc == TB_ENOTFOUND) {
            *over = true;
            break;
        }
        if (!rc)
            rc = check_case(page, &c);
        v->cursor = c.id;
        v->erased += at <= began(page);
    }
    if (!*over)
        return rc;
    if (v->erased > v->erasures) /* a row that nobody ordered */
        verify_differ_at(page, DIFFERENCE_ERASED, v->office->code, v->erased - v->erasures, "rows");
    return 0;
}
