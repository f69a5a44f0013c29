/* simulation FIRST COUNT [--year] [--image] [--plant FAULT] [--verbose]: runs seeds FIRST … FIRST+COUNT−1 on all cores but never
 * more than four.  With --year each seed is a virtual year and more (sim_year.c), else minutes to days.  Faults: loss, double,
 * act, row, fork;
 * --image: an older image of a disk is put back in every seed, not only in a quarter of them;
 * in a year clock, notice, grant, originals, repeat, gap.
 *
 * Exit 0 when every run holds its invariants; a planted fault must be found in every run that reaches it. */
#include "daemon/base/log.h"
#include "tests/simulation/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct sum {
    uint64_t steps, entries, crashes, cuts, acked, acts, batches, retries, moved, deemed, lapsed, dates, moved_dates, steps_granted;
    uint64_t restores;
    uint64_t runs, failed;
    int64_t virtual_ms;
    uint64_t failed_seed;
};

/* The faults by name, and what a finding says: another one would be luck. */
static const struct {
    const char *name, *finding, *or_else, *also; /* the last may be NULL */
} plants[] = {
    [SIM_PLANT_LOSS] = {"loss", "lost: ", "a repeated request is refused", NULL},
    [SIM_PLANT_DOUBLE] = {"double", "doubled: ", "doubled: ", NULL},
    [SIM_PLANT_ACT] = {"act", "lost: ", "a repeated request is refused", NULL},
    [SIM_PLANT_ROW] = {"row", "is not the fold of its acts", "in its row", NULL},
    [SIM_PLANT_FORK] = {"fork", "lost: ", "still not at rest", "is told revision_gap"},
    [SIM_PLANT_CLOCK] = {"clock", "counted day by day", "counting day by day", NULL},
    [SIM_PLANT_NOTICE] = {"notice", "times what is missing", "times what is missing", NULL},
    [SIM_PLANT_GRANT] = {"grant", "had no authorisation for it", "had no authorisation for it", NULL},
    [SIM_PLANT_ORIGINALS] = {"originals", "originals of", "do not balance", NULL},
    [SIM_PLANT_REPEAT] = {"repeat", "is told revision_taken", "hears decision_refused", NULL},
    [SIM_PLANT_GAP] = {"gap", "is told revision_gap", "is told revision_gap", NULL},
};

static bool is_found(enum sim_plant plant, const char *failure)
{
    const char *also = plants[plant].also;
    return plant == SIM_PLANT_NONE || strstr(failure, plants[plant].finding) || strstr(failure, plants[plant].or_else) ||
           (also && strstr(failure, also));
}

static enum sim_plant plant_by_name(const char *name)
{
    for (size_t i = 1; i < sizeof plants / sizeof plants[0]; i++)
        if (!strcmp(plants[i].name, name))
            return (enum sim_plant)i;
    (void)fprintf(stderr, "there is no fault %s\n", name);
    exit(2);
}

static void run_share(uint64_t first, uint64_t count, unsigned share, unsigned shares, const struct sim_choice *choice, struct sum *sum)
{
    for (uint64_t i = share; i < count; i += shares) {
        struct sim_result result;
        int rc = sim_run(first + i, choice, &result);
        sum->runs++;
        sum->steps += result.steps;
        sum->entries += result.entries;
        sum->crashes += result.crashes;
        sum->cuts += result.cuts;
        sum->acked += result.acked;
        sum->acts += result.acts;
        sum->batches += result.batches;
        sum->retries += result.retries;
        sum->moved += result.moved;
        sum->deemed += result.deemed;
        sum->lapsed += result.lapsed;
        sum->dates += result.dates;
        sum->moved_dates += result.moved_dates;
        sum->steps_granted += result.steps_granted;
        sum->restores += result.restores;
        sum->virtual_ms += result.virtual_ms;
        if (rc && !is_found(choice->plant, result.failure)) {
            (void)printf("seed %llu: not what was planted: %s\n", (unsigned long long)(first + i), result.failure);
        } else if (rc) {
            if (!sum->failed++)
                sum->failed_seed = first + i;
            if (choice->plant == SIM_PLANT_NONE)
                (void)printf("seed %llu: %s\n  replay: simulation %llu 1%s%s --verbose\n", (unsigned long long)(first + i), result.failure,
                              (unsigned long long)(first + i), choice->year ? " --year" : "", choice->image ? " --image" : "");
            else if (choice->verbose)
                (void)printf("seed %llu: found: %s\n", (unsigned long long)(first + i), result.failure);
        }
    }
}

