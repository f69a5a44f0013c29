#include <signal.h>
#include <string.h>

#include "client/tongban_manual.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"

struct global {
    bool help, version;
    const char *manual;
};

/* Options that mean the same everywhere are found wherever they stand before "--".  An option's value is not mistaken
 * for one, because none of them begins with two dashes and these names. */
static int take_globals(int argc, char **argv, struct client *client, struct global *global)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--json"))
            client->json = true;
        else if (!strcmp(argv[i], "--help"))
            global->help = true;
        else if (!strcmp(argv[i], "--version"))
            global->version = true;
        else if (!strncmp(argv[i], "--config=", 9))
            client->config_path = argv[i] + 9;
        else if (!strcmp(argv[i], "--config") && i + 1 < argc)
            client->config_path = argv[++i];
        else if (!strcmp(argv[i], "--man") || !strcmp(argv[i], "--complete") || !strcmp(argv[i], "--manual"))
            global->manual = argv[i];
    }
    return EXIT_DONE;
}

/* The first word that is neither a global option nor its value. */
static int first_word(int argc, char **argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-') {
        if (!strcmp(argv[i], "--config"))
            i++;
        i++;
    }
    return i < argc ? i : argc;
}

/* Commands that work without a server, and those that open it themselves when they need it. */
static bool needs_server(const struct command *command)
{
    static const char *const alone[][2] = {{"code", NULL},         {"calendar", NULL},       {"help", NULL},
                                           {"catalogue", "lint"}, {"catalogue", "import"}, {"catalogue", "diff"},
                                           {"report", "list"}};
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (!strcmp(command->group, alone[i][0]) && (!alone[i][1] || (command->verb && !strcmp(command->verb, alone[i][1]))))
            return false;
    return true;
}

static bool group_known(const char *word)
{
    const struct command *c = commands;
    while (c->group && strcmp(c->group, word) != 0)
        c++;
    return c->group || register_by_name(word);
}

static int run(int argc, char **argv, struct client *client, const struct global *global)
{
    int at = first_word(argc, argv), used = 0;
    if (at >= argc) {
        help_print(global->help ? stdout : stderr);
        return global->help ? EXIT_DONE : EXIT_USAGE;
    }
    const struct command *command = command_find(argc - at, argv + at, &used);
    const struct case_transition *action = NULL;
    struct register_command object = {.kind = NULL};
    struct args args;
    struct problem p;
    if (!command && at + 1 < argc && !strcmp(argv[at], "case") && (action = action_find(argv[at + 1])))
        used = 2;
    if (!command && !action && register_command_find(argc - at, argv + at, &object))
        used = 2;
    if (global->help && !command && !action && !object.kind && at + 1 >= argc - 1 && help_group(argv[at], stdout))
        return EXIT_DONE;
    char words[80];
    bool group = command || action || object.kind || group_known(argv[at]);
    (void)snprintf(words, sizeof words, "%.30s%s%.30s", group ? argv[at] : "", used == 2 ? " " : "", used == 2 ? argv[at + 1] : "");
    report_command(words);
    if (!command && !action && !object.kind)
        return report_local(client, REPORT_USAGE, _("there is no command \"%s%s%s\""), argv[at],
                            at + 1 < argc ? " " : "", at + 1 < argc ? argv[at + 1] : "");
    if (global->help) {
        if (command)
            manual_command(command, stdout);
        else if (action)
            manual_action(action, stdout);
        else
            manual_register(&object, stdout);
        return EXIT_DONE;
    }
    const struct option *options = command ? command->options : action ? action_options : object.options;
    if (args_parse(argc - at - used, argv + at + used, options, action || object.act, &args, &p))
        return report_local(client, REPORT_USAGE, "%s", detail_text(p.detail));
    if (action)
        return action_run(client, action, &args);
    if (object.kind)
        return register_run(client, &object, &args);
    if (args.count < command->min || args.count > command->max)
        return report_local(client, REPORT_USAGE, "tongban %s%s%s %s", command->group, command->verb ? " " : "",
                            command->verb ? command->verb : "", command->args);
    int status = needs_server(command) ? client_open(client) : EXIT_DONE;
    return status ? status : command->run(client, &args);
}

int main(int argc, char **argv)
{
    struct client client = {.json = false};
    struct global global = {.help = false};
    lang_init();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)take_globals(argc, argv, &client, &global);
    int status = EXIT_DONE;
    if (global.manual)
        manual_print(!strcmp(global.manual, "--man")        ? MANUAL_MAN
                     : !strcmp(global.manual, "--complete") ? MANUAL_COMPLETION
                                                            : MANUAL_MARKDOWN,
                     stdout);
    else if (global.version)
        (void)printf("tongban %s\n", TONGBAN_VERSION);
    else
        status = run(argc, argv, &client, &global);
    client_close(&client);
    if (fflush(stdout) && !status)
        status = EXIT_UNREACHABLE;
    return status;
}
