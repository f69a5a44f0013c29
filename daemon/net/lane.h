/* lane: work off the loop thread, in two lanes that never share a queue (anchors 2.1).
 *
 * FAST is for CPU work of under a millisecond or so (verifying a batch), SLOW for the disk (writing and hashing
 * materials).  Each lane has its own threads and a bounded queue in which the sources take turns; no source has more
 * than half of the threads, so that two huge files of one leave room for the others.  `done` runs on the loop thread, exactly once, never
 * from inside lane_submit. */
#ifndef NET_LANE_H
#define NET_LANE_H

#include <uv.h>

#include "daemon/base/fair_queue.h"
#include "proto/err.h"

enum lane_kind { LANE_FAST, LANE_SLOW, LANE_KINDS };
struct lanes;
struct lane_job {
    void (*work)(struct lane_job *job); /* on a lane thread */
    void (*done)(struct lane_job *job); /* on the loop thread; may free the job */
    struct fair_item fair;              /* whose turn it takes; zero: our own */
    struct lane_job *next;              /* internal */
};

/* Starts the threads (each lane 1 to 16).  *out is new; on failure the loop still has to be run once. */
int lanes_start(uv_loop_t *loop, unsigned fast_threads, unsigned slow_threads, struct lanes **out) TB_MUST_USE;
/* Loop thread.  TB_ETEMP when the lane's queue is full (then nothing was taken and `done` will not be called). */
int lane_submit(struct lanes *lanes, enum lane_kind kind, struct lane_job *job) TB_MUST_USE;
/* Waits for the threads, runs outstanding completions, closes the async handle; frees. Loop thread, loop still to be
 * run once more. */
void lanes_stop(struct lanes *lanes);

/* Calls fn(argument) on the loop thread soon, from any thread; in order.  The queue is unbounded by design: one item
 * per thing that is itself bounded.  Used by the store to post completions. */
struct loop_post;
int loop_post_start(uv_loop_t *loop, struct loop_post **out) TB_MUST_USE;
int loop_post(struct loop_post *post, void (*fn)(void *argument), void *argument) TB_MUST_USE;
/* Runs what is still queued, closes the async handle; frees.  Loop thread, after every thread that posts has ended. */
void loop_post_stop(struct loop_post *post);

#endif
