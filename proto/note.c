#include "proto/note.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

#define SIGNATURE_MARK "\xE2\x80\x94 " /* em dash, space: opens a signature line */
#define KEY_ID_BYTES   4

enum { BLOB_MAX = LIMIT_NOTE_BYTES / 4 * 3, TREE_BITS = 62 };

/* --- names and keys --- */

static bool unicode_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool name_valid(const char *name, size_t len)
{
    if (!len)
        return false;
    for (size_t at = 0; at < len;) {
        int32_t c = text_next(name, len, &at);
        if (c < 0x20 || c == 0x7F || c == '+' || unicode_space(c))
            return false;
    }
    return true;
}

/* hash(name || "\n" || type || public key)[:4] */
static int key_id(const struct note_vkey *key, uint8_t type, uint8_t id[KEY_ID_BYTES])
{
    uint8_t hash[SUITE_HASH_BYTES], tail[2] = {'\n', type};
    int rc = suite_hash(key->suite, key->name, strlen(key->name), tail, sizeof tail, key->public_key,
                        suite_public_bytes(key->suite), hash);
    if (!rc)
        memcpy(id, hash, KEY_ID_BYTES);
    return rc;
}

static int read_hex_id(const char *text, uint8_t id[KEY_ID_BYTES])
{
    memset(id, 0, KEY_ID_BYTES);
    for (unsigned i = 0; i < 2 * KEY_ID_BYTES; i++) {
        char c = text[i];
        unsigned v = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (v > 15)
            return TB_EMALFORMED;
        id[i / 2] = (uint8_t)((unsigned)id[i / 2] << 4 | v);
    }
    return 0;
}

/* "<name>+<id>+<base64(type || key)>": the form that both kinds of key share. */
struct key_text {
    char name[NOTE_NAME_MAX];
    uint8_t id[KEY_ID_BYTES];
    uint8_t key[1 + SUITE_PUBLIC_MAX]; /* type, key */
    size_t key_len;
};

static int key_text_read(const char *text, struct key_text *out)
{
    const char *plus = strchr(text, '+');
    if (!plus)
        return TB_EMALFORMED;
    size_t name_len = (size_t)(plus - text);
    if (name_len >= NOTE_NAME_MAX || !name_valid(text, name_len))
        return TB_EMALFORMED;
    const char *id = plus + 1;
    if (strnlen(id, 2 * KEY_ID_BYTES + 1) < 2 * KEY_ID_BYTES + 1 || id[2 * KEY_ID_BYTES] != '+' ||
        read_hex_id(id, out->id))
        return TB_EMALFORMED;
    const char *key = id + 2 * KEY_ID_BYTES + 1;
    if (base64_decode(key, strlen(key), out->key, sizeof out->key, &out->key_len) || out->key_len < 2)
        return TB_EMALFORMED;
    memcpy(out->name, text, name_len);
    out->name[name_len] = '\0';
    return 0;
}

int note_vkey_parse(const char *text, struct note_vkey *out)
{
    struct key_text parts;
    int rc = key_text_read(text, &parts);
    if (rc)
        return rc;
    struct note_vkey key = {.suite = suite_by_type(parts.key[0]), .type = parts.key[0]};
    if (!key.suite)
        return TB_EUNSUPPORTED;
    if (parts.key_len - 1 != suite_public_bytes(key.suite))
        return TB_EMALFORMED;
    memcpy(key.name, parts.name, sizeof key.name);
    memcpy(key.public_key, parts.key + 1, parts.key_len - 1);
    uint8_t id[KEY_ID_BYTES];
    rc = key_id(&key, key.type, id);
    if (rc)
        return rc;
    if (memcmp(id, parts.id, sizeof id))
        return TB_EMALFORMED; /* mistyped: name, id and key do not belong together */
    *out = key;
    return 0;
}

