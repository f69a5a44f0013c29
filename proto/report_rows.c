/* The rows of the reports: columns, and the one small function per report and source that turns a fact into rows. */
#include <stdlib.h>
#include <string.h>

#include "proto/light.h"
#include "proto/limits.h"
#include "proto/report_internal.h"
#include "proto/timestamp.h"

#define END REPORT_END

/* ---- what several reports ask of a case ---- */

int64_t report_day(int64_t ms)
{
    return ms ? timestamp_day(ms) : 0;
}

bool report_inside(const struct report_run *run, int64_t day)
{
    return day && run->from <= day && day <= run->to;
}

json_t *report_day_cell(int64_t day)
{
    char text[DATE_TEXT];
    if (!day)
        return json_null();
    date_format(day, text);
    return json_string(text);
}

const char *report_direction(const struct report_run *run, const char *intake)
{
    return strcmp(intake, run->us) ? "remote" : "local";
}

static const char *counterpart(const struct report_run *run, const struct report_case *c)
{
    return strcmp(c->intake, run->us) ? c->intake : c->home;
}

/* A clock of a case that was taken back, or that ended otherwise, was not missed by anybody after that day. */
static int64_t ended_on(const struct report_run *run, const struct report_case *c, enum report_clock clock)
{
    int64_t closed = report_day(c->times[TIME_CLOSED]);
    return c->ended[clock] ? c->ended[clock] : closed ? closed : run->today + 1;
}

/* ---- 收件台账 ---- */

static const struct report_column intake_columns[] = {
    {"day", "收件日期", REPORT_DAY},       {"case", "办件编号", REPORT_TEXT},      {"direction", "方向", REPORT_WORD},
    {"office", "对方单位", REPORT_TEXT},   {"item", "事项编码", REPORT_TEXT},      {"item_name", "事项名称", REPORT_TEXT},
    {"applicant", "申请人", REPORT_TEXT},  {"materials", "材料数", REPORT_COUNT}, {"late", "补录", REPORT_FLAG},
    {"state", "办件状态", REPORT_WORD},    END};

static int intake_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    if (!report_inside(run, report_day(c->times[TIME_HANDED_IN])))
        return 0;
    return report_emit(run, json_pack("[o, s, s, s, s, s, s, I, I, s]", report_day_cell(report_day(c->times[TIME_HANDED_IN])), c->case_no,
                                      report_direction(run, c->intake), counterpart(run, c), c->item, c->item_name, c->applicant,
                                      (json_int_t)c->materials, (json_int_t)c->late, case_states[c->state].name));
}

/* ---- 收件日报 ---- */

static const struct report_column daily_columns[] = {{"day", "收件日期", REPORT_DAY},
                                                     {"local", "本地代收", REPORT_COUNT},
                                                     {"remote", "异地代收", REPORT_COUNT},
                                                     {"total", "合计", REPORT_COUNT},
                                                     END};

static int daily_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    bool local = !strcmp(c->intake, run->us);
    if (!report_inside(run, report_day(c->times[TIME_HANDED_IN])))
        return 0;
    return report_emit(run, json_pack("[o, i, i, i]", report_day_cell(report_day(c->times[TIME_HANDED_IN])), (int)local, (int)!local, 1));
}

/* ---- 窗口收件统计 ---- */

static const struct report_column desks_columns[] = {
    {"township", "镇街", REPORT_TEXT},    {"window", "窗口", REPORT_TEXT},  {"staff", "工号", REPORT_TEXT}, {"cases", "收件数", REPORT_COUNT},
    {"materials", "材料数", REPORT_COUNT}, {"late", "补录", REPORT_COUNT}, {"open", "在办", REPORT_COUNT}, END};

/* What is not asked for is left empty, so that the rows add up. */
static const char *key_cell(const struct report_run *run, const char *column, const char *text)
{
    return !run->by || !run->by[0] || !strcmp(run->by, column) ? text : "";
}

