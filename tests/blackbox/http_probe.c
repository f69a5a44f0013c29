/* http_probe: a small server around daemon/net for the hostile black-box tests and for measuring.
 *
 *   http_probe [--cert FILE --key FILE --ca FILE] [--scale N] [--max N]
 *
 * Prints "port N" and serves until SIGTERM; then closes, and exits 0 only if the loop could be closed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/http_server.h"
#include "daemon/net/tls.h"
#include "proto/limits.h"

struct probe {
    struct http_listener *listener;
    struct tls_context *tls;
    uv_signal_t term;
    size_t live; /* exchanges with a user that have not been closed */
    uint64_t uploaded;
};

static void probe_hello(struct exchange *x, void *context)
{
    (void)context;
    const struct tls_identity *who = exchange_identity(x);
    json_t *doc = json_pack("{s:i,s:s,s:s,s:s}", "kind", (int)who->kind, "office", who->office, "staff", who->staff,
                            "authority", who->authority);
    exchange_answer_json(x, 200, doc);
    json_decref(doc);
}

static void probe_echo(struct exchange *x, void *context)
{
    (void)context;
    size_t len = 0;
    const char *body = exchange_body(x, &len);
    exchange_answer(x, 200, "application/octet-stream", body, len);
}

static void probe_swallow(struct exchange *x, void *context)
{
    (void)context;
    exchange_answer(x, 200, "text/plain", "ok\n", 3);
}

/* --- an upload that counts --- */

static void probe_closed(struct exchange *x, void *user)
{
    (void)x;
    struct probe *probe = user;
    probe->live--;
}

static void probe_upload(struct exchange *x, void *context)
{
    struct probe *probe = context;
    probe->live++;
    exchange_set_user(x, probe, probe_closed);
}

static int probe_upload_data(struct exchange *x, const void *bytes, size_t len)
{
    struct probe *probe = exchange_user(x);
    (void)bytes;
    probe->uploaded += len;
    return 0;
}

static void probe_upload_end(struct exchange *x)
{
    exchange_answer(x, 204, NULL, "", 0);
}

static const struct http_sink probe_sink = {.data = probe_upload_data, .end = probe_upload_end};

/* --- an endless stream, written whenever there is room --- */

static void probe_flood(struct exchange *x)
{
    static const char piece[8192];
    while (!exchange_write(x, piece, sizeof piece))
        ;
}

static void probe_stream(struct exchange *x, void *context)
{
    struct probe *probe = context;
    probe->live++;
    exchange_set_user(x, probe, probe_closed);
    if (!exchange_stream_begin(x, 200, "application/octet-stream", probe_flood))
        probe_flood(x);
}

static void probe_quiet(struct exchange *x, void *context)
{
    struct probe *probe = context;
    probe->live++;
    exchange_set_user(x, probe, probe_closed);
    if (exchange_stream_begin(x, 200, "text/event-stream", NULL) || exchange_write(x, "data: 1\n\n", 9))
        exchange_answer(x, 500, NULL, "", 0);
}

static void probe_stats(struct exchange *x, void *context)
{
    struct probe *probe = context;
    struct http_listener_stats s;
    http_listener_stats(probe->listener, &s);
    json_t *doc =
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "accepted", (json_int_t)s.accepted, "refused_handshakes",
                  (json_int_t)s.refused_handshakes, "requests", (json_int_t)s.requests, "bad_requests",
                  (json_int_t)s.bad_requests, "timeouts", (json_int_t)s.timeouts, "open", (json_int_t)s.open, "live",
                  (json_int_t)probe->live, "uploaded", (json_int_t)probe->uploaded);
    exchange_answer_json(x, 200, doc);
    json_decref(doc);
}

static const struct http_route probe_routes[] = {
    {.method = HTTP_GET, .pattern = "/hello", .handle = probe_hello},
    {.method = HTTP_GET, .pattern = "/stats", .handle = probe_stats},
    {.method = HTTP_POST,
     .pattern = "/echo",
     .body = HTTP_BODY_BUFFERED,
     .body_max = LIMIT_HTTP_BODY_BYTES,
     .handle = probe_echo},
    {.method = HTTP_POST, .pattern = "/swallow", .body = HTTP_BODY_BUFFERED, .handle = probe_swallow},
    {.method = HTTP_PATCH,
     .pattern = "/upload",
     .body = HTTP_BODY_STREAMED,
     .content_type = "application/offset+octet-stream",
     .handle = probe_upload,
     .sink = &probe_sink},
    {.method = HTTP_GET, .pattern = "/flood", .handle = probe_stream},
    {.method = HTTP_GET, .pattern = "/quiet", .handle = probe_quiet},
};

static void probe_on_term(uv_signal_t *signal, int number)
{
    struct probe *probe = signal->data;
    (void)number;
    http_listener_close(probe->listener, 200, NULL, NULL);
    uv_close((uv_handle_t *)&probe->term, NULL);
}

int main(int argc, char **argv)
{
    static struct probe probe;
    struct tls_options files = {0};
    const char *ca[2] = {NULL, NULL};
    struct http_listener_options options = {.name = "probe",
                                            .address = "127.0.0.1",
                                            .routes = probe_routes,
                                            .route_count = sizeof probe_routes / sizeof probe_routes[0],
                                            .max_of_one = LIMIT_HTTP_CONNECTIONS, /* all come from here */
                                            .context = &probe};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--cert"))
            files.certificate_file = argv[i + 1];
        else if (!strcmp(argv[i], "--key"))
            files.key_file = argv[i + 1];
        else if (!strcmp(argv[i], "--ca"))
            ca[0] = argv[i + 1];
        else if (!strcmp(argv[i], "--scale"))
            options.timer_divisor = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--max"))
            options.max_connections = strtoul(argv[i + 1], NULL, 10);
        else
            return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    struct problem p;
    files.ca_files = ca;
    if (files.certificate_file && tls_context_new(&files, &probe.tls, &p)) {
        fprintf(stderr, "%s\n", p.detail);
        return 1;
    }
    uv_loop_t loop;
    options.tls = probe.tls;
    if (uv_loop_init(&loop) || http_listener_open(&loop, &options, &probe.listener, &p)) {
        fprintf(stderr, "cannot listen\n");
        return 1;
    }
    probe.term.data = &probe;
    if (uv_signal_init(&loop, &probe.term) || uv_signal_start(&probe.term, probe_on_term, SIGTERM))
        return 1;
    printf("port %u\n", http_listener_port(probe.listener));
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    tls_context_unref(probe.tls);
    if (probe.live) {
        fprintf(stderr, "%zu exchanges were never closed\n", probe.live);
        return 3;
    }
    return uv_loop_close(&loop) ? 4 : 0;
}
