/* What reports are made of from the registers (proto/register.h): columns, and one function per report that turns an object into rows. */
#include <stdlib.h>
#include <string.h>

#include "proto/light.h"
#include "proto/limits.h"
#include "proto/report_internal.h"
#include "proto/timestamp.h"

#define END REPORT_END

enum { LIST_TEXT = 512 };

/* ---- what several reports ask of an object ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is_kind(const struct report_object *o, enum register_kind_id kind)
{
    return o->kind == &register_kinds[kind];
}

static bool in_state(const struct report_object *o, const char *name)
{
    return !strcmp(o->kind->states[o->state].name, name);
}

static bool is_final(const struct report_object *o)
{
    return o->kind->states[o->state].final;
}

/* The day on which the object's life ended; 0 while it goes on. */
static int64_t ended_on(const struct report_object *o)
{
    return is_final(o) ? report_day(o->changed) : 0;
}

static int64_t date_of(const json_t *object, const char *name)
{
    int64_t day;
    return date_parse(text_of(object, name), &day) ? 0 : day;
}

/* The day of the last act of this name; 0 when there was none. */
static int64_t acted_on(const struct report_object *o, const char *act)
{
    for (size_t i = o->act_count; i-- > 0;)
        if (!strcmp(o->acts[i].act->name, act))
            return report_day(o->acts[i].at);
    return 0;
}

/* It was there at some time of the period. */
static bool touches(const struct report_run *run, const struct report_object *o)
{
    return report_day(o->opened) <= run->to && (!is_final(o) || report_day(o->changed) >= run->from);
}

/* Working days past the due day until it ended, or until today; 0 when it was in time or nothing was due. */
static int64_t days_late(const struct report_run *run, int64_t due, int64_t ended)
{
    return due ? light_overdue(run->calendar, due, ended ? ended : run->today) : 0;
}

static bool is_late(const struct report_run *run, int64_t due, int64_t ended)
{
    return due && (ended ? ended > due : run->today > due);
}

int64_t report_object_due(const struct calendar *calendar, const struct report_object *o)
{
    int64_t day;
    bool provisional;
    if (is_kind(o, REGISTER_PROBLEM))
        return o->due_day ? o->due_day : date_of(json_object_get(o->content, "handling"), "due");
    if (!is_kind(o, REGISTER_TRANSFER))
        return is_kind(o, REGISTER_STEP) ? o->due_day : 0;
    const json_t *mail = json_object_get(o->content, "mail");
    int64_t expected = date_of(mail, "expected_on"), posted = date_of(mail, "posted_on");
    if (expected || !posted)
        return expected;
    return calendar_add(calendar, posted, (unsigned)step_limits[LIMIT_STEP_ORIGINALS].days, &day, &provisional) ? 0 : day;
}

const char *report_object_turn(const struct report_object *o)
{
    unsigned turn = o->kind->states[o->state].turn;
    if (turn == REGISTER_BOTH) /* a bad rating: the side that was rated */
        return strcmp(text_of(o->content, "about"), "home_department") ? o->intake : o->home;
    return turn == REGISTER_OWNER ? o->owner : turn == REGISTER_OTHER ? o->other : "";
}

/* "intake", "home", or "" when it is about no case. */
static const char *side_of(const struct report_object *o, const char *office)
{
    return !o->case_no[0] ? "" : strcmp(office, o->home) ? "intake" : "home";
}

void report_cut(char *text)
{
    size_t len = strlen(text), at = len;
    while (at > 0 && len - at < 4 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at > 0 && (unsigned char)text[at - 1] >= 0xC0) {
        unsigned char lead = (unsigned char)text[at - 1];
        size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (len - (at - 1) < whole)
            text[at - 1] = '\0';
    }
}

/* A list of names in one cell; what does not fit is counted. */
static void names_text(const json_t *list, char *out, size_t size)
{
    size_t i, len = 0, count = json_array_size(list);
    json_t *one;
    out[0] = '\0';
    json_array_foreach(list, i, one)
    {
        const char *name = text_of(one, "name");
        if (len + strlen(name) + 24 > size) {
            (void)snprintf(out + len, size - len, "%s+%zu", len ? "; " : "", count - i);
            return;
        }
        len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "; " : "", name);
    }
}

