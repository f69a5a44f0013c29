#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/item.h"
#include "proto/limits.h"
#include "proto/strict_json.h"

/* A page while it is written.  Errors stick: the first one is returned at the end. */
struct page {
    const json_t *item;
    const char *office;
    struct buf *out;
    int rc;
};

static void put(struct page *page, const char *text)
{
    if (!page->rc)
        page->rc = buf_append_str(page->out, text);
}

/* Text of the catalogue: what Markdown would read as form is written with a backslash. */
static void put_text(struct page *page, const char *text)
{
    for (const char *c = text; c && *c && !page->rc; c++) {
        if (strchr("\\`*_<>[]|#", *c))
            put(page, "\\");
        page->rc = page->rc ? page->rc : buf_append(page->out, c, 1);
    }
}

/* %t is catalogue text, %s ours, %d a number; nothing else. */
static void say(struct page *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (const char *c = format; *c && !page->rc; c++) {
        char number[16];
        if (c[0] != '%') {
            page->rc = buf_append(page->out, c, 1);
            continue;
        }
        c++;
        if (*c == 't')
            put_text(page, va_arg(args, const char *));
        else if (*c == 's')
            put(page, va_arg(args, const char *));
        else {
            (void)snprintf(number, sizeof number, "%d", va_arg(args, int));
            put(page, number);
        }
    }
    va_end(args);
}

static const char *word_of(const json_t *object, const char *name, const char *fallback)
{
    const char *word = strict_json_peek(object, name);
    return item_word(name, word[0] ? word : fallback, true);
}

static const char *words_of(const char *element, const char *letters, struct buf *out)
{
    buf_clear(out);
    int rc = 0;
    for (const char *c = letters; *c && !rc; c++) {
        char letter[2] = {*c, '\0'};
        rc = buf_printf(out, "%s%s", c == letters ? "" : "、", item_word(element, letter, true));
    }
    return !rc && out->data ? out->data : "";
}

static void list(struct page *page, const char *name, const char *none)
{
    const json_t *texts = json_object_get(page->item, name), *text;
    size_t i;
    json_array_foreach((json_t *)texts, i, text) say(page, "%d. %t\n", (int)i + 1, json_string_value(text));
    if (!json_array_size(texts))
        say(page, "%s\n", none);
    put(page, "\n");
}

static void row(struct page *page, const char *label, const char *text)
{
    if (text && text[0])
        say(page, "| %s | %t |\n", label, text);
}

static bool original_of(const json_t *material)
{
    const json_t *original = json_object_get(material, "original");
    return original ? json_is_true(original) : !strcmp(strict_json_peek(material, "form"), "O");
}

static bool shared_of(const json_t *material)
{
    if (item_licence_of(material) != ITEM_LICENCE_NONE)
        return item_licence_of(material) == ITEM_LICENCE_FETCHED;
    const json_t *shared = json_object_get(material, "shared");
    return shared ? json_is_true(shared) : !strcmp(strict_json_peek(material, "form"), "E");
}

static int copies_of(const json_t *material)
{
    const json_t *copies = json_object_get(material, "copies");
    if (copies)
        return (int)json_integer_value(copies);
    return strchr("CF", strict_json_peek(material, "form")[0] ? strict_json_peek(material, "form")[0] : '-') != NULL;
}

static void head(struct page *page, const char *kind)
{
    say(page, "# %t %s\n\n%t · %t · 事项编码 %t · 版本 %d · 自 %t 起施行", strict_json_peek(page->item, "name"), kind, page->office,
        strict_json_peek(page->item, "department"), strict_json_peek(page->item, "code"),
        (int)json_integer_value(json_object_get(page->item, "version")), strict_json_peek(page->item, "effective_from"));
    if (strict_json_peek(page->item, "effective_to")[0])
        say(page, "，至 %t 止", strict_json_peek(page->item, "effective_to"));
    put(page, "\n\n");
}

