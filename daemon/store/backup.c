#include "daemon/store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/backup_internal.h"
#include "daemon/store/copy.h"
#include "daemon/store/material.h"
#include "daemon/store/store_internal.h"

enum { NAME_TEXT = 64 };

struct making {
    struct store *store;
    struct store_db reader;      /* on the live database: whether a material is still wanted */
    struct backup_pace *pace;
    struct backup_outcome *out;
    struct problem *p;
    char partial[BACKUP_PATH];
    char before[BACKUP_PATH];    /* the newest backup that is there, or "": what it has needs no room again */
    FILE *list;
    int64_t done, of;
};

/* ---- names ---- */

static void name_of(const char *office, int64_t ms, char out[NAME_TEXT])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    char text[BACKUP_TIME_TEXT];
    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof text, "%Y%m%dT%H%M%S", &utc);
    (void)snprintf(out, NAME_TEXT, "%s-%s%03dZ", office, text, (int)(ms % 1000));
}

/* "330483-20261125T023000123Z" */
static bool is_name(const char *name, const char *office)
{
    size_t len = strlen(office);
    return !strncmp(name, office, len) && name[len] == '-' && strlen(name) == len + sizeof "-20261125T023000123Z" - 1;
}

/* The backups of the office in a directory, the oldest first; owned. */
static int list_names(const char *directory, const char *office, char (**names)[NAME_TEXT], size_t *count)
{
    DIR *dir = opendir(directory);
    size_t room = 0;
    int rc = dir ? 0 : TB_EIO;
    *names = NULL;
    *count = 0;
    for (const struct dirent *one; !rc && (one = readdir(dir)) != NULL;) {
        if (!is_name(one->d_name, office))
            continue;
        if (*count == room) {
            room = room ? 2 * room : 16;
            void *more = realloc(*names, room * sizeof **names);
            if (!more) {
                rc = TB_ENOMEM;
                break;
            }
            *names = more;
        }
        (void)snprintf((*names)[(*count)++], NAME_TEXT, "%.63s", one->d_name);
    }
    if (dir)
        (void)closedir(dir);
    if (!rc && *count)
        qsort(*names, *count, sizeof **names, (int (*)(const void *, const void *))strcmp);
    return rc;
}

/* What an interrupted backup of this office left. */
static int remove_rests(const char *directory, const char *office, struct problem *p)
{
    DIR *dir = opendir(directory);
    int rc = dir ? 0 : file_problem(p, "cannot read", directory);
    for (const struct dirent *one; dir && !rc && (one = readdir(dir)) != NULL;) {
        char path[BACKUP_PATH];
        size_t len = sizeof BACKUP_PARTIAL - 1;
        if (strncmp(one->d_name, BACKUP_PARTIAL, len) != 0 || !is_name(one->d_name + len, office))
            continue;
        rc = path_join(directory, one->d_name, path);
        if (!rc)
            rc = remove_tree(path, p);
    }
    if (dir)
        (void)closedir(dir);
    return rc;
}

int backup_newest(const char *directory, const char *office, int64_t *made_ms)
{
    char(*names)[NAME_TEXT], path[BACKUP_PATH];
    struct backup_manifest *m = malloc(sizeof *m);
    size_t count = 0;
    int rc = list_names(directory, office, &names, &count), found = TB_ENOTFOUND;
    for (size_t i = m && !rc ? count : 0; i-- > 0 && found;)
        if (!path_join(directory, names[i], path) && !backup_manifest_read(path, m, NULL) && !m->faults) {
            *made_ms = m->made_ms;
            found = 0;
        }
    free(names);
    free(m);
    return rc ? rc : found;
}

/* Keeps the newest of each sort: verified, and with faults. */
static int prune(const char *directory, const char *office, unsigned keep, int64_t *removed, struct problem *p)
{
    char(*names)[NAME_TEXT] = NULL, path[BACKUP_PATH];
    struct backup_manifest *m = malloc(sizeof *m);
    size_t count = 0;
    unsigned seen[2] = {0, 0};
    int rc = m ? list_names(directory, office, &names, &count) : TB_ENOMEM;
    if (rc)
        (void)problem_from_code(p, rc);
    for (size_t i = keep && !rc ? count : 0; i-- > 0 && !rc;) {
        rc = path_join(directory, names[i], path);
        bool readable = !rc && !backup_manifest_read(path, m, NULL);
        if (rc || ++seen[!readable || m->faults] <= keep)
            continue;
        rc = remove_tree(path, p);
        ++*removed;
    }
    free(names);
    free(m);
    return rc;
}

