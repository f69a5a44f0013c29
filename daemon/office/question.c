#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/joint_rows.h"
#include "daemon/store/witness.h"
#include "daemon/store/retention_rows.h"
#include "proto/note.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

/* ---- who am I, and how are the links ---- */

static int peer_json(struct store_db *db, const struct office_peer *peer, json_t **out)
{
    struct peer_row row;
    int64_t seq, at, age = 0;
    char text[TIMESTAMP_TEXT] = "";
    int rc = peer_get(db, peer->code, &row);
    if (rc)
        return rc;
    rc = outbox_oldest(db, peer->code, row.sent.seq, &seq, &at);
    if (!rc)
        age = (store_now(db) - at) / 1000;
    if (row.last_exchange)
        timestamp_format(row.last_exchange, text);
    *out = json_pack("{s:s, s:s, s:I, s:I, s:s}", "office", peer->code, "name", peer->name, "unsent",
                     (json_int_t)(row.next_seq - 1 - row.sent.seq), "oldest_unsent_s", (json_int_t)(age > 0 ? age : 0),
                     "last_exchange", text);
    peer_row_clear(&row);
    return rc && rc != TB_ENOTFOUND ? rc : *out ? 0 : TB_ENOMEM;
}

static int ask_office(struct store_db *db, struct office_question *q)
{
    const struct office *office = q->office;
    char now[TIMESTAMP_TEXT];
    timestamp_format(store_now(db), now);
    json_t *peers = json_array();
    int rc = 0;
    for (size_t i = 0; i < office->peer_count && !rc; i++) {
        json_t *peer = NULL;
        rc = peer_json(db, &office->peers[i], &peer);
        if (!rc && json_array_append_new(peers, peer))
            rc = TB_ENOMEM;
    }
    if (rc) {
        json_decref(peers);
        return rc;
    }
    q->answer = json_pack("{s:s, s:s, s:o, s:s}", "office", office->code, "name", office->name, "peers", peers, "time", now);
    if (q->answer && q->staff)
        (void)json_object_set_new(
            q->answer, "staff",
            json_pack("{s:s, s:s, s:s}", "id", q->staff->id, "name", q->staff->name, "role", q->staff->role));
    return q->answer ? 0 : TB_ENOMEM;
}

/* ---- cases ---- */

static int ask_cases(struct store_db *db, struct office_question *q)
{
    struct case_filter filter = {.query = q->text[0] ? q->text : NULL, .state = q->state, .open_only = q->open_only, .cursor = q->cursor,
                                 .limit = q->limit, .window = q->desk.window, .township = q->desk.township};
    if (q->ask == ASK_TODO) {
        filter.todo_only = true;
        filter.todo = q->staff && !strcmp(q->staff->role, "handler") ? TODO_HANDLER : TODO_WINDOW;
    }
    struct case_row *rows = NULL;
    size_t count = 0;
    int64_t next = 0;
    char found[CASE_NO_TEXT] = "";
    int rc = q->system[0] ? foreign_find(db, q->system, q->text, found) : 0;
    if (q->system[0])
        filter.query = found;
    rc = rc == TB_ENOTFOUND ? 0 : rc ? rc : case_list(db, &filter, &rows, &count, &next);
    if (rc)
        return rc;
    json_t *list = json_array();
    for (size_t i = 0; i < count && !rc; i++) {
        json_t *row = NULL;
        rc = list ? case_list_row(db, q->office, q->staff, &rows[i], &row) : TB_ENOMEM;
        if (!rc && json_array_append_new(list, row))
            rc = TB_ENOMEM;
    }
    case_rows_free(rows, count);
    if (rc) {
        json_decref(list);
        return rc;
    }
    char cursor[24];
    (void)snprintf(cursor, sizeof cursor, "%lld", (long long)next);
    q->answer = json_pack("{s:o, s:s?}", "rows", list, "next", next ? cursor : NULL);
    return q->answer ? 0 : TB_ENOMEM;
}

static int find_case(struct store_db *db, struct office_question *q, struct case_row *row)
{
    int rc = case_get(db, q->case_no, row);
    return rc == TB_ENOTFOUND ? problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", q->case_no) : rc;
}

/* ---- timeline ---- */

