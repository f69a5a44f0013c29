#include <string.h>

#include "proto/item.h"

/* Where the walk is: the path and the words for it so far; each owned. */
struct place {
    json_t *path, *label, *zh;
};

static void place_free(struct place *place)
{
    json_decref(place->path);
    json_decref(place->label);
    json_decref(place->zh);
}

/* The place of a member or of a list's element within `at` (NULL: the item itself). */
static int place_within(const struct place *at, const char *name, const char *label, const char *zh, struct place *out)
{
    if (at)
        *out = (struct place){json_sprintf("%s/%s", json_string_value(at->path), name),
                              json_sprintf("%s · %s", json_string_value(at->label), label),
                              json_sprintf("%s · %s", json_string_value(at->zh), zh)};
    else
        *out = (struct place){json_string(name), json_string(label), json_string(zh)};
    if (out->path && out->label && out->zh)
        return 0;
    place_free(out);
    return TB_ENOMEM;
}

static int add_row(json_t *rows, const struct place *at, json_t *old_value, json_t *new_value)
{
    json_t *row = json_pack("{s:O, s:O, s:O, s:s}", "path", at->path, "label", at->label, "zh", at->zh, "change",
                            !old_value   ? "added"
                            : !new_value ? "removed"
                                         : "changed");
    if (row && old_value && json_object_set(row, "old", old_value))
        row = NULL;
    if (row && new_value && json_object_set(row, "new", new_value))
        row = NULL;
    return row && !json_array_append_new(rows, row) ? 0 : TB_ENOMEM;
}

static int diff_members(const json_t *old_object, const json_t *new_object, const struct item_element *members, const struct place *at,
                        json_t *rows);

static const char *key_of(const json_t *object, const struct item_element *members)
{
    const char *key = json_string_value(json_object_get(object, members->name));
    return key ? key : "";
}

static json_t *find_by_key(const json_t *list, const struct item_element *members, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(key_of(json_array_get(list, i), members), key) == 0)
            return json_array_get(list, i);
    return NULL;
}

static json_t *keys_of(const json_t *list, const struct item_element *members)
{
    json_t *keys = json_array();
    for (size_t i = 0; keys && i < json_array_size(list); i++)
        if (json_array_append_new(keys, json_string(key_of(json_array_get(list, i), members)))) {
            json_decref(keys);
            return NULL;
        }
    return keys;
}

static int diff_entry(json_t *old_value, json_t *new_value, const struct item_element *members, const struct place *at, json_t *rows)
{
    const char *key = key_of(old_value ? old_value : new_value, members);
    struct place here;
    int rc = place_within(at, key, key, key, &here);
    if (rc)
        return rc;
    rc = old_value && new_value ? diff_members(old_value, new_value, members, &here, rows) : add_row(rows, &here, old_value, new_value);
    place_free(&here);
    return rc;
}

/* Elements of a list are the same when their first member is: a material that moved up is no new material. */
static int diff_list(const json_t *old_list, const json_t *new_list, const struct item_element *members, const struct place *at,
                     json_t *rows)
{
    size_t before = json_array_size(rows), i;
    json_t *value;
    int rc = 0;
    json_array_foreach((json_t *)old_list, i, value)
    {
        json_t *now = find_by_key(new_list, members, key_of(value, members));
        rc = rc ? rc : diff_entry(value, now, members, at, rows);
    }
    json_array_foreach((json_t *)new_list, i, value)
    {
        if (!rc && !find_by_key(old_list, members, key_of(value, members)))
            rc = diff_entry(NULL, value, members, at, rows);
    }
    if (rc || json_array_size(rows) > before)
        return rc;
    json_t *old_keys = keys_of(old_list, members), *new_keys = keys_of(new_list, members); /* only their order differs */
    rc = old_keys && new_keys ? add_row(rows, at, old_keys, new_keys) : TB_ENOMEM;
    json_decref(old_keys);
    json_decref(new_keys);
    return rc;
}

