/* Acts on the objects of the registers: by staff here, by the counterpart, and what its receipts say of ours. */
#include "daemon/office/register.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* ---- the parties ---- */

unsigned deed_party(const struct object_row *object, const char *office)
{
    return strcmp(object->owner, office) == 0 ? REGISTER_OWNER : REGISTER_OTHER;
}

/* Who numbers the acts: the home side of the case, or else the owner. */
static const char *authority_of(const struct deed *d)
{
    return d->object.case_id ? d->about.home : d->object.owner;
}

static bool we_number(const struct deed *d)
{
    return !strcmp(authority_of(d), d->office->code);
}

static unsigned role_bits(const char *role)
{
    int bits = role[0] ? case_role_by_name(role) : CASE_ROLE_SYSTEM;
    return bits < 0 ? 0 : (unsigned)bits;
}

void deed_clear(struct deed *d)
{
    object_row_clear(&d->object);
    case_row_clear(&d->about);
    entry_clear(&d->entry);
    json_decref(d->content);
    d->content = NULL;
}

/* ---- the fold ---- */

/* What the object and `event` with the deed's entry come to; writes nothing.  The caller clears *fold, also after a failure. */
static int make_fold(struct deed *d, const struct event_row *event, struct register_replay *fold, struct problem *p)
{
    int rc = register_replay(d->db, d->office, d->kind, d->object.id, event, &d->entry, fold);
    return rc != TB_EINVAL || !event ? rc
                                     : problem_set(p, PROBLEM_FIELD, "/rev", "revision %lld of %s was given before",
                                                   (long long)event->rev, d->object.no);
}

/* Before anything is written: an object takes so many acts and bytes and no more, except that it can always be ended.  The authority has
 * more of the other side's limits than that side itself: it has seen what is under way. */
static int check_room(struct deed *d, const struct event_row *event, const struct register_replay *fold, struct problem *p)
{
    size_t times = !event->own && !we_number(d) ? 3 : 1;
    bool ends = d->object.id && d->kind->states[fold->local].final;
    if (fold->misfit && (event->own || we_number(d) || !fold->pending))
        return problem_set(p, PROBLEM_TRANSITION, "", "%s does not follow from the state of %s", d->act->name, d->object.no);
    if (fold->standing > times * LIMIT_OBJECT_ACTS && !(ends && fold->standing <= (times + 1) * LIMIT_OBJECT_ACTS))
        return problem_set(p, PROBLEM_TOO_LARGE, "", "%s has %d acts, more are not taken; end it and open another", d->object.no,
                           LIMIT_OBJECT_ACTS);
    if (fold->doc.len > times * LIMIT_OBJECT_BYTES && !(ends && fold->doc.len <= (times + 1) * LIMIT_OBJECT_BYTES))
        return problem_set(p, PROBLEM_TOO_LARGE, "", "%s would be larger than %d bytes; end it and open another", d->object.no,
                           LIMIT_OBJECT_BYTES);
    return 0;
}

/* Makes row and content of the object what the fold says, and lets the kind draw its conclusions. */
static int take_fold(struct deed *d, struct register_replay *fold)
{
    struct object_row *o = &d->object;
    const struct register_state *state = &d->kind->states[fold->local];
    json_decref(d->content);
    d->content = json_incref(fold->content);
    o->state = fold->confirmed;
    o->local_state = fold->local;
    o->pending = fold->pending;
    o->changed = fold->changed;
    o->due_day = register_due(fold->content);
    o->open = fold->local != REGISTER_NONE && !state->final; /* none: the authority did not take it */
    o->turn = (state->turn & deed_party(o, d->office->code)) && deed_turn(d);
    free(o->doc);
    o->doc = buf_take(&fold->doc, NULL);
    int rc = o->doc ? deed_effect(d, fold->moves, fold->move_count) : TB_ENOMEM;
    return rc ? rc : object_update(d->db, o);
}

static int refold(struct deed *d)
{
    struct register_replay fold;
    int rc = make_fold(d, NULL, &fold, NULL);
    if (!rc)
        rc = take_fold(d, &fold);
    register_replay_clear(&fold);
    return rc;
}

