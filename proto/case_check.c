/* Checks a body against case_fields.c, then the rules between its members. */
#include "proto/case_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/licence.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "proto/timestamp.h"

/* A path never outgrows problem.field: a longer one is cut, the detail still names the rule.  One is made for each member of each body,
 * so no printf. */
struct path {
    char text[64];
    size_t len;
};

static struct path path_member(const struct path *path, const char *key)
{
    struct path out = *path;
    size_t room = sizeof out.text - 1 - out.len, len = strnlen(key, 40);
    if (!room)
        return out;
    out.text[out.len++] = '/';
    len = len < room ? len : room - 1;
    memcpy(out.text + out.len, key, len);
    out.len += len;
    out.text[out.len] = '\0';
    return out;
}

static struct path path_index(const struct path *path, size_t index)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%zu", index);
    return path_member(path, text);
}

static bool word_in(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; len; at++) {
        size_t n = strcspn(at, "|");
        if (n == len && memcmp(at, word, n) == 0)
            return true;
        at += n;
        if (!*at)
            break;
    }
    return false;
}

static int check_plain_text(const char *text, size_t len, const struct path *path, struct problem *p)
{
    if (len == 0)
        return problem_set(p, PROBLEM_FIELD, path->text, "it is empty: fill it in or leave it out");
    if (len > LIMIT_TEXT_BYTES)
        return problem_set(p, PROBLEM_FIELD, path->text, "it is longer than %d bytes", LIMIT_TEXT_BYTES);
    for (size_t at = 0; at < len;) {
        at += text_plain(text + at, len - at);
        if (at == len)
            break;
        int32_t code = text_next(text, len, &at);
        if (code < 0 || (code < 0x20 && code != '\n' && code != '\t') || code == 0x7f)
            return problem_set(p, PROBLEM_FIELD, path->text, "it has a control character or is not UTF-8");
    }
    return 0;
}

static int check_name(const char *text, const struct path *path, struct problem *p)
{
    int rc = text_check_name(text, LIMIT_NAME_BYTES);
    if (rc == TB_ELIMIT)
        return problem_set(p, PROBLEM_FIELD, path->text, "the name is longer than %d bytes", LIMIT_NAME_BYTES);
    if (rc)
        return problem_set(p, PROBLEM_FIELD, path->text,
                           "the name is empty, has spaces around it or doubled, or a control or private-use character");
    return 0;
}

static int check_sha256(const char *text, const struct path *path, struct problem *p)
{
    if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
        return problem_set(p, PROBLEM_FIELD, path->text, "a SHA-256 has 64 characters 0-9 and a-f");
    return 0;
}

static int check_code(const char *kind_name, const char *text, const struct path *path, struct problem *p)
{
    const char *why = "";
    int kind = code_kind(kind_name);
    if (kind < 0)
        return TB_EINVAL;
    if (code_check((enum code_kind)kind, text, &why))
        return problem_set(p, PROBLEM_FIELD, path->text, "%s", why);
    return 0;
}

static int check_text_field(const struct case_field *field, const json_t *value, const struct path *path,
                            struct problem *p)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    int64_t number;
    if (!text || strlen(text) != len)
        return problem_set(p, PROBLEM_FIELD, path->text, "a text is needed");
    int rc = check_plain_text(text, len, path, p);
    if (rc)
        return rc;
    switch (field->kind) {
    case FIELD_NAME:
        return check_name(text, path, p);
    case FIELD_ENUM:
        return word_in(field->values, text)
                   ? 0
                   : problem_set(p, PROBLEM_FIELD, path->text, "it must be one of %s", field->values);
    case FIELD_SHA256:
        return check_sha256(text, path, p);
    case FIELD_CODE:
        return check_code(field->values, text, path, p);
    case FIELD_DATE:
        return date_parse(text, &number)
                   ? problem_set(p, PROBLEM_FIELD, path->text, "it must be a date such as 2026-11-23")
                   : 0;
    case FIELD_TIME:
        return timestamp_parse(text, &number)
                   ? problem_set(p, PROBLEM_FIELD, path->text, "it must be a time such as 2026-11-23T09:30:00+08:00")
                   : 0;
    default:
        return 0;
    }
}

