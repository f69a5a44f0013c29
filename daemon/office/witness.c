#include "daemon/office/witness.h"

#include <string.h>

#include "daemon/store/witness.h"

const char *const witness_list_names[WITNESS_LISTS] = {"", "messages", "receipts", "checkpoints"};

static json_t *base64_json(const void *bytes, size_t len)
{
    struct buf text;
    json_t *out = NULL;
    if (!bytes && len)
        return json_null();
    buf_init(&text, 2 * LEDGER_FRONTIER_BYTES);
    if (!len || !base64_encode(bytes, len, &text))
        out = json_stringn(text.len ? text.data : "", text.len);
    buf_free(&text);
    return out;
}

static json_t *hash_json(const struct ledger_hash *hash)
{
    return base64_json(hash->b, sizeof hash->b);
}

/* ---- what it comes to ---- */

static int summary(struct store_db *db, struct office_witness *witness)
{
    struct peer_row peer;
    struct buf note, others;
    uint64_t size = 0;
    bool frontier = false;
    buf_init(&note, LIMIT_NOTE_BYTES * 2);
    buf_init(&others, PARCEL_OTHERS_TEXT);
    int rc = peer_get(db, witness->peer, &peer);
    if (rc)
        return rc;
    rc = witness_latest(db, witness->peer, &size, &frontier, &note);
    if (!rc || rc == TB_ENOTFOUND)
        rc = witness_others_get(db, witness->peer, &others);
    if (!rc) {
        witness->answer = json_pack("{s:i, s:s, s:I, s:o, s:b, s:s, s:{s:I, s:o}, s:{s:I, s:o}}", "v", 1, "office", witness->office->code,
                                    "size", (json_int_t)size, "checkpoint", note.len ? json_string(note.data) : json_null(), "frontier",
                                    (int)frontier, "others", others.len ? others.data : "", "received", "seq",
                                    (json_int_t)peer.received.seq, "hash", hash_json(&peer.received.hash), "receipted", "seq",
                                    (json_int_t)peer.sent.seq, "hash", hash_json(&peer.sent.hash));
        rc = witness->answer ? 0 : TB_ENOMEM;
    }
    peer_row_clear(&peer);
    buf_free(&note);
    buf_free(&others);
    return rc;
}

/* ---- pages ---- */

struct page {
    json_t *rows;
    size_t bytes, count;
    int64_t last;
    bool full;
};

static int add_row(struct page *page, json_t *row, int64_t number, size_t bytes)
{
    if (!row || json_array_append_new(page->rows, row))
        return TB_ENOMEM;
    page->last = number;
    page->bytes += bytes;
    page->count++;
    page->full = page->bytes >= LIMIT_BATCH_BYTES || page->count >= LIMIT_BATCH_MESSAGES;
    return page->full;
}

static int add_entry(void *context, const struct witness_entry *row)
{
    struct page *page = context;
    if (page->count && page->bytes + row->len > LIMIT_BATCH_BYTES)
        return page->full = true;
    return add_row(page,
                   json_pack("{s:I, s:I, s:I, s:o, s:s%}", "seq", (json_int_t)row->seq, "index", (json_int_t)row->index, "size",
                             (json_int_t)row->size, "path", base64_json(row->path, row->path_len), "line", row->line, row->len),
                   row->seq, row->len);
}

static int add_checkpoint(void *context, const struct witness_checkpoint *row)
{
    size_t bytes = strlen(row->note) + 2 * (row->consistency_len + row->frontier_len);
    return add_row(context,
                   json_pack("{s:I, s:I, s:s, s:o, s:o}", "size", (json_int_t)row->size, "old", (json_int_t)row->old_size, "note",
                             row->note, "consistency", base64_json(row->consistency, row->consistency_len), "frontier",
                             row->frontier ? base64_json(row->frontier, row->frontier_len) : json_null()),
                   (int64_t)row->size, bytes);
}

static int witness_run(struct store_db *db, struct store_query *query)
{
    struct office_witness *witness = (struct office_witness *)query;
    struct page page = {.count = 0};
    unsigned most = LIMIT_BATCH_MESSAGES;
    int rc = 0;
    if (witness->list == WITNESS_SUMMARY)
        return summary(db, witness);
    page.rows = json_array();
    if (!page.rows)
        return TB_ENOMEM;
    if (witness->list == WITNESS_MESSAGES)
        rc = witness_messages(db, witness->peer, witness->after, most, add_entry, &page);
    else if (witness->list == WITNESS_RECEIPTS)
        rc = witness_receipts(db, witness->peer, witness->after, most, add_entry, &page);
    else
        rc = witness_checkpoints(db, witness->peer, (uint64_t)witness->after, most, add_checkpoint, &page);
    if (!rc)
        witness->answer = json_pack("{s:O, s:o}", "rows", page.rows, "next", page.full ? json_integer(page.last) : json_null());
    json_decref(page.rows);
    return rc ? rc : witness->answer ? 0 : TB_ENOMEM;
}

/* ---- materials ---- */

static int resend_run(struct store_db *db, struct store_command *command)
{
    struct office_resend *resend = (struct office_resend *)command;
    const json_t *list = json_object_get(resend->body, "sha256"), *one;
    size_t i;
    int rc = 0;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_BATCH_MESSAGES)
        return problem_set(&resend->problem, PROBLEM_FIELD, "/sha256", "a list of at most %d names is needed", LIMIT_BATCH_MESSAGES);
    json_array_foreach(list, i, one)
    {
        const char *sha256 = json_string_value(one);
        rc = rc ? rc : sha256 ? witness_resend(db, resend->peer, sha256) : TB_ENOTFOUND;
        resend->sent += !rc;
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    return rc;
}

void office_resend_init(struct office_resend *resend, const char *peer, json_t *body)
{
    *resend = (struct office_resend){.command = {.run = resend_run}, .body = body, .problem = {.id = PROBLEM_COUNT, .number = -1}};
    memcpy(resend->peer, peer, OFFICE_TEXT);
}

void office_resend_clear(struct office_resend *resend)
{
    json_decref(resend->body);
    resend->body = NULL;
}

static int add_name(void *context, const char *sha256)
{
    return json_array_append_new(context, json_string(sha256)) ? TB_ENOMEM : 0;
}

static int missing_run(struct store_db *db, struct store_query *query)
{
    struct office_missing *missing = (struct office_missing *)query;
    missing->list = json_array();
    return missing->list ? witness_missing(db, missing->peer, LIMIT_BATCH_MESSAGES, add_name, missing->list) : TB_ENOMEM;
}

void office_missing_init(struct office_missing *missing, const char *peer)
{
    *missing = (struct office_missing){.query = {.run = missing_run}};
    memcpy(missing->peer, peer, OFFICE_TEXT);
}

void office_witness_init(struct office_witness *witness, const struct office *office, const char *peer, enum witness_list list,
                         int64_t after)
{
    *witness = (struct office_witness){.query = {.run = witness_run}, .office = office, .list = list, .after = after};
    memcpy(witness->peer, peer, OFFICE_TEXT);
}

void office_witness_clear(struct office_witness *witness)
{
    json_decref(witness->answer);
    witness->answer = NULL;
}
