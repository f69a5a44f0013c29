/* catalogue_store: rows of items, editions and authorisations, and the stored answers of the window API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/tables.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

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
    q_int(&q, row->registered);
    q_int(&q, row->finish);
    return q_run(&q, NULL);
}

static void read_authorisation(struct db_query *q, struct authorisation_row *row)
{
    memset(row, 0, sizeof *row);
    q_get_text(q, 0, row->id, sizeof row->id);
    q_get_text(q, 1, row->principal, sizeof row->principal);
    q_get_text(q, 2, row->delegate, sizeof row->delegate);
    q_get_text(q, 3, row->steps, sizeof row->steps);
    row->items = q_get_new_text(q, 4, NULL);
    row->from_day = q_get_int(q, 5);
    row->until_day = q_get_int(q, 6);
    row->acceptance = q_get_int(q, 7);
    q_get_text(q, 8, row->announcement, sizeof row->announcement);
    row->registered = q_get_int(q, 9);
    row->finish = q_get_int(q, 10);
    if (!q->rc && !row->items)
        q->rc = TB_ENOMEM;
}

int authorisation_get(struct store_db *db, const char *id, struct authorisation_row *row)
{
    struct authorisation_row found;
    memset(&found, 0, sizeof found);
    struct db_query q = q_start(db, SQL_AUTHORISATION_GET);
    q_text(&q, id);
    bool any = q_next(&q);
    if (any)
        read_authorisation(&q, &found);
    int rc = q_end(&q);
    if (rc || !any) {
        authorisation_row_clear(&found);
        return rc ? rc : TB_ENOTFOUND;
    }
    *row = found;
    return 0;
}

/* "class:NAME" covers the items whose category that is. */
static int in_class(struct store_db *db, const char *principal, const char *word, size_t len, const char *code, bool *covers)
{
    static const char prefix[] = "class:";
    size_t skip = sizeof prefix - 1;
    int64_t version;
    bool current;
    json_t *item = NULL;
    if (len <= skip || strncmp(word, prefix, skip) != 0)
        return 0;
    int rc = item_find(db, principal, code, 0, &version, &current, &item);
    const char *category = rc ? NULL : json_string_value(json_object_get(item, "category"));
    *covers = category && strlen(category) == len - skip && !memcmp(category, word + skip, len - skip);
    json_decref(item);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* `items`: "*", or codes and classes with commas between and, in older rows, around them. */
static int covers_item(struct store_db *db, const struct authorisation_row *row, const char *code, bool *covers)
{
    int rc = 0;
    *covers = !strcmp(row->items, "*");
    for (const char *at = row->items; !rc && !*covers && *at && code[0];) {
        size_t len = strcspn(at, ",");
        if (len == strlen(code) && !memcmp(at, code, len))
            *covers = true;
        else
            rc = in_class(db, row->principal, at, len, code, covers);
        at += len + (at[len] == ',');
    }
    return rc;
}

static int in_force(struct store_db *db, const struct authorisation_row *row, int64_t at, bool *holds)
{
    int64_t day = timestamp_day(at);
    *holds = at && row->from_day <= day && day <= row->until_day;
    if (!*holds || !row->registered)
        return 0;
    struct db_query q = q_start(db, SQL_AUTHORISATION_SPAN_AT);
    q_text(&q, row->id);
    q_int(&q, at);
    *holds = q_next(&q);
    return q_end(&q);
}

int authorisation_covers(struct store_db *db, const struct authorisation_row *row, const char *item, enum case_step step, int64_t at,
                         int64_t handed_in, bool *covers)
{
    *covers = false;
    if (step == STEP_NONE || !strchr(row->steps, (char)step))
        return 0;
    int rc = in_force(db, row, at, covers);
    if (!rc && !*covers && row->finish && handed_in)
        rc = in_force(db, row, handed_in, covers);
    return rc || !*covers ? rc : covers_item(db, row, item, covers);
}

int authorisation_find(struct store_db *db, const char *principal, const char *delegate, const char *item, enum case_step step, int64_t at,
                       int64_t handed_in, char id[UUID_TEXT])
{
    bool covers = false;
    struct db_query q = q_start(db, SQL_AUTHORISATION_FIND);
    q_text(&q, principal);
    q_text(&q, delegate);
    while (!covers && q_next(&q)) {
        struct authorisation_row row;
        read_authorisation(&q, &row);
        if (!q.rc)
            q.rc = authorisation_covers(db, &row, item, step, at, handed_in, &covers);
        if (!q.rc && covers)
            memcpy(id, row.id, sizeof row.id);
        authorisation_row_clear(&row);
    }
    int rc = q_end(&q);
    return rc ? rc : covers ? 0 : TB_ENOTFOUND;
}

int authorisation_spans_put(struct store_db *db, const char *id, const struct authorisation_span *spans, size_t count)
{
    struct db_query q = q_start(db, SQL_AUTHORISATION_SPAN_FORGET);
    q_text(&q, id);
    int rc = q_run(&q, NULL);
    for (size_t i = 0; i < count && !rc; i++) {
        q = q_start(db, SQL_AUTHORISATION_SPAN_ADD);
        q_text(&q, id);
        q_int(&q, spans[i].from);
        q_int(&q, spans[i].until);
        rc = q_run(&q, NULL);
    }
    return rc;
}

int authorisation_spans_get(struct store_db *db, const char *id, struct authorisation_span *spans, size_t room, size_t *count)
{
    size_t n = 0;
    struct db_query q = q_start(db, SQL_AUTHORISATION_SPAN_LIST);
    q_text(&q, id);
    q_int(&q, (int64_t)room);
    while (n < room && q_next(&q))
        spans[n++] = (struct authorisation_span){.from = q_get_int(&q, 0), .until = q_get_int(&q, 1)};
    int rc = q_end(&q);
    if (!rc)
        *count = n;
    return rc;
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
