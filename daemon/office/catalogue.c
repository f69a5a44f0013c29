#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/item.h"
#include "proto/licence.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { MOST_OLDER = 20 }; /* versions looked back over for the one that still holds */

static int digest_of(const struct suite *suite, const json_t *doc, uint8_t digest[32])
{
    struct buf text;
    buf_init(&text, LIMIT_CONFIG_BYTES * 4);
    int rc = strict_json_dump(doc, &text);
    if (!rc)
        rc = suite_hash(suite, text.data, text.len, NULL, 0, NULL, 0, digest);
    buf_free(&text);
    return rc;
}

/* ---- what is offered now ---- */

static int collect(void *context, const struct item_row *row)
{
    json_t *item = NULL;
    if (strict_json_parse(row->json, strlen(row->json), &item, NULL))
        return TB_ECORRUPT;
    return json_array_append_new(context, item) ? TB_ENOMEM : 0;
}

int catalogue_items(struct store_db *db, const char *office, json_t **items)
{
    json_t *list = json_array();
    int rc = list ? item_each(db, office, collect, list) : TB_ENOMEM;
    if (rc)
        json_decref(list);
    else
        *items = list;
    return rc;
}

static json_t *find_code(const json_t *items, const char *code, size_t *at)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *have = json_string_value(json_object_get(json_array_get(items, i), "code"));
        if (have && strcmp(have, code) == 0) {
            if (at)
                *at = i;
            return json_array_get(items, i);
        }
    }
    return NULL;
}

int catalogue_offered(struct store_db *db, const char *office, const char *code, int64_t day, int64_t *version, json_t **doc, int64_t *next)
{
    int64_t newest, found;
    bool current;
    json_t *item = NULL;
    int rc = item_find(db, office, code, 0, &newest, &current, &item);
    if (rc)
        return rc;
    *version = newest;
    *doc = item;
    if (next)
        *next = 0;
    if (!item_begins_after(item, day))
        return 0;
    /* what was published for a later day does not end what holds until then */
    for (int64_t older = newest - 1; older > 0 && older >= newest - MOST_OLDER; older--) {
        json_t *before = NULL;
        rc = item_find(db, office, code, older, &found, &current, &before);
        if (!rc && item_in_force(before, day)) {
            json_decref(item);
            *version = older;
            *doc = before;
            if (next)
                *next = newest;
            return 0;
        }
        json_decref(before);
        if (rc && rc != TB_ENOTFOUND) {
            json_decref(item);
            return rc;
        }
    }
    return 0;
}

int catalogue_check_force(const json_t *item, const char *code, int64_t day, struct problem *p)
{
    const char *from = json_string_value(json_object_get(item, "effective_from"));
    if (item_in_force(item, day))
        return 0;
    if (from && item_begins_after(item, day))
        return problem_set(p, PROBLEM_ITEM_RETIRED, "/item/code", "item %s begins on %s", code, from);
    return problem_set(p, PROBLEM_ITEM_RETIRED, "/item/code", "item %s is not in force today", code);
}

/* ---- taking an edition, ours or a peer's ---- */

/* A version stands for one content for ever: cases pin it, and the applicant was told it (行政许可法 30). */
static int check_version(struct store_db *db, const char *office, const json_t *item, struct problem *p)
{
    const char *code = json_string_value(json_object_get(item, "code"));
    int64_t version = json_integer_value(json_object_get(item, "version")), highest = 0, found;
    bool current, same = false;
    json_t *stored = NULL;
    int rc = item_highest(db, office, code, &highest);
    if (rc || version > highest)
        return rc;
    if (version == highest)
        rc = item_find(db, office, code, version, &found, &current, &stored);
    if (!rc && stored) { /* but for what a setting of the sender leaves out or adds (docs/decisions/0015) */
        json_t *one = licence_item_without(stored), *other = licence_item_without(item);
        same = one && other && json_equal(one, other);
        rc = one && other ? 0 : TB_ENOMEM;
        json_decref(one);
        json_decref(other);
    }
    json_decref(stored);
    if (!rc && !same)
        rc = problem_set(p, PROBLEM_ITEM_VERSION, "/items", "%s: version %lld was published with other content; raise it to %lld", code,
                         (long long)highest, (long long)highest + 1);
    return rc;
}

