/* The rows of the registers.  A row is a rule of the two offices: change one together with docs/reference/registers.md. */
#include "proto/register_tables.h"

#define COUNT(table)  (sizeof(table) / sizeof *(table))
#define OWNER         REGISTER_OWNER
#define OTHER         REGISTER_OTHER
#define BOTH          REGISTER_BOTH
#define NEW           REGISTER_FROM(REGISTER_NONE)
#define IN(state)     REGISTER_FROM(state)
#define SAME          REGISTER_SAME
#define STAFF         (CASE_ROLE_WINDOW | CASE_ROLE_HANDLER)
#define HANDLER       CASE_ROLE_HANDLER
#define WINDOW        CASE_ROLE_WINDOW
#define SPEAKER       (HANDLER | CASE_ROLE_LIAISON)
#define DESK          (STAFF | CASE_ROLE_LIAISON)
#define NO_BRANCH     {NULL, 0, 0}
#define NOT_THERE     {"none", "not there", "无", 0, false}

/* ---- 授权 ---- */

enum { A_OFFERED = 1, A_ACTIVE, A_SUSPENDED, A_DECLINED, A_WITHDRAWN, A_REVOKED, A_RENOUNCED, A_EXPIRED };

static const struct register_state authorisation_states[] = {
    NOT_THERE,
    {"offered", "offered", "待接受", OTHER, false},
    {"active", "in force", "生效", 0, false},
    {"suspended", "suspended", "中止", OWNER, false},
    {"declined", "declined", "未接受", 0, true},
    {"withdrawn", "withdrawn", "已撤回", 0, true},
    {"revoked", "revoked", "已撤销", 0, true},
    {"renounced", "given back", "已交回", 0, true},
    {"expired", "expired", "已到期", 0, true},
};
static const struct register_act authorisation_acts[] = {
    {"offer", "授予", "Authorise the other office to do steps for this one", OWNER, SPEAKER, NEW, A_OFFERED, register_authorisation_offer,
     NULL, NO_BRANCH, "行政许可法 24: scope, period and announcement; in the principal's name; no re-delegation"},
    {"accept", "接受", "Accept the authorisation: from now on it is in force", OTHER, SPEAKER, IN(A_OFFERED), A_ACTIVE,
     register_authorisation_accept, "accepted", NO_BRANCH, "行政许可法 24: entrusting takes two; accepted in the delegate's ledger"},
    {"decline", "不接受", "Decline the authorisation, with the reason", OTHER, SPEAKER, IN(A_OFFERED), A_DECLINED, register_reason, "declined",
     NO_BRANCH, "行政许可法 24: entrusting takes two"},
    {"withdraw", "撤回", "Take back an offer that was not accepted", OWNER, SPEAKER, IN(A_OFFERED), A_WITHDRAWN, register_reason, "withdrawal",
     NO_BRANCH, "行政许可法 24: an offer binds nobody before it is accepted"},
    {"suspend", "中止", "Suspend the authorisation for the time being", OWNER, HANDLER, IN(A_ACTIVE), A_SUSPENDED, register_reason,
     "suspensions[]", NO_BRANCH, "行政许可法 24: the principal supervises"},
    {"resume", "恢复", "Put a suspended authorisation into force again", OWNER, HANDLER, IN(A_SUSPENDED), A_ACTIVE, register_remark,
     "resumptions[]", NO_BRANCH, "行政许可法 24: the principal supervises"},
    {"revoke", "撤销", "Revoke the authorisation for good", OWNER, HANDLER, IN(A_ACTIVE) | IN(A_SUSPENDED), A_REVOKED, register_revoke,
     "revocation", NO_BRANCH, "行政许可法 24: announced; open cases go by the rule of the authorisation"},
    {"renounce", "交回", "Give the authorisation back, with the reason", OTHER, HANDLER, IN(A_ACTIVE) | IN(A_SUSPENDED), A_RENOUNCED,
     register_reason, "renunciation", NO_BRANCH, "行政许可法 24: entrusting takes two"},
    {"expire", "到期", "Its period is over", OWNER, CASE_ROLE_SYSTEM, IN(A_OFFERED) | IN(A_ACTIVE) | IN(A_SUSPENDED), A_EXPIRED,
     register_remark, "expiry", NO_BRANCH, "行政许可法 24: the period of the authorisation"},
};
static const char *const authorisation_columns[] = {"items", "steps", "acceptance", "from", "until", "announcement", "open_cases", NULL};

