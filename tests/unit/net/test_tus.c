/* tus over a backend that is only memory: the forms of headers, each refusal, back-pressure, a late disk and a broken connection. */
#include <linux/sockios.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <cmocka.h>

#include "daemon/net/tus.h"
#include "tests/unit/net/loop_client.h"

#define NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NAME_B64 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="
#define PDF_B64 "YXBwbGljYXRpb24vcGRm"

static void test_numbers(void **context)
{
    (void)context;
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "01", "0x1", "1e3", "9223372036854775808", "99999999999999999999", "１"};
    int64_t n = -5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tus_parse_number(bad[i], &n), TB_EMALFORMED);
    assert_int_equal(tus_parse_number(NULL, &n), TB_EMALFORMED);
    assert_int_equal(n, -5);
    assert_int_equal(tus_parse_number("0", &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(tus_parse_number("9223372036854775807", &n), 0);
    assert_true(n == INT64_MAX);
}

static void test_metadata(void **context)
{
    (void)context;
    static const char *const good[] = {
        "sha256 " NAME_B64 ",type " PDF_B64, "type " PDF_B64 ",sha256 " NAME_B64, "sha256 " NAME_B64 ", type " PDF_B64,
        "filename YQ==,sha256 " NAME_B64 ",is_confidential,type " PDF_B64, "sha256 " NAME_B64 " ,type " PDF_B64 " "};
    static const char *const bad[] = {
        "", ",", " ", "sha256", "sha256 ", "sha256 " NAME_B64, "type " PDF_B64, "sha256 " NAME_B64 ",type", "sha256 " NAME_B64 ",type ",
        "sha256 " NAME_B64 ",type " PDF_B64 ",", "sha256 " NAME_B64 ",,type " PDF_B64,
        "sha256 " NAME_B64 ",type " PDF_B64 ",type " PDF_B64, "sha256 " NAME_B64 ",sha256 " NAME_B64 ",type " PDF_B64,
        "sha256 " NAME ",type " PDF_B64, "sha256 Li4vLi4vZXRj,type " PDF_B64, "SHA256 " NAME_B64 ",type " PDF_B64,
        "sha256 " NAME_B64 ",type ****", "sha256 " NAME_B64 ",type " NAME_B64, "sha256 " NAME_B64 ",type YQBi",
        "sha256 QUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDREVGQUJDRA==,type " PDF_B64};
    char sha256[TUS_NAME_TEXT], type[TUS_TYPE_TEXT];
    struct problem p;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(tus_parse_metadata(good[i], sha256, type, &p), 0);
        assert_string_equal(sha256, NAME);
        assert_string_equal(type, "application/pdf");
    }
    assert_int_equal(tus_parse_metadata(NULL, sha256, type, &p), TB_EMALFORMED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tus_parse_metadata(bad[i], sha256, type, &p), TB_EMALFORMED);
        assert_int_equal(p.id, PROBLEM_MALFORMED);
    }
    uint8_t sum[32];
    assert_int_equal(tus_parse_checksum("sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", sum, &p), 0);
    assert_int_equal(sum[0], 0xe3);
    static const char *const sums[] = {"", "sha256", "sha256 ", "sha1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha256 47DEQpj8HBSa",
                                       "sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFVV",
                                       "sha256  47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="};
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        assert_int_equal(tus_parse_checksum(sums[i], sum, &p), TB_EMALFORMED);
}

static void test_date(void **context)
{
    (void)context;
    char date[TUS_DATE_TEXT];
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"}, {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
                {951782399999, "Mon, 28 Feb 2000 23:59:59 GMT"},
                {951782400000, "Tue, 29 Feb 2000 00:00:00 GMT"}, {1798761600000, "Fri, 01 Jan 2027 00:00:00 GMT"},
                {4107542400000, "Mon, 01 Mar 2100 00:00:00 GMT"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tus_format_date(rows[i].ms, date);
        assert_string_equal(date, rows[i].text);
    }
}

/* ---- the backend ---- */

enum { MEMORY = 3 * 1024 * 1024, ONE_READ = 256 * 1024 /* what a connection holds at most on its way */ };
static struct {
    uv_timer_t timer;
    uint64_t delay_ms;
    struct tus_request *waiting;
    int rc;
    uint8_t bytes[MEMORY];
    int64_t length, offset;
    bool claimed, hold;       /* hold: the disk does not answer for now */
    int writes, ends, cuts, fail_write;
    size_t largest;
    bool in_write;
} disk;

