/* The reference page, the man page and the completion of tongbanctl, made from the table of its commands. */
#include "client/tongbanctl.h"

#include <string.h>

/* ---- a usage line, in the marks of each page ---- */

struct marks {
    const char *command, *command_end; /* round what is typed as it stands */
    const char *value, *value_end;     /* round what is put in its place */
    const char *dashes;
};

static void write_option(enum ctl_option option, const struct marks *m, bool required)
{
    const char *name, *value, *help;
    ctl_option_words(option, &name, &value, &help);
    (void)printf("%s%s%s%s%s", required ? " " : " [", m->command, m->dashes, name, m->command_end);
    if (*value)
        (void)printf(" %s%s%s", m->value, value, m->value_end);
    (void)fputs(required ? "" : "]", stdout);
}

static void write_usage(const struct ctl_command *c, const struct marks *m)
{
    (void)printf("%stongbanctl %s%s%s%s", m->command, c->group, c->verb ? " " : "", c->verb ? c->verb : "", m->command_end);
    if (c->word)
        (void)printf(" %s%s%s", m->value, c->word, m->value_end);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < CTL_OPTION_COUNT; i++)
            if ((pass ? c->optional : c->required) >> i & 1)
                write_option((enum ctl_option)i, m, !pass);
}

/* ---- the pages ---- */

static void write_reference(void)
{
    static const struct marks marks = {"", "", "", "", "--"};
    (void)puts("# Commands of tongbanctl\n\nMade by `tongbanctl --manual` from `client/tongbanctl_table.c`. What the answers mean, and the "
               "socket itself: [tongbanctl](tongbanctl.md).\n\n| command | what it does |\n| --- | --- |");
    for (size_t i = 0; i < ctl_command_count; i++) {
        (void)fputs("| `", stdout);
        write_usage(&ctl_commands[i], &marks);
        (void)printf("` | %s |\n", ctl_commands[i].help);
    }
    (void)puts("\n| option | meaning |\n| --- | --- |");
    for (int i = 0; i < CTL_OPTION_COUNT; i++) {
        const char *name, *value, *help;
        ctl_option_words((enum ctl_option)i, &name, &value, &help);
        (void)printf("| `--%s%s%s` | %s |\n", name, *value ? " " : "", value, help);
    }
    (void)puts("| `--socket PATH` | socket of the daemon; else `$TONGBAN_CONTROL`, else the only one in `/run/tongban` |\n"
               "| `--json` | the answer as it came |");
}

static void write_man(void)
{
    static const struct marks marks = {"\\fB", "\\fR", "\\fI", "\\fR", "\\-\\-"};
    (void)puts(".TH TONGBANCTL 8 \"\" \"tongban " TONGBAN_VERSION "\" \"Tongban\"\n.SH NAME\ntongbanctl \\- for the operator of an office\n"
               ".SH SYNOPSIS\n.B tongbanctl\n.I GROUP\n[\\fICOMMAND\\fR] [\\fIOPTION\\fR ...]\n.SH DESCRIPTION\nMost commands ask the\n.B tongband\n"
               "of the same machine over its Unix socket.\nOnly root, the user the daemon runs as and its group get an answer.\n"
               "What changes an office is an entry of its ledger or a line of its log, with the user who asked.\n.SH COMMANDS");
    for (size_t i = 0; i < ctl_command_count; i++) {
        (void)puts(".TP");
        write_usage(&ctl_commands[i], &marks);
        (void)printf("\n%s\n", ctl_commands[i].help);
    }
    (void)puts(".SH OPTIONS");
    for (int i = 0; i < CTL_OPTION_COUNT; i++) {
        const char *name, *value, *help;
        ctl_option_words((enum ctl_option)i, &name, &value, &help);
        (void)printf(".TP\n\\fB\\-\\-%s\\fR%s\\fI%s\\fR\n%s\n", name, *value ? " " : "", value, help);
    }
    (void)puts(".TP\n\\fB\\-\\-socket\\fR \\fIPATH\\fR\nsocket of the daemon; else $TONGBAN_CONTROL, else the only one in /run/tongban\n"
               ".TP\n"
               "\\fB\\-\\-json\\fR\nthe answer as JSON\n.SH EXIT STATUS\n0 done, 1 refused, or something is wrong, 2 wrong usage, 3 no answer, "
               "4 not allowed.\n.SH SEE ALSO\n.BR tongband (8),\n.BR tongban (1)");
}

/* The verbs of a group in the order of the table. */
static void write_verbs(const char *group)
{
    for (size_t i = 0; i < ctl_command_count; i++)
        if (!strcmp(ctl_commands[i].group, group) && ctl_commands[i].verb)
            (void)printf(" %s", ctl_commands[i].verb);
}

static bool is_first_of_group(size_t i)
{
    return !i || strcmp(ctl_commands[i - 1].group, ctl_commands[i].group) != 0;
}

static void write_completion(void)
{
    (void)puts("# bash completion of tongbanctl; made by `tongbanctl --complete`\n_tongbanctl() {\n"
               "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n    case $before in");
    (void)fputs("        tongbanctl) mapfile -t COMPREPLY < <(compgen -W \"", stdout);
    for (size_t i = 0; i < ctl_command_count; i++)
        if (is_first_of_group(i))
            (void)printf("%s%s", i ? " " : "", ctl_commands[i].group);
    (void)puts("\" -- \"$word\") ;;");
    for (size_t i = 0; i < ctl_command_count; i++)
        if (is_first_of_group(i) && ctl_commands[i].verb) {
            (void)printf("        %s) mapfile -t COMPREPLY < <(compgen -W \"", ctl_commands[i].group);
            write_verbs(ctl_commands[i].group);
            (void)puts("\" -- \"$word\") ;;");
        }
    (void)puts("        --socket) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;");
    for (int i = 0; i < CTL_OPTION_COUNT; i++) {
        const char *name, *value, *help;
        ctl_option_words((enum ctl_option)i, &name, &value, &help);
        if (!strcmp(value, "FILE") || !strcmp(value, "DIR"))
            (void)printf("        --%s) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n", name);
    }
    (void)fputs("        *) mapfile -t COMPREPLY < <(compgen -W \"--socket --json --help", stdout);
    for (int i = 0; i < CTL_OPTION_COUNT; i++) {
        const char *name, *value, *help;
        ctl_option_words((enum ctl_option)i, &name, &value, &help);
        (void)printf(" --%s", name);
    }
    (void)puts("\" -- \"$word\") ;;\n    esac\n}\ncomplete -F _tongbanctl tongbanctl");
}

bool ctl_manual(const char *page)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } pages[] = {{"--manual", write_reference}, {"--man", write_man}, {"--complete", write_completion}};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (!strcmp(pages[i].name, page)) {
            pages[i].write();
            return true;
        }
    return false;
}
