/* Power cuts: whatever was said to be committed is there afterwards, nothing of a failed command is, and the ledger's
 * end fits. */
#include "fixture.h"
#include "tests/support/sim_vfs.h"

static const char disk[] = "/disk";

enum { BATCH = 4, COMMITS = 200 };

struct one {
    int64_t n;
    bool fail;
    uint64_t index;
};

static int append(struct store_db *db, void *context)
{
    struct one *one = context;
    int rc = fixture_append(db, one->n % 2 ? "320623" : NULL, one->n, (size_t)(one->n * 997 % 9000), &one->index);
    return rc ? rc : one->fail ? TB_EREFUSED : 0;
}

static void open_store(struct fixture *f)
{
    f->options.directory = disk;
    f->options.vfs = "sim";
    fixture_open(f);
}

static int64_t number_at(struct store_db *db, uint64_t index)
{
    struct buf line;
    struct entry entry;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    OK(store_entry_line(db, index, &line));
    OK(entry_decode(line.data, line.len, &entry, NULL));
    int64_t n = json_integer_value(json_object_get(entry.body, "n"));
    entry_clear(&entry);
    buf_free(&line);
    return n;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= UINT64_C(0x9E3779B97F4A7C15);
    return x ^ (x >> 29);
}

/* One life: batches until the power goes.  *sure: the last number said to be committed; entries carry 1, 2, 3 … in
 * order. */
static void live(struct fixture *f, uint64_t *random, int64_t *sure)
{
    for (int commit = 0; commit < COMMITS && !sim_disk_is_off(disk); commit++) {
        struct one one[BATCH];
        struct step step[BATCH];
        int64_t n = *sure;
        int count = (int)(mix(++*random) % BATCH) + 1;
        for (int i = 0; i < count; i++) {
            one[i] = (struct one){.fail = mix(++*random) % 8 == 0};
            one[i].n = one[i].fail ? 1000000 : ++n;
            step_init(&step[i], append, &one[i]);
            if (i)
                step[i - 1].command.next = &step[i].command;
        }
        if (!store_run_batch(f->store, &step[0].command)) {
            for (int i = 0; i < count; i++)
                assert_int_equal(step[i].command.rc, one[i].fail ? TB_EREFUSED : 0);
            *sure = n;
        } else {
            assert_true(sim_disk_is_off(disk));
            for (int i = 0; i < count; i++)
                assert_true(step[i].command.rc < 0);
        }
    }
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    unsigned cuts = 0, doubtful = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        sim_disk_format(disk, seed);
        uint64_t random = seed * 1000;
        int64_t sure = 0;
        for (int life = 0; life < 6; life++) {
            open_store(&f);
            struct store_db *db = store_sync_view(f.store);
            uint64_t size = fixture_check_ledger(db, &f.signer);
            /* The commit that the power went in may be there, whole. */
            assert_in_range(size, (uintmax_t)sure, (uintmax_t)sure + BATCH);
            doubtful += size != (uint64_t)sure;
            for (uint64_t i = 0; i < size; i++)
                assert_int_equal(number_at(db, i), i + 1);
            sure = (int64_t)size;
            sim_disk_power_off_after(disk, mix(++random) % 60);
            live(&f, &random, &sure);
            cuts += sim_disk_is_off(disk);
            sim_disk_power_off(disk);
            store_close(f.store);
            f.store = NULL;
            sim_disk_power_on(disk);
        }
    }
    print_message("%u power cuts, %u times the doubtful commit was there\n", cuts, doubtful);
    assert_true(cuts >= 300);
    assert_true(doubtful > 0);
    sim_disk_format(disk, 0);
    fixture_drop(&f);
}

/* The power goes in each operation of the very first start. */
static void first_start_may_be_cut_anywhere(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    f.options.directory = disk;
    f.options.vfs = "sim";
    unsigned cut = 0;
    for (uint64_t operation = 0;; operation++) {
        sim_disk_format(disk, operation + 7);
        sim_disk_power_off_after(disk, operation);
        int rc = store_open(&f.options, &f.store, NULL);
        bool off = sim_disk_is_off(disk);
        if (!rc)
            store_close(f.store);
        f.store = NULL;
        sim_disk_power_on(disk);
        open_store(&f);
        struct one one = {.n = 1};
        OK(fixture_run(&f, append, &one));
        store_close(f.store);
        f.store = NULL;
        cut += off;
        if (!off)
            break;
    }
    assert_true(cut > 10);
    sim_disk_format(disk, 0);
    fixture_drop(&f);
}

/* The harness can find a loss: a disk that does not keep what was synced is noticed. */
static void harness_notices_a_lost_sync(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    sim_disk_format(disk, 3);
    open_store(&f);
    struct one one = {.n = 1};
    OK(fixture_run(&f, append, &one));
    size_t wal = sim_file_size("/disk/office.db-wal");
    assert_true(wal > 8192);
    sim_disk_power_off(disk);
    store_close(f.store);
    f.store = NULL;
    sim_disk_power_on(disk);
    assert_true(sim_file_flip("/disk/office.db-wal", wal - 100, 3));
    open_store(&f);
    assert_int_equal(store_ledger_size(store_sync_view(f.store)), 0);
    sim_disk_format(disk, 0);
    fixture_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost),
        cmocka_unit_test(first_start_may_be_cut_anywhere),
        cmocka_unit_test(harness_notices_a_lost_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
