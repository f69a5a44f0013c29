/* joint_store: rows of joint cases and of their legs. */
#include "daemon/store/joint_rows.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"

enum { LEG_BITS = 5 };
_Static_assert(LIMIT_JOINT_LEGS < 1 << LEG_BITS, "the number of a leg fits its part of the key");

void joint_row_clear(struct joint_row *row)
{
    if (!row)
        return;
    free(row->title);
    free(row->applicant);
    free(row->number);
    row->title = row->applicant = row->number = NULL;
}

/* A stored number outside its table is damage, not a state. */
static int read_word(struct db_query *q, int column, int count)
{
    int64_t value = q_get_int(q, column);
    if (value >= 0 && value < count)
        return (int)value;
    if (!q->rc)
        q->rc = db_code(q->db, SQLITE_CORRUPT);
    return 0;
}

static void read_row(struct db_query *q, struct joint_row *row)
{
    memset(row, 0, sizeof *row);
    row->id = q_get_int(q, 0);
    q_get_text(q, 1, row->joint_no, sizeof row->joint_no);
    q_get_text(q, 2, row->item, sizeof row->item);
    row->item_version = q_get_int(q, 3);
    row->title = q_get_new_text(q, 4, NULL);
    row->rule = (enum joint_rule)read_word(q, 5, JOINT_RULES);
    row->state = (enum joint_state)read_word(q, 6, JOINT_STATES);
    row->entry = q_get_int(q, 7);
    row->withdrawn = q_get_int(q, 8);
    row->ended = q_get_int(q, 9);
    row->opened = q_get_int(q, 10);
    row->closed = q_get_int(q, 11);
    row->applicant = q_get_new_text(q, 12, NULL);
    row->number = q_get_new_text(q, 13, NULL);
}

int joint_insert(struct store_db *db, struct joint_row *row)
{
    struct db_query q = q_start(db, SQL_JOINT_INSERT);
    q_text(&q, row->joint_no);
    q_text(&q, row->item);
    q_int(&q, row->item_version);
    q_text(&q, row->title);
    q_int(&q, row->rule);
    q_int(&q, row->state);
    q_int(&q, row->entry);
    q_int(&q, row->withdrawn);
    q_int(&q, row->ended);
    q_int(&q, row->opened);
    q_int(&q, row->closed);
    q_text(&q, row->applicant);
    q_text(&q, row->number);
    int rc = q_run(&q, NULL);
    if (!rc)
        row->id = sqlite3_last_insert_rowid(db->handle);
    return rc;
}

int joint_update(struct store_db *db, const struct joint_row *row)
{
    int changes = 0;
    struct db_query q = q_start(db, SQL_JOINT_UPDATE);
    q_int(&q, row->id);
    q_int(&q, row->state);
    q_int(&q, row->withdrawn);
    q_int(&q, row->ended);
    q_int(&q, row->closed);
    int rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

static int get_one(struct db_query *q, struct joint_row *row)
{
    struct joint_row found;
    bool any = q_next(q);
    if (any)
        read_row(q, &found);
    int rc = q_end(q);
    if (!any)
        return rc ? rc : TB_ENOTFOUND;
    if (rc)
        joint_row_clear(&found);
    else
        *row = found;
    return rc;
}

int joint_get(struct store_db *db, const char *joint_no, struct joint_row *row)
{
    struct db_query q = q_start(db, SQL_JOINT_BY_NO);
    q_text(&q, joint_no);
    return get_one(&q, row);
}

int joint_get_by_id(struct store_db *db, int64_t id, struct joint_row *row)
{
    struct db_query q = q_start(db, SQL_JOINT_BY_ID);
    q_int(&q, id);
    return get_one(&q, row);
}

int joint_list(struct store_db *db, const char *query, bool open_only, int64_t cursor, unsigned limit, struct joint_row **rows,
               size_t *count, int64_t *next)
{
    unsigned most = limit < 1 ? 1 : limit > LIMIT_LIST_PAGE ? LIMIT_LIST_PAGE : limit;
    struct joint_row *found = calloc(most + 1, sizeof *found);
    size_t n = 0;
    if (!found)
        return TB_ENOMEM;
    struct db_query q = q_start(db, query ? SQL_JOINT_LIST_WORDS : open_only ? SQL_JOINT_LIST_OPEN : SQL_JOINT_LIST);
    if (query)
        q_text(&q, query);
    q_int(&q, cursor > 0 ? cursor : INT64_MAX);
    if (query)
        q_int(&q, open_only);
    q_int(&q, most + 1);
    while (n <= most && q_next(&q))
        read_row(&q, &found[n++]);
    int rc = q_end(&q);
    if (rc) {
        joint_rows_free(found, n);
        return rc;
    }
    int64_t following = 0;
    if (n > most) {
        joint_row_clear(&found[--n]);
        following = found[n - 1].id;
    }
    *rows = found;
    *count = n;
    *next = following;
    return 0;
}

void joint_rows_free(struct joint_row *rows, size_t count)
{
    for (size_t i = 0; rows && i < count; i++)
        joint_row_clear(&rows[i]);
    free(rows);
}

/* ---- legs ---- */

int joint_leg_put(struct store_db *db, int64_t joint_id, size_t n, const struct joint_leg_row *row)
{
    if (joint_id <= 0 || n >= LIMIT_JOINT_LEGS)
        return TB_EINVAL;
    struct db_query q = q_start(db, SQL_JOINT_LEG_PUT);
    q_int(&q, (joint_id << LEG_BITS) + (int64_t)n);
    q_int(&q, row->leg.state);
    q_int(&q, row->leg.after);
    q_int(&q, row->leg.required);
    if (row->case_id)
        q_int(&q, row->case_id);
    else
        q_text(&q, NULL);
    q_int(&q, row->opened);
    q_int(&q, row->due_day);
    q_int(&q, row->due_provisional);
    q_text(&q, row->reason);
    return q_run(&q, NULL);
}

int joint_leg_list(struct store_db *db, int64_t joint_id, struct joint_leg_row rows[LIMIT_JOINT_LEGS], size_t *count)
{
    size_t n = 0;
    struct db_query q = q_start(db, SQL_JOINT_LEG_LIST);
    q_int(&q, joint_id << LEG_BITS);
    q_int(&q, (joint_id + 1) << LEG_BITS);
    while (n < LIMIT_JOINT_LEGS && q_next(&q)) {
        struct joint_leg_row *row = &rows[n++];
        memset(row, 0, sizeof *row);
        row->leg.state = (enum joint_leg_state)read_word(&q, 1, LEG_STATES);
        row->leg.after = (uint32_t)q_get_int(&q, 2);
        row->leg.required = q_get_int(&q, 3) != 0;
        row->case_id = q_get_int(&q, 4); /* NULL reads as 0 */
        row->opened = q_get_int(&q, 5);
        row->due_day = q_get_int(&q, 6);
        row->due_provisional = q_get_int(&q, 7) != 0;
        q_get_text(&q, 8, row->reason, sizeof row->reason);
    }
    int rc = q_end(&q);
    if (!rc)
        *count = n;
    return rc;
}

int joint_leg_of(struct store_db *db, int64_t case_id, int64_t *joint_id, size_t *n)
{
    int64_t id = 0;
    struct db_query q = q_start(db, SQL_JOINT_LEG_OF_CASE);
    q_int(&q, case_id);
    bool any = q_next(&q);
    if (any)
        id = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (rc || !any)
        return rc ? rc : TB_ENOTFOUND;
    *joint_id = id >> LEG_BITS;
    *n = (size_t)(id & ((1 << LEG_BITS) - 1));
    return 0;
}
