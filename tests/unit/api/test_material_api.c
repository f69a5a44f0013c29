/* Materials over HTTP down to real files: listener, tus, slow lane, store — resuming, checksums, refusals, late rows, download. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <ftw.h>
#include <signal.h>

#include "daemon/api/material_api.h"
#include "daemon/net/tus.h"
#include "proto/note.h"
#include "proto/suite_stream.h"
#include "tests/unit/net/loop_client.h"

enum { SAMPLE = 3 * 1024 * 1024 + 12345, PIECE = 1024 * 1024 };
static uint8_t sample[SAMPLE];
static char sample_name[MATERIAL_NAME_TEXT];
static char directory[64];
static int64_t now = 1795000000000;

static int64_t clock_now(void *context)
{
    (void)context;
    return now;
}
static const struct world test_world = {.now_ms = clock_now, .monotonic_ms = clock_now};

static uv_loop_t loop;
static struct lanes *lanes;
static struct material_store *files;
static struct material_api *api;
static struct http_listener *listener;
static struct {
    int asked, stored;
    enum material_act act;
    enum problem_id refuse;      /* 0: nobody is refused */
    int stored_rc;               /* what committing the row comes to */
    bool later;                  /* answers come from a timer */
    uv_timer_t timer;
    struct material_wait *waiting;
    int rc;
} caller;

static void caller_timer(uv_timer_t *timer)
{
    struct material_wait *wait = caller.waiting;
    (void)timer;
    caller.waiting = NULL;
    material_api_answer(wait, caller.rc, NULL);
}

static void caller_answer(struct material_wait *wait, int rc)
{
    if (!caller.later || caller.waiting) {
        material_api_answer(wait, rc, NULL);
        return;
    }
    caller.waiting = wait;
    caller.rc = rc;
    (void)uv_timer_start(&caller.timer, caller_timer, 1, 0);
}

static void may(void *context, struct exchange *x, const struct material_ask *ask, struct material_wait *wait)
{
    (void)context, (void)x;
    caller.asked++;
    caller.act = ask->act;
    if (caller.refuse) {
        struct problem p;
        int rc = problem_set(&p, caller.refuse, NULL, "not this one");
        material_api_answer(wait, rc, &p);
    } else {
        caller_answer(wait, 0);
    }
}

static void stored(void *context, const struct material_ask *ask, struct material_wait *wait)
{
    (void)context;
    caller.stored++;
    assert_true(ask->length > 0);
    assert_true(material_type_known(ask->type));
    caller_answer(wait, caller.stored_rc);
}

static void on_options(struct exchange *x, void *context) { (void)context; material_api_options_request(api, x); }
static void on_create(struct exchange *x, void *context) { (void)context; material_api_create(api, x); }
static void on_head(struct exchange *x, void *context) { (void)context; material_api_head(api, x); }
static void on_patch(struct exchange *x, void *context) { (void)context; material_api_patch(api, x); }
static void on_delete(struct exchange *x, void *context) { (void)context; material_api_delete(api, x); }
static void on_get(struct exchange *x, void *context) { (void)context; material_api_get(api, x); }
static const struct http_route routes[] = {
    {.method = HTTP_OPTIONS, .pattern = "/w/materials", .handle = on_options},
    {.method = HTTP_POST, .pattern = "/w/materials", .handle = on_create},
    {.method = HTTP_HEAD, .pattern = "/w/materials/{sha256}", .handle = on_head},
    {.method = HTTP_PATCH, .pattern = "/w/materials/{sha256}", .body = HTTP_BODY_STREAMED, .handle = on_patch, .sink = &tus_sink},
    {.method = HTTP_DELETE, .pattern = "/w/materials/{sha256}", .handle = on_delete},
    {.method = HTTP_GET, .pattern = "/w/materials/{sha256}", .handle = on_get},
};

