#include "proto/archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/case_machine.h"
#include "proto/strict_json.h"

enum { BLOCK = 512 };

const struct archive_answer archive_answers[] = {
    {"case.json", ""},           {"timeline.json", "/timeline"}, {"clocks.json", "/clocks"}, {"documents.json", "/documents"},
    {"proof.json", "/bundle"},   {NULL, NULL}};

struct tar_header { /* POSIX.1-1988 ustar; numbers are octal text */
    char name[ARCHIVE_NAME_TEXT], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "a header is one block");

void archive_init(struct archive *a, const char *no, int64_t at_s, int (*put)(void *context, const void *bytes, size_t len), void *context)
{
    *a = (struct archive){.put = put, .context = context, .at = at_s};
    (void)snprintf(a->no, sizeof a->no, "%s", no);
    buf_init(&a->manifest, ARCHIVE_MANIFEST_BYTES);
    buf_init(&a->cover, ARCHIVE_COVER_BYTES);
}

void archive_clear(struct archive *a)
{
    buf_free(&a->manifest);
    buf_free(&a->cover);
    suite_stream_free(a->digest);
    a->digest = NULL;
}

/* ---- the tar ---- */

static int put_header(struct archive *a, int64_t size)
{
    struct tar_header h;
    unsigned sum = 0;
    memset(&h, 0, sizeof h);
    memcpy(h.name, a->name, strlen(a->name));
    (void)snprintf(h.mode, sizeof h.mode, "%07o", 0600U);
    (void)snprintf(h.uid, sizeof h.uid, "%07o", 0U);
    (void)snprintf(h.gid, sizeof h.gid, "%07o", 0U);
    (void)snprintf(h.size, sizeof h.size, "%011" PRIo64, (uint64_t)size);
    (void)snprintf(h.mtime, sizeof h.mtime, "%011" PRIo64, (uint64_t)a->at);
    h.type = '0';
    memcpy(h.magic, "ustar", sizeof h.magic);
    memcpy(h.version, "00", sizeof h.version);
    memset(h.checksum, ' ', sizeof h.checksum);
    for (size_t i = 0; i < sizeof h; i++)
        sum += ((const unsigned char *)&h)[i];
    (void)snprintf(h.checksum, sizeof h.checksum, "%06o", sum);
    return a->put(a->context, &h, sizeof h);
}

/* "SHA-256  name", as sha256sum reads it. */
static int note(struct archive *a, const char *digest)
{
    a->parts++;
    return buf_printf(&a->manifest, "%s  %s\n", digest, strchr(a->name, '/') + 1);
}

/* ---- the parts ---- */

/* The header of a part whose bytes follow by archive_material_bytes. */
static int part_begin(struct archive *a, const char *part, int64_t size)
{
    suite_stream_free(a->digest);
    a->digest = NULL;
    a->size = a->left = size;
    (void)snprintf(a->name, sizeof a->name, "%.21s/%.77s", a->no, part);
    int rc = suite_stream_new(&a->digest);
    return rc ? rc : put_header(a, size);
}

int archive_material_bytes(struct archive *a, const void *bytes, size_t len)
{
    if ((int64_t)len > a->left)
        return TB_EMALFORMED;
    a->left -= (int64_t)len;
    int rc = suite_stream_update(a->digest, bytes, len);
    return rc || !len ? rc : a->put(a->context, bytes, len);
}

/* The digest of what was written, in the manifest. */
static int part_end(struct archive *a, char digest[ARCHIVE_DIGEST_TEXT])
{
    static const char zeros[BLOCK];
    uint8_t hash[SUITE_HASH_BYTES];
    size_t rest = (size_t)(a->size % BLOCK);
    int rc = a->left ? TB_EMALFORMED : suite_stream_final(a->digest, hash);
    for (size_t i = 0; i < sizeof hash && !rc; i++)
        (void)snprintf(digest + 2 * i, 3, "%02x", hash[i]);
    if (!rc && rest)
        rc = a->put(a->context, zeros, BLOCK - rest);
    return rc ? rc : note(a, digest);
}

