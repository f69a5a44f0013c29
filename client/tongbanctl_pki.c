/* tongbanctl pki: a small authority in a directory, for sites that have none (docs/how-to/certificates.md).
 *
 * authority.crt, authority.key (under a passphrase), authority.crl, index.tsv; copies of what was issued in issued/. */
#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/tongban_pki.h"
#include "client/tongbanctl.h"
#include "proto/codes.h"

enum {
    AUTHORITY_DAYS = 3650,
    CRL_DAYS = 35, /* a month and some days: who makes a list on each first is never late; the daemon's crl_max_age_days */
    PKI_PATH = 4096,
    DAYS_MOST = 3650,
    CLOCK_SLACK_S = 300,
    DAY_S = 24 * 3600
};

/* The authority of one run. */
struct pki {
    const struct ctl *ctl;
    const char *directory;
    int lock;
    struct pki_index index;
    X509 *certificate;
    EVP_PKEY *key;
    const char *why; /* what went wrong, translated */
    char path[PKI_PATH];
};

static const char *path_of(struct pki *pki, const char *name)
{
    (void)snprintf(pki->path, sizeof pki->path, "%s/%s", pki->directory, name);
    return pki->path;
}

static int fail(struct pki *pki, int rc, const char *path, const char *why)
{
    if (path != pki->path)
        (void)snprintf(pki->path, sizeof pki->path, "%s", path);
    pki->why = why;
    return rc;
}

/* ---- the directory ---- */

static int write_index(struct pki *pki)
{
    struct buf text;
    buf_init(&text, LIMIT_PKI_INDEX_BYTES);
    int rc = pki_index_format(&pki->index, &text);
    if (!rc)
        rc = cert_file_replace(path_of(pki, "index.tsv"), 0600, text.data, text.len);
    buf_free(&text);
    return rc ? fail(pki, rc, pki->path, _("cannot be written")) : 0;
}

static int read_index(struct pki *pki)
{
    struct buf text;
    size_t line = 0;
    buf_init(&text, LIMIT_PKI_INDEX_BYTES);
    int rc = cert_file_read(path_of(pki, "index.tsv"), &text);
    if (rc)
        (void)fail(pki, rc, pki->path,
                   _("cannot be read: is this the directory of an authority (tongbanctl pki init)?"));
    else if ((rc = pki_index_parse(text.data, text.len, &pki->index, &line)) != 0)
        (void)fail(pki, rc, pki->path, _("is damaged: a line of it is not as tongbanctl writes it"));
    buf_free(&text);
    return rc;
}

