/* view: showing what the window API answers — lists page by page, a case, a timeline (docs/protocol.md, "Window API").
 */
#ifndef CLIENT_TONGBAN_VIEW_H
#define CLIENT_TONGBAN_VIEW_H

#include "client/tongban.h"
#include "proto/buf.h"
#include "proto/document.h"

enum { VALUE_BYTES = 64 * 1024 };

/* A member's text, or "" (borrowed). */
const char *view_text(const json_t *doc, const char *key);
/* All rows of a list, following its cursors until `most` rows (0 = the whole list, bounded).  `path` has its query
 * already. 0 with a new array, or an exit status after having told the user. */
int view_rows(struct client *client, const char *path, size_t most, json_t **rows) TB_MUST_USE;
/* The rows of cases that the options and the word of `case list` ask for; a new array.  Exit status. */
int case_rows_asked(struct client *client, const struct args *args, json_t **rows) TB_MUST_USE;
/* {"rows":[…]} on stdout; takes the array. */
void view_json_rows(json_t *rows);
/* The word for a state of a case in the user's language; unknown ones as they are. */
const char *view_state(const char *name);
/* The text for a word of the protocol ("pickup", "decision"); unknown ones as they are. */
const char *view_word(const char *word);
/* The same as the value of the member `name`, where one word means two things. */
const char *view_value_word(const char *name, const char *word);
/* The members of an object among the fields, or NULL. */
const struct case_field *view_members(const struct case_field *fields, const char *name);
/* What a member is called: the table's Chinese word, or its name with blanks. */
void view_label(const char *name, const struct case_field *field, char *out, size_t size);
/* Appends a value in one line as people read it: words, local times, members with their labels. `field` may be NULL. */
int view_value(const json_t *value, const struct case_field *field, struct buf *out) TB_MUST_USE;
/* Cells of a row of a list of cases: "GA01 居民身份证换领", the masked name, the date ("?" when provisional), the light. */
const char *view_row_item(const json_t *row, char *out, size_t size);
const char *view_row_applicant(const json_t *row);
const char *view_row_due(const json_t *row, char *out, size_t size);
const char *view_row_light(const json_t *row);
/* A light ("red", 红) in the user's language; "" for none. */
const char *view_light(const char *word);
/* Escape sequence of a cell that holds a light, or NULL. */
const char *view_light_colour(const char *cell);
/* Warns of what the form check found: what is missing, what the window did not see the original of. */
void view_lacks(const json_t *lacks);
/* The last line of an answer: what to do next.  Each %s of the sentence is the case number. */
void view_next(const char *sentence, const char *no);
/* Of the actions that are possible on a case the one that usually comes next (borrowed), or NULL. */
const char *view_usual_action(const json_t *actions);
/* "Also possible": the words with their meanings; `usage` says how they are typed. */
struct also {
    const char *word, *zh;
};
void view_also(const struct also *words, size_t count, const char *usage);
/* The last lines of a case: what comes next, and what else is possible (tongban_next.c). */
void view_case_next(const struct client *client, const json_t *doc, bool brief);
/* "320623261123000000122" or a problem told; the exit status. */
int view_check_no(const struct client *client, const char *no) TB_MUST_USE;
/* Prints a case document for people: all of it, or (brief) what a clerk needs after a step. */
void view_case(const struct client *client, const json_t *doc, bool brief);
/* The written document that this office has to print now, or NULL (tongban_document.c). */
const struct document_row *document_waiting(const char *office, const json_t *doc, bool after_act);
/* The item list / one item, as item_list and item_show use them; `office` NULL looks for the only one. */
int view_items(struct client *client, const char *query, const char *office, json_t **rows) TB_MUST_USE;
int view_item(struct client *client, const char *code, const char *office, const char *version,
              json_t **item) TB_MUST_USE;
/* Uploads the files that SHA256 fields name ("@scan.pdf" or "scan.pdf"), puts digest, size and type in.  Exit status.
 */
int view_upload_fields(struct client *client, const struct case_field *fields, json_t *body) TB_MUST_USE;
/* "桐乡市"; the code itself when its name is not known. */
const char *view_office(const char *code);
/* A limit in words: "15 working days"; in `out`. */
const char *view_limit(const json_t *limit, char *out, size_t size);
/* Whether a leg of the item is decided at the office that the intake names as `which` ("applicant", "other"). */
bool joint_needs(const json_t *item, const char *which);
/* The legs of a joint item as a tree.  Exit status. */
int joint_template(struct client *client, const json_t *item) TB_MUST_USE;
/* The form of an intake, from --file or by asking, its files uploaded; `office` NULL looks for the only home office of the item.  Exit
 * status; *out is new. */
int intake_form(struct client *client, const struct args *args, const char *office, json_t **out) TB_MUST_USE;
/* Reads one JSON document from a file, strictly.  Exit status. */
int view_read_json(const struct client *client, const char *path, json_t **out) TB_MUST_USE;

/* ---- what the catalogue wants (tongban_wanted.c) ---- */

/* Whether the intake side may do this step of the item (letters of enum case_step). */
bool wanted_step(const json_t *item, char step);
/* Conditions, survey standards and materials in one block on standard output. */
void wanted_show(const json_t *item);

/* Appends "&window=…&township=…" as far as the options were given. */
int view_desk_query(const struct args *args, struct buf *path) TB_MUST_USE;

#endif
