/* codes: numbers with rules — citizen ID, unified social credit code, licence identifier, case number, tracking number, division.
 *
 * One row per kind in CODE_TABLE: `tongban code check`, the intake checks and the tests all walk it.  Pure. */
#ifndef PROTO_CODES_H
#define PROTO_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

enum code_kind {
    CODE_CITIZEN_ID, /* 公民身份号码, GB 11643-1999 */
    CODE_USCC,       /* 统一社会信用代码, GB 32100-2015 with GB 11714 inside */
    CODE_LICENCE_ID, /* 电子证照标识, GB/T 36904-2018 */
    CODE_CASE_NO,    /* 办件编号, ours: division, YYMMDD, serial, ISO 7064 MOD 11,10 */
    CODE_TRACKING,   /* 运单号, opaque 8–20 [A-Z0-9]; UPU S10 checked when it has that form */
    CODE_KINDS
};

struct code_rule {
    const char *name;     /* "citizen-id": the word on the command line and in messages */
    const char *standard; /* "GB 11643-1999" */
    /* 0, or TB_EMALFORMED with *why set to a static English sentence (a gettext message id). */
    int (*check)(const char *text, const char **why);
};

extern const struct code_rule code_rules[CODE_KINDS];
/* Kind by name, or -1. */
int code_kind(const char *name);
int code_check(enum code_kind kind, const char *text, const char **why) TB_MUST_USE;

enum { CASE_NO_LEN = 21, CASE_NO_TEXT = 22, OFFICE_LEN = 6, OFFICE_TEXT = 7 };
/* Builds a case number.  `office` six digits, day in days since 1970 (China Standard Time), serial 1 … 99,999,999. */
int case_no_make(const char *office, int64_t day, uint32_t serial, char out[CASE_NO_TEXT]) TB_MUST_USE;
/* Six digits. */
bool office_valid(const char *text);
/* GB/T 2260 name of the four offices' divisions for display ("桐乡市"), or NULL. */
const char *office_name(const char *office);

#endif
