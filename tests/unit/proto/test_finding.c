/* Every row of the findings: it holds when its fact does, not before, and remembers since when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/finding.h"

static const int64_t now = 1760000000000;

static struct finding_facts well(const struct finding_peer *peer)
{
    return (struct finding_facts){.certificate_days = 300, .calendar_days = 300, .peers = peer, .peer_count = peer ? 1 : 0};
}

static struct finding_peer peer_well(void)
{
    return (struct finding_peer){.office = "330483"};
}

/* The only finding there is, by name; "" for none. */
static const char *only(const struct finding_facts *facts)
{
    static struct findings found;
    found.count = 0;
    findings_update(&found, facts, now);
    assert_true(found.count <= 1);
    return found.count ? finding_type(found.list[0].id)->name : "";
}

static void facts_of_the_office(void **unused)
{
    (void)unused;
    struct finding_facts f = well(NULL);
    assert_string_equal(only(&f), "");
#define HOLDS(member, before, value, name)      \
    do {                                        \
        f = well(NULL);                         \
        f.member = (before);                    \
        assert_string_equal(only(&f), "");      \
        f.member = (value);                     \
        assert_string_equal(only(&f), name);    \
    } while (0)
    HOLDS(store_failed, false, true, "store-failed");
    HOLDS(disk_low, false, true, "disk-low");
    HOLDS(draining, false, true, "draining");
    HOLDS(ledger_closed, false, true, "ledger-closed");
    f.ledger_behind = 3;
    assert_string_equal(only(&f), "ledger-behind");
    HOLDS(tallies_differ, false, true, "tallies-differ");
    HOLDS(untrusted, false, true, "peer-untrusted");
    HOLDS(log_lost, false, true, "log-lost");
    HOLDS(writer_silent_ms, FINDING_WRITER_MS - 1, FINDING_WRITER_MS, "writer-stuck");
    HOLDS(writer_queue, FINDING_QUEUE_COMMANDS - 1, FINDING_QUEUE_COMMANDS, "writer-busy");
    HOLDS(certificate_days, FINDING_CERTIFICATE_DAYS, FINDING_CERTIFICATE_DAYS - 1, "certificate-soon");
    HOLDS(certificate_days, FINDING_CERTIFICATE_DAYS, FINDING_CERTIFICATE_NOW_DAYS, "certificate-soon");
    HOLDS(certificate_days, FINDING_CERTIFICATE_DAYS, FINDING_CERTIFICATE_NOW_DAYS - 1, "certificate-now");
    HOLDS(certificate_days, FINDING_CERTIFICATE_DAYS, -3, "certificate-now");
    HOLDS(calendar_days, FINDING_CALENDAR_DAYS, FINDING_CALENDAR_DAYS - 1, "calendar-soon");
    HOLDS(hooks_failing, 0, 1, "hook-failing");
    HOLDS(crls_outdated, 0, 1, "crl-outdated");
    HOLDS(backup_failed, false, true, "backup-failed");
    HOLDS(backup_same_disk, false, true, "backup-same-disk");
    HOLDS(retention_failed, false, true, "retention-failed");
    HOLDS(retention_days, FINDING_RETENTION_DAYS - 1, FINDING_RETENTION_DAYS, "retention-old");
}

static void facts_of_a_counterpart(void **unused)
{
    (void)unused;
    struct finding_peer p = peer_well();
    struct finding_facts f = well(&p);
    assert_string_equal(only(&f), "");
    p.failures = 9;
    p.failing_since_ms = now - FINDING_AWAY_MS + 1;
    assert_string_equal(only(&f), "");
    p.failing_since_ms--;
    assert_string_equal(only(&f), "peer-away");
    p.alarm = true;
    assert_string_equal(only(&f), "peer-alarm");
    p = peer_well();
    p.paused = true;
    assert_string_equal(only(&f), "peer-paused");
    p = peer_well();
    p.alarm = p.material_stuck = true;
    assert_string_equal(only(&f), "material-stuck");
    /* a stuck material hides neither a refusal of the messages nor an outage */
    static struct findings both;
    both.count = 0;
    p.refused = true;
    findings_update(&both, &f, now);
    assert_non_null(findings_find(&both, FINDING_PEER_ALARM, "330483"));
    assert_non_null(findings_find(&both, FINDING_MATERIAL_STUCK, "330483"));
    p = peer_well();
    p.oldest_unsent_s = FINDING_QUEUE_S;
    assert_string_equal(only(&f), "queue-old");
    p = peer_well();
    p.skew_ms = -FINDING_SKEW_MS;
    assert_string_equal(only(&f), "clock-skew");
    p.skew_ms++;
    assert_string_equal(only(&f), "");
}

static void since_when(void **unused)
{
    (void)unused;
    struct findings found = {.count = 0};
    struct finding_peer p = peer_well();
    struct finding_facts f = well(&p);
    f.disk_low = true;
    p.failures = 3;
    p.failing_since_ms = now - 2 * FINDING_AWAY_MS;
    findings_update(&found, &f, now);
    findings_update(&found, &f, now + 60000);
    assert_int_equal(found.count, 2);
    assert_true(findings_find(&found, FINDING_DISK_LOW, "")->since_ms == now);
    assert_true(findings_find(&found, FINDING_PEER_AWAY, "330483")->since_ms == p.failing_since_ms);
    assert_null(findings_find(&found, FINDING_PEER_AWAY, "320623"));
    f.disk_low = false;
    findings_update(&found, &f, now + 120000);
    f.disk_low = true;
    findings_update(&found, &f, now + 180000);
    assert_true(findings_find(&found, FINDING_DISK_LOW, "")->since_ms == now + 180000);
}

/* The gravest first, and every row says what to do and where that is explained. */
static void the_table(void **unused)
{
    (void)unused;
    for (int id = 0; id < FINDING_COUNT; id++) {
        const struct finding_type *type = finding_type((enum finding_id)id);
        assert_true(type->name[0] && type->title[0] && type->remedy[0] && strstr(type->page, ".md"));
        if (id)
            assert_true(type->level >= finding_type((enum finding_id)(id - 1))->level);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_the_office),
        cmocka_unit_test(facts_of_a_counterpart),
        cmocka_unit_test(since_when),
        cmocka_unit_test(the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
