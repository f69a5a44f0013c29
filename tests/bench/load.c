/* load: takes in cases at a window as fast as it may, over mutual TLS with keep-alive, and measures.
 *
 * Each connection is a thread that sends one request at a time.  A broken connection is opened again and the same
 * request is sent again with the same Idempotency-Key, as `tongban` does, until it is answered: what stands in the
 * acknowledgement file was promised by the office.
 *
 *   load --host 127.0.0.1 --port P --ca F --cert F --key F --home OFFICE --item CODE [--count N] [--connections C]
 * [--rate R]
 *        [--body BYTES] [--acked FILE] [--prefix TEXT] [--patience SECONDS]
 *
 * Prints one JSON line: requests, seconds, per_second, p50_ms, p99_ms, max_ms, refused, reconnects. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024, CONNECTIONS_MAX = 512 };

static struct {
    const char *host, *ca, *cert, *key, *home, *item, *acked, *prefix;
    int port;
    long count, connections, body, patience;
    double rate;
} opt = {.host = "127.0.0.1",
         .home = "330483",
         .item = "GA01",
         .prefix = "load",
         .count = 1000,
         .connections = 32,
         .body = 4096,
         .patience = 60};

static SSL_CTX *context;
static atomic_long next_request, done_requests, refused, reconnects, gave_up;
static double *latencies;
static FILE *acked_file;
static pthread_mutex_t acked_lock = PTHREAD_MUTEX_INITIALIZER;
static double started;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct link {
    SSL *ssl;
    int fd;
    char *answer;
};

static void link_close(struct link *link)
{
    if (link->ssl)
        SSL_free(link->ssl);
    if (link->fd >= 0)
        (void)close(link->fd);
    link->ssl = NULL;
    link->fd = -1;
}

static bool link_open(struct link *link)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    int one = 1;
    (void)inet_pton(AF_INET, opt.host, &to.sin_addr);
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 20};
    if (link->fd < 0 || setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) ||
        connect(link->fd, (struct sockaddr *)&to, sizeof to)) {
        link_close(link);
        return false;
    }
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    link->ssl = SSL_new(context);
    if (!link->ssl || SSL_set_fd(link->ssl, link->fd) != 1 || SSL_connect(link->ssl) != 1) {
        ERR_clear_error();
        link_close(link);
        return false;
    }
    return true;
}

/* Reads one whole answer; returns its status, 0 when the connection broke. */
static int read_answer(struct link *link)
{
    size_t have = 0;
    long need = -1;
    while (have < ANSWER_MAX) {
        int n = SSL_read(link->ssl, link->answer + have, (int)(ANSWER_MAX - have));
        if (n <= 0)
            return 0;
        have += (size_t)n;
        link->answer[have] = '\0';
        char *end = strstr(link->answer, "\r\n\r\n");
        if (end && need < 0) {
            const char *field = strcasestr(link->answer, "content-length:");
            need = (end - link->answer) + 4 + (field && field < end ? strtol(field + 15, NULL, 10) : 0);
        }
        if (need >= 0 && have >= (size_t)need)
            return (int)strtol(link->answer + 9, NULL, 10);
    }
    return 0;
}

static int request_text(char *out, size_t size, long number, const char *filler)
{
    char body[64 * 1024];
    int fixed = snprintf(body, sizeof body,
                         "{\"item\":{\"office\":\"%s\",\"code\":\"%s\"},\"applicant\":{\"kind\":\"person\",\"name\":\"测试%ld\",\"certificate\":{\"type\":"
                         "\"citizen-id\",\"number\":\"33048318500101001X\"},\"mobile\":\"13900001234\",\"address\":\"如东县掘港街道\"},\"materials\":[{"
                         "\"name\":\"申请表\",\"form\":\"form\",\"pages\":2}],\"delivery\":{\"way\":\"pickup\",\"place\":\"intake\"},\"form\":{\"text\":\"",
                         opt.home, opt.item, number);
    long room = opt.body - fixed - 3;
    int len = snprintf(body + fixed, sizeof body - (size_t)fixed, "%.*s\"}}", (int)(room > 0 ? room : 0), filler);
    return snprintf(out, size,
                    "POST /window/v1/cases HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\nIdempotency-Key: %s-%ld\r\n"
                    "Content-Length: %d\r\n\r\n%s",
                    opt.host, opt.port, opt.prefix, number, fixed + len, body);
}

static void record(long number, int status, const char *answer)
{
    if (status != 201) {
        atomic_fetch_add(&refused, 1);
        (void)fprintf(stderr, "request %ld: status %d %.300s\n", number, status,
                      strstr(answer, "\r\n\r\n") ? strstr(answer, "\r\n\r\n") + 4 : "");
        return;
    }
    atomic_fetch_add(&done_requests, 1);
    const char *at = strstr(answer, "\"case\":\"");
    if (!acked_file || !at)
        return;
    pthread_mutex_lock(&acked_lock);
    (void)fprintf(acked_file, "%s-%ld %.21s\n", opt.prefix, number, at + 8);
    (void)fflush(acked_file);
    pthread_mutex_unlock(&acked_lock);
}