static int desks_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    if (strcmp(c->intake, run->us) || !report_inside(run, report_day(c->times[TIME_HANDED_IN])))
        return 0;
    return report_emit(run, json_pack("[s, s, s, i, I, I, i]", key_cell(run, "township", c->township), key_cell(run, "window", c->window),
                                      key_cell(run, "staff", c->staff), 1, (json_int_t)c->materials, (json_int_t)c->late,
                                      (int)!case_states[c->state].final));
}

/* ---- 寄递台账 ---- */

static const struct report_column mail_columns[] = {
    {"case", "办件编号", REPORT_TEXT},    {"direction", "方向", REPORT_WORD},   {"item", "事项编码", REPORT_TEXT},
    {"what", "寄递内容", REPORT_WORD},    {"by", "寄出方", REPORT_WORD},        {"asked", "交寄日期", REPORT_DAY},
    {"carrier", "寄递企业", REPORT_TEXT},
    {"tracking_no", "运单号", REPORT_TEXT}, {"received", "签收日期", REPORT_DAY}, {"days", "工作日", REPORT_NUMBER},
    {"status", "寄递状态", REPORT_WORD},  END};

static const char *mail_status(const struct report_run *run, const struct report_case *c)
{
    if (c->mail_refused)
        return "mail_refused";
    if (c->times[TIME_DELIVERED])
        return c->mailed ? "mail_received" : "other_way";
    return c->due[REPORT_DELIVERY] && c->due[REPORT_DELIVERY] < run->today ? "mail_overdue" : "mail_under_way";
}

static int mail_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    int64_t asked = report_day(c->mail_asked_at), received = c->mailed ? report_day(c->received_at) : 0;
    if (!report_inside(run, asked) && !report_inside(run, received))
        return 0;
    json_t *days = asked && received ? json_integer(calendar_between(run->calendar, asked, received)) : json_null();
    return report_emit(run, json_pack("[s, s, s, s, s, o, s, s, o, o, s]", c->case_no, report_direction(run, c->intake), c->item,
                                      "mail_result", c->mail_place[0] ? c->mail_place : "home", report_day_cell(asked), c->carrier, c->tracking_no,
                                      report_day_cell(received), days, mail_status(run, c)));
}

/* ---- 补正台账 ---- */

static const struct report_column supplement_columns[] = {
    {"case", "办件编号", REPORT_TEXT},         {"direction", "方向", REPORT_WORD}, {"item", "事项编码", REPORT_TEXT},
    {"notice", "告知日期", REPORT_DAY},        {"deadline", "补正期限", REPORT_DAY}, {"supplemented", "补正日期", REPORT_DAY},
    {"days", "补正工作日", REPORT_NUMBER},     {"in_time", "是否按期", REPORT_WORD}, {"state", "办件状态", REPORT_WORD},
    END};

static const char *in_time(const struct report_run *run, const struct report_case *c)
{
    if (c->supplemented_at)
        return !c->deadline_day || report_day(c->supplemented_at) <= c->deadline_day ? "in_time" : "too_late";
    if (c->state != CASE_SUPPLEMENT_ASKED)
        return "not_supplemented";
    return c->deadline_day && c->deadline_day < run->today ? "missed" : "waiting";
}

static int supplement_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    int64_t notice = report_day(c->notice_at), done = report_day(c->supplemented_at);
    if (!report_inside(run, notice) && !report_inside(run, done))
        return 0;
    json_t *days = done ? json_integer(calendar_between(run->calendar, notice, done)) : json_null();
    return report_emit(run, json_pack("[s, s, s, o, o, o, o, s, s]", c->case_no, report_direction(run, c->intake), c->item,
                                      report_day_cell(notice), report_day_cell(c->deadline_day), report_day_cell(done), days,
                                      in_time(run, c), case_states[c->state].name));
}

/* ---- 超期、预警清单 ---- */

