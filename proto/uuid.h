/* uuid: UUID version 7 (RFC 9562 5.7) from a given time and given random bytes; pure. */
#ifndef PROTO_UUID_H
#define PROTO_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { UUID_TEXT = 37 };

/* Lower-case text with hyphens. */
void uuid_v7(int64_t unix_ms, const uint8_t random[10], char out[UUID_TEXT]);
/* True for 36 lower-case characters of any UUID version. */
bool uuid_valid(const char *text);

#endif
