/* What must hold of the registers when everything is at rest. */
#include "tests/simulation/sim.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/strict_json.h"

struct object_ask {
    struct sim_node *node;
    struct object_row row;
    struct event_row *events;
    size_t count;
};

static struct store_db *view(struct sim_node *node)
{
    return store_sync_view(node->store);
}

/* The fold once more, written here: only the acts that the authority numbered, in its order. */
static void check_fold(struct sim_node *node, const struct object_row *row, const struct event_row *events, size_t count, size_t *own)
{
    const struct register_kind *kind = &register_kinds[row->kind];
    json_t *content = json_object(), *stored = NULL;
    int state = REGISTER_NONE, rc = 0;
    int64_t changed = row->opened, last = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        rc = case_fact_read(view(node), node->office, &events[i], &fact);
        if (rc)
            break;
        const struct register_act *act = register_act_by_name(kind, json_string_value(json_object_get(fact.entry.body, "act")));
        const json_t *data = json_object_get(fact.entry.body, "data");
        if (events[i].own && fact.entry.staff[0])
            ++*own;
        if (!act || strcmp(json_string_value(json_object_get(fact.entry.body, "no")), row->no) != 0) {
            sim_fail(node->sim, "an entry of %s is about something else", row->no);
        } else if (events[i].rev > 0 && events[i].verdict <= VERDICT_DONE) {
            if (!(act->from >> state & 1))
                sim_fail(node->sim, "%s of %s stands after %s", act->name, row->no, kind->states[state].name);
            if (events[i].rev <= last)
                sim_fail(node->sim, "doubled: revision %lld of %s", (long long)last, row->no);
            last = events[i].rev;
            rc = register_fold(act, data, content);
            state = register_next(act, data, state);
            if (fact.entry.at > changed)
                changed = fact.entry.at;
        } else if (events[i].verdict < 0) {
            sim_fail(node->sim, "%s of %s still waits for its revision", act->name, row->no);
        }
        case_fact_clear(&fact);
    }
    if (!rc)
        rc = strict_json_parse(row->doc, strlen(row->doc), &stored, NULL);
    if (rc)
        sim_fail(node->sim, "the entries of %s cannot be read: %s", row->no, err_text(rc));
    else if (!json_equal(content, stored) || state != row->state || state != row->local_state || row->pending || changed != row->changed)
        sim_fail(node->sim, "the row of %s at office %d (%s, %s) is not the fold of its acts (%s)", row->no, node->id,
                 kind->states[row->state].name, kind->states[row->local_state].name, kind->states[state].name);
    json_decref(content);
    json_decref(stored);
}

static void check_events_alike(struct sim *sim, const struct object_row *row, struct event_row *const events[2], const size_t count[2])
{
    size_t at[2] = {0, 0};
    for (;;) {
        for (int i = 0; i < SIM_NODES; i++)
            while (at[i] < count[i] && (!events[i][at[i]].rev || events[i][at[i]].verdict > VERDICT_DONE))
                at[i]++;
        if (at[0] == count[0] || at[1] == count[1])
            break;
        const struct event_row *one[2] = {&events[0][at[0]++], &events[1][at[1]++]};
        struct case_fact fact[2];
        for (int i = 0; i < SIM_NODES; i++)
            if (case_fact_read(view(&sim->node[i]), sim->node[i].office, one[i], &fact[i])) {
                sim_fail(sim, "an act of %s cannot be read", row->no);
                return;
            }
        /* contacts go out once for each counterpart: the copies have the same id, not the same bytes */
        if (one[0]->rev != one[1]->rev || strcmp(fact[0].entry.id, fact[1].entry.id) != 0 ||
            !json_equal(fact[0].entry.body, fact[1].entry.body))
            sim_fail(sim, "the histories of %s differ at revisions %lld and %lld", row->no, (long long)one[0]->rev, (long long)one[1]->rev);
        for (int i = 0; i < SIM_NODES; i++)
            case_fact_clear(&fact[i]);
    }
    if (at[0] != count[0] || at[1] != count[1])
        sim_fail(sim, "the histories of %s have different lengths", row->no);
}

