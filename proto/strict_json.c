#include "proto/strict_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/text.h"

/* --- writing --- */

/* Beyond what may be read: a document of ours can hold one that was read.  A document that holds itself ends here. */
enum { DUMP_DEPTH = 2 * LIMIT_JSON_DEPTH };

static int dump_text(const char *text, size_t len, struct buf *b)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    int rc = buf_append(b, "\"", 1);
    for (size_t i = 0, from = 0; !rc && i <= len; i++) {
        i += text_plain(text + i, len - i);
        if (i < len && (unsigned char)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
            continue;
        rc = buf_append(b, text + from, i - from);
        from = i + 1;
        if (rc || i == len)
            break;
        const char *which = text[i] ? strchr(escaped, text[i]) : NULL;
        if (which) {
            const char pair[] = {'\\', letters[which - escaped]};
            rc = buf_append(b, pair, sizeof pair);
        } else {
            rc = buf_printf(b, "\\u%04X", (unsigned)(unsigned char)text[i]);
        }
    }
    return rc ? rc : buf_append(b, "\"", 1);
}

static int dump_value(const json_t *value, unsigned depth, struct buf *b);

static int dump_object(const json_t *object, unsigned depth, struct buf *b)
{
    json_t *members = (json_t *)(uintptr_t)object; /* jansson's iterator asks for more than it needs */
    int rc = buf_append(b, "{", 1);
    bool first = true;
    for (void *at = json_object_iter(members); at && !rc; at = json_object_iter_next(members, at), first = false) {
        if (!first)
            rc = buf_append(b, ",", 1);
        if (!rc)
            rc = dump_text(json_object_iter_key(at), json_object_iter_key_len(at), b);
        if (!rc)
            rc = buf_append(b, ":", 1);
        if (!rc)
            rc = dump_value(json_object_iter_value(at), depth, b);
    }
    return rc ? rc : buf_append(b, "}", 1);
}

static int dump_array(const json_t *array, unsigned depth, struct buf *b)
{
    int rc = buf_append(b, "[", 1);
    for (size_t i = 0; i < json_array_size(array) && !rc; i++) {
        if (i)
            rc = buf_append(b, ",", 1);
        if (!rc)
            rc = dump_value(json_array_get(array, i), depth, b);
    }
    return rc ? rc : buf_append(b, "]", 1);
}

static int dump_value(const json_t *value, unsigned depth, struct buf *b)
{
    if (depth > DUMP_DEPTH)
        return TB_EINVAL;
    switch (value ? (int)json_typeof(value) : -1) {
    case JSON_OBJECT:
        return dump_object(value, depth + 1, b);
    case JSON_ARRAY:
        return dump_array(value, depth + 1, b);
    case JSON_STRING:
        return dump_text(json_string_value(value), json_string_length(value), b);
    case JSON_INTEGER:
        return buf_printf(b, "%lld", (long long)json_integer_value(value));
    case JSON_TRUE:
        return buf_append(b, "true", 4);
    case JSON_FALSE:
        return buf_append(b, "false", 5);
    case JSON_NULL:
        return buf_append(b, "null", 4);
    default:
        return TB_EINVAL; /* there are no reals in our documents */
    }
}

int strict_json_dump(const json_t *doc, struct buf *b)
{
    size_t before = b->len;
    int rc = dump_value(doc, 0, b);
    if (rc) {
        b->len = before;
        if (b->data)
            b->data[before] = '\0';
    }
    return rc;
}

/* --- fields --- */

/* JSON pointer of a member.  The key may come from outside: cut between characters, without control characters. */
static void field_name(const char *path, const char *key, char out[sizeof((struct problem *)0)->field])
{
    const size_t max = sizeof((struct problem *)0)->field - 1;
    size_t len = 0;
    for (; *path && len < max; path++)
        out[len++] = *path;
    if (len < max)
        out[len++] = '/';
    for (; *key && len + 1 < max; key++) {
        if (*key == '~' || *key == '/') {
            out[len++] = '~';
            out[len++] = *key == '~' ? '0' : '1';
        } else {
            out[len++] = (unsigned char)*key < 0x20 || *key == 0x7F ? '?' : *key;
        }
    }
    if (*key) /* cut: drop the bytes of a character that is not whole */
        while (len && ((unsigned char)*key & 0xC0) == 0x80) {
            len--;
            if (((unsigned char)out[len] & 0xC0) != 0x80)
                break;
        }
    out[len] = '\0';
}

