#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongban_lang.h"
#include "client/tongban_term.h"
#include "proto/calendar.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

int code_run(struct client *client, const struct args *args)
{
    int kind = code_kind(args->positional[0]);
    if (kind < 0)
        return report_local(client, REPORT_USAGE,
                            _("%s is no kind of number; there are citizen-id, uscc, licence-id, case-no, tracking"),
                            args->positional[0]);
    const char *why = NULL;
    int rc = code_check((enum code_kind)kind, args->positional[1], &why);
    if (client->json) {
        json_t *doc = json_pack("{s:s, s:b, s:s?, s:s}", "kind", code_rules[kind].name, "valid", !rc, "reason",
                                rc ? why : NULL, "standard", code_rules[kind].standard);
        term_json(doc);
        json_decref(doc);
    } else if (rc) {
        (void)fprintf(stderr, "tongban: %s (%s)\n", why ? gettext(why) : err_text(rc), code_rules[kind].standard);
    } else {
        (void)printf(_("The number is right (%s).\n"), code_rules[kind].standard);
    }
    return rc ? EXIT_REFUSED : EXIT_DONE;
}

/* The table named on the command line, else the configured one, else the one that came with the program. */
static int calendar_find(struct client *client, const char *option, const char **path)
{
    if (option) {
        *path = option;
        return EXIT_DONE;
    }
    struct problem p;
    char *found = client->config_path ? strdup(client->config_path) : client_config_find();
    /* this command works without a server: only a configuration that was named must be good */
    int rc = found && !client->config ? client_config_load(found, &client->config, &p) : 0;
    free(found);
    if (rc && client->config_path)
        return report_local(client, REPORT_CONFIG, "%s", p.detail);
    *path = client->config && client->config->calendar ? client->config->calendar : TONGBAN_CALENDAR_INSTALL;
    const char *built = access(*path, R_OK) ? lang_built("holidays.tsv") : NULL;
    if (built)
        *path = built;
    return EXIT_DONE;
}

static int calendar_read(const struct client *client, const char *path, struct calendar **out)
{
    struct problem p;
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(LIMIT_CONFIG_BYTES) : NULL;
    if (!text) {
        int status = report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
        if (file)
            (void)fclose(file);
        return status;
    }
    size_t len = fread(text, 1, LIMIT_CONFIG_BYTES, file);
    (void)fclose(file);
    int rc = calendar_parse(text, len, out, &p);
    free(text);
    return rc ? report_local(client, REPORT_FILE, "%s: %s", path, p.detail) : EXIT_DONE;
}

int calendar_run(struct client *client, const struct args *args)
{
    int64_t day, result;
    char *end, date[DATE_TEXT];
    const char *path = NULL, *count = args->positional[1];
    struct calendar *calendar = NULL;
    bool provisional;
    if (date_parse(args->positional[0], &day))
        return report_local(client, REPORT_USAGE, _("%s is not a date; write it as 2026-11-23"), args->positional[0]);
    unsigned long n = strtoul(count, &end, 10);
    if (!count[0] || count[0] == '-' || *end || n > 1000)
        return report_local(client, REPORT_USAGE, _("%s is not a number of days from 0 to 1000"), count);
    int status = calendar_find(client, args_option(args, "calendar"), &path);
    status = status ? status : calendar_read(client, path, &calendar);
    if (status)
        return status;
    int rc = calendar_add(calendar, day, (unsigned)n, &result, &provisional);
    calendar_free(calendar);
    if (rc) {
        struct problem p;
        (void)problem_from_code(&p, rc);
        return report_problem(client, &p);
    }
    date_format(result, date);
    if (client->json) {
        json_t *doc = json_pack("{s:s, s:b}", "date", date, "provisional", provisional);
        term_json(doc);
        json_decref(doc);
    } else {
        (void)printf("%s%s\n", date, provisional ? _(" (provisional: beyond the published holidays)") : "");
    }
    return EXIT_DONE;
}
