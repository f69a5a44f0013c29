#include "daemon/peer/carrier.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/net/tls_pin.h"
#include "proto/limits.h"

/* Under the server's LIMIT_HTTP_IDLE_MS, so that we do not send into a connection that is just being closed. */
enum { CARRIER_IDLE_S = 20, CARRIER_LIFETIME_S = 3600, CARRIER_MIN_RATE = 512 };
static const int64_t DATE_MAX_S = 253402300799; /* the year 9999 */

struct carrier_socket {
    uv_poll_t poll;
    curl_socket_t fd;
    struct carrier *carrier;
    struct carrier_socket *next;
};

struct carrier {
    uv_loop_t *loop;
    char office[OFFICE_TEXT];
    CURLM *multi;
    uv_timer_t timer;
    struct carrier_socket *sockets; /* polled */
    struct carrier_request *active;
    char *authority, *certificate, *key; /* owned PEM */
    char *crl;                      /* owned PEM, or NULL */
    struct tls_crl_policy crl_policy;
    uint64_t identity_ms;           /* loop time of the last new identity */
    bool renewed;                   /* it was not the first one */
    unsigned handles;               /* open uv handles, the timer included */
    bool stopping;
    void (*stopped)(void *context);
    void *stopped_context;
};

int carrier_global_start(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return TB_ENOMEM;
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return info->version_num < LIBCURL_VERSION_NUM || !(info->features & CURL_VERSION_SSL) ? TB_EUNSUPPORTED : 0;
}

/* ---- sockets and timer ---- */

static void forget_identity(struct carrier *carrier)
{
    free(carrier->authority);
    free(carrier->certificate);
    if (carrier->key)
        explicit_bzero(carrier->key, strlen(carrier->key));
    free(carrier->key);
    free(carrier->crl);
}

static void carrier_release(struct carrier *carrier)
{
    if (--carrier->handles > 0)
        return;
    forget_identity(carrier);
    void (*stopped)(void *) = carrier->stopped;
    void *context = carrier->stopped_context;
    free(carrier);
    if (stopped)
        stopped(context);
}

static void socket_closed(uv_handle_t *handle)
{
    struct carrier_socket *socket = handle->data;
    struct carrier *carrier = socket->carrier;
    free(socket);
    carrier_release(carrier);
}

static void socket_forget(struct carrier *carrier, struct carrier_socket *socket)
{
    for (struct carrier_socket **at = &carrier->sockets; *at; at = &(*at)->next)
        if (*at == socket) {
            *at = socket->next;
            (void)uv_poll_stop(&socket->poll);
            uv_close((uv_handle_t *)&socket->poll, socket_closed);
            return;
        }
}

static void carrier_after_action(struct carrier *carrier, CURLMcode code);

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct carrier_socket *socket = poll->data;
    struct carrier *carrier = socket->carrier;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;
    if (carrier->stopping)
        return;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    carrier_after_action(carrier, curl_multi_socket_action(carrier->multi, socket->fd, flags, &running));
}

static void on_timer(uv_timer_t *timer)
{
    struct carrier *carrier = timer->data;
    int running;
    if (!carrier->stopping)
        carrier_after_action(carrier, curl_multi_socket_action(carrier->multi, CURL_SOCKET_TIMEOUT, 0, &running));
}

static int timer_wanted(CURLM *multi, long timeout_ms, void *context)
{
    struct carrier *carrier = context;
    (void)multi;
    if (uv_is_closing((uv_handle_t *)&carrier->timer))
        return 0;
    if (timeout_ms < 0)
        return uv_timer_stop(&carrier->timer);
    /* 0 means "soon, but not from inside this callback" */
    uv_update_time(carrier->loop);
    return uv_timer_start(&carrier->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct carrier *carrier = context;
    struct carrier_socket *socket = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket) {
            (void)curl_multi_assign(carrier->multi, fd, NULL);
            socket_forget(carrier, socket);
        }
        return 0;
    }
    if (!socket) {
        socket = calloc(1, sizeof *socket);
        if (!socket || uv_poll_init_socket(carrier->loop, &socket->poll, fd) != 0) {
            free(socket);
            return -1;
        }
        socket->poll.data = socket;
        socket->fd = fd;
        socket->carrier = carrier;
        socket->next = carrier->sockets;
        carrier->sockets = socket;
        carrier->handles++;
        (void)curl_multi_assign(carrier->multi, fd, socket);
    }
    int events = (what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
    return uv_poll_start(&socket->poll, events, on_socket) == 0 ? 0 : -1;
}

/* libcurl may close a descriptor before it says "remove": polling a closed, or worse a reused, number aborts inside libuv. */
static int socket_close(void *context, curl_socket_t fd)
{
    struct carrier *carrier = context;
    for (struct carrier_socket *socket = carrier->sockets; socket; socket = socket->next)
        if (socket->fd == fd) {
            if (carrier->multi)
                (void)curl_multi_assign(carrier->multi, fd, NULL);
            socket_forget(carrier, socket);
            break;
        }
    return close(fd);
}

