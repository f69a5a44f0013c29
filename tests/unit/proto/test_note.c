/* Signed notes, checkpoints, cosignatures and proofs: published examples, round trips, every byte altered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/note.h"

/* The example of the Go note package: key pair and signed text. */
#define GO_PRIVATE "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define GO_PUBLIC  "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_TEXT                                                                                                        \
    "If you think cryptography is the answer to your problem,\n"                                                       \
    "then you don't know what your problem is.\n"
#define GO_SIGNATURE "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

static const struct suite *suite;
static struct note_signer signer, witness;
static struct ledger_hash root;
static struct buf note, cosigned; /* a checkpoint; the same with a cosignature */
enum { SIZE = 20852163, TIME = 1679315147 };

static int setup(void **state)
{
    (void)state;
    suite = suite_by_name("intl");
    uint8_t secret[32] = {1};
    int rc = note_signer_make(suite, "tongban/330483", secret, &signer);
    secret[0] = 2;
    rc |= note_signer_make(suite, "tongban/320623", secret, &witness);
    for (unsigned i = 0; i < 32; i++)
        root.b[i] = (uint8_t)(i * 7);
    buf_init(&note, LIMIT_NOTE_BYTES);
    buf_init(&cosigned, LIMIT_NOTE_BYTES);
    rc |= checkpoint_sign(&signer, SIZE, &root, &note);
    rc |= buf_append(&cosigned, note.data, note.len);
    rc |= checkpoint_cosign(&witness, note.data, note.len, TIME, &cosigned);
    return rc;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&note);
    buf_free(&cosigned);
    note_signer_wipe(&signer);
    note_signer_wipe(NULL);
    return 0;
}

static void test_published_key(void **state)
{
    (void)state;
    struct note_signer go;
    struct note_vkey key;
    assert_int_equal(note_signer_parse(GO_PRIVATE, &go), 0);
    assert_int_equal(note_vkey_parse(GO_PUBLIC, &key), 0);
    assert_memory_equal(go.vkey.public_key, key.public_key, 32);
    assert_int_equal(key.type, 1);
    char text[NOTE_VKEY_TEXT];
    assert_int_equal(note_vkey_format(&go.vkey, false, text), 0);
    assert_string_equal(text, GO_PUBLIC);
    struct buf b;
    buf_init(&b, 256);
    assert_int_equal(note_signer_format(&go, &b), 0);
    assert_string_equal(b.data, GO_PRIVATE);
    /* Ed25519 is deterministic: the same key signs the same text with the same bytes */
    uint8_t sig[SUITE_SIGNATURE_MAX], published[128];
    size_t sig_len, len;
    assert_int_equal(suite_sign(suite, go.secret, GO_TEXT, strlen(GO_TEXT), sig, &sig_len), 0);
    assert_int_equal(base64_decode(GO_SIGNATURE, strlen(GO_SIGNATURE), published, sizeof published, &len), 0);
    assert_int_equal(len, 4 + sig_len);
    assert_memory_equal(published, "\xc7\x4f\x20\xa3", 4);
    assert_memory_equal(published + 4, sig, sig_len);
    buf_free(&b);
}

static void test_bad_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "+",
        "++",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* id */
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* name */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX", /* key */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "PeterNeumann+c74f20a3+ABpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* type 0 */
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter\xE3\x80\x80Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* ideographic space */
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    };
    struct note_vkey key;
    struct note_signer s;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(note_vkey_parse(bad[i], &key), 0);
        assert_int_not_equal(note_signer_parse(bad[i], &s), 0);
    }
    assert_int_equal(note_signer_parse(GO_PUBLIC, &s), TB_EMALFORMED);
    assert_int_equal(
        note_signer_parse("PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", &s),
        TB_EMALFORMED);
    uint8_t secret[32] = {0};
    assert_int_equal(note_signer_make(suite, "a+b", secret, &s), TB_EINVAL);
    assert_int_equal(note_signer_make(suite, "", secret, &s), TB_EINVAL);
    assert_int_equal(note_signer_make(suite, "a\nb", secret, &s), TB_EINVAL);
    char name[NOTE_NAME_MAX + 1];
    memset(name, 'n', NOTE_NAME_MAX);
    name[NOTE_NAME_MAX] = '\0';
    assert_int_equal(note_signer_make(suite, name, secret, &s), TB_EINVAL);
    name[NOTE_NAME_MAX - 1] = '\0';
    assert_int_equal(note_signer_make(suite, name, secret, &s), 0);
    char text[NOTE_VKEY_TEXT];
    assert_int_equal(note_vkey_format(&s.vkey, true, text), 0);
    assert_int_equal(note_vkey_parse(text, &key), 0);
    assert_int_equal(key.type, 4);
}

