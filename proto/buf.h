/* buf: a growing byte buffer that always has a maximum.
 *
 * Reaching the maximum is an ordinary error, TB_ELIMIT, never an abort.  All bytes that come from or go to the outside are
 * gathered in one of these.  Not thread-safe; one owner at a time. */
#ifndef PROTO_BUF_H
#define PROTO_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

struct buf {
    char *data;  /* owned; NUL-terminated whenever len > 0 or cap > 0 */
    size_t len;
    size_t cap;
    size_t max;  /* bytes; no buffer without one */
};

/* An empty buffer of at most `max` bytes.  Allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Appends `len` bytes.  TB_ELIMIT beyond the maximum (buffer unchanged), TB_ENOMEM. */
int buf_append(struct buf *b, const void *bytes, size_t len) TB_MUST_USE;
int buf_append_str(struct buf *b, const char *text) TB_MUST_USE;
int buf_printf(struct buf *b, const char *format, ...) TB_MUST_USE TB_PRINTF(2, 3);
/* Makes room for `extra` more bytes behind `len` (to be filled by the caller, who then raises `len`). */
int buf_reserve(struct buf *b, size_t extra) TB_MUST_USE;
/* Removes the first `len` bytes. */
void buf_consume(struct buf *b, size_t len);
/* Empties, keeps the memory. */
void buf_clear(struct buf *b);
/* Frees; the buffer is empty and usable again.  NULL is accepted. */
void buf_free(struct buf *b);
/* Gives the bytes away (new, free() them), leaves the buffer empty.  NULL when empty and never allocated. */
char *buf_take(struct buf *b, size_t *len);

#endif
