/* bench_ledger N [BYTES]: appends N small entries through the store's own path and prints, for each million (or tenth),
 * the appends per second and the time of an inclusion proof at that size, as JSON.  Appending must not slow down with
 * size (issue 2). */
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/store.h"

enum { PROOFS = 200, PARTS = 10 };

struct append {
    struct store_command command;
    json_t *body;
};

static int run(struct store_db *db, struct store_command *command)
{
    struct append *append = (struct append *)command;
    struct entry entry;
    memset(&entry, 0, sizeof entry);
    entry.type = ENTRY_ALARM;
    entry.body = json_incref(append->body);
    int rc = store_append(db, &entry, NULL, NULL);
    entry_clear(&entry);
    return rc;
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double proof_us(struct store *store)
{
    struct store_db *db = store_sync_view(store);
    uint64_t size = store_ledger_size(db), index = 7;
    int64_t before = now_us();
    for (int i = 0; i < PROOFS; i++) {
        struct ledger_path path;
        index = (index * UINT64_C(6364136223846793005) + 1442695040888963407u) % size;
        if (store_prove_inclusion(db, index, size, &path))
            return -1;
    }
    return (double)(now_us() - before) / PROOFS;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int append_part(struct store *store, json_t *body, uint64_t count)
{
    struct append appends[LIMIT_STORE_BATCH];
    while (count) {
        unsigned n = count < LIMIT_STORE_BATCH ? (unsigned)count : LIMIT_STORE_BATCH;
        for (unsigned i = 0; i < n; i++) {
            appends[i] = (struct append){.command = {.run = run}, .body = body};
            appends[i].command.next = i + 1 < n ? &appends[i + 1].command : NULL;
        }
        int rc = store_run_batch(store, &appends[0].command);
        if (rc)
            return rc;
        count -= n;
    }
    return 0;
}

static int bench(struct store *store, uint64_t total, json_t *body)
{
    uint64_t part = total >= PARTS * UINT64_C(1000000) ? 1000000 : (total + PARTS - 1) / PARTS;
    printf("{\"bench\":\"ledger\",\"entries\":%" PRIu64 ",\"parts\":[", total);
    for (uint64_t done = 0; done < total;) {
        uint64_t n = total - done < part ? total - done : part;
        int64_t before = now_us();
        int rc = append_part(store, body, n);
        if (rc) {
            fprintf(stderr, "bench_ledger: %s\n", err_text(rc));
            return rc;
        }
        int64_t took = now_us() - before;
        printf("%s\n {\"size\":%" PRIu64 ",\"appends_per_s\":%.0f,\"proof_us\":%.1f}", done ? "," : "", done + n,
               (double)n * 1e6 / (double)took, proof_us(store));
        fflush(stdout);
        done += n;
    }
    struct store_stats stats;
    struct rusage usage;
    store_stats(store, &stats);
    getrusage(RUSAGE_SELF, &usage);
    printf("],\n \"commits\":%" PRIu64 ",\"signatures\":%" PRIu64 ",\"fsyncs\":%" PRIu64 ",\"max_rss_kib\":%ld",
           stats.commits, stats.signatures, stats.fsyncs, usage.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t total = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    size_t bytes = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 40;
    char directory[] = "./bench-ledger-XXXXXX";
    char *pad = calloc(1, bytes + 1);
    uint8_t secret[SUITE_SECRET_MAX] = {1};
    struct note_signer signer;
    log_set_level(LOG_LEVEL_ERR);
    if (!total || !pad || bytes > LIMIT_ENTRY_BYTES / 2 || !mkdtemp(directory) ||
        note_signer_make(suite_by_name("intl"), "tongban/330483", secret, &signer))
        return 2;
    memset(pad, 'x', bytes);
    json_t *body = json_pack("{s:s}", "pad", pad);
    struct store_options options = {
        .directory = directory, .office = "330483", .signer = &signer, .world = world_real()};
    struct store *store = NULL;
    struct problem p;
    int rc = body ? store_open(&options, &store, &p) : TB_ENOMEM;
    if (!rc)
        rc = bench(store, total, body);
    store_close(store);
    if (!rc) {
        int64_t before = now_us();
        rc = store_open(&options, &store, &p);
        printf(",\"open_ms\":%.1f}\n", (double)(now_us() - before) / 1000);
        if (!rc)
            store_close(store);
    }
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    json_decref(body);
    free(pad);
    return rc ? 1 : 0;
}
