/* tls_ssl: what tls_context.c and tls_session.c share and nobody else sees. */
#ifndef NET_TLS_SSL_H
#define NET_TLS_SSL_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdint.h>

#include "daemon/net/tls.h"

struct tls_context {
    atomic_uint references;
    SSL_CTX *ssl;
    int64_t not_after;  /* ms */
};

/* SHA-256 of the DER form, lower-case hex. */
int tls_fingerprint(const X509 *certificate, char out[65]) TB_MUST_USE;
/* notAfter in ms since 1970. */
int tls_not_after(const X509 *certificate, int64_t *out) TB_MUST_USE;

#endif
