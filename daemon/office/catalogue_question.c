#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/item.h"
#include "proto/pinyin.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { WORD_BYTES = LIMIT_NAME_BYTES + 1 };

/* ---- search ---- */

static bool contains(const json_t *item, const char *element, const char *word)
{
    const char *text = json_string_value(json_object_get(item, element));
    return text && strcasestr(text, word);
}

static bool name_matches(const json_t *item, const char *word)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const json_t *aliases = json_object_get(item, "aliases"), *alias;
    size_t i;
    if (name && (strcasestr(name, word) || pinyin_match(name, word)))
        return true;
    json_array_foreach((json_t *)aliases, i, alias)
    {
        const char *text = json_string_value(alias);
        if (text && (strcasestr(text, word) || pinyin_match(text, word)))
            return true;
    }
    return false;
}

static bool code_matches(const json_t *item, const char *word)
{
    const json_t *codes = json_object_get(item, "codes");
    return contains(item, "code", word) || contains(codes, "base", word) || contains(codes, "implementation", word) ||
           contains(codes, "handling", word) || contains(codes, "local", word);
}

/* Every word of the query stands in the name (also by its initials), a code, the English name, the department or the category. */
static bool query_matches(const json_t *item, const char *query)
{
    while (*query) {
        char word[WORD_BYTES];
        size_t n = strcspn(query, " ");
        if (n) {
            (void)snprintf(word, sizeof word, "%.*s", (int)n, query);
            if (!name_matches(item, word) && !code_matches(item, word) && !contains(item, "name_en", word) &&
                !contains(item, "department", word) && !contains(item, "category", word))
                return false;
        }
        query += n + (query[n] == ' ');
    }
    return true;
}

static bool mode_matches(const json_t *item, const char *mode)
{
    const char *first = json_string_value(json_object_get(item, "mode")), *second = json_string_value(json_object_get(item, "alternative"));
    return !mode[0] || (first && !strcmp(first, mode)) || (second && !strcmp(second, mode));
}

static bool item_matches(const json_t *item, const struct office_question *q)
{
    const char *subject = json_string_value(json_object_get(item, "subject"));
    return mode_matches(item, q->mode) && (!q->subject[0] || (subject && strchr(subject, q->subject[0]))) &&
           (!q->category[0] || contains(item, "category", q->category)) &&
           (!q->department[0] || contains(item, "department", q->department)) && query_matches(item, q->text);
}

/* ---- where our editions have got to ---- */

/* The newest edition that each counterpart took, and what it last said. */
struct taken {
    const struct office *office;
    struct {
        int64_t taken, said;
        int verdict;
    } peer[LIMIT_PEERS];
};

static int take_state(void *context, const struct edition_state *state)
{
    struct taken *taken = context;
    for (size_t i = 0; i < taken->office->peer_count && i < LIMIT_PEERS; i++)
        if (!strcmp(taken->office->peers[i].code, state->office)) {
            if (state->verdict == VERDICT_DONE)
                taken->peer[i].taken = state->edition; /* ordered: the newest comes last */
            if (state->verdict >= 0) {
                taken->peer[i].said = state->edition;
                taken->peer[i].verdict = state->verdict;
            }
        }
    return 0;
}

static const char *state_text(int verdict)
{
    return verdict == VERDICT_DONE ? "taken" : verdict < 0 ? "waiting" : "refused";
}

/* Which counterparts offer this version of ours: [{"office","state":"taken|waiting|refused"}]. */
static json_t *peers_of(const struct taken *taken, const struct item_row *item)
{
    json_t *peers = json_array();
    for (size_t i = 0; peers && i < taken->office->peer_count && i < LIMIT_PEERS; i++) {
        bool refused = taken->peer[i].said >= item->since && taken->peer[i].verdict != VERDICT_DONE;
        const char *state = taken->peer[i].taken >= item->since && taken->peer[i].taken ? "taken" : refused ? "refused" : "waiting";
        if (json_array_append_new(peers, json_pack("{s:s, s:s}", "office", taken->office->peers[i].code, "state", state))) {
            json_decref(peers);
            return NULL;
        }
    }
    return peers;
}

/* ---- lists and items ---- */