static int keep_item(struct store_db *db, const char *office, int64_t edition, const json_t *item, struct buf *text)
{
    buf_clear(text);
    int rc = strict_json_dump(item, text);
    return rc ? rc
              : item_put(db, office, json_string_value(json_object_get(item, "code")),
                         json_integer_value(json_object_get(item, "version")), edition, text->data,
                         json_string_value(json_object_get(item, "name")));
}

/* The reasons of withdrawn items go with the differences. */
static int add_reasons(json_t *diff, const json_t *retired)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(diff, "removed"), i, row)
    {
        const json_t *why = find_code(retired, json_string_value(json_object_get(row, "code")), NULL);
        if (why && json_object_set(row, "reason", json_object_get(why, "reason")))
            return TB_ENOMEM;
    }
    return 0;
}

static int write_history(struct store_db *db, const json_t *edition, const struct catalogue_author *author, const json_t *diff)
{
    struct history_row row = {.edition = json_integer_value(json_object_get(edition, "edition")), .at = author->at};
    const char *note = json_string_value(json_object_get(edition, "note"));
    struct buf text;
    (void)snprintf(row.office, sizeof row.office, "%s", json_string_value(json_object_get(edition, "office")));
    (void)snprintf(row.staff, sizeof row.staff, "%s", author->staff);
    buf_init(&text, LIMIT_CONFIG_BYTES * 4); /* old and new content of what differs: twice an edition at most, and words */
    int rc = strict_json_dump(diff, &text);
    row.note = note ? note : "";
    row.changes = text.data;
    if (!rc)
        rc = history_put(db, &row);
    buf_free(&text);
    return rc;
}

int catalogue_take(struct store_db *db, const struct suite *suite, const json_t *edition, const struct catalogue_author *author,
                   json_t **changes, struct problem *p)
{
    const char *office = json_string_value(json_object_get(edition, "office"));
    int64_t number = json_integer_value(json_object_get(edition, "edition"));
    const json_t *items = json_object_get(edition, "items");
    json_t *before = NULL, *diff = NULL;
    uint8_t digest[32];
    struct buf text;
    buf_init(&text, LIMIT_ENTRY_BYTES);
    int rc = 0;
    for (size_t i = 0; i < json_array_size(items) && !rc; i++)
        rc = check_version(db, office, json_array_get(items, i), p);
    if (!rc)
        rc = catalogue_items(db, office, &before);
    if (!rc)
        rc = item_diff(before, items, &diff);
    if (!rc)
        rc = add_reasons(diff, json_object_get(edition, "retired"));
    for (size_t i = 0; i < json_array_size(items) && !rc; i++)
        rc = keep_item(db, office, number, json_array_get(items, i), &text);
    if (!rc)
        rc = digest_of(suite, items, digest);
    if (!rc)
        rc = edition_put(db, office, number, digest);
    if (!rc)
        rc = write_history(db, edition, author, diff);
    buf_free(&text);
    json_decref(before);
    if (rc)
        json_decref(diff);
    else if (changes)
        *changes = diff;
    else
        json_decref(diff);
    return rc;
}

/* ---- publishing ours ---- */

