/* next: the line that says what to do next, and the one that says what else is possible. */
#include <string.h>

#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/text.h"

enum { ALSO = 16, INDENT = 8 };

void view_next(const char *format, const char *no)
{
    char text[256], number[CASE_NO_TEXT];
    size_t used = 0;
    (void)snprintf(number, sizeof number, "%s", no);
    /* only %s, each time the number: a translation may name it as often as it likes */
    for (const char *at = format; *at && used + sizeof number < sizeof text;) {
        if (at[0] == '%' && at[1] == 's') {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", number);
            at += 2;
        } else {
            text[used++] = *at++;
        }
    }
    text[used] = '\0';
    term_next(text);
}

/* The usual way of a case, in its order: of several actions that are possible the earliest of these is the one that comes next. */
static const char *const usual[] = {"forward", "accept", "supplement", "cure", "resume", "grant", "delivery", "deliver", "complete"};

const char *view_usual_action(const json_t *actions)
{
    size_t i;
    json_t *word;
    for (size_t k = 0; k < sizeof usual / sizeof usual[0]; k++)
        json_array_foreach(actions, i, word) if (json_is_string(word) && !strcmp(json_string_value(word), usual[k])) return usual[k];
    json_array_foreach(actions, i, word) if (json_is_string(word) && action_find(json_string_value(word))) return json_string_value(word);
    return NULL;
}

/* Each word stays whole; a line that is full goes on in the next one. */
static int also_part(const char *part, const char *gap, unsigned columns, unsigned *used, struct buf *out)
{
    unsigned width = text_width(part, strlen(part)), between = text_width(gap, strlen(gap));
    bool full = columns && *used + between + width > columns && *used > INDENT;
    int rc = buf_append_str(out, gap);
    if (full)
        rc = rc ? rc : buf_printf(out, "\n%*s", INDENT, "");
    *used = (full ? INDENT : *used + between) + width;
    return rc ? rc : buf_append_str(out, part);
}

void view_also(const struct also *words, size_t count, const char *usage)
{
    struct buf out;
    char part[256];
    const char *label = _("Also possible: ");
    unsigned columns = term_width(), used = text_width(label, strlen(label));
    int rc = 0;
    buf_init(&out, VALUE_BYTES);
    for (size_t i = 0; i < count && !rc; i++) {
        (void)snprintf(part, sizeof part, lang_zh() ? "%s（%s）" : "%s", words[i].word, words[i].zh);
        rc = also_part(part, !i ? "" : lang_zh() ? "、" : ", ", columns, &used, &out);
    }
    (void)snprintf(part, sizeof part, _("as: %s"), usage);
    if (count && usage[0])
        rc = rc ? rc : also_part(part, lang_zh() ? "。" : ". ", columns, &used, &out);
    if (count && !rc)
        (void)printf("%s%s\n", label, out.data);
    buf_free(&out);
}

/* "tongban case accept NO（受理）". */
static void command_text(const char *action, const char *no, char *out, size_t size)
{
    const struct case_transition *row = action_find(action);
    if (lang_zh() && row)
        (void)snprintf(out, size, "tongban case %s %s（%s）", action, no, row->zh);
    else
        (void)snprintf(out, size, "tongban case %s %s", action, no);
}

/* What else the caller may do with the case. */
static void case_also(const json_t *doc, const char *next)
{
    struct also words[ALSO];
    size_t count = 0, i;
    json_t *word;
    char usage[96];
    const char *no = view_text(doc, "case");
    json_array_foreach(json_object_get(doc, "actions"), i, word)
    {
        const char *name = json_string_value(word);
        const struct case_transition *row = name ? action_find(name) : NULL;
        if (name && !strcmp(name, "material")) { /* has a command of its own */
            (void)snprintf(usage, sizeof usage, "tongban material add %.21s %s", no, _("FILE"));
            view_also(&(struct also){usage, "添加材料"}, 1, "");
        } else if (row && count < ALSO && !(next && !strcmp(name, next))) {
            words[count++] = (struct also){name, row->zh};
        }
    }
    if (count == 1) {
        (void)snprintf(usage, sizeof usage, "tongban case %.32s %.21s", words[0].word, no);
        view_also(&(struct also){usage, words[0].zh}, 1, "");
        return;
    }
    (void)snprintf(usage, sizeof usage, _("tongban case STEP %.21s"), no);
    view_also(words, count, usage);
}

/* In the user's language from the actions, for the server speaks English. */
void view_case_next(const struct client *client, const json_t *doc, bool brief)
{
    const char *no = view_text(doc, "case"), *usual_one = view_usual_action(json_object_get(doc, "actions"));
    int state = case_state_by_name(view_text(doc, "state_confirmed"));
    bool ours = strcmp(view_text(doc, "turn"), "other") != 0;
    const struct document_row *paper = client->config ? document_waiting(client->config->office, doc, brief) : NULL;
    const char *next = ours && !paper ? usual_one : NULL;
    char text[200];
    if (paper) {
        (void)snprintf(text, sizeof text, lang_zh() ? "tongban case document %.21s %s --out %s（%s）"
                                             : "tongban case document %.21s %s --out %s (%s)",
                       no, paper->id, _("FILE"), lang_pick(paper->en, paper->zh));
        term_next(text);
    } else if (next) {
        command_text(next, no, text, sizeof text);
        term_next(text);
    } else if (state >= 0 && case_states[state].final) {
        view_next(_("the case is closed. Its proof: tongban case proof %s --out %s.json"), no);
    } else {
        view_next(_("nothing here; the other side acts. See: tongban case track %s --watch"), no);
    }
    case_also(doc, next);
}