/* RFC 8032 7.1, tests 1 to 3. */
static void test_rfc8032(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *public, *msg, *sig;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
         "e246551"
         "41438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302"
         "aeeb00d"
         "291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed"
         "28dc027"
         "beceea1ec40a"},
    };
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[4][64], out[SUITE_SIGNATURE_MAX];
        const char *texts[] = {rows[i].secret, rows[i].public, rows[i].msg, rows[i].sig};
        for (int k = 0; k < 4; k++)
            for (size_t n = 0; n < strlen(texts[k]) / 2; n++)
                bytes[k][n] = (uint8_t)strtoul((char[]){texts[k][2 * n], texts[k][2 * n + 1], 0}, NULL, 16);
        size_t msg_len = strlen(rows[i].msg) / 2, len;
        assert_int_equal(suite_public(suite, bytes[0], out), 0);
        assert_memory_equal(out, bytes[1], 32);
        assert_int_equal(suite_sign(suite, bytes[0], bytes[2], msg_len, out, &len), 0);
        assert_int_equal(len, 64);
        assert_memory_equal(out, bytes[3], 64);
        assert_int_equal(suite_verify(suite, bytes[1], bytes[2], msg_len, out, 64), 0);
        assert_int_equal(suite_verify(suite, bytes[1], bytes[2], msg_len, out, 63), TB_ETRUST);
        assert_int_equal(suite_verify(suite, bytes[1], "zz", 2, out, 64), TB_ETRUST);
        out[i * 20] ^= 4;
        assert_int_equal(suite_verify(suite, bytes[1], bytes[2], msg_len, out, 64), TB_ETRUST);
    }
    assert_null(suite_by_name("sm"));
    assert_null(suite_by_type(0));
    assert_string_equal(suite_name(suite), "intl");
}

static void test_checkpoint(void **state)
{
    (void)state;
    struct checkpoint c;
    assert_int_equal(checkpoint_verify(&signer.vkey, note.data, note.len, &c), 0);
    assert_string_equal(c.origin, "tongban/330483");
    assert_int_equal(c.size, SIZE);
    assert_memory_equal(c.root.b, root.b, 32);
    assert_int_equal(checkpoint_verify(&signer.vkey, cosigned.data, cosigned.len, &c), 0);
    assert_int_equal(checkpoint_verify(&witness.vkey, cosigned.data, cosigned.len, &c), TB_ETRUST);
    struct note_vkey as_witness = signer.vkey;
    as_witness.type = suite_cosign_type(suite);
    assert_int_equal(checkpoint_verify(&as_witness, note.data, note.len, &c), TB_ETRUST);
    /* every bit of every byte, and every cut: never verified */
    char *copy = malloc(note.len);
    for (size_t i = 0; i < note.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, note.data, note.len);
            copy[i] = (char)(copy[i] ^ (1 << bit));
            int rc = checkpoint_verify(&signer.vkey, copy, note.len, &c);
            assert_true(rc == TB_ETRUST || rc == TB_EMALFORMED);
        }
    free(copy);
    for (size_t n = 0; n < note.len; n++) {
        copy = malloc(n ? n : 1); /* exact, for the sanitizer */
        memcpy(copy, note.data, n);
        assert_int_equal(checkpoint_verify(&signer.vkey, copy, n, &c), TB_EMALFORMED);
        free(copy);
    }
}

/* Signs any text as the ledger's owner would. */
static void sign_text(const char *text, struct buf *out)
{
    uint8_t sig[SUITE_SIGNATURE_MAX], id[SUITE_HASH_BYTES], tail[2] = {'\n', 1}, blob[4 + 64];
    size_t len;
    assert_int_equal(suite_sign(suite, signer.secret, text, strlen(text), sig, &len), 0);
    assert_int_equal(suite_hash(suite, signer.name, strlen(signer.name), tail, 2, signer.vkey.public_key, 32, id), 0);
    memcpy(blob, id, 4);
    memcpy(blob + 4, sig, 64);
    buf_init(out, LIMIT_NOTE_BYTES * 2);
    assert_int_equal(buf_printf(out, "%s\n\xE2\x80\x94 %s ", text, signer.name), 0);
    assert_int_equal(base64_encode(blob, sizeof blob, out), 0);
    assert_int_equal(buf_append(out, "\n", 1), 0);
}

