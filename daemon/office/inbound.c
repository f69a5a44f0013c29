#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/case_law.h"
#include "proto/item.h"
#include "proto/timestamp.h"

/* One message while it is decided on. */
struct taken {
    struct store_db *db;
    const struct office *office;
    struct office_inbound *inbound;
    const struct parcel_line *line;
    struct entry entry;
    int64_t now;
    struct receipt_line *verdict;
    struct case_row row;     /* the case it is about, when it is about one */
};

/* A refusal or an invalidity is an answer, not a failure: returns 0 and fills the verdict; other codes pass. */
static int as_verdict(struct taken *t, int rc, const struct problem *p)
{
    switch (rc) {
    case TB_EREFUSED:
    case TB_EDENIED:
        t->verdict->verdict = VERDICT_REFUSED;
        t->inbound->refused++;
        break;
    case TB_EMALFORMED:
    case TB_ELIMIT:
    case TB_ENOTFOUND:
    case TB_ECONFLICT:
        t->verdict->verdict = VERDICT_INVALID;
        t->inbound->invalid++;
        break;
    default:
        return rc;
    }
    t->verdict->rev = 0;
    t->verdict->problem = problem_to_json(p);
    return t->verdict->problem ? 0 : TB_ENOMEM;
}

static int add_event(struct taken *t, int64_t rev)
{
    struct event_row event = {.rev = rev, .ref = t->entry.seq, .type = t->entry.type, .verdict = -1};
    memcpy(event.peer, t->entry.from, OFFICE_TEXT);
    int rc = event_add(t->db, t->row.id, &event);
    rc = rc ? rc : result_keep(t->db, t->row.id, t->entry.body);
    return rc ? rc : look_keep(t->db, t->row.id, t->entry.body);
}

static void done_at(struct taken *t)
{
    t->verdict->verdict = VERDICT_DONE;
    t->verdict->rev = t->row.rev;
    (void)snprintf(t->verdict->state, sizeof t->verdict->state, "%s", case_states[t->row.state].name);
    changed_add(&t->inbound->changed, &t->inbound->changed_count, t->row.case_no);
}

/* ---- at the home side: a new application ---- */

static int copy_text(const json_t *object, const char *key, char **out)
{
    const char *text = json_string_value(json_object_get(object, key));
    *out = strdup(text ? text : "");
    return *out ? 0 : TB_ENOMEM;
}

static int check_item(struct taken *t, struct problem *p)
{
    const json_t *item = json_object_get(t->entry.body, "item");
    const char *home = json_string_value(json_object_get(item, "office"));
    const char *code = json_string_value(json_object_get(item, "code"));
    int64_t version = json_integer_value(json_object_get(item, "version")), found;
    bool current;
    if (!home || strcmp(home, t->office->code) || !code || strlen(code) >= sizeof t->row.item || version < 1)
        return problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item", "the item is not one of this office");
    json_t *stored = NULL;
    /* an older version is right when it was in force at intake: the case pins it, and the link may have been down since */
    int rc = item_find(t->db, home, code, version, &found, &current, &stored);
    if (!rc)
        t->row.rule = notice_rule_of(stored);
    bool joint = !rc && json_object_get(stored, "legs");
    json_decref(stored);
    if (joint)
        return problem_set(p, PROBLEM_FIELD, "/item/code", "item %s is decided leg by leg, not as one case", code);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_ITEM_UNKNOWN, "/item/code", "item %s has no version %lld here", code, (long long)version);
    memcpy(t->row.item, code, strlen(code) + 1);
    t->row.item_version = version;
    return rc;
}

