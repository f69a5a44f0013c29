/* Threads that wait each for itself: one call wakes one, the one that waited last; nothing that is queued stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <time.h>

#include "daemon/base/idle.h"

enum { THREADS = 4, ROUNDS = 50000, STALL_S = 20 };

struct pool {
    pthread_mutex_t mutex;
    struct idle_pool idle;
    unsigned queued, order[THREADS], woken;
    bool stopping;
    atomic_uint waiting, done;
};
struct worker {
    struct pool *pool;
    unsigned number;
};

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static void wait_until(atomic_uint *counter, unsigned value)
{
    time_t end = time(NULL) + STALL_S;
    while (atomic_load(counter) < value) {
        assert_true(time(NULL) < end);
        pause_briefly();
    }
}

static void *once(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    struct idle_thread self = IDLE_THREAD;
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->waiting, 1);
    idle_wait(&pool->idle, &self, &pool->mutex);
    pool->order[pool->woken++] = worker->number;
    pthread_mutex_unlock(&pool->mutex);
    atomic_fetch_add(&pool->done, 1);
    return NULL;
}

static void a_call_wakes_the_one_that_waited_last(void **state)
{
    (void)state;
    struct pool pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    idle_call(&pool.idle); /* nobody waits: it is not remembered */
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.pool = &pool, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, once, &workers[i]), 0);
        wait_until(&pool.waiting, i + 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_mutex_lock(&pool.mutex);
        idle_call(&pool.idle);
        pthread_mutex_unlock(&pool.mutex);
        wait_until(&pool.done, i + 1);
    }
    for (unsigned i = 0; i < 20; i++)
        pause_briefly();
    pthread_mutex_lock(&pool.mutex);
    assert_int_equal(pool.woken, 2);
    assert_int_equal(pool.order[0], THREADS - 1);
    assert_int_equal(pool.order[1], THREADS - 2);
    idle_call_all(&pool.idle);
    pthread_mutex_unlock(&pool.mutex);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_null(pool.idle.first);
    assert_int_equal(pool.woken, THREADS);
}

static void *work(void *argument)
{
    struct pool *pool = argument;
    struct idle_thread self = IDLE_THREAD;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->queued && !pool->stopping)
            idle_wait(&pool->idle, &self, &pool->mutex);
        if (!pool->queued)
            break;
        pool->queued--;
        pthread_mutex_unlock(&pool->mutex);
        atomic_fetch_add(&pool->done, 1);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static void nothing_that_is_queued_stays_behind(void **state)
{
    (void)state;
    struct pool pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[THREADS];
    unsigned queued = 0;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &pool), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i <= round % 3; i++, queued++) {
            pthread_mutex_lock(&pool.mutex);
            pool.queued++;
            idle_call(&pool.idle);
            pthread_mutex_unlock(&pool.mutex);
        }
        if (round % 100 == 0)
            wait_until(&pool.done, queued);
    }
    wait_until(&pool.done, queued);
    pthread_mutex_lock(&pool.mutex);
    pool.stopping = true;
    idle_call_all(&pool.idle);
    pthread_mutex_unlock(&pool.mutex);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&pool.done), queued);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_wakes_the_one_that_waited_last),
        cmocka_unit_test(nothing_that_is_queued_stays_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
