#include <stdio.h>
#include <string.h>

#include "proto/item.h"
#include "proto/joint.h"
#include "proto/limits.h"

#define NEEDED ITEM_REQUIRED
#define W ITEM_WANTED
/* name, form, flags, default, label, 中文, help */
#define TEXT(name, flags, fallback, label, zh, help) {name, ITEM_TEXT, flags, NULL, NULL, 1, LIMIT_TEXT_BYTES, fallback, label, zh, help}
#define TEXTS(name, flags, most, label, zh, help) {name, ITEM_TEXTS, flags, NULL, NULL, 0, most, NULL, label, zh, help}
#define WORD(name, flags, values, fallback, label, zh, help) {name, ITEM_WORD, flags, values, NULL, 0, 0, fallback, label, zh, help}
#define LETTERS(name, flags, values, label, zh, help) {name, ITEM_LETTERS, flags, values, NULL, 0, 0, NULL, label, zh, help}
#define CODE(name, flags, least, most, label, zh, help) {name, ITEM_CODE, flags, NULL, NULL, least, most, NULL, label, zh, help}
#define OFFICE(name, flags, label, zh, help) {name, ITEM_OFFICE, flags, NULL, NULL, 0, 0, NULL, label, zh, help}
#define BOOL(name, flags, fallback, label, zh, help) {name, ITEM_BOOL, flags, NULL, NULL, 0, 0, fallback, label, zh, help}
#define NUMBER(name, flags, least, most, fallback, label, zh, help)                                                    \
    {name, ITEM_NUMBER, flags, NULL, NULL, least, most, fallback, label, zh, help}
#define SPAN(name, flags, fallback, label, zh, help) {name, ITEM_LIMIT, flags, NULL, NULL, 0, 0, fallback, label, zh, help}
#define DATE(name, flags, label, zh, help) {name, ITEM_DATE, flags, NULL, NULL, 0, 0, NULL, label, zh, help}
#define OBJECT(name, flags, members, label, zh, help) {name, ITEM_OBJECT, flags, NULL, members, 0, 0, NULL, label, zh, help}
#define OBJECTS(name, flags, members, most, label, zh, help) {name, ITEM_OBJECTS, flags, NULL, members, 0, most, NULL, label, zh, help}
#define WORDS(name, flags, values, fallback, label, zh, help) {name, ITEM_WORDS, flags, values, NULL, 1, 8, fallback, label, zh, help}
#define END {NULL, ITEM_FORMS, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL}

#define MODES "ONLINE|PROXY|LOCAL|JOINT"

/* 基本编码 (12), 实施编码 (31), 业务办理项编码 (33) as live systems write them: provinces add letters and digits, so lengths are bounds */
static const struct item_element code_members[] = {
    CODE("base", 0, 12, 14, "base code", "基本编码", "basic directory code, GB/T 39554: province, type, department, main and sub item"),
    CODE("implementation", 0, 31, 36, "implementation code", "实施编码", "implementing body, level and base code"),
    CODE("handling", 0, 33, 50, "handling code", "业务办理项编码", "implementation code and serial"),
    CODE("local", 0, 1, 50, "local code", "地方编码", "code in the province's own system where it keeps another"),
    END,
};

static const struct item_element counterpart_members[] = {
    OFFICE("office", NEEDED, "office", "对方", "counterpart that has the same matter in its own catalogue"),
    CODE("code", 0, 1, 50, "code", "对方事项编码", "its code there; codes are mapped, never joined by the base code"),
    TEXT("department", 0, NULL, "department", "对方部门", "department that does it there; departments differ between provinces"),
    END,
};

static const struct item_element material_members[] = {
    TEXT("name", NEEDED, NULL, "name", "材料名称", "what the applicant brings"),
    WORD("form", NEEDED, "F|O|C|P|E|S|I", NULL, "form", "材料形式",
         "F form to fill in, O original to be verified, C copy, P photo, E obtained electronically, S captured at the window, I internal"),
    BOOL("required", NEEDED, NULL, "needed always", "必要", "necessity (材料必要性): false for what is needed only at times"),
    TEXT("needed_when", 0, NULL, "needed when", "何时需要", "the case in which a material that is not always needed is needed"),
    BOOL("original", 0, "true for form O, else false", "original verified", "核验原件", "the window sees the original and says that it agrees"),
    NUMBER("copies", 0, 0, 20, "1 for forms C and F, else 0", "copies", "份数", "copies that are kept"),
    WORD("source", 0, "applicant|government|third_party", "applicant", "source", "来源渠道",
         "who makes it: the applicant, an authority, a third party"),
    TEXT("issuer", 0, NULL, "issued by", "出具单位", "authority or body that issues it"),
    BOOL("deferrable", 0, "false", "deferrable", "可容缺", "may be handed in after acceptance (容缺材料)"),
    BOOL("shared", 0, "true for form E, else false", "shared data", "可共享获取", "the home side gets it itself; it must not be demanded (国令716 art. 7)"),
    WORD("licence", 0, "none|seen|fetched", "none", "e-licence", "电子证照",
         "seen: the window sees the e-licence (电子证照) and notes its identifier; fetched: the home side fetches it itself (国令716 arts 7, 10)"),
    TEXT("standard", 0, NULL, "standard", "受理标准", "what is checked about it; also the words for a defect in a notice"),
    TEXT("template", 0, NULL, "template", "空白表样", "form to fill in or sample: title or address"),
    TEXT("basis", 0, NULL, "basis", "要求依据", "rule that lets it be demanded"),
    END,
};

