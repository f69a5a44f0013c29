/* fixture: a store in a fresh directory with a clock and a random source of our own, for the store's tests. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/store.h"
#include "daemon/store/tables.h"

struct fixture {
    char directory[256];
    struct note_signer signer;
    struct world world;
    int64_t now;
    uint64_t random_state;
    struct store_options options;
    struct store *store;
};

/* Makes directory, key and options; opens nothing. `vfs` may be NULL. */
void fixture_make(struct fixture *f, const char *vfs);
void fixture_open(struct fixture *f);
/* Closes and removes everything. */
void fixture_drop(struct fixture *f);
void fixture_path(const struct fixture *f, const char *name, char out[300]);
/* The whole file; new. */
char *fixture_read_file(const char *path, size_t *len);
void fixture_write_file(const char *path, const void *bytes, size_t len);

/* A command with a closure: `body` returns what `run` shall return. */
struct step {
    struct store_command command; /* first member */
    int (*body)(struct store_db *db, void *context);
    void *context;
    int done;   /* times that done was called */
};
void step_init(struct step *step, int (*body)(struct store_db *db, void *context), void *context);
/* One batch of one command; its result. */
int fixture_run(struct fixture *f, int (*body)(struct store_db *db, void *context), void *context);
/* An own record (to NULL) or a message with a body {"n":n,"pad":"…"} of about `pad` bytes more. */
int fixture_append(struct store_db *db, const char *to, int64_t n, size_t pad, uint64_t *index);
/* Checks everything that a store promises about its ledger, by computing it again from the lines: returns the number of entries. */
uint64_t fixture_check_ledger(struct store_db *db, const struct note_signer *signer);

#define OK(expression) assert_int_equal((expression), 0)

#endif
