#include "daemon/office/staff.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/access.h"
#include "proto/strict_json.h"
#include "proto/text.h"

enum { GIVES_NAME = 1, GIVES_ROLE = 2, GIVES_WINDOW = 4, GIVES_TOWNSHIP = 8, GIVES_CERTIFICATE = 16, GIVES_REASON = 32 };
enum { FROM_NOTHING = 8, FROM_WORKS = 1 << STAFF_WORKS, FROM_SUSPENDED = 1 << STAFF_SUSPENDED, STATE_STAYS = -1, STAFF_DIGITS = 12 };

/* What may be done with a member of staff. */
static const struct staff_act_row {
    const char *name;
    unsigned required, optional; /* fields */
    unsigned from;               /* states */
    int to;
    bool in_file;                /* also with people of the configuration */
} acts[] = {
    {"enrol", GIVES_NAME | GIVES_ROLE | GIVES_CERTIFICATE, GIVES_WINDOW | GIVES_TOWNSHIP, FROM_NOTHING, STAFF_WORKS, false},
    {"change", 0, GIVES_NAME | GIVES_ROLE | GIVES_WINDOW | GIVES_TOWNSHIP | GIVES_REASON, FROM_WORKS | FROM_SUSPENDED, STATE_STAYS,
     false},
    {"replace", GIVES_CERTIFICATE, GIVES_REASON, FROM_WORKS | FROM_SUSPENDED, STATE_STAYS, false},
    {"suspend", GIVES_REASON, 0, FROM_WORKS, STAFF_SUSPENDED, true},
    {"resume", 0, GIVES_REASON, FROM_SUSPENDED, STAFF_WORKS, true},
    {"end", 0, GIVES_REASON, FROM_WORKS | FROM_SUSPENDED, STAFF_ENDED, true},
};
enum { ACTS = sizeof acts / sizeof acts[0] };

static const char *const state_names[] = {[STAFF_WORKS] = "works", [STAFF_SUSPENDED] = "suspended", [STAFF_ENDED] = "ended"};