static void basics(struct page *page)
{
    const json_t *item = page->item, *codes = json_object_get(item, "codes"), *peer;
    struct buf text;
    char visits[16];
    size_t i;
    const json_t *given = json_object_get(item, "visits");
    bool online = !strcmp(strict_json_peek(item, "mode"), "ONLINE");
    buf_init(&text, LIMIT_TEXT_BYTES * 2);
    put(page, "| 要素 | 内容 |\n| --- | --- |\n");
    row(page, "事项类型", word_of(item, "task_type", ""));
    row(page, "服务对象", words_of("subject", strict_json_peek(item, "subject"), &text));
    row(page, "实施主体", strict_json_peek(item, "department"));
    row(page, "行使层级", word_of(item, "level", "county"));
    row(page, "办件类型", word_of(item, "project_type", ""));
    row(page, "通办模式", word_of(item, "mode", ""));
    row(page, "可选模式", strict_json_peek(item, "alternative")[0] ? word_of(item, "alternative", "") : "");
    row(page, "须本人到场", json_is_true(json_object_get(item, "in_person")) ? "是" : "否");
    (void)snprintf(visits, sizeof visits, "%d", given ? (int)json_integer_value(given) : !online);
    row(page, "到现场次数（最多）", visits);
    row(page, "基本编码", strict_json_peek(codes, "base"));
    row(page, "实施编码", strict_json_peek(codes, "implementation"));
    row(page, "业务办理项编码", strict_json_peek(codes, "handling"));
    json_array_foreach((json_t *)json_object_get(item, "counterparts"), i, peer)
    {
        buf_clear(&text);
        if (buf_printf(&text, "%s %s %s", strict_json_peek(peer, "office"), strict_json_peek(peer, "code"),
                       strict_json_peek(peer, "department")))
            page->rc = TB_ENOMEM;
        row(page, "对方对应事项", text.data);
    }
    put(page, "\n");
    buf_free(&text);
}

static void conditions(struct page *page)
{
    list(page, "conditions", "符合设定依据规定的条件。");
}

static void materials(struct page *page)
{
    const json_t *material;
    size_t i;
    put(page, "| 序号 | 材料名称 | 形式 | 必要性 | 核验原件 | 份数 | 来源渠道 | 可容缺 | 空白表样 |\n"
              "| ---: | --- | --- | --- | --- | ---: | --- | --- | --- |\n");
    json_array_foreach((json_t *)json_object_get(page->item, "materials"), i, material)
    {
        const char *when = strict_json_peek(material, "needed_when");
        bool always = json_is_true(json_object_get(material, "required"));
        const char *licence = item_licence_of(material) == ITEM_LICENCE_NONE ? "" : word_of(material, "licence", "");
        say(page, "| %d | %t | %s%s%s | %s%s%t | %s | %d | %s%s%t | %s | %t |\n", (int)i + 1, strict_json_peek(material, "name"),
            word_of(material, "form", ""), licence[0] ? "，" : "", licence,
            always ? "必要" : "非必要", when[0] ? "：" : "", when, original_of(material) ? "是" : "否",
            copies_of(material), word_of(material, "source", "applicant"), strict_json_peek(material, "issuer")[0] ? "：" : "",
            strict_json_peek(material, "issuer"), json_is_true(json_object_get(material, "deferrable")) ? "是" : "否",
            strict_json_peek(material, "template"));
    }
    put(page, "\n以上为全部材料，不得要求提供清单以外的材料（行政许可法第31条）。能够通过数据共享获取的，不重复提交"
              "（国务院令第716号第7条）。\n\n");
}

static void limit_row(struct page *page, const char *label, const char *name, const char *none)
{
    char text[64];
    const json_t *limit = json_object_get(page->item, name);
    say(page, "- %s：%s\n", label, json_is_object(limit) ? item_limit_text(limit, true, text, sizeof text) : none);
}

static const char *rule_of(const struct page *page)
{
    const char *rule = strict_json_peek(page->item, "notice_rule");
    return rule[0] ? rule : "PERMIT_5WD";
}

static void limits(struct page *page)
{
    limit_row(page, "法定办结时限", "statutory_limit", "法律法规未规定");
    if (strict_json_peek(page->item, "statutory_note")[0])
        say(page, "- 说明：%t\n", strict_json_peek(page->item, "statutory_note"));
    limit_row(page, "承诺办结时限", "promised_limit", "按法定办结时限");
    limit_row(page, "延期（一次）", "extension", json_object_get(page->item, "extension") ? "不延期" : "10个工作日");
    say(page, "- 材料不齐全或者不符合法定形式的：%s\n", item_word("notice_rule", rule_of(page), true));
    put(page, "- 时限自受理之日的次日起算；工作日不含法定节假日，含调休补班日。补正和特别程序所需时间不计入。\n");
    const json_t *text;
    size_t i;
    json_array_foreach((json_t *)json_object_get(page->item, "special_procedures"), i, text)
        say(page, "- 特别程序：%t\n", json_string_value(text));
    put(page, "\n");
}

