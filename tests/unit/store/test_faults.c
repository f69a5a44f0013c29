/* A disk that fails in its 1st operation, then in its 2nd, … until a run ends without a fault.  After each: what was
 * reported as done is there, what was reported as failed is not (the one commit whose sync failed may be, whole),
 * reading went on, the file is sound. */
#include "daemon/store/db.h"
#include "fixture.h"
#include "tests/support/sim_vfs.h"

static const char disk[] = "/fault";

enum { BATCHES = 5, BATCH = 3, COMMANDS = BATCHES * BATCH };

struct one {
    int64_t n;
    int rc;
    int batch;
};

/* An act of a register about the case: number, object, its act, content made anew, a material that it waits for. */
static int work_object(struct store_db *db, int64_t n, const struct case_row *about)
{
    struct object_row object = {.kind = REGISTER_NOTE, .case_id = about->id, .open = true, .opened = 1, .changed = 1};
    struct event_row event = {.own = true, .ref = n, .rev = 1, .verdict = -1};
    char sha256[65], doc[] = "{}";
    int64_t serial;
    int rc = object_serial_next(db, REGISTER_NOTE, 2026, &serial);
    OK(register_no_make(&register_kinds[REGISTER_NOTE], "330483", 2026, n, object.no)); /* not the serial: what fails leaves no gap */
    memcpy(object.owner, "330483", OFFICE_TEXT);
    (void)snprintf(object.uuid, sizeof object.uuid, "018f0000-0000-7000-8000-%012lld", (long long)n);
    (void)snprintf(sha256, sizeof sha256, "%064lld", (long long)n);
    object.doc = doc;
    rc = rc ? rc : object_insert(db, &object);
    rc = rc ? rc : object_event_add(db, object.id, &event);
    rc = rc ? rc : object_wait_add(db, object.id, sha256);
    object.state = object.local_state = 1;
    return rc ? rc : object_update(db, &object);
}

static void check_object(struct store_db *db, int64_t n, bool there)
{
    struct object_row object;
    struct event_row *events = NULL;
    char no[REGISTER_NO_TEXT];
    size_t count = 0;
    OK(register_no_make(&register_kinds[REGISTER_NOTE], "330483", 2026, n, no));
    int rc = object_get(db, no, &object);
    assert_int_equal(rc, there ? 0 : TB_ENOTFOUND);
    if (rc)
        return;
    assert_int_equal(object.state, 1);
    OK(object_event_list(db, object.id, &events, &count));
    assert_int_equal(count, 1);
    assert_int_equal(events[0].ref, n);
    free(events);
    object_row_clear(&object);
}

static int work(struct store_db *db, void *context)
{
    struct one *one = context;
    int rc = fixture_append(db, one->n % 2 ? "320623" : NULL, one->n, 5000, NULL);
    if (rc)
        return rc;
    struct case_row row;
    memset(&row, 0, sizeof row);
    OK(case_no_make("330483", 20780, (uint32_t)one->n, row.case_no));
    memcpy(row.home, "330483", OFFICE_TEXT);
    memcpy(row.intake, "320623", OFFICE_TEXT);
    char name[] = "张三", number[] = "33048318500101001X";
    row.applicant = name;
    row.number = number;
    rc = case_insert(db, &row);
    return rc ? rc : work_object(db, one->n, &row);
}

static void run_batches(struct fixture *f, struct one *commands, int *first_failed)
{
    *first_failed = -1;
    for (int b = 0; b < BATCHES; b++) {
        struct step step[BATCH];
        for (int i = 0; i < BATCH; i++) {
            struct one *one = &commands[b * BATCH + i];
            *one = (struct one){.n = b * BATCH + i + 1, .batch = b};
            step_init(&step[i], work, one);
            if (i)
                step[i - 1].command.next = &step[i].command;
        }
        int rc = store_run_batch(f->store, &step[0].command);
        for (int i = 0; i < BATCH; i++) {
            commands[b * BATCH + i].rc = step[i].command.rc;
            assert_int_equal(step[i].command.rc < 0, rc < 0); /* a fault takes the whole transaction */
        }
        if (rc && *first_failed < 0)
            *first_failed = b;
        struct buf line;
        buf_init(&line, LIMIT_ENTRY_BYTES);
        struct store_stats stats;
        store_stats(f->store, &stats);
        assert_true(rc ? stats.failed == rc : !stats.failed);
        if (store_ledger_size(store_sync_view(f->store)))
            OK(store_entry_line(store_sync_view(f->store), 0, &line)); /* reading goes on */
        buf_free(&line);
    }
}