int archive_part(struct archive *a, const char *part, const void *bytes, size_t len)
{
    char digest[ARCHIVE_DIGEST_TEXT];
    int rc = part_begin(a, part, (int64_t)len);
    if (!rc)
        rc = archive_material_bytes(a, bytes, len);
    return rc ? rc : part_end(a, digest);
}

/* 归档文件目录, for people: which case, what is in it. */
int archive_begin(struct archive *a, const json_t *doc)
{
    const json_t *item = json_object_get(doc, "item"), *times = json_object_get(doc, "times");
    int state = case_state_by_name(strict_json_peek(doc, "state"));
    return buf_printf(&a->cover, "归档文件目录\n\n办件编号：%s\n事项：%s %s\n状态：%s\n收件：%s\n办结：%s\n\n", a->no,
                      strict_json_peek(item, "code"), strict_json_peek(item, "name"), state < 0 ? "" : case_states[state].zh,
                      strict_json_peek(times, "handed_in"), strict_json_peek(times, "closed"));
}

static const json_t *result_of(const json_t *doc)
{
    return json_object_get(json_object_get(doc, "decision"), "result");
}

const json_t *archive_scan(const json_t *doc, size_t i)
{
    const json_t *result = result_of(doc);
    if (result && !i)
        return result;
    return json_array_get(json_object_get(doc, "materials"), result ? i - 1 : i);
}

int archive_list_scan(struct archive *a, const json_t *doc, size_t i, bool *here)
{
    const json_t *scan = archive_scan(doc, i);
    bool result = scan == result_of(doc);
    const char *sha256 = strict_json_peek(scan, "sha256");
    const char *heading = result ? "结果：\n" : i == (result_of(doc) ? 1 : 0) ? "材料：\n" : "";
    a->number = i == 0 || *heading ? 1 : a->number + 1;
    a->kind = result ? "result" : "materials";
    *here = sha256[0] && json_is_true(json_object_get(scan, "here"));
    a->missing += sha256[0] && !*here;
    return buf_printf(&a->cover, "%s%02u  %s  %s\n", heading, a->number, strict_json_peek(scan, "name"),
                      *here ? sha256 : sha256[0] ? "扫描件不在本单位" : "—");
}

int archive_material_begin(struct archive *a, const json_t *scan)
{
    char part[ARCHIVE_NAME_TEXT];
    (void)snprintf(a->sha256, sizeof a->sha256, "%s", strict_json_peek(scan, "sha256"));
    (void)snprintf(part, sizeof part, "%s/%02u-%.64s", a->kind, a->number, a->sha256);
    return part_begin(a, part, json_integer_value(json_object_get(scan, "size")));
}

int archive_material_end(struct archive *a)
{
    char digest[ARCHIVE_DIGEST_TEXT];
    int rc = part_end(a, digest);
    return rc ? rc : strcmp(digest, a->sha256) ? TB_EMALFORMED : 0;
}

static int put_metadata(struct archive *a, const json_t *doc)
{
    json_t *metadata = json_pack("{s:s, s:s, s:O?, s:O?, s:O?, s:i, s:i}", "format", "tongban-archive-1", "case", a->no, "item",
                                 json_object_get(doc, "item"), "state", json_object_get(doc, "state"), "times",
                                 json_object_get(doc, "times"), "parts", (int)a->parts, "missing", (int)a->missing);
    char *text = metadata ? json_dumps(metadata, JSON_INDENT(1)) : NULL;
    int rc = text ? archive_part(a, "metadata.json", text, strlen(text)) : TB_ENOMEM;
    free(text);
    json_decref(metadata);
    return rc;
}

int archive_end(struct archive *a, const json_t *doc)
{
    static const char end[2 * BLOCK];
    int rc = archive_part(a, "contents.txt", a->cover.data, a->cover.len);
    if (!rc)
        rc = put_metadata(a, doc);
    if (!rc)
        rc = archive_part(a, "manifest.sha256", a->manifest.data, a->manifest.len);
    return rc ? rc : a->put(a->context, end, sizeof end);
}
