/* Parcels and receipts: round trip, one altered element each, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/message.h"
#include "proto/strict_json.h"

enum { LEAVES = 300, OLD = 100, MAX = 4 * 1024 * 1024 };

static const struct suite *suite;
static struct note_signer signer, other;
static struct ledger_hash stored[10][LEAVES], old_root, root;
static char texts[LEAVES][64];
static struct buf note, cosig;
static struct ledger_path consistency;
static struct parcel_line *lines;

static int read_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    (void)context;
    *out = stored[level][index];
    return 0;
}
static const struct ledger_nodes nodes = {read_node, NULL};

static int setup(void **state)
{
    (void)state;
    suite = suite_by_name("intl");
    uint8_t secret[32] = {7};
    int rc = note_signer_make(suite, "tongban/320623", secret, &signer);
    secret[0] = 8;
    rc |= note_signer_make(suite, "tongban/330483", secret, &other);
    struct ledger_frontier f;
    ledger_frontier_init(&f);
    for (unsigned i = 0; i < LEAVES; i++) {
        if (i == OLD)
            rc |= ledger_root(suite, &f, &old_root);
        (void)snprintf(texts[i], sizeof texts[i], "{\"line\":%u}", i);
        struct ledger_hash leaf, completed[LEDGER_LEVELS];
        unsigned count = 0;
        rc |= ledger_leaf(suite, texts[i], strlen(texts[i]), &leaf);
        rc |= ledger_append(suite, &f, &leaf, completed, &count);
        for (unsigned k = 0; k < count; k++)
            stored[k][((i + 1) >> k) - 1] = completed[k];
    }
    rc |= ledger_root(suite, &f, &root);
    rc |= ledger_prove_consistency(suite, &nodes, OLD, LEAVES, &consistency);
    buf_init(&note, LIMIT_NOTE_BYTES);
    buf_init(&cosig, LIMIT_NOTE_BYTES);
    rc |= checkpoint_sign(&signer, LEAVES, &root, &note);
    struct buf theirs;
    buf_init(&theirs, LIMIT_NOTE_BYTES);
    rc |= checkpoint_sign(&other, 5, &root, &theirs);
    rc |= checkpoint_cosign(&signer, theirs.data, theirs.len, 1795397400, &cosig);
    buf_free(&theirs);
    lines = calloc(LEAVES, sizeof *lines);
    for (unsigned i = 0; i < LEAVES; i++) {
        lines[i] = (struct parcel_line){.line = texts[i], .len = strlen(texts[i]), .index = i};
        rc |= ledger_prove_inclusion(suite, &nodes, i, LEAVES, &lines[i].path);
    }
    return rc;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&note);
    buf_free(&cosig);
    free(lines);
    return 0;
}

static struct parcel_source source(size_t first, size_t count)
{
    return (struct parcel_source){.from = "320623",
                                  .to = "330483",
                                  .note = note.data,
                                  .note_len = note.len,
                                  .old_size = OLD,
                                  .consistency = &consistency,
                                  .seen_size = 5,
                                  .cosignature = cosig.data,
                                  .sent = {41, root},
                                  .received = {17, old_root},
                                  .lines = lines + first,
                                  .count = count};
}

static struct buf encoded(const struct parcel_source *s)
{
    struct buf b;
    buf_init(&b, MAX);
    assert_int_equal(parcel_encode(s, &b), 0);
    return b;
}

static int decode(const char *bytes, size_t len, struct parcel **out, struct problem *p)
{
    char *copy = malloc(len ? len : 1); /* exact: a read beyond it is seen by the sanitizer */
    memcpy(copy, bytes, len);
    return parcel_decode(copy, len, out, p);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 7, 256};
    for (size_t c = 0; c < 4; c++) {
        struct parcel_source s = source(3, counts[c]);
        struct buf b = encoded(&s);
        struct parcel *parcel;
        struct problem p = {.detail = ""};
        int rc = decode(b.data, b.len, &parcel, &p);
        if (rc)
            fail_msg("%s", p.detail);
        assert_string_equal(parcel->from, "320623");
        assert_string_equal(parcel->to, "330483");
        assert_string_equal(parcel->note, note.data);
        assert_string_equal(parcel->cosignature, cosig.data);
        assert_int_equal(parcel->old_size, OLD);
        assert_int_equal(parcel->seen_size, 5);
        assert_int_equal(parcel->sent.seq, 41);
        assert_memory_equal(parcel->sent.hash.b, root.b, 32);
        assert_int_equal(parcel->received.seq, 17);
        assert_memory_equal(parcel->received.hash.b, old_root.b, 32);
        assert_int_equal(parcel->count, counts[c]);
        assert_int_equal(parcel_verify(parcel, &signer.vkey, &old_root, &p), 0);
        assert_int_equal(parcel->checkpoint.size, LEAVES);
        for (size_t i = 0; i < parcel->count; i++) {
            assert_int_equal(parcel->lines[i].status, 0);
            assert_int_equal(parcel->lines[i].len, strlen(texts[3 + i]));
            assert_memory_equal(parcel->lines[i].line, texts[3 + i], parcel->lines[i].len);
            assert_memory_equal(parcel->lines[i].leaf.b, stored[0][3 + i].b, 32);
        }
        parcel_free(parcel);
        buf_free(&b);
    }
    /* no cosignature, never seen */
    struct parcel_source s = source(0, 1);
    s.cosignature = NULL;
    s.consistency = NULL;
    s.old_size = s.seen_size = 0;
    struct buf b = encoded(&s);
    struct parcel *parcel;
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), 0);
    assert_null(parcel->cosignature);
    assert_int_equal(parcel_verify(parcel, &signer.vkey, NULL, NULL), 0);
    parcel_free(parcel);
    parcel_free(NULL);
    buf_free(&b);
}

