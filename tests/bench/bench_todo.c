/* bench_todo: the lists of the morning and the sweep of due dates with 100,000 open cases.
 *
 *   bench_todo CONFIG ITEM OPEN CLOSED OBJECTS
 *
 * Fills the store of an office whose daemon does not run, rows only and in one transaction, then measures each list as the daemon answers
 * it (a reader thread's query and the JSON of its answer) and the sweep with 50 cases that have come to their day.  Prints JSON: times,
 * and the steps, rows of full scans and sorts that SQLite counted. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/office/office.h"
#include "daemon/setup.h"
#include "daemon/store/db.h"
#include "proto/clock.h"
#include "proto/timestamp.h"

enum { RUNS = 300, SWEEPS = 200, DUE = 50, DEEP = 400, FAR = 2000 };

static int64_t days_on; /* the clock of the sweeps */

static int64_t moved_now(void *context)
{
    (void)context;
    return world_real()->now_ms(NULL) + days_on * INT64_C(86400000);
}

static int64_t real_monotonic(void *context)
{
    return world_real()->monotonic_ms(context);
}

static void real_random(void *context, void *out, size_t len)
{
    world_real()->random(context, out, len);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Of all threads: what a machine with other work on it does not blur. */
static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t below(uint64_t bound)
{
    static uint64_t state = 42;
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (state >> 33) % bound;
}

/* ---- filling ---- */

struct fill {
    struct store_command command;
    const struct office *office;
    const char *item;
    long open, closed, objects;
};

/* Half wait for us, at the window or the handler; of due days some are over, most are near, a tenth of the cases has none. */
static void open_row(struct case_row *row, long i, int64_t today)
{
    static const enum case_state states[] = {CASE_FORWARDED, CASE_RECEIVED, CASE_ACCEPTED, CASE_UNDER_REVIEW, CASE_SUPPLEMENT_ASKED,
                                             CASE_DELIVERING};
    row->state = row->local_state = states[below(sizeof states / sizeof states[0])];
    row->todo = below(2) ? below(4) ? TODO_HANDLER : TODO_WINDOW : TODO_NONE;
    row->due_day = below(10) ? today - 3 + (int64_t)below(60) : 0;
    row->due_clock = clock_of_state(row->state) < CLOCKS ? (int64_t)clock_of_state(row->state) : CLOCK_DECISION;
    row->clock_from = today - 10;
    row->stop_until = below(20) ? 0 : today + 5;
    row->tick_day = today + FAR + (int64_t)below(60);
    if (i < SWEEPS * DUE) { /* the applicant's deadline passes on one of the next days */
        row->state = row->local_state = CASE_SUPPLEMENT_ASKED;
        row->due_clock = CLOCK_SUPPLEMENT;
        row->tick_day = today + 1 + i / DUE;
        row->due_day = row->tick_day - 1;
    }
}

static int fill_cases(struct store_db *db, const struct fill *fill)
{
    int64_t now = store_now(db), today = timestamp_day(now);
    int rc = 0;
    for (long i = 0; i < fill->open + fill->closed && !rc; i++) {
        char name[32], number[32];
        long n = i;
        struct case_row row = {.item_version = 1, .rev = 3};
        (void)snprintf(name, sizeof name, "测试%ld", n % 50000);
        (void)snprintf(number, sizeof number, "E%08ld", n);
        rc = case_no_make(fill->office->peers[0].code, today - 1 - n / 1000, (uint32_t)(n % 1000 + 1), row.case_no);
        memcpy(row.home, fill->office->code, OFFICE_TEXT);
        memcpy(row.intake, fill->office->peers[0].code, OFFICE_TEXT);
        (void)snprintf(row.item, sizeof row.item, "%s", fill->item);
        row.applicant = name;
        row.number = number;
        for (int t = TIME_NONE + 1; t < CASE_TIMES; t++)
            row.times[t] = t <= TIME_RECEIVED || i >= fill->open ? now - INT64_C(864000000) : 0;
        row.state = row.local_state = CASE_COMPLETED;
        if (i < fill->open) {
            row.times[TIME_CLOSED] = 0;
            open_row(&row, i, today);
        }
        if (!rc)
            rc = case_insert(db, &row);
    }
    return rc;
}

static int fill_objects(struct store_db *db, const struct fill *fill)
{
    int64_t now = store_now(db), today = timestamp_day(now);
    int rc = 0;
    for (long i = 0; i < fill->objects && !rc; i++) {
        enum register_kind_id kind = i % 10 ? i % 3 ? REGISTER_NOTE : REGISTER_PROBLEM : REGISTER_AUTHORISATION;
        char doc[] = "{}", uuid[64];
        struct object_row row = {.kind = kind, .state = 1, .local_state = 1, .opened = now, .changed = now, .open = true, .doc = doc};
        rc = register_no_make(&register_kinds[kind], fill->office->peers[0].code, 2026, i + 1, row.no);
        memcpy(row.owner, fill->office->peers[0].code, OFFICE_TEXT);
        memcpy(row.other, fill->office->code, OFFICE_TEXT);
        (void)snprintf(uuid, sizeof uuid, "018f0000-0000-7000-8000-%012ld", i);
        memcpy(row.uuid, uuid, sizeof row.uuid - 1);
        row.turn = below(2);
        row.due_day = below(4) ? today + FAR + (int64_t)below(60) : 0;
        if (!rc)
            rc = object_insert(db, &row);
    }
    return rc;
}

static int fill_run(struct store_db *db, struct store_command *command)
{
    const struct fill *fill = (const struct fill *)command;
    struct calendar_state calendar = {.done = true};
    memcpy(calendar.digest, fill->office->calendar_digest, sizeof calendar.digest);
    int rc = fill_cases(db, fill);
    if (!rc)
        rc = fill_objects(db, fill);
    return rc ? rc : calendar_state_put(db, &calendar);
}

/* ---- what SQLite counted ---- */

struct counts {
    long long steps, scanned, sorts;
};

static struct counts count_all(struct store_db *db)
{
    struct counts c = {0};
    for (int i = 0; i < SQL_COUNT; i++)
        if (db->statement[i]) {
            c.steps += sqlite3_stmt_status(db->statement[i], SQLITE_STMTSTATUS_VM_STEP, 1);
            c.scanned += sqlite3_stmt_status(db->statement[i], SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
            c.sorts += sqlite3_stmt_status(db->statement[i], SQLITE_STMTSTATUS_SORT, 1);
        }
    return c;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

struct times {
    double wall[RUNS], cpu[RUNS];
    double begin, cpu_begin;
};

static void times_begin(struct times *times)
{
    times->begin = now_ms();
    times->cpu_begin = cpu_ms();
}

static void times_end(struct times *times, int run)
{
    times->wall[run] = now_ms() - times->begin;
    times->cpu[run] = cpu_ms() - times->cpu_begin;
}

static void print_times(const char *name, struct times *times, size_t count, struct counts c)
{
    qsort(times->wall, count, sizeof *times->wall, by_size);
    qsort(times->cpu, count, sizeof *times->cpu, by_size);
    (void)printf("\"%s\":{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
                 "\"cpu_p50_ms\":%.3f,\"cpu_p99_ms\":%.3f,\"runs\":%zu,\"vm_steps\":%lld,\"scanned\":%lld,\"sorts\":%lld}",
                 name, times->wall[count / 2], times->wall[count * 99 / 100], times->wall[count - 1], times->cpu[count / 2],
                 times->cpu[count * 99 / 100], count, c.steps, c.scanned, c.sorts);
}

/* ---- lists ---- */

static const struct list {
    const char *name;
    enum office_ask ask;
    const char *role;
    bool open_only, deep;
    int state;
} lists[] = {
    {"todo_handler", ASK_TODO, "handler", false, false, -1},
    {"todo_window", ASK_TODO, "window", false, false, -1},
    {"todo_late_page", ASK_TODO, "handler", false, true, -1},
    {"cases", ASK_CASES, "window", false, false, -1},
    {"cases_open", ASK_CASES, "window", true, false, -1},
    {"cases_of_a_state", ASK_CASES, "window", true, false, CASE_UNDER_REVIEW},
    {"registers", ASK_REGISTERS, "handler", false, false, -1},
};

struct asked {
    struct office_question question;
    sem_t end;
    int rc;
};

static void asked_done(struct store_query *query, int rc)
{
    struct asked *asked = (struct asked *)query;
    asked->rc = rc;
    (void)sem_post(&asked->end);
}

static void ask_init(struct asked *asked, const struct office *office, const struct list *list, int64_t cursor)
{
    const struct office_staff *staff = NULL;
    for (size_t i = 0; i < office->staff_count; i++)
        if (!strcmp(office->staff[i].role, list->role))
            staff = &office->staff[i];
    office_question_init(&asked->question, office, list->ask, staff);
    asked->question.query.done = asked_done;
    asked->question.open_only = list->open_only;
    asked->question.state = list->state;
    asked->question.limit = LIMIT_LIST_PAGE;
    asked->question.cursor = cursor;
}

/* Where a late page begins. */
static int64_t find_cursor(struct store *store, const struct office *office, const struct list *list)
{
    int64_t cursor = 0;
    for (int page = 0; list->deep && page < DEEP; page++) {
        struct asked asked;
        ask_init(&asked, office, list, cursor);
        int rc = asked.question.query.run(store_sync_view(store), &asked.question.query);
        const char *next = rc ? NULL : json_string_value(json_object_get(asked.question.answer, "next"));
        cursor = next ? strtoll(next, NULL, 10) : cursor;
        office_question_clear(&asked.question);
        if (!next)
            break;
    }
    return cursor;
}

static struct counts count_list(struct store *store, const struct office *office, const struct list *list, int64_t cursor)
{
    struct asked asked;
    (void)count_all(store_sync_view(store));
    ask_init(&asked, office, list, cursor);
    if (asked.question.query.run(store_sync_view(store), &asked.question.query))
        exit(1);
    office_question_clear(&asked.question);
    return count_all(store_sync_view(store));
}

static int time_list(struct store *store, const struct office *office, const struct list *list, int64_t cursor, struct times *times)
{
    for (int i = 0; i < RUNS; i++) {
        struct asked asked;
        ask_init(&asked, office, list, cursor);
        (void)sem_init(&asked.end, 0, 0);
        times_begin(times);
        int rc = store_read(store, &asked.question.query);
        if (rc)
            return rc;
        (void)sem_wait(&asked.end);
        char *text = asked.rc ? NULL : json_dumps(asked.question.answer, JSON_COMPACT);
        times_end(times, i);
        free(text);
        office_question_clear(&asked.question);
        (void)sem_destroy(&asked.end);
        if (asked.rc)
            return asked.rc;
    }
    return 0;
}

static int time_lists(struct store *store, const struct office *office)
{
    enum { LISTS = sizeof lists / sizeof lists[0] };
    int64_t cursor[LISTS];
    struct counts counts[LISTS];
    static struct times times;
    for (size_t i = 0; i < LISTS; i++) {
        cursor[i] = find_cursor(store, office, &lists[i]);
        counts[i] = count_list(store, office, &lists[i], cursor[i]);
    }
    int rc = store_start(store);
    for (size_t i = 0; i < LISTS && !rc; i++) {
        rc = time_list(store, office, &lists[i], cursor[i], &times);
        if (!rc)
            print_times(lists[i].name, &times, RUNS, counts[i]);
        (void)printf(",");
    }
    store_stop(store);
    return rc;
}

/* ---- the sweep: one tick a day, fifty cases each, commit and all ---- */

static int time_sweeps(struct store *store, const struct office *office)
{
    static struct times times;
    struct counts counts = {0};
    for (int i = 0; i < SWEEPS; i++) {
        struct office_tick tick;
        days_on = i + 1;
        (void)count_all(store_sync_view(store));
        office_tick_init(&tick, office);
        times_begin(&times);
        int rc = store_run_batch(store, &tick.command);
        times_end(&times, i);
        counts = count_all(store_sync_view(store));
        rc = rc ? rc : tick.command.rc;
        bool looked_at = tick.after_day == timestamp_day(moved_now(NULL));
        office_tick_clear(&tick);
        if (rc || !looked_at) {
            (void)fprintf(stderr, "bench_todo: sweep %d: %s\n", i, rc ? err_text(rc) : "nothing was due");
            return rc ? rc : TB_ECORRUPT;
        }
    }
    days_on = 0;
    print_times("sweep_of_50", &times, SWEEPS, counts);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct world world = {moved_now, real_monotonic, real_random, NULL};
    struct config *config = NULL;
    struct office *office = NULL;
    struct note_signer signer;
    struct store *store = NULL;
    struct problem problem = {0};
    if (argc != 6) {
        (void)fprintf(stderr, "usage: bench_todo CONFIG ITEM OPEN CLOSED OBJECTS\n");
        return 2;
    }
    struct fill fill = {.command = {.run = fill_run}, .item = argv[2], .open = strtol(argv[3], NULL, 10),
                        .closed = strtol(argv[4], NULL, 10), .objects = strtol(argv[5], NULL, 10)};
    int rc = config_load(argv[1], &config, &problem);
    if (!rc)
        rc = setup_signer(config, &signer, &problem);
    if (!rc)
        rc = setup_office(config, &office, &problem);
    struct store_options options = {0};
    if (!rc) {
        options = (struct store_options){
            .directory = config->store.directory, .office = office->code, .signer = &signer, .world = &world, .readers = 2};
        rc = store_open(&options, &store, &problem);
    }
    double begin = now_ms();
    fill.office = office;
    if (!rc)
        rc = store_run_batch(store, &fill.command);
    rc = rc ? rc : fill.command.rc;
    (void)printf("{\"fill_s\":%.1f,", (now_ms() - begin) / 1e3);
    if (!rc)
        rc = time_lists(store, office);
    if (!rc)
        rc = time_sweeps(store, office);
    (void)printf("}\n");
    if (store)
        store_close(store);
    if (rc)
        (void)fprintf(stderr, "bench_todo: %s: %s\n", err_text(rc), problem.detail);
    office_free(office);
    config_free(config);
    return rc ? 1 : 0;
}