#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* Rightly signed, but not a checkpoint. */
static void test_checkpoint_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        {"tongban/330483\n0\n" ROOT "\n", 0},
        {"tongban/330483\n4611686018427387904\n" ROOT "\n", 0},
        {"tongban/330483\n7\n" ROOT "\nextension\nanother one\n", 0},
        {"tongban/330484\n7\n" ROOT "\n", TB_ETRUST},
        {"tongban/330483\n4611686018427387905\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n18446744073709551617\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n07\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n00\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n+7\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n-7\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n 7\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n7\n", TB_EMALFORMED},
        {"tongban/330483\n7\nAAAA\n", TB_EMALFORMED},
        {"tongban/330483\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", TB_EMALFORMED},
        {"tongban/330483\n7\n" ROOT ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n7\n" ROOT "\n\nx\n", TB_EMALFORMED},
        {"tongban/330483\r\n7\n" ROOT "\n", TB_EMALFORMED},
        {"tongban/330483\n7\n" ROOT "\n\x01\n", TB_EMALFORMED},
        {"tongban/330483\n7\n" ROOT "\n\xff\n", TB_EMALFORMED},
        {"tongban/330483\n7\n" ROOT "\n\xED\xA0\x80\n", TB_EMALFORMED},
        {"\n", TB_EMALFORMED},
        {"tongban/330483\n", TB_EMALFORMED},
    };
    struct checkpoint c;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        sign_text(rows[i].text, &b);
        int rc = checkpoint_verify(&signer.vkey, b.data, b.len, &c);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %d instead of %d", i, rc, rows[i].rc);
        buf_free(&b);
    }
}

static int with_lines(const char *lines)
{
    struct buf b;
    struct checkpoint c;
    buf_init(&b, LIMIT_NOTE_BYTES * 2);
    assert_int_equal(buf_printf(&b, "%s%s", note.data, lines), 0);
    int rc = checkpoint_verify(&signer.vkey, b.data, b.len, &c);
    buf_free(&b);
    return rc;
}

#define DASH "\xE2\x80\x94 "

static void test_signature_lines(void **state)
{
    (void)state;
    assert_int_equal(with_lines(DASH "someone.else AAAAAAAA\n"), 0);
    assert_int_equal(with_lines(DASH "tongban/330483 AAAAAAAA\n"), 0); /* the name with another id is another key */
    assert_int_equal(with_lines(DASH "\xE6\xA1\x90\xE4\xB9\xA1 AAAAAAAA\n"), 0);
    assert_int_equal(with_lines(DASH "someone.else AAAAAA==\n"), TB_EMALFORMED); /* no signature behind the id */
    assert_int_equal(with_lines(DASH "someone.else AAAAAAA\n"), TB_EMALFORMED);
    assert_int_equal(with_lines(DASH "someone.else AAAA AAAA\n"), TB_EMALFORMED);
    assert_int_equal(with_lines(DASH "some+one AAAAAAAA\n"), TB_EMALFORMED);
    assert_int_equal(with_lines(DASH " AAAAAAAA\n"), TB_EMALFORMED);
    assert_int_equal(with_lines("- someone.else AAAAAAAA\n"), TB_EMALFORMED);
    assert_int_equal(with_lines("x"), TB_EMALFORMED);
    /* a line of the known key that does not verify is fatal, though another does */
    struct buf wrong;
    buf_init(&wrong, 1024);
    const char *line = strstr(note.data, DASH);
    assert_int_equal(buf_append_str(&wrong, line), 0);
    char *last = wrong.data + wrong.len - 10;
    *last = *last == 'A' ? 'B' : 'A';
    assert_int_equal(with_lines(wrong.data), TB_ETRUST);
    buf_free(&wrong);
    /* 16 signatures must be taken, more than our limit not */
    for (unsigned n = 16; n <= LIMIT_NOTE_SIGNATURES; n += LIMIT_NOTE_SIGNATURES - 16) {
        struct buf many;
        buf_init(&many, LIMIT_NOTE_BYTES);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(buf_append_str(&many, DASH "someone.else AAAAAAAA\n"), 0);
        assert_int_equal(with_lines(many.data), n == 16 ? 0 : TB_EMALFORMED);
        buf_free(&many);
    }
    /* a large foreign signature (post-quantum), and a note beyond its limit */
    struct buf large;
    buf_init(&large, LIMIT_NOTE_BYTES * 2);
    assert_int_equal(buf_append_str(&large, DASH "someone.else "), 0);
    while (large.len < 7000)
        assert_int_equal(buf_append_str(&large, "AAAA"), 0);
    assert_int_equal(buf_append_str(&large, "\n"), 0);
    assert_int_equal(with_lines(large.data), 0);
    size_t once = large.len;
    while (large.len < LIMIT_NOTE_BYTES) {
        assert_int_equal(buf_reserve(&large, once), 0); /* so that the source does not move */
        assert_int_equal(buf_append(&large, large.data, once), 0);
    }
    assert_int_equal(with_lines(large.data), TB_EMALFORMED);
    buf_free(&large);
}