/* ---- 委托环节台账, 委托环节统计 ---- */

const struct report_column report_step_columns[] = {
    {"requested", "委托日期", REPORT_DAY}, {"no", "台账编号", REPORT_TEXT}, {"case", "办件编号", REPORT_TEXT},
    {"step", "环节", REPORT_CHOICE},       {"office", "受委托机关", REPORT_TEXT}, {"due", "到期日", REPORT_DAY},
    {"ended", "办结日期", REPORT_DAY},     {"state", "状态", REPORT_STATE}, {"light", "灯色", REPORT_WORD},
    {"days_late", "超期工作日", REPORT_NUMBER}, END};

int report_step_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    int64_t ended = ended_on(o);
    if (!touches(run, o))
        return 0;
    enum light light = ended ? LIGHT_NONE : light_of(run->calendar, report_day(o->opened), o->due_day, run->today, false);
    return report_emit(run, json_pack("[o, s, s, s, s, o, o, s, s, I]", report_day_cell(report_day(o->opened)), o->no, o->case_no,
                                      text_of(o->content, "step"), o->other, report_day_cell(o->due_day), report_day_cell(ended),
                                      o->kind->states[o->state].name, light_text(light),
                                      (json_int_t)days_late(run, o->due_day, ended)));
}

const struct report_column report_delegation_columns[] = {
    {"step", "环节", REPORT_CHOICE},    {"office", "受委托机关", REPORT_TEXT}, {"requested", "委托", REPORT_COUNT},
    {"open", "待办", REPORT_COUNT},     {"done", "完成", REPORT_COUNT},        {"failed", "未成", REPORT_COUNT},
    {"returned", "退回", REPORT_COUNT}, {"void", "作废", REPORT_COUNT},        {"late", "超期", REPORT_COUNT}, END};

int report_delegation_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    if (!report_inside(run, report_day(o->opened)))
        return 0;
    return report_emit(run, json_pack("[s, s, i, i, i, i, i, i, i]", text_of(o->content, "step"), o->other, 1, (int)!is_final(o),
                                      (int)in_state(o, "done"), (int)in_state(o, "failed"), (int)in_state(o, "returned"),
                                      (int)in_state(o, "void"), (int)is_late(run, o->due_day, ended_on(o))));
}

/* ---- 材料移交台账 ---- */

const struct report_column report_transfer_columns[] = {
    {"no", "台账编号", REPORT_TEXT},        {"case", "办件编号", REPORT_TEXT},    {"route", "移交方向", REPORT_WORD},
    {"documents", "材料", REPORT_TEXT},     {"originals", "原件份数", REPORT_COUNT}, {"bag", "封袋号", REPORT_TEXT},
    {"carrier", "寄递企业", REPORT_TEXT},   {"tracking_no", "运单号", REPORT_TEXT}, {"posted", "寄出日期", REPORT_DAY},
    {"opened", "开封日期", REPORT_DAY},     {"opened_by", "开封人", REPORT_TEXT}, {"differences", "差异", REPORT_COUNT},
    {"state", "状态", REPORT_STATE},        {"days", "在途工作日", REPORT_NUMBER}, {"days_late", "超期工作日", REPORT_NUMBER}, END};

/* From whom to whom: two offices, or the applicant and one. */
static void route_text(const struct report_object *o, char out[32])
{
    bool kept = in_state(o, "kept"), back = in_state(o, "handed_back");
    (void)snprintf(out, 32, "%s %s", kept ? "applicant" : o->owner, kept ? o->owner : back ? "applicant" : o->other);
}

int report_transfer_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    const json_t *mail = json_object_get(o->content, "mail"), *opening = json_object_get(o->content, "opening");
    int64_t posted = date_of(mail, "posted_on"), opened = acted_on(o, "open");
    int64_t until = opened ? opened : in_state(o, "sent") ? run->today : 0;
    char route[32], documents[LIST_TEXT], people[2 * LIMIT_NAME_BYTES + 4];
    if (!touches(run, o))
        return 0;
    route_text(o, route);
    names_text(json_object_get(o->content, "documents"), documents, sizeof documents);
    (void)snprintf(people, sizeof people, "%s%s%s", text_of(opening, "opened_by"), opening ? ", " : "", text_of(opening, "second"));
    return report_emit(
        run, json_pack("[s, s, s, s, I, s, s, s, o, o, s, I, s, o, I]", o->no, o->case_no, route, documents,
                       (json_int_t)originals_listed(o->content), text_of(o->content, "bag"), text_of(mail, "carrier"),
                       text_of(mail, "tracking_no"), report_day_cell(posted), report_day_cell(opened), people,
                       (json_int_t)json_array_size(json_object_get(opening, "differences")), o->kind->states[o->state].name,
                       posted && until ? json_integer((json_int_t)calendar_between(run->calendar, posted, until)) : json_null(),
                       (json_int_t)(until ? days_late(run, report_object_due(run->calendar, o), until) : 0)));
}

