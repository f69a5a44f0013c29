/* object_store: rows of the registers and of the acts on their objects. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

enum { EVENT_BITS = 20, EVENTS_MAX = (1 << EVENT_BITS) - 1 };

void object_row_clear(struct object_row *row)
{
    if (!row)
        return;
    free(row->doc);
    row->doc = NULL;
}

static void read_row(struct db_query *q, struct object_row *row)
{
    int c = 0;
    memset(row, 0, sizeof *row);
    row->id = q_get_int(q, c++);
    q_get_text(q, c++, row->no, sizeof row->no);
    int64_t kind = q_get_int(q, c++);
    q_get_text(q, c++, row->owner, sizeof row->owner);
    q_get_text(q, c++, row->other, sizeof row->other);
    row->case_id = q_get_int(q, c++);
    q_get_text(q, c++, row->case_no, sizeof row->case_no);
    q_get_text(q, c++, row->uuid, sizeof row->uuid);
    int64_t state = q_get_int(q, c++), local = q_get_int(q, c++);
    if (kind < 0 || kind >= REGISTER_KINDS || state < 0 || (size_t)state >= register_kinds[kind].state_count || local < 0 ||
        (size_t)local >= register_kinds[kind].state_count) {
        if (!q->rc)
            q->rc = db_code(q->db, SQLITE_CORRUPT);
        kind = state = local = 0;
    }
    row->kind = (enum register_kind_id)kind;
    row->state = (int)state;
    row->local_state = (int)local;
    row->pending = q_get_int(q, c++);
    row->rev = q_get_int(q, c++);
    row->opened = q_get_int(q, c++);
    row->changed = q_get_int(q, c++);
    row->due_day = q_get_int(q, c++);
    row->open = q_get_int(q, c++) != 0;
    row->turn = q_get_int(q, c++) != 0;
    row->doc = q_get_new_text(q, c++, NULL);
    if (!q->rc && !row->doc)
        q->rc = TB_ENOMEM;
}

int object_serial_next(struct store_db *db, enum register_kind_id kind, int year, int64_t *serial)
{
    int64_t n = 0;
    struct db_query q = q_start(db, SQL_OBJECT_SERIAL);
    q_int(&q, kind);
    q_int(&q, year);
    while (q_next(&q))
        n = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc)
        *serial = n;
    return rc;
}

int object_insert(struct store_db *db, struct object_row *row)
{
    struct db_query q = q_start(db, SQL_OBJECT_INSERT);
    q_text(&q, row->no);
    q_int(&q, row->kind);
    q_text(&q, row->owner);
    q_text(&q, row->other);
    q_int(&q, row->case_id);
    q_text(&q, row->case_no);
    q_text(&q, row->uuid);
    q_int(&q, row->state);
    q_int(&q, row->local_state);
    q_int(&q, row->pending);
    q_int(&q, row->rev);
    q_int(&q, row->opened);
    q_int(&q, row->changed);
    q_int(&q, row->due_day);
    q_int(&q, row->open);
    q_int(&q, row->turn);
    q_text(&q, row->doc);
    int rc = q_run(&q, NULL);
    if (!rc)
        row->id = sqlite3_last_insert_rowid(db->handle);
    return rc;
}

int object_update(struct store_db *db, const struct object_row *row)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_OBJECT_UPDATE);
    q_int(&q, row->id);
    q_int(&q, row->state);
    q_int(&q, row->local_state);
    q_int(&q, row->pending);
    q_int(&q, row->rev);
    q_int(&q, row->changed);
    q_int(&q, row->due_day);
    q_int(&q, row->open);
    q_int(&q, row->turn);
    q_text(&q, row->doc);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

static int get_one(struct db_query *q, struct object_row *row)
{
    struct object_row found;
    bool any = q_next(q);
    if (any)
        read_row(q, &found);
    int rc = q_end(q);
    if (!any)
        return rc ? rc : TB_ENOTFOUND;
    if (rc)
        object_row_clear(&found);
    else
        *row = found;
    return rc;
}

int object_get(struct store_db *db, const char *no, struct object_row *row)
{
    struct db_query q = q_start(db, SQL_OBJECT_BY_NO);
    q_text(&q, no);
    return get_one(&q, row);
}

int object_get_by_id(struct store_db *db, int64_t id, struct object_row *row)
{
    struct db_query q = q_start(db, SQL_OBJECT_BY_ID);
    q_int(&q, id);
    return get_one(&q, row);
}

int object_uuid_known(struct store_db *db, enum register_kind_id kind, const char *uuid, bool *known)
{
    struct db_query q = q_start(db, SQL_OBJECT_UUID);
    q_int(&q, kind);
    q_text(&q, uuid);
    *known = q_next(&q);
    return q_end(&q);
}

/* ---- lists ---- */

