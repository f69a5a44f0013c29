/* calendar: working days (行政许可法 82: without statutory holidays; make-up days count), pure.
 *
 * The calendar is dated data (config/calendar/holidays.tsv: date, holiday|workday, name): only exceptions are listed, other days
 * are Monday to Friday.  A date beyond the last published year is *provisional*. */
#ifndef PROTO_CALENDAR_H
#define PROTO_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"

struct calendar; /* opaque */

/* Reads the TSV (header line "date\tkind\tname").  A bad line gives TB_EMALFORMED with "line N" in the detail.  *out is new. */
int calendar_parse(const char *text, size_t len, struct calendar **out, struct problem *p) TB_MUST_USE;
void calendar_free(struct calendar *calendar);
bool calendar_is_working_day(const struct calendar *calendar, int64_t day);
/* Last day of the last year that has entries. */
int64_t calendar_last_day(const struct calendar *calendar);
/* The date n working days after `day`; day one is the next working day; n 0 … 1,000.  *provisional: the count went beyond the
 * published calendar. */
int calendar_add(const struct calendar *calendar, int64_t day, unsigned n, int64_t *out, bool *provisional) TB_MUST_USE;
/* Working days after `a` up to and with `b`; negative when b lies before a: the days after b up to and with a, negated.  The inverse of
 * calendar_add.  Any two days; the time it takes does not grow with the distance. */
int64_t calendar_between(const struct calendar *calendar, int64_t a, int64_t b);

#endif
