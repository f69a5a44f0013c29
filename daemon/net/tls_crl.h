/* tls_crl: revocation lists (CRL), the same way for our servers and for our client towards peers.
 *
 * Lists are files that somebody carries here; one that is late must not stop open cases.  So an outdated list goes on being used: what it
 * revokes stays revoked, everything else is trusted, and an alarm says how old it is.  Only with `strict` an outdated list closes the door
 * (decision 16).  An authority without a list is not asked for one. */
#ifndef NET_TLS_CRL_H
#define NET_TLS_CRL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/problem.h"

struct tls_crl_policy {
    bool strict;
    int64_t max_age_ms; /* after thisUpdate a list is outdated, as it is after its own nextUpdate */
};

struct tls_crl_info {
    int64_t made_ms, next_ms; /* thisUpdate, nextUpdate (0: none) of the oldest list in the file */
};

/* Reads a file of one or more lists, each signed by a certificate of the authority's file; else it is refused whole.  *pem is new. */
int tls_crl_load(const char *file, const char *authority_file, char **pem, struct tls_crl_info *out, struct problem *p) TB_MUST_USE;
bool tls_crl_outdated(const struct tls_crl_info *info, const struct tls_crl_policy *policy, int64_t now_ms);

/* Puts lists (PEM text, NULL: none) into an OpenSSL X509_STORE and turns the check of leaf certificates on.  The policy is borrowed for
 * the life of the store. */
int tls_crl_use(void *x509_store, const char *pem, const struct tls_crl_policy *policy) TB_MUST_USE;
/* Inside OpenSSL's verify callback: what becomes of its verdict `ok` in this X509_STORE_CTX. */
int tls_crl_verdict(int ok, void *x509_store_ctx);

#endif
