/* backup_restore: a backup verified, and put in the place of the store of a stopped daemon. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/backup_internal.h"
#include "daemon/store/material.h"
#include "daemon/store/migrate.h"
#include "proto/timestamp.h"

enum { MARK_BYTES = 300 };

/* ---- verify ---- */

struct verifying {
    const char *path;
    struct backup_pace *pace;
    struct backup_outcome *out;
    struct problem *p;
    int64_t wanted;      /* materials of the database */
    int64_t done;
};

int backup_look_at_material(const char *base, const char *sha256, int64_t size, struct backup_pace *pace, const char **fault)
{
    char path[BACKUP_PATH], hex[65];
    int64_t found = 0;
    int rc = path_of_material(base, sha256, path);
    if (!rc)
        rc = file_hash(path, pace, hex, &found);
    *fault = rc == TB_ENOTFOUND ? "missing" : rc == TB_EIO || (!rc && (found != size || strcmp(hex, sha256) != 0)) ? "damaged" : NULL;
    return rc == TB_ENOTFOUND || rc == TB_EIO ? 0 : rc;
}

static int verify_material(void *context, const char *sha256, int64_t size)
{
    struct verifying *v = context;
    const char *fault;
    int rc = backup_look_at_material(v->path, sha256, size, v->pace, &fault);
    if (!rc && fault)
        rc = fault_add(v->out, sha256, fault, false);
    v->out->material_bytes += size;
    pace_tell(v->pace, "materials", ++v->done, v->out->manifest.materials);
    return rc;
}

/* A file whose hash the manifest names. */
static int verify_file(const struct verifying *v, const char *name, const char *sha256, char path[BACKUP_PATH])
{
    char hex[65];
    int64_t size;
    int rc = path_join(v->path, name, path);
    if (!rc)
        rc = file_hash(path, v->pace, hex, &size);
    if (rc == TB_ENOTFOUND || rc == TB_EIO)
        return problem_set(v->p, PROBLEM_BACKUP, "", "%s is missing from the backup or cannot be read", name);
    if (!rc && strcmp(hex, sha256) != 0)
        return problem_set(v->p, PROBLEM_BACKUP, "", "%s of the backup is not what its manifest says", name);
    return rc;
}

static int verify_database(struct verifying *v, const char *path, const char *office, const struct backup_keys *keys)
{
    struct backup_manifest found = {.schema = 0}, *m = &v->out->manifest;
    sqlite3 *db = NULL;
    int rc = check_open(path, &db, v->p);
    if (!rc)
        rc = check_file(db, v->pace, v->p);
    if (!rc)
        rc = check_ledger(db, keys, v->pace, &found, v->p);
    sqlite3_close(db);
    if (rc)
        return rc;
    if (strcmp(found.office, office) != 0 || found.ledger_size != m->ledger_size || found.schema != m->schema)
        return problem_set(v->p, PROBLEM_BACKUP, "", "the database of the backup is not the one of its manifest");
    return 0;
}

int backup_verify(const char *path, const char *office, const struct backup_keys *keys, struct backup_pace *pace,
                  struct backup_outcome *out, struct problem *p)
{
    struct verifying v = {.path = path, .pace = pace, .out = out, .p = p};
    char file[BACKUP_PATH];
    *out = (struct backup_outcome){.faults = json_array()};
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    p->id = PROBLEM_COUNT;
    int rc = out->faults ? backup_manifest_read(path, &out->manifest, p) : TB_ENOMEM;
    int64_t known = out->manifest.faults;
    out->manifest.faults = 0;
    if (!rc && strcmp(out->manifest.office, office) != 0)
        rc = problem_set(p, PROBLEM_BACKUP, "", "the backup is of office %s, the configuration of %s", out->manifest.office, office);
    if (!rc && out->manifest.schema > (int64_t)store_migration_count)
        rc = problem_set(p, PROBLEM_BACKUP, "", "the backup has schema %lld, this program knows %u: use the newer program",
                         (long long)out->manifest.schema, store_migration_count);
    if (!rc)
        rc = verify_file(&v, BACKUP_DATABASE, out->manifest.database_sha256, file);
    if (!rc)
        rc = verify_database(&v, file, office, keys);
    if (!rc)
        rc = verify_file(&v, BACKUP_LIST, out->manifest.list_sha256, file);
    if (!rc)
        rc = list_read(file, verify_material, &v, p);
    if (!rc && out->manifest.faults == 0)
        out->manifest.faults = known; /* what was missing when it was made is missing now */
    if (rc && p->id == PROBLEM_COUNT)
        (void)problem_from_code(p, rc);
    return rc;
}

