/* register_fold: an object as the fold of its acts, read from the ledgers — for the row that lists show, and to check
 * that row. */
#include "daemon/office/register.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

void register_replay_clear(struct register_replay *replay)
{
    json_decref(replay->content);
    buf_free(&replay->doc);
    free(replay->moves);
    free(replay->acts);
    *replay = (struct register_replay){.content = NULL};
}

static int note_act(struct register_replay *r, const struct register_act *act, const struct entry *entry)
{
    if (r->act_count == r->act_room) {
        size_t room = r->act_room ? 2 * r->act_room : 4;
        struct report_act *more = realloc(r->acts, room * sizeof *more);
        if (!more)
            return TB_ENOMEM;
        r->acts = more;
        r->act_room = room;
    }
    struct report_act *one = &r->acts[r->act_count++];
    *one = (struct report_act){.act = act, .at = entry->at, .state = r->local};
    memcpy(one->from, entry->from, sizeof one->from);
    return 0;
}

/* Who and what the object is about: said by the act that made it, and by no other. */
static void note_origin(const struct register_kind *kind, const struct entry *entry, struct register_replay *r)
{
    memcpy(r->owner, entry->from, sizeof r->owner);
    if (kind->scope != REGISTER_ALL)
        memcpy(r->other, entry->to, sizeof r->other);
    memcpy(r->case_no, entry->case_no, sizeof r->case_no);
    memcpy(r->uuid, entry->id, sizeof r->uuid);
    r->opened = entry->at;
    r->changed = entry->at;
}

/* An act that does not fit the state it meets changes nothing: of ours, it was overtaken and will be refused; of the authority's, it
 * follows from an act of ours whose revision the receipt on its way tells us — or the authority breaks its own rules. */
static int replay_one(const struct register_kind *kind, const struct event_row *event, const struct entry *entry, bool fresh,
                      struct register_replay *r)
{
    const struct register_act *act = register_act_by_name(kind, json_string_value(json_object_get(entry->body, "act")));
    const json_t *data = json_object_get(entry->body, "data");
    bool settled = event->rev > 0;
    r->entries++;
    if (!act || !json_is_object(data))
        return TB_ECORRUPT;
    if (!r->opened && act->from & REGISTER_FROM(REGISTER_NONE))
        note_origin(kind, entry, r);
    if (!event_stands(event))
        return 0; /* the authority did not take it */
    r->standing++;
    r->pending += !settled && event->own && event->verdict < 0;
    if (!(act->from >> r->local & 1)) {
        r->misfit = r->misfit || fresh;
        return 0;
    }
    int rc = register_fold(act, data, r->content);
    int before = r->local;
    r->local = register_next(act, data, before);
    if (settled)
        r->confirmed = r->local;
    if (entry->at > r->changed)
        r->changed = entry->at;
    if (settled && r->local != before)
        r->moves[r->move_count++] = (struct register_move){.state = r->local, .at = entry->at};
    return rc ? rc : note_act(r, act, entry);
}

/* The events of the object with `fresh` (NULL: none) at its place.  TB_EINVAL: another act has its revision. */
static int list_events(struct store_db *db, int64_t object_id, const struct event_row *fresh, struct event_row **out, size_t *count,
                       size_t *place)
{
    struct event_row *events = NULL;
    size_t n = 0, at = 0;
    int rc = object_id ? object_event_list(db, object_id, &events, &n) : 0;
    if (rc)
        return rc;
    struct event_row *more = realloc(events, (n + 1) * sizeof *events);
    if (!more) {
        free(events);
        return TB_ENOMEM;
    }
    while (fresh && at < n && (!fresh->rev || (more[at].rev && more[at].rev <= fresh->rev)))
        at++;
    if (fresh && fresh->rev && at && more[at - 1].rev == fresh->rev) {
        free(more);
        return TB_EINVAL;
    }
    if (fresh) {
        memmove(more + at + 1, more + at, (n - at) * sizeof *more);
        more[at] = *fresh;
    }
    *place = fresh ? at : n;
    *count = n + (fresh != NULL);
    *out = more;
    return 0;
}

static int replay_events(struct store_db *db, const struct office *office, const struct register_kind *kind,
                         const struct event_row *events, size_t count, size_t place, const struct entry *entry,
                         struct register_replay *r)
{
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        if (i == place) {
            rc = replay_one(kind, &events[i], entry, true, r); /* not in the store yet */
            continue;
        }
        rc = case_fact_read(db, office, &events[i], &fact);
        if (rc)
            break;
        rc = replay_one(kind, &events[i], &fact.entry, false, r);
        case_fact_clear(&fact);
    }
    return rc;
}

int register_replay(struct store_db *db, const struct office *office, const struct register_kind *kind, int64_t object_id,
                    const struct event_row *fresh, const struct entry *entry, struct register_replay *out)
{
    struct event_row *events = NULL;
    size_t count = 0, place = 0;
    *out = (struct register_replay){.content = json_object()};
    buf_init(&out->doc, 5 * LIMIT_OBJECT_BYTES); /* the most that check_room lets stand, and one act */
    int rc = out->content ? list_events(db, object_id, fresh, &events, &count, &place) : TB_ENOMEM;
    if (rc)
        return rc;
    out->moves = calloc(count + 1, sizeof *out->moves);
    rc = out->moves ? replay_events(db, office, kind, events, count, place, entry, out) : TB_ENOMEM;
    free(events);
    return rc ? rc : strict_json_dump(out->content, &out->doc);
}

int64_t register_due(const json_t *content)
{
    int64_t day;
    const char *due = json_string_value(json_object_get(content, "due"));
    if (!due)
        due = json_string_value(json_object_get(content, "until"));
    return due && !date_parse(due, &day) ? day : 0;
}
