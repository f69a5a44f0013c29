/* world: the one door to time and randomness (style rule 8), so that the simulation can replace both. */
#ifndef BASE_WORLD_H
#define BASE_WORLD_H

#include <stddef.h>
#include <stdint.h>

struct world {
    int64_t (*now_ms)(void *context);                       /* wall clock, ms since 1970 */
    int64_t (*monotonic_ms)(void *context);
    void (*random)(void *context, void *out, size_t len);   /* cryptographically strong in the real world */
    void *context;
};

/* The real one.  Static, thread-safe. */
const struct world *world_real(void);

#endif
