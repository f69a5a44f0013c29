#include "daemon/office/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/verify_internal.h"
#include "daemon/store/key_rows.h"
#include "daemon/store/retention_rows.h"
#include "daemon/store/witness.h"
#include "proto/retention.h"
#include "proto/strict_json.h"

enum { CHUNK = 256, WHERE_BYTES = 120, MATERIALS = 64 };

json_t *verify_difference(enum difference difference, const char *where, const char *detail)
{
    return json_pack("{s:s, s:s, s:s}", "difference", difference_type(difference)->name, "where", where, "detail", detail);
}

void verify_differ(struct verify_page *page, enum difference difference, const char *where, const char *detail)
{
    if (json_array_size(page->v->differences) < LIMIT_REPORT_DIFFERENCES)
        (void)json_array_append_new(page->v->differences, verify_difference(difference, where, detail));
}

void verify_differ_at(struct verify_page *page, enum difference difference, const char *place, int64_t number, const char *detail)
{
    char where[WHERE_BYTES];
    (void)snprintf(where, sizeof where, "%s %lld", place, (long long)number);
    verify_differ(page, difference, where, detail);
}

bool verify_spent(const struct verify_page *page)
{
    const struct world *world = store_world(page->db);
    return world->monotonic_ms(world->context) >= page->deadline;
}

static const struct suite *suite_of(const struct verify_page *page)
{
    return store_signer(page->db)->suite;
}

/* ---- keys: the present one, and those before a rotation ---- */

struct trial {
    const char *note, *lines; /* lines: cosignatures; NULL: the owner's own signature */
    size_t len;
    struct checkpoint *out;
};

static int try_key(const struct note_vkey *key, const struct trial *t)
{
    int64_t at;
    return t->lines ? checkpoint_verify_cosignature(key, t->note, t->len, t->lines, strlen(t->lines), &at)
                    : checkpoint_verify(key, t->note, t->len, t->out);
}

static int try_row(const struct key_row *row, void *context)
{
    struct note_vkey key;
    return !note_vkey_parse(row->vkey, &key) && !try_key(&key, context);
}

/* 0, or why the key that counts now does not verify it; the others are tried, too. */
static int try_keys(struct verify_page *page, const char *office, const struct note_vkey *pinned, const struct trial *t)
{
    int rc = try_key(pinned, t);
    if (rc != TB_ETRUST && rc != TB_ENOTFOUND)
        return rc;
    int found = key_walk(page->db, office, try_row, (void *)(uintptr_t)t);
    return found > 0 ? 0 : found ? found : rc;
}

/* ---- our ledger ---- */

static void check_cosignatures(struct verify_page *page, const char *note, size_t len, const char *lines, int64_t size)
{
    const struct office *office = page->v->office;
    for (size_t i = 0; i < office->peer_count; i++) {
        struct trial trial = {.note = note, .len = len, .lines = lines};
        int rc = try_keys(page, office->peers[i].code, &office->peers[i].key, &trial);
        if (rc && rc != TB_ENOTFOUND)
            verify_differ_at(page, DIFFERENCE_COSIGNATURE, office->code, size, office->peers[i].code);
    }
}

