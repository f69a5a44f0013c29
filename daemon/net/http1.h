/* http1: the head of one HTTP/1.1 request, from bytes; pure, no I/O.
 *
 * Three stages, each of which may refuse: a *byte guard* (every CR is followed by LF, every LF preceded by CR, no line
 * starts with space or tab, no NUL) in front of llhttp, because llhttp 8.1.0 lets two smuggling shapes through; the
 * tokeniser itself, never lenient; and *policy* behind it (anchors 7).  Refusal is sticky: nothing after it is looked
 * at, the connection answers and closes. The body is not parsed: with Transfer-Encoding refused, it is exactly
 * http1_content_length() bytes after the head. */
#ifndef NET_HTTP1_H
#define NET_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"

struct http1; /* one request head; about 700 bytes */

/* New, or NULL without memory. */
struct http1 *http1_new(void);
void http1_free(struct http1 *h);

/* Takes bytes until the head is complete.  1: it is, *used bytes belong to it, the rest is body or later requests.  0:
 * more is needed (all were used).  Negative: refused, `p` says with which answer; every later call returns the same
 * code. */
int http1_feed(struct http1 *h, const char *bytes, size_t len, size_t *used, struct problem *p) TB_MUST_USE;

/* After http1_feed returned 1.  Strings are borrowed from `h`. */
const char *http1_method(const struct http1 *h); /* "GET" … : one of the methods of enum http_method */
const char *http1_target(const struct http1 *h); /* origin-form, not decoded */
const char *http1_header(const struct http1 *h, const char *name); /* first of that name, case-insensitive, or NULL */
int64_t http1_content_length(const struct http1 *h);               /* −1: no such header */
bool http1_keep_alive(const struct http1 *h);
bool http1_expects_continue(const struct http1 *h);
/* Bytes of the head so far: 0 means that no request has begun. */
size_t http1_size(const struct http1 *h);

#endif
