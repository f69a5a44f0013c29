/* catalogue_store: rows of items, editions and authorisations, and the stored answers of the window API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"
#include "proto/strict_json.h"

/* ---- items ---- */

int item_put(struct store_db *db, const char *office, const char *code, int64_t version, int64_t edition,
             const char *json, const char *name)
{
    struct db_query q = q_start(db, SQL_ITEM_PUT);
    q_text(&q, office);
    q_text(&q, code);
    q_int(&q, version);
    q_int(&q, edition);
    q_text(&q, json);
    q_text(&q, name);
    db_forget_items(db);
    return q_run(&q, NULL);
}

int item_get(struct store_db *db, const char *office, const char *code, int64_t version, int64_t *found_version,
             bool *current, struct buf *out)
{
    struct db_query q = q_start(db, version ? SQL_ITEM_GET : SQL_ITEM_NEWEST);
    q_text(&q, office);
    q_text(&q, code);
    if (version)
        q_int(&q, version);
    int64_t found = 0;
    bool is_current = false;
    size_t before = out->len;
    if (q_next(&q)) {
        found = q_get_int(&q, 0);
        is_current = q_get_int(&q, 1) != 0;
        q_get_append(&q, 2, out);
    }
    int rc = q_end(&q);
    if (rc || !found) {
        out->len = before;
        return rc ? rc : TB_ENOTFOUND;
    }
    if (found_version)
        *found_version = found;
    if (current)
        *current = is_current;
    return 0;
}

static struct db_item *item_slot(struct store_db *db, const char *office, const char *code, int64_t version)
{
    if (!db->writable || strlen(code) >= sizeof db->item->code)
        return NULL;
    if (!db->item)
        db->item = calloc(DB_ITEM_CACHE, sizeof *db->item);
    size_t hash = (size_t)version;
    for (const char *at = office; *at; at++)
        hash = hash * 31 + (unsigned char)*at;
    for (const char *at = code; *at; at++)
        hash = hash * 31 + (unsigned char)*at;
    return db->item ? &db->item[hash % DB_ITEM_CACHE] : NULL;
}

int item_find(struct store_db *db, const char *office, const char *code, int64_t version, int64_t *found_version,
              bool *current, json_t **doc)
{
    struct db_item *slot = item_slot(db, office, code, version);
    if (slot && slot->doc && slot->asked == version && !strcmp(slot->code, code) && !strcmp(slot->office, office)) {
        *found_version = slot->found;
        *current = slot->current;
        *doc = json_incref(slot->doc);
        return 0;
    }
    struct buf text;
    struct db_item item = {.asked = version};
    buf_init(&text, LIMIT_ENTRY_BYTES);
    int rc = item_get(db, office, code, version, &item.found, &item.current, &text);
    if (!rc && strict_json_parse(text.data, text.len, &item.doc, NULL))
        rc = TB_ECORRUPT;
    buf_free(&text);
    if (rc)
        return rc;
    *found_version = item.found;
    *current = item.current;
    *doc = json_incref(item.doc);
    if (!slot) {
        json_decref(item.doc);
        return 0;
    }
    (void)snprintf(item.office, sizeof item.office, "%s", office);
    (void)snprintf(item.code, sizeof item.code, "%s", code);
    json_decref(slot->doc);
    *slot = item;
    return 0;
}

int item_highest(struct store_db *db, const char *office, const char *code, int64_t *version)
{
    int64_t found = 0;
    struct db_query q = q_start(db, SQL_ITEM_HIGHEST);
    q_text(&q, office);
    q_text(&q, code);
    if (q_next(&q))
        found = q_get_int(&q, 0);
    int rc = q_end(&q);
    if (!rc)
        *version = found;
    return rc;
}

int item_each(struct store_db *db, const char *office, int (*row)(void *context, const struct item_row *item), void *context)
{
    struct db_query q = q_start(db, SQL_ITEM_EACH);
    q_text(&q, office);
    while (q_next(&q)) {
        struct item_row item = {.edition = q_get_int(&q, 1), .since = q_get_int(&q, 3)};
        q_get_text(&q, 0, item.office, sizeof item.office);
        item.json = (const char *)sqlite3_column_text(q.statement, 2);
        if (!q.rc && !item.json)
            q.rc = TB_ENOMEM;
        if (!q.rc) {
            int rc = row(context, &item);
            q.rc = rc < 0 ? rc : 0;
        }
    }
    return q_end(&q);
}

int edition_get(struct store_db *db, const char *office, int64_t *edition, uint8_t digest[32])
{
    uint8_t bytes[32];
    int64_t found = 0;
    struct db_query q = q_start(db, SQL_EDITION_GET);
    q_text(&q, office);
    bool any = q_next(&q);
    if (any) {
        found = q_get_int(&q, 0);
        q_get_bytes(&q, 1, bytes, sizeof bytes);
    }
    int rc = q_end(&q);
    if (rc || !any)
        return rc ? rc : TB_ENOTFOUND;
    *edition = found;
    memcpy(digest, bytes, sizeof bytes);
    return 0;
}

