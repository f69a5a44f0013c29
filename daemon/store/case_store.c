/* case_store: rows of cases and of their events. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

enum { EVENT_BITS = 20, EVENTS_MAX = (1 << EVENT_BITS) - 1 };

/* Cases without a due day come last in the to-do list. */
static const int64_t no_due_day = INT64_C(1) << 40;

/* A page of the to-do list begins behind the last row of the one before, by due day and id: what comes to the list or leaves it between
 * two pages neither doubles nor hides a row, and a late page costs what the first does. */
enum { TODO_ID_BITS = 40 };

static int64_t todo_cursor(const struct case_row *last)
{
    int64_t day = last->due_day > 0 && last->due_day < (INT64_C(1) << 22) ? last->due_day : (INT64_C(1) << 22);
    return day << TODO_ID_BITS | (last->id & ((INT64_C(1) << TODO_ID_BITS) - 1));
}

static void bind_todo_cursor(struct db_query *q, int64_t cursor)
{
    int64_t day = cursor > 0 ? cursor >> TODO_ID_BITS : INT64_MIN;
    q_int(q, day >> 22 == 1 ? no_due_day : day);
    q_int(q, cursor > 0 ? cursor & ((INT64_C(1) << TODO_ID_BITS) - 1) : 0);
}

void case_row_clear(struct case_row *row)
{
    if (!row)
        return;
    free(row->applicant);
    free(row->number);
    row->applicant = row->number = NULL;
}

static void read_row(struct db_query *q, struct case_row *row)
{
    int c = 0;
    memset(row, 0, sizeof *row);
    row->id = q_get_int(q, c++);
    q_get_text(q, c++, row->case_no, sizeof row->case_no);
    q_get_text(q, c++, row->home, sizeof row->home);
    q_get_text(q, c++, row->intake, sizeof row->intake);
    q_get_text(q, c++, row->item, sizeof row->item);
    row->item_version = q_get_int(q, c++);
    int64_t state = q_get_int(q, c++), local = q_get_int(q, c++);
    if (state < 0 || state >= CASE_STATES || local < 0 || local >= CASE_STATES) {
        if (!q->rc)
            q->rc = db_code(q->db, SQLITE_CORRUPT);
        state = local = 0;
    }
    row->state = (enum case_state)state;
    row->local_state = row->stored_state = (enum case_state)local;
    row->pending = q_get_int(q, c++);
    row->rev = q_get_int(q, c++);
    row->noticed = q_get_int(q, c++);
    for (int time = TIME_NONE + 1; time < CASE_TIMES; time++)
        row->times[time] = q_get_int(q, c++);
    row->due_day = q_get_int(q, c++);
    row->due_provisional = q_get_int(q, c++);
    row->todo = (enum case_todo)q_get_int(q, c++);
    row->applicant = q_get_new_text(q, c++, NULL);
    row->number = q_get_new_text(q, c++, NULL);
    row->rule = q_get_int(q, c++);
    row->due_clock = q_get_int(q, c++);
    row->clock_from = q_get_int(q, c++);
    row->stop_until = q_get_int(q, c++);
    row->shifted = q_get_int(q, c++);
    row->tick_day = q_get_int(q, c++);
    q_get_text(q, c++, row->window, sizeof row->window);
    q_get_text(q, c++, row->township, sizeof row->township);
}

/* Closed for the lists: the home side says so, or we do and nothing of ours waits for its word. */
static bool is_open(const struct case_row *row)
{
    return !case_states[row->state].final && !(row->pending == 0 && case_states[row->local_state].final);
}

