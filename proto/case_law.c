#include "proto/case_law.h"

#include <string.h>

#include "proto/item.h"

const struct notice_rule_row notice_rules[NOTICE_RULES] = {
#define N(constant, zh, notice, deemed, law) {#constant, zh, notice, deemed, law},
    NOTICE_RULE_TABLE(N)
#undef N
};

const struct overdue_row overdue_rules[OVERDUE_RULES] = {
#define O(constant, zh, consequence, law) {#constant, zh, consequence, law},
    OVERDUE_TABLE(O)
#undef O
};

enum notice_rule notice_rule_of(const json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "notice_rule"));
    for (int rule = 0; name && rule < NOTICE_RULES; rule++)
        if (strcmp(notice_rules[rule].name, name) == 0)
            return (enum notice_rule)rule;
    return NOTICE_RULE_PERMIT_5WD;
}

enum overdue_rule overdue_rule_of(const json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "overdue_supplement"));
    for (int rule = 0; name && rule < OVERDUE_RULES; rule++)
        if (strcmp(overdue_rules[rule].name, name) == 0)
            return (enum overdue_rule)rule;
    return OVERDUE_REFUSE;
}

const char case_tolerance_consequence[] = "逾期未补齐所缺材料的，撤销受理并书面说明理由。";

const struct reason_class reason_classes[] = {
    {"case.refused", "NOT_REQUIRED", "依法不需要取得行政许可", "《中华人民共和国行政许可法》第三十二条第一款第一项"},
    {"case.refused", "NOT_COMPETENT", "不属于本机关职权范围", "《中华人民共和国行政许可法》第三十二条第一款第二项"},
    {"case.refused", "INCOMPLETE", "材料不齐全或者不符合法定形式", "《中华人民共和国行政许可法》第三十二条第一款第四项"},
    {"case.refused", "NOT_SUPPLEMENTED", "逾期未补正或者补正后仍不符合", "《中华人民共和国行政许可法》第三十二条第一款第四项、第五项"},
    {"case.refused", "OTHER", "其他法定情形", ""},
    {"case.returned", "DUPLICATE", "重复申请", "《中华人民共和国行政许可法》第二十九条"},
    {"case.returned", "WRONG_ITEM", "选错事项", "《中华人民共和国行政许可法》第二十九条、第三十条"},
    {"case.returned", "APPLICANT_REQUEST", "申请人要求退回", "《中华人民共和国行政许可法》第二十九条"},
    {"case.aborted", "DEATH", "申请人死亡或者丧失行为能力", "《中华人民共和国行政许可法》第七十条第二项"},
    {"case.aborted", "DISSOLVED", "申请单位依法终止", "《中华人民共和国行政许可法》第七十条第三项"},
    {"case.aborted", "FORCE_MAJEURE", "不可抗力致使无法办理", "《中华人民共和国行政许可法》第七十条第五项"},
    {"case.aborted", "LAW_CHANGED", "法律、法规修改或者废止", "《中华人民共和国行政许可法》第八条"},
    {"case.aborted", "OTHER", "其他依法应当终止的情形", "《中华人民共和国行政许可法》第七十条第六项"},
};
const size_t reason_class_count = sizeof reason_classes / sizeof reason_classes[0];

const struct reason_class *reason_class_find(const char *document, const char *name)
{
    for (size_t i = 0; document && name && i < reason_class_count; i++)
        if (strcmp(reason_classes[i].document, document) == 0 && strcmp(reason_classes[i].name, name) == 0)
            return &reason_classes[i];
    return NULL;
}

bool extension_of(const json_t *item, int *days, bool *calendar_days)
{
    const json_t *extension = json_object_get(item, "extension");
    *days = 10;
    *calendar_days = false;
    if (!extension)
        return true;
    const char *unit = json_string_value(json_object_get(extension, "unit"));
    *days = (int)json_integer_value(json_object_get(extension, "days"));
    *calendar_days = unit && strcmp(unit, "calendar_day") == 0;
    return json_is_object(extension) && *days > 0;
}

bool material_is_deferrable(const json_t *item, const char *name)
{
    return name && json_is_true(json_object_get(item_material(item, name), "deferrable"));
}
