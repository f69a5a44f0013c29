/* retention: when the retention of a case ends, and what is left of a line that was erased.  Pure. */
#ifndef PROTO_RETENTION_H
#define PROTO_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/ledger.h"

enum { RETENTION_FLOOR_YEARS = 3 }; /* records of giving personal data to another office (domain: three years) */

/* Years of an item's `retention` element; 0: never erased — permanent, or a word that is not known. */
unsigned retention_years(const char *word);
/* The last day of the retention of what was closed on that day: the same date so many years later, 28 February when there is no 29th. */
int64_t retention_last_day(int64_t closed_day, unsigned years);
/* The line without personal data: who wrote it, when, about what and under which authorisation, and of the body the few words by which
 * the case is folded and counted.  Its hash is no longer the leaf, which stays stored. */
int retention_redact(const char *line, size_t len, int64_t at, const char *rule, struct buf *out) TB_MUST_USE;
/* Whether a line that is not the leaf it should be is one of these, and not a damaged one. */
bool retention_is_erased(const char *line, size_t len);
/* The leaf that a stored line stands for: its hash, or, of one that was erased, the `stored` one (`stored_len` bytes). */
int retention_leaf(const struct suite *suite, const void *line, size_t len, const void *stored, size_t stored_len, struct ledger_hash *leaf)
    TB_MUST_USE;

#endif
