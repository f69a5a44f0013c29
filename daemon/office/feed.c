#include "daemon/office/feed.h"

#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/store/witness.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { FEED_STEPS = 200 }; /* entries looked at in one query: a reader serves the windows, too */

static bool is_told(enum entry_type type)
{
    return type != ENTRY_RECEIPT && type != ENTRY_OFFICE_STARTED && type != ENTRY_ALARM && type != ENTRY_CASE_VIEWED;
}

/* TB_ENOTFOUND behind the end. */
static int read_own(struct store_db *db, int64_t index, struct entry *entry)
{
    struct buf line;
    struct problem p;
    buf_init(&line, LIMIT_ENTRY_BYTES + 1);
    int rc = store_entry_line(db, (uint64_t)index, &line);
    if (!rc && entry_decode(line.data, line.len, entry, &p))
        rc = TB_ECORRUPT;
    buf_free(&line);
    return rc;
}

static int make_line(struct office_feed *feed, const struct entry *entry, uint64_t index, const char *verdict)
{
    char at[TIMESTAMP_TEXT];
    timestamp_format(entry->at, at);
    json_t *doc = json_pack("{s:i, s:s, s:s, s:b, s:s, s:I, s:s, s:s, s:I, s:s, s:s?, s:o}", "v", 1, "id", entry->id, "office",
                            feed->office->code, "own", !strcmp(entry->from, feed->office->code), "from", entry->from, "index",
                            (json_int_t)index, "type", entry_type_text(entry->type), "case", entry->case_no, "rev", (json_int_t)entry->rev,
                            "at", at, "verdict", verdict, "summary", fact_summary(entry));
    int rc = doc ? strict_json_dump(doc, &feed->line) : TB_ENOMEM;
    if (rc == TB_ELIMIT) { /* a counterpart may write long words into a message that is refused */
        buf_clear(&feed->line);
        rc = json_object_del(doc, "summary") ? TB_ENOMEM : strict_json_dump(doc, &feed->line);
    }
    if (!rc)
        rc = buf_append_str(&feed->line, "\n");
    json_decref(doc);
    memcpy(feed->id, entry->id, sizeof feed->id);
    memcpy(feed->case_no, entry->case_no, sizeof feed->case_no);
    feed->type = entry_type_text(entry->type);
    feed->found = !rc;
    return rc;
}

