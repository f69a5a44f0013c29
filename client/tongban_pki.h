/* pki: the index of a small authority (`tongbanctl pki`), a text file of tab-separated lines that a person can read.
 *
 * A row is written before its certificate is handed out, so that nothing was ever issued that could not be revoked.  Pure. */
#ifndef CLIENT_TONGBAN_PKI_H
#define CLIENT_TONGBAN_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/tongban_cert.h"
#include "proto/timestamp.h"

enum { PKI_KIND_TEXT = 10, PKI_REASON_TEXT = 24, PKI_OFFICE_TEXT = 7 };

struct pki_row {
    char serial[CERT_SERIAL_TEXT];
    char kind[PKI_KIND_TEXT];      /* of cert_kind_word */
    char urn[CERT_URN_TEXT];
    char issued[TIMESTAMP_TEXT], not_after[TIMESTAMP_TEXT];
    char revoked[TIMESTAMP_TEXT];  /* "" while it is good */
    char reason[PKI_REASON_TEXT];  /* of pki_reason_code, or "" */
};

struct pki_index {
    char office[PKI_OFFICE_TEXT];
    int64_t crl_number; /* of the last revocation list */
    struct pki_row *row; /* owned */
    size_t count;
};

/* Strict: TB_EMALFORMED with the line that is wrong.  *out is new (pki_index_free). */
int pki_index_parse(const char *text, size_t len, struct pki_index *out, size_t *line) TB_MUST_USE;
int pki_index_format(const struct pki_index *index, struct buf *out) TB_MUST_USE;
void pki_index_free(struct pki_index *index);
/* Appends a copy. */
int pki_index_add(struct pki_index *index, const struct pki_row *row) TB_MUST_USE;
/* The row of a serial number, or NULL. */
struct pki_row *pki_index_find(const struct pki_index *index, const char *serial);
/* Reasons of RFC 5280 5.3.1 that fit here, by their name there; TB_ENOTFOUND for another. */
int pki_reason_code(const char *word, int *code) TB_MUST_USE;

#endif
