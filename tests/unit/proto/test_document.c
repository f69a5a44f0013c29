/* Every row of the written documents: rendered from a complete case, refused without any of its minimum fields, aligned, numbered.
 * Holds docs/reference/documents.md and the examples of docs/zh/documents.md to the table:
 *     test_document --write docs/reference/documents.md
 *     test_document --examples docs/zh/documents.md */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/document.h"
#include "proto/document_layout.h"
#include "proto/limits.h"
#include "proto/text.h"

#define PAGE     TONGBAN_SOURCE_DIR "/docs/reference/documents.md"
#define EXAMPLES TONGBAN_SOURCE_DIR "/docs/zh/documents.md"
#define MARK     "<!-- examples: test_document --examples -->\n"

enum { WIDTH_MOST = DOCUMENT_COLUMNS + 2 /* a closing mark may hang */ };

#define MATERIALS                                                                                                      \
    "[{'name':'居民户口簿首页和本人页','form':'copy','original_seen':true,'pages':2},"                                      \
    "{'name':'居民身份证申领登记表','form':'form','pages':1,'remark':'出生日期当场更正'},"                                    \
    "{'name':'近期免冠照片','form':'electronic'}]"

/* A whole case as the daemon would gather it; each act lies under the name of its document. */
static const char source_text[] =
    "{'number':'桐政服受〔2026〕000123号','seal':'桐乡市行政审批专用章(1)','query':'3dbeea41','notice_due':'2026-11-30',"
    "'issued_at':'2026-11-23T09:30:00.123+08:00',"
    "'case':{'case':'320623261123000000122','handed_in_at':'2026-11-23T09:30:00.123+08:00',"
    "'applicant':{'kind':'person','name':'张三','certificate':{'type':'citizen-id','number':'33048318500101001X'},"
    "'mobile':'13900001234','legal_representative':'王五'},"
    "'agent':{'name':'李四','certificate':{'type':'citizen-id','number':'330483185001010036'}},"
    "'item':{'office':'330483','code':'GA01','version':1,'name':'居民身份证遗失补领'},"
    "'materials':" MATERIALS ",'delivery':{'way':'pickup','place':'intake'}},"
    "'item':{'department':'公安局','legal_basis':'居民身份证法第10-12条','result':'居民身份证','overdue_supplement':'REFUSE'},"
    "'home':{'code':'330483','name':'桐乡市政务服务中心','phone':'0573-00000001','complaint':'0573-00012345',"
    "'address':'浙江省桐乡市示范路1号政务服务中心跨省通办专窗'},"
    "'intake':{'code':'320623','name':'如东县政务服务中心','phone':'0513-00000001','complaint':'0513-00012345',"
    "'address':'江苏省如东县示范路1号政务服务中心跨省通办专窗'},"
    "'authorisation':{'announcement':'桐政办发〔2021〕6号','items':'双方通办清单内的全部事项','steps':'收件受理、一次性告知',"
    "'acceptance':'只收件，不受理；是否受理由委托机关决定','name':'以委托机关名义作出','open_cases':'由受委托机关继续办理完毕','from':'2021-03-12','until':'2031-03-11'},"
    "'taken':" MATERIALS ",'actor':{'name':'如东县政务服务中心','side':'intake'},'totals':{'originals':'1份','copies':'1份'},"
    "'print':{'n':1,'at':'2026-11-23T09:31:00.000+08:00','officer':'顾海燕（320623:0007）','here':'intake','entrusted':true}}";

#define REMEDIES                                                                                                       \
    "'remedies':'如不服本决定，可以自收到之日起六十日内向桐乡市人民政府申请行政复议，或者自收到之日起六个月内向桐乡市人民法院提起行政诉讼。'"
