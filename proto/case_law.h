/* case_law: the rules of the law about a case that are values, not moves — as tables (domain.md 5.1, 5.2, 5.5); pure.
 *
 * Which notice rule (一次性告知规则) an item is under says how long the home side may wait before it tells the applicant what is
 * missing, and when silence means acceptance.  What happens to a supplement that does not come, the classes of reasons that a written
 * refusal may give, and the remedies it must name stand here too.  The item's elements name the rows by their words. */
#ifndef PROTO_CASE_LAW_H
#define PROTO_CASE_LAW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* N(CONSTANT, "中文", working days for the notice, working days after which silence means acceptance, "law").  −1: never.  The word is
 * that of the item's element `notice_rule`; the number is stored in a case's row: only append.  0 means on the spot: the day itself. */
#define NOTICE_RULE_TABLE(N)                                                                                           \
    N(PERMIT_5WD, "五日内一次告知", 5, 5, "行政许可法 32(4)")                                                          \
    N(ONSPOT_DEEMED, "当场告知，未当场书面告知即为受理", 0, 0, "不动产登记暂行条例 17")                                \
    N(ONSPOT_ZJ, "当场一次告知", 0, 5, "浙江省保障“最多跑一次”改革规定 11; 行政许可法 32(4)")                          \
    N(MARKET_3WD, "当场或者三日内告知", 3, -1, "市场主体登记管理条例 19")                                              \
    N(NONE, "无一次告知期限", -1, -1, "the item's own rules")

enum notice_rule {
#define N(constant, zh, notice, deemed, law) NOTICE_RULE_##constant,
    NOTICE_RULE_TABLE(N)
#undef N
    NOTICE_RULES
};

struct notice_rule_row {
    const char *name, *zh;
    int notice_days, deemed_days; /* working days, −1 never */
    const char *law;
};
extern const struct notice_rule_row notice_rules[NOTICE_RULES];
/* The rule that an item is under; PERMIT_5WD when it names none. */
enum notice_rule notice_rule_of(const json_t *item);

/* What a supplement that does not come in time means (逾期未补正): O(CONSTANT, "中文", "consequence that the notice tells", "law"). */
#define OVERDUE_TABLE(O)                                                                                               \
    O(REFUSE, "不予受理", "逾期未补正，或者补正后仍不符合要求的，依法不予受理。", "行政许可法 32(4)")                                          \
    O(WITHDRAWN, "视为撤回", "逾期未补正的，视为撤回申请；补正后仍不符合要求的，依法不予受理。",                     \
      "浙江省保障“最多跑一次”改革规定 11; 法律援助法 43")                                                             \
    O(NONE, "由经办人处理", "请在期限内补正；逾期的，本机关依法处理。", "the item's own rules")

enum overdue_rule {
#define O(constant, zh, consequence, law) OVERDUE_##constant,
    OVERDUE_TABLE(O)
#undef O
    OVERDUE_RULES
};
struct overdue_row {
    const char *name, *zh, *consequence, *law;
};
extern const struct overdue_row overdue_rules[OVERDUE_RULES];
/* The rule that an item is under; REFUSE when it names none. */
enum overdue_rule overdue_rule_of(const json_t *item);

/* Consequence of a gap that is not closed in time (容缺受理): what the office fills in. */
extern const char case_tolerance_consequence[];

/* Classes of reasons, by the document that gives them, each with the article as a document cites it: the office fills it in where the
 * officer gives none ("": the officer has to say). */
struct reason_class {
    const char *document; /* type of the entry: "case.refused" … */
    const char *name, *zh, *law;
};
extern const struct reason_class reason_classes[];
extern const size_t reason_class_count;
/* The row of a class in a document, or NULL. */
const struct reason_class *reason_class_find(const char *document, const char *name);

/* Extension of the decision (延期): days and unit that the item allows; 42: ten working days when it says nothing.  False: none. */
bool extension_of(const json_t *item, int *days, bool *calendar_days);
/* The material of that name stands in the item's list and may be handed in later (容缺材料). */
bool material_is_deferrable(const json_t *item, const char *name);

#endif
