#include "client/tongban_cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libintl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/tongban.h"
#include "proto/codes.h"
#include "proto/limits.h"

static const char office_urn[] = "urn:tongban:office:", staff_urn[] = "urn:tongban:staff:", any_urn[] = "urn:tongban:";

/* What each kind is: durations after the custom of a department's year (docs/how-to/certificates.md). */
static const struct {
    const char *word, *usage;
    int days;
    bool serves;
} profiles[CERT_KINDS] = {
    [CERT_WINDOW] = {"window", "serverAuth", 730, true},
    [CERT_GATEWAY] = {"gateway", "serverAuth,clientAuth", 730, true},
    [CERT_STAFF] = {"staff", "clientAuth", 365, false},
};

int cert_kind_parse(const char *word, enum cert_kind *out)
{
    for (int i = 0; i < CERT_KINDS; i++)
        if (!strcmp(profiles[i].word, word)) {
            *out = (enum cert_kind)i;
            return 0;
        }
    return TB_ENOTFOUND;
}

const char *cert_kind_word(enum cert_kind kind)
{
    return profiles[kind].word;
}

int cert_kind_days(enum cert_kind kind)
{
    return profiles[kind].days;
}

bool cert_kind_serves(enum cert_kind kind)
{
    return profiles[kind].serves;
}

/* ---- what is wanted ---- */

static bool all_digits(const char *text, size_t least, size_t most)
{
    size_t len = strspn(text, "0123456789");
    return !text[len] && len >= least && len <= most;
}

/* Takes one "name" of the list; false when it is neither an address nor a host name. */
static bool address_ok(const char *text, size_t len, bool *is_ip)
{
    char copy[256];
    unsigned char parsed[16];
    if (len == 0 || len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    *is_ip = inet_pton(AF_INET, copy, parsed) == 1 || inet_pton(AF_INET6, copy, parsed) == 1;
    for (size_t i = 0; i < len && !*is_ip; i++)
        if (!isalnum((unsigned char)copy[i]) && copy[i] != '-' && copy[i] != '.')
            return false;
    return true;
}

static bool addresses_ok(const char *list)
{
    bool ip;
    for (size_t len;; list += len + 1) {
        len = strcspn(list, ",");
        if (!address_ok(list, len, &ip))
            return false;
        if (!list[len])
            return true;
    }
}

int cert_want_check(const struct cert_want *want, const char **why)
{
    *why = _("the office is a division code of six digits");
    if (!want->office || !all_digits(want->office, OFFICE_LEN, OFFICE_LEN))
        return TB_EMALFORMED;
    *why = _("a certificate of staff needs the person's number (digits, at most 12), no other may have one");
    if ((want->kind == CERT_STAFF) != (want->number != NULL) || (want->number && !all_digits(want->number, 1, 12)))
        return TB_EMALFORMED;
    *why = _("a server needs its addresses: host names or IP addresses, separated by commas; staff have none");
    if (profiles[want->kind].serves != (want->addresses != NULL))
        return TB_EMALFORMED;
    if (want->addresses && (strlen(want->addresses) > LIMIT_PKI_ADDRESSES_BYTES || !addresses_ok(want->addresses)))
        return TB_EMALFORMED;
    *why = "";
    return 0;
}

void cert_urn(const struct cert_want *want, char out[CERT_URN_TEXT])
{
    if (want->kind == CERT_STAFF)
        (void)snprintf(out, CERT_URN_TEXT, "%s%s:%s", staff_urn, want->office, want->number);
    else
        (void)snprintf(out, CERT_URN_TEXT, "%s%s", office_urn, want->office);
}

void cert_subject(const struct cert_want *want, char out[CERT_SUBJECT_TEXT])
{
    (void)snprintf(out, CERT_SUBJECT_TEXT, "%s %s%s%s", profiles[want->kind].word, want->office,
                   want->number ? ":" : "", want->number ? want->number : "");
}

/* "URI:urn:…,IP:192.0.2.10,DNS:gateway.example" */
static int names_text(const struct cert_want *want, struct buf *out)
{
    char urn[CERT_URN_TEXT];
    cert_urn(want, urn);
    int rc = buf_printf(out, "URI:%s", urn);
    for (const char *at = want->addresses; at && *at && !rc;) {
        size_t len = strcspn(at, ",");
        bool ip = false;
        rc = address_ok(at, len, &ip) ? buf_printf(out, ",%s:%.*s", ip ? "IP" : "DNS", (int)len, at) : TB_EMALFORMED;
        at += len + (at[len] == ',');
    }
    return rc;
}

/* ---- keys ---- */

EVP_PKEY *cert_key_new(void)
{
    return EVP_EC_gen("P-256");
}

const char *cert_key_fault(const EVP_PKEY *key)
{
    char group[32] = "";
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") && bits >= 2048 && bits <= 3072)
        return NULL;
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
        (!strcmp(group, "prime256v1") || !strcmp(group, "P-256")))
        return NULL;
    return _("the key is neither P-256 nor RSA of 2048 to 3072 bits");
}

