#include "daemon/api/material_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "proto/limits.h"

/* GET of a material: a block is read on the lane, written out piece by piece as the connection takes it, then the next one is read.  It is
 * hashed on the way: a file that is not what its name says never leaves whole. */

static void download_free_if_over(struct material_wait *wait)
{
    if (!wait->closed || wait->busy)
        return;
    struct exchange *x = wait->x;
    material_wait_free(wait);
    exchange_release(x);
}

static void download_closed(struct exchange *x, void *user)
{
    struct material_wait *wait = user;
    (void)x;
    wait->closed = true;
    download_free_if_over(wait);
}

static int check_name(struct material_wait *wait)
{
    uint8_t hash[SUITE_HASH_BYTES];
    char name[2 * SUITE_HASH_BYTES + 1];
    int rc = suite_stream_final(wait->chunk, hash);
    if (rc)
        return problem_from_code(&wait->problem, rc);
    for (size_t i = 0; i < sizeof hash; i++)
        (void)snprintf(name + 2 * i, 3, "%02x", hash[i]);
    if (!strcmp(name, wait->ask.sha256))
        return 0;
    LOG_LIMITED(LOG_LIMIT_DISK, LOG_LEVEL_ERR, LOG_STORE, "material_damaged", LOG_TEXT("material", wait->ask.sha256), LOG_INT("bytes", wait->state.length));
    return problem_set(&wait->problem, PROBLEM_STORE_DAMAGED, NULL, "the file of this material is not what it was");
}

/* Fills the block from wait->at on; fewer bytes only at the end of the file, which must be reached with the right hash. */
static void read_work(struct material_wait *wait)
{
    wait->filled = wait->sent = 0;
    while (wait->filled < MATERIAL_READ_BYTES && wait->at < wait->state.length) {
        ssize_t n = pread(wait->fd, wait->block + wait->filled, MATERIAL_READ_BYTES - wait->filled, wait->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            wait->rc = problem_set(&wait->problem, PROBLEM_STORE_FAILED, NULL, "the material cannot be read");
            return;
        }
        wait->filled += (size_t)n;
        wait->at += n;
    }
    wait->rc = suite_stream_update(wait->chunk, wait->block, wait->filled);
    if (wait->rc)
        (void)problem_from_code(&wait->problem, wait->rc);
    else if (wait->at == wait->state.length)
        wait->rc = check_name(wait);
}

static void open_work(struct material_wait *wait)
{
    wait->rc = material_open_read(wait->api->options.files, wait->ask.sha256, &wait->fd, &wait->state.length);
    if (wait->rc == TB_ENOTFOUND)
        (void)problem_set(&wait->problem, PROBLEM_NOT_FOUND, NULL, "no such material");
    else if (wait->rc)
        (void)problem_from_code(&wait->problem, wait->rc);
    if (wait->rc)
        return;
    wait->type = material_read_type(wait->fd);
    wait->block = malloc(MATERIAL_READ_BYTES);
    if (wait->block && !suite_stream_new(&wait->chunk))
        read_work(wait);
    else
        wait->rc = problem_from_code(&wait->problem, TB_ENOMEM);
}

static void read_worked(struct material_wait *wait, int rc);

static void download_push(struct material_wait *wait)
{
    while (wait->sent < wait->filled) {
        size_t len = wait->filled - wait->sent;
        if (len > LIMIT_HTTP_WRITE_QUEUE_BYTES)
            len = LIMIT_HTTP_WRITE_QUEUE_BYTES;
        int rc = exchange_write(wait->x, wait->block + wait->sent, len);
        if (rc)
            return; /* TB_ETEMP: `writable` comes; else the connection is gone and `closed` comes */
        wait->sent += len;
    }
    if (wait->at < wait->state.length) {
        wait->busy = true;
        material_wait_run(wait, read_work, read_worked);
    } else {
        exchange_stream_end(wait->x);
    }
}

static void download_writable(struct exchange *x)
{
    struct material_wait *wait = exchange_user(x);
    if (!wait->busy)
        download_push(wait);
}

static void read_worked(struct material_wait *wait, int rc)
{
    wait->busy = false;
    if (wait->closed) {
        download_free_if_over(wait);
        return;
    }
    if (rc && !wait->begun) {
        exchange_answer_problem(wait->x, &wait->problem);
        return;
    }
    if (!rc && !wait->begun) {
        wait->begun = true;
        rc = exchange_stream_begin(wait->x, 200, wait->type ? wait->type : "application/octet-stream", download_writable);
    }
    if (rc)
        exchange_stream_abort(wait->x); /* bytes are out already: only a broken connection can say that they are not all */
    else
        download_push(wait);
}

static void download_allowed(struct material_wait *wait, int rc)
{
    if (rc) {
        wait->busy = false;
        if (!wait->closed)
            exchange_answer_problem(wait->x, &wait->problem);
        download_free_if_over(wait);
        return;
    }
    material_wait_run(wait, open_work, read_worked);
}

void material_api_get(struct material_api *api, struct exchange *x)
{
    const char *sha256 = exchange_param(x, "sha256");
    struct problem p;
    struct material_wait *wait = NULL;
    if (!material_name_valid(sha256))
        (void)problem_set(&p, PROBLEM_NOT_FOUND, NULL, "no such material");
    else if (!(wait = material_wait_new(api, x, MATERIAL_READ, sha256)))
        (void)problem_from_code(&p, TB_ENOMEM);
    if (!wait) {
        exchange_answer_problem(x, &p);
        return;
    }
    wait->x = x;
    wait->busy = true;
    exchange_hold(x);
    exchange_set_user(x, wait, download_closed);
    material_wait_may(wait, x, download_allowed);
}
