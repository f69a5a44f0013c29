/* The pages that are made from the tables: manual page, shell completion, reference page. */
#include <stdint.h>
#include <string.h>

#include "client/tongban_manual.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "proto/text.h"

const struct option manual_globals[] = {
    {"json", NULL, N_("one JSON document on standard output, no questions")},
    {"config", "FILE",
     N_("configuration (else $TONGBAN_CONFIG, ~/.config/tongban/tongban.yaml, /etc/tongban/tongban.yaml)")},
    {"help", NULL, N_("explain the command")},
    {"version", NULL, N_("print the version")},
    {NULL, NULL, NULL},
};

const struct manual_exit manual_exits[MANUAL_EXITS] = {{EXIT_DONE, N_("done")},
             {EXIT_REFUSED, N_("refused by a rule")},
             {EXIT_USAGE, N_("wrong usage or configuration")},
             {EXIT_UNREACHABLE, N_("the server cannot be reached or is not trusted")},
             {EXIT_NOT_ALLOWED, N_("not allowed to this person")}};

void manual_option(const struct option *o, char *text, size_t size)
{
    (void)snprintf(text, size, o->value ? "--%s %s" : "--%s", o->name, o->value);
}

void manual_synopsis(const struct command *c, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s%s%s", c->group, c->verb ? " " : "", c->verb ? c->verb : "",
                   c->args[0] ? " " : "", c->args);
}

const char *manual_value(const struct case_field *f)
{
    switch (f->kind) {
    case FIELD_DATE:
        return "YYYY-MM-DD";
    case FIELD_TIME:
        return "TIME";
    case FIELD_BOOL:
        return "yes|no";
    case FIELD_INT:
        return "N";
    case FIELD_ENUM:
        return f->values ? f->values : "WORD";
    case FIELD_SHA256:
        return "@FILE";
    case FIELD_CODE:
        return "NUMBER";
    default:
        return "TEXT";
    }
}

void manual_fields(const struct case_field *fields, const char *prefix, manual_field_line line, FILE *out)
{
    for (const struct case_field *f = fields; f && f->name; f++) {
        char name[128];
        int len = snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", f->name);
        if (len < 0 || (size_t)len >= sizeof name)
            continue; /* no name in the table is that long */
        for (char *c = name; *c; c++)
            *c = (char)(*c == '_' ? '-' : *c);
        if (f->members)
            manual_fields(f->members, name, line, out);
        else
            line(name, f, out);
    }
}

/* ---- registers ---- */

/* The n-th act of all registers that a person may type; false when there is none. */
bool manual_register_at(size_t n, struct register_command *out)
{
    for (size_t k = 0; k < REGISTER_KINDS; k++)
        for (size_t i = 0; i < register_kinds[k].act_count; i++) {
            const struct register_act *act = &register_kinds[k].acts[i];
            if (!register_typed(act) || n-- != 0)
                continue;
            *out = (struct register_command){.kind = &register_kinds[k], .act = act};
            out->options = register_opens(act) ? register_open_options : register_act_options;
            return true;
        }
    return false;
}

void manual_register_synopsis(const struct register_command *c, char *text, size_t size)
{
    if (c->act)
        (void)snprintf(text, size, "%s %s%s", c->kind->name, c->act->name, register_opens(c->act) ? "" : " NO");
    else
        (void)snprintf(text, size, "%s %s", c->kind->name, c->list ? "list" : "show NO");
}

/* ---- man page (always English: made at build time) ---- */

static void roff(const char *text, FILE *out)
{
    if (*text == '.' || *text == '\'')
        (void)fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            (void)fputs("\\e", out);
        else if (*text == '-')
            (void)fputs("\\-", out);
        else
            (void)fputc(*text, out);
    }
}

static void man_tagged(const char *tag, const char *text, FILE *out)
{
    (void)fputs(".TP\n.B ", out);
    roff(tag, out);
    (void)fputc('\n', out);
    roff(text, out);
    (void)fputc('\n', out);
}