static int check_int(const struct case_field *field, const json_t *value, const struct path *path, struct problem *p)
{
    long long low = 0, high = INT64_MAX;
    char *end = NULL;
    if (!json_is_integer(value))
        return problem_set(p, PROBLEM_FIELD, path->text, "a whole number is needed");
    if (field->values) {
        low = strtoll(field->values, &end, 10);
        high = strtoll(end + 1, NULL, 10);
    }
    json_int_t number = json_integer_value(value);
    if (number < low || number > high)
        return problem_set(p, PROBLEM_FIELD, path->text, "it must lie between %lld and %lld", low, high);
    return 0;
}

enum { FREE_DEPTH = 4, FREE_NODES = 500, FREE_KEY_BYTES = 100 };

/* The item's own form has members that only the home department knows: bounded, otherwise free. */
static int check_free(const json_t *value, unsigned depth, unsigned *nodes, const struct path *path, struct problem *p)
{
    if (depth > FREE_DEPTH || ++*nodes > FREE_NODES)
        return problem_set(p, PROBLEM_FIELD, path->text, "at most %d levels and %d members are taken", FREE_DEPTH,
                           FREE_NODES);
    if (json_is_string(value) && json_string_length(value))
        return check_plain_text(json_string_value(value), json_string_length(value), path, p);
    int rc = 0;
    const char *key;
    json_t *element;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, element)
        {
            if (strlen(key) > FREE_KEY_BYTES)
                return problem_set(p, PROBLEM_FIELD, path->text, "a member's name is longer than %d bytes",
                                   FREE_KEY_BYTES);
            rc = check_free(element, depth + 1, nodes, path, p);
            if (rc)
                return rc;
        }
    }
    json_array_foreach(value, i, element)
    {
        rc = check_free(element, depth + 1, nodes, path, p);
        if (rc)
            return rc;
    }
    return 0;
}

static int check_members(const struct case_field *fields, const json_t *object, const struct path *path,
                         struct problem *p);

static int check_array(const struct case_field *field, const json_t *value, const struct path *path, struct problem *p)
{
    if (!json_is_array(value))
        return problem_set(p, PROBLEM_FIELD, path->text, "a list is needed");
    if (json_array_size(value) > LIMIT_CASE_MATERIALS)
        return problem_set(p, PROBLEM_FIELD, path->text, "at most %d entries are taken", LIMIT_CASE_MATERIALS);
    if (field->required && json_array_size(value) == 0)
        return problem_set(p, PROBLEM_FIELD, path->text, "the list is empty");
    size_t i;
    const json_t *element;
    json_array_foreach(value, i, element)
    {
        struct path at = path_index(path, i);
        int rc = check_members(field->members, element, &at, p);
        if (rc)
            return rc;
    }
    return 0;
}

static int check_value(const struct case_field *field, const json_t *value, const struct path *path, struct problem *p)
{
    unsigned nodes = 0;
    switch (field->kind) {
    case FIELD_BOOL:
        return json_is_boolean(value) ? 0 : problem_set(p, PROBLEM_FIELD, path->text, "true or false is needed");
    case FIELD_INT:
        return check_int(field, value, path, p);
    case FIELD_ARRAY:
        return check_array(field, value, path, p);
    case FIELD_OBJECT:
        if (field->members)
            return check_members(field->members, value, path, p);
        if (!json_is_object(value))
            return problem_set(p, PROBLEM_FIELD, path->text, "an object is needed");
        return check_free(value, 0, &nodes, path, p);
    default:
        return check_text_field(field, value, path, p);
    }
}