static int send_edition(struct store_db *db, const struct office_peer *peer, int64_t number, const struct catalogue_author *author,
                        json_t *edition)
{
    json_t *plain = peer->licences ? NULL : licence_items_without(json_object_get(edition, "items"));
    struct entry entry = {.type = ENTRY_CATALOGUE, .body = json_copy(edition)};
    uint64_t index;
    if (!entry.body || (!peer->licences && (!plain || json_object_set(entry.body, "items", plain)))) {
        json_decref(plain);
        entry_clear(&entry);
        return TB_ENOMEM;
    }
    json_decref(plain);
    memcpy(entry.to, peer->code, OFFICE_TEXT);
    (void)snprintf(entry.staff, sizeof entry.staff, "%s", author->staff);
    (void)snprintf(entry.role, sizeof entry.role, "%s", author->role);
    int rc = store_append(db, &entry, &index, NULL);
    entry_clear(&entry);
    return rc ? rc : edition_sent(db, peer->code, number, index);
}

/* Items, reasons and note become the next edition: kept here, an entry to each counterpart. */
static int publish(struct store_db *db, const struct office *office, json_t *items, json_t *retired, const char *note,
                   const struct catalogue_author *author, int64_t *number, json_t **changes, struct problem *p)
{
    uint8_t digest[32];
    int64_t last = 0;
    char now[TIMESTAMP_TEXT];
    int rc = edition_get(db, office->code, &last, digest);
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    timestamp_format(author->at, now);
    json_t *edition = json_pack("{s:s, s:I, s:s, s:O}", "office", office->code, "edition", (json_int_t)last + 1, "published", now, "items",
                                items);
    rc = edition ? 0 : TB_ENOMEM;
    if (!rc && note && json_object_set_new(edition, "note", json_string(note)))
        rc = TB_ENOMEM;
    if (!rc && json_array_size(retired) && json_object_set(edition, "retired", retired))
        rc = TB_ENOMEM;
    if (!rc)
        rc = catalogue_check(edition, p);
    if (!rc)
        rc = catalogue_take(db, office->suite, edition, author, changes, p);
    for (size_t i = 0; i < office->peer_count && !rc; i++)
        rc = send_edition(db, &office->peers[i], last + 1, author, edition);
    json_decref(edition);
    if (rc == TB_ELIMIT && p && p->id == PROBLEM_COUNT)
        rc = problem_set(p, PROBLEM_TOO_LARGE, NULL, "the edition has more than %d bytes", LIMIT_ENTRY_BYTES);
    if (!rc)
        *number = last + 1;
    return rc;
}

/* ---- what a member of staff publishes ---- */

/* A new item, or a newer version of one: also one that only has a higher number, for a counterpart that refused the last. */
static int merge_item(struct store_db *db, const struct office *office, json_t *items, const json_t *item, struct problem *p)
{
    size_t at = 0;
    const char *code = json_string_value(json_object_get(item, "code"));
    const json_t *have = find_code(items, code, &at);
    json_t *differs = NULL;
    int rc = have ? item_diff_elements(have, item, &differs) : 0;
    int64_t highest = 0, version = json_integer_value(json_object_get(item, "version"));
    bool same = have && !rc && !json_array_size(differs) && version <= json_integer_value(json_object_get(have, "version"));
    json_decref(differs);
    if (rc || same)
        return rc;
    rc = item_highest(db, office->code, code, &highest);
    if (!rc && version <= highest && !have)
        rc = problem_set(p, PROBLEM_ITEM_VERSION, "/items", "%s was withdrawn with version %lld; publish it again as version %lld", code,
                         (long long)highest, (long long)highest + 1);
    else if (!rc && version <= highest)
        rc = problem_set(p, PROBLEM_ITEM_VERSION, "/items", "%s: version %lld is published, its content differs; raise it to %lld", code,
                         (long long)highest, (long long)highest + 1);
    if (rc)
        return rc;
    json_t *copy = json_deep_copy(item);
    if (!copy || (have ? json_array_set_new(items, at, copy) : json_array_append_new(items, copy)))
        return TB_ENOMEM;
    return 0;
}

