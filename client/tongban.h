/* tongban: the program of window and department staff — one run of it, its arguments, its table of commands.
 *
 * Every command is one row of a table (tongban_commands.c); dispatch, --help, the man page, the shell completion and
 * docs/reference/tongban.md are made from these rows.  The actions on a case are not written here at all: they come
 * from the table of the case machine (proto/case_machine.h), so that a new rule of law is a new word on the command
 * line. Everything is single-threaded; the program lives for one command. */
#ifndef CLIENT_TONGBAN_H
#define CLIENT_TONGBAN_H

#include <jansson.h>
#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/case_machine.h"
#include "proto/problem.h"

#define _(text)  gettext(text)
#define N_(text) text

/* Exit statuses: a contract with scripts (design 6). */
enum client_exit { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_NOT_ALLOWED = 4 };

/* The configuration of one workplace.  All paths absolute or relative to the working directory, never NULL except
 * calendar. */
struct client_config {
    char *server;      /* "https://host:port", without a slash at the end */
    char *authority;   /* CA file: the only authority that is trusted */
    char *certificate; /* the clerk's certificate, PEM */
    char *key;
    char *office;   /* "320623" */
    char *calendar; /* holidays.tsv, or NULL */
};

/* Reads the YAML file strictly: an unknown key is an error with its line.  *out is new (client_config_free). */
int client_config_load(const char *path, struct client_config **out, struct problem *p) TB_MUST_USE;
void client_config_free(struct client_config *config);
/* First existing of $TONGBAN_CONFIG, ~/.config/tongban/tongban.yaml, /etc/tongban/tongban.yaml; new, or NULL. */
char *client_config_find(void);

struct http; /* tongban_http.h */

/* One run. */
struct client {
    bool json;                    /* --json: one document on stdout, no questions, no progress */
    const char *config_path;      /* --config, borrowed from argv, or NULL */
    struct client_config *config; /* owned, NULL until client_open */
    struct http *http;            /* owned, NULL until client_open */
};
/* Loads the configuration and prepares the connection (nothing is sent).  0, or an exit status after having told the
 * user. */
int client_open(struct client *client) TB_MUST_USE;
void client_close(struct client *client);

/* ---- arguments ---- */
enum { ARGS_POSITIONAL = 64, ARGS_OPTIONS = 128 };

struct option {
    const char *name;  /* without the dashes */
    const char *value; /* placeholder of its value, or NULL for a flag */
    const char *help;  /* gettext id */
};

struct args {
    const char *positional[ARGS_POSITIONAL];
    unsigned count;
    struct {
        const char *name;  /* without the dashes */
        const char *value; /* "" for a flag */
    } option[ARGS_OPTIONS];
    unsigned options;
};

/* Sorts the words behind the command's name.  `known` is NULL-name terminated; with `fields`, options outside of it are
 * taken as fields with a value (the case actions).  "--" ends the options, "--name=value" is the same as "--name
 * value".  TB_EMALFORMED with the word in the detail. */
int args_parse(int argc, char *const *argv, const struct option *known, bool fields, struct args *out,
               struct problem *p) TB_MUST_USE;
/* Value of an option, or NULL when it was not given. */
const char *args_option(const struct args *args, const char *name);

/* ---- commands ---- */
struct command {
    const char *group;                                          /* "case" */
    const char *verb;                                           /* "list", or NULL when the group is the command */
    const char *args;                                           /* as in the synopsis */
    unsigned min, max;                                          /* positional arguments */
    const struct option *options;                               /* NULL-name terminated, or NULL */
    const char *help;                                           /* one line, gettext id */
    int (*run)(struct client *client, const struct args *args); /* returns an exit status */
};
extern const struct command commands[]; /* group NULL ends it */
/* The row for the words, or NULL; *used = how many of the words name the command. */
const struct command *command_find(int argc, char *const *argv, int *used);

