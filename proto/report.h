/* report: the registers and figures that the halls keep (台账, 统计, 例会材料), as one table; pure.
 *
 * A report is a row: its columns, and for each *source* — the cases, the authorisations, the items — one small function that turns one
 * *fact* into rows.  There are two sorts: a *list* has a row per fact (收件台账), *sums* add up the rows that agree in their key columns
 * (例会材料), so that pages computed apart can be merged by whoever asked.  Facts come in without clear names or numbers of persons and are
 * made from entries alone: no counter is kept anywhere, and the same entries give the same figures.
 *
 * Terms: a *period* is two civil days, both inside it.  `us` is the office that is asked; a case is *local* (本地代收) when we took it in for
 * another office, *remote* (异地代收) when another took it in for us.  A *rate* never stands without its numerator and denominator. */
#ifndef PROTO_REPORT_H
#define PROTO_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/calendar.h"
#include "proto/case_machine.h"
#include "proto/entry.h"
#include "proto/register.h"

/* S(CONSTANT, "name", "中文").  A new register is a row here, a page reader in daemon/office/report.c, and a feed in the reports. */
#define REPORT_SOURCE_TABLE(S)                                                                                         \
    S(CASES, "cases", "办件")                                                                                          \
    S(GRANTS, "authorisations", "授权")                                                                                \
    S(ITEMS, "items", "事项")                                                                                          \
    S(OBJECTS, "registers", "台账")
enum report_source {
#define S(constant, name, zh) REPORT_##constant,
    REPORT_SOURCE_TABLE(S)
#undef S
    REPORT_SOURCES
};

/* The three clocks of a case whose end can be missed (行政许可法 32(4), 42, 44). */
enum report_clock { REPORT_NOTICE, REPORT_DECISION, REPORT_DELIVERY, REPORT_CLOCKS };

enum { REPORT_WINDOW_TEXT = 61, REPORT_TOWNSHIP_TEXT = 10 };

/* What the entries of one case say, as far as reports need it.  Texts are borrowed; times ms, days since 1970, 0 for "not yet". */
struct report_case {
    char case_no[CASE_NO_TEXT], home[OFFICE_TEXT], intake[OFFICE_TEXT];
    char item[64];
    int64_t item_version;
    const char *item_name, *department, *mode; /* of the pinned version; "" when it is not here */
    int64_t notice_rule;                       /* enum notice_rule of that version */
    const char *applicant;                     /* masked */
    enum case_state state;
    int64_t times[CASE_TIMES];
    /* of who took it in, at that moment: number, window, township; "" where another office did, or it is not known */
    char staff[STAFF_TEXT], window[REPORT_WINDOW_TEXT], township[REPORT_TOWNSHIP_TEXT];
    int64_t late;      /* entered after an outage (domain.md 10, 12) */
    int64_t materials; /* listed at intake */
    int64_t notices;   /* one-time notices given */
    int64_t notice_at, deadline_day, supplemented_at;
    int64_t refused, granted, denied;
    int64_t mail_asked_at; /* the home side asked for delivery by mail … */
    int64_t mailed;        /* … and it was delivered so, or with a tracking number */
    int64_t mail_refused;  /* the recipient would not take it */
    int64_t received_at;   /* of the delivery receipt */
    char mail_place[8];    /* "intake" | "home": who posts */
    char carrier[64], tracking_no[32];
    struct originals originals; /* of its transfers */
    /* clocks, from the limits of the pinned item and the calendar */
    int64_t due[REPORT_CLOCKS];   /* day; 0: no such clock, or it has not begun */
    int64_t ended[REPORT_CLOCKS]; /* day on which it was met; 0: it runs */
    /* the clock that runs now */
    int64_t due_day;       /* 0: none */
    int64_t due_from;      /* its first day */
    const char *due_clock; /* a word of report_words */
    bool due_provisional;
    bool stopped; /* it stands still: a supplement is awaited */
};

/* An authorisation (授权), whoever gave it. */
struct report_grant {
    const char *id, *principal, *delegate, *steps, *items, *announcement;
    int64_t from_day, until_day;
    bool acceptance;
    bool registered; /* offered and accepted in the register, which shows it */
};

