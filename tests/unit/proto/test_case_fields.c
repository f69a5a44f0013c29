/* Bodies of the entries about a case: taken, refused at the right field, and every member changed in turn. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/case_machine.h"
#include "proto/limits.h"

#define PERSON                                                                                                         \
    "'applicant':{'kind':'person','name':'𠮷三','certificate':{'type':'citizen-id','number':'33048318500101001X'}," \
    "'mobile':'13900001234'}"
#define ITEM "'item':{'office':'330483','code':'GA01','version':1,'name':'居民身份证换领'}"
#define AT   "'handed_in_at':'2026-11-23T09:30:00+08:00'"
#define HASH "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"
#define DOCS "'documents':[{'name':'居民身份证','copies':1}]"
#define RECEIPT                                                                                                        \
    DOCS ",'place':'如东县政务服务中心','received_at':'2026-11-23T09:30:00+08:00','recipient':'张三','server':'李四'"

struct body {
    enum entry_type type;
    const char *text;  /* ' for " */
    const char *field; /* NULL: taken; else the field of the problem */
};

static const struct body bodies[] = {
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT "}", NULL},
    {ENTRY_CASE_INTAKEN,
     "{" ITEM "," PERSON "," AT
     ",'late':true,'remark':'第一行\\n第二行','form':{'曾用名':'甲','a':[1,{'b':'c'}],'n':''}}",
     NULL},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM "," PERSON "," AT
     ",'agent':{'name':'李四','certificate':{'type':'passport','number':'E12345678'},'power_of_attorney':" HASH "},"
     "'materials':[{'name':'原居民身份证','form':'original','original_seen':true,'sha256':" HASH
     ",'type':'application/pdf','size':100,'pages':2}],"
     "'comparison':{'result':'match','score':93,'device':'A'},'delivery':{'way':'mail','address':'路1号','recipient':'"
     "张三','mobile':'13900001234'}}",
     NULL},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM ",'applicant':{'kind':'organisation','name':'桐乡某厂','certificate':{'type':'uscc','number':'"
              "91330483MA0000015K'}}," AT "}",
     NULL},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM ",'applicant':{'kind':'organisation','name':'桐乡某厂','certificate':{'type':'uscc','number':'"
              "91330483MA0000015L'}}," AT "}",
     "/applicant/certificate/number"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM ",'applicant':{'kind':'organisation','name':'桐乡某厂','certificate':{'type':'citizen-id','number':'"
              "33048318500101001X'}}," AT "}",
     "/applicant/certificate/type"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM
     ",'applicant':{'kind':'person','name':'张三','certificate':{'type':'uscc','number':'91330483MA0000015K'}}," AT "}",
     "/applicant/certificate/type"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM ",'applicant':{'kind':'person','name':'张三','certificate':{'type':'citizen-id','number':'"
              "33048318500101001x'}}," AT "}",
     "/applicant/certificate/number"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM ",'applicant':{'kind':'person','name':'张三 "
              "','certificate':{'type':'citizen-id','number':'33048318500101001X'}}," AT "}",
     "/applicant/name"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM ",'applicant':{'kind':'person','name':'张三','certificate':{'type':'passport','number':'E1'}}," AT "}",
     "/applicant/certificate/number"},
    {ENTRY_CASE_SUBMITTED, "{" PERSON "," AT "}", "/item"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," AT "}", "/applicant"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "}", "/handed_in_at"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'forward':true}", "/forward"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'late':1}", "/late"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON ",'handed_in_at':'2026-11-23'}", "/handed_in_at"},
    {ENTRY_CASE_SUBMITTED, "{'item':{'office':'330483','code':'GA01'}," PERSON "," AT "}", "/item/version"},
    {ENTRY_CASE_SUBMITTED, "{'item':{'office':'330483','code':'GA01','version':0}," PERSON "," AT "}", "/item/version"},
    {ENTRY_CASE_SUBMITTED, "{'item':{'office':'33048','code':'GA01','version':1}," PERSON "," AT "}", "/item/office"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM "," PERSON "," AT ",'agent':{'name':'李四','certificate':{'type':'passport','number':'E12345678'}}}",
     "/agent/power_of_attorney"},
    {ENTRY_CASE_SUBMITTED,
     "{" ITEM "," PERSON "," AT ",'materials':[{'name':'甲','form':'original'},{'name':'乙','form':'paper'}]}",
     "/materials/1/form"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'materials':[{'name':'甲','form':'copy','sha256':'ABC'}]}",
     "/materials/0/sha256"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'materials':['甲']}", "/materials/0"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'materials':{}}", "/materials"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'comparison':{'result':'manual'}}", "/comparison/reason"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'comparison':{'result':'match','score':101}}",
     "/comparison/score"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'delivery':{'way':'mail','recipient':'张三'}}",
     "/delivery/address"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'delivery':{'way':'pickup'}}", "/delivery/place"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'delivery':{'way':'electronic','mobile':'139 0000'}}",
     "/delivery/mobile"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'form':[]}", "/form"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'form':{'a':{'b':{'c':{'d':{'e':1}}}}}}", "/form"},
    {ENTRY_CASE_SUBMITTED, "{" ITEM "," PERSON "," AT ",'form':{'a':'b\\u0007'}}", "/form"},
    {ENTRY_CASE_MATERIAL, "{'materials':[{'name':'甲','form':'copy'}]}", NULL},
    {ENTRY_CASE_MATERIAL, "{'materials':[]}", "/materials"},
    {ENTRY_CASE_MATERIAL, "{}", "/materials"},
    {ENTRY_CASE_COMPARED, "{'comparison':{'result':'manual','reason':'证件芯片损坏'}}", NULL},
    {ENTRY_CASE_COMPARED, "{'comparison':{'result':'mismatch'}}", "/comparison/reason"},
    {ENTRY_CASE_ABANDONED, "{'reason':'申请人要求'}", NULL},
    {ENTRY_CASE_ABANDONED, "{'reason':''}", "/reason"},
    {ENTRY_CASE_VIEWED, "{}", NULL},
    {ENTRY_CASE_RECEIVED, "{'received_at':'2026-11-23T09:30:00.123+08:00'}", NULL},
    {ENTRY_CASE_RECEIVED, "{'missing':1,'received_at':'2026-11-23T09:30:00.123+08:00'}", "/missing"},
    {ENTRY_CASE_ACCEPTED, "{'document_no':'桐公受〔2026〕1号','promised':'2026-12-21'}", NULL},
    {ENTRY_CASE_ACCEPTED, "{'promised':'2026-02-29'}", "/promised"},
    {ENTRY_CASE_NOTICE,
     "{'defects':[{'material':'户口簿','defect':'缺页','standard':'全部页','cure':'补扫'}],'deadline':'2026-12-01'}",
     NULL},
    {ENTRY_CASE_NOTICE,
     "{'defects':[{'material':'户口簿','defect':'缺页','standard':'全部页'}],'deadline':'2026-12-01'}",
     "/defects/0/cure"},
    {ENTRY_CASE_NOTICE, "{'defects':[],'deadline':'2026-12-01'}", "/defects"},
    {ENTRY_CASE_SUPPLEMENTED, "{'materials':[{'name':'甲','form':'electronic','sha256':" HASH "}]}", NULL},
    {ENTRY_CASE_REFUSED, "{'reason_class':'NOT_REQUIRED','reason':'无需许可','legal_basis':'行政许可法32(1)'}", NULL},
    {ENTRY_CASE_REFUSED, "{'reason_class':'NOT_COMPETENT','reason':'不属本机关','legal_basis':'行政许可法32(2)'}",
     "/referral"},
    {ENTRY_CASE_REFUSED, "{'reason_class':'NOT_REQUIRED','reason':'无需许可'}", "/legal_basis"},
    {ENTRY_CASE_REFUSED, "{'reason_class':'BORED','reason':'无','legal_basis':'无'}", "/reason_class"},
    {ENTRY_CASE_DECIDED,
     "{'outcome':'grant','result':{'name':'居民身份证','number':'1','sha256':" HASH
     ",'type':'application/pdf','size':3}}",
     NULL},
    {ENTRY_CASE_DECIDED, "{'outcome':'deny','reason':'不符合','remedies':'六十日'}", NULL},
    {ENTRY_CASE_DECIDED, "{'outcome':'deny','remedies':'六十日'}", "/reason"},
    {ENTRY_CASE_DECIDED, "{'outcome':'deny','reason':'不符合'}", "/remedies"},
    {ENTRY_CASE_DECIDED, "{}", "/outcome"},
    {ENTRY_CASE_DECIDED, "{'outcome':'maybe'}", "/outcome"},
    {ENTRY_CASE_DELIVERY, "{'way':'pickup','place':'intake'," DOCS "}", NULL},
    {ENTRY_CASE_DELIVERY, "{'way':'mail','place':'home','address':'路1号'," DOCS "}", "/recipient"},
    {ENTRY_CASE_DELIVERY, "{'way':'pickup','place':'intake'}", "/documents"},
    {ENTRY_CASE_DELIVERED, "{'way':'direct'," RECEIPT "}", NULL},
    {ENTRY_CASE_DELIVERED, "{'way':'direct'," RECEIPT ",'substitute':{'name':'王五','relation':'配偶'}}", NULL},
    {ENTRY_CASE_DELIVERED, "{'way':'direct'," RECEIPT ",'substitute':{'name':'王五'}}", "/substitute/relation"},
    {ENTRY_CASE_DELIVERED, "{'way':'electronic'," RECEIPT ",'substitute':{'name':'王五','relation':'配偶'}}",
     "/substitute"},
    {ENTRY_CASE_DELIVERED, "{'way':'mail'," RECEIPT ",'carrier':'EMS','tracking_no':'EE123456785CN'}", NULL},
    {ENTRY_CASE_DELIVERED, "{'way':'mail'," RECEIPT ",'carrier':'EMS','tracking_no':'EE123456784CN'}", "/tracking_no"},
    {ENTRY_CASE_DELIVERED, "{'way':'mail'," RECEIPT ",'carrier':'EMS'}", "/tracking_no"},
    {ENTRY_CASE_DELIVERED, "{'way':'mail'," RECEIPT ",'tracking_no':'EE123456785CN'}", "/carrier"},
    {ENTRY_CASE_DELIVERED,
     "{'way':'left_in_place'," RECEIPT ",'refusal_reason':'拒绝签收','witnesses':[{'name':'赵六'}]}", NULL},
    {ENTRY_CASE_DELIVERED, "{'way':'left_in_place'," RECEIPT ",'refusal_reason':'拒绝签收'}", "/witnesses"},
    {ENTRY_CASE_DELIVERED, "{'way':'left_in_place'," RECEIPT ",'witnesses':[{'name':'赵六'}]}", "/refusal_reason"},
    {ENTRY_CASE_DELIVERED, "{'way':'direct'," DOCS "}", "/place"},
    {ENTRY_CASE_WITHDRAWN, "{'reason':'不办了'}", NULL},
    {ENTRY_CASE_WITHDRAWN, "{}", "/reason"},
    {ENTRY_CASE_COMPLETED, "{}", NULL},
    {ENTRY_CASE_COMPLETED, "{'remark':7}", "/remark"},
    {ENTRY_CASE_CORRECTED, "{'what':'姓名','applicant':{'kind':'person','name':'李四','certificate':{'type':'passport','number':'E12345678'}},"
                           "'remark':'当场更正'}", NULL},
    {ENTRY_CASE_CORRECTED, "{'what':'姓名'}", "/applicant"},
    {ENTRY_CASE_CORRECTED, "{'what':'号码','applicant':{'kind':'person','name':'李四','certificate':{'type':'citizen-id',"
                           "'number':'330483185001010010'}}}", "/applicant/certificate/number"},
    {ENTRY_CASE_CORRECTED, "{'what':'送达','delivery':{'way':'mail','recipient':'张三'}}", "/delivery/address"},
    {ENTRY_CASE_DEEMED,
     "{'rule':'PERMIT_5WD','accepted_at':'2026-11-23T09:30:00+08:00','until':'2026-11-30','receipt':'home','law':'32(4)'}", NULL},
    {ENTRY_CASE_DEEMED, "{'rule':'MARKET_3WD','accepted_at':'2026-11-23T09:30:00+08:00','until':'2026-11-30','receipt':'home','law':'19'}",
     "/rule"},
    {ENTRY_CASE_TOLERATED, "{'gaps':[{'material':'照片','standard':'一寸'}],'deadline':'2026-12-01','consequence':'撤销受理'}", NULL},
    {ENTRY_CASE_TOLERATED, "{'gaps':[],'deadline':'2026-12-01'}", "/gaps"},
    {ENTRY_CASE_CURED, "{}", NULL},
    {ENTRY_CASE_REVOKED, "{'reason':'未补齐','legal_basis':'规定11','remedies':'六十日'}", NULL},
    {ENTRY_CASE_REVOKED, "{'reason':'未补齐','legal_basis':'规定11'}", "/remedies"},
    {ENTRY_CASE_LAPSED, "{'rule':'WITHDRAWN','deadline':'2026-12-01','law':'规定11'}", NULL},
    {ENTRY_CASE_LAPSED, "{'rule':'REFUSE','deadline':'2026-12-01','law':'规定11'}", "/rule"},
    {ENTRY_CASE_REVIEW, "{'kind':'form_check','officers':[{'name':'甲'}]}", NULL},
    {ENTRY_CASE_REVIEW, "{'kind':'substantive_review','officers':[{'name':'甲'}]}", "/officers"},
    {ENTRY_CASE_REVIEW, "{'kind':'substantive_review','officers':[{'name':'甲'},{'name':'甲'}]}", "/officers"},
    {ENTRY_CASE_SPECIAL, "{'kind':'hearing','basis':'46','days':20,'unit':'working_day','until':'2026-12-21'}", NULL},
    {ENTRY_CASE_SPECIAL, "{'kind':'hearing','basis':'46','days':20,'unit':'working_day'}", "/until"},
    {ENTRY_CASE_SPECIAL, "{'kind':'holiday','basis':'46','days':20,'unit':'working_day','until':'2026-12-21'}", "/kind"},
    {ENTRY_CASE_SPECIAL, "{'kind':'hearing','basis':'46','days':0,'unit':'working_day','until':'2026-12-21'}", "/days"},
    {ENTRY_CASE_RESUMED, "{'result':'听证笔录'}", NULL},
    {ENTRY_CASE_EXTENDED, "{'reason':'疑难','approver':'局长','days':10,'unit':'working_day','due':'2026-12-21'}", NULL},
    {ENTRY_CASE_EXTENDED, "{'reason':'疑难','approver':'局长','days':10,'due':'2026-12-21'}", "/unit"},
    {ENTRY_CASE_EXTENDED, "{'reason':'疑难','approver':'局长','days':10,'unit':'working_day'}", "/due"},
    {ENTRY_CASE_EXTENDED, "{'reason':'疑难','days':10,'unit':'working_day','due':'2026-12-21'}", "/approver"},
    {ENTRY_CASE_RETURNED, "{'reason_class':'WRONG_ITEM','reason':'选错','agreed':true}", NULL},
    {ENTRY_CASE_RETURNED, "{'reason_class':'WRONG_ITEM','reason':'选错','agreed':false}", "/agreed"},
    {ENTRY_CASE_RETURNED, "{'reason_class':'INCOMPLETE','reason':'不全','agreed':true}", "/reason_class"},
    {ENTRY_CASE_ABORTED, "{'reason_class':'DEATH','reason':'申请人死亡','approver':'局长'}", NULL},
    {ENTRY_CASE_ABORTED, "{'reason_class':'DEATH','reason':'申请人死亡'}", "/approver"},
    {ENTRY_CASE_RECALCULATED, "{'what':'decision','was':'2027-01-06','now':'2027-01-07','provisional':false,'calendar':'00'}", NULL},
    {ENTRY_RECEIPT, "{}", ""},
};

