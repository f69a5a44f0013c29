/* help: what `tongban help` and --help say, in the user's language. */
#include <stdint.h>
#include <string.h>

#include "client/tongban_manual.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/text.h"

enum { COLUMN = 28, LINE = 160 };

/* The placeholders of synopses and options, for a Chinese reader. */
static const struct {
    const char *word, *zh;
} placeholders[] = {{"NO", "编号"},      {"CODE", "编码"},   {"FILE", "文件"},     {"QUERY", "查询词"}, {"NAME", "名称"},    {"TEXT", "文字"},
                    {"N", "数"},         {"DATE", "日期"},   {"DIR", "目录"},      {"STATE", "状态"},   {"KIND", "种类"},    {"VALUE", "号码"},
                    {"NUMBER", "号码"},  {"TIME", "时间"},   {"COMMAND", "命令"},  {"TABLE", "表"},     {"FORM", "表单"},    {"BODY", "内容"},
                    {"OLD", "旧"},       {"NEW", "新"},      {"ONLINE", "ONLINE"}, {"WORD", "词"},      {"YYYY", "年"},      {"MM", "月"},
                    {"DD", "日"}};

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The text with its placeholders, words of capitals that stand alone, in the user's language; the text itself in English. */
static const char *local(const char *text, char *out, size_t size)
{
    size_t used = 0;
    if (!lang_zh())
        return text;
    for (const char *at = text; *at && used + 16 < size;) {
        size_t len = 0, k = 0;
        while (is_capital(at[len]))
            len++;
        while (len && k < sizeof placeholders / sizeof placeholders[0] &&
               (strlen(placeholders[k].word) != len || strncmp(placeholders[k].word, at, len) != 0))
            k++;
        if (len && k < sizeof placeholders / sizeof placeholders[0]) {
            used += (size_t)snprintf(out + used, size - used, "%s", placeholders[k].zh);
            at += len;
            continue;
        }
        for (len = len ? len : 1; len; len--)
            out[used++] = *at++;
    }
    out[used] = '\0';
    return out;
}

static void pad(FILE *out, const char *text, unsigned columns)
{
    unsigned used = text_width(text, strlen(text));
    (void)fprintf(out, "%s%*s", text, used < columns ? (int)(columns - used) : 2, "");
}

/* "  case show NO               show a case whole". */
static void entry(const char *name, const char *meaning, FILE *out)
{
    char text[LINE];
    (void)fputs("  ", out);
    pad(out, local(name, text, sizeof text), COLUMN);
    (void)fprintf(out, "%s\n", meaning);
}

static void help_options(const struct option *o, FILE *out)
{
    char text[96];
    for (; o && o->name; o++) {
        manual_option(o, text, sizeof text);
        entry(text, gettext(o->help), out);
    }
}

static void usage(const char *synopsis, FILE *out)
{
    char text[LINE];
    (void)fprintf(out, _("Usage: tongban %s [options]\n"), local(synopsis, text, sizeof text));
}

/* Of a group that is a command itself ("report NAME") its other commands. */
static void help_siblings(const struct command *command, FILE *out)
{
    char text[LINE];
    bool first = true;
    for (const struct command *c = commands; c->group; c++) {
        if (c == command || strcmp(c->group, command->group) != 0)
            continue;
        if (first)
            (void)fprintf(out, "\n%s\n", _("Commands:"));
        first = false;
        manual_synopsis(c, text, sizeof text);
        entry(text, gettext(c->help), out);
    }
}

void manual_command(const struct command *c, FILE *out)
{
    char text[128];
    manual_synopsis(c, text, sizeof text);
    usage(text, out);
    (void)fprintf(out, "%s\n", gettext(c->help));
    if (c->options)
        (void)fprintf(out, "\n%s\n", _("Options:"));
    help_options(c->options, out);
    if (!c->verb)
        help_siblings(c, out);
}

static void help_field(const char *name, const struct case_field *f, FILE *out)
{
    char text[LINE];
    (void)fprintf(out, "  --%s %s%s\n      %s\n", name, f->kind == FIELD_ENUM ? manual_value(f) : local(manual_value(f), text, sizeof text),
                  f->required ? " *" : "", lang_pick(f->help, f->zh));
    if (f->kind == FIELD_ENUM && f->values && lang_zh()) {
        char words[512], *save = NULL;
        (void)snprintf(words, sizeof words, "%s", f->values);
        (void)fputs("      （", out);
        for (char *w = strtok_r(words, "|", &save), *first = w; w; w = strtok_r(NULL, "|", &save))
            (void)fprintf(out, "%s%s %s", w == first ? "" : "，", w, view_value_word(f->name, w));
        (void)fputs("）\n", out);
    }
}

/* The article; to a Chinese reader without the English words that explain it. */
static void help_law(const char *law, FILE *out)
{
    size_t len = lang_zh() ? strcspn(law, "abcdefghijklmnopqrstuvwxyz") : strlen(law);
    while (len && strchr(" ,;:", law[len - 1]))
        len--;
    (void)fprintf(out, "  %.*s", (int)len, law);
}

void manual_action(const struct case_transition *action, FILE *out)
{
    char synopsis_text[64];
    (void)snprintf(synopsis_text, sizeof synopsis_text, "case %.32s NO", action->action);
    usage(synopsis_text, out);
    (void)fputs(lang_pick(gettext(action->help), action->zh), out);
    if (action->law)
        help_law(action->law, out);
    (void)fprintf(out, "\n\n%s\n", _("Options:"));
    help_options(action_options, out);
    (void)fprintf(out, "\n%s\n", _("Fields (* needed; a repeated member begins the next element of a list):"));
    manual_fields(action_fields(action), "", help_field, out);
}

