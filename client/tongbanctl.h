/* tongbanctl: the operator's program, over the Unix socket of the daemon on the same machine (docs/reference/tongbanctl.md).
 *
 * Options are rows of CTL_OPTIONS, commands are rows of tongbanctl_table.c; help, checks and the request come from them. */
#ifndef CLIENT_TONGBANCTL_H
#define CLIENT_TONGBANCTL_H

#include "client/tongban_term.h"
#include "proto/limits.h"

enum { CTL_CERTIFICATE_TEXT = 65, CTL_WORDS = 3, CTL_PASSPHRASE_TEXT = LIMIT_PKI_PASSPHRASE_BYTES + 1 };

/* O(CONSTANT, "name", "VALUE" or NULL for a flag, sent: a member of the request, help) */
#define CTL_OPTIONS(O)                                                                                                      \
    O(NAME, "name", "NAME", true, N_("name of the person, shown to colleagues"))                                            \
    O(ROLE, "role", "ROLE", true, N_("what the person may do"))                                                             \
    O(WINDOW, "window", "NAME", true, N_("name of the window at which the person sits"))                                    \
    O(TOWNSHIP, "township", "CODE", true, N_("township or street (镇街) of the window, nine digits"))                       \
    O(CERTIFICATE, "certificate", "FILE", false, N_("PEM file of the certificate; of a person it is the only one that will open anything")) \
    O(FINGERPRINT, "fingerprint", "HEX", false, N_("SHA-256 of the certificate, instead of the file"))                      \
    O(REASON, "reason", "TEXT", true, N_("why; it is kept"))                                                        \
    O(STAFF, "staff", "ID", true, N_("only what this person did or saw"))                                                          \
    O(CASE, "case", "NO", true, N_("only what concerns this case"))                                                               \
    O(SINCE, "since", "DATE", true, N_("only from this day on"))                                                            \
    O(UNTIL, "until", "DATE", true, N_("only before this day"))                                                             \
    O(TYPE, "type", "WORD", true, N_("only entries of this kind, e.g. case.submitted"))                                     \
    O(AREA, "area", "WORD", true, N_("this area of the log, e.g. peer; without it all that have no level of their own"))                                               \
    O(LOG, "log", "FILE", false, N_("take the log from this file instead of the journal"))                                  \
    O(WAIT, "wait", NULL, true, N_("answer only when every message is delivered"))                                          \
    O(END, "end", NULL, true, N_("the other way round: open the intake, send the parked"))                  \
    O(OFFICE, "office", "CODE", true, N_("an office by its division code, six digits; of `queue` the counterpart"))                                       \
    O(KIND, "kind", "KIND", false, N_("what the certificate is for: window, gateway or staff"))                             \
    O(NUMBER, "number", "NUMBER", false, N_("number of the member of staff, e.g. 0007"))                                    \
    O(ADDRESS, "address", "LIST", false, N_("host names and IP addresses at which a server is found, separated by commas")) \
    O(REQUEST, "request", "FILE", false, N_("a certificate request (CSR) made elsewhere; else the key is made here"))       \
    O(OUT, "out", "FILE", false, N_("where to write; of `backup` a directory; of certificates the NAME of NAME.crt, NAME.key and NAME.csr; never over a file")) \
    O(SERIAL, "serial", "HEX", false, N_("serial number of the certificate, as `pki list` shows it"))                       \
    O(CAUSE, "cause", "WORD", false, N_("why it is revoked: unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation")) \
    O(DAYS, "days", "DAYS", false, N_("how many days it is good for"))                                                      \
    O(KEY, "key", "FILE", false, N_("PEM file of the private key"))                                                         \
    O(AUTHORITY, "authority", "FILE", false, N_("PEM file of the authority that must have signed the certificate"))         \
    O(ROTATION, "rotation", "FILE", false, N_("what the other side's `key rotate` wrote"))                                  \
    O(PASSPHRASE_FILE, "passphrase-file", "FILE", false, N_("first line of the file: passphrase of the authority's key; else it is asked for")) \
    O(PASSPHRASE_FD, "passphrase-fd", "N", false, N_("the same from an open file descriptor"))                                          \
    O(BACKUP, "backup", "DIR", false, N_("this backup instead of the running store"))                                       \
    O(YES, "yes", NULL, false, N_("it cannot be undone, and is meant"))                                                     \
    O(APPLY, "apply", NULL, true, N_("take back what the counterparts have"))                                               \
    O(WITHOUT, "without", "OFFICE", true, N_("do not wait for this counterpart; what only it has is lost"))

enum ctl_option {
#define O(constant, name, value, sent, help) CTL_##constant,
    CTL_OPTIONS(O)
#undef O
    CTL_OPTION_COUNT
};
#define CTL_BIT(option) (UINT64_C(1) << CTL_##option)

struct ctl {
    struct client client; /* for the reports */
    const char *socket;
    const char *given[CTL_OPTION_COUNT]; /* a flag: "" */
    uint64_t bits;
    const char *word[CTL_WORDS];
    int word_count;
    bool help, version;
};

