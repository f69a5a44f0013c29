/* An older disk image of one office is put back.
 *
 * In a part of the seeds one disk is copied at a random moment; acknowledged work goes on; later the copy is put back and the office starts
 * on it.  It starts closed, as a directory that is not its own (daemon/recovery_place.h), asks its counterpart, and takes back what
 * that one can prove (docs/decisions/0018).  The reference model reads the ledger that was there just before: a message came back exactly
 * when the other office had taken it in, a receipt exactly when the other office had counted it; every other entry behind the copy is
 * lost. */
#include "tests/simulation/sim.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/office/recover.h"
#include "daemon/office/witness.h"
#include "daemon/store/witness.h"
#include "proto/message.h"
#include "tests/support/sim_vfs.h"

static const char image_disk[] = "/image";
enum { IN_FLIGHT_MS = 100 * 1000, AGAIN_MS = 60 * 1000, MOST_TRIES = 400, ASK_AGAIN_MS = 5 * 1000 };

/* An entry of the ledger that was there, behind the copy. */
struct sim_past {
    char *line; /* owned */
    size_t len;
    struct entry entry;
};

void sim_image_plan(struct sim *sim, int64_t span)
{
    struct sim_rng rng = {sim->seed * UINT64_C(0x9E3779B97F4A7C15) + 7}; /* its own: the other events stay what they are */
    sim->image.victim = (int)sim_below(&rng, SIM_NODES);
    sim->image.rng = rng;
    int64_t taken = (int64_t)sim_below(&sim->image.rng, (uint64_t)span / 2);
    int64_t back = taken + span / 10 + (int64_t)sim_below(&sim->image.rng, (uint64_t)(span - taken) * 7 / 10);
    sim_push(sim, (struct sim_event){.at = sim->now + taken, .kind = SIM_IMAGE, .node = sim->image.victim});
    sim_push(sim, (struct sim_event){.at = sim->now + back, .kind = SIM_BACK, .node = sim->image.victim});
}

void sim_image_take(struct sim_node *node)
{
    struct sim *sim = node->sim;
    if (!node->store) {
        sim_push(sim, (struct sim_event){.at = sim->now + AGAIN_MS, .kind = SIM_IMAGE, .node = node->id});
        return;
    }
    sim_disk_copy(node->disk, image_disk);
    sim->image.size = node->size;
    sim->image.root = node->root;
    sim->image.at = sim->now;
    sim->image.acked = sim->acked_count;
    sim_trace(sim, "the disk of office %d is copied with %llu entries", node->id, (unsigned long long)node->size);
}

/* ---- what was there ---- */

static int remember_entries(struct sim_node *node)
{
    struct sim_image *image = &node->sim->image;
    struct buf line;
    int rc = 0;
    image->past = calloc(node->size - image->size + 1, sizeof *image->past);
    if (!image->past)
        return TB_ENOMEM;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    for (uint64_t i = image->size; i < node->size && !rc; i++) {
        struct sim_past *past = &image->past[image->past_count];
        buf_clear(&line);
        rc = store_entry_line(store_sync_view(node->store), i, &line);
        if (!rc)
            rc = entry_decode(line.data, line.len, &past->entry, NULL);
        if (rc)
            break;
        image->past_count++;
        past->line = strndup(line.data, line.len);
        past->len = line.len;
    }
    buf_free(&line);
    return rc;
}

static int remember_cases(struct sim_node *node)
{
    struct sim_image *image = &node->sim->image;
    struct case_filter filter = {.state = -1, .limit = LIMIT_LIST_PAGE};
    int rc = 0;
    do {
        struct case_row *rows = NULL;
        size_t count = 0;
        rc = case_list(store_sync_view(node->store), &filter, &rows, &count, &filter.cursor);
        void *more = rc ? NULL : realloc(image->cases, (image->case_count + count + 1) * sizeof *image->cases);
        if (more)
            image->cases = more;
        for (size_t i = 0; more && i < count; i++)
            if (!strcmp(rows[i].intake, node->office->code))
                memcpy(image->cases[image->case_count++], rows[i].case_no, CASE_NO_TEXT);
        case_rows_free(rows, count);
    } while (filter.cursor && !rc);
    return rc;
}

static void forget_past(struct sim_image *image)
{
    for (size_t i = 0; i < image->past_count; i++) {
        free(image->past[i].line);
        entry_clear(&image->past[i].entry);
    }
    free(image->past);
    free(image->cases);
    free(image->kept);
    free(image->lost);
    free(image->lacking);
    image->lacking = NULL;
    image->lacking_count = 0;
    image->lost = NULL;
    image->lost_count = 0;
    image->past = NULL;
    image->cases = NULL;
    image->kept = NULL;
    image->past_count = image->case_count = 0;
}

