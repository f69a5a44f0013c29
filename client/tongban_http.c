#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "proto/limits.h"
#include "proto/strict_json.h"
#include "proto/trace.h"

struct http {
    CURL *curl;
    const struct client_config *config; /* borrowed */
    char error[CURL_ERROR_SIZE];
};

struct transfer {
    const struct http_request *request;
    struct http_answer *answer;
    long retry_after; /* seconds */
};

static size_t take_body(char *bytes, size_t one, size_t count, void *context)
{
    struct transfer *t = context;
    (void)one;
    if (t->request->event && t->answer->status == 200)
        return t->request->event(t->request->context, bytes, count) ? 0 : count;
    return buf_append(&t->answer->body, bytes, count) ? 0 : count;
}

static bool header_is(const char *line, size_t len, const char *name, char *value, size_t size)
{
    size_t n = strlen(name);
    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return false;
    size_t from = n + 1;
    while (from < len && (line[from] == ' ' || line[from] == '\t'))
        from++;
    while (len > from && strchr("\r\n \t", line[len - 1]))
        len--;
    (void)snprintf(value, size, "%.*s", (int)(len - from), line + from);
    return true;
}

static size_t take_header(char *line, size_t one, size_t count, void *context)
{
    struct transfer *t = context;
    char value[64];
    (void)one;
    if (count > 9 && !strncmp(line, "HTTP/", 5)) {
        const char *space = memchr(line, ' ', count);
        t->answer->status = space ? strtol(space + 1, NULL, 10) : 0;
    } else if (header_is(line, count, "Upload-Offset", value, sizeof value)) {
        char *end;
        long long n = strtoll(value, &end, 10);
        t->answer->upload_offset = value[0] && !*end && n >= 0 ? n : -1;
    } else if (header_is(line, count, "Idempotent-Replayed", value, sizeof value)) {
        t->answer->replayed = !strcmp(value, "true");
    } else if (header_is(line, count, "Retry-After", value, sizeof value)) {
        t->retry_after = strtol(value, NULL, 10);
    }
    return count;
}

int http_open(const struct client_config *config, struct http **out, struct problem *p)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) || !(http->curl = curl_easy_init())) {
        free(http);
        return problem_from_code(p, TB_ENOMEM);
    }
    http->config = config;
    *out = http;
    return 0;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    free(http);
}

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        if (curl_easy_setopt(http->curl, option, value) != CURLE_OK)                                                   \
            return TB_EUNSUPPORTED;                                                                                    \
    } while (0)

/* What makes the connection trusted: TLS 1.2 at least, our certificate, the one pinned authority, no proxy, no
 * redirect. */
static int set_trust(struct http *http)
{
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CAINFO, http->config->authority);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSLCERT, http->config->certificate);
    SET(CURLOPT_SSLKEY, http->config->key);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_CLIENT_CONNECT_MS);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, "tongban/" TONGBAN_VERSION);
    return 0;
}

static int set_request(struct http *http, struct transfer *t, const char *url, struct curl_slist *headers)
{
    const struct http_request *request = t->request;
    curl_easy_reset(http->curl);
    int rc = set_trust(http);
    if (rc)
        return rc;
    http->error[0] = '\0';
    SET(CURLOPT_ERRORBUFFER, http->error);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, t);
    if (!strcmp(request->method, "HEAD")) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (strcmp(request->method, "GET") != 0) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
    if (request->event) {
        /* a stream ends by itself or by the other end; dead ones are noticed by their missing keep-alive comments */
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, 2L * LIMIT_CLIENT_STALL_S);
    } else if (request->body_len > LIMIT_CASE_BODY_BYTES) {
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, (long)LIMIT_CLIENT_STALL_S);
    } else {
        SET(CURLOPT_TIMEOUT_MS, (long)LIMIT_CLIENT_ANSWER_MS);
    }
    return 0;
}

static int classify(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
        return TB_ETRUST;
    case CURLE_WRITE_ERROR:
        return TB_ELIMIT; /* our own take_body refused */
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
        return TB_EMALFORMED;
    default:
        return TB_ECLOSED;
    }
}

/* In TLS 1.3 the server's refusal of our certificate arrives as an alert on the first read, not in the handshake. */
static int classify_text(const struct http *http, int code)
{
    return code == TB_ECLOSED && strstr(http->error, "alert") ? TB_ETRUST : code;
}

