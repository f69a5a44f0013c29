/* text: UTF-8 from people — checks, masking, width; pure and locale-free.
 *
 * Names are kept exactly as given (GB 18030-2022 level 3, domain rules on rare characters): no normalisation, all planes, private
 * use and control characters refused. */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"

/* Next code point of valid UTF-8, or -1 (overlong, surrogate, > U+10FFFF, cut).  *at advances. */
int32_t text_next(const char *text, size_t len, size_t *at);
/* Bytes at the start that are printable ASCII without quote and backslash: most of every form and message, and nothing to look at. */
size_t text_plain(const char *text, size_t len);
bool text_valid_utf8(const char *text, size_t len);
/* A person's or body's name: 1 … max_bytes, valid, no control, invisible, private-use or unassigned-plane characters, no white space
 * but single U+0020 inside.  TB_EMALFORMED, TB_ELIMIT. */
int text_check_name(const char *text, size_t max_bytes) TB_MUST_USE;
/* Masked forms (domain 4.9): name "张*" / "欧阳**" (first character kept, compound surnames two), certificate number first 4 and
 * last 4 ("3304**********001X"), mobile "139****1234".  Short inputs (a name of one character, a number under 12, a mobile under 11) are
 * masked wholly, a name gets at most eight stars.  Appended to out. */
int text_mask_name(const char *name, struct buf *out) TB_MUST_USE;
int text_mask_number(const char *number, struct buf *out) TB_MUST_USE;
int text_mask_mobile(const char *mobile, struct buf *out) TB_MUST_USE;
/* Columns in a terminal: 0 for combining, 2 for wide East Asian (UAX #11 W and F), else 1. */
unsigned text_width(const char *text, size_t len);

#endif
