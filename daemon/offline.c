#include "daemon/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/world.h"
#include "daemon/setup.h"
#include "daemon/store/backup.h"


struct progress {
    char step[20];
    int64_t told;
};

/* One line per tenth, and none where nobody looks on. */
static void told(void *context, const char *step, int64_t done, int64_t of)
{
    struct progress *progress = context;
    int64_t tenth = of ? done * 10 / of : 10;
    if (!isatty(STDERR_FILENO) || (!strcmp(progress->step, step) && progress->told == tenth))
        return;
    (void)snprintf(progress->step, sizeof progress->step, "%s", step);
    progress->told = tenth;
    (void)fprintf(stderr, "%s: %d %%\n", step, (int)(tenth * 10));
}

static void print_faults(const struct backup_outcome *outcome)
{
    const json_t *fault;
    size_t i;
    json_array_foreach(outcome->faults, i, fault)
        (void)printf("material %s is %s in the backup: take it from an older backup, or ask the window to scan it again\n",
                     json_string_value(json_object_get(fault, "material")), json_string_value(json_object_get(fault, "fault")));
    if (outcome->manifest.faults && !json_array_size(outcome->faults))
        (void)printf("%lld materials were missing or damaged in the store when the backup was made\n", (long long)outcome->manifest.faults);
}

static void print_backup(const struct backup_outcome *outcome, const char *what)
{
    const struct backup_manifest *m = &outcome->manifest;
    (void)printf("%s: %s, %lld entries, %lld cases, %lld materials, schema %lld\n", what, outcome->path, (long long)m->ledger_size,
                 (long long)m->cases, (long long)m->materials, (long long)m->schema);
}

int offline_restore(const struct config *config, const char *from, bool force, struct problem *p)
{
    struct note_signer signer;
    struct progress progress = {.told = -1};
    struct backup_pace pace = {.progress = told, .context = &progress};
    struct backup_outcome *outcome = calloc(1, sizeof *outcome);
    int rc = outcome ? setup_signer(config, &signer, p) : problem_from_code(p, TB_ENOMEM);
    if (!rc) {
        struct restore_options options = {.from = from, .to = config->store.directory, .office = config->office.code, .key = &signer.vkey,
                                          .now_ms = world_real()->now_ms(world_real()->context), .force = force};
        rc = backup_restore(&options, &pace, outcome, p);
        note_signer_wipe(&signer);
    }
    if (!rc) {
        print_faults(outcome);
        print_backup(outcome, "restored");
        (void)printf("What happened after this backup is asked of the counterparts when tongband starts; until then the office stays closed.\n");
    }
    if (outcome)
        backup_outcome_clear(outcome);
    free(outcome);
    return rc;
}

int offline_verify(const struct config *config, const char *path, struct problem *p)
{
    struct note_signer signer;
    struct progress progress = {.told = -1};
    struct backup_pace pace = {.progress = told, .context = &progress};
    struct backup_outcome *outcome = calloc(1, sizeof *outcome);
    int rc = outcome ? setup_signer(config, &signer, p) : problem_from_code(p, TB_ENOMEM);
    if (!rc) {
        rc = backup_verify(path, config->office.code, &signer.vkey, &pace, outcome, p);
        note_signer_wipe(&signer);
    }
    if (!rc) {
        print_faults(outcome);
        print_backup(outcome, outcome->manifest.faults ? "not whole" : "whole");
        rc = outcome->manifest.faults > 0;
    }
    if (outcome)
        backup_outcome_clear(outcome);
    free(outcome);
    return rc;
}
