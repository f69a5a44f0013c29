/* report_walk: the other direction of a check — not from the case to its entries, but from each entry to what the rows made of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/store/witness.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

struct step {
    struct walk *walk;
    const char *peer; /* NULL: our own ledger */
};

/* An act that its object does not know: the difference names the object. */
static void differ_at(const struct step *step, const struct entry *entry, const char *no, int64_t number)
{
    char place[48];
    (void)snprintf(place, sizeof place, "%s %lld", step->peer ? step->peer : step->walk->office->code, (long long)number);
    step->walk->differ(step->walk->context, no, entry_type_text(entry->type), "-", place);
}

static void differ(const struct step *step, const struct entry *entry, const char *what, const char *row, int64_t number)
{
    char place[48];
    (void)snprintf(place, sizeof place, "%s %lld", step->peer ? step->peer : step->walk->office->code, (long long)number);
    step->walk->differ(step->walk->context, entry->case_no, what, row, place);
}

/* A message that we did not take has no event; our receipt says so. */
static int was_taken(struct walk *walk, const char *peer, int64_t seq, bool *taken)
{
    struct ledger_hash leaf;
    struct buf line;
    struct entry receipt;
    uint64_t index;
    *taken = false;
    int rc = inbox_find(walk->db, peer, seq, &leaf, &index);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    rc = store_entry_line(walk->db, index, &line);
    if (!rc && entry_decode(line.data, line.len, &receipt, NULL))
        rc = TB_ECORRUPT;
    buf_free(&line);
    if (rc)
        return rc;
    int64_t first = json_integer_value(json_object_get(receipt.body, "first"));
    const json_t *verdict = json_array_get(json_object_get(receipt.body, "verdicts"), (size_t)(seq - first));
    const char *word = json_string_value(json_object_get(verdict, "verdict"));
    *taken = word && !strcmp(word, verdict_text(VERDICT_DONE));
    entry_clear(&receipt);
    return 0;
}

static int check_case(const struct step *step, const struct entry *entry, int64_t number)
{
    struct case_row row;
    bool taken = true;
    int rc = case_get(step->walk->db, entry->case_no, &row);
    if (!rc) {
        rc = step->peer ? event_find_theirs(step->walk->db, row.id, step->peer, number)
                        : event_find(step->walk->db, row.id, (uint64_t)number);
        case_row_clear(&row);
    }
    if (rc != TB_ENOTFOUND)
        return rc;
    rc = step->peer ? was_taken(step->walk, step->peer, number, &taken) : 0;
    if (!rc && taken)
        differ(step, entry, entry_type_text(entry->type), "-", number);
    return rc;
}

/* The same act told to a further counterpart is one event only: that of its first copy. */
static int told_before(struct walk *walk, const struct object_row *object, const struct entry *entry, bool *found)
{
    struct event_row *events = NULL;
    size_t count = 0;
    *found = false;
    int rc = object_event_list(walk->db, object->id, &events, &count);
    for (size_t i = 0; i < count && !rc && !*found; i++) {
        struct case_fact fact;
        rc = case_fact_read(walk->db, walk->office, &events[i], &fact);
        if (rc)
            break;
        *found = fact.entry.at == entry->at && json_equal(fact.entry.body, entry->body);
        case_fact_clear(&fact);
    }
    free(events);
    return rc;
}

static int object_knows(const struct step *step, const struct object_row *object, int64_t number, const struct entry *entry, bool *knows)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = object_event_list(step->walk->db, object->id, &events, &count);
    *knows = false;
    for (size_t i = 0; i < count && !*knows; i++)
        *knows = events[i].own == !step->peer && events[i].ref == number && (events[i].own || !strcmp(events[i].peer, step->peer));
    free(events);
    if (rc || *knows || step->peer || register_kinds[object->kind].scope != REGISTER_ALL)
        return rc;
    return told_before(step->walk, object, entry, knows);
}

/* An act of a register must be an event of its object. */
static int check_act(const struct step *step, const struct entry *entry, int64_t number)
{
    struct object_row object;
    const char *no = json_string_value(json_object_get(entry->body, "no"));
    bool knows = false, taken = true;
    int rc = object_get(step->walk->db, no ? no : "", &object);
    if (!rc) {
        rc = object_knows(step, &object, number, entry, &knows);
        object_row_clear(&object);
    }
    if ((rc && rc != TB_ENOTFOUND) || knows)
        return rc;
    rc = step->peer ? was_taken(step->walk, step->peer, number, &taken) : 0;
    if (!rc && taken)
        differ_at(step, entry, no ? no : "", number);
    return rc;
}

static bool same_day(const json_t *body, const char *key, int64_t day)
{
    char text[DATE_TEXT];
    const char *said = json_string_value(json_object_get(body, key));
    date_format(day, text);
    return said && !strcmp(said, text);
}

static bool same_text(const json_t *body, const char *key, const char *text)
{
    const char *said = json_string_value(json_object_get(body, key));
    return said && !strcmp(said, text);
}