static void test_one_line_altered(void **state)
{
    (void)state;
    struct parcel_source s = source(3, 5);
    struct buf b = encoded(&s);
    char *at = strstr(b.data, "{\"line\":5}");
    assert_non_null(at);
    at[8] = '6';
    struct parcel *parcel;
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(parcel->lines[i].status, TB_ETRUST); /* before verification nothing counts */
    assert_int_equal(parcel_verify(parcel, &signer.vkey, &old_root, NULL), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(parcel->lines[i].status, i == 2 ? TB_ETRUST : 0);
    parcel_free(parcel);
    buf_free(&b);
}

static void test_not_trusted(void **state)
{
    (void)state;
    struct parcel_source s = source(0, 2);
    struct buf b = encoded(&s);
    struct parcel *parcel;
    struct problem p;
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), 0);
    assert_int_equal(parcel_verify(parcel, &other.vkey, &old_root, &p), TB_ETRUST); /* another office's key */
    assert_int_equal(p.id, PROBLEM_UNTRUSTED);
    struct note_vkey renamed = other.vkey;
    memcpy(renamed.name, signer.vkey.name, sizeof renamed.name);
    assert_int_equal(parcel_verify(parcel, &renamed, &old_root, &p), TB_ETRUST); /* the right name, another key */
    assert_int_equal(parcel_verify(parcel, &signer.vkey, &root, &p), TB_ETRUST); /* another past */
    assert_int_equal(p.id, PROBLEM_FORK);
    assert_int_equal(parcel_verify(parcel, &signer.vkey, NULL, &p), TB_EINVAL);
    assert_int_equal(parcel->lines[0].status, TB_ETRUST);
    assert_int_equal(parcel->checkpoint.size, 0);
    parcel->consistency.hash[0].b[0] ^= 1;
    assert_int_equal(parcel_verify(parcel, &signer.vkey, &old_root, &p), TB_ETRUST);
    parcel->consistency.hash[0].b[0] ^= 1;
    parcel->old_size = LEAVES + 1;
    assert_int_equal(parcel_verify(parcel, &signer.vkey, &old_root, &p), TB_ETRUST); /* shrunk */
    assert_int_equal(p.id, PROBLEM_FORK);
    parcel->old_size = 0;
    assert_int_equal(parcel_verify(parcel, &signer.vkey, NULL, &p), TB_ETRUST); /* proof where there is none */
    parcel->old_size = OLD;
    parcel->note[parcel->note_len - 1] = ' ';
    assert_int_equal(parcel_verify(parcel, &signer.vkey, &old_root, &p), TB_EMALFORMED);
    parcel_free(parcel);
    buf_free(&b);
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *piece, *by;
        int rc;
    } rows[] = {
        {"\"v\":1", "\"v\":2", TB_EMALFORMED},
        {"\"from\":\"320623\"", "\"from\":\"3206\"", TB_EMALFORMED},
        {"\"to\":\"330483\"", "\"to\":\"320623\"", TB_EMALFORMED},
        {"\"to\":\"330483\",", "", TB_EMALFORMED},
        {"\"old\":100", "\"old\":-1", TB_EMALFORMED},
        {"\"old\":100", "\"old\":4611686018427387905", TB_EMALFORMED},
        {"\"old\":100", "\"old\":1e2", TB_EMALFORMED},
        {"\"old\":100", "\"old\":100,\"old\":100", TB_EMALFORMED},
        {"\"consistency\":\"", "\"consistency\":\"!", TB_EMALFORMED},
        {"\"consistency\":\"", "\"consistency\":1,\"x\":\"", TB_EMALFORMED},
        {"\"consistency\":\"", "\"consistency\":\"AAAA", TB_EMALFORMED},
        {"\"path\":\"", "\"path\":\"AAAA", TB_EMALFORMED},
        {"\"path\":\"", "\"way\":\"", TB_EMALFORMED},
        {"\"seen\":5", "\"seen\":\"5\"", TB_EMALFORMED},
        {"\"seen\":5", "\"seen\":5,\"extra\":1", TB_EMALFORMED},
        {"\"checkpoint\":", "\"checkpoint\":7,\"x\":", TB_EMALFORMED},
        {"\"sent\":{\"seq\":41", "\"sent\":{\"seq\":-1", TB_EMALFORMED},
        {"\"sent\":{\"seq\":41", "\"sent\":{\"sec\":41", TB_EMALFORMED},
        {"\"received\":", "\"receive\":", TB_EMALFORMED},
        {"{\"index\":0,", "{\"index\":-1,", TB_EMALFORMED},
        {"{\"index\":0,", "{", TB_EMALFORMED},
        {"{\"index\":0,", "7,{\"index\":0,", TB_EMALFORMED},
        {"{\"line\":0}\n", "", TB_EMALFORMED},
        {"{\"line\":0}\n", "\n", TB_EMALFORMED},
        {"{\"line\":0}\n", "{\"line\":0}\n{\"line\":0}\n", TB_EMALFORMED},
        {"{\"line\":1}\n", "{\"line\":1}", TB_EMALFORMED},
        {"{\"v\":1", "[{\"v\":1", TB_EMALFORMED},
    };
    struct parcel_source s = source(0, 2);
    struct buf b = encoded(&s);
    struct parcel *parcel;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = strstr(b.data, rows[i].piece);
        assert_non_null(at);
        struct buf bad;
        buf_init(&bad, MAX);
        assert_int_equal(
            buf_printf(&bad, "%.*s%s%s", (int)(at - b.data), b.data, rows[i].by, at + strlen(rows[i].piece)), 0);
        struct problem p = {.detail = ""};
        int rc = decode(bad.data, bad.len, &parcel, &p);
        if (rc != rows[i].rc || !p.detail[0])
            fail_msg("%s -> %s: rc %d, %s", rows[i].piece, rows[i].by, rc, p.detail);
        buf_free(&bad);
    }
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(decode(b.data, n, &parcel, NULL), TB_EMALFORMED);
    buf_free(&b);
}