static const struct report_column overdue_columns[] = {
    {"due", "到期日", REPORT_DAY},        {"light", "灯色", REPORT_WORD},        {"left", "剩余工作日", REPORT_NUMBER},
    {"no", "台账编号", REPORT_TEXT},      {"case", "办件编号", REPORT_TEXT},     {"item", "事项编码", REPORT_TEXT},
    {"office", "责任单位", REPORT_TEXT},  {"side", "责任方", REPORT_WORD},       {"department", "部门", REPORT_TEXT},
    {"clock", "时限", REPORT_WORD},       {"level", "上报层级", REPORT_WORD},
    {"provisional", "暂定", REPORT_FLAG}, END};

static const char *const clock_words[REPORT_CLOCKS] = {"acceptance", "decision", "delivery"};

/* The side whose turn it is: the window of the intake side, or the home side. */
static bool intake_turn(enum case_state state)
{
    return case_state_todo(state) == TODO_WINDOW;
}

static int overdue_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    enum light light = light_of(run->calendar, c->due_from, c->due_day, run->today, c->stopped);
    if (case_states[c->state].final || (light != LIGHT_YELLOW && light != LIGHT_RED))
        return 0;
    int64_t over = light_overdue(run->calendar, c->due_day, run->today);
    int level = escalation_of(light, over);
    bool intake = intake_turn(c->state);
    return report_emit(run, json_pack("[o, s, I, s, s, s, s, s, s, s, s, i]", report_day_cell(c->due_day), light_text(light),
                                      (json_int_t)calendar_between(run->calendar, run->today, c->due_day), "", c->case_no, c->item,
                                      intake ? c->intake : c->home, intake ? "intake" : "home", intake ? "" : c->department, c->due_clock,
                                      level ? escalations[level - 1].name : "", (int)c->due_provisional));
}

/* ---- 统计看板 ---- */

static const struct report_column figures_columns[] = {
    {"section", "板块", REPORT_WORD}, {"key", "分组", REPORT_WORD},  {"label", "名称", REPORT_TEXT}, {"today", "当日", REPORT_COUNT},
    {"month", "当月", REPORT_COUNT},  {"year", "当年", REPORT_COUNT}, {"total", "累计", REPORT_COUNT}, END};

static int figure(struct report_run *run, const struct report_case *c, const char *section, const char *key, const char *label)
{
    char day[DATE_TEXT], to[DATE_TEXT];
    date_format(report_day(c->times[TIME_HANDED_IN]), day);
    date_format(run->to, to);
    return report_emit(run, json_pack("[s, s, s, i, i, i, i]", section, key, label, (int)!strcmp(day, to), (int)!strncmp(day, to, 7),
                                      (int)!strncmp(day, to, 4), 1));
}

static int figures_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    int64_t day = report_day(c->times[TIME_HANDED_IN]);
    if (!day || day > run->to)
        return 0;
    int rc = figure(run, c, "volume", "all", "");
    if (!rc)
        rc = figure(run, c, "direction", report_direction(run, c->intake), counterpart(run, c));
    if (!rc)
        rc = figure(run, c, "mode", c->mode[0] ? c->mode : "unknown", "");
    return rc ? rc : figure(run, c, "item", c->item, c->item_name);
}

/* 接入事项总数: what is offered now, by the office that decides.  Not a flow: today, month and year stay empty. */
static int figures_item(struct report_run *run, const struct report_fact *fact)
{
    const struct report_item *item = fact->item;
    if (!item->newest || item->edition != item->office_edition)
        return 0;
    char key[OFFICE_TEXT + 16];
    (void)snprintf(key, sizeof key, "%s %s", item->office, item->mode);
    return report_emit(run, json_pack("[s, s, s, i, i, i, i]", "offered", key, "", 0, 0, 0, 1));
}

/* ---- 例会材料 ---- */

static const struct report_column meeting_columns[] = {
    {"section", "板块", REPORT_WORD}, {"key", "分组", REPORT_WORD},   {"label", "名称", REPORT_TEXT}, {"measure", "指标", REPORT_WORD},
    {"count", "分子", REPORT_COUNT},  {"of", "分母", REPORT_COUNT},   {"value", "结果", REPORT_VALUE}, END};

