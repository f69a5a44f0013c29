/* suite_stream: SHA-256 over bytes that come in pieces, for what is too large to be in memory at once.
 *
 * A material is named by its SHA-256 in every suite (design 4), so a stream names no suite.  Not thread-safe; one owner at a time. */
#ifndef PROTO_SUITE_STREAM_H
#define PROTO_SUITE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "proto/suite.h"

struct suite_stream;

/* *out is new, over no bytes yet. */
int suite_stream_new(struct suite_stream **out) TB_MUST_USE;
/* A new stream that has seen the same bytes: to come back to this point later. */
int suite_stream_copy(const struct suite_stream *from, struct suite_stream **out) TB_MUST_USE;
int suite_stream_update(struct suite_stream *stream, const void *bytes, size_t len) TB_MUST_USE;
/* The hash of everything so far.  The stream cannot be updated afterwards. */
int suite_stream_final(struct suite_stream *stream, uint8_t out[SUITE_HASH_BYTES]) TB_MUST_USE;
/* NULL is accepted. */
void suite_stream_free(struct suite_stream *stream);

#endif