void sim_image_forget(struct sim *sim)
{
    forget_past(&sim->image);
    sim_disk_format(image_disk, 0);
}

/* ---- the copy is put back ---- */

/* Who answered a request remembers that in rows that no entry knows: after the copy they are gone. */
static void forget_answers(struct sim *sim, int node)
{
    for (size_t i = sim->image.acked; i < sim->acked_count; i++)
        if (sim->acked[i].node == node)
            sim->acked[i].forgotten = true;
}

/* The size of its ledger that the other office has seen. */
static uint64_t seen_by_other(struct sim_node *node)
{
    struct sim_node *other = &node->sim->node[1 - node->id];
    struct buf note;
    uint64_t size = 0;
    bool frontier;
    buf_init(&note, LIMIT_NOTE_BYTES);
    if (!other->store || witness_latest(store_sync_view(other->store), node->office->code, &size, &frontier, &note))
        size = 0;
    buf_free(&note);
    return size;
}

/* Whether the other office has this entry: a message it took in, a receipt it counted. */
static bool has_crossed(const struct entry *entry, const struct peer_row *theirs)
{
    struct receipt receipt = {0};
    if (entry->type == ENTRY_RECEIPT) {
        bool counted = !receipt_from_json(entry->body, &receipt, NULL) && receipt.last <= theirs->sent.seq;
        receipt_clear(&receipt);
        return counted;
    }
    return entry->to[0] && entry->seq > 0 && entry->seq <= theirs->received.seq;
}

static void put_off(struct sim_node *node)
{
    struct sim *sim = node->sim;
    sim_push(sim, (struct sim_event){.at = sim->now + AGAIN_MS, .kind = SIM_CLERK, .node = node->id});
    sim_push(sim, (struct sim_event){.at = sim->now + AGAIN_MS, .kind = SIM_BACK, .node = node->id});
    if (++sim->image.tries < MOST_TRIES && sim->end <= sim->now + AGAIN_MS)
        sim->end = sim->now + AGAIN_MS;
}

void sim_image_back(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct sim_image *image = &sim->image;
    if (sim->calm || image->back)
        return;
    /* with nothing acknowledged since, the copy is as good as the disk */
    if (!node->store || node->has_pending || !image->at || seen_by_other(node) <= image->size) {
        put_off(node);
        return;
    }
    if (remember_entries(node) || remember_cases(node)) {
        sim_fail(sim, "the ledger of office %d cannot be read", node->id);
        return;
    }
    sim_trace(sim, "office %d has %llu entries; its copy with %llu is put back", node->id, (unsigned long long)node->size,
              (unsigned long long)image->size);
    sim_node_off(node);
    sim_disk_copy(image_disk, node->disk);
    forget_answers(sim, node->id);
    image->back = true;
    image->was = node->size;
    node->size = image->size;
    node->root = image->root;
    node->closed = sim->plant != SIM_PLANT_FORK;
    /* what was on its way has arrived or is lost long before a copy is put back */
    node->away_until = sim->now + IN_FLIGHT_MS + (int64_t)sim_below(&image->rng, 1800 * 1000);
    sim_push(sim, (struct sim_event){.at = node->away_until, .kind = SIM_RESTART, .node = node->id});
}

/* ---- closed: it asks ---- */

static int append_something(struct store_db *db, struct store_command *command)
{
    (void)command;
    struct entry entry = {.type = ENTRY_OFFICE_STARTED, .body = json_object()};
    int rc = store_append(db, &entry, NULL, NULL);
    entry_clear(&entry);
    return rc;
}

void sim_image_try(struct sim_node *node)
{
    struct store_command command = {.run = append_something};
    int rc = store_run_batch(node->store, &command);
    if ((rc ? rc : command.rc) != TB_EBEHIND)
        sim_fail(node->sim, "office %d is closed and takes an entry (%s)", node->id, err_text(rc ? rc : command.rc));
    sim_check_commit(node);
}

void sim_image_started(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct sim_image *image = &sim->image;
    store_close_ledger(node->store, true);
    bool first = !image->kept;
    if (first)
        image->kept = calloc(image->case_count + 1, sizeof *image->kept);
    for (size_t i = 0; first && image->kept && i < image->case_count; i++) {
        struct case_row row;
        image->kept[i] = !case_get(store_sync_view(node->store), image->cases[i], &row);
        if (image->kept[i])
            case_row_clear(&row);
    }
    sim_push(sim, (struct sim_event){.at = sim->now + 1, .kind = SIM_RECOVER, .node = node->id, .epoch = node->epoch});
}

