#include "proto/rotation.h"

#include <stdio.h>
#include <string.h>

#include "proto/suite.h"

static const char what[] = "tongban ledger key rotation";

bool rotation_same_key(const struct note_vkey *one, const struct note_vkey *two)
{
    return one->suite == two->suite && one->type == two->type && !strcmp(one->name, two->name) &&
           !memcmp(one->public_key, two->public_key, suite_public_bytes(one->suite));
}

/* What both sign. */
static int write_text(const struct note_vkey *from, const struct note_vkey *to, struct buf *out)
{
    char before[NOTE_VKEY_TEXT], after[NOTE_VKEY_TEXT];
    if (strcmp(from->name, to->name) != 0 || rotation_same_key(from, to))
        return TB_EINVAL;
    int rc = note_vkey_format(from, false, before);
    if (!rc)
        rc = note_vkey_format(to, false, after);
    return rc ? rc : buf_printf(out, "%s\n%s\n%s\n%s\n", what, from->name, before, after);
}

int rotation_sign(const struct note_signer *from, const struct note_signer *to, struct buf *out)
{
    size_t start = out->len;
    struct buf lines;
    buf_init(&lines, LIMIT_NOTE_BYTES);
    int rc = write_text(&from->vkey, &to->vkey, out);
    if (!rc)
        rc = note_sign(from, out->data + start, out->len - start, &lines);
    if (!rc)
        rc = note_sign(to, out->data + start, out->len - start, &lines);
    if (!rc)
        rc = buf_append(out, "\n", 1);
    if (!rc)
        rc = buf_append(out, lines.data, lines.len);
    buf_free(&lines);
    if (rc)
        out->len = start;
    return rc;
}

/* The fourth line; the other three follow from what is expected. */
static int read_new_key(const char *text, size_t len, struct note_vkey *to)
{
    char line[NOTE_VKEY_TEXT];
    const char *end = text + len;
    for (int i = 0; i < 3 && text; i++) {
        text = memchr(text, '\n', (size_t)(end - text));
        text = text ? text + 1 : NULL;
    }
    const char *stop = text ? memchr(text, '\n', (size_t)(end - text)) : NULL;
    if (!stop || (size_t)(stop - text) >= sizeof line)
        return TB_EMALFORMED;
    (void)snprintf(line, sizeof line, "%.*s", (int)(stop - text), text);
    return note_vkey_parse(line, to);
}

int rotation_verify(const struct note_vkey *from, const char *unverified, size_t len, struct note_vkey *to)
{
    struct note_vkey next;
    struct buf expected;
    const char *text;
    size_t text_len;
    buf_init(&expected, LIMIT_NOTE_BYTES);
    int rc = note_verify(from, unverified, len, &text, &text_len);
    if (!rc)
        rc = read_new_key(text, text_len, &next);
    if (!rc && (next.suite != from->suite || next.type != from->type))
        rc = TB_ETRUST;
    if (!rc)
        rc = write_text(from, &next, &expected) == TB_EINVAL ? TB_ETRUST : 0;
    if (!rc && (expected.len != text_len || memcmp(expected.data, text, text_len) != 0))
        rc = TB_EMALFORMED;
    if (!rc)
        rc = note_verify(&next, unverified, len, &text, &text_len);
    buf_free(&expected);
    if (!rc)
        *to = next;
    return rc;
}

int rotation_fingerprint(const struct note_vkey *key, char out[KEY_FINGERPRINT_TEXT])
{
    struct ledger_hash hash = {{0}};
    int rc = suite_hash(key->suite, key->public_key, suite_public_bytes(key->suite), NULL, 0, NULL, 0, hash.b);
    for (size_t i = 0; i < sizeof hash.b && !rc; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", hash.b[i]);
    return rc;
}
