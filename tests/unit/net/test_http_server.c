/* The life cycle of connections and exchanges on a real loop: whatever is cut when, every `closed` comes once and the
 * loop closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/world.h"
#include "daemon/net/http_server.h"
#include "proto/trace.h"

struct world_of_test {
    uv_loop_t loop;
    struct http_listener *listener;
    struct exchange *held; /* the last exchange that /later got */
    int opened, closed, data_calls, ended, writable, done;
    size_t body;
    bool pause;
};
static struct world_of_test w;

static void on_closed(struct exchange *x, void *user)
{
    assert_ptr_equal(user, &w);
    assert_false(exchange_alive(x));
    w.closed++;
}

static void handle_now(struct exchange *x, void *context)
{
    assert_ptr_equal(context, &w);
    exchange_set_user(x, &w, on_closed);
    w.opened++;
    assert_int_equal(exchange_add_header(x, "X-Bad", "a\r\nX: b"), TB_EINVAL);
    assert_int_equal(exchange_add_header(x, "X-Good", "a"), 0);
    const char *no = exchange_param(x, "no"), *q = exchange_query(x, "q");
    char text[200];
    (void)snprintf(text, sizeof text, "%s|%s|%s", exchange_path(x), no ? no : "-", q ? q : "-");
    exchange_answer(x, 200, "text/plain", text, strlen(text));
    assert_false(exchange_alive(x));
    assert_int_equal(w.closed, w.opened - 1);  /* never from inside the call */
    exchange_answer(x, 500, NULL, "twice", 5); /* does nothing */
}

static void handle_later(struct exchange *x, void *context)
{
    (void)context;
    exchange_set_user(x, &w, on_closed);
    w.opened++;
    exchange_hold(x);
    w.held = x;
}

static int sink_data(struct exchange *x, const void *bytes, size_t len)
{
    (void)x;
    (void)bytes;
    w.data_calls++;
    w.body += len;
    return w.pause ? 1 : 0;
}

static void sink_end(struct exchange *x)
{
    w.ended++;
    exchange_answer(x, 204, NULL, "", 0);
}

static int refuse_data(struct exchange *x, const void *bytes, size_t len)
{
    (void)x;
    (void)bytes;
    (void)len;
    return TB_EFULL;
}

static const struct http_sink sink = {.data = sink_data, .end = sink_end};
static const struct http_sink refusing = {.data = refuse_data, .end = sink_end};
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/now", .handle = handle_now},
    {.method = HTTP_GET, .pattern = "/cases/{no}/x", .handle = handle_now},
    {.method = HTTP_POST,
     .pattern = "/later",
     .body = HTTP_BODY_BUFFERED,
     .content_type = "application/json",
     .handle = handle_later},
    {.method = HTTP_PATCH, .pattern = "/sink", .body = HTTP_BODY_STREAMED, .handle = handle_later, .sink = &sink},
    {.method = HTTP_PATCH, .pattern = "/refuse", .body = HTTP_BODY_STREAMED, .handle = handle_later, .sink = &refusing},
};

static void begin(int (*admit)(const struct tls_identity *, void *, struct problem *))
{
    w = (struct world_of_test){0};
    struct problem p;
    assert_int_equal(uv_loop_init(&w.loop), 0);
    struct http_listener_options options = {.name = "test",
                                            .address = "127.0.0.1",
                                            .routes = routes,
                                            .route_count = sizeof routes / sizeof routes[0],
                                            .context = &w,
                                            .timer_divisor = 20,
                                            .admit = admit};
    assert_int_equal(http_listener_open(&w.loop, &options, &w.listener, &p), 0);
}

static void on_done(void *context)
{
    (*(int *)context)++;
}