static void man_options(const struct option *o, FILE *out)
{
    char text[96];
    for (; o && o->name; o++) {
        manual_option(o, text, sizeof text);
        man_tagged(text, o->help, out);
    }
}

static void man_field(const char *name, const struct case_field *f, FILE *out)
{
    char tag[256], text[512];
    int tag_len = snprintf(tag, sizeof tag, "--%s %s", name, manual_value(f));
    int text_len = snprintf(text, sizeof text, "%s%s", f->help, f->required ? " (needed)" : "");
    if (tag_len > 0 && (size_t)tag_len < sizeof tag && text_len > 0 && (size_t)text_len < sizeof text)
        man_tagged(tag, text, out);
}

static void man_registers(FILE *out)
{
    char text[128];
    struct register_command command;
    (void)fputs(".SH REGISTERS\nEach register also has\n.B list\nand\n.BR show .\nAn act that opens an object takes:\n", out);
    man_options(register_open_options, out);
    (void)fputs(".PP\nA list takes:\n", out);
    man_options(register_list_options, out);
    for (size_t n = 0; manual_register_at(n, &command); n++) {
        manual_register_synopsis(&command, text, sizeof text);
        man_tagged(text, command.act->help, out);
        (void)fputs(".RS\n", out);
        manual_fields(command.act->fields, "", man_field, out);
        (void)fputs(".RE\n", out);
    }
}

static void print_man(FILE *out)
{
    char text[128];
    (void)fprintf(out,
                  ".TH TONGBAN 1 \"\" \"tongban %s\" \"Tongban\"\n.SH NAME\ntongban \\- work at a cross\\-province "
                  "service window\n",
                  TONGBAN_VERSION);
    (void)fputs(".SH SYNOPSIS\n.B tongban\n.I command\n[\\fIoptions\\fR]\n.SH DESCRIPTION\nThe program of window and "
                "department staff. "
                "It speaks to the server of its own office over mutual TLS.\nMessages are Chinese under a zh locale "
                "and English "
                "otherwise.\n.SH OPTIONS\n",
                out);
    man_options(manual_globals, out);
    (void)fputs(".SH COMMANDS\n", out);
    for (const struct command *c = commands; c->group; c++) {
        manual_synopsis(c, text, sizeof text);
        man_tagged(text, c->help, out);
        if (c->options) {
            (void)fputs(".RS\n", out);
            man_options(c->options, out);
            (void)fputs(".RE\n", out);
        }
    }
    (void)fputs(".SH STEPS OF A CASE\nEvery step also takes:\n", out);
    man_options(action_options, out);
    const struct case_transition *action;
    for (size_t n = 0; (action = action_at(n)); n++) {
        (void)snprintf(text, sizeof text, "case %s NO", action->action);
        man_tagged(text, action->help, out);
        (void)fputs(".RS\n", out);
        manual_fields(action_fields(action), "", man_field, out);
        (void)fputs(".RE\n", out);
    }
    man_registers(out);
    (void)fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < MANUAL_EXITS; i++) {
        (void)snprintf(text, sizeof text, "%d", manual_exits[i].status);
        man_tagged(text, manual_exits[i].meaning, out);
    }
    (void)fputs(".SH SEE ALSO\n.BR tongban\\-verify (1)\n", out);
}

/* ---- bash completion ---- */

static void words_options(const struct option *o, FILE *out)
{
    for (; o && o->name; o++)
        (void)fprintf(out, " --%s", o->name);
}

static void word_field(const char *name, const struct case_field *f, FILE *out)
{
    (void)f;
    (void)fprintf(out, " --%s", name);
}

