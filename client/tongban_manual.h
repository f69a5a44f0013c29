/* tongban_manual: what help (tongban_help.c) and the pages made from the tables (tongban_manual.c) share.  Pure; everything goes to
 * `out`. */
#ifndef CLIENT_TONGBAN_MANUAL_H
#define CLIENT_TONGBAN_MANUAL_H

#include "client/tongban_register.h"

struct manual_exit {
    int status;
    const char *meaning; /* gettext id */
};
enum { MANUAL_EXITS = 5 };
extern const struct manual_exit manual_exits[MANUAL_EXITS];
extern const struct option manual_globals[]; /* NULL-name terminated */

/* "case show NO", "--office CODE", "step done NO". */
void manual_synopsis(const struct command *command, char *text, size_t size);
void manual_option(const struct option *option, char *text, size_t size);
void manual_register_synopsis(const struct register_command *command, char *text, size_t size);
/* What stands for the value of a field: its words, or the placeholder of its kind. */
const char *manual_value(const struct case_field *field);
/* Calls `line` for each member of the fields, deep, with its dotted name. */
typedef void (*manual_field_line)(const char *name, const struct case_field *field, FILE *out);
void manual_fields(const struct case_field *fields, const char *prefix, manual_field_line line, FILE *out);
/* The n-th act of all registers that a person may type; false when there is none. */
bool manual_register_at(size_t n, struct register_command *out);
/* All commands in short; those of one group ("case", "transfer"): false when there is no such group. */
void help_print(FILE *out);
bool help_group(const char *group, FILE *out);

#endif
