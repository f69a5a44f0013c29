#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/config.h"
#include "daemon/base/config_yaml.h"
#include "proto/item.h"
#include "proto/limits.h"

/* Checks the items of one file and appends them; `seen` holds code → "file:line". */
static int take_items(const struct config_yaml *file, const json_t *items, json_t *all, json_t *seen, struct problem *p)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        char at[160];
        struct problem why = {.number = -1};
        int n = snprintf(at, sizeof at, "/items/%zu", i);
        if (item_check(item, &why)) {
            (void)snprintf(at + n, sizeof at - (size_t)n, "%s", why.field);
            return config_yaml_refuse(file, at, p, "%s%s%s", why.field[0] ? why.field + 1 : "", why.field[0] ? ": " : "", why.detail);
        }
        const char *code = json_string_value(json_object_get(item, "code"));
        (void)snprintf(at + n, sizeof at - (size_t)n, "/code");
        const char *before = json_string_value(json_object_get(seen, code ? code : ""));
        if (!code || before)
            return config_yaml_refuse(file, at, p, "code '%s' stands at %s already", code ? code : "", before ? before : "");
        if (json_array_size(all) >= LIMIT_CATALOGUE_ITEMS)
            return config_yaml_refuse(file, at, p, "more than %d items", LIMIT_CATALOGUE_ITEMS);
        if (json_object_set_new(seen, code, json_sprintf("%s:%d", file->path, config_yaml_line(file, at))) ||
            json_array_append(all, item))
            return problem_from_code(p, TB_ENOMEM);
    }
    return 0;
}

static int take_file(const char *path, const char *office, json_t *all, json_t *seen, struct problem *p)
{
    struct config_yaml file = {0};
    int err = config_yaml_read(path, &file, p);
    if (err)
        return err;
    const char *key;
    json_t *value;
    json_object_foreach(file.root, key, value)
        if (!err && strcmp(key, "office") != 0 && strcmp(key, "items") != 0) {
            char at[160];
            (void)snprintf(at, sizeof at, "/%s", key);
            err = config_yaml_refuse(&file, at, p, "unknown key '%s'", key);
        }
    const json_t *code = json_object_get(file.root, "office"), *items = json_object_get(file.root, "items");
    char text[24] = "";
    if (json_is_integer(code)) /* an unquoted 330483 */
        (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(code));
    else if (json_is_string(code))
        (void)snprintf(text, sizeof text, "%s", json_string_value(code));
    if (!err && strcmp(text, office) != 0)
        err = config_yaml_refuse(&file, "/office", p, "office '%s' is not this office, %s", text, office);
    if (!err && (!json_is_array(items) || !json_array_size(items)))
        err = config_yaml_refuse(&file, "/items", p, "'items' must be a list with at least one item");
    if (!err)
        err = take_items(&file, items, all, seen, p);
    config_yaml_free(&file);
    return err;
}

int config_load_catalogue(char *const *files, unsigned count, const char *office, json_t **items, struct problem *p)
{
    json_t *all = json_array(), *seen = json_object();
    int err = all && seen ? 0 : problem_from_code(p, TB_ENOMEM);
    for (unsigned i = 0; !err && i < count; i++)
        err = take_file(files[i], office, all, seen, p);
    json_decref(seen);
    if (err)
        json_decref(all);
    else
        *items = all;
    return err;
}
