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
    {.group = "queue", .verb = "park", .wire = "queue-park", .word = "MATERIAL", .key = "material",
     .optional = CTL_BIT(OFFICE) | CTL_BIT(END), .print = ctl_park_print,
     .help = N_("do not try a material again that a counterpart will not take, until told otherwise")},
    {.group = "drain", .wire = "drain", .optional = CTL_BIT(WAIT) | CTL_BIT(END), .print = ctl_drain_print,
     .help = N_("close the intake for maintenance; everything else goes on, messages are delivered")},
    {.group = "recover", .wire = "recover", .optional = CTL_BIT(APPLY) | CTL_BIT(WITHOUT), .print = ctl_recover_print,
     .judge = ctl_recover_judge, .help = N_("after an older copy was restored: what is missing, and what the counterparts can give back")},
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
    {.group = "audit", .verb = "search", .wire = "audit-search",
     .optional = CTL_BIT(TYPE) | CTL_BIT(STAFF) | CTL_BIT(CASE) | CTL_BIT(SINCE) | CTL_BIT(UNTIL), .print = ctl_audit_print,
     .help = N_("who did what, from the entries of the ledger, the newest first")},
    {.group = "log", .verb = "levels", .wire = "log-levels", .print = ctl_levels_print, .help = N_("what is logged now")},
    {.group = "log", .verb = "set", .wire = "log-set", .word = "LEVEL", .key = "level", .optional = CTL_BIT(AREA),
     .print = ctl_levels_print, .help = N_("log more or less until a restart: err, warning, notice, info or debug")},
    {.group = "bundle", .wire = "bundle", .required = CTL_BIT(OUT), .optional = CTL_BIT(LOG), .print = ctl_bundle_print, .writes = true,
     .help = N_("write what somebody far away needs to help into one file; nothing about applicants or staff")},
};
const size_t ctl_command_count = sizeof ctl_commands / sizeof ctl_commands[0];
