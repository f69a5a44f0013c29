#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "proto/limits.h"

enum upload_step upload_after(struct upload_plan *plan, int code, long status, int64_t offset)
{
    if (code == TB_ETRUST || code == TB_EMALFORMED || code == TB_ENOMEM)
        return UPLOAD_GIVE_UP;
    bool fine = !code && status >= 200 && status <= 299;
    if (fine && offset >= 0 && offset <= plan->length) {
        /* the server's offset rules, also when it lies before ours: it may have lost what was not yet on its disk */
        plan->failures = offset > plan->offset ? 0 : plan->failures + 1;
        plan->offset = offset;
        if (offset == plan->length)
            return UPLOAD_DONE;
        return plan->failures > LIMIT_CLIENT_RETRIES ? UPLOAD_GIVE_UP : UPLOAD_SEND;
    }
    /* 409 the offset moved, 460 a damaged piece, 423 an old connection still writes, 5xx and a lost connection: ask
     * where it stands */
    bool heals = code || fine || status == 409 || status == 460 || status == 423 || status == 408 || status == 429 ||
                 status >= 500;
    if (!heals || ++plan->failures > LIMIT_CLIENT_RETRIES)
        return UPLOAD_GIVE_UP;
    return code || status == 423 || status == 429 || status >= 500 ? UPLOAD_WAIT : UPLOAD_ASK;
}

size_t upload_piece(const struct upload_plan *plan)
{
    int64_t rest = plan->length - plan->offset;
    return rest < LIMIT_CLIENT_CHUNK_BYTES ? (size_t)rest : (size_t)LIMIT_CLIENT_CHUNK_BYTES;
}

const char *upload_type(const unsigned char *head, size_t len)
{
    if (len >= 5 && !memcmp(head, "%PDF-", 5))
        return "application/pdf";
    if (len >= 3 && !memcmp(head, "\xFF\xD8\xFF", 3))
        return "image/jpeg";
    if (len >= 8 && !memcmp(head, "\x89PNG\r\n\x1A\n", 8))
        return "image/png";
    if (len >= 4 && (!memcmp(head, "II*\0", 4) || !memcmp(head, "MM\0*", 4)))
        return "image/tiff";
    if (len >= 4 && !memcmp(head, "PK\3\4", 4))
        return "application/ofd";
    return NULL;
}

static int read_piece(int fd, char *bytes, size_t len, int64_t offset)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, bytes + done, len - done, offset + (int64_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TB_EIO;
        done += (size_t)n;
    }
    return 0;
}

/* Size, digest and type of an open file. */
static int describe(const struct client *client, int fd, const char *path, char *room, struct upload_file *out)
{
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        return report_local(client, REPORT_FILE, "%s: %s", path, _("not a regular file"));
    struct problem p;
    if (!st.st_size)
        return problem_set(&p, PROBLEM_MATERIAL_EMPTY, NULL, "%s", path), report_problem(client, &p);
    if (st.st_size > LIMIT_MATERIAL_BYTES)
        return problem_set(&p, PROBLEM_TOO_LARGE, NULL, "%s: %lld bytes", path, (long long)st.st_size),
               report_problem(client, &p);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    struct upload_file file = {.size = st.st_size};
    for (struct upload_plan plan = {.length = st.st_size}; good && plan.offset < plan.length;) {
        size_t n = upload_piece(&plan);
        good = !read_piece(fd, room, n, plan.offset) && EVP_DigestUpdate(hash, room, n);
        if (!plan.offset && good)
            file.type = upload_type((const unsigned char *)room, n);
        plan.offset += (int64_t)n;
    }
    unsigned char digest[32];
    good = good && EVP_DigestFinal_ex(hash, digest, NULL);
    EVP_MD_CTX_free(hash);
    if (!good)
        return report_local(client, REPORT_FILE, "%s: %s", path, strerror(EIO));
    if (!file.type)
        return problem_set(&p, PROBLEM_UNSUPPORTED_TYPE, NULL, "%s", path), report_problem(client, &p);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(file.sha256 + 2 * i, 3, "%02x", digest[i]);
    *out = file;
    return EXIT_DONE;
}

static const char *base64(const void *bytes, size_t len, char *out)
{
    (void)EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    return out;
}

struct upload {
    struct client *client;
    const struct upload_file *file;
    struct upload_plan plan;
    char path[128];
    char *room;
    int fd;
};