static int diff_element(const struct item_element *e, json_t *old_value, json_t *new_value, const struct place *at, json_t *rows)
{
    struct place here;
    int rc = place_within(at, e->name, e->label, e->zh, &here);
    if (rc)
        return rc;
    if (e->form == ITEM_OBJECT && old_value && new_value)
        rc = diff_members(old_value, new_value, e->members, &here, rows);
    else if (e->form == ITEM_OBJECTS && old_value && new_value)
        rc = diff_list(old_value, new_value, e->members, &here, rows);
    else
        rc = add_row(rows, &here, old_value, new_value);
    place_free(&here);
    return rc;
}

static int diff_members(const json_t *old_object, const json_t *new_object, const struct item_element *members, const struct place *at,
                        json_t *rows)
{
    int rc = 0;
    for (const struct item_element *e = members; e->name && !rc; e++) {
        json_t *old_value = json_object_get(old_object, e->name), *new_value = json_object_get(new_object, e->name);
        bool version = members == item_elements && strcmp(e->name, "version") == 0;
        bool same = old_value && new_value ? json_equal(old_value, new_value) : old_value == new_value;
        if (!version && !same)
            rc = diff_element(e, old_value, new_value, at, rows);
    }
    return rc;
}

int item_diff_elements(const json_t *old_item, const json_t *new_item, json_t **out)
{
    json_t *rows = json_array();
    int rc = rows ? diff_members(old_item, new_item, item_elements, NULL, rows) : TB_ENOMEM;
    if (rc)
        json_decref(rows);
    else
        *out = rows;
    return rc;
}

/* code → item, borrowed values. */
static json_t *by_code(const json_t *items)
{
    json_t *index = json_object(), *item;
    size_t i;
    json_array_foreach((json_t *)items, i, item)
    {
        const char *code = json_string_value(json_object_get(item, "code"));
        if (index && code && json_object_set(index, code, item)) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

static int add_item(json_t *list, const json_t *item)
{
    return json_array_append_new(list, json_pack("{s:O, s:O, s:O}", "code", json_object_get(item, "code"), "name",
                                                 json_object_get(item, "name"), "version", json_object_get(item, "version")))
               ? TB_ENOMEM
               : 0;
}

static int compare_item(const json_t *old_item, const json_t *new_item, json_t *added, json_t *changed)
{
    if (!old_item)
        return add_item(added, new_item);
    json_t *elements = NULL;
    int rc = item_diff_elements(old_item, new_item, &elements);
    bool raised = json_integer_value(json_object_get(new_item, "version")) > json_integer_value(json_object_get(old_item, "version"));
    if (!rc && (json_array_size(elements) || raised) &&
        json_array_append_new(changed, json_pack("{s:O, s:O, s:O, s:O, s:O}", "code", json_object_get(new_item, "code"), "name",
                                                 json_object_get(new_item, "name"), "from", json_object_get(old_item, "version"), "to",
                                                 json_object_get(new_item, "version"), "elements", elements)))
        rc = TB_ENOMEM;
    json_decref(elements);
    return rc;
}

int item_diff(const json_t *old_items, const json_t *new_items, json_t **out)
{
    json_t *before = by_code(old_items), *after = by_code(new_items), *item;
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    int rc = before && after && added && removed && changed ? 0 : TB_ENOMEM;
    size_t i;
    json_array_foreach((json_t *)new_items, i, item)
    {
        if (!rc)
            rc = compare_item(json_object_get(before, json_string_value(json_object_get(item, "code"))), item, added, changed);
    }
    json_array_foreach((json_t *)old_items, i, item)
    {
        if (!rc && !json_object_get(after, json_string_value(json_object_get(item, "code"))))
            rc = add_item(removed, item);
    }
    json_t *diff = rc ? NULL : json_pack("{s:O, s:O, s:O}", "added", added, "removed", removed, "changed", changed);
    if (!rc && !diff)
        rc = TB_ENOMEM;
    json_decref(before);
    json_decref(after);
    json_decref(added);
    json_decref(removed);
    json_decref(changed);
    if (!rc)
        *out = diff;
    return rc;
}

bool item_diff_empty(const json_t *diff)
{
    return !json_array_size(json_object_get(diff, "added")) && !json_array_size(json_object_get(diff, "removed")) &&
           !json_array_size(json_object_get(diff, "changed"));
}