int edition_put(struct store_db *db, const char *office, int64_t edition, const uint8_t digest[32])
{
    struct db_query q = q_start(db, SQL_EDITION_PUT);
    q_text(&q, office);
    q_int(&q, edition);
    q_blob(&q, digest, 32);
    db_forget_items(db); /* what is current changes with the edition */
    return q_run(&q, NULL);
}

/* ---- authorisations ---- */

void authorisation_row_clear(struct authorisation_row *row)
{
    if (!row)
        return;
    free(row->items);
    row->items = NULL;
}

int authorisation_put(struct store_db *db, const struct authorisation_row *row)
{
    struct db_query q = q_start(db, SQL_AUTHORISATION_PUT);
    q_text(&q, row->id);
    q_text(&q, row->principal);
    q_text(&q, row->delegate);
    q_text(&q, row->steps);
    q_text(&q, row->items);
    q_int(&q, row->from_day);
    q_int(&q, row->until_day);
    q_int(&q, row->acceptance);
    q_text(&q, row->announcement);
    return q_run(&q, NULL);
}

int authorisation_get(struct store_db *db, const char *id, struct authorisation_row *row)
{
    struct authorisation_row found;
    memset(&found, 0, sizeof found);
    struct db_query q = q_start(db, SQL_AUTHORISATION_GET);
    q_text(&q, id);
    bool any = q_next(&q);
    if (any) {
        q_get_text(&q, 0, found.id, sizeof found.id);
        q_get_text(&q, 1, found.principal, sizeof found.principal);
        q_get_text(&q, 2, found.delegate, sizeof found.delegate);
        q_get_text(&q, 3, found.steps, sizeof found.steps);
        found.items = q_get_new_text(&q, 4, NULL);
        found.from_day = q_get_int(&q, 5);
        found.until_day = q_get_int(&q, 6);
        found.acceptance = q_get_int(&q, 7);
        q_get_text(&q, 8, found.announcement, sizeof found.announcement);
    }
    int rc = q_end(&q);
    if (rc || !any) {
        authorisation_row_clear(&found);
        return rc ? rc : TB_ENOTFOUND;
    }
    *row = found;
    return 0;
}

/* `items` is "*" or ",CODE,CODE,". */
static bool covers(const char *items, const char *code)
{
    size_t len = strlen(code);
    if (!strcmp(items, "*"))
        return true;
    if (!len || strchr(code, ','))
        return false;
    for (const char *at = strchr(items, ','); at; at = strchr(at + 1, ','))
        if (!strncmp(at + 1, code, len) && at[1 + len] == ',')
            return true;
    return false;
}

int authorisation_find(struct store_db *db, const char *principal, const char *delegate, const char *item,
                       enum case_step step, int64_t day, char id[UUID_TEXT])
{
    char found[UUID_TEXT] = "";
    struct db_query q = q_start(db, SQL_AUTHORISATION_FIND);
    q_text(&q, principal);
    q_text(&q, delegate);
    q_int(&q, day);
    while (!found[0] && q_next(&q)) {
        const char *steps = (const char *)sqlite3_column_text(q.statement, 1);
        const char *items = (const char *)sqlite3_column_text(q.statement, 2);
        if (!steps || !items)
            q.rc = TB_ENOMEM;
        else if (step != STEP_NONE && strchr(steps, (char)step) && covers(items, item))
            q_get_text(&q, 0, found, sizeof found);
    }
    int rc = q_end(&q);
    if (rc || !found[0])
        return rc ? rc : TB_ENOTFOUND;
    memcpy(id, found, sizeof found);
    return 0;
}

/* ---- idempotency of the window API ---- */

int idempotency_get(struct store_db *db, const char *staff, const char *key, const uint8_t request_hash[32],
                    int *status, struct buf *body)
{
    uint8_t hash[32];
    int found = 0;
    size_t before = body->len;
    struct db_query q = q_start(db, SQL_IDEMPOTENCY_GET);
    q_text(&q, key);
    q_text(&q, staff);
    if (q_next(&q)) {
        q_get_bytes(&q, 0, hash, sizeof hash);
        found = (int)q_get_int(&q, 1);
        if (!q.rc && memcmp(hash, request_hash, sizeof hash))
            q.rc = TB_ECONFLICT;
        q_get_append(&q, 2, body);
    }
    int rc = q_end(&q);
    if (rc || !found) {
        body->len = before;
        return rc ? rc : TB_ENOTFOUND;
    }
    *status = found;
    return 0;
}

int idempotency_put(struct store_db *db, const char *staff, const char *key, const uint8_t request_hash[32], int status,
                    const char *body)
{
    const struct world *world = store_world(db);
    int64_t now = world->now_ms(world->context);
    struct db_query q = q_start(db, SQL_IDEMPOTENCY_PUT);
    q_int(&q, now);
    q_text(&q, staff);
    q_text(&q, key);
    q_blob(&q, request_hash, 32);
    q_int(&q, status);
    q_text(&q, body);
    int rc = q_run(&q, NULL);
    if (rc)
        return rc;
    /* A few of the oldest go with each new one, so that the table stays as large as its time. */
    q = q_start(db, SQL_IDEMPOTENCY_PRUNE);
    q_int(&q, now - LIMIT_IDEMPOTENCY_KEEP_MS);
    return q_run(&q, NULL);
}