static char *ask(struct sim_node *node, enum witness_list list, int64_t after)
{
    struct sim_node *other = &node->sim->node[1 - node->id];
    struct office_witness witness;
    char *text = NULL;
    office_witness_init(&witness, other->office, node->office->code, list, after);
    if (!witness.query.run(store_sync_view(other->store), &witness.query))
        text = json_dumps(witness.answer, JSON_COMPACT);
    office_witness_clear(&witness);
    return text;
}

static int fetch_list(struct sim_node *node, struct recover_peer *peer, enum witness_list list, int64_t after)
{
    int64_t next = -1;
    int rc = 0;
    for (; after >= 0 && !rc; after = next) {
        char *text = ask(node, list, after);
        if (!text)
            return TB_ETEMP;
        rc = list == WITNESS_CHECKPOINTS ? recover_read_checkpoints(peer, text, strlen(text), &next)
                                         : recover_read_entries(peer, text, strlen(text), &next);
        free(text);
    }
    return rc;
}

static int fetch_outbox(struct sim_node *node, struct recover_peer *peer)
{
    struct sim_node *other = &node->sim->node[1 - node->id];
    int64_t next = -1;
    int rc = 0;
    for (int64_t after = peer->taken; after >= 0 && !rc; after = next) {
        struct office_batch batch;
        size_t len = 0;
        office_batch_init(&batch, other->office, node->office->code);
        batch.force_after = after;
        batch.force_old = peer->their_size;
        rc = batch.query.run(store_sync_view(other->store), &batch.query);
        char *bytes = rc ? NULL : buf_take(&batch.out, &len);
        if (!rc)
            rc = bytes ? recover_read_outbox(peer, bytes, len, &next) : TB_ENOMEM;
        office_batch_clear(&batch);
    }
    return rc;
}

static int fetch(struct sim_node *node, struct office_recovery *r)
{
    struct recover_peer *peer = &r->peers[0];
    int rc = fetch_list(node, peer, WITNESS_MESSAGES, peer->sent);
    if (!rc)
        rc = fetch_list(node, peer, WITNESS_RECEIPTS, peer->receipted_to);
    if (!rc)
        rc = fetch_list(node, peer, WITNESS_CHECKPOINTS, (int64_t)r->sum.size);
    return rc ? rc : fetch_outbox(node, peer);
}

/* ---- what came back is what the model says ---- */

static void note_lost(struct sim_image *image, const struct entry *entry)
{
    struct sim_lost *more = realloc(image->lost, (image->lost_count + 1) * sizeof *more);
    if (!more)
        return;
    image->lost = more;
    more[image->lost_count].rev = entry->rev;
    memcpy(more[image->lost_count++].case_no, entry->case_no, CASE_NO_TEXT);
}

bool sim_image_lost(const struct sim *sim, const char *case_no, int64_t rev)
{
    for (size_t i = 0; i < sim->image.lost_count; i++)
        if (sim->image.lost[i].rev == rev && !strcmp(sim->image.lost[i].case_no, case_no))
            return true;
    return false;
}

bool sim_image_lacking(const struct sim *sim, const char *case_no)
{
    for (size_t i = 0; i < sim->image.lacking_count; i++)
        if (!strcmp(sim->image.lacking[i], case_no))
            return true;
    return false;
}

bool sim_image_lost_before(const struct sim *sim, const char *case_no, int64_t rev)
{
    for (; rev > 1; rev--)
        if (sim_image_lost(sim, case_no, rev - 1))
            return true;
    return false;
}

static void check_past(struct sim_node *node, const struct peer_row *theirs)
{
    struct sim *sim = node->sim;
    const struct sim_image *image = &sim->image;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    for (size_t i = 0; i < image->past_count && !sim->failure[0]; i++) {
        const struct sim_past *past = &image->past[i];
        bool crossed = has_crossed(&past->entry, theirs);
        buf_clear(&line);
        int rc = store_entry_line(store_sync_view(node->store), image->size + i, &line);
        bool same = !rc && line.len == past->len && !memcmp(line.data, past->line, past->len);
        if (crossed && !same)
            sim_fail(sim, "lost: entry %llu of office %d (%s) crossed and did not come back", (unsigned long long)(image->size + i),
                     node->id, entry_type_text(past->entry.type));
        if (!crossed && same)
            sim_fail(sim, "entry %llu of office %d (%s) never left it and came back", (unsigned long long)(image->size + i), node->id,
                     entry_type_text(past->entry.type));
        if (!rc && !same && image->size + i < image->seen)
            sim_fail(sim, "entry %llu of office %d was written twice", (unsigned long long)(image->size + i), node->id);
        if (!crossed && past->entry.staff[0] && json_object_get(past->entry.body, "act"))
            sim->acts--;
        if (!crossed && past->entry.rev > 0 && past->entry.case_no[0])
            note_lost(&sim->image, &past->entry);
    }
    buf_free(&line);
}

