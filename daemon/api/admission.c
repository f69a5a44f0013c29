#include "daemon/api/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "proto/limits.h"

enum { NAME_BYTES = 24, WAYS = 8, ONE = 1000 /* a token, so that a millisecond counts */ };

struct sender {
    char name[NAME_BYTES]; /* "": free */
    int64_t at;            /* ms; when the tokens were counted last */
    int64_t tokens[ADMISSION_CLASSES];
};

/* Senders in sets of WAYS by a hash of their names: a look at one takes the same time however many there are. */
struct admission {
    unsigned staff_per_s, peer_per_s;
    struct sender senders[LIMIT_ADMISSION_NAMES];
};

int admission_new(unsigned staff_per_s, unsigned peer_per_s, struct admission **out)
{
    struct admission *admission = calloc(1, sizeof *admission);
    if (!admission)
        return TB_ENOMEM;
    admission->staff_per_s = staff_per_s ? staff_per_s : LIMIT_STAFF_PER_S;
    admission->peer_per_s = peer_per_s ? peer_per_s : LIMIT_PEER_PER_S;
    *out = admission;
    return 0;
}

void admission_free(struct admission *admission)
{
    free(admission);
}

/* The sender of this name; a new one takes a free place or that of the one that asked longest ago. */
static struct sender *find(struct admission *admission, const char *name, int64_t full, int64_t now)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        hash = (hash ^ *c) * 16777619U;
    struct sender *set = &admission->senders[hash % (LIMIT_ADMISSION_NAMES / WAYS) * WAYS], *oldest = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (!strcmp(set[i].name, name))
            return &set[i];
        if (oldest->name[0] && (!set[i].name[0] || set[i].at < oldest->at))
            oldest = &set[i];
    }
    (void)snprintf(oldest->name, sizeof oldest->name, "%s", name);
    oldest->at = now;
    for (unsigned i = 0; i < ADMISSION_CLASSES; i++)
        oldest->tokens[i] = full;
    return oldest;
}

unsigned admission_ask(struct admission *admission, const char *name, bool peer, enum admission_class class, int64_t now)
{
    int64_t per_s = peer ? admission->peer_per_s : admission->staff_per_s;
    int64_t full = per_s * LIMIT_ADMISSION_BURST_S * ONE;
    struct sender *sender = find(admission, name, full, now);
    int64_t passed = now > sender->at ? now - sender->at : 0;
    if (passed > LIMIT_ADMISSION_BURST_S * 1000)
        passed = LIMIT_ADMISSION_BURST_S * 1000;
    sender->at = now;
    for (unsigned i = 0; i < ADMISSION_CLASSES; i++) {
        int64_t tokens = sender->tokens[i] + passed * per_s;
        sender->tokens[i] = tokens < full ? tokens : full;
    }
    if (sender->tokens[class] < ONE)
        return (unsigned)((ONE - sender->tokens[class]) / (per_s * 1000)) + 1;
    sender->tokens[class] -= ONE;
    return 0;
}

enum admission_class admission_class(bool reads, const char *pattern)
{
    if (strstr(pattern, "/materials"))
        return ADMISSION_FILE;
    return reads ? ADMISSION_READ : ADMISSION_CHANGE;
}

int api_allow(struct exchange *x, void *context, struct problem *p)
{
    static const char *const names[ADMISSION_CLASSES] = {"reading", "changing", "files"};
    struct api *api = context;
    const struct tls_identity *who = exchange_identity(x);
    const struct http_route *route = exchange_route(x);
    bool peer = who->kind == TLS_OFFICE, reads = exchange_method(x) == HTTP_GET || exchange_method(x) == HTTP_HEAD;
    if (who->kind == TLS_NOBODY || !api->admission)
        return 0;
    enum admission_class class = admission_class(reads, route ? route->pattern : "");
    const char *name = peer ? who->office : who->staff;
    unsigned wait = admission_ask(api->admission, name, peer, class, api->world->monotonic_ms(api->world->context));
    if (!wait)
        return 0;
    metric_add(METRIC_API_LIMITED, 1);
    LOG_LIMITED(LOG_LIMIT_TOO_OFTEN, LOG_LEVEL_WARNING, LOG_API, "too_often", LOG_TEXT("sender", name), LOG_TEXT("class", names[class]), LOG_INT("wait_s", wait));
    int rc = problem_set(p, PROBLEM_TOO_OFTEN, "", "%s asks more often than it may", name);
    p->number = wait;
    return rc;
}
