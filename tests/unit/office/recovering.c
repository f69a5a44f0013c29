#include "recovering.h"

#include "daemon/office/witness.h"
#include "tests/support/sim_vfs.h"

static char *ask_witness(struct halls *h, int witness, enum witness_list list, int64_t after)
{
    struct office_witness w;
    office_witness_init(&w, h->hall[witness].office, h->hall[1 - witness].office->code, list, after);
    OK(w.query.run(store_sync_view(h->hall[witness].store), &w.query));
    char *text = json_dumps(w.answer, JSON_COMPACT);
    assert_non_null(text);
    office_witness_clear(&w);
    return text;
}

static void fetch(struct halls *h, int victim, struct recover_peer *peer, uint64_t size)
{
    int64_t next = 0;
    for (int64_t after = peer->sent; after >= 0; after = next) {
        char *text = ask_witness(h, 1 - victim, WITNESS_MESSAGES, after);
        OK(recover_read_entries(peer, text, strlen(text), &next));
        free(text);
    }
    for (int64_t after = peer->receipted_to; after >= 0; after = next) {
        char *text = ask_witness(h, 1 - victim, WITNESS_RECEIPTS, after);
        OK(recover_read_entries(peer, text, strlen(text), &next));
        free(text);
    }
    for (int64_t after = (int64_t)size; after >= 0; after = next) {
        char *text = ask_witness(h, 1 - victim, WITNESS_CHECKPOINTS, after);
        OK(recover_read_checkpoints(peer, text, strlen(text), &next));
        free(text);
    }
    for (int64_t after = peer->taken; after >= 0; after = next) {
        struct office_batch batch;
        size_t len;
        office_batch_init(&batch, h->hall[1 - victim].office, h->hall[victim].office->code);
        batch.force_after = after;
        batch.force_old = peer->their_size;
        OK(batch.query.run(store_sync_view(h->hall[1 - victim].store), &batch.query));
        char *bytes = buf_take(&batch.out, &len);
        OK(recover_read_outbox(peer, bytes, len, &next));
        office_batch_clear(&batch);
    }
}

void recovering_ask(struct halls *h, int victim, struct office_recovery *r)
{
    office_recovery_init(r, h->hall[victim].office);
    char *text = ask_witness(h, 1 - victim, WITNESS_SUMMARY, 0);
    OK(recover_read_summary(&r->peers[0], text, strlen(text)));
    free(text);
    OK(r->look.run(store_sync_view(h->hall[victim].store), &r->look));
    if (r->standing == RECOVER_BEHIND)
        fetch(h, victim, &r->peers[0], r->sum.size);
}

int recovering_apply(struct halls *h, int victim, struct office_recovery *r)
{
    office_recovery_prepare(r, true, 0);
    r->command.next = NULL;
    OK(store_run_batch(h->hall[victim].store, &r->command));
    return r->command.rc;
}

void recovering_put_back(struct halls *h, int victim)
{
    store_close(h->hall[victim].store);
    sim_disk_copy("/copy", h->hall[victim].directory);
    halls_reopen(h, victim);
}

void recovering_copy(struct halls *h, int victim)
{
    store_close(h->hall[victim].store);
    sim_disk_copy(h->hall[victim].directory, "/copy");
    halls_reopen(h, victim);
}

void recovering_forget(void)
{
    sim_disk_format("/copy", 0);
}