static void test_limits(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MAX);
    struct parcel_source s = source(0, 257);
    assert_int_equal(parcel_encode(&s, &b), TB_ELIMIT);
    assert_int_equal(b.len, 0);
    /* three lines of 500 KiB do not fit into one batch, two do */
    char *big = malloc(LIMIT_ENTRY_BYTES + 1);
    memset(big, 'x', LIMIT_ENTRY_BYTES + 1);
    struct parcel_line three[3];
    for (int i = 0; i < 3; i++)
        three[i] = (struct parcel_line){.line = big, .len = LIMIT_ENTRY_BYTES};
    s = source(0, 3);
    s.lines = three;
    assert_int_equal(parcel_encode(&s, &b), TB_ELIMIT);
    s.count = 2;
    assert_int_equal(parcel_encode(&s, &b), 0);
    struct parcel *parcel;
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), 0);
    parcel_free(parcel);
    /* a line too long, not announced by our own encoder */
    buf_clear(&b);
    s.count = 1;
    assert_int_equal(parcel_encode(&s, &b), 0);
    b.data[b.len - 1] = 'x';
    assert_int_equal(buf_append(&b, "\n", 1), 0);
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), TB_ELIMIT);
    three[0].len++;
    assert_int_equal(parcel_encode(&s, &b), TB_ELIMIT);
    big[5] = '\n';
    three[0].len = 10;
    assert_int_equal(parcel_encode(&s, &b), TB_EINVAL);
    free(big);
    /* a header without end */
    buf_clear(&b);
    for (int i = 0; i < 1100; i++) {
        char spaces[1024];
        memset(spaces, ' ', sizeof spaces);
        assert_int_equal(buf_append(&b, spaces, sizeof spaces), 0);
    }
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), TB_ELIMIT);
    /* the fullest header fits: 256 paths of 64 hashes */
    struct parcel_line *full = calloc(256, sizeof *full);
    for (int i = 0; i < 256; i++)
        full[i] = (struct parcel_line){.line = "{}", .len = 2, .index = UINT64_C(1) << 61, .path = {.count = 64}};
    s.lines = full;
    s.count = 256;
    buf_clear(&b);
    assert_int_equal(parcel_encode(&s, &b), 0);
    assert_int_equal(decode(b.data, b.len, &parcel, NULL), 0);
    parcel_free(parcel);
    free(full);
    buf_free(&b);
}

