/* The members of the body of every entry about a case (docs/protocol.md; documents of domain.md 5.5). */
#include "proto/field_rows.h"

/* What makes a written document of an entry: given by the office that issues it, never typed (document.h). */
#define NUMBERED                                                                                                       \
    F("document_no", TEXT, OPTIONAL, "number of the document; the office gives it", "文号"),                           \
        F("seal", TEXT, OPTIONAL, "seal on the document; the office fills it in", "印章")

/* Until when it will be decided, told with every acceptance. */
#define LIMITS                                                                                                         \
    F("promised", DATE, OPTIONAL, "promised date; the office computes it", "承诺办结日期"),                           \
        F("statutory", DATE, OPTIONAL, "statutory date; the office computes it", "法定办结日期")

#define WAYS_TO_DELIVER "pickup|mail|electronic"
#define PLACES          "intake|home"

static const struct case_field item_fields[] = {
    F("office", TEXT, REQUIRED, "office that decides, six digits", "属地代码"),
    F("code", TEXT, REQUIRED, "code of the item in that office's catalogue", "事项编码"),
    F_VALUES("version", INT, OPTIONAL, "1|2000000000", "version of the item; the office fills in the one in force",
             "事项版本"),
    F("name", TEXT, OPTIONAL, "name of the item; the office fills it in", "事项名称"), END};

static const struct case_field certificate_fields[] = {
    F_VALUES("type", ENUM, REQUIRED, "citizen-id|uscc|passport|hmt-permit|other", "kind of certificate", "证件类型"),
    F("number", TEXT, REQUIRED, "number of the certificate", "证件号码"), END};

static const struct case_field applicant_fields[] = {
    F_VALUES("kind", ENUM, REQUIRED, "person|organisation", "a person or an organisation", "申请人类型"),
    F("name", NAME, REQUIRED, "name exactly as on the certificate", "申请人名称"),
    F_MEMBERS("certificate", OBJECT, REQUIRED, certificate_fields, "certificate", "证件"),
    F("legal_representative", NAME, OPTIONAL, "legal representative of the organisation", "法定代表人"),
    F("mobile", TEXT, OPTIONAL, "mobile number", "手机号码"),
    F("address", TEXT, OPTIONAL, "postal address", "通讯地址"),
    END};

static const struct case_field agent_fields[] = {
    F("name", NAME, REQUIRED, "name of the agent", "代理人姓名"),
    F_MEMBERS("certificate", OBJECT, REQUIRED, certificate_fields, "certificate of the agent", "代理人证件"),
    F("mobile", TEXT, OPTIONAL, "mobile number of the agent", "代理人手机"),
    F("power_of_attorney", SHA256, REQUIRED, "scan of the power of attorney", "代理授权委托书"), END};

static const struct case_field material_fields[] = {
    F("name", TEXT, REQUIRED, "name of the material as in the item", "材料名称"),
    F_VALUES("form", ENUM, REQUIRED, "original|copy|electronic|form", "form in which it was handed in", "材料形式"),
    F("original_seen", BOOL, OPTIONAL, "the original was seen and agrees", "已核验原件"),
    F("sha256", SHA256, OPTIONAL, "the scan", "扫描件"),
    F("type", TEXT, OPTIONAL, "media type; the office fills it in", "文件类型"),
    F_VALUES("size", INT, OPTIONAL, "1|524288000", "bytes; the office fills it in", "文件大小"),
    F_VALUES("pages", INT, OPTIONAL, "1|100000", "number of pages", "页数"),
    F("remark", TEXT, OPTIONAL, "remark about this material", "材料备注"),
    F_VALUES("licence_id", CODE, OPTIONAL, "licence-id", "identifier of the e-licence, GB/T 36904", "电子证照标识"),
    END};

static const struct case_field comparison_fields[] = {
    F_VALUES("result", ENUM, REQUIRED, "match|mismatch|manual", "result of comparing person and card", "比对结果"),
    F_VALUES("score", INT, OPTIONAL, "0|100", "score of the device, 0 to 100", "比对分值"),
    F("device", TEXT, OPTIONAL, "device that compared", "比对设备"),
    F("reason", TEXT, OPTIONAL, "why it was done by eye, or what did not agree", "人工比对或不一致原因"), END};

