#include "proto/item.h"

#include <stdio.h>
#include <string.h>

#include "proto/codes.h"
#include "proto/joint.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "proto/timestamp.h"

enum { MAX_DAYS = 1000, POINTER_TEXT = 64 };

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

static int check_code(const json_t *value, const struct item_element *element, const char *field, struct problem *p)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    const char *text = text_of(value);
    if (!text || strlen(text) < (size_t)element->least || strlen(text) > (size_t)element->most || strspn(text, allowed) != strlen(text))
        return problem_set(p, PROBLEM_FIELD, field, "a code has %d to %d letters, digits, hyphens and dots", element->least,
                           element->most);
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

static int check_word(const json_t *value, const char *words, const char *field, struct problem *p)
{
    const char *text = text_of(value);
    return text && word_in(words, text) ? 0 : problem_set(p, PROBLEM_FIELD, field, "it must be one of %s", words);
}

static int check_members(const json_t *object, const struct item_element *members, const char *field, struct problem *p);

/* What tells the elements of a list apart: the text itself, or the first member of an object. */
static const char *list_key(const json_t *value, const struct item_element *element)
{
    return text_of(element->members ? json_object_get(value, element->members->name) : value);
}

static int check_entry(const json_t *value, const struct item_element *element, const char *field, struct problem *p)
{
    const char *name = text_of(value);
    switch (element->form) {
    case ITEM_OBJECTS:
        return check_members(value, element->members, field, p);
    case ITEM_WORDS:
        return check_word(value, element->values, field, p);
    case ITEM_ELEMENTS:
        return name && item_element_find(name) ? 0 : problem_set(p, PROBLEM_FIELD, field, "it is not the name of an element");
    default:
        return check_text(value, field, p);
    }
}

static int check_list(const json_t *list, const struct item_element *element, const char *field, struct problem *p)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count < (size_t)element->least || count > (size_t)element->most)
        return problem_set(p, PROBLEM_FIELD, field, "a list of %d to %d %s is needed", element->least, element->most, element->label);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        char at[POINTER_TEXT];
        (void)snprintf(at, sizeof at, "%.40s/%zu", field, i);
        int rc = check_entry(value, element, at, p);
        if (rc)
            return rc;
        const char *key = list_key(value, element);
        for (size_t k = 0; k < i; k++)
            if (key && strcmp(key, list_key(json_array_get(list, k), element)) == 0)
                return problem_set(p, PROBLEM_FIELD, at, "'%.60s' stands in this list twice", key);
    }
    return 0;
}

static int check_value(const json_t *value, const struct item_element *element, const char *field, struct problem *p)
{
    int64_t day;
    const char *text = text_of(value);
    switch (element->form) {
    case ITEM_CODE:
        return check_code(value, element, field, p);
    case ITEM_OFFICE:
        return office_valid(text) ? 0 : problem_set(p, PROBLEM_FIELD, field, "an office has six digits");
    case ITEM_TEXT:
        return check_text(value, field, p);
    case ITEM_WORD:
        return check_word(value, element->values, field, p);
    case ITEM_LETTERS:
        return check_letters(value, element->values, field, p);
    case ITEM_BOOL:
        return json_is_boolean(value) ? 0 : problem_set(p, PROBLEM_FIELD, field, "true or false is needed");
    case ITEM_NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= element->least && json_integer_value(value) <= element->most
                   ? 0
                   : problem_set(p, PROBLEM_FIELD, field, "a number from %d to %d is needed", element->least, element->most);
    case ITEM_LIMIT:
        return check_limit(value, field, p);
    case ITEM_DATE:
        return text && date_parse(text, &day) == 0 ? 0 : problem_set(p, PROBLEM_FIELD, field, "a date such as 2026-01-01 is needed");
    case ITEM_OBJECT:
        return check_members(value, element->members, field, p);
    case ITEM_OBJECTS:
    case ITEM_TEXTS:
    case ITEM_WORDS:
    case ITEM_ELEMENTS:
        return check_list(value, element, field, p);
    case ITEM_FORMS:
        break;
    }
    return TB_EINVAL;
}

static const struct item_element *find_member(const struct item_element *members, const char *name)
{
    while (members->name && strcmp(members->name, name) != 0)
        members++;
    return members->name ? members : NULL;
}

/* A member that no row has. */
static int refuse_unknown(const char *key, const char *field, struct problem *p)
{
    char at[POINTER_TEXT];
    (void)snprintf(at, sizeof at, "%.40s/%.22s", field, key);
    return problem_set(p, PROBLEM_FIELD, at, "there is no such element; check its spelling");
}

/* A required one is there, and it fits its row. */
static int check_member(const json_t *object, const struct item_element *e, const char *field, struct problem *p)
{
    char at[POINTER_TEXT];
    const json_t *value = json_object_get(object, e->name);
    (void)snprintf(at, sizeof at, "%.40s/%.22s", field, e->name);
    if (!value && (e->flags & (unsigned)ITEM_REQUIRED))
        return problem_set(p, PROBLEM_FIELD, at, "the element '%s' is missing", e->name);
    return value ? check_value(value, e, at, p) : 0;
}

