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
/* Monotonic µs, for figures only: nothing that the daemon does may depend on it.  Any thread. */
int64_t world_figure_us(void);
/* Wall clock of the machine's boot, ms since 1970, by what it says at the first call. */
int64_t world_boot_ms(void);

#endif
