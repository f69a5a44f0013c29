/* Any bytes as an entry, and its body as a receipt: what is taken can be written again and reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entry e, again;
    struct problem p;
    if (entry_decode((const char *)data, size, &e, &p))
        return 0;
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    int rc = entry_encode(&e, &line);
    if (!rc) { /* it may have grown beyond its limit: the time is written in full */
        if (entry_decode(line.data, line.len, &again, &p) || again.type != e.type || strcmp(again.id, e.id) ||
            again.seq != e.seq || again.rev != e.rev || again.at != e.at || strcmp(again.to, e.to) ||
            !json_equal(again.body, e.body))
            abort();
        entry_clear(&again);
    } else if (rc != TB_ELIMIT) {
        abort();
    }
    struct receipt receipt;
    if (!receipt_from_json(e.body, &receipt, &p)) {
        json_t *body;
        if (receipt_to_json(&receipt, &body) || !json_equal(body, e.body))
            abort();
        json_decref(body);
        receipt_clear(&receipt);
    }
    entry_clear(&e);
    buf_free(&line);
    return 0;
}
