/* tls_info: what a person wants to know of a certificate in a file (tongbanctl certificate list). */
#ifndef NET_TLS_INFO_H
#define NET_TLS_INFO_H

#include <stdint.h>

#include "proto/problem.h"

enum { TLS_NAME_TEXT = 160, TLS_URN_TEXT = 64 };

struct tls_info {
    char subject[TLS_NAME_TEXT], issuer[TLS_NAME_TEXT]; /* RFC 2253, cut */
    char urn[TLS_URN_TEXT];                             /* the one that begins with urn:tongban:, or "" */
    char fingerprint[65];                               /* SHA-256, hex */
    int64_t not_before_ms, not_after_ms;
};

/* The first `room` certificates of a PEM file; *count of them are there, at least one. */
int tls_info_read(const char *pem_file, struct tls_info *out, size_t room, size_t *count, struct problem *p) TB_MUST_USE;

#endif
