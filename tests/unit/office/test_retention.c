/* Erasing what is over its retention: what goes, what stays proved, what a crash between pages leaves, and what the verification says. */
#include "halls.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"
#include "daemon/office/retention.h"
#include "daemon/office/verify.h"
#include "daemon/store/db.h"
#include "daemon/store/material.h"
#include "daemon/store/retention_rows.h"
#include "proto/retention.h"

static const char *const items[] = {"{}", "{\"retention\":\"30y\"}", "{\"retention\":\"permanent\"}", NULL};
static const char *const secrets[] = {"张三", "33048318500101001X", "家里有事"};

#define WITHDRAW "{'reason':'家里有事'}"

/* ---- helpers ---- */

static int run_command(struct halls *h, int hall, struct store_command *command)
{
    command->next = NULL;
    int rc = store_run_batch(h->hall[hall].store, command);
    return rc ? rc : command->rc;
}

static int page(struct halls *h, int hall, struct office_retention *r)
{
    return run_command(h, hall, &r->command);
}

/* A whole pass; the cases that were erased, or are due. */
static int64_t pass(struct halls *h, int hall, enum retention_act act, struct material_store *materials)
{
    struct office_retention r;
    office_retention_init(&r, h->hall[hall].office, act);
    r.materials = materials;
    do
        OK(page(h, hall, &r));
    while (r.more);
    int64_t cases = act == RETENTION_PLAN ? r.left : r.cases;
    office_retention_clear(&r);
    return cases;
}

/* 0, or the problem of the refusal. */
static int try_hold(struct halls *h, int hall, enum retention_act act, const char *no, const char *reason)
{
    struct office_retention r;
    office_retention_init(&r, h->hall[hall].office, act);
    memcpy(r.case_no, no, CASE_NO_TEXT);
    r.reason = reason;
    r.uid = 1001;
    int rc = page(h, hall, &r) ? (int)r.problem.id : 0;
    office_retention_clear(&r);
    return rc;
}

static void hold(struct halls *h, int hall, enum retention_act act, const char *no)
{
    OK(try_hold(h, hall, act, no, "行政复议"));
}

/* Cells of all tables of an office in which one of the words stands. */
static int count_hits(struct store_db *db, void *context)
{
    size_t *hits = context;
    sqlite3_stmt *tables = NULL;
    OK(sqlite3_prepare_v2(db->handle, "SELECT name FROM sqlite_master WHERE type = 'table'", -1, &tables, NULL));
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char sql[200];
        sqlite3_stmt *rows = NULL;
        (void)snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", (const char *)sqlite3_column_text(tables, 0));
        OK(sqlite3_prepare_v2(db->handle, sql, -1, &rows, NULL));
        while (sqlite3_step(rows) == SQLITE_ROW)
            for (int c = 0; c < sqlite3_column_count(rows); c++)
                for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
                    const void *cell = sqlite3_column_blob(rows, c);
                    *hits += cell && memmem(cell, (size_t)sqlite3_column_bytes(rows, c), secrets[i], strlen(secrets[i])) != NULL;
                }
        sqlite3_finalize(rows);
    }
    sqlite3_finalize(tables);
    return 0;
}

static size_t hits(struct halls *h, int hall)
{
    size_t found = 0;
    OK(halls_run(h, hall, count_hits, &found));
    return found;
}

static int run_sql(struct store_db *db, void *context)
{
    return sqlite3_exec(db->handle, context, NULL, NULL, NULL) == SQLITE_OK ? 0 : TB_EINVAL;
}

static void change(struct halls *h, int hall, const char *sql)
{
    char text[300];
    (void)snprintf(text, sizeof text, "%s", sql);
    OK(halls_run(h, hall, run_sql, text));
}

