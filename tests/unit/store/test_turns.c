/* Turns at the writer: a thousand commands of one source delay one of another by a transaction at most, and keep their order. */
#include <stdatomic.h>
#include <unistd.h>

#include "fixture.h"

enum { FLOOD = LIMIT_STORE_QUEUE_OF_ONE, PEER = FAIR_PEERS, CLERK = FAIR_STAFF };

static atomic_int place;
static atomic_bool held, holding;

struct job {
    struct store_command command;
    int place; /* in the order of running */
};

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    f->options.world = world_real();
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

static int hold(struct store_db *db, struct store_command *command)
{
    (void)db;
    (void)command;
    atomic_store(&holding, true);
    while (atomic_load(&held))
        usleep(500);
    return 0;
}

static int note_place(struct store_db *db, struct store_command *command)
{
    (void)db;
    ((struct job *)command)->place = atomic_fetch_add(&place, 1);
    return 0;
}

static void nothing(struct store_command *command, int rc)
{
    (void)command;
    assert_int_equal(rc, 0);
}

static void submit(struct fixture *f, struct job *job, uint16_t source, uint16_t cost, int expected)
{
    job->command = (struct store_command){.run = note_place, .done = nothing, .fair = {.source = source, .cost = cost}};
    assert_int_equal(store_submit(f->store, &job->command), expected);
}

static void the_writer_takes_turns(void **state)
{
    struct fixture *f = *state;
    struct job gate = {.command = {.run = hold, .done = nothing}}, clerk[3], own, *flood = calloc(FLOOD + 1, sizeof *flood);
    fixture_open(f);
    OK(store_start(f->store));
    atomic_store(&held, true);
    OK(store_submit(f->store, &gate.command));
    while (!atomic_load(&holding))
        usleep(500);
    for (int i = 0; i < FLOOD; i++)
        submit(f, &flood[i], PEER, 4, 0);
    submit(f, &flood[FLOOD], PEER, 4, TB_ETEMP); /* its share is full; the others' is not */
    for (int i = 0; i < 3; i++)
        submit(f, &clerk[i], CLERK, 0, 0);
    submit(f, &own, FAIR_OWN, 0, 0);
    atomic_store(&held, false);
    store_stop(f->store);
    assert_true(own.place < 2 * FAIR_QUANTUM);
    for (int i = 0; i < 3; i++)
        assert_true(clerk[i].place < 2 * FAIR_QUANTUM && (!i || clerk[i].place > clerk[i - 1].place));
    for (int i = 1; i < FLOOD; i++)
        assert_true(flood[i].place > flood[i - 1].place);
    struct store_stats stats;
    store_stats(f->store, &stats);
    assert_true(stats.commits >= FLOOD * 4 / LIMIT_STORE_BATCH); /* a transaction takes so much cost, not so many commands */
    free(flood);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(the_writer_takes_turns, make, drop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
