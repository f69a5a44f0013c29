#include "proto/uuid.h"

#include <string.h>

static bool hyphen_at(unsigned i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_v7(int64_t unix_ms, const uint8_t random[10], char out[UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t b[16];
    for (unsigned i = 0; i < 6; i++)
        b[i] = (uint8_t)((uint64_t)unix_ms >> (40 - 8 * i));
    memcpy(b + 6, random, 10);
    b[6] = (uint8_t)(0x70 | (b[6] & 0x0F)); /* version 7 */
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3F)); /* variant of RFC 9562 */
    unsigned at = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (hyphen_at(at))
            out[at++] = '-';
        out[at++] = hex[b[i] >> 4];
        out[at++] = hex[b[i] & 15];
    }
    out[at] = '\0';
}

bool uuid_valid(const char *text)
{
    for (unsigned i = 0; i < UUID_TEXT - 1; i++) {
        char c = text[i];
        if (hyphen_at(i) ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text[UUID_TEXT - 1] == '\0';
}