struct item_list {
    struct store_db *db;
    struct office_question *q;
    json_t *rows;
    struct taken taken;
    int64_t today;
};

static int add_row(struct item_list *list, const struct item_row *item, const json_t *doc)
{
    static const char *const shown[] = {"code",    "version", "name",  "category",       "department", "subject",
                                        "mode",    "alternative", "steps", "promised_limit", "fee",        "next",
                                        NULL};
    json_t *row = json_pack("{s:s, s:I, s:I, s:b}", "office", item->office, "edition", (json_int_t)item->edition, "materials",
                            (json_int_t)json_array_size(json_object_get(doc, "materials")), "in_force",
                            (int)item_in_force(doc, list->today));
    for (size_t i = 0; row && shown[i]; i++)
        if (json_object_get(doc, shown[i]))
            (void)json_object_set(row, shown[i], json_object_get(doc, shown[i]));
    if (row && !strcmp(item->office, list->q->office->code))
        (void)json_object_set_new(row, "peers", peers_of(&list->taken, item));
    return row && !json_array_append_new(list->rows, row) ? 0 : TB_ENOMEM;
}

/* Until a version begins, the one that holds today is shown, with what comes. */
static int show_present(struct item_list *list, const struct item_row *item, json_t **doc)
{
    json_t *present = NULL, *later = *doc;
    int64_t version, next = 0;
    const char *code = json_string_value(json_object_get(later, "code"));
    int rc = 0;
    if (item_begins_after(later, list->today))
        rc = catalogue_offered(list->db, item->office, code, list->today, &version, &present, &next);
    if (!rc && next) {
        *doc = json_copy(present);
        rc = *doc && !json_object_set_new(*doc, "next", json_pack("{s:I, s:O}", "version", (json_int_t)next, "effective_from",
                                                                  json_object_get(later, "effective_from")))
                 ? 0
                 : TB_ENOMEM;
        json_decref(later);
    }
    json_decref(present);
    return rc;
}

static int list_item(void *context, const struct item_row *item)
{
    struct item_list *list = context;
    json_t *doc = NULL;
    if (strict_json_parse(item->json, strlen(item->json), &doc, NULL))
        return TB_ECORRUPT;
    int rc = show_present(list, item, &doc);
    if (!rc && item_matches(doc, list->q))
        rc = add_row(list, item, doc);
    json_decref(doc);
    return rc;
}

int ask_items(struct store_db *db, struct office_question *q)
{
    struct item_list list = {.db = db, .q = q, .rows = json_array(), .taken = {.office = q->office}, .today = timestamp_day(store_now(db))};
    int rc = list.rows ? edition_states(db, 0, take_state, &list.taken) : TB_ENOMEM;
    if (!rc)
        rc = item_each(db, q->item_office[0] ? q->item_office : NULL, list_item, &list);
    if (rc) {
        json_decref(list.rows);
        return rc;
    }
    q->answer = json_pack("{s:o, s:n}", "rows", list.rows, "next");
    return q->answer ? 0 : TB_ENOMEM;
}

int ask_item(struct store_db *db, struct office_question *q)
{
    int64_t version = 0, next = 0;
    bool current = true;
    json_t *found = NULL, *item = NULL;
    int rc = q->item_version ? item_find(db, q->item_office, q->item_code, q->item_version, &version, &current, &found)
                             : catalogue_offered(db, q->item_office, q->item_code, timestamp_day(store_now(db)), &version, &found, &next);
    if (rc == TB_ENOTFOUND)
        rc = problem_set(&q->problem, PROBLEM_ITEM_UNKNOWN, NULL, "office %s has no item %s", q->item_office, q->item_code);
    if (!rc)
        rc = (item = json_copy(found)) ? 0 : TB_ENOMEM;
    if (!rc && (json_object_set_new(item, "office", json_string(q->item_office)) ||
                json_object_set_new(item, "current", json_boolean(current)) ||
                (next && json_object_set_new(item, "next", json_integer(next)))))
        rc = TB_ENOMEM;
    json_decref(found);
    if (rc)
        json_decref(item);
    else
        q->answer = item;
    return rc;
}