/* The mail of the papers beside that of the results. */
static const char *mail_status(const struct report_run *run, const struct report_object *o)
{
    if (in_state(o, "lost") || in_state(o, "written_off"))
        return "mail_lost";
    if (in_state(o, "came_back") || in_state(o, "unpacked"))
        return "mail_back";
    if (!in_state(o, "sent"))
        return "mail_received";
    return is_late(run, report_object_due(run->calendar, o), 0) ? "mail_overdue" : "mail_under_way";
}

int report_mail_object(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    const json_t *mail = json_object_get(o->content, "mail");
    int64_t posted = date_of(mail, "posted_on"), opened = acted_on(o, "open");
    if (!report_inside(run, posted) && !report_inside(run, opened))
        return 0;
    return report_emit(run, json_pack("[s, s, s, s, s, o, s, s, o, o, s]", o->case_no, report_direction(run, o->intake), o->item,
                                      "mail_papers", side_of(o, o->owner), report_day_cell(posted), text_of(mail, "carrier"),
                                      text_of(mail, "tracking_no"), report_day_cell(opened),
                                      posted && opened ? json_integer((json_int_t)calendar_between(run->calendar, posted, opened))
                                                       : json_null(),
                                      mail_status(run, o)));
}

/* ---- 原件台账 ---- */

const struct report_column report_originals_columns[] = {
    {"case", "办件编号", REPORT_TEXT},       {"direction", "方向", REPORT_WORD},      {"item", "事项编码", REPORT_TEXT},
    {"kept", "收存", REPORT_COUNT},          {"at_intake", "在收件地", REPORT_COUNT}, {"at_home", "在办理地", REPORT_COUNT},
    {"moving", "在途", REPORT_COUNT},        {"lost", "遗失", REPORT_COUNT},          {"returned", "已退还", REPORT_COUNT},
    {"balanced", "平衡", REPORT_WORD},       {"state", "办件状态", REPORT_WORD},      END};

static bool any_originals(const struct originals *s)
{
    return s->kept || s->returned || s->at_intake || s->at_home || s->moving || s->lost || !s->balanced;
}

int report_originals_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_case *c = fact->one;
    const struct originals *s = &c->originals;
    if (!any_originals(s) || report_day(c->times[TIME_HANDED_IN]) > run->to)
        return 0;
    bool held = s->at_intake + s->at_home + s->moving > 0;
    const char *word = !s->balanced ? "unbalanced" : case_states[c->state].final && held ? "not_returned" : "balanced";
    return report_emit(run, json_pack("[s, s, s, I, I, I, I, I, I, s, s]", c->case_no, report_direction(run, c->intake), c->item,
                                      (json_int_t)s->kept, (json_int_t)s->at_intake, (json_int_t)s->at_home, (json_int_t)s->moving,
                                      (json_int_t)s->lost, (json_int_t)s->returned, word, case_states[c->state].name));
}

/* ---- 问题处置台账 (domain.md 8: no., case, raised by, class, measure, due, result) ---- */

const struct report_column report_problem_columns[] = {
    {"no", "编号", REPORT_TEXT},         {"raised", "提出日期", REPORT_DAY}, {"case", "办件编号", REPORT_TEXT},
    {"office", "提出单位", REPORT_TEXT}, {"class", "问题类别", REPORT_CHOICE}, {"subject", "问题", REPORT_TEXT},
    {"responsible", "责任人", REPORT_TEXT}, {"measure", "处置措施", REPORT_TEXT}, {"due", "办理期限", REPORT_DAY},
    {"result", "处置结果", REPORT_TEXT}, {"meeting", "例会日期", REPORT_DAY}, {"state", "状态", REPORT_STATE},
    {"days_late", "超期工作日", REPORT_NUMBER}, END};