/* PKCS #8 under a passphrase. */
static int write_encrypted(BIO *bio, EVP_PKEY *key, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_ALGOR *how = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), LIMIT_PKI_PBKDF2_ROUNDS, NULL, 0, NULL, NID_hmacWithSHA256);
    X509_SIG *sealed = plain && how ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, how) : NULL;
    int rc = sealed && PEM_write_bio_PKCS8(bio, sealed) == 1 ? 0 : TB_ENOMEM;
    if (!sealed)
        X509_ALGOR_free(how); /* else it belongs to `sealed` */
    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return rc;
}

int cert_key_write(const char *path, EVP_PKEY *key, const char *passphrase, const char **why)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;
    *why = _("the key cannot be encoded");
    int rc = !bio         ? TB_ENOMEM
             : passphrase ? write_encrypted(bio, key, passphrase)
             : PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 ? 0
                                                                                       : TB_ENOMEM;
    if (!rc) {
        long len = BIO_get_mem_data(bio, &text);
        rc = cert_file_new(path, 0600, text, (size_t)len);
        *why = rc == TB_ECONFLICT ? _("a file of that name is there already; keys are never written over")
                                  : _("cannot be written");
    }
    BIO_free(bio);
    ERR_clear_error();
    return rc;
}

int cert_key_read(const char *path, const char *passphrase, EVP_PKEY **out, const char **why)
{
    struct stat info;
    const char *secret = passphrase ? passphrase : ""; /* "": never asks at the terminal by itself */
    FILE *file = fopen(path, "re");
    int rc = TB_EIO;
    *why = _("cannot be read");
    if (file && fstat(fileno(file), &info) == 0) {
        rc = info.st_mode & S_IRWXO ? TB_EDENIED : 0;
        *why = _("everybody may read this key: it is no secret any more; make a new one, with mode 0600");
    }
    if (!rc) {
        *out = PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t)secret);
        rc = *out ? 0 : TB_EMALFORMED;
        *why = passphrase ? _("the passphrase is wrong, or this is no key in PEM form")
                          : _("there is no key in PEM form without a passphrase");
    }
    if (file)
        (void)fclose(file);
    ERR_clear_error();
    return rc;
}

/* ---- certificates and requests in files ---- */

int cert_read(const char *path, X509 **out, const char **why)
{
    FILE *file = fopen(path, "re");
    *out = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    *why = _("there is no certificate in PEM form");
    if (file)
        (void)fclose(file);
    ERR_clear_error();
    return *out ? 0 : TB_EMALFORMED;
}

