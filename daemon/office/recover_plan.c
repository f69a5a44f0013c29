/* What the counterparts kept of our ledger, verified and put together.  Every checkpoint carries our own signature: what follows from it
 * is what we once said, whoever hands it to us now. */
#include "daemon/office/recover.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/witness.h"

void office_recovery_clear(struct office_recovery *r)
{
    for (size_t i = 0; i < r->peer_count; i++) {
        struct recover_peer *peer = &r->peers[i];
        for (size_t k = 0; k < peer->entry_count; k++) {
            free(peer->entries[k].line);
            free(peer->entries[k].path);
        }
        for (size_t k = 0; k < peer->checkpoint_count; k++) {
            free(peer->checkpoints[k].note);
            free(peer->checkpoints[k].frontier);
        }
        for (size_t k = 0; k < peer->parcel_count; k++)
            parcel_free(peer->parcels[k]);
        free(peer->note);
        free(peer->others);
        free(peer->entries);
        free(peer->checkpoints);
        free(peer->parcels);
    }
    free(r->peers);
    free(r->changed);
    free(r->lacking);
    r->peers = NULL;
    r->changed = r->lacking = NULL;
    r->peer_count = r->changed_count = r->lacking_count = 0;
}

/* ---- how we stand ---- */

static int our_checkpoint(struct store_db *db, const char *note, struct checkpoint *out)
{
    const struct note_signer *previous = store_previous_signer(db);
    int rc = checkpoint_verify(&store_signer(db)->vkey, note, strlen(note), out);
    return rc == TB_ETRUST && previous ? checkpoint_verify(&previous->vkey, note, strlen(note), out) : rc;
}

/* A checkpoint of ours that one of them shows, against the ledger here. */
static int judge(struct store_db *db, const struct recover_peer *peer, struct office_recovery *r)
{
    struct checkpoint seen;
    struct ledger_hash root;
    int rc = our_checkpoint(db, peer->note, &seen);
    if (rc == TB_ETRUST || rc == TB_EMALFORMED)
        return 0; /* not signed by us: it proves nothing */
    if (!rc && seen.size > r->sum.seen)
        r->sum.seen = seen.size;
    if (rc || seen.size > r->sum.size)
        return rc;
    rc = store_root_at(db, seen.size, &root);
    if (!rc && memcmp(root.b, seen.root.b, sizeof root.b))
        r->standing = RECOVER_FORKED;
    return rc == TB_ENOTFOUND ? 0 : rc; /* of a size inside a gap of before */
}

static int look_run(struct store_db *db, struct store_query *query)
{
    struct office_recovery *r = (struct office_recovery *)query;
    int rc = 0;
    r->standing = RECOVER_WHOLE;
    r->sum = (struct recover_sum){.size = store_ledger_size(db)};
    for (size_t i = 0; i < r->peer_count && !rc; i++) {
        struct recover_peer *peer = &r->peers[i];
        struct peer_row row;
        if (peer->answer == RECOVER_TOLD && peer->note)
            rc = judge(db, peer, r);
        if (!rc)
            rc = peer_get(db, peer->peer->code, &row);
        if (rc)
            break;
        /* a little more than what is missing: its proofs hold up what was written shortly before the copy */
        peer->sent = row.sent.seq;
        peer->receipted_to = row.received.seq > LIMIT_BATCH_MESSAGES ? row.received.seq - LIMIT_BATCH_MESSAGES : 0;
        peer->taken = row.received.seq;
        peer->their_size = row.their_size;
        peer->their_root = row.their_root;
        peer_row_clear(&row);
    }
    if (!rc && r->standing == RECOVER_WHOLE && r->sum.seen > r->sum.size)
        r->standing = RECOVER_BEHIND;
    return rc;
}

/* ---- checkpoints ---- */

static struct recover_checkpoint *checkpoint_of(const struct recover_peer *peer, uint64_t size)
{
    size_t low = 0, high = peer->checkpoint_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (peer->checkpoints[mid].size < size)
            low = mid + 1;
        else
            high = mid;
    }
    return low < peer->checkpoint_count && peer->checkpoints[low].size == size ? &peer->checkpoints[low] : NULL;
}