/* ---- the database ---- */

static void told_database(void *context, int64_t done, int64_t of)
{
    const struct making *making = context;
    pace_tell(making->pace, "database", done, of);
}

static bool told_to_stop(void *context)
{
    const struct making *making = context;
    return making->pace->stopped && making->pace->stopped(making->pace->context);
}

/* Turns the copy from a WAL database into one file that needs nothing beside it. */
static int settle(const char *path, struct problem *p)
{
    sqlite3 *db = NULL;
    int sqlite_rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (sqlite_rc == SQLITE_OK)
        sqlite_rc = sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;", NULL, NULL, NULL);
    int rc = sqlite_rc == SQLITE_OK ? 0 : sqlite_rc == SQLITE_FULL ? TB_EFULL : TB_EIO;
    if (rc)
        (void)problem_set(p, PROBLEM_BACKUP, "", "the copy of the database: %s",
                          db ? sqlite3_errmsg(db) : err_text(rc));
    sqlite3_close(db);
    return rc ? rc : sync_path(path, p);
}

static int copy_database(struct making *making, char path[BACKUP_PATH])
{
    struct backup_manifest *m = &making->out->manifest;
    struct store_copy copy = {.path = path, .bytes_per_second = making->pace->bytes_per_second, .stopped = told_to_stop,
                              .progress = told_database, .context = making};
    int rc = path_join(making->partial, BACKUP_DATABASE, path);
    if (rc)
        return problem_from_code(making->p, rc);
    rc = store_copy(making->store, &copy);
    if (rc)
        return problem_set(making->p, PROBLEM_BACKUP, "",
                           "the database could not be copied to %s: %s", path, err_text(rc));
    rc = settle(path, making->p);
    if (!rc)
        rc = file_hash(path, making->pace, m->database_sha256, &m->database_bytes);
    return rc;
}

/* ---- the materials ---- */

/* Whether the file at `path` is the material. */
static bool is_material(struct making *making, const char *path, const char *sha256, int64_t size)
{
    char hex[65];
    int64_t found;
    return !file_hash(path, making->pace, hex, &found) && found == size && !strcmp(hex, sha256);
}

/* The material from `base`, linked where that is possible, else copied; what lies there afterwards was read back. */
static int take_from(struct making *making, const char *base, const char *sha256, int64_t size, const char *to)
{
    char from[BACKUP_PATH];
    int rc = path_of_material(base, sha256, from);
    bool linked = !rc && !link(from, to);
    if (!rc && !linked)
        rc = errno == ENOENT ? TB_ENOTFOUND : file_copy(from, to, making->pace, making->p);
    if (rc)
        return rc;
    if (is_material(making, to, sha256, size)) {
        making->out->linked += linked;
        return 0;
    }
    (void)unlink(to);
    return told_to_stop(making) ? TB_ECLOSED : TB_ECORRUPT;
}

/* A material that the live database does not know any more was erased since the copy. */
static bool is_erased(struct making *making, const char *sha256)
{
    struct db_query q = q_start(&making->reader, SQL_MATERIAL_GET);
    q_text(&q, sha256);
    bool there = q_next(&q);
    return !q_end(&q) && !there;
}

static int make_material_directory(const char *base, const char *sha256, struct problem *p)
{
    char name[16], path[BACKUP_PATH];
    (void)snprintf(name, sizeof name, "materials/%.2s", sha256);
    int rc = path_join(base, name, path);
    return rc ? problem_from_code(p, rc) : make_directory(path, p);
}

static int take_material(void *context, const char *sha256, int64_t size)
{
    struct making *making = context;
    char to[BACKUP_PATH];
    if (!material_name_valid(sha256))
        return problem_set(making->p, PROBLEM_BACKUP, "", "the database names a material that can be none");
    int rc = path_of_material(making->partial, sha256, to);
    if (!rc)
        rc = make_material_directory(making->partial, sha256, making->p);
    if (!rc)
        rc = take_from(making, making->store->directory, sha256, size, to);
    const char *fault = rc == TB_ENOTFOUND ? "missing" : rc == TB_ECORRUPT ? "damaged" : NULL;
    if (rc == TB_ENOTFOUND && is_erased(making, sha256)) {
        making->out->erased++;
        return 0;
    }
    if (fault) {
        rc = making->before[0] ? take_from(making, making->before, sha256, size, to) : TB_ENOTFOUND;
        bool kept = !rc;
        if (!rc || rc == TB_ENOTFOUND || rc == TB_ECORRUPT)
            rc = fault_add(making->out, sha256, fault, kept);
        if (!rc && !kept)
            return 0;
    }
    if (rc)
        return rc;
    making->out->manifest.materials++;
    making->out->material_bytes += size;
    pace_tell(making->pace, "materials", ++making->done, making->of);
    return fprintf(making->list, "%s %lld\n", sha256, (long long)size) > 0 ? 0 : file_problem(making->p, "cannot write", BACKUP_LIST);
}