/* An act that took effect on an object. */
struct report_act {
    const struct register_act *act;
    char from[OFFICE_TEXT];
    int64_t at; /* ms, writer's clock */
    int state;  /* after it */
};

/* One object of a register (proto/register.h), as the fold of its acts. */
struct report_object {
    const struct register_kind *kind;
    const char *no, *owner, *other;             /* other "": every counterpart, or nobody */
    const char *case_no, *home, *intake, *item; /* "" when it is about no case */
    const char *window, *township;              /* where that case was taken in; "" as above */
    const char *uuid;
    int state, confirmed;      /* with our acts that wait for the other side; without */
    int64_t pending;           /* how many wait */
    int64_t opened, changed;   /* ms: the first act and the last */
    int64_t due_day;           /* 0: none */
    const json_t *content;
    const struct report_act *acts; /* in the order of their revisions; only where the report needs them */
    size_t act_count;
    const char *spans;         /* of an authorisation: days in force, "2026-10-01..2026-11-02, 2026-11-05.." */
    const char *cover;         /* of an authorisation: what the check of a step sees of it */
};

/* One version of one item of a catalogue. */
struct report_item {
    const char *office, *code, *name, *mode, *department, *effective_from;
    int64_t version, edition; /* the newest edition that has it … */
    int64_t office_edition;   /* … and the newest of that office */
    bool newest;              /* no later version is known */
};

struct report_fact {
    enum report_source source;
    union {
        const struct report_case *one;
        const struct report_grant *grant;
        const struct report_item *item;
        const struct report_object *object;
    };
};

/* Cells.  WORD cells are words of `report_words` or of the case machine, to be shown in the reader's language.  COUNT and TENTHS cells of
 * sums are added up.  VALUE is what report_finish makes of `measure`, `count` and `of`.  STATE is a state of the register that the
 * report is made from, CHOICE a value of the field of that register that has the column's name.  FLAG is a COUNT of a list that is 0 or 1:
 * a table says no or yes. */
#define REPORT_TYPE_TABLE(T)                                                                                           \
    T(TEXT, "text")                                                                                                    \
    T(WORD, "word")                                                                                                    \
    T(DAY, "date")                                                                                                     \
    T(NUMBER, "number")                                                                                                \
    T(COUNT, "count")                                                                                                  \
    T(VALUE, "value")                                                                                                  \
    T(STATE, "state")                                                                                                  \
    T(CHOICE, "choice")                                                                                                \
    T(FLAG, "flag")
enum report_type {
#define T(constant, name) REPORT_##constant,
    REPORT_TYPE_TABLE(T)
#undef T
};
struct report_column {
    const char *name, *zh;
    enum report_type type;
};

struct report_run;
struct report_feed {
    enum report_source source;
    int (*row)(struct report_run *run, const struct report_fact *fact);
};

/* What the period is when nothing is said: everything that ends today begins on the first of … */
enum report_span { REPORT_SPAN_MONTH, REPORT_SPAN_QUARTER, REPORT_SPAN_ALL };
/* Which facts of a case a report looks at; the fewer, the cheaper. */
enum report_need {
    REPORT_NEEDS_EVENTS = 1,
    REPORT_NEEDS_APPLICATION = 2,
    REPORT_NEEDS_CLOCKS = 4,
    REPORT_NEEDS_ACTS = 8,      /* of objects: their acts with their times */
    REPORT_NEEDS_ORIGINALS = 16 /* of cases: the balance of their transfers */
};
/* Which cases and objects have to be looked at for a period. */
enum report_reach {
    REPORT_OPEN_IN, /* handed in before its end and not closed before its begin */
    REPORT_UP_TO,   /* handed in before its end */
    REPORT_OPEN     /* not closed now */
};

