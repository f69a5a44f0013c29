/* cert: keys, requests, certificates and revocation lists in the form that tongband demands (docs/how-to/certificates.md).
 *
 * A certificate of the project stands for one office or one member of staff: exactly one URN in its subjectAltName says which.  Its key is
 * P-256, or RSA of 2048 to 3072 bits.  Files are PEM; keys are written with mode 0600 and never over another file.  *why is a translated
 * sentence and is set when a call fails. */
#ifndef CLIENT_TONGBAN_CERT_H
#define CLIENT_TONGBAN_CERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/buf.h"

enum cert_kind { CERT_WINDOW, CERT_GATEWAY, CERT_STAFF, CERT_KINDS };
enum { CERT_URN_TEXT = 64, CERT_SUBJECT_TEXT = 48, CERT_DIGEST_TEXT = 65 };
enum { CERT_SERIAL_BYTES = 16, CERT_SERIAL_TEXT = 2 * CERT_SERIAL_BYTES + 1 };

/* What a certificate is to be; all borrowed. */
struct cert_want {
    enum cert_kind kind;
    const char *office;    /* "330483" */
    const char *number;    /* of staff, "0007"; else NULL */
    const char *addresses; /* "gateway.example,192.0.2.10": where the server is found; else NULL */
};

/* TB_ENOTFOUND for another word; the word of a kind; how many days one is good for. */
int cert_kind_parse(const char *word, enum cert_kind *out) TB_MUST_USE;
const char *cert_kind_word(enum cert_kind kind);
int cert_kind_days(enum cert_kind kind);
/* Whether a kind of server: it needs addresses. */
bool cert_kind_serves(enum cert_kind kind);

/* Checks codes, number and addresses, character by character: they become part of extensions.  TB_EMALFORMED. */
int cert_want_check(const struct cert_want *want, const char **why) TB_MUST_USE;
/* Of a want that was checked. */
void cert_urn(const struct cert_want *want, char out[CERT_URN_TEXT]);
void cert_subject(const struct cert_want *want, char out[CERT_SUBJECT_TEXT]);

/* A new P-256 key; NULL without memory or randomness. */
EVP_PKEY *cert_key_new(void);
/* NULL, or why tongband would not take this key. */
const char *cert_key_fault(const EVP_PKEY *key);
/* With a passphrase: PKCS #8, AES-256 under PBKDF2 (PKI_PBKDF2_ROUNDS); NULL: in the clear. */
int cert_key_write(const char *path, EVP_PKEY *key, const char *passphrase, const char **why) TB_MUST_USE;
/* Refuses a file that everybody may read.  *out is new. */
int cert_key_read(const char *path, const char *passphrase, EVP_PKEY **out, const char **why) TB_MUST_USE;

/* The first certificate of a file; a request whose signature by its own key was checked.  *out is new. */
int cert_read(const char *path, X509 **out, const char **why) TB_MUST_USE;
int cert_request_read(const char *path, X509_REQ **out, const char **why) TB_MUST_USE;
/* A request with the names of the want, signed by the key.  *out is new. */
int cert_request_new(EVP_PKEY *key, const struct cert_want *want, X509_REQ **out) TB_MUST_USE;
/* The DNS names and addresses that a request asks for, as in cert_want. */
int cert_request_addresses(const X509_REQ *request, struct buf *out) TB_MUST_USE;
/* TB_ECONFLICT when the request asks for another of our names than the want's. */
int cert_request_check(const X509_REQ *request, const struct cert_want *want, const char **why) TB_MUST_USE;

/* Adds an extension in OpenSSL's words; `issuer` NULL: the certificate itself. */
int cert_extend(X509 *certificate, X509 *issuer, int nid, const char *value) TB_MUST_USE;
/* The extensions of a certificate of this want (the profile). */
int cert_extend_all(X509 *certificate, X509 *issuer, const struct cert_want *want) TB_MUST_USE;

/* NULL, or why the certificate is not what is wanted: names, purpose, dates. */
const char *cert_fault(X509 *certificate, const struct cert_want *want);
/* The one URN of ours in it, or "". */
void cert_name(X509 *certificate, char out[CERT_URN_TEXT]);
int cert_fingerprint(const X509 *certificate, char out[CERT_DIGEST_TEXT]) TB_MUST_USE;
/* ms since 1970. */
int64_t cert_time_ms(const ASN1_TIME *time);
void cert_serial_text(const ASN1_INTEGER *serial, char out[CERT_SERIAL_TEXT]);

/* PEM text of what is given; appended. */
int cert_pem(X509 *certificate, struct buf *out) TB_MUST_USE;
int cert_request_pem(X509_REQ *request, struct buf *out) TB_MUST_USE;
int cert_crl_pem(X509_CRL *crl, struct buf *out) TB_MUST_USE;
/* A whole file of at most `max` bytes, appended. */
int cert_file_read(const char *path, struct buf *out) TB_MUST_USE;
/* A new file; TB_ECONFLICT when there is one.  On the disk when it returns. */
int cert_file_new(const char *path, mode_t mode, const char *bytes, size_t len) TB_MUST_USE;
/* Replaces the file, keeping its owner and mode, or makes it with this mode; whole or not at all. */
int cert_file_replace(const char *path, mode_t mode, const char *bytes, size_t len) TB_MUST_USE;

#endif
