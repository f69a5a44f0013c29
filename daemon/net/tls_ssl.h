/* tls_ssl: what tls_context.c and tls_session.c share and nobody else sees. */
#ifndef NET_TLS_SSL_H
#define NET_TLS_SSL_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdint.h>

#include "daemon/net/tls.h"

enum { TLS_CHAIN_DEPTH = 4 };

struct tls_context {
    atomic_uint references;
    SSL_CTX *ssl;
    int64_t not_after;  /* ms */
    uint64_t number;    /* of this context: no two of a process have the same */
    struct tls_crl_policy crl_policy;
};

/* The verify callback of every chain that a client of ours shows. */
int tls_verify_client(int ok, X509_STORE_CTX *store);
/* SHA-256 of the DER form, lower-case hex. */
int tls_fingerprint(const X509 *certificate, char out[65]) TB_MUST_USE;
/* ms since 1970; 0 for what is no time. */
int64_t tls_time_ms(const ASN1_TIME *time);
/* notAfter in ms since 1970. */
int tls_not_after(const X509 *certificate, int64_t *out) TB_MUST_USE;

#endif
