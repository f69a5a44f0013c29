#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/office/keys.h"
#include "daemon/office/retention.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* Keeps an authorisation entry's body (行政许可法 24: entrusted body and content are announced). */
int authorisation_keep(struct store_db *db, const json_t *body, const char *principal, const char *delegate, struct problem *p)
{
    const char *id, *steps, *items, *from, *until, *announcement, *to;
    bool acceptance = false;
    int rc = strict_json_text(body, "", "id", true, UUID_TEXT - 1, &id, p);
    if (!rc)
        rc = strict_json_text(body, "", "delegate", true, OFFICE_LEN, &to, p);
    if (!rc)
        rc = strict_json_text(body, "", "steps", true, 5, &steps, p);
    if (!rc)
        rc = strict_json_text(body, "", "items", true, LIMIT_TEXT_BYTES, &items, p);
    if (!rc)
        rc = strict_json_text(body, "", "from", true, 10, &from, p);
    if (!rc)
        rc = strict_json_text(body, "", "until", true, 10, &until, p);
    if (!rc)
        rc = strict_json_text(body, "", "announcement", true, 127, &announcement, p);
    if (!rc)
        rc = strict_json_bool(body, "", "acceptance", false, &acceptance, p);
    if (rc)
        return rc;
    struct authorisation_row row = {.acceptance = acceptance}, have;
    if (!uuid_valid(id) || strcmp(to, delegate) || strspn(steps, "INOPD") != strlen(steps) || date_parse(from, &row.from_day) ||
        date_parse(until, &row.until_day) || row.until_day < row.from_day)
        return problem_set(p, PROBLEM_FIELD, "", "the authorisation's id, delegate, steps or period is wrong");
    rc = authorisation_get(db, id, &have);
    if (!rc) { /* it may be said again by who said it; it does not replace another one, nor one that was offered and accepted */
        bool same = !have.registered && !strcmp(have.principal, principal) && !strcmp(have.delegate, delegate);
        authorisation_row_clear(&have);
        if (!same)
            return problem_set(p, PROBLEM_FIELD, "/id", "an authorisation with this id is known here");
    } else if (rc != TB_ENOTFOUND) {
        return rc;
    }
    memcpy(row.id, id, UUID_TEXT);
    memcpy(row.principal, principal, OFFICE_TEXT);
    memcpy(row.delegate, delegate, OFFICE_TEXT);
    memcpy(row.steps, steps, strlen(steps) + 1);
    memcpy(row.announcement, announcement, strlen(announcement) + 1);
    row.items = strdup(items);
    rc = row.items ? authorisation_put(db, &row) : TB_ENOMEM;
    authorisation_row_clear(&row);
    return rc;
}

static int send_to_peer(struct store_db *db, enum entry_type type, const char *peer, json_t *body)
{
    struct entry entry = {.type = type, .body = json_incref(body)};
    memcpy(entry.to, peer, OFFICE_TEXT);
    int rc = store_append(db, &entry, NULL, NULL);
    entry_clear(&entry);
    return rc;
}

static int grant(struct store_db *db, struct office_start *start, const struct authorisation_row *row)
{
    struct authorisation_row have;
    int rc = authorisation_get(db, row->id, &have);
    if (!rc) {
        authorisation_row_clear(&have);
        return 0; /* given before; a change is a new authorisation with a new id */
    }
    if (rc != TB_ENOTFOUND || !office_peer(start->office, row->delegate))
        return rc == TB_ENOTFOUND ? 0 : rc;
    char from[DATE_TEXT], until[DATE_TEXT];
    date_format(row->from_day, from);
    date_format(row->until_day, until);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "id", row->id, "delegate", row->delegate,
                             "items", row->items, "steps", row->steps, "from", from, "until", until, "announcement",
                             row->announcement, "acceptance", (int)row->acceptance);
    if (!body)
        return TB_ENOMEM;
    rc = authorisation_put(db, row);
    if (!rc)
        rc = send_to_peer(db, ENTRY_AUTHORISATION, row->delegate, body);
    json_decref(body);
    start->granted++;
    return rc;
}

static int start_run(struct store_db *db, struct store_command *command)
{
    struct office_start *start = (struct office_start *)command;
    struct entry started = {.type = ENTRY_OFFICE_STARTED, .body = json_pack("{s:s}", "version", TONGBAN_VERSION)};
    int rc = started.body ? store_append(db, &started, NULL, NULL) : TB_ENOMEM;
    entry_clear(&started);
    if (!rc)
        rc = office_keys_start(db);
    if (!rc)
        rc = retention_hold_start(db);
    if (!rc)
        rc = catalogue_start(db, start);
    for (size_t i = 0; i < start->office->grant_count && !rc; i++)
        rc = grant(db, start, &start->office->grants[i]);
    return rc;
}

void office_start_init(struct office_start *start, const struct office *office)
{
    *start = (struct office_start){.command = {.run = start_run}, .office = office};
}
