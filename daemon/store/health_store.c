/* health_store: what the health checks ask of the store. */
#include "daemon/store/db.h"
#include "daemon/store/store.h"

int store_probe(struct store_db *db)
{
    return db_simple(db, SQL_PROBE);
}

const char *store_library(void)
{
    return sqlite3_libversion();
}