/* What a verification finds: names of the differences, joined by blanks. */
static const char *verify(struct halls *h, int hall)
{
    static char found[400];
    struct office_verify v;
    found[0] = '\0';
    office_verify_init(&v, h->hall[hall].office);
    while (!v.over) {
        size_t i;
        const json_t *one;
        OK(v.query.run(store_sync_view(h->hall[hall].store), &v.query));
        json_array_foreach(v.differences, i, one)
            (void)snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", found[0] ? " " : "",
                           json_string_value(json_object_get(one, "difference")));
    }
    office_verify_clear(&v);
    return found;
}

static void withdrawn(struct halls *h, const char *item, char no[CASE_NO_TEXT])
{
    halls_intake(h, item, no);
    halls_exchange(h);
    OK(halls_act(h, INTAKE, "window", no, "withdraw", WITHDRAW));
    halls_exchange(h);
    assert_int_equal(halls_state(h, HOME, no), CASE_WITHDRAWN);
}

/* The halls with two cases that were withdrawn on that day: what most tests begin with. */
static void two_withdrawn(struct halls *h, const char *item, char one[CASE_NO_TEXT], const char *other, char two[CASE_NO_TEXT])
{
    halls_make(h, items, false, "2026-12-01 09:00");
    withdrawn(h, item, one);
    withdrawn(h, other, two);
}

/* ---- tests ---- */

static void test_when(void **state)
{
    (void)state;
    struct halls h;
    char ten[CASE_NO_TEXT], thirty[CASE_NO_TEXT], permanent[CASE_NO_TEXT], open[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", ten, "X2", thirty);
    withdrawn(&h, "X3", permanent);
    halls_intake(&h, "X1", open);
    halls_exchange(&h);
    halls_at(&h, "2036-12-01 23:59");
    assert_int_equal(pass(&h, HOME, RETENTION_PLAN, NULL), 0); /* the last day still belongs to it */
    halls_at(&h, "2036-12-02 00:00");
    assert_int_equal(pass(&h, HOME, RETENTION_PLAN, NULL), 1);
    hold(&h, HOME, RETENTION_HOLD, ten);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 0);
    hold(&h, HOME, RETENTION_RELEASE, ten);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 0); /* once */
    halls_at(&h, "2056-12-02 00:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    halls_at(&h, "2096-12-02 00:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 0);
    halls_drop(&h);
}

struct leaves {
    struct ledger_hash leaf[200];
    uint64_t count;
};

static int read_leaves(struct store_db *db, void *context)
{
    struct leaves *l = context;
    l->count = store_ledger_size(db);
    assert_in_range(l->count, 1, 200);
    for (uint64_t i = 0; i < l->count; i++)
        OK(store_entry_leaf(db, i, &l->leaf[i]));
    return 0;
}

/* Every entry of before is still included under a checkpoint of now, by its old leaf. */
static int check_proofs(struct store_db *db, void *context)
{
    const struct leaves *before = context;
    struct buf note;
    struct checkpoint checkpoint;
    uint64_t size;
    buf_init(&note, LIMIT_NOTE_BYTES);
    OK(store_checkpoint(db, false, &size, &note));
    OK(checkpoint_verify(&store_signer(db)->vkey, note.data, note.len, &checkpoint));
    for (uint64_t i = 0; i < before->count; i++) {
        struct ledger_path path;
        struct ledger_hash leaf;
        OK(store_entry_leaf(db, i, &leaf));
        assert_memory_equal(leaf.b, before->leaf[i].b, sizeof leaf.b);
        OK(store_prove_inclusion(db, i, size, &path));
        OK(ledger_verify_inclusion(store_signer(db)->suite, i, size, &leaf, path.hash, path.count, &checkpoint.root));
    }
    buf_free(&note);
    return 0;
}

