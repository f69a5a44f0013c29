/* Too many connections, too many requests, too slow a peer: who has to go, who stays, and that memory is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/net/crowd.h"
#include "daemon/net/http_internal.h"

enum { BIG = 8 * 1024 * 1024, DIVISOR = 50 };

struct world_of_test {
    uv_loop_t loop;
    struct http_listener *listener;
    struct exchange *held;
    int asked, refuse_from, handled, done, unrouted;
    size_t body;
};
static struct world_of_test w;

static void handle_now(struct exchange *x, void *context)
{
    (void)context;
    w.handled++;
    exchange_answer(x, 200, "text/plain", "now", 3);
}

static void handle_big(struct exchange *x, void *context)
{
    (void)context;
    char *bytes = calloc(1, BIG);
    assert_non_null(bytes);
    exchange_answer(x, 200, "text/plain", bytes, BIG);
    free(bytes);
}

static void handle_later(struct exchange *x, void *context)
{
    (void)context;
    w.held = x;
}

static void handle_kept(struct exchange *x, void *context)
{
    handle_later(x, context);
    exchange_hold(x);
}

static int sink_data(struct exchange *x, const void *bytes, size_t len)
{
    (void)x;
    (void)bytes;
    w.body += len;
    return 0;
}

static void sink_end(struct exchange *x)
{
    exchange_answer(x, 204, NULL, "", 0);
}

static const struct http_sink sink = {.data = sink_data, .end = sink_end};
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/now", .handle = handle_now},
    {.method = HTTP_GET, .pattern = "/big", .handle = handle_big},
    {.method = HTTP_GET, .pattern = "/later", .handle = handle_later},
    {.method = HTTP_POST, .pattern = "/now", .body = HTTP_BODY_BUFFERED, .handle = handle_now},
    {.method = HTTP_POST, .pattern = "/huge", .body = HTTP_BODY_BUFFERED, .body_max = 100 * 1024 * 1024, .handle = handle_now},
    {.method = HTTP_POST, .pattern = "/typed", .body = HTTP_BODY_BUFFERED, .content_type = "application/json", .handle = handle_now},
    {.method = HTTP_POST, .pattern = "/kept", .body = HTTP_BODY_BUFFERED, .handle = handle_kept},
    {.method = HTTP_PATCH, .pattern = "/sink", .body = HTTP_BODY_STREAMED, .handle = handle_later, .sink = &sink},
};

static int allow(struct exchange *x, void *context, struct problem *p)
{
    assert_ptr_equal(context, &w);
    w.unrouted += !exchange_route(x);
    if (w.asked++ < w.refuse_from)
        return 0;
    int rc = problem_set(p, PROBLEM_TOO_OFTEN, NULL, "slowly");
    p->number = 7;
    return rc;
}

static void begin(size_t max, size_t max_of_one)
{
    w = (struct world_of_test){.refuse_from = 1000000};
    struct problem p;
    assert_int_equal(uv_loop_init(&w.loop), 0);
    struct http_listener_options options = {.name = "test", .address = "127.0.0.1", .routes = routes,
                                            .route_count = sizeof routes / sizeof routes[0], .context = &w, .timer_divisor = DIVISOR,
                                            .max_connections = max, .max_of_one = max_of_one, .allow = allow};
    assert_int_equal(http_listener_open(&w.loop, &options, &w.listener, &p), 0);
}

static void on_done(void *context)
{
    (*(int *)context)++;
}

static void end(void)
{
    http_listener_close(w.listener, 5, on_done, &w.done);
    assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(uv_loop_close(&w.loop), 0);
}

/* From 127.0.0.`host`. */
static int dial(unsigned host)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000U + host)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_listener_port(w.listener)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        (void)uv_run(&w.loop, UV_RUN_NOWAIT);
        usleep(200);
    }
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    turn(20);
}

