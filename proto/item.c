#include "proto/item.h"

#include <stdio.h>
#include <string.h>

#include "proto/codes.h"
#include "proto/joint.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "proto/timestamp.h"

enum element_form {
    ELEMENT_CODE, /* 12–50 characters in the nation, shorter in our lists: letters, digits, - and . */
    ELEMENT_TEXT,
    ELEMENT_WORD,    /* one of `values` */
    ELEMENT_LETTERS, /* each letter of `values` at most once */
    ELEMENT_BOOL,
    ELEMENT_VERSION,
    ELEMENT_LIMIT, /* {"days","unit"} or null */
    ELEMENT_MATERIALS,
    ELEMENT_DATE,
    ELEMENT_ELEMENTS, /* names of elements of this table */
    ELEMENT_LEGS      /* template of a joint case */
};

struct element {
    const char *name;
    enum element_form form;
    bool required;
    const char *values;
};

/* 实施清单要素 that the first cut keeps (GB/T 39554, domain.md 4.1). */
static const struct element elements[] = {
    {"code", ELEMENT_CODE, true, NULL},
    {"version", ELEMENT_VERSION, true, NULL},
    {"name", ELEMENT_TEXT, true, NULL},
    {"name_en", ELEMENT_TEXT, true, NULL},
    {"category", ELEMENT_TEXT, true, NULL},
    {"department", ELEMENT_TEXT, true, NULL},
    {"task_type", ELEMENT_WORD, true, "01|02|03|04|05|06|07|08|09|10|20|21"}, /* 事项类型 */
    {"subject", ELEMENT_LETTERS, true, "PE"},                                 /* 服务对象: person, enterprise */
    {"mode", ELEMENT_WORD, true, "ONLINE|PROXY|LOCAL|JOINT"},
    {"alternative", ELEMENT_WORD, false, "ONLINE|PROXY|LOCAL|JOINT"},
    {"steps", ELEMENT_LETTERS, true, "INOPD"}, /* 可授权环节 */
    {"in_person", ELEMENT_BOOL, true, NULL},
    {"materials", ELEMENT_MATERIALS, true, NULL},
    {"statutory_limit", ELEMENT_LIMIT, true, NULL},
    {"statutory_note", ELEMENT_TEXT, false, NULL},
    {"promised_limit", ELEMENT_LIMIT, true, NULL},
    {"project_type", ELEMENT_WORD, true, "instant|committed"}, /* 即办件, 承诺件 */
    {"fee", ELEMENT_TEXT, true, NULL},
    {"result", ELEMENT_TEXT, true, NULL},
    {"legal_basis", ELEMENT_TEXT, true, NULL},
    {"effective_from", ELEMENT_DATE, true, NULL},
    {"effective_to", ELEMENT_DATE, false, NULL},
    {"notice_rule", ELEMENT_WORD, false, "PERMIT_5WD|ONSPOT_DEEMED|ONSPOT_ZJ|MARKET_3WD|NONE"}, /* 一次性告知规则 */
    {"overdue_supplement", ELEMENT_WORD, false, "WITHDRAWN|REFUSE|NONE"},                       /* 逾期未补正 */
    {"extension", ELEMENT_LIMIT, false, NULL},                                                  /* 延期; null: none */
    {"legs", ELEMENT_LEGS, false, NULL},                                                        /* 联办环节 */
    {"joint_rule", ELEMENT_WORD, false, JOINT_RULE_WORDS},                                      /* 联办办结规则 */
    {"approximate", ELEMENT_ELEMENTS, true, NULL},
};
enum { ELEMENT_COUNT = sizeof elements / sizeof elements[0], MAX_MATERIALS = 100, MAX_DAYS = 1000, MAX_CODE = 50 };

static const struct element *find_element(const char *name)
{
    for (size_t i = 0; i < ELEMENT_COUNT; i++)
        if (strcmp(elements[i].name, name) == 0)
            return &elements[i];
    return NULL;
}