static json_t *read_body(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t error;
    json_t *doc = json_loads(copy, 0, &error);
    if (!doc)
        fail_msg("%s: %s", copy, error.text);
    free(copy);
    return doc;
}

static void test_bodies(void **state)
{
    (void)state;
    bool taken[ENTRY_TYPES] = {false};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        json_t *doc = read_body(bodies[i].text);
        struct problem p = {.id = PROBLEM_COUNT};
        int rc = case_check_body(bodies[i].type, doc, &p);
        if (!bodies[i].field && rc)
            fail_msg("%s: %s %s", bodies[i].text, p.field, p.detail);
        if (bodies[i].field && (rc != TB_EMALFORMED || p.id != PROBLEM_FIELD || strcmp(p.field, bodies[i].field)))
            fail_msg("%s: rc %d, field %s, not %s", bodies[i].text, rc, p.field, bodies[i].field);
        if (!rc)
            taken[bodies[i].type] = true;
        json_decref(doc);
    }
    for (int type = 0; type < ENTRY_TYPES; type++)
        assert_int_equal(taken[type], case_fields((enum entry_type)type) != NULL);
    assert_int_equal(case_check_body(ENTRY_CASE_COMPLETED, NULL, NULL), TB_EMALFORMED);
    assert_null(case_fields(ENTRY_TYPES));
}

