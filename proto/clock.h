/* clock: every limit that runs for a case, computed from its facts (期限, domain.md 5.1, 5.3, 6); pure.
 *
 * The facts are what the entries say — moments, the notice, special procedures, the extension — and the limits of the item's pinned
 * version.  Nothing here is ever patched: the same facts and the same calendar give the same clocks, and a new calendar gives new ones.
 * Counting: the day on which something begins is not counted; a limit in calendar days that ends on a day off ends on the next working
 * day (民事诉讼法 85 by analogy).
 *
 * Terms: a *clock* has a first day, a due day and perhaps an end.  It is *stopped* while a suspension lasts: the supplement stops the
 * notice clock, a special procedure (行政许可法 45) the clock of the decision, but for no longer than was announced.  A *phase* is a
 * stretch of the case that one side is answerable for. */
#ifndef PROTO_CLOCK_H
#define PROTO_CLOCK_H

#include "proto/calendar.h"
#include "proto/case_law.h"
#include "proto/case_machine.h"
#include "proto/light.h"

enum { CLOCK_STOPS = 32, CLOCK_PHASES = 8 + CLOCK_STOPS };

/* A limit of an item: none, or so many days. */
struct clock_limit {
    bool any, calendar_days;
    int days;
};

/* One special procedure (特别程序). */
struct clock_stop {
    int64_t begin, end; /* ms; end 0: it goes on */
    struct clock_limit announced;
};

struct clock_facts {
    enum case_state state;
    int64_t times[CASE_TIMES]; /* ms, 0 not yet */
    enum notice_rule rule;
    struct clock_limit statutory, promised;
    struct clock_limit extension; /* of the decision, when it was given */
    int64_t noticed_at, supplemented_at, tolerated_at, cured_at; /* ms, 0 not yet */
    int64_t answered_at; /* the home side's first word after receipt */
    int64_t delivery_at; /* the delivery was asked for */
    int64_t supplement_deadline, tolerance_deadline; /* days, 0 none */
    struct clock_stop stops[CLOCK_STOPS];
    size_t stop_count;
    bool delegated; /* the authorisation of the intake includes acceptance: its receipt is the home side's (行政许可法 24) */
    bool home_delivers; /* the home side hands the result over itself */
};
/* The limits and the notice rule that the item's version sets. */
void clock_use_item(struct clock_facts *facts, const json_t *item);
/* Adds what an entry about the case says, in the order of the timeline. */
void clock_add_entry(struct clock_facts *facts, const struct entry *entry);
/* The entry types that clock_add_entry looks at: others need not be read. */
bool clock_wants(enum entry_type type);

enum clock_kind {
    CLOCK_NOTICE,     /* tell what is missing, accept or refuse: 行政许可法 32(4) */
    CLOCK_SUPPLEMENT, /* the applicant's deadline */
    CLOCK_DECISION,   /* 行政许可法 42 */
    CLOCK_TOLERANCE,  /* the applicant's deadline for the gaps */
    CLOCK_SPECIAL,    /* announced end of the special procedure: 行政许可法 45 */
    CLOCK_DELIVERY,   /* 行政许可法 44 */
    CLOCK_FORWARD,    /* the halls' own steps (domain.md 6.1) */
    CLOCK_RECHECK,
    CLOCK_RESULT,
    CLOCKS
};
struct clock_row {
    const char *name, *zh, *law;
    int step; /* enum step_limit of a step clock, −1 of a clock of the law */
};
extern const struct clock_row clock_rows[CLOCKS];

struct clock {
    bool runs;          /* there is such a clock in this case */
    int64_t from_day, due_day;
    bool provisional;   /* due beyond the published calendar, or the special procedure it depends on goes on */
    int64_t stop_until; /* stopped until that day (inclusive): 0 not, INT64_MAX for as long as it takes */
    int64_t ended_day;  /* 0: it runs */
    /* as of the day that was asked for */
    bool stopped;
    int64_t left;       /* working days; negative: overdue */
    enum light light;   /* of an ended clock: LIGHT_RED when it ended late, else LIGHT_NONE */
};

/* All clocks as of `today`.  `steps`: limits of the halls' own steps in working days.  TB_EINVAL when a count leaves the range of
 * calendar_add. */
int clock_compute(const struct calendar *calendar, const struct clock_facts *facts, const int steps[STEP_LIMITS],
                  int64_t today, struct clock out[CLOCKS]) TB_MUST_USE;
/* The clock that matters in a state; CLOCKS for none. */
enum clock_kind clock_of_state(enum case_state state);
/* The one clock that stands in lists, without its `as of` members; *kind CLOCKS: none runs.  Of an acceptance with gaps it is the earlier
 * of two.  Needs only the facts that the state is about, so that a case that was never suspended or extended needs no entries. */
int clock_current(const struct calendar *calendar, const struct clock_facts *facts, struct clock *out,
                  enum clock_kind *kind) TB_MUST_USE;
/* Light, left and stopped of a clock as of a day. */
void clock_look(const struct calendar *calendar, struct clock *clock, int64_t today);

/* The last day on which the home side may still speak before its silence means acceptance; 0: never (行政许可法 32(4)).  *receipt: the
 * moment that acceptance is dated back to. */
int clock_deemed(const struct calendar *calendar, const struct clock_facts *facts, int64_t *last_day, int64_t *receipt) TB_MUST_USE;

/* `n` working or calendar days after a day, not counting days in the special procedures of `facts` (may be NULL). */
int clock_advance(const struct calendar *calendar, const struct clock_facts *facts, int64_t day, struct clock_limit limit,
                  int64_t *out, bool *provisional) TB_MUST_USE;

/* ---- who caused which delay ---- */

enum phase_side { PHASE_INTAKE, PHASE_LINK, PHASE_HOME, PHASE_APPLICANT, PHASE_SPECIAL, PHASE_SIDES };
extern const char *const phase_sides[PHASE_SIDES];
struct phase {
    const char *name, *zh;
    enum phase_side side;
    int64_t from, to;  /* ms; to 0: it goes on */
    int64_t days;      /* working days that it took, or took so far; those of others inside it taken out */
    int64_t limit;     /* working days allowed, −1: none */
    int64_t over;      /* days beyond the limit */
};
/* The phases of a case in order; count at most CLOCK_PHASES. */
int clock_phases(const struct calendar *calendar, const struct clock_facts *facts, const int steps[STEP_LIMITS], int64_t now,
                 struct phase out[CLOCK_PHASES], size_t *count) TB_MUST_USE;

#endif