int report_measure(struct report_run *run, const char *section, const char *key, const char *label, const char *what, int64_t count,
                   int64_t of)
{
    return report_emit(run, json_pack("[s, s, s, s, I, I, n]", section, key, label, what, (json_int_t)count, (json_int_t)of));
}

static int meeting_volume(struct report_run *run, const struct report_case *c)
{
    int rc = report_measure(run, "volume", "all", "", "cases", 1, 0);
    if (!rc)
        rc = report_measure(run, "mode", c->mode[0] ? c->mode : "unknown", "", "cases", 1, 0);
    if (!rc)
        rc = report_measure(run, "item", c->item, c->item_name, "cases", 1, 0);
    if (!rc)
        rc = report_measure(run, "direction", report_direction(run, c->intake), counterpart(run, c), "cases", 1, 0);
    return rc ? rc : report_measure(run, "supplement", "all", "", "supplement_rate", c->notices > 0, 1);
}

/* A clock counts in the period in which it had to be met.  Who had to meet it: the home department decides and tells; the side that was
 * asked to deliver delivers. */
static int meeting_clocks(struct report_run *run, const struct report_case *c)
{
    int rc = 0;
    for (int clock = REPORT_NOTICE; clock < REPORT_CLOCKS && !rc; clock++) {
        bool intake = clock == REPORT_DELIVERY && !strcmp(c->mail_place, "intake");
        int64_t due = c->due[clock], ended = ended_on(run, c, (enum report_clock)clock);
        /* one that ended before it was due is settled; one that still runs is not until its day has passed */
        if (!report_inside(run, due) || (due >= run->today && ended > run->today))
            continue;
        char side[OFFICE_TEXT + 16];
        (void)snprintf(side, sizeof side, "%s %s", intake ? c->intake : c->home, intake ? "intake" : "home");
        rc = report_measure(run, "overdue", side, intake ? "" : c->department, clock_words[clock], ended > due, 1);
    }
    return rc;
}

static int meeting_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    int64_t accepted = report_day(c->times[TIME_ACCEPTED]), decided = report_day(c->times[TIME_DECIDED]);
    int64_t asked = report_day(c->mail_asked_at);
    int rc = report_inside(run, report_day(c->times[TIME_HANDED_IN])) ? meeting_volume(run, c) : 0;
    if (!rc && accepted && report_inside(run, decided) && (c->granted || c->denied)) {
        int64_t days = calendar_between(run->calendar, accepted, decided);
        rc = report_measure(run, "speed", "all", "", "average_days", days, 1);
        if (!rc)
            rc = report_measure(run, "speed", c->home, c->department, "average_days", days, 1);
    }
    if (!rc && report_inside(run, c->refused ? decided : accepted))
        rc = report_measure(run, "refusal", "all", "", "refusal_rate", c->refused > 0, 1);
    if (!rc)
        rc = meeting_clocks(run, c);
    if (!rc && report_inside(run, asked)) {
        const char *status = mail_status(run, c);
        bool undelivered = !strcmp(status, "mail_overdue") || !strcmp(status, "mail_refused");
        rc = report_measure(run, "mail", "all", "", "undelivered_rate", undelivered, 1);
    }
    return rc;
}

/* ---- 授权清单 ---- */

static const struct report_column authorisation_columns[] = {
    {"no", "授权编号", REPORT_TEXT},          {"principal", "委托机关", REPORT_TEXT}, {"delegate", "受委托机关", REPORT_TEXT},
    {"steps", "委托环节", REPORT_TEXT},       {"items", "事项范围", REPORT_TEXT},     {"from", "起始日期", REPORT_DAY},
    {"until", "截止日期", REPORT_DAY},        {"acceptance", "含受理", REPORT_FLAG}, {"announcement", "公告文号", REPORT_TEXT},
    {"status", "效力", REPORT_WORD},          {"spans", "生效期间", REPORT_TEXT},     {"in_name", "文书名义", REPORT_CHOICE},
    {"open_cases", "未结办件处理", REPORT_CHOICE}, {"id", "记录编号", REPORT_TEXT},   END};

