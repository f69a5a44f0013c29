#include "daemon/office/office_internal.h"

#include <string.h>

#include "proto/licence.h"

int material_attach_one(struct store_db *db, json_t *object, const char *field, struct problem *p)
{
    const char *sha256 = json_string_value(json_object_get(object, "sha256"));
    if (!sha256)
        return 0; /* paper only: the transfer list speaks of it */
    struct material_row row;
    int rc = material_get(db, sha256, &row);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_MATERIAL_MISSING, field, "material %.16s… is not here", sha256);
    if (!rc && (json_object_set_new(object, "size", json_integer(row.size)) || json_object_set_new(object, "type", json_string(row.type))))
        rc = TB_ENOMEM;
    return rc;
}

int materials_attach(struct store_db *db, json_t *materials, struct problem *p)
{
    size_t i;
    json_t *material;
    json_array_foreach(materials, i, material) {
        int rc = material_attach_one(db, material, "/materials", p);
        if (rc)
            return rc;
    }
    return 0;
}

int materials_word(const struct office *office, const struct entry *entry)
{
    const struct office_peer *peer = office_peer(office, entry->to);
    const json_t *materials = json_object_get(entry->body, "materials");
    json_t *told = NULL;
    if (!peer || peer->licences || !licence_any(materials))
        return 0;
    int rc = licence_in_remark(materials, &told);
    return rc ? rc : json_object_set_new(entry->body, "materials", told) ? TB_ENOMEM : 0;
}

int materials_send(struct store_db *db, const char *peer, uint64_t index, const json_t *body)
{
    const json_t *materials = json_object_get(body, "materials");
    const char *result = json_string_value(json_object_get(json_object_get(body, "result"), "sha256"));
    int rc = result ? material_out_add(db, peer, index, result) : 0;
    for (size_t i = 0; i < json_array_size(materials) && !rc; i++) {
        const char *sha256 = json_string_value(json_object_get(json_array_get(materials, i), "sha256"));
        if (sha256)
            rc = material_out_add(db, peer, index, sha256);
    }
    return rc;
}

int materials_await(struct store_db *db, int64_t case_id, const json_t *materials, size_t *waiting)
{
    size_t i;
    json_t *material;
    json_array_foreach(materials, i, material) {
        const char *sha256 = json_string_value(json_object_get(material, "sha256"));
        struct material_row row;
        if (!sha256)
            continue;
        int rc = material_get(db, sha256, &row);
        if (rc == TB_ENOTFOUND) {
            rc = material_wait_add(db, case_id, sha256);
            (*waiting)++;
        }
        if (rc)
            return rc;
    }
    return 0;
}
