#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/tls_internal.h"
#include "daemon/net/tls_ssl.h"

struct tls_session {
    SSL *ssl;
    struct tls_context *context;
    uint64_t checked; /* number of the context that the certificate was last checked against */
    const char *in; /* borrowed slice */
    size_t in_len;
    struct buf *out; /* borrowed */
    bool frozen;
    bool failed;        /* after a fatal error OpenSSL may not be called again */
    const char *reason; /* static */
};

/* --- the bounded BIO: a slice to read, a buffer to write --- */

static int tls_bio_read(BIO *bio, char *bytes, int len)
{
    struct tls_session *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return 0;
    if (!s->in_len) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)len < s->in_len ? (size_t)len : s->in_len;
    memcpy(bytes, s->in, n);
    s->in += n;
    s->in_len -= n;
    return (int)n;
}

static int tls_bio_write(BIO *bio, const char *bytes, int len)
{
    struct tls_session *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return 0;
    size_t room = s->frozen ? 0 : s->out->max - s->out->len;
    size_t n = (size_t)len < room ? (size_t)len : room;
    if (!n || buf_append(s->out, bytes, n)) {
        BIO_set_retry_write(bio);
        return -1;
    }
    return (int)n;
}

static long tls_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *tls_bio_method;
static pthread_once_t tls_bio_once = PTHREAD_ONCE_INIT;

static void tls_bio_make(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tongban");
    if (method && BIO_meth_set_read(method, tls_bio_read) && BIO_meth_set_write(method, tls_bio_write) &&
        BIO_meth_set_ctrl(method, tls_bio_ctrl))
        tls_bio_method = method; /* lives as long as the process */
}

int tls_session_new(struct tls_context *context, struct buf *out, struct tls_session **session)
{
    (void)pthread_once(&tls_bio_once, tls_bio_make);
    struct tls_session *s = calloc(1, sizeof *s);
    BIO *bio = tls_bio_method ? BIO_new(tls_bio_method) : NULL;
    SSL *ssl = SSL_new(context->ssl);
    if (!s || !bio || !ssl) {
        SSL_free(ssl);
        BIO_free(bio);
        free(s);
        ERR_clear_error();
        return TB_ENOMEM;
    }
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio); /* takes it */
    SSL_set_accept_state(ssl);
    *s = (struct tls_session){.ssl = ssl, .context = tls_context_ref(context), .checked = context->number, .out = out, .reason = ""};
    *session = s;
    return 0;
}

void tls_session_free(struct tls_session *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    tls_context_unref(s->context);
    free(s);
}

void tls_input_give(struct tls_session *s, const char *bytes, size_t len)
{
    s->in = bytes;
    s->in_len = len;
}

size_t tls_input_left(const struct tls_session *s)
{
    return s->in_len;
}

void tls_output_freeze(struct tls_session *s, bool frozen)
{
    s->frozen = frozen;
}

const char *tls_session_reason(const struct tls_session *s)
{
    return s->reason;
}

static enum tls_step tls_failure(struct tls_session *s)
{
    long verified = SSL_get_verify_result(s->ssl);
    const char *reason = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                                               : ERR_reason_error_string(ERR_peek_last_error());
    s->failed = true;
    s->reason = reason ? reason : "broken TLS";
    ERR_clear_error();
    return TLS_FAILED;
}

enum tls_step tls_pump(struct tls_session *s, enum tls_op op, void *bytes, size_t len, size_t *done)
{
    int rc = 0;
    if (s->failed)
        return TLS_FAILED;
    ERR_clear_error();
    switch (op) {
    case TLS_OP_HANDSHAKE:
        rc = SSL_do_handshake(s->ssl);
        break;
    case TLS_OP_READ:
        rc = SSL_read_ex(s->ssl, bytes, len, done);
        break;
    case TLS_OP_WRITE:
        rc = SSL_write_ex(s->ssl, bytes, len, done);
        break;
    case TLS_OP_SHUTDOWN:
        rc = SSL_shutdown(s->ssl);
        rc = rc < 0 ? rc : 1; /* 0: ours is sent, theirs may never come; the socket is closed anyway */
        break;
    }
    if (rc == 1)
        return TLS_DONE;
    switch (SSL_get_error(s->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_INPUT;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_SPACE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_END;
    default:
        return tls_failure(s);
    }
}

/* --- who is it? --- */

static bool tls_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return len > 0;
}

