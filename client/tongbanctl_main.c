/* tongbanctl: enrols, suspends and ends staff while the daemon runs.  Talks to the daemon on the same machine only. */
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "client/tongbanctl.h"

#include <glob.h>
#include <libintl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum ctl_give {
    GIVE_NAME = 1,
    GIVE_ROLE = 2,
    GIVE_WINDOW = 4,
    GIVE_TOWNSHIP = 8,
    GIVE_CERTIFICATE = 16,
    GIVE_FINGERPRINT = 32,
    GIVE_REASON = 64,
    GIVE_STAFF = 128,
    GIVE_CASE = 256,
    GIVE_SINCE = 512
};
enum { OPTIONS = 10, GIVE_EITHER = GIVE_CERTIFICATE | GIVE_FINGERPRINT, WORDS = 3 };

static const struct {
    unsigned bit;
    const char *name, *value, *help;
} option_rows[OPTIONS] = {
    {GIVE_NAME, "name", "NAME", N_("name of the person, shown to colleagues")},
    {GIVE_ROLE, "role", "ROLE", N_("what the person may do")},
    {GIVE_WINDOW, "window", "NAME", N_("name of the window at which the person sits")},
    {GIVE_TOWNSHIP, "township", "CODE", N_("township or street (镇街) of the window, nine digits")},
    {GIVE_CERTIFICATE, "certificate", "FILE", N_("PEM file of the person's certificate; only this one will open anything")},
    {GIVE_FINGERPRINT, "fingerprint", "HEX", N_("SHA-256 of the certificate, instead of the file")},
    {GIVE_REASON, "reason", "TEXT", N_("why; kept in the ledger")},
    {GIVE_STAFF, "staff", "ID", N_("only what this person saw")},
    {GIVE_CASE, "case", "NO", N_("only who saw this case")},
    {GIVE_SINCE, "since", "DATE", N_("only from this day on")},
};

static const struct ctl_command {
    const char *group, *verb, *wire; /* wire: command at the socket */
    bool takes_id;
    unsigned required, optional; /* options; one of GIVE_EITHER will do */
    const char *help;
} ctl_commands[] = {
    {"staff", "list", "staff-list", false, 0, 0, N_("everybody who may work here, of the configuration and enrolled")},
    {"staff", "enrol", "staff-act", true, GIVE_NAME | GIVE_ROLE | GIVE_EITHER, GIVE_WINDOW | GIVE_TOWNSHIP, N_("let a person work here, at once")},
    {"staff", "change", "staff-act", true, 0, GIVE_NAME | GIVE_ROLE | GIVE_WINDOW | GIVE_TOWNSHIP | GIVE_REASON, N_("correct the name, give another role, window or township")},
    {"staff", "suspend", "staff-act", true, GIVE_REASON, 0, N_("refuse the person's next request")},
    {"staff", "resume", "staff-act", true, 0, GIVE_REASON, N_("let a suspended person work again")},
    {"staff", "replace", "staff-act", true, GIVE_EITHER, GIVE_REASON, N_("take a new certificate; the old one opens nothing any more")},
    {"staff", "end", "staff-act", true, 0, GIVE_REASON, N_("the person left; the number is never given again")},
    {"audit", "views", "audit-views", false, 0, GIVE_STAFF | GIVE_CASE | GIVE_SINCE, N_("who saw whose data unmasked, the newest first")},
};
enum { COMMANDS = sizeof ctl_commands / sizeof ctl_commands[0] };

struct ctl {
    struct client client; /* for the reports */
    const char *socket;
    const char *given[OPTIONS];
    unsigned bits;
    const char *word[WORDS];
    int word_count;
    bool help, version;
};

/* ---- help ---- */

static void write_options(FILE *to, unsigned bits, unsigned required)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (bits & option_rows[i].bit)
            (void)fprintf(to, required & option_rows[i].bit ? " --%s %s" : " [--%s %s]", option_rows[i].name, option_rows[i].value);
}

static void write_usage(FILE *to, const struct ctl_command *c)
{
    (void)fprintf(to, "  tongbanctl %s %s%s", c->group, c->verb, c->takes_id ? " ID" : "");
    write_options(to, c->required & ~(unsigned)GIVE_EITHER, c->required);
    if (c->required & GIVE_EITHER)
        (void)fprintf(to, " --certificate FILE|--fingerprint HEX");
    write_options(to, c->optional, 0);
    (void)fprintf(to, "\n      %s\n", _(c->help));
}

