/* retention: the sweep that erases what is over its retention (docs/decisions/0019, 0020), as commands of the writer; the plan, which
 * changes nothing, as queries of a reader. */
#ifndef OFFICE_RETENTION_H
#define OFFICE_RETENTION_H

#include "daemon/office/office.h"
#include "daemon/store/retention_rows.h"

struct material_store;
/* PICK and ERASE are the two halves of RUN, where the archives of the picked cases are written in between. */
enum retention_act { RETENTION_PLAN, RETENTION_RUN, RETENTION_PICK, RETENTION_ERASE, RETENTION_HOLD, RETENTION_RELEASE };
enum { RETENTION_PAGE = 20 };

struct retention_pick {
    struct retention_case row;
    bool archived;    /* it may be erased */
    char archive[65]; /* SHA-256 of the file, "" where none was asked for */
};

/* One page: looks at the next cases; `more` says that there are others.  Plan changes nothing; ERASE erases those of `picks` that are
 * archived and still due, and counts the others. */
struct office_retention {
    struct store_command command; /* first member; not for PLAN */
    struct store_query query;     /* for PLAN alone */
    const struct office *office;
    struct material_store *materials;
    enum retention_act act;
    int64_t uid, after;
    char case_no[CASE_NO_TEXT];
    const char *reason; /* of HOLD and RELEASE; borrowed */
    bool more;
    struct retention_pick picks[RETENTION_PAGE]; /* due, of the page */
    size_t pick_count;
    struct retention_sweep last;  /* as it stood before this pass, from its first page on */
    int64_t began, cases, lines, files, kept; /* of this pass so far */
    int64_t left, left_days;      /* due and not erased, and for how many days the oldest of them */
    json_t *rules; /* owned: rule -> {cases, lines, materials, bytes, first: […]}; grows page by page */
    struct problem problem;
    void *user;
};
/* What an archive is made with, on a thread that may wait for the disk. */
struct office_archive {
    struct store_db *reader;
    const struct office *office;
    struct material_store *materials;
    const char *directory;
    int64_t at_ms;
    bool (*stopped)(void *context);
    void *context;
};
/* Writes NUMBER.tar, whole or not at all; then the pick may be erased. */
int office_archive_case(const struct office_archive *job, struct retention_pick *pick, struct problem *p) TB_MUST_USE;

/* Before the first page; of one pass, or one case to hold or release. */
void office_retention_init(struct office_retention *r, const struct office *office, enum retention_act act);
/* Frees the rules. */
void office_retention_clear(struct office_retention *r);

/* ---- retention_hold.c: inside a command ---- */

/* HOLD or RELEASE of one case: the row and its entry. */
int retention_hold_act(struct store_db *db, struct office_retention *r) TB_MUST_USE;
/* Holds from before they were entries get theirs. */
int retention_hold_start(struct store_db *db) TB_MUST_USE;

/* The cases that are held: {"rows":[{case, since, uid, reason, entry}]}. */
struct office_holds {
    struct store_query query;
    json_t *answer; /* owned */
    void *user;
};
void office_holds_init(struct office_holds *holds);

#endif
