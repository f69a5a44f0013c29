#include "daemon/office/recover.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"

/* Room for one more element of an array of `size` bytes each. */
static int room_for(void **rows, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return 0;
    size_t more = *room ? 2 * *room : 64;
    if (count >= (size_t)LIMIT_RECOVER_ROWS)
        return TB_ELIMIT;
    void *grown = realloc(*rows, more * size);
    if (!grown)
        return TB_ENOMEM;
    *rows = grown;
    *room = more;
    return 0;
}

/* What one counterpart may make this office hold in memory. */
static int weigh(struct recover_peer *peer, size_t bytes, size_t messages)
{
    peer->bytes += bytes;
    peer->message_count += messages;
    return peer->bytes > (size_t)LIMIT_RECOVER_BYTES || peer->message_count > (size_t)LIMIT_RECOVER_ROWS ? TB_ELIMIT : 0;
}

static int get_size(const json_t *doc, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(doc, key);
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0 || n >> 53)
        return TB_EMALFORMED;
    *out = (uint64_t)n;
    return 0;
}

static int get_number(const json_t *doc, const char *key, int64_t *out)
{
    uint64_t n = 0;
    int rc = get_size(doc, key, &n);
    if (!rc)
        *out = (int64_t)n;
    return rc;
}

static int get_path(const json_t *doc, const char *key, struct ledger_path *path)
{
    const char *text = json_string_value(json_object_get(doc, key));
    size_t len = 0;
    path->count = 0;
    if (!text || strlen(text) > PARCEL_FRONTIER_TEXT + 64)
        return TB_EMALFORMED;
    int rc = text[0] ? base64_decode(text, strlen(text), path->hash[0].b, sizeof path->hash, &len) : 0;
    if (rc || len % sizeof path->hash[0])
        return TB_EMALFORMED;
    path->count = (unsigned)(len / sizeof path->hash[0]);
    return 0;
}

int recover_read_summary(struct recover_peer *peer, const char *text, size_t len)
{
    json_t *doc = NULL;
    int64_t received = 0, receipted = 0;
    uint64_t size = 0;
    int rc = strict_json_parse(text, len, &doc, NULL);
    if (!rc)
        rc = get_size(doc, "size", &size);
    if (!rc)
        rc = get_number(json_object_get(doc, "received"), "seq", &received);
    if (!rc)
        rc = get_number(json_object_get(doc, "receipted"), "seq", &receipted);
    const char *note = json_string_value(json_object_get(doc, "checkpoint"));
    if (!rc && size && (!note || strlen(note) > 2 * LIMIT_NOTE_BYTES))
        rc = TB_EMALFORMED;
    char *copy = !rc && size ? strdup(note) : NULL;
    if (!rc && size && !copy)
        rc = TB_ENOMEM;
    if (!rc) {
        free(peer->note);
        peer->note = copy;
        peer->size = size;
        peer->received = received;
        peer->receipted = receipted;
        peer->frontier = json_is_true(json_object_get(doc, "frontier"));
        const char *others = json_string_value(json_object_get(doc, "others"));
        free(peer->others); /* without memory it is as if it had not come */
        peer->others = others && strlen(others) < PARCEL_OTHERS_TEXT ? strdup(others) : NULL;
        peer->answer = RECOVER_TOLD;
    }
    json_decref(doc);
    return rc;
}

/* ---- pages ---- */

static int read_page(const char *text, size_t len, json_t **doc, json_t **rows, int64_t *next)
{
    int rc = strict_json_parse(text, len, doc, NULL);
    *rows = rc ? NULL : json_object_get(*doc, "rows");
    if (rc || !json_is_array(*rows) || json_array_size(*rows) > LIMIT_BATCH_MESSAGES)
        return rc ? rc : TB_EMALFORMED;
    if (json_is_null(json_object_get(*doc, "next"))) {
        *next = -1;
        return 0;
    }
    rc = get_number(*doc, "next", next);
    return rc ? rc : json_array_size(*rows) ? 0 : TB_EMALFORMED;
}

