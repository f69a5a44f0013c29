#include "daemon/net/tls_crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/tls_ssl.h"
#include "proto/limits.h"

static int policy_index = -1;
static pthread_once_t policy_once = PTHREAD_ONCE_INIT;

static void make_index(void)
{
    policy_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0, NULL, NULL, NULL, NULL);
}

/* ---- files ---- */

static int read_text(const char *file, char **out)
{
    BIO *bio = BIO_new_file(file, "r");
    char *text = bio ? malloc(LIMIT_CRL_BYTES + 1) : NULL;
    int len = text ? BIO_read(bio, text, LIMIT_CRL_BYTES + 1) : 0;
    BIO_free(bio);
    ERR_clear_error();
    if (len <= 0 || len > LIMIT_CRL_BYTES || memchr(text, 0, (size_t)len)) {
        free(text);
        return TB_EMALFORMED;
    }
    text[len] = '\0';
    *out = text;
    return 0;
}

/* Whether a certificate of the file signed the list. */
static bool signed_by(X509_CRL *crl, const char *authority_file)
{
    BIO *bio = BIO_new_file(authority_file, "r");
    bool found = false;
    for (X509 *one; bio && !found && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL; X509_free(one))
        found = X509_NAME_cmp(X509_get_subject_name(one), X509_CRL_get_issuer(crl)) == 0 &&
                X509_CRL_verify(crl, X509_get0_pubkey(one)) == 1;
    BIO_free(bio);
    ERR_clear_error();
    return found;
}

static void take_times(X509_CRL *crl, struct tls_crl_info *info, bool first)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    int64_t made_ms = tls_time_ms(X509_CRL_get0_lastUpdate(crl)), next_ms = next ? tls_time_ms(next) : 0;
    if (first || made_ms < info->made_ms)
        *info = (struct tls_crl_info){.made_ms = made_ms, .next_ms = next_ms};
}

int tls_crl_load(const char *file, const char *authority_file, char **pem, struct tls_crl_info *out, struct problem *p)
{
    char *text = NULL;
    struct tls_crl_info info = {0};
    unsigned count = 0;
    if (read_text(file, &text) != 0)
        return problem_set(p, PROBLEM_UNTRUSTED, NULL, "cannot read a revocation list of at most %d bytes from '%s'",
                           LIMIT_CRL_BYTES, file);
    BIO *bio = BIO_new_mem_buf(text, -1);
    int rc = bio ? 0 : problem_from_code(p, TB_ENOMEM);
    for (X509_CRL *one; !rc && (one = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL; X509_CRL_free(one)) {
        take_times(one, &info, count++ == 0);
        if (!signed_by(one, authority_file))
            rc = problem_set(p, PROBLEM_UNTRUSTED, NULL, "the revocation list '%s' is not signed by the authority '%s'",
                             file, authority_file);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (!rc && !count)
        rc = problem_set(p, PROBLEM_UNTRUSTED, NULL, "there is no revocation list in PEM form in '%s'", file);
    if (rc) {
        free(text);
        return rc;
    }
    *out = info;
    *pem = text;
    return 0;
}

bool tls_crl_outdated(const struct tls_crl_info *info, const struct tls_crl_policy *policy, int64_t now_ms)
{
    return now_ms - info->made_ms > policy->max_age_ms || (info->next_ms && now_ms > info->next_ms);
}

/* ---- checking ---- */

int tls_crl_use(void *x509_store, const char *pem, const struct tls_crl_policy *policy)
{
    X509_STORE *store = x509_store;
    union {
        const struct tls_crl_policy *in;
        void *out;
    } pointer = {.in = policy}; /* OpenSSL's slot is not const; nothing writes through it */
    if (pthread_once(&policy_once, make_index) != 0 || policy_index < 0 ||
        X509_STORE_set_ex_data(store, policy_index, pointer.out) != 1)
        return TB_ENOMEM;
    if (!pem)
        return 0;
    BIO *bio = BIO_new_mem_buf(pem, -1);
    int rc = bio ? 0 : TB_ENOMEM;
    for (X509_CRL *one; !rc && (one = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL; X509_CRL_free(one))
        rc = X509_STORE_add_crl(store, one) == 1 ? 0 : TB_ENOMEM;
    BIO_free(bio);
    ERR_clear_error();
    return rc ? rc : X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1 ? 0 : TB_ENOMEM;
}

/* Older than the policy allows, though its own nextUpdate may be far away. */
static bool too_old(X509_STORE_CTX *context, const struct tls_crl_policy *policy)
{
    const X509 *leaf = X509_STORE_CTX_get_current_cert(context);
    STACK_OF(X509_CRL) *lists = leaf ? X509_STORE_CTX_get1_crls(context, X509_get_issuer_name(leaf)) : NULL;
    ASN1_TIME *oldest = X509_time_adj_ex(NULL, -(int)(policy->max_age_ms / 86400000), 0, NULL);
    bool any = sk_X509_CRL_num(lists) > 0, fresh = false;
    for (int i = 0; oldest && i < sk_X509_CRL_num(lists); i++)
        fresh = fresh || ASN1_TIME_compare(X509_CRL_get0_lastUpdate(sk_X509_CRL_value(lists, i)), oldest) >= 0;
    ASN1_TIME_free(oldest);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return any && !fresh;
}

int tls_crl_verdict(int ok, void *x509_store_ctx)
{
    X509_STORE_CTX *context = x509_store_ctx;
    const X509_STORE *store = X509_STORE_CTX_get0_store(context);
    const struct tls_crl_policy *policy =
        store && policy_index >= 0 ? X509_STORE_get_ex_data(store, policy_index) : NULL;
    bool strict = policy && policy->strict;
    int error = X509_STORE_CTX_get_error(context);
    bool late = error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID;
    if (!ok && (error == X509_V_ERR_UNABLE_TO_GET_CRL || (late && !strict))) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    if (ok && strict && X509_STORE_CTX_get_error_depth(context) == 0 && too_old(context, policy)) {
        X509_STORE_CTX_set_error(context, X509_V_ERR_CRL_HAS_EXPIRED);
        return 0;
    }
    return ok;
}
