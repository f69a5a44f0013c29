/* config_yaml: a YAML file as a JSON tree that still knows on which line everything stands.
 *
 * The subset that configuration needs: one document, mappings with text keys, sequences, scalars.  Anchors, aliases, tags, second
 * documents and doubled keys are refused, so that what is read is what a reader of the file sees.  Single-threaded, at start. */
#ifndef BASE_CONFIG_YAML_H
#define BASE_CONFIG_YAML_H

#include <jansson.h>
#include <stddef.h>

#include "proto/problem.h"

struct config_yaml {
    char *path;     /* as given */
    char *bytes;    /* whole file, NUL behind it */
    size_t len;
    json_t *root;   /* plain scalars become null, true/false, integers or text; quoted ones text */
    json_t *lines;  /* JSON pointer → line, from 1 */
};

/* Reads and parses at most LIMIT_CONFIG_BYTES.  Every refusal names file and line.  Free with config_yaml_free. */
int config_yaml_read(const char *path, struct config_yaml *out, struct problem *p) TB_MUST_USE;
void config_yaml_free(struct config_yaml *file);
/* Line of the member, or of its nearest ancestor that is there. */
int config_yaml_line(const struct config_yaml *file, const char *pointer);
/* Value at a JSON pointer; borrowed, or NULL. */
const json_t *config_yaml_at(const struct config_yaml *file, const char *pointer);
/* Sets a problem "path:line: …" for the member and returns its code. */
int config_yaml_refuse(const struct config_yaml *file, const char *pointer, struct problem *p, const char *format, ...)
    TB_PRINTF(4, 5);
#ifdef __clang_analyzer__ /* a refusal is never success, which the analyser cannot see from another file */
#define config_yaml_refuse(...) ((void)(config_yaml_refuse)(__VA_ARGS__), TB_EMALFORMED)
#endif

#endif
