/* timestamp: times as milliseconds since 1970-01-01T00:00:00Z, and their RFC 3339 text.
 *
 * Times in entries are written in China Standard Time, "2026-11-23T09:30:00.123+08:00".  Pure: nothing here asks a
 * clock. */
#ifndef PROTO_TIMESTAMP_H
#define PROTO_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

enum { TIMESTAMP_TEXT = 30, DATE_TEXT = 11 }; /* bytes with NUL */

/* Time in China Standard Time with milliseconds; a time outside the years 1900–9999 becomes the nearest inside. */
void timestamp_format(int64_t ms, char out[TIMESTAMP_TEXT]);
/* Accepts any offset and 0–3 fraction digits, years 1900–9999.  TB_EMALFORMED otherwise. */
int timestamp_parse(const char *text, int64_t *ms) TB_MUST_USE;
/* Days since 1970-01-01 of the civil day in China Standard Time. */
int64_t timestamp_day(int64_t ms);
/* Civil dates, proleptic Gregorian: "2026-11-23" ⇄ days since 1970-01-01. */
int date_parse(const char *text, int64_t *day) TB_MUST_USE;
void date_format(int64_t day, char out[DATE_TEXT]);
/* Start of a civil day in China Standard Time, ms. */
int64_t date_start_ms(int64_t day);

/* The last moment at or before `now_ms` at which it was `at` ("HH:MM") in China Standard Time, which has no summer time. */
int64_t timestamp_last_due(const char *at, int64_t now_ms);

#endif