/* One run at a time. */
static int take_lock(struct pki *pki)
{
    pki->lock = open(path_of(pki, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (pki->lock < 0 || flock(pki->lock, LOCK_EX | LOCK_NB) != 0)
        return fail(pki, TB_EIO, pki->path,
                    _("cannot be locked: is the directory there, may you write it, is another tongbanctl at work?"));
    return 0;
}

static int open_key(struct pki *pki, bool is_new, char passphrase[CTL_PASSPHRASE_TEXT])
{
    const char *why;
    if (ctl_passphrase(pki->ctl, is_new, passphrase, &why) != 0)
        return fail(pki, TB_EDENIED, pki->directory, why);
    if (is_new)
        return 0;
    int rc = cert_key_read(path_of(pki, "authority.key"), passphrase, &pki->key, &why);
    if (!rc && X509_check_private_key(pki->certificate, pki->key) != 1) {
        rc = TB_ECONFLICT;
        why = _("the key does not belong to the certificate");
    }
    return rc ? fail(pki, rc, pki->path, why) : 0;
}

/* The whole authority, its key only when something is signed. */
static int open_authority(struct pki *pki, bool sign)
{
    char passphrase[CTL_PASSPHRASE_TEXT];
    const char *why;
    int rc = sign ? take_lock(pki) : 0;
    if (!rc)
        rc = read_index(pki);
    if (!rc && cert_read(path_of(pki, "authority.crt"), &pki->certificate, &why) != 0)
        rc = fail(pki, TB_EMALFORMED, pki->path, why);
    if (!rc && sign) {
        rc = open_key(pki, false, passphrase);
        OPENSSL_cleanse(passphrase, sizeof passphrase);
    }
    return rc;
}

static void close_authority(struct pki *pki)
{
    pki_index_free(&pki->index);
    X509_free(pki->certificate);
    EVP_PKEY_free(pki->key);
    if (pki->lock >= 0)
        (void)close(pki->lock);
    ERR_clear_error();
}

static int end(struct pki *pki, int rc)
{
    int status = EXIT_DONE;
    if (rc)
        status = report_local(&pki->ctl->client, REPORT_AS_SAID, "%s: %s", pki->path,
                              pki->why && pki->why[0] ? pki->why : err_text(rc));
    close_authority(pki);
    return status;
}

static struct pki start(const struct ctl *ctl)
{
    return (struct pki){.ctl = ctl, .directory = ctl->word[2], .lock = -1, .why = ""};
}

/* --days, or `usual`; never more than ten years. */
static int take_days(struct pki *pki, int usual, int *out)
{
    const char *text = pki->ctl->given[CTL_DAYS];
    char *stop = NULL;
    long days = text ? strtol(text, &stop, 10) : usual;
    if ((text && (*stop || !*text)) || days < 1 || days > DAYS_MOST)
        return fail(pki, TB_EMALFORMED, "--days", _("a number of days, 1 to 3650"));
    *out = (int)days;
    return 0;
}

/* ---- certificates ---- */

/* Serial number, dates, subject and key of a new certificate; without its extensions. */
static X509 *new_certificate(const char *subject, EVP_PKEY *key, const X509 *issuer, int days)
{
    unsigned char serial[CERT_SERIAL_BYTES];
    X509 *made = X509_new();
    do {
        if (RAND_bytes(serial, sizeof serial) != 1)
            serial[0] = 0;
    } while (!serial[0] && ERR_peek_error() == 0);
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    X509_NAME *name = made ? X509_get_subject_name(made) : NULL;
    bool ok = serial[0] && name && number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made)) &&
              X509_set_version(made, X509_VERSION_3) &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0) &&
              X509_set_issuer_name(made, issuer ? X509_get_subject_name(issuer) : name) &&
              X509_gmtime_adj(X509_getm_notBefore(made), -CLOCK_SLACK_S) &&
              X509_time_adj_ex(X509_getm_notAfter(made), days, 0, NULL) && X509_set_pubkey(made, key);
    BN_free(number);
    if (ok && issuer && ASN1_TIME_compare(X509_get0_notAfter(made), X509_get0_notAfter(issuer)) > 0)
        ok = X509_set1_notAfter(made, X509_get0_notAfter(issuer)); /* nobody outlives the authority */
    if (ok)
        return made;
    X509_free(made);
    return NULL;
}

