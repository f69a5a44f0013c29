/* Opening: other offices' files, other keys, newer and older schemas, files that are no database, damaged files. */
#include <sqlite3.h>
#include <unistd.h>

#include "daemon/store/db.h"
#include "daemon/store/migrate.h"
#include "fixture.h"

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

static int some_entries(struct store_db *db, void *context)
{
    (void)context;
    for (int64_t n = 0; n < 150; n++) {
        int rc = fixture_append(db, n % 2 ? "320623" : NULL, n, (size_t)(n * 37 % 6000), NULL);
        if (rc)
            return rc;
    }
    return 0;
}

static void fill(struct fixture *f)
{
    fixture_open(f);
    OK(fixture_run(f, some_entries, NULL));
    store_close(f->store);
    f->store = NULL;
}

static int open_code(struct fixture *f, const char *words)
{
    struct problem p;
    memset(&p, 0, sizeof p);
    int rc = store_open(&f->options, &f->store, &p);
    if (rc && words && !strstr(p.detail, words))
        fail_msg("\"%s\" does not say \"%s\"", p.detail, words);
    return rc;
}

static void sql(const char *path, const char *text)
{
    sqlite3 *handle;
    OK(sqlite3_open(path, &handle));
    OK(sqlite3_exec(handle, text, NULL, NULL, NULL));
    OK(sqlite3_close(handle));
}

static void another_office_is_refused(void **state)
{
    struct fixture *f = *state;
    fill(f);
    f->options.office = "320623";
    assert_int_equal(open_code(f, "belongs to office 330483"), TB_ECONFLICT);
    f->options.office = "33048";
    assert_int_equal(open_code(f, NULL), TB_EINVAL);
}

static void another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    fill(f);
    uint8_t secret[SUITE_SECRET_MAX];
    memset(secret, 9, sizeof secret);
    OK(note_signer_make(suite_by_name("intl"), "tongban/330483", secret, &f->signer));
    assert_int_equal(open_code(f, "not signed by the configured key"), TB_ECORRUPT);
}

static void newer_schema_and_strange_files_are_refused(void **state)
{
    struct fixture *f = *state;
    char path[300];
    fixture_path(f, "office.db", path);
    fill(f);
    sql(path, "PRAGMA user_version = 99");
    assert_int_equal(open_code(f, "newer program"), TB_ECONFLICT);
    unlink(path);
    sql(path, "CREATE TABLE other (a)");
    assert_int_equal(open_code(f, "not one of Tongban"), TB_ECONFLICT);
    char garbage[5000];
    memset(garbage, 'g', sizeof garbage);
    fixture_write_file(path, garbage, sizeof garbage);
    assert_int_equal(open_code(f, NULL), TB_ECORRUPT);
    fixture_write_file(path, "", 0);
    OK(open_code(f, NULL)); /* an empty file is a new one */
    store_close(f->store);
    f->store = NULL;
    f->options.directory = "/nonexistent/tongban";
    assert_int_equal(open_code(f, NULL), TB_EIO);
}

static void a_schema_that_lost_a_table_stops_the_start(void **state)
{
    struct fixture *f = *state;
    char path[300];
    fixture_path(f, "office.db", path);
    fill(f);
    sql(path, "DROP INDEX cases_open");
    assert_int_equal(open_code(f, "CASE_LIST_OPEN"), TB_ECORRUPT);
}

static void altered_ledger_is_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"DELETE FROM entry WHERE idx = 149", "last checkpoint says 150"},
        {"DELETE FROM checkpoint", "last checkpoint says 0"},
        {"UPDATE checkpoint SET size = 151", "last checkpoint says 151"},
        {"UPDATE entry SET line = CAST(line || ' ' AS BLOB) WHERE idx = 149", "stored hashes"},
        {"UPDATE entry SET line = CAST(line || ' ' AS BLOB) WHERE idx = 60", "stored hashes"},
        {"UPDATE entry SET hashes = zeroblob(length(hashes)) WHERE idx = 31", "damaged"},
        {"UPDATE entry SET hashes = substr(hashes, 1, 32) WHERE idx = 31", "damaged"},
        {"UPDATE checkpoint SET note = replace(note, 'tongban', 'tongbam')", "not signed"},
        {"DELETE FROM entry WHERE idx = 100", "stored hashes"},
    };
    struct fixture *f = *state;
    char path[300];
    size_t len;
    fixture_path(f, "office.db", path);
    fill(f);
    char *good = fixture_read_file(path, &len);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_write_file(path, good, len);
        sql(path, rows[i].text);
        assert_int_equal(open_code(f, rows[i].words), TB_ECORRUPT);
    }
    free(good);
}