/* Where there is a checkpoint of the present size, the tree must have its root. */
static int check_checkpoint(struct verify_page *page)
{
    struct office_verify *v = page->v;
    struct checkpoint checkpoint = {.size = 0};
    struct ledger_hash root;
    struct buf note, cosignatures;
    int64_t size = (int64_t)v->frontier.size;
    buf_init(&note, LIMIT_NOTE_BYTES);
    buf_init(&cosignatures, LIMIT_NOTE_BYTES);
    int rc = store_checkpoint_parts(page->db, v->frontier.size, &note, &cosignatures);
    if (!rc) {
        v->checkpoints++;
        rc = ledger_root(suite_of(page), &v->frontier, &root);
        struct trial trial = {.note = note.data, .len = note.len, .out = &checkpoint};
        if (!rc && try_keys(page, v->office->code, &store_signer(page->db)->vkey, &trial))
            verify_differ_at(page, DIFFERENCE_CHECKPOINT, v->office->code, size, "signature");
        else if (!rc && (checkpoint.size != v->frontier.size || memcmp(root.b, checkpoint.root.b, sizeof root.b) != 0))
            verify_differ_at(page, DIFFERENCE_CHECKPOINT, v->office->code, size, "root");
        if (!rc && cosignatures.len)
            check_cosignatures(page, note.data, note.len, cosignatures.data, size);
    }
    buf_free(&note);
    buf_free(&cosignatures);
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* Between the copy that was restored and the size at which the ledger went on there are lost entries: of what came back the leaf alone is
 * known, and behind the gap the tree goes on from the subtrees that the counterparts kept.  *inside: the line is done with. */
static int pass_gap(struct verify_page *page, const struct entry_raw *raw, bool *inside)
{
    struct office_verify *v = page->v;
    struct ledger_hash leaf;
    uint64_t first, until;
    int rc = store_gap_before(page->db, v->frontier.size + 1, &first, &until);
    *inside = !rc && until > v->frontier.size && raw->index < until;
    if (rc || until <= v->frontier.size)
        return rc;
    if (raw->index >= until) {
        rc = store_frontier_at(page->db, until, &v->frontier);
        return rc ? rc : check_checkpoint(page);
    }
    rc = retention_leaf(suite_of(page), raw->line, raw->len, raw->hashes, raw->hashes_len, &leaf);
    if (!rc && (raw->hashes_len < sizeof leaf.b || memcmp(leaf.b, raw->hashes, sizeof leaf.b) != 0))
        verify_differ_at(page, DIFFERENCE_LINE, v->office->code, (int64_t)raw->index, "hash");
    v->gap_at = raw->index + 1;
    v->entries++;
    return rc;
}

static int ledger_line(void *context, const struct entry_raw *raw)
{
    struct verify_page *page = context;
    struct office_verify *v = page->v;
    bool inside;
    int gap = pass_gap(page, raw, &inside);
    if (gap || inside)
        return gap;
    struct ledger_hash leaf, completed[LEDGER_LEVELS];
    unsigned count = 0;
    int64_t at = (int64_t)v->frontier.size;
    if (raw->index != v->frontier.size) {
        verify_differ_at(page, DIFFERENCE_LINE, v->office->code, at, "missing");
        return TB_ECORRUPT;
    }
    int rc = retention_leaf(suite_of(page), raw->line, raw->len, raw->hashes, raw->hashes_len, &leaf);
    if (rc)
        return rc;
    if (raw->hashes_len < sizeof leaf.b || memcmp(leaf.b, raw->hashes, sizeof leaf.b) != 0) {
        verify_differ_at(page, DIFFERENCE_LINE, v->office->code, at, "hash");
        if (raw->hashes_len >= sizeof leaf.b) /* on with what was hashed: one damaged line is one difference */
            memcpy(leaf.b, raw->hashes, sizeof leaf.b);
    }
    rc = ledger_append(suite_of(page), &v->frontier, &leaf, completed, &count);
    if (!rc && (raw->hashes_len != count * sizeof completed[0] || memcmp(raw->hashes, completed, raw->hashes_len) != 0))
        verify_differ_at(page, DIFFERENCE_TREE, v->office->code, at, "hashes");
    v->entries++;
    if (!rc)
        rc = verify_erased_line(page, v->office->code, at, raw->line, raw->len);
    if (!rc)
        rc = verify_hold_line(page, at, raw->line, raw->len);
    return rc ? rc : check_checkpoint(page);
}

/* What a recovery wrote again says the same, byte by byte. */
static int check_repeats(struct verify_page *page)
{
    struct ledger_hash first, second;
    uint64_t index, again;
    int64_t after = -1;
    int rc;
    while (!(rc = store_next_repeat(page->db, after, &index, &again))) {
        after = (int64_t)index;
        rc = store_entry_leaf(page->db, index, &first);
        if (!rc)
            rc = store_entry_leaf(page->db, again, &second);
        if (rc && rc != TB_ENOTFOUND)
            return rc;
        if (rc || memcmp(first.b, second.b, sizeof first.b) != 0)
            verify_differ_at(page, DIFFERENCE_LINE, page->v->office->code, (int64_t)again, rc ? "missing" : "repeat");
    }
    return rc == TB_ENOTFOUND ? 0 : rc;
}

static int step_ledger(struct verify_page *page, bool *over)
{
    struct office_verify *v = page->v;
    int64_t size = (int64_t)store_ledger_size(page->db);
    int rc = 0;
    while (!rc && (int64_t)v->frontier.size < size && !verify_spent(page))
        rc = entry_raw_scan(page->db, v->frontier.size > v->gap_at ? v->frontier.size : v->gap_at, CHUNK, ledger_line, page);
    v->phase = "ledger";
    v->done = (int64_t)v->frontier.size;
    v->of = size;
    *over = rc == TB_ECORRUPT || (int64_t)v->frontier.size >= size;
    if (rc == TB_ECORRUPT) /* said, and nothing behind it can be compared */
        return 0;
    if (!rc && *over)
        rc = verify_hold_rows(page);
    return !rc && *over ? check_repeats(page) : rc;
}

/* ---- what the counterparts sent ---- */

/* Root of the counterpart's ledger at that size, from the checkpoint that is kept. */
static int root_of(struct verify_page *page, const struct office_peer *peer, uint64_t size, struct ledger_hash *root)
{
    struct office_verify *v = page->v;
    struct checkpoint checkpoint = {.size = 0};
    struct buf note;
    int rc = 0;
    if (v->checkpoint_size != size) {
        buf_init(&note, LIMIT_NOTE_BYTES);
        rc = peer_checkpoint_get(page->db, peer->code, size, &note);
        struct trial trial = {.note = note.data, .len = note.len, .out = &checkpoint};
        if (!rc && (try_keys(page, peer->code, &peer->key, &trial) || checkpoint.size != size))
            rc = TB_ETRUST;
        buf_free(&note);
        if (!rc) {
            v->checkpoint_size = size;
            v->checkpoint_root = checkpoint.root;
        }
    }
    *root = v->checkpoint_root;
    return rc;
}

/* The word for what is wrong with a kept line, NULL when it verifies; other failures in *rc. */
static const char *fault_of(struct verify_page *page, const struct office_peer *peer, const struct inbox_row *row, int *rc)
{
    struct ledger_hash root;
    *rc = root_of(page, peer, row->tree_size, &root);
    if (*rc == TB_ENOTFOUND || *rc == TB_ETRUST) {
        const char *word = *rc == TB_ENOTFOUND ? "its checkpoint is missing" : "its checkpoint does not verify";
        *rc = 0;
        return word;
    }
    if (*rc)
        return NULL;
    int verified = ledger_verify_inclusion(suite_of(page), row->index, row->tree_size, &row->leaf, row->path.hash, row->path.count, &root);
    return verified ? "proof" : NULL;
}

/* A row that the store gave, or did not: 0 when the walk can go on. */
static int judge(struct verify_page *page, const struct office_peer *peer, enum difference difference, int64_t seq, int rc,
                 const struct inbox_row *row)
{
    if (rc == TB_ENOTFOUND || rc == TB_ECORRUPT) {
        verify_differ_at(page, difference, peer->code, seq, rc == TB_ENOTFOUND ? "missing" : "hash");
        return 0;
    }
    const char *fault = rc ? NULL : fault_of(page, peer, row, &rc);
    if (fault)
        verify_differ_at(page, difference, peer->code, seq, fault);
    return rc;
}

static int check_message(struct verify_page *page, const struct office_peer *peer, int64_t seq)
{
    struct office_verify *v = page->v;
    struct inbox_row row = {.seq = 0};
    int rc = inbox_get(page->db, peer->code, seq, &row);
    bool here = !rc;
    rc = judge(page, peer, DIFFERENCE_MESSAGE, seq, rc, &row);
    if (!rc && here)
        rc = tally_step(suite_of(page), &v->tally, &row.leaf);
    if (!rc && here)
        rc = verify_erased_line(page, peer->code, seq, row.line, row.len);
    if (here)
        inbox_clear(&row);
    v->messages++;
    return rc;
}

/* The messages of one counterpart, and the running sum over them. */
static int step_messages(struct verify_page *page, bool *over)
{
    struct office_verify *v = page->v;
    const struct office_peer *peer = &v->office->peers[v->peer];
    struct peer_row row;
    v->phase = "messages";
    *over = v->peer >= v->office->peer_count;
    if (*over)
        return 0;
    int rc = peer_get(page->db, peer->code, &row);
    if (rc)
        return rc;
    while (!rc && v->seq < row.received.seq && !verify_spent(page))
        rc = check_message(page, peer, ++v->seq);
    v->done = v->seq;
    v->of = row.received.seq;
    if (!rc && v->seq >= row.received.seq) {
        if (v->seq == row.received.seq && memcmp(v->tally.hash.b, row.received.hash.b, sizeof v->tally.hash.b) != 0)
            verify_differ_at(page, DIFFERENCE_TALLY, peer->code, v->seq, "received");
        v->seq = 0;
        v->tally = (struct tally){.seq = 0};
        v->checkpoint_size = 0;
        *over = ++v->peer >= v->office->peer_count;
    }
    peer_row_clear(&row);
    return rc;
}

static int check_receipt(struct verify_page *page, const struct office_peer *peer, int64_t *seq)
{
    struct office_verify *v = page->v;
    struct inbox_row row = {.seq = 0};
    struct entry entry;
    int64_t last = *seq;
    int rc = receipt_get(page->db, peer->code, *seq, &row);
    bool here = !rc;
    rc = judge(page, peer, DIFFERENCE_RECEIPT, *seq, rc, &row);
    if (here && !entry_decode(row.line, row.len, &entry, NULL)) {
        int64_t said = json_integer_value(json_object_get(entry.body, "last"));
        last = said > last ? said : last;
        entry_clear(&entry);
    }
    if (here)
        inbox_clear(&row);
    for (int64_t each = *seq; !rc && each <= last; each++) {
        struct ledger_hash leaf;
        if (outbox_index(page->db, peer->code, each, NULL, &leaf, NULL, NULL))
            verify_differ_at(page, DIFFERENCE_LINE, peer->code, each, "a message of ours is missing");
        else
            rc = tally_step(suite_of(page), &v->tally, &leaf);
    }
    v->receipts++;
    *seq = last;
    return rc;
}

/* The receipts of one counterpart for our messages, and the running sum over those. */
static int step_receipts(struct verify_page *page, bool *over)
{
    struct office_verify *v = page->v;
    const struct office_peer *peer = &v->office->peers[v->peer];
    struct peer_row row;
    v->phase = "messages";
    *over = v->peer >= v->office->peer_count;
    if (*over)
        return 0;
    int rc = peer_get(page->db, peer->code, &row);
    if (rc)
        return rc;
    while (!rc && v->seq < row.sent.seq && !verify_spent(page)) {
        v->seq++;
        rc = check_receipt(page, peer, &v->seq);
    }
    v->done = v->seq;
    v->of = row.sent.seq;
    if (!rc && v->seq >= row.sent.seq) {
        if (v->seq == row.sent.seq && memcmp(v->tally.hash.b, row.sent.hash.b, sizeof v->tally.hash.b) != 0)
            verify_differ_at(page, DIFFERENCE_TALLY, peer->code, v->seq, "sent");
        v->seq = 0;
        v->tally = (struct tally){.seq = 0};
        v->checkpoint_size = 0;
        *over = ++v->peer >= v->office->peer_count;
    }
    peer_row_clear(&row);
    return rc;
}

/* ---- the tables: the check of the reports over everything ---- */

static int count_nothing(struct report_run *run, const struct report_fact *fact)
{
    (void)run;
    (void)fact;
    return 0;
}

static const struct report_column no_columns[] = {{"", "", REPORT_TEXT}, {NULL, NULL, REPORT_TEXT}};
static const struct report_feed every_source[] = {
    {REPORT_CASES, count_nothing}, {REPORT_GRANTS, count_nothing}, {REPORT_ITEMS, count_nothing}, {REPORT_OBJECTS, count_nothing},
    {REPORT_CASES, NULL}};
static const struct report everything = {
    .name = "verify", .zh = "", .help = "", .columns = no_columns, .feeds = every_source, .span = REPORT_SPAN_ALL, .reach = REPORT_UP_TO,
    .needs = REPORT_NEEDS_EVENTS | REPORT_NEEDS_APPLICATION | REPORT_NEEDS_CLOCKS | REPORT_NEEDS_ACTS, .basis = "", .registers = ~0U};

static void take_differences(struct verify_page *page, const json_t *answer)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(answer, "differences"), i, one)
    {
        char detail[WHERE_BYTES * 2];
        (void)snprintf(detail, sizeof detail, "%s: %.80s / %.80s", strict_json_peek(one, "field"), strict_json_peek(one, "row"),
                       strict_json_peek(one, "entries"));
        verify_differ(page, DIFFERENCE_ROW, strict_json_peek(one, "case"), detail);
    }
    const json_t *checked = json_object_get(answer, "checked"), *progress = json_object_get(answer, "progress");
    page->v->cases += json_integer_value(json_object_get(checked, "cases"));
    page->v->objects += json_integer_value(json_object_get(checked, "objects"));
    page->v->done = json_integer_value(json_object_get(progress, "done"));
    page->v->of = json_integer_value(json_object_get(progress, "of"));
}

