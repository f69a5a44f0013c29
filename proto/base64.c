#include "proto/note.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(const void *bytes, size_t len, struct buf *out)
{
    const uint8_t *in = bytes;
    if (len > out->max) /* before the multiplication */
        return TB_ELIMIT;
    int rc = buf_reserve(out, (len + 2) / 3 * 4);
    if (rc)
        return rc;
    if (!len)
        return 0;
    char *to = out->data + out->len;
    size_t i = 0;
    for (; i + 2 < len; i += 3, to += 4) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        to[0] = alphabet[v >> 18];
        to[1] = alphabet[v >> 12 & 63];
        to[2] = alphabet[v >> 6 & 63];
        to[3] = alphabet[v & 63];
    }
    if (i < len) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0);
        to[0] = alphabet[v >> 18];
        to[1] = alphabet[v >> 12 & 63];
        to[2] = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
        to[3] = '=';
        to += 4;
    }
    *to = '\0';
    out->len = (size_t)(to - out->data);
    return 0;
}

/* Value of a character, or 64. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

int base64_decode(const char *text, size_t len, uint8_t *out, size_t out_max, size_t *out_len)
{
    if (len % 4)
        return TB_EMALFORMED;
    unsigned pad = len && text[len - 1] == '=' ? (text[len - 2] == '=' ? 2 : 1) : 0;
    size_t bytes = len / 4 * 3 - pad;
    if (bytes > out_max)
        return TB_ELIMIT;
    for (size_t i = 0, at = 0; i < len; i += 4) {
        unsigned cut = i + 4 == len ? pad : 0;
        uint32_t v = 0, bad = 0;
        for (unsigned k = 0; k < 4; k++) {
            uint32_t one = k < 4 - cut ? value_of(text[i + k]) : 0;
            bad |= one & 64;
            v = v << 6 | (one & 63);
        }
        if (bad || (cut == 1 && (v & 0xFF)) || (cut == 2 && (v & 0xFFFF)))
            return TB_EMALFORMED; /* one value, one text: unused bits are zero */
        for (unsigned k = 0; k < 3 - cut; k++)
            out[at++] = (uint8_t)(v >> (16 - 8 * k));
    }
    *out_len = bytes;
    return 0;
}