/* The newest edition of an office, whole: what `tongban catalogue diff` compares files with. */
int ask_catalogue(struct store_db *db, struct office_question *q)
{
    const char *office = q->item_office[0] ? q->item_office : q->office->code;
    uint8_t digest[32];
    int64_t edition = 0;
    json_t *items = NULL;
    int rc = edition_get(db, office, &edition, digest);
    if (rc == TB_ENOTFOUND)
        return problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL, "no edition of office %s is here", office);
    if (!rc)
        rc = catalogue_items(db, office, &items);
    if (rc)
        return rc;
    q->answer = json_pack("{s:s, s:I, s:o}", "office", office, "edition", (json_int_t)edition, "items", items);
    return q->answer ? 0 : TB_ENOMEM;
}

/* ---- history ---- */

struct history {
    struct store_db *db;
    struct office_question *q;
    json_t *rows;
    int64_t next;
};

static int add_state(void *context, const struct edition_state *state)
{
    char at[TIMESTAMP_TEXT] = "";
    if (state->at)
        timestamp_format(state->at, at);
    json_t *row = json_pack("{s:s, s:s, s:s}", "office", state->office, "state", state_text(state->verdict), "at", at);
    if (row && state->problem[0])
        (void)json_object_set_new(row, "problem", json_string(state->problem));
    return json_array_append_new(context, row) ? TB_ENOMEM : 0;
}

/* Leaves of the changes only those of one item; false when there is none. */
static bool only_code(json_t *changes, const char *code)
{
    static const char *const kinds[] = {"added", "removed", "changed"};
    size_t left = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        json_t *list = json_object_get(changes, kinds[k]);
        for (size_t i = json_array_size(list); i-- > 0;) {
            const char *have = json_string_value(json_object_get(json_array_get(list, i), "code"));
            if (!have || strcmp(have, code) != 0)
                (void)json_array_remove(list, i);
        }
        left += json_array_size(list);
    }
    return left > 0;
}

static int add_history(void *context, const struct history_row *found)
{
    struct history *h = context;
    json_t *changes = NULL, *row;
    char at[TIMESTAMP_TEXT];
    if (strict_json_parse(found->changes, strlen(found->changes), &changes, NULL))
        return TB_ECORRUPT;
    if (h->q->item_code[0] && !only_code(changes, h->q->item_code)) {
        json_decref(changes);
        return 0;
    }
    if (json_array_size(h->rows) == h->q->limit) {
        json_decref(changes);
        return 1; /* there is more: go on below the last row shown */
    }
    timestamp_format(found->at, at);
    row = json_pack("{s:s, s:I, s:s, s:s, s:s, s:o}", "office", found->office, "edition", (json_int_t)found->edition, "published", at,
                    "staff", found->staff, "note", found->note, "changes", changes);
    h->next = found->id;
    int rc = row ? 0 : TB_ENOMEM;
    if (!rc && !strcmp(found->office, h->q->office->code)) {
        json_t *peers = json_array();
        rc = peers && !json_object_set(row, "peers", peers) ? edition_states(h->db, found->edition, add_state, peers) : TB_ENOMEM;
        json_decref(peers);
    }
    if (rc)
        json_decref(row);
    else if (json_array_append_new(h->rows, row))
        rc = TB_ENOMEM;
    return rc;
}

struct more {
    bool any;
};

static int see_more(void *context, const struct history_row *row)
{
    (void)row;
    ((struct more *)context)->any = true;
    return 1;
}

int ask_catalogue_history(struct store_db *db, struct office_question *q)
{
    struct history h = {.db = db, .q = q, .rows = json_array()};
    struct more more = {false};
    const char *office = q->item_office[0] ? q->item_office : NULL;
    int rc = h.rows ? history_each(db, office, q->cursor ? q->cursor : INT64_MAX, add_history, &h) : TB_ENOMEM;
    if (!rc && json_array_size(h.rows) == q->limit)
        rc = history_each(db, office, h.next, see_more, &more);
    if (rc) {
        json_decref(h.rows);
        return rc;
    }
    char cursor[24];
    (void)snprintf(cursor, sizeof cursor, "%lld", (long long)h.next);
    q->answer = json_pack("{s:o, s:s?}", "rows", h.rows, "next", more.any ? cursor : NULL);
    return q->answer ? 0 : TB_ENOMEM;
}
