/* tongban_register: commands that come from the tables of the registers (proto/register.h), not from tongban_commands.c. */
#ifndef CLIENT_TONGBAN_REGISTER_H
#define CLIENT_TONGBAN_REGISTER_H

#include "client/tongban.h"
#include "proto/buf.h"
#include "proto/register.h"

struct register_command {
    const struct register_kind *kind;
    const struct register_act *act; /* NULL: list or show */
    bool list;
    const struct option *options; /* NULL-name terminated, or NULL */
};
/* The command of these words ("authorisation offer", "step list", "problem show"); false when they name none. */
bool register_command_find(int argc, char *const *argv, struct register_command *out);
/* Runs it; opens the connection itself, after the questions.  An exit status. */
int register_run(struct client *client, const struct register_command *command, const struct args *args);

/* Whether the act makes a new object; whether a person may type it. */
bool register_opens(const struct register_act *act);
bool register_typed(const struct register_act *act);
/* Options besides the fields: of acts, of acts that open, of lists. */
extern const struct option register_act_options[], register_open_options[], register_list_options[];

/* ---- as people read them (tongban_register_view.c) ---- */

/* `tongban KIND list` and `tongban KIND show NO`; the connection is open.  An exit status. */
int register_list(struct client *client, const struct register_kind *kind, const struct args *args);
int register_show(struct client *client, const struct register_kind *kind, const char *no);
/* A state in the user's language; unknown ones as they are. */
const char *register_state_word(const struct register_kind *kind, const char *name);
/* A cell of a list: a value in one line, "-" for none; in `out` or borrowed. */
const char *register_cell(const struct register_kind *kind, const char *name, const json_t *value, struct buf *out);
/* Which register a row of a list stands on, and what it is about, in one line; in `out`. */
const char *register_about(const json_t *row, struct buf *out);
/* Of the acts that are possible the one that usually comes next: the first that brings the object on; NULL when there is none. */
const struct register_act *register_usual_act(const struct register_kind *kind, const json_t *doc);
/* Head and last lines of an object, as an act answers it, too. */
void register_head(const struct register_kind *kind, const json_t *doc);
void register_tail(const struct register_kind *kind, const json_t *doc);

#endif