static void test_all_goes_and_the_proof_stays(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT], note[REGISTER_NO_TEXT], body[200];
    halls_make(&h, items, false, "2026-12-01 09:00");
    size_t none[HALLS] = {hits(&h, HOME), hits(&h, INTAKE)};
    withdrawn(&h, "X1", no);
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'张三来过'}}", no);
    OK(halls_register(&h, INTAKE, "window", "note", NULL, "write", body, note));
    halls_exchange(&h);
    for (int hall = 0; hall < HALLS; hall++)
        assert_true(hits(&h, hall) > none[hall]);
    halls_at(&h, "2040-01-01 09:00");
    for (int hall = 0; hall < HALLS; hall++) {
        struct leaves before;
        OK(halls_run(&h, hall, read_leaves, &before));
        change(&h, hall, "UPDATE object SET open = 0, pending = 0");
        change(&h, hall, "DELETE FROM idempotency");
        assert_int_equal(pass(&h, hall, RETENTION_RUN, NULL), 1);
        assert_int_equal(hits(&h, hall), none[hall]);
        OK(halls_run(&h, hall, check_proofs, &before));
        assert_string_equal(verify(&h, hall), "");
        halls_restart(&h, hall);
        json_decref(halls_ask(&h, hall, ASK_TIMELINE, no));
        json_decref(halls_ask(&h, hall, ASK_BUNDLE, no));
    }
    halls_drop(&h);
}

static int erase_again(struct store_db *db, void *context)
{
    struct retention_case row;
    int64_t at, lines = 9, materials = 9;
    (void)context;
    OK(retention_erased_next(db, 0, &row, &at));
    uint64_t size = store_ledger_size(db);
    OK(retention_erase(db, &row, at + 5, "30y", &lines, &materials));
    assert_int_equal(lines + materials, 0);
    assert_int_equal(store_ledger_size(db), size);
    OK(retention_erased_next(db, 0, &row, &at));
    return 0;
}

