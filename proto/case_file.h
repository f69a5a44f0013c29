/* case_file: cases as rows of a file that line systems (条线系统) read and write — the columns, and a case as cells and back; pure.
 *
 * CASE_COLUMN_TABLE is the one list of columns: the export writes them in this order, the import knows them by name or by Chinese title,
 * docs/reference/case-file.md is made from them.  A SHOWN column says what the office knows of a case; the import passes it over.  A TAKEN
 * one is a member of the application.  How a cell is written stands in row_text.h. */
#ifndef PROTO_CASE_FILE_H
#define PROTO_CASE_FILE_H

#include <jansson.h>
#include <stddef.h>

#include "proto/buf.h"
#include "proto/problem.h"

/* C(name, 中文, kind, use, path in the document of a case, meaning). */
#define CASE_COLUMN_TABLE(C)                                                                                           \
    C("case", "办件编号", TEXT, SHOWN, "case", "number of the case")                                                   \
    C("state", "办件状态", TEXT, SHOWN, "state", "state of the case, as in the case machine")                          \
    C("intake", "收件地代码", TEXT, SHOWN, "intake", "office that took it in")                                         \
    C("item_office", "属地代码", TEXT, REQUIRED, "item.office", "office that decides, six digits")                     \
    C("item_code", "事项编码", TEXT, REQUIRED, "item.code", "code of the item in that office's catalogue")             \
    C("item_version", "事项版本", INT, SHOWN, "item.version", "version of the item; the import takes the one in force") \
    C("item_name", "事项名称", TEXT, SHOWN, "item.name", "name of the item")                                           \
    C("system", "条线系统", TEXT, TAKEN, "numbers.0.system", "line system that knows the case")                        \
    C("number", "条线系统编号", TEXT, TAKEN, "numbers.0.value", "number of the case there")                            \
    C("more_numbers", "其他条线系统编号", REST, TAKEN, "numbers", "further ones: [{\"system\", \"value\"}]")           \
    C("applicant_kind", "申请人类型", TEXT, REQUIRED, "applicant.kind", "person or organisation")                      \
    C("applicant_name", "申请人名称", TEXT, REQUIRED, "applicant.name", "name exactly as on the certificate")          \
    C("certificate_type", "证件类型", TEXT, REQUIRED, "applicant.certificate.type",                                    \
      "citizen-id, uscc, passport, hmt-permit or other")                                                               \
    C("certificate_number", "证件号码", TEXT, REQUIRED, "applicant.certificate.number", "number of the certificate")   \
    C("legal_representative", "法定代表人", TEXT, TAKEN, "applicant.legal_representative",                             \
      "legal representative of the organisation")                                                                      \
    C("mobile", "手机号码", TEXT, TAKEN, "applicant.mobile", "mobile number of the applicant")                         \
    C("address", "通讯地址", TEXT, TAKEN, "applicant.address", "postal address of the applicant")                      \
    C("agent_name", "代理人姓名", TEXT, TAKEN, "agent.name", "name of the agent")                                      \
    C("agent_certificate_type", "代理人证件类型", TEXT, TAKEN, "agent.certificate.type", "as certificate_type")        \
    C("agent_certificate_number", "代理人证件号码", TEXT, TAKEN, "agent.certificate.number",                           \
      "number of the agent's certificate")                                                                             \
    C("agent_mobile", "代理人手机", TEXT, TAKEN, "agent.mobile", "mobile number of the agent")                         \
    C("power_of_attorney", "代理授权委托书", TEXT, TAKEN, "agent.power_of_attorney", "SHA-256 of its scan")            \
    C("materials", "申请材料", JSON, TAKEN, "materials",                                                               \
      "list of {\"name\", \"form\", \"original_seen\", \"sha256\", \"type\", \"size\", \"pages\", \"remark\"}")        \
    C("comparison_result", "比对结果", TEXT, TAKEN, "comparison.result", "match, mismatch or manual")                  \
    C("comparison_score", "比对分值", INT, TAKEN, "comparison.score", "score of the device, 0 to 100")                 \
    C("comparison_device", "比对设备", TEXT, TAKEN, "comparison.device", "device that compared")                       \
    C("comparison_reason", "人工比对或不一致原因", TEXT, TAKEN, "comparison.reason",                                   \
      "why it was done by eye, or what did not agree")                                                                 \
    C("delivery_way", "送达方式", TEXT, TAKEN, "delivery.way", "pickup, mail or electronic")                           \
    C("delivery_place", "领取地点", TEXT, TAKEN, "delivery.place", "intake or home")                                   \
    C("delivery_address", "邮寄地址", TEXT, TAKEN, "delivery.address", "address for the mail")                         \
    C("delivery_recipient", "收件人", TEXT, TAKEN, "delivery.recipient", "who receives it")                            \
    C("delivery_mobile", "收件人手机", TEXT, TAKEN, "delivery.mobile", "mobile number of the recipient")               \
    C("form", "申请表内容", JSON, TAKEN, "form", "members of the item's own form, an object")                          \
    C("remark", "备注", TEXT, TAKEN, "remark", "remark")                                                               \
    C("handed_in_at", "收件时间", TEXT, TAKEN, "handed_in_at", "when it was handed in; the office fills in now")       \
    C("late", "事后补录", BOOL, TAKEN, "late", "entered later than it was handed in, after an outage")                 \
    C("sent", "推送时间", TEXT, SHOWN, "times.sent", "when it was forwarded")                                          \
    C("received", "接收时间", TEXT, SHOWN, "times.received", "when the office that decides had it")                    \
    C("accepted", "受理时间", TEXT, SHOWN, "times.accepted", "when it was accepted")                                   \
    C("decided", "决定时间", TEXT, SHOWN, "times.decided", "when it was decided")                                      \
    C("delivered", "送达时间", TEXT, SHOWN, "times.delivered", "when the result was delivered")                        \
    C("closed", "办结时间", TEXT, SHOWN, "times.closed", "when it was closed")                                         \
    C("due", "到期日期", TEXT, SHOWN, "due.date", "date that is due next")                                             \
    C("due_what", "到期事由", TEXT, SHOWN, "due.what", "what is due then")                                             \
    C("due_provisional", "日期待定", BOOL, SHOWN, "due.provisional", "the date is not final")                          \
    C("light", "期限灯", TEXT, SHOWN, "light", "green, blue, yellow or red")                                           \
    C("joint", "多地联办", JSON, SHOWN, "joint", "joint case that it is a leg of")