/* Leaving out any required member, or adding any unknown one, anywhere, is seen. */
static void check_mutations(enum entry_type type, json_t *root, json_t *at, const struct case_field *fields,
                            unsigned *count)
{
    struct problem p;
    assert_int_equal(json_object_set_new(at, "unknown", json_true()), 0);
    assert_int_equal(case_check_body(type, root, &p), TB_EMALFORMED);
    assert_int_equal(json_object_del(at, "unknown"), 0);
    for (; fields->name; fields++) {
        json_t *value = json_incref(json_object_get(at, fields->name));
        if (!value)
            continue;
        ++*count;
        if (fields->required) {
            (void)json_object_del(at, fields->name);
            assert_int_equal(case_check_body(type, root, &p), TB_EMALFORMED);
        }
        assert_int_equal(json_object_set_new(at, fields->name, json_null()), 0);
        assert_int_equal(case_check_body(type, root, &p), TB_EMALFORMED);
        assert_int_equal(json_object_set(at, fields->name, value), 0);
        assert_int_equal(case_check_body(type, root, &p), 0);
        if (fields->members)
            check_mutations(type, root, json_is_array(value) ? json_array_get(value, 0) : value, fields->members,
                            count);
        json_decref(value);
    }
}

static void test_mutations(void **state)
{
    (void)state;
    unsigned count = 0;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (bodies[i].field)
            continue;
        json_t *doc = read_body(bodies[i].text);
        check_mutations(bodies[i].type, doc, doc, case_fields(bodies[i].type), &count);
        json_decref(doc);
    }
    print_message("%u members changed\n", count);
    assert_true(count > 100);
}