/* What waits for this office comes by due day, what has none last; a page begins behind the last row of the one before. */
enum { TURN_ID_BITS = 40, TURN_DAY_BITS = 22 };

static int64_t turn_cursor(const struct object_row *last)
{
    int64_t no_day = INT64_C(1) << TURN_DAY_BITS;
    int64_t day = last->due_day > 0 && last->due_day < no_day ? last->due_day : no_day;
    return day << TURN_ID_BITS | (last->id & ((INT64_C(1) << TURN_ID_BITS) - 1));
}

static struct db_query start_turn(struct store_db *db, int64_t cursor, unsigned limit)
{
    struct db_query q = q_start(db, SQL_OBJECT_LIST_TURN);
    bool begins = cursor <= 0, none = !begins && cursor >> (TURN_ID_BITS + TURN_DAY_BITS) == 1;
    q_int(&q, none);
    q_int(&q, begins ? -1 : none ? 0 : cursor >> TURN_ID_BITS);
    q_int(&q, !begins ? -(cursor & ((INT64_C(1) << TURN_ID_BITS) - 1)) : INT64_MIN);
    q_int(&q, limit);
    return q;
}

static struct db_query start_list(struct store_db *db, const struct object_filter *filter, unsigned limit)
{
    int64_t below = filter->cursor > 0 ? filter->cursor : INT64_MAX;
    enum sql_id id = filter->case_id > 0 ? SQL_OBJECT_LIST_CASE
                     : filter->open_only ? SQL_OBJECT_LIST_OPEN
                                         : SQL_OBJECT_LIST;
    if (filter->turn && filter->case_id <= 0)
        return start_turn(db, filter->cursor, limit);
    struct db_query q = q_start(db, id);
    q_int(&q, id == SQL_OBJECT_LIST_CASE ? filter->case_id : filter->kind);
    q_int(&q, below);
    q_int(&q, limit);
    return q;
}

/* What the chosen index did not filter. */
static bool matches(const struct object_filter *filter, const struct object_row *row)
{
    return (filter->kind < 0 || (int)row->kind == filter->kind) && (!filter->open_only || row->open) && (!filter->turn || row->turn);
}

