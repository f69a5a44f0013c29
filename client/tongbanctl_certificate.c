/* tongbanctl certificate, reload: what is in use, a request for a new one, and its way into use. */
#include <errno.h>
#include <libintl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/tongban_cert.h"
#include "client/tongban_view.h"
#include "client/tongbanctl.h"
#include "proto/finding.h"
#include "proto/timestamp.h"

enum { CERTIFICATE_PATH = 4096, MS_A_DAY = 24 * 3600 * 1000 };

/* ---- list ---- */

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static int64_t days_left(const json_t *row)
{
    return (json_integer_value(json_object_get(row, "not_after")) - now_ms()) / MS_A_DAY;
}

static void crl_text(const json_t *crl, char *out, size_t size)
{
    long long age = (now_ms() - json_integer_value(json_object_get(crl, "made"))) / MS_A_DAY;
    if (!crl)
        out[0] = '\0';
    else if (json_is_true(json_object_get(crl, "outdated")))
        (void)snprintf(out, size, ngettext("%s, %lld day old: outdated", "%s, %lld days old: outdated", (unsigned long)age),
                       ctl_cell(crl, "file"), age);
    else
        (void)snprintf(out, size, ngettext("%s, %lld day old", "%s, %lld days old", (unsigned long)age), ctl_cell(crl, "file"), age);
}

static void print_one(const json_t *row)
{
    char from[DATE_TEXT], until[DATE_TEXT], dates[96], crl[CERTIFICATE_PATH];
    int64_t days = days_left(row);
    date_format(timestamp_day(json_integer_value(json_object_get(row, "not_before"))), from);
    date_format(timestamp_day(json_integer_value(json_object_get(row, "not_after"))), until);
    (void)snprintf(dates, sizeof dates, ngettext("%s to %s, %lld day left", "%s to %s, %lld days left", (unsigned long)days), from,
                   until, (long long)days);
    crl_text(json_object_get(row, "crl"), crl, sizeof crl);
    (void)printf("%s %s\n", view_word(ctl_cell(row, "use")), ctl_cell(row, "office"));
    term_pair(_("  subject"), 14, ctl_cell(row, "subject"));
    term_pair(_("  issuer"), 14, ctl_cell(row, "issuer"));
    term_pair(_("  name"), 14, ctl_cell(row, "urn"));
    term_pair(_("  valid"), 14, dates);
    term_pair(_("  fingerprint"), 14, ctl_cell(row, "fingerprint"));
    term_pair(_("  file"), 14, ctl_cell(row, "file"));
    term_pair(_("  revocations"), 14, crl);
}

static int report_answer(const struct ctl *ctl, const json_t *answer)
{
    const json_t *problem = json_object_get(answer, "problem");
    return problem ? report_document(&ctl->client, problem, json_integer_value(json_object_get(problem, "status")))
                   : EXIT_DONE;
}

/* Exit 1 as soon as something has to be done, for the script that looks each night. */
int ctl_certificate_list(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    json_t *answer = NULL;
    size_t i;
    const json_t *row;
    int status = ctl_call(ctl, "certificate-list", json_object(), &answer);
    if (status == EXIT_DONE)
        status = report_answer(ctl, answer);
    if (status == EXIT_DONE && ctl->client.json)
        term_json(answer);
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        bool late = days_left(row) < FINDING_CERTIFICATE_DAYS ||
                    json_is_true(json_object_get(json_object_get(row, "crl"), "outdated"));
        if (!ctl->client.json)
            print_one(row);
        status = late ? EXIT_REFUSED : status;
    }
    json_decref(answer);
    return status;
}

/* ---- reload ---- */

int ctl_reload_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    (void)answer;
    (void)printf("%s\n", _("certificates, keys and revocation lists were read anew and are in use"));
    return EXIT_DONE;
}

static int reload(const struct ctl *ctl)
{
    json_t *answer = NULL;
    int status = ctl_call(ctl, "reload", json_object(), &answer);
    if (status == EXIT_DONE)
        status = report_answer(ctl, answer);
    json_decref(answer);
    return status;
}

/* ---- request ---- */

static int make_request(const char *key_file, const char *request_file, const struct cert_want *want, const char **path,
                        const char **why)
{
    struct buf text;
    X509_REQ *request = NULL;
    EVP_PKEY *key = cert_key_new();
    buf_init(&text, LIMIT_CONFIG_BYTES);
    *path = request_file;
    *why = _("the key cannot be made");
    int rc = key ? cert_request_new(key, want, &request) : TB_ENOMEM;
    if (!rc)
        rc = cert_request_pem(request, &text);
    if (!rc && access(request_file, F_OK) == 0) {
        *why = _("a file of that name is there already");
        rc = TB_ECONFLICT;
    }
    if (!rc) {
        *path = key_file;
        rc = cert_key_write(key_file, key, NULL, why);
    }
    if (!rc) {
        *path = request_file;
        *why = _("cannot be written");
        rc = cert_file_new(request_file, 0644, text.data, text.len);
    }
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    buf_free(&text);
    return rc;
}

