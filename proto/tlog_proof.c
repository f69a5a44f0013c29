#include "proto/note.h"

#include <string.h>

#define PROOF_HEAD  "c2sp.org/tlog-proof@v1\n"
#define PROOF_EXTRA "extra "
#define PROOF_INDEX "index "

int tlog_proof_format(uint64_t index, const struct ledger_path *path, const char *checkpoint, size_t checkpoint_len,
                      struct buf *out)
{
    size_t before = out->len;
    int rc = buf_printf(out, PROOF_HEAD PROOF_INDEX "%llu\n", (unsigned long long)index);
    for (unsigned i = 0; !rc && i < path->count; i++) {
        rc = base64_encode(path->hash[i].b, SUITE_HASH_BYTES, out);
        if (!rc)
            rc = buf_append(out, "\n", 1);
    }
    if (!rc)
        rc = buf_append(out, "\n", 1);
    if (!rc)
        rc = buf_append(out, checkpoint, checkpoint_len);
    if (rc)
        out->len = before;
    return rc;
}

/* Takes the next line off *text (without its newline); false when there is none. */
static bool line_next(const char **text, size_t *len, const char **line, size_t *line_len)
{
    const char *end = memchr(*text, '\n', *len);
    if (!end)
        return false;
    *line = *text;
    *line_len = (size_t)(end - *text);
    *len -= *line_len + 1;
    *text = end + 1;
    return true;
}

static bool starts(const char *line, size_t len, const char *with)
{
    return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

static int index_read(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    if (!len || len > 19 || (len > 1 && text[0] == '0'))
        return TB_EMALFORMED;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return TB_EMALFORMED;
        value = value * 10 + (uint64_t)(text[i] - '0'); /* 19 digits fit */
    }
    *out = value;
    return 0;
}

int tlog_proof_parse(const char *text, size_t len, struct unverified_proof *out)
{
    struct unverified_proof made = {.index = 0};
    uint8_t scratch[LIMIT_NOTE_BYTES];
    const char *line;
    size_t line_len, bytes;
    if (len > 2 * LIMIT_NOTE_BYTES || !starts(text, len, PROOF_HEAD))
        return TB_EMALFORMED;
    text += sizeof PROOF_HEAD - 1;
    len -= sizeof PROOF_HEAD - 1;
    if (!line_next(&text, &len, &line, &line_len))
        return TB_EMALFORMED;
    if (starts(line, line_len, PROOF_EXTRA)) {
        /* opaque and not authenticated: checked for its form, then left alone */
        const size_t skip = sizeof PROOF_EXTRA - 1;
        if (base64_decode(line + skip, line_len - skip, scratch, sizeof scratch, &bytes) ||
            !line_next(&text, &len, &line, &line_len))
            return TB_EMALFORMED;
    }
    const size_t skip = sizeof PROOF_INDEX - 1;
    if (!starts(line, line_len, PROOF_INDEX) || index_read(line + skip, line_len - skip, &made.index))
        return TB_EMALFORMED;
    for (;;) {
        if (!line_next(&text, &len, &line, &line_len))
            return TB_EMALFORMED;
        if (!line_len)
            break;
        if (made.path.count == LEDGER_PATH_MAX)
            return TB_EMALFORMED;
        struct ledger_hash *hash = &made.path.hash[made.path.count++];
        if (base64_decode(line, line_len, hash->b, sizeof hash->b, &bytes) || bytes != sizeof hash->b)
            return TB_EMALFORMED;
    }
    if (!len)
        return TB_EMALFORMED;
    made.checkpoint = text;
    made.checkpoint_len = len;
    *out = made;
    return 0;
}

int tlog_proof_verify(const struct note_vkey *key, const char *text, size_t len, const void *line, size_t line_len,
                      struct checkpoint *checkpoint_out)
{
    struct unverified_proof proof;
    struct checkpoint checkpoint = {.size = 0};
    struct ledger_hash leaf;
    int rc = tlog_proof_parse(text, len, &proof);
    if (!rc)
        rc = checkpoint_verify(key, proof.checkpoint, proof.checkpoint_len, &checkpoint);
    if (!rc)
        rc = ledger_leaf(key->suite, line, line_len, &leaf);
    if (!rc)
        rc = ledger_verify_inclusion(key->suite, proof.index, checkpoint.size, &leaf, proof.path.hash, proof.path.count,
                                     &checkpoint.root);
    if (!rc && checkpoint_out)
        *checkpoint_out = checkpoint;
    return rc;
}
