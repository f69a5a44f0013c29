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

/* Value of a character plus one, 0 for those that have none. */
static const uint8_t values[256] = {
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* Value of a character, or 64 and more. */
static uint32_t value_of(char c)
{
    return values[(unsigned char)c] - 1U;
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
            bad |= one & ~63U;
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
