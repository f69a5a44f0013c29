/* The rows of the written documents: minimum fields of domain.md 5.5.  A row is law: change one together with its article and
 * docs/reference/documents.md. */
#include "proto/document.h"

#define WINDOW   ((unsigned)CASE_ROLE_WINDOW)
#define HANDLER  ((unsigned)CASE_ROLE_HANDLER)
#define ANYBODY  (WINDOW | HANDLER)
#define NOBODY   0u
#define OPTIONAL ""

#define F(label, path)                 {PART_FIELD, label, path, NULL, NULL, NULL, NULL}
#define F_OR(label, path, text)        {PART_FIELD, label, path, text, NULL, NULL, NULL}
#define F_IF(label, path, only)        {PART_FIELD, label, path, NULL, NULL, NULL, only}
#define D(label, path)                 {PART_DATE, label, path, NULL, NULL, NULL, NULL}
#define D_OR(label, path, text)        {PART_DATE, label, path, text, NULL, NULL, NULL}
#define M(label, path)                 {PART_MOMENT, label, path, NULL, NULL, NULL, NULL}
#define W(label, path, words)          {PART_WORD, label, path, NULL, words, NULL, NULL}
#define W_OR(label, path, text, words) {PART_WORD, label, path, text, words, NULL, NULL}
#define T(label, path, text, columns)  {PART_TABLE, label, path, text, NULL, columns, NULL}
#define B(label, path, columns)        {PART_BLOCKS, label, path, NULL, NULL, columns, NULL}
#define S(text)                        {PART_SENTENCE, text, NULL, NULL, NULL, NULL, NULL}
#define S_IF(text, only)               {PART_SENTENCE, text, NULL, NULL, NULL, NULL, only}
#define BLANK(label)                   {PART_BLANK, label, NULL, NULL, NULL, NULL, NULL}
#define BLANK_UNLESS(label, only)      {PART_BLANK, label, NULL, NULL, NULL, NULL, only}
#define SEAL(path)                     {PART_SEAL, "印章", path, NULL, NULL, NULL, NULL}

/* ---- words ---- */

static const struct document_word forms[] = {
    {"original", "原件"}, {"copy", "复印件"}, {"electronic", "电子件"}, {"form", "申请表"}, {NULL, NULL}};
static const struct document_word reason_classes[] = {
    {"NOT_REQUIRED", "依法不需要取得行政许可（行政许可法第三十二条第一款第一项）"},
    {"NOT_COMPETENT", "依法不属于本机关职权范围（行政许可法第三十二条第一款第二项）"},
    {"INCOMPLETE", "申请材料不齐全或者不符合法定形式"},
    {"NOT_SUPPLEMENTED", "逾期未补正或者补正后仍不符合要求"},
    {"OTHER", "其他依法不予受理的情形"},
    {NULL, NULL}};
static const struct document_word wishes[] = {
    {"pickup", "窗口领取"}, {"mail", "邮寄送达"}, {"electronic", "电子送达"}, {NULL, NULL}};
static const struct document_word ways[] = {{"direct", "直接送达"},     {"left_in_place", "留置送达"},
                                            {"electronic", "电子送达"}, {"mail", "邮寄送达"},
                                            {"public_notice", "公告送达"}, {NULL, NULL}};
/* Why silence was acceptance; a row for each notice rule that knows it (proto/case_law.h). */
static const struct document_word deemed[] = {
    {"PERMIT_5WD", "本机关未在收到申请材料之日起五个工作日内告知需要补正的内容，自收到申请材料之日起即为受理（行政许可法第三十二条第一款第四项）"},
    {"ONSPOT_DEEMED", "本机关未当场书面告知不予受理，自收到申请材料之日起视为受理（不动产登记暂行条例第十七条）"},
    {"ONSPOT_ZJ", "本机关未在规定期限内告知需要补正的内容，自收到申请材料之日起即为受理（行政许可法第三十二条第一款第四项）"},
    {NULL, NULL}};
static const struct document_word procedures[] = {
    {"hearing", "听证"}, {"tender", "招标"},     {"auction", "拍卖"},   {"inspection", "检验"},
    {"test", "检测"},    {"quarantine", "检疫"}, {"appraisal", "鉴定"}, {"expert_review", "专家评审"},
    {NULL, NULL}};
static const struct document_word outcomes[] = {{"grant", "准予"}, {"deny", "不予"}, {NULL, NULL}};

/* ---- lists ---- */

