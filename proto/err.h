/* err: the error codes of the whole project and their classes.
 *
 * Every fallible function returns 0 or one of these negative codes.  The class of a failure (try again, give up, already
 * done) is decided where it is known and travels upward unchanged.  Output parameters are assigned only on success. */
#ifndef PROTO_ERR_H
#define PROTO_ERR_H

#define TB_MUST_USE __attribute__((warn_unused_result))
#define TB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_code {
    TB_OK = 0,
    TB_ENOMEM = -1,      /* out of memory */
    TB_EINVAL = -2,      /* our own caller broke a precondition */
    TB_EMALFORMED = -3,  /* bytes from outside do not have the form they must have */
    TB_ELIMIT = -4,      /* a named limit was reached (limits.h) */
    TB_ENOTFOUND = -5,   /* no such thing */
    TB_ECONFLICT = -6,   /* same name, other content; or not the expected position */
    TB_EDENIED = -7,     /* this person or office may not do this */
    TB_EREFUSED = -8,    /* refused by a rule of law or of the case machine */
    TB_ETRUST = -9,      /* signature, proof or certificate does not verify */
    TB_ETEMP = -10,      /* did not work now; the same call may work later */
    TB_EFULL = -11,      /* no space on the disk, or below the disk floor */
    TB_EIO = -12,        /* the disk failed */
    TB_ECORRUPT = -13,   /* stored bytes are not what was stored */
    TB_ECLOSED = -14,    /* the other end, or we, closed */
    TB_ETIMEOUT = -15,   /* a named time limit passed */
    TB_EDUPLICATE = -16, /* known already; the stored answer applies */
    TB_EUNSUPPORTED = -17,
    TB_EBEHIND = -18     /* others have seen more of our ledger than we have: nothing may be added to it */
};

enum err_class { ERR_CLASS_OK, ERR_CLASS_TEMPORARY, ERR_CLASS_PERMANENT, ERR_CLASS_DUPLICATE, ERR_CLASS_ALARM };

/* Short English text of a code, static; never NULL.  Any thread. */
const char *err_text(int code);
/* Class of a code: what a caller that retries has to know.  Any thread. */
enum err_class err_class(int code);

#endif
