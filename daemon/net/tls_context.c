#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/tls_ssl.h"

#define TLS_CHAIN_BYTES (32 * 1024) /* what a client may send as its chain */

int tls_fingerprint(const X509 *certificate, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1 || len != 32)
        return TB_ENOMEM;
    for (unsigned i = 0; i < 32; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

int tls_not_after(const X509 *certificate, int64_t *out)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    int ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate));
    ASN1_TIME_free(epoch);
    if (!ok)
        return TB_EMALFORMED;
    *out = ((int64_t)days * 86400 + seconds) * 1000;
    return 0;
}

/* Sets the problem with OpenSSL's own words for the operator and clears its error queue. */
static int tls_problem(struct problem *p, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    int rc = problem_set(p, PROBLEM_UNTRUSTED, NULL, "%s '%s'%s%s", what, file ? file : "", reason ? ": " : "",
                         reason ? reason : "");
    ERR_clear_error();
    return rc;
}

/* Runs inside OpenSSL's chain check, so that a refusal ends the handshake and no unverified peer gets further. */
int tls_verify_client(int ok, X509_STORE_CTX *store)
{
    ok = tls_crl_verdict(ok, store);
    if (ok && X509_STORE_CTX_get_error_depth(store) == 0) {
        X509 *leaf = X509_STORE_CTX_get_current_cert(store);
        if (!(X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) ||
            !(X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT)) {
            X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
            ok = 0;
        }
    }
    return ok;
}

static int tls_check_own_key(SSL_CTX *ssl, const struct tls_options *options, struct problem *p)
{
    const EVP_PKEY *key = SSL_CTX_get0_privatekey(ssl);
    char group[32] = "";
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") && bits >= 2048 && bits <= 3072)
        return 0;
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
        (!strcmp(group, "prime256v1") || !strcmp(group, "P-256")))
        return 0;
    return problem_set(p, PROBLEM_UNTRUSTED, NULL, "the key '%s' is neither P-256 nor RSA of 2048 to 3072 bits",
                       options->key_file);
}

static int tls_load_own(struct tls_context *context, const struct tls_options *options, struct problem *p)
{
    SSL_CTX *ssl = context->ssl;
    if (SSL_CTX_use_certificate_chain_file(ssl, options->certificate_file) != 1)
        return tls_problem(p, "cannot use the certificate", options->certificate_file);
    if (SSL_CTX_use_PrivateKey_file(ssl, options->key_file, SSL_FILETYPE_PEM) != 1)
        return tls_problem(p, "cannot use the key", options->key_file);
    if (SSL_CTX_check_private_key(ssl) != 1)
        return tls_problem(p, "the key does not belong to the certificate", options->certificate_file);
    const X509 *own = SSL_CTX_get0_certificate(ssl);
    if (X509_check_purpose(SSL_CTX_get0_certificate(ssl), X509_PURPOSE_SSL_SERVER, 0) != 1)
        return problem_set(p, PROBLEM_UNTRUSTED, NULL, "'%s' is no certificate for a server: its extended key usage has no serverAuth",
                           options->certificate_file);
    if (!options->expired_too && X509_cmp_current_time(X509_get0_notAfter(own)) <= 0)
        return tls_problem(p, "expired certificate", options->certificate_file);
    if (X509_cmp_current_time(X509_get0_notBefore(own)) >= 0)
        return tls_problem(p, "not yet valid certificate", options->certificate_file);
    if (tls_not_after(own, &context->not_after))
        return tls_problem(p, "unreadable dates in the certificate", options->certificate_file);
    return tls_check_own_key(ssl, options, p);
}