static void end(uint64_t grace_ms)
{
    http_listener_close(w.listener, grace_ms, on_done, &w.done);
    assert_int_equal(w.done, 0);
    assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.opened, w.closed);
    if (w.held)
        exchange_release(w.held);
    assert_int_equal(uv_loop_close(&w.loop), 0);
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_listener_port(w.listener)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        (void)uv_run(&w.loop, UV_RUN_NOWAIT);
        usleep(200);
    }
}

/* What has arrived, or "" when nothing; NULL at the end. */
static const char *hear(int fd)
{
    static char text[8192];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n == 0)
        return NULL;
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void test_answer_now(void **state)
{
    (void)state;
    begin(NULL);
    int fd = dial();
    char trace[TRACE_TEXT], head[256];
    const struct world *world = world_real();
    trace_make(world->now_ms(world->context), (const uint8_t[2]){0x12, 0x34}, trace);
    (void)snprintf(head, sizeof head, "GET /cases/%%E5%%BC%%A0/x?p=1&q=a%%26b+c HTTP/1.1\r\nHost: a\r\nX-Request-Id: %s\r\n\r\n", trace);
    say(fd, head);
    turn(20);
    const char *text = hear(fd);
    assert_non_null(text);
    assert_non_null(strstr(text, "/cases/\xe5\xbc\xa0/x|\xe5\xbc\xa0|a&b c"));
    (void)snprintf(head, sizeof head, "X-Request-Id: %s\r\n", trace);
    assert_non_null(strstr(text, head));
    assert_non_null(strstr(text, "X-Good: a\r\n"));
    assert_null(strstr(text, "X-Bad"));
    assert_null(strstr(text, "twice"));
    assert_int_equal(w.closed, 1);
    /* keep-alive; what is no trace is replaced by one, so that nothing from outside reaches the log as it came */
    say(fd, "GET /now HTTP/1.1\r\nHost: a\r\nX-Request-Id: my.id-1\r\n\r\n");
    turn(20);
    assert_int_equal(w.closed, 2);
    text = hear(fd);
    assert_non_null(text);
    assert_null(strstr(text, "my.id-1"));
    const char *made = strstr(text, "X-Request-Id: ");
    assert_non_null(made);
    memcpy(head, made + strlen("X-Request-Id: "), TRACE_TEXT - 1);
    head[TRACE_TEXT - 1] = '\0';
    assert_true(trace_take(head, world->now_ms(world->context), trace));
    end(1000); /* the idle connection closes at once */
    assert_null(hear(fd));
    close(fd);
}