static const struct {
    const char *id, *act;
} acts[] = {
    {"intake_receipt", "{}"},
    {"acceptance_notice", "{'promised':'2026-12-21','statutory':'2027-01-22','remark':'请留意短信'}"},
    {"supplement_notice",
     "{'defects':[{'material':'照片','defect':'缺少','standard':'近期免冠照片，白底','cure':'到窗口补拍'},"
     "{'material':'居民户口簿首页和本人页的复印件','defect':'复印件模糊，看不清签发机关和签发日期，而且没有注明与原件一致',"
     "'standard':'清晰完整的复印件，注明“与原件一致”并签名','cure':'重新复印'}],'deadline':'2026-12-10','handed_over_by':'顾海燕','consequence':'逾期未补正的，视为撤回申请。'}"},
    {"refusal_notice",
     "{'reason_class':'NOT_COMPETENT','reason':'申请事项由户籍地公安机关办理','legal_basis':'行政许可法第三十二条第一款第二项',"
     "'referral':'嘉兴市公安局'," REMEDIES "}"},
    {"tolerant_acceptance", "{'gaps':[{'material':'居住证明','standard':'三个月内开具'}],'deadline':'2026-12-10','promised':'2026-12-21'}"},
    {"special_procedure_notice", "{'kind':'expert_review','basis':'行政许可法第四十五条','length':'15个工作日','until':'2026-12-14'}"},
    {"extension_notice", "{'reason':'需要向原户籍地核实','approver':'沈局长','length':'10个工作日','due':'2027-01-08'}"},
    {"decision_grant",
     "{'outcome':'grant','result':{'name':'居民身份证','number':'330483260001','valid_from':'2026-12-01','valid_until':'2046-12-01'}}"},
    {"decision_deny", "{'outcome':'deny','reason':'申请人不符合补领条件','legal_basis':'居民身份证法第十一条'," REMEDIES "}"},
    {"revocation", "{'reason':'容缺材料逾期未补齐','legal_basis':'浙江省保障“最多跑一次”改革规定第十一条'," REMEDIES "}"},
    {"delivery_receipt",
     "{'way':'left_in_place','documents':[{'name':'居民身份证','number':'330483260001','copies':1},{'name':'准予决定书'}],"
     "'place':'如东县政务服务中心','received_at':'2026-12-02T10:05:00+08:00','recipient':'张三',"
     "'substitute':{'name':'张小明','relation':'儿子','reason':'本人住院'},'refusal_reason':'拒绝签收','witnesses':[{'name':'赵六'}],"
     "'server':'顾海燕','carrier':'EMS','tracking_no':'EE123456785CN','remark':'已拍照留存'}"},
    {"transfer_list", "{}"},
    {"authorisation_letter", "{}"},
    {"power_of_attorney", "{}"},
};

static json_t *read_json(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t error;
    json_t *doc = json_loads(copy, 0, &error);
    if (!doc)
        fail_msg("%s: %s", error.text, copy);
    free(copy);
    return doc;
}

static json_t *source_of(const struct document_row *row)
{
    json_t *source = read_json(source_text), *act = NULL;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (!strcmp(acts[i].id, row->id))
            act = read_json(acts[i].act);
    if (!act)
        fail_msg("no act for %s", row->id);
    (void)json_object_set_new(act, "at", json_string("2026-11-24T08:00:00.000+08:00"));
    (void)json_object_set_new(act, "officer", json_string("陆文斌（330483:0101）"));
    (void)json_object_set_new(source, "act", act);
    char number[DOCUMENT_NO_TEXT];
    assert_int_equal(document_number(row, row->issuer == DOCUMENT_BY_INTAKE ? "东政服" : "桐政服", 2026, 123, number), 0);
    (void)json_object_set_new(source, "number", json_string(row->word[0] ? number : ""));
    return source;
}

static char *render(const struct document_row *row, enum document_form form, const json_t *source)
{
    struct buf out;
    struct problem p = {.id = PROBLEM_COUNT};
    buf_init(&out, DOCUMENT_BYTES);
    int rc = document_render(row, form, source, &out, &p);
    if (rc)
        fail_msg("%s: %d %s %s", row->id, rc, p.field, p.detail);
    return buf_take(&out, NULL);
}