static void completion_registers(FILE *out)
{
    struct register_command command;
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        (void)fprintf(out, "        \"%s list\") words=\"--json --config", register_kinds[k].name);
        words_options(register_list_options, out);
        (void)fputs("\" ;;\n", out);
    }
    for (size_t n = 0; manual_register_at(n, &command); n++) {
        (void)fprintf(out, "        \"%s %s\") words=\"--json --config", command.kind->name, command.act->name);
        words_options(command.options, out);
        manual_fields(command.act->fields, "", word_field, out);
        (void)fputs("\" ;;\n", out);
    }
}

/* Whether no command before this one has its group: a group is completed once. */
static bool begins_group(const struct command *command)
{
    for (const struct command *c = commands; c != command; c++)
        if (!strcmp(c->group, command->group))
            return false;
    return true;
}

static bool is_group(const char *name)
{
    const struct command *c = commands;
    while (c->group && strcmp(c->group, name) != 0)
        c++;
    return c->group != NULL;
}

static void register_verbs(const struct register_kind *kind, FILE *out)
{
    (void)fputs("list show", out);
    for (size_t i = 0; i < kind->act_count; i++)
        if (register_typed(&kind->acts[i]))
            (void)fprintf(out, " %s", kind->acts[i].name);
}

/* The second words of each group; some registers have commands besides their acts. */
static void completion_verbs(FILE *out)
{
    const struct case_transition *action;
    for (const struct command *c = commands; c->group; c++) {
        const struct register_kind *kind = register_by_name(c->group);
        bool cases = !strcmp(c->group, "case");
        if (!c->verb || !begins_group(c))
            continue;
        (void)fprintf(out, "            %s) words=\"", c->group);
        for (const struct command *v = commands; v->group; v++)
            if (!strcmp(v->group, c->group) && v->verb)
                (void)fprintf(out, "%s ", v->verb);
        for (size_t n = 0; cases && (action = action_at(n)); n++)
            (void)fprintf(out, "%s ", action->action);
        if (kind)
            register_verbs(kind, out);
        (void)fputs("\" ;;\n", out);
    }
    for (size_t k = 0; k < REGISTER_KINDS; k++) {
        if (is_group(register_kinds[k].name))
            continue;
        (void)fprintf(out, "            %s) words=\"", register_kinds[k].name);
        register_verbs(&register_kinds[k], out);
        (void)fputs("\" ;;\n", out);
    }
}

static void print_completion(FILE *out)
{
    (void)fputs("# bash completion for tongban; made from its table of commands.\n_tongban()\n{\n    local "
                "cur=${COMP_WORDS[COMP_CWORD]} words=\n"
                "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"",
                out);
    for (const struct command *c = commands; c->group; c++)
        if (begins_group(c))
            (void)fprintf(out, "%s%s", c == commands ? "" : " ", c->group);
    for (size_t k = 0; k < REGISTER_KINDS; k++)
        if (!is_group(register_kinds[k].name))
            (void)fprintf(out, " %s", register_kinds[k].name);
    (void)fputs("\"\n    else\n        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n", out);
    const struct case_transition *action;
    for (const struct command *c = commands; c->group; c++) {
        (void)fprintf(
            out, c->verb ? "        \"%s %s\") words=\"--json --config" : "        %s\\ *) words=\"--json --config",
            c->group, c->verb);
        words_options(c->options, out);
        (void)fputs("\" ;;\n", out);
    }
    for (size_t n = 0; (action = action_at(n)); n++) {
        (void)fprintf(out, "        \"case %s\") words=\"--json --config", action->action);
        words_options(action_options, out);
        manual_fields(action_fields(action), "", word_field, out);
        (void)fputs("\" ;;\n", out);
    }
    completion_registers(out);
    (void)fputs("        esac\n        if [ \"$COMP_CWORD\" -eq 2 ]; then\n            case \"${COMP_WORDS[1]}\" in\n",
                out);
    completion_verbs(out);
    (void)fputs("            esac\n        fi\n        if [ \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" = \"code check\" ] "
                "&& [ \"$COMP_CWORD\" -eq 3 ]; then\n"
                "            words=\"",
                out);
    for (int k = 0; k < CODE_KINDS; k++)
        (void)fprintf(out, "%s ", code_rules[k].name);
    (void)fputs("\"\n        fi\n    fi\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
                "complete -o default -F _tongban tongban\n",
                out);
}

