/* tongbanctl: the operator's program — staff and audit, over the Unix socket of the daemon (docs/reference/tongbanctl.md). */
#ifndef CLIENT_TONGBANCTL_H
#define CLIENT_TONGBANCTL_H

#include <jansson.h>

#include "proto/problem.h"

enum { CTL_CERTIFICATE_TEXT = 65, CTL_ID_MAX = 12 };

/* Asks the daemon at `path` one thing; takes `request`.  *answer is new.  TB_EIO without a daemon, TB_ETIMEOUT, TB_EMALFORMED. */
int ctl_ask(const char *path, const char *command, json_t *request, json_t **answer) TB_MUST_USE;
/* SHA-256 of the certificate in a PEM file, which must name the member of staff with this number.  The words of a refusal in *why. */
int ctl_fingerprint(const char *pem, const char *id, char out[CTL_CERTIFICATE_TEXT], const char **why) TB_MUST_USE;

#endif