/* Every part that is shown is in the text, and no line is longer than the page or ends in a blank. */
static void test_each_is_whole_and_aligned(void **state)
{
    (void)state;
    assert_int_equal(document_table_count, sizeof acts / sizeof acts[0]);
    for (size_t i = 0; i < document_table_count; i++) {
        const struct document_row *row = &document_table[i];
        json_t *source = source_of(row);
        char *text = render(row, DOCUMENT_TEXT, source);
        assert_non_null(strstr(text, row->zh));
        if (row->word[0])
            assert_non_null(strstr(text, json_string_value(json_object_get(source, "number"))));
        for (const char *line = text; *line;) {
            size_t len = strcspn(line, "\n");
            if (text_width(line, len) > WIDTH_MOST || (len && line[len - 1] == ' '))
                fail_msg("%s: |%.*s|", row->id, (int)len, line);
            line += len + 1;
        }
        char *markdown = render(row, DOCUMENT_MARKDOWN, source);
        assert_int_equal(strncmp(markdown, "# ", 2), 0);
        free(markdown);
        free(text);
        json_decref(source);
    }
}

/* The values of a document begin in one column. */
static void test_values_stand_below_each_other(void **state)
{
    (void)state;
    const struct document_row *row = document_by_id("acceptance_notice");
    json_t *source = source_of(row);
    char *text = render(row, DOCUMENT_TEXT, source);
    static const char *const pairs[][2] = {{"申请人：", "张三"}, {"证件号码：", "33048318500101001X"}, {"法定办结期限：", "2027年01月22日"}};
    unsigned column = 0;
    for (size_t i = 0; i < 3; i++) {
        const char *label = strstr(text, pairs[i][0]), *value = label ? strstr(label, pairs[i][1]) : NULL;
        assert_non_null(value);
        unsigned at = text_width(label, (size_t)(value - label));
        assert_true(!column || at == column);
        column = at;
    }
    free(text);
    json_decref(source);
}

/* Removes the members that the first alternative of a path and the others name. */
static void remove_path(json_t *source, const char *path)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *one = copy, *next; one; one = next) {
        char *slash, *bar = strchr(one, '|');
        json_t *at = source;
        next = bar ? bar + 1 : NULL;
        if (bar)
            *bar = '\0';
        while (at && (slash = strchr(one, '/'))) {
            *slash = '\0';
            at = json_object_get(at, one);
            one = slash + 1;
        }
        if (at)
            (void)json_object_del(at, one);
    }
}

static bool shown(const struct document_row *row, const struct document_part *part)
{
    /* the delivery of the example is left in place: what belongs to mail only is not on it */
    return !(part->only && !strcmp(row->id, "delivery_receipt") && strstr(part->only, "act/way=") && !strstr(part->only, "left_in_place"));
}

static void test_each_mandatory_field_is_missed(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t i = 0; i < document_table_count; i++) {
        const struct document_row *row = &document_table[i];
        for (size_t k = 0; k < row->part_count; k++) {
            const struct document_part *part = &row->parts[k];
            if (!part->path || part->otherwise || !shown(row, part))
                continue;
            json_t *source = source_of(row);
            struct problem p = {.id = PROBLEM_COUNT};
            struct buf out;
            buf_init(&out, DOCUMENT_BYTES);
            remove_path(source, part->path);
            int rc = document_render(row, DOCUMENT_TEXT, source, &out, &p);
            if (rc != TB_EMALFORMED || p.id != PROBLEM_FIELD || !p.field[0] || out.len)
                fail_msg("%s without %s: %d %s", row->id, part->path, rc, p.detail);
            assert_non_null(strstr(p.detail, row->zh));
            missed++;
            buf_free(&out);
            json_decref(source);
        }
        static const char *const always[] = {"number", "seal"};
        for (size_t k = 0; row->word[0] && k < 2; k++) {
            json_t *source = source_of(row);
            struct problem p = {.id = PROBLEM_COUNT};
            struct buf out;
            buf_init(&out, DOCUMENT_BYTES);
            (void)json_object_del(source, always[k]);
            assert_int_equal(document_render(row, DOCUMENT_MARKDOWN, source, &out, &p), TB_EMALFORMED);
            buf_free(&out);
            json_decref(source);
        }
    }
    print_message("%u fields missed\n", missed);
    assert_true(missed > 100);
}

