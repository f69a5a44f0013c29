/* light_rows: what the lights of everything open are computed from, for the metrics; no case is named and none is read whole. */
#ifndef STORE_LIGHT_ROWS_H
#define STORE_LIGHT_ROWS_H

#include "daemon/store/store.h"
#include "proto/register.h"

/* `count` open cases whose clock began on `from`, is due on `due` (0: no clock) and stands still up to and with `stop_until`. */
struct light_group {
    int64_t from, due, stop_until, count;
};
/* Calls `each` for all groups of open cases, LIMIT_LIGHT_ROWS at most. */
int light_case_groups(struct store_db *db, void (*each)(void *context, const struct light_group *group), void *context) TB_MUST_USE;
/* The same for the open objects of one register that have a due day; one object a call, with its state here. */
int light_objects(struct store_db *db, enum register_kind_id kind,
                  void (*each)(void *context, const struct light_group *group, unsigned state), void *context) TB_MUST_USE;

#endif
