#include <stdlib.h>
#include <string.h>

#include "daemon/net/http_internal.h"
#include "proto/text.h"

static int http_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes `len` bytes at `raw` into `out` (never longer) and terminates it.  Control characters are refused, so a NUL
 * always ends. */
static int http_decode(const char *raw, size_t len, bool form, char *out, size_t *out_len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)raw[i];
        if (c == '%') {
            int high = i + 2 < len ? http_hex(raw[i + 1]) : -1;
            int low = high < 0 ? -1 : http_hex(raw[i + 2]);
            if (low < 0)
                return TB_EMALFORMED;
            c = high * 16 + low;
            i += 2;
            if (!form && c == '/')
                return TB_EMALFORMED; /* would mean another path than the one that was matched */
        } else if (form && c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f)
            return TB_EMALFORMED;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    if (!text_valid_utf8(out, n))
        return TB_EMALFORMED;
    *out_len = n;
    return 0;
}

static int http_split_path(struct http_target *t)
{
    char *at = t->segments;
    for (;;) {
        char *slash = strchr(at + 1, '/');
        *at++ = '\0';
        if (t->segment_count == HTTP_SEGMENTS)
            return TB_EMALFORMED;
        t->segment[t->segment_count++] = (uint16_t)(at - t->segments);
        if (slash)
            *slash = '\0';
        if (!strcmp(at, ".") || !strcmp(at, ".."))
            return TB_EMALFORMED;
        if (!slash)
            return 0;
        at = slash;
    }
}

/* Query pairs, decoded behind each other: name NUL value NUL. */
static int http_split_query(struct http_target *t, const char *raw)
{
    while (*raw) {
        size_t len = strcspn(raw, "&"), name = strcspn(raw, "&="), n = 0;
        size_t value = name < len ? name + 1 : len;
        int rc = http_decode(raw, name, true, t->query + t->query_len, &n);
        if (rc)
            return rc;
        t->query_len += n + 1;
        rc = http_decode(raw + value, len - value, true, t->query + t->query_len, &n);
        if (rc)
            return rc;
        t->query_len += n + 1;
        raw += len + (raw[len] == '&');
    }
    return 0;
}

int http_target_parse(const char *raw, struct http_target *out)
{
    size_t len = strlen(raw), path = strcspn(raw, "?"), n = 0;
    if (raw[0] != '/' || len > LIMIT_HTTP_TARGET_BYTES)
        return TB_EMALFORMED;
    struct http_target t = {.path = malloc(2 * (path + 1) + 2 * (len - path) + 2)};
    if (!t.path)
        return TB_ENOMEM;
    t.segments = t.path + path + 1;
    t.query = t.segments + path + 1;
    int rc = http_decode(raw, path, false, t.path, &n);
    if (!rc) {
        memcpy(t.segments, t.path, n + 1);
        rc = http_split_path(&t);
    }
    if (!rc && raw[path] == '?')
        rc = http_split_query(&t, raw + path + 1);
    if (rc) {
        free(t.path);
        return rc;
    }
    *out = t;
    return 0;
}

void http_target_free(struct http_target *target)
{
    free(target->path);
    *target = (struct http_target){0};
}

/* Walks pattern and path together.  With `name`: returns the segment in its place; without: whether all fits. */
static const char *http_walk(const struct http_target *t, const char *pattern, const char *name, bool *fits)
{
    const char *found = NULL;
    unsigned i = 0;
    *fits = false;
    while (*pattern == '/') {
        size_t len = strcspn(++pattern, "/");
        if (i >= t->segment_count)
            return NULL;
        const char *segment = t->segments + t->segment[i++];
        if (len > 2 && pattern[0] == '{' && pattern[len - 1] == '}') {
            if (!*segment)
                return NULL;
            if (name && strlen(name) == len - 2 && !memcmp(pattern + 1, name, len - 2))
                found = segment;
        } else if (strlen(segment) != len || memcmp(segment, pattern, len) != 0) {
            return NULL;
        }
        pattern += len;
    }
    *fits = i == t->segment_count;
    return found;
}

bool http_target_matches(const struct http_target *target, const char *pattern)
{
    bool fits = false;
    (void)http_walk(target, pattern, NULL, &fits);
    return fits;
}

const char *http_target_param(const struct http_target *target, const char *pattern, const char *name)
{
    bool fits = false;
    return http_walk(target, pattern, name, &fits);
}

const char *http_target_query(const struct http_target *target, const char *name)
{
    const char *at = target->query, *end = at + target->query_len;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (!strcmp(at, name))
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}
