/* hook: the programs of a site's hook directory are told what happens at this office (docs/how-to/connect-a-line-system.md).
 *
 * Each program gets each event (daemon/office/feed.h) at least once, in order, one process at a time: one JSON line on its standard
 * input, a few TONGBAN_* variables, no shell, a process group of its own.  Exit status 0 takes the event; anything else, or the timeout,
 * is tried again with growing waits.  How far each program was told is kept in the store.  A program that fails holds up nobody else.
 * Loop thread throughout. */
#ifndef HOOK_HOOK_H
#define HOOK_HOOK_H

#include <uv.h>

#include "daemon/net/lane.h"
#include "daemon/office/office.h"

struct hooks;
struct hooks_options {
    uv_loop_t *loop;
    struct lanes *lanes;
    struct store *store;
    const struct office *office;
    const char *directory;   /* borrowed for the life of the hooks */
    unsigned timeout_s;
};

/* Looks into the directory (blocks: only at the start) and begins with what it finds.  A directory that others can write into is no
 * failure: it is logged, and nothing of it is run.  *out is new. */
int hooks_start(const struct hooks_options *options, struct hooks **out) TB_MUST_USE;
/* There are new entries. */
void hooks_wake(struct hooks *hooks);
/* Ends running programs; `done` comes from the loop when all is freed.  An event whose program had not ended well comes again. */
void hooks_stop(struct hooks *hooks, void (*done)(void *context), void *context);

#endif
