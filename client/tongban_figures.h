/* figures: reports of the office — fetched page by page, merged here, shown as table, CSV or JSON (proto/report.h). */
#ifndef CLIENT_TONGBAN_FIGURES_H
#define CLIENT_TONGBAN_FIGURES_H

#include "client/tongban.h"
#include "proto/report.h"

/* A report as far as it has been fetched. */
struct figures_view {
    struct report_run run;    /* what is shown; in a check: from the entries */
    struct report_run stored; /* in a check: from the rows */
    json_t *first, *last;     /* owned: answers of the first and the newest page */
    json_t *differences;      /* owned, in a check */
    int64_t cases, objects, entries, differ;
};

/* What a cell says in the reader's language; into `out`. */
int figures_cell(const struct report *report, const struct report_column *column, const json_t *cell, struct buf *out) TB_MUST_USE;
/* The title of a column in the reader's language. */
const char *figures_title(const struct report_column *column, char *out, size_t size);
/* All rows as CSV (RFC 4180), with a byte order mark when `bom`. */
int figures_csv(const struct report_run *run, bool bom, struct buf *out) TB_MUST_USE;
/* The whole as one document; new reference. */
json_t *figures_json(const struct figures_view *view);
/* The aligned table with its totals on stdout. */
int figures_print(const struct figures_view *view) TB_MUST_USE;
/* Writes bytes to a file that only its owner may read, or to stdout when path is NULL or "-"; an exit status after having told. */
int figures_write(const struct client *client, const char *path, const struct buf *bytes);

#endif
