/* track: following a case live — the parser of server-sent events (WHATWG HTML 9.2.6), pure. */
#ifndef CLIENT_TONGBAN_TRACK_H
#define CLIENT_TONGBAN_TRACK_H

#include <jansson.h>

#include "proto/buf.h"

enum { SSE_LINE_BYTES = 8192 };

struct sse {
    struct buf line;
    struct buf data;
    char event[32];
    char last; /* the byte before, for CR LF */
};
void sse_init(struct sse *sse);
void sse_free(struct sse *sse);
/* Feeds bytes; `take` gets each whole event (name "" = message); non-zero from it stops and is returned.  TB_ELIMIT for
 * a line or data beyond SSE_LINE_BYTES. */
int sse_feed(struct sse *sse, const char *bytes, size_t len,
             int (*take)(void *context, const char *event, const char *data), void *context) TB_MUST_USE;

/* What an entry of this type says, for people; the type itself when it is unknown. */
const char *track_entry_word(const char *type);
/* The same of a line of a timeline, with the act where it is one of a register: "delegated step: request".  Returns out. */
const char *track_row_word(const json_t *row, char *out, size_t size);

#endif
