#include "daemon/office/recover.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "daemon/store/witness.h"
#include "proto/timestamp.h"

struct work {
    struct store_db *db;
    struct office_recovery *r;
    struct peer_row *rows; /* of the counterparts, kept while entries are taken back */
};

struct office_recovery *office_recovery_of(struct store_command *command)
{
    return (struct office_recovery *)((char *)command - offsetof(struct office_recovery, command));
}

/* ---- receipts ---- */

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

/* One message of a counterpart for which it has our receipt: it is taken again, and the receipt stands. */
static int take_message(struct work *w, size_t n, int64_t seq, const struct receipt_line *given)
{
    struct recover_peer *peer = &w->r->peers[n];
    struct peer_row *row = &w->rows[n];
    struct office_inbound in = {.office = w->r->office, .peer = peer->peer, .again = true};
    bool differs = false;
    const struct parcel_line *line = message_of(peer, seq, &in.parcel);
    if (!line || line->status || seq != row->received.seq + 1)
        return TB_ENOTFOUND;
    int rc = inbound_again(w->db, &in, line, seq, given, &differs);
    if (!rc)
        rc = peer_checkpoint_add(w->db, peer->peer->code, in.parcel->checkpoint.size, in.parcel->note, in.parcel->note_len);
    if (!rc)
        rc = tally_step(w->r->office->suite, &row->received, &line->leaf);
    w->r->sum.differing += differs;
    for (size_t i = 0; i < in.changed_count; i++)
        changed_add(&w->r->changed, &w->r->changed_count, in.changed[i]);
    free(in.changed);
    return rc;
}

/* The messages of the receipt up to and with number `last`. */
static int take_until(struct work *w, size_t n, const struct receipt *receipt, int64_t last)
{
    int rc = 0;
    for (int64_t seq = w->rows[n].received.seq + 1; seq <= last && !rc; seq++)
        rc = seq < receipt->first ? TB_ENOTFOUND : take_message(w, n, seq, &receipt->lines[seq - receipt->first]);
    return rc;
}

/* What follows from a message — that all is here, a step that is asked for — was written before the receipt of its batch.  The home side's
 * revisions say which messages came before such an entry. */
static int take_before(struct work *w, size_t n, const struct entry *entry, const struct recover_entry *next)
{
    struct receipt receipt = {0};
    int64_t last = 0;
    if (!next || !entry->rev || !entry->case_no[0])
        return 0;
    int rc = receipt_from_json(next->entry.body, &receipt, NULL);
    for (int64_t seq = receipt.first; !rc && seq <= receipt.last; seq++) {
        const struct receipt_line *given = &receipt.lines[seq - receipt.first];
        struct parcel *parcel;
        const struct parcel_line *line = message_of(&w->r->peers[n], seq, &parcel);
        if (line && !line->entry_rc && given->rev > 0 && given->rev < entry->rev && !strcmp(line->entry.case_no, entry->case_no))
            last = seq;
    }
    if (!rc)
        rc = take_until(w, n, &receipt, last);
    receipt_clear(&receipt);
    return rc;
}

static int take_receipt(struct work *w, size_t n, const struct recover_entry *e)
{
    struct receipt receipt = {0};
    int rc = receipt_from_json(e->entry.body, &receipt, NULL);
    if (!rc)
        rc = take_until(w, n, &receipt, receipt.last);
    if (!rc)
        rc = inbox_set_receipt(w->db, e->from->code, receipt.first, receipt.last, e->index);
    receipt_clear(&receipt);
    return rc;
}

/* The next receipt for the same counterpart. */
static const struct recover_entry *next_receipt(const struct recover_plan *plan, size_t at)
{
    for (size_t i = at + 1; i < plan->count; i++)
        if (plan->entries[i]->entry.type == ENTRY_RECEIPT && plan->entries[i]->from == plan->entries[at]->from)
            return plan->entries[i];
    return NULL;
}

static int take_back(struct work *w, const struct recover_plan *plan, size_t at)
{
    const struct recover_entry *e = plan->entries[at];
    size_t n = 0;
    while (w->r->peers[n].peer != e->from)
        n++;
    int rc = recover_entry(w->db, e->index, &e->entry, e->line, e->len);
    if (!rc && e->entry.type == ENTRY_RECEIPT)
        return take_receipt(w, n, e);
    if (!rc)
        rc = take_before(w, n, &e->entry, next_receipt(plan, at));
    if (rc)
        return rc;
    rc = recover_own(w->db, w->r->office, &e->entry, e->index);
    if (rc && err_class(rc) == ERR_CLASS_PERMANENT) {
        LOG(LOG_LEVEL_WARNING, LOG_STORE, "entry_not_applied", LOG_INT("index", (int64_t)e->index),
            LOG_TEXT("type", entry_type_text(e->entry.type)), LOG_TEXT("error", err_text(rc)));
        w->r->sum.unapplied++;
        rc = 0;
    }
    changed_add(&w->r->changed, &w->r->changed_count, e->entry.case_no);
    return rc;
}

/* ---- the counterparts ---- */

static int load_peers(struct work *w)
{
    w->rows = calloc(w->r->peer_count + 1, sizeof *w->rows);
    int rc = w->rows ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < w->r->peer_count && !rc; i++)
        rc = peer_get(w->db, w->r->peers[i].peer->code, &w->rows[i]);
    for (size_t i = 0; i < w->r->peer_count && !rc; i++) { /* its ledger has come further: the newest page says how far */
        const struct recover_peer *peer = &w->r->peers[i];
        if (peer->parcel_count)
            rc = peer_remember(w->db, &w->rows[i], peer->parcels[peer->parcel_count - 1]);
    }
    return rc;
}