static void fee(struct page *page)
{
    const char *text = strict_json_peek(page->item, "fee");
    if (!strcmp(text, "0"))
        put(page, "不收费。\n\n");
    else
        say(page, "收费标准：%t。收费依据：%t。\n\n", text,
            strict_json_peek(page->item, "fee_basis")[0] ? strict_json_peek(page->item, "fee_basis") : "见设定依据");
}

static const struct {
    const char *mode, *steps;
} flows[] = {
    {"ONLINE", "1. 登录网办平台或者到任一方窗口由工作人员协助，提交申请和电子材料。\n2. 属地部门审查并作出受理决定。\n"
               "3. 属地部门在承诺时限内办结。\n4. 按选择的方式送达结果。\n5. 评价。\n"},
    {"PROXY", "1. 到任一方“跨省通办”窗口咨询，提交申请和材料；窗口作形式审查、身份核验、原件核验，出具收件凭证（收件不等于受理）。\n"
              "2. 窗口将电子材料推送至属地部门，需要原件的另行寄递。\n3. 属地部门复核，受理、一次性告知补正或者不予受理。\n"
              "4. 属地部门在承诺时限内作出决定。\n5. 结果按选择的方式送达，窗口可以代为送达。\n6. 评价。\n"},
    {"LOCAL", "1. 到任一方“跨省通办”窗口提交申请和材料。\n2. 窗口经属地部门授权，以属地部门名义受理。\n3. 属地部门在承诺时限内办结。\n"
              "4. 按选择的方式送达结果。\n5. 评价。\n"},
    {"JOINT", "1. 到任一方窗口一次提交申请和材料。\n2. 窗口推送至属地部门，各有关部门内部协同，申请人不用跑多地。\n"
              "3. 各环节分别计时，由受理地汇总办结。\n4. 按选择的方式送达结果。\n5. 评价。\n"},
};

static void flow(struct page *page)
{
    for (size_t i = 0; i < sizeof flows / sizeof flows[0]; i++)
        if (!strcmp(flows[i].mode, strict_json_peek(page->item, "mode")))
            say(page, "%s\n", flows[i].steps);
}

static void delivery(struct page *page)
{
    const json_t *ways = json_object_get(page->item, "delivery"), *way;
    size_t i;
    say(page, "- 办理结果：%t\n- 送达方式：", strict_json_peek(page->item, "result"));
    json_array_foreach((json_t *)ways, i, way)
        say(page, "%s%s", i ? "、" : "", item_word("delivery", json_string_value(way), true));
    say(page, "%s\n\n", json_array_size(ways) ? "" : "窗口领取、邮寄");
}

static void basis(struct page *page)
{
    say(page, "%t\n\n", strict_json_peek(page->item, "legal_basis"));
}