static void check_rows_alike(struct sim *sim, const struct object_row *a, const struct object_row *b)
{
    if (a->kind != b->kind || strcmp(a->owner, b->owner) || strcmp(a->other, b->other) || strcmp(a->case_no, b->case_no) ||
        strcmp(a->uuid, b->uuid) || a->state != b->state || a->local_state != b->local_state || a->rev != b->rev ||
        a->opened != b->opened || a->changed != b->changed || a->due_day != b->due_day || a->open != b->open || strcmp(a->doc, b->doc) != 0)
        sim_fail(sim, "object %s differs: %s rev %lld at one office, %s rev %lld at the other", a->no,
                 register_kinds[a->kind].states[a->state].name, (long long)a->rev, register_kinds[b->kind].states[b->state].name,
                 (long long)b->rev);
    /* who has to act is one of the two, or nobody */
    if (a->turn && b->turn)
        sim_fail(sim, "both offices have to act on %s", a->no);
}

/* The same answer at both offices, at every moment at which something changed and around it. */
static void check_spans(struct sim *sim, const struct object_row *row, const struct event_row *events, size_t count)
{
    struct authorisation_row have[SIM_NODES];
    int rc[SIM_NODES];
    for (int i = 0; i < SIM_NODES; i++)
        rc[i] = authorisation_get(view(&sim->node[i]), row->uuid, &have[i]);
    if (rc[0] != rc[1])
        sim_fail(sim, "authorisation %s is known at one office only", row->no);
    for (size_t n = 0; n < count && !rc[0] && !rc[1] && !sim->failure[0]; n++) {
        struct case_fact fact;
        if (case_fact_read(view(&sim->node[0]), sim->node[0].office, &events[n], &fact))
            continue;
        for (int64_t shift = -1; shift <= 1 && !sim->failure[0]; shift++)
            for (const char *step = "INOPD"; *step; step++) {
                bool covers[SIM_NODES] = {false, false};
                int64_t at = fact.entry.at + shift;
                for (int i = 0; i < SIM_NODES; i++)
                    if (authorisation_covers(view(&sim->node[i]), &have[i], "GA01", (enum case_step)*step, at, row->opened, &covers[i]))
                        sim_fail(sim, "authorisation %s cannot be asked", row->no);
                if (covers[0] != covers[1])
                    sim_fail(sim, "authorisation %s covers step %c at one office only", row->no, *step);
            }
        case_fact_clear(&fact);
    }
    for (int i = 0; i < SIM_NODES; i++)
        if (!rc[i])
            authorisation_row_clear(&have[i]);
}

static bool load(struct sim_node *node, const char *no, struct object_ask *ask)
{
    *ask = (struct object_ask){.node = node};
    int rc = object_get(view(node), no, &ask->row);
    if (rc)
        return false;
    rc = object_event_list(view(node), ask->row.id, &ask->events, &ask->count);
    if (rc)
        sim_fail(node->sim, "the acts of %s cannot be listed", no);
    return !rc;
}

static void drop(struct object_ask *ask)
{
    object_row_clear(&ask->row);
    free(ask->events);
}

