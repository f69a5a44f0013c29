/* The frames of a WAL are gathered into few writes: nobody sees it, also when the disk fails in the middle. */
#include <sqlite3.h>
#include <unistd.h>

#include "daemon/store/vfs_count.h"
#include "fixture.h"
#include "tests/support/sim_vfs.h"

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static sqlite3 *open_db(const char *path, const char *vfs, bool shared)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
    OK(run(db, shared ? "PRAGMA locking_mode = NORMAL" : "PRAGMA locking_mode = EXCLUSIVE"));
    OK(run(db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 4;"));
    return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

static const char *const fill = "INSERT INTO t (x) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                                "SELECT randomblob(700) FROM n";
static const char *const whole = "SELECT integrity_check = 'ok' FROM pragma_integrity_check";

/* A commit is in the file when another connection hears of it, also without any sync; what is too much for the cache is read back. */
static void commits_are_in_the_file(void **state)
{
    (void)state;
    char directory[] = "/tmp/tongban-gather-XXXXXX", path[64];
    struct vfs_count *vfs = NULL;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/db", directory);
    OK(vfs_count_open("gather", NULL, &vfs));
    sqlite3 *writer = open_db(path, "gather", true);
    OK(run(writer, "PRAGMA synchronous = OFF; CREATE TABLE t (x BLOB)"));
    sqlite3 *reader = open_db(path, "gather", true);
    for (int64_t i = 1; i <= 20; i++) {
        OK(run(writer, "BEGIN; SAVEPOINT s"));
        OK(run(writer, fill));
        assert_int_equal(number(writer, "SELECT count(*) FROM t WHERE length(x) = 700"), 200 * i);
        OK(run(writer, i % 3 ? "RELEASE s" : "ROLLBACK TO s"));
        if (i % 3 == 0)
            OK(run(writer, fill));
        assert_int_equal(number(reader, "SELECT count(*) FROM t"), 200 * (i - 1));
        OK(run(writer, "COMMIT"));
        assert_int_equal(number(reader, "SELECT count(*) FROM t WHERE length(x) = 700"), 200 * i);
        if (i % 7 == 0)
            assert_int_equal(number(writer, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    }
    assert_int_equal(number(reader, whole), 1);
    sqlite3_close(reader);
    sqlite3_close(writer);
    vfs_count_close(vfs);
    (void)unlink(path);
    (void)rmdir(directory);
}

/* One transaction that is larger than cache and buffer, failed at each operation in turn: undone, it leaves what was there before, and
 * the next one stands. */
static void fail_everywhere(enum sim_fault fault)
{
    enum { DISK_SEED = 7 };
    struct vfs_count *vfs = NULL;
    bool failed = true;
    for (uint64_t at = 0; failed; at++) {
        sim_disk_format("/sim0", DISK_SEED);
        OK(vfs_count_open("gather", "sim", &vfs));
        sqlite3 *db = open_db("/sim0/db", "gather", false);
        OK(run(db, "PRAGMA synchronous = FULL; CREATE TABLE t (x BLOB)"));
        OK(run(db, fill));
        sim_disk_fault("/sim0", fault, at, 1);
        int rc = run(db, "BEGIN");
        for (int i = 0; i < 3 && rc == SQLITE_OK; i++)
            rc = run(db, "SAVEPOINT s; UPDATE t SET x = randomblob(700); RELEASE s");
        rc = rc == SQLITE_OK ? run(db, "DELETE FROM t WHERE rowid > 100; COMMIT") : rc;
        failed = sim_disk_faults("/sim0") > 0;
        sim_disk_fault("/sim0", SIM_FAULT_NONE, 0, 0);
        assert_int_equal(rc != SQLITE_OK, failed);
        if (failed && !sqlite3_get_autocommit(db))
            (void)run(db, "ROLLBACK");
        assert_int_equal(number(db, "SELECT count(*) FROM t WHERE length(x) = 700"), failed ? 200 : 100);
        OK(run(db, fill));
        assert_int_equal(number(db, whole), 1);
        sqlite3_close(db);
        db = open_db("/sim0/db", "gather", false);
        assert_int_equal(number(db, "SELECT count(*) FROM t WHERE length(x) = 700"), failed ? 400 : 300);
        assert_int_equal(number(db, whole), 1);
        sqlite3_close(db);
        vfs_count_close(vfs);
        sim_disk_format("/sim0", 0);
        assert_true(at < 1000);
    }
}

static void disk_fails_once(void **state)
{
    (void)state;
    fail_everywhere(SIM_FAULT_EIO);
}

static void disk_is_full_once(void **state)
{
    (void)state;
    fail_everywhere(SIM_FAULT_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_are_in_the_file),
        cmocka_unit_test(disk_fails_once),
        cmocka_unit_test(disk_is_full_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