/* ---- 委托环节 ---- */

enum { S_REQUESTED = 1, S_ACKNOWLEDGED, S_DONE, S_FAILED, S_RETURNED, S_VOID };

static const struct register_state step_states[] = {
    NOT_THERE,
    {"requested", "requested", "待办", OTHER, false},
    {"acknowledged", "being done", "办理中", OTHER, false},
    {"done", "done", "已完成", 0, true},
    {"failed", "failed", "未成", 0, true},
    {"returned", "returned", "已退回", 0, true},
    {"void", "void", "已作废", 0, true},
};
static const struct register_act step_acts[] = {
    {"request", "委托", "Ask the intake side to do a step of this case", OWNER, HANDLER | CASE_ROLE_SYSTEM, NEW, S_REQUESTED, register_step_request, NULL,
     NO_BRANCH, "行政许可法 24; the plan 三(三): intake, one-time notice, original verification, person comparison, delivery"},
    {"acknowledge", "签收", "Say that the step is being done", OTHER, WINDOW, IN(S_REQUESTED), S_ACKNOWLEDGED, register_step_acknowledge,
     "acknowledgement", NO_BRANCH, "行政许可法 24: in the principal's name"},
    {"done", "完成", "Report the step as done, with its evidence", OTHER, WINDOW | CASE_ROLE_SYSTEM, IN(S_REQUESTED) | IN(S_ACKNOWLEDGED), S_DONE,
     register_step_done, "evidence", NO_BRANCH, "行政许可法 24; 民事诉讼法 87-95 for what is handed over"},
    {"fail", "未成", "Report that the step could not be done", OTHER, WINDOW, IN(S_REQUESTED) | IN(S_ACKNOWLEDGED), S_FAILED, register_reason,
     "failure", NO_BRANCH, "行政许可法 24: the principal decides what follows"},
    {"return", "退回", "Send the request back undone", OTHER, WINDOW, IN(S_REQUESTED) | IN(S_ACKNOWLEDGED), S_RETURNED, register_reason,
     "return", NO_BRANCH, "行政许可法 24: what the authorisation does not cover is not done"},
    {"void", "作废", "Withdraw the request", OWNER, HANDLER | CASE_ROLE_SYSTEM, IN(S_REQUESTED) | IN(S_ACKNOWLEDGED), S_VOID, register_reason, "voided",
     NO_BRANCH, "行政许可法 24: the principal supervises"},
};
static const char *const step_columns[] = {"step", "task", "due", NULL};

/* ---- 材料移交 ---- */

enum { T_PACKED = 1, T_SENT, T_OPENED, T_DIFFERS, T_LOST, T_CAME_BACK, T_SETTLED, T_WRITTEN_OFF, T_KEPT, T_HANDED_BACK, T_UNPACKED };

