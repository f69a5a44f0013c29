/* finding: what is wrong at an office, or will be soon — one row each: when, how bad, in which words, what to do.
 *
 * The monitor (daemon/api/monitor.c) collects the facts each minute; `tongbanctl status` shows what was found, since when, and the
 * remedy.  The alarms for Prometheus (config/prometheus) watch the same things from outside.  Pure; any thread. */
#ifndef PROTO_FINDING_H
#define PROTO_FINDING_H

#include <stdbool.h>

#include "proto/codes.h"
#include "proto/limits.h"

/* ERROR: act now, applicants notice.  WARNING: act this week, else it becomes one.  NOTICE: somebody did this; know it. */
enum finding_level { FINDING_ERROR, FINDING_WARNING, FINDING_NOTICE };

enum {
    FINDING_AWAY_MS = 5 * 60 * 1000,      /* a counterpart that fails this long is away, not hiccuping */
    FINDING_QUEUE_S = 15 * 60,            /* a message this old is late: half a working step of an hour */
    FINDING_CERTIFICATE_DAYS = 30,        /* fewer are left: a county's authority takes two weeks */
    FINDING_CERTIFICATE_NOW_DAYS = 7,     /* fewer are left: act today */
    FINDING_CALENDAR_DAYS = 45,           /* fewer are left: the State Council publishes the next year in November */
    FINDING_BACKUP_DAYS = 2,              /* one night may fail */
    FINDING_RETENTION_DAYS = 30,          /* over its retention for this long: nobody erases */
    FINDING_SKEW_MS = 5 * 1000,
    FINDING_WRITER_MS = 30 * 1000,
    FINDING_QUEUE_COMMANDS = 1000
};

/* F(CONSTANT, "name", level, "title", "what to do", "page of docs/").  Titles, remedies and pages are gettext message ids. */
#define FINDING_TABLE(F)                                                                                                            \
    F(STORE_FAILED, "store-failed", FINDING_ERROR, "The store cannot write; nothing is taken",                                      \
      "See the last lines of the log about the store, mend the disk, then restart", "how-to/disk-trouble.md")                       \
    F(LEDGER_BEHIND, "ledger-behind", FINDING_ERROR, "A counterpart has seen more of our ledger than we have; nothing is recorded",   \
      "An older copy was restored; tongbanctl recover says what comes back", "how-to/disk-trouble.md")                              \
    F(LEDGER_CLOSED, "ledger-closed", FINDING_ERROR, "The store was restored; nothing is recorded until every counterpart has answered", \
      "tongbanctl recover says which one is missing; without it: tongbanctl recover --without OFFICE", "how-to/disk-trouble.md")    \
    F(WRITER_STUCK, "writer-stuck", FINDING_ERROR, "The writer does not answer",                                                    \
      "The disk hangs, or a transaction does; if it stays, restart: nothing that was answered is lost", "how-to/disk-trouble.md")   \
    F(DISK_LOW, "disk-low", FINDING_ERROR, "The disk is nearly full; no new intake is taken",                                       \
      "Free space on the disk of the store; intake goes on by itself", "how-to/disk-trouble.md")                                    \
    F(PEER_ALARM, "peer-alarm", FINDING_ERROR, "The exchange with a counterpart fails in a way that will not pass by itself",       \
      "Ring its operator; then: tongbanctl peer test OFFICE", "how-to/a-counterpart-is-away.md")                                    \
    F(PEER_AWAY, "peer-away", FINDING_ERROR, "A counterpart cannot be reached; its messages wait and nothing is lost",              \
      "tongbanctl peer test OFFICE says why; if it is not our line, ring its operator", "how-to/a-counterpart-is-away.md")           \
    F(TALLIES_DIFFER, "tallies-differ", FINDING_ERROR, "Our books and those of a counterpart differ",                               \
      "Do not restore anything; compare both ledgers with its operator", "how-to/a-counterpart-is-away.md")                         \
    F(CERTIFICATE_NOW, "certificate-now", FINDING_ERROR, "A certificate expires within days",                                       \
      "tongbanctl certificate list names it; install the new one today", "how-to/certificates.md")                                  \
    F(BACKUP_FAILED, "backup-failed", FINDING_WARNING, "The last backup into the configured directory failed, or found damaged materials", \
      "The log says why (backup_failed, backup_faults); then: tongbanctl backup", "how-to/backup-and-restore.md")                   \
    F(BACKUP_OLD, "backup-old", FINDING_WARNING, "There is no recent verified backup",                                              \
      "tongbanctl backup makes one now and says what is wrong", "how-to/backup-and-restore.md")                                     \
    F(BACKUP_SAME_DISK, "backup-same-disk", FINDING_WARNING, "The backups are on the disk of the store: what damages one takes both",  \
      "Mount another disk at backup.directory, then: tongbanctl backup; a county that has none says backup.same_disk_ok",            \
      "how-to/backup-and-restore.md")                                                                                                \
    F(RETENTION_FAILED, "retention-failed", FINDING_WARNING, "What is over its retention could not be erased, or not be archived before", \
      "The log says why (retention_failed, retention_kept); then: tongbanctl retention run --yes", "how-to/retention.md")           \
    F(RETENTION_OLD, "retention-old", FINDING_WARNING, "Cases are long over their retention and were not erased",                   \
      "tongbanctl retention plan shows them; retention.sweep in the configuration erases each night", "how-to/retention.md")        \
    F(QUEUE_OLD, "queue-old", FINDING_WARNING, "Messages for a counterpart have waited long",                                       \
      "tongbanctl queue list shows them; tongbanctl peer test OFFICE says why", "how-to/a-counterpart-is-away.md")                  \
    F(MATERIAL_STUCK, "material-stuck", FINDING_WARNING, "A material cannot be sent to a counterpart",                              \
      "The log names it (material_failed); the others go on", "how-to/a-counterpart-is-away.md")                                    \
    F(PEER_UNTRUSTED, "peer-untrusted", FINDING_WARNING, "Something that did not verify came from a counterpart or pretended to",   \
      "The log names it; compare keys and authorities with its operator", "how-to/a-counterpart-is-away.md")                        \
    F(CLOCK_SKEW, "clock-skew", FINDING_WARNING, "Our clock and that of a counterpart differ",                                      \
      "Check time synchronisation (timedatectl) at both sides", "how-to/read-metrics-and-log.md")                                   \
    F(CERTIFICATE_SOON, "certificate-soon", FINDING_WARNING, "A certificate expires within a month",                                \
      "tongbanctl certificate list names it; request the next one now", "how-to/certificates.md")                                   \
    F(CRL_OUTDATED, "crl-outdated", FINDING_WARNING, "A revocation list is older than allowed",                                      \
      "tongbanctl certificate list names it; get a new one from its authority", "how-to/certificates.md")                           \
    F(CALENDAR_SOON, "calendar-soon", FINDING_WARNING, "The calendar of working days ends soon; later dates are provisional",        \
      "Install the calendar of the coming year", "how-to/new-calendar.md")                                                          \
    F(HOOK_FAILING, "hook-failing", FINDING_WARNING, "A program of the hook directory fails; its events wait",                      \
      "The log names the program and its last words (hook_failed)", "how-to/connect-a-line-system.md")                              \
    F(WRITER_BUSY, "writer-busy", FINDING_WARNING, "Many commands wait for the writer",                                             \
      "The disk is slow or the load is unusual; see tongban_store_queue over time", "how-to/read-metrics-and-log.md")               \
    F(LOG_LOST, "log-lost", FINDING_WARNING, "Log lines were lost", "Check the journal and its disk", "how-to/read-metrics-and-log.md") \
    F(PEER_PAUSED, "peer-paused", FINDING_NOTICE, "The exchange with a counterpart is paused by an operator",                       \
      "tongbanctl peer resume OFFICE", "how-to/a-counterpart-is-away.md")                                                           \
    F(DRAINING, "draining", FINDING_NOTICE, "Intake is closed by an operator for maintenance", "tongbanctl drain --end", "how-to/maintenance.md")