static int merge_items(struct store_db *db, const struct office *office, json_t *items, const json_t *sent, struct problem *p)
{
    for (size_t i = 0; i < json_array_size(sent); i++) {
        struct problem why = {.id = PROBLEM_COUNT};
        char field[96]; /* problem_set cuts it */
        if (item_check(json_array_get(sent, i), &why)) {
            (void)snprintf(field, sizeof field, "/items/%zu%s", i, why.field);
            return problem_set(p, PROBLEM_FIELD, field, "%s", why.detail);
        }
        int rc = merge_item(db, office, items, json_array_get(sent, i), p);
        if (rc)
            return rc;
    }
    return 0;
}

/* Withdraws an item: at once, or at the end of its last day (as a newer version that says so). */
static int retire_item(json_t *items, json_t *retired, const json_t *row, const char *field, struct problem *p)
{
    static const char *const known[] = {"code", "reason", "last_day", NULL};
    const char *code, *reason, *last;
    size_t at;
    int64_t day;
    int rc = json_is_object(row) ? strict_json_only(row, field, known, p)
                                 : problem_set(p, PROBLEM_FIELD, field, "code and reason are needed");
    if (!rc)
        rc = strict_json_text(row, field, "code", true, 50, &code, p);
    if (!rc)
        rc = strict_json_text(row, field, "reason", true, LIMIT_TEXT_BYTES, &reason, p);
    if (!rc)
        rc = strict_json_text(row, field, "last_day", false, 10, &last, p);
    if (rc)
        return rc;
    const json_t *have = find_code(items, code, &at);
    if (!have)
        return problem_set(p, PROBLEM_ITEM_UNKNOWN, field, "this office does not offer %s", code);
    if (!last) {
        (void)json_array_remove(items, at);
        return json_array_append_new(retired, json_pack("{s:s, s:s}", "code", code, "reason", reason)) ? TB_ENOMEM : 0;
    }
    if (date_parse(last, &day))
        return problem_set(p, PROBLEM_FIELD, field, "last_day: a date such as 2026-01-01 is needed");
    json_t *copy = json_deep_copy(have);
    int64_t version = json_integer_value(json_object_get(have, "version"));
    if (!copy || json_object_set_new(copy, "version", json_integer(version + 1)) ||
        json_object_set_new(copy, "effective_to", json_string(last)) || json_array_set_new(items, at, copy))
        return TB_ENOMEM;
    return item_check(copy, p);
}

static int retire_items(json_t *items, json_t *retired, const json_t *rows, struct problem *p)
{
    int rc = 0;
    for (size_t i = 0; i < json_array_size(rows) && !rc; i++) {
        char field[64];
        (void)snprintf(field, sizeof field, "/retire/%zu", i);
        rc = retire_item(items, retired, json_array_get(rows, i), field, p);
    }
    return rc;
}

static int read_publication(const struct office *office, const json_t *body, json_t **items, json_t **retire, const char **note,
                            struct problem *p)
{
    static const char *const known[] = {"office", "note", "items", "retire", NULL};
    const char *in_name_of = NULL;
    int rc = strict_json_only(body, "", known, p);
    if (!rc)
        rc = strict_json_text(body, "", "office", false, OFFICE_LEN, &in_name_of, p);
    if (!rc && in_name_of && strcmp(in_name_of, office->code) != 0)
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "/office", "office %s publishes its own items only, not those of %s", office->code,
                         in_name_of);
    if (!rc)
        rc = strict_json_text(body, "", "note", false, LIMIT_TEXT_BYTES, note, p);
    if (!rc)
        rc = strict_json_array(body, "", "items", false, LIMIT_CATALOGUE_ITEMS, items, p);
    if (!rc)
        rc = strict_json_array(body, "", "retire", false, LIMIT_CATALOGUE_ITEMS, retire, p);
    return rc;
}

