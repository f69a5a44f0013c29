#include "daemon/net/tls_pin.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int pin_index = -1;
static pthread_once_t pin_once = PTHREAD_ONCE_INIT;

static void make_index(void)
{
    pin_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static int names_office(X509 *certificate, const char *office)
{
    char want[64];
    (void)snprintf(want, sizeof want, "urn:tongban:office:%s", office);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int found = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && !found; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        const unsigned char *text = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        int len = ASN1_STRING_length(name->d.uniformResourceIdentifier);
        found = len > 0 && (size_t)len == strlen(want) && memcmp(text, want, strlen(want)) == 0;
    }
    GENERAL_NAMES_free(names);
    return found;
}

static int verify_pin(int chain_ok, X509_STORE_CTX *store)
{
    chain_ok = tls_crl_verdict(chain_ok, store);
    if (!chain_ok || X509_STORE_CTX_get_error_depth(store) != 0)
        return chain_ok;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *office = ssl ? SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), pin_index) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (office && certificate && names_office(certificate, office))
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

int tls_pin_office(void *ssl_ctx, const char *office, const char *crl, const struct tls_crl_policy *policy)
{
    SSL_CTX *ctx = ssl_ctx;
    if (pthread_once(&pin_once, make_index) != 0 || pin_index < 0)
        return TB_ENOMEM;
    union {
        const char *in;
        void *out;
    } pointer = {.in = office}; /* OpenSSL's slot is not const; nothing writes through it */
    if (SSL_CTX_set_ex_data(ctx, pin_index, pointer.out) != 1)
        return TB_ENOMEM;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, verify_pin);
    return tls_crl_use(SSL_CTX_get_cert_store(ctx), crl, policy);
}
