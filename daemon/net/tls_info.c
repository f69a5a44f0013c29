#include "daemon/net/tls_info.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "daemon/net/tls_ssl.h"

static void take_name(const X509_NAME *name, char out[TLS_NAME_TEXT])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
        len = BIO_read(bio, out, TLS_NAME_TEXT - 1);
    out[len > 0 ? len : 0] = '\0';
    for (char *end = out + strlen(out); end > out && len == TLS_NAME_TEXT - 1 && ((unsigned char)end[-1] & 0x80);)
        *--end = '\0'; /* no half character where it was cut */
    BIO_free(bio);
}

static void take_urn(X509 *certificate, char out[TLS_URN_TEXT])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        const char *uri = type == GEN_URI ? (const char *)ASN1_STRING_get0_data(value) : NULL;
        int len = uri ? ASN1_STRING_length(value) : 0;
        if (len >= 12 && len < TLS_URN_TEXT && !strncmp(uri, "urn:tongban:", 12) && !memchr(uri, 0, (size_t)len))
            (void)snprintf(out, TLS_URN_TEXT, "%.*s", len, uri);
    }
    GENERAL_NAMES_free(names);
}

int64_t tls_time_ms(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    if (epoch && !ASN1_TIME_diff(&days, &seconds, epoch, time))
        days = seconds = 0;
    ASN1_TIME_free(epoch);
    return ((int64_t)days * 86400 + seconds) * 1000;
}

static int take_info(X509 *certificate, struct tls_info *out)
{
    struct tls_info info;
    int rc = tls_fingerprint(certificate, info.fingerprint);
    if (rc)
        return rc;
    take_name(X509_get_subject_name(certificate), info.subject);
    take_name(X509_get_issuer_name(certificate), info.issuer);
    take_urn(certificate, info.urn);
    info.not_before_ms = tls_time_ms(X509_get0_notBefore(certificate));
    info.not_after_ms = tls_time_ms(X509_get0_notAfter(certificate));
    *out = info;
    return 0;
}

int tls_info_read(const char *pem_file, struct tls_info *out, size_t room, size_t *count, struct problem *p)
{
    BIO *file = BIO_new_file(pem_file, "r");
    X509 *certificate;
    int rc = 0;
    *count = 0;
    while (file && !rc && *count < room && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        rc = take_info(certificate, &out[*count]);
        *count += !rc;
        X509_free(certificate);
    }
    BIO_free(file);
    ERR_clear_error(); /* the end of the file is one */
    return rc || !*count ? problem_set(p, PROBLEM_UNTRUSTED, NULL, "cannot read a certificate from '%s'", pem_file) : 0;
}
