#include "daemon/office/office_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/witness.h"

static int add_proof_from(struct store_db *db, uint64_t seen, uint64_t size, struct buf *others)
{
    struct ledger_path path;
    if (!seen || seen > size || store_prove_consistency(db, seen, size, &path))
        return 0;
    return parcel_others_add(seen, &path, others);
}

/* Proofs from what the further counterparts have seen, or may have: a witness that keeps them can help us to prove on to those, too, after
 * a restore.  As many as fit. */
static int add_others(struct store_db *db, const struct office *office, const char *peer, uint64_t size, struct buf *others)
{
    int rc = 0;
    buf_clear(others);
    for (size_t i = 0; i < office->peer_count && !rc; i++) {
        struct peer_row row;
        if (!strcmp(office->peers[i].code, peer))
            continue;
        rc = peer_get(db, office->peers[i].code, &row);
        if (rc)
            break;
        for (size_t k = 0; office->shown && k < OFFICE_SHOWN && !rc; k++) {
            uint64_t shown = atomic_load(&office->shown[i].size[k]);
            rc = shown != row.acked_size ? add_proof_from(db, shown, size, others) : 0;
        }
        rc = rc ? rc : add_proof_from(db, row.acked_size, size, others);
        peer_row_clear(&row);
    }
    return rc == TB_ELIMIT ? 0 : rc;
}

static void note_shown(const struct office *office, const char *peer, uint64_t size)
{
    for (size_t i = 0; office->shown && i < office->peer_count; i++) {
        struct office_shown *shown = &office->shown[i];
        uint64_t last = atomic_load(&shown->size[0]);
        if (strcmp(office->peers[i].code, peer) || last >= size)
            continue;
        atomic_store(&shown->size[1], last);
        atomic_store(&shown->size[0], size);
    }
}

/* The parts that every parcel of ours has: checkpoint, consistency from what the other side saw, cosignature, tallies. */
static int seal(struct store_db *db, const struct office *office, const struct peer_row *peer, uint64_t old_size,
                struct parcel_source *source, struct buf *note, struct ledger_path *consistency, uint64_t *size, struct buf *frontier,
                struct buf *others)
{
    struct ledger_frontier peaks;
    int rc = store_checkpoint(db, false, size, note);
    if (!rc && old_size > *size)
        rc = TB_ECONFLICT; /* the other side saw more of our ledger than we have: we were restored from an old copy */
    if (!rc)
        rc = store_prove_consistency(db, old_size, *size, consistency);
    if (!rc)
        rc = store_frontier_at(db, *size, &peaks);
    buf_clear(frontier);
    if (!rc)
        rc = parcel_frontier_text(&peaks, frontier);
    if (!rc)
        rc = add_others(db, office, peer->office, *size, others);
    if (rc)
        return rc;
    memcpy(source->from, office->code, OFFICE_TEXT);
    memcpy(source->to, peer->office, OFFICE_TEXT);
    source->note = note->data;
    source->note_len = note->len;
    source->old_size = old_size;
    source->consistency = consistency;
    source->seen_size = peer->their_size;
    source->cosignature = peer->their_cosignature;
    source->sent = peer->sent;
    source->received = peer->received;
    return 0;
}

/* ---- the next batch ---- */

static int prove_lines(struct store_db *db, const struct outgoing *rows, size_t count, uint64_t size, struct parcel_line *lines)
{
    for (size_t i = 0; i < count; i++) {
        lines[i] = (struct parcel_line){.line = rows[i].line, .len = rows[i].len, .index = rows[i].index};
        int rc = store_prove_inclusion(db, rows[i].index, size, &lines[i].path);
        if (rc)
            return rc;
    }
    return 0;
}

static int batch_run(struct store_db *db, struct store_query *query)
{
    struct office_batch *batch = (struct office_batch *)query;
    struct peer_row peer;
    struct outgoing *rows = NULL;
    struct parcel_line *lines = NULL;
    struct ledger_path consistency;
    struct parcel_source source = {0};
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = peer_get(db, batch->peer, &peer);
    if (rc)
        return rc;
    int64_t after = batch->force_after >= 0 ? batch->force_after : peer.sent.seq;
    uint64_t old_size = batch->force_old != UINT64_MAX ? batch->force_old : peer.acked_size;
    rc = outbox_read(db, batch->peer, after, batch->max_messages, batch->max_bytes, &rows, &batch->count);
    if (!rc)
        rc = seal(db, batch->office, &peer, old_size, &source, &note, &consistency, &batch->size, &batch->frontier, &batch->others);
    if (!rc && batch->count) {
        lines = calloc(batch->count, sizeof *lines);
        rc = lines ? prove_lines(db, rows, batch->count, batch->size, lines) : TB_ENOMEM;
    }
    if (!rc) {
        if (after != peer.sent.seq)
            source.sent = (struct tally){.seq = after}; /* asked to begin elsewhere: the tally there is not known, zero says so */
        source.lines = lines;
        source.count = batch->count;
        batch->first = after + 1;
        batch->last = after + (int64_t)batch->count;
        batch->their_size = peer.their_size;
        batch->their_root = peer.their_root;
        buf_clear(&batch->out);
        rc = parcel_encode(&source, &batch->out);
    }
    free(lines);
    outgoing_free(rows, rc && !rows ? 0 : batch->count);
    buf_free(&note);
    peer_row_clear(&peer);
    return rc;
}

