#include "proto/suite.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

struct suite {
    const char *name;
    const char *digest; /* name of the hash at the provider */
    const char *key;    /* name of the key type at the provider */
    uint8_t sign_type, cosign_type;
    size_t public_bytes, secret_bytes, signature_bytes;
    int (*public)(const struct suite *suite, const uint8_t *secret, uint8_t *public_out);
    int (*sign)(const struct suite *suite, const uint8_t *secret, const void *msg, size_t len, uint8_t *sig,
                size_t *sig_len);
    int (*verify)(const struct suite *suite, const uint8_t *public_key, const void *msg, size_t len, const uint8_t *sig,
                  size_t sig_len);
};

/* --- keys that are plain byte strings (RFC 8032) --- */

static int raw_public(const struct suite *suite, const uint8_t *secret, uint8_t *public_out)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, suite->key, NULL, secret, suite->secret_bytes);
    size_t len = suite->public_bytes;
    uint8_t bytes[SUITE_PUBLIC_MAX];
    int rc = key && EVP_PKEY_get_raw_public_key(key, bytes, &len) == 1 && len == suite->public_bytes ? 0 : TB_ENOMEM;
    if (!rc)
        memcpy(public_out, bytes, len);
    EVP_PKEY_free(key);
    return rc;
}

static int raw_sign(const struct suite *suite, const uint8_t *secret, const void *msg, size_t len, uint8_t *sig,
                    size_t *sig_len)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, suite->key, NULL, secret, suite->secret_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t bytes[SUITE_SIGNATURE_MAX];
    size_t made = sizeof bytes;
    int rc = TB_ENOMEM;
    if (key && ctx && EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
        EVP_DigestSign(ctx, bytes, &made, msg, len) == 1) {
        memcpy(sig, bytes, made);
        *sig_len = made;
        rc = 0;
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return rc;
}

static int raw_verify(const struct suite *suite, const uint8_t *public_key, const void *msg, size_t len,
                      const uint8_t *sig, size_t sig_len)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, suite->key, NULL, public_key, suite->public_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int rc = TB_ENOMEM;
    if (key && ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1)
        rc = EVP_DigestVerify(ctx, sig, sig_len, msg, len) == 1 ? 0 : TB_ETRUST;
    if (rc)
        ERR_clear_error(); /* the queue is per thread: leave nothing for the next user (TLS) to misread */
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return rc;
}

static const struct suite suites[] = {
    {"intl", "SHA256", "ED25519", 0x01, 0x04, 32, 32, 64, raw_public, raw_sign, raw_verify},
};
enum { SUITES = sizeof suites / sizeof suites[0] };

const struct suite *suite_by_name(const char *name)
{
    for (size_t i = 0; i < SUITES; i++)
        if (!strcmp(suites[i].name, name))
            return &suites[i];
    return NULL;
}

const struct suite *suite_by_type(uint8_t type)
{
    for (size_t i = 0; i < SUITES; i++)
        if (suites[i].sign_type == type || suites[i].cosign_type == type)
            return &suites[i];
    return NULL;
}

const char *suite_name(const struct suite *suite)
{
    return suite->name;
}

uint8_t suite_sign_type(const struct suite *suite)
{
    return suite->sign_type;
}

uint8_t suite_cosign_type(const struct suite *suite)
{
    return suite->cosign_type;
}

size_t suite_public_bytes(const struct suite *suite)
{
    return suite->public_bytes;
}

size_t suite_secret_bytes(const struct suite *suite)
{
    return suite->secret_bytes;
}

size_t suite_signature_bytes(const struct suite *suite)
{
    return suite->signature_bytes;
}

/* --- hashing: the digest is fetched once, each thread keeps one context --- */

static pthread_once_t digest_once = PTHREAD_ONCE_INIT;
static EVP_MD *digests[SUITES]; /* constant after digest_setup */
static pthread_key_t context_key;
static int context_key_rc;
static _Thread_local EVP_MD_CTX *context; /* owned by context_key, which frees it when the thread ends */

static void context_free(void *ctx)
{
    context = NULL;
    EVP_MD_CTX_free(ctx);
}

static void digest_setup(void)
{
    for (size_t i = 0; i < SUITES; i++)
        digests[i] = EVP_MD_fetch(NULL, suites[i].digest, NULL);
    context_key_rc = pthread_key_create(&context_key, context_free);
}

static EVP_MD_CTX *context_get(void)
{
    if (context)
        return context;
    if (pthread_once(&digest_once, digest_setup) || context_key_rc)
        return NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx && pthread_setspecific(context_key, ctx)) {
        EVP_MD_CTX_free(ctx);
        ctx = NULL;
    }
    context = ctx;
    return ctx;
}

int suite_hash(const struct suite *suite, const void *a, size_t a_len, const void *b, size_t b_len, const void *c,
               size_t c_len, uint8_t out[SUITE_HASH_BYTES])
{
    EVP_MD_CTX *ctx = context_get();
    if (!ctx || !digests[suite - suites] || EVP_DigestInit_ex2(ctx, digests[suite - suites], NULL) != 1 ||
        (a_len && EVP_DigestUpdate(ctx, a, a_len) != 1) || (b_len && EVP_DigestUpdate(ctx, b, b_len) != 1) ||
        (c_len && EVP_DigestUpdate(ctx, c, c_len) != 1))
        return TB_ENOMEM;
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1 ? 0 : TB_ENOMEM;
}

int suite_public(const struct suite *suite, const uint8_t *secret, uint8_t *public_out)
{
    return suite->public(suite, secret, public_out);
}

int suite_sign(const struct suite *suite, const uint8_t *secret, const void *msg, size_t len, uint8_t *sig,
               size_t *sig_len)
{
    return suite->sign(suite, secret, msg, len, sig, sig_len);
}

int suite_verify(const struct suite *suite, const uint8_t *public_key, const void *msg, size_t len, const uint8_t *sig,
                 size_t sig_len)
{
    if (sig_len != suite->signature_bytes)
        return TB_ETRUST;
    return suite->verify(suite, public_key, msg, len, sig, sig_len);
}

void suite_wipe(void *bytes, size_t len)
{
    OPENSSL_cleanse(bytes, len);
}