static int make_authority_certificate(struct pki *pki, int days)
{
    char subject[64];
    (void)snprintf(subject, sizeof subject, "Tongban authority %s", pki->index.office);
    pki->key = cert_key_new();
    pki->certificate = pki->key ? new_certificate(subject, pki->key, NULL, days) : NULL;
    int rc = pki->certificate ? 0 : TB_ENOMEM;
    if (!rc)
        rc = cert_extend(pki->certificate, NULL, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    if (!rc)
        rc = cert_extend(pki->certificate, NULL, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (!rc)
        rc = cert_extend(pki->certificate, NULL, NID_subject_key_identifier, "hash");
    if (!rc && X509_sign(pki->certificate, pki->key, EVP_sha256()) <= 0)
        rc = TB_ENOMEM;
    return rc ? fail(pki, rc, pki->directory, _("the certificate cannot be made")) : 0;
}

static int save_certificate(struct pki *pki, X509 *certificate, const char *path)
{
    struct buf text;
    buf_init(&text, LIMIT_CONFIG_BYTES);
    int rc = cert_pem(certificate, &text);
    if (!rc)
        rc = cert_file_new(path, 0644, text.data, text.len);
    buf_free(&text);
    return rc ? fail(pki, rc, path,
                     rc == TB_ECONFLICT ? _("a file of that name is there already") : _("cannot be written"))
              : 0;
}

/* ---- the revocation list ---- */

static int add_revoked(X509_CRL *crl, const struct pki_row *row)
{
    BIGNUM *number = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_ENUMERATED *why = ASN1_ENUMERATED_new();
    ASN1_TIME *at = NULL;
    ASN1_INTEGER *serial = NULL;
    int64_t ms = 0;
    int code = 0;
    bool ok = entry && why && timestamp_parse(row->revoked, &ms) == 0 && pki_reason_code(row->reason, &code) == 0 &&
              BN_hex2bn(&number, row->serial) != 0 && (serial = BN_to_ASN1_INTEGER(number, NULL)) != NULL &&
              (at = ASN1_TIME_set(NULL, (time_t)(ms / 1000))) != NULL && X509_REVOKED_set_serialNumber(entry, serial) &&
              X509_REVOKED_set_revocationDate(entry, at) && ASN1_ENUMERATED_set(why, code) &&
              (code == 0 || X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, why, 0, 0) == 1) &&
              X509_CRL_add0_revoked(crl, entry);
    if (!ok)
        X509_REVOKED_free(entry);
    ASN1_ENUMERATED_free(why);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(at);
    BN_free(number);
    return ok ? 0 : TB_ENOMEM;
}

static int add_crl_extensions(X509_CRL *crl, X509 *issuer, int64_t number)
{
    X509V3_CTX context;
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
    X509_EXTENSION *key = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    bool ok = value && key && ASN1_INTEGER_set_int64(value, number) &&
              X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1 && X509_CRL_add_ext(crl, key, -1);
    X509_EXTENSION_free(key);
    ASN1_INTEGER_free(value);
    return ok ? 0 : TB_ENOMEM;
}

static X509_CRL *make_crl(const struct pki *pki, int days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0), *next = X509_time_adj_ex(NULL, days, 0, NULL);
    bool ok = crl && now && next && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki->certificate)) &&
              X509_CRL_set1_lastUpdate(crl, now) && X509_CRL_set1_nextUpdate(crl, next) &&
              add_crl_extensions(crl, pki->certificate, pki->index.crl_number) == 0;
    for (size_t i = 0; i < pki->index.count && ok; i++)
        if (pki->index.row[i].revoked[0])
            ok = add_revoked(crl, &pki->index.row[i]) == 0;
    ok = ok && X509_CRL_sort(crl) && X509_CRL_sign(crl, pki->key, EVP_sha256()) > 0;
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    if (ok)
        return crl;
    X509_CRL_free(crl);
    return NULL;
}

/* Writes the index first: a list must never have a number that the index does not know. */
static int write_crl(struct pki *pki, int days)
{
    struct buf text;
    buf_init(&text, LIMIT_PKI_INDEX_BYTES);
    pki->index.crl_number++;
    X509_CRL *crl = make_crl(pki, days);
    int rc = crl ? cert_crl_pem(crl, &text) : TB_ENOMEM;
    if (rc)
        (void)fail(pki, rc, path_of(pki, "authority.crl"), _("the revocation list cannot be made"));
    if (!rc)
        rc = write_index(pki);
    if (!rc && (rc = cert_file_replace(path_of(pki, "authority.crl"), 0644, text.data, text.len)) != 0)
        (void)fail(pki, rc, pki->path, _("cannot be written"));
    X509_CRL_free(crl);
    buf_free(&text);
    return rc;
}

/* ---- the commands ---- */

