#include "proto/progress.h"

const char *const progress_turns[PROGRESS_TURNS] = {"nobody", "intake", "home", "applicant"};

const struct progress_row progress_rows[CASE_STATES] = {
    [CASE_NONE] = {TURN_NOBODY, false, "There is nothing yet.", "尚无记录。"},
    [CASE_INTAKEN] = {TURN_INTAKE, false, "The window has taken it in and will forward it.", "窗口已收件，即将推送办理机关。"},
    [CASE_FORWARDED] = {TURN_HOME, false, "It was forwarded to the office that decides.", "已推送办理机关，等待接收。"},
    [CASE_RECEIVED] = {TURN_HOME, false, "The office that decides has it and checks whether it can be accepted.", "办理机关已接收，正在审查是否受理。"},
    [CASE_SUPPLEMENT_ASKED] = {TURN_APPLICANT, true, "Something is missing: hand it in as the notice says.", "材料需要补正，请按补正告知书补交。"},
    [CASE_SUPPLEMENTED] = {TURN_HOME, false, "The supplement is with the office that decides.", "补正材料已收到，办理机关正在审查。"},
    [CASE_ACCEPTED] = {TURN_HOME, false, "It was accepted and is being handled.", "已受理，正在办理。"},
    [CASE_REFUSED] = {TURN_INTAKE, false, "It was not accepted; the window hands over the written decision.", "不予受理，决定书由窗口送交。"},
    [CASE_GRANTED] = {TURN_HOME, false, "It was decided; the result is being prepared.", "已作出决定，正在准备结果。"},
    [CASE_DENIED] = {TURN_HOME, false, "It was decided; the written decision is being prepared.", "已作出决定，正在准备决定书。"},
    [CASE_DELIVERING] = {TURN_APPLICANT, true, "The result is ready: take it as agreed, with your certificate.",
                         "结果已可领取或者正在送达；到窗口领取的，请带证件。"},
    [CASE_DELIVERED] = {TURN_HOME, false, "The result was delivered.", "结果已送达。"},
    [CASE_COMPLETED] = {TURN_NOBODY, false, "It is finished.", "已办结。"},
    [CASE_WITHDRAWN] = {TURN_NOBODY, false, "It was withdrawn.", "已撤回申请。"},
    [CASE_ABANDONED] = {TURN_NOBODY, false, "It was given up before it was forwarded.", "推送前已终止。"},
    [CASE_TOLERATED] = {TURN_APPLICANT, true, "It was accepted although something is missing: hand it in before the deadline.",
                        "已容缺受理，请在期限内补齐材料。"},
    [CASE_UNDER_REVIEW] = {TURN_HOME, false, "It is under review.", "正在审查。"},
    [CASE_SPECIAL] = {TURN_HOME, false, "A special procedure runs; the limit stands still.", "正在进行特别程序，期限暂停计算。"},
    [CASE_REVOKED] = {TURN_INTAKE, false, "The acceptance was revoked; the window hands over the written decision.",
                      "受理已撤销，决定书由窗口送交。"},
    [CASE_DEEMED_WITHDRAWN] = {TURN_NOBODY, false, "It counts as withdrawn: the supplement did not come in time.", "逾期未补正，视为撤回申请。"},
    [CASE_RETURNED] = {TURN_NOBODY, false, "It was returned.", "已退件。"},
    [CASE_ABORTED] = {TURN_NOBODY, false, "It ended without a decision.", "办理已终止。"},
};
