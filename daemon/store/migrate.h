/* migrate: brings a database file to the schema of this program.
 *
 * The schema's version is the file's user_version; migration n of the compiled-in list (daemon/store/migrations, in the order of their
 * names) leads from version n − 1 to n, in one transaction.  A file of a newer version is refused; before an older one is changed, a
 * copy is made beside it ("office.db.v1"), verified, and the newest LIMIT_MIGRATION_COPIES of them stay.
 * Writer thread, or before the threads start. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "proto/problem.h"

struct store_db;

struct store_migration {
    const char *name; /* "001_first" */
    const char *sql;
};
extern const struct store_migration store_migrations[];
extern const unsigned store_migration_count;

/* `path` is the database's, for the copy.  TB_ECONFLICT (newer schema, or a file that is not ours), TB_EFULL, TB_EIO, TB_ECORRUPT. */
int store_migrate(struct store_db *db, const char *path, const struct store_migration *list, unsigned count,
                  struct problem *p) TB_MUST_USE;

#endif
