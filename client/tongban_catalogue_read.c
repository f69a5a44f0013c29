#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/tongban_catalogue.h"
#include "daemon/base/config_yaml.h"
#include "proto/item.h"
#include "proto/limits.h"

struct reading {
    struct catalogue_set *set;
    catalogue_complain complain;
    void *context;
};

static void complain(struct reading *r, const char *file, int line, const char *pointer, const char *message)
{
    r->set->errors++;
    r->complain(r->context, file, line, pointer, message);
}

/* "path:12: words" of the reader, taken apart again. */
static void complain_problem(struct reading *r, const char *path, const struct problem *p)
{
    size_t len = strlen(path);
    const char *text = p->detail;
    char *end = NULL;
    long line = strncmp(text, path, len) == 0 && text[len] == ':' ? strtol(text + len + 1, &end, 10) : 0;
    if (end && line > 0 && line < INT32_MAX && end[0] == ':' && end[1] == ' ')
        complain(r, path, (int)line, "", end + 2);
    else
        complain(r, path, 0, "", strncmp(text, path, len) == 0 && text[len] == ':' && text[len + 1] == ' ' ? text + len + 2 : text);
}

/* The lines of one item: those of the file whose pointers lie within it, cut to the item. */
static json_t *lines_of(const struct config_yaml *file, const char *prefix)
{
    json_t *lines = json_object(), *line;
    size_t len = strlen(prefix);
    const char *pointer;
    json_object_foreach(file->lines, pointer, line)
    {
        if (lines && strncmp(pointer, prefix, len) == 0 && (pointer[len] == '/' || !pointer[len]))
            (void)json_object_set(lines, pointer + len, line);
    }
    return lines;
}

struct telling {
    struct reading *r;
    const struct config_yaml *file;
    const char *item; /* JSON pointer */
};

static int tell_mistake(void *context, const struct problem *p)
{
    const struct telling *t = context;
    char at[160];
    (void)snprintf(at, sizeof at, "%.60s%s", t->item, p->field);
    complain(t->r, t->file->path, config_yaml_line(t->file, at), p->field, p->detail);
    return 0;
}

static int take_item(struct reading *r, const struct config_yaml *file, size_t number, json_t *item)
{
    char at[160];
    int n = snprintf(at, sizeof at, "/items/%zu", number);
    const char *code = json_string_value(json_object_get(item, "code"));
    struct telling t = {r, file, at};
    if (item_check_each(item, tell_mistake, &t) || !code)
        return 0;
    const json_t *before = json_object_get(r->set->places, code);
    if (before) {
        char words[512];
        (void)snprintf(at + n, sizeof at - (size_t)n, "/code");
        (void)snprintf(words, sizeof words, "code '%s' stands at %.300s:%lld already", code,
                       json_string_value(json_object_get(before, "file")), (long long)json_integer_value(json_object_get(before, "line")));
        complain(r, file->path, config_yaml_line(file, at), "/code", words);
        return 0;
    }
    int line = config_yaml_line(file, at);
    at[n] = '\0';
    json_t *lines = lines_of(file, at);
    if (!lines || json_array_append(r->set->items, item) ||
        json_object_set_new(r->set->places, code, json_pack("{s:s, s:i, s:o}", "file", file->path, "line", line, "lines", lines)))
        return TB_ENOMEM;
    return 0;
}

static void check_office(struct reading *r, const struct config_yaml *file)
{
    const json_t *value = json_object_get(file->root, "office");
    char office[24] = "";
    if (json_is_integer(value)) /* an unquoted 330483 */
        (void)snprintf(office, sizeof office, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value))
        (void)snprintf(office, sizeof office, "%.20s", json_string_value(value));
    if (!office_valid(office))
        complain(r, file->path, config_yaml_line(file, "/office"), "/office", "'office' must be the six digits of an office");
    else if (r->set->office[0] && strcmp(r->set->office, office) != 0)
        complain(r, file->path, config_yaml_line(file, "/office"), "/office", "the files before are of another office");
    else
        memcpy(r->set->office, office, OFFICE_TEXT);
}

static int take_file(struct reading *r, const char *path)
{
    struct config_yaml file = {0};
    struct problem p = {.number = -1};
    r->set->files++;
    if (config_yaml_read(path, &file, &p)) {
        complain_problem(r, path, &p);
        return 0;
    }
    const char *key;
    json_t *value, *items = json_object_get(file.root, "items");
    json_object_foreach(file.root, key, value)
    {
        char at[160];
        (void)snprintf(at, sizeof at, "/%.140s", key);
        if (strcmp(key, "office") != 0 && strcmp(key, "items") != 0)
            complain(r, path, config_yaml_line(&file, at), at, "unknown key; there are office and items");
    }
    check_office(r, &file);
    if (!json_is_array(items) || !json_array_size(items))
        complain(r, path, config_yaml_line(&file, "/items"), "/items", "'items' must be a list with at least one item");
    int rc = 0;
    for (size_t i = 0; i < json_array_size(items) && !rc; i++)
        rc = take_item(r, &file, i, json_array_get(items, i));
    config_yaml_free(&file);
    return rc;
}

static int is_catalogue(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".yaml");
}

static int take_directory(struct reading *r, const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, is_catalogue, alphasort), rc = 0;
    if (count <= 0)
        complain(r, path, 0, "", count < 0 ? strerrordesc_np(errno) : "no .yaml file is in this directory");
    for (int i = 0; i < count; i++) {
        struct buf file;
        buf_init(&file, 8192);
        rc = rc ? rc : buf_printf(&file, "%s/%s", path, names[i]->d_name);
        rc = rc ? rc : take_file(r, file.data);
        buf_free(&file);
        free(names[i]);
    }
    free(names);
    return rc;
}

int catalogue_read(const char *const *paths, unsigned count, catalogue_complain tell, void *context, struct catalogue_set *out)
{
    struct catalogue_set set = {.items = json_array(), .places = json_object()};
    struct reading r = {&set, tell, context};
    int rc = set.items && set.places ? 0 : TB_ENOMEM;
    for (unsigned i = 0; i < count && !rc; i++) {
        struct stat about;
        if (stat(paths[i], &about))
            complain(&r, paths[i], 0, "", strerrordesc_np(errno));
        else
            rc = S_ISDIR(about.st_mode) ? take_directory(&r, paths[i]) : take_file(&r, paths[i]);
    }
    if (json_array_size(set.items) > LIMIT_CATALOGUE_ITEMS)
        complain(&r, paths[0], 0, "", "more items than one catalogue may have");
    if (rc)
        catalogue_set_free(&set);
    else
        *out = set;
    return rc;
}

void catalogue_set_free(struct catalogue_set *set)
{
    json_decref(set->items);
    json_decref(set->places);
    *set = (struct catalogue_set){0};
}

int catalogue_line(const struct catalogue_set *set, const char *code, const char *pointer, const char **file)
{
    const json_t *place = json_object_get(set->places, code), *lines = json_object_get(place, "lines");
    char at[160];
    *file = json_string_value(json_object_get(place, "file"));
    (void)snprintf(at, sizeof at, "%s", pointer);
    while (!json_object_get(lines, at)) {
        char *slash = strrchr(at, '/');
        if (!slash)
            return (int)json_integer_value(json_object_get(place, "line"));
        *slash = '\0';
    }
    return (int)json_integer_value(json_object_get(lines, at));
}