static const struct case_field wish_fields[] = {
    F_VALUES("way", ENUM, REQUIRED, WAYS_TO_DELIVER, "how the applicant wants the result", "送达方式"),
    F_VALUES("place", ENUM, OPTIONAL, PLACES, "hall where the result is fetched", "领取地点"),
    F("address", TEXT, OPTIONAL, "address for the mail", "邮寄地址"),
    F("recipient", NAME, OPTIONAL, "who receives it", "收件人"),
    F("mobile", TEXT, OPTIONAL, "mobile number of the recipient", "收件人手机"),
    END};

/* Which leg of which joint case this is (多地联办); filled in by the office that opened it. */
static const struct case_field joint_limit_fields[] = {
    F_VALUES("days", INT, REQUIRED, "1|1000", "days", "天数"),
    F_VALUES("unit", ENUM, REQUIRED, "working_day|calendar_day", "unit of the days", "单位"), END};

static const struct case_field joint_fields[] = {
    F_VALUES("id", CODE, REQUIRED, "case-no", "number of the joint case", "联办编号"),
    F("title", TEXT, REQUIRED, "what the joint case is", "联办事项"),
    F("leg", TEXT, REQUIRED, "name of this leg", "环节"),
    F_VALUES("n", INT, REQUIRED, "1|16", "number of this leg", "环节序号"),
    F_VALUES("of", INT, REQUIRED, "1|16", "number of all legs", "环节总数"),
    F_MEMBERS("limit", OBJECT, OPTIONAL, joint_limit_fields, "time that the joint case allows for this leg", "环节时限"),
    END};

