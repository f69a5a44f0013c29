#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/tongban.h"
#include "client/tongban_http.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

enum { FIELD_DEPTH = 4 };

/* The member named by the first `len` bytes; '-' and '_' are the same. */
static const struct case_field *find_field(const struct case_field *fields, const char *name, size_t len)
{
    for (const struct case_field *f = fields; f && f->name; f++) {
        if (strlen(f->name) != len)
            continue;
        size_t i = 0;
        while (i < len && (f->name[i] == name[i] || (f->name[i] == '_' && name[i] == '-')))
            i++;
        if (i == len)
            return f;
    }
    /* people say "file" for what the protocol names by its digest */
    for (const struct case_field *f = fields; f && f->name && len == 4 && !strncmp(name, "file", 4); f++)
        if (f->kind == FIELD_SHA256)
            return f;
    return NULL;
}

/* A time as people write it: "now", or "2026-11-23 09:30" in China Standard Time.  Others go as they are to the check.
 */
static void time_text(const char *value, char *out, size_t size)
{
    struct timespec now;
    char full[TIMESTAMP_TEXT];
    int64_t ms;
    (void)snprintf(out, size, "%s", value);
    if (!strcmp(value, "now") && !clock_gettime(CLOCK_REALTIME, &now)) {
        timestamp_format((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, full);
        (void)snprintf(out, size, "%s", full);
    } else if (strlen(value) == 16 && value[10] == ' ') {
        (void)snprintf(full, sizeof full, "%.10sT%.5s:00+08:00", value, value + 11);
        if (!timestamp_parse(full, &ms))
            (void)snprintf(out, size, "%s", full);
    }
}

static int scalar(const struct case_field *field, const char *value, json_t **out, struct problem *p)
{
    json_t *made = NULL;
    char *end;
    if (field->kind == FIELD_INT) {
        errno = 0;
        long long n = strtoll(value, &end, 10);
        if (!value[0] || *end || errno)
            return problem_set(p, PROBLEM_FIELD, field->name, "%s: a whole number is needed", field->name);
        made = json_integer(n);
    } else if (field->kind == FIELD_BOOL) {
        bool yes = !strcmp(value, "true") || !strcmp(value, "yes") || !strcmp(value, "1") || !strcmp(value, "是");
        bool no = !strcmp(value, "false") || !strcmp(value, "no") || !strcmp(value, "0") || !strcmp(value, "否");
        if (!yes && !no)
            return problem_set(p, PROBLEM_FIELD, field->name, "%s: yes or no is needed", field->name);
        made = json_boolean(yes);
    } else {
        char text[64];
        if (field->kind == FIELD_TIME && strlen(value) < sizeof text) {
            time_text(value, text, sizeof text);
            value = text;
        }
        made = json_string(value);
        if (!made)
            return problem_set(p, PROBLEM_FIELD, field->name, "%s: the text is not UTF-8", field->name);
    }
    if (!made)
        return problem_from_code(p, TB_ENOMEM);
    *out = made;
    return 0;
}

/* The object in which members of an array field are set: its last element, or a new one when that has `member` already.
 */
static json_t *array_element(json_t *array, const struct case_field *member)
{
    json_t *last = json_array_get(array, json_array_size(array) - 1);
    if (last && !(member && json_object_get(last, member->name)))
        return last;
    if (json_array_size(array) >= LIMIT_CASE_MATERIALS || json_array_append_new(array, json_object()))
        return NULL;
    return json_array_get(array, json_array_size(array) - 1);
}

static int set_at(const struct case_field *fields, json_t *body, const char *path, const char *value, unsigned depth,
                  struct problem *p)
{
    size_t len = strcspn(path, ".=");
    const struct case_field *field = find_field(fields, path, len);
    if (!field || depth > FIELD_DEPTH)
        return problem_set(p, PROBLEM_FIELD, path, "%s: there is no such field here", path);
    bool nested = path[len] == '.';
    if (nested != (field->members != NULL))
        return problem_set(p, PROBLEM_FIELD, path,
                           nested ? "%s: this field has no members" : "%s: name a member of this field", path);
    json_t *made = NULL;
    if (field->kind == FIELD_ARRAY) {
        json_t *array = json_object_get(body, field->name);
        if (!json_is_array(array) && (!(made = json_array()) || json_object_set_new(body, field->name, made)))
            return problem_from_code(p, TB_ENOMEM);
        array = json_object_get(body, field->name);
        if (!nested)
            return json_array_append_new(array, json_string(value))
                       ? problem_set(p, PROBLEM_FIELD, path, "%s: the text is not UTF-8", path)
                       : 0;
        const char *rest = path + len + 1;
        size_t rest_len = strcspn(rest, ".=");
        json_t *element =
            array_element(array, rest[rest_len] == '.' ? NULL : find_field(field->members, rest, rest_len));
        return element ? set_at(field->members, element, rest, value, depth + 1, p) : problem_from_code(p, TB_ELIMIT);
    }
    if (nested) {
        json_t *object = json_object_get(body, field->name);
        if (!json_is_object(object) && (!(made = json_object()) || json_object_set_new(body, field->name, made)))
            return problem_from_code(p, TB_ENOMEM);
        return set_at(field->members, json_object_get(body, field->name), path + len + 1, value, depth + 1, p);
    }
    int rc = scalar(field, value, &made, p);
    if (!rc && json_object_set_new(body, field->name, made))
        rc = problem_from_code(p, TB_ENOMEM);
    return rc;
}

int fields_set(const struct case_field *fields, json_t *body, const char *path, const char *value, struct problem *p)
{
    return set_at(fields, body, path, value, 0, p);
}

static bool is_digest(const char *text)
{
    return strlen(text) == SHA256_HEX - 1 && strspn(text, "0123456789abcdef") == SHA256_HEX - 1;
}

int fields_files(const struct case_field *fields, json_t *body, fields_visit visit, void *context, struct problem *p)
{
    int rc = 0;
    for (const struct case_field *f = fields; f && f->name && !rc; f++) {
        json_t *value = json_object_get(body, f->name), *element;
        size_t i;
        if (f->kind == FIELD_SHA256 && json_is_string(value) && !is_digest(json_string_value(value))) {
            char *path = strdup(json_string_value(value)); /* the visit replaces the value it is named by */
            rc = path ? visit(context, body, f->name, path, p) : problem_from_code(p, TB_ENOMEM);
            free(path);
        } else if (f->members && json_is_object(value)) {
            rc = fields_files(f->members, value, visit, context, p);
        } else if (f->members && json_is_array(value)) {
            json_array_foreach(value, i, element) if (!rc) rc = fields_files(f->members, element, visit, context, p);
        }
    }
    return rc;
}

bool fields_missing(const struct case_field *fields, const json_t *body, char *path, size_t size,
                    const struct case_field **field)
{
    for (const struct case_field *f = fields; f && f->name; f++) {
        const json_t *value = json_object_get(body, f->name);
        int n = snprintf(path, size, "%s", f->name);
        if (n < 0 || (size_t)n + 2 >= size)
            return false;
        bool inside = f->members && (json_is_object(value) || (!value && f->required));
        const json_t *element = f->kind == FIELD_ARRAY && json_is_array(value) ? json_array_get(value, 0) : value;
        if (f->members && f->kind == FIELD_ARRAY)
            inside = json_is_object(element) || (!value && f->required);
        if (inside) {
            path[n] = '.';
            if (fields_missing(f->members, element, path + n + 1, size - (size_t)n - 1, field))
                return true;
        } else if (f->required && !value && !f->members) {
            *field = f;
            return true;
        }
    }
    return false;
}
