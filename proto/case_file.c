#include "proto/case_file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/case_machine.h"
#include "proto/codes.h"
#include "proto/limits.h"
#include "proto/strict_json.h"
#include "proto/text.h"

const struct case_column case_columns[CASE_COLUMNS] = {
#define C(name, zh, kind, use, path, help) {name, zh, COLUMN_##kind, COLUMN_##use, path, help},
    CASE_COLUMN_TABLE(C)
#undef C
};

enum { PATH_BYTES = 64 };

int case_column_find(const char *text)
{
    for (int i = 0; i < CASE_COLUMNS; i++)
        if (!strcmp(case_columns[i].name, text) || !strcmp(case_columns[i].zh, text))
            return i;
    return -1;
}

/* "applicant.name" as "/applicant/name". */
static void pointer_of(const struct case_column *column, char out[PATH_BYTES])
{
    (void)snprintf(out, PATH_BYTES, "/%s", column->path);
    for (char *dot = out; (dot = strchr(dot, '.'));)
        *dot = '/';
}

int case_column_at(const char *pointer)
{
    int found = -1;
    size_t longest = 0;
    for (int i = 0; i < CASE_COLUMNS; i++) {
        char path[PATH_BYTES];
        pointer_of(&case_columns[i], path);
        size_t len = strlen(path);
        if (len > longest && !strncmp(pointer, path, len) && (!pointer[len] || pointer[len] == '/')) {
            longest = len;
            found = i;
        }
    }
    return found;
}

/* ---- from a document into cells ---- */

static const json_t *value_at(const json_t *doc, const char *path)
{
    while (doc && *path) {
        char name[PATH_BYTES];
        size_t len = strcspn(path, ".");
        (void)snprintf(name, sizeof name, "%.*s", (int)len, path);
        doc = json_is_array(doc) ? json_array_get(doc, strtoul(name, NULL, 10)) : json_object_get(doc, name);
        path += len + (path[len] == '.');
    }
    return doc;
}

static int append_json(const json_t *value, struct buf *out)
{
    struct buf text;
    buf_init(&text, LIMIT_CASE_ROW_BYTES);
    json_t *holder = json_pack("{s:O}", "", (json_t *)(uintptr_t)value);
    int rc = holder ? strict_json_dump(holder, &text) : TB_ENOMEM;
    json_decref(holder);
    if (!rc) /* {"":…} */
        rc = buf_append(out, text.data + 4, text.len - 5);
    buf_free(&text);
    return rc;
}

static int append_rest(const json_t *list, struct buf *out)
{
    if (json_array_size(list) < 2)
        return 0;
    json_t *rest = json_copy((json_t *)(uintptr_t)list);
    int rc = rest && !json_array_remove(rest, 0) ? append_json(rest, out) : TB_ENOMEM;
    json_decref(rest);
    return rc;
}

int case_cell(const struct case_column *column, const json_t *doc, struct buf *out)
{
    const json_t *value = value_at(doc, column->path);
    if (!value || json_is_null(value))
        return 0;
    if (column->kind == COLUMN_REST)
        return append_rest(value, out);
    if (json_is_string(value) && column->kind == COLUMN_TEXT)
        return buf_append(out, json_string_value(value), json_string_length(value));
    return append_json(value, out);
}

/* ---- from cells into a document ---- */

static int read_json(const char *text, size_t len, const char *pointer, json_t **out, struct problem *p)
{
    struct buf wrapped;
    struct problem why;
    json_t *holder = NULL;
    buf_init(&wrapped, LIMIT_CASE_ROW_BYTES + 16);
    int rc = buf_append_str(&wrapped, "{\"\":");
    rc = rc ? rc : buf_append(&wrapped, text, len);
    rc = rc ? rc : buf_append_str(&wrapped, "}");
    rc = rc ? rc : strict_json_parse(wrapped.data, wrapped.len, &holder, &why);
    buf_free(&wrapped);
    if (rc == TB_ENOMEM)
        return problem_from_code(p, rc);
    if (rc || json_object_size(holder) != 1)
        return json_decref(holder), problem_set(p, PROBLEM_FIELD, pointer, "this cell is no JSON text");
    *out = json_incref(json_object_get(holder, ""));
    json_decref(holder);
    return 0;
}

