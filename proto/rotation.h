/* rotation: the word of a ledger's owner that its key is another one from now on, signed by both keys.
 *
 * A signed note (c2sp.org/signed-note) whose text is four lines: what it is, the ledger's origin, the verification key of before, that of
 * now.  Whoever pins the key of before can check it, and that the new secret exists; that the owner wanted it, only a telephone can say. */
#ifndef PROTO_ROTATION_H
#define PROTO_ROTATION_H

#include "proto/note.h"

/* Appends the note; the same for the same keys.  TB_EINVAL when the two have other names or are one key. */
int rotation_sign(const struct note_signer *from, const struct note_signer *to, struct buf *out) TB_MUST_USE;
/* Reads what was said by the owner of `from`; *to on success.  TB_EMALFORMED, TB_ETRUST. */
int rotation_verify(const struct note_vkey *from, const char *unverified, size_t len, struct note_vkey *to) TB_MUST_USE;
bool rotation_same_key(const struct note_vkey *one, const struct note_vkey *two);

enum { KEY_FINGERPRINT_TEXT = 65 };
/* For the telephone: SHA-256 of the public key, lower-case hex. */
int rotation_fingerprint(const struct note_vkey *key, char out[KEY_FINGERPRINT_TEXT]) TB_MUST_USE;

#endif
