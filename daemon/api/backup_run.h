/* backup_run: the daemon's own backups — each night, and when an operator asks — and verifications, one at a time, on a
 * thread of their own.
 *
 * A night that was missed because the daemon was down is made up for at the start.  Loop thread. */
#ifndef API_BACKUP_RUN_H
#define API_BACKUP_RUN_H

#include "daemon/api/control.h"

struct backup_run;
/* Looks once at the backups that are there (start only: reads the disk).  *out is new; backup_run_stop ends it. */
int backup_run_start(const struct control_parts *parts, struct backup_run **out) TB_MUST_USE;
/* Ends a backup under way and waits for its thread, a fraction of a second; frees later, from the loop.  Before store_stop.  NULL does
 * nothing. */
void backup_run_stop(struct backup_run *run);

/* Who asked: told what happens.  `done` comes exactly once, from the loop; `answer` is new and its to keep, or NULL and `p` says why. */
struct backup_asker {
    void *context;
    void (*progress)(void *context, const char *step, int64_t done, int64_t of);
    void (*done)(void *context, json_t *answer, const struct problem *p);
    bool (*gone)(void *context); /* nobody waits any more: the backup ends */
};
/* Begins a backup into `directory` (NULL: the configured one), refused with words when one is under way or there is no directory. */
int backup_run_ask(struct backup_run *run, const char *directory, const struct backup_asker *asker, struct problem *p) TB_MUST_USE;

/* Begins a verification: of the running store, or of the backup at `path`. */
int backup_run_verify(struct backup_run *run, const char *path, const struct backup_asker *asker, struct problem *p) TB_MUST_USE;

/* For the findings; with NULL nothing is wanted. */
bool backup_run_wanted(const struct backup_run *run);
/* The last backup into the configured directory, by night or asked for: one that went elsewhere says nothing about the nights. */
bool backup_run_failed(const struct backup_run *run);
/* The configured directory was on the file system of the store when it was last looked at, and the configuration does not say that this
 * is meant. */
bool backup_run_same_disk(const struct backup_run *run);
/* Age of the newest verified backup in the configured directory; INT64_MAX without. */
int64_t backup_run_days(const struct backup_run *run, int64_t now_ms);

#endif