json_t *fact_summary(const struct entry *entry)
{
    static const char *const shown[] = {"outcome",     "reason_class", "deadline", "way", "received_at",
                                        "tracking_no", "carrier",      "promised", "no",  "act",    "rule",
                                        "accepted_at", "until",        "due",      "kind", NULL};
    json_t *summary = json_object();
    for (size_t i = 0; summary && shown[i]; i++)
        if (json_is_string(json_object_get(entry->body, shown[i])))
            (void)json_object_set(summary, shown[i], json_object_get(entry->body, shown[i]));
    const json_t *step = json_object_get(json_object_get(entry->body, "data"), "step"); /* which delegated step an act asks for */
    if (summary && json_is_string(step))
        (void)json_object_set(summary, "step", (json_t *)(uintptr_t)step);
    size_t materials = json_array_size(json_object_get(entry->body, "materials"));
    if (summary && materials)
        (void)json_object_set_new(summary, "materials", json_integer((json_int_t)materials));
    return summary;
}

static json_t *timeline_row(const struct case_fact *fact)
{
    char at[TIMESTAMP_TEXT];
    timestamp_format(fact->entry.at, at);
    bool done = fact->event.rev > 0 || !entry_type_is_message(fact->entry.type);
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:o}", "rev", (json_int_t)fact->event.rev, "at", at, "from",
        fact->entry.from, "type", entry_type_text(fact->entry.type), "staff", fact->entry.staff, "verdict",
        fact->event.verdict >= 0 ? verdict_text((enum verdict)fact->event.verdict)
        : done                   ? "done"
                                 : "",
        "pending", !done && fact->event.verdict < 0, "id", fact->entry.id, "summary", fact_summary(&fact->entry));
}

static int ask_timeline(struct store_db *db, struct office_question *q)
{
    struct case_row row;
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = find_case(db, q, &row);
    if (rc)
        return rc;
    json_t *rows = json_array();
    rc = rows ? event_list(db, row.id, &events, &count) : TB_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++) {
        struct case_fact fact;
        /* what never left this office is its own affair: the timeline is what both sides share */
        if (!entry_type_is_message(events[i].type))
            continue;
        rc = case_fact_read(db, q->office, &events[i], &fact);
        if (rc)
            break;
        json_t *line = timeline_row(&fact);
        if (!line || json_array_append_new(rows, line))
            rc = TB_ENOMEM;
        case_fact_clear(&fact);
    }
    free(events);
    if (!rc)
        q->answer = json_pack("{s:s, s:s, s:I, s:O}", "case", row.case_no, "state", case_states[row.state].name, "rev",
                              (json_int_t)row.rev, "rows", rows);
    json_decref(rows);
    case_row_clear(&row);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}

static int ask_clocks(struct store_db *db, struct office_question *q)
{
    struct case_row row;
    int rc = find_case(db, q, &row);
    if (rc)
        return rc;
    rc = case_clocks(db, q->office, &row, store_now(db), &q->answer);
    case_row_clear(&row);
    return rc;
}

/* ---- bundle: everything a court needs ---- */

/* Of a line that was erased: what is left of it, and the leaf that its inclusion is proved with. */
static json_t *erased_proof(const char *line, size_t len, const struct ledger_hash *leaf, const struct buf *proof, int64_t rev)
{
    struct buf text;
    buf_init(&text, LIMIT_NAME_BYTES);
    json_t *doc = base64_encode(leaf->b, sizeof leaf->b, &text)
                      ? NULL
                      : json_pack("{s:s%, s:s%, s:s%, s:I}", "erased", line, len, "leaf", text.data, text.len, "proof", proof->data,
                                  proof->len, "rev", (json_int_t)rev);
    buf_free(&text);
    return doc;
}

static int add_proof(json_t *entries, const struct suite *suite, const struct ledger_hash *stored, const char *line, size_t len,
                     uint64_t index, const struct ledger_path *path, const struct buf *note, int64_t rev)
{
    struct buf proof;
    struct ledger_hash now;
    buf_init(&proof, LIMIT_NOTE_BYTES * 2);
    int rc = ledger_leaf(suite, line, len, &now);
    const struct ledger_hash *leaf = rc || !memcmp(&now, stored, sizeof now) ? NULL : stored;
    rc = rc ? rc : tlog_proof_format(index, path, note->data, note->len, &proof);
    if (!rc) {
        json_t *entry = leaf ? erased_proof(line, len, leaf, &proof, rev)
                             : json_pack("{s:s%, s:s%, s:I}", "line", line, len, "proof", proof.data, proof.len, "rev", (json_int_t)rev);
        rc = entry && !json_array_append_new(entries, entry) ? 0 : TB_ENOMEM;
    }
    buf_free(&proof);
    return rc;
}

