/* The ledger in the store: append, proofs at every size, checkpoints, cosignatures, what a failing command leaves. */
#include "fixture.h"

struct append {
    const char *to;
    int64_t n;
    int rc; /* what the command returns after appending */
    uint64_t index;
    int times;
};

static int append(struct store_db *db, void *context)
{
    struct append *a = context;
    for (int i = 0; i < (a->times ? a->times : 1); i++) {
        int rc = fixture_append(db, a->to, a->n + i, 20, &a->index);
        if (rc)
            return rc;
    }
    return a->rc;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    fixture_open(f);
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

static void leaf_at(struct store_db *db, const struct suite *suite, uint64_t index, struct ledger_hash *out)
{
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    OK(store_entry_line(db, index, &line));
    OK(ledger_leaf(suite, line.data, line.len, out));
    buf_free(&line);
}

static void empty_ledger_has_no_checkpoint(void **state)
{
    struct fixture *f = *state;
    struct store_db *db = store_sync_view(f->store);
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    uint64_t size = 9;
    assert_int_equal(store_checkpoint(db, false, &size, &note), TB_ENOTFOUND);
    assert_int_equal(store_checkpoint_at(db, 0, &note), TB_ENOTFOUND);
    assert_int_equal(store_checkpoint_at(db, UINT64_MAX, &note), TB_ENOTFOUND);
    assert_int_equal(store_entry_line(db, UINT64_MAX, &note), TB_ENOTFOUND);
    assert_int_equal(size, 9);
    assert_int_equal(note.len, 0);
    struct ledger_path path;
    assert_int_equal(store_prove_inclusion(db, 0, 0, &path), TB_EINVAL);
    assert_int_equal(store_prove_inclusion(db, 0, 1, &path), TB_EINVAL);
    /* Outside a command nothing may be appended. */
    uint64_t index;
    assert_int_equal(fixture_append(db, NULL, 1, 1, &index), TB_EINVAL);
    buf_free(&note);
}

static void every_proof_of_every_size_verifies(void **state)
{
    struct fixture *f = *state;
    const struct suite *suite = f->signer.suite;
    struct ledger_hash root[71], leaf[71];
    for (uint64_t n = 1; n <= 70; n++) {
        struct append a = {.n = (int64_t)n};
        OK(fixture_run(f, append, &a));
        assert_int_equal(a.index, n - 1);
        struct store_db *db = store_sync_view(f->store);
        struct buf note;
        buf_init(&note, LIMIT_NOTE_BYTES);
        struct checkpoint checkpoint;
        OK(store_checkpoint_at(db, n, &note));
        OK(checkpoint_verify(&f->signer.vkey, note.data, note.len, &checkpoint));
        buf_free(&note);
        root[n] = checkpoint.root;
        leaf_at(db, suite, n - 1, &leaf[n - 1]);
        struct ledger_path path;
        for (uint64_t i = 0; i < n; i++) {
            OK(store_prove_inclusion(db, i, n, &path));
            OK(ledger_verify_inclusion(suite, i, n, &leaf[i], path.hash, path.count, &root[n]));
        }
        for (uint64_t old = 1; old < n; old++) {
            OK(store_prove_consistency(db, old, n, &path));
            OK(ledger_verify_consistency(suite, old, n, &root[old], &root[n], path.hash, path.count));
        }
        assert_int_equal(store_prove_inclusion(db, n, n, &path), TB_EINVAL);
        assert_int_equal(store_prove_consistency(db, 1, n + 1, &path), TB_EINVAL);
    }
}

static void failing_command_leaves_nothing_and_others_stay(void **state)
{
    struct fixture *f = *state;
    struct append appends[5] = {{.n = 1, .to = "320623"},
                                {.n = 2, .to = "320623", .rc = TB_EREFUSED, .times = 3},
                                {.n = 3, .to = "320623"},
                                {.n = 4, .rc = TB_ECONFLICT, .to = "330503"}, /* made the peer's row too */
                                {.n = 5, .to = "320623"}};
    struct step steps[5];
    for (int i = 0; i < 5; i++) {
        step_init(&steps[i], append, &appends[i]);
        steps[i].command.next = i < 4 ? &steps[i + 1].command : NULL;
    }
    OK(store_run_batch(f->store, &steps[0].command));
    assert_int_equal(steps[1].command.rc, TB_EREFUSED);
    assert_int_equal(steps[3].command.rc, TB_ECONFLICT);
    struct store_db *db = store_sync_view(f->store);
    assert_int_equal(fixture_check_ledger(db, &f->signer), 3);
    struct outgoing *rows;
    size_t count;
    OK(outbox_read(db, "320623", 0, 100, 1 << 20, &rows, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        struct entry entry;
        OK(entry_decode(rows[i].line, rows[i].len, &entry, NULL));
        assert_int_equal(entry.seq, i + 1);
        assert_int_equal(rows[i].seq, i + 1);
        assert_int_equal(json_integer_value(json_object_get(entry.body, "n")), 2 * (json_int_t)i + 1);
        assert_string_equal(entry.from, "330483");
        assert_true(uuid_valid(entry.id));
        entry_clear(&entry);
    }
    outgoing_free(rows, count);
    OK(outbox_read(db, "330503", 0, 100, 1 << 20, &rows, &count));
    assert_int_equal(count, 0);
    outgoing_free(rows, count);
    struct store_stats stats;
    store_stats(f->store, &stats);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(stats.signatures, 1);
    assert_int_equal(stats.entries, 3);
    assert_int_equal(stats.commands, 5);
    assert_true(stats.fsyncs >= 1);
}

/* The command looks away from a failed append: it may not be kept. */
static int append_badly(struct store_db *db, void *context)
{
    (void)context;
    struct entry entry;
    memset(&entry, 0, sizeof entry);
    entry.type = ENTRY_CASE_SUBMITTED;
    memcpy(entry.to, "320623", OFFICE_TEXT);
    OK(case_no_make("330483", 20780, 1, entry.case_no));
    char *long_text = calloc(1, LIMIT_ENTRY_BYTES + 1);
    memset(long_text, 'y', LIMIT_ENTRY_BYTES);
    entry.body = json_pack("{s:s}", "pad", long_text);
    free(long_text);
    int rc = store_append(db, &entry, NULL, NULL);
    entry_clear(&entry);
    return rc == TB_ELIMIT ? 0 : -1;
}

static void overlooked_failure_still_fails(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_run(f, append_badly, NULL), TB_ELIMIT);
    struct append a = {.n = 1, .to = "320623"};
    OK(fixture_run(f, append, &a));
    struct peer_row peer;
    OK(peer_get(store_sync_view(f->store), "320623", &peer));
    assert_int_equal(peer.next_seq, 2);
    peer_row_clear(&peer);
}

static void reopen_finds_the_same_ledger(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 4; round++) {
        struct append a = {.n = round, .to = "320623", .times = 37 * (round + 1)};
        OK(fixture_run(f, append, &a));
        store_close(f->store);
        f->store = NULL;
        fixture_open(f);
        assert_int_equal(fixture_check_ledger(store_sync_view(f->store), &f->signer),
                         37 * (round + 1) * (round + 2) / 2);
    }
}