/* Keeps one act: the object's event, the case's event, then everything that follows from it. */
static int keep(struct deed *d, struct event_row *event, struct register_replay *fold)
{
    int rc = 0;
    event->type = d->kind->entry;
    if (!d->object.id) {
        d->object.open = true;
        d->object.doc = strdup("{}");
        rc = d->object.doc ? object_insert(d->db, &d->object) : TB_ENOMEM;
    }
    if (!rc && event->rev > d->object.rev)
        d->object.rev = event->rev;
    if (!rc)
        rc = object_event_add(d->db, d->object.id, event);
    if (!rc && d->object.case_id)
        rc = event_add(d->db, d->object.case_id, event);
    if (!rc && d->object.case_id)
        rc = look_keep(d->db, d->object.case_id, d->entry.body);
    return rc ? rc : take_fold(d, fold);
}

/* ---- loading ---- */

static int load_content(struct deed *d)
{
    return d->object.doc ? strict_json_parse(d->object.doc, strlen(d->object.doc), &d->content, NULL) : 0;
}

int deed_load(struct deed *d, const char *no, struct problem *p)
{
    int rc = object_get(d->db, no, &d->object);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "%s is not known at this office", no);
    if (!rc && &register_kinds[d->object.kind] != d->kind)
        rc = TB_ECORRUPT; /* the letter of a number is its kind's */
    if (!rc && d->object.case_id)
        rc = case_get_by_id(d->db, d->object.case_id, &d->about);
    return rc ? rc : load_content(d);
}

static int load_case(struct deed *d, const char *case_no, struct problem *p)
{
    int rc = case_get(d->db, case_no, &d->about);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, "/case", "case %s is not known at this office", case_no);
    if (!rc) {
        d->object.case_id = d->about.id;
        memcpy(d->object.case_no, d->about.case_no, CASE_NO_TEXT);
    }
    return rc;
}

/* ---- acts of this office ---- */

/* The revision that an act gets here; 0 when the other office numbers. */
static int64_t next_revision(const struct deed *d)
{
    return !we_number(d) ? 0 : d->object.case_id ? d->about.rev + 1 : d->object.rev + 1;
}

static int use_revision(struct deed *d, int64_t rev)
{
    if (!we_number(d) || !d->object.case_id)
        return 0;
    case_confirm(d->office, &d->about, CASE_STATES, rev, TIME_NONE, d->now);
    return case_update(d->db, &d->about);
}

static int append_to(struct deed *d, const char *to, uint64_t *index)
{
    struct entry copy = d->entry;
    copy.id[0] = '\0';
    copy.seq = 0;
    memset(copy.to, 0, sizeof copy.to);
    memcpy(copy.to, to, strlen(to) + 1);
    if (!d->entry.id[0]) { /* the first one names the object */
        int rc = store_append(d->db, &copy, index, NULL);
        memcpy(d->entry.id, copy.id, sizeof copy.id);
        return rc;
    }
    return store_append(d->db, &copy, index, NULL);
}

static int append_entry(struct deed *d, uint64_t *index)
{
    const struct office *office = d->office;
    uint64_t further;
    if (d->kind->scope != REGISTER_ALL || !office->peer_count)
        return append_to(d, d->kind->scope == REGISTER_ALL ? "" : deed_other(d), index);
    int rc = append_to(d, office->peers[0].code, index);
    for (size_t i = 1; i < office->peer_count && !rc; i++)
        rc = append_to(d, office->peers[i].code, &further);
    return rc;
}

const char *deed_other(const struct deed *d)
{
    return strcmp(d->object.owner, d->office->code) ? d->object.owner : d->object.other;
}

static int number_object(struct deed *d, struct problem *p)
{
    char day[DATE_TEXT];
    int64_t serial;
    date_format(timestamp_day(d->now), day);
    int year = (day[0] - '0') * 1000 + (day[1] - '0') * 100 + (day[2] - '0') * 10 + (day[3] - '0');
    d->object.kind = (enum register_kind_id)(d->kind - register_kinds);
    int rc = object_serial_next(d->db, d->object.kind, year, &serial);
    if (!rc)
        rc = register_no_make(d->kind, d->office->code, year, serial, d->object.no);
    return rc == TB_ELIMIT ? problem_set(p, PROBLEM_BUSY, NULL, "the numbers of this year are used up") : rc;
}

