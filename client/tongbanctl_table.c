/* The commands of tongbanctl, a row each. */
#include "client/tongbanctl.h"

#define EITHER (CTL_BIT(CERTIFICATE) | CTL_BIT(FINGERPRINT))
#define STAFF(name, needs, takes, text)                                                                                        \
    {.group = "staff", .verb = (name), .wire = "staff-act", .word = "ID", .key = "id", .required = (needs), .optional = (takes), \
     .help = (text), .prepare = ctl_staff_prepare, .print = ctl_staff_done}

const struct ctl_command ctl_commands[] = {
    {.group = "status", .wire = "status", .print = ctl_status_print, .judge = ctl_status_judge,
     .help = N_("is anything wrong, since when, and what to do; exit status 1 when there is")},
    {.group = "peer", .verb = "list", .wire = "peer-list", .print = ctl_peers_print,
     .help = N_("the counterparts, and how the exchange with each goes")},
    {.group = "peer", .verb = "test", .wire = "peer-test", .word = "OFFICE", .key = "office", .print = ctl_test_print,
     .judge = ctl_test_judge, .help = N_("speak with a counterpart now, and say how it went")},
    {.group = "peer", .verb = "pause", .wire = "peer-pause", .word = "OFFICE", .key = "office", .print = ctl_peer_done,
     .help = N_("send nothing to a counterpart until it is resumed, or until a restart; nothing is lost")},
    {.group = "peer", .verb = "resume", .wire = "peer-resume", .word = "OFFICE", .key = "office", .print = ctl_peer_done,
     .help = N_("go on with a paused counterpart")},
    {.group = "queue", .verb = "list", .wire = "queue-list", .optional = CTL_BIT(OFFICE), .print = ctl_queue_print,
     .help = N_("what waits for the counterparts, the oldest first")},
    {.group = "queue", .verb = "retry", .wire = "queue-retry", .optional = CTL_BIT(OFFICE), .print = ctl_retry_print,
     .help = N_("try now what waits after a failure")},
    {.group = "drain", .wire = "drain", .optional = CTL_BIT(WAIT) | CTL_BIT(END), .print = ctl_drain_print,
     .help = N_("close the intake for maintenance; everything else goes on, messages are delivered")},
    {.group = "staff", .verb = "list", .wire = "staff-list", .print = ctl_staff_print,
     .help = N_("everybody who may work here, of the configuration and enrolled")},
    STAFF("enrol", CTL_BIT(NAME) | CTL_BIT(ROLE), EITHER | CTL_BIT(WINDOW) | CTL_BIT(TOWNSHIP), N_("let a person work here, at once")),
    STAFF("change", 0, CTL_BIT(NAME) | CTL_BIT(ROLE) | CTL_BIT(WINDOW) | CTL_BIT(TOWNSHIP) | CTL_BIT(REASON),
          N_("correct the name, give another role, window or township")),
    STAFF("suspend", CTL_BIT(REASON), 0, N_("refuse the person's next request")),
    STAFF("resume", 0, CTL_BIT(REASON), N_("let a suspended person work again")),
    STAFF("replace", 0, EITHER | CTL_BIT(REASON), N_("take a new certificate; the old one opens nothing any more")),
    STAFF("end", 0, CTL_BIT(REASON), N_("the person left; the number is never given again")),
    {.group = "audit", .verb = "views", .wire = "audit-views", .optional = CTL_BIT(STAFF) | CTL_BIT(CASE) | CTL_BIT(SINCE),
     .print = ctl_views_print, .help = N_("who saw whose data unmasked, the newest first")},
    {.group = "retention", .verb = "plan", .wire = "retention-plan", .print = ctl_retention_print,
     .help = N_("which cases are over their retention; nothing is changed")},
    {.group = "retention", .verb = "run", .wire = "retention-run", .print = ctl_retention_print,
     .help = N_("erase the personal data and materials of these cases; proofs stay")},
    {.group = "retention", .verb = "hold", .wire = "retention-hold", .word = "CASE", .key = "case", .required = CTL_BIT(REASON),
     .print = ctl_retention_done, .help = N_("do not erase a case: a review or a suit needs it")},
    {.group = "retention", .verb = "release", .wire = "retention-release", .word = "CASE", .key = "case", .print = ctl_retention_done,
     .help = N_("end the hold of a case")},
};
const size_t ctl_command_count = sizeof ctl_commands / sizeof ctl_commands[0];