static int start(void)
{
    struct problem p;
    int rc = uv_loop_init(&loop) | uv_timer_init(&loop, &caller.timer);
    rc |= material_store_open(&(struct material_options){.directory = directory, .world = &test_world}, &files, &p);
    rc |= rc ? 0 : lanes_start(&loop, 1, 2, &lanes);
    rc |= rc ? 0 : material_api_new(&(struct material_api_options){.loop = &loop, .lanes = lanes, .files = files, .may = may,
                                                                   .stored = stored}, &api);
    rc |= rc ? 0 : http_listener_open(&loop, &(struct http_listener_options){.name = "test", .address = "127.0.0.1", .routes = routes,
                                      .route_count = sizeof routes / sizeof routes[0]}, &listener, &p);
    return rc;
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

static int stop(void)
{
    bool closed = false;
    http_listener_close(listener, 100, on_closed, &closed);
    while (!closed)
        (void)uv_run(&loop, UV_RUN_ONCE);
    client_turn(&loop, 20);
    lanes_stop(lanes);
    material_api_close(api);
    uv_close((uv_handle_t *)&caller.timer, NULL);
    int rc = uv_run(&loop, UV_RUN_DEFAULT);
    rc |= uv_loop_close(&loop);
    material_store_close(files);
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    memset(&caller, 0, sizeof caller);
    (void)snprintf(directory, sizeof directory, "/tmp/test_material_api.XXXXXX");
    return mkdtemp(directory) ? start() : -1;
}

static int teardown(void **state)
{
    (void)state;
    return stop() | nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void hash_of(const void *bytes, size_t len, uint8_t hash[SUITE_HASH_BYTES])
{
    struct suite_stream *stream = NULL;
    assert_int_equal(suite_stream_new(&stream), 0);
    assert_int_equal(suite_stream_update(stream, bytes, len), 0);
    assert_int_equal(suite_stream_final(stream, hash), 0);
    suite_stream_free(stream);
}

static void name_of(const void *bytes, size_t len, char out[MATERIAL_NAME_TEXT])
{
    uint8_t hash[SUITE_HASH_BYTES];
    hash_of(bytes, len, hash);
    for (size_t i = 0; i < sizeof hash; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* ---- requests ---- */

static int ask(const char *head, const void *body, size_t len, struct client_answer *a)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "%sHost: x\r\nTus-Resumable: 1.0.0\r\nConnection: close\r\n\r\n", head);
    int fd = client_connect(http_listener_port(listener));
    assert_true(fd >= 0);
    client_send(&loop, fd, text, (size_t)n);
    client_send(&loop, fd, body, len);
    client_receive(&loop, fd, !strncmp(head, "HEAD", 4), a);
    close(fd);
    return a->status;
}

/* The status; the answer must name the problem when one is expected. */
static int simple(const char *head, const void *body, size_t len, const char *problem)
{
    struct client_answer a;
    int status = ask(head, body, len, &a);
    if (problem && (!a.body || !strstr(a.body, problem)))
        fail_msg("%s: %d without %s: %s", head, status, problem, a.bytes);
    client_answer_clear(&a);
    return status;
}

static int create(const char *name, int64_t length, const char *type, const char *problem)
{
    char head[512];
    struct buf b64;
    buf_init(&b64, 256);
    assert_int_equal(base64_encode(name, strlen(name), &b64), 0);
    assert_int_equal(buf_append_str(&b64, ",type "), 0);
    assert_int_equal(base64_encode(type, strlen(type), &b64), 0);
    (void)snprintf(head, sizeof head, "POST /w/materials HTTP/1.1\r\nUpload-Length: %lld\r\nUpload-Metadata: sha256 %s\r\n",
                   (long long)length, b64.data);
    buf_free(&b64);
    return simple(head, NULL, 0, problem);
}

static int patch(const char *name, size_t offset, const void *bytes, size_t len, const void *checksum_of, const char *problem)
{
    char head[512], sum[128] = "";
    if (checksum_of) {
        struct buf b64;
        uint8_t hash[SUITE_HASH_BYTES];
        hash_of(checksum_of, len, hash);
        buf_init(&b64, 64);
        assert_int_equal(base64_encode(hash, sizeof hash, &b64), 0);
        (void)snprintf(sum, sizeof sum, "Upload-Checksum: sha256 %s\r\n", b64.data);
        buf_free(&b64);
    }
    (void)snprintf(head, sizeof head, "PATCH /w/materials/%s HTTP/1.1\r\nContent-Type: application/offset+octet-stream\r\n"
                   "Content-Length: %zu\r\nUpload-Offset: %zu\r\n%s", name, len, offset, sum);
    return simple(head, bytes, len, problem);
}

static int named(const char *method, const char *name, const char *problem)
{
    char head[256];
    (void)snprintf(head, sizeof head, "%s /w/materials/%s HTTP/1.1\r\n", method, name);
    return simple(head, NULL, 0, problem);
}

/* Upload-Offset, or −1. */
static long offset_of(const char *name)
{
    char head[256], value[32] = "-1";
    struct client_answer a;
    (void)snprintf(head, sizeof head, "HEAD /w/materials/%s HTTP/1.1\r\n", name);
    if (ask(head, NULL, 0, &a) == 200)
        assert_true(client_header(&a, "Upload-Offset", value, sizeof value));
    client_answer_clear(&a);
    return strtol(value, NULL, 10);
}

static void test_upload_and_download(void **context)
{
    (void)context;
    for (int later = 0; later < 2; later++) {
        caller.later = later;
        caller.stored = 0;
        assert_int_equal(create(sample_name, SAMPLE, "application/pdf", NULL), 201);
        assert_int_equal(caller.act, MATERIAL_CREATE);
        assert_int_equal(offset_of(sample_name), 0);
        assert_int_equal(named("GET", sample_name, "not-found"), 404); /* not whole: not shown */
        for (size_t at = 0; at < SAMPLE; at += PIECE) {
            assert_int_equal(caller.stored, 0);
            size_t len = SAMPLE - at < PIECE ? SAMPLE - at : PIECE;
            assert_int_equal(patch(sample_name, at, sample + at, len, at ? sample + at : NULL, NULL), 204);
            assert_int_equal(offset_of(sample_name), at + len);
        }
        assert_int_equal(caller.stored, 2); /* the last PATCH, and the HEAD that saw it whole */
        struct client_answer a;
        char head[256], type[64] = "";
        (void)snprintf(head, sizeof head, "GET /w/materials/%s HTTP/1.1\r\n", sample_name);
        assert_int_equal(ask(head, NULL, 0, &a), 200);
        assert_int_equal(caller.act, MATERIAL_READ);
        assert_true(client_header(&a, "Content-Type", type, sizeof type));
        assert_string_equal(type, "application/pdf");
        assert_int_equal(a.body_len, SAMPLE);
        assert_memory_equal(a.body, sample, SAMPLE);
        client_answer_clear(&a);
        assert_int_equal(patch(sample_name, 0, sample, 10, NULL, "upload-offset"), 409);
        assert_int_equal(material_delete(files, sample_name), 0);
    }
}

static void test_refusals(void **context)
{
    (void)context;
    static const char html[] = "<html>not a scan</html>";
    char name[MATERIAL_NAME_TEXT];
    name_of(html, sizeof html - 1, name);
    assert_int_equal(create(sample_name, 0, "application/pdf", "material-empty"), 422);
    assert_int_equal(create(sample_name, LIMIT_MATERIAL_BYTES + 1, "application/pdf", "too-large"), 413);
    assert_int_equal(create(sample_name, 10, "text/html", "unsupported-type"), 415);
    assert_int_equal(patch(sample_name, 0, sample, 10, NULL, "not-found"), 404);
    assert_int_equal(named("GET", "..", "malformed"), 400);
    assert_int_equal(create(name, sizeof html - 1, "application/pdf", NULL), 201);
    assert_int_equal(patch(name, 0, html, sizeof html - 1, NULL, "unsupported-type"), 415);
    assert_int_equal(offset_of(name), -1); /* discarded */
    assert_int_equal(create(sample_name, 10, "application/pdf", NULL), 201);
    assert_int_equal(patch(sample_name, 0, sample, 11, NULL, "too-large"), 413);
    assert_int_equal(patch(sample_name, 0, sample, 10, NULL, "material-mismatch"), 422);
    assert_int_equal(offset_of(sample_name), -1);
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", NULL), 201);
    assert_int_equal(patch(sample_name, 0, sample, PIECE, sample, NULL), 204);
    /* a damaged chunk: nothing of it stays */
    assert_int_equal(patch(sample_name, PIECE, sample, PIECE, sample + 1, "checksum-mismatch"), 460);
    assert_int_equal(offset_of(sample_name), PIECE);
    assert_int_equal(caller.stored, 0);
    caller.refuse = PROBLEM_NOT_ALLOWED;
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", "not-allowed"), 403);
    assert_int_equal(patch(sample_name, PIECE, sample + PIECE, PIECE, NULL, "not-allowed"), 403);
    assert_int_equal(named("GET", sample_name, "not-allowed"), 403);
    assert_int_equal(named("DELETE", sample_name, "not-allowed"), 403);
    assert_int_equal(offset_of(sample_name), -1);
    caller.refuse = 0;
    assert_int_equal(offset_of(sample_name), PIECE);
    assert_int_equal(named("DELETE", sample_name, NULL), 204);
    assert_int_equal(named("DELETE", sample_name, "not-found"), 404);
    now += LIMIT_UPLOAD_EXPIRES_MS + 1;
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", NULL), 201);
    now += LIMIT_UPLOAD_EXPIRES_MS + 1;
    assert_int_equal(patch(sample_name, 0, sample, 10, NULL, "not-found"), 404);
}

/* The file is there but its row was not committed: the sender is not told that it is, and the next question tries again. */
static void test_row_fails(void **context)
{
    (void)context;
    caller.stored_rc = TB_ETEMP;
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", NULL), 201);
    assert_int_equal(patch(sample_name, 0, sample, SAMPLE, NULL, "busy"), 503);
    assert_int_equal(offset_of(sample_name), -1);
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", "busy"), 503);
    caller.stored_rc = 0;
    assert_int_equal(offset_of(sample_name), SAMPLE);
    assert_int_equal(caller.stored, 4);
}

/* Cut in mid-PATCH, with another writer meanwhile, then a restart of the server; the rest is sent and the whole is right. */
static void test_cut_and_restart(void **context)
{
    (void)context;
    char head[512];
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", NULL), 201);
    int n = snprintf(head, sizeof head, "PATCH /w/materials/%s HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                     "Content-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n\r\n", sample_name, SAMPLE);
    int fd = client_connect(http_listener_port(listener));
    client_send(&loop, fd, head, (size_t)n);
    client_send(&loop, fd, sample, 2 * PIECE);
    client_turn(&loop, 20);
    assert_int_equal(patch(sample_name, 0, sample, PIECE, NULL, "upload-busy"), 423);
    close(fd);
    client_turn(&loop, 100);
    assert_int_equal(offset_of(sample_name), 2 * PIECE);
    assert_int_equal(stop(), 0);
    assert_int_equal(start(), 0);
    assert_int_equal(offset_of(sample_name), 2 * PIECE);
    /* with a checksum an unfinished chunk cannot be judged: nothing of it stays */
    n = snprintf(head, sizeof head, "PATCH /w/materials/%s HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: %d\r\n"
                 "Upload-Checksum: sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n"
                 "Content-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n\r\n", sample_name, 2 * PIECE, SAMPLE - 2 * PIECE);
    fd = client_connect(http_listener_port(listener));
    client_send(&loop, fd, head, (size_t)n);
    client_send(&loop, fd, sample + 2 * PIECE, PIECE);
    client_turn(&loop, 20);
    close(fd);
    client_turn(&loop, 100);
    assert_int_equal(offset_of(sample_name), 2 * PIECE);
    assert_int_equal(patch(sample_name, 2 * PIECE, sample + 2 * PIECE, SAMPLE - 2 * PIECE, NULL, NULL), 204);
    assert_int_equal(caller.stored, 1);
}

/* A reader who leaves in the middle of a download leaves nothing behind (the sanitizer looks). */
static void test_download_cut(void **context)
{
    (void)context;
    char head[256];
    assert_int_equal(create(sample_name, SAMPLE, "application/pdf", NULL), 201);
    assert_int_equal(patch(sample_name, 0, sample, SAMPLE, NULL, NULL), 204);
    int n = snprintf(head, sizeof head, "GET /w/materials/%s HTTP/1.1\r\nHost: x\r\n\r\n", sample_name);
    for (int ms = 0; ms < 6; ms++) {
        int fd = client_connect(http_listener_port(listener));
        client_send(&loop, fd, head, (size_t)n);
        client_turn(&loop, ms);
        close(fd);
    }
    client_turn(&loop, 50);
    assert_int_equal(offset_of(sample_name), SAMPLE);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    for (size_t i = 0; i < SAMPLE; i++)
        sample[i] = (uint8_t)(i * 2654435761u >> 13);
    memcpy(sample, "%PDF-1.7", 8);
    name_of(sample, SAMPLE, sample_name);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_upload_and_download, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_row_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_and_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download_cut, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
