/* control_internal: what the commands of the control socket are given, and how they answer.
 *
 * Each command is one function of one file (control_staff.c, …) and one row of CONTROL_COMMANDS.  Loop thread only. */
#ifndef API_CONTROL_INTERNAL_H
#define API_CONTROL_INTERNAL_H

#include "daemon/api/control.h"

/* One question, from its line to its answer.  The command answers exactly once, now or later, with control_answer or control_refuse. */
struct control_ask {
    const struct control_parts *parts;
    int64_t uid;         /* who asks */
    void *state;         /* of the command: NULL at first, given to free() after the answer */
};

/* C(name, function): a command and its request {"command":name,"request":{…}}; `request` is borrowed for the call. */
#define CONTROL_COMMANDS(C)              \
    C("staff-act", control_staff_act)    \
    C("staff-list", control_staff_list)  \
    C("audit-views", control_audit_views) \
    C("audit-search", control_audit_search) \
    C("log-levels", control_log_levels)  \
    C("log-set", control_log_set)        \
    C("bundle", control_bundle)          \
    C("status", control_status)          \
    C("peer-list", control_status)       \
    C("peer-test", control_peer_test)    \
    C("peer-pause", control_peer_pause)  \
    C("peer-resume", control_peer_resume) \
    C("queue-list", control_queue_list)  \
    C("queue-retry", control_queue_retry) \
    C("retention-plan", control_retention_plan) \
    C("retention-run", control_retention_run) \
    C("retention-hold", control_retention_hold) \
    C("retention-release", control_retention_release) \
    C("retention-holds", control_retention_holds) \
    C("queue-park", control_queue_park)  \
    C("backup", control_backup)          \
    C("verify", control_verify)          \
    C("drain", control_drain)            \
    C("certificate-list", control_certificate_list) \
    C("reload", control_reload) \
    C("key-list", control_key_list) \
    C("key-accept", control_key_accept) \
    C("recover", control_recover)

#define C(name, function) void function(struct control_ask *ask, json_t *request);
CONTROL_COMMANDS(C)
#undef C

/* Answers and ends the question; takes `doc`, NULL = no memory: the connection is closed without an answer. */
void control_answer(struct control_ask *ask, json_t *doc);
void control_refuse(struct control_ask *ask, const struct problem *p);
/* For work that takes its time: a line {"progress":doc} before the answer; takes `doc`.  A reader who is slow misses some. */
void control_progress(struct control_ask *ask, json_t *doc);
/* Whoever asked went away: work that serves nobody else may stop (and then answers all the same). */
bool control_gone(const struct control_ask *ask);

#endif
