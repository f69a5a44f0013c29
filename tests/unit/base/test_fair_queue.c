/* Fair queues: order within a source, turns between sources, bounds, and that nothing is lost or doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/fair_queue.h"

enum { MANY = 1000 };
static struct fair_queue queue;
static struct fair_item items[4 * MANY];

static struct fair_item *item(unsigned number, uint16_t source, uint16_t cost)
{
    items[number] = (struct fair_item){.source = source, .cost = cost};
    return &items[number];
}

/* Number of the item that is taken next. */
static int take(unsigned running_max)
{
    struct fair_item *taken = fair_take(&queue, running_max);
    return taken ? (int)(taken - items) : -1;
}

static void one_source_keeps_its_order(void **state)
{
    (void)state;
    fair_init(&queue, 2 * MANY, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(fair_put(&queue, item(i, 7, (uint16_t)(i % 300))), 0);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(take(0), i);
    assert_int_equal(take(0), -1);
    assert_int_equal(queue.count, 0);
}

/* A thousand of one source delay one of another by a turn; without turns it would be the last. */
static void a_flood_delays_by_one_turn(void **state)
{
    (void)state;
    fair_init(&queue, 4 * MANY, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(fair_put(&queue, item(i, 7, 1)), 0);
    assert_int_equal(fair_put(&queue, item(MANY, 8, 1)), 0);
    int place = 0;
    while (take(0) != MANY)
        place++;
    assert_true(place <= FAIR_QUANTUM);
}

/* What one source asks for may be as large as it likes: the others pay for it with one turn each. */
static void cost_is_shared(void **state)
{
    (void)state;
    fair_init(&queue, 4 * MANY, MANY);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(fair_put(&queue, item(i, 1, 256)), 0);
    for (unsigned i = 0; i < 320; i++)
        assert_int_equal(fair_put(&queue, item(100 + i, 2, 1)), 0);
    int small = 0, large = 0;
    while (small < 256) {
        int taken = take(0);
        *(taken < 10 ? &large : &small) += 1;
    }
    assert_true(large >= 1 && large <= 2); /* 256 small ones cost as much as one large one */
    while (take(0) >= 0)
        large++;
    assert_int_equal(queue.count, 0);
}

static void bounds(void **state)
{
    (void)state;
    unsigned n = 0;
    fair_init(&queue, 160, 100);
    while (fair_put(&queue, item(n, 7, 1)) == 0)
        n++;
    assert_int_equal(n, 100);
    while (fair_put(&queue, item(n, 8, 1)) == 0)
        n++;
    assert_int_equal(n, 150); /* the last sixteenth is for our own work */
    while (fair_put(&queue, item(n, FAIR_OWN, 1)) == 0)
        n++;
    assert_int_equal(n, 160);
    for (; n; n--)
        assert_true(take(0) >= 0);
    assert_int_equal(take(0), -1);
    assert_int_equal(fair_put(&queue, item(0, 7, 1)), 0);
}

/* No source has more threads than it may; one that comes back lets the next of its own go. */
static void running_is_bounded(void **state)
{
    (void)state;
    fair_init(&queue, 100, 50);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(fair_put(&queue, item(i, 7, 1)), 0);
    assert_int_equal(take(2), 0);
    assert_int_equal(take(2), 1);
    assert_int_equal(take(2), -1);
    assert_int_equal(fair_put(&queue, item(50, 8, 1)), 0);
    assert_int_equal(take(2), 50);
    assert_int_equal(take(2), -1);
    fair_done(&queue, 7);
    assert_int_equal(take(2), 2);
    assert_int_equal(take(2), -1);
    assert_int_equal(take(0), 3); /* whoever stops takes what is left */
}

/* Random puts and takes: every item comes once, in the order of its source, and no source starves. */
static void random_walk(void **state)
{
    (void)state;
    uint32_t seed = 20260801;
    int last[40];
    fair_init(&queue, 4 * MANY, 4 * MANY);
    memset(last, -1, sizeof last);
    unsigned put = 0, taken = 0;
    while (taken < 4 * MANY) {
        seed = seed * 1664525U + 1013904223U;
        if (put < 3 * MANY && seed >> 31) {
            assert_int_equal(fair_put(&queue, item(put, (uint16_t)((seed >> 8) % 40), (uint16_t)((seed >> 16) % 256))), 0);
            put++;
        } else {
            int n = take(0);
            if (n < 0 && put == 3 * MANY)
                break;
            if (n < 0)
                continue;
            assert_true(n > last[items[n].source]);
            last[items[n].source] = n;
            taken++;
        }
    }
    assert_int_equal(taken, put);
}

static void sources(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LIMIT_PEERS; i++)
        assert_int_equal(fair_peer(i), FAIR_PEERS + i);
    for (int i = 0; i < MANY; i++) {
        char id[20];
        (void)snprintf(id, sizeof id, "320623:%04d", i);
        assert_true(fair_staff(id) >= FAIR_STAFF && fair_staff(id) < FAIR_SOURCES);
        assert_int_equal(fair_staff(id), fair_staff(id));
    }
    assert_int_not_equal(fair_staff("320623:0007"), fair_staff("320623:0008"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_keeps_its_order), cmocka_unit_test(a_flood_delays_by_one_turn), cmocka_unit_test(cost_is_shared),
        cmocka_unit_test(bounds),                     cmocka_unit_test(running_is_bounded),         cmocka_unit_test(random_walk),
        cmocka_unit_test(sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