/* The fields as members of the request and of the row. */
static const struct field {
    unsigned bit;
    const char *name, *path;
    size_t offset, max;
} fields[] = {
    {GIVES_NAME, "name", "/name", offsetof(struct staff_row, name), LIMIT_NAME_BYTES},
    {GIVES_ROLE, "role", "/role", offsetof(struct staff_row, role), sizeof((struct staff_row *)0)->role - 1},
    {GIVES_WINDOW, "window", "/window", offsetof(struct staff_row, window), STAFF_WINDOW_BYTES},
    {GIVES_TOWNSHIP, "township", "/township", offsetof(struct staff_row, township), TOWNSHIP_LEN},
    {GIVES_CERTIFICATE, "certificate", "/certificate", offsetof(struct staff_row, certificate), CERTIFICATE_LEN},
    {GIVES_REASON, "reason", "/reason", offsetof(struct staff_row, reason), LIMIT_NAME_BYTES},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const struct office_staff *configured(const struct office *office, const char *staff)
{
    for (size_t i = 0; i < office->staff_count; i++)
        if (!strcmp(office->staff[i].id, staff))
            return &office->staff[i];
    return NULL;
}

/* ---- the form of a request ---- */

static bool only(const char *text, const char *of, size_t len)
{
    return strlen(text) == len && strspn(text, of) == len;
}

static int check_field(const struct office *office, const struct field *field, const char *text, struct problem *p)
{
    if (field->bit == GIVES_ROLE && !access_role_by_name(text))
        return problem_set(p, PROBLEM_FIELD, field->path, "there is no role '%s'", text);
    if (field->bit == GIVES_CERTIFICATE && !only(text, "0123456789abcdef", CERTIFICATE_LEN))
        return problem_set(p, PROBLEM_FIELD, field->path, "a fingerprint is SHA-256 in 64 small hexadecimal digits");
    if (field->bit == GIVES_TOWNSHIP && (!only(text, "0123456789", TOWNSHIP_LEN) || strncmp(text, office->code, OFFICE_LEN) != 0))
        return problem_set(p, PROBLEM_FIELD, field->path, "a township has nine digits, the first six are those of the office");
    if (text_check_name(text, field->max))
        return problem_set(p, PROBLEM_FIELD, field->path, "%s: one line without blanks around it", field->name);
    return 0;
}

static int check_form(struct office_staff_act *act, struct problem *p)
{
    static const char *const known[] = {"act", "id", "name", "role", "window", "township", "certificate", "reason", NULL};
    const struct staff_act_row *row = &acts[act->act];
    int rc = strict_json_only(act->body, "", known, p);
    for (size_t i = 0; i < FIELDS && !rc; i++) {
        const struct field *field = &fields[i];
        const char *text = NULL;
        if (json_object_get(act->body, field->name) && !((row->required | row->optional) & field->bit))
            return problem_set(p, PROBLEM_FIELD, field->path, "'%s' does not belong to '%s'", field->name, row->name);
        rc = strict_json_text(act->body, "", field->name, (row->required & field->bit) != 0, field->max, &text, p);
        if (!rc && text)
            rc = check_field(act->office, field, text, p);
    }
    return rc;
}

static int read_act(struct office_staff_act *act, struct problem *p)
{
    const char *name, *id;
    int rc = strict_json_text(act->body, "", "act", true, 20, &name, p);
    if (!rc)
        rc = strict_json_text(act->body, "", "id", true, STAFF_DIGITS, &id, p);
    if (rc)
        return rc;
    while (act->act < ACTS && strcmp(acts[act->act].name, name) != 0)
        act->act++;
    if (act->act == ACTS)
        return problem_set(p, PROBLEM_FIELD, "/act", "there is no act '%s'", name);
    if (id[strspn(id, "0123456789")])
        return problem_set(p, PROBLEM_FIELD, "/id", "a number of staff has digits only, at most %d", STAFF_DIGITS);
    (void)snprintf(act->staff, sizeof act->staff, "%s:%s", act->office->code, id);
    if (!acts[act->act].in_file && configured(act->office, act->staff))
        return problem_set(p, PROBLEM_FIELD, "/id",
                           "%s stands in the configuration file: change it there, then restart tongband (suspend, resume and end work here)",
                           act->staff);
    return check_form(act, p);
}

/* ---- the change ---- */

static void take_fields(const json_t *body, struct staff_row *row)
{
    row->reason[0] = '\0';
    for (size_t i = 0; i < FIELDS; i++) {
        const char *text = json_string_value(json_object_get(body, fields[i].name));
        if (text)
            memcpy((char *)row + fields[i].offset, text, strlen(text) + 1);
    }
}

/* A row without a certificate was written for somebody of the configuration: it says the state, and enrols nobody. */
static bool enrolled(const struct staff_row *row)
{
    return row->certificate[0] != '\0';
}

/* The row as it is, or as it begins; *from is the states that somebody with this number is in. */
static int find_row(struct store_db *db, const struct office_staff_act *request, struct staff_row *row, unsigned *from)
{
    const struct office_staff *file = configured(request->office, request->staff);
    int rc = staff_get(db, request->staff, row);
    if (!rc) {
        *from = 1U << row->state | (!file && !enrolled(row) && row->state == STAFF_WORKS ? FROM_NOTHING : 0);
        return 0;
    }
    if (rc != TB_ENOTFOUND)
        return rc;
    *from = file ? FROM_WORKS : FROM_NOTHING;
    *row = (struct staff_row){.state = STAFF_WORKS};
    memcpy(row->staff, request->staff, sizeof row->staff);
    if (file) { /* kept, so that it is known who that was when the line is gone */
        memcpy(row->name, file->name, sizeof row->name);
        memcpy(row->role, file->role, sizeof row->role);
        memcpy(row->window, file->window, sizeof row->window);
        memcpy(row->township, file->township, sizeof row->township);
    }
    return 0;
}

static int decide(const struct staff_act_row *act, struct store_db *db, const struct office_staff_act *request, struct staff_row *row,
                  struct problem *p)
{
    int64_t count = 0;
    unsigned from = 0;
    const struct office_staff *file = configured(request->office, request->staff);
    int rc = find_row(db, request, row, &from);
    if (rc)
        return rc;
    if (act->from != FROM_NOTHING && (from == FROM_NOTHING || (!act->in_file && !enrolled(row))))
        return problem_set(p, PROBLEM_NOT_FOUND, "/id", "nobody with the number %s was enrolled", request->staff);
    if (!(act->from & from))
        return problem_set(p, act->to == (int)row->state ? PROBLEM_STEP_DONE : PROBLEM_FIELD, "/id", "the state of %s is: %s",
                           request->staff, state_names[row->state]);
    if (act->to == STAFF_WORKS && file && file->suspended)
        return problem_set(p, PROBLEM_FIELD, "/id",
                           "%s is suspended in the configuration file: change it there, restart tongband, then resume", request->staff);
    const char *certificate = json_string_value(json_object_get(request->body, "certificate"));
    if (certificate && !strcmp(certificate, row->certificate))
        return problem_set(p, PROBLEM_STEP_DONE, "/certificate", "this certificate of %s is enrolled already", request->staff);
    if (act->from != FROM_NOTHING)
        return 0;
    *row = (struct staff_row){.state = STAFF_WORKS};
    memcpy(row->staff, request->staff, sizeof row->staff);
    rc = staff_count(db, &count);
    return rc ? rc : count < LIMIT_STAFF ? 0 : problem_set(p, PROBLEM_TOO_LARGE, "", "%d people were enrolled here", LIMIT_STAFF);
}

/* The name stays out of the ledger, as it stays out of the log. */
static int append_entry(struct store_db *db, const struct office_staff_act *act, const struct staff_row *row)
{
    const struct office_staff *now = &act->member->staff;
    struct entry entry = {.type = ENTRY_STAFF_CHANGED, .at = row->changed};
    entry.body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "act", acts[act->act].name, "staff", now->id, "role",
                           now->role, "window", now->window, "township", now->township, "certificate", now->certificate, "state",
                           state_names[row->state], "reason", row->reason, "uid", (json_int_t)act->by);
    int rc = entry.body ? store_append(db, &entry, NULL, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

/* Of somebody in the configuration the row says only whether they may work. */
static void copy_member(const struct office *office, const struct staff_row *row, struct office_staff *staff)
{
    const struct office_staff *file = configured(office, row->staff);
    if (file) {
        *staff = *file;
        staff->suspended = file->suspended || row->state != STAFF_WORKS;
        return;
    }
    *staff = (struct office_staff){.suspended = row->state != STAFF_WORKS || !enrolled(row)};
    memcpy(staff->id, row->staff, sizeof staff->id);
    memcpy(staff->name, row->name, sizeof staff->name);
    memcpy(staff->role, row->role, sizeof staff->role);
    memcpy(staff->window, row->window, sizeof staff->window);
    memcpy(staff->township, row->township, sizeof staff->township);
    memcpy(staff->certificate, row->certificate, sizeof staff->certificate);
}

static int act_run(struct store_db *db, struct store_command *command)
{
    struct office_staff_act *act = (struct office_staff_act *)command;
    const struct staff_act_row *rule = &acts[act->act];
    struct staff_row row;
    act->problem = (struct problem){.id = PROBLEM_COUNT, .number = -1};
    int rc = decide(rule, db, act, &row, &act->problem);
    if (!rc) {
        take_fields(act->body, &row);
        row.state = rule->to == STATE_STAYS ? row.state : (enum staff_state)rule->to;
        row.changed = store_now(db);
        row.changed_by = act->by;
        rc = staff_put(db, &row);
    }
    if (!rc) {
        copy_member(act->office, &row, &act->member->staff);
        rc = append_entry(db, act, &row);
    }
    if (rc)
        office_problem(&act->problem, rc);
    return rc;
}

int office_staff_act_init(struct office_staff_act *act, struct office *office, json_t *body, int64_t by, struct problem *p)
{
    *act = (struct office_staff_act){
        .command = {.run = act_run}, .office = office, .body = body, .by = by, .problem = {.id = PROBLEM_COUNT, .number = -1}};
    int rc = read_act(act, p);
    if (!rc && office->enrolled_count >= LIMIT_STAFF_CHANGES)
        rc = problem_set(p, PROBLEM_BUSY, "", "%d changes of staff since the start; restart the daemon first", LIMIT_STAFF_CHANGES);
    if (!rc && !(act->member = calloc(1, sizeof *act->member)))
        rc = problem_from_code(p, TB_ENOMEM);
    if (rc)
        office_staff_act_clear(act);
    return rc;
}

static void add_member(struct office *office, struct office_member *member)
{
    member->next = atomic_load(&office->enrolled);
    atomic_store(&office->enrolled, member);
    office->enrolled_count++;
}

void office_staff_act_apply(struct office_staff_act *act)
{
    add_member(act->office, act->member);
    act->member = NULL;
}

void office_staff_act_clear(struct office_staff_act *act)
{
    json_decref(act->body);
    free(act->member);
    act->body = NULL;
    act->member = NULL;
}

json_t *office_staff_act_answer(const struct office_staff_act *act)
{
    const struct office_staff *staff = office_staff(act->office, act->staff);
    if (!staff)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s}", "act", acts[act->act].name, "id", staff->id, "name", staff->name, "role", staff->role);
}

/* ---- start, and the list ---- */

int office_staff_load(struct office *office, struct store_db *db, struct office_staff_found *found)
{
    struct staff_row *rows;
    size_t count;
    *found = (struct office_staff_found){0};
    int rc = staff_list(db, &rows, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        struct office_member *member = calloc(1, sizeof *member);
        if (!member) {
            rc = TB_ENOMEM;
            break;
        }
        copy_member(office, &rows[i], &member->staff);
        add_member(office, member);
        if (configured(office, rows[i].staff)) {
            found->shadowed += enrolled(&rows[i]);
            found->overruled += rows[i].state != STAFF_WORKS;
        }
    }
    free(rows);
    return rc;
}

static int add_change(json_t *one, const struct staff_row *r)
{
    json_t *change = json_pack("{s:s, s:s, s:o, s:I}", "state", state_names[r->state], "reason", r->reason, "changed",
                               office_time_json(r->changed), "changed_by", (json_int_t)r->changed_by);
    int rc = change ? json_object_update(one, change) : -1;
    json_decref(change);
    return rc;
}

/* `row`: what was done here with that number, or NULL. */
static json_t *configured_json(const struct office_staff *s, const struct staff_row *row)
{
    bool overruled = row && row->state != STAFF_WORKS;
    json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", s->id, "name", s->name, "role", s->role, "window",
                            s->window, "township", s->township, "state", state_names[s->suspended ? STAFF_SUSPENDED : STAFF_WORKS],
                            "source", overruled ? "overruled" : "configuration", "reason", "");
    if (one && overruled && add_change(one, row)) {
        json_decref(one);
        return NULL;
    }
    return one;
}

