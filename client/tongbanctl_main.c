/* tongbanctl: options, help, the question to the daemon.  Talks to the daemon on the same machine only. */
#include "client/tongbanctl.h"

#include <glob.h>
#include <libintl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *value;
    bool sent;
    const char *help;
} option_rows[CTL_OPTION_COUNT] = {
#define O(constant, name, value, sent, help) {name, value, sent, help},
    CTL_OPTIONS(O)
#undef O
};

/* ---- help ---- */

void ctl_option_words(enum ctl_option option, const char **name, const char **value, const char **help)
{
    *name = option_rows[option].name;
    *value = option_rows[option].value ? option_rows[option].value : "";
    *help = option_rows[option].help;
}

/* How many words name the command: `tongbanctl status` has one, `tongbanctl staff list` two. */
static int name_words(const struct ctl_command *c)
{
    return c->verb ? 2 : 1;
}

static void write_options(FILE *to, uint64_t bits, bool required)
{
    for (size_t i = 0; i < CTL_OPTION_COUNT; i++) {
        const char *value = option_rows[i].value;
        if (bits >> i & 1)
            (void)fprintf(to, "%s--%s%s%s%s", required ? " " : " [", option_rows[i].name, value ? " " : "", value ? value : "",
                          required ? "" : "]");
    }
}

static void write_usage(FILE *to, const struct ctl_command *c)
{
    const char *verb = c->verb ? c->verb : "", *word = c->word ? c->word : "";
    (void)fprintf(to, "  tongbanctl %s%s%s%s%s", c->group, *verb ? " " : "", verb, *word ? " " : "", word);
    write_options(to, c->required, true);
    write_options(to, c->optional, false);
    (void)fprintf(to, "\n      %s\n", _(c->help));
}

static bool known_group(const char *word)
{
    bool known = false;
    for (size_t i = 0; i < ctl_command_count; i++)
        known = known || !strcmp(ctl_commands[i].group, word);
    return known;
}

/* The commands of a group and their options; without a group, all. */
static void write_help(FILE *to, const char *group)
{
    uint64_t used = 0;
    bool known = group && known_group(group);
    (void)fprintf(to, "%s\n\n", _("tongbanctl: for the operator of an office, at the machine where its tongband runs"));
    for (size_t i = 0; i < ctl_command_count; i++) {
        if (known && strcmp(ctl_commands[i].group, group) != 0)
            continue;
        write_usage(to, &ctl_commands[i]);
        used |= ctl_commands[i].required | ctl_commands[i].optional;
    }
    (void)fprintf(to, "\n");
    for (size_t i = 0; i < CTL_OPTION_COUNT; i++)
        if (used >> i & 1)
            (void)fprintf(to, "  --%-15s %s\n", option_rows[i].name, _(option_rows[i].help));
    (void)fprintf(to, "  --%-15s %s\n", "socket", _("socket of the daemon; else $TONGBAN_CONTROL, else the only one in /run/tongban"));
    (void)fprintf(to, "  --%-15s %s\n", "json", _("the answer as JSON"));
}

const char *ctl_cell(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

/* ---- what was typed ---- */

static bool take_flag(struct ctl *ctl, const char *name)
{
    bool *const flags[] = {&ctl->client.json, &ctl->help, &ctl->version};
    static const char *const names[] = {"json", "help", "version"};
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(names[i], name)) {
            *flags[i] = true;
            return true;
        }
    return false;
}

/* The row of the option, or -1. */
static int option_row(const char *name, size_t len)
{
    for (int i = 0; i < CTL_OPTION_COUNT; i++)
        if (len == strlen(option_rows[i].name) && !strncmp(name, option_rows[i].name, len))
            return i;
    return -1;
}

/* --name VALUE, --name=VALUE, --flag, words.  NULL, or the argument that is wrong. */
static const char *take_arguments(struct ctl *ctl, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + 2;
        if (strncmp(argv[i], "--", 2) != 0) {
            if (ctl->word_count == CTL_WORDS)
                return argv[i];
            ctl->word[ctl->word_count++] = argv[i];
            continue;
        }
        if (take_flag(ctl, name))
            continue;
        const char *equal = strchr(name, '='), *wrong = argv[i];
        size_t len = equal ? (size_t)(equal - name) : strlen(name);
        bool is_socket = len == strlen("socket") && !strncmp(name, "socket", len);
        int row = is_socket ? -1 : option_row(name, len);
        if (row < 0 && !is_socket)
            return wrong;
        const char **place = row < 0 ? &ctl->socket : &ctl->given[row];
        bool takes = row < 0 || option_rows[row].value;
        if (*place || (takes && !equal && i + 1 == argc) || (!takes && equal))
            return wrong;
        *place = !takes ? "" : equal ? equal + 1 : argv[++i];
        if (row >= 0)
            ctl->bits |= UINT64_C(1) << row;
    }
    return NULL;
}