static void say_made(const char *path)
{
    (void)printf("%s\n", path);
}

int ctl_pki_init(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    char passphrase[CTL_PASSPHRASE_TEXT];
    const char *why, *office = ctl->given[CTL_OFFICE];
    struct pki pki = start(ctl);
    int days, rc = take_days(&pki, AUTHORITY_DAYS, &days);
    if (!rc && strspn(office, "0123456789") != OFFICE_LEN)
        rc = fail(&pki, TB_EMALFORMED, "--office", _("the office is a division code of six digits"));
    if (!rc && mkdir(pki.directory, 0700) != 0 && errno != EEXIST)
        rc = fail(&pki, TB_EIO, pki.directory, _("the directory cannot be made"));
    if (!rc)
        rc = take_lock(&pki);
    if (!rc && (access(path_of(&pki, "authority.key"), F_OK) == 0 || access(path_of(&pki, "index.tsv"), F_OK) == 0))
        rc = fail(&pki, TB_ECONFLICT, pki.path, _("there is an authority in this directory already"));
    if (!rc && mkdir(path_of(&pki, "issued"), 0700) != 0 && errno != EEXIST)
        rc = fail(&pki, TB_EIO, pki.path, _("the directory cannot be made"));
    if (!rc)
        (void)snprintf(pki.index.office, sizeof pki.index.office, "%.6s", office);
    if (!rc)
        rc = open_key(&pki, true, passphrase);
    if (!rc)
        rc = make_authority_certificate(&pki, days);
    if (!rc && (rc = cert_key_write(path_of(&pki, "authority.key"), pki.key, passphrase, &why)) != 0)
        (void)fail(&pki, rc, pki.path, why);
    OPENSSL_cleanse(passphrase, sizeof passphrase);
    if (!rc)
        rc = save_certificate(&pki, pki.certificate, path_of(&pki, "authority.crt"));
    if (!rc)
        rc = write_crl(&pki, CRL_DAYS);
    if (!rc)
        say_made(path_of(&pki, "authority.crt"));
    return end(&pki, rc);
}

/* The key that is certified: of the request, or a new one.  *made is NULL for a request. */
static int subject_key(struct pki *pki, struct cert_want *want, struct buf *addresses, X509_REQ **request,
                       EVP_PKEY **made)
{
    const char *file = pki->ctl->given[CTL_REQUEST], *why;
    if (!file)
        return (*made = cert_key_new()) != NULL ? 0 : fail(pki, TB_ENOMEM, pki->directory, _("the key cannot be made"));
    int rc = cert_request_read(file, request, &why);
    if (!rc && !want->addresses && cert_kind_serves(want->kind)) {
        rc = cert_request_addresses(*request, addresses);
        want->addresses = addresses->len ? addresses->data : NULL;
        why = _("the addresses of the request cannot be read");
    }
    return rc ? fail(pki, rc, file, why) : 0;
}

/* Notes it in the index, then keeps a copy, then hands it out. */
static int hand_out(struct pki *pki, X509 *made, EVP_PKEY *key, const struct cert_want *want)
{
    char name[PKI_PATH], copy[CERT_SERIAL_TEXT + 16];
    const char *why;
    struct pki_row row = {.revoked = ""};
    cert_serial_text(X509_get0_serialNumber(made), row.serial);
    (void)snprintf(row.kind, sizeof row.kind, "%s", cert_kind_word(want->kind));
    cert_urn(want, row.urn);
    timestamp_format((int64_t)time(NULL) * 1000, row.issued);
    timestamp_format(cert_time_ms(X509_get0_notAfter(made)), row.not_after);
    int rc = pki_index_add(&pki->index, &row);
    rc = rc ? fail(pki, rc, pki->directory, err_text(rc)) : write_index(pki);
    (void)snprintf(copy, sizeof copy, "issued/%s.crt", row.serial);
    if (!rc)
        rc = save_certificate(pki, made, path_of(pki, copy));
    (void)snprintf(name, sizeof name, "%s.key", pki->ctl->given[CTL_OUT]);
    if (!rc && key && (rc = cert_key_write(name, key, NULL, &why)) != 0)
        (void)fail(pki, rc, name, why);
    if (!rc && key)
        say_made(name);
    (void)snprintf(name, sizeof name, "%s.crt", pki->ctl->given[CTL_OUT]);
    if (!rc)
        rc = save_certificate(pki, made, name);
    if (!rc)
        say_made(name);
    return rc;
}