static void test_twice_is_once(void **state)
{
    (void)state;
    struct halls h;
    char no[CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    withdrawn(&h, "X1", no);
    halls_at(&h, "2040-01-01 09:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    json_t *before = halls_ask(&h, HOME, ASK_BUNDLE, no);
    OK(halls_run(&h, HOME, erase_again, NULL));
    json_t *after = halls_ask(&h, HOME, ASK_BUNDLE, no);
    assert_true(json_equal(json_object_get(before, "entries"), json_object_get(after, "entries")));
    json_decref(before);
    json_decref(after);
    assert_string_equal(verify(&h, HOME), "");
    halls_drop(&h);
}

/* The power goes between two pages: what was committed stays erased, the pass counts as interrupted, the next one does the rest. */
static void test_cut_between_pages(void **state)
{
    (void)state;
    enum { CASES = RETENTION_PAGE + 5 };
    struct halls h;
    struct office_retention r;
    struct retention_sweep sweep;
    char no[CASES][CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    for (int i = 0; i < CASES; i++)
        withdrawn(&h, "X1", no[i]);
    halls_at(&h, "2040-01-01 09:00");
    office_retention_init(&r, h.hall[HOME].office, RETENTION_RUN);
    OK(page(&h, HOME, &r));
    assert_int_equal(r.cases, RETENTION_PAGE);
    assert_true(r.more);
    office_retention_clear(&r);
    halls_restart(&h, HOME);
    OK(retention_sweep_get(store_sync_view(h.hall[HOME].store), &sweep));
    assert_true(sweep.began > sweep.ended);
    assert_string_equal(verify(&h, HOME), "");
    assert_int_equal(pass(&h, HOME, RETENTION_PLAN, NULL), CASES - RETENTION_PAGE);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), CASES - RETENTION_PAGE);
    OK(retention_sweep_get(store_sync_view(h.hall[HOME].store), &sweep));
    assert_true(sweep.began <= sweep.ended && sweep.cases == CASES - RETENTION_PAGE && !sweep.kept);
    assert_string_equal(verify(&h, HOME), "");
    halls_drop(&h);
}

/* ---- materials ---- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

struct files {
    char directory[64];
    struct material_store *store;
};

static void files_make(struct files *f, struct halls *h)
{
    struct problem p;
    (void)snprintf(f->directory, sizeof f->directory, "/tmp/test_retention.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    OK(material_store_open(&(struct material_options){.directory = f->directory, .world = &h->hall[HOME].world}, &f->store, &p));
}

static void files_drop(struct files *f)
{
    material_store_close(f->store);
    (void)nftw(f->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void digest_of(char c, char out[MATERIAL_NAME_TEXT])
{
    memset(out, c, MATERIAL_NAME_TEXT - 1);
    out[MATERIAL_NAME_TEXT - 1] = '\0';
}

static bool is_there(struct files *f, char c)
{
    char sha256[MATERIAL_NAME_TEXT];
    int fd;
    int64_t size;
    digest_of(c, sha256);
    int rc = material_open_read(f->store, sha256, &fd, &size);
    if (!rc)
        close(fd);
    return !rc;
}

static void put_file(struct files *f, char c)
{
    char path[200], sha256[MATERIAL_NAME_TEXT];
    digest_of(c, sha256);
    (void)snprintf(path, sizeof path, "%s/materials/%.2s", f->directory, sha256);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/materials/%.2s/%s", f->directory, sha256, sha256);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("%PDF-1.7", file);
    (void)fclose(file);
}

struct link {
    char c;
    const char *no;
};

/* As an arrival and an intake would: the row of the material, and the case that names it. */
static int link_material(struct store_db *db, void *context)
{
    const struct link *link = context;
    struct material_row material = {.size = 8, .type = "application/pdf", .at = store_now(db)};
    struct case_row row;
    digest_of(link->c, material.sha256);
    OK(material_put(db, &material));
    if (!link->no)
        return 0;
    OK(case_get(db, link->no, &row));
    OK(material_case_add(db, material.sha256, row.id));
    case_row_clear(&row);
    return 0;
}

static void attach(struct halls *h, char c, const char *no)
{
    OK(halls_run(h, HOME, link_material, &(struct link){c, no}));
}

static void test_shared_materials(void **state)
{
    (void)state;
    struct halls h;
    struct files f;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X2", two); /* the second thirty years */
    files_make(&f, &h);
    put_file(&f, 'a');
    put_file(&f, 'b');
    attach(&h, 'a', one);
    attach(&h, 'b', one);
    attach(&h, 'b', two);
    halls_at(&h, "2040-01-01 09:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 1);
    assert_false(is_there(&f, 'a'));
    assert_true(is_there(&f, 'b'));
    assert_string_equal(verify(&h, HOME), "");
    halls_at(&h, "2060-01-01 09:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 1);
    assert_false(is_there(&f, 'b'));
    files_drop(&f);
    halls_drop(&h);
}

/* Erased and committed, not yet unlinked: the power goes, and the next pass unlinks. */
static void test_cut_before_the_unlink(void **state)
{
    (void)state;
    struct halls h;
    struct files f;
    struct office_retention r;
    char no[CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    files_make(&f, &h);
    withdrawn(&h, "X1", no);
    put_file(&f, 'a');
    attach(&h, 'a', no);
    halls_at(&h, "2040-01-01 09:00");
    office_retention_init(&r, h.hall[HOME].office, RETENTION_RUN);
    r.materials = f.store;
    OK(page(&h, HOME, &r));
    office_retention_clear(&r);
    halls_restart(&h, HOME);
    assert_true(is_there(&f, 'a'));
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 0);
    assert_false(is_there(&f, 'a'));
    files_drop(&f);
    halls_drop(&h);
}

/* The same scan is uploaded once more while the only case that names it is being erased: whoever did finds it when he hands in. */
static void test_uploaded_again_before(void **state)
{
    (void)state;
    struct halls h;
    struct files f;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X3", two); /* the second stands for a new one */
    files_make(&f, &h);
    put_file(&f, 'a');
    attach(&h, 'a', one);
    halls_at(&h, "2040-01-01 09:00");
    attach(&h, 'a', NULL);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 1);
    assert_true(is_there(&f, 'a'));
    attach(&h, 'a', two);
    halls_at(&h, "2040-03-01 09:00");
    for (int i = 0; i < 3; i++)
        assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 0);
    assert_true(is_there(&f, 'a'));
    assert_string_equal(verify(&h, HOME), "");
    files_drop(&f);
    halls_drop(&h);
}

/* Uploaded again and never handed in: a day later it goes, too. */
static void test_uploaded_again_for_nothing(void **state)
{
    (void)state;
    struct halls h;
    struct files f;
    char no[CASE_NO_TEXT];
    halls_make(&h, items, false, "2026-12-01 09:00");
    files_make(&f, &h);
    withdrawn(&h, "X1", no);
    put_file(&f, 'a');
    attach(&h, 'a', no);
    halls_at(&h, "2040-01-01 09:00");
    attach(&h, 'a', NULL);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 1);
    halls_at(&h, "2040-01-03 09:00");
    for (int i = 0; i < 2; i++)
        assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 0);
    assert_false(is_there(&f, 'a'));
    files_drop(&f);
    halls_drop(&h);
}