enum case_column_kind {
    COLUMN_TEXT,
    COLUMN_INT,  /* digits */
    COLUMN_BOOL, /* true or false; 是 and 否 are taken too */
    COLUMN_JSON, /* a JSON text */
    COLUMN_REST  /* a JSON text: the list without its first element, which has columns of its own */
};
enum case_column_use { COLUMN_SHOWN, COLUMN_TAKEN, COLUMN_REQUIRED };
struct case_column {
    const char *name, *zh;
    enum case_column_kind kind;
    enum case_column_use use;
    const char *path; /* members by dots; a number is the place in a list */
    const char *help;
};

enum {
#define C(name, zh, kind, use, path, help) +1
    CASE_COLUMNS = CASE_COLUMN_TABLE(C)
#undef C
};
extern const struct case_column case_columns[CASE_COLUMNS];
/* By name or Chinese title; -1. */
int case_column_find(const char *text);
/* The column of a JSON pointer ("/applicant/name", "/materials/3/form"); -1. */
int case_column_at(const char *pointer);

/* Appends what stands in the column for this case, unescaped; nothing when there is nothing. */
int case_cell(const struct case_column *column, const json_t *doc, struct buf *out) TB_MUST_USE;
/* Puts a cell (NUL-terminated, none inside) into the document; an empty one says nothing.  TB_EMALFORMED with the pointer of the member
 * in `p`.  The columns of one row are put in the order of the table. */
int case_cell_put(const struct case_column *column, const char *text, size_t len, json_t *doc, struct problem *p) TB_MUST_USE;

/* What an export says of a case: the members that the columns name and, in those of the application, what an application may say.  New
 * reference, NULL without memory. */
json_t *case_export(const json_t *doc);
/* What an import takes from a document of that form: the body of an intake and the numbers of line systems ([] when there are none), both
 * checked.  New references.  TB_EMALFORMED with the pointer of the member. */
int case_import(const json_t *doc, json_t **body, json_t **numbers, struct problem *p) TB_MUST_USE;

#endif