static int issue(struct pki *pki, struct cert_want *want, X509_REQ *request, EVP_PKEY *key, int days)
{
    char subject[CERT_SUBJECT_TEXT];
    const char *why = "";
    int rc = cert_want_check(want, &why);
    if (!rc && request)
        rc = cert_request_check(request, want, &why);
    if (rc)
        return fail(pki, rc, cert_kind_word(want->kind), why);
    cert_subject(want, subject);
    X509 *made = new_certificate(subject, request ? X509_REQ_get0_pubkey(request) : key, pki->certificate, days);
    rc = made ? cert_extend_all(made, pki->certificate, want) : TB_ENOMEM;
    if (!rc && X509_sign(made, pki->key, EVP_sha256()) <= 0)
        rc = TB_ENOMEM;
    rc = rc ? fail(pki, rc, pki->directory, _("the certificate cannot be made")) : hand_out(pki, made, key, want);
    X509_free(made);
    return rc;
}

/* Before anything is noted: the names must be free. */
static int check_out(struct pki *pki)
{
    static const char *const suffix[] = {"crt", "key"};
    char name[PKI_PATH];
    for (int i = 0; i < (pki->ctl->given[CTL_REQUEST] ? 1 : 2); i++) {
        (void)snprintf(name, sizeof name, "%s.%s", pki->ctl->given[CTL_OUT], suffix[i]);
        if (access(name, F_OK) == 0)
            return fail(pki, TB_ECONFLICT, name, _("a file of that name is there already"));
    }
    return 0;
}

int ctl_pki_issue(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct pki pki = start(ctl);
    struct cert_want want = {.number = ctl->given[CTL_NUMBER], .addresses = ctl->given[CTL_ADDRESS]};
    struct buf addresses;
    X509_REQ *request = NULL;
    EVP_PKEY *key = NULL;
    int days = 0, rc = cert_kind_parse(ctl->given[CTL_KIND], &want.kind);
    buf_init(&addresses, LIMIT_PKI_ADDRESSES_BYTES);
    if (rc)
        (void)fail(&pki, rc, ctl->given[CTL_KIND], _("the kinds are window, gateway and staff"));
    else
        rc = take_days(&pki, cert_kind_days(want.kind), &days);
    if (!rc)
        rc = check_out(&pki);
    if (!rc)
        rc = open_authority(&pki, true);
    want.office = pki.index.office;
    if (!rc)
        rc = subject_key(&pki, &want, &addresses, &request, &key);
    if (!rc)
        rc = issue(&pki, &want, request, key, days);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    buf_free(&addresses);
    return end(&pki, rc);
}

/* The serial number that --certificate or --serial names. */
static int take_serial(struct pki *pki, char out[CERT_SERIAL_TEXT])
{
    const char *file = pki->ctl->given[CTL_CERTIFICATE], *serial = pki->ctl->given[CTL_SERIAL], *why;
    X509 *certificate = NULL;
    if (!file == !serial)
        return fail(pki, TB_EMALFORMED, pki->directory, _("name the certificate by --certificate or by --serial"));
    if (serial && strlen(serial) == CERT_SERIAL_TEXT - 1)
        memcpy(out, serial, CERT_SERIAL_TEXT);
    else if (serial)
        return fail(pki, TB_EMALFORMED, serial, _("a serial number has 32 hexadecimal digits"));
    else if (cert_read(file, &certificate, &why) != 0)
        return fail(pki, TB_EMALFORMED, file, why);
    if (certificate)
        cert_serial_text(X509_get0_serialNumber(certificate), out);
    X509_free(certificate);
    return 0;
}