struct report {
    const char *name, *zh, *help; /* help: gettext id */
    const struct report_column *columns; /* NULL-name terminated */
    const struct report_feed *feeds;     /* row NULL terminates */
    const char *sort;             /* column to sort a list by, or NULL: as the facts came */
    bool sums;
    enum report_span span;
    enum report_reach reach;
    unsigned needs;
    const char *basis; /* why it exists: article or chapter */
    unsigned registers; /* 1 << register_kind_id of the objects it is made from */
};
#define REPORT_REGISTER(kind) (1U << REGISTER_##kind)
extern const struct report reports[];
extern const size_t report_count;
/* The row, or NULL. */
const struct report *report_find(const char *name);
/* Whether it can be narrowed to a window or township: it is made from cases, or from registers whose objects are about one. */
bool report_has_desks(const struct report *report);
/* Whether its rows can be added up by this column alone (`--by`). */
bool report_adds_by(const struct report *report, const char *by);
/* The register of a report that is made from one only, or NULL. */
const struct register_kind *report_register(const struct report *report);

/* Words of WORD cells that are not of the case machine: measures, sections, directions.  NULL when it is none. */
struct report_word {
    const char *word, *en, *zh;
};
extern const struct report_word report_words[];
extern const size_t report_word_count;
const struct report_word *report_word_find(const char *word);

/* One computation.  Borrowed: everything but rows. */
struct report_run {
    const struct report *report;
    const struct calendar *calendar;
    const char *us;            /* the office that is asked; "" when merging */
    const char *office, *item; /* only cases of this counterpart, of this item; "" any */
    const char *window, *township; /* only what was taken in there; NULL or "" any */
    const char *by;            /* of sums by desk: the one column to add up by, NULL or "" all */
    int64_t from, to;          /* days */
    int64_t today;             /* day of the answer: what is not done counts as open until then */
    json_t *rows;              /* owned array of objects, members in the order of the columns */
    json_t *index;             /* owned: of sums, key → row */
};
int report_begin(struct report_run *run, const struct report *report) TB_MUST_USE;
void report_end(struct report_run *run);
/* Feeds one fact through the feeds of its source.  TB_ENOMEM. */
int report_add(struct report_run *run, const struct report_fact *fact) TB_MUST_USE;
/* Adds the rows of a page: sums are added up, a list grows.  TB_EMALFORMED when they are not rows of this report. */
int report_merge(struct report_run *run, const json_t *rows) TB_MUST_USE;
/* Puts the rows into their order, says "no data" for sections without any, and computes the values. */
int report_finish(struct report_run *run) TB_MUST_USE;
/* The last line of a table: rows, and the sums of its counts.  New object with the columns' names; NULL without memory. */
json_t *report_totals(const struct report *report, const json_t *rows);

/* ---- periods ---- */

/* "2026Q4" → its days. */
int report_quarter(const char *text, int64_t *from, int64_t *to) TB_MUST_USE;
/* Fills the default period of a report; `to` 0 becomes today, `from` 0 the begin of the span of `to`. */
void report_period(const struct report *report, int64_t today, int64_t *from, int64_t *to);
/* 0, or a problem about the field: wrong order, longer than LIMIT_REPORT_DAYS. */
int report_check_period(int64_t from, int64_t to, struct problem *p) TB_MUST_USE;

/* ---- the same case from two paths ---- */

/* Calls `differ` for each fact in which the stored row and the replay of the entries disagree; returns how many. */
typedef void (*report_differ)(void *context, const char *field, const char *row, const char *entries);
size_t report_compare(const struct report_case *row, const struct report_case *entries, report_differ differ, void *context);

/* The same of an object: row, content, authorisation. */
size_t report_compare_objects(const struct report_object *row, const struct report_object *entries, report_differ differ, void *context);

/* ---- what is due of an object ---- */

/* Halls call back who rated badly within a working day (GB/T 39735-2020: every bad rating is called back; domain.md 4.3). */
enum { RATING_BAD = 2, RATING_CALL_DAYS = 1 };
/* The day on which the object's present state had to end, 0 none: a step or a problem by its date; a bag by the day it was expected, else
 * two working days after it was posted. */
int64_t report_object_due(const struct calendar *calendar, const struct report_object *object);
/* The office whose turn it is, "" when it is nobody's. */
const char *report_object_turn(const struct report_object *object);

/* ---- CSV (RFC 4180) ---- */

/* Appends one cell: quoted where needed; a text that a spreadsheet would run as a formula gets an apostrophe in front. */
int report_csv_cell(const char *text, bool first, struct buf *out) TB_MUST_USE;

#endif