/* One of the configuration: in force for its whole period, in the principal's name; there is no rule for open cases. */
static int authorisation_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_grant *g = fact->grant;
    char spans[2 * DATE_TEXT + 2], from[DATE_TEXT], until[DATE_TEXT];
    const char *status = run->today < g->from_day ? "not_yet" : run->today > g->until_day ? "expired" : "in_force";
    if (g->registered || g->from_day > run->to || g->until_day < run->from)
        return 0;
    date_format(g->from_day, from);
    date_format(g->until_day, until);
    (void)snprintf(spans, sizeof spans, "%s..%s", from, until);
    return report_emit(run, json_pack("[s, s, s, s, s, s, s, i, s, s, s, s, s, s]", "", g->principal, g->delegate, g->steps, g->items, from,
                                      until, (int)g->acceptance, g->announcement, status, spans, "principal", "", g->id));
}

/* The days on which an authorisation of the configuration begins and ends are changes, too. */
static int meeting_grant(struct report_run *run, const struct report_fact *fact)
{
    const struct report_grant *g = fact->grant;
    char label[200];
    if (g->registered)
        return 0;
    (void)snprintf(label, sizeof label, "%s %s %s", g->delegate, g->steps, g->announcement);
    report_cut(label);
    int rc = report_inside(run, g->from_day) ? report_measure(run, "authorisation", g->principal, label, "begins", 1, 0) : 0;
    return !rc && report_inside(run, g->until_day) ? report_measure(run, "authorisation", g->principal, label, "ends", 1, 0) : rc;
}

/* ---- 事项清单变更 ---- */

static const struct report_column catalogue_columns[] = {
    {"office", "属地", REPORT_TEXT},        {"code", "事项编码", REPORT_TEXT},   {"name", "事项名称", REPORT_TEXT},
    {"version", "版本", REPORT_NUMBER},     {"change", "变更", REPORT_WORD},     {"effective_from", "生效日期", REPORT_DAY},
    {"edition", "所在版次", REPORT_NUMBER}, {"status", "现状", REPORT_WORD},     END};

static int catalogue_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_item *item = fact->item;
    int64_t day = 0;
    bool dated = item->effective_from[0] && !date_parse(item->effective_from, &day);
    if (dated && (day > run->to || day < run->from))
        return 0;
    bool current = item->newest && item->edition == item->office_edition;
    return report_emit(run, json_pack("[s, s, s, I, s, o, I, s]", item->office, item->code, item->name, (json_int_t)item->version,
                                      item->version > 1 ? "item_changed" : "item_new", dated ? report_day_cell(day) : json_null(),
                                      (json_int_t)item->edition,
                                      current        ? "in_force"
                                      : item->newest ? "item_withdrawn"
                                                     : "item_replaced"));
}

/* ---- the table ---- */