/* The first option of the set. */
static const char *first_option(uint64_t bits)
{
    size_t i = 0;
    while (i + 1 < CTL_OPTION_COUNT && !(bits >> i & 1))
        i++;
    return option_rows[i].name;
}

/* NULL, or what is wrong with *option. */
static const char *options_fault(const struct ctl *ctl, const struct ctl_command *c, const char **option)
{
    uint64_t strange = ctl->bits & ~(c->required | c->optional), missing = c->required & ~ctl->bits;
    if (strange || missing)
        *option = first_option(strange ? strange : missing);
    if (strange)
        return _("does not belong to this command");
    if (missing)
        return _("is missing");
    if (!(CTL_BIT(WAIT) & ~ctl->bits) && !(CTL_BIT(END) & ~ctl->bits)) {
        *option = first_option(CTL_BIT(WAIT));
        return _("does not go with --end");
    }
    return NULL;
}

/* The only socket in the usual place; NULL when there is none, or several. */
static const char *usual_socket(glob_t *found)
{
    const char *named = getenv("TONGBAN_CONTROL");
    if (named && named[0])
        return named;
    return glob("/run/tongban/*.ctl", 0, NULL, found) == 0 && found->gl_pathc == 1 ? found->gl_pathv[0] : NULL;
}

/* Says why the daemon at `path` did not answer.  An exit status. */
static int report_no_answer(const struct ctl *ctl, const char *path, int rc)
{
    const char *why = rc == TB_EDENIED      ? _("only root, the user and the primary group of the daemon may ask")
                      : rc == TB_ENOTFOUND  ? _("no such socket: tongband does not run, or its configuration names another (control)")
                      : rc == TB_ETIMEOUT   ? _("no answer in time: tongband hangs, or has too much to do")
                      : rc == TB_EMALFORMED ? _("the answer cannot be read: are tongband and tongbanctl of the same version?")
                      : rc == TB_ELIMIT     ? _("the name of the socket, or the answer, is too long")
                                            : _("nobody answers: tongband has ended, or is ending");
    return report_local(&ctl->client, rc == TB_EDENIED ? REPORT_DAEMON_SHUT : REPORT_DAEMON, "%s: %s", path, why);
}

/* ---- what is asked ---- */

static json_t *make_request(const struct ctl *ctl, const struct ctl_command *c)
{
    json_t *request = json_object();
    int rc = request ? 0 : TB_ENOMEM;
    if (!rc && c->key)
        rc = json_object_set_new(request, c->key, json_string(ctl->word[name_words(c)]));
    for (size_t i = 0; i < CTL_OPTION_COUNT && !rc; i++)
        if (ctl->given[i] && option_rows[i].sent)
            rc = json_object_set_new(request, option_rows[i].name,
                                     option_rows[i].value ? json_string(ctl->given[i]) : json_true());
    if (rc) {
        json_decref(request);
        request = NULL;
    }
    return request;
}

/* Goes on while the answer names a next part; all rows stand in *answer.  Takes `request`. */
static int ask_all(const char *path, const char *wire, json_t *request, json_t **answer)
{
    int rc = ctl_ask(path, wire, json_incref(request), ctl_progress, answer);
    json_int_t next = rc ? 0 : json_integer_value(json_object_get(*answer, "next"));
    while (next && !rc) {
        json_t *more = NULL;
        rc = json_object_set_new(request, "before", json_integer(next)) ? TB_ENOMEM : 0;
        if (!rc)
            rc = ctl_ask(path, wire, json_incref(request), ctl_progress, &more);
        if (!rc && (json_object_get(more, "problem") || json_array_extend(json_object_get(*answer, "rows"), json_object_get(more, "rows"))))
            rc = TB_EMALFORMED;
        json_int_t then = json_integer_value(json_object_get(more, "next"));
        next = then < next ? then : 0;
        json_decref(more);
    }
    if (!rc)
        (void)json_object_del(*answer, "next");
    else {
        json_decref(*answer);
        *answer = NULL;
    }
    json_decref(request);
    return rc;
}

static int print_answer(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    const json_t *problem = json_object_get(answer, "problem");
    if (problem)
        return report_document(&ctl->client, problem, json_integer_value(json_object_get(problem, "status")));
    int status = EXIT_DONE;
    if (ctl->client.json && !c->writes)
        term_json(answer);
    else
        status = c->print(ctl, c, answer);
    return status == EXIT_DONE && c->judge ? c->judge(answer) : status;
}

