#include "tests/simulation/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_random(struct sim_rng *rng)
{
    uint64_t z = (rng->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim_rng *rng, uint64_t bound)
{
    return bound ? sim_random(rng) % bound : 0;
}

bool sim_chance(struct sim_rng *rng, unsigned per_mille)
{
    return sim_below(rng, 1000) < per_mille;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event t = *a;
    *a = *b;
    *b = t;
}

void sim_push(struct sim *sim, struct sim_event event)
{
    event.order = sim->order++;
    if (sim->heap_len == sim->heap_cap) {
        sim->heap_cap = sim->heap_cap ? sim->heap_cap * 2 : 64;
        sim->heap = realloc(sim->heap, sim->heap_cap * sizeof *sim->heap);
        if (!sim->heap)
            exit(70);
    }
    size_t i = sim->heap_len++;
    sim->heap[i] = event;
    for (; i && before(&sim->heap[i], &sim->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&sim->heap[i], &sim->heap[(i - 1) / 2]);
}

bool sim_pop(struct sim *sim, struct sim_event *event)
{
    if (!sim->heap_len)
        return false;
    *event = sim->heap[0];
    sim->heap[0] = sim->heap[--sim->heap_len];
    for (size_t i = 0;;) {
        size_t least = i, left = 2 * i + 1, right = left + 1;
        if (left < sim->heap_len && before(&sim->heap[left], &sim->heap[least]))
            least = left;
        if (right < sim->heap_len && before(&sim->heap[right], &sim->heap[least]))
            least = right;
        if (least == i)
            return true;
        swap(&sim->heap[i], &sim->heap[least]);
        i = least;
    }
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    if (sim->failure[0])
        return;
    int n = snprintf(sim->failure, sizeof sim->failure, "step %llu at %lld ms: ", (unsigned long long)sim->steps, (long long)sim->now);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sim->failure + n, sizeof sim->failure - (size_t)n, format, args);
    va_end(args);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
    if (!sim->verbose)
        return;
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "%12lld %6llu ", (long long)sim->now, (unsigned long long)sim->steps);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

/* Disturbed time: minutes to weeks; afterwards the link heals, the power stays on, and everything must come to rest. */
static void plan(struct sim *sim)
{
    static const int64_t spans[] = {20 * 60 * 1000, 2 * 3600 * 1000, 24 * 3600 * 1000LL, 5 * 24 * 3600 * 1000LL};
    int64_t start = sim->now;
    /* long runs are dear and mostly heartbeats: five days for one in 150, a day for four */
    uint64_t pick = sim_below(&sim->rng, 150);
    int64_t span = spans[pick == 0 ? 3 : pick < 5 ? 2 : pick < 50 || sim->midnight ? 1 : 0];
    sim->loss = (unsigned)sim_below(&sim->rng, 4) * 60; /* 0–18 % of messages */
    unsigned crashes = (unsigned)sim_below(&sim->rng, 4);
    for (unsigned i = 0; i < crashes; i++)
        sim_push(sim, (struct sim_event){.at = start + (int64_t)sim_below(&sim->rng, (uint64_t)span),
                                         .kind = SIM_CRASH,
                                         .node = (int)sim_below(&sim->rng, 2)});
    if (sim_chance(&sim->rng, 500)) {
        static const int64_t cuts[] = {3000, 90 * 1000, 3600 * 1000, 24 * 3600 * 1000LL, 10 * 24 * 3600 * 1000LL};
        int64_t cut = cuts[sim_chance(&sim->rng, 4) ? 4 : sim_chance(&sim->rng, 40) ? 3 : sim_below(&sim->rng, 3)];
        int64_t at = start + (int64_t)sim_below(&sim->rng, (uint64_t)span);
        sim_push(sim, (struct sim_event){.at = at, .kind = SIM_CUT});
        sim_push(sim, (struct sim_event){.at = at + cut, .kind = SIM_HEAL});
        if (at + cut > start + span)
            span = at + cut - start;
    }
    unsigned acts = 30 + (unsigned)sim_below(&sim->rng, 70);
    for (unsigned i = 0; i < acts; i++)
        sim_push(sim, (struct sim_event){.at = start + (int64_t)sim_below(&sim->rng, (uint64_t)span),
                                         .kind = SIM_CLERK,
                                         .node = (int)sim_below(&sim->rng, 2)});
    /* not every minute of days: a few moments, midnights among them, are what can differ */
    unsigned ticks = 4 + (unsigned)sim_below(&sim->rng, 12);
    for (unsigned i = 0; i < ticks; i++)
        sim_push(sim, (struct sim_event){.at = start + (int64_t)sim_below(&sim->rng, (uint64_t)span),
                                         .kind = SIM_TICK,
                                         .node = (int)sim_below(&sim->rng, 2)});
    sim->end = start + span;
    if (sim->imaged)
        sim_image_plan(sim, span);
}

static void dispatch(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->node[event->node];
    switch (event->kind) {
    case SIM_CUT:
        sim_trace(sim, "link cut");
        sim->cut = true;
        sim->cuts++;
        return;
    case SIM_HEAL:
        sim_trace(sim, "link whole");
        sim->cut = false;
        return;
    case SIM_CRASH:
        if (node->store && !sim->calm)
            sim_node_crash(node);
        return;
    case SIM_RESTART:
        if (!node->store && sim->now >= node->away_until && sim_node_start(node))
            sim_fail(sim, "office %d does not start again", event->node);
        return;
    case SIM_REQUEST:
        sim_on_request(node, event);
        return;
    case SIM_PIECE:
        sim_on_piece(node, event);
        return;
    case SIM_IMAGE:
        sim_image_take(node);
        return;
    case SIM_BACK:
        sim_image_back(node);
        return;
    case SIM_TICK:
        sim_tick(node);
        return;
    case SIM_CLERK:
        sim_on_clerk(node);
        return;
    default:
        break;
    }
    if (!node->store || event->epoch != node->epoch)
        return;
    switch (event->kind) {
    case SIM_ENGINE:
        node->woken -= event->value == 1;
        sim_engine(node, ENGINE_WAKE, NULL);
        return;
    case SIM_MOVER:
        node->woken -= event->value == 1;
        sim_mover(node, MOVER_WAKE, NULL);
        return;
    case SIM_RECOVER:
        sim_image_recover(node);
        return;
    case SIM_ANSWER:
        sim_on_answer(node, event);
        return;
    case SIM_PIECE_ANSWER:
        sim_on_piece_answer(node, event);
        return;
    default:
        return;
    }
}

/* Quiet: both on, nothing of staff waits, no message and no material without its receipt. */
static bool quiet(struct sim *sim)
{
    for (int i = 0; i < SIM_NODES; i++) {
        const struct sim_node *node = &sim->node[i];
        if (!node->store || node->closed || node->has_pending || node->woken || node->engine.state != ENGINE_IDLE || node->engine.work ||
            node->mover.state != MOVER_IDLE || node->mover.work)
            return false;
    }
    return true;
}

static void calm_down(struct sim *sim)
{
    sim_trace(sim, "calm");
    sim->calm = true;
    sim->cut = false;
    sim->loss = 0;
    for (int i = 0; i < SIM_NODES; i++) {
        sim_push(sim, (struct sim_event){.at = sim->now, .kind = SIM_RESTART, .node = i});
        sim_push(sim, (struct sim_event){.at = sim->now + 1, .kind = SIM_CLERK, .node = i});
    }
}

void sim_loop(struct sim *sim)
{
    struct sim_event event;
    int64_t limit = 0;
    while (!sim->failure[0] && sim_pop(sim, &event)) {
        if (!sim->calm && event.at > sim->end) {
            sim_push(sim, event);
            sim->now = sim->end;
            calm_down(sim);
            limit = sim->now + (sim->image.back ? 2 : 1) * 3600 * 1000;
            continue;
        }
        if (event.at > sim->now)
            sim->now = event.at;
        sim->steps++;
        dispatch(sim, &event);
        free(event.bytes);
        free(event.frontier);
        /* what nobody wrote cannot have changed */
        if (!sim->failure[0] && sim->written) {
            sim->written = false;
            sim_check_links(sim);
        }
        if (sim->calm && quiet(sim))
            return;
        if (sim->calm && sim->now > limit)
            sim_fail(sim, "an hour after the last disturbance the offices are still not at rest (%d/%d, %d/%d)",
                     (int)sim->node[0].engine.state, (int)sim->node[0].mover.state, (int)sim->node[1].engine.state,
                     (int)sim->node[1].mover.state);
    }
}

int sim_run(uint64_t seed, const struct sim_choice *choice, struct sim_result *result)
{
    enum sim_plant plant = choice->plant;
    bool year = choice->year;
    struct sim *sim = calloc(1, sizeof *sim);
    if (!sim)
        return TB_ENOMEM;
    sim->seed = seed;
    sim->rng.state = seed * UINT64_C(0xD1342543DE82EF95) + 1;
    sim->plant = plant;
    sim->verbose = choice->verbose;
    /* 2026-11-23T09:30+08:00; a fifth of the seeds begins just before midnight, so that a day ends in it */
    sim->now = INT64_C(1795393800000);
    sim->midnight = sim_chance(&sim->rng, 200);
    if (sim->midnight)
        sim->now = INT64_C(1795449300000) - (int64_t)sim_below(&sim->rng, 600 * 1000); /* 23:55, or some minutes earlier */
    sim->ungranted = sim_chance(&sim->rng, 120) && plant == SIM_PLANT_NONE;
    sim->year = year;
    sim->imaged = !year && (plant == SIM_PLANT_FORK || choice->image || (plant == SIM_PLANT_NONE && seed % 4 == 1));
    sim->calendar = sim_calendar;
    /* a third of the years sees the end of it */
    sim->grant_until = year && seed % 3 == 1 ? 20780 + 150 + (int64_t)(seed * 37 % 250) : 30000;
    for (int i = 0; i < SIM_NODES && !sim->failure[0]; i++)
        if (sim_node_make(sim, i) || sim_node_start(&sim->node[i]))
            sim_fail(sim, "office %d does not start", i);
    int64_t start = sim->now;
    if (year) {
        sim_year(sim);
    } else {
        plan(sim);
        sim_loop(sim);
    }
    if (!sim->failure[0] && plant == SIM_PLANT_ROW)
        sim_plant_row(sim);
    if (!sim->failure[0])
        sim_check_end(sim);
    *result = (struct sim_result){.steps = sim->steps,
                                  .crashes = sim->crashes,
                                  .cuts = sim->cuts,
                                  .acked = sim->acked_count,
                                  .acts = sim->acts,
                                  .deemed = sim->deemed,
                                  .lapsed = sim->lapsed,
                                  .dates = sim->dates,
                                  .moved_dates = sim->moved_dates,
                                  .steps_granted = sim->steps_granted,
                                  .restores = sim->image.back,
                                  .virtual_ms = sim->now - start};
    for (int i = 0; i < SIM_NODES; i++) {
        result->entries += sim->node[i].size;
        sim_node_count(&sim->node[i]);
        sim_node_free(&sim->node[i]);
    }
    result->batches = sim->batches;
    result->retries = sim->retries;
    result->moved = sim->moved;
    memcpy(result->failure, sim->failure, sizeof result->failure);
    struct sim_event event;
    while (sim_pop(sim, &event)) {
        free(event.bytes);
        free(event.frontier);
    }
    for (size_t i = 0; i < sim->acked_count; i++)
        sim_acked_clear(&sim->acked[i]);
    free(sim->acked);
    if (sim->imaged)
        sim_image_forget(sim);
    free(sim->heap);
    int rc = sim->failure[0] ? TB_EREFUSED : 0;
    free(sim);
    return rc;
}