/* For the item and for the objects within. */
static int check_members(const json_t *object, const struct item_element *members, const char *field, struct problem *p)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return problem_set(p, PROBLEM_FIELD, field, "an object is needed: names with values");
    json_object_foreach((json_t *)object, key, value) if (!find_member(members, key)) return refuse_unknown(key, field, p);
    int rc = 0;
    for (const struct item_element *e = members; e->name && !rc; e++)
        rc = check_member(object, e, field, p);
    return rc;
}

/* What is needed in every case has no case in which it is needed. */
static int check_necessity(const json_t *item, struct problem *p)
{
    const json_t *list = json_object_get(item, "materials"), *material;
    size_t i;
    json_array_foreach(list, i, material)
    {
        char at[POINTER_TEXT];
        (void)snprintf(at, sizeof at, "/materials/%zu/needed_when", i);
        if (json_is_true(json_object_get(material, "required")) && json_object_get(material, "needed_when"))
            return problem_set(p, PROBLEM_FIELD, at, "a material that is always needed has no needed_when; set required to false");
    }
    return 0;
}

/* What the home side fetches nobody is asked for; what the window is to see the home side does not get itself. */
static int check_licence(const json_t *item, struct problem *p)
{
    const json_t *list = json_object_get(item, "materials"), *material;
    size_t i;
    json_array_foreach(list, i, material)
    {
        char at[POINTER_TEXT];
        const json_t *shared = json_object_get(material, "shared");
        enum item_licence licence = item_licence_of(material);
        (void)snprintf(at, sizeof at, "/materials/%zu/licence", i);
        if (licence == ITEM_LICENCE_SEEN && json_is_true(shared))
            return problem_set(p, PROBLEM_FIELD, at, "shared data the window need not see; write fetched, or set shared to false");
        if (licence == ITEM_LICENCE_FETCHED && json_is_false(shared))
            return problem_set(p, PROBLEM_FIELD, at, "what the home side fetches is shared data; write seen, or leave shared out");
    }
    return 0;
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
    return joint_check_legs(legs, p);
}

static int (*const cross_checks[])(const json_t *item, struct problem *p) = {check_promise, check_period, check_necessity, check_licence,
                                                                                check_joint};

int item_check(const json_t *item, struct problem *p)
{
    int rc = check_members(item, item_elements, "", p);
    for (size_t i = 0; i < sizeof cross_checks / sizeof cross_checks[0] && !rc; i++)
        rc = cross_checks[i](item, p);
    return rc;
}

int item_check_each(const json_t *item, int (*tell)(void *context, const struct problem *p), void *context)
{
    struct problem p = {.number = -1};
    const char *key;
    json_t *value;
    bool good = json_is_object(item);
    if (!good)
        return check_members(item, item_elements, "", &p) ? tell(context, &p) : 0;
    json_object_foreach((json_t *)item, key, value)
    {
        int rc = find_member(item_elements, key) ? 0 : refuse_unknown(key, "", &p);
        good = good && !rc;
        if (rc && (rc = tell(context, &p)))
            return rc;
    }
    for (const struct item_element *e = item_elements; e->name; e++) {
        int rc = check_member(item, e, "", &p);
        good = good && !rc;
        if (rc && (rc = tell(context, &p)))
            return rc;
    }
    for (size_t i = 0; i < sizeof cross_checks / sizeof cross_checks[0] && good; i++) {
        int rc = cross_checks[i](item, &p) ? tell(context, &p) : 0;
        if (rc)
            return rc;
    }
    return 0;
}

/* 下架事项: what the edition leaves out on purpose, and why. */
static const struct item_element retired_members[] = {
    {"code", ITEM_CODE, ITEM_REQUIRED, NULL, NULL, 1, 50, NULL, "code", "事项编码", "code of the item"},
    {"reason", ITEM_TEXT, ITEM_REQUIRED, NULL, NULL, 1, LIMIT_TEXT_BYTES, NULL, "reason", "理由", "why it is withdrawn"},
    {NULL, ITEM_FORMS, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
static const struct item_element retired_list = {"retired", ITEM_OBJECTS, 0, NULL, retired_members, 0, LIMIT_CATALOGUE_ITEMS, NULL,
                                                 "withdrawn items", "下架事项", "items that this edition withdraws"};

static int check_head(const json_t *edition, struct problem *p)
{
    int64_t day;
    int rc = check_only(edition, "office|edition|published|items|note|retired", "", p);
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
    if (!rc && json_object_get(edition, "note"))
        rc = check_text(json_object_get(edition, "note"), "/note", p);
    if (!rc && json_object_get(edition, "retired"))
        rc = check_list(json_object_get(edition, "retired"), &retired_list, "/retired", p);
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

bool item_begins_after(const json_t *item, int64_t day)
{
    int64_t from;
    const char *first = text_of(json_object_get(item, "effective_from"));
    return first && date_parse(first, &from) == 0 && from > day;
}
