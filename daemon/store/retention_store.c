/* retention_store: takes the personal data of a case out of every table. */
#include "daemon/store/retention_rows.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/material.h"
#include "proto/retention.h"

enum { OBJECT_EVENTS = 1024, AGAIN_MS = 24 * 60 * 60 * 1000 };

static void read_case(struct db_query *q, struct retention_case *row)
{
    *row = (struct retention_case){.id = q_get_int(q, 0), .item_version = q_get_int(q, 4), .closed = q_get_int(q, 5)};
    q_get_text(q, 1, row->case_no, sizeof row->case_no);
    q_get_text(q, 2, row->home, sizeof row->home);
    q_get_text(q, 3, row->item, sizeof row->item);
}

int retention_closed(struct store_db *db, int64_t after, int64_t until, int64_t before, size_t limit, struct retention_case *rows,
                     size_t *count)
{
    size_t n = 0;
    struct db_query q = q_start(db, SQL_RETENTION_CLOSED);
    q_int(&q, after);
    q_int(&q, before);
    q_int(&q, (int64_t)limit);
    q_int(&q, until);
    while (n < limit && q_next(&q))
        read_case(&q, &rows[n++]);
    *count = n;
    return q_end(&q);
}

int retention_span(struct store_db *db, int64_t *span)
{
    struct db_query q = q_start(db, SQL_RETENTION_SPAN);
    *span = q_next(&q) ? q_get_int(&q, 0) : 0;
    return q_end(&q);
}

int retention_sweep_get(struct store_db *db, struct retention_sweep *sweep)
{
    *sweep = (struct retention_sweep){.began = 0};
    struct db_query q = q_start(db, SQL_SWEEP_GET);
    if (q_next(&q))
        *sweep = (struct retention_sweep){.began = q_get_int(&q, 0), .ended = q_get_int(&q, 1), .cases = q_get_int(&q, 2),
                                          .kept = q_get_int(&q, 3)};
    return q_end(&q);
}

int retention_sweep_put(struct store_db *db, const struct retention_sweep *sweep)
{
    struct db_query q = q_start(db, SQL_SWEEP_PUT);
    q_int(&q, sweep->began);
    q_int(&q, sweep->ended);
    q_int(&q, sweep->cases);
    q_int(&q, sweep->kept);
    return q_run(&q, NULL);
}

int retention_is_over(struct store_db *db, int64_t case_id, bool *over)
{
    struct db_query q = q_start(db, SQL_ERASED_HAS);
    q_int(&q, case_id);
    *over = q_next(&q);
    return q_end(&q);
}

int retention_erased_next(struct store_db *db, int64_t after, struct retention_case *row, int64_t *at)
{
    struct db_query q = q_start(db, SQL_ERASED_NEXT);
    q_int(&q, after);
    bool found = q_next(&q);
    if (found) {
        read_case(&q, row);
        *at = q_get_int(&q, 6);
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int retention_material_bytes(struct store_db *db, int64_t case_id, int64_t *bytes)
{
    int64_t found = 0;
    struct db_query q = q_start(db, SQL_RETENTION_BYTES);
    q_int(&q, case_id);
    if (q_next(&q))
        found = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc)
        *bytes = found;
    return rc;
}

static int write_line(struct store_db *db, enum sql_id sql, int64_t key, const struct buf *line, int64_t at, const char *rule)
{
    struct buf left;
    buf_init(&left, LIMIT_ENTRY_BYTES);
    int rc = retention_redact(line->data, line->len, at, rule, &left);
    if (!rc) {
        struct db_query q = q_start(db, sql);
        q_int(&q, key);
        q_blob(&q, left.data, left.len);
        rc = q_run(&q, NULL);
    }
    buf_free(&left);
    return rc;
}

static int erase_line(struct store_db *db, bool own, int64_t ref, const char *peer, int64_t at, const char *rule)
{
    struct buf line;
    struct inbox_row row;
    int64_t no, key = ref;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    int rc = own ? store_entry_line(db, (uint64_t)ref, &line) : inbox_get(db, peer, ref, &row);
    if (!rc && !own) {
        rc = buf_append(&line, row.line, row.len);
        inbox_clear(&row);
        if (!rc)
            rc = db_peer_no(db, peer, false, &no);
        if (!rc)
            rc = db_direction_key(no, (uint64_t)ref, &key);
    }
    if (!rc)
        rc = write_line(db, own ? SQL_ERASE_ENTRY : SQL_ERASE_INBOX, key, &line, at, rule);
    buf_free(&line);
    return rc;
}

static int erase_objects(struct store_db *db, int64_t case_id, int64_t at, const char *rule, int64_t *lines)
{
    struct { bool own; int64_t ref; char peer[OFFICE_TEXT]; } *found = calloc(OBJECT_EVENTS, sizeof *found);
    size_t n = 0;
    if (!found)
        return TB_ENOMEM;
    struct db_query q = q_start(db, SQL_ERASE_OBJECT_EVENTS);
    q_int(&q, case_id);
    while (n < OBJECT_EVENTS && q_next(&q)) {
        found[n].own = q_get_int(&q, 0) != 0;
        found[n].ref = q_get_int(&q, 1);
        q_get_text(&q, 2, found[n++].peer, OFFICE_TEXT);
    }
    int rc = q_end(&q);
    if (!rc && n == OBJECT_EVENTS)
        rc = TB_ELIMIT;
    for (size_t i = 0; i < n && !rc; i++, ++*lines)
        rc = erase_line(db, found[i].own, found[i].ref, found[i].peer, at, rule);
    free(found);
    return rc;
}

/* Rows of what waits and that nobody is about to name; their files go by the next command, when this one is committed. */
static int drop_materials(struct store_db *db)
{
    struct db_query q = q_start(db, SQL_ERASE_MATERIALS);
    q_int(&q, store_now(db) - AGAIN_MS);
    return q_run(&q, NULL);
}

static int erase_rows(struct store_db *db, int64_t case_id, int64_t *materials)
{
    static const enum sql_id order[] = {SQL_ERASE_CASE,    SQL_ERASE_DOCUMENTS,     SQL_ERASE_FOREIGN, SQL_ERASE_OBJECTS,
                                        SQL_ERASE_FILES_ADD, SQL_ERASE_MATERIAL_CASE};
    int rc = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0] && !rc; i++) {
        int changes = 0;
        struct db_query q = q_start(db, order[i]);
        q_int(&q, case_id);
        rc = q_run(&q, &changes);
        if (order[i] == SQL_ERASE_FILES_ADD)
            *materials = changes;
    }
    return rc ? rc : drop_materials(db);
}