/* The root that the proof of `point` begins at: of the ledger here, or of the checkpoint before. */
static int old_root(struct store_db *db, const struct recover_peer *peer, const struct recover_checkpoint *point, uint64_t size,
                    struct ledger_hash *root)
{
    const struct recover_checkpoint *before = checkpoint_of(peer, point->old_size);
    if (point->old_size <= size)
        return store_root_at(db, point->old_size, root);
    if (!before || before >= point)
        return TB_ENOTFOUND;
    *root = before->root;
    return 0;
}

static int take_checkpoint(struct store_db *db, struct office_recovery *r, const struct recover_peer *peer,
                           struct recover_checkpoint *point, struct ledger_graft *graft)
{
    const struct suite *suite = r->office->suite;
    struct checkpoint signed_one;
    struct ledger_frontier frontier;
    struct ledger_hash root;
    int rc = our_checkpoint(db, point->note, &signed_one);
    if (!rc && signed_one.size != point->size)
        rc = TB_EMALFORMED;
    if (rc)
        return rc;
    point->root = signed_one.root;
    if (!point->frontier)
        return 0; /* kept by an older program: it holds up the entries of its size, and no more */
    rc = ledger_frontier_read(suite, point->size, point->frontier, point->frontier_len, &point->root, &frontier);
    if (!rc)
        rc = graft_frontier(graft, &frontier);
    if (rc || !point->old_size)
        return rc;
    rc = old_root(db, peer, point, r->sum.size, &root);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    rc = ledger_verify_consistency(suite, point->old_size, point->size, &root, &point->root, point->consistency.hash,
                                   point->consistency.count);
    return rc ? rc : graft_consistency(graft, point->old_size, point->size, &point->consistency);
}

/* What one counterpart keeps for another: the proof from what that one has seen last.  One that does not fit is of no use, and no harm. */
static int take_others(struct store_db *db, const struct office_recovery *r, const struct recover_peer *keeper, struct ledger_graft *graft)
{
    const struct recover_checkpoint *end = checkpoint_of(keeper, keeper->size);
    const char *at = keeper->others ? keeper->others : "";
    struct ledger_path path;
    uint64_t size;
    int rc = 0;
    while (end && !rc && !parcel_others_next(&at, &size, &path))
        for (size_t i = 0; i < r->peer_count && !rc; i++) {
            const struct recover_peer *other = &r->peers[i];
            struct checkpoint begin;
            if (other == keeper || other->size != size || !size || size >= end->size || our_checkpoint(db, other->note, &begin))
                continue;
            if (!ledger_verify_consistency(r->office->suite, begin.size, end->size, &begin.root, &end->root, path.hash, path.count))
                rc = graft_consistency(graft, size, end->size, &path);
        }
    return rc;
}

/* ---- materials ---- */

