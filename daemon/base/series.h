/* series: metrics that have labels or buckets, the second half of the table of daemon/base/metrics.h.
 *
 * A *series* is one row with zero, one or two labels.  The values of a label are a closed set — words of a table below, or the offices of
 * the configuration — so no request can make a new one, and nothing in them names a person or a case.  A *histogram* counts into fixed
 * buckets.  Memory is static and updates are single atomic additions: all functions may be called from any thread and never fail;
 * a label outside its set is dropped.  Values are whole numbers of a small unit; `scale` of them make the base unit that is shown. */
#ifndef BASE_SERIES_H
#define BASE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/limits.h"

/* L(CONSTANT, "name", "values, separated by spaces"); the values of PEER are the codes of the configured counterparts. */
#define SERIES_LABEL_TABLE(L)                                                                                          \
    L(NONE, "", "")                                                                                                    \
    L(PEER, "peer", "")                                                                                                \
    L(RECEIPT, "verdict", "accepted refused invalid")                                                                  \
    L(VERDICT, "verdict", "accepted refused invalid duplicate")                                                        \
    L(ALARM, "kind", "unreachable refused untrusted material tallies clock")                                           \
    L(LIGHT, "light", "none green blue yellow red grey")                                                               \
    L(CERTIFICATE, "certificate", "window peer gateway staff-authority")                                               \
    L(LISTENER, "listener", "window peer admin")

/* S(CONSTANT, kind, scale, first label, second label, "name", "help"); shown as tongban_<name>.  The help says what one value is. */
#define SERIES_TABLE(S)                                                                                                \
    S(COMMIT, histogram, 1000000, NONE, NONE, "store_commit_seconds", "time of one commit: signature, write, sync")    \
    S(FSYNC, histogram, 1000000, NONE, NONE, "store_fsync_seconds", "time of one fsync or fdatasync of the database")  \
    S(HANDSHAKE, histogram, 1000000, NONE, NONE, "tls_handshake_seconds", "from the connection to the end of its handshake") \
    S(REQUEST, histogram, 1000000, LISTENER, NONE, "http_request_seconds", "from the first byte of a request to the last of its answer; streams excepted") \
    S(DELIVERY, histogram, 1000, PEER, NONE, "peer_delivery_seconds", "from the entry written here to the verified receipt of the counterpart") \
    S(PEER_DELIVERIES, counter, 1, PEER, RECEIPT, "peer_deliveries_total", "our messages, by what the counterpart's receipt says") \
    S(PEER_TAKEN, counter, 1, PEER, VERDICT, "peer_taken_total", "messages of the counterpart, by what our receipt says") \
    S(PEER_QUEUE, gauge, 1, PEER, NONE, "peer_queue_messages", "our messages without a receipt")                       \
    S(PEER_QUEUE_AGE, gauge, 1, PEER, NONE, "peer_queue_age_seconds", "age of the oldest message without a receipt; 0 without one") \
    S(PEER_SKEW, gauge, 1000, PEER, NONE, "peer_skew_seconds", "the counterpart's clock minus ours, to half a second; 0 when it has not answered for an hour") \
    S(PEER_LAST_EXCHANGE, gauge, 1000, PEER, NONE, "peer_last_exchange_timestamp_seconds", "last exchange that we began and that verified") \
    S(PEER_FAILURES_NOW, gauge, 1, PEER, NONE, "peer_failures_in_a_row", "exchanges that failed since the last good one") \
    S(PEER_ALARM, gauge, 1, PEER, ALARM, "peer_alarm", "1 while this is wrong with the counterpart")                   \
    S(PEER_TALLIES_EQUAL, gauge, 1, PEER, NONE, "peer_tallies_equal", "1: at the last reconciliation both sides counted the same messages; 0: not") \
    S(PEER_TALLIES_CHECKED, gauge, 1000, PEER, NONE, "peer_tallies_checked_timestamp_seconds", "last reconciliation")   \
    S(CERTIFICATE_LEFT, gauge, 1, CERTIFICATE, NONE, "tls_certificate_left_seconds", "until it expires; negative afterwards") \
    S(AUTHORITY_LEFT, gauge, 1, PEER, NONE, "tls_peer_authority_left_seconds", "until the pinned authority of the counterpart expires") \
    S(CALENDAR_LEFT, gauge, 1, NONE, NONE, "calendar_left_seconds", "until the end of the last day that the calendar of working days covers") \
    S(CASES_OPEN, gauge, 1, LIGHT, NONE, "cases_open", "open cases by the light of the clock that runs; looked at every minute") \
    S(STEPS_OPEN, gauge, 1, LIGHT, NONE, "steps_open", "open delegated steps with a due day, by light; looked at every minute")

enum series_label {
#define L(constant, name, values) LABEL_##constant,
    SERIES_LABEL_TABLE(L)
#undef L
    SERIES_LABELS
};
enum series {
#define S(constant, kind, scale, first, second, name, help) SERIES_##constant,
    SERIES_TABLE(S)
#undef S
    SERIES
};
enum series_alarm { ALARM_UNREACHABLE, ALARM_REFUSED, ALARM_UNTRUSTED, ALARM_MATERIAL, ALARM_TALLIES, ALARM_CLOCK, SERIES_ALARMS };
enum series_verdict { TAKEN_ACCEPTED, TAKEN_REFUSED, TAKEN_INVALID, TAKEN_DUPLICATE };
enum series_certificate { CERTIFICATE_WINDOW, CERTIFICATE_PEER, CERTIFICATE_GATEWAY, CERTIFICATE_STAFF_AUTHORITY, SERIES_CERTIFICATES };

enum { SERIES_BUCKETS = 14, SERIES_NONE = 0xffff };

/* Observations gathered aside — inside a transaction that may be undone — and added at once when they count. */
struct series_sample {
    uint64_t buckets[SERIES_BUCKETS + 1]; /* the last one: above all bounds */
    int64_t sum;
};

/* Names the counterparts, at most LIMIT_PEERS; once, at the start, before other threads count. */
void series_set_peers(const char *const *codes, unsigned count);
/* Place of a word in its set, or SERIES_NONE. */
unsigned series_value(enum series_label label, const char *word);
/* `first`, `second`: places in the sets of the row's labels, 0 where it has none. */
void series_add(enum series series, unsigned first, unsigned second, int64_t n);
/* A gauge that was never set is not shown. */
void series_set(enum series series, unsigned first, unsigned second, int64_t value);
void series_unset(enum series series, unsigned first, unsigned second);
int64_t series_get(enum series series, unsigned first, unsigned second);
/* One value of a histogram, in its small unit. */
void series_observe(enum series series, unsigned first, int64_t value);
void series_gather(enum series series, struct series_sample *sample, int64_t value);
void series_merge(enum series series, unsigned first, const struct series_sample *sample);
/* How often a histogram was observed. */
uint64_t series_count(enum series series, unsigned first);
/* Appends all of them in the Prometheus text format 0.0.4. */
int series_print(struct buf *out) TB_MUST_USE;

#endif
