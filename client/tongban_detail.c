/* Details of problems are English sentences with values in them, written where the refusal is known.  For a Chinese
 * reader they are matched against their patterns, and the values are put into the translated sentence. */
#include <string.h>

#include "client/tongban_term.h"

static const char *const patterns[] = {
#include "client/tongban_details.inc"
    NULL,
};

enum { CAPTURES = 4 };
struct capture {
    const char *from;
    size_t len;
};

/* Length of a conversion at `at`, 0 when there is none: %s %d %u %lld %zu %.*s … up to its letter. */
static size_t conversion(const char *at)
{
    if (at[0] != '%' || at[1] == '%')
        return 0;
    size_t len = 1 + strspn(at + 1, "0123456789.*-+ #hljzt");
    return at[len] ? len + 1 : 0;
}

static bool match(const char *pattern, const char *text, struct capture *capture, unsigned count)
{
    while (*pattern) {
        size_t len = conversion(pattern);
        if (len) {
            if (count == CAPTURES)
                return false;
            pattern += len;
            for (size_t n = strlen(text) + 1; n-- > 0;) {
                capture[count] = (struct capture){text, n};
                if (match(pattern, text + n, capture, count + 1))
                    return true;
            }
            return false;
        }
        if (*pattern != *text)
            return false;
        pattern += *pattern == '%' ? 2 : 1;
        text++;
    }
    return !*text;
}

const char *detail_text(const char *detail)
{
    static char out[1024];
    const char *whole = gettext(detail);
    if (whole != detail || !lang_zh())
        return whole;
    for (size_t i = 0; patterns[i]; i++) {
        struct capture capture[CAPTURES] = {{"", 0}};
        const char *to = gettext(patterns[i]);
        if (!strchr(patterns[i], '%') || to == patterns[i] || !match(patterns[i], detail, capture, 0))
            continue;
        size_t used = 0;
        unsigned n = 0;
        while (*to && used + 1 < sizeof out) {
            size_t len = conversion(to);
            if (!len) {
                out[used++] = *to++;
                continue;
            }
            size_t take = n < CAPTURES ? capture[n].len : 0;
            if (take > sizeof out - 1 - used)
                take = sizeof out - 1 - used;
            if (take)
                memcpy(out + used, capture[n].from, take);
            used += take;
            n++;
            to += len;
        }
        out[used] = '\0';
        return out;
    }
    return detail;
}