static void disk_answer(uv_timer_t *timer)
{
    struct tus_request *r = disk.waiting;
    (void)timer;
    disk.waiting = NULL;
    disk.in_write = false;
    tus_done(r, disk.rc);
}

static void disk_later(struct tus_request *r, int rc)
{
    assert_null(disk.waiting); /* one operation at a time of the one request of these tests */
    disk.waiting = r;
    disk.rc = rc;
    if (!disk.hold)
        (void)uv_timer_start(&disk.timer, disk_answer, disk.delay_ms, 0);
}

static void disk_fill(struct tus_request *r)
{
    r->length = disk.length;
    r->offset = disk.offset;
    r->complete = disk.offset == disk.length;
    r->expires_at = 784111777000;
}

static void op_create(void *context, struct tus_request *r)
{
    (void)context;
    int rc = r->length == 0 ? problem_set(&r->problem, PROBLEM_MATERIAL_EMPTY, NULL, "0 bytes") : 0;
    if (!rc) {
        disk.length = r->length;
        disk.offset = 0;
        disk_fill(r);
    }
    disk_later(r, rc);
}

static void op_state(void *context, struct tus_request *r)
{
    (void)context;
    disk_fill(r);
    disk_later(r, strcmp(r->sha256, NAME) ? problem_set(&r->problem, PROBLEM_NOT_FOUND, NULL, "no such upload") : 0);
}

static void op_begin(void *context, struct tus_request *r)
{
    int64_t asked = r->offset;
    (void)context;
    disk_fill(r);
    if (disk.claimed)
        tus_done(r, problem_set(&r->problem, PROBLEM_UPLOAD_BUSY, NULL, "busy"));
    else if (asked != disk.offset)
        disk_later(r, problem_set(&r->problem, PROBLEM_UPLOAD_OFFSET, NULL, "elsewhere"));
    else {
        disk.claimed = true;
        disk_later(r, 0);
    }
}

static void op_write(void *context, struct tus_request *r, const void *bytes, size_t len)
{
    (void)context;
    assert_true(disk.claimed && !disk.in_write);
    disk.in_write = true;
    disk.writes++;
    if (len > disk.largest)
        disk.largest = len;
    if (disk.fail_write == disk.writes) {
        disk_later(r, problem_set(&r->problem, PROBLEM_DISK_LOW, NULL, "full"));
        return;
    }
    memcpy(disk.bytes + disk.offset, bytes, len);
    disk.offset += (int64_t)len;
    disk_later(r, 0);
}

static void op_end(void *context, struct tus_request *r, int failed)
{
    (void)context;
    assert_true(disk.claimed && !disk.in_write);
    disk.claimed = false;
    disk.ends++;
    disk.cuts += r->cut;
    (void)failed;
    disk_fill(r);
    disk_later(r, 0);
}

static void op_discard(void *context, struct tus_request *r)
{
    (void)context;
    disk_later(r, 0);
}

static const struct tus_backend memory = {.create = op_create, .state = op_state, .begin = op_begin, .write = op_write, .end = op_end,
                                          .discard = op_discard};

static uv_loop_t loop;
static struct tus *tus;
static struct http_listener *listener;

static void on_options(struct exchange *x, void *context) { tus_handle_options(context, x); }
static void on_create(struct exchange *x, void *context) { tus_handle_create(context, x); }
static void on_head(struct exchange *x, void *context) { tus_handle_head(context, x); }
static void on_patch(struct exchange *x, void *context) { tus_handle_patch(context, x); }
static void on_delete(struct exchange *x, void *context) { tus_handle_delete(context, x); }
static const struct http_route routes[] = {
    {.method = HTTP_OPTIONS, .pattern = "/m", .handle = on_options},
    {.method = HTTP_POST, .pattern = "/m", .handle = on_create},
    {.method = HTTP_HEAD, .pattern = "/m/{sha256}", .handle = on_head},
    {.method = HTTP_PATCH, .pattern = "/m/{sha256}", .body = HTTP_BODY_STREAMED, .handle = on_patch, .sink = &tus_sink},
    {.method = HTTP_DELETE, .pattern = "/m/{sha256}", .handle = on_delete},
};

