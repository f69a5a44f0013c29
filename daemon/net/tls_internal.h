/* tls_internal: one TLS server session without a socket — cipher text in, cipher text out, plaintext between.
 *
 * The session reads from a borrowed slice (`in`) and writes into a bounded buffer (`out`) through a BIO of its own, so
 * nothing grows beyond TLS_OUT_BYTES.  tls_pump is the only caller of SSL_do_handshake, SSL_read, SSL_write and
 * SSL_shutdown.  Loop thread. */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/net/http_server.h"
#include "daemon/net/tls.h"

/* Cipher text waiting for the socket: four full records. */
#define TLS_OUT_BYTES (68 * 1024)

struct tls_session;

enum tls_op { TLS_OP_HANDSHAKE, TLS_OP_READ, TLS_OP_WRITE, TLS_OP_SHUTDOWN };
enum tls_step {
    TLS_DONE,       /* handshake finished; bytes read or written; close_notify written */
    TLS_WANT_INPUT, /* the slice is used up */
    TLS_WANT_SPACE, /* `out` is full or frozen: flush it first */
    TLS_END,        /* the peer closed in order */
    TLS_FAILED      /* fatal; tls_session_reason says why; an alert may stand in `out` */
};

/* Takes a reference to the context.  `out` is borrowed for the session's life. */
int tls_session_new(struct tls_context *context, struct buf *out, struct tls_session **session) TB_MUST_USE;
void tls_session_free(struct tls_session *session);
/* Cipher text for the pump; borrowed as long as tls_input_left counts bytes of it. */
void tls_input_give(struct tls_session *session, const char *bytes, size_t len);
size_t tls_input_left(const struct tls_session *session);
/* While frozen nothing is added to `out` (the socket is writing it). */
void tls_output_freeze(struct tls_session *session, bool frozen);

/* One step.  For READ and WRITE `bytes`/`len` is the plaintext buffer and *done the bytes moved. */
enum tls_step tls_pump(struct tls_session *session, enum tls_op op, void *bytes, size_t len, size_t *done);
/* After the handshake.  A certificate without exactly one of our names gives TLS_NOBODY. */
int tls_session_identity(const struct tls_session *session, struct tls_identity *out) TB_MUST_USE;
/* Whether the peer's certificate still opens `now`, the listener's present context: after a reload it may be revoked, its authority gone.
 * Looks once per context.  TB_ETRUST. */
int tls_session_recheck(struct tls_session *session, const struct tls_context *now) TB_MUST_USE;
/* Why the session failed, short, for the log; never NULL. */
const char *tls_session_reason(const struct tls_session *session);

#endif
