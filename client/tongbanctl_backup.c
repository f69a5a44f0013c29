/* tongbanctl backup: asks for one, shows how far it is and what it found. */
#include <libintl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongbanctl.h"

enum { LABEL_COLUMNS = 14, LINE_BYTES = 300, MIB = 1024 * 1024 };

static int64_t number(const json_t *doc, const char *key)
{
    return json_integer_value(json_object_get(doc, key));
}

bool ctl_backup_progress(const json_t *doc)
{
    static const struct {
        const char *step, *words;
    } steps[] = {{"database", N_("database")}, {"ledger", N_("ledger verified")}, {"messages", N_("messages")},
                 {"tables", N_("tables")}, {"materials", N_("materials")}};
    int64_t of = number(doc, "of");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!strcmp(steps[i].step, ctl_cell(doc, "step"))) {
            (void)fprintf(stderr, "%s: %d %%\n", _(steps[i].words), of ? (int)(number(doc, "done") * 100 / of) : 100);
            return true;
        }
    return false;
}

/* The daemon stands in a directory of its own: a relative name is one from here. */
int ctl_backup_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request)
{
    bool verify = !strcmp(c->group, "verify");
    const char *out = ctl->given[verify ? CTL_BACKUP : CTL_OUT];
    if (!out)
        return EXIT_DONE;
    char *whole = out[0] == '/' ? strdup(out) : realpath(out, NULL);
    if (!whole)
        return report_local(&ctl->client, REPORT_USAGE, _("%s: there is no such directory"), out);
    int rc = json_object_set_new(request, verify ? "backup" : "out", json_string(whole));
    free(whole);
    return rc ? report_local(&ctl->client, REPORT_MEMORY, "%s", "") : EXIT_DONE;
}

int ctl_backup_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *done = json_object_get(answer, "done"), *fault;
    char text[LINE_BYTES];
    size_t i;
    (void)printf(_("backup made and verified: %s\n"), ctl_cell(done, "path"));
    (void)snprintf(text, sizeof text, _("%d MiB, entries: %d, cases: %d"), (int)(number(done, "database_bytes") / MIB + 1),
                   (int)number(done, "ledger_size"), (int)number(done, "cases"));
    term_pair(_("database"), LABEL_COLUMNS, text);
    (void)snprintf(text, sizeof text, _("files: %d, %d MiB; %d of them needed no room"), (int)number(done, "materials"),
                   (int)(number(done, "material_bytes") / MIB), (int)number(done, "linked"));
    term_pair(_("materials"), LABEL_COLUMNS, text);
    (void)snprintf(text, sizeof text, _("%d s; older backups removed: %d"), (int)(number(done, "ms") / 1000), (int)number(done, "removed"));
    term_pair(_("took"), LABEL_COLUMNS, text);
    if (number(done, "fault_count"))
        (void)printf(_("Materials of the store that are missing or damaged: %d; the rest is backed up:\n"),
                     (int)number(done, "fault_count"));
    json_array_foreach(json_object_get(done, "faults"), i, fault)
    {
        bool kept = json_is_true(json_object_get(fault, "kept"));
        (void)printf("  %s %s%s\n", ctl_cell(fault, "material"), !strcmp(ctl_cell(fault, "fault"), "missing") ? _("missing") : _("damaged"),
                     kept ? _(" (whole in the backup: taken from the one before)") : "");
    }
    return EXIT_DONE;
}

int ctl_backup_judge(const json_t *answer)
{
    return number(json_object_get(answer, "done"), "fault_count") ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- verify ---- */

static void print_difference(const json_t *row)
{
    (void)printf("✗ %s: %s %s\n", _(ctl_cell(row, "title")), ctl_cell(row, "where"), ctl_cell(row, "detail"));
    (void)printf(_("    do: %s\n"), _(ctl_cell(row, "remedy")));
}

int ctl_verify_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *done = json_object_get(answer, "done"), *row;
    char text[LINE_BYTES];
    size_t i;
    json_array_foreach(json_object_get(done, "differences"), i, row)
        print_difference(row);
    (void)snprintf(text, sizeof text, _("entries: %d, checkpoints: %d"), (int)number(done, "entries"), (int)number(done, "checkpoints"));
    term_pair(_("ledger"), LABEL_COLUMNS, text);
    (void)snprintf(text, sizeof text, _("received: %d, receipts: %d"), (int)number(done, "messages"), (int)number(done, "receipts"));
    term_pair(_("messages"), LABEL_COLUMNS, text);
    (void)snprintf(text, sizeof text, _("cases: %d, records: %d"), (int)number(done, "cases"), (int)number(done, "objects"));
    bool old = json_is_true(json_object_get(done, "old_schema"));
    term_pair(_("tables"), LABEL_COLUMNS, old ? _("of an older version: not compared") : text);
    (void)snprintf(text, sizeof text, _("files: %d"), (int)number(done, "materials"));
    term_pair(_("materials"), LABEL_COLUMNS, text);
    int64_t differences = number(done, "difference_count");
    (void)printf(differences ? _("differences: %d\n") : _("nothing differs\n"), (int)differences);
    return EXIT_DONE;
}

int ctl_verify_judge(const json_t *answer)
{
    return number(json_object_get(answer, "done"), "difference_count") ? EXIT_REFUSED : EXIT_DONE;
}