static int fill_new_row(struct taken *t, struct problem *p)
{
    const json_t *body = t->entry.body;
    const json_t *applicant = json_object_get(body, "applicant");
    memcpy(t->row.case_no, t->entry.case_no, CASE_NO_TEXT);
    memcpy(t->row.home, t->office->code, OFFICE_TEXT);
    memcpy(t->row.intake, t->entry.from, OFFICE_TEXT);
    if (strncmp(t->row.case_no, t->entry.from, OFFICE_LEN))
        return problem_set(p, PROBLEM_FIELD, "/case", "a case number of office %s begins with its code", t->entry.from);
    const char *handed_in = json_string_value(json_object_get(body, "handed_in_at"));
    if (!handed_in || timestamp_parse(handed_in, &t->row.times[TIME_HANDED_IN]))
        return problem_set(p, PROBLEM_FIELD, "/handed_in_at", "the time of handing in is missing or wrong");
    t->row.times[TIME_SENT] = t->entry.at;
    int rc = copy_text(applicant, "name", &t->row.applicant);
    return rc ? rc : copy_text(json_object_get(applicant, "certificate"), "number", &t->row.number);
}

static int take_submitted(struct taken *t, struct problem *p)
{
    const struct case_transition *move = NULL;
    int rc = case_find_by_entry(t->entry.type, CASE_SIDE_INTAKE, CASE_NONE, t->entry.body, &move, p);
    if (!rc)
        rc = check_item(t, p);
    if (!rc)
        rc = case_check_body(t->entry.type, t->entry.body, p);
    if (!rc)
        rc = joint_check_claim(t->entry.body, t->entry.from, p);
    if (!rc)
        rc = fill_new_row(t, p);
    if (!rc)
        rc = authority_verify(t->db, t->office, &t->entry, t->row.item, move->step, t->row.times[TIME_HANDED_IN], p);
    if (!rc)
        rc = authority_check_body(t->db, t->office, t->office->code, t->entry.from, t->row.item, t->entry.body, t->entry.at,
                                  t->row.times[TIME_HANDED_IN], p);
    if (rc)
        return rc;
    t->row.state = t->row.local_state = move->to;
    t->row.rev = 1;
    rc = case_set_due(t->db, t->office, &t->row, NULL);
    if (!rc)
        rc = case_insert(t->db, &t->row);
    if (rc == TB_ECONFLICT)
        return problem_set(p, PROBLEM_SEQUENCE_REUSED, "/case", "case number %s is taken", t->row.case_no);
    size_t waiting = 0;
    if (!rc)
        rc = add_event(t, 1);
    if (!rc)
        rc = materials_await(t->db, t->row.id, json_object_get(t->entry.body, "materials"), &waiting);
    if (rc)
        return rc;
    done_at(t); /* the verdict speaks of this message; that everything is here is an entry of its own */
    if (waiting || t->inbound->again)
        return 0;
    rc = case_mark_received(t->db, t->office, &t->row);
    return rc ? rc : case_update(t->db, &t->row);
}

/* ---- further facts about a known case ---- */

static int find_case(struct taken *t, bool we_are_home, struct problem *p)
{
    int rc = case_get(t->db, t->entry.case_no, &t->row);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, "/case", "case %s is not known here", t->entry.case_no);
    if (rc)
        return rc;
    const char *home = we_are_home ? t->office->code : t->entry.from;
    const char *intake = we_are_home ? t->entry.from : t->office->code;
    if (strcmp(t->row.home, home) || strcmp(t->row.intake, intake))
        return problem_set(p, PROBLEM_WRONG_OFFICE, "/case", "case %s is not between these two offices", t->entry.case_no);
    return 0;
}

/* Whether rules and authorisations let it happen.  What our own receipt says was done is not judged a second time: before it there may
 * have been acts of ours that are lost, and without them the table may have no row for it (*move NULL: the state stays). */
static int judge_at_home(struct taken *t, const struct case_transition **move, struct problem *p)
{
    int rc = case_find_by_entry(t->entry.type, CASE_SIDE_INTAKE, t->row.state, t->entry.body, move, p);
    if (t->inbound->given)
        return rc && err_class(rc) == ERR_CLASS_PERMANENT ? 0 : rc;
    if (!rc)
        rc = case_check_body(t->entry.type, t->entry.body, p);
    if (!rc && (*move)->step != STEP_NONE)
        rc = authority_verify(t->db, t->office, &t->entry, t->row.item, (*move)->step, t->row.times[TIME_HANDED_IN], p);
    return rc ? rc
              : authority_check_body(t->db, t->office, t->office->code, t->entry.from, t->row.item, t->entry.body, t->entry.at,
                                     t->row.times[TIME_HANDED_IN], p);
}

