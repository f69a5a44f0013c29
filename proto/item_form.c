/* The form check (形式审查): an application against the closed list of its item. */
#include <stdio.h>
#include <string.h>

#include "proto/item.h"
#include "proto/strict_json.h"

const json_t *item_material(const json_t *item, const char *name)
{
    size_t i;
    json_t *material;
    json_array_foreach(json_object_get(item, "materials"), i, material)
        if (!strcmp(strict_json_peek(material, "name"), name))
            return material;
    return NULL;
}

enum item_licence item_licence_of(const json_t *wanted)
{
    const char *word = strict_json_peek(wanted, "licence");
    return !strcmp(word, "seen") ? ITEM_LICENCE_SEEN : !strcmp(word, "fetched") ? ITEM_LICENCE_FETCHED : ITEM_LICENCE_NONE;
}

/* What an element left out means (item_elements.c): form O is seen, form E the home side gets itself, form I never leaves the offices. */
bool item_from_applicant(const json_t *wanted)
{
    if (item_licence_of(wanted) != ITEM_LICENCE_NONE)
        return item_licence_of(wanted) == ITEM_LICENCE_SEEN;
    const json_t *shared = json_object_get(wanted, "shared");
    const char *form = strict_json_peek(wanted, "form");
    bool gets_itself = shared ? json_is_true(shared) : !strcmp(form, "E");
    return !gets_itself && strcmp(form, "I") != 0;
}

bool item_wants_original(const json_t *wanted)
{
    const json_t *original = json_object_get(wanted, "original");
    return original ? json_is_true(original) : !strcmp(strict_json_peek(wanted, "form"), "O");
}

/* "missing", "original_unseen", "licence_unseen", or NULL.  An e-licence that was seen stands for the original (国令716 art. 10). */
static const char *lack_of(const json_t *wanted, const json_t *materials)
{
    const char *lack = json_is_true(json_object_get(wanted, "required")) && item_from_applicant(wanted) ? "missing" : NULL;
    for (size_t i = 0; i < json_array_size(materials); i++) {
        const json_t *have = json_array_get(materials, i);
        if (strcmp(strict_json_peek(have, "name"), strict_json_peek(wanted, "name")) != 0)
            continue;
        bool seen = json_is_true(json_object_get(have, "original_seen")) || !strcmp(strict_json_peek(have, "form"), "original");
        bool licence = item_licence_of(wanted) == ITEM_LICENCE_SEEN;
        if (licence ? json_object_get(have, "licence_id") != NULL : seen || !item_wants_original(wanted))
            return NULL;
        lack = licence ? "licence_unseen" : "original_unseen";
    }
    return lack;
}

int item_lacks(const json_t *item, const json_t *application, json_t **out)
{
    const json_t *materials = json_object_get(application, "materials");
    json_t *lacks = NULL, *wanted;
    size_t i;
    json_array_foreach(json_object_get(item, "materials"), i, wanted)
    {
        const char *lack = lack_of(wanted, materials), *standard = strict_json_peek(wanted, "standard");
        if (!lack)
            continue;
        json_t *row = json_pack("{s:s, s:s, s:b}", "material", strict_json_peek(wanted, "name"), "lack", lack, "deferrable",
                                json_is_true(json_object_get(wanted, "deferrable")));
        if (row && standard[0])
            (void)json_object_set_new(row, "standard", json_string(standard));
        if ((!lacks && !(lacks = json_array())) || json_array_append_new(lacks, row)) {
            json_decref(lacks);
            return TB_ENOMEM;
        }
    }
    *out = lacks;
    return 0;
}

int item_check_licences(const json_t *item, const json_t *materials, struct problem *p)
{
    for (size_t i = 0; i < json_array_size(materials); i++) {
        const json_t *have = json_array_get(materials, i);
        char field[64];
        bool alone = json_object_get(have, "licence_id") && !json_object_get(have, "sha256") &&
                     !strcmp(strict_json_peek(have, "form"), "electronic");
        if (!alone || item_licence_of(item_material(item, strict_json_peek(have, "name"))) != ITEM_LICENCE_NONE)
            continue;
        (void)snprintf(field, sizeof field, "/materials/%zu/sha256", i);
        return problem_set(p, PROBLEM_FIELD, field, "the item takes no e-licence alone for this material: hand in the scan too");
    }
    return 0;
}

bool item_delivers(const json_t *item, const char *way)
{
    const json_t *ways = json_object_get(item, "delivery");
    for (size_t i = 0; i < json_array_size(ways); i++) {
        const char *one = json_string_value(json_array_get(ways, i));
        if (one && !strcmp(one, way))
            return true;
    }
    return !ways && strcmp(way, "electronic") != 0;
}
