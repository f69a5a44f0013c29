/* How an upload goes on after trouble, and how a stream of events is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/tongban_http.h"
#include "client/tongban_track.h"
#include "proto/limits.h"

static void test_steps(void **state)
{
    (void)state;
    struct upload_plan plan = {.length = 10, .offset = -1};
    assert_int_equal(upload_after(&plan, 0, 201, 0), UPLOAD_SEND);
    assert_int_equal(plan.failures, 0);
    assert_int_equal(upload_after(&plan, 0, 204, 4), UPLOAD_SEND);
    assert_int_equal(plan.offset, 4);
    assert_int_equal(upload_after(&plan, TB_ECLOSED, 0, -1), UPLOAD_WAIT);
    assert_int_equal(upload_after(&plan, 0, 460, -1), UPLOAD_ASK);
    assert_int_equal(upload_after(&plan, 0, 409, -1), UPLOAD_ASK);
    /* the server lost what was not on its disk: go back, and count it */
    assert_int_equal(upload_after(&plan, 0, 200, 2), UPLOAD_SEND);
    assert_int_equal(plan.offset, 2);
    assert_int_equal(plan.failures, 4);
    /* progress forgives */
    assert_int_equal(upload_after(&plan, 0, 204, 6), UPLOAD_SEND);
    assert_int_equal(plan.failures, 0);
    assert_int_equal(upload_after(&plan, 0, 204, 10), UPLOAD_DONE);
}

static void test_end(void **state)
{
    (void)state;
    static const long final[] = {400, 403, 404, 413, 415, 422};
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++) {
        struct upload_plan plan = {.length = 10};
        assert_int_equal(upload_after(&plan, 0, final[i], -1), UPLOAD_GIVE_UP);
    }
    struct upload_plan plan = {.length = 10};
    assert_int_equal(upload_after(&plan, TB_ETRUST, 0, -1), UPLOAD_GIVE_UP);
    /* every trouble that can heal ends too: an offset that never moves, an offset beyond the file, 503 for ever */
    for (int kind = 0; kind < 3; kind++) {
        plan = (struct upload_plan){.length = 10, .offset = 5};
        unsigned steps = 0;
        while (upload_after(&plan, 0, kind == 2 ? 503 : 204, kind == 0 ? 5 : kind == 1 ? 11 : -1) != UPLOAD_GIVE_UP)
            assert_true(++steps <= LIMIT_CLIENT_RETRIES);
    }
}

static void test_piece(void **state)
{
    (void)state;
    struct upload_plan plan = {.length = LIMIT_CLIENT_CHUNK_BYTES + 1};
    assert_int_equal(upload_piece(&plan), LIMIT_CLIENT_CHUNK_BYTES);
    plan.offset = LIMIT_CLIENT_CHUNK_BYTES;
    assert_int_equal(upload_piece(&plan), 1);
}

static void test_type(void **state)
{
    (void)state;
    assert_string_equal(upload_type((const unsigned char *)"%PDF-1.7", 8), "application/pdf");
    assert_null(upload_type((const unsigned char *)"%PDF", 4));
    assert_null(upload_type((const unsigned char *)"MZ", 2));
    assert_null(upload_type((const unsigned char *)"", 0));
}

struct events {
    int count;
    char last[200];
};

static int take(void *context, const char *event, const char *data)
{
    struct events *e = context;
    e->count++;
    (void)snprintf(e->last, sizeof e->last, "%s|%s", event, data);
    return 0;
}

static void test_sse(void **state)
{
    (void)state;
    static const char text[] =
        ": hello\r\n\r\nevent: state\r\ndata: {\"a\":1}\r\ndata:2\r\n\r\nevent: empty\n\ndata: x\n\n";
    /* the same whatever the pieces are */
    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct sse sse;
        struct events e = {0, ""};
        char first[200] = "";
        sse_init(&sse);
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            size_t len = sizeof text - 1 - at < piece ? sizeof text - 1 - at : piece;
            assert_int_equal(sse_feed(&sse, text + at, len, take, &e), 0);
            if (e.count == 1)
                memcpy(first, e.last, sizeof first);
        }
        assert_int_equal(e.count, 2);
        assert_string_equal(e.last, "|x");
        if (first[0])
            assert_string_equal(first, "state|{\"a\":1}\n2");
        sse_free(&sse);
    }
}

static void test_sse_bounds(void **state)
{
    (void)state;
    struct sse sse;
    struct events e = {0, ""};
    sse_init(&sse);
    int rc = 0;
    for (int i = 0; i < SSE_LINE_BYTES * 2 && !rc; i++)
        rc = sse_feed(&sse, "x", 1, take, &e);
    assert_int_equal(rc, TB_ELIMIT);
    sse_free(&sse);
    sse_init(&sse);
    assert_int_equal(sse_feed(&sse, "\0", 1, take, &e), TB_EMALFORMED);
    sse_free(&sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps), cmocka_unit_test(test_end),
                                       cmocka_unit_test(test_piece), cmocka_unit_test(test_type),
                                       cmocka_unit_test(test_sse),   cmocka_unit_test(test_sse_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