static int tls_load_trust(struct tls_context *context, const struct tls_options *options, struct problem *p)
{
    SSL_CTX *ssl = context->ssl;
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    if (!options->ca_files || !options->ca_files[0])
        return tls_problem(p, "no authority for clients beside the certificate", options->certificate_file);
    for (const char *const *file = options->ca_files; *file; file++) {
        if (X509_STORE_load_file(store, *file) != 1)
            return tls_problem(p, "cannot use the authority", *file);
        if (SSL_add_file_cert_subjects_to_stack(SSL_CTX_get_client_CA_list(ssl), *file) != 1)
            return tls_problem(p, "cannot name the authority", *file);
    }
    context->crl_policy = options->crl_policy;
    int rc = tls_crl_use(store, NULL, &context->crl_policy);
    for (const char *const *crl = options->crls; crl && *crl && !rc; crl++)
        rc = tls_crl_use(store, *crl, &context->crl_policy);
    /* whatever stands in an authority file anchors a chain, an intermediate too: the configuration pins it */
    if (rc || X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        return tls_problem(p, "cannot set up verification for", options->certificate_file);
    return 0;
}

static int tls_setup(SSL_CTX *ssl)
{
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ssl, TLS_CHAIN_BYTES);
    SSL_CTX_set_verify_depth(ssl, TLS_CHAIN_DEPTH);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, tls_verify_client);
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    if (!names)
        return TB_ENOMEM;
    SSL_CTX_set_client_CA_list(ssl, names); /* takes it */
    if (SSL_CTX_set_num_tickets(ssl, 0) != 1 || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set1_groups_list(ssl, "X25519:P-256") != 1)
        return TB_ENOMEM;
    return 0;
}

int tls_context_new(const struct tls_options *options, struct tls_context **out, struct problem *p)
{
    struct tls_context *context = calloc(1, sizeof *context);
    if (!context)
        return problem_from_code(p, TB_ENOMEM);
    static atomic_uint_fast64_t count;
    atomic_init(&context->references, 1);
    context->number = atomic_fetch_add(&count, 1) + 1;
    ERR_clear_error();
    int rc = 0;
    context->ssl = SSL_CTX_new(TLS_server_method());
    if (!context->ssl || tls_setup(context->ssl))
        rc = tls_problem(p, "cannot set up TLS for", options->certificate_file);
    if (!rc)
        rc = tls_load_own(context, options, p);
    if (!rc)
        rc = tls_load_trust(context, options, p);
    ERR_clear_error();
    if (rc) {
        tls_context_unref(context);
        return rc;
    }
    *out = context;
    return 0;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    if (context)
        (void)atomic_fetch_add(&context->references, 1);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (!context || atomic_fetch_sub(&context->references, 1) != 1)
        return;
    SSL_CTX_free(context->ssl);
    free(context);
}

int64_t tls_context_not_after(const struct tls_context *context)
{
    return context->not_after;
}

int tls_file_pins(const char *pem_file, struct tls_pins *out, struct problem *p)
{
    struct tls_pins pins = {.authority = {""}};
    unsigned count = 0;
    ERR_clear_error();
    BIO *file = BIO_new_file(pem_file, "r");
    int rc = 0;
    for (X509 *one; !rc && file && (one = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL; X509_free(one)) {
        if (count == LIMIT_AUTHORITIES_OF_ONE)
            rc = problem_set(p, PROBLEM_UNTRUSTED, NULL, "more than %d authorities in '%s'", LIMIT_AUTHORITIES_OF_ONE, pem_file);
        else if (tls_fingerprint(one, pins.authority[count++]))
            rc = problem_from_code(p, TB_ENOMEM);
    }
    BIO_free(file);
    if (!rc && !count)
        rc = tls_problem(p, "cannot read a certificate from", pem_file);
    ERR_clear_error(); /* the end of the file is one */
    *out = pins;
    return rc;
}

bool tls_pinned(const struct tls_pins *pins, const char *authority)
{
    bool found = false;
    for (unsigned i = 0; i < LIMIT_AUTHORITIES_OF_ONE; i++)
        found = found || (pins->authority[i][0] && strcmp(pins->authority[i], authority) == 0);
    return found;
}

int tls_file_pair(const char *certificate_file, const char *key_file, struct problem *p)
{
    ERR_clear_error();
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    int rc = 0;
    if (!ssl || SSL_CTX_use_certificate_chain_file(ssl, certificate_file) != 1)
        rc = tls_problem(p, "cannot use the certificate", certificate_file);
    else if (SSL_CTX_use_PrivateKey_file(ssl, key_file, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ssl) != 1)
        rc = tls_problem(p, "cannot use the key", key_file);
    SSL_CTX_free(ssl);
    return rc;
}