/* At the home side: a fact or a request of the intake side. */
static int take_at_home(struct taken *t, struct problem *p)
{
    const struct receipt_line *given = t->inbound->given;
    const struct case_transition *move = NULL;
    int rc = find_case(t, true, p);
    if (!rc)
        rc = judge_at_home(t, &move, p);
    if (rc)
        return rc;
    size_t waiting = 0;
    int64_t rev = given && given->rev > t->row.rev ? given->rev : t->row.rev + 1;
    case_confirm(t->office, &t->row, move ? move->to : CASE_STATES, rev, move ? move->time : TIME_NONE, t->entry.at);
    rc = case_set_due(t->db, t->office, &t->row, &t->entry);
    if (!rc)
        rc = add_event(t, t->row.rev);
    if (!rc)
        rc = materials_await(t->db, t->row.id, json_object_get(t->entry.body, "materials"), &waiting);
    if (!rc)
        rc = case_update(t->db, &t->row);
    if (rc)
        return rc;
    done_at(t); /* the verdict speaks of this message, not of what follows from it */
    return t->inbound->again ? 0 : register_follow(t->db, t->office, &t->row, &t->entry);
}

static int await_result(struct taken *t)
{
    const json_t *result = json_object_get(t->entry.body, "result");
    if (!json_object_get(result, "sha256"))
        return 0;
    size_t waiting = 0;
    json_t *one = json_pack("[O]", result);
    int rc = one ? materials_await(t->db, t->row.id, one, &waiting) : TB_ENOMEM;
    json_decref(one);
    return rc;
}

/* The home side gives each effect a revision of its own (decision 1): one that was given before is no effect.  A number left out refuses
 * nothing, for the home side has decided; but what it stands for is not here. */
static int check_revision(struct taken *t, struct problem *p)
{
    bool taken, gap;
    int rc = revision_look(t->db, t->row.id, t->entry.rev, &taken, &gap);
    if (!rc && (taken || gap))
        discord_note(&t->inbound->discord, taken ? DISCORD_TAKEN : DISCORD_GAP, t->row.case_no, t->entry.rev);
    if (rc || !taken)
        return rc;
    return problem_set(p, PROBLEM_FIELD, "/rev", "revision %lld of case %s was given before", (long long)t->entry.rev, t->row.case_no);
}

static int take_from_home(struct taken *t, struct problem *p)
{
    int rc = find_case(t, false, p);
    if (!rc)
        rc = case_check_body(t->entry.type, t->entry.body, p);
    /* it is the authority: what it says is looked up, not measured by what we knew */
    const struct case_transition *move = rc ? NULL : case_home_move(t->entry.type, t->row.state, t->entry.body);
    if (!rc && (!move || t->entry.rev < 1))
        rc = problem_set(p, PROBLEM_TRANSITION, "/type", "%s is not an act of the home side", entry_type_text(t->entry.type));
    if (!rc)
        rc = check_revision(t, p);
    if (rc)
        return rc;
    case_mark(&t->row, t->entry.type);
    case_confirm(t->office, &t->row, move->to, t->entry.rev, move->time, case_moment(&t->entry));
    rc = case_set_due(t->db, t->office, &t->row, &t->entry);
    if (!rc)
        rc = add_event(t, t->entry.rev);
    if (!rc)
        rc = await_result(t);
    if (!rc)
        rc = case_update(t->db, &t->row);
    if (!rc) {
        t->verdict->verdict = VERDICT_DONE;
        changed_add(&t->inbound->changed, &t->inbound->changed_count, t->row.case_no);
    }
    return rc;
}

/* ---- catalogue and authorisations of the peer ---- */