/* ---- restore ---- */

struct restoring {
    const struct restore_options *o;
    struct backup_pace *pace;
    struct backup_outcome *out;
    struct problem *p;
    char work[BACKUP_PATH]; /* to/restoring */
};

/* What a store is made of; whatever else lies there, perhaps the store of another office, stays. */
static bool is_ours(const char *name)
{
    return !strncmp(name, BACKUP_DATABASE, sizeof BACKUP_DATABASE - 1) || !strcmp(name, "materials") || !strcmp(name, "uploads") ||
           !strcmp(name, STORE_RESTORED);
}

/* Moves the store that is there aside into `to`/before-TIME when `move`, or looks only whether that may be done. */
static int clear_place(struct restoring *r, bool move)
{
    char aside[BACKUP_PATH], name[40], time[TIMESTAMP_TEXT];
    timestamp_format(r->o->now_ms, time);
    (void)snprintf(name, sizeof name, "before-%.10sT%.2s%.2s%.2s%.3s", time, time + 11, time + 14, time + 17, time + 20);
    bool made = false;
    DIR *dir = opendir(r->o->to);
    int rc = dir ? path_join(r->o->to, name, aside) : file_problem(r->p, "cannot read", r->o->to);
    for (const struct dirent *one; dir && !rc && (one = readdir(dir)) != NULL;) {
        char from[BACKUP_PATH], to[BACKUP_PATH];
        if (!is_ours(one->d_name))
            continue;
        rc = path_join(r->o->to, one->d_name, from);
        if (rc || !rmdir(from)) /* what a start that failed has made holds nothing */
            continue;
        if (!r->o->force)
            rc = problem_set(r->p, PROBLEM_BACKUP, "", "%s is not empty; --force moves what is there to %s in it", r->o->to, name);
        if (!rc && !move)
            continue;
        if (!rc && !made && mkdir(aside, 0700)) /* never into the store of another time */
            rc = file_problem(r->p, "cannot make", aside);
        made = true;
        if (!rc)
            rc = path_join(aside, one->d_name, to);
        if (!rc && rename(from, to))
            rc = file_problem(r->p, "cannot move", from);
    }
    if (dir)
        (void)closedir(dir);
    return rc;
}

static int copy_one(struct restoring *r, const char *name, char to[BACKUP_PATH])
{
    char from[BACKUP_PATH];
    int rc = path_join(r->o->from, name, from);
    if (!rc)
        rc = path_join(r->work, name, to);
    return rc ? rc : file_copy(from, to, r->pace, r->p);
}

/* Copied and not linked: what happens to the store's file does not happen to the backup. */
static int copy_material(void *context, const char *sha256, int64_t size)
{
    struct restoring *r = context;
    char from[BACKUP_PATH], to[BACKUP_PATH], directory[BACKUP_PATH];
    const char *fault;
    (void)snprintf(directory, sizeof directory, "%.1000s/materials/%.2s", r->work, sha256);
    int rc = make_directory(directory, r->p);
    if (!rc)
        rc = path_of_material(r->o->from, sha256, from);
    if (!rc)
        rc = path_of_material(r->work, sha256, to);
    if (!rc)
        rc = file_copy(from, to, r->pace, r->p);
    if (rc == TB_ENOTFOUND) /* was told by the verification before */
        return 0;
    if (!rc)
        rc = backup_look_at_material(r->work, sha256, size, r->pace, &fault);
    if (!rc && fault && unlink(to))
        rc = file_problem(r->p, "cannot remove", to);
    return rc;
}

/* The mark that keeps the office closed until its counterparts have been asked. */
static int write_mark(struct restoring *r)
{
    const struct backup_manifest *m = &r->out->manifest;
    char made[TIMESTAMP_TEXT], now[TIMESTAMP_TEXT], text[MARK_BYTES], path[BACKUP_PATH];
    timestamp_format(m->made_ms, made);
    timestamp_format(r->o->now_ms, now);
    int n = snprintf(text, sizeof text, "{\"time\": \"%s\", \"ledger_size\": %lld, \"restored_at\": \"%s\"}\n", made,
                     (long long)m->ledger_size, now);
    int rc = path_join(r->work, STORE_RESTORED, path);
    return rc ? rc : file_write(path, text, (size_t)n, r->p);
}

