/* document: the written documents (文书) of a case, as a table, and their text (行政许可法 32, 38, 44; domain.md 5.5); pure.
 *
 * A row of `document_table` says which entry makes a document, in whose name, who numbers and who prints it, and lists its parts: the
 * minimum fields.  `document_render` walks the parts over one JSON source and writes text, Markdown or HTML; a mandatory part
 * without data is a problem that names it, never an empty line.  A document that a new entry type makes is a new row: rows name types by
 * their text, so a row whose type this program does not know is never used. */
#ifndef PROTO_DOCUMENT_H
#define PROTO_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/case_machine.h"

enum {
    DOCUMENT_ID_TEXT = 32,   /* bytes of an id with its end */
    DOCUMENT_PREFIX_BYTES = 60, /* 机关简称 */
    DOCUMENT_NO_TEXT = 128,  /* bytes of a number with its end */
    DOCUMENT_COLUMNS = 72,   /* width of the text */
    DOCUMENT_BYTES = 256 * 1024
};

/* Who numbers a document and in whose name it stands. */
enum document_issuer { DOCUMENT_BY_INTAKE, DOCUMENT_BY_HOME, DOCUMENT_BY_ACTOR };

enum document_form { DOCUMENT_TEXT, DOCUMENT_MARKDOWN, DOCUMENT_HTML, DOCUMENT_FORMS };
/* Form of the word "text", "markdown", "html"; NULL is text; -1 for another. */
int document_form_by_name(const char *name);

enum document_part_kind {
    PART_FIELD,    /* label and the value at `path` */
    PART_DATE,     /* the same, 2026年11月23日 */
    PART_MOMENT,   /* the same, 2026年11月23日09时30分 */
    PART_WORD,     /* the same, a word of the protocol in Chinese (`words`) */
    PART_TABLE,    /* the list at `path`, one row each (`columns`) */
    PART_BLOCKS,   /* the list at `path`, one numbered paragraph each (`columns`) */
    PART_SENTENCE, /* the label is a sentence; {path} in it stands for a value */
    PART_BLANK,    /* label and a line that is filled in by hand: signatures, what is found on opening a bag */
    PART_SEAL      /* name of the body at `path`, its seal, the date: the end of a document */
};

struct document_word {
    const char *word, *zh; /* NULL word ends */
};
/* A column of a list.  Name "#": running number; "=TEXT": that text; "~": what becomes of a material, from form and original_seen. */
struct document_column {
    const char *name, *zh; /* NULL name ends */
    const struct document_word *words;
    bool required;
};
struct document_part {
    enum document_part_kind kind;
    const char *label;
    const char *path;      /* "act/legal_basis|item/legal_basis": the first that is there */
    const char *otherwise; /* said when there is none; "": the part is left out; NULL: mandatory */
    const struct document_word *words;
    const struct document_column *columns;
    const char *only;      /* NULL, or the condition: "case/agent" (is there), "act/way=mail" (says so) */
};

struct document_row {
    const char *id;
    const char *zh, *en;     /* title; gettext id */
    const char *word;        /* 性质字 in the number; "" when it has none */
    const char *made_by;     /* texts of the entry types that make it, separated by |; "" when it belongs to every case */
    const char *outcome;     /* of a decision, or NULL */
    enum document_issuer issuer;
    bool at_print;           /* numbered when first printed, one per case; else with the act, inside its signed body */
    enum case_step step;     /* authorised step under which the other side prints it and hands it over */
    unsigned intake_roles, home_roles; /* who may print it there; bits, 0 nobody */
    const struct document_part *parts;
    size_t part_count;
    const char *law;
    bool between; /* stands between two offices: a local case (本地办件) has none */
};
extern const struct document_row document_table[];
extern const size_t document_table_count;

/* Row of the id, or NULL. */
const struct document_row *document_by_id(const char *id);
/* Whether an entry of this type and body makes the document. */
bool document_made_by(const struct document_row *row, enum entry_type type, const json_t *body);
/* The first row that an entry of this type and body makes, or NULL. */
const struct document_row *document_by_entry(enum entry_type type, const json_t *body);
/* Whether the office at `side` of the case numbers this document of an act of `actor`. */
bool document_issued_here(const struct document_row *row, enum case_side side, enum case_side actor);
/* "桐政服收〔2026〕000123号".  TB_ELIMIT when the prefix is too long or the serial beyond 999999. */
int document_number(const struct document_row *row, const char *prefix, int year, int64_t serial,
                    char out[DOCUMENT_NO_TEXT]) TB_MUST_USE;
/* Year (of Beijing time) of a moment in ms. */
int document_year(int64_t at);

/* The place (市, 县, 区) that the name of an office begins with: "桐乡市政务服务中心" → "桐乡市"; its first character for the prefix.
 * Bytes of it, 0 when the name shows none. */
size_t document_place(const char *office_name);

/* Appends the document.  `source` is borrowed:
 *   {"number","seal","case":{case document},"act":{body of the entry that makes it, "at","officer"},"item":{…},
 *    "home":{"name","phone","complaint","address"},"intake":{the same},"authorisation":{…}?,"local"?: true when both sides are one office,
 *    "actor":{"name","side":"intake"|"home"}: who did the act,"taken": materials of the intake,
 *    "totals":{"originals","copies"},"query","notice_due","issued_at",
 *    "print":{"n","at","officer","here":"intake"|"home","entrusted"?: true},"replaces"?: number,"void":{"at","reason"}?}
 * TB_EMALFORMED with the missing part named; TB_ELIMIT beyond the buffer. */
int document_render(const struct document_row *row, enum document_form form, const json_t *source, struct buf *out,
                    struct problem *p) TB_MUST_USE;
/* The member "authorisation" of a source, from the content of an authorisation (proto/register.h): {"items","steps","acceptance",
 * "name","open_cases","from","until","announcement",…} in the words of the letter (授权委托书).  New reference.  TB_ENOMEM, TB_ELIMIT. */
int document_authorisation(const json_t *content, json_t **out) TB_MUST_USE;
/* Whether documents under this authorisation say "受…委托" (文书名义): all but those of one that wants the principal's name alone. */
bool document_names_delegate(const json_t *content);
/* First value of "a/b|c/d" in the source, or NULL (borrowed). */
const json_t *document_value(const json_t *source, const char *path);

#endif