static int take_materials(struct making *making, sqlite3 *db)
{
    char path[BACKUP_PATH];
    int64_t size;
    int rc = path_join(making->partial, "materials", path);
    if (!rc)
        rc = make_directory(path, making->p);
    if (!rc)
        rc = path_join(making->partial, BACKUP_LIST, path);
    if (rc)
        return rc;
    making->list = fopen(path, "wxe");
    if (!making->list)
        return file_problem(making->p, "cannot make", path);
    making->reader = (struct store_db){.store = making->store, .options = &making->store->options};
    rc = db_open(&making->reader, making->store->path, making->store->vfs_name, false, making->p);
    if (!rc)
        rc = db_prepare(&making->reader, making->p);
    if (!rc)
        rc = check_materials(db, take_material, making, &making->of);
    db_close(&making->reader);
    if (fclose(making->list) && !rc)
        rc = file_problem(making->p, "cannot write", path);
    if (!rc)
        rc = file_hash(path, making->pace, making->out->manifest.list_sha256, &size);
    return rc;
}

/* ---- the whole ---- */

static int fill(struct making *making)
{
    struct backup_manifest *m = &making->out->manifest;
    const struct store_options *options = &making->store->options;
    struct backup_keys keys = {.now = &options->signer->vkey, .before = options->previous_signer ? &options->previous_signer->vkey : NULL};
    char path[BACKUP_PATH];
    sqlite3 *db = NULL;
    int rc = copy_database(making, path);
    if (!rc)
        rc = check_open(path, &db, making->p);
    if (!rc)
        rc = check_file(db, making->pace, making->p);
    if (!rc)
        rc = check_ledger(db, &keys, making->pace, m, making->p);
    if (!rc)
        rc = take_materials(making, db);
    sqlite3_close(db);
    if (!rc)
        rc = manifest_write(making->partial, making->out, making->p);
    return rc ? rc : sync_tree(making->partial, true, making->p);
}

static void find_before(struct making *making, const char *directory)
{
    char(*names)[NAME_TEXT];
    size_t count = 0;
    if (!list_names(directory, making->store->office, &names, &count) && count && path_join(directory, names[count - 1], making->before))
        making->before[0] = '\0';
    free(names);
}

int backup_make(struct store *store, const char *directory, unsigned keep, struct backup_pace *pace, struct backup_outcome *out,
                struct problem *p)
{
    struct making making = {.store = store, .pace = pace, .out = out, .p = p};
    const struct world *world = store->options.world;
    char name[NAME_TEXT], partial[NAME_TEXT + sizeof BACKUP_PARTIAL];
    *out = (struct backup_outcome){.faults = json_array()};
    out->manifest.made_ms = world->now_ms(world->context);
    (void)snprintf(out->manifest.version, sizeof out->manifest.version, "%s", TONGBAN_VERSION);
    name_of(store->office, out->manifest.made_ms, name);
    (void)snprintf(partial, sizeof partial, BACKUP_PARTIAL "%s", name);
    p->id = PROBLEM_COUNT;
    int rc = out->faults ? path_join(directory, name, out->path) : TB_ENOMEM;
    if (!rc)
        rc = path_join(directory, partial, making.partial);
    if (!rc)
        rc = remove_rests(directory, store->office, p);
    if (!rc) {
        find_before(&making, directory);
        /* made by us and now: in a directory that others write in, one that is there already may be a link to elsewhere */
        rc = mkdir(making.partial, 0700) ? file_problem(p, "cannot make", making.partial) : 0;
    }
    if (!rc)
        rc = fill(&making);
    if (!rc && rename(making.partial, out->path))
        rc = file_problem(p, "cannot name", out->path);
    if (rc && making.partial[0] && remove_tree(making.partial, NULL))
        LOG(LOG_LEVEL_WARNING, LOG_STORE, "backup_rest_stays", LOG_TEXT("path", making.partial));
    if (!rc)
        rc = sync_path(directory, p);
    if (!rc)
        rc = prune(directory, store->office, keep, &out->removed, p);
    if (rc && p->id == PROBLEM_COUNT)
        (void)problem_from_code(p, rc);
    return rc;
}