struct cosign {
    uint64_t size;
    const char *line;
};

static int cosign(struct store_db *db, void *context)
{
    struct cosign *c = context;
    return store_add_cosignature(db, c->size, c->line);
}

static void cosignatures_are_kept_and_others_pruned(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 12; i++) {
        struct append a = {.n = i};
        OK(fixture_run(f, append, &a));
    }
    struct store_db *db = store_sync_view(f->store);
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    uint64_t size;
    assert_int_equal(store_checkpoint(db, true, &size, &note), TB_ENOTFOUND);
    struct cosign c[] = {{4, "— tongban/320623 AAAAAAAA\n"},
                         {8, "— tongban/320623 BBBBBBBB\n"},
                         {8, "— tongban/330503 CCCCCCCC\n"},
                         {8, "— tongban/320623 DDDDDDDD\n"},
                         {10, "— tongban/320623 EEEEEEEE\n"}};
    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++)
        OK(fixture_run(f, cosign, &c[i]));
    OK(store_checkpoint(db, true, &size, &note));
    assert_int_equal(size, 10);
    buf_clear(&note);
    OK(store_checkpoint_at(db, 8, &note));
    assert_null(strstr(note.data, "BBBBBBBB"));
    assert_non_null(strstr(note.data, "— tongban/330503 CCCCCCCC\n"));
    assert_non_null(strstr(note.data, "— tongban/320623 DDDDDDDD\n"));
    struct checkpoint checkpoint;
    OK(checkpoint_verify(&f->signer.vkey, note.data, note.len, &checkpoint));
    buf_clear(&note);
    /* 1 … 7 without 4 are gone; 9 is kept for one generation more; 11 and 12 are newer. */
    for (uint64_t n = 1; n <= 12; n++)
        assert_int_equal(store_checkpoint_at(db, n, &note), n < 8 && n != 4 ? TB_ENOTFOUND : 0);
    struct cosign bad[] = {{5, "— tongban/320623 AAAAAAAA\n"}, {99, "— tongban/320623 AAAAAAAA\n"}};
    assert_int_equal(fixture_run(f, cosign, &bad[0]), TB_ENOTFOUND);
    assert_int_equal(fixture_run(f, cosign, &bad[1]), TB_ENOTFOUND);
    const char *malformed[] = {"", "x", "— ", "— a\n", "— a b", "— a b\n— c d\n", "- a b\n"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct cosign m = {8, malformed[i]};
        assert_int_equal(fixture_run(f, cosign, &m), TB_EMALFORMED);
    }
    buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_ledger_has_no_checkpoint, make, drop),
        cmocka_unit_test_setup_teardown(every_proof_of_every_size_verifies, make, drop),
        cmocka_unit_test_setup_teardown(failing_command_leaves_nothing_and_others_stay, make, drop),
        cmocka_unit_test_setup_teardown(overlooked_failure_still_fails, make, drop),
        cmocka_unit_test_setup_teardown(reopen_finds_the_same_ledger, make, drop),
        cmocka_unit_test_setup_teardown(cosignatures_are_kept_and_others_pruned, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