static void test_marks_of_copies(void **state)
{
    (void)state;
    const struct document_row *row = document_by_id("intake_receipt");
    json_t *source = source_of(row);
    char *text = render(row, DOCUMENT_TEXT, source);
    assert_null(strstr(text, "补印"));
    assert_null(strstr(text, "作废"));
    assert_non_null(strstr(text, "收件不等于受理"));
    free(text);
    (void)json_object_set_new(json_object_get(source, "print"), "n", json_integer(3));
    (void)json_object_set_new(source, "void", read_json("{'at':'2026-11-25T16:00:00+08:00','reason':'打印错误'}"));
    (void)json_object_set_new(source, "replaces", json_string("东政服收〔2026〕000122号"));
    text = render(row, DOCUMENT_TEXT, source);
    assert_non_null(strstr(text, "（补印：第3次打印，补印时间2026年11月23日09时31分"));
    assert_non_null(strstr(text, "【作废】本文书已于2026年11月25日16时00分作废，不再有效。原因：打印错误"));
    assert_non_null(strstr(text, "代替已作废的东政服收〔2026〕000122号"));
    free(text);
    json_decref(source);
    row = document_by_id("decision_deny");
    source = source_of(row);
    text = render(row, DOCUMENT_TEXT, source);
    assert_non_null(strstr(text, "受桐乡市政务服务中心委托"));
    free(text);
    (void)json_object_del(json_object_get(source, "print"), "entrusted");
    text = render(row, DOCUMENT_TEXT, source);
    assert_null(strstr(text, "受桐乡市政务服务中心委托"));
    free(text);
    json_decref(source);
}

/* What the register or the configuration says of an authorisation, in the words of the letter. */
static void test_authorisation_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *content, *member, *words;
    } rows[] = {
        {"{'items':'*'}", "items", "双方通办清单内的全部事项"},
        {"{'items':',GA01,GA09,'}", "items", "GA01、GA09"},
        {"{'items':'GA01,class:社保'}", "items", "GA01、社保类全部事项"},
        {"{'items':'class:'}", "items", "class:"},
        {"{'steps':'ID'}", "steps", "收件受理、审批结果送达"},
        {"{'acceptance':true}", "acceptance", "收件时可以以委托机关名义受理"},
        {"{}", "acceptance", "只收件，不受理；是否受理由委托机关决定"},
        {"{'open_cases':'stop'}", "open_cases", "委托终止的，受委托机关停止办理，尚未办结的移交委托机关"},
        {"{'open_cases':'finish'}", "open_cases", "委托终止前已经收件的，由受委托机关继续办理完毕"},
        {"{'in_name':'principal'}", "name", "以委托机关名义作出，不注明受委托机关"},
        {"{'in_name':'principal_by_delegate'}", "name", "以委托机关名义作出，并注明“受委托机关委托”"},
        {"{'accepted':{'signatory':'缪建国'}}", "accepted_by", "缪建国"},
        {"{'limits':'限个人'}", "limits", "限个人"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *content = read_json(rows[i].content), *words = NULL;
        assert_int_equal(document_authorisation(content, &words), 0);
        assert_string_equal(json_string_value(json_object_get(words, rows[i].member)), rows[i].words);
        json_decref(words);
        json_decref(content);
    }
}

/* ---- the table against the bodies of the entries ---- */

static const struct case_field *member(const struct case_field *fields, const char *name, size_t len)
{
    for (; fields && fields->name; fields++)
        if (strlen(fields->name) == len && !strncmp(fields->name, name, len))
            return fields;
    return NULL;
}

/* What the office puts beside the body of the act. */
static bool beside_body(const char *name, size_t len)
{
    static const char *const beside[] = {"at", "officer", "length"};
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
        if (strlen(beside[i]) == len && !strncmp(beside[i], name, len))
            return true;
    return false;
}

/* The field at "act/NAME…" of this type; *known also for what stands beside the body. */
static const struct case_field *act_field(enum entry_type type, const char *path, size_t len, bool *known)
{
    size_t n = 4;
    while (n < len && path[n] != '/')
        n++;
    const struct case_field *field = member(case_fields(type), path + 4, n - 4);
    *known = field || beside_body(path + 4, n - 4);
    if (field && n < len) {
        field = member(field->members, path + n + 1, len - n - 1);
        *known = field != NULL;
    }
    return field;
}

