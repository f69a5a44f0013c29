/* Any bytes as a proof: what is taken without extra data is written back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct unverified_proof proof;
    if (tlog_proof_parse(text, size, &proof))
        return 0;
    if (proof.path.count > LEDGER_PATH_MAX || proof.checkpoint + proof.checkpoint_len != text + size)
        abort();
    struct buf again;
    buf_init(&again, size + 64);
    if (tlog_proof_format(proof.index, &proof.path, proof.checkpoint, proof.checkpoint_len, &again))
        abort();
    const char *second = memchr(text, '\n', size);
    if (second && size - (size_t)(second - text) > 6 && memcmp(second + 1, "extra ", 6) != 0 &&
        (again.len != size || memcmp(again.data, text, size) != 0))
        abort();
    buf_free(&again);
    struct ledger_hash leaf = {{0}}, root = {{1}};
    (void)!ledger_verify_inclusion(suite_by_name("intl"), proof.index, proof.index + 1, &leaf, proof.path.hash,
                                   proof.path.count, &root);
    return 0;
}