static void test_answer_later(void **state)
{
    (void)state;
    begin(NULL);
    int fd = dial();
    say(fd, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
            "2\r\n\r\n{}");
    turn(20);
    assert_non_null(w.held);
    assert_true(exchange_alive(w.held));
    size_t len = 0;
    char *body = exchange_take_body(w.held, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(body, "{}", 2);
    free(body);
    exchange_answer(w.held, 201, "text/plain", "yes", 3);
    assert_int_equal(w.closed, 0);
    assert_string_equal(hear(fd), ""); /* it is sent from the loop */
    turn(3);
    assert_int_equal(w.closed, 1);
    assert_non_null(strstr(hear(fd), "\r\n\r\nyes"));
    end(1000);
    close(fd);
}

static void test_peer_goes_while_the_answer_is_made(void **state)
{
    (void)state;
    begin(NULL);
    int fd = dial();
    say(fd, "POST /later HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(20);
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(fd);
    turn(20);
    assert_int_equal(w.closed, 1);
    assert_false(exchange_alive(w.held));
    assert_string_equal(exchange_path(w.held), "/later"); /* held: its memory is valid */
    exchange_answer(w.held, 200, NULL, "", 0);
    assert_int_equal(exchange_write(w.held, "a", 1), TB_ECLOSED);
    end(1000);
}

static void test_close_waits_for_the_exchange(void **state)
{
    (void)state;
    begin(NULL);
    int fd = dial();
    say(fd, "POST /later HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(20);
    http_listener_close(w.listener, 60000, on_done, &w.done);
    turn(20);
    assert_int_equal(w.done, 0);
    exchange_answer(w.held, 200, "text/plain", "last", 4);
    turn(10);
    const char *text = hear(fd);
    assert_non_null(strstr(text, "Connection: close\r\n"));
    assert_non_null(strstr(text, "last"));
    close(fd);
    assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.closed, 1);
    exchange_release(w.held);
    assert_int_equal(uv_loop_close(&w.loop), 0);
}

/* The listener is closed with a connection in each state; after the grace time the rest is cut. */
static void test_close_in_every_state(void **state)
{
    (void)state;
    static const char *const said[] = {
        "",
        "GET /now HTT",
        "GET /now HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /later HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        "POST /later HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /later HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\n",
        "PATCH /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
        "PATCH /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
        "BREW / HTTP/1.1\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        for (int turns = 0; turns < 8; turns++) {
            begin(NULL);
            int fd = dial();
            say(fd, said[i]);
            turn(turns);
            end(5);
            close(fd);
        }
}

static void test_streamed_body_pauses(void **state)
{
    (void)state;
    begin(NULL);
    w.pause = true;
    int fd = dial();
    say(fd, "PATCH /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    turn(20);
    assert_int_equal(w.body, 3);
    say(fd, "def");
    turn(20);
    assert_int_equal(w.body, 3); /* not read */
    exchange_resume_body(w.held);
    assert_int_equal(w.data_calls, 1); /* never from inside the call */
    turn(20);
    assert_int_equal(w.body, 6);
    assert_int_equal(w.ended, 0); /* the last piece paused too */
    exchange_resume_body(w.held);
    turn(20);
    assert_int_equal(w.ended, 1);
    assert_non_null(strstr(hear(fd), "HTTP/1.1 204"));
    end(1000);
    close(fd);
}

static void test_sink_refuses(void **state)
{
    (void)state;
    begin(NULL);
    int fd = dial();
    say(fd, "PATCH /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    turn(20);
    const char *text = hear(fd);
    assert_non_null(strstr(text, "HTTP/1.1 503"));
    assert_non_null(strstr(text, "Retry-After: 1\r\n"));
    assert_non_null(strstr(text, "Connection: close\r\n"));
    end(10);
    close(fd);
}

static int admit_nobody(const struct tls_identity *who, void *context, struct problem *p)
{
    assert_ptr_equal(context, &w);
    assert_int_equal(who->kind, TLS_NOBODY);
    return problem_set(p, PROBLEM_NOT_ALLOWED, NULL, "not you");
}

static void test_admit_refuses(void **state)
{
    (void)state;
    begin(admit_nobody);
    int fd = dial();
    say(fd, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(20);
    const char *text = hear(fd);
    assert_non_null(strstr(text, "HTTP/1.1 403"));
    assert_non_null(strstr(text, "not you"));
    assert_int_equal(w.opened, 0);
    end(10);
    close(fd);
}

static void test_cannot_listen(void **state)
{
    (void)state;
    begin(NULL);
    struct http_listener *second = NULL;
    struct problem p;
    struct http_listener_options options = {
        .name = "second", .address = "127.0.0.1", .port = http_listener_port(w.listener)};
    assert_true(http_listener_open(&w.loop, &options, &second, &p) < 0);
    options.address = "localhost";
    assert_true(http_listener_open(&w.loop, &options, &second, &p) < 0);
    assert_null(second);
    end(10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_now),
        cmocka_unit_test(test_answer_later),
        cmocka_unit_test(test_peer_goes_while_the_answer_is_made),
        cmocka_unit_test(test_close_waits_for_the_exchange),
        cmocka_unit_test(test_close_in_every_state),
        cmocka_unit_test(test_streamed_body_pauses),
        cmocka_unit_test(test_sink_refuses),
        cmocka_unit_test(test_admit_refuses),
        cmocka_unit_test(test_cannot_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
