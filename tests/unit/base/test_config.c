/* The configuration file: the example loads, every mistake of a corpus is refused with its file, line and words, and the
 * reference page is what the table says. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/config.h"
#include "daemon/base/config_yaml.h"
#include "daemon/base/log.h"
#include "proto/limits.h"

#define VKEY "tongban/320623+ff02e862+AWotSy0xEXiPZHXu8IV2dWq7K4uwesNuqj38F1yE+qKk"

/* One line per element, so that the line numbers of the corpus can be read off. */
static const char *const good[] = {
    /*  1 */ "office:",
    /*  2 */ "  code: 330483",
    /*  3 */ "  name: 桐乡市政务服务中心",
    /*  4 */ "store: {directory: data}",
    /*  5 */ "ledger: {key: k}",
    /*  6 */ "window: {address: 127.0.0.1, port: 7401, certificate: c, key: k, authority: a}",
    /*  7 */ "peer: {address: 127.0.0.1, port: 7402, certificate: c, key: k, authority: a}",
    /*  8 */ "admin: {port: 7403}",
    /*  9 */ "gateway_certificate: c",
    /* 10 */ "gateway_key: k",
    /* 11 */ "calendar: c",
    /* 12 */ "catalogue: [c]",
    /* 13 */ "staff:",
    /* 14 */ "  - {id: 0007, name: 沈佳怡, role: window}",
    /* 15 */ "  - {id: 0101, name: 陆文斌, role: handler, suspended: true}",
    /* 16 */ "peers:",
    /* 17 */ "  - office: 320623",
    /* 18 */ "    name: 如东县政务服务中心",
    /* 19 */ "    url: https://127.0.0.1:7502",
    /* 20 */ "    authority: a",
    /* 21 */ ("    ledger_key: " VKEY),
    /* 22 */ "authorisations:",
    /* 23 */ "  - id: 018f0000-0000-7000-8000-000000000001",
    /* 24 */ "    delegate: 320623",
    /* 25 */ "    steps: INOPD",
    /* 26 */ "    from: 2021-03-12",
    /* 27 */ "    until: 2031-03-11",
    /* 28 */ "    announcement: 桐政办发〔2021〕6号",
    /* 29 */ "log: {level: notice, areas: {peer: debug}}",
};
enum { LINES = sizeof good / sizeof good[0] };

static char directory[] = "/tmp/tongban-config-XXXXXX";
static char config_path[64];

static void put(const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    char path[64];
    if (!mkdtemp(directory))
        return -1;
    (void)snprintf(path, sizeof path, "%s/data", directory);
    if (mkdir(path, 0700))
        return -1;
    put("c", "");
    put("k", "");
    put("a", "");
    (void)snprintf(config_path, sizeof config_path, "%s/config.yaml", directory);
    return 0;
}

/* Writes the good file with line `line` (0: none) replaced. */
static void put_changed(unsigned line, const char *text)
{
    char whole[8192] = "";
    size_t len = 0;
    for (unsigned i = 1; i <= LINES; i++)
        len += (size_t)snprintf(whole + len, sizeof whole - len, "%s\n", i == line ? text : good[i - 1]);
    put("config.yaml", whole);
}

