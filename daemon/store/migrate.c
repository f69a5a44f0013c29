#include "daemon/store/migrate.h"

#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/store/db.h"

enum { APPLICATION_ID = 0x546f6e67 /* "Tong" */ };

static int copy_before(struct store_db *db, const char *path, int64_t version, struct problem *p)
{
    char *sql = sqlite3_mprintf("VACUUM INTO '%q.v%lld'", path, (long long)version);
    int rc = sql ? db_exec(db, sql) : TB_ENOMEM;
    sqlite3_free(sql);
    /* The copy of an interrupted migration to this version is as good as a new one, and may not be overwritten. */
    if (rc && sqlite3_errcode(db->handle) == SQLITE_ERROR) {
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "migration_copy_exists", LOG_INT("version", version));
        return 0;
    }
    if (rc)
        problem_set(p, PROBLEM_STORE_FAILED, "", "The copy before the migration failed: %s",
                    sqlite3_errmsg(db->handle));
    return rc;
}

static int migrate_one(struct store_db *db, const struct store_migration *migration, unsigned version,
                       struct problem *p)
{
    char pragmas[96];
    sqlite3_snprintf(sizeof pragmas, pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %u;",
                     (int)APPLICATION_ID, version);
    int rc = db_exec(db, "BEGIN IMMEDIATE");
    if (!rc)
        rc = db_exec(db, migration->sql);
    if (!rc)
        rc = db_exec(db, pragmas);
    if (!rc)
        rc = db_exec(db, "COMMIT");
    if (rc) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "Migration %s failed: %s", migration->name,
                    sqlite3_errmsg(db->handle));
        if (!sqlite3_get_autocommit(db->handle) && db_exec(db, "ROLLBACK"))
            return TB_EIO;
    }
    return rc;
}

int store_migrate(struct store_db *db, const char *path, const struct store_migration *list, unsigned count,
                  struct problem *p)
{
    int64_t version = 0, application = 0, objects = 0;
    int rc = db_pragma_int(db, "PRAGMA user_version", &version);
    if (!rc)
        rc = db_pragma_int(db, "PRAGMA application_id", &application);
    if (!rc)
        rc = db_pragma_int(db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (rc) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The database cannot be read: %s", sqlite3_errmsg(db->handle));
        return rc;
    }
    bool fresh = !version && !application && !objects;
    if (!fresh && application != APPLICATION_ID) {
        problem_set(p, PROBLEM_STORE_FAILED, "", "The file is a database, but not one of Tongban's");
        return TB_ECONFLICT;
    }
    if (version > (int64_t)count || version < 0) {
        problem_set(p, PROBLEM_STORE_FAILED, "",
                    "The database has schema %" PRId64 ", this program knows %u: use the newer program", version,
                    count);
        return TB_ECONFLICT;
    }
    if (version && version < (int64_t)count)
        rc = copy_before(db, path, version, p);
    while (!rc && version < (int64_t)count) {
        rc = migrate_one(db, &list[version], (unsigned)version + 1, p);
        if (!rc) {
            LOG(LOG_LEVEL_NOTICE, LOG_STORE, "migrated", LOG_TEXT("migration", list[version].name));
            version++;
        }
    }
    return rc;
}