#define TLS_URN_OFFICE "urn:tongban:office:"
#define TLS_URN_STAFF  "urn:tongban:staff:"

/* Fills kind, office and staff when `uri` (len bytes, not terminated) is one of our names in exact form. */
static bool tls_parse_name(const char *uri, size_t len, struct tls_identity *who)
{
    const size_t office = sizeof TLS_URN_OFFICE - 1, staff = sizeof TLS_URN_STAFF - 1;
    if (len == office + 6 && !memcmp(uri, TLS_URN_OFFICE, office) && tls_digits(uri + office, 6)) {
        who->kind = TLS_OFFICE;
        memcpy(who->office, uri + office, 6);
        return true;
    }
    if (len > staff + 7 && len - staff < sizeof who->staff && !memcmp(uri, TLS_URN_STAFF, staff) &&
        tls_digits(uri + staff, 6) && uri[staff + 6] == ':' && tls_digits(uri + staff + 7, len - staff - 7)) {
        who->kind = TLS_STAFF;
        memcpy(who->office, uri + staff, 6);
        memcpy(who->staff, uri + staff, len - staff);
        return true;
    }
    return false;
}

/* Exactly one of our names counts; two would let a certificate be used for either. */
static void tls_read_names(X509 *leaf, struct tls_identity *who)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    unsigned found = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_URI)
            continue;
        const char *uri = (const char *)ASN1_STRING_get0_data(value);
        size_t len = (size_t)ASN1_STRING_length(value);
        if (len >= 12 && !strncmp(uri, "urn:tongban:", 12) && (found++ || !tls_parse_name(uri, len, who)))
            found = 2;
    }
    GENERAL_NAMES_free(names);
    if (found != 1) {
        who->kind = TLS_NOBODY;
        who->office[0] = who->staff[0] = '\0';
    }
}

int tls_session_identity(const struct tls_session *s, struct tls_identity *out)
{
    struct tls_identity who = {.kind = TLS_NOBODY};
    X509 *leaf = SSL_get0_peer_certificate(s->ssl);
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(s->ssl);
    if (SSL_get_verify_result(s->ssl) != X509_V_OK || !leaf || !chain || sk_X509_num(chain) < 1)
        return TB_ETRUST;
    int rc = tls_fingerprint(sk_X509_value(chain, sk_X509_num(chain) - 1), who.authority);
    if (!rc)
        rc = tls_fingerprint(leaf, who.certificate);
    if (!rc)
        rc = tls_not_after(leaf, &who.not_after);
    if (rc)
        return rc;
    tls_read_names(leaf, &who);
    ERR_clear_error();
    *out = who;
    return 0;
}

int tls_session_recheck(struct tls_session *s, const struct tls_context *now)
{
    if (!now || s->checked == now->number)
        return 0;
    X509 *leaf = SSL_get0_peer_certificate(s->ssl);
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool ok = leaf && check && X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(now->ssl), leaf, SSL_get_peer_cert_chain(s->ssl)) == 1 &&
              X509_STORE_CTX_set_default(check, "ssl_client") == 1;
    if (ok) {
        X509_STORE_CTX_set_depth(check, TLS_CHAIN_DEPTH);
        X509_STORE_CTX_set_verify_cb(check, tls_verify_client);
        ok = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    if (ok)
        s->checked = now->number;
    return ok ? 0 : TB_ETRUST;
}