#define NO_FEED     {REPORT_CASES, NULL}
#define ONLY(source, row)                                                                                              \
    (const struct report_feed[])                                                                                       \
    {                                                                                                                  \
        {REPORT_##source, row}, NO_FEED                                                                                \
    }

static const struct report_feed figures_feeds[] = {{REPORT_CASES, figures_row}, {REPORT_ITEMS, figures_item}, NO_FEED};
static const struct report_feed mail_feeds[] = {{REPORT_CASES, mail_row}, {REPORT_OBJECTS, report_mail_object}, NO_FEED};
static const struct report_feed overdue_feeds[] = {{REPORT_CASES, overdue_row}, {REPORT_OBJECTS, report_overdue_object}, NO_FEED};
static const struct report_feed meeting_feeds[] = {
    {REPORT_CASES, meeting_row}, {REPORT_GRANTS, meeting_grant}, {REPORT_OBJECTS, report_meeting_object}, NO_FEED};
static const struct report_feed authorisation_feeds[] = {
    {REPORT_GRANTS, authorisation_row}, {REPORT_OBJECTS, report_authorisation_object}, NO_FEED};

const struct report reports[] = {
    {"intake", "收件台账", "every application handed in, day by day", intake_columns, ONLY(CASES, intake_row), "day", false,
     REPORT_SPAN_MONTH, REPORT_OPEN_IN, REPORT_NEEDS_EVENTS | REPORT_NEEDS_APPLICATION, "实施方案 三(三) 异地收件", 0},
    {"daily", "收件日报", "applications per day and direction", daily_columns, ONLY(CASES, daily_row), NULL, true, REPORT_SPAN_MONTH,
     REPORT_OPEN_IN, 0, "实施方案 三(三) 异地收件", 0},
    {"desks", "窗口收件统计", "applications per township, window and member of staff who took them in", desks_columns,
     ONLY(CASES, desks_row), NULL, true, REPORT_SPAN_MONTH, REPORT_OPEN_IN, REPORT_NEEDS_APPLICATION, "实施方案 三(三) 异地收件", 0},
    {"mail", "寄递台账", "results and papers sent by mail: carrier, number, and whether they arrived", mail_columns, mail_feeds, NULL, false,
     REPORT_SPAN_MONTH, REPORT_OPEN_IN, REPORT_NEEDS_EVENTS | REPORT_NEEDS_CLOCKS | REPORT_NEEDS_ACTS,
     "行政许可法 44；快递暂行条例 22-27", REPORT_REGISTER(TRANSFER)},
    {"supplement", "补正台账", "one-time notices, their deadlines and what came", supplement_columns, ONLY(CASES, supplement_row), NULL,
     false, REPORT_SPAN_MONTH, REPORT_OPEN_IN, REPORT_NEEDS_EVENTS, "行政许可法 32(4)", 0},
    {"overdue", "超期、预警清单", "cases whose day is near or past, steps, problems and bags whose day has come, who has to know", overdue_columns,
     overdue_feeds, "due", false, REPORT_SPAN_ALL, REPORT_OPEN, 0, "行政许可法 42, 74；实施方案 四(二)",
     REPORT_REGISTER(STEP) | REPORT_REGISTER(PROBLEM) | REPORT_REGISTER(TRANSFER)},
    {"figures", "统计看板", "volumes by direction, mode and item: today, month, year, in all", figures_columns, figures_feeds, NULL, true,
     REPORT_SPAN_ALL, REPORT_UP_TO, 0, "实施方案 四(二) 督考", 0},
    {"meeting", "例会材料", "the quarterly meeting: volumes, times, rates, what was late, ratings, problems", meeting_columns, meeting_feeds,
     NULL, true, REPORT_SPAN_QUARTER, REPORT_OPEN_IN, REPORT_NEEDS_EVENTS | REPORT_NEEDS_CLOCKS | REPORT_NEEDS_ACTS,
     "实施方案 三(三) 例会制度",
     REPORT_REGISTER(STEP) | REPORT_REGISTER(PROBLEM) | REPORT_REGISTER(TRANSFER) | REPORT_REGISTER(RATING) |
         REPORT_REGISTER(AUTHORISATION)},
    {"authorisation", "授权清单", "the authorisations that both sides gave", authorisation_columns, authorisation_feeds,
     "principal", false, REPORT_SPAN_ALL, REPORT_UP_TO, 0, "行政许可法 24", REPORT_REGISTER(AUTHORISATION)},
    {"catalogue", "事项清单变更", "new, changed and withdrawn items by the day they take effect", catalogue_columns,
     ONLY(ITEMS, catalogue_row), NULL, false, REPORT_SPAN_ALL, REPORT_OPEN_IN, 0, "行政许可法 30；实施方案 三(四)", 0},
    {"step", "委托环节台账", "delegated steps: asked for, due, done or not", report_step_columns, ONLY(OBJECTS, report_step_row), "requested",
     false, REPORT_SPAN_MONTH, REPORT_OPEN_IN, 0, "行政许可法 24；实施方案 三(三)", REPORT_REGISTER(STEP)},
    {"delegation", "委托环节统计", "delegated steps per kind and office: asked for, done, not done, late", report_delegation_columns,
     ONLY(OBJECTS, report_delegation_row), NULL, true, REPORT_SPAN_QUARTER, REPORT_OPEN_IN, 0, "行政许可法 24；实施方案 四(二)",
     REPORT_REGISTER(STEP)},
    {"transfer", "材料移交台账", "papers packed, sent, opened, lost: bag, carrier, days on the way", report_transfer_columns,
     ONLY(OBJECTS, report_transfer_row), "no", false, REPORT_SPAN_MONTH, REPORT_OPEN_IN, REPORT_NEEDS_ACTS, "快递暂行条例 22-27",
     REPORT_REGISTER(TRANSFER)},
    {"originals", "原件台账", "where the originals of each case are, and whether they balance", report_originals_columns,
     ONLY(CASES, report_originals_row), NULL, false, REPORT_SPAN_ALL, REPORT_UP_TO, REPORT_NEEDS_ORIGINALS, "行政许可法 31",
     REPORT_REGISTER(TRANSFER)},
    {"problem", "问题处置台账", "problems: who raised what, the measure, the day, the result", report_problem_columns,
     ONLY(OBJECTS, report_problem_row), "no", false, REPORT_SPAN_QUARTER, REPORT_OPEN_IN, 0, "实施方案 三(三) 问题处置机制",
     REPORT_REGISTER(PROBLEM)},
    {"rating", "好差评台账", "ratings of either side, and what followed from the bad ones", report_rating_columns,
     ONLY(OBJECTS, report_rating_row), "day", false, REPORT_SPAN_QUARTER, REPORT_OPEN_IN, REPORT_NEEDS_ACTS, "GB/T 39735-2020",
     REPORT_REGISTER(RATING)},
    {"contact", "通讯录", "who answers for which items, and who in absence", report_contact_columns, ONLY(OBJECTS, report_contact_row),
     "office", false, REPORT_SPAN_ALL, REPORT_UP_TO, 0, "实施方案 三(三) 梳理通讯录", REPORT_REGISTER(CONTACT)},
};
const size_t report_count = sizeof reports / sizeof reports[0];

/* Sections in the order of the pages; measures; words of cells. */
const struct report_word report_words[] = {
    {"volume", "volume", "总量"},
    {"mode", "by mode", "按办理模式"},
    {"item", "by item", "按事项"},
    {"direction", "by direction", "按方向"},
    {"offered", "items offered", "接入事项"},
    {"speed", "time from acceptance to decision", "受理到办结时长"},
    {"supplement", "supplements", "补正"},
    {"refusal", "refusals", "不予受理"},
    {"overdue", "overdue", "超期"},
    {"mail", "mail", "寄递"},
    {"rating", "ratings", "好差评"},
    {"problem", "problems", "问题处置"},
    {"agenda", "agenda", "例会议题"},
    {"step", "delegated steps", "委托环节"},
    {"authorisation", "authorisations", "授权"},
    {"all", "all", "全部"},
    {"unknown", "not known", "未知"},
    {"local", "taken in here for others", "本地代收"},
    {"remote", "taken in by others for us", "异地代收"},
    {"ONLINE", "wholly online", "全程网办"},
    {"PROXY", "taken in elsewhere for the home side", "异地代收代办"},
    {"LOCAL", "decided where it is taken in", "异地受理(授权办理)"},
    {"JOINT", "handled jointly", "多地联办"},
    {"cases", "cases", "件数"},
    {"average_days", "working days on average", "平均工作日"},
    {"supplement_rate", "share with a notice", "补正率"},
    {"refusal_rate", "share not accepted", "不予受理率"},
    {"undelivered_rate", "share not delivered", "未妥投率"},
    {"no_data", "no data", "无数据"},
    {"acceptance", "notice or acceptance", "告知或受理"},
    {"decision", "decision", "办结"},
    {"delivery", "delivery", "送达"},
    {"tolerance", "gaps to be made good", "容缺补齐"},
    {"special", "special procedure", "特别程序"},
    {"intake", "intake side", "收件地"},
    {"home", "home side", "办理地"},
    {"mail_received", "received", "已签收"},
    {"mail_refused", "refused by the recipient", "拒收"},
    {"mail_overdue", "not delivered in time", "逾期未妥投"},
    {"mail_under_way", "on its way", "在途"},
    {"other_way", "handed over otherwise", "改以其他方式送达"},
    {"in_time", "in time", "按期"},
    {"too_late", "too late", "逾期"},
    {"missed", "deadline missed", "逾期未补正"},
    {"waiting", "awaited", "待补正"},
    {"not_supplemented", "not supplemented", "未补正"},
    {"red", "red", "红"},
    {"yellow", "yellow", "黄"},
    {"officer", "officer in charge", "经办人"},
    {"liaison", "liaison", "联络员"},
    {"window_head", "head of the window", "窗口负责人"},
    {"coordinating_office", "coordinating office", "政务(数据)办/行政审批局"},
    {"meeting", "regular meeting", "例会"},
    {"in_force", "in force", "有效"},
    {"not_yet", "not yet in force", "未生效"},
    {"expired", "expired", "已到期"},
    {"item_new", "new", "新增"},
    {"item_changed", "changed", "变更"},
    {"item_withdrawn", "withdrawn", "已取消"},
    {"item_replaced", "replaced by a later version", "已被新版本取代"},
    {"applicant", "applicant", "申请人"},
    {"transfer", "papers on their way", "材料移交"},
    {"mail_result", "result", "办理结果"},
    {"mail_papers", "papers", "移交材料"},
    {"mail_lost", "lost", "遗失"},
    {"mail_back", "came back", "退件"},
    {"balanced", "balanced", "平衡"},
    {"unbalanced", "not balanced", "不平衡"},
    {"not_returned", "case closed, originals still held", "已办结未退还"},
    {"awaits_acceptance", "offered, not accepted yet", "待接受"},
    {"suspended", "suspended", "中止"},
    {"declined", "declined", "未接受"},
    {"taken_back", "offer taken back", "已撤回授予"},
    {"revoked", "revoked", "已撤销"},
    {"renounced", "given back", "已交回"},
    {"granted", "offered", "授予"},
    {"accepted", "accepted", "接受"},
    {"resumed", "put into force again", "恢复"},
    {"begins", "begins", "开始生效"},
    {"ends", "ends", "到期"},
    {"changes", "changes", "变更数"},
    {"ratings", "ratings", "评价数"},
    {"average_level", "level on average", "平均等级"},
    {"bad_rate", "share of bad ones", "差评率"},
    {"called_back_rate", "bad ones called back", "差评回访率"},
    {"put_right_rate", "bad ones put right", "差评整改率"},
    {"problems_raised", "raised in the period", "本期提出"},
    {"problems_solved", "closed in the period", "本期办结"},
    {"problems_open", "open at its end", "期末未结"},
    {"problems_late", "open and past their day", "未结且逾期"},
    {"question", "to be decided", "提交例会"},
    {"lost_rate", "share lost", "遗失率"},
    {"late_steps", "late", "超期"},
    {"taking_in", "taking in", "收件"},
    {"notice", "one-time notice", "一次性告知"},
    {"original", "original verification", "原件核验"},
    {"person", "person comparison", "人证比对"},
    {"materials", "materials", "申报材料"},
    {"standard", "standards", "受理标准"},
    {"system", "system", "系统故障"},
    {"originals", "originals", "原件"},
    {"delay", "delay", "办理拖延"},
    {"service", "service", "服务态度"},
    {"other", "other", "其他"},
};
const size_t report_word_count = sizeof report_words / sizeof report_words[0];

const struct report_section report_meeting_sections[] = {
    {"volume", "no_data"},  {"mode", "no_data"},          {"item", "no_data"},   {"direction", "no_data"},
    {"speed", "no_data"},   {"supplement", "no_data"},    {"refusal", "no_data"}, {"overdue", "no_data"},
    {"mail", "no_data"},    {"rating", "ratings"},        {"problem", "problems_open"}, {"step", "late_steps"},
    {"authorisation", "changes"}, {NULL, NULL}};
