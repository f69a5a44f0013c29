/* Lanes and posts: every completion comes, once, on the loop thread, never from inside the call that started it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon/net/lane.h"

struct job {
    struct lane_job job; /* first: cast back */
    atomic_int *worked;
    int *done;
    uv_thread_t *loop_thread;
    uv_sem_t *gate; /* waited for when set */
    bool off_loop;
};

static void job_work(struct lane_job *base)
{
    struct job *job = (struct job *)base;
    uv_thread_t self = uv_thread_self();
    job->off_loop = !uv_thread_equal(&self, job->loop_thread);
    if (job->gate)
        uv_sem_wait(job->gate);
    atomic_fetch_add(job->worked, 1);
}

static void job_done(struct lane_job *base)
{
    struct job *job = (struct job *)base;
    uv_thread_t self = uv_thread_self();
    assert_true(job->off_loop);
    assert_true(uv_thread_equal(&self, job->loop_thread));
    (*job->done)++;
    free(job);
}

struct fixture {
    uv_loop_t loop;
    uv_thread_t thread;
    atomic_int worked;
    int done;
    struct lanes *lanes;
};

static int submit_as(struct fixture *f, enum lane_kind kind, uint16_t source, uv_sem_t *gate)
{
    struct job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    *job = (struct job){.job = {.work = job_work, .done = job_done},
                        .worked = &f->worked,
                        .done = &f->done,
                        .loop_thread = &f->thread,
                        .gate = gate};
    job->job.fair.source = source;
    int rc = lane_submit(f->lanes, kind, &job->job);
    if (rc)
        free(job);
    return rc;
}

static int submit(struct fixture *f, enum lane_kind kind, uv_sem_t *gate)
{
    return submit_as(f, kind, FAIR_OWN, gate);
}

static void begin(struct fixture *f)
{
    *f = (struct fixture){.thread = uv_thread_self()};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(lanes_start(&f->loop, 2, 2, &f->lanes), 0);
}

static void end(struct fixture *f)
{
    lanes_stop(f->lanes);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void test_all_complete(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(submit(&f, i % 2 ? LANE_FAST : LANE_SLOW, NULL), 0);
        assert_int_equal(f.done, 0);
    }
    while (f.done < 500)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_equal(f.worked, 500);
    end(&f);
}

/* A lane that is stuck fills up and says so; the other goes on; nothing that was taken is lost at the stop. */
static void test_full_and_stop(void **state)
{
    (void)state;
    struct fixture f;
    uv_sem_t gate;
    begin(&f);
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    int taken = 0, rc = 0;
    while (taken < 100000 && !(rc = submit(&f, LANE_SLOW, &gate)))
        taken++;
    assert_int_equal(rc, TB_ETEMP);
    assert_int_equal(submit(&f, LANE_FAST, NULL), 0);
    while (!f.done)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_equal(f.done, 1);
    for (int i = 0; i < taken; i++)
        uv_sem_post(&gate);
    end(&f);
    assert_int_equal(f.done, taken + 1);
    uv_sem_destroy(&gate);
}

/* One source with many long jobs has half of the threads; what another asks for is done meanwhile. */
static void test_one_source_has_half(void **state)
{
    (void)state;
    struct fixture f;
    uv_sem_t gate;
    begin(&f);
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    int taken = 0, rc = 0;
    while (taken < 100000 && !(rc = submit_as(&f, LANE_SLOW, FAIR_PEERS, &gate)))
        taken++;
    assert_int_equal(rc, TB_ETEMP); /* its share of the queue */
    for (int i = 0; i < 50; i++)
        assert_int_equal(submit_as(&f, LANE_SLOW, FAIR_STAFF, NULL), 0);
    while (f.done < 50)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_equal(atomic_load(&f.worked), 50);
    for (int i = 0; i < taken; i++)
        uv_sem_post(&gate);
    while (f.done < taken + 50) /* none of them is forgotten when the source comes back */
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    end(&f);
    uv_sem_destroy(&gate);
}

struct posts {
    struct loop_post *post;
    int next;
};
static struct posts posts;

static void post_arrived(void *argument)
{
    assert_int_equal((intptr_t)argument, posts.next);
    posts.next++;
}

static void post_thread(void *argument)
{
    (void)argument;
    for (intptr_t i = 0; i < 10000; i++)
        if (loop_post(posts.post, post_arrived, (void *)i))
            abort();
}

static void test_posts_in_order(void **state)
{
    (void)state;
    uv_loop_t loop;
    uv_thread_t thread;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(loop_post_start(&loop, &posts.post), 0);
    assert_int_equal(uv_thread_create(&thread, post_thread, NULL), 0);
    while (posts.next < 5000)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(uv_thread_join(&thread), 0);
    loop_post_stop(posts.post); /* delivers the rest */
    assert_int_equal(posts.next, 10000);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_complete),
        cmocka_unit_test(test_full_and_stop),
        cmocka_unit_test(test_one_source_has_half),
        cmocka_unit_test(test_posts_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