static int check_grant(const struct step *step, const struct entry *entry, int64_t number)
{
    struct authorisation_row row;
    const char *id = json_string_value(json_object_get(entry->body, "id"));
    bool taken = true;
    int rc = authorisation_get(step->walk->db, id ? id : "", &row);
    if (rc == TB_ENOTFOUND) {
        rc = step->peer ? was_taken(step->walk, step->peer, number, &taken) : 0;
        if (!rc && taken)
            differ(step, entry, entry_type_text(entry->type), "-", number);
        return rc;
    }
    if (rc)
        return rc;
    const json_t *body = entry->body;
    if (strcmp(row.principal, entry->from) || !same_text(body, "delegate", row.delegate) || !same_text(body, "steps", row.steps) ||
        !same_text(body, "items", row.items) || !same_text(body, "announcement", row.announcement) ||
        !same_day(body, "from", row.from_day) || !same_day(body, "until", row.until_day))
        differ(step, entry, entry_type_text(entry->type), row.id, number);
    authorisation_row_clear(&row);
    return 0;
}

static int check_edition(const struct step *step, const struct entry *entry, int64_t number)
{
    const char *office = json_string_value(json_object_get(entry->body, "office"));
    size_t i;
    json_t *item;
    bool taken = true;
    int rc = step->peer ? was_taken(step->walk, step->peer, number, &taken) : 0;
    json_array_foreach(json_object_get(entry->body, "items"), i, item)
    {
        const char *code = json_string_value(json_object_get(item, "code"));
        int64_t version = json_integer_value(json_object_get(item, "version")), found;
        bool current;
        json_t *stored = NULL;
        if (rc || !taken || !office || !code)
            break;
        rc = item_find(step->walk->db, office, code, version, &found, &current, &stored);
        if (rc == TB_ENOTFOUND || (!rc && !json_equal(stored, item)))
            differ(step, entry, entry_type_text(entry->type), code, number);
        rc = rc == TB_ENOTFOUND ? 0 : rc;
        json_decref(stored);
    }
    return rc;
}

/* Who sits where: the row that the intake reads must say what the entry says. */
static int check_desk(const struct step *step, const struct entry *entry, int64_t number)
{
    struct desk_row row;
    const char *staff = strict_json_peek(entry->body, "staff");
    int rc = desk_last(step->walk->db, staff, number + 1, &row);
    bool same = !rc && row.entry == number && same_text(entry->body, "window", row.window) &&
                same_text(entry->body, "township", row.township);
    if (!same && (!rc || rc == TB_ENOTFOUND))
        differ_at(step, entry, staff, number);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* Whether the entry must be an event of its case.  Views were entries only before they were events; a joint case has its own number;
 * how long a case is kept is no event of it. */
static bool of_case(const struct entry *entry)
{
    bool joint = entry->type == ENTRY_JOINT_OPENED || entry->type == ENTRY_JOINT_WITHDRAWN || entry->type == ENTRY_JOINT_CLOSED;
    bool kept = entry->type == ENTRY_CASE_ERASED || entry->type == ENTRY_CASE_HELD || entry->type == ENTRY_CASE_RELEASED;
    return entry->case_no[0] && entry->type != ENTRY_CASE_VIEWED && !kept && !joint;
}

static int check_entry(const struct step *step, int64_t number, const char *text, size_t len)
{
    struct entry entry;
    if (entry_decode(text, len, &entry, NULL))
        return step->peer ? 0 : TB_ECORRUPT; /* what a peer sent and we called invalid is kept as it came */
    int rc = 0;
    step->walk->entries++;
    if (entry.at < step->walk->since)
        rc = 0;
    else if (entry.type == ENTRY_AUTHORISATION)
        rc = check_grant(step, &entry, number);
    else if (entry.type == ENTRY_CATALOGUE)
        rc = check_edition(step, &entry, number);
    else if (entry.type == ENTRY_STAFF_PLACED && !step->peer)
        rc = check_desk(step, &entry, number);
    else if (of_case(&entry))
        rc = check_case(step, &entry, number);
    if (!rc && entry.at >= step->walk->since && register_by_entry(entry.type))
        rc = check_act(step, &entry, number);
    entry_clear(&entry);
    return rc;
}

/* What a recovery had to write again is looked at where it stands now. */
static int own_line(void *context, uint64_t index, const char *text, size_t len)
{
    const struct step *step = context;
    uint64_t again, first;
    int rc = store_repeated(step->walk->db, index, &again, &first);
    return rc || again ? rc : check_entry(step, (int64_t)index, text, len);
}

static int their_line(void *context, int64_t seq, const char *text, size_t len)
{
    return check_entry(context, seq, text, len);
}

int walk_ledger(struct walk *walk, uint64_t first, uint64_t last)
{
    struct step step = {.walk = walk};
    return entry_scan(walk->db, first, last, walk->since, own_line, &step);
}

int walk_inbox(struct walk *walk, const char *peer, int64_t after, unsigned limit, int64_t *last)
{
    struct step step = {.walk = walk, .peer = peer};
    return inbox_scan(walk->db, peer, after, limit, their_line, &step, last);
}
