/* loop_client: a small HTTP client for tests that share one thread with the server: it runs the loop while it waits.  127.0.0.1 only. */
#ifndef TEST_LOOP_CLIENT_H
#define TEST_LOOP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum { CLIENT_ANSWER_BYTES = 4 * 1024 * 1024, CLIENT_WAIT_MS = 20000, CLIENT_IDLE_US = 200 };

struct client_answer {
    int status;      /* 0: the connection closed without one, −1: too late */
    char *head;      /* these are cut out of `bytes` */
    char *body;
    size_t body_len;
    char *bytes;
    size_t len;
};

static inline int client_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to)) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline int64_t client_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void client_answer_clear(struct client_answer *a)
{
    free(a->bytes);
    *a = (struct client_answer){0};
}

/* Value of a header of the answer into out; false when it has none. */
static inline bool client_header(const struct client_answer *a, const char *name, char *out, size_t out_len)
{
    size_t n = strlen(name);
    for (const char *line = a->head; line && *line; line = strstr(line, "\r\n") ? strstr(line, "\r\n") + 2 : NULL)
        if (!strncasecmp(line, name, n) && line[n] == ':') {
            const char *value = line + n + 1 + strspn(line + n + 1, " ");
            (void)snprintf(out, out_len, "%.*s", (int)strcspn(value, "\r"), value);
            return true;
        }
    return false;
}

/* True when the answer is whole; takes chunks apart in place. */
static inline bool client_whole(struct client_answer *a, bool no_body)
{
    char value[64];
    char *end = a->len ? strstr(a->bytes, "\r\n\r\n") : NULL;
    if (!end)
        return false;
    size_t head_len = (size_t)(end - a->bytes) + 4;
    a->head = a->bytes;
    a->status = (int)strtol(a->bytes + 9, NULL, 10);
    a->body = a->bytes + head_len;
    a->body_len = a->len - head_len;
    if (no_body || a->status == 204)
        return true;
    if (client_header(a, "Content-Length", value, sizeof value))
        return a->body_len >= (size_t)strtoull(value, NULL, 10);
    if (a->body_len < 5 || memcmp(a->body + a->body_len - 5, "0\r\n\r\n", 5))
        return false;
    size_t out = 0;
    for (char *chunk = a->body;;) {
        char *data = NULL;
        size_t len = (size_t)strtoull(chunk, &data, 16);
        if (!len)
            break;
        memmove(a->body + out, data + 2, len);
        out += len;
        chunk = data + 2 + len + 2;
    }
    a->body_len = out;
    return true;
}

static inline void client_send(uv_loop_t *loop, int fd, const void *bytes, size_t len)
{
    int64_t until = client_now() + CLIENT_WAIT_MS;
    for (const char *from = bytes; len && client_now() < until;) {
        ssize_t n = send(fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            from += n;
            len -= (size_t)n;
        } else if (errno != EAGAIN) {
            return; /* it closed: an answer may still be there */
        }
        (void)uv_run(loop, UV_RUN_NOWAIT);
    }
}

/* Waits for one answer. */
static inline void client_receive(uv_loop_t *loop, int fd, bool no_body, struct client_answer *a)
{
    int64_t until = client_now() + CLIENT_WAIT_MS;
    *a = (struct client_answer){.bytes = calloc(1, CLIENT_ANSWER_BYTES + 1)};
    while (a->bytes && client_now() < until) {
        (void)uv_run(loop, UV_RUN_NOWAIT);
        ssize_t n = recv(fd, a->bytes + a->len, CLIENT_ANSWER_BYTES - a->len, MSG_DONTWAIT);
        if (n > 0) {
            a->len += (size_t)n;
            if (client_whole(a, no_body))
                return;
        } else if (n == 0 || errno != EAGAIN) {
            return;
        } else {
            (void)usleep(CLIENT_IDLE_US);
        }
    }
    a->status = -1;
}

static inline void client_turn(uv_loop_t *loop, int ms)
{
    for (int64_t until = client_now() + ms; client_now() < until; (void)usleep(CLIENT_IDLE_US))
        (void)uv_run(loop, UV_RUN_NOWAIT);
}

#endif
