/* Any bytes as a note, as signature lines and as keys: a key that signed nothing verifies nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {99};
    const char *text = (const char *)data;
    struct note_signer nobody, parsed;
    struct note_vkey key;
    struct checkpoint checkpoint;
    int64_t unix_s;
    if (note_signer_make(suite_by_name("intl"), "tongban/330483", secret, &nobody))
        abort();
    if (!checkpoint_verify(&nobody.vkey, text, size, &checkpoint))
        abort();
    struct buf note, line;
    buf_init(&note, LIMIT_NOTE_BYTES);
    buf_init(&line, LIMIT_NOTE_BYTES);
    if (checkpoint_sign(&nobody, 1, &(struct ledger_hash){{0}}, &note))
        abort();
    if (!checkpoint_verify_cosignature(&nobody.vkey, note.data, note.len, text, size, &unix_s))
        abort();
    if (!checkpoint_cosign(&nobody, text, size, 1,
                           &line)) /* it has the form of a checkpoint: what we add must verify */
        if (checkpoint_verify_cosignature(&nobody.vkey, text, size, line.data, line.len, &unix_s) || unix_s != 1)
            abort();
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, data, size);
        copy[size] = '\0';
        char again[NOTE_VKEY_TEXT];
        if (!note_vkey_parse(copy, &key) &&
            (note_vkey_format(&key, key.type == suite_cosign_type(key.suite), again) || strcmp(copy, again)))
            abort();
        if (!note_signer_parse(copy, &parsed))
            note_signer_wipe(&parsed);
    }
    free(copy);
    buf_free(&note);
    buf_free(&line);
    return 0;
}