static void contact(struct page *page)
{
    static const struct {
        const char *object, *member, *label;
    } rows[] = {{"contact", "office", "办理窗口"},       {"contact", "address", "办理地址"}, {"contact", "hours", "办公时间"},
                {"contact", "url", "网办地址"},          {"contact", "phone", "咨询电话"},   {"complaint", "phone", "监督投诉电话"},
                {"complaint", "body", "投诉受理单位"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = strict_json_peek(json_object_get(page->item, rows[i].object), rows[i].member);
        if (text[0])
            say(page, "- %s：%t\n", rows[i].label, text);
    }
    const json_t *complaint = json_object_get(page->item, "complaint");
    const char *review = strict_json_peek(complaint, "review_body"), *court = strict_json_peek(complaint, "court");
    say(page, "- 救济：对决定不服的，可以自收到之日起六十日内向%t申请行政复议（行政复议法第20条），或者自收到之日起六个月内向%t提起行政诉讼"
              "（行政诉讼法第46条）。\n\n", review[0] ? review : "行政复议机关", court[0] ? court : "有管辖权的人民法院");
}

static void unchecked(struct page *page)
{
    const json_t *names = json_object_get(page->item, "approximate"), *name;
    size_t i;
    if (!json_array_size(names))
        return;
    put(page, "> 以下要素为参考值，使用前须由实施主体核实：");
    json_array_foreach((json_t *)names, i, name)
    {
        const struct item_element *e = item_element_find(json_string_value(name));
        say(page, "%s%s", i ? "、" : "", e ? e->zh : "");
    }
    put(page, "。\n");
}

/* ---- for staff ---- */

static void survey(struct page *page)
{
    list(page, "survey_standards", "按受理条件逐项核对；不符合的当场说明，不予收件前先联系属地部门。");
}

static void check_material(struct page *page, size_t number, const json_t *material)
{
    const char *form = strict_json_peek(material, "form"), *when = strict_json_peek(material, "needed_when"),
               *standard = strict_json_peek(material, "standard");
    bool always = json_is_true(json_object_get(material, "required"));
    say(page, "### %d. %t（%s）\n\n", (int)number, strict_json_peek(material, "name"), word_of(material, "form", ""));
    say(page, "- 必要性：%s%s%t\n", always ? "必要" : "非必要", when[0] ? "，" : "", when);
    if (standard[0])
        say(page, "- 受理标准：%t\n", standard);
    if (original_of(material))
        put(page, "- 查验原件，与复印件、扫描件核对一致后记录“与原件一致”；不一致的当场指出，不得代为修改。\n");
    if (!strcmp(form, "S"))
        put(page, "- 由窗口现场采集，采集后当面确认。\n");
    if (!strcmp(form, "I"))
        put(page, "- 部门内部流转，不得要求申请人提供。\n");
    if (!strcmp(form, "F"))
        put(page, "- 逐栏核对填写完整、签名和日期齐全；可以当场更正的，允许申请人当场更正（行政许可法第32条第1款第3项）。\n");
    if (item_licence_of(material) == ITEM_LICENCE_SEEN)
        put(page, "- 查验申请人出示的电子证照：持证人、有效期、状态与申请一致，记录电子证照标识（GB/T 36904）；电子证照与纸质证照"
                  "具有同等法律效力（国务院令第716号第10条），不再要求原件。\n");
    if (item_licence_of(material) == ITEM_LICENCE_FETCHED)
        put(page, "- 属地部门自行调取电子证照，不收扫描件；申请人主动出示的，可以记录电子证照标识。\n");
    if (shared_of(material))
        put(page, "- 由属地部门共享获取；能够获取的不得要求提交。\n");
    if (json_is_true(json_object_get(material, "deferrable")))
        put(page, "- 可以容缺：其他主要材料齐全的先受理，出具容缺受理告知书并载明补交期限；逾期未补的撤销受理。\n");
    if (strict_json_peek(material, "issuer")[0])
        say(page, "- 出具单位：%t\n", strict_json_peek(material, "issuer"));
    if (strict_json_peek(material, "basis")[0])
        say(page, "- 要求依据：%t\n", strict_json_peek(material, "basis"));
    if (strict_json_peek(material, "template")[0])
        say(page, "- 空白表样：%t\n", strict_json_peek(material, "template"));
    if (copies_of(material))
        say(page, "- 留存份数：%d\n", copies_of(material));
    put(page, "\n");
}

static void check_points(struct page *page)
{
    const json_t *material;
    size_t i;
    json_array_foreach((json_t *)json_object_get(page->item, "materials"), i, material) check_material(page, i + 1, material);
    if (!json_array_size(json_object_get(page->item, "materials")))
        put(page, "无须提交材料。\n\n");
}

static void steps(struct page *page)
{
    static const struct {
        char letter;
        const char *rule;
    } rules[] = {
        {'I', "收齐材料，出具收件凭证，注明“收件不等于受理”；以属地部门名义办理，不得再委托（行政许可法第24条）"},
        {'N', "一次告知全部需要补正的内容，文书由属地部门出具，窗口代为送交"},
        {'O', "逐件查验原件并记录核验人、时间；发现疑点不作结论，推送属地部门核查"},
        {'P', "人、证、照比对，记录结果、分值、设备和时间，不留存人脸图像"},
        {'D', "当面送达并取得送达回证签名；拒收的注明理由，按留置送达记录"},
    };
    const char *letters = strict_json_peek(page->item, "steps");
    put(page, "| 环节 | 收件方可否办理 | 要点 |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        char letter[2] = {rules[i].letter, '\0'};
        say(page, "| %s | %s | %s |\n", item_word("steps", letter, true), strchr(letters, rules[i].letter) ? "可授权" : "不授权",
            rules[i].rule);
    }
    put(page, "\n以授权书为准：授权不在有效期内的，系统拒绝办理该环节。\n\n");
}

static const struct {
    const char *rule, *law, *act;
} notices[] = {
    {"PERMIT_5WD", "行政许可法第32条第1款第4项",
     "当场或者自收到材料之日起5个工作日内一次告知需要补正的全部内容；逾期不告知的，自收到材料之日起即为受理。"},
    {"ONSPOT_DEEMED", "不动产登记暂行条例第17条", "当场书面告知不予受理并一次性告知需要补正的全部内容；未当场书面告知的，视为受理。"},
    {"ONSPOT_ZJ", "浙江省保障“最多跑一次”改革规定第11条",
     "当场一次告知需要补正的全部内容并载明补正期限；主要材料齐全、次要材料欠缺的，可以容缺受理。"},
    {"MARKET_3WD", "市场主体登记管理条例第19条",
     "材料齐全、符合法定形式的当场登记，不能当场登记的3个工作日内登记，情形复杂的经批准再延长3个工作日；不齐全的一次性告知。"},
    {"NONE", "无特别规定", "材料不齐全的，说明缺少的材料，申请人补齐后再提交。"},
};

static void notice(struct page *page)
{
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++)
        if (!strcmp(notices[i].rule, rule_of(page)))
            say(page, "- 规则：%s（%s）。\n- 依据：%s。\n- 办法：%s\n", item_word("notice_rule", notices[i].rule, true), notices[i].rule,
                notices[i].law, notices[i].act);
    put(page, "- 告知只能一次：先对照全部材料，再出具告知书；第二次告知须说明理由并计入监督统计。\n\n");
}

