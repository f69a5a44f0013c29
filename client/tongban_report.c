#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_term.h"

int report_exit(int code)
{
    switch (code) {
    case 0:
    case TB_EDUPLICATE:
        return EXIT_DONE;
    case TB_EDENIED:
        return EXIT_NOT_ALLOWED;
    case TB_ETRUST:
    case TB_ETEMP:
    case TB_EFULL:
    case TB_EIO:
    case TB_ECORRUPT:
    case TB_ECLOSED:
    case TB_ETIMEOUT:
    case TB_ENOMEM:
        return EXIT_UNREACHABLE;
    case TB_EINVAL:
        return EXIT_USAGE;
    default:
        return EXIT_REFUSED;
    }
}

/* A text from elsewhere on the terminal, without its control characters. */
static void put_line(const char *label, const char *text)
{
    if (!text || !text[0])
        return;
    (void)fprintf(stderr, "  %s", label);
    for (const char *c = text; *c; c++)
        (void)fputc((unsigned char)*c < 0x20 || *c == 0x7F ? ' ' : *c, stderr);
    (void)fputc('\n', stderr);
}

static const char *program = "tongban", *program_help = N_("See: tongban help");

void report_program(const char *name, const char *help)
{
    program = name;
    program_help = help;
}

static void print_human(const char *title, const char *detail, const char *field, const char *remedy)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", program, title);
    put_line(_("Detail: "), detail && detail[0] ? detail_text(detail) : NULL);
    put_line(_("Field: "), field);
    put_line(_("What to do: "), remedy);
}

static const char *translated(const char *text)
{
    return text && text[0] ? gettext(text) : text; /* gettext("") is the catalogue's header */
}

/* The id of the request that a document speaks of, or NULL. */
static const char *request_of(const json_t *doc)
{
    static const char urn[] = "urn:tongban:request:";
    const char *instance = json_string_value(json_object_get(doc, "instance"));
    return instance && !strncmp(instance, urn, sizeof urn - 1) ? instance + sizeof urn - 1 : NULL;
}

int (report_document)(const struct client *client, const json_t *doc, long status)
{
    const char *type = json_string_value(json_object_get(doc, "type"));
    int id = type ? problem_by_name(type) : -1;
    int code = id >= 0 ? problem_type((enum problem_id)id)->code : 0;
    int exit_status = id >= 0                          ? report_exit(code)
                      : status == 401 || status == 403 ? EXIT_NOT_ALLOWED
                      : status >= 500                  ? EXIT_UNREACHABLE
                                                       : EXIT_REFUSED;
    if (client->json) {
        term_json(doc);
        return exit_status;
    }
    /* the titles and remedies of the table are translated here; of an unknown type the server's words stay */
    const char *title =
        id >= 0 ? problem_type((enum problem_id)id)->title : json_string_value(json_object_get(doc, "title"));
    const char *remedy =
        id >= 0 ? problem_type((enum problem_id)id)->remedy : json_string_value(json_object_get(doc, "remedy"));
    print_human(title ? translated(title) : _("The server refused"), json_string_value(json_object_get(doc, "detail")),
                json_string_value(json_object_get(doc, "field")), translated(remedy));
    if (exit_status == EXIT_UNREACHABLE || status >= 500) /* a matter for the operator, who finds it in the log by this */
        put_line(_("Request: "), request_of(doc));
    return exit_status;
}

int (report_problem)(const struct client *client, const struct problem *p)
{
    json_t *doc = problem_to_json(p);
    if (!doc)
        return report_local(client, REPORT_MEMORY, NULL);
    int status = report_document(client, doc, problem_type(p->id)->status);
    json_decref(doc);
    return status;
}

static const struct {
    const char *name, *title, *remedy;
    int status;
} local_kinds[] = {
    [REPORT_USAGE] = {"usage", N_("The command cannot be understood"), NULL, EXIT_USAGE},
    [REPORT_STOPPED] = {"stopped", N_("Nothing was done"), N_("Type the same command again when everything is at hand"), EXIT_USAGE},
    [REPORT_CONFIG] = {"configuration", N_("The configuration cannot be used"),
                       N_("Name a configuration with --config or TONGBAN_CONFIG; it needs server, authority, "
                          "certificate, key and office"),
                       EXIT_USAGE},
    [REPORT_UNREACHABLE] = {"unreachable", N_("The office's server cannot be reached"),
                            N_("Check the network and the address in the configuration; the same command may be "
                               "repeated, nothing happens twice"),
                            EXIT_UNREACHABLE},
    [REPORT_AS_SAID] = {"refused", N_("This was not done"), N_("Change what the detail names, then type the command again"), EXIT_USAGE},
    [REPORT_DAEMON] = {"unreachable", N_("tongband does not answer"),
                       N_("See whether it runs: systemctl status tongband; and why not: journalctl -u tongband -e"), EXIT_UNREACHABLE},
    [REPORT_DAEMON_SHUT] = {"not-allowed", N_("You may not do this"), N_("Run it as root or as the user of the daemon"),
                            EXIT_NOT_ALLOWED},
    [REPORT_UNTRUSTED] = {"untrusted", N_("The connection is not trusted"),
                          N_("Check certificate, key and authority in the configuration, and their dates"),
                          EXIT_UNREACHABLE},
    [REPORT_FILE] = {"file", N_("A file cannot be used"), N_("Check the name and the rights of the file"), EXIT_USAGE},
    [REPORT_FILE_CONTENT] = {"file", N_("A file cannot be used"), N_("Change in the file what the detail names, then import it again"),
                             EXIT_USAGE},
    [REPORT_ANSWER] = {"answer", N_("The server's answer cannot be read"),
                       N_("Check that server and program are of the same version"), EXIT_UNREACHABLE},
    [REPORT_MEMORY] = {"memory", N_("Out of memory"), N_("Close other programs and try again"), EXIT_UNREACHABLE},
};

static char command_words[96];

void report_command(const char *words)
{
    (void)snprintf(command_words, sizeof command_words, "%s", words);
}

/* Of a command that was understood so far its own help is named. */
static const char *local_remedy(enum report_local kind, bool translate, char *out, size_t size)
{
    const char *plain = local_kinds[kind].remedy ? local_kinds[kind].remedy : program_help, *remedy = translate ? gettext(plain) : plain;
    bool named = kind == REPORT_USAGE && command_words[0];
    (void)snprintf(out, size, "%s%s%s", remedy, named ? " " : "", named ? command_words : "");
    return out;
}

int (report_local)(const struct client *client, enum report_local kind, const char *format, ...)
{
    char detail[1024] = "", remedy[400];
    if (format) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(detail, sizeof detail, format, args);
        va_end(args);
    }
    if (client->json) {
        json_t *doc = json_pack("{s:s+, s:s, s:s, s:s}", "type", "urn:tongban:problem:", local_kinds[kind].name,
                                "title", local_kinds[kind].title, "detail", detail, "remedy",
                                local_remedy(kind, false, remedy, sizeof remedy));
        term_json(doc);
        json_decref(doc);
    } else {
        print_human(gettext(local_kinds[kind].title), detail, NULL, local_remedy(kind, true, remedy, sizeof remedy));
    }
    return local_kinds[kind].status;
}
