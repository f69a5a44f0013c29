/* report_object: one object of a register as reports see it — from its row, and by replaying its acts; the two must agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/register.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

void object_fact_clear(struct object_fact *fact)
{
    json_decref(fact->content);
    free(fact->acts);
    buf_free(&fact->spans);
    buf_free(&fact->cover);
    case_row_clear(&fact->about);
    *fact = (struct object_fact){.content = NULL};
}

/* ---- the authorisation that a step is checked against ---- */

static int put_day(struct buf *out, int64_t ms)
{
    char text[DATE_TEXT];
    date_format(timestamp_day(ms), text);
    return buf_append_str(out, text);
}

static int put_spans(struct buf *out, const struct authorisation_span *spans, size_t count)
{
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        rc = i ? buf_append_str(out, ", ") : 0;
        rc = rc ? rc : put_day(out, spans[i].from);
        rc = rc ? rc : buf_append_str(out, "..");
        rc = rc || !spans[i].until ? rc : put_day(out, spans[i].until);
    }
    return rc;
}

/* Everything that a step is compared with, and the spans to the millisecond. */
static int put_cover(struct buf *out, const struct authorisation_row *row, const struct authorisation_span *spans, size_t count)
{
    int rc = buf_printf(out, "%s>%s %s %s %lld-%lld %lld%lld%lld", row->principal, row->delegate, row->steps, row->items,
                        (long long)row->from_day, (long long)row->until_day, (long long)row->registered, (long long)row->finish,
                        (long long)row->acceptance);
    for (size_t i = 0; i < count && !rc; i++)
        rc = buf_printf(out, " %lld-%lld", (long long)spans[i].from, (long long)spans[i].until);
    return rc;
}