static int setup(void **state)
{
    (void)state;
    struct problem p;
    memset(&disk, 0, sizeof disk);
    if (uv_loop_init(&loop) || uv_timer_init(&loop, &disk.timer))
        return -1;
    disk.length = MEMORY;
    if (tus_new(&(struct tus_options){.backend = &memory, .max_bytes = MEMORY, .max_writers = 2}, &tus))
        return -1;
    return http_listener_open(&loop, &(struct http_listener_options){.name = "test", .address = "127.0.0.1", .routes = routes,
                              .route_count = sizeof routes / sizeof routes[0], .context = tus}, &listener, &p);
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

static int teardown(void **state)
{
    (void)state;
    bool closed = false;
    http_listener_close(listener, 100, on_closed, &closed);
    uv_close((uv_handle_t *)&disk.timer, NULL);
    int rc = uv_run(&loop, UV_RUN_DEFAULT);
    rc |= uv_loop_close(&loop);
    rc |= !closed || tus_writers(tus); /* every PATCH gave its place back */
    tus_free(tus);
    return rc;
}

/* One request on a connection of its own; the status. */
static int ask(const char *head, const void *body, size_t len, struct client_answer *a)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "%sHost: x\r\nConnection: close\r\n\r\n", head);
    int fd = client_connect(http_listener_port(listener));
    assert_true(fd >= 0);
    client_send(&loop, fd, text, (size_t)n);
    client_send(&loop, fd, body, len);
    client_receive(&loop, fd, !strncmp(head, "HEAD", 4), a);
    close(fd);
    client_turn(&loop, 3);
    return a->status;
}

static void expect(const char *head, const void *body, size_t len, int status, const char *header, const char *value)
{
    struct client_answer a;
    char found[256] = "";
    if (ask(head, body, len, &a) != status)
        fail_msg("%s: %d instead of %d: %s", head, a.status, status, a.bytes);
    if (header) {
        assert_true(client_header(&a, header, found, sizeof found));
        if (!strstr(found, value))
            fail_msg("%s: %s: %s instead of %s", head, header, found, value);
    }
    client_answer_clear(&a);
}

#define TUS "Tus-Resumable: 1.0.0\r\n"
#define OCTETS "Content-Type: application/offset+octet-stream\r\n"
#define PATCH "PATCH /m/" NAME " HTTP/1.1\r\n" TUS

