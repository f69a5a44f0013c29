#include "daemon/office/queue.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"

struct gather {
    struct store_db *db;
    const char *peer;
    json_t *rows, *materials;
    bool more;
};

static int add_message(struct gather *g, const struct outgoing *message)
{
    struct entry entry;
    if (entry_decode(message->line, message->len, &entry, NULL))
        return TB_ECORRUPT;
    int64_t age = (store_now(g->db) - entry.at) / 1000;
    json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:o, s:I}", "peer", g->peer, "seq", (json_int_t)message->seq, "type",
                            entry_type_text(entry.type), "case", entry.case_no, "at", office_time_json(entry.at), "age_s",
                            (json_int_t)(age > 0 ? age : 0));
    int rc = json_array_append_new(g->rows, row);
    entry_clear(&entry);
    return rc ? TB_ENOMEM : 0;
}

static int add_material(void *context, const struct material_row *material, bool parked)
{
    struct gather *g = context;
    json_t *row = json_pack("{s:s, s:s, s:I, s:o, s:b}", "peer", g->peer, "material", material->sha256, "size", (json_int_t)material->size,
                            "at", office_time_json(material->at), "parked", parked);
    return json_array_append_new(g->materials, row) ? TB_ENOMEM : 0;
}

static int gather_peer(struct gather *g)
{
    struct peer_row row;
    struct outgoing *messages = NULL;
    size_t count = 0, room = LIMIT_LIST_PAGE - json_array_size(g->rows);
    int rc = peer_get(g->db, g->peer, &row);
    if (!rc && room)
        rc = outbox_read(g->db, g->peer, row.sent.seq, room, LIMIT_BATCH_BYTES, &messages, &count);
    g->more = g->more || (!rc && row.next_seq - 1 - row.sent.seq > (int64_t)count);
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_message(g, &messages[i]);
    outgoing_free(messages, count);
    if (!rc)
        rc = material_out_list(g->db, g->peer, LIMIT_LIST_PAGE, add_material, g);
    peer_row_clear(&row);
    return rc;
}

static int queue_run(struct store_db *db, struct store_query *query)
{
    struct office_queue *queue = (struct office_queue *)query;
    const struct office *office = queue->office;
    struct gather g = {.db = db, .rows = json_array(), .materials = json_array()};
    int rc = g.rows && g.materials ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < office->peer_count && !rc; i++) {
        g.peer = office->peers[i].code;
        if (queue->peer == office->peer_count || queue->peer == i)
            rc = gather_peer(&g);
    }
    if (!rc) {
        queue->answer = json_pack("{s:O, s:O, s:b}", "rows", g.rows, "materials", g.materials, "more", g.more);
        rc = queue->answer ? 0 : TB_ENOMEM;
    }
    json_decref(g.rows);
    json_decref(g.materials);
    return rc;
}

void office_queue_init(struct office_queue *queue, const struct office *office, size_t peer)
{
    *queue = (struct office_queue){.query = {.run = queue_run}, .office = office, .peer = peer};
}

/* ---- park ---- */

static int park_run(struct store_db *db, struct store_command *command)
{
    struct office_park *park = (struct office_park *)command;
    const struct office *office = park->office;
    int rc = 0;
    for (size_t i = 0; i < office->peer_count && !rc; i++) {
        if (park->peer != office->peer_count && park->peer != i)
            continue;
        rc = material_out_park(db, office->peers[i].code, park->sha256, park->parked);
        park->count += rc == 0;
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    return rc ? rc : park->count ? 0 : TB_ENOTFOUND;
}

int office_park_init(struct office_park *park, const struct office *office, size_t peer, const char *sha256, bool parked, struct problem *p)
{
    bool number = strlen(sha256) + 1 < sizeof park->sha256 && sha256[strspn(sha256, "0123456789")] == '\0';
    *park = (struct office_park){.command = {.run = park_run}, .office = office, .peer = peer, .parked = parked};
    if (number)
        return problem_set(p, PROBLEM_FIELD, "/material",
                           "a message cannot be parked: they go in order, numbered without gaps; queue list says what holds them up");
    if (strlen(sha256) + 1 != sizeof park->sha256)
        return problem_set(p, PROBLEM_FIELD, "/material", "a material is named by its SHA-256, 64 digits");
    memcpy(park->sha256, sha256, sizeof park->sha256);
    return 0;
}