void office_batch_init(struct office_batch *batch, const struct office *office, const char *peer)
{
    *batch = (struct office_batch){.query = {.run = batch_run}, .office = office, .force_old = UINT64_MAX, .force_after = -1,
                                   .max_messages = LIMIT_BATCH_MESSAGES, .max_bytes = LIMIT_BATCH_BYTES};
    memcpy(batch->peer, peer, OFFICE_TEXT);
    buf_init(&batch->out, LIMIT_HTTP_PEER_BODY_BYTES);
    buf_init(&batch->frontier, PARCEL_FRONTIER_TEXT);
    buf_init(&batch->others, PARCEL_OTHERS_TEXT);
}

void office_batch_shown(const struct office_batch *batch)
{
    note_shown(batch->office, batch->peer, batch->size);
}

void office_batch_clear(struct office_batch *batch)
{
    buf_free(&batch->out);
    buf_free(&batch->frontier);
    buf_free(&batch->others);
}

/* ---- the answer to a batch ---- */

struct receipts {
    struct buf *text;
    struct parcel_line *lines;
    size_t count;
};

/* Every receipt that covers a message of the range, stored bytes and proof. */
static int collect_receipts(struct store_db *db, const struct office_answer *answer, uint64_t size, struct receipts *r)
{
    uint64_t before = UINT64_MAX;
    for (int64_t seq = answer->first; seq <= answer->last; seq++) {
        struct ledger_hash leaf;
        uint64_t index;
        int rc = inbox_find(db, answer->peer, seq, &leaf, &index);
        if (rc)
            return rc;
        if (index == before)
            continue;
        before = index;
        buf_init(&r->text[r->count], LIMIT_ENTRY_BYTES);
        rc = store_entry_line(db, index, &r->text[r->count]);
        if (!rc)
            rc = store_prove_inclusion(db, index, size, &r->lines[r->count].path);
        r->lines[r->count].line = r->text[r->count].data;
        r->lines[r->count].len = r->text[r->count].len;
        r->lines[r->count].index = index;
        r->count++;
        if (rc)
            return rc;
    }
    return 0;
}

static int answer_run(struct store_db *db, struct store_query *query)
{
    struct office_answer *answer = (struct office_answer *)query;
    size_t max = answer->last >= answer->first ? (size_t)(answer->last - answer->first + 1) : 0;
    struct receipts receipts = {0};
    struct peer_row peer;
    struct ledger_path consistency;
    struct parcel_source source = {0};
    struct buf note;
    uint64_t size = 0;
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = peer_get(db, answer->peer, &peer);
    if (rc)
        goto out;
    rc = seal(db, answer->office, &peer, answer->seen_size, &source, &note, &consistency, &size, &answer->frontier,
              &answer->others);
    if (!rc && max) {
        receipts.text = calloc(max, sizeof *receipts.text);
        receipts.lines = calloc(max, sizeof *receipts.lines);
        rc = receipts.text && receipts.lines ? collect_receipts(db, answer, size, &receipts) : TB_ENOMEM;
    }
    if (!rc)
        note_shown(answer->office, answer->peer, size);
    if (!rc) {
        source.lines = receipts.lines;
        source.count = receipts.count;
        rc = parcel_encode(&source, &answer->out);
    }
    for (size_t i = 0; i < receipts.count; i++)
        buf_free(&receipts.text[i]);
    free(receipts.text);
    free(receipts.lines);
    buf_free(&note);
    peer_row_clear(&peer);
out:
    if (rc)
        (void)problem_from_code(&answer->problem, rc);
    return rc;
}

void office_answer_init(struct office_answer *answer, const struct office *office, const struct parcel *parcel)
{
    *answer = (struct office_answer){.query = {.run = answer_run}, .office = office, .first = parcel->sent.seq + 1,
                                     .last = parcel->sent.seq + (int64_t)parcel->count, .seen_size = parcel->seen_size};
    memcpy(answer->peer, parcel->from, OFFICE_TEXT);
    buf_init(&answer->out, LIMIT_PEER_ANSWER_BYTES);
    buf_init(&answer->frontier, PARCEL_FRONTIER_TEXT);
    buf_init(&answer->others, PARCEL_OTHERS_TEXT);
}

void office_answer_clear(struct office_answer *answer)
{
    buf_free(&answer->out);
    buf_free(&answer->frontier);
    buf_free(&answer->others);
}

/* ---- what was last seen of the peer ---- */

static int seen_run(struct store_db *db, struct store_query *query)
{
    struct office_seen *seen = (struct office_seen *)query;
    struct peer_row peer;
    int rc = peer_get(db, seen->peer, &peer);
    if (rc)
        return rc;
    seen->size = peer.their_size;
    seen->root = peer.their_root;
    peer_row_clear(&peer);
    return 0;
}

void office_seen_init(struct office_seen *seen, const struct office *office, const char *peer)
{
    *seen = (struct office_seen){.query = {.run = seen_run}, .office = office};
    memcpy(seen->peer, peer, OFFICE_TEXT);
}
