#include <stdio.h>
#include <string.h>

#include "proto/item.h"

struct advising {
    const json_t *item;
    item_advise advise;
    void *context;
};

static const struct {
    const char *en, *zh;
} texts[] = {
    [ITEM_ADVICE_MISSING] = {"a window will miss this element", "窗口需要此要素"},
    [ITEM_ADVICE_FEE_BASIS] = {"a fee without fee_basis: none may be taken unless a law or regulation allows it (行政许可法 58, 59)",
                               "有收费而无收费依据：无法律、行政法规依据不得收费（行政许可法第58、59条）"},
    [ITEM_ADVICE_ORIGINAL] = {"step O may be delegated, but no material has an original to be verified", "可授权原件核验，但没有需要核验原件的材料"},
    [ITEM_ADVICE_UNITS] = {"promise and law count in different units: the earlier of the two dates will hold",
                           "承诺时限与法定时限单位不同：以较早的日期为准"},
    [ITEM_ADVICE_DEFERRABLE] = {"it is not always needed; what may be left out needs no deferring", "并非必要材料，无须容缺"},
    [ITEM_ADVICE_CONDITION] = {"it is needed only at times, but needed_when does not say when", "并非总是需要，但未写明何时需要"},
    [ITEM_ADVICE_APPROXIMATE] = {"a person still has to check this element", "此要素待核实"},
};

const char *item_advice_text(enum item_advice advice, bool zh)
{
    return zh ? texts[advice].zh : texts[advice].en;
}

static int missing(const struct advising *a)
{
    for (const struct item_element *e = item_elements; e->name; e++) {
        char pointer[64];
        (void)snprintf(pointer, sizeof pointer, "/%s", e->name);
        if ((e->flags & (unsigned)ITEM_WANTED) && !json_object_get(a->item, e->name)) {
            int rc = a->advise(a->context, pointer, ITEM_ADVICE_MISSING, e->name);
            if (rc)
                return rc;
        }
    }
    return 0;
}

static int materials(const struct advising *a)
{
    bool originals = false;
    const json_t *list = json_object_get(a->item, "materials"), *material;
    size_t i;
    json_array_foreach((json_t *)list, i, material)
    {
        char pointer[64];
        const char *name = json_string_value(json_object_get(material, "name"));
        const char *form = json_string_value(json_object_get(material, "form"));
        bool at_times = json_is_false(json_object_get(material, "required")) && form && strcmp(form, "I") != 0;
        (void)snprintf(pointer, sizeof pointer, "/materials/%zu", i);
        const json_t *original = json_object_get(material, "original");
        originals = originals || json_is_true(original) || (!original && form && !strcmp(form, "O"));
        int rc = 0;
        if (at_times && json_is_true(json_object_get(material, "deferrable")))
            rc = a->advise(a->context, pointer, ITEM_ADVICE_DEFERRABLE, name);
        if (!rc && at_times && !json_object_get(material, "needed_when"))
            rc = a->advise(a->context, pointer, ITEM_ADVICE_CONDITION, name);
        if (rc)
            return rc;
    }
    const char *steps = json_string_value(json_object_get(a->item, "steps"));
    return steps && strchr(steps, 'O') && !originals ? a->advise(a->context, "/steps", ITEM_ADVICE_ORIGINAL, "") : 0;
}

static int rest(const struct advising *a)
{
    const char *fee = json_string_value(json_object_get(a->item, "fee"));
    const json_t *law = json_object_get(a->item, "statutory_limit"), *promise = json_object_get(a->item, "promised_limit");
    const json_t *approximate = json_object_get(a->item, "approximate"), *name;
    int rc = 0;
    if (fee && strcmp(fee, "0") != 0 && !json_object_get(a->item, "fee_basis"))
        rc = a->advise(a->context, "/fee", ITEM_ADVICE_FEE_BASIS, "");
    if (!rc && json_is_object(law) && json_is_object(promise) && json_integer_value(json_object_get(promise, "days")) &&
        !json_equal(json_object_get(law, "unit"), json_object_get(promise, "unit")))
        rc = a->advise(a->context, "/promised_limit", ITEM_ADVICE_UNITS, "");
    size_t i;
    json_array_foreach((json_t *)approximate, i, name)
    {
        char pointer[64];
        (void)snprintf(pointer, sizeof pointer, "/%.60s", json_string_value(name));
        rc = rc ? rc : a->advise(a->context, pointer, ITEM_ADVICE_APPROXIMATE, json_string_value(name));
    }
    return rc;
}

int item_advice_each(const json_t *item, item_advise advise, void *context)
{
    struct advising a = {item, advise, context};
    int rc = missing(&a);
    if (!rc)
        rc = materials(&a);
    return rc ? rc : rest(&a);
}
