#include "daemon/base/config_yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "proto/limits.h"

enum { POINTER_BYTES = 512 };

/* One open mapping or sequence. */
struct level {
    json_t *node;                 /* borrowed from its parent */
    char key[128];                /* of a mapping whose value comes next */
    bool has_key;
    char pointer[POINTER_BYTES];  /* of the node */
};

struct reader {
    struct config_yaml *file;
    struct problem *p;
    struct level levels[LIMIT_JSON_DEPTH];
    unsigned depth;
};

static int __attribute__((format(printf, 5, 0)))
refuse_at(const struct config_yaml *file, size_t line, const char *field, struct problem *p, const char *format, va_list args)
{
    char text[200];
    (void)vsnprintf(text, sizeof text, format, args);
    return problem_set(p, PROBLEM_FIELD, field, "%s:%zu: %s", file->path, line, text);
}

int (config_yaml_refuse)(const struct config_yaml *file, const char *pointer, struct problem *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int err = refuse_at(file, (size_t)config_yaml_line(file, pointer), pointer, p, format, args);
    va_end(args);
    return err;
}

static int TB_PRINTF(3, 4) refuse_here(const struct reader *r, const yaml_mark_t *mark, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int err = refuse_at(r->file, mark->line + 1, NULL, r->p, format, args);
    va_end(args);
    return err;
}

static int read_bytes(const char *path, struct config_yaml *file, struct problem *p)
{
    FILE *in = fopen(path, "rbe");
    if (!in)
        return problem_set(p, PROBLEM_FIELD, NULL, "%s: %s", path, strerrordesc_np(errno));
    char *bytes = malloc(LIMIT_CONFIG_BYTES + 2);
    size_t len = bytes ? fread(bytes, 1, LIMIT_CONFIG_BYTES + 1, in) : 0;
    bool failed = bytes && ferror(in);
    (void)fclose(in);
    if (!bytes)
        return problem_from_code(p, TB_ENOMEM);
    if (failed || len > LIMIT_CONFIG_BYTES) {
        free(bytes);
        if (failed)
            return problem_set(p, PROBLEM_FIELD, NULL, "%s: cannot be read", path);
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "%s: more than %d bytes", path, LIMIT_CONFIG_BYTES);
    }
    bytes[len] = '\0';
    file->bytes = bytes;
    file->len = len;
    return 0;
}

/* Plain scalars as YAML 1.2's core schema reads them, except that a number with a leading zero (0007) is text. */
static json_t *scalar_value(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_stringn(text, len);
    if (!len || !strcmp(text, "~") || !strcmp(text, "null"))
        return json_null();
    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return json_boolean(text[0] == 't');
    size_t digits = text[0] == '-';
    if (len - digits <= 18 && strspn(text + digits, "0123456789") == len - digits && len > digits &&
        (text[digits] != '0' || len == digits + 1))
        return json_integer(strtoll(text, NULL, 10));
    return json_stringn(text, len);
}

/* Hangs `value` (taken) at its place and notes its line. */
static int attach(struct reader *r, json_t *value, const yaml_mark_t *mark, char pointer[POINTER_BYTES])
{
    struct config_yaml *file = r->file;
    if (!value)
        return problem_from_code(r->p, TB_ENOMEM);
    pointer[0] = '\0';
    int failed;
    if (!r->depth) {
        file->root = value;
        failed = 0;
    } else {
        struct level *level = &r->levels[r->depth - 1];
        int n;
        if (json_is_array(level->node)) {
            n = snprintf(pointer, POINTER_BYTES, "%s/%zu", level->pointer, json_array_size(level->node));
            failed = json_array_append_new(level->node, value);
        } else {
            n = snprintf(pointer, POINTER_BYTES, "%s/%s", level->pointer, level->key);
            failed = json_object_set_new(level->node, level->key, value);
            level->has_key = false;
        }
        if (n >= POINTER_BYTES)
            return refuse_here(r, mark, "keys are too long");
    }
    if (!failed && !json_object_get(file->lines, pointer)) /* a mapping's member was noted at its key */
        failed = json_object_set_new(file->lines, pointer, json_integer((json_int_t)mark->line + 1));
    return failed ? problem_from_code(r->p, TB_ENOMEM) : 0;
}

