/* report: pages of a report.  The cursor is the number of a source and how far it has been read: source * 2^48 + n. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/store/retention_rows.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { CURSOR_BITS = 48, PEER_BITS = 40, CHUNK = 512, OPEN_CHUNK = 128 };
/* Behind the sources, only in a check: our ledger itself, and what came from the peers. */
enum { WALK_LEDGER = REPORT_SOURCES, WALK_INBOX, WALKS };

struct page {
    struct store_db *db;
    struct office_report *q;
    struct report_run run;    /* what the answer shows; in a check: from the entries … */
    struct report_run stored; /* … and, in a check only, from the rows */
    struct fact_maker maker;
    json_t *differences;      /* owned, in a check */
    const char *case_no;      /* of the case being compared */
    size_t differ, cases, objects, entries;
    int64_t since, until;     /* ms: the period as times */
    int64_t deadline;         /* monotonic ms */
    int64_t done, of;         /* how far the present source is read */
};

static bool spent(const struct page *page)
{
    const struct world *world = store_world(page->db);
    return world->monotonic_ms(world->context) >= page->deadline || json_array_size(page->run.rows) >= LIMIT_REPORT_ROWS;
}

static bool uses(const struct report *report, enum report_source source)
{
    for (const struct report_feed *feed = report->feeds; feed->row; feed++)
        if (feed->source == source)
            return true;
    return false;
}

/* ---- differences ---- */

static void note_difference(void *context, const char *field, const char *row, const char *entries)
{
    struct page *page = context;
    page->differ++;
    if (json_array_size(page->differences) < LIMIT_REPORT_DIFFERENCES)
        (void)json_array_append_new(page->differences, json_pack("{s:s, s:s, s:s, s:s}", "case", page->case_no, "field", field, "row",
                                                                 row, "entries", entries));
}

/* ---- cases ---- */

static int add_case(struct page *page, const struct case_row *row)
{
    struct report_case one, replayed;
    int rc = fact_from_row(&page->maker, row, &one);
    struct report_fact fact = {.source = REPORT_CASES, .one = &one};
    page->cases++;
    if (rc || !page->q->verify)
        return rc ? rc : report_add(&page->run, &fact);
    bool erased = false;
    rc = report_add(&page->stored, &fact);
    if (!rc)
        rc = retention_is_over(page->db, row->id, &erased);
    if (!rc && erased) /* what is left of its lines says less than the row */
        return report_add(&page->run, &fact);
    if (!rc)
        rc = fact_from_entries(&page->maker, row, &replayed, &page->entries);
    if (rc)
        return rc;
    page->case_no = row->case_no;
    (void)report_compare(&one, &replayed, note_difference, page);
    fact.one = &replayed;
    return report_add(&page->run, &fact);
}

static int add_cases(struct page *page, const struct case_row *rows, size_t count, int64_t *at)
{
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        rc = add_case(page, &rows[i]);
        *at = rows[i].id;
        if (spent(page))
            break;
    }
    return rc;
}

static int page_cases(struct page *page, int64_t *at, bool *over)
{
    enum report_reach reach = page->run.report->reach;
    int64_t last;
    int rc = case_max_id(page->db, &last);
    while (!rc && *at < last && !spent(page)) {
        struct case_row *rows = NULL;
        size_t count = 0;
        int64_t end = last - *at > CHUNK ? *at + CHUNK : last, reached = *at;
        if (reach == REPORT_OPEN)
            rc = case_scan_open(page->db, *at, OPEN_CHUNK, &rows, &count);
        else
            rc = case_scan(page->db, *at, end, reach == REPORT_UP_TO ? 0 : page->since, page->until, &rows, &count);
        if (rc)
            break;
        rc = add_cases(page, rows, count, &reached);
        bool whole = !count || reached == rows[count - 1].id;
        *at = reach == REPORT_OPEN ? (count ? reached : last) : whole ? end : reached;
        case_rows_free(rows, count);
    }
    page->done = *at;
    page->of = last;
    *over = !rc && *at >= last;
    return rc;
}