/* An action on a case by name, when a person may do it; else NULL.  The n-th distinct one for listings. */
const struct case_transition *action_find(const char *name);
const struct case_transition *action_at(size_t n);
/* What a person says with the action (NULL-name terminated), or NULL. */
const struct case_field *action_fields(const struct case_transition *action);
int action_run(struct client *client, const struct case_transition *action, const struct args *args);
/* Puts the options that are fields into the body, in the order given; `others` (NULL terminated, or NULL) are none. */
int action_options_take(const struct client *client, const struct args *args, const struct case_field *fields,
                        const char *const *others, json_t *body) TB_MUST_USE;
/* Asks for what is still missing; an enumeration is offered as a choice. */
int action_ask_missing(const struct client *client, const struct case_field *fields, json_t *body) TB_MUST_USE;
/* Options that every action takes besides its fields. */
extern const struct option action_options[];

/* The commands, one per row of the table.  Each returns an exit status after having told the user; the connection is
 * open. */
int item_list(struct client *client, const struct args *args);
int item_show(struct client *client, const struct args *args);
int case_list(struct client *client, const struct args *args);
int case_show(struct client *client, const struct args *args);
int case_export_run(struct client *client, const struct args *args);
int case_import_run(struct client *client, const struct args *args);
int case_track(struct client *client, const struct args *args);
int case_clocks_show(struct client *client, const struct args *args);
int case_archive(struct client *client, const struct args *args);
int case_proof(struct client *client, const struct args *args);
int item_form(struct client *client, const struct args *args);
int authorisation_letter(struct client *client, const struct args *args);
int case_number(struct client *client, const struct args *args);
int case_documents(struct client *client, const struct args *args);
int case_document(struct client *client, const struct args *args);
int case_void_document(struct client *client, const struct args *args);
int result_check(struct client *client, const struct args *args);
int progress_show(struct client *client, const struct args *args);
int case_new(struct client *client, const struct args *args);
int case_steps(struct client *client, const struct args *args);
int case_originals(struct client *client, const struct args *args);
int contact_find(struct client *client, const struct args *args);
int joint_new(struct client *client, const struct args *args);
int joint_list(struct client *client, const struct args *args);
int joint_show(struct client *client, const struct args *args);
int joint_withdraw(struct client *client, const struct args *args);
int todo_list(struct client *client, const struct args *args);
int office_show(struct client *client, const struct args *args);
int case_accountability(struct client *client, const struct args *args);
int figures_show(struct client *client, const struct args *args);
int figures_check(struct client *client, const struct args *args);
int figures_list(struct client *client, const struct args *args);
int material_add(struct client *client, const struct args *args);
int code_run(struct client *client, const struct args *args);
int calendar_run(struct client *client, const struct args *args);
int help_run(struct client *client, const struct args *args);

/* What the manual generator prints from the tables: help on one command, or the whole in one of the forms. */
enum manual_form { MANUAL_HELP, MANUAL_MAN, MANUAL_COMPLETION, MANUAL_MARKDOWN };
void manual_print(enum manual_form form, FILE *out);
void manual_command(const struct command *command, FILE *out);
void manual_action(const struct case_transition *action, FILE *out);
struct register_command; /* tongban_register.h */
void manual_register(const struct register_command *command, FILE *out);

/* ---- building bodies from fields (tongban_fields.c) ---- */

/* Puts `value` at the dotted path ("result.name") of `body` according to the field table; '-' stands for '_'.  A
 * repeated member of an array opens its next element.  TB_EMALFORMED (unknown field, not a number …) with the field
 * named. */
int fields_set(const struct case_field *fields, json_t *body, const char *path, const char *value,
               struct problem *p) TB_MUST_USE;
/* Calls `visit` for each member of kind FIELD_SHA256 in the body that has a value which is not a digest. */
typedef int (*fields_visit)(void *context, json_t *parent, const char *name, const char *value, struct problem *p);
int fields_files(const struct case_field *fields, json_t *body, fields_visit visit, void *context,
                 struct problem *p) TB_MUST_USE;
/* First required member that is missing: its dotted path into `path`; false when none. */
bool fields_missing(const struct case_field *fields, const json_t *body, char *path, size_t size,
                    const struct case_field **field);

#endif