static const struct item_element contact_members[] = {
    TEXT("office", 0, NULL, "desk", "窗口", "desk or window"),
    TEXT("phone", NEEDED, NULL, "telephone", "咨询电话", "for questions"),
    TEXT("address", 0, NULL, "address", "办理地址", "where the counter is; where papers are posted to"),
    TEXT("hours", 0, NULL, "hours", "办公时间", "when it is open"),
    TEXT("url", 0, NULL, "online address", "网办地址", "where it is applied for online"),
    END,
};

static const struct item_element complaint_members[] = {
    TEXT("phone", NEEDED, NULL, "telephone", "监督投诉电话", "complaint line"),
    TEXT("body", 0, NULL, "body", "受理单位", "who answers it"),
    TEXT("review_body", 0, NULL, "review body", "行政复议机关", "body for administrative review (行政复议法 20)"),
    TEXT("court", 0, NULL, "court", "行政诉讼管辖法院", "court for administrative litigation (行政诉讼法 46)"),
    END,
};

/* What the legs mean to each other is checked by joint_check_legs (proto/joint.h). */
static const struct item_element leg_members[] = {
    TEXT("name", NEEDED, NULL, "leg", "环节名称", "name of the leg"),
    TEXT("office", NEEDED, NULL, "office", "办理单位", "who decides: intake, applicant or other (named at intake), or six digits"),
    CODE("item", NEEDED, 1, 50, "item", "事项编码", "item at that office"),
    TEXTS("after", 0, LIMIT_JOINT_LEGS, "after", "前置环节", "legs that must be granted before this one opens"),
    SPAN("limit", 0, NULL, "planned time", "计划时限", "what the joint case plans for the leg; the case's own clock is that of its item"),
    BOOL("required", 0, "true", "required", "必须办成", "counts for REQUIRED_GRANTED"),
    TEXTS("materials", 0, 100, "materials", "所需材料", "materials that the leg gets; left out: all"),
    TEXTS("passes", 0, LIMIT_JOINT_LEGS, "passes on", "使用前置结果", "legs before it whose result documents it gets"),
    END,
};

