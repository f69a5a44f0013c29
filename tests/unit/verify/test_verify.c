/* tongban-verify: a whole case of two offices, the same with one thing altered, and single proofs from files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "client/verify.h"
#include "proto/message.h"
#include "proto/strict_json.h"

enum { MAX = 64 };

/* One office's ledger, as far as a test needs it. */
struct office {
    const char *code;
    struct note_signer signer;
    struct ledger_frontier frontier;
    struct ledger_hash stored[8][MAX];
    char vkey[NOTE_VKEY_TEXT];
};
static struct office intake, home;
static const struct suite *suite;
static char case_no[CASE_NO_TEXT], dir[] = "/tmp/tongban-verify-XXXXXX";

static void require(int rc)
{
    assert_int_equal(rc, 0);
}

static int read_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    *out = ((struct office *)context)->stored[level][index];
    return 0;
}

static void office_start(struct office *o, const char *code, uint8_t seed)
{
    uint8_t secret[32] = {seed};
    char name[32];
    memset(o, 0, sizeof *o);
    o->code = code;
    (void)snprintf(name, sizeof name, "tongban/%s", code);
    require(note_signer_make(suite, name, secret, &o->signer));
    require(note_vkey_format(&o->signer.vkey, false, o->vkey));
    ledger_frontier_init(&o->frontier);
}

static void office_append(struct office *o, const char *line)
{
    struct ledger_hash leaf, completed[LEDGER_LEVELS];
    unsigned count;
    uint64_t index = o->frontier.size;
    require(ledger_leaf(suite, line, strlen(line), &leaf));
    require(ledger_append(suite, &o->frontier, &leaf, completed, &count));
    for (unsigned k = 0; k < count; k++)
        o->stored[k][((index + 1) >> k) - 1] = completed[k];
}

/* The proof of entry `index` under the ledger as it is now, cosigned by `witness` (or NULL). */
static void office_prove(struct office *o, uint64_t index, const struct office *witness, struct buf *out)
{
    struct ledger_nodes nodes = {read_node, o};
    struct ledger_path path;
    struct ledger_hash root;
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    buf_init(out, (size_t)2 * LIMIT_NOTE_BYTES);
    require(ledger_root(suite, &o->frontier, &root));
    require(checkpoint_sign(&o->signer, o->frontier.size, &root, &note));
    if (witness)
        require(checkpoint_cosign(&witness->signer, note.data, note.len, 1795397400, &note));
    require(ledger_prove_inclusion(suite, &nodes, index, o->frontier.size, &path));
    require(tlog_proof_format(index, &path, note.data, note.len, out));
    buf_free(&note);
}

static unsigned uuid_serial;

/* Writes an entry of the case into the office's ledger; the line is new. */
static char *office_write(struct office *o, enum entry_type type, const struct office *to, int64_t seq, int64_t rev,
                          json_t *body)
{
    struct entry e = {.type = type, .seq = seq, .rev = rev, .at = 1795397400123 + uuid_serial, .body = body};
    uint8_t random[10] = {0};
    random[9] = (uint8_t)++uuid_serial;
    uuid_v7(e.at, random, e.id);
    memcpy(e.from, o->code, OFFICE_TEXT);
    if (to)
        memcpy(e.to, to->code, OFFICE_TEXT);
    if (type != ENTRY_RECEIPT)
        memcpy(e.case_no, case_no, sizeof case_no);
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    require(entry_encode(&e, &line));
    entry_clear(&e);
    office_append(o, line.data);
    return buf_take(&line, NULL);
}

static json_t *receipt_body(const char *line, int64_t seq, int64_t rev)
{
    struct receipt_line one = {.verdict = VERDICT_DONE, .rev = rev, .state = "received"};
    struct receipt receipt = {.first = seq, .last = seq, .tally = {.seq = seq}, .lines = &one};
    json_t *body;
    require(ledger_leaf(suite, line, strlen(line), &one.leaf));
    require(receipt_to_json(&receipt, &body));
    return body;
}

/* The case: 0 intake's own record, 1 submitted (rev 1 by receipt), 2 its receipt, 3 accepted (rev 2), 4 decided (rev
 * 3). */
