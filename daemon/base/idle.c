#include "daemon/base/idle.h"

#include <stddef.h>

void idle_wait(struct idle_pool *pool, struct idle_thread *self, pthread_mutex_t *mutex)
{
    self->called = false;
    self->next = pool->first;
    pool->first = self;
    while (!self->called)
        (void)pthread_cond_wait(&self->wake, mutex);
}

void idle_call(struct idle_pool *pool)
{
    struct idle_thread *one = pool->first;
    if (!one)
        return;
    pool->first = one->next;
    one->called = true;
    (void)pthread_cond_signal(&one->wake);
}

void idle_call_all(struct idle_pool *pool)
{
    while (pool->first)
        idle_call(pool);
}
