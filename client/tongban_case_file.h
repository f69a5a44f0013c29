/* case_file: `tongban case export` and `tongban case import` — the files that they write. */
#ifndef CLIENT_TONGBAN_CASE_FILE_H
#define CLIENT_TONGBAN_CASE_FILE_H

#include "client/tongban.h"
#include "proto/buf.h"

enum file_out_mode {
    FILE_OUT_WHOLE,   /* a new file, which has its name only when it is whole */
    FILE_OUT_GROWING, /* a new file that others read while it is written */
    FILE_OUT_REPLACE, /* in the place of one that is there, when it is whole */
};
/* A file that only its owner reads (0600), since personal data stand in it. */
struct file_out {
    const char *path; /* borrowed; NULL is standard output */
    char *part;       /* where it is written until it is whole; owned; NULL when it is growing */
    bool replace;
    FILE *file;
};
/* Makes it; one that is there is replaced with FILE_OUT_REPLACE only.  0, or an exit status after having told the user. */
int file_out_open(const struct client *client, const char *path, enum file_out_mode mode, struct file_out *out) TB_MUST_USE;
/* Ends it: `good` keeps it, else nothing is left.  Exit status. */
int file_out_close(const struct client *client, struct file_out *out, bool good) TB_MUST_USE;
/* The cell, a tab in front unless it is the first one. */
int file_cell(const char *text, size_t len, bool first, struct buf *line) TB_MUST_USE;

#endif
