/* Any bytes: the verdict on a head may not depend on how the bytes were cut, and what is accepted keeps the policy. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/http1.h"
#include "proto/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct verdict {
    int rc;
    enum problem_id why;
    size_t used;
};

static struct verdict judge(const uint8_t *data, size_t size, size_t step)
{
    struct verdict v = {.rc = 0, .why = PROBLEM_COUNT};
    struct http1 *h = http1_new();
    if (!h)
        return v;
    for (size_t at = 0; at < size && !v.rc;) {
        size_t n = size - at < step ? size - at : step, used = 0;
        struct problem p = {.id = PROBLEM_COUNT};
        v.rc = http1_feed(h, (const char *)data + at, n, &used, &p);
        if (v.rc >= 0)
            v.used += used;
        else
            v.why = p.id;
        at += n;
    }
    if (v.rc == 1) {
        const char *host = http1_header(h, "Host");
        if (v.used > LIMIT_HTTP_HEAD_BYTES || http1_target(h)[0] != '/' ||
            strlen(http1_target(h)) > LIMIT_HTTP_TARGET_BYTES || !host || !*host ||
            http1_header(h, "Transfer-Encoding") || http1_header(h, "Upgrade") || http1_content_length(h) < -1)
            abort();
    }
    http1_free(h);
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict whole = judge(data, size, size ? size : 1), single = judge(data, size, 1),
                   three = judge(data, size, 3);
    if (whole.rc != single.rc || whole.why != single.why || whole.rc != three.rc || whole.why != three.why ||
        (whole.rc == 1 && (whole.used != single.used || whole.used != three.used)))
        abort();
    return 0;
}