int note_vkey_format(const struct note_vkey *key, bool cosign, char out[NOTE_VKEY_TEXT])
{
    uint8_t id[KEY_ID_BYTES], blob[1 + SUITE_PUBLIC_MAX];
    blob[0] = cosign ? suite_cosign_type(key->suite) : suite_sign_type(key->suite);
    memcpy(blob + 1, key->public_key, SUITE_PUBLIC_MAX);
    int rc = key_id(key, blob[0], id);
    struct buf text;
    buf_init(&text, NOTE_VKEY_TEXT - 1);
    if (!rc)
        rc = buf_printf(&text, "%s+%02x%02x%02x%02x+", key->name, id[0], id[1], id[2], id[3]);
    if (!rc)
        rc = base64_encode(blob, 1 + suite_public_bytes(key->suite), &text);
    if (!rc)
        memcpy(out, text.data, text.len + 1);
    buf_free(&text);
    return rc;
}

#define SIGNER_PREFIX "PRIVATE+KEY+"

int note_signer_make(const struct suite *suite, const char *name, const uint8_t *secret, struct note_signer *out)
{
    size_t len = strnlen(name, NOTE_NAME_MAX);
    if (len >= NOTE_NAME_MAX || !name_valid(name, len))
        return TB_EINVAL;
    struct note_signer signer = {.suite = suite, .vkey = {.suite = suite, .type = suite_sign_type(suite)}};
    int rc = suite_public(suite, secret, signer.vkey.public_key);
    if (!rc) {
        memcpy(signer.name, name, len);
        memcpy(signer.vkey.name, name, len);
        memcpy(signer.secret, secret, suite_secret_bytes(suite));
        *out = signer;
    }
    note_signer_wipe(&signer);
    return rc;
}

int note_signer_parse(const char *text, struct note_signer *out)
{
    if (strncmp(text, SIGNER_PREFIX, sizeof SIGNER_PREFIX - 1))
        return TB_EMALFORMED;
    struct key_text parts;
    struct note_signer signer = {.suite = NULL};
    uint8_t id[KEY_ID_BYTES];
    int rc = key_text_read(text + sizeof SIGNER_PREFIX - 1, &parts);
    const struct suite *suite = rc ? NULL : suite_by_type(parts.key[0]);
    if (!rc && !suite)
        rc = TB_EUNSUPPORTED;
    if (!rc && (parts.key[0] != suite_sign_type(suite) || parts.key_len - 1 != suite_secret_bytes(suite)))
        rc = TB_EMALFORMED;
    if (!rc)
        rc = note_signer_make(suite, parts.name, parts.key + 1, &signer);
    if (!rc)
        rc = key_id(&signer.vkey, signer.vkey.type, id);
    if (!rc && memcmp(id, parts.id, sizeof id))
        rc = TB_EMALFORMED;
    if (!rc)
        *out = signer;
    note_signer_wipe(&signer);
    suite_wipe(&parts, sizeof parts);
    return rc;
}

int note_signer_format(const struct note_signer *signer, struct buf *out)
{
    uint8_t id[KEY_ID_BYTES], blob[1 + SUITE_SECRET_MAX];
    size_t before = out->len;
    blob[0] = suite_sign_type(signer->suite);
    memcpy(blob + 1, signer->secret, SUITE_SECRET_MAX);
    int rc = key_id(&signer->vkey, blob[0], id);
    if (!rc)
        rc = buf_printf(out, SIGNER_PREFIX "%s+%02x%02x%02x%02x+", signer->name, id[0], id[1], id[2], id[3]);
    if (!rc)
        rc = base64_encode(blob, 1 + suite_secret_bytes(signer->suite), out);
    if (rc)
        out->len = before;
    suite_wipe(blob, sizeof blob);
    return rc;
}

void note_signer_wipe(struct note_signer *signer)
{
    if (signer)
        suite_wipe(signer, sizeof *signer);
}

/* --- notes --- */

struct unverified_note {
    const char *text; /* with its final newline */
    size_t text_len;
    const char *lines; /* signature lines */
    size_t lines_len;
};

/* UTF-8, no control characters but newline, a newline at the end. */
static bool text_clean(const char *bytes, size_t len)
{
    if (!len || len > LIMIT_NOTE_BYTES || bytes[len - 1] != '\n')
        return false;
    for (size_t at = 0; at < len;) {
        int32_t c = text_next(bytes, len, &at);
        if (c < 0 || (c < 0x20 && c != '\n'))
            return false;
    }
    return true;
}

