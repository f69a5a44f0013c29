#include "tests/simulation/sim.h"

#include <stdlib.h>
#include <string.h>

/* After a commit or a start: the ledger extends the one that was acknowledged last. */
void sim_check_commit(struct sim_node *node)
{
    struct store_db *db = store_sync_view(node->store);
    struct buf note;
    uint64_t size = 0;
    struct checkpoint checkpoint;
    struct ledger_path path;
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = store_checkpoint(db, false, &size, &note);
    bool waits = node->closed && size == node->sim->image.size; /* nothing was taken back yet */
    if (waits || (rc == TB_ENOTFOUND && !node->size)) {
        buf_free(&note);
        return;
    }
    if (!rc && size != node->size)
        rc = checkpoint_verify(&node->signer.vkey, note.data, note.len, &checkpoint);
    if (!rc && size < node->size)
        rc = TB_ECORRUPT;
    if (!rc && size != node->size) {
        rc = store_prove_consistency(db, node->size, size, &path);
        if (!rc && node->size)
            rc = ledger_verify_consistency(node->office->suite, node->size, size, &node->root, &checkpoint.root, path.hash, path.count);
        if (!rc && checkpoint.size != size)
            rc = TB_ECORRUPT;
        if (!rc) {
            node->size = size;
            node->root = checkpoint.root;
        }
    }
    if (rc)
        sim_fail(node->sim, "lost: the ledger of office %d (size %llu) does not extend the acknowledged one (size %llu): %s", node->id,
                 (unsigned long long)size, (unsigned long long)node->size, err_text(rc));
    buf_free(&note);
}

/* What one side believes to be receipted, the other has. */
void sim_check_links(struct sim *sim)
{
    struct peer_row row[SIM_NODES];
    for (int i = 0; i < SIM_NODES; i++)
        if (!sim->node[i].store || sim->node[i].closed)
            return;
    for (int i = 0; i < SIM_NODES; i++)
        if (peer_get(store_sync_view(sim->node[i].store), sim->node[i].office->peers[0].code, &row[i])) {
            sim_fail(sim, "the peer row of office %d cannot be read", i);
            return;
        }
    for (int i = 0; i < SIM_NODES; i++) {
        const struct peer_row *mine = &row[i], *theirs = &row[1 - i];
        if (mine->sent.seq > theirs->received.seq)
            sim_fail(sim, "lost: office %d has a receipt for message %lld, office %d has only %lld", i, (long long)mine->sent.seq, 1 - i,
                     (long long)theirs->received.seq);
        if (mine->sent.seq == theirs->received.seq && memcmp(&mine->sent.hash, &theirs->received.hash, sizeof mine->sent.hash))
            sim_fail(sim, "the tallies differ at message %lld", (long long)mine->sent.seq);
    }
    for (int i = 0; i < SIM_NODES; i++)
        peer_row_clear(&row[i]);
}

static json_t *timeline(struct sim_node *node, const char *case_no)
{
    struct office_question question;
    office_question_init(&question, node->office, ASK_TIMELINE, &node->office->staff[0]);
    memcpy(question.case_no, case_no, CASE_NO_TEXT);
    if (question.query.run(store_sync_view(node->store), &question.query))
        sim_fail(node->sim, "office %d has no timeline of %s: %s", node->id, case_no, question.problem.detail);
    return question.answer;
}

static void check_doubles(struct sim *sim, const json_t *rows, const char *case_no)
{
    size_t count = json_array_size(rows);
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++) {
            const json_t *a = json_array_get(rows, i), *b = json_array_get(rows, k);
            if (json_equal(json_object_get(a, "id"), json_object_get(b, "id")))
                sim_fail(sim, "doubled: an entry stands twice in the timeline of %s", case_no);
            if (json_integer_value(json_object_get(a, "rev")) && json_equal(json_object_get(a, "rev"), json_object_get(b, "rev")))
                sim_fail(sim, "doubled: revision %lld of %s was given twice",
                         (long long)json_integer_value(json_object_get(a, "rev")), case_no);
        }
}

/* Decision 1: the home side numbers each effect, from one on.  *lacks: what it did last is lost with an older image, as its own receipts
 * show; the other side knows the state after it, and it has to be done again. */
static void check_row_of_revisions(struct sim *sim, const json_t *rows, const char *case_no, bool *lacks)
{
    json_int_t want = 1;
    *lacks = false;
    for (size_t i = 0; i < json_array_size(rows); i++, want++) {
        const json_t *row = json_array_get(rows, i);
        json_int_t rev = json_integer_value(json_object_get(row, "rev"));
        for (; want < rev && sim_image_lost(sim, case_no, want); want++)
            *lacks = true;
        if (*lacks && !sim_image_lacking(sim, case_no))
            sim_fail(sim, "nobody is told that an act in %s is lost", case_no);
        if (rev != want)
            sim_fail(sim, "lost: revision %lld of %s", (long long)want, case_no);
        *lacks = *lacks && strncmp(json_string_value(json_object_get(row, "from")), case_no, OFFICE_LEN) == 0;
    }
}

