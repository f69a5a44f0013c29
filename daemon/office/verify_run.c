#include "daemon/office/verify_run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/strict_json.h"

void verify_outcome_clear(struct verify_outcome *outcome)
{
    json_decref(outcome->rows);
    outcome->rows = NULL;
}

/* Takes `row`. */
static void add(struct verify_outcome *out, json_t *row)
{
    out->differences++;
    if (json_array_size(out->rows) < LIMIT_BACKUP_FAULTS)
        (void)json_array_append_new(out->rows, row);
    else
        json_decref(row);
}

static int look_at_materials(const struct office_verify *v, const char *base, struct backup_pace *pace, struct verify_outcome *out)
{
    int rc = 0;
    for (size_t i = 0; i < v->material_count && !rc; i++) {
        const char *fault;
        rc = backup_look_at_material(base, v->materials[i].sha256, v->materials[i].size, pace, &fault);
        if (!rc && fault)
            add(out, verify_difference(!strcmp(fault, "missing") ? DIFFERENCE_MATERIAL_MISSING : DIFFERENCE_MATERIAL_DAMAGED,
                                       v->materials[i].sha256, ""));
        out->materials++;
    }
    return rc;
}

/* Between pages the processor and the disk are the windows'. */
static void rest(const struct backup_pace *pace)
{
    struct timespec nap = {.tv_nsec = (long)LIMIT_REPORT_PAGE_MS * 1000000 / 2};
    if (pace->bytes_per_second)
        (void)nanosleep(&nap, NULL);
}

static int run_pages(struct store_db *reader, const struct office *office, const char *base, struct backup_pace *pace,
                     struct verify_outcome *out)
{
    struct office_verify v;
    int rc = 0;
    office_verify_init(&v, office);
    while (!rc && !v.over) {
        rc = pace->stopped && pace->stopped(pace->context) ? TB_ECLOSED : store_reader_run(reader, &v.query);
        json_t *row;
        size_t i;
        json_array_foreach(v.differences, i, row)
            add(out, json_incref(row));
        if (!rc)
            rc = look_at_materials(&v, base, pace, out);
        if (!rc && pace->progress)
            pace->progress(pace->context, v.phase, v.done, v.of);
        if (!v.over)
            rest(pace);
    }
    out->entries = v.entries;
    out->checkpoints = v.checkpoints;
    out->messages = v.messages;
    out->receipts = v.receipts;
    out->cases = v.cases;
    out->objects = v.objects;
    office_verify_clear(&v);
    return rc;
}

int verify_store(struct store *store, const struct office *office, struct backup_pace *pace, struct verify_outcome *out, struct problem *p)
{
    struct store_db *reader = NULL;
    *out = (struct verify_outcome){.rows = json_array()};
    int rc = out->rows ? store_reader_open(store, &reader, p) : problem_from_code(p, TB_ENOMEM);
    if (rc)
        return rc;
    rc = run_pages(reader, office, store_directory(store), pace, out);
    store_reader_close(reader);
    return rc ? problem_from_code(p, rc) : 0;
}

static void take_faults(const struct backup_outcome *backup, struct verify_outcome *out)
{
    const json_t *fault;
    size_t i;
    json_array_foreach(backup->faults, i, fault)
    {
        bool missing = !strcmp(strict_json_peek(fault, "fault"), "missing");
        add(out, verify_difference(missing ? DIFFERENCE_MATERIAL_MISSING : DIFFERENCE_MATERIAL_DAMAGED,
                                   strict_json_peek(fault, "material"), ""));
    }
}

/* The tables of a copy; its materials were looked at before. */
static int verify_copy(const struct store_options *options, const struct office *office, struct backup_pace *pace,
                       struct verify_outcome *out, struct problem *p)
{
    struct store *store = NULL;
    struct store_db *reader = NULL;
    int rc = store_open_copy(options, &store, p);
    if (rc == TB_EUNSUPPORTED) {
        out->old_schema = true;
        return 0;
    }
    if (!rc)
        rc = store_reader_open(store, &reader, p);
    if (!rc) {
        rc = run_pages(reader, office, options->directory, pace, out);
        if (rc)
            (void)problem_from_code(p, rc);
    }
    store_reader_close(reader);
    store_close(store);
    return rc;
}

int verify_backup(const char *path, const struct office *office, const struct note_signer *signer, struct backup_pace *pace,
                  struct verify_outcome *out, struct problem *p)
{
    struct store_options options = {.directory = path, .office = office->code, .signer = signer, .world = world_real()};
    struct backup_outcome *backup = calloc(1, sizeof *backup);
    *out = (struct verify_outcome){.rows = json_array()};
    int rc = backup && out->rows ? backup_verify(path, office->code, &signer->vkey, pace, backup, p) : problem_from_code(p, TB_ENOMEM);
    if (!rc)
        rc = verify_copy(&options, office, pace, out, p);
    if (!rc && out->old_schema) {
        out->entries = backup->manifest.ledger_size;
        out->materials = backup->manifest.materials;
        take_faults(backup, out);
    }
    if (backup)
        backup_outcome_clear(backup);
    free(backup);
    return rc;
}

json_t *verify_outcome_json(const struct verify_outcome *o)
{
    json_t *rows = json_array();
    const json_t *row;
    size_t i;
    json_array_foreach(o->rows, i, row)
    {
        json_t *whole = json_deep_copy(row);
        for (int d = 0; d < DIFFERENCE_COUNT; d++) {
            const struct difference_type *type = difference_type((enum difference)d);
            if (!strcmp(type->name, strict_json_peek(row, "difference"))) {
                (void)json_object_set_new(whole, "title", json_string(type->title));
                (void)json_object_set_new(whole, "remedy", json_string(type->remedy));
            }
        }
        (void)json_array_append_new(rows, whole);
    }
    return json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:o}}", "done", "entries", (json_int_t)o->entries, "checkpoints",
                     (json_int_t)o->checkpoints, "messages", (json_int_t)o->messages, "receipts", (json_int_t)o->receipts, "cases",
                     (json_int_t)o->cases, "objects", (json_int_t)o->objects, "materials", (json_int_t)o->materials, "old_schema",
                     o->old_schema, "difference_count", (json_int_t)o->differences, "differences", rows);
}