static int note_split(const char *note, size_t len, struct unverified_note *out)
{
    if (!text_clean(note, len))
        return TB_EMALFORMED;
    for (size_t at = len - 1; at > 0; at--) {
        if (note[at] != '\n' || note[at - 1] != '\n')
            continue;
        if (at == 1 || at + 1 == len)
            return TB_EMALFORMED; /* no text, or no signature */
        *out = (struct unverified_note){note, at, note + at + 1, len - at - 1};
        return 0;
    }
    return TB_EMALFORMED;
}

struct unverified_signature {
    const char *name;
    size_t name_len;
    uint8_t blob[BLOB_MAX]; /* key id, signature */
    size_t blob_len;
};

/* Takes the next line off *lines. */
static int signature_next(const char **lines, size_t *len, struct unverified_signature *out)
{
    const size_t mark = sizeof SIGNATURE_MARK - 1;
    const char *end = memchr(*lines, '\n', *len);
    if (!end || (size_t)(end - *lines) < mark || memcmp(*lines, SIGNATURE_MARK, mark))
        return TB_EMALFORMED;
    const char *name = *lines + mark;
    const char *space = memchr(name, ' ', (size_t)(end - name));
    if (!space || !name_valid(name, (size_t)(space - name)))
        return TB_EMALFORMED;
    int rc = base64_decode(space + 1, (size_t)(end - space - 1), out->blob, sizeof out->blob, &out->blob_len);
    if (rc || out->blob_len <= KEY_ID_BYTES)
        return TB_EMALFORMED;
    out->name = name;
    out->name_len = (size_t)(space - name);
    *len -= (size_t)(end + 1 - *lines);
    *lines = end + 1;
    return 0;
}

/* Calls `verify` for every line of this key; another signer's lines only need to be well formed.  TB_ENOTFOUND when
 * none is there; the first failure of `verify` ends it: a known signer's wrong line is fatal. */
static int signatures_walk(const struct note_vkey *key, uint8_t type, const char *lines, size_t len,
                           int (*verify)(const struct note_vkey *key, const uint8_t *sig, size_t sig_len,
                                         void *context),
                           void *context)
{
    uint8_t id[KEY_ID_BYTES];
    int rc = key_id(key, type, id);
    if (rc)
        return rc;
    struct unverified_signature sig;
    bool found = false;
    for (unsigned n = 0; len; n++) {
        if (n == LIMIT_NOTE_SIGNATURES)
            return TB_EMALFORMED;
        rc = signature_next(&lines, &len, &sig);
        if (rc)
            return rc;
        if (sig.name_len != strlen(key->name) || memcmp(sig.name, key->name, sig.name_len) ||
            memcmp(sig.blob, id, sizeof id))
            continue;
        rc = verify(key, sig.blob + KEY_ID_BYTES, sig.blob_len - KEY_ID_BYTES, context);
        if (rc)
            return rc;
        found = true;
    }
    return found ? 0 : TB_ENOTFOUND;
}

/* "— name base64(id || sig)\n" */
static int signature_write(const struct note_signer *signer, uint8_t type, const uint8_t *sig, size_t sig_len,
                           struct buf *out)
{
    uint8_t blob[KEY_ID_BYTES + 8 + SUITE_SIGNATURE_MAX];
    int rc = key_id(&signer->vkey, type, blob);
    if (rc)
        return rc;
    memcpy(blob + KEY_ID_BYTES, sig, sig_len);
    rc = buf_printf(out, SIGNATURE_MARK "%s ", signer->name);
    if (!rc)
        rc = base64_encode(blob, KEY_ID_BYTES + sig_len, out);
    return rc ? rc : buf_append(out, "\n", 1);
}

/* --- checkpoints --- */

/* Takes the next line off *text, without its newline. */
static bool line_next(const char **text, size_t *len, const char **line, size_t *line_len)
{
    const char *end = memchr(*text, '\n', *len);
    if (!end || end == *text)
        return false;
    *line = *text;
    *line_len = (size_t)(end - *text);
    *len -= *line_len + 1;
    *text = end + 1;
    return true;
}

