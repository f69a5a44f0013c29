/* backup_manifest: what a backup says of itself, and the list of its materials. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/backup_internal.h"
#include "daemon/store/material.h"
#include "daemon/store/material_disk.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { MANIFEST_BYTES = 256 * 1024, LINE_BYTES = 100 };

void backup_outcome_clear(struct backup_outcome *outcome)
{
    json_decref(outcome->faults);
    outcome->faults = NULL;
}

int fault_add(struct backup_outcome *outcome, const char *sha256, const char *fault, bool kept)
{
    outcome->manifest.faults++;
    if (json_array_size(outcome->faults) >= LIMIT_BACKUP_FAULTS)
        return 0;
    json_t *one = json_pack("{s:s, s:s, s:b}", "material", sha256, "fault", fault, "kept", kept);
    return json_array_append_new(outcome->faults, one) ? TB_ENOMEM : 0;
}

int manifest_write(const char *directory, const struct backup_outcome *outcome, struct problem *p)
{
    const struct backup_manifest *m = &outcome->manifest;
    char path[BACKUP_PATH], made[TIMESTAMP_TEXT];
    timestamp_format(m->made_ms, made);
    json_t *doc = json_pack("{s:i, s:s, s:s, s:s, s:I, s:{s:I, s:s}, s:{s:I, s:s}, s:I, s:{s:I, s:s, s:I}, s:O}", "format", BACKUP_FORMAT,
                            "office", m->office, "version", m->version, "made", made, "schema", (json_int_t)m->schema, "ledger", "size",
                            (json_int_t)m->ledger_size, "checkpoint", m->checkpoint, "database", "bytes", (json_int_t)m->database_bytes,
                            "sha256", m->database_sha256, "cases", (json_int_t)m->cases, "materials", "count", (json_int_t)m->materials,
                            "list_sha256", m->list_sha256, "faults", (json_int_t)m->faults, "faults", outcome->faults);
    char *text = doc ? json_dumps(doc, JSON_INDENT(2)) : NULL;
    json_decref(doc);
    if (!text)
        return problem_from_code(p, TB_ENOMEM);
    int rc = path_join(directory, BACKUP_MANIFEST, path);
    if (!rc)
        rc = file_write(path, text, strlen(text), p);
    free(text);
    return rc;
}

static void take_text(const json_t *doc, const char *key, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", strict_json_peek(doc, key));
}

static int64_t take_int(const json_t *doc, const char *key)
{
    return json_integer_value(json_object_get(doc, key));
}

int backup_manifest_read(const char *path, struct backup_manifest *out, struct problem *p)
{
    struct buf text;
    json_t *doc = NULL;
    *out = (struct backup_manifest){.schema = 0};
    buf_init(&text, MANIFEST_BYTES);
    int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = at < 0 ? TB_ENOTFOUND : disk_read_small(at, BACKUP_MANIFEST, &text);
    if (at >= 0)
        (void)close(at);
    if (rc)
        rc = problem_set(p, PROBLEM_BACKUP, "", "%s is no backup: there is no manifest in it", path);
    if (!rc && strict_json_parse(text.data, text.len, &doc, NULL))
        rc = problem_set(p, PROBLEM_BACKUP, "", "the manifest of %s cannot be read", path);
    buf_free(&text);
    if (!rc && take_int(doc, "format") != BACKUP_FORMAT)
        rc = problem_set(p, PROBLEM_BACKUP, "", "the backup has format %lld, this program knows %d: use the newer program",
                         (long long)take_int(doc, "format"), (int)BACKUP_FORMAT);
    if (!rc) {
        const json_t *ledger = json_object_get(doc, "ledger"), *database = json_object_get(doc, "database"),
                     *materials = json_object_get(doc, "materials");
        take_text(doc, "office", out->office, sizeof out->office);
        take_text(doc, "version", out->version, sizeof out->version);
        take_text(ledger, "checkpoint", out->checkpoint, sizeof out->checkpoint);
        take_text(database, "sha256", out->database_sha256, sizeof out->database_sha256);
        take_text(materials, "list_sha256", out->list_sha256, sizeof out->list_sha256);
        out->schema = take_int(doc, "schema");
        out->ledger_size = take_int(ledger, "size");
        out->database_bytes = take_int(database, "bytes");
        out->cases = take_int(doc, "cases");
        out->materials = take_int(materials, "count");
        out->faults = take_int(materials, "faults");
        if (timestamp_parse(strict_json_peek(doc, "made"), &out->made_ms))
            rc = problem_set(p, PROBLEM_BACKUP, "", "the manifest of %s has no time", path);
    }
    json_decref(doc);
    return rc;
}

int list_read(const char *path, int (*row)(void *context, const char *sha256, int64_t size), void *context, struct problem *p)
{
    char line[LINE_BYTES];
    FILE *file = fopen(path, "re");
    if (!file)
        return file_problem(p, "cannot read", path);
    int rc = 0;
    while (!rc && fgets(line, sizeof line, file)) {
        char *blank = strchr(line, ' ');
        if (blank)
            *blank = '\0';
        rc = blank && material_name_valid(line) ? row(context, line, strtoll(blank + 1, NULL, 10))
                                                : problem_set(p, PROBLEM_BACKUP, "", "%s has a line that is none", path);
    }
    (void)fclose(file);
    return rc;
}
