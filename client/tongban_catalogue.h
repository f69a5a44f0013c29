/* catalogue: the office's own items as files — reading and checking them, making them from a table, publishing them.
 *
 * The files are read by the daemon's own reader (daemon/base/config_yaml.c, compiled into this program), so that lint says what the
 * daemon would say, with the same lines. */
#ifndef CLIENT_TONGBAN_CATALOGUE_H
#define CLIENT_TONGBAN_CATALOGUE_H

#include "client/tongban.h"
#include "proto/buf.h"
#include "proto/codes.h"
#include "proto/item.h"

/* Items of some files. */
struct catalogue_set {
    json_t *items;  /* owned: every item that could be read, checked or not */
    json_t *places; /* owned: code → {"file","lines":{pointer within the item → line},"line"} */
    char office[OFFICE_TEXT];
    size_t files, errors;
};
/* Told about each mistake; the line is 0 when there is none. */
typedef void (*catalogue_complain)(void *context, const char *file, int line, const char *pointer, const char *message);

/* Reads files and directories (their *.yaml, in the order of names).  Mistakes are told and counted, reading goes on with the next item
 * or file.  0, or TB_ENOMEM. */
int catalogue_read(const char *const *paths, unsigned count, catalogue_complain complain, void *context,
                   struct catalogue_set *out) TB_MUST_USE;
void catalogue_set_free(struct catalogue_set *set);
/* Line of a JSON pointer within an item, or of the item. */
int catalogue_line(const struct catalogue_set *set, const char *code, const char *pointer, const char **file);

/* Appends the items as a catalogue file: block style, the elements in the order of the table. */
int catalogue_yaml(const char *office, const json_t *items, const char *comment, struct buf *out) TB_MUST_USE;

/* Appends a value of an element in one line as people read it: words, limits, members with their labels. */
int view_element(const struct item_element *element, const json_t *value, struct buf *out) TB_MUST_USE;

/* ---- commands: rows of the table; each returns an exit status after having told the user ---- */

/* Checks files: mistakes and what a window will miss, each with file and line. */
int catalogue_lint(struct client *client, const struct args *args);
/* Two sets of files, or what is published and a set of files. */
int catalogue_diff(struct client *client, const struct args *args);
/* Files from a table, a tab between the columns. */
int catalogue_import(struct client *client, const struct args *args);
/* What differs in the files from what is published becomes a new edition. */
int catalogue_publish(struct client *client, const struct args *args);
/* An edition without the item, or one that names its last day. */
int catalogue_retire(struct client *client, const struct args *args);
/* Editions with who published, what changed, and which counterpart has taken them. */
int catalogue_history(struct client *client, const struct args *args);
/* 服务指南 and 业务手册 of one item. */
int item_guide_run(struct client *client, const struct args *args);
int item_manual_run(struct client *client, const struct args *args);

#endif
