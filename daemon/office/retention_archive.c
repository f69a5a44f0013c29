/* The archive of a case before it is erased: the same parts that a clerk gets with `tongban case archive`. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/office_internal.h"
#include "daemon/office/retention.h"
#include "daemon/store/archive_file.h"

struct making {
    const struct office_archive *job;
    struct archive archive;
    struct archive_file file;
    json_t *doc; /* of the case */
};

/* ---- what a reader says ---- */

struct case_question {
    struct store_query query; /* first member */
    const struct office *office;
    const char *no;
    json_t *doc;
};

/* Nobody of the staff asks: the system archives, and the entry of the erasure says so. */
static const struct office_staff nobody = {.role = "handler"};

static int case_question_run(struct store_db *db, struct store_query *query)
{
    struct case_question *q = (struct case_question *)query;
    struct case_row row;
    int rc = case_get(db, q->no, &row);
    if (rc)
        return rc;
    rc = case_document(db, q->office, &nobody, &row, &q->doc);
    case_row_clear(&row);
    return rc;
}

/* What stands behind the path of an answer; a new reference. */
static int ask(const struct making *m, const char *path, json_t **answer)
{
    static const struct {
        const char *path;
        enum office_ask ask;
    } asks[] = {{"/timeline", ASK_TIMELINE}, {"/clocks", ASK_CLOCKS}, {"/documents", ASK_DOCUMENTS}, {"/bundle", ASK_BUNDLE}};
    struct office_question question;
    size_t i = 0;
    while (i < sizeof asks / sizeof asks[0] && strcmp(asks[i].path, path) != 0)
        i++;
    if (i == sizeof asks / sizeof asks[0]) { /* the case itself */
        *answer = json_incref(m->doc);
        return 0;
    }
    office_question_init(&question, m->job->office, asks[i].ask, &nobody);
    memcpy(question.case_no, m->archive.no, sizeof question.case_no);
    int rc = store_reader_run(m->job->reader, &question.query);
    *answer = rc ? NULL : json_incref(question.answer);
    office_question_clear(&question);
    return rc;
}

static int put_answer(struct making *m, const struct archive_answer *part)
{
    json_t *answer = NULL;
    int rc = ask(m, part->path, &answer);
    char *text = rc ? NULL : json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!rc)
        rc = text ? archive_part(&m->archive, part->part, text, strlen(text)) : TB_ENOMEM;
    free(text);
    json_decref(answer);
    return rc;
}

/* ---- the whole ---- */

static int put_scans(struct making *m)
{
    const json_t *scan;
    for (size_t i = 0; (scan = archive_scan(m->doc, i)) != NULL; i++) {
        bool here;
        int rc = archive_list_scan(&m->archive, m->doc, i, &here);
        if (!rc && here)
            rc = archive_material_begin(&m->archive, scan);
        if (!rc && here)
            rc = archive_file_material(&m->archive, m->job->materials, m->archive.sha256, m->job->stopped, m->job->context);
        if (!rc && here)
            rc = archive_material_end(&m->archive);
        if (rc)
            return rc;
    }
    return 0;
}

static int put_all(struct making *m)
{
    int rc = archive_begin(&m->archive, m->doc);
    for (size_t i = 0; archive_answers[i].part && !rc; i++)
        rc = put_answer(m, &archive_answers[i]);
    if (!rc)
        rc = put_scans(m);
    return rc ? rc : archive_end(&m->archive, m->doc);
}

/* In words; a file of materials that is missing or damaged keeps its case from being erased. */
static int tell(const struct making *m, int rc, struct problem *p)
{
    if (m->file.error)
        (void)problem_set(p, PROBLEM_INTERNAL, "", "%.200s: %s", m->job->directory, strerrordesc_np(m->file.error));
    else if (rc == TB_ENOTFOUND || rc == TB_EMALFORMED)
        (void)problem_set(p, PROBLEM_INTERNAL, "", "material %.16s… is missing or damaged", m->archive.sha256);
    else
        (void)problem_from_code(p, rc);
    return rc;
}

int office_archive_case(const struct office_archive *job, struct retention_pick *pick, struct problem *p)
{
    struct making m = {.job = job, .file = {.fd = -1, .directory = -1}};
    struct case_question question = {.query = {.run = case_question_run}, .office = job->office, .no = pick->row.case_no};
    archive_init(&m.archive, pick->row.case_no, job->at_ms / 1000, archive_file_put, &m.file);
    int rc = store_reader_run(job->reader, &question.query);
    m.doc = question.doc;
    if (!rc)
        rc = archive_file_open(&m.file, job->directory, pick->row.case_no);
    if (!rc)
        rc = put_all(&m);
    int closed = archive_file_close(&m.file, !rc, pick->archive);
    rc = rc ? rc : closed;
    if (rc)
        (void)tell(&m, rc, p);
    pick->archived = !rc;
    json_decref(m.doc);
    archive_clear(&m.archive);
    return rc;
}