static json_t *bundle_new(bool cosigned)
{
    static const int64_t revs[] = {0, 1, 0, 2, 3};
    char *lines[5];
    office_start(&intake, "320623", 1);
    office_start(&home, "330483", 2);
    uuid_serial = 0;
    office_append(&intake, "{\"another\":1}");
    lines[0] = office_write(&intake, ENTRY_CASE_INTAKEN, NULL, 0, 0, json_object());
    lines[1] = office_write(&intake, ENTRY_CASE_SUBMITTED, &home, 42, 0, json_object());
    lines[2] = office_write(&home, ENTRY_RECEIPT, &intake, 0, 0, receipt_body(lines[1], 42, 1));
    office_append(&home, "{\"another\":2}");
    lines[3] = office_write(&home, ENTRY_CASE_ACCEPTED, &intake, 7, 2, json_object());
    lines[4] = office_write(&home, ENTRY_CASE_DECIDED, &intake, 9, 3, json_object());
    static const uint64_t index[] = {1, 2, 0, 2, 3};
    json_t *entries = json_array();
    for (int i = 0; i < 5; i++) {
        struct buf proof;
        office_prove(i < 2 ? &intake : &home, index[i], cosigned ? (i < 2 ? &home : &intake) : NULL, &proof);
        json_array_append_new(
            entries, json_pack("{s:s, s:s, s:I}", "line", lines[i], "proof", proof.data, "rev", (json_int_t)revs[i]));
        buf_free(&proof);
        free(lines[i]);
    }
    return json_pack("{s:i, s:s, s:[{s:s, s:s}, {s:s, s:s}], s:o}", "v", 1, "case", case_no, "offices", "office",
                     "320623", "vkey", intake.vkey, "office", "330483", "vkey", home.vkey, "entries", entries);
}

