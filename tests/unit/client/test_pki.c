/* The index of a small authority, and the names that go into its certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/tongban_pki.h"
#include "proto/limits.h"

#define HEAD  "tongban-pki-1\t330483\t7\n"
#define TIMES "2026-11-26T05:37:37.000+08:00\t2027-11-26T05:37:37.000+08:00\t"
#define GOOD  "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES "-\t-\n"
#define REVOKED                                                                                                        \
    "d9ba61c8fc6aa7312652625fa9ba7e50\tgateway\turn:tongban:office:330483\t" TIMES                                     \
    "2026-12-01T00:00:00.000+08:00\tkeyCompromise\n"

static void test_what_is_written_is_read_again(void **state)
{
    (void)state;
    static const char text[] = HEAD GOOD REVOKED;
    struct pki_index index;
    struct buf out;
    size_t line;
    assert_int_equal(pki_index_parse(text, sizeof text - 1, &index, &line), 0);
    assert_int_equal(index.count, 2);
    assert_int_equal(index.crl_number, 7);
    assert_string_equal(index.office, "330483");
    assert_string_equal(index.row[0].revoked, "");
    assert_string_equal(pki_index_find(&index, "d9ba61c8fc6aa7312652625fa9ba7e50")->reason, "keyCompromise");
    assert_null(pki_index_find(&index, "00"));
    buf_init(&out, LIMIT_PKI_INDEX_BYTES);
    assert_int_equal(pki_index_format(&index, &out), 0);
    assert_int_equal(out.len, sizeof text - 1);
    assert_memory_equal(out.data, text, out.len);
    buf_free(&out);
    pki_index_free(&index);
    pki_index_free(NULL);
}

static void test_a_damaged_index_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line;
    } bad[] = {
        {"", 1},
        {"tongban-pki-2\t330483\t7\n", 1},
        {"tongban-pki-1\t33048x\t7\n", 1},
        {"tongban-pki-1\t330483\t-1\n", 1},
        {"tongban-pki-1\t330483\t7x\n", 1},
        {"tongban-pki-1\t330483\n", 1},
        {HEAD GOOD GOOD, 3}, /* a serial number twice */
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES "-\t-", 2}, /* torn */
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES "-\n",
         2}, /* a cell less */
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES "-\t-\t-\n", 2},
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tboss\turn:tongban:staff:330483:0007\t" TIMES "-\t-\n", 2},
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:other:staff:330483:0007\t" TIMES "-\t-\n", 2},
        {HEAD "9bc7582f5598cd217b4dc382fe4662\tstaff\turn:tongban:staff:330483:0007\t" TIMES "-\t-\n", 2},
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES "-\tsuperseded\n", 2},
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES
              "yesterday\tsuperseded\n",
         2},
        {HEAD "9bc7582f5598cd217b4dc382fe4662e3\tstaff\turn:tongban:staff:330483:0007\t" TIMES
              "2026-12-01T00:00:00.000+08:00\twhim\n",
         2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pki_index index;
        size_t line = 0;
        assert_int_equal(pki_index_parse(bad[i].text, strlen(bad[i].text), &index, &line), TB_EMALFORMED);
        assert_int_equal(line, bad[i].line);
    }
}

static void test_names_are_checked_character_by_character(void **state)
{
    (void)state;
    static const struct {
        struct cert_want want;
        int rc;
    } cases[] = {
        {{CERT_STAFF, "330483", "0007", NULL}, 0},
        {{CERT_GATEWAY, "330483", NULL, "gateway.example,192.0.2.10,2001:db8::1"}, 0},
        {{CERT_WINDOW, "330483", NULL, "127.0.0.1"}, 0},
        {{CERT_STAFF, "330483", NULL, NULL}, TB_EMALFORMED},
        {{CERT_STAFF, "330483", "", NULL}, TB_EMALFORMED},
        {{CERT_STAFF, "330483", "0007,URI:urn:tongban:office:320623", NULL}, TB_EMALFORMED},
        {{CERT_STAFF, "330483", "1234567890123", NULL}, TB_EMALFORMED},
        {{CERT_STAFF, "330483", "0007", "127.0.0.1"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "33048", NULL, "127.0.0.1"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", "0007", "127.0.0.1"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, NULL}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, ""}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, "a,"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, "a,,b"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, "a b"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, "x\nURI:urn:tongban:office:320623"}, TB_EMALFORMED},
        {{CERT_GATEWAY, "330483", NULL, "*.example"}, TB_EMALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = NULL;
        assert_int_equal(cert_want_check(&cases[i].want, &why), cases[i].rc);
        assert_true(!why[0] == !cases[i].rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read_again),
        cmocka_unit_test(test_a_damaged_index_is_refused_with_its_line),
        cmocka_unit_test(test_names_are_checked_character_by_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
