/* recovering: an older disk is put back under a hall, and the other one gives back what it has; without a network between. */
#ifndef TESTS_OFFICE_RECOVERING_H
#define TESTS_OFFICE_RECOVERING_H

#include "halls.h"

#include "daemon/office/recover.h"

/* The disk of the hall as it is; and as it was. */
void recovering_copy(struct halls *h, int victim);
void recovering_put_back(struct halls *h, int victim);
void recovering_forget(void);
/* Asks the other hall everything; *r is new (office_recovery_clear), r->standing says how the ledger stands. */
void recovering_ask(struct halls *h, int victim, struct office_recovery *r);
/* Takes it back: 0, or what r->problem says. */
int recovering_apply(struct halls *h, int victim, struct office_recovery *r);

#endif
