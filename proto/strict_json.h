/* strict_json: JSON from outside, read strictly (RFC 8259 and our limits).
 *
 * UTF-8 only, no duplicate keys, no lone surrogates, no NUL, integers that fit in 64 bits and no reals, depth at most
 * LIMIT_JSON_DEPTH — checked before the parser recurses.  The field readers name the field in the problem they return.
 */
#ifndef PROTO_STRICT_JSON_H
#define PROTO_STRICT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "proto/problem.h"

/* Parses `len` bytes that must be one object.  *out is a new reference.  TB_EMALFORMED with the position in `p` (may be
 * NULL). */
int strict_json_parse(const char *bytes, size_t len, json_t **out, struct problem *p) TB_MUST_USE;
/* Compact text of a document, appended to `b`, as it came: members keep their order, no escaping of non-ASCII. */
int strict_json_dump(const json_t *doc, struct buf *b) TB_MUST_USE;

/* Text of a member of an object that was checked before; "" when there is none.  Borrowed. */
const char *strict_json_peek(const json_t *obj, const char *key);

/* Field readers.  `path` names the object in messages ("/applicant").  A missing optional member gives NULL /
 * `fallback`; a null is not missing, it is a wrong form.  Strings are borrowed from `obj`.  Strings longer than
 * max_bytes, empty ones and ones with control characters are errors. */
int strict_json_text(const json_t *obj, const char *path, const char *key, bool required, size_t max_bytes,
                     const char **out, struct problem *p) TB_MUST_USE;
int strict_json_int(const json_t *obj, const char *path, const char *key, bool required, int64_t min, int64_t max,
                    int64_t fallback, int64_t *out, struct problem *p) TB_MUST_USE;
int strict_json_bool(const json_t *obj, const char *path, const char *key, bool fallback, bool *out,
                     struct problem *p) TB_MUST_USE;
int strict_json_object(const json_t *obj, const char *path, const char *key, bool required, json_t **out,
                       struct problem *p) TB_MUST_USE;
int strict_json_array(const json_t *obj, const char *path, const char *key, bool required, size_t max_count,
                      json_t **out, struct problem *p) TB_MUST_USE;
/* Refuses members that are not in the NULL-terminated list: a typing error must not pass silently. */
int strict_json_only(const json_t *obj, const char *path, const char *const *known, struct problem *p) TB_MUST_USE;

#endif