/* Verdict and revision of a refused message stand only with its sender; everything else must be the same. */
static json_t *shared_rows(const json_t *doc)
{
    json_t *out = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(doc, "rows"), i, row)
        if (json_integer_value(json_object_get(row, "rev")) > 0)
            (void)json_array_append(out, row);
    return out;
}

/* Both sides reckon the same: what each caches of the clocks comes from the same facts. */
static void check_due(struct sim *sim, const char *case_no)
{
    struct case_row row[SIM_NODES];
    for (int i = 0; i < SIM_NODES; i++)
        if (case_get(store_sync_view(sim->node[i].store), case_no, &row[i])) {
            sim_fail(sim, "case %s cannot be read at office %d", case_no, i);
            return;
        }
    if (row[0].due_day != row[1].due_day || row[0].due_clock != row[1].due_clock || row[0].stop_until != row[1].stop_until ||
        row[0].clock_from != row[1].clock_from)
        sim_fail(sim, "the clocks of %s differ: due %lld, %lld; stopped until %lld, %lld", case_no, (long long)row[0].due_day,
                 (long long)row[1].due_day, (long long)row[0].stop_until, (long long)row[1].stop_until);
    for (int i = 0; i < SIM_NODES; i++)
        case_row_clear(&row[i]);
}

static void check_case(struct sim *sim, const char *case_no)
{
    json_t *doc[SIM_NODES], *rows[SIM_NODES];
    bool lacks = true;
    for (int i = 0; i < SIM_NODES; i++)
        doc[i] = timeline(&sim->node[i], case_no);
    if (!sim->failure[0]) {
        for (int i = 0; i < SIM_NODES; i++)
            rows[i] = shared_rows(doc[i]);
        if (!json_equal(rows[0], rows[1])) {
            if (sim->verbose) {
                (void)json_dumpf(doc[0], stderr, JSON_INDENT(1));
                (void)json_dumpf(doc[1], stderr, JSON_INDENT(1));
            }
            sim_fail(sim, "the timelines of %s differ", case_no);
        }
        check_row_of_revisions(sim, rows[0], case_no, &lacks);
        if (!lacks && !json_equal(json_object_get(doc[0], "state"), json_object_get(doc[1], "state")))
            sim_fail(sim, "the states of %s differ: %s, %s", case_no, json_string_value(json_object_get(doc[0], "state")),
                     json_string_value(json_object_get(doc[1], "state")));
        check_doubles(sim, rows[0], case_no);
        for (int i = 0; i < SIM_NODES; i++)
            json_decref(rows[i]);
    }
    for (int i = 0; i < SIM_NODES; i++)
        json_decref(doc[i]);
    if (!sim->failure[0] && !lacks)
        check_due(sim, case_no);
}

/* A case that only this office has a part in. */
static void check_local(struct sim_node *node, const char *case_no)
{
    json_t *doc = timeline(node, case_no);
    if (doc)
        check_doubles(node->sim, json_object_get(doc, "rows"), case_no);
    json_decref(doc);
}

/* All is here, and nobody says so: a case that waits for nothing. */
static void check_received(struct sim_node *node, const struct case_row *row)
{
    size_t waiting = 0;
    if (strcmp(row->home, node->office->code) || row->state != CASE_FORWARDED)
        return;
    if (material_waits(store_sync_view(node->store), row->id, &waiting) || !waiting)
        sim_fail(node->sim, "case %s has all that it waits for at office %d and is not received", row->case_no, node->id);
}

static size_t check_cases(struct sim *sim, int at)
{
    struct case_filter filter = {.state = -1, .limit = LIMIT_LIST_PAGE};
    struct sim_node *node = &sim->node[at];
    size_t taken_in = 0;
    do {
        struct case_row *rows = NULL;
        size_t count = 0;
        int64_t next = 0;
        if (case_list(store_sync_view(node->store), &filter, &rows, &count, &next)) {
            sim_fail(sim, "the cases of office %d cannot be listed", at);
            return 0;
        }
        for (size_t i = 0; i < count && !sim->failure[0]; i++) {
            check_received(node, &rows[i]);
            if (strcmp(rows[i].intake, node->office->code) != 0)
                continue;
            taken_in++;
            if (rows[i].pending)
                sim_fail(sim, "case %s still waits for a verdict", rows[i].case_no);
            bool local = !strcmp(rows[i].home, rows[i].intake);
            if (local)
                check_local(node, rows[i].case_no);
            else if (rows[i].rev > 0)
                check_case(sim, rows[i].case_no);
        }
        case_rows_free(rows, count);
        filter.cursor = next;
    } while (filter.cursor && !sim->failure[0]);
    return taken_in;
}