static int read_cell(const struct case_column *column, const char *text, size_t len, json_t **out, struct problem *p)
{
    static const char *const yes[] = {"true", "1", "是"}, *const no[] = {"false", "0", "否"};
    char pointer[PATH_BYTES], *end;
    pointer_of(column, pointer);
    if (column->kind == COLUMN_TEXT) {
        *out = json_stringn(text, len);
        return *out ? 0 : problem_set(p, PROBLEM_FIELD, pointer, "it has a control character or is not UTF-8");
    }
    if (column->kind == COLUMN_INT) {
        errno = 0;
        long long n = strtoll(text, &end, 10);
        if (errno || end != text + len || strspn(text, "-0123456789") != len)
            return problem_set(p, PROBLEM_FIELD, pointer, "a whole number is needed");
        *out = json_integer(n);
    } else if (column->kind == COLUMN_BOOL) {
        for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
            if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
                *out = json_boolean(!strcmp(text, yes[i]));
                return 0;
            }
        }
        return problem_set(p, PROBLEM_FIELD, pointer, "true or false is needed");
    } else {
        return read_json(text, len, pointer, out, p);
    }
    return *out ? 0 : problem_from_code(p, TB_ENOMEM);
}

/* Takes `value`. */
static int put_at(json_t *doc, const char *path, json_t *value)
{
    for (;;) {
        char name[PATH_BYTES];
        size_t len = strcspn(path, ".");
        bool last = !path[len];
        (void)snprintf(name, sizeof name, "%.*s", (int)len, path);
        path += len + !last;
        json_t *next = json_is_array(doc) ? json_array_get(doc, 0) : json_object_get(doc, name);
        if (!last && next) {
            doc = next;
            continue;
        }
        next = last ? value : path[0] == '0' ? json_array() : json_object();
        int rc = json_is_array(doc) ? json_array_append_new(doc, next) : json_object_set_new(doc, name, next);
        if (last || rc) {
            if (!last)
                json_decref(value);
            return rc ? TB_ENOMEM : 0;
        }
        doc = next;
    }
}

int case_cell_put(const struct case_column *column, const char *text, size_t len, json_t *doc, struct problem *p)
{
    json_t *value = NULL, *list = json_object_get(doc, column->path);
    char pointer[PATH_BYTES];
    pointer_of(column, pointer);
    if (!len || column->use == COLUMN_SHOWN)
        return 0;
    int rc = read_cell(column, text, len, &value, p);
    if (rc || column->kind != COLUMN_REST)
        return rc ? rc : put_at(doc, column->path, value) ? problem_from_code(p, TB_ENOMEM) : 0;
    if (!json_is_array(value) || !list)
        rc = problem_set(p, PROBLEM_FIELD, pointer, "a list is needed, and the first number in columns of its own");
    else if (json_array_extend(list, value))
        rc = problem_from_code(p, TB_ENOMEM);
    json_decref(value);
    return rc;
}

/* ---- whole documents ---- */

/* How much of the document a column named like this stands for: its use, or -1. */
static int use_of(const char *member)
{
    size_t len = strlen(member);
    int use = -1;
    for (int i = 0; i < CASE_COLUMNS; i++) {
        const char *path = case_columns[i].path;
        if (!strncmp(path, member, len) && (!path[len] || path[len] == '.') && (int)case_columns[i].use > use)
            use = (int)case_columns[i].use;
    }
    return use;
}

/* An office adds to a member what it knows itself (whether a scan is here): only what an application may say is taken.  New reference. */
static json_t *said_only(const struct case_field *field, const json_t *value)
{
    size_t i;
    json_t *one, *out;
    if (!field || !field->members || (!json_is_object(value) && !json_is_array(value)))
        return json_deep_copy(value);
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach(value, i, one)
        {
            if (json_array_append_new(out, said_only(field, one)))
                return json_decref(out), NULL;
        }
        return out;
    }
    out = json_object();
    for (const struct case_field *f = field->members; f->name; f++) {
        one = json_object_get(value, f->name);
        if (one && json_object_set_new(out, f->name, said_only(f, one)))
            return json_decref(out), NULL;
    }
    return out;
}

static const struct case_field *application_field(const char *name)
{
    const struct case_field *field = case_fields(ENTRY_CASE_SUBMITTED);
    while (field->name && strcmp(field->name, name) != 0)
        field++;
    return field->name ? field : NULL;
}

