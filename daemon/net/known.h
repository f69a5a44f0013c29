/* known: addresses from which somebody with a valid certificate came lately.
 *
 * Who floods a listener with handshakes from many addresses has no certificate, or is held by the bounds of the one that it has.  The
 * addresses of the counterpart's gateway and of the windows are few and stay the same: theirs go first, so that they come in whatever
 * the others do.  A table of fixed size, LIMIT_HTTP_KNOWN_ADDRESSES, each good for LIMIT_HTTP_KNOWN_MS.  Loop thread. */
#ifndef NET_KNOWN_H
#define NET_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct known;
/* Empty; NULL without memory.  free() it. */
struct known *known_new(void);
/* A handshake from this address was completed at `now` (ms, monotonic); the one longest ago makes place. */
void known_add(struct known *known, const char *address, uint64_t now);
bool known_has(const struct known *known, const char *address, uint64_t now);

#endif