static const struct register_state transfer_states[] = {
    NOT_THERE,
    {"packed", "packed", "已封装", OWNER, false},
    {"sent", "on its way", "在途", OTHER, false},
    {"opened", "opened, complete", "已开封核对", 0, true},
    {"differs", "opened, with differences", "核对有差异", OWNER, false},
    {"lost", "lost", "遗失", OWNER, false},
    {"came_back", "came back undelivered", "退件", OWNER, false},
    {"settled", "differences settled", "差异已处理", 0, true},
    {"written_off", "loss settled", "遗失已处理", 0, true},
    {"kept", "kept for the applicant", "已留存原件", 0, true},
    {"handed_back", "handed back to the applicant", "已退还申请人", 0, true},
    {"unpacked", "not sent", "未寄出", 0, true},
};
static const struct register_act transfer_acts[] = {
    {"keep", "留存原件", "Record originals that the applicant leaves here", OWNER, STAFF, NEW, T_KEPT, register_transfer_keep, NULL, NO_BRANCH,
     "行政许可法 31; domain rule: each original is counted in and out"},
    {"hand-back", "退还原件", "Record originals handed back to the applicant", OWNER, STAFF, NEW, T_HANDED_BACK, register_transfer_back, NULL,
     NO_BRANCH, "民事诉讼法 87: handed over against a signature"},
    {"pack", "封装", "List the papers and seal the bag (材料移交清单)", OWNER, STAFF, NEW, T_PACKED, register_transfer_pack, NULL, NO_BRANCH,
     "快递暂行条例 22: contents are listed"},
    {"send", "寄出", "Hand the bag to the carrier", OWNER, STAFF, IN(T_PACKED) | IN(T_CAME_BACK), T_SENT, register_transfer_send, "mail",
     NO_BRANCH, "快递暂行条例 22-27: carrier, number, insured value"},
    {"open", "开封核对", "Open the bag by two people and compare it with the list", OTHER, STAFF, IN(T_SENT), T_OPENED, register_transfer_open,
     "opening", {"differences", 0, T_DIFFERS}, "domain rule: two people, differences are reported"},
    {"settle", "处理差异", "Say how the differences were settled", OWNER, STAFF, IN(T_DIFFERS), T_SETTLED, register_transfer_settle,
     "settlement", NO_BRANCH, "domain rule: the originals ledger balances"},
    {"lose", "登记遗失", "Report the bag as lost", BOTH, STAFF, IN(T_SENT), T_LOST, register_transfer_loss, "losses[]", NO_BRANCH,
     "快递暂行条例 27: loss and compensation"},
    {"find", "找到", "Report a lost bag as found and on its way again", BOTH, STAFF, IN(T_LOST), T_SENT, register_remark, "finds[]", NO_BRANCH,
     "快递暂行条例 27"},
    {"write-off", "处理遗失", "Say how a loss was made good", OWNER, STAFF, IN(T_LOST), T_WRITTEN_OFF, register_transfer_settle,
     "settlement", NO_BRANCH, "快递暂行条例 27: loss and compensation"},
    {"come-back", "退件", "Record a bag that came back undelivered", OWNER, STAFF, IN(T_SENT), T_CAME_BACK, register_reason, "returns[]",
     NO_BRANCH, "快递暂行条例 25: undeliverable mail goes back to the sender"},
    {"unpack", "取消寄出", "Open a bag that will not be sent", OWNER, STAFF, IN(T_PACKED) | IN(T_CAME_BACK), T_UNPACKED, register_reason,
     "unpacking", NO_BRANCH, "domain rule: the originals ledger balances"},
};
static const char *const transfer_columns[] = {"documents", "bag", "mail", NULL};

/* ---- 问题处置 ---- */

enum { P_RAISED = 1, P_TAKEN, P_MEASURED, P_CLOSED, P_WITHDRAWN };

