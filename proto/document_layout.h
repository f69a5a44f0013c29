/* document_layout: lines of a printed document — pairs, tables, paragraphs in text, Markdown or HTML, aligned by columns (UAX #11).
 *
 * Internal to proto/document*.c.  Nothing is cut: what does not fit a line goes on in the next.  The first error stays in `rc` and
 * later calls do nothing. */
#ifndef PROTO_DOCUMENT_LAYOUT_H
#define PROTO_DOCUMENT_LAYOUT_H

#include "proto/document.h"

enum { SHEET_COLUMNS = 12 };

struct sheet {
    enum document_form form;
    struct buf *out;
    unsigned label; /* columns of the widest label with its colon */
    int rc;
};

/* In the middle, or as a heading. */
void sheet_title(struct sheet *s, const char *title);
/* At the right margin. */
void sheet_right(struct sheet *s, const char *text);
/* "label：value", the values of a document in one column; only the label when the value is "". */
void sheet_pair(struct sheet *s, const char *label, const char *value);
/* Label and a line to write on. */
void sheet_blank(struct sheet *s, const char *label);
/* From the left margin on. */
void sheet_paragraph(struct sheet *s, const char *text);
/* An empty line. */
void sheet_gap(struct sheet *s);
/* `cells`: rows × columns, borrowed; a column that is empty in all rows is left out. */
void sheet_table(struct sheet *s, const char *const *titles, const char *const *cells, size_t columns, size_t rows);
/* "1. label：value" and the further pairs below it. */
void sheet_block(struct sheet *s, size_t number, const char *const *titles, const char *const *cells, size_t columns);

/* What stands before the first and behind the last line: of HTML the page around them; `picture` is trusted markup, or NULL. */
void sheet_begin(struct sheet *s, const char *title, const char *picture);
void sheet_end(struct sheet *s);

/* document_html.c: the same lines as HTML; every text is escaped. */
void html_begin(struct sheet *s, const char *title, const char *picture);
void html_end(struct sheet *s);
void html_title(struct sheet *s, const char *title);
void html_right(struct sheet *s, const char *text);
void html_pair(struct sheet *s, const char *label, const char *value);
void html_blank(struct sheet *s, const char *label);
void html_paragraph(struct sheet *s, const char *text);
void html_table(struct sheet *s, const char *const *titles, const char *const *cells, size_t columns, size_t rows);
void html_block(struct sheet *s, size_t number, const char *const *titles, const char *const *cells, size_t columns);

/* Length of the next piece of `text` from *at that fits `columns`; *at moves behind it and behind the blank or newline that ended it. */
size_t sheet_piece(const char *text, unsigned columns, size_t *at);

#endif
