/* idle: threads of one pool that wait for work, each on a condition variable of its own.
 *
 * Why not one for all: glibc before 2.41, Debian 12's 2.36 among them, may lose a pthread_cond_signal when several threads wait for the
 * same variable (sourceware.org, bug 25847).  What was queued then lies there until the next signal, at a quiet office for a minute.  With
 * one waiter each that cannot happen; and the thread that was busy last, whose connection is still in the cache, is called first.
 *
 * All functions are called with the pool's mutex, which also guards its queue. */
#ifndef BASE_IDLE_H
#define BASE_IDLE_H

#include <pthread.h>
#include <stdbool.h>

struct idle_thread {
    pthread_cond_t wake;
    bool called;
    struct idle_thread *next;
};
#define IDLE_THREAD {.wake = PTHREAD_COND_INITIALIZER}

struct idle_pool {
    struct idle_thread *first; /* NULL: nobody waits */
};

/* Waits until it is called; whether there is work for it the thread then sees for itself. */
void idle_wait(struct idle_pool *pool, struct idle_thread *self, pthread_mutex_t *mutex);
/* Calls one that waits.  Does nothing when nobody does: who is busy looks for more before it waits. */
void idle_call(struct idle_pool *pool);
void idle_call_all(struct idle_pool *pool);

#endif