int retention_erase(struct store_db *db, const struct retention_case *row, int64_t at, const char *rule, int64_t *lines, int64_t *materials)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int64_t n = 0, files = 0;
    bool over;
    *lines = *materials = 0;
    int rc = retention_is_over(db, row->id, &over);
    if (rc || over)
        return rc;
    rc = event_list(db, row->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        if (events[i].type == ENTRY_CASE_VIEWED)
            continue; /* who saw it stays: it names nobody else */
        rc = erase_line(db, events[i].own, events[i].ref, events[i].peer, at, rule);
        n++;
    }
    free(events);
    if (!rc)
        rc = erase_objects(db, row->id, at, rule, &n);
    if (!rc)
        rc = erase_rows(db, row->id, &files);
    if (!rc) {
        struct db_query q = q_start(db, SQL_ERASED_ADD);
        q_int(&q, row->id);
        q_int(&q, at);
        q_text(&q, rule);
        q_int(&q, n);
        q_int(&q, files);
        rc = q_run(&q, NULL);
    }
    *lines = n;
    *materials = files;
    return rc;
}

struct waiting_file {
    char sha256[MATERIAL_NAME_TEXT];
    bool named, linked; /* a row says that it is here; a case or a message names it */
};

/* The next one behind `file`; none: "". */
static int next_file(struct store_db *db, struct waiting_file *file)
{
    struct waiting_file found = {.sha256 = ""};
    struct db_query q = q_start(db, SQL_ERASE_FILE_NEXT);
    q_text(&q, file->sha256);
    if (q_next(&q)) {
        q_get_text(&q, 0, found.sha256, sizeof found.sha256);
        found.named = q_get_int(&q, 1) != 0;
        found.linked = q_get_int(&q, 2) != 0;
    }
    int rc = q_end(&q);
    *file = found;
    return rc;
}

int retention_unlink(struct store_db *db, struct material_store *materials)
{
    struct waiting_file file = {.sha256 = ""};
    for (;;) {
        int rc = next_file(db, &file);
        if (rc || !file.sha256[0])
            return rc ? rc : drop_materials(db);
        if (!file.linked && file.named) /* uploaded again: whoever did has a day to hand it in */
            continue;
        if (!file.linked) /* a linked one stays */
            rc = material_delete(materials, file.sha256);
        if (rc == TB_ETEMP) /* being uploaded now: its row is on the way */
            continue;
        if (rc && rc != TB_ENOTFOUND)
            return rc;
        struct db_query q = q_start(db, SQL_ERASE_FILE_DONE);
        q_text(&q, file.sha256);
        rc = q_run(&q, NULL);
        if (rc)
            return rc;
    }
}

int retention_hold_next(struct store_db *db, int64_t after, struct retention_hold *hold)
{
    struct db_query q = q_start(db, SQL_HOLD_NEXT);
    q_int(&q, after);
    bool found = q_next(&q);
    if (found) {
        *hold = (struct retention_hold){.case_id = q_get_int(&q, 0), .at = q_get_int(&q, 2), .uid = q_get_int(&q, 3),
                                        .entry = q_get_int(&q, 5)};
        q_get_text(&q, 1, hold->case_no, sizeof hold->case_no);
        q_get_text(&q, 4, hold->reason, sizeof hold->reason);
    }
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}

int retention_hold_count(struct store_db *db, int64_t *count)
{
    struct db_query q = q_start(db, SQL_HOLD_COUNT);
    *count = q_next(&q) ? q_get_int(&q, 0) : 0;
    return q_end(&q);
}

int retention_hold_put(struct store_db *db, const struct retention_hold *hold)
{
    struct db_query q = q_start(db, SQL_HOLD_ADD);
    q_int(&q, hold->case_id);
    q_int(&q, hold->at);
    q_int(&q, hold->uid);
    q_text(&q, hold->reason);
    q_int(&q, hold->entry);
    return q_run(&q, NULL);
}

int retention_hold_drop(struct store_db *db, int64_t case_id, int *changes)
{
    struct db_query q = q_start(db, SQL_HOLD_DROP);
    q_int(&q, case_id);
    return q_run(&q, changes);
}

int store_entry_leaf(struct store_db *db, uint64_t index, struct ledger_hash *leaf)
{
    struct db_query q = q_start(db, SQL_ENTRY_HASHES);
    q_int(&q, (int64_t)index);
    bool found = q_next(&q) && sqlite3_column_bytes(q.statement, 0) >= (int)sizeof leaf->b;
    if (found)
        memcpy(leaf->b, sqlite3_column_blob(q.statement, 0), sizeof leaf->b);
    int rc = q_end(&q);
    return rc ? rc : found ? 0 : TB_ENOTFOUND;
}
