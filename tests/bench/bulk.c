/* bulk: takes in many cases at one office without a network, through the same requests, transactions and ledger as the daemon.
 *
 *   bulk CONFIG HOME ITEM COUNT
 *
 * The office's daemon must not run.  Prints one JSON line: cases, seconds, per_second.  Fills a store for start and list times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/office/office.h"
#include "daemon/setup.h"

enum { BATCH = 256 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const struct office_staff *window_staff(const struct office *office)
{
    for (size_t i = 0; i < office->staff_count; i++)
        if (!strcmp(office->staff[i].role, "window"))
            return &office->staff[i];
    return NULL;
}

static int fill(struct store *store, const struct office *office, const char *home, const char *item, long first, long count)
{
    static struct office_request requests[BATCH];
    struct problem problem = {0};
    int rc = 0;
    long made = 0;
    for (; made < count && !rc; made++) {
        char key[32], body[1024];
        (void)snprintf(key, sizeof key, "bulk-%ld", first + made);
        int len = snprintf(body, sizeof body,
                           "{\"item\":{\"office\":\"%s\",\"code\":\"%s\"},\"applicant\":{\"kind\":\"person\",\"name\":\"测试%ld\",\"certificate\":{\"type\":"
                           "\"passport\",\"number\":\"E%08ld\"},\"mobile\":\"13900001234\"},\"materials\":[],\"delivery\":{\"way\":\"pickup\",\"place\":\"intake\"}}",
                           home, item, (first + made) % 50000, first + made);
        rc = office_request_init(&requests[made], office, OFFICE_INTAKE, window_staff(office), key, NULL, NULL, body,
                                 (size_t)len, &problem);
        if (!rc && made)
            requests[made - 1].command.next = &requests[made].command;
    }
    if (!rc)
        rc = store_run_batch(store, &requests[0].command);
    for (long i = 0; i < made; i++) {
        if (!rc && requests[i].command.rc) {
            rc = requests[i].command.rc;
            problem = requests[i].problem;
        }
        office_request_clear(&requests[i]);
    }
    if (rc)
        (void)fprintf(stderr, "bulk: %s %s\n", err_text(rc), problem.detail);
    return rc;
}

int main(int argc, char **argv)
{
    struct config *config = NULL;
    struct office *office = NULL;
    struct note_signer signer;
    struct store *store = NULL;
    struct problem problem = {0};
    if (argc != 5) {
        (void)fprintf(stderr, "usage: bulk CONFIG HOME ITEM COUNT\n");
        return 2;
    }
    long count = strtol(argv[4], NULL, 10);
    int rc = config_load(argv[1], &config, &problem);
    if (!rc)
        rc = setup_signer(config, &signer, &problem);
    if (!rc)
        rc = setup_office(config, &office, &problem);
    struct store_options options = {0};
    if (!rc) {
        options = (struct store_options){
            .directory = config->store.directory, .office = office->code, .signer = &signer, .world = world_real()};
        rc = store_open(&options, &store, &problem);
    }
    double begin = now_s();
    for (long done = 0; done < count && !rc; done += BATCH)
        rc = fill(store, office, argv[2], argv[3], done, count - done < BATCH ? count - done : BATCH);
    double seconds = now_s() - begin;
    if (store)
        store_close(store);
    if (rc) {
        (void)fprintf(stderr, "bulk: %s: %s\n", err_text(rc), problem.detail);
        return 1;
    }
    (void)printf("{\"cases\":%ld,\"seconds\":%.2f,\"per_second\":%.0f}\n", count, seconds, (double)count / seconds);
    office_free(office);
    config_free(config);
    return 0;
}