void manual_register(const struct register_command *command, FILE *out)
{
    char text[64];
    manual_register_synopsis(command, text, sizeof text);
    usage(text, out);
    if (!command->act)
        (void)fprintf(out, "%s\n", lang_pick(command->kind->en, command->kind->zh));
    if (command->act) {
        (void)fputs(lang_pick(gettext(command->act->help), command->act->zh), out);
        help_law(command->act->law, out);
        (void)fputc('\n', out);
    }
    if (command->options)
        (void)fprintf(out, "\n%s\n", _("Options:"));
    help_options(command->options, out);
    if (command->act) {
        (void)fprintf(out, "\n%s\n", _("Fields (* needed; a repeated member begins the next element of a list):"));
        manual_fields(command->act->fields, "", help_field, out);
    }
}

static void help_registers(FILE *out)
{
    (void)fprintf(out, "\n%s\n", _("Registers (tongban REGISTER list, tongban REGISTER show NO, tongban REGISTER ACT …):"));
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        const struct register_kind *kind = &register_kinds[k];
        (void)fputs("  ", out);
        pad(out, kind->name, 14);
        pad(out, lang_pick(kind->en, kind->zh), lang_zh() ? 10 : 20);
        for (size_t i = 0; i < kind->act_count; i++)
            if (register_typed(&kind->acts[i]))
                (void)fprintf(out, " %s", kind->acts[i].name);
        (void)fputc('\n', out);
    }
}

static void help_steps(FILE *out)
{
    char text[128];
    const struct case_transition *action;
    for (size_t n = 0; (action = action_at(n)); n++) {
        (void)snprintf(text, sizeof text, "case %s NO", action->action);
        entry(text, lang_pick(gettext(action->help), action->zh), out);
    }
}

void help_print(FILE *out)
{
    char text[128];
    (void)fprintf(out, "%s\n\n", _("tongban — one application, window to window, across provinces"));
    (void)fprintf(out, "%s\n", _("Commands:"));
    for (const struct command *c = commands; c->group; c++) {
        manual_synopsis(c, text, sizeof text);
        entry(text, gettext(c->help), out);
    }
    (void)fprintf(out, "\n%s\n", _("Steps of a case (tongban case STEP NO):"));
    help_steps(out);
    help_registers(out);
    (void)fprintf(out, "\n%s\n", _("Everywhere:"));
    help_options(manual_globals, out);
    (void)fprintf(out, "\n%s\n", _("Exit status:"));
    for (size_t i = 0; i < MANUAL_EXITS; i++)
        (void)fprintf(out, "  %d  %s\n", manual_exits[i].status, gettext(manual_exits[i].meaning));
}

/* The acts of one register, with list and show. */
static void group_register(const struct register_kind *kind, FILE *out)
{
    struct register_command command = {.kind = kind, .list = true};
    char text[LINE];
    (void)fprintf(out, "%s\n\n%s\n", lang_pick(kind->en, kind->zh), _("Commands:"));
    manual_register_synopsis(&command, text, sizeof text);
    entry(text, _("what stands on the register, newest first"), out);
    command.list = false;
    manual_register_synopsis(&command, text, sizeof text);
    entry(text, _("one entry with its history"), out);
    for (size_t i = 0; i < kind->act_count; i++) {
        command.act = &kind->acts[i];
        if (!register_typed(command.act))
            continue;
        manual_register_synopsis(&command, text, sizeof text);
        entry(text, lang_pick(gettext(command.act->help), command.act->zh), out);
    }
}

bool help_group(const char *group, FILE *out)
{
    const struct register_kind *kind = register_by_name(group);
    bool found = false;
    char text[LINE];
    if (kind)
        group_register(kind, out);
    for (const struct command *c = commands; c->group; c++) {
        if (strcmp(c->group, group) != 0)
            continue;
        if (!found && !kind)
            (void)fprintf(out, "%s\n", _("Commands:"));
        found = true;
        manual_synopsis(c, text, sizeof text);
        entry(text, gettext(c->help), out);
    }
    if (found && !strcmp(group, "case")) {
        (void)fprintf(out, "\n%s\n", _("Steps of a case (tongban case STEP NO):"));
        help_steps(out);
    }
    if (kind || found)
        (void)fprintf(out, _("\nFields and options of one: tongban help %s COMMAND\n"), group);
    return kind || found;
}

int help_run(struct client *client, const struct args *args)
{
    char *words[] = {(char *)(uintptr_t)args->positional[0], (char *)(uintptr_t)args->positional[1]};
    int used;
    const struct command *command = command_find((int)args->count, words, &used);
    const struct case_transition *action = args->count == 2 && !strcmp(words[0], "case") ? action_find(words[1]) : NULL;
    struct register_command object;
    if (!args->count)
        help_print(stdout);
    else if (command)
        manual_command(command, stdout);
    else if (action)
        manual_action(action, stdout);
    else if (register_command_find((int)args->count, words, &object))
        manual_register(&object, stdout);
    else if (args->count > 1 || !help_group(words[0], stdout))
        return report_local(client, REPORT_USAGE, _("there is no command \"%s%s%s\""), words[0], args->count > 1 ? " " : "",
                            args->count > 1 ? words[1] : "");
    return EXIT_DONE;
}