static void test_requests(void **context)
{
    (void)context;
    expect("OPTIONS /m HTTP/1.1\r\n", NULL, 0, 204, "Tus-Extension", "creation,checksum,expiration");
    expect("OPTIONS /m HTTP/1.1\r\n", NULL, 0, 204, "Tus-Max-Size", "3145728");
    expect("OPTIONS /m HTTP/1.1\r\n", NULL, 0, 204, "Tus-Checksum-Algorithm", "sha256");
    expect("POST /m HTTP/1.1\r\nUpload-Length: 5\r\n", NULL, 0, 412, "Tus-Version", "1.0.0");
    expect("POST /m HTTP/1.1\r\nTus-Resumable: 0.2.2\r\nUpload-Length: 5\r\n", NULL, 0, 412, "Tus-Version", "1.0.0");
    expect("HEAD /m/" NAME " HTTP/1.1\r\n", NULL, 0, 412, NULL, NULL);
    expect("POST /m HTTP/1.1\r\n" TUS "Upload-Metadata: sha256 " NAME_B64 ",type " PDF_B64 "\r\n", NULL, 0,
           400, NULL, NULL);
    expect("POST /m HTTP/1.1\r\n" TUS "Upload-Length: -1\r\nUpload-Metadata: sha256 " NAME_B64 ",type " PDF_B64 "\r\n", NULL, 0,
           400, NULL, NULL);
    expect("POST /m HTTP/1.1\r\n" TUS "Upload-Length: 5\r\n", NULL, 0, 400, NULL, NULL);
    expect("POST /m HTTP/1.1\r\n" TUS "Upload-Length: 0\r\nUpload-Metadata: sha256 " NAME_B64 ",type " PDF_B64 "\r\n", NULL, 0,
           422, NULL, NULL);
    expect("POST /m HTTP/1.1\r\n" TUS "Upload-Length: 3145729\r\nUpload-Metadata: sha256 " NAME_B64 ",type " PDF_B64 "\r\n", NULL, 0,
           413, NULL, NULL);
    expect("POST /m HTTP/1.1\r\n" TUS "Upload-Length: 10\r\nUpload-Metadata: sha256 " NAME_B64 ",type " PDF_B64 "\r\n", NULL, 0, 201,
           "Location", "/m/" NAME);
    expect("HEAD /m/" NAME " HTTP/1.1\r\n" TUS, NULL, 0, 200, "Upload-Offset", "0");
    expect("HEAD /m/" NAME " HTTP/1.1\r\n" TUS, NULL, 0, 200, "Upload-Length", "10");
    expect("HEAD /m/" NAME " HTTP/1.1\r\n" TUS, NULL, 0, 200, "Upload-Expires", "Sun, 06 Nov 1994 08:49:37 GMT");
    expect("HEAD /m/" NAME " HTTP/1.1\r\n" TUS, NULL, 0, 200, "Cache-Control", "no-store");
    expect("HEAD /m/abc HTTP/1.1\r\n" TUS, NULL, 0, 404, NULL, NULL);
    expect(PATCH "Content-Length: 5\r\nContent-Type: text/plain\r\nUpload-Offset: 0\r\n", "hello", 5, 415, NULL, NULL);
    expect(PATCH "Content-Length: 5\r\nUpload-Offset: 0\r\n", "hello", 5, 415, NULL, NULL);
    expect(PATCH OCTETS "Content-Length: 5\r\n", "hello", 5, 400, NULL, NULL);
    expect(PATCH OCTETS "Content-Length: 5\r\nUpload-Offset: 3\r\n", "hello", 5, 409, "Upload-Offset", "0");
    expect(PATCH OCTETS "Content-Length: 5\r\nUpload-Offset: 0\r\nUpload-Checksum: md5 x\r\n", "hello", 5, 400, NULL, NULL);
    expect(PATCH OCTETS "Content-Length: 11\r\nUpload-Offset: 0\r\n", "hello world", 11, 413, NULL, NULL);
    assert_int_equal(disk.offset, 0);
    expect(PATCH OCTETS "Content-Length: 5\r\nUpload-Offset: 0\r\n", "hello", 5, 204, "Upload-Offset", "5");
    expect(PATCH OCTETS "Content-Length: 0\r\nUpload-Offset: 5\r\n", NULL, 0, 204, "Upload-Offset", "5");
    expect(PATCH OCTETS "Content-Length: 5\r\nUpload-Offset: 5\r\n", "world", 5, 204, "Upload-Offset", "10");
    assert_memory_equal(disk.bytes, "helloworld", 10);
    disk.claimed = true;
    expect(PATCH OCTETS "Content-Length: 5\r\nUpload-Offset: 10\r\n", "hello", 5, 423, NULL, NULL);
    expect("DELETE /m/" NAME " HTTP/1.1\r\n" TUS, NULL, 0, 204, NULL, NULL);
}

static uint8_t *pattern(void)
{
    uint8_t *bytes = malloc(MEMORY);
    assert_non_null(bytes);
    for (size_t i = 0; i < MEMORY; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 11);
    return bytes;
}

#define WHOLE PATCH OCTETS "Content-Length: 3145728\r\nUpload-Offset: 0\r\n"

/* A slow disk: all bytes in order, in blocks, none larger than a block. */
static void test_slow_disk(void **context)
{
    (void)context;
    uint8_t *bytes = pattern();
    disk.delay_ms = 5;
    expect(WHOLE, bytes, MEMORY, 204, "Upload-Offset", "3145728");
    assert_memory_equal(disk.bytes, bytes, MEMORY);
    assert_true(disk.largest <= TUS_BLOCK_BYTES);
    assert_in_range(disk.writes, MEMORY / TUS_BLOCK_BYTES, 12);
    assert_int_equal(disk.ends, 1);
    free(bytes);
}

/* A disk that does not answer at all: the client is stopped, and not by our memory. */
/* What the kernel holds between the client `fd` and the server, whose end of the connection is in this process too. */
static size_t in_the_kernel(int fd)
{
    struct sockaddr_in client, peer;
    socklen_t len = sizeof client;
    int unsent = 0, unread = 0;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&client, &len), 0);
    for (int other = 3; other < 256; other++) {
        len = sizeof peer;
        if (other != fd && !getpeername(other, (struct sockaddr *)&peer, &len) && peer.sin_port == client.sin_port)
            assert_int_equal(ioctl(other, FIONREAD, &unread), 0);
    }
    assert_int_equal(ioctl(fd, SIOCOUTQ, &unsent), 0);
    return (size_t)unread + (size_t)unsent;
}