static int send_create(struct upload *up, struct http_answer *answer, struct problem *p)
{
    char length[64], metadata[256], name[96], type[64];
    (void)snprintf(length, sizeof length, "Upload-Length: %lld", (long long)up->file->size);
    (void)snprintf(metadata, sizeof metadata, "Upload-Metadata: sha256 %s,type %s",
                   base64(up->file->sha256, SHA256_HEX - 1, name),
                   base64(up->file->type, strlen(up->file->type), type));
    const char *headers[] = {"Tus-Resumable: 1.0.0", length, metadata, NULL};
    struct http_request request = {
        .method = "POST", .path = "/window/v1/materials", .headers = headers, .repeat = true};
    return http_send(up->client->http, &request, answer, p);
}

static int send_ask(struct upload *up, struct http_answer *answer, struct problem *p)
{
    const char *headers[] = {"Tus-Resumable: 1.0.0", NULL};
    struct http_request request = {.method = "HEAD", .path = up->path, .headers = headers, .repeat = true};
    return http_send(up->client->http, &request, answer, p);
}

static int send_piece(struct upload *up, struct http_answer *answer, struct problem *p)
{
    size_t len = upload_piece(&up->plan);
    char offset[64], checksum[96], text[64];
    unsigned char digest[32];
    size_t size = sizeof digest;
    if (read_piece(up->fd, up->room, len, up->plan.offset) ||
        !EVP_Q_digest(NULL, "SHA256", NULL, up->room, len, digest, &size)) {
        (void)problem_set(p, PROBLEM_INTERNAL, NULL, "the file changed while it was being sent");
        return TB_EMALFORMED;
    }
    (void)snprintf(offset, sizeof offset, "Upload-Offset: %lld", (long long)up->plan.offset);
    (void)snprintf(checksum, sizeof checksum, "Upload-Checksum: sha256 %s", base64(digest, sizeof digest, text));
    const char *headers[] = {"Tus-Resumable: 1.0.0", offset, checksum, NULL};
    struct http_request request = {.method = "PATCH",
                                   .path = up->path,
                                   .headers = headers,
                                   .body = up->room,
                                   .body_len = len,
                                   .type = "application/offset+octet-stream"};
    return http_send(up->client->http, &request, answer, p);
}

/* Creation, then pieces; after every trouble HEAD says where to go on. */
static int upload_run(struct upload *up, struct progress *bar)
{
    enum { CREATE, ASK, SEND } act = CREATE;
    for (;;) {
        struct http_answer answer = {.status = 0, .upload_offset = -1};
        struct problem p;
        int rc = act == CREATE ? send_create(up, &answer, &p)
                 : act == ASK  ? send_ask(up, &answer, &p)
                               : send_piece(up, &answer, &p);
        int64_t offset = answer.upload_offset;
        if (!rc && act != ASK && offset < 0 && answer.status >= 200 && answer.status <= 299)
            offset = act == CREATE ? 0 : up->plan.offset + (int64_t)upload_piece(&up->plan);
        /* the first answer of 0 is no failure */
        if (act == CREATE && !rc && answer.status <= 299)
            up->plan.offset = -1;
        enum upload_step step = upload_after(&up->plan, rc, answer.status, offset);
        progress_at(bar, up->plan.offset < 0 ? 0 : up->plan.offset);
        if (step == UPLOAD_GIVE_UP) {
            progress_end(bar);
            int status = rc ? http_report(up->client, rc, &p) : http_refused(up->client, &answer);
            if (!rc)
                http_answer_free(&answer);
            return status;
        }
        if (!rc)
            http_answer_free(&answer);
        if (step == UPLOAD_DONE)
            return EXIT_DONE;
        if (step == UPLOAD_WAIT) {
            struct timespec wait = {.tv_nsec = 400L * 1000 * 1000};
            (void)nanosleep(&wait, NULL);
        }
        act = step == UPLOAD_SEND ? SEND : act == CREATE ? CREATE : ASK;
    }
}

int upload_send(struct client *client, const char *path, struct upload_file *out)
{
    struct upload_file file = {.size = 0};
    struct upload up = {.client = client, .file = &file, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (up.fd < 0)
        return report_local(client, REPORT_FILE, "%s: %s", path, strerror(errno));
    int status = EXIT_UNREACHABLE;
    struct progress bar;
    up.room = malloc(LIMIT_CLIENT_CHUNK_BYTES);
    if (!up.room) {
        status = report_local(client, REPORT_MEMORY, NULL);
        goto out;
    }
    status = describe(client, up.fd, path, up.room, &file);
    if (status)
        goto out;
    const char *slash = strrchr(path, '/');
    progress_start(&bar, client, slash ? slash + 1 : path, file.size);
    up.plan = (struct upload_plan){.length = file.size};
    (void)snprintf(up.path, sizeof up.path, "/window/v1/materials/%s", file.sha256);
    status = upload_run(&up, &bar);
    if (!status) {
        progress_end(&bar);
        *out = file;
    }
out:
    free(up.room);
    (void)close(up.fd);
    return status;
}
