#include "daemon/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/world.h"
#include "daemon/office/verify_run.h"
#include "daemon/setup.h"
#include "proto/strict_json.h"


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
        (void)puts("What happened after this backup is asked of the counterparts when tongband starts; until then the office stays closed.");
    }
    if (outcome)
        backup_outcome_clear(outcome);
    free(outcome);
    return rc;
}

static void print_verified(const struct verify_outcome *o)
{
    const json_t *row;
    size_t i;
    json_t *answer = verify_outcome_json(o);
    json_array_foreach(json_object_get(json_object_get(answer, "done"), "differences"), i, row)
        (void)printf("%s: %s %s\n    do: %s\n", strict_json_peek(row, "title"), strict_json_peek(row, "where"),
                     strict_json_peek(row, "detail"), strict_json_peek(row, "remedy"));
    json_decref(answer);
    (void)printf("%lld entries, %lld checkpoints, %lld messages, %lld receipts, %lld cases, %lld records, %lld materials\n",
                 (long long)o->entries, (long long)o->checkpoints, (long long)o->messages, (long long)o->receipts, (long long)o->cases,
                 (long long)o->objects, (long long)o->materials);
    if (o->old_schema)
        (void)puts("The backup is of an older version: its tables are compared after it was restored, with tongbanctl verify.");
    if (o->differences)
        (void)printf("not whole: %lld differences\n", (long long)o->differences);
    else
        (void)puts("whole");
}

int offline_verify(const struct config *config, const char *path, struct problem *p)
{
    struct note_signer signer;
    struct progress progress = {.told = -1};
    struct backup_pace pace = {.progress = told, .context = &progress};
    struct verify_outcome outcome = {.rows = NULL};
    struct office *office = NULL;
    int rc = setup_signer(config, &signer, p);
    if (rc)
        return rc;
    rc = setup_office(config, &office, p);
    if (!rc)
        rc = verify_backup(path, office, &signer, &pace, &outcome, p);
    if (!rc) {
        print_verified(&outcome);
        rc = outcome.differences > 0;
    }
    verify_outcome_clear(&outcome);
    office_free(office);
    note_signer_wipe(&signer);
    return rc;
}
