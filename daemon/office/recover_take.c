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
        struct entry entry = {0};
        if (e->entry.type != ENTRY_RECEIPT || e->from != w->r->peers[n].peer)
            continue;
        receipt_clear(&side->ahead);
        side->ahead = (struct receipt){0};
        rc = entry_decode(e->line, e->len, &entry, NULL);
        if (!rc)
            rc = receipt_from_json(entry.body, &side->ahead, NULL);
        entry_clear(&entry);
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
        if (!more)
            return TB_ENOMEM;
        side->fresh = more;
        last = &more[side->fresh_count];
        *last = (struct receipt){.first = seq, .last = seq - 1, .lines = calloc(LIMIT_BATCH_MESSAGES, sizeof *last->lines)};
        if (!last->lines)
            return TB_ENOMEM;
        side->fresh_count++;
    }
    last->lines[++last->last - last->first] = *verdict;
    last->tally = side->row.received;
    verdict->problem = NULL;
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

/* What our receipt says of the case is more than is here: an act of ours that came before the message is lost, and has to be done again.
 * rev: of the case before it was taken. */
static bool is_lacking(const struct receipt_line *given, const struct receipt_line *verdict, int64_t rev)
{
    return given->verdict == VERDICT_DONE && given->rev && (given->rev > rev + 1 || strcmp(given->state, verdict->state) != 0);
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
    int64_t rev = 0;
    const struct parcel_line *line = message_of(peer, seq, &in.parcel);
    int rc = receipt_for(w, n, seq, &in.given);
    if (rc)
        return rc;
    if (!line || line->status)
        return TB_ENOTFOUND;
    rc = line->entry.case_no[0] ? rev_here(w, &line->entry, &rev) : 0;
    if (!rc)
        rc = inbound_again(w->db, &in, line, seq, &verdict);
    if (!rc)
        rc = peer_checkpoint_add(w->db, peer->peer->code, in.parcel->checkpoint.size, in.parcel->note, in.parcel->note_len);
    if (!rc)
        rc = tally_step(w->r->office->suite, &side->row.received, &line->leaf);
    w->r->sum.theirs += !rc;
    if (!rc && in.given) {
        w->r->sum.differing += verdict.verdict != in.given->verdict || verdict.rev != in.given->rev;
        if (line->entry.case_no[0] && is_lacking(in.given, &verdict, rev))
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

static int take_receipt(struct recover_work *w, size_t n, const struct entry *entry, uint64_t index)
{
    struct receipt receipt = {0};
    int rc = receipt_from_json(entry->body, &receipt, NULL);
    if (!rc)
        rc = take_until(w, n, receipt.last);
    if (rc == TB_ENOTFOUND && w->r->peers[n].without) {
        receipt_clear(&receipt); /* it sends those messages again, and gets a receipt for them again */
        return 0;
    }
    if (!rc)
        rc = inbox_set_receipt(w->db, entry->to, receipt.first, receipt.last, index);
    receipt_clear(&receipt);
    return rc;
}

/* ---- what came before an entry ----
 *
 * What follows from a message — that all is here, a step that is asked for — was written before the receipt of its batch, and may have
 * crossed without it. */

static bool same_subject(const struct entry *entry, const struct parcel_line *line)
{
    struct entry message = {0};
    if (entry->case_no[0])
        return !strcmp(entry->case_no, line->entry.case_no);
    if (!entry_type_is_act(entry->type) || !entry_type_is_act(line->entry.type) || parcel_entry(line, &message, NULL))
        return false;
    const char *no = strict_json_peek(entry->body, "no");
    bool same = no[0] && !strcmp(no, strict_json_peek(message.body, "no"));
    entry_clear(&message);
    return same;
}

static bool is_catalogue(const struct entry *entry, const struct parcel_line *line)
{
    (void)entry;
    return line->entry.type == ENTRY_CATALOGUE;
}

/* Number of the counterpart's next message that the entry may rest on; 0 when there is none. */
static int64_t next_message(const struct recover_work *w, size_t n, const struct entry *entry,
                            bool (*fits)(const struct entry *entry, const struct parcel_line *line))
{
    const struct recover_peer *peer = &w->r->peers[n];
    int64_t taken = w->sides[n].row.received.seq;
    for (size_t i = 0; i < peer->parcel_count; i++) {
        const struct parcel *parcel = peer->parcels[i];
        int64_t here = taken - parcel->sent.seq; /* of its lines are taken */
        for (size_t k = here > 0 ? (size_t)here : 0; k < parcel->count; k++)
            if (!parcel->lines[k].entry_rc && fits(entry, &parcel->lines[k]))
                return parcel->sent.seq + 1 + (int64_t)k;
    }
    return 0;
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
        seq = next_message(w, n, entry, same_subject);
        if (seq)
            rc = take_until(w, n, seq);
    }
    return rc;
}

/* An application was made for an item that had been published. */
static int take_item(struct recover_work *w, size_t n, const struct entry *entry)
{
    const json_t *item = json_object_get(entry->body, "item");
    int64_t version = json_integer_value(json_object_get(item, "version")), found, seq = 1;
    int rc = 0;
    while (entry->type == ENTRY_CASE_SUBMITTED && seq && !rc) {
        json_t *stored = NULL;
        bool current;
        rc = item_find(w->db, entry->to, strict_json_peek(item, "code"), version, &found, &current, &stored);
        json_decref(stored);
        if (rc != TB_ENOTFOUND)
            break;
        seq = next_message(w, n, entry, is_catalogue);
        rc = seq ? take_until(w, n, seq) : 0;
    }
    return rc;
}

static bool is_permanent(int rc)
{
    return rc && err_class(rc) == ERR_CLASS_PERMANENT;
}

/* An entry without revision says by what it is that something came before it: it fits once that is here. */
static int take_own(struct recover_work *w, size_t n, const struct entry *entry, uint64_t index)
{
    int rc = recover_own(w->db, w->r->office, entry, index);
    for (int64_t seq; is_permanent(rc) && (seq = next_message(w, n, entry, same_subject)) != 0;) {
        int before = take_until(w, n, seq);
        if (before)
            return before;
        rc = recover_own(w->db, w->r->office, entry, index);
    }
    if (is_permanent(rc)) {
        LOG(LOG_LEVEL_WARNING, LOG_STORE, "entry_not_applied", LOG_INT("index", (int64_t)index),
            LOG_TEXT("type", entry_type_text(entry->type)), LOG_TEXT("error", err_text(rc)));
        w->r->sum.unapplied++;
        rc = 0;
    }
    return rc;
}

static int take_act(struct recover_work *w, size_t n, const struct entry *entry, uint64_t index)
{
    int rc = take_before(w, n, entry);
    if (!rc)
        rc = take_item(w, n, entry);
    if (!rc)
        rc = take_own(w, n, entry, index);
    return rc ? rc : touch(w, entry->case_no);
}

/* What it did is in the copy when it only repeats what stands there. */
static int take_entry(struct recover_work *w, size_t n, const struct recover_entry *e, const struct entry *entry)
{
    struct repeated of;
    bool known = false;
    int rc = recover_as_repeated(w, entry, &of);
    if (!rc)
        rc = recover_repeated(w->db, e->index, &of, e->line, e->len, &known);
    if (rc || known)
        return rc;
    rc = recover_entry(w->db, e->index, entry, e->line, e->len);
    if (rc)
        return rc;
    return entry->type == ENTRY_RECEIPT ? take_receipt(w, n, entry, e->index) : take_act(w, n, entry, e->index);
}

int recover_take_back(struct recover_work *w, size_t at)
{
    const struct recover_entry *e = w->plan->entries[at];
    struct entry entry = {0};
    size_t n = 0;
    while (w->r->peers[n].peer != e->from)
        n++;
    int rc = entry_decode(e->line, e->len, &entry, NULL);
    if (!rc)
        rc = take_entry(w, n, e, &entry);
    w->r->blamed = rc ? &w->r->peers[n] : NULL;
    entry_clear(&entry);
    return rc;
}
