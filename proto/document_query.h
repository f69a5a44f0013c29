/* document_query: what the QR code of a document says — case number and query code, nothing about a person — and its picture; pure.
 *
 * The text is `tongban:CASE?q=CODE`, e.g. `tongban:320623261123000000122?q=1A2B3C4D`. */
#ifndef PROTO_DOCUMENT_QUERY_H
#define PROTO_DOCUMENT_QUERY_H

#include "proto/buf.h"
#include "proto/codes.h"

enum { QUERY_CODE_LEN = 8, QUERY_CODE_TEXT = 9, QUERY_TEXT = CASE_NO_LEN + QUERY_CODE_LEN + 12 };

/* TB_EMALFORMED when one of them has not its form. */
int document_query_text(const char *case_no, const char *code, char out[QUERY_TEXT]) TB_MUST_USE;
/* The two in a text that somebody scanned or typed, also with blanks around it.  TB_EMALFORMED when it is none. */
int document_query_read(const char *text, char case_no[CASE_NO_TEXT], char code[QUERY_CODE_TEXT]) TB_MUST_USE;
/* Whether it has the form of a query code: 8 digits of base 16, capital letters. */
bool document_query_code_ok(const char *code);
/* Appends the QR code of `text` as an inline SVG with its quiet zone, error correction M.  TB_ELIMIT beyond the buffer or when the text is
 * too long for one, TB_ENOMEM. */
int document_query_svg(const char *text, struct buf *out) TB_MUST_USE;

#endif