static const struct document_column materials_taken[] = {{"#", "序号", NULL, false},        {"name", "材料名称", NULL, true},
                                                         {"form", "形式", forms, true},     {"=1", "份数", NULL, false},
                                                         {"pages", "页数", NULL, false},    {"~", "处理", NULL, false},
                                                         {"remark", "备注", NULL, false},   {NULL, NULL, NULL, false}};
static const struct document_column materials_back[] = {{"#", "序号", NULL, false},
                                                        {"name", "材料名称", NULL, true},
                                                        {"form", "形式", forms, true},
                                                        {"=1", "份数", NULL, false},
                                                        {"pages", "页数", NULL, false},
                                                        {NULL, NULL, NULL, false}};
static const struct document_column defects[] = {{"material", "材料", NULL, true},
                                                 {"defect", "存在问题", NULL, true},
                                                 {"standard", "正确标准", NULL, true},
                                                 {"cure", "补正方法", NULL, true},
                                                 {NULL, NULL, NULL, false}};
static const struct document_column gaps[] = {{"#", "序号", NULL, false},
                                              {"material", "容缺材料", NULL, true},
                                              {"standard", "正确标准", NULL, false},
                                              {NULL, NULL, NULL, false}};
static const struct document_column handed_over[] = {{"#", "序号", NULL, false},
                                                     {"name", "文书名称", NULL, true},
                                                     {"number", "文号", NULL, false},
                                                     {"copies|=1", "份数", NULL, false},
                                                     {NULL, NULL, NULL, false}};
static const struct document_column witnesses[] = {{"#", "序号", NULL, false}, {"name", "见证人", NULL, true}, {NULL, NULL, NULL, false}};

/* ---- what many documents share ---- */

#define APPLICANT                                                                                                      \
    F("办件编号", "case/case"), F("申请人", "case/applicant/name"),                                                    \
        F("证件号码", "case/applicant/certificate/number"),                                                            \
        F_OR("法定代表人", "case/applicant/legal_representative", OPTIONAL),                                           \
        F_OR("联系电话", "case/applicant/mobile", OPTIONAL), F_OR("代理人", "case/agent/name", OPTIONAL),              \
        F("申请事项", "case/item/name"), F("事项编码", "case/item/code")
#define HOME_BODY F("承办机关", "home/name"), F("承办部门", "item/department"), F("承办人", "act/officer"), F("联系电话", "home/phone")
#define LIMITS                                                                                                         \
    D_OR("法定办结期限", "act/statutory", "法律、法规未作规定"), D_OR("承诺办结期限", "act/promised", "未作承诺，依法定期限办理")
/* 行政许可法 24: the delegate acts in the principal's name. */
#define ENTRUSTED S_IF("受{home/name}委托，本文书由{intake/name}代为打印并送交申请人。", "print/entrusted")
#define TWO_COPIES S("本文书一式两份，申请人和承办机关各执一份。")
#define SIGNED BLANK("申请人（代理人）签收"), BLANK("签收时间")
#define REMEDIES F("救济途径", "act/remedies")

static const struct document_part intake_receipt[] = {
    F("查询码", "query"),
    APPLICANT,
    T("收到的材料", "taken", "（无材料）", materials_taken),
    F("收件窗口", "intake/name"),
    F("收件人员", "act/officer"),
    M("收件时间", "case/handed_in_at"),
    F("办理机关", "home/name"),
    F("办理部门", "item/department"),
    F("办理机关电话", "home/phone"),
    D("受理结果告知期限", "notice_due"),
    S_IF("收件不等于受理。是否受理由{home/name}依法决定，并在上述期限前告知；本窗口受其委托代收申请材料。", "!local"),
    S_IF("申请材料和个人信息传送至{home/name}，仅用于办理本事项。凭办件编号和查询码，可以在任一方窗口查询办理进度。", "!local"),
    S_IF("收件不等于受理。是否受理由{home/name}依法决定，并在上述期限前告知。", "local"),
    S_IF("凭办件编号和查询码，可以在本窗口查询办理进度。", "local"),
    SEAL("intake/name"),
    SIGNED,
    S("本凭证一式两份，申请人和收件窗口各执一份。"),
};

