#include "daemon/api/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/api/control_internal.h"
#include "daemon/base/log.h"
#include "proto/strict_json.h"

struct control {
    uv_pipe_t pipe;
    struct control_parts parts;
    struct control_peer *peers;
    size_t peer_count;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    bool closed;
};

struct control_peer {
    struct control_ask ask; /* first member */
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    struct control *control;
    struct control_peer *next;
    struct ucred who;
    char line[LIMIT_CONTROL_LINE_BYTES];
    size_t len;
    char *answer;     /* owned, being written */
    unsigned handles; /* open */
    bool asked;       /* the line is there: nothing more is read */
    bool busy;        /* a command has the question */
    bool ending;
};

/* ---- the end ---- */

static void control_maybe_free(struct control *control)
{
    if (control->closed && !control->peers)
        free(control);
}

static void peer_maybe_free(struct control_peer *peer)
{
    struct control *control = peer->control;
    if (peer->handles || peer->busy)
        return;
    struct control_peer **at = &control->peers;
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    control->peer_count--;
    free(peer->ask.state);
    free(peer->answer);
    free(peer);
    control_maybe_free(control);
}

static void on_peer_closed(uv_handle_t *handle)
{
    struct control_peer *peer = handle->data;
    peer->handles--;
    peer_maybe_free(peer);
}

static void peer_end(struct control_peer *peer)
{
    if (peer->ending)
        return;
    peer->ending = true;
    uv_close((uv_handle_t *)&peer->pipe, on_peer_closed);
    uv_close((uv_handle_t *)&peer->timer, on_peer_closed);
}

/* ---- the answer ---- */

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    peer_end(write->data);
}

static void on_time(uv_timer_t *timer)
{
    peer_end(timer->data);
}

/* A line of it, or NULL; takes `doc`. */
static char *to_line(json_t *doc, unsigned *len)
{
    char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    size_t size = text ? strlen(text) : 0;
    char *line = text ? realloc(text, size + 1) : NULL;
    if (!line) {
        free(text);
        return NULL;
    }
    line[size] = '\n';
    *len = (unsigned)size + 1;
    return line;
}

/* Takes `doc`. */
static void answer(struct control_peer *peer, json_t *doc)
{
    unsigned len = 0;
    peer->busy = false;
    if (peer->ending) {
        json_decref(doc);
        peer_maybe_free(peer);
        return;
    }
    peer->answer = to_line(doc, &len);
    if (!peer->answer) {
        peer_end(peer);
        return;
    }
    uv_buf_t bytes = uv_buf_init(peer->answer, len);
    peer->write.data = peer;
    (void)uv_timer_start(&peer->timer, on_time, LIMIT_CONTROL_MS, 0);
    if (uv_write(&peer->write, (uv_stream_t *)&peer->pipe, &bytes, 1, on_written) != 0)
        peer_end(peer);
}

static void answer_problem(struct control_peer *peer, const struct problem *p)
{
    answer(peer, json_pack("{s:o}", "problem", problem_to_json(p)));
}

static void refuse(struct control_peer *peer, enum problem_id id, const char *why)
{
    struct problem p = {.number = -1};
    (void)problem_set(&p, id, "", "%s", why);
    answer_problem(peer, &p);
}

void control_answer(struct control_ask *ask, json_t *doc)
{
    answer((struct control_peer *)ask, doc);
}

void control_refuse(struct control_ask *ask, const struct problem *p)
{
    answer_problem((struct control_peer *)ask, p);
}

bool control_gone(const struct control_ask *ask)
{
    return ((const struct control_peer *)ask)->ending;
}

struct control_line {
    uv_write_t write; /* first member */
    struct control_peer *peer;
    char *bytes;
};

static void on_progress_written(uv_write_t *write, int status)
{
    struct control_line *line = (struct control_line *)write;
    if (status)
        peer_end(line->peer);
    free(line->bytes);
    free(line);
}

void control_progress(struct control_ask *ask, json_t *doc)
{
    struct control_peer *peer = (struct control_peer *)ask;
    uv_stream_t *stream = (uv_stream_t *)&peer->pipe;
    unsigned len = 0;
    bool room = !peer->ending && uv_stream_get_write_queue_size(stream) < LIMIT_CONTROL_LINE_BYTES;
    struct control_line *line = room ? calloc(1, sizeof *line) : NULL;
    if (!line) {
        json_decref(doc);
        return;
    }
    line->peer = peer;
    line->bytes = to_line(json_pack("{s:o}", "progress", doc), &len);
    uv_buf_t bytes = uv_buf_init(line->bytes, len);
    if (!line->bytes || uv_write(&line->write, stream, &bytes, 1, on_progress_written) != 0) {
        free(line->bytes);
        free(line);
    }
}

/* ---- the question ---- */

static const struct {
    const char *name;
    void (*ask)(struct control_ask *ask, json_t *request);
} commands[] = {
#define C(name, function) {name, function},
    CONTROL_COMMANDS(C)
#undef C
};

