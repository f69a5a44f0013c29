/* Entry by entry, in the order of our ledger: what the counterparts said before each of them, then the entry itself. */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/office/recover_work.h"
#include "proto/strict_json.h"

/* ---- the messages of a counterpart ---- */

static const struct parcel_line *message_of(const struct recover_peer *peer, int64_t seq, struct parcel **parcel)
{
    for (size_t i = 0; i < peer->parcel_count; i++) {
        int64_t at = seq - 1 - peer->parcels[i]->sent.seq;
        if (at < 0 || (uint64_t)at >= peer->parcels[i]->count)
            continue;
        *parcel = peer->parcels[i];
        return &peer->parcels[i]->lines[at];
    }
    return NULL;
}

/* What our receipt said of the message; *line NULL when no receipt of it left this office. */
static int receipt_for(struct recover_work *w, size_t n, int64_t seq, const struct receipt_line **line)
{
    struct recover_side *side = &w->sides[n];
    int rc = 0;
    while (!rc && (!side->ahead.lines || side->ahead.last < seq) && side->ahead_at < w->plan->count) {
        const struct recover_entry *e = w->plan->entries[side->ahead_at++];
        if (e->entry.type != ENTRY_RECEIPT || e->from != w->r->peers[n].peer)
            continue;
        receipt_clear(&side->ahead);
        side->ahead = (struct receipt){0};
        rc = receipt_from_json(e->entry.body, &side->ahead, NULL);
    }
    bool covers = !rc && side->ahead.lines && side->ahead.first <= seq && seq <= side->ahead.last;
    *line = covers ? &side->ahead.lines[seq - side->ahead.first] : NULL;
    return rc;
}

/* A message for which no receipt left this office gets one; the range of a receipt is bounded as that of a batch is. */
static int keep_verdict(struct recover_side *side, int64_t seq, struct receipt_line *verdict)
{
    struct receipt *last = side->fresh_count ? &side->fresh[side->fresh_count - 1] : NULL;
    if (!last || last->last - last->first + 1 >= LIMIT_BATCH_MESSAGES) {
        struct receipt *more = realloc(side->fresh, (side->fresh_count + 1) * sizeof *more);
        struct receipt_line *lines = calloc(LIMIT_BATCH_MESSAGES, sizeof *lines);
        side->fresh = more ? more : side->fresh;
        if (!more || !lines) {
            free(lines);
            return TB_ENOMEM;
        }
        last = &side->fresh[side->fresh_count++];
        *last = (struct receipt){.first = seq, .last = seq - 1, .lines = lines};
    }
    last->lines[++last->last - last->first] = *verdict;
    last->tally = side->row.received;
    verdict->problem = NULL;
    return 0;
}

/* What the receipt says of the case is more than is here now: an act of ours between is lost, and has to be done again. */
static bool is_lacking(const struct receipt_line *given, const struct receipt_line *verdict)
{
    return given->verdict == VERDICT_DONE && given->state[0] && strcmp(given->state, verdict->state) != 0;
}

/* Of these cases it is asked, once all came back, what follows. */
static int touch(struct recover_work *w, const char *case_no)
{
    size_t before = w->r->changed_count;
    changed_add(&w->r->changed, &w->r->changed_count, case_no);
    return case_no[0] && w->r->changed_count == before ? TB_ENOMEM : 0;
}

static int take_message(struct recover_work *w, size_t n, int64_t seq)
{
    struct recover_peer *peer = &w->r->peers[n];
    struct recover_side *side = &w->sides[n];
    struct office_inbound in = {.office = w->r->office, .peer = peer->peer, .again = true};
    struct receipt_line verdict = {.rev = 0};
    const struct parcel_line *line = message_of(peer, seq, &in.parcel);
    int rc = receipt_for(w, n, seq, &in.given);
    if (rc)
        return rc;
    if (!line || line->status)
        return TB_ENOTFOUND;
    rc = inbound_again(w->db, &in, line, seq, &verdict);
    if (!rc)
        rc = peer_checkpoint_add(w->db, peer->peer->code, in.parcel->checkpoint.size, in.parcel->note, in.parcel->note_len);
    if (!rc)
        rc = tally_step(w->r->office->suite, &side->row.received, &line->leaf);
    if (!rc && in.given) {
        w->r->sum.differing += verdict.verdict != in.given->verdict || verdict.rev != in.given->rev;
        if (is_lacking(in.given, &verdict))
            changed_add(&w->r->lacking, &w->r->lacking_count, line->entry.case_no);
    } else if (!rc) {
        rc = keep_verdict(side, seq, &verdict);
    }
    for (size_t i = 0; i < in.changed_count && !rc; i++)
        rc = touch(w, in.changed[i]);
    json_decref(verdict.problem);
    free(in.changed);
    return rc;
}

