/* tls_pin: what a client of ours demands of the server's certificate beyond a valid chain and host name — that it stands for the office
 * that the configuration pins to this authority (SAN URI urn:tongban:office:<code>, docs/protocol.md, "Exchange"). */
#ifndef NET_TLS_PIN_H
#define NET_TLS_PIN_H

#include "proto/err.h"

/* `ssl_ctx` is an OpenSSL SSL_CTX that is not yet in use.  `office` is borrowed and must outlive every connection of it. */
int tls_pin_office(void *ssl_ctx, const char *office) TB_MUST_USE;

#endif
