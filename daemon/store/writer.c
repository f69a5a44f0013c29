/* writer: the one thread that writes.  It takes whatever waits, without ever waiting for more: under load the batch
 * grows by itself while the last commit syncs. */
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/store_internal.h"

enum { IDLE_MS = 1000 };

static void complete(void *argument)
{
    for (struct store_command *c = argument, *next; c; c = next) {
        next = c->next; /* done may free */
        c->next = NULL;
        c->done(c, c->rc);
    }
}

static void tell(struct store *store, void (*fn)(void *), void *argument)
{
    /* Exactly once, even when there is no memory to post it: then on this thread. */
    if (!store->options.post || store->options.post(store->options.post_context, fn, argument))
        fn(argument);
}

/* Up to LIMIT_STORE_BATCH waiting commands.  With the lock. */
static struct store_command *take(struct store *store)
{
    struct command_queue *queue = &store->commands;
    struct store_command *first = queue->first, *last = first;
    if (!first)
        return NULL;
    unsigned taken = 1;
    while (last->next && taken < LIMIT_STORE_BATCH) {
        last = last->next;
        taken++;
    }
    queue->first = last->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->count -= taken;
    last->next = NULL;
    return first;
}

/* Waits for work; true when there was none for IDLE_MS.  With the lock. */
static bool wait_for_work(struct store *store)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_MS / 1000;
    int rc = 0;
    while (!store->commands.first && !store->stopping && !rc)
        rc = pthread_cond_timedwait(&store->work, &store->lock, &until);
    return !store->commands.first && !store->stopping;
}

void *writer_main(void *argument)
{
    struct store *store = argument;
    pthread_mutex_lock(&store->lock);
    for (;;) {
        bool idle = wait_for_work(store);
        struct store_command *batch = take(store);
        bool stop = !batch && store->stopping;
        pthread_mutex_unlock(&store->lock);
        if (batch) {
            int rc = batch_run(store, batch);
            bool news = !rc && (store->writer.frontier.size != store->begun.size || store->writer.received);
            tell(store, complete, batch);
            if (news && store->options.committed)
                tell(store, store->options.committed, store->options.committed_context);
        }
        batch_maintain(store, idle || stop);
        if (stop)
            return NULL;
        pthread_mutex_lock(&store->lock);
    }
}

int store_submit(struct store *store, struct store_command *command)
{
    command->next = NULL;
    command->store = store;
    command->rc = 0;
    int rc = 0;
    pthread_mutex_lock(&store->lock);
    if (!store->started || store->stopping)
        rc = TB_ECLOSED;
    else if (store->commands.count >= LIMIT_STORE_QUEUE)
        rc = TB_ETEMP;
    else {
        *store->commands.last = command;
        store->commands.last = &command->next;
        if (!store->commands.count++)
            pthread_cond_signal(&store->work);
    }
    pthread_mutex_unlock(&store->lock);
    return rc;
}
