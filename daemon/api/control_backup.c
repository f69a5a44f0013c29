/* control_backup: backups and verifications that an operator asks for. */
#include "daemon/api/backup_run.h"
#include "daemon/api/control_internal.h"
#include "daemon/base/log.h"
#include "proto/strict_json.h"

enum { PATH_BYTES = 1000 };

static void told_progress(void *context, const char *step, int64_t done, int64_t of)
{
    control_progress(context, json_pack("{s:s, s:I, s:I}", "step", step, "done", (json_int_t)done, "of", (json_int_t)of));
}

static void told_done(void *context, json_t *answer, const struct problem *p)
{
    if (answer)
        control_answer(context, answer);
    else
        control_refuse(context, p);
}

static bool is_gone(void *context)
{
    return control_gone(context);
}

/* {"out": directory}; without it the configured one. */
void control_backup(struct control_ask *ask, json_t *request)
{
    static const char *const known[] = {"out", NULL};
    struct problem p = {.number = -1};
    struct backup_asker asker = {.context = ask, .progress = told_progress, .done = told_done, .gone = is_gone};
    const char *out = NULL;
    int rc = strict_json_only(request, "", known, &p);
    if (!rc)
        rc = strict_json_text(request, "", "out", false, PATH_BYTES, &out, &p);
    if (!rc)
        rc = backup_run_ask(ask->parts->backups, out && out[0] ? out : NULL, &asker, &p);
    if (rc)
        control_refuse(ask, &p);
    else
        LOG(LOG_LEVEL_NOTICE, LOG_STORE, "backup_asked", LOG_INT("uid", ask->uid));
}

/* {"backup": path of one}; without it the running store. */
void control_verify(struct control_ask *ask, json_t *request)
{
    static const char *const known[] = {"backup", NULL};
    struct problem p = {.number = -1};
    struct backup_asker asker = {.context = ask, .progress = told_progress, .done = told_done, .gone = is_gone};
    const char *path = NULL;
    int rc = strict_json_only(request, "", known, &p);
    if (!rc)
        rc = strict_json_text(request, "", "backup", false, PATH_BYTES, &path, &p);
    if (!rc)
        rc = backup_run_verify(ask->parts->backups, path, &asker, &p);
    if (rc)
        control_refuse(ask, &p);
}
