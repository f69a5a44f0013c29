/* item: one service item (事项) of an office's catalogue, its elements and their checks (domain.md 4.1); pure.
 *
 * An item arrives as JSON (from a catalogue file or from a peer's `catalogue.published` entry) and is checked by one table of
 * elements.  Versions are numbered; a case pins the version in force at intake. */
#ifndef PROTO_ITEM_H
#define PROTO_ITEM_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/problem.h"

/* Checks one item document: {"code","version","name","name_en","category","department","task_type","subject","mode","alternative"?,
 * "steps","in_person","materials":[{"name","form","required"}],"statutory_limit":{"days","unit"}|null,"statutory_note"?,
 * "promised_limit":{…}|null,"project_type","fee","result","legal_basis","effective_from","effective_to"?,"approximate":[element,…]}.
 * unit: "working_day" | "calendar_day"; mode: ONLINE PROXY LOCAL JOINT; form: F O C P E S I; promised must not be later than
 * statutory when the units agree.  notice_rule, overdue_supplement, extension and a material's `deferrable` may be left out: the
 * defaults are PERMIT_5WD (行政许可法 32(4)), REFUSE, ten working days (42) and false.  `legs` and `joint_rule` make an item of mode
 * JOINT the template of a joint case (proto/joint.h).  Unknown members are errors. */
int item_check(const json_t *item, struct problem *p) TB_MUST_USE;
/* Whole edition: {"office","edition","published","items":[…]}, codes unique, at most LIMIT_CATALOGUE_ITEMS. */
int catalogue_check(const json_t *edition, struct problem *p) TB_MUST_USE;
/* True when `day` (days since 1970) lies in the item's effective period. */
bool item_in_force(const json_t *item, int64_t day);

#endif
