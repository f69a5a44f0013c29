/* A virtual year in one seed: some minutes of staff on working days, the sweeps of every night, and between them the clock jumps.
 *
 * What a run of hours cannot show comes up here: deadlines that pass, silence that becomes acceptance, authorisations that end, numbers
 * that begin anew, the calendar of the next year.  At the end of each stretch both offices are at rest; at some of them, drawn by the seed,
 * all invariants are checked, and the dates are reckoned once more by counting days one by one. */
#include "tests/simulation/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

enum { YEAR_DAYS = 400, DAY_OF_BODIES = 20780 /* 2026-11-23, which the dates in the bodies of sim_staff.c lie around */ };

/* Days off and on duty of the second calendar, which both offices are given in the first winter; the first one ends with 2026. */
static const char next_calendar[] =
    "date\tkind\tname\n2026-10-01\tholiday\t国庆节\n2026-10-10\tworkday\t国庆节\n2027-01-01\tholiday\t元旦\n2027-02-05\tholiday\t春节\n"
    "2027-02-08\tholiday\t春节\n2027-02-09\tholiday\t春节\n2027-02-20\tworkday\t春节\n2027-10-01\tholiday\t国庆节\n2027-10-09\tworkday\t国庆节\n";

void sim_year_dates(const struct sim *sim, char *body)
{
    for (char *at = strstr(body, "202"); at; at = strstr(at + 3, "202")) {
        char date[DATE_TEXT] = "";
        int64_t day;
        if (strlen(at) < DATE_TEXT - 1)
            return;
        memcpy(date, at, DATE_TEXT - 1);
        if (date_parse(date, &day))
            continue;
        date_format(day + timestamp_day(sim->now) - DAY_OF_BODIES, date);
        memcpy(at, date, DATE_TEXT - 1);
    }
}

/* ---- the days ---- */

static int publish(struct sim *sim)
{
    for (int i = 0; i < SIM_NODES; i++) {
        struct office *office = sim->node[i].office;
        struct calendar *calendar = NULL;
        int rc = calendar_parse(next_calendar, sizeof next_calendar - 1, &calendar, NULL);
        if (rc)
            return rc;
        calendar_free(office->calendar);
        office->calendar = calendar;
        memset(office->calendar_digest, 7, sizeof office->calendar_digest);
    }
    sim->calendar = next_calendar;
    return 0;
}

static void push_all(struct sim *sim, enum sim_event_kind kind)
{
    for (int i = 0; i < SIM_NODES; i++)
        sim_push(sim, (struct sim_event){.at = sim->now, .kind = kind, .node = i});
}

static void stretch(struct sim *sim, int64_t at, int64_t span)
{
    if (at > sim->now)
        sim->now = at;
    sim->end = sim->now + span;
    sim->calm = false;
    push_all(sim, SIM_TICK);
    sim_loop(sim);
}

static void disturb(struct sim *sim, int64_t at, int64_t span)
{
    sim->loss = (unsigned)sim_below(&sim->rng, 4) * 60;
    if (sim_chance(&sim->rng, 100))
        sim_push(sim, (struct sim_event){.at = at + (int64_t)sim_below(&sim->rng, (uint64_t)span), .kind = SIM_CRASH,
                                         .node = (int)sim_below(&sim->rng, SIM_NODES)});
    if (sim_chance(&sim->rng, 100))
        sim_push(sim, (struct sim_event){.at = at + (int64_t)sim_below(&sim->rng, (uint64_t)span), .kind = SIM_CUT});
    unsigned acts = 2 + (unsigned)sim_below(&sim->rng, 10);
    for (unsigned i = 0; i < acts; i++)
        sim_push(sim, (struct sim_event){.at = at + (int64_t)sim_below(&sim->rng, (uint64_t)span), .kind = SIM_CLERK,
                                         .node = (int)sim_below(&sim->rng, SIM_NODES)});
}

static void one_day(struct sim *sim, int64_t day)
{
    /* minutes after midnight, with both offices up: what is over since yesterday */
    stretch(sim, date_start_ms(day) + (int64_t)(1 + sim_below(&sim->rng, 20)) * 60 * 1000, 1);
    if (sim->failure[0] || !sim_day_works(sim->calendar, day) || !sim_chance(&sim->rng, 700))
        return;
    bool late = sim_chance(&sim->rng, 40); /* into the night */
    int64_t span = (late ? 10 : 6) * 60 * 1000;
    int64_t minute = late ? 23 * 60 + 54 : 9 * 60 + (int64_t)sim_below(&sim->rng, 420);
    int64_t at = date_start_ms(day) + minute * 60 * 1000;
    disturb(sim, at, span);
    stretch(sim, at, span);
}

void sim_year(struct sim *sim)
{
    int64_t first = timestamp_day(sim->now), published = first + 5 + (int64_t)sim_below(&sim->rng, 30);
    for (int64_t day = first; day < first + YEAR_DAYS && !sim->failure[0]; day++) {
        if (day == published && publish(sim))
            sim_fail(sim, "the next calendar cannot be read");
        one_day(sim, day);
        if (sim->plant && !sim->failure[0] && sim_plant_year(sim)) {
            stretch(sim, sim->now, 1); /* until both have it */
            sim_check_end(sim);
            return;
        }
        if (!sim->failure[0] && sim_chance(&sim->rng, 30))
            sim_check_end(sim);
    }
}
