#include "proto/strict_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/limits.h"

/* --- writing --- */

struct dump {
    struct buf *out;
    int rc;
};

static int dump_piece(const char *bytes, size_t len, void *context)
{
    struct dump *dump = context;
    dump->rc = buf_append(dump->out, bytes, len);
    return dump->rc ? -1 : 0;
}

int strict_json_dump(const json_t *doc, struct buf *b)
{
    struct dump dump = {.out = b};
    size_t before = b->len;
    if (!json_dump_callback(doc, dump_piece, &dump, JSON_COMPACT | JSON_PRESERVE_ORDER))
        return 0;
    b->len = before;
    if (b->data)
        b->data[before] = '\0';
    return dump.rc ? dump.rc : TB_EINVAL;
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