static int step_tables(struct verify_page *page, bool *over)
{
    struct office_verify *v = page->v;
    struct office_report report;
    v->phase = "tables";
    office_report_init(&report, v->office, &everything);
    report.verify = true;
    report.cursor = v->cursor;
    int rc = report.query.run(page->db, &report.query);
    if (rc == TB_ECORRUPT) {
        verify_differ(page, DIFFERENCE_TABLES, v->office->code, "");
        *over = true;
        rc = 0;
    } else if (!rc) {
        take_differences(page, report.answer);
        const char *next = json_string_value(json_object_get(report.answer, "next"));
        v->cursor = next ? strtoll(next, NULL, 10) : 0;
        *over = !next;
    }
    office_report_clear(&report);
    return rc;
}

/* ---- materials ---- */

static int take_material(void *context, const struct material_row *row)
{
    struct office_verify *v = context;
    v->materials[v->material_count++] = *row;
    memcpy(v->sha256, row->sha256, sizeof v->sha256);
    return 0;
}

static int step_materials(struct verify_page *page, bool *over)
{
    struct office_verify *v = page->v;
    v->phase = "materials";
    v->materials = calloc(MATERIALS, sizeof *v->materials);
    int rc = v->materials ? material_scan(page->db, v->sha256, MATERIALS, take_material, v) : TB_ENOMEM;
    if (!rc)
        rc = material_count(page->db, &v->of);
    v->cursor += (int64_t)v->material_count;
    v->done = v->cursor;
    *over = !v->material_count;
    return rc;
}

