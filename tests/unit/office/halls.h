/* halls: two offices in one process under one virtual clock, for the tests of what requests and time do to cases.
 *
 * Both use the daemon's own store and commands, on disks in memory; the link between them is a function call (halls_exchange), so that
 * a test decides when a message arrives.  The clock stands still until the test moves it. */
#ifndef TESTS_OFFICE_HALLS_H
#define TESTS_OFFICE_HALLS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office.h"
#include "proto/clock.h"
#include "proto/item.h"

enum { HOME, INTAKE, HALLS }; /* 330483 decides, 320623 takes in */

struct hall {
    struct halls *both;
    char directory[64];
    struct note_signer signer;
    struct world world;
    struct office *office;
    struct store *store;
    unsigned keys;
    struct office_discord told, heard; /* in the last batch, in the last answer that contradicted it */
};

struct halls {
    struct hall hall[HALLS];
    int64_t now;
    uint64_t random;
    struct problem problem; /* of the last refusal */
};

/* `elements`: JSON members that the items of the home side have beside the usual ones, one text per item (codes X1, X2, …), NULL-ended.
 * Both offices are open afterwards and know each other's catalogue.  The clock stands at the beginning of `when`. */
void halls_make(struct halls *h, const char *const *elements, bool acceptance, const char *when);
void halls_drop(struct halls *h);
/* What the home side grants from the next halls_make on; acceptance is halls_make's. */
struct halls_grant {
    const char *items, *steps;
    int64_t until_day;
};
extern struct halls_grant halls_grant;
/* A command with a closure, as its own commit. */
int halls_run(struct halls *h, int hall, int (*body)(struct store_db *db, void *context), void *context);
/* "2026-09-30 16:00" in China Standard Time. */
void halls_at(struct halls *h, const char *when);
/* Sends what waits, both ways, until nothing does. */
void halls_exchange(struct halls *h);
/* One exchange begun by one side: carries its messages, and brings the other's receipts but not its messages. */
void halls_send(struct halls *h, int from);
/* The same with at most so many messages; `answered` false: it is cut off before the answer is there. */
void halls_send_part(struct halls *h, int from, unsigned messages, bool answered);
/* Takes in at the intake side, handed in now; the case number. */
const char *halls_intake(struct halls *h, const char *item, char no[CASE_NO_TEXT]);
/* The same at the home side itself: a local case (本地办件). */
const char *halls_local(struct halls *h, const char *item, char no[CASE_NO_TEXT]);
/* A joint case of an item with legs, at the home side; its number. */
const char *halls_joint(struct halls *h, const char *item, char no[CASE_NO_TEXT]);
/* An act with a body ('…' for "…"); 0 or the problem's code (h->problem). */
int halls_act(struct halls *h, int hall, const char *role, const char *no, const char *action, const char *body);
/* An act of a register; body: {"case"?,"data"?}.  `no` NULL makes an object.  `made` (may be NULL): its number. */
int halls_register(struct halls *h, int hall, const char *role, const char *kind, const char *no, const char *act, const char *body,
                   char made[REGISTER_NO_TEXT]);
/* The object; the caller clears it. */
struct object_row halls_object(struct halls *h, int hall, const char *no);
/* What a power cut leaves: closes the store, and opens it again from its disk. */
void halls_restart(struct halls *h, int hall);
/* Opens a store that the test has closed. */
void halls_reopen(struct halls *h, int hall);
/* Runs the tick until it has no more to do; numbers of the last run added up.  `sum` may be NULL. */
void halls_tick(struct halls *h, int hall, struct office_tick *sum);
/* The row; the caller clears it. */
struct case_row halls_row(struct halls *h, int hall, const char *no);
/* An answer of a question about a case; a new reference. */
json_t *halls_ask(struct halls *h, int hall, enum office_ask ask, const char *no);
/* Another calendar at both offices, as after a restart with a new file. */
void halls_calendar(struct halls *h, const char *more_lines);

/* The confirmed state, and the clock that the row caches ("-": none). */
enum case_state halls_state(struct halls *h, int hall, const char *no);
void halls_assert_due(struct halls *h, int hall, const char *no, const char *date, enum clock_kind clock);

#define NOTICE(deadline)                                                                                               \
    "{'defects':[{'material':'照片','defect':'缺','standard':'一寸','cure':'补交'}],'deadline':'" deadline "'}"
#define SUPPLEMENT "{'materials':[{'name':'照片','form':'original'}]}"
#define REFUSAL    "{'reason_class':'NOT_SUPPLEMENTED','reason':'逾期未补正','legal_basis':'行政许可法32'}"
/* One item per rule, for halls_make: X1 … X6. */
extern const char *const halls_items[];

#define OK(expression) assert_int_equal((expression), 0)

#endif