/* Under which both offices' logs speak of what we ask for; a machine without randomness does without. */
static void make_trace(char out[TRACE_TEXT])
{
    uint8_t random[2];
    struct timespec now;
    out[0] = '\0';
    if (getrandom(random, sizeof random, 0) == (ssize_t)sizeof random && !clock_gettime(CLOCK_REALTIME, &now))
        trace_make((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, random, out);
}

static struct curl_slist *make_headers(const struct http_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    char line[128], trace[TRACE_TEXT];
    make_trace(trace);
    if (trace[0] && list) {
        (void)snprintf(line, sizeof line, "X-Request-Id: %s", trace);
        struct curl_slist *more = curl_slist_append(list, line);
        list = more ? more : list;
    }
    if (request->type && list) {
        (void)snprintf(line, sizeof line, "Content-Type: %s", request->type);
        struct curl_slist *more = curl_slist_append(list, line);
        list = more ? more : list;
    }
    for (size_t i = 0; request->headers && request->headers[i] && list; i++) {
        struct curl_slist *more = curl_slist_append(list, request->headers[i]);
        list = more ? more : list;
    }
    return list;
}

static void pause_ms(long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    (void)nanosleep(&wait, NULL);
}

static void answer_clear(struct http_answer *answer)
{
    buf_init(&answer->body, LIMIT_CLIENT_ANSWER_BYTES);
    answer->doc = NULL;
    answer->status = 0;
    answer->upload_offset = -1;
    answer->replayed = false;
}

int http_send(struct http *http, const struct http_request *request, struct http_answer *answer, struct problem *p)
{
    struct buf url;
    buf_init(&url, 8192);
    int rc = buf_printf(&url, "%s%s", http->config->server, request->path);
    struct curl_slist *headers = make_headers(request);
    struct http_answer got;
    answer_clear(&got);
    if (!headers && !rc)
        rc = TB_ENOMEM;
    for (unsigned try = 0; !rc; try++) {
        struct transfer t = {.request = request, .answer = &got};
        rc = set_request(http, &t, url.data, headers);
        if (rc)
            break;
        rc = classify_text(http, classify(curl_easy_perform(http->curl)));
        bool again = rc == TB_ECLOSED || (!rc && (got.status == 503 || got.status == 429) && t.retry_after <= LIMIT_CLIENT_RETRY_AFTER_S);
        if (!again || !request->repeat || try == LIMIT_CLIENT_RETRIES)
            break;
        long wait = t.retry_after > 0 && !rc ? t.retry_after * 1000 : 250L << try;
        http_answer_free(&got);
        answer_clear(&got);
        rc = 0;
        pause_ms(wait);
    }
    if (rc) {
        (void)problem_set(p, PROBLEM_BUSY, NULL, "%s: %s", http->config->server,
                          http->error[0] ? http->error : err_text(rc));
        http_answer_free(&got);
    } else {
        if (got.body.len && got.body.data[0] == '{' && strict_json_parse(got.body.data, got.body.len, &got.doc, NULL))
            got.doc = NULL;
        *answer = got;
    }
    curl_slist_free_all(headers);
    buf_free(&url);
    return rc;
}

void http_answer_free(struct http_answer *answer)
{
    buf_free(&answer->body);
    json_decref(answer->doc);
    answer->doc = NULL;
}

int http_report(const struct client *client, int code, const struct problem *p)
{
    enum report_local kind = code == TB_ETRUST                            ? REPORT_UNTRUSTED
                             : code == TB_ENOMEM                          ? REPORT_MEMORY
                             : code == TB_EMALFORMED || code == TB_ELIMIT ? REPORT_ANSWER
                                                                          : REPORT_UNREACHABLE;
    return report_local(client, kind, "%s", p->detail);
}

int http_refused(const struct client *client, const struct http_answer *answer)
{
    if (answer->doc && json_object_get(answer->doc, "title"))
        return report_document(client, answer->doc, answer->status);
    return report_local(client, REPORT_ANSWER, "HTTP %ld", answer->status);
}

int http_escape(const char *text, struct buf *out)
{
    int rc = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c && !rc; c++) {
        bool plain =
            (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || strchr("-._~", *c);
        rc = plain ? buf_append(out, c, 1) : buf_printf(out, "%%%02X", *c);
    }
    return rc;
}

static int finish(struct client *client, int rc, struct http_answer *answer, const struct problem *p, json_t **out)
{
    if (rc)
        return http_report(client, rc, p);
    int status = EXIT_DONE;
    if (answer->status < 200 || answer->status > 299)
        status = http_refused(client, answer);
    else if (!answer->doc)
        status = report_local(client, REPORT_ANSWER, "%s", "no JSON document");
    else
        *out = json_incref(answer->doc);
    http_answer_free(answer);
    return status;
}

int http_get(struct client *client, const char *path, json_t **out)
{
    struct http_request request = {.method = "GET", .path = path, .repeat = true};
    struct http_answer answer;
    struct problem p;
    int rc = http_send(client->http, &request, &answer, &p);
    return finish(client, rc, &answer, &p, out);
}

int http_post(struct client *client, const char *path, const json_t *doc, json_t **out)
{
    struct buf body;
    struct problem p;
    buf_init(&body, LIMIT_ENTRY_BYTES); /* the largest is an edition of the catalogue; each route has its own limit */
    char key[UUID_TEXT], header[128], *state = NULL;
    int rc = strict_json_dump(doc, &body);
    if (!rc)
        rc = state_key(client->config->server, path, body.data, body.len, key, &state);
    if (rc) {
        buf_free(&body);
        (void)problem_from_code(&p, rc);
        return report_problem(client, &p);
    }
    (void)snprintf(header, sizeof header, "Idempotency-Key: %s", key);
    const char *headers[] = {header, NULL};
    struct http_request request = {.method = "POST",
                                   .path = path,
                                   .headers = headers,
                                   .body = body.data,
                                   .body_len = body.len,
                                   .type = "application/json",
                                   .repeat = true};
    struct http_answer answer;
    rc = http_send(client->http, &request, &answer, &p);
    /* a server in trouble may have done it or not: only a definite answer ends the key's life */
    if (!rc && answer.status < 500 && answer.status != 408 && answer.status != 429)
        state_forget(state);
    else
        free(state);
    buf_free(&body);
    return finish(client, rc, &answer, &p, out);
}