/* A whole application: case.intaken and case.submitted are the same but for the moment. */
static const struct case_field application_fields[] = {
    F_MEMBERS("item", OBJECT, REQUIRED, item_fields, "service item", "事项"),
    F_MEMBERS("applicant", OBJECT, REQUIRED, applicant_fields, "applicant", "申请人"),
    F_MEMBERS("agent", OBJECT, OPTIONAL, agent_fields, "agent", "代理人"),
    F_MEMBERS("materials", ARRAY, OPTIONAL, material_fields, "materials", "申请材料"),
    F_MEMBERS("comparison", OBJECT, OPTIONAL, comparison_fields, "comparison of person and card", "人证比对"),
    F_MEMBERS("delivery", OBJECT, OPTIONAL, wish_fields, "delivery that the applicant wants", "结果送达方式"),
    F("form", OBJECT, OPTIONAL, "members of the item's own form", "申请表内容"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    F("handed_in_at", TIME, OPTIONAL, "when it was handed in; the office fills in now", "收件时间"),
    F("late", BOOL, OPTIONAL, "entered later than it was handed in, after an outage", "事后补录"),
    F_MEMBERS("joint", OBJECT, OPTIONAL, joint_fields, "joint case that this is a leg of; the office fills it in", "多地联办"),
    END};

static const struct case_field materials_fields[] = {
    F_MEMBERS("materials", ARRAY, REQUIRED, material_fields, "materials", "申请材料"), END};

static const struct case_field compared_fields[] = {
    F_MEMBERS("comparison", OBJECT, REQUIRED, comparison_fields, "comparison of person and card", "人证比对"), END};

static const struct case_field abandoned_fields[] = {F("reason", TEXT, REQUIRED, "why it is not forwarded", "作废原因"),
                                                     END};

static const struct case_field viewed_fields[] = {
    F("reason", TEXT, OPTIONAL, "why the whole data were looked at", "查看原因"),
    F_VALUES("what", ENUM, OPTIONAL, "case|proof|material", "what was seen, the case when nothing is said", "查看内容"),
    F("sha256", SHA256, OPTIONAL, "the material that was read", "材料文件"), END};

static const struct case_field received_fields[] = {
    F_VALUES("missing", INT, OPTIONAL, "0|0", "materials still missing, always 0", "缺少材料数"),
    F("received_at", TIME, REQUIRED, "when message and all materials were there", "接收时间"), END};

static const struct case_field accepted_fields[] = {
    NUMBERED,
    LIMITS,
    F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

static const struct case_field defect_fields[] = {
    F("material", TEXT, REQUIRED, "material that is missing or wrong", "材料名称"),
    F("defect", TEXT, REQUIRED, "what is missing or wrong", "存在问题"),
    F("standard", TEXT, OPTIONAL, "what would be right; the office fills in that of the item", "正确标准"),
    F("cure", TEXT, REQUIRED, "how to correct it", "补正方法"), END};

static const struct case_field notice_fields[] = {
    F_MEMBERS("defects", ARRAY, REQUIRED, defect_fields, "everything that is missing or wrong", "需补正内容"),
    F("deadline", DATE, REQUIRED, "last day for the supplement", "补正期限"),
    F("consequence", TEXT, OPTIONAL, "what happens when nothing comes; the office fills it in from the item", "逾期后果"),
    F("hand_in_at", TEXT, OPTIONAL, "where and how the supplement is handed in", "补正地点和方式"),
    F("handed_over_by", NAME, OPTIONAL, "who handed the notice over", "告知人"), NUMBERED, END};

static const struct case_field supplemented_fields[] = {
    F_MEMBERS("materials", ARRAY, REQUIRED, material_fields, "materials handed in later", "补正材料"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

static const struct case_field refused_fields[] = {
    F_VALUES("reason_class", ENUM, REQUIRED, "NOT_REQUIRED|NOT_COMPETENT|INCOMPLETE|NOT_SUPPLEMENTED|OTHER",
             "class of the reason (行政许可法 32)", "不予受理情形"),
    F("reason", TEXT, REQUIRED, "reason in words for the applicant", "理由"),
    F("legal_basis", TEXT, OPTIONAL, "article it rests on; the office fills in that of the class", "法律依据"),
    F("referral", TEXT, OPTIONAL, "agency that is competent", "应当申请的行政机关"),
    F("remedies", TEXT, OPTIONAL, "remedies; the office fills in 60 days and 6 months", "救济途径"),
    NUMBERED,
    F("returned", TEXT, OPTIONAL, "materials that are given back", "退还材料"),
    END};

static const struct case_field corrected_fields[] = {
    F("what", TEXT, REQUIRED, "what was wrong and is now right", "更正内容"),
    F_MEMBERS("applicant", OBJECT, OPTIONAL, applicant_fields, "applicant, corrected", "申请人"),
    F_MEMBERS("agent", OBJECT, OPTIONAL, agent_fields, "agent, corrected", "代理人"),
    F_MEMBERS("delivery", OBJECT, OPTIONAL, wish_fields, "delivery that the applicant wants, corrected",
              "结果送达方式"),
    F("form", OBJECT, OPTIONAL, "members of the item's own form, corrected", "申请表内容"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

/* Written by the system: which rule, counted from which receipt, over which last day. */
static const struct case_field deemed_fields[] = {
    F_VALUES("rule", ENUM, REQUIRED, "PERMIT_5WD|ONSPOT_DEEMED|ONSPOT_ZJ", "notice rule of the item", "告知规则"),
    F("accepted_at", TIME, REQUIRED, "receipt of the materials: accepted from then on", "视为受理时间"),
    F("until", DATE, REQUIRED, "last day on which the notice could be given", "告知期限"),
    F_VALUES("receipt", ENUM, REQUIRED, PLACES, "side whose receipt counts", "收到材料的一方"),
    F("law", TEXT, REQUIRED, "article it rests on", "法律依据"),
    LIMITS,
    NUMBERED,
    END};

static const struct case_field gap_fields[] = {
    F("material", TEXT, REQUIRED, "material that is still missing", "容缺材料"),
    F("standard", TEXT, OPTIONAL, "what would be right; the office fills in that of the item", "正确标准"), END};

static const struct case_field tolerated_fields[] = {
    F_MEMBERS("gaps", ARRAY, REQUIRED, gap_fields, "materials that may be handed in later", "容缺材料"),
    F("deadline", DATE, REQUIRED, "last day for the missing materials", "补齐期限"),
    F("consequence", TEXT, OPTIONAL, "what happens when they do not come; the office fills it in", "逾期后果"),
    LIMITS,
    NUMBERED,
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

static const struct case_field cured_fields[] = {F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

static const struct case_field revoked_fields[] = {
    F("reason", TEXT, REQUIRED, "reason in words for the applicant", "理由"),
    F("legal_basis", TEXT, REQUIRED, "article it rests on", "法律依据"),
    F("remedies", TEXT, OPTIONAL, "remedies; the office fills in 60 days and 6 months", "救济途径"),
    F("returned", TEXT, OPTIONAL, "materials that are given back", "退还材料"),
    NUMBERED,
    END};

/* Written by the system. */
static const struct case_field lapsed_fields[] = {
    F_VALUES("rule", ENUM, REQUIRED, "WITHDRAWN", "rule of the item for an overdue supplement", "逾期未补正规则"),
    F("deadline", DATE, REQUIRED, "last day that the notice gave", "补正期限"),
    F("law", TEXT, REQUIRED, "article it rests on", "法律依据"),
    END};

static const struct case_field officer_fields[] = {F("name", NAME, REQUIRED, "name of the officer", "审查人员"), END};

static const struct case_field review_fields[] = {
    F_VALUES("kind", ENUM, REQUIRED, "form_check|substantive_review", "form, or also substance", "审查类型"),
    F_MEMBERS("officers", ARRAY, REQUIRED, officer_fields, "officers who review; two or more for the substance",
              "审查人员"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

#define UNITS "working_day|calendar_day"

static const struct case_field special_fields[] = {
    F_VALUES("kind", ENUM, REQUIRED, "hearing|tender|auction|inspection|test|quarantine|appraisal|expert_review",
             "kind of procedure (行政许可法 45)", "特别程序种类"),
    F("basis", TEXT, REQUIRED, "article or fact it rests on", "启动理由或依据"),
    F_VALUES("days", INT, REQUIRED, "1|1000", "announced length", "所需时间"),
    F_VALUES("unit", ENUM, REQUIRED, UNITS, "unit of the length", "时限单位"),
    F("until", DATE, OPTIONAL, "announced end; the office computes it", "预计结束日期"),
    NUMBERED,
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    END};

static const struct case_field resumed_fields[] = {
    F("result", TEXT, REQUIRED, "what the procedure found", "特别程序结果"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

static const struct case_field extended_fields[] = {
    F("reason", TEXT, REQUIRED, "reason that the applicant is told", "延期理由"),
    F("approver", NAME, REQUIRED, "head who approved it", "批准人"),
    F_VALUES("days", INT, REQUIRED, "1|1000", "days more, at most those of the item", "延长时间"),
    F_VALUES("unit", ENUM, OPTIONAL, UNITS, "unit; the office fills in that of the item", "时限单位"),
    F("due", DATE, OPTIONAL, "new last day; the office computes it", "新的办结期限"),
    NUMBERED,
    END};

static const struct case_field returned_fields[] = {
    F_VALUES("reason_class", ENUM, REQUIRED, "DUPLICATE|WRONG_ITEM|APPLICANT_REQUEST", "class of the reason",
             "退件情形"),
    F("reason", TEXT, REQUIRED, "reason in words for the applicant", "理由"),
    F("legal_basis", TEXT, OPTIONAL, "article it rests on; the office fills in that of the class", "法律依据"),
    F("agreed", BOOL, REQUIRED, "the applicant agrees; otherwise refuse in writing", "申请人同意"),
    F("returned", TEXT, OPTIONAL, "materials that are given back", "退还材料"),
    END};

static const struct case_field aborted_fields[] = {
    F_VALUES("reason_class", ENUM, REQUIRED, "DEATH|DISSOLVED|FORCE_MAJEURE|LAW_CHANGED|OTHER", "class of the reason",
             "终止情形"),
    F("reason", TEXT, REQUIRED, "reason in words", "理由"),
    F("legal_basis", TEXT, OPTIONAL, "article it rests on; the office fills in that of the class", "法律依据"),
    F("approver", NAME, REQUIRED, "head who approved it", "批准人"),
    F("returned", TEXT, OPTIONAL, "materials that are given back", "退还材料"),
    END};

/* Written by the system when a new calendar moves a date. */
static const struct case_field recalculated_fields[] = {
    F("what", TEXT, REQUIRED, "clock whose date moved", "时限"),
    F("was", DATE, OPTIONAL, "date before", "原到期日"),
    F("now", DATE, OPTIONAL, "date now", "新到期日"),
    F("provisional", BOOL, REQUIRED, "the date lies beyond the published calendar", "暂定"),
    F("calendar", TEXT, REQUIRED, "SHA-256 of the new calendar", "日历摘要"),
    END};

static const struct case_field result_fields[] = {
    F("name", TEXT, REQUIRED, "name of the result document", "结果名称"),
    F("number", TEXT, OPTIONAL, "number of the document or licence", "证照编号"),
    F("valid_from", DATE, OPTIONAL, "first day of its validity", "有效期自"),
    F("valid_until", DATE, OPTIONAL, "last day of its validity", "有效期至"),
    F("sha256", SHA256, OPTIONAL, "the document as a file", "结果文件"),
    F("type", TEXT, OPTIONAL, "media type; the office fills it in", "文件类型"),
    F_VALUES("size", INT, OPTIONAL, "1|524288000", "bytes; the office fills it in", "文件大小"),
    END};

static const struct case_field decided_fields[] = {
    F_VALUES("outcome", ENUM, OPTIONAL, "grant|deny", "outcome; the action says it", "决定"),
    F("reason", TEXT, OPTIONAL, "reason; a denial needs one", "理由"),
    F("legal_basis", TEXT, OPTIONAL, "article it rests on", "法律依据"),
    F("remedies", TEXT, OPTIONAL, "remedies of a denial; the office fills in 60 days and 6 months", "救济途径"),
    F_MEMBERS("result", OBJECT, OPTIONAL, result_fields, "result document", "结果文书"),
    NUMBERED,
    END};

static const struct case_field document_fields[] = {
    F("name", TEXT, REQUIRED, "name of the document", "文书名称"),
    F("number", TEXT, OPTIONAL, "number of the document", "文号"),
    F_VALUES("copies", INT, OPTIONAL, "1|1000", "number of copies", "份数"), END};

static const struct case_field delivery_fields[] = {
    F_VALUES("way", ENUM, REQUIRED, WAYS_TO_DELIVER, "how it is to be delivered", "送达方式"),
    F_VALUES("place", ENUM, REQUIRED, PLACES, "side that delivers", "送达方"),
    F("recipient", NAME, OPTIONAL, "who receives it", "受送达人"),
    F("address", TEXT, OPTIONAL, "address for the mail", "邮寄地址"),
    F("mobile", TEXT, OPTIONAL, "mobile number of the recipient", "收件人手机"),
    F_MEMBERS("documents", ARRAY, REQUIRED, document_fields, "documents to deliver", "送达文书"),
    END};

static const struct case_field substitute_fields[] = {
    F("name", NAME, REQUIRED, "who received it instead", "代收人"),
    F("relation", TEXT, REQUIRED, "relation to the recipient", "代收人与受送达人关系"),
    F("reason", TEXT, OPTIONAL, "why it was received instead", "代收理由"), END};

static const struct case_field witness_fields[] = {F("name", NAME, REQUIRED, "name of the witness", "见证人"), END};

static const struct case_field delivered_fields[] = {
    F_VALUES("way", ENUM, REQUIRED, "direct|left_in_place|electronic|mail|public_notice", "how it was delivered",
             "送达方式"),
    F_MEMBERS("documents", ARRAY, REQUIRED, document_fields, "documents delivered", "送达文书"),
    F("place", TEXT, REQUIRED, "where it was delivered, or the system", "送达地点"),
    F("received_at", TIME, REQUIRED, "when it was received", "收到时间"),
    F("recipient", NAME, REQUIRED, "who received it", "受送达人"),
    F_MEMBERS("substitute", OBJECT, OPTIONAL, substitute_fields, "substitute recipient", "代收人"),
    F("refusal_reason", TEXT, OPTIONAL, "why the recipient refused it", "拒收事由"),
    F_MEMBERS("witnesses", ARRAY, OPTIONAL, witness_fields, "witnesses", "见证人"),
    F("server", NAME, REQUIRED, "officer who delivered it", "送达人"),
    F("carrier", TEXT, OPTIONAL, "postal carrier", "寄递企业"),
    F_VALUES("tracking_no", CODE, OPTIONAL, "tracking", "tracking number", "运单号"),
    F("remark", TEXT, OPTIONAL, "remark", "备注"),
    NUMBERED,
    END};

static const struct case_field withdrawn_fields[] = {
    F("reason", TEXT, REQUIRED, "reason that the applicant gives", "撤回原因"), END};

static const struct case_field completed_fields[] = {F("remark", TEXT, OPTIONAL, "remark", "备注"), END};

/* The office's own record of paper: each print, and what was declared void. */
static const struct case_field printed_fields[] = {
    F("kind", TEXT, REQUIRED, "which document", "文书种类"),
    F("number", TEXT, OPTIONAL, "number of the document", "文号"),
    F("replaces", TEXT, OPTIONAL, "number of the void document that it stands for", "代替文号"),
    F_VALUES("print", INT, REQUIRED, "1|1000000", "which print it is; from the second on it is marked", "第几次打印"),
    END};

static const struct case_field voided_fields[] = {
    F("kind", TEXT, REQUIRED, "which document", "文书种类"),
    F("number", TEXT, REQUIRED, "number of the document; it stays used", "文号"),
    F("reason", TEXT, REQUIRED, "why it is void", "作废原因"),
    END};

static const struct case_field *const fields_of[ENTRY_TYPES] = {
    [ENTRY_CASE_INTAKEN] = application_fields, [ENTRY_CASE_MATERIAL] = materials_fields,
    [ENTRY_CASE_COMPARED] = compared_fields,   [ENTRY_CASE_ABANDONED] = abandoned_fields,
    [ENTRY_CASE_VIEWED] = viewed_fields,       [ENTRY_CASE_SUBMITTED] = application_fields,
    [ENTRY_CASE_RECEIVED] = received_fields,   [ENTRY_CASE_ACCEPTED] = accepted_fields,
    [ENTRY_CASE_NOTICE] = notice_fields,       [ENTRY_CASE_SUPPLEMENTED] = supplemented_fields,
    [ENTRY_CASE_REFUSED] = refused_fields,     [ENTRY_CASE_DECIDED] = decided_fields,
    [ENTRY_CASE_DELIVERY] = delivery_fields,   [ENTRY_CASE_DELIVERED] = delivered_fields,
    [ENTRY_CASE_WITHDRAWN] = withdrawn_fields, [ENTRY_CASE_COMPLETED] = completed_fields,
    [ENTRY_DOCUMENT_PRINTED] = printed_fields, [ENTRY_DOCUMENT_VOIDED] = voided_fields,
    [ENTRY_CASE_CORRECTED] = corrected_fields, [ENTRY_CASE_DEEMED] = deemed_fields,
    [ENTRY_CASE_TOLERATED] = tolerated_fields, [ENTRY_CASE_CURED] = cured_fields,
    [ENTRY_CASE_REVOKED] = revoked_fields,     [ENTRY_CASE_LAPSED] = lapsed_fields,
    [ENTRY_CASE_REVIEW] = review_fields,       [ENTRY_CASE_SPECIAL] = special_fields,
    [ENTRY_CASE_RESUMED] = resumed_fields,     [ENTRY_CASE_EXTENDED] = extended_fields,
    [ENTRY_CASE_RETURNED] = returned_fields,   [ENTRY_CASE_ABORTED] = aborted_fields,
    [ENTRY_CASE_RECALCULATED] = recalculated_fields,
};

const struct case_field *case_fields(enum entry_type type)
{
    return (unsigned)type < ENTRY_TYPES ? fields_of[type] : NULL;
}