static const struct register_state problem_states[] = {
    NOT_THERE,
    {"raised", "raised", "待处置", OTHER, false},
    {"taken", "being handled", "处置中", OTHER, false},
    {"measured", "measure reported", "待确认", OWNER, false},
    {"closed", "closed", "已办结", 0, true},
    {"withdrawn", "withdrawn", "已撤回", 0, true},
};
static const struct register_act problem_acts[] = {
    {"raise", "提出", "Put a problem to the other office", OWNER, DESK, NEW, P_RAISED, register_problem_raise, NULL, NO_BRANCH,
     "plan 三(三): 问题处置机制"},
    {"take", "认领", "Say who handles it and until when", OTHER, DESK, IN(P_RAISED) | IN(P_TAKEN), P_TAKEN, register_problem_take, "handling",
     NO_BRANCH, "plan 三(三): 问题处置机制"},
    {"measure", "反馈措施", "Report what was done about it", OTHER, DESK, IN(P_RAISED) | IN(P_TAKEN), P_MEASURED, register_problem_measure,
     "measures[]", NO_BRANCH, "plan 三(三): 问题处置机制"},
    {"close", "办结", "Confirm that it is solved", OWNER, DESK, IN(P_MEASURED), P_CLOSED, register_problem_close, "result", NO_BRANCH,
     "plan 三(三): 问题处置机制"},
    {"reopen", "退回再办", "Say why it is not solved", OWNER, DESK, IN(P_MEASURED), P_TAKEN, register_reason, "reopenings[]", NO_BRANCH,
     "plan 四(二): 责令限期整改"},
    {"meet", "提交例会", "Put it on the agenda of the quarterly meeting", BOTH, DESK, IN(P_RAISED) | IN(P_TAKEN) | IN(P_MEASURED), SAME,
     register_problem_meeting, "meeting", NO_BRANCH, "plan 三(三): 例会讨论互办问题及解决措施"},
    {"withdraw", "撤回", "Withdraw it", OWNER, DESK, IN(P_RAISED) | IN(P_TAKEN), P_WITHDRAWN, register_reason, "withdrawal", NO_BRANCH,
     "plan 三(三): 问题处置机制"},
};
static const char *const problem_columns[] = {"class", "subject", "due", "meeting", NULL};

/* ---- 通讯录 ---- */

enum { C_LISTED = 1, C_AWAY, C_REMOVED };

static const struct register_state contact_states[] = {
    NOT_THERE,
    {"listed", "listed", "在岗", 0, false},
    {"away", "away", "不在岗", OWNER, false},
    {"removed", "removed", "已移除", 0, true},
};
static const struct register_act contact_acts[] = {
    {"add", "登记", "List a contact: who answers for which items", OWNER, SPEAKER, NEW, C_LISTED, register_contact, NULL, NO_BRANCH,
     "plan 三(三): 梳理通讯录，确定事项经办联系人"},
    {"change", "变更", "Change a contact", OWNER, SPEAKER, IN(C_LISTED) | IN(C_AWAY), SAME, register_contact, NULL, NO_BRANCH,
     "plan 三(三): 梳理通讯录"},
    {"away", "离岗", "Say from when to when the deputy answers", OWNER, DESK, IN(C_LISTED), C_AWAY, register_contact_away, "absence", NO_BRANCH,
     "domain rule: liaison absent, deputy, coordinating office"},
    {"back", "返岗", "The contact is back", OWNER, DESK, IN(C_AWAY), C_LISTED, register_remark, "return", NO_BRANCH,
     "domain rule: liaison absent, deputy, coordinating office"},
    {"remove", "移除", "Take a contact off the list", OWNER, SPEAKER, IN(C_LISTED) | IN(C_AWAY), C_REMOVED, register_remark, "removal",
     NO_BRANCH, "plan 三(三): 梳理通讯录"},
};
static const char *const contact_columns[] = {"function", "name", "department", "items", "phone", "duty_hours", "deputy", "deputy_phone",
                                              "absence",  NULL};

/* ---- 资料预审 ---- */

enum { Q_ASKED = 1, Q_ANSWERED, Q_CLOSED };

static const struct register_state precheck_states[] = {
    NOT_THERE,
    {"asked", "asked", "待预审", OTHER, false},
    {"answered", "answered", "已答复", OWNER, false},
    {"closed", "closed", "已结束", 0, true},
};
static const struct register_act precheck_acts[] = {
    {"ask", "提交预审", "Show papers to the deciding office before the application is made", OWNER, DESK, NEW, Q_ASKED,
     register_precheck_ask, NULL, NO_BRANCH, "plan 三(三): 资料预审; advice, not an application: no clock runs"},
    {"answer", "答复", "Say what the papers look like", OTHER, DESK, IN(Q_ASKED), Q_ANSWERED, register_precheck_answer, "answers[]", NO_BRANCH,
     "plan 三(三): 资料预审; it binds nobody"},
    {"close", "结束", "Close the pre-check; name the case that came of it", OWNER, DESK, IN(Q_ASKED) | IN(Q_ANSWERED), Q_CLOSED,
     register_precheck_close, "closing", NO_BRANCH, "plan 三(三): 资料预审"},
    {"more", "再问", "Ask again, with more papers", OWNER, DESK, IN(Q_ANSWERED), Q_ASKED, register_precheck_ask, "questions[]", NO_BRANCH,
     "plan 三(三): 资料预审"},
};
static const char *const precheck_columns[] = {"item", "question", "materials", NULL};

