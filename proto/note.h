/* note: C2SP signed notes, checkpoints, cosignatures and transparency-log proofs, pure.
 *
 * A *note* is text plus signature lines (c2sp.org/signed-note).  A *checkpoint* is a note whose text is origin, tree
 * size and root (c2sp.org/tlog-checkpoint); the origin of an office's ledger is its key name, e.g. "tongban/330483".  A
 * *cosignature* is a witness's dated signature over the same text (c2sp.org/tlog-cosignature).  A *proof* is index,
 * inclusion path and checkpoint (c2sp.org/tlog-proof).  Names say what has not been verified. */
#ifndef PROTO_NOTE_H
#define PROTO_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/ledger.h"
#include "proto/limits.h"

enum { NOTE_NAME_MAX = 96, NOTE_VKEY_TEXT = 256 };

/* A verification key: "<name>+<key id hex>+<base64(type || public key)>". */
struct note_vkey {
    const struct suite *suite;
    char name[NOTE_NAME_MAX];
    uint8_t type; /* signature type byte of the text it was read from */
    uint8_t public_key[SUITE_PUBLIC_MAX];
};
int note_vkey_parse(const char *text, struct note_vkey *out) TB_MUST_USE;
/* The text for the plain type (cosign=false) or the cosignature type. */
int note_vkey_format(const struct note_vkey *key, bool cosign, char out[NOTE_VKEY_TEXT]) TB_MUST_USE;

/* A signing key.  Text form "PRIVATE+KEY+<name>+<key id hex>+<base64(type || secret)>" (as Go's note package writes
 * it).  Wipe it with note_signer_wipe. */
struct note_signer {
    const struct suite *suite;
    char name[NOTE_NAME_MAX];
    uint8_t secret[SUITE_SECRET_MAX];
    struct note_vkey vkey;
};
int note_signer_make(const struct suite *suite, const char *name, const uint8_t *secret,
                     struct note_signer *out) TB_MUST_USE;
int note_signer_parse(const char *text, struct note_signer *out) TB_MUST_USE;
int note_signer_format(const struct note_signer *signer, struct buf *out) TB_MUST_USE;
void note_signer_wipe(struct note_signer *signer);

struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    struct ledger_hash root;
};

/* Appends a whole signed checkpoint ("origin\nsize\nroot\n\n— name sig\n") to `out`.  About 65 µs: off the loop. */
int checkpoint_sign(const struct note_signer *signer, uint64_t size, const struct ledger_hash *root,
                    struct buf *out) TB_MUST_USE;
/* Verifies the note with the key of the ledger's owner (whose name must be the origin) and reads it.  Unknown signers'
 * lines are ignored, a known signer's wrong line is fatal.  TB_EMALFORMED, TB_ETRUST.  About 150 µs. */
int checkpoint_verify(const struct note_vkey *key, const char *unverified, size_t len,
                      struct checkpoint *out) TB_MUST_USE;
/* Appends the cosignature line of a checkpoint note already verified ("— name base64\n"). */
int checkpoint_cosign(const struct note_signer *signer, const char *note, size_t len, int64_t unix_s,
                      struct buf *line_out) TB_MUST_USE;
/* Finds and verifies the witness's cosignature line in `lines` (one or more signature lines, or a whole note) over the
 * checkpoint `note`.  Returns its time.  TB_ENOTFOUND without such a line, TB_ETRUST. */
int checkpoint_verify_cosignature(const struct note_vkey *witness, const char *note, size_t note_len,
                                  const char *unverified_lines, size_t lines_len, int64_t *unix_s) TB_MUST_USE;

/* Appends a further signer's line to a checkpoint note that `note` holds whole. */
int checkpoint_sign_also(const struct note_signer *signer, struct buf *note) TB_MUST_USE;

/* Any other signed note.  Appends the signature line over a text that ends with a newline. */
int note_sign(const struct note_signer *signer, const char *text, size_t len, struct buf *line_out) TB_MUST_USE;
/* Verifies the line of this key; *text is borrowed from the note.  TB_EMALFORMED, TB_ETRUST. */
int note_verify(const struct note_vkey *key, const char *unverified, size_t len, const char **text, size_t *text_len) TB_MUST_USE;

/* A C2SP tlog-proof as read, nothing verified. */
struct unverified_proof {
    uint64_t index;
    struct ledger_path path;
    const char *checkpoint; /* borrowed from the text */
    size_t checkpoint_len;
};
int tlog_proof_format(uint64_t index, const struct ledger_path *path, const char *checkpoint, size_t checkpoint_len,
                      struct buf *out) TB_MUST_USE;
int tlog_proof_parse(const char *text, size_t len, struct unverified_proof *out) TB_MUST_USE;
/* Whole check: checkpoint signature, leaf of `line`, path.  0, TB_EMALFORMED or TB_ETRUST.  *checkpoint_out may be
 * NULL. */
int tlog_proof_verify(const struct note_vkey *key, const char *text, size_t len, const void *line, size_t line_len,
                      struct checkpoint *checkpoint_out) TB_MUST_USE;

/* Standard Base64 (RFC 4648 4), strict: padding required, no white space, unused bits zero.  `out` may hold partial
 * bytes on failure. */
int base64_encode(const void *bytes, size_t len, struct buf *out) TB_MUST_USE;
int base64_decode(const char *text, size_t len, uint8_t *out, size_t out_max, size_t *out_len) TB_MUST_USE;

#endif
