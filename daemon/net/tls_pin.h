/* tls_pin: what a client of ours demands of the server's certificate beyond a valid chain and host name — that it stands for the office
 * that the configuration pins to this authority (SAN URI urn:tongban:office:<code>, docs/protocol.md, "Exchange"). */
#ifndef NET_TLS_PIN_H
#define NET_TLS_PIN_H

#include "daemon/net/tls_crl.h"
#include "proto/err.h"

/* The server's certificate is also looked up in the lists (PEM text, or NULL), under the policy, which is borrowed like `office`.
 * `ssl_ctx` is an OpenSSL SSL_CTX that is not yet in use.  `office` is borrowed and must outlive every connection of it. */
int tls_pin_office(void *ssl_ctx, const char *office, const char *crl, const struct tls_crl_policy *policy) TB_MUST_USE;

#endif
