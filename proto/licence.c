#include "proto/licence.h"

#include <stdio.h>
#include <string.h>

#include "proto/codes.h"
#include "proto/limits.h"
#include "proto/strict_json.h"

static const char words[] = "电子证照标识 ", gap[] = "；";

bool licence_any(const json_t *materials)
{
    for (size_t i = 0; i < json_array_size(materials); i++)
        if (json_object_get(json_array_get(materials, i), "licence_id"))
            return true;
    return false;
}

int licence_in_remark(const json_t *materials, json_t **out)
{
    json_t *copy = json_deep_copy(materials), *material;
    size_t i;
    json_array_foreach(copy, i, material)
    {
        const char *id = strict_json_peek(material, "licence_id"), *remark = strict_json_peek(material, "remark");
        if (!id[0])
            continue;
        json_t *told = json_sprintf("%s%s%s%s", words, id, remark[0] ? gap : "", remark);
        if (!told || json_object_set_new(material, "remark", told)) {
            json_decref(copy);
            return TB_ENOMEM;
        }
        (void)json_object_del(material, "licence_id");
    }
    if (!copy)
        return TB_ENOMEM;
    *out = copy;
    return 0;
}

/* The identifier at the head of a remark; what follows it into *rest.  False when there is none that is right. */
static bool read_remark(const char *remark, char *id, size_t size, const char **rest)
{
    const char *why;
    if (strncmp(remark, words, sizeof words - 1) != 0)
        return false;
    const char *at = remark + sizeof words - 1, *end = strstr(at, gap);
    size_t len = end ? (size_t)(end - at) : strlen(at);
    if (len >= size)
        return false;
    memcpy(id, at, len);
    id[len] = '\0';
    *rest = end ? end + sizeof gap - 1 : "";
    return code_check(CODE_LICENCE_ID, id, &why) == 0;
}

int licence_from_remark(json_t *materials)
{
    json_t *material;
    size_t i;
    json_array_foreach(materials, i, material)
    {
        char id[LIMIT_LICENCE_ID_BYTES + 1];
        const char *rest;
        if (json_object_get(material, "licence_id") || !read_remark(strict_json_peek(material, "remark"), id, sizeof id, &rest))
            continue;
        json_t *left = rest[0] ? json_string(rest) : NULL; /* before the remark, which it is part of, goes */
        int rc = rest[0] ? json_object_set_new(material, "remark", left) : json_object_del(material, "remark");
        if (rc || json_object_set_new(material, "licence_id", json_string(id)) ||
            json_object_set_new(material, "licence_in_remark", json_true()))
            return TB_ENOMEM;
    }
    return 0;
}

int licence_check_remark(const json_t *materials, struct problem *p)
{
    for (size_t i = 0; i < json_array_size(materials); i++) {
        const json_t *material = json_array_get(materials, i);
        const char *id = strict_json_peek(material, "licence_id"), *remark = strict_json_peek(material, "remark");
        char field[64];
        if (!id[0] || !remark[0] || sizeof words + strlen(id) + sizeof gap + strlen(remark) <= LIMIT_TEXT_BYTES)
            continue;
        (void)snprintf(field, sizeof field, "/materials/%zu/remark", i);
        return problem_set(p, PROBLEM_FIELD, field, "beside a licence identifier the remark has at most %d bytes",
                           LIMIT_TEXT_BYTES - LIMIT_LICENCE_ID_BYTES - (int)(sizeof words + sizeof gap));
    }
    return 0;
}

json_t *licence_item_without(const json_t *item)
{
    json_t *copy = json_deep_copy(item), *material;
    size_t i;
    json_array_foreach(json_object_get(copy, "materials"), i, material) (void)json_object_del(material, "licence");
    return copy;
}

json_t *licence_items_without(const json_t *items)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < json_array_size(items); i++) {
        if (!json_array_append_new(list, licence_item_without(json_array_get(items, i))))
            continue;
        json_decref(list);
        return NULL;
    }
    return list;
}