int cert_request_read(const char *path, X509_REQ **out, const char **why)
{
    FILE *file = fopen(path, "re");
    X509_REQ *request = file ? PEM_read_X509_REQ(file, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
    const char *fault = key ? cert_key_fault(key) : NULL;
    int rc = TB_EMALFORMED;
    *why = _("there is no certificate request in PEM form");
    if (fault)
        *why = fault;
    else if (key && X509_REQ_verify(request, key) != 1)
        *why = _("the request is not signed by its own key");
    else if (key)
        rc = 0;
    if (file)
        (void)fclose(file);
    if (rc)
        X509_REQ_free(request);
    else
        *out = request;
    ERR_clear_error();
    return rc;
}

int cert_request_new(EVP_PKEY *key, const struct cert_want *want, X509_REQ **out)
{
    struct buf names;
    char subject[CERT_SUBJECT_TEXT];
    X509_REQ *request = X509_REQ_new();
    X509_EXTENSION *extension = NULL;
    STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
    buf_init(&names, (size_t)2 * LIMIT_PKI_ADDRESSES_BYTES);
    cert_subject(want, subject);
    int rc = names_text(want, &names);
    if (!rc)
        extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names.data);
    bool ok = request && all && extension && sk_X509_EXTENSION_push(all, extension) > 0;
    if (!ok)
        X509_EXTENSION_free(extension);
    X509_NAME *name = ok ? X509_REQ_get_subject_name(request) : NULL;
    ok = ok && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0) &&
         X509_REQ_add_extensions(request, all) && X509_REQ_set_pubkey(request, key) &&
         X509_REQ_sign(request, key, EVP_sha256()) > 0;
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    buf_free(&names);
    ERR_clear_error();
    if (!ok) {
        X509_REQ_free(request);
        return TB_ENOMEM;
    }
    *out = request;
    return 0;
}

/* Names of a request; NULL without. */
static GENERAL_NAMES *request_names(const X509_REQ *request)
{
    STACK_OF(X509_EXTENSION) *all =
        X509_REQ_get_extensions((X509_REQ *)(uintptr_t)request); /* OpenSSL 3.0 wants it not const */
    GENERAL_NAMES *names = X509V3_get_d2i(all, NID_subject_alt_name, NULL, NULL);
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    return names;
}

static int append_address(const GENERAL_NAME *name, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    const unsigned char *bytes = type == GEN_DNS || type == GEN_IPADD ? ASN1_STRING_get0_data(value) : NULL;
    int len = bytes ? ASN1_STRING_length(value) : 0;
    const char *comma = out->len ? "," : "";
    if (type == GEN_DNS && len > 0)
        return memchr(bytes, 0, (size_t)len) ? TB_EMALFORMED
                                             : buf_printf(out, "%s%.*s", comma, len, (const char *)bytes);
    if (type == GEN_IPADD && (len == 4 || len == 16) &&
        inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text))
        return buf_printf(out, "%s%s", comma, text);
    return 0;
}

int cert_request_addresses(const X509_REQ *request, struct buf *out)
{
    GENERAL_NAMES *names = request_names(request);
    int rc = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && !rc; i++)
        rc = append_address(sk_GENERAL_NAME_value(names, i), out);
    GENERAL_NAMES_free(names);
    return rc;
}

/* The URNs of ours among the names; the last one in `out`. */
static unsigned our_names(const GENERAL_NAMES *names, char out[CERT_URN_TEXT])
{
    unsigned found = 0;
    out[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_URI)
            continue;
        const char *uri = (const char *)ASN1_STRING_get0_data(value);
        size_t len = (size_t)ASN1_STRING_length(value), ours = sizeof any_urn - 1;
        if (len < ours || memcmp(uri, any_urn, ours) != 0)
            continue;
        found++;
        (void)snprintf(out, CERT_URN_TEXT, "%.*s", len < CERT_URN_TEXT && !memchr(uri, 0, len) ? (int)len : 0, uri);
    }
    return found;
}

int cert_request_check(const X509_REQ *request, const struct cert_want *want, const char **why)
{
    char urn[CERT_URN_TEXT], asked[CERT_URN_TEXT];
    GENERAL_NAMES *names = request_names(request);
    unsigned found = our_names(names, asked);
    GENERAL_NAMES_free(names);
    cert_urn(want, urn);
    *why = _("the request asks for another name than the one to be issued");
    return found == 0 || (found == 1 && !strcmp(urn, asked)) ? 0 : TB_ECONFLICT;
}

/* ---- the profile ---- */