static int count_missing(struct store_db *db, struct office_recovery *r, const json_t *value)
{
    const char *key;
    json_t *one;
    size_t i;
    int rc = 0;
    if (json_is_array(value)) {
        json_array_foreach(value, i, one) rc = rc ? rc : count_missing(db, r, one);
        return rc;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, one) {
        struct material_row row;
        if (rc)
            break;
        if (strcmp(key, "sha256") || !json_is_string(one)) {
            rc = count_missing(db, r, one);
            continue;
        }
        rc = material_get(db, json_string_value(one), &row);
        r->sum.materials += rc == TB_ENOTFOUND;
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    return rc;
}

/* ---- entries ---- */

static int take_entry(struct store_db *db, struct office_recovery *r, const struct recover_peer *peer, struct recover_entry *e,
                      struct ledger_graft *graft)
{
    const struct suite *suite = r->office->suite;
    const struct recover_checkpoint *point = checkpoint_of(peer, e->size);
    struct ledger_path path = {.count = e->path_count};
    struct ledger_hash leaf;
    if (e->index >= e->size)
        return TB_ETRUST;
    if (e->size <= r->sum.size)
        return 0; /* it stands in the ledger that is here */
    if (!point)
        return TB_ENOTFOUND;
    int rc = ledger_leaf(suite, e->line, e->len, &leaf);
    if (!rc)
        rc = ledger_verify_inclusion(suite, e->index, e->size, &leaf, e->path, e->path_count, &point->root);
    if (!rc)
        rc = entry_decode(e->line, e->len, &e->entry, NULL);
    if (rc)
        return rc;
    if (strcmp(e->entry.from, r->office->code) || strcmp(e->entry.to, peer->peer->code))
        rc = TB_ETRUST;
    if (!rc && e->index >= r->sum.size)
        rc = count_missing(db, r, e->entry.body);
    entry_clear(&e->entry);
    memcpy(path.hash, e->path, path.count * sizeof *e->path);
    if (!rc)
        rc = graft_inclusion(graft, e->index, e->size, &leaf, &path);
    if (!rc) {
        free(e->path);
        e->path = NULL;
    }
    return rc;
}

static int by_index(const void *a, const void *b)
{
    const struct recover_entry *left = *(struct recover_entry *const *)a, *right = *(struct recover_entry *const *)b;
    return left->index < right->index ? -1 : left->index > right->index;
}

static int gather_entries(struct office_recovery *r, struct recover_plan *plan)
{
    size_t room = 1;
    for (size_t i = 0; i < r->peer_count; i++)
        room += r->peers[i].entry_count;
    plan->entries = calloc(room, sizeof *plan->entries);
    if (!plan->entries)
        return TB_ENOMEM;
    for (size_t i = 0; i < r->peer_count; i++)
        for (size_t k = 0; k < r->peers[i].entry_count; k++) {
            struct recover_entry *e = &r->peers[i].entries[k];
            if (e->index >= r->sum.size && !e->path) /* else it is here already, and the graft has compared it; or it was passed over */
                plan->entries[plan->count++] = e;
        }
    if (plan->count)
        qsort(plan->entries, plan->count, sizeof *plan->entries, by_index);
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) { /* one that came twice was proved twice: it is the same */
        if (count && plan->entries[i]->index == plan->entries[count - 1]->index)
            continue;
        r->sum.receipts += plan->entries[i]->entry.type == ENTRY_RECEIPT;
        r->sum.messages += plan->entries[i]->entry.type != ENTRY_RECEIPT;
        plan->entries[count++] = plan->entries[i];
    }
    plan->count = count;
    return 0;
}

/* ---- the whole ---- */

/* Whether the recovery goes on although something of this counterpart is not to be believed: the operator has said so. */
static bool is_passed_over(struct office_recovery *r, const struct recover_peer *peer, int rc)
{
    bool passed = rc && peer->without && err_class(rc) == ERR_CLASS_PERMANENT;
    r->sum.refused += passed;
    return passed;
}

static int take_checkpoints(struct store_db *db, struct office_recovery *r, struct recover_peer *peer, struct ledger_graft *graft)
{
    int rc = 0;
    for (size_t i = 0; i < peer->checkpoint_count && !rc;) {
        struct recover_checkpoint *point = &peer->checkpoints[i];
        rc = take_checkpoint(db, r, peer, point, graft);
        if (!is_passed_over(r, peer, rc)) {
            i++;
            continue;
        }
        rc = 0;
        free(point->note);
        free(point->frontier);
        memmove(point, point + 1, (--peer->checkpoint_count - i) * sizeof *point);
    }
    return rc;
}

static int take_parcel(struct store_db *db, struct office_recovery *r, const struct recover_peer *peer, struct parcel *parcel)
{
    bool ours = !strcmp(parcel->from, peer->peer->code) && !strcmp(parcel->to, r->office->code) && parcel->old_size == peer->their_size;
    int rc = ours ? parcel_verify(parcel, office_peer_key(peer->peer), parcel->old_size ? &peer->their_root : NULL, NULL) : TB_ETRUST;
    for (size_t k = 0; k < parcel->count && !rc; k++) {
        r->sum.theirs += parcel->sent.seq + (int64_t)k < peer->receipted;
        if (!parcel->lines[k].entry_rc && !parcel->lines[k].status)
            rc = count_missing(db, r, parcel->lines[k].entry.body);
    }
    if (!rc)
        parcel_let_go(parcel);
    return rc;
}