static void overdue(struct page *page)
{
    static const struct {
        const char *rule, *act;
    } acts[] = {{"WITHDRAWN", "期限届满未补正的，视为撤回申请；重新申请不受影响。"},
                {"REFUSE", "期限届满未补正或者补正后仍不符合的，作出不予受理决定，书面说明理由。"},
                {"NONE", "期限届满未补正的，系统不自动处理，由经办人联系申请人后决定。"}};
    const char *rule = strict_json_peek(page->item, "overdue_supplement");
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (!strcmp(acts[i].rule, rule[0] ? rule : "REFUSE"))
            say(page, "%s\n\n", acts[i].act);
}

static void decision(struct page *page)
{
    say(page, "- 归档：一件一档，保管期限%s；由属地部门归档，收件方保存收件台账和送达凭证。\n",
        word_of(page->item, "retention", "10y"));
    delivery(page);
}

static void exceptions(struct page *page)
{
    put(page, "| 情形 | 处理 |\n| --- | --- |\n"
              "| 依法不需要取得许可或者不需要办理 | 即时告知不受理，不收材料（行政许可法第32条第1款第1项） |\n"
              "| 不属于本机关职权 | 即时作出不予受理决定，告知向有关机关申请（第2项） |\n"
              "| 人证比对不通过 | 改用人工核验，写明理由（姓名生僻字、照片年久、芯片损坏等）；仍不能确认的不收件 |\n"
              "| 原件与扫描件不一致 | 不作结论，联系属地部门联络员，按对方意见办理并记录 |\n"
              "| 链路中断 | 照常收件；系统恢复后自动推送，不重复录入 |\n"
              "| 寄递差异、破损 | 两人拆封对照移交清单，当场记录差异并告知对方 |\n"
              "| 申请人拒绝签收 | 写明拒收理由和日期，邀请见证人或者拍摄记录 |\n"
              "| 对方退回 | 按退回理由一次补齐，向申请人说明；不得让申请人往返两地 |\n\n");
}

struct section {
    const char *title;
    void (*write)(struct page *page);
};

static const struct section guide[] = {
    {"一、基本信息", basics}, {"二、受理条件", conditions}, {"三、申请材料", materials},     {"四、办理时限", limits},  {"五、收费", fee},
    {"六、办理流程", flow},   {"七、结果送达", delivery},   {"八、设定依据", basis}, {"九、咨询、监督投诉与救济", contact},
};
static const struct section manual[] = {
    {"一、导服与勘查标准", survey}, {"二、材料审查要点", check_points}, {"三、授权环节", steps},       {"四、一次性告知", notice},
    {"五、逾期未补正", overdue},    {"六、计时", limits},               {"七、送达与归档", decision}, {"八、特殊情形", exceptions},
    {"九、联系与救济", contact},
};

static int write_page(const json_t *item, const char *office, const char *kind, const struct section *sections, size_t count,
                      struct buf *out)
{
    struct page page = {item, office, out, 0};
    size_t before = out->len;
    head(&page, kind);
    for (size_t i = 0; i < count; i++) {
        say(&page, "## %s\n\n", sections[i].title);
        sections[i].write(&page);
    }
    unchecked(&page);
    if (page.rc)
        out->len = before;
    return page.rc;
}

int item_guide(const json_t *item, const char *office, struct buf *out)
{
    return write_page(item, office, "服务指南", guide, sizeof guide / sizeof guide[0], out);
}

int item_manual(const json_t *item, const char *office, struct buf *out)
{
    return write_page(item, office, "业务手册", manual, sizeof manual / sizeof manual[0], out);
}
