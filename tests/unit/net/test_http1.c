/* The vector table of anchors 7 and its variations, each fed whole, one byte at a time, and split at every position. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/http1.h"
#include "proto/limits.h"

#define ACCEPTED (-1) /* otherwise the problem it must be refused with */
#define H        "Host: a\r\n"
#define E        "\r\n"

struct vector {
    const char *name;
    int expected;
    const char *bytes;
    size_t len; /* 0: strlen */
};
#define V(name, expected, bytes)                                                                                       \
    {                                                                                                                  \
        name, expected, bytes, sizeof(bytes) - 1                                                                       \
    }

static const struct vector vectors[] = {
    V("plain", ACCEPTED, "GET / HTTP/1.1\r\n" H E),
    V("query", ACCEPTED, "GET /a/b?c=%20d HTTP/1.1\r\n" H E),
    V("length", ACCEPTED, "POST /a HTTP/1.1\r\n" H "Content-Length: 5\r\n" E),
    V("length zero", ACCEPTED, "POST /a HTTP/1.1\r\n" H "Content-Length: 0\r\n" E),
    V("no space after the colon", ACCEPTED, "GET / HTTP/1.1\r\nHost:a\r\nX:\r\n" E),
    V("expect", ACCEPTED, "PATCH / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 3\r\n" E),
    V("all methods, put", ACCEPTED, "PUT / HTTP/1.1\r\n" H E),
    V("all methods, delete", ACCEPTED, "DELETE / HTTP/1.1\r\n" H E),
    V("all methods, head", ACCEPTED, "HEAD / HTTP/1.1\r\n" H E),
    V("all methods, options", ACCEPTED, "OPTIONS / HTTP/1.1\r\n" H E),
    V("UTF-8 in a value", ACCEPTED, "GET / HTTP/1.1\r\n" H "X: \xe5\xbc\xa0\r\n" E),
    /* anchors 7, line by line */
    V("length and chunked", PROBLEM_MALFORMED,
      "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" E),
    V("chunked and length", PROBLEM_MALFORMED,
      "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" E),
    V("two lengths", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n" E),
    V("two equal lengths", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n" E),
    V("chunked", PROBLEM_NOT_IMPLEMENTED, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" E),
    V("chunked with extensions", PROBLEM_NOT_IMPLEMENTED,
      "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" E "5;a=b\r\nhello\r\n0\r\n\r\n"),
    V("xchunked", PROBLEM_NOT_IMPLEMENTED, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n" E),
    V("identity", PROBLEM_NOT_IMPLEMENTED, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n" E),
    V("+5", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n" E),
    V("-5", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n" E),
    V("5,5", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: 5,5\r\n" E),
    V("5 5", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n" E),
    V("0x5", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n" E),
    V("empty length", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: \r\n" E),
    V("length of 16 digits", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length: 1000000000000000\r\n" E),
    V("length beyond 64 bits", PROBLEM_MALFORMED,
      "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999\r\n" E),
    V("NUL in a value", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "X: a\0b\r\n" E),
    V("NUL in the target", PROBLEM_MALFORMED, "GET /\0 HTTP/1.1\r\n" H E),
    V("bare LF", PROBLEM_MALFORMED, "GET / HTTP/1.1\n" H E),
    V("bare LF between fields", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n" E),
    V("bare LF at the end", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
    V("lone CR as separator", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "X: Y\rContent-Length: 5\r\n" E),
    V("lone CR at the end", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "\rX: a\r\n" E),
    V("two CR", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\r\n" H E),
    V("folded line", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n" E),
    V("folded with tab", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n" E),
    V("folded line hiding a length", PROBLEM_MALFORMED,
      "POST / HTTP/1.1\r\n" H " Content-Length: 38\r\n" E "GET /x HTTP/1.1\r\n" H E),
    V("space before colon", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n" E),
    V("tab before colon", PROBLEM_MALFORMED, "POST / HTTP/1.1\r\n" H "Content-Length\t: 5\r\n" E),
    V("HTTP/9.9", PROBLEM_VERSION, "GET / HTTP/9.9\r\n" H E),
    /* variations */
    V("HTTP/1.0", PROBLEM_VERSION, "GET / HTTP/1.0\r\n" H E),
    V("HTTP/2.0", PROBLEM_VERSION, "GET / HTTP/2.0\r\n" H E),
    V("HTTP/0.9", PROBLEM_VERSION, "GET /\r\n" E),
    V("lower-case http", PROBLEM_MALFORMED, "GET / http/1.1\r\n" H E),
    V("no Host", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" E),
    V("empty Host", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\nHost:\r\n" E),
    V("two Hosts", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "Host: b\r\n" E),
    V("two Hosts in one", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\nHost: a, b\r\n" E),
    V("absolute form", PROBLEM_MALFORMED, "GET http://a/ HTTP/1.1\r\n" H E),
    V("asterisk form", PROBLEM_MALFORMED, "OPTIONS * HTTP/1.1\r\n" H E),
    V("authority form", PROBLEM_NOT_IMPLEMENTED, "CONNECT a:443 HTTP/1.1\r\n" H E),
    V("fragment", PROBLEM_MALFORMED, "GET /#a HTTP/1.1\r\n" H E),
    V("unencoded UTF-8 in the target", PROBLEM_MALFORMED, "GET /\xe5\xbc\xa0 HTTP/1.1\r\n" H E),
    V("lower-case method", PROBLEM_MALFORMED, "get / HTTP/1.1\r\n" H E),
    V("method we do not have", PROBLEM_NOT_IMPLEMENTED, "TRACE / HTTP/1.1\r\n" H E),
    V("unknown method", PROBLEM_MALFORMED, "BREW / HTTP/1.1\r\n" H E),
    V("empty line first", PROBLEM_MALFORMED, "\r\nGET / HTTP/1.1\r\n" H E),
    V("space first", PROBLEM_MALFORMED, " GET / HTTP/1.1\r\n" H E),
    V("space in a name", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "A B: c\r\n" E),
    V("no name", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H ": c\r\n" E),
    V("no colon", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "abc\r\n" E),
    V("control character in a value", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "X: a\x01\r\n" E),
    V("DEL in a value", PROBLEM_MALFORMED, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n" E),
    V("upgrade", PROBLEM_NOT_IMPLEMENTED, "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n" E),
    V("upgrade without connection", PROBLEM_NOT_IMPLEMENTED, "GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\n" E),
    V("expect something else", PROBLEM_NOT_IMPLEMENTED,
      "POST / HTTP/1.1\r\n" H "Expect: 200-maybe\r\nContent-Length: 3\r\n" E),
    V("HTTP/2 preface", PROBLEM_MALFORMED, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    V("TLS to a plain port", PROBLEM_MALFORMED, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
};

/* Feeds in pieces cut after `first` bytes, then `step` at a time.  Returns ACCEPTED, a problem id, or −2: more is
 * wanted. */
static int feed(const char *bytes, size_t len, size_t first, size_t step, struct http1 **keep)
{
    struct http1 *h = http1_new();
    assert_non_null(h);
    size_t at = 0, piece = first;
    int result = -2;
    while (at < len) {
        struct problem p = {.id = PROBLEM_COUNT};
        size_t n = piece < len - at ? piece : len - at, used = SIZE_MAX;
        char *copy = malloc(n ? n : 1); /* exact size: reading beyond it is found by the sanitizer */
        assert_non_null(copy);
        memcpy(copy, bytes + at, n);
        int rc = http1_feed(h, copy, n, &used, &p);
        free(copy);
        if (rc < 0) {
            assert_int_not_equal(p.id, PROBLEM_COUNT);
            size_t again = SIZE_MAX;
            struct problem q;
            assert_int_equal(http1_feed(h, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, &again, &q), rc); /* sticky */
            assert_int_equal(q.id, p.id);
            result = (int)p.id;
            break;
        }
        assert_true(used <= n);
        at += used;
        if (rc == 1) {
            result = ACCEPTED;
            break;
        }
        assert_int_equal(used, n);
        piece = step;
    }
    if (keep)
        *keep = h;
    else
        http1_free(h);
    return result;
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        int whole = feed(v->bytes, v->len, v->len, v->len, NULL);
        if (whole != v->expected)
            fail_msg("%s: whole gives %d, not %d", v->name, whole, v->expected);
        int single = feed(v->bytes, v->len, 1, 1, NULL);
        if (single != v->expected)
            fail_msg("%s: byte by byte gives %d, not %d", v->name, single, v->expected);
        for (size_t cut = 1; cut < v->len; cut++) {
            int split = feed(v->bytes, v->len, cut, v->len, NULL);
            if (split != v->expected)
                fail_msg("%s: cut at %zu gives %d, not %d", v->name, cut, split, v->expected);
        }
    }
}

/* Whatever is cut off, an accepted head is never complete before its last byte. */
static void test_prefixes_want_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        for (size_t len = 1; vectors[i].expected == ACCEPTED && len < vectors[i].len; len++)
            assert_int_equal(feed(vectors[i].bytes, len, len, len, NULL), -2);
}

static void test_contents(void **state)
{
    (void)state;
    static const char text[] =
        "POST /a/b?c=d HTTP/1.1\r\nhOST: x:1\r\nContent-Length:  12\r\nX-A: one \t\r\nX-A: two\r\n"
        "Expect: 100-continue\r\nConnection: keep-alive, Close\r\n\r\nbody";
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        struct http1 *h = NULL;
        assert_int_equal(feed(text, sizeof text - 1, cut, 7, &h), ACCEPTED);
        assert_string_equal(http1_method(h), "POST");
        assert_string_equal(http1_target(h), "/a/b?c=d");
        assert_string_equal(http1_header(h, "host"), "x:1");
        assert_string_equal(http1_header(h, "x-a"), "one");
        assert_null(http1_header(h, "x-b"));
        assert_int_equal(http1_content_length(h), 12);
        assert_true(http1_expects_continue(h));
        assert_false(http1_keep_alive(h));
        assert_int_equal(http1_size(h), sizeof text - 1 - 4); /* the body is not the head's */
        http1_free(h);
    }
}

/* --- sizes: at the limit yes, one more no --- */

static int feed_filled(const char *before, char fill, size_t count, const char *after)
{
    size_t a = strlen(before), b = strlen(after), len = a + count + b;
    char *bytes = malloc(len);
    assert_non_null(bytes);
    memcpy(bytes, before, a);
    memset(bytes + a, fill, count);
    memcpy(bytes + a + count, after, b);
    int whole = feed(bytes, len, len, len, NULL), single = feed(bytes, len, 1, 1, NULL);
    assert_int_equal(whole, single);
    free(bytes);
    return whole;
}

static void test_sizes(void **state)
{
    (void)state;
    const char *end = " HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(feed_filled("GET /", 'a', LIMIT_HTTP_TARGET_BYTES - 1, end), ACCEPTED);
    assert_int_equal(feed_filled("GET /", 'a', LIMIT_HTTP_TARGET_BYTES, end), PROBLEM_TOO_LARGE);
    const char *before = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    size_t room = LIMIT_HTTP_HEAD_BYTES - strlen(before) - 4;
    assert_int_equal(feed_filled(before, 'a', room, "\r\n\r\n"), ACCEPTED);
    assert_int_equal(feed_filled(before, 'a', room + 1, "\r\n\r\n"), PROBLEM_TOO_LARGE);
    assert_int_equal(feed_filled(before, 'a', 1024 * 1024, "\r\n\r\n"), PROBLEM_TOO_LARGE);
    assert_int_equal(feed_filled("GET / HTTP/1.1\r\nHost: a\r\n", 'a', 1024 * 1024, ": b\r\n\r\n"), PROBLEM_TOO_LARGE);
    assert_int_equal(feed_filled("", 'A', 100, "\r\n\r\n"), PROBLEM_MALFORMED);
}

static void test_field_count(void **state)
{
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        struct buf b;
        buf_init(&b, 64 * 1024);
        assert_int_equal(buf_append_str(&b, "GET / HTTP/1.1\r\nHost: a\r\n"), 0);
        for (int i = 1; i < LIMIT_HTTP_HEADERS + extra; i++)
            assert_int_equal(buf_append_str(&b, "X: a\r\n"), 0);
        assert_int_equal(buf_append_str(&b, "\r\n"), 0);
        int expected = extra ? PROBLEM_TOO_LARGE : ACCEPTED;
        assert_int_equal(feed(b.data, b.len, b.len, b.len, NULL), expected);
        assert_int_equal(feed(b.data, b.len, 1, 1, NULL), expected);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_prefixes_want_more), cmocka_unit_test(test_contents),
        cmocka_unit_test(test_sizes),   cmocka_unit_test(test_field_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
