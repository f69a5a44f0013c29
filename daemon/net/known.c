#include "daemon/net/known.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/net/crowd.h"
#include "proto/limits.h"

enum { WAYS = 8, LINE_BYTES = CROWD_KEY_BYTES + 24 };

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

/* ---- over a restart ---- */

static FILE *open_file(const char *path, int flags, const char *mode)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && !file)
        (void)close(fd);
    return file;
}

void known_save(const struct known *known, const char *path, uint64_t now, int64_t wall_ms)
{
    FILE *file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, "w");
    if (!file)
        return;
    for (size_t i = 0; i < LIMIT_HTTP_KNOWN_ADDRESSES; i++) {
        const struct place *place = &known->places[i];
        uint64_t age = now - place->at;
        if (place->address[0] && age < LIMIT_HTTP_KNOWN_MS)
            (void)fprintf(file, "%s %" PRId64 "\n", place->address, wall_ms - (int64_t)age);
    }
    (void)fclose(file);
}

static void take_line(struct known *known, char *line, uint64_t now, int64_t wall_ms)
{
    struct in6_addr room;
    char *end = strchr(line, ' ');
    if (!end)
        return;
    *end++ = '\0';
    int64_t at = strtoll(end, &end, 10);
    bool lately = at <= wall_ms && at > wall_ms - LIMIT_HTTP_KNOWN_MS; /* before it is reckoned with: the file may say anything */
    uint64_t age = lately ? (uint64_t)(wall_ms - at) : 0;
    bool is_address = inet_pton(AF_INET, line, &room) == 1 || inet_pton(AF_INET6, line, &room) == 1;
    if (is_address && *end == '\n' && lately)
        known_add(known, line, now > age ? now - age : 0); /* 0: the machine was started since */
}

void known_load(struct known *known, const char *path, uint64_t now, int64_t wall_ms)
{
    char line[LINE_BYTES];
    FILE *file = open_file(path, O_RDONLY, "r");
    for (size_t i = 0; file && i < LIMIT_HTTP_KNOWN_ADDRESSES && fgets(line, sizeof line, file); i++)
        take_line(known, line, now, wall_ms);
    if (file)
        (void)fclose(file);
}