/* 实施清单要素 (GB/T 39554, domain.md 4.1): the one table of an item. */
const struct item_element item_elements[] = {
    CODE("code", NEEDED, 1, 50, "code", "事项编码", "key of the item within its office: the catalogue's key is office and code"),
    NUMBER("version", NEEDED, 1, INT32_MAX, NULL, "version", "事项版本", "raised with every change; a case pins the version of its intake"),
    TEXT("name", NEEDED, NULL, "name", "事项名称", "official name"),
    TEXT("name_en", NEEDED, NULL, "English name", "英文名称", "short English name, for programs and foreign staff"),
    TEXTS("aliases", 0, 20, "also called", "别名", "other words people use; found by search"),
    TEXT("category", NEEDED, NULL, "category", "类别", "group in lists"),
    TEXT("department", NEEDED, NULL, "department", "实施主体", "department of the home side that decides (属地部门)"),
    OBJECT("codes", 0, code_members, "codes", "编码", "codes of this side in the national and provincial systems"),
    OBJECTS("counterparts", W, counterpart_members, 32, "counterparts", "对方对应事项",
            "codes and departments of the other sides for the same matter"),
    WORD("level", 0, "nation|province|city|county|township|village", "county", "level", "行使层级", "level that carries it out"),
    WORD("task_type", NEEDED, "01|02|03|04|05|06|07|08|09|10|20|21", NULL, "item type", "事项类型", "01 permit, 05 grant, 07 confirmation, 10 other power, 20 public service …"),
    LETTERS("subject", NEEDED, "PE", "subject", "服务对象", "P person, E enterprise or organisation"),
    WORD("mode", NEEDED, MODES, NULL, "mode", "通办模式", "how it is done across regions (国办发〔2020〕35号)"),
    WORD("alternative", 0, MODES, NULL, "alternative mode", "可选模式", "second way that is open to the applicant"),
    LETTERS("steps", NEEDED, "INOPD", "delegable steps", "可授权环节",
            "steps the intake side may do: I intake, N one-time notice, O original verification, P person comparison, D delivery"),
    BOOL("in_person", NEEDED, NULL, "in person", "须本人到场", "the applicant must appear"),
    NUMBER("visits", 0, 0, 9, "0 online, else 1", "visits", "到现场次数", "visits to a counter, at most"),
    TEXTS("conditions", W, 20, "conditions", "受理条件", "conditions of acceptance"),
    TEXTS("survey_standards", W, 20, "survey standards", "勘查标准", "what the guide clerk checks before anything is filled in (导服)"),
    OBJECTS("materials", NEEDED, material_members, 100, "materials", "申请材料", "closed list: nothing else may be demanded (行政许可法 31)"),
    SPAN("statutory_limit", NEEDED, NULL, "statutory limit", "法定办结时限", "from acceptance; null where no law fixes one; days 0 is at once"),
    TEXT("statutory_note", 0, NULL, "note on the limit", "法定时限说明", "what the law says beside the number"),
    SPAN("promised_limit", NEEDED, NULL, "promised limit", "承诺办结时限", "binds; not later than the law"),
    WORD("project_type", NEEDED, "instant|committed", NULL, "kind of case", "办件类型", "instant: finished on the spot"),
    TEXTS("special_procedures", 0, 10, "special procedures", "特别程序", "hearing, appraisal, publication …: not counted (行政许可法 45)"),
    WORD("notice_rule", W, "PERMIT_5WD|ONSPOT_DEEMED|ONSPOT_ZJ|MARKET_3WD|NONE", "PERMIT_5WD (行政许可法 32(4))", "notice rule",
         "一次性告知规则", "until when the one-time notice must be given and what follows when it is not"),
    WORD("overdue_supplement", W, "WITHDRAWN|REFUSE|NONE", "REFUSE", "overdue supplement", "逾期未补正",
         "what follows when the supplement does not come in time"),
    SPAN("extension", W, "10 working days (行政许可法 42)", "extension", "延期", "one extension of the decision at most; null: none"),
    TEXT("fee", NEEDED, NULL, "fee", "收费标准", "\"0\" when free"),
    TEXT("fee_basis", 0, NULL, "basis of the fee", "收费依据", "law or administrative regulation (行政许可法 58, 59)"),
    TEXT("result", NEEDED, NULL, "result", "办理结果", "document that the applicant gets"),
    WORDS("delivery", W, "pickup|mail|electronic", "pickup, mail", "ways of delivery", "结果送达方式", "ways the applicant may choose from"),
    TEXT("legal_basis", NEEDED, NULL, "legal basis", "设定依据", "laws and articles"),
    OBJECT("contact", W, contact_members, "contact", "咨询方式", "whom the window and the applicant may ask"),
    OBJECT("complaint", W, complaint_members, "complaints", "监督投诉", "who hears complaints, reviews and suits"),
    WORD("retention", W, "permanent|30y|10y", "10y", "retention", "保管期限", "class of the archive (档案法, DA/T 85-2019)"),
    OBJECTS("legs", 0, leg_members, LIMIT_JOINT_LEGS, "legs", "联办环节", "template of a joint case (多地联办): who decides what, in which order"),
    WORD("joint_rule", 0, JOINT_RULE_WORDS, NULL, "rule of the joint case", "联办办结规则", "when the joint case as a whole is granted"),
    DATE("effective_from", NEEDED, "in force from", "生效日期", "first day"),
    DATE("effective_to", 0, "in force to", "失效日期", "last day"),
    {"approximate", ITEM_ELEMENTS, NEEDED, NULL, NULL, 0, 64, NULL, "to be checked", "待核实要素", "elements whose value a person still has to check"},
    END,
};

