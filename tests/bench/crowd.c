/* crowd: many connections with one certificate over mutual TLS, idle or flooding; obeys no Retry-After.
 *
 *   crowd --port P --ca F --cert F --key F --connections N [--hosts H] [--request FILE --seconds S]
 *
 * Without a request it opens N connections, says {"open":N} and holds them until its standard input ends.  With one, each connection is
 * a thread that sends the bytes of the file again and again, eight '@' in it replaced by a number that is new each time, for S seconds;
 * then it prints the answers by status.  Connections come from 127.0.0.2 … 127.0.0.(H+1), in turn. */
#include <arpa/inet.h>
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024, REQUEST_MAX = 1024 * 1024, OPENERS = 4, CONNECTIONS_MAX = 20000, FLOODERS_MAX = 512 };
enum result { R_200, R_429, R_503, R_OTHER, R_BROKEN, RESULTS };

static struct {
    const char *ca, *cert, *key, *request;
    long port, connections, hosts, seconds;
} opt = {.hosts = 1, .connections = 100, .seconds = 5};

static SSL_CTX *context;
static char request[REQUEST_MAX];
static size_t request_len;
static atomic_long next_connection, opened, number, results[RESULTS];
static double until;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ssl_end(SSL *ssl)
{
    if (!ssl)
        return;
    (void)close(SSL_get_fd(ssl));
    SSL_free(ssl);
    ERR_clear_error();
}

static SSL *dial(long n)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002U + (unsigned)(n % opt.hosts))};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0)
        return NULL;
    /* with the port chosen at connect, so that each host has all of them */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL *ssl = bind(fd, (struct sockaddr *)&from, sizeof from) || connect(fd, (struct sockaddr *)&to, sizeof to) ? NULL : SSL_new(context);
    if (!ssl) {
        (void)close(fd);
        return NULL;
    }
    if (SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1)
        return ssl;
    ssl_end(ssl);
    return NULL;
}

/* ---- idle ---- */

static void *opener(void *kept)
{
    SSL **all = kept;
    for (long n; (n = atomic_fetch_add(&next_connection, 1)) < opt.connections;)
        if ((all[n] = dial(n)))
            (void)atomic_fetch_add(&opened, 1);
    return NULL;
}

static int idle(void)
{
    pthread_t threads[OPENERS];
    SSL **all = calloc((size_t)opt.connections, sizeof(SSL *));
    if (!all)
        return 70;
    for (int i = 0; i < OPENERS; i++)
        if (pthread_create(&threads[i], NULL, opener, all))
            return 70;
    for (int i = 0; i < OPENERS; i++)
        (void)pthread_join(threads[i], NULL);
    (void)printf("{\"open\":%ld}\n", (long)opened);
    (void)fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}

/* ---- flood ---- */

/* Reads one whole answer. */
static enum result read_answer(SSL *ssl, char *answer)
{
    size_t have = 0;
    long need = -1;
    while (have < ANSWER_MAX) {
        int n = SSL_read(ssl, answer + have, (int)(ANSWER_MAX - have));
        if (n <= 0)
            return R_BROKEN;
        have += (size_t)n;
        answer[have] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        if (end && need < 0) {
            const char *field = strcasestr(answer, "content-length:");
            bool bare = !strncmp(request, "HEAD ", 5);
            need = (end - answer) + 4 + (!bare && field && field < end ? strtol(field + 15, NULL, 10) : 0);
        }
        if (need >= 0 && have >= (size_t)need) {
            long status = strtol(answer + 9, NULL, 10);
            return status == 429 ? R_429 : status == 503 ? R_503 : status >= 200 && status < 300 ? R_200 : R_OTHER;
        }
    }
    return R_BROKEN;
}

static void *flooder(void *argument)
{
    long me = (long)(intptr_t)argument;
    char *answer = malloc(ANSWER_MAX + 1), *text = malloc(REQUEST_MAX), digits[24];
    if (!answer || !text)
        exit(70);
    memcpy(text, request, request_len);
    char *mark = memmem(text, request_len, "@@@@@@@@", 8);
    SSL *ssl = NULL;
    while (now_s() < until) {
        if (!ssl && !(ssl = dial(me))) {
            (void)atomic_fetch_add(&results[R_BROKEN], 1);
            (void)usleep(10 * 1000);
            continue;
        }
        if (mark) {
            (void)snprintf(digits, sizeof digits, "%08ld", atomic_fetch_add(&number, 1));
            memcpy(mark, digits, 8);
        }
        enum result got = SSL_write(ssl, text, (int)request_len) == (int)request_len ? read_answer(ssl, answer) : R_BROKEN;
        (void)atomic_fetch_add(&results[got], 1);
        if (got == R_BROKEN || strcasestr(answer, "connection: close")) {
            ssl_end(ssl);
            ssl = NULL;
        }
    }
    ssl_end(ssl);
    free(answer);
    free(text);
    return NULL;
}

static int flood(void)
{
    pthread_t threads[FLOODERS_MAX];
    FILE *file = fopen(opt.request, "rb");
    request_len = file ? fread(request, 1, sizeof request, file) : 0;
    if (!request_len || opt.connections > FLOODERS_MAX)
        return 2;
    (void)fclose(file);
    until = now_s() + (double)opt.seconds;
    for (long i = 0; i < opt.connections; i++)
        if (pthread_create(&threads[i], NULL, flooder, (void *)(intptr_t)i))
            return 70;
    for (long i = 0; i < opt.connections; i++)
        (void)pthread_join(threads[i], NULL);
    (void)printf("{\"taken\":%ld,\"refused_429\":%ld,\"refused_503\":%ld,\"other\":%ld,\"broken\":%ld}\n", (long)results[R_200],
                 (long)results[R_429], (long)results[R_503], (long)results[R_OTHER], (long)results[R_BROKEN]);
    return 0;
}

static bool read_options(int argc, char **argv)
{
    const struct {
        const char *name, **text;
        long *value;
    } known[] = {{"--ca", &opt.ca, NULL},       {"--cert", &opt.cert, NULL},  {"--key", &opt.key, NULL}, {"--request", &opt.request, NULL},
                 {"--port", NULL, &opt.port},   {"--hosts", NULL, &opt.hosts}, {"--seconds", NULL, &opt.seconds},
                 {"--connections", NULL, &opt.connections}};
    for (int i = 1; i + 1 < argc; i += 2)
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            if (!strcmp(known[k].name, argv[i])) {
                if (known[k].text)
                    *known[k].text = argv[i + 1];
                else
                    *known[k].value = strtol(argv[i + 1], NULL, 10);
            }
    return opt.ca && opt.cert && opt.key && opt.port && opt.hosts > 0 && opt.hosts < 250 && opt.connections > 0 &&
           opt.connections <= CONNECTIONS_MAX;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr, "crowd: see the head of crowd.c for its options\n");
        return 2;
    }
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, opt.ca, NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, opt.cert) != 1 || SSL_CTX_use_PrivateKey_file(context, opt.key, SSL_FILETYPE_PEM) != 1)
        return 2;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return opt.request ? flood() : idle();
}
