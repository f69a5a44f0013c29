/* verify_internal: what the files of the verification share. */
#ifndef OFFICE_VERIFY_INTERNAL_H
#define OFFICE_VERIFY_INTERNAL_H

#include "daemon/office/verify.h"

/* One page: runs on a reader until its deadline. */
struct verify_page {
    struct office_verify *v;
    struct store_db *db;
    int64_t deadline;
};
bool verify_spent(const struct verify_page *page);
void verify_differ(struct verify_page *page, enum difference difference, const char *where, const char *detail);
/* `where` is a place and a number in it. */
void verify_differ_at(struct verify_page *page, enum difference difference, const char *place, int64_t number, const char *detail);

/* ---- verify_erased.c: what was erased against the entries that ordered it ---- */

/* A line as it is walked over, ours or a message: one that was erased needs its order; an order counts. */
int verify_erased_line(struct verify_page *page, const char *place, int64_t number, const char *line, size_t len) TB_MUST_USE;
/* Cases that count as erased, a page of them: nothing of them may be left. */
int verify_step_erased(struct verify_page *page, bool *over) TB_MUST_USE;

/* ---- verify_hold.c: the table of holds against the entries ---- */

/* A line of ours as it is walked over: one that holds or releases counts. */
int verify_hold_line(struct verify_page *page, int64_t index, const char *line, size_t len) TB_MUST_USE;
/* At the end of the ledger, in the same snapshot. */
int verify_hold_rows(struct verify_page *page) TB_MUST_USE;

#endif
