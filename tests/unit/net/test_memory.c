/* A listener without memory: the connection waits, also when there is no other whose end would call it.  Without descriptors: the
 * newcomer is closed, and the next comes in when there are some again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/net/http_internal.h"
#include "loop_client.h"

enum { DIVISOR = 20 };

/* The linker gives us the calls of the libraries under test (tests/CMakeLists.txt). */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static int refused, refuse;

void *__wrap_calloc(size_t count, size_t size)
{
    if (!refuse || size != sizeof(struct http_conn))
        return __real_calloc(count, size);
    refused++;
    return NULL;
}

static void handle(struct exchange *x, void *context)
{
    (void)context;
    exchange_answer(x, 200, "text/plain", "here", 4);
}

static const struct http_route routes[] = {{.method = HTTP_GET, .pattern = "/", .handle = handle}};

static const char ask[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

static void closed(void *context)
{
    *(bool *)context = true;
}

static void without_memory_it_is_tried_again(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct http_listener *listener;
    struct problem p;
    struct client_answer answer;
    bool done = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_listener_options options = {.name = "test", .address = "127.0.0.1", .routes = routes, .route_count = 1,
                                            .timer_divisor = DIVISOR};
    assert_int_equal(http_listener_open(&loop, &options, &listener, &p), 0);
    refuse = 1;
    int fd = client_connect(http_listener_port(listener));
    client_turn(&loop, 5 * HTTP_HELD_MS / DIVISOR);
    assert_in_range(refused, 3, 6); /* tried, not spun */
    refuse = 0;
    client_send(&loop, fd, ask, sizeof ask - 1);
    client_receive(&loop, fd, false, &answer);
    assert_int_equal(answer.status, 200);
    client_answer_clear(&answer);
    close(fd);
    refuse = 1; /* and it can be closed while one waits */
    fd = client_connect(http_listener_port(listener));
    client_turn(&loop, 20);
    http_listener_close(listener, 5, closed, &done);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(done);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(fd);
    refuse = 0;
}

static void without_descriptors_the_newcomer_is_closed(void **state)
{
    (void)state;
    enum { MOST = 200 };
    uv_loop_t loop;
    struct http_listener *listener;
    struct problem p;
    struct client_answer answer;
    struct rlimit before, few;
    int taken[MOST], count = 0;
    bool done = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_listener_options options = {.name = "test", .address = "127.0.0.1", .routes = routes, .route_count = 1,
                                            .timer_divisor = DIVISOR};
    assert_int_equal(http_listener_open(&loop, &options, &listener, &p), 0);
    uint16_t port = http_listener_port(listener);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = MOST, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int fd = client_connect(port);
    while (count < MOST && (taken[count] = dup(fd)) >= 0)
        count++;
    client_receive(&loop, fd, false, &answer);
    assert_int_equal(answer.status, 0); /* closed */
    client_answer_clear(&answer);
    while (count)
        close(taken[--count]);
    close(fd);
    fd = client_connect(port);
    client_send(&loop, fd, ask, sizeof ask - 1);
    client_receive(&loop, fd, false, &answer);
    assert_int_equal(answer.status, 200);
    client_answer_clear(&answer);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    http_listener_close(listener, 5, closed, &done);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(done);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_memory_it_is_tried_again),
                                       cmocka_unit_test(without_descriptors_the_newcomer_is_closed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