static int take_until(struct recover_work *w, size_t n, int64_t last)
{
    int rc = 0;
    for (int64_t seq = w->sides[n].row.received.seq + 1; seq <= last && !rc; seq++)
        rc = take_message(w, n, seq);
    return rc;
}

static int take_receipt(struct recover_work *w, size_t n, const struct recover_entry *e)
{
    struct receipt receipt = {0};
    int rc = receipt_from_json(e->entry.body, &receipt, NULL);
    if (!rc)
        rc = take_until(w, n, receipt.last);
    if (!rc)
        rc = inbox_set_receipt(w->db, e->from->code, receipt.first, receipt.last, e->index);
    receipt_clear(&receipt);
    return rc;
}

/* ---- what came before an entry ----
 *
 * What follows from a message — that all is here, a step that is asked for — was written before the receipt of its batch, and may have
 * crossed without it. */

static bool same_subject(const struct entry *a, const struct entry *b)
{
    const char *no = entry_type_is_act(a->type) && entry_type_is_act(b->type) ? strict_json_peek(a->body, "no") : "";
    return a->case_no[0] ? !strcmp(a->case_no, b->case_no) : no[0] && !strcmp(no, strict_json_peek(b->body, "no"));
}

/* Number of the counterpart's next message about the same case or object; 0 when there is none. */
static int64_t next_about(const struct recover_work *w, size_t n, const struct entry *entry)
{
    struct parcel *parcel;
    const struct parcel_line *line;
    for (int64_t seq = w->sides[n].row.received.seq + 1; (line = message_of(&w->r->peers[n], seq, &parcel)) != NULL; seq++)
        if (!line->entry_rc && same_subject(entry, &line->entry))
            return seq;
    return 0;
}

/* The revision of the entry's case or object as it is now; 0 when it is not here. */
static int rev_here(const struct recover_work *w, const struct entry *entry, int64_t *rev)
{
    struct case_row row;
    struct object_row object;
    *rev = 0;
    int rc = TB_ENOTFOUND;
    if (entry->case_no[0]) {
        rc = case_get(w->db, entry->case_no, &row);
        *rev = rc ? 0 : row.rev;
        if (!rc)
            case_row_clear(&row);
    } else if (entry_type_is_act(entry->type)) {
        rc = object_get(w->db, strict_json_peek(entry->body, "no"), &object);
        *rev = rc ? 0 : object.rev;
        if (!rc)
            object_row_clear(&object);
    }
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* Our own revisions came in order: each that is missing before this one was given to a message of the counterpart. */
static int take_before(struct recover_work *w, size_t n, const struct entry *entry)
{
    int64_t rev = 0, seq = 1;
    int rc = 0;
    while (entry->rev && seq && !rc) {
        rc = rev_here(w, entry, &rev);
        if (rc || rev + 1 >= entry->rev)
            break;
        seq = next_about(w, n, entry);
        if (seq)
            rc = take_until(w, n, seq);
    }
    return rc;
}

static bool is_permanent(int rc)
{
    return rc && err_class(rc) == ERR_CLASS_PERMANENT;
}

/* An entry without revision says by what it is that something came before it: it fits once that is here. */
static int take_own(struct recover_work *w, size_t n, const struct recover_entry *e)
{
    int rc = recover_own(w->db, w->r->office, &e->entry, e->index);
    for (int64_t seq; is_permanent(rc) && (seq = next_about(w, n, &e->entry)) != 0;) {
        int before = take_until(w, n, seq);
        if (before)
            return before;
        rc = recover_own(w->db, w->r->office, &e->entry, e->index);
    }
    if (is_permanent(rc)) {
        LOG(LOG_LEVEL_WARNING, LOG_STORE, "entry_not_applied", LOG_INT("index", (int64_t)e->index),
            LOG_TEXT("type", entry_type_text(e->entry.type)), LOG_TEXT("error", err_text(rc)));
        w->r->sum.unapplied++;
        rc = 0;
    }
    return rc;
}

int recover_take_back(struct recover_work *w, size_t at)
{
    const struct recover_entry *e = w->plan->entries[at];
    size_t n = 0;
    while (w->r->peers[n].peer != e->from)
        n++;
    int rc = recover_entry(w->db, e->index, &e->entry, e->line, e->len);
    if (!rc && e->entry.type == ENTRY_RECEIPT)
        return take_receipt(w, n, e);
    if (!rc)
        rc = take_before(w, n, &e->entry);
    if (!rc)
        rc = take_own(w, n, e);
    return rc ? rc : touch(w, e->entry.case_no);
}