static bool word_in(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; len;) {
        size_t n = strcspn(at, "|");
        if (n == len && memcmp(at, word, n) == 0)
            return true;
        if (!at[n])
            break;
        at += n + 1;
    }
    return false;
}

static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static int check_text(const json_t *value, const char *field, struct problem *p)
{
    const char *text = text_of(value);
    if (!text || !text[0])
        return problem_set(p, PROBLEM_FIELD, field,
                           "a text is needed; quote it when it is a number or a word such as yes");
    size_t len = strlen(text);
    if (len > LIMIT_TEXT_BYTES)
        return problem_set(p, PROBLEM_FIELD, field, "it is longer than %d bytes", LIMIT_TEXT_BYTES);
    for (size_t at = 0; at < len;) {
        int32_t code = text_next(text, len, &at);
        if (code < 0x20 || code == 0x7f)
            return problem_set(p, PROBLEM_FIELD, field, "it has a control character or is not UTF-8");
    }
    return 0;
}

static int check_code(const json_t *value, const char *field, struct problem *p)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    const char *text = text_of(value);
    if (!text || !text[0] || strlen(text) > MAX_CODE || strspn(text, allowed) != strlen(text))
        return problem_set(p, PROBLEM_FIELD, field, "a code has 1 to %d letters, digits, hyphens and dots", MAX_CODE);
    return 0;
}

static int check_letters(const json_t *value, const char *letters, const char *field, struct problem *p)
{
    const char *text = text_of(value);
    bool good = text && text[0];
    for (const char *c = text; good && *c; c++)
        good = strchr(letters, *c) && !strchr(c + 1, *c);
    return good ? 0 : problem_set(p, PROBLEM_FIELD, field, "it must be letters out of %s, each at most once", letters);
}

static int check_only(const json_t *object, const char *known, const char *field, struct problem *p)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return problem_set(p, PROBLEM_FIELD, field, "it must have the members %s", known);
    json_object_foreach((json_t *)object, key, value) if (!word_in(known, key)) return problem_set(
        p, PROBLEM_FIELD, field, "there is no member '%.40s'; known are %s", key, known);
    return 0;
}

static int check_limit(const json_t *limit, const char *field, struct problem *p)
{
    if (json_is_null(limit))
        return 0; /* none fixed */
    int rc = check_only(limit, "days|unit", field, p);
    if (rc)
        return rc;
    const json_t *days = json_object_get(limit, "days");
    const char *unit = text_of(json_object_get(limit, "unit"));
    if (!json_is_integer(days) || json_integer_value(days) < 0 || json_integer_value(days) > MAX_DAYS)
        return problem_set(p, PROBLEM_FIELD, field, "days must be a number from 0 (on the spot) to %d", MAX_DAYS);
    if (!unit || !word_in("working_day|calendar_day", unit))
        return problem_set(p, PROBLEM_FIELD, field, "unit must be working_day or calendar_day");
    return 0;
}

static int check_material(const json_t *material, const char *field, struct problem *p)
{
    int rc = check_only(material, "name|form|required|deferrable", field, p);
    if (!rc)
        rc = check_text(json_object_get(material, "name"), field, p);
    const char *form = text_of(json_object_get(material, "form"));
    if (!rc && (!form || !word_in("F|O|C|P|E|S|I", form)))
        rc = problem_set(p, PROBLEM_FIELD, field, "form must be one of F O C P E S I");
    if (!rc && !json_is_boolean(json_object_get(material, "required")))
        rc = problem_set(p, PROBLEM_FIELD, field, "required must be true or false");
    const json_t *deferrable = json_object_get(material, "deferrable"); /* 容缺材料 */
    if (!rc && deferrable && !json_is_boolean(deferrable))
        rc = problem_set(p, PROBLEM_FIELD, field, "deferrable must be true or false");
    return rc;
}