static void loads_the_good_file(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct problem p = {.detail = ""};
    put_changed(0, NULL);
    int err = config_load(config_path, &c, &p);
    assert_string_equal(p.detail, "");
    assert_int_equal(err, 0);
    assert_string_equal(c->path, config_path);
    assert_string_equal(c->office.code, "330483");
    assert_string_equal(c->office.name, "桐乡市政务服务中心");
    assert_int_equal(c->store.disk_floor_bytes, LIMIT_DISK_FLOOR_BYTES);
    assert_int_equal(c->store.readers, 2);
    assert_true(c->limits.forward == 1 && c->limits.originals == 2 && c->limits.recheck == 1 && c->limits.result == 1);
    assert_string_equal(c->ledger.suite, "intl");
    assert_int_equal(c->window.port, 7401);
    assert_int_equal(c->peer_listener.port, 7402);
    assert_string_equal(c->admin.address, "127.0.0.1");
    assert_null(c->admin.certificate);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/c", directory);
    assert_string_equal(c->window.certificate, path);
    assert_string_equal(c->gateway_certificate, path);
    assert_string_equal(c->catalogue[0], path);
    assert_int_equal(c->catalogue_count, 1);
    (void)snprintf(path, sizeof path, "%s/data", directory);
    assert_string_equal(c->store.directory, path);
    (void)snprintf(path, sizeof path, "%s/a", directory);
    assert_string_equal(c->peers[0].authority, path);
    assert_string_equal(config_staff(c, "0007")->role, "window"); /* not the number 7 */
    assert_true(config_staff(c, "0101")->suspended);
    assert_null(config_staff(c, "7"));
    assert_string_equal(config_peer(c, "320623")->url, "https://127.0.0.1:7502");
    assert_null(config_peer(c, "330483"));
    assert_string_equal(c->authorisations[0].items, "*");
    assert_false(c->authorisations[0].acceptance);
    assert_string_equal(c->log.level, "notice");
    assert_string_equal(c->log.areas.peer, "debug");
    assert_null(c->log.areas.store);
    log_set_area_level(LOG_STORE, LOG_LEVEL_ERR);
    config_set_log(&c->log);
    assert_int_equal(log_level_of(LOG_PEER), LOG_LEVEL_DEBUG);
    assert_int_equal(log_level_of(LOG_STORE), LOG_LEVEL_NOTICE);
    config_free(c);
    config_free(NULL);
}