static void check_words(const struct document_row *row, const struct document_part *part, const struct case_field *field)
{
    if (part->kind != PART_WORD || !field || field->kind != FIELD_ENUM)
        return;
    for (const char *at = field->values; *at;) {
        size_t n = strcspn(at, "|");
        const struct document_word *word = part->words;
        while (word->word && (strlen(word->word) != n || strncmp(word->word, at, n) != 0))
            word++;
        if (!word->word)
            fail_msg("%s: %s has no words for %.*s", row->id, part->path, (int)n, at);
        at += n + (at[n] == '|');
    }
}

/* Every alternative of a path names a member of some entry that makes the document; a mandatory one finds something in each of them. */
static void check_path(const struct document_row *row, const struct document_part *part)
{
    bool any[8] = {false}; /* per alternative */
    for (int type = 0; type < ENTRY_TYPES; type++) {
        const char *text = entry_type_text((enum entry_type)type);
        bool found = false;
        json_t *body = json_pack("{s:s}", "outcome", row->outcome ? row->outcome : "");
        bool makes = text && document_made_by(row, (enum entry_type)type, body);
        json_decref(body);
        if (!makes)
            continue;
        size_t k = 0;
        for (const char *at = part->path; at && k < 8; k++) {
            size_t len = strcspn(at, "|");
            bool known = strncmp(at, "act/", 4) != 0;
            const struct case_field *field = known ? NULL : act_field((enum entry_type)type, at, len, &known);
            check_words(row, part, field);
            for (const struct document_column *c = field ? part->columns : NULL; c && c->name; c++) {
                size_t n = strcspn(c->name, "|");
                if (!strchr("#=~", c->name[0]) && !member(field->members, c->name, n))
                    fail_msg("%s: %s has no %s", row->id, part->path, c->name);
            }
            any[k] = any[k] || known;
            found = found || known;
            at = at[len] ? at + len + 1 : NULL;
        }
        if (!found && !part->otherwise && !part->only)
            fail_msg("%s needs %s, which %s does not have", row->id, part->path, text);
    }
    size_t k = 0;
    for (const char *at = part->path; at && k < 8; k++) {
        size_t len = strcspn(at, "|");
        if (!any[k])
            fail_msg("%s: no entry has %.*s", row->id, (int)len, at);
        at = at[len] ? at + len + 1 : NULL;
    }
}

static void test_paths_are_members_of_the_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < document_table_count; i++)
        for (size_t k = 0; k < document_table[i].part_count; k++)
            if (document_table[i].parts[k].path)
                check_path(&document_table[i], &document_table[i].parts[k]);
}

static void test_numbers(void **state)
{
    (void)state;
    char out[DOCUMENT_NO_TEXT];
    const struct document_row *row = document_by_id("intake_receipt");
    assert_int_equal(document_number(row, "桐政服", 2026, 123, out), 0);
    assert_string_equal(out, "桐政服收〔2026〕000123号");
    assert_int_equal(document_number(row, "桐政服", 2026, 999999, out), 0);
    assert_int_equal(document_number(row, "桐政服", 2026, 1000000, out), TB_ELIMIT);
    assert_int_equal(document_number(row, "桐政服", 2026, 0, out), TB_ELIMIT);
    char prefix[DOCUMENT_PREFIX_BYTES + 2];
    memset(prefix, 'x', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    assert_int_equal(document_number(row, prefix, 2026, 1, out), TB_ELIMIT);
    prefix[DOCUMENT_PREFIX_BYTES] = '\0';
    for (size_t i = 0; i < document_table_count; i++)
        assert_int_equal(document_number(&document_table[i], prefix, 9999, 999999, out), 0);
    /* the year is Beijing's: 2026-12-31 16:00 UTC is the new year there */
    assert_int_equal(document_year(INT64_C(1798732799999)), 2026);
    assert_int_equal(document_year(INT64_C(1798732800000)), 2027);
    assert_int_equal(document_place("桐乡市政务服务中心"), strlen("桐乡市"));
    assert_int_equal(document_place("如东县政务服务中心"), strlen("如东县"));
    assert_int_equal(document_place("市场监管局"), 0);
    assert_int_equal(document_place("330483"), 0);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < document_table_count; i++) {
        const struct document_row *row = &document_table[i];
        assert_true(row->id[0] && row->zh[0] && row->en[0] && row->law[0] && row->part_count);
        assert_true(strlen(row->id) < DOCUMENT_ID_TEXT);
        assert_true(row->intake_roles || row->home_roles);
        assert_ptr_equal(document_by_id(row->id), row);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(document_table[k].id, row->id);
            if (row->word[0])
                assert_string_not_equal(document_table[k].word, row->word);
        }
        for (size_t k = 0; k < row->part_count; k++) {
            const struct document_part *part = &row->parts[k];
            size_t columns = 0;
            for (const struct document_column *c = part->columns; c && c->name; c++)
                columns++;
            assert_true(columns < SHEET_COLUMNS);
            assert_true(part->label && (part->kind == PART_SENTENCE || part->kind == PART_BLANK || part->path));
            assert_int_equal(columns != 0, part->kind == PART_TABLE || part->kind == PART_BLOCKS);
        }
    }
    assert_null(document_by_id("nothing"));
    assert_null(document_by_id(NULL));
    json_t *grant = json_pack("{s:s}", "outcome", "grant"), *other = json_pack("{s:s}", "outcome", "maybe");
    assert_string_equal(document_by_entry(ENTRY_CASE_DECIDED, grant)->id, "decision_grant");
    assert_null(document_by_entry(ENTRY_CASE_DECIDED, other));
    assert_null(document_by_entry(ENTRY_CASE_DECIDED, NULL));
    assert_null(document_by_entry(ENTRY_CASE_VIEWED, grant));
    assert_null(document_by_entry(ENTRY_TYPES, grant));
    json_decref(grant);
    json_decref(other);
    const struct document_row *row = document_by_id("delivery_receipt");
    assert_true(document_issued_here(row, CASE_SIDE_INTAKE, CASE_SIDE_INTAKE));
    assert_false(document_issued_here(row, CASE_SIDE_HOME, CASE_SIDE_INTAKE));
}