int deed_write(struct deed *d, json_t *data, struct problem *p)
{
    bool first = !d->object.id;
    int rc = first ? number_object(d, p) : 0;
    if (rc)
        return rc;
    struct event_row event = {.own = true, .verdict = -1, .rev = next_revision(d)};
    struct register_replay fold = {.content = NULL};
    uint64_t index = 0;
    if (first)
        d->object.opened = d->now;
    d->entry.type = d->kind->entry;
    d->entry.at = d->now;
    d->entry.rev = event.rev;
    memcpy(event.peer, d->office->code, OFFICE_TEXT);
    memcpy(d->entry.case_no, d->object.case_no, sizeof d->entry.case_no);
    d->entry.body = json_pack("{s:s, s:s, s:O}", "no", d->object.no, "act", d->act->name, "data", data);
    rc = d->entry.body ? make_fold(d, &event, &fold, p) : TB_ENOMEM;
    if (!rc)
        rc = check_room(d, &event, &fold, p);
    if (!rc)
        rc = use_revision(d, event.rev);
    if (!rc)
        rc = append_entry(d, &index);
    if (!rc && first)
        memcpy(d->object.uuid, d->entry.id, sizeof d->object.uuid);
    event.ref = (int64_t)index;
    if (!rc)
        rc = keep(d, &event, &fold);
    if (!rc && deed_other(d)[0])
        rc = materials_send(d->db, deed_other(d), index, data);
    register_replay_clear(&fold);
    return rc;
}

/* Between whom a new object stands: a case, or a counterpart. */
static int find_parties(struct deed *d, const json_t *body, struct problem *p)
{
    const char *case_no = json_string_value(json_object_get(body, "case")), *other = json_string_value(json_object_get(body, "office"));
    enum register_scope scope = d->kind->scope;
    memcpy(d->object.owner, d->office->code, OFFICE_TEXT);
    if (case_no && (scope == REGISTER_CASE || scope == REGISTER_ANY)) {
        int rc = load_case(d, case_no, p);
        if (!rc && !case_is_local(&d->about) && strcmp(d->about.home, d->office->code) != 0 && !d->about.rev && !d->about.pending)
            rc = problem_set(p, PROBLEM_TRANSITION, "/case", "office %s does not have case %s; forward it first", d->about.home, case_no);
        const char *side = rc ? "" : case_other(d->office, &d->about);
        if (!rc && strcmp(side, d->office->code) != 0)
            memcpy(d->object.other, side, OFFICE_TEXT);
        return rc;
    }
    if (scope == REGISTER_CASE)
        return problem_set(p, PROBLEM_FIELD, "/case", "it is missing: the case it is about");
    if (scope == REGISTER_ALL)
        return 0;
    if (!other && d->office->peer_count == 1)
        other = d->office->peers[0].code;
    if (!other)
        return problem_set(p, PROBLEM_FIELD, "/office", "it is missing: this office has %zu counterparts, say which one",
                           d->office->peer_count);
    if (!office_peer(d->office, other))
        return problem_set(p, PROBLEM_FIELD, "/office", "it is not a counterpart of this office");
    memcpy(d->object.other, other, OFFICE_TEXT);
    return 0;
}

int register_request(struct store_db *db, struct office_request *request, struct object_row *out, struct problem *p)
{
    static const char *const known[] = {"case", "office", "data", NULL};
    struct deed d = {.db = db, .office = request->office, .kind = register_by_name(request->register_kind)};
    const struct office_staff *staff = request->staff;
    d.now = store_now(db);
    json_t *given = NULL, *data = NULL;
    int rc =
        d.kind ? strict_json_only(request->body, "", known, p) : problem_set(p, PROBLEM_NOT_FOUND, NULL, "there is no such register");
    if (!rc)
        rc = strict_json_object(request->body, "", "data", false, &given, p);
    if (!rc)
        rc = request->object_no[0] ? deed_load(&d, request->object_no, p) : find_parties(&d, request->body, p);
    if (!rc && d.object.id && d.object.local_state == REGISTER_NONE)
        rc = problem_set(p, PROBLEM_TRANSITION, "", "office %s did not take %s; open another", deed_other(&d), d.object.no);
    if (!rc)
        rc = register_find_act(d.kind, request->action, deed_party(&d.object, request->office->code), role_bits(staff->role),
                               d.object.local_state, &d.act, p);
    if (!rc) {
        data = given ? json_deep_copy(given) : json_object();
        rc = data ? deed_prepare(&d, data, p) : TB_ENOMEM;
    }
    if (!rc)
        rc = register_check(d.kind, d.act, d.content, data, p);
    if (!rc)
        rc = deed_check(&d, data, p);
    if (!rc) {
        memcpy(d.entry.staff, staff->id, sizeof d.entry.staff);
        memcpy(d.entry.role, staff->role, sizeof d.entry.role);
        rc = deed_write(&d, data, p);
    }
    if (!rc) {
        if (d.object.case_no[0])
            memcpy(request->changed_case, d.object.case_no, CASE_NO_TEXT);
        *out = d.object;
        d.object.doc = NULL;
    }
    json_decref(data);
    deed_clear(&d);
    return rc;
}