static int take_key(struct reader *r, struct level *level, const yaml_event_t *event)
{
    const char *key = (const char *)event->data.scalar.value;
    char pointer[POINTER_BYTES];
    if (event->data.scalar.length >= sizeof level->key || strlen(key) != event->data.scalar.length)
        return refuse_here(r, &event->start_mark, "key is too long");
    if (json_object_get(level->node, key))
        return refuse_here(r, &event->start_mark, "'%s' stands here twice", key);
    memcpy(level->key, key, event->data.scalar.length + 1);
    level->has_key = true;
    if (snprintf(pointer, sizeof pointer, "%s/%s", level->pointer, key) >= (int)sizeof pointer)
        return refuse_here(r, &event->start_mark, "keys are too long");
    if (json_object_set_new(r->file->lines, pointer, json_integer((json_int_t)event->start_mark.line + 1)))
        return problem_from_code(r->p, TB_ENOMEM);
    return 0;
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
    struct level *level = r->depth ? &r->levels[r->depth - 1] : NULL;
    char pointer[POINTER_BYTES];
    bool opens = event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
    if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT) {
        r->depth--;
        return 0;
    }
    if (event->type == YAML_DOCUMENT_START_EVENT && r->file->root)
        return refuse_here(r, &event->start_mark, "only one document per file");
    if (event->type == YAML_ALIAS_EVENT)
        return refuse_here(r, &event->start_mark, "aliases are not taken; write it out");
    if ((event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor) ||
        (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor) ||
        (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor))
        return refuse_here(r, &event->start_mark, "anchors are not taken; write it out");
    if (!opens && event->type != YAML_SCALAR_EVENT)
        return 0;
    if ((event->type == YAML_SCALAR_EVENT && event->data.scalar.tag) ||
        (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.tag) ||
        (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.tag))
        return refuse_here(r, &event->start_mark, "tags are not taken");
    if (level && json_is_object(level->node) && !level->has_key) {
        if (opens)
            return refuse_here(r, &event->start_mark, "a key must be text");
        return take_key(r, level, event);
    }
    if (!opens)
        return attach(r, scalar_value(event), &event->start_mark, pointer);
    if (r->depth == LIMIT_JSON_DEPTH)
        return refuse_here(r, &event->start_mark, "nested more than %d levels deep", LIMIT_JSON_DEPTH);
    json_t *node = event->type == YAML_MAPPING_START_EVENT ? json_object() : json_array();
    int err = attach(r, node, &event->start_mark, pointer);
    if (err)
        return err;
    struct level *next = &r->levels[r->depth++];
    *next = (struct level){.node = node};
    memcpy(next->pointer, pointer, sizeof pointer);
    return 0;
}

static int parse(struct config_yaml *file, struct problem *p)
{
    struct reader r = {.file = file, .p = p};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return problem_from_code(p, TB_ENOMEM);
    yaml_parser_set_input_string(&parser, (const unsigned char *)file->bytes, file->len);
    int err = 0;
    for (bool done = false; !done && !err;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            /* encoding errors carry no line: count the lines before the offending byte */
            size_t line = parser.problem_mark.line;
            if (parser.error == YAML_READER_ERROR)
                for (size_t i = line = 0; i < parser.problem_offset && i < file->len; i++)
                    line += file->bytes[i] == '\n';
            err = problem_set(p, PROBLEM_FIELD, NULL, "%s:%zu: not YAML: %s", file->path, line + 1,
                              parser.problem ? parser.problem : "out of memory");
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        err = take_event(&r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!err && !json_is_object(file->root))
        err = problem_set(p, PROBLEM_FIELD, NULL, "%s:1: must be a mapping of keys to values", file->path);
    return err;
}

int config_yaml_read(const char *path, struct config_yaml *out, struct problem *p)
{
    struct config_yaml file = {.path = strdup(path), .lines = json_object()};
    int err = file.path && file.lines ? read_bytes(path, &file, p) : problem_from_code(p, TB_ENOMEM);
    if (!err)
        err = parse(&file, p);
    if (err)
        config_yaml_free(&file);
    else
        *out = file;
    return err;
}

void config_yaml_free(struct config_yaml *file)
{
    if (!file)
        return;
    json_decref(file->root);
    json_decref(file->lines);
    free(file->bytes);
    free(file->path);
    *file = (struct config_yaml){0};
}

int config_yaml_line(const struct config_yaml *file, const char *pointer)
{
    char at[POINTER_BYTES];
    (void)snprintf(at, sizeof at, "%s", pointer ? pointer : "");
    for (;;) {
        const json_t *line = json_object_get(file->lines, at);
        if (line)
            return (int)json_integer_value(line);
        char *slash = strrchr(at, '/');
        if (!slash)
            return 1;
        *slash = '\0';
    }
}

const json_t *config_yaml_at(const struct config_yaml *file, const char *pointer)
{
    const json_t *node = file->root;
    while (node && *pointer == '/') {
        const char *end = strchrnul(++pointer, '/');
        char key[128];
        (void)snprintf(key, sizeof key, "%.*s", (int)(end - pointer), pointer);
        node = json_is_array(node) ? json_array_get(node, strtoul(key, NULL, 10)) : json_object_get(node, key);
        pointer = end;
    }
    return node;
}