/* What was recorded shortly before an older copy was made, and seen by nobody, stands on the checkpoint of that time. */
static int prove_before_gap(struct store_db *db, uint64_t index, struct ledger_path *path, struct buf *note)
{
    uint64_t first, until, size = 0, top = store_ledger_size(db);
    int rc = TB_ENOTFOUND;
    while (rc == TB_ENOTFOUND && top > index) { /* there may have been several restores */
        rc = store_gap_before(db, top, &first, &until);
        if (rc || !until)
            return rc ? rc : TB_ECORRUPT;
        top = first;
        buf_clear(note);
        rc = first > index ? store_checkpoint_covering(db, index, first, &size, note) : TB_ENOTFOUND;
        if (!rc)
            rc = store_prove_inclusion(db, index, size, path);
    }
    return rc == TB_ENOTFOUND ? TB_ECORRUPT : rc;
}

/* A line of ours stands on the newest checkpoint that the peer cosigned, or on the newest at all. */
static int add_own(struct store_db *db, json_t *entries, uint64_t index, int64_t rev)
{
    struct buf line, note;
    struct ledger_path path;
    struct ledger_hash leaf;
    uint64_t size = 0;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = store_checkpoint(db, true, &size, &note);
    if (rc == TB_ENOTFOUND || (!rc && size <= index)) {
        buf_clear(&note);
        rc = store_checkpoint(db, false, &size, &note);
    }
    if (!rc)
        rc = store_entry_line(db, index, &line);
    if (!rc)
        rc = store_prove_inclusion(db, index, size, &path);
    if (rc == TB_ENOTFOUND)
        rc = prove_before_gap(db, index, &path, &note);
    if (!rc)
        rc = store_entry_leaf(db, index, &leaf);
    if (!rc)
        rc = add_proof(entries, store_signer(db)->suite, &leaf, line.data, line.len, index, &path, &note, rev);
    buf_free(&line);
    buf_free(&note);
    return rc;
}

static int add_theirs(struct store_db *db, json_t *entries, const struct inbox_row *row, int64_t rev)
{
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = peer_checkpoint_get(db, row->peer, row->tree_size, &note);
    if (!rc)
        rc = add_proof(entries, store_signer(db)->suite, &row->leaf, row->line, row->len, row->index, &row->path, &note, rev);
    buf_free(&note);
    return rc;
}

static int seq_of(const char *line, size_t len, int64_t *seq)
{
    struct entry entry;
    int rc = entry_decode(line, len, &entry, NULL);
    if (rc)
        return TB_ECORRUPT;
    *seq = entry.seq;
    entry_clear(&entry);
    return 0;
}

/* Our message and the receipt that the peer gave for it. */
static int bundle_own(struct store_db *db, const char *other, json_t *entries, const struct event_row *event)
{
    int rc = add_own(db, entries, (uint64_t)event->ref, event->rev);
    if (rc || !entry_type_is_message(event->type) || event->verdict < 0)
        return rc;
    struct buf line;
    struct inbox_row receipt;
    int64_t seq = 0;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    rc = store_entry_line(db, (uint64_t)event->ref, &line);
    if (!rc)
        rc = seq_of(line.data, line.len, &seq);
    if (!rc)
        rc = receipt_get(db, other, seq, &receipt);
    if (!rc) {
        rc = add_theirs(db, entries, &receipt, 0);
        inbox_clear(&receipt);
    }
    buf_free(&line);
    return rc;
}

/* The peer's message and the receipt that we gave for it. */
static int bundle_theirs(struct store_db *db, json_t *entries, const struct event_row *event)
{
    struct inbox_row row;
    int rc = inbox_get(db, event->peer, event->ref, &row);
    if (rc)
        return rc;
    rc = add_theirs(db, entries, &row, event->rev);
    if (!rc)
        rc = add_own(db, entries, row.receipt_index, 0);
    inbox_clear(&row);
    return rc;
}

int event_proof(struct store_db *db, const struct office *office, const struct case_row *row, const struct event_row *event,
                json_t *entries)
{
    return event->own ? bundle_own(db, case_other(office, row), entries, event) : bundle_theirs(db, entries, event);
}

int add_vkey(json_t *offices, const char *office, const struct note_vkey *key)
{
    char text[NOTE_VKEY_TEXT];
    int rc = note_vkey_format(key, false, text);
    if (rc)
        return rc;
    return json_array_append_new(offices, json_pack("{s:s, s:s}", "office", office, "vkey", text)) ? TB_ENOMEM : 0;
}

