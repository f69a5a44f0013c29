/* access: which role of the staff may ask what of the window API, as one table (role × kind of request); pure.
 *
 * Every route of the window API has one row in `access_routes`, which says what kind of request it is; every kind has one row in
 * ACCESS_TABLE, which says which roles may make it.  A route without a row is refused for everybody, and the tests of both the API and the
 * tree fail.  The window takes in, the handler decides, the supervisor (督考) sees figures and who did what, never a person; the
 * liaison (联络员) speaks for the office in the registers and decides nothing; the auditor (审计) reads what is masked and changes nothing:
 * 个人信息保护法 6 and 34, domain.md 4.8 (least privilege, audit apart from administration). */
#ifndef PROTO_ACCESS_H
#define PROTO_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/problem.h"

/* Bits.  Window, handler and liaison have the values of enum case_role; supervisor and auditor have no part in any case.  The channels (渠道)
 * besides the window take in and ask for progress, nothing else. */
enum access_role {
    ACCESS_WINDOW = 1,
    ACCESS_HANDLER = 2,
    ACCESS_SUPERVISOR = 8,
    ACCESS_LIAISON = 16,
    ACCESS_AUDITOR = 32,
    ACCESS_ASSISTED = 64,
    ACCESS_PORTAL = 128,
    ACCESS_KIOSK = 256
};
enum {
    ACCESS_CASEWORK = ACCESS_WINDOW | ACCESS_HANDLER,
    ACCESS_DESK = ACCESS_CASEWORK | ACCESS_LIAISON,
    ACCESS_MASKED = ACCESS_DESK | ACCESS_AUDITOR,
    ACCESS_STAFF = ACCESS_MASKED | ACCESS_SUPERVISOR,
    ACCESS_CHANNELS = ACCESS_ASSISTED | ACCESS_PORTAL | ACCESS_KIOSK
};

/* A(CONSTANT, roles, "what it is", as a refusal says it, "中文") */
#define ACCESS_TABLE(A)                                                                                                \
    A(PUBLIC, 0, "what the service is and can", "服务状态与能力")                                                      \
    A(SELF, ACCESS_STAFF, "the office and oneself", "本单位与本人")                                                    \
    A(CATALOGUE, ACCESS_STAFF | ACCESS_CHANNELS, "the catalogue", "事项清单")                                          \
    A(CATALOGUE_WRITE, ACCESS_HANDLER, "a new edition of the catalogue", "发布事项清单")                               \
    A(CASE_LIST, ACCESS_MASKED, "a list of cases", "办件列表")                                                         \
    A(CASE_READ, ACCESS_DESK, "a case with its personal data", "含个人信息的办件")                                     \
    A(CASE_WRITE, ACCESS_CASEWORK, "an act on a case", "办理操作")                                                     \
    A(CASE_TRACE, ACCESS_MASKED, "the progress of a case", "办件进度")                                                 \
    A(PROOF, ACCESS_CASEWORK, "the proof of a case, which holds its personal data", "含个人信息的存证包")              \
    A(MATERIAL, ACCESS_DESK, "the materials of a case", "办件材料")                                                    \
    A(DOCUMENT, ACCESS_CASEWORK, "a written document of a case", "办件文书")                                           \
    A(REGISTER_READ, ACCESS_STAFF, "a register", "台账")                                                               \
    A(REGISTER_WRITE, ACCESS_DESK, "an act of a register", "台账操作")                                                 \
    A(REGISTER_PERSONS, ACCESS_MASKED, "a register that speaks of applicants", "涉及申请人的台账")                     \
    A(JOINT_READ, ACCESS_MASKED, "the course of a joint case", "联办件进度")                                           \
    A(JOINT, ACCESS_CASEWORK, "a joint case", "联办件")                                                                \
    A(REPORT, ACCESS_STAFF, "a report", "台账报表")                                                                    \
    A(ACCOUNTABILITY, ACCESS_STAFF, "who did what on a case", "责任追溯")                                              \
    A(CASE_TAKE, ACCESS_CASEWORK | ACCESS_CHANNELS, "taking in an application", "收件")                                \
    A(UPLOAD, ACCESS_DESK | ACCESS_CHANNELS, "an upload for an application", "上传材料")                           \
    A(PROGRESS, ACCESS_CASEWORK | ACCESS_CHANNELS, "the progress of a case by its query code", "凭查询码查询进度")                          \
    A(RESULT, ACCESS_CASEWORK, "whether a document is genuine", "审批结果互认核验")

enum access_kind {
#define A(constant, roles, what, zh) ACCESS_KIND_##constant,
    ACCESS_TABLE(A)
#undef A
    ACCESS_KINDS
};

struct access_kind_row {
    unsigned roles; /* bits; 0: no certificate is asked for */
    const char *what, *zh;
};
extern const struct access_kind_row access_kinds[ACCESS_KINDS];

struct access_route {
    const char *method, *pattern;
    enum access_kind kind;
};
extern const struct access_route access_routes[];
extern const size_t access_route_count;

struct access_role_row {
    enum access_role role;
    const char *name, *zh; /* the word of the configuration */
};
enum { ACCESS_ROLES = 8 };
extern const struct access_role_row access_roles[ACCESS_ROLES];
/* The bit of a role's word, 0 for no role. */
unsigned access_role_by_name(const char *name);
/* Whether the role takes in for the window by another way: 帮办, 网上, 自助终端. */
bool access_is_channel(const char *role);
/* "window or handler": the roles of these bits, in the order of the table. */
void access_role_names(unsigned roles, char *out, size_t size);

/* Whether this role may make requests of this kind. */
bool access_may(const char *role, enum access_kind kind);

/* The row of a route, or NULL. */
const struct access_route *access_find(const char *method, const char *pattern);
/* Whether a member of staff of this role may use this route: 0, or TB_EDENIED with the role that may in the detail. */
int access_check(const char *role, const char *method, const char *pattern, struct problem *p) TB_MUST_USE;

#endif