static int take_peer(struct store_db *db, struct office_recovery *r, struct recover_peer *peer, struct recover_plan *plan)
{
    int rc = take_checkpoints(db, r, peer, &plan->graft);
    for (size_t i = 0; i < peer->entry_count && !rc; i++) {
        rc = take_entry(db, r, peer, &peer->entries[i], &plan->graft);
        rc = is_passed_over(r, peer, rc) ? 0 : rc;
    }
    if (!rc && peer->size > r->sum.size && checkpoint_of(peer, peer->size) && (!plan->newest || plan->newest->size < peer->size))
        plan->newest = peer;
    for (size_t i = 0; i < peer->parcel_count && !rc; i++) {
        rc = take_parcel(db, r, peer, peer->parcels[i]);
        if (!is_passed_over(r, peer, rc))
            continue;
        rc = 0;
        while (peer->parcel_count > i) /* they are taken in order */
            parcel_free(peer->parcels[--peer->parcel_count]);
    }
    return rc;
}

/* A signature of ours on a larger size: the ledger would say something else of places that were shown, and its own checkpoints would
 * convict it.  Whoever shows it has to show what leads there as well. */
static int check_newest(struct store_db *db, struct office_recovery *r, const struct recover_plan *plan)
{
    uint64_t size = plan->newest ? plan->newest->size : r->sum.size;
    for (size_t i = 0; i < r->peer_count; i++) {
        const struct recover_peer *peer = &r->peers[i];
        struct checkpoint seen;
        int rc = peer->answer == RECOVER_TOLD && peer->note ? our_checkpoint(db, peer->note, &seen) : TB_ETRUST;
        uint64_t shown = rc ? 0 : seen.size;
        if (peer->checkpoint_count && peer->checkpoints[peer->checkpoint_count - 1].size > shown)
            shown = peer->checkpoints[peer->checkpoint_count - 1].size; /* in order, and verified */
        if (shown <= size)
            continue;
        r->blamed = peer;
        r->hides = true;
        return TB_ENOTFOUND;
    }
    return plan->newest ? 0 : TB_ENOTFOUND;
}

int recover_plan(struct store_db *db, struct office_recovery *r, struct recover_plan *plan)
{
    struct ledger_nodes own = store_nodes(db), nodes = {.node = graft_node, .context = &plan->graft};
    struct ledger_hash root;
    r->sum = (struct recover_sum){.size = store_ledger_size(db)};
    *plan = (struct recover_plan){.count = 0};
    graft_init(&plan->graft, r->office->suite, &own, r->sum.size, LIMIT_RECOVER_NODES);
    int rc = 0;
    for (size_t i = 0; i < r->peer_count && !rc; i++) {
        rc = take_peer(db, r, &r->peers[i], plan);
        r->blamed = rc ? &r->peers[i] : NULL;
    }
    for (size_t i = 0; i < r->peer_count && !rc; i++)
        rc = take_others(db, r, &r->peers[i], &plan->graft);
    if (!rc)
        rc = check_newest(db, r, plan);
    if (!rc)
        rc = ledger_frontier_load(&nodes, plan->newest->size, &plan->frontier);
    if (!rc)
        rc = ledger_root(r->office->suite, &plan->frontier, &root);
    const struct recover_checkpoint *newest = rc ? NULL : checkpoint_of(plan->newest, plan->newest->size);
    if (!rc && (!newest || memcmp(root.b, newest->root.b, sizeof root.b) != 0))
        rc = TB_ETRUST;
    if (!rc)
        rc = gather_entries(r, plan);
    if (rc)
        return rc;
    r->sum.seen = plan->newest->size;
    r->sum.lost = r->sum.seen - r->sum.size - plan->count;
    return 0;
}

void recover_plan_clear(struct recover_plan *plan)
{
    graft_free(&plan->graft);
    free(plan->entries);
    plan->entries = NULL;
    plan->count = 0;
}

void office_recovery_init(struct office_recovery *r, const struct office *office)
{
    *r = (struct office_recovery){.look = {.run = look_run}, .office = office, .problem = {.id = PROBLEM_COUNT, .number = -1}};
    r->peers = calloc(office->peer_count + 1, sizeof *r->peers);
    r->peer_count = r->peers ? office->peer_count : 0;
    for (size_t i = 0; i < r->peer_count; i++)
        r->peers[i].peer = &office->peers[i];
}
