/* report_internal: what report.c, report_rows.c and report_objects.c share. */
#ifndef PROTO_REPORT_INTERNAL_H
#define PROTO_REPORT_INTERNAL_H

#include "proto/report.h"

/* Ends a table of columns. */
#define REPORT_END                                                                                                     \
    {                                                                                                                  \
        NULL, NULL, REPORT_TEXT                                                                                        \
    }

/* Adds a row given as an array of cells in the order of the columns; takes it (NULL is TB_ENOMEM). */
int report_emit(struct report_run *run, json_t *cells) TB_MUST_USE;
/* Sections that a quarterly meeting always has on its table, and what stands there when nothing happened: the measure that counts it, or
 * that there are no data; section NULL terminates. */
struct report_section {
    const char *section, *measure;
};
extern const struct report_section report_meeting_sections[];

/* ---- report_rows.c: cells ---- */

int64_t report_day(int64_t ms); /* 0 stays 0 */
bool report_inside(const struct report_run *run, int64_t day);
json_t *report_day_cell(int64_t day); /* null for 0 */
const char *report_direction(const struct report_run *run, const char *intake);
/* One figure of the meeting. */
int report_measure(struct report_run *run, const char *section, const char *key, const char *label, const char *what, int64_t count,
                   int64_t of) TB_MUST_USE;

/* ---- report_objects.c: what is made from the registers ---- */

/* Takes off the beginning of a character that a full buffer cut in two. */
void report_cut(char *text);

extern const struct report_column report_transfer_columns[], report_originals_columns[], report_problem_columns[], report_rating_columns[],
    report_step_columns[], report_delegation_columns[], report_contact_columns[];
int report_transfer_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_originals_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_problem_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_rating_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_step_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_delegation_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_contact_row(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_authorisation_object(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_mail_object(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_overdue_object(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
int report_meeting_object(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;

#endif
