/* writer: the one thread that writes.  It takes whatever waits, without ever waiting for more: under load the batch
 * grows by itself while the last commit syncs. */
#include <stddef.h>
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

static struct store_command *command_of(struct fair_item *item)
{
    return item ? (struct store_command *)((char *)item - offsetof(struct store_command, fair)) : NULL;
}

/* What waits, source by source in turn, up to LIMIT_STORE_BATCH of cost.  With the lock. */
static struct store_command *take(struct store *store)
{
    struct store_command *first = NULL, **last = &first, *command;
    unsigned taken = 0;
    while (taken < LIMIT_STORE_BATCH && (command = command_of(fair_take(&store->commands, 0)))) {
        taken += command->fair.cost ? command->fair.cost : 1;
        *last = command;
        last = &command->next;
    }
    *last = NULL;
    return first;
}

/* Waits for work, or for the next step of a copy; true when there was none for IDLE_MS.  With the lock. */
static bool wait_for_work(struct store *store)
{
    struct timespec idle;
    clock_gettime(CLOCK_MONOTONIC, &idle);
    idle.tv_sec += IDLE_MS / 1000;
    int rc = 0;
    while (!store->commands.count && !store->stopping && !rc) {
        struct timespec until = store->copy ? copy_due(store) : idle;
        rc = pthread_cond_timedwait(&store->work, &store->lock, &until);
    }
    return !store->commands.count && !store->stopping && !store->copy;
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
        copy_turn(store, stop);
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
    else
        rc = fair_put(&store->commands, &command->fair);
    if (!rc && store->commands.count == 1)
        pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
    return rc;
}