static void write_help(FILE *to)
{
    (void)fprintf(to, "%s\n\n", _("tongbanctl: staff of the office, changed while its daemon runs on this machine"));
    for (size_t i = 0; i < COMMANDS; i++)
        write_usage(to, &ctl_commands[i]);
    (void)fprintf(to, "\n");
    for (size_t i = 0; i < OPTIONS; i++)
        (void)fprintf(to, "  --%-12s %s\n", option_rows[i].name, _(option_rows[i].help));
    (void)fprintf(to, "  --%-12s %s\n", "socket", _("socket of the daemon; else $TONGBAN_CONTROL, else the only one in /run/tongban"));
    (void)fprintf(to, "  --%-12s %s\n", "json", _("the answer as JSON"));
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

/* Where the value of the option goes, or NULL. */
static const char **option_place(struct ctl *ctl, const char *name, size_t len)
{
    if (len == strlen("socket") && !strncmp(name, "socket", len))
        return &ctl->socket;
    for (size_t i = 0; i < OPTIONS; i++)
        if (len == strlen(option_rows[i].name) && !strncmp(name, option_rows[i].name, len)) {
            ctl->bits |= option_rows[i].bit;
            return &ctl->given[i];
        }
    return NULL;
}

/* --name VALUE, --name=VALUE, --flag, words.  NULL, or the argument that is wrong. */
static const char *take_arguments(struct ctl *ctl, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + 2, *equal;
        if (strncmp(argv[i], "--", 2) != 0) {
            if (ctl->word_count == WORDS)
                return argv[i];
            ctl->word[ctl->word_count++] = argv[i];
            continue;
        }
        if (take_flag(ctl, name))
            continue;
        equal = strchr(name, '=');
        const char **place = option_place(ctl, name, equal ? (size_t)(equal - name) : strlen(name));
        if (!place || *place || (!equal && i + 1 == argc))
            return argv[i];
        *place = equal ? equal + 1 : argv[++i];
    }
    return NULL;
}

