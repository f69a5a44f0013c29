#include "proto/text.h"

#include <string.h>

struct text_range {
    int32_t first, last;
};
#include "proto/text_width.inc"

static bool in_table(const struct text_range *table, size_t count, int32_t code)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code > table[middle].last)
            low = middle + 1;
        else if (code < table[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}

static unsigned code_width(int32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return 0;
    if (in_table(text_zero, sizeof text_zero / sizeof text_zero[0], code))
        return 0;
    return in_table(text_wide, sizeof text_wide / sizeof text_wide[0], code) ? 2 : 1;
}

int32_t text_next(const char *text, size_t len, size_t *at)
{
    /* Smallest code point of each length: a longer form of a smaller one is overlong (RFC 3629 3). */
    static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*at >= len)
        return -1;
    const unsigned char *byte = (const unsigned char *)text + *at;
    size_t need;
    int32_t code;
    if (byte[0] < 0x80) {
        *at += 1;
        return byte[0];
    } else if (byte[0] >= 0xc2 && byte[0] <= 0xdf) {
        need = 2;
        code = byte[0] & 0x1f;
    } else if (byte[0] >= 0xe0 && byte[0] <= 0xef) {
        need = 3;
        code = byte[0] & 0x0f;
    } else if (byte[0] >= 0xf0 && byte[0] <= 0xf4) {
        need = 4;
        code = byte[0] & 0x07;
    } else {
        return -1;
    }
    if (len - *at < need)
        return -1;
    for (size_t i = 1; i < need; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return -1;
        code = code * 64 + (byte[i] & 0x3f);
    }
    if (code < smallest[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return -1;
    *at += need;
    return code;
}

size_t text_plain(const char *text, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    size_t at = 0;
    for (; len - at >= sizeof ones; at += sizeof ones) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        /* the highest bit of a byte: beyond ASCII; DEL; below the space; the quote; the backslash (Hacker's Delight 6-1) */
        uint64_t odd = word | (word + ones) | (word - 0x20 * ones) | ((word ^ '"' * ones) - ones) | ((word ^ '\\' * ones) - ones);
        if (odd & high)
            break;
    }
    while (at < len && text[at] >= 0x20 && text[at] < 0x7f && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
}

bool text_valid_utf8(const char *text, size_t len)
{
    for (size_t at = 0; at < len;)
        if (text_next(text, len, &at) < 0)
            return false;
    return true;
}

/* Characters that no name has: they cannot be seen, or nobody but one old system knows what they mean. */
static bool is_refused_in_name(int32_t code)
{
    static const struct text_range refused[] = {
        {0x0000, 0x001f},                     /* control */
        {0x007f, 0x00a0},                     /* control; no-break space */
        {0x00ad, 0x00ad},                     /* soft hyphen */
        {0x1680, 0x1680},                     /* spaces other than U+0020 look like it and are not found by a search */
        {0x180e, 0x180e},   {0x2000, 0x200f}, /* spaces, zero-width, direction marks */
        {0x2028, 0x202f},                     /* line ends, direction overrides */
        {0x205f, 0x206f},                     /* invisible operators, direction isolates */
        {0x3000, 0x3000},                     /* ideographic space */
        {0xd800, 0xf8ff},                     /* surrogates; private use, old police registers (domain 4.6) */
        {0xfdd0, 0xfdef},                     /* noncharacters */
        {0xfeff, 0xfeff},                     /* byte order mark */
        {0xfff0, 0xffff},                     /* specials, U+FFFD "was lost in conversion" */
        {0x40000, 0xe00ff},                   /* planes without characters; tags */
        {0xe01f0, 0x10ffff}                   /* beyond the variation selectors; private use planes */
    };
    if ((code & 0xfffe) == 0xfffe)
        return true;
    return in_table(refused, sizeof refused / sizeof refused[0], code);
}

int text_check_name(const char *text, size_t max_bytes)
{
    size_t len = strnlen(text, max_bytes + 1);
    if (len > max_bytes)
        return TB_ELIMIT;
    if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
        return TB_EMALFORMED;
    int32_t before = 0;
    for (size_t at = 0; at < len;) {
        int32_t code = text_next(text, len, &at);
        if (code < 0 || is_refused_in_name(code) || (code == ' ' && before == ' '))
            return TB_EMALFORMED;
        before = code;
    }
    return 0;
}

static int append_stars(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = buf_append(out, "*", 1);
        if (rc)
            return rc;
    }
    return 0;
}

/* Characters that a reader counts: combining marks and variation selectors belong to the one before. */
static size_t count_characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t at = 0; at < len;) {
        int32_t code = text_next(text, len, &at);
        if (code < 0)
            return count;
        count += code_width(code) != 0;
    }
    return count;
}

