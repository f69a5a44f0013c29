/* retention: the sweep that erases what is over its retention (docs/decisions/0017), as commands of the writer. */
#ifndef OFFICE_RETENTION_H
#define OFFICE_RETENTION_H

#include "daemon/office/office.h"

struct material_store;
enum retention_act { RETENTION_PLAN, RETENTION_RUN, RETENTION_HOLD, RETENTION_RELEASE };

/* One page: looks at the next cases; `more` says that there are others.  Plan changes nothing. */
struct office_retention {
    struct store_command command; /* first member */
    const struct office *office;
    struct material_store *materials;
    enum retention_act act;
    int64_t uid, after;
    char case_no[CASE_NO_TEXT];
    const char *reason; /* borrowed */
    bool more;
    json_t *rules; /* owned: rule -> {cases, lines, materials, bytes, first: […]}; grows page by page */
    struct problem problem;
    void *user;
};
void office_retention_init(struct office_retention *r, const struct office *office, enum retention_act act);
void office_retention_clear(struct office_retention *r);

#endif
