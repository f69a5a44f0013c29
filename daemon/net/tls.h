/* tls: contexts for mutual TLS (TLS 1.3 preferred, 1.2 floor), loaded, tested and swapped whole.
 *
 * A context is built completely — certificate, key, their match, the authorities accepted for clients, optional CRLs
 * — before it replaces another; connections hold references.  Renegotiation, compression and tickets are off.  Only our
 * own P-256 or RSA ≤ 3072 keys. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "daemon/net/tls_crl.h"
#include "proto/limits.h"
#include "proto/problem.h"

struct tls_context; /* reference-counted */

struct tls_options {
    const char *certificate_file; /* PEM chain of this server */
    const char *key_file;         /* PEM */
    const char *const *ca_files;  /* PEM files whose certificates may anchor a client's chain; NULL-terminated */
    const char *const *crls;      /* PEM texts, already checked (tls_crl_load); NULL-terminated, or NULL */
    struct tls_crl_policy crl_policy;
    bool expired_too;             /* take our own certificate after its end: who starts with it serves those whom it does not concern */
};

/* Reads files: call at start and on reload, not per connection.  *out is new. */
int tls_context_new(const struct tls_options *options, struct tls_context **out, struct problem *p) TB_MUST_USE;
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);
/* notAfter of our own certificate, ms. */
int64_t tls_context_not_after(const struct tls_context *context);
/* The earliest notAfter of all certificates in a PEM file, ms; 0 when none can be read. */
int64_t tls_file_not_after(const char *pem_file);
/* Version of OpenSSL; static. */
const char *tls_library(void);
/* SHA-256 hex of the certificates in a PEM file: what an office's configuration pins as tls_identity.authority.  Unused ones are empty. */
struct tls_pins {
    char authority[LIMIT_AUTHORITIES_OF_ONE][65];
};
int tls_file_pins(const char *pem_file, struct tls_pins *out, struct problem *p) TB_MUST_USE;
bool tls_pinned(const struct tls_pins *pins, const char *authority);
/* Whether the key belongs to the certificate; both PEM files. */
int tls_file_pair(const char *certificate_file, const char *key_file, struct problem *p) TB_MUST_USE;

#endif
