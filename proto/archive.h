/* archive: one tar (POSIX ustar) of a case for the archives (归档): case, timeline, clocks, documents, proof, result, materials, contents
 * list, metadata and a manifest of SHA-256, in the order in which an archive binds them (DA/T 85-2019: contents, results and process,
 * application materials).  The parts come as bytes and leave through `put`; whoever makes one does the rest.  Pure. */
#ifndef PROTO_ARCHIVE_H
#define PROTO_ARCHIVE_H

#include <jansson.h>

#include "proto/buf.h"
#include "proto/codes.h"
#include "proto/suite_stream.h"

enum { ARCHIVE_MANIFEST_BYTES = 256 * 1024, ARCHIVE_COVER_BYTES = 64 * 1024, ARCHIVE_NAME_TEXT = 100, ARCHIVE_DIGEST_TEXT = 65 };

struct archive {
    int (*put)(void *context, const void *bytes, size_t len); /* the next bytes of the tar; its code is passed on */
    void *context;
    char no[CASE_NO_TEXT];
    int64_t at;                   /* s since 1970, of each part */
    struct buf manifest, cover;
    unsigned parts, missing;      /* missing: scans that the case names and that are not at this office */
    struct suite_stream *digest;  /* of the material that is being written, or NULL */
    int64_t size, left;           /* of it */
    char name[ARCHIVE_NAME_TEXT], sha256[ARCHIVE_DIGEST_TEXT];
    const char *kind;             /* directory of the scan that was listed last, and its number there */
    unsigned number;
};

/* The parts that are answers of the window API, in their order: name in the tar, and path behind that of the case. */
struct archive_answer {
    const char *part, *path;
};
extern const struct archive_answer archive_answers[]; /* ends with NULL */

/* Allocates nothing; archive_clear frees. */
void archive_init(struct archive *a, const char *no, int64_t at_s, int (*put)(void *context, const void *bytes, size_t len), void *context);
/* Also of one that failed half way. */
void archive_clear(struct archive *a);
/* `doc` is the case; before the first part. */
int archive_begin(struct archive *a, const json_t *doc) TB_MUST_USE;
int archive_part(struct archive *a, const char *part, const void *bytes, size_t len) TB_MUST_USE;
/* The scans of a case in their order, `i` from 0: that of the result, when there is a result, then the materials; NULL behind the last. */
const json_t *archive_scan(const json_t *doc, size_t i);
/* Of each of them one line of the contents; *here: it is at this office and its bytes follow: _begin, _bytes …, _end. */
int archive_list_scan(struct archive *a, const json_t *doc, size_t i, bool *here) TB_MUST_USE;
int archive_material_begin(struct archive *a, const json_t *scan) TB_MUST_USE;
int archive_material_bytes(struct archive *a, const void *bytes, size_t len) TB_MUST_USE;
/* TB_EMALFORMED: these are not the bytes that the digest and the size name. */
int archive_material_end(struct archive *a) TB_MUST_USE;
/* Contents, metadata, manifest and the end of the tar. */
int archive_end(struct archive *a, const json_t *doc) TB_MUST_USE;

#endif
