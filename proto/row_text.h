/* row_text: a file of rows, read piece by piece and never whole — TSV (a row is a line, cells between tabs) or JSON (a row is an object;
 * one after the other, with or without the brackets and commas of a list around them); pure.
 *
 * A cell is written so that every text comes back exactly: a text that a spreadsheet would take for a formula or for a quoted cell (it
 * begins with = + - @, their wide forms, a tab, a line end, a quotation mark or an apostrophe) gets an apostrophe in front; then a
 * backslash, a tab and the ends of lines are written as \\ \t \n \r.  Reading goes the other way; a cell in quotation marks is one that a
 * spreadsheet program has quoted, and is read as it meant it.  A UTF-8 byte order mark, CRLF and empty lines are passed over. */
#ifndef PROTO_ROW_TEXT_H
#define PROTO_ROW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"

/* Appends the text as a cell. */
int row_cell_write(const char *text, size_t len, struct buf *out) TB_MUST_USE;
/* The text of a cell, in its place; *len shrinks.  TB_EMALFORMED: a backslash or a quotation mark that means nothing. */
int row_cell_read(char *cell, size_t *len) TB_MUST_USE;
/* Whether the cell, as it stands in the file, is a number that a spreadsheet program has rounded ("3.20623E+17"): digits are gone for good.
 * A text that looks like it is written with an apostrophe in front, so that it comes back. */
bool row_cell_rounded(const char *cell, size_t len);
/* Cuts a line at its tabs.  The number of cells, of which at most `max` are set. */
size_t row_split(char *line, size_t len, char **cell, size_t *cell_len, size_t max);

enum row_format { ROW_UNKNOWN, ROW_TSV, ROW_JSON };
struct row_reader {
    enum row_format format; /* known from the first character */
    struct buf row;         /* the bytes of the row that was read last */
    uint64_t line, row_line; /* now, and where the row began; from 1 */
    int error;              /* of the row: 0, TB_ELIMIT (too long, bytes cut), TB_EMALFORMED (no object, or not closed) */
    bool ready, junk, text, escape; /* a row was handed out; outside of an object; in a string; behind a backslash */
    unsigned depth, mark;   /* open brackets; bytes of the byte order mark seen */
};
void row_reader_init(struct row_reader *r);
void row_reader_free(struct row_reader *r);
/* Reads on: 1 when a row is complete (the rest of the bytes is given again), 0 when more is needed, or TB_ENOMEM.  *used = bytes taken. */
int row_reader_feed(struct row_reader *r, const char *bytes, size_t len, size_t *used) TB_MUST_USE;
/* At the end of the file: 1 when a last row is there, else 0. */
int row_reader_end(struct row_reader *r) TB_MUST_USE;

#endif
