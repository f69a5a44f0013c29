/* offline: what tongband does with a store or a backup while no daemon has it.  Says what it finds on the standard output. */
#ifndef DAEMON_OFFLINE_H
#define DAEMON_OFFLINE_H

#include "daemon/base/config.h"

/* Puts the backup in the place of the store. */
int offline_restore(const struct config *config, const char *from, bool force, struct problem *p) TB_MUST_USE;
/* Verifies a backup.  0 when it is whole; a positive number of differences, each printed with what to do. */
int offline_verify(const struct config *config, const char *path, struct problem *p) TB_MUST_USE;

#endif