static void test_cosignature(void **state)
{
    (void)state;
    int64_t at = 0;
    const char *line = cosigned.data + note.len;
    size_t len = cosigned.len - note.len;
    assert_int_equal(checkpoint_verify_cosignature(&witness.vkey, note.data, note.len, line, len, &at), 0);
    assert_int_equal(at, TIME);
    at = 0;
    assert_int_equal(
        checkpoint_verify_cosignature(&witness.vkey, note.data, note.len, cosigned.data, cosigned.len, &at), 0);
    assert_int_equal(at, TIME);
    at = 5;
    assert_int_equal(checkpoint_verify_cosignature(&witness.vkey, note.data, note.len, note.data, note.len, &at),
                     TB_ENOTFOUND);
    assert_int_equal(checkpoint_verify_cosignature(&witness.vkey, note.data, note.len, "", 0, &at), TB_ENOTFOUND);
    assert_int_equal(checkpoint_verify_cosignature(&signer.vkey, note.data, note.len, line, len, &at), TB_ENOTFOUND);
    /* over another checkpoint */
    struct buf other;
    buf_init(&other, LIMIT_NOTE_BYTES);
    assert_int_equal(checkpoint_sign(&signer, SIZE + 1, &root, &other), 0);
    assert_int_equal(checkpoint_verify_cosignature(&witness.vkey, other.data, other.len, line, len, &at), TB_ETRUST);
    buf_free(&other);
    char *copy = malloc(len);
    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, line, len);
            copy[i] = (char)(copy[i] ^ (1 << bit));
            assert_int_not_equal(checkpoint_verify_cosignature(&witness.vkey, note.data, note.len, copy, len, &at), 0);
        }
    free(copy);
    assert_int_equal(at, 5);
    struct buf out;
    buf_init(&out, LIMIT_NOTE_BYTES);
    assert_int_equal(checkpoint_cosign(&witness, note.data, note.len, -1, &out), TB_EINVAL);
    assert_int_equal(checkpoint_cosign(&witness, note.data, note.len - 1, TIME, &out), TB_EMALFORMED);
    assert_int_equal(out.len, 0);
    /* what exactly is signed: c2sp.org/tlog-cosignature, over text built here */
    struct buf message;
    buf_init(&message, LIMIT_NOTE_BYTES);
    assert_int_equal(buf_printf(&message, "cosignature/v1\ntime %d\n%.*s", TIME,
                                (int)(strstr(note.data, "\n\n") + 1 - note.data), note.data),
                     0);
    uint8_t blob[128];
    size_t blob_len;
    const char *b64 = strrchr(cosigned.data, ' ') + 1;
    assert_int_equal(base64_decode(b64, strlen(b64) - 1, blob, sizeof blob, &blob_len), 0);
    assert_int_equal(blob_len, 4 + 8 + 64);
    assert_memory_equal(blob + 4, "\0\0\0\0\x64\x18\x50\xcb", 8);
    assert_int_equal(suite_verify(suite, witness.vkey.public_key, message.data, message.len, blob + 12, 64), 0);
    buf_free(&message);
    buf_free(&out);
}

