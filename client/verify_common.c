#include "client/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/err.h"

int (verify_end)(struct verify_report *r, int status, const char *element, const char *format, ...)
{
    r->status = status;
    (void)snprintf(r->element, sizeof r->element, "%s", element);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->detail, sizeof r->detail, gettext(format), args);
    va_end(args);
    return status;
}

void verify_say(struct verify_report *r, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, gettext(format), args);
    va_end(args);
    if (buf_append_str(&r->text, line) || buf_append(&r->text, "\n", 1))
        return; /* the status does not depend on it */
}

void verify_fact(struct verify_report *r, const char *name, json_t *value)
{
    (void)json_object_set_new(r->facts, name, value);
}

int verify_read_number(struct verify_report *r, const char *element, const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t len = strlen(text);
    if (!len || len > 19 || strspn(text, "0123456789") != len)
        return verify_end(r, VERIFY_USAGE, element, "\"%.24s\" is not a number", text);
    for (; *text; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    if (value > UINT64_C(1) << 62)
        return verify_end(r, VERIFY_USAGE, element, "no ledger is larger than 2^62 entries");
    *out = value;
    return 0;
}

int verify_read_hash(struct verify_report *r, const char *element, const char *text, struct ledger_hash *out)
{
    size_t len;
    if (base64_decode(text, strlen(text), out->b, sizeof out->b, &len) || len != sizeof out->b)
        return verify_end(r, VERIFY_USAGE, element, "is not a hash: 32 bytes in Base64 have 44 characters");
    return 0;
}

int verify_read_key(struct verify_report *r, const char *element, const char *text, struct note_vkey *out)
{
    int rc = note_vkey_parse(text, out);
    if (rc == TB_EUNSUPPORTED)
        return verify_end(r, VERIFY_USAGE, element, "the key is of a type this program does not know");
    if (rc)
        return verify_end(r, VERIFY_USAGE, element,
                          "is not a verification key (name+8 hex digits+Base64), or its parts do not belong together");
    return 0;
}

int verify_read_file(struct verify_report *r, const char *element, const char *name, size_t max, struct buf *out)
{
    bool standard = !strcmp(name, "-");
    FILE *file = standard ? stdin : fopen(name, "rb");
    if (!file)
        return verify_end(r, VERIFY_USAGE, element, "cannot open %.200s: %s", name, strerror(errno));
    buf_init(out, max);
    int rc = 0;
    size_t n = 1;
    while (!rc && n) {
        char piece[4096];
        n = fread(piece, 1, sizeof piece, file);
        rc = buf_append(out, piece, n);
    }
    bool failed = ferror(file) != 0;
    if (!standard)
        (void)fclose(file);
    if (!rc && !failed)
        return 0;
    buf_free(out);
    if (rc == TB_ELIMIT)
        return verify_end(r, VERIFY_USAGE, element, "%.200s is larger than %zu bytes", name, max);
    return verify_end(r, VERIFY_USAGE, element, "cannot read %.200s", name);
}

int verify_note(struct verify_report *r, const char *element, const struct note_vkey *key, const char *note, size_t len,
                struct checkpoint *out)
{
    int rc = checkpoint_verify(key, note, len, out);
    if (!rc)
        return 0;
    if (rc == TB_EMALFORMED)
        return verify_end(r, VERIFY_USAGE, element, "is not a checkpoint (c2sp.org/tlog-checkpoint)");
    if (rc != TB_ETRUST)
        return verify_end(r, VERIFY_USAGE, element, "cannot be verified: %s", err_text(rc));
    if (key->type != suite_sign_type(key->suite))
        return verify_end(r, VERIFY_FAILED, element, "the key of %s was given as a witness's key, not as a ledger's",
                          key->name);
    size_t name = strlen(key->name);
    if (len <= name || memcmp(note, key->name, name) || note[name] != '\n')
        return verify_end(r, VERIFY_FAILED, element, "the origin is not %s, whose key was given", key->name);
    return verify_end(r, VERIFY_FAILED, element, "is not signed by the key of %s, or was altered after", key->name);
}

/* Hashes on the way from a leaf to the root. */
static unsigned path_length(uint64_t index, uint64_t size)
{
    unsigned count = 0;
    while (size > 1) {
        uint64_t left = UINT64_C(1) << (63 - __builtin_clzll(size - 1));
        if (index < left) {
            size = left;
        } else {
            index -= left;
            size -= left;
        }
        count++;
    }
    return count;
}

int verify_path(struct verify_report *r, const char *element, const struct suite *suite, uint64_t index, uint64_t size,
                const struct ledger_hash *leaf, const struct ledger_path *path, const struct ledger_hash *root)
{
    if (index >= size)
        return verify_end(r, VERIFY_FAILED, element, "index %llu: a ledger of %llu entries has none there",
                          (unsigned long long)index, (unsigned long long)size);
    if (path->count != path_length(index, size))
        return verify_end(r, VERIFY_FAILED, element, "path: entry %llu of %llu has %u hashes, %u were given",
                          (unsigned long long)index, (unsigned long long)size, path_length(index, size), path->count);
    int rc = ledger_verify_inclusion(suite, index, size, leaf, path->hash, path->count, root);
    if (rc == TB_ETRUST)
        return verify_end(r, VERIFY_FAILED, element, "the leaf at index %llu and its path do not lead to the root",
                          (unsigned long long)index);
    return rc ? verify_end(r, VERIFY_USAGE, element, "cannot be verified: %s", err_text(rc)) : 0;
}
