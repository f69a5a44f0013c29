#include "proto/finding.h"

#include <string.h>

static const struct finding_type types[FINDING_COUNT] = {
#define F(constant, name, level, title, remedy, page) {name, level, title, remedy, page},
    FINDING_TABLE(F)
#undef F
};

const struct finding_type *finding_type(enum finding_id id)
{
    return &types[id];
}

const struct finding *findings_find(const struct findings *findings, enum finding_id id, const char *about)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].id == id && !strcmp(findings->list[i].about, about))
            return &findings->list[i];
    return NULL;
}

/* Whether the row holds for the office itself; *number is what it is about. */
static bool office_holds(enum finding_id id, const struct finding_facts *f, int64_t *number)
{
    switch (id) {
    case FINDING_STORE_FAILED:
        return f->store_failed;
    case FINDING_LEDGER_BEHIND:
        *number = f->ledger_behind;
        return f->ledger_closed && f->ledger_behind > 0;
    case FINDING_LEDGER_CLOSED:
        return f->ledger_closed && f->ledger_behind <= 0;
    case FINDING_WRITER_STUCK:
        *number = f->writer_silent_ms / 1000;
        return f->writer_silent_ms >= FINDING_WRITER_MS;
    case FINDING_WRITER_BUSY:
        *number = f->writer_queue;
        return f->writer_queue >= FINDING_QUEUE_COMMANDS;
    case FINDING_DISK_LOW:
        return f->disk_low;
    case FINDING_TALLIES_DIFFER:
        return f->tallies_differ;
    case FINDING_PEER_UNTRUSTED:
        return f->untrusted;
    case FINDING_CERTIFICATE_NOW:
    case FINDING_CERTIFICATE_SOON:
        *number = f->certificate_days;
        return id == FINDING_CERTIFICATE_NOW ? *number < FINDING_CERTIFICATE_NOW_DAYS
                                             : *number >= FINDING_CERTIFICATE_NOW_DAYS && *number < FINDING_CERTIFICATE_DAYS;
    case FINDING_CRL_OUTDATED:
        *number = f->crls_outdated;
        return *number > 0;
    case FINDING_CALENDAR_SOON:
        *number = f->calendar_days;
        return *number < FINDING_CALENDAR_DAYS;
    case FINDING_HOOK_FAILING:
        *number = f->hooks_failing;
        return *number > 0;
    case FINDING_BACKUP_FAILED:
        return f->backup_failed;
    case FINDING_BACKUP_SAME_DISK:
        return f->backup_same_disk;
    case FINDING_BACKUP_OLD:
        *number = f->backup_days == INT64_MAX ? 0 : f->backup_days;
        return f->backup_wanted && f->backup_days >= FINDING_BACKUP_DAYS;
    case FINDING_RETENTION_FAILED:
        return f->retention_failed;
    case FINDING_RETENTION_OLD:
        *number = f->retention_due;
        return f->retention_days >= FINDING_RETENTION_DAYS;
    case FINDING_LOG_LOST:
        return f->log_lost;
    case FINDING_DRAINING:
        return f->draining;
    default: /* the rows of a counterpart */
        return false;
    }
}

static bool peer_holds(enum finding_id id, const struct finding_peer *peer, int64_t now_ms, int64_t *number)
{
    int64_t failing_ms = peer->failures && peer->failing_since_ms ? now_ms - peer->failing_since_ms : 0;
    bool refused = peer->refused || (peer->alarm && !peer->material_stuck);
    switch (id) {
    case FINDING_PEER_ALARM:
        return refused;
    case FINDING_PEER_AWAY:
        *number = failing_ms / 1000;
        return failing_ms >= FINDING_AWAY_MS && !refused && !peer->paused;
    case FINDING_QUEUE_OLD:
        *number = peer->oldest_unsent_s;
        return *number >= FINDING_QUEUE_S;
    case FINDING_MATERIAL_STUCK:
        return peer->material_stuck;
    case FINDING_CLOCK_SKEW:
        *number = (peer->skew_ms < 0 ? -peer->skew_ms : peer->skew_ms) / 1000;
        return *number * 1000 >= FINDING_SKEW_MS;
    case FINDING_PEER_PAUSED:
        return peer->paused;
    default: /* the rows of the office itself */
        return false;
    }
}

static int64_t since(const struct findings *before, enum finding_id id, const struct finding_peer *peer, int64_t now_ms)
{
    const struct finding *known = findings_find(before, id, peer ? peer->office : "");
    if (peer && id == FINDING_PEER_AWAY)
        return peer->failing_since_ms;
    if (peer && id == FINDING_QUEUE_OLD)
        return now_ms - peer->oldest_unsent_s * 1000;
    return known ? known->since_ms : now_ms;
}

void findings_update(struct findings *findings, const struct finding_facts *facts, int64_t now_ms)
{
    struct findings now = {.count = 0};
    for (int id = 0; id < FINDING_COUNT; id++) /* the table is in the order of gravity */
        for (size_t i = 0; i <= facts->peer_count && now.count < FINDINGS_MAX; i++) {
            const struct finding_peer *peer = i ? &facts->peers[i - 1] : NULL;
            int64_t number = 0;
            bool here = peer ? peer_holds((enum finding_id)id, peer, now_ms, &number) : office_holds((enum finding_id)id, facts, &number);
            if (!here)
                continue;
            struct finding *found = &now.list[now.count++];
            *found = (struct finding){.id = (enum finding_id)id, .number = number,
                                      .since_ms = since(findings, (enum finding_id)id, peer, now_ms)};
            if (peer)
                memcpy(found->about, peer->office, sizeof found->about);
        }
    *findings = now;
}