/* What people write does not break the page. */
static void test_hostile_values(void **state)
{
    (void)state;
    static char longest[LIMIT_TEXT_BYTES + 1];
    for (size_t i = 0; i + 3 < sizeof longest; i += 3)
        memcpy(longest + i, "长", 4);
    static const char *const values[] = {longest, "一\n二\n\n三", "| a | b |\n<script>*x*</script> `y` [z](u) # t", "\t缩进\t",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                         "（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（（", "𬎆䶮·阿卜杜拉", "{home/name}%s%n"};
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++)
        for (size_t i = 0; i < document_table_count; i++) {
            json_t *source = source_of(&document_table[i]), *materials = json_object_get(source, "taken");
            (void)json_object_set_new(json_object_get(json_object_get(source, "case"), "applicant"), "name", json_string(values[v]));
            (void)json_object_set_new(json_object_get(source, "act"), "reason", json_string(values[v]));
            (void)json_object_set_new(json_array_get(materials, 0), "name", json_string(values[v]));
            (void)json_object_set_new(json_array_get(materials, 1), "remark", json_string(values[v]));
            for (int form = DOCUMENT_TEXT; form < DOCUMENT_FORMS; form++) {
                char *text = render(&document_table[i], (enum document_form)form, source);
                for (const char *line = text; form == DOCUMENT_TEXT && *line;) {
                    size_t len = strcspn(line, "\n");
                    if (text_width(line, len) > WIDTH_MOST)
                        fail_msg("%s: |%.*s|", document_table[i].id, (int)len, line);
                    line += len + (line[len] != '\0');
                }
                assert_null(strchr(text, '\t'));
                if (form != DOCUMENT_TEXT)
                    assert_null(strstr(text, "<script>"));
                free(text);
            }
            json_decref(source);
        }
    /* a value of another kind than the table's is missing, not a crash */
    static const char *const wrong[] = {"{}", "[]", "[1,'a',null]", "null", "true"};
    for (size_t v = 0; v < sizeof wrong / sizeof wrong[0]; v++)
        for (size_t i = 0; i < document_table_count; i++)
            for (size_t k = 0; k < document_table[i].part_count; k++) {
                const char *path = document_table[i].parts[k].path;
                json_t *source = source_of(&document_table[i]);
                char key[64] = "";
                const char *slash = path ? strchr(path, '/') : NULL;
                if (slash)
                    snprintf(key, sizeof key, "%.*s", (int)strcspn(slash + 1, "/|"), slash + 1);
                struct buf out;
                struct problem p = {.id = PROBLEM_COUNT};
                if (path && !strncmp(path, "act/", 4))
                    (void)json_object_set_new(json_object_get(source, "act"), key, json_loads(wrong[v], JSON_DECODE_ANY, NULL));
                else if (path && !strncmp(path, "case/", 5))
                    (void)json_object_set_new(json_object_get(source, "case"), key, json_loads(wrong[v], JSON_DECODE_ANY, NULL));
                buf_init(&out, DOCUMENT_BYTES);
                int rc = document_render(&document_table[i], DOCUMENT_TEXT, source, &out, &p);
                assert_true(!rc || rc == TB_EMALFORMED);
                buf_free(&out);
                json_decref(source);
            }
    /* and a page has an end */
    struct buf small;
    struct problem p = {.id = PROBLEM_COUNT};
    json_t *source = source_of(&document_table[0]);
    buf_init(&small, 200);
    assert_int_equal(document_render(&document_table[0], DOCUMENT_TEXT, source, &small, &p), TB_ELIMIT);
    assert_int_equal(small.len, 0);
    buf_free(&small);
    json_decref(source);
}