static int cover_from_rows(struct store_db *db, struct object_fact *fact, const char *uuid)
{
    enum { ROOM = 4 * LIMIT_OBJECT_ACTS }; /* more acts than that are never taken: register_act.c */
    struct authorisation_row row;
    size_t count = 0;
    int rc = authorisation_get(db, uuid, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc; /* never accepted */
    struct authorisation_span *spans = calloc(ROOM, sizeof *spans);
    rc = spans ? authorisation_spans_get(db, uuid, spans, ROOM, &count) : TB_ENOMEM;
    if (!rc)
        rc = put_spans(&fact->spans, spans, count);
    if (!rc)
        rc = put_cover(&fact->cover, &row, spans, count);
    free(spans);
    authorisation_row_clear(&row);
    return rc;
}

static int cover_from_acts(struct object_fact *fact, const struct register_replay *r)
{
    struct authorisation_span *spans = NULL;
    struct authorisation_row row;
    struct object_row object = {.opened = r->opened};
    size_t count = 0;
    memcpy(object.uuid, r->uuid, sizeof object.uuid);
    memcpy(object.owner, r->owner, sizeof object.owner);
    memcpy(object.other, r->other, sizeof object.other);
    int rc = register_cover(&object, r->content, r->moves, r->move_count, &row, &spans, &count);
    if (!rc && count)
        rc = put_spans(&fact->spans, spans, count);
    if (!rc && count)
        rc = put_cover(&fact->cover, &row, spans, count);
    free(spans);
    authorisation_row_clear(&row);
    return rc;
}

/* ---- the two paths ---- */

static int begin(struct store_db *db, const struct object_row *row, struct object_fact *fact)
{
    *fact = (struct object_fact){.content = NULL};
    buf_init(&fact->spans, LIMIT_ENTRY_BYTES);
    buf_init(&fact->cover, LIMIT_ENTRY_BYTES);
    return row->case_id ? case_get_by_id(db, row->case_id, &fact->about) : 0;
}

/* What both paths borrow from the fact and the row. */
static void finish(const struct object_row *row, struct object_fact *fact)
{
    struct report_object *o = &fact->object;
    o->kind = &register_kinds[row->kind];
    o->no = row->no;
    o->home = fact->about.home;
    o->intake = fact->about.intake;
    o->item = fact->about.item;
    o->window = fact->about.window;
    o->township = fact->about.township;
    o->content = fact->content;
    o->acts = fact->acts;
    o->spans = fact->spans.len ? fact->spans.data : "";
    o->cover = fact->cover.len ? fact->cover.data : "";
}

static int read_acts(struct store_db *db, const struct office *office, const struct object_row *row, struct object_fact *fact)
{
    struct register_replay replay;
    int rc = register_replay(db, office, &register_kinds[row->kind], row->id, NULL, NULL, &replay);
    if (!rc) {
        fact->acts = replay.acts;
        fact->object.act_count = replay.act_count;
        replay.acts = NULL;
    }
    register_replay_clear(&replay);
    return rc;
}

int object_fact_from_row(struct store_db *db, const struct office *office, unsigned needs, const struct object_row *row,
                         struct object_fact *fact)
{
    int rc = begin(db, row, fact);
    if (!rc && strict_json_parse(row->doc, strlen(row->doc), &fact->content, NULL))
        rc = TB_ECORRUPT;
    if (!rc && needs & REPORT_NEEDS_ACTS)
        rc = read_acts(db, office, row, fact);
    if (!rc && row->kind == REGISTER_AUTHORISATION)
        rc = cover_from_rows(db, fact, row->uuid);
    struct report_object *o = &fact->object;
    o->owner = row->owner;
    o->other = row->other;
    o->case_no = row->case_no;
    o->uuid = row->uuid;
    o->state = row->local_state;
    o->confirmed = row->state;
    o->pending = row->pending;
    o->opened = row->opened;
    o->changed = row->changed;
    o->due_day = row->due_day;
    finish(row, fact);
    return rc;
}

int object_fact_from_acts(struct store_db *db, const struct office *office, const struct object_row *row, struct object_fact *fact,
                          size_t *entries)
{
    struct register_replay r;
    int rc = begin(db, row, fact);
    if (rc)
        return rc;
    rc = register_replay(db, office, &register_kinds[row->kind], row->id, NULL, NULL, &r);
    if (!rc && row->kind == REGISTER_AUTHORISATION)
        rc = cover_from_acts(fact, &r);
    struct report_object *o = &fact->object;
    memcpy(fact->owner, r.owner, sizeof fact->owner);
    memcpy(fact->other, r.other, sizeof fact->other);
    memcpy(fact->case_no, r.case_no, sizeof fact->case_no);
    memcpy(fact->uuid, r.uuid, sizeof fact->uuid);
    o->owner = fact->owner;
    o->other = fact->other;
    o->case_no = fact->case_no;
    o->uuid = fact->uuid;
    o->state = r.local;
    o->confirmed = r.confirmed;
    o->pending = r.pending;
    o->opened = r.opened;
    o->changed = r.changed;
    o->due_day = register_due(r.content);
    o->act_count = r.act_count;
    fact->content = r.content;
    fact->acts = r.acts;
    *entries += r.entries;
    r.content = NULL;
    r.acts = NULL;
    finish(row, fact);
    register_replay_clear(&r);
    return rc;
}

/* ---- the originals of a case ---- */

static int add_transfer(struct store_db *db, const struct office *office, const struct case_row *about, const struct object_row *row,
                        bool replayed, struct originals *sums)
{
    struct object_fact fact;
    size_t entries = 0;
    enum case_side owner = strcmp(row->owner, about->home) ? CASE_SIDE_INTAKE : CASE_SIDE_HOME;
    int rc = replayed ? object_fact_from_acts(db, office, row, &fact, &entries) : object_fact_from_row(db, office, 0, row, &fact);
    if (!rc)
        originals_add(sums, fact.content, owner, fact.object.state);
    object_fact_clear(&fact);
    return rc;
}

int object_originals(struct store_db *db, const struct office *office, const struct case_row *about, bool replayed, struct originals *out)
{
    struct object_filter filter = {.kind = REGISTER_TRANSFER, .case_id = about->id, .limit = LIMIT_LIST_PAGE};
    *out = (struct originals){.balanced = true};
    do {
        struct object_row *rows = NULL;
        size_t count = 0;
        int rc = object_list(db, &filter, &rows, &count, &filter.cursor);
        for (size_t i = 0; i < count && !rc; i++)
            rc = add_transfer(db, office, about, &rows[i], replayed, out);
        object_rows_free(rows, count);
        if (rc)
            return rc;
    } while (filter.cursor);
    return 0;
}
