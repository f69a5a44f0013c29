#include "daemon/trust.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "proto/limits.h"

enum { OWN_CERTIFICATES = 3, MS_A_DAY = 24 * 3600 * 1000 };

static struct timespec changed_at(const char *file)
{
    struct stat info;
    return file && stat(file, &info) == 0 ? info.st_mtim : (struct timespec){0};
}

/* A row for each of the first `most` certificates of the file; the revocation list stands in the first. */
static int add_some(struct trust *trust, const struct control_certificate *one, size_t most, struct problem *p)
{
    struct tls_info info[LIMIT_AUTHORITIES_OF_ONE];
    size_t count = 0;
    int rc = tls_info_read(one->file, info, most, &count, p);
    for (size_t i = 0; i < count && !rc; i++) {
        struct control_certificate *row = &trust->certificates[trust->certificate_count++];
        *row = *one;
        row->info = info[i];
        row->crl = i ? NULL : one->crl;
    }
    return rc;
}

static int add(struct trust *trust, const struct control_certificate *one, struct problem *p)
{
    return add_some(trust, one, 1, p);
}

static int add_authority(struct trust *trust, struct control_certificate *one, unsigned place, char **pem,
                         struct problem *p)
{
    int rc = 0;
    if (one->crl) {
        trust->seen[place] = changed_at(one->crl); /* before the bytes: a change in between is seen in an hour */
        rc = tls_crl_load(one->crl, one->file, pem, &one->crl_info, p);
    }
    return rc ? rc : add_some(trust, one, LIMIT_AUTHORITIES_OF_ONE, p);
}

static int add_all(const struct config *config, struct trust *trust, struct problem *p)
{
    const char *office = config->office.code;
    const struct config_listener *window = &config->window, *peer = &config->peer_listener;
    int rc = add(trust,
                 &(struct control_certificate){
                     .use = "window", .office = office, .file = window->certificate, .key = window->key},
                 p);
    if (!rc)
        rc = add(trust,
                 &(struct control_certificate){
                     .use = "gateway", .office = office, .file = peer->certificate, .key = peer->key},
                 p);
    if (!rc)
        rc = add(trust,
                 &(struct control_certificate){.use = "gateway-client",
                                               .office = office,
                                               .file = config->gateway_certificate,
                                               .key = config->gateway_key},
                 p);
    if (!rc)
        rc = add_authority(
            trust,
            &(struct control_certificate){
                .use = "staff-authority", .office = office, .file = window->authority, .crl = window->crl},
            0, &trust->staff_crl, p);
    for (unsigned i = 0; i < config->peer_count && !rc; i++) {
        const struct config_peer *one = &config->peers[i];
        rc = add_authority(trust,
                           &(struct control_certificate){
                               .use = "peer-authority", .office = one->office, .file = one->authority, .crl = one->crl},
                           i + 1, &trust->peer_crl[i], p);
    }
    return rc;
}

int trust_read(const struct config *config, struct trust *out, struct problem *p)
{
    struct trust trust = {.peer_count = config->peer_count};
    trust.policy = (struct tls_crl_policy){.strict = config->crl_strict,
                                           .max_age_ms = (int64_t)config->crl_max_age_days * MS_A_DAY};
    trust.peer_crl = calloc(config->peer_count + 1, sizeof *trust.peer_crl);
    trust.seen = calloc(config->peer_count + 1, sizeof *trust.seen);
    trust.certificates = calloc(OWN_CERTIFICATES + (config->peer_count + 1) * LIMIT_AUTHORITIES_OF_ONE, sizeof *trust.certificates);
    int rc = trust.peer_crl && trust.seen && trust.certificates ? add_all(config, &trust, p)
                                                                : problem_from_code(p, TB_ENOMEM);
    if (rc) {
        trust_clear(&trust);
        return rc;
    }
    *out = trust;
    return 0;
}

void trust_clear(struct trust *trust)
{
    free(trust->staff_crl);
    for (unsigned i = 0; trust->peer_crl && i < trust->peer_count; i++)
        free(trust->peer_crl[i]);
    free(trust->peer_crl);
    free(trust->seen);
    free(trust->certificates);
    *trust = (struct trust){0};
}

bool trust_changed(const struct config *config, const struct trust *trust)
{
    bool changed = false;
    for (unsigned i = 0; i <= trust->peer_count && !changed; i++) {
        struct timespec now = changed_at(i ? config->peers[i - 1].crl : config->window.crl);
        changed = now.tv_sec != trust->seen[i].tv_sec || now.tv_nsec != trust->seen[i].tv_nsec;
    }
    return changed;
}

void trust_look(struct trust *trust, int64_t now_ms)
{
    int64_t outdated = 0, oldest_ms = now_ms;
    for (struct control_certificate *one = trust->certificates; one < trust->certificates + trust->certificate_count;
         one++) {
        if (!one->crl)
            continue;
        oldest_ms = one->crl_info.made_ms < oldest_ms ? one->crl_info.made_ms : oldest_ms;
        one->crl_outdated = tls_crl_outdated(&one->crl_info, &trust->policy, now_ms);
        if (!one->crl_outdated)
            continue;
        outdated++;
        LOG(LOG_LEVEL_WARNING, LOG_TLS, "crl_outdated", LOG_TEXT("use", one->use), LOG_TEXT("office", one->office),
            LOG_TEXT("file", one->crl), LOG_INT("age_days", (now_ms - one->crl_info.made_ms) / MS_A_DAY),
            LOG_INT("strict", trust->policy.strict));
    }
    metric_set(METRIC_CRL_OUTDATED, outdated);
    metric_set(METRIC_CRL_AGE_S, (now_ms - oldest_ms) / 1000);
}