static int read_entry(struct recover_peer *peer, const json_t *row)
{
    int rc = room_for((void **)&peer->entries, peer->entry_count, &peer->entry_room, sizeof *peer->entries);
    if (rc)
        return rc;
    struct recover_entry *entry = &peer->entries[peer->entry_count];
    struct ledger_path path;
    const json_t *line = json_object_get(row, "line");
    *entry = (struct recover_entry){.from = peer->peer, .len = json_string_length(line)};
    rc = get_size(row, "index", &entry->index);
    if (!rc)
        rc = get_size(row, "size", &entry->size);
    if (!rc)
        rc = get_path(row, "path", &path);
    if (rc || !json_is_string(line) || !entry->len || entry->len > LIMIT_ENTRY_BYTES)
        return rc ? rc : TB_EMALFORMED;
    rc = weigh(peer, entry->len, 0);
    if (rc)
        return rc;
    peer->entry_count++; /* from here on it is freed with the others */
    entry->line = strdup(json_string_value(line));
    entry->path = malloc((path.count + 1) * sizeof *entry->path);
    if (!entry->line || !entry->path)
        return TB_ENOMEM;
    memcpy(entry->path, path.hash, path.count * sizeof *entry->path);
    entry->path_count = path.count;
    return 0;
}

int recover_read_entries(struct recover_peer *peer, const char *text, size_t len, int64_t *next)
{
    json_t *doc = NULL, *rows, *row;
    size_t i;
    int rc = read_page(text, len, &doc, &rows, next);
    json_array_foreach(rows, i, row) rc = rc ? rc : read_entry(peer, row);
    json_decref(doc);
    return rc;
}

static int read_frontier(const json_t *row, struct recover_checkpoint *out)
{
    const char *text = json_string_value(json_object_get(row, "frontier"));
    if (!text)
        return 0;
    out->frontier = malloc(LEDGER_FRONTIER_BYTES);
    if (!out->frontier)
        return TB_ENOMEM;
    return base64_decode(text, strlen(text), out->frontier, LEDGER_FRONTIER_BYTES, &out->frontier_len) ? TB_EMALFORMED : 0;
}

static int read_checkpoint(struct recover_peer *peer, const json_t *row)
{
    int rc = room_for((void **)&peer->checkpoints, peer->checkpoint_count, &peer->checkpoint_room, sizeof *peer->checkpoints);
    if (rc)
        return rc;
    struct recover_checkpoint *point = &peer->checkpoints[peer->checkpoint_count];
    const char *note = json_string_value(json_object_get(row, "note"));
    *point = (struct recover_checkpoint){.note = note && strlen(note) <= 2 * LIMIT_NOTE_BYTES ? strdup(note) : NULL};
    rc = point->note ? get_size(row, "size", &point->size) : TB_EMALFORMED;
    if (!rc)
        rc = get_size(row, "old", &point->old_size);
    if (!rc)
        rc = get_path(row, "consistency", &point->consistency);
    if (!rc)
        rc = read_frontier(row, point);
    if (!rc && peer->checkpoint_count && point[-1].size >= point->size)
        rc = TB_EMALFORMED; /* they are asked for in order */
    if (rc) {
        free(point->note);
        free(point->frontier);
        return rc;
    }
    peer->checkpoint_count++; /* from here on it is freed with the others */
    return 0;
}

int recover_read_checkpoints(struct recover_peer *peer, const char *text, size_t len, int64_t *next)
{
    json_t *doc = NULL, *rows, *row;
    size_t i;
    int rc = read_page(text, len, &doc, &rows, next);
    json_array_foreach(rows, i, row) rc = rc ? rc : read_checkpoint(peer, row);
    json_decref(doc);
    return rc;
}

int recover_read_outbox(struct recover_peer *peer, char *bytes, size_t len, int64_t *next)
{
    struct parcel *parcel = NULL;
    int rc = parcel_decode(bytes, len, &parcel, NULL);
    if (!rc)
        rc = weigh(peer, len, parcel->count);
    if (!rc)
        rc = room_for((void **)&peer->parcels, peer->parcel_count, &peer->parcel_room, sizeof *peer->parcels);
    if (rc) {
        parcel_free(parcel);
        return rc;
    }
    peer->parcels[peer->parcel_count++] = parcel;
    *next = parcel->count ? parcel->sent.seq + (int64_t)parcel->count : -1;
    return 0;
}