/* An upload has just found the file, and its row is on the way to the writer, when the file is to be unlinked. */
static void test_uploaded_again_at_the_unlink(void **state)
{
    (void)state;
    struct halls h;
    struct files f;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT], sha256[MATERIAL_NAME_TEXT];
    struct material_keep keep = {.store = NULL};
    two_withdrawn(&h, "X1", one, "X3", two);
    files_make(&f, &h);
    put_file(&f, 'a');
    attach(&h, 'a', one);
    digest_of('a', sha256);
    halls_at(&h, "2040-01-01 09:00");
    material_keep(f.store, &keep, sha256);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 1);
    assert_true(is_there(&f, 'a'));
    attach(&h, 'a', NULL);
    material_unkeep(&keep);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 0);
    assert_true(is_there(&f, 'a'));
    attach(&h, 'a', two);
    halls_at(&h, "2040-03-01 09:00");
    for (int i = 0; i < 2; i++)
        assert_int_equal(pass(&h, HOME, RETENTION_RUN, f.store), 0);
    assert_true(is_there(&f, 'a'));
    files_drop(&f);
    halls_drop(&h);
}

/* ---- what the verification says ---- */

static void test_verify_both_ways(void **state)
{
    (void)state;
    struct halls h;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X2", two);
    halls_at(&h, "2040-01-01 09:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    assert_string_equal(verify(&h, HOME), "");
    /* erased lines without the row, and an order that was not carried out */
    change(&h, HOME, "CREATE TEMP TABLE was AS SELECT * FROM erased; DELETE FROM erased");
    const char *found = verify(&h, HOME);
    assert_non_null(strstr(found, "erased-without-order"));
    assert_non_null(strstr(found, "not-erased"));
    change(&h, HOME, "INSERT INTO erased SELECT * FROM was");
    assert_string_equal(verify(&h, HOME), "");
    /* the row says so, something is still there */
    change(&h, HOME, "UPDATE cases SET applicant = '张三' WHERE id IN (SELECT case_id FROM erased)");
    assert_string_equal(verify(&h, HOME), "not-erased");
    change(&h, HOME, "UPDATE cases SET applicant = NULL WHERE id IN (SELECT case_id FROM erased)");
    /* a row that nobody ordered, of a case that is whole: one row too many, and all its lines are there */
    change(&h, HOME, "INSERT INTO erased SELECT id, 1, '10y', 1, 0 FROM cases WHERE id NOT IN (SELECT case_id FROM erased)");
    found = verify(&h, HOME);
    assert_non_null(strstr(found, "erased-without-order"));
    assert_non_null(strstr(found, "not-erased"));
    halls_drop(&h);
}

/* ---- holds ---- */

/* The last entry of our ledger is about that case, and of that kind; its body. */
static json_t *last_entry(struct halls *h, enum entry_type type, const char *no)
{
    struct store_db *db = store_sync_view(h->hall[HOME].store);
    struct entry entry;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    OK(store_entry_line(db, store_ledger_size(db) - 1, &line));
    OK(entry_decode(line.data, line.len, &entry, NULL));
    buf_free(&line);
    assert_int_equal(entry.type, type);
    assert_string_equal(entry.case_no, no);
    assert_string_equal(entry.to, "");
    return entry.body;
}

static void said(struct halls *h, enum entry_type type, const char *no, const char *reason)
{
    json_t *body = last_entry(h, type, no);
    assert_string_equal(json_string_value(json_object_get(body, "reason")), reason);
    assert_int_equal(json_integer_value(json_object_get(body, "uid")), 1001);
    assert_null(json_object_get(body, "since"));
    json_decref(body);
}

static void test_a_hold_is_an_entry(void **state)
{
    (void)state;
    struct halls h;
    char one[CASE_NO_TEXT], erased[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X1", erased);
    halls_at(&h, "2040-01-01 09:00");
    assert_int_equal(try_hold(&h, HOME, RETENTION_RELEASE, one, "撤诉"), PROBLEM_STEP_DONE); /* not held: no entry either */
    uint64_t size = store_ledger_size(store_sync_view(h.hall[HOME].store));
    assert_int_equal(try_hold(&h, HOME, RETENTION_HOLD, "330483261123000000017", "复议"), PROBLEM_NOT_FOUND);
    assert_int_equal(store_ledger_size(store_sync_view(h.hall[HOME].store)), size);
    OK(try_hold(&h, HOME, RETENTION_HOLD, one, "行政复议"));
    said(&h, ENTRY_CASE_HELD, one, "行政复议");
    OK(try_hold(&h, HOME, RETENTION_HOLD, one, "行政诉讼")); /* in the place of the first */
    said(&h, ENTRY_CASE_HELD, one, "行政诉讼");
    assert_string_equal(verify(&h, HOME), "");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    assert_int_equal(try_hold(&h, HOME, RETENTION_HOLD, erased, "复议"), PROBLEM_STEP_DONE); /* too late */
    OK(try_hold(&h, HOME, RETENTION_RELEASE, one, "判决生效"));
    said(&h, ENTRY_CASE_RELEASED, one, "判决生效");
    assert_string_equal(verify(&h, HOME), "");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    assert_string_equal(verify(&h, HOME), ""); /* what was held and is erased */
    halls_exchange(&h);
    assert_string_equal(verify(&h, INTAKE), ""); /* nothing of it was sent */
    halls_drop(&h);
}

/* Between picking it for the archive and erasing it. */
static void test_held_after_it_was_picked(void **state)
{
    (void)state;
    struct halls h;
    struct office_retention r;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X1", two);
    halls_at(&h, "2040-01-01 09:00");
    office_retention_init(&r, h.hall[HOME].office, RETENTION_PICK);
    OK(page(&h, HOME, &r));
    assert_int_equal(r.pick_count, 2);
    r.picks[0].archived = r.picks[1].archived = true;
    hold(&h, HOME, RETENTION_HOLD, one);
    r.act = RETENTION_ERASE;
    OK(page(&h, HOME, &r));
    assert_int_equal(r.cases, 1);
    office_retention_clear(&r);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 0);
    assert_string_equal(verify(&h, HOME), "");
    halls_drop(&h);
}

static void test_verify_holds_both_ways(void **state)
{
    (void)state;
    static const struct { const char *sql, *found; } rows[] = {
        {"DELETE FROM retention_hold", "hold-lost"},
        {"UPDATE retention_hold SET reason = '撤诉'", "hold-without-entry"},
        {"UPDATE retention_hold SET uid = uid + 1", "hold-without-entry"},
        {"UPDATE retention_hold SET at = at - 1", "hold-without-entry"},
        {"UPDATE retention_hold SET entry = entry - 1", "hold-without-entry"},
        {"UPDATE retention_hold SET entry = NULL", "hold-without-entry"},
        {"INSERT INTO retention_hold SELECT id, 1, 0, '', 1 FROM cases WHERE id NOT IN (SELECT case_id FROM retention_hold)",
         "hold-without-entry"},
        {"UPDATE retention_hold SET case_id = (SELECT id FROM cases WHERE id NOT IN (SELECT case_id FROM retention_hold))",
         "hold-without-entry hold-lost"},
    };
    struct halls h;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X1", two);
    hold(&h, HOME, RETENTION_HOLD, one);
    change(&h, HOME, "CREATE TEMP TABLE was AS SELECT * FROM retention_hold");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        change(&h, HOME, rows[i].sql);
        assert_string_equal(verify(&h, HOME), rows[i].found);
        change(&h, HOME, "DELETE FROM retention_hold; INSERT INTO retention_hold SELECT * FROM was");
        assert_string_equal(verify(&h, HOME), "");
    }
    change(&h, HOME, rows[0].sql);
    hold(&h, HOME, RETENTION_HOLD, one); /* what the remedy says mends it */
    assert_string_equal(verify(&h, HOME), "");
    hold(&h, HOME, RETENTION_RELEASE, one);
    change(&h, HOME, "INSERT INTO retention_hold SELECT * FROM was"); /* a hold that was ended */
    assert_string_equal(verify(&h, HOME), "hold-without-entry");
    halls_drop(&h);
}

