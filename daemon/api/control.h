/* control: the Unix socket of tongbanctl.  One line of JSON in, one out, then it is closed (docs/reference/tongbanctl.md);
 * long work sends lines of progress before.
 *
 * Only root, the user the daemon runs as and members of its group by their primary group get an answer (SO_PEERCRED).  Loop thread. */
#ifndef API_CONTROL_H
#define API_CONTROL_H

#include <uv.h>

#include "daemon/base/config.h"
#include "daemon/net/lane.h"
#include "daemon/office/office.h"

struct material_store;
/* The parts of the running daemon that commands work with; all borrowed. */
struct control_parts {
    uv_loop_t *loop;
    struct lanes *lanes;
    struct store *store;
    struct material_store *materials;
    struct office *office;
    const struct config *config;
};

struct control;
/* Binds `path`, replacing a socket that a daemon before left there.  *out is new; control_stop ends it. */
int control_start(const struct control_parts *parts, const char *path, struct control **out, struct problem *p) TB_MUST_USE;
/* Ends listening and all connections; frees later, from the loop.  NULL does nothing. */
void control_stop(struct control *control);

#endif