/* ---- authorisations and items ---- */

static int add_grant(void *context, const struct authorisation_row *row)
{
    struct page *page = context;
    struct report_grant grant = {.id = row->id, .principal = row->principal, .delegate = row->delegate, .steps = row->steps,
                                 .items = row->items, .announcement = row->announcement, .from_day = row->from_day,
                                 .until_day = row->until_day, .acceptance = row->acceptance != 0,
                                 .registered = row->registered != 0};
    struct report_fact fact = {.source = REPORT_GRANTS, .grant = &grant};
    int rc = page->q->verify ? report_add(&page->stored, &fact) : 0;
    return rc ? rc : report_add(&page->run, &fact);
}

static int add_item(void *context, const struct item_scan_row *row)
{
    struct page *page = context;
    json_t *doc = NULL;
    if (strict_json_parse(row->json, strlen(row->json), &doc, NULL))
        return TB_ECORRUPT;
    struct report_item item = {.office = row->office, .code = strict_json_peek(doc, "code"), .name = strict_json_peek(doc, "name"),
                               .mode = strict_json_peek(doc, "mode"), .department = strict_json_peek(doc, "department"),
                               .effective_from = strict_json_peek(doc, "effective_from"), .version = row->version, .edition = row->edition,
                               .office_edition = row->office_edition, .newest = row->newest};
    struct report_fact fact = {.source = REPORT_ITEMS, .item = &item};
    int rc = page->q->verify ? report_add(&page->stored, &fact) : 0;
    if (!rc)
        rc = report_add(&page->run, &fact);
    json_decref(doc);
    return rc;
}

static int page_grants(struct page *page, int64_t *at, bool *over)
{
    int64_t last = *at;
    int rc = authorisation_scan(page->db, *at, CHUNK, add_grant, page, &last);
    *over = !rc && last == *at;
    *at = last;
    return rc;
}

/* ---- objects of the registers ---- */

static int add_object(struct page *page, const struct object_row *row)
{
    struct object_fact one, replayed;
    const struct office *office = page->q->office;
    unsigned needs = page->run.report->needs;
    if (!(page->run.report->registers >> row->kind & 1))
        return 0;
    int rc = object_fact_from_row(page->db, office, needs, row, &one);
    struct report_fact fact = {.source = REPORT_OBJECTS, .object = &one.object};
    page->objects++;
    bool erased = false;
    if (!rc && page->q->verify)
        rc = retention_is_over(page->db, row->case_id, &erased);
    if (!rc && page->q->verify) {
        rc = report_add(&page->stored, &fact);
        if (!rc && erased) {
            rc = report_add(&page->run, &fact);
        } else if (!rc) {
            rc = object_fact_from_acts(page->db, office, row, &replayed, &page->entries);
            page->case_no = row->no;
            if (!rc)
                (void)report_compare_objects(&one.object, &replayed.object, note_difference, page);
            fact.object = &replayed.object;
            rc = rc ? rc : report_add(&page->run, &fact);
            object_fact_clear(&replayed);
        }
    } else if (!rc)
        rc = report_add(&page->run, &fact);
    object_fact_clear(&one);
    return rc;
}

static int page_objects(struct page *page, int64_t *at, bool *over)
{
    enum report_reach reach = page->run.report->reach;
    /* of what is open now, the period says nothing; what is changed later than everything is open */
    int64_t since = reach == REPORT_OPEN ? INT64_MAX : reach == REPORT_UP_TO ? 0 : page->since, last;
    int rc = object_max_id(page->db, &last);
    while (!rc && *at < last && !spent(page)) {
        struct object_row *rows = NULL;
        size_t count = 0, i = 0;
        int64_t end = last - *at > CHUNK ? *at + CHUNK : last;
        rc = object_scan(page->db, *at, end, since, reach == REPORT_OPEN ? INT64_MAX : page->until, &rows, &count);
        while (i < count && !rc && !spent(page))
            rc = add_object(page, &rows[i++]);
        if (!rc)
            *at = i < count && i ? rows[i - 1].id : i < count ? *at : end;
        object_rows_free(rows, count);
    }
    page->done = *at;
    page->of = last;
    *over = !rc && *at >= last;
    return rc;
}

