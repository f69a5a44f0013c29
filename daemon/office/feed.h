/* feed: what happened at this office, one event after the other, for programs that follow it (daemon/hook).
 *
 * The order is that of our ledger.  A message of a counterpart stands where our receipt for it stands, and before the `case.received` that
 * it caused in the same transaction.  Left out is what is no act on a case or register: receipts, starts, alarms, views.  A place names
 * the next own entry (`index`); the messages of receipts below `ahead` were given, and of the receipt at `ahead` the first `part`. */
#ifndef OFFICE_FEED_H
#define OFFICE_FEED_H

#include "daemon/office/office.h"

/* A query: the next event at or behind `place`. */
struct office_feed {
    struct store_query query;       /* first member */
    const struct office *office;
    struct hook_place place;        /* where to look; afterwards: behind the event, or at the end */
    /* results */
    bool found;
    bool more;                      /* not found yet, but there is more to look at from `place` */
    char id[UUID_TEXT];
    const char *type;               /* static */
    char case_no[CASE_NO_TEXT];
    struct buf line;                /* owned: the event as one line of JSON, with its newline */
    void *user;
};
void office_feed_init(struct office_feed *feed, const struct office *office, const struct hook_place *place);
void office_feed_clear(struct office_feed *feed);

/* A command: keeps the place of a program; or, with `begin`, reads it — a program that is not known yet begins at the end. */
struct office_hook_place {
    struct store_command command;   /* first member */
    char name[LIMIT_HOOK_NAME_BYTES + 1];
    bool begin;
    struct hook_place place;
    void *user;
};
void office_hook_place_init(struct office_hook_place *hook, const char *name, bool begin);

#endif
