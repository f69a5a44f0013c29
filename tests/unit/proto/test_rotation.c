/* A ledger key's successor: what both keys signed is taken, every other text is not; a checkpoint with two lines satisfies either key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/rotation.h"
#include "proto/suite.h"

static struct note_signer one, two, other, stranger;

static void make(struct note_signer *out, const char *name, uint8_t fill)
{
    uint8_t secret[SUITE_SECRET_MAX];
    memset(secret, fill, sizeof secret);
    assert_int_equal(note_signer_make(suite_by_name("intl"), name, secret, out), 0);
}

static int set_up(void **state)
{
    (void)state;
    make(&one, "tongban/330483", 1);
    make(&two, "tongban/330483", 2);
    make(&other, "tongban/330483", 3);
    make(&stranger, "tongban/320623", 4);
    return 0;
}

static void test_what_both_signed_is_taken(void **state)
{
    (void)state;
    struct buf note;
    struct note_vkey next;
    buf_init(&note, LIMIT_NOTE_BYTES);
    assert_int_equal(rotation_sign(&one, &two, &note), 0);
    assert_int_equal(rotation_verify(&one.vkey, note.data, note.len, &next), 0);
    assert_true(rotation_same_key(&next, &two.vkey));
    assert_false(rotation_same_key(&next, &one.vkey));
    assert_int_not_equal(rotation_verify(&two.vkey, note.data, note.len, &next), 0); /* it speaks of the key of before */
    assert_int_not_equal(rotation_verify(&other.vkey, note.data, note.len, &next), 0);
    assert_int_not_equal(rotation_verify(&stranger.vkey, note.data, note.len, &next), 0);
    buf_free(&note);
}

static void test_keys_that_cannot_follow_one_another(void **state)
{
    (void)state;
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    assert_int_equal(rotation_sign(&one, &one, &note), TB_EINVAL);
    assert_int_equal(rotation_sign(&one, &stranger, &note), TB_EINVAL);
    assert_int_equal(note.len, 0);
    buf_free(&note);
}

static void test_no_changed_byte_and_no_shorter_text_is_taken(void **state)
{
    (void)state;
    struct buf note;
    struct note_vkey next;
    buf_init(&note, LIMIT_NOTE_BYTES);
    assert_int_equal(rotation_sign(&one, &two, &note), 0);
    for (size_t i = 0; i < note.len; i++) {
        note.data[i] = (char)(note.data[i] ^ 1);
        assert_int_not_equal(rotation_verify(&one.vkey, note.data, note.len, &next), 0);
        note.data[i] = (char)(note.data[i] ^ 1);
        assert_int_not_equal(rotation_verify(&one.vkey, note.data, i, &next), 0);
    }
    buf_free(&note);
}

/* A checkpoint, or another text of the owner, is no rotation, though it is well signed. */
static void test_other_notes_of_the_owner_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"tongban/330483\n1\n", "tongban ledger key rotation\n",
                                        "tongban ledger key rotation\ntongban/330483\nx\ny\n"};
    struct note_vkey next;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf note, lines;
        buf_init(&note, LIMIT_NOTE_BYTES);
        buf_init(&lines, LIMIT_NOTE_BYTES);
        assert_int_equal(note_sign(&one, texts[i], strlen(texts[i]), &lines), 0);
        assert_int_equal(note_sign(&two, texts[i], strlen(texts[i]), &lines), 0);
        assert_int_equal(buf_printf(&note, "%s\n%s", texts[i], lines.data), 0);
        assert_int_not_equal(rotation_verify(&one.vkey, note.data, note.len, &next), 0);
        buf_free(&note);
        buf_free(&lines);
    }
}

static void test_a_checkpoint_of_two_keys_satisfies_who_pins_either(void **state)
{
    (void)state;
    struct buf note;
    struct checkpoint read;
    const struct ledger_hash root = {.b = {7}};
    buf_init(&note, LIMIT_NOTE_BYTES);
    assert_int_equal(checkpoint_sign(&two, 5, &root, &note), 0);
    assert_int_equal(checkpoint_verify(&one.vkey, note.data, note.len, &read), TB_ETRUST);
    assert_int_equal(checkpoint_sign_also(&one, &note), 0);
    assert_int_equal(checkpoint_verify(&one.vkey, note.data, note.len, &read), 0);
    assert_int_equal(checkpoint_verify(&two.vkey, note.data, note.len, &read), 0);
    assert_int_equal(read.size, 5);
    assert_int_equal(checkpoint_verify(&other.vkey, note.data, note.len, &read), TB_ETRUST);
    note.data[note.len - 10] = (char)(note.data[note.len - 10] == 'A' ? 'B' : 'A'); /* the last line, of the key of before */
    assert_int_not_equal(checkpoint_verify(&one.vkey, note.data, note.len, &read), 0);
    assert_int_equal(checkpoint_verify(&two.vkey, note.data, note.len, &read), 0);
    buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_both_signed_is_taken),
        cmocka_unit_test(test_keys_that_cannot_follow_one_another),
        cmocka_unit_test(test_no_changed_byte_and_no_shorter_text_is_taken),
        cmocka_unit_test(test_other_notes_of_the_owner_are_none),
        cmocka_unit_test(test_a_checkpoint_of_two_keys_satisfies_who_pins_either),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
