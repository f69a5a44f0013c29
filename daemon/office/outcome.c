#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FATES_STEP = 64 };

/* What the home side did not take did not happen: the case's times are what its other entries say. */
static int forget_refused(struct store_db *db, const struct office *office, struct case_row *row)
{
    struct fact_maker maker;
    struct report_case facts;
    size_t entries = 0;
    int rc = fact_begin(&maker, db, office, 0);
    if (!rc)
        rc = fact_from_entries(&maker, row, &facts, &entries);
    if (!rc)
        memcpy(row->times, facts.times, sizeof row->times);
    fact_end(&maker);
    return rc;
}

/* The revision of our message at `index`: what this office gave it as the home side, and what the verdict gives it. */
static int judge_verdict(struct store_db *db, struct office_outcome *out, const struct case_row *row, uint64_t index,
                         const struct receipt_line *line, int64_t *rev)
{
    bool we_number = !strcmp(row->home, out->office->code), taken = false;
    struct event_row *events = NULL;
    size_t count = 0;
    int64_t ours = 0;
    *rev = 0;
    if (we_number && line->verdict == VERDICT_DONE && !line->rev)
        return 0; /* as it is nearly always */
    int rc = event_list(db, row->id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        bool itself = events[i].own && events[i].ref == (int64_t)index;
        ours = itself && we_number ? events[i].rev : ours;
        taken = taken || (!itself && events[i].rev > 0 && events[i].rev == line->rev);
    }
    free(events);
    if (!rc)
        *rev = revision_of_verdict(&out->discord, line, we_number, ours, taken, row->case_no);
    return rc;
}