/* Before there is a case the form has lines for the persons. */
static void test_blank_form(void **state)
{
    (void)state;
    json_t *source = read_json("{'case':{'item':{'name':'居民身份证遗失补领'}}}");
    char *text = render(document_by_id("power_of_attorney"), DOCUMENT_TEXT, source);
    assert_non_null(strstr(text, "居民身份证遗失补领"));
    assert_non_null(strstr(text, "委托人（申请人）：____"));
    assert_non_null(strstr(text, "受委托人证件号码：____"));
    free(text);
    json_decref(source);
}

/* ---- the pages ---- */

#define PUT(out, ...) assert_int_equal(buf_printf(out, __VA_ARGS__), 0)

static void put_roles(struct buf *out, const struct document_row *row)
{
    static const struct {
        unsigned role;
        const char *name;
    } roles[] = {{CASE_ROLE_WINDOW, "window"}, {CASE_ROLE_HANDLER, "handler"}};
    const unsigned sides[] = {row->intake_roles, row->home_roles};
    static const char *const names[] = {"intake", "home"};
    const char *between = "";
    for (size_t s = 0; s < 2; s++)
        for (size_t r = 0; r < 2; r++)
            if (sides[s] & roles[r].role) {
                PUT(out, "%s%s %s", between, names[s], roles[r].name);
                between = ", ";
            }
}

static void put_part(struct buf *out, const struct document_part *part)
{
    static const char *const kinds[] = {"value", "date", "time", "word", "table", "paragraphs", "sentence", "by hand", "seal and date"};
    char path[256], *bar = path;
    snprintf(path, sizeof path, "%s", part->path ? part->path : "");
    PUT(out, "| %s | %s | ", part->label, kinds[part->kind]);
    for (char *c = path; *c; c++)
        if (*c == '|')
            *c = ',';
    for (char *c; *bar; bar = c) {
        c = bar + strcspn(bar, ",");
        PUT(out, "%s`%.*s`", bar == path ? "" : ", ", (int)(c - bar), bar);
        c += *c == ',';
    }
    bool blank = part->kind == PART_SENTENCE || part->kind == PART_BLANK;
    PUT(out, " | %s | %s%s%s |\n", blank ? "" : !part->otherwise ? "yes" : part->otherwise[0] ? part->otherwise : "left out",
        part->only ? "`" : "", part->only ? part->only : "", part->only ? "`" : "");
}

