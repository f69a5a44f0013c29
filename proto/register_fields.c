/* The members of the data of each act of the registers, and the rules between them. */
#include "proto/field_rows.h"
#include "proto/register_tables.h"

#include <stdio.h>
#include <string.h>

#include "proto/timestamp.h"

/* ---- shared ---- */

const struct case_field register_reason[] = {F("reason", TEXT, REQUIRED, "the reason", "原因"), END};
const struct case_field register_remark[] = {F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

/* ---- 授权 (domain: 授权委托书) ---- */

const struct case_field register_authorisation_offer[] = {
    F("items", TEXT, REQUIRED, "item codes separated by commas, class:NAME of a category, or * for all", "事项范围"),
    F("steps", TEXT, REQUIRED, "letters: I intake, N one-time notice, O original verification, P person comparison, D delivery",
      "授权环节"),
    F("acceptance", BOOL, OPTIONAL, "true: intake includes acceptance (受理), not only taking in", "收件含受理"),
    F("from", DATE, REQUIRED, "first day", "起始日期"),
    F("until", DATE, REQUIRED, "last day", "截止日期"),
    F("announcement", TEXT, REQUIRED, "number of the public announcement", "公告文号"),
    F("announced_on", DATE, OPTIONAL, "day of the announcement", "公告日期"),
    F_VALUES("in_name", ENUM, OPTIONAL, "principal|principal_by_delegate",
             "in whose name documents are issued: the principal's alone, or naming the delegate", "文书名义"),
    F_VALUES("open_cases", ENUM, OPTIONAL, "finish|stop",
             "what happens to open cases when it ends: the delegate finishes them, or stops", "未结办件处理"),
    F("limits", TEXT, OPTIONAL, "limits of the delegate's authority", "权限限制"),
    F("liability", TEXT, OPTIONAL, "liability", "责任"),
    F("supervision", TEXT, OPTIONAL, "how the principal supervises", "监督方式"),
    F("signatory", NAME, OPTIONAL, "who signs for the principal", "委托方签署人"),
    END};

const struct case_field register_authorisation_accept[] = {F("signatory", NAME, OPTIONAL, "who signs for the delegate", "受托方签署人"),
                                                           F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

const struct case_field register_revoke[] = {
    F("reason", TEXT, REQUIRED, "the reason", "原因"),
    F("announcement", TEXT, OPTIONAL, "number of the public announcement of the revocation", "公告文号"),
    F_VALUES("open_cases", ENUM, OPTIONAL, "finish|stop", "rule for open cases, where it differs from the authorisation's",
             "未结办件处理"),
    END};

enum { ANNOUNCEMENT_BYTES = 127 }; /* as in the configuration */

static int letters_of(const char *text, const char *allowed)
{
    for (const char *c = text; *c; c++)
        if (!strchr(allowed, *c) || strchr(c + 1, *c))
            return TB_EMALFORMED;
    return text[0] ? 0 : TB_EMALFORMED;
}

int register_check_authorisation(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p)
{
    (void)content;
    if (strcmp(act->name, "offer") != 0)
        return 0;
    const char *steps = json_string_value(json_object_get(data, "steps")), *from = json_string_value(json_object_get(data, "from"));
    const char *until = json_string_value(json_object_get(data, "until")), *items = json_string_value(json_object_get(data, "items"));
    if (letters_of(steps, "INOPD"))
        return problem_set(p, PROBLEM_FIELD, "/steps", "letters of I, N, O, P, D, each at most once");
    if (strcmp(until, from) < 0)
        return problem_set(p, PROBLEM_FIELD, "/until", "the authorisation ends before it begins");
    if (strlen(json_string_value(json_object_get(data, "announcement"))) > ANNOUNCEMENT_BYTES)
        return problem_set(p, PROBLEM_FIELD, "/announcement", "at most %d bytes: the number, not the text", ANNOUNCEMENT_BYTES);
    if (json_is_true(json_object_get(data, "acceptance")) && !strchr(steps, 'I'))
        return problem_set(p, PROBLEM_FIELD, "/acceptance", "acceptance is part of the step intake (I), which is not authorised");
    if (strspn(items, " ,") || strstr(items, ",,") || strchr(items, ' '))
        return problem_set(p, PROBLEM_FIELD, "/items", "item codes separated by commas without spaces, class:NAME, or *");
    return 0;
}

/* ---- 委托环节 ---- */

#define STEP_WORDS "intake|notice|original|person|delivery"

enum case_step register_step(const char *word)
{
    static const struct {
        const char *word;
        enum case_step step;
    } steps[] = {{"intake", STEP_INTAKE},
                 {"notice", STEP_NOTICE},
                 {"original", STEP_ORIGINAL},
                 {"person", STEP_PERSON},
                 {"delivery", STEP_DELIVERY}};
    for (size_t i = 0; word && i < sizeof steps / sizeof steps[0]; i++)
        if (!strcmp(steps[i].word, word))
            return steps[i].step;
    return STEP_NONE;
}

static const struct case_field wanted_fields[] = {F("name", TEXT, REQUIRED, "material that is meant", "材料名称"), END};

const struct case_field register_step_request[] = {
    F_VALUES("step", ENUM, REQUIRED, STEP_WORDS, "which step", "环节"),
    F("task", TEXT, OPTIONAL, "what exactly is to be done", "委托内容"),
    F_MEMBERS("materials", ARRAY, OPTIONAL, wanted_fields, "materials that are meant", "所涉材料"),
    F("due", DATE, OPTIONAL, "until when; the office fills in its step limit", "办理期限"),
    F("entry", TEXT, OPTIONAL, "entry that the request follows from; the office fills it in", "依据记录"),
    END};

const struct case_field register_step_acknowledge[] = {F("officer", NAME, OPTIONAL, "who does it", "经办人"),
                                                       F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

static const struct case_field original_fields[] = {
    F("material", TEXT, REQUIRED, "material whose original was seen", "材料名称"),
    F("sha256", SHA256, OPTIONAL, "scan that it was compared with", "比对的扫描件"),
    F("agrees", BOOL, REQUIRED, "original and scan agree", "是否一致"),
    F_VALUES("after", ENUM, REQUIRED, "kept|returned", "whether the original was kept or given back", "原件去向"),
    F("seen_by", NAME, REQUIRED, "officer who saw it", "核验人"),
    F("remark", TEXT, OPTIONAL, "what did not agree", "备注"),
    END};

/* The result is kept, not the picture (个人信息保护法 28): where an item demands one, it is a material of the case. */
static const struct case_field person_fields[] = {
    F_VALUES("result", ENUM, REQUIRED, "match|mismatch|manual", "result of comparing person and card", "比对结果"),
    F_VALUES("score", INT, OPTIONAL, "0|100", "score of the device, 0 to 100", "比对分值"),
    F("device", TEXT, OPTIONAL, "device that compared", "比对设备"),
    F("officer", NAME, REQUIRED, "officer who confirmed it", "经办人"),
    F("reason", TEXT, OPTIONAL, "why it was done by eye, or what did not agree", "人工比对或不一致原因"),
    END};

static const struct case_field handed_fields[] = {
    F("document", TEXT, REQUIRED, "document that was handed over", "文书名称"),
    F_VALUES("way", ENUM, REQUIRED, "direct|left_in_place|electronic|mail|public_notice", "how", "送达方式"),
    F("received_at", TIME, REQUIRED, "when it was received", "收到时间"),
    F("recipient", NAME, REQUIRED, "who received it", "受送达人"),
    F("server", NAME, REQUIRED, "officer who handed it over", "送达人"),
    F("refusal_reason", TEXT, OPTIONAL, "why the recipient refused it", "拒收事由"),
    F("witness", NAME, OPTIONAL, "witness, where it was left in place", "见证人"),
    END};

const struct case_field register_step_done[] = {
    F_MEMBERS("originals", ARRAY, OPTIONAL, original_fields, "originals that were seen", "原件核验"),
    F_MEMBERS("comparison", OBJECT, OPTIONAL, person_fields, "comparison of person and card", "人证比对"),
    F_MEMBERS("handed_over", OBJECT, OPTIONAL, handed_fields, "what was handed over", "告知或送达"),
    F("entry", TEXT, OPTIONAL, "entry that shows it; the office fills it in", "依据记录"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

static int check_handed(const json_t *handed, struct problem *p)
{
    const char *way = json_string_value(json_object_get(handed, "way"));
    if (way && !strcmp(way, "left_in_place") && (!json_object_get(handed, "refusal_reason") || !json_object_get(handed, "witness")))
        return problem_set(p, PROBLEM_FIELD, "/handed_over",
                           "leaving it in place needs the reason of the refusal and a witness (民事诉讼法 89)");
    return 0;
}

/* Each step has the evidence that proves it: which member, and the words for its absence. */
static int check_evidence(const char *step, const json_t *data, struct problem *p)
{
    static const struct {
        const char *step, *member, *words;
    } evidence[] = {
        {"original", "originals", "say of each original who saw it, whether it agrees, and whether it was kept"},
        {"person", "comparison", "give result, device and officer of the comparison"},
        {"notice", "handed_over", "say to whom, when and how the notice was handed over"},
        {"delivery", "handed_over", "say to whom, when and how the document was handed over"},
    };
    for (size_t i = 0; i < sizeof evidence / sizeof evidence[0]; i++) {
        char field[32];
        if (strcmp(evidence[i].step, step) != 0 || json_object_get(data, evidence[i].member) || json_object_get(data, "entry"))
            continue;
        (void)snprintf(field, sizeof field, "/%s", evidence[i].member);
        return problem_set(p, PROBLEM_FIELD, field, "it is missing: %s", evidence[i].words);
    }
    return 0;
}

int register_check_step(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p)
{
    if (strcmp(act->name, "done") != 0)
        return 0;
    const char *step = json_string_value(json_object_get(content, "step"));
    const json_t *comparison = json_object_get(data, "comparison");
    const char *result = json_string_value(json_object_get(comparison, "result"));
    int rc = check_evidence(step ? step : "", data, p);
    if (!rc && result && strcmp(result, "match") != 0 && !json_object_get(comparison, "reason"))
        rc = problem_set(p, PROBLEM_FIELD, "/comparison/reason", "it is missing: without a match by the device the officer says why");
    return rc ? rc : check_handed(json_object_get(data, "handed_over"), p);
}

/* ---- 材料移交 ---- */

static const struct case_field paper_fields[] = {F("name", TEXT, REQUIRED, "name of the paper as in the case", "材料名称"),
                                                 F_VALUES("originals", INT, REQUIRED, "0|1000", "number of originals", "原件份数"),
                                                 F_VALUES("copies", INT, OPTIONAL, "0|1000", "number of copies", "复印件份数"),
                                                 F_VALUES("pages", INT, OPTIONAL, "1|100000", "pages", "页数"), END};

const struct case_field register_transfer_keep[] = {
    F_MEMBERS("documents", ARRAY, REQUIRED, paper_fields, "what the applicant leaves", "留存清单"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

const struct case_field register_transfer_back[] = {
    F_MEMBERS("documents", ARRAY, REQUIRED, paper_fields, "what is handed back", "退还清单"),
    F("recipient", NAME, REQUIRED, "who received it", "领取人"),
    F("received_at", TIME, REQUIRED, "when it was received", "领取时间"),
    F("server", NAME, REQUIRED, "officer who handed it back", "经办人"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

const struct case_field register_transfer_pack[] = {
    F_MEMBERS("documents", ARRAY, REQUIRED, paper_fields, "list of the papers", "移交清单"),
    F("bag", TEXT, REQUIRED, "number of the sealed bag", "封袋号"), F("packed_by", NAME, REQUIRED, "who packed it", "封装人"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

const struct case_field register_transfer_send[] = {
    F("carrier", TEXT, REQUIRED, "postal carrier", "寄递企业"),
    F_VALUES("tracking_no", CODE, REQUIRED, "tracking", "tracking number", "运单号"),
    F("posted_on", DATE, OPTIONAL, "day of posting; the office fills in today", "寄出日期"),
    F("expected_on", DATE, OPTIONAL, "day it should arrive", "预计到达"),
    F_VALUES("insured_yuan", INT, OPTIONAL, "0|1000000", "insured value in yuan", "保价金额(元)"),
    END};

static const struct case_field difference_fields[] = {F("name", TEXT, REQUIRED, "paper that differs", "材料名称"),
                                                      F_VALUES("listed", INT, REQUIRED, "0|1000", "originals on the list", "清单份数"),
                                                      F_VALUES("found", INT, REQUIRED, "0|1000", "originals in the bag", "实有份数"),
                                                      F("remark", TEXT, OPTIONAL, "what is wrong with it", "说明"), END};

const struct case_field register_transfer_open[] = {
    F("opened_by", NAME, REQUIRED, "who opened it", "开封人"),
    F("second", NAME, REQUIRED, "second person present", "见证人"),
    F("seal_intact", BOOL, REQUIRED, "the seal was intact", "封签完好"),
    F_MEMBERS("differences", ARRAY, OPTIONAL, difference_fields, "what differs from the list", "差异"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

const struct case_field register_transfer_settle[] = {
    F("explanation", TEXT, REQUIRED, "what was found out and how it was made good", "处理情况"),
    F_VALUES("recovered", INT, OPTIONAL, "0|1000", "originals that turned up at the sender's office", "找回原件份数"),
    F_VALUES("compensation_yuan", INT, OPTIONAL, "0|1000000", "compensation paid, in yuan", "赔付金额(元)"), END};

const struct case_field register_transfer_loss[] = {F("reason", TEXT, REQUIRED, "what is known", "遗失情况"),
                                                    F("reported_to", TEXT, OPTIONAL, "where the loss was reported", "报告对象"), END};

static int check_opening(const json_t *content, const json_t *data, struct problem *p)
{
    const char *first = json_string_value(json_object_get(data, "opened_by")),
               *second = json_string_value(json_object_get(data, "second"));
    if (!strcmp(first, second))
        return problem_set(p, PROBLEM_FIELD, "/second", "two people open a bag; both names are the same");
    const json_t *papers = json_object_get(content, "documents"), *difference;
    size_t i;
    json_array_foreach(json_object_get(data, "differences"), i, difference)
    {
        const char *name = json_string_value(json_object_get(difference, "name"));
        json_int_t listed = 0;
        for (size_t k = 0; k < i; k++)
            if (!strcmp(name, json_string_value(json_object_get(json_array_get(json_object_get(data, "differences"), k), "name"))))
                return problem_set(p, PROBLEM_FIELD, "/differences/name", "entry %zu: %s stands twice; say it in one entry", i + 1, name);
        for (size_t k = 0; k < json_array_size(papers); k++) {
            const json_t *paper = json_array_get(papers, k);
            if (!strcmp(name, json_string_value(json_object_get(paper, "name"))))
                listed += json_integer_value(json_object_get(paper, "originals"));
        }
        if (listed != json_integer_value(json_object_get(difference, "listed")))
            return problem_set(p, PROBLEM_FIELD, "/differences/listed", "entry %zu: the list says %lld originals of it", i + 1,
                               (long long)listed);
    }
    return 0;
}

int register_check_transfer(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p)
{
    if (!strcmp(act->name, "open"))
        return check_opening(content, data, p);
    int64_t recovered = json_integer_value(json_object_get(data, "recovered")), extra;
    int64_t missing = strcmp(act->name, "settle") ? originals_listed(content) : originals_missed(content, &extra);
    return recovered <= missing
               ? 0
               : problem_set(p, PROBLEM_FIELD, "/recovered", "%lld originals are missing, more cannot turn up", (long long)missing);
}

/* ---- 问题处置 ---- */

const struct case_field register_problem_raise[] = {
    F_VALUES("class", ENUM, REQUIRED, "materials|standard|system|mail|originals|delay|service|authorisation|other", "kind of problem",
             "问题类别"),
    F("subject", TEXT, REQUIRED, "the problem in one line", "问题"), F("text", TEXT, OPTIONAL, "what happened", "情况说明"),
    F("due", DATE, OPTIONAL, "until when an answer is wanted", "答复期限"), END};
const struct case_field register_problem_take[] = {F("responsible", NAME, REQUIRED, "who handles it", "责任人"),
                                                   F("due", DATE, OPTIONAL, "until when", "办理期限"), END};
const struct case_field register_problem_measure[] = {F("measure", TEXT, REQUIRED, "what was done", "处置措施"),
                                                      F("done_by", NAME, OPTIONAL, "who did it", "经办人"), END};
const struct case_field register_problem_close[] = {F("result", TEXT, REQUIRED, "what came of it", "处置结果"), END};
const struct case_field register_problem_meeting[] = {F("meeting", DATE, REQUIRED, "day of the meeting", "例会日期"),
                                                      F("question", TEXT, OPTIONAL, "what the meeting has to decide", "议题"), END};

/* ---- 通讯录 ---- */

const struct case_field register_contact[] = {
    F("name", NAME, REQUIRED, "name", "姓名"),
    F_VALUES("function", ENUM, REQUIRED, "officer|liaison|window_head|coordinating_office",
             "officer of an item, liaison, head of the window, coordinating office", "职责"),
    F("department", TEXT, REQUIRED, "department", "部门"),
    F("items", TEXT, OPTIONAL, "item codes separated by commas, class:NAME, or *; left out: all", "负责事项"),
    F("phone", TEXT, REQUIRED, "telephone", "电话"),
    F("duty_hours", TEXT, OPTIONAL, "when the telephone is answered", "值班时间"),
    F("deputy", NAME, OPTIONAL, "who answers in absence", "代理人"),
    F("deputy_phone", TEXT, OPTIONAL, "telephone of the deputy", "代理人电话"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};
const struct case_field register_contact_away[] = {F("from", DATE, REQUIRED, "first day away", "离岗日期"),
                                                   F("until", DATE, REQUIRED, "last day away", "返岗前一日"),
                                                   F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

/* ---- 资料预审, 办件交流 ---- */

static const struct case_field shown_fields[] = {
    F("name", TEXT, REQUIRED, "name of the material", "材料名称"),
    F("sha256", SHA256, OPTIONAL, "scan or photo", "扫描件"),
    F("type", TEXT, OPTIONAL, "media type; the office fills it in", "文件类型"),
    F_VALUES("size", INT, OPTIONAL, "1|524288000", "bytes; the office fills it in", "文件大小"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

const struct case_field register_precheck_ask[] = {F("item", TEXT, REQUIRED, "code of the item at the deciding office", "事项编码"),
                                                   F("question", TEXT, REQUIRED, "what is to be looked at", "预审问题"),
                                                   F_MEMBERS("materials", ARRAY, OPTIONAL, shown_fields, "what is shown", "预审材料"),
                                                   END};
static const struct case_field point_fields[] = {F("material", TEXT, REQUIRED, "material", "材料名称"),
                                                 F("defect", TEXT, REQUIRED, "what is missing or wrong", "存在问题"),
                                                 F("cure", TEXT, OPTIONAL, "how to correct it", "补正方法"), END};
const struct case_field register_precheck_answer[] = {
    F_VALUES("opinion", ENUM, REQUIRED, "complete|incomplete|not_here|unclear", "what it looks like", "预审意见"),
    F("advice", TEXT, OPTIONAL, "advice", "建议"),
    F_MEMBERS("points", ARRAY, OPTIONAL, point_fields, "what is missing or wrong", "需完善内容"), END};
const struct case_field register_precheck_close[] = {F_VALUES("case", CODE, OPTIONAL, "case-no", "case that came of it", "办件编号"),
                                                     F("remark", TEXT, OPTIONAL, "remark", "备注"), END};
const struct case_field register_note[] = {F("text", TEXT, REQUIRED, "what you want to say", "内容"), END};

/* ---- 好差评 ---- */

const struct case_field register_rating[] = {
    F_VALUES("about", ENUM, REQUIRED, "intake_window|home_department", "which side is rated", "评价对象"),
    F_VALUES("level", INT, REQUIRED, "1|5", "5 very good, 4 good, 3 fair, 2 bad, 1 very bad", "评价等级"),
    F_VALUES("channel", ENUM, REQUIRED, "pc|mobile|qr|tablet|terminal|sms|default",
             "how it was given; default: nobody rated, it does not count", "评价渠道"),
    F("details", TEXT, OPTIONAL, "words of the scale that were ticked", "评价指标"),
    F("text", TEXT, OPTIONAL, "what the applicant says", "评价内容"),
    END};
const struct case_field register_rating_call[] = {F("called_by", NAME, REQUIRED, "who called", "回访人"),
                                                  F("finding", TEXT, REQUIRED, "what was found", "核实情况"), END};
const struct case_field register_rating_fix[] = {F("measure", TEXT, REQUIRED, "what was put right", "整改情况"),
                                                 F_VALUES("level", INT, OPTIONAL, "1|5", "rating afterwards", "整改后评价"), END};
