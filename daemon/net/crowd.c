#include "daemon/net/crowd.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct crowd_group **bucket_of(struct crowd *crowd, const char *key)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (const unsigned char *c = (const unsigned char *)key; *c; c++)
        hash = (hash ^ *c) * 16777619U;
    return &crowd->buckets[hash % CROWD_BUCKETS];
}

struct crowd_group *crowd_join(struct crowd *crowd, const char *key)
{
    struct crowd_group **bucket = bucket_of(crowd, key), *group = *bucket;
    while (group && strcmp(group->key, key) != 0)
        group = group->next;
    if (!group) {
        group = calloc(1, sizeof *group);
        if (!group)
            return NULL;
        (void)snprintf(group->key, sizeof group->key, "%s", key);
        group->next = *bucket;
        *bucket = group;
    }
    group->count++;
    return group;
}

void crowd_leave(struct crowd *crowd, struct crowd_group *group)
{
    if (!group || --group->count)
        return;
    struct crowd_group **at = bucket_of(crowd, group->key);
    while (*at != group)
        at = &(*at)->next;
    *at = group->next;
    free(group);
}
