#include "proto/retention.h"

#include <stdio.h>
#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

static const struct {
    const char *word;
    unsigned years; /* 0: never erased */
} classes[] = {{"10y", 10}, {"30y", 30}, {"permanent", 0}};

/* What a body keeps: numbers, dates and words of tables, never what somebody wrote or who somebody is. */
static const char *const kept[] = {"no",       "item",     "outcome", "act",   "rule",     "kind",        "accepted_at",
                                   "deadline", "due",     "until", "promised", "reason_class", "handed_in_at"};

unsigned retention_years(const char *word)
{
    for (size_t i = 0; word && i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(classes[i].word, word) == 0)
            return classes[i].years && classes[i].years < RETENTION_FLOOR_YEARS ? RETENTION_FLOOR_YEARS : classes[i].years;
    return 0;
}

int64_t retention_last_day(int64_t closed_day, unsigned years)
{
    char text[DATE_TEXT], later[2 * DATE_TEXT];
    int year = 0;
    int64_t day = INT64_MAX;
    date_format(closed_day, text);
    for (int i = 0; i < 4; i++)
        year = year * 10 + (text[i] - '0');
    (void)snprintf(later, sizeof later, "%04u%s", (unsigned)year + years, text + 4);
    if (date_parse(later, &day) == 0)
        return day;
    (void)snprintf(later, sizeof later, "%04u-02-28", (unsigned)year + years);
    return date_parse(later, &day) == 0 ? day : INT64_MAX;
}

static json_t *left_of(const json_t *body, int64_t at, const char *rule)
{
    char time[TIMESTAMP_TEXT];
    timestamp_format(at, time);
    json_t *left = json_pack("{s:s, s:s}", "erased", time, "retention", rule);
    for (size_t i = 0; left && i < sizeof kept / sizeof kept[0]; i++) {
        json_t *value = json_object_get(body, kept[i]);
        if (value && (json_is_string(value) || !strcmp(kept[i], "item")) && json_object_set(left, kept[i], value)) {
            json_decref(left);
            return NULL;
        }
    }
    if (left && json_is_object(json_object_get(body, "data")) && json_object_set_new(left, "data", json_object())) {
        json_decref(left);
        return NULL;
    }
    return left;
}

int retention_redact(const char *line, size_t len, int64_t at, const char *rule, struct buf *out)
{
    json_t *doc = NULL;
    int rc = strict_json_parse(line, len, &doc, NULL);
    if (rc)
        return rc;
    json_t *left = left_of(json_object_get(doc, "body"), at, rule);
    rc = left && !json_object_set_new(doc, "body", left) ? strict_json_dump(doc, out) : TB_ENOMEM;
    json_decref(doc);
    return rc;
}

bool retention_is_erased(const char *line, size_t len)
{
    json_t *doc = NULL;
    if (strict_json_parse(line, len, &doc, NULL))
        return false;
    bool erased = json_is_string(json_object_get(json_object_get(doc, "body"), "erased"));
    json_decref(doc);
    return erased;
}

int retention_leaf(const struct suite *suite, const void *line, size_t len, const void *stored, size_t stored_len, struct ledger_hash *leaf)
{
    int rc = ledger_leaf(suite, line, len, leaf);
    if (!rc && stored_len >= sizeof leaf->b && memcmp(leaf->b, stored, sizeof leaf->b) && retention_is_erased(line, len))
        memcpy(leaf->b, stored, sizeof leaf->b);
    return rc;
}