/* One request until it is answered, or patience ends. */
static void one_request(struct link *link, long number, char *text, const char *filler)
{
    int len = request_text(text, ANSWER_MAX, number, filler);
    double begin = now_s();
    for (;;) {
        int status = 0;
        if (link->ssl && SSL_write(link->ssl, text, len) == len)
            status = read_answer(link);
        if (status == 429) { /* the same request again, on the same connection, a little later */
            struct timespec later = {.tv_nsec = 100 * 1000 * 1000};
            (void)nanosleep(&later, NULL);
            continue;
        }
        if (status && status != 503) {
            latencies[number] = now_s() - begin;
            record(number, status, link->answer);
            return;
        }
        ERR_clear_error();
        link_close(link);
        if (now_s() - begin > (double)opt.patience) {
            atomic_fetch_add(&gave_up, 1);
            return;
        }
        atomic_fetch_add(&reconnects, 1);
        struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
        (void)link_open(link);
    }
}

static void *worker(void *argument)
{
    (void)argument;
    struct link link = {.fd = -1, .answer = malloc(ANSWER_MAX + 1)};
    char *text = malloc(ANSWER_MAX);
    char *filler = malloc(ANSWER_MAX);
    if (!link.answer || !text || !filler)
        exit(70);
    unsigned seed = (unsigned)(uintptr_t)&link;
    for (int i = 0; i < ANSWER_MAX - 1; i++)
        filler[i] = (char)('a' + rand_r(&seed) % 26);
    filler[ANSWER_MAX - 1] = '\0';
    (void)link_open(&link);
    for (;;) {
        long number = atomic_fetch_add(&next_request, 1);
        if (number >= opt.count)
            break;
        if (opt.rate > 0) {
            double wait = started + (double)number / opt.rate - now_s();
            if (wait > 0) {
                struct timespec pause = {.tv_sec = (time_t)wait, .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
                (void)nanosleep(&pause, NULL);
            }
        }
        one_request(&link, number, text, filler);
    }
    link_close(&link);
    free(link.answer);
    free(text);
    free(filler);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        const struct { const char *name; const char **text; long *number; } known[] = {
            {"--host", &opt.host, NULL}, {"--ca", &opt.ca, NULL}, {"--cert", &opt.cert, NULL}, {"--key", &opt.key, NULL}, {"--home", &opt.home, NULL},
            {"--item", &opt.item, NULL}, {"--acked", &opt.acked, NULL}, {"--prefix", &opt.prefix, NULL}, {"--count", NULL, &opt.count},
            {"--connections", NULL, &opt.connections}, {"--body", NULL, &opt.body}, {"--patience", NULL, &opt.patience}};
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            if (!strcmp(known[k].name, name)) {
                found = true;
                if (known[k].text)
                    *known[k].text = value;
                else
                    *known[k].number = strtol(value, NULL, 10);
            }
        if (!strcmp(name, "--port"))
            opt.port = (int)strtol(value, NULL, 10);
        else if (!strcmp(name, "--rate"))
            opt.rate = strtod(value, NULL);
        else if (!found)
            return false;
    }
    return opt.port && opt.ca && opt.cert && opt.key && opt.count > 0 && opt.connections > 0 && opt.connections <= CONNECTIONS_MAX &&
           opt.body < 60 * 1024;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr, "load: see the head of load.c for its options\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, opt.ca, NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, opt.cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, opt.key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return 2;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    latencies = calloc((size_t)opt.count, sizeof *latencies);
    if (opt.acked)
        acked_file = fopen(opt.acked, "a");
    pthread_t threads[CONNECTIONS_MAX];
    started = now_s();
    for (long i = 0; i < opt.connections; i++)
        if (pthread_create(&threads[i], NULL, worker, NULL))
            return 70;
    for (long i = 0; i < opt.connections; i++)
        (void)pthread_join(threads[i], NULL);
    double seconds = now_s() - started;
    qsort(latencies, (size_t)opt.count, sizeof *latencies, by_value);
    (void)printf("{\"requests\":%ld,\"seconds\":%.3f,\"per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%."
                 "3f,\"refused\":%ld,\"reconnects\":%ld,"
                 "\"gave_up\":%ld}\n",
                 (long)done_requests, seconds, (double)done_requests / seconds, latencies[opt.count / 2] * 1e3,
                 latencies[opt.count * 99 / 100] * 1e3, latencies[opt.count - 1] * 1e3, (long)refused, (long)reconnects,
                 (long)gave_up);
    if (acked_file)
        (void)fclose(acked_file);
    return refused || gave_up ? 1 : 0;
}