static void check_sound(struct store_db *db)
{
    sqlite3_stmt *statement;
    OK(sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check", -1, &statement, NULL));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
}

static void check_content(struct fixture *f, const struct one *commands, int first_failed, enum sim_fault fault)
{
    struct store_db *db = store_sync_view(f->store);
    uint64_t size = fixture_check_ledger(db, &f->signer);
    bool there[COMMANDS + 1] = {false};
    for (uint64_t i = 0; i < size; i++) {
        struct buf line;
        struct entry entry;
        buf_init(&line, LIMIT_ENTRY_BYTES);
        OK(store_entry_line(db, i, &line));
        OK(entry_decode(line.data, line.len, &entry, NULL));
        json_int_t n = json_integer_value(json_object_get(entry.body, "n"));
        assert_in_range(n, 1, COMMANDS);
        assert_false(there[n]);
        there[n] = true;
        entry_clear(&entry);
        buf_free(&line);
    }
    for (int i = 0; i < COMMANDS; i++) {
        char no[CASE_NO_TEXT];
        struct case_row row;
        OK(case_no_make("330483", 20780, (uint32_t)i + 1, no));
        int rc = case_get(db, no, &row);
        assert_int_equal(rc, there[i + 1] ? 0 : TB_ENOTFOUND); /* effect and entry together */
        if (!rc)
            case_row_clear(&row);
        check_object(db, i + 1, there[i + 1]);
        if (!commands[i].rc)
            assert_true(there[i + 1]);
        else if (there[i + 1])
            assert_true(fault == SIM_FAULT_EIO && commands[i].batch == first_failed &&
                        there[first_failed * BATCH + 1] && there[first_failed * BATCH + BATCH]);
    }
}

static void fail_each(enum sim_fault fault, uint64_t times)
{
    struct fixture f;
    fixture_make(&f, NULL);
    f.options.directory = disk;
    f.options.vfs = "sim";
    struct one commands[COMMANDS];
    unsigned runs = 0, hit = 0;
    for (uint64_t n = 0;; n += n < 40 ? 1 : 5) {
        int first_failed;
        sim_disk_format(disk, n + 1);
        fixture_open(&f);
        sim_disk_fault(disk, fault, n, times);
        run_batches(&f, commands, &first_failed);
        if (times == 1 && fault == SIM_FAULT_FULL && sim_disk_faults(disk))
            assert_int_equal(commands[COMMANDS - 1].rc * (first_failed < BATCHES - 1),
                             0); /* space came back: so did writing */
        if (fault == SIM_FAULT_EIO && first_failed >= 0)
            assert_int_equal(commands[COMMANDS - 1].rc, TB_EIO); /* stays until restart */
        store_close(f.store);
        f.store = NULL;
        uint64_t faults = sim_disk_faults(disk);
        sim_disk_fault(disk, SIM_FAULT_NONE, 0, 0);
        fixture_open(&f);
        check_sound(store_sync_view(f.store));
        check_content(&f, commands, first_failed, fault);
        store_close(f.store);
        f.store = NULL;
        runs++;
        hit += faults > 0;
        if (!faults)
            break;
    }
    print_message("%u runs, %u with a fault\n", runs, hit);
    assert_true(hit > 20);
    sim_disk_format(disk, 0);
    fixture_drop(&f);
}

static void one_error_anywhere(void **state)
{
    (void)state;
    fail_each(SIM_FAULT_EIO, 1);
}

static void errors_from_anywhere_on(void **state)
{
    (void)state;
    fail_each(SIM_FAULT_EIO, UINT64_MAX);
}

static void full_once_anywhere(void **state)
{
    (void)state;
    fail_each(SIM_FAULT_FULL, 1);
}

static void full_from_anywhere_on(void **state)
{
    (void)state;
    fail_each(SIM_FAULT_FULL, UINT64_MAX);
}

/* Opening fails cleanly in each operation, and works afterwards. */
static void opening_may_fail_anywhere(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    f.options.directory = disk;
    f.options.vfs = "sim";
    static const enum sim_fault faults[] = {SIM_FAULT_EIO, SIM_FAULT_FULL, SIM_FAULT_READ_ONLY};
    for (size_t k = 0; k < 3; k++) {
        for (uint64_t n = 0;; n++) {
            struct problem p;
            memset(&p, 0, sizeof p);
            sim_disk_format(disk, n + 1);
            sim_disk_fault(disk, faults[k], n, UINT64_MAX);
            int rc = store_open(&f.options, &f.store, &p);
            uint64_t hit = sim_disk_faults(disk);
            if (rc) {
                assert_true(rc == TB_EIO || rc == TB_EFULL);
                assert_true(p.detail[0]);
            } else {
                store_close(f.store);
            }
            f.store = NULL;
            sim_disk_fault(disk, SIM_FAULT_NONE, 0, 0);
            fixture_open(&f);
            struct one one = {.n = 1};
            OK(fixture_run(&f, work, &one));
            store_close(f.store);
            f.store = NULL;
            if (!rc && !hit)
                break;
        }
    }
    sim_disk_format(disk, 0);
    fixture_drop(&f);
}

static void read_only_disk_refuses_writes_and_reads_on(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    f.options.directory = disk;
    f.options.vfs = "sim";
    sim_disk_format(disk, 5);
    fixture_open(&f);
    struct one one = {.n = 1};
    OK(fixture_run(&f, work, &one));
    sim_disk_fault(disk, SIM_FAULT_READ_ONLY, 0, UINT64_MAX);
    one.n = 2;
    assert_int_equal(fixture_run(&f, work, &one), TB_EIO);
    struct store_stats stats;
    store_stats(f.store, &stats);
    assert_int_equal(stats.failed, TB_EIO);
    assert_int_equal(fixture_check_ledger(store_sync_view(f.store), &f.signer), 1);
    store_close(f.store);
    f.store = NULL;
    sim_disk_format(disk, 0);
    fixture_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_error_anywhere),        cmocka_unit_test(errors_from_anywhere_on),
        cmocka_unit_test(full_once_anywhere),        cmocka_unit_test(full_from_anywhere_on),
        cmocka_unit_test(opening_may_fail_anywhere), cmocka_unit_test(read_only_disk_refuses_writes_and_reads_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
