/* metrics: the numbers an operator watches, from one table; shown at /metrics of the admin listener.
 *
 * A *counter* only grows; a *gauge* is a present value.  They count things, never name persons or cases.  Those with labels or buckets
 * are in series.h, those about the process in process.h.  All functions may be
 * called from any thread at any time and never fail. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdint.h>

#include "proto/buf.h"

/* M(CONSTANT, kind, "name", "help"); shown as tongban_<name>. */
#define METRIC_TABLE(M)                                                                                                \
    M(HTTP_CONNECTIONS, counter, "http_connections_total", "connections accepted on all listeners")                    \
    M(HTTP_CONNECTIONS_OPEN, gauge, "http_connections_open", "connections open now")                                   \
    M(HTTP_REQUESTS, counter, "http_requests_total", "requests read whole")                                            \
    M(HTTP_REFUSED, counter, "http_refused_total", "requests refused by form: smuggling shapes, limits, versions")     \
    M(HTTP_TIMEOUTS, counter, "http_timeouts_total", "connections cut because a named time passed")                    \
    M(TLS_HANDSHAKES, counter, "tls_handshakes_total", "handshakes completed")                                         \
    M(TLS_FAILED, counter, "tls_failed_total", "handshakes failed: garbage, no certificate, not trusted, expired")     \
    M(TLS_RELOADS, counter, "tls_reloads_total", "certificates and keys read anew")                                    \
    M(CRL_OUTDATED, gauge, "crl_outdated", "revocation lists older than allowed; they go on being used unless crl_strict") \
    M(CRL_AGE_S, gauge, "crl_age_seconds", "age of the oldest revocation list")                                  \
    M(BACKUP_AGE_S, gauge, "backup_age_seconds", "age of the newest verified backup; -1 when none is configured")     \
    M(BACKUP_SAME_DISK, gauge, "backup_same_disk", "1: backup.directory is on the disk of the store, and backup.same_disk_ok is not set") \
    M(RETENTION_DUE, gauge, "retention_due_cases", "cases over their retention that are not erased, as of the last look") \
    M(RETENTION_SWEPT, gauge, "retention_swept_timestamp_seconds", "end of the last pass that erased; 0: none")      \
    M(RETENTION_AGE_S, gauge, "retention_due_age_seconds", "how long the oldest of these cases is over its retention, as of the last look") \
    M(RETENTION_SWEEP, gauge, "retention_sweep", "1: what is over its retention is erased each night")                 \
    M(RETENTION_FAILED, gauge, "retention_failed", "1: the last pass that was to erase ended early, or left cases without a whole archive") \
    M(FINDINGS, gauge, "findings", "what tongbanctl status finds wrong, without notices")                              \
    M(API_DENIED, counter, "api_denied_total", "requests of certificates that do not open this API or role")           \
    M(HTTP_EVICTED, counter, "http_connections_evicted_total", "connections closed because there were too many")      \
    M(API_LIMITED, counter, "api_limited_total", "requests refused because their sender asks too often")               \
    M(API_REPLAYED, counter, "api_replayed_total", "repeated requests answered with the stored answer")                \
    M(WATCHERS, gauge, "watchers", "clients following cases live")                                                     \
    M(CASES_TAKEN, counter, "cases_taken_total", "cases taken in at our window")                                       \
    M(CASES_RECEIVED, counter, "cases_received_total", "cases received from other offices, message and materials")     \
    M(ACTIONS_DONE, counter, "actions_done_total", "actions of our staff carried out")                                 \
    M(ACTIONS_REFUSED, counter, "actions_refused_total", "actions of our staff refused by rule")                       \
    M(PROGRESS_ASKED, counter, "progress_asked_total", "questions about progress that were answered")                  \
    M(PROGRESS_WRONG, counter, "progress_wrong_total", "questions about progress whose number or code was wrong")      \
    M(PROGRESS_LIMITED, counter, "progress_limited_total", "questions about progress that came too often")             \
    M(STORE_COMMANDS, counter, "store_commands_total", "commands run by the writer")                                   \
    M(STORE_COMMITS, counter, "store_commits_total", "transactions committed")                                         \
    M(STORE_FAILED, counter, "store_failed_total", "transactions that the disk or database failed")                    \
    M(STORE_QUEUE, gauge, "store_queue", "commands waiting for the writer")                                            \
    M(STORE_WAL_BYTES, gauge, "store_wal_bytes", "size of the write-ahead log")                                        \
    M(STORE_FSYNCS, counter, "store_fsyncs_total", "calls of fsync and fdatasync")                                     \
    M(DISK_FREE_BYTES, gauge, "disk_free_bytes", "free bytes on the disk of the store")                                \
    M(DISK_TOTAL_BYTES, gauge, "disk_total_bytes", "size of the disk of the store")                                    \
    M(DISK_FLOOR_BYTES, gauge, "disk_floor_bytes", "free bytes under which intakes are refused")                       \
    M(DISK_LOW_REFUSED, counter, "disk_low_refused_total", "intakes and uploads refused under the disk floor")                     \
    M(LEDGER_SIZE, gauge, "ledger_size", "entries in our ledger")                                                      \
    M(LEDGER_CLOSED, gauge, "ledger_closed", "1: nothing is recorded, the ledger is or may be behind what others have seen of it") \
    M(LEDGER_BEHIND, gauge, "ledger_behind", "entries of our ledger that a counterpart has seen and that are not here") \
    M(LEDGER_SIGNATURES, counter, "ledger_signatures_total", "checkpoints and cosignatures signed")                    \
    M(MATERIALS_RECEIVED, counter, "materials_received_total", "materials stored whole")                               \
    M(MATERIALS_BYTES, counter, "materials_bytes_total", "bytes of materials stored")                                  \
    M(MATERIALS_REFUSED, counter, "materials_refused_total", "uploads discarded: wrong bytes, type, or empty")         \
    M(UPLOADS_OPEN, gauge, "uploads_open", "unfinished uploads")                                                       \
    M(PEER_BATCHES_SENT, counter, "peer_batches_sent_total", "batches sent to peers, heartbeats included")             \
    M(PEER_BATCHES_TAKEN, counter, "peer_batches_taken_total", "batches taken from peers, heartbeats included")        \
    M(PEER_MESSAGES_SENT, counter, "peer_messages_sent_total", "messages whose receipt is verified")                   \
    M(PEER_MESSAGES_TAKEN, counter, "peer_messages_taken_total", "messages taken from peers")                          \
    M(PEER_MESSAGES_REFUSED, counter, "peer_messages_refused_total", "messages of peers refused by rule")              \
    M(PEER_MESSAGES_INVALID, counter, "peer_messages_invalid_total", "messages of peers that were not valid")          \
    M(PEER_DUPLICATES, counter, "peer_duplicates_total", "messages of peers answered with the stored receipt")         \
    M(PEER_UNTRUSTED, counter, "peer_untrusted_total", "batches or answers that did not verify")                       \
    M(PEER_FAILURES, counter, "peer_failures_total", "exchanges that failed and will be tried again")                  \
    M(PEER_DIFFERENCES, counter, "peer_differences_total", "reconciliations that found a difference")                  \
    M(PEER_CONTRADICTIONS, counter, "peer_contradictions_total", "revisions and verdicts of peers against what stands here") \
    M(PEER_OLDEST_UNSENT_S, gauge, "peer_oldest_unsent_seconds", "age of the oldest message without a receipt")        \
    M(HOOK_RUNS, counter, "hook_runs_total", "runs of programs of the hook directory")                                 \
    M(HOOK_FAILURES, counter, "hook_failures_total", "such runs that failed and are tried again")                      \
    M(HOOK_FAILING, gauge, "hook_failing", "programs whose present event was not taken yet")                           \
    M(HOOK_BEHIND, gauge, "hook_behind_entries", "ledger entries that the slowest program was not told yet")           \
    M(HOOK_LAST_FAILURE, gauge, "hook_last_failure_seconds", "time of the last failed run, seconds since 1970; 0 never") \
    M(CLOCK_JUMPS, counter, "clock_jumps_total", "times the clock of the machine was set, or it slept")                \
    M(CLOCK_JUMP_S, gauge, "clock_jump_seconds", "how far the clock jumped the last time, forward or back")            \
    M(LOG_LINES_LOST, counter, "log_lines_lost_total", "log lines that could not be written")                          \
    M(LOG_LINES_SUPPRESSED, counter, "log_lines_suppressed_total", "log lines left out because outsiders caused too many")

enum metric {
#define M(constant, kind, name, help) METRIC_##constant,
    METRIC_TABLE(M)
#undef M
    METRICS
};

/* Adds to a counter (or to a gauge that counts up and down, with a negative n). */
void metric_add(enum metric metric, int64_t n);
/* Sets a gauge. */
void metric_set(enum metric metric, int64_t value);
/* Present value. */
int64_t metric_get(enum metric metric);
/* Appends all of them, those of series.h too, in the Prometheus text format 0.0.4. */
int metrics_print(struct buf *out) TB_MUST_USE;

#endif