static int ask(const struct ctl *ctl, const struct ctl_command *c, const char *path)
{
    json_t *request = make_request(ctl, c), *answer = NULL;
    if (!request)
        return report_local(&ctl->client, REPORT_MEMORY, "%s", "");
    int status = c->prepare ? c->prepare(ctl, c, request) : EXIT_DONE;
    if (status != EXIT_DONE) {
        json_decref(request);
        return status;
    }
    int rc = ask_all(path, c->wire, request, &answer);
    if (rc)
        return report_no_answer(ctl, path, rc);
    status = print_answer(ctl, c, answer);
    json_decref(answer);
    return status;
}

/* The command that the words begin with, or NULL; whether its own word is there is another question. */
static const struct ctl_command *find_command(const struct ctl *ctl)
{
    for (const struct ctl_command *c = ctl_commands; c < ctl_commands + ctl_command_count; c++)
        if (ctl->word_count >= name_words(c) && !strcmp(ctl->word[0], c->group) && (!c->verb || !strcmp(ctl->word[1], c->verb)))
            return c;
    return NULL;
}

/* EXIT_DONE, or the status after a report of what is wrong with the words and options of the command. */
static int check_usage(const struct ctl *ctl, const struct ctl_command *c)
{
    int words = name_words(c) + (c->word ? 1 : 0);
    const char *option = "", *fault = options_fault(ctl, c, &option);
    if (ctl->word_count == words && !fault)
        return EXIT_DONE;
    write_usage(stderr, c);
    if (ctl->word_count < words)
        return report_local(&ctl->client, REPORT_USAGE, "%s: %s", c->word, _("is missing"));
    if (ctl->word_count > words)
        return report_local(&ctl->client, REPORT_USAGE, _("one word too many: %s"), ctl->word[words]);
    return report_local(&ctl->client, REPORT_USAGE, "--%s: %s", option, fault);
}

/* Calls `use` with the path of the socket, or reports that there is none. */
static int at_socket(const struct ctl *ctl, int (*use)(const struct ctl *ctl, const char *path, void *context), void *context)
{
    glob_t found = {.gl_pathc = 0};
    const char *path = ctl->socket ? ctl->socket : usual_socket(&found);
    const char *why = found.gl_pathc > 1 ? _("there are several sockets in /run/tongban; choose one with --socket")
                                         : _("there is no socket in /run/tongban, or you may not look; --socket names another");
    int status = path ? use(ctl, path, context) : report_local(&ctl->client, REPORT_DAEMON, "%s", why);
    globfree(&found);
    return status;
}

static int use_ask(const struct ctl *ctl, const char *path, void *context)
{
    return ask(ctl, context, path);
}

struct call {
    const char *command;
    json_t *request; /* taken */
    json_t **answer;
};

static int use_call(const struct ctl *ctl, const char *path, void *context)
{
    struct call *call = context;
    int rc = ctl_ask(path, call->command, json_incref(call->request), ctl_progress, call->answer);
    return rc ? report_no_answer(ctl, path, rc) : EXIT_DONE;
}

int ctl_call(const struct ctl *ctl, const char *command, json_t *request, json_t **answer)
{
    struct call call = {command, request, answer};
    *answer = NULL;
    int status = at_socket(ctl, use_call, &call);
    json_decref(request);
    return status;
}

static int run(const struct ctl *ctl)
{
    const struct ctl_command *c = find_command(ctl);
    if (!c) {
        if (!ctl->word_count || known_group(ctl->word[0]))
            write_help(stderr, ctl->word_count ? ctl->word[0] : NULL);
        bool two = ctl->word_count > 1;
        return ctl->word_count ? report_local(&ctl->client, REPORT_USAGE, _("there is no command \"%s%s%s\""), ctl->word[0], two ? " " : "",
                                              two ? ctl->word[1] : "")
                               : EXIT_USAGE;
    }
    int status = check_usage(ctl, c);
    if (status != EXIT_DONE)
        return status;
    return c->run ? c->run(ctl, c) : at_socket(ctl, use_ask, (void *)(uintptr_t)c);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.bits = 0};
    lang_init();
    report_program("tongbanctl", N_("See: tongbanctl --help"));
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && ctl_manual(argv[1]))
        return fflush(stdout) ? EXIT_UNREACHABLE : EXIT_DONE;
    const char *wrong = take_arguments(&ctl, argc, argv);
    if (wrong)
        return report_local(&ctl.client, REPORT_USAGE, _("%s: unknown, given twice, or without its value"), wrong);
    if (ctl.version)
        (void)printf("tongbanctl %s\n", TONGBAN_VERSION);
    else if (ctl.help)
        write_help(stdout, ctl.word_count ? ctl.word[0] : NULL);
    else
        return run(&ctl);
    return fflush(stdout) ? EXIT_UNREACHABLE : EXIT_DONE;
}
