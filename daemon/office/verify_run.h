/* verify_run: a verification from its first page to its last, of the running store or of a backup, on a thread of the caller's own. */
#ifndef OFFICE_VERIFY_RUN_H
#define OFFICE_VERIFY_RUN_H

#include "daemon/office/verify.h"
#include "daemon/store/backup.h"

struct verify_outcome {
    int64_t entries, checkpoints, messages, receipts, cases, objects, materials;
    int64_t differences;  /* all … */
    json_t *rows;         /* owned: … and the first LIMIT_BACKUP_FAULTS: [{"difference", "where", "detail"}] */
    bool old_schema;      /* a backup of an older version: its tables could not be compared */
};
void verify_outcome_clear(struct verify_outcome *outcome);

/* The store, while others work with it. */
int verify_store(struct store *store, const struct office *office, struct backup_pace *pace, struct verify_outcome *out,
                 struct problem *p) TB_MUST_USE;
/* A backup: first as backup_verify, then its tables.  A damaged file is an error with words in `p`. */
int verify_backup(const char *path, const struct office *office, const struct note_signer *signer, struct backup_pace *pace,
                  struct verify_outcome *out, struct problem *p) TB_MUST_USE;
/* The answer of both: {"done": {counts, "differences": [… with "title" and "remedy"]}}; new reference. */
json_t *verify_outcome_json(const struct verify_outcome *outcome);

#endif
