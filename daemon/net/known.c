#include "daemon/net/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/crowd.h"
#include "proto/limits.h"

enum { WAYS = 8 };

struct place {
    char address[CROWD_KEY_BYTES]; /* "": free */
    uint64_t at;
};

/* In sets of WAYS by a hash of the address: a look takes the same time however many there are. */
struct known {
    struct place places[LIMIT_HTTP_KNOWN_ADDRESSES];
};

struct known *known_new(void)
{
    return calloc(1, sizeof(struct known));
}

static size_t set_of(const char *address)
{
    return crowd_hash(address) % (LIMIT_HTTP_KNOWN_ADDRESSES / WAYS) * WAYS;
}

void known_add(struct known *known, const char *address, uint64_t now)
{
    struct place *set = &known->places[set_of(address)], *place = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (!strcmp(set[i].address, address)) {
            set[i].at = now;
            return;
        }
        if (place->address[0] && (!set[i].address[0] || set[i].at < place->at))
            place = &set[i];
    }
    (void)snprintf(place->address, sizeof place->address, "%s", address);
    place->at = now;
}

bool known_has(const struct known *known, const char *address, uint64_t now)
{
    const struct place *set = &known->places[set_of(address)];
    for (unsigned i = 0; i < WAYS; i++)
        if (!strcmp(set[i].address, address))
            return now - set[i].at < LIMIT_HTTP_KNOWN_MS;
    return false;
}