static const struct {
    unsigned line;        /* replaced */
    const char *text;
    unsigned said;        /* the line that the message must name */
    const char *words;
} corpus[] = {
    {2, "  cod: 330483", 2, "unknown key 'cod'"},
    {29, "colour: red", 29, "unknown key 'colour'"},
    {14, "  - {id: 0007, name: 沈佳怡, role: window, shoe: 42}", 14, "unknown key 'shoe'"},
    {2, "  # nothing", 1, "key 'code' is missing"},
    {9, "", 1, "key 'gateway_certificate' is missing"},
    {18, "", 17, "key 'name' is missing"},
    {2, "  code:", 2, "'code' has no value"},
    {2, "  code: 33048", 2, "not a six-digit"},
    {2, "  code: [330483]", 2, "SEQUENCE"},
    {4, "store: data", 4, "mapping"},
    {4, "store: {directory: nowhere}", 4, "does not exist"},
    {4, "store: {directory: c}", 4, "is no directory"},
    {5, "ledger: {key: data}", 5, "is no file"},
    {5, "ledger: {key: k, suite: md5}", 5, "suite 'md5'"},
    {4, "store: {directory: data, readers: 0}", 4, "readers must be 1 to 8"},
    {4, "store: {directory: data, readers: 9}", 4, "readers must be 1 to 8"},
    {4, "store: {directory: data, readers: -1}", 4, "UINT"},
    {4, "store: {directory: data, disk_floor_bytes: 99999999999999999999}", 4, "99999999999999999999"},
    {6, "window: {address: localhost, port: 7401, certificate: c, key: k, authority: a}", 6, "not numeric"},
    {6, "window: {address: 127.0.0.1, port: 74010, certificate: c, key: k, authority: a}", 6, "74010"},
    {6, "window: {address: 127.0.0.1, port: seven, certificate: c, key: k, authority: a}", 6, "seven"},
    {6, "window: {address: 127.0.0.1, port: 7401, certificate: c, key: k}", 6, "key 'authority' is missing"},
    {7, "peer: {address: 127.0.0.1, port: 7401, certificate: c, key: k, authority: a}", 7, "port 7401 is taken by the listener 'window'"},
    {8, "admin: {address: 192.0.2.1, port: 7403}", 8, "loopback"},
    {8, "admin: {port: 7403, certificate: c}", 8, "unknown key 'certificate'"},
    {8, "admin: {address: '::2', port: 7403}", 8, "loopback"},
    {12, "catalogue: []", 12, "Insufficient entries"},
    {12, "catalogue: [c, missing.yaml]", 12, "missing.yaml"},
    {15, "  - {id: 0007, name: 陆文斌, role: handler}", 15, "id '0007' stands here twice"},
    {15, "  - {id: 01/1, name: 陆文斌, role: handler}", 15, "letters, digits"},
    {15, "  - {id: 0101, name: 陆文斌, role: boss}", 15, "there is no role 'boss'; known are window, handler, supervisor, liaison, auditor, assisted, portal, kiosk"},
    {15, "  - {id: 0101, name: 陆文斌, role: handler, township: '320623101'}", 15, "nine digits, the first six those of the office"},
    {15, "  - {id: 0101, name: 陆文斌, role: handler, window: ' x'}", 15, "without blanks around it"},
    {15, "  - {id: 0101, name: 陆文斌, role: handler, suspended: perhaps}", 15, "must be true or false"},
    {17, "  - office: 330483", 17, "this office itself"},
    {17, "  - office: 32062A", 17, "not a six-digit"},
    {19, "    url: http://127.0.0.1:7502", 19, "https://host:port"},
    {19, "    url: https://user@host/path", 19, "https://host:port"},
    {21, "    ledger_key: tongban/320623+00000000+AAAA", 21, "not a C2SP verification key"},
    {23, "  - id: 018f", 23, "not a UUID"},
    {24, "    delegate: 320509", 24, "none of the peers"},
    {25, "    steps: INOPDX", 25, "letters of INOPD"},
    {25, "    steps: II", 25, "letters of INOPD"},
    {25, "    {steps: INOPD, items: 'GA01,'}", 26, "not YAML"},
    {25, "    steps: INOPD\n    items: 'GA01,,GA02'", 26, "item codes separated by commas"},
    {26, "    from: 2021-02-30", 26, "not a date"},
    {27, "    until: 2021-03-11", 27, "is before from"},
    {29, "log: {level: loud}", 29, "level 'loud'"},
    {29, "log: {level: info, areas: {peer: loud}}", 29, "level 'loud'"},
    {29, "log: {areas: {everything: debug}}", 29, "unknown key 'everything'"},
    {29, "log: {areas: debug}", 29, "mapping"},
    {29, "documents: {prefix: '桐 '}", 29, "1 to 60 bytes in one line"},
    {29, "documents: {prefix: 桐乡市人民政府政务服务中心行政审批和公共服务管理办公室}", 29, "1 to 60 bytes in one line"},
    {29, "documents: {seal: \"a\\nb\"}", 29, "1 to 300 bytes in one line"},
    {29, "documents: {phone: ''}", 29, "1"},
    {29, "documents: {typed_numbers: perhaps}", 29, "must be true or false"},
    {29, "documents: {colour: red}", 29, "unknown key 'colour'"},
    {19, "    url: https://127.0.0.1:7502\n    phone: ' 1'", 20, "1 to 60 bytes in one line"},
    {29, "log: &a {level: info}", 29, "anchors are not taken"},
    {29, "log: *a", 29, "aliases are not taken"},
    {29, "log: !!map {level: info}", 29, "tags are not taken"},
    {29, "office: {code: 330483, name: x}", 29, "'office' stands here twice"},
    {29, "log: {level: info", 30, "not YAML"},
    {29, "limits: {forward: 0}", 29, "forward must be 1 to 60"},
    {29, "limits: {recheck: 61}", 29, "recheck must be 1 to 60"},
    {29, "limits: {check: 1}", 29, "unknown key 'check'"},
    {29, "\tlog: {level: info}", 29, "not YAML"},
    {29, "log: {level: \"\xff\"}", 29, "not YAML"},
    {29, "---\nlog: {level: info}", 29, "only one document"},
    {29, "log: [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]", 29, "levels deep"},
    {29, "? [a]\n: b", 29, "a key must be text"},
};