static void test_bounds(void **state)
{
    (void)state;
    json_t *doc = json_object(), *form = json_object(), *list = json_array();
    struct problem p;
    char *text = malloc(LIMIT_TEXT_BYTES + 2);
    assert_non_null(text);
    memset(text, 'a', LIMIT_TEXT_BYTES + 1);
    text[LIMIT_TEXT_BYTES + 1] = '\0';
    (void)json_object_set_new(doc, "remark", json_string(text));
    assert_int_equal(case_check_body(ENTRY_CASE_COMPLETED, doc, &p), TB_EMALFORMED);
    (void)json_object_set_new(doc, "remark", json_stringn(text, LIMIT_TEXT_BYTES));
    assert_int_equal(case_check_body(ENTRY_CASE_COMPLETED, doc, &p), 0);
    (void)json_object_set_new(doc, "remark", json_stringn("a\0b", 3));
    assert_int_equal(case_check_body(ENTRY_CASE_COMPLETED, doc, &p), TB_EMALFORMED);
    for (int i = 0; i <= LIMIT_CASE_MATERIALS; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s}", "name", "m", "form", "copy"));
    json_t *materials = json_pack("{s:o}", "materials", list);
    assert_int_equal(case_check_body(ENTRY_CASE_MATERIAL, materials, &p), TB_EMALFORMED);
    (void)json_array_remove(list, 0);
    assert_int_equal(case_check_body(ENTRY_CASE_MATERIAL, materials, &p), 0);
    json_t *application = read_body("{" ITEM "," PERSON "," AT "}");
    (void)json_object_set(application, "form", form);
    for (int i = 0; i < 499; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)json_object_set_new(form, key, json_integer(i));
    }
    assert_int_equal(case_check_body(ENTRY_CASE_SUBMITTED, application, &p), 0);
    (void)json_object_set_new(form, "one more", json_true());
    assert_int_equal(case_check_body(ENTRY_CASE_SUBMITTED, application, &p), TB_EMALFORMED);
    (void)json_object_clear(form);
    text[101] = '\0';
    (void)json_object_set_new(form, text, json_true());
    assert_int_equal(case_check_body(ENTRY_CASE_SUBMITTED, application, &p), TB_EMALFORMED);
    /* A member's long name does not overflow the problem's field. */
    text[101] = 'a';
    (void)json_object_set_new(application, text, json_true());
    assert_int_equal(case_check_body(ENTRY_CASE_SUBMITTED, application, &p), TB_EMALFORMED);
    assert_true(strlen(p.field) < sizeof p.field);
    json_decref(application);
    json_decref(materials);
    json_decref(form);
    json_decref(doc);
    free(text);
}

static void check_help(const struct case_field *fields)
{
    for (; fields->name; fields++) {
        assert_true(fields->help && fields->help[0] && fields->zh && fields->zh[0]);
        assert_int_equal(fields->kind == FIELD_ENUM || fields->kind == FIELD_CODE,
                         fields->values && fields->kind != FIELD_INT);
        if (fields->kind == FIELD_CODE)
            assert_true(code_kind(fields->values) >= 0);
        if (fields->kind == FIELD_INT && fields->values)
            assert_non_null(strchr(fields->values, '|'));
        if (fields->kind == FIELD_ARRAY)
            assert_non_null(fields->members);
        if (fields->members)
            check_help(fields->members);
    }
}

static void test_help(void **state)
{
    (void)state;
    for (int type = 0; type < ENTRY_TYPES; type++)
        if (case_fields((enum entry_type)type))
            check_help(case_fields((enum entry_type)type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