static int start_again(struct halls *h)
{
    struct office_start start;
    office_start_init(&start, h->hall[HOME].office);
    return run_command(h, HOME, &start.command);
}

/* Rows of a program that wrote no entries. */
static void test_holds_from_before(void **state)
{
    (void)state;
    struct halls h;
    char one[CASE_NO_TEXT], two[CASE_NO_TEXT];
    two_withdrawn(&h, "X1", one, "X1", two);
    change(&h, HOME, "INSERT INTO retention_hold (case_id, at, uid, reason) SELECT id, 1790000000000, 1001, '行政复议' FROM cases");
    halls_at(&h, "2040-01-01 09:00");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 0); /* they hold without one */
    OK(start_again(&h));
    assert_string_equal(verify(&h, HOME), "");
    json_t *body = last_entry(&h, ENTRY_CASE_HELD, two);
    assert_string_equal(json_string_value(json_object_get(body, "reason")), "行政复议");
    assert_int_equal(json_integer_value(json_object_get(body, "uid")), 1001);
    assert_string_equal(json_string_value(json_object_get(body, "since")), "2026-09-21T22:13:20.000+08:00");
    json_decref(body);
    uint64_t size = store_ledger_size(store_sync_view(h.hall[HOME].store));
    OK(start_again(&h));
    assert_int_equal(store_ledger_size(store_sync_view(h.hall[HOME].store)), size + 1); /* office.started alone */
    change(&h, HOME, "UPDATE retention_hold SET at = at - 1 WHERE case_id = 1");
    assert_string_equal(verify(&h, HOME), "hold-without-entry");
    change(&h, HOME, "UPDATE retention_hold SET at = at + 1 WHERE case_id = 1");
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 0);
    hold(&h, HOME, RETENTION_RELEASE, one);
    assert_int_equal(pass(&h, HOME, RETENTION_RUN, NULL), 1);
    assert_string_equal(verify(&h, HOME), "");
    halls_drop(&h);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_all_goes_and_the_proof_stays),
        cmocka_unit_test(test_twice_is_once),
        cmocka_unit_test(test_cut_between_pages),
        cmocka_unit_test(test_shared_materials),
        cmocka_unit_test(test_cut_before_the_unlink),
        cmocka_unit_test(test_uploaded_again_before),
        cmocka_unit_test(test_uploaded_again_for_nothing),
        cmocka_unit_test(test_uploaded_again_at_the_unlink),
        cmocka_unit_test(test_verify_both_ways),
        cmocka_unit_test(test_a_hold_is_an_entry),
        cmocka_unit_test(test_held_after_it_was_picked),
        cmocka_unit_test(test_verify_holds_both_ways),
        cmocka_unit_test(test_holds_from_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