static int check_materials(const json_t *list, const char *field, struct problem *p)
{
    if (!json_is_array(list) || json_array_size(list) > MAX_MATERIALS)
        return problem_set(p, PROBLEM_FIELD, field, "a list of at most %d materials is needed", MAX_MATERIALS);
    size_t i;
    const json_t *material;
    json_array_foreach(list, i, material)
    {
        char at[96];
        (void)snprintf(at, sizeof at, "%s/%zu", field, i);
        int rc = check_material(material, at, p);
        if (rc)
            return rc;
    }
    return 0;
}

static int check_elements(const json_t *list, const char *field, struct problem *p)
{
    if (!json_is_array(list) || json_array_size(list) > ELEMENT_COUNT)
        return problem_set(p, PROBLEM_FIELD, field, "a list of element names is needed");
    size_t i;
    const json_t *name;
    json_array_foreach(list, i, name)
    {
        const char *text = text_of(name);
        if (!text || !find_element(text))
            return problem_set(p, PROBLEM_FIELD, field, "entry %zu is not the name of an element", i + 1);
    }
    return 0;
}

static int check_element(const struct element *element, const json_t *value, struct problem *p)
{
    char field[64];
    int64_t day;
    const char *text = text_of(value);
    (void)snprintf(field, sizeof field, "/%s", element->name);
    switch (element->form) {
    case ELEMENT_CODE:
        return check_code(value, field, p);
    case ELEMENT_TEXT:
        return check_text(value, field, p);
    case ELEMENT_WORD:
        return text && word_in(element->values, text)
                   ? 0
                   : problem_set(p, PROBLEM_FIELD, field, "it must be one of %s", element->values);
    case ELEMENT_LETTERS:
        return check_letters(value, element->values, field, p);
    case ELEMENT_BOOL:
        return json_is_boolean(value) ? 0 : problem_set(p, PROBLEM_FIELD, field, "true or false is needed");
    case ELEMENT_VERSION:
        return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= INT32_MAX
                   ? 0
                   : problem_set(p, PROBLEM_FIELD, field, "a number from 1 is needed");
    case ELEMENT_LIMIT:
        return check_limit(value, field, p);
    case ELEMENT_MATERIALS:
        return check_materials(value, field, p);
    case ELEMENT_DATE:
        return text && date_parse(text, &day) == 0
                   ? 0
                   : problem_set(p, PROBLEM_FIELD, field, "a date such as 2026-01-01 is needed");
    case ELEMENT_ELEMENTS:
        return check_elements(value, field, p);
    case ELEMENT_LEGS:
        return joint_check_legs(value, p);
    }
    return TB_EINVAL;
}

/* 浙江省保障"最多跑一次"改革规定 12: the promise binds, so it must not be later than the law. */
static int check_promise(const json_t *item, struct problem *p)
{
    const json_t *law = json_object_get(item, "statutory_limit"), *promise = json_object_get(item, "promised_limit");
    if (!json_is_object(law) || !json_is_object(promise) ||
        !json_equal(json_object_get(law, "unit"), json_object_get(promise, "unit")))
        return 0;
    if (json_integer_value(json_object_get(promise, "days")) > json_integer_value(json_object_get(law, "days")))
        return problem_set(p, PROBLEM_FIELD, "/promised_limit", "the promised limit is later than the statutory one");
    return 0;
}

static int check_period(const json_t *item, struct problem *p)
{
    const char *from = text_of(json_object_get(item, "effective_from")),
               *to = text_of(json_object_get(item, "effective_to"));
    if (from && to && strcmp(to, from) < 0)
        return problem_set(p, PROBLEM_FIELD, "/effective_to", "the item ends before it begins");
    return 0;
}

/* 多地联办: legs and the rule that ends them belong together, and to nothing but a joint item. */
static int check_joint(const json_t *item, struct problem *p)
{
    const json_t *legs = json_object_get(item, "legs"), *rule = json_object_get(item, "joint_rule");
    if (!legs && !rule)
        return 0;
    if (!legs || !rule)
        return problem_set(p, PROBLEM_FIELD, legs ? "/joint_rule" : "/legs", "legs and joint_rule stand together");
    if (strcmp(text_of(json_object_get(item, "mode")), "JOINT"))
        return problem_set(p, PROBLEM_FIELD, "/mode", "an item with legs has the mode JOINT");
    return 0;
}