static void check_past_cases(struct sim_node *node, const struct peer_row *theirs)
{
    struct sim *sim = node->sim;
    const struct sim_image *image = &sim->image;
    for (size_t i = 0; i < image->case_count && !sim->failure[0]; i++) {
        struct case_row row;
        bool crossed = false;
        for (size_t k = 0; k < image->past_count; k++) {
            const struct entry *entry = &image->past[k].entry;
            if (strcmp(entry->case_no, image->cases[i]) != 0)
                continue;
            crossed = crossed || (entry->type == ENTRY_CASE_SUBMITTED && has_crossed(entry, theirs));
        }
        bool there = !case_get(store_sync_view(node->store), image->cases[i], &row);
        if (there)
            case_row_clear(&row);
        bool want = image->kept[i] || crossed;
        if (there != want)
            sim_fail(sim, "%s: case %s of office %d after the recovery", want ? "lost" : "there, and nobody knew it", image->cases[i],
                     node->id);
        sim->intakes -= !there;
    }
}

/* Nobody is sent to a case in which nothing is lost. */
static void check_lacking(struct sim_node *node)
{
    for (size_t i = 0; i < node->sim->image.lacking_count; i++) {
        const char *case_no = node->sim->image.lacking[i];
        if (!sim_image_lost_before(node->sim, case_no, INT16_MAX))
            sim_fail(node->sim, "nothing in %s is lost, and it is named", case_no);
    }
}

static void check_recovered(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct peer_row theirs;
    if (peer_get(store_sync_view(sim->node[1 - node->id].store), node->office->code, &theirs)) {
        sim_fail(sim, "the peer row cannot be read");
        return;
    }
    check_past(node, &theirs);
    if (!sim->failure[0])
        check_past_cases(node, &theirs);
    if (!sim->failure[0])
        check_lacking(node);
    peer_row_clear(&theirs);
    sim->image.recovered = true;
}

/* ---- tongbanctl recover --apply ---- */

static bool apply(struct sim_node *node, struct office_recovery *r)
{
    struct sim *sim = node->sim;
    struct checkpoint seen;
    int rc = fetch(node, r);
    if (!rc)
        rc = checkpoint_verify(&node->signer.vkey, r->peers[0].note, strlen(r->peers[0].note), &seen);
    if (rc) {
        sim_fail(sim, "office %d cannot ask back: %s", node->id, err_text(rc));
        return false;
    }
    office_recovery_prepare(r, true, 0);
    store_close_ledger(node->store, true);
    node->size = sim->image.seen = seen.size; /* from now on it goes on from what was seen, and from nothing else */
    node->root = seen.root;
    rc = sim_commit(node, &r->command);
    if (!node->store) {
        node->size = sim->image.size;
        node->root = sim->image.root;
        return false;
    }
    if (rc || r->sum.unapplied || r->sum.differing)
        sim_fail(sim, "office %d cannot take back what office %d has: %s %s (%zu unapplied, %zu differing)", node->id, 1 - node->id,
                 err_text(rc), r->problem.detail, r->sum.unapplied, r->sum.differing);
    sim->image.lacking = r->lacking;
    sim->image.lacking_count = r->lacking_count;
    r->lacking = NULL;
    r->lacking_count = 0;
    return !sim->failure[0];
}

void sim_image_recover(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct office_recovery r;
    char *text = NULL;
    bool open = false;
    if (!sim->cut && sim->node[1 - node->id].store)
        text = ask(node, WITNESS_SUMMARY, 0);
    if (!text) {
        sim_push(sim, (struct sim_event){.at = sim->now + ASK_AGAIN_MS, .kind = SIM_RECOVER, .node = node->id, .epoch = node->epoch});
        return;
    }
    office_recovery_init(&r, node->office);
    int rc = recover_read_summary(&r.peers[0], text, strlen(text));
    free(text);
    if (!rc)
        rc = r.look.run(store_sync_view(node->store), &r.look);
    /* a power cut in the answer to a recovery: it may be whole already */
    if (rc || (r.standing != RECOVER_BEHIND && node->size == sim->image.size))
        sim_fail(sim, "office %d does not notice that it is behind (%d, %s)", node->id, (int)r.standing, err_text(rc));
    else
        open = r.standing == RECOVER_WHOLE || apply(node, &r);
    uint64_t size = r.sum.size, lost = r.sum.lost;
    office_recovery_clear(&r);
    if (!open)
        return;
    sim_trace(sim, "office %d is recovered from %llu; %llu are lost", node->id, (unsigned long long)size, (unsigned long long)lost);
    check_recovered(node);
    node->closed = false;
    store_close_ledger(node->store, false);
    if (!sim->failure[0] && sim_node_open(node) && node->store)
        sim_fail(sim, "office %d does not open", node->id);
}