/* ---- acts of the counterpart ---- */

static int read_body(const struct deed *d, const char **no, const char **act, json_t **data, char owner[OFFICE_TEXT], struct problem *p)
{
    static const char *const known[] = {"no", "act", "data", NULL};
    const json_t *body = d->entry.body;
    int rc = strict_json_only(body, "", known, p);
    if (!rc)
        rc = strict_json_text(body, "", "no", true, REGISTER_NO_TEXT - 1, no, p);
    if (!rc)
        rc = strict_json_text(body, "", "act", true, 23, act, p);
    if (!rc)
        rc = strict_json_object(body, "", "data", true, data, p);
    if (!rc && register_no_read(d->kind, *no, owner))
        rc = problem_set(p, PROBLEM_FIELD, "/no", "it is not a number of this register");
    return rc;
}

static int check_new_uuid(struct deed *d, struct problem *p)
{
    struct authorisation_row have;
    bool known = false;
    int rc = object_uuid_known(d->db, REGISTER_AUTHORISATION, d->entry.id, &known);
    if (!rc && !known) {
        rc = authorisation_get(d->db, d->entry.id, &have);
        if (rc == TB_ENOTFOUND)
            return 0;
        if (!rc)
            authorisation_row_clear(&have);
    }
    return rc ? rc : problem_set(p, PROBLEM_FIELD, "/id", "an authorisation with this id is known here");
}

/* A new object of the sender's. */
static int open_theirs(struct deed *d, const char *no, const char *owner, struct problem *p)
{
    if (strcmp(owner, d->entry.from) != 0)
        return problem_set(p, PROBLEM_NOT_FOUND, "/no", "%s is not known here", no);
    if (d->entry.case_no[0] ? d->kind->scope == REGISTER_OFFICES || d->kind->scope == REGISTER_ALL : d->kind->scope == REGISTER_CASE)
        return problem_set(p, PROBLEM_FIELD, "/case", "the case does not fit this register");
    int rc = d->entry.case_no[0] ? load_case(d, d->entry.case_no, p) : 0;
    if (!rc && d->object.case_id && strcmp(case_other(d->office, &d->about), d->entry.from) != 0)
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "/case", "case %s is not between these two offices", d->entry.case_no);
    /* an authorisation is known by the entry that offered it: no other one is replaced */
    if (!rc && d->kind == &register_kinds[REGISTER_AUTHORISATION])
        rc = check_new_uuid(d, p);
    if (rc)
        return rc;
    memcpy(d->object.no, no, strlen(no) + 1);
    d->object.kind = (enum register_kind_id)(d->kind - register_kinds);
    memcpy(d->object.owner, owner, OFFICE_TEXT);
    if (d->kind->scope != REGISTER_ALL)
        memcpy(d->object.other, d->office->code, OFFICE_TEXT);
    memcpy(d->object.uuid, d->entry.id, sizeof d->object.uuid);
    d->object.opened = d->entry.at;
    return 0;
}

static int find_theirs(struct deed *d, const char *no, const char *owner, struct problem *p)
{
    struct problem unknown = {.number = -1};
    int rc = deed_load(d, no, &unknown);
    if (rc == TB_ENOTFOUND)
        return open_theirs(d, no, owner, p);
    if (rc)
        return rc;
    bool party = !strcmp(d->object.owner, d->entry.from) || !strcmp(d->object.other, d->entry.from);
    if (!party || strcmp(d->object.case_no, d->entry.case_no) != 0)
        return problem_set(p, PROBLEM_WRONG_OFFICE, "/no", "%s is not between these two offices", no);
    return 0;
}

