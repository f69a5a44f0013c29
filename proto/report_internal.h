/* report_internal: what report.c and report_rows.c share. */
#ifndef PROTO_REPORT_INTERNAL_H
#define PROTO_REPORT_INTERNAL_H

#include "proto/report.h"

/* Adds a row given as an array of cells in the order of the columns; takes it (NULL is TB_ENOMEM). */
int report_emit(struct report_run *run, json_t *cells) TB_MUST_USE;
extern const char *const report_meeting_sections[]; /* NULL-terminated */

#endif
