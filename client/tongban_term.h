/* term: what the clerk sees and types — language, aligned tables, problems, questions, progress.
 *
 * All widths are terminal columns (UAX #11: a hanzi takes two).  Results go to stdout; problems, questions and progress
 * to stderr. */
#ifndef CLIENT_TONGBAN_TERM_H
#define CLIENT_TONGBAN_TERM_H

#include "client/tongban.h"
#include "client/tongban_lang.h"

/* ---- tables ---- */
enum { TABLE_COLUMNS = 16, TABLE_GAP = 2 };
/* When a column is left out: never; when it says nothing (each cell is empty or "-"); also when the lines do not fit. */
enum table_hide { HIDE_NEVER, HIDE_EMPTY, HIDE_NARROW };
struct table_column {
    const char *title; /* already translated */
    unsigned least;    /* columns below which it is not cut; 0 = never cut */
    enum table_hide hide;
    const char *(*paint)(const char *cell); /* escape sequence for a cell on a terminal, NULL for none; or NULL */
};
struct table {
    struct table_column column[TABLE_COLUMNS];
    unsigned columns;
    char **cell; /* owned, row by row */
    size_t rows, room;
    bool colour; /* the output is a terminal that shows colours */
};
void table_init(struct table *t);
void table_column(struct table *t, const char *title, unsigned least);
/* Lets the last column be left out; on a narrow terminal the last of those that may go goes first, before anything is cut short. */
void table_hide(struct table *t, enum table_hide hide);
/* Gives the last column colours; they are written to terminals only, and never when $NO_COLOR is set. */
void table_paint(struct table *t, const char *(*paint)(const char *cell));
/* Adds a row; `cells` has t->columns strings, NULL = empty; copied.  TB_ENOMEM. */
int table_row(struct table *t, const char *const *cells) TB_MUST_USE;
/* Writes the table within `width` columns (0 = no limit): header, rows, no blanks at line ends; what does not fit ends
 * with "…". */
int table_write(const struct table *t, unsigned width, struct buf *out) TB_MUST_USE;
/* Writes the table as Markdown; a column that may be left out and says nothing is. */
int table_markdown(const struct table *t, struct buf *out) TB_MUST_USE;
void table_free(struct table *t);
/* Writes to stdout with the terminal's width; frees the table. */
int table_print(struct table *t) TB_MUST_USE;
/* Whether the table fits into so many columns with texts that still say something, without leaving out a column that has something. */
bool table_fits(const struct table *t, unsigned limit);
/* Writes it record by record, each value behind its title. */
int table_flow(const struct table *t, unsigned limit, struct buf *out) TB_MUST_USE;
/* Like table_print, but never cuts a text to nothing or drops a column: a table that does not fit flows. */
int table_print_whole(struct table *t) TB_MUST_USE;
/* Appends at most `columns` columns of the text, with "…" when cut. */
int text_fit(const char *text, unsigned columns, struct buf *out) TB_MUST_USE;
/* Terminal width of stdout; 0 when it is not a terminal and $COLUMNS is not set. */
unsigned term_width(void);
/* Appends the text in lines of at most `columns` columns: broken at blanks and between hanzi, never before closing punctuation; each
 * further line begins with `indent` blanks, and the first one has `used` columns already.  columns 0: one line. */
int text_wrap(const char *text, unsigned columns, unsigned used, unsigned indent, struct buf *out) TB_MUST_USE;
/* A "label: value" line, the label padded to `columns`, the value wrapped to the terminal; nothing when value is NULL or "". */
void term_pair(const char *label, unsigned columns, const char *value);
/* "下一步：…" after a command. */
void term_next(const char *sentence);
/* Prints a document as one JSON text. */
void term_json(const json_t *doc);
/* A time of the protocol shortened for people: "2026-11-23 09:30"; "-" for none. */
const char *term_time(const json_t *value, char out[20]);

/* ---- problems ---- */

/* Tells the user (stderr, or the document on stdout with --json) and returns the exit status that fits. */
int report_problem(const struct client *client, const struct problem *p);
/* The same for a problem document of the server, with the HTTP status. */
int report_document(const struct client *client, const json_t *doc, long status);
/* Kinds that exist only on this side of the connection. */
enum report_local {
    REPORT_USAGE,
    REPORT_STOPPED, /* the user ended the questions or said no */
    REPORT_CONFIG,
    REPORT_UNREACHABLE,
    REPORT_AS_SAID,     /* the detail says all; nothing was done */
    REPORT_DAEMON,      /* tongbanctl: the daemon of this machine does not answer */
    REPORT_DAEMON_SHUT, /* it may not be asked by this user */
    REPORT_UNTRUSTED,
    REPORT_FILE,
    REPORT_FILE_CONTENT, /* it was read; what stands in it is wrong */
    REPORT_ANSWER,
    REPORT_MEMORY
};
/* The command that was typed ("case grant"): what is wrong with its usage names its help. */
void report_command(const char *words);
/* Who speaks, and where to read on after a wrong command (a gettext message id); else it is tongban.  Both are borrowed. */
void report_program(const char *name, const char *help);
int report_local(const struct client *client, enum report_local kind, const char *format, ...) TB_PRINTF(3, 4);
#ifdef __clang_analyzer__ /* the exit status of a refusal is never 0, which the analyser cannot see from another file */
#define report_problem(...)  ((void)(report_problem)(__VA_ARGS__), 1)
#define report_document(...) ((void)(report_document)(__VA_ARGS__), 1)
#define report_local(...)    ((void)(report_local)(__VA_ARGS__), 1)
#endif
/* Exit status for an error code of the project. */
int report_exit(int code);

/* A detail as the server or the tables wrote it, in the user's language when the catalogue has its pattern: msgids with
 * %s or %d match any text there.  Static storage until the next call; the text itself when nothing matches. */
const char *detail_text(const char *detail);

/* ---- questions ---- */

/* True when questions can be asked: stdin and stderr are terminals and --json was not given. */
bool ask_possible(const struct client *client);
/* Asks until the answer is not empty (when `required`).  *out is new; NULL for an empty answer.  TB_ECLOSED at the end
 * of input. */
int ask_text(const char *question, bool required, char **out) TB_MUST_USE;
/* One of `count` words by its number or by itself.  *out is the index. */
int ask_choice(const char *question, const char *const *labels, unsigned count, unsigned fallback,
               unsigned *out) TB_MUST_USE;
int ask_yes(const char *question, bool fallback, bool *out) TB_MUST_USE;

/* ---- progress ---- */
struct progress {
    bool on; /* stderr is a terminal */
    const char *label;
    int64_t total;
    int shown; /* per cent last drawn */
};
void progress_start(struct progress *pr, const struct client *client, const char *label, int64_t total);
void progress_at(struct progress *pr, int64_t done);
void progress_end(struct progress *pr);
/* Pure part: the bar's line in at most `width` columns. */
int progress_line(const char *label, int64_t done, int64_t total, unsigned width, struct buf *out) TB_MUST_USE;

#endif