static int size_read(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    if (!len || len > 19 || (len > 1 && text[0] == '0'))
        return TB_EMALFORMED;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return TB_EMALFORMED;
        value = value * 10 + (uint64_t)(text[i] - '0'); /* 19 digits fit */
    }
    if (value > UINT64_C(1) << TREE_BITS)
        return TB_EMALFORMED;
    *out = value;
    return 0;
}

static int checkpoint_read(const char *text, size_t len, struct checkpoint *out)
{
    struct checkpoint made = {.size = 0};
    const char *line;
    size_t line_len, root_len;
    if (!line_next(&text, &len, &line, &line_len) || line_len >= sizeof made.origin)
        return TB_EMALFORMED;
    memcpy(made.origin, line, line_len);
    if (!line_next(&text, &len, &line, &line_len) || size_read(line, line_len, &made.size))
        return TB_EMALFORMED;
    if (!line_next(&text, &len, &line, &line_len) ||
        base64_decode(line, line_len, made.root.b, sizeof made.root.b, &root_len) || root_len != sizeof made.root.b)
        return TB_EMALFORMED;
    while (len) /* extension lines: signed, not ours to understand */
        if (!line_next(&text, &len, &line, &line_len))
            return TB_EMALFORMED;
    *out = made;
    return 0;
}

int checkpoint_sign(const struct note_signer *signer, uint64_t size, const struct ledger_hash *root, struct buf *out)
{
    size_t before = out->len;
    uint8_t sig[SUITE_SIGNATURE_MAX];
    size_t sig_len;
    int rc = buf_printf(out, "%s\n%llu\n", signer->name, (unsigned long long)size);
    if (!rc)
        rc = base64_encode(root->b, sizeof root->b, out);
    if (!rc)
        rc = buf_append(out, "\n", 1);
    if (!rc)
        rc = suite_sign(signer->suite, signer->secret, out->data + before, out->len - before, sig, &sig_len);
    if (!rc)
        rc = buf_append(out, "\n", 1);
    if (!rc)
        rc = signature_write(signer, suite_sign_type(signer->suite), sig, sig_len, out);
    if (rc)
        out->len = before;
    return rc;
}

int note_sign(const struct note_signer *signer, const char *text, size_t len, struct buf *line_out)
{
    uint8_t sig[SUITE_SIGNATURE_MAX];
    size_t sig_len;
    int rc = suite_sign(signer->suite, signer->secret, text, len, sig, &sig_len);
    return rc ? rc : signature_write(signer, suite_sign_type(signer->suite), sig, sig_len, line_out);
}

int checkpoint_sign_also(const struct note_signer *signer, struct buf *note)
{
    struct unverified_note parts;
    struct buf line;
    buf_init(&line, LIMIT_NOTE_BYTES);
    int rc = note_split(note->data, note->len, &parts);
    if (!rc)
        rc = note_sign(signer, parts.text, parts.text_len, &line);
    if (!rc)
        rc = buf_append(note, line.data, line.len);
    buf_free(&line);
    return rc;
}

static int verify_plain(const struct note_vkey *key, const uint8_t *sig, size_t sig_len, void *context)
{
    const struct unverified_note *note = context;
    return suite_verify(key->suite, key->public_key, note->text, note->text_len, sig, sig_len);
}

int note_verify(const struct note_vkey *key, const char *unverified, size_t len, const char **text, size_t *text_len)
{
    struct unverified_note note;
    int rc = note_split(unverified, len, &note);
    if (!rc && key->type != suite_sign_type(key->suite))
        rc = TB_ETRUST;
    if (!rc)
        rc = signatures_walk(key, suite_sign_type(key->suite), note.lines, note.lines_len, verify_plain, &note);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ETRUST : rc;
    *text = note.text;
    *text_len = note.text_len;
    return 0;
}