/* ---- 办件交流 ---- */

enum { N_ASKED = 1, N_ANSWERED, N_CLOSED };

static const struct register_state note_states[] = {
    NOT_THERE,
    {"asked", "waits for an answer", "待回复", OTHER, false},
    {"answered", "answered", "已回复", OWNER, false},
    {"closed", "closed", "已结束", 0, true},
};
static const struct register_act note_acts[] = {
    {"write", "留言", "Write to the other side's handler about this case", OWNER, DESK, NEW, N_ASKED, register_note, NULL, NO_BRANCH,
     "plan 三(三): 方便两地办理人员业务交流"},
    {"answer", "回复", "Answer a note", OTHER, DESK, IN(N_ASKED) | IN(N_ANSWERED), N_ANSWERED, register_note, "answers[]", NO_BRANCH,
     "plan 三(三): 业务交流"},
    {"close", "结束", "Close the talk", OWNER, DESK, IN(N_ASKED) | IN(N_ANSWERED), N_CLOSED, register_remark, "closing", NO_BRANCH,
     "plan 三(三): 业务交流"},
    {"add", "追问", "Add to a note of this office", OWNER, DESK, IN(N_ASKED) | IN(N_ANSWERED), N_ASKED, register_note, "additions[]", NO_BRANCH,
     "plan 三(三): 业务交流"},
};
static const char *const note_columns[] = {"text", NULL};

/* ---- 好差评 ---- */

enum { R_RATED = 1, R_BAD, R_CALLED, R_FIXED };

static const struct register_state rating_states[] = {
    NOT_THERE,
    {"rated", "rated", "已评价", 0, true},
    {"bad", "bad, to be called back", "差评待回访", BOTH, false},
    {"called_back", "called back, to be put right", "已回访待整改", BOTH, false},
    {"put_right", "put right", "已整改", 0, true},
};
static const struct register_act rating_acts[] = {
    {"record", "评价", "Record the applicant's rating of one side", OWNER, STAFF, NEW, R_RATED, register_rating, NULL, {"level", 2, R_BAD},
     "GB/T 39735-2020: five levels; each side is rated by itself"},
    {"call-back", "回访", "Record the call to who rated badly", BOTH, STAFF, IN(R_BAD), R_CALLED, register_rating_call, "call", NO_BRANCH,
     "GB/T 39735-2020: every bad rating is called back"},
    {"put-right", "整改", "Say what was put right", BOTH, STAFF, IN(R_BAD) | IN(R_CALLED), R_FIXED, register_rating_fix, "remedy", NO_BRANCH,
     "GB/T 39735-2020: put right and reported"},
};
static const char *const rating_columns[] = {"about", "level", "channel", NULL};