/* 复姓: the family names of two characters that still occur. */
static bool has_compound_surname(const char *name)
{
    static const char *const surnames[] = {
        "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "司空",
        "夏侯", "端木", "宇文", "长孙", "南宫", "百里", "呼延", "轩辕", "钟离", "闻人", "万俟", "澹台",
        "公冶", "宗政", "濮阳", "淳于", "单于", "太叔", "申屠", "仲孙", "鲜于", "闾丘", "亓官", "司寇",
        "子车", "颛孙", "巫马", "公西", "漆雕", "乐正", "公良", "拓跋", "夹谷", "谷梁", "段干", "东郭",
        "南门", "羊舌", "微生", "梁丘", "左丘", "东门", "西门", "赫连", "第五", "歐陽", "司馬", "諸葛"};
    for (size_t i = 0; i < sizeof surnames / sizeof surnames[0]; i++)
        if (strncmp(name, surnames[i], strlen(surnames[i])) == 0)
            return true;
    return false;
}

int text_mask_name(const char *name, struct buf *out)
{
    enum { MOST_STARS = 8 }; /* a long name's length says who it is, too */
    size_t len = strlen(name);
    if (!text_valid_utf8(name, len))
        return TB_EMALFORMED;
    size_t characters = count_characters(name, len);
    size_t kept = characters < 2 ? 0 : characters > 2 && has_compound_surname(name) ? 2 : 1;
    size_t end = 0;
    for (size_t seen = 0, at = 0; kept && at < len;) {
        int32_t code = text_next(name, len, &at);
        seen += code_width(code) != 0;
        if (seen > kept)
            break;
        end = at;
    }
    size_t stars = characters - kept;
    int rc = buf_append(out, name, end);
    return rc ? rc : append_stars(out, stars > MOST_STARS ? MOST_STARS : stars);
}

/* Keeps `head` and `tail` bytes of a number of at least `shortest`, which has to be ASCII to be cut so. */
static int mask_middle(const char *number, size_t head, size_t tail, size_t shortest, struct buf *out)
{
    size_t len = strlen(number);
    if (!text_valid_utf8(number, len))
        return TB_EMALFORMED;
    size_t characters = count_characters(number, len);
    if (characters != len || len < shortest)
        return append_stars(out, characters);
    int rc = buf_append(out, number, head);
    rc = rc ? rc : append_stars(out, len - head - tail);
    return rc ? rc : buf_append(out, number + len - tail, tail);
}

int text_mask_number(const char *number, struct buf *out)
{
    return mask_middle(number, 4, 4, 12, out);
}

int text_mask_mobile(const char *mobile, struct buf *out)
{
    return mask_middle(mobile, 3, 4, 11, out);
}

unsigned text_width(const char *text, size_t len)
{
    unsigned width = 0;
    for (size_t at = 0; at < len;) {
        int32_t code = text_next(text, len, &at);
        if (code < 0) { /* a broken byte is shown as one replacement character */
            width++;
            at++;
        } else {
            width += code_width(code);
        }
    }
    return width;
}