/* What the sender may do: checked here when this office numbers the acts; else the sender has decided, and only the form counts. */
static int judge(struct deed *d, const char *act, const json_t *data, struct problem *p)
{
    unsigned party = deed_party(&d->object, d->entry.from);
    bool ours = we_number(d);
    if (ours != (d->entry.rev == 0))
        return problem_set(p, PROBLEM_FIELD, "/rev", ours ? "this office numbers the acts on %s" : "the act on %s has no revision",
                           d->object.no);
    d->act = register_act_by_name(d->kind, act);
    if (!d->act)
        return problem_set(p, PROBLEM_FIELD, "/act", "there is no such act");
    if (!d->object.id && !(d->act->from & REGISTER_FROM(REGISTER_NONE)))
        return problem_set(p, PROBLEM_NOT_FOUND, "/no", "%s is not known here", d->object.no);
    int rc = ours ? register_find_act(d->kind, act, party, role_bits(d->entry.role), d->object.state, &d->act, p) : 0;
    if (!rc && !(d->act->by & party))
        rc = problem_set(p, PROBLEM_NOT_ALLOWED, "/act", "%s is not done by office %s", act, d->entry.from);
    if (!rc)
        rc = register_check(d->kind, d->act, d->content, data, p);
    return rc || !ours ? rc : deed_check(d, data, p);
}

static int await_shown(struct deed *d, const json_t *data)
{
    const json_t *shown = json_object_get(data, "materials"), *one;
    size_t i;
    json_array_foreach(shown, i, one)
    {
        const char *sha256 = json_string_value(json_object_get(one, "sha256"));
        struct material_row row;
        int rc = sha256 ? material_get(d->db, sha256, &row) : 0;
        if (rc == TB_ENOTFOUND)
            rc = object_wait_add(d->db, d->object.id, sha256);
        if (rc)
            return rc;
    }
    return 0;
}

/* The authority numbers everything about a case in one row: no act has the revision of another event. */
static int check_case_revision(struct deed *d, int64_t rev, struct problem *p)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = event_list(d->db, d->object.case_id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++)
        if (events[i].rev == rev)
            rc = problem_set(p, PROBLEM_FIELD, "/rev", "revision %lld of case %s was given before", (long long)rev, d->object.case_no);
    free(events);
    return rc;
}

int register_take(struct store_db *db, const struct office *office, const struct entry *entry, int64_t now,
                  struct receipt_line *verdict, char changed[CASE_NO_TEXT], struct problem *p)
{
    struct deed d = {.db = db, .office = office, .kind = register_by_entry(entry->type), .now = now, .entry = *entry};
    struct event_row event = {.ref = entry->seq, .verdict = -1};
    struct register_replay fold = {.content = NULL};
    const char *no, *act;
    char owner[OFFICE_TEXT];
    json_t *data;
    memcpy(event.peer, entry->from, OFFICE_TEXT);
    json_incref(d.entry.body);
    int rc = read_body(&d, &no, &act, &data, owner, p);
    if (!rc)
        rc = find_theirs(&d, no, owner, p);
    if (!rc)
        rc = judge(&d, act, data, p);
    int64_t given = verdict->rev;
    verdict->rev = 0;
    event.rev = entry->rev ? entry->rev : rc ? 0 : next_revision(&d);
    event.rev = !entry->rev && given > event.rev ? given : event.rev;
    if (!rc)
        rc = make_fold(&d, &event, &fold, p);
    if (!rc)
        rc = check_room(&d, &event, &fold, p);
    if (!rc && entry->rev && d.object.case_id)
        rc = check_case_revision(&d, entry->rev, p);
    /* a refusal is an answer, and what it leaves behind is kept: from here on something is written, and nothing refused any more */
    if (!rc && !entry->rev)
        rc = use_revision(&d, event.rev);
    if (!rc)
        rc = keep(&d, &event, &fold);
    if (!rc)
        rc = await_shown(&d, data);
    if (!rc) {
        verdict->verdict = VERDICT_DONE;
        if (!entry->rev) {
            verdict->rev = event.rev;
            (void)snprintf(verdict->state, sizeof verdict->state, "%s", d.kind->states[d.object.state].name);
        }
        memcpy(changed, d.object.case_no, CASE_NO_TEXT);
    }
    register_replay_clear(&fold);
    deed_clear(&d);
    return rc;
}

/* The revision of our act, as judge_verdict of outcome.c has it for a case's messages. */
static int judge_verdict(struct deed *d, uint64_t index, const struct receipt_line *line, struct office_discord *discord, int64_t *rev)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int64_t ours = 0;
    bool taken = false;
    *rev = 0;
    if (we_number(d) && line->verdict == VERDICT_DONE && !line->rev)
        return 0;
    int rc = object_event_list(d->db, d->object.id, &events, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        bool itself = events[i].own && events[i].ref == (int64_t)index;
        ours = itself && we_number(d) ? events[i].rev : ours;
        taken = taken || (!itself && events[i].rev > 0 && events[i].rev == line->rev);
    }
    free(events);
    bool gap;
    if (!rc && !taken && d->object.case_id && line->rev > 0)
        rc = revision_look(d->db, d->object.case_id, line->rev, &taken, &gap);
    if (!rc)
        *rev = revision_of_verdict(discord, line, we_number(d), ours, taken, d->object.no);
    return rc;
}