static void write_file(const char *name, const char *bytes, size_t len, char path[64])
{
    (void)snprintf(path, 64, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    require(fclose(f));
}

static struct verify_report report;

static void report_reset(void)
{
    json_decref(report.facts);
    buf_free(&report.text);
    report = (struct verify_report){.facts = json_object()};
    buf_init(&report.text, VERIFY_BUNDLE_BYTES);
}

static int run_case(json_t *bundle, const struct verify_args *base)
{
    char path[64];
    struct buf text;
    buf_init(&text, VERIFY_BUNDLE_BYTES);
    require(strict_json_dump(bundle, &text));
    write_file("bundle", text.data, text.len, path);
    buf_free(&text);
    struct verify_args args = *base;
    args.file = path;
    report_reset();
    return verify_case(&args, &report);
}

static struct verify_args both_keys(void)
{
    return (struct verify_args){.key = {intake.vkey, home.vkey}, .keys = 2};
}

static int setup(void **state)
{
    (void)state;
    suite = suite_by_name("intl");
    return !mkdtemp(dir) || case_no_make("320623", 20780, 12, case_no);
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"bundle", "note", "proof", "entry"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
    json_decref(report.facts);
    buf_free(&report.text);
    return 0;
}

static void test_case(void **state)
{
    (void)state;
    json_t *bundle = bundle_new(true);
    struct verify_args args = both_keys();
    int rc = run_case(bundle, &args);
    if (rc)
        fail_msg("%s: %s", report.element, report.detail);
    const json_t *entries = json_object_get(report.facts, "entries");
    assert_int_equal(json_array_size(entries), 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(json_is_true(json_object_get(json_array_get(entries, i), "cosigned")));
    assert_true(json_is_true(json_object_get(json_array_get(entries, 1), "rev_proved"))); /* by the receipt */
    assert_int_equal(json_array_size(json_object_get(report.facts, "not_proved")), 1);
    assert_non_null(strstr(report.text.data, "case.decided"));
    /* a receipt may stand behind each message it covers; another entry may not stand twice (test_case_altered) */
    require(json_array_append(json_object_get(bundle, "entries"), json_array_get(json_object_get(bundle, "entries"), 2)));
    require(run_case(bundle, &args));
    json_decref(bundle);
    bundle = bundle_new(false);
    require(run_case(bundle, &args));
    assert_int_equal(json_array_size(json_object_get(report.facts, "not_proved")), 2); /* nobody cosigned */
    /* without the receipt the revision of the submission is only claimed */
    require(json_array_remove(json_object_get(bundle, "entries"), 2));
    require(run_case(bundle, &args));
    assert_non_null(strstr(report.text.data, "rev 1?"));
    assert_int_equal(json_array_size(json_object_get(report.facts, "not_proved")), 3);
    /* a missing revision is said */
    require(json_array_remove(json_object_get(bundle, "entries"), 2));
    require(run_case(bundle, &args));
    assert_non_null(strstr(report.text.data, "not proved: 1 of 3 revisions are not in the bundle"));
    json_decref(bundle);
}

static void refused(json_t *bundle, const struct verify_args *args, int status, const char *element)
{
    int rc = run_case(bundle, args);
    if (rc != status || strncmp(report.element, element, strlen(element)))
        fail_msg("%d %s: %s (expected %d %s)", rc, report.element, report.detail, status, element);
    json_decref(bundle);
}

static json_t *entry_of(json_t *bundle, size_t i)
{
    return json_array_get(json_object_get(bundle, "entries"), i);
}

/* A text member with one piece replaced. */
static void replace(json_t *obj, const char *key, const char *piece, const char *by)
{
    const char *text = json_string_value(json_object_get(obj, key)), *at = strstr(text, piece);
    assert_non_null(at);
    struct buf b;
    buf_init(&b, LIMIT_ENTRY_BYTES);
    require(buf_printf(&b, "%.*s%s%s", (int)(at - text), text, by, at + strlen(piece)));
    json_object_set_new(obj, key, json_string(b.data));
    buf_free(&b);
}

/* `tongban-verify case BUNDLE` alone: the keys inside are used, and the result says whose word that is. */
static void test_case_without_keys(void **state)
{
    (void)state;
    static const struct verify_args none = {.keys = 0};
    struct verify_args witnessed = {.witness = {home.vkey}, .witnesses = 1};
    json_t *bundle = bundle_new(true);
    require(run_case(bundle, &none));
    assert_string_equal(json_string_value(json_object_get(report.facts, "keys")), "bundle");
    assert_non_null(strstr(report.text.data, "they came with the bundle"));
    require(run_case(bundle, &witnessed));
    struct verify_args given = both_keys();
    require(run_case(bundle, &given));
    assert_string_equal(json_string_value(json_object_get(report.facts, "keys")), "given");
    assert_null(strstr(report.text.data, "they came with the bundle"));
    /* a line with one letter changed, a key that is another's, no keys at all */
    json_t *entries = json_object_get(bundle, "entries"), *one = json_array_get(entries, 1);
    char *line = strdup(json_string_value(json_object_get(one, "line")));
    char *at = strstr(line, "case.submitted");
    assert_non_null(at);
    memcpy(at, "case.withdrawn", 14);
    json_object_set_new(one, "line", json_string(line));
    free(line);
    assert_int_equal(run_case(bundle, &none), VERIFY_FAILED);
    json_decref(bundle);
    bundle = bundle_new(true);
    json_t *offices = json_object_get(bundle, "offices");
    json_object_set(json_array_get(offices, 0), "vkey", json_object_get(json_array_get(offices, 1), "vkey"));
    assert_int_equal(run_case(bundle, &none), VERIFY_FAILED);
    (void)json_object_del(bundle, "offices");
    assert_int_equal(run_case(bundle, &none), VERIFY_FAILED);
    json_decref(bundle);
}

static void test_case_altered(void **state)
{
    (void)state;
    json_t *b = bundle_new(true);
    struct verify_args args = both_keys(), one = args;
    one.keys = 1;
    refused(b, &one, VERIFY_FAILED, "offices");
    b = bundle_new(true);
    json_object_del(b, "offices"); /* then the entries tell */
    refused(b, &one, VERIFY_FAILED, "entries/2/line");
    b = bundle_new(true);
    json_object_set_new(json_array_get(json_object_get(b, "offices"), 0), "vkey", json_string(home.vkey));
    refused(b, &args, VERIFY_FAILED, "offices");
    b = bundle_new(true);
    replace(entry_of(b, 3), "line", "\"seq\":7", "\"seq\":8");
    refused(b, &args, VERIFY_FAILED, "entries/3/proof");
    b = bundle_new(true);
    replace(entry_of(b, 3), "line", "\"seq\":7", "\"seq\":0");
    refused(b, &args, VERIFY_USAGE, "entries/3/line");
    b = bundle_new(true);
    json_object_set(entry_of(b, 3), "proof", json_object_get(entry_of(b, 4), "proof"));
    refused(b, &args, VERIFY_FAILED, "entries/3/proof");
    b = bundle_new(true);
    json_object_set(entry_of(b, 3), "proof", json_object_get(entry_of(b, 1), "proof")); /* the other office's ledger */
    refused(b, &args, VERIFY_FAILED, "entries/3/proof");
    b = bundle_new(true);
    replace(entry_of(b, 3), "proof", "index 2", "index 3");
    refused(b, &args, VERIFY_FAILED, "entries/3/proof");
    b = bundle_new(true);
    replace(entry_of(b, 3), "proof", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2");
    refused(b, &args, VERIFY_USAGE, "entries/3/proof");
    b = bundle_new(true);
    json_object_set_new(entry_of(b, 3), "rev", json_integer(3)); /* the entry itself says 2 */
    refused(b, &args, VERIFY_FAILED, "entries/3/rev");
    b = bundle_new(true);
    json_object_set_new(entry_of(b, 1), "rev", json_integer(2)); /* the receipt says 1 */
    refused(b, &args, VERIFY_FAILED, "entries/1/rev");
    b = bundle_new(true);
    json_array_append(json_object_get(b, "entries"), entry_of(b, 3));
    refused(b, &args, VERIFY_FAILED, "entries/5/proof");
    b = bundle_new(true);
    json_t *moved = json_incref(entry_of(b, 4));
    json_array_remove(json_object_get(b, "entries"), 4);
    json_array_insert_new(json_object_get(b, "entries"), 0, moved);
    refused(b, &args, VERIFY_FAILED, "entries/2/rev");
    b = bundle_new(true);
    json_array_remove(json_object_get(b, "entries"), 1); /* the receipt covers nothing */
    refused(b, &args, VERIFY_FAILED, "entries/1/line");
    b = bundle_new(true);
    char other[CASE_NO_TEXT];
    require(case_no_make("320623", 20780, 13, other));
    json_object_set_new(b, "case", json_string(other));
    refused(b, &args, VERIFY_FAILED, "entries/0/line");
    b = bundle_new(true);
    json_object_set_new(b, "extra", json_true());
    refused(b, &args, VERIFY_USAGE, "BUNDLE");
    b = bundle_new(true);
    json_array_clear(json_object_get(b, "entries"));
    refused(b, &args, VERIFY_FAILED, "entries");
    b = bundle_new(true);
    json_array_append_new(json_object_get(b, "entries"), json_integer(1));
    refused(b, &args, VERIFY_USAGE, "entries/5/");
    b = bundle_new(true);
    one = args;
    char as_witness[NOTE_VKEY_TEXT];
    require(note_vkey_format(&intake.signer.vkey, true, as_witness));
    one.key[0] = as_witness;
    refused(b, &one, VERIFY_USAGE, "--key");
}

/* An office that shows two ledgers of the same size is found out by the bundle alone. */
static void test_case_fork(void **state)
{
    (void)state;
    json_t *b = bundle_new(false);
    struct verify_args args = both_keys();
    struct buf proof;
    office_start(&home, "330483", 2); /* the same key, another history */
    office_append(&home, "{\"forged\":1}");
    office_append(&home, "{\"forged\":2}");
    office_append(&home, "{\"forged\":3}");
    office_append(&home, json_string_value(json_object_get(entry_of(b, 4), "line")));
    office_prove(&home, 3, NULL, &proof);
    json_object_set_new(entry_of(b, 4), "proof", json_string(proof.data));
    buf_free(&proof);
    refused(b, &args, VERIFY_FAILED, "entries/4/proof");
    assert_non_null(strstr(report.detail, "fork"));
}

static void test_single_proof(void **state)
{
    (void)state;
    json_t *b = bundle_new(true);
    const char *line = json_string_value(json_object_get(entry_of(b, 3), "line"));
    const char *proof = json_string_value(json_object_get(entry_of(b, 3), "proof"));
    char note_path[64], proof_path[64], entry_path[64], witness[NOTE_VKEY_TEXT], stranger[NOTE_VKEY_TEXT];
    const char *note = strstr(proof, "\n\n") + 2;
    write_file("note", note, strlen(note), note_path);
    write_file("proof", proof, strlen(proof), proof_path);
    require(note_vkey_format(&intake.signer.vkey, true, witness));
    require(note_vkey_format(&home.signer.vkey, true, stranger));
    struct verify_args args = {.key = {home.vkey}, .keys = 1, .entry = entry_path, .file = proof_path};
    struct buf text;
    buf_init(&text, LIMIT_ENTRY_BYTES);
    for (int newlines = 0; newlines < 3; newlines++) { /* one at the end does not count, two do */
        buf_clear(&text);
        require(buf_printf(&text, "%s%s", line, newlines == 0 ? "" : newlines == 1 ? "\n" : "\n\n"));
        write_file("entry", text.data, text.len, entry_path);
        report_reset();
        assert_int_equal(verify_proof(&args, &report), newlines < 2 ? VERIFY_OK : VERIFY_FAILED);
    }
    assert_string_equal(report.element, "inclusion");
    write_file("entry", line, strlen(line), entry_path);
    args.witness[0] = witness;
    args.witnesses = 1;
    report_reset();
    assert_int_equal(verify_proof(&args, &report), VERIFY_OK);
    args.file = note_path;
    report_reset();
    assert_int_equal(verify_checkpoint(&args, &report), VERIFY_OK);
    args.witness[0] = stranger;
    report_reset();
    assert_int_equal(verify_checkpoint(&args, &report), VERIFY_FAILED);
    assert_string_equal(report.element, "witness");
    args.witnesses = 0;
    args.key[0] = intake.vkey;
    report_reset();
    assert_int_equal(verify_checkpoint(&args, &report), VERIFY_FAILED);
    assert_string_equal(report.element, "checkpoint");
    args.key[0] = home.vkey;
    args.file = entry_path;
    report_reset();
    assert_int_equal(verify_checkpoint(&args, &report), VERIFY_USAGE);
    args.file = "/nonexistent/file";
    report_reset();
    assert_int_equal(verify_checkpoint(&args, &report), VERIFY_USAGE);
    assert_string_equal(report.element, "FILE");
    buf_free(&text);
    json_decref(b);
}

#define VECTORS TONGBAN_SOURCE_DIR "/tests/vectors/"

/* The files that another implementation wrote. */
static void test_vectors(void **state)
{
    (void)state;
    static const char *const names[] = {"320623.vkey", "330483.vkey", "320623.witness.vkey"};
    struct buf keys[3];
    report_reset();
    for (int i = 0; i < 3; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, VECTORS "%s", names[i]);
        require(verify_read_file(&report, names[i], path, NOTE_VKEY_TEXT, &keys[i]));
    }
    struct verify_args args = {.key = {keys[1].data, keys[0].data},
                               .keys = 1,
                               .witness = {keys[2].data},
                               .witnesses = 1,
                               .entry = VECTORS "entry.json",
                               .file = VECTORS "entry.tlog-proof"};
    assert_int_equal(verify_proof(&args, &report), VERIFY_OK);
    args.file = VECTORS "checkpoint";
    assert_int_equal(verify_checkpoint(&args, &report), VERIFY_OK);
    args.file = VECTORS "case.json";
    args.keys = 2;
    report_reset();
    assert_int_equal(verify_case(&args, &report), VERIFY_OK);
    assert_int_equal(json_array_size(json_object_get(report.facts, "entries")), 6);
    assert_int_equal(json_array_size(json_object_get(report.facts, "not_proved")), 1);
    /* its receipt carries the tally after the one message */
    struct buf text;
    json_t *bundle;
    require(verify_read_file(&report, "case", args.file, VERIFY_BUNDLE_BYTES, &text));
    require(strict_json_parse(text.data, text.len, &bundle, NULL));
    const char *line = json_string_value(json_object_get(entry_of(bundle, 2), "line"));
    struct entry e;
    struct receipt receipt;
    struct tally tally = {.seq = 0};
    require(entry_decode(line, strlen(line), &e, NULL));
    require(receipt_from_json(e.body, &receipt, NULL));
    require(tally_step(suite, &tally, &receipt.lines[0].leaf));
    assert_memory_equal(&tally.hash, &receipt.tally.hash, sizeof tally.hash);
    assert_int_equal(tally.seq, receipt.tally.seq);
    receipt_clear(&receipt);
    entry_clear(&e);
    json_decref(bundle);
    buf_free(&text);
    for (int i = 0; i < 3; i++)
        buf_free(&keys[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_case),         cmocka_unit_test(test_case_without_keys),
                                       cmocka_unit_test(test_case_altered), cmocka_unit_test(test_case_fork),
                                       cmocka_unit_test(test_single_proof), cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