/* The home side has spoken about one of our messages: the case follows, or goes back to where it was. */
static int settle_case(struct store_db *db, struct office_outcome *out, const char *case_no, uint64_t index,
                       const struct receipt_line *line)
{
    struct case_row row;
    int rc = case_get(db, case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
    int64_t rev = 0;
    rc = judge_verdict(db, out, &row, index, line, &rev);
    /* first, because what follows reads the verdicts of the events */
    if (!rc)
        rc = event_settle(db, row.id, index, rev, line->verdict);
    /* the receipt of a home side's own announcement carries no revision: nothing to follow */
    if (!rc && case_side_of(out->office, &row) == CASE_SIDE_INTAKE) {
        if (row.pending > 0)
            row.pending--;
        if (rev > row.rev) {
            int state = case_state_by_name(line->state);
            row.rev = rev;
            if (state >= 0)
                row.state = (enum case_state)state;
        }
        if (!row.pending)
            row.local_state = row.state;
        row.todo = case_todo_here(out->office, &row, row.local_state);
        if (line->verdict != VERDICT_DONE)
            rc = forget_refused(db, out->office, &row);
        if (!rc)
            rc = case_set_due(db, out->office, &row, NULL);
        if (!rc)
            rc = case_update(db, &row);
    }
    if (!rc)
        rc = material_out_settle(db, out->peer->code, index, line->verdict == VERDICT_DONE);
    if (!rc)
        rc = joint_follow(db, out->office, &row);
    changed_add(&out->changed, &out->changed_count, row.case_no);
    case_row_clear(&row);
    return rc;
}

/* A counterpart has taken or refused something that is about no case: of an edition it is noted. */
static int settle_edition(struct store_db *db, struct office_outcome *out, uint64_t index, const struct receipt_line *line)
{
    const char *title = json_string_value(json_object_get(line->problem, "detail"));
    int64_t now = store_now(db);
    return edition_settle(db, out->peer->code, index, line->verdict, now, title ? title : "");
}

/* For the log only: what cannot be noted is left out. */
static void note_fate(struct store_db *db, struct office_outcome *out, uint64_t index, const struct receipt_line *line)
{
    struct entry head;
    if (out->fate_count % FATES_STEP == 0) {
        struct office_fate *more = realloc(out->fates, (out->fate_count + FATES_STEP) * sizeof *more);
        if (!more)
            return;
        out->fates = more;
    }
    if (!store_entry_head(db, index, &head))
        fate_fill(&out->fates[out->fate_count++], &head, line);
}

static int settle_line(struct store_db *db, struct office_outcome *out, struct peer_row *peer, const struct receipt_line *line)
{
    uint64_t index;
    struct ledger_hash leaf;
    char case_no[CASE_NO_TEXT];
    int64_t written;
    int rc = outbox_index(db, peer->office, peer->sent.seq + 1, &index, &leaf, case_no, &written);
    if (rc)
        return rc;
    if (memcmp(&leaf, &line->leaf, sizeof leaf))
        return problem_set(&out->problem, PROBLEM_UNTRUSTED, NULL, "the receipt of message %lld speaks of other bytes",
                           (long long)peer->sent.seq + 1);
    rc = tally_step(out->office->suite, &peer->sent, &leaf);
    if (!rc && case_no[0]) {
        rc = settle_case(db, out, case_no, index, line);
    } else if (!rc) {
        rc = settle_edition(db, out, index, line);
        if (!rc)
            rc = register_settle(db, out->office, peer->office, index, line, &out->discord, case_no);
        if (!rc && case_no[0])
            changed_add(&out->changed, &out->changed_count, case_no);
    }
    if (!rc) {
        out->settled++;
        out->verdicts[line->verdict]++;
        series_gather(SERIES_DELIVERY, &out->waited, store_now(db) - written);
        note_fate(db, out, index, line);
    }
    return rc;
}

static int take_receipt(struct store_db *db, struct office_outcome *out, struct peer_row *peer, const struct parcel_line *line)
{
    struct entry entry = {0};
    struct receipt receipt = {0};
    int rc = line->status ? problem_set(&out->problem, PROBLEM_UNTRUSTED, NULL, "the inclusion proof of a receipt does not verify")
                          : parcel_entry(line, &entry, &out->problem);
    if (rc)
        return rc;
    if (entry.type != ENTRY_RECEIPT || strcmp(entry.from, peer->office) || strcmp(entry.to, out->office->code))
        rc = problem_set(&out->problem, PROBLEM_UNTRUSTED, NULL, "the answer holds something that is not a receipt for this office");
    if (!rc)
        rc = receipt_from_json(entry.body, &receipt, &out->problem);
    bool news = false;
    for (int64_t seq = receipt.first; !rc && seq <= receipt.last; seq++) {
        if (seq <= peer->sent.seq)
            continue;
        if (seq != peer->sent.seq + 1) {
            rc = problem_set(&out->problem, PROBLEM_UNTRUSTED, NULL, "a receipt skips message %lld", (long long)peer->sent.seq + 1);
            break;
        }
        news = true;
        rc = settle_line(db, out, peer, &receipt.lines[seq - receipt.first]);
    }
    if (!rc && news) {
        struct inbox_row row = {.leaf = line->leaf, .index = line->index, .path = line->path, .line = line->line, .len = line->len,
                                .tree_size = out->parcel->checkpoint.size};
        memcpy(row.peer, peer->office, OFFICE_TEXT);
        rc = receipt_add(db, &row, receipt.first, receipt.last);
        /* the proof stands on this checkpoint: it is kept even when another one is the last seen */
        if (!rc)
            rc = peer_checkpoint_add(db, peer->office, out->parcel->checkpoint.size, out->parcel->note, out->parcel->note_len);
    }
    receipt_clear(&receipt);
    entry_clear(&entry);
    return rc;
}

static int outcome_run(struct store_db *db, struct store_command *command)
{
    struct office_outcome *out = (struct office_outcome *)command;
    struct parcel *parcel = out->parcel;
    struct peer_row peer;
    out->problem.id = PROBLEM_COUNT;
    int rc = peer_get(db, out->peer->code, &peer);
    if (rc)
        goto out;
    /* Its consistency was proved from the size we had seen when we asked.  When a batch of theirs arrived meanwhile, that one is the last
     * seen, and the next exchange proves onward from it. */
    if (parcel->old_size == peer.their_size && !memcmp(&out->old_root, &peer.their_root, sizeof out->old_root))
        rc = peer_remember(db, &peer, parcel);
    for (size_t i = 0; i < parcel->count && !rc; i++)
        rc = take_receipt(db, out, &peer, &parcel->lines[i]);
    out->differs = tally_conflict(&peer.sent, &parcel->received) || tally_conflict(&peer.received, &parcel->sent);
    if (!rc && out->our_size > peer.acked_size) {
        peer.acked_size = out->our_size;
        if (parcel->cosignature)
            rc = peer_take_cosignature(db, out->peer, out->our_size, parcel->cosignature);
    }
    peer.last_exchange = store_now(db);
    out->acked_seq = peer.sent.seq;
    if (!rc)
        rc = peer_put(db, &peer);
    peer_row_clear(&peer);
out:
    if (rc && out->problem.id == PROBLEM_COUNT)
        (void)problem_from_code(&out->problem, rc);
    return rc;
}

void office_outcome_init(struct office_outcome *outcome, const struct office *office, const struct office_peer *peer, struct parcel *parcel,
                         const struct office_batch *batch)
{
    *outcome = (struct office_outcome){.command = {.run = outcome_run},
                                       .office = office,
                                       .peer = peer,
                                       .parcel = parcel,
                                       .our_size = batch->size,
                                       .old_root = batch->their_root,
                                       .problem = {.id = PROBLEM_COUNT, .number = -1}};
}

void office_outcome_clear(struct office_outcome *outcome)
{
    parcel_free(outcome->parcel);
    outcome->parcel = NULL;
    free(outcome->changed);
    free(outcome->fates);
    outcome->fates = NULL;
    outcome->fate_count = 0;
    outcome->changed = NULL;
    outcome->changed_count = 0;
}