int ctl_certificate_request(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    char key[CERTIFICATE_PATH], request[CERTIFICATE_PATH];
    const char *why, *path;
    struct cert_want want = {
        .office = ctl->given[CTL_OFFICE], .number = ctl->given[CTL_NUMBER], .addresses = ctl->given[CTL_ADDRESS]};
    if (cert_kind_parse(ctl->word[2], &want.kind) != 0)
        return report_local(&ctl->client, REPORT_USAGE, "%s", _("the kinds are window, gateway and staff"));
    if (cert_want_check(&want, &why) != 0)
        return report_local(&ctl->client, REPORT_USAGE, "%s", why);
    (void)snprintf(key, sizeof key, "%s.key", ctl->given[CTL_OUT]);
    (void)snprintf(request, sizeof request, "%s.csr", ctl->given[CTL_OUT]);
    if (make_request(key, request, &want, &path, &why) != 0)
        return report_local(&ctl->client, REPORT_FILE, "%s: %s", path, why);
    (void)printf("%s\n%s\n", key, request);
    return EXIT_DONE;
}

/* ---- install ---- */

enum { PLACES = 4 }; /* a certificate and a key, each at most in two files */

struct place {
    const char *file;
    const struct buf *text;
    bool old; /* the file of before is kept as .old */
};

struct install {
    const struct ctl *ctl;
    struct cert_want want;
    json_t *answer; /* of certificate-list */
    struct buf certificate, key;
    struct place place[PLACES];
    size_t count;
    const char *path, *why;
};

static int fail(struct install *in, int rc, const char *path, const char *why)
{
    in->path = path;
    in->why = why;
    return rc;
}

static void add_place(struct install *in, const char *file, const struct buf *text)
{
    for (size_t i = 0; i < in->count; i++)
        if (!strcmp(in->place[i].file, file))
            return;
    if (in->count < PLACES)
        in->place[in->count++] = (struct place){.file = file, .text = text};
}

/* The first row of this use. */
static const json_t *row_of(const struct install *in, const char *use)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(in->answer, "rows"), i, row) if (!strcmp(ctl_cell(row, "use"), use)) return row;
    return NULL;
}

/* Keys first: should it end in between, the daemon refuses the pair at its next start rather than run with a half. */
static int take_places(struct install *in)
{
    const json_t *rows[] = {row_of(in, in->want.kind == CERT_WINDOW ? "window" : "gateway"),
                            in->want.kind == CERT_GATEWAY ? row_of(in, "gateway-client") : NULL};
    for (int i = 0; i < 2; i++)
        if (rows[i])
            add_place(in, ctl_cell(rows[i], "key"), &in->key);
    for (int i = 0; i < 2; i++)
        if (rows[i])
            add_place(in, ctl_cell(rows[i], "file"), &in->certificate);
    for (size_t i = 0; i < in->count; i++)
        if (in->place[i].file[0] != '/')
            return fail(in, TB_EMALFORMED, "certificate-list", _("the daemon did not say where its certificates are"));
    return in->count
               ? 0
               : fail(in, TB_ENOTFOUND, "certificate-list", _("the daemon did not say where its certificates are"));
}

/* The rest of the file are intermediates. */
static STACK_OF(X509) * read_chain(const char *path)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    BIO *bio = BIO_new_file(path, "r");
    for (X509 *one; chain && bio && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;)
        if (sk_X509_push(chain, one) <= 0)
            X509_free(one);
    BIO_free(bio);
    ERR_clear_error();
    return chain;
}

static int check_chain(struct install *in, X509 *certificate, const char *authority)
{
    STACK_OF(X509) *chain = read_chain(in->ctl->given[CTL_CERTIFICATE]);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool ok = chain && store && check && X509_STORE_load_file(store, authority) == 1 &&
              X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
              X509_STORE_CTX_init(check, store, certificate, chain) == 1;
    ok = ok && X509_verify_cert(check) == 1;
    X509_STORE_CTX_free(check);
    X509_STORE_free(store);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return ok ? 0 : fail(in, TB_ETRUST, authority, _("this authority did not sign the certificate"));
}

/* Of the gateway the authority is pinned by the counterparts: the new certificate must be of the one that signed the
 * present. */
static int check_issuer(struct install *in, X509 *certificate)
{
    const json_t *row = row_of(in, "gateway");
    const char *file = ctl_cell(row, "file"), *why = "";
    X509 *present = NULL;
    int rc = cert_read(file, &present, &why);
    if (rc)
        return fail(in, rc, file, why);
    const ASN1_OCTET_STRING *one = X509_get0_authority_key_id(certificate), *two = X509_get0_authority_key_id(present);
    bool same = X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_issuer_name(present)) == 0 &&
                (!one || !two || ASN1_OCTET_STRING_cmp(one, two) == 0);
    X509_free(present);
    return same ? 0
                : fail(in, TB_ETRUST, in->ctl->given[CTL_CERTIFICATE],
                       _("another authority signed it than the one in use, which the counterparts have pinned; if they "
                         "have taken the new "
                         "one, name it with --authority"));
}

