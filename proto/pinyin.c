#include "proto/pinyin.h"

#include <stdint.h>
#include <string.h>

#include "proto/text.h"

#include "proto/pinyin.inc"

enum { FIRST_HANZI = 0x4E00, LAST_HANZI = 0x9FA5, MOST = 400 };

/* Characters with two readings that stand in names of items and departments: both initials. */
static const struct {
    const char *hanzi, *initials;
} readings[] = {
    {"长", "cz"}, {"重", "zc"}, {"调", "dt"}, {"参", "cs"}, {"行", "xh"}, {"会", "hk"}, {"给", "gj"},
    {"传", "cz"}, {"单", "ds"}, {"校", "xj"}, {"系", "xj"}, {"查", "cz"}, {"属", "sz"}, {"乐", "ly"},
    {"朝", "cz"}, {"藏", "cz"}, {"降", "jx"}, {"盛", "sc"}, {"省", "sx"}, {"车", "cj"}, {"种", "zc"},
    {"折", "zs"}, {"解", "jx"}, {"曾", "zc"}, {"仇", "cq"}, {"率", "ls"}, {"强", "qj"}, {"提", "td"},
    {"识", "sz"}, {"厦", "sx"}, {"宿", "sx"}, {"贾", "jg"}, {"卡", "kq"}, {"缴", "jz"}, {"区", "qo"},
};

struct initial {
    char one, two;
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The initial that is not the usual one, or NUL. */
static char second_reading(const char *hanzi, size_t len, char usual)
{
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++)
        if (strlen(readings[i].hanzi) == len && memcmp(readings[i].hanzi, hanzi, len) == 0)
            return readings[i].initials[readings[i].initials[0] == usual];
    return '\0';
}

static size_t initials_of(const char *text, struct initial *out)
{
    size_t len = strlen(text), count = 0;
    for (size_t at = 0; at < len && count < MOST;) {
        size_t start = at;
        int32_t code = text_next(text, len, &at);
        if (code < 0)
            break;
        char one = code < 0x80 ? lower((char)code) : '\0';
        if (code >= FIRST_HANZI && code <= LAST_HANZI)
            one = pinyin_initials[(code - FIRST_HANZI) / PINYIN_ROW][(code - FIRST_HANZI) % PINYIN_ROW];
        if (plain(one))
            out[count++] = (struct initial){one, code < 0x80 ? '\0' : second_reading(text + start, at - start, one)};
    }
    return count;
}

bool pinyin_match(const char *text, const char *query)
{
    struct initial initials[MOST];
    size_t wanted = strlen(query);
    for (size_t i = 0; i < wanted; i++)
        if (!plain(lower(query[i])))
            return false;
    if (!wanted || wanted > MOST)
        return false;
    size_t count = initials_of(text, initials);
    for (size_t start = 0; start + wanted <= count; start++) {
        size_t n = 0;
        while (n < wanted && (initials[start + n].one == lower(query[n]) || initials[start + n].two == lower(query[n])))
            n++;
        if (n == wanted)
            return true;
    }
    return false;
}