static void bind_row(struct db_query *q, const struct case_row *row)
{
    q_text(q, row->case_no);
    q_text(q, row->home);
    q_text(q, row->intake);
    q_text(q, row->item);
    q_int(q, row->item_version);
    q_int(q, row->state);
    q_int(q, row->local_state);
    q_int(q, row->pending);
    q_int(q, row->rev);
    q_int(q, row->noticed);
    for (int time = TIME_NONE + 1; time < CASE_TIMES; time++)
        q_int(q, row->times[time]);
    q_int(q, row->due_day);
    q_int(q, row->due_provisional);
    q_int(q, row->todo);
    q_text(q, row->applicant);
    q_text(q, row->number);
    q_int(q, is_open(row));
    q_int(q, row->due_day ? row->due_day : no_due_day);
    q_int(q, row->rule);
    q_int(q, row->due_clock);
    q_int(q, row->clock_from);
    q_int(q, row->stop_until);
    q_int(q, row->shifted);
    q_int(q, row->tick_day);
    q_text(q, row->window);
    q_text(q, row->township);
}

int case_serial_next(struct store_db *db, int64_t day, uint32_t *serial)
{
    int64_t n = 0;
    struct db_query q = q_start(db, SQL_CASE_SERIAL);
    q_int(&q, day);
    if (q_next(&q))
        n = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc && (n < 0 || n >= 99999999))
        rc = TB_ELIMIT;
    if (rc)
        return rc;
    q = q_start(db, SQL_CASE_SERIAL_PUT);
    q_int(&q, day);
    q_int(&q, n + 1);
    rc = q_run(&q, NULL);
    *serial = (uint32_t)(n + 1);
    return rc;
}

static bool states_valid(const struct case_row *row)
{
    return (unsigned)row->state < CASE_STATES && (unsigned)row->local_state < CASE_STATES;
}

int case_insert(struct store_db *db, struct case_row *row)
{
    if (!states_valid(row))
        return TB_EINVAL;
    struct db_query q = q_start(db, SQL_CASE_INSERT);
    bind_row(&q, row);
    int rc = q_run(&q, NULL);
    if (rc)
        return rc;
    row->id = sqlite3_last_insert_rowid(db->handle);
    row->stored_state = row->local_state;
    return 0;
}

static int update_by(struct store_db *db, enum sql_id statement, const struct case_row *row, int *changes)
{
    struct db_query q = q_start(db, statement);
    bind_row(&q, row);
    q_int(&q, row->id);
    return q_run(&q, changes);
}

/* SQLite takes out and puts in again what an index holds of each column that a statement names, also where the value stays the same.
 * So the statements that name fewer columns come first; each does nothing where the others differ. */