static void refuses_each_mistake_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof corpus / sizeof corpus[0]; i++) {
        struct config *c = NULL;
        struct problem p = {.detail = ""};
        char place[96];
        put_changed(corpus[i].line, corpus[i].text);
        int err = config_load(config_path, &c, &p);
        (void)snprintf(place, sizeof place, "%s:%u: ", config_path, corpus[i].said);
        if (err != TB_EMALFORMED || strncmp(p.detail, place, strlen(place)) != 0 || !strstr(p.detail, corpus[i].words))
            fail_msg("row %zu (%s): %d, '%s'; expected line %u and '%s'", i, corpus[i].text, err, p.detail,
                     corpus[i].said, corpus[i].words);
        assert_null(c);
    }
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct problem p;
    assert_int_equal(config_load("/nonexistent/config.yaml", &c, &p), TB_EMALFORMED);
    assert_non_null(strstr(p.detail, "/nonexistent/config.yaml"));
    assert_int_equal(config_load(directory, &c, &p), TB_EMALFORMED);
    put("config.yaml", "");
    assert_int_equal(config_load(config_path, &c, &p), TB_EMALFORMED);
    put("config.yaml", "- a\n");
    assert_int_equal(config_load(config_path, &c, &p), TB_EMALFORMED);
    char *large = malloc(LIMIT_CONFIG_BYTES + 2);
    assert_non_null(large);
    memset(large, '#', LIMIT_CONFIG_BYTES + 1);
    large[LIMIT_CONFIG_BYTES + 1] = '\0';
    put("config.yaml", large);
    free(large);
    assert_int_equal(config_load(config_path, &c, &p), TB_ELIMIT);
    assert_null(c);
}

/* Every key of the table stands in the example, and the example is sound apart from files that this machine does not have. */
static void the_example_is_sound(void **state)
{
    (void)state;
    struct config_yaml file;
    struct problem p = {.detail = ""};
    struct config *c = NULL;
    assert_int_equal(config_yaml_read(TONGBAN_SOURCE_DIR "/config/tongban.example.yaml", &file, &p), 0);
    char *text = strdup(file.bytes);
    config_yaml_free(&file);
    /* the files it names become the empty ones of this test */
    char *from, *out = calloc(1, 2 * strlen(text) + 1);
    assert_non_null(out);
    size_t len = 0;
    for (from = text; *from;) {
        size_t name = *from == '/' && from > text && from[-1] == ' ' ? strcspn(from, " \n") : 0;
        if (name) {
            out[len++] = from[1] == 'v' ? 'd' : 'c';
            from += name;
        } else {
            out[len++] = *from++;
        }
    }
    put("config.yaml", out);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/d", directory);
    assert_true(!mkdir(path, 0700) || errno == EEXIST);
    int err = config_load(config_path, &c, &p);
    assert_string_equal(p.detail, "");
    assert_int_equal(err, 0);
    config_free(c);
    free(out);
    free(text);
}

static void the_reference_page_is_the_table(void **state)
{
    (void)state;
    struct buf page;
    buf_init(&page, 65536);
    assert_int_equal(config_print_reference(&page), 0);
    const char *path = TONGBAN_SOURCE_DIR "/docs/reference/configuration.md";
    if (getenv("TONGBAN_WRITE_REFERENCE")) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(page.data, 1, page.len, out), page.len);
        assert_int_equal(fclose(out), 0);
    }
    static char stored[65536];
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    stored[fread(stored, 1, sizeof stored - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    /* drifted: run this test with TONGBAN_WRITE_REFERENCE=1 and commit the page */
    assert_string_equal(stored, page.data);
    buf_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_the_good_file),       cmocka_unit_test(refuses_each_mistake_with_its_line),
        cmocka_unit_test(refuses_what_is_no_file),   cmocka_unit_test(the_example_is_sound),
        cmocka_unit_test(the_reference_page_is_the_table),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