int checkpoint_verify(const struct note_vkey *key, const char *unverified, size_t len, struct checkpoint *out)
{
    struct unverified_note note;
    struct checkpoint made;
    int rc = note_split(unverified, len, &note);
    if (!rc)
        rc = checkpoint_read(note.text, note.text_len, &made);
    if (rc)
        return rc;
    /* a key that was given as a witness's key is not thereby a ledger's key */
    if (key->type != suite_sign_type(key->suite) || strcmp(made.origin, key->name))
        return TB_ETRUST;
    rc = signatures_walk(key, suite_sign_type(key->suite), note.lines, note.lines_len, verify_plain, &note);
    if (rc)
        return rc == TB_ENOTFOUND ? TB_ETRUST : rc;
    *out = made;
    return 0;
}

/* --- cosignatures --- */

/* What a witness signs: two lines and the text of the checkpoint. */
static int cosigned_text(const struct unverified_note *note, uint64_t unix_s, struct buf *out)
{
    int rc = buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)unix_s);
    return rc ? rc : buf_append(out, note->text, note->text_len);
}

int checkpoint_cosign(const struct note_signer *signer, const char *note, size_t len, int64_t unix_s,
                      struct buf *line_out)
{
    struct unverified_note parts;
    struct checkpoint checked;
    size_t before = line_out->len, sig_len;
    uint8_t stamped[8 + SUITE_SIGNATURE_MAX];
    struct buf message;
    buf_init(&message, LIMIT_NOTE_BYTES + 64);
    int rc = unix_s < 0 ? TB_EINVAL : note_split(note, len, &parts);
    if (!rc)
        rc = checkpoint_read(parts.text, parts.text_len, &checked);
    if (!rc)
        rc = cosigned_text(&parts, (uint64_t)unix_s, &message);
    if (!rc)
        rc = suite_sign(signer->suite, signer->secret, message.data, message.len, stamped + 8, &sig_len);
    for (unsigned i = 0; !rc && i < 8; i++)
        stamped[i] = (uint8_t)((uint64_t)unix_s >> (56 - 8 * i));
    if (!rc)
        rc = signature_write(signer, suite_cosign_type(signer->suite), stamped, 8 + sig_len, line_out);
    if (rc)
        line_out->len = before;
    buf_free(&message);
    return rc;
}

struct cosigned {
    const struct unverified_note *note;
    uint64_t unix_s;
};

static int verify_stamped(const struct note_vkey *key, const uint8_t *sig, size_t sig_len, void *context)
{
    struct cosigned *cosigned = context;
    if (sig_len != 8 + suite_signature_bytes(key->suite))
        return TB_ETRUST;
    uint64_t unix_s = 0;
    for (unsigned i = 0; i < 8; i++)
        unix_s = unix_s << 8 | sig[i];
    if (unix_s > INT64_MAX)
        return TB_ETRUST;
    struct buf message;
    buf_init(&message, LIMIT_NOTE_BYTES + 64);
    int rc = cosigned_text(cosigned->note, unix_s, &message);
    if (!rc)
        rc = suite_verify(key->suite, key->public_key, message.data, message.len, sig + 8, sig_len - 8);
    buf_free(&message);
    if (!rc)
        cosigned->unix_s = unix_s;
    return rc;
}

int checkpoint_verify_cosignature(const struct note_vkey *witness, const char *note, size_t note_len,
                                  const char *unverified_lines, size_t lines_len, int64_t *unix_s)
{
    struct unverified_note parts, other;
    int rc = note_split(note, note_len, &parts);
    if (rc)
        return rc;
    const size_t mark = sizeof SIGNATURE_MARK - 1;
    if (lines_len && (lines_len < mark || memcmp(unverified_lines, SIGNATURE_MARK, mark))) {
        rc = note_split(unverified_lines, lines_len, &other); /* a whole note */
        if (rc)
            return rc;
        unverified_lines = other.lines;
        lines_len = other.lines_len;
    } else if (lines_len && !text_clean(unverified_lines, lines_len)) {
        return TB_EMALFORMED;
    }
    struct cosigned cosigned = {.note = &parts};
    rc = signatures_walk(witness, suite_cosign_type(witness->suite), unverified_lines, lines_len, verify_stamped,
                         &cosigned);
    if (!rc)
        *unix_s = (int64_t)cosigned.unix_s;
    return rc;
}