struct ctl_command {
    const char *group, *verb;
    const char *wire;               /* command at the socket; NULL: `run` does it without the daemon */
    const char *word, *key;         /* what stands after the verb, "ID", and its member of the request; or NULL */
    uint64_t required, optional;
    const char *help;
    /* The socket's commands: completes or corrects the request, or NULL.  EXIT_DONE, or the status after a report. */
    int (*prepare)(const struct ctl *ctl, const struct ctl_command *c, json_t *request);
    int (*print)(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
    int (*run)(const struct ctl *ctl, const struct ctl_command *c);
    bool writes;                    /* `print` writes a file: the answer is not shown as JSON */
    int (*judge)(const json_t *answer); /* the exit status that an answer means, printed or as JSON; NULL: EXIT_DONE */
};
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

/* "NAME VALUE" of an option as usage lines have it; the value is "" for a flag. */
void ctl_option_words(enum ctl_option option, const char **name, const char **value, const char **help);
/* ---- tongbanctl_manual.c: pages made from the table ---- */
/* --manual: docs/reference/tongbanctl-commands.md; --man: the man page; --complete: the completion of bash.  False: no such page. */
bool ctl_manual(const char *page);

/* A member of a row as text, "" without it. */
const char *ctl_cell(const json_t *row, const char *key);

/* ---- tongbanctl_rows.c ---- */
enum { CTL_CELL_TEXT = 40 };
struct ctl_column {
    const char *title, *key; /* N_(); the member of each row */
    /* The value for people, in `room` or for ever; NULL: a text as it is. */
    const char *(*show)(const json_t *value, char room[CTL_CELL_TEXT]);
    unsigned least; /* as in table_column */
    enum table_hide hide;
};
const char *ctl_show_word(const json_t *value, char room[CTL_CELL_TEXT]);
const char *ctl_show_time(const json_t *value, char room[CTL_CELL_TEXT]);
const char *ctl_show_number(const json_t *value, char room[CTL_CELL_TEXT]);
/* Prints an array of objects, at most TABLE_COLUMNS columns.  An exit status. */
int ctl_rows_print(const json_t *rows, const struct ctl_column *columns, size_t count);
#define CTL_ROWS_PRINT(rows, columns) ctl_rows_print((rows), (columns), sizeof(columns) / sizeof(columns)[0])

/* Asks the daemon at `path` one thing; takes `request`.  Lines of progress go to `progress` (or NULL).  *answer is new.  TB_ENOTFOUND: no
 * such socket; TB_EDENIED: it may not be opened; TB_EIO: nobody listens, or the daemon ended; TB_ELIMIT, TB_ETIMEOUT, TB_EMALFORMED. */
int ctl_ask(const char *path, const char *command, json_t *request, void (*progress)(const json_t *doc), json_t **answer) TB_MUST_USE;

/* The same at the socket that the options name; takes `request`.  An exit status after having told the user. */
int ctl_call(const struct ctl *ctl, const char *command, json_t *request, json_t **answer) TB_MUST_USE;

/* The passphrase of an authority's key as the options say; a new one is asked for twice and may not be short.  The caller wipes it. */
int ctl_passphrase(const struct ctl *ctl, bool is_new, char out[CTL_PASSPHRASE_TEXT], const char **why) TB_MUST_USE;

/* ---- tongbanctl_certificate.c ---- */
int ctl_certificate_list(const struct ctl *ctl, const struct ctl_command *c);
int ctl_certificate_request(const struct ctl *ctl, const struct ctl_command *c);
int ctl_certificate_install(const struct ctl *ctl, const struct ctl_command *c);
int ctl_reload_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_key.c ---- */
int ctl_key_rotate(const struct ctl *ctl, const struct ctl_command *c);
int ctl_key_retire(const struct ctl *ctl, const struct ctl_command *c);
int ctl_key_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request);
int ctl_key_accepted(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_key_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_pki.c ---- */
int ctl_pki_init(const struct ctl *ctl, const struct ctl_command *c);
int ctl_pki_issue(const struct ctl *ctl, const struct ctl_command *c);
int ctl_pki_revoke(const struct ctl *ctl, const struct ctl_command *c);
int ctl_pki_crl(const struct ctl *ctl, const struct ctl_command *c);
int ctl_pki_list(const struct ctl *ctl, const struct ctl_command *c);

/* ---- tongbanctl_staff.c ---- */
int ctl_staff_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request);
int ctl_staff_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_staff_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_views_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_retention.c ---- */
int ctl_retention_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_retention_judge(const json_t *answer);
int ctl_holds_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_retention_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_status.c ---- */
int ctl_status_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_peers_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_peer_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_status_judge(const json_t *answer);
int ctl_test_judge(const json_t *answer);
int ctl_test_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_queue_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_park_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_retry_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_retry_judge(const json_t *answer);
int ctl_drain_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
/* ---- tongbanctl_recover.c ---- */
int ctl_recover_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_recover_judge(const json_t *answer);
/* ---- tongbanctl_log.c ---- */
int ctl_levels_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_bundle_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_audit_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_backup.c ---- */
int ctl_backup_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request);
int ctl_backup_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_backup_judge(const json_t *answer);
int ctl_verify_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_verify_judge(const json_t *answer);
/* Whether the step of a backup was told, on stderr. */
bool ctl_backup_progress(const json_t *doc);

/* What a line of progress says, on stderr. */
void ctl_progress(const json_t *doc);

#endif