int case_update(struct store_db *db, const struct case_row *row)
{
    if (!states_valid(row))
        return TB_EINVAL;
    int changes = 0, rc = 0;
    if (row->stored_state == row->local_state)
        rc = update_by(db, SQL_CASE_UPDATE_ROW, row, &changes);
    if (!rc && !changes && is_open(row))
        rc = update_by(db, SQL_CASE_UPDATE_MOVE, row, &changes);
    if (!rc && !changes)
        rc = update_by(db, SQL_CASE_UPDATE, row, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

static int get_one(struct db_query *q, struct case_row *row)
{
    struct case_row found;
    bool any = q_next(q);
    if (any)
        read_row(q, &found);
    int rc = q_end(q);
    if (!any)
        return rc ? rc : TB_ENOTFOUND;
    if (rc)
        case_row_clear(&found);
    else
        *row = found;
    return rc;
}

int case_get(struct store_db *db, const char *case_no, struct case_row *row)
{
    struct db_query q = q_start(db, SQL_CASE_BY_NO);
    q_text(&q, case_no);
    return get_one(&q, row);
}

int case_get_by_id(struct store_db *db, int64_t id, struct case_row *row)
{
    struct db_query q = q_start(db, SQL_CASE_BY_ID);
    q_int(&q, id);
    return get_one(&q, row);
}

int case_set_applicant(struct store_db *db, const struct case_row *row)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_CASE_APPLICANT);
    q_int(&q, row->id);
    q_text(&q, row->applicant);
    q_text(&q, row->number);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

/* ---- lists ---- */

static int read_rows(struct db_query *q, unsigned limit, struct case_row **rows, size_t *count)
{
    struct case_row *found = calloc(limit, sizeof *found);
    size_t n = 0;
    if (!found)
        q->rc = q->rc ? q->rc : TB_ENOMEM;
    while (found && n < limit && q_next(q))
        read_row(q, &found[n++]);
    int rc = q_end(q);
    if (rc) {
        case_rows_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

int case_list_due(struct store_db *db, int64_t day, int64_t after_day, int64_t after_id, unsigned limit, struct case_row **rows,
                  size_t *count)
{
    struct db_query q = q_start(db, SQL_CASE_TICK);
    q_int(&q, day);
    q_int(&q, after_day);
    q_int(&q, after_id);
    q_int(&q, limit);
    return read_rows(&q, limit, rows, count);
}

int case_list_open_after(struct store_db *db, int64_t id, unsigned limit, struct case_row **rows, size_t *count)
{
    struct db_query q = q_start(db, SQL_CASE_LIST_OPEN_UP);
    q_int(&q, id);
    q_int(&q, limit);
    return read_rows(&q, limit, rows, count);
}

int calendar_state_get(struct store_db *db, struct calendar_state *state)
{
    struct calendar_state found = {.reached = 0};
    struct db_query q = q_start(db, SQL_CALENDAR_GET);
    bool any = q_next(&q);
    if (any) {
        q_get_bytes(&q, 0, found.digest, sizeof found.digest);
        found.reached = q_get_int(&q, 1);
        found.done = q_get_int(&q, 2) != 0;
        found.changed = q_get_int(&q, 3);
    }
    int rc = q_end(&q);
    if (!rc && any)
        *state = found;
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

int calendar_state_put(struct store_db *db, const struct calendar_state *state)
{
    struct db_query q = q_start(db, SQL_CALENDAR_PUT);
    q_blob(&q, state->digest, sizeof state->digest);
    q_int(&q, state->reached);
    q_int(&q, state->done);
    q_int(&q, state->changed);
    return q_run(&q, NULL);
}

static struct db_query start_list(struct store_db *db, const struct case_filter *filter, unsigned limit)
{
    int64_t below = filter->cursor > 0 ? filter->cursor : INT64_MAX;
    struct db_query q;
    const char *window = filter->window ? filter->window : "", *township = filter->township ? filter->township : "";
    bool narrowed = window[0] || township[0];
    if (filter->todo_only) {
        q = q_start(db, window[0] ? SQL_CASE_TODO_DESK : township[0] ? SQL_CASE_TODO_TOWNSHIP : SQL_CASE_LIST_TODO);
        q_int(&q, filter->todo);
        bind_todo_cursor(&q, filter->cursor);
        q_int(&q, limit);
        if (narrowed) {
            q_text(&q, window);
            q_text(&q, township);
        }
    } else if (filter->query || narrowed) {
        q = q_start(db, filter->query ? SQL_CASE_LIST_WORDS : window[0] ? SQL_CASE_LIST_DESK : SQL_CASE_LIST_TOWNSHIP);
        q_text(&q, filter->query ? filter->query : "");
        q_int(&q, below);
        q_int(&q, filter->state);
        q_int(&q, filter->open_only);
        q_int(&q, limit);
        q_text(&q, window);
        q_text(&q, township);
    } else if (filter->state >= 0) {
        q = q_start(db, SQL_CASE_LIST_STATE);
        q_int(&q, filter->state);
        q_int(&q, below);
        q_int(&q, filter->open_only);
        q_int(&q, limit);
    } else {
        q = q_start(db, filter->open_only ? SQL_CASE_LIST_OPEN : SQL_CASE_LIST_ALL);
        q_int(&q, below);
        q_int(&q, limit);
    }
    return q;
}

static bool taken_in_at(const struct case_row *row, const struct case_filter *filter)
{
    return (!filter->window || !filter->window[0] || !strcmp(row->window, filter->window)) &&
           (!filter->township || !filter->township[0] || !strcmp(row->township, filter->township));
}

static int list_one(struct store_db *db, const struct case_filter *filter, struct case_row *row)
{
    struct db_query q = q_start(db, SQL_CASE_BY_NO);
    q_text(&q, filter->query);
    bool found = q_next(&q);
    if (found)
        read_row(&q, row);
    int rc = q_end(&q);
    if (!rc && (!found || (filter->state >= 0 && (int)row->local_state != filter->state) ||
                (filter->open_only && !is_open(row)) || !taken_in_at(row, filter)))
        rc = TB_ENOTFOUND;
    if (rc && found)
        case_row_clear(row);
    return rc;
}

int case_list(struct store_db *db, const struct case_filter *filter, struct case_row **rows, size_t *count,
              int64_t *next)
{
    unsigned limit = filter->limit ? filter->limit : 1;
    if (limit > LIMIT_LIST_PAGE)
        limit = LIMIT_LIST_PAGE;
    struct case_row *found = calloc(limit + 1, sizeof *found);
    if (!found)
        return TB_ENOMEM;
    size_t n = 0;
    int rc = 0;
    if (!filter->todo_only && filter->query && strlen(filter->query) == CASE_NO_LEN) {
        rc = filter->cursor > 0 ? TB_ENOTFOUND : list_one(db, filter, &found[0]);
        n = !rc;
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    if (!rc && !n) {
        struct db_query q = start_list(db, filter, limit + 1);
        while (n <= limit && q_next(&q))
            read_row(&q, &found[n++]);
        rc = q_end(&q);
    }
    if (rc) {
        case_rows_free(found, n);
        return rc;
    }
    int64_t following = 0;
    if (n > limit) {
        case_row_clear(&found[--n]);
        following = filter->todo_only ? todo_cursor(&found[n - 1]) : found[n - 1].id;
    }
    *rows = found;
    *count = n;
    *next = following;
    return 0;
}

void case_rows_free(struct case_row *rows, size_t count)
{
    if (!rows)
        return;
    for (size_t i = 0; i < count; i++)
        case_row_clear(&rows[i]);
    free(rows);
}

/* ---- reports ---- */

int case_max_id(struct store_db *db, int64_t *id)
{
    int64_t max = 0;
    struct db_query q = q_start(db, SQL_CASE_MAX);
    if (q_next(&q))
        max = q_get_int(&q, 0); /* NULL reads as 0 */
    int rc = q_end(&q);
    if (!rc)
        *id = max;
    return rc;
}

/* All rows of a query whose number of rows the caller has bounded by `room`. */
static int collect(struct db_query *q, size_t room, struct case_row **rows, size_t *count)
{
    struct case_row *found = calloc(room ? room : 1, sizeof *found);
    size_t n = 0;
    while (found && n < room && q_next(q))
        read_row(q, &found[n++]);
    int rc = q_end(q);
    if (!found)
        return rc ? rc : TB_ENOMEM;
    if (rc) {
        case_rows_free(found, n);
        return rc;
    }
    *rows = found;
    *count = n;
    return 0;
}

int case_scan(struct store_db *db, int64_t first, int64_t last, int64_t since, int64_t until, struct case_row **rows, size_t *count)
{
    if (last < first)
        return TB_EINVAL;
    struct db_query q = q_start(db, SQL_CASE_SCAN);
    q_int(&q, first);
    q_int(&q, last);
    q_int(&q, since);
    q_int(&q, until);
    return collect(&q, (size_t)(last - first), rows, count);
}

int case_scan_open(struct store_db *db, int64_t first, unsigned limit, struct case_row **rows, size_t *count)
{
    struct db_query q = q_start(db, SQL_CASE_SCAN_OPEN);
    q_int(&q, first);
    q_int(&q, limit);
    return collect(&q, limit, rows, count);
}

/* ---- events ---- */

static void event_range(struct db_query *q, int64_t case_id)
{
    q_int(q, case_id * (INT64_C(1) << EVENT_BITS));
    q_int(q, case_id * (INT64_C(1) << EVENT_BITS) + EVENTS_MAX);
}

int event_add(struct store_db *db, int64_t case_id, const struct event_row *event)
{
    if (case_id <= 0 || case_id >> (62 - EVENT_BITS))
        return TB_EINVAL;
    int64_t last = 0;
    struct db_query q = q_start(db, SQL_EVENT_LAST);
    event_range(&q, case_id);
    if (q_next(&q))
        last = q_get_int(&q, 0) & EVENTS_MAX; /* NULL reads as 0 */
    int rc = q_end(&q);
    if (!rc && last == EVENTS_MAX)
        rc = TB_ELIMIT;
    if (rc)
        return rc;
    q = q_start(db, SQL_EVENT_ADD);
    q_int(&q, case_id * (INT64_C(1) << EVENT_BITS) + last + 1);
    q_int(&q, event->rev);
    q_int(&q, event->own);
    q_int(&q, event->ref);
    q_text(&q, event->own ? "" : event->peer);
    q_int(&q, event->type);
    q_int(&q, event->verdict);
    return q_run(&q, NULL);
}

int event_settle(struct store_db *db, int64_t case_id, uint64_t own_index, int64_t rev, enum verdict verdict)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_EVENT_SETTLE);
    event_range(&q, case_id);
    q_int(&q, (int64_t)own_index);
    q_int(&q, rev);
    q_int(&q, verdict);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

static int by_revision(const void *a, const void *b)
{
    const struct event_row *x = a, *y = b;
    if (!x->rev != !y->rev)
        return x->rev ? -1 : 1;
    if (x->rev != y->rev)
        return x->rev < y->rev ? -1 : 1;
    return (x->n > y->n) - (x->n < y->n);
}

void event_sort(struct event_row *rows, size_t count)
{
    if (count > 1)
        qsort(rows, count, sizeof *rows, by_revision);
}

int event_list(struct store_db *db, int64_t case_id, struct event_row **rows, size_t *count)
{
    struct event_row *found = NULL;
    size_t n = 0, room = 0;
    struct db_query q = q_start(db, SQL_EVENT_LIST);
    event_range(&q, case_id);
    while (q_next(&q)) {
        struct event_row *more = q_room(&q, found, n, &room, sizeof *found);
        if (!more)
            break;
        found = more;
        struct event_row *e = &found[n];
        memset(e, 0, sizeof *e);
        e->n = q_get_int(&q, 0) & EVENTS_MAX;
        e->rev = q_get_int(&q, 1);
        e->own = q_get_int(&q, 2) != 0;
        e->ref = q_get_int(&q, 3);
        q_get_text(&q, 4, e->peer, sizeof e->peer);
        e->type = (enum entry_type)q_get_int(&q, 5);
        e->verdict = (int)q_get_int(&q, 6);
        if ((unsigned)e->type >= ENTRY_TYPES && !q.rc)
            q.rc = db_code(db, SQLITE_CORRUPT);
        n++;
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

int event_find(struct store_db *db, int64_t case_id, uint64_t own_index)
{
    struct db_query q = q_start(db, SQL_EVENT_OF);
    event_range(&q, case_id);
    q_int(&q, (int64_t)own_index);
    bool any = q_next(&q);
    int rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

int event_find_theirs(struct store_db *db, int64_t case_id, const char *peer, int64_t seq)
{
    struct db_query q = q_start(db, SQL_EVENT_THEIRS);
    event_range(&q, case_id);
    q_int(&q, seq);
    q_text(&q, peer);
    bool any = q_next(&q);
    int rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}