int ctl_pki_revoke(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct pki pki = start(ctl);
    char serial[CERT_SERIAL_TEXT] = "";
    const char *cause = ctl->given[CTL_CAUSE] ? ctl->given[CTL_CAUSE] : "unspecified";
    int code, days, rc = take_days(&pki, CRL_DAYS, &days);
    if (!rc && pki_reason_code(cause, &code) != 0)
        rc = fail(
            &pki, TB_EMALFORMED, cause,
            _("the causes are unspecified, keyCompromise, affiliationChanged, superseded and cessationOfOperation"));
    if (!rc)
        rc = take_serial(&pki, serial);
    if (!rc)
        rc = open_authority(&pki, true);
    struct pki_row *row = rc ? NULL : pki_index_find(&pki.index, serial);
    if (!rc && !row)
        rc = fail(&pki, TB_ENOTFOUND, serial, _("this authority did not issue it"));
    if (!rc && row->revoked[0])
        rc = fail(&pki, TB_EDUPLICATE, serial, _("is revoked already"));
    if (!rc) {
        timestamp_format((int64_t)time(NULL) * 1000, row->revoked);
        (void)snprintf(row->reason, sizeof row->reason, "%s", cause);
        rc = write_crl(&pki, days);
    }
    if (!rc)
        say_made(path_of(&pki, "authority.crl"));
    return end(&pki, rc);
}

int ctl_pki_crl(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct pki pki = start(ctl);
    int days, rc = take_days(&pki, CRL_DAYS, &days);
    if (!rc)
        rc = open_authority(&pki, true);
    if (!rc)
        rc = write_crl(&pki, days);
    if (!rc)
        say_made(path_of(&pki, "authority.crl"));
    return end(&pki, rc);
}

static const char *show_day(const json_t *value, char room[CTL_CELL_TEXT])
{
    (void)snprintf(room, CTL_CELL_TEXT, "%.10s", json_string_value(value));
    return room;
}

static const struct ctl_column list_columns[] = {
    {.title = N_("serial number"), .key = "serial"},
    {.title = N_("kind"), .key = "kind"},
    {.title = N_("stands for"), .key = "urn"},
    {.title = N_("issued"), .key = "issued", .show = show_day},
    {.title = N_("good until"), .key = "not_after", .show = show_day},
    {.title = N_("revoked"), .key = "revoked", .show = show_day, .hide = HIDE_EMPTY},
    {.title = N_("cause"), .key = "cause", .hide = HIDE_EMPTY},
};

static int list(const struct pki_index *index, bool json)
{
    json_t *rows = json_array();
    for (const struct pki_row *row = index->row; rows && row && row < index->row + index->count; row++)
        (void)json_array_append_new(rows,
                                    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "serial", row->serial, "kind",
                                              row->kind, "urn", row->urn, "issued", row->issued, "not_after",
                                              row->not_after, "revoked", row->revoked, "cause", row->reason));
    json_t *doc = json_pack("{s:s, s:o*}", "office", index->office, "rows", rows);
    int status = !doc ? EXIT_UNREACHABLE : json ? EXIT_DONE : CTL_ROWS_PRINT(rows, list_columns);
    if (doc && json)
        term_json(doc);
    json_decref(doc);
    return status;
}

int ctl_pki_list(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct pki pki = start(ctl);
    int rc = open_authority(&pki, false);
    if (!rc && list(&pki.index, ctl->client.json) != EXIT_DONE)
        rc = fail(&pki, TB_ENOMEM, pki.directory, err_text(TB_ENOMEM));
    return end(&pki, rc);
}