static void migration_keeps_a_copy_and_is_whole(void **state)
{
    struct fixture *f = *state;
    char path[300], copy[310];
    size_t len;
    fixture_path(f, "office.db", path);
    unsigned have = store_migration_count;
    snprintf(copy, sizeof copy, "%s.v%u", path, have);
    fill(f);
    char *before = fixture_read_file(path, &len);
    struct store_migration list[64];
    assert_true(have + 2 <= sizeof list / sizeof list[0]);
    memcpy(list, store_migrations, have * sizeof list[0]);
    list[have] = (struct store_migration){"901_more", "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;"};
    list[have + 1] = (struct store_migration){"902_bad", "CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE more (id);"};
    struct store_db db = {.options = &f->options};
    int64_t version;
    OK(db_open(&db, path, NULL, true, NULL));
    struct problem p;
    memset(&p, 0, sizeof p);
    assert_true(store_migrate(&db, path, list, have + 2, &p) < 0);
    assert_non_null(strstr(p.detail, "902_bad"));
    OK(db_pragma_int(&db, "PRAGMA user_version", &version));
    assert_int_equal(version, have + 1); /* the good one stays, nothing of the bad one */
    assert_int_equal(db_pragma_int(&db, "SELECT 1 FROM sqlite_schema WHERE name = 'half'", &version), TB_ENOTFOUND);
    db_close(&db);
    assert_int_equal(open_code(f, "newer program"), TB_ECONFLICT);
    /* The copy is the whole old file, and opens. */
    char *kept = fixture_read_file(copy, &len);
    fixture_write_file(path, kept, len);
    OK(open_code(f, NULL));
    assert_int_equal(fixture_check_ledger(store_sync_view(f->store), &f->signer), 150);
    free(kept);
    free(before);
}

/* Whatever bytes of the file change: an error, or what was stored. */
static void flipped_bytes_never_give_wrong_data(void **state)
{
    struct fixture *f = *state;
    char path[300];
    size_t len;
    fixture_path(f, "office.db", path);
    fill(f);
    fixture_open(f);
    struct store_db *db = store_sync_view(f->store);
    char *lines[150];
    for (uint64_t i = 0; i < 150; i++) {
        struct buf line;
        buf_init(&line, LIMIT_ENTRY_BYTES);
        OK(store_entry_line(db, i, &line));
        lines[i] = buf_take(&line, NULL);
    }
    store_close(f->store);
    f->store = NULL;
    char *good = fixture_read_file(path, &len), *bad = malloc(len);
    unsigned refused = 0, damaged = 0, harmless = 0;
    uint64_t random = 1;
    for (int round = 0; round < 400; round++) {
        memcpy(bad, good, len);
        for (int k = 0; k <= round % 5; k++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            size_t at = round % 8 ? (size_t)(random >> 20) % len : (size_t)(random >> 20) % 4096;
            bad[at] = (char)(bad[at] ^ (1 << (random >> 60) % 8));
        }
        fixture_write_file(path, bad, len);
        int rc = open_code(f, NULL);
        if (rc) {
            assert_true(rc == TB_ECORRUPT || rc == TB_ECONFLICT || rc == TB_EIO);
            refused++;
            continue;
        }
        bool whole = true;
        db = store_sync_view(f->store);
        for (uint64_t i = 0; i < 150; i++) {
            struct buf line;
            buf_init(&line, LIMIT_ENTRY_BYTES);
            rc = store_entry_line(db, i, &line);
            if (rc) {
                assert_true(rc == TB_ECORRUPT || rc == TB_ENOTFOUND || rc == TB_EIO);
                whole = false;
            } else {
                assert_int_equal(line.len, strlen(lines[i]));
                assert_memory_equal(line.data, lines[i], line.len);
            }
            buf_free(&line);
        }
        struct outgoing *out;
        size_t count;
        if (!outbox_read(db, "320623", 0, 100, 1 << 24, &out, &count))
            outgoing_free(out, count);
        rc = fixture_run(f, some_entries, NULL); /* may fail, may not crash */
        if (!rc)
            (void)store_ledger_size(db);
        damaged += !whole;
        harmless += whole;
        store_close(f->store);
        f->store = NULL;
        char wal[310];
        snprintf(wal, sizeof wal, "%s-wal", path);
        unlink(wal);
    }
    print_message("%u refused at the start, %u with lines refused, %u without harm\n", refused, damaged, harmless);
    assert_true(refused > 0 && damaged > 0);
    for (size_t i = 0; i < 150; i++)
        free(lines[i]);
    free(good);
    free(bad);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {T(another_office_is_refused),
                                       T(another_key_is_refused),
                                       T(newer_schema_and_strange_files_are_refused),
                                       T(a_schema_that_lost_a_table_stops_the_start),
                                       T(altered_ledger_is_refused),
                                       T(migration_keeps_a_copy_and_is_whole),
                                       T(flipped_bytes_never_give_wrong_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