int object_list(struct store_db *db, const struct object_filter *filter, struct object_row **rows, size_t *count, int64_t *next)
{
    unsigned limit = filter->limit && filter->limit <= LIMIT_LIST_PAGE ? filter->limit : LIMIT_LIST_PAGE;
    struct object_row *found = calloc(limit, sizeof *found);
    size_t n = 0, seen = 0;
    int64_t last = 0;
    if (!found)
        return TB_ENOMEM;
    struct db_query q = start_list(db, filter, limit + 1);
    while (seen <= limit && q_next(&q)) {
        if (seen++ == limit)
            break;
        read_row(&q, &found[n]);
        last = filter->turn && filter->case_id <= 0 ? turn_cursor(&found[n]) : found[n].id;
        if (matches(filter, &found[n]))
            n++;
        else
            object_row_clear(&found[n]);
    }
    int rc = q_end(&q);
    if (rc) {
        object_rows_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    *next = seen > limit ? last : 0;
    return 0;
}

int object_list_due(struct store_db *db, enum register_kind_id kind, int64_t day, int64_t after_day, int64_t after_id, unsigned limit,
                    struct object_row **rows, size_t *count)
{
    struct object_row *found = calloc(limit ? limit : 1, sizeof *found);
    size_t n = 0;
    if (!found)
        return TB_ENOMEM;
    struct db_query q = q_start(db, SQL_OBJECT_LIST_DUE);
    q_int(&q, (int64_t)kind);
    q_int(&q, day);
    q_int(&q, after_day);
    q_int(&q, after_id);
    q_int(&q, limit);
    while (n < limit && q_next(&q))
        read_row(&q, &found[n++]);
    int rc = q_end(&q);
    if (rc) {
        object_rows_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

void object_rows_free(struct object_row *rows, size_t count)
{
    for (size_t i = 0; rows && i < count; i++)
        object_row_clear(&rows[i]);
    free(rows);
}

/* ---- reports ---- */

int object_max_id(struct store_db *db, int64_t *id)
{
    int64_t max = 0;
    struct db_query q = q_start(db, SQL_OBJECT_MAX);
    if (q_next(&q))
        max = q_get_int(&q, 0); /* NULL reads as 0 */
    int rc = q_end(&q);
    if (!rc)
        *id = max;
    return rc;
}

int object_scan(struct store_db *db, int64_t first, int64_t last, int64_t since, int64_t until, struct object_row **rows, size_t *count)
{
    if (last < first)
        return TB_EINVAL;
    size_t room = (size_t)(last - first), n = 0;
    struct object_row *found = calloc(room ? room : 1, sizeof *found);
    if (!found)
        return TB_ENOMEM;
    struct db_query q = q_start(db, SQL_OBJECT_SCAN);
    q_int(&q, first);
    q_int(&q, last);
    q_int(&q, since);
    q_int(&q, until);
    while (n < room && q_next(&q))
        read_row(&q, &found[n++]);
    int rc = q_end(&q);
    if (rc) {
        object_rows_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

int object_grant_no(struct store_db *db, const char *uuid, char no[REGISTER_NO_TEXT])
{
    struct db_query q = q_start(db, SQL_OBJECT_GRANT_NO);
    q_text(&q, uuid);
    bool any = q_next(&q);
    if (any)
        q_get_text(&q, 0, no, REGISTER_NO_TEXT);
    int rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

/* ---- acts ---- */

static void event_range(struct db_query *q, int64_t object_id)
{
    q_int(q, object_id * (INT64_C(1) << EVENT_BITS));
    q_int(q, object_id * (INT64_C(1) << EVENT_BITS) + EVENTS_MAX);
}

int object_event_add(struct store_db *db, int64_t object_id, const struct event_row *event)
{
    int64_t last = 0;
    if (object_id <= 0 || object_id >> (62 - EVENT_BITS))
        return TB_EINVAL;
    struct db_query q = q_start(db, SQL_OBJECT_EVENT_LAST);
    event_range(&q, object_id);
    if (q_next(&q))
        last = q_get_int(&q, 0) & EVENTS_MAX; /* NULL reads as 0 */
    int rc = q_end(&q);
    if (rc || last == EVENTS_MAX)
        return rc ? rc : TB_ELIMIT;
    q = q_start(db, SQL_OBJECT_EVENT_ADD);
    q_int(&q, object_id * (INT64_C(1) << EVENT_BITS) + last + 1);
    q_int(&q, event->rev);
    q_int(&q, event->own);
    q_int(&q, event->ref);
    q_text(&q, event->own ? "" : event->peer);
    q_int(&q, event->verdict);
    return q_run(&q, NULL);
}

int object_event_own(struct store_db *db, uint64_t index, int64_t *event_id, int64_t *object_id)
{
    int64_t found = 0;
    struct db_query q = q_start(db, SQL_OBJECT_EVENT_OWN);
    q_int(&q, (int64_t)index);
    if (q_next(&q))
        found = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (rc || !found)
        return rc ? rc : TB_ENOTFOUND;
    *event_id = found;
    *object_id = found >> EVENT_BITS;
    return 0;
}

int object_event_settle(struct store_db *db, int64_t event_id, int64_t rev, int verdict)
{
    struct db_query q = q_start(db, SQL_OBJECT_EVENT_SETTLE);
    q_int(&q, event_id);
    q_int(&q, rev);
    q_int(&q, verdict);
    return q_run(&q, NULL);
}

int object_event_list(struct store_db *db, int64_t object_id, struct event_row **rows, size_t *count)
{
    struct event_row *found = NULL;
    size_t n = 0, room = 0;
    struct db_query q = q_start(db, SQL_OBJECT_EVENT_LIST);
    event_range(&q, object_id);
    while (q_next(&q)) {
        struct event_row *more = q_room(&q, found, n, &room, sizeof *found);
        if (!more)
            break;
        found = more;
        struct event_row *e = &found[n++];
        memset(e, 0, sizeof *e);
        e->n = q_get_int(&q, 0) & EVENTS_MAX;
        e->rev = q_get_int(&q, 1);
        e->own = q_get_int(&q, 2) != 0;
        e->ref = q_get_int(&q, 3);
        q_get_text(&q, 4, e->peer, sizeof e->peer);
        e->verdict = (int)q_get_int(&q, 5);
    }
    int rc = q_end(&q);
    if (rc) {
        free(found);
        return rc;
    }
    event_sort(found, n);
    *rows = found;
    *count = n;
    return 0;
}

int object_wait_add(struct store_db *db, int64_t object_id, const char *sha256)
{
    struct db_query q = q_start(db, SQL_OBJECT_WAIT_ADD);
    q_int(&q, object_id);
    q_text(&q, sha256);
    return q_run(&q, NULL);
}