int item_check(const json_t *item, struct problem *p)
{
    const char *key;
    json_t *value;
    if (!json_is_object(item))
        return problem_set(p, PROBLEM_FIELD, "", "an item must be an object");
    json_object_foreach((json_t *)item, key, value)
    {
        char field[64];
        (void)snprintf(field, sizeof field, "/%.60s", key);
        if (!find_element(key))
            return problem_set(p, PROBLEM_FIELD, field, "there is no such element; check its spelling");
    }
    for (size_t i = 0; i < ELEMENT_COUNT; i++) {
        value = json_object_get(item, elements[i].name);
        char field[64];
        (void)snprintf(field, sizeof field, "/%s", elements[i].name);
        if (!value && elements[i].required)
            return problem_set(p, PROBLEM_FIELD, field, "the element '%s' is missing", elements[i].name);
        int rc = value ? check_element(&elements[i], value, p) : 0;
        if (rc)
            return rc;
    }
    int rc = check_promise(item, p);
    if (!rc)
        rc = check_joint(item, p);
    return rc ? rc : check_period(item, p);
}

static int check_head(const json_t *edition, struct problem *p)
{
    int64_t day;
    int rc = check_only(edition, "office|edition|published|items", "", p);
    const char *published = text_of(json_object_get(edition, "published"));
    const json_t *number = json_object_get(edition, "edition"), *items = json_object_get(edition, "items");
    if (!rc && !office_valid(text_of(json_object_get(edition, "office"))))
        rc = problem_set(p, PROBLEM_FIELD, "/office", "an office has six digits");
    if (!rc && (!json_is_integer(number) || json_integer_value(number) < 1 || json_integer_value(number) > INT32_MAX))
        rc = problem_set(p, PROBLEM_FIELD, "/edition", "a number from 1 is needed");
    /* A day, or the moment of publishing. */
    if (!rc && (!published || (date_parse(published, &day) && timestamp_parse(published, &day))))
        rc = problem_set(p, PROBLEM_FIELD, "/published", "a date such as 2026-01-01, or a time, is needed");
    if (!rc && !json_is_array(items))
        rc = problem_set(p, PROBLEM_FIELD, "/items", "a list of items is needed");
    if (!rc && json_array_size(items) > LIMIT_CATALOGUE_ITEMS)
        rc = problem_set(p, PROBLEM_FIELD, "/items", "at most %d items are taken", LIMIT_CATALOGUE_ITEMS);
    return rc;
}

int catalogue_check(const json_t *edition, struct problem *p)
{
    int rc = check_head(edition, p);
    json_t *seen = rc ? NULL : json_object();
    if (!rc && !seen)
        return TB_ENOMEM;
    const json_t *items = json_object_get(edition, "items");
    for (size_t i = 0; !rc && i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct problem why = {.id = PROBLEM_COUNT};
        char field[96];
        rc = item_check(item, &why);
        if (rc) {
            (void)snprintf(field, sizeof field, "/items/%zu%s", i, why.field);
            (void)problem_set(p, PROBLEM_FIELD, field, "%s", why.detail);
            break;
        }
        const char *code = json_string_value(json_object_get(item, "code"));
        (void)snprintf(field, sizeof field, "/items/%zu/code", i);
        if (json_object_get(seen, code))
            rc = problem_set(p, PROBLEM_FIELD, field, "the code %s stands in this edition already", code);
        else if (json_object_set_new(seen, code, json_true()))
            rc = TB_ENOMEM;
    }
    json_decref(seen);
    return rc;
}

bool item_in_force(const json_t *item, int64_t day)
{
    int64_t from, to;
    const char *first = text_of(json_object_get(item, "effective_from")),
               *last = text_of(json_object_get(item, "effective_to"));
    if (!first || date_parse(first, &from) || day < from)
        return false;
    return !last || (date_parse(last, &to) == 0 && day <= to);
}