/* The directory that keeps the daemon from a place without its store, before anything in that place is moved.  What an interrupted
 * restore left in it goes; the directory itself stays, since the store may be gone from its place already. */
static int begin_work(struct restoring *r)
{
    static const char *const names[] = {STORE_RESTORED, "materials", BACKUP_DATABASE};
    char path[BACKUP_PATH];
    int rc = path_join(r->o->to, STORE_RESTORING, r->work);
    if (!rc)
        rc = make_directory(r->work, r->p);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !rc; i++) {
        rc = path_join(r->work, names[i], path);
        if (!rc)
            rc = remove_tree(path, r->p);
    }
    return rc ? rc : sync_path(r->o->to, r->p);
}

static int fill(struct restoring *r)
{
    char path[BACKUP_PATH], hex[65];
    int64_t size;
    int rc = path_join(r->work, "materials", path);
    if (!rc)
        rc = make_directory(path, r->p);
    if (!rc)
        rc = path_join(r->o->from, BACKUP_LIST, path);
    if (!rc)
        rc = list_read(path, copy_material, r, r->p);
    if (!rc)
        rc = copy_one(r, BACKUP_DATABASE, path);
    if (!rc)
        rc = file_hash(path, r->pace, hex, &size);
    if (!rc && strcmp(hex, r->out->manifest.database_sha256) != 0)
        rc = problem_set(r->p, PROBLEM_BACKUP, "", "the database did not arrive as it is in the backup");
    if (!rc)
        rc = write_mark(r);
    return rc ? rc : sync_tree(r->work, true, r->p);
}

/* Gives a file to the owner of the store's directory: root restores what the daemon's user will read. */
static int give(const char *path, const struct stat *owner)
{
    return geteuid() ? 0 : lchown(path, owner->st_uid, owner->st_gid);
}

static int give_tree(const char *path, const struct stat *owner, struct problem *p)
{
    DIR *dir = opendir(path);
    int rc = give(path, owner) ? file_problem(p, "cannot give to its owner", path) : 0;
    for (const struct dirent *one; dir && !rc && (one = readdir(dir)) != NULL;) {
        char inner[BACKUP_PATH];
        if (one->d_name[0] == '.')
            continue;
        rc = path_join(path, one->d_name, inner);
        if (!rc)
            rc = give_tree(inner, owner, p);
    }
    if (dir)
        (void)closedir(dir);
    return rc;
}

/* The mark first and the database last: at no moment is there a database without its mark. */
static int put_in_place(struct restoring *r)
{
    static const char *const names[] = {STORE_RESTORED, "materials", BACKUP_DATABASE};
    struct stat owner;
    int rc = stat(r->o->to, &owner) ? file_problem(r->p, "cannot read", r->o->to) : give_tree(r->work, &owner, r->p);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !rc; i++) {
        char from[BACKUP_PATH], to[BACKUP_PATH];
        rc = path_join(r->work, names[i], from);
        if (!rc)
            rc = path_join(r->o->to, names[i], to);
        if (!rc && rename(from, to))
            rc = file_problem(r->p, "cannot move", from);
        if (!rc)
            rc = sync_path(r->o->to, r->p);
    }
    if (!rc)
        rc = path_join(r->o->to, "lock", r->out->path);
    if (!rc && give(r->out->path, &owner))
        rc = file_problem(r->p, "cannot give to its owner", r->out->path);
    (void)snprintf(r->out->path, sizeof r->out->path, "%s", r->o->from);
    return rc ? rc : remove_tree(r->work, r->p);
}

int backup_restore(const struct restore_options *options, struct backup_pace *pace, struct backup_outcome *out, struct problem *p)
{
    struct restoring r = {.o = options, .pace = pace, .out = out, .p = p};
    int fd = -1;
    int rc = backup_verify(options->from, options->office, &options->keys, pace, out, p);
    if (rc)
        return rc;
    p->id = PROBLEM_COUNT;
    rc = store_lock(options->to, &fd, p);
    if (!rc)
        rc = clear_place(&r, false);
    if (!rc)
        rc = begin_work(&r);
    if (!rc)
        rc = clear_place(&r, true);
    if (!rc)
        rc = fill(&r);
    if (!rc)
        rc = put_in_place(&r);
    if (fd >= 0)
        (void)close(fd);
    if (rc && p->id == PROBLEM_COUNT)
        (void)problem_from_code(p, rc);
    return rc;
}
