/* retention_rows: rows of cases whose retention ended, and how their personal data leaves the store. */
#ifndef STORE_RETENTION_ROWS_H
#define STORE_RETENTION_ROWS_H

#include "daemon/store/tables.h"

struct retention_case {
    int64_t id, item_version, closed;
    char case_no[CASE_NO_TEXT], home[OFFICE_TEXT], item[64];
};
/* Closed before `before`, settled, not held, not erased, no leg of a joint case; the next ones behind id `after`, up to id `until`. */
int retention_closed(struct store_db *db, int64_t after, int64_t until, int64_t before, size_t limit, struct retention_case *rows,
                     size_t *count) TB_MUST_USE;
/* The greatest id of a case, 0 without one. */
int retention_span(struct store_db *db, int64_t *span) TB_MUST_USE;
/* The last pass that erased; all zero when there was none. */
struct retention_sweep {
    int64_t began, ended; /* began > ended: it was interrupted */
    int64_t cases, kept;  /* erased; due, but left because their archive could not be written */
};
int retention_sweep_get(struct store_db *db, struct retention_sweep *sweep) TB_MUST_USE;
int retention_sweep_put(struct store_db *db, const struct retention_sweep *sweep) TB_MUST_USE;
/* Whether the personal data of the case was erased. */
int retention_is_over(struct store_db *db, int64_t case_id, bool *over) TB_MUST_USE;
/* The erased case with the least id behind `after`, and when it was erased; TB_ENOTFOUND. */
int retention_erased_next(struct store_db *db, int64_t after, struct retention_case *row, int64_t *at) TB_MUST_USE;
int retention_material_bytes(struct store_db *db, int64_t case_id, int64_t *bytes) TB_MUST_USE;
/* Writer: everything personal of one case; counts lines and materials.  Files wait in erase_file until retention_unlink. */
int retention_erase(struct store_db *db, const struct retention_case *row, int64_t at, const char *rule, int64_t *lines,
                    int64_t *materials) TB_MUST_USE;
struct material_store;
/* Writer, in a command after the one that erased: unlinks what no row names any more. */
int retention_unlink(struct store_db *db, struct material_store *materials) TB_MUST_USE;
/* A case that is not to be erased. */
struct retention_hold {
    int64_t case_id, at, uid;
    int64_t entry; /* index of the case.held that says so, -1: from before holds were entries */
    char case_no[CASE_NO_TEXT], reason[LIMIT_HOLD_REASON_BYTES + 1];
};
/* The held case with the least id behind `after`; TB_ENOTFOUND. */
int retention_hold_next(struct store_db *db, int64_t after, struct retention_hold *hold) TB_MUST_USE;
int retention_hold_count(struct store_db *db, int64_t *count) TB_MUST_USE;
/* In place of one that the case has. */
int retention_hold_put(struct store_db *db, const struct retention_hold *hold) TB_MUST_USE;
int retention_hold_drop(struct store_db *db, int64_t case_id, int *changes) TB_MUST_USE;
/* The leaf of an own entry, as stored. */
int store_entry_leaf(struct store_db *db, uint64_t index, struct ledger_hash *leaf) TB_MUST_USE;

#endif
