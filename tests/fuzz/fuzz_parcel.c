/* Any bytes as a batch: what is taken can be written again; nobody's batch is verified by a key that signed nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parcel *parcel, *again;
    struct problem p;
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (parcel_decode(copy, size, &parcel, &p))
        return 0;
    const struct parcel_source source = {.note = parcel->note,
                                         .note_len = parcel->note_len,
                                         .old_size = parcel->old_size,
                                         .consistency = &parcel->consistency,
                                         .seen_size = parcel->seen_size,
                                         .cosignature = parcel->cosignature,
                                         .sent = parcel->sent,
                                         .received = parcel->received,
                                         .lines = parcel->lines,
                                         .count = parcel->count};
    struct parcel_source named = source;
    memcpy(named.from, parcel->from, sizeof named.from);
    memcpy(named.to, parcel->to, sizeof named.to);
    struct buf out;
    buf_init(&out, LIMIT_BATCH_HEADER_BYTES * 2 + LIMIT_BATCH_BYTES * 2);
    int rc = parcel_encode(&named, &out);
    if (!rc) {
        size_t len;
        char *bytes = buf_take(&out, &len);
        if (parcel_decode(bytes, len, &again, &p) || again->count != parcel->count || strcmp(again->note, parcel->note))
            abort();
        parcel_free(again);
    } else if (rc != TB_ELIMIT) {
        abort();
    }
    static const uint8_t secret[32] = {99};
    struct note_signer nobody;
    const struct ledger_hash root = {{0}};
    if (note_signer_make(suite_by_name("intl"), "tongban/320623", secret, &nobody) ||
        !parcel_verify(parcel, &nobody.vkey, &root, &p))
        abort();
    parcel_free(parcel);
    buf_free(&out);
    return 0;
}