static int take_catalogue(struct taken *t, struct problem *p)
{
    const json_t *body = t->entry.body;
    int rc = catalogue_check(body, p);
    const char *office = json_string_value(json_object_get(body, "office"));
    if (!rc && (!office || strcmp(office, t->entry.from)))
        rc = problem_set(p, PROBLEM_WRONG_OFFICE, "/office", "office %s cannot publish for another", t->entry.from);
    int64_t have = 0;
    uint8_t digest[32];
    if (!rc) {
        rc = edition_get(t->db, t->entry.from, &have, digest);
        rc = rc == TB_ENOTFOUND ? 0 : rc;
    }
    if (!rc && json_integer_value(json_object_get(body, "edition")) <= have)
        rc = problem_set(p, PROBLEM_STEP_DONE, "/edition", "edition %lld or a later one is here", (long long)have);
    struct catalogue_author author = {.at = t->entry.at, .staff = t->entry.staff, .role = t->entry.role};
    if (!rc)
        rc = catalogue_take(t->db, t->office->suite, body, &author, NULL, p);
    return rc;
}

/* An act that the home side of a case numbered, taken or not: does its number fit? */
static int note_act_revision(struct taken *t, bool done)
{
    struct case_row row;
    bool taken = false, gap = false;
    int rc = case_get(t->db, t->entry.case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    if (!strcmp(row.home, t->entry.from))
        rc = revision_look(t->db, row.id, t->entry.rev, &taken, &gap);
    if (!rc && (done ? gap : taken))
        discord_note(&t->inbound->discord, done ? DISCORD_GAP : DISCORD_TAKEN, row.case_no, t->entry.rev);
    case_row_clear(&row);
    return rc;
}

static int take_act(struct taken *t, struct problem *p)
{
    char changed[CASE_NO_TEXT] = "";
    t->verdict->rev = t->inbound->given ? t->inbound->given->rev : 0;
    int rc = register_take(t->db, t->office, &t->entry, t->now, t->verdict, changed, p);
    if ((!rc || err_class(rc) == ERR_CLASS_PERMANENT) && t->entry.rev > 0 && t->entry.case_no[0]) {
        int noted = note_act_revision(t, !rc);
        rc = rc ? rc : noted;
    }
    if (!rc && changed[0])
        changed_add(&t->inbound->changed, &t->inbound->changed_count, changed);
    return rc;
}

static int take(struct taken *t, struct problem *p)
{
    const struct entry *e = &t->entry;
    if (strcmp(e->from, t->inbound->peer->code) || strcmp(e->to, t->office->code))
        return problem_set(p, PROBLEM_WRONG_OFFICE, "/from", "a message from %s to %s does not belong in this exchange", e->from, e->to);
    if (e->at > t->now + LIMIT_FUTURE_MS)
        return problem_set(p, PROBLEM_FUTURE, "/at", "dated %lld s ahead of this office's clock", (long long)((e->at - t->now) / 1000));
    switch (e->type) {
    case ENTRY_CASE_SUBMITTED:
        return take_submitted(t, p);
    case ENTRY_CATALOGUE:
        return take_catalogue(t, p);
    case ENTRY_AUTHORISATION:
        return authorisation_keep(t->db, e->body, e->from, t->office->code, p);
    default:
        if (entry_type_is_act(e->type))
            return take_act(t, p);
        if (!entry_type_is_message(e->type) || !e->case_no[0])
            return problem_set(p, PROBLEM_MALFORMED, "/type", "%s is not a message", entry_type_text(e->type));
        return e->rev > 0 ? take_from_home(t, p) : take_at_home(t, p);
    }
}

static int take_line(struct taken *t, int64_t seq)
{
    struct problem problem = {.id = PROBLEM_INTERNAL, .number = -1};
    t->verdict->leaf = t->line->leaf;
    int rc = parcel_entry(t->line, &t->entry, &problem);
    if (!rc)
        rc = take(t, &problem);
    rc = as_verdict(t, rc, &problem);
    if (!rc) {
        struct inbox_row row = {.seq = seq, .leaf = t->line->leaf, .index = t->line->index, .path = t->line->path, .line = t->line->line,
                                .len = t->line->len, .tree_size = t->inbound->parcel->checkpoint.size};
        memcpy(row.peer, t->inbound->peer->code, OFFICE_TEXT);
        rc = inbox_add(t->db, &row);
    }
    if (!rc && t->inbound->fates)
        fate_fill(&t->inbound->fates[t->inbound->fate_count++], &t->entry, t->verdict);
    /* after the message is kept: the next leg may carry its result */
    if (!rc && t->verdict->verdict == VERDICT_DONE && !t->inbound->again)
        rc = joint_follow(t->db, t->office, &t->row);
    entry_clear(&t->entry);
    case_row_clear(&t->row);
    return rc;
}

int inbound_again(struct store_db *db, struct office_inbound *in, const struct parcel_line *line, int64_t seq, struct receipt_line *verdict)
{
    const struct receipt_line *given = in->given;
    struct taken t = {.db = db, .office = in->office, .inbound = in, .line = line, .now = store_now(db), .verdict = verdict};
    *verdict = (struct receipt_line){.leaf = line->leaf};
    if (given && memcmp(&given->leaf, &line->leaf, sizeof line->leaf) != 0)
        return TB_ETRUST;
    if (!given || given->verdict == VERDICT_DONE)
        return take_line(&t, seq);
    verdict->verdict = given->verdict;
    struct inbox_row row = {.seq = seq, .leaf = line->leaf, .index = line->index, .path = line->path, .line = line->line, .len = line->len,
                            .tree_size = in->parcel->checkpoint.size};
    memcpy(row.peer, in->peer->code, OFFICE_TEXT);
    return inbox_add(db, &row);
}

/* ---- the batch ---- */

/* The proofs and the place in the sequence are checked for the whole batch before anything is taken. */
static int check_batch(struct store_db *db, struct office_inbound *in, const struct peer_row *peer, int64_t first)
{
    struct parcel *parcel = in->parcel;
    if (parcel->old_size != peer->their_size || (parcel->old_size && memcmp(&in->old_root, &peer->their_root, sizeof in->old_root))) {
        int rc = problem_set(&in->problem, PROBLEM_CHECKPOINT, NULL, "this office last saw size %llu",
                             (unsigned long long)peer->their_size);
        in->problem.number = (int64_t)peer->their_size;
        return rc;
    }
    for (size_t i = 0; i < parcel->count; i++)
        if (parcel->lines[i].status)
            return problem_set(&in->problem, PROBLEM_UNTRUSTED, NULL, "the inclusion proof of line %zu does not verify", i + 1);
    if (first > peer->received.seq + 1) { /* also of an idle exchange: what we lost comes again */
        int rc = problem_set(&in->problem, PROBLEM_SEQUENCE, NULL, "message %lld is the next", (long long)peer->received.seq + 1);
        in->problem.number = peer->received.seq + 1;
        return rc;
    }
    for (size_t i = 0; i < parcel->count; i++) {
        int64_t seq = first + (int64_t)i;
        struct ledger_hash leaf;
        uint64_t receipt;
        if (seq > peer->received.seq)
            break;
        int rc = inbox_find(db, peer->office, seq, &leaf, &receipt);
        if (rc)
            return rc;
        if (memcmp(&leaf, &parcel->lines[i].leaf, sizeof leaf))
            return problem_set(&in->problem, PROBLEM_SEQUENCE_REUSED, NULL, "message %lld was other bytes before", (long long)seq);
        in->duplicates++;
    }
    return 0;
}

/* A line whose own number is not its place is a broken sender, not a broken message. */
static int check_numbers(struct office_inbound *in, int64_t first, int64_t expected)
{
    for (size_t i = 0; i < in->parcel->count; i++) {
        const struct parcel_line *line = &in->parcel->lines[i];
        if ((i && i + 1 != in->parcel->count) || line->entry_rc)
            continue; /* the ends tell; what lies between is checked as it is taken */
        int64_t seq = line->entry.seq;
        if (seq != first + (int64_t)i) {
            int rc = problem_set(&in->problem, PROBLEM_SEQUENCE, NULL, "line %zu says %lld, its place is %lld", i + 1, (long long)seq,
                                 (long long)(first + (int64_t)i));
            in->problem.number = expected;
            return rc;
        }
    }
    return 0;
}

int receipt_append(struct store_db *db, const char *peer, const struct receipt *receipt)
{
    struct entry entry = {.type = ENTRY_RECEIPT};
    memcpy(entry.to, peer, OFFICE_TEXT);
    uint64_t index;
    int rc = receipt_to_json(receipt, &entry.body);
    if (!rc)
        rc = store_append(db, &entry, &index, NULL);
    if (!rc)
        rc = inbox_set_receipt(db, peer, receipt->first, receipt->last, index);
    entry_clear(&entry);
    return rc;
}

static int take_new(struct store_db *db, struct office_inbound *in, struct peer_row *peer, int64_t first)
{
    struct parcel *parcel = in->parcel;
    size_t skip = (size_t)(peer->received.seq + 1 - first);
    size_t fresh = parcel->count - skip;
    struct receipt receipt = {.first = peer->received.seq + 1, .last = peer->received.seq + (int64_t)fresh};
    receipt.lines = calloc(fresh, sizeof *receipt.lines);
    in->fates = calloc(fresh, sizeof *in->fates);
    if (!receipt.lines || !in->fates) {
        free(receipt.lines);
        return TB_ENOMEM;
    }
    int64_t now = store_now(db);
    int rc = 0;
    for (size_t i = 0; i < fresh && !rc; i++) {
        struct taken t = {.db = db,
                          .office = in->office,
                          .inbound = in,
                          .line = &parcel->lines[skip + i],
                          .now = now,
                          .verdict = &receipt.lines[i]};
        rc = take_line(&t, receipt.first + (int64_t)i);
        if (!rc)
            rc = tally_step(in->office->suite, &peer->received, &t.line->leaf);
    }
    receipt.tally = peer->received;
    if (!rc)
        rc = receipt_append(db, peer->office, &receipt);
    if (!rc)
        in->applied = fresh;
    receipt_clear(&receipt);
    return rc;
}

static int inbound_run(struct store_db *db, struct store_command *command)
{
    struct office_inbound *in = (struct office_inbound *)command;
    struct parcel *parcel = in->parcel;
    struct peer_row peer;
    in->problem.id = PROBLEM_COUNT;
    int rc = peer_get(db, in->peer->code, &peer);
    if (rc)
        goto out;
    int64_t first = parcel->sent.seq + 1;
    in->differs = tally_conflict(&peer.received, &parcel->sent) || tally_conflict(&peer.sent, &parcel->received);
    rc = check_numbers(in, first, peer.received.seq + 1);
    if (!rc)
        rc = check_batch(db, in, &peer, first);
    if (!rc && parcel->count && first + (int64_t)parcel->count - 1 > peer.received.seq)
        rc = take_new(db, in, &peer, first);
    if (!rc && parcel->seen_size > peer.acked_size && parcel->seen_size <= store_ledger_size(db)) {
        peer.acked_size = parcel->seen_size;
        if (parcel->cosignature)
            rc = peer_take_cosignature(db, in->peer, parcel->seen_size, parcel->cosignature);
    }
    if (!rc)
        rc = peer_remember(db, &peer, parcel);
    if (!rc && !parcel->count)
        peer.last_idle = peer.last_exchange;
    if (!rc)
        rc = peer_put(db, &peer);
    peer_row_clear(&peer);
out:
    if (rc && in->problem.id == PROBLEM_COUNT)
        (void)problem_from_code(&in->problem, rc);
    return rc;
}

void office_inbound_init(struct office_inbound *inbound, const struct office *office, const struct office_peer *peer, struct parcel *parcel,
                         const struct ledger_hash *old_root)
{
    *inbound = (struct office_inbound){.command = {.run = inbound_run}, .office = office, .peer = peer, .parcel = parcel,
                                       .problem = {.id = PROBLEM_COUNT, .number = -1}};
    if (old_root)
        inbound->old_root = *old_root;
}

void office_inbound_clear(struct office_inbound *inbound)
{
    parcel_free(inbound->parcel);
    inbound->parcel = NULL;
    free(inbound->changed);
    free(inbound->fates);
    inbound->fates = NULL;
    inbound->fate_count = 0;
    inbound->changed = NULL;
    inbound->changed_count = 0;
}
