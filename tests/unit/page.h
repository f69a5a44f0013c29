/* page: a page of docs/reference/ that a test makes from the program's tables: compared with what stands in the tree, or written anew. */
#ifndef UNIT_PAGE_H
#define UNIT_PAGE_H

#include <stdio.h>
#include <string.h>

#include "proto/buf.h"

enum { PAGE_BYTES = 1024 * 1024 };

/* Fails the test when the file `name` under docs/ differs from what `write` makes. */
static inline void page_check(const char *name, void (*write)(struct buf *))
{
    struct buf want, have;
    char path[512];
    buf_init(&want, PAGE_BYTES);
    buf_init(&have, PAGE_BYTES + 1);
    write(&want);
    (void)snprintf(path, sizeof path, "%s/docs/%s", TONGBAN_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(buf_reserve(&have, want.len + 1), 0);
    have.len = fread(have.data, 1, want.len + 1, file);
    (void)fclose(file);
    if (have.len != want.len || memcmp(have.data, want.data, want.len) != 0)
        fail_msg("docs/%s differs from the tables: run this test with --write and the path of the page", name);
    buf_free(&want);
    buf_free(&have);
}

/* The page at `path`; the exit status. */
static inline int page_write(const char *path, void (*write)(struct buf *))
{
    struct buf page;
    buf_init(&page, PAGE_BYTES);
    write(&page);
    FILE *file = fopen(path, "w");
    bool good = file && fwrite(page.data, 1, page.len, file) == page.len;
    if (file && fclose(file))
        good = false;
    buf_free(&page);
    return good ? 0 : 1;
}

#endif
