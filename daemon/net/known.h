/* known: addresses from which somebody with a valid certificate came lately.
 *
 * Who floods a listener with handshakes from many addresses has no certificate, or is held by the bounds of the one that it has.  The
 * addresses of the counterpart's gateway and of the windows are few and stay the same: theirs go first, so that they come in whatever
 * the others do.  A table of fixed size, LIMIT_HTTP_KNOWN_ADDRESSES, each good for LIMIT_HTTP_KNOWN_MS, and a
 * file that keeps it over a restart: else who restarts in the middle of such a flood is a stranger like all others.  Loop thread. */
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

/* Writes the table, a line "ADDRESS MS" each with the time of the wall clock, at which it is `wall_ms` now.  One that cannot be written
 * is not: nothing but the order of handshakes hangs on it. */
void known_save(const struct known *known, const char *path, uint64_t now, int64_t wall_ms);
/* Takes what such a file says, at most LIMIT_HTTP_KNOWN_ADDRESSES lines; what is no address, too old or in the future is passed over. */
void known_load(struct known *known, const char *path, uint64_t now, int64_t wall_ms);

#endif
