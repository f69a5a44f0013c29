/* What happens when there are too many: whoever has no request gives its place to a newcomer, a request in flight is never cut. */
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/net/http_internal.h"

void crowd_unmark(struct http_conn *c)
{
    if (c->spare)
        TAILQ_REMOVE(c->spare, c, spare_link);
    c->listener->shaking_count -= c->spare == &c->listener->shaking;
    c->spare = NULL;
}

void crowd_mark(struct http_conn *c)
{
    struct http_listener *l = c->listener;
    crowd_unmark(c);
    if (!c->closing && (c->state == CONN_IDLE || c->state == CONN_HANDSHAKE)) {
        c->spare = c->state == CONN_IDLE ? &l->idle : c->known ? &l->known_shaking : &l->shaking;
        l->shaking_count += c->spare == &l->shaking;
        TAILQ_INSERT_TAIL(c->spare, c, spare_link);
    }
}

/* Half of each turn belongs to the known as far as they need it, and the rest as well while no other waits. */
struct http_conn *crowd_next_shake(struct http_listener *l, unsigned turn)
{
    struct http_conn *known = TAILQ_FIRST(&l->known_shakes), *other = TAILQ_FIRST(&l->shakes);
    return known && (turn < HTTP_SHAKES / 2 || !other) ? known : other;
}

void crowd_know(struct http_conn *c)
{
    if (c->address)
        known_add(c->listener->known, c->address->key, uv_now(c->listener->loop));
}

static void evict(struct http_conn *c, const char *why)
{
    metric_add(METRIC_HTTP_EVICTED, 1);
    LOG_LIMITED(LOG_LIMIT_CONNECTIONS, LOG_LEVEL_WARNING, LOG_NET, "connections_full", LOG_TEXT("listener", c->listener->name),
                LOG_TEXT("of", why), LOG_INT("open", (int64_t)c->listener->stats.open));
    conn_close(c);
}

static bool is_old(const struct http_conn *shaking)
{
    return shaking && uv_now(shaking->listener->loop) - shaking->since >= listener_ms(shaking->listener, HTTP_SHAKING_MS);
}

bool crowd_make_room(struct http_listener *l)
{
    /* A handshake that takes seconds is nobody's who wants to work; a fresh one goes only when there is nothing else, or when those of
     * strangers have half of the places: a flood of them pushes out itself, not who is in. */
    struct http_conn *shaking = TAILQ_FIRST(&l->shaking), *known = TAILQ_FIRST(&l->known_shaking), *idle = TAILQ_FIRST(&l->idle);
    struct http_conn *c = is_old(shaking) || l->shaking_count > l->max_connections / 2 ? shaking
                          : is_old(known)                                              ? known
                          : idle                                                       ? idle
                          : shaking                                                    ? shaking
                                                                                       : known;
    if (c)
        evict(c, "listener");
    return c != NULL;
}

static struct http_conn *oldest_of(const struct http_conn_list *list, const struct crowd_group *group, const struct http_conn *newcomer)
{
    struct http_conn *c;
    TAILQ_FOREACH(c, list, spare_link)
    if (c != newcomer && (c->address == group || c->certificate == group))
        break;
    return c;
}

/* The same among those of one group; without any the newcomer itself has to go. */
static bool make_room_in(struct http_conn *newcomer, const struct crowd_group *group, const char *why)
{
    struct http_listener *l = newcomer->listener;
    struct http_conn *shaking = oldest_of(&l->shaking, group, newcomer);
    if (!shaking)
        shaking = oldest_of(&l->known_shaking, group, newcomer);
    struct http_conn *idle = is_old(shaking) ? NULL : oldest_of(&l->idle, group, newcomer);
    struct http_conn *c = idle ? idle : shaking;
    evict(c ? c : newcomer, why);
    return c != NULL;
}

bool crowd_take_address(struct http_conn *c)
{
    struct sockaddr_storage address;
    int len = (int)sizeof address;
    char key[CROWD_KEY_BYTES];
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&address, &len) ||
        uv_ip_name((const struct sockaddr *)&address, key, sizeof key) || !(c->address = crowd_join(c->listener->addresses, key)))
        return false;
    c->known = known_has(c->listener->known, key, uv_now(c->listener->loop));
    return c->address->count <= c->listener->max_of_one || make_room_in(c, c->address, "address");
}

bool crowd_take_certificate(struct http_conn *c)
{
    if (!(c->certificate = crowd_join(c->listener->certificates, c->identity.certificate)))
        return false;
    return c->certificate->count <= c->listener->max_of_one || make_room_in(c, c->certificate, "certificate");
}

int crowd_reserve(struct exchange *x, size_t bytes, struct problem *p)
{
    struct crowd *crowd = x->conn->listener->certificates;
    struct crowd_group *group = x->conn->certificate;
    if (crowd->bodies + bytes > LIMIT_HTTP_BODIES_BYTES || (group && group->bodies + bytes > LIMIT_HTTP_BODIES_OF_ONE_BYTES))
        return problem_set(p, PROBLEM_BUSY, NULL, "too many large requests at once");
    if (bytes)
        crowd_keep(crowd, group, bytes, &x->body_share);
    return 0;
}
