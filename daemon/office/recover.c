#include "daemon/office/recover.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/recover_work.h"
#include "daemon/store/witness.h"
#include "proto/timestamp.h"

struct office_recovery *office_recovery_of(struct store_command *command)
{
    return (struct office_recovery *)((char *)command - offsetof(struct office_recovery, command));
}

/* ---- the counterparts ---- */

static int load_peers(struct recover_work *w)
{
    w->sides = calloc(w->r->peer_count + 1, sizeof *w->sides);
    int rc = w->sides ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < w->r->peer_count && !rc; i++)
        rc = peer_get(w->db, w->r->peers[i].peer->code, &w->sides[i].row);
    for (size_t i = 0; i < w->r->peer_count && !rc; i++) { /* its ledger has come further: the newest page says how far */
        const struct recover_peer *peer = &w->r->peers[i];
        if (peer->parcel_count)
            rc = peer_remember(w->db, &w->sides[i].row, peer->parcels[peer->parcel_count - 1]);
    }
    return rc;
}

static int put_peers(struct recover_work *w)
{
    int rc = 0;
    for (size_t i = 0; i < w->r->peer_count && !rc; i++) {
        const struct recover_peer *peer = &w->r->peers[i];
        struct peer_row *row = &w->sides[i].row;
        /* what it says of itself, no more than the ledger has: a proof is made from there */
        if (peer->answer == RECOVER_TOLD && peer->size > row->acked_size && peer->size <= w->plan->newest->size)
            row->acked_size = peer->size;
        rc = peer_put(w->db, row);
    }
    return rc;
}

static void free_peers(struct recover_work *w)
{
    for (size_t i = 0; w->sides && i < w->r->peer_count; i++) {
        struct recover_side *side = &w->sides[i];
        peer_row_clear(&side->row);
        receipt_clear(&side->ahead);
        for (size_t k = 0; k < side->fresh_count; k++)
            receipt_clear(&side->fresh[k]);
        free(side->fresh);
    }
    free(w->sides);
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

static int say_so(struct recover_work *w)
{
    const struct recover_sum *sum = &w->r->sum;
    json_t *witnesses = json_array(), *without = json_array();
    for (size_t i = 0; i < w->r->peer_count; i++)
        (void)json_array_append_new(w->r->peers[i].answer == RECOVER_TOLD ? witnesses : without,
                                    json_string(w->r->peers[i].peer->code));
    struct entry entry = {.type = ENTRY_LEDGER_RECOVERED};
    entry.body = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I}", "first", (json_int_t)sum->size, "until", (json_int_t)sum->seen,
                           "recovered", (json_int_t)w->plan->count, "lost", (json_int_t)sum->lost, "repeated", (json_int_t)sum->repeated,
                           "witnesses", witnesses, "without", without, "uid", (json_int_t)w->r->uid);
    int rc = entry.body ? store_append(w->db, &entry, NULL, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

/* Our signature, then those of the counterparts. */
static int begin(struct recover_work *w)
{
    const char *note = w->plan->newest->note, *text = strstr(note, "\n\n"), *end = text ? strchr(text + 2, '\n') : NULL;
    if (!end)
        return TB_EMALFORMED;
    char *own = strndup(note, (size_t)(end + 1 - note));
    if (!own)
        return TB_ENOMEM;
    int rc = recover_begin(w->db, &w->plan->graft, &w->plan->frontier, own, end + 1);
    free(own);
    return rc;
}

static int apply(struct store_db *db, struct office_recovery *r, const struct recover_plan *plan)
{
    struct recover_work w = {.db = db, .r = r, .plan = plan};
    r->sum.theirs = 0; /* counted as they are taken */
    int rc = load_peers(&w);
    if (!rc)
        rc = begin(&w);
    for (size_t i = 0; i < plan->count && !rc; i++)
        rc = recover_take_back(&w, i);
    if (!rc)
        rc = put_peers(&w);
    if (!rc)
        rc = skip_numbers(db, (int64_t)r->sum.lost);
    if (!rc)
        rc = recover_give_receipts(&w);
    if (!rc)
        rc = recover_repeat_unproved(&w); /* right before the entry that counts them */
    if (!rc)
        rc = say_so(&w);
    if (!rc)
        rc = recover_follow(&w);
    free_peers(&w);
    return rc;
}

static int say_why(struct office_recovery *r, int rc)
{
    bool untrue = rc == TB_ETRUST || rc == TB_EMALFORMED;
    if (r->hides)
        return problem_set(&r->problem, PROBLEM_BEHIND, "",
                           "%s has seen more than it shows, our own signature says so: nothing can go on before that; ask that office, "
                           "--without does not help",
                           r->blamed->peer->code);
    if ((untrue || rc == TB_ENOTFOUND) && r->blamed)
        return problem_set(&r->problem, PROBLEM_BEHIND, "",
                           "what %s has %s: ask that office what it answers with, and if it is in order, restore the copy again, and recover "
                           "before anything is recorded; --without %s passes over what of it cannot be believed",
                           r->blamed->peer->code, untrue ? "does not continue the ledger here" : "is not whole", r->blamed->peer->code);
    if (rc == TB_ENOTFOUND)
        return problem_set(&r->problem, PROBLEM_BEHIND, "", "no counterpart has kept what is needed to go on; their programs may be older");
    if (untrue)
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