static json_t *enrolled_json(const struct office *office, const struct staff_row *r)
{
    const char *source = !enrolled(r) ? "removed" : configured(office, r->staff) ? "shadowed" : "enrolled";
    json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", r->staff, "name", r->name, "role", r->role, "window", r->window,
                            "township", r->township, "source", source, "certificate", r->certificate);
    if (one && add_change(one, r)) {
        json_decref(one);
        return NULL;
    }
    return one;
}

static const struct staff_row *row_of(const struct staff_row *rows, size_t count, const char *staff)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].staff, staff))
            return &rows[i];
    return NULL;
}

static int list_run(struct store_db *db, struct store_query *query)
{
    struct office_staff_list *list = (struct office_staff_list *)query;
    struct staff_row *rows;
    size_t count;
    int rc = staff_list(db, &rows, &count);
    if (rc)
        return rc;
    json_t *out = json_array();
    rc = out ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < list->office->staff_count && !rc; i++) {
        const struct office_staff *one = &list->office->staff[i];
        rc = json_array_append_new(out, configured_json(one, row_of(rows, count, one->id))) ? TB_ENOMEM : 0;
    }
    for (size_t i = 0; i < count && !rc; i++)
        if (enrolled(&rows[i]) || !configured(list->office, rows[i].staff))
            rc = json_array_append_new(out, enrolled_json(list->office, &rows[i])) ? TB_ENOMEM : 0;
    free(rows);
    list->answer = rc ? NULL : json_pack("{s:O}", "rows", out);
    json_decref(out);
    return rc ? rc : list->answer ? 0 : TB_ENOMEM;
}

void office_staff_list_init(struct office_staff_list *list, const struct office *office)
{
    *list = (struct office_staff_list){.query = {.run = list_run}, .office = office};
}
