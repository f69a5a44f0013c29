/* case archive: one tar of a case for the archives (归档), see proto/archive.h.  Each part is asked for like by any clerk, so each view of
 * it is recorded. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/tongban_case_file.h"
#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/archive.h"
#include "proto/limits.h"

struct making {
    struct client *client;
    struct archive archive;
    struct file_out out;
    int why; /* errno of a write that failed */
};

static int put(void *context, const void *bytes, size_t len)
{
    struct making *m = context;
    if (fwrite(bytes, 1, len, m->out.file) == len)
        return 0;
    m->why = errno;
    return TB_EIO;
}

/* 0, or what stands in the way, said. */
static int judge(struct making *m, int rc)
{
    if (rc == TB_EMALFORMED)
        return report_local(m->client, REPORT_FILE, _("material %s did not arrive whole; nothing was written"), m->archive.sha256);
    if (rc == TB_EIO)
        return report_local(m->client, REPORT_FILE, "%s: %s", m->out.path, strerror(m->why));
    return rc ? report_local(m->client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

/* An answer of the office, byte for byte. */
static int put_answer(struct making *m, const struct archive_answer *part)
{
    char path[100];
    struct http_answer answer;
    struct problem p;
    struct http_request request = {.method = "GET", .path = path, .repeat = true};
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s%s", m->archive.no, part->path);
    int rc = http_send(m->client->http, &request, &answer, &p);
    if (rc)
        return http_report(m->client, rc, &p);
    int status = answer.status == 200 ? judge(m, archive_part(&m->archive, part->part, answer.body.data, answer.body.len))
                                      : http_refused(m->client, &answer);
    http_answer_free(&answer);
    return status;
}

struct taking {
    struct archive *archive;
    int rc;
};

static int take_bytes(void *context, const char *bytes, size_t len)
{
    struct taking *t = context;
    t->rc = archive_material_bytes(t->archive, bytes, len);
    return t->rc ? -1 : 0;
}

/* Streamed: a scan may have hundreds of megabytes. */
static int put_material(struct making *m, const json_t *material)
{
    char path[100];
    struct http_answer answer;
    struct problem p;
    struct taking t = {.archive = &m->archive};
    struct http_request request = {.method = "GET", .path = path, .event = take_bytes, .context = &t};
    (void)snprintf(path, sizeof path, "/window/v1/materials/%.64s", view_text(material, "sha256"));
    int status = judge(m, archive_material_begin(&m->archive, material));
    int rc = status ? 0 : http_send(m->client->http, &request, &answer, &p);
    if (status)
        return status;
    if (rc)
        return t.rc ? judge(m, t.rc) : http_report(m->client, rc, &p);
    status = answer.status == 200 ? EXIT_DONE : http_refused(m->client, &answer);
    http_answer_free(&answer);
    return status ? status : judge(m, archive_material_end(&m->archive));
}

static int put_scans(struct making *m, const json_t *doc)
{
    const json_t *scan;
    for (size_t i = 0; (scan = archive_scan(doc, i)) != NULL; i++) {
        bool here;
        int status = judge(m, archive_list_scan(&m->archive, doc, i, &here));
        if (!status && here)
            status = put_material(m, scan);
        if (status)
            return status;
    }
    return EXIT_DONE;
}

static int put_all(struct making *m)
{
    char path[100];
    json_t *doc = NULL;
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s", m->archive.no);
    int status = http_get(m->client, path, &doc);
    if (status)
        return status;
    status = judge(m, archive_begin(&m->archive, doc));
    for (size_t i = 0; archive_answers[i].part && !status; i++)
        status = put_answer(m, &archive_answers[i]);
    if (!status)
        status = put_scans(m, doc);
    if (!status)
        status = judge(m, archive_end(&m->archive, doc));
    json_decref(doc);
    return status;
}

int case_archive(struct client *client, const struct args *args)
{
    const char *out = args_option(args, "out"), *no = args->positional[0];
    struct making m = {.client = client};
    int status = view_check_no(client, no);
    if (!status && !out)
        status = report_local(client, REPORT_USAGE, "%s", _("--out FILE: where the archive is written"));
    if (!status)
        status = file_out_open(client, out, args_option(args, "force") ? FILE_OUT_REPLACE : FILE_OUT_WHOLE, &m.out);
    if (status)
        return status;
    archive_init(&m.archive, no, (int64_t)time(NULL), put, &m);
    status = put_all(&m);
    int closed = file_out_close(client, &m.out, !status);
    status = status ? status : closed;
    if (!status && client->json) {
        json_t *doc = json_pack("{s:s, s:s, s:i, s:i}", "case", no, "file", out, "parts", (int)m.archive.parts, "missing",
                                (int)m.archive.missing);
        term_json(doc);
        json_decref(doc);
    } else if (!status) {
        (void)printf(_("The archive of %s stands in %s, %d parts; sha256sum -c manifest.sha256 checks them.\n"), no, out,
                     (int)m.archive.parts);
        if (m.archive.missing)
            (void)printf(_("Scans that are not at this office are not in it: %d; contents.txt names them. "
                           "Ask the other office for them before the case is erased.\n"),
                         (int)m.archive.missing);
    }
    archive_clear(&m.archive);
    return status;
}
