/* Two rules of the law, read once more from the entries that the home side took, whatever the machine thought of them: nobody is told twice
 * what is missing (行政许可法 32(4)), and nobody acts for the other office without its authorisation. */
#include "tests/simulation/sim.h"

#include <stdlib.h>
#include <string.h>

/* The delegated step that an entry of the intake side is; STEP_NONE also where that depends on more than its type. */
static enum case_step step_of(enum entry_type type)
{
    enum case_step step = STEP_NONE;
    for (size_t i = 0; i < case_transition_count; i++) {
        const struct case_transition *move = &case_transitions[i];
        if (move->entry != type || move->side != CASE_SIDE_INTAKE)
            continue;
        if (move->step == STEP_NONE || (step != STEP_NONE && step != move->step))
            return STEP_NONE;
        step = move->step;
    }
    return step;
}

static void check_grant(struct sim_node *home, const struct case_row *row, const struct entry *entry)
{
    struct store_db *db = store_sync_view(home->store);
    enum case_step step = step_of(entry->type);
    struct authorisation_row grant;
    bool covers = false;
    if (step == STEP_NONE)
        return;
    home->sim->steps_granted++;
    int rc = authorisation_get(db, entry->authorisation, &grant);
    if (!rc) {
        rc = authorisation_covers(db, &grant, row->item, step, entry->at, row->times[TIME_HANDED_IN], &covers);
        covers = covers && !strcmp(grant.principal, home->office->code) && !strcmp(grant.delegate, entry->from);
        authorisation_row_clear(&grant);
    }
    if (rc || !covers)
        sim_fail(home->sim, "step %c of case %s was taken from office %s, which had no authorisation for it", (char)step, row->case_no,
                 entry->from);
}

static void check_taken(struct sim_node *home, const struct case_row *row, const struct event_row *event)
{
    struct inbox_row inbox;
    struct entry entry;
    if (event->own || event->rev <= 0)
        return;
    if (inbox_get(store_sync_view(home->store), event->peer, event->ref, &inbox)) {
        sim_fail(home->sim, "lost: message %lld of office %s", (long long)event->ref, event->peer);
        return;
    }
    if (entry_decode(inbox.line, inbox.len, &entry, NULL)) {
        sim_fail(home->sim, "message %lld of office %s cannot be read", (long long)event->ref, event->peer);
    } else {
        check_grant(home, row, &entry);
        entry_clear(&entry);
    }
    inbox_clear(&inbox);
}

static void check_case(struct sim_node *home, const struct case_row *row)
{
    struct event_row *events = NULL;
    size_t count = 0, notices = 0;
    if (event_list(store_sync_view(home->store), row->id, &events, &count)) {
        sim_fail(home->sim, "the events of case %s cannot be listed", row->case_no);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        notices += events[i].rev > 0 && events[i].type == ENTRY_CASE_NOTICE;
        if (strcmp(row->home, row->intake) != 0)
            check_taken(home, row, &events[i]);
    }
    if (notices > 1)
        sim_fail(home->sim, "the applicant of case %s was told %zu times what is missing", row->case_no, notices);
    free(events);
}

void sim_check_law(struct sim_node *node)
{
    struct case_filter filter = {.state = -1, .limit = LIMIT_LIST_PAGE};
    do {
        struct case_row *rows = NULL;
        size_t count = 0;
        int64_t next = 0;
        if (case_list(store_sync_view(node->store), &filter, &rows, &count, &next)) {
            sim_fail(node->sim, "the cases of office %d cannot be listed", node->id);
            return;
        }
        for (size_t i = 0; i < count && !node->sim->failure[0]; i++)
            if (!strcmp(rows[i].home, node->office->code))
                check_case(node, &rows[i]);
        case_rows_free(rows, count);
        filter.cursor = next;
    } while (filter.cursor && !node->sim->failure[0]);
}