static void test_proof(void **state)
{
    (void)state;
    struct ledger_hash leaf[2], top;
    assert_int_equal(ledger_leaf(suite, "one", 3, &leaf[0]), 0);
    assert_int_equal(ledger_leaf(suite, "two", 3, &leaf[1]), 0);
    assert_int_equal(ledger_node(suite, &leaf[0], &leaf[1], &top), 0);
    struct ledger_path path = {.count = 1};
    path.hash[0] = leaf[0];
    struct buf cp, text;
    buf_init(&cp, LIMIT_NOTE_BYTES);
    buf_init(&text, 2 * LIMIT_NOTE_BYTES);
    assert_int_equal(checkpoint_sign(&signer, 2, &top, &cp), 0);
    assert_int_equal(tlog_proof_format(1, &path, cp.data, cp.len, &text), 0);
    assert_memory_equal(text.data, "c2sp.org/tlog-proof@v1\nindex 1\n", 31);
    struct checkpoint c;
    assert_int_equal(tlog_proof_verify(&signer.vkey, text.data, text.len, "two", 3, &c), 0);
    assert_int_equal(c.size, 2);
    assert_int_equal(tlog_proof_verify(&signer.vkey, text.data, text.len, "two", 3, NULL), 0);
    assert_int_equal(tlog_proof_verify(&signer.vkey, text.data, text.len, "twO", 3, NULL), TB_ETRUST);
    assert_int_equal(tlog_proof_verify(&signer.vkey, text.data, text.len, "two\n", 4, NULL), TB_ETRUST);
    assert_int_equal(tlog_proof_verify(&witness.vkey, text.data, text.len, "two", 3, NULL), TB_ETRUST);
    for (size_t i = 0; i < text.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
            assert_int_not_equal(tlog_proof_verify(&signer.vkey, text.data, text.len, "two", 3, NULL), 0);
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
        }
    for (size_t n = 0; n < text.len; n++)
        assert_int_not_equal(tlog_proof_verify(&signer.vkey, text.data, n, "two", 3, NULL), 0);
    static const struct {
        const char *head;
        int rc;
    } rows[] = {
        {"c2sp.org/tlog-proof@v1\nextra YWJj\nindex 0\n\nx\n", 0},
        {"c2sp.org/tlog-proof@v1\nindex 0\n\nx\n", 0},
        {"c2sp.org/tlog-proof@v1\nindex 0\n\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex 0\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex 00\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex -1\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex \n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex 99999999999999999999\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nextra YWJ\nindex 0\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nextra YWJj\nextra YWJj\nindex 0\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex 0\nindex 0\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v2\nindex 0\n\nx\n", TB_EMALFORMED},
        {"c2sp.org/tlog-proof@v1\n\nindex 0\n\nx\n", TB_EMALFORMED},
    };
    struct unverified_proof proof;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (tlog_proof_parse(rows[i].head, strlen(rows[i].head), &proof) != rows[i].rc)
            fail_msg("row %zu", i);
    /* 64 hashes pass, 65 do not */
    struct ledger_path long_path = {.count = 64};
    buf_clear(&text);
    assert_int_equal(tlog_proof_format(0, &long_path, cp.data, cp.len, &text), 0);
    assert_int_equal(tlog_proof_parse(text.data, text.len, &proof), 0);
    assert_int_equal(proof.path.count, 64);
    struct buf more;
    buf_init(&more, 2 * LIMIT_NOTE_BYTES);
    assert_int_equal(
        buf_printf(&more, "c2sp.org/tlog-proof@v1\nindex 0\n" ROOT "\n%s", strchr(text.data + 25, '\n') + 1), 0);
    assert_int_equal(tlog_proof_parse(more.data, more.len, &proof), TB_EMALFORMED);
    buf_free(&more);
    buf_free(&cp);
    buf_free(&text);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}}; /* RFC 4648 10 */
    uint8_t out[64];
    size_t len;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        buf_init(&b, 64);
        assert_int_equal(base64_encode(rows[i][0], strlen(rows[i][0]), &b), 0);
        assert_int_equal(b.len, strlen(rows[i][1]));
        if (b.len)
            assert_string_equal(b.data, rows[i][1]);
        assert_int_equal(base64_decode(rows[i][1], strlen(rows[i][1]), out, sizeof out, &len), 0);
        assert_int_equal(len, strlen(rows[i][0]));
        assert_memory_equal(out, rows[i][0], len);
        buf_free(&b);
    }
    static const char *const bad[] = {"Z",      "Zg",    "Zg=",  "Zh==", "Zm9=", "Z===", "====",      "Zg==Zg==",
                                      "Zm9v\n", "Zm 9v", "Zm-v", "Zm_v", "=Zm9", "Zm=v", "Zm9vZg==\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(base64_decode(bad[i], strlen(bad[i]), out, sizeof out, &len), TB_EMALFORMED);
    assert_int_equal(base64_decode("Zm9vYmFy", 8, out, 5, &len), TB_ELIMIT);
    struct buf small;
    buf_init(&small, 7);
    assert_int_equal(base64_encode("foobar", 6, &small), TB_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_key),    cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_rfc8032),          cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_checkpoint_forms), cmocka_unit_test(test_signature_lines),
        cmocka_unit_test(test_cosignature),      cmocka_unit_test(test_proof),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
