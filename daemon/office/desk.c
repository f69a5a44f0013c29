/* desk: where a member of staff sat when a case was taken in.
 *
 * The window and township of a case are those of whoever took it in, at that moment.  So that they can be proved and computed again, the
 * ledger says who sits where: an entry `staff.placed` before the first case that somebody takes in at a place, and again after each change
 * of it, never one per case.  It is the office's own record and is not sent: a counterpart of any version takes the case as before. */
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/strict_json.h"
#include "proto/text.h"

int desk_take(struct store_db *db, const struct office_staff *staff, int64_t at, struct case_row *row)
{
    struct desk_row known;
    uint64_t index = 0;
    int rc = desk_last(db, staff->id, INT64_MAX, &known);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    memcpy(row->window, staff->window, sizeof row->window);
    memcpy(row->township, staff->township, sizeof row->township);
    if (rc ? !staff->window[0] && !staff->township[0]
           : !strcmp(known.window, staff->window) && !strcmp(known.township, staff->township))
        return 0;
    struct entry entry = {.type = ENTRY_STAFF_PLACED, .at = at};
    entry.body = json_pack("{s:s, s:s, s:s}", "staff", staff->id, "window", staff->window, "township", staff->township);
    rc = entry.body ? store_append(db, &entry, &index, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    if (rc)
        return rc;
    known = (struct desk_row){.entry = (int64_t)index};
    memcpy(known.staff, staff->id, sizeof known.staff);
    memcpy(known.window, staff->window, sizeof known.window);
    memcpy(known.township, staff->township, sizeof known.township);
    return desk_add(db, &known);
}

static int read_placed(const struct buf *line, const char *staff, struct desk_row *desk)
{
    struct entry entry;
    if (entry_decode(line->data, line->len, &entry, NULL))
        return TB_ECORRUPT;
    const char *who = strict_json_peek(entry.body, "staff"), *window = strict_json_peek(entry.body, "window");
    const char *township = strict_json_peek(entry.body, "township");
    bool good = entry.type == ENTRY_STAFF_PLACED && !strcmp(who, staff) && strlen(window) < sizeof desk->window &&
                strlen(township) < sizeof desk->township;
    if (good) {
        memcpy(desk->window, window, strlen(window) + 1);
        memcpy(desk->township, township, strlen(township) + 1);
    }
    entry_clear(&entry);
    return good ? 0 : TB_ECORRUPT;
}

int desk_from_entries(struct store_db *db, const char *staff, int64_t before, struct desk_row *desk)
{
    int rc = desk_last(db, staff, before, desk);
    struct buf line;
    if (rc) {
        *desk = (struct desk_row){.entry = -1};
        return rc == TB_ENOTFOUND ? 0 : rc;
    }
    buf_init(&line, LIMIT_ENTRY_BYTES);
    rc = store_entry_line(db, (uint64_t)desk->entry, &line);
    if (!rc)
        rc = read_placed(&line, staff, desk);
    buf_free(&line);
    return rc;
}

int office_desk_read(const struct office *office, const char *window, const char *township, struct office_desk *desk, struct problem *p)
{
    *desk = (struct office_desk){.window = ""};
    if (window && window[0]) {
        if (text_check_name(window, sizeof desk->window - 1))
            return problem_set(p, PROBLEM_FIELD, "/window", "a window is a name of at most %d bytes", (int)sizeof desk->window - 1);
        memcpy(desk->window, window, strlen(window) + 1);
    }
    if (township && township[0]) {
        if (strlen(township) != TOWNSHIP_LEN || strspn(township, "0123456789") != TOWNSHIP_LEN ||
            strncmp(township, office->code, OFFICE_LEN) != 0)
            return problem_set(p, PROBLEM_FIELD, "/township", "a township has nine digits, the first six are those of the office");
        memcpy(desk->township, township, strlen(township) + 1);
    }
    return 0;
}
