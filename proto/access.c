#include "proto/access.h"

#include <stdio.h>
#include <string.h>

const struct access_kind_row access_kinds[ACCESS_KINDS] = {
#define A(constant, roles, what, zh) {roles, what, zh},
    ACCESS_TABLE(A)
#undef A
};

#define WINDOW "/window/v1"
#define CASE   WINDOW "/cases/{no}"

const struct access_route access_routes[] = {
    {"GET", "/healthz", ACCESS_KIND_PUBLIC},
    {"GET", WINDOW "/office", ACCESS_KIND_SELF},
    {"GET", WINDOW "/items", ACCESS_KIND_CATALOGUE},
    {"GET", WINDOW "/items/{office}/{code}", ACCESS_KIND_CATALOGUE},
    {"GET", WINDOW "/catalogue", ACCESS_KIND_CATALOGUE},
    {"POST", WINDOW "/catalogue", ACCESS_KIND_CATALOGUE_WRITE},
    {"GET", WINDOW "/catalogue/history", ACCESS_KIND_CATALOGUE},
    {"POST", WINDOW "/cases", ACCESS_KIND_CASE_TAKE},
    {"GET", WINDOW "/cases", ACCESS_KIND_CASE_LIST},
    {"GET", CASE, ACCESS_KIND_CASE_READ},
    {"POST", CASE "/actions/{action}", ACCESS_KIND_CASE_WRITE},
    {"GET", CASE "/timeline", ACCESS_KIND_CASE_TRACE},
    {"GET", CASE "/clocks", ACCESS_KIND_CASE_TRACE},
    {"GET", CASE "/events", ACCESS_KIND_CASE_TRACE},
    {"GET", CASE "/bundle", ACCESS_KIND_PROOF},
    {"GET", CASE "/accountability", ACCESS_KIND_ACCOUNTABILITY},
    {"GET", CASE "/steps", ACCESS_KIND_CASE_TRACE},
    {"GET", CASE "/originals", ACCESS_KIND_CASE_TRACE},
    {"POST", CASE "/numbers", ACCESS_KIND_CASE_WRITE},
    {"GET", CASE "/documents", ACCESS_KIND_DOCUMENT},
    {"POST", CASE "/documents/{kind}/print", ACCESS_KIND_DOCUMENT},
    {"POST", CASE "/documents/{kind}/void", ACCESS_KIND_DOCUMENT},
    {"GET", WINDOW "/progress", ACCESS_KIND_PROGRESS},
    {"GET", WINDOW "/results", ACCESS_KIND_RESULT},
    {"GET", WINDOW "/todo", ACCESS_KIND_CASE_LIST},
    {"GET", WINDOW "/registers", ACCESS_KIND_REGISTER_READ},
    {"GET", WINDOW "/registers/{kind}", ACCESS_KIND_REGISTER_READ},
    {"POST", WINDOW "/registers/{kind}/acts/{act}", ACCESS_KIND_REGISTER_WRITE},
    {"GET", WINDOW "/registers/{kind}/{object}", ACCESS_KIND_REGISTER_READ},
    {"POST", WINDOW "/registers/{kind}/{object}/acts/{act}", ACCESS_KIND_REGISTER_WRITE},
    {"POST", WINDOW "/joint", ACCESS_KIND_JOINT},
    {"GET", WINDOW "/joint", ACCESS_KIND_JOINT_READ},
    {"GET", WINDOW "/joint/{no}", ACCESS_KIND_JOINT_READ},
    {"POST", WINDOW "/joint/{no}/withdraw", ACCESS_KIND_JOINT},
    {"GET", WINDOW "/reports/{name}", ACCESS_KIND_REPORT},
    {"OPTIONS", WINDOW "/materials", ACCESS_KIND_PUBLIC},
    {"POST", WINDOW "/materials", ACCESS_KIND_UPLOAD},
    {"OPTIONS", WINDOW "/materials/{sha256}", ACCESS_KIND_PUBLIC},
    {"HEAD", WINDOW "/materials/{sha256}", ACCESS_KIND_UPLOAD},
    {"PATCH", WINDOW "/materials/{sha256}", ACCESS_KIND_UPLOAD},
    {"DELETE", WINDOW "/materials/{sha256}", ACCESS_KIND_MATERIAL},
    {"GET", WINDOW "/materials/{sha256}", ACCESS_KIND_MATERIAL},
};
const size_t access_route_count = sizeof access_routes / sizeof access_routes[0];

const struct access_role_row access_roles[ACCESS_ROLES] = {
    {ACCESS_WINDOW, "window", "窗口人员"},
    {ACCESS_HANDLER, "handler", "属地经办人"},
    {ACCESS_SUPERVISOR, "supervisor", "督考人员"},
    {ACCESS_LIAISON, "liaison", "联络员"},
    {ACCESS_AUDITOR, "auditor", "审计人员"},
    {ACCESS_ASSISTED, "assisted", "帮办代办"},
    {ACCESS_PORTAL, "portal", "网上办事大厅"},
    {ACCESS_KIOSK, "kiosk", "自助终端"},
};

unsigned access_role_by_name(const char *name)
{
    for (size_t i = 0; name && i < ACCESS_ROLES; i++)
        if (strcmp(access_roles[i].name, name) == 0)
            return access_roles[i].role;
    return 0;
}

bool access_is_channel(const char *role)
{
    return access_role_by_name(role) & ACCESS_CHANNELS;
}

void access_role_names(unsigned roles, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ACCESS_ROLES && len < size; i++) {
        if (!(roles & access_roles[i].role))
            continue;
        int n = snprintf(out + len, size - len, "%s%s", len ? " or " : "", access_roles[i].name);
        len += n > 0 ? (size_t)n : 0;
    }
}

const struct access_route *access_find(const char *method, const char *pattern)
{
    for (size_t i = 0; method && pattern && i < access_route_count; i++)
        if (strcmp(access_routes[i].method, method) == 0 && strcmp(access_routes[i].pattern, pattern) == 0)
            return &access_routes[i];
    return NULL;
}

bool access_may(const char *role, enum access_kind kind)
{
    return (access_kinds[kind].roles & access_role_by_name(role)) != 0;
}

int access_check(const char *role, const char *method, const char *pattern, struct problem *p)
{
    const struct access_route *route = access_find(method, pattern);
    char names[96];
    if (!route)
        return problem_set(p, PROBLEM_NOT_ALLOWED, "", "no role is allowed to do this");
    const struct access_kind_row *kind = &access_kinds[route->kind];
    if (!kind->roles || access_may(role, route->kind))
        return 0;
    access_role_names(kind->roles, names, sizeof names);
    return problem_set(p, PROBLEM_NOT_ALLOWED, "", "%s needs the role %s", kind->what, names);
}
