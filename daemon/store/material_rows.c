/* material_rows: rows about materials — which are here, which cases wait for which, which a peer has still to get. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"

int material_put(struct store_db *db, const struct material_row *row)
{
    struct db_query q = q_start(db, SQL_MATERIAL_PUT);
    q_text(&q, row->sha256);
    q_int(&q, row->size);
    q_text(&q, row->type);
    q_int(&q, row->at);
    return q_run(&q, NULL);
}

static void read_columns(struct db_query *q, struct material_row *row)
{
    memset(row, 0, sizeof *row);
    q_get_text(q, 0, row->sha256, sizeof row->sha256);
    row->size = q_get_int(q, 1);
    q_get_text(q, 2, row->type, sizeof row->type);
    row->at = q_get_int(q, 3);
}

static int get_one(struct db_query *q, struct material_row *row)
{
    struct material_row found;
    bool any = q_next(q);
    if (any)
        read_columns(q, &found);
    int rc = q_end(q);
    if (rc || !any)
        return rc ? rc : TB_ENOTFOUND;
    *row = found;
    return 0;
}

int material_get(struct store_db *db, const char *sha256, struct material_row *row)
{
    struct db_query q = q_start(db, SQL_MATERIAL_GET);
    q_text(&q, sha256);
    return get_one(&q, row);
}

int material_wait_add(struct store_db *db, int64_t case_id, const char *sha256)
{
    struct db_query q = q_start(db, SQL_MATERIAL_WAIT_ADD);
    q_int(&q, case_id);
    q_text(&q, sha256);
    return q_run(&q, NULL);
}

int material_arrived(struct store_db *db, const char *sha256, int64_t **case_ids, size_t *count)
{
    int64_t *found = NULL;
    size_t n = 0, room = 0;
    struct db_query q = q_start(db, SQL_MATERIAL_WAIT_DONE);
    q_text(&q, sha256);
    while (q_next(&q)) {
        int64_t *more = q_room(&q, found, n, &room, sizeof *found);
        if (!more)
            break;
        found = more;
        found[n++] = q_get_int(&q, 0);
    }
    int rc = q_end(&q);
    if (!rc) {
        q = q_start(db, SQL_MATERIAL_WAIT_FORGET);
        q_text(&q, sha256);
        rc = q_run(&q, NULL);
    }
    if (!rc) {
        q = q_start(db, SQL_OBJECT_WAIT_FORGET);
        q_text(&q, sha256);
        rc = q_run(&q, NULL);
    }
    if (rc) {
        free(found);
        return rc;
    }
    *case_ids = found;
    *count = n;
    return 0;
}

int material_waits(struct store_db *db, int64_t case_id, size_t *count)
{
    int64_t n = 0;
    struct db_query q = q_start(db, SQL_MATERIAL_WAITS);
    q_int(&q, case_id);
    if (q_next(&q))
        n = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc)
        *count = (size_t)n;
    return rc;
}

int material_expected(struct store_db *db, const char *sha256)
{
    struct db_query q = q_start(db, SQL_MATERIAL_EXPECTED);
    q_text(&q, sha256);
    bool any = q_next(&q);
    int rc = q_end(&q);
    return rc ? rc : any ? 0 : TB_ENOTFOUND;
}

int material_out_add(struct store_db *db, const char *peer, uint64_t index, const char *sha256)
{
    int64_t no = 0;
    int rc = db_peer_no(db, peer, true, &no);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_MATERIAL_OUT_ADD);
    q_int(&q, no);
    q_int(&q, (int64_t)index);
    q_text(&q, sha256);
    return q_run(&q, NULL);
}

int material_out_settle(struct store_db *db, const char *peer, uint64_t index, bool wanted)
{
    int64_t no = 0;
    int rc = db_peer_no(db, peer, false, &no);
    if (rc)
        return rc;
    struct db_query q = q_start(db, wanted ? SQL_MATERIAL_OUT_READY : SQL_MATERIAL_OUT_DROP);
    q_int(&q, no);
    q_int(&q, (int64_t)index);
    return q_run(&q, NULL);
}

int material_out_next(struct store_db *db, const char *peer, const char *behind, struct material_row *row)
{
    int64_t no = 0;
    int rc = db_peer_no(db, peer, false, &no);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_MATERIAL_OUT_NEXT);
    q_int(&q, no);
    q_text(&q, behind);
    rc = get_one(&q, row);
    return rc == TB_ENOTFOUND && behind[0] ? material_out_next(db, peer, "", row) : rc;
}

int material_out_list(struct store_db *db, const char *peer, unsigned limit,
                      int (*row)(void *context, const struct material_row *material, bool parked), void *context)
{
    int64_t no = 0;
    int rc = db_peer_no(db, peer, false, &no);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    struct db_query q = q_start(db, SQL_MATERIAL_OUT_LIST);
    q_int(&q, no);
    q_int(&q, limit);
    int told = 0;
    while (!told && q_next(&q)) {
        struct material_row found;
        read_columns(&q, &found);
        told = row(context, &found, q_get_int(&q, 4) != 0);
    }
    rc = q_end(&q);
    return rc ? rc : told;
}

int material_out_park(struct store_db *db, const char *peer, const char *sha256, bool parked)
{
    int64_t no = 0;
    int changes = 0, rc = db_peer_no(db, peer, false, &no);
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_MATERIAL_OUT_PARK);
    q_int(&q, no);
    q_text(&q, sha256);
    q_int(&q, parked);
    rc = q_run(&q, &changes);
    return rc ? rc : changes ? 0 : TB_ENOTFOUND;
}

int material_out_done(struct store_db *db, const char *peer, const char *sha256)
{
    int64_t no = 0;
    int rc = db_peer_no(db, peer, false, &no);
    if (rc == TB_ENOTFOUND)
        return 0;
    if (rc)
        return rc;
    struct db_query q = q_start(db, SQL_MATERIAL_OUT_DONE);
    q_int(&q, no);
    q_text(&q, sha256);
    return q_run(&q, NULL);
}

int material_case_add(struct store_db *db, const char *sha256, int64_t case_id)
{
    struct db_query q = q_start(db, SQL_MATERIAL_CASE_ADD);
    q_text(&q, sha256);
    q_int(&q, case_id);
    return q_run(&q, NULL);
}

int material_cases(struct store_db *db, const char *sha256, int64_t *cases, size_t most, size_t *count)
{
    *count = 0;
    struct db_query q = q_start(db, SQL_MATERIAL_CASES);
    q_text(&q, sha256);
    q_int(&q, (int64_t)most);
    while (q_next(&q) && *count < most)
        cases[(*count)++] = q_get_int(&q, 0);
    return q_end(&q);
}