/* The headers beside a parcel: what does not fit is as good as none, and costs nobody a batch. */
static void test_headers(void **state)
{
    static const char *const wrong[] = {"x", "7", "7 ", "7 !!!!", "7 QUJD", "-1 -", "7  -", "99999999999999999999 -", NULL};
    struct ledger_path path = {.count = 3}, read;
    struct ledger_frontier frontier = {.size = 5, .peaks = 2};
    struct buf text;
    uint64_t size;
    (void)state;
    for (unsigned i = 0; i < path.count; i++)
        memset(path.hash[i].b, (int)i + 1, sizeof path.hash[i].b);
    buf_init(&text, PARCEL_OTHERS_TEXT);
    assert_int_equal(parcel_others_add(12, &path, &text), 0);
    path.count = 0;
    assert_int_equal(parcel_others_add(20, &path, &text), 0);
    const char *at = text.data;
    assert_int_equal(parcel_others_next(&at, &size, &read), 0);
    assert_true(size == 12 && read.count == 3 && read.hash[2].b[31] == 3);
    assert_int_equal(parcel_others_next(&at, &size, &read), 0);
    assert_true(size == 20 && read.count == 0);
    assert_int_equal(parcel_others_next(&at, &size, &read), TB_ENOTFOUND);
    struct parcel parcel = {.count = 0};
    for (size_t i = 0; wrong[i]; i++) {
        assert_int_equal(parcel_take_others(&parcel, wrong[i]), 0);
        assert_null(parcel.others);
        assert_int_equal(parcel_take_frontier(&parcel, "not base64"), 0);
        assert_null(parcel.frontier_bytes);
    }
    assert_int_equal(parcel_take_others(&parcel, NULL), 0);
    assert_int_equal(parcel_take_others(&parcel, text.data), 0);
    assert_string_equal(parcel.others, text.data);
    buf_clear(&text);
    assert_int_equal(parcel_frontier_text(&frontier, &text), 0);
    assert_int_equal(parcel_take_frontier(&parcel, text.data), 0);
    assert_int_equal(parcel.frontier_len, 2 * sizeof frontier.peak[0]);
    path.count = LEDGER_PATH_MAX;
    buf_clear(&text);
    while (!parcel_others_add(1, &path, &text))
        continue;
    assert_true(text.len < PARCEL_OTHERS_TEXT && text.data[text.len - 1] != ' ');
    free(parcel.others);
    free(parcel.frontier_bytes);
    buf_free(&text);
}

