#include "tests/simulation/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_material *sim_material_find(struct sim *sim, const char *sha256)
{
    for (size_t i = 0; i < sim->material_count; i++)
        if (!strcmp(sim->material[i].sha256, sha256))
            return &sim->material[i];
    return NULL;
}

struct sim_material *sim_material_make(struct sim *sim, int node)
{
    if (sim->material_count == SIM_MAX_MATERIALS)
        return NULL;
    struct sim_material *m = &sim->material[sim->material_count++];
    *m = (struct sim_material){0};
    for (int i = 0; i < 4; i++)
        (void)snprintf(m->sha256 + 16 * i, 17, "%016llx", (unsigned long long)sim_random(&sim->rng));
    m->have[node] = m->synced[node] = SIM_MATERIAL_BYTES;
    return m;
}

static void send_piece(struct sim_node *node, int what, int64_t value)
{
    struct sim *sim = node->sim;
    node->piece = ++sim->requests;
    struct sim_event failure = {.at = sim->now + 30000,
                                .kind = SIM_PIECE_ANSWER,
                                .node = node->id,
                                .epoch = node->epoch,
                                .number = node->piece,
                                .rc = TB_ETIMEOUT,
                                .what = what};
    sim_push(sim, failure);
    if (sim->cut || sim_chance(&sim->rng, sim->loss))
        return;
    struct sim_event event = {.at = sim->now + 1 + (int64_t)sim_below(&sim->rng, 400),
                              .kind = SIM_PIECE,
                              .node = 1 - node->id,
                              .epoch = node->epoch,
                              .number = node->piece,
                              .value = value,
                              .what = what};
    memcpy(event.sha256, node->moving.sha256, sizeof event.sha256);
    sim_push(sim, event);
    if (sim_chance(&sim->rng, sim->loss / 2))
        sim_push(sim, event);
}

static void obey(struct sim_node *node, enum mover_action action)
{
    struct mover_report report = {0};
    struct office_material_question question;
    struct office_arrival arrival;
    switch (action) {
    case MOVER_NOTHING:
        if (node->mover.wake_at != INT64_MAX)
            sim_push(node->sim, (struct sim_event){.at = node->mover.wake_at, .kind = SIM_MOVER, .node = node->id, .epoch = node->epoch});
        return;
    case MOVER_ASK:
        office_material_question_init(&question, node->office);
        memcpy(question.peer, node->office->peers[0].code, OFFICE_TEXT);
        memcpy(question.behind, node->stuck, sizeof node->stuck);
        report.rc = question.query.run(store_sync_view(node->store), &question.query);
        node->moving = question.material;
        report.length = question.material.size;
        sim_mover(node, MOVER_ASKED, &report);
        return;
    case MOVER_DO_DONE:
        office_arrival_init(&arrival, node->office);
        memcpy(arrival.sent_to, node->office->peers[0].code, OFFICE_TEXT);
        arrival.material = node->moving;
        report.rc = sim_commit(node, &arrival.command);
        office_arrival_clear(&arrival);
        if (node->store)
            sim_mover(node, MOVER_DONE, &report);
        return;
    default:
        send_piece(node, (int)action, node->mover.offset);
    }
}

void sim_mover(struct sim_node *node, enum mover_event event, const struct mover_report *report)
{
    enum mover_action action = mover_step(&node->mover, event, report, node->sim->now, (uint32_t)sim_random(&node->sim->rng));
    obey(node, action);
}

/* The receiving office's side of an upload: bytes are volatile until its PATCH ends, then the acknowledged offset is durable. */
void sim_on_piece(struct sim_node *node, struct sim_event *event)
{
    struct sim *sim = node->sim;
    struct sim_material *m = sim_material_find(sim, event->sha256);
    struct sim_event answer = {.at = sim->now + 1 + (int64_t)sim_below(&sim->rng, 400), .kind = SIM_PIECE_ANSWER, .node = 1 - node->id,
                               .epoch = event->epoch, .number = event->number, .what = event->what};
    if (!m || sim->cut)
        return;
    if (!node->store) {
        answer.rc = TB_ECLOSED;
        sim_push(sim, answer);
        return;
    }
    struct office_material_question question;
    office_material_question_init(&question, node->office);
    memcpy(question.sha256, m->sha256, sizeof question.sha256);
    int expected = question.query.run(store_sync_view(node->store), &question.query);
    if (event->what == MOVER_DO_HEAD) {
        answer.rc = question.found || m->created[node->id] ? 0 : TB_ENOTFOUND;
    } else if (event->what == MOVER_DO_CREATE) {
        answer.rc = expected;
        if (!expected)
            m->created[node->id] = true;
    } else if (event->value != m->have[node->id] || !m->created[node->id]) {
        answer.rc = TB_ECONFLICT;
    } else {
        int64_t add = 1 + (int64_t)sim_below(&sim->rng, SIM_MATERIAL_BYTES);
        m->have[node->id] = m->have[node->id] + add > SIM_MATERIAL_BYTES ? SIM_MATERIAL_BYTES : m->have[node->id] + add;
        m->synced[node->id] = m->have[node->id];
    }
    answer.value = question.found ? SIM_MATERIAL_BYTES : m->have[node->id];
    if (!answer.rc && m->have[node->id] == SIM_MATERIAL_BYTES && !question.found) {
        struct office_arrival arrival;
        office_arrival_init(&arrival, node->office);
        memcpy(arrival.material.sha256, m->sha256, sizeof m->sha256);
        arrival.material.size = SIM_MATERIAL_BYTES;
        memcpy(arrival.material.type, "application/pdf", sizeof "application/pdf");
        answer.rc = sim_commit(node, &arrival.command);
        office_arrival_clear(&arrival);
        if (!node->store)
            return; /* power cut in the commit: no answer */
        sim_wake(node);
    }
    if (!sim_chance(&sim->rng, sim->loss))
        sim_push(sim, answer);
}

void sim_on_piece_answer(struct sim_node *node, struct sim_event *event)
{
    static const enum mover_event events[] = {
        [MOVER_DO_HEAD] = MOVER_HEAD, [MOVER_DO_CREATE] = MOVER_CREATED, [MOVER_DO_PATCH] = MOVER_PATCHED};
    if (event->number != node->piece)
        return;
    node->piece = 0;
    sim_trace(node->sim, "office %d: material %.8s, act %d: %s, offset %lld", node->id, node->moving.sha256,
              event->what, err_text(event->rc), (long long)event->value);
    struct mover_report report = {.rc = event->rc, .offset = event->value, .length = node->moving.size};
    sim_mover(node, events[event->what], &report);
    if (node->mover.state == MOVER_BACKOFF)
        memcpy(node->stuck, node->moving.sha256, sizeof node->stuck);
}