static int page_items(struct page *page, int64_t *at, bool *over)
{
    int64_t last = *at;
    int rc = item_scan(page->db, *at, OPEN_CHUNK, add_item, page, &last);
    *over = !rc && last == *at;
    *at = last;
    return rc;
}

/* ---- the ledgers, entry by entry: what they say, the rows must know ---- */

static void note_unknown(void *context, const char *case_no, const char *what, const char *row, const char *entry)
{
    struct page *page = context;
    page->case_no = case_no;
    note_difference(page, what, row, entry);
}

static struct walk walk_of(struct page *page)
{
    return (struct walk){.db = page->db, .office = page->q->office, .since = page->since, .differ = note_unknown, .context = page};
}

static int page_ledger(struct page *page, int64_t *at, bool *over)
{
    struct walk walk = walk_of(page);
    int64_t size = (int64_t)store_ledger_size(page->db);
    int rc = 0;
    while (!rc && *at < size && !spent(page)) {
        int64_t end = size - *at > CHUNK ? *at + CHUNK : size;
        rc = walk_ledger(&walk, (uint64_t)*at, (uint64_t)end);
        if (!rc)
            *at = end;
    }
    page->entries += walk.entries;
    page->done = *at;
    page->of = size;
    *over = !rc && *at >= size;
    return rc;
}

/* The cursor is the number of the peer and how far its messages have been read. */
static int page_inbox(struct page *page, int64_t *at, bool *over)
{
    const struct office *office = page->q->office;
    struct walk walk = walk_of(page);
    int rc = 0;
    while (!rc && (size_t)(*at >> PEER_BITS) < office->peer_count && !spent(page)) {
        int64_t peer = *at >> PEER_BITS, seq = *at & ((INT64_C(1) << PEER_BITS) - 1), last = seq;
        rc = walk_inbox(&walk, office->peers[peer].code, seq, CHUNK, &last);
        *at = last > seq ? peer << PEER_BITS | last : (peer + 1) << PEER_BITS;
    }
    page->entries += walk.entries;
    *over = !rc && (size_t)(*at >> PEER_BITS) >= office->peer_count;
    return rc;
}

static int (*const sources[])(struct page *page, int64_t *at, bool *over) = {
    [REPORT_CASES] = page_cases, [REPORT_GRANTS] = page_grants, [REPORT_ITEMS] = page_items, [REPORT_OBJECTS] = page_objects,
    [WALK_LEDGER] = page_ledger,
    [WALK_INBOX] = page_inbox};

/* ---- one page ---- */

static int run_sources(struct page *page, int64_t *next)
{
    int64_t source = page->q->cursor >> CURSOR_BITS, at = page->q->cursor & ((INT64_C(1) << CURSOR_BITS) - 1);
    int64_t last = page->q->verify ? WALKS - 1 : REPORT_SOURCES - 1;
    if (source > last)
        return problem_set(&page->q->problem, PROBLEM_FIELD, "/cursor", "the cursor is not one of this report");
    *next = 0;
    for (; source <= last; source++, at = 0) {
        bool over = source < REPORT_SOURCES && !uses(page->run.report, (enum report_source)source);
        while (!over) {
            int rc = sources[source](page, &at, &over);
            if (rc)
                return rc;
            if (!over && spent(page)) {
                *next = source << CURSOR_BITS | at;
                return 0;
            }
        }
    }
    return 0;
}