#define KIND(id, word, english, chinese, initial, type, where, open, rules)                                            \
    [REGISTER_##id] = {#word, english, chinese, initial, type, where, word##_states, COUNT(word##_states), word##_acts,  \
                       COUNT(word##_acts), word##_columns, open, rules}

const struct register_kind register_kinds[REGISTER_KINDS] = {
    KIND(AUTHORISATION, authorisation, "authorisation", "授权", 'A', ENTRY_AUTHORISATION_ACT, REGISTER_OFFICES, true, register_check_authorisation),
    KIND(STEP, step, "delegated step", "委托环节", 'S', ENTRY_STEP_ACT, REGISTER_CASE, true, register_check_step),
    KIND(TRANSFER, transfer, "transfer of papers", "材料移交", 'T', ENTRY_TRANSFER_ACT, REGISTER_CASE, true, register_check_transfer),
    KIND(PROBLEM, problem, "problem", "问题", 'P', ENTRY_PROBLEM_ACT, REGISTER_ANY, true, NULL),
    KIND(CONTACT, contact, "contact", "通讯录", 'C', ENTRY_CONTACT_ACT, REGISTER_ALL, true, NULL),
    KIND(PRECHECK, precheck, "pre-check", "资料预审", 'Q', ENTRY_PRECHECK_ACT, REGISTER_OFFICES, false, NULL),
    KIND(NOTE, note, "note", "办件交流", 'N', ENTRY_NOTE_ACT, REGISTER_CASE, false, NULL),
    KIND(RATING, rating, "rating", "好差评", 'R', ENTRY_RATING_ACT, REGISTER_CASE, true, NULL),
};

/* What a transfer's state does with its n originals, of which some were missed when the bag was opened, some were in it beside the
 * list, and some turned up later at the sender's: they leave the sender, reach the receiver, move, or are missed. */
enum movement { KEPT, HANDED_BACK, MOVING, ARRIVED, MISSED };
static const struct {
    int state;
    enum movement movement;
} movements[] = {
    {T_KEPT, KEPT},         {T_HANDED_BACK, HANDED_BACK}, {T_SENT, MOVING}, {T_OPENED, ARRIVED}, {T_DIFFERS, ARRIVED},
    {T_SETTLED, ARRIVED},   {T_LOST, MISSED},             {T_WRITTEN_OFF, MISSED},
};

static int64_t sum_of(const json_t *list, const char *member)
{
    int64_t sum = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        sum += json_integer_value(json_object_get(json_array_get(list, i), member));
    return sum;
}

int64_t originals_missed(const json_t *content, int64_t *extra)
{
    const json_t *differences = json_object_get(json_object_get(content, "opening"), "differences");
    int64_t missed = 0;
    *extra = 0;
    for (size_t i = 0; i < json_array_size(differences); i++) {
        const json_t *one = json_array_get(differences, i);
        int64_t n = json_integer_value(json_object_get(one, "listed")) - json_integer_value(json_object_get(one, "found"));
        *(n > 0 ? &missed : extra) += n > 0 ? n : -n;
    }
    return missed;
}

int64_t originals_listed(const json_t *content)
{
    return sum_of(json_object_get(content, "documents"), "originals");
}

void originals_add(struct originals *sums, const json_t *content, enum case_side owner, int state)
{
    int64_t n = originals_listed(content), extra, missing = originals_missed(content, &extra);
    int64_t back = json_integer_value(json_object_get(json_object_get(content, "settlement"), "recovered"));
    int64_t *at_owner = owner == CASE_SIDE_HOME ? &sums->at_home : &sums->at_intake;
    int64_t *at_other = owner == CASE_SIDE_HOME ? &sums->at_intake : &sums->at_home;
    size_t i = 0;
    while (i < COUNT(movements) && movements[i].state != state)
        i++;
    switch (i < COUNT(movements) ? (int)movements[i].movement : -1) {
    case KEPT:
        sums->kept += n;
        *at_owner += n;
        break;
    case HANDED_BACK:
        sums->returned += n;
        *at_owner -= n;
        break;
    case MOVING:
        sums->moving += n;
        *at_owner -= n;
        break;
    case ARRIVED:
        *at_owner -= n + extra - back;
        *at_other += n + extra - missing;
        sums->lost += missing - back;
        break;
    case MISSED:
        *at_owner -= n - back;
        sums->lost += n - back;
        break;
    default: /* packed or unpacked: still at the sender's */
        break;
    }
    sums->balanced = sums->at_home >= 0 && sums->at_intake >= 0 && sums->lost >= 0;
}