int register_settle(struct store_db *db, const struct office *office, const char *peer, uint64_t index, const struct receipt_line *line,
                    struct office_discord *discord, char changed[CASE_NO_TEXT])
{
    struct deed d = {.db = db, .office = office};
    int64_t event, object;
    int rc = material_out_settle(db, peer, index, line->verdict == VERDICT_DONE);
    if (!rc)
        rc = object_event_own(db, index, &event, &object);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc; /* no act, or the copy for a further counterpart */
    rc = object_get_by_id(db, object, &d.object);
    if (!rc && d.object.case_id)
        rc = case_get_by_id(db, d.object.case_id, &d.about);
    if (!rc)
        d.kind = &register_kinds[d.object.kind];
    int64_t rev = 0;
    if (!rc)
        rc = judge_verdict(&d, index, line, discord, &rev);
    bool ours = we_number(&d);
    if (!rc && (!ours || line->verdict != VERDICT_DONE)) {
        rc = object_event_settle(db, event, rev, (int)line->verdict);
        if (!rc && d.object.case_id)
            rc = event_settle(db, d.object.case_id, index, rev, line->verdict);
    }
    /* what this office numbers stands, whatever the other one says of it: the history shows it, the fold does not change */
    if (!rc && !ours) {
        if (rev > d.object.rev)
            d.object.rev = rev;
        rc = refold(&d);
    }
    memcpy(changed, d.object.case_no, CASE_NO_TEXT);
    deed_clear(&d);
    return rc;
}

/* ---- acts of this office that came back ---- */

static int open_again(struct deed *d, const char *no, const char *owner)
{
    int64_t serial;
    char day[DATE_TEXT];
    if (strcmp(owner, d->office->code) != 0)
        return TB_ENOTFOUND;
    int rc = d->entry.case_no[0] ? load_case(d, d->entry.case_no, NULL) : 0;
    if (rc)
        return rc;
    memcpy(d->object.no, no, strlen(no) + 1);
    d->object.kind = (enum register_kind_id)(d->kind - register_kinds);
    memcpy(d->object.owner, owner, OFFICE_TEXT);
    if (d->kind->scope != REGISTER_ALL)
        memcpy(d->object.other, d->entry.to, OFFICE_TEXT);
    memcpy(d->object.uuid, d->entry.id, sizeof d->object.uuid);
    d->object.opened = d->entry.at;
    date_format(timestamp_day(d->entry.at), day);
    return object_serial_next(d->db, d->object.kind, (int)strtol(day, NULL, 10), &serial);
}

int register_again(struct store_db *db, const struct office *office, const struct entry *entry, uint64_t index)
{
    struct deed d = {.db = db, .office = office, .kind = register_by_entry(entry->type), .now = entry->at, .entry = *entry};
    struct event_row event = {.own = true, .rev = entry->rev, .ref = (int64_t)index, .verdict = -1};
    struct register_replay fold = {.content = NULL};
    const char *no, *act;
    char owner[OFFICE_TEXT];
    json_t *data;
    if (d.kind->scope == REGISTER_ALL && office->peer_count && strcmp(entry->to, office->peers[0].code) != 0)
        return 0; /* a copy for a further counterpart */
    memcpy(event.peer, office->code, OFFICE_TEXT);
    json_incref(d.entry.body);
    int rc = read_body(&d, &no, &act, &data, owner, NULL);
    if (!rc) {
        d.act = register_act_by_name(d.kind, act);
        rc = d.act ? deed_load(&d, no, NULL) : TB_EMALFORMED;
        if (rc == TB_ENOTFOUND)
            rc = open_again(&d, no, owner);
    }
    if (!rc)
        rc = make_fold(&d, &event, &fold, NULL);
    if (!rc && event.rev)
        rc = use_revision(&d, event.rev);
    if (!rc)
        rc = keep(&d, &event, &fold);
    if (!rc && deed_other(&d)[0])
        rc = materials_send(db, deed_other(&d), index, data);
    register_replay_clear(&fold);
    deed_clear(&d);
    return rc;
}
