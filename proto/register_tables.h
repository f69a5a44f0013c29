/* register_tables: the members of each act's data and the rules between them, for the rows of register_kinds.c only. */
#ifndef PROTO_REGISTER_TABLES_H
#define PROTO_REGISTER_TABLES_H

#include "proto/register.h"

extern const struct case_field register_authorisation_offer[], register_authorisation_accept[], register_revoke[], register_reason[],
    register_step_request[], register_step_acknowledge[], register_step_done[], register_transfer_keep[], register_transfer_back[],
    register_transfer_pack[], register_transfer_send[], register_transfer_open[], register_transfer_settle[],
    register_transfer_loss[], register_problem_raise[], register_problem_take[], register_problem_measure[], register_problem_close[],
    register_problem_meeting[], register_contact[], register_contact_away[], register_precheck_ask[], register_precheck_answer[],
    register_precheck_close[], register_note[], register_rating[], register_rating_call[], register_rating_fix[], register_remark[];

/* Rules between the members of an act's data, one function for each kind that has some; as register_kind.check. */
int register_check_authorisation(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p);
/* Each step has its evidence (行政许可法 24; 民事诉讼法 87-95). */
int register_check_step(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p);
/* Two people open a bag, and differences name what the list says. */
int register_check_transfer(const struct register_act *act, const json_t *content, const json_t *data, struct problem *p);

#endif