/* {"command":"…","request":{…}} */
static void on_line(struct control_peer *peer)
{
    static const char *const known[] = {"command", "request", NULL};
    struct problem p = {.number = -1};
    json_t *doc = NULL, *body = NULL;
    const char *name = "";
    (void)uv_read_stop((uv_stream_t *)&peer->pipe);
    (void)uv_timer_stop(&peer->timer);
    int rc = strict_json_parse(peer->line, peer->len, &doc, &p);
    if (!rc)
        rc = strict_json_only(doc, "", known, &p);
    if (!rc)
        rc = strict_json_text(doc, "", "command", true, 40, &name, &p);
    if (!rc)
        rc = strict_json_object(doc, "", "request", true, &body, &p);
    size_t i = 0;
    while (!rc && i < sizeof commands / sizeof commands[0] && strcmp(commands[i].name, name) != 0)
        i++;
    if (!rc && i == sizeof commands / sizeof commands[0])
        rc = problem_set(&p, PROBLEM_FIELD, "/command", "there is no command '%s'", name);
    peer->busy = true;
    if (rc)
        answer_problem(peer, &p);
    else
        commands[i].ask(&peer->ask, body);
    json_decref(doc);
}

/* ---- connections ---- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    (void)wanted;
    struct control_peer *peer = handle->data;
    *out = uv_buf_init(peer->line + peer->len, (unsigned)(sizeof peer->line - peer->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
    struct control_peer *peer = stream->data;
    if (got == 0 || peer->asked)
        return;
    if (got == UV_ENOBUFS || (got > 0 && peer->len + (size_t)got == sizeof peer->line && !memchr(bytes->base, '\n', (size_t)got))) {
        peer->asked = true;
        (void)uv_read_stop(stream);
        refuse(peer, PROBLEM_TOO_LARGE, "the line is too long");
        return;
    }
    if (got < 0) {
        peer_end(peer);
        return;
    }
    const char *end = memchr(bytes->base, '\n', (size_t)got);
    peer->len += end ? (size_t)(end - bytes->base) : (size_t)got;
    if (end) {
        peer->asked = true;
        on_line(peer);
    }
}

static bool may_ask(const struct control_peer *peer)
{
    return peer->who.uid == 0 || peer->who.uid == geteuid() || peer->who.gid == getegid();
}

static int read_credentials(struct control_peer *peer)
{
    uv_os_fd_t fd;
    socklen_t size = sizeof peer->who;
    return uv_fileno((const uv_handle_t *)&peer->pipe, &fd) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer->who, &size) ? TB_EDENIED : 0;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct control *control = server->data;
    struct control_peer *peer = status ? NULL : calloc(1, sizeof *peer);
    if (!peer)
        return; /* without memory the connection waits; it has its own time limit */
    peer->control = control;
    peer->ask.parts = &control->parts;
    (void)uv_pipe_init(control->parts.loop, &peer->pipe, 0); /* these two cannot fail */
    (void)uv_timer_init(control->parts.loop, &peer->timer);
    peer->pipe.data = peer->timer.data = peer;
    peer->handles = 2;
    peer->next = control->peers;
    control->peers = peer;
    control->peer_count++;
    bool taken = uv_accept(server, (uv_stream_t *)&peer->pipe) == 0;
    if (!taken || control->peer_count > LIMIT_CONTROL_PEERS || read_credentials(peer)) {
        peer_end(peer);
    } else if (!may_ask(peer)) {
        LOG_LIMITED(LOG_LIMIT_CONTROL, LOG_LEVEL_WARNING, LOG_API, "control_refused", LOG_INT("uid", peer->who.uid), LOG_INT("pid", peer->who.pid));
        refuse(peer, PROBLEM_NOT_ALLOWED, "only root and the user and group of the daemon may ask here");
    } else {
        peer->ask.uid = (int64_t)peer->who.uid;
        (void)uv_timer_start(&peer->timer, on_time, LIMIT_CONTROL_MS, 0);
        if (uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read) != 0)
            peer_end(peer);
    }
}

/* ---- life ---- */

static void on_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;
    control->closed = true;
    control_maybe_free(control);
}

int control_start(const struct control_parts *parts, const char *path, struct control **out, struct problem *p)
{
    struct stat info;
    struct control *control = strlen(path) < sizeof control->path ? calloc(1, sizeof *control) : NULL;
    if (!control)
        return problem_set(p, PROBLEM_FIELD, "/control", "the name of the socket is too long: %.200s", path);
    *control = (struct control){.parts = *parts};
    memcpy(control->path, path, strlen(path) + 1);
    (void)uv_pipe_init(parts->loop, &control->pipe, 0);
    control->pipe.data = control;
    /* the store is locked by us alone, so whoever left a socket here is gone */
    if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
        (void)unlink(path);
    int rc = uv_pipe_bind(&control->pipe, path);
    if (!rc && chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0)
        rc = UV_EPERM;
    if (!rc)
        rc = uv_listen((uv_stream_t *)&control->pipe, LIMIT_CONTROL_PEERS, on_connection);
    if (rc) {
        uv_close((uv_handle_t *)&control->pipe, on_closed);
        return problem_set(p, PROBLEM_INTERNAL, "/control", "the socket %.100s cannot be opened: %s", path, uv_strerror(rc));
    }
    *out = control;
    return 0;
}

void control_stop(struct control *control)
{
    if (!control)
        return;
    for (struct control_peer *peer = control->peers; peer; peer = peer->next)
        peer_end(peer);
    if (!uv_is_closing((uv_handle_t *)&control->pipe))
        uv_close((uv_handle_t *)&control->pipe, on_closed);
}