static int check_all(struct install *in, X509 *certificate)
{
    const char *file = in->ctl->given[CTL_CERTIFICATE], *key_file = in->ctl->given[CTL_KEY],
               *authority = in->ctl->given[CTL_AUTHORITY], *why = "";
    EVP_PKEY *key = NULL;
    int rc = cert_key_read(key_file, NULL, &key, &why);
    if (rc)
        return fail(in, rc, key_file, why);
    if (X509_check_private_key(certificate, key) != 1)
        rc = fail(in, TB_ECONFLICT, key_file, _("the key does not belong to the certificate"));
    EVP_PKEY_free(key);
    ERR_clear_error();
    const char *fault = rc ? NULL : cert_fault(certificate, &in->want);
    if (fault)
        rc = fail(in, TB_ETRUST, file, fault);
    if (!rc && authority)
        rc = check_chain(in, certificate, authority);
    else if (!rc && in->want.kind == CERT_WINDOW)
        rc = check_chain(in, certificate, ctl_cell(row_of(in, "staff-authority"), "file"));
    else if (!rc)
        rc = check_issuer(in, certificate);
    return rc;
}

static void old_name(const char *file, char out[CERTIFICATE_PATH])
{
    (void)snprintf(out, CERTIFICATE_PATH, "%s.old", file);
}

static int put_in(struct install *in)
{
    char old[CERTIFICATE_PATH];
    int rc = 0;
    for (size_t i = 0; i < in->count && !rc; i++) {
        struct place *place = &in->place[i];
        old_name(place->file, old);
        (void)unlink(old);
        if (link(place->file, old) != 0 && errno != ENOENT)
            return fail(in, TB_EIO, place->file, _("the old file cannot be kept as .old"));
        place->old = true;
        rc = cert_file_replace(place->file, 0640, place->text->data, place->text->len);
        if (rc)
            (void)fail(in, rc, place->file, _("cannot be written"));
    }
    return rc;
}

static void put_back(struct install *in)
{
    char old[CERTIFICATE_PATH];
    for (size_t i = 0; i < in->count; i++) {
        old_name(in->place[i].file, old);
        if (in->place[i].old && rename(old, in->place[i].file) != 0)
            (void)report_local(&in->ctl->client, REPORT_FILE, "%s: %s", old, _("cannot be put back"));
    }
}

static int read_both(struct install *in)
{
    const char *file = in->ctl->given[CTL_CERTIFICATE], *key = in->ctl->given[CTL_KEY];
    int rc = cert_file_read(file, &in->certificate);
    if (rc)
        return fail(in, rc, file, _("cannot be read"));
    rc = cert_file_read(key, &in->key);
    return rc ? fail(in, rc, key, _("cannot be read")) : 0;
}

static int install(struct install *in)
{
    X509 *certificate = NULL;
    const char *why = "";
    int rc = cert_read(in->ctl->given[CTL_CERTIFICATE], &certificate, &why);
    if (rc)
        return fail(in, rc, in->ctl->given[CTL_CERTIFICATE], why);
    in->want.office = ctl_cell(in->answer, "office");
    rc = check_all(in, certificate);
    if (!rc)
        rc = read_both(in);
    if (!rc)
        rc = take_places(in);
    if (!rc && (rc = put_in(in)) != 0)
        put_back(in);
    X509_free(certificate);
    return rc;
}

int ctl_certificate_install(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct install in = {.ctl = ctl};
    if (cert_kind_parse(ctl->word[2], &in.want.kind) != 0 || !cert_kind_serves(in.want.kind))
        return report_local(&ctl->client, REPORT_USAGE, "%s", _("what can be installed is window or gateway"));
    buf_init(&in.certificate, LIMIT_CONFIG_BYTES);
    buf_init(&in.key, LIMIT_CONFIG_BYTES);
    int status = ctl_call(ctl, "certificate-list", json_object(), &in.answer);
    if (status == EXIT_DONE)
        status = report_answer(ctl, in.answer);
    if (status == EXIT_DONE && install(&in) != 0)
        status = report_local(&ctl->client, REPORT_AS_SAID, "%s: %s", in.path, in.why);
    else if (status == EXIT_DONE && (status = reload(ctl)) != EXIT_DONE) {
        put_back(&in);
        (void)fprintf(stderr, "%s\n", _("the daemon did not take it: the old files are back in place"));
    } else if (status == EXIT_DONE) {
        (void)printf("%s\n", _("installed, and in use; the files of before are kept as .old"));
    }
    if (in.key.data)
        explicit_bzero(in.key.data, in.key.len);
    buf_free(&in.key);
    buf_free(&in.certificate);
    json_decref(in.answer);
    return status;
}
