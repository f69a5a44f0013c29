/* licence: e-licences (电子证照) among the materials of a case, and what an office whose program does not know them is told; pure.
 *
 * A material may carry `licence_id`, the identifier of GB/T 36904 (电子证照标识).  A program of before refuses that member, so it is sent
 * to such an office at the head of the material's remark, in words that a person reads and that licence_from_remark reads back.  The
 * element `licence` of an item's material is left out of what such an office is sent (docs/decisions/0015). */
#ifndef PROTO_LICENCE_H
#define PROTO_LICENCE_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/problem.h"

/* Whether any of the materials has an identifier. */
bool licence_any(const json_t *materials);
/* A copy of the materials without `licence_id`: the identifier begins the remark.  New reference.  TB_ENOMEM. */
int licence_in_remark(const json_t *materials, json_t **out) TB_MUST_USE;
/* Reads it back, in place: `licence_id`, the rest of the remark, and "licence_in_remark":true for whoever shows it. */
int licence_from_remark(json_t *materials) TB_MUST_USE;
/* A material with an identifier leaves room for it in its remark, whoever it is sent to.  `materials` passed the table of its members. */
int licence_check_remark(const json_t *materials, struct problem *p) TB_MUST_USE;
/* A copy of an item's document, or of a list of them, whose materials say nothing of e-licences.  New reference, NULL: no memory. */
json_t *licence_item_without(const json_t *item);
json_t *licence_items_without(const json_t *items);

#endif
