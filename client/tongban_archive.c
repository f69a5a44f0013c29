/* case archive: one tar (POSIX ustar) of a case for the archives (归档): contents list, case, timeline, list of documents, proof, result,
 * materials, metadata and a manifest of SHA-256, in the order in which an archive binds them (DA/T 85-2019: contents, results and
 * process, application materials).  Each part is asked for like by any clerk, so each view of it is recorded. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/tongban_case_file.h"
#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

enum { BLOCK = 512, NAME_TEXT = 100, MANIFEST_BYTES_MAX = 256 * 1024, COVER_BYTES_MAX = 64 * 1024 };

struct archive {
    struct client *client;
    const char *no;
    struct file_out out;
    struct buf manifest; /* "SHA-256  name\n", as sha256sum reads it */
    struct buf cover;
    unsigned parts, missing; /* scans that the case names and that are not at this office */
};

/* ---- the tar ---- */

struct tar_header { /* POSIX.1-1988 ustar; numbers are octal text */
    char name[NAME_TEXT], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "a header is one block");

static bool put(struct archive *a, const void *bytes, size_t len)
{
    return fwrite(bytes, 1, len, a->out.file) == len;
}

static bool put_header(struct archive *a, const char *name, int64_t size)
{
    struct tar_header h;
    unsigned sum = 0;
    memset(&h, 0, sizeof h);
    if (strlen(name) >= sizeof h.name)
        return false;
    memcpy(h.name, name, strlen(name));
    (void)snprintf(h.mode, sizeof h.mode, "%07o", 0600U);
    (void)snprintf(h.uid, sizeof h.uid, "%07o", 0U);
    (void)snprintf(h.gid, sizeof h.gid, "%07o", 0U);
    (void)snprintf(h.size, sizeof h.size, "%011" PRIo64, (uint64_t)size);
    (void)snprintf(h.mtime, sizeof h.mtime, "%011" PRIo64, (uint64_t)time(NULL));
    h.type = '0';
    memcpy(h.magic, "ustar", sizeof h.magic);
    memcpy(h.version, "00", sizeof h.version);
    memset(h.checksum, ' ', sizeof h.checksum);
    for (size_t i = 0; i < sizeof h; i++)
        sum += ((const unsigned char *)&h)[i];
    (void)snprintf(h.checksum, sizeof h.checksum, "%06o", sum);
    return put(a, &h, sizeof h);
}

static bool put_padding(struct archive *a, int64_t size)
{
    static const char zeros[BLOCK];
    size_t rest = (size_t)(size % BLOCK);
    return !rest || put(a, zeros, BLOCK - rest);
}

static bool note(struct archive *a, const char *name, const char *digest)
{
    a->parts++;
    return buf_printf(&a->manifest, "%s  %s\n", digest, strchr(name, '/') + 1) == 0;
}

static int put_part(struct archive *a, const char *part, const void *bytes, size_t len)
{
    char name[NAME_TEXT], digest[SHA256_HEX];
    (void)snprintf(name, sizeof name, "%.21s/%.70s", a->no, part);
    sha256_hex(bytes, len, digest);
    bool good = put_header(a, name, (int64_t)len) && put(a, bytes, len) && put_padding(a, (int64_t)len) && note(a, name, digest);
    return good ? EXIT_DONE : report_local(a->client, REPORT_FILE, "%s: %s", a->out.path, strerror(errno));
}

/* ---- the parts ---- */

/* An answer of the office, byte for byte. */
static int put_answer(struct archive *a, const char *part, const char *path)
{
    struct http_answer answer;
    struct problem p;
    struct http_request request = {.method = "GET", .path = path, .repeat = true};
    int rc = http_send(a->client->http, &request, &answer, &p);
    if (rc)
        return http_report(a->client, rc, &p);
    int status = answer.status == 200 ? put_part(a, part, answer.body.data, answer.body.len) : http_refused(a->client, &answer);
    http_answer_free(&answer);
    return status;
}

