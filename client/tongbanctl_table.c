/* The commands of tongbanctl, a row each. */
#include "client/tongbanctl.h"

#define EITHER (CTL_BIT(CERTIFICATE) | CTL_BIT(FINGERPRINT))
#define STAFF(verb, required, optional, help) \
    {"staff", verb, "staff-act", "ID", "id", required, optional, help, ctl_staff_prepare, ctl_staff_done, NULL}

const struct ctl_command ctl_commands[] = {
    {"staff", "list", "staff-list", NULL, NULL, 0, 0, N_("everybody who may work here, of the configuration and enrolled"), NULL,
     ctl_staff_print, NULL},
    STAFF("enrol", CTL_BIT(NAME) | CTL_BIT(ROLE), EITHER | CTL_BIT(WINDOW) | CTL_BIT(TOWNSHIP), N_("let a person work here, at once")),
    STAFF("change", 0, CTL_BIT(NAME) | CTL_BIT(ROLE) | CTL_BIT(WINDOW) | CTL_BIT(TOWNSHIP) | CTL_BIT(REASON),
          N_("correct the name, give another role, window or township")),
    STAFF("suspend", CTL_BIT(REASON), 0, N_("refuse the person's next request")),
    STAFF("resume", 0, CTL_BIT(REASON), N_("let a suspended person work again")),
    STAFF("replace", 0, EITHER | CTL_BIT(REASON), N_("take a new certificate; the old one opens nothing any more")),
    STAFF("end", 0, CTL_BIT(REASON), N_("the person left; the number is never given again")),
    {"audit", "views", "audit-views", NULL, NULL, 0, CTL_BIT(STAFF) | CTL_BIT(CASE) | CTL_BIT(SINCE),
     N_("who saw whose data unmasked, the newest first"), NULL, ctl_views_print, NULL},
};
const size_t ctl_command_count = sizeof ctl_commands / sizeof ctl_commands[0];
