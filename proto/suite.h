/* suite: the cryptographic algorithms of a ledger, as one row each.
 *
 * A ledger is of one suite for its life: `intl` = SHA-256 + Ed25519, exactly the C2SP formats.  `sm` = SM3 + SM2 will
 * be the second row (same formats, signature type 0xff with a private name); nothing above this header names an
 * algorithm. */
#ifndef PROTO_SUITE_H
#define PROTO_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

enum { SUITE_HASH_BYTES = 32, SUITE_SIGNATURE_MAX = 72, SUITE_PUBLIC_MAX = 65, SUITE_SECRET_MAX = 32 };

struct suite; /* opaque; static objects */

/* Suite by name ("intl"), or NULL. */
const struct suite *suite_by_name(const char *name);
/* Suite whose signature or cosignature type byte this is, or NULL. */
const struct suite *suite_by_type(uint8_t type);
const char *suite_name(const struct suite *suite);
/* C2SP signature type bytes of plain signatures and of cosignatures (0x01 and 0x04 for intl). */
uint8_t suite_sign_type(const struct suite *suite);
uint8_t suite_cosign_type(const struct suite *suite);
size_t suite_public_bytes(const struct suite *suite);
size_t suite_secret_bytes(const struct suite *suite);
size_t suite_signature_bytes(const struct suite *suite);

/* One-shot hash over up to three pieces (NULL, 0 to leave one out); thread-safe, no allocation on the hot path. */
int suite_hash(const struct suite *suite, const void *a, size_t a_len, const void *b, size_t b_len, const void *c,
               size_t c_len, uint8_t out[SUITE_HASH_BYTES]) TB_MUST_USE;
/* Secret key → public key. */
int suite_public(const struct suite *suite, const uint8_t *secret, uint8_t *public_out) TB_MUST_USE;
int suite_sign(const struct suite *suite, const uint8_t *secret, const void *msg, size_t len, uint8_t *sig,
               size_t *sig_len) TB_MUST_USE;
/* 0 or TB_ETRUST. */
int suite_verify(const struct suite *suite, const uint8_t *public_key, const void *msg, size_t len, const uint8_t *sig,
                 size_t sig_len) TB_MUST_USE;
/* Overwrites secret bytes; never optimised away. */
void suite_wipe(void *bytes, size_t len);

#endif
