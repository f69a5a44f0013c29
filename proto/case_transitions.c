/* The rows of the case machine.  A row is law: change one together with its article and docs/reference/case-machine.md.
 */
#include "proto/case_machine.h"

const struct case_state_row case_states[CASE_STATES] = {
#define S(constant, name, en, zh, final) {name, en, zh, final},
    CASE_STATE_TABLE(S)
#undef S
};

#define UNCHANGED CASE_STATES
/* Before the decision: what the applicant may still take back. */
#define UNDECIDED                                                                                                      \
    (CASE_FROM(FORWARDED) | CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENT_ASKED) | CASE_FROM(SUPPLEMENTED) |              \
     CASE_FROM(ACCEPTED) | CASE_FROM(TOLERATED) | CASE_FROM(UNDER_REVIEW) | CASE_FROM(SPECIAL))
/* There is a document that has to reach the applicant. */
#define HAS_RESULT (CASE_FROM(GRANTED) | CASE_FROM(DENIED) | CASE_FROM(REFUSED) | CASE_FROM(REVOKED))
/* Accepted, nothing missing, no special procedure: the clock of the decision runs. */
#define IN_HAND (CASE_FROM(ACCEPTED) | CASE_FROM(UNDER_REVIEW))

const struct case_transition case_transitions[] = {
    /* ---- intake side (收件地) ---- */
    {"intake", "收件", "Take an application in without forwarding it yet", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW,
     CASE_FROM(NONE), CASE_INTAKEN, STEP_INTAKE, ENTRY_CASE_INTAKEN, TIME_HANDED_IN, TODO_WINDOW,
     "行政许可法 24, 29: under the home side's authorisation; 收件不等于受理"},
    {"submit", "收件并推送", "Take an application in and forward it to the home side", CASE_SIDE_INTAKE,
     CASE_ROLE_WINDOW, CASE_FROM(NONE), CASE_FORWARDED, STEP_INTAKE, ENTRY_CASE_SUBMITTED, TIME_SENT, TODO_NONE,
     "行政许可法 24, 29; 电子签名法 11: sent when it leaves the sender's control"},
    {"material", "添加材料", "Add materials to a case not yet forwarded", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW,
     CASE_FROM(INTAKEN), UNCHANGED, STEP_INTAKE, ENTRY_CASE_MATERIAL, TIME_NONE, TODO_WINDOW,
     "行政许可法 32(3): errors are corrected on the spot"},
    {"correct", "当场更正", "Let the applicant correct what is wrong in the application", CASE_SIDE_INTAKE,
     CASE_ROLE_WINDOW, CASE_FROM(INTAKEN), UNCHANGED, STEP_INTAKE, ENTRY_CASE_CORRECTED, TIME_NONE, TODO_WINDOW,
     "行政许可法 32(3): what can be corrected on the spot is corrected on the spot"},
    {"compare", "人证比对", "Record the comparison of the person with the card", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW,
     CASE_FROM(INTAKEN), UNCHANGED, STEP_PERSON, ENTRY_CASE_COMPARED, TIME_NONE, TODO_WINDOW,
     "个人信息保护法 28: the result is kept, not the picture"},
    {"forward", "推送", "Forward a case to the home side", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW, CASE_FROM(INTAKEN),
     CASE_FORWARDED, STEP_INTAKE, ENTRY_CASE_SUBMITTED, TIME_SENT, TODO_NONE,
     "电子签名法 11: sent when it leaves the sender's control"},
    {"abandon", "作废", "Close a case that was never forwarded", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW, CASE_FROM(INTAKEN),
     CASE_ABANDONED, STEP_NONE, ENTRY_CASE_ABANDONED, TIME_CLOSED, TODO_NONE,
     "行政许可法 29: an application is the applicant's; the materials go back"},
    {"supplement", "补正", "Hand in what the one-time notice asked for", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW,
     CASE_FROM(SUPPLEMENT_ASKED), CASE_SUPPLEMENTED, STEP_INTAKE, ENTRY_CASE_SUPPLEMENTED, TIME_NONE, TODO_HANDLER,
     "行政许可法 32(5)"},
    {"supplement", "补正", "Hand in what was missing when the application was accepted with gaps", CASE_SIDE_INTAKE,
     CASE_ROLE_WINDOW, CASE_FROM(TOLERATED), UNCHANGED, STEP_INTAKE, ENTRY_CASE_SUPPLEMENTED, TIME_NONE, TODO_BOTH,
     "浙江省保障“最多跑一次”改革规定 11: within the deadline of the tolerant acceptance"},
    {"deliver", "送达", "Record the delivery of the result at this window", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW,
     CASE_FROM(DELIVERING), CASE_DELIVERED, STEP_DELIVERY, ENTRY_CASE_DELIVERED, TIME_DELIVERED, TODO_HANDLER,
     "行政许可法 44; 民事诉讼法 87-95: entrusted service with a delivery receipt"},
    {"withdraw", "撤回申请", "Withdraw the application at the applicant's request", CASE_SIDE_INTAKE, CASE_ROLE_WINDOW,
     UNDECIDED, CASE_WITHDRAWN, STEP_NONE, ENTRY_CASE_WITHDRAWN, TIME_CLOSED, TODO_NONE,
     "行政许可法 29: who applies may withdraw before the decision; the applicant's right, so no delegated step"},
    /* ---- home side (属地) ---- */
    {"received", "属地接收", "Everything has arrived at the home side", CASE_SIDE_HOME, CASE_ROLE_SYSTEM,
     CASE_FROM(FORWARDED), CASE_RECEIVED, STEP_NONE, ENTRY_CASE_RECEIVED, TIME_RECEIVED, TODO_HANDLER,
     "电子签名法 11: received when it enters the recipient's designated system"},
    {"accept", "受理", "Accept the application", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENTED), CASE_ACCEPTED, STEP_NONE, ENTRY_CASE_ACCEPTED, TIME_ACCEPTED,
     TODO_HANDLER, "行政许可法 32(5)"},
    {"deem", "视为受理", "Silence past the days for the notice is acceptance from the day of receipt", CASE_SIDE_HOME,
     CASE_ROLE_SYSTEM, CASE_FROM(RECEIVED), CASE_ACCEPTED, STEP_NONE, ENTRY_CASE_DEEMED, TIME_ACCEPTED, TODO_HANDLER,
     "行政许可法 32(4); 不动产登记暂行条例 17: not told in time, accepted from receipt on"},
    {"tolerate", "容缺受理", "Accept although minor materials are missing, with a deadline", CASE_SIDE_HOME,
     CASE_ROLE_HANDLER, CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENTED), CASE_TOLERATED, STEP_NONE, ENTRY_CASE_TOLERATED,
     TIME_ACCEPTED, TODO_BOTH, "浙江省保障“最多跑一次”改革规定 11: the main materials are there"},
    {"cure", "容缺补齐", "Confirm that everything missing was handed in", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     CASE_FROM(TOLERATED), CASE_ACCEPTED, STEP_NONE, ENTRY_CASE_CURED, TIME_NONE, TODO_HANDLER,
     "浙江省保障“最多跑一次”改革规定 11"},
    {"revoke", "撤销受理", "Revoke the acceptance: what was missing did not come in time", CASE_SIDE_HOME,
     CASE_ROLE_HANDLER, CASE_FROM(TOLERATED), CASE_REVOKED, STEP_NONE, ENTRY_CASE_REVOKED, TIME_DECIDED, TODO_HANDLER,
     "浙江省保障“最多跑一次”改革规定 11: with written reasons"},
    {"notice", "一次性告知", "Tell the applicant once, and completely, what is missing", CASE_SIDE_HOME,
     CASE_ROLE_HANDLER, CASE_FROM(RECEIVED), CASE_SUPPLEMENT_ASKED, STEP_NONE, ENTRY_CASE_NOTICE, TIME_NONE,
     TODO_WINDOW, "行政许可法 32(4): within five days, once, all contents"},
    {"supplement", "补正", "Record a supplement handed in at the home side", CASE_SIDE_HOME,
     CASE_ROLE_WINDOW | CASE_ROLE_HANDLER, CASE_FROM(SUPPLEMENT_ASKED), CASE_SUPPLEMENTED, STEP_NONE,
     ENTRY_CASE_SUPPLEMENTED, TIME_NONE, TODO_HANDLER, "行政许可法 32(5): the applicant may choose either hall"},
    {"supplement", "补正", "Record here what was missing when the application was accepted with gaps", CASE_SIDE_HOME,
     CASE_ROLE_WINDOW | CASE_ROLE_HANDLER, CASE_FROM(TOLERATED), UNCHANGED, STEP_NONE, ENTRY_CASE_SUPPLEMENTED,
     TIME_NONE, TODO_BOTH, "浙江省保障“最多跑一次”改革规定 11: the applicant may choose either hall"},
    {"lapse", "视为撤回", "No supplement came in time: the application counts as withdrawn", CASE_SIDE_HOME,
     CASE_ROLE_SYSTEM, CASE_FROM(SUPPLEMENT_ASKED), CASE_DEEMED_WITHDRAWN, STEP_NONE, ENTRY_CASE_LAPSED, TIME_CLOSED,
     TODO_NONE, "浙江省保障“最多跑一次”改革规定 11; 法律援助法 43: where the item says so"},
    {"return", "退件", "Give the application back before acceptance, as the applicant agrees", CASE_SIDE_HOME,
     CASE_ROLE_HANDLER, CASE_FROM(FORWARDED) | CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENTED), CASE_RETURNED, STEP_NONE,
     ENTRY_CASE_RETURNED, TIME_CLOSED, TODO_NONE,
     "行政许可法 29, 32: who does not agree gets a written refusal instead"},
    {"refuse", "不予受理", "Do not accept the application, with the reason", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     CASE_FROM(FORWARDED) | CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENT_ASKED) | CASE_FROM(SUPPLEMENTED), CASE_REFUSED,
     STEP_NONE, ENTRY_CASE_REFUSED, TIME_DECIDED, TODO_HANDLER,
     "行政许可法 32(1), (2), (4), last sentence: at once where no permit is needed or another agency is competent"},
    {"review", "审查", "Begin the review: who examines, form or substance", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     CASE_FROM(ACCEPTED), CASE_UNDER_REVIEW, STEP_NONE, ENTRY_CASE_REVIEW, TIME_NONE, TODO_HANDLER,
     "行政许可法 34: the substance is checked by two officers or more"},
    {"special", "特别程序", "Begin a special procedure and announce how long it takes", CASE_SIDE_HOME,
     CASE_ROLE_HANDLER, IN_HAND, CASE_SPECIAL, STEP_NONE, ENTRY_CASE_SPECIAL, TIME_NONE, TODO_HANDLER,
     "行政许可法 45: its time is not counted, and the applicant is told in writing how long it takes"},
    {"resume", "恢复计时", "End the special procedure: the clock runs again", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     CASE_FROM(SPECIAL), CASE_UNDER_REVIEW, STEP_NONE, ENTRY_CASE_RESUMED, TIME_NONE, TODO_HANDLER, "行政许可法 45"},
    {"extend", "延期", "Extend the limit of the decision, once, as the head approved", CASE_SIDE_HOME,
     CASE_ROLE_HANDLER, IN_HAND, UNCHANGED, STEP_NONE, ENTRY_CASE_EXTENDED, TIME_NONE, TODO_HANDLER,
     "行政许可法 42: ten days, approved by the head, and the applicant is told why"},
    {"abort", "异常终止", "End the case without a result: it has lost its object", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     IN_HAND | CASE_FROM(RECEIVED) | CASE_FROM(SUPPLEMENT_ASKED) | CASE_FROM(SUPPLEMENTED) | CASE_FROM(TOLERATED) |
         CASE_FROM(SPECIAL),
     CASE_ABORTED, STEP_NONE, ENTRY_CASE_ABORTED, TIME_CLOSED, TODO_NONE, "行政许可法 70 by analogy: with the approval of the head"},
    {"grant", "准予", "Grant the application", CASE_SIDE_HOME, CASE_ROLE_HANDLER, IN_HAND, CASE_GRANTED,
     STEP_NONE, ENTRY_CASE_DECIDED, TIME_DECIDED, TODO_HANDLER, "行政许可法 34, 38, 42"},
    {"deny", "不予许可", "Deny the application, with reason and remedies", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     IN_HAND, CASE_DENIED, STEP_NONE, ENTRY_CASE_DECIDED, TIME_DECIDED, TODO_HANDLER,
     "行政许可法 38: reasons and remedies"},
    {"delivery", "委托送达", "Ask for the delivery: who hands what over, and how", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     HAS_RESULT, CASE_DELIVERING, STEP_NONE, ENTRY_CASE_DELIVERY, TIME_NONE, TODO_WINDOW,
     "行政许可法 32, 38, 44: every written decision is handed over, a licence within ten days"},
    /* Electronic service is a delivery, too, with its receipt (consent, arrival): an instant result sent by the home
     * side's own system goes through this row, not straight to completed, or nothing would prove article 44. */
    {"deliver", "送达", "Record a delivery by the home side itself", CASE_SIDE_HOME,
     CASE_ROLE_WINDOW | CASE_ROLE_HANDLER, HAS_RESULT | CASE_FROM(DELIVERING), CASE_DELIVERED, STEP_NONE,
     ENTRY_CASE_DELIVERED, TIME_DELIVERED, TODO_HANDLER,
     "行政许可法 44; 民事诉讼法 87-95: direct, electronic or mail, with a delivery receipt"},
    {"withdraw", "撤回申请", "Withdraw the application that the applicant takes back at the home side", CASE_SIDE_HOME,
     CASE_ROLE_WINDOW | CASE_ROLE_HANDLER, UNDECIDED, CASE_WITHDRAWN, STEP_NONE, ENTRY_CASE_WITHDRAWN, TIME_CLOSED,
     TODO_NONE, "行政许可法 29: who applies may withdraw before the decision"},
    /* From refused directly: 32(1) and (2) are told at once at the window, the certificate goes with the telling. */
    {"complete", "办结", "Close the case after the result was handed over", CASE_SIDE_HOME, CASE_ROLE_HANDLER,
     CASE_FROM(DELIVERED) | CASE_FROM(REFUSED), CASE_COMPLETED, STEP_NONE, ENTRY_CASE_COMPLETED, TIME_CLOSED, TODO_NONE,
     "行政许可法 44; 国令716 art. 12: then the case goes to the archive"},
};
const size_t case_transition_count = sizeof case_transitions / sizeof case_transitions[0];