static void test_tally(void **state)
{
    (void)state;
    struct tally tally = {.seq = 0};
    struct ledger_hash expected;
    assert_int_equal(ledger_node(suite, &tally.hash, &root, &expected), 0);
    assert_int_equal(tally_step(suite, &tally, &root), 0);
    assert_int_equal(tally.seq, 1);
    assert_memory_equal(tally.hash.b, expected.b, 32);
    struct tally twin = tally;
    assert_false(tally_conflict(&tally, &twin));
    twin.hash.b[31] ^= 1;
    assert_true(tally_conflict(&tally, &twin));
    twin.seq++; /* further along: nothing to compare */
    assert_false(tally_conflict(&tally, &twin));
    twin = (struct tally){.seq = 1}; /* not known */
    assert_false(tally_conflict(&tally, &twin));
    struct tally none = {.seq = 0};
    assert_false(tally_conflict(&none, &(struct tally){.seq = 0}));
}

static void test_receipt(void **state)
{
    (void)state;
    struct receipt_line rows[3] = {
        {.leaf = root, .verdict = VERDICT_DONE, .rev = 1, .state = "forwarded"},
        {.leaf = old_root, .verdict = VERDICT_REFUSED, .problem = json_pack("{s:s}", "type", "x")},
        {.leaf = root, .verdict = VERDICT_INVALID, .problem = json_pack("{s:s}", "type", "y")},
    };
    struct receipt receipt = {.first = 42, .last = 44, .tally = {44, old_root}, .lines = rows}, back;
    json_t *body;
    assert_int_equal(receipt_to_json(&receipt, &body), 0);
    struct buf text;
    buf_init(&text, 4096);
    assert_int_equal(strict_json_dump(body, &text), 0);
    assert_memory_equal(text.data, "{\"first\":42,\"last\":44,\"tally\":\"", 31);
    assert_non_null(strstr(text.data, ",\"verdict\":\"done\",\"rev\":1,\"state\":\"forwarded\"},"));
    struct problem p;
    assert_int_equal(receipt_from_json(body, &back, &p), 0);
    assert_int_equal(back.first, 42);
    assert_int_equal(back.last, 44);
    assert_int_equal(back.tally.seq, 44);
    assert_memory_equal(back.tally.hash.b, old_root.b, 32);
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(back.lines[i].leaf.b, rows[i].leaf.b, 32);
        assert_int_equal(back.lines[i].verdict, rows[i].verdict);
        assert_int_equal(back.lines[i].rev, rows[i].rev);
        assert_string_equal(back.lines[i].state, rows[i].state);
        assert_true(!back.lines[i].problem == !rows[i].problem);
    }
    receipt_clear(&back);
    receipt_clear(NULL);
    json_decref(body);

    static const struct {
        const char *piece, *by;
    } bad[] = {
        {"\"first\":42", "\"first\":0"},   {"\"first\":42", "\"first\":43"},
        {"\"last\":44", "\"last\":41"},    {"\"last\":44", "\"last\":9223372036854775807"},
        {"\"tally\":\"", "\"tally\":\"A"}, {"\"done\"", "\"odd\""},
        {"\"done\"", "\"refused\""},       {"\"refused\"", "\"done\""},
        {"\"rev\":1", "\"rev\":0"},        {"\"forwarded\"", "\"a-state-that-is-far-too-long\""},
        {"\"rev\":1", "\"rew\":1"},        {"\"verdicts\":[", "\"verdicts\":[1,"},
        {"\"first\"", "\"firs\""},         {"{\"type\":\"y\"}", "1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = strstr(text.data, bad[i].piece);
        assert_non_null(at);
        char other_text[2048];
        int n = snprintf(other_text, sizeof other_text, "%.*s%s%s", (int)(at - text.data), text.data, bad[i].by,
                         at + strlen(bad[i].piece));
        assert_int_equal(strict_json_parse(other_text, (size_t)n, &body, NULL), 0);
        if (receipt_from_json(body, &back, &p) != TB_EMALFORMED)
            fail_msg("%s -> %s was taken", bad[i].piece, bad[i].by);
        json_decref(body);
    }
    receipt.last = 42 + LIMIT_BATCH_MESSAGES;
    assert_int_equal(receipt_to_json(&receipt, &body), TB_EINVAL);
    json_decref(rows[1].problem);
    json_decref(rows[2].problem);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_one_line_altered), cmocka_unit_test(test_not_trusted),
        cmocka_unit_test(test_malformed),  cmocka_unit_test(test_limits),           cmocka_unit_test(test_tally),
        cmocka_unit_test(test_receipt),    cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
