/* Access: every route of the window API has a row, every role × kind says what it should, and nothing else is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/api/api.h"
#include "proto/access.h"

static const char *const methods[HTTP_METHODS] = {[HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
                                                  [HTTP_PUT] = "PUT",     [HTTP_PATCH] = "PATCH",   [HTTP_DELETE] = "DELETE",
                                                  [HTTP_OPTIONS] = "OPTIONS"};

static void test_every_route_has_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_window_route_count; i++) {
        const struct http_route *route = &api_window_routes[i];
        if (!access_find(methods[route->method], route->pattern))
            fail_msg("%s %s has no row in proto/access.c", methods[route->method], route->pattern);
    }
    for (size_t i = 0; i < access_route_count; i++) {
        bool found = false;
        for (size_t k = 0; k < api_window_route_count && !found; k++)
            found = !strcmp(methods[api_window_routes[k].method], access_routes[i].method) &&
                    !strcmp(api_window_routes[k].pattern, access_routes[i].pattern);
        if (!found)
            fail_msg("%s %s is no route", access_routes[i].method, access_routes[i].pattern);
        assert_ptr_equal(access_find(access_routes[i].method, access_routes[i].pattern), &access_routes[i]);
    }
}

/* The rule itself, written down a second time: a supervisor sees figures, not faces. */
static void test_roles(void **state)
{
    (void)state;
    static const bool supervisor_may[ACCESS_KINDS] = {
        [ACCESS_KIND_PUBLIC] = true,    [ACCESS_KIND_SELF] = true,   [ACCESS_KIND_CATALOGUE] = true,
        [ACCESS_KIND_CASE_LIST] = false, [ACCESS_KIND_CASE_READ] = false, [ACCESS_KIND_CASE_WRITE] = false,
        [ACCESS_KIND_CASE_TRACE] = false, [ACCESS_KIND_PROOF] = false, [ACCESS_KIND_MATERIAL] = false,
        [ACCESS_KIND_CATALOGUE_WRITE] = false, [ACCESS_KIND_DOCUMENT] = false, [ACCESS_KIND_REGISTER_READ] = true,
        [ACCESS_KIND_REGISTER_WRITE] = false,
        [ACCESS_KIND_REGISTER_PERSONS] = false, [ACCESS_KIND_JOINT_READ] = false,
        [ACCESS_KIND_JOINT] = false, [ACCESS_KIND_REPORT] = true,    [ACCESS_KIND_ACCOUNTABILITY] = true,
        [ACCESS_KIND_CASE_TAKE] = false, [ACCESS_KIND_UPLOAD] = false, [ACCESS_KIND_PROGRESS] = false,
        [ACCESS_KIND_RESULT] = false};
    static const bool liaison_may[ACCESS_KINDS] = {
        [ACCESS_KIND_PUBLIC] = true,        [ACCESS_KIND_SELF] = true,          [ACCESS_KIND_CATALOGUE] = true,
        [ACCESS_KIND_CASE_LIST] = true,     [ACCESS_KIND_CASE_READ] = true,     [ACCESS_KIND_CASE_TRACE] = true,
        [ACCESS_KIND_MATERIAL] = true,      [ACCESS_KIND_UPLOAD] = true,
        [ACCESS_KIND_REGISTER_READ] = true, [ACCESS_KIND_REGISTER_WRITE] = true,
        [ACCESS_KIND_REGISTER_PERSONS] = true, [ACCESS_KIND_JOINT_READ] = true, [ACCESS_KIND_REPORT] = true,
        [ACCESS_KIND_ACCOUNTABILITY] = true};
    static const bool auditor_may[ACCESS_KINDS] = { /* nothing that writes, nothing unmasked */
        [ACCESS_KIND_PUBLIC] = true,    [ACCESS_KIND_SELF] = true,       [ACCESS_KIND_CATALOGUE] = true,
        [ACCESS_KIND_CASE_LIST] = true, [ACCESS_KIND_CASE_TRACE] = true, [ACCESS_KIND_REGISTER_READ] = true,
        [ACCESS_KIND_REGISTER_PERSONS] = true, [ACCESS_KIND_JOINT_READ] = true, [ACCESS_KIND_REPORT] = true,
        [ACCESS_KIND_ACCOUNTABILITY] = true};
    for (size_t i = 0; i < access_route_count; i++) {
        const struct access_route *r = &access_routes[i];
        struct problem p = {.number = -1};
        assert_int_equal(access_check("liaison", r->method, r->pattern, &p), liaison_may[r->kind] ? 0 : TB_EDENIED);
        assert_int_equal(access_check("auditor", r->method, r->pattern, &p), auditor_may[r->kind] ? 0 : TB_EDENIED);
        assert_true(!auditor_may[r->kind] || r->kind == ACCESS_KIND_PUBLIC || !strcmp(r->method, "GET"));
        bool open = r->kind == ACCESS_KIND_PUBLIC;
        bool publishes = r->kind == ACCESS_KIND_CATALOGUE_WRITE; /* the department's own list */
        assert_int_equal(access_check("window", r->method, r->pattern, &p), publishes ? TB_EDENIED : 0);
        assert_int_equal(access_check("handler", r->method, r->pattern, &p), 0);
        assert_int_equal(access_check("supervisor", r->method, r->pattern, &p), supervisor_may[r->kind] ? 0 : TB_EDENIED);
        if (!supervisor_may[r->kind]) {
            assert_int_equal(p.id, PROBLEM_NOT_ALLOWED);
            assert_non_null(strstr(p.detail, publishes ? "needs the role handler" : "needs the role window or handler"));
        }
        const char *const nobody[] = {"", "boss", "Window", "window ", NULL};
        for (size_t k = 0; k < sizeof nobody / sizeof nobody[0]; k++)
            assert_int_equal(access_check(nobody[k], r->method, r->pattern, &p), open ? 0 : TB_EDENIED);
    }
}

