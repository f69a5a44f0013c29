/* setup: makes what the daemon needs out of its configuration — the office, the signing key, the certificates.  Reads files: start and
 * reload only, never on the loop. */
#ifndef DAEMON_SETUP_H
#define DAEMON_SETUP_H

#include "daemon/base/config.h"
#include "daemon/net/tls.h"
#include "daemon/office/office.h"
#include "daemon/peer/carrier.h"
#include "daemon/trust.h"
#include "proto/note.h"

/* The ledger's key; must be named "tongban/<office>". */
int setup_signer(const struct config *config, struct note_signer *out, struct problem *p) TB_MUST_USE;
/* The key of before a rotation, on the second line of the file; *found is false without. */
int setup_previous_signer(const struct config *config, struct note_signer *out, bool *found, struct problem *p) TB_MUST_USE;
/* *out is new (office_free). */
int setup_office(const struct config *config, struct office **out, struct problem *p) TB_MUST_USE;

/* Everything that a reload replaces, complete or not at all. */
struct setup_tls {
    struct tls_context *window, *peer;
    struct tls_pins staff_authority;
    struct tls_pins *peer_authorities; /* owned, one per configured peer */
    char **peer_authority_pem;      /* owned, one per configured peer */
    int64_t *peer_authority_until;  /* owned, one per configured peer: notAfter, ms; 0 unknown, and so the next two */
    int64_t staff_authority_until, gateway_until;
    unsigned peer_count;
    bool expired_too;
    struct trust trust;
    char *certificate_pem, *key_pem; /* owned: ours towards peers */
};
/* `expired_too`: certificates of ours after their end, as at a start; a reload keeps what it has instead. */
int setup_tls(const struct config *config, bool expired_too, struct setup_tls *out, struct problem *p) TB_MUST_USE;
void setup_tls_clear(struct setup_tls *tls);
struct carrier_identity setup_identity(const struct setup_tls *tls, unsigned peer);

/* Makes a ledger key, writes it to a new file of mode 0600, gives its verification key.  `name` is that of an office's ledger,
 * "tongban/330483"; another is PROBLEM_FIELD. */
int setup_make_key(const char *name, const char *path, char vkey[NOTE_VKEY_TEXT], struct problem *p) TB_MUST_USE;

#endif