/* A joint case is the office's own word: what it opened, whether it was taken back, how it ended. */
static int bundle_joint(struct store_db *db, struct office_question *q)
{
    struct joint_row row;
    int rc = joint_get(db, q->case_no, &row);
    if (rc)
        return rc;
    const int64_t places[] = {row.entry, row.withdrawn, row.ended};
    json_t *entries = json_array(), *offices = json_array();
    rc = entries && offices ? add_vkey(offices, q->office->code, &store_signer(db)->vkey) : TB_ENOMEM;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !rc; i++)
        if (places[i])
            rc = add_own(db, entries, (uint64_t)places[i], 0);
    if (!rc)
        q->answer = json_pack("{s:i, s:s, s:O, s:O}", "v", 1, "case", row.joint_no, "offices", offices, "entries", entries);
    json_decref(entries);
    json_decref(offices);
    joint_row_clear(&row);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}

static int ask_bundle(struct store_db *db, struct office_question *q)
{
    struct case_row row;
    struct event_row *events = NULL;
    size_t count = 0;
    int rc = bundle_joint(db, q);
    if (rc != TB_ENOTFOUND)
        return rc;
    rc = find_case(db, q, &row);
    if (rc)
        return rc;
    json_t *entries = json_array(), *offices = json_array();
    const char *other = case_other(q->office, &row);
    const struct office_peer *peer = office_peer(q->office, other);
    rc = entries && offices ? event_list(db, row.id, &events, &count) : TB_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++)
        rc = event_proof(db, q->office, &row, &events[i], entries);
    if (!rc)
        rc = add_vkey(offices, q->office->code, &store_signer(db)->vkey);
    if (!rc && peer)
        rc = add_vkey(offices, peer->code, office_peer_key(peer));
    if (!rc)
        q->answer = json_pack("{s:i, s:s, s:O, s:O}", "v", 1, "case", row.case_no, "offices", offices, "entries", entries);
    free(events);
    json_decref(entries);
    json_decref(offices);
    case_row_clear(&row);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}

static int ask_documents(struct store_db *db, struct office_question *q)
{
    struct case_row row;
    int rc = find_case(db, q, &row);
    if (rc)
        return rc;
    rc = document_rows(db, q->office, q->staff, &row, &q->answer);
    case_row_clear(&row);
    return rc;
}

static int ask_health(struct store_db *db, struct office_question *q)
{
    q->answer = json_pack("{s:I}", "entries", (json_int_t)store_ledger_size(db));
    return q->answer ? 0 : TB_ENOMEM;
}

static int (*const asks[])(struct store_db *db, struct office_question *q) = {
    [ASK_OFFICE] = ask_office,     [ASK_ITEMS] = ask_items,   [ASK_ITEM] = ask_item, [ASK_CASES] = ask_cases,
    [ASK_TIMELINE] = ask_timeline, [ASK_BUNDLE] = ask_bundle, [ASK_TODO] = ask_cases, [ASK_HEALTH] = ask_health,
    [ASK_REGISTERS] = ask_registers, [ASK_REGISTER] = ask_register, [ASK_STEPS] = ask_steps, [ASK_ORIGINALS] = ask_originals,
    [ASK_DOCUMENTS] = ask_documents,
    [ASK_ACCOUNTABILITY] = ask_accountability,
    [ASK_CLOCKS] = ask_clocks,
    [ASK_JOINT] = ask_joint,       [ASK_JOINTS] = ask_joints,
    [ASK_PROGRESS] = ask_progress, [ASK_RESULT] = ask_result,
    [ASK_CATALOGUE] = ask_catalogue, [ASK_CATALOGUE_HISTORY] = ask_catalogue_history,
};

static int question_run(struct store_db *db, struct store_query *query)
{
    struct office_question *q = (struct office_question *)query;
    q->problem.id = PROBLEM_COUNT;
    int rc = asks[q->ask](db, q);
    if (rc && q->problem.id == PROBLEM_COUNT)
        (void)problem_from_code(&q->problem, rc);
    return rc;
}

void office_question_init(struct office_question *question, const struct office *office, enum office_ask ask,
                          const struct office_staff *staff)
{
    *question = (struct office_question){
        .query = {.run = question_run}, .office = office, .ask = ask, .staff = staff, .state = -1, .register_kind = -1, .limit = 20};
}

void office_question_clear(struct office_question *question)
{
    json_decref(question->answer);
    question->answer = NULL;
}
