/* The commands of tongbanctl, a row each. */
#include "client/tongbanctl.h"

#define EITHER (CTL_BIT(CERTIFICATE) | CTL_BIT(FINGERPRINT))
#define STAFF(verb, required, optional, help) \
    {"staff", verb, "staff-act", "ID", "id", required, optional, help, ctl_staff_prepare, ctl_staff_done, NULL}
#define PASSPHRASE (CTL_BIT(PASSPHRASE_FILE) | CTL_BIT(PASSPHRASE_FD))
#define PKI(verb, required, optional, help, run) {"pki", verb, NULL, "DIR", "directory", required, optional, help, NULL, NULL, run}

const struct ctl_command ctl_commands[] = {
    {"staff", "list", "staff-list", NULL, NULL, 0, 0, N_("everybody who may work here, of the configuration and enrolled"), NULL,
     ctl_staff_print, NULL},
    STAFF("enrol", CTL_BIT(NAME) | CTL_BIT(ROLE), EITHER | CTL_BIT(WINDOW) | CTL_BIT(TOWNSHIP), N_("let a person work here, at once")),
    STAFF("change", 0, CTL_BIT(NAME) | CTL_BIT(ROLE) | CTL_BIT(WINDOW) | CTL_BIT(TOWNSHIP) | CTL_BIT(REASON),
          N_("correct the name, give another role, window or township")),
    STAFF("suspend", CTL_BIT(REASON), 0, N_("refuse the person's next request")),
    STAFF("resume", 0, CTL_BIT(REASON), N_("let a suspended person work again")),
    STAFF("replace", 0, EITHER | CTL_BIT(REASON), N_("take a new certificate; the old one opens nothing any more")),
    STAFF("end", 0, CTL_BIT(REASON), N_("the person left; the number is never given again")),
    {"audit", "views", "audit-views", NULL, NULL, 0, CTL_BIT(STAFF) | CTL_BIT(CASE) | CTL_BIT(SINCE),
     N_("who saw whose data unmasked, the newest first"), NULL, ctl_views_print, NULL},
    {"certificate", "list", NULL, NULL, NULL, 0, 0, N_("the certificates in use, how long they are good; status 1 when one has less than 30 days"),
     NULL, NULL, ctl_certificate_list},
    {"certificate", "request", NULL, "KIND", "kind", CTL_BIT(OFFICE) | CTL_BIT(OUT), CTL_BIT(NUMBER) | CTL_BIT(ADDRESS),
     N_("make a key and a request for a certificate (window, gateway, staff), for an authority to sign"), NULL, NULL,
     ctl_certificate_request},
    {"certificate", "install", NULL, "KIND", "kind", CTL_BIT(CERTIFICATE) | CTL_BIT(KEY), CTL_BIT(AUTHORITY),
     N_("check a new certificate (window, gateway), put it into place and in use"), NULL, NULL, ctl_certificate_install},
    {"reload", NULL, "reload", NULL, NULL, 0, 0, N_("read certificates, keys and revocation lists anew, as SIGHUP does, and say whether it worked"),
     NULL, ctl_reload_done, NULL},
    {"key", "list", "key-list", NULL, NULL, 0, 0, N_("ledger keys: what this office signs with, what is pinned for each counterpart"), NULL,
     ctl_key_print, NULL},
    {"key", "rotate", NULL, "FILE", "file", CTL_BIT(OUT), 0,
     N_("put a new key into the file of the ledger's key, above the one of before; --out names the file for the counterparts"), NULL, NULL,
     ctl_key_rotate},
    {"key", "retire", NULL, "FILE", "file", 0, 0, N_("take the key of before out of the file, when every counterpart has accepted the new one"),
     NULL, NULL, ctl_key_retire},
    {"key", "accept", "key-accept", "OFFICE", "id", CTL_BIT(ROTATION), CTL_BIT(FINGERPRINT),
     N_("pin a counterpart's new ledger key; without --fingerprint shows both keys for the telephone"), ctl_key_prepare, ctl_key_accepted,
     NULL},
    PKI("init", CTL_BIT(OFFICE), PASSPHRASE | CTL_BIT(DAYS), N_("make a small authority: its key, its certificate, an empty index and revocation list"),
        ctl_pki_init),
    PKI("issue", CTL_BIT(KIND) | CTL_BIT(OUT), PASSPHRASE | CTL_BIT(NUMBER) | CTL_BIT(ADDRESS) | CTL_BIT(REQUEST) | CTL_BIT(DAYS),
        N_("issue a certificate for a server or a member of staff"), ctl_pki_issue),
    PKI("revoke", 0, PASSPHRASE | CTL_BIT(CERTIFICATE) | CTL_BIT(SERIAL) | CTL_BIT(CAUSE) | CTL_BIT(DAYS),
        N_("revoke a certificate; the revocation list is made anew"), ctl_pki_revoke),
    PKI("crl", 0, PASSPHRASE | CTL_BIT(DAYS), N_("make the revocation list anew, before it gets too old"), ctl_pki_crl),
    PKI("list", 0, 0, N_("every certificate that was issued"), ctl_pki_list),
};
const size_t ctl_command_count = sizeof ctl_commands / sizeof ctl_commands[0];