static void test_back_pressure(void **context)
{
    (void)context;
    uint8_t *bytes = pattern();
    size_t sent = 0;
    disk.hold = true;
    int fd = client_connect(http_listener_port(listener));
    assert_true(fd >= 0);
    int small = 64 * 1024;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    static const char head[] = WHOLE "Host: x\r\n\r\n";
    client_send(&loop, fd, head, sizeof head - 1);
    client_turn(&loop, 5);
    disk.hold = false;
    (void)uv_timer_start(&disk.timer, disk_answer, 0, 0); /* begin is answered, the writes are not */
    client_turn(&loop, 5);
    disk.hold = true;
    for (int64_t until = client_now() + 300; client_now() < until;) {
        ssize_t n = send(fd, bytes + sent, MEMORY - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(disk.writes, 1);
    size_t taken = sent - in_the_kernel(fd);
    assert_in_range(taken, TUS_BLOCK_BYTES, 2 * TUS_BLOCK_BYTES + ONE_READ);
    disk.hold = false;
    (void)uv_timer_start(&disk.timer, disk_answer, 0, 0);
    client_send(&loop, fd, bytes + sent, MEMORY - sent);
    struct client_answer a;
    client_receive(&loop, fd, false, &a);
    assert_int_equal(a.status, 204);
    assert_memory_equal(disk.bytes, bytes, MEMORY);
    client_answer_clear(&a);
    close(fd);
    free(bytes);
}

/* The connection breaks in the middle, at several moments; what came is written, the claim is given back, nothing is answered. */
static void test_cut(void **context)
{
    (void)context;
    uint8_t *bytes = pattern();
    static const char head[] = WHOLE "Host: x\r\n\r\n";
    static const size_t lengths[] = {0, 1, 1000, TUS_BLOCK_BYTES, 2 * TUS_BLOCK_BYTES + 77};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (int turns = 0; turns < 2; turns++) {
            disk.offset = 0;
            disk.ends = disk.cuts = 0;
            disk.delay_ms = (uint64_t)turns * 4;
            int fd = client_connect(http_listener_port(listener));
            assert_true(fd >= 0);
            client_send(&loop, fd, head, sizeof head - 1);
            client_send(&loop, fd, bytes, lengths[i]);
            close(fd);
            client_turn(&loop, 60);
            assert_int_equal(disk.ends, 1);
            assert_int_equal(disk.cuts, 1);
            assert_false(disk.claimed);
            assert_int_equal(disk.offset, lengths[i]);
            assert_memory_equal(disk.bytes, bytes, lengths[i]);
            assert_int_equal(tus_writers(tus), 0);
        }
    free(bytes);
}

static void test_failing_write(void **context)
{
    (void)context;
    uint8_t *bytes = pattern();
    for (int at = 1; at <= 4; at++) {
        disk.offset = 0;
        disk.writes = disk.ends = 0;
        disk.fail_write = at;
        expect(WHOLE, bytes, MEMORY, 503, "Retry-After", "1");
        assert_int_equal(disk.ends, 1);
        assert_int_equal(disk.writes, at); /* nothing is written after a failure */
        assert_false(disk.claimed);
    }
    free(bytes);
}

static void test_too_many_writers(void **context)
{
    (void)context;
    static const char head[] = WHOLE "Host: x\r\n\r\n";
    int fd[2];
    for (int i = 0; i < 2; i++) {
        fd[i] = client_connect(http_listener_port(listener));
        client_send(&loop, fd[i], head, sizeof head - 1);
        client_turn(&loop, 10);
        disk.claimed = false; /* as if they were two uploads */
    }
    assert_int_equal(tus_writers(tus), 2);
    expect(PATCH OCTETS "Content-Length: 5\r\nUpload-Offset: 0\r\n", "hello", 5, 503, NULL, NULL);
    disk.claimed = true;
    close(fd[0]);
    client_turn(&loop, 20);
    disk.claimed = true;
    close(fd[1]);
    client_turn(&loop, 20);
    assert_int_equal(tus_writers(tus), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_date),
        cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_back_pressure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failing_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_writers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