/* ---- one page ---- */

static int (*const steps[])(struct verify_page *page, bool *over) = {step_ledger,        step_messages, step_receipts,
                                                                     verify_step_erased, step_tables,   step_materials};
enum { STEPS = sizeof steps / sizeof steps[0] };

static void page_clear(struct office_verify *v)
{
    json_decref(v->differences);
    free(v->materials);
    v->differences = NULL;
    v->materials = NULL;
    v->material_count = 0;
}

static int verify_run(struct store_db *db, struct store_query *query)
{
    struct office_verify *v = (struct office_verify *)query;
    const struct world *world = store_world(db);
    struct verify_page page = {.v = v, .db = db, .deadline = world->monotonic_ms(world->context) + LIMIT_REPORT_PAGE_MS};
    bool over = false;
    page_clear(v);
    v->differences = json_array();
    int rc = v->differences ? steps[v->step](&page, &over) : TB_ENOMEM;
    if (!rc && over) {
        v->step++;
        v->peer = 0;
        v->seq = v->cursor = 0;
        v->over = v->step == STEPS;
    }
    return rc;
}

void office_verify_init(struct office_verify *verify, const struct office *office)
{
    *verify = (struct office_verify){.query = {.run = verify_run}, .office = office, .phase = ""};
    ledger_frontier_init(&verify->frontier);
}

void office_verify_clear(struct office_verify *verify)
{
    page_clear(verify);
    json_decref(verify->holds);
    verify->holds = NULL;
}