int report_problem_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    const json_t *measures = json_object_get(o->content, "measures");
    size_t count = json_array_size(measures);
    int64_t due = report_object_due(run->calendar, o);
    if (!touches(run, o))
        return 0;
    return report_emit(run, json_pack("[s, o, s, s, s, s, s, s, o, s, o, s, I]", o->no, report_day_cell(report_day(o->opened)), o->case_no,
                                      o->owner, text_of(o->content, "class"), text_of(o->content, "subject"),
                                      text_of(json_object_get(o->content, "handling"), "responsible"),
                                      text_of(count ? json_array_get(measures, count - 1) : NULL, "measure"), report_day_cell(due),
                                      text_of(json_object_get(o->content, "result"), "result"),
                                      report_day_cell(date_of(json_object_get(o->content, "meeting"), "meeting")),
                                      o->kind->states[o->state].name, (json_int_t)days_late(run, due, ended_on(o))));
}

/* ---- 好差评 ---- */

const struct report_column report_rating_columns[] = {
    {"day", "评价日期", REPORT_DAY},       {"no", "台账编号", REPORT_TEXT},     {"case", "办件编号", REPORT_TEXT},
    {"office", "被评单位", REPORT_TEXT},   {"about", "评价对象", REPORT_CHOICE}, {"level", "评价等级", REPORT_NUMBER},
    {"channel", "评价渠道", REPORT_CHOICE}, {"counted", "计入统计", REPORT_FLAG}, {"state", "状态", REPORT_STATE},
    {"called", "回访日期", REPORT_DAY},    {"call_days", "回访工作日", REPORT_NUMBER}, {"fixed", "整改日期", REPORT_DAY},
    {"fix_days", "整改工作日", REPORT_NUMBER}, END};

static const char *rated_office(const struct report_object *o)
{
    return strcmp(text_of(o->content, "about"), "home_department") ? o->intake : o->home;
}

/* Nobody rated: the system put it in (GB/T 39735-2020), and it is no opinion. */
static bool rating_counts(const struct report_object *o)
{
    return strcmp(text_of(o->content, "channel"), "default") != 0;
}

static json_t *between_cell(const struct report_run *run, int64_t from, int64_t to)
{
    return from && to ? json_integer((json_int_t)calendar_between(run->calendar, from, to)) : json_null();
}

int report_rating_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    int64_t day = report_day(o->opened), called = acted_on(o, "call-back"), fixed = acted_on(o, "put-right");
    if (!report_inside(run, day))
        return 0;
    return report_emit(run, json_pack("[o, s, s, s, s, I, s, i, s, o, o, o, o]", report_day_cell(day), o->no, o->case_no, rated_office(o),
                                      text_of(o->content, "about"), json_integer_value(json_object_get(o->content, "level")),
                                      text_of(o->content, "channel"), (int)rating_counts(o), o->kind->states[o->state].name,
                                      report_day_cell(called), between_cell(run, day, called), report_day_cell(fixed),
                                      between_cell(run, day, fixed)));
}

/* ---- 通讯录 ---- */

const struct report_column report_contact_columns[] = {
    {"office", "单位", REPORT_TEXT},       {"function", "职责", REPORT_CHOICE}, {"name", "姓名", REPORT_TEXT},
    {"department", "部门", REPORT_TEXT},   {"items", "负责事项", REPORT_TEXT},  {"phone", "电话", REPORT_TEXT},
    {"duty_hours", "值班时间", REPORT_TEXT}, {"deputy", "代理人", REPORT_TEXT}, {"deputy_phone", "代理人电话", REPORT_TEXT},
    {"state", "状态", REPORT_STATE},       {"absence", "离岗期间", REPORT_TEXT}, {"no", "台账编号", REPORT_TEXT}, END};

