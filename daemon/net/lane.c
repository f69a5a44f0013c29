#include "daemon/net/lane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "daemon/base/idle.h"

/* Per lane.  Work of one office is bounded by the store's and the listeners' limits; this is the last stop. */
#define LANE_QUEUE   1024
#define LANE_OF_ONE  256
#define LANE_THREADS 16

struct lane {
    pthread_mutex_t mutex;
    struct idle_pool idle;     /* under mutex */
    struct fair_queue waiting; /* under mutex */
    bool stopping;             /* under mutex */
    unsigned threads, of_one; /* of_one: how many of them one source may have */
    uv_thread_t thread[LANE_THREADS];
    struct lanes *lanes;
};

struct lanes {
    uv_async_t async;
    uv_mutex_t mutex; /* of the finished jobs */
    struct lane_job *first, *last;
    struct lane lane[LANE_KINDS];
};

static void lane_append(struct lane_job **first, struct lane_job **last, struct lane_job *job)
{
    job->next = NULL;
    if (*last)
        (*last)->next = job;
    else
        *first = job;
    *last = job;
}

static void lane_thread(void *argument)
{
    struct lane *lane = argument;
    struct lanes *lanes = lane->lanes;
    struct idle_thread self = IDLE_THREAD;
    pthread_mutex_lock(&lane->mutex);
    for (;;) {
        struct fair_item *item = fair_take(&lane->waiting, lane->stopping ? 0 : lane->of_one);
        if (!item) {
            if (lane->stopping)
                break;
            idle_wait(&lane->idle, &self, &lane->mutex);
            continue;
        }
        struct lane_job *job = (struct lane_job *)((char *)item - offsetof(struct lane_job, fair));
        uint16_t source = item->source;
        pthread_mutex_unlock(&lane->mutex);
        job->work(job);
        uv_mutex_lock(&lanes->mutex);
        lane_append(&lanes->first, &lanes->last, job);
        uv_mutex_unlock(&lanes->mutex);
        (void)uv_async_send(&lanes->async);
        pthread_mutex_lock(&lane->mutex);
        fair_done(&lane->waiting, source);
        if (lane->waiting.count)
            idle_call(&lane->idle); /* what had to wait for its source to come back */
    }
    pthread_mutex_unlock(&lane->mutex);
}

/* One wake-up may stand for many jobs: the whole list is taken. */
static void lanes_complete(struct lanes *lanes)
{
    uv_mutex_lock(&lanes->mutex);
    struct lane_job *job = lanes->first;
    lanes->first = lanes->last = NULL;
    uv_mutex_unlock(&lanes->mutex);
    while (job) {
        struct lane_job *next = job->next; /* `done` may free the job */
        job->done(job);
        job = next;
    }
}

static void lanes_on_async(uv_async_t *async)
{
    lanes_complete(async->data);
}

static void lane_join(struct lane *lane)
{
    pthread_mutex_lock(&lane->mutex);
    lane->stopping = true;
    idle_call_all(&lane->idle);
    pthread_mutex_unlock(&lane->mutex);
    for (unsigned i = 0; i < lane->threads; i++)
        (void)uv_thread_join(&lane->thread[i]);
    lane->threads = 0;
}

static void lanes_on_closed(uv_handle_t *handle)
{
    struct lanes *lanes = handle->data;
    for (int k = 0; k < LANE_KINDS; k++)
        pthread_mutex_destroy(&lanes->lane[k].mutex);
    uv_mutex_destroy(&lanes->mutex);
    free(lanes);
}

static int lane_start(struct lanes *lanes, struct lane *lane, unsigned threads)
{
    lane->lanes = lanes;
    fair_init(&lane->waiting, LANE_QUEUE, LANE_OF_ONE);
    threads = threads < 1 ? 1 : threads > LANE_THREADS ? LANE_THREADS : threads;
    lane->of_one = threads > 1 ? threads / 2 : 1;
    for (; lane->threads < threads; lane->threads++)
        if (uv_thread_create(&lane->thread[lane->threads], lane_thread, lane))
            return TB_ETEMP;
    return 0;
}

int lanes_start(uv_loop_t *loop, unsigned fast_threads, unsigned slow_threads, struct lanes **out)
{
    struct lanes *lanes = calloc(1, sizeof *lanes);
    if (!lanes)
        return TB_ENOMEM;
    if (uv_async_init(loop, &lanes->async, lanes_on_async)) {
        free(lanes);
        return TB_ETEMP;
    }
    lanes->async.data = lanes;
    int rc = uv_mutex_init(&lanes->mutex) ? TB_ENOMEM : 0;
    for (int k = 0; k < LANE_KINDS; k++)
        if (pthread_mutex_init(&lanes->lane[k].mutex, NULL))
            rc = TB_ENOMEM; /* cannot happen on Linux without a broken libc; then the half-made set is still destroyed */
    if (!rc)
        rc = lane_start(lanes, &lanes->lane[LANE_FAST], fast_threads);
    if (!rc)
        rc = lane_start(lanes, &lanes->lane[LANE_SLOW], slow_threads);
    if (rc) {
        lanes_stop(lanes);
        return rc;
    }
    *out = lanes;
    return 0;
}

int lane_submit(struct lanes *lanes, enum lane_kind kind, struct lane_job *job)
{
    struct lane *lane = &lanes->lane[kind];
    int rc = 0;
    pthread_mutex_lock(&lane->mutex);
    rc = lane->stopping ? TB_ETEMP : fair_put(&lane->waiting, &job->fair);
    if (!rc)
        idle_call(&lane->idle);
    pthread_mutex_unlock(&lane->mutex);
    return rc;
}

void lanes_stop(struct lanes *lanes)
{
    if (!lanes)
        return;
    for (int k = 0; k < LANE_KINDS; k++)
        lane_join(&lanes->lane[k]);
    lanes_complete(lanes);
    uv_close((uv_handle_t *)&lanes->async, lanes_on_closed);
}
