/* verify: the parts of tongban-verify, the auditors' program that trusts nobody.
 *
 * It has no network, no configuration and no state: keys come from the command line, everything else from files that
 * whoever has them may have altered.  Each command fills a `struct verify_report`; verify_main.c prints it for people
 * or as JSON. Exit status: 0 verified, 1 does not verify, 2 wrong use or unreadable input. */
#ifndef CLIENT_VERIFY_H
#define CLIENT_VERIFY_H

#include <jansson.h>
#include <libintl.h>
#include <stdbool.h>

#include "proto/note.h"

enum { VERIFY_OK = 0, VERIFY_FAILED = 1, VERIFY_USAGE = 2 };
enum { VERIFY_KEYS = 32, VERIFY_BUNDLE_BYTES = 64 * 1024 * 1024, VERIFY_BUNDLE_ENTRIES = 2000 };

/* Options as given; NULL when not.  All borrowed from argv. */
struct verify_args {
    const char *index, *size, *leaf, *root, *old_size, *new_size, *old_root, *entry, *file;
    const char *path[LEDGER_PATH_MAX];
    unsigned paths; /* may exceed LEDGER_PATH_MAX: then only counted */
    const char *key[VERIFY_KEYS], *witness[VERIFY_KEYS];
    unsigned keys, witnesses;
    bool json;
};

struct verify_report {
    int status;       /* exit status */
    char element[96]; /* what failed: "path", "entries/3/proof", "--key"; "" when verified */
    char detail[512];
    json_t *facts;   /* owned object: what was verified */
    struct buf text; /* the same for people */
};

/* A command.  Returns the exit status, which is also left in the report. */
typedef int verify_command(const struct verify_args *args, struct verify_report *r);
verify_command verify_inclusion, verify_consistency, verify_checkpoint, verify_proof, verify_case;

/* Ends a command: sets status, element and detail, returns the status.  This and verify_say translate their format; verify_main.c
 * chooses a language only for people, so that JSON stays as it is. */
int verify_end(struct verify_report *r, int status, const char *element, const char *format, ...) TB_PRINTF(4, 5);
#ifdef __clang_analyzer__ /* it returns the status that it is given */
#define verify_end(r, status, ...) ((void)(verify_end)(r, status, __VA_ARGS__), (status))
#endif
/* Adds a line for people.  Running out of memory only shortens the text. */
void verify_say(struct verify_report *r, const char *format, ...) TB_PRINTF(2, 3);
/* Adds a fact (takes the reference). */
void verify_fact(struct verify_report *r, const char *name, json_t *value);

/* Readers of arguments and files; on failure they end the command: VERIFY_USAGE naming `element`. */
int verify_read_number(struct verify_report *r, const char *element, const char *text, uint64_t *out) TB_MUST_USE;
int verify_read_hash(struct verify_report *r, const char *element, const char *text,
                     struct ledger_hash *out) TB_MUST_USE;
int verify_read_key(struct verify_report *r, const char *element, const char *text, struct note_vkey *out) TB_MUST_USE;
int verify_read_file(struct verify_report *r, const char *element, const char *name, size_t max,
                     struct buf *out) TB_MUST_USE;

/* Verifies a checkpoint note, naming what is wrong with `element`. */
int verify_note(struct verify_report *r, const char *element, const struct note_vkey *key, const char *note, size_t len,
                struct checkpoint *out) TB_MUST_USE;
/* Verifies an inclusion, naming what is wrong. */
int verify_path(struct verify_report *r, const char *element, const struct suite *suite, uint64_t index, uint64_t size,
                const struct ledger_hash *leaf, const struct ledger_path *path,
                const struct ledger_hash *root) TB_MUST_USE;

#endif