static bool is_known(const struct case_field *fields, const char *key)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, key) == 0)
            return true;
    return false;
}

static int check_members(const struct case_field *fields, const json_t *object, const struct path *path,
                         struct problem *p)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return problem_set(p, PROBLEM_FIELD, path->text, "an object is needed");
    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_known(fields, key))
            return problem_set(p, PROBLEM_FIELD, path_member(path, key).text, "there is no such member; check its spelling");
    }
    for (; fields->name; fields++) {
        value = json_object_get(object, fields->name);
        if (!value && !fields->required)
            continue;
        struct path at = path_member(path, fields->name);
        int rc = value ? check_value(fields, value, &at, p)
                       : problem_set(p, PROBLEM_FIELD, at.text, "it is missing: %s", fields->help);
        if (rc)
            return rc;
    }
    return 0;
}

int case_check_fields(const struct case_field *fields, const json_t *object, struct problem *p)
{
    const struct path root = {.len = 0};
    return check_members(fields, object, &root, p);
}

/* ---- rules between members: the forms are right by now ---- */

static bool has(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

static bool says(const json_t *object, const char *key, const char *word)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, word) == 0;
}

/* A member that the rule makes necessary. */
static int need(const json_t *object, const char *where, const char *key, const char *because, struct problem *p)
{
    if (has(object, key))
        return 0;
    char field[64];
    (void)snprintf(field, sizeof field, "%s/%s", where, key);
    return problem_set(p, PROBLEM_FIELD, field, "it is missing: %s", because);
}

static int rule_certificate(const json_t *holder, const char *where, struct problem *p)
{
    const json_t *certificate = json_object_get(holder, "certificate");
    const char *number = json_string_value(json_object_get(certificate, "number"));
    struct path path = {.len = 0};
    (void)snprintf(path.text, sizeof path.text, "%s/certificate/number", where);
    if (says(certificate, "type", "citizen-id"))
        return check_code("citizen-id", number, &path, p);
    if (says(certificate, "type", "uscc"))
        return check_code("uscc", number, &path, p);
    size_t len = strlen(number);
    if (len < 4 || len > 64)
        return problem_set(p, PROBLEM_FIELD, path.text, "a certificate number has 4 to 64 characters");
    return 0;
}

static int rule_mobile(const json_t *holder, const char *where, struct problem *p)
{
    const char *mobile = json_string_value(json_object_get(holder, "mobile"));
    if (!mobile)
        return 0;
    size_t len = strlen(mobile);
    char field[64];
    (void)snprintf(field, sizeof field, "%s/mobile", where);
    if (len < 5 || len > 20 || strspn(mobile, "0123456789+-") != len)
        return problem_set(p, PROBLEM_FIELD, field, "a telephone number has 5 to 20 digits, without spaces");
    return 0;
}

static int rule_person(const json_t *holder, const char *where, struct problem *p)
{
    int rc = rule_certificate(holder, where, p);
    return rc ? rc : rule_mobile(holder, where, p);
}

static int rule_comparison(const json_t *body, struct problem *p)
{
    const json_t *comparison = json_object_get(body, "comparison");
    if (says(comparison, "result", "manual") || says(comparison, "result", "mismatch"))
        return need(comparison, "/comparison", "reason", "without a match by the device the officer says why", p);
    return 0;
}

static int rule_way(const json_t *delivery, const char *where, struct problem *p)
{
    int rc = rule_mobile(delivery, where, p);
    if (!rc && says(delivery, "way", "mail"))
        rc = need(delivery, where, "address", "the mail needs an address", p);
    if (!rc && says(delivery, "way", "mail"))
        rc = need(delivery, where, "recipient", "the mail needs a recipient", p);
    if (!rc && says(delivery, "way", "pickup"))
        rc = need(delivery, where, "place", "say at which hall it is fetched: intake or home", p);
    return rc;
}