/* The numbers of written documents follow each other in the ledger, kind by kind and year by year, without gaps. */
static void check_number(struct sim_node *node, const struct buf *line, int64_t last[][2])
{
    struct entry entry;
    if (entry_decode(line->data, line->len, &entry, NULL)) {
        sim_fail(node->sim, "an entry of office %d cannot be read", node->id);
        return;
    }
    const char *number = json_string_value(json_object_get(entry.body, "document_no"));
    const struct document_row *row = document_by_entry(entry.type, entry.body);
    char want[DOCUMENT_NO_TEXT];
    if (number && row) {
        int64_t *seen = last[row - document_table];
        int year = document_year(entry.at);
        seen[1] = seen[0] == year ? seen[1] + 1 : 1;
        seen[0] = year;
        if (document_number(row, node->office->papers.prefix, year, seen[1], want) || strcmp(want, number) != 0)
            sim_fail(node->sim, "office %d numbered a document %s where %s was the next", node->id, number, want);
    } else if (row && !row->at_print && !strcmp(entry.from, node->office->code)) {
        sim_fail(node->sim, "office %d did not number its %s", node->id, row->id);
    }
    entry_clear(&entry);
}

/* The whole ledger again, entry by entry, without trusting a stored node. */
static void check_ledger(struct sim_node *node)
{
    struct ledger_frontier frontier;
    struct ledger_hash leaf, completed[LEDGER_LEVELS], root;
    unsigned count;
    struct buf line;
    int64_t last[64][2] = {{0}};
    int rc = 0;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    ledger_frontier_init(&frontier);
    for (uint64_t i = 0; i < node->size && !rc; i++) {
        buf_clear(&line);
        rc = store_entry_line(store_sync_view(node->store), i, &line);
        if (!rc && document_table_count <= 64)
            check_number(node, &line, last);
        if (!rc)
            rc = ledger_leaf(node->office->suite, line.data, line.len, &leaf);
        if (!rc)
            rc = ledger_append(node->office->suite, &frontier, &leaf, completed, &count);
    }
    if (!rc)
        rc = ledger_root(node->office->suite, &frontier, &root);
    if (rc || memcmp(&root, &node->root, sizeof root))
        sim_fail(node->sim, "the ledger of office %d does not give its own root", node->id);
    buf_free(&line);
}

/* Every report from the stored rows is what a replay of the entries gives, and no entry of the ledger is unknown to its case. */
static void check_reports(struct sim_node *node)
{
    for (size_t i = 0; i < report_count && !node->sim->failure[0]; i++) {
        struct office_report page;
        int64_t cursor = 0;
        do {
            office_report_init(&page, node->office, &reports[i]);
            page.verify = true;
            page.cursor = cursor;
            int rc = page.query.run(store_sync_view(node->store), &page.query);
            const json_t *differences = json_object_get(page.answer, "differences"), *one = json_array_get(differences, 0);
            const char *next = json_string_value(json_object_get(page.answer, "next"));
            cursor = next ? strtoll(next, NULL, 10) : 0;
            if (rc)
                sim_fail(node->sim, "the report %s of office %d fails: %s", reports[i].name, node->id, page.problem.detail);
            else if (one)
                sim_fail(node->sim, "the report %s of office %d: %s of case %s is %s in its row, %s by its entries", reports[i].name,
                         node->id,
                         json_string_value(json_object_get(one, "field")), json_string_value(json_object_get(one, "case")),
                         json_string_value(json_object_get(one, "row")), json_string_value(json_object_get(one, "entries")));
            else if (!json_equal(json_object_get(page.answer, "rows"), json_object_get(page.answer, "stored")))
                sim_fail(node->sim, "the report %s of office %d is not what its entries say", reports[i].name, node->id);
            office_report_clear(&page);
        } while (cursor && !node->sim->failure[0]);
    }
}

void sim_check_end(struct sim *sim)
{
    size_t cases = 0, joints = 0, legs = 0;
    for (int i = 0; i < SIM_NODES && !sim->failure[0]; i++) {
        struct peer_row row;
        if (!peer_get(store_sync_view(sim->node[i].store), sim->node[i].office->peers[0].code, &row)) {
            if (row.sent.seq != row.next_seq - 1)
                sim_fail(sim, "office %d: %lld messages were never receipted", i, (long long)(row.next_seq - 1 - row.sent.seq));
            peer_row_clear(&row);
        }
        if (!sim->image.recovered || sim->image.victim != i) /* it has a gap */
            check_ledger(&sim->node[i]);
        if (!sim->failure[0])
            sim_check_law(&sim->node[i]);
    }
    for (int i = 0; i < SIM_NODES && !sim->failure[0]; i++) {
        sim_check_clocks(&sim->node[i]);
        if (!sim->failure[0])
            check_reports(&sim->node[i]);
        cases += check_cases(sim, i);
        joints += sim_check_joints(&sim->node[i], &legs);
    }
    if (!sim->failure[0])
        sim_check_registers(sim);
    if (!sim->failure[0] && joints != sim->joints)
        sim_fail(sim, "%zu joint cases were acknowledged, %zu exist", sim->joints, joints);
    cases -= legs;
    if (!sim->failure[0] && cases != sim->intakes)
        sim_fail(sim, "%s: %zu applications were acknowledged, %zu cases exist",
                 cases < sim->intakes ? "lost" : "doubled", sim->intakes, cases);
    for (size_t i = 0; i < sim->acked_count && !sim->failure[0]; i++)
        sim_repeat(sim, &sim->acked[i]);
}
