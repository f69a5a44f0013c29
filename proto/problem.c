#include "proto/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/text.h"

#define PROBLEM_URN "urn:tongban:problem:"

static const struct problem_type problem_types[PROBLEM_COUNT] = {
#define P(constant, name, status, code, title, remedy) {name, status, code, title, remedy},
    PROBLEM_TABLE(P)
#undef P
};

const struct problem_type *problem_type(enum problem_id id)
{
    return &problem_types[(unsigned)id < PROBLEM_COUNT ? id : PROBLEM_INTERNAL];
}

int problem_by_name(const char *type)
{
    if (!strncmp(type, PROBLEM_URN, sizeof PROBLEM_URN - 1))
        type += sizeof PROBLEM_URN - 1;
    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (!strcmp(problem_types[i].name, type))
            return i;
    return -1;
}

/* Words from outside may be quoted here, cut anywhere: a document is valid UTF-8 whatever they were.  The half character at the end
 * of a full text goes, other broken bytes become question marks. */
static void make_valid(char *text, size_t size)
{
    size_t len = strlen(text), at = 0;
    while (at < len) {
        if (text_next(text, len, &at) >= 0)
            continue;
        if (len == size - 1 && len - at < 4)
            text[len = at] = '\0';
        else
            text[at++] = '?';
    }
}

int (problem_set)(struct problem *p, enum problem_id id, const char *field, const char *format, ...)
{
    if (p) {
        *p = (struct problem){.id = id, .number = -1};
        (void)snprintf(p->field, sizeof p->field, "%s", field ? field : "");
        va_list args;
        va_start(args, format);
        (void)vsnprintf(p->detail, sizeof p->detail, format, args);
        va_end(args);
        make_valid(p->field, sizeof p->field);
        make_valid(p->detail, sizeof p->detail);
    }
    return problem_type(id)->code;
}

int (problem_from_code)(struct problem *p, int code)
{
    static const struct {
        int code;
        enum problem_id id;
    } map[] = {
        {TB_EMALFORMED, PROBLEM_MALFORMED}, {TB_ELIMIT, PROBLEM_TOO_LARGE},   {TB_ENOTFOUND, PROBLEM_NOT_FOUND},
        {TB_EDENIED, PROBLEM_NOT_ALLOWED},  {TB_EREFUSED, PROBLEM_TRANSITION}, {TB_ETRUST, PROBLEM_UNTRUSTED},
        {TB_ETEMP, PROBLEM_BUSY},           {TB_ENOMEM, PROBLEM_BUSY},        {TB_EFULL, PROBLEM_DISK_LOW},
        {TB_EIO, PROBLEM_STORE_FAILED},     {TB_ECORRUPT, PROBLEM_STORE_DAMAGED}, {TB_ECLOSED, PROBLEM_STOPPING},
        {TB_ETIMEOUT, PROBLEM_TIMEOUT},     {TB_EBEHIND, PROBLEM_BEHIND},
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].code == code)
            return problem_set(p, map[i].id, NULL, "%s", err_text(code));
    return problem_set(p, PROBLEM_INTERNAL, NULL, "%s", err_text(code));
}

json_t *problem_to_json(const struct problem *p)
{
    const struct problem_type *type = problem_type(p->id);
    json_t *doc = json_pack("{s:s+, s:s, s:i, s:s, s:s}", "type", PROBLEM_URN, type->name, "title", type->title, "status",
                            type->status, "detail", p->detail, "remedy", type->remedy);
    if (!doc)
        return NULL;
    if (p->field[0])
        (void)json_object_set_new(doc, "field", json_string(p->field));
    if (p->number >= 0)
        (void)json_object_set_new(doc, p->id == PROBLEM_SEQUENCE ? "expected" : "size", json_integer(p->number));
    return doc;
}

void problem_from_json(struct problem *p, const json_t *doc)
{
    const char *type = json_string_value(json_object_get(doc, "type"));
    const char *detail = json_string_value(json_object_get(doc, "detail"));
    const char *field = json_string_value(json_object_get(doc, "field"));
    int id = type ? problem_by_name(type) : -1;
    (void)problem_set(p, id < 0 ? PROBLEM_INTERNAL : (enum problem_id)id, field, "%s", detail ? detail : "no detail was given");
    const json_t *number = json_object_get(doc, id == PROBLEM_SEQUENCE ? "expected" : "size");
    if (json_is_integer(number))
        p->number = json_integer_value(number);
}
