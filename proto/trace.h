/* trace: the number under which one command of a clerk is found in the logs of both offices; pure.
 *
 * A *trace* is the first 18 characters of a UUID version 7: 48 bits of time, 12 random ones ("019a3f5c-8f21-7c4e").  The client sends one
 * with each request (`X-Request-Id`), the daemon writes it on each line about the request, and the entries that the request makes have an
 * id that begins with it.  Entries travel, so the counterpart's lines carry it too, whatever its version. */
#ifndef PROTO_TRACE_H
#define PROTO_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/uuid.h"

enum { TRACE_TEXT = 19 };

/* A new one. */
void trace_make(int64_t unix_ms, const uint8_t random[2], char out[TRACE_TEXT]);
/* Takes one from outside: a trace or a whole UUID version 7, in lower case, whose time is within LIMIT_TRACE_AGE_MS of `now_ms`; else
 * false, and `out` is as it was. */
bool trace_take(const char *given, int64_t now_ms, char out[TRACE_TEXT]);
/* The trace that an entry's id begins with; "" for none. */
void trace_of_id(const char *id, char out[TRACE_TEXT]);
/* Makes a fresh id begin with the trace; "" and NULL change nothing. */
void trace_mark_id(const char *trace, char id[UUID_TEXT]);

#endif