static int rule_materials(const json_t *body, struct problem *p)
{
    return licence_check_remark(json_object_get(body, "materials"), p);
}

static int rule_application(const json_t *body, struct problem *p)
{
    const json_t *item = json_object_get(body, "item"), *applicant = json_object_get(body, "applicant");
    const json_t *agent = json_object_get(body, "agent"), *delivery = json_object_get(body, "delivery");
    const json_t *certificate = json_object_get(applicant, "certificate");
    if (!office_valid(json_string_value(json_object_get(item, "office"))))
        return problem_set(p, PROBLEM_FIELD, "/item/office", "an office has six digits");
    int rc = need(item, "/item", "version", "the case pins a version of the item", p);
    if (!rc)
        rc = need(body, "", "handed_in_at", "the time of handing in is one of the four times of a case", p);
    if (!rc && says(applicant, "kind", "organisation") != says(certificate, "type", "uscc") &&
        !says(certificate, "type", "other"))
        rc = problem_set(p, PROBLEM_FIELD, "/applicant/certificate/type",
                         "an organisation shows its credit code (uscc), a person never does");
    if (!rc)
        rc = rule_person(applicant, "/applicant", p);
    if (!rc && agent)
        rc = rule_person(agent, "/agent", p);
    if (!rc)
        rc = rule_comparison(body, p);
    if (!rc)
        rc = rule_materials(body, p);
    return rc || !delivery ? rc : rule_way(delivery, "/delivery", p);
}

/* 行政许可法 32(4): the applicant reads what is wrong and what would be right. */
static int rule_notice(const json_t *body, struct problem *p)
{
    size_t i;
    json_t *defect;
    json_array_foreach(json_object_get(body, "defects"), i, defect)
    {
        char where[32];
        (void)snprintf(where, sizeof where, "/defects/%zu", i);
        int rc = need(defect, where, "standard", "the item gives no standard for this material, so say what would be right", p);
        if (rc)
            return rc;
    }
    return 0;
}

static int rule_refused(const json_t *body, struct problem *p)
{
    int rc = need(body, "", "legal_basis", "a refusal names the article it rests on (行政许可法 38)", p);
    if (rc)
        return rc;
    if (says(body, "reason_class", "NOT_COMPETENT"))
        return need(body, "", "referral", "the competent agency has to be named (行政许可法 32(2))", p);
    return 0;
}

static int rule_decided(const json_t *body, struct problem *p)
{
    int rc = need(body, "", "outcome", "grant or deny", p);
    if (!rc && says(body, "outcome", "deny"))
        rc = need(body, "", "reason", "a denial gives its reason (行政许可法 38)", p);
    if (!rc && says(body, "outcome", "deny"))
        rc = need(body, "", "remedies", "a denial names the remedies (行政许可法 38)", p);
    return rc;
}

static int rule_delivery(const json_t *body, struct problem *p)
{
    return rule_way(body, "", p);
}

static int rule_delivered(const json_t *body, struct problem *p)
{
    int rc = 0;
    if (says(body, "way", "mail")) {
        rc = need(body, "", "carrier", "name the carrier of the mail", p);
        if (!rc)
            rc = need(body, "", "tracking_no", "the mail's proof is its tracking number", p);
    } else if (says(body, "way", "left_in_place")) {
        rc = need(body, "", "refusal_reason", "leaving it in place needs the reason of the refusal (民事诉讼法 89)", p);
        if (!rc && json_array_size(json_object_get(body, "witnesses")) == 0)
            rc = problem_set(p, PROBLEM_FIELD, "/witnesses", "leaving it in place needs a witness (民事诉讼法 89)");
    }
    if (!rc && has(body, "substitute") && !says(body, "way", "direct") && !says(body, "way", "mail"))
        rc = problem_set(p, PROBLEM_FIELD, "/substitute", "only what is handed over can be received by a substitute");
    return rc;
}

