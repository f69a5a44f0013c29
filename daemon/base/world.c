#include "daemon/base/world.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_ms(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t real_now_ms(void *context)
{
    (void)context;
    return clock_ms(CLOCK_REALTIME);
}

static int64_t real_monotonic_ms(void *context)
{
    (void)context;
    return clock_ms(CLOCK_MONOTONIC);
}

static void real_random(void *context, void *out, size_t len)
{
    (void)context;
    unsigned char *at = out;
    while (len) {
        /* up to 256 bytes getrandom is never interrupted half way once the kernel's pool is ready */
        ssize_t got = getrandom(at, len < 256 ? len : 256, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            /* Identifiers and keys without randomness would be a silent disaster; nothing from outside leads here. */
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

const struct world *world_real(void)
{
    static const struct world real = {
        .now_ms = real_now_ms, .monotonic_ms = real_monotonic_ms, .random = real_random, .context = NULL};
    return &real;
}

int64_t world_figure_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t world_boot_ms(void)
{
    static _Atomic int64_t boot; /* kept: a clock that is set later must not look like another start */
    int64_t known = atomic_load_explicit(&boot, memory_order_relaxed);
    if (known)
        return known;
    struct timespec up;
    (void)clock_gettime(CLOCK_BOOTTIME, &up);
    known = real_now_ms(NULL) - ((int64_t)up.tv_sec * 1000 + up.tv_nsec / 1000000);
    atomic_store_explicit(&boot, known, memory_order_relaxed);
    return known;
}
