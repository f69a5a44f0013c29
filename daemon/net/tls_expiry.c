#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "daemon/net/tls_ssl.h"

const char *tls_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

int64_t tls_file_not_after(const char *pem_file)
{
    ERR_clear_error();
    BIO *file = BIO_new_file(pem_file, "r");
    int64_t first = 0, until;
    for (X509 *certificate; file && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)); X509_free(certificate))
        if (tls_not_after(certificate, &until) == 0 && (!first || until < first))
            first = until;
    BIO_free(file);
    ERR_clear_error();
    return first;
}