/* The last line of a checkpoint's text is the root. */
static json_t *checkpoint_json(struct store_db *db)
{
    struct buf note;
    uint64_t size = 0;
    buf_init(&note, LIMIT_NOTE_BYTES);
    json_t *doc = NULL;
    int rc = store_checkpoint(db, false, &size, &note);
    const char *line = rc ? NULL : strchr(note.data, '\n');
    line = line ? strchr(line + 1, '\n') : NULL;
    if (rc == TB_ENOTFOUND)
        doc = json_pack("{s:i, s:s}", "size", 0, "root", "");
    else if (line)
        doc = json_pack("{s:I, s:s%}", "size", (json_int_t)size, "root", line + 1, strcspn(line + 1, "\n"));
    buf_free(&note);
    return doc;
}

static int answer(struct page *page, int64_t next)
{
    const struct office_report *q = page->q;
    char from[DATE_TEXT], to[DATE_TEXT], today[DATE_TEXT], cursor[24];
    date_format(page->run.from, from);
    date_format(page->run.to, to);
    date_format(page->run.today, today);
    (void)snprintf(cursor, sizeof cursor, "%lld", (long long)next);
    json_t *checkpoint = checkpoint_json(page->db);
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:{s:I, s:I}, s:O, s:s?}", "report", q->report->name, "office", q->office->code,
                            "from", from, "to", to, "today", today, "checkpoint", checkpoint, "progress", "done",
                            (json_int_t)page->done, "of", (json_int_t)page->of, "rows", page->run.rows, "next", next ? cursor : NULL);
    if (doc && q->verify) {
        json_t *checked = json_pack("{s:I, s:I, s:I, s:I}", "cases", (json_int_t)page->cases, "objects", (json_int_t)page->objects,
                                    "entries", (json_int_t)page->entries, "differ", (json_int_t)page->differ);
        if (json_object_set(doc, "stored", page->stored.rows) || json_object_set(doc, "differences", page->differences) ||
            json_object_set_new(doc, "checked", checked)) {
            json_decref(doc);
            doc = NULL;
        }
    }
    page->q->answer = doc;
    return doc ? 0 : TB_ENOMEM;
}

static int set_run(struct page *page, struct report_run *run)
{
    const struct office_report *q = page->q;
    int rc = report_begin(run, q->report);
    if (rc)
        return rc;
    run->calendar = q->office->calendar;
    run->us = q->office->code;
    run->office = q->other;
    run->item = q->item;
    run->window = q->desk.window;
    run->township = q->desk.township;
    run->by = q->by;
    run->from = q->from;
    run->to = q->to;
    run->today = timestamp_day(store_now(page->db));
    report_period(q->report, run->today, &run->from, &run->to);
    return 0;
}

static int report_run(struct store_db *db, struct store_query *query)
{
    struct office_report *q = (struct office_report *)query;
    const struct world *world = store_world(db);
    struct page page = {.db = db, .q = q, .deadline = world->monotonic_ms(world->context) + LIMIT_REPORT_PAGE_MS,
                        .differences = json_array()};
    int64_t next = 0;
    q->problem.id = PROBLEM_COUNT;
    int rc = page.differences ? set_run(&page, &page.run) : TB_ENOMEM;
    if (!rc)
        rc = set_run(&page, &page.stored);
    if (!rc)
        rc = report_check_period(page.run.from, page.run.to, &q->problem);
    if (!rc)
        rc = fact_begin(&page.maker, db, q->office, q->report->needs);
    if (!rc) {
        page.since = date_start_ms(page.run.from);
        page.until = date_start_ms(page.run.to + 1);
        rc = run_sources(&page, &next);
        if (!rc)
            rc = answer(&page, next);
        fact_end(&page.maker);
    }
    report_end(&page.run);
    report_end(&page.stored);
    json_decref(page.differences);
    if (rc && q->problem.id == PROBLEM_COUNT)
        (void)problem_from_code(&q->problem, rc);
    return rc;
}

void office_report_init(struct office_report *question, const struct office *office, const struct report *report)
{
    *question = (struct office_report){.query = {.run = report_run}, .office = office, .report = report};
}

void office_report_clear(struct office_report *question)
{
    json_decref(question->answer);
    question->answer = NULL;
}