/* The answer is kept for repetitions: when old and new content would make it large, it names the items only. */
static int shorten(json_t *answer, char **text)
{
    if (*text && strlen(*text) <= LIMIT_ENTRY_BYTES / 2)
        return 0;
    json_t *changes = json_deep_copy(json_object_get(answer, "changes")), *row;
    size_t i;
    json_array_foreach(json_object_get(changes, "changed"), i, row) (void)json_object_set_new(row, "elements", json_array());
    free(*text);
    *text = changes && !json_object_set_new(answer, "changes", changes) ? json_dumps(answer, JSON_COMPACT) : NULL;
    return *text ? 0 : TB_ENOMEM;
}

static int answer_publication(struct office_request *request, int64_t number, const char *at, json_t *changes)
{
    const struct office *office = request->office;
    json_t *peers = json_array();
    int rc = peers ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < office->peer_count && !rc; i++)
        if (json_array_append_new(peers, json_pack("{s:s, s:s}", "office", office->peers[i].code, "state", "waiting")))
            rc = TB_ENOMEM;
    json_t *answer = rc ? NULL
                        : json_pack("{s:s, s:I, s:s, s:s, s:O, s:O}", "office", office->code, "edition", (json_int_t)number, "published",
                                    at, "staff", request->staff->id, "changes", changes, "peers", peers);
    request->answer = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    request->status = 201;
    rc = answer ? shorten(answer, &request->answer) : TB_ENOMEM;
    json_decref(answer);
    json_decref(peers);
    return rc;
}

int catalogue_publish(struct store_db *db, struct office_request *request, int64_t now, struct problem *p)
{
    const struct office *office = request->office;
    json_t *items = NULL, *sent = NULL, *retire = NULL, *retired = json_array(), *before = NULL, *changes = NULL, *diff = NULL;
    const char *note = NULL;
    int64_t number = 0;
    char at[TIMESTAMP_TEXT];
    struct catalogue_author author = {.at = now, .staff = request->staff->id, .role = request->staff->role};
    if (strcmp(author.role, "handler") != 0) { /* 发布须由属地部门人员: what the department offers is for it to say */
        json_decref(retired);
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "%s needs the role %s", "publish", "handler");
    }
    int rc = retired ? read_publication(office, request->body, &sent, &retire, &note, p) : TB_ENOMEM;
    if (!rc)
        rc = catalogue_items(db, office->code, &before);
    if (!rc)
        rc = (items = json_copy(before)) ? 0 : TB_ENOMEM;
    if (!rc)
        rc = merge_items(db, office, items, sent, p);
    if (!rc)
        rc = retire_items(items, retired, retire, p);
    if (!rc)
        rc = item_diff(before, items, &diff);
    if (!rc && item_diff_empty(diff))
        rc = problem_set(p, PROBLEM_CATALOGUE_UNCHANGED, NULL, "%zu items are published like this already", json_array_size(sent));
    if (!rc)
        rc = publish(db, office, items, retired, note, &author, &number, &changes, p);
    timestamp_format(now, at);
    if (!rc)
        rc = answer_publication(request, number, at, changes);
    json_decref(items);
    json_decref(before);
    json_decref(diff);
    json_decref(retired);
    json_decref(changes);
    return rc;
}

/* ---- what the configured files say ---- */

/* code -> digest of each item, as text: small, and enough to see what somebody changed in the files. */
static int summarise(const struct office *office, json_t **out)
{
    json_t *summary = json_object();
    int rc = summary ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < json_array_size(office->items) && !rc; i++) {
        const json_t *item = json_array_get(office->items, i);
        uint8_t digest[32];
        char hex[65];
        rc = digest_of(office->suite, item, digest);
        for (size_t k = 0; k < sizeof digest && !rc; k++)
            (void)snprintf(hex + 2 * k, 3, "%02x", digest[k]);
        if (!rc && json_object_set_new(summary, json_string_value(json_object_get(item, "code")), json_string(hex)))
            rc = TB_ENOMEM;
    }
    if (rc)
        json_decref(summary);
    else
        *out = summary;
    return rc;
}