static const struct document_part acceptance_notice[] = {
    APPLICANT,
    D("申请日期", "case/handed_in_at"),
    D("受理日期", "act/accepted_at|act/at"),
    W_OR("视为受理", "act/rule", OPTIONAL, deemed),
    LIMITS,
    F_OR("法律依据", "item/legal_basis", "行政许可法第三十二条"),
    S("依法需要听证、招标、拍卖、检验、检测、检疫、鉴定和专家评审的，所需时间不计算在上述期限内（行政许可法第四十五条），另行书面告知。"),
    W_OR("结果送达方式", "case/delivery/way", "窗口领取", wishes),
    HOME_BODY,
    F("投诉电话", "home/complaint"),
    F_OR("备注", "act/remark", OPTIONAL),
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part supplement_notice[] = {
    APPLICANT,
    M("收件时间", "case/handed_in_at"),
    M("告知时间", "act/at"),
    S("经审查，申请材料不齐全或者不符合法定形式，现依照行政许可法第三十二条第一款第四项，一次性告知需要补正的全部内容："),
    B("补正内容", "act/defects", defects),
    D("补正期限", "act/deadline"),
    F("逾期后果", "act/consequence"),
    F_OR("补正地点和方式", "act/hand_in_at", OPTIONAL),
    S_IF("补正材料可以交到{intake/name}或者{home/name}的窗口，也可以网上提交，或者寄送到下列地址。", "!local"),
    S_IF("补正材料可以交到{home/name}的窗口，也可以网上提交，或者寄送到下列地址。", "local"),
    F("寄送地址", "home/address"),
    F_OR("告知人", "act/handed_over_by", OPTIONAL),
    HOME_BODY,
    S("一件申请只告知一次。"),
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part refusal_notice[] = {
    APPLICANT,
    M("收件时间", "case/handed_in_at"),
    W("不予受理情形", "act/reason_class", reason_classes),
    F("理由", "act/reason"),
    F("法律依据", "act/legal_basis"),
    F_IF("应当申请的机关", "act/referral", "act/reason_class=NOT_COMPETENT"),
    REMEDIES,
    T("退还的材料", "case/materials", "（无材料）", materials_back),
    HOME_BODY,
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part tolerant_acceptance[] = {
    APPLICANT,
    D("受理日期", "act/at"),
    S("申请的主要材料齐全且符合法定形式，次要材料欠缺，先予受理："),
    T("容缺材料", "act/gaps", NULL, gaps),
    D("补齐期限", "act/deadline"),
    LIMITS,
    S("逾期未补齐的，撤销受理，书面说明理由（浙江省保障“最多跑一次”改革规定第十一条）。"),
    HOME_BODY,
    F("投诉电话", "home/complaint"),
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part special_procedure[] = {
    APPLICANT,
    W("特别程序", "act/kind", procedures),
    F("依据和理由", "act/basis"),
    D("开始日期", "act/at"),
    F("所需时间", "act/length"),
    D("预计结束日期", "act/until"),
    F_OR("备注", "act/remark", OPTIONAL),
    S("特别程序所需时间不计算在办理期限内；程序结束后期限继续计算。"),
    HOME_BODY,
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part extension_notice[] = {
    APPLICANT,
    F("延期理由", "act/reason"),
    F("批准人", "act/approver"),
    F("延长时间", "act/length"),
    D("延长后的办结期限", "act/due"),
    S("依照行政许可法第四十二条第一款，经本行政机关负责人批准，延长办理期限。"),
    HOME_BODY,
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part decision_grant[] = {
    APPLICANT,
    W("决定", "act/outcome", outcomes),
    D("决定日期", "act/at"),
    F("法律依据", "act/legal_basis|item/legal_basis"),
    F_OR("理由", "act/reason", OPTIONAL),
    F("结果文书", "act/result/name|item/result"),
    F_OR("证照编号", "act/result/number", "以结果文书所载为准"),
    D_OR("有效期自", "act/result/valid_from", OPTIONAL),
    D_OR("有效期至", "act/result/valid_until", "以结果文书所载为准"),
    HOME_BODY,
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part decision_deny[] = {
    APPLICANT,
    W("决定", "act/outcome", outcomes),
    D("决定日期", "act/at"),
    F("理由", "act/reason"),
    F("法律依据", "act/legal_basis|item/legal_basis"),
    REMEDIES,
    HOME_BODY,
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part revocation[] = {
    APPLICANT,
    D("撤销日期", "act/at"),
    F("撤销受理的理由", "act/reason"),
    F("法律依据", "act/legal_basis"),
    REMEDIES,
    T("退还的材料", "case/materials", "（无材料）", materials_back),
    HOME_BODY,
    ENTRUSTED,
    SEAL("home/name"),
    SIGNED,
    TWO_COPIES,
};

static const struct document_part delivery_receipt[] = {
    F("办件编号", "case/case"),
    F("送达机关", "home/name"),
    S_IF("受{home/name}委托，由{intake/name}代为送达。", "actor/side=intake"),
    F("受送达人", "act/recipient"),
    T("送达文书", "act/documents", NULL, handed_over),
    F("送达地点", "act/place"),
    W("送达方式", "act/way", ways),
    M("收到时间", "act/received_at"),
    F_OR("代收人", "act/substitute/name", OPTIONAL),
    F_IF("与受送达人的关系", "act/substitute/relation", "act/substitute"),
    F_OR("代收理由", "act/substitute/reason", OPTIONAL),
    F_IF("拒收事由", "act/refusal_reason", "act/way=left_in_place"),
    {PART_TABLE, "见证人", "act/witnesses", NULL, NULL, witnesses, "act/way=left_in_place"},
    F_IF("寄递企业", "act/carrier", "act/way=mail"),
    F_IF("运单号", "act/tracking_no", "act/way=mail"),
    S_IF("受送达人同意电子送达；收到时间以到达其特定系统的日期为准。", "act/way=electronic"),
    F("送达人", "act/server"),
    F_OR("备注", "act/remark", OPTIONAL),
    SEAL("actor/name"),
    BLANK("受送达人（代收人）签名或盖章"),
    BLANK("签收时间（年月日时分）"),
};

static const struct document_part transfer_list[] = {
    F("办件编号", "case/case"),
    F("申请人", "case/applicant/name"),
    F("申请事项", "case/item/name"),
    T("移交材料", "taken", NULL, materials_taken),
    F("原件合计", "totals/originals"),
    F("复印件合计", "totals/copies"),
    F("移交窗口", "intake/name"),
    F("收件人员", "act/officer"),
    M("移交时间", "issued_at"),
    F("接收机关", "home/name"),
    F("接收地址", "home/address"),
    F("接收机关电话", "home/phone"),
    BLANK("封袋编号"),
    BLANK("寄递企业和运单号"),
    BLANK("移交人签名"),
    SEAL("intake/name"),
    S("接收机关由两人当面拆封，逐件核对后填写："),
    BLANK("核对结果"),
    BLANK("差异说明"),
    BLANK("接收人（二人）签名"),
    BLANK("接收时间"),
};

static const struct document_part authorisation_letter[] = {
    F("公告文号", "authorisation/announcement"),
    D_OR("公告日期", "authorisation/announced_on", OPTIONAL),
    F_OR("登记编号", "authorisation/no", OPTIONAL),
    F_OR("状态", "authorisation/state", OPTIONAL),
    F("委托机关", "home/name"),
    F("受委托机关", "intake/name"),
    F("委托事项", "authorisation/items"),
    F("委托环节", "authorisation/steps"),
    F("受理权限", "authorisation/acceptance"),
    F_OR("权限限制", "authorisation/limits", OPTIONAL),
    D("委托期限自", "authorisation/from"),
    D("委托期限至", "authorisation/until"),
    F("文书名义", "authorisation/name"),
    F("未结办件", "authorisation/open_cases"),
    F_OR("责任", "authorisation/liability", OPTIONAL),
    F_OR("监督方式", "authorisation/supervision", OPTIONAL),
    S("受委托机关在上列事项和环节内，以委托机关的名义办理；委托机关对其行为负责监督，并承担法律后果（行政许可法第二十四条）。"),
    S("受委托机关不得再委托其他组织或者个人办理，不得作出受理以外的实质审查决定。"),
    S("提前终止或者变更的，由委托机关公告。"),
    F_OR("委托机关签署人", "authorisation/signatory", OPTIONAL),
    F_OR("受委托机关签署人", "authorisation/accepted_by", OPTIONAL),
    BLANK("委托机关统一社会信用代码"),
    BLANK("委托机关（盖章）、法定代表人签名"),
    BLANK("受委托机关统一社会信用代码"),
    BLANK("受委托机关（盖章）、法定代表人签名"),
    BLANK("签订日期"),
};

static const struct document_part power_of_attorney[] = {
    F_IF("委托人（申请人）", "case/applicant/name", "case/applicant"),
    F_IF("委托人证件号码", "case/applicant/certificate/number", "case/applicant"),
    BLANK_UNLESS("委托人（申请人）", "!case/applicant"),
    BLANK_UNLESS("委托人证件号码", "!case/applicant"),
    F_IF("受委托人（代理人）", "case/agent/name", "case/agent"),
    F_IF("受委托人证件号码", "case/agent/certificate/number", "case/agent"),
    BLANK_UNLESS("受委托人（代理人）", "!case/agent"),
    BLANK_UNLESS("受委托人证件号码", "!case/agent"),
    F("委托事项", "case/item/name"),
    S("委托权限：代为提交、补正、撤回申请和材料，代为陈述，代收文书和结果。另有约定的，写明："),
    BLANK("约定权限"),
    BLANK("委托期限"),
    S("法律、法规规定应当由申请人到场的环节不得委托（行政许可法第二十九条）。"),
    BLANK("委托人签名或盖章"),
    BLANK("受委托人签名"),
    BLANK("签署日期"),
};

#define PARTS(name) name, sizeof name / sizeof name[0]

const struct document_row document_table[] = {
    {"intake_receipt", "收件凭证", "intake receipt", "收", "case.submitted|case.intaken", NULL, DOCUMENT_BY_INTAKE, true,
     STEP_INTAKE, WINDOW, NOBODY, PARTS(intake_receipt), "行政许可法 29, 32(4); 收件不等于受理", false},
    {"acceptance_notice", "受理通知书", "acceptance notice", "受", "case.accepted|case.deemed", NULL, DOCUMENT_BY_HOME, false,
     STEP_INTAKE, WINDOW, ANYBODY, PARTS(acceptance_notice), "行政许可法 32(5), 32 last sentence", false},
    {"supplement_notice", "一次性告知（补正）书", "one-time notice", "补", "case.notice", NULL, DOCUMENT_BY_HOME, false,
     STEP_NOTICE, WINDOW, ANYBODY, PARTS(supplement_notice), "行政许可法 32(4)", false},
    {"refusal_notice", "不予受理决定书", "refusal to accept", "不受", "case.refused", NULL, DOCUMENT_BY_HOME, false,
     STEP_INTAKE, WINDOW, ANYBODY, PARTS(refusal_notice), "行政许可法 32(1), (2), last sentence; 行政复议法 20; 行政诉讼法 46",
     false},
    {"tolerant_acceptance", "容缺受理告知书", "tolerant acceptance", "容", "case.tolerated", NULL, DOCUMENT_BY_HOME, false,
     STEP_INTAKE, WINDOW, ANYBODY, PARTS(tolerant_acceptance), "浙江省保障“最多跑一次”改革规定 11", false},
    {"special_procedure_notice", "特别程序告知书", "notice of a special procedure", "特", "case.special", NULL,
     DOCUMENT_BY_HOME, false, STEP_NOTICE, WINDOW, ANYBODY, PARTS(special_procedure), "行政许可法 45", false},
    {"extension_notice", "延期通知书", "notice of an extension", "延", "case.extended", NULL, DOCUMENT_BY_HOME, false,
     STEP_NOTICE, WINDOW, ANYBODY, PARTS(extension_notice), "行政许可法 42", false},
    {"decision_grant", "准予决定书", "decision to grant", "准", "case.decided", "grant", DOCUMENT_BY_HOME, false,
     STEP_DELIVERY, WINDOW, ANYBODY, PARTS(decision_grant), "行政许可法 34, 38, 44", false},
    {"decision_deny", "不予决定书", "decision to deny", "否", "case.decided", "deny", DOCUMENT_BY_HOME, false,
     STEP_DELIVERY, WINDOW, ANYBODY, PARTS(decision_deny), "行政许可法 38; 行政复议法 20; 行政诉讼法 46", false},
    {"revocation", "撤销受理决定书", "revocation of the acceptance", "撤", "case.revoked", NULL, DOCUMENT_BY_HOME, false,
     STEP_DELIVERY, WINDOW, ANYBODY, PARTS(revocation), "浙江省保障“最多跑一次”改革规定 11", false},
    {"delivery_receipt", "送达回证", "receipt of delivery", "送", "case.delivered", NULL, DOCUMENT_BY_ACTOR, false,
     STEP_DELIVERY, WINDOW, ANYBODY, PARTS(delivery_receipt), "行政许可法 44; 民事诉讼法 87-95", false},
    {"transfer_list", "材料移交清单", "material transfer list", "移", "case.submitted|case.intaken", NULL, DOCUMENT_BY_INTAKE,
     true, STEP_NONE, WINDOW, NOBODY, PARTS(transfer_list), "档案法 37; 快递暂行条例 22-27", true},
    {"authorisation_letter", "授权委托书", "authorisation letter", "", "case.submitted", NULL, DOCUMENT_BY_HOME, true,
     STEP_NONE, ANYBODY, ANYBODY, PARTS(authorisation_letter), "行政许可法 24", true},
    {"power_of_attorney", "代理授权委托书", "power of attorney", "", "case.submitted|case.intaken", NULL, DOCUMENT_BY_ACTOR,
     true, STEP_NONE, ANYBODY, ANYBODY, PARTS(power_of_attorney), "行政许可法 29", false},
};
const size_t document_table_count = sizeof document_table / sizeof document_table[0];