const struct item_element *item_element_find(const char *name)
{
    for (const struct item_element *e = item_elements; e->name; e++)
        if (strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

static const struct {
    const char *element, *word, *en, *zh;
} words[] = {
    {"task_type", "01", "permit", "行政许可"},
    {"task_type", "02", "penalty", "行政处罚"},
    {"task_type", "03", "coercion", "行政强制"},
    {"task_type", "04", "levy", "行政征收"},
    {"task_type", "05", "grant", "行政给付"},
    {"task_type", "06", "inspection", "行政检查"},
    {"task_type", "07", "confirmation", "行政确认"},
    {"task_type", "08", "award", "行政奖励"},
    {"task_type", "09", "adjudication", "行政裁决"},
    {"task_type", "10", "other power", "其他行政权力"},
    {"task_type", "20", "public service", "公共服务"},
    {"task_type", "21", "convenience service", "便民服务"},
    {"subject", "P", "persons", "自然人"},
    {"subject", "E", "enterprises and organisations", "法人及其他组织"},
    {"mode", "ONLINE", "online", "全程网办"},
    {"mode", "PROXY", "collected for the home side", "异地代收代办"},
    {"mode", "LOCAL", "accepted here by authorisation", "异地受理"},
    {"mode", "JOINT", "joint", "多地联办"},
    {"alternative", "ONLINE", "online", "全程网办"},
    {"alternative", "PROXY", "collected for the home side", "异地代收代办"},
    {"alternative", "LOCAL", "accepted here by authorisation", "异地受理"},
    {"alternative", "JOINT", "joint", "多地联办"},
    {"steps", "I", "intake", "收件受理"},
    {"steps", "N", "one-time notice", "一次性告知"},
    {"steps", "O", "original verification", "原件核验"},
    {"steps", "P", "person comparison", "人证比对"},
    {"steps", "D", "delivery", "审批结果送达"},
    {"level", "nation", "nation", "国家级"},
    {"level", "province", "province", "省级"},
    {"level", "city", "city", "市级"},
    {"level", "county", "county", "县级"},
    {"level", "township", "township", "乡镇级"},
    {"level", "village", "village", "村级"},
    {"project_type", "instant", "on the spot", "即办件"},
    {"project_type", "committed", "within the promised limit", "承诺件"},
    {"form", "F", "form", "填写表格"},
    {"form", "O", "original", "原件"},
    {"form", "C", "copy", "复印件"},
    {"form", "P", "photo", "照片"},
    {"form", "E", "electronic, checked by the service", "电子材料（系统核验）"},
    {"form", "S", "taken on the spot", "现场采集"},
    {"form", "I", "seen only", "内部流转"},
    {"source", "applicant", "the applicant", "申请人自备"},
    {"source", "government", "an authority", "政府部门核发"},
    {"source", "third_party", "a third party", "其他机构出具"},
    {"licence", "none", "no e-licence", "无"},
    {"licence", "seen", "e-licence shown at the window", "出示电子证照"},
    {"licence", "fetched", "e-licence fetched by the home side", "属地调取电子证照"},
    {"delivery", "pickup", "pick-up at either hall", "窗口领取"},
    {"delivery", "mail", "mail", "邮寄"},
    {"delivery", "electronic", "electronic", "电子送达"},
    {"retention", "permanent", "permanent", "永久"},
    {"retention", "30y", "30 years", "30年"},
    {"retention", "10y", "10 years", "10年"},
    {"notice_rule", "PERMIT_5WD", "on the spot or within 5 working days, else deemed accepted", "当场或者5个工作日内一次告知，逾期视为受理"},
    {"notice_rule", "ONSPOT_DEEMED", "on the spot in writing, else deemed accepted", "当场书面告知，未当场告知视为受理"},
    {"notice_rule", "ONSPOT_ZJ", "on the spot, with a deadline", "当场一次告知并载明补正期限"},
    {"notice_rule", "MARKET_3WD", "on the spot, else within 3 working days", "当场登记或者3个工作日内登记，一次性告知"},
    {"notice_rule", "NONE", "none", "无"},
    {"overdue_supplement", "WITHDRAWN", "deemed withdrawn", "视为撤回申请"},
    {"overdue_supplement", "REFUSE", "refused", "不予受理"},
    {"overdue_supplement", "NONE", "nothing by itself", "不自动处理"},
#define R(constant, name, en, zh) {"joint_rule", name, en, zh},
    JOINT_RULE_TABLE(R)
#undef R
    {"unit", "working_day", "working days", "个工作日"},
    {"unit", "calendar_day", "days", "日"},
};

const char *item_word(const char *element, const char *word, bool zh)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].element, element) == 0 && strcmp(words[i].word, word) == 0)
            return zh ? words[i].zh : words[i].en;
    return word;
}

const char *item_limit_text(const json_t *limit, bool zh, char *out, size_t size)
{
    long long days = json_integer_value(json_object_get(limit, "days"));
    const char *unit = json_string_value(json_object_get(limit, "unit"));
    if (!json_is_object(limit) || !unit)
        (void)snprintf(out, size, "%s", "");
    else if (!days)
        (void)snprintf(out, size, "%s", zh ? "当场" : "at once");
    else
        (void)snprintf(out, size, zh ? "%lld%s" : "%lld %s", days, item_word("unit", unit, zh));
    return out;
}
