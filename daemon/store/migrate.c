#include "daemon/store/migrate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/backup_internal.h"
#include "daemon/store/db.h"

enum { APPLICATION_ID = 0x546f6e67 /* "Tong" */ };

/* The copy is read back before it gets its name. */
static int check_copy(const char *partial, int64_t version, struct problem *p)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    int64_t found = -1;
    int rc = check_open(partial, &db, p);
    if (!rc)
        rc = check_file(db, p);
    if (!rc && sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        found = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return rc ? rc : found == version ? sync_path(partial, p) : TB_ECORRUPT;
}

/* Of the copies of older versions the newest LIMIT_MIGRATION_COPIES stay. */
static void prune_copies(const char *path, int64_t version)
{
    char name[BACKUP_PATH];
    int kept = 0;
    for (int64_t v = version; v > 0; v--) {
        (void)snprintf(name, sizeof name, "%.*s.v%" PRId64, BACKUP_PATH - 32, path, v);
        if (access(name, F_OK) == 0 && ++kept > LIMIT_MIGRATION_COPIES && unlink(name) == 0)
            LOG(LOG_LEVEL_NOTICE, LOG_STORE, "migration_copy_removed", LOG_INT("version", v));
    }
}

static int vacuum_into(struct store_db *db, const char *name, struct problem *p)
{
    char *sql = sqlite3_mprintf("VACUUM INTO '%q'", name);
    int rc = sql ? db_exec(db, sql) : TB_ENOMEM;
    sqlite3_free(sql);
    /* in a VFS of a test nothing can be renamed: the copy of before stays */
    if (rc && db->options->vfs && sqlite3_errcode(db->handle) == SQLITE_ERROR)
        return 0;
    if (rc)
        problem_set(p, PROBLEM_STORE_FAILED, "", "The copy before the migration failed: %s", sqlite3_errmsg(db->handle));
    return rc;
}

/* A copy of the same version that is there already is older than this one, or what an interrupted migration of before left: replaced. */
static int copy_before(struct store_db *db, const char *path, int64_t version, struct problem *p)
{
    char name[BACKUP_PATH], partial[BACKUP_PATH];
    (void)snprintf(name, sizeof name, "%.*s.v%" PRId64, BACKUP_PATH - 32, path, version);
    (void)snprintf(partial, sizeof partial, "%.*s.partial", BACKUP_PATH - 16, name);
    if (db->options->vfs)
        return vacuum_into(db, name, p);
    (void)unlink(partial);
    int rc = vacuum_into(db, partial, p);
    if (!rc && (rc = check_copy(partial, version, p)) != 0)
        problem_set(p, PROBLEM_STORE_FAILED, "", "The copy before the migration is not whole; nothing was changed");
    if (!rc && rename(partial, name)) {
        rc = TB_EIO;
        problem_set(p, PROBLEM_STORE_FAILED, "", "The copy before the migration cannot get its name: %s", strerrordesc_np(errno));
    }
    if (rc) {
        (void)unlink(partial);
        return rc;
    }
    LOG(LOG_LEVEL_NOTICE, LOG_STORE, "migration_copy", LOG_INT("version", version));
    prune_copies(path, version);
    return 0;
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