static int put_peers(struct work *w)
{
    int rc = 0;
    for (size_t i = 0; i < w->r->peer_count && !rc; i++) {
        const struct recover_peer *peer = &w->r->peers[i];
        struct peer_row *row = &w->rows[i];
        if (peer->answer == RECOVER_TOLD && peer->size > row->acked_size)
            row->acked_size = peer->size;
        rc = peer_put(w->db, row);
    }
    return rc;
}

static void free_peers(struct work *w)
{
    for (size_t i = 0; w->rows && i < w->r->peer_count; i++)
        peer_row_clear(&w->rows[i]);
    free(w->rows);
}

/* ---- numbers ---- */

/* What is lost may have numbered cases, documents and objects: those numbers are on papers, and are not given a second time. */
static int skip_numbers(struct store_db *db, int64_t lost)
{
    int64_t now = store_now(db);
    char day[DATE_TEXT];
    date_format(timestamp_day(now), day);
    int year = (int)strtol(day, NULL, 10);
    int rc = lost ? recover_skip_cases(db, timestamp_day(now), lost) : 0;
    for (size_t i = 0; i < document_table_count && !rc && lost; i++)
        rc = recover_skip_documents(db, document_table[i].id, year, lost);
    for (int kind = 0; kind < REGISTER_KINDS && !rc && lost; kind++)
        rc = recover_skip_objects(db, (enum register_kind_id)kind, year, lost);
    return rc;
}

/* ---- the whole ---- */

static int say_so(struct work *w, const struct recover_plan *plan)
{
    const struct recover_sum *sum = &w->r->sum;
    json_t *witnesses = json_array(), *without = json_array();
    for (size_t i = 0; i < w->r->peer_count; i++)
        (void)json_array_append_new(w->r->peers[i].answer == RECOVER_TOLD ? witnesses : without,
                                    json_string(w->r->peers[i].peer->code));
    struct entry entry = {.type = ENTRY_LEDGER_RECOVERED};
    entry.body = json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:I}", "first", (json_int_t)sum->size, "until", (json_int_t)sum->seen,
                           "recovered", (json_int_t)plan->count, "lost", (json_int_t)sum->lost, "witnesses", witnesses, "without", without,
                           "uid", (json_int_t)w->r->uid);
    int rc = entry.body ? store_append(w->db, &entry, NULL, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

/* Our signature, then those of the counterparts. */
static int begin(struct work *w, const struct recover_plan *plan)
{
    const char *note = plan->newest->note, *text = strstr(note, "\n\n"), *end = text ? strchr(text + 2, '\n') : NULL;
    if (!end)
        return TB_EMALFORMED;
    char *own = strndup(note, (size_t)(end + 1 - note));
    if (!own)
        return TB_ENOMEM;
    int rc = recover_begin(w->db, &plan->graft, &plan->frontier, own, end + 1);
    free(own);
    return rc;
}

static int follow_joint(struct work *w, const char *case_no)
{
    struct case_row row;
    int rc = case_get(w->db, case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = joint_follow(w->db, w->r->office, &row);
    case_row_clear(&row);
    return rc;
}

static int apply(struct store_db *db, struct office_recovery *r, const struct recover_plan *plan)
{
    struct work w = {.db = db, .r = r};
    int rc = load_peers(&w);
    if (!rc)
        rc = begin(&w, plan);
    for (size_t i = 0; i < plan->count && !rc; i++)
        rc = take_back(&w, plan, i);
    if (!rc)
        rc = put_peers(&w);
    if (!rc)
        rc = skip_numbers(db, (int64_t)r->sum.lost);
    if (!rc)
        rc = say_so(&w, plan);
    for (size_t i = 0; i < r->changed_count && !rc; i++)
        rc = follow_joint(&w, r->changed[i]);
    free_peers(&w);
    return rc;
}

static int say_why(struct office_recovery *r, int rc)
{
    if (rc == TB_ENOTFOUND)
        return problem_set(&r->problem, PROBLEM_BEHIND, "", "no counterpart has kept what is needed to go on; their programs may be older");
    if ((rc == TB_ETRUST || rc == TB_EMALFORMED) && r->blamed)
        return problem_set(&r->problem, PROBLEM_BEHIND, "",
                           "what %s has does not continue the ledger here: ask that office what it answers with, and if it is in order, "
                           "restore the copy again, and recover before anything is recorded",
                           r->blamed->peer->code);
    if (rc == TB_ETRUST || rc == TB_EMALFORMED)
        return problem_set(&r->problem, PROBLEM_BEHIND, "",
                           "what the counterparts have does not continue the ledger here: restore the copy again, and recover before anything is recorded");
    (void)problem_from_code(&r->problem, rc);
    return rc;
}

static int command_run(struct store_db *db, struct store_command *command)
{
    struct office_recovery *r = office_recovery_of(command);
    struct recover_plan plan;
    int rc = recover_plan(db, r, &plan);
    if (!rc && r->apply)
        rc = apply(db, r, &plan);
    recover_plan_clear(&plan);
    return rc ? say_why(r, rc) : 0;
}

void office_recovery_prepare(struct office_recovery *r, bool apply_it, int64_t uid)
{
    r->command = (struct store_command){.run = command_run};
    r->apply = apply_it;
    r->uid = uid;
}