/* 帮办, 网上, 自助终端: they take in and ask for progress, and see nobody's case. */
static void test_channels(void **state)
{
    (void)state;
    static const struct {
        const char *method, *pattern;
    } may[] = {{"GET", "/healthz"},
               {"GET", "/window/v1/items"},
               {"GET", "/window/v1/items/{office}/{code}"},
               {"GET", "/window/v1/catalogue"},
               {"GET", "/window/v1/catalogue/history"},
               {"POST", "/window/v1/cases"},
               {"GET", "/window/v1/progress"},
               {"OPTIONS", "/window/v1/materials"},
               {"POST", "/window/v1/materials"},
               {"OPTIONS", "/window/v1/materials/{sha256}"},
               {"HEAD", "/window/v1/materials/{sha256}"},
               {"PATCH", "/window/v1/materials/{sha256}"}};
    static const char *const channels[] = {"assisted", "portal", "kiosk"};
    for (size_t c = 0; c < sizeof channels / sizeof channels[0]; c++)
        for (size_t i = 0; i < access_route_count; i++) {
            const struct access_route *r = &access_routes[i];
            struct problem p = {.number = -1};
            bool allowed = false;
            for (size_t k = 0; k < sizeof may / sizeof may[0] && !allowed; k++)
                allowed = !strcmp(may[k].method, r->method) && !strcmp(may[k].pattern, r->pattern);
            assert_int_equal(access_check(channels[c], r->method, r->pattern, &p), allowed ? 0 : TB_EDENIED);
        }
    assert_true(access_is_channel("kiosk"));
    assert_false(access_is_channel("window"));
    assert_false(access_is_channel("nobody"));
}

static void test_unknown_is_refused(void **state)
{
    (void)state;
    struct problem p = {.number = -1};
    assert_int_equal(access_check("window", "GET", "/window/v1/new", &p), TB_EDENIED);
    assert_int_equal(access_check("window", "PUT", "/window/v1/cases", &p), TB_EDENIED);
    assert_int_equal(access_check("window", NULL, NULL, &p), TB_EDENIED);
    char names[8];
    access_role_names(ACCESS_STAFF, names, sizeof names); /* cut, not overrun */
    assert_int_equal(strlen(names), sizeof names - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_route_has_its_row), cmocka_unit_test(test_roles),
                                       cmocka_unit_test(test_channels), cmocka_unit_test(test_unknown_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
