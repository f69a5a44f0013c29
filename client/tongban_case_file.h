/* case_file: `tongban case export` and `tongban case import` — the files that they write. */
#ifndef CLIENT_TONGBAN_CASE_FILE_H
#define CLIENT_TONGBAN_CASE_FILE_H

#include "client/tongban.h"
#include "proto/buf.h"

/* A file that only its owner reads (0600), since personal data stand in it. */
struct file_out {
    const char *path; /* borrowed; NULL is standard output */
    char *part;       /* with `force`: where it is written until it is whole; owned */
    FILE *file;
};
/* Makes it; one that is there is replaced only with `force`, and only when the new one is whole.  0, or an exit status after having
 * told the user. */
int file_out_open(const struct client *client, const char *path, bool force, struct file_out *out) TB_MUST_USE;
/* Ends it: `good` keeps it, else nothing is left.  Exit status. */
int file_out_close(const struct client *client, struct file_out *out, bool good) TB_MUST_USE;
/* The cell, a tab in front unless it is the first one. */
int file_cell(const char *text, size_t len, bool first, struct buf *line) TB_MUST_USE;

#endif
