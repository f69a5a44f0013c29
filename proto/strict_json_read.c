/* The reader of strict_json.h.  Every message and every request passes here, and jansson's own reader, which takes a byte at a time
 * through a stream, was a third of what a received message cost (docs/decisions/0008).  Values are jansson's; fuzz_json and
 * test_strict_json compare what is accepted and what comes out with jansson's reader. */
#include "proto/strict_json.h"

#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/text.h"

struct reader {
    const char *at, *end;
    unsigned depth;
    const char *why;   /* set with the first refusal */
    const char *where; /* its byte */
    bool no_memory;
};

/* Line and column (in characters, from 1) of a byte, for people; the position is the byte itself. */
static int refuse_at(struct problem *p, const char *bytes, size_t at, const char *why)
{
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (bytes[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)bytes[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return problem_set(p, PROBLEM_MALFORMED, NULL, "%s (line %u, column %u, byte %zu)", why, line, column, at);
}

/* Words for people never quote the document: that may be a person's name. */
static json_t *refuse(struct reader *r, const char *where, const char *why)
{
    if (!r->why) {
        r->why = why;
        r->where = where;
    }
    return NULL;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, char wanted)
{
    if (r->at == r->end || *r->at != wanted)
        return false;
    r->at++;
    return true;
}

/* Bytes of the UTF-8 character at `s`, 0 when it is none (overlong, surrogate, beyond U+10FFFF, cut). */
static size_t utf8_length(const unsigned char *s, const unsigned char *end)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
    if (!len || (size_t)(end - s) < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return len;
}

/* From behind the opening quote to the closing one; *escaped tells whether there is anything to undo. */
static bool find_end(struct reader *r, const char **end, bool *escaped)
{
    const unsigned char *s = (const unsigned char *)r->at, *stop = (const unsigned char *)r->end;
    *escaped = false;
    for (;;) {
        s += text_plain((const char *)s, (size_t)(stop - s));
        if (s == stop || *s == '"')
            break;
        if (*s == '\\') {
            *escaped = true;
            s++;
            if (s == stop)
                break;
        }
        size_t len = *s < 0x20 ? 0 : utf8_length(s, stop);
        if (!len) {
            (void)refuse(r, (const char *)s, *s < 0x20 ? "a control character must be escaped" : "the text is not UTF-8");
            return false;
        }
        s += len;
    }
    if (s == stop) {
        (void)refuse(r, r->at - 1, "the string has no end");
        return false;
    }
    *end = (const char *)s;
    return true;
}

/* Four hexadecimal digits, or −1. */
static int32_t read_hex(const char *s, const char *end)
{
    int32_t value = 0;
    if (end - s < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = s[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static size_t put_utf8(char *out, int32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len - 1; i; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[len] | c);
    return len;
}

/* \uXXXX, or two of them for what lies beyond U+FFFF; `s` points behind the u.  Bytes taken, 0 when refused. */
static size_t read_unicode(struct reader *r, const char *s, const char *end, char *out, size_t *out_len)
{
    int32_t c = read_hex(s, end), low;
    size_t taken = 4;
    if (c < 0) {
        (void)refuse(r, s, "the escape is not \\u and four digits");
        return 0;
    }
    if (c >= 0xD800 && c < 0xDC00 && end - s >= 10 && s[4] == '\\' && s[5] == 'u') {
        low = read_hex(s + 6, end);
        if (low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            taken = 10;
        }
    }
    if (!c || (c >= 0xD800 && c < 0xE000)) {
        (void)refuse(r, s, c ? "a lone surrogate is not a character" : "a NUL character is not allowed");
        return 0;
    }
    *out_len += put_utf8(out + *out_len, c);
    return taken;
}

/* Writes the text without its escapes; it never grows. */
static bool unescape(struct reader *r, const char *s, const char *end, char *out, size_t *len)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    *len = 0;
    while (s < end) {
        const char *stop = memchr(s, '\\', (size_t)(end - s));
        size_t plain = (size_t)((stop ? stop : end) - s);
        memcpy(out + *len, s, plain);
        *len += plain;
        s += plain;
        if (!stop)
            break;
        s++;
        const char *which = *s ? strchr(from, *s) : NULL;
        if (which) {
            out[(*len)++] = to[which - from];
            s++;
            continue;
        }
        if (*s != 'u') {
            (void)refuse(r, s, "there is no such escape");
            return false;
        }
        size_t taken = read_unicode(r, s + 1, end, out, len);
        if (!taken)
            return false;
        s += 1 + taken;
    }
    return true;
}

/* A string whose opening quote is next.  *text points into the document or to *owned, which the caller frees. */
static bool read_string(struct reader *r, const char **text, size_t *len, char **owned)
{
    const char *end;
    bool escaped;
    *owned = NULL;
    if (!take(r, '"')) {
        (void)refuse(r, r->at, "a string is expected");
        return false;
    }
    if (!find_end(r, &end, &escaped))
        return false;
    *text = r->at;
    *len = (size_t)(end - r->at);
    if (escaped) {
        *owned = malloc(*len);
        if (!*owned) {
            r->no_memory = true;
            return false;
        }
        *text = *owned;
        if (!unescape(r, r->at, end, *owned, len)) {
            free(*owned);
            *owned = NULL;
            return false;
        }
    }
    r->at = end + 1;
    return true;
}

static json_t *made(struct reader *r, json_t *value)
{
    r->no_memory |= !value;
    return value;
}

static json_t *read_text(struct reader *r)
{
    const char *text;
    size_t len;
    char *owned;
    if (!read_string(r, &text, &len, &owned))
        return NULL;
    json_t *value = made(r, json_stringn_nocheck(text, len));
    free(owned);
    return value;
}

static json_t *read_integer(struct reader *r)
{
    const char *start = r->at;
    bool negative = take(r, '-');
    const char *digits = r->at;
    uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (value > (most - digit) / 10)
            return refuse(r, start, "the number is too large");
        value = value * 10 + digit;
    }
    if (r->at == digits || (*digits == '0' && r->at - digits > 1))
        return refuse(r, start, "that is not a number");
    if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
        return refuse(r, r->at, "only whole numbers are allowed");
    return made(r, json_integer(negative ? (json_int_t)(UINT64_C(0) - value) : (json_int_t)value));
}

static json_t *read_value(struct reader *r);

static bool read_member(struct reader *r, json_t *object)
{
    const char *key, *where;
    size_t len;
    char *owned;
    skip_space(r);
    where = r->at;
    if (!read_string(r, &key, &len, &owned))
        return false;
    json_t *value = NULL;
    if (json_object_getn(object, key, len)) {
        (void)refuse(r, where, "the member stands twice");
    } else {
        skip_space(r);
        if (take(r, ':'))
            value = read_value(r);
        else
            (void)refuse(r, r->at, "a colon is expected");
    }
    if (value && json_object_setn_new_nocheck(object, key, len, value)) {
        r->no_memory = true;
        value = NULL;
    }
    free(owned);
    return value != NULL;
}

static bool read_element(struct reader *r, json_t *array)
{
    json_t *value = read_value(r);
    if (value && json_array_append_new(array, value)) {
        r->no_memory = true;
        return false;
    }
    return value != NULL;
}

/* Members or elements, separated by commas, up to `close`. */
static json_t *read_list(struct reader *r, json_t *list, bool (*read_one)(struct reader *r, json_t *list), char close)
{
    const char *open = r->at++;
    if (!made(r, list))
        return NULL;
    bool good = true;
    if (r->depth == LIMIT_JSON_DEPTH) {
        (void)refuse(r, open, "the document is nested too deeply");
        good = false;
    }
    r->depth++;
    skip_space(r);
    bool ended = good && take(r, close);
    while (good && !ended) {
        good = read_one(r, list);
        skip_space(r);
        ended = good && take(r, close);
        if (good && !ended && !take(r, ',')) {
            (void)refuse(r, r->at, "a comma or the end of the list is expected");
            good = false;
        }
    }
    r->depth--;
    if (!good) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *read_word(struct reader *r)
{
    static const struct {
        const char *text;
        size_t len;
    } words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((size_t)(r->end - r->at) >= words[i].len && !memcmp(r->at, words[i].text, words[i].len)) {
            r->at += words[i].len;
            return i == 2 ? json_null() : json_boolean(i == 0);
        }
    return refuse(r, r->at, r->at == r->end ? "the document ends too early" : "that is not a value");
}

static json_t *read_value(struct reader *r)
{
    skip_space(r);
    switch (r->at < r->end ? *r->at : '\0') {
    case '{':
        return read_list(r, json_object(), read_member, '}');
    case '[':
        return read_list(r, json_array(), read_element, ']');
    case '"':
        return read_text(r);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_integer(r);
    default:
        return read_word(r);
    }
}

int strict_json_parse(const char *bytes, size_t len, json_t **out, struct problem *p)
{
    struct reader r = {.at = bytes, .end = bytes + len};
    json_t *doc = read_value(&r);
    skip_space(&r);
    if (doc && r.at != r.end)
        (void)refuse(&r, r.at, "there is something behind the document");
    else if (doc && !json_is_object(doc))
        (void)refuse(&r, bytes, "the document is not an object");
    if (doc && !r.why && !r.no_memory) {
        *out = doc;
        return 0;
    }
    json_decref(doc);
    return r.why ? refuse_at(p, bytes, (size_t)(r.where - bytes), r.why) : TB_ENOMEM;
}