/* The message number `part` of the receipt; a line that is none was refused as such and is passed by. */
static int give_message(struct store_db *db, struct office_feed *feed, const char *peer, const struct receipt *receipt)
{
    struct inbox_row row;
    struct entry entry;
    struct problem p;
    int64_t part = feed->place.part++;
    int rc = inbox_get(db, peer, receipt->first + part, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
    if (entry_decode(row.line, row.len, &entry, &p) == 0) {
        if (is_told(entry.type))
            rc = make_line(feed, &entry, row.index, verdict_text(receipt->lines[part].verdict));
        entry_clear(&entry);
    }
    inbox_clear(&row);
    return rc;
}

/* The next message of the receipt at `at`; behind the last one, the receipt counts as given. */
static int give_of_receipt(struct store_db *db, struct office_feed *feed, int64_t at, const struct entry *entry)
{
    struct receipt receipt = {0};
    struct problem p;
    if (receipt_from_json(entry->body, &receipt, &p))
        return TB_ECORRUPT;
    if (feed->place.ahead != at)
        feed->place = (struct hook_place){.index = feed->place.index, .ahead = at};
    int rc = 0;
    if (feed->place.part <= receipt.last - receipt.first)
        rc = give_message(db, feed, entry->to, &receipt);
    if (!rc && feed->place.part > receipt.last - receipt.first)
        feed->place = (struct hook_place){.index = feed->place.index, .ahead = at + 1};
    receipt_clear(&receipt);
    return rc;
}

/* Whether a run of case.received that begins here ends in a receipt: then its messages come first.  *at: the receipt. */
static int find_receipt(struct store_db *db, int64_t index, int64_t *at, struct entry *receipt)
{
    for (int64_t i = index + 1; i <= index + LIMIT_BATCH_MESSAGES; i++) {
        int rc = read_own(db, i, receipt);
        if (rc)
            return rc;
        *at = i;
        if (receipt->type == ENTRY_RECEIPT)
            return 0;
        bool received = receipt->type == ENTRY_CASE_RECEIVED;
        entry_clear(receipt);
        if (!received)
            break;
    }
    return TB_ENOTFOUND;
}

/* Lost with a restore, or written again after it: nothing to tell. */
static int is_passed(struct store_db *db, uint64_t index, int read_rc, bool *passed)
{
    uint64_t again, first = 0;
    int rc = read_rc ? 0 : store_repeated(db, index, &again, &first);
    *passed = !rc && (first || (read_rc == TB_ENOTFOUND && index < store_ledger_size(db)));
    return rc ? rc : *passed ? 0 : read_rc;
}

/* One step: gives an event, or moves the place.  TB_ENOTFOUND at the end. */
static int step(struct store_db *db, struct office_feed *feed)
{
    struct entry entry = {0}, receipt;
    int64_t index = feed->place.index, at = index;
    bool passed = false;
    int rc = is_passed(db, (uint64_t)index, read_own(db, index, &entry), &passed);
    if (rc || passed) {
        entry_clear(&entry);
        if (passed)
            feed->place = (struct hook_place){.index = index + 1, .ahead = feed->place.ahead};
        return rc;
    }
    if (entry.type == ENTRY_RECEIPT && feed->place.ahead <= index) {
        rc = give_of_receipt(db, feed, index, &entry);
        entry_clear(&entry);
        return rc;
    }
    if (entry.type == ENTRY_CASE_RECEIVED && (feed->place.ahead <= index || feed->place.part > 0)) {
        rc = find_receipt(db, index, &at, &receipt);
        if (!rc && at >= feed->place.ahead) {
            rc = give_of_receipt(db, feed, at, &receipt);
            entry_clear(&receipt);
            entry_clear(&entry);
            return rc;
        }
        if (!rc)
            entry_clear(&receipt);
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    if (!rc && is_told(entry.type))
        rc = make_line(feed, &entry, (uint64_t)index, NULL);
    if (!rc)
        feed->place.index = index + 1;
    entry_clear(&entry);
    return rc;
}

static int feed_run(struct store_db *db, struct store_query *query)
{
    struct office_feed *feed = (struct office_feed *)query;
    int rc = 0;
    for (unsigned i = 0; !rc && !feed->found && i < FEED_STEPS; i++)
        rc = step(db, feed);
    feed->more = !rc && !feed->found;
    return rc == TB_ENOTFOUND ? 0 : rc;
}

void office_feed_init(struct office_feed *feed, const struct office *office, const struct hook_place *place)
{
    *feed = (struct office_feed){.query = {.run = feed_run}, .office = office, .place = *place, .type = ""};
    buf_init(&feed->line, LIMIT_HOOK_EVENT_BYTES);
}

void office_feed_clear(struct office_feed *feed)
{
    buf_free(&feed->line);
}

static int place_run(struct store_db *db, struct store_command *command)
{
    struct office_hook_place *hook = (struct office_hook_place *)command;
    if (!hook->begin)
        return hook_put(db, hook->name, &hook->place);
    int rc = hook_get(db, hook->name, &hook->place);
    if (rc != TB_ENOTFOUND)
        return rc;
    hook->place = (struct hook_place){.index = (int64_t)store_ledger_size(db)};
    return hook_put(db, hook->name, &hook->place);
}

void office_hook_place_init(struct office_hook_place *hook, const char *name, bool begin)
{
    *hook = (struct office_hook_place){.command = {.run = place_run}, .begin = begin};
    memcpy(hook->name, name, strnlen(name, sizeof hook->name - 1));
}
