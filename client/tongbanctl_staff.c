/* tongbanctl staff, audit views: requests and tables; a person's certificate. */
#include "client/tongbanctl.h"

#include <libintl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "client/tongban_view.h"
#include "proto/codes.h"

static const char staff_urn[] = "urn:tongban:staff:";
enum { OFFICE_AND_COLON = OFFICE_LEN + 1 };

/* ---- the certificate ---- */

static bool names_staff(const ASN1_STRING *value, const char *id)
{
    const char *uri = (const char *)ASN1_STRING_get0_data(value);
    size_t len = (size_t)ASN1_STRING_length(value), urn = sizeof staff_urn - 1, tail = strlen(id);
    return len == urn + OFFICE_AND_COLON + tail && !memcmp(uri, staff_urn, urn) && !memcmp(uri + urn + OFFICE_AND_COLON, id, tail);
}

static bool is_for(X509 *certificate, const char *id)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        found = found || (type == GEN_URI && names_staff(value, id));
    }
    GENERAL_NAMES_free(names);
    return found;
}

static int fingerprint_of(const char *pem, const char *id, char out[CTL_CERTIFICATE_TEXT], const char **why)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    FILE *file = fopen(pem, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    int rc = TB_EMALFORMED;
    *why = _("there is no certificate in PEM form");
    if (certificate && !is_for(certificate, id))
        *why = _("the certificate is not for this number: its subjectAltName must be urn:tongban:staff:OFFICE:NUMBER");
    else if (certificate && X509_digest(certificate, EVP_sha256(), digest, &len) == 1 && 2 * len + 1 == CTL_CERTIFICATE_TEXT)
        rc = 0;
    for (unsigned i = 0; i < len && !rc; i++)
        (void)snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
    X509_free(certificate);
    if (file)
        (void)fclose(file);
    return rc;
}

/* ---- the request ---- */

/* NULL, or what is wrong with the options of this act. */
static const char *act_fault(const struct ctl *ctl, const struct ctl_command *c)
{
    const uint64_t either = CTL_BIT(CERTIFICATE) | CTL_BIT(FINGERPRINT);
    uint64_t given = ctl->bits & either;
    if ((c->optional & either) && !given)
        return _("give the certificate or its fingerprint");
    if (given == either)
        return _("give the certificate or its fingerprint, not both");
    if (!strcmp(c->verb, "change") && !(ctl->bits & ~CTL_BIT(REASON)))
        return _("nothing is changed");
    return NULL;
}

int ctl_staff_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request)
{
    char fingerprint[CTL_CERTIFICATE_TEXT];
    const char *why = act_fault(ctl, c), *pem = ctl->given[CTL_CERTIFICATE], *given = ctl->given[CTL_FINGERPRINT];
    if (why)
        return report_local(&ctl->client, REPORT_USAGE, "%s", why);
    if (pem && fingerprint_of(pem, ctl->word[2], fingerprint, &why) != 0)
        return report_local(&ctl->client, REPORT_AS_SAID, "%s: %s", pem, why);
    given = pem ? fingerprint : given;
    if (json_object_set_new(request, "act", json_string(c->verb)) ||
        (given && json_object_set_new(request, "certificate", json_string(given))))
        return report_local(&ctl->client, REPORT_MEMORY, "%s", "");
    return EXIT_DONE;
}

/* ---- the answer ---- */

int ctl_staff_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)printf(_("done: %s %s\n"), c->verb, ctl_cell(json_object_get(answer, "done"), "id"));
    return EXIT_DONE;
}

static const char *show_changed(const json_t *value, char room[CTL_CELL_TEXT])
{
    return value ? ctl_show_time(value, room) : "";
}

static const struct ctl_column staff_columns[] = {
    {.title = N_("staff number"), .key = "id"},
    {.title = N_("name"), .key = "name", .least = 6},
    {.title = N_("role"), .key = "role", .show = ctl_show_word},
    {.title = N_("window"), .key = "window", .least = 6, .hide = HIDE_EMPTY},
    {.title = N_("township"), .key = "township", .hide = HIDE_EMPTY},
    {.title = N_("state"), .key = "state", .show = ctl_show_word},
    {.title = N_("kept in"), .key = "source", .show = ctl_show_word},
    {.title = N_("since"), .key = "changed", .show = show_changed, .hide = HIDE_EMPTY},
    {.title = N_("reason"), .key = "reason", .least = 6, .hide = HIDE_EMPTY},
};

int ctl_staff_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    return CTL_ROWS_PRINT(json_object_get(answer, "rows"), staff_columns);
}

static const char *show_seen(const json_t *value, char room[CTL_CELL_TEXT])
{
    (void)room;
    const char *what = json_is_string(value) ? json_string_value(value) : "";
    return !strcmp(what, "proof") ? _("proof bundle") : !strcmp(what, "material") ? _("material") : _("the whole case");
}

static const struct ctl_column views_columns[] = {
    {.title = N_("time"), .key = "at", .show = ctl_show_time},
    {.title = N_("staff number"), .key = "staff"},
    {.title = N_("name"), .key = "name", .least = 6},
    {.title = N_("role"), .key = "role", .show = ctl_show_word},
    {.title = N_("case"), .key = "case"},
    {.title = N_("seen"), .key = "what", .show = show_seen},
};

int ctl_views_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    return CTL_ROWS_PRINT(json_object_get(answer, "rows"), views_columns);
}