int cert_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    int rc = extension && X509_add_ext(certificate, extension, -1) == 1 ? 0 : TB_ENOMEM;
    X509_EXTENSION_free(extension);
    return rc;
}

int cert_extend_all(X509 *certificate, X509 *issuer, const struct cert_want *want)
{
    struct buf names;
    buf_init(&names, (size_t)2 * LIMIT_PKI_ADDRESSES_BYTES);
    int rc = names_text(want, &names);
    if (!rc)
        rc = cert_extend(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    if (!rc)
        rc = cert_extend(certificate, issuer, NID_key_usage, "critical,digitalSignature");
    if (!rc)
        rc = cert_extend(certificate, issuer, NID_ext_key_usage, profiles[want->kind].usage);
    if (!rc)
        rc = cert_extend(certificate, issuer, NID_subject_alt_name, names.data);
    if (!rc)
        rc = cert_extend(certificate, issuer, NID_subject_key_identifier, "hash");
    if (!rc)
        rc = cert_extend(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    buf_free(&names);
    return rc;
}

/* ---- what stands in a certificate ---- */

void cert_name(X509 *certificate, char out[CERT_URN_TEXT])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (our_names(names, out) != 1)
        out[0] = '\0';
    GENERAL_NAMES_free(names);
}

const char *cert_fault(X509 *certificate, const struct cert_want *want)
{
    char urn[CERT_URN_TEXT], name[CERT_URN_TEXT];
    uint32_t usage = X509_get_extended_key_usage(certificate), needed = 0;
    bool has_usage = X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE;
    needed |= want->kind != CERT_STAFF ? XKU_SSL_SERVER : 0;
    needed |= want->kind != CERT_WINDOW ? XKU_SSL_CLIENT : 0;
    cert_urn(want, urn);
    cert_name(certificate, name);
    if (strcmp(urn, name) != 0)
        return _("its subjectAltName does not have exactly the one URN that is needed here");
    if (!has_usage || (usage & needed) != needed)
        return _("its extended key usage does not fit: a window server needs serverAuth, a gateway serverAuth and "
                 "clientAuth, "
                 "staff clientAuth");
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
        return _("it has expired");
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) >= 0)
        return _("it is not valid yet");
    return cert_key_fault(X509_get0_pubkey(certificate));
}

int cert_fingerprint(const X509 *certificate, char out[CERT_DIGEST_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1 || 2 * len + 1 != CERT_DIGEST_TEXT)
        return TB_ENOMEM;
    for (unsigned i = 0; i < len; i++)
        (void)snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
    return 0;
}

int64_t cert_time_ms(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    if (epoch && !ASN1_TIME_diff(&days, &seconds, epoch, time))
        days = seconds = 0;
    ASN1_TIME_free(epoch);
    return ((int64_t)days * 86400 + seconds) * 1000;
}

void cert_serial_text(const ASN1_INTEGER *serial, char out[CERT_SERIAL_TEXT])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    unsigned char bytes[CERT_SERIAL_BYTES];
    out[0] = '\0';
    if (number && BN_bn2binpad(number, bytes, sizeof bytes) == (int)sizeof bytes)
        for (size_t i = 0; i < sizeof bytes; i++)
            (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    BN_free(number);
}

/* ---- PEM ---- */

/* Takes the BIO. */
static int take_text(BIO *bio, int written, struct buf *out)
{
    char *text = NULL;
    long len = bio && written == 1 ? BIO_get_mem_data(bio, &text) : 0;
    int rc = len > 0 ? buf_append(out, text, (size_t)len) : TB_ENOMEM;
    BIO_free(bio);
    ERR_clear_error();
    return rc;
}

int cert_pem(X509 *certificate, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_text(bio, bio ? PEM_write_bio_X509(bio, certificate) : 0, out);
}

int cert_request_pem(X509_REQ *request, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_text(bio, bio ? PEM_write_bio_X509_REQ(bio, request) : 0, out);
}

int cert_crl_pem(X509_CRL *crl, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_text(bio, bio ? PEM_write_bio_X509_CRL(bio, crl) : 0, out);
}
