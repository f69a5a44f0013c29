/* The carrier towards nobody, towards something that is no TLS, and with certificates that are none; what a refusal of the peer means.
 * Real exchanges over TLS are the black-box tests' part. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/peer/driver_internal.h"
#include "proto/strict_json.h"

static uv_loop_t loop;
static struct carrier *carrier;
static bool stopped, answered;
static const struct carrier_identity nothing = {.authority = "no certificate", .certificate = "none", .key = "none"};

static int setup(void **state)
{
    (void)state;
    stopped = answered = false;
    carrier = NULL;
    return carrier_global_start() || uv_loop_init(&loop) || carrier_start(&loop, "330483", &nothing, &carrier);
}

static void on_stopped(void *context)
{
    (void)context;
    stopped = true;
}

static int teardown(void **state)
{
    (void)state;
    if (carrier)
        carrier_stop(carrier, on_stopped, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop) || (carrier && !stopped);
}

static void on_done(struct carrier_request *request)
{
    (void)request;
    assert_false(answered); /* exactly once */
    answered = true;
}

/* A listening socket on loopback that accepts in the kernel and says nothing. */
static int silent(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct carrier_request request_to(const char *url)
{
    return (struct carrier_request){.method = CARRIER_POST, .url = url, .body = "{}", .body_len = 2, .answer_max = 1000, .done = on_done};
}

static int outcome_of(const char *url)
{
    struct carrier_request request = request_to(url);
    answered = false;
    assert_int_equal(carrier_send(carrier, &request), 0);
    assert_false(answered); /* never from inside */
    for (int turns = 0; !answered && turns < 1000; turns++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(answered);
    assert_int_equal(request.status, 0);
    assert_int_equal(request.date_s, -1);
    carrier_request_clear(&request);
    return request.rc;
}

static void nobody_listens(void **state)
{
    (void)state;
    char url[64];
    uint16_t port;
    close(silent(&port));
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    int rc = outcome_of(url);
    assert_true(rc == TB_ETEMP || rc == TB_ETRUST); /* libcurl may look at the certificates first */
}

static void certificates_that_are_none(void **state)
{
    (void)state;
    char url[64];
    uint16_t port;
    int fd = silent(&port);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    assert_int_equal(outcome_of(url), TB_ETRUST);
    assert_int_equal(carrier_set_identity(carrier, &nothing), 0);
    assert_int_equal(outcome_of(url), TB_ETRUST);
    close(fd);
}

static void only_https(void **state)
{
    (void)state;
    char url[64];
    uint16_t port;
    int fd = silent(&port);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    assert_int_equal(outcome_of(url), TB_ETEMP);
    close(fd);
}

/* What is under way when the office stops ends with a word, at once, and nothing can be sent any more. */
static void stop_in_the_middle(void **state)
{
    (void)state;
    char url[64];
    uint16_t port;
    int fd = silent(&port);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    struct carrier_request request = request_to(url), late = request_to(url);
    assert_int_equal(carrier_send(carrier, &request), 0);
    struct carrier *ended = carrier;
    carrier = NULL;
    carrier_stop(ended, on_stopped, NULL);
    assert_true(answered);
    assert_int_equal(request.rc, TB_ECLOSED);
    assert_int_equal(carrier_send(ended, &late), TB_ECLOSED);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(stopped);
    carrier_request_clear(&request);
    close(fd);
}

/* ---- what the peer's refusal means ---- */

static void refusals(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *type, *body;
        int rc, problem;
        int64_t number;
    } rows[] = {
        {408, "", "", TB_ETEMP, -1, -1},
        {429, "text/plain", "slow down", TB_ETEMP, -1, -1},
        {500, "", "", TB_ETEMP, -1, -1},
        {503, "text/html", "<html>", TB_ETEMP, -1, -1},
        {404, "", "", TB_ENOTFOUND, -1, -1},
        {403, "", "", TB_EDENIED, -1, -1},
        {409, "", "", TB_ECONFLICT, -1, -1},
        {413, "", "", TB_ELIMIT, -1, -1},
        {423, "", "", TB_ETEMP, -1, -1},
        {400, "", "", TB_EMALFORMED, -1, -1},
        {302, "", "", TB_EMALFORMED, -1, -1},
        /* a document counts only when it is one, of a kind that we know */
        {404, "application/problem+json", "{", TB_ENOTFOUND, -1, -1},
        {404, "application/problem+json", "{\"type\":\"urn:x:unheard-of\"}", TB_ENOTFOUND, -1, -1},
        {409, "application/json", "{\"type\":\"checkpoint-conflict\",\"size\":5}", TB_ECONFLICT, -1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct carrier_request request = {.status = rows[i].status};
        int problem = 4711;
        int64_t number = 4711;
        buf_init(&request.answer, 1000);
        assert_int_equal(buf_append_str(&request.answer, rows[i].body), 0);
        (void)snprintf(request.content_type, sizeof request.content_type, "%s", rows[i].type);
        int rc = driver_refusal(&request, &problem, &number);
        if (rc != rows[i].rc || problem != rows[i].problem || number != rows[i].number)
            fail_msg("row %zu: rc %d, problem %d, number %lld", i, rc, problem, (long long)number);
        carrier_request_clear(&request);
    }
}

/* Every kind of problem that the peer may write comes back as itself, with its number. */
static void documents(void **state)
{
    (void)state;
    for (int id = 0; id < PROBLEM_COUNT; id++) {
        struct carrier_request request = {.status = problem_type((enum problem_id)id)->status, .content_type = "application/problem+json"};
        struct problem p = {.id = (enum problem_id)id, .number = 7};
        json_t *doc = problem_to_json(&p);
        assert_non_null(doc);
        buf_init(&request.answer, 4096);
        assert_int_equal(strict_json_dump(doc, &request.answer), 0);
        json_decref(doc);
        int problem;
        int64_t number;
        int rc = driver_refusal(&request, &problem, &number);
        assert_int_equal(problem, id);
        assert_int_equal(rc, problem_type((enum problem_id)id)->code);
        assert_true(number == 7 || number == -1); /* only two kinds carry one */
        if (id == PROBLEM_CHECKPOINT || id == PROBLEM_SEQUENCE)
            assert_int_equal(number, 7);
        carrier_request_clear(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(certificates_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(only_https, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_in_the_middle, setup, teardown),
        cmocka_unit_test(refusals),
        cmocka_unit_test(documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