struct taking {
    struct archive *a;
    EVP_MD_CTX *digest;
    int64_t left;
    int why; /* errno of a write that failed */
};

static int take_bytes(void *context, const char *bytes, size_t len)
{
    struct taking *t = context;
    if ((int64_t)len > t->left || EVP_DigestUpdate(t->digest, bytes, len) != 1)
        return -1;
    if (!put(t->a, bytes, len))
        return t->why = errno, -1;
    t->left -= (int64_t)len;
    return 0;
}

/* Streamed: a scan may have hundreds of megabytes. */
static int put_material(struct archive *a, const char *kind, const json_t *material, size_t n)
{
    const char *sha256 = view_text(material, "sha256");
    int64_t size = json_integer_value(json_object_get(material, "size"));
    char name[NAME_TEXT], path[100], got[SHA256_HEX] = "";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    struct http_answer answer;
    struct problem p;
    struct taking t = {.a = a, .digest = EVP_MD_CTX_new(), .left = size};
    (void)snprintf(name, sizeof name, "%.21s/%s/%02zu-%.64s", a->no, kind, n, sha256);
    (void)snprintf(path, sizeof path, "/window/v1/materials/%.64s", sha256);
    struct http_request request = {.method = "GET", .path = path, .event = take_bytes, .context = &t};
    if (!t.digest || EVP_DigestInit_ex(t.digest, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(t.digest);
        return report_local(a->client, REPORT_MEMORY, NULL);
    }
    int status = put_header(a, name, size) ? EXIT_DONE : report_local(a->client, REPORT_FILE, "%s: %s", a->out.path, strerror(errno));
    int rc = status ? 0 : http_send(a->client->http, &request, &answer, &p);
    if (!status && rc)
        status = t.why ? report_local(a->client, REPORT_FILE, "%s: %s", a->out.path, strerror(t.why)) : http_report(a->client, rc, &p);
    else if (!status) {
        status = answer.status == 200 ? EXIT_DONE : http_refused(a->client, &answer);
        http_answer_free(&answer);
    }
    if (EVP_DigestFinal_ex(t.digest, hash, &hash_len) == 1)
        for (unsigned i = 0; i < hash_len && 2 * i + 2 < sizeof got; i++)
            (void)snprintf(got + (size_t)2 * i, 3, "%02x", hash[i]);
    EVP_MD_CTX_free(t.digest);
    if (!status && (t.left || strcmp(got, sha256) != 0))
        status = report_local(a->client, REPORT_FILE, _("material %s did not arrive whole; nothing was written"), sha256);
    if (!status && (!put_padding(a, size) || !note(a, name, got)))
        status = report_local(a->client, REPORT_FILE, "%s: %s", a->out.path, strerror(errno));
    return status;
}

/* One scan, and its line in the list for people. */
static int put_scan(struct archive *a, const char *kind, const json_t *material, size_t n)
{
    const char *sha256 = view_text(material, "sha256");
    bool here = sha256[0] && json_is_true(json_object_get(material, "here"));
    int status = here ? put_material(a, kind, material, n) : EXIT_DONE;
    a->missing += sha256[0] && !here;
    if (!status && buf_printf(&a->cover, "%02zu  %s  %s\n", n, view_text(material, "name"),
                              here ? sha256 : sha256[0] ? "扫描件不在本单位" : "—"))
        status = report_local(a->client, REPORT_MEMORY, NULL);
    return status;
}

static int put_scans(struct archive *a, const json_t *doc)
{
    const json_t *material, *result = json_object_get(json_object_get(doc, "decision"), "result");
    size_t i;
    int status = EXIT_DONE;
    if (result)
        status = buf_append_str(&a->cover, "结果：\n") ? report_local(a->client, REPORT_MEMORY, NULL) : put_scan(a, "result", result, 1);
    if (!status && buf_append_str(&a->cover, "材料：\n"))
        status = report_local(a->client, REPORT_MEMORY, NULL);
    json_array_foreach(json_object_get(doc, "materials"), i, material)
        status = status ? status : put_scan(a, "materials", material, i + 1);
    return status;
}

/* 归档文件目录, for people: which case, what is in it. */
static int begin_cover(struct archive *a, const json_t *doc)
{
    const json_t *item = json_object_get(doc, "item"), *times = json_object_get(doc, "times");
    int rc = buf_printf(&a->cover, "归档文件目录\n\n办件编号：%s\n事项：%s %s\n状态：%s\n收件：%s\n办结：%s\n\n", a->no,
                        view_text(item, "code"), view_text(item, "name"), view_word(view_text(doc, "state")),
                        view_text(times, "handed_in"), view_text(times, "closed"));
    return rc ? report_local(a->client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

static int put_metadata(struct archive *a, const json_t *doc)
{
    json_t *metadata = json_pack("{s:s, s:s, s:O?, s:O?, s:O?, s:i, s:i}", "format", "tongban-archive-1", "case", a->no, "item",
                                 json_object_get(doc, "item"), "state", json_object_get(doc, "state"), "times",
                                 json_object_get(doc, "times"), "parts", (int)a->parts, "missing", (int)a->missing);
    char *text = metadata ? json_dumps(metadata, JSON_INDENT(1)) : NULL;
    int status = text ? put_part(a, "metadata.json", text, strlen(text)) : report_local(a->client, REPORT_MEMORY, NULL);
    free(text);
    json_decref(metadata);
    return status;
}

static int put_all(struct archive *a)
{
    static const struct {
        const char *part, *path;
    } answers[] = {{"case.json", ""}, {"timeline.json", "/timeline"}, {"clocks.json", "/clocks"}, {"documents.json", "/documents"},
                   {"proof.json", "/bundle"}};
    char path[100];
    json_t *doc = NULL;
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s", a->no);
    int status = http_get(a->client, path, &doc);
    if (status)
        return status;
    status = begin_cover(a, doc);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0] && !status; i++) {
        (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s%s", a->no, answers[i].path);
        status = put_answer(a, answers[i].part, path);
    }
    if (!status)
        status = put_scans(a, doc);
    if (!status)
        status = put_part(a, "contents.txt", a->cover.data, a->cover.len);
    if (!status)
        status = put_metadata(a, doc);
    json_decref(doc);
    if (!status)
        status = put_part(a, "manifest.sha256", a->manifest.data, a->manifest.len);
    static const char end[2 * BLOCK];
    if (!status && !put(a, end, sizeof end))
        status = report_local(a->client, REPORT_FILE, "%s: %s", a->out.path, strerror(errno));
    return status;
}

int case_archive(struct client *client, const struct args *args)
{
    const char *out = args_option(args, "out");
    struct archive a = {.client = client, .no = args->positional[0]};
    int status = view_check_no(client, a.no);
    if (!status && !out)
        status = report_local(client, REPORT_USAGE, "%s", _("--out FILE: where the archive is written"));
    if (!status)
        status = file_out_open(client, out, args_option(args, "force") ? FILE_OUT_REPLACE : FILE_OUT_WHOLE, &a.out);
    if (status)
        return status;
    buf_init(&a.manifest, MANIFEST_BYTES_MAX);
    buf_init(&a.cover, COVER_BYTES_MAX);
    status = put_all(&a);
    int closed = file_out_close(client, &a.out, !status);
    status = status ? status : closed;
    if (!status && client->json) {
        json_t *doc = json_pack("{s:s, s:s, s:i, s:i}", "case", a.no, "file", out, "parts", (int)a.parts, "missing", (int)a.missing);
        term_json(doc);
        json_decref(doc);
    } else if (!status) {
        (void)printf(_("The archive of %s stands in %s, %d parts; sha256sum -c manifest.sha256 checks them.\n"), a.no, out, (int)a.parts);
        if (a.missing)
            (void)printf(_("Scans that are not at this office are not in it: %d; contents.txt names them. "
                           "Ask the other office for them before the case is erased.\n"),
                         (int)a.missing);
    }
    buf_free(&a.manifest);
    buf_free(&a.cover);
    return status;
}