static void check_object(struct sim *sim, int at, const char *no, size_t *own)
{
    struct object_ask ask[2];
    struct event_row *events[2];
    size_t count[2];
    if (!load(&sim->node[at], no, &ask[0]))
        return;
    const struct object_row *row = &ask[0].row;
    check_fold(&sim->node[at], row, ask[0].events, ask[0].count, own);
    bool there = load(&sim->node[1 - at], no, &ask[1]);
    bool alone = register_kinds[row->kind].scope != REGISTER_ALL && !row->other[0];
    bool mine = !strcmp(row->owner, sim->node[at].office->code);
    if (!there && !(mine && (alone || row->state == REGISTER_NONE)))
        sim_fail(sim, "lost: %s is known at office %d only", no, at);
    if (row->state == REGISTER_NONE && (there || row->open || row->turn))
        sim_fail(sim, "%s was never opened and lives", no);
    if (there && mine && !sim->failure[0]) {
        for (int i = 0; i < 2; i++) {
            int n = i ? 1 - at : at;
            events[n] = ask[i].events;
            count[n] = ask[i].count;
        }
        check_rows_alike(sim, row, &ask[1].row);
        check_events_alike(sim, row, events, count);
        if (row->kind == REGISTER_AUTHORISATION)
            check_spans(sim, row, events[0], count[0]);
    }
    if (there)
        drop(&ask[1]);
    drop(&ask[0]);
}

static void check_originals(struct sim *sim, const char *case_no, bool both)
{
    json_t *answer[SIM_NODES] = {NULL, NULL};
    for (int i = 0; i < SIM_NODES; i++) {
        struct office_question question;
        office_question_init(&question, sim->node[i].office, ASK_ORIGINALS, &sim->node[i].office->staff[1]);
        memcpy(question.case_no, case_no, CASE_NO_TEXT);
        if (!question.query.run(view(&sim->node[i]), &question.query))
            answer[i] = question.answer;
    }
    const json_t *one = answer[0] ? answer[0] : answer[1];
    if (both && !json_equal(answer[0], answer[1]))
        sim_fail(sim, "the originals of %s differ", case_no);
    static const char *const places[] = {"at_intake", "at_home", "moving", "lost", "returned"};
    json_int_t sum = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        json_int_t n = json_integer_value(json_object_get(one, places[i]));
        sum += n;
        if (n < 0)
            sim_fail(sim, "%lld originals of %s are %s", (long long)n, case_no, places[i]);
    }
    if (sum != json_integer_value(json_object_get(one, "kept")) || !json_is_true(json_object_get(one, "balanced")))
        sim_fail(sim, "the originals of %s do not balance", case_no);
    json_decref(answer[0]);
    json_decref(answer[1]);
}

static void check_cases(struct sim *sim, int at)
{
    struct case_filter filter = {.state = -1, .limit = LIMIT_LIST_PAGE};
    do {
        struct case_row *rows = NULL;
        size_t count = 0;
        if (case_list(view(&sim->node[at]), &filter, &rows, &count, &filter.cursor))
            return;
        for (size_t i = 0; i < count && !sim->failure[0]; i++)
            check_originals(sim, rows[i].case_no, strcmp(rows[i].home, rows[i].intake) && rows[i].rev > 0);
        case_rows_free(rows, count);
    } while (filter.cursor && !sim->failure[0]);
}

void sim_check_registers(struct sim *sim)
{
    size_t own = 0;
    for (int at = 0; at < SIM_NODES && !sim->failure[0]; at++) {
        for (int kind = 0; kind < REGISTER_KINDS; kind++) {
            struct object_filter filter = {.kind = kind, .limit = LIMIT_LIST_PAGE};
            do {
                struct object_row *rows = NULL;
                size_t count = 0;
                if (object_list(view(&sim->node[at]), &filter, &rows, &count, &filter.cursor)) {
                    sim_fail(sim, "the register %s of office %d cannot be listed", register_kinds[kind].name, at);
                    return;
                }
                for (size_t i = 0; i < count && !sim->failure[0]; i++)
                    check_object(sim, at, rows[i].no, &own);
                object_rows_free(rows, count);
            } while (filter.cursor && !sim->failure[0]);
        }
        check_cases(sim, at);
    }
    if (!sim->failure[0] && own != sim->acts)
        sim_fail(sim, "%s: %zu acts were acknowledged, %zu exist", own < sim->acts ? "lost" : "doubled", sim->acts, own);
}