int report_contact_row(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    const json_t *absence = in_state(o, "away") ? json_object_get(o->content, "absence") : NULL;
    char away[2 * DATE_TEXT + 4];
    if (is_final(o))
        return 0;
    (void)snprintf(away, sizeof away, "%.10s%s%.10s", text_of(absence, "from"), absence ? ".." : "", text_of(absence, "until"));
    return report_emit(run, json_pack("[s, s, s, s, s, s, s, s, s, s, s, s]", o->owner, text_of(o->content, "function"),
                                      text_of(o->content, "name"), text_of(o->content, "department"), text_of(o->content, "items"),
                                      text_of(o->content, "phone"), text_of(o->content, "duty_hours"), text_of(o->content, "deputy"),
                                      text_of(o->content, "deputy_phone"), o->kind->states[o->state].name, away, o->no));
}

/* ---- 授权清单 ---- */

/* What a state means to whoever reads the list: an authorisation in force is so only within its days. */
static const char *grant_status(const struct report_run *run, const struct report_object *o)
{
    static const struct {
        const char *state, *status;
    } words[] = {{"offered", "awaits_acceptance"}, {"suspended", "suspended"}, {"declined", "declined"}, {"withdrawn", "taken_back"},
                 {"revoked", "revoked"},           {"renounced", "renounced"}, {"expired", "expired"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (in_state(o, words[i].state))
            return words[i].status;
    int64_t from = date_of(o->content, "from"), until = date_of(o->content, "until");
    return run->today < from ? "not_yet" : run->today > until ? "expired" : "in_force";
}

int report_authorisation_object(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    const json_t *c = o->content;
    const char *rule = text_of(json_object_get(c, "revocation"), "open_cases");
    int64_t from = date_of(c, "from"), until = date_of(c, "until");
    if (from > run->to || until < run->from || report_day(o->opened) > run->to)
        return 0;
    return report_emit(run, json_pack("[s, s, s, s, s, o, o, i, s, s, s, s, s, s]", o->no, o->owner, o->other, text_of(c, "steps"),
                                      text_of(c, "items"), report_day_cell(from), report_day_cell(until),
                                      (int)json_is_true(json_object_get(c, "acceptance")), text_of(c, "announcement"),
                                      grant_status(run, o), o->spans, text_of(c, "in_name"), rule[0] ? rule : text_of(c, "open_cases"),
                                      o->uuid));
}

/* ---- 超期、预警清单 ---- */

int report_overdue_object(struct report_run *run, const struct report_fact *fact)
{
    const struct report_object *o = fact->object;
    const char *office = report_object_turn(o);
    int64_t due = report_object_due(run->calendar, o);
    if (is_final(o) || !office[0] || !due || (is_kind(o, REGISTER_TRANSFER) && !in_state(o, "sent")))
        return 0;
    enum light light = light_of(run->calendar, report_day(o->opened), due, run->today, false);
    if (light != LIGHT_RED) /* a limit of one day is yellow from the start: that warns of nothing */
        return 0;
    int level = escalation_of(light, light_overdue(run->calendar, due, run->today));
    return report_emit(run, json_pack("[o, s, I, s, s, s, s, s, s, s, s, i]", report_day_cell(due), light_text(light),
                                      (json_int_t)calendar_between(run->calendar, run->today, due), o->no, o->case_no, o->item, office,
                                      side_of(o, office), "", o->kind->name, level ? escalations[level - 1].name : "", 0));
}

/* ---- 例会材料 ---- */

static int meeting_rating(struct report_run *run, const struct report_object *o)
{
    int64_t level = json_integer_value(json_object_get(o->content, "level"));
    char key[OFFICE_TEXT + 16];
    if (!report_inside(run, report_day(o->opened)) || !rating_counts(o))
        return 0;
    (void)snprintf(key, sizeof key, "%s %s", rated_office(o), side_of(o, rated_office(o)));
    bool bad = level <= RATING_BAD;
    int rc = report_measure(run, "rating", key, "", "ratings", 1, 0);
    rc = rc ? rc : report_measure(run, "rating", key, "", "average_level", level, 1);
    rc = rc ? rc : report_measure(run, "rating", key, "", "bad_rate", bad, 1);
    if (!rc && bad) {
        rc = report_measure(run, "rating", key, "", "called_back_rate", acted_on(o, "call-back") != 0, 1);
        rc = rc ? rc : report_measure(run, "rating", key, "", "put_right_rate", acted_on(o, "put-right") != 0, 1);
    }
    return rc;
}

/* On the agenda is what was put there in the period, or for a meeting in it. */
static int meeting_agenda(struct report_run *run, const struct report_object *o)
{
    const json_t *meeting = json_object_get(o->content, "meeting");
    const char *question = text_of(meeting, "question");
    char label[LIST_TEXT];
    if (!meeting || (!report_inside(run, date_of(meeting, "meeting")) && !report_inside(run, acted_on(o, "meet"))))
        return 0;
    (void)snprintf(label, sizeof label, "%.10s %s", text_of(meeting, "meeting"),
                   question[0] ? question : text_of(o->content, "subject"));
    report_cut(label);
    return report_measure(run, "agenda", o->no, label, "question", 1, 0);
}

static int meeting_problem(struct report_run *run, const struct report_object *o)
{
    const char *class = text_of(o->content, "class");
    int64_t raised = report_day(o->opened), ended = ended_on(o), due = report_object_due(run->calendar, o);
    bool open = raised <= run->to && (!ended || ended > run->to);
    int64_t now = run->to < run->today ? run->to : run->today;
    int rc = meeting_agenda(run, o);
    if (!rc && report_inside(run, raised))
        rc = report_measure(run, "problem", class, "", "problems_raised", 1, 0);
    if (!rc && report_inside(run, ended))
        rc = report_measure(run, "problem", class, "", "problems_solved", 1, 0);
    if (!rc && open)
        rc = report_measure(run, "problem", class, "", "problems_open", 1, 0);
    return rc || !open || !due || due >= now ? rc : report_measure(run, "problem", class, "", "problems_late", 1, 0);
}

static int meeting_transfer(struct report_run *run, const struct report_object *o)
{
    if (!report_inside(run, date_of(json_object_get(o->content, "mail"), "posted_on")))
        return 0;
    return report_measure(run, "mail", "mail_papers", "", "lost_rate", !strcmp(mail_status(run, o), "mail_lost"), 1);
}

/* A step counts in the period in which it was due, at the office that had to do it; what was withdrawn was not missed. */
static int meeting_step(struct report_run *run, const struct report_object *o)
{
    const char *step = text_of(o->content, "step");
    int64_t due = o->due_day, ended = ended_on(o);
    char key[OFFICE_TEXT + 24];
    if (!report_inside(run, due) || (!ended && due >= run->today) || (in_state(o, "void") && ended <= due))
        return 0;
    (void)snprintf(key, sizeof key, "%s %s", o->other, strcmp(step, "intake") ? step : "taking_in");
    return report_measure(run, "step", key, "", "late_steps", is_late(run, due, ended), 1);
}

static int meeting_authorisation(struct report_run *run, const struct report_object *o)
{
    static const struct {
        const char *act, *word;
    } words[] = {{"offer", "granted"},   {"accept", "accepted"}, {"decline", "declined"}, {"withdraw", "taken_back"},
                 {"suspend", "suspended"}, {"resume", "resumed"}, {"revoke", "revoked"},   {"renounce", "renounced"},
                 {"expire", "expired"}};
    char label[200];
    int rc = 0;
    (void)snprintf(label, sizeof label, "%s→%s %s %s", o->owner, o->other, text_of(o->content, "steps"),
                   text_of(o->content, "announcement"));
    report_cut(label);
    for (size_t i = 0; i < o->act_count && !rc; i++)
        for (size_t k = 0; k < sizeof words / sizeof words[0] && !rc; k++)
            if (!strcmp(o->acts[i].act->name, words[k].act) && report_inside(run, report_day(o->acts[i].at)))
                rc = report_measure(run, "authorisation", o->no, label, words[k].word, 1, 0);
    return rc;
}

int report_meeting_object(struct report_run *run, const struct report_fact *fact)
{
    static int (*const feeds[REGISTER_KINDS])(struct report_run *, const struct report_object *) = {
        [REGISTER_AUTHORISATION] = meeting_authorisation, [REGISTER_STEP] = meeting_step, [REGISTER_TRANSFER] = meeting_transfer,
        [REGISTER_PROBLEM] = meeting_problem,             [REGISTER_RATING] = meeting_rating};
    size_t kind = (size_t)(fact->object->kind - register_kinds);
    return feeds[kind] ? feeds[kind](run, fact->object) : 0;
}
