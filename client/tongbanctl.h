/* tongbanctl: the operator's program, over the Unix socket of the daemon on the same machine (docs/reference/tongbanctl.md).
 *
 * Options are rows of CTL_OPTIONS, commands are rows of tongbanctl_table.c; help, checks and the request come from them. */
#ifndef CLIENT_TONGBANCTL_H
#define CLIENT_TONGBANCTL_H

#include "client/tongban_term.h"

enum { CTL_CERTIFICATE_TEXT = 65, CTL_WORDS = 3 };

/* O(CONSTANT, "name", "VALUE" or NULL for a flag, sent: a member of the request, help) */
#define CTL_OPTIONS(O)                                                                                                      \
    O(NAME, "name", "NAME", true, N_("name of the person, shown to colleagues"))                                            \
    O(ROLE, "role", "ROLE", true, N_("what the person may do"))                                                             \
    O(WINDOW, "window", "NAME", true, N_("name of the window at which the person sits"))                                    \
    O(TOWNSHIP, "township", "CODE", true, N_("township or street (镇街) of the window, nine digits"))                       \
    O(CERTIFICATE, "certificate", "FILE", false, N_("PEM file of the person's certificate; only this one will open anything")) \
    O(FINGERPRINT, "fingerprint", "HEX", false, N_("SHA-256 of the certificate, instead of the file"))                      \
    O(REASON, "reason", "TEXT", true, N_("why; kept in the ledger"))                                                        \
    O(STAFF, "staff", "ID", true, N_("only what this person saw"))                                                          \
    O(CASE, "case", "NO", true, N_("only who saw this case"))                                                               \
    O(SINCE, "since", "DATE", true, N_("only from this day on"))                                                            \
    O(OFFICE, "office", "OFFICE", true, N_("only this counterpart"))                                                        \
    O(WAIT, "wait", NULL, true, N_("answer only when every message is delivered"))                                          \
    O(END, "end", NULL, true, N_("open the intake again"))

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

/* Asks the daemon at `path` one thing; takes `request`.  Lines of progress go to `progress` (or NULL).  *answer is new.  TB_EIO without a
 * daemon, TB_ETIMEOUT, TB_EMALFORMED. */
int ctl_ask(const char *path, const char *command, json_t *request, void (*progress)(const json_t *doc), json_t **answer) TB_MUST_USE;

/* ---- tongbanctl_staff.c ---- */
int ctl_staff_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request);
int ctl_staff_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_staff_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_views_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_retention.c ---- */
int ctl_retention_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_retention_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);

/* ---- tongbanctl_status.c ---- */
int ctl_status_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_peers_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_peer_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_status_judge(const json_t *answer);
int ctl_test_judge(const json_t *answer);
int ctl_test_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_queue_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_retry_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
int ctl_drain_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer);
/* What a line of progress says, on stderr. */
void ctl_progress(const json_t *doc);

#endif