enum finding_id {
#define F(constant, name, level, title, remedy, page) FINDING_##constant,
    FINDING_TABLE(F)
#undef F
    FINDING_COUNT
};

struct finding_type {
    const char *name;
    enum finding_level level;
    const char *title, *remedy, *page;
};

/* What is known about one counterpart. */
struct finding_peer {
    char office[OFFICE_TEXT];
    bool alarm, paused, material_stuck;
    bool refused;             /* the alarm is of the messages, whatever the materials do */
    unsigned failures;        /* in a row */
    int64_t failing_since_ms; /* wall clock, 0 none */
    int64_t oldest_unsent_s;
    int64_t skew_ms;
};

struct finding_facts {
    bool store_failed, disk_low, draining;
    bool ledger_closed;       /* nothing may be recorded … */
    int64_t ledger_behind;    /* … and so many entries are missing */
    bool tallies_differ, untrusted, log_lost; /* seen in the last hour */
    int64_t writer_silent_ms; /* how long a command has waited for the writer */
    int64_t writer_queue;     /* commands */
    int64_t certificate_days, calendar_days; /* left */
    int64_t hooks_failing, crls_outdated;
    bool backup_wanted, backup_failed; /* configured; the last one that this process made there */
    bool backup_same_disk;    /* and nobody said that this is meant */
    int64_t backup_days;      /* age of the newest verified one, INT64_MAX without */
    bool retention_failed;    /* the last pass ended early or had to leave cases */
    int64_t retention_due, retention_days; /* cases over their retention; how long the oldest */
    const struct finding_peer *peers;
    size_t peer_count;
};

struct finding {
    enum finding_id id;
    char about[OFFICE_TEXT];  /* the counterpart, or "" */
    int64_t number;           /* days, seconds, commands: what the row is about, 0 where there is none */
    int64_t since_ms;         /* wall clock */
};

enum { FINDINGS_MAX = 128 };
struct findings {
    struct finding list[FINDINGS_MAX]; /* the gravest first */
    size_t count;
};

/* Static. */
const struct finding_type *finding_type(enum finding_id id);
/* Looks once more: what was found before keeps its `since`. */
void findings_update(struct findings *findings, const struct finding_facts *facts, int64_t now_ms);
/* The one of this kind about this counterpart, or NULL. */
const struct finding *findings_find(const struct findings *findings, enum finding_id id, const char *about);

#endif