/* NULL, or what is wrong with the options. */
static const char *options_fault(const struct ctl *ctl, const struct ctl_command *c)
{
    unsigned missing = c->required & ~ctl->bits;
    if (ctl->bits & ~(c->required | c->optional))
        return _("an option does not belong to this command");
    if (missing & ~(unsigned)GIVE_EITHER)
        return _("an option is missing");
    if (missing == GIVE_EITHER)
        return _("give the certificate or its fingerprint");
    if ((c->required & GIVE_EITHER) && !missing)
        return _("give the certificate or its fingerprint, not both");
    if (c->optional && !c->required && !(ctl->bits & ~(unsigned)GIVE_REASON) && !strcmp(c->verb, "change"))
        return _("nothing is changed");
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

/* ---- what is asked ---- */

static json_t *make_request(const struct ctl *ctl, const struct ctl_command *c, const char *id, const char *fingerprint)
{
    json_t *request = !c->takes_id ? json_object() : json_pack("{s:s, s:s}", "act", c->verb, "id", id);
    for (size_t i = 0; request && i < OPTIONS; i++)
        if (ctl->given[i] && !(option_rows[i].bit & GIVE_EITHER))
            (void)json_object_set_new(request, option_rows[i].name, json_string(ctl->given[i]));
    if (request && fingerprint)
        (void)json_object_set_new(request, "certificate", json_string(fingerprint));
    return request;
}

static const char *cell(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static int print_staff(const json_t *rows)
{
    struct table t;
    size_t i;
    const json_t *row;
    table_init(&t);
    table_column(&t, _("staff number"), 0);
    table_column(&t, _("name"), 6);
    table_column(&t, _("role"), 0);
    table_column(&t, _("window"), 6);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("township"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("state"), 0);
    table_column(&t, _("kept in"), 0);
    table_column(&t, _("since"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("reason"), 6);
    table_hide(&t, HIDE_EMPTY);
    json_array_foreach(rows, i, row)
    {
        char time[20];
        const json_t *changed = json_object_get(row, "changed");
        const char *const cells[] = {cell(row, "id"), cell(row, "name"), view_word(cell(row, "role")), cell(row, "window"),
                                     cell(row, "township"), view_word(cell(row, "state")), view_word(cell(row, "source")),
                                     changed ? term_time(changed, time) : "", cell(row, "reason")};
        if (table_row(&t, cells) != 0)
            break;
    }
    return table_print(&t) == 0 ? EXIT_DONE : EXIT_UNREACHABLE;
}

static const char *seen_word(const char *what)
{
    return !strcmp(what, "proof") ? _("proof bundle") : !strcmp(what, "material") ? _("material") : _("the whole case");
}

static int print_views(const json_t *rows)
{
    struct table t;
    size_t i;
    const json_t *row;
    table_init(&t);
    table_column(&t, _("time"), 0);
    table_column(&t, _("staff number"), 0);
    table_column(&t, _("name"), 6);
    table_column(&t, _("role"), 0);
    table_column(&t, _("case"), 0);
    table_column(&t, _("seen"), 0);
    json_array_foreach(rows, i, row)
    {
        char time[20];
        const char *const cells[] = {term_time(json_object_get(row, "at"), time), cell(row, "staff"), cell(row, "name"),
                                     view_word(cell(row, "role")), cell(row, "case"), seen_word(cell(row, "what"))};
        if (table_row(&t, cells) != 0)
            break;
    }
    return table_print(&t) == 0 ? EXIT_DONE : EXIT_UNREACHABLE;
}

static int print_answer(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    const json_t *problem = json_object_get(answer, "problem"), *done = json_object_get(answer, "done");
    if (problem)
        return report_document(&ctl->client, problem, json_integer_value(json_object_get(problem, "status")));
    if (ctl->client.json) {
        term_json(answer);
        return EXIT_DONE;
    }
    if (!strcmp(c->wire, "audit-views"))
        return print_views(json_object_get(answer, "rows"));
    if (c == ctl_commands)
        return print_staff(json_object_get(answer, "rows"));
    (void)printf(_("done: %s %s\n"), c->verb, cell(done, "id"));
    return EXIT_DONE;
}

/* Goes on while the answer names a next part; all rows stand in *answer.  Takes `request`. */
static int ask_all(const char *path, const char *wire, json_t *request, json_t **answer)
{
    int rc = ctl_ask(path, wire, json_incref(request), answer);
    json_int_t next = rc ? 0 : json_integer_value(json_object_get(*answer, "next"));
    while (next && !rc) {
        json_t *more = NULL;
        rc = json_object_set_new(request, "before", json_integer(next)) ? TB_ENOMEM : ctl_ask(path, wire, json_incref(request), &more);
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

static int ask(const struct ctl *ctl, const struct ctl_command *c, const char *id, const char *path)
{
    char fingerprint[CTL_CERTIFICATE_TEXT];
    const char *given = NULL, *why, *pem = NULL;
    for (size_t i = 0; i < OPTIONS; i++) {
        if (option_rows[i].bit == GIVE_FINGERPRINT)
            given = ctl->given[i];
        if (option_rows[i].bit == GIVE_CERTIFICATE)
            pem = ctl->given[i];
    }
    if (pem && ctl_fingerprint(pem, id, fingerprint, &why) != 0)
        return report_local(&ctl->client, REPORT_FILE, "%s: %s", pem, why);
    json_t *request = make_request(ctl, c, id, pem ? fingerprint : given), *answer = NULL;
    if (!request)
        return report_local(&ctl->client, REPORT_MEMORY, "%s", "");
    int rc = ask_all(path, c->wire, request, &answer);
    if (rc)
        return report_local(&ctl->client, REPORT_UNREACHABLE, _("no answer at %s: is tongband running, and may you ask it?"), path);
    int status = print_answer(ctl, c, answer);
    json_decref(answer);
    return status;
}

static int run(const struct ctl *ctl)
{
    int count = ctl->word_count;
    const struct ctl_command *c = ctl_commands;
    glob_t found = {.gl_pathc = 0};
    while (count >= 2 && c < ctl_commands + COMMANDS && (strcmp(ctl->word[0], c->group) != 0 || strcmp(ctl->word[1], c->verb) != 0))
        c++;
    if (count < 2 || c == ctl_commands + COMMANDS || count != (c->takes_id ? 3 : 2)) {
        write_help(stderr);
        return EXIT_USAGE;
    }
    const char *fault = options_fault(ctl, c);
    if (fault) {
        write_usage(stderr, c);
        return report_local(&ctl->client, REPORT_USAGE, "%s", fault);
    }
    const char *path = ctl->socket ? ctl->socket : usual_socket(&found);
    int status;
    if (path)
        status = ask(ctl, c, count > 2 ? ctl->word[2] : "", path);
    else
        status = report_local(&ctl->client, REPORT_UNREACHABLE, "%s",
                              _("there is not exactly one socket in /run/tongban; name it with --socket"));
    globfree(&found);
    return status;
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.bits = 0};
    lang_init();
    (void)signal(SIGPIPE, SIG_IGN);
    const char *wrong = take_arguments(&ctl, argc, argv);
    if (wrong)
        return report_local(&ctl.client, REPORT_USAGE, _("%s: unknown, given twice, or without its value"), wrong);
    if (ctl.version)
        (void)printf("tongbanctl %s\n", TONGBAN_VERSION);
    else if (ctl.help)
        write_help(stdout);
    else
        return run(&ctl);
    return fflush(stdout) ? EXIT_UNREACHABLE : EXIT_DONE;
}