static int socket_made(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)context;
    (void)purpose;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

static int make_multi(struct carrier *carrier)
{
    CURLM *multi = curl_multi_init();
    if (!multi)
        return TB_ENOMEM;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, carrier);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, carrier);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    carrier->multi = multi;
    return 0;
}

/* ---- requests ---- */

static int code_of_curl(CURLcode code, const struct carrier_request *request)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        return TB_ETRUST;
    case CURLE_OUT_OF_MEMORY:
        return TB_ENOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return TB_ETIMEOUT;
    case CURLE_WRITE_ERROR:
        return request->answer.len >= request->answer_max ? TB_ELIMIT : TB_ENOMEM;
    default:
        return TB_ETEMP;
    }
}

static void finish(struct carrier *carrier, struct carrier_request *request, int rc)
{
    for (struct carrier_request **at = &carrier->active; *at; at = &(*at)->next)
        if (*at == request) {
            *at = request->next;
            break;
        }
    if (rc == 0) {
        const char *type = NULL;
        (void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &request->status);
        (void)curl_easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &type);
        if (type && strlen(type) < sizeof request->content_type)
            memcpy(request->content_type, type, strlen(type) + 1);
    }
    (void)curl_multi_remove_handle(carrier->multi, request->easy);
    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->list);
    request->easy = request->list = NULL;
    request->rc = rc;
    request->done(request);
}

static void rebuild(struct carrier *carrier)
{
    while (carrier->active)
        finish(carrier, carrier->active, TB_ETEMP);
    CURLM *old = carrier->multi;
    if (!carrier->stopping && make_multi(carrier) == 0)
        (void)curl_multi_cleanup(old);
}

/* Completions are looked for after every action, without asking whether something still runs (anchors.md 5). */
static void carrier_after_action(struct carrier *carrier, CURLMcode code)
{
    CURLMsg *message;
    int left;
    /* requests that ended are finished in here; one may stop the carrier, which must not go away under us */
    carrier->handles++;
    while (!carrier->stopping && (message = curl_multi_info_read(carrier->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        struct carrier_request *request = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        (void)snprintf(request->detail, sizeof request->detail, "%s", result == CURLE_OK ? "" : curl_easy_strerror(result));
        finish(carrier, request, code_of_curl(result, request));
    }
    if (!carrier->stopping && code != CURLM_OK)
        rebuild(carrier);
    carrier_release(carrier);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct carrier_request *request = context;
    size_t len = size * count;
    if (len > request->answer_max - request->answer.len) {
        request->answer.len = request->answer_max; /* says why: TB_ELIMIT */
        return CURL_WRITEFUNC_ERROR;
    }
    return buf_append(&request->answer, bytes, len) == 0 ? len : CURL_WRITEFUNC_ERROR;
}

static const char *header_value(const char *line, size_t len, const char *name, char *out, size_t out_size)
{
    size_t skip = strlen(name);
    if (len <= skip || line[skip] != ':' || strncasecmp(line, name, skip) != 0)
        return NULL;
    skip++;
    while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (len > skip && (unsigned char)line[len - 1] <= ' ')
        len--;
    if (len - skip >= out_size)
        return NULL;
    memcpy(out, line + skip, len - skip);
    out[len - skip] = '\0';
    return out;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct carrier_request *request = context;
    size_t len = size * count;
    char value[64];
    if (header_value(bytes, len, "Date", value, sizeof value)) {
        int64_t date_s = (int64_t)curl_getdate(value, NULL);
        request->date_s = date_s <= DATE_MAX_S ? date_s : -1; /* in milliseconds a later one would not fit */
    } else if (header_value(bytes, len, "Retry-After", value, sizeof value)) {
        size_t digits = strspn(value, "0123456789"); /* not the form with a date: our kind does not send it */
        if (digits > 0 && digits < 10 && value[digits] == '\0')
            request->retry_after_s = strtoll(value, NULL, 10);
    } else if (header_value(bytes, len, "Upload-Offset", value, sizeof value)) {
        size_t digits = strspn(value, "0123456789");
        if (digits > 0 && digits < 19 && value[digits] == '\0')
            request->upload_offset = strtoll(value, NULL, 10);
    } else if (!header_value(bytes, len, "Tongban-Frontier", request->frontier, sizeof request->frontier)) {
        (void)header_value(bytes, len, "Tongban-Others", request->others, sizeof request->others);
    }
    return len;
}

static CURLcode pin_office(CURL *easy, void *ssl_ctx, void *context)
{
    struct carrier *carrier = context;
    (void)easy;
    return tls_pin_office(ssl_ctx, carrier->office, carrier->crl, &carrier->crl_policy) == 0 ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static void set_tls(CURL *easy, struct carrier *carrier)
{
    struct curl_blob authority = {carrier->authority, strlen(carrier->authority), CURL_BLOB_COPY};
    struct curl_blob certificate = {carrier->certificate, strlen(carrier->certificate), CURL_BLOB_COPY};
    struct curl_blob key = {carrier->key, strlen(carrier->key), CURL_BLOB_COPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &authority);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, pin_office);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, carrier);
}

static void set_limits(CURL *easy, const struct carrier_request *request)
{
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_PEER_CONNECT_MS);
    if (request->material) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)CARRIER_MIN_RATE);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(LIMIT_PEER_STALL_MS / 1000));
    } else {
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)LIMIT_PEER_ANSWER_MS);
    }
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CARRIER_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tongband/" TONGBAN_VERSION);
}