/* ---- reference page ---- */

static void markdown_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
}

static void markdown_row(const char *what, const char *text, FILE *out)
{
    (void)fputs("| `", out);
    markdown_text(what, out);
    (void)fputs("` | ", out);
    markdown_text(text, out);
    (void)fputs(" |\n", out);
}

static void markdown_options(const struct option *o, FILE *out)
{
    char text[96];
    if (o && o->name)
        (void)fputs("\n| option | |\n| --- | --- |\n", out);
    for (; o && o->name; o++) {
        manual_option(o, text, sizeof text);
        markdown_row(text, o->help, out);
    }
}

static void markdown_field(const char *name, const struct case_field *f, FILE *out)
{
    char what[256], text[512];
    (void)snprintf(what, sizeof what, "--%s %s", name, manual_value(f));
    (void)snprintf(text, sizeof text, "%s%s%s%s", f->help, f->zh ? " " : "", f->zh ? f->zh : "",
                   f->required ? " (needed)" : "");
    markdown_row(what, text, out);
}

static void markdown_registers(FILE *out)
{
    char text[128];
    struct register_command command;
    (void)fputs("\n## Registers\n\nFrom the tables of the registers ([registers.md](registers.md)). Each has `tongban REGISTER list` and "
                "`tongban REGISTER show NO`; a list takes:\n",
                out);
    markdown_options(register_list_options, out);
    (void)fputs("\nAn act that opens an object takes, besides its fields (the others take the first two):\n", out);
    markdown_options(register_open_options, out);
    for (size_t n = 0; manual_register_at(n, &command); n++) {
        manual_register_synopsis(&command, text, sizeof text);
        (void)fprintf(out, "\n### `tongban %s`\n\n%s (%s).\n", text, command.act->help, command.act->zh);
        (void)fputs("\n| field | |\n| --- | --- |\n", out);
        manual_fields(command.act->fields, "", markdown_field, out);
    }
}

static void print_markdown(FILE *out)
{
    char text[128];
    (void)fputs("# tongban\n\nMade from the table of commands by `tongban --manual`; a test fails when this page "
                "drifts.\n\n## Everywhere\n",
                out);
    markdown_options(manual_globals, out);
    (void)fputs("\n| exit status | |\n| --- | --- |\n", out);
    for (size_t i = 0; i < MANUAL_EXITS; i++)
        (void)fprintf(out, "| %d | %s |\n", manual_exits[i].status, manual_exits[i].meaning);
    (void)fputs("\n## Commands\n", out);
    for (const struct command *c = commands; c->group; c++) {
        manual_synopsis(c, text, sizeof text);
        (void)fprintf(out, "\n### `tongban %s`\n\n%s.\n", text, c->help);
        markdown_options(c->options, out);
    }
    (void)fputs("\n## Steps of a case\n\nFrom the table of the case machine. Every step also takes:\n", out);
    markdown_options(action_options, out);
    const struct case_transition *action;
    for (size_t n = 0; (action = action_at(n)); n++) {
        (void)fprintf(out, "\n### `tongban case %s NO`\n\n%s (%s).\n", action->action, action->help, action->zh);
        const struct case_field *fields = action_fields(action);
        if (fields && fields->name)
            (void)fputs("\n| field | |\n| --- | --- |\n", out);
        manual_fields(fields, "", markdown_field, out);
    }
    markdown_registers(out);
}

void manual_print(enum manual_form form, FILE *out)
{
    switch (form) {
    case MANUAL_HELP:
        help_print(out);
        return;
    case MANUAL_MAN:
        print_man(out);
        return;
    case MANUAL_COMPLETION:
        print_completion(out);
        return;
    case MANUAL_MARKDOWN:
        print_markdown(out);
        return;
    }
}
