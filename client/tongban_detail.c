/* Details of problems are English sentences with values in them, written where the refusal is known.  For a Chinese
 * reader they are matched against their patterns, and the values are put into the translated sentence. */
#include <string.h>

#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/register.h"
#include "proto/access.h"

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

/* The Chinese of a field whose English help stands in a detail, at any depth; NULL when there is none. */
static const char *field_zh(const struct case_field *fields, const char *help)
{
    const char *found = NULL;
    for (const struct case_field *f = fields; f && f->name && !found; f++)
        found = f->help && !strcmp(f->help, help) ? f->zh : field_zh(f->members, help);
    return found;
}

/* The Chinese of an act, a state or a field of the registers; NULL when it is none. */
static const char *register_word(const char *word)
{
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        const struct register_act *act = register_act_by_name(kind, word);
        int state = register_state_by_name(kind, word);
        if (act || state > 0)
            return act ? act->zh : kind->states[state].zh;
        for (size_t i = 0; i < kind->act_count; i++) {
            const char *zh = field_zh(kind->acts[i].fields, word);
            if (zh)
                return zh;
        }
    }
    return NULL;
}

/* A word or sentence of the tables in the reader's language: steps, states, roles, fields; NULL when it is none. */
static const char *table_word(const char *word)
{
    const struct case_transition *action = action_find(word);
    if (action)
        return lang_pick(action->action, action->zh);
    if (case_state_by_name(word) >= 0)
        return view_state(word);
    for (int type = 0; type < ENTRY_TYPES; type++) {
        const char *zh = field_zh(case_fields((enum entry_type)type), word);
        if (zh)
            return zh;
    }
    const char *object = register_word(word);
    if (object)
        return object;
    for (int kind = 0; kind < ACCESS_KINDS; kind++)
        if (!strcmp(access_kinds[kind].what, word))
            return lang_pick(access_kinds[kind].what, access_kinds[kind].zh);
    const char *text = word[0] ? gettext(word) : word;
    text = text == word ? view_word(word) : text;
    return text == word ? NULL : text;
}

static int put_word(const char *at, size_t len, struct buf *out)
{
    char word[256];
    const char *found = NULL;
    if (len < sizeof word) {
        memcpy(word, at, len);
        word[len] = '\0';
        found = table_word(word);
    }
    return found ? buf_append_str(out, found) : buf_append(out, at, len);
}

/* The value of a conversion: a sentence or a list of words of the tables in the reader's language, else as it is. */
static int put_value(const struct capture *capture, struct buf *out)
{
    const char *at = capture->from, *end = capture->from + capture->len;
    size_t before = out->len;
    int rc = put_word(at, capture->len, out);
    if (rc || out->len - before != capture->len || memcmp(out->data + before, at, capture->len) != 0)
        return rc;
    out->len = before;
    while (at < end && !rc) {
        size_t len = 0;
        while (at + len < end && strncmp(at + len, ", ", 2) != 0)
            len++;
        rc = put_word(at, len, out);
        at += len;
        if (!rc && at < end)
            rc = buf_append_str(out, _(", "));
        at += at < end ? 2 : 0;
    }
    return rc;
}

/* "leg NAME: a detail": the detail is one of the patterns by itself. */
static const char *leg_text(const char *detail)
{
    static char out[1200];
    const char *rest = strncmp(detail, "leg ", 4) ? NULL : strstr(detail, ": ");
    if (!rest)
        return NULL;
    (void)snprintf(out, sizeof out, "环节“%.*s”：%s", (int)(rest - detail - 4), detail + 4, detail_text(rest + 2));
    return out;
}

/* Letters of a pattern outside of its conversions: the more there are, the more closely it says what happened. */
static size_t literal_length(const char *pattern)
{
    size_t letters = 0;
    while (*pattern) {
        size_t len = conversion(pattern);
        letters += len ? 0 : 1;
        pattern += len ? len : 1;
    }
    return letters;
}

/* The translated pattern that fits best ("it is missing: the case" before "it is missing: %s"), or NULL. */
static const char *best_pattern(const char *detail, struct capture capture[CAPTURES])
{
    const char *best = NULL;
    size_t letters = 0;
    for (size_t i = 0; patterns[i]; i++) {
        struct capture found[CAPTURES] = {{"", 0}};
        const char *to = gettext(patterns[i]);
        size_t len = literal_length(patterns[i]);
        if (!strchr(patterns[i], '%') || to == patterns[i] || (best && len <= letters) || !match(patterns[i], detail, found, 0))
            continue;
        best = to;
        letters = len;
        memcpy(capture, found, sizeof found);
    }
    return best;
}

const char *detail_text(const char *detail)
{
    static char out[1024];
    const char *whole = gettext(detail), *leg;
    struct capture capture[CAPTURES];
    if (whole != detail || !lang_zh())
        return whole;
    if ((leg = leg_text(detail)))
        return leg;
    const char *to = best_pattern(detail, capture);
    if (!to)
        return detail;
    struct buf text;
    unsigned n = 0;
    int rc = 0;
    buf_init(&text, sizeof out - 1);
    while (*to && !rc) {
        size_t len = conversion(to);
        rc = !len ? buf_append(&text, to, 1) : n < CAPTURES ? put_value(&capture[n++], &text) : 0;
        to += len ? len : 1;
    }
    (void)snprintf(out, sizeof out, "%s", text.len ? text.data : "");
    buf_free(&text);
    return out;
}
