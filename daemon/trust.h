/* trust: the revocation lists of the authorities that are configured, and what people want to know of all certificates in use.
 *
 * Read whole at the start and at each reload; every hour the files are looked at, and read when they changed (decision 16). */
#ifndef DAEMON_TRUST_H
#define DAEMON_TRUST_H

#include <time.h>

#include "daemon/api/control.h"

struct trust {
    struct tls_crl_policy policy;
    unsigned peer_count;
    char *staff_crl;                          /* owned PEM, or NULL */
    char **peer_crl;                          /* owned, one per configured peer: owned PEM, or NULL */
    struct timespec *seen;                    /* owned: when each file was changed, staff first, then the peers */
    struct control_certificate *certificates; /* owned */
    size_t certificate_count;
};

/* Reads files: start, reload lane.  *out is new (trust_clear); refused whole when a list or a certificate cannot be read. */
int trust_read(const struct config *config, struct trust *out, struct problem *p) TB_MUST_USE;
void trust_clear(struct trust *trust);
/* Whether the file of a list is another one than when it was read.  Asks the disk: not on the loop. */
bool trust_changed(const struct config *config, const struct trust *trust);
/* Sets the metrics of age and says in the log which lists are outdated. */
void trust_look(struct trust *trust, int64_t now_ms);

#endif