static void write_page(struct buf *out)
{
    PUT(out, "# Written documents\n\nMade from the table `proto/document_table.c` by `tests/unit/proto/test_document.c`.  How they "
             "are numbered and printed: [decision 9](../decisions/0009-numbers-of-documents.md);\nfor staff, with an example of "
             "each: [文书](../zh/documents.md).\n\nA number is the prefix of the office, the word, the year and a serial: "
             "`桐政服受〔2026〕000123号`.  *At print*: numbered when first printed; else with the act, in its\nsigned body "
             "(`document_no`, `seal`).  A row whose entry type this version does not know is never used.\n\n"
             "Forms: `text`, `markdown`, and `html`: one page for A4 that a browser prints, without script, link or picture from elsewhere "
             "(its\nContent-Security-Policy allows its own style only); every value is escaped.  The page has a QR code with the text\n"
             "`tongban:CASE?q=CODE`, e.g. `tongban:320623261123000000122?q=1A2B3C4D`: case number and query code, nothing about a "
             "person.\n\n"
             "| kind | title | word | made by | numbered by | at print | printed by | law |\n| --- | --- | --- | --- | --- | --- | --- "
             "| --- |\n");
    static const char *const issuers[] = {"intake side", "home side", "who acts"};
    for (size_t i = 0; i < document_table_count; i++) {
        const struct document_row *row = &document_table[i];
        PUT(out, "| `%s` | %s, %s | %s | ", row->id, row->zh, row->en, row->word[0] ? row->word : "–");
        for (const char *at = row->made_by; *at;) {
            size_t n = strcspn(at, "|");
            PUT(out, "%s`%.*s`", at == row->made_by ? "" : ", ", (int)n, at);
            at += n + (at[n] != '\0');
        }
        PUT(out, "%s%s | %s | %s | ", row->outcome ? " " : "", row->outcome ? row->outcome : "",
            row->word[0] ? issuers[row->issuer] : "nobody", row->at_print ? "yes" : "");
        put_roles(out, row);
        PUT(out, " | %s |\n", row->law);
    }
    PUT(out, "\n## Parts\n\n*Needed*: without it the document is not printed (`field` names it); otherwise the text that stands "
             "there instead.\n");
    for (size_t i = 0; i < document_table_count; i++) {
        PUT(out, "\n### `%s` %s\n\n| part | kind | from | needed | only if |\n| --- | --- | --- | --- | --- |\n", document_table[i].id,
            document_table[i].zh);
        for (size_t k = 0; k < document_table[i].part_count; k++)
            put_part(out, &document_table[i].parts[k]);
    }
}

static void write_examples(struct buf *out)
{
    for (size_t i = 0; i < document_table_count; i++) {
        json_t *source = source_of(&document_table[i]);
        char *text = render(&document_table[i], DOCUMENT_TEXT, source);
        PUT(out, "\n### %s `%s`\n\n```text\n%s```\n", document_table[i].zh, document_table[i].id, text);
        free(text);
        json_decref(source);
    }
}

static char *read_file(const char *path)
{
    static char bytes[512 * 1024];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
    bytes[len] = '\0';
    if (file)
        (void)fclose(file);
    return bytes;
}

static void test_page(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 512 * 1024);
    write_page(&out);
    if (strcmp(read_file(PAGE), out.data) != 0)
        fail_msg("%s differs from the table: run this test with --write and its path", PAGE);
    buf_clear(&out);
    write_examples(&out);
    const char *mark = strstr(read_file(EXAMPLES), MARK);
    if (!mark || strcmp(mark + strlen(MARK), out.data) != 0)
        fail_msg("%s differs from what is printed: run this test with --examples and its path", EXAMPLES);
    buf_free(&out);
}

static int write_file(const char *path, bool examples)
{
    struct buf out;
    buf_init(&out, 1024 * 1024);
    if (examples) {
        char *before = read_file(path), *mark = strstr(before, MARK);
        if (!mark)
            return 1;
        mark[strlen(MARK)] = '\0';
        PUT(&out, "%s", before);
        write_examples(&out);
    } else {
        write_page(&out);
    }
    FILE *file = fopen(path, "wb");
    size_t n = file ? fwrite(out.data, 1, out.len, file) : 0;
    bool whole = n == out.len && n > 0;
    buf_free(&out);
    return file && !fclose(file) && whole ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && (!strcmp(argv[1], "--write") || !strcmp(argv[1], "--examples")))
        return write_file(argv[2], !strcmp(argv[1], "--examples"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_each_is_whole_and_aligned),
        cmocka_unit_test(test_values_stand_below_each_other),
        cmocka_unit_test(test_each_mandatory_field_is_missed),
        cmocka_unit_test(test_paths_are_members_of_the_entries),
        cmocka_unit_test(test_marks_of_copies),
        cmocka_unit_test(test_authorisation_in_words),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_blank_form),
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