/* A connection of before the last new identity is not used again: its server's certificate may be revoked since.  libcurl counts in
 * seconds, so for the first ones each request makes its own. */
static void set_life(CURL *easy, const struct carrier *carrier)
{
    enum { ROUNDED_S = 3 };
    uint64_t since_s = carrier->renewed ? (uv_now(carrier->loop) - carrier->identity_ms) / 1000 : CARRIER_LIFETIME_S;
    long life = since_s < CARRIER_LIFETIME_S ? (long)since_s - 1 : CARRIER_LIFETIME_S;
    if (since_s < ROUNDED_S) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, life);
    }
}

static int make_headers(struct carrier_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (const char *const *header = request->headers; list && header && *header; header++) {
        struct curl_slist *longer = curl_slist_append(list, *header);
        if (!longer)
            curl_slist_free_all(list);
        list = longer;
    }
    request->list = list;
    return list ? 0 : TB_ENOMEM;
}

int carrier_send(struct carrier *carrier, struct carrier_request *request)
{
    if (carrier->stopping)
        return TB_ECLOSED;
    CURL *easy = curl_easy_init();
    if (!easy || make_headers(request) != 0) {
        curl_easy_cleanup(easy);
        return TB_ENOMEM;
    }
    request->easy = easy;
    request->carrier = carrier;
    request->status = 0;
    request->date_s = request->upload_offset = -1;
    request->retry_after_s = 0;
    request->content_type[0] = request->frontier[0] = request->others[0] = '\0';
    buf_free(&request->answer);
    buf_init(&request->answer, request->answer_max);
    set_tls(easy, carrier);
    set_limits(easy, request);
    set_life(easy, carrier);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, (struct curl_slist *)request->list);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_made);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, socket_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, carrier);
    if (request->method == CARRIER_HEAD) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request->method == CARRIER_GET) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        if (request->method == CARRIER_PATCH)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PATCH");
    }
    if (curl_multi_add_handle(carrier->multi, easy) != CURLM_OK) {
        curl_easy_cleanup(easy);
        curl_slist_free_all(request->list);
        request->easy = request->list = NULL;
        return TB_ETEMP;
    }
    request->next = carrier->active;
    carrier->active = request;
    return 0;
}

void carrier_request_clear(struct carrier_request *request)
{
    buf_free(&request->answer);
}

/* ---- life ---- */

int carrier_set_identity(struct carrier *carrier, const struct carrier_identity *identity)
{
    char *authority = strdup(identity->authority), *certificate = strdup(identity->certificate), *key = strdup(identity->key);
    char *crl = identity->crl ? strdup(identity->crl) : NULL;
    if (!authority || !certificate || !key || (identity->crl && !crl)) {
        free(authority);
        free(certificate);
        free(key);
        free(crl);
        return TB_ENOMEM;
    }
    carrier->renewed = carrier->authority != NULL;
    forget_identity(carrier);
    carrier->authority = authority;
    carrier->certificate = certificate;
    carrier->key = key;
    carrier->crl = crl;
    carrier->crl_policy = identity->crl_policy;
    carrier->identity_ms = uv_now(carrier->loop);
    return 0;
}

int carrier_start(uv_loop_t *loop, const char *office, const struct carrier_identity *identity, struct carrier **out)
{
    struct carrier *carrier = calloc(1, sizeof *carrier);
    if (!carrier)
        return TB_ENOMEM;
    carrier->loop = loop;
    memcpy(carrier->office, office, strnlen(office, OFFICE_TEXT - 1));
    if (carrier_set_identity(carrier, identity) != 0 || make_multi(carrier) != 0 || uv_timer_init(loop, &carrier->timer) != 0) {
        curl_multi_cleanup(carrier->multi);
        forget_identity(carrier);
        free(carrier);
        return TB_ENOMEM;
    }
    carrier->timer.data = carrier;
    carrier->handles = 1;
    *out = carrier;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    carrier_release(handle->data);
}

void carrier_stop(struct carrier *carrier, void (*done)(void *context), void *context)
{
    carrier->stopping = true;
    carrier->stopped = done;
    carrier->stopped_context = context;
    while (carrier->active)
        finish(carrier, carrier->active, TB_ECLOSED);
    (void)curl_multi_cleanup(carrier->multi);
    carrier->multi = NULL;
    while (carrier->sockets) /* what libcurl closed without asking us again */
        socket_forget(carrier, carrier->sockets);
    uv_close((uv_handle_t *)&carrier->timer, timer_closed);
}