static void add(struct sum *to, const struct sum *from)
{
    to->steps += from->steps;
    to->entries += from->entries;
    to->crashes += from->crashes;
    to->cuts += from->cuts;
    to->acked += from->acked;
    to->acts += from->acts;
    to->batches += from->batches;
    to->retries += from->retries;
    to->moved += from->moved;
    to->deemed += from->deemed;
    to->lapsed += from->lapsed;
    to->dates += from->dates;
    to->moved_dates += from->moved_dates;
    to->steps_granted += from->steps_granted;
    to->restores += from->restores;
    to->runs += from->runs;
    to->failed += from->failed;
    to->virtual_ms += from->virtual_ms;
}

static int run_all(uint64_t first, uint64_t count, const struct sim_choice *choice, struct sum *total)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned shares = count < 4 || cores < 2 ? 1 : cores > 4 ? 4 : (unsigned)cores;
    int pipes[4][2];
    for (unsigned i = 0; i < shares; i++) {
        if (pipe(pipes[i]))
            return -1;
        pid_t pid = fork();
        if (pid < 0)
            return -1;
        if (!pid) {
            struct sum sum = {0};
            run_share(first, count, i, shares, choice, &sum);
            (void)fflush(stdout);
            ssize_t n = write(pipes[i][1], &sum, sizeof sum);
            exit(n == (ssize_t)sizeof sum ? 0 : 1); /* not _exit: what the lines of this share were is written at the exit */
        }
        (void)close(pipes[i][1]);
    }
    int rc = 0;
    for (unsigned i = 0; i < shares; i++) {
        struct sum sum;
        if (read(pipes[i][0], &sum, sizeof sum) == (ssize_t)sizeof sum)
            add(total, &sum);
        else
            rc = -1; /* a run died: its own message is above */
        (void)close(pipes[i][0]);
    }
    int status;
    while (wait(&status) > 0)
        if (!WIFEXITED(status) || WEXITSTATUS(status))
            rc = -1;
    return rc;
}

int main(int argc, char **argv)
{
    struct sim_choice choice = {.plant = SIM_PLANT_NONE};
    if (argc < 3) {
        (void)fprintf(stderr, "usage: simulation FIRST COUNT [--year] [--image] [--plant FAULT] [--verbose]\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        if (!strcmp(argv[i], "--verbose"))
            choice.verbose = true;
        else if (!strcmp(argv[i], "--year"))
            choice.year = true;
        else if (!strcmp(argv[i], "--image"))
            choice.image = true;
        else if (!strcmp(argv[i], "--plant") && i + 1 < argc)
            choice.plant = plant_by_name(argv[++i]);
    }
    log_set_level(choice.verbose ? LOG_LEVEL_WARNING : LOG_LEVEL_ERR);
    /* power cuts make the store complain, rightly; the verdict of a run goes to the standard output */
    if (!choice.verbose && !freopen("/dev/null", "w", stderr))
        return 70;
    uint64_t first = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
    struct sum total = {0};
    int rc = run_all(first, count, &choice, &total);
    (void)printf("%llu seeds from %llu: %llu failed; %llu steps, %.1f virtual days, %llu entries, %llu acknowledged "
                 "requests (%llu of registers), %llu batches, "
                 "%llu retries, %llu materials, %llu deemed, %llu lapsed, %llu dates reckoned day by day (%llu times of a suspended or shifted case), %llu delegated steps looked up again, %llu power cuts, %llu link cuts, %llu older images put back\n",
                 (unsigned long long)total.runs, (unsigned long long)first, (unsigned long long)total.failed,
                 (unsigned long long)total.steps, (double)total.virtual_ms / 86400000.0,
                 (unsigned long long)total.entries, (unsigned long long)total.acked, (unsigned long long)total.acts,
                 (unsigned long long)total.batches,
                 (unsigned long long)total.retries, (unsigned long long)total.moved, (unsigned long long)total.deemed,
                 (unsigned long long)total.lapsed, (unsigned long long)total.dates, (unsigned long long)total.moved_dates,
                 (unsigned long long)total.steps_granted, (unsigned long long)total.crashes,
                 (unsigned long long)total.cuts, (unsigned long long)total.restores);
    if (rc || total.runs != count)
        return 1;
    if (choice.plant == SIM_PLANT_NONE)
        return total.failed ? 1 : 0;
    /* a run that never took in enough has nothing planted in it; all others must have been caught */
    (void)printf("planted fault found in %llu of %llu runs\n", (unsigned long long)total.failed, (unsigned long long)total.runs);
    uint64_t reached = choice.plant == SIM_PLANT_FORK ? total.restores : total.runs; /* without an image nothing forks */
    return reached * 2 > total.runs && total.failed * 20 >= reached * 19 ? 0 : 1;
}