static int last_summary(struct store_db *db, json_t **out)
{
    struct buf text;
    buf_init(&text, LIMIT_CONFIG_BYTES);
    *out = NULL;
    int rc = catalogue_files_get(db, &text);
    if (!rc && strict_json_parse(text.data, text.len, out, NULL))
        rc = TB_ECORRUPT;
    buf_free(&text);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* One item of the files that differs from what they said before.  `seen` keeps its old digest when it cannot be taken, so that every
 * start says so again. */
static int apply_item(struct store_db *db, struct office_start *start, json_t *items, const json_t *item, const json_t *last, json_t *seen)
{
    struct problem why = {.id = PROBLEM_COUNT};
    const char *code = json_string_value(json_object_get(item, "code"));
    int rc = merge_item(db, start->office, items, item, &why);
    if (!rc || why.id != PROBLEM_ITEM_VERSION)
        return rc;
    start->skipped++;
    (void)snprintf(start->skipped_code, sizeof start->skipped_code, "%s", code);
    json_t *before = json_object_get(last, code);
    return (before ? json_object_set(seen, code, before) : json_object_del(seen, code)) ? TB_ENOMEM : 0;
}

/* Only what changed in the files since they were last looked at is applied (docs/decisions/0012): an edition that staff published since
 * then is not undone by a start. */
static int apply_files(struct store_db *db, struct office_start *start, json_t *items, const json_t *last, json_t *seen)
{
    int rc = 0;
    for (size_t i = 0; i < json_array_size(start->office->items) && !rc; i++) {
        const json_t *item = json_array_get(start->office->items, i);
        const char *code = json_string_value(json_object_get(item, "code"));
        if (!last || !json_equal(json_object_get(last, code), json_object_get(seen, code)))
            rc = apply_item(db, start, items, item, last, seen);
    }
    const char *code;
    json_t *digest;
    json_object_foreach((json_t *)last, code, digest)
    {
        size_t at;
        if (!rc && !find_code(start->office->items, code, NULL) && find_code(items, code, &at))
            (void)json_array_remove(items, at);
    }
    return rc;
}

static int keep_summary(struct store_db *db, const json_t *seen)
{
    struct buf text;
    buf_init(&text, LIMIT_CONFIG_BYTES);
    int rc = strict_json_dump(seen, &text);
    if (!rc)
        rc = catalogue_files_put(db, text.data);
    buf_free(&text);
    return rc;
}

int catalogue_start(struct store_db *db, struct office_start *start)
{
    const struct office *office = start->office;
    json_t *before = NULL, *items = NULL, *last = NULL, *seen = NULL, *diff = NULL;
    int64_t noted = 0;
    uint8_t digest[32];
    struct problem why = {.id = PROBLEM_COUNT};
    struct catalogue_author author = {.at = store_now(db), .staff = "", .role = ""};
    int rc = edition_get(db, office->code, &start->edition, digest);
    rc = rc == TB_ENOTFOUND ? 0 : rc;
    if (!rc)
        rc = catalogue_items(db, office->code, &before);
    if (!rc)
        rc = (items = json_copy(before)) ? 0 : TB_ENOMEM;
    if (!rc)
        rc = summarise(office, &seen);
    if (!rc)
        rc = last_summary(db, &last);
    if (!rc)
        rc = apply_files(db, start, items, last, seen);
    if (!rc)
        rc = item_diff(before, items, &diff);
    if (!rc)
        rc = history_last(db, office->code, &noted);
    /* an edition from before editions had a history goes out once more: nobody noted where it got to */
    if (!rc && (!item_diff_empty(diff) || noted < start->edition)) {
        rc = publish(db, office, items, NULL, NULL, &author, &start->edition, NULL, &why);
        start->published += rc ? 0 : office->peer_count;
    }
    if (!rc && !json_equal(seen, last))
        rc = keep_summary(db, seen);
    json_decref(before);
    json_decref(items);
    json_decref(last);
    json_decref(seen);
    json_decref(diff);
    return rc;
}
