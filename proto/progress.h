/* progress: what each state of a case means to the applicant — in plain words: whose turn it is, and whether something must be
 * brought; pure. */
#ifndef PROTO_PROGRESS_H
#define PROTO_PROGRESS_H

#include <stdbool.h>

#include "proto/case_machine.h"

enum progress_turn { TURN_NOBODY, TURN_INTAKE, TURN_HOME, TURN_APPLICANT, PROGRESS_TURNS };
/* "nobody", "intake", "home", "applicant". */
extern const char *const progress_turns[PROGRESS_TURNS];

struct progress_row {
    enum progress_turn turn;
    bool bring; /* the applicant has to hand something in, or come for something */
    const char *en, *zh;
};
extern const struct progress_row progress_rows[CASE_STATES];

#endif
