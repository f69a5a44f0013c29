/* hook_internal: what hook.c, hook_process.c and hook_directory.c share. */
#ifndef HOOK_HOOK_INTERNAL_H
#define HOOK_HOOK_INTERNAL_H

#include <stdbool.h>
#include <sys/stat.h>

#include "daemon/hook/hook.h"
#include "daemon/office/feed.h"

/* ---- hook_directory.c: may block ---- */

/* What is wrong with running it, or NULL: it must belong to root or to us, and nobody else may write it. */
const char *hook_directory_check(const char *directory);
const char *hook_file_check(const char *path);
/* The usable names, sorted; at most LIMIT_HOOKS.  Others are logged. */
typedef char hook_name[LIMIT_HOOK_NAME_BYTES + 1];
size_t hook_directory_list(const char *directory, hook_name *names);

/* ---- hook_process.c: one run of one program ---- */

enum { HOOK_LINE_BYTES = LIMIT_LOG_TEXT_BYTES };
struct hook_process {
    const char *name, *path, *directory, *office; /* borrowed */
    unsigned timeout_s;
    void (*done)(struct hook_process *process);   /* once per start, from the loop, when every handle is closed */
    void *user;
    /* results */
    int64_t status;          /* exit status; −1 ended by a signal */
    int signal;
    bool timed_out;
    /* internal */
    uv_process_t process;
    uv_pipe_t input, output;
    uv_timer_t timer;
    uv_write_t write;
    unsigned handles;        /* open ones */
    bool ended, killed;
    char chunk[1024], line[HOOK_LINE_BYTES + 1];
    size_t line_len;
    unsigned lines;
};
/* Starts it with the event on its standard input; `feed` stays until done.  One that cannot be started is done with status −1. */
void hook_process_start(struct hook_process *process, uv_loop_t *loop, const struct office_feed *feed, unsigned attempt);
/* Asks it to end, and ends it a moment later. */
void hook_process_stop(struct hook_process *process);

#endif
