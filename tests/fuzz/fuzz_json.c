/* Any bytes: what is taken keeps the limits, is what jansson's own reader takes, and says the same again when written and read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/strict_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned depth_of(const json_t *value)
{
    unsigned deepest = 0;
    size_t i;
    const char *key;
    json_t *one;
    if (json_is_array(value))
        json_array_foreach(value, i, one) deepest = depth_of(one) > deepest ? depth_of(one) : deepest;
    else if (json_is_object(value))
        json_object_foreach((json_t *)(uintptr_t)value, key, one) deepest =
            depth_of(one) > deepest ? depth_of(one) : deepest;
    else
        return json_is_real(value) ? 1000 : 0;
    return deepest + 1;
}

/* jansson's reader, and our limits on what came out: an independent judge.  It lets a NUL byte behind a number pass. */
static json_t *reference(const uint8_t *data, size_t size)
{
    json_t *doc = size && memchr(data, '\0', size) ? NULL : json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (doc && (!json_is_object(doc) || depth_of(doc) > LIMIT_JSON_DEPTH)) {
        json_decref(doc);
        doc = NULL;
    }
    return doc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *doc, *again, *expected = reference(data, size);
    struct problem p = {.detail = ""};
    if (strict_json_parse((const char *)data, size, &doc, &p)) {
        json_t *valid = json_string(p.detail); /* NULL when a problem is not UTF-8 */
        if (!valid || !p.detail[0] || expected)
            abort();
        json_decref(valid);
        return 0;
    }
    if (!expected || !json_equal(doc, expected))
        abort();
    json_decref(expected);
    struct buf text;
    buf_init(&text, size * 6 + 16);
    if (depth_of(doc) > LIMIT_JSON_DEPTH || strict_json_dump(doc, &text) ||
        strict_json_parse(text.data, text.len, &again, NULL) || !json_equal(doc, again))
        abort();
    json_decref(again);
    json_decref(doc);
    buf_free(&text);
    return 0;
}