static int rule_corrected(const json_t *body, struct problem *p)
{
    const json_t *applicant = json_object_get(body, "applicant"), *agent = json_object_get(body, "agent");
    const json_t *delivery = json_object_get(body, "delivery");
    int rc = 0;
    if (json_object_size(body) < 2)
        rc = problem_set(p, PROBLEM_FIELD, "/applicant", "say what is right now: applicant, agent, delivery, form or remark");
    if (!rc && applicant)
        rc = rule_person(applicant, "/applicant", p);
    if (!rc && agent)
        rc = rule_person(agent, "/agent", p);
    return rc || !delivery ? rc : rule_way(delivery, "/delivery", p);
}

static int rule_revoked(const json_t *body, struct problem *p)
{
    return need(body, "", "remedies", "a revocation names the remedies", p);
}

/* 行政许可法 34: the substance is checked by two officers or more, and two are not the same one twice. */
static int rule_review(const json_t *body, struct problem *p)
{
    const json_t *officers = json_object_get(body, "officers");
    size_t count = json_array_size(officers);
    int rc = 0;
    if (says(body, "kind", "substantive_review") && count < 2)
        rc = problem_set(p, PROBLEM_FIELD, "/officers",
                         "the substance is checked by two officers or more (行政许可法 34)");
    for (size_t i = 0; i < count && !rc; i++)
        for (size_t k = 0; k < i && !rc; k++)
            if (json_equal(json_object_get(json_array_get(officers, i), "name"),
                           json_object_get(json_array_get(officers, k), "name")))
                rc = problem_set(p, PROBLEM_FIELD, "/officers", "the same officer stands twice");
    return rc;
}

static int rule_special(const json_t *body, struct problem *p)
{
    return need(body, "", "until", "the applicant is told when it ends (行政许可法 45)", p);
}

static int rule_extended(const json_t *body, struct problem *p)
{
    int rc = need(body, "", "unit", "working_day or calendar_day", p);
    return rc ? rc : need(body, "", "due", "the applicant is told the new last day (行政许可法 42)", p);
}

static int rule_returned(const json_t *body, struct problem *p)
{
    if (!json_is_true(json_object_get(body, "agreed")))
        return problem_set(p, PROBLEM_FIELD, "/agreed",
                           "without the applicant's agreement give a written refusal instead (行政许可法 32)");
    return 0;
}

static const struct {
    enum entry_type type;
    int (*check)(const json_t *body, struct problem *p);
} rules[] = {
    {ENTRY_CASE_MATERIAL, rule_materials},  {ENTRY_CASE_SUPPLEMENTED, rule_materials},
    {ENTRY_CASE_CORRECTED, rule_corrected}, {ENTRY_CASE_REVOKED, rule_revoked},
    {ENTRY_CASE_REVIEW, rule_review},       {ENTRY_CASE_SPECIAL, rule_special},
    {ENTRY_CASE_EXTENDED, rule_extended},   {ENTRY_CASE_RETURNED, rule_returned},
    {ENTRY_CASE_INTAKEN, rule_application}, {ENTRY_CASE_SUBMITTED, rule_application},
    {ENTRY_CASE_COMPARED, rule_comparison}, {ENTRY_CASE_REFUSED, rule_refused},
    {ENTRY_CASE_DECIDED, rule_decided},     {ENTRY_CASE_DELIVERY, rule_delivery},
    {ENTRY_CASE_DELIVERED, rule_delivered}, {ENTRY_CASE_NOTICE, rule_notice},
};

int case_check_body(enum entry_type type, const json_t *body, struct problem *p)
{
    const struct case_field *fields = case_fields(type);
    if (!fields)
        return problem_set(p, PROBLEM_FIELD, "", "this type of entry is not about a case");
    int rc = case_check_fields(fields, body, p);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && !rc; i++)
        if (rules[i].type == type)
            rc = rules[i].check(body, p);
    return rc;
}
