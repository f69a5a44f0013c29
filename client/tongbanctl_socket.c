#include "client/tongbanctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/limits.h"
#include "proto/strict_json.h"

/* ---- the socket ---- */

static int connect_to(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = LIMIT_CLIENT_ANSWER_MS / 1000};
    size_t len = strlen(path);
    int fd = len < sizeof address.sun_path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return TB_ELIMIT;
    memcpy(address.sun_path, path, len);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int why = errno;
        (void)close(fd);
        return why == ENOENT ? TB_ENOTFOUND : why == EACCES ? TB_EDENIED : TB_EIO;
    }
    *out = fd;
    return 0;
}

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return TB_EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Takes the whole lines out of `in`: progress is told, the last one is the answer. */
static int take_lines(struct buf *in, void (*progress)(const json_t *doc), json_t **answer)
{
    char *end;
    int rc = 0;
    while (!rc && !*answer && (end = memchr(in->data, '\n', in->len)) != NULL) {
        json_t *doc = NULL;
        size_t len = (size_t)(end - in->data);
        rc = strict_json_parse(in->data, len, &doc, NULL);
        const json_t *step = json_object_get(doc, "progress");
        if (!rc && step && progress)
            progress(step);
        if (!rc && !step)
            *answer = json_incref(doc);
        json_decref(doc);
        memmove(in->data, end + 1, in->len - len - 1);
        in->len -= len + 1;
    }
    return rc;
}

static int receive(int fd, struct buf *in, void (*progress)(const json_t *doc), json_t **answer)
{
    char piece[16 * 1024];
    int rc = 0;
    while (!rc && !*answer) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0)
            return n < 0 ? TB_ETIMEOUT : TB_EIO;
        rc = buf_append(in, piece, (size_t)n);
        if (!rc)
            rc = take_lines(in, progress, answer);
    }
    return rc;
}

int ctl_ask(const char *path, const char *command, json_t *request, void (*progress)(const json_t *doc), json_t **answer)
{
    int fd = -1;
    struct buf in;
    *answer = NULL;
    buf_init(&in, LIMIT_CLIENT_ANSWER_BYTES);
    json_t *doc = json_pack("{s:s, s:o}", "command", command, "request", request);
    char *line = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    int rc = line ? connect_to(path, &fd) : TB_ENOMEM;
    if (!rc && (send_all(fd, line, strlen(line)) || send_all(fd, "\n", 1)))
        rc = 0; /* who may not ask is answered and closed before the question is read */
    if (!rc)
        rc = receive(fd, &in, progress, answer);
    if (fd >= 0)
        (void)close(fd);
    buf_free(&in);
    free(line);
    return rc;
}