json_t *case_export(const json_t *doc)
{
    json_t *out = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)doc, key, value)
    {
        if (use_of(key) >= 0 && !json_is_null(value) && json_object_set_new(out, key, said_only(application_field(key), value)))
            return json_decref(out), NULL;
    }
    return out;
}

static int check_number(const json_t *number, size_t at, struct problem *p)
{
    static const struct {
        const char *member;
        size_t most;
    } texts[] = {{"system", LIMIT_FOREIGN_SYSTEM_BYTES}, {"value", LIMIT_FOREIGN_NUMBER_BYTES}};
    char pointer[PATH_BYTES];
    const char *why;
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_object_get(number, texts[i].member));
        (void)snprintf(pointer, sizeof pointer, "/numbers/%zu/%s", at, texts[i].member);
        if (!text || text_check_name(text, texts[i].most))
            return problem_set(p, PROBLEM_FIELD, pointer, "1 to %zu bytes in one line, without blanks around it", texts[i].most);
        if (!code_check(CODE_CITIZEN_ID, text, &why))
            return problem_set(p, PROBLEM_FIELD, pointer, "this is the number of a person, not of a case");
    }
    if (json_object_size(number) != 2)
        return problem_set(p, PROBLEM_FIELD, pointer, "there is no such member; check its spelling");
    return 0;
}

static int take_numbers(const json_t *doc, json_t **numbers, struct problem *p)
{
    json_t *list = json_object_get(doc, "numbers");
    if (list && !json_is_array(list))
        return problem_set(p, PROBLEM_FIELD, "/numbers", "a list is needed");
    if (json_array_size(list) > LIMIT_FOREIGN_NUMBERS)
        return problem_set(p, PROBLEM_FIELD, "/numbers", "a case has at most %d such numbers", LIMIT_FOREIGN_NUMBERS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        int rc = check_number(json_array_get(list, i), i, p);
        if (rc)
            return rc;
    }
    *numbers = list ? json_deep_copy(list) : json_array();
    return *numbers ? 0 : problem_from_code(p, TB_ENOMEM);
}

/* The members of the application, without what the office fills in by itself. */
static int take_body(const json_t *doc, json_t **out, struct problem *p)
{
    json_t *body = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)doc, key, value)
    {
        char pointer[PATH_BYTES];
        int use = use_of(key);
        (void)snprintf(pointer, sizeof pointer, "/%.60s", key);
        if (use < 0 && strcmp(key, "forward") != 0) { /* a form of `case new` may have it; here the command says it */
            json_decref(body);
            return problem_set(p, PROBLEM_FIELD, pointer, "there is no such member; check its spelling");
        }
        if (use > COLUMN_SHOWN && strcmp(key, "numbers") != 0 && json_object_set_new(body, key, json_deep_copy(value))) {
            json_decref(body);
            return problem_from_code(p, TB_ENOMEM);
        }
    }
    json_t *item = json_object_get(body, "item");
    if (json_object_get(item, "version"))
        (void)json_object_del(item, "version");
    if (json_object_get(item, "name"))
        (void)json_object_del(item, "name");
    *out = body;
    return body ? 0 : problem_from_code(p, TB_ENOMEM);
}

/* As the office will check it once it has filled in the version in force and, where nothing is said, the time. */
static int check_body(const json_t *body, struct problem *p)
{
    json_t *filled = json_deep_copy(body), *item = json_object_get(filled, "item");
    if (!filled || (json_is_object(item) && json_object_set_new(item, "version", json_integer(1))) ||
        (!json_object_get(filled, "handed_in_at") &&
         json_object_set_new(filled, "handed_in_at", json_string("2026-01-01T00:00:00.000+08:00")))) {
        json_decref(filled);
        return problem_from_code(p, TB_ENOMEM);
    }
    int rc = case_check_body(ENTRY_CASE_SUBMITTED, filled, p);
    json_decref(filled);
    return rc;
}

int case_import(const json_t *doc, json_t **body, json_t **numbers, struct problem *p)
{
    json_t *taken = NULL, *list = NULL;
    int rc = take_body(doc, &taken, p);
    rc = rc ? rc : check_body(taken, p);
    rc = rc ? rc : take_numbers(doc, &list, p);
    if (rc) {
        json_decref(taken);
        return rc;
    }
    *body = taken;
    *numbers = list;
    return 0;
}