static int refuse_field(struct problem *p, const char *path, const char *key, const char *why)
{
    char field[sizeof p->field];
    field_name(path, key, field);
    return problem_set(p, PROBLEM_FIELD, field, "%s %s", field, why);
}

/* 0 with *out NULL when an optional member is not there. */
static int member(const json_t *obj, const char *path, const char *key, bool required, json_t **out, struct problem *p)
{
    json_t *value = json_object_get(obj, key);
    if (!value && required)
        return refuse_field(p, path, key, "is missing");
    *out = value;
    return 0;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] < 0xA0) /* U+0080 … U+009F */
            return true;
    }
    return false;
}

const char *strict_json_peek(const json_t *obj, const char *key)
{
    const char *text = json_string_value(json_object_get(obj, key));
    return text ? text : "";
}

int strict_json_text(const json_t *obj, const char *path, const char *key, bool required, size_t max_bytes,
                     const char **out, struct problem *p)
{
    json_t *value;
    int rc = member(obj, path, key, required, &value, p);
    if (rc)
        return rc;
    if (!value) {
        *out = NULL;
        return 0;
    }
    if (!json_is_string(value))
        return refuse_field(p, path, key, "must be text");
    size_t len = json_string_length(value);
    if (!len)
        return refuse_field(p, path, key, "is empty");
    if (len > max_bytes)
        return refuse_field(p, path, key, "is too long");
    if (has_control(json_string_value(value), len))
        return refuse_field(p, path, key, "contains a control character");
    *out = json_string_value(value);
    return 0;
}

int strict_json_int(const json_t *obj, const char *path, const char *key, bool required, int64_t min, int64_t max,
                    int64_t fallback, int64_t *out, struct problem *p)
{
    json_t *value;
    int rc = member(obj, path, key, required, &value, p);
    if (rc)
        return rc;
    if (value && !json_is_integer(value))
        return refuse_field(p, path, key, "must be a whole number");
    if (value && (json_integer_value(value) < min || json_integer_value(value) > max)) {
        char why[96];
        (void)snprintf(why, sizeof why, "must lie between %lld and %lld", (long long)min, (long long)max);
        return refuse_field(p, path, key, why);
    }
    *out = value ? json_integer_value(value) : fallback;
    return 0;
}

int strict_json_bool(const json_t *obj, const char *path, const char *key, bool fallback, bool *out, struct problem *p)
{
    const json_t *value = json_object_get(obj, key);
    if (value && !json_is_boolean(value))
        return refuse_field(p, path, key, "must be true or false");
    *out = value ? json_is_true(value) : fallback;
    return 0;
}

int strict_json_object(const json_t *obj, const char *path, const char *key, bool required, json_t **out,
                       struct problem *p)
{
    json_t *value;
    int rc = member(obj, path, key, required, &value, p);
    if (rc)
        return rc;
    if (value && !json_is_object(value))
        return refuse_field(p, path, key, "must be an object");
    *out = value;
    return 0;
}

int strict_json_array(const json_t *obj, const char *path, const char *key, bool required, size_t max_count,
                      json_t **out, struct problem *p)
{
    json_t *value;
    int rc = member(obj, path, key, required, &value, p);
    if (rc)
        return rc;
    if (value && !json_is_array(value))
        return refuse_field(p, path, key, "must be an array");
    if (value && json_array_size(value) > max_count)
        return refuse_field(p, path, key, "has too many elements");
    *out = value;
    return 0;
}

int strict_json_only(const json_t *obj, const char *path, const char *const *known, struct problem *p)
{
    void *at = json_object_iter((json_t *)(uintptr_t)obj);
    for (; at; at = json_object_iter_next((json_t *)(uintptr_t)obj, at)) {
        const char *key = json_object_iter_key(at);
        size_t i = 0;
        while (known[i] && strcmp(known[i], key))
            i++;
        if (!known[i])
            return refuse_field(p, path, key, "is not known here");
    }
    return 0;
}