/* What has arrived, or "" when nothing; NULL when the connection is gone. */
static const char *hear(int fd)
{
    static char text[8192];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        return NULL;
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void full_closes_the_oldest_idle(void **state)
{
    (void)state;
    begin(3, 100);
    int busy = dial(1);
    say(busy, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    int first = dial(1), second = dial(1);
    turn(20);
    say(first, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"); /* now `second` is idle for longer */
    assert_non_null(strstr(hear(first), "200 OK"));
    int third = dial(1);
    turn(20);
    assert_null(hear(second));
    assert_string_equal(hear(first), "");
    assert_string_equal(hear(busy), "");
    say(third, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_non_null(strstr(hear(third), "200 OK"));
    exchange_answer(w.held, 200, "text/plain", "kept", 4);
    turn(20);
    assert_non_null(strstr(hear(busy), "kept"));
    end();
    close(busy);
    close(first);
    close(second);
    close(third);
}

/* All have a request: the newcomer waits, and comes in as soon as one of them is done. */
static void a_request_is_never_cut(void **state)
{
    (void)state;
    begin(1, 100);
    int busy = dial(1);
    say(busy, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    int next = dial(1);
    say(next, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(hear(next), "");
    exchange_answer(w.held, 200, "text/plain", "kept", 4);
    turn(40);
    assert_non_null(strstr(hear(busy), "kept"));
    assert_non_null(strstr(hear(next), "200 OK"));
    end();
    close(busy);
    close(next);
}

static void one_address_has_its_share(void **state)
{
    (void)state;
    int fds[6];
    begin(100, 3);
    int other = dial(2);
    for (int i = 0; i < 6; i++)
        fds[i] = dial(1);
    turn(40);
    for (int i = 0; i < 6; i++)
        assert_int_equal(hear(fds[i]) != NULL, i >= 3); /* the last three are left */
    say(other, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_non_null(strstr(hear(other), "200 OK"));
    end();
    for (int i = 0; i < 6; i++)
        close(fds[i]);
    close(other);
}

static void refused_and_still_connected(void **state)
{
    (void)state;
    begin(10, 10);
    w.refuse_from = 0;
    int fd = dial(1);
    say(fd, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    assert_string_equal(hear(fd), "");
    say(fd, "cde");
    const char *text = hear(fd);
    assert_non_null(strstr(text, "HTTP/1.1 429"));
    assert_non_null(strstr(text, "Retry-After: 7\r\n"));
    assert_non_null(strstr(text, "urn:tongban:problem:too-often"));
    assert_null(strstr(text, "Connection: close"));
    assert_null(strstr(text, "\"size\""));
    w.refuse_from = 1000;
    say(fd, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
    assert_non_null(strstr(hear(fd), "HTTP/1.1 200"));
    assert_int_equal(w.handled, 1);
    end();
    close(fd);
}

/* What no route fits is counted like everything else, and what is too often is said instead of what is wrong. */
static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    static const struct {
        const char *ask, *answer;
    } asks[] = {{"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404"},
                {"DELETE /now HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405"},
                {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
                {"POST /typed HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 415"},
                {"GET /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 413"}};
    begin(10, 10);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        for (int often = 0; often < 2; often++) {
            w.refuse_from = often ? 0 : 1000;
            int fd = dial(1);
            say(fd, asks[i].ask);
            assert_non_null(strstr(hear(fd), often ? "HTTP/1.1 429" : asks[i].answer));
            close(fd);
        }
    assert_int_equal(w.asked, 2 * sizeof asks / sizeof asks[0]);
    assert_int_equal(w.unrouted, 6);
    assert_int_equal(w.handled, 0);
    int fd = dial(1); /* the small body is dropped and the connection stays */
    say(fd, asks[3].ask);
    assert_null(strstr(hear(fd), "Connection: close"));
    w.refuse_from = 1000;
    say(fd, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(200);
    assert_non_null(strstr(hear(fd), "HTTP/1.1 200"));
    end();
    close(fd);
}

/* Bodies are counted before they come, and given back when the exchange ends. */
static void bodies_are_bounded(void **state)
{
    (void)state;
    char head[128];
    int fds[10], refused = 0;
    begin(20, 20);
    (void)snprintf(head, sizeof head, "POST /huge HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nx", LIMIT_HTTP_BODIES_BYTES / 8);
    for (int i = 0; i < 10; i++) {
        fds[i] = dial(1);
        say(fds[i], head);
        refused += strstr(hear(fds[i]), "HTTP/1.1 503") != NULL;
    }
    assert_int_equal(refused, 2);
    for (int i = 0; i < 10; i++)
        close(fds[i]);
    turn(40);
    assert_int_equal(w.listener->certificates->bodies, 0);
    int fd = dial(1);
    say(fd, head);
    assert_string_equal(hear(fd), "");
    assert_int_equal(w.listener->certificates->bodies, LIMIT_HTTP_BODIES_BYTES / 8);
    end();
    close(fd);
}

/* Work that was begun keeps the body, whatever became of the connection and the listener; so does the bound. */
static void a_body_is_counted_while_it_is_held(void **state)
{
    (void)state;
    char head[128];
    int fd;
    struct crowd_share rest = {0};
    begin(20, 20);
    (void)snprintf(head, sizeof head, "POST /kept HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
    fd = dial(1);
    say(fd, head);
    assert_non_null(w.held);
    struct exchange *kept = w.held;
    const struct linger cut = {.l_onoff = 1}; /* a reset, not an end in order */
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &cut, sizeof cut), 0);
    close(fd);
    turn(40);
    assert_false(exchange_alive(kept));
    assert_int_equal(w.listener->certificates->bodies, 5);
    crowd_keep(w.listener->certificates, NULL, LIMIT_HTTP_BODIES_BYTES - 9, &rest);
    fd = dial(1);
    say(fd, head);
    assert_non_null(strstr(hear(fd), "HTTP/1.1 503"));
    close(fd);
    crowd_give_back(&rest);
    crowd_give_back(&rest);
    fd = dial(1);
    say(fd, head);
    struct exchange *other = w.held;
    assert_ptr_not_equal(other, kept);
    assert_int_equal(w.listener->certificates->bodies, 10);
    exchange_release(kept);
    assert_int_equal(w.listener->certificates->bodies, 5);
    end();
    exchange_release(other); /* after the listener */
    close(fd);
}

/* Reads `piece` bytes every `pause_ms`; what came until the end, the connection's or ours. */
static size_t read_slowly(int fd, size_t piece, unsigned pause_ms, unsigned most_ms)
{
    static char bytes[64 * 1024];
    size_t all = 0;
    struct http_listener_stats stats = {.open = 1};
    for (unsigned ms = 0; ms < most_ms && all < BIG && stats.open; ms += pause_ms) {
        turn(2);
        http_listener_stats(w.listener, &stats);
        ssize_t n = recv(fd, bytes, piece, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return all;
        all += n > 0 ? (size_t)n : 0;
        usleep(pause_ms * 1000);
    }
    return all;
}

static void slow_reader_is_cut(void **state)
{
    (void)state;
    begin(10, 10);
    int fd = dial(1);
    say(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    size_t got = read_slowly(fd, 100, 20, 10000); /* 5 KB/s where 50 are asked for; it does make progress */
    assert_true(got < BIG / 2);
    struct http_listener_stats stats;
    http_listener_stats(w.listener, &stats);
    assert_int_equal(stats.open, 0);
    assert_int_equal(stats.timeouts, 1);
    close(fd);
    fd = dial(1);
    say(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(read_slowly(fd, 64 * 1024, 1, 60000) >= BIG); /* one that reads gets it all */
    end();
    close(fd);
}

static void slow_upload_is_cut(void **state)
{
    (void)state;
    begin(10, 10);
    int fd = dial(1);
    say(fd, "PATCH /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    int sent = 0;
    while (sent < 500 && w.held && exchange_alive(w.held) && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
        sent++;
        turn(2);
        usleep(5000); /* far more often than the stall, far slower than the rate */
        if (strstr(hear(fd), "408"))
            break;
    }
    assert_in_range(sent, 10, 300);
    end();
    close(fd);
}

static void crowds(void **state)
{
    (void)state;
    static struct crowd crowd;
    char key[16];
    struct crowd_group *groups[3000];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) {
            (void)snprintf(key, sizeof key, "%d", i);
            groups[i] = crowd_join(&crowd, key);
            assert_non_null(groups[i]);
            assert_int_equal(groups[i]->count, round + 1);
        }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++)
            crowd_leave(&crowd, groups[i]);
    crowd_leave(&crowd, NULL);
    struct crowd_share share;
    crowd.references = 1; /* this one is static */
    groups[0] = crowd_join(&crowd, "kept");
    crowd_keep(&crowd, groups[0], 7, &share);
    crowd_leave(&crowd, groups[0]);
    assert_ptr_equal(crowd_join(&crowd, "kept"), groups[0]); /* who comes back is still counted with what it left */
    assert_int_equal(groups[0]->bodies, 7);
    crowd_leave(&crowd, groups[0]);
    crowd_give_back(&share);
    assert_int_equal(crowd.bodies, 0);
    for (int i = 0; i < CROWD_BUCKETS; i++)
        assert_null(crowd.buckets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_closes_the_oldest_idle), cmocka_unit_test(a_request_is_never_cut),
        cmocka_unit_test(one_address_has_its_share),
        cmocka_unit_test(refused_and_still_connected), cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(bodies_are_bounded),          cmocka_unit_test(a_body_is_counted_while_it_is_held),
        cmocka_unit_test(slow_reader_is_cut),
        cmocka_unit_test(slow_upload_is_cut),          cmocka_unit_test(crowds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
